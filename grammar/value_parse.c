/* Values in patterns and arguments: from text to numbers and addresses. */
#include "grammar/value_parse.h"

#include <arpa/inet.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool value_parse_hex(struct arena *a, struct str text, struct str *bytes, size_t *bad)
{
	char *out = arena_alloc(a, text.len / 2 + 1);

	*bad = text.len;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.ptr[i]);

		if (digit < 0) {
			*bad = i;
			return false;
		}
		out[i / 2] = (char)(i % 2 ? (unsigned char)out[i / 2] << 4 | digit : digit);
	}
	*bytes = str_make(out, text.len / 2);
	return text.len % 2 == 0;
}

/* Copies into a C string; false when it is too long to be an address. */
static bool text_copy(struct str text, char *buf, size_t size)
{
	if (!text.len || text.len >= size || memchr(text.ptr, 0, text.len))
		return false;
	memcpy(buf, text.ptr, text.len);
	buf[text.len] = 0;
	return true;
}

bool value_parse_address(struct str text, struct ip_net *net)
{
	char buf[INET6_ADDRSTRLEN + 1];

	*net = (struct ip_net){0};
	if (!text_copy(text, buf, sizeof(buf)))
		return false;
	if (inet_pton(AF_INET, buf, net->addr) == 1) {
		net->family = 4;
		net->bits = 32;
		return true;
	}
	net->family = 6;
	net->bits = 128;
	return inet_pton(AF_INET6, buf, net->addr) == 1;
}

/* Dotted numbers, and how many; 0 when it is no address. Fewer than four leave out zeros in front of the
 * last: 10.1 is 10.0.0.1. */
static size_t parse_ipv4(struct str text, uint8_t addr[4])
{
	uint8_t parts[4];
	uint64_t value;
	size_t n = 0, dot;

	for (;;) {
		dot = str_chr(text, '.');
		if (n == 4 || dot > 3 || !str_to_u64(str_sub(text, 0, dot), &value) || value > 255)
			return 0;
		parts[n++] = (uint8_t)value;
		if (dot == text.len)
			break;
		text = str_tail(text, dot + 1);
	}
	memset(addr, 0, 4);
	addr[3] = parts[n - 1];
	memcpy(addr, parts, n - 1);
	return n;
}

/* The mask behind a slash: a number of bits or dotted. bits 255: the mask has holes. */
static bool parse_mask4(struct str text, struct ip_net *net)
{
	uint64_t bits;
	uint32_t mask;

	if (str_to_u64(text, &bits)) {
		if (bits > 32)
			return false;
		mask = bits ? ~0u << (32 - bits) : 0;
	} else {
		if (parse_ipv4(text, net->mask4) != 4)
			return false;
		memcpy(&mask, net->mask4, sizeof(mask));
		mask = ntohl(mask);
	}
	net->bits = (uint8_t)__builtin_popcount(mask);
	if (mask && mask != ~0u << (32 - net->bits))
		net->bits = 255;
	mask = htonl(mask);
	memcpy(net->mask4, &mask, sizeof(mask));
	for (int i = 0; i < 4; i++)
		net->addr[i] &= net->mask4[i];
	return true;
}

static void mask_address6(struct ip_net *net)
{
	for (unsigned i = net->bits; i < 128; i++)
		net->addr[i / 8] &= (uint8_t) ~(0x80 >> (i % 8));
}

bool value_parse_network(struct str text, struct ip_net *net)
{
	size_t slash = str_chr(text, '/');
	struct str mask = str_tail(text, slash + 1), address = str_sub(text, 0, slash);
	char buf[INET6_ADDRSTRLEN + 1];
	uint64_t bits = 128;

	*net = (struct ip_net){.family = 4};
	if (parse_ipv4(address, net->addr))
		return parse_mask4(slash < text.len ? mask : STR("32"), net);
	net->family = 6;
	if (!text_copy(address, buf, sizeof(buf)) || inet_pton(AF_INET6, buf, net->addr) != 1)
		return false;
	if (slash < text.len && (!str_to_u64(mask, &bits) || bits > 128))
		return false;
	net->bits = (uint8_t)bits;
	mask_address6(net);
	return true;
}

/* One end of a range. */
static bool parse_plain(struct str text, int64_t *value)
{
	return text.len && text.ptr[0] != '+' && str_to_i64(text, value);
}

static bool parse_version(struct str text, int64_t *value)
{
	size_t dot = str_chr(text, '.');
	uint64_t major, minor = 0;

	if (!str_to_u64(str_sub(text, 0, dot), &major) || major > 65535)
		return false;
	if (dot < text.len && (!str_to_u64(str_tail(text, dot + 1), &minor) || minor > 65535))
		return false;
	*value = (int64_t)(major << 16 | minor);
	return true;
}

static bool parse_ends(struct str text, int64_t *min, int64_t *max, bool *range,
		       bool (*parse)(struct str text, int64_t *value))
{
	size_t colon = str_chr(text, ':');
	struct str low = str_sub(text, 0, colon), high = str_tail(text, colon + 1);

	*min = INT64_MIN;
	*max = INT64_MAX;
	*range = false;
	if (colon == text.len) {
		if (!parse(text, min))
			return false;
		*max = *min;
		return true;
	}
	*range = true; /* for a range any mistake is one of ranges */
	if ((!low.len && !high.len) || str_chr(text, '-') < text.len || (low.len && !parse(low, min)) ||
	    (high.len && !parse(high, max)))
		return false;
	return *min <= *max;
}

bool value_parse_range(struct str text, int64_t *min, int64_t *max, bool *range)
{
	return parse_ends(text, min, max, range, parse_plain);
}

bool value_parse_version_range(struct str text, int64_t *min, int64_t *max, bool *range)
{
	return parse_ends(text, min, max, range, parse_version);
}
