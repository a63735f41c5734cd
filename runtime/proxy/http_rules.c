/* Rule lists in mode http: which one, with what they may see, and what their verdict means. */
#include "grammar/rows.h"
#include "runtime/proxy/http_stream.h"
#include "runtime/proxy/http_wait.h"
#include "runtime/proxy/stream_lookup.h"

#include "runtime/proxy/http_cache.h"
#include "runtime/proxy/http_count.h"
#include "runtime/proxy/stream_stick.h"
#include "runtime/proxy/session_count.h"
#include "runtime/stats/counters.h"
#include "runtime/stick/track.h"

static void count_denied_request(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);

	SESSION_COUNT(hs->s.session, denied_req);
	if (hs->s.counted_backend && hs->s.backend != hs->s.session->frontend)
		counters_be(w, hs->s.backend->index)->denied_req++;
}

static void count_intercepted(struct http_stream *hs)
{
	counters_fe(http_worker(hs), hs->s.session->frontend->index)->intercepted++;
}

static enum http_next deny(struct http_stream *hs, const struct rule *rule)
{
	count_denied_request(hs);
	stream_count(&hs->s, STICK_ERROR);
	stream_end(&hs->s, 'P', 'R');
	return http_reply_rule(hs, rule, V_DENY);
}

static enum http_next tarpit(struct http_stream *hs, const struct rule *rule)
{
	const struct proxy_conf *px = http_proxy(hs);
	const uint32_t *t = px->timeout;
	uint32_t ms = t[TMO_TARPIT] || !(px->role & ROLE_BACKEND) ? t[TMO_TARPIT] : t[TMO_CONNECT];

	count_denied_request(hs);
	stream_count(&hs->s, STICK_ERROR);
	stream_end(&hs->s, 'P', 'T');
	hs->tarpit = rule;
	hs->tarpit_until = http_worker(hs)->now + ms;
	hs->phase = HTTP_TARPIT;
	return HTTP_AGAIN;
}

/* Nothing is answered. */
static enum http_next reject(struct http_stream *hs, bool drop)
{
	count_denied_request(hs);
	stream_end(&hs->s, 'P', 'R');
	hs->s.log.t_request = -1;
	hs->s.log.bytes_in += http_body_counted(hs, false);
	if (drop)
		conn_drop(&hs->s.session->conn);
	else if (hs->s.session->conn.mux)
		hs->s.session->conn.flags |= CONN_RESET; /* all of the client's connection */
	return HTTP_CLOSE;
}

static enum http_next request_verdict(struct http_stream *hs, enum verdict v, const struct rule *rule)
{
	switch (v) {
	case V_CONTINUE:
	case V_ALLOW:
	case V_SWITCH:
		return HTTP_AGAIN;
	case V_DENY:
		return deny(hs, rule);
	case V_TARPIT:
		return tarpit(hs, rule);
	case V_RETURN:
	case V_REDIRECT:
	case V_AUTH:
		count_intercepted(hs);
		if (v == V_AUTH)
			stream_count(&hs->s, STICK_ERROR);
		stream_end(&hs->s, 'L', 'R');
		return http_reply_rule(hs, rule, v);
	case V_REJECT:
		return reject(hs, false);
	case V_SILENT_DROP:
		return reject(hs, true);
	case V_INVALID:
		count_denied_request(hs);
		return http_reply_failure(hs, 400, 'P', 'R');
	case V_WAIT:
		return HTTP_WAIT;
	case V_SERVICE:
		if (hs->cache && hs->cache->entry)
			return http_cache_begin(hs);
		count_intercepted(hs);
		return http_service_run(hs, rule);
	case V_ERROR:
		break;
	}
	return http_reply_failure(hs, 500, 'P', 'R');
}

/* tcp-request inspect-delay: may content rules still ask for more? The delay begins with their first look. */
static bool may_inspect(struct http_stream *hs, const struct proxy_conf *px)
{
	if (!px->tcp_req_inspect || hs->s.session->conn.flags & (CONN_EOF | CONN_ERROR) ||
	    !http_client_has_room(hs) || http_request_is_at_hand(hs))
		return false;
	if (hs->wait == HTTP_NO_WAIT) {
		hs->wait = HTTP_WAIT_DATA;
		hs->wait_until = http_worker(hs)->now + px->tcp_req_inspect;
	}
	return http_worker(hs)->now < hs->wait_until;
}

/* One list from hs->rule on, with what it puts into effect. V_WAIT: *next is to be returned, the list goes on
 * later or never. */
static enum verdict list_run(struct http_stream *hs, struct eval *e, const struct rules *rules, bool response,
			     const struct rule **decider, enum http_next *next)
{
	enum verdict v;

	http_body_again(hs);
	for (;;) {
		if (hs->wait > HTTP_WAIT_DATA) {
			*next = http_wait_look(hs, response);
			if (*next != HTTP_AGAIN || hs->phase == HTTP_REPLY)
				return V_WAIT;
			e->resumed = true;
			if (!response) /* that is how long the request took */
				hs->s.log.t_request = (int32_t)(http_worker(hs)->now - hs->s.begun);
			if (hs->s.lookup)
				stream_lookup_end(&hs->s, e);
		}
		v = rules_run(e, rules, &hs->rule, decider);
		hs->s.log.waiting = v == V_WAIT ? *decider : NULL;
		if (hs->s.settings)
			settings_apply_client(hs->s.settings, conn_carrier(&hs->s.session->conn)->io.fd);
		if (v != V_WAIT || e->wait.kind == EW_DATA)
			break;
		http_wait_begin(hs, e);
	}
	http_count_rewrites(hs, e, v == V_ERROR, response);
	*next = HTTP_WAIT;
	if (v != V_WAIT)
		hs->wait = HTTP_NO_WAIT;
	return v;
}

enum http_next http_rules_request(struct http_stream *hs, const struct proxy_conf *px, enum ruleset set,
				  uint32_t place)
{
	const struct rules *rules = &px->rules[set];
	const struct rule *decider = NULL;
	struct session *s = hs->s.session;
	bool inspected;
	enum http_next next;
	struct eval e;
	enum verdict v;

	if (!rules->n)
		return HTTP_AGAIN;
	http_eval(hs, &e, place);
	if (set == RS_TCP_REQ_CONT) {
		e.raw_req = str_make(buf_at(&s->in, 0), s->in.len);
		e.may_wait = may_inspect(hs, px);
	}
	e.raw_req_final = s->conn.flags & CONN_EOF || !http_client_has_room(hs);
	inspected = hs->wait == HTTP_WAIT_DATA;
	v = list_run(hs, &e, rules, false, &decider, &next);
	if (inspected && (v == V_CONTINUE || v == V_ALLOW) && set == RS_TCP_REQ_CONT) {
		if (place & AT(FE_CONTENT))
			hs->s.log.t_request = (int32_t)(http_worker(hs)->now - hs->s.begun);
		if (s->conn.flags & (CONN_EOF | CONN_ERROR) && !http_request_is_at_hand(hs))
			return http_body_never_comes(hs);
	}
	if (set == RS_TCP_REQ_CONT && (v == V_REJECT || v == V_SILENT_DROP))
		hs->s.log.bad_request = true; /* it was not looked at yet */
	return v == V_WAIT ? next : request_verdict(hs, v, decider);
}

enum http_next http_redirects(struct http_stream *hs, const struct proxy_conf *px)
{
	const struct rule *decider = NULL;
	struct eval e;
	enum verdict v;

	if (!px->redirects.n)
		return HTTP_AGAIN;
	http_eval(hs, &e, px == http_frontend(hs) ? AT(FE_REQ_HDR) : AT(BE_REQ_HDR));
	v = rules_run(&e, &px->redirects, &hs->rule, &decider);
	return request_verdict(hs, v, decider);
}

static void count_denied_response(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);

	SESSION_COUNT(hs->s.session, denied_resp);
	if (hs->s.backend) /* a frontend's cache needs none */
		counters_be(w, hs->s.backend->index)->denied_resp++;
	if (hs->s.server.server)
		counters_srv(w, hs->s.server.server->index)->denied_resp++;
}

static enum http_next response_verdict(struct http_stream *hs, enum verdict v, const struct rule *rule)
{
	switch (v) {
	case V_CONTINUE:
	case V_ALLOW:
		return HTTP_AGAIN;
	case V_DENY:
		count_denied_response(hs);
		stream_end(&hs->s, 'P', 'H');
		return rule->reply || rule->num ? http_reply_rule(hs, rule, v) : http_reply_error(hs, 502);
	case V_RETURN:
	case V_REDIRECT:
		stream_end(&hs->s, 'L', 'H');
		return http_reply_rule(hs, rule, v);
	case V_REJECT:
	case V_SILENT_DROP:
		stream_end(&hs->s, 'P', v == V_SILENT_DROP ? 'R' : 'H');
		if (v == V_SILENT_DROP)
			conn_drop(&hs->s.session->conn);
		return HTTP_CLOSE;
	default:
		return http_reply_failure(hs, 500, 'P', 'H');
	}
}

/* Nothing but this response has come, and all of it: the connection can be used again though nobody gets it. */
static bool response_is_spent(const struct http_stream *hs)
{
	const struct conn *c = hs->down.from;
	uint64_t head = hs->down.taken + (uint64_t)hs->down.parser.pos;

	return c && !c->mux && !(c->flags & (CONN_EOF | CONN_ERROR)) && !hs->server_close &&
	       hs->up.state == FLOW_DONE && hs->res.body_complete && hs->res.body != HTTP_BODY_CHUNKED &&
	       hs->in.len == head + hs->res.body_seen.len;
}

static enum http_next response_list(struct http_stream *hs, const struct rules *rules, uint32_t place)
{
	const struct rule *decider = NULL;
	enum http_next next;
	struct eval e;
	enum verdict v;

	if (!rules->n)
		return HTTP_AGAIN;
	http_eval(hs, &e, place);
	v = list_run(hs, &e, rules, true, &decider, &next);
	if (v == V_WAIT)
		return next;
	if (v != V_CONTINUE && v != V_ALLOW) { /* what has come counts, though nobody gets it */
		if (!hs->res.body_seen.ptr)
			e.live->see_body(hs, &e, true);
		hs->s.log.bytes_out += hs->res.body_seen.len;
		hs->no_reset |= hs->res.body_complete && hs->res.body_seen.len;
		hs->spent = response_is_spent(hs);
		hs->s.log.t_response = -1;
	}
	return response_verdict(hs, v, decider);
}

/* `stick store-response`: of what `tcp-response content` let through, before `http-response` sees it. */
static void stick(struct http_stream *hs)
{
	struct eval e;

	if (!stream_sticks(&hs->s))
		return;
	http_eval(hs, &e, AT(BE_STORE));
	stream_stick_response(&hs->s, &e);
}

/* tcp-response inspect-delay: may the list still ask for more? As in HAProxy a whole response is all that there
 * may be. */
static bool may_inspect_response(struct http_stream *hs, struct eval *e)
{
	const struct conn *c = hs->down.from, *client = &hs->s.session->conn;
	uint32_t ms = http_proxy(hs)->tcp_res_inspect;

	if (!ms || (c && c->flags & (CONN_EOF | CONN_ERROR)) || (hs->in.data && !buf_room(&hs->in)))
		return false;
	if (client->flags & CONN_EOF && http_aborts(hs))
		return false;
	if (e->res && !hs->res.body_seen.ptr)
		e->live->see_body(hs, e, true);
	if (e->res && hs->res.body_complete && !http_is_interim(&hs->res))
		return false;
	if (hs->wait == HTTP_NO_WAIT) {
		hs->wait = HTTP_WAIT_DATA;
		hs->wait_until = http_worker(hs)->now + ms;
	}
	return http_worker(hs)->now < hs->wait_until;
}

/* The client gets nothing, what has come so far counts. */
static enum http_next content_refuse(struct http_stream *hs, const struct eval *e, enum verdict v)
{
	count_denied_response(hs);
	hs->s.log.t_response = -1;
	if (e->res)
		hs->s.log.bytes_out += hs->res.counted + http_body_counted(hs, true);
	hs->s.log.status = e->res_asked ? hs->res.status : 0;
	if (v == V_SILENT_DROP)
		conn_drop(&hs->s.session->conn);
	stream_end(&hs->s, 'P', v == V_SILENT_DROP ? 'R' : 'D');
	return HTTP_CLOSE;
}

/* Nothing more is wanted of the server: what is there of the response may pass, else it is an answer of ours.
 */
static enum http_next content_close(struct http_stream *hs, const struct eval *e, bool last)
{
	if (!e->res && !last)
		return http_reply_failure(hs, 502, 'S', 'H');
	if (hs->down.from)
		hs->down.from->flags |= CONN_EOF;
	return HTTP_AGAIN;
}

enum http_next http_rules_content(struct http_stream *hs, bool last)
{
	const struct rules *rules = &http_proxy(hs)->rules[RS_TCP_RES_CONT];
	const struct rule *decider = NULL;
	enum http_next next;
	struct eval e;
	enum verdict v;

	http_eval(hs, &e, AT(BE_RES_CONTENT));
	e.raw_res_final = true;
	http_body_again(hs);
	e.may_wait = !last && may_inspect_response(hs, &e);
	v = list_run(hs, &e, rules, true, &decider, &next);
	if (v == V_WAIT)
		return next;
	hs->content = false;
	hs->rule = 0;
	if (v == V_REJECT && decider->action == ACTION_CLOSE)
		return content_close(hs, &e, last);
	if (v != V_CONTINUE && v != V_ALLOW)
		return content_refuse(hs, &e, v);
	return HTTP_AGAIN;
}

enum http_next http_rules_service(struct http_stream *hs)
{
	if (!http_proxy(hs)->rules[RS_TCP_RES_CONT].n)
		return HTTP_AGAIN;
	hs->rule = 0;
	return http_rules_content(hs, true);
}

enum http_next http_rules_response(struct http_stream *hs)
{
	const struct proxy_conf *be = http_proxy(hs), *fe = http_frontend(hs);
	const struct {
		const struct rules *rules;
		uint32_t place;
	} lists[] = {
#define PHASE_RESPONSE(proxy, set, place, ...) {&proxy->rules[set], place},
#include "runtime/proxy/phases.def"
	};
	unsigned n = be == fe ? 2 : 3;

	if (hs->list == 0) { /* http_rules_content() */
		stick(hs);
		hs->list = 1;
	}
	for (; hs->list < n; hs->list++, hs->rule = 0) {
		enum http_next next = response_list(hs, lists[hs->list].rules, lists[hs->list].place);

		if (next != HTTP_AGAIN || hs->phase == HTTP_REPLY)
			return next;
	}
	return HTTP_AGAIN;
}

/* They see every response, ours too; what they decide is only how far they go. */
bool http_rules_after_response(struct http_stream *hs)
{
	const struct proxy_conf *lists[] = {hs->s.backend ? hs->s.backend->conf : NULL, http_frontend(hs)};
	const struct rule *decider;
	enum verdict v = V_CONTINUE;
	struct eval e;

	for (int i = 0; i < 2 && v != V_ERROR; i++) {
		uint32_t index = 0;

		if (!lists[i] || !lists[i]->rules[RS_HTTP_AFTER_RES].n || (i == 1 && lists[0] == lists[1]))
			continue;
		http_eval(hs, &e, i ? AT(FE_RES_HDR) : AT(BE_RES_HDR));
		hs->s.log.status = hs->res.status; /* do-log tells it */
		v = rules_run(&e, &lists[i]->rules[RS_HTTP_AFTER_RES], &index, &decider);
		http_count_rewrites(hs, &e, v == V_ERROR, true);
	}
	return v != V_ERROR;
}
