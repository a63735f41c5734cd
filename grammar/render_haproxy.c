/* Diagnostics as HAProxy prints them, for programs and people that read its messages (`lbd -c`). */
#include "grammar/render.h"
#include "grammar/render_glyph.h"

/* Level and padding as HAProxy aligns them. */
static const char *const levels[] = {
	[SEV_NOTE] = "[NOTICE]   ",
	[SEV_WARNING] = "[WARNING]  ",
	[SEV_ERROR] = "[ALERT]    ",
};

static void haproxy_place(struct out *o, const struct diag *g, const struct sources *s)
{
	const struct source *src = sources_get(s, g->span.source);

	if (!src || g->haproxy_unplaced)
		return;
	out_puts(o, "parsing [");
	glyph_print(o, src->name);
	out_printf(o, ":%u]", sources_position(s, g->span.source, g->span.off).line);
	if (!(g->haproxy.len && g->haproxy.ptr[0] == ':'))
		out_puts(o, " : ");
}

/* HAProxy's words may hold tabs, and line ends of their own (an excerpt with a caret). */
static void haproxy_words(struct out *o, struct str words)
{
	for (size_t i = 0, end; i < words.len; i = end + 1) {
		for (end = i; end < words.len && words.ptr[end] != '\n' && words.ptr[end] != '\t';)
			end++;
		glyph_print(o, str_sub(words, i, end - i));
		if (end < words.len)
			out_char(o, words.ptr[end]);
	}
	out_char(o, '\n');
}

void render_haproxy(struct out *o, const struct diags *d, const struct sources *s,
		    const struct render_options *options)
{
	uint32_t left = options->max ? options->max : UINT32_MAX;

	vec_each (item, &d->list) {
		const struct diag *g = *item;
		if (!left--)
			break;
		out_printf(o,
			   "%s(%ld) : config : ", g->code == D_USER_DIAG ? "[DIAG]     " : levels[g->severity],
			   options->pid);
		haproxy_place(o, g, s);
		if (g->haproxy.len) {
			haproxy_words(o, g->haproxy);
		} else {
			glyph_print(o, g->message);
			out_puts(o, ".\n");
		}
	}
}
