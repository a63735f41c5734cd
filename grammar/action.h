/* Actions of rule sets: shared by action*.c. One thread. */
#ifndef LB_GRAMMAR_ACTION_H
#define LB_GRAMMAR_ACTION_H

#include "grammar/lang_state.h"

/* One rule while its words are being read. words[0] is the action; i is the next word to read. */
struct action_reader {
	struct compile *c;
	enum ruleset set;
	const struct action_row *row;
	const struct word *words;
	uint32_t n, i;
	struct lang_scope scope; /* for the arguments */
	struct rule *out;
};

/* Reads the arguments from words[i] on; false after an error. One per row of keywords/actions.def. */
typedef bool action_args_fn(struct action_reader *r);
#define ACTION(id, name, form, sets, flags, since, args, fn, summary) action_args_fn action_args_##args;
#include "grammar/keywords/actions.def"
#undef ACTION

/* The next argument, or NULL at the end, at an empty word, and before `if` or `unless`. */
const struct word *action_peek(const struct action_reader *r);
/* The same, and steps over it. */
const struct word *action_take(struct action_reader *r);
/* The value of the word just taken, whatever it says (`string if` has the text "if"); NULL at the end and at an
 * empty word. */
const struct word *action_take_value(struct action_reader *r);
/* True, and steps over it, when the next argument is this word. */
bool action_take_word(struct action_reader *r, const char *word);
/* A whole number, also in hexadecimal behind 0x. */
bool action_number(struct str text, int64_t *value);
/* Where the next argument stands, or should stand. */
struct span action_here(const struct action_reader *r);
/* Reports a mistake in the arguments, with HAProxy's words for it and ours; always false. */
bool action_error(struct action_reader *r, struct span span, const char *haproxy, const char *message);
/* The same for a missing argument. */
bool action_missing(struct action_reader *r, const char *haproxy, const char *what);
enum { HEADER_METHODS = 5 }; /* str, beg, end, sub, reg */
/* `-m` and one of the first n methods, if it stands here; *method (enum match_method) is left alone when it does
 * not. */
bool action_header_method(struct action_reader *r, uint32_t n, int64_t *method);
/* The text between the parentheses of words[0], "" without any; *at gets its offset. False when they are not
 * closed. */
bool action_parens(struct action_reader *r, struct str *text, size_t *at);
/* The next argument as a format string; NULL after an error. what: of a missing one. */
const struct logfmt *action_format(struct action_reader *r, const char *haproxy, const char *what);
/* The next arguments as a sample expression; NULL after an error. */
const struct sample_expr *action_sample(struct action_reader *r);
/* A reply (deny, tarpit, return, http-error); status: when none is given. NULL after an error. action_reply.c
 */
const struct reply_conf *action_reply(struct action_reader *r, uint16_t status);
/* Whether the proxy has a message of its own for a status. */
bool reply_status_is_known(int64_t status);

#endif
