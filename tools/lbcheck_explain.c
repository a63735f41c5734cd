/* `lbcheck explain` and `lbcheck features`: what the tables know, for people. */
#include "grammar/explain.h"
#include "grammar/keyword.h"
#include "grammar/render_glyph.h"
#include "grammar/rows.h"
#include "grammar/suggest.h"
#include "tools/lbcheck.h"

#include <stdio.h>
#include <stdlib.h>

static void print_places(uint32_t in)
{
	const char *separator = "";

	for (enum keyword_place p = 0; p < PLACE_COUNT; p++) {
		if (!(in >> p & 1))
			continue;
		printf("%s%s", separator, keyword_place_name(p));
		separator = ", ";
	}
}

static void print_version(const char *what, uint16_t version)
{
	if (version)
		printf("    %-9s %d.%d\n", what, version / 100, version % 100);
}

static void print_row(const struct keyword *row)
{
	printf("%s%s%s\n    %s.\n", row->name, row->args ? " " : "", row->args ? row->args : "", row->summary);
	if (row->details)
		printf("\n%s\n", row->details);
	fputs("    allowed   ", stdout);
	print_places(row->in);
	puts(row->flags & KW_NAMED_DEFAULTS ? " (defaults: only with a name)" : "");
	if (row->preset)
		printf("    otherwise %s\n", row->preset);
	if ((row->min || row->max) && row->kind != VAL_CHOICE && row->kind != VAL_WORDS) {
		if (row->max >= INT32_MAX)
			printf("    values    at least %lld\n", (long long)row->min);
		else
			printf("    values    %lld to %lld\n", (long long)row->min, (long long)row->max);
	}
	print_version("since", row->since);
	print_version("until", row->until);
	if (row->flags & KW_NO)
		puts("    prefix    `no` may stand before it");
	if (row->flags & KW_REMOVED)
		puts("    removed   no version that is checked for accepts it");
	if (row->replaced_by)
		printf("    instead   %s\n", row->replaced_by);
	if (row->flags & KW_NOT_EFFECTIVE)
		puts("    in lbd    accepted, but without effect yet");
	if (row->example)
		printf("    example   %s\n", row->example);
}

/* Whether the words name this row: whole, or without its first word ("httpchk" for "option httpchk"). */
static bool row_named(const struct keyword *row, const char *name)
{
	const char *rest = strchr(row->name, ' ');

	return strcmp(row->name, name) == 0 || (rest && strcmp(rest + 1, name) == 0);
}

static bool explain_keyword(const char *name)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);
	bool found = false;

	for (uint32_t i = 0; i < nareas; i++) {
		for (uint32_t j = 0; j < areas[i]->n; j++) {
			if (!row_named(&areas[i]->rows[j], name))
				continue;
			if (found)
				putchar('\n');
			print_row(&areas[i]->rows[j]);
			found = true;
		}
	}
	return found;
}

enum { EXPLAIN_WIDTH = 76 };

/* A paragraph, indented and broken between words. */
static void print_paragraph(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + len > EXPLAIN_WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s%.*s", column ? " " : "    ", (int)len, text);
		text += len + strspn(text + len, " ");
	}
	putchar('\n');
}

/* Lines of a configuration; what is no printable character shows as a picture. */
static void print_example(const char *title, const char *lines)
{
	struct out o = out_growing(1 << 16);

	for (; *lines; lines += strcspn(lines, "\n") + (strchr(lines, '\n') != NULL)) {
		out_puts(&o, "        ");
		glyph_print(&o, str_make(lines, strcspn(lines, "\n")));
		out_char(&o, '\n');
	}
	printf("\n    %s\n\n%.*s", title, STR_ARG(out_get(&o)));
	out_free(&o);
}

static void explain_more(enum diag_code code)
{
	const struct explanation *e = explanation_get(code);

	if (!e)
		return;
	putchar('\n');
	print_paragraph(e->text);
	if (e->wrong) {
		print_example("This gets it:", e->wrong);
		print_example("This does not:", e->right);
	}
}

/* LBE0201, LBW0201, 201, or the readable name. */
static bool explain_code(const char *name)
{
	bool prefixed =
		strncmp(name, "LBE", 3) == 0 || strncmp(name, "LBW", 3) == 0 || strncmp(name, "LBN", 3) == 0;
	char *end;
	unsigned long number = strtoul(prefixed ? name + 3 : name, &end, 10);
	bool found = false;

	for (enum diag_code code = 0; code < D_COUNT; code++) {
		const struct diag_code_info *info = diag_code_info(code);

		if (strcmp(info->readable, name) != 0 && (*end || end == name || number != info->number))
			continue;
		printf("%04u %s\n    %s.\n    class     %s\n", info->number, info->readable, info->summary,
		       diag_class_info(info->class)->readable);
		explain_more(code);
		found = true;
	}
	return found;
}

/* Neither a code nor a keyword: what was meant. */
static void explain_nothing(const char *name)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);
	struct suggest s;
	char buf[256];

	fprintf(stderr, "lbcheck: `%s` is neither a code nor a keyword\n", name);
	suggest_start(&s, str_from(name));
	for (uint32_t i = 0; i < nareas; i++)
		for (uint32_t j = 0; j < areas[i]->n; j++)
			suggest_offer(&s, str_from(areas[i]->rows[j].name));
	for (enum diag_code code = 0; code < D_COUNT; code++)
		suggest_offer(&s, str_from(diag_code_info(code)->readable));
	if (s.n)
		fprintf(stderr, "lbcheck: did you mean %s?\n", suggest_text(&s, buf, sizeof(buf)));
}

int lbcheck_explain(const struct lbcheck *l)
{
	struct out o = out_growing(4096);
	int status = LBCHECK_CLEAN;

	if (l->nargs == 0) {
		fputs("lbcheck: explain what? A code as LBE0201, or a keyword as `timeout client`\n", stderr);
		return LBCHECK_USAGE;
	}
	for (size_t i = 0; i < l->nargs; i++)
		out_printf(&o, "%s%s", i ? " " : "", l->args[i]);
	out_char(&o, 0);
	if (!explain_code(o.buf) && !explain_keyword(o.buf)) {
		explain_nothing(o.buf);
		status = LBCHECK_ERRORS;
	}
	out_free(&o);
	return status;
}

static void feature(const char *kind, const char *name, const char *summary)
{
	printf("%-10s %-40s %s\n", kind, name, summary);
}

static void features_keywords(void)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t i = 0; i < nareas; i++)
		for (uint32_t j = 0; j < areas[i]->n; j++)
			if (areas[i]->rows[j].flags & KW_NOT_EFFECTIVE)
				feature(areas[i]->name, areas[i]->rows[j].name, areas[i]->rows[j].summary);
}

int lbcheck_features(const struct lbcheck *l)
{
	(void)l;
	puts("Accepted and checked, but without effect in lbd yet:\n");
	features_keywords();
	for (enum action_id a = 0; a < ACTION_COUNT; a++)
		if (!action_row(a)->effective)
			feature("action", action_row(a)->name, action_row(a)->summary);
	for (enum fetch_id f = 0; f < FETCH_COUNT; f++)
		if (!fetch_row(f)->effective)
			feature("fetch", fetch_row(f)->name, "");
	for (enum conv_id c = 0; c < CONV_COUNT; c++)
		if (!conv_row(c)->effective)
			feature("converter", conv_row(c)->name, "");
	return LBCHECK_CLEAN;
}
