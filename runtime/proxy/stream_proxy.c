/* Fields (TLV) of the PROXY header that a server wants (manual, "proxy-v2-options", "set-proxy-v2-tlv-fmt"; the
 * protocol's specification, section 2.2). Worker thread only. */
#include "runtime/backend/proxy_header.h"
#include "runtime/eval/sample.h"
#include "runtime/net/proxy_protocol.h"
#include "runtime/proxy/stream.h"

enum { TLS_OPTIONS = PP_SSL | PP_CERT_CN | PP_SSL_CIPHER | PP_CERT_SIG | PP_CERT_KEY };

struct str stream_unique_id(struct stream *s)
{
	struct eval e;

	if (s->log.unique_id.ptr || !s->session->frontend->conf->unique_id_format)
		return s->log.unique_id;
	stream_eval(s, &e, AT(FE_REQ_HDR));
	s->log.unique_id =
		str_sub(logfmt_text(&e, s->session->frontend->conf->unique_id_format), 0, UNIQUE_ID_LEN);
	return s->log.unique_id;
}

/* Which client certificate there was; without TLS nothing is said of it. */
static size_t tls_put(char *out, size_t len, size_t cap)
{
	static const char none[5];

	return proxy_field_put(out, len, cap, PP2_SSL, str_make(none, sizeof(none)));
}

size_t stream_proxy_fields(struct srv_request *r, char *out, size_t cap)
{
	struct stream *s = (struct stream *)((char *)r - offsetof(struct stream, server));
	const struct server_conf *conf = r->server->conf;
	const struct server_rare *rare = server_conf_rare(conf);
	struct str authority = proxy_fields_find(s->session->pp, PP2_AUTHORITY);
	struct eval e;
	size_t len = 0;

	if (rare->npp_fields)
		stream_eval(s, &e, AT(BE_SRV_CONN));
	for (uint32_t i = 0; i < rare->npp_fields; i++)
		len = proxy_field_put(out, len, cap, rare->pp_fields[i].type,
				      logfmt_text(&e, rare->pp_fields[i].fmt));
	if (conf->pp_options & PP_AUTHORITY && authority.len)
		len = proxy_field_put(out, len, cap, PP2_AUTHORITY, authority);
	if (conf->pp_options & PP_UNIQUE_ID)
		len = proxy_field_put(out, len, cap, PP2_UNIQUE_ID, stream_unique_id(s));
	if (conf->pp_options & TLS_OPTIONS)
		len = tls_put(out, len, cap);
	return len;
}
