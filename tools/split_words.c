/* See split_words.h. */
#include "tools/split_words.h"

/* One word from *i on into `to`; its length. */
static size_t word_take(struct str line, size_t *i, char *to, bool *open)
{
	char quote = 0;
	size_t n = 0;

	for (; *i < line.len; ++*i) {
		char c = line.ptr[*i];

		if (!quote && (c == ' ' || c == '\t'))
			break;
		if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else if (c == quote)
			quote = 0;
		else if (c == '\\' && quote != '\'' && *i + 1 < line.len)
			to[n++] = line.ptr[++*i];
		else
			to[n++] = c;
	}
	*open = quote != 0;
	to[n] = 0;
	return n;
}

bool split_words(struct arena *a, struct str line, struct str **words, uint32_t *n)
{
	struct str *v = ARENA_ARRAY(a, struct str, line.len / 2 + 1);
	char *to = arena_alloc(a, 2 * line.len + 2);
	bool open = false;
	size_t i = 0;

	*words = v;
	*n = 0;
	while (!open) {
		while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t'))
			i++;
		if (i >= line.len)
			return true;
		v[*n].len = word_take(line, &i, to, &open);
		v[*n].ptr = to;
		to += v[(*n)++].len + 1;
	}
	return false;
}
