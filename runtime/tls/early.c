/* Early data (manual, bind option "allow-0rtt"; RFC 8446 section 8): accepted up to a buffer's size. They wait
 * inside the connection until the handshake is complete, so that a replayed hello never becomes a request. */
#include "runtime/tls/tls_inside.h"

enum { EARLY_BYTES = 16384 };

void tls_early_setup(SSL_CTX *ctx, const struct tls_front *f, const struct crt_line *line)
{
	bool allowed = f->conf->tls.conf.allow_0rtt || (line && line->conf.allow_0rtt);

	SSL_CTX_set_max_early_data(ctx, allowed ? EARLY_BYTES : 0);
	if (allowed)
		SSL_CTX_set_options(ctx, SSL_OP_NO_ANTI_REPLAY);
}
