/* ACLs (manual, section 7.1): `acl NAME ...` and what stands between the braces of anonymous ones become struct
 * acl_expr in the model's arena. One thread. */
#include "grammar/acl.h"

#include "grammar/sample.h"

/* Takes the converters of the words behind the criterion. HAProxy does so and takes the same words as patterns,
 * too. */
static void acl_take_converters(struct acl_reader *r, struct sample_ast *ast, struct sample_scan *scan)
{
	struct compile *c = r->patterns.c;
	struct diag *g;

	for (uint32_t i = 1; i < r->n && sample_words_converters(c, &r->words[i], ast, scan); i++) {
		g = diag_add(c->diags, D_ACL_CONVERTER_PATTERN, r->words[i].span,
			     "`%.*s` is taken both as a converter and as a pattern", STR_ARG(r->words[i].text));
		diag_help(c->diags, g, "join converters with commas; write `--` before patterns");
		if (scan->failed || ast->end != r->words[i].text.len)
			return;
	}
}

/* The criterion: words[0]. NULL after an error. */
static const struct sample_expr *acl_sample_parse(struct acl_reader *r)
{
	struct compile *c = r->patterns.c;
	const struct word *w = &r->words[0];
	struct sample_reader reader = {.c = c, .scope = r->patterns.scope, .word = w, .loose_places = true};
	struct sample_ast ast = {0};
	struct sample_scan scan;
	struct call_ast *fetch;
	size_t end = 0;

	reader.haproxy_tail = arena_printf(c->arena, " in ACL expression '%.*s'", STR_ARG(w->text));
	while (end < w->text.len && w->text.ptr[end] != '(' && w->text.ptr[end] != ',')
		end++;
	r->alias = acl_alias_find(str_sub(w->text, 0, end));
	if (r->alias)
		reader.alias = str_from(r->alias->name);
	sample_scan_word(&scan, c, w, 0, &ast);
	if (!scan.failed && ast.end == w->text.len && !r->alias)
		acl_take_converters(r, &ast, &scan);
	if (scan.failed) {
		sample_syntax_error(&reader, &scan);
		return NULL;
	}
	if (scan.word == w && ast.end < w->text.len) {
		sample_trailing_error(&reader, &ast);
		return NULL;
	}
	fetch = &ast.calls.v[0];
	if (r->alias)
		fetch->name = str_from(fetch_row(r->alias->fetch)->name);
	sample_drop_last_comma(&ast, scan.word);
	return sample_build(&reader, &ast);
}

/* An alias whose method got lost by converters, as HAProxy does it. */
static void acl_alias_apply(struct acl_reader *r)
{
	struct compile *c = r->patterns.c;
	struct diag *g;

	if (!r->alias)
		return;
	if (!r->expr->sample->nconvs) {
		r->expr->method = r->alias->method;
		return;
	}
	if (r->alias->method == MATCH_STR || r->alias->method == MATCH_METH)
		return;
	g = diag_add(c->diags, D_ACL_METHOD_TWICE, r->words[0].span,
		     "with a converter `%s` no longer means `-m %s`", r->alias->name,
		     match_method_name(r->alias->method));
	diag_help(c->diags, g, "write `%s` with its converters and `-m %s`", fetch_row(r->alias->fetch)->name,
		  match_method_name(r->alias->method));
}

static bool acl_patterns_parse(struct acl_reader *r)
{
	struct str op = STR("eq");
	bool number = r->expr->method == MATCH_INT || r->expr->method == MATCH_LEN;

	if (r->expr->method == MATCH_FOUND || r->expr->method == MATCH_BOOL)
		return true;
	for (; r->i < r->n && r->words[r->i].text.len; r->i++) {
		const struct word *w = &r->words[r->i];

		if (number ? !pattern_read_number(&r->patterns, w->text, w->span, &op, &r->list)
			   : !pattern_read(&r->patterns, w->text, w->span,
					   vec_push(r->patterns.c->model->arena, &r->list)))
			return false;
	}
	return true;
}

static void acl_no_pattern(const struct acl_reader *r)
{
	struct compile *c = r->patterns.c;
	struct diag *g;

	g = diag_add(c->diags, D_ACL_NO_PATTERN, r->words[0].span, "without a pattern this never matches");
	diag_help(c->diags, g, "give patterns, or `-m found` to ask whether there is a value, or `-m bool`");
	diag_help(c->diags, g, "write `--` if it is meant");
	diag_haproxy_unplaced(
		c->diags, g,
		"acl keyword '%.*s' :\n  no pattern to match against were provided, so this ACL will never "
		"match.\n  If this is what you intended, please add '--' to get rid of this warning.\n  If you "
		"intended to match only for existence, please use '-m found'.\n  If you wanted to force an int "
		"to match as a bool, please use '-m bool'.\n",
		STR_ARG(r->words[0].text));
}

/* The words as written, joined by one blank. */
static struct str words_text(struct arena *a, const struct word *words, uint32_t n)
{
	size_t len = 0;
	char *text, *p;

	for (uint32_t i = 0; i < n; i++)
		len += words[i].text.len + 1;
	p = text = arena_alloc(a, len + 1);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			*p++ = ' ';
		memcpy(p, words[i].text.ptr, words[i].text.len);
		p += words[i].text.len;
	}
	return str_make(text, (size_t)(p - text));
}

static const struct acl_expr *acl_expr_finish(struct acl_reader *r)
{
	struct compile *c = r->patterns.c;
	struct acl_expr *e = r->expr;

	e->patterns = r->list.v;
	e->npatterns = r->list.n;
	if (r->map && !r->file_list.n) {
		struct diag *g = diag_add(c->diags, D_MAP_FLAG, r->words[0].span, "`-M` says nothing without `-f`");

		diag_help(c->diags, g, "`-m` chooses how to compare; `-M` says that the file behind `-f` is a map");
	}
	e->files = r->file_list.v;
	e->nfiles = r->file_list.n;
	e->show_id = c->model->npattern_shows++;
	e->keyword =
		arena_str(c->model->arena, str_sub(r->words[0].text, 0, strcspn(r->words[0].text.ptr, "(, ")));
	e->text = words_text(c->model->arena, r->words, r->n);
	e->pos = compile_pos(c, r->words[0].span);
	e->id = c->model->acl_exprs.n;
	*vec_push(c->model->arena, &c->model->acl_exprs) = e;
	return e;
}

const struct acl_expr *acl_expr_parse(struct compile *c, const struct word *words, uint32_t n,
				      struct span behind, const struct lang_scope *scope)
{
	struct acl_reader r = {.patterns = {.c = c, .scope = scope}, .words = words, .n = n, .i = 1};
	bool has_patterns;
	struct diag *g;

	if (!n || !words[0].text.len) {
		g = diag_add(c->diags, D_FETCH_UNKNOWN, behind, "a sample fetch is missing");
		lang_haproxy(c, g, scope, "missing fetch method in ACL expression ''");
		return NULL;
	}
	r.expr = ARENA_NEW(c->model->arena, struct acl_expr);
	r.expr->sample = acl_sample_parse(&r);
	if (!r.expr->sample)
		return NULL;
	acl_alias_apply(&r);
	r.patterns.version = !r.expr->sample->nconvs && (r.expr->sample->fetch == FETCH_REQ_SSL_VER ||
							 r.expr->sample->fetch == FETCH_REQ_SSL_VER_OLD);
	if (!acl_flags_parse(&r) || !acl_method_settle(&r))
		return NULL;
	has_patterns = r.i < n && words[r.i].text.len;
	if (!acl_patterns_parse(&r))
		return NULL;
	if (!has_patterns && !r.files && !r.end_of_flags && r.expr->method != MATCH_FOUND &&
	    r.expr->method != MATCH_BOOL)
		acl_no_pattern(&r);
	return acl_expr_finish(&r);
}

/* The name of an ACL: letters, digits, `_ . : -`, and no operator. */
static bool acl_name_check(struct compile *c, const struct word *name)
{
	struct str text = name->text;
	struct diag *g;

	for (size_t i = 0; i < text.len; i++) {
		char ch = text.ptr[i];

		if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
		    strchr("_.:-", ch))
			continue;
		g = diag_add(c->diags, D_ACL_NAME, word_span(name, i, 1),
			     "`%c` is not permitted in the name of an ACL", ch);
		diag_note(c->diags, g, "names are made of letters, digits, `-`, `_`, `.` and `:`");
		diag_haproxy(c->diags, g, "character '%c' is not permitted in acl name '%.*s'.", ch,
			     STR_ARG(text));
		return false;
	}
	if (text.len && !str_ieq(text, STR("or")))
		return true;
	g = diag_add(c->diags, D_ACL_NAME, name->span,
		     text.len ? "an ACL cannot be named `or`" : "an ACL needs a name");
	if (text.len)
		diag_haproxy(c->diags, g,
			     "acl name '%.*s' will never match. 'or' is used to express a logical disjunction "
			     "within a "
			     "condition.",
			     STR_ARG(text));
	return false;
}

static void acl_add(struct compile *c, struct proxy_conf *px, struct str name, const struct acl_expr *expr)
{
	struct arena *a = c->model->arena;
	struct acl *acl = map_get(&px->acls, name);

	if (!acl) {
		acl = ARENA_NEW(a, struct acl);
		acl->name = arena_str(a, name);
		map_put(a, &px->acls, acl->name, acl);
	}
	*vec_push(a, &acl->exprs) = expr;
	acl->places |= expr->sample->places;
}

const struct acl *acl_poison(struct compile *c, const struct lang_scope *scope, struct str name)
{
	struct arena *a = c->model->arena;
	struct acl *acl = scope && scope->proxy ? map_get(&scope->proxy->acls, name) : NULL;

	if (acl)
		return acl;
	acl = ARENA_NEW(a, struct acl);
	acl->name = arena_str(a, name);
	acl->places = PLACES_ANY;
	if (scope && scope->proxy)
		map_put(a, &scope->proxy->acls, acl->name, acl);
	return acl;
}

bool acl_parse(struct compile *c, const struct word *name, const struct word *words, uint32_t n,
	       const struct lang_scope *scope)
{
	struct lang_scope inner = *scope;
	const struct acl_expr *expr;

	if (!acl_name_check(c, name))
		return false;
	inner.haproxy =
		arena_printf(c->arena, "error detected while parsing ACL '%.*s' : ", STR_ARG(name->text)).ptr;
	expr = acl_expr_parse(c, words, n, span_sub(name->span, name->span.len, 0), &inner);
	if (!expr) {
		acl_poison(c, scope, name->text);
		return false;
	}
	if (scope->proxy)
		acl_add(c, scope->proxy, name->text, expr);
	return true;
}
