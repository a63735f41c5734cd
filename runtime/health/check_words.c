/* What results of checks are called, and how log lines tell them, in HAProxy's words (manual, section 4.2,
 * "option log-health-checks"). Pure functions; any thread. */
#include "runtime/health/check_run.h"

#include <string.h>

const char *check_status_word(enum check_status status)
{
	switch (status) {
#define CHECK_STATUS(name, number, word, text)                                                                 \
	case CHECK_##name:                                                                                     \
		return word;
#include "grammar/check_status.def"
#undef CHECK_STATUS
	}
	return "";
}

const char *check_status_text(enum check_status status)
{
	switch (status) {
#define CHECK_STATUS(name, number, word, text)                                                                 \
	case CHECK_##name:                                                                                     \
		return text;
#include "grammar/check_status.def"
#undef CHECK_STATUS
	}
	return "";
}

bool check_status_has_code(enum check_status status)
{
	return status == CHECK_L7_OK || status == CHECK_L7_CONDITIONAL || status == CHECK_L7_STATUS ||
	       status == CHECK_PROC_OK || status == CHECK_PROC_ERROR;
}

/* What servers say: quotes, angle brackets and what cannot be printed become <XX>. */
static void put_info(struct out *o, const char *info)
{
	for (; *info; info++) {
		unsigned char c = (unsigned char)*info;

		if (c < 0x20 || c >= 0x7f || strchr("\"<>", c))
			out_printf(o, "<%02X>", c);
		else
			out_char(o, (char)c);
	}
}

/* ", reason: Layer7 wrong status, code: 404, info: "Not Found", check duration: 0ms" */
void check_describe(const struct check_report *r, char *text, size_t size)
{
	struct out o = out_fixed(text, size - 1);

	out_printf(&o, ", reason: %s", check_status_text(r->status));
	if (check_status_has_code(r->status))
		out_printf(&o, ", code: %d", r->code);
	if (r->info[0]) {
		out_puts(&o, ", info: \"");
		put_info(&o, r->info);
		out_char(&o, '"');
	}
	if (r->status != CHECK_HANALYZE)
		out_printf(&o, ", check duration: %dms", r->duration);
	text[o.len] = 0;
}
