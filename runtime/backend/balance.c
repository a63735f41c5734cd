/* Balancing: which algorithm a proxy has, which servers may be picked, and the two groups (active and backup)
 * that the algorithms work on. The balance state belongs to its proxy and is made and freed with the
 * generation; in between it is touched under proxy->lb_lock only. */
#include "runtime/backend/balance.h"

#include <stdlib.h>

/* What is not here is marked not effective in the registry, and the checker refuses it. */
static const struct lb_algorithm *algorithm_of(const struct proxy_conf *conf)
{
	switch (conf->balance.kind) {
	case BAL_STATIC_RR:
		return &balance_static;
	case BAL_LEASTCONN:
		return &balance_leastconn;
	case BAL_FIRST:
		return &balance_first;
	case BAL_STICKY:
		return &balance_sticky;
	case BAL_RANDOM:
		return &balance_random;
	case BAL_RESPONSE_TIME:
		return &balance_response;
	case BAL_SOURCE:
	case BAL_URI:
	case BAL_URL_PARAM:
	case BAL_HDR:
	case BAL_RDP_COOKIE:
	case BAL_HASH:
		return conf->hash_type ? &balance_ring : &balance_map;
	default:
		return &balance_roundrobin;
	}
}

bool server_below_limit(const struct server *s)
{
	return !atomic_load_explicit(&s->queued, memory_order_relaxed) && !server_is_full(s);
}

/* Weight in sixteenths; 0: not to be picked. */
static uint32_t weight_of(struct server *s)
{
	const struct balance *b = s->proxy->lb;
	uint32_t warmth = b->algorithm->is_static ? BALANCE_SCALE
						  : atomic_load_explicit(&s->warmth, memory_order_relaxed);

	return server_is_usable(s) ? warmth * atomic_load_explicit(&s->weight, memory_order_relaxed) : 0;
}

/* Without `option allbackups` only the first usable one in the order of the configuration works. */
static struct server *first_backup(struct proxy *px)
{
	for (uint32_t i = 0; i < px->nservers; i++) {
		struct lb_server *ls = px->servers[i]->lb;

		if (px->servers[i]->conf->backup && ls->weight)
			return px->servers[i];
	}
	return NULL;
}

void balance_update(struct server *s)
{
	struct proxy *px = s->proxy;
	struct balance *b = px->lb;
	struct lb_server *ls = s->lb;
	uint32_t before = ls->weight, weight = weight_of(s);
	atomic_uint *usable = ls->group == GROUP_BACKUP ? &px->usable_backup : &px->usable;

	if (before == weight)
		return;
	ls->weight = s->lb_weight = weight;
	if (!before)
		atomic_fetch_add(usable, 1);
	else if (!weight)
		atomic_fetch_sub(usable, 1);
	b->algorithm->changed(b->groups[ls->group], ls, before);
	if (ls->group == GROUP_BACKUP)
		b->first_backup = first_backup(px);
}

/* Does the algorithm choose among backups? With a map it does, whatever the option says: balance_map.c. */
static bool backups_share(const struct proxy *px)
{
	const struct balance *b = px->lb;

	return proxy_option_is_set(px->conf, PO_ALLBACKUPS) || b->algorithm == &balance_static ||
	       b->algorithm == &balance_map;
}

static struct server *backup_pick(struct proxy *px, const struct srv_request *r, bool *full)
{
	struct balance *b = px->lb;

	if (backups_share(px))
		return b->algorithm->pick(b->groups[GROUP_BACKUP], r, full);
	if (!b->first_backup || server_has_room(b->first_backup))
		return b->first_backup;
	*full = true;
	return NULL;
}

struct server *balance_pick(struct proxy *px, const struct srv_request *r, bool *full)
{
	struct balance *b = px->lb;

	*full = false;
	if (atomic_load_explicit(&px->usable, memory_order_relaxed))
		return b->algorithm->pick(b->groups[GROUP_ACTIVE], r, full);
	return backup_pick(px, r, full);
}

bool balance_uses_backup(const struct server *s)
{
	const struct balance *b = s->proxy->lb;

	return proxy_option_is_set(s->proxy->conf, PO_ALLBACKUPS) || b->first_backup == s;
}

void balance_loaded(struct server *s)
{
	struct balance *b = s->proxy->lb;
	struct lb_server *ls = s->lb;

	if (b->algorithm->loaded && ls->weight)
		b->algorithm->loaded(b->groups[ls->group], ls);
}

void balance_limited(struct server *s)
{
	struct balance *b = s->proxy->lb;
	struct lb_server *ls = s->lb;

	if (b->algorithm->limited && ls->weight)
		b->algorithm->limited(b->groups[ls->group], ls);
}

void balance_moved(struct server *s)
{
	struct balance *b = s->proxy->lb;
	struct lb_server *ls = s->lb;

	if (b->algorithm->moved)
		b->algorithm->moved(b->groups[ls->group], ls);
}

bool balance_wants_load(const struct proxy *px)
{
	const struct balance *b = px->lb;

	return b->algorithm->loaded != NULL;
}

static bool groups_init(struct proxy *px, struct balance *b)
{
	uint32_t count[GROUPS] = {0};

	for (uint32_t i = 0; i < px->nservers; i++)
		count[px->servers[i]->conf->backup ? GROUP_BACKUP : GROUP_ACTIVE]++;
	for (int i = 0; i < GROUPS; i++) {
		struct lb_group *g = calloc(1, b->algorithm->group_size);

		b->groups[i] = g;
		if (!g)
			return false;
		g->proxy = px;
		g->which = (uint8_t)i;
		if (!b->algorithm->group_init(px, g, count[i]))
			return false;
	}
	return true;
}

static bool server_join(struct balance *b, struct server *s)
{
	struct lb_server *ls = server_alloc(1, b->algorithm->server_size);

	if (!ls)
		return false;
	ls->server = s;
	ls->group = s->conf->backup ? GROUP_BACKUP : GROUP_ACTIVE;
	s->lb = ls;
	return true;
}

static bool servers_init(struct proxy *px, struct balance *b)
{
	for (uint32_t i = 0; i < px->nservers; i++) {
		if (!server_join(b, px->servers[i]))
			return false;
	}
	for (uint32_t i = 0; i < px->nservers; i++)
		balance_update(px->servers[i]);
	for (int i = 0; i < GROUPS && b->algorithm->begin; i++)
		b->algorithm->begin(b->groups[i]);
	return true;
}

bool balance_init(struct proxy *px)
{
	struct balance *b = calloc(1, sizeof(*b));

	if (!b)
		return false;
	px->lb = b;
	b->algorithm = algorithm_of(px->conf);
	return groups_init(px, b) && servers_init(px, b);
}

bool balance_add(struct server *s)
{
	struct balance *b = s->proxy->lb;
	struct lb_server *ls;

	if (!server_join(b, s))
		return false;
	ls = s->lb;
	if (!b->algorithm->grow || b->algorithm->grow(b->groups[ls->group], s->proxy->nservers))
		return true;
	balance_remove(s);
	return false;
}

void balance_remove(struct server *s)
{
	struct balance *b = s->proxy->lb;
	struct lb_server *ls = s->lb;

	if (b->algorithm->forget)
		b->algorithm->forget(b->groups[ls->group], ls);
	free(ls);
	s->lb = NULL;
}

void balance_free(struct proxy *px)
{
	struct balance *b = px->lb;

	for (uint32_t i = 0; i < px->nservers; i++) {
		free(px->servers[i]->lb);
		px->servers[i]->lb = NULL;
	}
	for (int i = 0; b && i < GROUPS; i++) {
		if (b->groups[i])
			b->algorithm->group_free(b->groups[i]);
		free(b->groups[i]);
	}
	free(b);
	px->lb = NULL;
}

bool balance_is_fixed(const struct proxy *px)
{
	switch (px->conf->balance.kind) {
	case BAL_SOURCE:
	case BAL_URI:
	case BAL_URL_PARAM:
	case BAL_HDR:
	case BAL_RDP_COOKIE:
	case BAL_HASH:
		return true;
	default:
		return false;
	}
}

bool balance_is_static(const struct proxy *px)
{
	const struct balance *b = px->lb;

	return b->algorithm->is_static;
}
