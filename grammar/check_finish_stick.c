/* Stick tables once everything is read: which table each rule means, and what tables hold because of it
 * (manual, keywords "stick on", "stick-table", "track-sc0"). That the names exist was or is reported elsewhere.
 * Works on the state of one walk. */
#include "grammar/lint.h"
#include "grammar/check_finish.h"
#include "grammar/rows.h"

static struct table_conf *table_find(struct checker *k, struct str name, const struct proxy_conf *px)
{
	return (struct table_conf *)model_table(k->m, name.len ? name : px->name);
}

/* Whether the table's keys can be made of a sample. */
static bool key_fits(const struct sample_expr *sample, const struct table_conf *table)
{
	static const uint8_t types[] = {[STICK_KEY_INTEGER] = SMP_SINT,
					[STICK_KEY_IPV4] = SMP_IPV4,
					[STICK_KEY_IPV6] = SMP_IPV6,
					[STICK_KEY_STRING] = SMP_STR,
					[STICK_KEY_BINARY] = SMP_BIN};

	return smp_type_casts(sample->type, types[table->key_type]);
}

static struct diag *type_wrong(struct checker *k, const struct sample_expr *sample,
			       const struct table_conf *table, struct conf_pos pos)
{
	struct diag *g = diag_add(k->d, D_SAMPLE_TYPE, lint_span(k, pos),
				  "keys of `%.*s` cannot be made of this", STR_ARG(table->name));

	diag_label(k->d, g, "gives %s", smp_type_name(sample->type));
	return diag_also(k->d, g, lint_span(k, table->pos), "this table");
}

/* A rule that keeps servers makes the table keep them. */
static void finish_stick_rules(struct checker *k, struct draft *d)
{
	for (uint32_t i = 0; i < d->stick_rules.n; i++) {
		struct stick_rule *rule = &d->stick_rules.v[i];
		struct table_conf *t = table_find(k, rule->table_name, d->px);

		if (!t)
			continue;
		rule->table = t;
		if (rule->sample && !key_fits(rule->sample, t))
			diag_haproxy_unplaced(
				k->d, type_wrong(k, rule->sample, t, rule->pos),
				"Proxy '%.*s': type of fetch not usable with type of stick-table '%.*s'.",
				STR_ARG(d->px->name), STR_ARG(t->name));
		t->routes = true;
		t->stores |= 1u << STICK_SERVER_ID | 1u << STICK_SERVER_KEY;
		t->length[STICK_SERVER_ID] = t->length[STICK_SERVER_KEY] = 1;
	}
	d->px->stick_rules = d->stick_rules.v;
	d->px->nstick_rules = d->stick_rules.n;
}

static void track_type_check(struct checker *k, const struct draft *d, const struct rule *r)
{
	if (!r->table || !r->sample || key_fits(r->sample, r->table))
		return;
	diag_haproxy_unplaced(
		k->d, type_wrong(k, r->sample, r->table, r->pos),
		"Proxy '%.*s': stick-table '%.*s' uses a type incompatible with the 'track-sc%lld' rule.",
		STR_ARG(d->px->name), STR_ARG(r->table->name), (long long)r->num);
}

static void finish_track_rules(struct checker *k, const struct draft *d)
{
	for (int set = 0; set < RS_COUNT; set++) {
		struct rule *rules = (struct rule *)d->px->rules[set].v;

		for (uint32_t i = 0; i < d->px->rules[set].n; i++)
			if (rules[i].action == ACTION_TRACK_SC0) {
				rules[i].table = table_find(k, rules[i].name, d->px);
				track_type_check(k, d, &rules[i]);
			}
	}
}

void check_finish_stick(struct checker *k)
{
	vec_each (t, &k->m->tables)
		if ((*t)->write_to_name.len)
			(*t)->write_to = model_table(k->m, (*t)->write_to_name);
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		finish_stick_rules(k, k->drafts.v[i]);
		finish_track_rules(k, k->drafts.v[i]);
	}
}
