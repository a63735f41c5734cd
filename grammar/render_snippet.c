/* The places of a diagnostic, file by file and line by line, and the blocks that show its fixes. */
#include "grammar/render_excerpt.h"

#include "grammar/render_glyph.h"

enum { FIX_OUTPUT_MAX = 1 << 20 };

/* A span to be marked, with the position of its start. */
struct place {
	struct span span;
	struct position at;
	bool primary;
	struct str label;
};

enum render_style severity_style(enum severity severity)
{
	return severity == SEV_ERROR ? STYLE_ERROR : severity == SEV_WARNING ? STYLE_WARNING : STYLE_NOTE;
}

static unsigned digits(uint32_t n)
{
	unsigned d = 1;

	while (n >= 10) {
		n /= 10;
		d++;
	}
	return d;
}

static uint32_t last_line(struct span span, const struct sources *s)
{
	return span.source ? sources_position(s, span.source, span.off + span.len).line : 1;
}

unsigned snippet_gutter(const struct diag *g, const struct sources *s)
{
	uint32_t line, max = sources_position(s, g->span.source, g->span.off).line;

	vec_each (label, &g->labels) {
		line = sources_position(s, label->span.source, label->span.off).line;
		max = line > max ? line : max;
	}
	vec_each (fix, &g->fixes) {
		vec_each (edit, &fix->edits) {
			line = last_line(edit->span, s);
			max = line > max ? line : max;
		}
	}
	return digits(max);
}

/* The file of the primary span first, then by file, line and column. */
static bool place_before(const struct place *a, const struct place *b, uint32_t first)
{
	if (a->span.source != b->span.source) {
		if (a->span.source == first || b->span.source == first)
			return a->span.source == first;
		return a->span.source < b->span.source;
	}
	return a->span.off < b->span.off;
}

static unsigned places_collect(struct place *v, const struct diag *g, const struct sources *s)
{
	unsigned n = 0;

	if (g->span.source)
		v[n++] = (struct place){g->span, {0, 0}, true, g->label};
	vec_each (label, &g->labels) {
		if (label->span.source && n < MARKS_MAX)
			v[n++] = (struct place){label->span, {0, 0}, false, label->text};
	}
	for (unsigned i = 0; i < n; i++) {
		v[i].at = sources_position(s, v[i].span.source, v[i].span.off);
		for (unsigned j = i; j && place_before(&v[j], &v[j - 1], g->span.source); j--) {
			struct place swap = v[j];
			v[j] = v[j - 1];
			v[j - 1] = swap;
		}
	}
	return n;
}

static void place_header(const struct excerpt *x, const struct place *v, unsigned n, const struct sources *s)
{
	const struct place *shown = v;
	struct str line;

	for (unsigned i = 0; i < n; i++)
		if (v[i].primary)
			shown = &v[i];
	excerpt_style(x, STYLE_FRAME);
	out_printf(x->o, "%*s%s ", (int)x->gutter, "", shown->primary ? "-->" : ":::");
	excerpt_style(x, STYLE_PLAIN);
	glyph_print(x->o, sources_get(s, shown->span.source)->name);
	line = sources_line(s, shown->span.source, shown->at.line);
	out_printf(x->o, ":%u:%u\n", shown->at.line, glyph_count(str_sub(line, 0, shown->at.column - 1)) + 1);
	excerpt_bar(x);
}

/* All marks of one line; what reaches over its end is cut there. */
static void places_line(const struct excerpt *x, const struct place *v, unsigned n, const struct sources *s,
			enum render_style primary)
{
	struct str text = sources_line(s, v->span.source, v->at.line);
	struct mark marks[MARKS_MAX];

	for (unsigned i = 0; i < n; i++) {
		uint32_t from = v[i].at.column - 1, to = from + v[i].span.len;
		marks[i].from = from;
		marks[i].to = to > text.len ? (uint32_t)text.len : to;
		marks[i].sign = v[i].primary ? '^' : '-';
		marks[i].style = v[i].primary ? primary : STYLE_FRAME;
		marks[i].label = v[i].label;
	}
	excerpt_line(x, v->at.line, text, marks, n);
}

/* What stands between two marked lines of a file: nothing, the one line, or dots. */
static void places_gap(const struct excerpt *x, const struct place *a, const struct place *b,
		       const struct sources *s)
{
	if (b->at.line == a->at.line + 2)
		excerpt_line(x, a->at.line + 1, sources_line(s, a->span.source, a->at.line + 1), NULL, 0);
	else if (b->at.line > a->at.line + 2)
		out_puts(x->o, "...\n");
}

static void places_file(const struct excerpt *x, const struct place *v, unsigned n, const struct sources *s,
			enum render_style primary)
{
	place_header(x, v, n, s);
	for (unsigned i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && v[j].at.line == v[i].at.line;)
			j++;
		places_line(x, v + i, j - i, s, primary);
		if (j < n)
			places_gap(x, &v[i], &v[j], s);
	}
}

void snippet_print(const struct excerpt *x, const struct diag *g, const struct sources *s)
{
	struct place places[MARKS_MAX];
	unsigned n = places_collect(places, g, s);

	for (unsigned i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && places[j].span.source == places[i].span.source;)
			j++;
		places_file(x, places + i, j - i, s, severity_style(g->severity));
	}
	if (g->labels.n >= MARKS_MAX)
		out_printf(x->o, "... and %u places more\n", g->labels.n + 1 - n);
}

/* Edits in the order of their places; false when there are too many to show or they lie in several files. */
static bool edits_sorted(const struct diag_fix *fix, const struct diag_edit **v)
{
	unsigned n = 0;

	if (!fix->edits.n || fix->edits.n > MARKS_MAX)
		return false;
	vec_each (edit, &fix->edits) {
		unsigned j = n++;
		if (edit->span.source != fix->edits.v->span.source)
			return false;
		for (; j && v[j - 1]->span.off > edit->span.off; j--)
			v[j] = v[j - 1];
		v[j] = edit;
	}
	return true;
}

/* Replays edits over source bytes [from, to) and notes in marks where each new text came to lie. */
static void edits_replay(struct out *o, const struct diag_edit **v, unsigned n, const struct source *src,
			 uint32_t from, uint32_t to, struct mark *marks)
{
	for (unsigned i = 0; i < n; i++) {
		if (v[i]->span.off > from)
			out_str(o, str_sub(src->text, from, v[i]->span.off - from));
		marks[i].from = (uint32_t)o->len;
		out_str(o, v[i]->text);
		marks[i].to = (uint32_t)o->len;
		marks[i].sign = v[i]->span.len ? '~' : '+';
		marks[i].style = STYLE_ADDED;
		marks[i].label = STR_NONE;
		from = v[i]->span.off + v[i]->span.len;
	}
	if (to > from)
		out_str(o, str_sub(src->text, from, to - from));
}

/* Can the result be shown as one line with marks? Deletions leave nothing to mark, line ends make several. */
static bool edits_markable(const struct diag_edit **v, unsigned n, const struct sources *s)
{
	uint32_t line = sources_position(s, v[0]->span.source, v[0]->span.off).line;

	for (unsigned i = 0; i < n; i++)
		if (!v[i]->text.len || str_chr(v[i]->text, '\n') < v[i]->text.len ||
		    last_line(v[i]->span, s) != line)
			return false;
	return true;
}

static void lines_change(const struct excerpt *x, struct str text, uint32_t number, char sign)
{
	while (text.len) {
		size_t end = str_chr(text, '\n');
		bool crlf = end && end < text.len && text.ptr[end - 1] == '\r';
		excerpt_change(x, number++, str_sub(text, 0, end - crlf), sign);
		text = str_tail(text, end + 1);
	}
}

/* Whole lines around a fix: the bytes [from, to) of its source, line ends excluded at the end. */
struct region {
	const struct source *src;
	uint32_t line, from, to;
};

static struct region edits_region(const struct diag_edit **v, unsigned n, const struct sources *s)
{
	struct position first = sources_position(s, v[0]->span.source, v[0]->span.off);
	const struct source *src = sources_get(s, v[0]->span.source);
	uint32_t last = v[n - 1]->span.off + v[n - 1]->span.len;
	uint32_t end = last + (uint32_t)str_chr(str_tail(src->text, last), '\n');

	if (end > last && src->text.ptr[end - 1] == '\r')
		end--;
	return (struct region){src, first.line, v[0]->span.off - (first.column - 1), end};
}

/* Does the fix add a line end and nothing that could be seen? */
static bool adds_line_end(struct str before, struct str after)
{
	return after.len == before.len + 1 && str_starts(after, before) && after.ptr[before.len] == '\n';
}

void snippet_fix(const struct excerpt *x, const struct diag_fix *fix, const struct sources *s)
{
	const struct diag_edit *v[MARKS_MAX];
	struct out text = out_growing(FIX_OUTPUT_MAX);
	struct mark marks[MARKS_MAX];
	unsigned n = fix->edits.n;
	struct region r;
	struct str before;

	if (!edits_sorted(fix, v) || !sources_get(s, v[0]->span.source))
		return;
	r = edits_region(v, n, s);
	edits_replay(&text, v, n, r.src, r.from, r.to, marks);
	before = str_sub(r.src->text, r.from, r.to - r.from);
	if (edits_markable(v, n, s)) {
		excerpt_bar(x);
		excerpt_line(x, r.line, out_get(&text), marks, n);
	} else if (!adds_line_end(before, out_get(&text))) {
		excerpt_bar(x);
		lines_change(x, before, r.line, '-');
		lines_change(x, out_get(&text), r.line, '+');
	}
	out_free(&text);
}
