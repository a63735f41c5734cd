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
};

static const struct fact_object *find_object(const struct facts *f, const struct fact_object *like)
{
	vec_each (item, &f->objects)
		if ((*item)->place == like->place && str_eq((*item)->name, like->name))
			return *item;
	return NULL;
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
	out_char(d->o, '}');
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
	} else {
		if (!d->headed)
			out_printf(d->o, "%s%s%s%.*s:\n", d->any ? "\n" : "",
				   keyword_place_name(d->object->place), d->object->name.len ? " " : "",
				   STR_ARG(d->object->name));
		text_side(d, '-', d->old, before);
		text_side(d, '+', d->new_, after);
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

/* The value that holds for a key: a line's, or a built-in one. */
static const struct fact *find_fact(const struct fact_object *object, const struct fact *like)
{
	vec_each (fact, &object->facts)
		if (str_eq(fact->key, like->key))
			return fact;
	vec_each (fact, &object->built_in)
		if (str_eq(fact->key, like->key))
			return fact;
	return NULL;
}

/* What a list has of one row, in order. */
static uint32_t list_of(struct arena *a, const struct fact_object *object, const struct keyword *row,
			const struct fact ***list)
{
	VEC(const struct fact *) found = {0};

	vec_each (fact, &object->facts)
		if (strcmp(fact->row->name, row->name) == 0)
			*vec_push(a, &found) = fact;
	*list = found.v;
	return found.n;
}

static const struct fact *list_find(const struct fact **list, uint32_t n, const struct fact *like, bool *taken)
{
	for (uint32_t i = 0; i < n; i++) {
		if (taken[i] || !fact_eq(list[i], like))
			continue;
		taken[i] = true;
		return list[i];
	}
	return NULL;
}

/* Rows that repeat: those gone, those come; when neither, whether the order is the same. */
static void diff_list(struct fact_diff *d, const struct fact_object *before, const struct fact_object *after,
		      const struct keyword *row)
{
	const struct fact **old, **new_;
	uint32_t nold = list_of(d->old->arena, before, row, &old),
		 nnew = list_of(d->new_->arena, after, row, &new_);
	bool *taken = ARENA_ARRAY(d->new_->arena, bool, nnew + 1),
	     *kept = ARENA_ARRAY(d->old->arena, bool, nold + 1);
	bool changed = false;

	for (uint32_t i = 0; i < nold; i++) {
		kept[i] = list_find(new_, nnew, old[i], taken) != NULL;
		if (!kept[i])
			report(d, "removed", old[i], NULL);
		changed |= !kept[i];
	}
	for (uint32_t i = 0; i < nnew; i++) {
		if (!taken[i])
			report(d, "added", NULL, new_[i]);
		changed |= !taken[i];
	}
	for (uint32_t i = 0; !changed && i < nold; i++)
		if (!fact_eq(old[i], new_[i]))
			report(d, "moved", old[i], new_[i]);
}

/* The first fact of its row in an object. */
static bool is_first_of_row(const struct fact_object *object, const struct fact *fact)
{
	vec_each (other, &object->facts)
		if (strcmp(other->row->name, fact->row->name) == 0)
			return other == fact;
	return false;
}

static bool has_row(const struct fact_object *object, const struct keyword *row)
{
	vec_each (fact, &object->facts)
		if (strcmp(fact->row->name, row->name) == 0)
			return true;
	return false;
}

static void diff_value(struct fact_diff *d, const struct fact *before, const struct fact *after)
{
	if (before && after && !fact_eq(before, after))
		report(d, "changed", before, after);
	else if (!before || !after)
		report(d, before ? "removed" : "added", before, after);
}

static void diff_object(struct fact_diff *d, const struct fact_object *before, const struct fact_object *after)
{
	vec_each (fact, &before->facts) {
		if (!fact_is_list(fact))
			diff_value(d, fact, find_fact(after, fact));
		else if (is_first_of_row(before, fact))
			diff_list(d, before, after, fact->row);
	}
	vec_each (fact, &after->facts) {
		if (fact_is_list(fact)) {
			if (is_first_of_row(after, fact) && !has_row(before, fact->row))
				diff_list(d, before, after, fact->row);
			continue;
		}
		const struct fact *old = find_fact(before, fact);

		if (!old || old->origin == ORIGIN_BUILT_IN)
			diff_value(d, old, fact);
	}
}

static void report_object(struct fact_diff *d, bool gone)
{
	const struct facts *f = gone ? d->old : d->new_;

	if (d->json) {
		struct fact whole = {.key = STR(""), .value = STR(""), .line = d->object->section->header};

		json_entry(d, gone ? "section removed" : "section added", STR(""), gone ? &whole : NULL,
			   gone ? NULL : &whole);
		d->any = true;
		return;
	}
	out_printf(d->o, "%s%c %s%s%.*s    # ", d->any ? "\n" : "", gone ? '-' : '+',
		   keyword_place_name(d->object->place), d->object->name.len ? " " : "",
		   STR_ARG(d->object->name));
	facts_place(d->o, f->l, d->object->section->header);
	out_printf(d->o, ", %u line%s\n", d->object->facts.n, d->object->facts.n == 1 ? "" : "s");
	d->any = true;
}

bool facts_diff(struct out *o, const struct facts *old, const struct facts *new_, bool json)
{
	struct fact_diff d = {.o = o, .old = old, .new_ = new_, .json = json};

	if (json)
		out_puts(o, "{\"differences\":[");
	vec_each (item, &old->objects) {
		const struct fact_object *after = find_object(new_, *item);

		d.object = *item;
		d.headed = false;
		if (after)
			diff_object(&d, *item, after);
		else
			report_object(&d, true);
	}
	vec_each (item, &new_->objects) {
		d.object = *item;
		if (!find_object(old, *item))
			report_object(&d, false);
	}
	if (json)
		out_puts(o, "]}\n");
	return d.any;
}
