/* Histograms with cells that grow with what they hold, and loads over time. One thread. */
#include "runtime/lab/tally.h"

#include <stdlib.h>
#include <string.h>

/* --- histograms */

static uint32_t cell_of(uint64_t ns)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(ns | 1), shift;

	if (bits <= HISTOGRAM_BITS + 1)
		return (uint32_t)ns;
	shift = bits - HISTOGRAM_BITS - 1;
	return (shift << HISTOGRAM_BITS) + (uint32_t)(ns >> shift);
}

/* The middle of a cell. */
static uint64_t cell_value(uint32_t cell)
{
	unsigned shift = cell >> HISTOGRAM_BITS;

	if (cell < 2u << HISTOGRAM_BITS)
		return cell;
	shift--;
	return ((uint64_t)(cell - (shift << HISTOGRAM_BITS)) << shift) + (shift ? 1ULL << (shift - 1) : 0);
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	h->n++;
	h->sum += (double)ns;
	h->max = ns > h->max ? ns : h->max;
	h->cells[cell_of(ns)]++;
}

uint64_t histogram_quantile(const struct histogram *h, double part)
{
	uint64_t rank = (uint64_t)(part * (double)h->n), seen = 0;

	rank = rank >= h->n ? h->n - 1 : rank;
	for (uint32_t i = 0; h->n && i < HISTOGRAM_CELLS; i++) {
		seen += h->cells[i];
		if (seen > rank)
			return cell_value(i) < h->max ? cell_value(i) : h->max;
	}
	return h->max;
}

double histogram_mean(const struct histogram *h)
{
	return h->n ? h->sum / (double)h->n : 0;
}

/* --- series */

bool series_init(struct series *s, uint32_t n)
{
	*s = (struct series){.n = n, .width = 1000000};
	s->load = calloc(n + 1, sizeof(*s->load));
	s->now = calloc(n + 1, sizeof(*s->now));
	s->since = calloc(n + 1, sizeof(*s->since));
	return s->load && s->now && s->since;
}

void series_free(struct series *s)
{
	free(s->load);
	free(s->now);
	free(s->since);
	*s = (struct series){0};
}

static void series_widen(struct series *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		for (uint32_t c = 0; c < SERIES_CELLS / 2; c++)
			s->load[i][c] = s->load[i][2 * c] + s->load[i][2 * c + 1];
		memset(&s->load[i][SERIES_CELLS / 2], 0, sizeof(double) * SERIES_CELLS / 2);
	}
	s->width *= 2;
}

/* The load that has lasted until now, into its cells. */
static void series_account(struct series *s, uint32_t thing, uint64_t now)
{
	uint64_t at = s->since[thing];

	s->since[thing] = now;
	while (at < now && s->now[thing]) {
		uint64_t cell = at / s->width, end = (cell + 1) * s->width;

		end = end < now ? end : now;
		s->load[thing][cell] += (double)s->now[thing] * (double)(end - at) * 1e-9;
		at = end;
	}
}

void series_set(struct series *s, uint32_t thing, uint32_t load, uint64_t now)
{
	while (now >= s->width * SERIES_CELLS)
		series_widen(s);
	s->end = now > s->end ? now : s->end;
	series_account(s, thing, now);
	s->now[thing] = load;
}

void series_end(struct series *s, uint64_t now)
{
	for (uint32_t i = 0; i < s->n; i++)
		series_set(s, i, s->now[i], now);
}

uint32_t series_cells(const struct series *s)
{
	return (uint32_t)((s->end + s->width - 1) / s->width);
}

double series_at(const struct series *s, uint32_t thing, uint32_t cell)
{
	uint64_t begin = cell * s->width, end = begin + s->width;

	end = end < s->end ? end : s->end;
	return end > begin ? s->load[thing][cell] / ((double)(end - begin) * 1e-9) : 0;
}
