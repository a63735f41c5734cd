/* What happens to a request between its head and its server, as the steps of phases.def (manual, section 2.4
 * and the descriptions of the keywords): the frontend's rules, the choice of a backend, the backend's rules,
 * persistence, a server. A step that has to wait is called again; rules go on where they stood. */
#include "runtime/proxy/http_fields.h"
#include "runtime/proxy/http_wait.h"
#include "runtime/proxy/filter_trace.h"
#include "runtime/proxy/stream_stick.h"

#include "runtime/stats/counters.h"
#include "runtime/stick/track.h"
#include "runtime/stats/stats_http.h"

/* Are the backend's own settings to be gone through? Not for a `listen`. */
static bool other_backend(const struct http_stream *hs)
{
	return hs->s.backend && hs->s.backend != hs->s.session->frontend;
}

/* Here the request counts in what is tracked already; who begins later counts it then. */
static enum http_next monitor(struct http_stream *hs)
{
	const struct proxy_conf *fe = http_frontend(hs);
	struct eval e;

	stream_count(&hs->s, STICK_REQUEST);
	hs->s.counted_request = true;
	if (!fe->monitor_uri.len ||
	    !(str_eq(hs->req.uri, fe->monitor_uri) || str_eq(http_uri_pathq(hs->req.uri), fe->monitor_uri)))
		return HTTP_AGAIN;
	hs->silent = true;
	counters_fe(http_worker(hs), hs->s.session->frontend->index)->intercepted++;
	http_eval(hs, &e, AT(FE_REQ_HDR));
	stream_end(&hs->s, 'L', 'R');
	return http_reply_error(hs, fe->monitor_fail && cond_eval(&e, fe->monitor_fail) ? 503 : 200);
}

static enum http_next fe_body(struct http_stream *hs)
{
	return proxy_option_is_set(http_frontend(hs), PO_HTTP_BUFFER_REQUEST) ? http_body_buffer(hs)
									      : HTTP_AGAIN;
}

/* Bodies of POST requests that are searched for the balancing parameter (manual, "balance url_param"). */
static enum http_next post_body(struct http_stream *hs)
{
	return hs->req.method == HTTP_M_POST && http_proxy(hs)->balance.check_post ? http_body_wait(hs, 0)
										   : HTTP_AGAIN;
}

static enum http_next be_body(struct http_stream *hs)
{
	if (!other_backend(hs) || !proxy_option_is_set(http_proxy(hs), PO_HTTP_BUFFER_REQUEST))
		return post_body(hs);
	return http_body_buffer(hs);
}

static inline enum http_next rules(struct http_stream *hs, const struct proxy_conf *px, enum ruleset set,
				   uint32_t place)
{
	return px->rules[set].n ? http_rules_request(hs, px, set, place) : HTTP_AGAIN;
}

static enum http_next fe_tcp_rules(struct http_stream *hs)
{
	return rules(hs, http_frontend(hs), RS_TCP_REQ_CONT, AT(FE_CONTENT));
}

static enum http_next fe_http_rules(struct http_stream *hs)
{
	return rules(hs, http_frontend(hs), RS_HTTP_REQ, AT(FE_REQ_HDR));
}

static enum http_next statistics(struct http_stream *hs, struct proxy *px)
{
	enum http_next next;

	if (!px->conf->stats.enabled || !stats_wanted(px, &hs->req))
		return HTTP_AGAIN;
	if (hs->req.method == HTTP_M_POST && (next = http_body_wait(hs, 0)) != HTTP_AGAIN)
		return next;
	counters_fe(http_worker(hs), hs->s.session->frontend->index)->intercepted++;
	return http_reply_stats(hs, px);
}

static enum http_next fe_statistics(struct http_stream *hs)
{
	return statistics(hs, hs->s.session->frontend);
}

static enum http_next fe_names(struct http_stream *hs)
{
	return http_names_restrict(hs, http_frontend(hs));
}

static enum http_next be_names(struct http_stream *hs)
{
	return other_backend(hs) ? http_names_restrict(hs, http_proxy(hs)) : HTTP_AGAIN;
}

static enum http_next fe_redirects(struct http_stream *hs)
{
	if (!http_frontend(hs)->redirects.n)
		return HTTP_AGAIN;
	return http_redirects(hs, http_frontend(hs));
}

static enum http_next choose_backend(struct http_stream *hs)
{
	const struct proxy_conf *fe = http_frontend(hs), *be = fe->default_backend;
	const struct switch_rule *decider;
	struct eval e;

	if (hs->s.session->switched_to && hs->s.session->requests == 1) {
		be = hs->s.session->switched_to->conf;
	} else if (fe->use_backend.n) {
		http_eval(hs, &e, AT(FE_USE_BACKEND));
		be = eval_backend(&e, fe, &decider);
	}
	if (!stream_set_backend(&hs->s, be)) {
		hs->s.log.t_request = -1; /* seen with HAProxy: it is not taken by anybody */
		return http_reply_failure(hs, 503, 'S', 'C');
	}
	if (hs->s.backend->conf->nfilters && hs->s.backend != hs->s.session->frontend)
		filter_trace_attach(&hs->s, &hs->up.limits, &hs->down.limits, hs->s.backend->conf);
	return HTTP_AGAIN;
}

static enum http_next be_tcp_rules(struct http_stream *hs)
{
	if (!other_backend(hs))
		return HTTP_AGAIN;
	return rules(hs, http_proxy(hs), RS_TCP_REQ_CONT, AT(BE_CONTENT));
}

static enum http_next be_http_rules(struct http_stream *hs)
{
	return other_backend(hs) ? rules(hs, http_proxy(hs), RS_HTTP_REQ, AT(BE_REQ_HDR)) : HTTP_AGAIN;
}

static enum http_next be_statistics(struct http_stream *hs)
{
	return other_backend(hs) ? statistics(hs, hs->s.backend) : HTTP_AGAIN;
}

static enum http_next be_redirects(struct http_stream *hs)
{
	return other_backend(hs) ? http_redirects(hs, http_proxy(hs)) : HTTP_AGAIN;
}

static inline void use_server(struct http_stream *hs, const struct proxy_conf *px)
{
	struct eval e;

	if (!px->use_server.n)
		return;
	http_eval(hs, &e, AT(BE_SET_SRV));
	stream_use_server(&hs->s, &e);
}

/* force-persist and ignore-persist: the first rule that matches decides. */
static inline void persist_rules(struct http_stream *hs, const struct proxy_conf *px)
{
	struct eval e;

	if (!px->persist_rules.n)
		return;
	http_eval(hs, &e, AT(BE_SET_SRV));
	for (uint32_t i = 0; i < px->persist_rules.n; i++) {
		if (!cond_eval(&e, px->persist_rules.v[i].cond))
			continue;
		hs->persist_forced = !px->persist_rules.v[i].ignore;
		hs->persist_ignored = px->persist_rules.v[i].ignore;
		return;
	}
}

static inline void request_cookie(struct http_stream *hs, const struct proxy_conf *px)
{
	if (http_frontend(hs)->capture_cookie.len) /* not of requests that rules have answered */
		http_cookie_capture(hs, false);
	if (px->cookie.mode != COOKIE_NONE)
		http_cookie_request(hs);
}

static inline void stick_request(struct http_stream *hs, const struct proxy_conf *px)
{
	struct eval e;

	(void)px;
	if (!stream_sticks(&hs->s))
		return;
	http_eval(hs, &e, AT(BE_SET_SRV));
	stream_stick_request(&hs->s, &e);
}

static enum http_next persistence(struct http_stream *hs)
{
	const struct proxy_conf *px = http_proxy(hs);

#define PHASE_PART(function, ...) function(hs, px);
#include "runtime/proxy/phases.def"
	return HTTP_AGAIN;
}

static enum http_next headers(struct http_stream *hs)
{
	if (http_frontend(hs)->compression.res.nalgos || http_proxy(hs)->compression.res.nalgos)
		http_compress_request(hs);
	return http_headers_request(hs) ? HTTP_AGAIN : http_reply_failure(hs, 500, 'P', 'R');
}

static enum http_next (*const steps[])(struct http_stream *hs) = {
#define PHASE_STEP(function, ...) function,
#include "runtime/proxy/phases.def"
};

/* Of a connection that began in mode tcp, behind the content rules that have decided that. */
uint8_t http_step_switched(void)
{
	uint8_t step = 0;

	while (steps[step] != monitor)
		step++;
	return step;
}

enum http_next http_steps_run(struct http_stream *hs)
{
	while (hs->phase == HTTP_STEPS) {
		enum http_next next = steps[hs->step](hs);

		if (next != HTTP_AGAIN)
			return next;
		hs->step++;
		hs->rule = 0;
	}
	return HTTP_AGAIN;
}

enum http_next http_tarpit_run(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);
	bool gone = hs->s.session->conn.flags & (CONN_EOF | CONN_ERROR) &&
		    (http_aborts(hs) || hs->s.session->conn.mux);

	if (w->now < hs->tarpit_until && !gone)
		return HTTP_WAIT;
	hs->s.log.t_queue = (int32_t)(w->now - hs->s.begun);
	hs->s.log.t_request = -1;
	if (gone && hs->s.session->conn.flags & CONN_ERROR) { /* nobody is there to be told */
		hs->s.log.status =
			hs->tarpit->reply && hs->tarpit->reply->status ? hs->tarpit->reply->status : 500;
		return HTTP_CLOSE;
	}
	return http_reply_rule(hs, hs->tarpit, V_TARPIT);
}
