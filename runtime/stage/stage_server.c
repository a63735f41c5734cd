/* The servers of a stage: one end of a socket pair each. They take a request as it comes, keep it for whoever
 * asks what was sent, and answer what they were told to. See stage.h. */
#include "runtime/stage/stage_state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/h1_chunk.h"

enum { MESSAGE_MAX = 64 << 20, READ_SIZE = 16384, V2_HEAD = 16 };

long stage_read(int fd, struct out *out)
{
	char space[READ_SIZE];
	long sum = 0;
	ssize_t n;

	while ((n = recv(fd, space, sizeof(space), MSG_DONTWAIT)) > 0) {
		out_bytes(out, space, (size_t)n);
		sum += n;
	}
	if (sum || (n < 0 && errno == EAGAIN))
		return sum;
	return -1;
}

static struct stage_try *try_add(struct stage *st, struct server *server)
{
	struct stage_outcome *o = st->outcome;

	if (!o || o->ntries >= STAGE_TRIES)
		return NULL;
	o->tries[o->ntries] = (struct stage_try){.server = server};
	return &o->tries[o->ntries++];
}

/* False: no memory; the descriptor is closed. */
static bool link_add(struct stage *st, struct server *server, int fd)
{
	struct stage_link *l = calloc(1, sizeof(*l));

	if (!l) {
		close(fd);
		return false;
	}
	l->fd = fd;
	l->server = server;
	l->in = out_growing(MESSAGE_MAX);
	l->silent = st->faults[server->index] == STAGE_IS_SILENT;
	list_append(&st->links, &l->node);
	return true;
}

void stage_serve(struct stage *st, struct server *server, int fd)
{
	link_add(st, server, fd);
}

int stage_dial(struct worker *w, struct server *server)
{
	struct stage *st = w->stage;
	int fds[2];

	if (st->faults[server->index] == STAGE_REFUSES) {
		struct stage_try *t = try_add(st, server);

		if (t)
			t->refused = true;
		return -ECONNREFUSED;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		return -ENOMEM;
	if (!link_add(st, server, fds[0])) {
		close(fds[1]);
		return -ENOMEM;
	}
	return fds[1];
}

static void link_free(struct stage_link *l)
{
	list_remove(&l->node);
	close(l->fd);
	out_free(&l->in);
	free(l);
}

void stage_links_free(struct stage *st)
{
	while (!list_empty(&st->links))
		link_free(LIST_OF(st->links.next, struct stage_link, node));
}

/* --- what was received */

static size_t text_find(struct str s, const char *what)
{
	const char *at = s.ptr && s.len ? memmem(s.ptr, s.len, what, strlen(what)) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

/* Length of a PROXY header in front; 0: there is none, or it is not complete. */
static size_t proxy_header(struct str s)
{
	static const char sign[] = "\r\n\r\n\0\r\nQUIT\n";

	if (str_starts(s, STR("PROXY ")))
		return text_find(s, "\r\n") + 2;
	if (s.len < V2_HEAD || memcmp(s.ptr, sign, sizeof(sign) - 1) != 0)
		return 0;
	return V2_HEAD + (size_t)((unsigned char)s.ptr[14] << 8 | (unsigned char)s.ptr[15]);
}

/* The value of a field in a head; ptr NULL: it has none. Heads that lbd writes have no odd forms. */
static struct str field(struct str head, const char *name)
{
	size_t len = strlen(name);

	while (head.len) {
		size_t eol = text_find(head, "\r\n");
		struct str line = str_sub(head, 0, eol);

		if (line.len > len && line.ptr[len] == ':' && str_ieq(str_sub(line, 0, len), str_from(name))) {
			line = str_tail(line, len + 1);
			while (line.len && *line.ptr == ' ')
				line = str_tail(line, 1);
			return line;
		}
		head = str_tail(head, eol + 2);
	}
	return STR_NONE;
}

static uint64_t number(struct str s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9' && n < UINT32_MAX; i++)
		n = n * 10 + (uint64_t)(s.ptr[i] - '0');
	return n;
}

/* Decoded into the arena. False: more is to come. */
static bool chunked_body(struct stage *st, struct str rest, struct str *body, size_t *used)
{
	struct h1_chunks chunks;
	char *copy = arena_try_alloc(st->arena, rest.len + 1);
	uint32_t n = 0;

	if (!copy)
		return false;
	memcpy(copy, rest.len ? rest.ptr : "", rest.len);
	h1_chunks_init(&chunks);
	if (h1_chunks_decode(&chunks, copy, (uint32_t)rest.len, body, &n) != H1_CHUNK_LAST)
		return false;
	rest = str_tail(rest, n);
	if (str_starts(rest, STR("\r\n"))) {
		*used = n + 2u;
		return true;
	}
	*used = n + text_find(rest, "\r\n\r\n") + 4;
	return text_find(rest, "\r\n\r\n") < rest.len;
}

/* A whole request in what has come. */
static bool request_whole(struct stage *st, struct str s, struct str *head, struct str *body, size_t *used)
{
	size_t skip = proxy_header(s), end = text_find(str_tail(s, skip), "\r\n\r\n");
	struct str rest = str_tail(s, skip + end + 4);
	uint64_t length;

	if (skip + end >= s.len)
		return false;
	*head = str_sub(s, 0, skip + end + 4);
	if (field(str_tail(*head, skip), "transfer-encoding").len) {
		if (!chunked_body(st, rest, body, used))
			return false;
		*used += head->len;
		return true;
	}
	length = number(field(str_tail(*head, skip), "content-length"));
	*body = str_sub(rest, 0, length);
	*used = head->len + length;
	return rest.len >= length;
}

/* --- answers */

static bool has_framing(struct str reply)
{
	struct str head = str_sub(reply, 0, text_find(reply, "\r\n\r\n"));
	struct str status = str_tail(reply, text_find(reply, " ") + 1);

	return field(head, "content-length").ptr || field(head, "transfer-encoding").ptr ||
	       str_starts(status, STR("204")) || str_starts(status, STR("304")) || str_starts(status, STR("1"));
}

/* False: the connection ends with it. */
static bool answer(struct stage *st, struct stage_link *l, struct str head)
{
	struct str reply = st->reply.len ? st->reply : STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	struct str request = str_tail(head, proxy_header(head));
	bool keep = has_framing(reply);

	if (str_starts(request, STR("HEAD ")))
		reply = str_sub(reply, 0, text_find(reply, "\r\n\r\n") + 4);
	return send(l->fd, reply.ptr, reply.len, MSG_NOSIGNAL) == (ssize_t)reply.len && keep;
}

static struct str keep(struct stage *st, struct str s)
{
	char *copy = s.len ? arena_try_alloc(st->arena, s.len) : NULL;

	if (!copy)
		return STR_NONE;
	memcpy(copy, s.ptr, s.len);
	return str_make(copy, s.len);
}

static void note(struct stage *st, struct stage_link *l, struct str head, struct str body)
{
	struct stage_try *t = l->noted && l->tried < st->outcome->ntries ? &st->outcome->tries[l->tried]
									 : try_add(st, l->server);

	if (!t)
		return;
	l->noted = true;
	l->tried = (uint32_t)(t - st->outcome->tries);
	t->header = keep(st, str_sub(head, 0, proxy_header(head)));
	t->got = keep(st, str_tail(head, proxy_header(head)));
	t->body = keep(st, body);
}

/* Mode tcp: bytes, and an end when the other side has ended. */
static bool tcp_look(struct stage *st, struct stage_link *l, long n)
{
	bool first = !l->noted && n > 0;

	if (n > 0)
		note(st, l, out_get(&l->in), STR_NONE);
	if (first && st->reply.len && !l->silent)
		send(l->fd, st->reply.ptr, st->reply.len, MSG_NOSIGNAL);
	return n >= 0;
}

/* False: this connection is over. */
static bool http_look(struct stage *st, struct stage_link *l, long n)
{
	struct str head, body = STR_NONE;
	size_t used = 0;
	bool goes_on;

	if (n < 0)
		return false;
	if (!request_whole(st, out_get(&l->in), &head, &body, &used))
		return true;
	l->noted = false;
	note(st, l, head, body);
	if (l->silent)
		return true;
	goes_on = st->faults[l->server->index] != STAGE_CLOSES && answer(st, l, head);
	memmove(l->in.buf, l->in.buf + used, l->in.len - used);
	l->in.len -= used;
	return goes_on;
}

bool stage_links_look(struct stage *st)
{
	struct list *node, *next;
	bool moved = false;

	for (node = st->links.next; node != &st->links; node = next) {
		struct stage_link *l = LIST_OF(node, struct stage_link, node);
		long n = st->outcome && st->arena ? stage_read(l->fd, &l->in) : 0;
		bool http = l->server->proxy->conf->mode == MODE_HTTP, alive = true;

		next = node->next;
		if (n)
			alive = http ? http_look(st, l, n) : tcp_look(st, l, n);
		moved |= n != 0;
		if (!alive)
			link_free(l);
	}
	return moved;
}
