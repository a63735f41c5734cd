/* Inside the log formats: the value of one alias (manual, section 8.2.6). Not for other areas. */
#ifndef LB_EVAL_LOGFMT_ALIAS_H
#define LB_EVAL_LOGFMT_ALIAS_H

#include "grammar/base/out.h"
#include "grammar/rows.h"
#include "runtime/eval/eval.h"

/* How texts are written: in a log, what a terminal or a parser could trip over becomes #XX; in an HTTP message
 * control characters become %XX. */
struct logfmt_style {
	uint16_t flags; /* enum logfmt_flags */
	bool http;
	bool raw; /* neither: the value itself, nothing for what is absent */
};

/* The same for what stands in {a|b}. */
void logfmt_put_capture(struct out *out, struct logfmt_style style, struct str text);
void logfmt_put_text(struct out *out, struct logfmt_style style, struct str text);
/* A text that may be absent (ptr NULL or empty): `-`, `""` when quoted, nothing in HTTP. */
void logfmt_put_word(struct out *out, struct logfmt_style style, struct str text);
/* One item as a value: logfmt_encode.c */
void logfmt_put_value(struct eval *e, const struct logfmt_node *n, unsigned encoding, struct out *out);
/* All named items as an object. */
void logfmt_put_object(struct eval *e, const struct logfmt *fmt, struct out *out);
/* The value of an alias. e->log is given; each function looks at its own aliases. */
typedef void logfmt_alias_put(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out);
extern logfmt_alias_put *const logfmt_alias_puts[LOGFMT_COUNT];
static inline void logfmt_put_alias(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out)
{
	logfmt_alias_puts[alias](e, alias, style, out);
}
/* "22/Nov/2026:13:28:34" of local time or GMT, and the offset "+0100". */
const struct eval_date *logfmt_date(struct eval *e, time_t second, bool gmt, struct eval_date *space);

#endif
