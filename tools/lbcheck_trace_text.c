/* `lbcheck trace` for people: rule by rule, in the order in which the request met them. See lbcheck_trace.h. */
#include "tools/lbcheck_trace.h"

#include "grammar/rows.h"
#include "runtime/net/address.h"

/* Bytes that a terminal should not get become dots. */
static void put_safe(struct out *o, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		out_char(o, (unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f ? '.' : s.ptr[i]);
}

static void put_address(struct out *o, const union addr *a)
{
	struct sockaddr_storage ss = {0};
	char text[ADDRESS_TEXT];

	memcpy(&ss, a, address_len(a));
	out_puts(o, address_text(&ss, address_len(a), text));
}

static void put_title(struct out *o, const struct trace *t)
{
	struct str bytes = t->visit.bytes;

	put_safe(o, str_sub(bytes, 0, str_chr(bytes, '\r')));
	out_puts(o, "\nfrom ");
	put_address(o, &t->visit.src);
	out_puts(o, " to ");
	put_address(o, &t->visit.dst);
	out_printf(o, ", frontend %.*s (", STR_ARG(t->visit.bind->proxy->name));
	trace_put_pos(o, t->model, t->visit.bind->pos);
	out_puts(o, ")\n");
}

static void put_match(struct out *o, const struct witness_match *m, bool named)
{
	out_puts(o, "             ");
	if (named) {
		put_safe(o, m->line->text);
		out_puts(o, ": ");
	}
	put_safe(o, m->line->sample->text);
	if (!m->value.ptr) {
		out_puts(o, " has no value\n");
		return;
	}
	out_puts(o, " is \"");
	put_safe(o, m->value);
	out_char(o, '"');
	if (m->pattern.len) {
		out_puts(o, ", matches ");
		put_safe(o, m->pattern);
	}
	out_char(o, '\n');
}

static void put_terms(struct out *o, const struct witness *w, const struct witness_step *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct witness_term *term = &w->terms.v[s->first + i];

		out_printf(o, "         %-3s ", term->result ? "yes" : "no");
		trace_put_term(o, term->term);
		out_char(o, '\n');
		for (uint32_t k = 0; k < term->n; k++)
			put_match(o, &w->matches.v[term->first + k], term->term->acl->name.len);
	}
}

static void put_step(struct out *o, const struct trace *t, const struct witness_step *s)
{
	const struct witness *w = &t->witness;

	out_printf(o, "  %s ", s->matched ? "=>" : "  ");
	trace_put_pos(o, t->model, s->pos);
	out_puts(o, "  ");
	put_safe(o, s->text);
	out_char(o, '\n');
	put_terms(o, w, s);
	for (uint32_t i = 0; i < s->nchanges; i++) {
		out_puts(o, "         ");
		put_safe(o, w->changes.v[s->changes + i]);
		out_char(o, '\n');
	}
	if (s->matched && *witness_verdict(s->verdict))
		out_printf(o, "         %s\n", witness_verdict(s->verdict));
}

static const char *role(const struct trace *t, const struct proxy_conf *px)
{
	if (px->role == ROLE_LISTEN)
		return "listen";
	return px == t->visit.bind->proxy ? "frontend" : "backend";
}

static void put_backend(struct out *o, const struct trace *t)
{
	const struct witness_step *step = trace_backend_step(t);

	out_printf(o, "\nbackend %.*s: ", STR_ARG(t->witness.backend->name));
	if (step) {
		out_puts(o, "use_backend at ");
		trace_put_pos(o, t->model, step->pos);
	} else if (t->witness.backend == t->visit.bind->proxy) {
		out_puts(o, "the listen section itself");
	} else {
		out_puts(o, "default_backend, no use_backend line held");
	}
	out_char(o, '\n');
}

static bool is_response(const struct witness_step *s)
{
	return s->list == WL_RULES && s->set >= RS_TCP_RES_CONT;
}

static void put_tries(struct out *o, const struct trace *t)
{
	for (uint32_t i = 0; i < t->outcome.ntries; i++) {
		const struct stage_try *try = &t->outcome.tries[i];

		out_printf(o, "  %s to %.*s%s\n", i ? "then" : "sent", STR_ARG(try->server->conf->name),
			   try->refused ? ", which refused the connection" : "");
	}
}

static void put_server(struct out *o, const struct trace *t)
{
	const struct witness *w = &t->witness;

	if (!w->server) {
		if (w->backend && !t->outcome.ntries)
			out_puts(o, "\nno server was needed, or none can take requests\n");
		return;
	}
	out_printf(o, "\nserver %.*s/%.*s (", STR_ARG(w->backend->name), STR_ARG(w->server->name));
	trace_put_pos(o, t->model, w->server->pos);
	out_puts(o, "): ");
	trace_put_choice(o, t);
	out_char(o, '\n');
	if (t->outcome.ntries > 1 || w->retries)
		put_tries(o, t);
}

static void put_steps(struct out *o, const struct trace *t, bool response)
{
	const struct witness_step *last = NULL;
	bool chosen = false;

	vec_each (s, &t->witness.steps) {
		if (is_response(s) != response)
			continue;
		if (!response && !chosen && t->witness.backend && last && s->proxy != last->proxy) {
			put_backend(o, t);
			chosen = true;
		}
		if (!last || last->proxy != s->proxy || last->list != s->list || last->set != s->set)
			out_printf(o, "\n%s %.*s: %s\n", role(t, s->proxy), STR_ARG(s->proxy->name),
				   witness_list_name(s));
		put_step(o, t, s);
		last = s;
	}
	if (!response && !chosen && t->witness.backend)
		put_backend(o, t);
}

static void put_block(struct out *o, const char *title, struct str text)
{
	if (!text.len)
		return;
	out_printf(o, "\n%s\n", title);
	while (text.len) {
		size_t end = str_chr(text, '\n');
		struct str line = str_sub(text, 0, end);

		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		out_puts(o, "  ");
		put_safe(o, line);
		out_char(o, '\n');
		text = str_tail(text, end + 1);
	}
}

static void put_result(struct out *o, const struct trace *t)
{
	const struct witness *w = &t->witness;

	out_puts(o, "\nresult: ");
	if (!w->over) {
		out_puts(o, t->outcome.closed ? "the connection was closed before there was a request\n"
					      : "nothing more happens\n");
		return;
	}
	if (w->status)
		out_printf(o, "%u ", w->status);
	out_printf(o, "%.4s", w->letters);
	if (w->last_rule) {
		out_puts(o, ", decided at ");
		trace_put_pos(o, t->model, w->last_rule->pos);
	}
	if (t->outcome.ms)
		out_printf(o, ", after %llu ms", (unsigned long long)t->outcome.ms);
	out_char(o, '\n');
}

static void put_way(struct out *o, const struct trace *t, const struct witness_way *way)
{
	out_puts(o, "  ");
	if (way->pos.line) {
		trace_put_pos(o, t->model, way->pos);
		out_puts(o, "  ");
	}
	put_safe(o, way->text);
	out_puts(o, way->hidden ? "\n    holds, but another line was first: " : "\n    would have needed:\n");
	if (way->hidden && trace_backend_step(t))
		trace_put_pos(o, t->model, trace_backend_step(t)->pos);
	if (way->hidden)
		out_char(o, '\n');
	for (uint32_t i = 0; i < way->n; i++) {
		out_puts(o, "      ");
		trace_put_term(o, way->terms[i]);
		out_char(o, '\n');
	}
}

static void put_why_not(struct out *o, const struct trace *t)
{
	const struct witness *w = &t->witness;

	if (!w->orders.why_not.len)
		return;
	out_printf(o, "\nwhy not %.*s\n", STR_ARG(w->orders.why_not));
	if (w->backend && str_eq(w->backend->name, w->orders.why_not))
		out_puts(o, "  it is the backend that was chosen\n");
	else if (!w->backend)
		out_puts(o, "  no backend was chosen: it was over before that\n");
	else if (!w->ways.n)
		out_puts(o, "  no line of the frontend leads to it\n");
	vec_each (way, &w->ways)
		if (!w->backend || !str_eq(w->backend->name, w->orders.why_not))
			put_way(o, t, way);
}

struct listing {
	struct out *o;
	const struct trace *t;
	bool begun;
};

static void put_unmet(void *ctx, const struct trace_unmet *u)
{
	struct listing *l = ctx;

	if (!l->begun)
		out_puts(l->o, "\nnot evaluated\n");
	l->begun = true;
	out_puts(l->o, "  ");
	trace_put_pos(l->o, l->t->model, u->pos);
	out_puts(l->o, "  ");
	put_safe(l->o, u->text);
	out_char(l->o, '\n');
}

static void put_assumed(void *ctx, struct str sentence)
{
	struct listing *l = ctx;

	if (!l->begun)
		out_puts(l->o, "\nassumed\n");
	l->begun = true;
	out_puts(l->o, "  ");
	put_safe(l->o, sentence);
	out_char(l->o, '\n');
}

void trace_text(struct out *o, const struct trace *t)
{
	const struct stage_outcome *oc = &t->outcome;
	struct listing unmet = {o, t, false}, assumed = {o, t, false};

	put_title(o, t);
	put_steps(o, t, false);
	put_server(o, t);
	put_steps(o, t, true);
	put_result(o, t);
	if (oc->ntries && oc->tries[oc->ntries - 1].header.len)
		out_printf(o, "\nthe server received a PROXY header of %zu bytes\n",
			   oc->tries[oc->ntries - 1].header.len);
	if (oc->ntries)
		put_block(o, "the server received", trace_head(oc->tries[oc->ntries - 1].got));
	put_block(o, "the client received", trace_head(oc->response));
	put_block(o, "logged", oc->log);
	put_why_not(o, t);
	trace_unmet_each(t, put_unmet, &unmet);
	trace_assumed_each(t, put_assumed, &assumed);
}
