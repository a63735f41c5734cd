/* Log formats and format strings at work: a walk over the nodes that the compiler made of them. Texts go
 * straight to the output; nothing is allocated but what samples take from the scratch memory. One thread: the
 * subject's. */
#include "runtime/eval/engine.h"
#include "runtime/eval/logfmt_alias.h"

enum { TEXT_LIMIT = 64 * 1024 };

/* What a log shows as #XX: control characters, and what delimits its fields. Bytes above 0x7e in aliases too
 * (manual, section 8.6); samples keep them, as HAProxy does, so that UTF-8 stays readable. */
static bool log_encodes(unsigned char c)
{
	return c < 0x20 || c >= 0x7f || c == '"' || c == '#';
}

/* Captures stand in braces, parted by bars. */
static bool capture_encodes(unsigned char c)
{
	return log_encodes(c) || c == '{' || c == '|' || c == '}';
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static bool is_escaped(unsigned char c, struct logfmt_style style)
{
	return style.flags & LOGFMT_ESCAPE && (c == '"' || c == '\\' || c == ']');
}

/* Runs of bytes that need nothing are copied at once. */
static void put_encoded(struct out *out, struct logfmt_style style, struct str text,
			bool (*encodes)(unsigned char))
{
	size_t plain = 0;

	if (!text.len)
		return;
	if (style.raw) {
		out_str(out, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool encoded = encodes(c);

		if (!encoded && !is_escaped(c, style))
			continue;
		out_bytes(out, text.ptr + plain, i - plain);
		plain = i + 1;
		if (encoded)
			out_printf(out, "%c%02X", style.http ? '%' : '#', c);
		else
			out_bytes(out, (const char[]){'\\', (char)c}, 2);
	}
	out_bytes(out, text.ptr + plain, text.len - plain);
}

void logfmt_put_text(struct out *out, struct logfmt_style style, struct str text)
{
	put_encoded(out, style, text, style.http ? is_control : log_encodes);
}

void logfmt_put_capture(struct out *out, struct logfmt_style style, struct str text)
{
	put_encoded(out, style, text, style.http ? is_control : capture_encodes);
}

void logfmt_put_word(struct out *out, struct logfmt_style style, struct str text)
{
	bool quoted = style.flags & LOGFMT_QUOTE;

	if (!text.len && !quoted && !style.http && !style.raw)
		out_char(out, '-');
	if (quoted)
		out_char(out, '"');
	logfmt_put_text(out, style, text);
	if (quoted)
		out_char(out, '"');
}

/* In an HTTP message a tab may stay (RFC 9110, section 5.5). */
static bool http_encodes(unsigned char c)
{
	return is_control(c) && c != '\t';
}

static bool encodes_nothing(unsigned char c)
{
	(void)c;
	return false;
}

/* Samples in HTTP messages ignore the quote flag; in logs they are only kept from breaking the line; elsewhere
 * (plain) they are what they are, and like log lines end at a NUL byte. */
static void put_sample(struct eval *e, const struct logfmt_node *n, struct logfmt_style style, bool plain,
		       struct out *out)
{
	bool quoted = style.flags & LOGFMT_QUOTE && (plain || !style.http);
	struct str text;
	bool found = sample_text(e, n->sample, &text);

	if (!found && !quoted && !style.http)
		out_char(out, '-');
	if (quoted)
		out_char(out, '"');
	if (plain || !style.http)
		text.len = found ? str_chr(text, 0) : 0;
	if (found)
		put_encoded(out, style, text, plain ? encodes_nothing : style.http ? http_encodes : is_control);
	if (quoted)
		out_char(out, '"');
}

/* In a log line blanks next to each other are one, also where a value between them is empty (manual,
 * section 8.2.6). Returns whether the last byte was one. */
static bool put_merged(struct out *out, struct str text, bool blank)
{
	for (size_t i = 0; i < text.len; i++) {
		bool is_blank = text.ptr[i] == ' ';

		if (!is_blank || !blank)
			out_char(out, text.ptr[i]);
		blank = is_blank;
	}
	return blank;
}

/* Parts of the request line stand between two blanks also when they are empty: HAProxy has it so, and readers
 * count fields. */
static bool keeps_place(const struct logfmt_node *n)
{
	if (n->kind != LOGFMT_ALIAS)
		return false;
	switch (n->alias) {
	case LOGFMT_HM:
	case LOGFMT_HP:
	case LOGFMT_HPO:
	case LOGFMT_HQ:
	case LOGFMT_HU:
	case LOGFMT_HV:
		return true;
	default:
		return false;
	}
}

void logfmt_eval(struct eval *e, const struct logfmt *fmt, struct out *out)
{
	bool message = fmt->http || fmt->plain, blank = true;

	if (fmt->encoding) {
		logfmt_put_object(e, fmt, out);
		return;
	}
	for (uint32_t i = 0; i < fmt->n; i++) {
		const struct logfmt_node *n = &fmt->nodes[i];
		struct logfmt_style style = {n->flags, message, false};
		size_t before = out->len;

		if (n->kind == LOGFMT_TEXT && message)
			out_str(out, n->text);
		else if (n->kind == LOGFMT_TEXT)
			blank = put_merged(out, n->text, blank);
		else if (n->flags & LOGFMT_ENCODED)
			logfmt_put_value(e, n, n->flags, out);
		else if (n->kind == LOGFMT_ALIAS)
			logfmt_put_alias(e, n->alias, style, out);
		else
			put_sample(e, n, style, fmt->plain, out);
		if (n->kind != LOGFMT_TEXT && (out->len > before || keeps_place(n)))
			blank = false;
	}
}

/* Formats into what is left of the current scratch chunk; a text that does not fit is formatted once more, into
 * memory of its size. */
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

struct str logfmt_text(struct eval *e, const struct logfmt *fmt)
{
	struct out out;
	char *p;

	if (fmt->literal)
		return fmt->n ? fmt->nodes[0].text : STR("");
	if (!is_pure(e, fmt))
		return text_once(e, fmt);
	for (size_t size = 256; size <= TEXT_LIMIT; size *= 4) {
		p = scratch_alloc(e->scratch, size);
		if (!p)
			return STR_NONE;
		out = out_fixed(p, size);
		logfmt_eval(e, fmt, &out);
		if (!out.truncated)
			return out_get(&out);
	}
	return STR_NONE;
}
