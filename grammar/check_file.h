/* Files named by a configuration. One thread. */
#ifndef LB_GRAMMAR_CHECK_FILE_H
#define LB_GRAMMAR_CHECK_FILE_H

#include "grammar/check_state.h"

/* The name as the process would open it: relative ones start where default-path says (place.h), and that at the
 * working folder of the options. NUL-terminated. */
struct str check_file_path(struct checker *k, struct str name);
/* The same for a name that default-path has been applied to. */
struct str check_work_path(struct checker *k, struct str name);
/* "cannot read": class environment. error: an errno. */
struct diag *check_file_report(struct checker *k, struct span span, struct str name, int error);
/* Reads a file of at most `limit` bytes (content.len is limit + 1 when there is more) into the compilation's
 * arena. False when it cannot be read, which is reported, and in offline mode. */
bool check_file_read(struct checker *k, const struct word *name, size_t limit, struct str *content);
/* Users and groups of this machine, check_global.c: the number, or a diagnostic of class environment. */
bool check_owner_user(struct checker *k, const struct word *w, int *uid);
bool check_owner_group(struct checker *k, const struct word *w, int *gid);

#endif
