/* Log formats and format strings at work: a walk over the nodes that the compiler made of them. Texts go
 * straight to the output; nothing is allocated but what samples take from the scratch memory. One thread: the
 * subject's. */
#include "runtime/eval/engine.h"
#include "runtime/eval/logfmt_alias.h"

enum { TEXT_SHORT = 256, TEXT_LIMIT = 64 * 1024 };

/* Which bytes are written in another way, by where they stand. In a log: control characters, and what delimits
 * its fields, become #XX; bytes above 0x7e in aliases too (manual, section 8.6); samples keep them, as HAProxy
 * does, so that UTF-8 stays readable. Captures stand in braces, parted by bars. In an HTTP message a tab may
 * stay (RFC 9110, section 5.5). */
enum { IN_LOG = 1, IN_CAPTURE = 2, CONTROL = 4, IN_HTTP = 8, IN_STRING = 16 };
static const uint8_t kinds[256] = {
	[0x00 ... 0x08] = IN_LOG | IN_CAPTURE | CONTROL | IN_HTTP,
	['\t'] = IN_LOG | IN_CAPTURE | CONTROL,
	[0x0a ... 0x1f] = IN_LOG | IN_CAPTURE | CONTROL | IN_HTTP,
	[0x7f] = IN_LOG | IN_CAPTURE | CONTROL | IN_HTTP,
	[0x80 ... 0xff] = IN_LOG | IN_CAPTURE,
	['"'] = IN_LOG | IN_CAPTURE | IN_STRING,
	['#'] = IN_LOG | IN_CAPTURE,
	['{'] = IN_CAPTURE,
	['|'] = IN_CAPTURE,
	['}'] = IN_CAPTURE,
	['\\'] = IN_STRING,
	[']'] = IN_STRING,
};

/* One byte that is not to be written as it is: encoded, or only escaped. */
static void put_other(struct out *out, struct logfmt_style style, unsigned char c, bool encoded)
{
	static const char hex[] = "0123456789ABCDEF";

	if (encoded)
		out_bytes(out, (const char[]){style.http ? '%' : '#', hex[c >> 4], hex[c & 15]}, 3);
	else
		out_bytes(out, (const char[]){'\\', (char)c}, 2);
}

/* Runs of bytes that need nothing are copied at once. `encoded`: the kinds that are. */
static void put_encoded(struct out *out, struct logfmt_style style, struct str text, unsigned encoded)
{
	unsigned special = style.raw ? 0 : encoded | (style.flags & LOGFMT_ESCAPE ? IN_STRING : 0);
	size_t plain = 0;

	for (size_t i = special ? 0 : text.len; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (!(kinds[c] & special))
			continue;
		out_bytes(out, text.ptr + plain, i - plain);
		plain = i + 1;
		put_other(out, style, c, kinds[c] & encoded);
	}
	out_str(out, str_tail(text, plain));
}

void logfmt_put_text(struct out *out, struct logfmt_style style, struct str text)
{
	put_encoded(out, style, text, style.http ? CONTROL : IN_LOG);
}

void logfmt_put_capture(struct out *out, struct logfmt_style style, struct str text)
{
	put_encoded(out, style, text, style.http ? CONTROL : IN_CAPTURE);
}

/* In log lines something stands for what is absent or empty, so that fields can be counted. */
static void put_absent(struct out *out, struct logfmt_style style)
{
	if (!style.http && !(style.flags & LOGFMT_OPTIONAL))
		out_char(out, '-');
}

void logfmt_put_word(struct out *out, struct logfmt_style style, struct str text)
{
	bool quoted = style.flags & LOGFMT_QUOTE;

	if (!text.len && !quoted && !style.raw)
		put_absent(out, style);
	if (quoted)
		out_char(out, '"');
	logfmt_put_text(out, style, text);
	if (quoted)
		out_char(out, '"');
}

/* Samples in HTTP messages ignore the quote flag; in logs they are only kept from breaking the line; elsewhere
 * (plain) they are what they are, and like log lines end at a NUL byte. */
static void put_sample(struct eval *e, const struct logfmt_node *n, struct logfmt_style style, bool plain,
		       struct out *out)
{
	bool quoted = style.flags & LOGFMT_QUOTE && (plain || !style.http);
	struct str text;

	if (!sample_text(e, n->sample, &text))
		text = STR_NONE;
	if (plain || !style.http)
		text.len = str_chr(text, 0);
	if (!text.len && !quoted)
		put_absent(out, style);
	if (quoted)
		out_char(out, '"');
	if (text.len)
		put_encoded(out, style, text, plain ? 0 : style.http ? IN_HTTP : CONTROL);
	if (quoted)
		out_char(out, '"');
}

/* In a log line blanks next to each other are one, also where a value between them is empty (manual,
 * section 8.2.6). Returns whether the last byte was one. */
static bool put_merged(struct out *out, struct str text, bool blank)
{
	size_t begin = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool is_blank = text.ptr[i] == ' ';

		if (is_blank && blank) {
			out_bytes(out, text.ptr + begin, i - begin);
			begin = i + 1;
		}
		blank = is_blank;
	}
	out_str(out, str_tail(text, begin));
	return blank;
}

/* Parts of the request line stand between two blanks also when they are empty: HAProxy has it so, and readers
 * count fields. */
static bool keeps_place(const struct logfmt_node *n)
{
	static const bool keeps[LOGFMT_COUNT] = {
		[LOGFMT_HM] = true, [LOGFMT_HP] = true, [LOGFMT_HPO] = true,
		[LOGFMT_HQ] = true, [LOGFMT_HU] = true, [LOGFMT_HV] = true,
	};

	return n->kind == LOGFMT_ALIAS && keeps[n->alias];
}

static void put_value(struct eval *e, const struct logfmt_node *n, struct logfmt_style style, bool plain,
		      struct out *out)
{
	if (n->flags & LOGFMT_ENCODED)
		logfmt_put_value(e, n, n->flags, out);
	else if (n->kind == LOGFMT_ALIAS)
		logfmt_put_alias(e, n->alias, style, out);
	else
		put_sample(e, n, style, plain, out);
}

/* What most texts between values are. */
static bool put_one_merged(struct out *out, char c, bool blank)
{
	if (c == ' ') {
		if (!blank)
			out_char(out, c);
		return true;
	}
	out_char(out, c);
	return false;
}

static void eval_line(struct eval *e, const struct logfmt *fmt, struct out *out)
{
	const struct logfmt_node *end = fmt->nodes + fmt->n;
	bool blank = true;

	for (const struct logfmt_node *n = fmt->nodes; n < end; n++) {
		size_t before = out->len;

		if (n->kind == LOGFMT_TEXT) {
			blank = n->text.len == 1 ? put_one_merged(out, n->text.ptr[0], blank)
						 : put_merged(out, n->text, blank);
			continue;
		}
		if (n->kind == LOGFMT_ALIAS && !(n->flags & LOGFMT_ENCODED))
			logfmt_put_alias(e, n->alias, (struct logfmt_style){n->flags, false, false}, out);
		else
			put_value(e, n, (struct logfmt_style){n->flags, false, false}, false, out);
		if (out->len > before || keeps_place(n))
			blank = false;
	}
}

static void eval_message(struct eval *e, const struct logfmt *fmt, struct out *out)
{
	for (uint32_t i = 0; i < fmt->n; i++) {
		const struct logfmt_node *n = &fmt->nodes[i];

		if (n->kind == LOGFMT_TEXT)
			out_str(out, n->text);
		else
			put_value(e, n, (struct logfmt_style){n->flags, true, false}, fmt->plain, out);
	}
}

void logfmt_eval(struct eval *e, const struct logfmt *fmt, struct out *out)
{
	static const struct log_record nothing = {.t_handshake = 0};
	struct log_record *given = e->log;

	if (!given)
		e->log = (struct log_record *)&nothing; /* only read */
	if (fmt->encoding)
		logfmt_put_object(e, fmt, out);
	else if (fmt->http || fmt->plain)
		eval_message(e, fmt, out);
	else
		eval_line(e, fmt, out);
	e->log = given;
}

/* May it be evaluated again? Not when that would count something twice. */
static bool is_pure(const struct eval *e, const struct logfmt *fmt)
{
	for (uint32_t i = 0; i < fmt->n; i++)
		if (fmt->nodes[i].kind == LOGFMT_SAMPLE && !e->engine->plans[fmt->nodes[i].sample->id].pure)
			return false;
	return true;
}

/* Once, however long it becomes. */
static struct str text_once(struct eval *e, const struct logfmt *fmt)
{
	struct out out = out_growing(TEXT_LIMIT);
	struct str text = STR_NONE;

	logfmt_eval(e, fmt, &out);
	if (!out.truncated)
		text = scratch_dup(e->scratch, out_get(&out));
	out_free(&out);
	return text;
}

/* Short texts, which most are, straight into scratch memory; what turns out to be longer is evaluated once
 * more. */
struct str logfmt_text(struct eval *e, const struct logfmt *fmt)
{
	struct out out;
	char *p;

	if (fmt->literal)
		return fmt->n ? fmt->nodes[0].text : STR("");
	if (!is_pure(e, fmt))
		return text_once(e, fmt);
	p = scratch_alloc(e->scratch, TEXT_SHORT);
	if (!p)
		return STR_NONE;
	out = out_fixed(p, TEXT_SHORT);
	logfmt_eval(e, fmt, &out);
	return out.truncated ? text_once(e, fmt) : out_get(&out);
}
