/* What flex (token.l) and bison (tree_grammar.y) need to know of each other. */
#ifndef LB_GRAMMAR_TOKEN_H
#define LB_GRAMMAR_TOKEN_H

#include "grammar/parse.h"
#include "grammar/tree_grammar.h"

/* The scanner that flex makes; `scanner` comes from token_open(). */
int tree_lex(TREE_STYPE *value, TREE_LTYPE *location, void *scanner);

#endif
