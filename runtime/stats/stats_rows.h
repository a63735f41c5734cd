/* Rows of the statistics: what is known of each frontend, listener, server and backend, as values by column,
 * and the three forms in which programs read them: CSV, typed lines and JSON (management manual, section 9).
 * Any worker; figures of other workers are read while they run. */
#ifndef LB_STATS_STATS_ROWS_H
#define LB_STATS_STATS_ROWS_H

#include "grammar/base/out.h"
#include "runtime/backend/server.h"

enum stats_column {
#define STATS_FIELD(name, tags, type, text) ST_##name,
#define STATS_GAP() ST_gap,
#include "runtime/stats/stats_fields.def"
#undef STATS_FIELD
#undef STATS_GAP
	ST_COLUMNS
};

/* Bits: as the `<type>` argument of "show stat". */
enum stats_type { STATS_FRONTEND = 1, STATS_BACKEND = 2, STATS_SERVER = 4, STATS_LISTENER = 8, STATS_ALL = 15 };

enum stats_kind { STATS_EMPTY, STATS_U32, STATS_S32, STATS_U64, STATS_STR };
struct stats_value {
	enum stats_kind kind;
	union {
		uint64_t number;
		int64_t signed_number;
		struct str text; /* borrowed from the model, or from the row */
	};
};

struct stats_row {
	enum stats_type type;
	const struct proxy *proxy;
	struct server *server;
	const struct stats_value *values; /* ST_COLUMNS of them */
};

/* Which rows; zero-initialised takes none: begin with STATS_FILTER_ALL. */
struct stats_filter {
	int64_t proxy_id;  /* -1: all */
	int64_t server_id; /* -1: all */
	uint32_t types;
	bool up_only, no_maint;
	bool described; /* the typed form says what each column is */
	bool legends; /* addresses, cookies, algorithms: `stats show-legends`, operators on the CLI */
	struct str named; /* part of the name of proxies; empty: all */
	const struct proxy *scope_of; /* its `stats scope` limits the rows; NULL: none does */
};
#define STATS_FILTER_ALL ((struct stats_filter){.proxy_id = -1, .server_id = -1, .types = STATS_ALL})

/* What stats_fields.def says of a column. */
struct stats_column_row {
	const char *name, *tags;
	const char *text; /* what it is */
};
const struct stats_column_row *stats_column_row(enum stats_column column);

/* Calls row() for each row in the order in which HAProxy shows them; values are only valid during the call. */
void stats_each(struct worker *w, const struct stats_filter *f,
		void (*row)(void *ctx, const struct stats_row *r), void *ctx);

/* Header line and rows, each ended by a line feed. */
void stats_csv(struct worker *w, const struct stats_filter *f, struct out *out);
void stats_typed(struct worker *w, const struct stats_filter *f, struct out *out);
void stats_json(struct worker *w, const struct stats_filter *f, struct out *out);
/* What the JSON forms of `show info` and `show stat` look like, as a JSON schema. stats_schema.c */
void stats_schema(struct out *out);

#endif
