/* Which processors the threads of a process run on: what the machine looks like (sysfs), and a plan made of
 * that and the configuration (manual 3.4, "cpu-set", "cpu-policy", "cpu-affinity"; manual 2.6,
 * "numa-cpu-mapping", "cpu-map"). */
#ifndef LB_CORE_CPUS_H
#define LB_CORE_CPUS_H

#include <sched.h>

#include "grammar/model.h"

enum { CPUS_MAX = 1024, CPU_THREADS_MAX = 64 };

/* One processor of the kernel. Numbers of nodes are the kernel's; clusters, complexes (CCX: those that share
 * the last cache) and cores are counted from 0 over the whole machine, threads within their core. */
struct cpu {
	uint16_t id, node, package, ccx, cluster, core, thread;
	uint32_t capacity; /* how fast it is, in some unit of all of them */
};
struct cpus {
	uint32_t n;
	struct cpu v[CPUS_MAX]; /* in the order of their ids; those that are online */
};

/* Reads what is below `root` ("/sys"). What it does not tell is taken for a machine of one node without
 * hyperthreads. n is 0 when nothing can be read. cpus_read.c */
void cpus_read(struct cpus *c, const char *root);

struct cpu_plan {
	uint32_t nthreads;
	bool bound;                      /* threads are bound at all */
	cpu_set_t allowed;               /* as cpus_plan() was told */
	cpu_set_t sets[CPU_THREADS_MAX]; /* by thread */
};
/* allowed: those that the process may use as it was started. `cpu-map` is in the sets as well. */
void cpus_plan(struct cpu_plan *p, const struct cpus *c, const struct model *m, const cpu_set_t *allowed);
/* The same for this machine. */
void cpus_plan_here(struct cpu_plan *p, const struct model *m, const cpu_set_t *allowed);

#endif
