/* What responses vary by (manual, section 6.1; RFC 9111 section 4.1): encodings that a request takes as a set
 * of bits, the referer as a hash. A response has one encoding, so that a request that takes it gets it,
 * whatever else it takes. No state; any thread. */
#include "runtime/cache/cache_policy.h"

#include "runtime/eval/hash.h"

/* Encodings that IANA lists (HTTP Content Coding Registry), and aliases. */
static const struct {
	const char *name;
	uint32_t bit;
} codings[] = {
	{"gzip", 1},          {"x-gzip", 1},     {"deflate", 2},    {"br", 4},
	{"compress", 8},      {"x-compress", 8}, {"aes128gcm", 16}, {"exi", 32},
	{"pack200-gzip", 64}, {"zstd", 128},     {"identity", 256},
};
enum { IDENTITY = 256, ALL = 511 };

static uint32_t coding_bit(struct str name)
{
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		if (str_ieq(name, str_from(codings[i].name)))
			return codings[i].bit;
	return 0;
}

/* Does `;q=0`, or 0 and zeros behind a point, follow (RFC 9110 section 12.4.2)? */
static bool is_refused(struct str params)
{
	struct str q = str_trim(str_tail(params, str_chr(params, '=') + 1));

	if (str_chr(params, '=') >= params.len || !q.len)
		return false;
	for (size_t i = 0; i < q.len; i++)
		if (q.ptr[i] != '0' && !(i == 1 && q.ptr[i] == '.'))
			return false;
	return true;
}

struct accepted {
	uint32_t yes, no;
	bool all, none; /* `*`, and `*;q=0` */
};

static void accept_item(struct accepted *a, struct str item)
{
	size_t end = str_chr(item, ';');
	struct str name = str_trim(str_sub(item, 0, end));
	bool refused = is_refused(str_tail(item, end + 1));

	if (str_is(name, "*"))
		*(refused ? &a->none : &a->all) = true;
	else
		*(refused ? &a->no : &a->yes) |= coding_bit(name);
}

void cache_vary_request(struct http_msg *m, struct cache_vary *v)
{
	struct http_hdr *h = http_find(m, STR("accept-encoding"), NULL),
			*referer = http_find(m, STR("referer"), NULL);
	struct accepted a = {0};

	v->referer = referer ? (uint32_t)hash_xxh64(str_make(referer->value, referer->value_len), 0) | 1 : 0;
	v->encodings = ALL;
	if (!h)
		return;
	for (; h; h = http_find(m, STR("accept-encoding"), h)) {
		struct str rest = str_make(h->value, h->value_len);

		for (size_t n; rest.len; rest = str_tail(rest, n + 1)) {
			n = str_chr(rest, ',');
			accept_item(&a, str_trim(str_sub(rest, 0, n)));
		}
	}
	v->encodings = (a.all ? ALL : a.none ? 0 : IDENTITY) & ~a.no;
	v->encodings |= a.yes;
}

/* One name of a Vary field; 0: not one that is known. */
static uint8_t vary_bit(struct str name)
{
	return str_ieq(name, STR("accept-encoding")) ? CACHE_VARY_ENCODING
	       : str_ieq(name, STR("referer"))       ? CACHE_VARY_REFERER
						     : 0;
}

bool cache_vary_response(struct http_msg *m, uint8_t *bits, uint32_t *encoding)
{
	struct http_hdr *h = NULL;

	*bits = 0;
	*encoding = IDENTITY;
	while ((h = http_find(m, STR("vary"), h))) {
		struct str rest = str_make(h->value, h->value_len);
		size_t n;

		do {
			uint8_t bit;

			n = str_chr(rest, ',');
			bit = vary_bit(str_trim(str_sub(rest, 0, n)));
			if (!bit)
				return false;
			*bits |= bit;
			if (n >= rest.len)
				break;
			rest = str_tail(rest, n + 1);
		} while (true);
	}
	h = http_find(m, STR("content-encoding"), NULL);
	if (!(*bits & CACHE_VARY_ENCODING) || !h)
		return true;
	*encoding = coding_bit(str_trim(str_make(h->value, h->value_len)));
	return *encoding != 0;
}

bool cache_vary_matches(uint8_t bits, const struct cache_vary *stored, const struct cache_vary *request)
{
	if (bits & CACHE_VARY_ENCODING && !(request->encodings & stored->encodings))
		return false;
	return !(bits & CACHE_VARY_REFERER) || request->referer == stored->referer;
}
