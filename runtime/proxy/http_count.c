/* What the statistics count of requests and responses (management manual, section 9.1: req_tot, hrsp_1xx ...).
 */
#include "runtime/proxy/http_count.h"

#include "runtime/proxy/session_count.h"
#include "runtime/stats/counters.h"

void http_count_request(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);
	struct fe_counters *fe = counters_fe(w, hs->s.session->frontend->index);

	fe->cum_req++;
	rate_add(&fe->req_rate, w->now, 1);
	hs->s.log.request_counter = atomic_fetch_add_explicit(&w->process->unique_id, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->process->cum_requests, 1, memory_order_relaxed);
}

/* The three structs have the fields alike. */
#define COUNT_CLASS(counters, status)                                                                          \
	do {                                                                                                   \
		switch ((status) / 100) {                                                                      \
		case 1:                                                                                        \
			(counters)->rsp_1xx++;                                                                 \
			break;                                                                                 \
		case 2:                                                                                        \
			(counters)->rsp_2xx++;                                                                 \
			break;                                                                                 \
		case 3:                                                                                        \
			(counters)->rsp_3xx++;                                                                 \
			break;                                                                                 \
		case 4:                                                                                        \
			(counters)->rsp_4xx++;                                                                 \
			break;                                                                                 \
		case 5:                                                                                        \
			(counters)->rsp_5xx++;                                                                 \
			break;                                                                                 \
		default:                                                                                       \
			(counters)->rsp_other++;                                                               \
		}                                                                                              \
	} while (0)

/* As it came, whatever rules make of it. */
void http_count_server_response(struct http_stream *hs, unsigned status)
{
	struct srv_counters *srv;

	if (hs->counted_server || !hs->s.server.server || !hs->s.server.conn)
		return;
	hs->counted_server = true;
	srv = counters_srv(http_worker(hs), hs->s.server.server->index);
	COUNT_CLASS(srv, status);
	srv->cum_req++;
}

void http_count_response(struct http_stream *hs, unsigned status)
{
	struct worker *w = http_worker(hs);
	struct fe_counters *fe = counters_fe(w, hs->s.session->frontend->index);

	if (hs->counted)
		return;
	hs->counted = true;
	COUNT_CLASS(fe, status);
	if (hs->s.counted_backend) {
		struct be_counters *be = counters_be(w, hs->s.backend->index);

		COUNT_CLASS(be, status);
		be->cum_req++;
	}
	http_count_server_response(hs, status);
}

void http_count_rewrites(struct http_stream *hs, const struct eval *e, bool fatal, bool response)
{
	struct session *s = hs->s.session;
	struct worker *w = http_worker(hs);

	if (!e->failed_rewrites)
		return;
	SESSION_COUNT_N(s, failed_rewrites, e->failed_rewrites);
	SESSION_COUNT_N(s, internal_errors, fatal);
	if (response ? hs->s.backend != NULL : hs->s.counted_backend && hs->s.backend != s->frontend) {
		counters_be(w, hs->s.backend->index)->failed_rewrites += e->failed_rewrites;
		counters_be(w, hs->s.backend->index)->internal_errors += fatal;
	}
	if (response && hs->s.server.server) {
		counters_srv(w, hs->s.server.server->index)->failed_rewrites += e->failed_rewrites;
		counters_srv(w, hs->s.server.server->index)->internal_errors += fatal;
	}
}

void http_count_abort(struct http_stream *hs, bool client)
{
	struct worker *w = http_worker(hs);
	struct be_counters *be = counters_be(w, hs->s.backend->index);
	struct srv_counters *srv = hs->s.server.server ? counters_srv(w, hs->s.server.server->index) : NULL;

	++*(client ? &be->cli_aborts : &be->srv_aborts);
	if (srv)
		++*(client ? &srv->cli_aborts : &srv->srv_aborts);
}

void http_count_failed_response(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);

	counters_be(w, hs->s.backend->index)->failed_resp++;
	if (hs->s.server.server)
		counters_srv(w, hs->s.server.server->index)->failed_resp++;
}

void http_count_end(struct http_stream *hs)
{
	hs->counted_server = true;
	if (hs->s.counted_request)
		http_count_response(hs, 0);
}
