/* HAProxy beside the stage: starts it for each test, sends it what the stage was sent, plays its servers, and
 * compares. See oracle.h. */
#include "tools/oracle.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "grammar/lbconf_state.h"
#include "runtime/net/address.h"

enum {
	START_MS = 10000,
	ANSWER_MS = 10000,
	REST_MS = 2000,
	TEXT_MAX = 64 << 20,
	FDS_MAX = 64,
	LINE = 4096,
	REAL_MS = 3000,
	ROOM = 1 << 20,
	SHOWN = 400
};

struct oracle {
	struct suite *suite;
	const char *program;
	char folder[32];
	struct arena *arena;
	struct oracle_config config;
	struct stage *stage; /* its servers answer HAProxy; nothing else of it is used */
	struct stage_outcome outcome;
	pid_t pid; /* 0: not running */
	int log, client;
	struct out received;
	char line[LINE]; /* what HAProxy logged last */
	bool left_out;   /* the rest of this test */
	bool dead;       /* HAProxy does not start */
	uint32_t compared, left;
	const struct suite_test *test;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- sockets in the folder */

static int unix_open(const char *path, int type, bool listening)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | (listening ? SOCK_NONBLOCK : 0), 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (fd < 0)
		return -1;
	if (listening)
		unlink(path);
	if ((listening ? bind(fd, (struct sockaddr *)&un, sizeof(un))
		       : connect(fd, (struct sockaddr *)&un, sizeof(un))) ||
	    (listening && type == SOCK_STREAM && listen(fd, 64))) {
		close(fd);
		return -1;
	}
	return fd;
}

static const char *inside(struct oracle *o, const char *name)
{
	return arena_printf(o->arena, "%s/%s", o->folder, name).ptr;
}

static void file_write(struct oracle *o, const char *path)
{
	FILE *f = fopen(path, "w");
	struct str text = out_get(&o->config.text);

	if (!f)
		return;
	fwrite(text.ptr, 1, text.len, f);
	fclose(f);
}

/* --- HAProxy */

static void child_run(struct oracle *o, const char *path)
{
	const char *messages = inside(o, "messages");

	if (freopen(messages, "w", stderr) && freopen("/dev/null", "w", stdout) &&
	    freopen("/dev/null", "r", stdin))
		execlp(o->program, o->program, "-db", "-f", path, (char *)NULL);
	_exit(127);
}

/* It answers on its control socket. */
static bool is_up(struct oracle *o)
{
	int fd = unix_open(inside(o, "cli"), SOCK_STREAM, false);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void messages_show(struct oracle *o)
{
	FILE *f = fopen(inside(o, "messages"), "r");
	char line[LINE];

	while (f && fgets(line, sizeof(line), f))
		fprintf(stderr, "  %s", line);
	if (f)
		fclose(f);
}

static bool haproxy_start(struct oracle *o)
{
	const char *path = inside(o, "haproxy.cfg");
	uint64_t until = now_ms() + START_MS;

	unlink(inside(o, "cli"));
	file_write(o, path);
	o->pid = fork();
	if (!o->pid)
		child_run(o, path);
	while (o->pid > 0 && !is_up(o)) {
		if (waitpid(o->pid, NULL, WNOHANG) == o->pid || now_ms() > until) {
			fprintf(stderr, "lbcheck: %s does not run the configuration of %s:\n", o->program,
				o->suite->path.ptr);
			messages_show(o);
			o->pid = 0;
			return false;
		}
		poll(NULL, 0, 5);
	}
	return o->pid > 0;
}

static void haproxy_stop(struct oracle *o)
{
	if (o->client >= 0)
		close(o->client);
	o->client = -1;
	if (o->pid <= 0)
		return;
	kill(o->pid, SIGKILL);
	waitpid(o->pid, NULL, 0);
	o->pid = 0;
}

/* One command of the control socket. */
static void command(struct oracle *o, const char *text)
{
	int fd = unix_open(inside(o, "cli"), SOCK_STREAM, false);
	char answer[LINE];

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) > 0)
		while (read(fd, answer, sizeof(answer)) > 0)
			;
	close(fd);
}

/* --- its servers */

static void servers_listen(struct oracle *o)
{
	vec_each (p, &o->config.places) {
		if (!p->server)
			continue;
		if (p->fd >= 0)
			close(p->fd);
		p->fd = unix_open(p->path, SOCK_STREAM, true);
	}
}

static struct server *server_of(struct oracle *o, const struct server_conf *conf)
{
	return stage_server(
		o->stage, arena_printf(o->arena, "%.*s/%.*s", STR_ARG(conf->proxy->name), STR_ARG(conf->name)));
}

static void servers_accept(struct oracle *o)
{
	int fd;

	vec_each (p, &o->config.places)
		while (p->fd >= 0 && (fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
			stage_serve(o->stage, server_of(o, p->server), fd);
}

/* --- an exchange */

static const struct oracle_place *bind_place(const struct oracle *o, const struct bind_conf *b)
{
	vec_each (p, &o->config.places)
		if (!p->server && p->pos.source == b->pos.source && p->pos.line == b->pos.line)
			return p;
	return NULL;
}

static bool log_read(struct oracle *o)
{
	ssize_t n = recv(o->log, o->line, sizeof(o->line) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	while (n && (o->line[n - 1] == '\n' || o->line[n - 1] == 0))
		n--;
	o->line[n] = 0;
	return true;
}

/* False: the connection is at its end. */
static bool client_read(struct oracle *o)
{
	char space[16384];
	ssize_t n;

	while ((n = recv(o->client, space, sizeof(space), MSG_DONTWAIT)) > 0)
		out_bytes(&o->received, space, (size_t)n);
	return n < 0 && errno == EAGAIN;
}

/* Until it has logged how the request ended, and so many bytes of an answer are there: it may log first. */
static bool serve(struct oracle *o, size_t expected)
{
	uint64_t until = now_ms() + ANSWER_MS;
	bool logged = false, open = true;

	while ((!logged || (open && o->received.len < expected)) && now_ms() < until) {
		servers_accept(o);
		if (!stage_look(o->stage))
			poll(NULL, 0, 1);
		open = client_read(o);
		if (!logged && log_read(o)) {
			logged = true;
			until = now_ms() + REST_MS;
		}
	}
	return logged;
}

/* Its control socket may be there before the others are. */
static int connect_to(const char *path)
{
	uint64_t until = now_ms() + START_MS;
	int fd;

	while ((fd = unix_open(path, SOCK_STREAM, false)) < 0 && now_ms() < until)
		poll(NULL, 0, 2);
	return fd;
}

static bool client_open(struct oracle *o, const struct stage_visit *v)
{
	const struct oracle_place *p = bind_place(o, v->bind);
	char header[256];
	int n;

	if (v->same_connection && o->client >= 0)
		return true;
	if (o->client >= 0)
		close(o->client);
	o->client = p ? connect_to(p->path) : -1;
	n = stage_header(header, sizeof(header), v);
	return o->client >= 0 && send(o->client, header, (size_t)n, MSG_NOSIGNAL) == n;
}

static bool exchange(struct oracle *o, const struct stage_visit *v, size_t expected)
{
	int room = ROOM;

	o->received.len = 0;
	o->outcome = (struct stage_outcome){0};
	stage_expect(o->stage, &o->outcome);
	if (!client_open(o, v))
		return false;
	setsockopt(o->client, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (send(o->client, v->bytes.ptr, v->bytes.len, MSG_NOSIGNAL) != (ssize_t)v->bytes.len)
		return false;
	if (v->bind->proxy->mode != MODE_HTTP)
		shutdown(o->client, SHUT_WR);
	return serve(o, expected);
}

/* --- comparing */

/* What stands around the first difference. */
static struct str window(struct suite_run *r, struct str s, size_t at)
{
	size_t from = at > SHOWN / 4 ? at - SHOWN / 4 : 0;
	struct str part = str_sub(s, from, SHOWN);

	return arena_printf(r->suite->arena, "%s%.*s%s", from ? "..." : "", STR_ARG(part),
			    from + part.len < s.len ? "..." : "");
}

static void differs(struct suite_run *r, const char *what, struct str here, struct str there)
{
	struct diags *d = &r->suite->diags;
	struct diag *g = diag_add(d, D_SUITE_ORACLE, r->request->span, "HAProxy disagrees about the %s", what);
	size_t at = 0;

	while (at < here.len && at < there.len && here.ptr[at] == there.ptr[at])
		at++;
	diag_note(d, g, "here:    %.*s", STR_ARG(window(r, here, at)));
	diag_note(d, g, "HAProxy: %.*s", STR_ARG(window(r, there, at)));
	r->test->failed++;
}

static void compare(struct suite_run *r, const char *what, struct str here, struct str there)
{
	r->test->expected++;
	if (!str_eq(here, there))
		differs(r, what, here, there);
}

/* The log of here in HAProxy's form. */
static struct str decision(struct suite_run *r)
{
	const struct witness *w = &r->witness;
	struct arena *a = r->suite->arena;
	struct str be = w->backend ? w->backend->name : w->frontend->name;
	struct str server = w->logged_server.len ? w->logged_server : STR("<NOSRV>");
	bool http = w->frontend->mode == MODE_HTTP;
	struct str status = !http ? STR("-") : w->status ? arena_printf(a, "%u", w->status) : STR("-1");
	struct str rule = STR("-");

	if (w->last_rule && w->last_rule->pos.source)
		rule = arena_printf(a, "%.*s:%u",
				    STR_ARG(r->suite->model->source_names[w->last_rule->pos.source - 1]),
				    w->last_rule->pos.line);
	return arena_printf(a, "%.*s %.*s %.*s %.*s %.*s %.*s", STR_ARG(w->frontend->name), STR_ARG(be),
			    STR_ARG(server), STR_ARG(status), http ? 4 : 2, w->letters, STR_ARG(rule));
}

/* HAProxy's line, with the rule where it stands in our files. */
static struct str their_decision(struct oracle *o, struct suite_run *r)
{
	struct str line = str_from(o->line), rule;
	size_t blank = line.len;
	unsigned long n;

	while (blank && line.ptr[blank - 1] != ' ')
		blank--;
	rule = str_tail(line, blank);
	n = strtoul(arena_str(r->suite->arena, rule).ptr, NULL, 10);
	if (!n || n > o->config.origins.n || !o->config.origins.v[n - 1].source)
		return line;
	return arena_printf(r->suite->arena, "%.*s%.*s:%u", (int)blank, line.ptr,
			    STR_ARG(r->suite->model->source_names[o->config.origins.v[n - 1].source - 1]),
			    o->config.origins.v[n - 1].line);
}

static struct stage_try last_try(const struct stage_outcome *o)
{
	for (uint32_t i = o->ntries; i-- > 0;)
		if (!o->tries[i].refused)
			return o->tries[i];
	return (struct stage_try){.refused = true};
}

static void compare_all(struct oracle *o, struct suite_run *r)
{
	struct stage_try here = last_try(&r->outcome), there = last_try(&o->outcome);

	compare(r, "decision", decision(r), their_decision(o, r));
	compare(r, "PROXY header", here.header, there.header);
	compare(r, "request that the server received", here.got, there.got);
	compare(r, "body that the server received", here.body, there.body);
	if (!strstr(o->line, " <STATS> ") &&
	    !strstr(o->line, " <PROMEX> ")) /* figures and looks are their own */
		compare(r, "response", r->outcome.response, out_get(&o->received));
	o->compared++;
}

/* --- following a test */

static void leave_out(struct oracle *o)
{
	o->left += !o->left_out;
	o->left_out = true;
}

static bool test_begins(struct oracle *o, struct suite_run *r)
{
	if (o->test == r->test)
		return true;
	haproxy_stop(o);
	while (log_read(o))
		;
	stage_free(&o->stage);
	o->test = r->test;
	o->left_out = false;
	o->stage = stage_new((struct model *)r->suite->model, &(struct stage_options){0});
	if (o->stage)
		servers_listen(o);
	o->dead = o->dead || !o->stage || !haproxy_start(o);
	return !o->dead;
}

static bool is_ready(struct oracle *o, struct suite_run *r)
{
	if (o->test == r->test && o->left_out)
		return false;
	if (test_begins(o, r))
		return true;
	leave_out(o);
	return false;
}

static void on_played(void *ctx, struct suite_run *r)
{
	struct oracle *o = ctx;

	if (!is_ready(o, r))
		return;
	/* it cannot be sent, would take too long, or was refused before there was anything to log */
	if (r->visit.tls || r->outcome.ms > REAL_MS || r->vars.n || !r->witness.over) {
		leave_out(o);
		return;
	}
	stage_reply(o->stage, r->reply);
	if (exchange(o, &r->visit, r->outcome.response.len))
		compare_all(o, r);
	else
		differs(r, "request: it neither answers nor logs it in time", STR("answered"), STR("silent"));
}

static void on_wait(void *ctx, struct suite_run *r, uint64_t ms)
{
	struct oracle *o = ctx;

	if (!is_ready(o, r))
		return;
	if (ms > REAL_MS)
		leave_out(o);
	else
		poll(NULL, 0, (int)ms);
}

static void state_set(struct oracle *o, struct oracle_place *p, struct str words)
{
	struct str name =
		arena_printf(o->arena, "%.*s/%.*s", STR_ARG(p->server->proxy->name), STR_ARG(p->server->name));
	const char *state = str_ieq(words, STR("DRAIN"))                                  ? "drain"
			    : str_ieq(words, STR("DOWN")) || str_ieq(words, STR("MAINT")) ? "maint"
											  : "ready";

	if (str_starts(words, STR("weight="))) {
		command(o, arena_printf(o->arena, "set server %s weight %.*s\n", name.ptr,
					STR_ARG(str_tail(words, 7)))
				   .ptr);
		return;
	}
	command(o, arena_printf(o->arena, "set server %s state %s\n", name.ptr, state).ptr);
	if (str_ieq(words, STR("REFUSED")) == (p->fd < 0))
		return;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = p->fd >= 0 ? -1 : unix_open(p->path, SOCK_STREAM, true);
}

static void on_server(void *ctx, struct suite_run *r, const struct play_state *state)
{
	struct oracle *o = ctx;

	if (!is_ready(o, r))
		return;
	play_state_apply(&r->play, o->stage, state); /* for what its played servers do */
	vec_each (p, &o->config.places) {
		struct str all, name;

		if (!p->server)
			continue;
		name = arena_printf(o->arena, "%.*s/%.*s", STR_ARG(p->server->proxy->name),
				    STR_ARG(p->server->name));
		all = arena_printf(o->arena, "%.*s/*", STR_ARG(p->server->proxy->name));
		if (str_eq(state->server, name) || str_eq(state->server, all))
			state_set(o, p, state->words);
	}
}

void oracle_follow(struct oracle *o, struct suite_run *r)
{
	r->on_played = on_played;
	r->on_wait = on_wait;
	r->on_server = on_server;
	r->ctx = o;
}

void oracle_counts(const struct oracle *o, uint32_t *compared, uint32_t *left_out)
{
	*compared = o->compared;
	*left_out = o->left;
}

/* --- making it */

static bool oracle_build(struct oracle *o)
{
	const char *why = "memory ran out";

	snprintf(o->folder, sizeof(o->folder), "/tmp/lbcheck.XXXXXX");
	if (!mkdtemp(o->folder))
		return false;
	o->config =
		(struct oracle_config){.arena = o->arena, .folder = o->folder, .text = out_growing(TEXT_MAX)};
	if (!oracle_config_make(&o->config, o->suite, &why)) {
		fprintf(stderr, "lbcheck: %s cannot be replayed on HAProxy: %s\n", o->suite->path.ptr, why);
		return false;
	}
	o->log = unix_open(inside(o, "log"), SOCK_DGRAM, true);
	return o->log >= 0;
}

struct oracle *oracle_new(struct suite *s, const char *program)
{
	struct oracle *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->suite = s;
	o->program = program;
	o->log = o->client = -1;
	o->received = out_growing(TEXT_MAX);
	o->arena = arena_new();
	if (!o->arena || !oracle_build(o))
		oracle_free(&o);
	return o;
}

void oracle_free(struct oracle **op)
{
	static const char *const names[] = {"haproxy.cfg", "messages", "cli", "log"};
	struct oracle *o = *op;

	*op = NULL;
	if (!o)
		return;
	haproxy_stop(o);
	stage_free(&o->stage);
	for (size_t i = 0; o->arena && *o->folder && i < sizeof(names) / sizeof(*names); i++)
		unlink(inside(o, names[i]));
	vec_each (p, &o->config.places) {
		if (p->fd >= 0)
			close(p->fd);
		unlink(p->path);
	}
	if (*o->folder)
		rmdir(o->folder);
	if (o->log >= 0)
		close(o->log);
	out_free(&o->config.text);
	out_free(&o->received);
	arena_free(&o->arena);
	free(o);
}
