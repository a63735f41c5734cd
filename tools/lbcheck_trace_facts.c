/* What both forms of a trace say. See lbcheck_trace.h. */
#include "tools/lbcheck_trace.h"

#include "grammar/rows.h"
#include "runtime/stage/witness.h"

void trace_put_pos(struct out *o, const struct model *m, struct conf_pos pos)
{
	struct str file =
		pos.source && pos.source <= m->nsources ? m->source_names[pos.source - 1] : STR("built in");

	out_str(o, file);
	if (pos.line)
		out_printf(o, ":%u", pos.line);
}

void trace_put_term(struct out *o, const struct cond_term *term)
{
	if (term->negated)
		out_char(o, '!');
	if (term->acl->name.len)
		out_str(o, term->acl->name);
	else if (term->acl->exprs.n)
		out_printf(o, "{ %.*s }", STR_ARG(term->acl->exprs.v[0]->text));
}

const struct witness_step *trace_backend_step(const struct trace *t)
{
	for (uint32_t i = 0; i < t->witness.steps.n; i++) {
		const struct witness_step *s = &t->witness.steps.v[i];

		if (s->list == WL_USE_BACKEND && s->matched)
			return s;
	}
	return NULL;
}

static void put_use_server(struct out *o, const struct trace *t)
{
	for (uint32_t i = t->witness.steps.n; i-- > 0;) {
		const struct witness_step *s = &t->witness.steps.v[i];

		if (s->list != WL_USE_SERVER || !s->matched)
			continue;
		out_puts(o, "use-server at ");
		trace_put_pos(o, t->model, s->pos);
		return;
	}
}

void trace_put_choice(struct out *o, const struct trace *t)
{
	const struct proxy_conf *be = t->witness.backend;
	uint32_t usable = 0;

	switch (t->witness.choice) {
	case WC_NONE:
		out_puts(o, "none");
		return;
	case WC_USE_SERVER:
		put_use_server(o, t);
		return;
	case WC_COOKIE:
		out_printf(o, "the request's cookie %.*s names it", STR_ARG(be->cookie.name));
		return;
	case WC_TABLE:
		out_puts(o, "a stick table remembers it");
		return;
	case WC_BALANCE:
		break;
	}
	for (uint32_t i = 0; i < be->servers.n; i++) {
		struct str name =
			arena_printf(t->arena, "%.*s/%.*s", STR_ARG(be->name), STR_ARG(be->servers.v[i]->name));
		struct server *s = stage_server(t->stage, name);

		usable += s && server_is_usable(s);
	}
	out_printf(o, "balance %s, %u of %u servers can take requests", balance_name(be->balance.kind), usable,
		   be->servers.n);
}

/* --- what was not met */

static bool was_met(const struct witness *w, const void *rule)
{
	for (uint32_t i = 0; i < w->steps.n; i++)
		if (w->steps.v[i].rule == rule)
			return true;
	return false;
}

struct unmet_walk {
	const struct trace *t;
	void (*each)(void *ctx, const struct trace_unmet *u);
	void *ctx;
};

static void unmet_rules(struct unmet_walk *u, const struct proxy_conf *px, const char *list,
			const struct rules *rules)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct rule *r = &rules->v[i];
		struct trace_unmet unmet = {.proxy = px, .list = list, .pos = r->pos, .text = r->text};

		if (!was_met(&u->t->witness, r))
			u->each(u->ctx, &unmet);
	}
}

static void unmet_switches(struct unmet_walk *u, const struct proxy_conf *px, const char *list,
			   const struct switch_rule *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct trace_unmet unmet = {.proxy = px, .list = list, .pos = v[i].pos, .text = v[i].text};

		if (!was_met(&u->t->witness, &v[i]))
			u->each(u->ctx, &unmet);
	}
}

static void unmet_proxy(struct unmet_walk *u, const struct proxy_conf *px, enum proxy_role as)
{
	for (int set = 0; set < RS_TCP_RES_CONT; set++)
		unmet_rules(u, px, ruleset_name((enum ruleset)set), &px->rules[set]);
	unmet_rules(u, px, "redirect", &px->redirects);
	if (as & ROLE_FRONTEND)
		unmet_switches(u, px, "use_backend", px->use_backend.v, px->use_backend.n);
	if (as & ROLE_BACKEND)
		unmet_switches(u, px, "use-server", px->use_server.v, px->use_server.n);
	for (int set = RS_TCP_RES_CONT; set < RS_COUNT; set++)
		unmet_rules(u, px, ruleset_name((enum ruleset)set), &px->rules[set]);
}

void trace_unmet_each(const struct trace *t, void (*each)(void *ctx, const struct trace_unmet *u), void *ctx)
{
	const struct proxy_conf *fe = t->visit.bind->proxy, *be = t->witness.backend;
	struct unmet_walk u = {t, each, ctx};

	unmet_proxy(&u, fe, be == fe ? ROLE_LISTEN : ROLE_FRONTEND);
	if (be && be != fe)
		unmet_proxy(&u, be, ROLE_BACKEND);
}

/* --- what had to be assumed */

/* Fetches whose values only live traffic has. */
static bool is_live(struct str fetch)
{
	static const char *const names[] = {
		"be_conn",   "fe_conn",       "queue",        "avg_queue",    "connslots",   "nbsrv",
		"srv_conn",  "srv_queue",     "fe_sess_rate", "be_sess_rate", "fe_req_rate", "be_conn_free",
		"srv_is_up", "srv_sess_rate", "rand",         "fc_rtt",       "fc_rttvar",   "uuid"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_starts(fetch, str_from(names[i])) &&
		    (fetch.len == strlen(names[i]) || strchr("(,", fetch.ptr[strlen(names[i])])))
			return true;
	return str_starts(fetch, STR("sc")) && str_chr(fetch, '_') < 4;
}

static bool seen_before(const struct witness *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (w->matches.v[i].line->sample == w->matches.v[n].line->sample)
			return true;
	return false;
}

void trace_assumed_each(const struct trace *t, void (*each)(void *ctx, struct str sentence), void *ctx)
{
	const struct witness *w = &t->witness;

	vec_each (s, &t->play.assumed)
		each(ctx, *s);
	for (uint32_t i = 0; i < w->matches.n; i++) {
		const struct witness_match *m = &w->matches.v[i];

		struct str value = m->value.ptr ? m->value : STR("absent");

		if (is_live(m->line->sample->text) && !seen_before(w, i))
			each(ctx, arena_printf(t->arena, "%.*s is %.*s: nothing else is going on",
					       STR_ARG(m->line->sample->text), STR_ARG(value)));
	}
	if (w->server && w->server->ssl)
		each(ctx, STR("servers are spoken to in clear: TLS with them is not played"));
	if (w->server && w->server->check && !t->states.n)
		each(ctx, STR("all servers are up: health checks are not played (--state says otherwise)"));
	if (stage_tls_note(t->stage, t->visit.bind))
		each(ctx, str_from(stage_tls_note(t->stage, t->visit.bind)));
	if (!t->wall_ms)
		each(ctx, STR("it is now (--at says otherwise)"));
}

struct str trace_head(struct str message)
{
	const char *end = message.len ? memmem(message.ptr, message.len, "\r\n\r\n", 4) : NULL;

	return end ? str_make(message.ptr, (size_t)(end - message.ptr) + 2) : message;
}
