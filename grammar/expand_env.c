/* presetenv, setenv, resetenv and unsetenv (manual, section 3.1): what global sections do to the environment of
 * the lines below them. */
#include "grammar/expand_state.h"

static void report(struct expand *x, const struct line *line, const char *message, const char *haproxy)
{
	struct diag *g = diag_add(x->c->diags, D_ENV_COMMAND, line->span, "`%.*s` %s",
				  STR_ARG(line->words[0].text), message);

	diag_haproxy(x->c->diags, g, ": '%.*s' expects %s.", STR_ARG(line->words[0].text), haproxy);
}

static bool name_check(struct expand *x, const struct line *line, const struct word *name)
{
	struct diag *g;

	if (env_name_is_valid(name->text))
		return true;
	g = diag_add(x->c->diags, D_ENV_COMMAND, name->span, "a variable's name is not empty and holds no `=`");
	if (name->text.len && line->nwords == 2 && str_eq(line->words[0].text, STR("setenv")))
		diag_help(x->c->diags, g, "name and value are two words");
	diag_haproxy(x->c->diags, g, ": '%.*s' failed on variable '%.*s' : Invalid argument.",
		     STR_ARG(line->words[0].text), STR_ARG(name->text));
	return false;
}

static void command_set(struct expand *x, const struct line *line, bool overwrite)
{
	const struct word *w = line->words;
	struct diag *g;
	uint32_t n;

	if (line->nwords < 3 || !w[2].text.len) {
		report(x, line, "needs a name and a value", "a name and a value");
		return;
	}
	n = line_effective_words(line);
	if (n > 4) {
		g = diag_add(x->c->diags, D_ENV_COMMAND, span_join(w[3].span, w[n - 1].span),
			     "`%.*s` takes a name and a value", STR_ARG(w[0].text));
		diag_help(x->c->diags, g, "put a value of several words into double quotes");
		diag_haproxy(x->c->diags, g, "'%.*s' cannot handle unexpected argument '%.*s'.",
			     STR_ARG(w[0].text), STR_ARG(w[4].text));
		return;
	}
	if (!name_check(x, line, &w[1]))
		return;
	env_set(&x->env, w[1].text, w[2].text, overwrite);
	if (n == 3)
		return;
	g = diag_add(x->c->diags, D_ENV_EXTRA, w[3].span, "the word behind the value of `%.*s` is ignored",
		     STR_ARG(w[1].text));
	diag_also(x->c->diags, g, w[2].span, "the value is this word only");
	diag_help(x->c->diags, g, "put a value of several words into double quotes");
}

static void command_unset(struct expand *x, const struct line *line)
{
	uint32_t n = line_effective_words(line);

	if (n < 2) {
		report(x, line, "needs the name of a variable", "at least one variable name");
		return;
	}
	for (uint32_t i = 1; i < n; i++)
		if (name_check(x, line, &line->words[i]))
			env_unset(&x->env, line->words[i].text);
}

static void command_reset(struct expand *x, const struct line *line)
{
	uint32_t n = line_effective_words(line);
	struct str keep[LINE_WORDS_MAX];

	for (uint32_t i = 1; i < n; i++)
		keep[i - 1] = line->words[i].text;
	env_reset(&x->env, keep, n ? n - 1 : 0);
}

void expand_environment(struct expand *x, const struct line *line)
{
	struct str name = line->words[0].text;

	if (str_is(name, "setenv"))
		command_set(x, line, true);
	else if (str_is(name, "presetenv"))
		command_set(x, line, false);
	else if (str_is(name, "unsetenv"))
		command_unset(x, line);
	else if (str_is(name, "resetenv"))
		command_reset(x, line);
}
