/* Keep-alive on both sides: which connections end, and what the Connection field says of it, as HAProxy 2.6
 * does for option http-keep-alive, http-server-close, httpclose and http-pretend-keepalive (manual,
 * section 4.2; RFC 9112 section 9.3). */
#include "runtime/core/spread.h"
#include "runtime/eval/field_value.h"
#include "runtime/proxy/http_stream.h"
#include "runtime/reload/renew.h"

bool http_server_closes(const struct http_stream *hs)
{
	return http_option(hs, PO_HTTPCLOSE) || http_option(hs, PO_HTTP_SERVER_CLOSE);
}

/* Rules may have added the field; what it says of this connection counts. True: that it ends. */
static bool rules_close(struct http_msg *m)
{
	struct http_hdr *h = NULL;
	bool closes = false;

	while (m->edited && (h = http_find_id(m, HN_CONNECTION, h))) {
		struct str value = str_make(h->value, h->value_len);
		bool close = str_ieq(value, STR("close"));

		closes = closes || close;
		if (close || str_ieq(value, STR("keep-alive")))
			http_del(m, h);
	}
	return closes;
}

/* Does the field that goes on speak of an upgrade? Then nothing else is said of the connection. */
static bool asks_for_upgrade(struct http_msg *m)
{
	struct http_hdr *h = NULL;
	struct str item;

	if (!m->edited)
		return m->conn_upgrade;
	while ((h = http_find_id(m, HN_CONNECTION, h))) {
		uint32_t off = 0;

		while (field_value_next(str_make(h->value, h->value_len), &off, &item))
			if (str_ieq(item, STR("upgrade")))
				return true;
	}
	return false;
}

struct str http_connection_request(struct http_stream *hs)
{
	bool closes = http_server_closes(hs) || rules_close(&hs->req);

	if (hs->req.version < 11 && hs->req.body == HTTP_BODY_CHUNKED) {
		hs->server_close = true;
		return STR_NONE;
	}
	hs->server_close = closes;
	if (closes && proxy_option_is_set(http_proxy(hs), PO_HTTP_PRETEND_KEEPALIVE))
		closes = false;
	if (asks_for_upgrade(&hs->req))
		return STR_NONE;
	if (hs->req.version >= 11)
		return closes ? STR("close") : STR_NONE;
	return closes ? STR_NONE : STR("keep-alive");
}

/* May the client connection carry another request after this response? */
static bool client_may_stay(struct http_stream *hs)
{
	if (!hs->req.keep_alive || proxy_option_is_set(http_frontend(hs), PO_HTTPCLOSE))
		return false;
	if (hs->res.body == HTTP_BODY_UNTIL_CLOSE || hs->res.body == HTTP_BODY_TUNNEL)
		return false;
	if (hs->res.version < 11 && http_find_id(&hs->res, HN_TRANSFER_ENCODING, NULL))
		return false; /* even where no body follows */
	return !spread_closes(http_worker(hs)) && !session_is_stale(hs->s.session);
}

struct str http_connection_response(struct http_stream *hs)
{
	hs->client_keep = hs->client_keep && client_may_stay(hs) && !rules_close(&hs->res);
	if (hs->res.body == HTTP_BODY_TUNNEL || hs->res.status < 200 || asks_for_upgrade(&hs->res))
		return STR_NONE;
	if (!hs->client_keep)
		return hs->res.version >= 11 ? STR("close") : STR_NONE;
	return hs->res.version < 11 || hs->req.version < 11 ? STR("keep-alive") : STR_NONE;
}

void http_head_strip(struct http_msg *m)
{
	static const uint8_t framing[] = {HN_CONTENT_LENGTH, HN_TRANSFER_ENCODING};

	if (m->status >= 200 && m->status != 204)
		return;
	for (size_t i = 0; i < sizeof(framing); i++) {
		struct http_hdr *h = NULL;

		while ((h = http_find_id(m, framing[i], h)))
			http_del(m, h);
	}
}

void http_connect_strip(struct http_msg *m)
{
	struct http_hdr *h = NULL;

	while ((h = http_find_id(m, HN_CONTENT_LENGTH, h)))
		http_del(m, h);
}

static bool has_trailers(struct str value)
{
	while (value.len) {
		size_t n = str_chr(value, ',');

		if (str_eq(str_trim(str_sub(value, 0, n)), STR("trailers")))
			return true;
		value = str_tail(value, n + 1);
	}
	return false;
}

/* Of the TE field only `trailers` goes on, in both directions. */
void http_te_filter(struct http_msg *m)
{
	struct http_hdr *h = NULL;

	while ((h = http_find_id(m, HN_TE, h))) {
		struct str value = str_make(h->value, h->value_len);

		if (str_eq(value, STR("trailers")))
			continue;
		if (has_trailers(value))
			http_set_value(m, h, STR("trailers"));
		else
			http_del(m, h);
	}
}
