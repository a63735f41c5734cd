/* Flags of ACLs (manual, section 7.1): -i -f -m -n -M -u --, and the matching method that results. They work in
 * the order in which they stand: a file is read with what came before it. One thread. */
#include "grammar/acl.h"
#include "grammar/suggest.h"

static struct span word_behind(const struct acl_reader *r)
{
	const struct word *last = &r->words[r->n - 1];

	return span_sub(last->span, last->span.len, 0);
}

/* The argument of the flag at words[i]; when it is missing, an empty word at the end. */
static const struct word *flag_argument(struct acl_reader *r, struct word *none)
{
	if (r->i + 1 < r->n && r->words[r->i + 1].text.len)
		return &r->words[++r->i];
	*none = (struct word){.text = STR(""), .span = word_behind(r)};
	return none;
}

static bool flag_error(const struct acl_reader *r, struct span span, const char *haproxy, const char *message)
{
	struct compile *c = r->patterns.c;
	struct diag *g = diag_add(c->diags, D_ACL_FLAG, span, "%s", message);

	lang_haproxy(c, g, r->patterns.scope, "%s", haproxy);
	return false;
}

/* An alias like path_beg says how to compare; path or hdr(x) do not. */
static bool alias_means_method(enum match_method method)
{
	return method != MATCH_DEFAULT && method != MATCH_STR && method != MATCH_METH && method != MATCH_INT &&
	       method != MATCH_BIN;
}

static bool flag_method(struct acl_reader *r)
{
	struct compile *c = r->patterns.c;
	struct word none;
	const struct word *w;
	struct suggest s;
	struct diag *g;
	enum match_method method;

	if (r->files)
		return flag_error(
			r, r->words[r->i].span,
			"'-m' must only be specified before patterns and files in parsing ACL expression",
			"`-m` must stand before `-f`");
	w = flag_argument(r, &none);
	if (w->text.len && match_method_find(w->text, &method)) {
		if (r->expr->method != method && (r->method_given || alias_means_method(r->expr->method)))
			diag_note(c->diags,
				  diag_add(c->diags, D_ACL_METHOD_TWICE, w->span,
					   "matching method `%s` replaces `%s`", match_method_name(method),
					   match_method_name(r->expr->method)),
				  "of several, the one behind the last `-m` counts");
		r->expr->method = method;
		r->method_given = true;
		return true;
	}
	g = diag_add(c->diags, D_ACL_METHOD, w->span, "unknown matching method `%.*s`", STR_ARG(w->text));
	lang_haproxy(c, g, r->patterns.scope, "unknown matching method '%.*s' when parsing ACL expression",
		     STR_ARG(w->text));
	suggest_start(&s, w->text);
	for (int i = MATCH_FOUND; i < MATCH_METH; i++)
		suggest_offer(&s, str_from(match_method_name((enum match_method)i)));
	diag_note(c->diags, g,
		  "there are bool, int, ip, bin, len, str, beg, sub, dir, dom, end, reg and found");
	lang_suggest(c, g, &s, w->span);
	return false;
}

/* What samples of this type are compared as when nothing is said; MATCH_DEFAULT: it must be said. */
static enum match_method type_method(enum smp_type type)
{
	switch (type) {
	case SMP_BOOL:
		return MATCH_BOOL;
	case SMP_SINT:
		return MATCH_INT;
	case SMP_ADDR:
	case SMP_IPV4:
	case SMP_IPV6:
		return MATCH_IP;
	case SMP_STR:
		return MATCH_STR;
	default:
		return MATCH_DEFAULT;
	}
}

/* The type to which a method wants samples cast. */
static enum smp_type method_type(enum match_method method)
{
	switch (method) {
	case MATCH_BOOL:
	case MATCH_INT:
		return SMP_SINT;
	case MATCH_IP:
		return SMP_ADDR;
	case MATCH_DEFAULT:
	case MATCH_FOUND:
	case MATCH_METH:
		return SMP_ANY;
	default:
		return SMP_STR;
	}
}

/* The type that decides: HAProxy 2.6 takes addresses of the server's connection for numbers here, and does not
 * know what comes out of `debug`. */
static enum smp_type settling_type(const struct compile *c, const struct sample_expr *sample)
{
	if (sample->nconvs && sample->convs[sample->nconvs - 1].conv == CONV_DEBUG)
		return SMP_ANY;
	if (c->model->compat <= 206 && !sample->nconvs &&
	    (sample->fetch == FETCH_BC_DST || sample->fetch == FETCH_BC_SRC))
		return SMP_SINT;
	return sample->type;
}

bool acl_method_settle(struct acl_reader *r)
{
	struct compile *c = r->patterns.c;
	const struct sample_expr *sample = r->expr->sample;
	const char *fetch = fetch_row(sample->fetch)->name;
	struct span span = r->words[0].span;
	struct diag *g;

	if (r->expr->method == MATCH_DEFAULT)
		r->expr->method = type_method(settling_type(c, sample));
	r->patterns.method = r->expr->method;
	if (r->expr->method == MATCH_DEFAULT) {
		g = diag_add(c->diags, D_ACL_METHOD_NEEDED, span, "`%s` needs a matching method", fetch);
		diag_label(c->diags, g, "gives %s", smp_type_name(sample->type));
		diag_help(c->diags, g, "say how to compare it: `-m str`, `-m found` ...");
		lang_haproxy(c, g, r->patterns.scope,
			     "matching method must be specified first (using '-m') when using a sample fetch "
			     "of this type "
			     "('%s')",
			     fetch);
		return false;
	}
	if (smp_type_casts(sample->type, method_type(r->expr->method)))
		return true;
	g = diag_add(c->diags, D_ACL_METHOD_TYPE, span, "matching method `%s` does not suit `%s`",
		     match_method_name(r->expr->method), fetch);
	diag_label(c->diags, g, "gives %s", smp_type_name(sample->type));
	lang_haproxy(c, g, r->patterns.scope, "matching method '%s' cannot be used with fetch keyword '%s'",
		     match_method_name(r->expr->method), fetch);
	return false;
}

static bool acl_file(struct acl_reader *r, const struct word *w)
{
	struct compile *c = r->patterns.c;
	struct pattern_file *file = pattern_file_use(c, w->text, w->span, r->patterns.scope, r->map);

	if (!file || !pattern_file_check(&r->patterns, file, w->span))
		return false;
	file->acl = true;
	*vec_push(c->model->arena, &r->file_list) =
		(struct pattern_file_use){.file = file, .icase = r->patterns.icase};
	return true;
}

static bool flag_file(struct acl_reader *r)
{
	struct word none;
	const struct word *w = flag_argument(r, &none);

	if (!acl_method_settle(r))
		return false;
	r->files = true;
	if (r->expr->method == MATCH_FOUND || r->expr->method == MATCH_BOOL)
		return true;
	return acl_file(r, w);
}

static bool flag_id(struct acl_reader *r)
{
	struct word none;
	const struct word *w = flag_argument(r, &none);
	uint64_t id;

	return str_to_u64(w->text, &id) ||
	       flag_error(r, w->span, "the argument of -u must be an integer", "`-u` needs an integer");
}

static bool flag_unknown(struct acl_reader *r, const struct word *w)
{
	struct compile *c = r->patterns.c;
	struct diag *g = diag_add(c->diags, D_ACL_FLAG, w->span, "`%.*s` is no flag of ACLs", STR_ARG(w->text));

	diag_help(c->diags, g, "write `--` before a pattern that begins with `-`");
	diag_fix(c->diags, g, FIX_LIKELY, span_sub(w->span, 0, 0), STR("-- "), "insert `--`");
	lang_haproxy(
		c, g, r->patterns.scope,
		"'%.*s' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'",
		STR_ARG(w->text));
	return false;
}

/* One flag; false after an error. */
static bool flag_parse(struct acl_reader *r, const struct word *w)
{
	if (str_is(w->text, "-i"))
		r->patterns.icase = r->expr->icase = true;
	else if (str_is(w->text, "-n"))
		r->patterns.no_dns = true;
	else if (str_is(w->text, "-M"))
		r->map = true;
	else if (str_is(w->text, "-f"))
		return flag_file(r);
	else if (str_is(w->text, "-m"))
		return flag_method(r);
	else if (str_is(w->text, "-u"))
		return flag_id(r);
	else
		return flag_unknown(r, w);
	return true;
}

bool acl_flags_parse(struct acl_reader *r)
{
	for (; r->i < r->n && r->words[r->i].text.len && r->words[r->i].text.ptr[0] == '-'; r->i++) {
		const struct word *w = &r->words[r->i];

		if (str_is(w->text, "--")) {
			r->end_of_flags = true;
			r->i++;
			return true;
		}
		if (!flag_parse(r, w))
			return false;
	}
	return true;
}
