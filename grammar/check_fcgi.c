/* Lines of FastCGI applications (manual, section 10): where scripts are, what is passed to them under which
 * conditions, and options that need one another. The section has ACLs of its own, kept in a proxy that is none.
 * Works on the state of one walk; one thread. */
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"

static struct proxy_conf *fcgi_acls(const struct keyword_use *use)
{
	struct named_section *s = use->k->named;

	if (!s->acls) {
		s->acls = ARENA_NEW(use->k->a, struct proxy_conf);
		s->acls->name = check_keep(use->k, s->name ? s->name->text : STR_NONE);
	}
	return s->acls;
}

bool check_fcgi_acl(const struct keyword_use *use)
{
	struct lang_scope scope = {.proxy = fcgi_acls(use), .where = "acl"};

	if (!check_arity(use, 2, CHECK_ANY))
		return false;
	scope.haproxy = arena_printf(use->k->scratch,
				     "error detected while parsing ACL '%.*s' : ", STR_ARG(use->words[0].text))
				.ptr;
	return acl_parse(use->k->c, &use->words[0], use->words + 1, use->n - 1, &scope);
}

/* What follows the arguments of pass-header and set-param. */
static bool fcgi_condition(const struct keyword_use *use, uint32_t from)
{
	struct lang_scope scope = {.proxy = fcgi_acls(use), .where = use->row->name};
	struct diag *g;

	if (from == use->n)
		return true;
	scope.haproxy = arena_printf(use->k->scratch, "'%.*s' : ", STR_ARG(use->words[0].text)).ptr;
	if (str_is(use->words[from].text, "if") || str_is(use->words[from].text, "unless"))
		return cond_parse(use->k->c, use->words + from, use->n - from, &scope) != NULL;
	g = diag_add(use->k->d, D_EXTRA_WORDS, use->words[from].span, "only `if` and `unless` may follow here");
	diag_haproxy(use->k->d, g, "'%.*s' : (null).", STR_ARG(use->words[0].text));
	return false;
}

bool check_fcgi_pass_header(const struct keyword_use *use)
{
	struct diag *g;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	if (use->words[0].text.len)
		return fcgi_condition(use, 1);
	g = check_missing(use, use->row->args);
	diag_haproxy(use->k->d, g, "'pass-header' expects <name> as arguments.");
	return false;
}

bool check_fcgi_set_param(const struct keyword_use *use)
{
	struct diag *g;

	if (!check_arity(use, 2, CHECK_ANY))
		return false;
	if (use->words[0].text.len && use->words[1].text.len)
		return fcgi_condition(use, 2);
	g = check_missing(use, use->row->args);
	diag_haproxy(use->k->d, g, "'set-param' expects <name> and <value> as arguments.");
	return false;
}

static bool fcgi_text(const struct keyword_use *use, const char *haproxy)
{
	if (use->words[0].text.len)
		return true;
	diag_haproxy(use->k->d, check_missing(use, use->row->args), "%s", haproxy);
	return false;
}

bool check_fcgi_docroot(const struct keyword_use *use)
{
	use->k->named->sized = true;
	return fcgi_text(use, "'docroot' expects <path> as argument.");
}

bool check_fcgi_index(const struct keyword_use *use)
{
	return fcgi_text(use, "'index' expects <filename> as argument.");
}

bool check_fcgi_path_info(const struct keyword_use *use)
{
	return fcgi_text(use, "'path-info' expects <regex> as argument.") &&
	       regex_parse(use->k->c, use->words[0].text, false, use->words[0].span) != NULL;
}

/* option max-reqs <number>: more than one needs connections that carry several, or an application that is
 * asked. */
bool check_fcgi_max_reqs(const struct keyword_use *use)
{
	int64_t n;

	if (check_number(use, &use->words[0], 1, INT32_MAX, &n))
		use->k->named->max_reqs = n > 1 ? use->line : NULL;
	return true;
}

bool check_fcgi_mpxs(const struct keyword_use *use)
{
	use->k->named->multiplexed = !use->no;
	return true;
}

bool check_fcgi_get_values(const struct keyword_use *use)
{
	use->k->named->asked = !use->no;
	return true;
}

void check_fcgi_end(struct checker *k, const struct named_section *s)
{
	struct diag *g;

	if (!s->max_reqs || s->multiplexed || s->asked)
		return;
	g = diag_add(k->d, D_SETTING_MISSING, s->max_reqs->span,
		     "several requests at a time need multiplexed connections");
	diag_help(k->d, g, "add `option mpxs-conns`");
	diag_haproxy_unplaced(k->d, g,
			      "fcgi-app '%.*s': multiplexing not supported, ignore the option 'max-reqs'.",
			      STR_ARG(s->name ? s->name->text : STR_NONE));
}
