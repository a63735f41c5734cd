/* `lbcheck order`: the lines of one proxy in the order in which a request, and then its response, meets them.
 * Files are written in the order in which people think; rules are run by phase. The phases are those that
 * runtime/proxy makes its steps of. One thread. */
#include "tools/lbcheck.h"

#include <stdio.h>
#include <string.h>

enum { IN_TCP = 1, IN_HTTP = 2, IN_BOTH = IN_TCP | IN_HTTP };
enum { SIDE_FRONTEND = 1, SIDE_BACKEND = 2 };

struct phase {
	int side, modes;
	const char *title;
	const char *keywords[6]; /* the lines of all of them, as written; NULL behind the last */
};

/* What keywords[] of one phase name is met in the order of the file; phases are met one after the other. */
static const struct phase phases[] = {
#define PHASE_NOTE(side, modes, ...) {SIDE_##side, IN_##modes, PHASE_LINES(__VA_ARGS__, NULL)},
#define PHASE_STEP(function, ...) PHASE_NOTE(__VA_ARGS__)
#define PHASE_PART(function, ...) PHASE_NOTE(__VA_ARGS__)
#define PHASE_RESPONSE(proxy, set, place, ...) PHASE_NOTE(__VA_ARGS__)
#define PHASE_LINES(title, ...)                                                                                \
	title,                                                                                                 \
	{                                                                                                      \
		__VA_ARGS__                                                                                    \
	}
#include "runtime/proxy/phases.def"
};

static bool phase_has(const struct phase *p, const struct lbconf_setting *s)
{
	for (size_t i = 0; i < sizeof(p->keywords) / sizeof(*p->keywords) && p->keywords[i]; i++)
		if (strcmp(p->keywords[i], lbconf_setting_keyword(s)) == 0)
			return lbconf_setting_origin(s) != LBCONF_BUILT_IN;
	return false;
}

static void print_setting(const struct lbconf_setting *s)
{
	struct lbconf_place at = lbconf_setting_place(s);
	const char *value = lbconf_setting_value(s);

	printf("    %s:%u  %s%s%s%s\n", at.file, at.line, lbconf_setting_is_negated(s) ? "no " : "",
	       lbconf_setting_key(s), *value ? " " : "", value);
}

/* The phase's lines, if it has any, below a title. */
static void print_phase(const struct lbconf_section *section, const struct phase *p, const char *title,
			const char *note)
{
	const struct lbconf_setting *s;
	bool titled = false;

	for (size_t i = 0; (s = lbconf_setting_get(section, i)); i++) {
		if (!phase_has(p, s))
			continue;
		if (!titled)
			printf("  %s%s\n", title, note);
		titled = true;
		print_setting(s);
	}
}

static int mode_of(const struct lbconf_section *section)
{
	const struct lbconf_setting *mode = lbconf_setting_find(section, "mode");

	return mode && strcmp(lbconf_setting_value(mode), "http") == 0 ? IN_HTTP : IN_TCP;
}

static int sides_of(const struct lbconf_section *section)
{
	const char *kind = lbconf_section_kind(section);

	return (strcmp(kind, "backend") != 0 ? SIDE_FRONTEND : 0) |
	       (strcmp(kind, "frontend") != 0 ? SIDE_BACKEND : 0);
}

/* A listen is both sides, and meets its lines once. */
static bool is_met(size_t i, int sides)
{
	if (!(phases[i].side & sides))
		return false;
	for (size_t k = 0; k < i && sides == (SIDE_FRONTEND | SIDE_BACKEND); k++)
		if (strcmp(phases[k].title, phases[i].title) == 0)
			return false;
	return true;
}

static void print_proxy(const struct lbconf_section *section)
{
	int mode = mode_of(section), sides = sides_of(section);

	printf("%s %s\n", lbconf_section_kind(section), lbconf_section_name(section));
	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++)
		if (phases[i].modes & mode && is_met(i, sides))
			print_phase(section, &phases[i], phases[i].title, "");
	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++)
		if (!(phases[i].modes & mode) && is_met(i, sides))
			print_phase(section, &phases[i], phases[i].title, " (never met: mode tcp)");
}

/* A frontend and a backend may share a name: both are printed. */
static bool print_named(const struct lbconf *conf, const char *name)
{
	static const char *const kinds[] = {"frontend", "listen", "backend"};
	bool found = false;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct lbconf_section *section = lbconf_section_find(conf, kinds[i], name);

		if (section)
			print_proxy(section);
		found |= section != NULL;
	}
	return found;
}

int lbcheck_order(const struct lbcheck *l)
{
	struct lbconf *conf;
	int status;

	if (l->nargs < 2) {
		fputs("lbcheck: order needs a proxy and the files of its configuration\n", stderr);
		return LBCHECK_USAGE;
	}
	conf = lbcheck_load_args(l, l->args + 1, l->nargs - 1);
	if (!conf)
		return LBCHECK_ERRORS;
	status = lbconf_errors(conf) ? lbcheck_report(l, conf) : LBCHECK_CLEAN;
	if (status == LBCHECK_CLEAN && !print_named(conf, l->args[0])) {
		fprintf(stderr, "lbcheck: no frontend, backend or listen is called %s\n", l->args[0]);
		status = LBCHECK_ERRORS;
	}
	lbconf_free(conf);
	return status;
}
