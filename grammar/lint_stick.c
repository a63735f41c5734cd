/* Lints: counters that nobody counts. A test of sc_http_req_rate(0) needs a rule that tracks with counter 0,
 * before it, in a table that stores http_req_rate. Looks at the tests of ACLs and at the tracking rules of all
 * proxies; linear. One thread. */
#include <stdio.h>
#include <string.h>

#include "grammar/cond_walk.h"
#include "grammar/lint.h"
#include "grammar/rows.h"

/* LINES: of an ACL that many rules name, so many are looked at. */
enum { COUNTERS = 12, LINES = 16 };

/* What all tracking rules of the configuration together do with one counter. */
struct tracked {
	uint32_t stores; /* of any table it is kept in */
	bool any;
	struct conf_pos pos; /* of the first rule */
	const struct table_conf *table;
};

/* "sc0_http_req_rate", "sc_http_req_rate(0)", "src_http_req_rate(t)", "table_http_req_rate(t)": what it reads.
 */
static enum stick_data data_of(const char *name)
{
	static const struct {
		const char *word;
		enum stick_data data;
	} odd[] = {
		{"get_gpc0", STICK_GPC0},
		{"inc_gpc0", STICK_GPC0},
		{"clr_gpc0", STICK_GPC0},
		{"get_gpc1", STICK_GPC1},
		{"inc_gpc1", STICK_GPC1},
		{"clr_gpc1", STICK_GPC1},
		{"get_gpt0", STICK_GPT0},
		{"kbytes_in", STICK_BYTES_IN_CNT},
		{"kbytes_out", STICK_BYTES_OUT_CNT},
		{"updt_conn_cnt", STICK_CONN_CNT},
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (strcmp(name, odd[i].word) == 0)
			return odd[i].data;
	return stick_data_find(str_from(name));
}

/* Whether tables of these stores have the data; arrays stand for their first elements. */
static bool stores_has(uint32_t stores, enum stick_data data)
{
	static const struct {
		enum stick_data single, array;
	} pairs[] = {{STICK_GPC0, STICK_GPC},
		     {STICK_GPC1, STICK_GPC},
		     {STICK_GPT0, STICK_GPT},
		     {STICK_GPC0_RATE, STICK_GPC_RATE},
		     {STICK_GPC1_RATE, STICK_GPC_RATE}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (data == pairs[i].single && stores >> pairs[i].array & 1)
			return true;
	return stores >> data & 1;
}

static void track_add(struct tracked *all, const struct rule *r, const struct proxy_conf *px)
{
	const struct table_conf *table = r->table ? r->table : px->table;

	if (r->action != ACTION_TRACK_SC0 || r->num < 0 || r->num >= COUNTERS)
		return;
	if (!all[r->num].any) {
		all[r->num].pos = r->pos;
		all[r->num].table = table;
	}
	all[r->num].any = true;
	all[r->num].stores |= table ? table->stores : UINT32_MAX;
}

static void tracked_collect(struct checker *k, struct tracked *all)
{
	for (uint32_t i = 0; i < k->drafts.n; i++)
		for (int set = 0; set < RS_COUNT; set++)
			vec_each (r, &k->drafts.v[i]->rules[set])
				track_add(all, r, k->drafts.v[i]->px);
}

/* The counter that a sample reads, or -1; *data is what of it. */
static int counter_of(const struct sample_expr *e, enum stick_data *data)
{
	const char *name = fetch_row(e->fetch)->name;
	int counter = -1;

	if (strncmp(name, "sc_", 3) == 0 && e->nargs) {
		bool array = strstr(name, "_gpc") && strcmp(name, "sc_get_gpc") == 0;
		uint32_t at = array ? 1 : 0;

		if (strcmp(name, "sc_get_gpc") == 0 || strcmp(name, "sc_inc_gpc") == 0 ||
		    strcmp(name, "sc_clr_gpc") == 0 || strcmp(name, "sc_get_gpt") == 0 ||
		    strcmp(name, "sc_gpc_rate") == 0)
			return -1;
		if (e->args[at].type != ARG_SINT || (e->nargs > 1 && e->args[1].type != ARG_NONE))
			return -1;
		counter = e->args[at].sint >= 0 && e->args[at].sint < COUNTERS ? (int)e->args[at].sint : -1;
		name += 3;
	} else if (strncmp(name, "sc", 2) == 0 && name[2] >= '0' && name[2] <= '2' && name[3] == '_') {
		if (e->nargs && e->args[0].type != ARG_NONE)
			return -1;
		counter = name[2] - '0';
		name += 4;
	}
	*data = counter < 0 ? STICK_DATA_COUNT : data_of(name);
	return *data == STICK_DATA_COUNT ? -1 : counter;
}

static void lint_counter(struct checker *k, const struct acl_expr *x, const struct tracked *all)
{
	enum stick_data data;
	int n = counter_of(x->sample, &data);
	struct diag *g;

	if (n < 0)
		return;
	if (!all[n].any) {
		g = diag_add(k->d, D_NEVER_TRACKED, lint_span(k, x->pos), "nobody tracks with counter %d", n);
		diag_note(k->d, g, "`%.*s` has no value, so this test never holds", STR_ARG(x->sample->text));
		diag_help(k->d, g, "a rule such as `http-request track-sc%d src` says what is counted", n);
		return;
	}
	if (stores_has(all[n].stores, data))
		return;
	g = diag_add(k->d, D_NOT_STORED, lint_span(k, x->pos), "the table of counter %d does not store `%s`", n,
		     stick_data_row(data)->name);
	if (all[n].table && all[n].table->pos.line)
		diag_also(k->d, g, lint_span(k, all[n].table->pos), "this table");
	diag_note(k->d, g, "`%.*s` is always 0", STR_ARG(x->sample->text));
	diag_help(k->d, g, "add `%s` to what the table stores", stick_data_row(data)->name);
}

/* src_http_req_rate(table): the table is named, or the proxy's own. */
static void lint_source_counter(struct checker *k, const struct acl_expr *x)
{
	const struct sample_expr *e = x->sample;
	const char *name = fetch_row(e->fetch)->name;
	const struct table_conf *table = e->nargs && e->args[0].type == ARG_TABLE ? e->args[0].table : NULL;
	enum stick_data data = strncmp(name, "src_", 4) == 0 ? data_of(name + 4) : STICK_DATA_COUNT;
	struct diag *g;

	if (data == STICK_DATA_COUNT || !table || stores_has(table->stores, data))
		return;
	g = diag_add(k->d, D_NOT_STORED, lint_span(k, x->pos), "the table `%.*s` does not store `%s`",
		     STR_ARG(table->name), stick_data_row(data)->name);
	if (table->pos.line)
		diag_also(k->d, g, lint_span(k, table->pos), "this table");
	diag_note(k->d, g, "`%.*s` has no value, so this test never holds", STR_ARG(e->text));
	diag_help(k->d, g, "add `%s` to what the table stores", stick_data_row(data)->name);
}

void lint_counters(struct checker *k)
{
	struct tracked all[COUNTERS] = {0};

	tracked_collect(k, all);
	for (uint32_t i = 0; i < k->m->acl_exprs.n; i++) {
		const struct acl_expr *x = k->m->acl_exprs.v[i];

		if (!x->pos.source || !x->sample)
			continue;
		lint_counter(k, x, all);
		lint_source_counter(k, x);
	}
}

/* A rule whose condition reads a counter that a later rule of the set starts. */
static const struct acl_expr *cond_reads(const struct cond *cond, uint32_t counters, int *n)
{
	const struct cond_term *term;
	struct cond_walk at = {0};
	enum stick_data data;

	while (counters && (term = cond_walk(cond, &at)))
		for (uint32_t x = 0; x < term->acl->exprs.n && x < LINES; x++) {
			*n = counter_of(term->acl->exprs.v[x]->sample, &data);
			if (*n >= 0 && counters >> *n & 1)
				return term->acl->exprs.v[x];
		}
	return NULL;
}

/* Frontends only: a backend may go on with what its frontend tracks. */
void lint_tracking(struct checker *k, const struct draft *d)
{
	static const uint8_t order[] = {RS_TCP_REQ_CONN, RS_TCP_REQ_SESS, RS_TCP_REQ_CONT, RS_HTTP_REQ};
	uint32_t later[sizeof(order)] = {0}, tracked = 0;
	int n;

	if (!(d->px->role & ROLE_FRONTEND))
		return;
	for (size_t s = 0; s < sizeof(order); s++)
		vec_each (r, &d->rules[order[s]])
			if (r->action == ACTION_TRACK_SC0 && r->num >= 0 && r->num < COUNTERS)
				later[s] |= 1u << r->num;
	for (size_t s = 0; s < sizeof(order); s++)
		vec_each (r, &d->rules[order[s]]) {
			const struct acl_expr *x = cond_reads(r->cond, later[s] & ~tracked, &n);
			struct diag *g;

			if (r->action == ACTION_TRACK_SC0 && r->num >= 0 && r->num < COUNTERS)
				tracked |= 1u << r->num;
			if (!x)
				continue;
			g = diag_add(k->d, D_TRACKED_LATER, lint_span(k, r->pos),
				     "counter %d is not tracked yet on this line", n);
			diag_note(k->d, g, "`%.*s` has no value before the rule that tracks",
				  STR_ARG(x->sample->text));
			diag_help(k->d, g, "the rule `track-sc%d` stands above those that ask", n);
		}
}

/* Entries without an end: what was counted once stays until the table is full. */
void lint_expiry(struct checker *k)
{
	for (uint32_t i = 0; i < k->m->tables.n; i++) {
		const struct table_conf *t = k->m->tables.v[i];
		struct diag *g;

		if (t->expire || !t->pos.line || !t->stores)
			continue;
		g = diag_add(k->d, D_NO_EXPIRY, lint_span(k, t->pos),
			     "entries of `%.*s` stay until the table is full", STR_ARG(t->name));
		diag_help(k->d, g, "`expire 10m`, or whatever is longer than the periods of its rates");
	}
}
