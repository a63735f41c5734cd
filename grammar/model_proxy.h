/* The model, part 2: proxies. Plain constant data, all in the model's
 * arena. Times are milliseconds, 0 means none, unless said otherwise; sizes are bytes. */
#ifndef LB_GRAMMAR_MODEL_PROXY_H
#define LB_GRAMMAR_MODEL_PROXY_H

#include "grammar/base/map.h"
#include "grammar/model_check.h"
#include "grammar/model_line.h"
#include "grammar/model_stick.h"

enum proxy_role { ROLE_DEFAULTS = 0, ROLE_FRONTEND = 1, ROLE_BACKEND = 2, ROLE_LISTEN = 3 /* both bits */ };
enum proxy_mode { MODE_TCP, MODE_HTTP, MODE_HEALTH, MODE_SYSLOG };

enum timeout_kind { TMO_CLIENT, TMO_CLIENT_FIN, TMO_SERVER, TMO_SERVER_FIN, TMO_CONNECT, TMO_CHECK, TMO_QUEUE, TMO_TUNNEL,
		    TMO_HTTP_REQUEST, TMO_HTTP_KEEP_ALIVE, TMO_TARPIT, TMO_CLIENT_HS, TMO_COUNT };

/* Bits of proxy_conf.options: the rows of keywords/options.def. Of HTTP_KEEP_ALIVE, HTTP_SERVER_CLOSE and HTTPCLOSE at most one is
 * set; of the options that choose a kind of check, too. */
enum proxy_option {
#define OPTION(name, word, roles, modes, since, until, effective, summary) PO_##name,
#include "grammar/keywords/options.def"
#undef OPTION
	PO_COUNT
};

enum balance_kind { BAL_ROUNDROBIN, BAL_STATIC_RR, BAL_LEASTCONN, BAL_FIRST, BAL_SOURCE, BAL_URI, BAL_URL_PARAM, BAL_HDR,
		    BAL_RANDOM, BAL_RDP_COOKIE, BAL_HASH, BAL_RESPONSE_TIME, BAL_STICKY };
struct balance_conf {
	enum balance_kind kind;
	struct str name;  /* url_param, hdr, rdp-cookie */
	uint32_t len, depth, draws;
	bool whole, path_only, use_domain_only, check_post;
	const struct sample_expr *hash;
};

/* The word behind `balance`, as the configuration and the statistics have it. Any thread. */
const char *balance_name(enum balance_kind kind);

enum cookie_mode { COOKIE_NONE, COOKIE_INSERT, COOKIE_REWRITE, COOKIE_PREFIX };
struct cookie_conf {
	enum cookie_mode mode;
	struct str name, domain, attr;
	bool indirect, nocache, postonly, preserve, httponly, secure, dynamic;
	uint32_t maxidle, maxlife; /* seconds */
};

/* Formats of log targets (manual, keyword "log"). */
enum log_proto { LOGP_LOCAL, LOGP_RFC3164, LOGP_RFC5424, LOGP_PRIORITY, LOGP_SHORT, LOGP_TIMED, LOGP_ISO, LOGP_RAW };
struct ring_conf;
struct log_profile_conf;
struct proxy_conf;
struct log_target {
	struct addr_conf addr; /* ADDR_FD 1 and 2: stdout and stderr */
	struct str ring;
	const struct proxy_conf *backend; /* of backend@; NULL: none, or no such backend of mode log */
	const struct ring_conf *ring_conf; /* of ring@ and of stream addresses; NULL: none, or no such ring */
	enum log_proto proto;
	bool proto_given;
	uint8_t facility, max_level, min_level; /* RFC 5424 numbers */
	uint32_t max_len;			/* `len`, default 1024 */
	struct str sample;
	struct str profile_name;
	const struct log_profile_conf *profile; /* NULL: none */
	struct conf_pos pos;
};

struct stats_auth {
	struct str user, password;
};
struct stats_conf {
	bool enabled, hide_version, show_legends, show_modules, show_node, show_desc;
	struct str uri, realm, node, desc;
	uint32_t refresh; /* seconds */
	VEC(struct stats_auth) auths;
	VEC(struct str) scopes; /* "." is this proxy */
	const struct cond *admin;
	struct rules http_req; /* stats http-request allow|deny|auth */
};

/* Bits of proxy_conf.retry_on. */
enum retry_on {
	RETRY_ON_CONN_FAILURE = 1, RETRY_ON_EMPTY_RESPONSE = 2, RETRY_ON_JUNK_RESPONSE = 4, RETRY_ON_RESPONSE_TIMEOUT = 8,
	RETRY_ON_0RTT_REJECTED = 16, RETRY_ON_401 = 32, RETRY_ON_403 = 64, RETRY_ON_404 = 128, RETRY_ON_408 = 256, RETRY_ON_425 = 512,
	RETRY_ON_429 = 1024, RETRY_ON_500 = 2048, RETRY_ON_501 = 4096, RETRY_ON_502 = 8192, RETRY_ON_503 = 16384, RETRY_ON_504 = 32768,
	RETRY_ON_421 = 65536
};

enum compression_algo { COMP_IDENTITY, COMP_GZIP, COMP_DEFLATE, COMP_RAW_DEFLATE, COMP_ALGOS };
/* What is compressed, and how, in one direction. Without types: everything. */
struct compression_side {
	uint8_t algos[COMP_ALGOS], nalgos; /* enum compression_algo, as configured */
	const struct str *types;
	uint32_t ntypes;
	uint64_t minsize; /* bytes of a body whose length is known */
};
struct compression_conf {
	struct compression_side req, res;
	bool offload, request, not_response;
};

enum restrict_names { RESTRICT_NONE, RESTRICT_PRESERVE, RESTRICT_DELETE, RESTRICT_REJECT };

/* The first one that matches decides. */
struct persist_rule {
	const struct cond *cond;
	bool ignore;
};

/* A part of the Forwarded field (RFC 7239): absent, of the connection or the message itself, or by an expression. */
struct forwarded_part {
	bool set;
	const struct sample_expr *expr;
};
struct forwarded_conf {
	bool proto;
	struct forwarded_part host, by, by_port, for_, for_port;
};

enum reuse_mode { REUSE_NEVER, REUSE_SAFE, REUSE_AGGRESSIVE, REUSE_ALWAYS };

/* Probes on silent connections (tcp(7)); 0: as the system has it. */
struct keepalive_conf {
	uint32_t idle, interval, count; /* seconds, seconds, probes */
};

/* load-server-state-from-file */
enum state_from { STATE_NONE, STATE_GLOBAL, STATE_LOCAL };

/* `hash-type`: the words of its two first arguments, in the order that check_hash_type() gives them. */
enum hash_type { HASH_MAP, HASH_CONSISTENT };
enum hash_func { HASH_SDBM, HASH_DJB2, HASH_WT6, HASH_CRC32, HASH_NONE };
/* Manual 3.4, "hash-preserve-affinity": until when a key stays with its server. */
enum hash_preserve { HASH_PRESERVE_ALWAYS, HASH_PRESERVE_MAXCONN, HASH_PRESERVE_MAXQUEUE };

struct email_conf;
struct proxy_conf {
	struct str name;
	struct conf_pos pos;
	enum proxy_role role;
	enum proxy_mode mode;
	struct str guid; /* empty: none */
	bool mode_given; /* of model.templates: the section says the mode */
	uint32_t id; /* uuid shown by the stats, from 1 or `id` */
	bool disabled;
	struct str description;
	const struct proxy_conf *defaults; /* the section it inherited from, or NULL */
	uint32_t timeout[TMO_COUNT];
	uint64_t options[2]; /* PO_* bits: proxy_option_is_set() */
	uint32_t maxconn, backlog, fullconn;
	uint32_t rate_limit_sessions;
	bool fullconn_set;
	uint32_t retries, retry_on; /* enum retry_on */
	uint32_t redispatch_interval; /* 0: option redispatch absent; else every n-th retry, negative as stored */
	int32_t hash_balance_factor;
	uint8_t hash_type; /* enum hash_type */
	uint8_t hash_func; /* enum hash_func */
	uint8_t hash_preserve; /* enum hash_preserve */
	bool hash_avalanche;
	struct balance_conf balance;
	struct cookie_conf cookie;
	bool persist_rdp; /* persist rdp-cookie */
	struct str persist_rdp_name; /* empty: msts */
	struct str dynamic_cookie_key;
	struct keepalive_conf cli_keepalive, srv_keepalive; /* clitcpka-*, srvtcpka-* */
	uint8_t state_from;	     /* enum state_from */
	struct str state_file_name; /* empty: as the proxy is called */
	enum reuse_mode reuse;
	int32_t max_keep_alive_queue; /* -1: no limit */
	uint32_t max_session_conns;   /* max-session-srv-conns */
	const struct source_conf *source; /* of servers without their own */
	VEC(const struct bind_conf *) binds;
	const struct tls_frontend_conf *tls; /* ssl-f-use; NULL: none */
	VEC(const struct server_conf *) servers;
	const struct server_conf *straight; /* in place of balancing: dispatch, option transparent; NULL: none */
	struct map acls; /* name -> struct acl */
	struct rules rules[RS_COUNT];
	struct rules redirects; /* `redirect ...`: after http-request rules */
	uint32_t tcp_req_inspect, tcp_res_inspect; /* ms */
	VEC(struct switch_rule) use_backend, use_server;
	uint32_t use_backend_list; /* as struct rules.list */
	const struct proxy_conf *default_backend;
	/* logs */
	VEC(struct log_target) log_targets;
	const struct logfmt *log_format_sd; /* structured data of RFC 5424 lines; NULL: none */
	const struct logfmt *log_format, *error_log_format; /* NULL: HAProxy's default log */
	struct str log_tag;
	uint8_t log_steps; /* bits of enum log_step; 0: at the end, or as options say */
	const struct email_conf *email; /* model_log.h; NULL: no alerts */
	struct logfmt *unique_id_format;
	struct str unique_id_header;
	/* forwardfor: PO_FORWARDFOR, PO_FORWARDFOR_IF_NONE */
	struct str fwdfor_header; /* empty: X-Forwarded-For */
	const struct ip_net *fwdfor_except;
	struct str origto_header; /* option originalto; empty: X-Original-To */
	const struct ip_net *origto_except;
	const struct forwarded_conf *forwarded; /* option forwarded */
	uint8_t restrict_names; /* enum restrict_names: option http-restrict-req-hdr-names */
	struct str send_name_header; /* http-send-name-header, or empty */
	VEC(const struct cond *) force_switch; /* force-be-switch */
	VEC(struct persist_rule) persist_rules; /* force-persist, ignore-persist */
	struct str capture_cookie; /* beginning of its name, or empty */
	uint32_t capture_cookie_len;
	struct compression_conf compression;
	/* replies */
	const struct reply_conf *const *errors; /* errorfile, http-error: proxy_error_get(); shared with the defaults */
	struct str monitor_uri;
	const struct cond *monitor_fail;
	struct stats_conf stats;
	struct check_conf check;
	const struct table_conf *table; /* its `stick-table`, or NULL */
	struct stick_rule *stick_rules;
	uint32_t nstick_rules;
	const struct filter_conf *const *filters; /* model_filter.h, in their order */
	uint32_t nfilters;
	uint32_t capture_request_n, capture_response_n; /* `capture request|response header NAME len N` */
	const struct reply_header *capture_request, *capture_response; /* name; value NULL */
	const uint32_t *capture_request_len, *capture_response_len;
	VEC(struct str) lines; /* what is a language of its own, in canonical words, for dumps */
};

/* Where connections to a server come from, or NULL. */
static inline const struct source_conf *server_conf_source(const struct server_conf *s)
{
	return s->source || !s->proxy ? s->source : s->proxy->source;
}

enum { PROXY_ERRORS_FIRST = 200, PROXY_ERRORS_N = 400 };

/* The reply that the configuration gives for a status of 200 to 599, or NULL. */
static inline const struct reply_conf *proxy_error_get(const struct proxy_conf *px, unsigned status)
{
	if (!px->errors || status - PROXY_ERRORS_FIRST >= PROXY_ERRORS_N)
		return NULL;
	return px->errors[status - PROXY_ERRORS_FIRST];
}

static inline bool proxy_option_is_set(const struct proxy_conf *px, enum proxy_option option)
{
	return px->options[option >> 6] >> (option & 63) & 1;
}

#endif
