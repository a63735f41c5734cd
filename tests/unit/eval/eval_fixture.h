/* A subject for tests of the evaluator: one request and one response, a compilation to make expressions with.
 */
#ifndef LB_TESTS_EVAL_FIXTURE_H
#define LB_TESTS_EVAL_FIXTURE_H

#include "runtime/eval/sample.h"
#include "tests/unit/grammar/lang_fixture.h"

struct eval_fixture {
	struct fixture f;
	struct eval e;
	struct scratch scratch;
	struct http_msg req, res;
	struct log_record log;
	const struct rule *last_rule;
	struct eval_vars *vars[VAR_SCOPES];
	struct eval_host host;
	union addr src, dst;
	struct bind_conf bind;
	struct user_conf users[2];
	struct str cap_req[4], cap_res[4];
	uint32_t cap_len[4];
};

void eval_fixture_start(struct eval_fixture *t);
void eval_fixture_stop(struct eval_fixture *t);
/* Reads a message, lines ended by \r\n, body behind the empty line. */
void eval_fixture_request(struct eval_fixture *t, const char *text);
void eval_fixture_response(struct eval_fixture *t, const char *text);
/* Makes the engine again after something was compiled. */
void eval_fixture_engine(struct eval_fixture *t);
/* The message as a text: start line and fields that are not deleted. */
const char *eval_fixture_dump(struct eval_fixture *t, const struct http_msg *m);

#endif
