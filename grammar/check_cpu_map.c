/* cpu-map: which processors a thread may run on (manual, keyword "cpu-map"). Words that make no set bind
 * nothing, as in HAProxy. Works on the state of one walk; one thread. */
#include "grammar/check_rows.h"
#include "grammar/check_state.h"

enum { SET_MAX = 64 };

/* "3", "2-5", "2-" or "2,4-6", counted from `first`, as bits; 0: none of these. */
static uint64_t range_read(struct str text, uint32_t first)
{
	size_t dash = str_chr(text, '-');
	struct str high = str_tail(text, dash + 1);
	uint64_t from, to, bits = 0;

	if (!str_to_u64(str_sub(text, 0, dash), &from) || from < first)
		return 0;
	to = dash == text.len ? from : SET_MAX - 1 + first;
	if (dash < text.len && high.len && !str_to_u64(high, &to))
		return 0;
	for (uint64_t i = from; i <= to && i < SET_MAX + first; i++)
		bits |= 1ull << (i - first);
	return bits;
}

static uint64_t set_read(struct str text, uint32_t first)
{
	uint64_t bits = 0;

	if (str_is(text, "all"))
		return ~0ull;
	if (str_is(text, "odd"))
		return 0x5555555555555555ull;
	if (str_is(text, "even"))
		return 0xaaaaaaaaaaaaaaaaull;
	for (size_t off = 0, len; off < text.len; off += len + 1) {
		len = str_chr(str_tail(text, off), ',');
		bits |= range_read(str_sub(text, off, len), first);
	}
	return bits;
}

/* Which threads: "1/2-4"; a process alone means all of its threads. */
static uint64_t threads_read(struct str text)
{
	size_t slash = str_chr(text, '/');

	if (!(set_read(str_sub(text, 0, slash), 1) & 1))
		return 0;
	return slash == text.len ? ~0ull : set_read(str_tail(text, slash + 1), 1);
}

/* The lowest bit, taken out. */
static uint64_t bit_take(uint64_t *bits)
{
	uint64_t lowest = *bits & -*bits;

	*bits ^= lowest;
	return lowest;
}

bool check_cpu_map(const struct keyword_use *use)
{
	struct global_conf *g = &use->k->m->global;
	struct str who = use->words[0].text;
	bool automatic = str_starts(who, STR("auto:"));
	uint64_t threads = threads_read(automatic ? str_tail(who, 5) : who), cpus = 0;

	for (uint32_t i = 1; i < use->n; i++)
		cpus |= set_read(use->words[i].text, 0);
	if (!threads || !cpus)
		return true;
	if (!g->cpu_map)
		g->cpu_map = ARENA_ARRAY(use->k->a, uint64_t, SET_MAX);
	for (uint32_t i = 0; i < SET_MAX; i++)
		if (threads >> i & 1)
			g->cpu_map[i] = automatic ? bit_take(&cpus) : cpus;
	return true;
}
