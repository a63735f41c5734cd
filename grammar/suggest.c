/* Did-you-mean: a restricted Damerau-Levenshtein distance over folded words, and a look at the same words in
 * another order. */
#include "grammar/suggest.h"

#include "grammar/base/out.h"

enum { COST_NONE = UINT32_MAX, WORDS_MAX = 8 };

static bool is_joint(char c)
{
	return c == '-' || c == '_' || c == '.' || c == ' ';
}

static char fold_char(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Lower case without joints; false when it does not fit. */
static bool fold_word(struct str word, char *folded, uint32_t *len)
{
	*len = 0;
	for (size_t i = 0; i < word.len; i++) {
		if (is_joint(word.ptr[i]))
			continue;
		if (*len == SUGGEST_LONGEST)
			return false;
		folded[(*len)++] = fold_char(word.ptr[i]);
	}
	return true;
}

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b (optimal string alignment). */
static uint32_t edit_distance(const char *a, uint32_t alen, const char *b, uint32_t blen)
{
	uint32_t rows[3][SUGGEST_LONGEST + 1];
	uint32_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (uint32_t j = 0; j <= blen; j++)
		last[j] = j;
	for (uint32_t i = 1; i <= alen; i++) {
		uint32_t *free_row = before;

		row[0] = i;
		for (uint32_t j = 1; j <= blen; j++) {
			row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = last;
		last = row;
		row = free_row;
	}
	return last[blen];
}

static uint32_t split_words(struct str text, struct str *words)
{
	uint32_t n = 0;

	for (size_t i = 0, end; i < text.len; i = end + 1) {
		for (end = i; end < text.len && !is_joint(text.ptr[end]);)
			end++;
		if (end == i)
			continue;
		if (n == WORDS_MAX)
			return 0;
		words[n++] = str_sub(text, i, end - i);
	}
	return n;
}

/* The same two or more words, in whatever order. */
static bool same_words(struct str a, struct str b)
{
	struct str left[WORDS_MAX], right[WORDS_MAX];
	uint32_t n = split_words(a, left), m = split_words(b, right), found = 0;

	if (n < 2 || n != m)
		return false;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < m; j++)
			if (right[j].ptr && str_ieq(left[i], right[j])) {
				right[j] = STR_NONE;
				found++;
				break;
			}
	return found == n;
}

void suggest_start(struct suggest *s, struct str word)
{
	*s = (struct suggest){.word = word};
	if (!fold_word(word, s->folded, &s->folded_len))
		s->folded_len = 0;
}

static uint32_t suggest_cost(const struct suggest *s, struct str candidate)
{
	char folded[SUGGEST_LONGEST];
	uint32_t len, longest, limit, cost;

	if (!s->folded_len || !fold_word(candidate, folded, &len) || !len)
		return COST_NONE;
	if (len == s->folded_len && memcmp(folded, s->folded, len) == 0)
		return 0;
	longest = len > s->folded_len ? len : s->folded_len;
	limit = (s->folded_len > 3 ? s->folded_len : 3) / 3;
	if (longest - (len < s->folded_len ? len : s->folded_len) <= limit) {
		cost = edit_distance(s->folded, s->folded_len, folded, len);
		if (cost <= limit && cost < longest)
			return s->folded_len > 1 ? cost : COST_NONE;
	}
	return same_words(s->word, candidate) ? limit + 1 : COST_NONE;
}

void suggest_offer(struct suggest *s, struct str candidate)
{
	uint32_t cost = suggest_cost(s, candidate), at = s->n;

	if (cost == COST_NONE || str_eq(candidate, s->word))
		return;
	for (uint32_t i = 0; i < s->n; i++)
		if (str_eq(s->names[i], candidate))
			return;
	while (at && s->costs[at - 1] > cost)
		at--;
	if (at == SUGGEST_MAX)
		return;
	if (s->n < SUGGEST_MAX)
		s->n++;
	for (uint32_t i = s->n - 1; i > at; i--) {
		s->names[i] = s->names[i - 1];
		s->costs[i] = s->costs[i - 1];
	}
	s->names[at] = candidate;
	s->costs[at] = cost;
}

char *suggest_text(const struct suggest *s, char *buf, size_t size)
{
	struct out o = out_fixed(buf, size ? size - 1 : 0);

	for (uint32_t i = 0; i < s->n; i++) {
		if (i)
			out_puts(&o, i + 1 == s->n ? " or " : ", ");
		out_printf(&o, "`%.*s`", STR_ARG(s->names[i]));
	}
	if (size)
		buf[o.len] = '\0';
	return buf;
}
