/* Texts of crt-lists. Demands: a list that is refused says why and where, lines and their filters are whole
 * words, the options that `show ssl crt-list` would print are read again to the same, and everything is given
 * back. One thread. */
#include <string.h>

#include "grammar/crt_list.h"
#include "tests/fuzz/fuzz.h"

enum { LINE_MAX_ = 1 << 17 };

/* As the control socket shows it. */
static void line_write(struct out *o, const struct crt_line *line)
{
	out_char(o, ' '); /* a line that begins with # would be a comment */
	out_str(o, line->crt);
	if (line->bracketed)
		out_puts(o, " []");
	for (uint32_t i = 0; i < line->nfilters; i++)
		out_printf(o, " %.*s", STR_ARG(line->filters[i]));
}

static void demand_again(const struct crt_line *line)
{
	struct out text = out_growing(LINE_MAX_), error = out_growing(LINE_MAX_);
	struct crt_line *again = NULL;

	line_write(&text, line);
	FUZZ_DEMAND(crt_line_parse(out_get(&text), "again", 1, &again, &error));
	FUZZ_DEMAND(again && str_eq(again->crt, line->crt) && again->nfilters == line->nfilters);
	FUZZ_DEMAND(again->bracketed == line->bracketed);
	for (uint32_t i = 0; i < line->nfilters; i++)
		FUZZ_DEMAND(str_eq(again->filters[i], line->filters[i]));
	crt_line_free(&again);
	out_free(&text);
	out_free(&error);
}

static void demand_lines(struct crt_list *l)
{
	uint32_t last = 0;

	for (struct list *node = l->lines.next; node != &l->lines; node = node->next) {
		const struct crt_line *line = LIST_OF(node, struct crt_line, node);

		FUZZ_DEMAND(line->number > last);
		FUZZ_DEMAND(line->crt.len);
		last = line->number;
		demand_again(line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crt_list *l = crt_list_new("x");
	struct out error = out_growing(1 << 20);
	char *copy = malloc(size ? size : 1);

	FUZZ_DEMAND(l && copy);
	if (size && size <= 65536) {
		memcpy(copy, data, size);
		if (crt_list_parse(l, str_make(copy, size), &error))
			demand_lines(l);
		else
			FUZZ_DEMAND(str_starts(out_get(&error), STR("parsing [x:")));
	}
	free(copy);
	crt_list_free(&l);
	out_free(&error);
	return 0;
}
