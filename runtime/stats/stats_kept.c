/* Which counters outlive a process, and of which objects. */
#include "runtime/stats/stats_kept.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend/server.h"
#include "runtime/core/process.h"
#include "runtime/net/listener.h"
#include "runtime/stats/socket_counters.h"
#include "runtime/stats/stats_rows.h"

enum { GUID_BYTES = 160 };

static const struct kept_field fe_fields[] = {
#define KEPT_FE(column, counter) {#column, offsetof(struct fe_counters, counter)},
#include "runtime/stats/stats_kept.def"
};
static const struct kept_field be_fields[] = {
#define KEPT_BE(column, counter) {#column, offsetof(struct be_counters, counter)},
#include "runtime/stats/stats_kept.def"
};
static const struct kept_field srv_fields[] = {
#define KEPT_SRV(column, counter) {#column, offsetof(struct srv_counters, counter)},
#include "runtime/stats/stats_kept.def"
};

/* A socket's counters are those of a frontend, of which it uses some. */
static const struct kept_field li_fields[] = {
#define KEPT_LI(column, counter) {#column, offsetof(struct fe_counters, counter)},
#include "runtime/stats/stats_kept.def"
};

#define COUNT(fields) (sizeof(fields) / sizeof(*(fields)))
_Static_assert(COUNT(fe_fields) <= KEPT_MAX && COUNT(be_fields) <= KEPT_MAX && COUNT(srv_fields) <= KEPT_MAX,
	       "KEPT_MAX");

static const struct kept_table tables[KEPT_KINDS] = {
	[KEPT_FE] = {"fe", fe_fields, COUNT(fe_fields)},
	[KEPT_BE] = {"be", be_fields, COUNT(be_fields)},
	[KEPT_LI] = {"li", li_fields, COUNT(li_fields)},
	[KEPT_SRV] = {"srv", srv_fields, COUNT(srv_fields)},
};

const struct kept_table *stats_kept(enum kept_kind kind)
{
	return &tables[kind];
}

static struct str guid_of(const struct stats_row *r)
{
	if (r->type == STATS_LISTENER)
		return STR_NONE;
	return r->server ? server_conf_rare(r->server->conf)->guid : r->proxy->conf->guid;
}

bool stats_kept_is_shared(const struct process *p, const struct stats_row *r, const char *column)
{
	const struct kept_table *t = &tables[r->server                   ? KEPT_SRV
					     : r->type == STATS_FRONTEND ? KEPT_FE
									 : KEPT_BE];

	if (!p->stats_shm || !guid_of(r).len)
		return false;
	for (uint32_t i = 0; i < t->n; i++)
		if (!strcmp(t->fields[i].column, column))
			return true;
	return false;
}

static void proxies_each(const struct generation *g, enum kept_kind kind, unsigned role,
			 void (*fn)(void *ctx, const struct kept_object *o), void *ctx)
{
	for (uint32_t i = 0; i < g->nproxies; i++) {
		const struct proxy *px = &g->proxies[i];

		if (px->conf->guid.len && px->conf->role & role)
			fn(ctx, &(struct kept_object){kind, px->conf->guid, px->index, NULL});
	}
}

/* Each socket of a bind line has its prefix and, behind a dash, its place on the line. */
static void sockets_each(const struct proxy *px, void (*fn)(void *ctx, const struct kept_object *o), void *ctx)
{
	char guid[GUID_BYTES];

	for (struct listener *l = px->sockets; l; l = l->next_socket) {
		struct str prefix = l->conf->guid_prefix;

		if (!prefix.len || !l->counters)
			continue;
		snprintf(guid, sizeof(guid), "%.*s-%u", STR_ARG(prefix), l->id - l->conf->id);
		fn(ctx,
		   &(struct kept_object){KEPT_LI, str_from(guid), (uint32_t)((uintptr_t)l->counters >> 4), l});
	}
}

void stats_kept_each(const struct generation *g, void (*fn)(void *ctx, const struct kept_object *o), void *ctx)
{
	proxies_each(g, KEPT_FE, ROLE_FRONTEND, fn, ctx);
	proxies_each(g, KEPT_BE, ROLE_BACKEND, fn, ctx);
	for (uint32_t i = 0; i < g->nproxies; i++)
		sockets_each(&g->proxies[i], fn, ctx);
	for (uint32_t i = 0; i < g->nproxies; i++)
		for (uint32_t k = 0; k < g->proxies[i].nservers; k++) {
			const struct server *s = g->proxies[i].servers[k];
			struct str guid = server_conf_rare(s->conf)->guid;

			if (guid.len)
				fn(ctx, &(struct kept_object){KEPT_SRV, guid, s->index, NULL});
		}
}

/* --- lists */

static int compare(const void *a, const void *b)
{
	const struct kept_object *x = a, *y = b;
	size_t least = x->guid.len < y->guid.len ? x->guid.len : y->guid.len;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = least ? memcmp(x->guid.ptr, y->guid.ptr, least) : 0;
	return order ? order : (x->guid.len > y->guid.len) - (x->guid.len < y->guid.len);
}

static void count_one(void *ctx, const struct kept_object *o)
{
	(void)o;
	++*(uint32_t *)ctx;
}

static void list_one(void *ctx, const struct kept_object *o)
{
	struct kept_list *l = ctx;

	struct kept_object *copy = &l->v[l->n];

	*copy = *o;
	if (o->listener) {
		copy->guid.ptr = strndup(o->guid.ptr, o->guid.len);
		if (!copy->guid.ptr)
			return;
	}
	l->n++;
}

struct kept_list stats_kept_list(const struct generation *g)
{
	struct kept_list l = {NULL, 0};
	uint32_t n = 0;

	stats_kept_each(g, count_one, &n);
	l.v = n ? malloc(n * sizeof(*l.v)) : NULL;
	if (!l.v)
		return l;
	stats_kept_each(g, list_one, &l);
	qsort(l.v, l.n, sizeof(*l.v), compare);
	return l;
}

void stats_kept_list_free(struct kept_list *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->v[i].listener)
			free((char *)(uintptr_t)l->v[i].guid.ptr);
	free(l->v);
	*l = (struct kept_list){NULL, 0};
}

const struct kept_object *stats_kept_find(const struct kept_list *l, enum kept_kind kind, struct str guid)
{
	const struct kept_object key = {kind, guid, 0, NULL};

	return l->n ? bsearch(&key, l->v, l->n, sizeof(*l->v), compare) : NULL;
}

/* --- values */

void stats_kept_read(struct process *p, const struct kept_object *o, uint64_t values[KEPT_MAX])
{
	const struct kept_table *t = &tables[o->kind];
	union {
		struct fe_counters fe;
		struct be_counters be;
		struct srv_counters srv;
	} sum;

	switch (o->kind) {
	case KEPT_FE:
		counters_fe_sum(p, o->index, &sum.fe);
		break;
	case KEPT_BE:
		counters_be_sum(p, o->index, &sum.be);
		break;
	case KEPT_LI:
		socket_counters_sum(o->listener->counters, &sum.fe);
		break;
	default:
		counters_srv_sum(p, o->index, &sum.srv);
	}
	for (uint32_t i = 0; i < t->n; i++)
		memcpy(&values[i], (const char *)&sum + t->fields[i].offset, sizeof(*values));
}

void stats_kept_add(struct worker *w, const struct kept_object *o, const uint64_t values[KEPT_MAX])
{
	const struct kept_table *t = &tables[o->kind];
	char *own = o->kind == KEPT_FE   ? (char *)counters_fe(w, o->index)
		    : o->kind == KEPT_BE ? (char *)counters_be(w, o->index)
		    : o->kind == KEPT_LI ? (char *)socket_counters_of(o->listener->counters, w->id)
					 : (char *)counters_srv(w, o->index);

	for (uint32_t i = 0; i < t->n; i++)
		*(uint64_t *)(void *)(own + t->fields[i].offset) += values[i];
}
