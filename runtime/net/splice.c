/* splice(2) and the spare pipes of a worker. A pipe belongs to the stream that took it until pipe_put(). */
#include "runtime/net/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "grammar/model_proxy.h"
#include "runtime/backend/server.h"
#include "runtime/core/process.h"

enum { PIPES_SPARE = 16, PIPES_MAX = 1024, PIPE_SIZE = 1 << 20 };

struct pipes {
	struct pipe *spare;
	uint32_t nspare, used;
	uint64_t drained; /* bytes */
};

static struct pipe *pipe_new(uint32_t size)
{
	struct pipe *p = calloc(1, sizeof(*p));
	int fds[2];

	if (!p)
		return NULL;
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC)) {
		free(p);
		return NULL;
	}
	p->rd = fds[0];
	p->wr = fds[1];
	fcntl(p->wr, F_SETPIPE_SZ, size); /* refused beyond the user's limit: 64 kB then */
	return p;
}

static void pipe_close(struct pipe *p)
{
	close(p->rd);
	close(p->wr);
	free(p);
}

/* tune.pipesize. */
static uint32_t pipe_size(const struct worker *w)
{
	const struct process *p = w->process;
	uint32_t size = p && p->generation ? p->generation->model->global.tune_pipesize : 0;

	return size ? size : PIPE_SIZE;
}

/* This worker's share of `maxpipes`. */
static uint32_t pipes_allowed(const struct worker *w)
{
	const struct process *p = w->process;
	uint32_t all = p && p->generation ? p->generation->model->global.maxpipes : 0, share;

	if (!all)
		return PIPES_MAX;
	share = (all + p->nworkers - 1) / p->nworkers;
	return share < PIPES_MAX ? share : PIPES_MAX;
}

struct pipe *pipe_get(struct worker *w)
{
	struct pipe *p;

	if (!w->pipes)
		w->pipes = calloc(1, sizeof(*w->pipes));
	if (!w->pipes || w->pipes->used >= pipes_allowed(w))
		return NULL;
	p = w->pipes->spare;
	if (p) {
		w->pipes->spare = p->next;
		w->pipes->nspare--;
	} else {
		p = pipe_new(pipe_size(w));
	}
	if (p)
		w->pipes->used++;
	return p;
}

void pipe_put(struct worker *w, struct pipe *p)
{
	w->pipes->used--;
	if (p->len || w->pipes->nspare >= PIPES_SPARE) {
		pipe_close(p);
		return;
	}
	p->blocked = false;
	p->next = w->pipes->spare;
	w->pipes->spare = p;
	w->pipes->nspare++;
}

ssize_t pipe_fill(struct pipe *p, struct conn *from, size_t max)
{
	ssize_t n = splice(from->io.fd, NULL, p->wr, NULL, max, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n > 0) {
		p->len += (uint32_t)n;
		return n;
	}
	if (n == 0) {
		from->flags |= CONN_EOF;
		return 0;
	}
	if (errno == EAGAIN && p->len)
		p->blocked = true;
	return conn_failed(from);
}

ssize_t pipe_drain(struct pipe *p, struct conn *to, bool more)
{
	ssize_t n = splice(p->rd, NULL, to->io.fd, NULL, p->len,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0));

	if (n < 0)
		return conn_failed(to);
	p->len -= (uint32_t)n;
	p->blocked = false;
	if (to->worker->pipes)
		to->worker->pipes->drained += (uint64_t)n;
	return n;
}

static __attribute__((no_sanitize("thread"))) void figures_add(struct pipes_figures *f,
							       const volatile struct worker *w)
{
	const volatile struct pipes *pipes = w->pipes;

	if (!pipes)
		return;
	f->used += pipes->used;
	f->spare += pipes->nspare;
	f->drained += pipes->drained;
}

void pipes_figures(const struct process *p, struct pipes_figures *f)
{
	*f = (struct pipes_figures){0};
	for (uint32_t i = 0; i < p->nworkers; i++)
		figures_add(f, p->workers[i]);
}

uint32_t pipes_limit(const struct process *p)
{
	const struct generation *g = p->generation;

	if (g->model->global.maxpipes)
		return g->model->global.maxpipes;
	for (uint32_t i = 0; i < g->nproxies; i++)
		if (proxy_option_is_set(g->proxies[i].conf, PO_SPLICE_AUTO) ||
		    proxy_option_is_set(g->proxies[i].conf, PO_SPLICE_REQUEST) ||
		    proxy_option_is_set(g->proxies[i].conf, PO_SPLICE_RESPONSE))
			return p->maxconn / 4 ? p->maxconn / 4 : 1;
	return 0;
}

void pipes_free(struct worker *w)
{
	struct pipe *p = w->pipes ? w->pipes->spare : NULL;

	while (p) {
		struct pipe *next = p->next;

		pipe_close(p);
		p = next;
	}
	free(w->pipes);
	w->pipes = NULL;
}
