/* The Prometheus exporter: metrics of the process, its proxies, servers and stick tables in the text format
 * 0.0.4, with HAProxy's names, labels, types and texts. Any worker; figures of other workers are read while
 * they run. */
#ifndef LB_STATS_PROMETHEUS_H
#define LB_STATS_PROMETHEUS_H

#include "grammar/base/out.h"

struct worker;
struct generation;

enum prometheus_scope {
	PROMETHEUS_GLOBAL = 1,
	PROMETHEUS_FRONTEND = 2,
	PROMETHEUS_BACKEND = 4,
	PROMETHEUS_SERVER = 8,
	PROMETHEUS_STICKTABLE = 16,
	PROMETHEUS_LISTENER = 32, /* sockets of frontends with `option socket-stats` */
	PROMETHEUS_ALL = 63
};

/* What a request asks for. metrics: the query, for its parameters `metrics`; empty: there are none. Borrowed. */
struct prometheus_query {
	unsigned scopes;
	bool no_maint, extra_counters;
	struct str metrics;
};

/* Reads the query of a URL (without `?`). False when a scope is unknown. Pure. */
bool prometheus_parse(struct str query, struct prometheus_query *q);
/* Appends the document. */
void prometheus_write(struct worker *w, const struct generation *g, const struct prometheus_query *q,
		      struct out *out);

#endif
