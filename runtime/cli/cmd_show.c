/* Commands that show what the process is and has: version, environment, sockets of the CLI, backends, errors,
 * pools. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "grammar/predicate.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/cli_call.h"
#include "runtime/proxy/error_capture.h"
#include "runtime/stats/stats_kept.h"
#include "runtime/stats/stats_rows.h"

extern char **environ;

/* What other workers count while we look: single aligned words, on purpose. */
#define READS_RUNNING __attribute__((no_sanitize("thread")))

static const char *const levels[] = {"user", "operator", "admin"};

void cmd_show_version(struct cli_call *c)
{
	cli_say(c, CLI_INFO, "%s-lbd%s", predicate_version(c->process->compat), PACKAGE_VERSION);
}

void cmd_show_cli_level(struct cli_call *c)
{
	cli_say(c, CLI_INFO, "%s", levels[c->session->level]);
}

static void put_variable(struct out *out, struct str name, struct str value)
{
	out_printf(out, "%.*s=%.*s\n", STR_ARG(name), STR_ARG(value));
}

/* What the process was started with, as the configuration has changed it, and what it tells of itself
 * (HAPROXY_*); then what the configuration has added. name: only that one, unless it is empty. False: there is
 * none. */
static bool put_environment(const struct map *changed, struct str name, struct out *out)
{
	struct str line, own;
	bool any = false;

	for (char **e = environ; e && *e; e++) {
		const struct str *value;

		line = str_from(*e);
		own = str_sub(line, 0, str_chr(line, '='));
		value = map_get(changed, own);
		if (name.len && !str_eq(own, name))
			continue;
		if (changed->size && !value && !str_starts(own, STR("HAPROXY_")))
			continue;
		put_variable(out, own, value ? *value : str_tail(line, own.len + 1));
		any = true;
	}
	for (uint32_t i = 0; i < changed->size; i++) {
		const struct map_slot *slot = &changed->slots[i];
		char key[256];

		snprintf(key, sizeof(key), "%.*s", STR_ARG(slot->key));
		if (!slot->value || (name.len && !str_eq(slot->key, name)) || getenv(key))
			continue;
		put_variable(out, slot->key, *(const struct str *)slot->value);
		any = true;
	}
	return any;
}

void cmd_show_env(struct cli_call *c)
{
	if (!put_environment(&c->generation->model->environment, c->words[2], c->out) && c->words[2].len)
		cli_say(c, CLI_ERR, "Variable not found");
}

/* "unix@/run/lbd.sock", "ipv4@127.0.0.1:9999", "fd@3". */
static void put_socket(struct out *out, const struct addr_conf *a)
{
	char ip[INET6_ADDRSTRLEN] = "";

	switch (a->kind) {
	case ADDR_INET:
		inet_ntop(AF_INET, a->ip, ip, sizeof(ip));
		out_printf(out, "ipv4@%s:%u", ip, a->port);
		break;
	case ADDR_INET6:
		inet_ntop(AF_INET6, a->ip, ip, sizeof(ip));
		out_printf(out, "ipv6@[%s]:%u", ip, a->port);
		break;
	case ADDR_UNIX:
		out_printf(out, "unix@%.*s", STR_ARG(a->path));
		break;
	case ADDR_ABSTRACT:
		out_printf(out, "abns@%.*s", STR_ARG(a->path));
		break;
	case ADDR_FD:
		out_printf(out, "fd@%d", a->fd);
		break;
	default:
		out_printf(out, "%.*s", STR_ARG(a->text));
	}
}

void cmd_show_cli_sockets(struct cli_call *c)
{
	out_puts(c->out, "# socket lvl processes\n");
	vec_each (bind, &c->generation->model->global.stats_sockets) {
		put_socket(c->out, &(*bind)->addr);
		out_printf(c->out, " %s all\n", levels[(*bind)->level]);
	}
}

void cmd_show_backend(struct cli_call *c)
{
	out_puts(c->out, "# name\n");
	for (uint32_t i = 0; i < c->generation->nproxies; i++) {
		const struct proxy_conf *px = c->generation->proxies[i].conf;

		if (px->role & ROLE_BACKEND)
			out_printf(c->out, "%.*s\n", STR_ARG(px->name));
	}
}

/* By name or number. */
static bool proxy_matches(const struct proxy_conf *px, struct str wanted, int64_t id)
{
	return id != ERROR_BY_NAME ? px->id == id : str_eq(px->name, wanted);
}

/* show errors [<proxy>|<id>] [request|response]: of a proxy also where it was the other side. */
void cmd_show_errors(struct cli_call *c)
{
	struct timeval now = c->worker->wall;
	struct str wanted = c->words[2];
	char date[40];
	struct tm tm;
	int64_t id = ERROR_BY_NAME; /* -1: all */

	if (str_is(wanted, "0") ||
	    (wanted.len && !str_to_i64(wanted, &id) && !map_get(&c->generation->model->frontends, wanted) &&
	     !map_get(&c->generation->model->backends, wanted))) {
		cli_say(c, CLI_ERR, "No such proxy.");
		return;
	}
	localtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%d/%b/%Y:%H:%M:%S", &tm);
	out_printf(c->out, "Total events captured on [%s.%03d] : %llu\n", date, (int)(now.tv_usec / 1000),
		   (unsigned long long)atomic_load(&c->process->error_events));
	for (uint32_t i = 0; i < c->generation->nproxies; i++)
		for (int response = 0; response < 2; response++) {
			struct proxy *px = &c->generation->proxies[i];

			if (c->words[3].len && !str_is(c->words[3], response ? "response" : "request"))
				continue;
			if (!wanted.len || id == -1 || proxy_matches(px->conf, wanted, id) ||
			    error_capture_concerns(c->process, px, response, wanted, id))
				error_capture_put(c->process, px, response, c->out);
		}
}

/* --- show stat */

enum stat_form { FORM_CSV, FORM_TYPED, FORM_JSON };

/* A frontend and a backend may share a name: the one that stands first. NULL: none has it. */
static const struct proxy_conf *first_named(const struct generation *g, struct str name)
{
	for (uint32_t i = 0; i < g->nproxies; i++)
		if (str_eq(g->proxies[i].conf->name, name))
			return g->proxies[i].conf;
	return NULL;
}

/* [<iid>|<proxy>] [<type>] [<sid>] before the words. False: said why. */
static bool filter_parse(struct cli_call *c, struct stats_filter *f, uint32_t *i)
{
	const struct str *w = &c->words[*i];
	const struct proxy_conf *px;
	int64_t type;

	if (!w[0].len || !w[1].len || !w[2].len || !str_to_i64(w[1], &type) || !str_to_i64(w[2], &f->server_id))
		return true;
	if (!str_to_i64(w[0], &f->proxy_id)) {
		px = first_named(c->generation, w[0]);
		if (!px) {
			cli_say(c, CLI_ERR, "No such proxy.");
			return false;
		}
		f->proxy_id = px->id;
	}
	f->types = (uint32_t)type & STATS_ALL;
	*i += 3;
	return true;
}

void cmd_show_stat(struct cli_call *c)
{
	struct stats_filter f = STATS_FILTER_ALL;
	enum stat_form form = FORM_CSV;
	uint32_t i = 2;

	f.legends = c->session->level >= CLI_OPERATOR;
	if (str_is(c->words[2], "domain") && !str_is(c->words[3], "proxy")) {
		cli_stat_resolvers(c);
		return;
	}
	i += str_is(c->words[2], "domain") ? 2 : 0;
	if (!filter_parse(c, &f, &i))
		return;
	for (; i < c->n; i++) {
		if (str_is(c->words[i], "typed"))
			form = FORM_TYPED;
		else if (str_is(c->words[i], "json"))
			form = FORM_JSON;
		f.described = f.described || str_is(c->words[i], "desc");
		f.up_only = f.up_only || str_is(c->words[i], "up");
		f.no_maint = f.no_maint || str_is(c->words[i], "no-maint");
	}
	if (form == FORM_TYPED)
		stats_typed(c->worker, &f, c->out);
	else if (form == FORM_JSON)
		stats_json(c->worker, &f, c->out);
	else
		stats_csv(c->worker, &f, c->out);
}

void cmd_show_schema(struct cli_call *c)
{
	stats_schema(c->out);
}

/* --- pools */

struct pool_sum {
	const char *name;
	uint64_t size, used, cached, failed;
	const void *at; /* the first worker's */
};

/* Options of newer versions. */
enum pool_order { POOLS_AS_THEY_ARE, POOLS_BY_NAME, POOLS_BY_SIZE, POOLS_BY_USAGE };
struct pool_options {
	enum pool_order order;
	struct str match; /* beginning of the name */
	uint64_t most;
};

static READS_RUNNING void pool_add(struct pool_sum *sum, const volatile struct pool *p)
{
	sum->size = p->size;
	sum->used += p->used;
	sum->cached += p->cached;
	sum->failed += p->failed;
}

static uint64_t pool_bytes(const struct pool_sum *p)
{
	return p->size * (p->used + p->cached);
}

static int pools_by_name(const void *a, const void *b)
{
	return strcmp(((const struct pool_sum *)a)->name, ((const struct pool_sum *)b)->name);
}

static int pools_by_size(const void *a, const void *b)
{
	uint64_t x = ((const struct pool_sum *)a)->size, y = ((const struct pool_sum *)b)->size;

	return x < y ? 1 : x > y ? -1 : 0;
}

static int pools_by_usage(const void *a, const void *b)
{
	uint64_t x = pool_bytes(a), y = pool_bytes(b);

	return x < y ? 1 : x > y ? -1 : 0;
}

static void put_pool(struct out *out, const struct pool_sum *p)
{
	out_printf(
		out,
		"  - Pool %s (%llu bytes) : %llu allocated (%llu bytes), %llu used (~%llu by thread caches), "
		"needed_avg %llu, %llu failures, 1 users, @%p\n",
		p->name, (unsigned long long)p->size, (unsigned long long)(p->used + p->cached),
		(unsigned long long)pool_bytes(p), (unsigned long long)(p->used + p->cached),
		(unsigned long long)p->cached, (unsigned long long)p->used, (unsigned long long)p->failed,
		p->at);
}

static void put_pools(struct process *p, const struct pool_options *options, struct out *out)
{
	static int (*const orders[])(const void *, const void *) = {NULL, pools_by_name, pools_by_size,
								    pools_by_usage};
	static const struct {
		const char *name;
		size_t offset;
	} pools[] = {{"buffer", offsetof(struct worker, buffers)},
		     {"session", offsetof(struct worker, sessions)},
		     {"stream", offsetof(struct worker, streams)},
		     {"srv_conn", offsetof(struct worker, srv_conns)},
		     {"chunk", offsetof(struct worker, chunks)}};
	enum { POOLS = sizeof(pools) / sizeof(*pools) };
	struct pool_sum sums[POOLS];
	uint64_t allocated = 0, cached = 0, n = 0;

	for (size_t i = 0; i < POOLS; i++) {
		struct pool_sum sum = {.name = pools[i].name,
				       .at = (const char *)p->workers[0] + pools[i].offset};

		for (uint32_t w = 0; w < p->nworkers; w++)
			pool_add(&sum, (const struct pool *)((const char *)p->workers[w] + pools[i].offset));
		if (str_starts(str_from(sum.name), options->match) &&
		    (options->order != POOLS_BY_USAGE || sum.used + sum.cached))
			sums[n++] = sum;
	}
	if (orders[options->order] && n)
		qsort(sums, n, sizeof(*sums), orders[options->order]);
	out_puts(out, "Dumping pools usage. Use SIGQUIT to flush them.\n");
	for (uint64_t i = 0; i < n; i++) {
		if (i < options->most)
			put_pool(out, &sums[i]);
		allocated += pool_bytes(&sums[i]);
		cached += sums[i].size * sums[i].cached;
	}
	out_printf(out, "Total: %llu pools, %llu bytes allocated, %llu used (~%llu by thread caches).\n",
		   (unsigned long long)n, (unsigned long long)allocated, (unsigned long long)allocated,
		   (unsigned long long)cached);
}

/* [byname|bysize|byusage] [detailed] [match <prefix>] [<number>] */
void cmd_show_pools(struct cli_call *c)
{
	static const char *const orders[] = {"", "byname", "bysize", "byusage"};
	struct pool_options options = {.match = STR(""), .most = UINT64_MAX};

	for (uint32_t i = 2; c->process->compat > 206 && i < c->n; i++) {
		for (int k = 1; k < 4; k++)
			if (str_is(c->words[i], orders[k]))
				options.order = (enum pool_order)k;
		if (str_is(c->words[i], "match") && i + 1 < c->n)
			options.match = c->words[++i];
		else
			str_to_u64(c->words[i], &options.most);
	}
	put_pools(c->process, &options, c->out);
}

void cli_dump_pools(struct process *p, FILE *to)
{
	struct out out = out_growing(1 << 16);

	put_pools(p, &(struct pool_options){.match = STR(""), .most = UINT64_MAX}, &out);
	fwrite(out.buf, 1, out.len, to);
	fflush(to);
	out_free(&out);
}

/* Management manual of 3.4, section 9.5. */
void cmd_dump_stats_file(struct cli_call *c)
{
	stats_file_put(c->process, c->out);
}
