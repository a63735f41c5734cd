/* A compilation of one text, without the front end: enough of it for the small languages. */
#include "tests/unit/grammar/lang_fixture.h"

#include "grammar/base/out.h"

void fixture_start(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->arena = arena_new();
	f->model_arena = arena_new();
	f->sources.arena = f->arena;
	f->diags.arena = f->arena;
	f->model.arena = f->model_arena;
	f->options.strict_env = true;
	f->model.compat = f->options.compat = 304;
	f->c = (struct compile){.arena = f->arena,
				.sources = &f->sources,
				.diags = &f->diags,
				.model = &f->model,
				.options = &f->options};
	f->proxy.name = STR("f");
	f->proxy.role = ROLE_FRONTEND;
	f->proxy.mode = MODE_HTTP;
	f->backend.name = STR("be");
	f->backend.role = ROLE_BACKEND;
	f->server.name = STR("s1");
	f->server.proxy = &f->backend;
	*vec_push(f->model_arena, &f->backend.servers) = &f->server;
	f->userlist.name = STR("ul");
	map_put(f->model_arena, &f->model.frontends, f->proxy.name, &f->proxy);
	map_put(f->model_arena, &f->model.backends, f->backend.name, &f->backend);
	map_put(f->model_arena, &f->model.userlists, f->userlist.name, &f->userlist);
	f->scope = (struct lang_scope){.proxy = &f->proxy, .where = "frontend http-request header rule"};
}

void fixture_stop(struct fixture *f)
{
	arena_free(&f->arena);
	arena_free(&f->model_arena);
}

/* One word; quotes join and vanish. */
static const char *cut_word(struct fixture *f, uint32_t source, const char *text, const char *p, struct word *w)
{
	char *out = arena_alloc(f->arena, strlen(p) + 1), quote = 0;
	uint32_t *map = arena_alloc(f->arena, (strlen(p) + 2) * sizeof(*map)), n = 0;
	const char *start = p;

	for (; *p && (quote || *p != ' '); p++) {
		if (quote ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote ? 0 : *p;
			w->flags |= WORD_QUOTED;
			continue;
		}
		map[n] = (uint32_t)(p - text);
		out[n++] = *p;
	}
	map[n] = (uint32_t)(p - text);
	w->text = str_make(out, n);
	w->span = (struct span){source, (uint32_t)(start - text), (uint32_t)(p - start)};
	w->map = map;
	return p;
}

void fixture_words(struct fixture *f, const char *line)
{
	uint32_t source = sources_add(&f->sources, STR("test.cfg"), str_from(line), true);
	const char *p = line;

	f->words = arena_alloc(f->arena, (strlen(line) + 1) * sizeof(*f->words));
	f->nwords = 0;
	for (;;) {
		while (*p == ' ')
			p++;
		if (!*p)
			return;
		p = cut_word(f, source, line, p, &f->words[f->nwords++]);
	}
}

const char *fixture_span(struct fixture *f, uint32_t n)
{
	if (!f->diags.list.v[n]->span.source)
		return "";
	return arena_str(f->arena, sources_span(&f->sources, f->diags.list.v[n]->span)).ptr;
}

const char *fixture_diags(struct fixture *f)
{
	struct out o = out_growing(1 << 20);
	const char *text;

	for (uint32_t i = 0; i < f->diags.list.n; i++) {
		struct diag *g = f->diags.list.v[i];

		out_printf(&o, "%s%s: %.*s [%s]", i ? "\n" : "", diag_code_info(g->code)->readable,
			   STR_ARG(g->message), fixture_span(f, i));
		if (g->haproxy.len)
			out_printf(&o, " {%.*s}", STR_ARG(g->haproxy));
		for (uint32_t k = 0; k < g->fixes.n; k++)
			for (uint32_t e = 0; e < g->fixes.v[k].edits.n; e++)
				out_printf(&o, " +%u,%u'%.*s'", g->fixes.v[k].edits.v[e].span.off,
					   g->fixes.v[k].edits.v[e].span.len,
					   STR_ARG(g->fixes.v[k].edits.v[e].text));
	}
	text = arena_str(f->arena, out_get(&o)).ptr;
	out_free(&o);
	f->diags.list.n = 0;
	f->diags.errors = f->diags.warnings = 0;
	return text;
}

/* Stand-in for the front end's, as long as the archive has none. */
__attribute__((weak)) struct span word_span(const struct word *w, size_t off, size_t len)
{
	uint32_t start, end;

	if (!w->span.source)
		return SPAN_NONE;
	start = w->map ? w->map[off] : w->span.off + (uint32_t)off;
	if (!len)
		return (struct span){w->span.source, start, 0};
	end = w->map ? w->map[off + len - 1] + 1 : start + (uint32_t)len;
	return (struct span){w->span.source, start, end - start};
}
