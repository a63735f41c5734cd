/* Rows of `option`: made from options.def, and those whose words a function reads (manual, section 4.2). Constant. */
#include "grammar/check_rows.h"
#include "grammar/model_proxy.h"

#define ROLE_FE IN_FE
#define ROLE_BE IN_BE
#define ROLE_BOTH IN_PROXY
#define MODE_TCP_HTTP_FLAGS 0
#define MODE_HTTP_FLAGS KW_HTTP_ONLY
#define NOT_EFFECTIVE_IF_0 KW_NOT_EFFECTIVE
#define NOT_EFFECTIVE_IF_1 0
#define NOT_EFFECTIVE_IF_2 KW_MOOT

#define OPTION(id, word, roles, modes, from, to, works, sum)                                                   \
	{ .name = "option " word, .in = ROLE_##roles, .kind = VAL_OPTION, .offset = PO_##id,                   \
	  .flags = KW_NO | KW_DEFAULT | MODE_##modes##_FLAGS | NOT_EFFECTIVE_IF_##works, .since = from,        \
	  .until = to, .parse = check_option, .summary = sum },
#define OPTION_ARGS(id, word, roles, modes, from, to, works, sum)                                              \
	{ .name = "option " word, .in = ROLE_##roles, .kind = VAL_CUSTOM, .offset = PO_##id,                   \
	  .flags = KW_REPEAT | MODE_##modes##_FLAGS | NOT_EFFECTIVE_IF_##works | OPTION_NO_##id, .since = from, \
	  .until = to, .parse = check_option_args, .args = OPTION_WORDS_##id, .summary = sum },

#define OPTION_HIDDEN(id)

/* What the options with arguments take, and whether `no` may precede. */
#define OPTION_WORDS_TCPKA NULL
#define OPTION_WORDS_FORWARDFOR "[except <network>] [header <name>] [if-none]"
#define OPTION_WORDS_ORIGINALTO "[except <network>] [header <name>]"
#define OPTION_WORDS_FORWARDED "[proto] [host[-expr <expr>]] [by[-expr <expr>]] [for[-expr <expr>]] ..."
#define OPTION_WORDS_HTTPLOG "[clf]"
#define OPTION_WORDS_HTTPSLOG NULL
#define OPTION_WORDS_TCPLOG "[clf]"
#define OPTION_WORDS_REDISPATCH "[<interval>]"
#define OPTION_WORDS_HTTPCHK "[[<method>] <uri> [<version>]]"
#define OPTION_WORDS_TCP_CHECK NULL
#define OPTION_WORDS_SSL_HELLO_CHK NULL
#define OPTION_WORDS_SMTPCHK "[HELO|EHLO <domain>]"
#define OPTION_WORDS_PGSQL_CHECK "user <name>"
#define OPTION_WORDS_MYSQL_CHECK "[user <name> [pre-41|post-41]]"
#define OPTION_WORDS_LDAP_CHECK NULL
#define OPTION_WORDS_REDIS_CHECK NULL
#define OPTION_WORDS_SPOP_CHECK NULL
#define OPTION_WORDS_EXTERNAL_CHECK NULL
#define OPTION_WORDS_RESTRICT_REQ_HDR_NAMES "preserve|delete|reject"
#define OPTION_NO_TCPKA 0
#define OPTION_NO_FORWARDFOR 0
#define OPTION_NO_ORIGINALTO 0
#define OPTION_NO_FORWARDED KW_NO
#define OPTION_NO_HTTPLOG 0
#define OPTION_NO_HTTPSLOG 0
#define OPTION_NO_TCPLOG 0
#define OPTION_NO_REDISPATCH (KW_NO | KW_DEFAULT)
#define OPTION_NO_HTTPCHK 0
#define OPTION_NO_TCP_CHECK 0
#define OPTION_NO_SSL_HELLO_CHK 0
#define OPTION_NO_SMTPCHK 0
#define OPTION_NO_PGSQL_CHECK 0
#define OPTION_NO_MYSQL_CHECK 0
#define OPTION_NO_LDAP_CHECK 0
#define OPTION_NO_REDIS_CHECK 0
#define OPTION_NO_SPOP_CHECK 0
#define OPTION_NO_EXTERNAL_CHECK 0
#define OPTION_NO_RESTRICT_REQ_HDR_NAMES 0

#define REMOVED(word, text)                                                                                    \
	{ .name = "option " word, .in = IN_PROXY, .kind = VAL_WORDS, .flags = KW_REMOVED | KW_NO | KW_DEFAULT | KW_REPEAT,          \
	  .expects = text, .summary = "an option of old versions" }

static const struct keyword rows[] = {
#include "grammar/keywords/options.def"
	REMOVED("http-tunnel", "option 'http-tunnel' is not supported any more since HAProxy 2.1, please just remove it, it "
			       "shouldn't be needed."),
	REMOVED("forceclose", "option 'forceclose' is not supported any more since HAProxy 2.0, please just remove it, or use "
			      "'option httpclose' if absolutely needed."),
	REMOVED("http_proxy", "option 'http_proxy' is not supported any more since HAProxy 2.5. This option stopped working in "
			      "HAProxy 1.9 and usually had nasty side effects. It can be more reliably implemented with "
			      "combinations of 'http-request set-dst' and 'http-request set-uri', and even 'http-request "
			      "do-resolve' if DNS resolution is desired."),
};

const struct keyword_area keyword_area_options = { "options", rows, sizeof(rows) / sizeof(*rows) };
