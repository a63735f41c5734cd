/* What the proxy itself puts into a request (option forwardfor, unique-id-header), and what it notes of
 * messages for the log (capture request and response header; manual, section 8.8). */
#include "runtime/proxy/http_stream.h"

#include <arpa/inet.h>

static bool net_has(const struct ip_net *net, const union addr *a)
{
	const uint8_t *ip =
		a->family == AF_INET ? (const uint8_t *)&a->in.sin_addr : (const uint8_t *)&a->in6.sin6_addr;
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (net->family != (a->family == AF_INET ? 4 : 6) || memcmp(net->addr, ip, whole) != 0)
		return false;
	return !rest || (net->addr[whole] ^ ip[whole]) >> (8 - rest) == 0;
}

static bool excepted(const struct proxy_conf *px, const union addr *a)
{
	return px->fwdfor_except && net_has(px->fwdfor_except, a);
}

static bool wanted(const struct proxy_conf *px)
{
	return proxy_option_is_set(px, PO_FORWARDFOR) || proxy_option_is_set(px, PO_FORWARDFOR_IF_NONE);
}

/* Is the field wanted even where the request has one? */
static bool always(const struct proxy_conf *px)
{
	return proxy_option_is_set(px, PO_FORWARDFOR) && !proxy_option_is_set(px, PO_FORWARDFOR_IF_NONE);
}

static struct str address_text(struct http_stream *hs, const union addr *a)
{
	char text[INET6_ADDRSTRLEN];
	const void *ip = a->family == AF_INET ? (const void *)&a->in.sin_addr : (const void *)&a->in6.sin6_addr;

	if (!inet_ntop(a->family, ip, text, sizeof(text)))
		return STR_NONE;
	return scratch_dup(&hs->s.scratch, str_from(text));
}

static bool forward_for(struct http_stream *hs)
{
	const struct proxy_conf *fe = http_frontend(hs), *be = http_proxy(hs);
	const union addr *src = stream_src(&hs->s);
	struct str name, text;

	if (!wanted(fe) && !wanted(be))
		return true;
	if ((src->family != AF_INET && src->family != AF_INET6) || excepted(fe, src) || excepted(be, src))
		return true;
	name = wanted(be) ? be->fwdfor_header : fe->fwdfor_header;
	if (!name.len)
		name = STR("x-forwarded-for");
	if (!always(fe) && !always(be) && http_find(&hs->req, name, NULL))
		return true;
	text = address_text(hs, src);
	return text.ptr && http_add(&hs->req, name, text);
}

static bool unique_id(struct http_stream *hs)
{
	const struct proxy_conf *fe = http_frontend(hs);
	struct eval e;

	if (!fe->unique_id_format)
		return true;
	if (!hs->s.log.unique_id.ptr) {
		stream_eval(&hs->s, &e, AT(FE_REQ_HDR));
		hs->s.log.unique_id = logfmt_text(&e, fe->unique_id_format);
	}
	if (!fe->unique_id_header.len)
		return true;
	return hs->s.log.unique_id.ptr && http_add(&hs->req, fe->unique_id_header, hs->s.log.unique_id);
}

bool http_headers_request(struct http_stream *hs)
{
	return unique_id(hs) && forward_for(hs);
}

/* One slot: the last field of that name, no longer than asked for. */
static struct str captured(struct http_stream *hs, struct http_msg *m, struct str name, uint32_t len)
{
	struct http_hdr *h = NULL, *last = NULL;

	while ((h = http_find(m, name, h)))
		last = h;
	if (!last)
		return STR_NONE;
	return scratch_dup(&hs->s.scratch,
			   str_make(last->value, last->value_len < len ? last->value_len : len));
}

void http_capture(struct http_stream *hs, bool response)
{
	const struct proxy_conf *fe = http_frontend(hs);
	uint32_t n = response ? fe->capture_response_n : fe->capture_request_n;
	const struct reply_header *names = response ? fe->capture_response : fe->capture_request;
	const uint32_t *lens = response ? fe->capture_response_len : fe->capture_request_len;
	struct http_msg *m = response ? &hs->res : &hs->req;
	struct str *slots = scratch_alloc(&hs->s.scratch, n * sizeof(*slots));

	if (!slots)
		return;
	for (uint32_t i = 0; i < n; i++)
		slots[i] = names[i].name.len ? captured(hs, m, names[i].name, lens[i]) : STR_NONE;
	if (response) {
		hs->s.cap_res = slots;
		hs->s.log.cap_res = slots;
		hs->s.log.ncap_res = n;
	} else {
		hs->s.cap_req = slots;
		hs->s.log.cap_req = slots;
		hs->s.log.ncap_req = n;
	}
}
