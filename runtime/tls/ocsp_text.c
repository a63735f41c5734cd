/* OCSP responses (RFC 6960 section 4.2) as text, and when they end. Pure functions; any thread. */
#include "runtime/tls/ocsp_text.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <time.h>

/* An empty line would end the answer of a command: a blank stands in it, as in HAProxy. */
static void put_lines(struct out *o, struct str text)
{
	while (text.len) {
		size_t end = str_chr(text, '\n');

		out_str(o, end ? str_sub(text, 0, end) : STR(" "));
		if (end < text.len)
			out_char(o, '\n');
		text = str_tail(text, end + 1);
	}
}

void ocsp_put_response(struct out *o, const struct tls_bytes *der)
{
	const unsigned char *at = der->data;
	OCSP_RESPONSE *r = der->len ? d2i_OCSP_RESPONSE(NULL, &at, (long)der->len) : NULL;
	BIO *bio = r ? BIO_new(BIO_s_mem()) : NULL;
	char *text;
	long len;

	if (bio && OCSP_RESPONSE_print(bio, r, 0)) {
		len = BIO_get_mem_data(bio, &text);
		put_lines(o, str_make(text, (size_t)len));
	}
	BIO_free(bio);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
}

int64_t ocsp_next_update(const struct tls_bytes *der)
{
	const unsigned char *at = der->data;
	OCSP_RESPONSE *r = der->len ? d2i_OCSP_RESPONSE(NULL, &at, (long)der->len) : NULL;
	OCSP_BASICRESP *basic = r ? OCSP_response_get1_basic(r) : NULL;
	ASN1_GENERALIZEDTIME *next = NULL;
	int64_t seconds = 0;
	struct tm tm;

	if (basic && OCSP_resp_count(basic) > 0)
		OCSP_single_get0_status(OCSP_resp_get0(basic, 0), NULL, NULL, NULL, &next);
	if (next && ASN1_TIME_to_tm(next, &tm) == 1)
		seconds = (int64_t)timegm(&tm);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	return seconds;
}
