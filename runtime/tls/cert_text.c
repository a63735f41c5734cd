/* Certificates as text. */
#include "runtime/tls/cert_text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

static const char *kind_of(const X509_NAME_ENTRY *entry, char *oid, int size)
{
	ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
	int nid = OBJ_obj2nid(object);
	const char *name = nid == NID_undef ? NULL : OBJ_nid2sn(nid);

	if (name)
		return name;
	OBJ_obj2txt(oid, size, object, 1);
	return oid;
}

static struct str value_of(const X509_NAME_ENTRY *entry)
{
	const ASN1_STRING *s = X509_NAME_ENTRY_get_data(entry);

	return str_make((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

bool cert_name_oneline(const X509_NAME *name, struct out *out)
{
	int n = X509_NAME_entry_count(name);
	char oid[128];

	for (int i = 0; i < n; i++) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

		out_printf(out, "/%s=", kind_of(entry, oid, sizeof(oid)));
		out_str(out, value_of(entry));
	}
	return n > 0 && !out->truncated;
}

bool cert_name_rfc2253(const X509_NAME *name, struct out *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	bool ok = false;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		len = BIO_get_mem_data(bio, &text);
		out_bytes(out, text, (size_t)len);
		ok = len > 0;
	}
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

bool cert_name_entry(const X509_NAME *name, struct str kind, int n, struct out *out)
{
	int count = X509_NAME_entry_count(name);
	char oid[128];

	for (int k = 0; k < count; k++) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, n < 0 ? count - 1 - k : k);

		if (!str_ieq(str_from(kind_of(entry, oid, sizeof(oid))), kind))
			continue;
		if (n < 0 ? ++n : n > 1 ? n-- > 1 : 0)
			continue;
		out_str(out, value_of(entry));
		return true;
	}
	return false;
}

bool cert_alternatives(X509 *x, const char *between, struct out *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	BIO *bio = names ? BIO_new(BIO_s_mem()) : NULL;
	char *text;
	bool any = false;

	for (int i = 0; bio && i < sk_GENERAL_NAME_num(names); i++) {
		long len;

		(void)BIO_reset(bio);
		if (GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(names, i)) <= 0)
			continue;
		len = BIO_get_mem_data(bio, &text);
		if (any)
			out_puts(out, between);
		out_bytes(out, text, (size_t)len);
		any = true;
	}
	BIO_free(bio);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return any;
}

X509 *cert_root(SSL *ssl)
{
	STACK_OF(X509) *chain = ssl ? SSL_get0_verified_chain(ssl) : NULL;

	return chain && sk_X509_num(chain) ? sk_X509_value(chain, sk_X509_num(chain) - 1) : NULL;
}
