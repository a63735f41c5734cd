/* Actions that change maps and ACLs of files (manual: http-request set-map, del-map, add-acl, del-acl). What no
 * ACL or map of the configuration names is not there to be changed. One thread; the objects have locks of their
 * own. */
#include "runtime/eval/pattern_ref.h"

#include "runtime/eval/rules.h"

static struct pattern_ref *file_of(struct eval *e, const struct rule *rule)
{
	return pattern_ref_find(eval_engine_patterns(e->engine), rule->str);
}

/* An empty key is a key. */
static enum verdict put(struct eval *e, const struct rule *rule, const struct logfmt *format)
{
	struct pattern_ref *ref = file_of(e, rule);
	struct str key = logfmt_text(e, rule->fmt), value = format ? logfmt_text(e, format) : STR("");

	if (!key.ptr || !value.ptr)
		return rule_failed(e);
	if (ref)
		pattern_ref_put(ref, key, value, NULL);
	return V_CONTINUE;
}

static enum verdict take_out(struct eval *e, const struct rule *rule)
{
	struct pattern_ref *ref = file_of(e, rule);
	struct str key = logfmt_text(e, rule->fmt);

	if (!key.ptr)
		return rule_failed(e);
	if (ref)
		pattern_ref_delete(ref, key);
	return V_CONTINUE;
}

enum verdict rule_set_map(struct eval *e, const struct rule *rule)
{
	return put(e, rule, rule->fmt2);
}

enum verdict rule_add_acl(struct eval *e, const struct rule *rule)
{
	return put(e, rule, NULL);
}

enum verdict rule_del_map(struct eval *e, const struct rule *rule)
{
	return take_out(e, rule);
}

enum verdict rule_del_acl(struct eval *e, const struct rule *rule)
{
	return take_out(e, rule);
}
