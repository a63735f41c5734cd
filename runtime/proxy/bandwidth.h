/* Limits of throughput (manual 3.4, section 9.8 "Bandwidth limitation", and action set-bandwidth-limit): how
 * many bytes of a body, or of a connection in mode tcp, may pass in a period that slides along. A stream has a
 * list for each direction, in the order of the filters' lines; they live in its scratch memory. A limit is its
 * stream's alone, or counts in an entry of a stick table together with all streams that have the key in common:
 * each gets an equal part. Worker thread only. */
#ifndef LB_PROXY_BANDWIDTH_H
#define LB_PROXY_BANDWIDTH_H

#include "grammar/model_filter.h"
#include "runtime/eval/eval.h"
#include "runtime/stick/table.h"

struct stream;

/* A filter at work on one direction of a stream: a limit, or a trace (filter_trace.h), which takes part in the
 * same lists. */
struct bandwidth {
	struct bandwidth *next;
	const struct filter_conf *conf;
	struct stream *stream;
	uint64_t limit;            /* bytes in a period */
	uint32_t period;           /* ms */
	uint32_t order;            /* of filters: the frontend's, then the backend's */
	struct stick_rate rate;    /* of a single stream */
	struct stick_table *table; /* NULL: a single stream's */
	struct stick_entry *entry; /* referred to */
	bool traces_up;            /* trace: of what the client sends */
};

/* Puts a filter into a list, where its line's place is; the one that is there already, if it is. NULL: no
 * memory. */
struct bandwidth *bandwidth_place(struct stream *s, struct bandwidth **list, const struct filter_conf *f, bool response);

/* A rule has run: its limit holds from now on, with the rule's size and period or else the filter's. Put into
 * the list of its direction. No memory, no room in the table: no limit. */
void bandwidth_begin(struct stream *s, struct bandwidth **up, struct bandwidth **down, struct eval *e,
		     const struct rule *rule);
/* Of `want` bytes at hand (not 0), how many may pass now. 0: none before *wait ms are over. */
uint32_t bandwidth_allows(const struct bandwidth *list, uint32_t want, uint64_t now, uint32_t *wait);
/* So many have passed: of them, `plain` bytes went into compression, if there is any, and `sent` came out.
 * data: as they came. */
void bandwidth_passed(struct bandwidth *list, struct str data, uint32_t plain, uint32_t sent, uint64_t now);
/* The stream is over. */
void bandwidth_end(struct bandwidth **list);

/* The reckoning, pure, for tests. A piece that is waited for at the end of a period would be missing in it: so
 * what is left then passes in smaller ones, unless `min-size` forbids it, and no more than a hundredth is lost.
 */
struct stick_rate;
/* How many of `limit` bytes in `period` ms are left. */
uint64_t bandwidth_left(const struct stick_rate *rate, uint32_t now, uint64_t limit, uint32_t period);
/* ms until at least `need` are. */
uint32_t bandwidth_delay(const struct stick_rate *rate, uint32_t now, uint64_t limit, uint32_t period,
			 uint64_t need);
/* Is the period about to end? ms until then, UINT32_MAX: it is, or nothing will be left. */
bool bandwidth_closes(const struct stick_rate *rate, uint32_t now, uint32_t period);
uint32_t bandwidth_until_close(const struct stick_rate *rate, uint32_t now, uint64_t limit, uint32_t period);

#endif
