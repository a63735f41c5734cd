/* Backends that may come at run time (management manual 3.4, `add backend`): of each named defaults section one
 * backend without servers is made for each mode that it may have, checked like any other, so that rules,
 * expressions and formats are those of the model. What a section cannot give a backend of its own is no mistake
 * of the configuration: then there is none. After everything else; works on the state of one walk. */
#include "grammar/check_finish.h"
#include "grammar/lang.h"

static struct draft *template_draft(struct checker *k, struct draft *from, enum proxy_mode mode)
{
	struct draft *d = ARENA_NEW(k->scratch, struct draft);

	d->px = ARENA_NEW(k->a, struct proxy_conf);
	d->place = PLACE_BACKEND;
	d->section = from->section;
	d->from_explicit = true;
	check_proxy_inherit(k, d, from);
	d->px->role = ROLE_BACKEND;
	d->px->mode = mode;
	d->px->disabled = false;
	d->px->name = from->px->name;
	d->px->pos = from->px->pos;
	d->px->mode_given = check_proxy_line(from, "mode", true) != NULL;
	return d;
}

/* k->drafts is this one alone. */
static void template_finish(struct checker *k, struct draft *d)
{
	check_finish_proxy(k, d);
	check_ring_targets(k);
	check_finish_stick(k);
	check_finish_filters(k);
	check_finish_profiles(k);
	lang_resolve(k->c);
}

static void template_make(struct checker *k, struct draft *from, enum proxy_mode mode)
{
	struct diags unheard = {.arena = k->scratch}, *heard = k->d;
	struct draft *d, **all = k->drafts.v;
	uint32_t n = k->drafts.n, cap = k->drafts.cap;

	k->d = k->c->diags = &unheard;
	d = template_draft(k, from, mode);
	k->drafts.v = &d;
	k->drafts.n = k->drafts.cap = 1;
	template_finish(k, d);
	k->drafts.v = all;
	k->drafts.n = n;
	k->drafts.cap = cap;
	k->d = k->c->diags = heard;
	if (!unheard.errors)
		*vec_push(k->a, &k->m->templates) = d->px;
}

void check_templates(struct checker *k)
{
	for (uint32_t i = 0; i < k->defaults.size; i++) {
		struct draft *from = k->defaults.slots[i].value;

		if (!from || from->ambiguous || from->broken)
			continue;
		template_make(k, from, MODE_TCP);
		template_make(k, from, MODE_HTTP);
	}
}
