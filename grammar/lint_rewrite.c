/* Lint: a named ACL that is looked at again after a rewrite that its first answer asked for. HAProxy keeps no
 * answers: behind `http-request set-path /v2%[path] if api` the ACL is asked about the new path. Certain only
 * where a witness shows it: a path that the ACL matches before the rewrite and not after it. One thread. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "grammar/lint.h"
#include "grammar/rows.h"

enum { PATH_MAX_LEN = 512, LINES = 16 };

/* Whether an ACL of path tests matches a path; *known is false when one of its tests is not understood. */
static bool acl_matches(const struct acl *acl, struct str path, bool *known)
{
	bool found = false;

	vec_each (x, &acl->exprs) {
		*known &= (*x)->sample->fetch == FETCH_PATH && !(*x)->sample->nconvs && !(*x)->nfiles &&
			  ((*x)->method == MATCH_BEG || (*x)->method == MATCH_STR || (*x)->method == MATCH_END);
		for (uint32_t i = 0; i < (*x)->npatterns && *known; i++) {
			struct str text = (*x)->patterns[i].text;

			*known &= !(*x)->patterns[i].icase;
			found |= (*x)->method == MATCH_BEG   ? str_starts(path, text)
				 : (*x)->method == MATCH_END ? str_ends(path, text)
							     : str_eq(path, text);
		}
	}
	return found;
}

/* The replacement with \1 and its kin filled in; false when it is no plain text. */
static bool expand(struct str text, struct str subject, const size_t *groups, int n, char *out, size_t *len)
{
	*len = 0;
	for (size_t i = 0; i < text.len; i++) {
		struct str part = str_sub(text, i, 1);

		if (text.ptr[i] == '\\' && i + 1 < text.len) {
			int group = text.ptr[++i] - '0';

			if (group < 0 || group > 9)
				return false;
			part = group < n && groups[2 * group] != PCRE2_UNSET
				       ? str_sub(subject, groups[2 * group],
						 groups[2 * group + 1] - groups[2 * group])
				       : STR_NONE;
		}
		if (*len + part.len > PATH_MAX_LEN)
			return false;
		memcpy(out + *len, part.ptr, part.len);
		*len += part.len;
	}
	return true;
}

static bool replaced(const struct rule *r, struct str path, char *out, size_t *len)
{
	pcre2_match_data *data;
	bool done = false;
	int n;

	if (!r->regex || !r->fmt || !r->fmt->literal)
		return false;
	data = pcre2_match_data_create(10, NULL);
	if (!data)
		return false;
	n = pcre2_match(r->regex->code, (PCRE2_SPTR)path.ptr, path.len, 0, 0, data, NULL);
	if (n > 0)
		done = expand(r->fmt->nodes ? r->fmt->nodes[0].text : STR(""), path,
			      pcre2_get_ovector_pointer(data), n, out, len);
	pcre2_match_data_free(data);
	return done;
}

/* set-path with a text, or a text before or behind the old path. */
static bool set(const struct logfmt *fmt, struct str path, char *out, size_t *len)
{
	*len = 0;
	for (uint32_t i = 0; fmt && i < fmt->n; i++) {
		const struct logfmt_node *node = &fmt->nodes[i];
		struct str part = node->text;

		if (node->kind == LOGFMT_SAMPLE && node->sample->fetch == FETCH_PATH && !node->sample->nconvs)
			part = path;
		else if (node->kind != LOGFMT_TEXT)
			return false;
		if (*len + part.len > PATH_MAX_LEN)
			return false;
		memcpy(out + *len, part.ptr, part.len);
		*len += part.len;
	}
	return fmt != NULL;
}

static bool rewritten(const struct rule *r, struct str path, char *out, size_t *len)
{
	return r->action == ACTION_REPLACE_PATH ? replaced(r, path, out, len) : set(r->fmt, path, out, len);
}

/* A path that the ACL matches, and no longer once the rule has changed it; empty when there is none. */
static struct str witness(struct checker *k, const struct rule *r, const struct acl *acl)
{
	static const char *const tails[] = {"", "/x", "/x/y", "x"};
	char out[PATH_MAX_LEN];
	size_t len;

	if (acl->exprs.n > LINES)
		return STR_NONE; /* each path is compared with all of them */
	vec_each (x, &acl->exprs) {
		for (uint32_t i = 0; i < (*x)->npatterns && i < 4; i++)
			for (size_t t = 0; t < sizeof(tails) / sizeof(tails[0]); t++) {
				struct str path = arena_printf(k->scratch, "%.*s%s",
							       STR_ARG((*x)->patterns[i].text), tails[t]);
				bool known = true;

				if (path.len > PATH_MAX_LEN || !acl_matches(acl, path, &known) || !known ||
				    !rewritten(r, path, out, &len))
					continue;
				if (!acl_matches(acl, str_make(out, len), &known))
					return path;
			}
	}
	return STR_NONE;
}

/* The only term of a condition, when it is a named ACL that must hold. */
static const struct acl *only_acl(const struct cond *cond)
{
	if (!cond || cond->unless || cond->n != 1 || cond->ors[0].n != 1 || cond->ors[0].terms[0].negated)
		return NULL;
	return cond->ors[0].terms[0].acl->name.len ? cond->ors[0].terms[0].acl : NULL;
}

static void report(struct checker *k, const struct rule *r, const struct acl *acl, struct conf_pos later)
{
	struct str path = witness(k, r, acl);
	struct diag *g;

	if (!path.len)
		return;
	g = diag_add(k->d, D_STALE_ACL, lint_span(k, later), "`%.*s` no longer holds here", STR_ARG(acl->name));
	diag_also(k->d, g, lint_span(k, r->pos), "this line changes the path when it holds");
	diag_note(k->d, g,
		  "a request for `%.*s` meets it there, and not here any more: ACLs are asked anew each time",
		  STR_ARG(path));
	diag_help(k->d, g,
		  "remember the answer in a variable before the rewrite: `http-request set-var(txn.x) "
		  "bool(true) if %.*s`",
		  STR_ARG(acl->name));
}

void lint_rewrites(struct checker *k, const struct draft *d)
{
	struct map changed = {0}; /* name of an ACL -> the rule that changed the path when it held */

	vec_each (r, &d->rules[RS_HTTP_REQ]) {
		const struct acl *acl = only_acl(r->cond);
		const struct rule *by = acl ? map_get(&changed, acl->name) : NULL;

		if (by)
			report(k, by, acl, r->pos);
		if (acl && (r->action == ACTION_REPLACE_PATH || r->action == ACTION_SET_PATH) && !by)
			map_put(k->scratch, &changed, acl->name, r);
	}
	vec_each (s, &d->px->use_backend) {
		const struct acl *acl = only_acl(s->cond);
		const struct rule *by = acl ? map_get(&changed, acl->name) : NULL;

		if (by)
			report(k, by, acl, s->pos);
	}
}
