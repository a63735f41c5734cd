/* Connections of clients that live through a renewal. One that rests between two requests, or has each of them
 * on a stream of its own, goes on to the current generation, unless something of it belongs to the older one:
 * variables, what it tracks, what its session rules have set. Then it ends with its next response, as during a
 * soft stop. TLS goes on with the certificates that it began with. Workers, their own sessions. */
#include "runtime/backend/connect.h"
#include "runtime/backend/server.h"
#include "runtime/http/h2.h"
#include "runtime/proxy/http_h2.h"
#include "runtime/proxy/session.h"
#include "runtime/reload/renew.h"
#include "runtime/stats/socket_counters.h"

static bool is_current(const struct session *s)
{
	return s->generation == s->conn.worker->process->generation;
}

/* Streams of two generations at a time would not agree on what a variable is called. */
static bool streams_agree(const struct session *s, const struct proxy *to)
{
	return !s->h2 || (!s->generation->session_vars && !to->generation->session_vars);
}

/* The listener's successor serves the same protocol, and nothing was kept that only the older rules understand.
 */
static bool may_move(const struct session *s)
{
	const struct listener *to = s->listener->newer;

	return to && to->proxy && !s->parent && !s->listener->tls == !to->tls && !s->vars && !s->track &&
	       !s->settings && s->is_http && !s->switched && !s->switched_to &&
	       s->frontend->conf->mode == MODE_HTTP && to->proxy->conf->mode == MODE_HTTP &&
	       streams_agree(s, to->proxy);
}

static void counts_move(struct listener *from, struct listener *to)
{
	atomic_fetch_add(&to->conns, 1);
	atomic_fetch_add(&to->proxy->fe_conns, 1);
	atomic_fetch_sub(&from->proxy->fe_conns, 1);
	atomic_fetch_sub(&from->conns, 1);
}

void session_renew(struct session *s)
{
	struct listener *from = s->listener, *to = from->newer;
	struct generation *old = s->generation;

	if (is_current(s) || !may_move(s))
		return;
	srv_owner_left(s->conn.worker, s);
	s->listener = to;
	s->socket_counters = socket_counters_of(to->counters, s->conn.worker->id);
	s->frontend = to->proxy;
	s->generation = to->proxy->generation;
	generation_pin(s->generation);
	counts_move(from, to);
	socket_counters_move(from->counters, to->counters, s->conn.worker->id);
	generation_unpin(old);
}

bool session_is_stale(const struct session *s)
{
	return !is_current(s) && !may_move(s);
}

/* The end of one may be the end of others: streams of its connection. */
void sessions_end(struct worker *w, const struct generation *g)
{
	struct list *node = w->sessions_list.next;

	while (node != &w->sessions_list) {
		struct session *s = LIST_OF(node, struct session, node);

		if (s->parent || s->generation != g) {
			node = node->next;
			continue;
		}
		session_free(s);
		node = w->sessions_list.next;
	}
}

void sessions_renew(struct worker *w)
{
	struct list *node, *next;

	for (node = w->sessions_list.next; node != &w->sessions_list; node = next) {
		struct session *s = LIST_OF(node, struct session, node);

		next = node->next;
		if (s->parent || is_current(s))
			continue;
		if (!s->stream)
			session_renew(s);
		if (s->h2 && !is_current(s))
			http_h2_soft_stop(s);
	}
}
