/* Choosing fixes and making their edits. The edits that were accepted are kept sorted, so that each further one
 * is compared with its neighbours only. */
#include "grammar/fix.h"

static bool edit_before(const struct diag_edit *a, const struct diag_edit *b)
{
	if (a->span.source != b->span.source)
		return a->span.source < b->span.source;
	if (a->span.off != b->span.off)
		return a->span.off < b->span.off;
	return a->span.len < b->span.len; /* an insertion before what is replaced there */
}

static bool edit_equals(const struct diag_edit *a, const struct diag_edit *b)
{
	return a->span.source == b->span.source && a->span.off == b->span.off && a->span.len == b->span.len &&
	       str_eq(a->text, b->text);
}

/* a is not behind b. Two insertions at one place have no order. */
static bool edit_overlaps(const struct diag_edit *a, const struct diag_edit *b)
{
	if (a->span.source != b->span.source)
		return false;
	if (a->span.off == b->span.off && !a->span.len && !b->span.len)
		return true;
	return a->span.off + a->span.len > b->span.off;
}

/* Where an edit belongs among the sorted ones. */
static uint32_t edits_place(const struct fixes *f, const struct diag_edit *edit)
{
	uint32_t low = 0, high = f->edits.n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (edit_before(f->edits.v[mid], edit))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Is the very same edit there already? */
static bool edits_have(const struct fixes *f, const struct diag_edit *edit, uint32_t at)
{
	return at < f->edits.n && edit_equals(f->edits.v[at], edit);
}

static bool edits_allow(const struct fixes *f, const struct diag_edit *edit)
{
	uint32_t at = edits_place(f, edit);

	if (edits_have(f, edit, at))
		return true;
	if (at && edit_overlaps(f->edits.v[at - 1], edit))
		return false;
	return at == f->edits.n || !edit_overlaps(edit, f->edits.v[at]);
}

static void edits_insert(struct fixes *f, const struct diag_edit *edit)
{
	uint32_t at = edits_place(f, edit);

	if (edits_have(f, edit, at))
		return;
	vec_push(f->arena, &f->edits);
	memmove(f->edits.v + at + 1, f->edits.v + at, sizeof(*f->edits.v) * (f->edits.n - 1 - at));
	f->edits.v[at] = edit;
}

static const struct diag_fix *fix_choose(const struct diag *g, enum fix_certainty up_to)
{
	vec_each (fix, &g->fixes) {
		if (fix->certainty == FIX_CERTAIN)
			return fix;
	}
	return up_to == FIX_LIKELY && g->fixes.n ? g->fixes.v : NULL;
}

/* Edits within one fix must not overlap either: they are taken one by one, and given back when one of them does
 * not fit. */
static bool fix_accept(struct fixes *f, const struct diag_fix *fix)
{
	struct fixes tried = {.arena = f->arena};

	vec_each (edit, &fix->edits) {
		if (!edits_allow(f, edit) || !edits_allow(&tried, edit))
			return false;
		edits_insert(&tried, edit);
	}
	vec_each (edit, &fix->edits)
		edits_insert(f, edit);
	return true;
}

struct fixes fixes_choose(struct arena *a, const struct diags *d, enum fix_certainty up_to)
{
	struct fixes f = {.arena = a};

	vec_each (g, &d->list) {
		const struct diag_fix *fix = fix_choose(*g, up_to);

		if (!fix)
			f.likely += (*g)->fixes.n != 0;
		else if (fix_accept(&f, fix))
			f.applied++;
		else
			f.refused++;
	}
	return f;
}

bool fixes_touch(const struct fixes *f, uint32_t source)
{
	vec_each (edit, &f->edits) {
		if ((*edit)->span.source == source)
			return true;
	}
	return false;
}

/* The bytes [from, to) of a source with the edits [first, last) made, which all lie within. */
static void edits_replay(struct out *o, const struct fixes *f, uint32_t first, uint32_t last, struct str text,
			 uint32_t from, uint32_t to)
{
	for (uint32_t i = first; i < last; i++) {
		const struct diag_edit *edit = f->edits.v[i];

		out_str(o, str_sub(text, from, edit->span.off - from));
		out_str(o, edit->text);
		from = edit->span.off + edit->span.len;
	}
	out_str(o, str_sub(text, from, to - from));
}

/* The edits of a source: [*first, *last). */
static void edits_of_source(const struct fixes *f, uint32_t source, uint32_t *first, uint32_t *last)
{
	for (*first = 0; *first < f->edits.n && f->edits.v[*first]->span.source < source;)
		++*first;
	for (*last = *first; *last < f->edits.n && f->edits.v[*last]->span.source == source;)
		++*last;
}

void fixes_write(struct out *o, const struct fixes *f, const struct sources *s, uint32_t source)
{
	struct str text = sources_get(s, source)->text;
	uint32_t first, last;

	edits_of_source(f, source, &first, &last);
	edits_replay(o, f, first, last, text, 0, (uint32_t)text.len);
}

/* Lines [from, to) that a group of edits changes, numbered from 0; edits [first, last). */
struct change {
	uint32_t from, to, first, last;
};
enum { CONTEXT = 3 };

static struct change change_of(const struct sources *s, const struct diag_edit *edit, uint32_t index)
{
	struct position at = sources_position(s, edit->span.source, edit->span.off);
	struct position end = sources_position(s, edit->span.source, edit->span.off + edit->span.len);
	bool whole = at.column == 1 && end.column == 1 && end.line > at.line &&
		     (!edit->text.len || edit->text.ptr[edit->text.len - 1] == '\n');

	return (struct change){at.line - 1, whole ? end.line - 1 : end.line, index, index + 1};
}

/* Offset at which a line, numbered from 0, starts; the end of the text for those behind it. */
static uint32_t line_start(const struct source *src, uint32_t line)
{
	return src->line_starts[line < src->nlines ? line : src->nlines];
}

static uint32_t count_lines(struct str text)
{
	uint32_t n = text.len && text.ptr[text.len - 1] != '\n';

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	return n;
}

static void print_lines(struct out *o, struct str text, char sign)
{
	for (size_t i = 0, end; i < text.len; i = end + 1) {
		end = i + str_chr(str_tail(text, i), '\n');
		out_char(o, sign);
		out_str(o, str_sub(text, i, end - i));
		out_puts(o, end < text.len ? "\n" : "\n\\ No newline at end of file\n");
	}
}

static struct str lines_between(const struct source *src, uint32_t from, uint32_t to)
{
	return str_sub(src->text, line_start(src, from), line_start(src, to) - line_start(src, from));
}

/* One hunk: changes [v, v + n), whose contexts touch. Returns by how many lines the text grows. */
static int64_t print_hunk(struct out *o, const struct fixes *f, const struct source *src,
			  const struct change *v, uint32_t n, int64_t shift)
{
	uint32_t from = v[0].from > CONTEXT ? v[0].from - CONTEXT : 0, to = v[n - 1].to + CONTEXT;
	uint32_t lines, new_lines, at = from;
	struct out body = out_growing(1u << 30), fresh;
	int64_t grown = 0;

	lines = src->text.len ? src->nlines : 0;
	to = to > lines ? lines : to;
	for (uint32_t i = 0; i < n; at = v[i++].to) {
		fresh = out_growing(1u << 30);
		edits_replay(&fresh, f, v[i].first, v[i].last, src->text, line_start(src, v[i].from),
			     line_start(src, v[i].to));
		print_lines(&body, lines_between(src, at, v[i].from), ' ');
		print_lines(&body, lines_between(src, v[i].from, v[i].to), '-');
		print_lines(&body, out_get(&fresh), '+');
		grown += (int64_t)count_lines(out_get(&fresh)) -
			 count_lines(lines_between(src, v[i].from, v[i].to));
		out_free(&fresh);
	}
	print_lines(&body, lines_between(src, at, to), ' ');
	new_lines = (uint32_t)(to - from + grown);
	out_printf(o, "@@ -%u,%u +%u,%u @@\n", from + (to > from), to - from,
		   (uint32_t)(from + shift) + (new_lines > 0), new_lines);
	out_str(o, out_get(&body));
	out_free(&body);
	return grown;
}

/* Edits on the same or on neighbouring lines become one change. */
static void changes_collect(struct arena *a, const struct fixes *f, const struct sources *s, uint32_t first,
			    uint32_t last, struct change **v, uint32_t *n)
{
	*v = ARENA_ARRAY(a, struct change, last - first);
	*n = 0;
	for (uint32_t i = first; i < last; i++) {
		struct change c = change_of(s, f->edits.v[i], i);
		struct change *before = *n ? &(*v)[*n - 1] : NULL;

		if (before && c.from <= before->to) {
			before->last = c.last;
			before->to = c.to > before->to ? c.to : before->to;
		} else {
			(*v)[(*n)++] = c;
		}
	}
}

static void diff_source(struct out *o, const struct fixes *f, const struct sources *s, uint32_t source)
{
	const struct source *src = sources_get(s, source);
	uint32_t first, last, n;
	struct change *v;
	int64_t shift = 0;

	edits_of_source(f, source, &first, &last);
	if (first == last)
		return;
	out_printf(o, "--- %.*s\n+++ %.*s\n", STR_ARG(src->name), STR_ARG(src->name));
	changes_collect(f->arena, f, s, first, last, &v, &n);
	for (uint32_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && v[j].from <= v[j - 1].to + 2 * CONTEXT;)
			j++;
		shift += print_hunk(o, f, src, v + i, j - i, shift);
	}
}

void fixes_diff(struct out *o, const struct fixes *f, const struct sources *s)
{
	for (uint32_t source = 1; source <= s->list.n; source++)
		diff_source(o, f, s, source);
}
