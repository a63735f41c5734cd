/* Persistence by stick tables. Keys of a request are noted when it has its backend, as many as eight and one
 * per table, and stored together with those of the response once the server is known. A server is kept by
 * number and by name or address; the name counts first. As HAProxy does it; the stream's scratch memory holds
 * the keys. */
#include "runtime/proxy/stream_stick.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "runtime/backend/server.h"
#include "runtime/net/address.h"
#include "runtime/stick/key.h"

static struct stick_tables *tables_of(const struct stream *s)
{
	return s->session->generation->tables;
}

/* "192.0.2.1:80", "2001:db8::1:80", "/path". */
static struct str server_addr_text(const struct server *srv, char text[ADDRESS_TEXT])
{
	const union addr *addr = server_addr(srv);
	char ip[INET6_ADDRSTRLEN] = "";

	if (srv->unix_addr && addr == &srv->addr)
		return srv->conf->addr.path;
	if (addr->family == AF_INET)
		inet_ntop(AF_INET, &addr->in.sin_addr, ip, sizeof(ip));
	else if (addr->family == AF_INET6)
		inet_ntop(AF_INET6, &addr->in6.sin6_addr, ip, sizeof(ip));
	return str_make(text, (size_t)snprintf(text, ADDRESS_TEXT, "%s:%u", ip, address_port(addr)));
}

static struct str server_text(const struct table_conf *t, const struct server *srv, char text[ADDRESS_TEXT])
{
	return t->server_addr ? server_addr_text(srv, text) : srv->conf->name;
}

static bool is_meant(const struct table_conf *t, const struct server *srv, struct str key)
{
	char text[ADDRESS_TEXT];

	return str_eq(server_text(t, srv, text), key);
}

/* By key where there is one, else by number, which mostly is the place in the list. */
static struct server *server_find(struct proxy *px, const struct table_conf *t, uint32_t id, struct str key)
{
	struct server *guess = id && id <= px->nservers ? px->servers[id - 1] : NULL;

	if (guess && (key.len ? is_meant(t, guess, key) : guess->conf->id == id))
		return guess;
	for (uint32_t i = 0; key.len && i < px->nservers; i++)
		if (is_meant(t, px->servers[i], key))
			return px->servers[i];
	for (uint32_t i = 0; i < px->nservers; i++)
		if (px->servers[i]->conf->id == id)
			return px->servers[i];
	return NULL;
}

/* What the table remembers of a key; that counts as a use of it. */
static struct server *remembered(struct stream *s, struct stick_table *t, struct str key, uint64_t now)
{
	int64_t id = 0, text = 0;
	struct stick_hold h;

	if (!stick_find(&h, t, key, now))
		return NULL;
	stick_read(&h, STICK_SERVER_ID, 0, now, &id);
	stick_read(&h, STICK_SERVER_KEY, 0, now, &text);
	stick_touch(&h, now);
	stick_leave(&h);
	return id || text ? server_find(s->backend, t->conf, (uint32_t)id,
					stick_text_get(t->owner, (uint32_t)text))
			  : NULL;
}

static void match(struct stream *s, struct stick_table *t, struct str key, uint64_t now)
{
	struct server *srv = remembered(s, t, key, now);
	bool persist = proxy_option_is_set(s->backend->conf, PO_PERSIST);

	if (!srv || !(server_is_reachable(srv) || persist))
		return;
	s->server.server = srv;
	s->server.forced = persist;
}

static bool is_noted(const struct stream_stores *stores, const struct table_conf *table)
{
	for (uint32_t i = 0; stores && i < stores->n; i++)
		if (stores->v[i].table == table)
			return true;
	return false;
}

static void note(struct stream *s, const struct table_conf *table, struct str key)
{
	struct stream_stores *stores = s->stores;
	struct str copy = scratch_dup(&s->scratch, key);

	if (!stores && (stores = scratch_alloc(&s->scratch, sizeof(*stores))))
		stores->n = 0;
	s->stores = stores;
	if (stores && copy.ptr && stores->n < STICK_STORES_MAX)
		stores->v[stores->n++] = (struct stream_store){table, copy};
}

/* The rule's key, when its condition holds. */
static bool rule_key(struct eval *e, const struct stick_rule *rule, struct stick_key_room *room,
		     struct str *key)
{
	struct sample sample;

	return rule->table && cond_eval(e, rule->cond) && sample_eval(e, rule->sample, &sample) &&
	       stick_key_make(e, rule->table, &sample, room, key);
}

void stream_stick_request(struct stream *s, struct eval *e)
{
	const struct proxy_conf *conf = s->backend->conf;

	for (uint32_t i = 0; i < conf->nstick_rules; i++) {
		const struct stick_rule *rule = &conf->stick_rules[i];
		bool matches = rule->use & STICK_MATCH && !s->server.server,
		     stores = rule->use & STICK_STORE_REQUEST;
		struct stick_key_room room;
		struct str key;

		if (stores && is_noted(s->stores, rule->table)) /* not even looked at, for a match neither */
			continue;
		if ((!matches && !stores) || !rule_key(e, rule, &room, &key))
			continue;
		if (matches)
			match(s, stick_table_of(tables_of(s), rule->table), key, e->now_ms);
		if (stores)
			note(s, rule->table, key);
	}
}

static void store(struct stream *s, const struct stream_store *what, uint64_t now)
{
	struct stick_table *t = stick_table_of(tables_of(s), what->table);
	const struct server *srv = s->server.server;
	char text[ADDRESS_TEXT];
	uint32_t number = stick_text_put(t->owner, server_text(what->table, srv, text));
	struct stick_hold h;

	if (!stick_open(&h, t, what->key, now))
		return;
	stick_write(&h, STICK_SERVER_ID, 0, now, srv->conf->id);
	stick_write(&h, STICK_SERVER_KEY, 0, now, number);
	stick_touch(&h, now);
	stick_leave(&h);
}

void stream_stick_response(struct stream *s, struct eval *e)
{
	const struct proxy_conf *conf = s->backend->conf;

	if (!s->server.server || s->server.server->conf->non_stick)
		return;
	for (uint32_t i = 0; i < conf->nstick_rules; i++) {
		const struct stick_rule *rule = &conf->stick_rules[i];
		struct stick_key_room room;
		struct str key;

		if (rule->use & STICK_STORE_RESPONSE && !is_noted(s->stores, rule->table) &&
		    rule_key(e, rule, &room, &key))
			note(s, rule->table, key);
	}
	for (uint32_t i = 0; s->stores && i < s->stores->n; i++)
		store(s, &s->stores->v[i], e->now_ms);
	if (s->stores)
		s->stores->n = 0;
}
