/* Proxies while they are being read: what the model's struct proxy_conf has no room for because it only matters
 * until the end of checking: names not resolved yet, rules still growing, lines to point at. Lives in the
 * compilation's arena. One thread. */
#ifndef LB_GRAMMAR_CHECK_PROXY_H
#define LB_GRAMMAR_CHECK_PROXY_H

#include "grammar/check_state.h"

/* Families of rules, in the order in which a stream meets them; for "will still be processed before". */
enum rule_family {
	FAM_TCP_REQ_CONN,
	FAM_TCP_REQ_SESS,
	FAM_TCP_REQ_CONT,
	FAM_MONITOR_FAIL,
	FAM_HTTP_REQ,
	FAM_REDIRECT,
	FAM_USE_BACKEND,
	FAM_USE_SERVER,
	FAM_COUNT
};

/* A server's options between words and model: names that are looked up when everything is read. */
struct server_ref {
	struct draft *draft;
	struct server_conf *server;
	const struct line *line;
	const struct word *track; /* "[backend/]server" */
};

/* A use_backend or use-server line whose target is looked up at the end. */
struct switch_ref {
	const struct word *name; /* of a backend or server; NULL when dynamic */
	const struct line *line;
	uint32_t index; /* in proxy_conf.use_backend or use_server */
};

/* `errorfiles NAME [status...]`. */
struct errorfiles_ref {
	const struct word *name, *statuses;
	uint32_t nstatuses;
};

/* A server whose name another one of the proxy has. */
struct duplicate {
	const struct word *name; /* where */
	struct str text;
	uint32_t first; /* index of the other */
};

/* The steps of one kind of check, `http-check` or `tcp-check` lines. */
struct step_list {
	VEC(struct hc_step) list;
	bool own;            /* of the proxy's own lines, not those of its defaults */
	uint8_t first, last; /* enum hc_step_kind, when own */
	bool sent;           /* a request since the last `connect` */
	const struct line *line; /* the last of its own */
};

struct draft {
	struct proxy_conf *px;
	enum keyword_place place;
	const struct section *section;
	const struct word *name; /* in the header; NULL: anonymous defaults */
	struct draft *from;      /* the defaults it copied, or NULL */
	bool from_explicit;
	const struct line *used_explicitly, *used_implicitly; /* defaults: first proxy of either kind */
	bool ambiguous;                                       /* defaults: another section has the same name */
	const struct line *ambiguous_with;
	VEC(struct rule) rules[RS_COUNT];
	VEC(struct rule) redirects, stats_rules;
	struct step_list steps[2];      /* [1]: of HTTP checks */
	bool rules_http;                /* the last line was of those */
	const struct word *spoe_engine; /* of the first send-spoe-group rule */
	uint32_t families;         /* bits of rule_family seen so far */
	bool final_rule[RS_COUNT]; /* the last rule of the set always ends it */
	const struct word *default_backend;
	const struct line *default_backend_line;
	VEC(struct switch_ref) use_backend, use_server;
	struct map server_names;               /* name -> struct server_conf, made when there are many */
	VEC(const struct line *) server_lines; /* by index in proxy_conf.servers */
	VEC(struct duplicate) duplicates;
	struct server_conf
		*default_server; /* options of default-server lines, shared with the defaults until changed */
	bool default_server_own;
	VEC(struct seen_row) seen;
	VEC(const struct keyword *) line_rows; /* of px->lines */
	VEC(struct reply_header) captures[2];  /* request, response */
	VEC(uint32_t) capture_lens[2];
	const struct word *log_format_word; /* parsed when the mode is known */
	const struct line *log_format_line, *error_log_format_line;
	const struct word *error_log_format_word, *log_format_sd_word;
	uint8_t log_kind; /* enum log_kind */
	const struct word *unique_id;
	bool errors_own; /* px->errors is this proxy's alone */
	VEC(struct errorfiles_ref) errorfiles;
	const struct hc_step *httpchk; /* request of `option httpchk`, kind HC_SEND; or NULL */
	const struct line *httpchk_line;
	bool broken;                        /* a line of it is wrong: nothing is said of what it lacks */
	bool referenced;                    /* some default_backend or use_backend names it */
	bool ids_given;                     /* some server has an `id` */
	const struct line *compression;     /* a line of it, inherited or not */
	bool filters, filter_compression;   /* filter lines: any, that one */
	VEC(struct filter_conf *) filter_list;
	const struct word *filter_sequence[2]; /* for requests and responses, or NULL */
	const struct line *table_line;      /* its stick-table */
	VEC(struct stick_rule) stick_rules;
	const struct line *wants_own_table; /* a stick rule that names no table */
};

/* Where `log-format` stands last. */
enum log_kind { LOG_DEFAULT, LOG_TCP, LOG_HTTP, LOG_CLF, LOG_HTTPS, LOG_FORMAT };

/* Opens a section of a proxy or defaults: name, `from`, copies of inherited values. k->draft is set; NULL after
 * an error that leaves no use in its lines. */
void check_proxy_begin(struct checker *k, const struct section *section, const struct line *header,
		       enum keyword_place place);
/* "frontend 'f'" as HAProxy says it. */
const char *check_proxy_kind(const struct draft *d);
/* Reports that the name of this `kind` of section is that of another one, whose name word is `first`. */
void check_name_is_taken(struct checker *k, const struct word *name, const char *kind, const struct word *first,
			 const char *other);
/* d begins with what the defaults section has, of which there is a draft. */
void check_proxy_inherit(struct checker *k, struct draft *d, struct draft *from);
/* The last line of a row, or of several whose names begin with these words, in this proxy itself or in what it
 * inherited; NULL: none. */
const struct line *check_proxy_line(const struct draft *d, const char *row_name, bool inherited);
/* `<address> [usesrc X] [interface X]`, of proxies and servers: *i gets how many words it took.
 * check_server_words.c */
bool check_source_words(const struct keyword_use *use, uint32_t *i, const struct source_conf **out);
void check_cache_end(struct checker *k, const struct named_section *s); /* check_cache.c */
void check_fcgi_end(struct checker *k, const struct named_section *s);  /* check_fcgi.c */
/* The file of a `filter spoe` line; engine: empty without `engine`. check_spoe.c */
void check_spoe_file(struct checker *k, const struct draft *d, struct str engine, const struct word *file);
void check_finish_email(struct checker *k, struct draft *d); /* check_mail.c */
void check_finish_spoe(struct checker *k, struct draft *d);
void check_finish_command(struct checker *k, struct draft *d);
void check_finish_mailers(struct checker *k, struct draft *d); /* check_other_rows.c */
/* errorfiles lines, once all http-errors sections are known. check_reply.c */
void check_errorfiles_resolve(struct checker *k, struct draft *d);
/* check_crt_store.c: what crt-store sections load under that name, or NULL; bind lines without any certificate. */
const struct tls_load_conf *check_crt_store_find(const struct checker *k, struct str name);
void check_finish_certificates(struct checker *k, const struct draft *d);
/* check_bind.c */
void check_no_certificate(struct checker *k, const struct bind_conf *b);
/* To write to: the server's own, made from what it shared until now. In the model's arena. */
struct tls_server_conf *check_server_tls(struct checker *k, struct server_conf *s);
/* The same for what is rare. */
struct server_rare *check_server_rare(struct checker *k, struct server_conf *s);
void check_server_duplicate(struct checker *k, struct draft *d, const struct duplicate *dup);
/* Gives a `capture ... len` rule that has none its slot. check_rules.c */
void check_capture_slot(struct checker *k, struct draft *d, struct rule *rule);
struct lang_scope;
/* `if` or `unless` and a condition from word `from` to the end of the line; cond may be NULL. check_rules.c */
bool check_condition(const struct keyword_use *use, uint32_t from, const struct lang_scope *scope,
		     const struct cond **cond);
/* The end of the walk: references, inherited rules, modes, timeouts; fills what the model lacks. check_finish.c
 */
void check_finish(struct checker *k);

#endif
