/* Facts as a configuration with comments, and as JSON. */
#include "grammar/facts.h"
#include "grammar/section.h"

enum { COMMENT_COLUMN = 56, LINE_MAX_LEN = 1 << 20 };

/* A line, blanks up to a common column, and its origin. */
static void print_with_origin(struct out *o, const struct facts *f, struct str text, const struct line *line,
			      const char *kind)
{
	out_str(o, text);
	for (size_t column = text.len; column < COMMENT_COLUMN; column++)
		out_char(o, ' ');
	out_puts(o, " # ");
	facts_place(o, f->l, line);
	out_printf(o, "%s\n", kind);
}

static void print_fact(struct out *o, const struct facts *f, const struct fact *fact)
{
	struct out line = out_growing(LINE_MAX_LEN);

	out_printf(&line, "    %s%.*s", fact->no ? "no " : "", STR_ARG(fact->key));
	if (fact->value.len)
		out_printf(&line, " %.*s", STR_ARG(fact->value));
	print_with_origin(o, f, out_get(&line), fact->line, fact->origin == ORIGIN_DEFAULTS ? " defaults" : "");
	out_free(&line);
}

static void print_object(struct out *o, const struct facts *f, const struct fact_object *object)
{
	struct out header = out_growing(LINE_MAX_LEN);

	out_printf(&header, "%s%s%.*s", keyword_place_name(object->place), object->name.len ? " " : "",
		   STR_ARG(object->name));
	print_with_origin(o, f, out_get(&header), object->section->header, "");
	out_free(&header);
	vec_each (fact, &object->facts)
		print_fact(o, f, fact);
	vec_each (fact, &object->built_in)
		out_printf(o, "    # built in: %.*s: %.*s\n", STR_ARG(fact->key), STR_ARG(fact->value));
}

void facts_print(struct out *o, const struct facts *f)
{
	bool first = true;

	vec_each (object, &f->objects) {
		if (!first)
			out_char(o, '\n');
		first = false;
		print_object(o, f, *object);
	}
}

static void json_place(struct out *o, const struct loaded *l, const struct line *line)
{
	out_puts(o, "\"file\":");
	out_json(o, sources_get(&l->sources, line->span.source)->name);
	out_printf(o, ",\"line\":%u", sources_position(&l->sources, line->span.source, line->span.off).line);
}

static void json_fact(struct out *o, const struct facts *f, const struct fact *fact)
{
	static const char *const origins[] = {"own", "defaults", "built-in"};

	out_puts(o, "{\"keyword\":");
	out_json(o, str_from(fact->row->name));
	out_puts(o, ",\"key\":");
	out_json(o, fact->key);
	out_puts(o, ",\"value\":");
	if (fact->no)
		out_puts(o, "false");
	else
		out_json(o, fact->value);
	out_printf(o, ",\"origin\":\"%s\"", origins[fact->origin]);
	if (fact->line) {
		out_char(o, ',');
		json_place(o, f->l, fact->line);
	}
	out_char(o, '}');
}

static void json_object(struct out *o, const struct facts *f, const struct fact_object *object)
{
	const char *comma = "";

	out_printf(o, "{\"section\":\"%s\",\"name\":", keyword_place_name(object->place));
	if (object->name.len)
		out_json(o, object->name);
	else
		out_puts(o, "null");
	out_char(o, ',');
	json_place(o, f->l, object->section->header);
	out_puts(o, ",\"settings\":[");
	vec_each (fact, &object->facts) {
		out_puts(o, comma);
		json_fact(o, f, fact);
		comma = ",";
	}
	vec_each (fact, &object->built_in) {
		out_puts(o, comma);
		json_fact(o, f, fact);
		comma = ",";
	}
	out_puts(o, "]}");
}

void facts_json(struct out *o, const struct facts *f)
{
	const char *comma = "";

	out_puts(o, "{\"sections\":[");
	vec_each (object, &f->objects) {
		out_puts(o, comma);
		json_object(o, f, *object);
		comma = ",\n";
	}
	out_puts(o, "]}\n");
}
