/* The observer behind witness.h: takes down what the evaluator tells. Everything that it keeps is copied, since
 * the request's memory goes. Memory that runs out ends the program that asks: it is a tool for the terminal.
 * One thread. */
#include "runtime/stage/witness.h"

#include <arpa/inet.h>

#include "runtime/eval/sample.h"
#include "runtime/proxy/stream.h"

enum { MESSAGE_TEXT = 1 << 20, VALUE_SHOWN = 400 };

/* --- values */

static struct str keep(struct witness *w, struct str s)
{
	return s.ptr ? arena_str(w->arena, s) : STR_NONE;
}

/* As text, cut where nobody would read on. */
static struct str value_text(struct witness *w, struct eval *e, const struct sample *value)
{
	struct sample s = *value;

	if (!sample_cast(e, &s, SMP_STR))
		return STR("?");
	if (s.str.len > VALUE_SHOWN)
		return arena_printf(w->arena, "%.*s...", VALUE_SHOWN, s.str.ptr);
	return keep(w, s.str.ptr ? s.str : STR(""));
}

static struct str pattern_text(struct witness *w, const struct acl_expr *line, int64_t pattern)
{
	if (pattern < 0)
		return STR_NONE;
	if (pattern < line->npatterns)
		return line->patterns[pattern].text;
	if (line->nfiles)
		return arena_printf(w->arena, "a line of %.*s", STR_ARG(line->files[0].file->path));
	return STR("");
}

static void on_match(void *ctx, struct eval *e, const struct acl_expr *line, const struct sample *value,
		     int64_t pattern)
{
	struct witness *w = ctx;

	if (!value && w->matches.n > w->matches_seen && w->matches.v[w->matches.n - 1].line == line)
		return; /* behind its last value */
	*vec_push(w->arena, &w->matches) = (struct witness_match){
		.line = line,
		.value = value ? value_text(w, e, value) : STR_NONE,
		.pattern = pattern_text(w, line, pattern),
	};
}

static void on_term(void *ctx, struct eval *e, const struct cond_term *term, bool result)
{
	struct witness *w = ctx;

	(void)e;
	*vec_push(w->arena, &w->terms) = (struct witness_term){
		.term = term, .result = result, .first = w->matches_seen, .n = w->matches.n - w->matches_seen};
	w->matches_seen = w->matches.n;
}

/* --- messages */

static void put_message(struct out *o, const struct http_msg *m)
{
	if (!m || (m->is_response && !m->status))
		return;
	if (m->is_response)
		out_printf(o, "status %u %.*s\n", m->status, STR_ARG(m->reason));
	else
		out_printf(o, "%.*s %.*s\n", STR_ARG(m->method_name), STR_ARG(m->uri));
	for (uint32_t i = 0; i < m->nhdrs; i++) {
		const struct http_hdr *h = &m->hdrs[i];

		if (!h->deleted)
			out_printf(o, "%.*s: %.*s\n", (int)h->name_len, h->name, (int)h->value_len, h->value);
	}
}

static void put_addr(struct out *o, const char *name, const union addr *a)
{
	struct sample s;
	char text[64];

	if (!sample_set_addr(&s, a))
		return;
	out_printf(o, "%s %s\n", name,
		   inet_ntop(s.type == SMP_IPV4 ? AF_INET : AF_INET6, s.ip, text, sizeof(text)));
}

/* Everything that rules may change and that is worth a line; a line for each. */
static struct str state_text(struct witness *w, struct eval *e)
{
	struct out o = out_growing(MESSAGE_TEXT);
	struct str text;

	put_message(&o, e->res ? e->res : e->req);
	if (e->settings && *e->settings) {
		const struct rule_settings *set = *e->settings;

		if (set->has & SET_SRC)
			put_addr(&o, "src", &set->src);
		if (set->has & SET_DST)
			put_addr(&o, "dst", &set->dst);
	}
	if (e->log)
		out_printf(&o, "log-level %d\n", e->log->log_level);
	text = keep(w, out_get(&o).ptr ? out_get(&o) : STR(""));
	out_free(&o);
	return text;
}

static struct str line_take(struct str *text)
{
	size_t end = str_chr(*text, '\n');
	struct str line = str_sub(*text, 0, end);

	*text = str_tail(*text, end + 1);
	return line;
}

static uint32_t line_count(struct str text, struct str line)
{
	uint32_t n = 0;

	while (text.len) {
		struct str other = line_take(&text);

		n += str_eq(other, line);
	}
	return n;
}

/* Lines of `a` that `b` has fewer of. */
static void put_lines(struct witness *w, struct str a, struct str b, char sign)
{
	struct str all = a, left = a;

	while (left.len) {
		struct str line = line_take(&left);
		uint32_t rest = line_count(left, line);

		/* the last ones of equal lines are those that are too many */
		if (line_count(all, line) - rest > line_count(b, line))
			*vec_push(w->arena, &w->changes) =
				arena_printf(w->arena, "%c %.*s", sign, STR_ARG(line));
	}
}

/* --- rules */

static bool holds(const struct rules *rules, const void *rule)
{
	return rules->n && (const char *)rule >= (const char *)rules->v &&
	       (const char *)rule < (const char *)(rules->v + rules->n);
}

static bool place_rule(struct witness_step *s, const struct proxy_conf *px, const struct rule *rule)
{
	if (!px)
		return false;
	s->proxy = px;
	for (int set = 0; set < RS_COUNT; set++) {
		s->set = (enum ruleset)set;
		if (holds(&px->rules[set], rule))
			return true;
	}
	s->list = holds(&px->redirects, rule) ? WL_REDIRECT : WL_STATS;
	return s->list == WL_REDIRECT || holds(&px->stats.http_req, rule);
}

static struct witness_step *step_add(struct witness *w, const void *rule, struct conf_pos pos, struct str text,
				     const struct cond *cond, bool matched)
{
	struct witness_step *s = vec_push(w->arena, &w->steps);

	*s = (struct witness_step){.rule = rule,
				   .pos = pos,
				   .text = text,
				   .cond = cond,
				   .matched = matched,
				   .first = w->terms_seen,
				   .n = w->terms.n - w->terms_seen,
				   .changes = w->changes.n};
	w->terms_seen = w->terms.n;
	w->matches_seen = w->matches.n;
	return s;
}

static void on_rule(void *ctx, struct eval *e, const struct rule *rule, bool matched)
{
	struct witness *w = ctx;
	struct witness_step *s = step_add(w, rule, rule->pos, rule->text, rule->cond, matched);

	if (!place_rule(s, e->backend, rule) && !place_rule(s, e->frontend, rule))
		s->proxy = e->frontend;
	if (matched)
		w->before = state_text(w, e);
}

static void note_variable(struct witness *w, struct eval *e, const struct rule *rule)
{
	struct sample s;

	if (!rule->var)
		return;
	if (var_get(e, rule->var, &s))
		*vec_push(w->arena, &w->changes) = arena_printf(
			w->arena, "var %.*s = %.*s", STR_ARG(rule->var->name), STR_ARG(value_text(w, e, &s)));
	else
		*vec_push(w->arena, &w->changes) =
			arena_printf(w->arena, "var %.*s is unset", STR_ARG(rule->var->name));
}

static void on_acted(void *ctx, struct eval *e, const struct rule *rule, int v)
{
	struct witness *w = ctx;
	struct witness_step *s = &w->steps.v[w->steps.n - 1];
	struct str after = state_text(w, e);

	s->verdict = v;
	put_lines(w, w->before, after, '-');
	put_lines(w, after, w->before, '+');
	note_variable(w, e, rule);
	s->nchanges = w->changes.n - s->changes;
}

static void on_switched(void *ctx, struct eval *e, const struct switch_rule *rule, bool matched)
{
	struct witness *w = ctx;
	struct witness_step *s = step_add(w, rule, rule->pos, rule->text, rule->cond, matched);
	bool server = rule->server != NULL;

	s->list = server ? WL_USE_SERVER : WL_USE_BACKEND;
	s->proxy = server && e->backend ? e->backend : e->frontend;
}

/* --- before it begins */

static const struct var_ref *var_find(const struct model *m, struct str name)
{
	static const char *const scopes[VAR_SCOPES] = {[VAR_PROC] = "proc.",
						       [VAR_SESS] = "sess.",
						       [VAR_TXN] = "txn.",
						       [VAR_REQ] = "req.",
						       [VAR_RES] = "res."};

	vec_each (v, &m->vars) {
		struct str scope = str_from(scopes[(*v)->scope]);

		if (str_starts(name, scope) && str_eq(str_tail(name, scope.len), (*v)->name))
			return *v;
	}
	return NULL;
}

static void vars_give(struct witness *w, struct eval *e)
{
	struct sample s;

	w->vars_of = e->vars[VAR_TXN];
	for (uint32_t i = 0; i < w->orders.nvars; i++) {
		const struct var_ref *ref = var_find(e->model, w->orders.vars[i].name);

		if (ref && e->vars[ref->scope] && sample_set_str(&s, w->orders.vars[i].value))
			var_set(e, ref, &s);
	}
}

/* What was looked at for something that is no list is nothing to report. */
static void on_prepare(void *ctx, struct eval *e)
{
	struct witness *w = ctx;

	w->terms_seen = w->terms.n;
	w->matches_seen = w->matches.n;
	if (w->orders.nvars && e->vars[VAR_TXN] && w->vars_of != e->vars[VAR_TXN])
		vars_give(w, e);
}

/* --- why not? */

/* The smallest number of ACLs of one alternative that are not as it wants them. */
static void way_find(struct witness *w, struct eval *e, const struct cond *cond, struct witness_way *way)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 0; cond && i < cond->n; i++) {
		const struct cond_and *and = &cond->ors[i];
		const struct cond_term **terms = ARENA_ARRAY(w->arena, const struct cond_term *, and->n + 1);
		uint32_t n = 0;

		for (uint32_t k = 0; k < and->n; k++)
			if (!cond_term_holds(e, &and->terms[k]))
				terms[n++] = &and->terms[k];
		if (n >= best)
			continue;
		best = n;
		way->terms = terms;
		way->n = n;
	}
}

/* `unless`: all alternatives that hold stand in the way; the ACLs of one suffice to name each. */
static void way_unless(struct witness *w, struct eval *e, const struct cond *cond, struct witness_way *way)
{
	way->terms = ARENA_ARRAY(w->arena, const struct cond_term *, cond->n + 1);
	for (uint32_t i = 0; i < cond->n; i++) {
		const struct cond_and *and = &cond->ors[i];
		uint32_t n = 0;

		while (n < and->n && cond_term_holds(e, &and->terms[n]))
			n++;
		if (n == and->n && n)
			way->terms[way->n++] = &and->terms[0];
	}
}

static bool leads_to(struct eval *e, const struct switch_rule *rule, struct str backend)
{
	if (rule->backend || !rule->dynamic)
		return rule->backend && str_eq(rule->backend->name, backend);
	return str_eq(logfmt_text(e, rule->dynamic), backend);
}

static void on_choosing(void *ctx, struct eval *e, const struct proxy_conf *fe)
{
	struct witness *w = ctx;
	const struct eval_observer *observer = e->observer;

	if (!w->orders.why_not.len || w->ways.n)
		return;
	e->observer = NULL;
	for (uint32_t i = 0; i < fe->use_backend.n; i++) {
		const struct switch_rule *rule = &fe->use_backend.v[i];
		struct witness_way *way;

		if (!leads_to(e, rule, w->orders.why_not))
			continue;
		way = vec_push(w->arena, &w->ways);
		*way = (struct witness_way){
			.pos = rule->pos, .text = rule->text, .hidden = cond_eval(e, rule->cond)};
		if (!way->hidden && rule->cond->unless)
			way_unless(w, e, rule->cond, way);
		else if (!way->hidden)
			way_find(w, e, rule->cond, way);
	}
	if (fe->default_backend && str_eq(fe->default_backend->name, w->orders.why_not))
		*vec_push(w->arena, &w->ways) =
			(struct witness_way){.text = STR("default_backend"), .hidden = true};
	e->observer = observer;
}

/* --- the end */

static bool rule_chose(const struct witness *w)
{
	for (uint32_t i = w->steps.n; i-- > 0;)
		if (w->steps.v[i].list == WL_USE_SERVER && w->steps.v[i].matched)
			return ((const struct switch_rule *)w->steps.v[i].rule)->server == w->server;
	return false;
}

static enum witness_choice choice_of(const struct witness *w, const struct eval *e)
{
	const struct stream *s = session_of((struct conn *)e->client_conn)->stream;

	if (!w->server)
		return WC_NONE;
	if (!s->server.preferred)
		return WC_BALANCE;
	if (rule_chose(w))
		return WC_USE_SERVER;
	return e->log->cookie_cli == 'V' || e->log->cookie_cli == 'D' || e->log->cookie_cli == 'E' ? WC_COOKIE
												   : WC_TABLE;
}

void witness_over(void *ctx, struct eval *e)
{
	struct witness *w = ctx;
	const struct log_record *log = e->log;

	w->over = true;
	w->frontend = e->frontend;
	w->backend = e->backend;
	w->server = e->server;
	w->last_rule = e->last_rule ? *e->last_rule : NULL;
	w->choice = choice_of(w, e);
	w->status = log->status == LOG_STATUS_ZERO ? 0 : log->status;
	w->retries = log->retries;
	w->redispatched = log->redispatched;
	memcpy(w->letters, (char[]){log->cause, log->state, log->cookie_cli, log->cookie_srv}, 4);
	w->unique_id = keep(w, log->unique_id);
	w->logged_server = keep(w, log->server);
}

bool witness_begin(struct witness *w, const struct witness_orders *orders)
{
	struct eval_observer observer = w->observer;

	arena_free(&w->arena);
	*w = (struct witness){.arena = arena_new(), .observer = observer};
	if (orders)
		w->orders = *orders;
	return w->arena;
}

bool witness_init(struct witness *w)
{
	*w = (struct witness){
		.observer = {.prepare = on_prepare,
			     .rule = on_rule,
			     .acted = on_acted,
			     .choosing = on_choosing,
			     .switched = on_switched,
			     .term = on_term,
			     .match = on_match,
			     .walks = true,
			     .ctx = w},
	};
	return witness_begin(w, NULL);
}

void witness_free(struct witness *w)
{
	arena_free(&w->arena);
}

/* --- words */

const char *witness_list_name(const struct witness_step *s)
{
	switch (s->list) {
	case WL_REDIRECT:
		return "redirect";
	case WL_STATS:
		return "stats http-request";
	case WL_USE_BACKEND:
		return "use_backend";
	case WL_USE_SERVER:
		return "use-server";
	default:
		return ruleset_name(s->set);
	}
}

const char *witness_verdict(int verdict)
{
	static const char *const words[] = {
		[V_CONTINUE] = "",
		[V_ALLOW] = "accepted: the list ends",
		[V_DENY] = "denied",
		[V_TARPIT] = "tarpitted",
		[V_RETURN] = "answered",
		[V_REDIRECT] = "redirected",
		[V_REJECT] = "rejected",
		[V_SILENT_DROP] = "dropped in silence",
		[V_AUTH] = "asks for a password",
		[V_SERVICE] = "answered by a service",
		[V_WAIT] = "waits",
		[V_INVALID] = "refused as invalid",
		[V_ERROR] = "failed",
	};

	return words[verdict];
}
