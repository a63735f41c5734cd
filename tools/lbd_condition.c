/* Option -cc: evaluates a condition, as `.if` would, and says the result by the exit status only (management
 * guide, section 3). */
#include "grammar/predicate.h"
#include "grammar/render.h"
#include "tools/lbd.h"

extern char **environ;

enum { CONDITION_TRUE = 0, CONDITION_FALSE = 1, CONDITION_ERROR = 2 };

static int evaluate(struct lbd *l, struct arena *a)
{
	struct sources sources = {.arena = a};
	struct diags diags = {.arena = a};
	struct env env = {.arena = a};
	struct predicate_context context = {
		.arena = a, .diags = &diags, .env = &env, .compat = l->options.compat};

	env_load(&env, (const char *const *)environ);
	switch (predicate_eval_text(&context, &sources, str_from(l->options.condition))) {
	case PREDICATE_TRUE:
		return CONDITION_TRUE;
	case PREDICATE_FALSE:
		return CONDITION_FALSE;
	default:
		report_diags(&l->report, &diags, &sources);
		return CONDITION_ERROR;
	}
}

int condition_answer(struct lbd *l)
{
	struct arena *a = arena_new();
	jmp_buf env;
	int status;

	if (!a || setjmp(env)) {
		arena_free(&a);
		return CONDITION_ERROR;
	}
	arena_catch(a, &env);
	status = evaluate(l, a);
	arena_free(&a);
	return status;
}
