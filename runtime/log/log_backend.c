/* Choosing a server for a log line, and handing it over. What is shared between workers is a counter and an
 * index, both atomic; rings have their own lock. */
#include "runtime/log/log_backend.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/backend/server.h"
#include "runtime/core/log_sink.h"
#include "runtime/core/process.h"
#include "runtime/eval/engine.h"
#include "runtime/eval/hash.h"
#include "runtime/eval/sample.h"
#include "runtime/log/ring_sender.h"

struct log_server {
	struct server *server;
	struct ring ring; /* size 0: datagrams */
	struct ring_sender sender;
};

struct log_backend {
	struct proxy *px;
	struct log_server *servers; /* those of the configuration: others cannot come */
	uint32_t nservers;
	atomic_uint turn;   /* roundrobin, random */
	atomic_uint sticky; /* index of the server that is stuck to */
};

struct log_backends {
	struct log_backend *v;
	uint32_t n;
};

/* --- choosing */

static bool is_candidate(struct server *s, bool backup)
{
	return s->conf->backup == backup && server_is_usable(s);
}

static uint32_t candidates_count(struct log_backend *b, bool backup)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->nservers; i++)
		n += is_candidate(b->servers[i].server, backup);
	return n;
}

/* The n-th of those that may be used; they may have become fewer meanwhile: then the last one, or none. */
static int candidate_nth(struct log_backend *b, bool backup, uint32_t n)
{
	int found = -1;

	for (uint32_t i = 0; i < b->nservers; i++)
		if (is_candidate(b->servers[i].server, backup)) {
			found = (int)i;
			if (!n--)
				break;
		}
	return found;
}

/* What the converters make of the line, hashed; lines that they make nothing of take turns. */
static uint32_t line_hash(struct process *p, uint32_t worker, struct log_backend *b, struct str text)
{
	const struct proxy_conf *conf = b->px->conf;
	struct scratch scratch;
	struct eval e;
	uint32_t h;

	if (conf->balance.hash) {
		scratch_init(&scratch, &scratch_malloc);
		e = (struct eval){.engine = p->generation->engines[worker], .scratch = &scratch};
		if (!sample_convert_text(&e, conf->balance.hash, text, &text)) {
			scratch_reset(&scratch);
			return atomic_fetch_add_explicit(&b->turn, 1, memory_order_relaxed);
		}
	}
	h = hash_of(conf->hash_func, text);
	if (conf->balance.hash)
		scratch_reset(&scratch);
	return conf->hash_avalanche ? hash_avalanche(h) : h;
}

static int sticky_pick(struct log_backend *b)
{
	uint32_t now = atomic_load_explicit(&b->sticky, memory_order_relaxed);

	for (int backup = 0; backup < 2; backup++)
		for (uint32_t i = 0; i < b->nservers; i++) {
			uint32_t at = (now + i) % b->nservers;

			if (!is_candidate(b->servers[at].server, backup))
				continue;
			atomic_store_explicit(&b->sticky, at, memory_order_relaxed);
			return (int)at;
		}
	return -1;
}

static int server_pick(struct process *p, uint32_t worker, struct log_backend *b, struct str text)
{
	uint32_t n = candidates_count(b, false), k;
	bool backup = !n;

	if (b->px->conf->balance.kind == BAL_STICKY)
		return sticky_pick(b);
	if (backup)
		n = candidates_count(b, true);
	if (!n)
		return -1;
	if (backup && !proxy_option_is_set(b->px->conf, PO_ALLBACKUPS))
		return candidate_nth(b, true, 0);
	if (b->px->conf->balance.kind == BAL_HASH)
		k = line_hash(p, worker, b, text);
	else
		k = atomic_fetch_add_explicit(&b->turn, 1, memory_order_relaxed);
	if (b->px->conf->balance.kind == BAL_RANDOM)
		k = hash_avalanche(k * 2654435761u + 1);
	return candidate_nth(b, backup, k % n);
}

/* --- sending */

static struct log_backend *backend_find(const struct log_backends *all, const struct proxy_conf *conf)
{
	for (uint32_t i = 0; all && i < all->n; i++)
		if (all->v[i].px->conf == conf)
			return &all->v[i];
	return NULL;
}

int log_backend_send(struct process *p, struct logger *l, const struct log_target *t, struct str head,
		     struct str text)
{
	struct log_backend *b = backend_find(p->log_backends, t->backend);
	int i = b ? server_pick(p, l->worker, b, text) : -1;
	struct log_target to = {.max_len = t->max_len};
	struct iovec iov[2];

	if (i < 0)
		return EHOSTDOWN;
	if (!b->servers[i].ring.size) {
		to.addr = b->servers[i].server->conf->addr;
		return logger_send(l, &to, head, text);
	}
	text = str_sub(text, 0, t->max_len ? t->max_len : LOG_LEN_DEFAULT);
	iov[0] = (struct iovec){(char *)(uintptr_t)head.ptr, head.len};
	iov[1] = (struct iovec){(char *)(uintptr_t)text.ptr, text.len};
	return ring_write(&b->servers[i].ring, iov, 2) ? 0 : EAGAIN;
}

/* --- life */

static bool server_make(struct log_server *s, const struct proxy_conf *px, const struct server_conf *conf)
{
	uint32_t asked = server_conf_rare(conf)->log_bufsize;
	uint32_t size = asked > 256 ? asked : asked ? 256 : RING_SIZE_DEFAULT;

	if (conf->addr.datagram)
		return true;
	if (!ring_init(&s->ring, conf->name, conf->name, size, size))
		return false;
	ring_sender_init(&s->sender, &s->ring, conf, px->timeout[TMO_CONNECT], px->timeout[TMO_SERVER]);
	return true;
}

static bool backend_make(struct log_backend *b, struct proxy *px)
{
	b->px = px;
	b->servers = calloc(px->nservers + 1, sizeof(*b->servers));
	for (; b->servers && b->nservers < px->nservers; b->nservers++) {
		struct log_server *s = &b->servers[b->nservers];

		s->server = px->servers[b->nservers];
		if (!server_make(s, px->conf, s->server->conf))
			return false;
	}
	return b->servers != NULL;
}

static bool is_log_backend(const struct proxy_conf *conf)
{
	return conf->mode == MODE_SYSLOG && conf->role & ROLE_BACKEND && !conf->disabled;
}

bool log_backends_init(struct process *p)
{
	struct generation *g = p->generation;
	struct log_backends *all;
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->nproxies; i++)
		n += is_log_backend(g->proxies[i].conf);
	if (!n)
		return true;
	all = p->log_backends = calloc(1, sizeof(*all));
	if (!all || !(all->v = calloc(n, sizeof(*all->v))))
		return false;
	for (uint32_t i = 0; i < g->nproxies; i++)
		if (is_log_backend(g->proxies[i].conf) && !backend_make(&all->v[all->n++], &g->proxies[i]))
			return false;
	return true;
}

void log_backends_free(struct process *p)
{
	struct log_backends *all = p->log_backends;

	if (!all)
		return;
	for (uint32_t i = 0; i < all->n; i++) {
		struct log_backend *b = &all->v[i];

		for (uint32_t k = 0; k < b->nservers; k++)
			if (b->servers[k].ring.size) {
				ring_sender_free(&b->servers[k].sender);
				ring_free(&b->servers[k].ring);
			}
		free(b->servers);
	}
	free(all->v);
	free(all);
	p->log_backends = NULL;
}

static void senders_each(struct worker *w, bool start)
{
	struct log_backends *all = w->process->log_backends;

	for (uint32_t i = 0; all && i < all->n; i++)
		for (uint32_t k = 0; k < all->v[i].nservers; k++) {
			struct log_server *s = &all->v[i].servers[k];

			if (s->ring.size && start)
				ring_sender_start(&s->sender, w);
			else if (s->ring.size)
				ring_sender_stop(&s->sender);
		}
}

void log_backends_start(struct worker *w)
{
	senders_each(w, true);
}

void log_backends_stop(struct worker *w)
{
	senders_each(w, false);
}
