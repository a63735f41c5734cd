/* Questions: asked of all name servers at once, the first good answer counts. When all have refused, the other
 * family of addresses is tried at once; when only some have, and the others say nothing, after `timeout retry`.
 * Each such round begins when that time is over, and there are as many as the section says (manual, section
 * 5.3.2). Whatever comes of it, a question that servers follow is asked again later; others go. Ids are
 * unpredictable and used once. Worker 0, with dns->lock held. */
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

/* Names are the same in letters of either case. */
static struct list *name_bucket(struct dns_section *s, const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + ((unsigned char)*name | 0x20);
	return &s->by_name[h % ID_BUCKETS];
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

/* True when a server has another address now. The question may be gone. */
static bool over(struct dns_question *q, enum dns_status status, const char *by)
{
	struct worker *w = worker_of(q);
	bool changed;

	stop(q);
	q->status = status;
	if (status == DNS_VALID)
		q->last_valid = w->now;
	deadline_set(w, &q->deadline,
		     w->now + (q->section->conf->timeout_resolve ? q->section->conf->timeout_resolve : 1));
	changed = dns_follow(q, by);
	dns_lookup_answer(q);
	return changed;
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

static uint16_t other_type(uint16_t type)
{
	return type == DNS_A ? DNS_AAAA : DNS_A;
}

static void begin(struct dns_question *q)
{
	struct dns *d = q->section->dns;

	q->tries = q->section->conf->retries ? q->section->conf->retries - 1 : 0;
	q->said = DNS_TIMEOUT;
	q->first = q->wanted == DNS_SRV || dns_family_accepts(d, q->wanted) ? q->wanted : other_type(q->wanted);
	ask(q, q->first);
}

static bool has_other(const struct dns_question *q)
{
	return q->wanted != DNS_SRV && q->type == q->wanted &&
	       dns_family_accepts(q->section->dns, other_type(q->wanted));
}

/* `timeout retry` is over. What some have said counts more than that others have said nothing. */
static void patience_over(struct dns_question *q)
{
	if (!q->tries || dns_lookup_left(q)) {
		over(q, q->said, "");
	} else if (q->refusals && q->refusals < q->section->nservers && has_other(q)) {
		ask(q, other_type(q->type));
	} else {
		q->tries--;
		q->said = DNS_TIMEOUT;
		ask(q, q->first);
	}
}

static void due(struct worker *w, struct deadline *d)
{
	struct dns_question *q = LIST_OF(d, struct dns_question, deadline);
	struct dns *dns = q->section->dns;

	(void)w;
	pthread_mutex_lock(&dns->lock);
	if (q->asking)
		patience_over(q);
	else
		begin(q);
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

/* What is new is added, what was missing for longer than `hold obsolete` goes. */
static void known_update(struct dns_question *q, const struct dns_record *v, uint32_t n)
{
	uint64_t now = worker_of(q)->now, hold = q->section->conf->hold[HOLD_OBSOLETE];
	struct dns_known *more = realloc(q->known, (q->nknown + n) * sizeof(*more));
	uint32_t kept = 0;

	if (!more)
		return;
	q->known = more;
	for (uint32_t i = 0; i < n; i++) {
		struct dns_known *k = known_find(q, &v[i]);

		if (!k)
			k = &q->known[q->nknown++];
		*k = (struct dns_known){v[i], now};
	}
	for (uint32_t i = 0; i < q->nknown; i++)
		if (q->known[i].seen + hold >= now)
			q->known[kept++] = q->known[i];
	q->nknown = kept;
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
	case DNS_CNAME:
		c->cname_error++;
		break;
	case DNS_TRUNCATED:
		c->truncated++;
		break;
	case DNS_FOREIGN:
		c->invalid++;
		break;
	case DNS_TIMEOUT:
	case DNS_OTHER:
		c->other++;
		break;
	}
}

static void refused(struct dns_question *q, enum dns_status status, const char *by)
{
	q->said = status;
	if (++q->refusals < q->section->nservers)
		return; /* others may know better */
	if (has_other(q))
		ask(q, other_type(q->type));
	else if (!q->tries)
		over(q, status, by);
}

static void heard(struct nameserver *ns, const uint8_t *msg, size_t len)
{
	struct dns_section *s = ns->section;
	struct dns_question *q = len >= 2 ? asked_with(s, id_of(msg)) : NULL;
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
	count(ns, status);
	if (status == DNS_VALID) {
		known_update(q, v, n);
		ns->counters.update += over(q, DNS_VALID, by);
	} else {
		refused(q, status == DNS_FOREIGN ? DNS_OTHER : status, by);
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

struct dns_question *dns_question_find(struct dns_section *s, const char *name, uint16_t type)
{
	struct list *all = name_bucket(s, name);

	for (struct list *node = all->next; node != all; node = node->next) {
		struct dns_question *q = LIST_OF(node, struct dns_question, name_node);

		if (q->wanted == type && str_ieq(str_from(q->name), str_from(name)))
			return q;
	}
	return NULL;
}

struct dns_question *dns_question_get(struct dns_section *s, const char *name, uint16_t type)
{
	struct dns_question *q = dns_question_find(s, name, type);

	if (q)
		return q;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->section = s;
	snprintf(q->name, sizeof(q->name), "%s", name);
	q->wanted = type;
	list_init(&q->followers);
	list_init(&q->lookups);
	list_init(&q->id_node);
	list_append(&s->questions, &q->node);
	list_append(name_bucket(s, name), &q->name_node);
	s->nquestions++;
	deadline_init(&q->deadline, due);
	deadline_set(s->dns->worker, &q->deadline, s->dns->worker->now + FIRST_MS);
	return q;
}

void dns_question_ask(struct dns_question *q)
{
	if (!q->asking)
		begin(q);
}

void dns_question_free(struct dns_question *q)
{
	deadline_clear(&q->deadline);
	list_remove(&q->node);
	list_remove(&q->name_node);
	list_remove(&q->id_node);
	q->section->nquestions--;
	free(q->known);
	free(q);
}

void dns_question_leave(struct dns_question *q)
{
	if (list_empty(&q->followers) && list_empty(&q->lookups))
		dns_question_free(q);
}
