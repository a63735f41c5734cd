/* A SOCKS4 relay on the way to a server: between the socket that is connected to the relay and the request that
 * waits. The time is a part of the time of connecting; a relay that refuses is a server that refuses (seen with
 * HAProxy 2.6). Worker thread of the request only. */
#include "runtime/backend/request.h"

static void relaying(struct conn *c, int revents)
{
	struct srv_conn *sc = (struct srv_conn *)c;

	(void)revents;
	switch (socks_answer(c, &sc->socks)) {
	case SOCKS_WAIT:
		return;
	case SOCKS_GRANTED:
		request_relayed(sc->user, sc);
		return;
	default:
		request_unrelayed(sc->user, sc);
	}
}

bool request_relay(struct srv_request *r, struct srv_conn *sc)
{
	union addr to;
	socklen_t len;

	sc->socks = (struct socks){0};
	if (!request_target(r, &to, &len) || !socks_ask(&sc->conn, &to))
		return false;
	sc->conn.ready = relaying;
	return true;
}
