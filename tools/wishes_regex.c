/* From a regular expression to a text that it matches: of alternatives one branch is taken, classes become one
 * of their characters, repetitions the fewest that are allowed. Look-arounds and back references are ignored:
 * whoever uses the text finds out whether it fits. */
#include "tools/wishes.h"

#include "grammar/base/out.h"

enum { EXAMPLE_MAX = 1024, DEPTH_MAX = 32 };

struct regex_walk {
	struct str text;
	size_t at;
	struct out o;
	uint32_t depth, branch;
};

static void walk_branches(struct regex_walk *w);

static bool more(const struct regex_walk *w)
{
	return w->at < w->text.len;
}

static char next(const struct regex_walk *w)
{
	return w->text.ptr[w->at];
}

static char escaped(char c)
{
	switch (c) {
	case 'd':
		return '1';
	case 'w':
	case 'S':
	case 'D':
		return 'a';
	case 's':
		return ' ';
	case 'W':
		return '-';
	default:
		return c;
	}
}

/* Behind `[`: one character that it allows. */
static void walk_class(struct regex_walk *w)
{
	bool negated = more(w) && next(w) == '^';
	size_t first = w->at += negated;
	char c = 0;

	while (more(w) && (next(w) != ']' || w->at == first)) {
		if (next(w) == '\\' && w->at + 1 < w->text.len)
			w->at++;
		w->at++;
	}
	if (first < w->text.len)
		c = w->text.ptr[first] == '\\' && first + 1 < w->text.len ? escaped(w->text.ptr[first + 1])
									  : w->text.ptr[first];
	w->at += more(w);
	out_char(&w->o, negated ? (c == 'x' ? 'y' : 'x') : c ? c : 'x');
}

static void walk_group(struct regex_walk *w)
{
	size_t begin = w->o.len;
	bool look = false;

	if (more(w) && next(w) == '?') {
		w->at++;
		look = more(w) && (next(w) == '=' || next(w) == '!' || next(w) == '<');
		while (more(w) && next(w) != ':' && next(w) != '>' && !look)
			w->at++;
		w->at += more(w);
	}
	walk_branches(w);
	w->at += more(w); /* its end */
	if (look)
		w->o.len = begin;
}

/* False: an anchor, which is no text. */
static bool walk_atom(struct regex_walk *w)
{
	char c = next(w);

	w->at++;
	switch (c) {
	case '^':
	case '$':
		return false;
	case '.':
		out_char(&w->o, 'x');
		return true;
	case '[':
		walk_class(w);
		return true;
	case '(':
		walk_group(w);
		return true;
	case '\\':
		if (!more(w))
			return false;
		c = next(w);
		w->at++;
		if (c != 'b' && c != 'B' && c != 'A' && c != 'Z' && c != 'z')
			out_char(&w->o, escaped(c));
		return true;
	default:
		out_char(&w->o, c);
		return true;
	}
}

/* What stands behind an atom that begins at `begin`: none of it, once, or n times. */
static void walk_quantifier(struct regex_walk *w, size_t begin)
{
	size_t len = w->o.len - begin;
	uint64_t times = 1;

	if (!more(w))
		return;
	if (next(w) == '*' || next(w) == '?') {
		times = 0;
	} else if (next(w) == '{') {
		size_t end = w->at + str_chr(str_tail(w->text, w->at), '}');
		struct str digits = str_sub(w->text, w->at + 1, str_chr(str_tail(w->text, w->at + 1), ','));

		if (digits.len > end - w->at - 1)
			digits.len = end - w->at - 1;
		if (!str_to_u64(digits, &times) || times > 64)
			return;
		w->at = end < w->text.len ? end : w->text.len - 1;
	} else if (next(w) != '+') {
		return;
	}
	w->at++;
	while (more(w) && (next(w) == '?' || next(w) == '+'))
		w->at++;
	for (uint64_t i = 1; i < times && w->o.len < EXAMPLE_MAX; i++)
		out_bytes(&w->o, w->o.buf + begin, len);
	if (!times)
		w->o.len = begin;
}

/* The wanted branch is kept, or the last one. */
static void walk_branches(struct regex_walk *w)
{
	size_t first = w->o.len, keep = 0;
	uint32_t branch = 0;

	if (++w->depth > DEPTH_MAX)
		w->at = w->text.len;
	while (more(w) && next(w) != ')') {
		size_t begin = w->o.len;

		if (next(w) == '|') {
			w->at++;
			if (branch++ == w->branch)
				keep = w->o.len;
			if (branch <= w->branch)
				w->o.len = first;
		} else if (walk_atom(w)) {
			walk_quantifier(w, begin);
		}
	}
	w->depth--;
	if (branch > w->branch)
		w->o.len = keep;
}

struct str wish_of_regex(struct arena *a, struct str regex, uint32_t branch)
{
	struct regex_walk w = {.text = regex, .branch = branch, .o = out_growing(EXAMPLE_MAX)};
	struct str text;

	walk_branches(&w);
	text = w.o.len ? arena_str(a, out_get(&w.o)) : STR("");
	out_free(&w.o);
	return text;
}
