/* What the balancing algorithms have in common: a table of functions per algorithm, two groups of servers per
 * proxy (active and backup; the manual's keywords "backup" and "option allbackups"), and the weights that they
 * compute with. Everything under proxy->lb_lock. */
#ifndef LB_BACKEND_BALANCE_H
#define LB_BACKEND_BALANCE_H

#include "runtime/backend/connect.h"

/* Weights inside the algorithms are in sixteenths, so that a slow start has steps. */
enum { BALANCE_SCALE = SERVER_WARM };
enum { GROUP_ACTIVE, GROUP_BACKUP, GROUPS };

/* What every algorithm keeps per server at server->lb: its own struct begins with this. */
struct lb_server {
	struct server *server;
	uint32_t weight; /* it is in its group with this, in sixteenths; 0: not in it */
	uint8_t group;
};

struct lb_algorithm {
	size_t server_size, group_size; /* of the structs that begin with lb_server and lb_group */
	/* A group of at most n servers; the servers that are usable enter afterwards. False when memory is out.
	 */
	bool (*group_init)(struct proxy *px, void *group, uint32_t n);
	void (*group_free)(void *group);
	/* The servers that are usable at the beginning have entered; NULL: of no interest. */
	void (*begin)(void *group);
	/* Its weight has changed from `before` (0: it enters) to ls->weight (0: it leaves). */
	void (*changed)(void *group, struct lb_server *ls, uint32_t before);
	/* The choice; NULL: none has room (*full is set then) or none is there. */
	struct server *(*pick)(void *group, const struct srv_request *r, bool *full);
	/* Connections or queue of a server changed; NULL: of no interest. */
	void (*loaded)(void *group, struct lb_server *ls);
	/* How many connections it may have has changed; NULL: of no interest. */
	void (*limited)(void *group, struct lb_server *ls);
	/* More servers than before may enter: room for n. False when memory is out, nothing has changed. NULL:
	 * needs none. */
	bool (*grow)(void *group, uint32_t n);
	/* The server goes for good; its weight is 0 already. NULL: nothing points to it then. */
	void (*forget)(void *group, struct lb_server *ls);
	/* A server has another address; NULL: of no interest. */
	void (*moved)(void *group, struct lb_server *ls);
	bool is_static; /* weights cannot be changed while it runs */
};

struct lb_group {
	struct proxy *proxy;
	uint8_t which; /* GROUP_ACTIVE or GROUP_BACKUP */
};

/* px->lb */
struct balance {
	const struct lb_algorithm *algorithm;
	void *groups[GROUPS];
	struct server *first_backup; /* the only one in use without `option allbackups`; NULL: none usable */
};

/* Do requests without a key take turns? HAProxy has no turn where there is one server only, but with url_param. */
static inline bool balance_takes_turns(const struct proxy *px, uint32_t usable)
{
	return usable != 1 || px->conf->balance.kind == BAL_URL_PARAM;
}

/* The only backup that works without `option allbackups`; NULL: none is usable. */
static inline struct server *balance_first_backup(const struct proxy *px)
{
	return ((const struct balance *)px->lb)->first_backup;
}

extern const struct lb_algorithm balance_roundrobin, balance_static, balance_map, balance_ring, balance_random;
extern const struct lb_algorithm balance_leastconn, balance_first, balance_sticky, balance_response;

/* server_has_room() of a server with a limit. */
bool server_below_limit(const struct server *s);

/* A request may go there now: below its maxconn (or the ramp up to it) and nobody waits in its own queue. */
static inline bool server_has_room(const struct server *s)
{
	return !server_is_limited(s) || server_below_limit(s);
}

#endif
