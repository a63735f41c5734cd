/* A request is played as `lbcheck trace` plays it (tools/lbcheck_play.h), and what would be noticed of it is
 * kept. See fate.h. */
#include "tools/fate.h"

#include <string.h>

#include "runtime/net/address.h"
#include "tools/lbcheck_trace.h"

enum { TEXT_MAX = 1 << 20 };

/* --- what is seen */

static void on_acted(void *ctx, struct eval *e, const struct rule *rule, int v)
{
	struct fate_side *s = ctx;

	(void)e;
	if (v != V_CONTINUE)
		s->end.decided = rule->pos;
}

static void on_switched(void *ctx, struct eval *e, const struct switch_rule *rule, bool matched)
{
	struct fate_side *s = ctx;

	(void)e;
	if (matched && !rule->server)
		s->end.decided = rule->pos;
}

static void on_over(void *ctx, struct eval *e)
{
	struct fate_end *end = &((struct fate_side *)ctx)->end;

	end->over = true;
	end->status = e->log->status;
	end->frontend = e->frontend;
	end->backend = e->backend;
	end->server = e->server;
}

static bool stage_make(struct fate_side *s)
{
	struct stage_options o = {.wall_ms = s->wall_ms, .proxy_header = true};

	s->stage = stage_new((struct model *)(uintptr_t)s->model, &o);
	if (s->stage)
		stage_observe(s->stage, &s->observer, on_over, s);
	return s->stage;
}

bool fate_begin(struct fate_side *s, const struct model *m, uint64_t wall_ms)
{
	*s = (struct fate_side){.model = m, .wall_ms = wall_ms};
	s->observer = (struct eval_observer){.acted = on_acted, .switched = on_switched, .ctx = s};
	return stage_make(s);
}

void fate_leave(struct fate_side *s)
{
	stage_free(&s->stage);
}

bool fate_again(struct fate_side *s)
{
	stage_free(&s->stage);
	return stage_make(s);
}

/* --- the same request here */

/* The bind of this side at the same address; else one of the frontend of that name. */
static const struct bind_conf *bind_here(const struct fate_side *s, const struct bind_conf *wanted)
{
	vec_each (px, &s->model->proxies)
		vec_each (b, &(*px)->binds)
			if (!(*px)->disabled && str_eq((*b)->addr.text, wanted->addr.text) &&
			    (*b)->addr.port == wanted->addr.port)
				return *b;
	return NULL;
}

static bool play_wish(struct fate_side *s, struct arena *a, const struct wish *w, const struct bind_conf *b,
		      struct stage_outcome *outcome)
{
	struct stage_visit v;
	struct play p;
	struct str reply;

	play_init(&p, a, s->model);
	p.method = w->method.len ? w->method : p.method;
	p.target = w->path.len ? w->path : p.target;
	if (w->query.len)
		p.target = arena_printf(a, "%.*s?%.*s", STR_ARG(p.target), STR_ARG(w->query));
	p.host = w->host.len ? w->host : STR("localhost");
	p.tls = b->ssl;
	p.bind = b->addr.text.len ? b->addr.text : b->proxy->name;
	for (uint32_t i = 0; i < w->nheaders; i++)
		*vec_push(a, &p.headers) = w->headers[i];
	if (w->src.len && !play_address(&p, w->src, &p.src))
		p.src.family = AF_UNSPEC;
	if (!play_build(&p, &v, &reply))
		return false;
	stage_reply(s->stage, reply);
	s->end = (struct fate_end){0};
	return stage_visit(s->stage, &v, outcome);
}

/* --- what is noticed */

static struct str body_of(struct str message)
{
	size_t head = trace_head(message).len;

	return head + 2 <= message.len ? str_tail(message, head + 2) : STR("");
}

static void fate_note(struct fate *f, struct arena *a, const struct fate_end *end,
		      const struct stage_outcome *o)
{
	f->over = end->over;
	f->status = end->status;
	f->decided = end->decided;
	if (end->frontend)
		f->frontend = end->frontend->name;
	if (end->backend)
		f->backend = end->backend->name;
	if (end->server)
		f->server = end->server->name;
	if (o->ntries)
		f->got = arena_str(a, trace_head(o->tries[o->ntries - 1].got));
	f->response = arena_str(a, trace_head(o->response));
	if (!end->server)
		f->body = arena_str(a, body_of(o->response));
}

bool fate_find(struct fate_side *s, struct arena *a, const struct wish *w, struct fate *f)
{
	const struct bind_conf *b = bind_here(s, w->bind);
	struct stage_outcome outcome;

	*f = (struct fate){.heard = b != NULL};
	if (!b)
		return true;
	f->frontend = b->proxy->name;
	if (!play_wish(s, a, w, b, &outcome))
		return false;
	fate_note(f, a, &s->end, &outcome);
	return true;
}

/* --- comparing */

static struct str next_line(struct str *text)
{
	size_t end = str_chr(*text, '\n');
	struct str line = str_sub(*text, 0, end);

	*text = str_tail(*text, end + 1);
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool has_line(struct str text, struct str wanted)
{
	while (text.len)
		if (str_eq(next_line(&text), wanted))
			return true;
	return false;
}

/* The first lines say what is told elsewhere, but for a request's. */
void fate_fields_each(struct str before, struct str after, void (*each)(void *ctx, char sign, struct str line),
		      void *ctx)
{
	struct str text = before;

	while (text.len) {
		struct str line = next_line(&text);

		if (!has_line(after, line))
			each(ctx, '-', line);
	}
	for (text = after; text.len;) {
		struct str line = next_line(&text);

		if (!has_line(before, line))
			each(ctx, '+', line);
	}
}

struct naming {
	struct out *o;
	const char *where;
};

static void name_add(struct out *o, const char *what)
{
	out_printf(o, "%s%s", o->len ? ", " : "", what);
}

static void name_field(void *ctx, char sign, struct str line)
{
	struct naming *n = ctx;
	struct str name = str_sub(line, 0, str_chr(line, ':')), now = out_get(n->o);
	char text[160];
	struct out o = out_fixed(text, sizeof(text) - 1);

	(void)sign;
	if (name.len == line.len)
		out_printf(&o, "the first line %s", n->where);
	else
		out_printf(&o, "`%.*s` %s", STR_ARG(name), n->where);
	text[o.len] = 0;
	if (!now.len || !memmem(now.ptr, now.len, text, o.len))
		name_add(n->o, text);
}

struct str fate_difference(struct arena *a, const struct fate *x, const struct fate *y)
{
	struct out o = out_growing(TEXT_MAX);
	struct naming server = {&o, "to the server"}, client = {&o, "to the client"};
	struct str text;

	if (x->heard != y->heard || x->over != y->over)
		name_add(&o, "the connection");
	if (!str_eq(x->frontend, y->frontend))
		name_add(&o, "frontend");
	if (!str_eq(x->backend, y->backend))
		name_add(&o, "backend");
	if (!str_eq(x->server, y->server))
		name_add(&o, "server");
	if (x->status != y->status)
		name_add(&o, "status");
	fate_fields_each(x->got.len && y->got.len ? x->got : STR(""),
			 x->got.len && y->got.len ? y->got : STR(""), name_field, &server);
	if (x->status == y->status)
		fate_fields_each(x->response, y->response, name_field, &client);
	if (x->status == y->status && !str_eq(x->body, y->body))
		name_add(&o, "the answer");
	text = o.len ? arena_str(a, out_get(&o)) : STR("");
	out_free(&o);
	return text;
}

void fate_put(struct out *o, const struct fate *f)
{
	if (!f->heard) {
		out_puts(o, "nobody listens");
		return;
	}
	out_printf(o, "frontend %.*s", STR_ARG(f->frontend));
	if (f->backend.len && !str_eq(f->backend, f->frontend))
		out_printf(o, ", backend %.*s", STR_ARG(f->backend));
	if (f->server.len)
		out_printf(o, ", server %.*s", STR_ARG(f->server));
	if (f->status)
		out_printf(o, ", %u", f->status);
	else if (!f->over)
		out_puts(o, ", closed");
}
