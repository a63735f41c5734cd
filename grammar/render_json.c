/* Diagnostics as JSON, one object a line, with the field names that rustc made common. */
#include "grammar/render.h"
#include "grammar/render_glyph.h"

enum { RENDERED_MAX = 1 << 20, LINE_SHOWN = 8192 };

static void json_field(struct out *o, const char *name, struct str value)
{
	out_printf(o, "\"%s\":", name);
	if (value.ptr)
		out_json(o, value);
	else
		out_puts(o, "null");
	out_char(o, ',');
}

/* One-based column in characters. */
static uint32_t json_column(const struct sources *s, uint32_t source, struct position at)
{
	return glyph_count(str_sub(sources_line(s, source, at.line), 0, at.column - 1)) + 1;
}

/* The first line of the span, and which of its characters are meant. */
static void json_text(struct out *o, const struct sources *s, struct span span, struct position from,
		      struct position to)
{
	struct str line = sources_line(s, span.source, from.line);
	uint32_t start = json_column(s, span.source, from), last;
	uint32_t end = to.line == from.line ? json_column(s, span.source, to) : glyph_count(line) + 1;

	if (line.len > LINE_SHOWN) { /* its beginning is enough */
		size_t cut = LINE_SHOWN;

		while (cut && (line.ptr[cut] & 0xc0) == 0x80)
			cut--;
		line = str_sub(line, 0, cut);
		last = glyph_count(line) + 1;
		start = start < last ? start : last;
		end = end < last ? end : last;
	}
	out_puts(o, "\"text\":[{\"text\":");
	out_json(o, line);
	out_printf(o, ",\"highlight_start\":%u,\"highlight_end\":%u}],", start, end);
}

static void json_span(struct out *o, const struct sources *s, struct span span, bool primary, struct str label,
		      const struct diag_fix *fix, struct str replacement)
{
	struct position from = sources_position(s, span.source, span.off);
	struct position to = sources_position(s, span.source, span.off + span.len);

	out_char(o, '{');
	json_field(o, "file_name", sources_get(s, span.source)->name);
	out_printf(o, "\"byte_start\":%u,\"byte_end\":%u,", span.off, span.off + span.len);
	out_printf(o, "\"line_start\":%u,\"line_end\":%u,", from.line, to.line);
	out_printf(o, "\"column_start\":%u,\"column_end\":%u,", json_column(s, span.source, from),
		   json_column(s, span.source, to));
	out_printf(o, "\"is_primary\":%s,", primary ? "true" : "false");
	json_text(o, s, span, from, to);
	json_field(o, "label", label.len ? label : STR_NONE);
	if (fix)
		json_field(o, "suggested_replacement", replacement.ptr ? replacement : STR(""));
	else
		out_puts(o, "\"suggested_replacement\":null,");
	out_printf(o, "\"suggestion_applicability\":%s}",
		   !fix                            ? "null"
		   : fix->certainty == FIX_CERTAIN ? "\"MachineApplicable\""
						   : "\"MaybeIncorrect\"");
}

static void json_child(struct out *o, const char *level, struct str message, const struct sources *s,
		       const struct diag_fix *fix)
{
	bool first = true;

	out_puts(o, "{\"message\":");
	out_json(o, message);
	out_printf(o, ",\"code\":null,\"level\":\"%s\",\"spans\":[", level);
	for (uint32_t i = 0; fix && i < fix->edits.n; i++) {
		if (!sources_get(s, fix->edits.v[i].span.source))
			continue;
		if (!first)
			out_char(o, ',');
		first = false;
		json_span(o, s, fix->edits.v[i].span, true, STR_NONE, fix, fix->edits.v[i].text);
	}
	out_puts(o, "],\"children\":[],\"rendered\":null}");
}

static void json_spans(struct out *o, const struct diag *g, const struct sources *s)
{
	bool first = true;

	out_puts(o, "\"spans\":[");
	if (sources_get(s, g->span.source)) {
		json_span(o, s, g->span, true, g->label, NULL, STR_NONE);
		first = false;
	}
	vec_each (label, &g->labels) {
		if (!sources_get(s, label->span.source))
			continue;
		if (!first)
			out_char(o, ',');
		first = false;
		json_span(o, s, label->span, false, label->text, NULL, STR_NONE);
	}
	out_puts(o, "],");
}

static void json_children(struct out *o, const struct diag *g, const struct sources *s)
{
	const char *comma = "";

	out_puts(o, "\"children\":[");
	vec_each (note, &g->notes) {
		out_puts(o, comma);
		json_child(o, "note", *note, s, NULL);
		comma = ",";
	}
	vec_each (help, &g->helps) {
		out_puts(o, comma);
		json_child(o, "help", *help, s, NULL);
		comma = ",";
	}
	vec_each (fix, &g->fixes) {
		out_puts(o, comma);
		json_child(o, "help", fix->title, s, fix);
		comma = ",";
	}
	out_puts(o, "],");
}

/* The terminal form of one diagnostic, without colours. */
static void json_rendered(struct out *o, struct diag *g, const struct sources *s,
			  const struct render_options *options)
{
	struct render_options plain = {
		.width = options->width, .haproxy = options->haproxy, .explain = options->explain};
	struct diags one = {.list = {&g, 1, 1}};
	struct out text = out_growing(RENDERED_MAX);

	render_text(&text, &one, s, &plain);
	out_puts(o, "\"rendered\":");
	out_json(o, out_get(&text));
	out_free(&text);
}

void render_json(struct out *o, const struct diags *d, const struct sources *s,
		 const struct render_options *options)
{
	char code[16];

	vec_each (item, &d->list) {
		struct diag *g = *item;
		const struct diag_code_info *info = diag_code_info(g->code);

		out_puts(o, "{\"$message_type\":\"diagnostic\",\"message\":");
		out_json(o, g->message);
		out_printf(o, ",\"code\":{\"code\":\"%s\",\"name\":\"%s\",\"class\":\"%s\"},",
			   render_code(code, g->code, g->severity), info->readable,
			   diag_class_info(info->class)->readable);
		out_printf(o, "\"level\":\"%s\",", render_severity(g->severity));
		json_spans(o, g, s);
		json_children(o, g, s);
		json_field(o, "haproxy", g->haproxy.len ? g->haproxy : STR_NONE);
		json_rendered(o, g, s, options);
		out_puts(o, "}\n");
	}
}
