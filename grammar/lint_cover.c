/* Which patterns earlier rules took (lint_cover.h). A prefix covers what begins with it, a network what lies in
 * it, the rest only itself. Look-ups cost the length of the pattern, so that lists of n rules cost n log n at
 * most. */
#include <stdio.h>
#include <string.h>

#include "grammar/cond_walk.h"
#include "grammar/lint_cover.h"
#include "grammar/rows.h"

enum { KEY_MAX = 512, PREFIX_MAX = 128, EXPRS_MAX = 64 };

bool acl_is_stable(const struct acl *acl)
{
	static const uint16_t stable[] = {
		FETCH_PATH,    FETCH_PATHQ,    FETCH_URL,     FETCH_BASE,       FETCH_QUERY,
		FETCH_METHOD,  FETCH_SRC,      FETCH_DST,     FETCH_DST_PORT,   FETCH_HDR,
		FETCH_REQ_HDR, FETCH_REQ_FHDR, FETCH_COOK,    FETCH_REQ_COOK,   FETCH_URLP,
		FETCH_SSL_FC,  FETCH_STATUS,   FETCH_RES_HDR, FETCH_SSL_FC_SNI, FETCH_URL_PARAM,
	};

	if (acl->exprs.n > EXPRS_MAX)
		return false; /* looked at for each rule that names it: not worth the time */
	vec_each (x, &acl->exprs) {
		bool found = false;

		for (size_t i = 0; i < sizeof(stable) / sizeof(stable[0]); i++)
			found |= (*x)->sample->fetch == stable[i];
		if (!found || (*x)->nfiles)
			return false;
		for (uint32_t i = 0; i < (*x)->sample->nconvs; i++)
			if ((*x)->sample->convs[i].conv != CONV_LOWER &&
			    (*x)->sample->convs[i].conv != CONV_UPPER)
				return false;
	}
	return acl->exprs.n > 0;
}

static bool all_addresses(const struct acl_expr *x)
{
	bool v4 = false, v6 = false;

	for (uint32_t i = 0; x->method == MATCH_IP && i < x->npatterns; i++) {
		v4 |= x->patterns[i].net.family == 4 && !x->patterns[i].net.bits;
		v6 |= x->patterns[i].net.family == 6 && !x->patterns[i].net.bits;
	}
	return v4 && v6 && (x->sample->fetch == FETCH_SRC || x->sample->fetch == FETCH_DST);
}

bool cond_is_always(const struct cond *cond)
{
	if (!cond)
		return true;
	for (uint32_t i = 0; i < cond->n && !cond->unless; i++) {
		const struct acl *acl = cond->ors[i].terms[0].acl;

		if (cond->ors[i].n != 1 || cond->ors[i].terms[0].negated || acl->exprs.n != 1)
			continue;
		if (str_is(acl->exprs.v[0]->text, "always_true") || all_addresses(acl->exprs.v[0]))
			return true;
	}
	return false;
}

/* "sample method case text" in a buffer of KEY_MAX bytes; empty when it does not fit. */
static struct str key_make(char *buf, const struct acl_expr *x, char method, bool icase, struct str text)
{
	int n = snprintf(buf, KEY_MAX, "%u %c%d ", x->sample->id, method, icase);

	if (text.len >= KEY_MAX - (size_t)n)
		return STR_NONE;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		buf[(size_t)n + i] = icase && c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
	}
	return str_make(buf, (size_t)n + text.len);
}

static struct str key_net(char *buf, const struct acl_expr *x, const struct ip_net *net, uint8_t bits)
{
	uint8_t addr[16] = {0};
	size_t bytes = net->family == 4 ? 4 : 16;

	for (size_t i = 0; i < bytes && i * 8 < bits; i++)
		addr[i] = (uint8_t)(net->addr[i] & (bits >= i * 8 + 8 ? 0xff : 0xff << (i * 8 + 8 - bits)));
	int n = snprintf(buf, KEY_MAX, "%u i%u/%u ", x->sample->id, net->family, bits);

	memcpy(buf + n, addr, bytes);
	return str_make(buf, (size_t)n + bytes);
}

/* How a method is written in keys; 0: its patterns are not comparable. */
static char method_key(enum match_method method)
{
	switch (method) {
	case MATCH_BEG:
		return 'b';
	case MATCH_STR:
		return 's';
	case MATCH_END:
		return 'e';
	case MATCH_DIR:
		return 'd';
	case MATCH_DOM:
		return 'o';
	case MATCH_SUB:
		return 'u';
	case MATCH_METH:
		return 'm';
	case MATCH_REG:
		return 'r';
	default:
		return 0;
	}
}

static struct str pattern_key(char *buf, const struct acl_expr *x, const struct pattern *p)
{
	if (x->method == MATCH_INT) {
		int n = snprintf(buf, KEY_MAX, "%u n%lld:%lld", x->sample->id, (long long)p->min,
				 (long long)p->max);

		return str_make(buf, (size_t)n);
	}
	if (x->method == MATCH_IP)
		return p->net.bits == 255 ? STR_NONE : key_net(buf, x, &p->net, p->net.bits);
	return method_key(x->method) ? key_make(buf, x, method_key(x->method), p->icase, p->text) : STR_NONE;
}

static struct str flag_key(char *buf, const struct acl_expr *x)
{
	if (x->method != MATCH_FOUND && x->method != MATCH_BOOL)
		return STR_NONE;
	return str_make(buf, (size_t)snprintf(buf, KEY_MAX, "%u f%d", x->sample->id, x->method));
}

static void key_put(struct cover *cover, struct str key, struct cover_by *by)
{
	if (key.len && !map_get(&cover->taken, key))
		map_put(cover->arena, &cover->taken, arena_str(cover->arena, key), by);
}

static struct str whole_key(char *buf, const struct cond *cond)
{
	int n = snprintf(buf, KEY_MAX, "%s%.*s", cond->unless ? "unless " : "if ", STR_ARG(cond->text));

	return n < KEY_MAX ? str_make(buf, (size_t)n) : STR_NONE;
}

static bool cond_is_stable(const struct cond *cond)
{
	const struct cond_term *term;
	struct cond_walk at = {0};

	while ((term = cond_walk(cond, &at)))
		if (!acl_is_stable(term->acl))
			return false;
	return cond->n > 0;
}

void cover_add(struct cover *cover, const struct cond *cond, struct conf_pos pos)
{
	struct cover_by *by = ARENA_NEW(cover->arena, struct cover_by);
	char buf[KEY_MAX];

	by->pos = pos;
	if (cond_is_stable(cond))
		key_put(cover, whole_key(buf, cond), by);
	for (uint32_t i = 0; i < cond->n && !cond->unless; i++) {
		const struct cond_and *all = &cond->ors[i];

		if (all->n != 1 || all->terms[0].negated || !acl_is_stable(all->terms[0].acl))
			continue;
		vec_each (x, &all->terms[0].acl->exprs) {
			key_put(cover, flag_key(buf, *x), by);
			for (uint32_t p = 0; p < (*x)->npatterns; p++)
				key_put(cover, pattern_key(buf, *x, &(*x)->patterns[p]), by);
		}
	}
}

static const struct cover_by *net_find(const struct cover *cover, const struct acl_expr *x,
				       const struct ip_net *net)
{
	const struct cover_by *by = NULL;
	char buf[KEY_MAX];

	for (int bits = net->bits; bits >= 0 && net->bits != 255 && !by; bits--)
		by = map_get(&cover->taken, key_net(buf, x, net, (uint8_t)bits));
	return by;
}

/* Beginnings of the text that somebody took; the whole text when the pattern is a prefix itself. */
static const struct cover_by *prefix_find(const struct cover *cover, const struct acl_expr *x,
					  const struct pattern *p, bool icase)
{
	const struct cover_by *by = NULL;
	char buf[KEY_MAX];
	struct str key = key_make(buf, x, 'b', icase, p->text);
	size_t head = key.len - p->text.len; /* a key ends in the text */

	for (size_t len = 0; key.len && len <= p->text.len && len < PREFIX_MAX && !by; len++)
		by = map_get(&cover->taken, str_sub(key, 0, head + len));
	return by;
}

static const struct cover_by *pattern_find(const struct cover *cover, const struct acl_expr *x,
					   const struct pattern *p)
{
	char buf[KEY_MAX];
	struct str key = pattern_key(buf, x, p);
	const struct cover_by *by = key.len ? map_get(&cover->taken, key) : NULL;

	if (by)
		return by;
	if (x->method == MATCH_IP)
		return net_find(cover, x, &p->net);
	if (x->method != MATCH_BEG && x->method != MATCH_STR)
		return NULL;
	by = p->icase ? NULL : prefix_find(cover, x, p, false);
	return by ? by : prefix_find(cover, x, p, true);
}

static const struct cover_by *acl_find_cover(const struct cover *cover, const struct acl *acl)
{
	const struct cover_by *by = NULL;
	char buf[KEY_MAX];

	if (!acl_is_stable(acl))
		return NULL;
	vec_each (x, &acl->exprs) {
		struct str flag = flag_key(buf, *x);

		if (flag.len) {
			by = map_get(&cover->taken, flag);
			if (!by)
				return NULL;
			continue;
		}
		if (!(*x)->npatterns)
			return NULL;
		for (uint32_t p = 0; p < (*x)->npatterns; p++) {
			by = pattern_find(cover, *x, &(*x)->patterns[p]);
			if (!by)
				return NULL;
		}
	}
	return by;
}

const struct cover_by *cover_find(const struct cover *cover, const struct cond *cond)
{
	const struct cover_by *by = NULL;
	char buf[KEY_MAX];
	struct str whole = whole_key(buf, cond);

	if (!cover->taken.count || !cond->n)
		return NULL;
	if (whole.len)
		by = map_get(&cover->taken, whole);
	if (by || cond->unless)
		return by;
	for (uint32_t i = 0; i < cond->n; i++) {
		by = NULL;
		for (uint32_t j = 0; j < cond->ors[i].n && !by; j++)
			if (!cond->ors[i].terms[j].negated)
				by = acl_find_cover(cover, cond->ors[i].terms[j].acl);
		if (!by)
			return NULL;
	}
	return by;
}

void cover_clear(struct cover *cover)
{
	cover->taken = (struct map){0};
}
