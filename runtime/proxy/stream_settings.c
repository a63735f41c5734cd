/* What rules have asked for around a message (eval/settings.h), put into effect: addresses that take the place
 * of the connection's, timeouts, marks of packets. Sessions keep theirs from tcp-request session rules on;
 * streams begin with those. Worker thread only. */
#include "runtime/proxy/stream.h"

#include <stdlib.h>
#include <sys/socket.h>

uint32_t stream_timeout(const struct stream *s, enum timeout_kind kind)
{
	bool client = kind == TMO_CLIENT || kind == TMO_CLIENT_FIN || kind == TMO_HTTP_REQUEST;
	const struct proxy *px = client || !s->backend ? s->session->frontend : s->backend;

	if (s->settings && s->settings->timeouts >> kind & 1)
		return s->settings->timeout[kind];
	return px->conf->timeout[kind];
}

static const union addr *set_of(const struct rule_settings *set, bool src)
{
	if (!set || !(set->has & (src ? SET_SRC : SET_DST)))
		return NULL;
	return src ? &set->src : &set->dst;
}

const union addr *stream_src(struct stream *s)
{
	const union addr *a = set_of(s->settings, true);

	if (!a)
		a = set_of(s->session->settings, true);
	return a ? a : &s->session->src;
}

const union addr *stream_dst(struct stream *s)
{
	const union addr *a = set_of(s->settings, false);

	if (!a)
		a = set_of(s->session->settings, false);
	return a ? a : session_dst(s->session);
}

void session_settings_eval(const struct rule_settings *set, struct eval *e)
{
	const union addr *src = set_of(set, true), *dst = set_of(set, false);

	if (src)
		e->src = src;
	if (dst)
		e->dst = dst;
}

/* Both families: a socket of IPv6 may carry IPv4 (tcp(7), ip(7)). */
static void tos_set(int fd, uint32_t tos)
{
	int value = (int)tos;

	setsockopt(fd, SOL_IP, IP_TOS, &value, sizeof(value));
	setsockopt(fd, SOL_IPV6, IPV6_TCLASS, &value, sizeof(value));
}

static void mark_set(int fd, uint32_t mark)
{
	setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
}

void settings_apply_client(struct rule_settings *set, int fd)
{
	if (!set || !(set->changed & (SET_FC_TOS | SET_FC_MARK)))
		return;
	if (set->changed & SET_FC_TOS)
		tos_set(fd, set->fc_tos);
	if (set->changed & SET_FC_MARK)
		mark_set(fd, set->fc_mark);
	set->changed &= ~(uint32_t)(SET_FC_TOS | SET_FC_MARK);
}

void session_settings_keep(struct session *s, const struct rule_settings *set)
{
	if (!set || !(set->has & (SET_SRC | SET_DST)))
		return;
	if (!s->settings)
		s->settings = malloc(sizeof(*s->settings));
	if (s->settings)
		*s->settings = *set;
}
