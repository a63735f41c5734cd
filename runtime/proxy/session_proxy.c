/* Headers before the first byte: looked at without being read, so that not a byte behind them is taken. As for
 * HAProxy a header comes in one piece, or the connection is refused and says why (manual, fc_err_str, and
 * section 8.2.5). */
#include "runtime/proxy/session_proxy.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/backend/server.h"
#include "runtime/net/netscaler_cip.h"
#include "runtime/net/proxy_protocol.h"
#include "runtime/proxy/session_log.h"

enum why { WHY_CLOSED, WHY_ERROR, WHY_LATE, WHY_SHORT, WHY_FOREIGN, WHY_BAD, WHY_UNHANDLED };

static const char *const proxy_words[] = {
	[WHY_CLOSED] = "Connection closed while waiting for PROXY protocol header",
	[WHY_ERROR] = "Connection error while waiting for PROXY protocol header",
	[WHY_LATE] = "Timeout while waiting for PROXY protocol header",
	[WHY_SHORT] = "Truncated PROXY protocol header received",
	[WHY_FOREIGN] = "Received something which does not look like a PROXY protocol header",
	[WHY_BAD] = "Received an invalid PROXY protocol header",
	[WHY_UNHANDLED] = "Received an unhandled protocol in the PROXY protocol header",
};
static const char *const cip_words[] = {
	[WHY_CLOSED] = "Connection closed while waiting for NetScaler Client IP header",
	[WHY_ERROR] = "Connection error while waiting for NetScaler Client IP header",
	[WHY_LATE] = "Timeout while waiting for a NetScaler Client IP header",
	[WHY_SHORT] = "Truncated NetScaler Client IP header received",
	[WHY_FOREIGN] = "Received an invalid NetScaler Client IP magic number",
	[WHY_BAD] = "Truncated NetScaler Client IP header received",
	[WHY_UNHANDLED] = "Received an unhandled protocol in the NetScaler Client IP header",
};

static void refuse(struct session *s, enum why why)
{
	bool silent = (why == WHY_CLOSED || why == WHY_LATE) &&
		      proxy_option_is_set(s->frontend->conf, PO_DONTLOGNULL);

	if (!silent)
		session_log_failure(s, (s->expects & EXPECT_PROXY ? proxy_words : cip_words)[why]);
	session_free(s);
}

/* The fields outlive the buffer that they came in. False: no memory. */
static bool keep_fields(struct session *s, struct str fields)
{
	s->pp = malloc(sizeof(*s->pp) + fields.len);
	if (!s->pp)
		return false;
	s->pp->all = str_make((char *)(s->pp + 1), fields.len);
	if (fields.len)
		memcpy(s->pp + 1, fields.ptr, fields.len);
	return true;
}

static enum header_result header_read(struct session *s, struct str data, size_t *len, struct str *fields)
{
	if (s->expects & EXPECT_PROXY)
		return proxy_protocol_read(data, &s->src, &s->dst, len, fields);
	return netscaler_cip_read(data, s->listener->conf->netscaler_cip, &s->src, &s->dst, len);
}

/* One header out of the socket. */
static void header_take(struct session *s, char *data, size_t len, struct str fields)
{
	if (recv(s->conn.io.fd, data, len, 0) != (ssize_t)len ||
	    (s->expects & EXPECT_PROXY && !keep_fields(s, fields))) {
		refuse(s, WHY_ERROR);
		return;
	}
	deadline_clear(&s->deadline);
	s->expects &= (uint8_t)(s->expects - 1); /* the lowest bit: they come in this order */
	session_headers(s);
}

static void header_ready(struct conn *c, int revents)
{
	static const enum why whys[] = {[HEADER_SHORT] = WHY_SHORT,
					[HEADER_FOREIGN] = WHY_FOREIGN,
					[HEADER_BAD] = WHY_BAD,
					[HEADER_UNHANDLED] = WHY_UNHANDLED};
	struct session *s = session_of(c);
	char data[PROXY_PROTOCOL_MAX];
	ssize_t n = recv(c->io.fd, data, sizeof(data), MSG_PEEK);
	enum header_result result;
	struct str fields = STR_NONE;
	size_t len = 0;

	(void)revents;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		refuse(s, n ? WHY_ERROR : WHY_CLOSED);
		return;
	}
	(void)session_dst(s);
	result = header_read(s, str_make(data, (size_t)n), &len, &fields);
	if (result == HEADER_DONE) {
		/* A copy: what is received takes the place of what was looked at. */
		char kept[PROXY_PROTOCOL_MAX];

		if (fields.len)
			memcpy(kept, fields.ptr, fields.len);
		header_take(s, data, len, str_make(kept, fields.len));
		return;
	}
	refuse(s, whys[result]);
}

static void header_late(struct worker *w, struct deadline *d)
{
	(void)w;
	refuse(LIST_OF(d, struct session, deadline), WHY_LATE);
}

void session_headers(struct session *s)
{
	uint32_t patience = s->frontend->conf->timeout[TMO_CLIENT];
	struct worker *w = s->conn.worker;

	if (!s->expects) {
		session_start(s);
		return;
	}
	s->conn.ready = header_ready;
	s->deadline.expired = header_late;
	if (patience)
		deadline_set(w, &s->deadline, w->now + patience);
	conn_want(&s->conn, EV_READ);
}
