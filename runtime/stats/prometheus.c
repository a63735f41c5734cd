/* The Prometheus exporter: see prometheus.h. The format wants all values of one metric together, the statistics
 * come proxy by proxy: one pass over the rows fills one text per metric, and the texts are put together at the
 * end. */
#include "runtime/stats/prometheus.h"

#include <stdlib.h>

#include "runtime/health/check.h"
#include "runtime/stats/info.h"
#include "runtime/stats/stats_rows.h"
#include "runtime/stick/key.h"
#include "runtime/stick/table.h"

enum form { NUMBER, SECONDS, STATUS, CHECK, CODE, AGG_SERVER, AGG_CHECK };
enum kind { GAUGE, COUNTER };
enum table_value { SIZE, USED };
enum { TEXT_LIMIT = 256 << 20 };

static const struct info_metric {
	const char *name, *help;
	enum kind kind;
	int info;
} info_metrics[] = {
#define INFO_NONE INFO_COUNT
#define INFO_BUILD (INFO_COUNT + 1)
#define PROMETHEUS_INFO(name, kind, info, help) {name, help, kind, INFO_##info},
#define PROMETHEUS_STAT(scope, name, kind, column, form, help)
#define PROMETHEUS_TABLE(name, kind, value, help)
#include "runtime/stats/prometheus.def"
#undef PROMETHEUS_INFO
#undef PROMETHEUS_STAT
};

static const struct stat_metric {
	unsigned scope;
	const char *name, *help;
	enum kind kind;
	enum stats_column column;
	enum form form;
} stat_metrics[] = {
#define PROMETHEUS_INFO(name, kind, info, help)
#define PROMETHEUS_STAT(scope, name, kind, column, form, help)                                                 \
	{PROMETHEUS_##scope, name, help, kind, ST_##column, form},
#include "runtime/stats/prometheus.def"
#undef PROMETHEUS_STAT
#undef PROMETHEUS_TABLE
};

static const struct table_metric {
	const char *name, *help;
	enum kind kind;
	enum table_value value;
} table_metrics[] = {
#define PROMETHEUS_STAT(scope, name, kind, column, form, help)
#define PROMETHEUS_TABLE(name, kind, value, help) {name, help, kind, value},
#include "runtime/stats/prometheus.def"
#undef PROMETHEUS_INFO
#undef PROMETHEUS_STAT
#undef PROMETHEUS_TABLE
};

enum {
	INFOS = sizeof(info_metrics) / sizeof(*info_metrics),
	STATS = sizeof(stat_metrics) / sizeof(*stat_metrics),
	TABLES = sizeof(table_metrics) / sizeof(*table_metrics)
};

/* --- the request */

static const struct scope_name {
	const char *name;
	unsigned scope;
} scope_names[] = {
	{"global", PROMETHEUS_GLOBAL}, {"frontend", PROMETHEUS_FRONTEND},     {"backend", PROMETHEUS_BACKEND},
	{"server", PROMETHEUS_SERVER}, {"sticktable", PROMETHEUS_STICKTABLE}, {"listener", PROMETHEUS_LISTENER},
	{"*", PROMETHEUS_ALL}};

static bool scope_find(struct str name, unsigned *scope)
{
	for (size_t i = 0; i < sizeof(scope_names) / sizeof(*scope_names); i++) {
		if (!str_is(name, scope_names[i].name))
			continue;
		*scope = scope_names[i].scope;
		return true;
	}
	return false;
}

/* An empty scope forgets those before it. */
static bool scope_add(struct prometheus_query *q, struct str value)
{
	unsigned scope = 0;

	if (!value.len) {
		q->scopes = 0;
		return true;
	}
	if (!scope_find(value, &scope))
		return false;
	q->scopes |= scope;
	return true;
}

bool prometheus_parse(struct str query, struct prometheus_query *q)
{
	bool scoped = false;

	*q = (struct prometheus_query){.scopes = 0};
	for (size_t at = 0; at < query.len;) {
		struct str item = str_sub(query, at, str_chr(str_tail(query, at), '&'));
		size_t eq = str_chr(item, '=');
		struct str name = str_sub(item, 0, eq), value = str_tail(item, eq + 1);

		at += item.len + 1;
		if (str_is(name, "scope")) {
			scoped = true;
			if (eq == item.len || !scope_add(q, value))
				return false;
		} else if (str_is(name, "no-maint")) {
			q->no_maint = true;
		} else if (str_is(name, "extra-counters")) {
			q->extra_counters = true;
		} else if (str_is(name, "metrics")) {
			q->metrics = query;
		}
	}
	if (!scoped)
		q->scopes = PROMETHEUS_ALL;
	return true;
}

static bool metric_is(struct str word, const char *scope, const char *name)
{
	size_t len = strlen(scope);

	if (!str_starts(word, STR("haproxy_")))
		return false;
	word = str_tail(word, 8);
	return word.len > len && str_starts(word, str_make(scope, len)) && word.ptr[len] == '_' &&
	       str_is(str_tail(word, len + 1), name);
}

/* The lists of all parameters `metrics`, one after the other, without what is between them. */
static struct str next_word(struct str query, size_t *at)
{
	struct str rest, item;

	for (;;) {
		rest = str_tail(query, *at);
		item = str_sub(rest, 0, str_chr(rest, '&'));
		if (*at == 0 || query.ptr[*at - 1] == '&') { /* the beginning of a parameter */
			if (!str_starts(item, STR("metrics="))) {
				*at += item.len + 1;
				if (*at >= query.len)
					return STR("");
				continue;
			}
			*at += 8;
			item = str_tail(item, 8);
		}
		item = str_sub(item, 0, str_chr(item, ','));
		*at += item.len + 1;
		return item;
	}
}

/* Manual: names that are wanted, or behind `-` those that are not. */
static bool is_wanted(const struct prometheus_query *q, const char *scope, const char *name)
{
	bool only = false;

	for (size_t at = 0; at < q->metrics.len;) {
		struct str word = next_word(q->metrics, &at);
		bool without = word.len && word.ptr[0] == '-';

		if (metric_is(without ? str_tail(word, 1) : word, scope, name))
			return !without;
		only |= !without && word.len;
	}
	return !only;
}

/* --- lines */

static void put_title(struct out *o, const char *scope, const char *name, const char *help, enum kind kind)
{
	out_printf(o, "# HELP haproxy_%s_%s %s\n# TYPE haproxy_%s_%s %s\n", scope, name, help, scope, name,
		   kind == GAUGE ? "gauge" : "counter");
}

/* A label's value: backslash, quote and line feed are escaped. */
static void put_label(struct out *o, struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c == '\n') {
			out_puts(o, "\\n");
			continue;
		}
		if (c == '"' || c == '\\')
			out_char(o, '\\');
		out_char(o, c);
	}
}

static void write_info(struct worker *w, const struct generation *g, const struct prometheus_query *q,
		       struct out *o)
{
	struct info v = {.uptime = 0};

	info_fill(&v, w, g);
	for (int i = 0; i < INFOS; i++) {
		const struct info_metric *m = &info_metrics[i];

		if (!is_wanted(q, "process", m->name))
			continue;
		put_title(o, "process", m->name, m->help, m->kind);
		out_printf(o, "haproxy_process_%s", m->name);
		if (m->info == INFO_BUILD)
			out_printf(o, "{version=\"%.*s\"} 1\n", STR_ARG(v.text[INFO_VERSION]));
		else if (m->info == INFO_NONE)
			out_puts(o, " NaN\n");
		else
			out_printf(o, " %llu\n", (unsigned long long)v.number[m->info]);
	}
}

/* --- rows */

struct collector {
	const struct prometheus_query *q;
	struct out text[STATS];
	bool wanted[STATS];
};

static unsigned scope_bit(const struct stats_row *r)
{
	switch (r->type) {
	case STATS_FRONTEND:
		return PROMETHEUS_FRONTEND;
	case STATS_LISTENER:
		return PROMETHEUS_LISTENER;
	case STATS_BACKEND:
		return PROMETHEUS_BACKEND;
	default:
		return PROMETHEUS_SERVER;
	}
}

static bool row_is_wanted(const struct prometheus_query *q, const struct stats_row *r)
{
	return q->scopes & scope_bit(r) &&
	       !(r->type == STATS_SERVER && q->no_maint && atomic_load(&r->server->admin) & SRV_ADM_ANY_MAINT);
}

static const char *scope_word(unsigned scope)
{
	return scope == PROMETHEUS_FRONTEND   ? "frontend"
	       : scope == PROMETHEUS_LISTENER ? "listener"
	       : scope == PROMETHEUS_BACKEND  ? "backend"
					      : "server";
}

static const char *scope_of(const struct stats_row *r)
{
	return scope_word(scope_bit(r));
}

/* "haproxy_server_status{proxy="b",server="s"": more labels may follow. */
static void put_name(struct out *o, const struct stat_metric *m, const struct stats_row *r)
{
	out_printf(o, "haproxy_%s_%s{proxy=\"", scope_of(r), m->name);
	put_label(o, r->proxy->conf->name);
	if (r->type == STATS_SERVER || r->type == STATS_LISTENER) {
		out_printf(o, "\",%s=\"", scope_of(r));
		put_label(o, r->values[ST_svname].text);
	}
	out_char(o, '"');
}

static void put_number(struct out *o, const struct stats_value *v, bool seconds)
{
	int64_t n = v->kind == STATS_S32 ? v->signed_number : (int64_t)v->number;

	if (v->kind == STATS_EMPTY || v->kind == STATS_STR)
		out_puts(o, "NaN\n");
	else if (seconds)
		out_printf(o, "%f\n", (double)n / 1000);
	else
		out_printf(o, "%lld\n", (long long)n);
}

static void put_state(struct out *o, const struct stat_metric *m, const struct stats_row *r, const char *label,
		      const char *state, uint64_t n)
{
	put_name(o, m, r);
	out_printf(o, ",%s=\"%s\"} %llu\n", label, state, (unsigned long long)n);
}

enum { STATE_DOWN, STATE_UP, STATE_MAINT, STATE_DRAIN, STATE_NOLB, STATES };
static const char *const state_names[] = {"DOWN", "UP", "MAINT", "DRAIN", "NOLB"};

static int server_state(struct server *s)
{
	unsigned admin = atomic_load(&s->admin);
	int oper = atomic_load(&s->oper);

	if (admin & SRV_ADM_ANY_MAINT)
		return STATE_MAINT;
	if (oper == SRV_STOPPED)
		return STATE_DOWN;
	if (admin & SRV_ADM_ANY_DRAIN)
		return STATE_DRAIN;
	return oper == SRV_STOPPING ? STATE_NOLB : STATE_UP;
}

static void put_listener_status(struct out *o, const struct stat_metric *m, const struct stats_row *r)
{
	static const char *const names[] = {"WAITING", "OPEN", "FULL"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		put_state(o, m, r, "state", names[i], str_is(r->values[ST_status].text, names[i]));
}

static void put_status(struct out *o, const struct stat_metric *m, const struct stats_row *r)
{
	struct str status = r->values[ST_status].text;
	int state = r->type == STATS_SERVER ? server_state(r->server)
					    : !str_is(status, "DOWN") && !str_is(status, "STOP");

	for (int i = 0; i < (r->type == STATS_SERVER ? STATES : STATE_MAINT); i++)
		put_state(o, m, r, "state", state_names[i], i == state);
}

static const struct check_state {
	const char *name;
	enum check_status status;
} check_states[] = {
#define CHECK_STATUS(id, number, word, text) {word, CHECK_##id},
#include "grammar/check_status.def"
#undef CHECK_STATUS
};
enum { CHECK_STATES = sizeof(check_states) / sizeof(*check_states) };

static void put_check(struct out *o, const struct stat_metric *m, const struct stats_row *r)
{
	struct check_report report;

	if (!check_report(r->server, &report))
		return;
	for (int i = 0; i < CHECK_STATES; i++)
		if (check_states[i].status >= CHECK_HANALYZE)
			put_state(o, m, r, "state", check_states[i].name,
				  check_states[i].status == report.status);
}

static void put_code(struct out *o, const struct stat_metric *m, const struct stats_row *r)
{
	static const char *const codes[] = {"1xx", "2xx", "3xx", "4xx", "5xx", "other"};

	if (r->values[m->column].kind != STATS_EMPTY)
		put_state(o, m, r, "code", codes[m->column - ST_hrsp_1xx], r->values[m->column].number);
}

static void put_servers(struct out *o, const struct stat_metric *m, const struct stats_row *r)
{
	uint64_t count[STATES] = {0};

	for (uint32_t i = 0; i < r->proxy->nservers; i++)
		count[server_state(r->proxy->servers[i])]++;
	for (int i = 0; i < STATES; i++)
		put_state(o, m, r, "state", state_names[i], count[i]);
}

static void put_checks(struct out *o, const struct stat_metric *m, const struct stats_row *r)
{
	uint64_t count[CHECK_STATES] = {0};
	struct check_report report;

	for (uint32_t i = 0; i < r->proxy->nservers; i++)
		for (int k = 0; check_report(r->proxy->servers[i], &report) && k < CHECK_STATES; k++)
			count[k] += check_states[k].status == report.status;
	for (int i = 0; i < CHECK_STATES; i++)
		if (check_states[i].status >= CHECK_HANALYZE)
			put_state(o, m, r, "state", check_states[i].name, count[i]);
}

/* Columns that servers have in principle, though this one has no value. */
static bool shows_nan(const struct stat_metric *m, const struct stats_row *r)
{
	switch (m->column) {
	case ST_slim:
	case ST_chkfail:
	case ST_chkdown:
	case ST_downtime:
	case ST_qlimit:
	case ST_throttle:
	case ST_src_ilim:
		return r->type == STATS_SERVER;
	default:
		return false;
	}
}

/* Columns of HTTP: elsewhere they are 0, and of no interest. */
static bool is_of_http(const struct stat_metric *m)
{
	return (m->column >= ST_req_rate && m->column <= ST_req_tot) ||
	       (m->column >= ST_comp_in && m->column <= ST_comp_rsp);
}

static void put_metric(struct out *o, const struct stat_metric *m, const struct stats_row *r)
{
	static const struct stats_value none = {.kind = STATS_U32};
	const struct stats_value *v = &r->values[m->column];

	switch (m->form) {
	case STATUS:
		if (r->type == STATS_LISTENER)
			put_listener_status(o, m, r);
		else
			put_status(o, m, r);
		return;
	case CHECK:
		put_check(o, m, r);
		return;
	case CODE:
		put_code(o, m, r);
		return;
	case AGG_SERVER:
		put_servers(o, m, r);
		return;
	case AGG_CHECK:
		put_checks(o, m, r);
		return;
	case NUMBER:
	case SECONDS:
		break;
	}
	if (m->column == ST_check_code && v->kind == STATS_EMPTY && r->server && r->server->check)
		v = &none;
	if (v->kind == STATS_EMPTY ? !shows_nan(m, r) : is_of_http(m) && r->proxy->conf->mode != MODE_HTTP)
		return;
	put_name(o, m, r);
	out_puts(o, "} ");
	put_number(o, v, m->form == SECONDS);
}

static void collect(void *ctx, const struct stats_row *r)
{
	struct collector *c = ctx;
	unsigned scope = scope_bit(r);

	if (!row_is_wanted(c->q, r))
		return;
	for (int i = 0; i < STATS; i++)
		if (c->wanted[i] && stat_metrics[i].scope == scope)
			put_metric(&c->text[i], &stat_metrics[i], r);
}

/* What was collected of a metric; titled: it is the first of its name. */
static void write_text(struct out *o, const struct stat_metric *m, struct out *text, bool titled)
{
	if (titled && text->len)
		put_title(o, scope_word(m->scope), m->name, m->help, m->kind);
	out_str(o, out_get(text));
	o->truncated |= text->truncated;
	out_free(text);
}

static void write_stats(struct worker *w, const struct prometheus_query *q, struct out *o)
{
	struct collector *c = calloc(1, sizeof(*c));
	struct stats_filter all = STATS_FILTER_ALL;

	if (!c) {
		o->truncated = true;
		return;
	}
	c->q = q;
	for (int i = 0; i < STATS; i++) {
		c->text[i] = out_growing(TEXT_LIMIT);
		c->wanted[i] = is_wanted(q, scope_word(stat_metrics[i].scope), stat_metrics[i].name);
	}
	stats_each(w, &all, collect, c);
	for (int i = 0; i < STATS; i++) {
		const struct stat_metric *m = &stat_metrics[i];

		write_text(o, m, &c->text[i],
			   !i || strcmp(m->name, m[-1].name) != 0 || m->scope != m[-1].scope);
	}
	free(c);
}

/* --- counters of modules (`extra-counters`), under the names of their columns */

enum { EXTRAS = ST_COLUMNS - ST_gap - 1, SCOPES = 4 };
static const unsigned extra_scopes[SCOPES] = {PROMETHEUS_FRONTEND, PROMETHEUS_LISTENER, PROMETHEUS_BACKEND,
					      PROMETHEUS_SERVER};

struct extras {
	const struct prometheus_query *q;
	struct out text[SCOPES][EXTRAS];
};

static struct stat_metric extra_metric(int i, unsigned scope)
{
	const struct stats_column_row *row = stats_column_row((enum stats_column)(ST_gap + 1 + i));

	return (struct stat_metric){.scope = scope,
				    .name = row->name,
				    .help = row->text,
				    .kind = row->tags[1] == 'C' ? COUNTER : GAUGE,
				    .column = (enum stats_column)(ST_gap + 1 + i),
				    .form = NUMBER};
}

static void collect_extras(void *ctx, const struct stats_row *r)
{
	struct extras *x = ctx;
	unsigned scope = scope_bit(r);
	int at = 0;

	while (extra_scopes[at] != scope)
		at++;
	if (!row_is_wanted(x->q, r))
		return;
	for (int i = 0; i < EXTRAS; i++) {
		struct stat_metric m = extra_metric(i, scope);

		if (r->values[m.column].kind != STATS_EMPTY && is_wanted(x->q, scope_word(scope), m.name))
			put_metric(&x->text[at][i], &m, r);
	}
}

static void write_extras(struct worker *w, const struct prometheus_query *q, struct out *o)
{
	struct extras *x = calloc(1, sizeof(*x));
	struct stats_filter all = STATS_FILTER_ALL;

	if (!x) {
		o->truncated = true;
		return;
	}
	x->q = q;
	for (int s = 0; s < SCOPES; s++)
		for (int i = 0; i < EXTRAS; i++)
			x->text[s][i] = out_growing(TEXT_LIMIT);
	stats_each(w, &all, collect_extras, x);
	for (int s = 0; s < SCOPES; s++)
		for (int i = 0; i < EXTRAS; i++) {
			struct stat_metric m = extra_metric(i, extra_scopes[s]);

			write_text(o, &m, &x->text[s][i], true);
		}
	free(x);
}

static void write_tables(const struct generation *g, const struct prometheus_query *q, struct out *o)
{
	const struct stick_tables *all = g->tables;

	for (int i = 0; all && all->n && i < TABLES; i++) {
		const struct table_metric *m = &table_metrics[i];

		if (!is_wanted(q, "sticktable", m->name))
			continue;
		put_title(o, "sticktable", m->name, m->help, m->kind);
		for (uint32_t k = 0; k < all->n; k++) {
			struct stick_table *t = all->v[k];

			out_printf(o, "haproxy_sticktable_%s{name=\"", m->name);
			put_label(o, t->conf->name);
			out_printf(o, "\",type=\"%s\"} %u\n", stick_key_type_name(t->conf->key_type),
				   m->value == SIZE ? t->conf->size : atomic_load(&t->used));
		}
	}
}

void prometheus_write(struct worker *w, const struct generation *g, const struct prometheus_query *q,
		      struct out *out)
{
	if (q->scopes & PROMETHEUS_GLOBAL)
		write_info(w, g, q, out);
	if (q->scopes & (PROMETHEUS_FRONTEND | PROMETHEUS_LISTENER | PROMETHEUS_BACKEND | PROMETHEUS_SERVER))
		write_stats(w, q, out);
	if (q->extra_counters)
		write_extras(w, q, out);
	if (q->scopes & PROMETHEUS_STICKTABLE)
		write_tables(g, q, out);
}
