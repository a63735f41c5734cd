/* Which certificate answers for which host name (RFC 6066 section 3; manual, bind options "crt-list",
 * "strict-sni"): exact names first, then wildcards; negative filters take a name away from their own
 * certificate; of several certificates for one name the first of each kind of key counts. A front's lock guards
 * its table: handshakes read, the control socket writes. */
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "runtime/tls/tls_inside.h"

enum { FIRST_BUCKETS = 16, NAME_MAX_LEN = 255 };

static uint32_t bucket_of(const struct tls_front *f, struct str name)
{
	return str_hash(name) & (f->nbuckets - 1);
}

static struct str lower(struct str name, char *buf)
{
	size_t len = name.len < NAME_MAX_LEN ? name.len : NAME_MAX_LEN;

	for (size_t i = 0; i < len; i++)
		buf[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] | 32) : name.ptr[i];
	return str_make(buf, len);
}

/* Twice as many buckets; the order within one name stays. */
static bool grow(struct tls_front *f)
{
	uint32_t before = f->nbuckets, after = before ? before * 2 : FIRST_BUCKETS;
	struct tls_name **old = f->names, **fresh = calloc(after, sizeof(*fresh));

	if (!fresh)
		return false;
	f->names = fresh;
	f->nbuckets = after;
	for (uint32_t i = 0; i < before; i++)
		while (old[i]) {
			struct tls_name *n = old[i], **end;

			old[i] = n->next;
			end = &fresh[bucket_of(f, str_make(n->text, n->len))];
			while (*end)
				end = &(*end)->next;
			n->next = NULL;
			*end = n;
		}
	free(old);
	return true;
}

static bool name_add(struct tls_front *f, struct tls_use *u, struct str name)
{
	char buf[NAME_MAX_LEN];
	struct tls_name *n, **end;
	bool negative = name.len && name.ptr[0] == '!';

	if (f->nnames >= f->nbuckets && !grow(f))
		return false;
	name = lower(negative ? str_tail(name, 1) : name, buf);
	n = calloc(1, sizeof(*n) + name.len);
	if (!n)
		return false;
	n->negative = negative;
	if (name.len && name.ptr[0] == '*') {
		n->wild = true;
		name = str_tail(name, 1);
	}
	n->use = u;
	n->len = (uint16_t)name.len;
	memcpy(n->text, name.ptr, name.len);
	end = &f->names[bucket_of(f, name)];
	while (*end)
		end = &(*end)->next;
	*end = n;
	f->nnames++;
	return true;
}

/* Without filters the names are the certificate's own: common name and alternative names. */
static bool own_names_add(struct tls_front *f, struct tls_use *u)
{
	X509 *x = u->cert->pair->cert;
	GENERAL_NAMES *alts = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	X509_NAME *subject = X509_get_subject_name(x);
	bool ok = true;

	for (int i = 0; alts && i < sk_GENERAL_NAME_num(alts); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(alts, i);

		if (g->type == GEN_DNS)
			ok &= name_add(f, u,
				       str_make((const char *)ASN1_STRING_get0_data(g->d.dNSName),
						(size_t)ASN1_STRING_length(g->d.dNSName)));
	}
	GENERAL_NAMES_free(alts);
	for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
		unsigned char *text = NULL;
		int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));

		if (len > 0)
			ok &= name_add(f, u, str_make((const char *)text, (size_t)len));
		OPENSSL_free(text);
	}
	return ok;
}

/* Filters that only take names away leave the certificate's own, as the manual says; in HAProxy 2.6 they leave
 * none. */
bool tls_names_add(struct tls_front *f, struct tls_use *u)
{
	bool ok = true, positive = u->line && u->line->nfilters && f->world->model->compat <= 206;

	for (uint32_t i = 0; u->line && i < u->line->nfilters; i++) {
		struct str filter = u->line->filters[i];

		positive |= filter.len && filter.ptr[0] != '!';
		ok &= name_add(f, u, filter);
	}
	return ok && (positive || own_names_add(f, u));
}

void tls_names_remove(struct tls_front *f, const struct tls_use *u)
{
	for (uint32_t i = 0; i < f->nbuckets; i++)
		for (struct tls_name **at = &f->names[i], *n; (n = *at) != NULL;) {
			if (u && n->use != u) {
				at = &n->next;
				continue;
			}
			*at = n->next;
			free(n);
			f->nnames--;
		}
	if (u)
		return;
	free(f->names);
	f->names = NULL;
	f->nbuckets = 0;
}

static struct tls_name *first_of(const struct tls_front *f, struct str name)
{
	return f->nbuckets ? f->names[bucket_of(f, name)] : NULL;
}

static bool name_is(const struct tls_name *n, struct str text, bool wild)
{
	return n->wild == wild && str_eq(str_make(n->text, n->len), text);
}

/* Does a negative filter of the same certificate's line name it? */
static bool is_taken_away(const struct tls_front *f, const struct tls_use *u, struct str host)
{
	size_t dot = str_chr(host, '.');

	for (const struct tls_name *n = first_of(f, host); n; n = n->next)
		if (n->negative && n->use == u && name_is(n, host, false))
			return true;
	if (dot == host.len)
		return false;
	for (const struct tls_name *n = first_of(f, str_tail(host, dot)); n; n = n->next)
		if (n->negative && n->use == u && name_is(n, str_tail(host, dot), true))
			return true;
	return false;
}

/* The first certificate of each kind among those of one name. */
static bool collect(const struct tls_front *f, struct str host, struct str name, bool wild,
		    struct tls_use *found[TLS_KEY_KINDS])
{
	bool any = false;

	for (struct tls_name *n = first_of(f, name); n; n = n->next) {
		if (n->negative || !name_is(n, name, wild) || found[n->use->kind] ||
		    is_taken_away(f, n->use, host))
			continue;
		found[n->use->kind] = n->use;
		any = true;
	}
	return any;
}

/* What the client can do, the better first; of those that it cannot, the same order, as HAProxy does. */
static struct tls_use *best_of(struct tls_use *const found[TLS_KEY_KINDS], const bool kinds[TLS_KEY_KINDS])
{
	static const uint8_t order[] = {TLS_KEY_ECDSA, TLS_KEY_RSA, TLS_KEY_DSA};

	for (uint32_t i = 0; i < TLS_KEY_KINDS; i++)
		if (found[order[i]] && kinds[order[i]])
			return found[order[i]];
	for (uint32_t i = 0; i < TLS_KEY_KINDS; i++)
		if (found[order[i]])
			return found[order[i]];
	return NULL;
}

/* HAProxy 2.6 has one certificate for who names no host that is known, whatever the client can do. */
static struct tls_use *preset_of(const struct tls_front *f, const bool kinds[TLS_KEY_KINDS])
{
	static const bool all[TLS_KEY_KINDS];

	return best_of(f->presets, f->world->model->compat > 206 ? kinds : all);
}

struct tls_use *tls_names_find(const struct tls_front *f, struct str host, const bool kinds[TLS_KEY_KINDS])
{
	struct tls_use *found[TLS_KEY_KINDS] = {0};
	char buf[NAME_MAX_LEN];
	size_t dot;

	if (!host.len)
		return preset_of(f, kinds);
	host = lower(host, buf);
	if (collect(f, host, host, false, found))
		return best_of(found, kinds);
	dot = str_chr(host, '.');
	if (dot < host.len && collect(f, host, str_tail(host, dot), true, found))
		return best_of(found, kinds);
	return NULL;
}
