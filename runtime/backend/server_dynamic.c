/* Adding and removing servers while everything stands still (core/isolation.h), so that all tables are
 * consistent before and after and nobody needs a lock to read them. A server that was removed is buried: nobody
 * finds it any more, but messages that were under way may still name it, and a stream may remember that it was
 * there, for its log. It is freed at a later addition or removal, once everything has stood still again and no
 * stream and no command knows it. */
#include "runtime/backend/server_dynamic.h"

#include <stdlib.h>

#include "grammar/model.h"
#include "runtime/backend/proxy_dynamic.h"
#include "runtime/backend/request.h"
#include "runtime/health/check.h"
#include "runtime/proxy/stream.h"
#include "runtime/tls/tls.h"

/* --- who still knows a server */

static bool stream_knows(const struct stream *st, const struct server *s)
{
	return st->server.server == s || st->server.avoid == s || st->cookie_server == s;
}

static bool worker_knows(struct worker *w, const struct server *s)
{
	for (struct list *node = w->sessions_list.next; node != &w->sessions_list; node = node->next) {
		const struct session *session = LIST_OF(node, struct session, node);

		if (session->stream && stream_knows(session->stream, s))
			return true;
	}
	return idle_forget(w, s);
}

static bool is_known(struct process *p, struct server *s)
{
	bool known = atomic_load(&s->visits) != 0;

	for (uint32_t i = 0; i < p->nworkers; i++)
		known |= worker_knows(p->workers[i], s);
	return known;
}

static void dispose(struct server *s)
{
	struct dynamic_server *d = s->dynamic;

	if (d) {
		server_dynamic_free(&d);
		return;
	}
	generation_server_fini(s);
}

/* generation->dynamic_free */
static void all_free(struct generation *g)
{
	while (g->buried) {
		struct server *s = g->buried;

		g->buried = s->next_buried;
		dispose(s);
	}
	for (uint32_t i = 0; i < g->nservers; i++)
		if (g->servers[i] && g->servers[i]->dynamic) {
			dispose(g->servers[i]);
			g->servers[i] = NULL;
		}
	server_dynamic_exprs_free(g);
}

/* Messages that were posted before everything stood still for the last time have been run. */
static void graves_open(struct process *p)
{
	struct server **at = &p->generation->buried, *s;

	p->generation->standstills++;
	p->generation->dynamic_free = all_free;
	while ((s = *at) != NULL) {
		if (s->buried_at == p->generation->standstills || is_known(p, s)) {
			at = &s->next_buried;
			continue;
		}
		*at = s->next_buried;
		dispose(s);
	}
}

/* --- adding */

static const struct server *id_owner(const struct proxy *px, uint32_t id)
{
	for (uint32_t i = 0; i < px->nservers; i++)
		if (px->servers[i]->conf->id == id)
			return px->servers[i];
	return NULL;
}

/* The lowest that is free, where the line gives none. */
static bool id_choose(struct proxy *px, struct server_conf *conf, struct out *error)
{
	const struct server *owner = conf->id ? id_owner(px, conf->id) : NULL;
	const struct model *m = px->generation->model;
	struct conf_pos pos;

	if (owner) {
		pos = owner->conf->pos;
		out_printf(error, "'id' : custom id %u already used at %.*s:%u ('server %.*s').", conf->id,
			   STR_ARG(pos.source && pos.source <= m->nsources ? m->source_names[pos.source - 1]
									   : STR("(null)")),
			   pos.line, STR_ARG(owner->conf->name));
		return false;
	}
	for (uint32_t id = 1; !conf->id; id++)
		if (!id_owner(px, id))
			conf->id = id;
	return true;
}

/* Counters, engines: everything that is kept by a server's index. */
static bool rooms_make(struct process *p, uint32_t index)
{
	for (uint32_t i = 0; i < p->nworkers; i++)
		if (!counters_add_server(p->workers[i], index))
			return false;
	return true;
}

static void unlist(struct generation *g, struct server *s)
{
	generation_remove_server(g, s);
	g->buried = s->next_buried;
	generation_server_fini(s);
}

static bool enlist(struct process *p, struct server *s)
{
	struct generation *g = p->generation;

	if (!generation_add_server(g, s->proxy, s->conf, s))
		return false;
	if (rooms_make(p, s->index) && balance_add(s)) {
		if (checks_add(p, s))
			return true;
		balance_remove(s);
	}
	unlist(g, s);
	return false;
}

/* Out of service until somebody enables it, unless its line says otherwise; its service follows whom it tracks.
 */
static void set_off(struct worker *w, struct dynamic_server *d)
{
	struct server *s = &d->server;
	const struct server_conf *conf = s->conf;

	s->tls = d->tls;
	s->last_change = w->now;
	s->shown = SHOWN_MAINT;
	if (d->enabled) {
		atomic_store(&s->admin, atomic_load(&s->admin) & SRV_ADM_RMAINT);
		atomic_store(&s->oper, SRV_RUNNING);
		server_changed(w, s);
		return;
	}
	atomic_store(&s->admin, (atomic_load(&s->admin) & SRV_ADM_RMAINT) | SRV_ADM_MAINT |
					(conf->disabled ? SRV_ADM_CMAINT : 0));
	atomic_store(&s->oper, SRV_STOPPED);
}

bool server_dynamic_add(struct worker *w, struct dynamic_server *d, struct out *error)
{
	struct server *s = &d->server;
	struct server_conf *conf = (struct server_conf *)(uintptr_t)s->conf;

	graves_open(w->process);
	if (proxy_server(s->proxy, conf->name)) {
		out_puts(error, "Already exists a server with the same name in backend.");
		return false;
	}
	if (guid_is_taken(w->process->generation, server_conf_rare(conf)->guid)) {
		out_printf(error, "guid '%.*s' is already used.", STR_ARG(server_conf_rare(conf)->guid));
		return false;
	}
	if (!id_choose(s->proxy, conf, error) || !server_dynamic_exprs(w->process, d, error))
		return false;
	if (!enlist(w->process, s)) {
		out_puts(error, "Out of memory.");
		return false;
	}
	s->revision = s->proxy->lost;
	set_off(w, d);
	return true;
}

/* --- removing */

/* Rules, samples and servers that track it. */
static bool is_referenced(struct generation *g, const struct server *s)
{
	vec_each (rule, &s->proxy->conf->use_server)
		if (rule->server == s->conf)
			return true;
	for (uint32_t i = 0; i < g->nservers; i++)
		if (g->servers[i] && g->servers[i]->conf->track_server == s->conf)
			return true;
	return model_is_sampled(g->model, ARG_SERVER, s->conf);
}

static bool is_busy(const struct server *s)
{
	bool waiting;

	pthread_mutex_lock(&s->proxy->lb_lock);
	waiting = !list_empty(&s->queue);
	pthread_mutex_unlock(&s->proxy->lb_lock);
	return waiting || atomic_load(&s->conns) || atomic_load(&s->idle) || atomic_load(&s->queued);
}

const char *server_dynamic_why_not(struct generation *g, const struct server *s, bool *passing)
{
	*passing = false;
	if (is_referenced(g, s))
		return "This server cannot be removed at runtime due to other configuration elements pointing "
		       "to it.";
	if (!(atomic_load(&s->admin) & SRV_ADM_MAINT))
		return "Only servers in maintenance mode can be deleted.";
	*passing = is_busy(s);
	return *passing ? "Server still has connections attached to it, cannot remove it." : NULL;
}

bool server_dynamic_remove(struct worker *w, struct proxy *px, struct str name, struct out *error)
{
	struct process *p = w->process;
	struct server *s = proxy_server(px, name);
	const char *reason;
	bool passing;

	graves_open(p);
	reason = s ? server_dynamic_why_not(p->generation, s, &passing) : "No such server.";
	if (reason) {
		out_puts(error, reason);
		return false;
	}
	px->lost++;
	checks_remove(p, s);
	balance_remove(s);
	generation_remove_server(p->generation, s);
	s->buried_at = p->generation->standstills;
	return true;
}
