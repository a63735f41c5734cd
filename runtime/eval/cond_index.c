/* Indexes over conditions: see cond_index.h. A condition can be passed over when each of its ANDs has a term
 * that is certainly false: its guard. A guard is a positive ACL all of whose lines compare one value with
 * constants, and no term before it has side effects. Guards on the same sample and kind of comparison make a
 * group; a group's patterns are hashes, sorted, each with the number of the condition that it admits. Letter
 * case is folded everywhere: that names too many at worst. */
#include "runtime/eval/cond_index.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/eval/cond_eval.h"
#include "runtime/eval/match.h"

enum { LIST_MIN = 8, LENGTHS_MAX = 64, GROUPS_MAX = 48 };

struct entry {
	uint32_t hash, cond;
};

/* One sample compared in one way. */
struct group {
	const struct sample_expr *sample;
	uint8_t method; /* STR, BEG, END, IP, INT */
	uint8_t family; /* of IP: 4 or 6; else 0 */
	uint32_t nlengths;
	uint16_t lengths[LENGTHS_MAX]; /* of BEG, END: bytes; of IP: bits of networks; ascending */
	const uint32_t *hashes;        /* ascending */
	const uint32_t *conds;         /* by the same number; ascending among equal hashes */
	uint32_t n;
	const uint32_t *any; /* conditions admitted by any value that is not what was expected: all of the
				group, ascending */
	uint32_t nany;
};

struct cond_index {
	uint32_t n;
	const uint32_t *always; /* without guards, ascending */
	uint32_t nalways;
	const struct group *groups;
	uint32_t ngroups;
};

/* --- hashes */

static char low(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static uint32_t hash_step(uint32_t h, char c)
{
	return (h ^ (unsigned char)low(c)) * 16777619u;
}

static uint32_t hash_end(uint32_t h, uint32_t length)
{
	h ^= length * 0x9e3779b9u;
	return h ^ h >> 15;
}

enum { HASH_BEGIN = (int)2166136261u };

static uint32_t hash_prefix(struct str text)
{
	uint32_t h = (uint32_t)HASH_BEGIN;

	for (size_t i = 0; i < text.len; i++)
		h = hash_step(h, text.ptr[i]);
	return hash_end(h, (uint32_t)text.len);
}

static uint32_t hash_suffix(struct str text)
{
	uint32_t h = (uint32_t)HASH_BEGIN;

	for (size_t i = text.len; i > 0; i--)
		h = hash_step(h, text.ptr[i - 1]);
	return hash_end(h, (uint32_t)text.len);
}

static uint32_t hash_net(const uint8_t ip[4], unsigned bits)
{
	uint32_t address = (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3];

	address = bits ? address >> (32 - bits) : 0;
	return hash_end((address ^ 0x85ebca6bu) * 0xc2b2ae35u, bits);
}

static uint32_t hash_net6(const uint8_t ip[16], unsigned bits)
{
	uint64_t half[2], h;

	memcpy(half, ip, 16);
	half[0] = be64toh(half[0]) & (bits >= 64 ? UINT64_MAX : bits ? UINT64_MAX << (64 - bits) : 0);
	half[1] = bits <= 64 ? 0 : be64toh(half[1]) & UINT64_MAX << (128 - bits);
	h = (half[0] ^ half[1] * 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;
	return hash_end((uint32_t)(h >> 32), bits);
}

static uint32_t hash_number(int64_t n)
{
	return hash_end((uint32_t)((uint64_t)n * 0x9e3779b97f4a7c15ULL >> 32), 0);
}

/* --- making */

/* A group while it is made; freed afterwards. */
struct growing {
	const struct sample_expr *sample;
	uint8_t method, family;
	bool too_long;
	uint32_t nlengths;
	uint16_t lengths[LENGTHS_MAX];
	struct entry *entries;
	uint32_t n, cap;
	uint32_t *any;
	uint32_t nany, any_cap;
};

struct maker {
	struct arena *arena;
	const struct eval_engine *en;
	struct growing groups[GROUPS_MAX];
	uint32_t ngroups;
	bool failed;
};

/* The kind of comparison that an index knows, or MATCH_DEFAULT. */
static uint8_t kind_of(const struct acl_expr *x)
{
	switch (x->method) {
	case MATCH_STR:
	case MATCH_BEG:
	case MATCH_END:
	case MATCH_IP:
	case MATCH_INT:
		return (uint8_t)x->method;
	default:
		return MATCH_DEFAULT;
	}
}

static bool pattern_fits(const struct acl_expr *x, const struct pattern *p)
{
	switch (x->method) {
	case MATCH_BEG:
	case MATCH_END:
		return p->text.len <= UINT16_MAX;
	case MATCH_IP:
		return p->net.bits <= (p->net.family == 4 ? 32 : 128);
	case MATCH_INT:
		return p->min == p->max;
	default:
		return true;
	}
}

static bool line_fits(const struct maker *k, const struct acl_expr *x)
{
	if (kind_of(x) == MATCH_DEFAULT || !k->en->plans[x->sample->id].pure)
		return false;
	for (uint32_t i = 0; i < x->npatterns; i++)
		if (!pattern_fits(x, &x->patterns[i]))
			return false;
	return x->npatterns > 0 && !x->nfiles; /* files may change */
}

static bool acl_fits(const struct maker *k, const struct acl *acl)
{
	for (uint32_t i = 0; i < acl->exprs.n; i++)
		if (!line_fits(k, acl->exprs.v[i]))
			return false;
	return acl->exprs.n > 0;
}

static bool acl_is_pure(const struct maker *k, const struct acl *acl)
{
	for (uint32_t i = 0; i < acl->exprs.n; i++)
		if (!k->en->plans[acl->exprs.v[i]->sample->id].pure)
			return false;
	return true;
}

/* How well a guard tells rules apart: exact texts best. */
static int guard_rank(const struct acl *acl)
{
	switch (acl->exprs.v[0]->method) {
	case MATCH_STR:
		return 4;
	case MATCH_IP:
	case MATCH_INT:
		return 3;
	default:
		return 2;
	}
}

static const struct acl *guard_of(const struct maker *k, const struct cond_and *and)
{
	const struct acl *best = NULL;

	for (uint32_t i = 0; i < and->n; i++) {
		const struct acl *acl = and->terms[i].acl;

		if (!and->terms[i].negated && acl_fits(k, acl) && (!best || guard_rank(acl) > guard_rank(best)))
			best = acl;
		if (!acl_is_pure(k, acl))
			break;
	}
	return best;
}

static bool cond_fits(const struct maker *k, const struct cond *cond)
{
	if (!cond || cond->unless || !cond->n)
		return false;
	for (uint32_t i = 0; i < cond->n; i++)
		if (!guard_of(k, &cond->ors[i]))
			return false;
	return true;
}

static struct growing *group_get(struct maker *k, const struct acl_expr *x, uint8_t family)
{
	for (uint32_t i = 0; i < k->ngroups; i++)
		if (k->groups[i].sample == x->sample && k->groups[i].method == kind_of(x) &&
		    k->groups[i].family == family)
			return &k->groups[i];
	if (k->ngroups == GROUPS_MAX) {
		k->failed = true;
		return NULL;
	}
	k->groups[k->ngroups] = (struct growing){.sample = x->sample, .method = kind_of(x), .family = family};
	return &k->groups[k->ngroups++];
}

/* Lengths are few and kept sorted. */
static void length_add(struct growing *g, uint16_t length)
{
	uint32_t at = 0;

	while (at < g->nlengths && g->lengths[at] < length)
		at++;
	if (at < g->nlengths && g->lengths[at] == length)
		return;
	if (g->nlengths == LENGTHS_MAX) {
		g->too_long = true;
		return;
	}
	memmove(&g->lengths[at + 1], &g->lengths[at], sizeof(*g->lengths) * (g->nlengths - at));
	g->lengths[at] = length;
	g->nlengths++;
}

static uint32_t pattern_hash(struct growing *g, const struct pattern *p)
{
	switch (g->method) {
	case MATCH_BEG:
		length_add(g, (uint16_t)p->text.len);
		return hash_prefix(p->text);
	case MATCH_END:
		length_add(g, (uint16_t)p->text.len);
		return hash_suffix(p->text);
	case MATCH_IP:
		length_add(g, p->net.bits);
		return g->family == 4 ? hash_net(p->net.addr, p->net.bits)
				      : hash_net6(p->net.addr, p->net.bits);
	case MATCH_INT:
		return hash_number(p->min);
	default:
		return match_hash_text(p->text, true);
	}
}

static bool grow(void **v, uint32_t n, uint32_t *cap, size_t size)
{
	void *more;

	if (n < *cap)
		return true;
	more = realloc(*v, size * (*cap ? *cap * 2 : 16));
	if (!more)
		return false;
	*v = more;
	*cap = *cap ? *cap * 2 : 16;
	return true;
}

static void pattern_add(struct maker *k, struct growing *g, const struct pattern *p, uint32_t cond)
{
	if (!grow((void **)&g->any, g->nany, &g->any_cap, sizeof(*g->any)) ||
	    !grow((void **)&g->entries, g->n, &g->cap, sizeof(*g->entries))) {
		k->failed = true;
		return;
	}
	if (!g->nany || g->any[g->nany - 1] != cond)
		g->any[g->nany++] = cond;
	g->entries[g->n++] = (struct entry){pattern_hash(g, p), cond};
}

static void line_add(struct maker *k, const struct acl_expr *x, uint32_t cond)
{
	for (uint32_t i = 0; i < x->npatterns && !k->failed; i++) {
		const struct pattern *p = &x->patterns[i];
		struct growing *g = group_get(k, x, x->method == MATCH_IP ? p->net.family : 0);

		if (g)
			pattern_add(k, g, p, cond);
	}
}

static void cond_add(struct maker *k, const struct cond *cond, uint32_t number)
{
	for (uint32_t i = 0; i < cond->n; i++) {
		const struct acl *acl = guard_of(k, &cond->ors[i]);

		for (uint32_t line = 0; line < acl->exprs.n; line++)
			line_add(k, acl->exprs.v[line], number);
	}
}

static int entry_cmp(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->cond < b->cond ? -1 : a->cond > b->cond;
}

/* A copy in the arena; NULL without memory, which is no reason to give up more than the index. */
static uint32_t *keep(struct maker *k, uint32_t n)
{
	uint32_t *v = arena_try_alloc(k->arena, sizeof(uint32_t) * ((size_t)n + 1));

	k->failed |= !v;
	return v;
}

static void group_finish(struct maker *k, struct growing *from, struct group *g)
{
	uint32_t *hashes = keep(k, from->n), *conds = keep(k, from->n), *any = keep(k, from->nany);

	if (k->failed)
		return;
	qsort(from->entries, from->n, sizeof(*from->entries), entry_cmp);
	for (uint32_t i = 0; i < from->n; i++) {
		hashes[i] = from->entries[i].hash;
		conds[i] = from->entries[i].cond;
	}
	memcpy(any, from->any, sizeof(*any) * from->nany);
	*g = (struct group){.sample = from->sample,
			    .method = from->method,
			    .family = from->family,
			    .nlengths = from->nlengths,
			    .hashes = hashes,
			    .conds = conds,
			    .n = from->n,
			    .any = any,
			    .nany = from->nany};
	memcpy(g->lengths, from->lengths, sizeof(g->lengths));
}

static const struct cond_index *index_finish(struct maker *k, const uint32_t *always, uint32_t nalways,
					     uint32_t n)
{
	struct cond_index *index = arena_try_alloc(k->arena, sizeof(*index));
	struct group *groups = arena_try_alloc(k->arena, sizeof(*groups) * (k->ngroups + 1));
	uint32_t *own = keep(k, nalways);

	if (!index || !groups || !own)
		return NULL;
	if (nalways)
		memcpy(own, always, sizeof(*own) * nalways);
	for (uint32_t i = 0; i < k->ngroups; i++)
		group_finish(k, &k->groups[i], &groups[i]);
	*index = (struct cond_index){
		.n = n, .always = own, .nalways = nalways, .groups = groups, .ngroups = k->ngroups};
	return k->failed ? NULL : index;
}

static void maker_free(struct maker *k)
{
	for (uint32_t i = 0; i < k->ngroups; i++) {
		free(k->groups[i].entries);
		free(k->groups[i].any);
	}
	free(k);
}

/* It pays when most conditions can be passed over. */
static bool maker_pays(const struct maker *k, uint32_t nalways, uint32_t n)
{
	for (uint32_t i = 0; i < k->ngroups; i++)
		if (k->groups[i].too_long)
			return false;
	return !k->failed && n - nalways >= LIST_MIN && nalways <= n / 2;
}

const struct cond_index *cond_index_new(struct arena *arena, const struct eval_engine *en,
					const struct cond *const *conds, uint32_t n)
{
	struct maker *k = n >= LIST_MIN ? calloc(1, sizeof(*k)) : NULL;
	uint32_t *always = k ? calloc(n, sizeof(*always)) : NULL, nalways = 0;
	const struct cond_index *index = NULL;

	if (!always) {
		free(k);
		return NULL; /* without memory: no index, the interpreter does without */
	}
	k->arena = arena;
	k->en = en;
	for (uint32_t i = 0; i < n && !k->failed; i++) {
		if (cond_fits(k, conds[i]))
			cond_add(k, conds[i], i);
		else
			always[nalways++] = i;
	}
	if (maker_pays(k, nalways, n))
		index = index_finish(k, always, nalways, n);
	free(always);
	maker_free(k);
	return index;
}

/* --- walking */

static void list_add(struct cond_walk *w, const uint32_t *v, uint32_t n)
{
	if (!n)
		return;
	if (w->nlists == COND_INDEX_LISTS) {
		w->all = true;
		return;
	}
	w->lists[w->nlists++] = (struct cond_list){v, v + n};
}

/* The conditions that a hash admits. */
static void hash_add(struct cond_walk *w, const struct group *g, uint32_t hash)
{
	uint32_t low_at = 0, high = g->n, end;

	while (low_at < high) {
		uint32_t mid = low_at + (high - low_at) / 2;

		if (g->hashes[mid] < hash)
			low_at = mid + 1;
		else
			high = mid;
	}
	for (end = low_at; end < g->n && g->hashes[end] == hash;)
		end++;
	list_add(w, g->conds + low_at, end - low_at);
}

static void prefixes_add(struct cond_walk *w, const struct group *g, struct str text)
{
	uint32_t h = (uint32_t)HASH_BEGIN;
	size_t at = 0;

	for (uint32_t i = 0; i < g->nlengths && g->lengths[i] <= text.len; i++) {
		for (; at < g->lengths[i]; at++)
			h = hash_step(h, text.ptr[at]);
		hash_add(w, g, hash_end(h, (uint32_t)at));
	}
}

static void suffixes_add(struct cond_walk *w, const struct group *g, struct str text)
{
	uint32_t h = (uint32_t)HASH_BEGIN;
	size_t at = 0;

	for (uint32_t i = 0; i < g->nlengths && g->lengths[i] <= text.len; i++) {
		for (; at < g->lengths[i]; at++)
			h = hash_step(h, text.ptr[text.len - 1 - at]);
		hash_add(w, g, hash_end(h, (uint32_t)at));
	}
}

/* As match_addr() compares families: an IPv4 address is also a mapped one, and some IPv6 addresses hold one. */
static void networks_add(struct cond_walk *w, const struct group *g, const struct sample *s)
{
	uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *ip = s->ip;

	if (g->family == 4 && s->type == SMP_IPV6)
		ip = match_embedded_ipv4(s->ip);
	if (g->family == 6 && s->type == SMP_IPV4) {
		memcpy(mapped + 12, s->ip, 4);
		ip = mapped;
	}
	for (uint32_t i = 0; ip && i < g->nlengths; i++)
		hash_add(w, g, g->family == 4 ? hash_net(ip, g->lengths[i]) : hash_net6(ip, g->lengths[i]));
}

static void group_add(struct cond_walk *w, struct eval *e, const struct group *g)
{
	const struct expr_memo *memo = cond_memo(e, g->sample);
	const struct sample *s = &memo->value;

	if (memo->state == MEMO_ABSENT)
		return;
	if (memo->state != MEMO_VALUE)
		list_add(w, g->any, g->nany);
	else if (g->method == MATCH_STR && s->type == SMP_STR)
		hash_add(w, g, memo->hash);
	else if (g->method == MATCH_BEG && s->type == SMP_STR)
		prefixes_add(w, g, s->str);
	else if (g->method == MATCH_END && s->type == SMP_STR)
		suffixes_add(w, g, s->str);
	else if (g->method == MATCH_IP && (s->type == SMP_IPV4 || s->type == SMP_IPV6))
		networks_add(w, g, s);
	else if (g->method == MATCH_INT && s->type == SMP_SINT)
		hash_add(w, g, hash_number(s->sint));
	else
		list_add(w, g->any, g->nany);
}

static void walk_look(struct cond_walk *w, struct eval *e)
{
	w->generation = e->engine->generation;
	w->nlists = 0;
	w->all = false;
	list_add(w, w->index->always, w->index->nalways);
	for (uint32_t i = 0; i < w->index->ngroups; i++)
		group_add(w, e, &w->index->groups[i]);
}

uint32_t cond_walk_next(struct cond_walk *w, struct eval *e, uint32_t from)
{
	uint32_t next = w->index->n;

	if (w->generation != e->engine->generation)
		walk_look(w, e);
	if (w->all)
		return from < next ? from : next;
	for (struct cond_list *l = w->lists; l < w->lists + w->nlists; l++) {
		while (l->at < l->end && *l->at < from)
			l->at++;
		if (l->at < l->end && *l->at < next)
			next = *l->at;
	}
	return next;
}

void cond_index_describe(const struct cond_index *index, struct out *out)
{
	static const char *const kinds[] = {[MATCH_STR] = "exact text",
					    [MATCH_BEG] = "prefix",
					    [MATCH_END] = "suffix",
					    [MATCH_IP] = "network",
					    [MATCH_INT] = "number"};

	for (uint32_t i = 0; i < index->ngroups; i++) {
		const struct group *g = &index->groups[i];

		out_printf(out, "    by %s of %.*s: %u values admit %u rules", kinds[g->method],
			   STR_ARG(g->sample->text), g->n, g->nany);
		if (g->nlengths)
			out_printf(out, ", %u lengths", g->nlengths);
		out_char(out, '\n');
	}
	if (index->nalways)
		out_printf(out, "    always looked at: %u rules\n", index->nalways);
}
