/* Limits of throughput: who has how many bytes left, and when there will be more. bandwidth.h says the rest. */
#include "runtime/proxy/bandwidth.h"

#include "runtime/proxy/stream.h"
#include "runtime/proxy/filter_trace.h"
#include "runtime/eval/engine.h"
#include "runtime/stick/key.h"

enum {
	PIECE_MS = 16, /* so long a limit saves up before it lets a piece pass, unless `min-size` says more */
	PIECE_LEAST = 1448, /* bytes: what a packet carries */
	CLOSE_PART = 128    /* of a period: its end, when less than a piece may pass as well */
};

/* --- reckoning */

uint64_t bandwidth_left(const struct stick_rate *rate, uint32_t now, uint64_t limit, uint32_t period)
{
	struct stick_rate r = *rate;
	uint64_t used;

	if (!r.begun)
		return limit;
	stick_rate_turn(&r, now, period);
	used = r.current + ((uint64_t)r.previous * (period - (now - r.begun)) + period - 1) / period;
	return used < limit ? limit - used : 0;
}

/* ms of a period that may still be covered by the window, so that `amount` of it fade to `room`. */
static uint32_t covered(uint64_t room, uint64_t amount, uint32_t period)
{
	return amount <= room ? period : (uint32_t)(room * period / amount);
}

static uint32_t close_ms(uint32_t period)
{
	return period > CLOSE_PART ? period / CLOSE_PART : 1;
}

bool bandwidth_closes(const struct stick_rate *rate, uint32_t now, uint32_t period)
{
	struct stick_rate r = *rate;

	if (!r.begun)
		return false;
	stick_rate_turn(&r, now, period);
	return period - (now - r.begun) <= close_ms(period);
}

uint32_t bandwidth_until_close(const struct stick_rate *rate, uint32_t now, uint64_t limit, uint32_t period)
{
	struct stick_rate r = *rate;
	uint32_t rest, close = close_ms(period);

	if (!r.begun)
		return UINT32_MAX;
	stick_rate_turn(&r, now, period);
	rest = period - (now - r.begun);
	if (rest <= close || r.current + ((uint64_t)r.previous * close + period - 1) / period >= limit)
		return UINT32_MAX;
	return rest - close;
}

uint32_t bandwidth_delay(const struct stick_rate *rate, uint32_t now, uint64_t limit, uint32_t period,
			 uint64_t need)
{
	struct stick_rate r = *rate;
	uint32_t rest;

	if (!r.begun || need > limit)
		return 1;
	stick_rate_turn(&r, now, period);
	rest = period - (now - r.begun);
	if (r.current + need <= limit) {
		uint32_t most = covered(limit - need - r.current, r.previous, period);

		return most < rest ? rest - most : 1;
	}
	return rest + period - covered(limit - need, r.current, period) + (rest == 0);
}

/* What is worth a wake-up. */
static uint64_t piece_of(const struct bandwidth *b)
{
	uint64_t piece = b->conf->min_size;

	if (!piece) {
		piece = b->limit * PIECE_MS / b->period;
		if (piece < PIECE_LEAST)
			piece = PIECE_LEAST;
		if (piece > b->limit / 4)
			piece = b->limit / 4;
	}
	if (piece > b->limit)
		piece = b->limit;
	return piece ? piece : 1;
}

static const struct stick_rate *rate_of(const struct stick_hold *h, const struct filter_conf *f)
{
	return stick_at(h, f->kind == FILTER_BANDWIDTH_IN ? STICK_BYTES_IN_RATE : STICK_BYTES_OUT_RATE, 0);
}

static uint32_t unit_of(const struct bandwidth *b)
{
	return b->table->conf->brates_factor > 1 ? b->table->conf->brates_factor : 1;
}

/* One limit: `users` share it. */
static uint32_t allows(const struct bandwidth *b, const struct stick_rate *rate, uint32_t users, uint32_t unit,
		       uint32_t want, uint32_t now, uint32_t *wait)
{
	uint64_t limit = b->limit / unit, left = bandwidth_left(rate, now, limit, b->period) * unit;
	uint64_t need = piece_of(b), all;
	uint32_t close;

	if (need > want)
		need = want;
	left /= users;
	if (left >= need || (left && !b->conf->min_size && bandwidth_closes(rate, now, b->period)))
		return left < want ? (uint32_t)left : want;
	all = need * users / unit + 1;
	*wait = bandwidth_delay(rate, now, limit, b->period, all < limit ? all : limit);
	close = b->conf->min_size ? UINT32_MAX : bandwidth_until_close(rate, now, limit, b->period);
	if (close < *wait)
		*wait = close;
	return 0;
}

static uint32_t one_allows(const struct bandwidth *b, uint32_t want, uint64_t now, uint32_t *wait)
{
	struct stick_hold h;
	uint32_t n;

	if (b->conf->kind == FILTER_TRACE)
		return filter_trace_allows(b, want);
	if (!b->table)
		return allows(b, &b->rate, 1, 1, want, (uint32_t)now, wait);
	stick_enter(&h, b->table, b->entry);
	n = allows(b, rate_of(&h, b->conf), h.entry->refs ? h.entry->refs : 1, unit_of(b), want, (uint32_t)now,
		   wait);
	stick_leave(&h);
	return n;
}

uint32_t bandwidth_allows(const struct bandwidth *list, uint32_t want, uint64_t now, uint32_t *wait)
{
	uint32_t longest = 0;

	for (const struct bandwidth *b = list; b; b = b->next) {
		uint32_t ms = 0, n = one_allows(b, want, now, &ms);

		if (n)
			want = n;
		else if (ms > longest)
			longest = ms;
	}
	*wait = longest;
	return longest ? 0 : want;
}

void bandwidth_passed(struct bandwidth *list, struct str data, uint32_t plain, uint32_t sent, uint64_t now)
{
	for (struct bandwidth *b = list; b; b = b->next) {
		uint32_t n = b->conf->compressed ? sent : plain, unit;
		struct stick_hold h;

		if (!n)
			continue;
		if (b->conf->kind == FILTER_TRACE) {
			filter_trace_passed(b, data);
			continue;
		}
		if (!b->table) {
			stick_rate_add(&b->rate, (uint32_t)now, b->period, n);
			continue;
		}
		stick_enter(&h, b->table, b->entry);
		unit = unit_of(b);
		stick_rate_add((struct stick_rate *)(uintptr_t)rate_of(&h, b->conf), (uint32_t)now, b->period,
			       (n + unit - 1) / unit);
		stick_touch(&h, now);
		stick_leave(&h);
	}
}

/* --- a rule */

static void entry_leave(struct bandwidth *b)
{
	struct stick_hold h;

	if (!b->entry)
		return;
	stick_enter(&h, b->table, b->entry);
	stick_unref(&h);
	stick_leave(&h);
	b->entry = NULL;
}

static bool entry_find(struct bandwidth *b, struct eval *e)
{
	struct stick_table *t = stick_table_of(e->tables, b->conf->table);
	struct stick_key_room room;
	struct stick_hold h;
	struct sample s;
	struct str key;

	if (!t || !sample_eval(e, b->conf->key, &s) || !stick_key_make(e, t->conf, &s, &room, &key) ||
	    !stick_open(&h, t, key, e->now_ms))
		return false;
	stick_ref(&h);
	stick_touch(&h, e->now_ms);
	b->table = t;
	b->entry = h.entry;
	stick_leave(&h);
	return true;
}

/* A number of the rule, of its sample, or else of the filter; what is no number above 0 is no value. */
static uint64_t amount(struct eval *e, int64_t number, const struct sample_expr *sample, uint64_t otherwise)
{
	struct sample s;

	if (sample && sample_eval(e, sample, &s) && sample_cast(e, &s, SMP_SINT))
		number = s.sint;
	return number > 0 ? (uint64_t)number : otherwise;
}

static uint32_t order_of(const struct stream *s, const struct filter_conf *f, bool response)
{
	const struct proxy_conf *fe = s->session->frontend->conf;

	return f->rank[response] + (f->index < fe->nfilters && fe->filters[f->index] == f ? 0 : fe->nfilters);
}

struct bandwidth *bandwidth_place(struct stream *s, struct bandwidth **list, const struct filter_conf *f,
				  bool response)
{
	uint32_t order = order_of(s, f, response);
	struct bandwidth *b;

	while (*list && (*list)->order < order)
		list = &(*list)->next;
	if (*list && (*list)->conf == f)
		return *list;
	b = scratch_alloc(&s->scratch, sizeof(*b));
	if (!b)
		return NULL;
	*b = (struct bandwidth){.next = *list, .conf = f, .stream = s, .order = order};
	*list = b;
	return b;
}

static void forget(struct bandwidth **list, struct bandwidth *b)
{
	while (*list && *list != b)
		list = &(*list)->next;
	if (*list)
		*list = b->next;
}

/* What has passed already counts on. */
void bandwidth_begin(struct stream *s, struct bandwidth **up, struct bandwidth **down, struct eval *e,
		     const struct rule *rule)
{
	const struct filter_conf *f = rule->filter;
	struct bandwidth **list = f->kind == FILTER_BANDWIDTH_IN ? up : down;
	uint64_t limit = amount(e, rule->num, rule->sample, f->limit);
	uint64_t period = amount(e, rule->num2, rule->sample2, f->period);
	struct bandwidth *b = f->off[list == down] ? NULL : bandwidth_place(s, list, f, list == down);

	if (!b)
		return;
	e->engine->kept++;
	b->limit = limit < UINT32_MAX ? limit : UINT32_MAX;
	b->period = period < INT32_MAX ? (uint32_t)period : INT32_MAX;
	entry_leave(b);
	if (f->key && !entry_find(b, e))
		forget(list, b);
}

void bandwidth_end(struct bandwidth **list)
{
	filter_trace_detach(*list);
	for (struct bandwidth *b = *list; b; b = b->next)
		entry_leave(b);
	*list = NULL;
}
