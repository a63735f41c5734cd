/* Sample expressions: from the shape that the grammar saw to checked data. Names are looked up in rows.h, types
 * run through the chain of converters, equal expressions become one. Results live in the model's arena. One
 * thread. */
#include "grammar/sample.h"

#include "grammar/suggest.h"

/* Reports in HAProxy's form for the place where the expression stands. */
static struct diag *sample_error(const struct sample_reader *r, enum diag_code code, struct span span,
				 struct str haproxy, struct str message)
{
	struct diag *g = diag_add(r->c->diags, code, span, "%.*s", STR_ARG(message));

	if (r->alias.len)
		return lang_haproxy(r->c, g, r->scope, "ACL keyword '%.*s' : %.*s.", STR_ARG(r->alias),
				    STR_ARG(haproxy));
	return lang_haproxy(r->c, g, r->scope, "%.*s%.*s%.*s", STR_ARG(r->haproxy_head), STR_ARG(haproxy),
			    STR_ARG(r->haproxy_tail));
}

void sample_syntax_error(const struct sample_reader *r, const struct sample_scan *scan)
{
	struct diag *g = sample_error(r, D_SAMPLE_SYNTAX, scan->span, scan->haproxy, str_from(scan->message));

	diag_help(r->c->diags, g, "quote an argument that holds a comma or a parenthesis: (\\\"a,b\\\")");
}

static struct diag *fetch_unknown(const struct sample_reader *r, const struct call_ast *call)
{
	struct arena *a = r->c->arena;
	struct suggest s;
	enum conv_id conv;
	struct diag *g;

	if (!call->name.len) {
		g = diag_add(r->c->diags, D_FETCH_UNKNOWN, call->span, "a sample fetch is missing");
		if (r->haproxy_tail.len)
			return lang_haproxy(r->c, g, r->scope, "missing fetch method%.*s",
					    STR_ARG(r->haproxy_tail));
		return lang_haproxy(r->c, g, r->scope, "%.*smissing fetch method", STR_ARG(r->haproxy_head));
	}
	g = sample_error(r, D_FETCH_UNKNOWN, call->name_span,
			 arena_printf(a, "unknown fetch method '%.*s'", STR_ARG(call->name)),
			 arena_printf(a, "unknown sample fetch `%.*s`", STR_ARG(call->name)));
	if (conv_find(call->name, &conv))
		return diag_note(r->c->diags, g, "`%.*s` is a converter: it stands behind a fetch and a comma",
				 STR_ARG(call->name));
	if (!r->haproxy_tail.len && acl_alias_find(call->name))
		return diag_note(r->c->diags, g, "`%.*s` is a test of ACLs; its value is fetched by `%s`",
				 STR_ARG(call->name), fetch_row(acl_alias_find(call->name)->fetch)->name);
	suggest_start(&s, call->name);
	for (int i = 0; i < FETCH_COUNT; i++)
		suggest_offer(&s, str_from(fetch_row(i)->name));
	for (size_t i = 0; r->haproxy_tail.len && acl_alias_row(i); i++)
		suggest_offer(&s, str_from(acl_alias_row(i)->name));
	lang_suggest(r->c, g, &s, call->name_span);
	return g;
}

static void conv_unknown(const struct sample_reader *r, const struct call_ast *call)
{
	struct arena *a = r->c->arena;
	struct suggest s;
	enum fetch_id fetch;
	struct diag *g;

	g = sample_error(r, D_CONV_UNKNOWN, call->name.len ? call->name_span : call->span,
			 arena_printf(a, "unknown converter '%.*s'", STR_ARG(call->name)),
			 call->name.len ? arena_printf(a, "unknown converter `%.*s`", STR_ARG(call->name))
					: STR("a converter is missing behind the comma"));
	if (!call->name.len)
		return;
	if (fetch_find(call->name, &fetch)) {
		diag_note(r->c->diags, g, "`%.*s` is a sample fetch: it can only come first",
			  STR_ARG(call->name));
		return;
	}
	suggest_start(&s, call->name);
	for (int i = 0; i < CONV_COUNT; i++)
		suggest_offer(&s, str_from(conv_row(i)->name));
	lang_suggest(r->c, g, &s, call->name_span);
}

/* A row that the chosen HAProxy version lacks. */
static bool version_check(const struct sample_reader *r, const struct call_ast *call, uint16_t since,
			  const char *what, const char *haproxy)
{
	int compat = r->c->model->compat;
	struct diag *g;

	if (!compat || compat >= since)
		return true;
	g = sample_error(r, D_SAMPLE_VERSION, call->name_span,
			 arena_printf(r->c->arena, "unknown %s '%.*s'", haproxy, STR_ARG(call->name)),
			 arena_printf(r->c->arena, "HAProxy %d.%d has no %s `%.*s`", compat / 100, compat % 100,
				      what, STR_ARG(call->name)));
	diag_note(r->c->diags, g, "later versions have it");
	return false;
}

/* Whether a name begins with one of the prefixes. */
static bool name_begins(const char *name, const char *prefixes)
{
	struct str rest = str_from(prefixes), prefix;

	if (!rest.len)
		return true;
	while (rest.len) {
		size_t n = str_chr(rest, ' ');

		prefix = str_sub(rest, 0, n);
		if (str_starts(str_from(name), prefix))
			return true;
		rest = str_tail(rest, n + (n < rest.len));
	}
	return false;
}

/* What a fetch reads, in HAProxy's words. */
static const char *place_need(const struct fetch_row *row, uint32_t places)
{
	static const struct {
		uint32_t places;
		const char *prefixes; /* of names, a blank between them; "": any */
		const char *need;
	} needs[] = {
		{PLACES_LIVE, "", "internal state"},
		{PLACES_CLIENT, "", "client address"},
		{PLACES_FRONTEND, "", "frontend"},
		{PLACES_SESSION, "", "client-side connection"},
		{PLACES_STREAM, "req.ver req_ver", "HTTP request headers"},
		{PLACES_STREAM, "", "HTTP request"},
		{PLACES_BACKEND, "", "backend"},
		{PLACES_CHOSEN, "res.", "HTTP response"},
		{PLACES_CHOSEN, "", "server"},
		{PLACES_TRANSFER, "", "server"},
		{PLACES_CONTENT, "payload", "request buffer,response buffer"},
		{PLACES_CONTENT, "", "HTTP request headers,HTTP response headers"},
		{PLACES_REQUEST, "rdp_cookie req.rdp req.len req_len req.payload req.ssl req_ssl",
		 "request buffer"},
		{PLACES_REQUEST, "", "HTTP request headers"},
		{PLACES_RESPONSE, "rep_ssl res.len res.payload res.ssl", "response buffer"},
		{PLACES_RESPONSE, "", "HTTP response headers"},
		{PLACES_SERVER, "bc_", "server address"},
		{PLACES_SERVER, "ssl_bc", "server-side connection"},
		{PLACES_SERVER, "res.ver resp_ver", "HTTP response headers"},
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++)
		if (places == needs[i].places && name_begins(row->name, needs[i].prefixes))
			return needs[i].need;
	return "HTTP response";
}

/* The sample's fetch is not available where it stands. */
static void place_report(const struct sample_reader *r, struct diag *g, const struct fetch_row *row,
			 uint32_t places)
{
	const struct lang_scope *scope = r->scope;
	const char *need = place_need(row, places);

	diag_label(r->c->diags, g, "needs the %s", need);
	if (scope->where)
		diag_note(r->c->diags, g, "this is a %s", scope->where);
	if (scope->named)
		lang_haproxy(
			r->c, g, scope,
			"fetch method '%.*s' extracts information from '%s', none of which is available here",
			STR_ARG(scope->named->text), need);
	else
		lang_haproxy(r->c, g, scope,
			     "sample fetch <%.*s> may not be reliably used here because it needs '%s' which is "
			     "not available here",
			     STR_ARG(r->word->text), need);
}

static bool place_check(const struct sample_reader *r, const struct call_ast *call, const struct fetch_row *row,
			uint32_t places)
{
	const struct lang_scope *scope = r->scope;
	struct diag *g;

	if (r->loose_places || !scope || !scope->places || places & scope->places)
		return true;
	g = diag_add(r->c->diags, D_SAMPLE_PLACE, call->span, "`%s` has no value here", row->name);
	place_report(r, g, row, places);
	if (!scope->places_warn || !(places & AT(FE_REQ_HDR)))
		return false;
	g->severity = SEV_WARNING;
	r->c->diags->errors--;
	r->c->diags->warnings++;
	return true;
}

/* lua.NAME(args) is read as lua.(NAME,args). */
static const struct call_ast *lua_call(const struct sample_reader *r, const struct call_ast *ast)
{
	struct call_ast *call;
	struct arg_ast *name;

	if (!str_starts(ast->name, STR("lua.")))
		return ast;
	call = arena_dup(r->c->arena, ast, sizeof(*ast));
	memset(&call->args, 0, sizeof(call->args));
	name = vec_push(r->c->arena, &call->args);
	*name = (struct arg_ast){.text = arena_str(r->c->arena, str_tail(ast->name, 4)),
				 .span = ast->name_span};
	for (uint32_t i = 0; i < ast->args.n && (ast->args.n > 1 || ast->args.v[0].text.len); i++)
		*vec_push(r->c->arena, &call->args) = ast->args.v[i];
	return call;
}

/* Arguments as a row wants them, of which these are the number, name and letters. */
static bool build_args(struct sample_call *call, unsigned id, const char *name, const char *letters)
{
	call->ast = lua_call(call->reader, call->ast);
	call->id = (uint16_t)id;
	call->name = name;
	call->letters = letters;
	return sample_args_parse(call) && sample_args_check(call);
}

/* The fetch: e->fetch, its arguments, type and places. */
static bool build_fetch(const struct sample_reader *r, const struct call_ast *ast, struct sample_expr *e)
{
	struct sample_call call = {.reader = r, .ast = ast, .is_fetch = true};
	const struct fetch_row *row;
	enum fetch_id id;
	uint32_t places;

	if (!fetch_find(ast->name, &id)) {
		fetch_unknown(r, ast);
		return false;
	}
	row = fetch_row(id);
	places = fetch_places(id, r->c->model->compat);
	if (!version_check(r, ast, row->since, "sample fetch", "fetch method") ||
	    !place_check(r, ast, row, places))
		return false;
	if (!build_args(&call, id, row->name, row->args))
		return false;
	if (!row->effective)
		lang_not_effective(r->c, &lang_state(r->c)->fetch_warned[id], ast->span, "sample fetch",
				   row->name);
	e->fetch = call.id;
	e->args = call.args;
	e->nargs = (uint16_t)call.nargs;
	e->type = row->type;
	e->places = places;
	return true;
}

static void type_error(const struct sample_reader *r, const struct call_ast *ast, const struct conv_row *row,
		       uint8_t from)
{
	struct arena *a = r->c->arena;
	struct diag *g = sample_error(r, D_SAMPLE_TYPE, ast->span,
				      arena_printf(a, "converter '%s' cannot be applied", row->name),
				      arena_printf(a, "`%s` cannot take what comes before it", row->name));

	diag_label(r->c->diags, g, "takes %s, gets %s", smp_type_name(row->in), smp_type_name(from));
}

static bool build_conv(const struct sample_reader *r, const struct call_ast *ast, uint8_t *type,
		       struct conv_call *out)
{
	struct sample_call call = {.reader = r, .ast = ast};
	const struct conv_row *row;
	enum conv_id id;

	if (!conv_find(ast->name, &id)) {
		conv_unknown(r, ast);
		return false;
	}
	row = conv_row(id);
	if (!version_check(r, ast, row->since, "converter", "converter"))
		return false;
	if (!smp_type_casts(*type, row->in)) {
		type_error(r, ast, row, *type);
		return false;
	}
	if (!build_args(&call, id, row->name, row->args))
		return false;
	if (!row->effective)
		lang_not_effective(r->c, &lang_state(r->c)->conv_warned[id], ast->span, "converter", row->name);
	*out = (struct conv_call){(uint16_t)id, (uint16_t)call.nargs, call.args};
	if (row->out != SMP_SAME)
		*type = row->out;
	return true;
}

/* Equal expressions become one; what an absent name of a proxy means depends on where it stands. */
static const struct sample_expr *sample_intern(const struct sample_reader *r, struct sample_expr *e)
{
	struct compile *c = r->c;
	const struct proxy_conf *here = NULL;
	const struct sample_expr *known;
	struct str key;

	e->text = sample_canonical(c->model->arena, e);
	for (uint32_t i = 0; i < e->nargs && r->scope; i++)
		if (e->args[i].type == ARG_PROXY || e->args[i].type == ARG_SERVER ||
		    e->args[i].type == ARG_TABLE)
			here = r->scope->proxy;
	key = here ? arena_printf(c->arena, "%.*s\n%p", STR_ARG(e->text), (const void *)here) : e->text;
	known = map_get(&c->exprs, key);
	if (known)
		return known;
	e->id = c->model->exprs.n;
	*vec_push(c->model->arena, &c->model->exprs) = e;
	map_put(c->arena, &c->exprs, key, e);
	return e;
}

const struct sample_expr *sample_build(const struct sample_reader *r, const struct sample_ast *ast)
{
	struct sample_expr *e = ARENA_NEW(r->c->model->arena, struct sample_expr);
	struct conv_call *convs = ARENA_ARRAY(r->c->model->arena, struct conv_call, ast->calls.n);

	if (!build_fetch(r, &ast->calls.v[0], e))
		return NULL;
	for (uint32_t i = 1; i < ast->calls.n; i++) {
		const struct call_ast *call = &ast->calls.v[i];

		if (!call->name.len && !call->parens && i + 1 < ast->calls.n)
			continue; /* two commas in a row are one */
		if (!build_conv(r, call, &e->type, &convs[e->nconvs]))
			return NULL;
		e->nconvs++;
	}
	e->convs = convs;
	return sample_intern(r, e);
}

const struct sample_expr *sample_parse(struct compile *c, const struct word *w, size_t off, char stop,
				       size_t *end, const struct lang_scope *scope)
{
	struct sample_reader r = {.c = c, .scope = scope, .word = w};
	struct sample_ast ast = {0};
	struct sample_scan scan;
	struct diag *g;

	if (stop)
		r.haproxy_head = arena_printf(c->arena, "failed to parse sample expression <%.*s> : ",
					      STR_ARG(str_tail(w->text, off)));
	*end = w->text.len;
	if (!sample_scan_word(&scan, c, w, off, &ast)) {
		sample_syntax_error(&r, &scan);
		return NULL;
	}
	*end = ast.end;
	if (ast.end < w->text.len && w->text.ptr[ast.end] != stop && ast.calls.v[ast.calls.n - 1].name.len) {
		g = diag_add(c->diags, D_SAMPLE_SYNTAX, word_span(w, ast.end, 1),
			     "unexpected `%c` in a sample expression", w->text.ptr[ast.end]);
		diag_help(c->diags, g, "converters follow after a comma%s",
			  stop ? ", `]` ends the expression" : "");
		if (stop)
			lang_haproxy(c, g, scope, "expected ']' after '%.*s', but found '%c'",
				     STR_ARG(str_sub(w->text, off, ast.end - off)), w->text.ptr[ast.end]);
		else
			lang_haproxy(c, g, scope, "missing comma after fetch keyword");
		return NULL;
	}
	return sample_build(&r, &ast);
}

void sample_trailing_error(const struct sample_reader *r, const struct sample_ast *ast)
{
	const struct call_ast *last = &ast->calls.v[ast->calls.n - 1];
	struct str rest = str_tail(r->word->text, ast->end);
	struct diag *g;

	g = sample_error(r, D_SAMPLE_SYNTAX, word_span(r->word, ast->end, rest.len),
			 arena_printf(r->c->arena, "missing comma after %s '%.*s'",
				      ast->calls.n > 1 ? "converter" : "fetch keyword", STR_ARG(last->name)),
			 arena_printf(r->c->arena, "unexpected `%.*s` in a sample expression", STR_ARG(rest)));
	diag_help(r->c->diags, g, "converters follow after a comma");
}

bool sample_words_converters(struct compile *c, const struct word *w, struct sample_ast *ast,
			     struct sample_scan *scan)
{
	struct sample_ast more = {0};
	enum conv_id id;
	size_t name = 0;

	while (name < w->text.len && w->text.ptr[name] != '(' && w->text.ptr[name] != ',')
		name++;
	if (!conv_find(str_sub(w->text, 0, name), &id))
		return false;
	sample_scan_word(scan, c, w, 0, &more);
	for (uint32_t i = 0; i < more.calls.n; i++)
		*vec_push(c->arena, &ast->calls) = more.calls.v[i];
	ast->end = more.end;
	return true;
}

void sample_drop_last_comma(struct sample_ast *ast, const struct word *w)
{
	struct call_ast *last = &ast->calls.v[ast->calls.n - 1];

	if (ast->calls.n > 1 && !last->name.len && !last->parens && ast->end == w->text.len)
		ast->calls.n--;
}

const struct sample_expr *sample_parse_words(struct compile *c, const struct word *words, uint32_t n,
					     uint32_t *i, const struct lang_scope *scope)
{
	static const struct word none;
	struct sample_reader r = {.c = c, .scope = scope, .word = *i < n ? &words[*i] : &none};
	struct sample_ast ast = {0};
	struct sample_scan scan = {0};
	const struct word *w = r.word;

	if (*i < n)
		sample_scan_word(&scan, c, w, 0, &ast);
	else
		vec_push(c->arena, &ast.calls);
	while (!scan.failed && ast.end == w->text.len) {
		sample_drop_last_comma(&ast, w);
		if (*i < n)
			++*i;
		if (*i >= n || !sample_words_converters(c, &words[*i], &ast, &scan))
			return sample_build(&r, &ast);
		w = &words[*i];
	}
	if (scan.failed) {
		sample_syntax_error(&r, &scan);
		return NULL;
	}
	r.word = w;
	sample_trailing_error(&r, &ast);
	return NULL;
}
