/* Checks that speak a protocol (manual, section 4.2, "option smtpchk", "pgsql-check", "mysql-check",
 * "ldap-check", "redis-check", "ssl-hello-chk", "spop-check"): steps of ours over the machinery of tcp-check,
 * with HAProxy 2.6's messages, found by putting answers of all kinds before it: some that are wrong are not
 * judged as long as the server may say more. Sources of the protocols: RFC 5321, RFC 4511, RFC 6101, the
 * manuals of PostgreSQL (53.7), MySQL (client/server protocol), Redis, and SPOE.txt. The check's worker only.
 */
#include "runtime/health/check_protocol.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "runtime/health/check_run.h"

/* A constant with its length, zero bytes included. */
#define BYTES(literal) ((struct str){(literal), sizeof(literal) - 1})
#define SEND_OWN(n, what)                                                                                      \
	{                                                                                                      \
		.kind = HC_SEND, .number = (n), .send = HCS_OWN, .own = (what)                                 \
	}
#define SEND_BYTES(n, bytes)                                                                                   \
	{                                                                                                      \
		.kind = HC_SEND, .number = (n), .send = HCS_TEXT, .text = {(bytes), sizeof(bytes) - 1 }        \
	}
#define EXPECT(n, what, ...)                                                                                   \
	{                                                                                                      \
		.kind = HC_EXPECT, .number = (n), .expect = HCE_OWN, .own = (what), __VA_ARGS__                \
	}

static const struct hc_step tls_steps[] = {
	SEND_OWN(1, OWN_TLS_HELLO),
	EXPECT(2, OWN_TLS_ANSWER, .outcome = {.error = CHECK_L6_RESPONSE, .timeout = CHECK_L6_TIMEOUT}),
};
static const struct hc_step smtp_steps[] = {
	EXPECT(2, OWN_SMTP_BANNER),     EXPECT(3, OWN_SMTP_READY, .outcome = {.error = CHECK_L7_STATUS}),
	SEND_OWN(4, OWN_SMTP_GREETING), EXPECT(5, OWN_SMTP_GREETED, .outcome = {.error = CHECK_L7_STATUS}),
	SEND_BYTES(6, "QUIT\r\n"),      EXPECT(7, OWN_SMTP_READY, .outcome = {.error = CHECK_L7_STATUS}),
};
static const struct hc_step pgsql_steps[] = {
	SEND_OWN(2, OWN_PGSQL_START),
	EXPECT(3, OWN_PGSQL_ERROR),
	EXPECT(4, OWN_PGSQL_ANSWER, .outcome = {.error = CHECK_L7_STATUS}),
};
static const struct hc_step mysql_steps[] = {
	SEND_OWN(2, OWN_MYSQL_USER),
	EXPECT(3, OWN_MYSQL_HANDSHAKE),
	EXPECT(4, OWN_MYSQL_ANSWER),
};
static const struct hc_step ldap_steps[] = {
	/* an anonymous bind: message 1, version 3, no name, no password */
	SEND_BYTES(1, "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"),
	EXPECT(2, OWN_LDAP_ANSWER),
};
static const struct hc_step redis_steps[] = {
	SEND_BYTES(1, "*1\r\n$4\r\nPING\r\n"),
	EXPECT(2, OWN_REDIS_ANSWER, .outcome = {.error = CHECK_L7_STATUS}),
};
static const struct hc_step spop_steps[] = {
	SEND_OWN(1, OWN_SPOP_HELLO),
	EXPECT(2, OWN_SPOP_ANSWER),
};

#define STEPS(list) (*n = sizeof(list) / sizeof(*(list)), (list))
const struct hc_step *check_protocol_steps(enum check_kind kind, const struct check_conf *conf, uint32_t *n)
{
	switch (kind) {
	case CHECK_SSL_HELLO:
		return STEPS(tls_steps);
	case CHECK_SMTP:
		return STEPS(smtp_steps);
	case CHECK_PGSQL:
		return STEPS(pgsql_steps);
	case CHECK_MYSQL:
		*n = conf->user.len ? 3 : 1;
		return conf->user.len ? mysql_steps : mysql_steps + 1;
	case CHECK_LDAP:
		return STEPS(ldap_steps);
	case CHECK_REDIS:
		return STEPS(redis_steps);
	case CHECK_SPOP:
		return STEPS(spop_steps);
	default:
		*n = 0;
		return NULL;
	}
}

/* --- what is sent */

static void put_be32(struct out *o, uint32_t n)
{
	const char bytes[] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};

	out_bytes(o, bytes, sizeof(bytes));
}

/* A hello of SSL 3.0 that offers all its ciphers (RFC 6101, section 5.6.1.2). */
static void put_tls_hello(struct check *k)
{
	struct out *o = &k->request;

	out_str(o, BYTES("\x16\x03\x00\x00\x79\x01\x00\x00\x75\x03\x00"));
	put_be32(o, (uint32_t)k->worker->wall.tv_sec);
	out_puts(o, "HAPROXYSSLCHK\nHAPROXYSSLCHK\n");
	out_str(o, BYTES("\x00\x00\x4e"));
	for (int cipher = 0x01; cipher <= 0x1b; cipher++) {
		out_char(o, 0);
		out_char(o, (char)cipher);
	}
	for (int cipher = 0x2f; cipher <= 0x3a; cipher++) {
		out_char(o, 0);
		out_char(o, (char)cipher);
	}
	out_str(o, BYTES("\x01\x00"));
}

/* StartupMessage of protocol 3.0. */
static void put_pgsql(struct check *k)
{
	struct str user = check_conf(k)->user;

	put_be32(&k->request, (uint32_t)user.len + 15);
	out_str(&k->request, BYTES("\x00\x03\x00\x00user\x00"));
	out_str(&k->request, user);
	out_str(&k->request, BYTES("\x00\x00"));
}

/* HandshakeResponse41 or HandshakeResponse320 without password, and a COM_QUIT. */
static void put_mysql(struct check *k)
{
	struct str user = check_conf(k)->user;
	struct out *o = &k->request;

	if (check_conf(k)->mysql_pre41) {
		out_char(o, (char)(user.len + 7));
		out_str(o, BYTES("\x00\x00\x01\x00\x80\x00\x00\x01"));
		out_str(o, user);
		out_str(o, BYTES("\x00\x00"));
	} else {
		out_char(o, (char)(user.len + 34));
		out_str(o, BYTES("\x00\x00\x01\x00\x82\x00\x00\x00\x80\x00\x01\x21"));
		for (int i = 0; i < 23; i++)
			out_char(o, 0);
		out_str(o, user);
		out_str(o, BYTES("\x00\x00"));
	}
	out_str(o, BYTES("\x01\x00\x00\x00\x01"));
}

bool check_protocol_send(struct check *k, const struct hc_step *step)
{
	switch (step->own) {
	case OWN_TLS_HELLO:
		put_tls_hello(k);
		break;
	case OWN_SMTP_GREETING:
		out_str(&k->request, check_conf(k)->smtp_greeting);
		out_puts(&k->request, "\r\n");
		break;
	case OWN_PGSQL_START:
		put_pgsql(k);
		break;
	case OWN_MYSQL_USER:
		put_mysql(k);
		break;
	case OWN_SPOP_HELLO:
		/* HAPROXY-HELLO, stream 0, frame 0, with `healthcheck` */
		out_str(&k->request, BYTES("\x00\x00\x00\x4e\x01\x00\x00\x00\x01\x00\x00"
					   "\x12supported-versions\x08\x03"
					   "2.0\x0emax-frame-size\x03\xfc\xf0\x06"
					   "\x0c"
					   "capabilities\x08\x00\x0bhealthcheck\x11"));
		break;
	case OWN_AGENT_REQUEST:
		return check_agent_request(k);
	default:
		break;
	}
	return !k->request.truncated;
}

/* --- what comes back */

/* The input up to the end of its first line. */
static struct str first_line(struct str in)
{
	size_t end = str_chr(in, '\r'), lf = str_chr(in, '\n');

	return str_sub(in, 0, end < lf ? end : lf);
}

static enum check_verdict unmet(struct check *k, const struct hc_step *step, enum check_status status,
				struct str info)
{
	char text[CHECK_INFO];
	struct eval e;

	check_eval_begin(k, &e);
	snprintf(text, sizeof(text), "%.*s", STR_ARG(info));
	return check_unmet(k, step, &e, status, text);
}

static enum check_verdict met(struct check *k, const struct hc_step *step, struct str info)
{
	struct eval e;

	check_eval_begin(k, &e);
	return check_met(k, step, &e, info);
}

static enum check_verdict expect_tls(struct check *k, const struct hc_step *step, struct str in)
{
	if (in.len < 5 && !k->no_more)
		return CHECK_WAIT;
	if (in.ptr[0] != 0x16 && in.ptr[0] != 0x15) /* handshake, alert */
		return unmet(k, step, CHECK_L6_RESPONSE, STR_NONE);
	return check_over(k, CHECK_L6_OK, "");
}

/* "220 text": *code; 0 when it is none. */
static bool smtp_code(struct str in, const char *ends, uint16_t *code)
{
	*code = 0;
	for (int i = 0; i < 3; i++) {
		if (!isdigit((unsigned char)in.ptr[i]))
			return false;
		*code = (uint16_t)(*code * 10 + in.ptr[i] - '0');
	}
	return strchr(ends, in.ptr[3]) != NULL;
}

/* Is the last line of an answer of several still to come (RFC 5321, section 4.2.1)? */
static bool smtp_goes_on(struct str in)
{
	while (in.len >= 4 && in.ptr[3] == '-') {
		size_t end = str_chr(in, '\n');

		if (end == in.len)
			return true;
		in = str_tail(in, end + 1);
	}
	return in.len < 4;
}

static enum check_verdict expect_smtp(struct check *k, const struct hc_step *step, struct str in)
{
	struct str line = first_line(in);
	uint16_t code = 0;
	bool fine;

	if (!k->no_more && (in.len < 4 || (step->own == OWN_SMTP_GREETED && smtp_goes_on(in))))
		return CHECK_WAIT;
	fine = in.len >= 4 && smtp_code(in, step->own == OWN_SMTP_GREETED ? "- \r" : " \r", &code);
	if (step->own == OWN_SMTP_BANNER)
		return fine ? met(k, step, STR_NONE) : unmet(k, step, CHECK_L7_RESPONSE, line);
	fine = fine && code >= 200 && code <= 299;
	if (!fine && !k->no_more && step->own == OWN_SMTP_GREETED)
		return CHECK_WAIT;
	k->outcome.code = code;
	if (!fine)
		return unmet(k, step, CHECK_L7_STATUS, str_trim(str_tail(line, 4)));
	return met(k, step, str_trim(str_tail(line, 4)));
}

static enum check_verdict expect_pgsql_error(struct check *k, const struct hc_step *step, struct str in)
{
	struct str text = str_tail(in, 6); /* length, then the severity field's mark */

	if (in.ptr[0] != 'E')
		return met(k, step, STR_NONE);
	return unmet(k, step, CHECK_L7_RESPONSE, str_sub(text, 0, str_chr(text, 0)));
}

/* Authentication requests of the kinds that PostgreSQL has. */
static enum check_verdict expect_pgsql(struct check *k, const struct hc_step *step, struct str in)
{
	static const char kinds[] = {0, 2, 3, 4, 5, 6, 7, 9, 10};

	if (in.len < 9 && !k->no_more)
		return CHECK_WAIT;
	if (in.len < 9 || in.ptr[0] != 'R' || memcmp(in.ptr + 1, "\0\0\0", 3) != 0 ||
	    memcmp(in.ptr + 5, "\0\0\0", 3) != 0 || !memchr(kinds, in.ptr[8], sizeof(kinds)))
		return unmet(k, step, CHECK_L7_STATUS, STR("PostgreSQL unknown error"));
	return met(k, step, STR("PostgreSQL server is ok"));
}

static uint32_t byte_at(struct str in, size_t at)
{
	return (unsigned char)in.ptr[at];
}

/* The packet at `at`: how many bytes it has, head included; 0: it is not all there. */
static size_t mysql_packet(struct str in, size_t at)
{
	size_t size;

	if (in.len < at + 5)
		return 0;
	size = 4 + (byte_at(in, at) | byte_at(in, at + 1) << 8 | byte_at(in, at + 2) << 16);
	return size > 4 && in.len - at >= size ? size : 0;
}

/* ERR_Packet of `size` bytes: code and text, which is whatever follows. */
static enum check_verdict mysql_error(struct check *k, const struct hc_step *step, struct str packet,
				      size_t size)
{
	if (size < 7)
		return unmet(k, step, CHECK_L7_RESPONSE, STR_NONE);
	k->outcome.code = (uint16_t)(byte_at(packet, 5) | byte_at(packet, 6) << 8);
	return unmet(k, step, CHECK_L7_STATUS, str_tail(packet, 7));
}

static enum check_verdict expect_mysql(struct check *k, const struct hc_step *step, struct str in)
{
	size_t first = mysql_packet(in, 0), second;
	struct str version;

	if (!first)
		return k->no_more ? unmet(k, step, CHECK_L7_RESPONSE, STR_NONE) : CHECK_WAIT;
	if (byte_at(in, 4) == 0xff)
		return mysql_error(k, step, in, first);
	version = str_sub(in, 5, first - 5);
	version.len = str_chr(version, 0);
	if (step->own == OWN_MYSQL_HANDSHAKE)
		return met(k, step, version);
	second = mysql_packet(in, first);
	if (!second)
		return k->no_more ? unmet(k, step, CHECK_L7_RESPONSE, STR_NONE) : CHECK_WAIT;
	if (byte_at(in, first + 4) == 0xff)
		return mysql_error(k, step, str_tail(in, first), second);
	return met(k, step, version);
}

/* A length of the basic encoding rules: short, or in four bytes as Active Directory writes it. *at moves behind
 * it. */
static bool ber_length(struct str in, size_t *at)
{
	uint32_t first;

	if (*at >= in.len)
		return false;
	first = byte_at(in, *at);
	if (first >= 0x80 && first != 0x84)
		return false;
	*at += first == 0x84 ? 5 : 1;
	return *at <= in.len;
}

/* A BindResponse to message 1 (RFC 4511, sections 4.1.1 and 4.2.2); *result its code. */
static bool ldap_parse(struct str in, unsigned *result)
{
	size_t at = 1;

	if (in.ptr[0] != 0x30 || !ber_length(in, &at) || in.len < at + 4 ||
	    memcmp(in.ptr + at, "\x02\x01\x01\x61", 4) != 0)
		return false;
	at += 4;
	if (!ber_length(in, &at) || in.len < at + 3 || memcmp(in.ptr + at, "\x0a\x01", 2) != 0)
		return false;
	*result = byte_at(in, at + 2);
	return true;
}

static enum check_verdict expect_ldap(struct check *k, const struct hc_step *step, struct str in)
{
	unsigned result;

	if (in.len < 14)
		return k->no_more ? unmet(k, step, CHECK_L7_RESPONSE, STR_NONE) : CHECK_WAIT;
	if (!ldap_parse(in, &result))
		return unmet(k, step, CHECK_L7_RESPONSE, STR("Not LDAPv3 protocol"));
	if (result == 0)
		return met(k, step, STR("Success"));
	k->outcome.code = (uint16_t)result;
	return unmet(k, step, CHECK_L7_STATUS,
		     STR("See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9"));
}

static enum check_verdict expect_redis(struct check *k, const struct hc_step *step, struct str in)
{
	if (str_starts(in, STR("+PONG\r\n")))
		return met(k, step, STR("Redis server is ok"));
	return k->no_more ? unmet(k, step, CHECK_L7_STATUS, first_line(in)) : CHECK_WAIT;
}

/* --- SPOP (SPOE.txt, section 3.2) */

/* A variable-length integer; *at moves behind it. */
static bool spop_int(struct str in, size_t *at, uint64_t *value)
{
	unsigned shift = 4;

	if (*at >= in.len)
		return false;
	*value = byte_at(in, (*at)++);
	if (*value < 240)
		return true;
	do {
		if (*at >= in.len || shift > 56)
			return false;
		*value += (uint64_t)byte_at(in, *at) << shift;
		shift += 7;
	} while (byte_at(in, (*at)++) >= 128);
	return true;
}

static bool spop_text(struct str in, size_t *at, struct str *text)
{
	uint64_t len;

	if (!spop_int(in, at, &len) || len > in.len - *at)
		return false;
	*text = str_sub(in, *at, (size_t)len);
	*at += (size_t)len;
	return true;
}

enum {
	SPOP_TYPE_INT32 = 2,
	SPOP_TYPE_UINT64 = 5,
	SPOP_TYPE_IPV4 = 6,
	SPOP_TYPE_IPV6 = 7,
	SPOP_TYPE_TEXT = 8,
	SPOP_TYPE_BINARY = 9
};
struct spop_value {
	unsigned type;
	uint64_t number;
	struct str text;
};

static bool spop_value(struct str in, size_t *at, struct spop_value *v)
{
	if (*at >= in.len)
		return false;
	v->type = byte_at(in, (*at)++) & 15;
	v->text = STR_NONE;
	v->number = 0;
	if (v->type < SPOP_TYPE_INT32)
		return true; /* nothing, or a boolean in the type's own byte */
	if (v->type <= SPOP_TYPE_UINT64)
		return spop_int(in, at, &v->number);
	if (v->type == SPOP_TYPE_TEXT || v->type == SPOP_TYPE_BINARY)
		return spop_text(in, at, &v->text);
	v->number = v->type == SPOP_TYPE_IPV4 ? 4 : 16;
	*at += (size_t)v->number;
	return v->type <= SPOP_TYPE_IPV6 && *at <= in.len;
}

/* AGENT-HELLO: NULL when it is fine, else HAProxy's words. */
static const char *spop_parse(struct str frame)
{
	bool version = false, size = false;
	struct spop_value v;
	uint64_t id;
	struct str name;
	size_t at = 5;

	if (frame.len < 5 || frame.ptr[0] != 101 || !spop_int(frame, &at, &id) || !spop_int(frame, &at, &id))
		return "invalid frame received";
	while (at < frame.len) {
		if (!spop_text(frame, &at, &name) || !spop_value(frame, &at, &v))
			return "invalid frame received";
		if (str_is(name, "version")) {
			if (!str_starts(v.text, STR("2.")))
				return "unsupported version";
			version = true;
		} else if (str_is(name, "max-frame-size")) {
			if (v.number < 256 || v.number > 16380)
				return "max-frame-size too big or too small";
			size = true;
		}
	}
	return !version ? "version value not found" : !size ? "max-frame-size value not found" : NULL;
}

static enum check_verdict expect_spop(struct check *k, const struct hc_step *step, struct str in)
{
	size_t size = 0;
	const char *wrong;

	if (in.len >= 4)
		size = 4 + ((size_t)byte_at(in, 0) << 24 | byte_at(in, 1) << 16 | byte_at(in, 2) << 8 |
			    byte_at(in, 3));
	if (in.len < 4 || in.len < size) {
		return k->no_more ? unmet(k, step, CHECK_L7_RESPONSE, STR("invalid frame received"))
				  : CHECK_WAIT;
	}
	wrong = spop_parse(str_sub(in, 4, size - 4));
	return wrong ? unmet(k, step, CHECK_L7_RESPONSE, str_from(wrong))
		     : met(k, step, STR("SPOA server is ok"));
}

/* --------------------------------------------------------------------------------------------------------- */

static enum check_verdict expect_something(struct check *k, const struct hc_step *step)
{
	char text[CHECK_INFO];
	int n = snprintf(text, sizeof(text), "TCPCHK got an empty response at step %u", step->number);

	k->outcome.code = 0;
	return unmet(k, step, CHECK_L7_RESPONSE, str_make(text, (size_t)n));
}

enum check_verdict check_protocol_expect(struct check *k, const struct hc_step *step)
{
	struct str in = check_input(k);

	if (!in.len)
		return expect_something(k, step);
	switch (step->own) {
	case OWN_TLS_ANSWER:
		return expect_tls(k, step, in);
	case OWN_PGSQL_ERROR:
		return expect_pgsql_error(k, step, in);
	case OWN_PGSQL_ANSWER:
		return expect_pgsql(k, step, in);
	case OWN_MYSQL_HANDSHAKE:
	case OWN_MYSQL_ANSWER:
		return expect_mysql(k, step, in);
	case OWN_LDAP_ANSWER:
		return expect_ldap(k, step, in);
	case OWN_REDIS_ANSWER:
		return expect_redis(k, step, in);
	case OWN_SPOP_ANSWER:
		return expect_spop(k, step, in);
	case OWN_AGENT_ANSWER:
		return check_agent_answer(k);
	default:
		return expect_smtp(k, step, in);
	}
}
