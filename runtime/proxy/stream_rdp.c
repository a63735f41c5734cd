/* RDP cookies: `persist rdp-cookie` finds the server that a terminal server's cookie names, `balance
 * rdp-cookie` hashes its value (manual, keywords "persist rdp-cookie" and "balance"). The cookie has been
 * waited for by tcp-request rules, or is not there. */
#include "runtime/proxy/stream.h"

#include "runtime/backend/balance_key.h"
#include "runtime/eval/fetch_rdp.h"
#include "runtime/net/address.h"

static const struct str usual_name = {"msts", 4};

/* A decimal number up to a dot, at most max; false: it is none. */
static bool number_take(struct str *text, uint64_t max, uint64_t *n)
{
	size_t dot = str_chr(*text, '.');
	bool ok = dot < text->len && str_to_u64(str_sub(*text, 0, dot), n) && *n <= max;

	*text = str_tail(*text, dot + 1);
	return ok;
}

/* "16777343.15629.0000": address and port as the terminal server's processor keeps them, the last byte first.
 */
bool rdp_address(struct str value, union addr *addr)
{
	uint64_t ip, port;
	uint8_t bytes[4];

	if (!number_take(&value, UINT32_MAX, &ip) || !number_take(&value, UINT16_MAX, &port))
		return false;
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(ip >> (8 * i));
	*addr = (union addr){
		.in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(port >> 8 | (port & 0xff) << 8))}};
	memcpy(&addr->in.sin_addr, bytes, sizeof(bytes));
	return true;
}

static void stay(struct stream *s, const union addr *at)
{
	struct proxy *px = s->backend;
	bool persist = proxy_option_is_set(px->conf, PO_PERSIST);

	for (uint32_t i = 0; i < px->nservers; i++) {
		const union addr *a = server_addr(px->servers[i]);

		if (a->family != AF_INET || a->in.sin_addr.s_addr != at->in.sin_addr.s_addr ||
		    a->in.sin_port != at->in.sin_port)
			continue;
		if (!server_is_reachable(px->servers[i]) && !persist)
			continue;
		s->server.server = px->servers[i];
		s->server.forced = persist;
		return;
	}
}

void stream_rdp(struct stream *s, struct eval *e)
{
	const struct proxy_conf *conf = s->backend->conf;
	struct str value;
	union addr at;

	if (conf->persist_rdp && !s->server.server &&
	    rdp_cookie_find(e, conf->persist_rdp_name.len ? conf->persist_rdp_name : usual_name, &value) &&
	    rdp_address(value, &at))
		stay(s, &at);
	if (conf->balance.kind != BAL_RDP_COOKIE)
		return;
	s->server.has_key = false;
	if (rdp_cookie_find(e, conf->balance.name, &value) && value.len)
		balance_key_sample(&s->server, value);
}
