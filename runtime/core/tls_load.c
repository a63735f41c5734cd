/* TLS connections of a process: counted where they begin and end, rates under one lock. A handshake costs a
 * thousand times as much as what is done here. Any thread. */
#include "runtime/core/tls_load.h"

void tls_load_init(struct tls_load *l)
{
	pthread_mutex_init(&l->lock, NULL);
}

void tls_load_fini(struct tls_load *l)
{
	pthread_mutex_destroy(&l->lock);
}

bool tls_load_begin(struct tls_load *l, bool from_client, uint64_t now)
{
	unsigned limit = atomic_load_explicit(&l->limit, memory_order_relaxed);

	if (atomic_fetch_add(&l->open, 1) >= limit && limit) {
		atomic_fetch_sub(&l->open, 1);
		return false;
	}
	atomic_fetch_add_explicit(&l->total, 1, memory_order_relaxed);
	if (!from_client)
		return true;
	pthread_mutex_lock(&l->lock);
	rate_add(&l->clients, now, 1);
	pthread_mutex_unlock(&l->lock);
	return true;
}

void tls_load_end(struct tls_load *l)
{
	atomic_fetch_sub(&l->open, 1);
}

void tls_load_handshake(struct tls_load *l, bool from_client, bool resumed, uint64_t now)
{
	if (resumed)
		return;
	pthread_mutex_lock(&l->lock);
	rate_add(from_client ? &l->client_keys : &l->server_keys, now, 1);
	pthread_mutex_unlock(&l->lock);
}

bool tls_load_allows(struct tls_load *l, uint32_t rate, uint64_t now)
{
	unsigned limit = atomic_load_explicit(&l->limit, memory_order_relaxed);
	bool allowed;

	if (limit && atomic_load(&l->open) >= limit)
		return false;
	if (!rate)
		return true;
	pthread_mutex_lock(&l->lock);
	allowed = rate_read(&l->clients, now) < rate;
	pthread_mutex_unlock(&l->lock);
	return allowed;
}

void tls_load_read(struct tls_load *l, uint64_t now, struct tls_load_figures *f)
{
	*f = (struct tls_load_figures){.open = atomic_load(&l->open),
				       .limit = atomic_load(&l->limit),
				       .total = atomic_load(&l->total),
				       .lookups = atomic_load(&l->lookups),
				       .misses = atomic_load(&l->misses)};
	pthread_mutex_lock(&l->lock);
	f->clients = rate_read(&l->clients, now);
	f->clients_max = l->clients.max;
	f->client_keys = rate_read(&l->client_keys, now);
	f->client_keys_max = l->client_keys.max;
	f->server_keys = rate_read(&l->server_keys, now);
	f->server_keys_max = l->server_keys.max;
	pthread_mutex_unlock(&l->lock);
	if (f->clients > f->client_keys)
		f->reuse = (f->clients - f->client_keys) * 100 / f->clients;
}
