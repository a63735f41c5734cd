/* Forgetting what is too old in stick tables, once a second. */
#ifndef LB_STICK_SWEEP_H
#define LB_STICK_SWEEP_H

struct worker;

/* Begins on worker 0, where some table of the process's generation has an `expire`. On that worker. */
void stick_sweep_start(struct worker *w);

#endif
