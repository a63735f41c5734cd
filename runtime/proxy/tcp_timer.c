/* Inactivity in mode tcp (manual: timeout client, server, tunnel, client-fin, server-fin). A side may expire
 * while something is expected of it: that it sends, because we read from it, or that it takes what waits for
 * it. Activity only notes the time; the one deadline of the session is armed when the shape of what is expected
 * changes, and looks at the notes when it fires. */
#include "runtime/proxy/tcp_stream.h"

enum timer_shape {
	CLIENT_READING = 1,
	CLIENT_PENDING = 2,
	CLIENT_EOF = 4,
	CLIENT_SHUT = 8,
	SERVER_SHIFT = 4, /* the same four of the server */
};

static unsigned side_shape(const struct tcp_flow *from_it, const struct tcp_flow *to_it)
{
	return (!from_it->paused ? CLIENT_READING : 0) | (tcp_flow_wants_room(to_it) ? CLIENT_PENDING : 0) |
	       (from_it->eof ? CLIENT_EOF : 0) | (to_it->shut ? CLIENT_SHUT : 0);
}

/* Timeouts in ms; 0: none. */
static uint32_t side_timeout(const struct tcp_stream *t, unsigned shape, uint32_t plain, uint32_t fin)
{
	uint32_t tunnel = stream_timeout(&t->s, TMO_TUNNEL);

	if (!(shape & (CLIENT_READING | CLIENT_PENDING)))
		return 0;
	if (shape & (CLIENT_EOF | CLIENT_SHUT) && fin)
		return fin;
	return tunnel ? tunnel : plain;
}

/* seen: last activity of the side; with option independent-streams what it takes counts for itself. */
static uint64_t side_expiry(unsigned shape, uint64_t seen, const struct tcp_flow *to_it, uint32_t ms)
{
	uint64_t first = UINT64_MAX;

	if (!ms)
		return UINT64_MAX;
	if (to_it->to_seen != &to_it->wrote)
		return seen + ms;
	if (shape & CLIENT_READING)
		first = seen + ms;
	return shape & CLIENT_PENDING && to_it->wrote + ms < first ? to_it->wrote + ms : first;
}

static uint64_t client_expiry(const struct tcp_stream *t, unsigned shape)
{
	uint32_t ms = side_timeout(t, shape & 15, stream_timeout(&t->s, TMO_CLIENT),
				   stream_timeout(&t->s, TMO_CLIENT_FIN));

	return side_expiry(shape, t->client_seen, &t->down, ms);
}

static uint64_t server_expiry(const struct tcp_stream *t, unsigned shape)
{
	uint32_t ms = side_timeout(t, shape >> SERVER_SHIFT, stream_timeout(&t->s, TMO_SERVER),
				   stream_timeout(&t->s, TMO_SERVER_FIN));

	return side_expiry(shape >> SERVER_SHIFT, t->server_seen, &t->up, ms);
}

static void arm(struct tcp_stream *t, unsigned shape)
{
	struct session *s = t->s.session;
	uint64_t client = client_expiry(t, shape), server = server_expiry(t, shape);
	uint64_t first = client < server ? client : server;

	if (first == UINT64_MAX)
		return;
	if (!deadline_is_set(&s->deadline) || first < s->deadline.at)
		deadline_set(s->conn.worker, &s->deadline, first);
}

/* When a limit lets something pass again. */
static void arm_paced(struct tcp_stream *t, const struct tcp_flow *f)
{
	struct session *s = t->s.session;

	if (f->paused & PAUSE_RATE && (!deadline_is_set(&s->deadline) || f->paced_until < s->deadline.at))
		deadline_set(s->conn.worker, &s->deadline, f->paced_until);
}

static unsigned shape_of(const struct tcp_stream *t)
{
	return side_shape(&t->up, &t->down) | side_shape(&t->down, &t->up) << SERVER_SHIFT;
}

/* What begins to be expected of a side counts from now on. */
void tcp_timer_update(struct tcp_stream *t)
{
	unsigned shape = shape_of(t), begun = shape & ~t->timer_shape;
	uint64_t now = t->s.session->conn.worker->now;

	arm_paced(t, &t->up);
	arm_paced(t, &t->down);
	if (shape == t->timer_shape || !t->up.to)
		return;
	if (begun & 15)
		*(begun & CLIENT_READING ? &t->client_seen : t->down.to_seen) = now;
	if (begun & CLIENT_PENDING)
		*t->down.to_seen = now;
	if (begun >> SERVER_SHIFT)
		*(begun >> SERVER_SHIFT & CLIENT_READING ? &t->server_seen : t->up.to_seen) = now;
	if (begun >> SERVER_SHIFT & CLIENT_PENDING)
		*t->up.to_seen = now;
	t->timer_shape = (uint8_t)shape;
	arm(t, shape);
}

/* State `D`, whichever side has ended already: mode tcp knows no last data (`L` of the manual, section 8.5). */
bool tcp_timer_expired(struct tcp_stream *t)
{
	unsigned shape = shape_of(t);
	uint64_t now = t->s.session->conn.worker->now;

	if (client_expiry(t, shape) <= now) {
		stream_end(&t->s, 'c', 'D');
		return true;
	}
	if (server_expiry(t, shape) <= now) {
		stream_end(&t->s, 's', 'D');
		return true;
	}
	arm(t, shape);
	return false;
}

bool tcp_timer_connecting(struct tcp_stream *t)
{
	struct session *s = t->s.session;
	uint32_t patience = stream_timeout(&t->s, TMO_CLIENT);

	if (!patience || t->up.buf->len || t->up.eof)
		return false;
	if (t->client_seen + patience <= s->conn.worker->now) {
		stream_end(&t->s, 'c', t->s.server.assigned ? 'C' : 'Q');
		return true;
	}
	deadline_set(s->conn.worker, &s->deadline, t->client_seen + patience);
	return false;
}
