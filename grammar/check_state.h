/* What the files of the checker (check_*.c) and the rows' functions (keywords/) share: the state of one walk
 * over the tree. It lives in the compilation's arena; everything reachable from the model is in the model's.
 * One thread per compilation. */
#ifndef LB_GRAMMAR_CHECK_STATE_H
#define LB_GRAMMAR_CHECK_STATE_H

#include "grammar/check.h"
#include "grammar/keyword.h"

struct draft;

/* A line that was taken, to find the first of two. */
struct seen_row {
	const struct keyword *row;
	const struct line *line;
};

/* A name to look up when everything was read. */
struct wanted {
	const struct word *name;
	enum keyword_place place;  /* kind of section; PLACE_COUNT: a stick table */
	const char *haproxy;       /* its words before the name */
	const struct draft *draft; /* whose line it is, or NULL */
};

/* Messages of an http-errors section. */
struct error_table {
	const struct reply_conf **table;
	bool own;
};

/* `group NAME users a,b` of a userlist. */
struct group_ref {
	const struct word *name, *users;
};

/* Things that have a name in one flat space of their own: userlists, caches, resolvers ... */
struct named_section {
	const struct line *header;
	const struct word *name;
	enum keyword_place place;
	bool sized;                  /* what the section must have was given: size of a cache, command, docroot */
	struct error_table *errors;  /* http-errors */
	struct userlist_conf *users; /* userlist */
	const struct line *max_reqs, *cache_object_line; /* fcgi-app: above one; cache: max-object-size */
	bool multiplexed, asked;     /* fcgi-app: option mpxs-conns, option get-values */
	struct ring_conf *ring;      /* ring */
	struct mailers_conf *mailers; /* mailers */
	struct resolvers_conf *resolvers; /* resolvers */
	struct proxy_conf *acls;     /* fcgi-app: holds its ACLs */
	uint64_t cache_size, cache_object;    /* cache: megabytes, bytes; 0: unset */
	struct forward_conf *forward; /* log-forward */
	struct draft *forward_draft, *health; /* log-forward, healthcheck */
	struct peers_conf *peers;    /* peers */
	const struct line *peer_line, *bind_line; /* peers: the first of each */
	struct str crt_base, key_base; /* crt-store */
	struct cache_conf *cache;    /* cache */
	struct log_profile_conf *profile; /* log-profile */
	struct program_conf *program;
	VEC(struct group_ref) groups;
};

struct checker {
	struct compile *c;
	struct diags *d;
	struct model *m;
	struct arena *a;       /* the model's */
	struct arena *scratch; /* the compilation's */
	struct keyword_index *index;
	int compat;
	/* where the walk is */
	const struct section *section;
	enum keyword_place place; /* PLACE_TOP before the first section or in an unknown one */
	bool skip;                /* the header was refused: its lines are not judged */
	struct draft *draft;      /* of a proxy section, else NULL */
	void *object;             /* what the section's rows fill; NULL: nothing */
	/* what was found */
	VEC(struct draft *) drafts;     /* proxies, in order */
	struct map frontends, backends; /* name -> struct draft */
	struct draft *last_defaults;
	struct map defaults;               /* name -> struct draft */
	struct map others[PLACE_SECTIONS]; /* name -> struct named_section, of the other kinds of sections */
	VEC(struct seen_row) global_seen;
	const struct line *user_line, *group_line; /* the first of user/uid, group/gid */
	VEC(struct server_ref *) tracks;           /* to resolve at the end */
	VEC(struct wanted) wanted;
	VEC(struct log_target) log_elsewhere; /* of sections that lbd does not act on */
	const struct logfmt *formats[8];      /* built-in ones, by enum log_kind, made once */
	struct map answers, guids; /* host name -> what the resolver said; GUID -> its word */
	int64_t resolve_seconds;              /* spent in the resolver so far */
	bool ids_given;                       /* some proxy has an `id` */
	struct str crt_base, ca_base;         /* empty: unset */
	const struct line *master_worker;     /* the line */
	bool programs_reported; /* that they need a master process */
	bool external_check;    /* the global line */
	bool unix_bind_seen;    /* the same */
	bool experimental;      /* expose-experimental-directives came before */
	uint32_t foreign_comments, dynamic_searches; /* the latter: lint_dynamic.c */
	struct error_table *errors;  /* of the http-errors section being read */
	struct named_section *named; /* the section being read, when it is neither global nor a proxy */
};

/* The use of one row by one line, or by some words of a line. */
struct keyword_use {
	struct checker *k;
	const struct keyword *row;
	const struct line *line;
	struct span span;         /* of the keyword's own words */
	const struct word *words; /* arguments, behind the keyword's own words */
	uint32_t n;
	bool no, preset;     /* `no`, `default` stood before it */
	struct draft *draft; /* of the proxy, else NULL */
	void *object;        /* what the offsets of the row count from */
	uint32_t *taken;     /* inside a line: how many words it took; NULL for whole lines */
	struct str *kept;    /* inside a line: where words without a field of the object are kept */
};

/* Fills one section's lines; check.c. */
void check_line(struct checker *k, const struct line *line);
/* Runs a row on its words: prefixes, version, value, function. */
bool check_row(struct keyword_use *use);

/* The words of a line from `i` on, looked up at one place; check_bind.c. */
bool check_options(const struct keyword_use *line, uint32_t i, enum keyword_place place, void *object,
		   struct str *words);
/* Keeps the words of a use in the model, for dumps, when the model has no field for them. check_keep.c */
void check_keep_words(const struct keyword_use *use);
/* The header of a section besides global and proxies; lines that a proxy takes from its defaults; the steps of
 * a check that its own lines replace. */
void check_keep_header(struct checker *k, const struct line *header);
void check_keep_inherit(struct checker *k, struct draft *d);
void check_keep_forget_steps(struct draft *d, bool http);

/* A section of that kind, or a stick table, of this name must exist; looked up at the end. check_finish.c */
void check_want_section(struct checker *k, const struct word *name, enum keyword_place place,
			const char *haproxy);
void check_want_table(struct checker *k, const struct word *name);
/* Sections other than global and proxies: check_other.c */
void check_other_begin(struct checker *k, struct named_section *named);
void check_other_end(struct checker *k);
/* check_peers.c, check_program.c, check_mail.c, check_forward.c, check_profile.c */
void check_profile_begin(struct checker *k, struct named_section *named);
void check_program_begin(struct checker *k, struct named_section *named);
void check_peers_begin(struct checker *k, struct named_section *named);
void check_mailers_begin(struct checker *k, struct named_section *named);
void check_forward_begin(struct checker *k, struct named_section *named);
void check_forward_end(struct checker *k, struct named_section *named);
/* check_ring.c: rings; the targets that name them get them at the end of the walk. */
void check_ring_begin(struct checker *k, struct named_section *named);
void check_ring_end(struct checker *k, struct named_section *named);
void check_ring_implicit(struct checker *k, struct log_target *t, const struct line *line);
void check_ring_targets(struct checker *k);
/* check_cache.c */
void check_cache_begin(struct checker *k, struct named_section *named);
/* check_value.c: reads words as values. Each reports what is wrong and returns false; the value is untouched
 * then. */
bool check_number(const struct keyword_use *use, const struct word *w, int64_t min, int64_t max,
		  int64_t *value);
enum time_unit { UNIT_MS, UNIT_S };
bool check_time(const struct keyword_use *use, const struct word *w, enum time_unit unit, int64_t *value);
bool check_size(const struct keyword_use *use, const struct word *w, int64_t *value);
/* One of "a|b|c": its number. */
bool check_choice(const struct keyword_use *use, const struct word *w, const char *choices, int64_t *value);
/* Stores by the row's kind, offset and size. */
bool check_store(const struct keyword_use *use);
/* Where the row's value stands in the use's object, which is not NULL. */
void *check_field(const struct keyword_use *use);
void check_store_number(const struct keyword_use *use, int64_t value);
struct str check_keep(struct checker *k, struct str text); /* a copy in the model */
struct conf_pos check_pos(const struct checker *k, const struct line *line); /* where the use stands */

/* check_report.c: what several places have to say. Each returns the diagnostic for decoration. */
struct diag *check_severity(struct checker *k, struct diag *g, enum severity severity);
/* Environment: a warning, an error with --strict-env. */
struct diag *check_environment(struct checker *k, struct diag *g);
void check_unknown_line(struct checker *k, const struct line *line, uint32_t prefix);
/* Returns the name that it resembles. */
struct str check_unknown_word(const struct keyword_use *, const struct word *, uint32_t places, const char *what);
struct diag *check_extra(const struct keyword_use *use, uint32_t from);
/* No argument where one is needed: `what` names it. */
struct diag *check_missing(const struct keyword_use *use, const char *what);
/* Whether a name has only characters that names may have; check_proxy.c. */
bool check_section_name(struct checker *k, const struct word *name, const char *what);
#define CHECK_ANY UINT32_MAX
/* At least `min` arguments and at most `max`; reports and returns false otherwise. */
bool check_arity(const struct keyword_use *use, uint32_t min, uint32_t max);
/* No section of that kind has the name: suggests those that exist. */
struct diag *check_no_section(struct checker *k, const struct word *name, enum keyword_place place);
/* The span of words [from, n). */
struct span check_words_span(const struct word *words, uint32_t from, uint32_t n);
/* Adds "did you mean" and a fix for `w` from what was offered to `s`; certain: one close candidate of a fixed
 * vocabulary. */
struct suggest;
void check_did_you_mean(struct checker *k, struct diag *g, const struct suggest *, const struct word *w, bool vocabulary);
/* Finds `//` and the like: reports it and returns how many words stand before it, or n. */
uint32_t check_foreign_comment(struct checker *k, const struct line *line);
/* The same for `//` from byte `at` of a word on; the line goes on to `end`. */
void check_comment_inside(struct checker *k, const struct word *w, size_t at, struct span end);

#endif
