/* Values of an entry as rules and samples name them: gpc0, gpc1 and gpt0 also mean the first elements of an
 * array, where the table stores one (manual, keyword "stick-table"). With the entry held. fetch_stick.c */
#ifndef LB_STICK_VALUE_H
#define LB_STICK_VALUE_H

#include "runtime/stick/table.h"

/* False: not stored. */
bool stick_value(const struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now,
		 int64_t *value);
/* Adds to a counter and to its rate, whichever is stored; false: none. */
bool stick_increment(struct stick_hold *h, enum stick_data data, enum stick_data rate, uint32_t index,
		     uint64_t now, uint64_t n);
bool stick_set(struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now, int64_t value);

#endif
