/* The words that the model keeps for dumps: lines and options that are no plain values of a field. Works on the
 * state of one walk; texts go to the model. One thread. */
#include "grammar/base/out.h"
#include "grammar/check_proxy.h"
#include "grammar/quote.h"

enum { LINE_MAX_LEN = 1 << 20 };

static void write_words(struct out *o, const struct word *words, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		out_char(o, ' ');
		quote_word(o, words[i].text);
	}
}

static struct str take(struct checker *k, struct out *o)
{
	struct str s = check_keep(k, out_get(o));

	out_free(o);
	return s;
}

/* Of a proxy's lines, those of rows that hold one value are replaced. */
static void forget_row(struct draft *d, const struct keyword *row)
{
	uint32_t n = 0;

	if (row->flags & KW_REPEAT && strncmp(row->name, "option ", 7) != 0)
		return;
	for (uint32_t i = 0; i < d->px->lines.n; i++) {
		if (d->line_rows.v[i] == row)
			continue;
		d->px->lines.v[n] = d->px->lines.v[i];
		d->line_rows.v[n++] = d->line_rows.v[i];
	}
	d->px->lines.n = d->line_rows.n = n;
}

static void keep_inside(const struct keyword_use *use)
{
	struct out o = out_growing(LINE_MAX_LEN);

	out_str(&o, *use->kept);
	out_printf(&o, " %s", use->row->name);
	write_words(&o, use->words, *use->taken);
	*use->kept = take(use->k, &o);
}

static struct str line_text(const struct keyword_use *use)
{
	struct out o = out_growing(LINE_MAX_LEN);

	out_printf(&o, "%s%s", use->no ? "no " : use->preset ? "default " : "", use->row->name);
	write_words(&o, use->words, use->n);
	return take(use->k, &o);
}

void check_keep_words(const struct keyword_use *use)
{
	struct checker *k = use->k;
	bool other = k->named && !use->taken;

	if (use->row->flags & KW_OWN_DUMP && !other)
		return;
	if (use->taken) {
		if (use->kept && keyword_is_text(use->row))
			keep_inside(use);
	} else if (other) {
		struct str text = line_text(use);

		*vec_push(k->a, &k->m->lines) = arena_printf(k->a, "    %.*s", STR_ARG(text));
	} else if (keyword_is_text(use->row) && use->draft) {
		forget_row(use->draft, use->row);
		*vec_push(k->a, &use->draft->px->lines) = line_text(use);
		*vec_push(k->scratch, &use->draft->line_rows) = use->row;
	} else if (keyword_is_text(use->row) && k->place == PLACE_GLOBAL) {
		*vec_push(k->a, &k->m->global.lines) = line_text(use);
	}
}

void check_keep_header(struct checker *k, const struct line *header)
{
	struct out o = out_growing(LINE_MAX_LEN);

	out_printf(&o, "\n%.*s", STR_ARG(header->words[0].text));
	write_words(&o, header->words + 1, header->nwords - 1);
	*vec_push(k->a, &k->m->lines) = take(k, &o);
}

void check_keep_inherit(struct checker *k, struct draft *d)
{
	const struct draft *from = d->from;

	for (uint32_t i = 0; i < from->line_rows.n; i++) {
		const struct keyword *row = from->line_rows.v[i];

		if (!(row->in >> d->place & 1))
			continue;
		*vec_push(k->a, &d->px->lines) = from->px->lines.v[i];
		*vec_push(k->scratch, &d->line_rows) = row;
	}
}

void check_keep_forget_steps(struct draft *d, bool http)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->px->lines.n; i++) {
		const char *name = d->line_rows.v[i]->name;
		bool step = http ? strncmp(name, "http-check", 10) == 0 : strncmp(name, "tcp-check", 9) == 0;

		if (step && d->line_rows.v[i]->kind == VAL_CUSTOM)
			continue;
		d->px->lines.v[n] = d->px->lines.v[i];
		d->line_rows.v[n++] = d->line_rows.v[i];
	}
	d->px->lines.n = d->line_rows.n = n;
}
