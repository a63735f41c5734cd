/* Rows of proxies: `stats` (manual, section 4.2). Constant. */
#include "grammar/check_rows.h"

#define PROXY(word, places, ...) { .name = word, .in = places, __VA_ARGS__ }
#define FIELD(member) KEYWORD_FIELD(proxy_conf, member)
#define LATER .flags = KW_NOT_EFFECTIVE

static const struct keyword rows[] = {
	PROXY("stats enable", IN_PROXY, .kind = VAL_FLAG, .flags = KW_LOOSE, .parse = check_stats_enable,
	      .summary = "serve the statistics page"),
	PROXY("stats uri", IN_PROXY, .kind = VAL_STRING, FIELD(stats.uri), .flags = KW_LOOSE,
	      .parse = check_stats_enable, .args = "<prefix>", .preset = "/haproxy?stats",
	      .expects = "'uri' needs an URI prefix.", .summary = "the request target of the statistics page"),
	PROXY("stats realm", IN_PROXY, .kind = VAL_STRING, FIELD(stats.realm), .flags = KW_LOOSE,
	      .parse = check_stats_enable, .args = "<text>", .preset = "HAProxy Statistics",
	      .expects = "'realm' needs an realm name.",
	      .summary = "what the browser shows when it asks for a password"),
	PROXY("stats auth", IN_PROXY, .kind = VAL_STRING, .flags = KW_REPEAT | KW_LOOSE,
	      .parse = check_stats_auth, .args = "<user>:<password>",
	      .expects = "'auth' needs a user:password account.",
	      .summary = "a user who may see the statistics page"),
	PROXY("stats scope", IN_PROXY, .kind = VAL_STRING, .flags = KW_REPEAT | KW_LOOSE,
	      .parse = check_stats_scope, .args = "<proxy>|.", .expects = "'scope' needs a proxy name.",
	      .summary = "show only these proxies; `.` is this one"),
	PROXY("stats refresh", IN_PROXY, .kind = VAL_TIME_S, FIELD(stats.refresh), .flags = KW_LOOSE,
	      .parse = check_stats_enable, .args = "<time>",
	      .expects = ": 'refresh' needs a positive interval.",
	      .summary = "how often the browser reloads the page"),
	PROXY("stats hide-version", IN_PROXY, .kind = VAL_FLAG, FIELD(stats.hide_version), .flags = KW_LOOSE,
	      .parse = check_stats_enable, .summary = "do not show our version"),
	PROXY("stats show-version", IN_PROXY, .kind = VAL_FLAG, FIELD(stats.hide_version),
	      .flags = KW_CLEARS | KW_LOOSE, .since = 302, .summary = "show our version"),
	PROXY("stats show-legends", IN_PROXY, .kind = VAL_FLAG, FIELD(stats.show_legends), .flags = KW_LOOSE,
	      .parse = check_stats_enable, .summary = "show more details as tool tips"),
	PROXY("stats show-modules", IN_PROXY, .kind = VAL_FLAG, FIELD(stats.show_modules), .flags = KW_LOOSE,
	      .parse = check_stats_enable, .summary = "show counters of modules"),
	PROXY("stats show-node", IN_PROXY, .kind = VAL_CUSTOM, FIELD(stats.show_node),
	      .parse = check_stats_node, .args = "[<name>]", .summary = "show the name of this machine"),
	PROXY("stats show-desc", IN_PROXY, .kind = VAL_CUSTOM, FIELD(stats.show_desc),
	      .parse = check_stats_desc, .args = "[<text>]", .summary = "show a description"),
	PROXY("stats admin", IN(FRONTEND) | IN(LISTEN) | IN(BACKEND), .kind = VAL_CUSTOM,
	      .flags = KW_FREE_WORDS, .parse = check_stats_admin, .args = "if|unless <condition>",
	      .summary = "when the page offers to change things"),
	PROXY("stats http-request", IN(FRONTEND) | IN(LISTEN) | IN(BACKEND), .kind = VAL_CUSTOM,
	      .flags = KW_REPEAT | KW_FREE_WORDS, .parse = check_stats_rule,
	      .args = "allow|deny|auth [realm <text>] [if|unless <condition>]",
	      .summary = "a rule for requests of the page"),
};

const struct keyword_area keyword_area_stats = { "stats", rows, sizeof(rows) / sizeof(*rows) };
