/* How many TLS connections a process has, on both sides, and how fast they come: for `maxsslconn`, `maxsslrate` and `show info`
 * (manual, section 3.2; management guide, "show info"). It belongs to the process and outlives generations. Any thread; rates are
 * under its lock, which is held for a reading or a count. */
#ifndef LB_CORE_TLS_LOAD_H
#define LB_CORE_TLS_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/stats/counters.h"

struct tls_load {
	atomic_uint open, limit; /* connections now, and the most of them; limit 0: none */
	atomic_uint_fast64_t total, lookups, misses; /* lookups: of sessions by their id */
	pthread_mutex_t lock;
	struct rate clients;		      /* connections of clients */
	struct rate client_keys, server_keys; /* handshakes that resumed no session */
};

/* The rest of *l is zero before. Main thread, without others. */
void tls_load_init(struct tls_load *l);
void tls_load_fini(struct tls_load *l);
/* A connection begins. False: there are too many; nothing was counted then. */
bool tls_load_begin(struct tls_load *l, bool from_client, uint64_t now);
void tls_load_end(struct tls_load *l);
/* A handshake is complete. */
void tls_load_handshake(struct tls_load *l, bool from_client, bool resumed, uint64_t now);
/* Is there room for another client, and has this second? rate: the most per second, 0: no limit. */
bool tls_load_allows(struct tls_load *l, uint32_t rate, uint64_t now);

struct tls_load_figures {
	uint32_t open, limit, clients, clients_max, client_keys, client_keys_max, server_keys, server_keys_max;
	uint32_t reuse; /* percent of clients that came with a session */
	uint64_t total, lookups, misses;
};
void tls_load_read(struct tls_load *l, uint64_t now, struct tls_load_figures *f);

#endif
