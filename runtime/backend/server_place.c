/* Servers that move: a new address or port while everything runs (management manual, "set server"). Places are
 * immutable and published by one pointer; who reads an old one may go on doing so. Two operators at once are
 * serialised by the proxy's lock. Any worker. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/base/out.h"
#include "runtime/backend/dynamic_cookie.h"
#include "runtime/backend/request.h"
#include "runtime/backend/server_change.h"
#include "runtime/core/log.h"
#include "runtime/net/address.h"

static void addr_show(const union addr *a, char text[INET6_ADDRSTRLEN])
{
	snprintf(text, INET6_ADDRSTRLEN, "unix");
	if (a->family == AF_INET)
		inet_ntop(AF_INET, &a->in.sin_addr, text, INET6_ADDRSTRLEN);
	else if (a->family == AF_INET6)
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, INET6_ADDRSTRLEN);
}

/* IPv4 or IPv6; the port stays. */
static bool addr_read(struct str text, union addr *a)
{
	char c_text[INET6_ADDRSTRLEN];
	uint16_t port = address_port(a);

	if (text.len >= sizeof(c_text))
		return false;
	memcpy(c_text, text.ptr, text.len);
	c_text[text.len] = 0;
	memset(a, 0, sizeof(*a));
	a->family = str_chr(text, ':') < text.len ? AF_INET6 : AF_INET;
	if (inet_pton(a->family, c_text,
		      a->family == AF_INET6 ? (void *)&a->in6.sin6_addr : (void *)&a->in.sin_addr) != 1)
		return false;
	address_set_port(a, port);
	return true;
}

static void place_begin(const struct server *s, struct server_place *p)
{
	const struct server_place *now = atomic_load(&s->place);
	const struct addr_conf *conf = &s->conf->addr;

	*p = now ? *now
		 : (struct server_place){.addr = s->addr, .relative = !conf->port_given || conf->port_relative};
	if (!now)
		snprintf(p->port, sizeof(p->port), "%s%d",
			 conf->port_relative && conf->port_offset >= 0 ? "+" : "",
			 conf->port_relative ? conf->port_offset : address_port(&s->addr));
}

/* True when the address is another one. */
static bool place_addr(struct server_place *p, struct str addr, struct out *answer)
{
	union addr to = p->addr;
	char before[INET6_ADDRSTRLEN], after[INET6_ADDRSTRLEN];

	if (p->addr.family != AF_INET && p->addr.family != AF_INET6) {
		out_puts(answer, "Update for the current server address family is only supported through "
				 "configuration file");
		return false;
	}
	addr_show(&p->addr, before);
	if (!addr_read(addr, &to))
		return false;
	addr_show(&to, after);
	if (strcmp(before, after) == 0) {
		out_puts(answer, "no need to change the addr");
		return false;
	}
	out_printf(answer, "IP changed from '%s' to '%s'", before, after);
	p->addr = to;
	return true;
}

/* "80", "+7", "-7". */
static bool place_port(struct server_place *p, struct str port, bool has_check_port, struct out *answer)
{
	bool relative = port.len && (port.ptr[0] == '+' || port.ptr[0] == '-');
	char before[8];
	int64_t n;

	if (!str_to_i64(port.len && port.ptr[0] == '+' ? str_tail(port, 1) : port, &n)) {
		out_printf(answer, ", problem converting port '%.*s' to an int", STR_ARG(port));
		return false;
	}
	if (n > 65535 || n < -65535 || (!relative && n < 0)) {
		out_puts(answer, ", provided port is not valid");
		return false;
	}
	if (relative && !has_check_port) {
		out_puts(answer,
			 ", can't change <port> to port map because it is incompatible with current health "
			 "check port configuration (use 'port' statement from the 'server' directive.");
		return false;
	}
	memcpy(before, p->port, sizeof(before));
	snprintf(p->port, sizeof(p->port), "%s%d", relative && n >= 0 ? "+" : "", (int)n);
	if (p->relative == relative && strcmp(before, p->port) == 0) {
		out_puts(answer, ", no need to change the port");
		return false;
	}
	p->relative = relative;
	address_set_port(&p->addr, (uint16_t)n);
	out_printf(answer, ", port changed from '%s' to '%s'", before, p->port);
	return true;
}

static bool same_place(const struct server_place *a, const struct server_place *b)
{
	if (a->relative != b->relative || strcmp(a->port, b->port) != 0 || a->addr.family != b->addr.family ||
	    address_port(&a->addr) != address_port(&b->addr))
		return false;
	if (a->addr.family == AF_UNSPEC)
		return true;
	return a->addr.family == AF_INET
		       ? a->addr.in.sin_addr.s_addr == b->addr.in.sin_addr.s_addr
		       : memcmp(&a->addr.in6.sin6_addr, &b->addr.in6.sin6_addr, sizeof(struct in6_addr)) == 0;
}

/* Places are kept, as somebody may be reading them; one that it had before serves again, so that there are no
 * more of them than different ones. */
static bool place_publish(struct server *s, const struct server_place *place)
{
	struct server_place *p = s->places;

	while (p && !same_place(p, place))
		p = p->older;
	if (!p) {
		p = malloc(sizeof(*p));
		if (!p)
			return false;
		*p = *place;
		p->older = s->places;
		s->places = p;
	}
	atomic_store_explicit(&s->place, p, memory_order_release);
	return true;
}

bool server_move(struct worker *w, struct server *s, struct str addr, const struct str *port, const char *by,
		 struct out *answer)
{
	union addr probe = {.family = AF_INET};
	struct server_place place;
	size_t begin = answer->len;
	bool changed;

	if (!addr_read(addr, &probe)) {
		out_printf(answer, "Invalid addr '%.*s' by '%s'\n", STR_ARG(addr), by);
		return false;
	}
	pthread_mutex_lock(&s->proxy->lb_lock);
	place_begin(s, &place);
	changed = place_addr(&place, addr, answer);
	if (port)
		changed |= place_port(&place, *port, s->conf->check_port != 0, answer);
	if (changed && !place_publish(s, &place)) {
		answer->len = begin;
		out_puts(answer, "out of memory");
		changed = false;
	}
	if (changed)
		balance_moved(s);
	if (changed && s->proxy->dynamic_cookies)
		dynamic_cookies_make(s->proxy);
	pthread_mutex_unlock(&s->proxy->lb_lock);
	out_printf(answer, " by '%s'\n", by);
	if (changed)
		idle_close_everywhere(w, s);
	return changed;
}

/* Where it is while its name leads to that address. */
static void place_resolved(const struct server *s, struct server_place *p, const union addr *addr,
			   uint16_t port)
{
	const struct addr_conf *conf = &s->conf->addr;
	uint16_t own = address_port(&p->addr);

	if (p->addr.family == AF_UNSPEC) { /* the first one */
		own = conf->port_relative ? (uint16_t)conf->port_offset : conf->port;
		snprintf(p->port, sizeof(p->port), "%s%d",
			 conf->port_relative && conf->port_offset >= 0 ? "+" : "",
			 conf->port_relative ? conf->port_offset : conf->port);
	}
	p->addr = *addr;
	if (port) {
		own = port;
		p->relative = false;
		snprintf(p->port, sizeof(p->port), "%u", port);
	}
	address_set_port(&p->addr, own);
}

bool server_resolve(struct worker *w, struct server *s, const union addr *addr, uint16_t port, const char *by)
{
	struct server_place before, after;
	char from[INET6_ADDRSTRLEN] = "(none)", to[INET6_ADDRSTRLEN];
	bool changed;

	pthread_mutex_lock(&s->proxy->lb_lock);
	place_begin(s, &before);
	after = before;
	place_resolved(s, &after, addr, port);
	changed = !same_place(&before, &after) && place_publish(s, &after);
	if (changed)
		balance_moved(s);
	if (changed && s->proxy->dynamic_cookies)
		dynamic_cookies_make(s->proxy);
	pthread_mutex_unlock(&s->proxy->lb_lock);
	if (!changed)
		return false;
	if (before.addr.family != AF_UNSPEC)
		addr_show(&before.addr, from);
	addr_show(&after.addr, to);
	if (strcmp(from, to) != 0)
		log_event(w, s->conf->proxy, LL_NOTICE, "%.*s/%.*s changed its IP from %s to %s by %s.",
			  STR_ARG(s->conf->proxy->name), STR_ARG(s->conf->name), from, to, by);
	idle_close_everywhere(w, s);
	return true;
}

void server_unresolve(struct worker *w, struct server *s)
{
	struct server_place place;

	pthread_mutex_lock(&s->proxy->lb_lock);
	place_begin(s, &place);
	if (place.addr.family != AF_UNSPEC) {
		memset(&place.addr, 0, sizeof(place.addr));
		place_publish(s, &place);
	}
	pthread_mutex_unlock(&s->proxy->lb_lock);
	idle_close_everywhere(w, s);
}

void server_place_free(struct server *s)
{
	struct server_place *p = s->places;

	s->places = NULL;
	while (p) {
		struct server_place *older = p->older;

		free(p);
		p = older;
	}
	atomic_store(&s->place, NULL);
}
