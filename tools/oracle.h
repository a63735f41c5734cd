/* A real HAProxy beside the stage: `lbcheck test --oracle`. The configuration of a suite is written anew with
 * sockets of ours in place of its addresses; HAProxy runs it, one process for each test; the bytes of each
 * request that was played go to it as well, and what it decides, sends and answers is compared. One thread, and
 * a child process. */
#ifndef LB_TOOLS_ORACLE_H
#define LB_TOOLS_ORACLE_H

#include "tools/suite.h"

struct oracle;

/* program: HAProxy's path. NULL: it cannot be used with this suite, which was said on standard error. */
struct oracle *oracle_new(struct suite *s, const char *program);
void oracle_free(struct oracle **o);
/* Has `r` tell it everything. Before each suite_run_test(). */
void oracle_follow(struct oracle *o, struct suite_run *r);
/* Requests that were compared, and tests that could not be replayed to their end. */
void oracle_counts(const struct oracle *o, uint32_t *compared, uint32_t *left_out);

/* oracle_config.c. What was made of the configuration. */
struct oracle_place {
	struct conf_pos pos;
	char path[108];                   /* of a unix socket */
	int fd;                           /* servers: listening, or -1 */
	const struct server_conf *server; /* NULL: a bind */
};
struct oracle_config {
	struct arena *arena;
	const char *folder;
	VEC(struct oracle_place) places;
	VEC(struct conf_pos) origins; /* of each line of the new text, from its first */
	struct out text;
};
/* False: something in it cannot be replayed; *why says what. */
bool oracle_config_make(struct oracle_config *c, struct suite *s, const char **why);

#endif
