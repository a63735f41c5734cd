/* The heap of events. Four children a node: two thirds of the cache misses of a binary one. One thread. */
#include "runtime/lab/agenda.h"

#include <stdlib.h>

enum { CHILDREN = 4, FIRST = 1024 };

static bool before(const struct agenda_item *a, const struct agenda_item *b)
{
	return a->at != b->at ? a->at < b->at : a->turn < b->turn;
}

static bool grow(struct agenda *a)
{
	uint32_t cap = a->cap ? 2 * a->cap : FIRST;
	struct agenda_item *v = realloc(a->v, cap * sizeof(*v));

	if (!v)
		return false;
	a->v = v;
	a->cap = cap;
	return true;
}

void agenda_put(struct agenda *a, uint64_t at, uint32_t kind, void *what, uint32_t serial)
{
	struct agenda_item item = {at, a->turns++, what, kind, serial};
	uint32_t i = a->n;

	if (a->n == a->cap && !grow(a)) {
		a->failed = true;
		return;
	}
	a->n++;
	while (i) {
		uint32_t parent = (i - 1) / CHILDREN;

		if (!before(&item, &a->v[parent]))
			break;
		a->v[i] = a->v[parent];
		i = parent;
	}
	a->v[i] = item;
}

static uint32_t first_child(const struct agenda *a, uint32_t i)
{
	uint32_t best = CHILDREN * i + 1, end = best + CHILDREN < a->n ? best + CHILDREN : a->n;

	for (uint32_t c = best + 1; c < end; c++)
		if (before(&a->v[c], &a->v[best]))
			best = c;
	return best;
}

struct agenda_item agenda_take(struct agenda *a)
{
	struct agenda_item top = a->v[0], last = a->v[--a->n];
	uint32_t i = 0;

	while (CHILDREN * i + 1 < a->n) {
		uint32_t child = first_child(a, i);

		if (!before(&a->v[child], &last))
			break;
		a->v[i] = a->v[child];
		i = child;
	}
	if (a->n)
		a->v[i] = last;
	return top;
}

void agenda_free(struct agenda *a)
{
	free(a->v);
	*a = (struct agenda){0};
}
