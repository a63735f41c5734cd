/* lbconf-backends FILE...: which servers each backend of a configuration has, how long they may be silent, and
 * from where that value comes; after what is wrong with it, if anything is. An example for liblbconf:
 *
 *     cc lbconf-backends.c $(pkg-config --cflags --libs lbconf) -o lbconf-backends */
#include <lbconf.h>

#include <stdio.h>
#include <string.h>

static void print_diagnostics(const struct lbconf *conf)
{
	for (size_t i = 0; i < lbconf_diag_count(conf); i++) {
		const struct lbconf_diag *diag = lbconf_diag_get(conf, i);
		struct lbconf_place at = lbconf_diag_place(diag);

		if (lbconf_diag_severity(diag) == LBCONF_ERROR)
			printf("%s:%u: %s [%s]\n", at.file ? at.file : "-", at.line, lbconf_diag_message(diag),
			       lbconf_diag_code(diag));
	}
}

static void print_timeout(const struct lbconf_section *section)
{
	static const char *const origins[] = {"set here", "from defaults", "built in"};
	const struct lbconf_setting *timeout = lbconf_setting_find(section, "timeout server");

	if (timeout)
		printf("    silent for %s, %s (line %u)\n", lbconf_setting_value(timeout),
		       origins[lbconf_setting_origin(timeout)], lbconf_setting_place(timeout).line);
}

static void print_backend(const struct lbconf_section *section)
{
	const struct lbconf_setting *setting;

	printf("%s\n", lbconf_section_name(section));
	for (size_t i = 0; (setting = lbconf_setting_get(section, i)); i++)
		if (strcmp(lbconf_setting_keyword(setting), "server") == 0)
			printf("    %s %s\n", lbconf_setting_key(setting), lbconf_setting_value(setting));
	print_timeout(section);
}

int main(int argc, char **argv)
{
	struct lbconf_options *options = lbconf_options_new();
	const struct lbconf_section *section;
	struct lbconf *conf;
	size_t errors;

	if (!options)
		return 2;
	lbconf_set_offline(options, true);
	conf = lbconf_load_files(options, (const char *const *)argv + 1, (size_t)(argc - 1));
	lbconf_options_free(options);
	if (!conf)
		return 2;
	print_diagnostics(conf);
	for (size_t i = 0; (section = lbconf_section_get(conf, i)); i++)
		if (strcmp(lbconf_section_kind(section), "backend") == 0)
			print_backend(section);
	errors = lbconf_errors(conf);
	lbconf_free(conf);
	return errors ? 1 : 0;
}
