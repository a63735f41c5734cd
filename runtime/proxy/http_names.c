/* Names of header fields towards servers: those that some applications mix up (option
 * http-restrict-req-hdr-names), and the field that carries the server's own name (http-send-name-header).
 * Worker thread only. */
#include "runtime/proxy/http_fields.h"

#include "runtime/proxy/session_count.h"

static bool is_plain(const struct http_hdr *h)
{
	for (uint16_t i = 0; i < h->name_len; i++) {
		char c = h->name[i];

		if (!(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && c != '-')
			return false;
	}
	return true;
}

enum http_next http_names_restrict(struct http_stream *hs, const struct proxy_conf *px)
{
	if (px->restrict_names != RESTRICT_DELETE && px->restrict_names != RESTRICT_REJECT)
		return HTTP_AGAIN;
	for (uint16_t i = 0; i < hs->req.nhdrs; i++) {
		struct http_hdr *h = &hs->req.hdrs[i];

		if (h->deleted || is_plain(h))
			continue;
		if (px->restrict_names == RESTRICT_REJECT) {
			SESSION_COUNT(hs->s.session, denied_req);
			return http_reply_failure(hs, 403, 'P', 'R');
		}
		http_del(&hs->req, h);
	}
	return HTTP_AGAIN;
}

bool http_send_name(struct http_stream *hs)
{
	struct str name = http_proxy(hs)->send_name_header;

	http_del_all(&hs->req, name);
	return !hs->s.server.server->conf->name.len ||
	       http_add(&hs->req, name, hs->s.server.server->conf->name);
}
