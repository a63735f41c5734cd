/* Maps from byte slices to pointers, in an arena; insertion order is kept by nobody. Keys are borrowed and must
 * live as long as the map. Open addressing, grows at three quarters. One thread at a time while writing. */
#ifndef LB_BASE_MAP_H
#define LB_BASE_MAP_H

#include "grammar/base/arena.h"

struct map_slot {
	struct str key;
	void *value;
	uint32_t hash;
};

struct map {
	struct map_slot *slots;
	uint32_t count, size; /* size: 0 or a power of two */
};

/* The value, or NULL. */
void *map_get(const struct map *m, struct str key);
/* Stores value (not NULL) and returns the value that key had before, or NULL. */
void *map_put(struct arena *a, struct map *m, struct str key, void *value);
/* Forgets key, of which nothing is borrowed any more; returns its value, or NULL. */
void *map_remove(struct map *m, struct str key);

#endif
