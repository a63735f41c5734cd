/* `lbcheck trace --json`: one object a request. See lbcheck_trace.h. */
#include "tools/lbcheck_trace.h"

#include "grammar/rows.h"
#include "runtime/stage/witness.h"

static void put_key(struct out *o, const char *key)
{
	out_printf(o, "%s\"%s\":", o->len && o->buf[o->len - 1] != '{' ? "," : "", key);
}

static void put_str(struct out *o, const char *key, struct str s)
{
	put_key(o, key);
	if (s.ptr)
		out_json(o, s);
	else
		out_puts(o, "null");
}

static void put_bool(struct out *o, const char *key, bool b)
{
	put_key(o, key);
	out_puts(o, b ? "true" : "false");
}

static void put_number(struct out *o, const char *key, uint64_t n)
{
	put_key(o, key);
	out_printf(o, "%llu", (unsigned long long)n);
}

static void put_pos(struct out *o, const struct trace *t, struct conf_pos pos)
{
	char space[4096];
	struct out file = out_fixed(space, sizeof(space));

	trace_put_pos(&file, t->model, (struct conf_pos){pos.source, 0});
	put_str(o, "file", out_get(&file));
	put_number(o, "line", pos.line);
}

static void put_term_text(struct out *o, const struct trace *t, const struct cond_term *term)
{
	struct out text = out_growing(1 << 20);

	(void)t;
	trace_put_term(&text, term);
	out_json(o, out_get(&text));
	out_free(&text);
}

static void put_match(struct out *o, const struct witness_match *m)
{
	out_char(o, '{');
	put_str(o, "acl", m->line->text);
	put_str(o, "sample", m->line->sample->text);
	put_str(o, "value", m->value);
	put_bool(o, "matched", m->pattern.ptr);
	put_str(o, "pattern", m->pattern);
	out_char(o, '}');
}

static void put_terms(struct out *o, const struct trace *t, const struct witness_step *s)
{
	put_key(o, "conditions");
	out_char(o, '[');
	for (uint32_t i = 0; i < s->n; i++) {
		const struct witness_term *term = &t->witness.terms.v[s->first + i];

		out_puts(o, i ? ",{" : "{");
		put_key(o, "acl");
		put_term_text(o, t, term->term);
		put_bool(o, "holds", term->result);
		put_key(o, "values");
		out_char(o, '[');
		for (uint32_t k = 0; k < term->n; k++) {
			out_puts(o, k ? "," : "");
			put_match(o, &t->witness.matches.v[term->first + k]);
		}
		out_puts(o, "]}");
	}
	out_char(o, ']');
}

static void put_step(struct out *o, const struct trace *t, const struct witness_step *s)
{
	out_char(o, '{');
	put_str(o, "proxy", s->proxy->name);
	put_str(o, "list", str_from(witness_list_name(s)));
	put_pos(o, t, s->pos);
	put_str(o, "text", s->text);
	put_bool(o, "matched", s->matched);
	put_terms(o, t, s);
	put_key(o, "changes");
	out_char(o, '[');
	for (uint32_t i = 0; i < s->nchanges; i++) {
		out_puts(o, i ? "," : "");
		out_json(o, t->witness.changes.v[s->changes + i]);
	}
	out_char(o, ']');
	if (s->matched && s->verdict)
		put_str(o, "verdict", str_from(witness_verdict(s->verdict)));
	out_char(o, '}');
}

static void put_steps(struct out *o, const struct trace *t)
{
	put_key(o, "steps");
	out_char(o, '[');
	for (uint32_t i = 0; i < t->witness.steps.n; i++) {
		out_puts(o, i ? "," : "");
		put_step(o, t, &t->witness.steps.v[i]);
	}
	out_char(o, ']');
}

static void put_server(struct out *o, const struct trace *t)
{
	const struct witness *w = &t->witness;
	struct out why = out_growing(1 << 16);

	put_str(o, "server", w->server ? w->server->name : STR_NONE);
	trace_put_choice(&why, t);
	put_str(o, "server_why", w->server ? out_get(&why) : STR_NONE);
	out_free(&why);
}

static void put_tries(struct out *o, const struct trace *t)
{
	put_key(o, "tries");
	out_char(o, '[');
	for (uint32_t i = 0; i < t->outcome.ntries; i++) {
		const struct stage_try *try = &t->outcome.tries[i];

		out_puts(o, i ? ",{" : "{");
		put_str(o, "server", try->server->conf->name);
		put_bool(o, "refused", try->refused);
		put_number(o, "proxy_header", try->header.len);
		put_str(o, "received", try->got);
		put_str(o, "body", try->body);
		out_char(o, '}');
	}
	out_char(o, ']');
}

static void put_ways(struct out *o, const struct trace *t)
{
	const struct witness *w = &t->witness;

	if (!w->orders.why_not.len)
		return;
	put_key(o, "why_not");
	out_char(o, '[');
	for (uint32_t i = 0; i < w->ways.n; i++) {
		const struct witness_way *way = &w->ways.v[i];

		out_puts(o, i ? ",{" : "{");
		put_pos(o, t, way->pos);
		put_str(o, "text", way->text);
		put_bool(o, "hidden", way->hidden);
		put_key(o, "needed");
		out_char(o, '[');
		for (uint32_t k = 0; k < way->n; k++) {
			out_puts(o, k ? "," : "");
			put_term_text(o, t, way->terms[k]);
		}
		out_puts(o, "]}");
	}
	out_char(o, ']');
}

struct listing {
	struct out *o;
	const struct trace *t;
	bool begun;
};

static void put_unmet(void *ctx, const struct trace_unmet *u)
{
	struct listing *l = ctx;

	out_puts(l->o, l->begun ? ",{" : "{");
	l->begun = true;
	put_str(l->o, "proxy", u->proxy->name);
	put_str(l->o, "list", str_from(u->list));
	put_pos(l->o, l->t, u->pos);
	put_str(l->o, "text", u->text);
	out_char(l->o, '}');
}

static void put_assumed(void *ctx, struct str sentence)
{
	struct listing *l = ctx;

	out_puts(l->o, l->begun ? "," : "");
	l->begun = true;
	out_json(l->o, sentence);
}

static void put_lists(struct out *o, const struct trace *t)
{
	struct listing unmet = {o, t, false}, assumed = {o, t, false};

	put_key(o, "not_evaluated");
	out_char(o, '[');
	trace_unmet_each(t, put_unmet, &unmet);
	out_char(o, ']');
	put_key(o, "assumed");
	out_char(o, '[');
	trace_assumed_each(t, put_assumed, &assumed);
	out_char(o, ']');
}

static void put_end(struct out *o, const struct trace *t)
{
	const struct witness *w = &t->witness;

	put_str(o, "frontend", t->visit.bind->proxy->name);
	put_str(o, "backend", w->backend ? w->backend->name : STR_NONE);
	put_number(o, "status", w->status);
	put_str(o, "letters", str_make(w->letters, w->over ? 4 : 0));
	put_key(o, "rule");
	if (w->last_rule) {
		out_char(o, '{');
		put_pos(o, t, w->last_rule->pos);
		put_str(o, "text", w->last_rule->text);
		out_char(o, '}');
	} else {
		out_puts(o, "null");
	}
	put_number(o, "ms", t->outcome.ms);
	put_str(o, "log", t->outcome.log.ptr ? t->outcome.log : STR(""));
}

void trace_json(struct out *o, const struct trace *t, bool brief)
{
	out_char(o, '{');
	put_str(o, "request", str_sub(t->visit.bytes, 0, str_chr(t->visit.bytes, '\r')));
	put_end(o, t);
	if (brief) {
		put_str(o, "server", t->witness.server ? t->witness.server->name : STR_NONE);
	} else {
		put_server(o, t);
		put_steps(o, t);
		put_tries(o, t);
		put_str(o, "response", t->outcome.response);
		put_ways(o, t);
		put_lists(o, t);
	}
	out_puts(o, "}\n");
}
