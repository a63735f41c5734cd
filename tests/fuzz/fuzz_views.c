/* Configuration text through the public header of liblbconf: every form, every view, explanations of lines,
 * layout. Demands: laying out twice is laying out once, and keeps the verdict; nothing differs from itself. One
 * thread. */
#include <string.h>

#include "grammar/lbconf.h"
#include "tests/fuzz/fuzz.h"

static void read_all(struct lbconf_text text)
{
	FUZZ_DEMAND(text.text && strlen(text.text) <= text.len && text.text[text.len] == '\0');
	lbconf_text_free(&text);
}

static void read_diagnostics(const struct lbconf *conf)
{
	static const char *const forms[] = {"text", "json", "sarif", "github", "gcc", "haproxy"};
	struct lbconf_place at;
	bool certain;

	for (size_t i = 0; i < lbconf_diag_count(conf); i++) {
		const struct lbconf_diag *diag = lbconf_diag_get(conf, i);

		FUZZ_DEMAND(lbconf_diag_message(diag) && strlen(lbconf_diag_code(diag)) == 7);
		for (size_t k = 0; lbconf_diag_fix(diag, k, &certain); k++)
			FUZZ_DEMAND(lbconf_diag_edit(diag, k, 0, &at) && at.file);
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		read_all(lbconf_render(conf, forms[i], NULL));
}

static void read_views(const struct lbconf *conf)
{
	static const char *const views[] = {"tree", "model", "effective", "dot", "mermaid"};
	bool differs = true;

	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		read_all(lbconf_dump(conf, views[i], false));
		read_all(lbconf_dump(conf, views[i], true));
	}
	for (uint32_t line = 1; line < 40; line++)
		read_all(lbconf_explain_line(conf, "fuzz.cfg", line));
	read_all(lbconf_diff(conf, conf, true, &differs));
	FUZZ_DEMAND(!differs);
}

static struct lbconf_text laid_out(const struct lbconf *conf)
{
	struct lbconf_fixes *fixes = lbconf_format(conf);
	struct lbconf_text text;

	FUZZ_DEMAND(fixes);
	read_all(lbconf_fixes_diff(fixes));
	text = lbconf_fixes_text(fixes, 0);
	FUZZ_DEMAND(text.text);
	lbconf_fixes_free(fixes);
	return text;
}

/* What ends without a line feed, or in the middle of a carriage return, is another text once it is laid out. */
static bool is_whole(const uint8_t *data, size_t size)
{
	return size && data[size - 1] == '\n' && !memchr(data, '\r', size) && !memchr(data, 0, size);
}

static void lay_out(const struct lbconf_options *options, const struct lbconf *conf, bool whole)
{
	struct lbconf_text once = laid_out(conf), twice;
	struct lbconf *again = lbconf_load_text(options, "fuzz.cfg", once.text, once.len);

	FUZZ_DEMAND(again);
	twice = laid_out(again);
	FUZZ_DEMAND(once.len == twice.len && memcmp(once.text, twice.text, once.len) == 0);
	FUZZ_DEMAND(!whole || (lbconf_errors(conf) == 0) == (lbconf_errors(again) == 0));
	lbconf_text_free(&once);
	lbconf_text_free(&twice);
	lbconf_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lbconf_options *options = lbconf_options_new();
	struct lbconf *conf;

	if (size > 65536) {
		lbconf_options_free(options);
		return 0;
	}
	FUZZ_DEMAND(options && lbconf_set_warning(options, "pedantic"));
	lbconf_set_offline(options, true);
	conf = lbconf_load_text(options, "fuzz.cfg", (const char *)data, size);
	FUZZ_DEMAND(conf);
	read_diagnostics(conf);
	read_views(conf);
	lay_out(options, conf, is_whole(data, size));
	lbconf_free(conf);
	lbconf_options_free(options);
	return 0;
}
