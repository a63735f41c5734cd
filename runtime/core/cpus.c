/* Plans: which processors are used, in groups, how many threads there are, and where each of them may run. A
 * group is what HAProxy's thread groups are about: processors that are near each other. Pure. */
#include "runtime/core/cpus.h"

#include <stdlib.h>
#include <string.h>

enum { GROUP_MAX_33 = 16 }; /* manual of 3.3 and later, "max-threads-per-group" */

/* Of one plan. */
struct planning {
	const struct cpus *c;
	const struct cpu_conf *conf;
	uint8_t policy;
	bool fixed;               /* nbthread is given */
	uint32_t most;            /* threads of a group */
	bool used[CPUS_MAX];      /* by index of c->v */
	uint16_t group[CPUS_MAX]; /* of those that are used */
	uint32_t ngroups;
};

/* --- which are used */

static uint32_t unit_of(const struct cpu *c, enum cpu_unit unit)
{
	return unit == CPU_UNIT_NODE      ? c->node
	       : unit == CPU_UNIT_CLUSTER ? c->cluster
	       : unit == CPU_UNIT_CORE    ? c->core
	       : unit == CPU_UNIT_THREAD  ? c->thread
					  : c->id;
}

static bool may_be_used(const struct cpu_conf *conf, const struct cpu *c, const cpu_set_t *allowed)
{
	if (!conf->reset && !CPU_ISSET(c->id, allowed))
		return false;
	for (const struct cpu_rule *r = conf->rules; r; r = r->next)
		if (cpu_set_has(r->set, unit_of(c, (enum cpu_unit)r->unit)) != r->only)
			return false;
	return true;
}

static uint32_t used_count(const struct planning *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->c->n; i++)
		n += p->used[i];
	return n;
}

/* The first node that has some, where nothing restricts the process already. */
static void keep_first_node(struct planning *p)
{
	uint32_t node = UINT32_MAX;

	if (p->fixed || used_count(p) < p->c->n)
		return;
	for (uint32_t i = 0; i < p->c->n; i++)
		if (p->used[i] && p->c->v[i].node < node)
			node = p->c->v[i].node;
	for (uint32_t i = 0; i < p->c->n; i++)
		p->used[i] &= p->c->v[i].node == node;
}

/* Clusters that are used, from the fastest to the slowest. */
struct speed {
	uint32_t cluster, capacity, n;
};

static int faster_first(const void *a, const void *b)
{
	const struct speed *x = a, *y = b;

	return x->capacity != y->capacity ? (x->capacity < y->capacity ? 1 : -1)
					  : (x->cluster > y->cluster) - (x->cluster < y->cluster);
}

static uint32_t speeds_read(const struct planning *p, struct speed *s)
{
	uint32_t n = 0, k;

	for (uint32_t i = 0; i < p->c->n; i++) {
		if (!p->used[i])
			continue;
		for (k = 0; k < n && s[k].cluster != p->c->v[i].cluster; k++)
			;
		if (k == n)
			s[n++] = (struct speed){p->c->v[i].cluster, p->c->v[i].capacity, 0};
		s[k].n++;
	}
	if (n)
		qsort(s, n, sizeof(*s), faster_first);
	return n;
}

static void evict(struct planning *p, uint32_t cluster)
{
	for (uint32_t i = 0; i < p->c->n; i++)
		if (p->c->v[i].cluster == cluster)
			p->used[i] = false;
}

/* Those that are slower than 80 % of the next faster ones. */
static void keep_fast(struct planning *p)
{
	struct speed s[CPUS_MAX];
	uint32_t n = speeds_read(p, s), kept = 1;

	while (kept < n && (uint64_t)s[kept].capacity * 100 >= (uint64_t)s[kept - 1].capacity * 80)
		kept++;
	for (; kept < n; kept++)
		evict(p, s[kept].cluster);
}

/* Those that are more than 25 % faster than the next slower ones. */
static void keep_efficient(struct planning *p)
{
	struct speed s[CPUS_MAX];
	uint32_t n = speeds_read(p, s), first = n ? n - 1 : 0;

	while (first > 0 && (uint64_t)s[first - 1].capacity * 100 <= (uint64_t)s[first].capacity * 125)
		first--;
	for (uint32_t i = 0; i < first; i++)
		evict(p, s[i].cluster);
}

/* One cluster: the slowest, of those the smallest. */
static void keep_least(struct planning *p)
{
	struct speed s[CPUS_MAX];
	uint32_t n = speeds_read(p, s), best = n ? n - 1 : 0;

	for (uint32_t i = 0; i < n; i++)
		if (s[i].capacity == s[best].capacity &&
		    (s[i].n < s[best].n || (s[i].n == s[best].n && i < best)))
			best = i;
	for (uint32_t i = 0; i < n; i++)
		if (i != best)
			evict(p, s[i].cluster);
}

static void choose(struct planning *p)
{
	if (p->policy == CPU_POLICY_FIRST_NODE)
		keep_first_node(p);
	else if (p->policy == CPU_POLICY_PERFORMANCE)
		keep_fast(p);
	else if (p->policy == CPU_POLICY_EFFICIENCY)
		keep_efficient(p);
	else if (p->policy == CPU_POLICY_RESOURCE)
		keep_least(p);
}

/* --- groups */

static bool by_ccx(uint8_t policy)
{
	return policy == CPU_POLICY_CCX || policy == CPU_POLICY_PERFORMANCE || policy == CPU_POLICY_EFFICIENCY;
}

static bool by_cluster(uint8_t policy)
{
	return policy == CPU_POLICY_CLUSTER || policy == CPU_POLICY_RESOURCE;
}

/* Units in the order of their first processor, so many of them a group; without a policy of groups all is one.
 */
static void group_units(struct planning *p)
{
	bool grouped = (by_ccx(p->policy) || by_cluster(p->policy)) && !p->fixed;
	uint32_t units = p->conf->policy_units ? p->conf->policy_units : 1, n = 0;
	uint32_t seen[CPUS_MAX];

	for (uint32_t i = 0; i < p->c->n; i++) {
		uint32_t unit = by_ccx(p->policy) ? p->c->v[i].ccx : p->c->v[i].cluster, k = 0;

		if (!p->used[i])
			continue;
		while (grouped && k < n && seen[k] != unit)
			k++;
		if (grouped && k == n)
			seen[n++] = unit;
		p->group[i] = (uint16_t)(k / units);
	}
	p->ngroups = grouped ? (n + units - 1) / units : 1;
}

/* Groups that are larger than a group may be become several, of processors that follow each other. */
static void group_split(struct planning *p)
{
	uint32_t most = p->most, groups = p->ngroups;

	for (uint32_t g = 0; g < groups; g++) {
		uint32_t n = 0, parts, at = 0, first = p->ngroups;

		for (uint32_t i = 0; i < p->c->n; i++)
			n += p->used[i] && p->group[i] == g;
		parts = (n + most - 1) / most;
		if (parts < 2)
			continue;
		for (uint32_t i = 0; i < p->c->n; i++) {
			uint32_t part;

			if (!p->used[i] || p->group[i] != g)
				continue;
			part = at++ * parts / n;
			p->group[i] = (uint16_t)(part ? first + part - 1 : g);
		}
		p->ngroups += parts - 1;
	}
}

/* --- threads */

/* The processors of one group that threads begin at: all, or the first of each core. */
static uint32_t seats_read(const struct planning *p, uint32_t group, uint16_t *seats)
{
	uint32_t n = 0, k;

	for (uint32_t i = 0; i < p->c->n; i++) {
		if (!p->used[i] || p->group[i] != group)
			continue;
		for (k = 0; p->conf->one_per_core && k < n && p->c->v[seats[k]].core != p->c->v[i].core; k++)
			;
		if (!p->conf->one_per_core || k == n)
			seats[n++] = (uint16_t)i;
	}
	return n;
}

static bool near(const struct planning *p, enum cpu_affinity affinity, uint32_t seat, uint32_t i)
{
	switch (affinity) {
	case CPU_AFF_CORE:
		return p->c->v[i].core == p->c->v[seat].core;
	case CPU_AFF_THREAD:
		return i == seat;
	case CPU_AFF_CCX:
		return p->c->v[i].ccx == p->c->v[seat].ccx;
	default:
		return p->conf->loose || p->group[i] == p->group[seat];
	}
}

static void thread_bind(const struct planning *p, uint32_t seat, cpu_set_t *set)
{
	enum cpu_affinity affinity = (enum cpu_affinity)p->conf->affinity;

	if (affinity == CPU_AFF_AUTO)
		affinity = p->conf->one_per_core ? CPU_AFF_CORE : CPU_AFF_GROUP;
	CPU_ZERO(set);
	for (uint32_t i = 0; i < p->c->n; i++)
		if (p->used[i] && near(p, affinity, seat, i))
			CPU_SET(p->c->v[i].id, set);
}

/* As many as there are seats, or as nbthread says: then those that come last share them. */
static void threads_place(const struct planning *p, uint32_t wanted, uint32_t limit, struct cpu_plan *plan)
{
	uint16_t seats[CPUS_MAX];
	uint32_t total = 0, n;

	for (uint32_t g = 0; g < p->ngroups; g++)
		total += seats_read(p, g, seats + total);
	n = wanted ? wanted : total;
	if (n > limit)
		n = limit;
	plan->nthreads = n ? n : 1;
	for (uint32_t i = 0; total && i < plan->nthreads; i++)
		thread_bind(p, seats[i % total], &plan->sets[i]);
}

/* --- together */

static uint8_t policy_of(const struct cpu_conf *conf, int compat)
{
	if (conf->policy != CPU_POLICY_DEFAULT)
		return conf->policy;
	if (compat >= 302)
		return CPU_POLICY_PERFORMANCE;
	return conf->numa ? CPU_POLICY_FIRST_NODE : CPU_POLICY_NONE;
}

static void map_apply(const struct global_conf *g, struct cpu_plan *plan)
{
	plan->bound = true;
	for (uint32_t t = 0; t < plan->nthreads; t++) {
		CPU_ZERO(&plan->sets[t]);
		for (int i = 0; i < 64; i++)
			if (g->cpu_map[t] >> i & 1)
				CPU_SET(i, &plan->sets[t]);
	}
}

/* Connections that are attached to a server (rhttp@) serve the requests of their own thread only: so there is
 * one. */
static bool are_attached(const struct model *m)
{
	vec_each (px, &m->proxies)
		vec_each (s, &(*px)->servers)
			if ((*s)->addr.kind == ADDR_REVERSE)
				return true;
	return false;
}

void cpus_plan(struct cpu_plan *plan, const struct cpus *c, const struct model *m, const cpu_set_t *allowed)
{
	const struct global_conf *g = &m->global;
	struct planning p = {.c = c,
			     .conf = &g->cpus,
			     .policy = g->cpu_map ? CPU_POLICY_NONE : policy_of(&g->cpus, m->compat)};
	uint32_t limit = g->thread_hard_limit && g->thread_hard_limit < CPU_THREADS_MAX ? g->thread_hard_limit
											: CPU_THREADS_MAX;
	uint32_t at_start = 0;

	memset(plan, 0, sizeof(*plan));
	plan->allowed = *allowed;
	p.fixed = g->nbthread != 0;
	p.most = g->cpus.group_max ? g->cpus.group_max : m->compat >= 303 ? GROUP_MAX_33 : CPU_THREADS_MAX;
	for (uint32_t i = 0; i < c->n; i++) {
		at_start += CPU_ISSET(c->v[i].id, allowed) != 0;
		p.used[i] = may_be_used(&g->cpus, &c->v[i], allowed);
	}
	choose(&p);
	group_units(&p);
	group_split(&p);
	threads_place(&p, are_attached(m) ? 1 : g->nbthread, limit, plan);
	/* All of them anywhere is what they have without. */
	plan->bound =
		used_count(&p) && (p.ngroups > 1 || used_count(&p) != at_start ||
				   p.conf->affinity != CPU_AFF_AUTO || p.conf->one_per_core || p.conf->reset);
	if (g->cpu_map)
		map_apply(g, plan);
}

void cpus_plan_here(struct cpu_plan *plan, const struct model *m, const cpu_set_t *allowed)
{
	struct cpus *c = malloc(sizeof(*c));

	memset(plan, 0, sizeof(*plan));
	plan->allowed = *allowed;
	plan->nthreads = 1;
	if (!c)
		return;
	cpus_read(c, "/sys");
	for (uint32_t i = 0; !c->n && i < CPUS_MAX; i++) /* no sysfs: what the kernel says of us */
		if (CPU_ISSET(i, allowed)) {
			c->v[c->n] = (struct cpu){.id = (uint16_t)i, .core = (uint16_t)i, .capacity = 1024};
			c->n++;
		}
	cpus_plan(plan, c, m, allowed);
	free(c);
}
