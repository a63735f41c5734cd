/* How an idle connection goes from the loop of one worker to that of another, without a lock: the question, a
 * struct borrow, travels as a message from the worker that needs a connection (`to`) to those that seem to have
 * one, one after the other. The first that has takes it out of its lists and its loop, so that nothing of it is
 * left there, and sends it home. The connection stays where it is in memory, because TLS points to it; only the
 * pools count it elsewhere. HTTP/2 connections are not lent: their memory is their worker's. A request waits
 * for a short time only: who does not answer is busy, and connecting anew is faster then. The question belongs
 * to the message; `request` and the list that it is in are for the worker `to` alone. */
#include "runtime/backend/borrow.h"

#include <stdlib.h>

#include "runtime/core/mailbox.h"

struct borrow {
	struct list node;            /* of srv_desk.borrows */
	struct srv_request *request; /* NULL: it waits no more */
	struct worker *to;
	struct server *server;
	struct srv_conn *conn; /* the answer */
	uint64_t unasked;      /* bits of workers */
	uint32_t sni_hash;
	bool proven_only;
	atomic_bool stranded; /* no message has it any more: `to` may free it */
};

static void borrow_free(struct borrow *b)
{
	list_remove(&b->node);
	if (b->request)
		b->request->borrow = NULL;
	free(b);
}

static struct srv_conn *arrived(struct worker *w, struct srv_conn *sc)
{
	pool_adopt(&w->srv_conns);
	conn_move(&sc->conn, w);
	conn_want(&sc->conn, EV_READ);
	return sc;
}

/* A worker has ended without having read the message: all loops have. */
static void drop(void *arg)
{
	struct borrow *b = arg;

	if (b->conn)
		srv_conn_free(arrived(b->to, b->conn));
	borrow_free(b);
}

/* On `to`. */
static void come_home(struct worker *w, void *arg)
{
	struct borrow *b = arg;
	struct srv_request *r = b->request;
	struct srv_conn *sc = b->conn ? arrived(w, b->conn) : NULL;

	borrow_free(b);
	if (r)
		request_lent(r, sc);
	else if (sc)
		srv_conn_free(sc);
}

static void visit(struct worker *w, void *arg);

/* To the next worker that may have one, or home. */
static bool travel(struct borrow *b, const struct process *p)
{
	unsigned next = b->conn || !b->unasked ? UINT32_MAX : (unsigned)__builtin_ctzll(b->unasked);

	if (next >= p->nworkers)
		return mailbox_post_owned(b->to, come_home, b, drop);
	b->unasked &= b->unasked - 1;
	return mailbox_post_owned(p->workers[next], visit, b, drop);
}

/* Without memory for an answer the question ends here: who asked will not wait long, and frees it some time. */
static void stay(struct worker *w, struct borrow *b)
{
	if (b->conn)
		srv_conn_free(arrived(w, b->conn));
	atomic_store_explicit(&b->stranded, true, memory_order_release);
}

/* On a worker that may have a connection. */
static void visit(struct worker *w, void *arg)
{
	struct borrow *b = arg;

	b->conn = w->stopping ? NULL : idle_part_with(w, b->server, b->sni_hash, b->proven_only);
	if (b->conn)
		pool_part(&w->srv_conns);
	if (!travel(b, w->process))
		stay(w, b);
}

/* Which workers to ask; 0: none. */
static uint64_t who_has(const struct srv_request *r)
{
	const struct process *p = r->worker->process;
	const struct server *s = r->server;
	uint32_t low = s->conf->pool_low_conn;
	uint64_t own = r->worker->id < 64 ? UINT64_C(1) << r->worker->id : 0;

	if (!p || p->nworkers < 2 || !r->reuse_ok || r->worker->stopping || r->worker->dial ||
	    !s->proxy->generation->model || !s->proxy->generation->model->global.idle_shared)
		return 0;
	if (atomic_load_explicit(&s->idle, memory_order_relaxed) < (low ? low : 1))
		return 0;
	return atomic_load_explicit(&s->idle_at, memory_order_relaxed) & ~own;
}

static void stranded_free(struct srv_desk *desk)
{
	for (struct list *node = desk->borrows.next, *next; node != &desk->borrows; node = next) {
		struct borrow *b = LIST_OF(node, struct borrow, node);

		next = node->next;
		if (!b->request && atomic_load_explicit(&b->stranded, memory_order_acquire))
			borrow_free(b);
	}
}

bool borrow_begin(struct srv_request *r)
{
	uint64_t has = who_has(r);
	struct borrow *b;

	if (!has)
		return false;
	stranded_free(srv_desk_of(r->worker));
	b = malloc(sizeof(*b));
	if (!b)
		return false;
	*b = (struct borrow){.request = r,
			     .to = r->worker,
			     .server = r->server,
			     .unasked = has,
			     .sni_hash = r->sni_hash,
			     .proven_only = r->proven_only};
	list_append(&srv_desk_of(r->worker)->borrows, &b->node);
	r->borrow = b;
	if (travel(b, r->worker->process))
		return true;
	borrow_free(b);
	return false;
}

void borrow_forget(struct srv_request *r)
{
	if (r->borrow)
		r->borrow->request = NULL;
	r->borrow = NULL;
}

bool borrow_names(struct srv_desk *desk, const struct generation *g, const struct server *s)
{
	stranded_free(desk);
	for (const struct list *node = desk->borrows.next; node != &desk->borrows; node = node->next) {
		const struct server *named = LIST_OF(node, struct borrow, node)->server;

		if (s ? named == s : named->proxy->generation == g)
			return true;
	}
	return false;
}

void borrow_end(struct srv_desk *desk)
{
	stranded_free(desk);
	while (!list_empty(&desk->borrows))
		list_remove(desk->borrows.next);
}
