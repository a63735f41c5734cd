/* `lbcheck order`: the lines of one proxy in the order in which a request, and then its response, meets them.
 * Files are written in the order in which people think; rules are run by phase. The phases stand below as data,
 * in the order of the steps in runtime/proxy. Knows the public header only. One thread. */
#include "tools/lbcheck.h"

#include <stdio.h>
#include <string.h>

enum { IN_TCP = 1, IN_HTTP = 2, IN_BOTH = IN_TCP | IN_HTTP };

struct phase {
	const char *title;
	int modes;
	const char *keywords[6]; /* the lines of all of them, as written; NULL behind the last */
};

/* What keywords[] of one phase name is met in the order of the file; phases are met one after the other. */
static const struct phase phases[] = {
	{"connection: accepted at", IN_BOTH, {"bind"}},
	{"connection: tcp-request connection", IN_BOTH, {"tcp-request connection"}},
	{"connection: tcp-request session", IN_BOTH, {"tcp-request session"}},
	{"request: waits for its body", IN_HTTP, {"option http-buffer-request"}},
	{"request: tcp-request content", IN_BOTH, {"tcp-request inspect-delay", "tcp-request content"}},
	{"request: monitor", IN_HTTP, {"monitor-uri", "monitor fail"}},
	{"request: http-request", IN_HTTP, {"http-request"}},
	{"request: redirect", IN_HTTP, {"redirect"}},
	{"request: use_backend, the first that holds", IN_BOTH, {"use_backend"}},
	{"request: default_backend, when none did", IN_BOTH, {"default_backend"}},
	{"server: use-server, the first that holds", IN_BOTH, {"use-server"}},
	{"server: persistence forced or ignored", IN_HTTP, {"force-persist", "ignore-persist"}},
	{"server: cookie", IN_HTTP, {"cookie"}},
	{"server: stick tables", IN_BOTH, {"stick on", "stick match", "stick store-request"}},
	{"server: balanced", IN_BOTH, {"balance", "server", "server-template"}},
	{"response: tcp-response content", IN_BOTH, {"tcp-response inspect-delay", "tcp-response content"}},
	{"response: stored in stick tables", IN_BOTH, {"stick store-response"}},
	{"response: http-response", IN_HTTP, {"http-response"}},
	{"response: http-after-response", IN_HTTP, {"http-after-response"}},
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

static void print_proxy(const struct lbconf_section *section)
{
	int mode = mode_of(section);

	printf("%s %s\n", lbconf_section_kind(section), lbconf_section_name(section));
	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++)
		if (phases[i].modes & mode)
			print_phase(section, &phases[i], phases[i].title, "");
	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++)
		if (!(phases[i].modes & mode))
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
