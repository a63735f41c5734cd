/* What a scenario says in HAProxy's words becomes a configuration of HAProxy's and is judged by the checker, so
 * that servers and algorithms mean here exactly what they mean there. Messages of the checker are moved to the
 * words of the scenario that they are about. One thread. */
#include "runtime/lab/scenario_read.h"

static bool needs_quotes(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (strchr(" \t#\\\"'$", text.ptr[i]))
			return true;
	return !text.len;
}

void lab_made_word(struct scenario *s, struct lab_made *m, const struct lab_word *w)
{
	bool quotes = needs_quotes(w->text);

	out_char(&m->text, ' ');
	*vec_push(s->arena, &m->pieces) = (struct lab_piece){(uint32_t)m->text.len, w->span};
	for (size_t i = 0; i < w->text.len; i++) {
		if (quotes && strchr(" \t#\\\"'", w->text.ptr[i]))
			out_char(&m->text, '\\');
		out_char(&m->text, w->text.ptr[i]);
	}
	if (!w->text.len)
		out_puts(&m->text, "\"\"");
}

/* Where the byte comes from: the last piece that begins before it. */
static struct span origin_of(const struct lab_made *m, uint32_t off)
{
	struct span from = SPAN_NONE;

	vec_each (p, &m->pieces)
		if (p->at <= off || !from.source)
			from = p->from;
	return from;
}

static void repeat(struct scenario *s, const struct lab_made *m, const struct diag *g)
{
	struct diag *mine =
		diag_add(&s->diags, g->code, origin_of(m, g->span.off), "%.*s", STR_ARG(g->message));

	vec_each (help, &g->helps)
		diag_help(&s->diags, mine, "%.*s", STR_ARG(*help));
	vec_each (note, &g->notes)
		diag_note(&s->diags, mine, "%.*s", STR_ARG(*note));
}

struct loaded *lab_made_load(struct scenario *s, struct lab_made *m, const struct load_options *options)
{
	struct loaded *l = m->text.truncated ? NULL : load_text(STR("scenario"), out_get(&m->text), options);
	uint32_t before = s->diags.errors;

	if (!l) {
		diag_add(&s->diags, D_OUT_OF_MEMORY, SPAN_NONE, "out of memory");
		return NULL;
	}
	vec_each (g, &l->diags.list)
		if ((*g)->severity == SEV_ERROR && s->diags.errors == before)
			repeat(s, m, *g);
	if (!l->diags.errors && l->model)
		return l;
	loaded_free(&l);
	return NULL;
}

const struct proxy_conf *lab_backend(const struct loaded *l, struct str name)
{
	const struct model *m = l->model;

	for (uint32_t i = 0; i < m->proxies.n; i++) {
		const struct proxy_conf *px = m->proxies.v[i];

		if ((px->role & ROLE_BACKEND) && (name.len ? str_eq(px->name, name) : px->servers.n > 0))
			return px;
	}
	return NULL;
}

/* `algorithm leastconn`, `algorithm uri whole hash-type consistent djb2`, `algorithm roundrobin agents` */
void lab_algorithm_read(struct lab_line *l, const struct load_options *options)
{
	struct scenario *s = l->s;
	struct lab_made m = {.text = out_growing(1 << 16)};
	struct lab_algorithm *a = vec_push(s->arena, &s->algorithms);
	const struct lab_word *first = lab_line_word(l, "an algorithm such as `leastconn`"), *w;
	struct str name = STR_NONE;

	if (!first)
		return;
	out_puts(&m.text, "backend lab\n\tmode http\n\tbalance");
	l->at--;
	while (l->at < l->n) {
		w = &l->words[l->at++];
		if (str_is(w->text, "as") && l->at < l->n) {
			name = l->words[l->at++].text;
			continue;
		}
		if (str_is(w->text, "agents")) {
			a->agents = true;
			continue;
		}
		if (str_is(w->text, "hash-type") || str_is(w->text, "hash-balance-factor"))
			out_puts(&m.text, "\n\t");
		lab_made_word(s, &m, w);
	}
	out_puts(&m.text, "\n\tserver s 127.0.0.1:1\n");
	w = &l->words[l->n - 1];
	a->name = name.len ? name : sources_span(&s->sources, span_join(first->span, w->span));
	a->loaded = lab_made_load(s, &m, options);
	a->conf = a->loaded ? lab_backend(a->loaded, STR_NONE) : NULL;
	out_free(&m.text);
}
