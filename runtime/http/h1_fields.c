/* What the fields mean to HTTP/1 itself: framing, Connection, Upgrade, TE (RFC 9112 sections 6, 7 and 9; RFC
 * 9110 section 7.8), in the way of HAProxy 2.6, which takes out of the head what belongs to one hop before any
 * rule sees it. Works on the parser's message; one thread. */
#include "runtime/http/h1_parse.h"

enum { WS_KEY_LEN = 24 };

/* The next element of a comma-separated list, trimmed; false at its end. An empty last element is none. */
static bool list_next(const char **c, const char *end, struct str *item)
{
	const char *start = *c;
	const char *comma;

	if (start >= end)
		return false;
	comma = memchr(start, ',', (size_t)(end - start));
	if (!comma)
		comma = end;
	*c = comma + 1;
	*item = str_trim(str_make(start, (size_t)(comma - start)));
	return true;
}

/* The usual form: digits alone. */
static bool plain_number(const struct http_hdr *h, uint64_t *value)
{
	uint64_t v = 0;

	if (!h->value_len || h->value_len > 18)
		return false;
	for (uint32_t i = 0; i < h->value_len; i++) {
		unsigned d = (unsigned char)h->value[i] - (unsigned)'0';

		if (d > 9)
			return false;
		v = v * 10 + d;
	}
	*value = v;
	return true;
}

/* One or several equal decimal numbers (RFC 9110 section 8.6); several count as the last one. */
static enum h1_result content_length(struct h1_parser *p, struct http_msg *m, struct http_hdr *h, bool *keep)
{
	const char *c = h->value, *end = h->value + h->value_len;
	bool first = !p->have_length;
	struct str item = STR_NONE;
	uint64_t value;

	if (first && plain_number(h, &m->content_length)) {
		p->have_length = true;
		return H1_DONE;
	}
	if (!h->value_len || end[-1] == ',')
		return H1_BAD;
	while (list_next(&c, end, &item)) {
		if (!str_to_u64(item, &value) || value > INT64_MAX ||
		    (p->have_length && value != m->content_length))
			return H1_BAD;
		m->content_length = value;
		p->have_length = true;
	}
	if (item.len != h->value_len)
		m->as_is = false;
	h->value = item.ptr;
	h->value_len = (uint32_t)item.len;
	*keep = first;
	return H1_DONE;
}

/* `chunked` once and last (RFC 9112 section 6.1); others are only remembered here. */
static enum h1_result transfer_encoding(struct h1_parser *p, struct http_hdr *h)
{
	const char *c = h->value, *end = h->value + h->value_len;
	struct str item;

	p->te_seen = true;
	while (list_next(&c, end, &item)) {
		if (p->chunked)
			return H1_BAD;
		if (str_ieq(item, STR("chunked")))
			p->chunked = true;
		else
			p->other_coding = true;
	}
	return H1_DONE;
}

static unsigned connection_option(struct str item)
{
	return str_ieq(item, STR("close"))        ? H1_CLOSE
	       : str_ieq(item, STR("keep-alive")) ? H1_KEEP_ALIVE
	       : str_ieq(item, STR("upgrade"))    ? H1_UPGRADE
						  : 0;
}

uint32_t h1_connection_options(char *value, uint32_t len, unsigned *options)
{
	char *c = value, *end = value + len, *to = value;
	bool moved = false;

	while (c < end) {
		char *comma = memchr(c, ',', (size_t)(end - c)), *stop = comma ? comma : end;
		struct str item = str_trim(str_make(c, (size_t)(stop - c)));
		unsigned option = connection_option(item);

		if (!comma && !item.len)
			break; /* nothing follows the last comma */
		c = stop + 1;
		*options |= option;
		if (option & (H1_CLOSE | H1_KEEP_ALIVE)) {
			moved = true;
		} else if (!moved) {
			to = stop;
		} else {
			if (to != value)
				*to++ = ',';
			memmove(to, item.ptr, item.len);
			to += item.len;
		}
	}
	return (uint32_t)(to - value);
}

static void connection(struct http_msg *m, struct http_hdr *h, bool *keep)
{
	char *value = (char *)h->value; /* the receive buffer, ours to write */
	unsigned options = 0;
	uint32_t len;

	if (h->value_len == 10 && !memcmp(value, "keep-alive", 10)) {
		m->conn_keep_alive = true;
		*keep = false;
		return;
	}
	len = h1_connection_options(value, h->value_len, &options);
	m->conn_close |= (options & H1_CLOSE) != 0;
	m->conn_keep_alive |= (options & H1_KEEP_ALIVE) != 0;
	m->conn_upgrade |= (options & H1_UPGRADE) != 0;
	if (!len)
		*keep = false;
	else if (len != h->value_len)
		m->as_is = false;
	h->value_len = len;
}

static void upgrade(struct h1_parser *p, struct http_msg *m, const struct http_hdr *h)
{
	const char *c = h->value, *end = h->value + h->value_len;
	struct str item;

	p->upgrade_seen = true;
	while (list_next(&c, end, &item))
		if (str_ieq(item, STR("websocket")))
			m->websocket = true;
}

/* A second Host must say the same, and goes. */
static enum h1_result host(struct http_msg *m, const struct http_hdr *h, bool *keep)
{
	const struct http_hdr *first = http_find_id(m, HN_HOST, NULL);

	if (!first)
		return H1_DONE;
	*keep = false;
	return str_ieq(str_make(first->value, first->value_len), str_make(h->value, h->value_len)) ? H1_DONE
												   : H1_BAD;
}

static void other(struct h1_parser *p, const struct http_msg *m, const struct http_hdr *h)
{
	static const struct str key = {"sec-websocket-key", 17}, accept = {"sec-websocket-accept", 20};
	struct str name = str_make(h->name, h->name_len);

	if (name.len < key.len || name.ptr[0] != 's')
		return;
	if (m->is_response ? str_eq(name, accept) : h->value_len == WS_KEY_LEN && str_eq(name, key))
		p->ws_key = true;
}

enum h1_result h1_field(struct h1_parser *p, struct http_msg *m, struct http_hdr *h, bool *keep)
{
	switch ((enum http_name)h->id) {
	case HN_OTHER:
		other(p, m, h);
		return H1_DONE;
	case HN_CONTENT_LENGTH:
		return content_length(p, m, h, keep);
	case HN_TRANSFER_ENCODING:
		return transfer_encoding(p, h);
	case HN_CONNECTION:
		connection(m, h, keep);
		return H1_DONE;
	case HN_UPGRADE:
		upgrade(p, m, h);
		return H1_DONE;
	case HN_HOST:
		return m->is_response ? H1_DONE : host(m, h, keep);
	case HN_EXPECT:
		m->expects = true;
		return H1_DONE;
	default:
		return H1_DONE;
	}
}

static void drop_all(struct http_msg *m, enum http_name id)
{
	uint32_t bytes = http_drop_id(m, id, NULL);

	m->counted -= bytes;
	m->as_is = m->as_is && !bytes;
}

/* RFC 9112 section 6.3, steps 1 to 3 and 8. */
static void response_body(const struct h1_parser *p, struct http_msg *m)
{
	if (m->method == HTTP_M_CONNECT && m->status / 100 == 2)
		m->body = HTTP_BODY_TUNNEL;
	else if (m->status == 101)
		m->body = HTTP_BODY_TUNNEL;
	else if (m->method == HTTP_M_HEAD || m->status / 100 == 1 || m->status == 204 || m->status == 304)
		m->body = HTTP_BODY_NONE;
	else if (!p->chunked && !p->have_length)
		m->body = HTTP_BODY_UNTIL_CLOSE;
}

static void body_kind(const struct h1_parser *p, struct http_msg *m)
{
	m->body = p->chunked                            ? HTTP_BODY_CHUNKED
		  : p->have_length && m->content_length ? HTTP_BODY_LENGTH
							: HTTP_BODY_NONE;
	if (m->is_response)
		response_body(p, m);
	else if (m->method == HTTP_M_CONNECT && !p->chunked)
		m->body = HTTP_BODY_NONE; /* what follows is for the other end of the tunnel (RFC 9110
					     section 9.3.6) */
}

/* Whether the connection it came on may carry another message (RFC 9112 section 9.3). */
static bool keep_alive(const struct h1_parser *p, const struct http_msg *m)
{
	if (m->conn_close || m->ambiguous || m->body == HTTP_BODY_UNTIL_CLOSE || m->body == HTTP_BODY_TUNNEL)
		return false;
	return m->version >= 11 || (m->conn_keep_alive && !p->te_seen);
}

/* With the options that let malformed requests pass an authority need not be Host's. */
static enum h1_result target_check(const struct h1_parser *p, struct http_msg *m)
{
	enum h1_result result = h1_target_check(m, p->relaxed);

	return result == H1_BAD && p->relaxed ? H1_DONE : result;
}

/* A body after an upgrade could be taken for the new protocol; a websocket needs its key (RFC 6455
 * section 4.1). */
static enum h1_result upgrade_check(const struct h1_parser *p, struct http_msg *m)
{
	m->websocket = m->websocket && m->conn_upgrade;
	m->upgrade = m->conn_upgrade;
	if (!m->is_response && m->conn_upgrade && m->body != HTTP_BODY_NONE) {
		drop_all(m, HN_UPGRADE);
		m->upgrade = m->websocket = false;
	}
	if (m->is_response) { /* another protocol needs no answer to the key */
		m->websocket = p->ws_key || !m->websocket;
		return H1_DONE;
	}
	return m->websocket && !p->ws_key ? H1_BAD : H1_DONE;
}

/* A Transfer-Encoding stands above a length (RFC 9112 section 6.3); in a response even one that names none. */
static void length_yields(struct h1_parser *p, struct http_msg *m)
{
	drop_all(m, HN_CONTENT_LENGTH);
	p->have_length = false;
	m->ambiguous = !p->keeps_ambiguous;
	m->glitches++;
}

enum h1_result h1_trailers_end(struct h1_parser *p, struct http_msg *m)
{
	if (p->other_coding || (p->te_seen && !p->chunked))
		return H1_BAD;
	if (p->chunked && p->have_length)
		drop_all(m, HN_CONTENT_LENGTH);
	return H1_DONE;
}

enum h1_result h1_fields_end(struct h1_parser *p, struct http_msg *m)
{
	enum h1_result result = m->is_response ? H1_DONE : target_check(p, m);

	if (result != H1_DONE)
		return result;
	if (p->other_coding || (p->te_seen && !p->chunked && !m->is_response)) {
		m->body = HTTP_BODY_CHUNKED;
		return p->chunked && !m->is_response ? H1_UNSUPPORTED : H1_BAD;
	}
	if (p->te_seen && p->have_length)
		length_yields(p, m);
	body_kind(p, m);
	m->keep_alive = keep_alive(p, m);
	return upgrade_check(p, m);
}
