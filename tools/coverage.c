/* See coverage.h. Rules and ACLs are known by their address in the model; a sorted table finds them. */
#include "tools/coverage.h"

#include <stdlib.h>

#include "grammar/cond_walk.h"
#include "tools/lbcheck_trace.h"

struct covered_rule {
	struct conf_pos pos;
	struct str text;
	const struct cond *cond;
	bool met, held;
	uint32_t first, n; /* of coverage.terms */
};

struct covered_term {
	const struct cond_term *term;
	bool seen[2];
};

struct slot {
	const void *key; /* rule or term */
	uint32_t index;
};

struct coverage {
	struct arena *arena;
	const struct model *model;
	VEC(struct covered_rule) rules;
	VEC(struct covered_term) terms;
	VEC(struct slot) slots; /* sorted by key */
};

static void slot_add(struct coverage *c, const void *key, uint32_t index)
{
	*vec_push(c->arena, &c->slots) = (struct slot){key, index};
}

static void rule_add(struct coverage *c, const void *rule, struct conf_pos pos, struct str text,
		     const struct cond *cond)
{
	struct covered_rule *r = vec_push(c->arena, &c->rules);
	const struct cond_term *term;
	struct cond_walk at = {0};

	*r = (struct covered_rule){.pos = pos, .text = text, .cond = cond, .first = c->terms.n};
	slot_add(c, rule, c->rules.n - 1);
	while ((term = cond_walk(cond, &at))) {
		*vec_push(c->arena, &c->terms) = (struct covered_term){.term = term};
		slot_add(c, term, c->terms.n - 1);
	}
	r->n = c->terms.n - r->first;
}

static void rules_add(struct coverage *c, const struct rules *rules)
{
	for (uint32_t i = 0; i < rules->n; i++)
		rule_add(c, &rules->v[i], rules->v[i].pos, rules->v[i].text, rules->v[i].cond);
}

static void proxy_add(struct coverage *c, const struct proxy_conf *px)
{
	for (int set = 0; set < RS_COUNT; set++)
		rules_add(c, &px->rules[set]);
	rules_add(c, &px->redirects);
	vec_each (s, &px->use_backend)
		rule_add(c, s, s->pos, s->text, s->cond);
	vec_each (s, &px->use_server)
		rule_add(c, s, s->pos, s->text, s->cond);
}

static int slot_compare(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct slot *)a)->key, y = (uintptr_t)((const struct slot *)b)->key;

	return x < y ? -1 : x > y;
}

struct coverage *coverage_new(const struct model *m)
{
	struct coverage *c = calloc(1, sizeof(*c));

	if (!c || !(c->arena = arena_new())) {
		free(c);
		return NULL;
	}
	c->model = m;
	vec_each (px, &m->proxies)
		if (!(*px)->disabled)
			proxy_add(c, *px);
	if (c->slots.n)
		qsort(c->slots.v, c->slots.n, sizeof(*c->slots.v), slot_compare);
	return c;
}

void coverage_free(struct coverage **cp)
{
	struct coverage *c = *cp;

	*cp = NULL;
	if (!c)
		return;
	arena_free(&c->arena);
	free(c);
}

static const struct slot *slot_find(const struct coverage *c, const void *key)
{
	struct slot wanted = {key, 0};

	return c->slots.n ? bsearch(&wanted, c->slots.v, c->slots.n, sizeof(wanted), slot_compare) : NULL;
}

void coverage_add(struct coverage *c, const struct witness *w)
{
	const struct slot *slot;

	for (uint32_t i = 0; c && i < w->steps.n; i++) {
		const struct witness_step *s = &w->steps.v[i];

		if (!(slot = slot_find(c, s->rule)))
			continue;
		c->rules.v[slot->index].met = true;
		c->rules.v[slot->index].held |= s->matched;
		for (uint32_t k = 0; k < s->n; k++)
			if ((slot = slot_find(c, w->terms.v[s->first + k].term)))
				c->terms.v[slot->index].seen[w->terms.v[s->first + k].result] = true;
	}
}

struct coverage_sum coverage_sum(const struct coverage *c)
{
	struct coverage_sum sum = {.rules = c->rules.n, .sides = 2 * c->terms.n};

	vec_each (r, &c->rules)
		sum.rules_held += r->held;
	vec_each (t, &c->terms)
		sum.sides_seen += (uint32_t)(t->seen[0] + t->seen[1]);
	return sum;
}

unsigned coverage_percent(const struct coverage *c)
{
	struct coverage_sum s = coverage_sum(c);

	return s.rules ? (unsigned)(100ull * (s.rules_held + s.sides_seen) / (s.rules + s.sides)) : 100;
}

static void print_rule(struct out *o, const struct coverage *c, const struct covered_rule *r)
{
	bool titled = r->held;

	if (!r->held)
		out_printf(o, r->met ? "never held" : "never met");
	for (uint32_t i = 0; r->met && i < r->n; i++) {
		const struct covered_term *t = &c->terms.v[r->first + i];

		if (t->seen[0] && t->seen[1])
			continue;
		out_puts(o, titled && o->len && o->buf[o->len - 1] == ' ' ? "" : "; ");
		trace_put_term(o, t->term);
		out_puts(o, !t->seen[0] && !t->seen[1] ? " never looked at"
			    : t->seen[0]               ? " never true"
						       : " never false");
		titled = false;
	}
	out_char(o, '\n');
}

static bool is_full(const struct coverage *c, const struct covered_rule *r)
{
	bool full = r->held;

	for (uint32_t i = 0; i < r->n; i++)
		full &= c->terms.v[r->first + i].seen[0] && c->terms.v[r->first + i].seen[1];
	return full;
}

void coverage_print(struct out *o, const struct coverage *c)
{
	vec_each (r, &c->rules) {
		if (is_full(c, r))
			continue;
		out_puts(o, "  ");
		trace_put_pos(o, c->model, r->pos);
		out_printf(o, "  %.*s\n      ", STR_ARG(r->text));
		print_rule(o, c, r);
	}
}
