/* What the grammar, the scanner and the words of conditions share. Lives on the stack of predicate_eval(). */
#ifndef LB_GRAMMAR_PREDICATE_STATE_H
#define LB_GRAMMAR_PREDICATE_STATE_H

#include "grammar/predicate.h"

enum { PREDICATE_ARGS_MAX = 3 };

/* Something in the condition's text: bytes [off, off + len), and what they mean. */
struct predicate_item {
	uint32_t off, len;
	struct str text; /* of a name, or a decoded argument */
};

struct predicate_args {
	struct predicate_item items[PREDICATE_ARGS_MAX];
	uint32_t n; /* counts those that did not fit as well */
};

struct predicate_state {
	const struct predicate_context *context;
	const struct word *condition;
	uint32_t at;    /* where the scanner goes on */
	uint32_t token; /* where its last token started, outside of arguments */
	bool in_arguments, want_argument;
	struct predicate_item name; /* the last one */
	bool glued;		    /* neither a blank nor arguments follow it, nor the end */
	struct predicate_args args; /* of the last one */
	uint32_t open;              /* last opening parenthesis */
	bool value, failed;
};

/* predicate_grammar.y: parses the condition into s->value; false after a syntax error. */
bool predicate_run(struct predicate_state *s);
/* What the grammar cannot go on with: not the end of arguments, no operand, a parenthesis that is still open,
 * something behind the condition. */
void predicate_report_arguments(struct predicate_state *s);
void predicate_report_operand(struct predicate_state *s, bool at_end);
void predicate_report_open(struct predicate_state *s);
void predicate_report_trailing(struct predicate_state *s);

/* predicate_version.c */
struct version {
	uint32_t parts[4], rank, commits; /* rank: development, candidate, release */
};
/* HAProxy's own versions: 2.6.12, 2.7-dev3, 2.6.12-5; false for what is none (HAProxy takes it for 0). */
bool version_parse(struct str text, struct version *v);
int version_compare(const struct version *a, const struct version *b);
/* OpenSSL's: three numbers, perhaps with letters behind. */
bool version_parse_openssl(struct str text);

/* predicate.c: one argument more for the last name. */
void predicate_argument(struct predicate_state *s, const struct predicate_item *item);
/* A call, with no arguments when args is NULL; evaluates it or reports what is wrong. */
bool predicate_call(struct predicate_state *s, const struct predicate_item *name,
		    const struct predicate_args *args);
/* A diagnostic at bytes of the condition. HAProxy's words: "... in '.if' at position N" with its picture. */
struct diag *predicate_report(struct predicate_state *s, enum diag_code code, uint32_t off, uint32_t len,
			      const char *format, ...) __attribute__((format(printf, 5, 6)));
void predicate_haproxy(struct predicate_state *s, struct diag *g, uint32_t off, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
