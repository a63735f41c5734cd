/* `httpclient <method> <URI>` (management manual, section 9.3): a request of our own, for debugging. The
 * exchange has a thread (http_fetch.h); the session waits for its eventfd. Worker of the session. */
#include <stdlib.h>

#include "runtime/cli/cli_call.h"
#include "runtime/cli/http_fetch.h"

struct client {
	struct cli_stream stream; /* first member */
	struct cli_session *session;
	struct http_fetch *fetch;
	ev_io over;
	size_t shown;
};

enum { PIECE = 16384 };

static bool client_fill(struct cli_stream *stream, struct out *out)
{
	struct client *c = (struct client *)stream;
	struct str answer;

	if (!http_fetch_is_over(c->fetch))
		return true;
	answer = http_fetch_answer(c->fetch);
	out_str(out, str_sub(answer, c->shown, PIECE));
	c->shown += PIECE;
	return c->shown < answer.len;
}

static void client_free(struct cli_stream *stream)
{
	struct client *c = (struct client *)stream;

	ev_io_stop(c->session->conn.worker->loop, &c->over);
	http_fetch_release(&c->fetch);
	free(c);
}

static void client_over(struct ev_loop *loop, ev_io *io, int revents)
{
	struct client *c = io->data;

	(void)revents;
	ev_io_stop(loop, io);
	cli_stream_go_on(c->session);
}

void cmd_httpclient(struct cli_call *c)
{
	struct client *client;

	if (!c->words[2].len) {
		cli_say(c, CLI_ERR, "Can't start the HTTP client: not enough parameters.");
		return;
	}
	client = calloc(1, sizeof(*client));
	if (client)
		client->fetch =
			http_fetch_start(&c->generation->model->global.httpclient, c->words[1], c->words[2]);
	if (!client || !client->fetch) {
		free(client);
		cli_say(c, CLI_ERR, "Can't start the HTTP client.");
		return;
	}
	client->stream = (struct cli_stream){client_fill, client_free, true};
	client->session = c->session;
	ev_io_init(&client->over, client_over, http_fetch_event(client->fetch), EV_READ);
	client->over.data = client;
	ev_io_start(c->worker->loop, &client->over);
	c->session->stream = &client->stream;
}
