/* The first bytes of TLS clients. Demands of the reader that routes without decrypting: nothing outside the
 * input is looked at (the copy is exactly as long), more bytes never turn a complete hello into something else,
 * every slice lies inside the input. Then the same bytes go to a proxy that terminates TLS, with choice of
 * certificates, captures and logs, and to one that only looks at them: nothing may be left of either. One
 * thread. */
#include <string.h>

#include "runtime/tls/client_hello.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/staged.h"

enum { FROM_END = 64 };

static const char config[] =
	"global\n"
	" tune.ssl.capture-buffer-size 96\n"
	" tune.ssl.default-dh-param 2048\n"
	"defaults\n"
	" mode http\n"
	" log 127.0.0.1:1 local0\n"
	"frontend ends\n"
	" bind 127.0.0.1:1 ssl crt %s alpn h2,http/1.1 allow-0rtt\n"
	" bind 127.0.0.1:2 ssl crt %s strict-sni generate-certificates ca-sign-file %s ssl-min-ver TLSv1.0\n"
	" error-log-format \"%%ci %%[ssl_fc_err_str] %%[ssl_fc_err] %%[ssl_fc_sni] "
	"%%[ssl_fc_cipherlist_bin,hex] "
	"%%[ssl_fc_extlist_bin(1),hex] %%[ssl_fc_eclist_bin,hex] %%[ssl_fc_cipherlist_xxh] "
	"%%[ssl_fc_protocol_hello_id]\"\n"
	" http-request return status 200\n"
	"listen looks\n"
	" mode tcp\n"
	" bind 127.0.0.1:3\n"
	" tcp-request inspect-delay 1s\n"
	" tcp-request content set-var(sess.a) req.ssl_sni,concat(x) if { req.ssl_hello_type 1 }\n"
	" tcp-request content set-var(sess.b) req.ssl_alpn if { req_ssl_ver 3.0:3.4 }\n"
	" tcp-request content reject if { req.ssl_st_ext 5 } or { req.ssl_ec_ext 5 }\n"
	" tcp-request content accept if { req.len gt 0 }\n"
	" server s 127.0.0.1:4\n";

static void within(struct str part, const char *data, size_t size)
{
	FUZZ_DEMAND(!part.len || (part.ptr >= data && part.ptr + part.len <= data + size));
}

static void hello(const uint8_t *in, size_t size)
{
	struct client_hello h, again;
	char *data = malloc(size ? size : 1);
	enum hello_state state;
	bool more;

	FUZZ_DEMAND(data);
	if (size)
		memcpy(data, in, size);
	state = client_hello_parse(str_make(data, size), &h);
	hello_type(str_make(data, size), &more);
	if (state == HELLO_DONE) {
		within(h.ciphers, data, size);
		within(h.sni, data, size);
		within(h.alpn, data, size);
		within(h.groups, data, size);
		within(h.keyshares, data, size);
	}
	for (size_t n = size > FROM_END ? size - FROM_END : 0; n < size; n++)
		if (client_hello_parse(str_make(data, n), &again) == HELLO_DONE)
			FUZZ_DEMAND(state == HELLO_DONE && again.version == h.version);
	free(data);
}

static struct stage *begin(void)
{
	const char *crt = staged_certificate();
	struct out text = out_growing(1 << 16);
	struct stage *st;

	out_printf(&text, config, crt, crt, crt);
	out_char(&text, 0);
	FUZZ_DEMAND(text.buf && !text.truncated);
	st = staged_new(text.buf);
	out_free(&text);
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage *st;
	struct out answer = out_growing(1 << 20);
	struct str bytes = str_make((const char *)data, size);

	if (!size || size > 32768)
		return 0;
	if (!st)
		st = begin();
	hello(data, size);
	staged_client(st, size & 1, bytes, size, &answer);
	staged_client(st, 2, bytes, size, &answer);
	out_free(&answer);
	return 0;
}
