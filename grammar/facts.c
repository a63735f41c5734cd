/* Collecting facts: defaults are inherited line by line, as far as they suit the side of the proxy and it has
 * no line of its own for the same thing. */
#include "grammar/facts.h"

#include "grammar/quote.h"
#include "grammar/section.h"

enum { VALUE_MAX = 1 << 20 };

/* Rows whose first argument says which one it is. */
static bool row_names_one(const struct keyword *row)
{
	static const char *const names[] = {
		"acl",       "bind",     "server",      "server-template", "stats socket",
		"user",      "group",    "nameserver",  "mailer",          "peer",
		"errorfile", "errorloc", "errorloc302", "errorloc303",     "table",
		"load",      NULL};

	for (uint32_t i = 0; names[i]; i++)
		if (strcmp(row->name, names[i]) == 0)
			return true;
	return false;
}

/* Where words of a line are addresses, variables count outside of double quotes too. */
static bool row_has_address(const struct keyword *row)
{
	static const char *const names[] = {"bind",   "server",     "server-template", "stats socket",
					    "source", "nameserver", "mailer",          "peer",
					    "log",    NULL};

	for (uint32_t i = 0; names[i]; i++)
		if (strcmp(row->name, names[i]) == 0)
			return true;
	return false;
}

const struct keyword *facts_row(const struct facts *f, const struct section *section, const struct line *line,
				uint32_t *skip)
{
	uint32_t prefix = line->nwords > 1 &&
			  (str_is(line->words[0].text, "no") || str_is(line->words[0].text, "default"));
	const struct keyword *row;
	uint32_t used = 0;

	if (!section->kind || line->poisoned)
		return NULL;
	row = keyword_find(f->index, line->words + prefix, line->nwords - prefix, 1u << section->kind->place,
			   f->compat, &used);
	*skip = prefix + used;
	return row;
}

static struct str words_text(const struct facts *f, const struct keyword *row, const struct line *line,
			     uint32_t from, uint32_t to)
{
	struct out o = out_growing(VALUE_MAX);
	struct str text;

	for (uint32_t i = from; i < to; i++) {
		const struct word *w = &line->words[i];

		if (i > from)
			out_char(&o, ' ');
		quote_word(&o, (row_has_address(row) ? word_as_address(&f->l->tree, w) : w)->text);
	}
	text = arena_str(f->arena, out_get(&o));
	out_free(&o);
	return text;
}

static struct fact fact_make(const struct facts *f, const struct section *from, const struct line *line,
			     const struct keyword *row, uint32_t skip)
{
	struct fact fact = {.row = row, .line = line, .from = from, .no = str_is(line->words[0].text, "no")};
	bool named = row_names_one(row) && skip < line->nwords;

	fact.key = named ? arena_printf(f->arena, "%s %.*s", row->name,
					STR_ARG(words_text(f, row, line, skip, skip + 1)))
			 : str_from(row->name);
	fact.value = words_text(f, row, line, skip + named, line->nwords);
	return fact;
}

/* `no log` takes all log lines back; another line of a row that holds one value replaces it. */
static void object_replace(struct fact_object *object, const struct fact *fact)
{
	bool one = strncmp(fact->row->name, "error", 5) == 0 || !(fact->row->flags & KW_REPEAT);
	uint32_t n = 0;

	if (!one && !fact->no)
		return;
	for (uint32_t i = 0; i < object->facts.n; i++) {
		const struct fact *old = &object->facts.v[i];

		if (old->row == fact->row && (!one || str_eq(old->key, fact->key)))
			continue;
		object->facts.v[n++] = *old;
	}
	object->facts.n = n;
}

enum step_list { STEP_NONE, STEP_HTTP, STEP_TCP };

/* Of which list a line is a step: a proxy's own steps replace those that it inherits as a whole. */
static enum step_list step_of(const struct fact *fact)
{
	if (fact->row->kind != VAL_CUSTOM)
		return STEP_NONE;
	return strncmp(fact->row->name, "http-check", 10) == 0 ? STEP_HTTP
	       : strncmp(fact->row->name, "tcp-check", 9) == 0 ? STEP_TCP
							       : STEP_NONE;
}

static void object_forget_steps(struct fact_object *object, enum step_list list)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < object->facts.n; i++)
		if (object->facts.v[i].origin == ORIGIN_OWN || step_of(&object->facts.v[i]) != list)
			object->facts.v[n++] = object->facts.v[i];
	object->facts.n = n;
}

static bool is_before(const struct line *a, const struct line *b)
{
	return a->span.source < b->span.source ||
	       (a->span.source == b->span.source && a->span.off < b->span.off);
}

/* `log global` means the targets that the global section had up to there. */
static bool means_nothing(const struct facts *f, const struct fact *fact)
{
	if (strcmp(fact->row->name, "log") != 0 || !str_is(fact->value, "global"))
		return false;
	vec_each (item, &f->l->tree.sections) {
		if (!(*item)->kind || (*item)->kind->place != PLACE_GLOBAL)
			continue;
		vec_each (line, &(*item)->lines)
			if (is_before(*line, fact->line) && str_is((*line)->words[0].text, "log"))
				return false;
	}
	return true;
}

static bool object_has(const struct fact_object *object, const struct keyword *row)
{
	vec_each (fact, &object->facts)
		if (fact->row == row)
			return true;
	return false;
}

static void object_take(const struct facts *f, struct fact_object *object, const struct section *from,
			const struct line *line)
{
	struct section as = {.kind = section_get(object->place)};
	uint32_t skip = 0;
	const struct keyword *row = facts_row(f, &as, line, &skip);
	struct fact fact;

	if (!row || row->flags & KW_REMOVED || (row->flags & KW_FIRST_WINS && object_has(object, row)))
		return;
	fact = fact_make(f, from, line, row, skip);
	fact.origin = from->kind->place == PLACE_DEFAULTS ? ORIGIN_DEFAULTS : ORIGIN_OWN;
	if (means_nothing(f, &fact))
		return;
	if (fact.origin == ORIGIN_OWN && step_of(&fact))
		object_forget_steps(object, step_of(&fact));
	object_replace(object, &fact);
	if (fact.no && row->flags & KW_REPEAT)
		return;
	*vec_push(f->arena, &object->facts) = fact;
}

static void object_fill(const struct facts *f, struct fact_object *object, const struct section *from)
{
	vec_each (line, &from->lines)
		object_take(f, object, from, *line);
}

enum { DEFAULTS_DEEP = 64 };

/* The farthest ancestor first, so that what is nearer replaces it. */
static void object_inherit(const struct facts *f, struct fact_object *object)
{
	const struct section *chain[DEFAULTS_DEEP];
	uint32_t n = 0;

	for (const struct section *s = object->defaults; s && n < DEFAULTS_DEEP; n++) {
		chain[n] = s;
		/* A defaults section starts from nothing unless it names another one. */
		s = s->header->nwords > 2 ? facts_defaults_of(f, s) : NULL;
	}
	while (n)
		object_fill(f, object, chain[--n]);
}

static void object_built_in(const struct facts *f, struct fact_object *object)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t i = 0; i < nareas; i++) {
		for (uint32_t j = 0; j < areas[i]->n; j++) {
			const struct keyword *row = &areas[i]->rows[j];

			if (!row->preset || !(row->in >> object->place & 1) || row->flags & KW_REMOVED ||
			    !keyword_is_known(row, f->compat) || object_has(object, row))
				continue;
			*vec_push(f->arena, &object->built_in) = (struct fact){.row = row,
									       .origin = ORIGIN_BUILT_IN,
									       .key = str_from(row->name),
									       .value = str_from(row->preset)};
		}
	}
}

/* The name behind `from` in a header. */
static const struct word *header_from(const struct line *header)
{
	for (uint32_t i = 1; i + 1 < header->nwords; i++)
		if (str_is(header->words[i].text, "from"))
			return &header->words[i + 1];
	return NULL;
}

static bool section_is(const struct section *s, struct str name)
{
	return s->header->nwords > 1 && str_eq(s->header->words[1].text, name);
}

const struct section *facts_defaults_of(const struct facts *f, const struct section *section)
{
	const struct word *from = header_from(section->header);
	const struct section *found = NULL;

	vec_each (item, &f->defaults) {
		const struct section *s = *item;

		if (is_before(s->header, section->header) && (!from || section_is(s, from->text)))
			found = s;
	}
	return found;
}

static struct fact_object *object_open(struct facts *f, const struct section *section)
{
	const struct line *header = section->header;
	enum keyword_place place = section->kind->place;
	struct fact_object *object;

	if (place == PLACE_GLOBAL)
		vec_each (known, &f->objects)
			if ((*known)->place == place)
				return *known;
	object = ARENA_NEW(f->arena, struct fact_object);
	object->place = place;
	object->section = section;
	if (section->kind->naming != NAMING_NONE && header->nwords > 1)
		object->name = header->words[1].text;
	*vec_push(f->arena, &f->objects) = object;
	return object;
}

static bool place_is_proxy(enum keyword_place place)
{
	return (1u << place) & (IN(FRONTEND) | IN(LISTEN) | IN(BACKEND));
}

struct facts *facts_collect(const struct loaded *l, int compat)
{
	struct facts *f = ARENA_NEW(l->arena, struct facts);

	f->arena = l->arena;
	f->l = l;
	f->compat = compat;
	f->index = keyword_index_new(l->arena);
	vec_each (item, &l->tree.sections) {
		const struct section *section = *item;
		struct fact_object *object;

		if (!section->kind || !section->header)
			continue;
		if (section->kind->place == PLACE_DEFAULTS) {
			*vec_push(f->arena, &f->defaults) = section;
			continue;
		}
		object = object_open(f, section);
		if (place_is_proxy(object->place)) {
			object->defaults = facts_defaults_of(f, section);
			object_inherit(f, object);
		}
		object_fill(f, object, section);
	}
	vec_each (object, &f->objects)
		object_built_in(f, *object);
	return f;
}

const struct fact *facts_of_line(const struct facts *f, const struct line *line,
				 const struct fact_object **object)
{
	vec_each (item, &f->objects) {
		vec_each (fact, &(*item)->facts) {
			if (fact->line != line || fact->origin != ORIGIN_OWN)
				continue;
			*object = *item;
			return fact;
		}
	}
	return NULL;
}

void facts_place(struct out *o, const struct loaded *l, const struct line *line)
{
	const struct source *src = sources_get(&l->sources, line->span.source);

	if (src)
		out_printf(o, "%.*s:%u", STR_ARG(src->name),
			   sources_position(&l->sources, line->span.source, line->span.off).line);
}
