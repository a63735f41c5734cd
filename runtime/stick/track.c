/* Tracked counters: taking an entry (rule track-scN), counting events in it, letting it go. The counters of a
 * session or stream are one small block out of the worker's spare ones, taken when the first rule matches. */
#include "runtime/stick/track.h"

#include <stdlib.h>

#include "runtime/eval/rules.h"
#include "runtime/stick/key.h"

enum { COUNTERS = 3 };

static uint32_t counters_of(const struct model *m)
{
	return m->global.tune_stick_counters ? m->global.tune_stick_counters : COUNTERS;
}

static struct stick_track *track_new(struct eval_engine *en)
{
	struct stick_track *t = en->spare_tracks;
	uint32_t n = counters_of(en->model);

	if (t)
		en->spare_tracks = t->next;
	else
		t = malloc(sizeof(*t) + n * sizeof(t->v[0]));
	if (!t)
		return NULL;
	t->n = n;
	memset(t->v, 0, n * sizeof(t->v[0]));
	return t;
}

static void counter_end(struct stick_counter *c, uint64_t now)
{
	struct stick_hold h;
	uint32_t *current;

	stick_enter(&h, c->table, c->entry);
	current = stick_u32(&h, STICK_CONN_CUR, 0);
	if (current && *current)
		--*current;
	stick_touch(&h, now);
	stick_unref(&h);
	stick_leave(&h);
	c->entry = NULL;
}

void stick_track_end(struct eval_engine *en, struct stick_track **track, uint64_t now)
{
	struct stick_track *t = *track;

	*track = NULL;
	for (uint32_t i = 0; i < t->n; i++)
		if (t->v[i].entry)
			counter_end(&t->v[i], now);
	t->next = en->spare_tracks;
	en->spare_tracks = t;
}

const struct stick_counter *stick_tracked(const struct eval *e, uint64_t number)
{
	const struct stick_track *t = e->stream_track ? *e->stream_track : NULL;

	if (t && number < t->n && t->v[number].entry)
		return &t->v[number];
	t = e->session_track ? *e->session_track : NULL;
	return t && number < t->n && t->v[number].entry ? &t->v[number] : NULL;
}

/* --- events */

static void add_both(struct stick_hold *h, enum stick_data count, enum stick_data rate, uint64_t now,
		     uint64_t n)
{
	stick_add(h, count, 0, now, n);
	stick_add(h, rate, 0, now, n);
}

void stick_count(struct stick_track *track, enum stick_event event, uint64_t now, uint32_t n)
{
	static const uint8_t data[][2] = {
		[STICK_SESSION] = {STICK_SESS_CNT, STICK_SESS_RATE},
		[STICK_REQUEST] = {STICK_HTTP_REQ_CNT, STICK_HTTP_REQ_RATE},
		[STICK_ERROR] = {STICK_HTTP_ERR_CNT, STICK_HTTP_ERR_RATE},
		[STICK_FAILURE] = {STICK_HTTP_FAIL_CNT, STICK_HTTP_FAIL_RATE},
		[STICK_GLITCHES] = {STICK_GLITCH_CNT, STICK_GLITCH_RATE},
	};

	for (uint32_t i = 0; i < track->n; i++) {
		const struct stick_counter *c = &track->v[i];
		struct stick_hold h;

		if (!c->entry)
			continue;
		stick_enter(&h, c->table, c->entry);
		add_both(&h, data[event][0], data[event][1], now, n);
		stick_touch(&h, now);
		stick_leave(&h);
	}
}

void stick_count_bytes(struct stick_track *track, uint64_t now, uint64_t in, uint64_t out)
{
	for (uint32_t i = 0; i < track->n; i++) {
		const struct stick_counter *c = &track->v[i];
		struct stick_hold h;
		uint32_t unit;

		if (!c->entry)
			continue;
		stick_enter(&h, c->table, c->entry);
		unit = c->table->conf->brates_factor;
		stick_add(&h, STICK_BYTES_IN_CNT, 0, now, in);
		stick_add(&h, STICK_BYTES_IN_RATE, 0, now, unit > 1 ? (in + unit - 1) / unit : in);
		stick_add(&h, STICK_BYTES_OUT_CNT, 0, now, out);
		stick_add(&h, STICK_BYTES_OUT_RATE, 0, now, unit > 1 ? (out + unit - 1) / unit : out);
		stick_touch(&h, now);
		stick_leave(&h);
	}
}

/* --- track-scN */

/* The first look at an entry is a connection; in mode http also the request that is under way and was counted
 * elsewhere already. */
static struct stick_entry *track_open(const struct eval *e, struct stick_table *t, struct str key)
{
	struct stick_hold h;
	struct stick_entry *entry;

	if (!stick_open(&h, t, key, e->now_ms))
		return NULL;
	entry = h.entry;
	stick_ref(&h);
	stick_touch(&h, e->now_ms);
	stick_add(&h, STICK_CONN_CUR, 0, e->now_ms, 1);
	add_both(&h, STICK_CONN_CNT, STICK_CONN_RATE, e->now_ms, 1);
	if (e->request_counted)
		add_both(&h, STICK_HTTP_REQ_CNT, STICK_HTTP_REQ_RATE, e->now_ms, 1);
	stick_leave(&h);
	return entry;
}

/* A rule without a table's name in a `defaults` section means the table of the proxy that runs. */
static struct stick_table *rule_table(const struct eval *e, const struct rule *rule)
{
	const struct proxy_conf *px = e->backend ? e->backend : e->frontend;

	return stick_table_of(e->tables, rule->table ? rule->table : px ? px->table : NULL);
}

/* False: the key's bytes have not come yet. */
static bool track_key(struct eval *e, const struct rule *rule, struct stick_table *t, struct stick_counter *c)
{
	struct stick_key_room room;
	struct sample s;
	struct str key;

	e->want_more = false;
	if (sample_eval(e, rule->sample, &s) && stick_key_make(e, t->conf, &s, &room, &key)) {
		c->entry = track_open(e, t, key);
		c->table = t;
		return true;
	}
	return !(e->want_more && e->may_wait);
}

enum verdict rule_track(struct eval *e, const struct rule *rule)
{
	struct stick_table *t = rule_table(e, rule);
	struct stick_track **track = e->stream_track ? e->stream_track : e->session_track;
	uint64_t kept = e->engine->kept;
	struct scratch_mark mark;
	bool known;

	if (!t || !track || stick_tracked(e, (uint64_t)rule->num))
		return V_CONTINUE;
	if (!*track && !(*track = track_new(e->engine)))
		return V_CONTINUE;
	if ((uint64_t)rule->num >= (*track)->n)
		return V_CONTINUE;
	mark = scratch_mark(e->scratch);
	known = track_key(e, rule, t, &(*track)->v[rule->num]);
	if (kept == e->engine->kept)
		scratch_release(e->scratch, mark);
	return known ? V_CONTINUE : V_WAIT;
}
