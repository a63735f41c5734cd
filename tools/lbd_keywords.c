/* -dK: the words of the language by class, in HAProxy's forms (management manual, section 3), for programs that
 * look for new ones. Out of the tables that the checker uses: what is told is what is understood. Main thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/keyword.h"
#include "grammar/rows.h"
#include "grammar/section.h"
#include "runtime/cli/cli_call.h"
#include "tools/lbd.h"

enum { ROWS_MOST = 2048 };

/* --- acl, cnv, smp */

static bool is_known(uint16_t since, int compat)
{
	return compat >= since;
}

static void acls_print(int compat)
{
	puts("# List of registered ACL keywords:");
	for (size_t i = 0; acl_alias_row(i); i++) {
		const struct acl_alias_row *a = acl_alias_row(i);
		const struct fetch_row *fetch = fetch_row((enum fetch_id)a->fetch);
		const char *method = match_method_name((enum match_method)a->method);

		if (is_known(fetch->since, compat))
			printf("%s = %s -m %s\n", a->name, fetch->name, *method ? method : "str");
	}
}

/* What the letters of fetches.def stand for. */
static const char *argument_name(char letter)
{
	static const struct {
		char letter;
		const char *name;
	} names[] = {{'i', "integer"},   {'b', "backend"},      {'f', "frontend"},
		     {'v', "server"},    {'u', "user list"},    {'t', "table"},
		     {'r', "regex"},     {'4', "IPv4 address"}, {'6', "IPv6 address"},
		     {'m', "IPv4 mask"}, {'M', "IPv6 mask"},    {'p', "Protocol buffers field number"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].letter == letter)
			return names[i].name;
	return "string"; /* a name of a variable, too */
}

/* "(integer,string[,integer])"; nothing for "". */
static void arguments_print(const char *letters)
{
	bool optional = false;

	if (!*letters)
		return;
	putchar('(');
	for (const char *at = letters; *at; at++) {
		if (*at == '|') {
			optional = true;
			putchar('[');
			continue;
		}
		printf("%s%s", at == letters || (at == letters + 1 && optional) ? "" : ",", argument_name(*at));
	}
	fputs(optional ? "])" : ")", stdout);
}

static void converters_print(int compat)
{
	puts("# List of registered sample converter functions:");
	for (int i = 0; i < CONV_COUNT; i++) {
		const struct conv_row *c = conv_row((enum conv_id)i);

		if (!is_known(c->since, compat))
			continue;
		fputs(c->name, stdout);
		arguments_print(c->args);
		printf(": %s => %s\n", smp_type_name((enum smp_type)c->in),
		       smp_type_name((enum smp_type)c->out));
	}
}

static const char *const places[AT_PLACES] = {
	[AT_FE_CONN] = "frontend tcp-request connection rule",
	[AT_FE_SESS] = "frontend tcp-request session rule",
	[AT_FE_CONTENT] = "frontend tcp-request content rule",
	[AT_FE_REQ_HDR] = "frontend http-request header rule",
	[AT_FE_REQ_BODY] = "frontend http-request body rule",
	[AT_FE_USE_BACKEND] = "frontend use-backend rule",
	[AT_BE_CONTENT] = "backend tcp-request content rule",
	[AT_BE_REQ_HDR] = "backend http-request header rule",
	[AT_BE_REQ_BODY] = "backend http-request body rule",
	[AT_BE_SET_SRV] = "backend use-server, balance or stick-match rule",
	[AT_BE_SRV_CONN] = "server source selection",
	[AT_BE_RES_CONTENT] = "backend tcp-response content rule",
	[AT_BE_RES_HDR] = "backend http-response header rule",
	[AT_BE_RES_BODY] = "backend http-response body rule",
	[AT_BE_STORE] = "backend stick-store rule",
	[AT_FE_RES_CONTENT] = "frontend tcp-response content rule",
	[AT_FE_RES_HDR] = "frontend http-response header rule",
	[AT_FE_RES_BODY] = "frontend http-response body rule",
	[AT_FE_LOG] = "logs",
	[AT_CHECK] = "backend tcp-check rule",
	[AT_CONFIG] = "configuration parser",
	[AT_CLI] = "CLI parser",
};

/* The slanted heads of the columns. */
static void places_print(void)
{
	for (int i = 0; i < AT_PLACES; i++) {
		printf("#%*s", AT_PLACES + 1 - i, "");
		for (int k = 0; k < i; k++)
			fputs("/ ", stdout);
		printf("_.%.*s %s\n", AT_PLACES - i, "----------------------", places[i]);
	}
	for (const char *mark = "/|"; *mark; mark++) {
		putchar('#');
		for (int k = 0; k < AT_PLACES; k++)
			printf(" %c", *mark);
		puts(*mark == '/' ? "  " : " ");
	}
}

static void fetches_print(int compat)
{
	puts("# List of registered sample fetch functions:");
	places_print();
	for (int i = 0; i < FETCH_COUNT; i++) {
		const struct fetch_row *f = fetch_row((enum fetch_id)i);

		if (!is_known(f->since, compat) || f->name[strlen(f->name) - 1] == '.')
			continue;
		putchar('[');
		for (int k = 0; k < AT_PLACES; k++)
			fputs(fetch_places((enum fetch_id)i, compat) >> k & 1 ? " Y" : " .", stdout);
		printf(" ] %s", f->name);
		arguments_print(f->args);
		printf(": %s\n", smp_type_name((enum smp_type)f->type));
	}
}

/* --- cfg */

/* What stands behind a word of a bind or server line: " +1", " +-1" for more than one shape, nothing for a
 * flag. */
static const char *behind(const struct keyword *row)
{
	if (row->kind == VAL_FLAG || (row->kind == VAL_CUSTOM && !row->args))
		return "";
	return row->kind == VAL_WORDS || (row->args && strpbrk(row->args, " [*")) ? " +-1" : " +1";
}

/* Which side an option is for: " [ FE BE HTTP ]". */
static void sides_print(const struct keyword *row)
{
	if (row->kind == VAL_OPTION)
		printf(" [ %s%s%s]", row->in & IN(FRONTEND) ? "FE " : "", row->in & IN(BACKEND) ? "BE " : "",
		       row->flags & KW_HTTP_ONLY ? "HTTP " : "");
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct keyword *const *)a)->name, (*(const struct keyword *const *)b)->name);
}

/* Rows that are legal at one of these places, options (VAL_OPTION) or the others, by name. */
static void rows_print(uint32_t where, bool options, const char *before, int compat)
{
	const struct keyword *rows[ROWS_MOST];
	size_t count = 0;
	uint32_t n;
	const struct keyword_area *const *areas = keyword_areas(&n);

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < areas[i]->n && count < ROWS_MOST; k++) {
			const struct keyword *row = &areas[i]->rows[k];

			if (row->in & where && (row->kind == VAL_OPTION) == options &&
			    keyword_is_known(row, compat) && !(row->flags & KW_REMOVED))
				rows[count++] = row;
		}
	qsort(rows, count, sizeof(*rows), by_name);
	for (size_t i = 0; i < count; i++) {
		printf("\t%s%s%s", before, rows[i]->name, *before ? behind(rows[i]) : "");
		sides_print(rows[i]);
		putchar('\n');
	}
}

static void actions_print(int compat)
{
	for (int set = 0; set < RS_COUNT; set++)
		for (int i = 0; i < ACTION_COUNT; i++) {
			const struct action_row *a = action_row((enum action_id)i);
			bool known = is_known(a->since, compat) && (compat > 206 || !(a->newer >> set & 1));

			if (a->sets >> set & 1 && known)
				printf("\t%s %s%s\n", ruleset_name((enum ruleset)set),
				       i == ACTION_TRACK_SC0 ? "track-sc" : a->name,
				       a->form == ACTION_PAREN || i == ACTION_TRACK_SC0 ? "*" : "");
		}
}

/* Proxies have a list together, under the name of the kind that is all of them. */
static void config_print(int compat)
{
	puts("# List of registered configuration keywords:");
	for (int i = 0; i < PLACE_SECTIONS; i++) {
		const struct section_kind *section = section_get((enum keyword_place)i);

		if (compat < section->since || (section->until && compat >= section->until) ||
		    (IN_PROXY >> i & 1 && i != PLACE_LISTEN))
			continue;
		printf("%.*s\n", STR_ARG(section->name));
		rows_print(i == PLACE_LISTEN ? IN_PROXY : 1u << i, false, "", compat);
		if (i != PLACE_LISTEN)
			continue;
		rows_print(IN(BIND), false, "bind <addr> ", compat);
		rows_print(IN(SERVER), false, "server <name> <addr> ", compat);
		rows_print(IN_PROXY, true, "", compat);
		actions_print(compat);
	}
}

/* --- cli */

struct command {
	const char *words;
	uint8_t level;
	bool of_master;
};

static const struct command commands[] = {
#define CLI_COMMAND(words, level, usage, function) {words, level, false},
#include "runtime/cli/commands.def"
#undef CLI_COMMAND
#define CLI_COMMAND(words, level, usage, function) {words, level, true},
#include "runtime/cli/commands_master.def"
#undef CLI_COMMAND
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static int by_words(const void *a, const void *b)
{
	const struct command *x = a, *y = b;
	int order = strcmp(x->words, y->words);

	return order ? order : x->of_master - y->of_master;
}

static void commands_print(void)
{
	struct command sorted[COMMANDS];

	memcpy(sorted, commands, sizeof(sorted));
	qsort(sorted, COMMANDS, sizeof(*sorted), by_words);
	puts("# List of registered CLI keywords:");
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &sorted[i];
		bool both = i + 1 < COMMANDS && !strcmp(c->words, sorted[i + 1].words);

		printf("%s %s%s%s%s\n", c->words, c->of_master ? "" : "[WORKER] ",
		       c->of_master || both ? "[MASTER] " : "", c->level & CLI_EXPERT ? "[EXPERT] " : "",
		       c->level & CLI_EXPERIMENTAL ? "[EXPERIM] " : "");
		i += both;
	}
}

/* --- classes */

static void filters_list(void)
{
	puts("# List of registered filter names:");
	for (const struct filter_name *f = lbd_filters; f->name; f++)
		printf("%s [%s]\n", f->name, f->class_name);
}

static void services_list(void)
{
	puts("# List of registered service names:\nprometheus-exporter");
}

static bool is_asked(const char *classes, const char *name)
{
	struct str rest = str_from(classes);

	while (rest.len) {
		struct str one = str_cut(&rest, ',');

		if (str_is(one, name) || str_is(one, "all"))
			return true;
	}
	return false;
}

void keywords_print(const char *classes, int compat)
{
	if (!strcmp(classes, "help"))
		puts("# List of supported keyword classes:\nall: list all keywords\nacl: ACL keywords\n"
		     "cfg: configuration keywords\ncli: CLI keywords\ncnv: sample converter keywords\n"
		     "flt: filter names\nsmp: sample fetch functions\nsvc: service names");
	if (is_asked(classes, "acl"))
		acls_print(compat);
	if (is_asked(classes, "cfg"))
		config_print(compat);
	if (is_asked(classes, "cli"))
		commands_print();
	if (is_asked(classes, "cnv"))
		converters_print(compat);
	if (is_asked(classes, "flt"))
		filters_list();
	if (is_asked(classes, "smp"))
		fetches_print(compat);
	if (is_asked(classes, "svc"))
		services_list();
}
