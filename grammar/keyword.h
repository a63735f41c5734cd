/* The registry: one row per keyword drives where it is allowed, how its arguments are parsed and checked, what
 * `lbcheck explain` says and what is suggested for a misspelt one. Rows live in grammar/keywords/<area>.c as constant tables and
 * are listed in keywords/areas.h. Read-only, any thread. */
#ifndef LB_GRAMMAR_KEYWORD_H
#define LB_GRAMMAR_KEYWORD_H

#include "grammar/compile.h"

/* Sections as bits. */
enum section_bit { SEC_GLOBAL = 1, SEC_DEFAULTS = 2, SEC_FRONTEND = 4, SEC_LISTEN = 8, SEC_BACKEND = 16, SEC_USERLIST = 32,
		   SEC_PEERS = 64, SEC_MAILERS = 128, SEC_RESOLVERS = 256, SEC_CACHE = 512, SEC_HTTP_ERRORS = 1024, SEC_RING = 2048,
		   SEC_LOG_FORWARD = 4096, SEC_PROGRAM = 8192, SEC_FCGI_APP = 16384, SEC_OTHER = 32768 };
#define SEC_PROXY (SEC_DEFAULTS | SEC_FRONTEND | SEC_LISTEN | SEC_BACKEND)
#define SEC_FE (SEC_DEFAULTS | SEC_FRONTEND | SEC_LISTEN)
#define SEC_BE (SEC_DEFAULTS | SEC_LISTEN | SEC_BACKEND)

/* How one argument is read. */
enum value_kind { VAL_NONE, VAL_FLAG, VAL_UINT, VAL_TIME_MS, VAL_TIME_S, VAL_SIZE, VAL_STRING, VAL_CHOICE, VAL_PATH, VAL_USER, VAL_GROUP,
		  VAL_ADDRESS, VAL_PERCENT, VAL_REST };

struct keyword;
struct keyword_use; /* one line being checked: words, section, object that is filled */

/* Rows are constant. A row with a `parse` function handles the rest of its line itself; one without is done by kind and offset. */
struct keyword {
	const char *name;	 /* words joined by a blank: "timeout client", "stats socket" */
	uint32_t sections;	 /* SEC_* bits */
	uint8_t kind;		 /* enum value_kind of the first argument */
	uint8_t flags;		 /* KW_* */
	uint16_t since, until;	 /* HAProxy versions as 206 ... 304; 0: always. until: first version without it */
	int64_t min, max;	 /* bounds of the value; 0, 0: none */
	size_t offset;		 /* of the field in global_conf, proxy_conf ... */
	bool (*parse)(struct compile *c, const struct keyword_use *use);
	const char *args;	 /* "<timeout>", shown by explain */
	const char *choices;	 /* VAL_CHOICE: "a|b|c", index is stored */
	const char *replaced_by; /* for removed and deprecated ones */
	const char *summary;	 /* one sentence */
	const char *details;	 /* what a person needs; may be NULL */
	const char *example;	 /* lines of the section, compiled by the tests; may be NULL */
};

enum keyword_flags {
	KW_NO = 1,	       /* `no` may precede */
	KW_DEFAULT = 2,	       /* `default` may precede */
	KW_REPEAT = 4,	       /* adds up: several lines are no mistake */
	KW_HTTP_ONLY = 8,      /* ignored with a warning in mode tcp */
	KW_NOT_EFFECTIVE = 16, /* read and checked, but lbd does not act on it yet */
	KW_ANON_DEFAULTS = 32, /* in defaults only in a named section */
	KW_DEPRECATED = 64,
	KW_REMOVED = 128,      /* known, but no longer accepted */
};

#endif
