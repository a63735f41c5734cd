/* Servers that follow names: which of the addresses they take, what becomes of them when a name has none, and
 * services (RFC 2782) that give servers their names and ports. The words of the log are HAProxy's. Worker 0,
 * with dns->lock held; what others want is noted and done here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend/server_change.h"
#include "runtime/core/log.h"
#include "runtime/core/mailbox.h"
#include "runtime/dns/dns_state.h"
#include "runtime/net/address.h"

/* --- addresses */

static const char cache[] = "DNS cache";

static const char *why_down(enum dns_status status)
{
	switch (status) {
	case DNS_VALID:
		return "No IP for server ";
	case DNS_NX:
		return "DNS NX status";
	case DNS_TIMEOUT:
		return "DNS timeout status";
	case DNS_REFUSED:
		return "DNS refused status";
	default:
		return "unspecified DNS error";
	}
}

/* Manual, "hold": so long after a good answer a bad one does not count. */
static bool is_held(const struct dns_question *q)
{
	const uint32_t *hold = q->section->conf->hold;
	uint32_t ms = q->status == DNS_NX        ? hold[HOLD_NX]
		      : q->status == DNS_TIMEOUT ? hold[HOLD_TIMEOUT]
		      : q->status == DNS_REFUSED ? hold[HOLD_REFUSED]
						 : hold[HOLD_OTHER];

	return q->last_valid && q->section->dns->worker->now < q->last_valid + ms;
}

static bool same_ip(const union addr *a, const union addr *b)
{
	union addr x = *a, y = *b;

	if (x.family != y.family)
		return false;
	return x.family == AF_INET ? x.in.sin_addr.s_addr == y.in.sin_addr.s_addr
				   : memcmp(&x.in6.sin6_addr, &y.in6.sin6_addr, 16) == 0;
}

static bool in_nets(const struct server_conf *conf, const union addr *a)
{
	const uint8_t *ip =
		a->family == AF_INET ? (const uint8_t *)&a->in.sin_addr : (const uint8_t *)&a->in6.sin6_addr;

	for (uint32_t i = 0; i < server_conf_rare(conf)->nresolve_nets; i++) {
		const struct ip_net *net = &server_conf_rare(conf)->resolve_nets[i];
		uint32_t bits = net->bits <= 128 ? net->bits : 0;

		if (net->family != (a->family == AF_INET ? 4 : 6) || memcmp(ip, net->addr, bits / 8) != 0)
			continue;
		if (bits % 8 == 0 || ((ip[bits / 8] ^ net->addr[bits / 8]) >> (8 - bits % 8)) == 0)
			return true;
	}
	return false;
}

/* The preferred family counts most, then the preferred networks, then staying. */
static int score(const struct server_conf *conf, const union addr *a, bool current)
{
	int family = server_conf_rare(conf)->resolve_prefer == 1 ? AF_INET : AF_INET6;

	return (a->family == family) * 4 + in_nets(conf, a) * 2 + current;
}

static bool is_resolved(const struct server *s)
{
	return !(atomic_load(&((struct server *)(uintptr_t)s)->admin) & SRV_ADM_RMAINT);
}

/* Does another server that follows the name have this address? Those of services differ by their ports. */
static bool is_taken(const struct dns_question *q, const struct dns_follower *f, const union addr *a)
{
	const struct list *all = &q->followers;

	if (f->port || server_conf_rare(f->server->conf)->resolve_opts & RESOLVE_ALLOW_DUP)
		return false;
	for (const struct list *node = all->next; node != all; node = node->next) {
		const struct dns_follower *other = LIST_OF(node, const struct dns_follower, node);

		if (other != f && other->server->proxy == f->server->proxy && is_resolved(other->server) &&
		    same_ip(server_addr(other->server), a))
			return true;
	}
	return false;
}

static const union addr *choose(const struct dns_question *q, const struct dns_follower *f)
{
	const union addr *now = is_resolved(f->server) ? server_addr(f->server) : NULL, *best = NULL;
	int most = -1;

	for (uint32_t i = 0; i < q->nknown; i++) {
		const union addr *a = &q->known[i].record.addr;
		bool current = now && same_ip(a, now);
		int points = score(f->server->conf, a, current);

		if (points <= most || (!current && is_taken(q, f, a)))
			continue;
		most = points;
		best = a;
	}
	return best;
}

static void lose(struct dns_follower *f, struct worker *w, const char *why)
{
	if (!is_resolved(f->server))
		return;
	server_set_resolved(w, f->server, false, str_from(why));
	server_unresolve(w, f->server);
}

/* True when its address is another one now. */
static bool address_follow(struct dns_follower *f, const struct dns_question *q, const char *by)
{
	struct worker *w = q->section->dns->worker;
	const union addr *a = q->status == DNS_VALID ? choose(q, f) : NULL;
	bool changed = false;

	if (!f->server->lb)
		return false; /* it was removed from its backend */
	if (a) {
		changed = server_resolve(w, f->server, a, f->port, by);
		server_set_resolved(w, f->server, true, str_from(q->name));
	} else if (q->status == DNS_VALID || !is_held(q)) {
		lose(f, w, why_down(q->status));
	}
	return changed;
}

/* --- services */

static void name_say(struct dns_follower *f, struct worker *w, const char *before, const char *after,
		     const char *by)
{
	const struct server_conf *conf = f->server->conf;

	atomic_fetch_or(&f->server->admin, SRV_ADM_FQDN);
	log_event(w, conf->proxy, LL_NOTICE, "%.*s/%.*s changed its FQDN from %s to %s by '%s'",
		  STR_ARG(conf->proxy->name), STR_ARG(conf->name), before, after, by);
}

static uint16_t wanted_type(const struct server_conf *conf)
{
	return server_conf_rare(conf)->resolve_prefer == 1 ? DNS_A : DNS_AAAA;
}

static void name_leave(struct dns_follower *f)
{
	struct dns_question *q = f->question;

	if (!q)
		return;
	f->question = NULL;
	list_remove(&f->node);
	dns_question_leave(q);
}

/* An answer that is there already counts at once. */
static void name_take(struct dns_follower *f, struct dns_section *s, const char *name)
{
	struct dns_question *q = dns_question_get(s, name, wanted_type(f->server->conf));

	f->question = q;
	if (!q)
		return;
	list_append(&q->followers, &f->node);
	if (q->status == DNS_VALID && q->nknown)
		address_follow(f, q, cache);
}

static void service_weight(struct dns_follower *f, uint16_t weight)
{
	unsigned mine = (weight + 255u) / 256;

	if (!(server_conf_rare(f->server->conf)->resolve_opts & RESOLVE_IGNORE_WEIGHT) && mine + 1 != f->weight)
		server_set_weight(f->service->section->dns->worker, f->server, mine);
	f->weight = mine + 1;
}

static bool is_record(const struct dns_follower *f, const struct dns_record *r)
{
	return f->question && f->port == r->port && str_ieq(str_from(f->question->name), str_from(r->target));
}

static struct dns_follower *next_of(const struct list *node)
{
	return LIST_OF(node, struct dns_follower, service_node);
}

/* Those whose record has gone, and all of them when there is no answer any more. */
static void service_drop(struct dns_question *q)
{
	for (struct list *node = q->followers.next; node != &q->followers; node = node->next) {
		struct dns_follower *f = next_of(node);
		uint32_t i = 0;

		while (i < q->nknown && !is_record(f, &q->known[i].record))
			i++;
		if (!f->question || (q->status == DNS_VALID && i < q->nknown))
			continue;
		name_leave(f);
		f->port = 0;
		lose(f, q->section->dns->worker,
		     q->status == DNS_VALID ? "entry removed from SRV record" : why_down(q->status));
	}
}

static void service_give(struct dns_question *q, const struct dns_record *r)
{
	struct dns_follower *free_one = NULL;

	for (struct list *node = q->followers.next; node != &q->followers; node = node->next) {
		struct dns_follower *f = next_of(node);

		if (is_record(f, r)) {
			service_weight(f, r->weight);
			return;
		}
		if (!f->question && !free_one)
			free_one = f;
	}
	if (!free_one)
		return;
	free_one->port = r->port;
	name_say(free_one, q->section->dns->worker, "(null)", r->target, "SRV record");
	service_weight(free_one, r->weight);
	name_take(free_one, q->section, r->target);
}

static void service_follow(struct dns_question *q)
{
	if (q->status != DNS_VALID && is_held(q))
		return;
	for (uint32_t i = 0; q->status == DNS_VALID && i < q->nknown; i++)
		service_give(q, &q->known[i].record);
	service_drop(q);
}

bool dns_follow(struct dns_question *q, const char *by)
{
	bool changed = false;

	if (q->wanted == DNS_SRV) {
		service_follow(q);
		return false;
	}
	for (struct list *node = q->followers.next; node != &q->followers; node = node->next) {
		bool other = address_follow(LIST_OF(node, struct dns_follower, node), q, by);

		changed |= other && by != cache;
		by = cache;
	}
	return changed;
}

/* --- life */

static struct dns_section *section_of(struct dns *d, const struct server_conf *conf)
{
	for (uint32_t i = 0; i < d->nsections; i++)
		if (d->sections[i].conf == conf->resolvers_conf)
			return &d->sections[i];
	return str_is(conf->resolvers, "default") ? &d->sections[d->nsections - 1] : NULL;
}

static bool is_followed(const struct server_conf *conf)
{
	return conf->resolvers.len && conf->addr.kind == ADDR_NAME && conf->addr.path.len <= DNS_NAME_MAX &&
	       !conf->proxy->disabled;
}

static void follow_begin(struct dns_follower *f, struct dns_section *s)
{
	char name[DNS_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", STR_ARG(f->server->conf->addr.path));
	if (name[0] != '_') {
		name_take(f, s, name);
		return;
	}
	f->service = dns_question_get(s, name, DNS_SRV);
	if (f->service)
		list_append(&f->service->followers, &f->service_node);
}

static void followers_begin(struct dns *d)
{
	for (uint32_t i = 0; i < d->nfollowers; i++) {
		struct dns_section *s = section_of(d, d->followers[i].server->conf);

		if (s)
			follow_begin(&d->followers[i], s);
	}
}

static bool followers_init(struct dns *d, struct generation *g)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->nservers; i++)
		n += is_followed(g->servers[i]->conf);
	d->followers = calloc(n + 1, sizeof(*d->followers));
	if (!d->followers)
		return false;
	for (uint32_t i = 0; i < g->nservers; i++) {
		struct server *s = g->servers[i];
		struct dns_follower *f = &d->followers[d->nfollowers];

		if (!is_followed(s->conf))
			continue;
		f->server = s;
		list_init(&f->node);
		list_init(&f->service_node);
		atomic_fetch_add(&s->visits, 1); /* it cannot be removed */
		s->follower = f;
		d->nfollowers++;
	}
	return true;
}

bool dns_init(struct process *p)
{
	struct dns *d = p->dns = calloc(1, sizeof(*d));

	if (!d)
		return false;
	pthread_mutex_init(&d->lock, NULL);
	dns_family_init(d, p);
	return dns_sections_init(d, p->generation->model) && followers_init(d, p->generation);
}

void dns_start(struct worker *w)
{
	struct dns *d = w->process->dns;

	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	d->worker = w;
	followers_begin(d);
	pthread_mutex_unlock(&d->lock);
}

void dns_stop(struct worker *w)
{
	struct dns *d = w->process->dns;

	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	dns_sections_close(d);
	for (uint32_t i = 0; i < d->nfollowers; i++)
		d->followers[i].question = d->followers[i].service = NULL;
	d->worker = NULL;
	d->stopped = true;
	pthread_mutex_unlock(&d->lock);
}

void dns_free(struct process *p)
{
	struct dns *d = p->dns;

	p->dns = NULL;
	if (!d)
		return;
	dns_sections_free(d);
	free(d->followers);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* --- for the control socket */

void dns_names(struct process *p, struct server *s, char name[256], char service[256])
{
	struct dns_follower *f = s->follower;

	name[0] = service[0] = 0;
	if (!f || !p->dns) {
		if (s->conf->addr.kind == ADDR_NAME)
			snprintf(name, 256, "%.*s", STR_ARG(s->conf->addr.path));
		return;
	}
	pthread_mutex_lock(&p->dns->lock);
	if (f->question)
		snprintf(name, 256, "%s", f->question->name);
	if (f->service)
		snprintf(service, 256, "%s", f->service->name);
	pthread_mutex_unlock(&p->dns->lock);
}

static void wish_grant(struct worker *w, void *follower)
{
	struct dns_follower *f = follower;
	struct dns *d = w->process->dns;
	struct dns_section *s = d ? section_of(d, f->server->conf) : NULL;

	if (!s)
		return;
	pthread_mutex_lock(&d->lock);
	if (f->wish[0] && d->worker) {
		name_leave(f);
		name_take(f, s, f->wish);
		f->wish[0] = 0;
	}
	pthread_mutex_unlock(&d->lock);
}

/* One that can be asked for (RFC 1035, section 2.3.4). */
static bool name_is_good(struct str name)
{
	uint8_t query[DNS_QUERY_MAX];
	char text[DNS_NAME_MAX + 1];

	if (!name.len || name.len > DNS_NAME_MAX)
		return false;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	return dns_query(query, text, DNS_A, 0, 0) != 0;
}

bool dns_rename(struct worker *w, struct server *s, struct str name, const char *by, struct out *answer)
{
	struct process *p = w->process;
	struct dns_follower *f = s->follower;
	char before[256], service[256];

	if (!f || !p->dns)
		return false;
	dns_names(p, s, before, service);
	if (str_ieq(name, str_from(before))) {
		out_printf(answer, "no need to change the FDQN by '%s'\n", by);
		return true;
	}
	if (!name_is_good(name)) {
		out_printf(answer, "could not update %.*s/%.*s FQDN by '%s'\n", STR_ARG(s->proxy->conf->name),
			   STR_ARG(s->conf->name), by);
		return true;
	}
	pthread_mutex_lock(&p->dns->lock);
	snprintf(f->wish, sizeof(f->wish), "%.*s", STR_ARG(name));
	name_say(f, w, before[0] ? before : "(null)", f->wish, by);
	out_printf(answer, "%.*s/%.*s changed its FQDN from %s to %s by '%s'\n", STR_ARG(s->proxy->conf->name),
		   STR_ARG(s->conf->name), before[0] ? before : "(null)", f->wish, by);
	pthread_mutex_unlock(&p->dns->lock);
	return mailbox_post(p->workers[0], wish_grant, f);
}
