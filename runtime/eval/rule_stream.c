/* Actions that change the stream around a message (manual, section 4.2: set-src, set-timeout,
 * set-priority-class, set-mark, set-tos, set-retries ...), and those that make it wait (pause, wait-for-body,
 * do-resolve) or say something ahead of the response (early-hint, do-log). They note what is wanted; the host
 * acts on it. One thread. */
#include "runtime/eval/settings.h"

#include <arpa/inet.h>

#include "runtime/eval/rules.h"

enum { PRIO_CLASS_MAX = 2047, PRIO_OFFSET_MAX = 524287 };

struct rule_settings *settings_get(struct eval *e)
{
	struct rule_settings *s;

	if (!e->settings)
		return NULL;
	if (*e->settings)
		return *e->settings;
	s = scratch_alloc(e->scratch, sizeof(*s));
	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	e->engine->kept++;
	*e->settings = s;
	return s;
}

/* --- addresses */

static void addr_note(struct eval *e, bool src, const union addr *value)
{
	struct rule_settings *s = settings_get(e);

	if (!s)
		return;
	*(src ? &s->src : &s->dst) = *value;
	s->has |= src ? SET_SRC : SET_DST;
	*(src ? &e->src : &e->dst) = src ? &s->src : &s->dst;
}

static in_port_t port_of(const union addr *a)
{
	if (!a)
		return 0;
	return a->family == AF_INET ? a->in.sin_port : a->family == AF_INET6 ? a->in6.sin6_port : 0;
}

/* The port stays (manual, "set-src"). */
static enum verdict set_addr(struct eval *e, const struct rule *rule, bool src)
{
	in_port_t port = port_of(src ? e->src : e->dst);
	union addr a;
	struct sample s;

	if (!sample_eval(e, rule->sample, &s) || !sample_cast(e, &s, SMP_ADDR))
		return V_CONTINUE;
	memset(&a, 0, sizeof(a));
	a.family = s.type == SMP_IPV4 ? AF_INET : AF_INET6;
	if (a.family == AF_INET) {
		memcpy(&a.in.sin_addr, s.ip, 4);
		a.in.sin_port = port;
	} else {
		memcpy(&a.in6.sin6_addr, s.ip, 16);
		a.in6.sin6_port = port;
	}
	addr_note(e, src, &a);
	return V_CONTINUE;
}

/* What has no port becomes 0.0.0.0 (manual, "set-src-port"). */
static enum verdict set_port(struct eval *e, const struct rule *rule, bool src)
{
	const union addr *before = src ? e->src : e->dst;
	union addr a = {0};
	int64_t port;

	if (!rule_number(e, rule, &port))
		return V_CONTINUE;
	a.family = AF_INET;
	if (before && (before->family == AF_INET || before->family == AF_INET6))
		a = *before;
	*(a.family == AF_INET ? &a.in.sin_port : &a.in6.sin6_port) = htons((uint16_t)port);
	addr_note(e, src, &a);
	return V_CONTINUE;
}

enum verdict rule_set_src(struct eval *e, const struct rule *rule)
{
	return set_addr(e, rule, true);
}

enum verdict rule_set_dst(struct eval *e, const struct rule *rule)
{
	return set_addr(e, rule, false);
}

enum verdict rule_set_src_port(struct eval *e, const struct rule *rule)
{
	return set_port(e, rule, true);
}

enum verdict rule_set_dst_port(struct eval *e, const struct rule *rule)
{
	return set_port(e, rule, false);
}

/* --- marks of packets */

static enum verdict set_packets(struct eval *e, const struct rule *rule, enum rule_setting what, size_t offset)
{
	struct rule_settings *s;
	int64_t value;

	if (!rule_number(e, rule, &value) || !(s = settings_get(e)))
		return V_CONTINUE;
	*(uint32_t *)((char *)s + offset) = (uint32_t)value;
	s->has |= what;
	s->changed |= what;
	return V_CONTINUE;
}

enum verdict rule_set_mark(struct eval *e, const struct rule *rule)
{
	return set_packets(e, rule, SET_FC_MARK, offsetof(struct rule_settings, fc_mark));
}

enum verdict rule_set_tos(struct eval *e, const struct rule *rule)
{
	return set_packets(e, rule, SET_FC_TOS, offsetof(struct rule_settings, fc_tos));
}

enum verdict rule_set_bc_mark(struct eval *e, const struct rule *rule)
{
	return set_packets(e, rule, SET_BC_MARK, offsetof(struct rule_settings, bc_mark));
}

enum verdict rule_set_bc_tos(struct eval *e, const struct rule *rule)
{
	return set_packets(e, rule, SET_BC_TOS, offsetof(struct rule_settings, bc_tos));
}

/* All streams of a worker are served in turn: there is nothing to be nicer to. */
enum verdict rule_set_nice(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_CONTINUE;
}

/* --- queue and retries */

static int32_t limited(int64_t value, int32_t max)
{
	return value < -max ? -max : value > max ? max : (int32_t)value;
}

static enum verdict set_priority(struct eval *e, const struct rule *rule, bool class)
{
	struct rule_settings *s;
	int64_t value;

	if (!rule_number(e, rule, &value) || !(s = settings_get(e)))
		return V_CONTINUE;
	if (class)
		s->prio_class = limited(value, PRIO_CLASS_MAX);
	else
		s->prio_offset = limited(value, PRIO_OFFSET_MAX);
	s->has |= SET_PRIORITY;
	return V_CONTINUE;
}

enum verdict rule_set_priority_class(struct eval *e, const struct rule *rule)
{
	return set_priority(e, rule, true);
}

enum verdict rule_set_priority_offset(struct eval *e, const struct rule *rule)
{
	return set_priority(e, rule, false);
}

enum verdict rule_set_retries(struct eval *e, const struct rule *rule)
{
	struct rule_settings *s;
	int64_t value;

	if (!rule_number(e, rule, &value) || value < 0 || !(s = settings_get(e)))
		return V_CONTINUE;
	s->retries = value > 100 ? 100 : (uint32_t)value;
	s->has |= SET_RETRIES;
	return V_CONTINUE;
}

enum verdict rule_disable_l7_retry(struct eval *e, const struct rule *rule)
{
	struct rule_settings *s = settings_get(e);

	(void)rule;
	if (s)
		s->has |= SET_NO_L7_RETRY;
	return V_CONTINUE;
}

/* --- headers that a client sends first */

static enum verdict expect(struct eval *e, enum rule_setting what)
{
	struct rule_settings *s = settings_get(e);

	if (s)
		s->has |= what;
	return s ? V_CONTINUE : V_ERROR;
}

enum verdict rule_expect_proxy(struct eval *e, const struct rule *rule)
{
	(void)rule;
	return expect(e, SET_EXPECT_PROXY);
}

enum verdict rule_expect_netscaler_cip(struct eval *e, const struct rule *rule)
{
	(void)rule;
	return expect(e, SET_EXPECT_CIP);
}

/* --- time */

/* No time at all is no timeout (manual: it must be non-null). */
enum verdict rule_set_timeout(struct eval *e, const struct rule *rule)
{
	struct rule_settings *s;
	int64_t ms;

	if (!rule_number(e, rule, &ms) || ms <= 0 || !(s = settings_get(e)))
		return V_CONTINUE;
	s->timeout[rule->flags] = ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;
	s->timeouts |= 1u << rule->flags;
	return V_CONTINUE;
}

enum verdict rule_pause(struct eval *e, const struct rule *rule)
{
	int64_t ms;

	if (!rule_number(e, rule, &ms) || ms <= 0 || !e->live)
		return V_CONTINUE;
	e->wait.kind = EW_PAUSE;
	e->wait.ms = (uint64_t)ms;
	return V_WAIT;
}

enum verdict rule_wait_for_body(struct eval *e, const struct rule *rule)
{
	if (!e->live)
		return V_CONTINUE;
	e->wait.kind = EW_BODY;
	e->wait.ms = (uint64_t)rule->num;
	e->wait.bytes = rule->flags;
	return V_WAIT;
}

enum verdict rule_do_resolve(struct eval *e, const struct rule *rule)
{
	return e->live && e->live->resolve ? (enum verdict)e->live->resolve(e->live_ctx, e, rule) : V_CONTINUE;
}

/* Without TLS there is nothing to wait for; with it the request comes after the handshake, but for early data.
 */
enum verdict rule_wait_for_handshake(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_CONTINUE;
}

/* --- ahead of the response */

/* Neighbouring rules make one response; a rule with a condition begins another. */
enum verdict rule_early_hint(struct eval *e, const struct rule *rule)
{
	const struct rule *next = e->next_rule;
	bool last = !next || next->action != rule->action || next->cond;
	struct str value;

	if (!e->live || !e->live->early_hint)
		return V_CONTINUE;
	value = logfmt_text(e, rule->fmt);
	if (!value.ptr)
		return rule_failed(e);
	return e->live->early_hint(e->live_ctx, rule->name, value, last) ? V_CONTINUE : rule_failed(e);
}

enum verdict rule_do_log(struct eval *e, const struct rule *rule)
{
	if (e->live && e->live->log)
		e->live->log(e->live_ctx, rule);
	return V_CONTINUE;
}

enum verdict rule_attach_srv(struct eval *e, const struct rule *rule)
{
	if (e->live && e->live->attach)
		e->live->attach(e->live_ctx, e, rule);
	return V_CONTINUE;
}

enum verdict rule_set_bandwidth_limit(struct eval *e, const struct rule *rule)
{
	if (rule->filter && e->live && e->live->limit)
		e->live->limit(e->live_ctx, e, rule);
	return V_CONTINUE;
}
