/* `log ... sample <ranges>:<size>` (manual, keyword "log"): of every `size` lines that a target would take,
 * those whose number is in the ranges. The count is the process's, for all workers. */
#ifndef LB_CORE_LOG_SAMPLE_H
#define LB_CORE_LOG_SAMPLE_H

#include "grammar/model.h"

struct process;

/* Makes counts for the sampled targets of a model; replaces older ones. False when memory is out. Main thread,
 * before workers run. */
bool log_samples_init(struct process *p, const struct model *m);
void log_samples_free(struct process *p);
/* Counts a line; true when the target takes it. Any worker. */
bool log_sample_takes(struct process *p, const struct log_target *target);

#endif
