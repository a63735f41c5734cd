/* A backend with servers for tests, without a model behind it. */
#ifndef LB_TESTS_FARM_H
#define LB_TESTS_FARM_H

#include <stdlib.h>

#include "runtime/backend/connect.h"

enum { FARM_MAX = 300 };

struct farm {
	struct proxy_conf proxy_conf;
	struct server_conf confs[FARM_MAX];
	struct server_rare rare[FARM_MAX]; /* for tests that point to it */
	struct proxy proxy;
	struct server servers[FARM_MAX], *list[FARM_MAX];
};

/* weights: "3,2,1b": one server each, b for backup. */
static inline void farm_init(struct farm *f, enum balance_kind kind, const char *weights)
{
	char *at = (char *)weights;
	uint32_t n = 0;

	*f = (struct farm){0};
	f->proxy_conf.name = STR("be");
	f->proxy_conf.role = ROLE_BACKEND;
	f->proxy_conf.balance.kind = kind;
	f->proxy.conf = &f->proxy_conf;
	f->proxy.servers = f->list;
	list_init(&f->proxy.queue);
	pthread_mutex_init(&f->proxy.lb_lock, NULL);
	while (*at && n < FARM_MAX) {
		struct server *s = &f->servers[n];
		struct server_conf *conf = &f->confs[n];

		f->list[n] = s;
		conf->weight = (uint16_t)strtoul(at, &at, 10);
		conf->backup = *at == 'b';
		conf->pool_max_conn = -1;
		conf->id = n + 1;
		at += strspn(at, "b,");
		*s = (struct server){.conf = conf, .proxy = &f->proxy, .index = n++};
		list_init(&s->queue);
		atomic_store(&s->weight, conf->weight);
		atomic_store(&s->warmth, SERVER_WARM);
		atomic_store(&s->oper, SRV_RUNNING);
	}
	f->proxy.nservers = n;
	if (!balance_init(&f->proxy))
		abort();
}

static inline void farm_free(struct farm *f)
{
	balance_free(&f->proxy);
	pthread_mutex_destroy(&f->proxy.lb_lock);
}

#endif
