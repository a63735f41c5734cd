/* Redirections (manual, keyword "redirect"): `redirect ...` and `http-request redirect ...`. The keyword of its
 * own takes its location as it stands, the action as a format. One thread. */
#include "grammar/action.h"
#include "grammar/suggest.h"

static const char *const redirect_words[] = {
	"code",         "prefix",     "location",     "scheme",       "set-cookie",
	"clear-cookie", "drop-query", "ignore-empty", "append-slash", NULL};
static const char *const redirect_words_3[] = {"keep-query", "set-cookie-fmt", NULL}; /* since 3.x */

/* The argument of a word; NULL after an error. */
static const struct word *redirect_value(struct action_reader *r, const char *word)
{
	const struct word *w = action_take(r);

	if (!w)
		action_missing(r, arena_printf(r->c->arena, "missing argument for '%s'", word).ptr,
			       arena_printf(r->c->arena, "a value behind `%s`", word).ptr);
	return w;
}

static const struct logfmt *literal(struct compile *c, struct str text)
{
	struct arena *a = c->model->arena;
	struct logfmt_node *node = ARENA_NEW(a, struct logfmt_node);
	struct logfmt *fmt = ARENA_NEW(a, struct logfmt);

	*node = (struct logfmt_node){.kind = LOGFMT_TEXT, .text = arena_str(a, text)};
	*fmt = (struct logfmt){.nodes = node, .n = 1, .text = node->text, .literal = true, .http = true};
	return fmt;
}

/* prefix, location, scheme */
static bool redirect_target(struct action_reader *r, enum redirect_kind kind, const char *word, bool format)
{
	const struct word *w = redirect_value(r, word);
	struct diag *g;

	if (!w)
		return false;
	r->out->redirect = kind;
	r->out->fmt = format ? logfmt_parse(r->c, w, &r->scope) : literal(r->c, w->text);
	if (!format && memmem(w->text.ptr, w->text.len, "%[", 2)) {
		g = diag_add(r->c->diags, D_REDIRECT_LITERAL, w->span, "`%%[...]` is not evaluated here");
		diag_note(r->c->diags, g, "the keyword `redirect` sends its %s as it stands", word);
		diag_help(r->c->diags, g, "write `http-request redirect ...`");
	}
	return r->out->fmt != NULL;
}

static bool redirect_code(struct action_reader *r)
{
	const struct word *w = redirect_value(r, "code");
	int64_t code = 0;

	if (!w)
		return false;
	if (str_to_i64(w->text, &code) &&
	    (code == 301 || code == 302 || code == 303 || code == 307 || code == 308)) {
		r->out->num = code;
		return true;
	}
	return action_error(
		r, w->span,
		arena_printf(r->c->arena,
			     "'code': unsupported HTTP code '%.*s' (must be one of 301, 302, 303, 307 or 308)",
			     STR_ARG(w->text))
			.ptr,
		"a redirection has code 301, 302, 303, 307 or 308");
}

static bool redirect_cookie(struct action_reader *r, bool clear)
{
	const struct word *w = redirect_value(r, clear ? "clear-cookie" : "set-cookie");

	if (!w)
		return false;
	r->out->str = arena_str(r->c->model->arena, w->text);
	r->out->fmt2 = NULL;
	if (clear)
		r->out->flags |= REDIR_CLEAR_COOKIE;
	else
		r->out->flags &= ~(uint32_t)REDIR_CLEAR_COOKIE;
	return true;
}

/* Since 3.x. Of several words for a cookie the last one holds. */
static bool redirect_cookie_format(struct action_reader *r)
{
	const struct word *w = redirect_value(r, "set-cookie-fmt");

	if (!w)
		return false;
	r->out->str = STR_NONE;
	r->out->flags &= ~(uint32_t)REDIR_CLEAR_COOKIE;
	r->out->fmt2 = logfmt_parse(r->c, w, &r->scope);
	return r->out->fmt2 != NULL;
}

static bool redirect_flag(struct action_reader *r)
{
	if (action_take_word(r, "drop-query"))
		r->out->flags |= REDIR_DROP_QUERY;
	else if (action_take_word(r, "append-slash"))
		r->out->flags |= REDIR_APPEND_SLASH;
	else if (action_take_word(r, "ignore-empty"))
		r->out->flags |= REDIR_IGNORE_EMPTY;
	else if (r->c->model->compat > 206 && action_take_word(r, "keep-query"))
		r->out->flags |= REDIR_KEEP_QUERY;
	else
		return false;
	return true;
}

static bool redirect_unknown(struct action_reader *r)
{
	const struct word *w = action_peek(r);
	struct suggest s;

	action_error(r, w->span,
		     arena_printf(r->c->arena,
				  "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', "
				  "'clear-cookie', 'drop-query', "
				  "'ignore-empty' or 'append-slash' (was '%.*s')",
				  STR_ARG(w->text))
			     .ptr,
		     arena_printf(r->c->arena, "a redirection has no `%.*s`", STR_ARG(w->text)).ptr);
	suggest_start(&s, w->text);
	for (size_t i = 0; redirect_words[i]; i++)
		suggest_offer(&s, str_from(redirect_words[i]));
	for (size_t i = 0; r->c->model->compat > 206 && redirect_words_3[i]; i++)
		suggest_offer(&s, str_from(redirect_words_3[i]));
	suggest_offer(&s, STR("if"));
	lang_suggest(r->c, r->c->diags->list.v[r->c->diags->list.n - 1], &s, w->span);
	return false;
}

static bool redirect_words_parse(struct action_reader *r, bool format)
{
	bool done = true;

	r->out->num = 302;
	while (done && action_peek(r)) {
		if (action_take_word(r, "location"))
			done = redirect_target(r, REDIR_LOCATION, "location", format);
		else if (action_take_word(r, "prefix"))
			done = redirect_target(r, REDIR_PREFIX, "prefix", format);
		else if (action_take_word(r, "scheme"))
			done = redirect_target(r, REDIR_SCHEME, "scheme", format);
		else if (action_take_word(r, "code"))
			done = redirect_code(r);
		else if (action_take_word(r, "set-cookie"))
			done = redirect_cookie(r, false);
		else if (action_take_word(r, "clear-cookie"))
			done = redirect_cookie(r, true);
		else if (r->c->model->compat > 206 && action_take_word(r, "set-cookie-fmt"))
			done = redirect_cookie_format(r);
		else if (!redirect_flag(r))
			done = redirect_unknown(r);
	}
	if (done && r->out->fmt && r->set == RS_HTTP_RES && r->out->redirect != REDIR_LOCATION)
		return action_error(r, r->words[0].span, "response only supports redirect type 'location'",
				    "a response can only be redirected to a `location`");
	if (!done || r->out->fmt)
		return done;
	return action_missing(r, "redirection type expected ('prefix', 'location', or 'scheme')",
			      "`location`, `prefix` or `scheme`");
}

bool action_args_redirect(struct action_reader *r)
{
	return redirect_words_parse(r, true);
}

bool redirect_parse(struct compile *c, const struct word *words, uint32_t n, const struct lang_scope *scope,
		    struct rule *out)
{
	struct action_reader r = {
		.c = c, .set = RS_HTTP_REQ, .words = words, .n = n, .i = 1, .scope = *scope, .out = out};
	const struct proxy_conf *px = scope->proxy;

	*out = (struct rule){.action = ACTION_REDIRECT, .pos = compile_pos(c, words[0].span)};
	r.row = action_row(ACTION_REDIRECT);
	if (!r.scope.places)
		r.scope.places = lang_places(px ? px->role : ROLE_DEFAULTS, RS_HTTP_REQ);
	if (!r.scope.where)
		r.scope.where = px && !(px->role & ROLE_FRONTEND) ? "backend http-request header rule"
								  : "frontend http-request header rule";
	r.scope.haproxy = arena_printf(c->arena, "error detected in %s '%.*s' while parsing redirect rule : ",
				       px && px->role == ROLE_BACKEND ? "backend" : "frontend",
				       STR_ARG(px ? px->name : STR_NONE))
				  .ptr;
	r.scope.format = FORMAT_HTTP;
	if (!redirect_words_parse(&r, false))
		return false;
	if (r.i >= n || !words[r.i].text.len)
		return true;
	r.scope.haproxy = arena_printf(c->arena, "%serror in condition: ", r.scope.haproxy).ptr;
	out->cond = cond_parse(c, words + r.i, n - r.i, &r.scope);
	return out->cond != NULL;
}
