/* The model, part 5: rings, buffers of log lines that the runtime API shows and that servers receive (manual,
 * section 3.9). Plain constant data in the model's arena. */
#ifndef LB_GRAMMAR_MODEL_LOG_H
#define LB_GRAMMAR_MODEL_LOG_H

#include "grammar/model_proxy.h"

enum { RING_SIZE_DEFAULT = 16384, RING_FILE_HEADER = 72 };

/* A `mailers` section (manual, section 3.6). */
struct mailer_conf {
	struct str name;
	struct addr_conf addr;
	struct conf_pos pos;
};
struct mailers_conf {
	struct str name;
	uint32_t timeout; /* ms, of a whole delivery */
	VEC(struct mailer_conf) mailers;
	struct conf_pos pos;
};

/* `email-alert` lines of a proxy. */
struct email_conf {
	struct str from, to, hostname, section;
	const struct mailers_conf *mailers; /* NULL: not one that exists */
	uint8_t level;			    /* the least urgent that is told, RFC 5424 */
};

/* `option host` of log-forward: what stands for the host of lines that are passed on (manual, section 3.10). */
enum forward_host { FORWARD_HOST_KEEP, FORWARD_HOST_FILL, FORWARD_HOST_REPLACE, FORWARD_HOST_APPEND };
/* A `log-forward` section: receives log lines and passes them on. */
struct forward_conf {
	struct proxy_conf *px; /* name, binds, log targets, limits: a frontend of mode MODE_SYSLOG, in no list of proxies */
	VEC(const struct bind_conf *) dgrams; /* dgram-bind */
	uint32_t maxconn, backlog, timeout_client;
	bool assume_ntf, dont_parse;
	uint8_t host; /* enum forward_host */
};

/* When lines are written (manual 3.4, keyword "log-steps" and section "Log profiles"); those behind LSTEP_ERROR are
 * the rule sets of do-log. */
enum log_step { LSTEP_ANY, LSTEP_ACCEPT, LSTEP_REQUEST, LSTEP_CONNECT, LSTEP_RESPONSE, LSTEP_CLOSE, LSTEP_ERROR, LSTEP_QUIC_INIT,
		LSTEP_TCP_REQ_CONN, LSTEP_TCP_REQ_SESS, LSTEP_TCP_REQ_CONT, LSTEP_TCP_RES_CONT, LSTEP_HTTP_REQ,
		LSTEP_HTTP_RES, LSTEP_HTTP_AFTER_RES, LSTEP_COUNT };
enum { LOG_STEPS_ALL = 1 << LSTEP_ACCEPT | 1 << LSTEP_REQUEST | 1 << LSTEP_CONNECT | 1 << LSTEP_RESPONSE | 1 << LSTEP_CLOSE };
struct log_profile_step {
	bool set, drop;
	const struct logfmt *fmt, *sd; /* NULL: the frontend's */
};
/* A `log-profile` section. */
struct log_profile_conf {
	struct str name, tag; /* tag: empty: the proxy's */
	struct log_profile_step step[LSTEP_COUNT];
	struct conf_pos pos;
};

/* A `ring` section, or what a log target like tcp@192.0.2.1:514 stands for. */
struct ring_conf {
	struct str name, description;
	enum log_proto format;
	bool implicit;	   /* made for a log target */
	uint32_t index;	   /* in model.rings */
	uint64_t size;	   /* bytes of the buffer */
	uint64_t max_len;  /* of a line with its header */
	struct str file;   /* backing-file, or empty */
	uint32_t timeout_connect, timeout_server; /* ms, 0: none */
	VEC(struct server_conf *) servers;
	const struct proxy_conf *owner; /* of the servers, with the name of the ring and nothing else */
	struct conf_pos pos;
};

#endif
