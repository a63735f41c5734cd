/* The model, part of names: `resolvers` sections (manual, section 5.3.2). Plain constant data in the model's arena. Times
 * are milliseconds. */
#ifndef LB_GRAMMAR_MODEL_DNS_H
#define LB_GRAMMAR_MODEL_DNS_H

#include "grammar/model_line.h"

struct nameserver_conf {
	struct str name;
	struct addr_conf addr;
	bool stream; /* over TCP */
};

/* `hold`, in the order of check_hold(). */
enum dns_hold { HOLD_NX, HOLD_TIMEOUT, HOLD_REFUSED, HOLD_OTHER, HOLD_VALID, HOLD_OBSOLETE, HOLDS };

struct resolvers_conf {
	struct str name;
	VEC(struct nameserver_conf) servers;
	uint32_t hold[HOLDS];
	uint32_t retries, timeout_resolve, timeout_retry;
	uint32_t payload; /* bytes of an answer that are accepted */
	bool system;	  /* parse-resolv-conf */
	struct conf_pos pos;
};

/* `dns-accept-family`: kinds of addresses that name servers are asked for. AUTO: IPv4, and IPv6 where a route leads to it. */
enum dns_family { DNS_FAMILY_4 = 1, DNS_FAMILY_6 = 2, DNS_FAMILY_AUTO = 4 };

/* Bits of server_conf.resolve_opts, in the order of check_server_resolve_opts(). */
enum resolve_opt { RESOLVE_ALLOW_DUP = 1, RESOLVE_IGNORE_WEIGHT = 2, RESOLVE_PREVENT_DUP = 4 };

#endif
