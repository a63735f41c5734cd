/* Who a key belongs to, in one look: the answer of a ring of points (hash_ring.h) that is known beforehand.
 * Where the owner of a key is the nearest point on either side, each point's keys are a stretch that ends
 * halfway to the next one. The stretches stand in lines of the cache, which divide all keys evenly: a choice
 * reads the one line that its key leads to, however many points there are. In it, ends are told apart by 16
 * bits; the few keys that these do not decide, and those at the end of lines that are too full, are left to the
 * ring itself. Belongs to its ring; not changed once made. */
#ifndef LB_BACKEND_RING_OWNERS_H
#define LB_BACKEND_RING_OWNERS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	OWNERS_SEATS = UINT16_MAX,   /* seats are below this */
	OWNERS_UNKNOWN = UINT16_MAX, /* the ring has to be asked */
	OWNERS_LINE = 16,            /* stretches in a line */
	OWNERS_LANES = 8,
	OWNERS_BIAS = 1 << 15 /* processors compare numbers with a sign */
};

typedef int16_t owners_ends __attribute__((vector_size(OWNERS_LANES * sizeof(int16_t))));

/* A stretch ends where the next one begins; the last one of a line goes on in the next, and ends at UINT16_MAX.
 * Ends are less OWNERS_BIAS. */
struct owners_line {
	_Alignas(64) owners_ends ends[OWNERS_LINE / OWNERS_LANES];
	uint16_t seats[OWNERS_LINE];
};

struct owners {
	struct owners_line *lines; /* NULL: of no ring, everything is unknown */
	uint32_t n;
};

/* A point of a ring. seat: whose it is, below OWNERS_SEATS. */
struct owners_point {
	uint32_t key, seat;
};

/* point(ring, i): the i-th of n points in the order of their keys, n > 0. False: no memory, and *o is of no
 * ring. */
bool owners_init(struct owners *o, struct owners_point (*point)(const void *ring, uint32_t i), const void *ring,
		 uint32_t n);
void owners_free(struct owners *o);

/* The upper half is the line, the lower one where in it. */
static inline uint64_t owners_at(const struct owners *o, uint32_t key)
{
	return (uint64_t)key * o->n;
}

/* The lanes added up, which are so small that none overflows. */
static inline uint32_t owners_sum(owners_ends lanes)
{
	uint64_t half[2];

	memcpy(half, &lanes, sizeof(half));
	return (uint32_t)((half[0] + half[1]) * 0x0001000100010001 >> 48);
}

/* The seat that the key belongs to, or OWNERS_UNKNOWN. Without a jump, as no processor guesses keys. Any
 * thread. */
static inline uint32_t owners_find(const struct owners *o, uint32_t key)
{
	enum { UNDECIDED = 0x100 };
	uint64_t at = owners_at(o, key);
	const struct owners_line *line;
	owners_ends where, before, same;
	uint32_t n;

	if (!o->lines)
		return OWNERS_UNKNOWN;
	line = &o->lines[at >> 32];
	where = (owners_ends){0} + (int16_t)((at >> 16 & UINT16_MAX) - OWNERS_BIAS);
	before = (line->ends[0] < where) + (line->ends[1] < where); /* true is -1 */
	same = (line->ends[0] == where) | (line->ends[1] == where);
	n = owners_sum((same & UNDECIDED) - before);
	return n < OWNERS_LINE ? line->seats[n] : OWNERS_UNKNOWN;
}

/* Somebody will soon look for the key. */
static inline void owners_fetch(const struct owners *o, uint32_t key)
{
	if (o->lines)
		__builtin_prefetch(&o->lines[owners_at(o, key) >> 32]);
}

#endif
