/* The master asks its worker to take over the configuration by itself (runtime/reload/renew.h), unless
 * LBD_RELOAD=process in its environment asks for a new worker each time, or the program itself has been
 * replaced. What the worker cannot do a new process does. Main thread of the master, which waits. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/net/sockpair.h"
#include "runtime/reload/renew.h"
#include "tools/lbd_master.h"

enum { TEXT_MAX = 4 << 20, LOADING_MS = 60000, ALIVE_MS = 2000 };

static bool is_wanted(const struct master *m)
{
	const char *how = getenv("LBD_RELOAD");

	return (!how || strcmp(how, "process") != 0) && master_program_is_current(m->lbd);
}

/* False: it says nothing any more. */
static bool answer_read(int fd, int patience_ms, struct out *text)
{
	struct pollfd p = {fd, POLLIN, 0};
	char part[4096];
	ssize_t n = 1;

	while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) {
		if (poll(&p, 1, patience_ms) == 0)
			return false;
		n = read(fd, part, sizeof(part));
		if (n > 0)
			out_bytes(text, part, (size_t)n);
	}
	return n == 0;
}

static bool ask(int channel, const char *command, int patience_ms, struct out *text)
{
	size_t len = strlen(command);
	int fd = channel >= 0 ? sockpair_connect(channel) : -1;
	bool ok;

	if (fd < 0)
		return false;
	ok = send(fd, command, len, MSG_NOSIGNAL) == (ssize_t)len && answer_read(fd, patience_ms, text);
	close(fd);
	return ok;
}

/* One that hangs is better replaced at once. */
static bool is_alive(const struct child *worker)
{
	struct out text = out_growing(TEXT_MAX);
	bool alive = ask(worker->channel, "show version\n", ALIVE_MS, &text) && text.len;

	out_free(&text);
	return alive;
}

enum master_renewal master_renew(struct master *m, struct out *said)
{
	struct child *worker = children_current(&m->children);
	struct out text = out_growing(TEXT_MAX);
	enum master_renewal result = RENEWAL_IMPOSSIBLE;
	struct str first, all;

	if (is_wanted(m) && worker && is_alive(worker) && ask(worker->channel, "renew\n", LOADING_MS, &text)) {
		all = out_get(&text);
		first = str_sub(all, 0, str_chr(all, '\n'));
		result = str_is(first, RENEW_DONE)     ? RENEWAL_DONE
			 : str_is(first, RENEW_FAILED) ? RENEWAL_FAILED
						       : RENEWAL_IMPOSSIBLE;
		out_str(said, str_trim(str_tail(all, first.len + 1)));
	}
	if (result != RENEWAL_IMPOSSIBLE)
		worker->reloads++;
	if (result == RENEWAL_DONE)
		worker->renewed = worker->reloads;
	out_free(&text);
	return result;
}
