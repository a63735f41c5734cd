/* The stage: its objects, its clock, its clients. See stage.h. */
#include "runtime/stage/stage_state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/backend/server_change.h"
#include "runtime/core/log.h"
#include "runtime/net/address.h"
#include "runtime/proxy/session.h"
#include "runtime/stick/sweep.h"
#include "runtime/tls/stand_in.h"

enum { TEXT_MAX = 64 << 20, TURNS_MAX = 100000, QUIET_TURNS = 3, HEADER_MAX = 256 };
/* Longer than any time-out that somebody would want to see the end of. */
enum { PATIENCE_MS = 7 * 86400 * 1000 };

/* --- clock */

static void clock_set(struct stage *st, uint64_t now)
{
	struct worker *w = st->worker;
	uint64_t wall;

	w->now = now;
	w->now_us = now * 1000;
	wall = w->now_us + w->wall_offset_us;
	w->wall.tv_sec = (time_t)(wall / 1000000);
	w->wall.tv_usec = (suseconds_t)(wall % 1000000);
}

uint64_t stage_wall(const struct stage *st)
{
	return (uint64_t)st->worker->wall.tv_sec * 1000 + (uint64_t)st->worker->wall.tv_usec / 1000;
}

static void clock_start(struct stage *st)
{
	struct worker *w = st->worker;

	w->clock_is_set = true;
	if (st->options.wall_ms)
		w->wall_offset_us = st->options.wall_ms * 1000 - w->now * 1000;
	clock_set(st, w->now);
}

/* --- turns of the loop */

static void counted_turn(struct ev_loop *loop)
{
	struct stage *st = ((struct worker *)ev_userdata(loop))->stage;

	st->events += ev_pending_count(loop);
	worker_turn(loop);
}

/* True: something happened. */
static bool turn(struct stage *st)
{
	uint32_t before = st->events;
	bool moved;
	long n = 0;

	ev_run(st->worker->loop, EVRUN_NOWAIT);
	moved = stage_links_look(st);
	if (st->client >= 0)
		n = st->tls ? stage_tls_turn(st) : stage_read(st->client, &st->response);
	if (n < 0) {
		close(st->client);
		st->client = -1;
	}
	return moved || n || st->events != before;
}

/* Until nothing happens any more by itself, or until a stream is over and all that it left is read. */
static void settle(struct stage *st)
{
	for (int quiet = 0, turns = 0; quiet < QUIET_TURNS && turns < TURNS_MAX; turns++)
		quiet = turn(st) ? 0 : quiet + 1;
}

/* To the next moment at which something is due, at most to `end`. False: nothing is, before that. */
static bool clock_step(struct stage *st, uint64_t end)
{
	uint64_t next = deadlines_next(st->worker->deadlines);

	if (next >= end) {
		clock_set(st, end);
		return false;
	}
	clock_set(st, next > st->worker->now ? next : st->worker->now + 1);
	return true;
}

void stage_pass(struct stage *st, uint64_t ms)
{
	uint64_t end = st->worker->now + ms;

	settle(st);
	while (clock_step(st, end))
		settle(st);
	settle(st);
}

/* --- clients */

static struct listener *listener_of(struct stage *st, const struct bind_conf *bind)
{
	for (uint32_t i = 0; i < st->nlisteners; i++)
		if (st->listeners[i].conf == bind)
			return &st->listeners[i];
	return NULL;
}

/* The listener has the address that this client came to, so that nothing asks the socket for it. */
static void listener_move(struct listener *l, const union addr *dst)
{
	if (dst->family == AF_UNSPEC)
		return;
	memset(&l->addr, 0, sizeof(l->addr));
	memcpy(&l->addr, dst, address_len(dst));
	l->addr_len = address_len(dst);
	l->port = address_port(dst);
}

/* Who has been refused already sends in vain, which is no failure of the stage. */
static bool send_all(int fd, struct str bytes)
{
	ssize_t n = bytes.len ? send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL) : 0;

	return n == (ssize_t)bytes.len || (n < 0 && (errno == EPIPE || errno == ECONNRESET));
}

/* Room for any request at once: nobody reads while it is written. */
static bool pair_open(int fds[2], size_t room)
{
	int size = (int)(room + (1 << 18));

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		return false;
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return true;
}

static bool client_connect(struct stage *st, const struct stage_visit *v)
{
	struct listener *l = listener_of(st, v->bind);
	int fds[2];

	if (!l || !pair_open(fds, v->bytes.len))
		return false;
	if (v->tls && l->tls && !stage_tls_begin(st, v->sni)) {
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	listener_move(l, &v->dst);
	st->client = fds[0];
	atomic_fetch_add(&l->conns, 1);
	atomic_fetch_add(&l->proxy->fe_conns, 1);
	atomic_fetch_add(&st->process->connections, 1);
	session_accept(st->worker, l, fds[1], &v->src);
	return true;
}

static void put_address(struct out *o, const union addr *a)
{
	struct sockaddr_storage ss = {0};
	char text[ADDRESS_TEXT], *port;

	memcpy(&ss, a, address_len(a));
	address_text(&ss, address_len(a), text);
	port = strrchr(text, ':');
	if (port)
		*port = 0;
	out_puts(o, text);
}

int stage_header(char *text, size_t size, const struct stage_visit *v)
{
	struct out o = out_fixed(text, size);

	if (v->src.family != v->dst.family || (v->dst.family != AF_INET && v->dst.family != AF_INET6)) {
		out_puts(&o, "PROXY UNKNOWN\r\n");
		return (int)o.len;
	}
	out_puts(&o, v->dst.family == AF_INET ? "PROXY TCP4 " : "PROXY TCP6 ");
	put_address(&o, &v->src);
	out_char(&o, ' ');
	put_address(&o, &v->dst);
	out_printf(&o, " %u %u\r\n", address_port(&v->src), address_port(&v->dst));
	return (int)o.len;
}

static bool send_header(struct stage *st, const struct stage_visit *v)
{
	char text[HEADER_MAX];
	int n = stage_header(text, sizeof(text), v);

	return send_all(st->client, str_make(text, (size_t)n));
}

static void client_leave(struct stage *st)
{
	if (st->client >= 0)
		close(st->client);
	st->client = -1;
	stage_tls_end(st);
	settle(st);
}

static bool client_begin(struct stage *st, const struct stage_visit *v)
{
	if (!v->same_connection || st->client < 0) {
		client_leave(st);
		st->response.len = st->log.len = 0;
		if (!client_connect(st, v))
			return false;
		if (v->bind->accept_proxy && st->options.proxy_header && !send_header(st, v))
			return false;
	}
	st->response.len = st->log.len = 0;
	st->finished = 0;
	st->outcome->ntries = 0;
	if (!st->tls)
		return send_all(st->client, v->bytes);
	stage_tls_send(st, v->bytes);
	return true;
}

/* Nobody has more to say: in mode tcp the client ends then. True: that may go on. */
static bool client_ends(struct stage *st, const struct stage_visit *v, bool *shut)
{
	if (*shut || st->client < 0 || v->bind->proxy->mode == MODE_HTTP)
		return false;
	*shut = true;
	shutdown(st->client, SHUT_WR);
	return true;
}

static bool is_over(const struct stage *st)
{
	return st->finished || st->client < 0;
}

/* Waits on behalf of everybody: tarpits, inspect-delay, time-outs. */
static void play(struct stage *st, const struct stage_visit *v)
{
	uint64_t end = st->worker->now + PATIENCE_MS;
	bool shut = false;

	settle(st);
	while (!is_over(st)) {
		if (!client_ends(st, v, &shut) && !clock_step(st, end))
			return;
		settle(st);
	}
}

bool stage_visit(struct stage *st, const struct stage_visit *v, struct stage_outcome *o)
{
	uint64_t begun = st->worker->now;

	*o = (struct stage_outcome){0};
	arena_free(&st->arena);
	st->arena = arena_new();
	st->outcome = o;
	if (!st->arena || !client_begin(st, v))
		return false;
	play(st, v);
	o->response = out_get(&st->response);
	o->log = out_get(&st->log);
	o->finished = st->finished;
	o->closed = st->client < 0;
	o->ms = st->worker->now - begun;
	return !st->response.truncated;
}

/* --- observing */

static void stream_over(struct worker *w, struct eval *e)
{
	struct stage *st = w->stage;

	st->finished++;
	if (st->over)
		st->over(st->over_ctx, e);
}

static void take_line(void *ctx, int level, struct str line)
{
	struct stage *st = ctx;

	(void)level;
	out_str(&st->log, line);
	out_char(&st->log, '\n');
}

void stage_observe(struct stage *st, const struct eval_observer *observer,
		   void (*over)(void *ctx, struct eval *e), void *ctx)
{
	st->worker->observer = observer;
	st->over = over;
	st->over_ctx = ctx;
}

/* --- making it */

static void listener_begin(struct stage *st, struct listener *l, const struct bind_conf *b, struct proxy *px)
{
	list_init(&l->node);
	l->conf = b;
	l->proxy = px;
	l->process = st->process;
	l->index = (uint32_t)(l - st->listeners);
	l->tls = tls_front_of(st->generation->tls, b);
	if (l->tls && st->incomplete)
		st->stand_ins |= tls_front_stand_in(l->tls);
	if (l->tls && !tls_front_works(l->tls))
		l->tls = NULL;
	l->fd = -1;
	l->port = b->addr.port;
	l->accept = session_accept;
	atomic_store(&l->state, LI_LISTENING);
	if (!address_from_conf(&b->addr, b->addr.port, &l->addr, &l->addr_len)) {
		l->addr.ss_family = AF_UNIX;
		l->addr_len = sizeof(sa_family_t);
	}
}

static bool listeners_begin(struct stage *st)
{
	struct generation *g = st->generation;
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->nproxies; i++)
		n += g->proxies[i].conf->binds.n;
	st->listeners = calloc(n + 1, sizeof(*st->listeners));
	for (uint32_t i = 0; st->listeners && i < g->nproxies; i++)
		vec_each (b, &g->proxies[i].conf->binds)
			listener_begin(st, &st->listeners[st->nlisteners++], *b, &g->proxies[i]);
	return st->listeners;
}

/* Played servers speak in clear. */
static void servers_begin(struct stage *st)
{
	for (uint32_t i = 0; i < st->generation->nservers; i++) {
		struct server *s = st->generation->servers[i];

		s->tls = NULL;
		if (atomic_load(&s->admin) & SRV_ADM_RMAINT) /* its name need not have an address here */
			server_set_admin(st->worker, s, 0, SRV_ADM_RMAINT);
	}
}

static bool stage_build(struct stage *st, struct model *m)
{
	static const uint64_t seed[2] = {0x9e3779b97f4a7c15ULL, 0xbf58476d1ce4e5b9ULL};
	bool complete = true;

	st->process = process_new(1);
	if (!st->process)
		return false;
	st->worker = st->process->workers[0];
	memcpy(st->worker->random, seed, sizeof(seed));
	st->worker->dial = stage_dial;
	st->worker->stage = st;
	st->worker->stream_over = stream_over;
	st->process->tls = tls_world_new(m, NULL, &complete);
	st->incomplete = !complete;
	st->generation = st->process->tls ? generation_new(st->process, m) : NULL;
	if (!st->generation)
		return false;
	clock_start(st);
	if (!process_use(st->process, st->generation)) {
		generation_free(&st->generation);
		return false;
	}
	ev_set_invoke_pending_cb(st->worker->loop, counted_turn);
	st->faults = calloc(st->generation->nservers + 1, 1);
	atomic_store(&st->process->state, PROCESS_RUNNING);
	log_capture(st->worker, take_line, st);
	stick_sweep_start(st->worker);
	servers_begin(st);
	return st->faults && listeners_begin(st);
}

struct stage *stage_new(struct model *m, const struct stage_options *options)
{
	struct stage *st = calloc(1, sizeof(*st));

	if (!st)
		return NULL;
	st->options = *options;
	st->client = -1;
	st->response = out_growing(TEXT_MAX);
	st->log = out_growing(TEXT_MAX);
	list_init(&st->links);
	if (!stage_build(st, m))
		stage_free(&st);
	return st;
}

/* The worker never had a thread of its own: its sessions end here. */
static void sessions_end(struct stage *st)
{
	struct worker *w = st->worker;

	while (!list_empty(&w->sessions_list)) {
		struct session *s = LIST_OF(w->sessions_list.next, struct session, node);

		session_free(session_root(s));
	}
}

void stage_free(struct stage **stp)
{
	struct stage *st = *stp;

	*stp = NULL;
	if (!st)
		return;
	if (st->worker && st->listeners)
		sessions_end(st);
	if (st->client >= 0)
		close(st->client);
	stage_tls_end(st);
	process_free(&st->process);
	stage_links_free(st);
	arena_free(&st->arena);
	out_free(&st->response);
	out_free(&st->log);
	free(st->listeners);
	free(st->faults);
	free(st);
}

void stage_reply(struct stage *st, struct str raw)
{
	st->reply = raw;
}

void stage_expect(struct stage *st, struct stage_outcome *o)
{
	arena_free(&st->arena);
	st->arena = arena_new();
	st->outcome = o;
}

bool stage_look(struct stage *st)
{
	return stage_links_look(st);
}

const char *stage_tls_note(struct stage *st, const struct bind_conf *bind)
{
	struct listener *l = listener_of(st, bind);

	if (!bind->ssl || (l && l->tls && !st->stand_ins))
		return NULL;
	return l && l->tls ? "certificates cannot be read here: others stand in for them"
			   : "TLS of this bind cannot be set up here: it is played in clear";
}

struct worker *stage_worker(struct stage *st)
{
	return st->worker;
}

struct server *stage_server(struct stage *st, struct str name)
{
	size_t slash = str_chr(name, '/');
	struct str backend = str_sub(name, 0, slash), server = str_tail(name, slash + 1);

	for (uint32_t i = 0; i < st->generation->nservers; i++) {
		struct server *s = st->generation->servers[i];

		if (str_eq(s->proxy->conf->name, backend) && str_eq(s->conf->name, server))
			return s;
	}
	return NULL;
}

void stage_fault(struct stage *st, const struct server *s, enum stage_fault fault)
{
	st->faults[s->index] = (uint8_t)fault;
}
