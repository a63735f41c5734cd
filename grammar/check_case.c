/* Letter case of HTTP/1 field names for peers that insist on one (manual, "h1-case-adjust" and
 * "h1-case-adjust-file"): names in lower case lead to names as they are to be sent. Works on the state of one
 * walk; one thread. */
#include "grammar/check_file.h"
#include "grammar/check_rows.h"

enum { FILE_MAX = 1 << 20 };

static struct str lower(struct arena *a, struct str text)
{
	struct str copy = arena_str(a, text);
	char *p = (char *)(uintptr_t)copy.ptr;

	for (size_t i = 0; i < copy.len; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 0x20;
	return copy;
}

static void case_add(struct checker *k, struct str from, struct str to)
{
	struct str *name = ARENA_NEW(k->a, struct str);

	*name = arena_str(k->a, to);
	map_put(k->a, &k->c->model->global.h1_case, lower(k->a, from), name);
}

bool check_h1_case(const struct keyword_use *use)
{
	struct diag *g;

	if (!check_arity(use, 2, 2))
		return false;
	if (str_ieq(use->words[0].text, use->words[1].text)) {
		case_add(use->k, use->words[0].text, use->words[1].text);
		return true;
	}
	g = diag_add(use->k->d, D_BAD_ARGUMENT, use->words[1].span,
		     "the two names differ in more than the case of letters");
	diag_haproxy(use->k->d, g, "'%s' : to=%.*s has different length or letters than from=%.*s",
		     use->row->name, STR_ARG(use->words[1].text), STR_ARG(use->words[0].text));
	return false;
}

/* The next word of a line; false at its end. */
static bool line_word(struct str *line, struct str *word)
{
	size_t n = 0;

	*line = str_trim(*line);
	while (n < line->len && line->ptr[n] != ' ' && line->ptr[n] != '\t')
		n++;
	*word = str_sub(*line, 0, n);
	*line = str_tail(*line, n);
	return n > 0;
}

/* "from to" on each line; empty lines and those that begin with # are skipped. */
bool check_h1_case_file(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct str rest, line, from, to, text;

	if (!check_file_read(k, &use->words[0], FILE_MAX, &text) || text.len > FILE_MAX)
		return true;
	for (rest = text; rest.len; rest = str_tail(rest, str_chr(rest, '\n') + 1)) {
		line = str_trim(str_sub(rest, 0, str_chr(rest, '\n')));
		if (line.len && line.ptr[0] != '#' && line_word(&line, &from) && line_word(&line, &to) &&
		    str_ieq(from, to))
			case_add(k, from, to);
	}
	return true;
}
