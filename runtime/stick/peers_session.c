/* One connection between two peers: the handshake of text lines, then messages both ways (HAProxy's
 * doc/peers.txt). Inner functions say whether it may live on; only the loop's callbacks and the section end it.
 * Worker 0. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/log/trace.h"
#include "runtime/stick/peers_state.h"

static const char protocol[] = "HAProxyS";

static struct peer_session *session_of(struct conn *c)
{
	return (struct peer_session *)c;
}

/* --- output */

static bool flush(struct peer_session *s)
{
	struct iovec iov = {s->out.buf + s->sent, s->out.len - s->sent};
	ssize_t n;

	if (s->out.truncated)
		return false;
	if (iov.iov_len) {
		n = conn_sendv(&s->conn, &iov, 1, false);
		if (n < 0 && errno != EAGAIN)
			return false;
		s->sent += n > 0 ? (size_t)n : 0;
		if (n > 0)
			s->spoke = s->conn.worker->now;
	}
	if (s->sent == s->out.len)
		s->sent = s->out.len = 0;
	conn_want(&s->conn, EV_READ | (s->out.len ? EV_WRITE : 0));
	return !s->closing || s->out.len;
}

bool peer_session_go_on(struct peer_session *s)
{
	size_t before;

	if (s->state != SESSION_OPEN)
		return flush(s);
	do {
		if (!s->sent || s->sent == s->out.len)
			peer_push(s);
		before = s->out.len - s->sent;
		if (!flush(s))
			return false;
	} while (before && !s->out.len);
	return true;
}

/* --- timers */

static void session_arm(struct peer_session *s)
{
	uint64_t silence = s->heard + PEERS_RECONNECT_MS, beat = s->spoke + PEERS_HEARTBEAT_MS;

	deadline_set(s->conn.worker, &s->deadline, s->state == SESSION_OPEN && beat < silence ? beat : silence);
}

static void session_late(struct worker *w, struct deadline *d)
{
	struct peer_session *s = LIST_OF(d, struct peer_session, deadline);

	if (w->now >= s->heard + PEERS_RECONNECT_MS) {
		if (s->peer)
			s->peer->missed_heartbeats++;
		peer_session_free(s, true);
		return;
	}
	if (s->state == SESSION_OPEN && w->now >= s->spoke + PEERS_HEARTBEAT_MS) {
		peers_put_control(&s->out, PEERS_HEARTBEAT);
		s->peer->sent_heartbeats++;
		s->spoke = w->now;
		if (!peer_session_go_on(s)) {
			peer_session_free(s, true);
			return;
		}
	}
	session_arm(s);
}

/* --- handshake */

static void opened(struct peer_session *s)
{
	s->state = SESSION_OPEN;
	peer_opened(s);
}

static void put_hello(struct peer_session *s)
{
	out_printf(&s->out, "%s 2.1\n%.*s\n%.*s %d 1\n", protocol, STR_ARG(s->peer->conf->name),
		   STR_ARG(s->peers->name), (int)getpid());
	s->state = SESSION_STATUS;
}

static bool take_line(struct peer_session *s, uint32_t *at, struct str *line)
{
	struct str all = str_make(s->in + *at, s->in_len - *at);
	size_t end = str_chr(all, '\n');

	if (end == all.len)
		return false;
	*line = str_sub(all, 0, end);
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	*at += (uint32_t)end + 1;
	return true;
}

static void eat(struct peer_session *s, uint32_t n)
{
	memmove(s->in, s->in + n, s->in_len - n);
	s->in_len -= n;
}

static bool refuse(struct peer_session *s, const char *status)
{
	out_puts(&s->out, status);
	s->closing = true;
	return true;
}

/* The last one that connects is the one that stays. */
static void replace_session(struct peer_session *s)
{
	struct peer_session *before = s->peer->session;

	s->peer->session = s;
	if (!before || before == s)
		return;
	s->peer->collisions++;
	before->peer = NULL;
	peer_session_free(before, false);
}

/* Both are connecting to each other: one of the two goes on with its own connection, so that not both are
 * closed. */
static bool ours_goes_first(const struct peer *peer)
{
	const struct peer_session *own = peer->session;

	return own && own->ours && own->state != SESSION_OPEN && !peer->local &&
	       str_cmp(peer->peers->name, peer->conf->name) < 0;
}

static bool hello(struct peer_session *s, struct str version, struct str to, struct str from)
{
	size_t blank = str_chr(version, ' ');

	if (!str_is(str_sub(version, 0, blank), protocol))
		return refuse(s, "501\n");
	if (!str_starts(str_tail(version, blank + 1), STR("2.")))
		return refuse(s, "502\n");
	if (!str_eq(to, s->peers->name))
		return refuse(s, "503\n");
	s->peer = peers_find(s->peers, str_sub(from, 0, str_chr(from, ' ')));
	if (!s->peer)
		return refuse(s, "504\n");
	if (ours_goes_first(s->peer)) {
		s->peer = NULL;
		return refuse(s, "300\n");
	}
	replace_session(s);
	out_puts(&s->out, "200\n");
	opened(s);
	return true;
}

/* False: it is no use going on. */
static bool handshake(struct peer_session *s)
{
	struct str lines[3];
	uint32_t at = 0;
	bool ok;

	if (s->state == SESSION_STATUS) {
		if (!take_line(s, &at, &lines[0]))
			return s->in_len < 16;
		ok = str_is(lines[0], "200");
		eat(s, at);
		if (!ok) {
			s->peer->status = PEER_REFUSED;
			return false;
		}
		opened(s);
		return true;
	}
	for (int i = 0; i < 3; i++)
		if (!take_line(s, &at, &lines[i]))
			return s->in_len < 1024;
	ok = hello(s, lines[0], lines[1], lines[2]);
	eat(s, at);
	return ok;
}

/* --- messages */

static bool control(struct peer_session *s, uint8_t type)
{
	switch ((enum peers_control)type) {
	case PEERS_RESYNC_REQUEST:
		peer_teach_begin(s);
		return true;
	case PEERS_RESYNC_FINISHED:
	case PEERS_RESYNC_PARTIAL:
		peers_put_control(&s->out, PEERS_RESYNC_CONFIRM);
		peers_taught(s->peers, s->peer, type == PEERS_RESYNC_FINISHED);
		return true;
	case PEERS_RESYNC_CONFIRM:
		if (s->peers->leaving)
			peers_left(s->peers);
		return true;
	case PEERS_HEARTBEAT:
		s->peer->got_heartbeats++;
		return true;
	}
	return true;
}

static struct peers_table *table_known(struct peer_session *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->ntables; i++)
		if (s->tables[i]->id == id)
			return s->tables[i];
	return NULL;
}

static struct peers_table *table_slot(struct peer_session *s, uint32_t id)
{
	struct peers_table *t = table_known(s, id), **more;

	if (t || s->ntables == PEERS_TABLES_MOST)
		return t;
	more = realloc(s->tables, (s->ntables + 1) * sizeof(struct peers_table *));
	if (!more)
		return NULL;
	s->tables = more;
	t = calloc(1, sizeof(*t));
	if (t)
		s->tables[s->ntables++] = t;
	return t;
}

/* Keys of another kind cannot be compared. */
static bool keys_agree(const struct peers_table *t, const struct table_conf *conf)
{
	return t->key_type == conf->key_type &&
	       (t->key_type == STICK_KEY_STRING || t->key_len == conf->key_len);
}

static bool definition(struct peer_session *s, struct str payload)
{
	struct peers_table parsed = {0}, *t;
	struct stick_table *table;
	struct str name;

	if (!peers_get_definition(payload, &parsed, &name))
		return false;
	t = s->current = table_slot(s, parsed.id);
	if (!t)
		return false;
	table = peers_find_table(s->peers, name);
	parsed.table = table && keys_agree(&parsed, table->conf) ? table : NULL;
	parsed.last = t->last;
	memcpy(parsed.texts, t->texts, sizeof(parsed.texts));
	*t = parsed;
	for (uint32_t i = 0; i < s->peers->ntables; i++)
		if (s->peers->tables[i] == table) {
			s->peer->shares[i].remote_id = t->id;
			s->peer->shares[i].remote_data = t->data;
		}
	return true;
}

static void ack_later(struct peer_session *s)
{
	for (uint32_t i = 0; i < s->ntables; i++) {
		if (s->tables[i] != s->current)
			continue;
		if (i < 64)
			s->unacked |= 1ull << i;
		else
			peers_put_ack(&s->out, s->current->id, s->current->last);
	}
	for (uint32_t i = 0; i < s->peers->ntables; i++)
		if (s->current->table && s->peers->tables[i] == s->current->table)
			s->peer->shares[i].last_got = s->current->last;
}

static void put_acks(struct peer_session *s)
{
	for (uint32_t i = 0; s->unacked && i < s->ntables && i < 64; i++)
		if (s->unacked >> i & 1)
			peers_put_ack(&s->out, s->tables[i]->id, s->tables[i]->last);
	s->unacked = 0;
}

static bool update(struct peer_session *s, uint8_t type, struct str payload)
{
	uint32_t id, number;
	uint64_t value;

	switch (type) {
	case PEERS_DEFINITION:
		return definition(s, payload);
	case PEERS_SWITCH:
		s->current = peers_get_number(&payload, &value) ? table_known(s, (uint32_t)value) : NULL;
		return s->current != NULL;
	case PEERS_ACK:
		if (!peers_get_ack(payload, &id, &number))
			return false;
		peer_acked(s, id, number);
		return true;
	case PEERS_ENTRY:
	case PEERS_ENTRY_NEXT:
	case PEERS_ENTRY_TIMED:
	case PEERS_ENTRY_NEXT_TIMED:
		if (!s->current ||
		    !peers_get_entry(payload, (enum peers_update)type, s->current, s->conn.worker->now))
			return false;
		ack_later(s);
		return true;
	default: /* of a later version */
		return true;
	}
}

/* One message at `at`; *used 0: not all of it is there. False: what is there is no message. */
static bool message(struct peer_session *s, uint32_t at, uint32_t *used)
{
	struct str rest = str_make(s->in + at, s->in_len - at), body;
	uint8_t class, type;
	uint64_t len;

	*used = 0;
	if (rest.len < 2)
		return true;
	class = (uint8_t)rest.ptr[0];
	type = (uint8_t)rest.ptr[1];
	if (type < 128) {
		*used = 2;
		return class == PEERS_CONTROL ? control(s, type) : class != PEERS_ERROR;
	}
	body = str_tail(rest, 2);
	if (!peers_get_number(&body, &len))
		return body.len < 10;
	if (len > PEERS_IN_MOST - 16)
		return false;
	if (body.len < len)
		return true;
	*used = (uint32_t)(body.ptr - rest.ptr) + (uint32_t)len;
	return class != PEERS_UPDATES || update(s, type, str_sub(body, 0, len));
}

static bool messages(struct peer_session *s)
{
	uint32_t at = 0, used;

	do {
		if (!message(s, at, &used)) {
			s->peer->errors++;
			peers_put_control(&s->out, 0);
			s->out.buf[s->out.len - 2] = PEERS_ERROR;
			s->closing = true;
			return true;
		}
		at += used;
	} while (used);
	eat(s, at);
	put_acks(s);
	return true;
}

/* --- the loop's */

static bool read_some(struct peer_session *s)
{
	ssize_t n = s->conn.transport->recv(&s->conn, s->in + s->in_len, PEERS_IN_MOST - s->in_len);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	s->heard = s->conn.worker->now;
	s->in_len += (uint32_t)n;
	if (s->closing) {
		s->in_len = 0;
		return true;
	}
	if (s->state != SESSION_OPEN && !handshake(s))
		return false;
	return s->closing || s->state != SESSION_OPEN || messages(s);
}

static void session_ready(struct conn *c, int revents)
{
	struct peer_session *s = session_of(c);
	bool ok = true;

	if (s->state == SESSION_CONNECTING) {
		int error = conn_connect_result(c, revents);

		if (error == EINPROGRESS)
			return;
		if (!error)
			put_hello(s);
		ok = !error;
		s->heard = c->worker->now;
	} else if (revents & EV_READ) {
		ok = read_some(s);
	}
	if (!ok || !peer_session_go_on(s))
		peer_session_free(s, true);
	else
		session_arm(s);
}

static struct peer_session *session_new(struct peers *p)
{
	struct peer_session *s = calloc(1, sizeof(*s));
	char *in = malloc(PEERS_IN_MOST);

	if (!s || !in) {
		free(s);
		free(in);
		return NULL;
	}
	s->peers = p;
	s->in = in;
	s->out = out_growing(4 * PEERS_OUT_MOST);
	s->heard = s->spoke = p->worker->now;
	deadline_init(&s->deadline, session_late);
	list_append(&p->sessions, &s->node);
	p->nsessions++;
	return s;
}

void peer_session_accept(struct peers *p, int fd)
{
	struct peer_session *s = p->nsessions < PEERS_INCOMING_MOST ? session_new(p) : NULL;

	if (!s) {
		close(fd);
		return;
	}
	conn_init(&s->conn, p->worker, fd, session_ready);
	s->state = SESSION_HELLO;
	conn_want(&s->conn, EV_READ);
	session_arm(s);
}

bool peer_session_connect(struct peer *peer, const struct sockaddr_storage *to, socklen_t len)
{
	struct peer_session *s = session_new(peer->peers);
	union addr addr;

	if (!s)
		return false;
	s->peer = peer;
	s->ours = true;
	s->state = SESSION_CONNECTING;
	s->conn.io.fd = -1;
	memcpy(&addr, to, len < sizeof(addr) ? len : sizeof(addr));
	if (conn_connect(&s->conn, peer->peers->worker,
			 to->ss_family == AF_UNIX ? (const union addr *)to : &addr, len, NULL, session_ready)) {
		s->peer = NULL;
		peer_session_free(s, false);
		return false;
	}
	peer->session = s;
	session_arm(s);
	return true;
}

void peer_session_free(struct peer_session *s, bool failed)
{
	struct peer *peer = s->peer;

	TRACE(s->conn.worker, PEERS, TRACE_BIT(PEERS, SESSRL), TRACE_USER, trace_conn(&s->conn, false),
	      "releasing peer session");
	deadline_clear(&s->deadline);
	conn_close(&s->conn, false);
	list_remove(&s->node);
	s->peers->nsessions--;
	if (peer)
		peer_closed(peer, s, failed);
	for (uint32_t i = 0; i < s->ntables; i++)
		free(s->tables[i]);
	free(s->tables);
	out_free(&s->out);
	free(s->in);
	free(s);
}
