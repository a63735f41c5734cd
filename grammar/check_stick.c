/* Sticking rules go to the model (manual, section 4.2). Works on the state of one walk; references to tables
 * are looked up at the end. One thread. */
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"

/* From the row's name. */
static uint8_t rule_use(const char *name)
{
	if (strcmp(name, "stick match") == 0)
		return STICK_MATCH;
	if (strcmp(name, "stick on") == 0)
		return STICK_MATCH | STICK_STORE_REQUEST;
	return strcmp(name, "stick store-request") == 0 ? STICK_STORE_REQUEST : STICK_STORE_RESPONSE;
}

bool check_stick(const struct keyword_use *use)
{
	bool response = strcmp(use->row->name, "stick store-response") == 0;
	struct lang_scope scope = {.proxy = use->draft->px,
				   .places = response ? AT(BE_STORE) : AT(BE_SET_SRV),
				   .where = response ? "storage rule" : "sticking rule"};
	struct stick_rule rule = {.use = rule_use(use->row->name), .pos = check_pos(use->k, use->line)};
	uint32_t i = 0;
	struct diag *g;

	if (use->n == 0) {
		diag_haproxy(use->k->d, check_missing(use, "a sample expression"),
			     "'stick' expects a fetch method.");
		return false;
	}
	rule.sample = sample_parse_words(use->k->c, use->words, use->n, &i, &scope);
	if (!rule.sample)
		return false;
	if (i < use->n && str_is(use->words[i].text, "table")) {
		if (i + 1 == use->n) {
			check_missing(use, "a name behind `table`");
			return false;
		}
		check_want_table(use->k, &use->words[i + 1]);
		rule.table_name = check_keep(use->k, use->words[i + 1].text);
		i += 2;
	} else {
		use->draft->wants_own_table = use->line;
	}
	if (i == use->n || str_is(use->words[i].text, "if") || str_is(use->words[i].text, "unless")) {
		if (i < use->n && !check_condition(use, i, &scope, &rule.cond))
			return false;
		*vec_push(use->k->a, &use->draft->stick_rules) = rule;
		return true;
	}
	g = check_extra(use, i);
	diag_haproxy(use->k->d, g, "'stick': unknown keyword '%.*s'.", STR_ARG(use->words[i].text));
	return false;
}

bool check_use_fcgi(const struct keyword_use *use)
{
	check_want_section(use->k, &use->words[0], PLACE_FCGI_APP, "unable to find the fcgi application");
	return true;
}
