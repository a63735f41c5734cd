/* ACLs: tests of samples against patterns (manual, section 7.1); shared by acl*.c and cond.c. One thread. */
#ifndef LB_GRAMMAR_ACL_H
#define LB_GRAMMAR_ACL_H

#include "grammar/lang_state.h"
#include "grammar/pattern.h"

/* One test: criterion [flags] [operator] [patterns]. words[n] may not exist; behind: where a missing word is
 * reported. NULL after an error. */
const struct acl_expr *acl_expr_parse(struct compile *c, const struct word *words, uint32_t n,
				      struct span behind, const struct lang_scope *scope);
/* A named or predefined ACL that a condition in this scope sees; NULL when there is none. */
const struct acl *acl_find(struct compile *c, const struct lang_scope *scope, struct str name);
/* Makes a name known whose definition was wrong, so that its use is no second mistake. */
const struct acl *acl_poison(struct compile *c, const struct lang_scope *scope, struct str name);
/* The predefined ones (manual, section 7.4): the i-th one's name, NULL behind the last. */
const char *acl_builtin_name(size_t i);

/* While one test is being read. */
struct acl_reader {
	struct pattern_reader patterns;
	const struct word *words;
	uint32_t n, i;
	struct acl_expr *expr;
	pattern_vec list;
	VEC(struct pattern_file_use) file_list;
	const struct acl_alias_row *alias;
	bool files, map, end_of_flags, method_given;
};

/* The flags, from words[i] on; false after an error. acl_flags.c */
bool acl_flags_parse(struct acl_reader *r);
/* Settles the matching method when `-m` did not. */
bool acl_method_settle(struct acl_reader *r);

#endif
