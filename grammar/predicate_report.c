/* What is wrong with the shape of a condition, in our words and in HAProxy's. */
#include "grammar/predicate_state.h"

struct diag *predicate_report(struct predicate_state *s, enum diag_code code, uint32_t off, uint32_t len,
			      const char *format, ...)
{
	struct span span = word_span(s->condition, off, len);
	struct str text;
	va_list ap;

	va_start(ap, format);
	text = arena_vprintf(s->context->arena, format, ap);
	va_end(ap);
	return diag_add(s->context->diags, code, span, "%.*s", STR_ARG(text));
}

void predicate_haproxy(struct predicate_state *s, struct diag *g, uint32_t off, const char *format, ...)
{
	struct str directive = s->context->directive, text;
	va_list ap;

	va_start(ap, format);
	text = arena_vprintf(s->context->arena, format, ap);
	va_end(ap);
	if (!directive.len)
		diag_haproxy_unplaced(s->context->diags, g, "Failed to evaluate condition: %.*s",
				      STR_ARG(text));
	else
		diag_haproxy(s->context->diags, g, ": %.*s in '%.*s' at position %u:\n  %.*s %.*s\n  %*s^",
			     STR_ARG(text), STR_ARG(directive), off + 1, STR_ARG(directive),
			     STR_ARG(s->condition->text), (int)(directive.len + 1 + off), "");
}

static uint32_t blanks_before(const struct predicate_state *s, uint32_t off)
{
	uint32_t n = 0;

	while (n < off &&
	       (s->condition->text.ptr[off - n - 1] == ' ' || s->condition->text.ptr[off - n - 1] == '\t'))
		n++;
	return n;
}

void predicate_report_arguments(struct predicate_state *s)
{
	uint32_t paren = s->name.off + s->name.len;
	struct diag *g = predicate_report(s, D_PREDICATE_SYNTAX, paren, 1, "the arguments of `%.*s` do not end",
					  STR_ARG(s->name.text));

	diag_label(s->context->diags, g, "no `)` for this one");
	diag_note(s->context->diags, g, "a quote that is open in an argument hides what follows it");
	predicate_haproxy(s, g, (uint32_t)s->condition->text.len,
			  "expected ')' in argument 1 of predicate '%.*s' used in conditional expression",
			  STR_ARG(s->name.text));
}

void predicate_report_operand(struct predicate_state *s, bool at_end)
{
	uint32_t end = s->token - blanks_before(s, s->token);
	struct str rest = str_tail(s->condition->text, s->token);
	struct diag *g;

	if (at_end)
		g = predicate_report(s, D_PREDICATE_SYNTAX, end ? end - 1 : 0, 1,
				     "the condition ends where a term is needed");
	else
		g = predicate_report(s, D_PREDICATE_SYNTAX, s->token, s->at - s->token,
				     "no term of a condition starts with `%.*s`",
				     STR_ARG(str_sub(rest, 0, s->at - s->token)));
	diag_help(s->context->diags, g,
		  "terms are numbers, predicates such as `defined(NAME)`, and conditions in parentheses");
	predicate_haproxy(s, g, s->token, "unparsable conditional expression '%.*s'", STR_ARG(rest));
}

void predicate_report_open(struct predicate_state *s)
{
	struct diag *g =
		predicate_report(s, D_PREDICATE_SYNTAX, s->open, 1, "parenthesis without its counterpart");

	predicate_haproxy(s, g, s->open, "expected ')' after conditional expression '%.*s'",
			  STR_ARG(str_tail(s->condition->text, s->open)));
}

/* Words of other languages, and what they are here. */
static struct str operator_instead(struct str word)
{
	if (str_ieq(word, STR("and")) || str_is(word, "&"))
		return STR("&&");
	if (str_ieq(word, STR("or")) || str_is(word, "|"))
		return STR("||");
	return STR_NONE;
}

void predicate_report_trailing(struct predicate_state *s)
{
	uint32_t len = s->at - s->token;
	struct str word = str_sub(s->condition->text, s->token, len), instead = operator_instead(word);
	uint32_t blanks = blanks_before(s, s->token);
	struct diags *d = s->context->diags;
	struct span span = word_span(s->condition, s->token, len);
	struct diag *g = predicate_report(s, D_PREDICATE_SYNTAX, s->token, len,
					  "`%.*s` behind a condition that is complete", STR_ARG(word));

	if (instead.len) {
		diag_fix(d, g, FIX_LIKELY, span, instead, "write `%.*s`", STR_ARG(instead));
	} else if (str_is(s->name.text, "not") && s->name.off + 3 + blanks == s->token) {
		diag_fix(d, g, FIX_LIKELY, word_span(s->condition, s->name.off, 3), STR("!"),
			 "negate with `!`");
	} else if (str_is(word, "(") && blanks && s->name.len &&
		   s->name.off + s->name.len + blanks == s->token) {
		diag_note(d, g, "arguments follow the name of a predicate without a blank");
		diag_fix(d, g, FIX_CERTAIN, word_span(s->condition, s->token - blanks, blanks), STR(""),
			 "remove the blank");
	} else {
		diag_help(d, g, "combine conditions with `&&` and `||`");
	}
	predicate_haproxy(s, g, s->token,
			  "unexpected character '%c' at the end of conditional expression '%.*s'",
			  s->condition->text.ptr[s->token], STR_ARG(s->condition->text));
}
