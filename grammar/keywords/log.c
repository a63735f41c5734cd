/* Rows of proxies: `log` and formats (manual, sections 4.2 and 8). Constant. */
#include "grammar/check_rows.h"

#define PROXY(word, places, ...) { .name = word, .in = places, __VA_ARGS__ }
#define FIELD(member) KEYWORD_FIELD(proxy_conf, member)

static const struct keyword rows[] = {
	PROXY("log", IN_PROXY, .kind = VAL_CUSTOM, .flags = KW_OWN_DUMP | KW_REPEAT | KW_NO,
	      .parse = check_log,
	      .args = "global|<target> [len <length>] [format <format>] [sample <ranges>:<size>] [profile <name>] <facility> [<level> [<min level>]]",
	      .expects = "log : expects <address> and <facility> or global as arguments",
	      .summary = "where log lines are sent", .example = "log global"),
	PROXY("log-tag", IN_PROXY, .kind = VAL_STRING, FIELD(log_tag), .flags = KW_LOOSE, .args = "<text>",
	      .expects = "'log-tag' expects a tag for use in syslog.",
	      .summary = "the program's name in log lines"),
	PROXY("log-format", IN_FE, .kind = VAL_CUSTOM, .parse = check_log_format, .args = "<format>",
	      .expects = "'log-format' expects an argument.", .summary = "the format of log lines"),
	PROXY("log-format-sd", IN_FE, .kind = VAL_CUSTOM, .parse = check_log_format_sd,
	      .args = "<format>", .summary = "the structured data of RFC 5424 log lines"),
	PROXY("error-log-format", IN_FE, .kind = VAL_CUSTOM, .parse = check_error_log_format,
	      .args = "<format>", .expects = "'error-log-format' expects an argument.",
	      .summary = "the format of log lines of failed connections"),
	PROXY("log-steps", IN_FE, .kind = VAL_CUSTOM, .parse = check_log_steps, .since = 302, .args = "all|<step>[,...]",
	      .summary = "when log lines are written"),
};

const struct keyword_area keyword_area_log = { "log", rows, sizeof(rows) / sizeof(*rows) };
