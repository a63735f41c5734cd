/* The tree as text and as JSON. Branches that were not taken are not in it. */
#include "grammar/tree_print.h"

#include "grammar/render_glyph.h"
#include "grammar/section.h"

static struct position line_position(const struct loaded *l, const struct line *line)
{
	return sources_position(&l->sources, line->span.source, line->span.off);
}

static void print_line(struct out *o, const struct loaded *l, const struct line *line)
{
	out_printf(o, "%6u ", line_position(l, line).line);
	for (uint32_t i = 0; i < line->nwords; i++) {
		out_puts(o, i ? " | " : "");
		glyph_print(o, line->words[i].text);
	}
	out_char(o, '\n');
}

void tree_print(struct out *o, const struct loaded *l)
{
	uint32_t source = 0;

	vec_each (item, &l->tree.sections) {
		const struct section *section = *item;
		const struct line *first = section->header    ? section->header
					   : section->lines.n ? section->lines.v[0]
							      : NULL;

		if (first && first->span.source != source) {
			source = first->span.source;
			out_printf(o, "%.*s\n", STR_ARG(sources_get(&l->sources, source)->name));
		}
		out_printf(o, "  %s\n", section->kind ? section->kind->name.ptr : "no section");
		if (section->header)
			print_line(o, l, section->header);
		vec_each (line, &section->lines)
			print_line(o, l, *line);
	}
}

static void json_line(struct out *o, const struct loaded *l, const struct line *line)
{
	out_puts(o, "{\"file\":");
	out_json(o, sources_get(&l->sources, line->span.source)->name);
	out_printf(o, ",\"line\":%u,\"words\":[", line_position(l, line).line);
	for (uint32_t i = 0; i < line->nwords; i++) {
		const struct word *w = &line->words[i];

		out_printf(o, "%s{\"text\":", i ? "," : "");
		out_json(o, w->text);
		out_printf(o, ",\"column\":%u,\"length\":%u}",
			   sources_position(&l->sources, w->span.source, w->span.off).column, w->span.len);
	}
	out_puts(o, "],\"comment\":");
	if (line->comment.source)
		out_json(o, sources_span(&l->sources, line->comment));
	else
		out_puts(o, "null");
	out_char(o, '}');
}

void tree_json(struct out *o, const struct loaded *l)
{
	const char *between = "";

	out_puts(o, "{\"sections\":[");
	vec_each (item, &l->tree.sections) {
		const struct section *section = *item;
		const char *comma = "";

		out_printf(o, "%s{\"kind\":", between);
		out_json(o, section->kind ? section->kind->name : STR(""));
		out_puts(o, ",\"header\":");
		if (section->header)
			json_line(o, l, section->header);
		else
			out_puts(o, "null");
		out_puts(o, ",\"lines\":[");
		vec_each (line, &section->lines) {
			out_puts(o, comma);
			json_line(o, l, *line);
			comma = ",\n";
		}
		out_puts(o, "]}");
		between = ",\n";
	}
	out_puts(o, "]}\n");
}
