/* Reads a head as HAProxy's parser does, up to the first byte that it does not take (RFC 9112; positions and
 * states compared with HAProxy 2.6). Pure. */
#include "runtime/http/h1_fault.h"

#include <string.h>

#include "grammar/base/str.h"

struct scan {
	const char *data;
	uint32_t at, len;
	struct h1_fault fault;
	uint32_t target, host; /* where their values begin; UINT32_MAX: none seen */
	uint32_t hosts, lengths;
	struct str length;
};

static bool fault_at(struct scan *s, uint32_t pos, const char *state)
{
	s->fault.pos = pos;
	s->fault.state = state;
	return false;
}

static int byte_at(const struct scan *s, uint32_t i)
{
	return i < s->len ? (unsigned char)s->data[i] : -1;
}

static bool is_token(int c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_end(int c)
{
	return c == '\r' || c == '\n';
}

/* CR LF or LF. False: the bytes end, or something else follows CR. */
static bool line_end(struct scan *s, const char *state)
{
	if (byte_at(s, s->at) == '\r' && byte_at(s, ++s->at) != '\n')
		return fault_at(s, s->at, state);
	s->at++;
	return true;
}

static bool is_version_byte(int c)
{
	return is_digit(c) || c == '/' || c == '.' || (c >= 'A' && c <= 'Z');
}

static bool version_fits(const char *text, uint32_t len)
{
	return len == 8 && !memcmp(text, "HTTP/", 5) && is_digit(text[5]) && text[6] == '.' &&
	       is_digit(text[7]);
}

/* From s->at to the first byte that is none of a version. */
static uint32_t version_scan(struct scan *s)
{
	uint32_t from = s->at;

	while (is_version_byte(byte_at(s, s->at)))
		s->at++;
	s->fault.version_11 = s->at - from == 8 && s->data[s->at - 1] == '1' && s->data[from + 5] == '1';
	return from;
}

static bool request_line(struct scan *s)
{
	uint32_t version;

	if (!is_token(byte_at(s, s->at)))
		return fault_at(s, s->at, "MSG_RQBEFORE(0)");
	while (is_token(byte_at(s, s->at)))
		s->at++;
	if (byte_at(s, s->at) != ' ')
		return fault_at(s, s->at, is_end(byte_at(s, s->at)) ? "MSG_DATA(27)" : "MSG_RQMETH(2)");
	while (byte_at(s, s->at) == ' ')
		s->at++;
	s->target = s->at;
	while (byte_at(s, s->at) > 0x20 && byte_at(s, s->at) < 0x7f && s->data[s->at] != '#')
		s->at++;
	if (byte_at(s, s->at) != ' ')
		return fault_at(s, s->at, is_end(byte_at(s, s->at)) ? "MSG_DATA(27)" : "MSG_RQURI(4)");
	while (byte_at(s, s->at) == ' ')
		s->at++;
	version = version_scan(s);
	if (!is_end(byte_at(s, s->at)))
		return fault_at(s, s->at, "MSG_RQVER(6)");
	s->fault.line_done = true;
	if (!version_fits(s->data + version, s->at - version))
		return fault_at(s, version, "MSG_DATA(27)");
	return line_end(s, "MSG_RQLINE_END(7)");
}

static bool status_line(struct scan *s)
{
	uint32_t version = version_scan(s);

	if (byte_at(s, s->at) != ' ')
		return fault_at(s, s->at, "MSG_RPVER(10)");
	if (!version_fits(s->data + version, s->at - version))
		return fault_at(s, version, "MSG_DATA(27)");
	s->fault.line_done = true;
	while (byte_at(s, s->at) == ' ')
		s->at++;
	while (is_digit(byte_at(s, s->at)))
		s->at++;
	if (byte_at(s, s->at) != ' ' && !is_end(byte_at(s, s->at)))
		return fault_at(s, s->at, "MSG_RPCODE(12)");
	while (s->at < s->len && !is_end(byte_at(s, s->at)))
		s->at++;
	return s->at < s->len ? line_end(s, "MSG_RPLINE_END(15)") : fault_at(s, s->at, "MSG_RPREASON(14)");
}

/* What the values of fields that matter to the protocol may not be. */
static bool field_check(struct scan *s, struct str name, uint32_t from, uint32_t to)
{
	static const char *const state = "MSG_HDR_L2_LWS(24)";
	struct str value = str_make(s->data + from, to - from);

	if (str_ieq(name, STR("host"))) {
		bool twice = s->hosts++ && value.len;

		s->host = from;
		return twice ? fault_at(s, from, state) : true;
	}
	if (!str_ieq(name, STR("content-length")))
		return true;
	for (uint32_t i = from; i < to; i++)
		if (!is_digit((unsigned char)s->data[i]) && s->data[i] != ',' && s->data[i] != ' ')
			return fault_at(s, i, state);
	if (s->lengths++ && !str_eq(s->length, value))
		return fault_at(s, from, state);
	s->length = value;
	s->fault.has_length = true;
	return true;
}

/* A value with the lines that continue it. */
static bool field_value(struct scan *s, struct str name)
{
	uint32_t from, to;

	do {
		while (byte_at(s, s->at) == ' ' || byte_at(s, s->at) == '\t')
			s->at++;
		from = to = s->at;
		while (s->at < s->len && !is_end(byte_at(s, s->at)))
			to = ++s->at;
		if (s->at == s->len)
			return fault_at(s, s->len, "MSG_HDR_VAL(22)");
		if (!line_end(s, "MSG_HDR_L2_LF(23)"))
			return false;
	} while (byte_at(s, s->at) == ' ' || byte_at(s, s->at) == '\t');
	return field_check(s, name, from, to);
}

static bool fields(struct scan *s)
{
	while (s->at < s->len && !is_end(byte_at(s, s->at))) {
		uint32_t from = s->at;

		while (is_token(byte_at(s, s->at)))
			s->at++;
		if (byte_at(s, s->at) != ':' || s->at == from)
			return fault_at(s, s->at, "MSG_HDR_NAME(17)");
		s->at++;
		if (!field_value(s, str_make(s->data + from, s->at - 1 - from)))
			return false;
	}
	return s->at < s->len ? line_end(s, "MSG_LAST_LF(25)") : fault_at(s, s->at, "MSG_HDR_FIRST(16)");
}

struct h1_fault h1_fault_find(const char *data, uint32_t len, bool response)
{
	struct scan s = {.data = data, .len = len, .target = UINT32_MAX, .host = UINT32_MAX};

	while (is_end(byte_at(&s, s.at)))
		s.at++;
	if (!(response ? status_line : request_line)(&s) || !fields(&s))
		return s.fault;
	/* Each byte is fine, but not what they say together: target and Host do not agree. */
	if (s.host != UINT32_MAX && s.target != UINT32_MAX && data[s.target] != '/')
		fault_at(&s, s.host, "MSG_LAST_LF(25)");
	else
		fault_at(&s, s.at, "MSG_DONE(30)");
	return s.fault;
}
