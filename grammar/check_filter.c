/* Filters (manual, section 9): their lines, their order, and the rules that put one to work. Offload agents,
 * FastCGI and OpenTracing are checked in shape. Works on the state of one walk; what names something else is
 * looked up at its end. One thread. */
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"
#include "grammar/keyword.h"
#include "grammar/lang.h"
#include "grammar/lint.h"
#include "grammar/model_cache.h"
#include "grammar/model_filter.h"
#include "grammar/rows.h"

/* In the order of enum filter_kind. */
#define FILTERS_26 "trace|compression|cache|spoe|fcgi-app|opentracing"
#define FILTERS_28 FILTERS_26 "|bwlim-in|bwlim-out|comp-req|comp-res"

static bool extra(const struct keyword_use *use, uint32_t i)
{
	diag_haproxy(use->k->d, check_extra(use, i), "'filter %.*s' : unknown keyword '%.*s'.",
		     STR_ARG(use->words[0].text), STR_ARG(use->words[i].text));
	return false;
}

/* --- trace */

static bool trace_words(const struct keyword_use *use, struct filter_conf *f)
{
	for (uint32_t i = 1; i < use->n; i++) {
		struct str word = use->words[i].text;

		if (str_is(word, "name") && ++i == use->n) {
			diag_haproxy(use->k->d, check_missing(use, "a name behind `name`"),
				     "'filter' : ''trace' : 'name' option without value'");
			return false;
		}
		if (str_is(word, "name"))
			f->name = check_keep(use->k, use->words[i].text);
		else if (str_is(word, "quiet"))
			f->quiet = true;
		else if (str_is(word, "hexdump"))
			f->hexdump = true;
		else if (str_is(word, "random-forwarding"))
			f->random_forwarding = true;
		else if (!str_is(word, "random-parsing"))
			return extra(use, i);
	}
	return true;
}

/* --- bwlim-in, bwlim-out */

static bool read_key(const struct keyword_use *use, uint32_t *i, struct filter_conf *f)
{
	bool in = f->kind == FILTER_BANDWIDTH_IN;
	struct lang_scope scope = {.proxy = use->draft->px,
				   .places = use->draft->px->role & ROLE_FRONTEND
						     ? (in ? AT(FE_REQ_HDR) : AT(FE_RES_HDR)) | AT(FE_REQ_HDR)
						     : (in ? AT(BE_REQ_HDR) : AT(BE_RES_HDR)) | AT(BE_REQ_HDR),
				   .where = "bandwidth limitation filter"};

	f->key = sample_parse_words(use->k->c, use->words, use->n, i, &scope);
	return f->key != NULL;
}

/* One setting and its value; *i stands at the value, and is moved behind it. */
static bool bandwidth_setting(const struct keyword_use *use, struct str name, uint32_t *i,
			      struct filter_conf *f)
{
	const struct word *w = &use->words[*i];
	int64_t value = 0;

	if (str_is(name, "key"))
		return read_key(use, i, f);
	++*i;
	if (str_is(name, "table")) {
		check_want_table(use->k, w);
		f->table_name = check_keep(use->k, w->text);
		return true;
	}
	if (str_is(name, "default-period")) {
		if (!check_time(use, w, UNIT_MS, &value))
			return false;
		f->period = (uint32_t)value;
		return true;
	}
	if (!check_size(use, w, &value))
		return false;
	if (str_is(name, "min-size"))
		f->min_size = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
	else
		f->limit = (uint64_t)value;
	return true;
}

/* A limit of each stream by itself has a size and a period; a shared one has a size and a key. */
static bool bandwidth_is_whole(const struct keyword_use *use, const struct filter_conf *f, bool own)
{
	if (!f->limit)
		check_missing(use, own ? "`default-limit` and a size" : "`limit` and a size");
	else if (own && !f->period)
		check_missing(use, "`default-period` and a time");
	else if (!own && !f->key)
		check_missing(use, "`key` and a sample expression");
	else
		return true;
	return false;
}

static bool bandwidth_words(const struct keyword_use *use, struct filter_conf *f)
{
	static const char *const both[] = {"min-size"};
	static const char *const alone[] = {"default-limit", "default-period"};
	static const char *const shared[] = {"limit", "key", "table"};
	bool own = true, decided = false;
	uint32_t i = 2;

	if (use->n < 2) {
		check_missing(use, "the name of a limit");
		return false;
	}
	f->name = check_keep(use->k, use->words[1].text);
	while (i < use->n) {
		struct str name = use->words[i].text;
		bool for_all = str_is(name, both[0]);
		bool for_one = str_is(name, alone[0]) || str_is(name, alone[1]);
		bool for_many = str_is(name, shared[0]) || str_is(name, shared[1]) || str_is(name, shared[2]);

		if ((!for_all && !for_one && !for_many) || (decided && !for_all && own != for_one))
			return extra(use, i);
		if (++i == use->n) {
			check_missing(use, "a value behind the last word");
			return false;
		}
		if (!for_all) {
			own = for_one;
			decided = true;
		}
		if (!bandwidth_setting(use, name, &i, f))
			return false;
	}
	return bandwidth_is_whole(use, f, own);
}

/* --- lines */

static bool cache_words(const struct keyword_use *use, struct filter_conf *f)
{
	if (use->n < 2) {
		diag_haproxy(use->k->d, check_missing(use, "the name of a cache section"),
			     "'filter' : 'cache : expects a <name> argument'");
		return false;
	}
	f->name = check_keep(use->k, use->words[1].text);
	check_want_section(use->k, &use->words[1], PLACE_CACHE, "unable to find the cache");
	return true;
}

static bool spoe_words(const struct keyword_use *use)
{
	for (uint32_t i = 1; i + 1 < use->n; i++)
		if (str_is(use->words[i].text, "config"))
			return true;
	diag_haproxy(use->k->d, check_missing(use, "`config` and a file"),
		     "'filter' : ''spoe' : missing config file'");
	return false;
}

static void not_effective(const struct keyword_use *use)
{
	struct diag *g =
		diag_add(use->k->d, D_NOT_EFFECTIVE, use->words[0].span,
			 "`filter %.*s` is accepted, but has no effect yet", STR_ARG(use->words[0].text));

	diag_note(use->k->d, g,
		  "lbd reads and checks it without acting on it; `lbcheck features` lists all such words");
}

static bool filter_words(const struct keyword_use *use, struct filter_conf *f)
{
	switch ((enum filter_kind)f->kind) {
	case FILTER_TRACE:
		return trace_words(use, f);
	case FILTER_COMPRESSION:
	case FILTER_COMP_REQ:
	case FILTER_COMP_RES:
		return use->n == 1 || extra(use, 1);
	case FILTER_CACHE:
		return cache_words(use, f);
	case FILTER_BANDWIDTH_IN:
	case FILTER_BANDWIDTH_OUT:
		return bandwidth_words(use, f);
	case FILTER_SPOE:
		not_effective(use);
		return spoe_words(use);
	case FILTER_FCGI:
	case FILTER_OPENTRACING:
		not_effective(use);
		return true;
	}
	return true;
}

bool check_filter(const struct keyword_use *use)
{
	uint32_t before = use->k->d->list.n;
	struct filter_conf *f;
	int64_t kind;

	if (use->n == 0) {
		check_missing(use, "the name of a filter");
		return false;
	}
	if (!check_choice(use, &use->words[0], use->k->compat >= 207 ? FILTERS_28 : FILTERS_26, &kind)) {
		diag_haproxy(use->k->d, use->k->d->list.v[before], "'filter' : unknown keyword '%.*s'.",
			     STR_ARG(use->words[0].text));
		return false;
	}
	f = ARENA_NEW(use->k->a, struct filter_conf);
	f->kind = (uint8_t)kind;
	f->pos = check_pos(use->k, use->line);
	use->draft->filters = true;
	use->draft->filter_compression |=
		kind == FILTER_COMPRESSION || kind == FILTER_COMP_REQ || kind == FILTER_COMP_RES;
	if (!filter_words(use, f))
		return false;
	f->index = use->draft->filter_list.n;
	*vec_push(use->k->a, &use->draft->filter_list) = f;
	return true;
}

/* filter-sequence request|response <name>[,<name>...] */
bool check_filter_sequence(const struct keyword_use *use)
{
	int64_t direction;

	if (!check_arity(use, 2, 2) || !check_choice(use, &use->words[0], "request|response", &direction))
		return false;
	use->draft->filter_sequence[direction] = &use->words[1];
	return true;
}

/* --- the end of the walk */

static const struct filter_conf *limit_find(const struct draft *d, struct str name)
{
	vec_each (f, &d->filter_list)
		if (filter_is_bandwidth(*f) && str_eq((*f)->name, name))
			return *f;
	return NULL;
}

/* The table counts what the filter limits. */
static void finish_table(struct checker *k, const struct draft *d, struct filter_conf *f)
{
	bool in = f->kind == FILTER_BANDWIDTH_IN;
	enum stick_data data = in ? STICK_BYTES_IN_RATE : STICK_BYTES_OUT_RATE;
	struct diag *g;

	f->table = model_table(k->m, f->table_name.len ? f->table_name : d->px->name);
	if (!f->table && !f->table_name.len)
		diag_add(k->d, D_SETTING_MISSING, lint_span(k, f->pos),
			 "limit `%.*s` needs `table` and a name, or a `stick-table` in this proxy",
			 STR_ARG(f->name));
	if (!f->table)
		return;
	if (table_stores(f->table, data)) {
		f->period = f->table->period[data];
		return;
	}
	g = diag_add(k->d, D_SETTING_MISSING, lint_span(k, f->pos),
		     "table `%.*s` does not store %s(<period>), which limit `%.*s` needs",
		     STR_ARG(f->table->name), in ? "bytes_in_rate" : "bytes_out_rate", STR_ARG(f->name));
	diag_also(k->d, g, lint_span(k, f->table->pos), "this table");
}

/* Does a compression of that direction stand before it? */
static bool follows_compression(const struct draft *d, const struct filter_conf *f)
{
	uint8_t one = f->kind == FILTER_BANDWIDTH_IN ? FILTER_COMP_REQ : FILTER_COMP_RES;

	for (uint32_t i = 0; i < f->index; i++)
		if (d->filter_list.v[i]->kind == FILTER_COMPRESSION || d->filter_list.v[i]->kind == one)
			return true;
	return false;
}

static void finish_rule(struct checker *k, const struct draft *d, struct rule *r)
{
	struct diag *g;

	r->filter = limit_find(d, r->name);
	if (!r->filter) {
		diag_add(k->d, D_SETTING_MISSING, lint_span(k, r->pos),
			 "this proxy has no `filter bwlim-in` or `bwlim-out` named `%.*s`", STR_ARG(r->name));
		return;
	}
	if (r->filter->key && (r->sample || r->sample2 || r->num || r->num2)) {
		g = diag_add(k->d, D_CONFLICT, lint_span(k, r->pos),
			     "`limit` and `period` are for limits of single streams; `%.*s` is a shared one",
			     STR_ARG(r->name));
		diag_also(k->d, g, lint_span(k, r->filter->pos), "its line");
	}
}

/* HAProxy stores what it has not compressed (manual, section 9.4). */
static void finish_order(struct checker *k, const struct draft *d)
{
	const struct filter_conf *compression = NULL;

	vec_each (f, &d->filter_list) {
		struct diag *g;

		if ((*f)->kind == FILTER_COMPRESSION || (*f)->kind == FILTER_COMP_RES)
			compression = *f;
		if ((*f)->kind != FILTER_CACHE || !compression)
			continue;
		g = diag_add(k->d, D_CONFLICT, lint_span(k, compression->pos),
			     "compression must stand behind the cache");
		diag_also(k->d, g, lint_span(k, (*f)->pos), "the cache");
		diag_haproxy_unplaced(
			k->d, g,
			"config: %s '%.*s': unable to enable the compression filter before any cache filter.",
			check_proxy_kind(d), STR_ARG(d->px->name));
		return;
	}
}

/* The line of that cache, or NULL. */
static const struct filter_conf *cache_filter(const struct draft *d, struct str name)
{
	vec_each (f, &d->filter_list)
		if ((*f)->kind == FILTER_CACHE && str_eq((*f)->name, name))
			return *f;
	return NULL;
}

static bool has_cache_filter(const struct draft *d, struct str name)
{
	return cache_filter(d, name) != NULL;
}

/* Beside other filters than compression and FastCGI a cache needs a line of its own. */
static void finish_cache_rule(struct checker *k, const struct draft *d, const struct rule *r)
{
	struct diag *g;
	bool other = false;

	vec_each (f, &d->filter_list)
		other |= (*f)->kind != FILTER_COMPRESSION && (*f)->kind != FILTER_CACHE &&
			 (*f)->kind != FILTER_FCGI && (*f)->kind != FILTER_COMP_RES &&
			 (*f)->kind != FILTER_COMP_REQ;
	if (!other || has_cache_filter(d, r->name))
		return;
	g = diag_add(k->d, D_SETTING_MISSING, lint_span(k, r->pos),
		     "a cache beside other filters needs a line `filter cache %.*s`", STR_ARG(r->name));
	diag_haproxy_unplaced(
		k->d, g, "config: %s '%.*s': require an explicit filter declaration to use the cache '%.*s'.",
		check_proxy_kind(d), STR_ARG(d->px->name), STR_ARG(r->name));
}

/* By the name of its kind; the same name again means the next one of that kind. NULL: there is none. */
static struct filter_conf *sequence_find(const struct draft *d, struct str name, int direction)
{
	vec_each (f, &d->filter_list) {
		struct str kinds = STR(FILTERS_28);

		for (unsigned i = 0; i < (*f)->kind; i++)
			kinds = str_tail(kinds, str_chr(kinds, '|') + 1);
		if ((*f)->off[direction] && str_eq(str_sub(kinds, 0, str_chr(kinds, '|')), name))
			return *f;
	}
	return NULL;
}

static void finish_sequence(struct checker *k, const struct draft *d, int direction)
{
	const struct word *w = d->filter_sequence[direction];
	struct str rest = w ? w->text : STR_NONE;
	uint32_t rank = 0;

	vec_each (f, &d->filter_list) {
		(*f)->rank[direction] = (*f)->index;
		(*f)->off[direction] = w != NULL;
	}
	while (rest.len) {
		size_t n = str_chr(rest, ',');
		struct filter_conf *f = sequence_find(d, str_sub(rest, 0, n), direction);

		if (!f) {
			diag_add(k->d, D_UNKNOWN_WORD, w->span,
				 "no line `filter %.*s` is left for this sequence", (int)n, rest.ptr);
			return;
		}
		f->off[direction] = false;
		f->rank[direction] = rank++;
		rest = str_tail(rest, n + 1);
	}
}

/* Compression whose filter a sequence leaves out does not happen. */
static void finish_compression(const struct draft *d)
{
	vec_each (f, &d->filter_list) {
		if (((*f)->kind == FILTER_COMPRESSION || (*f)->kind == FILTER_COMP_REQ) && (*f)->off[0])
			d->px->compression.request = false;
		if (((*f)->kind == FILTER_COMPRESSION || (*f)->kind == FILTER_COMP_RES) && (*f)->off[1])
			d->px->compression.not_response = true;
	}
}

static void finish_rules(struct checker *k, const struct draft *d)
{
	for (int set = 0; set < RS_COUNT; set++) {
		struct rule *rules = (struct rule *)d->px->rules[set].v;

		for (uint32_t i = 0; i < d->px->rules[set].n; i++) {
			if (rules[i].action == ACTION_SET_BANDWIDTH_LIMIT)
				finish_rule(k, d, &rules[i]);
			if (rules[i].action == ACTION_CACHE_STORE && d->filter_list.n)
				finish_cache_rule(k, d, &rules[i]);
			if (rules[i].action == ACTION_CACHE_STORE)
				rules[i].filter = cache_filter(d, rules[i].name);
		}
	}
}

void check_finish_filters(struct checker *k)
{
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		struct draft *d = k->drafts.v[i];

		vec_each (f, &d->filter_list) {
			if ((*f)->key)
				finish_table(k, d, *f);
			(*f)->compressed = filter_is_bandwidth(*f) && follows_compression(d, *f);
		}
		finish_order(k, d);
		finish_sequence(k, d, 0);
		finish_sequence(k, d, 1);
		finish_compression(d);
		finish_rules(k, d);
		d->px->filters = (const struct filter_conf *const *)d->filter_list.v;
		d->px->nfilters = d->filter_list.n;
	}
}
