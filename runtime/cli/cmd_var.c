/* `get var` and `set var` (management manual, section 9.3): variables of the process. The value of `set var` is
 * compiled as the same line of a configuration would be, into a model and an engine of its own that go again at
 * once; only names have to mean the same variable as in the running configuration. Names that no configuration
 * knows are kept by the process (core/proc_vars.c). Worker of the session. */
#include "grammar/load.h"
#include "grammar/quote.h"
#include "runtime/cli/cli_call.h"
#include "runtime/eval/sample.h"

enum { TEXT_MAX_BYTES = 32 << 10 };

/* --- get var */

static const char *type_name(const struct sample *s)
{
	static const char *const names[SMP_TYPES] = {
		[SMP_BOOL] = "bool", [SMP_SINT] = "sint", [SMP_IPV4] = "ipv4", [SMP_IPV6] = "ipv6",
		[SMP_STR] = "str",   [SMP_BIN] = "bin",   [SMP_METH] = "meth",
	};

	return names[s->type] ? names[s->type] : "any";
}

static bool put_var(struct cli_call *c, struct eval *e, const struct var_ref *ref)
{
	struct sample s;
	const char *type;

	if (!var_get(e, ref, &s))
		return false;
	type = type_name(&s);
	if (s.type == SMP_BOOL)
		s.type = SMP_SINT; /* told as 0 or 1 */
	if (s.type != SMP_BIN && !sample_cast(e, &s, SMP_STR))
		return false;
	out_printf(c->out, "%.*s: type=%s value=<", STR_ARG(c->words[2]), type);
	out_str(c->out, s.str);
	out_puts(c->out, ">");
	return true;
}

/* Sees variables of the process and nothing else. */
static void eval_init(struct cli_call *c, struct eval *e, struct scratch *scratch)
{
	struct worker *w = c->worker;

	scratch_init(scratch, &w->scratch);
	*e = (struct eval){.engine = c->generation->engines[w->id],
			   .model = c->generation->model,
			   .host = &w->host,
			   .scratch = scratch,
			   .place = AT(CLI),
			   .now = w->wall,
			   .proc_lock = &c->process->proc_lock,
			   .vars = {[VAR_PROC] = &c->generation->proc_vars}};
}

void cmd_get_var(struct cli_call *c)
{
	struct var_ref ref = {.scope = VAR_PROC};
	struct scratch scratch;
	struct eval e;

	if (!c->words[2].len) {
		cli_say(c, CLI_ERR, "Missing process-wide variable identifier.");
		return;
	}
	eval_init(c, &e, &scratch);
	ref.name = str_tail(c->words[2], 5);
	if (!str_starts(c->words[2], STR("proc.")) || !proc_var_find(c->process, &ref) || !put_var(c, &e, &ref))
		cli_say(c, CLI_ERR, "Variable not found.");
	scratch_reset(&scratch);
}

/* --- set var */

/* The first error in HAProxy's words. */
static void put_error(struct cli_call *c, const struct loaded *l)
{
	for (uint32_t i = 0; i < l->diags.list.n; i++) {
		const struct diag *g = l->diags.list.v[i];
		struct str text = g->haproxy.len ? g->haproxy : g->message;

		if (g->severity != SEV_ERROR)
			continue;
		if (str_ends(text, STR(".")))
			text.len--;
		cli_say_open(c, CLI_ERR, "");
		out_str(c->out, text);
		return;
	}
}

/* One that a configuration compiles, or NULL and a message. The caller frees it. */
static struct loaded *value_compile(struct cli_call *c, struct str kind, uint32_t at)
{
	const struct load_options options = {.compat = c->generation->model->compat, .offline = true};
	struct out text = out_growing(TEXT_MAX_BYTES);
	struct loaded *l = NULL;

	out_puts(&text, str_is(kind, "fmt") ? "global\n set-var-fmt " : "global\n set-var ");
	quote_single(&text, c->words[2]);
	quote_single(&text, c->words[at]);
	out_char(&text, '\n');
	if (!text.truncated)
		l = load_text(STR("set var"), out_get(&text), &options);
	out_free(&text);
	if (!l)
		cli_say_open(c, CLI_ERR, "Out of memory.");
	else if (l->diags.errors || !l->model || l->model->global.proc_vars.n != 1)
		put_error(c, l);
	else
		return l;
	if (l)
		loaded_free(&l);
	return NULL;
}

/* Its variables are those of the process from now on. False: no memory. */
static bool names_adopt(struct process *p, struct model *m)
{
	vec_each (v, &m->vars)
		if ((*v)->scope == VAR_PROC && !proc_var_make(p, (struct var_ref *)(uintptr_t)*v))
			return false;
	return true;
}

static void value_set(struct cli_call *c, const struct loaded *l)
{
	struct eval_engine *engine = eval_engine_new(l->model);
	struct scratch scratch;
	struct eval e;

	if (!engine || !names_adopt(c->process, l->model)) {
		eval_engine_free(&engine);
		cli_say_open(c, CLI_ERR, "Out of memory.");
		return;
	}
	eval_init(c, &e, &scratch);
	e.engine = engine;
	e.model = l->model;
	proc_var_assign(&e, &l->model->global.proc_vars.v[0]);
	scratch_reset(&scratch);
	eval_engine_free(&engine);
}

static bool name_is_of_process(struct cli_call *c)
{
	static const char *const others[] = {"sess.", "txn.", "req.", "res.", "check."};

	if (str_starts(c->words[2], STR("proc.")))
		return true;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (str_starts(c->words[2], str_from(others[i]))) {
			cli_say_open(c, CLI_ERR, "");
			out_printf(
				c->out,
				"'set var': cannot set variable '%.*s', only scope 'proc' is permitted here.",
				STR_ARG(c->words[2]));
			return false;
		}
	cli_say_open(c, CLI_ERR, "");
	out_printf(c->out,
		   "invalid variable name '%.*s'. A variable name must be start by its scope. The scope can be "
		   "'proc', 'sess', 'txn', 'req', 'res' or 'check'",
		   STR_ARG(c->words[2]));
	return false;
}

/* set var <name> <expression>, set var <name> expr <expression>, set var <name> fmt <format> */
void cmd_set_var(struct cli_call *c)
{
	struct str kind = c->words[4].len ? c->words[3] : STR("expr");
	struct loaded *l;

	if (!c->words[2].len)
		cli_say(c, CLI_ERR, "Missing process-wide variable identifier.");
	else if (!c->words[3].len)
		cli_say(c, CLI_ERR, "Missing either 'expr', 'fmt' or expression.");
	else if (!str_is(kind, "expr") && !str_is(kind, "fmt")) {
		cli_say_open(c, CLI_ERR, "");
		out_printf(c->out, "'set var': arg type must be either 'expr' or 'fmt' but got '%.*s'.",
			   STR_ARG(kind));
	} else if (name_is_of_process(c) && (l = value_compile(c, kind, c->words[4].len ? 4 : 3)) != NULL) {
		value_set(c, l);
		loaded_free(&l);
	}
}
