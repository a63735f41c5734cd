/* lbgen: fills templates from the registry while building: completion for shells, a syntax file for vim, the
 * manual page of the language. Copies standard input to standard output and puts a list in the place of each
 * line that is
 * `@NAME@`. No part of what is installed. One thread. */
#include "grammar/keyword.h"
#include "grammar/rows.h"
#include "grammar/section.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names, sorted and each once. */
struct names {
	const char **v;
	size_t n, cap;
	struct arena *arena; /* of names that are made here, or NULL */
};

static void names_add(struct names *names, const char *name)
{
	if (names->n == names->cap) {
		names->cap = names->cap ? names->cap * 2 : 1024;
		names->v = realloc(names->v, names->cap * sizeof(*names->v));
		if (!names->v)
			abort();
	}
	names->v[names->n++] = name;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Prints them, each behind `before`, and forgets them. */
static void names_print(struct names *names, const char *before, const char *after)
{
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), name_compare);
	for (size_t i = 0; i < names->n; i++)
		if (!i || strcmp(names->v[i], names->v[i - 1]) != 0)
			printf("%s%s%s", before, names->v[i], after);
	free(names->v);
	arena_free(&names->arena);
	*names = (struct names){0};
}

static void rows_each(void (*take)(struct names *names, const struct keyword *row), struct names *names)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t i = 0; i < nareas; i++)
		for (uint32_t j = 0; j < areas[i]->n; j++)
			take(names, &areas[i]->rows[j]);
}

static void take_name(struct names *names, const struct keyword *row)
{
	names_add(names, row->name);
}

static void add_actions(struct names *names)
{
	for (enum action_id a = 0; a < ACTION_COUNT; a++)
		names_add(names, action_row(a)->name);
}

static void add_functions(struct names *names)
{
	for (enum fetch_id f = 0; f < FETCH_COUNT; f++)
		names_add(names, fetch_row(f)->name);
	for (enum conv_id c = 0; c < CONV_COUNT; c++)
		names_add(names, conv_row(c)->name);
	for (size_t i = 0; acl_alias_row(i); i++)
		names_add(names, acl_alias_row(i)->name);
}

static void list_keywords(void)
{
	struct names names = {0};

	rows_each(take_name, &names);
	add_actions(&names);
	add_functions(&names);
	for (enum keyword_place p = 0; p < PLACE_SECTIONS; p++)
		names_add(&names, section_get(p)->name.ptr);
	names_print(&names, "", "\n");
}

static void list_codes(void)
{
	struct names names = {0};

	for (enum diag_code code = 0; code < D_COUNT; code++) {
		const struct diag_code_info *info = diag_code_info(code);

		printf("LB%c%04u\n",
		       info->severity == SEV_ERROR     ? 'E'
		       : info->severity == SEV_WARNING ? 'W'
						       : 'N',
		       info->number);
		names_add(&names, info->readable);
	}
	names_print(&names, "", "\n");
}

static void list_classes(void)
{
	for (enum diag_class c = 0; c < DC_COUNT; c++)
		puts(diag_class_info(c)->readable);
}

/* Vim: a keyword of several words is one match for each of its words, since blanks between them vary. */
static void vim_words(struct names *names, const char *name)
{
	if (!names->arena)
		names->arena = arena_new();
	if (!names->arena)
		abort();
	for (size_t len; *name; name += len + strspn(name + len, " ")) {
		len = strcspn(name, " ");
		names_add(names, arena_str(names->arena, str_make(name, len)).ptr);
	}
}

static void take_line_words(struct names *names, const struct keyword *row)
{
	if (row->in & ((1u << PLACE_SECTIONS) - 1))
		vim_words(names, row->name);
}

static void take_option_words(struct names *names, const struct keyword *row)
{
	if (row->in & (IN(BIND) | IN_SRV | IN(STATS_SOCKET)))
		vim_words(names, row->name);
}

static void vim_sections(void)
{
	fputs("syn match lbconfSection \"^\\s*\\%(", stdout);
	for (enum keyword_place p = 0; p < PLACE_SECTIONS; p++)
		printf("%s%s", p ? "\\|" : "", section_get(p)->name.ptr);
	puts("\\)\\>\" nextgroup=lbconfName skipwhite");
}

/* Words that `:syn keyword` would take for arguments of its own are matches. */
static bool vim_is_argument(const char *name)
{
	return strcmp(name, "transparent") == 0 || strcmp(name, "display") == 0 ||
	       strcmp(name, "contains") == 0;
}

static void vim_group(const char *group, struct names *names)
{
	char before[64];
	size_t n = 0;

	for (size_t i = 0; i < names->n; i++) {
		if (vim_is_argument(names->v[i]))
			printf("syn match %s \"\\<%s\\>\"\n", group, names->v[i]);
		else
			names->v[n++] = names->v[i];
	}
	names->n = n;
	snprintf(before, sizeof(before), "syn keyword %s ", group);
	names_print(names, before, "\n");
}

static void vim_keywords(void)
{
	struct names names = {0};

	rows_each(take_line_words, &names);
	vim_group("lbconfKeyword", &names);
	rows_each(take_option_words, &names);
	vim_group("lbconfOption", &names);
	add_actions(&names);
	vim_group("lbconfAction", &names);
	add_functions(&names);
	vim_group("lbconfFunction", &names);
}

/* Text for roff: no line starts with a control character, and dashes are dashes. */
static void roff(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '`')
			fputs("\\(cq", stdout);
		else if (*text == '|') /* a line may break here */
			fputs("|\\:", stdout);
		else
			putchar(*text);
	}
}

static void roff_upper(const char *text)
{
	for (; *text; text++)
		putchar(toupper((unsigned char)*text));
}

static void roff_version(const char *what, uint16_t version)
{
	if (version)
		printf(" %s HAProxy %d.%d.", what, version / 100, version % 100);
}

static void roff_facts(const struct keyword *row)
{
	if (row->preset) {
		fputs(" Otherwise ", stdout);
		roff(row->preset);
		putchar('.');
	}
	if ((row->min || row->max) && row->kind != VAL_CHOICE && row->kind != VAL_WORDS &&
	    row->kind != VAL_CUSTOM) {
		if (row->max >= INT32_MAX)
			printf(" At least %lld.", (long long)row->min);
		else
			printf(" From %lld to %lld.", (long long)row->min, (long long)row->max);
	}
	roff_version("Since", row->since);
	roff_version("Gone in", row->until);
	if (row->flags & KW_NO)
		fputs(" May follow \\fBno\\fR.", stdout);
	if (row->flags & KW_NOT_EFFECTIVE)
		fputs(" Without effect in lbd yet.", stdout);
	if (row->flags & KW_MOOT)
		fputs(" Tunes what lbd works without.", stdout);
}

static void roff_row(const struct keyword *row)
{
	fputs(row->args ? ".TP\n.BI \"" : ".TP\n.B \"", stdout);
	roff(row->name);
	if (row->args) {
		fputs(" \" \"", stdout);
		roff(row->args);
	}
	fputs("\"\n", stdout);
	putchar(toupper((unsigned char)row->summary[0]));
	roff(row->summary + 1);
	putchar('.');
	roff_facts(row);
	putchar('\n');
	if (row->details) {
		roff(row->details);
		putchar('\n');
	}
}

static int row_compare(const void *a, const void *b)
{
	return strcmp((*(const struct keyword *const *)a)->name, (*(const struct keyword *const *)b)->name);
}

static void man_place(enum keyword_place place)
{
	uint32_t nareas, n = 0;
	const struct keyword_area *const *areas = keyword_areas(&nareas);
	const struct keyword **rows;

	for (uint32_t i = 0; i < nareas; i++)
		n += areas[i]->n;
	rows = malloc(sizeof(*rows) * n);
	if (!rows)
		abort();
	n = 0;
	for (uint32_t i = 0; i < nareas; i++)
		for (uint32_t j = 0; j < areas[i]->n; j++)
			if (areas[i]->rows[j].in >> place & 1 && !(areas[i]->rows[j].flags & KW_REMOVED))
				rows[n++] = &areas[i]->rows[j];
	qsort(rows, n, sizeof(*rows), row_compare);
	for (uint32_t i = 0; i < n; i++)
		roff_row(rows[i]);
	free(rows);
}

static void man_sections(void)
{
	for (enum keyword_place p = 0; p < PLACE_COUNT; p++) {
		if (p >= PLACE_SECTIONS && (p < PLACE_BIND || p == PLACE_TOP))
			continue;
		fputs(".SH \"", stdout);
		roff_upper(p < PLACE_SECTIONS ? "section " : "words of a ");
		roff_upper(keyword_place_name(p));
		fputs("\"\n", stdout);
		if (p < PLACE_SECTIONS) {
			putchar(toupper((unsigned char)section_get(p)->summary[0]));
			roff(section_get(p)->summary + 1);
			puts(".");
		}
		man_place(p);
	}
}

static void man_actions(void)
{
	for (enum action_id a = 0; a < ACTION_COUNT; a++) {
		fputs(".TP\n.B \"", stdout);
		roff(action_row(a)->name);
		fputs("\"\n", stdout);
		putchar(toupper((unsigned char)action_row(a)->summary[0]));
		roff(action_row(a)->summary + 1);
		printf(". In");
		for (enum ruleset set = 0; set < RS_COUNT; set++) {
			if (!(action_row(a)->sets >> set & 1))
				continue;
			fputs(" \\fB", stdout);
			roff(ruleset_name(set));
			fputs("\\fR", stdout);
		}
		puts(action_row(a)->effective ? "." : ". Without effect in lbd yet.");
	}
}

static void man_functions(void)
{
	for (enum fetch_id f = 0; f < FETCH_COUNT; f++) {
		fputs(".TP\n.B \"", stdout);
		roff(fetch_row(f)->name);
		printf("\"\nFetch: gives %s.%s\n", smp_type_name(fetch_row(f)->type),
		       fetch_row(f)->effective ? "" : " Without effect in lbd yet.");
	}
	for (enum conv_id c = 0; c < CONV_COUNT; c++) {
		fputs(".TP\n.B \"", stdout);
		roff(conv_row(c)->name);
		printf("\"\nConverter: from %s to %s.%s\n", smp_type_name(conv_row(c)->in),
		       smp_type_name(conv_row(c)->out),
		       conv_row(c)->effective ? "" : " Without effect in lbd yet.");
	}
}

static void man_classes(void)
{
	for (enum diag_class c = 0; c < DC_COUNT; c++) {
		fputs(".TP\n.B \"", stdout);
		roff(diag_class_info(c)->readable);
		fputs("\"\n", stdout);
		roff(diag_class_info(c)->summary);
		fputs(diag_class_info(c)->on_by_default ? ".\n" : " (off unless asked for).\n", stdout);
	}
}

/* What is read, and has no effect in lbd yet: mdoc(7). */
static void man_later(void)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t i = 0; i < nareas; i++) {
		for (uint32_t j = 0; j < areas[i]->n; j++) {
			const struct keyword *row = &areas[i]->rows[j];

			if (!(row->flags & KW_NOT_EFFECTIVE))
				continue;
			fputs(".It Cm \"", stdout);
			roff(row->name);
			fputs("\"\n", stdout);
			roff(row->summary);
			fputs(".\n", stdout);
		}
	}
}

int main(void)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} lists[] = {
		{"@KEYWORDS@\n", list_keywords},    {"@CODES@\n", list_codes},
		{"@CLASSES@\n", list_classes},      {"@VIM_SECTIONS@\n", vim_sections},
		{"@VIM_KEYWORDS@\n", vim_keywords}, {"@MAN_SECTIONS@\n", man_sections},
		{"@MAN_ACTIONS@\n", man_actions},   {"@MAN_FUNCTIONS@\n", man_functions},
		{"@MAN_CLASSES@\n", man_classes},   {"@MAN_LATER@\n", man_later},
	};
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		size_t i = 0;

		while (i < sizeof(lists) / sizeof(*lists) && strcmp(line, lists[i].name) != 0)
			i++;
		if (i < sizeof(lists) / sizeof(*lists))
			lists[i].print();
		else
			fputs(line, stdout);
	}
	return ferror(stdin) || fflush(stdout) != 0;
}
