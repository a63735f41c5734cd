/* Groups that ACLs with `http_auth_group` name: each is a group of the userlist, and there is at least one
 * (manual, section 7.3.6). Once all userlists are known. Works on the state of one walk; one thread. */
#include <string.h>

#include "grammar/check_finish.h"
#include "grammar/check_proxy.h"
#include "grammar/lint.h"
#include "grammar/rows.h"

/* The proxy in whose section an expression stands, or NULL. */
static const struct draft *owner_of(const struct checker *k, struct conf_pos pos)
{
	const struct draft *found = NULL;

	for (uint32_t i = 0; i < k->drafts.n; i++) {
		struct conf_pos at = check_pos(k, k->drafts.v[i]->section->header);

		if (at.source == pos.source && at.line <= pos.line)
			found = k->drafts.v[i];
	}
	return found;
}

/* The name of the ACL that has this line; empty for what stands between braces. */
static struct str acl_name_of(const struct draft *d, const struct acl_expr *x)
{
	for (uint32_t i = 0; i < d->px->acls.size; i++) {
		const struct acl *acl = d->px->acls.slots[i].value;

		for (uint32_t j = 0; acl && j < acl->exprs.n; j++)
			if (acl->exprs.v[j] == x)
				return acl->name;
	}
	return STR_NONE;
}

static bool group_exists(const struct named_section *list, struct str name)
{
	vec_each (group, &list->groups)
		if (str_eq(group->name->text, name))
			return true;
	return false;
}

static void report(struct checker *k, const struct draft *d, const struct acl_expr *x, struct str group)
{
	struct str list = x->sample->args[0].str, acl = acl_name_of(d, x);
	struct diag *g;

	if (group.len) {
		g = diag_add(k->d, D_BAD_ARGUMENT, lint_span(k, x->pos),
			     "`%.*s` is no group of the userlist `%.*s`", STR_ARG(group), STR_ARG(list));
		diag_haproxy_unplaced(k->d, g, "proxy %.*s: acl %.*s http_auth_group(): invalid group '%.*s'.",
				      STR_ARG(d->px->name), STR_ARG(acl), STR_ARG(group));
		return;
	}
	g = diag_add(k->d, D_MISSING_ARGUMENT, lint_span(k, x->pos), "`http_auth_group` needs names of groups");
	diag_help(k->d, g, "`http_auth_group(%.*s) admins`: without converters and without `-m`",
		  STR_ARG(list));
	diag_haproxy_unplaced(k->d, g, "proxy %.*s: acl %.*s http_auth_group(): no groups specified.",
			      STR_ARG(d->px->name), STR_ARG(acl));
}

static void check_groups(struct checker *k, const struct acl_expr *x)
{
	const struct draft *d = owner_of(k, x->pos);
	const struct named_section *list = map_get(&k->others[PLACE_USERLIST], x->sample->args[0].str);

	if (!d || d->place == PLACE_DEFAULTS || !list || x->nfiles)
		return;
	if (x->sample->nconvs || !x->npatterns || memmem(x->text.ptr, x->text.len, " -m ", 4)) {
		report(k, d, x, STR_NONE);
		return;
	}
	for (uint32_t i = 0; i < x->npatterns; i++)
		if (!group_exists(list, x->patterns[i].text)) {
			report(k, d, x, x->patterns[i].text);
			return;
		}
}

void check_auth_groups(struct checker *k)
{
	for (uint32_t i = 0; i < k->m->acl_exprs.n; i++) {
		const struct acl_expr *x = k->m->acl_exprs.v[i];

		if (x->pos.source && x->sample && x->sample->fetch == FETCH_HTTP_AUTH_GROUP && x->sample->nargs)
			check_groups(k, x);
	}
}
