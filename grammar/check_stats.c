/* `stats` lines of proxies: the page, who may see it and change things with it (manual, section 4.2). Works on
 * the state of one walk; one thread. */
#include "grammar/base/out.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"
#include "grammar/rows.h"

/* Every stats line but admin and http-request switches the page on. */
bool check_stats_enable(const struct keyword_use *use)
{
	use->draft->px->stats.enabled = true;
	return true;
}

bool check_stats_auth(const struct keyword_use *use)
{
	struct stats_conf *stats = &use->draft->px->stats;
	struct str text = use->words[0].text;
	size_t colon = str_chr(text, ':');
	struct stats_auth *auth;
	struct diag *g;

	stats->enabled = true;
	vec_each (other, &stats->auths) {
		if (!str_eq(other->user, str_sub(text, 0, colon)))
			continue;
		g = diag_add(use->k->d, D_ALREADY_SET, use->words[0].span,
			     "the user `%.*s` is already known: this line is ignored", (int)colon, text.ptr);
		diag_haproxy_unplaced(use->k->d, g, "uri auth: ignoring duplicated user '%.*s'.", (int)colon,
				      text.ptr);
		return true;
	}
	auth = vec_push(use->k->a, &stats->auths);
	auth->user = check_keep(use->k, str_sub(text, 0, colon));
	auth->password = check_keep(use->k, str_tail(text, colon + 1));
	return true;
}

bool check_stats_scope(const struct keyword_use *use)
{
	use->draft->px->stats.enabled = true;
	*vec_push(use->k->a, &use->draft->px->stats.scopes) = check_keep(use->k, use->words[0].text);
	return true;
}

/* The words joined by blanks, or empty. */
static struct str words_join(const struct keyword_use *use)
{
	struct out o = out_growing(65536);
	struct str s;

	for (uint32_t i = 0; i < use->n; i++)
		out_printf(&o, "%s%.*s", i ? " " : "", STR_ARG(use->words[i].text));
	s = check_keep(use->k, out_get(&o));
	out_free(&o);
	return s;
}

bool check_stats_node(const struct keyword_use *use)
{
	struct stats_conf *stats = &use->draft->px->stats;
	size_t bad = use->n ? str_word_run(use->words[0].text, "-_.") : 0;

	if (use->n && bad < use->words[0].text.len) {
		struct diag *g =
			diag_add(use->k->d, D_BAD_NAME, word_span(&use->words[0], bad, 1),
				 "`%c` is not permitted in the name of a node", use->words[0].text.ptr[bad]);

		diag_help(use->k->d, g, "names are made of letters, digits, `-`, `_` and `.`");
		diag_haproxy(use->k->d, g,
			     ": 'stats show-node' invalid node name - should be a string"
			     "with digits(0-9), letters(A-Z, a-z), hyphen(-) or underscode(_).");
		return false;
	}
	stats->enabled = stats->show_node = true;
	stats->node = use->n ? check_keep(use->k, use->words[0].text) : STR_NONE;
	return true;
}

bool check_stats_desc(const struct keyword_use *use)
{
	struct stats_conf *stats = &use->draft->px->stats;

	stats->enabled = stats->show_desc = true;
	stats->desc = words_join(use);
	return true;
}

bool check_stats_admin(const struct keyword_use *use)
{
	struct lang_scope scope = {.proxy = use->draft->px,
				   .places = AT(FE_REQ_HDR) | AT(BE_REQ_HDR),
				   .where = "stats admin rule"};

	use->draft->px->stats.enabled = true;
	return check_condition(use, 0, &scope, &use->draft->px->stats.admin);
}

bool check_stats_rule(const struct keyword_use *use)
{
	struct lang_scope scope = {.proxy = use->draft->px};
	struct rule rule = {0};
	struct diag *g;

	use->draft->px->stats.enabled = true;
	if (!action_parse(use->k->c, RS_HTTP_REQ, use->words, use->n, &scope, &rule))
		return false;
	if (rule.action != ACTION_ALLOW && rule.action != ACTION_DENY && rule.action != ACTION_AUTH) {
		g = diag_add(use->k->d, D_BAD_CHOICE, use->words[0].span,
			     "the statistics page knows `allow`, `deny` and `auth` only");
		diag_help(use->k->d, g, "write other actions as `http-request` rules of the proxy");
		check_severity(use->k, g, SEV_WARNING);
	}
	rule.pos = check_pos(use->k, use->line);
	*vec_push(use->k->scratch, &use->draft->stats_rules) = rule;
	return true;
}
