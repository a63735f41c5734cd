/* Rows of proxies: `timeout` (manual, section 4.2). Constant. */
#include "grammar/check_rows.h"

#define PROXY(word, places, ...) { .name = word, .in = places, __VA_ARGS__ }
#define FIELD(member) KEYWORD_FIELD(proxy_conf, member)
#define LATER .flags = KW_NOT_EFFECTIVE

static const struct keyword rows[] = {
	PROXY("timeout client", IN_FE, .kind = VAL_TIME_MS, FIELD(timeout[TMO_CLIENT]), .args = "<time>",
	      .preset = "none", .expects = "'timeout client' expects an integer value (in milliseconds)",
	      .summary = "how long a client may be silent", .example = "timeout client 30s"),
	PROXY("timeout client-fin", IN_FE, .kind = VAL_TIME_MS, FIELD(timeout[TMO_CLIENT_FIN]),
	      .args = "<time>", .expects = "'timeout client-fin' expects an integer value (in milliseconds)",
	      .summary = "how long a client may be silent once one side was closed",
	      .example = "timeout client-fin 30s"),
	PROXY("timeout server", IN_BE, .kind = VAL_TIME_MS, FIELD(timeout[TMO_SERVER]), .args = "<time>",
	      .preset = "none", .expects = "'timeout server' expects an integer value (in milliseconds)",
	      .summary = "how long a server may be silent", .example = "timeout server 30s"),
	PROXY("timeout server-fin", IN_BE, .kind = VAL_TIME_MS, FIELD(timeout[TMO_SERVER_FIN]),
	      .args = "<time>", .expects = "'timeout server-fin' expects an integer value (in milliseconds)",
	      .summary = "how long a server may be silent once one side was closed",
	      .example = "timeout server-fin 30s"),
	PROXY("timeout connect", IN_BE, .kind = VAL_TIME_MS, FIELD(timeout[TMO_CONNECT]), .args = "<time>",
	      .preset = "none", .expects = "'timeout connect' expects an integer value (in milliseconds)",
	      .summary = "how long connecting to a server may take", .example = "timeout connect 30s"),
	PROXY("timeout check", IN_BE, .kind = VAL_TIME_MS, FIELD(timeout[TMO_CHECK]), .args = "<time>",
	      .expects = "'timeout check' expects an integer value (in milliseconds)",
	      .summary = "how long a check may take once it is connected", .example = "timeout check 30s"),
	PROXY("timeout queue", IN_BE, .kind = VAL_TIME_MS, FIELD(timeout[TMO_QUEUE]), .args = "<time>",
	      .expects = "'timeout queue' expects an integer value (in milliseconds)",
	      .summary = "how long a request may wait for a server", .example = "timeout queue 30s"),
	PROXY("timeout tunnel", IN_BE, .kind = VAL_TIME_MS, FIELD(timeout[TMO_TUNNEL]), .args = "<time>",
	      .expects = "'timeout tunnel' expects an integer value (in milliseconds)",
	      .summary = "how long both sides of a tunnel may be silent", .example = "timeout tunnel 30s"),
	PROXY("timeout http-request", IN_PROXY, .kind = VAL_TIME_MS, FIELD(timeout[TMO_HTTP_REQUEST]),
	      .args = "<time>", .expects = "'timeout http-request' expects an integer value (in milliseconds)",
	      .summary = "how long a client may take to send request headers",
	      .example = "timeout http-request 30s"),
	PROXY("timeout http-keep-alive", IN_PROXY, .kind = VAL_TIME_MS, FIELD(timeout[TMO_HTTP_KEEP_ALIVE]),
	      .args = "<time>",
	      .expects = "'timeout http-keep-alive' expects an integer value (in milliseconds)",
	      .summary = "how long a connection waits for the next request",
	      .example = "timeout http-keep-alive 30s"),
	PROXY("timeout tarpit", IN_PROXY, .kind = VAL_TIME_MS, FIELD(timeout[TMO_TARPIT]), .args = "<time>",
	      .expects = "'timeout tarpit' expects an integer value (in milliseconds)",
	      .summary = "how long a tarpitted request is held", .example = "timeout tarpit 30s"),
	PROXY("timeout client-hs", IN_FE, .kind = VAL_TIME_MS, FIELD(timeout[TMO_CLIENT_HS]), .since = 300, .args = "<time>",
	      .summary = "how long a TLS handshake may take"),
	PROXY("timeout clitimeout", IN_PROXY, .kind = VAL_TIME_MS, .flags = KW_REMOVED, .args = "<time>",
	      .replaced_by = "`timeout client`", .summary = "a word of old versions"),
	PROXY("timeout contimeout", IN_PROXY, .kind = VAL_TIME_MS, .flags = KW_REMOVED, .args = "<time>",
	      .replaced_by = "`timeout connect`", .summary = "a word of old versions"),
	PROXY("timeout srvtimeout", IN_PROXY, .kind = VAL_TIME_MS, .flags = KW_REMOVED, .args = "<time>",
	      .replaced_by = "`timeout server`", .summary = "a word of old versions"),
};

const struct keyword_area keyword_area_timeout = { "timeout", rows, sizeof(rows) / sizeof(*rows) };
