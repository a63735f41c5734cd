/* Lints: names that nobody uses, and values that nobody sets: ACLs, backends, variables, captures. One thread.
 */
#include <string.h>

#include "grammar/cond_walk.h"
#include "grammar/lint.h"
#include "grammar/rows.h"

enum { SEARCHES = 100 };

struct names {
	struct map used_acls; /* struct acl of the named ones, by address */
	bool *var_set;        /* index: var_ref.id */
	bool unknown_setters; /* Lua or an agent may set any variable */
};

static struct str address_key(const void *p, char *buf)
{
	memcpy(buf, &p, sizeof(p));
	return str_make(buf, sizeof(p));
}

static void use_cond(struct checker *k, struct names *names, const struct cond *cond)
{
	const struct cond_term *term;
	struct cond_walk at = {0};
	char buf[sizeof(void *)];

	while ((term = cond_walk(cond, &at)))
		if (term->acl->name.len && !map_get(&names->used_acls, address_key(term->acl, buf)))
			map_put(k->scratch, &names->used_acls,
				arena_str(k->scratch, address_key(term->acl, buf)), k);
}

static void set_var(struct names *names, const struct var_ref *var)
{
	if (var)
		names->var_set[var->id] = true;
}

static void note_rule(struct checker *k, struct names *names, const struct rule *r)
{
	use_cond(k, names, r->cond);
	set_var(names, r->var);
	names->unknown_setters |= r->action == ACTION_LUA || r->action == ACTION_SEND_SPOE_GROUP ||
				  r->action == ACTION_DO_RESOLVE;
}

static void note_draft(struct checker *k, struct names *names, const struct draft *d)
{
	const struct proxy_conf *px = d->px;

	for (int set = 0; set < RS_COUNT; set++)
		vec_each (r, &d->rules[set])
			note_rule(k, names, r);
	vec_each (r, &d->redirects)
		note_rule(k, names, r);
	vec_each (r, &d->stats_rules)
		note_rule(k, names, r);
	vec_each (s, &px->use_backend)
		use_cond(k, names, s->cond);
	vec_each (s, &px->use_server)
		use_cond(k, names, s->cond);
	vec_each (p, &px->persist_rules)
		use_cond(k, names, p->cond);
	vec_each (s, &d->stick_rules)
		use_cond(k, names, s->cond);
	use_cond(k, names, px->monitor_fail);
	use_cond(k, names, px->stats.admin);
	for (uint32_t i = 0; i < px->check.nsteps; i++)
		if (px->check.steps[i].rule)
			set_var(names, px->check.steps[i].rule->var);
	names->unknown_setters |= d->filters || d->spoe_engine;
}

/* The converter set-var sets, too. */
static void note_exprs(struct checker *k, struct names *names)
{
	for (uint32_t i = 0; i < k->m->exprs.n; i++) {
		const struct sample_expr *e = k->m->exprs.v[i];

		for (uint32_t j = 0; j < e->nconvs; j++) {
			const struct conv_call *call = &e->convs[j];

			if (call->conv == CONV_SET_VAR && call->args[0].type == ARG_VAR)
				set_var(names, call->args[0].var);
			names->unknown_setters |=
				call->nargs && strncmp(conv_row(call->conv)->name, "lua", 3) == 0;
		}
	}
	vec_each (v, &k->m->global.proc_vars)
		set_var(names, v->var);
	for (uint32_t i = 0; i < k->global_seen.n; i++)
		names->unknown_setters |= strncmp(k->global_seen.v[i].row->name, "lua", 3) == 0;
}

/* Whether two names differ in two neighbouring letters at most: a slip of the pen, not another word. */
static bool names_close(struct str a, struct str b)
{
	size_t from = 0, to = 0, least = a.len < b.len ? a.len : b.len, most = a.len > b.len ? a.len : b.len;

	while (from < least && a.ptr[from] == b.ptr[from])
		from++;
	while (to < least - from && a.ptr[a.len - 1 - to] == b.ptr[b.len - 1 - to])
		to++;
	return least > 3 && most - from - to <= 2;
}

/* A variable that is set and whose name is much like this one, or NULL. */
static const struct var_ref *similar_set(struct checker *k, const struct names *names,
					 const struct var_ref *var)
{
	for (uint32_t i = 0; i < k->m->vars.n; i++)
		if (names->var_set[i] && names_close(k->m->vars.v[i]->name, var->name))
			return k->m->vars.v[i];
	return NULL;
}

static void lint_unset(struct checker *k, const struct names *names)
{
	uint32_t searched = 0; /* looking for similar names costs as many steps as there are variables */

	for (uint32_t i = 0; i < k->m->acl_exprs.n; i++) {
		const struct acl_expr *x = k->m->acl_exprs.v[i];
		const struct sample_expr *e = x->sample;
		struct diag *g;
		const struct var_ref *similar;

		if (!e || e->fetch != FETCH_VAR || !x->pos.source || e->args[0].type != ARG_VAR)
			continue;
		/* a default value is a value */
		if (names->var_set[e->args[0].var->id] || e->args[0].var->scope == VAR_PROC ||
		    (e->nargs > 1 && e->args[1].type != ARG_NONE))
			continue;
		similar = searched++ < SEARCHES ? similar_set(k, names, e->args[0].var) : NULL;
		g = diag_add(k->d, similar ? D_MISSPELT_VARIABLE : D_UNSET_VARIABLE, lint_span(k, x->pos),
			     "nobody sets the variable `%.*s`", STR_ARG(e->args[0].str));
		if (similar)
			diag_help(k->d, g, "`%.*s` is set", STR_ARG(similar->name));
		diag_note(k->d, g, "it has no value, so this test never holds");
	}
}

static void lint_unused_acls(struct checker *k, const struct draft *d, const struct names *names)
{
	char buf[sizeof(void *)];

	for (uint32_t i = 0; i < d->px->acls.size; i++) {
		const struct acl *acl = d->px->acls.slots[i].value;
		struct diag *g;

		if (!acl || !acl->exprs.n || !acl->exprs.v[0]->pos.source ||
		    map_get(&names->used_acls, address_key(acl, buf)))
			continue;
		g = diag_add(k->d, D_UNUSED_ACL, lint_span(k, acl->exprs.v[0]->pos),
			     "no condition uses the ACL `%.*s`", STR_ARG(acl->name));
		diag_help(k->d, g,
			  "a rule names it behind `if` or `unless`; without one the line does nothing");
	}
}

/* capture.req.hdr(7): slots are numbered from 0 in the frontend that declares them. */
void lint_capture(struct checker *k, const struct draft *d, const struct acl_expr *x)
{
	const struct sample_expr *e = x->sample;
	bool request = e->fetch == FETCH_CAPTURE_REQ_HDR;
	uint32_t n = request ? d->captures[0].n : d->captures[1].n;
	struct diag *g;

	if (!(d->px->role & ROLE_FRONTEND) || (!request && e->fetch != FETCH_CAPTURE_RES_HDR) ||
	    e->args[0].sint < n)
		return;
	g = diag_add(k->d, D_UNDECLARED_CAPTURE, lint_span(k, x->pos), "there is no %s capture number %lld",
		     request ? "request" : "response", (long long)e->args[0].sint);
	diag_note(k->d, g, "`%.*s` has %u, counted from 0", STR_ARG(d->px->name), n);
}

/* Backends that no line names. A name that is made while running may mean any. */
static void lint_unused_backends(struct checker *k)
{
	for (uint32_t i = 0; i < k->drafts.n; i++)
		vec_each (s, &k->drafts.v[i]->px->use_backend)
			if (s->dynamic)
				return;
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		const struct draft *d = k->drafts.v[i];
		struct diag *g;

		if (!d->name || d->place != PLACE_BACKEND || d->referenced || d->px->table ||
		    !d->px->servers.n || d->px->disabled)
			continue;
		g = diag_add(k->d, D_UNUSED_BACKEND, d->name->span, "no line sends requests to `%.*s`",
			     STR_ARG(d->px->name));
		diag_help(k->d, g, "`default_backend` or `use_backend` in a frontend names it");
	}
}

void lint_names(struct checker *k)
{
	struct names names = {.var_set = ARENA_ARRAY(k->scratch, bool, k->m->vars.n + 1)};

	for (uint32_t i = 0; i < k->drafts.n; i++)
		note_draft(k, &names, k->drafts.v[i]);
	note_exprs(k, &names);
	if (!names.unknown_setters)
		lint_unset(k, &names);
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		if (k->drafts.v[i]->name && !k->drafts.v[i]->px->disabled)
			lint_unused_acls(k, k->drafts.v[i], &names);
	}
	if (!names.unknown_setters)
		lint_unused_backends(k);
}
