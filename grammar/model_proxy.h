/* The model, part 2: proxies, what they listen on and the servers behind them. Plain constant data, all in the model's
 * arena. Times are milliseconds, 0 means none, unless said otherwise; sizes are bytes. */
#ifndef LB_GRAMMAR_MODEL_PROXY_H
#define LB_GRAMMAR_MODEL_PROXY_H

#include "grammar/base/map.h"
#include "grammar/model_check.h"
#include "grammar/model_stick.h"
#include "grammar/model_tls.h"

enum proxy_role { ROLE_DEFAULTS = 0, ROLE_FRONTEND = 1, ROLE_BACKEND = 2, ROLE_LISTEN = 3 /* both bits */ };
enum proxy_mode { MODE_TCP, MODE_HTTP, MODE_HEALTH, MODE_SYSLOG };

enum timeout_kind { TMO_CLIENT, TMO_CLIENT_FIN, TMO_SERVER, TMO_SERVER_FIN, TMO_CONNECT, TMO_CHECK, TMO_QUEUE, TMO_TUNNEL,
		    TMO_HTTP_REQUEST, TMO_HTTP_KEEP_ALIVE, TMO_TARPIT, TMO_COUNT };

/* Bits of proxy_conf.options: the rows of keywords/options.def. Of HTTP_KEEP_ALIVE, HTTP_SERVER_CLOSE and HTTPCLOSE at most one is
 * set; of the options that choose a kind of check, too. */
enum proxy_option {
#define OPTION(name, word, roles, modes, since, until, effective, summary) PO_##name,
#include "grammar/keywords/options.def"
#undef OPTION
	PO_COUNT
};

/* A network address as configured. */
enum addr_kind { ADDR_NONE, ADDR_INET, ADDR_INET6, ADDR_UNIX, ADDR_ABSTRACT, ADDR_FD, ADDR_SOCKPAIR, ADDR_NAME };
struct addr_conf {
	enum addr_kind kind;
	uint8_t ip[16];	     /* network byte order; IPv4 in the first four */
	uint16_t port, port_end; /* port_end >= port: a range */
	int32_t port_offset; /* server `+N`/`-N` */
	bool port_relative, port_given;
	bool datagram;	     /* udp@, or a log target */
	bool v4v6, v6only;
	int fd;		     /* ADDR_FD */
	struct str path;     /* ADDR_UNIX, ADDR_ABSTRACT; ADDR_NAME: the host name, not resolved */
	struct str text;     /* as written */
};

/* Option `proto` of bind and server lines. */
enum mux_proto { MUX_AUTO, MUX_H1, MUX_H2, MUX_OTHER };
struct bind_conf {
	const struct proxy_conf *proxy;
	struct addr_conf addr; /* one address or port range; `bind a,b` gives two */
	struct str name, interface, user, group, namespace_;
	int mode;	       /* unix: permissions, -1 unset */
	int uid, gid;	       /* unix: owner, -1 unset */
	uint32_t maxconn, backlog, nice, id, mss;
	uint32_t maxaccept;
	uint32_t netscaler_cip; /* magic number, 0: none */
	bool accept_proxy, defer_accept, tfo, transparent, v4v6, v6only, ssl;
	uint8_t mux; /* enum mux_proto */
	bool certificate; /* some crt, crt-list or default-crt */
	uint8_t level;	       /* of a stats socket: 0 user, 1 operator, 2 admin */
	bool expose_fd;
	uint32_t tcp_ut;
	struct tls_bind_conf tls;
	struct str words; /* further options as words, for dumps */
	struct conf_pos pos;
};

/* Bits of server_conf.pp_options, in the order of check_server_proxy_options(). */
enum pp_option { PP_SSL = 1, PP_CERT_CN = 2, PP_SSL_CIPHER = 4, PP_CERT_SIG = 8, PP_CERT_KEY = 16, PP_AUTHORITY = 32, PP_CRC32C = 64,
		 PP_UNIQUE_ID = 128 };
/* A field (TLV) of a PROXY header that the configuration describes. */
struct pp_field {
	uint8_t type;
	const struct logfmt *fmt;
};

enum init_state { SRV_INIT_UP, SRV_INIT_DISABLED };
struct server_conf {
	const struct proxy_conf *proxy;
	struct str name;
	struct addr_conf addr;
	const struct addr_conf *resolved; /* ADDR_NAME resolved at load; NULL: not a name, or not resolved */
	uint32_t id; /* puid: 1, 2 ... or `id` */
	uint16_t weight;	   /* 0 to 256 */
	bool backup, disabled, check, send_proxy, send_proxy_v2, non_stick, ssl, check_send_proxy;
	uint8_t pp_options; /* enum pp_option: what a PROXY header of version 2 carries */
	uint8_t mux; /* enum mux_proto */
	uint8_t observe; /* 0 none, 1 layer4, 2 layer7 */
	uint8_t on_error; /* 0 default, 1 fastinter, 2 fail-check, 3 sudden-death, 4 mark-down */
	bool on_marked_down; /* shutdown-sessions */
	bool on_marked_up;   /* shutdown-backup-sessions */
	bool agent_check, check_ssl, no_check_ssl, redirects; /* agent-check, check-ssl, redir */
	uint8_t ssl_verify; /* 0 as the global section says, 1 none, 2 required */
	bool tls_own; /* while checking: nobody else holds `tls` */
	uint16_t check_port, agent_port;
	uint32_t maxconn, minconn, maxqueue;
	uint32_t inter, fastinter, downinter; /* ms */
	uint32_t rise, fall, slowstart, error_limit;
	uint32_t agent_inter; /* ms; 0: inter */
	uint32_t pool_purge_delay, max_reuse;
	uint32_t npp_fields;
	const struct pp_field *pp_fields; /* set-proxy-v2-tlv-fmt, in order */
	int64_t pool_max_conn; /* -1: unlimited */
	struct str cookie;
	const struct addr_conf *check_addr; /* NULL: the server's own */
	const struct addr_conf *agent_addr; /* NULL: the server's own */
	const struct addr_conf *source; /* NULL: the system chooses */
	struct str track;
	const struct server_conf *track_server;
	struct str init_addr;
	struct str agent_send;
	const struct tls_server_conf *tls; /* shared by lines that say the same; NULL: nothing said. server_conf_tls() */
	struct str words; /* further options as words, for dumps */
	struct str resolvers; /* section whose name servers follow the name, or empty */
	struct conf_pos pos;
};

/* What a server line says about TLS; never NULL. */
static inline const struct tls_server_conf *server_conf_tls(const struct server_conf *s)
{
	static const struct tls_server_conf none;

	return s->tls ? s->tls : &none;
}

enum balance_kind { BAL_ROUNDROBIN, BAL_STATIC_RR, BAL_LEASTCONN, BAL_FIRST, BAL_SOURCE, BAL_URI, BAL_URL_PARAM, BAL_HDR,
		    BAL_RANDOM, BAL_RDP_COOKIE, BAL_HASH, BAL_RESPONSE_TIME };
struct balance_conf {
	enum balance_kind kind;
	struct str name;  /* url_param, hdr, rdp-cookie */
	uint32_t len, depth, draws;
	bool whole, path_only, use_domain_only;
	const struct sample_expr *hash;
};

enum cookie_mode { COOKIE_NONE, COOKIE_INSERT, COOKIE_REWRITE, COOKIE_PREFIX };
struct cookie_conf {
	enum cookie_mode mode;
	struct str name, domain, attr;
	bool indirect, nocache, postonly, preserve, httponly, secure, dynamic;
	uint32_t maxidle, maxlife; /* seconds */
};

/* Formats of log targets (manual, keyword "log"). */
enum log_proto { LOGP_LOCAL, LOGP_RFC3164, LOGP_RFC5424, LOGP_PRIORITY, LOGP_SHORT, LOGP_TIMED, LOGP_ISO, LOGP_RAW };
struct log_target {
	struct addr_conf addr; /* ADDR_FD 1 and 2: stdout and stderr */
	struct str ring;
	enum log_proto proto;
	bool proto_given;
	uint8_t facility, max_level, min_level; /* RFC 5424 numbers */
	uint32_t max_len;			/* `len`, default 1024 */
	struct str sample;
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
	RETRY_ON_429 = 1024, RETRY_ON_500 = 2048, RETRY_ON_501 = 4096, RETRY_ON_502 = 8192, RETRY_ON_503 = 16384, RETRY_ON_504 = 32768
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

struct proxy_conf {
	struct str name;
	struct conf_pos pos;
	enum proxy_role role;
	enum proxy_mode mode;
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
	uint8_t hash_type, hash_func;
	bool hash_avalanche;
	struct balance_conf balance;
	struct cookie_conf cookie;
	struct str dynamic_cookie_key;
	struct keepalive_conf cli_keepalive, srv_keepalive; /* clitcpka-*, srvtcpka-* */
	uint8_t state_from;	     /* enum state_from */
	struct str state_file_name; /* empty: as the proxy is called */
	enum reuse_mode reuse;
	VEC(const struct bind_conf *) binds;
	VEC(const struct server_conf *) servers;
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
	uint32_t capture_request_n, capture_response_n; /* `capture request|response header NAME len N` */
	const struct reply_header *capture_request, *capture_response; /* name; value NULL */
	const uint32_t *capture_request_len, *capture_response_len;
	VEC(struct str) lines; /* what is a language of its own, in canonical words, for dumps */
};

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
