/* Log formats as JSON (RFC 8259) and CBOR (RFC 8949): all named items as one object, or single items as values
 * (manual, section 8.2.6, flags json, cbor and bin). CBOR is written in hexadecimal digits unless it may be
 * binary. One thread: the subject's. */
#include "runtime/eval/engine.h"
#include "runtime/eval/logfmt_alias.h"
#include "runtime/eval/sample.h"

enum { VALUE_LIMIT = 64 * 1024 };
enum cbor_major { CBOR_UINT = 0, CBOR_NEGATIVE = 1, CBOR_BYTES = 2, CBOR_TEXT = 3 };
enum cbor_byte { CBOR_MAP = 0xbf, CBOR_BREAK = 0xff, CBOR_FALSE = 0xf4, CBOR_TRUE = 0xf5, CBOR_NULL = 0xf6 };

/* --- CBOR */

static void cbor_bytes(struct out *out, const void *data, size_t len, unsigned encoding)
{
	const unsigned char *p = data;

	if (encoding & LOGFMT_BIN) {
		out_bytes(out, data, len);
		return;
	}
	for (size_t i = 0; i < len; i++)
		out_bytes(out, (const char[]){"0123456789ABCDEF"[p[i] >> 4], "0123456789ABCDEF"[p[i] & 15]}, 2);
}

static void cbor_byte(struct out *out, enum cbor_byte byte, unsigned encoding)
{
	unsigned char c = (unsigned char)byte;

	cbor_bytes(out, &c, 1, encoding);
}

/* A head: the major type and its number in the fewest bytes. */
static void cbor_head(struct out *out, enum cbor_major major, uint64_t n, unsigned encoding)
{
	unsigned char head[9];
	unsigned size = n < 24 ? 0 : n < 0x100 ? 1 : n < 0x10000 ? 2 : n < 0x100000000 ? 4 : 8;

	head[0] = (unsigned char)((unsigned)major << 5 | (!size       ? (unsigned)n
							  : size == 1 ? 24u
							  : size == 2 ? 25u
							  : size == 4 ? 26u
								      : 27u));
	for (unsigned i = 0; i < size; i++)
		head[1 + i] = (unsigned char)(n >> 8 * (size - 1 - i));
	cbor_bytes(out, head, 1 + size, encoding);
}

/* --- values */

static void put_null(struct out *out, unsigned encoding)
{
	if (encoding & LOGFMT_JSON)
		out_puts(out, "null");
	else
		cbor_byte(out, CBOR_NULL, encoding);
}

static void put_bool(struct out *out, bool value, unsigned encoding)
{
	if (encoding & LOGFMT_JSON)
		out_puts(out, value ? "true" : "false");
	else
		cbor_byte(out, value ? CBOR_TRUE : CBOR_FALSE, encoding);
}

static void put_int(struct out *out, int64_t value, unsigned encoding)
{
	if (encoding & LOGFMT_JSON)
		out_printf(out, "%lld", (long long)value);
	else if (value < 0)
		cbor_head(out, CBOR_NEGATIVE, ~(uint64_t)value, encoding);
	else
		cbor_head(out, CBOR_UINT, (uint64_t)value, encoding);
}

static void put_text(struct out *out, struct str text, enum cbor_major major, unsigned encoding)
{
	if (encoding & LOGFMT_JSON) {
		out_json(out, text);
		return;
	}
	cbor_head(out, major, text.len, encoding);
	cbor_bytes(out, text.ptr, text.len, encoding);
}

/* As the item's type has it: %(name:str), %(name:sint), %(name:bool). */
static void put_typed(struct out *out, struct str text, unsigned flags, unsigned encoding)
{
	int64_t value;

	if (!(flags & (LOGFMT_AS_SINT | LOGFMT_AS_BOOL)))
		put_text(out, text, CBOR_TEXT, encoding);
	else if (str_is(text, "true") || str_is(text, "false"))
		flags &LOGFMT_AS_BOOL ? put_bool(out, str_is(text, "true"), encoding)
				      : put_int(out, str_is(text, "true"), encoding);
	else if (!str_to_i64(text, &value))
		put_null(out, encoding);
	else if (flags & LOGFMT_AS_BOOL)
		put_bool(out, value != 0, encoding);
	else
		put_int(out, value, encoding);
}

static bool is_number(unsigned alias)
{
	switch (alias) {
	case LOGFMT_TS:
	case LOGFMT_MS:
	case LOGFMT_TA:
	case LOGFMT_TC:
	case LOGFMT_TD:
	case LOGFMT_TH:
	case LOGFMT_TI:
	case LOGFMT_TQ:
	case LOGFMT_TR:
	case LOGFMT_TRR:
	case LOGFMT_TT:
	case LOGFMT_TU:
	case LOGFMT_TW:
	case LOGFMT_B:
	case LOGFMT_U:
	case LOGFMT_ST:
	case LOGFMT_AC:
	case LOGFMT_BC:
	case LOGFMT_BP:
	case LOGFMT_BQ:
	case LOGFMT_CP:
	case LOGFMT_FC:
	case LOGFMT_FP:
	case LOGFMT_LC:
	case LOGFMT_PID:
	case LOGFMT_RC:
	case LOGFMT_RT:
	case LOGFMT_SC:
	case LOGFMT_SP:
	case LOGFMT_SQ:
		return true;
	default:
		return false;
	}
}

/* The plus sign of figures that are not final is left out. */
static void put_alias_value(struct eval *e, const struct logfmt_node *n, unsigned encoding, struct out *out)
{
	struct logfmt_style style = {n->flags & LOGFMT_HEX, false, true};
	struct out text = out_growing(VALUE_LIMIT);
	unsigned flags = n->flags;
	struct str value;

	logfmt_put_alias(e, n->alias, style, &text);
	value = out_get(&text);
	if (is_number(n->alias) && value.len && value.ptr[0] == '+')
		value = str_tail(value, 1);
	if (is_number(n->alias) && !(flags & (LOGFMT_AS_STR | LOGFMT_AS_BOOL | LOGFMT_HEX)))
		flags |= LOGFMT_AS_SINT;
	if (!value.len)
		put_null(out, encoding);
	else
		put_typed(out, value, flags, encoding);
	out_free(&text);
}

static void put_sample_value(struct eval *e, const struct logfmt_node *n, unsigned encoding, struct out *out)
{
	struct sample s;

	if (!sample_eval(e, n->sample, &s)) {
		put_null(out, encoding);
		return;
	}
	if (s.type == SMP_BIN && encoding & LOGFMT_CBOR && encoding & LOGFMT_BIN) {
		put_text(out, s.str, CBOR_BYTES, encoding);
		return;
	}
	if (!(n->flags & LOGFMT_AS_STR) && s.type == SMP_BOOL && !(n->flags & LOGFMT_AS_SINT))
		put_bool(out, s.sint, encoding);
	else if (!(n->flags & (LOGFMT_AS_STR | LOGFMT_AS_BOOL)) && (s.type == SMP_SINT || s.type == SMP_BOOL))
		put_int(out, s.sint, encoding);
	else if (s.type == SMP_SINT && n->flags & LOGFMT_AS_BOOL)
		put_bool(out, s.sint, encoding);
	else if (s.type == SMP_BOOL)
		put_text(out, s.sint ? STR("true") : STR("false"), CBOR_TEXT, encoding);
	else if (sample_cast(e, &s, SMP_STR))
		put_typed(out, s.str, n->flags, encoding);
	else
		put_null(out, encoding);
}

void logfmt_put_value(struct eval *e, const struct logfmt_node *n, unsigned encoding, struct out *out)
{
	if (n->kind == LOGFMT_ALIAS)
		put_alias_value(e, n, encoding, out);
	else
		put_sample_value(e, n, encoding, out);
}

void logfmt_put_object(struct eval *e, const struct logfmt *fmt, struct out *out)
{
	bool json = fmt->encoding & LOGFMT_JSON, first = true;

	if (json)
		out_char(out, '{');
	else
		cbor_byte(out, CBOR_MAP, fmt->encoding);
	for (uint32_t i = 0; i < fmt->n; i++) {
		const struct logfmt_node *n = &fmt->nodes[i];

		if (n->kind == LOGFMT_TEXT || !n->text.len)
			continue;
		if (json && !first)
			out_puts(out, ", ");
		first = false;
		put_text(out, n->text, CBOR_TEXT, fmt->encoding);
		if (json)
			out_puts(out, ": ");
		logfmt_put_value(e, n, fmt->encoding, out);
	}
	if (json)
		out_char(out, '}');
	else
		cbor_byte(out, CBOR_BREAK, fmt->encoding);
}
