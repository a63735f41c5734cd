/* What the three small languages remember during one compilation. Private to their files. One thread. */
#ifndef LB_GRAMMAR_LANG_STATE_H
#define LB_GRAMMAR_LANG_STATE_H

#include "grammar/lang.h"
#include "grammar/rows.h"

/* An argument that names a section or a server which may come later in the configuration. */
struct lang_ref {
	struct arg *arg;
	char letter; /* what it names, as in fetches.def: b f v u */
	struct span span;
	const struct proxy_conf *proxy; /* where the expression stands; meant when no name is given */
	struct str subject;             /* "arg 1 of ACL keyword 'nbsrv'": as HAProxy words it */
};

struct lang_state {
	struct map builtin_acls; /* name -> struct acl */
	struct map sinks;        /* names of the ring sections so far */
	struct map maps;         /* "method path" -> struct map_conf */
	struct map pattern_files; /* path -> struct pattern_file */
	VEC(struct lang_ref) refs;
	bool fetch_warned[FETCH_COUNT], conv_warned[CONV_COUNT], action_warned[ACTION_COUNT];
};

/* The compilation's state, made on first use. */
struct lang_state *lang_state(struct compile *c);

/* A diagnostic in the middle of something: HAProxy's words are scope->haproxy, then the formatted text and a
 * full stop. */
struct diag *lang_haproxy(struct compile *c, struct diag *g, const struct lang_scope *scope, const char *format,
			  ...) __attribute__((format(printf, 4, 5)));
/* Warns once per row that lbd does not act on it yet. what: "sample fetch", "converter", "action". */
void lang_not_effective(struct compile *c, bool *warned, struct span span, const char *what, const char *name);
/* Content of a file that a configuration names, in the compilation's arena. False when it cannot be read: then
 * a diagnostic stands (an error for HAProxy's strictness, else a warning) unless nothing is to be read at all
 * (options->offline). */
bool lang_read_file(struct compile *c, struct str path, struct span span, const struct lang_scope *scope,
		    struct str *text);
/* Whether there is no such file; false in offline mode. */
bool lang_file_is_missing(struct compile *c, struct str path);
/* regex_parse() with HAProxy's words for the place. */
const struct regex *regex_compile(struct compile *c, const struct lang_scope *scope, struct str text,
				  bool icase, struct span span);
/* Whether it is one; nothing is kept. */
bool regex_is_valid(struct str text, bool icase);
/* A variable by name, made when new; NULL when the name is wrong, then `why` says it in HAProxy's words. */
const struct var_ref *var_find(struct compile *c, struct str text, struct str *why);
/* Of the parent stream (psess, ptxn, preq, pres): read only. */
bool var_is_parents(const struct var_ref *var);
/* The bit of enum var_condition that a word means ("ifset"); 0 for none of them. */
uint32_t var_condition_find(struct str word);
/* Notes what names of variables look like. */
void var_explain(struct compile *c, struct diag *g);
/* "a", "a or b": did you mean. Adds a help and a fix for the best. */
struct suggest;
void lang_suggest(struct compile *c, struct diag *g, const struct suggest *s, struct span span);

#endif
