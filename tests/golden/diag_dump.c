/* Prints the diagnostics of a configuration, one a line, for the golden tests: code, place, message; then those
 * of secondary labels. Looks at nothing of this machine. The version of HAProxy is $LBD_COMPAT, as 206 ... 304.
 */
#include "grammar/load.h"
#include "grammar/render.h"

#include <stdio.h>
#include <stdlib.h>

static void print_place(const struct sources *s, struct span span)
{
	struct position at;

	if (!span.source) {
		fputs("-", stdout);
		return;
	}
	at = sources_position(s, span.source, span.off);
	printf("%u:%u+%u", at.line, at.column, span.len);
}

static void print_diag(const struct sources *s, const struct diag *g)
{
	char code[16];

	printf("%s ", render_code(code, g->code, g->severity));
	print_place(s, g->span);
	printf(" %.*s\n", STR_ARG(g->message));
	vec_each (label, &g->labels) {
		fputs("    at ", stdout);
		print_place(s, label->span);
		printf(" %.*s\n", STR_ARG(label->text));
	}
	vec_each (fix, &g->fixes)
		printf("    fix %s: %.*s\n", fix->certainty == FIX_CERTAIN ? "certain" : "likely",
		       STR_ARG(fix->title));
}

int main(int argc, char **argv)
{
	const char *compat = getenv("LBD_COMPAT");
	struct load_options options = {.compat = compat ? atoi(compat) : 304, .offline = true};
	struct loaded *l = argc == 2 ? load_files((const char *const *)&argv[1], 1, &options) : NULL;
	int status;

	if (!l)
		return 2;
	vec_each (g, &l->diags.list)
		print_diag(&l->sources, *g);
	status = l->diags.errors ? 1 : 0;
	loaded_free(&l);
	return status;
}
