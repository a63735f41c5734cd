/* Stick tables once everything is read: which table each rule means, and what tables hold because of it
 * (manual, keywords "stick on", "stick-table", "track-sc0"). That the names exist was or is reported elsewhere.
 * Works on the state of one walk. */
#include "grammar/check_finish.h"
#include "grammar/rows.h"

static struct table_conf *table_find(struct checker *k, struct str name, const struct proxy_conf *px)
{
	return (struct table_conf *)model_table(k->m, name.len ? name : px->name);
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
		t->routes = true;
		t->stores |= 1u << STICK_SERVER_ID | 1u << STICK_SERVER_KEY;
		t->length[STICK_SERVER_ID] = t->length[STICK_SERVER_KEY] = 1;
	}
	d->px->stick_rules = d->stick_rules.v;
	d->px->nstick_rules = d->stick_rules.n;
}

static void finish_track_rules(struct checker *k, const struct draft *d)
{
	for (int set = 0; set < RS_COUNT; set++) {
		struct rule *rules = (struct rule *)d->px->rules[set].v;

		for (uint32_t i = 0; i < d->px->rules[set].n; i++)
			if (rules[i].action == ACTION_TRACK_SC0)
				rules[i].table = table_find(k, rules[i].name, d->px);
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
