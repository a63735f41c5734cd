/* Fields that tell the server who the client is and where it went: X-Forwarded-For, X-Original-To and Forwarded
 * (manual, options forwardfor, originalto and forwarded; RFC 7239). Worker thread only. */
#include "runtime/proxy/http_fields.h"

#include <arpa/inet.h>

#include "runtime/eval/sample.h"

static bool net_has(const struct ip_net *net, const union addr *a)
{
	const uint8_t *ip =
		a->family == AF_INET ? (const uint8_t *)&a->in.sin_addr : (const uint8_t *)&a->in6.sin6_addr;
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (net->family != (a->family == AF_INET ? 4 : 6) || memcmp(net->addr, ip, whole) != 0)
		return false;
	return !rest || (net->addr[whole] ^ ip[whole]) >> (8 - rest) == 0;
}

static bool is_inet(const union addr *a)
{
	return a && (a->family == AF_INET || a->family == AF_INET6);
}

static struct str address_text(struct http_stream *hs, const union addr *a)
{
	char text[INET6_ADDRSTRLEN];
	const void *ip = a->family == AF_INET ? (const void *)&a->in.sin_addr : (const void *)&a->in6.sin6_addr;

	if (!inet_ntop(a->family, ip, text, sizeof(text)))
		return STR_NONE;
	return scratch_dup(&hs->s.scratch, str_from(text));
}

/* --- X-Forwarded-For */

static bool wanted(const struct proxy_conf *px)
{
	return proxy_option_is_set(px, PO_FORWARDFOR) || proxy_option_is_set(px, PO_FORWARDFOR_IF_NONE);
}

/* Is the field wanted even where the request has one? */
static bool always(const struct proxy_conf *px)
{
	return proxy_option_is_set(px, PO_FORWARDFOR) && !proxy_option_is_set(px, PO_FORWARDFOR_IF_NONE);
}

static bool excepted(const struct ip_net *fe, const struct ip_net *be, const union addr *a)
{
	return (fe && net_has(fe, a)) || (be && net_has(be, a));
}

static bool forward_for(struct http_stream *hs)
{
	const struct proxy_conf *fe = http_frontend(hs), *be = http_proxy(hs);
	const union addr *src = stream_src(&hs->s);
	struct str name, text;

	if (!wanted(fe) && !wanted(be))
		return true;
	if (!is_inet(src) || excepted(fe->fwdfor_except, be->fwdfor_except, src))
		return true;
	name = wanted(be) ? be->fwdfor_header : fe->fwdfor_header;
	if (!name.len)
		name = STR("x-forwarded-for");
	if (!always(fe) && !always(be) && http_find(&hs->req, name, NULL))
		return true;
	text = address_text(hs, src);
	return text.ptr && http_add(&hs->req, name, text);
}

/* --- X-Original-To */

static bool original_to(struct http_stream *hs)
{
	const struct proxy_conf *fe = http_frontend(hs), *be = http_proxy(hs);
	const union addr *dst;
	struct str name, text;

	if (!proxy_option_is_set(fe, PO_ORIGINALTO) && !proxy_option_is_set(be, PO_ORIGINALTO))
		return true;
	dst = stream_dst(&hs->s);
	if (!is_inet(dst) || excepted(fe->origto_except, be->origto_except, dst))
		return true;
	name = proxy_option_is_set(be, PO_ORIGINALTO) ? be->origto_header : fe->origto_header;
	text = address_text(hs, dst);
	return text.ptr && http_add(&hs->req, name.len ? name : STR("x-original-to"), text);
}

/* --- Forwarded */

static bool is_obfuscated_char(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == '_' ||
	       c == '-';
}

static bool is_address(struct str text, int family)
{
	char copy[INET6_ADDRSTRLEN + 1];
	struct in6_addr ip;

	if (!text.len || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	return inet_pton(family, copy, &ip) == 1;
}

/* A name of RFC 7239, section 6: address, `unknown`, or something that begins with an underscore. */
static void name_put(struct out *o, struct str text, bool *quote)
{
	if (is_address(text, AF_INET6)) {
		*quote = true;
		out_printf(o, "[%.*s]", STR_ARG(text));
		return;
	}
	for (size_t i = 0; i < text.len; i++)
		if (!is_obfuscated_char(text.ptr[i])) {
			out_str(o, STR("unknown"));
			return;
		}
	if (!text.len)
		out_str(o, STR("unknown"));
	else if (text.ptr[0] != '_' && !str_is(text, "unknown") && !is_address(text, AF_INET))
		out_char(o, '_');
	out_str(o, text);
}

static void port_put(struct out *o, struct str text)
{
	uint64_t port;

	out_char(o, ':');
	if (!(str_to_u64(text, &port) && port <= 65535) && (!text.len || text.ptr[0] != '_'))
		out_char(o, '_');
	out_str(o, text);
}

/* A part's text: its expression's, or what the connection says. */
static struct str part_text(struct eval *e, const struct forwarded_part *part, struct str usual)
{
	struct str text;

	if (!part->expr)
		return usual;
	return sample_text(e, part->expr, &text) ? text : STR("");
}

static struct str port_text(struct http_stream *hs, const union addr *a)
{
	if (!is_inet(a))
		return STR("");
	return scratch_printf(&hs->s.scratch, "%u",
			      ntohs(a->family == AF_INET ? a->in.sin_port : a->in6.sin6_port));
}

/* ";name=node" or ";name="node:port"", without the semicolon when it is the first part. */
static void node_put(struct http_stream *hs, struct eval *e, struct out *o, const char *name,
		     const union addr *a, const struct forwarded_part *node, const struct forwarded_part *port)
{
	struct out value = out_growing(SCRATCH_CHUNK * 4);
	bool quote = port->set;

	if (node->set)
		name_put(&value, part_text(e, node, is_inet(a) ? address_text(hs, a) : STR("unknown")), &quote);
	else
		out_str(&value, STR("unknown"));
	if (port->set)
		port_put(&value, part_text(e, port, port_text(hs, a)));
	out_printf(o, "%s%s=%s%.*s%s", o->len ? ";" : "", name, quote ? "\"" : "", STR_ARG(out_get(&value)),
		   quote ? "\"" : "");
	out_free(&value);
}

static struct str request_host(struct http_stream *hs)
{
	struct http_hdr *h = http_find_id(&hs->req, HN_HOST, NULL);

	return h ? str_make(h->value, h->value_len) : STR("");
}

static bool forwarded(struct http_stream *hs)
{
	const struct forwarded_conf *f = http_proxy(hs)->forwarded;
	struct out o = out_growing(SCRATCH_CHUNK * 16);
	struct str value;
	struct eval e;

	stream_eval(&hs->s, &e, AT(BE_REQ_HDR));
	if (f->proto)
		out_str(&o, hs->s.session->listener->conf->ssl ? STR("proto=https") : STR("proto=http"));
	if (f->host.set)
		out_printf(&o, "%shost=\"%.*s\"", o.len ? ";" : "",
			   STR_ARG(part_text(&e, &f->host, request_host(hs))));
	if (f->by.set || f->by_port.set)
		node_put(hs, &e, &o, "by", stream_dst(&hs->s), &f->by, &f->by_port);
	if (f->for_.set || f->for_port.set)
		node_put(hs, &e, &o, "for", stream_src(&hs->s), &f->for_, &f->for_port);
	value = o.truncated ? STR_NONE : scratch_dup(&hs->s.scratch, out_get(&o));
	out_free(&o);
	return value.ptr && http_add(&hs->req, STR("forwarded"), value);
}

bool http_forward_add(struct http_stream *hs)
{
	if (!forward_for(hs) || !original_to(hs))
		return false;
	return !proxy_option_is_set(http_proxy(hs), PO_FORWARDED) || forwarded(hs);
}
