/* Rule lines: ACLs, http-request and its like, redirect, use_backend, use-server, captures. The words of
 * actions and conditions belong to lang.h; here is where they may stand and in which order they run. Works on
 * the state of one walk; rules gather in the draft of their proxy. One thread. */
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"
#include "grammar/rows.h"

static const char *const family_names[FAM_COUNT] = {
	[FAM_TCP_REQ_CONN] = "tcp-request connection",
	[FAM_TCP_REQ_SESS] = "tcp-request session",
	[FAM_TCP_REQ_CONT] = "tcp-request content",
	[FAM_MONITOR_FAIL] = "monitor fail",
	[FAM_HTTP_REQ] = "http-request",
	[FAM_REDIRECT] = "redirect",
	[FAM_USE_BACKEND] = "use_backend",
	[FAM_USE_SERVER] = "use-server",
};

/* Rules run family by family: one below a later family still runs before it. */
static void family_enter(const struct keyword_use *use, enum rule_family family)
{
	struct draft *d = use->draft;
	uint32_t later = d->families >> (family + 1);
	enum rule_family after;
	bool tcp = family <= FAM_TCP_REQ_CONT && use->k->compat < 303;
	struct diag *g;

	d->families |= 1u << family;
	if (!later)
		return;
	after = family + 1 + (enum rule_family)__builtin_ctz(later);
	g = diag_add(use->k->d, D_PROCESSED_BEFORE, use->span, "this rule runs before the `%s` rules above it",
		     family_names[after]);
	diag_help(use->k->d, g,
		  "move it above them: rules run in the order of their kinds, whatever the order of the lines");
	diag_haproxy(use->k->d, g, "a '%s' rule placed after %s '%s' rule will still be processed before.",
		     tcp ? "tcp-request" : family_names[family], after == FAM_HTTP_REQ ? "an" : "a",
		     family_names[after]);
}

/* if/unless and a condition from word `from` to the end; *cond may be NULL when the caller only checks. */
bool check_condition(const struct keyword_use *use, uint32_t from, const struct lang_scope *scope,
		     const struct cond **cond)
{
	const struct cond *found;
	struct diag *g;

	if (from >= use->n ||
	    (!str_is(use->words[from].text, "if") && !str_is(use->words[from].text, "unless"))) {
		g = diag_add(use->k->d, D_MISSING_ARGUMENT, from < use->n ? use->words[from].span : use->span,
			     "`%s` needs `if` or `unless` and a condition%s", use->row->name,
			     from < use->n ? " here" : "");
		diag_haproxy(use->k->d, g, "'%s' requires either 'if' or 'unless' followed by a condition.",
			     use->row->name);
		return false;
	}
	found = cond_parse(use->k->c, use->words + from, use->n - from, scope);
	if (cond)
		*cond = found;
	return found != NULL;
}

/* quic-initial ACTION [if|unless ...]: before there is a connection, so little is known (manual, keyword
 * "quic-initial"). */
bool check_quic_initial(const struct keyword_use *use)
{
	struct lang_scope scope = {
		.proxy = use->draft->px, .places = AT(FE_CONN), .where = "quic-initial rule"};
	bool profile = use->n && strcmp(use->row->name, "quic-initial do-log") == 0 &&
		       str_is(use->words[0].text, "profile");
	uint32_t i = profile ? 2 : 0;

	if (profile && use->n < 2) {
		check_missing(use, "the name of a log profile behind `profile`");
		return false;
	}
	return i == use->n || check_condition(use, i, &scope, NULL);
}

bool check_acl(const struct keyword_use *use)
{
	struct lang_scope scope = {.proxy = use->draft->px, .where = "acl"};

	if (use->n == 0) {
		check_missing(use, "a name and a criterion");
		return false;
	}
	return acl_parse(use->k->c, &use->words[0], use->words + 1, use->n - 1, &scope);
}

static enum ruleset rule_set(const char *name)
{
	static const struct {
		const char *name;
		enum ruleset set;
	} sets[] = {{"http-request", RS_HTTP_REQ},
		    {"http-response", RS_HTTP_RES},
		    {"http-after-response", RS_HTTP_AFTER_RES},
		    {"tcp-request connection", RS_TCP_REQ_CONN},
		    {"tcp-request session", RS_TCP_REQ_SESS},
		    {"tcp-request content", RS_TCP_REQ_CONT},
		    {"tcp-response content", RS_TCP_RES_CONT}};

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		if (strcmp(sets[i].name, name) == 0)
			return sets[i].set;
	return RS_HTTP_REQ;
}

static void rule_family_enter(const struct keyword_use *use, enum ruleset set)
{
	if (set == RS_HTTP_REQ)
		family_enter(use, FAM_HTTP_REQ);
	else if (set == RS_TCP_REQ_CONN)
		family_enter(use, FAM_TCP_REQ_CONN);
	else if (set == RS_TCP_REQ_SESS)
		family_enter(use, FAM_TCP_REQ_SESS);
	else if (set == RS_TCP_REQ_CONT)
		family_enter(use, FAM_TCP_REQ_CONT);
}

/* HAProxy looks at the rule right above only. */
static void rule_after_final(const struct keyword_use *use, enum ruleset set)
{
	struct draft *d = use->draft;
	const struct rule *last;
	struct diag *g;

	if (d->rules[set].n == 0 || (set != RS_HTTP_REQ && set != RS_HTTP_RES && set != RS_HTTP_AFTER_RES))
		return;
	last = &d->rules[set].v[d->rules[set].n - 1];
	if (last->cond || !(action_row(last->action)->flags & ACTION_FINAL))
		return;
	g = diag_add(use->k->d, D_RULE_UNREACHABLE, use->line->span, "this rule is never reached");
	diag_note(use->k->d, g, "the `%s %s` above has no condition, so nothing passes it", use->row->name,
		  action_row(last->action)->name);
	diag_haproxy(use->k->d, g,
		     ": previous '%s' action is final and has no condition attached, further entries are NOOP.",
		     use->row->name);
}

static void rule_finish(const struct keyword_use *use, struct rule *rule)
{
	struct span span = span_join(use->span, use->n ? use->words[use->n - 1].span : use->span);

	rule->pos = check_pos(use->k, use->line);
	if (!rule->text.len)
		rule->text = check_keep(use->k, sources_span(use->k->c->sources, span));
}

void check_capture_slot(struct checker *k, struct draft *d, struct rule *rule)
{
	if (rule->action != ACTION_CAPTURE || rule->num >= 0)
		return;
	rule->num = d->captures[0].n;
	memset(vec_push(k->a, &d->captures[0]), 0, sizeof(struct reply_header));
	*vec_push(k->a, &d->capture_lens[0]) = rule->flags;
}

/* `capture <expression> len <length>` makes a slot of its own. */
static bool rule_capture(const struct keyword_use *use, struct rule *rule)
{
	struct draft *d = use->draft;
	struct diag *g;

	if (rule->num >= 0 || d->place == PLACE_DEFAULTS)
		return true;
	if (d->px->role & ROLE_FRONTEND) {
		check_capture_slot(use->k, d, rule);
		return true;
	}
	g = diag_add(use->k->d, D_CONFLICT, use->line->span,
		     "slots of captures belong to frontends: `len` cannot stand here");
	diag_help(use->k->d, g, "declare a slot in the frontend, and write its number as `id <number>`");
	diag_haproxy(
		use->k->d, g,
		"error detected in %s '%.*s' while parsing '%s capture' rule : proxy '%.*s' has no frontend "
		"capability.",
		keyword_place_name(d->place), STR_ARG(d->px->name), use->row->name, STR_ARG(d->px->name));
	return false;
}

/* normalize-uri is not for everyone in HAProxy 2.6. */
static bool rule_experimental(const struct keyword_use *use)
{
	struct diag *g;

	if (use->k->experimental || use->k->compat > 206)
		return true;
	g = diag_add(use->k->d, D_EXPERIMENTAL, use->words[0].span, "`normalize-uri` is experimental");
	diag_help(use->k->d, g, "add `expose-experimental-directives` to the global section, above");
	diag_haproxy(use->k->d, g,
		     "'normalize-uri' action is experimental, must be allowed via a global "
		     "'expose-experimental-directives'");
	return false;
}

bool check_rule(const struct keyword_use *use)
{
	enum ruleset set = rule_set(use->row->name);
	struct lang_scope scope = {.proxy = use->draft->px};
	struct rule rule = {0};

	if (use->n == 0) {
		diag_haproxy(use->k->d, check_missing(use, "an action"),
			     ": '%s' expects an action, but got '' (missing argument).", use->row->name);
		return false;
	}
	rule_after_final(use, set);
	rule_family_enter(use, set);
	if (!action_parse(use->k->c, set, use->words, use->n, &scope, &rule))
		return false;
	if (rule.action == ACTION_CAPTURE && !rule_capture(use, &rule))
		return false;
	if (rule.action == ACTION_SEND_SPOE_GROUP && !use->draft->spoe_engine && use->n > 1)
		use->draft->spoe_engine = &use->words[1];
	if (rule.action == ACTION_NORMALIZE_URI && !rule_experimental(use))
		return false;
	rule_finish(use, &rule);
	*vec_push(use->k->scratch, &use->draft->rules[set]) = rule;
	return true;
}

bool check_redirect(const struct keyword_use *use)
{
	struct lang_scope scope = {.proxy = use->draft->px};
	struct rule rule = {0};

	family_enter(use, FAM_REDIRECT);
	if (!redirect_parse(use->k->c, use->line->words, use->line->nwords, &scope, &rule))
		return false;
	rule_finish(use, &rule);
	*vec_push(use->k->scratch, &use->draft->redirects) = rule;
	return true;
}

static bool switch_tail(const struct keyword_use *use, const struct lang_scope *scope, bool needed,
			const struct cond **cond)
{
	struct diag *g;

	if (use->n == 1 && !needed)
		return true;
	if (use->n == 1 || str_is(use->words[1].text, "if") || str_is(use->words[1].text, "unless"))
		return check_condition(use, 1, scope, cond);
	g = diag_add(use->k->d, D_EXTRA_WORDS, use->words[1].span,
		     "only `if` and `unless` may follow the name");
	if (needed)
		diag_haproxy(use->k->d, g, "'%s' requires either 'if' or 'unless' followed by a condition.",
			     use->row->name);
	else
		diag_haproxy(
			use->k->d, g,
			"unexpected keyword '%.*s' after switching rule, only 'if' and 'unless' are allowed.",
			STR_ARG(use->words[1].text));
	return false;
}

static bool switch_rule(const struct keyword_use *use, bool backend)
{
	struct checker *k = use->k;
	struct proxy_conf *px = use->draft->px;
	struct lang_scope scope = {
		.proxy = px, .places = backend ? AT(FE_USE_BACKEND) : AT(BE_SET_SRV), .where = use->row->name};
	struct switch_rule rule = {.pos = check_pos(k, use->line)};
	struct switch_ref ref = {.line = use->line};
	const struct word *name = use->words;

	if (use->n == 0) {
		diag_haproxy(k->d,
			     check_missing(use, backend ? "the name of a backend" : "the name of a server"),
			     "'%s' expects a %s name.", use->row->name, backend ? "backend" : "server");
		return false;
	}
	family_enter(use, backend ? FAM_USE_BACKEND : FAM_USE_SERVER);
	if (!switch_tail(use, &scope, !backend, &rule.cond))
		return false;
	if (str_chr(name->text, '%') < name->text.len) {
		rule.dynamic = logfmt_parse(k->c, name, &scope);
		if (!rule.dynamic)
			return false;
	} else {
		ref.name = name;
	}
	rule.text = check_keep(k, sources_span(k->c->sources, use->line->span));
	ref.index = backend ? px->use_backend.n : px->use_server.n;
	*vec_push(k->a, backend ? &px->use_backend : &px->use_server) = rule;
	*vec_push(k->scratch, backend ? &use->draft->use_backend : &use->draft->use_server) = ref;
	return true;
}

bool check_use_backend(const struct keyword_use *use)
{
	return switch_rule(use, true);
}

bool check_use_server(const struct keyword_use *use)
{
	return switch_rule(use, false);
}

bool check_default_backend(const struct keyword_use *use)
{
	use->draft->default_backend = &use->words[0];
	use->draft->default_backend_line = use->line;
	return true;
}

bool check_monitor_fail(const struct keyword_use *use)
{
	struct lang_scope scope = {
		.proxy = use->draft->px, .places = AT(FE_REQ_HDR), .where = "monitor fail condition"};

	family_enter(use, FAM_MONITOR_FAIL);
	return check_condition(use, 0, &scope, &use->draft->px->monitor_fail);
}

static bool capture_length(const struct keyword_use *use, uint32_t at, bool strict, const char *haproxy,
			   int64_t *len)
{
	struct diag *g;

	if (at + 1 < use->n && str_is(use->words[at].text, "len")) {
		if (strict && str_to_i64(use->words[at + 1].text, len) && *len < 1) {
			g = diag_add(use->k->d, D_OUT_OF_RANGE, use->words[at + 1].span,
				     "a capture has a length");
			diag_haproxy(use->k->d, g, "length must be > 0");
			return false;
		}
		if (!strict || str_to_i64(use->words[at + 1].text, len))
			return check_number(use, &use->words[at + 1], 0, 0, len);
		g = diag_add(use->k->d, D_BAD_NUMBER, use->words[at + 1].span, "a length is a number");
		diag_haproxy(use->k->d, g, "'declare capture': cannot parse the length 'len'.");
		return false;
	}
	g = check_missing(use, "`len` and a length");
	diag_haproxy(use->k->d, g, "%s", haproxy);
	return false;
}

bool check_capture_cookie(const struct keyword_use *use)
{
	int64_t len;

	if (!check_arity(use, 1, 3) || !capture_length(use, 1, false, use->row->expects, &len))
		return false;
	use->draft->px->capture_cookie = check_keep(use->k, use->words[0].text);
	use->draft->px->capture_cookie_len = (uint32_t)len;
	return true;
}

bool check_capture_header(const struct keyword_use *use)
{
	int response = strcmp(use->row->name, "capture request header") != 0;
	const char *words = response ? "'capture response' expects 'header' <header_name> 'len' <len>."
				     : "'capture request' expects 'header' <header_name> 'len' <len>.";
	struct draft *d = use->draft;
	struct reply_header header = {0};
	int64_t len;

	if (use->n == 0) {
		diag_haproxy(use->k->d, check_missing(use, "the name of a header field"), "%s", words);
		return false;
	}
	if (!capture_length(use, 1, false, words, &len) || !check_arity(use, 3, 3))
		return false;
	header.name = check_keep(use->k, use->words[0].text);
	*(struct reply_header *)vec_push(use->k->a, &d->captures[response]) = header;
	*vec_push(use->k->a, &d->capture_lens[response]) = (uint32_t)len;
	return true;
}

/* A slot without a header field of its own: rules fill it by number. */
bool check_declare_capture(const struct keyword_use *use)
{
	struct reply_header header = {0};
	int64_t direction, len;
	struct draft *d = use->draft;
	uint32_t before = use->k->d->list.n;

	if (use->n == 0) {
		diag_haproxy(use->k->d, check_missing(use, "`request` or `response`"),
			     "'declare capture' requires a direction ('request' or 'response')");
		return false;
	}
	if (!check_choice(use, &use->words[0], "request|response", &direction)) {
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'declare capture' requires a direction ('request' or 'response')");
		return false;
	}
	if (!capture_length(use, 1, true, "'declare capture' requires a capture length ('len')", &len))
		return false;
	*(struct reply_header *)vec_push(use->k->a, &d->captures[direction]) = header;
	*vec_push(use->k->a, &d->capture_lens[direction]) = (uint32_t)len;
	if (use->n > 3) /* HAProxy does not look at it */
		check_severity(use->k, check_extra(use, 3), SEV_WARNING);
	return true;
}

bool check_unique_id_format(const struct keyword_use *use)
{
	if (!check_arity(use, 1, 1))
		return false;
	use->draft->unique_id = &use->words[0];
	return true;
}
