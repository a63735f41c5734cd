/* `resolvers` sections (manual, section 5.3.2) and what servers want of them. Works on the state of one walk;
 * sections go to the model. One thread. */
#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"
#include "grammar/model_dns.h"

enum { RETRIES = 3, SECOND = 1000, PAYLOAD = 512 };

void check_resolvers_begin(struct checker *k, struct named_section *named)
{
	struct resolvers_conf *r = ARENA_NEW(k->a, struct resolvers_conf);

	r->name = check_keep(k, named->name ? named->name->text : STR_NONE);
	r->pos = check_pos(k, named->header);
	for (int i = 0; i < HOLD_VALID; i++)
		r->hold[i] = 30 * SECOND;
	r->hold[HOLD_VALID] = 10 * SECOND;
	r->retries = RETRIES;
	r->timeout_resolve = r->timeout_retry = SECOND;
	r->payload = PAYLOAD;
	named->resolvers = r;
	k->object = r;
	*vec_push(k->a, &k->m->resolvers) = r;
}

/* nameserver NAME ADDRESS: datagrams, unless the address says tcp@. */
bool check_nameserver(const struct keyword_use *use)
{
	struct nameserver_conf ns = {0};
	struct str who;

	if (use->n < 2) {
		check_missing(use, "a name and an address");
		return false;
	}
	ns.name = check_keep(use->k, use->words[0].text);
	who = arena_printf(use->k->scratch, "'%s %.*s'", use->row->name, STR_ARG(ns.name));
	if (!check_arity(use, 2, 2) ||
	    !address_parse_word(use->k->c, &use->words[1],
				ADDRESS_PORT | ADDRESS_PORT_NEEDED | ADDRESS_STREAM | ADDRESS_DATAGRAM, who.ptr,
				&ns.addr))
		return false;
	ns.stream = ns.addr.stream;
	*vec_push(use->k->a, &use->k->named->resolvers->servers) = ns;
	return true;
}

bool check_hold(const struct keyword_use *use)
{
	uint32_t before = use->k->d->list.n;
	int64_t which, value;

	if (use->n < 2 ||
	    !check_choice(use, &use->words[0], "nx|timeout|refused|other|valid|obsolete", &which)) {
		if (use->n < 2)
			check_missing(use, "an event and a time");
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'hold' expects an <event> and a <time> as arguments.");
		return false;
	}
	if (!check_time(use, &use->words[1], UNIT_MS, &value))
		return false;
	use->k->named->resolvers->hold[which] = (uint32_t)value;
	return true;
}

/* dns-accept-family ipv4|ipv6|auto[,...] (manual 3.4, section 3.1) */
bool check_dns_families(const struct keyword_use *use)
{
	static const struct str names[] = {STR("ipv4"), STR("ipv6"), STR("auto")};
	const struct word *w = &use->words[0];
	uint8_t families = 0;

	for (size_t at = 0, end; at <= w->text.len; at = end + 1) {
		struct str name = str_tail(w->text, at);
		unsigned i = 0;

		name.len = str_chr(name, ',');
		end = at + name.len;
		while (i < 3 && !str_eq(name, names[i]))
			i++;
		if (i == 3) {
			diag_add(use->k->d, D_BAD_ARGUMENT, word_span(w, at, name.len),
				 "`%.*s` is no family of addresses: `ipv4`, `ipv6` or `auto` are",
				 STR_ARG(name));
			return false;
		}
		families |= (uint8_t)(1u << i);
	}
	use->k->m->global.dns_families = families;
	return true;
}

void check_finish_resolvers(struct checker *k, struct server_conf *s)
{
	s->resolvers_conf = NULL;
	vec_each (r, &k->m->resolvers)
		if (!s->resolvers_conf && s->resolvers.len && str_eq((*r)->name, s->resolvers))
			s->resolvers_conf = *r;
}
