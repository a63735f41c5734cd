/* Actions as functions, one per effective row of keywords/actions.def: a row without its function does not
 * link. Private to runtime/eval. */
#ifndef LB_EVAL_RULES_H
#define LB_EVAL_RULES_H

#include "grammar/rows.h"
#include "runtime/eval/engine.h"

/* V_CONTINUE: the next rule; anything else ends the list. */
typedef enum verdict rule_fn(struct eval *e, const struct rule *rule);

#define ACTION(id, name, form, sets, flags, since, args, fn, summary) rule_fn rule_##fn;
#include "grammar/keywords/actions.def"
#undef ACTION

/* What a failed rewrite means: an internal error, unless `strict-mode off` was met. */
enum verdict rule_failed(struct eval *e);
/* Whether the head may grow by so many bytes: a failed rewrite if it would not fit a buffer of tune.bufsize bytes any more. */
bool rule_fits(const struct eval *e, struct http_msg *m, size_t more);
/* Appends a field, which lives as long as the message: the one way in which rules do. False: it would not fit, or there is no memory. */
bool rule_header_put(const struct eval *e, struct http_msg *m, struct str name, struct str value);
/* The rule's number, or that of its sample. False: it has none. */
bool rule_number(struct eval *e, const struct rule *rule, int64_t *value);
/* The message that the rule list works on. */
struct http_msg *rule_message(struct eval *e, const struct rule *rule);
/* Text of a format with back-references to the groups of the last match, in scratch memory. ptr NULL on
 * failure. */
struct str rule_expand(struct eval *e, struct str format, struct str subject, const size_t *groups, uint32_t n);

/* Whether a field's name is the one that the rule means: rule->name by the method in rule->num. rule_http.c */
bool rule_header_is_named(struct eval *e, const struct rule *rule, struct str name);
/* Stores a text in a capture slot, cut to the slot's length. False when there is no such slot. */
bool capture_set(struct eval *e, bool response, int64_t slot, struct str text);
/* Whether the conditions of set-var(name,cond...) hold: bits of enum var_condition in model_rule.h. vars.c */
bool var_condition(struct eval *e, const struct var_ref *ref, const struct sample *value, uint32_t conditions);

#endif
