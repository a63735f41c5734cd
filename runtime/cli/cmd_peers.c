/* `show peers` (management manual, section 9.3) in HAProxy 2.6's form. Peers live on worker 0, so the command
 * goes there. */
#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>

#include "runtime/cli/cli_call.h"
#include "runtime/net/address.h"
#include "runtime/stick/peers_state.h"

/* "6s", "2m3s", "1h5m"; as HAProxy writes spans of time. */
static const char *span_text(uint64_t ms, char text[32])
{
	uint64_t s = ms / 1000;

	if (s < 60)
		snprintf(text, 32, "%llus", (unsigned long long)s);
	else if (s < 3600)
		snprintf(text, 32, "%llum%llus", (unsigned long long)(s / 60), (unsigned long long)(s % 60));
	else if (s < 86400)
		snprintf(text, 32, "%lluh%llum", (unsigned long long)(s / 3600),
			 (unsigned long long)(s / 60 % 60));
	else
		snprintf(text, 32, "%llud%lluh", (unsigned long long)(s / 86400),
			 (unsigned long long)(s / 3600 % 24));
	return text;
}

static const char *until_text(const struct worker *w, uint64_t at, bool set, char text[32])
{
	if (!set)
		return "<NEVER>";
	return at <= w->now ? "<PAST>" : span_text(at - w->now, text);
}

static void put_dictionary(struct out *o, const struct stick_table *t, const struct peers_table *remote)
{
	out_puts(o, "        TX dictionary cache:\n        RX dictionary cache:");
	for (uint32_t i = 0; i < PEERS_TEXTS; i++) {
		struct str text = remote ? stick_text_get(t->owner, remote->texts[i]) : STR_NONE;

		out_printf(o, "%s%3u -> %.*s", i % 4 ? "  " : "\n          ", i,
			   STR_ARG(text.len ? text : STR("-")));
	}
	out_char(o, '\n');
}

static const struct peers_table *remote_table(const struct peer *peer, const struct peer_share *share)
{
	for (uint32_t i = 0; peer->session && i < peer->session->ntables; i++)
		if (peer->session->tables[i]->table == share->table)
			return peer->session->tables[i];
	return NULL;
}

static void put_share(struct out *o, const struct peer *peer, const struct peer_share *share, bool dict)
{
	const struct stick_table *t = share->table;
	unsigned long long updates = atomic_load(&t->updates);

	out_printf(o, "          %p local_id=%u remote_id=%u flags=0x0 remote_data=0x%llx\n",
		   (const void *)share, share->id, share->remote_id, (unsigned long long)share->remote_data);
	out_printf(o, "              last_acked=%u last_pushed=%u last_get=%u teaching_origin=0 update=%u\n",
		   share->last_acked, share->last_pushed, share->last_got, share->last_pushed);
	out_printf(o,
		   "              table:%p id=%.*s update=%llu localupdate=%llu commitupdate=%llu refcnt=1\n",
		   (const void *)t, STR_ARG(t->conf->name), updates, updates, updates);
	if (dict)
		put_dictionary(o, t, remote_table(peer, share));
	else
		out_puts(o, "        Dictionary cache not dumped (use \"show peers dict\")\n");
}

static void put_session(struct out *o, const struct peer *peer)
{
	const struct peer_session *s = peer->session;
	char text[ADDRESS_TEXT];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	out_printf(o, " appctx:%p st0=%d st1=0 task_calls=0 state=%s\n", (const void *)s,
		   s->state == SESSION_OPEN ? 7 : 4, s->state == SESSION_OPEN ? "EST" : "CON");
	if (!s->ours && !getpeername(s->conn.io.fd, (struct sockaddr *)&ss, &len)) {
		out_printf(o, "        xprt=RAW src=%s", address_text(&ss, len, text));
		len = sizeof(ss);
		if (!getsockname(s->conn.io.fd, (struct sockaddr *)&ss, &len))
			out_printf(o, " addr=%s", address_text(&ss, len, text));
		out_char(o, '\n');
	}
	if (s->current && s->current->table)
		out_printf(o, "        remote_table:%p id=%.*s local_id=%u remote_id=%u\n",
			   (const void *)s->current, STR_ARG(s->current->table->conf->name), s->current->id,
			   s->current->id);
	if (s->announced)
		out_printf(o, "        last_local_table:%p id=%.*s local_id=%u remote_id=%u\n",
			   (const void *)s->announced, STR_ARG(s->announced->table->conf->name),
			   s->announced->id, s->announced->remote_id);
}

static void put_address(struct out *o, const struct peer *peer)
{
	const struct addr_conf *addr = &peer->conf->addr;
	char text[ADDRESS_TEXT];
	struct sockaddr_storage ss = peer->peers->local;
	socklen_t len = peer->peers->local_len;

	if (address_from_conf(addr, addr->port, &ss, &len) || (peer->local && len))
		out_printf(o, " addr=%s", address_text(&ss, len, text));
	else
		out_puts(o, " addr=unknown");
}

static void put_peer(struct worker *w, struct out *o, const struct peer *peer, bool dict)
{
	static const char *const status[] = {"NONE", "CONN", "ESTA", "NAME"};
	const struct peer_session *s = peer->session;
	char text[32];

	out_printf(o, "  %p: id=%.*s(%s,%s)", (const void *)peer, STR_ARG(peer->conf->name),
		   peer->local ? "local" : "remote", s ? "active" : "inactive");
	put_address(o, peer);
	out_printf(o, " last_status=%s", status[peer->status]);
	out_printf(o, " last_hdshk=%s\n",
		   peer->last_handshake ? span_text(w->now - peer->last_handshake, text) : "<NEVER>");
	out_printf(o, "        reconnect=%s",
		   until_text(w, s ? s->heard + PEERS_RECONNECT_MS : peer->reconnect.at,
			      s || deadline_is_set(&peer->reconnect), text));
	out_printf(o, " heartbeat=%s", until_text(w, s ? s->spoke + PEERS_HEARTBEAT_MS : 0, s != NULL, text));
	out_printf(o, " confirm=0 tx_hbt=%u rx_hbt=%u no_hbt=%u new_conn=%u proto_err=%u coll=%u\n",
		   peer->sent_heartbeats, peer->got_heartbeats, peer->missed_heartbeats, peer->connections,
		   peer->errors, peer->collisions);
	out_puts(o, "        flags=0x0");
	if (s)
		put_session(o, peer);
	else
		out_char(o, '\n');
	out_puts(o, "        shared tables:\n");
	for (uint32_t i = peer->peers->ntables; i-- > 0;)
		put_share(o, peer, &peer->shares[i], dict);
}

static void put_section(struct worker *w, struct out *o, const struct peers *p, bool dict)
{
	char date[40], text[32];
	struct tm tm;

	localtime_r(&w->process->started.tv_sec, &tm);
	strftime(date, sizeof(date), "%d/%b/%Y:%H:%M:%S", &tm);
	out_printf(o, "%p: [%s] id=%.*s disabled=0 flags=0x%x resync_timeout=%s task_calls=0\n",
		   (const void *)p, date, STR_ARG(p->conf->name), p->resync == RESYNC_DONE ? 0x33 : 0x3,
		   deadline_is_set(&p->resync_end) ? until_text(w, p->resync_end.at, true, text) : "<PAST>");
	for (uint32_t i = p->npeers; i-- > 0;)
		put_peer(w, o, &p->peers[i], dict);
}

static void show_here(struct worker *w, struct cli_visit *v)
{
	const struct peers_all *all = w->process->peers;

	for (uint32_t i = 0; w->id == 0 && all && i < all->n; i++)
		if (!v->pointer || v->pointer == &all->v[i])
			put_section(w, &v->text, &all->v[i], v->all);
}

void cmd_show_peers(struct cli_call *c)
{
	const struct peers_all *all = c->process->peers;
	struct cli_visit v = {.fn = show_here, .all = str_is(c->words[2], "dict")};
	struct str name = c->words[v.all || str_is(c->words[2], "-") ? 3 : 2];

	for (uint32_t i = 0; name.len && all && i < all->n; i++)
		if (str_eq(all->v[i].conf->name, name))
			v.pointer = &all->v[i];
	if (name.len && !v.pointer)
		cli_say(c, CLI_ERR, "No such peers");
	else
		cli_visit(c, &v);
}
