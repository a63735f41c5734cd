/* Maps from byte slices to pointers: linear probing over a power of two. */
#include "grammar/base/map.h"

static struct map_slot *map_find(const struct map *m, struct str key, uint32_t hash)
{
	uint32_t i = hash & (m->size - 1);

	while (m->slots[i].value && !(m->slots[i].hash == hash && str_eq(m->slots[i].key, key)))
		i = (i + 1) & (m->size - 1);
	return &m->slots[i];
}

void *map_get(const struct map *m, struct str key)
{
	return m->size ? map_find(m, key, str_hash(key))->value : NULL;
}

static void map_grow(struct arena *a, struct map *m)
{
	struct map old = *m;

	m->size = old.size ? old.size * 2 : 16;
	m->slots = ARENA_ARRAY(a, struct map_slot, m->size);
	for (uint32_t i = 0; i < old.size; i++)
		if (old.slots[i].value)
			*map_find(m, old.slots[i].key, old.slots[i].hash) = old.slots[i];
}

void *map_put(struct arena *a, struct map *m, struct str key, void *value)
{
	uint32_t hash = str_hash(key);
	struct map_slot *slot;
	void *before;

	if (m->count * 4 >= m->size * 3)
		map_grow(a, m);
	slot = map_find(m, key, hash);
	before = slot->value;
	if (!before)
		m->count++;
	*slot = (struct map_slot){before ? slot->key : key, value, hash};
	return before;
}

void *map_remove(struct map *m, struct str key)
{
	uint32_t mask = m->size - 1, hole, next;
	struct map_slot *slot = m->size ? map_find(m, key, str_hash(key)) : NULL;
	void *value = slot ? slot->value : NULL;

	if (!value)
		return NULL;
	m->count--;
	hole = (uint32_t)(slot - m->slots);
	/* Those behind it that would not be found any more move up. */
	for (next = (hole + 1) & mask; m->slots[next].value; next = (next + 1) & mask) {
		if (((next - m->slots[next].hash) & mask) < ((next - hole) & mask))
			continue;
		m->slots[hole] = m->slots[next];
		hole = next;
	}
	m->slots[hole] = (struct map_slot){0};
	return value;
}
