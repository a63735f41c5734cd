/* A worker with its loop, counters and connections, and a listening socket, for tests of server requests. */
#ifndef LB_TESTS_DESK_H
#define LB_TESTS_DESK_H

#include <arpa/inet.h>
#include <check.h>
#include <unistd.h>

#include "runtime/backend/request.h"
#include "runtime/stats/counters.h"
#include "tests/unit/backend/farm.h"

/* Listening on 127.0.0.1; nothing is accepted unless the test does. */
static inline int listen_any(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_eq(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	ck_assert_int_eq(listen(fd, 4096), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static inline void server_at(struct server *s, const struct sockaddr_in *at)
{
	s->addr.in = *at;
	s->addr_len = sizeof(*at);
	((struct server_conf *)s->conf)->addr.port_given = true;
	((struct server_conf *)s->conf)->pool_purge_delay = 5000;
	((struct server_conf *)s->conf)->max_reuse = UINT32_MAX;
}

/* One worker more for the farm's generation. */
static inline struct worker *desk_worker(struct process *p, struct generation *g, uint32_t id)
{
	struct worker *w = worker_new(p, id);

	ck_assert_ptr_nonnull(w);
	ck_assert(counters_init(w, g));
	ck_assert(srv_conns_init(w));
	return w;
}

static inline void desk_worker_free(struct worker *w)
{
	srv_conns_free(w);
	counters_free(w);
	worker_free(&w);
}

static inline struct generation farm_generation(struct farm *f)
{
	static struct model model;

	return (struct generation){
		.model = &model,
		.proxies = &f->proxy, .nproxies = 1, .servers = f->list, .nservers = f->proxy.nservers};
}

#endif
