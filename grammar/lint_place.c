/* Lints: conditions that look at data which may not have come yet, names of predefined ACLs that are taken,
 * conditions whose operators bind otherwise than they read, header fields cut at their commas. One thread. */
#include <string.h>

#include "grammar/acl.h"
#include "grammar/cond_walk.h"
#include "grammar/lint.h"
#include "grammar/rows.h"

/* Samples of a parsed HTTP request. */
static bool fetch_is_http(uint16_t fetch)
{
	static const char *const starts[] = {"path",    "url",       "hdr",      "req.hdr", "req.fhdr",
					     "base",    "cook",      "req.cook", "query",   "method",
					     "req.ver", "http_auth", "shdr"};
	const char *name = fetch_row(fetch)->name;

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(name, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* Samples of bytes that the client sends first. */
static bool fetch_is_hello(uint16_t fetch)
{
	const char *name = fetch_row(fetch)->name;

	return strncmp(name, "req.ssl_", 8) == 0 || strncmp(name, "req_ssl_", 8) == 0 ||
	       strncmp(name, "req.payload", 11) == 0 || strncmp(name, "payload", 7) == 0 ||
	       strncmp(name, "req.rdp_cookie", 14) == 0;
}

/* Of an ACL that many rules name, so many lines are looked at. */
enum { LINES = 16 };

/* The first test of a condition that such a sample feeds. */
static const struct acl_expr *cond_needs(const struct cond *cond, bool (*needs)(uint16_t))
{
	const struct cond_term *term;
	struct cond_walk at = {0};

	while ((term = cond_walk(cond, &at)))
		for (uint32_t x = 0; x < term->acl->exprs.n && x < LINES; x++)
			if (needs(term->acl->exprs.v[x]->sample->fetch))
				return term->acl->exprs.v[x];
	return NULL;
}

/* Mode tcp: nothing waits for the client's first bytes unless it is told to. */
void lint_early(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (d->px->mode != MODE_TCP || !(d->px->role & ROLE_FRONTEND) || d->px->tcp_req_inspect)
		return;
	vec_each (s, &d->px->use_backend) {
		const struct acl_expr *x = cond_needs(s->cond, fetch_is_http);

		if (x) {
			g = diag_add(k->d, D_HTTP_IN_TCP, lint_span(k, s->pos),
				     "in mode tcp nobody waits for the request");
			diag_note(k->d, g,
				  "`%.*s` has no value when the request comes later than the connection",
				  STR_ARG(x->keyword));
			diag_help(k->d, g, "write `mode http`");
			return;
		}
		x = cond_needs(s->cond, fetch_is_hello);
		if (x) {
			g = diag_add(k->d, D_NO_INSPECT_DELAY, lint_span(k, s->pos),
				     "nobody waits for what `%.*s` looks at", STR_ARG(x->keyword));
			diag_help(k->d, g,
				  "add `tcp-request inspect-delay 5s` and `tcp-request content accept if { "
				  "req.ssl_hello_type 1 }`");
			return;
		}
	}
}

/* A predefined name with another meaning. The same meaning written down again hurts nobody. */
void lint_predefined(struct checker *k, const struct draft *d)
{
	const struct lang_scope nowhere = {0};
	const char *name;

	for (size_t i = 0; (name = acl_builtin_name(i)) != NULL; i++) {
		const struct acl *acl = map_get(&d->px->acls, str_from(name));
		const struct acl *own = acl ? acl_find(k->c, &nowhere, str_from(name)) : NULL;
		struct diag *g;

		if (!acl || !acl->exprs.n || !acl->exprs.v[0]->pos.source)
			continue;
		if (own && acl->exprs.n == 1 && str_eq(own->exprs.v[0]->text, acl->exprs.v[0]->text))
			continue;
		g = diag_add(k->d, D_PREDEFINED_ACL, lint_span(k, acl->exprs.v[0]->pos),
			     "`%s` has a meaning of its own already", name);
		diag_note(k->d, g,
			  "in the lines below, the predefined ACL of this name is replaced by this one");
		diag_help(k->d, g, "choose another name");
	}
}

static void lint_binding(struct checker *k, const struct cond *cond, struct conf_pos pos)
{
	bool many = false, lone_before = false;
	struct diag *g;

	for (uint32_t i = 0; cond && i < cond->n; i++) {
		many |= cond->ors[i].n > 1 && i + 1 == cond->n;
		lone_before |= cond->ors[i].n == 1 && i + 1 < cond->n;
	}
	if (!many || !lone_before)
		return;
	g = diag_add(k->d, D_PRECEDENCE, lint_span(k, pos), "a blank binds tighter than `or`");
	diag_note(k->d, g,
		  "read as: one of the first alternatives alone, or all terms of the last one together");
	diag_help(k->d, g, "give the alternatives one name: two `acl` lines of the same name");
}

/* Fields whose values hold commas that separate nothing (RFC 9110). */
static bool field_has_commas(struct str name)
{
	static const char *const names[] = {
		"user-agent",         "date", "expires", "last-modified", "if-modified-since", "set-cookie",
		"if-unmodified-since"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_ieq(name, str_from(names[i])))
			return true;
	return false;
}

static bool sample_splits(const struct sample_expr *e)
{
	if (!e || !e->nargs || e->args[0].type != ARG_STR)
		return false;
	if (e->fetch != FETCH_HDR && e->fetch != FETCH_REQ_HDR && e->fetch != FETCH_RES_HDR &&
	    e->fetch != FETCH_SHDR)
		return false;
	return field_has_commas(e->args[0].str);
}

static void lint_split(struct checker *k, const struct sample_expr *e, struct span span)
{
	struct diag *g;

	if (!sample_splits(e))
		return;
	g = diag_add(k->d, D_SPLIT_HEADER, span, "`%.*s` gives what stands behind the last comma",
		     STR_ARG(e->text));
	diag_note(k->d, g, "of `Mozilla/5.0 (KHTML, like Gecko) Chrome/84` it gives `like Gecko) Chrome/84`");
	diag_help(k->d, g, "`%sfhdr(%.*s)` gives the whole field",
		  e->fetch == FETCH_RES_HDR || e->fetch == FETCH_SHDR ? "res." : "req.",
		  STR_ARG(e->args[0].str));
}

static void lint_split_format(struct checker *k, const struct logfmt *fmt, struct span span)
{
	for (uint32_t i = 0; fmt && i < fmt->n; i++)
		if (fmt->nodes[i].kind == LOGFMT_SAMPLE)
			lint_split(k, fmt->nodes[i].sample, span);
}

static void lint_place_rule(struct checker *k, const struct cond *cond, const struct rule *r,
			    struct conf_pos pos)
{
	lint_binding(k, cond, pos);
	if (!r)
		return;
	lint_split(k, r->sample, lint_span(k, pos));
	lint_split_format(k, r->fmt, lint_span(k, pos));
}

void lint_places(struct checker *k, const struct draft *d)
{
	for (int set = 0; set < RS_COUNT; set++)
		vec_each (r, &d->rules[set])
			lint_place_rule(k, r->cond, r, r->pos);
	vec_each (r, &d->redirects)
		lint_place_rule(k, r->cond, r, r->pos);
	vec_each (s, &d->px->use_backend)
		lint_place_rule(k, s->cond, NULL, s->pos);
	if (d->log_format_line && d->px->log_format)
		lint_split_format(k, d->px->log_format, d->log_format_line->span);
}
