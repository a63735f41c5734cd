/* Rows of proxies: `http-check` and `tcp-check` (manual, section 4.2). Constant. */
#include "grammar/check_rows.h"

#define PROXY(word, places, ...)                                                                               \
	{                                                                                                      \
		.name = word, .in = places, __VA_ARGS__                                                        \
	}
#define FIELD(member) KEYWORD_FIELD(proxy_conf, member)
#define IN_HC (IN_BE | IN(HEALTHCHECK))
#define LATER .flags = KW_NOT_EFFECTIVE
#define STEP(reader) .kind = VAL_CUSTOM, .flags = KW_REPEAT | KW_FREE_WORDS, .parse = reader

static const struct keyword rows[] = {
	PROXY("http-check comment", IN_HC, STEP(check_http_check), .args = "<text>",
	      .summary = "a comment shown when the check fails"),
	PROXY("http-check connect", IN_HC, STEP(check_http_check),
	      .args = "[default|port <n>|ssl|sni <name>...]...", .summary = "open a connection"),
	PROXY("http-check disable-on-404", IN_HC, .kind = VAL_FLAG, .flags = KW_FREE_WORDS,
	      .parse = check_http_check,
	      .summary = "a 404 takes the server out of balancing, without taking it down"),
	PROXY("http-check expect", IN_HC, STEP(check_http_check),
	      .args = "[min-recv <n>] [comment <text>] ... [!] <match> <pattern>",
	      .summary = "what the answer must be"),
	PROXY("http-check send", IN_HC, STEP(check_http_check),
	      .args = "[meth <method>] [uri <uri>] [ver <version>] [hdr <name> <value>]... [body <text>]",
	      .summary = "the request to send"),
	PROXY("http-check send-state", IN_HC, .kind = VAL_FLAG, .flags = KW_FREE_WORDS,
	      .parse = check_http_check, .summary = "send a header field with the server's state"),
	PROXY("http-check", IN_HC, STEP(check_http_check_var),
	      .args = "set-var(<name>) <expression> | unset-var(<name>)",
	      .summary = "a step of an HTTP check that sets or forgets a variable"),
	PROXY("tcp-check comment", IN_HC, STEP(check_tcp_check), .args = "<text>",
	      .summary = "a comment shown when the check fails"),
	PROXY("tcp-check connect", IN_HC, STEP(check_tcp_check),
	      .args = "[default|port <n>|ssl|sni <name>...]...", .summary = "open a connection"),
	PROXY("tcp-check expect", IN_HC, STEP(check_tcp_check),
	      .args = "[min-recv <n>] [comment <text>] ... [!] <match> <pattern>",
	      .summary = "what the answer must be"),
	PROXY("tcp-check send", IN_HC, STEP(check_tcp_check), .args = "<text> [comment <text>]",
	      .summary = "send a text"),
	PROXY("tcp-check send-binary", IN_HC, STEP(check_tcp_check),
	      .args = "<hexadecimal digits> [comment <text>]", .summary = "send bytes"),
	PROXY("tcp-check send-binary-lf", IN_HC, STEP(check_tcp_check), .args = "<format> [comment <text>]",
	      .summary = "send the bytes whose hexadecimal digits a format gives"),
	PROXY("tcp-check send-lf", IN_HC, STEP(check_tcp_check), .args = "<format> [comment <text>]",
	      .summary = "send what a format gives"),
	PROXY("tcp-check", IN_HC, STEP(check_tcp_check_var),
	      .args = "set-var(<name>) <expression> | unset-var(<name>)",
	      .summary = "a step of a TCP check that sets or forgets a variable"),
	PROXY("type", IN(HEALTHCHECK), .kind = VAL_CUSTOM, .flags = KW_FREE_WORDS, .parse = check_healthcheck_type, .since = 304,
	      .args = "<type> [<argument>]...",
	      .summary = "what kind of check this is: the words of `option httpchk`, `option tcp-check` and their like"),
};

const struct keyword_area keyword_area_health = {"health", rows, sizeof(rows) / sizeof(*rows)};
