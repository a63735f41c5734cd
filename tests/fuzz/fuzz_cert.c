/* What files of certificates hold. The first byte says what the rest is: certificates with keys and parameters
 * as text, one certificate as bytes, an OCSP response as bytes or in base64, authorities, a ticket key.
 * Demands: what is refused says why, what is taken can be shown in every form and is the same when it is
 * written and read again, numbers counted from the end are those from the beginning, everything is given back.
 * One thread. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "runtime/tls/cert_text.h"
#include "runtime/tls/ocsp_text.h"
#include "runtime/tls/tls_inside.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/staged.h"

enum { TEXTS, CERTIFICATE, OCSP, OCSP_BASE64, AUTHORITIES, TICKET_KEY, KINDS };
enum { SHOWN = 1 << 18 };

/* A certificate that is its own issuer, and its key. */
static struct tls_pair *own_pair(void)
{
	static struct tls_pair *own;
	struct tls_bytes text;
	struct out error = out_growing(1024);

	if (own)
		return own;
	FUZZ_DEMAND(tls_file_read(staged_certificate(), 1 << 20, &text));
	own = tls_pair_parse(NULL, str_make((char *)text.data, text.len), "own", NULL, &error);
	FUZZ_DEMAND(own && own->key && tls_pair_complete(own, "own", &error));
	FUZZ_DEMAND(X509_up_ref(own->cert));
	own->issuer = own->cert;
	free(text.data);
	out_free(&error);
	return own;
}

/* --- names and dates */

static void demand_entries(const X509_NAME *name)
{
	int n = X509_NAME_entry_count(name), of_kind = 0;
	struct out a = out_growing(SHOWN), b = out_growing(SHOWN);

	while (of_kind < n && cert_name_entry(name, STR("CN"), of_kind + 1, &a))
		of_kind++;
	for (int i = 0; i < of_kind; i++) {
		a.len = b.len = 0;
		FUZZ_DEMAND(cert_name_entry(name, STR("CN"), i + 1, &a));
		FUZZ_DEMAND(cert_name_entry(name, STR("CN"), i - of_kind, &b));
		FUZZ_DEMAND(str_eq(out_get(&a), out_get(&b)));
	}
	FUZZ_DEMAND(!cert_name_entry(name, STR("CN"), -of_kind - 1, &b));
	out_free(&a);
	out_free(&b);
}

static void show_name(const X509_NAME *name)
{
	struct out o = out_growing(SHOWN);

	FUZZ_DEMAND(!cert_name_oneline(name, &o) || out_get(&o).ptr[0] == '/');
	cert_name_rfc2253(name, &o);
	demand_entries(name);
	out_free(&o);
}

static void show_cert(X509 *x)
{
	struct out o = out_growing(SHOWN);

	show_name(X509_get_subject_name(x));
	show_name(X509_get_issuer_name(x));
	cert_alternatives(x, ", ", &o);
	out_free(&o);
}

/* --- certificates */

static void demand_same(const struct tls_pair *p)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct out error = out_growing(1024);
	struct tls_pair *again;
	char *text;
	long len;

	FUZZ_DEMAND(bio && PEM_write_bio_X509(bio, p->cert));
	for (int i = 0; i < sk_X509_num(p->chain); i++)
		FUZZ_DEMAND(PEM_write_bio_X509(bio, sk_X509_value(p->chain, i)));
	len = BIO_get_mem_data(bio, &text);
	again = tls_pair_parse(NULL, str_make(text, (size_t)len), "again", p, &error);
	FUZZ_DEMAND(again && !again->key == !p->key);
	FUZZ_DEMAND(sk_X509_num(again->chain) == sk_X509_num(p->chain));
	tls_pair_free(&again);
	out_free(&error);
	BIO_free(bio);
}

static void pair_from(struct str text)
{
	struct out error = out_growing(SHOWN);
	struct tls_pair *p = tls_pair_parse(NULL, text, "file", NULL, &error), *copy;
	char key[2 * TLS_OCSP_KEY_MAX + 1];

	FUZZ_DEMAND(!p == (error.len > 0));
	if (p) {
		show_cert(p->cert);
		if (p->key)
			FUZZ_DEMAND(tls_pair_complete(p, "file", &error) == !error.len);
		demand_same(p);
		FUZZ_DEMAND(copy = tls_pair_copy(p));
		if (X509_up_ref(p->cert))
			p->issuer = p->cert;
		tls_ocsp_key(p, key);
		tls_pair_free(&p);
		show_cert(copy->cert);
		tls_pair_free(&copy);
	}
	FUZZ_DEMAND(!ERR_peek_error()); /* one that stays is taken for the next connection's */
	out_free(&error);
}

/* One as bytes in the text that files are made of: changes of the bytes stay readable. */
static void certificate_from(const uint8_t *data, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	FUZZ_DEMAND(bio && PEM_write_bio(bio, PEM_STRING_X509, "", data, (long)size));
	len = BIO_get_mem_data(bio, &text);
	pair_from(str_make(text, (size_t)len));
	BIO_free(bio);
}

/* --- what goes with them */

static void ocsp_from(const struct tls_bytes *der)
{
	struct out error = out_growing(1024), shown = out_growing(SHOWN);

	FUZZ_DEMAND(tls_ocsp_check(own_pair(), der, &error) == !error.len);
	ocsp_put_response(&shown, der);
	FUZZ_DEMAND(ocsp_next_update(der) >= 0 || error.len);
	FUZZ_DEMAND(!ERR_peek_error());
	out_free(&error);
	out_free(&shown);
}

static void base64_from(struct str text)
{
	struct tls_bytes der;

	if (!tls_base64(text, &der))
		return;
	FUZZ_DEMAND(der.len && der.len <= text.len);
	ocsp_from(&der);
	free(der.data);
}

static void authorities_from(struct str text)
{
	struct tls_authority *a = tls_authority_new("authorities");

	FUZZ_DEMAND(a);
	if (!tls_authority_parse(a, text))
		FUZZ_DEMAND(!a->ncerts && !a->ncrls);
	FUZZ_DEMAND(!ERR_peek_error());
	tls_authority_free(&a);
}

static void ticket_key_from(struct str text)
{
	struct tls_ticket_key key;

	if (tls_ticket_key_parse(text, &key))
		FUZZ_DEMAND(key.size == 16 || key.size == 32);
	tls_sctl_check(text.ptr, text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_bytes der;
	char *copy;

	if (size < 2)
		return 0;
	copy = malloc(size - 1); /* exactly as long, so that reading behind it is seen */
	FUZZ_DEMAND(copy);
	memcpy(copy, data + 1, size - 1);
	der = (struct tls_bytes){(unsigned char *)copy, size - 1};
	switch (data[0] % KINDS) {
	case TEXTS:
		pair_from(str_make(copy, size - 1));
		break;
	case CERTIFICATE:
		certificate_from(data + 1, size - 1);
		break;
	case OCSP:
		ocsp_from(&der);
		break;
	case OCSP_BASE64:
		base64_from(str_make(copy, size - 1));
		break;
	case AUTHORITIES:
		authorities_from(str_make(copy, size - 1));
		break;
	default:
		ticket_key_from(str_make(copy, size - 1));
	}
	free(copy);
	return 0;
}
