/* Keep-alive on both sides: which connections end, and what the Connection field says of it, as HAProxy 2.6
 * does for option http-keep-alive, http-server-close, httpclose and http-pretend-keepalive (manual,
 * section 4.2; RFC 9112 section 9.3). */
#include "runtime/core/spread.h"
#include "runtime/proxy/http_stream.h"
#include "runtime/reload/renew.h"

bool http_server_closes(const struct http_stream *hs)
{
	return http_option(hs, PO_HTTPCLOSE) || http_option(hs, PO_HTTP_SERVER_CLOSE);
}

/* The field is read once more on its way out: rules may have changed it, and an element that was empty at its
 * end goes as well. Returns the options that it names now (enum H1_CLOSE ...). */
static unsigned options_now(struct http_msg *m)
{
	unsigned options = m->conn_upgrade && !m->edited ? H1_UPGRADE : 0;
	struct http_hdr *h = NULL;

	if (m->as_is && !m->edited)
		return options;
	while ((h = http_find_id(m, HN_CONNECTION, h))) {
		struct str copy = scratch_dup(m->scratch, str_make(h->value, h->value_len));
		uint32_t len = copy.ptr ? h1_connection_options((char *)copy.ptr, h->value_len, &options) : 0;

		if (!len)
			http_del(m, h);
		else if (len < h->value_len)
			http_set_value(m, h, str_sub(copy, 0, len));
	}
	return options;
}

struct str http_connection_request(struct http_stream *hs)
{
	unsigned options = options_now(&hs->req);
	bool closes;

	hs->told_close |= (options & H1_CLOSE) != 0;
	closes = http_server_closes(hs) || hs->told_close;
	if (hs->req.version < 11 && (hs->req.body == HTTP_BODY_CHUNKED || http_lacks_framing(&hs->up, &hs->req))) {
		hs->server_close = true;
		return STR_NONE;
	}
	hs->server_close = closes;
	if (closes && proxy_option_is_set(http_proxy(hs), PO_HTTP_PRETEND_KEEPALIVE))
		closes = false;
	if (options & H1_UPGRADE)
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
	if (hs->res.version < 11 && http_lacks_framing(&hs->down, &hs->res))
		return false;
	return !spread_closes(http_worker(hs)) && !session_is_stale(hs->s.session);
}

struct str http_connection_response(struct http_stream *hs)
{
	unsigned options = options_now(&hs->res);

	hs->client_keep = hs->client_keep && client_may_stay(hs) && !(options & H1_CLOSE);
	if (hs->res.body == HTTP_BODY_TUNNEL || hs->res.status < 200 || options & H1_UPGRADE)
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
