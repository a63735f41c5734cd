/* Diagnostics in forms of one line: as compilers print them, which editors jump by, and as GitHub's runners
 * take them for annotations. One thread. */
#include "grammar/render.h"
#include "grammar/render_glyph.h"

static uint32_t line_column(const struct sources *s, uint32_t source, struct position at)
{
	return glyph_count(str_sub(sources_line(s, source, at.line), 0, at.column - 1)) + 1;
}

/* "haproxy.cfg:9:21: "; "lbcheck: " for what has no place. Columns count characters. */
static void gcc_place(struct out *o, const struct sources *s, struct span span)
{
	const struct source *src = sources_get(s, span.source);
	struct position at;

	if (!src) {
		out_puts(o, "lbcheck: ");
		return;
	}
	at = sources_position(s, span.source, span.off);
	glyph_print(o, src->name);
	out_printf(o, ":%u:%u: ", at.line, line_column(s, span.source, at));
}

static void gcc_note(struct out *o, const struct sources *s, struct span span, const char *kind,
		     struct str text)
{
	gcc_place(o, s, span);
	out_printf(o, "%s: ", kind);
	glyph_print(o, text);
	out_char(o, '\n');
}

static void gcc_diag(struct out *o, const struct diag *g, const struct sources *s)
{
	char code[16];

	gcc_place(o, s, g->span);
	out_printf(o, "%s: ", render_severity(g->severity));
	glyph_print(o, g->message);
	out_printf(o, " [%s %s]\n", render_code(code, g->code, g->severity), diag_code_info(g->code)->readable);
	vec_each (label, &g->labels)
		gcc_note(o, s, label->span, "note", label->text);
	vec_each (note, &g->notes)
		gcc_note(o, s, g->span, "note", *note);
	vec_each (help, &g->helps)
		gcc_note(o, s, g->span, "note", *help);
}

static uint32_t shown_count(const struct diags *d, const struct render_options *options)
{
	return options->max && options->max < d->list.n ? options->max : d->list.n;
}

void render_gcc(struct out *o, const struct diags *d, const struct sources *s,
		const struct render_options *options)
{
	uint32_t shown = shown_count(d, options);

	for (uint32_t i = 0; i < shown; i++)
		gcc_diag(o, d->list.v[i], s);
	if (shown < d->list.n + d->dropped)
		out_printf(o, "lbcheck: note: %u more\n", d->list.n + d->dropped - shown);
}

/* What would end a command or a property of it stands as %XX. */
static void github_text(struct out *o, struct str text, bool property)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c == '%' || c < ' ' || (property && (c == ':' || c == ',')))
			out_printf(o, "%%%02X", c);
		else
			out_char(o, (char)c);
	}
}

static void github_place(struct out *o, const struct diag *g, const struct sources *s)
{
	const struct source *src = sources_get(s, g->span.source);
	struct position from, to;

	if (!src)
		return;
	from = sources_position(s, g->span.source, g->span.off);
	to = sources_position(s, g->span.source, g->span.off + g->span.len);
	out_puts(o, "file=");
	github_text(o, src->name, true);
	out_printf(o, ",line=%u,endLine=%u,col=%u,endColumn=%u,", from.line, to.line,
		   line_column(s, g->span.source, from), line_column(s, g->span.source, to));
}

static void github_diag(struct out *o, const struct diag *g, const struct sources *s)
{
	char code[16];

	out_printf(o, "::%s ", g->severity == SEV_NOTE ? "notice" : render_severity(g->severity));
	github_place(o, g, s);
	out_printf(o, "title=%s %s::", render_code(code, g->code, g->severity),
		   diag_code_info(g->code)->readable);
	github_text(o, g->message, false);
	vec_each (note, &g->notes) {
		out_puts(o, "%0Anote: ");
		github_text(o, *note, false);
	}
	vec_each (help, &g->helps) {
		out_puts(o, "%0Ahelp: ");
		github_text(o, *help, false);
	}
	out_char(o, '\n');
}

void render_github(struct out *o, const struct diags *d, const struct sources *s,
		   const struct render_options *options)
{
	uint32_t shown = shown_count(d, options);

	for (uint32_t i = 0; i < shown; i++)
		github_diag(o, d->list.v[i], s);
}
