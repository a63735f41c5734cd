/* Forgetting what is too old in stick tables: a deadline of worker 0, once a second, looks at the oldest
 * entries of each shard. Whoever looks an entry up in the meantime sees its age by himself; this gives the
 * memory back. */
#include "runtime/stick/sweep.h"

#include "runtime/core/process.h"
#include "runtime/stick/table.h"

enum { SWEEP_MS = 1000 };

static void sweep(struct worker *w, struct deadline *d)
{
	stick_tables_sweep(w->process->generation->tables, w->now);
	deadline_set(w, d, w->now + SWEEP_MS);
}

void stick_sweep_start(struct worker *w)
{
	struct process *p = w->process;
	bool expires = false;

	for (uint32_t i = 0; i < p->generation->tables->n; i++)
		expires |= p->generation->tables->v[i]->conf->expire != 0;
	deadline_init(&p->sweep, sweep);
	if (expires)
		deadline_set(w, &p->sweep, w->now + SWEEP_MS);
}
