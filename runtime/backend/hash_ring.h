/* A ring of points: what consistent hashing and `balance random` choose in (balance_ring.c). Each server has 16
 * points per unit of weight, and a key belongs to the nearest point on either side. Points, hash and rule of
 * nearness are HAProxy's, found by watching it, so that keys stay where they are when a proxy is replaced. The
 * ring holds every point that its servers may have; points of servers that are not usable, or lighter now, are
 * passed over, so that a change of state costs nothing. Whose a key is, is known beforehand (ring_owners.h);
 * points are looked at where that server is not usable now, has points that do not count, or has enough. Lives
 * in proxy->lb, under proxy->lb_lock. */
#ifndef LB_BACKEND_HASH_RING_H
#define LB_BACKEND_HASH_RING_H

#include "runtime/backend/balance.h"
#include "runtime/backend/ring_owners.h"

enum {
	POINTS_AT_ONCE = 8, /* that are looked at without asking whether there are so many */
	NUMBER_BITS = 12,   /* of a point's number, which is below 256 * BALANCE_SCALE */
	DRAWS_AHEAD = 2
};

struct ring_member {
	struct lb_server lb;
	uint64_t before; /* weights of the usable ones that the configuration names before it */
	uint32_t most;   /* points that it has ever had, if those are more than it is configured for */
	uint32_t seat;   /* of hash_ring.seats */
};

struct ring_seat {
	struct server *server;
	uint64_t before; /* ring_member.before */
};

/* A point in one number, so that they sort by it: its key, its server's seat, and its number at that server,
 * which has it while the number is below its weight. */
typedef uint64_t ring_point;

/* With what is known of it beforehand. */
struct ring_key {
	uint32_t key;
	uint32_t seat; /* of its owner, or OWNERS_UNKNOWN */
};

struct hash_ring {
	struct lb_group lb;
	struct owners owners;
	struct server **whole;   /* by seat: the server, while all of its points count; else NULL */
	ring_point *points;      /* by key; behind them POINTS_AT_ONCE that are behind every key */
	struct ring_seat *seats; /* of the servers whose points there are, in the order of their ids */
	uint32_t nseats;
	uint16_t *weights; /* lb_server.weight by seat: looked at most often, hence close together */
	uint32_t n;
	uint32_t *index; /* by the upper bits of a key: the first point at or behind the least such key */
	uint32_t index_shift;
	uint32_t usable;                    /* servers in the group */
	uint32_t next;                      /* for requests without a key */
	uint64_t weight;                    /* of all usable ones */
	bool stale;                         /* `weight` is to be counted anew */
	struct ring_key drawn[DRAWS_AHEAD]; /* balance random: what the next choice will draw; of this ring */
	uint32_t coming[DRAWS_AHEAD];       /* keys for the one after it */
	uint32_t ndrawn, ncoming;
};

static inline uint32_t point_key(ring_point p)
{
	return (uint32_t)(p >> 32);
}

static inline uint32_t point_seat(ring_point p)
{
	return (uint32_t)p >> NUMBER_BITS;
}

static inline uint32_t point_number(ring_point p)
{
	return p & ((1u << NUMBER_BITS) - 1);
}

static inline const struct ring_seat *hash_ring_seat_at(const struct hash_ring *g, uint32_t at)
{
	return &g->seats[point_seat(g->points[at])];
}

static inline struct server *hash_ring_server_at(const struct hash_ring *g, uint32_t at)
{
	return hash_ring_seat_at(g, at)->server;
}

/* Does the point belong to its server now? */
static inline bool hash_ring_counts_at(const struct hash_ring *g, uint32_t at)
{
	return point_number(g->points[at]) < g->weights[point_seat(g->points[at])];
}

/* First point at or behind the key; behind the last one comes the first. */
uint32_t hash_ring_find(const struct hash_ring *g, uint32_t key);

/* What struct lb_algorithm asks for. */
bool hash_ring_init(struct proxy *px, void *group, uint32_t n);
bool hash_ring_grow(void *group, uint32_t n);
void hash_ring_free(void *group);
void hash_ring_begin(void *group);
void hash_ring_changed(void *group, struct lb_server *ls, uint32_t before);
void hash_ring_forget(void *group, struct lb_server *ls);
void hash_ring_moved(void *group, struct lb_server *ls);

#endif
