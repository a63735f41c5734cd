/* What a log line can tell about one stream or connection (manual, section 8): plain data, filled while the stream runs, formatted
 * afterwards and only when a target wants it. Times: milliseconds on the worker's monotonic clock, 0 not reached yet. */
#ifndef LB_EVAL_LOG_RECORD_H
#define LB_EVAL_LOG_RECORD_H

#include <sys/socket.h>
#include <sys/time.h>

#include "grammar/base/str.h"

struct cache_conf;
struct rule;

enum { LOG_STATUS_ZERO = UINT16_MAX };

/* Who ended the stream, and in which state (manual, section 8.5). Letters as logged. */
struct log_record {
	struct timeval accept_date;  /* wall clock when the session was accepted */
	struct timeval request_date; /* first byte of this request */
	/* durations in ms, -1: not reached */
	int32_t t_handshake, t_idle, t_request; /* Th Ti TR */
	int32_t t_queue, t_connect, t_response; /* Tw Tc Tr */
	int32_t t_data, t_total, t_active, t_user; /* Td Tt Ta Tu */
	uint64_t bytes_out, bytes_in; /* %B response bytes to the client, %U request bytes to the server */
	uint64_t sent_out, sent_in; /* mode http: bytes as they went to the client and to the server */
	char cause, state, cookie_cli, cookie_srv; /* e.g. 'C' 'D' '-' '-'; cause and state '-' when normal */
	uint16_t status; /* 0: none, logged as -1; LOG_STATUS_ZERO: a server has answered with 0 */
	uint16_t retries;
	bool redispatched;
	uint32_t actconn, feconn, beconn, srvconn, srv_queue, backend_queue;
	struct str frontend, backend, server, bind_name; /* server empty: <NOSRV> */
	bool frontend_tls;
	const char *tls_version, *tls_cipher; /* NULL: unknown */
	uint32_t frontend_port; /* of the address it came in on */
	struct str method, uri, path, query; /* of the request as received */
	uint8_t version;
	struct str version_text; /* of a version that is none of ours; else empty */
	bool conn_error;  /* the connection never became a session: error-log-format */
	bool bad_request; /* logged as <BADREQ> */
	uint8_t cut;      /* enum log_cut: the request line was longer than tune.http.logurilen */
	struct str unique_id;
	const struct str *cap_req, *cap_res; /* captured headers by slot, ptr NULL: absent */
	uint32_t ncap_req, ncap_res;
	struct str cookie_captured_cli, cookie_captured_srv;
	uint32_t request_counter; /* %rt */
	uint32_t log_counter;	  /* %lc: lines that the frontend logged before this one */
	const struct cache_conf *cache; /* that the response came out of; NULL: none */
	const struct rule *waiting; /* a rule that waits for something; NULL: none does */
	const char *conn_why;	/* what was wrong with the client's connection; NULL: nothing */
	const char *compressed; /* the algorithm; NULL: it is not */
	uint8_t origin;		/* enum log_step of the line that is written; 0: none is */
	uint16_t server_status; /* as the server sent it; 0: it did not */
	bool reused;		/* the server's connection had carried others before */
	bool by_service; /* answered by a service of ours: statistics, exporter, cache */
	uint32_t calls, turn;	/* turns of the loop in which something was done for it; the last one */
	uint64_t cpu_ns, latency_ns; /* core/profile.h: processor time of complete calls, and how late they came */
	int log_level; /* RFC 5424 number; -1: silent */
};

/* Where a request line that was too long ends: in the method, the target or the version. */
enum log_cut { LOG_UNCUT, LOG_CUT_METHOD, LOG_CUT_TARGET, LOG_CUT_VERSION };
/* The status as it is told: -1 while there is none. */
static inline int32_t log_record_status(const struct log_record *r)
{
	return r->status == LOG_STATUS_ZERO ? 0 : r->status ? r->status : -1;
}
/* Leaves `limit` bytes of the request line: method, uri and version_text, and what `cut` says (manual, keyword
 * "tune.http.logurilen"). logfmt_alias.c */
void log_record_cut(struct log_record *r, uint32_t limit);

/* Did anything go wrong (manual, option dontlog-normal)? L: answered here, by a rule. */
static inline bool log_record_failed(const struct log_record *r)
{
	return (r->cause && r->cause != '-' && r->cause != 'L') || r->retries || r->redispatched || log_record_status(r) >= 500;
}

#endif
