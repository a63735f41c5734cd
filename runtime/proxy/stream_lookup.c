/* A rule that looks up a name (action do-resolve): its stream waits for the answer, which sets a variable. When
 * there is none, the variable stays as it was and the rules go on (manual, "http-request do-resolve"). Worker
 * thread only. */
#include "runtime/proxy/stream_lookup.h"

#include "runtime/dns/lookup.h"
#include "runtime/eval/sample.h"

static void address_set(struct eval *e, const struct rule *rule, const union addr *addr)
{
	struct sample s = {0};

	if (sample_set_addr(&s, addr))
		var_set(e, rule->var, &s);
}

int stream_lookup_begin(struct stream *s, struct eval *e, const struct rule *rule, void (*done)(void *ctx))
{
	struct worker *w = s->session->conn.worker;
	union addr addr;
	struct str name;

	if (!sample_text(e, rule->sample, &name)) {
		e->wait.kind = EW_DATA;
		return e->want_more && e->may_wait ? V_WAIT : V_CONTINUE;
	}
	switch (dns_lookup(w, rule->name, name, str_is(rule->str, "ipv4") ? AF_INET : AF_INET6, &addr, done, s,
			   &s->lookup)) {
	case DNS_FOUND:
		address_set(e, rule, &addr);
		return V_CONTINUE;
	case DNS_NOT_FOUND:
		return V_CONTINUE;
	case DNS_ASKING:
		break;
	}
	e->wait.kind = EW_NAME;
	e->wait.ms = dns_lookup_ms(s->lookup);
	s->lookup_rule = rule;
	return V_WAIT;
}

bool stream_lookup_waits(const struct stream *s)
{
	union addr addr;

	return dns_lookup_result(s->lookup, &addr) == DNS_ASKING;
}

void stream_lookup_end(struct stream *s, struct eval *e)
{
	union addr addr;

	if (dns_lookup_result(s->lookup, &addr) == DNS_FOUND)
		address_set(e, s->lookup_rule, &addr);
	dns_lookup_end(&s->lookup);
}
