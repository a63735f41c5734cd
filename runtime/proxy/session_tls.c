/* Between accept and the protocol of a frontend with `ssl`: the handshake, its deadline, and what is counted
 * and logged when it fails. The session's worker only. */
#include "runtime/proxy/session_tls.h"

#include "runtime/proxy/session_count.h"
#include "runtime/proxy/session_log.h"
#include "runtime/tls/tls.h"

static void count(struct session *s, bool ok)
{
	if (!ok)
		SESSION_COUNT(s, ssl_failed_handshake);
	else if (tls_conn_resumed(&s->conn))
		SESSION_COUNT(s, ssl_reused_sess);
	else
		SESSION_COUNT(s, ssl_sess);
}

static void failed(struct session *s, const char *why)
{
	session_log_failure(s, why);
	session_free(s);
}

static void handshake_ready(struct conn *c, int revents)
{
	struct session *s = session_of(c);

	(void)revents;
	switch (tls_handshake(c)) {
	case TLS_AGAIN:
		return;
	case TLS_FAILED:
		count(s, false);
		failed(s, tls_conn_error(c));
		return;
	case TLS_DONE:
		count(s, true);
		deadline_clear(&s->deadline);
		session_secured(s);
		return;
	}
}

static void handshake_late(struct worker *w, struct deadline *d)
{
	(void)w;
	failed(LIST_OF(d, struct session, deadline), "Timeout during SSL handshake");
}

void session_secure(struct session *s)
{
	const uint32_t *t = s->frontend->conf->timeout;
	uint32_t patience = t[TMO_CLIENT_HS] ? t[TMO_CLIENT_HS] : t[TMO_CLIENT];
	struct worker *w = s->conn.worker;

	if (!tls_conn_accept(&s->conn, s->listener->tls)) {
		session_free(s);
		return;
	}
	s->conn.ready = handshake_ready;
	s->deadline.expired = handshake_late;
	if (patience)
		deadline_set(w, &s->deadline, w->now + patience);
	conn_want(&s->conn, EV_READ);
}
