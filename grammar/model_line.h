/* The model, part 4: what a proxy listens on and the servers behind it: addresses, bind and server lines. Plain constant
 * data, all in the model's arena. Times are milliseconds, 0 means none, unless said otherwise. */
#ifndef LB_GRAMMAR_MODEL_LINE_H
#define LB_GRAMMAR_MODEL_LINE_H

#include "grammar/base/str.h"
#include "grammar/base/vec.h"
#include "grammar/model_rule.h"
#include "grammar/model_tls.h"

struct proxy_conf;
struct sample_expr;
struct logfmt;
struct resolvers_conf;

/* A network address as configured. */
enum addr_kind { ADDR_NONE, ADDR_INET, ADDR_INET6, ADDR_UNIX, ADDR_ABSTRACT, ADDR_FD, ADDR_SOCKPAIR, ADDR_NAME,
		 ADDR_REVERSE /* no address: whoever is attached to it, by attach-srv */ };
struct addr_conf {
	enum addr_kind kind;
	uint8_t ip[16];	     /* network byte order; IPv4 in the first four */
	uint16_t port, port_end; /* port_end >= port: a range */
	int32_t port_offset; /* server `+N`/`-N` */
	bool port_relative, port_given;
	bool datagram, stream; /* udp@, dgram+, or a log target; tcp@, stream+. Neither: as the place has it */
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
	struct str cc, tcp_md5sig, guid_prefix; /* empty: none */
	int mode;	       /* unix: permissions, -1 unset */
	int uid, gid;	       /* unix: owner, -1 unset */
	uint32_t maxconn, backlog, nice, id, mss;
	uint32_t place; /* among the binds of its proxy */
	const uint32_t *port_ids; /* one for each port of a range, of which `id` is the first; NULL: one port */
	uint32_t maxaccept;
	uint32_t netscaler_cip; /* magic number, 0: none */
	bool accept_proxy, defer_accept, tfo, transparent, v4v6, v6only, ssl;
	uint8_t mux; /* enum mux_proto */
	bool certificate; /* some crt, crt-list or default-crt */
	uint8_t level;	       /* of a stats socket: 0 user, 1 operator, 2 admin */
	uint8_t severity_form; /* of a stats socket: 0 none, 1 number, 2 string */
	const struct unix_bind_conf *unix_bind; /* what `unix-bind` said before this line; NULL: nothing */
	uint64_t threads;      /* that accept: a bit each from 1 on; 0: all */
	bool expose_fd;
	uint32_t tcp_ut, tcp_ss /* 1: keep SYNs from the IP header on, 2: from the Ethernet header on */;
	uint32_t idle_ping; /* ms; 0: never */
	struct tls_bind_conf tls;
	const struct server_rare *rare; /* shared in the same way; NULL: nothing said. server_conf_rare() */
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

/* `usesrc`: whom the server is to see (manual, keyword "source"). EXPR: hdr_ip(). */
enum source_spoof { SPOOF_NONE, SPOOF_CLIENT, SPOOF_CLIENT_IP, SPOOF_ADDR, SPOOF_EXPR };
/* Where connections to servers come from. */
struct source_conf {
	struct addr_conf addr;
	uint8_t spoof; /* enum source_spoof */
	struct addr_conf spoof_addr;
	const struct sample_expr *spoof_expr;
	struct str interface; /* empty: any */
};

/* `ws`: what requests for websockets are spoken in. */
enum ws_proto { WS_AUTO, WS_H1, WS_H2 };
/* Manual 3.4, "init-state" and "hash-key". */
enum init_state { INIT_NONE, INIT_UP, INIT_DOWN, INIT_FULLY_UP, INIT_FULLY_DOWN };
enum hash_key { HASH_KEY_ID, HASH_KEY_ADDR, HASH_KEY_ADDR_PORT, HASH_KEY_ID32, HASH_KEY_GUID };

/* What hardly any server line says. */
struct server_rare {
	struct str cc, tcp_md5sig, guid, namespace_, healthcheck; /* empty: none */
	struct str redir;      /* prefix of the place where clients of GET and HEAD are sent; empty: none */
	struct str init_addr, agent_send, check_pool_name;
	const struct addr_conf *socks4;      /* NULL: no relay */
	const struct addr_conf *agent_addr;  /* NULL: the server's own */
	const struct sample_expr *pool_name; /* pool-conn-name: who may share a connection; NULL: as TLS has it */
	const struct pp_field *pp_fields;    /* set-proxy-v2-tlv-fmt, in order */
	uint32_t npp_fields;
	uint32_t nresolve_nets;
	const struct ip_net *resolve_nets; /* preferred networks */
	uint8_t resolve_prefer;		   /* 1 ipv4, 2 ipv6, 0: not said */
	uint8_t resolve_opts;		   /* enum resolve_opt */
	uint32_t idle_ping;   /* ms; 0: never */
	uint32_t tcp_ut;      /* ms; 0: the system's */
	uint32_t shard;       /* of a peer: peer_conf.shard */
	uint32_t log_bufsize; /* bytes kept for a receiver of logs; 0: RING_SIZE_DEFAULT */
	uint8_t ws;           /* enum ws_proto */
	uint8_t init_state;   /* enum init_state */
	uint8_t hash_key;     /* enum hash_key */
	bool check_socks4, check_reuse, tfo, strict_maxconn;
};

struct server_conf {
	const struct proxy_conf *proxy;
	struct str name;
	struct addr_conf addr;
	const struct addr_conf *resolved; /* ADDR_NAME resolved at load; NULL: not a name, or not resolved */
	uint32_t id; /* puid: 1, 2 ... or `id` */
	uint16_t weight;	   /* 0 to 256 */
	bool backup, disabled, check, send_proxy, send_proxy_v2, non_stick, ssl, check_send_proxy;
	uint8_t pp_options; /* enum pp_option: what a PROXY header of version 2 carries */
	uint8_t mux, check_mux; /* enum mux_proto */
	uint8_t observe; /* 0 none, 1 layer4, 2 layer7 */
	uint8_t on_error; /* 0 default, 1 fastinter, 2 fail-check, 3 sudden-death, 4 mark-down */
	bool on_marked_down; /* shutdown-sessions */
	bool on_marked_up;   /* shutdown-backup-sessions */
	bool agent_check, check_ssl, no_check_ssl, redirects; /* agent-check, check-ssl, redir */
	uint8_t ssl_verify; /* 0 as the global section says, 1 none, 2 required */
	uint8_t log_proto; /* of receivers of logs: 0 legacy, 1 octet-count */
	bool tls_own, rare_own; /* while checking: nobody else holds `tls`, `rare` */
	uint16_t check_port, agent_port;
	uint32_t maxconn, minconn, maxqueue;
	uint32_t inter, fastinter, downinter; /* ms */
	uint32_t rise, fall, slowstart, error_limit;
	uint32_t agent_inter; /* ms; 0: inter */
	uint32_t pool_purge_delay, pool_low_conn, max_reuse;
	int64_t pool_max_conn; /* -1: unlimited */
	struct str cookie;
	const struct addr_conf *check_addr; /* NULL: the server's own */
	const struct source_conf *source; /* NULL: as the proxy says. server_conf_source() */
	struct str track;
	const struct server_conf *track_server;
	const struct tls_server_conf *tls; /* shared by lines that say the same; NULL: nothing said. server_conf_tls() */
	const struct server_rare *rare; /* shared in the same way; NULL: nothing said. server_conf_rare() */
	struct str words; /* further options as words, for dumps */
	struct str resolvers; /* section whose name servers follow the name, or empty */
	const struct resolvers_conf *resolvers_conf; /* that section; NULL: none */
	struct conf_pos pos;
};

/* Does it want a PROXY header first? Details of one ask for it, too, of version 1 unless it says 2. */
static inline bool server_conf_greets(const struct server_conf *s)
{
	return s->send_proxy || s->send_proxy_v2 || s->pp_options;
}

/* What a server line says about TLS; never NULL. */
static inline const struct tls_server_conf *server_conf_tls(const struct server_conf *s)
{
	static const struct tls_server_conf none;

	return s->tls ? s->tls : &none;
}

/* What it says of rarer things; never NULL. */
static inline const struct server_rare *server_conf_rare(const struct server_conf *s)
{
	static const struct server_rare none;

	return s->rare ? s->rare : &none;
}

#endif
