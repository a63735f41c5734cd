/* Words and values of scenarios. Durations and rates want their units: a bare number says too little. One
 * thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/lab/scenario_read.h"

void lab_line_wrong(struct lab_line *l, const struct lab_word *w, const char *format, ...)
{
	struct scenario *s = l->s;
	struct str text;
	va_list ap;

	va_start(ap, format);
	text = arena_vprintf(s->arena, format, ap);
	va_end(ap);
	diag_add(&s->diags, D_SCENARIO_VALUE, w ? w->span : l->end, "%.*s", STR_ARG(text));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One word from line.ptr[at] on; where it ends. Quotes are left out of the text. */
static size_t word_cut(struct lab_line *l, struct span base, struct str line, size_t at)
{
	size_t begin = at, n = 0;
	char quote = 0, *text = ARENA_ARRAY(l->s->arena, char, line.len - at + 1);

	for (; at < line.len && (quote || (!is_blank(line.ptr[at]) && line.ptr[at] != '#')); at++) {
		char c = line.ptr[at];

		if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? 0 : c;
		else
			text[n++] = c;
	}
	l->words[l->n++] =
		(struct lab_word){str_make(text, n), span_sub(base, (uint32_t)begin, (uint32_t)(at - begin))};
	if (!quote)
		return at;
	lab_line_wrong(l, &l->words[l->n - 1], "this quote does not end on its line");
	l->n = 0;
	return line.len;
}

bool lab_line_cut(struct lab_line *l, uint32_t source, uint32_t off, struct str line)
{
	struct span base = {source, off, (uint32_t)line.len};
	size_t at = 0;

	l->n = l->at = 0;
	l->end = span_sub(base, (uint32_t)line.len, 0);
	while (at < line.len && line.ptr[at] != '#') {
		if (is_blank(line.ptr[at])) {
			at++;
			continue;
		}
		if (l->n == LAB_WORDS) {
			lab_line_wrong(l, &l->words[l->n - 1], "a line has at most %d words", LAB_WORDS);
			return false;
		}
		at = word_cut(l, base, line, at);
		if (l->n)
			l->end = span_sub(base, (uint32_t)at, 0);
	}
	return l->n > 0;
}

const struct lab_word *lab_line_word(struct lab_line *l, const char *what)
{
	if (l->at < l->n)
		return &l->words[l->at++];
	lab_line_wrong(l, NULL, "%s is missing here", what);
	return NULL;
}

bool lab_line_has(struct lab_line *l, const char *word)
{
	if (l->at == l->n || !str_is(l->words[l->at].text, word))
		return false;
	l->at++;
	return true;
}

void lab_line_end(struct lab_line *l)
{
	if (l->at < l->n)
		lab_line_wrong(l, &l->words[l->at], "`%.*s` is one word too many",
			       STR_ARG(l->words[l->at].text));
}

/* --- values */

/* A decimal number at the beginning; how long it is, 0: there is none. No exponents, signs or names. */
static size_t number_cut(struct str text, double *value)
{
	char copy[32];
	size_t n = 0, digits = 0;

	for (; n < text.len && n < sizeof(copy) - 1; n++) {
		if (text.ptr[n] >= '0' && text.ptr[n] <= '9')
			digits++;
		else if (text.ptr[n] != '.')
			break;
		copy[n] = text.ptr[n];
	}
	copy[n] = '\0';
	*value = strtod(copy, NULL);
	return digits ? n : 0;
}

static bool time_parse(struct str text, double *seconds)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	size_t n = number_cut(text, seconds);

	for (size_t i = 0; n && i < sizeof(units) / sizeof(*units); i++) {
		if (!str_is(str_tail(text, n), units[i].name))
			continue;
		*seconds *= units[i].seconds;
		return *seconds < 1e8;
	}
	return false;
}

bool lab_line_time(struct lab_line *l, double *seconds)
{
	const struct lab_word *w = lab_line_word(l, "a duration such as `250ms` or `10s`");

	if (!w)
		return false;
	if (time_parse(w->text, seconds))
		return true;
	lab_line_wrong(l, w, "`%.*s` is no duration: a number and us, ms, s, m, h or d", STR_ARG(w->text));
	return false;
}

bool lab_line_rate(struct lab_line *l, double *per_second)
{
	const struct lab_word *w = lab_line_word(l, "a rate such as `1000/s`");
	size_t n;
	struct str unit;

	if (!w)
		return false;
	n = number_cut(w->text, per_second);
	unit = str_tail(w->text, n);
	if (n && str_is(unit, "/m"))
		*per_second /= 60;
	if (n && (str_is(unit, "/s") || str_is(unit, "/m")) && *per_second <= 1e9)
		return true;
	lab_line_wrong(l, w, "`%.*s` is no rate: a number and /s or /m", STR_ARG(w->text));
	return false;
}

bool lab_line_number(struct lab_line *l, const char *what, double min, double max, double *value)
{
	const struct lab_word *w = lab_line_word(l, what);

	if (!w)
		return false;
	if (number_cut(w->text, value) == w->text.len && *value >= min && *value <= max)
		return true;
	lab_line_wrong(l, w, "`%.*s` is not %s: a number from %g to %g", STR_ARG(w->text), what, min, max);
	return false;
}

bool lab_line_count(struct lab_line *l, const char *what, uint64_t min, uint64_t max, uint64_t *value)
{
	const struct lab_word *w = lab_line_word(l, what);

	if (!w)
		return false;
	if (str_to_u64(w->text, value) && *value >= min && *value <= max)
		return true;
	lab_line_wrong(l, w, "`%.*s` is not %s: a whole number from %llu to %llu", STR_ARG(w->text), what,
		       (unsigned long long)min, (unsigned long long)max);
	return false;
}

/* --- distributions */

struct dist_row {
	const char *name;
	enum dist_kind kind;
	unsigned args;
	bool plain_second; /* the second argument is a number whatever the first is */
};

static const struct dist_row dist_rows[] = {
	{"const", DIST_CONST, 1, false},        {"exp", DIST_EXP, 1, false},
	{"uniform", DIST_UNIFORM, 2, false},    {"normal", DIST_NORMAL, 2, false},
	{"lognormal", DIST_LOGNORMAL, 2, true}, {"pareto", DIST_PARETO, 2, true},
	{"erlang", DIST_ERLANG, 2, true},
};

static bool dist_value(struct str text, bool time, double *value)
{
	return time ? time_parse(text, value) : number_cut(text, value) == text.len && text.len && *value < 1e9;
}

static bool dist_bounds(const struct dist *d)
{
	switch (d->kind) {
	case DIST_UNIFORM:
		return d->a <= d->b;
	case DIST_LOGNORMAL:
		return d->b <= 10;
	case DIST_PARETO:
		return d->a > 0 && d->b > 0.1;
	case DIST_ERLANG:
		return d->b >= 1 && d->b <= 100 && floor(d->b) == d->b;
	default:
		return true;
	}
}

/* "exp(5ms)" */
static bool dist_parse(struct str text, bool times, struct dist *d)
{
	size_t open = str_chr(text, '('), comma;
	struct str inside;

	*d = (struct dist){.kind = DIST_CONST};
	if (open == text.len)
		return dist_value(text, times, &d->a);
	if (text.ptr[text.len - 1] != ')')
		return false;
	inside = str_sub(text, open + 1, text.len - open - 2);
	comma = str_chr(inside, ',');
	for (size_t i = 0; i < sizeof(dist_rows) / sizeof(*dist_rows); i++) {
		const struct dist_row *row = &dist_rows[i];

		if (!str_is(str_sub(text, 0, open), row->name) || (comma < inside.len) != (row->args == 2))
			continue;
		d->kind = row->kind;
		return dist_value(str_sub(inside, 0, comma), times, &d->a) &&
		       (row->args == 1 ||
			dist_value(str_tail(inside, comma + 1), times && !row->plain_second, &d->b)) &&
		       dist_bounds(d);
	}
	return false;
}

bool lab_line_dist(struct lab_line *l, bool times, struct dist *d)
{
	const struct lab_word *w = lab_line_word(l, times ? "a duration or a distribution such as `exp(5ms)`"
							  : "a number or a distribution such as `exp(5)`");
	const char *unit = times ? "ms" : "";

	if (!w)
		return false;
	if (dist_parse(w->text, times, d))
		return true;
	lab_line_wrong(l, w, "`%.*s` is no distribution", STR_ARG(w->text));
	diag_help(&l->s->diags, l->s->diags.list.v[l->s->diags.list.n - 1],
		  "there are `5%s`, `exp(5%s)`, `uniform(1%s,9%s)`, `normal(5%s,1%s)`, `lognormal(5%s,1.2)`, "
		  "`pareto(2%s,1.5)` "
		  "and `erlang(5%s,3)`",
		  unit, unit, unit, unit, unit, unit, unit, unit, unit);
	return false;
}
