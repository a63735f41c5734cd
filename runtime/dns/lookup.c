/* Lookups: what a good answer said counts for `hold valid`; otherwise the question is asked, or joined if
 * somebody asks it already. Streams begin and end them on their own workers, questions are asked on worker 0:
 * it gets a message, and sends one back. Whoever has ended meanwhile is not called. Names are bounded in
 * number, as clients choose them. */
#include "runtime/dns/lookup.h"

#include <stdlib.h>

#include "runtime/core/mailbox.h"
#include "runtime/dns/dns_state.h"

/* A section asks for no more names than that at a time: ids are sixteen bits. */
enum { QUESTIONS_MAX = 16384, SPARE_MS = 1000 };

struct dns_lookup {
	struct list node; /* question->lookups, under dns->lock */
	atomic_uint owners;
	atomic_bool left; /* the stream has ended */
	struct worker *worker;
	void (*done)(void *ctx);
	void *ctx;
	struct dns_section *section;
	int family;
	union addr addr;
	enum dns_found found;
	bool told; /* the stream may look at addr and found */
	char name[DNS_NAME_MAX + 1];
};

static void release(void *lookup)
{
	struct dns_lookup *l = lookup;

	if (atomic_fetch_sub(&l->owners, 1) == 1)
		free(l);
}

/* --- what is known */

static bool is_fresh(const struct dns_question *q, uint64_t now)
{
	return q->status == DNS_VALID && q->nknown && q->last_valid &&
	       now < q->last_valid + q->section->conf->hold[HOLD_VALID];
}

/* The first one of the family that is liked better, or else the first one. */
static enum dns_found pick(const struct dns_question *q, int family, union addr *addr)
{
	uint32_t best = 0;

	if (q->status != DNS_VALID || !q->nknown)
		return DNS_NOT_FOUND;
	while (best < q->nknown && q->known[best].record.addr.family != family)
		best++;
	*addr = q->known[best < q->nknown ? best : 0].record.addr;
	return DNS_FOUND;
}

/* --- on worker 0 */

static void tell(struct worker *w, void *lookup)
{
	struct dns_lookup *l = lookup;

	(void)w;
	l->told = true;
	if (!atomic_load(&l->left))
		l->done(l->ctx);
	release(l);
}

void dns_lookup_answer(struct dns_question *q)
{
	while (!list_empty(&q->lookups)) {
		struct dns_lookup *l = LIST_OF(q->lookups.next, struct dns_lookup, node);

		list_remove(&l->node);
		l->found = pick(q, l->family, &l->addr);
		if (!mailbox_post_owned(l->worker, tell, l, release))
			release(l); /* its time will be over */
	}
	if (q->wanted != DNS_SRV)
		dns_question_leave(q);
}

bool dns_lookup_left(const struct dns_question *q)
{
	if (!list_empty(&q->followers))
		return false;
	for (const struct list *node = q->lookups.next; node != &q->lookups; node = node->next)
		if (!atomic_load(&LIST_OF(node, struct dns_lookup, node)->left))
			return false;
	return true;
}

void dns_lookup_drop(struct dns_question *q)
{
	while (!list_empty(&q->lookups)) {
		struct dns_lookup *l = LIST_OF(q->lookups.next, struct dns_lookup, node);

		list_remove(&l->node);
		release(l);
	}
}

static void begin(struct dns_lookup *l)
{
	struct dns_section *s = l->section;
	struct dns_question *q = NULL;

	if (s->dns->worker && s->nquestions < QUESTIONS_MAX)
		q = dns_question_get(s, l->name, l->family == AF_INET ? DNS_A : DNS_AAAA);
	if (q) {
		list_append(&q->lookups, &l->node);
		dns_question_ask(q);
	} else if (!mailbox_post_owned(l->worker, tell, l, release)) {
		release(l);
	}
}

static void begin_there(struct worker *w, void *lookup)
{
	struct dns *d = w->process->dns;

	pthread_mutex_lock(&d->lock);
	begin(lookup);
	pthread_mutex_unlock(&d->lock);
}

/* --- on the stream's worker */

static struct dns_section *section_find(struct dns *d, struct str name)
{
	for (uint32_t i = 0; d && i < d->nsections; i++)
		if (str_eq(d->sections[i].conf->name, name))
			return &d->sections[i];
	return NULL;
}

/* Small letters, no dot at the end. False: too long, or nothing. */
static bool name_copy(char to[DNS_NAME_MAX + 1], struct str name)
{
	if (name.len && name.ptr[name.len - 1] == '.')
		name.len--;
	if (!name.len || name.len > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!c)
			return false;
		to[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	to[name.len] = 0;
	return true;
}

static enum dns_found known(struct dns_section *s, const char *name, int family, uint64_t now, union addr *addr)
{
	struct dns_question *q = dns_question_find(s, name, family == AF_INET ? DNS_A : DNS_AAAA);

	return q && is_fresh(q, now) ? pick(q, family, addr) : DNS_ASKING;
}

/* With dns->lock held. */
static enum dns_found lookup_new(struct worker *w, const struct dns_lookup *like, struct dns_lookup **lookup)
{
	struct dns_lookup *l = malloc(sizeof(*l));

	if (!l)
		return DNS_NOT_FOUND;
	*l = *like;
	atomic_init(&l->owners, 2);
	list_init(&l->node);
	if (w == l->section->dns->worker) {
		begin(l);
	} else if (!mailbox_post_owned(w->process->workers[0], begin_there, l, release)) {
		free(l);
		return DNS_NOT_FOUND;
	}
	*lookup = l;
	return DNS_ASKING;
}

enum dns_found dns_lookup(struct worker *w, struct str section, struct str name, int family, union addr *addr,
			  void (*done)(void *ctx), void *ctx, struct dns_lookup **lookup)
{
	struct dns_section *s = section_find(w->process->dns, section);
	struct dns_lookup like = {
		.worker = w, .done = done, .ctx = ctx, .section = s, .family = family, .found = DNS_NOT_FOUND};
	enum dns_found found = DNS_NOT_FOUND;

	if (!s || !name_copy(like.name, name))
		return DNS_NOT_FOUND;
	pthread_mutex_lock(&s->dns->lock);
	if (!s->dns->stopped) { /* worker 0 may not have begun yet */
		found = known(s, like.name, family, w->now, addr);
		if (found == DNS_ASKING)
			found = lookup_new(w, &like, lookup);
	}
	pthread_mutex_unlock(&s->dns->lock);
	return found;
}

uint64_t dns_lookup_ms(const struct dns_lookup *l)
{
	const struct resolvers_conf *conf = l->section->conf;

	return 2 * ((uint64_t)conf->retries + 1) * conf->timeout_retry + SPARE_MS;
}

enum dns_found dns_lookup_result(const struct dns_lookup *l, union addr *addr)
{
	if (!l->told)
		return DNS_ASKING;
	*addr = l->addr;
	return l->found;
}

void dns_lookup_end(struct dns_lookup **lookup)
{
	struct dns_lookup *l = *lookup;

	*lookup = NULL;
	if (!l)
		return;
	atomic_store(&l->left, true);
	release(l);
}
