/* Differences between two sets of facts, by name: what a reload would change. Settings of one row that repeats
 * (rules, ACLs, servers) are compared as a list: what is in both, in whatever place, is no difference, but
 * another order of rules is one. */
#include "grammar/facts.h"

struct fact_diff {
	struct out *o;
	const struct facts *old, *new_;
	bool json, any;
	bool headed; /* the object has been named */
	const struct fact_object *object;
	const struct fact_notes *notes; /* or NULL */
};

/* The same name again (a mistake, but one that both sides may have) is another one: its number is added. */
static struct str numbered(struct arena *a, struct map *counts, struct str name)
{
	uint32_t *count = map_get(counts, name);

	if (!count) {
		count = ARENA_NEW(a, uint32_t);
		map_put(a, counts, name, count);
	}
	return ++*count > 1 ? arena_printf(a, "%.*s #%u", STR_ARG(name), *count) : name;
}

static struct str object_key(struct arena *a, struct map *counts, const struct fact_object *object)
{
	return numbered(a, counts, arena_printf(a, "%d %.*s", (int)object->place, STR_ARG(object->name)));
}

static struct map objects_by_name(struct arena *a, const struct facts *f)
{
	struct map map = {0}, counts = {0};

	vec_each (item, &f->objects)
		map_put(a, &map, object_key(a, &counts, *item), *item);
	return map;
}

static void put_notes(struct fact_diff *d, const struct fact *before, const struct fact *after, bool gone)
{
	const struct fact_change change = {d->object, before, after, gone, d->json};

	if (d->notes)
		d->notes->put(d->notes, d->o, &change);
}

static void json_side(struct out *o, const char *name, const struct facts *f, const struct fact *fact)
{
	out_printf(o, ",\"%s\":", name);
	if (!fact) {
		out_puts(o, "null");
		return;
	}
	out_puts(o, "{\"value\":");
	if (fact->no)
		out_puts(o, "false");
	else
		out_json(o, fact->value);
	if (fact->line) {
		struct out place = out_growing(1 << 16);

		facts_place(&place, f->l, fact->line);
		out_puts(o, ",\"at\":");
		out_json(o, out_get(&place));
		out_free(&place);
	}
	out_char(o, '}');
}

static void json_entry(struct fact_diff *d, const char *change, struct str key, const struct fact *before,
		       const struct fact *after)
{
	out_printf(d->o, "%s{\"section\":\"%s\",\"name\":", d->any ? ",\n" : "",
		   keyword_place_name(d->object->place));
	out_json(d->o, d->object->name.ptr ? d->object->name : STR(""));
	out_printf(d->o, ",\"change\":\"%s\",\"key\":", change);
	out_json(d->o, key);
	json_side(d->o, "before", d->old, before);
	json_side(d->o, "after", d->new_, after);
}

static void text_side(struct fact_diff *d, char sign, const struct facts *f, const struct fact *fact)
{
	if (!fact)
		return;
	out_printf(d->o, "  %c %s%.*s%s%.*s", sign, fact->no ? "no " : "", STR_ARG(fact->key),
		   fact->value.len ? " " : "", STR_ARG(fact->value));
	if (fact->line) {
		out_puts(d->o, "    # ");
		facts_place(d->o, f->l, fact->line);
		out_puts(d->o, fact->origin == ORIGIN_DEFAULTS ? " defaults\n" : "\n");
	} else {
		out_puts(d->o, "    # built in\n");
	}
}

/* One setting that came (no `before`), went (no `after`) or changed. */
static void report(struct fact_diff *d, const char *change, const struct fact *before, const struct fact *after)
{
	if (d->json) {
		json_entry(d, change, (before ? before : after)->key, before, after);
		put_notes(d, before, after, false);
		out_char(d->o, '}');
	} else {
		if (!d->headed)
			out_printf(d->o, "%s%s%s%.*s:\n", d->any ? "\n" : "",
				   keyword_place_name(d->object->place), d->object->name.len ? " " : "",
				   STR_ARG(d->object->name));
		text_side(d, '-', d->old, before);
		text_side(d, '+', d->new_, after);
		put_notes(d, before, after, false);
	}
	d->headed = d->any = true;
}

static bool fact_eq(const struct fact *a, const struct fact *b)
{
	return a->no == b->no && str_eq(a->key, b->key) && str_eq(a->value, b->value);
}

static bool fact_is_list(const struct fact *fact)
{
	return fact->row->flags & KW_REPEAT && strcmp(fact->row->name, "server") != 0;
}

/* The value that holds for each key: a line's, or a built-in one. */
static struct map facts_by_key(struct arena *a, const struct fact_object *object)
{
	struct map map = {0}, counts = {0};

	vec_each (fact, &object->built_in)
		map_put(a, &map, fact->key, fact);
	vec_each (fact, &object->facts)
		if (!fact_is_list(fact))
			map_put(a, &map, numbered(a, &counts, fact->key), fact);
	return map;
}

struct fact_list {
	const struct fact **v;
	uint32_t n;
	struct map counts; /* text of a fact -> uint32_t: how many are not paired yet */
};

static struct str fact_text(struct arena *a, const struct fact *fact)
{
	return arena_printf(a, "%d%.*s %.*s", fact->no, STR_ARG(fact->key), STR_ARG(fact->value));
}

/* What an object has of one row, in order. */
static struct fact_list list_of(struct arena *a, const struct fact_object *object, const struct keyword *row)
{
	VEC(const struct fact *) found = {0};
	struct fact_list list = {0};

	vec_each (fact, &object->facts) {
		struct str text;
		uint32_t *count;

		if (strcmp(fact->row->name, row->name) != 0)
			continue;
		*vec_push(a, &found) = fact;
		text = fact_text(a, fact);
		count = map_get(&list.counts, text);
		if (!count) {
			count = ARENA_NEW(a, uint32_t);
			map_put(a, &list.counts, text, count);
		}
		++*count;
	}
	list.v = found.v;
	list.n = found.n;
	return list;
}

/* Whether the list has one more of these. */
static bool list_pair(struct arena *a, const struct fact_list *list, const struct fact *fact)
{
	uint32_t *count = map_get(&list->counts, fact_text(a, fact));

	if (!count || !*count)
		return false;
	--*count;
	return true;
}

/* Rows that repeat: those gone, those come; when neither, whether the order is the same. */
static void diff_list(struct fact_diff *d, const struct fact_object *before, const struct fact_object *after,
		      const struct keyword *row)
{
	struct arena *a = d->new_->arena;
	struct fact_list old = list_of(a, before, row), new_ = list_of(a, after, row);
	bool changed = false;

	for (uint32_t i = 0; i < old.n; i++) {
		if (list_pair(a, &new_, old.v[i]))
			continue;
		report(d, "removed", old.v[i], NULL);
		changed = true;
	}
	for (uint32_t i = 0; i < new_.n; i++) {
		if (list_pair(a, &old, new_.v[i]))
			continue;
		report(d, "added", NULL, new_.v[i]);
		changed = true;
	}
	for (uint32_t i = 0; !changed && i < old.n; i++)
		if (!fact_eq(old.v[i], new_.v[i]))
			report(d, "moved", old.v[i], new_.v[i]);
}

static void diff_value(struct fact_diff *d, const struct fact *before, const struct fact *after)
{
	if (before && after && !fact_eq(before, after))
		report(d, "changed", before, after);
	else if (!before || !after)
		report(d, before ? "removed" : "added", before, after);
}

typedef VEC(const char *) row_names;

/* Whether a row comes for the first time; remembered then. */
static bool is_first(struct arena *a, row_names *seen, const struct keyword *row)
{
	vec_each (name, seen)
		if (strcmp(*name, row->name) == 0)
			return false;
	*vec_push(a, seen) = row->name;
	return true;
}

static void diff_object(struct fact_diff *d, const struct fact_object *before, const struct fact_object *after)
{
	struct arena *a = d->new_->arena;
	struct map old = facts_by_key(a, before), new_ = facts_by_key(a, after);
	struct map counts = {0};
	row_names seen = {0};

	vec_each (fact, &before->facts) {
		if (!fact_is_list(fact))
			diff_value(d, fact, map_get(&new_, numbered(a, &counts, fact->key)));
		else if (is_first(a, &seen, fact->row))
			diff_list(d, before, after, fact->row);
	}
	counts = (struct map){0};
	vec_each (fact, &after->facts) {
		const struct fact *known =
			fact_is_list(fact) ? NULL : map_get(&old, numbered(a, &counts, fact->key));

		if (!fact_is_list(fact) && (!known || known->origin == ORIGIN_BUILT_IN))
			diff_value(d, known, fact);
		else if (fact_is_list(fact) && is_first(a, &seen, fact->row))
			diff_list(d, before, after, fact->row);
	}
}

static void report_object(struct fact_diff *d, bool gone)
{
	const struct facts *f = gone ? d->old : d->new_;

	if (d->json) {
		struct fact whole = {.key = STR(""), .value = STR(""), .line = d->object->section->header};

		json_entry(d, gone ? "section removed" : "section added", STR(""), gone ? &whole : NULL,
			   gone ? NULL : &whole);
		put_notes(d, NULL, NULL, gone);
		out_char(d->o, '}');
		d->any = true;
		return;
	}
	out_printf(d->o, "%s%c %s%s%.*s    # ", d->any ? "\n" : "", gone ? '-' : '+',
		   keyword_place_name(d->object->place), d->object->name.len ? " " : "",
		   STR_ARG(d->object->name));
	facts_place(d->o, f->l, d->object->section->header);
	out_printf(d->o, ", %u line%s\n", d->object->facts.n, d->object->facts.n == 1 ? "" : "s");
	put_notes(d, NULL, NULL, gone);
	d->any = true;
}

bool facts_diff(struct out *o, const struct facts *old, const struct facts *new_, bool json,
		const struct fact_notes *notes)
{
	struct fact_diff d = {.o = o, .old = old, .new_ = new_, .json = json, .notes = notes};
	struct arena *a = new_->arena;
	struct map olds = objects_by_name(a, old), news = objects_by_name(a, new_), counts = {0};

	if (json)
		out_puts(o, "{\"differences\":[");
	vec_each (item, &old->objects) {
		const struct fact_object *after = map_get(&news, object_key(a, &counts, *item));

		d.object = *item;
		d.headed = false;
		if (after)
			diff_object(&d, *item, after);
		else
			report_object(&d, true);
	}
	counts = (struct map){0};
	vec_each (item, &new_->objects) {
		d.object = *item;
		if (!map_get(&olds, object_key(a, &counts, *item)))
			report_object(&d, false);
	}
	if (json)
		out_puts(o, "]}\n");
	return d.any;
}
