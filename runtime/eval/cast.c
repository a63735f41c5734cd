/* Casts between the types of samples (manual, section 7.1). Texts of numbers and addresses are written to
 * scratch memory. One thread. */
#include <arpa/inet.h>
#include <stdio.h>

#include "runtime/eval/sample.h"

static const struct str method_names[] = {
	[HTTP_M_OTHER] = {"", 0},          [HTTP_M_GET] = {"GET", 3},         [HTTP_M_HEAD] = {"HEAD", 4},
	[HTTP_M_POST] = {"POST", 4},       [HTTP_M_PUT] = {"PUT", 3},         [HTTP_M_DELETE] = {"DELETE", 6},
	[HTTP_M_CONNECT] = {"CONNECT", 7}, [HTTP_M_OPTIONS] = {"OPTIONS", 7}, [HTTP_M_TRACE] = {"TRACE", 5},
	[HTTP_M_PATCH] = {"PATCH", 5},
};

enum http_method sample_method_of(struct str name)
{
	for (int i = HTTP_M_GET; i <= HTTP_M_PATCH; i++)
		if (str_eq(name, method_names[i]))
			return (enum http_method)i;
	return HTTP_M_OTHER;
}

bool sample_set_addr(struct sample *s, const union addr *addr)
{
	if (!addr)
		return false;
	if (addr->family == AF_INET) {
		s->type = SMP_IPV4;
		memcpy(s->ip, &addr->in.sin_addr, 4);
		return true;
	}
	if (addr->family != AF_INET6)
		return false;
	s->type = SMP_IPV6;
	memcpy(s->ip, &addr->in6.sin6_addr, 16);
	return true;
}

/* Digits written backwards into the end of a buffer of 20 bytes or more. */
static struct str write_int(char *end, int64_t value)
{
	uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char *p = end;

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	if (value < 0)
		*--p = '-';
	return str_make(p, (size_t)(end - p));
}

static bool cast_int_to_str(struct eval *e, struct sample *s)
{
	char *buf = scratch_alloc(e->scratch, 24);

	if (!buf)
		return false;
	s->str = write_int(buf + 24, s->sint);
	s->type = SMP_STR;
	return true;
}

static bool cast_ip_to_str(struct eval *e, struct sample *s)
{
	char *buf = scratch_alloc(e->scratch, INET6_ADDRSTRLEN);

	if (!buf || !inet_ntop(s->type == SMP_IPV4 ? AF_INET : AF_INET6, s->ip, buf, INET6_ADDRSTRLEN))
		return false;
	s->str = str_from(buf);
	s->type = SMP_STR;
	return true;
}

static bool cast_to_str(struct eval *e, struct sample *s)
{
	switch (s->type) {
	case SMP_BOOL:
	case SMP_SINT:
		return cast_int_to_str(e, s);
	case SMP_IPV4:
	case SMP_IPV6:
		return cast_ip_to_str(e, s);
	case SMP_METH:
		if (s->meth != HTTP_M_OTHER)
			s->str = method_names[s->meth];
		s->type = SMP_STR;
		return true;
	case SMP_BIN: /* texts end at a NUL byte */
		s->str.len = strnlen(s->str.ptr ? s->str.ptr : "", s->str.len);
		s->type = SMP_STR;
		return true;
	default:
		return s->type == SMP_STR;
	}
}

/* What HAProxy reads as a number at the beginning of a text: sign and digits; 0 when there are none, limits
 * when they are too many. */
static int64_t text_to_int(struct str text)
{
	bool negative = text.len && text.ptr[0] == '-';
	size_t i = negative || (text.len && text.ptr[0] == '+');
	uint64_t v = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;

	for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
		uint64_t digit = (uint64_t)(text.ptr[i] - '0');

		if (v > (limit - digit) / 10) {
			v = limit;
			break;
		}
		v = v * 10 + digit;
	}
	return negative ? (int64_t)(0 - v) : (int64_t)v;
}

static bool cast_to_int(struct sample *s)
{
	uint32_t ip;

	switch (s->type) {
	case SMP_BOOL:
		s->type = SMP_SINT;
		return true;
	case SMP_IPV4:
		memcpy(&ip, s->ip, 4);
		return sample_set_int(s, ntohl(ip));
	case SMP_STR:
		return s->str.len && sample_set_int(s, text_to_int(s->str));
	default:
		return s->type == SMP_SINT;
	}
}

static bool cast_to_bool(struct sample *s)
{
	if (s->type != SMP_BOOL && !cast_to_int(s))
		return false;
	s->type = SMP_BOOL;
	s->sint = s->sint != 0;
	return true;
}

size_t sample_ipv4_text(struct str text, uint8_t ip[4])
{
	unsigned number = 0, digits = 0, points = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		unsigned digit = (unsigned char)text.ptr[i] - (unsigned)'0';

		if (digit <= 9) {
			number = number * 10 + digit;
			digits++;
			if (number > 255)
				return 0;
		} else if (text.ptr[i] == '.') {
			if (!digits || points == 3)
				return 0;
			ip[points++] = (uint8_t)number;
			number = digits = 0;
		} else {
			break;
		}
	}
	if (points != 3 || !digits)
		return 0;
	ip[3] = (uint8_t)number;
	return i;
}

static bool text_to_addr(struct sample *s)
{
	struct str text = s->str;
	char buf[INET6_ADDRSTRLEN + 1];
	uint8_t v4[4];

	if (sample_ipv4_text(text, v4)) {
		memcpy(s->ip, v4, 4);
		s->type = SMP_IPV4;
		return true;
	}
	if (!text.len || text.len >= sizeof(buf))
		return false;
	memcpy(buf, text.ptr, text.len);
	buf[text.len] = 0;
	s->type = SMP_IPV6;
	return inet_pton(AF_INET6, buf, s->ip) == 1;
}

/* To either kind of address. */
static bool cast_to_addr(struct sample *s)
{
	uint32_t ip;

	if (s->type == SMP_STR)
		return text_to_addr(s);
	if (s->type == SMP_SINT) {
		ip = htonl((uint32_t)s->sint);
		memcpy(s->ip, &ip, 4);
		s->type = SMP_IPV4;
	}
	return s->type == SMP_IPV4 || s->type == SMP_IPV6;
}

static bool cast_to_ipv6(struct sample *s)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (!cast_to_addr(s))
		return false;
	if (s->type == SMP_IPV6)
		return true;
	memmove(s->ip + 12, s->ip, 4);
	memcpy(s->ip, mapped, sizeof(mapped));
	s->type = SMP_IPV6;
	return true;
}

static bool cast_to_ipv4(struct sample *s)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (!cast_to_addr(s))
		return false;
	if (s->type == SMP_IPV4)
		return true;
	if (memcmp(s->ip, mapped, sizeof(mapped)))
		return false;
	memmove(s->ip, s->ip + 12, 4);
	s->type = SMP_IPV4;
	return true;
}

/* Numbers become eight bytes, addresses four or sixteen, in network byte order. */
static bool cast_to_bin(struct eval *e, struct sample *s)
{
	uint64_t number;
	struct str bytes;

	if (s->type == SMP_BIN)
		return true;
	if (s->type == SMP_STR || s->type == SMP_METH) {
		if (!cast_to_str(e, s))
			return false;
		s->type = SMP_BIN;
		return true;
	}
	number = __builtin_bswap64((uint64_t)s->sint);
	if (s->type == SMP_IPV4 || s->type == SMP_IPV6)
		bytes = scratch_dup(e->scratch, str_make((const char *)s->ip, s->type == SMP_IPV4 ? 4 : 16));
	else
		bytes = scratch_dup(e->scratch, str_make((const char *)&number, sizeof(number)));
	s->str = bytes;
	s->type = SMP_BIN;
	return bytes.ptr != NULL;
}

bool sample_cast(struct eval *e, struct sample *s, enum smp_type type)
{
	if (s->type == type)
		return true;
	switch (type) {
	case SMP_ANY:
	case SMP_SAME:
		return true;
	case SMP_BOOL:
		return cast_to_bool(s);
	case SMP_SINT:
		return cast_to_int(s);
	case SMP_ADDR:
		return cast_to_addr(s);
	case SMP_IPV4:
		return cast_to_ipv4(s);
	case SMP_IPV6:
		return cast_to_ipv6(s);
	case SMP_STR:
		return cast_to_str(e, s);
	case SMP_BIN:
		return cast_to_bin(e, s);
	default:
		return false;
	}
}
