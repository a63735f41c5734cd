/* The environment as a configuration sees it: what the process was started with, what the program defines, and
 * what setenv and its kin change while the text is read. A private copy in an arena: the process's own
 * environment is neither read nor changed here. One thread. */
#ifndef LB_GRAMMAR_ENV_H
#define LB_GRAMMAR_ENV_H

#include "grammar/base/arena.h"
#include "grammar/base/map.h"

struct env {
	struct arena *arena;
	struct map vars; /* name -> struct env_var; unset ones stay as marks */
};

/* Adds "NAME=value" entries of a list ended by NULL (NULL: none). As with getenv(), the first of several wins.
 */
void env_load(struct env *e, const char *const *list);
/* The value, or NULL when the variable is not set. */
const struct str *env_get(const struct env *e, struct str name);
/* setenv(3)'s rule for names: not empty, no `=`. */
bool env_name_is_valid(struct str name);
/* Sets a variable (both copied); an existing one only when `overwrite`. */
void env_set(struct env *e, struct str name, struct str value, bool overwrite);
void env_unset(struct env *e, struct str name);
/* Removes all variables but those named. */
void env_reset(struct env *e, const struct str *keep, size_t n);

#endif
