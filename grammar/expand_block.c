/* Directives (manual, section 2.4): .if, .elif, .else and .endif decide which lines count; .notice, .warning,
 * .alert and .diag say something. */
#include "grammar/expand_state.h"
#include "grammar/predicate.h"
#include "grammar/suggest.h"

static struct block *block_top(struct expand *x)
{
	return x->blocks.n ? &x->blocks.v[x->blocks.n - 1] : NULL;
}

bool block_is_skipped(const struct expand *x)
{
	return x->blocks.n && x->blocks.v[x->blocks.n - 1].state != BLOCK_ACTIVE;
}

/* The words behind the directive as one text with blanks between them, and where its bytes come from. */
static struct word condition_join(struct expand *x, const struct line *line)
{
	struct arena *a = x->c->arena;
	const struct word *last = &line->words[line->nwords - 1];
	VEC(uint32_t) map = {0};
	VEC(char) text = {0};
	struct word all = {.span = span_sub(last->span, last->span.len, 0)};

	for (uint32_t i = 1; i < line->nwords; i++) {
		const struct word *w = &line->words[i];

		if (i > 1) {
			*vec_push(a, &text) = ' ';
			*vec_push(a, &map) = w[-1].span.off + w[-1].span.len;
		}
		for (size_t k = 0; k < w->text.len; k++) {
			*vec_push(a, &text) = w->text.ptr[k];
			*vec_push(a, &map) = word_span(w, k, 1).off;
		}
	}
	*vec_push(a, &map) = last->span.off + last->span.len;
	if (line->nwords > 1)
		all.span = span_join(line->words[1].span, last->span);
	all.text = arena_str(a, str_make(text.v, text.n));
	all.map = map.v;
	return all;
}

/* A condition with a mistake counts as true: what it guards is checked then, as most of it will be meant. */
static bool condition_is_true(struct expand *x, const struct line *line)
{
	struct predicate_context context = {
		.arena = x->c->arena,
		.diags = x->c->diags,
		.env = &x->env,
		.compat = x->c->options->compat,
		.directive = line->words[0].text,
	};
	struct word condition;

	if (line->poisoned)
		return true;
	condition = condition_join(x, line);
	return predicate_eval(&context, &condition) != PREDICATE_FALSE;
}

static void block_if(struct expand *x, const struct line *line)
{
	struct block block = {.opened = line->span};
	struct diag *g;

	if (x->blocks.n == BLOCK_DEPTH_MAX && !x->too_deep) {
		x->too_deep = true;
		g = diag_add(x->c->diags, D_BLOCK_DEPTH, line->span,
			     "conditional blocks nested more than %d deep", BLOCK_DEPTH_MAX);
		diag_haproxy(x->c->diags, g, ": too many nested '.if', max is %d.", BLOCK_DEPTH_MAX + 1);
	}
	if (block_is_skipped(x))
		block.state = BLOCK_DEAD;
	else
		block.state = condition_is_true(x, line) ? BLOCK_ACTIVE : BLOCK_WAITING;
	*vec_push(x->c->arena, &x->blocks) = block;
}

/* A branch or an end needs an open block, and a branch none that had its .else. */
static struct block *block_expect(struct expand *x, const struct line *line, bool branch)
{
	struct block *top = block_top(x);
	struct str name = line->words[0].text;
	struct diag *g;

	if (!top) {
		g = diag_add(x->c->diags, D_BLOCK_LONE, line->words[0].span, "`%.*s` without `.if`",
			     STR_ARG(name));
		diag_haproxy(x->c->diags, g, ": lone '%.*s' with no matching '.if'.", STR_ARG(name));
	} else if (branch && top->or_else.source) {
		g = diag_add(x->c->diags, D_BLOCK_AFTER_ELSE, line->words[0].span, "`%.*s` after `.else`",
			     STR_ARG(name));
		diag_also(x->c->diags, g, top->or_else, "the last branch is here");
		diag_also(x->c->diags, g, top->opened, "of this block");
		diag_haproxy(x->c->diags, g, ": '%.*s' after '.else' is not permitted.", STR_ARG(name));
	}
	return top;
}

static void argument_refuse(struct expand *x, const struct line *line)
{
	struct word *words = (struct word *)line->words;
	struct diag *g;

	if (line->poisoned || line_effective_words(line) < 2)
		return;
	g = diag_add(x->c->diags, D_DIRECTIVE_ARGUMENT, span_join(words[1].span, words[line->nwords - 1].span),
		     "`%.*s` takes no argument", STR_ARG(words[0].text));
	diag_haproxy(x->c->diags, g, ": Unexpected argument '%.*s' for '%.*s'.", STR_ARG(words[1].text),
		     STR_ARG(words[0].text));
}

static void block_elif(struct expand *x, const struct line *line)
{
	struct block *top = block_expect(x, line, true);

	if (!top)
		return;
	if (top->state == BLOCK_ACTIVE)
		top->state = BLOCK_DONE;
	else if (top->state == BLOCK_WAITING && condition_is_true(x, line))
		top->state = BLOCK_ACTIVE;
}

static void block_else(struct expand *x, const struct line *line)
{
	struct block *top = block_expect(x, line, true);

	argument_refuse(x, line);
	if (!top)
		return;
	if (top->state == BLOCK_ACTIVE)
		top->state = BLOCK_DONE;
	else if (top->state == BLOCK_WAITING)
		top->state = BLOCK_ACTIVE;
	top->or_else = line->words[0].span;
}

static void block_endif(struct expand *x, const struct line *line)
{
	argument_refuse(x, line);
	if (block_expect(x, line, false))
		x->blocks.n--;
}

/* A message of several words becomes one by quoting, when nothing in it is quoted already. */
static void message_fix(struct expand *x, struct diag *g, const struct line *line)
{
	struct span first = line->words[1].span, last = line->words[line->nwords - 1].span;
	struct str text = sources_span(x->c->sources, span_join(first, last));
	struct diag_fix *fix;

	for (size_t i = 0; i < text.len; i++)
		if (strchr("\"'\\$", text.ptr[i]))
			return;
	fix = diag_fix(x->c->diags, g, FIX_CERTAIN, span_sub(first, 0, 0), STR("\""), "quote the message");
	*vec_push(x->c->arena, &fix->edits) = (struct diag_edit){span_sub(last, last.len, 0), STR("\"")};
}

static void message_print(struct expand *x, const struct line *line, enum diag_code code)
{
	struct str text = line->nwords > 1 ? line->words[1].text : STR("");
	struct diags *d = x->c->diags;
	struct diag *g;

	if (line->poisoned || block_is_skipped(x))
		return;
	if (line->nwords > 2 && line->words[2].text.len) {
		g = diag_add(d, D_DIRECTIVE_ARGUMENT,
			     span_join(line->words[2].span, line->words[line->nwords - 1].span),
			     "`%.*s` takes one word", STR_ARG(line->words[0].text));
		message_fix(x, g, line);
		diag_haproxy(d, g,
			     ": Unexpected argument '%.*s' for '%.*s'. Use quotes if the message should "
			     "contain spaces.",
			     STR_ARG(line->words[2].text), STR_ARG(line->words[0].text));
		return;
	}
	if (text.len)
		g = diag_add(d, code, line->span, "%.*s", STR_ARG(text));
	else
		g = diag_add(d, code, line->span, "`%.*s` without a text", STR_ARG(line->words[0].text));
	diag_haproxy(d, g, ": '%.*s'.", STR_ARG(text));
}

static void directive_message(struct expand *x, const struct line *line)
{
	static const struct {
		struct str name;
		enum diag_code code;
	} kinds[] = {
		{STR(".notice"), D_USER_NOTICE},
		{STR(".warning"), D_USER_WARNING},
		{STR(".alert"), D_USER_ALERT},
		{STR(".diag"), D_USER_DIAG},
	};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(line->words[0].text, kinds[i].name))
			message_print(x, line, kinds[i].code);
}

struct directive {
	struct str name;
	void (*run)(struct expand *x, const struct line *line);
};

static const struct directive directives[] = {
	{STR(".if"), block_if},
	{STR(".elif"), block_elif},
	{STR(".else"), block_else},
	{STR(".endif"), block_endif},
	{STR(".notice"), directive_message},
	{STR(".warning"), directive_message},
	{STR(".alert"), directive_message},
	{STR(".diag"), directive_message},
};
enum { DIRECTIVES = sizeof(directives) / sizeof(directives[0]) };

static void directive_unknown(struct expand *x, const struct line *line)
{
	bool skipped = block_is_skipped(x);
	const struct word *word = &line->words[0];
	struct suggest s;
	struct diag *g;

	if (line->poisoned)
		return;
	g = diag_add(x->c->diags, skipped ? D_DIRECTIVE_INACTIVE : D_DIRECTIVE_UNKNOWN, word->span,
		     "no directive `%.*s`", STR_ARG(word->text));
	suggest_start(&s, word->text);
	for (unsigned i = 0; i < DIRECTIVES; i++)
		suggest_offer(&s, directives[i].name);
	if (s.n)
		diag_fix(x->c->diags, g, FIX_LIKELY, word->span, s.names[0], "did you mean `%.*s`?",
			 STR_ARG(s.names[0]));
	else
		diag_help(x->c->diags, g,
			  "directives are .if .elif .else .endif .notice .warning .alert .diag");
	if (skipped) {
		diag_also(x->c->diags, g, block_top(x)->opened,
			  "this block is left out, so HAProxy passes over it in silence");
		return;
	}
	diag_haproxy(x->c->diags, g, ": unknown directive '%.*s'.", STR_ARG(word->text));
}

void block_directive(struct expand *x, const struct line *line)
{
	for (unsigned i = 0; i < DIRECTIVES; i++)
		if (str_eq(line->words[0].text, directives[i].name)) {
			directives[i].run(x, line);
			return;
		}
	directive_unknown(x, line);
}

void block_end(struct expand *x)
{
	struct block *top = block_top(x);
	struct diag *g;

	if (!top || x->too_deep)
		return;
	g = diag_add(x->c->diags, D_BLOCK_UNCLOSED, top->opened, "`.if` without `.endif`");
	diag_label(x->c->diags, g, "the block starts here");
	for (uint32_t i = x->blocks.n - 1; i > 0 && x->blocks.n - i < BLOCKS_SHOWN; i--)
		diag_also(x->c->diags, g, x->blocks.v[i - 1].opened, "and this one is open as well");
	diag_note(x->c->diags, g, "a block ends in the file in which it starts");
	diag_haproxy(x->c->diags, g, ": non-terminated '.if' block.");
}
