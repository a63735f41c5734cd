/* Fetches that look at a TLS hello in the raw bytes of a connection (manual, section 7.3.5: req.ssl_*,
 * res.ssl_hello_type): for choosing a server without decrypting. One thread. */
#include "runtime/eval/fetch.h"
#include "runtime/tls/client_hello.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* The client's hello; false: none, or not all of it is here yet, which is worth waiting for. */
static bool hello_get(struct eval *e, struct client_hello *h)
{
	switch (client_hello_parse(e->raw_req, h)) {
	case HELLO_DONE:
		return true;
	case HELLO_MORE:
		e->want_more = e->may_wait && !e->raw_req_final;
		return false;
	case HELLO_NONE:
		break;
	}
	return false;
}

static bool type_get(struct eval *e, struct str data, bool final, struct sample *out)
{
	bool more;
	unsigned type = hello_type(data, &more);

	if (!type && more && !final && e->may_wait) {
		e->want_more = true;
		return false;
	}
	return type && sample_set_int(out, type);
}

bool fetch_req_ssl_hello_type(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	return type_get(e, e->raw_req, e->raw_req_final, out);
}

bool fetch_res_ssl_hello_type(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	return type_get(e, e->raw_res, e->raw_res_final, out);
}

bool fetch_req_ssl_sni(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	struct client_hello h;

	return hello_get(e, &h) && sample_set_str(out, h.sni);
}

bool fetch_req_ssl_ver(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	struct client_hello h;

	return hello_get(e, &h) && sample_set_int(out, h.version);
}

/* The first one, as HAProxy has it. */
bool fetch_req_ssl_alpn(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	struct client_hello h;

	if (!hello_get(e, &h) || !h.alpn.len || (unsigned char)h.alpn.ptr[0] >= h.alpn.len)
		return false;
	return sample_set_str(out, str_sub(h.alpn, 1, (unsigned char)h.alpn.ptr[0]));
}

bool fetch_req_ssl_ec_ext(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	struct client_hello h;

	return hello_get(e, &h) && h.has_groups && sample_set_bool(out, true);
}

/* 0: no session ticket extension, 1: an empty one, 2: with a ticket. */
bool fetch_req_ssl_st_ext(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	struct client_hello h;

	return hello_get(e, &h) && sample_set_int(out, !h.has_ticket ? 0 : h.ticket.len ? 2 : 1);
}

static bool set_bin(struct sample *out, struct str data)
{
	out->type = SMP_BIN;
	out->str = data;
	return data.ptr != NULL;
}

bool fetch_req_ssl_cipherlist(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	struct client_hello h;

	return hello_get(e, &h) && set_bin(out, h.ciphers);
}

bool fetch_req_ssl_sigalgs(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	struct client_hello h;

	return hello_get(e, &h) && set_bin(out, h.sigalgs);
}

bool fetch_req_ssl_groups(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	struct client_hello h;

	return hello_get(e, &h) && set_bin(out, h.groups);
}

/* The groups of the key shares, without the keys. */
bool fetch_req_ssl_keyshares(struct eval *e, const struct fetch_call *call, struct sample *out,
			     struct sample_iter *iter)
{
	struct client_hello h;
	char *groups;
	size_t len = 0;

	if (!hello_get(e, &h) || !h.keyshares.ptr || !(groups = scratch_alloc(e->scratch, h.keyshares.len + 1)))
		return false;
	while (h.keyshares.len >= 4) {
		size_t key = (size_t)(unsigned char)h.keyshares.ptr[2] << 8 | (unsigned char)h.keyshares.ptr[3];

		groups[len++] = h.keyshares.ptr[0];
		groups[len++] = h.keyshares.ptr[1];
		h.keyshares = str_tail(h.keyshares, 4 + key);
	}
	return set_bin(out, str_make(groups, len));
}
