/* Keys for balancing by hash. The functions are public ones: sdbm, djb2, CRC-32 as in Ethernet, and Bob
 * Jenkins' 32-bit mix. */
#include "runtime/backend/balance_key.h"

#include "runtime/eval/sample.h"

enum hash_func { HASH_SDBM, HASH_DJB2, HASH_WT6, HASH_CRC32, HASH_NONE };
enum hash_type { HASH_MAP, HASH_CONSISTENT };

/* --- hashes */

static uint32_t hash_sdbm(struct str s)
{
	uint32_t h = 0;

	for (size_t i = 0; i < s.len; i++)
		h = (uint8_t)s.ptr[i] + (h << 6) + (h << 16) - h;
	return h;
}

static uint32_t hash_djb2(struct str s)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < s.len; i++)
		h = (h << 5) + h + (uint8_t)s.ptr[i];
	return h;
}

/* Bit by bit: keys are short. */
static uint32_t hash_crc32(struct str s)
{
	uint32_t h = ~0u;

	for (size_t i = 0; i < s.len; i++) {
		h ^= (uint8_t)s.ptr[i];
		for (int bit = 0; bit < 8; bit++)
			h = h >> 1 ^ (h & 1 ? 0xedb88320 : 0);
	}
	return ~h;
}

/* The mix, then times 2^31 + 2^30 + 1, so that the upper bits differ for neighbours too. */
uint32_t balance_scatter(uint32_t a)
{
	a = (a + 0x7ed55d16) + (a << 12);
	a = (a ^ 0xc761c23c) ^ (a >> 19);
	a = (a + 0x165667b1) + (a << 5);
	a = (a + 0xd3a2646c) ^ (a << 9);
	a = (a + 0xfd7046c5) + (a << 3);
	a = (a ^ 0xb55a4f09) ^ (a >> 16);
	return a * 0xc0000001;
}

static bool scatters(const struct proxy_conf *conf)
{
	return conf->hash_avalanche;
}

/* `hash-type ... none`: the key is a hash already, as a number in its digits. */
static uint32_t number_of(struct str bytes)
{
	uint32_t n = 0;

	for (size_t i = 0; i < bytes.len && bytes.ptr[i] >= '0' && bytes.ptr[i] <= '9'; i++)
		n = n * 10 + (uint32_t)(bytes.ptr[i] - '0');
	return n;
}

uint32_t balance_hash(const struct proxy_conf *conf, struct str bytes)
{
	uint32_t h = conf->hash_func == HASH_DJB2    ? hash_djb2(bytes)
		     : conf->hash_func == HASH_CRC32 ? hash_crc32(bytes)
		     : conf->hash_func == HASH_NONE  ? number_of(bytes)
						     : hash_sdbm(bytes);

	return scatters(conf) ? balance_scatter(h) : h;
}

/* --- what is hashed */

static void key_set(struct srv_request *r, uint32_t key)
{
	r->key = key;
	r->has_key = true;
}

/* The address as 32-bit words in network order, xored: no hash function, only the modifier. */
static void key_source(struct srv_request *r)
{
	const union addr *a = r->client;
	uint32_t words[4] = {0}, key;

	if (!a || (a->family != AF_INET && a->family != AF_INET6))
		return;
	if (a->family == AF_INET)
		memcpy(words, &a->in.sin_addr, 4);
	else
		memcpy(words, &a->in6.sin6_addr, 16);
	key = ntohl(words[0]) ^ ntohl(words[1]) ^ ntohl(words[2]) ^ ntohl(words[3]);
	key_set(r, scatters(r->backend->conf) ? balance_scatter(key) : key);
}

/* Up to the question mark, the length, or the slash that begins one directory too many. */
static struct str uri_part(const struct balance_conf *b, struct str uri)
{
	size_t end = 0, limit = b->len && b->len < uri.len ? b->len : uri.len;
	uint32_t slashes = 0;

	for (; end < limit; end++) {
		if (uri.ptr[end] == '?' && !b->whole)
			break;
		if (uri.ptr[end] != '/')
			continue;
		if (b->depth && slashes == b->depth)
			break;
		slashes++;
	}
	return str_sub(uri, 0, end);
}

static void key_uri(struct srv_request *r, const struct http_msg *req)
{
	const struct balance_conf *b = &r->backend->conf->balance;
	struct str uri = b->path_only ? http_uri_pathq(req->uri) : req->uri;

	key_set(r, balance_hash(r->backend->conf, uri_part(b, uri)));
}

/* The value of `name` in a query, not decoded; true when it is there with an equal sign. */
static bool param_find(struct str query, struct str name, struct str *value)
{
	while (query.len) {
		size_t end = str_chr(query, '&');
		struct str pair = str_sub(query, 0, end);

		if (str_starts(pair, name) && pair.len > name.len && pair.ptr[name.len] == '=') {
			*value = str_tail(pair, name.len + 1);
			return true;
		}
		query = str_tail(query, end + 1);
	}
	return false;
}

/* In the query, else in the body of a POST request, as far as that is at hand. */
static void key_param(struct srv_request *r, const struct http_msg *req)
{
	const struct balance_conf *b = &r->backend->conf->balance;
	bool in_body = b->check_post && req->method == HTTP_M_POST;
	struct str value;

	if (param_find(http_uri_query(req->uri), b->name, &value) ||
	    (in_body && param_find(req->body_seen, b->name, &value)))
		key_set(r, balance_hash(r->backend->conf, value));
}

/* "www.example.com:80" gives "example": the label before the last one. */
static struct str domain_of(struct str host)
{
	size_t end = host.len, begin;

	while (end && host.ptr[end - 1] != '.')
		end--;
	if (!end)
		return host;
	end--;
	for (begin = end; begin && host.ptr[begin - 1] != '.'; begin--)
		;
	return str_sub(host, begin, end - begin);
}

static struct str trim(struct str s)
{
	while (s.len && (*s.ptr == ' ' || *s.ptr == '\t'))
		s = str_tail(s, 1);
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* The first value of the first such field. */
static void key_header(struct srv_request *r, struct http_msg *req)
{
	const struct balance_conf *b = &r->backend->conf->balance;
	struct http_hdr *h = http_find(req, b->name, NULL);
	struct str value;

	if (!h)
		return;
	value = str_make(h->value, h->value_len);
	value = trim(str_sub(value, 0, str_chr(value, ',')));
	if (b->use_domain_only)
		value = domain_of(value);
	if (value.len)
		key_set(r, balance_hash(r->backend->conf, value));
}

void balance_key(struct srv_request *r, struct http_msg *req)
{
	r->has_key = false;
	switch (r->backend->conf->balance.kind) {
	case BAL_SOURCE:
		key_source(r);
		break;
	case BAL_URI:
		if (req)
			key_uri(r, req);
		break;
	case BAL_URL_PARAM:
		if (req)
			key_param(r, req);
		break;
	case BAL_HDR:
		if (req)
			key_header(r, req);
		break;
	default:
		break;
	}
}

void balance_key_sample(struct srv_request *r, struct str sample)
{
	key_set(r, balance_hash(r->backend->conf, sample));
}

void balance_key_expr(struct srv_request *r, struct eval *e)
{
	struct sample sample;

	r->has_key = false;
	if (sample_eval(e, r->backend->conf->balance.hash, &sample) && sample_cast(e, &sample, SMP_BIN))
		balance_key_sample(r, sample.str);
}
