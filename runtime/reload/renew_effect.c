/* What one changed setting does to a running process: sockets, servers and tables are looked at, the rest is
 * told by the registry's rows and the sections that belong to the process. See renew_effect.h. */
#include "runtime/reload/renew_effect.h"

#include <string.h>

#include "runtime/reload/renew.h"
#include "runtime/stick/table.h"

static struct renew_effect in_place(const char *why)
{
	return (struct renew_effect){RENEW_IN_PLACE, why};
}

static struct renew_effect touched(const char *why)
{
	return (struct renew_effect){RENEW_TOUCHED, why};
}

static struct renew_effect not_here(const char *why)
{
	return (struct renew_effect){RENEW_NOT, why};
}

/* --- servers */

static bool ip_same(const struct addr_conf *a, const struct addr_conf *b)
{
	return a->kind == b->kind && a->port == b->port && !memcmp(a->ip, b->ip, sizeof(a->ip)) &&
	       str_eq(a->path, b->path);
}

bool renew_addr_same(const struct server_conf *a, const struct server_conf *b)
{
	return ip_same(&a->addr, &b->addr) && a->addr.port_relative == b->addr.port_relative &&
	       a->addr.port_offset == b->addr.port_offset;
}

bool renew_wire_same(const struct server_conf *a, const struct server_conf *b)
{
	return !a->ssl && !b->ssl && !server_conf_greets(a) && !server_conf_greets(b) &&
	       !server_conf_rare(a)->socks4 && !server_conf_rare(b)->socks4 && a->mux == b->mux &&
	       !server_conf_source(a) && !server_conf_source(b);
}

static const struct proxy_conf *proxy_named(const struct model *m, const struct fact_object *object)
{
	return map_get(object->place == PLACE_BACKEND ? &m->backends : &m->frontends, object->name);
}

static const struct server_conf *server_named(const struct proxy_conf *px, struct str name)
{
	if (px)
		vec_each (s, &px->servers)
			if (str_eq((*s)->name, name))
				return *s;
	return NULL;
}

static bool orders_same(const struct server_conf *a, const struct server_conf *b)
{
	return a->weight == b->weight && a->maxconn == b->maxconn && a->disabled == b->disabled;
}

/* A server of the same name and address. */
static struct renew_effect server_stays(const struct server_conf *a, const struct server_conf *b)
{
	if (!renew_wire_same(a, b))
		return touched("counters and what checks have found stay; idle connections to it are closed");
	if (!orders_same(a, b))
		return touched("counters, idle connections and what checks have found stay; weight, maxconn or "
			       "state become what the line says, whatever was set at run time");
	return in_place("counters, idle connections, what checks have found and operators have set stay");
}

static struct renew_effect server_effect(const struct renew_side *old, const struct renew_side *new_,
					 const struct fact_change *c)
{
	struct str key = (c->before ? c->before : c->after)->key, name = str_tail(key, str_chr(key, ' ') + 1);
	const struct server_conf *a = server_named(proxy_named(old->model, c->object), name),
				 *b = server_named(proxy_named(new_->model, c->object), name);

	if ((a && a->resolvers.len) || (b && b->resolvers.len))
		return not_here("servers that follow names belong to the process");
	if (!a)
		return in_place("it begins with counters at zero");
	if (!b)
		return touched("requests on it finish; its counters and idle connections go");
	if (!renew_addr_same(a, b))
		return touched("counters stay; what checks have found, what operators have set and idle "
			       "connections belong to the other address and go");
	return server_stays(a, b);
}

/* --- sockets */

static bool pos_is(const struct renew_side *side, const struct fact *fact, struct conf_pos pos)
{
	struct span span = fact->line ? fact->line->span : SPAN_NONE;

	return fact->line && pos.source == span.source &&
	       pos.line == sources_position(&side->facts->l->sources, span.source, span.off).line;
}

static bool socket_same(const struct bind_conf *a, const struct bind_conf *b)
{
	return ip_same(&a->addr, &b->addr) && a->addr.port_end == b->addr.port_end &&
	       str_eq(a->interface, b->interface) && str_eq(a->namespace_, b->namespace_) &&
	       a->addr.v6only == b->addr.v6only;
}

/* The bind of the same socket in another model. */
static const struct bind_conf *bind_like(const struct model *m, const struct bind_conf *b)
{
	vec_each (px, &m->proxies)
		vec_each (other, &(*px)->binds)
			if (socket_same(*other, b))
				return *other;
	vec_each (other, &m->global.stats_sockets)
		if (socket_same(*other, b))
			return *other;
	return NULL;
}

struct sockets {
	uint32_t n, kept;
	bool tls_differs, inherited;
};

static void sockets_count(struct sockets *s, const struct bind_conf *b, const struct model *other)
{
	const struct bind_conf *like = bind_like(other, b);

	s->n++;
	s->inherited |= b->addr.kind == ADDR_FD || b->addr.kind == ADDR_SOCKPAIR;
	s->kept += like != NULL;
	s->tls_differs |= like && like->ssl != b->ssl;
}

static struct sockets sockets_of(const struct renew_side *side, const struct fact *fact,
				 const struct model *other)
{
	struct sockets s = {0};

	vec_each (px, &side->model->proxies)
		vec_each (b, &(*px)->binds)
			if (pos_is(side, fact, (*b)->pos))
				sockets_count(&s, *b, other);
	vec_each (b, &side->model->global.stats_sockets)
		if (pos_is(side, fact, (*b)->pos))
			sockets_count(&s, *b, other);
	return s;
}

static struct renew_effect socket_effect(const struct renew_side *old, const struct renew_side *new_,
					 const struct fact_change *c)
{
	struct sockets s =
		c->before ? sockets_of(old, c->before, new_->model) : sockets_of(new_, c->after, old->model);

	if (s.inherited)
		return not_here("sockets that were inherited are known to the process that got them");
	if (s.tls_differs)
		return touched("the socket stays open; connections of before end with their next response");
	if (s.kept == s.n)
		return in_place("the socket stays open, with what waits in it");
	if (c->before)
		return touched(
			"the socket is closed; connections that came by it end with their next response");
	return in_place("a socket is opened");
}

/* --- tables */

static const struct table_conf *table_of(const struct model *m, const struct fact_object *object)
{
	return model_table(m, object->name);
}

static struct renew_effect table_effect(const struct renew_side *old, const struct renew_side *new_,
					const struct fact_change *c)
{
	const struct table_conf *a = table_of(old->model, c->object), *b = table_of(new_->model, c->object);

	if (!a)
		return in_place("it begins empty");
	if (!b)
		return touched("what the table knows goes");
	return stick_conf_same(a, b) ? in_place("the table stays, with what it knows")
				     : touched("the table begins empty");
}

/* --- what the rows tell */

static const struct {
	const char *name;
	struct renew_effect effect;
} words[] = {
	{"load-server-state-from-file", {RENEW_NOT, "states of servers are read when a process starts"}},
	{"server-state-file-name", {RENEW_NOT, "states of servers are read when a process starts"}},
	{"mode", {RENEW_TOUCHED, "connections of before end with their next response"}},
	{"default-server",
	 {RENEW_TOUCHED,
	  "for each server without words of its own: counters stay; idle connections go if it is "
	  "spoken to in another way, what operators have set if the line says something else"}},
	{"set-var", {RENEW_TOUCHED, "variables of the process begin anew"}},
	{"set-var-fmt", {RENEW_TOUCHED, "variables of the process begin anew"}},
	{"log", {RENEW_IN_PLACE, "from the next line on"}},
};

static struct renew_effect words_effect(const struct keyword *row)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i].name, row->name))
			return words[i].effect;
	if (row->flags & (KW_MOOT | KW_NOT_EFFECTIVE))
		return in_place("nothing depends on it");
	return in_place("for new requests");
}

static struct renew_effect setting_effect(const struct renew_side *old, const struct renew_side *new_,
					  const struct fact_change *c)
{
	const struct keyword *row = (c->before ? c->before : c->after)->row;

	if (c->object->place == PLACE_GLOBAL && row->flags & KW_RESTART)
		return not_here("a process has it from its start");
	if (!strcmp(row->name, "server"))
		return server_effect(old, new_, c);
	if (!strcmp(row->name, "bind") || !strcmp(row->name, "stats socket"))
		return socket_effect(old, new_, c);
	if (!strcmp(row->name, "stick-table"))
		return table_effect(old, new_, c);
	if (c->object->place == PLACE_GLOBAL && strcmp(row->name, "log") != 0 &&
	    strncmp(row->name, "set-var", strlen("set-var")) != 0)
		return in_place("from now on");
	return words_effect(row);
}

/* Sections whose objects belong to the process: the same list as in renew_possible.c, which a test holds to it.
 */
static bool place_is_process(enum keyword_place place)
{
	return place == PLACE_PEERS || place == PLACE_RING || place == PLACE_MAILERS ||
	       place == PLACE_RESOLVERS || place == PLACE_LOG_FORWARD || place == PLACE_PROGRAM;
}

static bool is_log_backend(const struct model *m, const struct fact_object *object)
{
	const struct proxy_conf *px = object->place == PLACE_BACKEND ? proxy_named(m, object) : NULL;

	return px && px->mode == MODE_SYSLOG;
}

static bool restarts(const struct fact_object *global)
{
	vec_each (fact, &global->facts)
		if (fact->row->flags & KW_RESTART)
			return true;
	return false;
}

static struct renew_effect section_effect(const struct fact_change *c)
{
	enum keyword_place place = c->object->place;

	if (place == PLACE_GLOBAL)
		return restarts(c->object) ? not_here("a process has it from its start")
					   : in_place("from now on");
	if (place == PLACE_CACHE)
		return in_place("caches begin empty with each configuration");
	if (place != PLACE_FRONTEND && place != PLACE_BACKEND && place != PLACE_LISTEN)
		return in_place("for new requests");
	return c->section_gone
		       ? touched("requests in it finish; its counters go, and sockets that nobody else has")
		       : in_place("it begins with counters at zero");
}

struct renew_effect renew_effect_of(const struct renew_side *old, const struct renew_side *new_,
				    const struct fact_change *c)
{
	if (place_is_process(c->object->place) || is_log_backend(old->model, c->object) ||
	    is_log_backend(new_->model, c->object))
		return not_here("what this section makes belongs to the process");
	return c->before || c->after ? setting_effect(old, new_, c) : section_effect(c);
}
