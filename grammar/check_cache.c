/* Lines of caches (manual, section 6): sizes that must fit into one another. HAProxy 2.6 reads ages and numbers
 * of variants as far as they are digits, and sizes strictly. Works on the state of one walk; one thread. */
#include <stdlib.h>

#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/model_cache.h"

enum { CACHE_MEGABYTES = 4095 };

void check_cache_begin(struct checker *k, struct named_section *named)
{
	struct cache_conf *c = ARENA_NEW(k->a, struct cache_conf);

	c->name = check_keep(k, named->name ? named->name->text : STR_NONE);
	c->pos = check_pos(k, named->header);
	c->max_age = 60;
	c->max_secondary = 10;
	c->id = k->m->caches.n;
	named->cache = c;
	*vec_push(k->a, &k->m->caches) = c;
}

/* As far as it is digits. */
static uint32_t digits(struct str text)
{
	unsigned long value = text.len ? strtoul(text.ptr, NULL, 10) : 0;

	return value > INT32_MAX ? INT32_MAX : (uint32_t)value;
}

static bool cache_size(const struct keyword_use *use, uint64_t *value)
{
	struct diag *g;

	if (str_to_u64(use->words[0].text, value))
		return true;
	g = diag_add(use->k->d, D_BAD_NUMBER, use->words[0].span, "`%s` takes a number without a unit",
		     use->row->name);
	diag_haproxy(use->k->d, g, "%s wrong value '%.*s'", use->row->name, STR_ARG(use->words[0].text));
	return false;
}

bool check_cache_size(const struct keyword_use *use)
{
	uint64_t size;
	struct diag *g;

	use->k->named->sized = true;
	if (!cache_size(use, &size))
		return false;
	use->k->named->sized = size != 0;
	use->k->named->cache_size = size;
	use->k->named->cache->total_mb = (uint32_t)size;
	if (size <= CACHE_MEGABYTES)
		return true;
	g = diag_add(use->k->d, D_OUT_OF_RANGE, use->words[0].span, "a cache has at most %d megabytes",
		     CACHE_MEGABYTES);
	diag_haproxy(use->k->d, g, "\"total-max-size\" (%.*s) must not be greater than %d",
		     STR_ARG(use->words[0].text), CACHE_MEGABYTES);
	return false;
}

bool check_cache_object(const struct keyword_use *use)
{
	use->k->named->cache_object_line = use->line;
	if (!cache_size(use, &use->k->named->cache_object))
		return false;
	use->k->named->cache->max_object_size = use->k->named->cache_object;
	return true;
}

bool check_cache_age(const struct keyword_use *use)
{
	struct diag *g;
	int64_t age;

	if (!check_arity(use, 0, 1))
		return false;
	if (use->n) {
		use->k->named->cache->max_age = digits(use->words[0].text);
		return check_number(use, &use->words[0], 0, 0, &age);
	}
	g = check_missing(use, use->row->args);
	if (use->k->compat <= 206)
		check_severity(use->k, g, SEV_WARNING);
	diag_haproxy(use->k->d, g, "'max-age' expects an age parameter in seconds.");
	return true;
}

bool check_cache_variants(const struct keyword_use *use)
{
	struct diag *g;
	int64_t n;

	use->k->named->cache->max_secondary = digits(use->words[0].text);
	if (use->k->named->cache->max_secondary && str_to_i64(use->words[0].text, &n))
		return true;
	g = diag_add(use->k->d, D_OUT_OF_RANGE, use->words[0].span,
		     "`max-secondary-entries` is a positive number");
	diag_haproxy(use->k->d, g, "max-secondary-entries wrong value '%.*s'", STR_ARG(use->words[0].text));
	return false;
}

void check_cache_end(struct checker *k, const struct named_section *s)
{
	uint64_t half = s->cache_size << 19; /* bytes: one object takes half of the cache at most */
	struct diag *g;

	if (!s->cache_object_line || !s->cache_size || s->cache_object <= half)
		return;
	g = diag_add(k->d, D_OUT_OF_RANGE, s->cache_object_line->span,
		     "one response may take half of the cache at most, %llu bytes", (unsigned long long)half);
	diag_haproxy_unplaced(k->d, g,
			      "\"max-object-size\" is limited to an half of \"total-max-size\" => %llu",
			      (unsigned long long)half);
}
