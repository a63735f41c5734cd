/* Explains what is wrong with a condition: the words that people bring along from other languages, braces
 * without blanks, ACLs that stand elsewhere. One thread. */
#ifndef LB_GRAMMAR_COND_EXPLAIN_H
#define LB_GRAMMAR_COND_EXPLAIN_H

#include "grammar/acl.h"
#include "grammar/cond_ast.h"

/* A word that is no ACL. When it is the name of one whose line stands before and was refused, that is known already: then nothing is
 * said, and an ACL that never matches stands in. */
const struct acl *cond_explain_name(struct compile *c, const struct cond_scan *scan, const struct cond_term_ast *term,
		       const struct lang_scope *scope);
/* A brace that is not closed. */
void cond_explain_brace(struct compile *c, const struct cond_scan *scan, const struct lang_scope *scope);

#endif
