/* What may be kept and given out again (manual, section 6.1; RFC 9111), judged from heads alone. No state; any
 * thread. */
#ifndef LB_CACHE_POLICY_H
#define LB_CACHE_POLICY_H

#include "runtime/eval/message.h"

/* What a request allows. */
struct cache_request {
	bool lookup;	    /* it may be answered out of the cache */
	bool store;	    /* its response may be kept */
	bool authorized;    /* it has credentials: only public responses may be kept */
	bool invalidates;   /* when it succeeds, what is kept for its target is stale (RFC 9111 section 4.4) */
};
void cache_request_judge(struct http_msg *m, struct cache_request *r);

/* What is known of a response that may be kept. */
struct cache_lifetime {
	uint32_t seconds; /* from now on */
	uint32_t age;	  /* that it has already */
};
/* May the response be kept? now: wall clock; max_age: of the section. What it varies by is judged elsewhere. */
bool cache_response_judge(struct http_msg *m, const struct cache_request *r, int64_t now, uint32_t max_age,
			  struct cache_lifetime *life);

/* Would a 304 do, for a request with conditions and a stored response (RFC 9110 section 13)? */
bool cache_not_modified(struct http_msg *request, struct http_msg *stored);

/* Seconds since 1970 of a date of HTTP (RFC 9110 section 5.6.7); false when it is none. */
bool cache_date(struct str text, int64_t *seconds);

/* What requests differ by where a response says Vary (manual: accept-encoding and referer are known). */
enum { CACHE_VARY_ENCODING = 1, CACHE_VARY_REFERER = 2 };
struct cache_vary {
	uint32_t encodings; /* of a request: those that it takes, a bit each; of a response: its own one */
	uint32_t referer;   /* hash of the field; 0: none */
};
void cache_vary_request(struct http_msg *m, struct cache_vary *v);
/* The CACHE_VARY bits of a response, and its encoding. False: it varies by something else, or has an encoding
 * that nobody knows. */
bool cache_vary_response(struct http_msg *m, uint8_t *bits, uint32_t *encoding);
/* May a response with those bits and these values answer the request? */
bool cache_vary_matches(uint8_t bits, const struct cache_vary *stored, const struct cache_vary *request);

#endif
