/* A receiver of a ring's lines: one connection to a server, kept up as long as the process runs (manual,
 * section 3.9, `server`). Internal to runtime/log. Worker 0, but for init and free. */
#ifndef LB_LOG_RING_SENDER_H
#define LB_LOG_RING_SENDER_H

#include "grammar/model.h"
#include "runtime/log/ring.h"
#include "runtime/net/conn.h"

struct tls_back;

enum { RING_BATCH = 64, RING_BATCH_BYTES = 16384, RING_RETRY_MS = 1000 };
enum ring_sender_state { SENDER_IDLE, SENDER_CONNECTING, SENDER_SECURING, SENDER_OPEN };

struct ring_sender {
	struct conn conn; /* first member */
	struct worker *worker;
	struct ring *ring;
	struct ring_reader reader;
	const struct server_conf *conf;
	struct tls_back *tls;
	uint32_t timeout_connect, timeout_server; /* ms, 0: none */
	struct deadline deadline;
	struct out line, batch; /* framed lines that are being sent */
	size_t sent;
	size_t ends[RING_BATCH]; /* of the lines in the batch */
	uint32_t nlines;
	uint8_t state;  /* enum ring_sender_state */
	bool delivered; /* something, over this connection */
	bool stopped;
};

void ring_sender_init(struct ring_sender *s, struct ring *ring, const struct server_conf *conf,
		      uint32_t timeout_connect, uint32_t timeout_server);
/* Connects, and again whenever the connection is lost. */
void ring_sender_start(struct ring_sender *s, struct worker *w);
/* Sends what can be sent without waiting, and closes. */
void ring_sender_stop(struct ring_sender *s);
void ring_sender_free(struct ring_sender *s);

#endif
