/* Time in mode http (manual: timeout http-request, http-keep-alive, client, server, tunnel, client-fin,
 * server-fin, tarpit). The session has one deadline, set after each event to the earliest thing that may
 * expire; setting it later costs a store. */
#include "runtime/proxy/http_stream.h"

#include "runtime/proxy/http_count.h"
#include "runtime/stats/counters.h"
#include "runtime/stick/track.h"
#include "runtime/health/observe.h"

static uint64_t after(uint64_t since, uint32_t ms)
{
	return ms ? since + ms : UINT64_MAX;
}

static uint32_t first_of(uint32_t a, uint32_t b, uint32_t c)
{
	return a ? a : b ? b : c;
}

static void arm(struct session *s, uint64_t at)
{
	if (at == UINT64_MAX)
		deadline_clear(&s->deadline);
	else
		deadline_set(s->conn.worker, &s->deadline, at);
}

void http_timer_idle(struct session *s)
{
	const uint32_t *t = s->frontend->conf->timeout;
	uint32_t ms = first_of(s->requests ? t[TMO_HTTP_KEEP_ALIVE] : 0, t[TMO_HTTP_REQUEST], t[TMO_CLIENT]);

	arm(s, after(s->idle_since, ms));
}

/* A whole head, or the part of a body that rules wait for. */
static uint64_t request_due(const struct http_stream *hs)
{
	const struct session *s = hs->s.session;
	const uint32_t *t = s->frontend->conf->timeout;

	if (hs->wait != HTTP_NO_WAIT)
		return hs->wait_until;
	if (t[TMO_HTTP_REQUEST])
		return after(s->requests == 1 && hs->phase == HTTP_HEAD ? s->accepted : hs->s.begun,
			     t[TMO_HTTP_REQUEST]);
	return after(hs->client_seen, t[TMO_CLIENT]);
}

static bool is_tunnel(const struct http_stream *hs)
{
	return hs->down.body == HTTP_BODY_TUNNEL && hs->responding;
}

static uint32_t client_ms(const struct http_stream *hs)
{
	const uint32_t *t = http_frontend(hs)->timeout;
	uint32_t tunnel = is_tunnel(hs) ? stream_timeout(&hs->s, TMO_TUNNEL) : 0;

	if (is_tunnel(hs) && (hs->down.shut || hs->up.from->flags & CONN_EOF) && t[TMO_CLIENT_FIN])
		return t[TMO_CLIENT_FIN];
	return tunnel ? tunnel : stream_timeout(&hs->s, TMO_CLIENT);
}

static uint32_t server_ms(const struct http_stream *hs)
{
	const uint32_t *t = http_proxy(hs)->timeout;

	if (is_tunnel(hs) && (hs->up.shut || hs->down.from->flags & CONN_EOF) && t[TMO_SERVER_FIN])
		return t[TMO_SERVER_FIN];
	if (is_tunnel(hs) && stream_timeout(&hs->s, TMO_TUNNEL))
		return stream_timeout(&hs->s, TMO_TUNNEL);
	return stream_timeout(&hs->s, TMO_SERVER);
}

/* seen: last activity of the side that `to_it` goes to. */
static uint64_t side_due(const struct http_flow *to_it, bool reads, uint64_t seen, uint32_t ms)
{
	uint64_t first = UINT64_MAX;

	if (reads || (to_it->blocked && !to_it->independent))
		first = after(seen, ms);
	if (to_it->blocked && to_it->independent && after(to_it->wrote, ms) < first)
		first = after(to_it->wrote, ms);
	return first;
}

/* Is anything expected of the client: bytes, or that it takes some? While the server has not answered, it is
 * the server that time runs against, and each piece of the request begins it anew. */
static uint64_t client_due(const struct http_stream *hs)
{
	bool reads = hs->up.state != FLOW_DONE && !hs->up.blocked && !hs->up.paced_until &&
		     (is_tunnel(hs) || hs->down.state == FLOW_DONE || !server_ms(hs));

	return side_due(&hs->down, reads, hs->client_seen, client_ms(hs));
}

static uint64_t server_due(const struct http_stream *hs)
{
	bool reads = hs->down.state != FLOW_DONE && !hs->down.blocked && !hs->down.paced_until;
	uint64_t silence = UINT64_MAX;

	if (hs->wait > HTTP_WAIT_DATA)
		return hs->wait_until;
	if (hs->up.to)
		silence = side_due(&hs->up, reads, hs->server_seen, server_ms(hs));
	return hs->wait == HTTP_WAIT_DATA && hs->wait_until < silence ? hs->wait_until : silence;
}

/* When a limit lets something pass again. */
static uint64_t paced_due(const struct http_stream *hs)
{
	uint64_t up = hs->up.paced_until, down = hs->down.paced_until;

	if (up && down)
		return up < down ? up : down;
	return up | down ? up | down : UINT64_MAX;
}

static uint64_t due(const struct http_stream *hs)
{
	uint64_t client, server;

	switch ((enum http_phase)hs->phase) {
	case HTTP_HEAD:
	case HTTP_STEPS:
		return request_due(hs);
	case HTTP_TARPIT:
		return hs->tarpit_until;
	case HTTP_SERVER:
		return UINT64_MAX;
	case HTTP_CACHED:
		return hs->wait == HTTP_NO_WAIT ? UINT64_MAX : hs->wait_until;
	case HTTP_REPLY:
		return after(hs->client_seen, http_frontend(hs)->timeout[TMO_CLIENT]);
	case HTTP_EXCHANGE:
		break;
	}
	client = client_due(hs);
	server = server_due(hs);
	if (server > client)
		server = client;
	client = paced_due(hs);
	return client < server ? client : server;
}

/* Whoever was not listened to in the meantime is silent from now on. */
static void paced_on(struct http_stream *hs)
{
	uint64_t now = http_worker(hs)->now;

	if (hs->up.paced_until && hs->up.paced_until <= now) {
		hs->up.paced_until = 0;
		hs->client_seen = now;
	}
	if (hs->down.paced_until && hs->down.paced_until <= now) {
		hs->down.paced_until = 0;
		hs->server_seen = now;
	}
}

void http_timer_update(struct http_stream *hs)
{
	arm(hs->s.session, due(hs));
}

static enum http_next client_expired(struct http_stream *hs)
{
	if (!hs->responding && !hs->up.blocked)
		return http_reply_failure(hs, 408, 'c', 'D');
	hs->no_reset = !is_tunnel(hs);
	if (is_tunnel(hs) && !stream_timeout(&hs->s, TMO_TUNNEL))
		conn_shut(hs->up.to);
	stream_end(&hs->s, 'c', 'D');
	return HTTP_CLOSE;
}

static enum http_next server_expired(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);
	enum http_next next;

	if (hs->content && ((next = http_rules_content(hs, true)) != HTTP_AGAIN || hs->phase != HTTP_EXCHANGE))
		return next;
	if (!hs->responding)
		observe(w, hs->s.server.server, OBSERVED_SILENCE);
	if (http_server_retry(hs, RETRY_ON_RESPONSE_TIMEOUT, &next))
		return next;
	if (!hs->responding) {
		stream_count(&hs->s, STICK_FAILURE);
		http_count_failed_response(hs);
		return http_reply_failure(hs, 504, 's', 'H');
	}
	http_count_abort(hs, false);
	stream_end(&hs->s, 's', 'D');
	return HTTP_CLOSE;
}

enum http_next http_timer_expired(struct http_stream *hs)
{
	uint64_t now = http_worker(hs)->now;

	if (due(hs) > now)
		return HTTP_WAIT;
	if (hs->wait != HTTP_NO_WAIT && hs->wait_until <= now)
		return HTTP_AGAIN;
	switch ((enum http_phase)hs->phase) {
	case HTTP_HEAD:
		return http_reply_raw(hs, 408, 'c', 'R');
	case HTTP_STEPS:
		hs->s.log.t_request = -1;
		return http_reply_failure(hs, 408, 'c', 'R');
	case HTTP_TARPIT:
		return HTTP_AGAIN;
	case HTTP_EXCHANGE:
		if (paced_due(hs) <= now) {
			paced_on(hs);
			return HTTP_AGAIN;
		}
		return client_due(hs) <= now ? client_expired(hs) : server_expired(hs);
	default:
		stream_end(&hs->s, 'c', 'D');
		return HTTP_CLOSE;
	}
}
