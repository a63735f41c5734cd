/* Early data (manual, bind option "allow-0rtt"; RFC 8446 section 8): accepted up to what fits into a buffer.
 * They wait inside the connection until the handshake is complete, so that a replayed hello never becomes a
 * request: HAProxy 2.6.12 does the same, whatever its manual says of requests that come before. So there is
 * nothing for wait-for-handshake to do, ssl_fc_has_early is false, and nobody needs an Early-Data field
 * (RFC 8470 section 3: one of the ways to go about it). */
#include "runtime/tls/tls_inside.h"

void tls_early_setup(SSL_CTX *ctx, const struct tls_front *f, const struct crt_line *line)
{
	const struct global_conf *g = &f->world->model->global;
	uint32_t reserve = g->tune_maxrewrite < g->tune_bufsize / 2 ? g->tune_maxrewrite : g->tune_bufsize / 2;
	bool allowed = f->conf->tls.conf.allow_0rtt || (line && line->conf.allow_0rtt);

	SSL_CTX_set_max_early_data(ctx, allowed ? g->tune_bufsize - reserve : 0);
	if (allowed)
		SSL_CTX_set_options(ctx, SSL_OP_NO_ANTI_REPLAY);
}
