/* The terminal form of diagnostics: header, excerpt, notes, helps, fixes. */
#include "grammar/render.h"

#include <stdio.h>

#include "grammar/render_excerpt.h"
#include "grammar/render_glyph.h"

char *render_code(char *buf, enum diag_code code, enum severity severity)
{
	snprintf(buf, 16, "LB%c%04u",
		 severity == SEV_ERROR     ? 'E'
		 : severity == SEV_WARNING ? 'W'
					   : 'N',
		 diag_code_info(code)->number);
	return buf;
}

const char *render_severity(enum severity severity)
{
	return severity == SEV_ERROR ? "error" : severity == SEV_WARNING ? "warning" : "note";
}

static void render_header(const struct excerpt *x, const struct diag *g)
{
	char code[16];

	excerpt_style(x, severity_style(g->severity));
	out_printf(x->o, "%s[%s]", render_severity(g->severity), render_code(code, g->code, g->severity));
	excerpt_style(x, STYLE_PLAIN);
	excerpt_style(x, STYLE_STRONG);
	out_puts(x->o, ": ");
	glyph_print(x->o, g->message);
	excerpt_style(x, STYLE_PLAIN);
	out_char(x->o, '\n');
}

/* "   = note: text" */
static void render_remark(const struct excerpt *x, const char *kind, struct str text)
{
	excerpt_style(x, STYLE_FRAME);
	out_printf(x->o, "%*s = ", (int)x->gutter, "");
	excerpt_style(x, STYLE_PLAIN);
	excerpt_style(x, STYLE_STRONG);
	out_printf(x->o, "%s: ", kind);
	excerpt_style(x, STYLE_PLAIN);
	glyph_print(x->o, text);
	out_char(x->o, '\n');
}

static void render_fix(const struct excerpt *x, const struct diag_fix *fix, const struct sources *s)
{
	excerpt_style(x, STYLE_HELP);
	out_puts(x->o, "help");
	excerpt_style(x, STYLE_PLAIN);
	out_puts(x->o, ": ");
	glyph_print(x->o, fix->title);
	out_puts(x->o, fix->certainty == FIX_CERTAIN ? " [fix: certain]\n" : " [fix: likely]\n");
	snippet_fix(x, fix, s);
}

/* Without what joins the words to file and line, and without HAProxy's own excerpt. */
static struct str haproxy_first_line(struct str words)
{
	if (str_starts(words, STR(": ")))
		words = str_tail(words, 2);
	return str_sub(words, 0, str_chr(words, '\n'));
}

static bool has_remarks(const struct diag *g, const struct render_options *options)
{
	return g->notes.n || g->helps.n || (options->haproxy && g->haproxy.len);
}

static void render_diag(struct out *o, const struct diag *g, const struct sources *s,
			const struct render_options *options)
{
	struct excerpt x = excerpt_make(o, options, snippet_gutter(g, s));
	char code[16], text[128];

	render_header(&x, g);
	snippet_print(&x, g, s);
	if (g->span.source && (has_remarks(g, options) || g->fixes.n))
		excerpt_bar(&x);
	vec_each (note, &g->notes)
		render_remark(&x, "note", *note);
	vec_each (help, &g->helps)
		render_remark(&x, "help", *help);
	vec_each (fix, &g->fixes)
		render_fix(&x, fix, s);
	if (options->haproxy && g->haproxy.len)
		render_remark(&x, "haproxy", haproxy_first_line(g->haproxy));
	if (options->explain) {
		snprintf(text, sizeof(text), "`%s %s`", options->explain,
			 render_code(code, g->code, g->severity));
		render_remark(&x, "see", str_from(text));
	}
	out_char(o, '\n');
}

void render_text(struct out *o, const struct diags *d, const struct sources *s,
		 const struct render_options *options)
{
	uint32_t shown = options->max && options->max < d->list.n ? options->max : d->list.n;

	for (uint32_t i = 0; i < shown; i++)
		render_diag(o, d->list.v[i], s, options);
	if (shown < d->list.n + d->dropped)
		out_printf(o, "... and %u more\n", d->list.n + d->dropped - shown);
}
