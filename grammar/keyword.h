/* The registry: one row per keyword drives where it is allowed, how its arguments are parsed and checked, what
 * `lbcheck explain` says and what is suggested for a misspelt one. Rows are constant tables, by area, in
 * grammar/keywords/<area>.c, listed in keywords/areas.def. The index over them is made once per compilation. */
#ifndef LB_GRAMMAR_KEYWORD_H
#define LB_GRAMMAR_KEYWORD_H

#include "grammar/compile.h"

/* Where a row is legal. Numbers of the sections first (sections.def), then what stands inside a line. */
enum keyword_place {
#define SECTION(name, word, naming, since, until, summary) PLACE_##name,
#include "grammar/keywords/sections.def"
#undef SECTION
	PLACE_SECTIONS,     /* how many sections */
	PLACE_BIND = 20,    /* words of a bind line, in a proxy ... */
	PLACE_STATS_SOCKET, /* ... or of `stats socket` */
	PLACE_SERVER,
	PLACE_DEFAULT_SERVER,
	PLACE_TOP, /* before the first section: the section words themselves */
	PLACE_COUNT
};
#define IN(place) (1u << PLACE_##place)
#define IN_PROXY (IN(DEFAULTS) | IN(FRONTEND) | IN(LISTEN) | IN(BACKEND))
#define IN_FE (IN(DEFAULTS) | IN(FRONTEND) | IN(LISTEN))
#define IN_BE (IN(DEFAULTS) | IN(LISTEN) | IN(BACKEND))
#define IN_SRV (IN(SERVER) | IN(DEFAULT_SERVER))

/* How the arguments are read. All but the last three take exactly one word. */
enum value_kind {
	VAL_FLAG, /* none: true at the offset (false after `no`), or nothing to store */
	VAL_UINT,
	VAL_TIME_MS,
	VAL_TIME_S,
	VAL_SIZE,
	VAL_PERCENT,
	VAL_STRING,
	VAL_CHOICE, /* one of `choices`: its number plus `min` is stored */
	VAL_ON_OFF,
	VAL_FILE, /* must be readable; class environment */
	VAL_DIR,
	VAL_OPTION, /* none: bit `offset` of proxy_conf.options */
	VAL_WORDS,  /* `min` to `max` words of any shape (max 0: no limit); nothing is stored */
	VAL_CUSTOM, /* the row's parse function reads and checks all of it */
};

enum keyword_flags {
	KW_NO = 1,              /* `no` may precede */
	KW_DEFAULT = 2,         /* `default` may precede */
	KW_REPEAT = 4,          /* adds up: several lines are no mistake */
	KW_HTTP_ONLY = 8,       /* ignored with a warning in mode tcp */
	KW_NOT_EFFECTIVE = 16,  /* read and checked, but lbd does not act on it yet */
	KW_NAMED_DEFAULTS = 32, /* in defaults only in a named section */
	KW_DEPRECATED = 64,     /* a warning, with replaced_by */
	KW_REMOVED = 128,       /* an error for every version that we know, with replaced_by */
	KW_STRICT = 256,        /* an error, not a warning, in a proxy that lacks the side it is for */
	KW_FIRST_WINS = 512,    /* a second one is reported and ignored, as HAProxy does */
	KW_RESTART = 1024,      /* a reload cannot apply it to a running process */
	KW_FREE_WORDS = 2048,   /* any word may stand in it, `//` too */
	KW_LOOSE = 32768,       /* HAProxy ignores further words in silence */
	KW_CLEARS = 16384,      /* VAL_FLAG: stores false */
	KW_EXPERIMENTAL = 8192, /* only with expose-experimental-directives */
	KW_OWN_DUMP = 65536,   /* model_dump() writes what it made by itself */
	KW_OPTIONAL = 131072, /* HAProxy takes a missing number for 0 */
	KW_MOOT = 262144, /* read and checked; lbd has no mechanism that it could tune */
	KW_EXACT = 4096, /* HAProxy refuses a number with anything behind it; else it reads what it can */
};

struct keyword_use;

enum keyword_part { PART_NONE, PART_TLS /* server_conf.tls */, PART_RARE /* server_conf.rare */ };

/* Rows are constant. `parse` runs after the value was stored, or does everything for VAL_CUSTOM; it reports its
 * own mistakes and returns false after an error. */
struct keyword {
	const char *name; /* words joined by a blank: "timeout client", "stats socket" */
	uint32_t in;      /* IN() bits */
	uint32_t flags;   /* KW_* */
	uint8_t kind;     /* enum value_kind */
	uint8_t size;     /* bytes of the field: KEYWORD_FIELD() */
	uint8_t part;     /* enum keyword_part: the field is not in the object itself */
	uint32_t offset;
	uint16_t since, until; /* HAProxy versions as 206 ... 304; 0: always. until: first version without it */
	uint16_t deprecated;   /* first version that warns of it; 0: none. KW_DEPRECATED: all do */
	int64_t min, max;      /* bounds of the value, in the field's unit; 0, 0: none */
	bool (*parse)(const struct keyword_use *use);
	const char *args;        /* "<timeout>", shown by explain */
	const char *choices;     /* VAL_CHOICE: "a|b|c" */
	const char *preset;      /* what holds without the line; NULL: nothing to say */
	const char *expects;     /* HAProxy's words when the argument is missing or bad; NULL: none known */
	const char *replaced_by; /* for removed and deprecated ones */
	const char *summary;     /* one sentence */
	const char *details;     /* what a person needs; may be NULL */
	const char *example;     /* lines of the section, compiled by the tests; may be NULL */
};
#define KEYWORD_FIELD(type, member)                                                                            \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

/* Whether the model keeps the words of the row, not a value: they are what a dump shows. */
static inline bool keyword_is_text(const struct keyword *row)
{
	return row->kind != VAL_OPTION && (row->kind >= VAL_WORDS || row->size == 0 || strcmp(row->name, "id") == 0);
}

/* One table of rows. */
struct keyword_area {
	const char *name;
	const struct keyword *rows;
	uint32_t n;
};

/* Every area, in a fixed order; constant. */
const struct keyword_area *const *keyword_areas(uint32_t *n);

/* Whether that version of HAProxy has the row. */
static inline bool keyword_is_known(const struct keyword *row, int compat)
{
	return compat >= row->since && (!row->until || compat < row->until);
}

/* "frontend", "bind line" ...: how messages call a place. */
const char *keyword_place_name(enum keyword_place place);

/* The index: made once per compilation, in its arena. */
struct keyword_index;
struct keyword_index *keyword_index_new(struct arena *a);

/* The row with the longest name that the words start with, among those legal at one of `places`; *used gets the
 * number of words in its name. Of rows with the same name the one that version `compat` knows is preferred; the
 * caller asks keyword_is_known(). NULL when there is none. */
const struct keyword *keyword_find(const struct keyword_index *index, const struct word *words, uint32_t n,
				   uint32_t places, int compat, uint32_t *used);

#endif
