/* Rules (manual, section 4.2: http-request, http-response, http-after-response, tcp-request, tcp-response): the
 * action by its row, its arguments by the row's function, the condition behind them. One thread. */
#include "grammar/action.h"

#include "grammar/suggest.h"

static action_args_fn *const args_functions[ACTION_COUNT] = {
#define ACTION(id, name, form, sets, flags, since, args, fn, summary) action_args_##args,
#include "grammar/keywords/actions.def"
#undef ACTION
};

static bool is_condition(const struct word *w)
{
	return str_is(w->text, "if") || str_is(w->text, "unless");
}

const struct word *action_peek(const struct action_reader *r)
{
	if (r->i >= r->n || !r->words[r->i].text.len || is_condition(&r->words[r->i]))
		return NULL;
	return &r->words[r->i];
}

const struct word *action_take(struct action_reader *r)
{
	const struct word *w = action_peek(r);

	if (w)
		r->i++;
	return w;
}

const struct word *action_take_value(struct action_reader *r)
{
	return r->i < r->n && r->words[r->i].text.len ? &r->words[r->i++] : NULL;
}

bool action_take_word(struct action_reader *r, const char *word)
{
	const struct word *w = action_peek(r);

	if (!w || !str_is(w->text, word))
		return false;
	r->i++;
	return true;
}

struct span action_here(const struct action_reader *r)
{
	const struct span *last;

	if (r->i < r->n)
		return r->words[r->i].span;
	last = &r->words[r->n - 1].span;
	return span_sub(*last, last->len, 0);
}

bool action_error(struct action_reader *r, struct span span, const char *haproxy, const char *message)
{
	struct diag *g = diag_add(r->c->diags, D_ACTION_ARGUMENT, span, "%s", message);

	lang_haproxy(r->c, g, &r->scope, "%s", haproxy);
	return false;
}

bool action_missing(struct action_reader *r, const char *haproxy, const char *what)
{
	struct diag *g =
		diag_add(r->c->diags, D_ACTION_ARGUMENT, action_here(r), "`%s` needs %s", r->row->name, what);

	if (r->i < r->n && !r->words[r->i].text.len)
		diag_note(r->c->diags, g, "an empty argument counts as none");
	lang_haproxy(r->c, g, &r->scope, "%s", haproxy);
	return false;
}

bool action_parens(struct action_reader *r, struct str *text, size_t *at)
{
	struct str word = r->words[0].text;
	size_t open = str_chr(word, '('), close = open + str_chr(str_tail(word, open), ')');

	*text = STR("");
	*at = open + 1;
	if (open == word.len)
		return true;
	*text = str_sub(word, open + 1, close - open - 1);
	if (close == word.len || close + 1 != word.len)
		return action_error(r, r->words[0].span, "incomplete argument after action",
				    "the parenthesis must end the word");
	return true;
}

const struct logfmt *action_format(struct action_reader *r, const char *haproxy, const char *what)
{
	const struct word *w = action_take(r);

	if (w)
		return logfmt_parse(r->c, w, &r->scope);
	action_missing(r, haproxy, what);
	return NULL;
}

const struct sample_expr *action_sample(struct action_reader *r)
{
	struct lang_scope scope = r->scope;
	uint32_t end = r->i;

	if (!action_peek(r)) {
		action_missing(r, "missing fetch method", "a sample expression");
		return NULL;
	}
	while (end < r->n && r->words[end].text.len && !is_condition(&r->words[end]))
		end++;
	scope.named = &r->words[str_starts(str_from(r->row->name), STR("set-var")) ||
						str_starts(str_from(r->row->name), STR("set-priority"))
					? 0
					: r->i];
	return sample_parse_words(r->c, r->words, end, &r->i, &scope);
}

/* "frontend http-request header rule", as HAProxy calls the place. */
static const char *where_text(struct compile *c, const struct proxy_conf *px, enum ruleset set)
{
	static const char *const names[RS_COUNT] = {
		[RS_TCP_REQ_CONN] = "tcp-request connection rule",
		[RS_TCP_REQ_SESS] = "tcp-request session rule",
		[RS_TCP_REQ_CONT] = "tcp-request content rule",
		[RS_HTTP_REQ] = "http-request header rule",
		[RS_TCP_RES_CONT] = "tcp-response content rule",
		[RS_HTTP_RES] = "http-response header rule",
		[RS_HTTP_AFTER_RES] = "http-response header rule",
	};
	const char *side =
		px && !(px->role & ROLE_FRONTEND) && px->role != ROLE_DEFAULTS ? "backend" : "frontend";

	return arena_printf(c->arena, "%s %s", side, names[set]).ptr;
}

static const char *proxy_kind(const struct proxy_conf *px)
{
	static const char *const kinds[] = {"defaults", "frontend", "backend", "proxy"};

	return px ? kinds[px->role & 3] : "frontend";
}

static bool is_tcp(enum ruleset set)
{
	return set == RS_TCP_REQ_CONN || set == RS_TCP_REQ_SESS || set == RS_TCP_REQ_CONT ||
	       set == RS_TCP_RES_CONT;
}

/* How HAProxy begins its words about the arguments, and about the condition. */
static const char *args_prefix(const struct action_reader *r)
{
	const struct proxy_conf *px = r->scope.proxy;

	if (is_tcp(r->set))
		return "";
	return arena_printf(r->c->arena,
			    "error detected in %s '%.*s' while parsing '%s %.*s' rule : ", proxy_kind(px),
			    STR_ARG(px ? px->name : STR_NONE), ruleset_name(r->set), STR_ARG(r->words[0].text))
		.ptr;
}

static const char *cond_prefix(const struct action_reader *r)
{
	const struct proxy_conf *px = r->scope.proxy;

	if (!is_tcp(r->set))
		return arena_printf(r->c->arena, "error detected while parsing an '%s %.*s' condition : ",
				    ruleset_name(r->set), STR_ARG(r->words[0].text))
			.ptr;
	return arena_printf(r->c->arena,
			    "'%s %.*s' : error detected in %s '%.*s' while parsing '%.*s' condition : ",
			    ruleset_name(r->set), STR_ARG(r->words[0].text), proxy_kind(px),
			    STR_ARG(px ? px->name : STR_NONE), STR_ARG(r->words[r->i].text))
		.ptr;
}

/* A word that is no argument: what it may have been meant as. */
static void explain_word(struct action_reader *r, struct diag *g)
{
	const struct word *w = &r->words[r->i];
	struct suggest s;

	suggest_start(&s, w->text);
	suggest_offer(&s, STR("if"));
	suggest_offer(&s, STR("unless"));
	if (r->row->name[0] == 'd' || r->row->name[0] == 't' || strcmp(r->row->name, "return") == 0) {
		suggest_offer(&s, STR("status"));
		suggest_offer(&s, STR("content-type"));
		suggest_offer(&s, STR("string"));
		suggest_offer(&s, STR("lf-string"));
		suggest_offer(&s, STR("errorfile"));
		suggest_offer(&s, STR("hdr"));
	}
	if (strcmp(r->row->name, "auth") == 0)
		suggest_offer(&s, STR("realm"));
	if (strncmp(r->row->name, "track-sc", 8) == 0)
		suggest_offer(&s, STR("table"));
	lang_suggest(r->c, g, &s, w->span);
	if (r->out->fmt && r->i > 1 && !s.n) {
		diag_help(r->c->diags, g, "a value with blanks needs quotes");
		diag_fix(r->c->diags, g, FIX_LIKELY, span_sub(r->words[r->i - 1].span, 0, 0), STR("\""),
			 "quote the value");
		*vec_push(r->c->arena, &g->fixes.v[g->fixes.n - 1].edits) =
			(struct diag_edit){span_sub(w->span, w->span.len, 0), STR("\"")};
	}
}

static bool unexpected_word(struct action_reader *r)
{
	const struct word *w = &r->words[r->i];
	const struct proxy_conf *px = r->scope.proxy;
	struct diag *g;

	g = diag_add(r->c->diags, D_ACTION_WORD, w->span, "unexpected `%.*s` behind `%.*s`", STR_ARG(w->text),
		     STR_ARG(r->words[0].text));
	diag_label(r->c->diags, g, "only `if` or `unless` may follow");
	explain_word(r, g);
	if (is_tcp(r->set))
		diag_haproxy(r->c->diags, g,
			     "'%s %.*s' only accepts 'if' or 'unless', in %s '%.*s' (got '%.*s')",
			     ruleset_name(r->set), STR_ARG(r->words[0].text), proxy_kind(px),
			     STR_ARG(px ? px->name : STR_NONE), STR_ARG(w->text));
	else
		diag_haproxy(
			r->c->diags, g,
			"'%s %.*s' expects either 'if' or 'unless' followed by a condition but found '%.*s'.",
			ruleset_name(r->set), STR_ARG(r->words[0].text), STR_ARG(w->text));
	return false;
}

/* What may stand behind the arguments: a condition, or nothing. */
static bool condition_parse(struct action_reader *r)
{
	if (r->i >= r->n || !r->words[r->i].text.len)
		return true;
	if (!is_condition(&r->words[r->i]))
		return unexpected_word(r);
	r->scope.haproxy = cond_prefix(r);
	r->out->cond = cond_parse(r->c, r->words + r->i, r->n - r->i, &r->scope);
	return r->out->cond != NULL;
}

static bool action_unknown(struct action_reader *r, const struct word *w)
{
	struct str name = str_sub(w->text, 0, str_chr(w->text, '('));
	struct suggest s;
	struct diag *g;
	size_t same = 0;

	g = diag_add(r->c->diags, D_ACTION_UNKNOWN, word_span(w, 0, name.len), "`%s` has no action `%.*s`",
		     ruleset_name(r->set), STR_ARG(name));
	diag_haproxy(r->c->diags, g, "'%s' expects one of its actions, but got '%.*s'.", ruleset_name(r->set),
		     STR_ARG(w->text));
	suggest_start(&s, name);
	for (int i = 0; i < ACTION_COUNT; i++) {
		const struct action_row *row = action_row((enum action_id)i);

		if (row->sets >> r->set & 1)
			suggest_offer(&s, str_from(row->name));
		else if (str_is(name, row->name))
			same = (size_t)i + 1;
	}
	if (same) {
		for (int set = 0; set < RS_COUNT; set++)
			if (action_row((enum action_id)(same - 1))->sets >> set & 1)
				diag_note(r->c->diags, g, "`%s` has it", ruleset_name((enum ruleset)set));
		return false;
	}
	lang_suggest(r->c, g, &s, word_span(w, 0, name.len));
	return false;
}

/* HAProxy 2.6 lacks it, at all or in this rule set. */
static bool action_newer(struct action_reader *r, const struct word *w)
{
	struct diag *g = diag_add(r->c->diags, D_SAMPLE_VERSION, w->span, "HAProxy 2.6 has no action `%s %s`",
				  ruleset_name(r->set), r->row->name);

	diag_note(r->c->diags, g, "later versions have it");
	diag_haproxy(r->c->diags, g, "'%s' expects one of its actions, but got '%.*s'.", ruleset_name(r->set),
		     STR_ARG(w->text));
	return false;
}

static bool action_missing_word(struct action_reader *r)
{
	struct diag *g = diag_add(r->c->diags, D_ACTION_UNKNOWN, SPAN_NONE, "`%s` needs an action",
				  ruleset_name(r->set));

	diag_haproxy(r->c->diags, g, "'%s' expects one of its actions, but got '' (missing argument).",
		     ruleset_name(r->set));
	return false;
}

/* HAProxy 2.6 does not look at where their samples are available in rules of connections and sessions. */
static bool sets_address(enum action_id id)
{
	return id == ACTION_SET_SRC || id == ACTION_SET_DST || id == ACTION_SET_SRC_PORT ||
	       id == ACTION_SET_DST_PORT;
}

bool action_parse(struct compile *c, enum ruleset set, const struct word *words, uint32_t n,
		  const struct lang_scope *scope, struct rule *out)
{
	struct action_reader r = {
		.c = c, .set = set, .words = words, .n = n, .i = 1, .scope = *scope, .out = out};
	enum action_id id;

	*out = (struct rule){0};
	if (!n || !words[0].text.len)
		return action_missing_word(&r);
	if (!action_find(words[0].text, set, &id))
		return action_unknown(&r, &words[0]);
	r.row = action_row(id);
	if (c->model->compat == 206 && (r.row->since > 206 || r.row->newer >> set & 1))
		return action_newer(&r, &words[0]);
	out->action = (uint16_t)id;
	out->pos = compile_pos(c, words[0].span);
	if (!r.scope.where)
		r.scope.where = where_text(c, scope->proxy, set);
	if (!r.scope.places)
		r.scope.places = lang_places(scope->proxy ? scope->proxy->role : ROLE_DEFAULTS, set);
	r.scope.haproxy = args_prefix(&r);
	r.scope.format = FORMAT_HTTP;
	r.scope.places_warn = c->model->compat == 206 && set <= RS_TCP_REQ_SESS && sets_address(id);
	if (!args_functions[id](&r) || !condition_parse(&r))
		return false;
	if (!r.row->effective)
		lang_not_effective(c, &lang_state(c)->action_warned[id], words[0].span, "action", r.row->name);
	return true;
}
