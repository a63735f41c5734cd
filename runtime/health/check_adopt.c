/* Checks that go on from what those of an older generation have found: the same server under a configuration that was
 * loaded again (reload/renew_server.c). While everything stands still. */
#include <string.h>

#include "runtime/health/check_run.h"

static void one_adopt(struct check *k, struct check *old)
{
	struct check_report *r = &k->report, *was = &old->report;

	if (r->rise == was->rise && r->fall == was->fall)
		r->health = was->health;
	else
		r->health = was->health >= was->rise ? r->rise + r->fall - 1 : 0;
	r->status = was->status;
	r->result = was->result;
	r->code = was->code;
	r->duration = was->duration;
	r->last = was->last;
	memcpy(r->info, was->info, sizeof(r->info));
	k->conditional = old->conditional;
	k->own_addr = old->own_addr;
	k->own_port = old->own_port;
	atomic_store(&k->disabled, atomic_load(&old->disabled));
}

void check_adopt(struct server *s, const struct server *old)
{
	if (s->check && old->check)
		one_adopt(s->check, old->check);
	if (s->agent && old->agent)
		one_adopt(s->agent, old->agent);
}
