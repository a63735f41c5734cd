/* `cookie` and `persist`: persistence by cookies (manual, section 4.2). Works on the state of one walk; one
 * thread. */
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"

enum cookie_word {
	CK_REWRITE,
	CK_INSERT,
	CK_PREFIX,
	CK_INDIRECT,
	CK_NOCACHE,
	CK_POSTONLY,
	CK_PRESERVE,
	CK_HTTPONLY,
	CK_SECURE,
	CK_DYNAMIC,
	CK_DOMAIN,
	CK_MAXIDLE,
	CK_MAXLIFE,
	CK_ATTR
};
#define COOKIE_WORDS                                                                                           \
	"rewrite|insert|prefix|indirect|nocache|postonly|preserve|httponly|secure|dynamic|domain|maxidle|"     \
	"maxlife|attr"

static struct str join(struct checker *k, struct str a, struct str b, const char *between)
{
	return a.len ? arena_printf(k->a, "%.*s%s%.*s", STR_ARG(a), between, STR_ARG(b)) : check_keep(k, b);
}

static bool cookie_mode(const struct keyword_use *use, uint32_t i, struct cookie_conf *c, enum cookie_mode mode)
{
	struct diag *g;

	if (c->mode == COOKIE_NONE || c->mode == mode) {
		c->mode = mode;
		return true;
	}
	g = diag_add(use->k->d, D_CONFLICT, use->words[i].span,
		     "`rewrite`, `insert` and `prefix` exclude each other");
	diag_haproxy(use->k->d, g, "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.");
	return false;
}

static bool cookie_domain(const struct keyword_use *use, const struct word *w, struct cookie_conf *c)
{
	struct checker *k = use->k;
	struct diag *g;

	if (memchr(w->text.ptr + (w->text.len > 0), '.', w->text.len - (w->text.len > 0)) == NULL) {
		g = diag_add(k->d, D_SETTING_USELESS, w->span,
			     "the domain `%.*s` has no dot inside: browsers will refuse the cookie",
			     STR_ARG(w->text));
		diag_haproxy(k->d, g,
			     ": domain '%.*s' contains no embedded dot, this configuration may not work "
			     "properly (see "
			     "RFC6265#5.2.3).",
			     STR_ARG(w->text));
	}
	c->domain = join(k, c->domain, w->text, "; domain=");
	return true;
}

/* RFC 6265 section 4.1.1: av-octet. */
static bool cookie_attr(const struct keyword_use *use, const struct word *w, struct cookie_conf *c)
{
	struct diag *g;

	for (size_t i = 0; i < w->text.len; i++) {
		unsigned char ch = (unsigned char)w->text.ptr[i];

		if (ch >= 0x20 && ch < 0x7f && ch != ';')
			continue;
		g = diag_add(use->k->d, D_BAD_ARGUMENT, word_span(w, i, 1),
			     "this character cannot stand in an attribute");
		diag_haproxy(use->k->d, g, ": character '%%x%02X' is not permitted in attribute value.", ch);
		return false;
	}
	c->attr = join(use->k, c->attr, w->text, "; ");
	return true;
}

static bool cookie_value(const struct keyword_use *use, uint32_t i, struct cookie_conf *c,
			 enum cookie_word word)
{
	static const char *const what[] = {"domain", "maxidle", "maxlife", "attr"};
	int64_t seconds;
	struct diag *g;

	if (i == use->n) {
		g = check_missing(use, word == CK_DOMAIN ? "a domain behind `domain`"
				       : word == CK_ATTR ? "a text behind `attr`"
							 : "a time behind it");
		diag_haproxy(use->k->d, g, ": '%s' expects <%s> as argument.", what[word - CK_DOMAIN],
			     word == CK_DOMAIN ? "domain"
			     : word == CK_ATTR ? "value"
					       : "time");
		return false;
	}
	if (word == CK_DOMAIN)
		return cookie_domain(use, &use->words[i], c);
	if (word == CK_ATTR)
		return cookie_attr(use, &use->words[i], c);
	if (!check_time(use, &use->words[i], UNIT_S, &seconds))
		return false;
	*(word == CK_MAXIDLE ? &c->maxidle : &c->maxlife) = (uint32_t)seconds;
	return true;
}

static bool cookie_word(const struct keyword_use *use, uint32_t *i, struct cookie_conf *c)
{
	bool *const flags[] = {&c->indirect, &c->nocache, &c->postonly, &c->preserve,
			       &c->httponly, &c->secure,  &c->dynamic};
	uint32_t before = use->k->d->list.n;
	int64_t word;

	if (!check_choice(use, &use->words[*i], COOKIE_WORDS, &word)) {
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', "
			     "'postonly', 'domain', "
			     "'maxidle', 'dynamic', 'maxlife' and 'attr' options.");
		return false;
	}
	if (word <= CK_PREFIX) {
		static const enum cookie_mode modes[] = {COOKIE_REWRITE, COOKIE_INSERT, COOKIE_PREFIX};

		return cookie_mode(use, *i, c, modes[word]);
	}
	if (word <= CK_DYNAMIC) {
		*flags[word - CK_INDIRECT] = true;
		return true;
	}
	++*i;
	return cookie_value(use, *i, c, (enum cookie_word)word);
}

bool check_cookie(const struct keyword_use *use)
{
	struct cookie_conf c = {0};

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	if (!use->words[0].text.len) {
		check_missing(use, "a name");
		return false;
	}
	c.name = check_keep(use->k, use->words[0].text);
	for (uint32_t i = 1; i < use->n; i++)
		if (!cookie_word(use, &i, &c))
			return false;
	use->draft->px->cookie = c;
	return true;
}

bool check_persist(const struct keyword_use *use)
{
	struct diag *g;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	if (str_starts(use->words[0].text, STR("rdp-cookie"))) {
		struct str rest = str_tail(use->words[0].text, sizeof("rdp-cookie") - 1);
		struct proxy_conf *px = use->draft->px;

		px->persist_rdp = true;
		px->persist_rdp_name = STR_NONE;
		if (rest.len > 2 && rest.ptr[0] == '(')
			px->persist_rdp_name = check_keep(use->k, str_sub(rest, 1, str_chr(rest, ')') - 1));
		return true;
	}
	g = diag_add(use->k->d, D_BAD_CHOICE, use->words[0].span, "`persist` knows `rdp-cookie` only");
	diag_haproxy(use->k->d, g, "unknown persist method.");
	return false;
}

bool check_persist_rule(const struct keyword_use *use)
{
	struct lang_scope scope = {.proxy = use->draft->px,
				   .places = AT(FE_USE_BACKEND) | AT(BE_SET_SRV),
				   .where = "persist rule"};

	struct persist_rule rule = {.ignore = strcmp(use->row->name, "ignore-persist") == 0};

	if (!check_condition(use, 0, &scope, &rule.cond))
		return false;
	if (strcmp(use->row->name, "force-be-switch") == 0)
		*(const struct cond **)vec_push(use->k->a, &use->draft->px->force_switch) = rule.cond;
	else
		*(struct persist_rule *)vec_push(use->k->a, &use->draft->px->persist_rules) = rule;
	return true;
}

/* server-state-file-name [<file>|use-backend-name] */
bool check_state_file_name(const struct keyword_use *use)
{
	struct str name = use->n ? use->words[0].text : STR_NONE;

	if (!check_arity(use, 0, 1))
		return false;
	use->draft->px->state_file_name =
		str_is(name, "use-backend-name") ? STR_NONE : check_keep(use->k, name);
	return true;
}
