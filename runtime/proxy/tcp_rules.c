/* Content rules in mode tcp (manual: tcp-request content, tcp-response content, inspect-delay, use_backend,
 * use-server) over the bytes at hand. A list that needs more bytes waits until they come, the buffer is full,
 * the sender has ended or the inspect delay is over. */
#include "runtime/proxy/tcp_stream.h"
#include "runtime/proxy/filter_trace.h"
#include "runtime/proxy/stream_lookup.h"
#include "runtime/proxy/stream_stick.h"

#include "runtime/http/h1_parse.h"
#include "runtime/proxy/session_count.h"
#include "runtime/stats/counters.h"

/* May the rules still wait? The delay begins with their first look. */
static bool may_wait(struct tcp_stream *t, const struct tcp_flow *f, uint32_t delay)
{
	struct session *s = t->s.session;

	if (!delay || f->eof || f->paused & PAUSE_FULL)
		return false;
	if (!t->inspect_until)
		t->inspect_until = s->conn.worker->now + delay;
	return s->conn.worker->now < t->inspect_until;
}

static struct str at_hand(const struct tcp_flow *f)
{
	return f->buf->data ? str_make(f->buf->data + f->buf->off, f->buf->len) : str_make("", 0);
}

static void log_now(void *ctx, const struct rule *rule)
{
	stream_log_now(&((struct tcp_stream *)ctx)->s, rule);
}

/* A copy is parsed: the bytes themselves are to go on as they came. */
static void read_request(void *ctx, struct eval *e)
{
	const struct model *model = ((struct tcp_stream *)ctx)->s.session->generation->model;
	struct scratch_mark mark = scratch_mark(e->scratch);
	struct http_msg *m = scratch_alloc(e->scratch, sizeof(*m));
	struct str copy = e->raw_req.len ? scratch_dup(e->scratch, e->raw_req) : STR_NONE;
	enum h1_result result = H1_MORE;
	struct h1_parser p;

	if (m && copy.ptr) {
		memset(m, 0, sizeof(*m));
		m->scratch = e->scratch;
		h1_parse_init(&p, m,
			      model->global.tune_http_maxhdr ? (uint16_t)model->global.tune_http_maxhdr : 101,
			      UINT32_MAX);
		result = h1_parse(&p, m, (char *)(uintptr_t)copy.ptr, (uint32_t)copy.len);
	}
	if (result == H1_DONE) {
		m->body_seen = str_tail(copy, p.pos);
		e->req = m;
		e->sniffed = true;
		return;
	}
	scratch_release(e->scratch, mark);
	e->want_more = e->may_wait && result == H1_MORE && !e->raw_req_final;
}

static void limit(void *ctx, struct eval *e, const struct rule *rule)
{
	struct tcp_stream *t = ctx;

	bandwidth_begin(&t->s, &t->up.limits, &t->down.limits, e, rule);
}

static void resolved(void *stream)
{
	struct tcp_stream *t = stream;

	stream_called(&t->s);
	tcp_stream_resolved(t);
}

/* No longer than the inspect delay allows, and without one not at all. */
static int resolve(void *ctx, struct eval *e, const struct rule *rule)
{
	struct tcp_stream *t = ctx;
	const struct proxy_conf *px = e->place & AT(FE_CONTENT) ? e->frontend : e->backend;
	uint64_t now = t->s.session->conn.worker->now;

	if (!px || !px->tcp_req_inspect)
		return V_CONTINUE;
	if (!t->inspect_until)
		t->inspect_until = now + px->tcp_req_inspect;
	return now < t->inspect_until ? stream_lookup_begin(&t->s, e, rule, resolved) : V_CONTINUE;
}

static const struct eval_live live = {
	.log = log_now, .read_request = read_request, .limit = limit, .resolve = resolve};

/* Does a rule go on waiting for a name? */
static bool name_wait(struct tcp_stream *t, struct eval *e)
{
	if (stream_lookup_waits(&t->s) && t->s.session->conn.worker->now < t->inspect_until)
		return true;
	stream_lookup_end(&t->s, e);
	e->resumed = true;
	return false;
}

/* One list, from t->rule on. */
static enum verdict list_run(struct tcp_stream *t, struct eval *e, const struct rules *rules)
{
	const struct rule *decider = NULL;
	enum verdict v;

	e->live = &live;
	e->live_ctx = t;
	if (t->s.lookup && name_wait(t, e))
		return V_WAIT;
	v = rules_run(e, rules, &t->rule, &decider);
	t->s.log.waiting = v == V_WAIT ? decider : NULL;
	settings_apply_client(t->s.settings, t->s.session->conn.io.fd);

	if (v == V_WAIT && !e->may_wait && !t->s.lookup) /* what it waits for will not come */
		v = V_CONTINUE;
	if (v == V_WAIT)
		return v;
	t->rule = 0;
	t->inspect_until = 0;
	t->timer_shape = 0;
	deadline_clear(&t->s.session->deadline);
	return v;
}

static enum verdict request_list(struct tcp_stream *t, const struct proxy_conf *conf, uint32_t place,
				 struct eval *e)
{
	stream_eval(&t->s, e, place);
	e->live = &live;
	e->live_ctx = t;
	if (!conf->rules[RS_TCP_REQ_CONT].n)
		return V_CONTINUE;
	e->raw_req = at_hand(&t->up);
	e->raw_req_final = t->up.eof;
	e->may_wait = may_wait(t, &t->up, conf->tcp_req_inspect);
	return list_run(t, e, &conf->rules[RS_TCP_REQ_CONT]);
}

/* What a list decided, where it was not to go on. */
static enum tcp_next refuse(struct tcp_stream *t, enum verdict v, char state)
{
	if (v == V_WAIT)
		return TCP_WAIT;
	if (v == V_SILENT_DROP)
		conn_drop(&t->s.session->conn);
	stream_end(&t->s, v == V_ERROR ? 'I' : 'P', state);
	return TCP_END;
}

static void count_denied(struct tcp_stream *t, enum verdict v)
{
	if (v == V_WAIT)
		return;
	if (v == V_ERROR) {
		SESSION_COUNT(t->s.session, internal_errors);
		return;
	}
	SESSION_COUNT(t->s.session, denied_req);
}

static enum tcp_next frontend_rules(struct tcp_stream *t)
{
	const struct proxy_conf *fe = t->s.session->frontend->conf;
	const struct switch_rule *decider = NULL;
	struct eval e;
	enum verdict v = request_list(t, fe, AT(FE_CONTENT), &e);

	const struct proxy_conf *be;

	if (v == V_SWITCH)
		return TCP_SWITCH;
	if (v != V_CONTINUE && v != V_ALLOW) {
		count_denied(t, v);
		return refuse(t, v, 'R');
	}
	e.place = AT(FE_USE_BACKEND);
	e.raw_req = at_hand(&t->up);
	e.raw_req_final = t->up.eof;
	be = eval_backend(&e, fe, &decider);
	if (be && be->mode == MODE_HTTP) {
		t->s.session->switched_to = generation_proxy(t->s.session->generation, be);
		t->s.last_rule = NULL;
		return TCP_SWITCH;
	}
	if (!stream_set_backend(&t->s, be)) {
		stream_end(&t->s, 'S', 'C');
		return TCP_END;
	}
	t->backend_rules = true;
	if (t->s.backend->conf->nfilters && t->s.backend != t->s.session->frontend)
		filter_trace_attach(&t->s, &t->up.limits, &t->down.limits, t->s.backend->conf);
	return TCP_GO_ON;
}

static enum tcp_next backend_rules(struct tcp_stream *t)
{
	const struct proxy_conf *be = t->s.backend->conf;
	struct eval e;
	enum verdict v = V_CONTINUE;

	if (t->s.backend != t->s.session->frontend) {
		v = request_list(t, be, AT(BE_CONTENT), &e);
	} else {
		stream_eval(&t->s, &e, AT(BE_SET_SRV));
	}
	if (v != V_CONTINUE && v != V_ALLOW) {
		count_denied(t, v);
		return refuse(t, v, 'R');
	}
	if (be->use_server.n) {
		e.place = AT(BE_SET_SRV);
		e.raw_req = at_hand(&t->up);
		stream_use_server(&t->s, &e);
	}
	if (be->persist_rdp || be->balance.kind == BAL_RDP_COOKIE) {
		e.place = AT(BE_SET_SRV);
		e.raw_req = at_hand(&t->up);
		stream_rdp(&t->s, &e);
	}
	if (stream_sticks(&t->s)) {
		e.place = AT(BE_SET_SRV);
		e.raw_req = at_hand(&t->up);
		e.raw_req_final = true;
		stream_stick_request(&t->s, &e);
	}
	return TCP_GO_ON;
}

enum tcp_next tcp_rules_request(struct tcp_stream *t)
{
	enum tcp_next next = TCP_GO_ON;

	if (!t->backend_rules)
		next = frontend_rules(t);
	return next == TCP_GO_ON ? backend_rules(t) : next;
}

enum tcp_next tcp_rules_response(struct tcp_stream *t)
{
	const struct proxy_conf *be = t->s.backend->conf;
	struct worker *w = t->s.session->conn.worker;
	struct eval e;
	enum verdict v;

	stream_eval(&t->s, &e, AT(BE_RES_CONTENT));
	e.raw_res = at_hand(&t->down);
	e.raw_res_final = t->down.eof;
	e.may_wait = may_wait(t, &t->down, be->tcp_res_inspect);
	v = list_run(t, &e, &be->rules[RS_TCP_RES_CONT]);
	if (v == V_CONTINUE || v == V_ALLOW)
		return TCP_GO_ON;
	if (v != V_WAIT) {
		SESSION_COUNT(t->s.session, denied_resp);
		counters_be(w, t->s.backend->index)->denied_resp++;
		counters_srv(w, t->s.server.server->index)->denied_resp++;
	}
	return refuse(t, v, 'D');
}

void tcp_rules_stick(struct tcp_stream *t)
{
	struct eval e;

	stream_eval(&t->s, &e, AT(BE_STORE));
	e.raw_req = at_hand(&t->up);
	e.raw_res = at_hand(&t->down);
	e.raw_req_final = e.raw_res_final = true;
	stream_stick_response(&t->s, &e);
}

/* As for HAProxy: who leaves while rules wait belongs to the backend that they would have led to. */
void tcp_rules_give_up(struct tcp_stream *t)
{
	const struct switch_rule *decider = NULL;
	struct eval e;

	if (t->s.backend)
		return;
	stream_eval(&t->s, &e, AT(FE_USE_BACKEND));
	e.raw_req = at_hand(&t->up);
	e.raw_req_final = true;
	stream_set_backend(&t->s, eval_backend(&e, t->s.session->frontend->conf, &decider));
}

/* When the client must have said something; UINT64_MAX: it has all the time. */
static uint64_t client_until(const struct tcp_stream *t)
{
	uint32_t silence = stream_timeout(&t->s, TMO_CLIENT);

	return silence ? t->client_seen + silence : UINT64_MAX;
}

bool tcp_rules_client_silent(struct tcp_stream *t)
{
	if (client_until(t) > t->s.session->conn.worker->now)
		return false;
	tcp_rules_give_up(t);
	stream_end(&t->s, 'c', 'R');
	return true;
}

void tcp_rules_arm(struct tcp_stream *t)
{
	struct session *s = t->s.session;
	uint64_t until = t->inspect_until;

	if (t->state == TCP_REQ_RULES && client_until(t) < until)
		until = client_until(t);
	if (!deadline_is_set(&s->deadline) || until < s->deadline.at)
		deadline_set(s->conn.worker, &s->deadline, until);
}
