/* Sessions: from an accepted socket to the first step of its protocol, and the end. A session owns its
 * connection, its buffer and its stream; it pins the generation that it was born in and is counted by its
 * listener. One worker for life. */
#include "runtime/proxy/session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/backend/h2_server.h"
#include "runtime/backend/server.h"
#include "runtime/eval/sample.h"
#include "runtime/net/address.h"
#include "runtime/proxy/http_h2.h"
#include "runtime/proxy/session_count.h"
#include "runtime/proxy/session_log.h"
#include "runtime/proxy/session_proxy.h"
#include "runtime/proxy/session_tls.h"
#include "runtime/proxy/stream.h"
#include "runtime/proxy/stream_trace.h"
#include "runtime/stats/socket_counters.h"
#include "runtime/stick/track.h"

enum { ATTACH_MS = 10000 }; /* for the first words of a connection that is attached to a server, at most */

/* Nothing happens to a connection before its protocol has begun. */
static void not_begun(struct conn *c, int revents)
{
	(void)revents;
	conn_want(c, 0);
}

static void session_init(struct session *s, struct worker *w, struct listener *l, int fd,
			 const union addr *from)
{
	conn_init(&s->conn, w, fd, not_begun);
	s->listener = l;
	s->frontend = l->proxy;
	s->socket_counters = socket_counters_of(l->counters, w->id);
	s->generation = l->proxy->generation;
	s->stream = NULL;
	deadline_init(&s->deadline, NULL);
	s->in = (struct buf){0};
	s->src = *from;
	s->dst_known = false;
	s->requests = 0;
	s->handshake_ms = 0;
	s->accept_date = w->wall;
	s->accepted = w->now;
	s->idle_since = w->now;
	s->vars = NULL;
	s->track = NULL;
	s->settings = NULL;
	s->pp = NULL;
	s->expects = (l->conf->accept_proxy ? EXPECT_PROXY : 0) | (l->conf->netscaler_cip ? EXPECT_CIP : 0);
	s->parent = NULL;
	s->h2 = NULL;
	s->switched_to = NULL;
	s->attached = NULL;
	s->attached_name = 0;
	s->switched = false;
	s->prefers_last = false;
	s->is_http = s->frontend->conf->mode == MODE_HTTP;
	list_append(&w->sessions_list, &s->node);
	generation_pin(s->generation);
	worker_job_begin(w);
}

struct session *session_child(struct session *parent)
{
	struct worker *w = parent->conn.worker;
	struct session *s = pool_get(&w->sessions);

	if (!s)
		return NULL;
	(void)session_dst(parent);
	*s = *parent;
	conn_init(&s->conn, w, -1, not_begun);
	s->stream = NULL;
	deadline_init(&s->deadline, NULL);
	s->in = (struct buf){0};
	s->vars = NULL;
	s->parent = parent;
	s->switched = false;
	s->h2 = NULL;
	list_append(&w->sessions_list, &s->node);
	generation_pin(s->generation);
	return s;
}

static void session_count(struct session *s)
{
	struct worker *w = s->conn.worker;
	struct fe_counters *fe = counters_fe(w, s->frontend->index);
	uint32_t open = atomic_load_explicit(&s->frontend->fe_conns, memory_order_relaxed);

	atomic_fetch_add_explicit(&w->process->cum_connections, 1, memory_order_relaxed);
	fe->cum_conn++;
	rate_add(&fe->conn_rate, w->now, 1);
	if (open > fe->max_sess)
		fe->max_sess = open;
	if (s->socket_counters)
		socket_counters_enter(s->listener->counters, w->id);
}

void session_eval(struct session *s, struct eval *e, uint32_t place, struct scratch *scratch)
{
	struct worker *w = s->conn.worker;

	*e = (struct eval){
		.engine = s->generation->engines[w->id],
		.model = s->generation->model,
		.host = &w->host,
		.observer = w->observer,
		.scratch = scratch,
		.frontend = s->frontend->conf,
		.bind = s->listener->conf,
		.listener_conns = &s->listener->conns,
		.client_conn = &s->conn,
		.client_tls = s->listener->tls ? session_root(s)->conn.transport_state : NULL,
		.src = &s->src,
		.dst = session_dst(s),
		.conn_src = &s->src,
		.conn_dst = &s->dst,
		.proxy_fields = s->pp,
		.client_fd = session_root(s)->conn.io.fd,
		.place = place,
		.now = w->wall,
		.vars = {[VAR_PROC] = &s->generation->proc_vars, [VAR_SESS] = &session_root(s)->vars},
		.proc_lock = &w->process->proc_lock,
		.uuid_seed = {worker_random(w), worker_random(w)},
		.tables = s->generation->tables,
		.session_track = &session_root(s)->track,
		.now_ms = w->now,
		.dates = &w->dates,
	};
	if (s->settings)
		session_settings_eval(s->settings, e);
}

/* Connection rules change the connection itself, session rules what its streams see of it. */
static void rules_settle(struct session *s, enum ruleset set, struct rule_settings *settings)
{
	settings_apply_client(settings, s->conn.io.fd);
	s->expects |= (settings->has & SET_EXPECT_PROXY ? EXPECT_PROXY : 0) |
		      (settings->has & SET_EXPECT_CIP ? EXPECT_CIP : 0);
	if (set != RS_TCP_REQ_CONN) {
		session_settings_keep(s, settings);
		return;
	}
	if (settings->has & SET_SRC)
		s->src = settings->src;
	if (settings->has & SET_DST)
		s->dst = settings->dst;
}

static void log_now(void *ctx, const struct rule *rule)
{
	session_log_now(ctx, rule);
}

/* "backend/server" */
static struct server *server_find(struct generation *g, struct str name)
{
	struct str backend = str_sub(name, 0, str_chr(name, '/'));

	return proxy_server(generation_proxy(g, map_get(&g->model->backends, backend)),
			    str_tail(name, backend.len + 1));
}

/* The last rule wins. */
static void attach(void *ctx, struct eval *e, const struct rule *rule)
{
	struct session *s = ctx;
	struct sample name;

	s->attached = server_find(s->generation, rule->name);
	s->attached_name = 0;
	if (rule->sample && sample_eval(e, rule->sample, &name) && sample_cast(e, &name, SMP_STR))
		s->attached_name = str_hash(name.str);
}

/* One list of tcp-request rules. False: the connection is refused. */
static bool rules_allow(struct session *s, enum ruleset set, uint32_t place)
{
	static const struct eval_live live = {.log = log_now, .attach = attach};
	const struct rules *rules = &s->frontend->conf->rules[set];
	struct rule_settings *settings = NULL;
	const struct rule *decider = NULL;
	struct scratch scratch;
	struct eval e;
	uint32_t index = 0;
	enum verdict v;

	if (!rules->n)
		return true;
	scratch_init(&scratch, &s->conn.worker->scratch);
	session_eval(s, &e, place, &scratch);
	e.settings = &settings;
	e.live = &live;
	e.live_ctx = s;
	v = rules_run(&e, rules, &index, &decider);
	if (settings)
		rules_settle(s, set, settings);
	scratch_reset(&scratch);
	if (v == V_CONTINUE || v == V_ALLOW)
		return true;
	/* Before the client can know. */
	if (set == RS_TCP_REQ_CONN)
		SESSION_COUNT(s, denied_conn);
	else
		SESSION_COUNT(s, denied_sess);
	if (v == V_SILENT_DROP)
		conn_drop(&s->conn);
	else
		conn_close(&s->conn, set == RS_TCP_REQ_CONN);
	return false;
}

/* All that comes before the first byte is done: the session counts, and its protocol begins. */
static void session_begin(struct session *s)
{
	struct worker *w = s->conn.worker;
	struct fe_counters *fe = counters_fe(w, s->frontend->index);
	uint32_t client = s->frontend->conf->timeout[TMO_CLIENT];

	if (!rules_allow(s, RS_TCP_REQ_SESS, AT(FE_SESS))) {
		session_free(s);
		return;
	}
	if (s->track)
		stick_count(s->track, STICK_SESSION, w->now, 1);
	fe->cum_sess++;
	rate_add(&fe->sess_rate, w->now, 1);
	if (s->attached) {
		h2_server_attach(w, s->attached, &s->conn, s->attached_name,
				 client && client < ATTACH_MS ? client : ATTACH_MS);
		session_free(s);
	} else if (s->is_http)
		http_session_begin(s);
	else
		tcp_session_begin(s);
}

void session_secured(struct session *s)
{
	s->handshake_ms = (uint32_t)(s->conn.worker->now - s->accepted);
	s->accepted = s->idle_since = s->conn.worker->now;
	session_begin(s);
}

void session_start(struct session *s)
{
	if (s->listener->tls)
		session_secure(s);
	else
		session_begin(s);
}

void session_accept(struct worker *w, struct listener *l, int fd, const union addr *from)
{
	struct session *s = pool_get(&w->sessions);

	if (!s) {
		close(fd);
		listener_release(w, l);
		return;
	}
	session_init(s, w, l, fd, from);
	session_count(s);
	if (!rules_allow(s, RS_TCP_REQ_CONN, AT(FE_CONN)))
		session_free(s);
	else
		session_headers(s);
}

void session_free(struct session *s)
{
	struct worker *w = s->conn.worker;
	struct listener *l = s->listener;
	bool child = s->parent != NULL;

	if (s->stream)
		s->stream->abort(s->stream);
	session_trace(s, true);
	if (s->h2)
		http_h2_end(s);
	if (!child && s->is_http)
		srv_owner_left(w, s);
	deadline_clear(&s->deadline);
	conn_close(&s->conn,
		   s->frontend->conf->mode == MODE_TCP && proxy_option_is_set(s->frontend->conf, PO_NOLINGER));
	buf_drop(w, &s->in);
	if (s->vars)
		eval_vars_free(&s->vars, w->host.vars_total);
	if (s->track && !child)
		stick_track_end(s->generation->engines[w->id], &s->track, w->now);
	if (!child) {
		free(s->settings);
		free(s->pp);
	}
	list_remove(&s->node);
	generation_unpin(s->generation);
	pool_put(&w->sessions, s);
	if (child)
		return;
	if (l->counters)
		socket_counters_leave(l->counters);
	listener_release(w, l);
	worker_job_end(w);
}

void sessions_each(struct worker *w, void (*fn)(struct session *s, void *arg), void *arg)
{
	struct list todo;

	list_init(&todo);
	list_take(&todo, &w->sessions_list);
	while (!list_empty(&todo)) {
		struct session *s = LIST_OF(todo.next, struct session, node);

		list_remove(&s->node);
		list_append(&w->sessions_list, &s->node);
		fn(s, arg);
	}
}

/* SO_ORIGINAL_DST of <linux/netfilter_ipv4.h> and IP6T_SO_ORIGINAL_DST, whose headers do not go with the C
 * library's. */
enum { ORIGINAL_DST = 80 };

/* Where the client wanted to go, before this machine's packet filter sent it to us. */
static bool original_dst(const struct session *s, struct sockaddr_storage *ss, socklen_t *len)
{
	int fd = s->conn.io.fd;

	if (s->listener->addr.ss_family == AF_INET)
		return !getsockopt(fd, SOL_IP, ORIGINAL_DST, ss, len);
	return s->listener->addr.ss_family == AF_INET6 && !getsockopt(fd, SOL_IPV6, ORIGINAL_DST, ss, len);
}

const union addr *session_dst(struct session *s)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (s->dst_known)
		return &s->dst;
	address_pack(&s->dst, &s->listener->addr);
	if (original_dst(s, &ss, &len))
		address_pack(&s->dst, &ss);
	else if ((address_is_any(&s->dst) || s->listener->conf->transparent) &&
		 !getsockname(s->conn.io.fd, (struct sockaddr *)&ss, &len))
		address_pack(&s->dst, &ss);
	s->dst_known = true;
	return &s->dst;
}

void session_soft_stop(struct session *s)
{
	if (s->is_http)
		http_session_soft_stop(s);
}
