/* How many connections and descriptors the process may have, worked out as HAProxy 2.6 does (management guide,
 * section 5; figures compared with it): two descriptors per connection, one per listener and checked server,
 * three per thread, and a reserve. Main thread. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/backend/server.h"
#include "tools/lbd.h"

enum { FDS_RESERVED = 10, FDS_PER_THREAD = 3, CONNS_PER_MB = 28, STATS_MAXCONN = 10 };

static uint32_t fds_overhead(const struct model *m, uint32_t nlisteners, uint32_t nthreads)
{
	uint32_t n = FDS_RESERVED + nlisteners + FDS_PER_THREAD * nthreads;

	if (m->global.stats_sockets.n)
		n += m->global.stats_maxconn ? m->global.stats_maxconn : STATS_MAXCONN;
	vec_each (px, &m->proxies) {
		if ((*px)->disabled)
			continue;
		vec_each (server, &(*px)->servers)
			n += (*server)->check;
	}
	return n;
}

/* Connections for which `fds` descriptors and the memory limit suffice. */
static uint32_t maxconn_fitting(uint64_t fds, uint32_t overhead, uint32_t memory_mb)
{
	uint64_t n = fds > overhead ? (fds - overhead) / 2 : 0;

	if (memory_mb && n > (uint64_t)memory_mb * CONNS_PER_MB)
		n = (uint64_t)memory_mb * CONNS_PER_MB;
	return n > 1000000 ? 1000000 : (uint32_t)n;
}

static bool fds_raise(struct lbd *l, uint32_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return true;
	if (limit.rlim_max < wanted && limit.rlim_max != RLIM_INFINITY) {
		struct rlimit both = {wanted, wanted};

		if (!setrlimit(RLIMIT_NOFILE, &both))
			return true;
		bool strict = l->model->global.strict_limits;

		report_say(&l->report, strict ? REPORT_ALERT : REPORT_WARNING,
			   "[haproxy.main()] Cannot raise FD limit to %u, limit is %lu.", wanted,
			   (unsigned long)limit.rlim_max);
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		return !strict;
	}
	limit.rlim_cur = wanted;
	return !setrlimit(RLIMIT_NOFILE, &limit);
}

/* prealloc-fd: the kernel's table of descriptors grows now and not while there is traffic. */
static void fds_prealloc(void)
{
	struct rlimit limit;
	int fd = -1;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur <= INT_MAX)
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, (int)limit.rlim_cur - 1);
	if (fd >= 0)
		close(fd);
}

/* What malloc may still get: -m. */
static bool memory_limit(struct lbd *l)
{
	struct rlimit limit;
	rlim_t bytes = (rlim_t)l->options.memory_mb << 20;

	if (!bytes)
		return true;
	limit.rlim_cur = limit.rlim_max = bytes;
	if (!setrlimit(RLIMIT_DATA, &limit))
		return true;
	report_say(&l->report, l->model->global.strict_limits ? REPORT_ALERT : REPORT_WARNING,
		   "[haproxy.main()] Cannot fix MEM limit to %u megs.", l->options.memory_mb);
	return !l->model->global.strict_limits;
}

/* How many descriptors there can be: what the system allows, or fd-hard-limit if that is less. */
static uint64_t fds_allowed(const struct global_conf *g)
{
	struct rlimit limit;
	uint64_t n = 1024;

	if (!getrlimit(RLIMIT_NOFILE, &limit))
		n = limit.rlim_max == RLIM_INFINITY ? 1048576 : limit.rlim_max;
	return g->fd_hard_limit && g->fd_hard_limit < n ? g->fd_hard_limit : n;
}

bool limits_apply(struct lbd *l, uint32_t nlisteners, uint32_t nthreads)
{
	const struct global_conf *g = &l->model->global;
	uint32_t overhead = fds_overhead(l->model, nlisteners, nthreads);

	l->maxconn = l->options.maxconn ? l->options.maxconn : g->maxconn;
	if (!l->maxconn)
		l->maxconn = maxconn_fitting(fds_allowed(g), overhead, l->options.memory_mb);
	l->maxsock = l->maxconn * 2 + overhead;
	l->ulimit_n = g->ulimit_n ? g->ulimit_n : l->maxsock;
	if (l->options.verbose && !(l->options.maxconn ? l->options.maxconn : g->maxconn))
		report_note(&l->report, "Note: setting global.maxconn to %u.", l->maxconn);
	if (!fds_raise(l, l->ulimit_n))
		return false;
	if (g->prealloc_fd)
		fds_prealloc();
	return memory_limit(l);
}

/* --- fullconn (manual, keyword "fullconn") */

struct branch {
	uint64_t sum;    /* of the maxconn of frontends that may branch here */
	uint32_t marked; /* 1 + index of the last of them */
};

static void branch_add(struct generation *g, struct branch *branches, const struct proxy *fe,
		       const struct proxy_conf *be, uint32_t maxconn)
{
	struct proxy *px = generation_proxy(g, be);
	struct branch *b = px ? &branches[px - g->proxies] : NULL;
	uint32_t mark = (uint32_t)(fe - g->proxies) + 1;

	if (!b || b->marked == mark)
		return;
	b->marked = mark;
	b->sum += fe->conf->maxconn ? fe->conf->maxconn : maxconn;
}

static void branches_of(struct generation *g, struct branch *branches, const struct proxy *fe, uint32_t maxconn)
{
	if (fe->conf->role & ROLE_BACKEND)
		branch_add(g, branches, fe, fe->conf, maxconn);
	branch_add(g, branches, fe, fe->conf->default_backend, maxconn);
	vec_each (rule, &fe->conf->use_backend)
		branch_add(g, branches, fe, rule->backend, maxconn);
}

/* A tenth of it, rounded up, at least 1. */
static uint32_t fullconn_of(uint64_t sum)
{
	uint64_t tenth = (sum + 9) / 10;

	return tenth < 1 ? 1 : tenth > UINT32_MAX ? UINT32_MAX : (uint32_t)tenth;
}

bool limits_fullconn(struct generation *g, uint32_t maxconn)
{
	struct branch *branches = calloc(g->nproxies + 1, sizeof(*branches));

	if (!branches)
		return false;
	for (uint32_t i = 0; i < g->nproxies; i++)
		if (g->proxies[i].conf->role & ROLE_FRONTEND)
			branches_of(g, branches, &g->proxies[i], maxconn);
	for (uint32_t i = 0; i < g->nproxies; i++) {
		struct proxy_conf *be = (struct proxy_conf *)(uintptr_t)g->proxies[i].conf;

		if (be->role & ROLE_BACKEND && !be->fullconn_set)
			be->fullconn = fullconn_of(branches[i].sum);
	}
	free(branches);
	return true;
}
