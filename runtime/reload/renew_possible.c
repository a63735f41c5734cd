/* Which differences a running process cannot follow: what it has done once and for all (threads, rights,
 * limits, the loop's kind), and what belongs to the process and not to its generations (peers, rings, mails,
 * log servers, programs). See renew.h. Pure. */
#include "runtime/reload/renew.h"

#include <string.h>

#include "grammar/keyword.h"

static bool is_text(const struct keyword *row)
{
	return row->kind == VAL_STRING || row->kind == VAL_FILE || row->kind == VAL_DIR;
}

static bool value_eq(const struct keyword *row, const struct global_conf *a, const struct global_conf *b)
{
	const char *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;

	return is_text(row) ? str_eq(*(const struct str *)x, *(const struct str *)y) : !memcmp(x, y, row->size);
}

/* The registry knows them (KW_RESTART). */
static void put_rows(const struct global_conf *a, const struct global_conf *b, struct out *reasons)
{
	uint32_t n;
	const struct keyword_area *const *areas = keyword_areas(&n);

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < areas[i]->n; k++) {
			const struct keyword *row = &areas[i]->rows[k];

			if (row->in & IN(GLOBAL) && row->flags & KW_RESTART && row->size &&
			    !value_eq(row, a, b))
				out_printf(reasons, "`%s` differs\n", row->name);
		}
}

static bool cpu_map_eq(const struct global_conf *a, const struct global_conf *b)
{
	if (!a->cpu_map || !b->cpu_map)
		return a->cpu_map == b->cpu_map;
	return !memcmp(a->cpu_map, b->cpu_map, 64 * sizeof(*a->cpu_map));
}

static bool cpu_rules_eq(const struct cpu_rule *a, const struct cpu_rule *b)
{
	while (a && b && a->unit == b->unit && a->only == b->only && !memcmp(a->set, b->set, sizeof(a->set))) {
		a = a->next;
		b = b->next;
	}
	return !a && !b;
}

static bool cpus_eq(const struct cpu_conf *a, const struct cpu_conf *b)
{
	return a->policy == b->policy && a->policy_units == b->policy_units && a->affinity == b->affinity &&
	       a->one_per_core == b->one_per_core && a->loose == b->loose && a->reset == b->reset &&
	       cpu_rules_eq(a->rules, b->rules);
}

static bool is_elsewhere(const struct bind_conf *b)
{
	return b->addr.kind == ADDR_FD || b->addr.kind == ADDR_SOCKPAIR;
}

/* Descriptors that the program was started with are named by numbers; a master's channel is known. */
static bool has_inherited(const struct model *m)
{
	vec_each (px, &m->proxies)
		vec_each (b, &(*px)->binds)
			if (is_elsewhere(*b))
				return true;
	vec_each (b, &m->global.stats_sockets)
		if ((*b)->addr.kind == ADDR_FD)
			return true;
	return false;
}

static bool has_log_backends(const struct model *m)
{
	vec_each (px, &m->proxies)
		if ((*px)->mode == MODE_SYSLOG)
			return true;
	return false;
}

static bool has_resolvers(const struct model *m)
{
	vec_each (px, &m->proxies)
		vec_each (s, &(*px)->servers)
			if ((*s)->resolvers.len)
				return true;
	return m->resolvers.n;
}

static bool has_state_files(const struct model *m)
{
	vec_each (px, &m->proxies)
		if ((*px)->role & ROLE_BACKEND &&
		    ((*px)->state_from == STATE_GLOBAL || (*px)->state_from == STATE_LOCAL))
			return true;
	return false;
}

/* Sections whose objects belong to the process. */
static void put_sections(const struct model *m, struct out *o)
{
	const struct {
		const char *name;
		bool is_there;
	} sections[] = {
		{"peers", m->peers.n},
		{"rings", m->rings.n},
		{"mailers", m->mailers.n},
		{"resolvers", has_resolvers(m)},
		{"log-forward sections", m->forwards.n},
		{"programs", m->programs.n},
		{"backends of mode log", has_log_backends(m)},
		{"states of servers in files", has_state_files(m)},
		{"sockets that were inherited (fd@)", has_inherited(m)},
		{"another root folder, user or group",
		 m->global.chroot.len || m->global.uid > 0 || m->global.gid > 0},
	};

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		if (sections[i].is_there)
			out_printf(o, "there are %s\n", sections[i].name);
}

bool renew_possible(const struct model *old, const struct model *new_, struct out *reasons)
{
	const struct global_conf *a = &old->global, *b = &new_->global;
	size_t before = reasons->len;

	put_rows(a, b, reasons);
	if (!str_eq(a->user, b->user))
		out_puts(reasons, "`user` differs\n");
	if (!str_eq(a->group, b->group))
		out_puts(reasons, "`group` differs\n");
	if (a->no_exit_on_failure != b->no_exit_on_failure)
		out_puts(reasons, "`master-worker no-exit-on-failure` differs\n");
	if (!cpu_map_eq(a, b))
		out_puts(reasons, "`cpu-map` differs\n");
	if (!cpus_eq(&a->cpus, &b->cpus))
		out_puts(reasons, "`cpu-set`, `cpu-policy` or `cpu-affinity` differs\n");
	put_sections(old, reasons);
	if (reasons->len == before)
		put_sections(new_, reasons);
	return reasons->len == before;
}
