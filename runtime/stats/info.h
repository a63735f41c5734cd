/* What the process is and how it does: the figures of `show info` and of the Prometheus exporter (management
 * manual, section 9.3). The table info.def holds names, order and tags. Any worker; figures of other workers
 * are read while they run. */
#ifndef LB_STATS_INFO_H
#define LB_STATS_INFO_H

#include "runtime/core/process.h"

enum info_id {
#define INFO(position, name, id, tags, kind, description) INFO_##id,
#include "runtime/stats/info.def"
#undef INFO
	INFO_COUNT
};

struct info {
	uint64_t number[INFO_COUNT];
	struct str text[INFO_COUNT];
	double uptime, start; /* seconds, with their fractions */
	bool exact;           /* shown with them */
	char version[64], lasted[32], tainted[16], node[256];
};

/* Fills all values of a zeroed struct; its texts point into itself and the model. Figures of features that are
 * not built are 0, as with HAProxy. */
void info_fill(struct info *v, struct worker *w, const struct generation *g);

#endif
