/* Words of bind lines that are more than a value (manual, section 5.1). Work on the state of one walk; one
 * thread. */
#include <ctype.h>

#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"

static bool bind_error(const struct keyword_use *use, const char *message, const char *haproxy)
{
	struct diag *g =
		diag_add(use->k->d, D_BAD_ARGUMENT, use->n ? use->words[0].span : use->span, "%s", message);

	diag_haproxy(use->k->d, g, "'bind %.*s' in section '%s' : %s",
		     STR_ARG(use->line->words[use->line->nwords > 1].text), keyword_place_name(use->k->place),
		     haproxy);
	return false;
}

/* A segment size of either sign; negative is relative to what the kernel takes. */
bool check_bind_mss(const struct keyword_use *use)
{
	struct bind_conf *b = use->object;
	int64_t mss;

	*use->taken = use->n ? 1 : 0;
	if (!use->n || !str_to_i64(use->words[0].text, &mss) || mss == 0 || mss < -65535 || mss > 65535)
		return bind_error(use, "`mss` needs a size up to 65535",
				  "'mss' : expects an MSS with and absolute value between 1 and 65535");
	b->mss = (uint32_t)mss;
	return true;
}

static bool number_at(struct str s, size_t *i)
{
	size_t start = *i;

	while (*i < s.len && s.ptr[*i] >= '0' && s.ptr[*i] <= '9')
		++*i;
	return *i > start;
}

/* [group/]all, odd, even, 3, 1-4, 2-; several with commas. */
enum { THREADS_MAX = 64 };

/* One part: which threads it names, a bit each. False: it is none. */
static bool threads_part(struct str part, uint64_t *set)
{
	uint64_t first = 0, last;
	size_t i = 0, at;

	*set = str_is(part, "all")    ? UINT64_MAX
	       : str_is(part, "odd")  ? 0x5555555555555555ULL
	       : str_is(part, "even") ? 0xaaaaaaaaaaaaaaaaULL
				      : 0;
	if (*set)
		return true;
	if (!number_at(part, &i) || !str_to_u64(str_sub(part, 0, i), &first) || !first || first > THREADS_MAX)
		return false;
	last = first;
	if (i < part.len && part.ptr[i++] != '-')
		return false;
	at = i;
	if (number_at(part, &i))
		str_to_u64(str_sub(part, at, i - at), &last);
	else if (i && part.ptr[i - 1] == '-')
		last = THREADS_MAX;
	last = last > THREADS_MAX ? THREADS_MAX : last;
	for (uint64_t n = first; n <= last; n++)
		*set |= 1ULL << (n - 1);
	return i >= part.len;
}

/* *set: all of them, 0 when no thread is excluded. */
static bool threads_read(struct str s, bool one_group, uint64_t *set)
{
	size_t slash = str_chr(s, '/');
	uint64_t part;

	*set = 0;
	if (slash < s.len && !str_is(str_sub(s, 0, slash), "1") && one_group)
		return false;
	if (slash < s.len)
		s = str_tail(s, slash + 1);
	while (s.len) {
		if (!threads_part(str_cut(&s, ','), &part))
			return false;
		*set |= part;
	}
	*set = *set == UINT64_MAX ? 0 : *set;
	return true;
}

/* Since 2.5 there is one process: `all`, `odd`, 1. */
static bool process_valid(struct str s)
{
	return str_is(s, "all") || str_is(s, "odd") || str_is(s, "even") || str_is(s, "1") ||
	       str_starts(s, STR("1/")) || str_is(s, "1-1") || str_starts(s, STR("all/"));
}

/* bind-process of proxies. */
bool check_bind_process(const struct keyword_use *use)
{
	struct diag *g;

	for (uint32_t i = 0; i < use->n; i++) {
		if (process_valid(use->words[i].text))
			continue;
		g = diag_add(use->k->d, D_OUT_OF_RANGE, use->words[i].span, "there is only process 1");
		diag_haproxy(
			use->k->d, g,
			"bind-process : '%.*s' is not a valid number/range. It supports numbers from 1 to 1.",
			STR_ARG(use->words[i].text));
		return false;
	}
	return true;
}

bool check_bind_threads(const struct keyword_use *use)
{
	struct bind_conf *b = use->object;
	bool process = strcmp(use->row->name, "process") == 0;
	struct str text = use->n ? use->words[0].text : STR_NONE;

	*use->taken = use->n ? 1 : 0;
	if (text.len && process && threads_read(text, false, &b->threads) && !process_valid(text))
		return bind_error(use, "there is only process 1",
				  arena_printf(use->k->scratch,
					       "'process' : '%.*s' is not a valid number/range. It supports "
					       "numbers from 1 to 1.",
					       STR_ARG(text))
					  .ptr);
	if (text.len && threads_read(text, use->k->compat <= 206, &b->threads)) {
		if (process && str_chr(text, '/') >= text.len)
			b->threads = 0;
		return true;
	}
	return bind_error(use, "threads are given as `all`, `odd`, `even`, a number or a range",
			  arena_printf(use->k->scratch, "'%s' : '%.*s' is not a valid number/range.",
				       use->row->name, STR_ARG(text))
				  .ptr);
}

bool check_bind_shards(const struct keyword_use *use)
{
	struct str text = use->words[0].text;
	int64_t n = 0;

	if (str_is(text, "by-thread") || (use->k->compat >= 208 && str_is(text, "by-group")))
		return true;
	if (strspn(text.ptr, "-0123456789") && !check_number(use, &use->words[0], 0, 0, &n))
		return false;
	if (n >= 1 && n <= (use->k->compat < 300 ? 64 : 1024))
		return true;
	return bind_error(use, "`shards` needs a number from 1 to 64 or `by-thread`",
			  arena_printf(use->k->scratch,
				       "'shards' : invalid value %lld, allowed range is 1..64 or 'by-thread'",
				       (long long)n)
				  .ptr);
}

/* HAProxy 2.6 reads as many digits as there are and goes on behind the next comma. */
static bool ignored_id(int compat, struct str part, int64_t *id)
{
	size_t n = 0;

	if (compat >= 208 && str_starts(part, STR("X509_")))
		return true;
	while (compat < 208 && n < part.len &&
	       (isdigit((unsigned char)part.ptr[n]) || (!n && part.ptr[n] == '-')))
		n++;
	if (!str_to_i64(str_sub(part, 0, compat < 208 ? n : part.len), id))
		*id = 0;
	return *id >= 1 && *id <= 94;
}

/* all, or numbers (and, since 2.7, names) of verification errors. */
bool check_bind_ignore(const struct keyword_use *use)
{
	struct str s = use->words[0].text;
	int64_t id;

	if (str_is(s, "all"))
		return true;
	while (s.len) {
		struct str part = str_cut(&s, ',');

		if (!ignored_id(use->k->compat, part, &id))
			return bind_error(
				use, "this is a list of numbers of verification errors, or `all`",
				arena_printf(use->k->scratch,
					     "'%s' : ID '%lld' out of range (1..94) in error IDs list '%.*s'",
					     use->row->name, (long long)id, STR_ARG(use->words[0].text))
					.ptr);
	}
	return true;
}
