/* Converters that look a key up in a stick table (manual, section 7.3.1: table_*, in_table). Most do not count
 * as a use of the entry. A key that is not there gives 0. Worker thread. */
#include "runtime/eval/fetch.h"
#include "runtime/eval/engine.h"
#include "runtime/stick/key.h"
#include "runtime/stick/value.h"

static struct stick_table *arg_table(const struct eval *e, const struct arg *arg)
{
	const struct proxy_conf *px = e->backend ? e->backend : e->frontend;

	return stick_table_of(e->tables, arg->table ? arg->table : px ? px->table : NULL);
}

/* False: the sample is no key of that table. *found: h is held. */
static bool look_up(struct eval *e, const struct arg *arg, struct sample *s, bool make, struct stick_hold *h,
		    bool *found)
{
	struct stick_table *t = arg_table(e, arg);
	struct stick_key_room room;
	struct str key;

	*found = false;
	if (!t || !stick_key_make(e, t->conf, s, &room, &key))
		return false;
	*found = make ? stick_open(h, t, key, e->now_ms) : stick_find(h, t, key, e->now_ms);
	return true;
}

static bool table_value(struct eval *e, const struct arg *table, struct sample *s, enum stick_data data,
			int64_t index, int shift)
{
	struct stick_hold h;
	int64_t value = 0;
	bool found, stored = true;

	if (!look_up(e, table, s, false, &h, &found))
		return false;
	if (found) {
		stored = stick_value(&h, data, index < 0 || index > UINT16_MAX ? UINT16_MAX : (uint32_t)index,
				     e->now_ms, &value);
		stick_leave(&h);
	}
	return stored && sample_set_int(s, value >> shift);
}

#define TABLE_VALUE(name, data, shift)                                                                         \
	bool conv_table_##name(struct eval *e, const struct arg *args, struct sample *s)                       \
	{                                                                                                      \
		return table_value(e, &args[0], s, STICK_##data, 0, shift);                                    \
	}
#define TABLE_ELEMENT(name, data)                                                                              \
	bool conv_table_##name(struct eval *e, const struct arg *args, struct sample *s)                       \
	{                                                                                                      \
		return table_value(e, &args[1], s, STICK_##data, args[0].sint, 0);                             \
	}

TABLE_VALUE(bytes_in_rate, BYTES_IN_RATE, 0)
TABLE_VALUE(bytes_out_rate, BYTES_OUT_RATE, 0)
TABLE_VALUE(conn_cnt, CONN_CNT, 0)
TABLE_VALUE(conn_cur, CONN_CUR, 0)
TABLE_VALUE(conn_rate, CONN_RATE, 0)
TABLE_VALUE(glitch_cnt, GLITCH_CNT, 0)
TABLE_VALUE(glitch_rate, GLITCH_RATE, 0)
TABLE_VALUE(gpc0, GPC0, 0)
TABLE_VALUE(gpc0_rate, GPC0_RATE, 0)
TABLE_VALUE(gpc1, GPC1, 0)
TABLE_VALUE(gpc1_rate, GPC1_RATE, 0)
TABLE_VALUE(gpt0, GPT0, 0)
TABLE_VALUE(http_err_cnt, HTTP_ERR_CNT, 0)
TABLE_VALUE(http_err_rate, HTTP_ERR_RATE, 0)
TABLE_VALUE(http_fail_cnt, HTTP_FAIL_CNT, 0)
TABLE_VALUE(http_fail_rate, HTTP_FAIL_RATE, 0)
TABLE_VALUE(http_req_cnt, HTTP_REQ_CNT, 0)
TABLE_VALUE(http_req_rate, HTTP_REQ_RATE, 0)
TABLE_VALUE(kbytes_in, BYTES_IN_CNT, 10)
TABLE_VALUE(kbytes_out, BYTES_OUT_CNT, 10)
TABLE_VALUE(server_id, SERVER_ID, 0)
TABLE_VALUE(sess_cnt, SESS_CNT, 0)
TABLE_VALUE(sess_rate, SESS_RATE, 0)
TABLE_ELEMENT(gpc, GPC)
TABLE_ELEMENT(gpc_rate, GPC_RATE)
TABLE_ELEMENT(gpt, GPT)

bool conv_in_table(struct eval *e, const struct arg *args, struct sample *s)
{
	struct stick_hold h;
	bool found;

	if (!look_up(e, &args[0], s, false, &h, &found))
		return false;
	if (found)
		stick_leave(&h);
	return sample_set_bool(s, found);
}

/* Who looks counts as well, for HAProxy. */
bool conv_table_trackers(struct eval *e, const struct arg *args, struct sample *s)
{
	struct stick_hold h;
	uint32_t refs = 0;
	bool found;

	if (!look_up(e, &args[0], s, false, &h, &found))
		return false;
	if (found) {
		refs = h.entry->refs + 1;
		stick_leave(&h);
	}
	return sample_set_int(s, refs);
}

/* table_expire(table[,default]), table_idle(table[,default]): ms until the entry is forgotten, or since its
 * last use. */
static bool table_time(struct eval *e, const struct arg *args, struct sample *s, bool idle)
{
	struct stick_hold h;
	int64_t value = 0;
	bool found;

	if (!look_up(e, &args[0], s, false, &h, &found))
		return false;
	if (!found)
		return arg_is_set(&args[1]) && sample_set_int(s, args[1].sint);
	value = stick_left(&h, e->now_ms);
	if (idle)
		value = h.table->conf->expire - value;
	stick_leave(&h);
	return sample_set_int(s, value);
}

bool conv_table_expire(struct eval *e, const struct arg *args, struct sample *s)
{
	return table_time(e, args, s, false);
}

bool conv_table_idle(struct eval *e, const struct arg *args, struct sample *s)
{
	return table_time(e, args, s, true);
}

/* Changes a counter of a key, which is made when it is new; yields what clr cleared, or the new value. */
static bool table_change(struct eval *e, const struct arg *table, struct sample *s, enum stick_data data,
			 int64_t index, bool clear)
{
	static const uint8_t rates[STICK_DATA_COUNT] = {
		[STICK_GPC0] = STICK_GPC0_RATE, [STICK_GPC1] = STICK_GPC1_RATE, [STICK_GPC] = STICK_GPC_RATE};
	uint32_t i = index < 0 || index > UINT16_MAX ? UINT16_MAX : (uint32_t)index;
	struct stick_hold h;
	int64_t value = 0;
	bool found;

	if (!look_up(e, table, s, true, &h, &found))
		return false;
	e->engine->generation++;
	if (found && clear) {
		stick_value(&h, data, i, e->now_ms, &value);
		stick_set(&h, data, i, e->now_ms, 0);
	} else if (found) {
		stick_increment(&h, data, rates[data], i, e->now_ms, 1);
		stick_value(&h, data, i, e->now_ms, &value);
	}
	if (found)
		stick_leave(&h);
	return sample_set_int(s, value);
}

#define TABLE_CHANGE(name, data, clear)                                                                        \
	bool conv_table_##name(struct eval *e, const struct arg *args, struct sample *s)                       \
	{                                                                                                      \
		return table_change(e, &args[0], s, STICK_##data, 0, clear);                                   \
	}

TABLE_CHANGE(clr_gpc0, GPC0, true)
TABLE_CHANGE(clr_gpc1, GPC1, true)
TABLE_CHANGE(inc_gpc0, GPC0, false)
TABLE_CHANGE(inc_gpc1, GPC1, false)

bool conv_table_clr_gpc(struct eval *e, const struct arg *args, struct sample *s)
{
	return table_change(e, &args[1], s, STICK_GPC, args[0].sint, true);
}

bool conv_table_inc_gpc(struct eval *e, const struct arg *args, struct sample *s)
{
	return table_change(e, &args[1], s, STICK_GPC, args[0].sint, false);
}
