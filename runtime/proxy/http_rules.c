/* Rule lists in mode http: which one, with what they may see, and what their verdict means. */
#include "runtime/proxy/http_stream.h"

#include "runtime/stats/counters.h"
#include "runtime/stick/track.h"

static void count_denied_request(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);

	counters_fe(w, hs->s.session->frontend->index)->denied_req++;
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
	const uint32_t *t = http_proxy(hs)->timeout;
	uint32_t ms = t[TMO_TARPIT] ? t[TMO_TARPIT] : t[TMO_CONNECT];

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
	if (drop)
		conn_drop(&hs->s.session->conn);
	return HTTP_CLOSE;
}

static enum http_next request_verdict(struct http_stream *hs, enum verdict v, const struct rule *rule)
{
	switch (v) {
	case V_CONTINUE:
	case V_ALLOW:
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
	case V_WAIT:
		return HTTP_WAIT;
	case V_SERVICE:
	case V_ERROR:
		break;
	}
	return http_reply_failure(hs, 500, 'P', 'R');
}

enum http_next http_rules_request(struct http_stream *hs, const struct proxy_conf *px, enum ruleset set,
				  uint32_t place)
{
	const struct rules *rules = &px->rules[set];
	const struct rule *decider = NULL;
	struct session *s = hs->s.session;
	struct eval e;
	enum verdict v;

	if (!rules->n)
		return HTTP_AGAIN;
	stream_eval(&hs->s, &e, place);
	if (set == RS_TCP_REQ_CONT)
		e.raw_req = str_make(s->in.data + s->in.off, s->in.len);
	e.raw_req_final = s->conn.flags & CONN_EOF || !http_client_has_room(hs);
	v = rules_run(&e, rules, &hs->rule, &decider);
	return request_verdict(hs, v, decider);
}

enum http_next http_redirects(struct http_stream *hs, const struct proxy_conf *px)
{
	const struct rule *decider = NULL;
	struct eval e;
	enum verdict v;

	if (!px->redirects.n)
		return HTTP_AGAIN;
	stream_eval(&hs->s, &e, px == http_frontend(hs) ? AT(FE_REQ_HDR) : AT(BE_REQ_HDR));
	v = rules_run(&e, &px->redirects, &hs->rule, &decider);
	return request_verdict(hs, v, decider);
}

static void count_denied_response(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);

	counters_fe(w, hs->s.session->frontend->index)->denied_resp++;
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
		stream_end(&hs->s, 'P', 'H');
		if (v == V_SILENT_DROP)
			conn_drop(&hs->s.session->conn);
		return HTTP_CLOSE;
	default:
		return http_reply_failure(hs, 500, 'P', 'H');
	}
}

static enum http_next response_list(struct http_stream *hs, const struct rules *rules, uint32_t place)
{
	const struct rule *decider = NULL;
	uint32_t index = 0;
	struct eval e;
	enum verdict v;

	if (!rules->n)
		return HTTP_AGAIN;
	stream_eval(&hs->s, &e, place);
	v = rules_run(&e, rules, &index, &decider);
	return response_verdict(hs, v, decider);
}

enum http_next http_rules_response(struct http_stream *hs, const struct proxy_conf *px)
{
	bool backend = hs->s.backend && px == hs->s.backend->conf;
	enum http_next next = HTTP_AGAIN;

	if (backend)
		next = response_list(hs, &px->rules[RS_TCP_RES_CONT], AT(BE_RES_CONTENT));
	if (next == HTTP_AGAIN)
		next = response_list(hs, &px->rules[RS_HTTP_RES], backend ? AT(BE_RES_HDR) : AT(FE_RES_HDR));
	return next;
}

/* They see every response, ours too; what they decide is only how far they go. */
void http_rules_after_response(struct http_stream *hs)
{
	const struct proxy_conf *lists[] = {hs->s.backend ? hs->s.backend->conf : NULL, http_frontend(hs)};
	const struct rule *decider;
	struct eval e;

	for (int i = 0; i < 2; i++) {
		uint32_t index = 0;

		if (!lists[i] || !lists[i]->rules[RS_HTTP_AFTER_RES].n || (i == 1 && lists[0] == lists[1]))
			continue;
		stream_eval(&hs->s, &e, i ? AT(FE_RES_HDR) : AT(BE_RES_HDR));
		rules_run(&e, &lists[i]->rules[RS_HTTP_AFTER_RES], &index, &decider);
	}
}
