/* Arguments of the actions that work on messages, variables and logs: what a rule needs to run. One thread. */
#include "grammar/action.h"
#include "grammar/suggest.h"

static struct str keep(struct action_reader *r, struct str text)
{
	return arena_str(r->c->model->arena, text);
}

bool action_args_bare(struct action_reader *r)
{
	(void)r;
	return true;
}

/* <name> <format> */
bool action_args_header(struct action_reader *r)
{
	const char *haproxy = "expects exactly 2 arguments";
	const struct word *name = action_take(r);

	if (!name)
		return action_missing(r, haproxy, "the name of a header field and its value");
	r->out->name = keep(r, name->text);
	for (size_t i = 0; i < name->text.len; i++) {
		unsigned char c = (unsigned char)name->text.ptr[i];

		if (c <= ' ' || c == ':' || c == 0x7f) {
			diag_note(r->c->diags,
				  diag_add(r->c->diags, D_HEADER_NAME, word_span(name, i, 1),
					   "a header field's name cannot hold this character"),
				  "names are letters, digits and some punctuation, without blanks (RFC 9110, "
				  "section 5.1)");
			break;
		}
	}
	r->out->fmt = action_format(r, haproxy, "the value of the header field");
	return r->out->fmt != NULL;
}

static bool header_regex(struct action_reader *r, const struct word *w)
{
	r->out->regex = regex_compile(r->c, &r->scope, w->text, false, w->span);
	return r->out->regex != NULL;
}

bool action_header_method(struct action_reader *r, uint32_t n, int64_t *method)
{
	static const char *const methods[] = {"str", "beg", "end", "sub", "reg"};
	const struct word *w;
	enum match_method found;
	struct suggest s;

	if (!action_take_word(r, "-m"))
		return true;
	w = action_take(r);
	if (!w)
		return action_missing(r, "-m flag expects exactly 1 argument", "a matching method behind `-m`");
	suggest_start(&s, w->text);
	for (uint32_t i = 0; i < n; i++) {
		suggest_offer(&s, str_from(methods[i]));
		if (!str_is(w->text, methods[i]) || !match_method_find(w->text, &found))
			continue;
		*method = found;
		return true;
	}
	action_error(
		r, w->span,
		arena_printf(r->c->arena, "-m with unsupported matching method '%.*s'", STR_ARG(w->text)).ptr,
		n == HEADER_METHODS ? "header fields are matched by str, beg, end, sub or reg"
				    : "header fields are matched by str, beg, end or sub here");
	lang_suggest(r->c, r->c->diags->list.v[r->c->diags->list.n - 1], &s, w->span);
	return false;
}

/* <name> [-m <method>] */
bool action_args_del_header(struct action_reader *r)
{
	const struct word *name = action_take(r);

	if (!name)
		return action_missing(r, "expects at least 1 argument", "the name of a header field");
	r->out->name = keep(r, name->text);
	r->out->num = MATCH_STR;
	return action_header_method(r, HEADER_METHODS, &r->out->num) &&
	       (r->out->num != MATCH_REG || header_regex(r, name));
}

/* <name> <regex> <format> */
bool action_args_replace_header(struct action_reader *r)
{
	const char *haproxy = "expects exactly 3 arguments";
	const struct word *name = action_take(r), *regex = name ? action_take(r) : NULL;

	if (!regex)
		return action_missing(r, haproxy, "a name, a regular expression and a format");
	r->out->name = keep(r, name->text);
	if (!header_regex(r, regex))
		return false;
	r->out->fmt = action_format(r, haproxy, "a format behind the regular expression");
	return r->out->fmt != NULL;
}

/* <regex> <format> */
bool action_args_replace(struct action_reader *r)
{
	const char *haproxy = "expects exactly 2 arguments <match-regex> and <replace-format>";
	const struct word *regex = action_take(r);
	struct lang_scope inner = r->scope;

	if (!regex)
		return action_missing(r, haproxy, "a regular expression and a format");
	inner.haproxy = arena_printf(r->c->arena, "%sfailed to parse the regex : ", r->scope.haproxy).ptr;
	r->out->regex = regex_compile(r->c, &inner, regex->text, false, regex->span);
	if (!r->out->regex)
		return false;
	r->out->fmt = action_format(r, haproxy, "a format behind the regular expression");
	return r->out->fmt != NULL;
}

bool action_args_fmt(struct action_reader *r)
{
	r->out->fmt = action_format(r, "expects exactly 1 argument <format>", "a format");
	return r->out->fmt != NULL;
}

/* <status> [reason <format>] */
bool action_args_status(struct action_reader *r)
{
	const struct word *w = action_take(r);

	if (!w)
		return action_missing(r, "expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>",
				      "a status");
	if (!str_to_i64(w->text, &r->out->num) || r->out->num < 100 || r->out->num > 999)
		return action_error(r, w->span, "expects an integer status code between 100 and 999",
				    "a status is a number from 100 to 999");
	if (r->i + 1 >= r->n || !action_take_word(r, "reason"))
		return true;
	w = action_take(r);
	if (!w)
		return action_missing(r, "expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>",
				      "a reason");
	r->out->name = keep(r, w->text); /* as it is written: no format, whatever HAProxy's message says */
	return true;
}

bool action_args_auth(struct action_reader *r)
{
	const struct word *w;

	if (!action_take_word(r, "realm"))
		return true;
	w = action_take(r);
	if (!w)
		return action_missing(r, "missing realm value.\n", "a text behind `realm`");
	r->out->name = keep(r, w->text);
	return true;
}

bool action_args_log_level(struct action_reader *r)
{
	static const char *const levels[] = {"emerg",   "alert",  "crit", "err",
					     "warning", "notice", "info", "debug"};
	const char *haproxy = "expects exactly 1 argument (log level name or 'silent')";
	const struct word *w = action_take(r);
	struct suggest s;

	if (!w)
		return action_missing(r, haproxy, "a log level or `silent`");
	suggest_start(&s, w->text);
	suggest_offer(&s, STR("silent"));
	for (int i = 0; i < 8; i++) {
		suggest_offer(&s, str_from(levels[i]));
		r->out->num = i;
		if (str_is(w->text, levels[i]))
			return true;
	}
	r->out->num = -1;
	if (str_is(w->text, "silent"))
		return true;
	action_error(r, w->span, haproxy, "there is no such log level");
	lang_suggest(r->c, r->c->diags->list.v[r->c->diags->list.n - 1], &s, w->span);
	return false;
}

/* capture <sample> [ len <length> | id <slot> ]; for `len` num is -1 and flags is the length: the caller
 * declares a slot. */
bool action_args_capture(struct action_reader *r)
{
	const char *haproxy = "expects <expression> [ 'len' <length> | id <idx> ]";
	bool response = r->set == RS_HTTP_RES || r->set == RS_HTTP_AFTER_RES, len;
	const struct word *w;

	if (!action_peek(r))
		return action_missing(r, haproxy, "a sample expression");
	r->out->sample = action_sample(r);
	if (!r->out->sample)
		return false;
	len = action_take_word(r, "len");
	if (len && response)
		return action_error(r, r->words[r->i - 1].span, "expects 'id', found 'len'",
				    "responses are captured into declared slots: `id` and the slot's number");
	if (!len && !action_take_word(r, "id"))
		return action_missing(r, haproxy, "`len` and a length, or `id` and a slot's number");
	w = action_take(r);
	if (!w)
		return action_missing(r, haproxy, "a number");
	if (!str_to_i64(w->text, &r->out->num) || r->out->num < (len ? 1 : 0) || r->out->num > UINT16_MAX)
		return action_error(r, w->span, len ? "length must be > 0" : "cannot parse id",
				    "a number is needed here");
	if (len) {
		r->out->flags = (uint32_t)r->out->num;
		r->out->num = -1;
	}
	return true;
}

/* The variable between the parentheses, and in set-var(name,cond...) the conditions behind it. */
static bool variable(struct action_reader *r, bool conditions)
{
	struct str text, word, why;
	size_t at, comma;

	if (!str_chr(r->words[0].text, '(') || str_chr(r->words[0].text, '(') == r->words[0].text.len)
		return action_error(
			r, r->words[0].span,
			arena_printf(r->c->arena,
				     "invalid or incomplete action '%.*s'. Expects 'set-var(<var-name>)', "
				     "'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'",
				     STR_ARG(r->words[0].text))
				.ptr,
			"the variable stands in parentheses: set-var(txn.name)");
	if (!action_parens(r, &text, &at))
		return false;
	comma = str_chr(text, ',');
	r->out->var = var_find(r->c, str_sub(text, 0, comma), &why);
	if (!r->out->var) {
		struct span span = word_span(&r->words[0], at, comma);
		struct diag *g = diag_add(r->c->diags, D_VAR_NAME, span, "`%.*s` is not the name of a variable",
					  STR_ARG(str_sub(text, 0, comma)));

		var_explain(r->c, g);
		lang_haproxy(r->c, g, &r->scope, "%.*s",
			     STR_ARG(comma ? why : STR("Empty variable name cannot be accepted")));
		return false;
	}
	if (var_is_parents(r->out->var))
		return action_error(r, word_span(&r->words[0], at, comma),
				    "variables of the parent stream cannot be set",
				    "variables of the parent stream can only be read");
	while (conditions && comma < text.len) {
		at += comma + 1;
		text = str_tail(text, comma + 1);
		comma = str_chr(text, ',');
		word = str_trim(str_sub(text, 0, comma));
		if (!var_condition_find(word))
			return action_error(
				r, word_span(&r->words[0], at, comma),
				arena_printf(r->c->arena, "unknown condition \"%.*s\"", STR_ARG(word)).ptr,
				"the conditions are ifexists ifempty ifset ifnotexists ifnotempty ifnotset "
				"ifgt iflt");
		r->out->flags |= var_condition_find(word);
	}
	return true;
}

bool action_args_set_var(struct action_reader *r)
{
	if (!variable(r, true))
		return false;
	r->out->sample = action_sample(r);
	return r->out->sample != NULL;
}

bool action_args_set_var_fmt(struct action_reader *r)
{
	if (!variable(r, true))
		return false;
	r->scope.format = FORMAT_PLAIN;
	r->out->fmt = action_format(r, "missing format", "a format");
	return r->out->fmt != NULL;
}

bool action_args_unset_var(struct action_reader *r)
{
	return variable(r, false);
}

bool action_args_on_off(struct action_reader *r)
{
	const struct word *w = action_take(r);

	if (!w)
		return action_missing(r, "expects exactly 1 arguments", "`on` or `off`");
	r->out->num = str_is(w->text, "on");
	if (r->out->num || str_is(w->text, "off"))
		return true;
	return action_error(r, w->span,
			    arena_printf(r->c->arena,
					 "Unexpected value '%.*s'. Only 'on' and 'off' are supported",
					 STR_ARG(w->text))
				    .ptr,
			    "`strict-mode` is `on` or `off`");
}

/* silent-drop [rst-ttl <ttl>] */
bool action_args_silent_drop(struct action_reader *r)
{
	const struct word *w;

	if (r->c->model->compat == 206 || !action_take_word(r, "rst-ttl"))
		return true;
	w = action_take(r);
	if (!w)
		return action_missing(r, "expects a TTL", "a number of hops behind `rst-ttl`");
	if (!str_to_i64(w->text, &r->out->num) || r->out->num < 0 || r->out->num > 255)
		return action_error(r, w->span, "expects a TTL between 0 and 255",
				    "a TTL is a number from 0 to 255");
	return true;
}
