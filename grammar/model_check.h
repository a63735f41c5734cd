/* The model, part 3: checks of servers. A check is a list of steps, run in order over one connection after the
 * other (manual, section 4.2, "http-check ..." and "tcp-check ..."). Plain constant data in the model's arena.
 */
#ifndef LB_GRAMMAR_MODEL_CHECK_H
#define LB_GRAMMAR_MODEL_CHECK_H

#include "grammar/model_rule.h"

struct addr_conf;

enum check_kind {
	CHECK_L4,
	CHECK_HTTP,
	CHECK_TCP,
	CHECK_SSL_HELLO,
	CHECK_SMTP,
	CHECK_PGSQL,
	CHECK_MYSQL,
	CHECK_LDAP,
	CHECK_REDIS,
	CHECK_SPOP,
	CHECK_EXTERNAL
};

enum hc_step_kind { HC_CONNECT, HC_SEND, HC_EXPECT, HC_COMMENT, HC_VAR };

/* What a step sends. HTTP: a request of method, uri, headers and body. */
enum hc_send { HCS_HTTP, HCS_TEXT, HCS_TEXT_LF, HCS_BINARY_LF, HCS_OWN /* `own` tells */ };

/* What a step expects. */
enum hc_expect {
	HCE_STATUS,
	HCE_RSTATUS,
	HCE_STRING,
	HCE_RSTRING,
	HCE_STRING_LF,
	HCE_HDR,
	HCE_FHDR,
	HCE_BINARY,
	HCE_RBINARY,
	HCE_BINARY_LF,
	HCE_OWN /* `own` tells */
};

/* How a header's name or value is compared: MATCH_STR, BEG, END, SUB, REG; MATCH_DEFAULT: not at all. */
struct hc_pattern {
	enum match_method method;
	struct str text;
	const struct logfmt *fmt; /* of name-lf, value-lf; or NULL */
	const struct regex *regex;
};

/* Statuses that a step may be told to report, as words: "L7OKC". Numbers of grammar/check_status.def; 0: the
 * usual one. */
struct hc_outcome {
	uint8_t ok, error, timeout;
	const struct logfmt *on_success, *on_error;
	const struct sample_expr *status_code;
};

struct hc_step {
	enum hc_step_kind kind;
	uint32_t number; /* as messages count them, from 1 */
	struct str comment;
	/* send */
	enum hc_send send;
	struct str method, uri, version, body;
	struct str raw_tail; /* header fields and body that HAProxy 2.6 takes behind the version, with their
				line ends */
	const struct logfmt *uri_fmt, *body_fmt;
	const struct reply_header *headers;
	uint32_t nheaders;
	struct str text;               /* HCS_TEXT and expectations: bytes, already decoded */
	const struct logfmt *text_fmt; /* HCS_*_LF, HCE_*_LF */
	/* expect */
	enum hc_expect expect;
	bool negated;
	const struct pattern *statuses; /* ranges */
	uint32_t nstatuses;
	const struct regex *regex;
	struct hc_pattern hdr_name, hdr_value;
	int32_t min_recv; /* bytes; 0 and less: whatever comes */
	struct hc_outcome outcome;
	/* connect */
	uint16_t port;                       /* 0: the server's, unless port_expr */
	const struct sample_expr *port_expr; /* or NULL */
	const struct addr_conf *addr;        /* NULL: the server's */
	bool as_server;                      /* `default`: TLS and PROXY protocol as the server has them */
	bool send_proxy, linger, ssl, via_socks4;
	struct str sni, alpn, proto;
	/* variable: one rule set-var, set-var-fmt or unset-var */
	const struct rule *rule;
	uint8_t own; /* steps that lbd itself knows: runtime/health/check_protocol.h */
	struct conf_pos pos;
};

struct check_conf {
	enum check_kind kind;
	const struct hc_step *steps;
	uint32_t nsteps;
	bool disable_on_404, send_state;
	struct str user; /* of pgsql-check and mysql-check */
	bool mysql_pre41;
	struct str smtp_greeting; /* "HELO localhost" */
	struct str command, path; /* external-check */
};

#endif
