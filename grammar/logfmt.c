/* Log formats and format strings (manual, section 8.2.6): from tokens to nodes in the model's arena.
 * Neighbouring texts become one node; the flags of %{...}o reach every later node. One thread. */
#include "grammar/logfmt_scan.h"

#include "grammar/logfmt_grammar.h"
#include "grammar/suggest.h"

void logfmt_add_text(struct logfmt_scan *scan, struct str text)
{
	struct logfmt_node *last = scan->nodes.n ? &scan->nodes.v[scan->nodes.n - 1] : NULL;
	struct arena *a = scan->c->model->arena;

	if (!text.len)
		return;
	if (last && last->kind == LOGFMT_TEXT)
		last->text = arena_printf(a, "%.*s%.*s", STR_ARG(last->text), STR_ARG(text));
	else
		*vec_push(a, &scan->nodes) = (struct logfmt_node){.kind = LOGFMT_TEXT, .text = text};
}

static void alias_unknown(struct logfmt_scan *scan, struct str name, struct span span)
{
	struct compile *c = scan->c;
	struct suggest s;
	enum fetch_id fetch;
	struct diag *g;

	g = diag_add(c->diags, D_LOGFMT_ALIAS, span, "no alias `%%%.*s` in log formats", STR_ARG(name));
	lang_haproxy(c, g, scan->scope,
		     "no such format variable '%.*s'. If you wanted to emit the '%%' character verbatim, you "
		     "need to use "
		     "'%%%%'",
		     STR_ARG(name));
	scan->failed = true;
	diag_help(c->diags, g, "a percent sign is written `%%%%`");
	if (fetch_find(name, &fetch)) {
		diag_help(c->diags, g, "a sample stands in brackets: `%%[%.*s]`", STR_ARG(name));
		return;
	}
	suggest_start(&s, name);
	for (int i = 0; i < LOGFMT_COUNT && name.len > 2; i++)
		suggest_offer(&s, str_from(logfmt_row(i)->name));
	lang_suggest(c, g, &s, span);
}

/* Aliases of HTTP in a proxy that is known to forward TCP. */
static bool alias_mode_check(struct logfmt_scan *scan, const struct logfmt_row *row, struct span span)
{
	const struct proxy_conf *px = scan->scope ? scan->scope->proxy : NULL;
	struct diag *g;

	if (!row->http || !px || px->role == ROLE_DEFAULTS || px->mode != MODE_TCP)
		return true;
	g = diag_add(scan->c->diags, D_LOGFMT_ALIAS, span, "`%%%s` needs mode http", row->name);
	lang_haproxy(scan->c, g, scan->scope, "format variable '%s' is reserved for HTTP mode", row->name);
	scan->failed = true;
	return false;
}

void logfmt_add_alias(struct logfmt_scan *scan, struct logfmt_flags_ast flags, struct str name,
		      struct span span)
{
	struct arena *a = scan->c->model->arena;
	uint16_t effective = (uint16_t)((scan->flags | flags.set) & ~flags.clear);
	enum logfmt_alias id;

	if (!logfmt_find(name, &id) || scan->c->model->compat < logfmt_row((int)id)->since) {
		alias_unknown(scan, name, span);
		return;
	}
	if (!alias_mode_check(scan, logfmt_row(id), span))
		return;
	if (id == LOGFMT_O) {
		scan->flags = effective;
		return;
	}
	*vec_push(a, &scan->nodes) = (struct logfmt_node){.kind = LOGFMT_ALIAS,
							  .alias = (uint16_t)id,
							  .flags = effective | scan->item_type,
							  .text = arena_str(a, scan->item)};
}

void logfmt_add_sample(struct logfmt_scan *scan, struct logfmt_flags_ast flags,
		       const struct sample_expr *sample)
{
	*vec_push(scan->c->model->arena, &scan->nodes) = (struct logfmt_node){
		.kind = LOGFMT_SAMPLE,
		.flags = (uint16_t)(((scan->flags | flags.set) & ~flags.clear) | scan->item_type),
		.text = arena_str(scan->c->model->arena, scan->item),
		.sample = sample};
}

void logfmt_syntax_error(struct logfmt_scan *scan, struct span span, bool after_flags)
{
	struct compile *c = scan->c;
	struct str text = scan->word->text;
	struct str from = str_sub(text, scan->percent, scan->pos - scan->percent);
	struct diag *g;

	scan->failed = true;
	if (after_flags) {
		from.len = str_chr(from, '}') + 1;
		g = diag_add(c->diags, D_LOGFMT_SYNTAX, word_span(scan->word, scan->percent, from.len),
			     "an alias is missing behind these flags");
		lang_haproxy(c, g, scan->scope, "parse argument modifier without variable name near '%.*s'",
			     STR_ARG(from));
		return;
	}
	g = diag_add(c->diags, D_LOGFMT_SYNTAX, span_join(word_span(scan->word, scan->percent, 1), span),
		     "an alias is missing behind `%%`");
	diag_help(c->diags, g, "a percent sign is written `%%%%`");
	diag_fix(c->diags, g, FIX_CERTAIN, word_span(scan->word, scan->percent, 0), STR("%"), "write `%%%%`");
	if (scan->percent + 1 >= text.len)
		lang_haproxy(c, g, scan->scope, "truncated line after '%%'");
	else
		lang_haproxy(c, g, scan->scope,
			     "unexpected variable name near '%c' at position %zu line : '%.*s'. Maybe you want "
			     "to write a single "
			     "'%%', use the syntax '%%%%'",
			     text.ptr[scan->percent + 1], scan->percent + 1, STR_ARG(text));
}

const struct logfmt *logfmt_parse(struct compile *c, const struct word *w, const struct lang_scope *scope)
{
	struct logfmt_scan scan = {.c = c, .scope = scope, .word = w};
	struct logfmt *fmt;

	scan.merge_blanks = !scope || scope->format == FORMAT_LOG || scope->format == FORMAT_UNIQUE_ID;
	if (logfmt_yyparse(&scan) || scan.failed)
		return NULL;
	fmt = ARENA_NEW(c->model->arena, struct logfmt);
	fmt->nodes = scan.nodes.v;
	fmt->n = scan.nodes.n;
	fmt->text = arena_str(c->model->arena, w->text);
	fmt->encoding = scan.flags & LOGFMT_ENCODED ? scan.flags & (LOGFMT_ENCODED | LOGFMT_BIN) : 0;
	fmt->literal = !fmt->encoding && (fmt->n == 0 || (fmt->n == 1 && fmt->nodes[0].kind == LOGFMT_TEXT));
	fmt->http = scope && (scope->format == FORMAT_HTTP || scope->format == FORMAT_UNIQUE_ID);
	fmt->plain = scope && scope->format == FORMAT_PLAIN;
	return fmt;
}

const struct logfmt *logfmt_builtin(struct compile *c, const char *text)
{
	struct word w = {.text = str_from(text)};

	return logfmt_parse(c, &w, NULL);
}
