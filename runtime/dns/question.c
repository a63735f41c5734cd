/* Questions: asked of all name servers at once, the first good answer counts. When all have refused, the other
 * family of addresses is tried; when that is of no use either, or nobody answers in time, the question is
 * repeated as often as the section says (manual, section 5.3.2). Whatever comes of it, it is asked again later.
 * Ids are unpredictable and used once. Worker 0, with dns->lock held. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "runtime/dns/dns_state.h"

enum { FIRST_MS = 1, EDNS_NONE = 512, ID_TRIES = 16 };

static struct worker *worker_of(const struct dns_question *q)
{
	return q->section->dns->worker;
}

static struct list *bucket(struct dns_section *s, uint16_t id)
{
	return &s->by_id[id % ID_BUCKETS];
}

static uint16_t id_of(const uint8_t *msg)
{
	return (uint16_t)(msg[0] << 8 | msg[1]);
}

static struct dns_question *asked_with(struct dns_section *s, uint16_t id)
{
	struct list *all = bucket(s, id);

	for (struct list *node = all->next; node != all; node = node->next) {
		struct dns_question *q = LIST_OF(node, struct dns_question, id_node);

		if (id_of(q->query) == id)
			return q;
	}
	return NULL;
}

/* One that is not in use. */
static uint16_t id_new(struct dns_section *s)
{
	uint16_t id = 0;

	for (int i = 0; i < ID_TRIES; i++) {
		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			id = (uint16_t)worker_random(s->dns->worker);
		if (!asked_with(s, id))
			break;
	}
	return id;
}

static void stop(struct dns_question *q)
{
	q->asking = false;
	list_remove(&q->id_node);
}

static void over(struct dns_question *q, enum dns_status status, const char *by)
{
	struct worker *w = worker_of(q);

	stop(q);
	q->status = status;
	if (status == DNS_VALID)
		q->last_valid = w->now;
	deadline_set(w, &q->deadline,
		     w->now + (q->section->conf->timeout_resolve ? q->section->conf->timeout_resolve : 1));
	dns_follow(q, by);
}

/* With another message, so that late answers to earlier ones are told apart. */
static void ask(struct dns_question *q, uint16_t type)
{
	struct worker *w = worker_of(q);
	struct dns_section *s = q->section;
	uint32_t payload = s->conf->payload;

	list_remove(&q->id_node);
	q->type = type;
	q->refusals = 0;
	q->nquery = dns_query(q->query, q->name, type, id_new(s), payload > EDNS_NONE ? payload : 0);
	if (!q->nquery) {
		over(q, DNS_OTHER, "");
		return;
	}
	q->asking = true;
	list_append(bucket(s, id_of(q->query)), &q->id_node);
	dns_section_send(s, q->query, q->nquery);
	deadline_set(w, &q->deadline, w->now + (s->conf->timeout_retry ? s->conf->timeout_retry : 1));
}

static void begin(struct dns_question *q)
{
	q->tries = q->section->conf->retries ? q->section->conf->retries : 1;
	ask(q, q->wanted);
}

static void again(struct dns_question *q, enum dns_status status, const char *by)
{
	if (--q->tries)
		ask(q, q->wanted);
	else
		over(q, status, by);
}

static void due(struct worker *w, struct deadline *d)
{
	struct dns_question *q = LIST_OF(d, struct dns_question, deadline);
	struct dns *dns = q->section->dns;

	(void)w;
	pthread_mutex_lock(&dns->lock);
	if (!q->asking) {
		begin(q);
	} else {
		for (uint32_t i = 0; i < q->section->nservers; i++)
			q->section->servers[i].counters.timeout++;
		again(q, DNS_TIMEOUT, "");
	}
	pthread_mutex_unlock(&dns->lock);
}

/* --- answers */

static bool same_record(const struct dns_record *a, const struct dns_record *b)
{
	if (a->addr.family != b->addr.family)
		return false;
	if (a->addr.family == AF_INET)
		return a->addr.in.sin_addr.s_addr == b->addr.in.sin_addr.s_addr;
	if (a->addr.family == AF_INET6)
		return memcmp(&a->addr.in6.sin6_addr, &b->addr.in6.sin6_addr, 16) == 0;
	return a->port == b->port && str_ieq(str_from(a->target), str_from(b->target));
}

static struct dns_known *known_find(struct dns_question *q, const struct dns_record *r)
{
	for (uint32_t i = 0; i < q->nknown; i++)
		if (same_record(&q->known[i].record, r))
			return &q->known[i];
	return NULL;
}

/* What is new is added, what was missing for longer than `hold obsolete` goes. True when something has changed.
 */
static bool known_update(struct dns_question *q, const struct dns_record *v, uint32_t n)
{
	uint64_t now = worker_of(q)->now, hold = q->section->conf->hold[HOLD_OBSOLETE];
	struct dns_known *more = realloc(q->known, (q->nknown + n) * sizeof(*more));
	uint32_t kept = 0, before = q->nknown;
	bool changed = false;

	if (!more)
		return false;
	q->known = more;
	for (uint32_t i = 0; i < n; i++) {
		struct dns_known *k = known_find(q, &v[i]);

		if (!k) {
			k = &q->known[q->nknown++];
			changed = true;
		}
		*k = (struct dns_known){v[i], now};
	}
	for (uint32_t i = 0; i < q->nknown; i++)
		if (q->known[i].seen + hold >= now)
			q->known[kept++] = q->known[i];
	changed |= kept < q->nknown || kept < before;
	q->nknown = kept;
	return changed;
}

static void count(struct nameserver *ns, enum dns_status status)
{
	struct dns_counters *c = &ns->counters;

	switch (status) {
	case DNS_VALID:
		c->valid++;
		break;
	case DNS_NX:
		c->nx++;
		break;
	case DNS_REFUSED:
		c->refused++;
		break;
	case DNS_EMPTY:
		c->any_err++;
		break;
	case DNS_TRUNCATED:
		c->truncated++;
		break;
	case DNS_TIMEOUT:
	case DNS_FOREIGN:
	case DNS_OTHER:
		c->other++;
		break;
	}
}

static void refused(struct dns_question *q, enum dns_status status, const char *by)
{
	if (++q->refusals < q->section->nservers)
		return; /* others may know better */
	if (q->wanted != DNS_SRV && q->type == q->wanted)
		ask(q, q->wanted == DNS_A ? DNS_AAAA : DNS_A);
	else
		again(q, status, by);
}

static void heard(struct nameserver *ns, const uint8_t *msg, size_t len)
{
	struct dns_section *s = ns->section;
	struct dns_question *q = len > 2 ? asked_with(s, id_of(msg)) : NULL;
	static const size_t most = DNS_RECORDS_MAX;
	struct dns_record *v;
	uint32_t n = (uint32_t)most;
	enum dns_status status;
	char by[200];

	if (!q) {
		ns->counters.outdated++;
		return;
	}
	if (!ns->stream && len > s->conf->payload) {
		ns->counters.too_big++;
		return;
	}
	v = calloc(most, sizeof(*v));
	status = v ? dns_answer(msg, len, q->query, q->type, v, &n) : DNS_FOREIGN;
	snprintf(by, sizeof(by), "%.*s/%s", (int)(s->conf->name.len < 100 ? s->conf->name.len : 100),
		 s->conf->name.ptr, ns->name);
	if (status == DNS_FOREIGN) {
		ns->counters.invalid++;
	} else {
		count(ns, status);
		if (status == DNS_VALID) {
			ns->counters.update += known_update(q, v, n);
			over(q, DNS_VALID, by);
		} else {
			refused(q, status, by);
		}
	}
	free(v);
}

void dns_question_heard(struct nameserver *ns, const uint8_t *msg, size_t len)
{
	pthread_mutex_lock(&ns->section->dns->lock);
	heard(ns, msg, len);
	pthread_mutex_unlock(&ns->section->dns->lock);
}

/* --- life */

struct dns_question *dns_question_get(struct dns_section *s, const char *name, uint16_t type)
{
	struct dns_question *q;

	for (struct list *node = s->questions.next; node != &s->questions; node = node->next) {
		q = LIST_OF(node, struct dns_question, node);
		if (q->wanted == type && str_ieq(str_from(q->name), str_from(name)))
			return q;
	}
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->section = s;
	snprintf(q->name, sizeof(q->name), "%s", name);
	q->wanted = type;
	list_init(&q->followers);
	list_init(&q->id_node);
	list_append(&s->questions, &q->node);
	deadline_init(&q->deadline, due);
	deadline_set(s->dns->worker, &q->deadline, s->dns->worker->now + FIRST_MS);
	return q;
}

void dns_question_free(struct dns_question *q)
{
	deadline_clear(&q->deadline);
	list_remove(&q->node);
	list_remove(&q->id_node);
	free(q->known);
	free(q);
}

void dns_question_leave(struct dns_question *q)
{
	if (list_empty(&q->followers))
		dns_question_free(q);
}
