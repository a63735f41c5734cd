/* Making diagnostics. Everything is copied into the arena of the compilation, which owns it. One thread. */
#include "grammar/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whoever quotes a word of a megabyte shows its beginning. */
enum { TEXT_MAX = 4000 };

static struct str format_cut(struct diags *d, const char *format, va_list ap)
{
	char text[TEXT_MAX + 4];
	int n = vsnprintf(text, TEXT_MAX + 1, format, ap);
	size_t len = n < 0 ? 0 : (size_t)n;

	if (len > TEXT_MAX) {
		len = TEXT_MAX;
		while (len && (text[len] & 0xc0) == 0x80)
			len--; /* between characters of UTF-8 */
		memcpy(text + len, "...", 3);
		len += 3;
	}
	return arena_str(d->arena, str_make(text, len));
}

/* One formatted text in the arena, for functions with `format, ...`. */
#define DIAG_FORMAT(result, d)                                                                                 \
	do {                                                                                                   \
		va_list ap;                                                                                    \
		va_start(ap, format);                                                                          \
		(result) = format_cut(d, format, ap);                                                          \
		va_end(ap);                                                                                    \
	} while (0)

/* A diagnostic beyond DIAGS_MAX: nobody will see it, so what is hung onto it takes no memory either. */
static struct diag *diag_spare(struct diags *d)
{
	if (!d->spare)
		d->spare = ARENA_NEW(d->arena, struct diag);
	d->spare->fixes.n = 0;
	d->dropped++;
	return d->spare;
}

struct diag *diag_add(struct diags *d, enum diag_code code, struct span span, const char *format, ...)
{
	bool kept = d->list.n < DIAGS_MAX;
	struct diag *g = kept ? ARENA_NEW(d->arena, struct diag) : diag_spare(d);

	g->code = code;
	g->severity = diag_code_info(code)->severity;
	g->span = span;
	if (kept) {
		DIAG_FORMAT(g->message, d);
		*vec_push(d->arena, &d->list) = g;
	}
	if (g->severity == SEV_ERROR)
		d->errors++;
	else if (g->severity == SEV_WARNING)
		d->warnings++;
	return g;
}

struct diag *diag_label(struct diags *d, struct diag *g, const char *format, ...)
{
	if (g != d->spare)
		DIAG_FORMAT(g->label, d);
	return g;
}

struct diag *diag_also(struct diags *d, struct diag *g, struct span span, const char *format, ...)
{
	struct diag_label *label;

	if (g == d->spare)
		return g;
	label = vec_push(d->arena, &g->labels);
	label->span = span;
	DIAG_FORMAT(label->text, d);
	return g;
}

struct diag *diag_note(struct diags *d, struct diag *g, const char *format, ...)
{
	if (g != d->spare)
		DIAG_FORMAT(*vec_push(d->arena, &g->notes), d);
	return g;
}

struct diag *diag_help(struct diags *d, struct diag *g, const char *format, ...)
{
	if (g != d->spare)
		DIAG_FORMAT(*vec_push(d->arena, &g->helps), d);
	return g;
}

struct diag *diag_haproxy(struct diags *d, struct diag *g, const char *format, ...)
{
	if (g != d->spare)
		DIAG_FORMAT(g->haproxy, d);
	return g;
}

struct diag *diag_haproxy_unplaced(struct diags *d, struct diag *g, const char *format, ...)
{
	if (g != d->spare)
		DIAG_FORMAT(g->haproxy, d);
	g->haproxy_unplaced = true;
	return g;
}

struct diag_fix *diag_fix(struct diags *d, struct diag *g, enum fix_certainty certainty, struct span span,
			  struct str text, const char *format, ...)
{
	struct diag_fix *fix = vec_push(d->arena, &g->fixes);
	struct diag_edit *edit;
	bool kept = g != d->spare;

	fix->certainty = certainty;
	if (kept)
		DIAG_FORMAT(fix->title, d);
	else
		fix->edits.n = 0; /* of an earlier one */
	edit = vec_push(d->arena, &fix->edits);
	edit->span = span;
	edit->text = kept ? arena_str(d->arena, text) : STR_NONE;
	return fix;
}

/* Sorting needs the order of appearance as a tie-break: qsort() is not stable. */
struct sorted {
	struct diag *g;
	uint32_t index;
};

static int sorted_compare(const void *x, const void *y)
{
	const struct sorted *a = x, *b = y;

	if (a->g->span.source != b->g->span.source)
		return a->g->span.source < b->g->span.source ? -1 : 1;
	if (a->g->span.off != b->g->span.off)
		return a->g->span.off < b->g->span.off ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

void diags_sort(struct diags *d)
{
	struct sorted *v;

	if (d->list.n < 2)
		return;
	v = ARENA_ARRAY(d->arena, struct sorted, d->list.n);
	for (uint32_t i = 0; i < d->list.n; i++)
		v[i] = (struct sorted){d->list.v[i], i};
	qsort(v, d->list.n, sizeof(*v), sorted_compare);
	for (uint32_t i = 0; i < d->list.n; i++)
		d->list.v[i] = v[i].g;
}
