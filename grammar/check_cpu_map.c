/* cpu-map: which processors a thread may run on (manual, keyword "cpu-map"). Processors above the 64th bind
 * nothing. Works on the state of one walk; one thread. */
#include "grammar/check_rows.h"
#include "grammar/check_state.h"

enum { SET_MAX = 64, CPU_MAX = 1023 };

/* Digits at the beginning; *n gets how many. Too many are more than any bound. */
static uint64_t digits_read(struct str text, size_t *n)
{
	uint64_t v = 0;

	for (*n = 0; *n < text.len && text.ptr[*n] >= '0' && text.ptr[*n] <= '9'; ++*n)
		v = v > UINT32_MAX ? v : v * 10 + (uint64_t)(text.ptr[*n] - '0');
	return v;
}

static uint64_t bits_between(uint64_t low, uint64_t high)
{
	uint64_t bits = 0;

	for (uint64_t i = low < high ? low : high; i <= (low < high ? high : low) && i < SET_MAX; i++)
		bits |= 1ull << i;
	return bits;
}

static bool set_error(const struct keyword_use *use, struct str text, const char *haproxy)
{
	struct diag *g = diag_add(use->k->d, D_BAD_NUMBER, use->words[0].span,
				  "`%.*s` is no set of threads from 1 to %d", STR_ARG(text), SET_MAX);

	diag_help(use->k->d, g, "a number, a range such as `1-4`, `all`, `odd` or `even`");
	diag_haproxy(use->k->d, g, "cpu-map : '%.*s' is not a valid number/range.%s", STR_ARG(text), haproxy);
	return false;
}

/* "3", "2-5", "2-" or a word, counted from 1, as bits. */
static bool set_read(const struct keyword_use *use, struct str text, uint64_t *bits)
{
	size_t dash = str_chr(text, '-'), low_n, high_n;
	uint64_t low, high;

	*bits = str_is(text, "all")   ? ~0ull
		: str_is(text, "odd") ? 0x5555555555555555ull
				      : 0xaaaaaaaaaaaaaaaaull;
	if (str_is(text, "all") || str_is(text, "odd") || str_is(text, "even"))
		return true;
	low = digits_read(str_sub(text, 0, dash), &low_n);
	high = dash + 1 < text.len ? digits_read(str_tail(text, dash + 1), &high_n) : 0;
	if (low_n < dash || (dash + 1 < text.len && high_n < text.len - dash - 1))
		return set_error(use, text, "");
	high = dash == text.len ? low : dash + 1 == text.len ? SET_MAX : high;
	if (low < 1 || low > SET_MAX || high < 1 || high > SET_MAX)
		return set_error(use, text, " It supports numbers from 1 to 64.");
	*bits = bits_between(low - 1, high - 1);
	return true;
}

/* "1/2-4": *threads is all of them when none is given; *given says so. */
static bool who_read(const struct keyword_use *use, struct str who, uint64_t *groups, uint64_t *threads,
		     bool *given)
{
	size_t slash = str_chr(who, '/');

	*threads = ~0ull;
	*given = slash < who.len;
	return set_read(use, str_sub(who, 0, slash), groups) &&
	       (!*given || set_read(use, str_tail(who, slash + 1), threads));
}

/* Numbers of processors: "3", "2-5", "2-", from 2.8 on several with commas; HAProxy ignores what follows. */
static bool cpus_read(const struct keyword_use *use, const struct word *w, uint64_t *cpus, uint64_t *count)
{
	struct str rest = w->text;
	size_t n;

	do {
		uint64_t low = digits_read(rest, &n), high = low;
		struct diag *g;

		if (!n && rest.ptr == w->text.ptr) {
			g = diag_add(use->k->d, D_BAD_NUMBER, w->span, "`%.*s` is no processor's number",
				     STR_ARG(w->text));
			diag_haproxy(use->k->d, g, "cpu-map : '%.*s' is not a CPU range.", STR_ARG(w->text));
			return false;
		}
		rest = str_tail(rest, n);
		if (rest.len && rest.ptr[0] == '-') {
			high = rest.len == 1 ? CPU_MAX : digits_read(str_tail(rest, 1), &n);
			rest = str_tail(rest, rest.len == 1 ? 1 : n + 1);
		}
		if (low > CPU_MAX || high > CPU_MAX) {
			g = diag_add(use->k->d, D_OUT_OF_RANGE, w->span, "processors are numbered from 0 to %d",
				     CPU_MAX);
			diag_haproxy(use->k->d, g, "cpu-map : supports CPU numbers from 0 to %d.", CPU_MAX);
			return false;
		}
		*cpus |= bits_between(low, high);
		*count += (low < high ? high - low : low - high) + 1;
		rest = str_tail(rest, rest.len && rest.ptr[0] == ',' ? 1 : rest.len);
	} while (rest.len && use->k->compat > 206);
	return true;
}

/* The lowest bit, taken out. */
static uint64_t bit_take(uint64_t *bits)
{
	uint64_t lowest = *bits & -*bits;

	*bits ^= lowest;
	return lowest;
}

static bool sizes_error(const struct keyword_use *use)
{
	struct diag *g = diag_add(use->k->d, D_BAD_ARGUMENT, use->words[0].span,
				  "with `auto:` there are as many processors as threads");

	diag_haproxy(
		use->k->d, g,
		"cpu-map : PROC/THREAD range and CPU sets must have the same size to be automatically bound");
	return false;
}

bool check_cpu_map(const struct keyword_use *use)
{
	struct global_conf *g = &use->k->m->global;
	struct str who = use->words[0].text;
	bool automatic = str_starts(who, STR("auto:")), given;
	uint64_t groups, threads, cpus = 0, count = 0;

	if (!who_read(use, automatic ? str_tail(who, 5) : who, &groups, &threads, &given))
		return false;
	for (uint32_t i = 1; i < use->n; i++)
		if (!cpus_read(use, &use->words[i], &cpus, &count))
			return false;
	if (automatic && count != (uint64_t)__builtin_popcountll(groups) &&
	    (!given || count != (uint64_t)__builtin_popcountll(threads)))
		return sizes_error(use);
	if (!(groups & 1) || !cpus)
		return true;
	if (!g->cpu_map)
		g->cpu_map = ARENA_ARRAY(use->k->a, uint64_t, SET_MAX);
	for (uint32_t i = 0; i < SET_MAX; i++)
		if (threads >> i & 1)
			g->cpu_map[i] = automatic ? bit_take(&cpus) : cpus;
	return true;
}
