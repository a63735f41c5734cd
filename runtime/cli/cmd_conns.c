/* `show servers conn` and `show fd` (management manual, section 9.3), in HAProxy 2.6's formats. Descriptors are
 * those of listeners, clients, servers and control sessions; each worker tells its own. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/backend/request.h"
#include "runtime/cli/cli_anon.h"
#include "runtime/cli/cli_call.h"
#include "runtime/net/address.h"
#include "runtime/proxy/session.h"
#include "runtime/proxy/stream.h"

/* --- show servers conn */

/* Idle connections of each server on each worker: counted by the workers, shown at home. */
struct idle_counts {
	struct proxy *only;
	uint32_t nservers, *n; /* n[worker * nservers + server] */
};

static void idle_count(struct worker *w, struct cli_visit *v)
{
	const struct idle_counts *counts = v->pointer;
	struct srv_desk *desk = w->servers;

	for (const struct idle_table *t = desk->tables; t; t = t->next)
		for (uint32_t i = 0;
		     t->generation == w->process->generation && i < t->n && i < counts->nservers; i++)
			if (t->slots[i])
				counts->n[w->id * counts->nservers + i] = t->slots[i]->n;
}

static void put_place(struct out *out, const union addr *a)
{
	char text[INET6_ADDRSTRLEN] = "-";

	if (a->family == AF_INET)
		inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
	else if (a->family == AF_INET6)
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
	out_printf(out, "%s %u - ", text, address_port(a));
}

static void put_conns(struct cli_visit *v, const struct idle_counts *counts, struct server *s)
{
	const struct server_conf *conf = s->conf;
	char px[CLI_ANON_TEXT], name[CLI_ANON_TEXT];
	uint32_t workers = v->home->process->nworkers, need = srv_conns_need(s);

	out_printf(&v->text, "%s/%s %u/%u ", cli_anon(v->anon_key, s->proxy->conf->name, px),
		   cli_anon(v->anon_key, conf->name, name), s->proxy->conf->id, conf->id);
	put_place(&v->text, server_addr(s));
	out_printf(&v->text, "%u %u %u %u 0 %u %lld %u", conf->pool_purge_delay, atomic_load(&s->conns),
		   atomic_load(&s->used_most), need, atomic_load(&s->idle), (long long)conf->pool_max_conn,
		   atomic_load(&s->idle));
	for (uint32_t w = 0; w < workers; w++)
		out_printf(&v->text, " %u",
			   s->index < counts->nservers ? counts->n[w * counts->nservers + s->index] : 0);
	out_char(&v->text, '\n');
}

static void conns_home(struct cli_visit *v)
{
	struct idle_counts *counts = (struct idle_counts *)(uintptr_t)v->pointer;
	struct generation *g = v->home->process->generation;

	out_printf(&v->text,
		   "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb "
		   "safe_nb "
		   "idle_lim idle_cur idle_per_thr[%u]\n",
		   v->home->process->nworkers);
	for (uint32_t i = 0; v->session && i < g->nproxies; i++)
		for (uint32_t k = 0; k < g->proxies[i].nservers; k++)
			if (!counts->only || counts->only == &g->proxies[i])
				put_conns(v, counts, g->proxies[i].servers[k]);
	free(counts->n);
	free(counts);
}

void cmd_show_servers_conn(struct cli_call *c)
{
	struct proxy *only = c->words[3].len ? cli_backend(c, 3) : NULL;
	struct idle_counts *counts;

	if (c->words[3].len && !only) {
		cli_say(c, CLI_ERR, "Can't find backend.");
		return;
	}
	counts = calloc(1, sizeof(*counts));
	if (counts) {
		*counts = (struct idle_counts){.only = only, .nservers = c->generation->nservers};
		counts->n = calloc((size_t)counts->nservers * c->process->nworkers + 1, sizeof(*counts->n));
	}
	if (!counts || !counts->n) {
		free(counts);
		cli_say(c, CLI_ERR, "Out of memory.");
	} else if (!cli_visit(c, &(struct cli_visit){
					 .fn = idle_count, .home_fn = conns_home, .pointer = counts})) {
		free(counts->n);
		free(counts);
	}
}

/* --- show fd */

/* HAProxy's notation: what the socket said (hangup, error, output, priority, input), whether writing and
 * reading are ready and watched. */
static void put_fd(struct cli_visit *v, int fd, int revents, int wants, uint64_t threads, const void *owner,
		   const char *handler)
{
	bool in = wants & EV_READ, out = wants & EV_WRITE;
	unsigned state = (in ? 0x1 : 0) | (out ? 0x10 : 0) | (revents & EV_READ ? 0x100 : 0) | 0x20;

	out_printf(&v->text,
		   "%7d : st=0x%06x(cl heop%c W:sr%c R:sr%c) ref=0 gid=1 tmask=0x%llx umask=0x0 prmsk=0x%llx "
		   "pwmsk=0x%llx owner=%p iocb=%s",
		   fd, state, revents & EV_READ ? 'I' : 'i', out ? 'A' : 'a', in ? 'A' : 'a',
		   (unsigned long long)threads, in ? (unsigned long long)threads : 0ULL,
		   out ? (unsigned long long)threads : 0ULL, owner, handler);
}

/* Kinds of descriptors: letters of newer versions. */
enum { FD_LISTENERS = 1, FD_FRONT = 2, FD_BACK = 4, FD_ALL = 7 };

static bool fd_is_wanted(const struct cli_visit *v, int fd, unsigned kind)
{
	return fd >= 0 && (!v->all || (uint64_t)fd == v->found) && v->kinds & kind;
}

static const char *family_name(int family)
{
	return family == AF_INET ? "ipv4" : family == AF_INET6 ? "ipv6" : "unix";
}

static void put_conn(struct cli_visit *v, const struct conn *c, const char *side, const char *handler,
		     struct str px)
{
	char name[CLI_ANON_TEXT];
	union {
		struct sockaddr_storage ss;
		struct sockaddr sa;
	} a = {.ss = {0}};
	socklen_t len = sizeof(a);

	getsockname(c->io.fd, &a.sa, &len);
	put_fd(v, c->io.fd, 0, c->wants, 1ULL << c->worker->id, (const void *)c, handler);
	out_printf(&v->text, " back=%s cflg=0x%08x cerr=%d fam=%s %s=%s mux=%s xprt=%s\n",
		   side[0] == 'b' ? "1" : "0", c->flags, c->error, family_name(a.ss.ss_family),
		   side[0] == 'b' ? "px" : "fe", cli_anon(v->anon_key, px, name), c->mux ? "H2" : "PASS",
		   c->transport == &transport_raw ? "RAW" : "SSL");
}

static void put_listener(struct cli_visit *v, const struct listener *l)
{
	static const char *const states[] = {"NEW", "RDY", "FUL", "PAU", "CLO"};
	char name[CLI_ANON_TEXT];
	int state = atomic_load(&l->state), family = l->addr.ss_family;
	uint32_t n = v->home->process->nworkers;

	put_fd(v, l->fd, 0, state == LI_LISTENING ? EV_READ : 0, n < 64 ? (1ULL << n) - 1 : UINT64_MAX,
	       (const void *)l, "listener_ready");
	out_printf(&v->text, " l.st=%s fe=%s fam=%s", states[state],
		   l->proxy ? cli_anon(v->anon_key, l->proxy->conf->name, name) : "GLOBAL",
		   family_name(family));
	if (family != AF_UNIX)
		out_printf(&v->text, " lport=%u", l->port);
	out_char(&v->text, '\n');
}

static void show_streams(struct worker *w, struct cli_visit *v)
{
	for (struct list *node = w->sessions_list.next; node != &w->sessions_list; node = node->next) {
		const struct session *s = LIST_OF(node, struct session, node);
		const struct srv_conn *sc = s->stream ? s->stream->server.conn : NULL;

		if (fd_is_wanted(v, s->conn.io.fd, FD_FRONT))
			put_conn(v, &s->conn, "front", "session_ready", s->frontend->conf->name);
		if (sc && fd_is_wanted(v, sc->conn.io.fd, FD_BACK))
			put_conn(v, &sc->conn, "back", "stream_ready", sc->server->proxy->conf->name);
	}
}

static void show_idle_of(struct cli_visit *v, const struct list *conns)
{
	for (struct list *node = conns->next; node != conns; node = node->next) {
		const struct srv_conn *sc = LIST_OF(node, struct srv_conn, idle_node);

		if (fd_is_wanted(v, sc->conn.io.fd, FD_BACK))
			put_conn(v, &sc->conn, "back", "idle_ready", sc->server->proxy->conf->name);
	}
}

static void show_idle(struct worker *w, struct cli_visit *v)
{
	struct srv_desk *desk = w->servers;

	for (const struct idle_table *t = desk->tables; t; t = t->next)
		for (uint32_t i = 0; i < t->n; i++)
			if (t->slots[i])
				show_idle_of(v, &t->slots[i]->conns);
}

static void show_fds(struct worker *w, struct cli_visit *v)
{
	if (!w->id)
		for (struct list *node = w->process->listeners.next; node != &w->process->listeners;
		     node = node->next) {
			const struct listener *l = LIST_OF(node, struct listener, node);

			if (fd_is_wanted(v, l->fd, FD_LISTENERS))
				put_listener(v, l);
		}
	show_streams(w, v);
	show_idle(w, v);
	for (struct list *node = w->clis.next; node && node != &w->clis; node = node->next) {
		const struct cli_session *s = LIST_OF(node, struct cli_session, node);

		if (fd_is_wanted(v, s->conn.io.fd, FD_FRONT))
			put_conn(v, &s->conn, "front", "cli_ready", STR("GLOBAL"));
	}
}

static int line_order(const void *a, const void *b)
{
	return atoi(*(char *const *)a) - atoi(*(char *const *)b);
}

/* By number, whoever told of it. */
static void fds_home(struct cli_visit *v)
{
	size_t n = 0, room = 1;
	char **lines, *next = NULL, *text;

	out_char(&v->text, '\0');
	text = strdup(v->text.buf ? v->text.buf : "");
	v->text.len = 0;
	for (const char *p = text; p && *p; p++)
		room += *p == '\n';
	lines = text ? malloc(room * sizeof(*lines)) : NULL;
	for (char *p = lines ? strtok_r(text, "\n", &next) : NULL; p && n < room;
	     p = strtok_r(NULL, "\n", &next))
		lines[n++] = p;
	if (n)
		qsort(lines, n, sizeof(*lines), line_order);
	for (size_t i = 0; i < n; i++)
		out_printf(&v->text, "%s\n", lines[i]);
	free(lines);
	free(text);
}

/* [-!plcfbsd]: a `-` or `!` turns the letters behind it, within its word, into those that are left out; the one
 * that the word begins with does not. */
static bool kinds_read(struct str word, unsigned *only, unsigned *out)
{
	bool inverted = word.ptr[0] == '!';

	for (size_t i = 1; i < word.len; i++) {
		unsigned kind = 0;

		switch (word.ptr[i]) {
		case '-':
		case '!':
			inverted = !inverted;
			continue;
		case 'l':
			kind = FD_LISTENERS;
			break;
		case 'c':
			kind = FD_FRONT | FD_BACK;
			break;
		case 'f':
			kind = FD_FRONT;
			break;
		case 'b':
		case 's':
		case 'd':
			kind = FD_BACK;
			break;
		case 'p':
			break;
		default:
			return false;
		}
		*(inverted ? out : only) |= kind;
		*only |= inverted ? 0 : FD_ALL + 1; /* something was selected, be it pipes */
	}
	return true;
}

/* <fd>, or <tgid>/<fd> where either may be missing. */
static bool fd_read(struct cli_visit *v, struct str word)
{
	size_t slash = str_chr(word, '/');

	if (slash < word.len)
		word = str_tail(word, slash + 1);
	if (!word.len)
		return true;
	v->all = true; /* one only */
	return str_to_u64(word, &v->found);
}

void cmd_show_fd(struct cli_call *c)
{
	struct cli_visit v = {.fn = show_fds, .home_fn = fds_home};
	unsigned only = 0, out = 0;

	for (uint32_t i = 2; i < c->n; i++)
		if (c->process->compat > 206 && (c->words[i].ptr[0] == '-' || c->words[i].ptr[0] == '!')) {
			if (!kinds_read(c->words[i], &only, &out)) {
				cli_say(c, CLI_ERR, "Unsupported FD type in '%.*s'.", STR_ARG(c->words[i]));
				return;
			}
		} else if (!fd_read(&v, c->words[i])) {
			return;
		}
	v.kinds = (only ? only : FD_ALL) & ~out;
	cli_visit(c, &v);
}
