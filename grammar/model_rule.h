/* The model, part 1: samples, conditions, rules and log formats as plain constant data. Made by the checker from
 * the three small languages (sample.y, cond.y, logfmt.y); read by the evaluator and the dumps. Every string is owned
 * by the model's arena. */
#ifndef LB_GRAMMAR_MODEL_RULE_H
#define LB_GRAMMAR_MODEL_RULE_H

#include "grammar/base/vec.h"
#include "grammar/span.h"

struct proxy_conf;
struct server_conf;
struct userlist_conf;
struct table_conf;
struct filter_conf;
struct log_profile_conf;
struct rule;

/* Where something stands, kept when the texts are gone. line 0: nowhere. */
struct conf_pos {
	uint32_t source; /* as in struct span; name: model->source_names[source - 1] */
	uint32_t line;
};

/* Types of samples (manual, section 7.1). */
enum smp_type { SMP_ANY, SMP_SAME, SMP_BOOL, SMP_SINT, SMP_ADDR, SMP_IPV4, SMP_IPV6, SMP_STR, SMP_BIN, SMP_METH, SMP_TYPES };

/* Where a sample can be fetched: bits, one per place of fetches.tsv's `usable_at` column and in its order. */
enum smp_place {
	AT_FE_CONN, AT_FE_SESS, AT_FE_CONTENT, AT_FE_REQ_HDR, AT_FE_REQ_BODY, AT_FE_USE_BACKEND,
	AT_BE_CONTENT, AT_BE_REQ_HDR, AT_BE_REQ_BODY, AT_BE_SET_SRV, AT_BE_SRV_CONN,
	AT_BE_RES_CONTENT, AT_BE_RES_HDR, AT_BE_RES_BODY, AT_BE_STORE,
	AT_FE_RES_CONTENT, AT_FE_RES_HDR, AT_FE_RES_BODY, AT_FE_LOG, AT_CHECK, AT_CONFIG, AT_CLI, AT_PLACES
};
#define AT(place) (1u << AT_##place)

enum arg_type { ARG_NONE, ARG_STR, ARG_SINT, ARG_SIZE, ARG_TIME, ARG_IPV4, ARG_IPV6, ARG_NET, ARG_MASK4, ARG_MASK6,
		ARG_PROXY, ARG_SERVER, ARG_USERLIST, ARG_REGEX, ARG_VAR, ARG_TABLE, ARG_MAP };

/* The conditions of the converter `when`, and the bit of one that is negated. */
enum when_condition { WHEN_ERROR, WHEN_FORWARDED, WHEN_NORMAL, WHEN_PROCESSED, WHEN_STOPPING, WHEN_TOAPPLET, WHEN_ACL, WHEN_NOT = 16 };

/* Variables (manual, section 2.8): interned per model, so that the evaluator compares ids. */
enum var_scope { VAR_PROC, VAR_SESS, VAR_TXN, VAR_REQ, VAR_RES, VAR_CHECK, VAR_SCOPES };
struct var_ref {
	enum var_scope scope;
	struct str name; /* without the scope */
	uint32_t id;	 /* dense, per model */
};

struct regex {
	struct str text;
	void *code; /* pcre2_code, in the model's arena; JIT is the evaluator's business */
	bool icase;
	uint32_t id; /* dense, per model */
};

struct ip_net {
	uint8_t addr[16]; /* network byte order; IPv4 in the first four */
	uint8_t family;	  /* 4 or 6 */
	uint8_t bits;	  /* prefix length; 255: an IPv4 mask with holes */
	uint8_t mask4[4]; /* IPv4 patterns: the mask, network byte order */
};

/* A file of patterns and values for map converters: patterns[i] gives values[i]. */
struct map_conf;

struct arg {
	enum arg_type type;
	struct str str; /* as written, decoded */
	union {
		int64_t sint; /* ARG_SINT, ARG_SIZE bytes, ARG_TIME milliseconds */
		struct ip_net net;
		const struct proxy_conf *proxy;
		const struct server_conf *server;
		const struct userlist_conf *userlist;
		const struct regex *regex;
		const struct var_ref *var;
		const struct map_conf *map;
		const struct table_conf *table; /* NULL: of the proxy that runs (in a `defaults` section) */
	};
};

/* Ids of fetches and converters: rows of keywords/fetches.def and keywords/converters.def. */
struct conv_call {
	uint16_t conv; /* enum conv_id */
	uint16_t nargs;
	const struct arg *args;
};

struct sample_expr {
	struct str text; /* canonical: dump, parse, dump again is the same */
	uint16_t fetch;	 /* enum fetch_id */
	uint16_t nargs, nconvs;
	uint8_t type; /* enum smp_type that comes out */
	uint32_t places; /* AT() bits where all of it is available */
	const struct arg *args;
	const struct conv_call *convs;
	uint32_t id; /* equal expressions have equal ids: hash-consed per model */
};

/* Matching methods (manual, section 7.1). */
enum match_method { MATCH_DEFAULT, MATCH_FOUND, MATCH_BOOL, MATCH_INT, MATCH_IP, MATCH_BIN, MATCH_LEN, MATCH_STR, MATCH_SUB,
		    MATCH_REG, MATCH_BEG, MATCH_END, MATCH_DIR, MATCH_DOM,
		    MATCH_METH /* `method GET`: known methods by number */ };

struct pattern {
	struct str text;
	bool icase; /* `-i` stood before it */
	union {
		struct {
			int64_t min, max; /* integers and lengths; open ends are INT64_MIN and INT64_MAX */
		};
		struct ip_net net;
		const struct regex *regex;
	};
};

/* A file of patterns (`-f`, map converters): its lines, read once per name and checked for each use. What they
 * become at run time, where they may change, is runtime/eval/pattern_ref.h. */
struct pattern_line {
	struct str key, value; /* of the file's text; value: empty unless the file is a map */
	uint32_t line;
};
struct pattern_use {
	bool map; /* else an ACL */
	struct conf_pos pos;
};
struct pattern_file {
	struct str path;
	bool map, acl; /* who uses it */
	VEC(struct pattern_line) lines;
	VEC(struct pattern_use) uses;
	uint32_t index;   /* of model->pattern_files */
	uint32_t show_id; /* of `show map` and `show acl` */
};

struct map_conf {
	struct pattern_file *file;
	enum match_method method;
	enum smp_type type; /* of the values: SMP_STR, SMP_SINT, SMP_ADDR */
	uint32_t id; /* dense, per model */
};

/* One line `acl NAME ...` or one anonymous `{ ... }`. */
struct acl_expr {
	const struct sample_expr *sample;
	enum match_method method;
	bool icase; /* of any pattern */
	const struct pattern *patterns;
	uint32_t npatterns;
	/* of `-f`, behind the patterns: each with how it is compared */
	const struct pattern_file_use {
		struct pattern_file *file;
		bool icase;
	} *files;
	uint32_t nfiles;
	uint32_t show_id; /* of `show acl` */
	struct str keyword; /* the fetch as written */
	struct str text;
	struct conf_pos pos;
	uint32_t id; /* dense, per model */
};

/* A named ACL is the OR of its lines; an anonymous one has one and no name. */
struct acl {
	struct str name;
	VEC(const struct acl_expr *) exprs;
	uint32_t places;
};

struct cond_term {
	const struct acl *acl;
	bool negated;
};
struct cond_and {
	const struct cond_term *terms;
	uint32_t n;
};
/* OR of ANDs of possibly negated ACLs. n == 0 (a bare `if`) is false, as for HAProxy; `unless` inverts the whole. */
struct cond {
	bool unless;
	const struct cond_and *ors;
	uint32_t n;
	uint32_t places;
	struct str text;
};

/* Log formats and format strings (manual, section 8.2.6). */
enum logfmt_kind { LOGFMT_TEXT, LOGFMT_ALIAS, LOGFMT_SAMPLE };
enum logfmt_flags {
	LOGFMT_QUOTE = 1, LOGFMT_ESCAPE = 2, LOGFMT_HEX = 4, LOGFMT_OPTIONAL = 8, /* -M: no "-" for what is absent */
	LOGFMT_JSON = 16, LOGFMT_CBOR = 32, LOGFMT_BIN = 64,
	LOGFMT_AS_STR = 128, LOGFMT_AS_SINT = 256, LOGFMT_AS_BOOL = 512, /* %(name:type) */
	LOGFMT_ENCODED = LOGFMT_JSON | LOGFMT_CBOR
};
struct logfmt_node {
	enum logfmt_kind kind;
	uint16_t alias; /* enum logfmt_alias: keywords/logfmt.def */
	uint16_t flags;
	struct str text; /* literal text; of others the name of the item: %(name)alias */
	const struct sample_expr *sample;
};
struct logfmt {
	const struct logfmt_node *nodes;
	uint32_t n;
	struct str text;
	bool literal; /* one LOGFMT_TEXT node or none: no evaluation needed */
	bool http; /* part of an HTTP message: encoded, and nothing for what is absent; else a log line with "-" */
	uint8_t encoding; /* all of it is one value: LOGFMT_JSON or LOGFMT_CBOR, with LOGFMT_BIN; 0: text */
	bool plain; /* neither: a variable's text; nothing is encoded */
};

/* Rule sets, in the order in which a stream meets them. */
enum ruleset { RS_TCP_REQ_CONN, RS_TCP_REQ_SESS, RS_TCP_REQ_CONT, RS_HTTP_REQ, RS_TCP_RES_CONT, RS_HTTP_RES, RS_HTTP_AFTER_RES, RS_COUNT };

/* A redirection: rule.redirect, .fmt (location, prefix or scheme), .num (code), .flags, .str (cookie to set or to clear, or empty) or .fmt2 (cookie to set). */
enum redirect_kind { REDIR_LOCATION, REDIR_PREFIX, REDIR_SCHEME };
enum redirect_flags { REDIR_DROP_QUERY = 1, REDIR_APPEND_SLASH = 2, REDIR_CLEAR_COOKIE = 4, REDIR_IGNORE_EMPTY = 8,
		      REDIR_KEEP_QUERY = 16 };
/* Bits of rule.flags of set-var(name,condition...). */
enum var_condition { VAR_IF_EXISTS = 1, VAR_IF_NOT_EXISTS = 2, VAR_IF_EMPTY = 4, VAR_IF_NOT_EMPTY = 8, VAR_IF_SET = 16,
		     VAR_IF_NOT_SET = 32, VAR_IF_GREATER = 64, VAR_IF_LESS = 128 };

/* `http-request return|deny|tarpit` and `http-error`: a reply described by the configuration. */
struct reply_header {
	struct str name;
	const struct logfmt *value;
};
struct reply_conf {
	uint16_t status;
	struct str content_type;
	const struct logfmt *body_fmt; /* lf-string, lf-file; or NULL */
	struct str body;	       /* string, file */
	struct str raw;		       /* an errorfile: the whole response as stored, or empty */
	bool default_errorfile;	       /* `default-errorfiles`: the proxy's message for status */
	struct str errorfiles;	       /* name of an http-errors section, or empty */
	const struct reply_header *headers;
	uint32_t nheaders;
};

/* Ids of actions: rows of keywords/actions.def. */
struct rule {
	uint16_t action; /* enum action_id */
	const struct cond *cond; /* NULL: always */
	struct conf_pos pos;
	struct str text; /* as written, words joined by one blank */
	/* Arguments, by action:
	 * add-header set-header early-hint: name, fmt. del-header: name, num (enum match_method), regex. replace-header
	 * replace-value: name, regex, fmt. replace-path(q) replace-uri: regex, fmt. set-path(q) set-query set-uri set-method: fmt.
	 * set-status: num, fmt (reason) or NULL. deny tarpit return: reply. auth: name (realm) or empty. redirect: see
	 * enum redirect_kind. set-var: var, sample, flags. set-var-fmt: var, fmt,
	 * flags. track-scN: num (N), sample, table. sc-inc-gpc sc-add-gpc sc-set-gpt and their short forms: num2 (N), flags (index), num
	 * or sample (value). unset-var: var. capture: sample, num (slot). set-log-level: num, -1 silent. strict-mode: num.
	 * set-bandwidth-limit: name, filter, sample or num (limit, 0: the filter's), sample2 or num2 (period, the same). */
	struct str name;	    /* header name, realm ... */
	const struct logfmt *fmt;   /* value */
	const struct logfmt *fmt2;  /* set-map: value of the key that fmt gives; str: the file */
	const struct sample_expr *sample, *sample2;
	const struct regex *regex;
	const struct var_ref *var;
	const struct reply_conf *reply;
	const struct table_conf *table;
	const struct filter_conf *filter; /* model_filter.h */
	const struct log_profile_conf *profile; /* do-log; num: enum log_step */
	enum redirect_kind redirect;
	int64_t num; /* status, level, milliseconds ... */
	uint32_t num2;
	uint32_t flags;
	struct str str, str2;
};

struct rules {
	const struct rule *v;
	uint32_t n;
	uint32_t list; /* which of the model's long lists; 0: it is a short one */
};

/* `use_backend NAME if ...`; `use-server NAME if ...`. */
struct switch_rule {
	const struct cond *cond;
	const struct proxy_conf *backend;   /* NULL when dynamic or use-server */
	const struct server_conf *server;
	const struct logfmt *dynamic;
	struct conf_pos pos;
	struct str text;
};

#endif
