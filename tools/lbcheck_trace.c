/* `lbcheck trace`: what becomes of one request, and why. Plays it on a stage (runtime/stage) and shows what its
 * witness saw. With --batch, many requests one after the other, in brief. One thread. */
#include "tools/lbcheck_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "grammar/lbconf_state.h"
#include "runtime/stage/witness.h"
#include "tools/split_words.h"

enum { OUTPUT_MAX = 256 << 20, RAW_MAX = 16 << 20, BATCH_FLUSH = 1 << 20 };

/* --- words behind `--` */

static bool take_header(struct trace *t, struct str v)
{
	return play_header(&t->play, v);
}

static bool take_src(struct trace *t, struct str v)
{
	return play_address(&t->play, v, &t->play.src);
}

static bool take_dst(struct trace *t, struct str v)
{
	return play_address(&t->play, v, &t->play.dst);
}

static bool take_bind(struct trace *t, struct str v)
{
	t->play.bind = v;
	return true;
}

static bool take_body(struct trace *t, struct str v)
{
	return play_body(&t->play, v, &t->play.body);
}

static bool take_state(struct trace *t, struct str v)
{
	return play_state_parse(&t->play, v, vec_push(t->arena, &t->states));
}

static bool take_var(struct trace *t, struct str v)
{
	size_t equals = str_chr(v, '=');

	if (equals >= v.len || str_chr(v, '.') > equals)
		return play_fail(&t->play, "`%.*s` is no variable with its scope and value: txn.name=value",
				 STR_ARG(v));
	*vec_push(t->arena, &t->vars) =
		(struct witness_var){.name = str_sub(v, 0, equals), .value = str_tail(v, equals + 1)};
	return true;
}

static bool take_at(struct trace *t, struct str v)
{
	return play_time(&t->play, v, &t->wall_ms);
}

static bool take_reply(struct trace *t, struct str v)
{
	t->play.reply_status = v;
	return true;
}

static bool take_reply_header(struct trace *t, struct str v)
{
	*vec_push(t->arena, &t->play.reply_headers) = v;
	return true;
}

static bool take_reply_body(struct trace *t, struct str v)
{
	return play_body(&t->play, v, &t->play.reply_body);
}

static bool take_why_not(struct trace *t, struct str v)
{
	t->orders.why_not = v;
	return map_get(&t->model->backends, v) ? true
					       : play_fail(&t->play, "no backend is named `%.*s`", STR_ARG(v));
}

static bool take_log_line(struct trace *t, struct str v)
{
	return play_log_line(&t->play, v);
}

static const struct {
	const char *name, *letter;
	bool (*take)(struct trace *t, struct str value);
} options[] = {
	{"--header", "-H", take_header},
	{"--src", NULL, take_src},
	{"--dst", NULL, take_dst},
	{"--bind", NULL, take_bind},
	{"--body", NULL, take_body},
	{"--state", NULL, take_state},
	{"--var", NULL, take_var},
	{"--at", NULL, take_at},
	{"--reply", NULL, take_reply},
	{"--reply-header", NULL, take_reply_header},
	{"--reply-body", NULL, take_reply_body},
	{"--why-not", NULL, take_why_not},
	{"--log-line", NULL, take_log_line},
};
enum { NOPTIONS = sizeof(options) / sizeof(*options) };

int lbcheck_trace_words(const char *word)
{
	size_t len = strcspn(word, "=");

	if (strcmp(word, "--json") == 0 || strcmp(word, "--batch") == 0)
		return 1;
	for (int k = 0; k < NOPTIONS; k++) {
		if (options[k].letter && strcmp(word, options[k].letter) == 0)
			return 2;
		if (strlen(options[k].name) == len && strncmp(word, options[k].name, len) == 0)
			return word[len] ? 1 : 2;
	}
	return 0;
}

/* "--src=1.2.3.4" or "--src 1.2.3.4": takes one or two words. */
static bool option_take(struct trace *t, const struct str *words, uint32_t n, uint32_t *i)
{
	struct str word = words[*i], value = STR_NONE;
	size_t equals = str_starts(word, STR("--")) ? str_chr(word, '=') : word.len;

	if (equals < word.len) {
		value = str_tail(word, equals + 1);
		word.len = equals;
	}
	for (int k = 0; k < NOPTIONS; k++) {
		if (!str_is(word, options[k].name) && (!options[k].letter || !str_is(word, options[k].letter)))
			continue;
		if (!value.ptr && *i + 1 >= n)
			return play_fail(&t->play, "`%s` needs a value", options[k].name);
		if (!value.ptr)
			value = words[++*i];
		return options[k].take(t, value);
	}
	return play_fail(&t->play,
			 "`%.*s` is none of -H --src --dst --bind --body --state --var --at --reply "
			 "--reply-header --reply-body --why-not --log-line --json --batch",
			 STR_ARG(word));
}

static bool words_take(struct trace *t, const struct str *words, uint32_t n, bool *request)
{
	*request = false;
	for (uint32_t i = 0; i < n; i++) {
		if (str_is(words[i], "--json")) {
			t->json = true;
		} else if (str_is(words[i], "--batch")) {
			t->batch = true;
		} else if (words[i].len && words[i].ptr[0] == '-') {
			*request |= str_starts(words[i], STR("--log-line"));
			if (!option_take(t, words, n, &i))
				return false;
		} else if (*request || !play_request_line(&t->play, words[i])) {
			return *request ? play_fail(&t->play, "`%.*s` would be a second request",
						    STR_ARG(words[i]))
					: false;
		} else {
			*request = true;
		}
	}
	return true;
}

/* --- playing */

static bool stage_set_up(struct trace *t)
{
	struct stage_options o = {.wall_ms = t->wall_ms, .proxy_header = true};

	t->stage = stage_new((struct model *)t->model, &o);
	if (!t->stage)
		return play_fail(&t->play, "the configuration cannot be played: memory or a file is missing");
	stage_observe(t->stage, &t->witness.observer, witness_over, &t->witness);
	vec_each (s, &t->states)
		if (!play_state_apply(&t->play, t->stage, s))
			return false;
	return true;
}

static bool play_one(struct trace *t)
{
	struct str reply;

	t->orders.vars = t->vars.v;
	t->orders.nvars = t->vars.n;
	if (!play_build(&t->play, &t->visit, &reply))
		return false;
	stage_reply(t->stage, reply);
	if (!witness_begin(&t->witness, &t->orders) || !stage_visit(t->stage, &t->visit, &t->outcome))
		return play_fail(&t->play, "out of memory");
	return true;
}

static bool print(struct out *o)
{
	bool ok = !o->truncated && (!o->len || fwrite(o->buf, 1, o->len, stdout) == o->len);

	if (!ok)
		fputs("lbcheck: the trace is too long to be shown\n", stderr);
	o->len = 0;
	return ok;
}

static bool trace_print(struct trace *t)
{
	struct out o = out_growing(OUTPUT_MAX);
	bool ok;

	if (t->json)
		trace_json(&o, t, false);
	else
		trace_text(&o, t);
	ok = print(&o);
	out_free(&o);
	return ok;
}

static bool read_raw(struct trace *t)
{
	struct out o = out_growing(RAW_MAX);
	char space[8192];
	ssize_t n;

	while ((n = read(STDIN_FILENO, space, sizeof(space))) > 0)
		out_bytes(&o, space, (size_t)n);
	t->play.raw = arena_str(t->arena, out_get(&o).ptr ? out_get(&o) : STR(""));
	out_free(&o);
	return t->play.raw.len && !o.truncated
		       ? true
		       : play_fail(&t->play, "no request: neither behind `--` nor, raw, on standard input");
}

static bool trace_one(struct trace *t, bool described)
{
	return (described || read_raw(t)) && stage_set_up(t) && play_one(t) && trace_print(t);
}

/* --- many */

/* What one line of a batch asks for, beside what all of them have in common. */
static bool batch_line(struct trace *t, struct str line, struct out *o)
{
	const struct trace common = *t;
	struct str *words;
	uint32_t n;
	bool ok, request;

	t->arena = arena_new();
	if (!t->arena)
		abort();
	t->play.arena = t->arena;
	t->play.assumed.n = 0;
	t->play.headers.v = arena_dup(t->arena, t->play.headers.v, t->play.headers.n * sizeof(struct str));
	t->play.headers.cap = t->play.headers.n;
	t->play.assumed.v = NULL;
	t->play.assumed.cap = 0;
	ok = split_words(t->arena, line, &words, &n) && words_take(t, words, n, &request) && play_one(t);
	if (ok)
		trace_json(o, t, true);
	else
		fprintf(stderr, "lbcheck: %.*s\n", STR_ARG(t->play.error));
	arena_free(&t->arena);
	t->arena = common.arena;
	t->play = common.play;
	t->states = common.states;
	t->vars = common.vars;
	t->orders = common.orders;
	return ok && (o->len < BATCH_FLUSH || print(o));
}

static bool trace_batch(struct trace *t)
{
	struct out o = out_growing(OUTPUT_MAX);
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	bool ok = stage_set_up(t);

	while (ok && (len = getline(&line, &size, stdin)) > 0) {
		while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			len--;
		if (len)
			ok = batch_line(t, str_make(line, (size_t)len), &o);
	}
	free(line);
	ok &= print(&o);
	out_free(&o);
	return ok;
}

/* --- the command */

static int trace_run(struct trace *t, const char *const *words, int n)
{
	struct str *v = ARENA_ARRAY(t->arena, struct str, n + 1);
	bool request, ok;

	for (int i = 0; i < n; i++)
		v[i] = str_from(words[i]);
	play_init(&t->play, t->arena, t->model);
	ok = words_take(t, v, (uint32_t)n, &request);
	if (!ok) {
		fprintf(stderr, "lbcheck: %.*s\n", STR_ARG(t->play.error));
		return LBCHECK_USAGE;
	}
	ok = t->batch ? trace_batch(t) : trace_one(t, request);
	if (!ok && t->play.error.len)
		fprintf(stderr, "lbcheck: %.*s\n", STR_ARG(t->play.error));
	return ok ? LBCHECK_CLEAN : LBCHECK_ERRORS;
}

static int trace_loaded(const struct lbcheck *l, struct lbconf *conf)
{
	struct trace t = {.l = l, .model = lbconf_loaded(conf)->model, .json = l->json, .arena = arena_new()};
	int status = LBCHECK_ERRORS;

	if (t.arena && witness_init(&t.witness)) {
		status = trace_run(&t, l->args + l->nargs - l->rest, l->rest);
		stage_free(&t.stage);
	}
	witness_free(&t.witness);
	arena_free(&t.arena);
	return status;
}

int lbcheck_trace(const struct lbcheck *l)
{
	struct lbconf *conf;
	int status;

	if (l->nargs <= (size_t)l->rest) {
		fputs("lbcheck: trace needs the files of a configuration: lbcheck trace FILE... 'GET URL' "
		      "...\n",
		      stderr);
		return LBCHECK_USAGE;
	}
	conf = lbcheck_load_args(l, l->args, l->nargs - (size_t)l->rest);
	if (!conf)
		return LBCHECK_ERRORS;
	status = lbconf_errors(conf) ? lbcheck_report(l, conf) : trace_loaded(l, conf);
	lbconf_free(conf);
	return status;
}
