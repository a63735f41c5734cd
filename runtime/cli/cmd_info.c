/* `show info`: what the process is and how it does, as lines, typed lines or JSON. The table info.def holds
 * names, order and tags; one function fills the values. Figures of features that are not built are 0, as with
 * HAProxy. */
#include <stdio.h>
#include <unistd.h>

#include "config.h"
#include "grammar/predicate.h"
#include "runtime/cli/cli_call.h"
#include "runtime/core/log.h"
#include "runtime/stats/counters.h"

#define READS_RUNNING __attribute__((no_sanitize("thread")))

enum info_id {
#define INFO(position, name, id, tags, kind, description) INFO_##id,
#include "runtime/cli/info.def"
#undef INFO
	INFO_COUNT
};

enum info_kind { U32, U64, STR };
static const struct {
	const char *name, *tags, *description;
	int position;
	enum info_kind kind;
} rows[] = {
#define INFO(position, name, id, tags, kind, description) {name, tags, description, position, kind},
#include "runtime/cli/info.def"
#undef INFO
};

struct info {
	uint64_t number[INFO_COUNT];
	struct str text[INFO_COUNT];
	double uptime, start; /* seconds, for `float` */
	bool exact;
	char version[64], lasted[32];
};

/* --- values
 * ------------------------------------------------------------------------------------------------------ */

static void info_text(struct info *v, enum info_id id, const char *text)
{
	v->text[id] = str_from(text);
}

static double seconds_of(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void fill_identity(struct info *v, const struct cli_call *c)
{
	const struct process *p = c->process;
	const struct global_conf *g = &c->generation->model->global;
	unsigned long long up;

	v->start = seconds_of(&p->started);
	v->uptime = seconds_of(&c->worker->wall) - v->start;
	up = v->uptime < 0 ? 0 : (unsigned long long)v->uptime;
	snprintf(v->version, sizeof(v->version), "%s-lbd%s", predicate_version(p->compat), PACKAGE_VERSION);
	snprintf(v->lasted, sizeof(v->lasted), "%llud %lluh%02llum%02llus", up / 86400, up / 3600 % 24,
		 up / 60 % 60, up % 60);
	info_text(v, INFO_NAME, "HAProxy");
	info_text(v, INFO_VERSION, v->version);
	info_text(v, INFO_BUILD_INFO, v->version);
	info_text(v, INFO_RELEASE_DATE, "2026/11/22");
	info_text(v, INFO_UPTIME, v->lasted);
	info_text(v, INFO_TAINTED, "0");
	v->number[INFO_UPTIME_SEC] = up;
	v->number[INFO_START_TIME_SEC] = (uint64_t)p->started.tv_sec;
	v->number[INFO_NBTHREAD] = p->nworkers;
	v->number[INFO_NBPROC] = v->number[INFO_PROCESS_NUM] = 1;
	v->number[INFO_PID] = (uint64_t)p->pid;
	v->text[INFO_NODE] = g->node;
	v->text[INFO_DESCRIPTION] = g->description;
}

static void fill_limits(struct info *v, struct process *p)
{
	v->number[INFO_MEMMAX_MB] = p->memory_mb;
	v->number[INFO_MEMMAX_BYTES] = (uint64_t)p->memory_mb << 20;
	v->number[INFO_ULIMIT_N] = p->ulimit_n;
	v->number[INFO_MAXSOCK] = p->maxsock;
	v->number[INFO_MAXCONN] = p->maxconn;
	v->number[INFO_HARD_MAXCONN] = p->hard_maxconn;
	v->number[INFO_CURRCONNS] = atomic_load(&p->connections);
	v->number[INFO_STOPPING] = atomic_load(&p->state) >= PROCESS_STOPPING;
	v->number[INFO_DROPPEDLOGS] = log_dropped(p);
}

static READS_RUNNING uint32_t jobs_of(const volatile struct worker *w)
{
	return w->jobs;
}

static void fill_jobs(struct info *v, struct process *p)
{
	uint64_t listening = 0;

	for (struct list *node = p->listeners.next; node != &p->listeners; node = node->next)
		listening += LIST_OF(node, struct listener, node)->state != LI_CLOSED;
	v->number[INFO_LISTENERS] = listening;
	v->number[INFO_JOBS] = listening;
	for (uint32_t i = 0; i < p->nworkers; i++)
		v->number[INFO_JOBS] += jobs_of(p->workers[i]);
}

static void fill_traffic(struct info *v, const struct cli_call *c)
{
	uint64_t now = c->worker->now;
	struct fe_counters fe;

	for (uint32_t i = 0; i < c->generation->nproxies; i++) {
		if (!(c->generation->proxies[i].conf->role & ROLE_FRONTEND))
			continue;
		counters_fe_sum(c->process, i, &fe);
		v->number[INFO_CUMCONNS] += fe.cum_conn;
		v->number[INFO_CUMREQ] += fe.cum_req;
		v->number[INFO_TOTALBYTESOUT] += fe.bytes_out;
		v->number[INFO_CONNRATE] += rate_read(&fe.conn_rate, now);
		v->number[INFO_MAXCONNRATE] += fe.conn_rate.max;
		v->number[INFO_SESSRATE] += rate_read(&fe.sess_rate, now);
		v->number[INFO_MAXSESSRATE] += fe.sess_rate.max;
	}
	v->number[INFO_IDLE_PCT] = 100;
}

static READS_RUNNING void pool_add(struct info *v, const volatile struct pool *p)
{
	v->number[INFO_POOLALLOC_BYTES] += p->size * (p->used + p->cached);
	v->number[INFO_POOLUSED_BYTES] += p->size * p->used;
}

static void fill_pools(struct info *v, const struct process *p)
{
	for (uint32_t i = 0; i < p->nworkers; i++) {
		const struct worker *w = p->workers[i];

		pool_add(v, &w->buffers);
		pool_add(v, &w->sessions);
		pool_add(v, &w->streams);
		pool_add(v, &w->tcp_streams);
		pool_add(v, &w->srv_conns);
		pool_add(v, &w->chunks);
	}
	v->number[INFO_POOLALLOC_MB] = v->number[INFO_POOLALLOC_BYTES] >> 20;
	v->number[INFO_POOLUSED_MB] = v->number[INFO_POOLUSED_BYTES] >> 20;
}

/* --- forms
 * ------------------------------------------------------------------------------------------------------- */

static void put_value(struct out *out, const struct info *v, int id)
{
	if (rows[id].kind == STR)
		out_str(out, v->text[id]);
	else if (v->exact && id == INFO_UPTIME_SEC)
		out_printf(out, "%f", v->uptime);
	else if (v->exact && id == INFO_START_TIME_SEC)
		out_printf(out, "%f", v->start);
	else
		out_printf(out, "%llu", (unsigned long long)v->number[id]);
}

static const char *kind_name(int id)
{
	return rows[id].kind == STR ? "str" : rows[id].kind == U64 ? "u64" : "u32";
}

static void put_description(struct out *out, int id, bool wanted)
{
	if (wanted)
		out_printf(out, ":\"%s\"", rows[id].description);
	out_char(out, '\n');
}

/* Node and description are left out when nobody set them. */
static bool is_shown(const struct info *v, int id)
{
	return (id != INFO_NODE && id != INFO_DESCRIPTION) || v->text[id].len;
}

static void put_lines(struct out *out, const struct info *v, bool typed, bool described)
{
	for (int id = 0; id < INFO_COUNT; id++) {
		if (!is_shown(v, id))
			continue;
		if (typed)
			out_printf(out, "%d.%s.1:%s:%s:", rows[id].position, rows[id].name, rows[id].tags,
				   kind_name(id));
		else
			out_printf(out, "%s: ", rows[id].name);
		put_value(out, v, id);
		put_description(out, id, described);
	}
}

static const char *tag_word(char tag)
{
	static const struct {
		char tag;
		const char *word;
	} words[] = {{'M', "Metric"}, {'S', "Status"}, {'K', "Key"}, {'C', "Config"}, {'P', "Product"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].tag == tag)
			return words[i].word;
	return "";
}

static const char *nature_word(char tag)
{
	static const struct {
		char tag;
		const char *word;
	} words[] = {{'a', "Avg"},   {'C', "Counter"}, {'D', "Duration"}, {'G', "Gauge"},
		     {'L', "Limit"}, {'M', "Max"},     {'O', "Output"},   {'R', "Rate"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].tag == tag)
			return words[i].word;
	return "";
}

static void put_json(struct out *out, const struct info *v)
{
	const char *separator = "";

	out_char(out, '[');
	for (int id = 0; id < INFO_COUNT; id++) {
		const char *tags = rows[id].tags;

		if (!is_shown(v, id))
			continue;
		out_printf(out,
			   "%s{\"field\":{\"pos\":%d,\"name\":\"%s\"},\"processNum\":1,\"tags\":{\"origin\":\"%"
			   "s\","
			   "\"nature\":\"%s\",\"scope\":\"%s\"},\"value\":{\"type\":\"%s\",\"value\":",
			   separator, rows[id].position, rows[id].name, tag_word(tags[0]), nature_word(tags[1]),
			   tags[2] == 'S' ? "Service" : "Process", kind_name(id));
		if (rows[id].kind == STR)
			out_json(out, v->text[id]);
		else
			put_value(out, v, id);
		out_puts(out, "}}");
		separator = ",";
	}
	out_puts(out, "]\n");
}

void cmd_show_info(struct cli_call *c)
{
	bool typed = false, json = false, described = false;
	struct info v = {.uptime = 0};

	for (uint32_t i = 2; i < c->n; i++) {
		typed = typed || str_is(c->words[i], "typed");
		json = json || str_is(c->words[i], "json");
		described = described || str_is(c->words[i], "desc");
		v.exact = v.exact || str_is(c->words[i], "float");
	}
	fill_identity(&v, c);
	fill_limits(&v, c->process);
	fill_jobs(&v, c->process);
	fill_traffic(&v, c);
	fill_pools(&v, c->process);
	if (json)
		put_json(c->out, &v);
	else
		put_lines(c->out, &v, typed, described);
}
