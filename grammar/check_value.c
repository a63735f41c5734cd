/* Words as values: numbers, times, sizes and choices with HAProxy's units, bounds and leniency (manual,
 * section 2.5), and the generic setters that put them where a row's offset says. Works on the state of one
 * walk; one thread. */
#include "grammar/check_proxy.h"
#include "grammar/check_state.h"
#include "grammar/place.h"
#include "grammar/suggest.h"

enum { MS_MAX = 2147483647 };

/* The digits at the start of a text, with a sign when `sign`; *end is behind them. Saturates. */
static int64_t digits_read(struct str s, bool sign, size_t *end)
{
	size_t i = sign && s.len && (s.ptr[0] == '-' || s.ptr[0] == '+') ? 1 : 0;
	bool negative = i && s.ptr[0] == '-';
	int64_t value = 0;

	while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9') {
		if (value < INT64_MAX / 16)
			value = value * 10 + (s.ptr[i] - '0');
		i++;
	}
	*end = i;
	return negative ? -value : value;
}

static void report_range(const struct keyword_use *use, const struct word *w, int64_t min, int64_t max)
{
	struct checker *k = use->k;
	struct diag *g = diag_add(k->d, D_OUT_OF_RANGE, w->span, "`%s` is out of range: %.*s", use->row->name,
				  STR_ARG(w->text));

	if (max == INT64_MAX)
		diag_label(k->d, g, "at least %lld", (long long)min);
	else
		diag_label(k->d, g, "between %lld and %lld", (long long)min, (long long)max);
	if (use->row->expects)
		diag_haproxy(k->d, g, "%s", use->row->expects);
}

/* Something else than digits: an error, or HAProxy takes what stands before it. */
static bool report_tail(const struct keyword_use *use, const struct word *w, size_t end, int64_t value)
{
	struct checker *k = use->k;
	struct diag *g;

	if (use->row->flags & KW_EXACT || w->text.len == 0) {
		g = diag_add(k->d, D_BAD_NUMBER, w->span, "`%s` needs a number, not `%.*s`", use->row->name,
			     STR_ARG(w->text));
		diag_haproxy(k->d, g, "'%s' : unexpected character '%c' in integer value '%.*s'",
			     use->row->name, end < w->text.len ? w->text.ptr[end] : ' ', STR_ARG(w->text));
		return false;
	}
	g = diag_add(k->d, D_NUMBER_TAIL, w->span, "`%.*s` is not a number", STR_ARG(w->text));
	diag_label(k->d, g, "read as %lld", (long long)value);
	diag_note(k->d, g, "HAProxy takes the digits at the start and says nothing of the rest");
	return true;
}

bool check_number(const struct keyword_use *use, const struct word *w, int64_t min, int64_t max, int64_t *value)
{
	size_t end;
	int64_t v = digits_read(w->text, true, &end);

	if (end == 0 || end < w->text.len || (end == 1 && w->text.ptr[0] < '0')) {
		if (!report_tail(use, w, end, v))
			return false;
	}
	if ((min || max) && (v < min || v > max)) {
		report_range(use, w, min, max);
		return false;
	}
	*value = v;
	return true;
}

/* Microseconds of a unit's letters; 0: none such. *len gets how many letters. */
static int64_t unit_read(struct str s, size_t *len)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {{"us", 1},       {"ms", 1000},      {"s", 1000000},
		     {"m", 60000000}, {"h", 3600000000}, {"d", 86400000000}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (str_starts(s, str_from(units[i].name))) {
			*len = strlen(units[i].name);
			return units[i].us;
		}
	}
	*len = 0;
	return 0;
}

static bool report_time(const struct keyword_use *use, const struct word *w, size_t at)
{
	struct checker *k = use->k;
	struct diag *g = diag_add(k->d, D_BAD_TIME, w->span, "`%.*s` is not a time", STR_ARG(w->text));

	diag_help(k->d, g, "write a whole number with a unit: us, ms, s, m, h or d, as in `30s`");
	if (w->text.len)
		diag_haproxy(k->d, g, "unexpected character '%c' in '%s'", w->text.ptr[at], use->row->name);
	else if (use->row->expects)
		diag_haproxy(k->d, g, "%s", use->row->expects);
	return false;
}

/* `5sec`, `1m30s`: HAProxy reads the first unit and warns. */
static void report_time_tail(const struct keyword_use *use, const struct word *w, size_t at)
{
	struct checker *k = use->k;
	struct diag *g = diag_add(k->d, D_TIME_TAIL, word_span(w, at, w->text.len - at),
				  "nothing may follow the unit of a time");

	diag_label(k->d, g, "ignored: this means %.*s", (int)at, w->text.ptr);
	diag_haproxy_unplaced(
		k->d, g,
		"unexpected character '%c' after the timer value '%.*s', only "
		"(us=microseconds,ms=milliseconds,s=seconds,"
		"m=minutes,h=hours,d=days) are supported. This will be reported as an error in next versions.",
		w->text.ptr[at], STR_ARG(w->text));
	diag_fix(k->d, g, FIX_CERTAIN, word_span(w, 0, w->text.len), str_sub(w->text, 0, at),
		 "write what is in effect");
}

static bool report_time_overflow(const struct keyword_use *use, const struct word *w)
{
	struct checker *k = use->k;
	struct diag *g = diag_add(k->d, D_OUT_OF_RANGE, w->span, "this time is too long");

	diag_label(k->d, g, "the most is 2147483647 ms, about 24.8 days");
	diag_haproxy(k->d, g,
		     "timer overflow in argument '%.*s' to '%s' (maximum value is 2147483647 ms or ~24.8 days)",
		     STR_ARG(w->text), use->row->name);
	return false;
}

/* HAProxy 3.2 began to ask when a time without unit is below 100 ms. */
static void report_small_time(const struct keyword_use *use, const struct word *w, int64_t ms)
{
	struct checker *k = use->k;
	struct diag *g;

	if (ms == 0 || ms >= 100 || k->compat < 302 || strncmp(use->row->name, "timeout ", 8) != 0)
		return;
	g = diag_add(k->d, D_SMALL_TIME, w->span, "%lld milliseconds is suspiciously short for `%s`",
		     (long long)ms, use->row->name);
	diag_label(k->d, g, "a number without unit counts milliseconds");
	diag_help(k->d, g, "write `%llds` for seconds, or `%lldms` if that is what is meant", (long long)ms,
		  (long long)ms);
	diag_fix(k->d, g, FIX_LIKELY, w->span, arena_printf(k->scratch, "%llds", (long long)ms),
		 "take it as seconds");
}

bool check_time(const struct keyword_use *use, const struct word *w, enum time_unit unit, int64_t *value)
{
	size_t end, len;
	int64_t number = digits_read(w->text, false, &end), us, base = unit == UNIT_S ? 1000000 : 1000;

	if (end == 0)
		return report_time(use, w, 0);
	us = unit_read(str_tail(w->text, end), &len);
	if (end < w->text.len && !us)
		return report_time(use, w, end);
	if (!us)
		us = base;
	if (number > (int64_t)MS_MAX * base / us)
		return report_time_overflow(use, w);
	if (end + len < w->text.len)
		report_time_tail(use, w, end + len);
	number = (number * us + base - 1) / base;
	if (end == w->text.len && unit == UNIT_MS)
		report_small_time(use, w, number);
	*value = number;
	return true;
}

bool check_size(const struct keyword_use *use, const struct word *w, int64_t *value)
{
	struct checker *k = use->k;
	size_t end;
	int64_t v = digits_read(w->text, false, &end);
	char unit = end + 1 == w->text.len ? w->text.ptr[end] : 0;
	uint32_t shift = unit == 'k' || unit == 'K'   ? 10
			 : unit == 'm' || unit == 'M' ? 20
			 : unit == 'g' || unit == 'G' ? 30
						      : 0;
	struct diag *g;

	if (end == 0 || (end < w->text.len && !shift) || v > INT64_MAX >> 31) {
		g = diag_add(k->d, D_BAD_SIZE, w->span, "`%.*s` is not a size", STR_ARG(w->text));
		diag_help(k->d, g, "write a whole number of bytes, or one with k, m or g behind it");
		diag_haproxy(k->d, g, "%s: '%.*s' is an invalid size", use->row->name, STR_ARG(w->text));
		return false;
	}
	*value = v << shift;
	return true;
}

bool check_choice(const struct keyword_use *use, const struct word *w, const char *choices, int64_t *value)
{
	struct checker *k = use->k;
	struct str rest = str_from(choices);
	struct suggest s;
	struct diag *g;

	suggest_start(&s, w->text);
	for (int64_t i = 0; rest.len; i++) {
		struct str choice = str_cut(&rest, '|');

		if (str_eq(choice, w->text)) {
			*value = i;
			return true;
		}
		suggest_offer(&s, choice);
	}
	g = diag_add(k->d, D_BAD_CHOICE, w->span, "`%.*s` is no value of `%s`", STR_ARG(w->text),
		     use->row->name);
	diag_label(k->d, g, "expected one of %s", choices);
	check_did_you_mean(k, g, &s, w, true);
	if (use->row->expects)
		diag_haproxy(k->d, g, "%s", use->row->expects);
	return false;
}

struct str check_keep(struct checker *k, struct str text)
{
	return arena_str(k->a, text);
}

struct conf_pos check_pos(const struct checker *k, const struct line *line)
{
	return compile_pos(k->c, line->span);
}

void *check_field(const struct keyword_use *use)
{
	void *object = use->row->part == PART_TLS    ? (void *)check_server_tls(use->k, use->object)
		       : use->row->part == PART_RARE ? (void *)check_server_rare(use->k, use->object)
						     : use->object;

	return (char *)object + use->row->offset;
}

void check_store_number(const struct keyword_use *use, int64_t value)
{
	char *field;

	if (!use->object)
		return;
	field = check_field(use);
	if (use->row->size == 1)
		*(uint8_t *)field = (uint8_t)value;
	else if (use->row->size == 2)
		*(uint16_t *)field = (uint16_t)value;
	else if (use->row->size == 4)
		*(uint32_t *)field = (uint32_t)value;
	else if (use->row->size == 8)
		*(uint64_t *)field = (uint64_t)value;
}

static bool store_text(const struct keyword_use *use)
{
	struct str text = use->words[0].text;

	if (use->row->kind == VAL_FILE)
		text = file_place(use->k->c, text);
	if (use->object && use->row->size == sizeof(struct str))
		*(struct str *)(check_field(use)) = check_keep(use->k, text);
	return true;
}

static bool store_option(const struct keyword_use *use)
{
	uint64_t bit = 1ULL << (use->row->offset & 63), *word;

	if (!use->object)
		return true;
	word = &((struct proxy_conf *)use->object)->options[use->row->offset >> 6];
	*word = use->no || use->preset ? *word & ~bit : *word | bit;
	return true;
}

static bool value_read(const struct keyword_use *use, int64_t *value)
{
	const struct keyword *row = use->row;
	const struct word *w = use->words;

	switch (row->kind) {
	case VAL_UINT:
		return check_number(use, w, row->min, row->max, value);
	case VAL_PERCENT:
		return check_number(use, w, 0, 100, value);
	case VAL_TIME_MS:
	case VAL_TIME_S:
		if (!check_time(use, w, row->kind == VAL_TIME_S ? UNIT_S : UNIT_MS, value))
			return false;
		break;
	case VAL_SIZE:
		if (!check_size(use, w, value))
			return false;
		break;
	case VAL_ON_OFF:
		if (!check_choice(use, w, "off|on", value))
			return false;
		break;
	default:
		if (!check_choice(use, w, row->choices, value))
			return false;
		*value += row->min;
		return true;
	}
	if ((row->min || row->max) && (*value < row->min || *value > row->max)) {
		report_range(use, w, row->min, row->max);
		return false;
	}
	return true;
}

bool check_store(const struct keyword_use *use)
{
	const struct keyword *row = use->row;
	int64_t value;

	switch (row->kind) {
	case VAL_FLAG:
		check_store_number(use, use->no == !!(row->flags & KW_CLEARS));
		return true;
	case VAL_OPTION:
		return store_option(use);
	case VAL_STRING:
	case VAL_FILE:
	case VAL_DIR:
		return store_text(use);
	case VAL_WORDS:
	case VAL_CUSTOM:
		return true;
	default:
		if (!value_read(use, &value))
			return false;
		check_store_number(use, value);
		return true;
	}
}
