/* Fetches of stick tables (manual, section 7.3.3: sc_*, sc0_* and their like, src_*, table_cnt, table_avl), by
 * one table: which counter or key, which data, what is done with it. As HAProxy answers: nothing when nothing
 * is tracked or the table does not store it, 0 when a key is not in the table. Worker thread. */
#include "runtime/eval/engine.h"
#include "runtime/eval/rules.h"
#include "runtime/stick/key.h"
#include "runtime/stick/track.h"
#include "runtime/stick/value.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* KIB: in units of 1024. CLEAR yields what was before. The last three make an entry for a key that is new. */
enum ask_what { ASK_READ, ASK_KIB, ASK_INCREMENT, ASK_CLEAR, ASK_UPDATE };
/* sc_X(counter), scN_X, src_X; the first two may name another table where the same key is looked up. */
enum ask_whose { ASK_NOBODY, ASK_ARG, ASK_SC0, ASK_SC1, ASK_SC2, ASK_SRC };

struct ask {
	uint8_t whose, what, data, rate; /* enum stick_data; rate: what an increment also counts in */
	bool indexed;                    /* the first argument is an index */
};

#define ASK_ALL(name, what_, data_)                                                                            \
	[FETCH_SC_##name] = {ASK_ARG, what_, STICK_##data_, 0, false},                                         \
	[FETCH_SC0_##name] = {ASK_SC0, what_, STICK_##data_, 0, false},                                        \
	[FETCH_SC1_##name] = {ASK_SC1, what_, STICK_##data_, 0, false},                                        \
	[FETCH_SC2_##name] = {ASK_SC2, what_, STICK_##data_, 0, false},                                        \
	[FETCH_SRC_##name] = {ASK_SRC, what_, STICK_##data_, 0, false}
#define ASK_GPC(name, what_, n)                                                                                \
	[FETCH_SC_##name] = {ASK_ARG, what_, STICK_GPC##n, STICK_GPC##n##_RATE, false},                        \
	[FETCH_SC0_##name] = {ASK_SC0, what_, STICK_GPC##n, STICK_GPC##n##_RATE, false},                       \
	[FETCH_SC1_##name] = {ASK_SC1, what_, STICK_GPC##n, STICK_GPC##n##_RATE, false},                       \
	[FETCH_SC2_##name] = {ASK_SC2, what_, STICK_GPC##n, STICK_GPC##n##_RATE, false},                       \
	[FETCH_SRC_##name] = {ASK_SRC, what_, STICK_GPC##n, STICK_GPC##n##_RATE, false}
#define ASK_ARRAY(name, what_, data_)                                                                          \
	[FETCH_SC_##name] = {ASK_ARG, what_, STICK_##data_, STICK_GPC_RATE, true},                             \
	[FETCH_SRC_##name] = {ASK_SRC, what_, STICK_##data_, STICK_GPC_RATE, true}

static const struct ask asks[FETCH_COUNT] = {
	ASK_ALL(CONN_CNT, ASK_READ, CONN_CNT),
	ASK_ALL(CONN_CUR, ASK_READ, CONN_CUR),
	ASK_ALL(CONN_RATE, ASK_READ, CONN_RATE),
	ASK_ALL(SESS_CNT, ASK_READ, SESS_CNT),
	ASK_ALL(SESS_RATE, ASK_READ, SESS_RATE),
	ASK_ALL(HTTP_REQ_CNT, ASK_READ, HTTP_REQ_CNT),
	ASK_ALL(HTTP_REQ_RATE, ASK_READ, HTTP_REQ_RATE),
	ASK_ALL(HTTP_ERR_CNT, ASK_READ, HTTP_ERR_CNT),
	ASK_ALL(HTTP_ERR_RATE, ASK_READ, HTTP_ERR_RATE),
	ASK_ALL(HTTP_FAIL_CNT, ASK_READ, HTTP_FAIL_CNT),
	ASK_ALL(HTTP_FAIL_RATE, ASK_READ, HTTP_FAIL_RATE),
	ASK_ALL(BYTES_IN_RATE, ASK_READ, BYTES_IN_RATE),
	ASK_ALL(BYTES_OUT_RATE, ASK_READ, BYTES_OUT_RATE),
	ASK_ALL(KBYTES_IN, ASK_KIB, BYTES_IN_CNT),
	ASK_ALL(KBYTES_OUT, ASK_KIB, BYTES_OUT_CNT),
	ASK_ALL(GLITCH_CNT, ASK_READ, GLITCH_CNT),
	ASK_ALL(GLITCH_RATE, ASK_READ, GLITCH_RATE),
	ASK_ALL(GET_GPT0, ASK_READ, GPT0),
	ASK_ALL(GPC0_RATE, ASK_READ, GPC0_RATE),
	ASK_ALL(GPC1_RATE, ASK_READ, GPC1_RATE),
	ASK_GPC(GET_GPC0, ASK_READ, 0),
	ASK_GPC(GET_GPC1, ASK_READ, 1),
	ASK_GPC(INC_GPC0, ASK_INCREMENT, 0),
	ASK_GPC(INC_GPC1, ASK_INCREMENT, 1),
	ASK_GPC(CLR_GPC0, ASK_CLEAR, 0),
	ASK_GPC(CLR_GPC1, ASK_CLEAR, 1),
	ASK_ARRAY(GET_GPC, ASK_READ, GPC),
	ASK_ARRAY(INC_GPC, ASK_INCREMENT, GPC),
	ASK_ARRAY(CLR_GPC, ASK_CLEAR, GPC),
	[FETCH_SC1_CLR_GPC] = {ASK_SC1, ASK_CLEAR, STICK_GPC, STICK_GPC_RATE, true},
	ASK_ARRAY(GET_GPT, ASK_READ, GPT),
	ASK_ARRAY(GPC_RATE, ASK_READ, GPC_RATE),
	[FETCH_SRC_UPDT_CONN_CNT] = {ASK_SRC, ASK_UPDATE, STICK_CONN_CNT, 0, false},
};

/* The table that an argument names; without a name in a `defaults` section that of the proxy that runs. */
static struct stick_table *call_table(const struct eval *e, const struct arg *arg)
{
	const struct proxy_conf *px = e->backend ? e->backend : e->frontend;

	return stick_table_of(e->tables, arg->table ? arg->table : px ? px->table : NULL);
}

/* Where the question leads. */
struct answer {
	struct stick_hold hold;
	bool found, changed;
};

static bool hold_src(struct eval *e, const struct ask *ask, struct stick_table *t, struct answer *a)
{
	struct stick_key_room room;
	struct sample s;
	struct str key;

	if (!t || !sample_set_addr(&s, e->src) || !stick_key_make(e, t->conf, &s, &room, &key))
		return false;
	if (ask->what >= ASK_INCREMENT)
		a->found = stick_open(&a->hold, t, key, e->now_ms);
	else
		a->found = stick_find(&a->hold, t, key, e->now_ms);
	return true;
}

/* The entry that a counter tracks, or the one with its key in another table, which may have none. False: it
 * tracks nothing. */
static bool hold_counter(struct eval *e, uint64_t number, const struct arg *table, struct answer *a)
{
	const struct stick_counter *c = stick_tracked(e, number);
	struct stick_table *other = table && arg_is_set(table) ? call_table(e, table) : NULL;

	if (!c)
		return false;
	if (other && other != c->table) {
		a->found = other->conf->key_type == c->table->conf->key_type &&
			   stick_find(&a->hold, other, stick_key(c->table, c->entry), e->now_ms);
		return true;
	}
	stick_enter(&a->hold, c->table, c->entry);
	a->found = true;
	return true;
}

/* Single counters and tags stand for the first two elements of an array. */
static enum stick_data array_for(const struct stick_table *t, enum stick_data data, uint32_t *index)
{
	static const struct {
		uint8_t one, array, index;
	} pairs[] = {{STICK_GPC0, STICK_GPC, 0},
		     {STICK_GPC1, STICK_GPC, 1},
		     {STICK_GPC0_RATE, STICK_GPC_RATE, 0},
		     {STICK_GPC1_RATE, STICK_GPC_RATE, 1},
		     {STICK_GPT0, STICK_GPT, 0}};

	if (table_stores(t->conf, data))
		return data;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if (pairs[i].one != data || !table_stores(t->conf, pairs[i].array))
			continue;
		*index = pairs[i].index;
		return pairs[i].array;
	}
	return data;
}

bool stick_value(const struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now, int64_t *value)
{
	data = array_for(h->table, data, &index);
	return stick_read(h, data, index, now, value);
}

bool stick_increment(struct stick_hold *h, enum stick_data data, enum stick_data rate, uint32_t index,
		     uint64_t now, uint64_t n)
{
	uint32_t rate_index = index;
	bool stored;

	data = array_for(h->table, data, &index);
	rate = array_for(h->table, rate, &rate_index);
	stored = stick_at(h, data, index) || stick_at(h, rate, rate_index);
	stick_add(h, data, index, now, n);
	stick_add(h, rate, rate_index, now, n);
	if (stored)
		stick_touch(h, now);
	return stored;
}

bool stick_set(struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now, int64_t value)
{
	data = array_for(h->table, data, &index);
	if (!stick_at(h, data, index))
		return false;
	stick_write(h, data, index, now, value);
	stick_touch(h, now);
	return true;
}

/* With the entry held. False: the table does not store it. */
static bool ask_entry(struct eval *e, const struct ask *ask, uint32_t index, struct answer *a, int64_t *value)
{
	*value = 0;
	switch ((enum ask_what)ask->what) {
	case ASK_READ:
		return stick_value(&a->hold, ask->data, index, e->now_ms, value);
	case ASK_KIB:
		if (!stick_value(&a->hold, ask->data, index, e->now_ms, value))
			return false;
		*value >>= 10;
		return true;
	case ASK_CLEAR:
		if (stick_value(&a->hold, ask->data, index, e->now_ms, value))
			stick_set(&a->hold, ask->data, index, e->now_ms, 0);
		return true;
	case ASK_UPDATE: /* the rate has no part in it */
		stick_add(&a->hold, ask->data, index, e->now_ms, 1);
		stick_touch(&a->hold, e->now_ms);
		return stick_value(&a->hold, ask->data, index, e->now_ms, value);
	case ASK_INCREMENT:
		stick_increment(&a->hold, ask->data, ask->rate, index, e->now_ms, 1);
		stick_value(&a->hold, ask->data, index, e->now_ms, value);
		return true;
	}
	return false;
}

bool fetch_stick(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	const struct ask *ask = &asks[call->fetch];
	const struct arg *arg = call->args;
	uint32_t index = ask->indexed ? (uint32_t)(arg++)->sint : 0;
	struct answer a = {.found = false};
	int64_t value = 0;
	bool there;

	if (ask->whose == ASK_SRC)
		there = hold_src(e, ask, call_table(e, arg), &a);
	else if (ask->whose == ASK_ARG)
		there = hold_counter(e, (uint64_t)arg[0].sint, &arg[1], &a);
	else
		there = hold_counter(e, ask->whose - ASK_SC0, &arg[0], &a);
	if (!there)
		return false;
	if (ask->what >= ASK_INCREMENT)
		e->engine->generation++;
	if (a.found) {
		there = ask_entry(e, ask, index, &a, &value);
		stick_leave(&a.hold);
	}
	return there && sample_set_int(out, value);
}

/* The number of a counter in the name or in the first argument, and what follows it. */
static uint64_t counter_number(const struct fetch_call *call, uint16_t first, uint16_t second, uint16_t third,
			       const struct arg **rest)
{
	*rest = call->args;
	if (call->fetch == first)
		return 0;
	if (call->fetch == second)
		return 1;
	if (call->fetch == third)
		return 2;
	++*rest;
	return (uint64_t)call->args[0].sint;
}

bool fetch_stick_tracked(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	const struct arg *rest;
	uint64_t n = counter_number(call, FETCH_SC0_TRACKED, FETCH_SC1_TRACKED, FETCH_SC2_TRACKED, &rest);

	return sample_set_bool(out, stick_tracked(e, n) != NULL);
}

bool fetch_stick_trackers(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	const struct arg *rest;
	uint64_t n = counter_number(call, FETCH_SC0_TRACKERS, FETCH_SC1_TRACKERS, FETCH_SC2_TRACKERS, &rest);
	struct answer a = {.found = false};
	uint32_t refs = 0;

	if (!hold_counter(e, n, rest, &a))
		return false;
	if (a.found) {
		refs = a.hold.entry->refs;
		stick_leave(&a.hold);
	}
	return sample_set_int(out, refs);
}

bool fetch_stick_key(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	const struct arg *rest;
	uint64_t n = counter_number(call, FETCH_SC0_KEY, FETCH_SC1_KEY, FETCH_SC2_KEY, &rest);
	const struct stick_counter *c = stick_tracked(e, n);

	if (!c)
		return false;
	stick_key_sample(c->table->conf, stick_key(c->table, c->entry), out);
	return true;
}

bool fetch_table_cnt(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	struct stick_table *t = call_table(e, &call->args[0]);

	return t && sample_set_int(out, atomic_load_explicit(&t->used, memory_order_relaxed));
}

bool fetch_table_avl(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	struct stick_table *t = call_table(e, &call->args[0]);

	return t && sample_set_int(out, (int64_t)t->conf->size -
						atomic_load_explicit(&t->used, memory_order_relaxed));
}
