/* Suites: unit tests of configurations. A suite is a text of lines of words; suite_parse.c makes statements of
 * it, suite_run.c plays them on a stage (runtime/stage), suite_expect.c judges, suite_report.c tells. What is
 * wrong, in a suite or with a configuration, is a diagnostic with a place in the suite. Everything lives in the
 * suite's arena. One thread. */
#ifndef LB_TOOLS_SUITE_H
#define LB_TOOLS_SUITE_H

#include "grammar/diag.h"
#include "grammar/text.h"
#include "tools/lbcheck_play.h"

struct lbconf;

struct suite_word {
	struct str text; /* decoded; a NUL stands behind it */
	struct span span;
};

/* First words of lines. */
enum suite_verb {
	SV_CONFIG,
	SV_COMPAT,
	SV_TEST,
	SV_SERVER,
	SV_AT,
	SV_WAIT, /* between requests */
	SV_REQUEST,
	SV_HEADER,
	SV_FROM,
	SV_TO,
	SV_BIND,
	SV_BODY,
	SV_RAW,
	SV_VAR,
	SV_TIMES,
	SV_SAME, /* about a request */
	SV_REPLY,
	SV_REPLY_HEADER,
	SV_REPLY_BODY,
	SV_EXPECT,
};

struct suite_line {
	enum suite_verb verb;
	struct span span;         /* all of it */
	struct suite_word *words; /* behind the first */
	uint32_t n;
};

struct suite_test {
	struct str name;
	struct span span;
	VEC(struct suite_line) lines;
	/* what came of it */
	uint32_t expected, failed; /* expectations */
	double seconds;
	uint32_t first_diag, ndiags; /* of suite.diags */
};

struct suite {
	struct arena *arena;
	struct sources sources;
	struct diags diags;
	struct str path;
	VEC(struct suite_word) configs;
	struct suite_word compat; /* text empty: as the command line says */
	VEC(struct suite_test) tests;
	struct lbconf *conf;
	const struct model *model;
};

/* Reads a suite; mistakes are in s->diags. False: the file cannot be read (errno) or memory is out. */
bool suite_read(struct suite *s, const char *path);
bool suite_read_text(struct suite *s, const char *name, struct str text);
void suite_free(struct suite *s);
/* The usage of a line ("header NAME: VALUE"), for messages. */
const char *suite_usage(enum suite_verb verb);
/* Words [from, n) of a line, joined by a blank. */
struct str suite_rest(struct suite *s, const struct suite_line *line, uint32_t from);

/* suite_run.c. What one request came to, kept for its expectations. */
struct suite_run {
	struct suite *suite;
	struct suite_test *test;
	struct stage *stage;
	struct play defaults, play;       /* of the test; of the request that is being described */
	const struct suite_line *request; /* not played yet, or NULL */
	uint32_t times;
	VEC(struct witness_var) vars;
	struct witness witness;
	struct stage_visit visit;
	struct stage_outcome outcome;
	struct str reply;
	bool played; /* there is an outcome */
	bool broken; /* a mistake: the rest of the test makes no sense */
	struct coverage *coverage;
	/* Told of each request that was played, behind its outcome; or NULL. */
	void (*on_played)(void *ctx, struct suite_run *r);
	/* Time passes. */
	void (*on_wait)(void *ctx, struct suite_run *r, uint64_t ms);
	/* A server changes its state. */
	void (*on_server)(void *ctx, struct suite_run *r, const struct play_state *state);
	void *ctx;
};

/* Plays one test from its beginning to its end, on a stage of its own. */
void suite_run_test(struct suite_run *r, struct suite_test *t);
/* suite_expect.c. Judges one line; a failure is a diagnostic. */
void suite_expect(struct suite_run *r, const struct suite_line *line);
/* A line whose words make no sense. */
struct diag *suite_mistake(struct suite *s, struct span span, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
