/* The model: filters (manual, section 9). Plain data of the model's arena. */
#ifndef LB_GRAMMAR_MODEL_FILTER_H
#define LB_GRAMMAR_MODEL_FILTER_H

#include "grammar/model_stick.h"

enum filter_kind {
	FILTER_TRACE,
	FILTER_COMPRESSION,
	FILTER_CACHE,
	FILTER_SPOE,
	FILTER_FCGI,
	FILTER_OPENTRACING,
	FILTER_BANDWIDTH_IN,  /* client to server */
	FILTER_BANDWIDTH_OUT, /* server to client */
	FILTER_COMP_REQ,
	FILTER_COMP_RES,
};

struct filter_conf {
	uint8_t kind;                           /* enum filter_kind */
	bool quiet, hexdump, random_forwarding; /* trace */
	bool compressed; /* bandwidth: bytes count as they come out of compression, whose line stands before */
	struct str name; /* of a limit, a trace, a cache */
	uint32_t index;  /* in proxy_conf.filters */
	uint32_t rank[2]; /* its turn among them, for requests and for responses (filter-sequence) */
	bool off[2];	  /* a sequence leaves it out */
	/* bandwidth: so many bytes in so many ms, for one stream or (key) for all that have the key in common
	 */
	uint64_t limit;
	uint32_t period, min_size;
	const struct sample_expr *key; /* NULL: each stream by itself */
	const struct table_conf *table;
	struct str table_name; /* empty: the proxy's own */
	struct conf_pos pos;
};

static inline bool filter_is_bandwidth(const struct filter_conf *f)
{
	return f->kind == FILTER_BANDWIDTH_IN || f->kind == FILTER_BANDWIDTH_OUT;
}

#endif
