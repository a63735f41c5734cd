/* OCSP responses as they are stapled (RFC 6960; manual, "ssl-load-extra-files"): whether one may be used, and
 * by which key it is known. Pure functions; any thread. */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>

#include "runtime/eval/base64.h"
#include "runtime/tls/tls_inside.h"

/* Lines joined, and decoded where they stand. */
bool tls_base64(struct str text, struct tls_bytes *out)
{
	char *data = malloc(text.len + 1);
	size_t n = 0, len = 0;

	*out = (struct tls_bytes){0};
	for (size_t i = 0; data && i < text.len; i++)
		if (text.ptr[i] != '\r' && text.ptr[i] != '\n')
			data[n++] = text.ptr[i];
	if (data && base64_decode(str_make(data, n), data, n, &len) && len) {
		*out = (struct tls_bytes){(unsigned char *)data, len};
		return true;
	}
	free(data);
	return false;
}

static OCSP_CERTID *id_of(const struct tls_pair *p)
{
	return p->cert && p->issuer ? OCSP_cert_to_id(NULL, p->cert, p->issuer) : NULL;
}

bool tls_ocsp_key(const struct tls_pair *p, char key[2 * TLS_OCSP_KEY_MAX + 1])
{
	OCSP_CERTID *id = id_of(p);
	unsigned char der[TLS_OCSP_KEY_MAX], *at = der;
	int len = id ? i2d_OCSP_CERTID(id, NULL) : 0;

	if (len > 0 && len <= TLS_OCSP_KEY_MAX) {
		i2d_OCSP_CERTID(id, &at);
		for (int i = 0; i < len; i++)
			snprintf(key + 2 * i, 3, "%02x", der[i]);
	}
	OCSP_CERTID_free(id);
	ERR_clear_error();
	return len > 0 && len <= TLS_OCSP_KEY_MAX;
}

static const char *single_check(const struct tls_pair *p, OCSP_SINGLERESP *single)
{
	ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
	OCSP_CERTID *id;
	int reason, status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
	bool same;

	if (status == V_OCSP_CERTSTATUS_UNKNOWN)
		return "OCSP single response: certificate status is unknown.";
	if (!next_update)
		return "OCSP single response: missing nextupdate";
	if (!OCSP_check_validity(this_update, next_update, 300, -1))
		return "OCSP single response: no longer valid.";
	id = id_of(p);
	same = id && OCSP_id_cmp(id, (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(single)) == 0;
	OCSP_CERTID_free(id);
	return same ? NULL : "OCSP single response: Certificate ID does not match certificate and issuer";
}

static const char *basic_check(const struct tls_pair *p, OCSP_BASICRESP *basic)
{
	if (!basic)
		return "Failed to parse OCSP response";
	if (OCSP_resp_count(basic) != 1)
		return "OCSP response ignored because contains multiple single responses";
	return single_check(p, OCSP_resp_get0(basic, 0));
}

bool tls_ocsp_check(const struct tls_pair *p, const struct tls_bytes *der, struct out *error)
{
	const unsigned char *at = der->data;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &at, (long)der->len);
	OCSP_BASICRESP *basic = NULL;
	const char *why = NULL;

	if (!r)
		why = "Unable to parse OCSP response.";
	else if (OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		why = "OCSP response status not successful";
	else
		why = basic_check(p, basic = OCSP_response_get1_basic(r));
	if (why)
		out_puts(error, why);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	return !why;
}
