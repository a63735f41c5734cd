/* Keys for balancing by hash: what of a request is hashed. */
#include "runtime/backend/balance_key.h"

#include "runtime/eval/hash.h"
#include "runtime/eval/sample.h"

/* --- hashes */

static bool scatters(const struct proxy_conf *conf)
{
	return conf->hash_avalanche;
}

uint32_t balance_hash(const struct proxy_conf *conf, struct str bytes)
{
	uint32_t h = hash_of(conf->hash_func, bytes);

	return scatters(conf) ? hash_avalanche(h) : h;
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
	key_set(r, scatters(r->backend->conf) ? hash_avalanche(key) : key);
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

/* The first value of the first such field. */
static void key_header(struct srv_request *r, struct http_msg *req)
{
	const struct balance_conf *b = &r->backend->conf->balance;
	struct http_hdr *h = http_find(req, b->name, NULL);
	struct str value;

	if (!h)
		return;
	value = str_make(h->value, h->value_len);
	value = str_trim(str_sub(value, 0, str_chr(value, ',')));
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
