/* Actions on many header fields at once (manual 3.4, section 4.4, "add-headers-bin", "set-headers-bin" and
 * "del-headers-bin"): an expression gives names and values, each behind its length, as req.hdrs_bin does; for
 * del-headers-bin it gives names alone, or their beginnings, ends or parts (-m). What comes out of an
 * expression may be anybody's: a name that is none, or a value with a line end, is a rewrite that fails, and
 * then nothing of the list is done. One thread. */
#include "runtime/eval/rules.h"

#include "runtime/eval/sample.h"

enum { VARINT_SHORT = 240, VARINT_BITS = 28 };

/* The variable-length integer of SPOE. */
static bool take_varint(struct str *rest, uint64_t *value)
{
	const unsigned char *p = (const unsigned char *)rest->ptr;
	size_t i = 0;
	unsigned shift = 4;

	if (!rest->len)
		return false;
	*value = p[i++];
	if (*value >= VARINT_SHORT) {
		do {
			if (i == rest->len || shift > VARINT_BITS)
				return false;
			*value += (uint64_t)p[i] << shift;
			shift += 7;
		} while (p[i++] >= 128);
	}
	*rest = str_tail(*rest, i);
	return true;
}

static bool take_text(struct str *rest, struct str *text)
{
	uint64_t len;

	if (!take_varint(rest, &len) || len > rest->len)
		return false;
	*text = str_sub(*rest, 0, (size_t)len);
	*rest = str_tail(*rest, (size_t)len);
	return true;
}

/* RFC 9110 section 5.1 */
static bool is_name(struct str name)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i], low = (char)(c | 0x20);

		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && (!c || !strchr(others, c)))
			return false;
	}
	return name.len > 0 && name.len <= UINT16_MAX;
}

static bool is_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] == '\r' || value.ptr[i] == '\n' || !value.ptr[i])
			return false;
	return true;
}

/* The next field; *end: there is none. pairs: names have values. False: the list is not one. */
static bool take_field(struct str *rest, bool pairs, struct str *name, struct str *value, bool *end)
{
	*value = STR_NONE;
	*end = !rest->len;
	if (*end)
		return true;
	if (!take_text(rest, name) || (pairs && !take_text(rest, value)))
		return false;
	*end = !name->len;
	return *end || (is_name(*name) && is_value(*value));
}

static bool list_is_good(struct str rest, bool pairs)
{
	struct str name, value;
	bool end;

	do {
		if (!take_field(&rest, pairs, &name, &value, &end))
			return false;
	} while (!end);
	return true;
}

/* Names begin with rule->str, or are not meant. */
static bool is_meant(const struct rule *rule, struct str name)
{
	return name.len >= rule->str.len && str_ieq(str_sub(name, 0, rule->str.len), rule->str);
}

static void del_named(struct eval *e, const struct rule *rule, struct http_msg *m, struct str name)
{
	struct rule one = {.num = rule->num, .name = name};

	for (uint32_t i = 0; i < m->nhdrs; i++)
		if (!m->hdrs[i].deleted &&
		    rule_header_is_named(e, &one, str_make(m->hdrs[i].name, m->hdrs[i].name_len)))
			http_del(m, &m->hdrs[i]);
}

static void del_all(struct eval *e, const struct rule *rule, struct http_msg *m, struct str rest, bool pairs)
{
	struct str name, value;
	bool end;

	while (take_field(&rest, pairs, &name, &value, &end) && !end)
		if (is_meant(rule, name))
			del_named(e, rule, m, name);
}

static bool add_all(struct eval *e, const struct rule *rule, struct http_msg *m, struct str rest)
{
	struct str name, value;
	bool end;

	while (take_field(&rest, true, &name, &value, &end) && !end) {
		if (!is_meant(rule, name))
			continue;
		name = scratch_dup(e->scratch, name);
		value = value.len ? scratch_dup(e->scratch, value) : STR("");
		if (!name.ptr || !value.ptr || !rule_header_put(e, m, name, value))
			return false;
	}
	return true;
}

enum headers_what { HEADERS_ADD, HEADERS_SET, HEADERS_DEL };

static enum verdict headers(struct eval *e, const struct rule *rule, enum headers_what what)
{
	struct http_msg *m = rule_message(e, rule);
	bool pairs = what != HEADERS_DEL;
	struct sample s;

	if (!m || !sample_eval(e, rule->sample, &s) || !sample_cast(e, &s, SMP_BIN))
		return V_CONTINUE;
	if (!list_is_good(s.str, pairs))
		return rule_failed(e);
	if (what != HEADERS_ADD)
		del_all(e, rule, m, s.str, pairs);
	if (what != HEADERS_DEL && !add_all(e, rule, m, s.str))
		return rule_failed(e);
	return V_CONTINUE;
}

enum verdict rule_add_headers_bin(struct eval *e, const struct rule *rule)
{
	return headers(e, rule, HEADERS_ADD);
}

enum verdict rule_set_headers_bin(struct eval *e, const struct rule *rule)
{
	return headers(e, rule, HEADERS_SET);
}

enum verdict rule_del_headers_bin(struct eval *e, const struct rule *rule)
{
	return headers(e, rule, HEADERS_DEL);
}
