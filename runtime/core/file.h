/* Whole files: certificates, lists, states of an earlier process. */
#ifndef LB_CORE_FILE_H
#define LB_CORE_FILE_H

#include <stddef.h>

/* What a file holds, `limit` bytes at the most, with a NUL behind it; to be freed. What cannot be read (a
 * directory, a pipe without a writer) is empty, as HAProxy takes it. NULL: errno, EFBIG for a larger one. Does
 * not wait for a pipe's other end. Any thread. */
char *file_read(const char *path, size_t limit, size_t *len);

#endif
