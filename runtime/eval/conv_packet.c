/* Converters that take packets apart (manual, section 7.3.1: eth.*, ip.*, tcp.*): Ethernet frames, IPv4 and
 * IPv6 headers, TCP headers, as fc_saved_syn gives them. Whatever is too short has no value. Results are slices
 * of the input or in scratch memory. One thread. */
#include "runtime/eval/fetch.h"

/* All converters have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum {
	ETH_ADDRS = 12, /* both addresses */
	ETH_TYPE = 2,
	ETH_VLAN = 4,
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	TCP_HEADER = 20,
	PROTO_TCP = 6,
	TCP_OPT_END = 0,
	TCP_OPT_NOP = 1,
	TCP_OPT_MSS = 2,
	TCP_OPT_WSCALE = 3,
	TCP_OPT_SACK = 4,
	TCP_OPT_TIME = 8,
};

static unsigned byte_at(struct str s, size_t at)
{
	return (unsigned char)s.ptr[at];
}

static unsigned word_at(struct str s, size_t at)
{
	return byte_at(s, at) << 8 | byte_at(s, at + 1);
}

static uint32_t long_at(struct str s, size_t at)
{
	return (uint32_t)word_at(s, at) << 16 | word_at(s, at + 2);
}

static bool set_bytes(struct sample *s, struct str bytes)
{
	s->type = SMP_BIN;
	s->str = bytes;
	return true;
}

/* --- Ethernet (IEEE 802.3, 802.1Q, 802.1ad) */

struct eth {
	size_t len; /* of the header */
	unsigned type;
	int vlan; /* -1: none */
};

static bool eth_read(struct str frame, struct eth *h)
{
	size_t at = ETH_ADDRS;

	h->vlan = -1;
	for (;; at += ETH_VLAN) {
		if (frame.len < at + ETH_TYPE)
			return false;
		h->type = word_at(frame, at);
		if (h->type != 0x8100 && h->type != 0x88a8 && h->type != 0x9100)
			break;
		if (frame.len < at + ETH_VLAN)
			return false;
		h->vlan = (int)(word_at(frame, at + 2) & 0xfff);
	}
	h->len = at + ETH_TYPE;
	return true;
}

bool conv_eth_data(struct eval *e, const struct arg *args, struct sample *s)
{
	struct eth h;

	return eth_read(s->str, &h) && set_bytes(s, str_tail(s->str, h.len));
}

bool conv_eth_hdr(struct eval *e, const struct arg *args, struct sample *s)
{
	struct eth h;

	return eth_read(s->str, &h) && set_bytes(s, str_sub(s->str, 0, h.len));
}

bool conv_eth_dst(struct eval *e, const struct arg *args, struct sample *s)
{
	return s->str.len >= ETH_ADDRS + ETH_TYPE && set_bytes(s, str_sub(s->str, 0, 6));
}

bool conv_eth_src(struct eval *e, const struct arg *args, struct sample *s)
{
	return s->str.len >= ETH_ADDRS + ETH_TYPE && set_bytes(s, str_sub(s->str, 6, 6));
}

bool conv_eth_proto(struct eval *e, const struct arg *args, struct sample *s)
{
	struct eth h;

	return eth_read(s->str, &h) && sample_set_int(s, h.type);
}

bool conv_eth_vlan(struct eval *e, const struct arg *args, struct sample *s)
{
	struct eth h;

	return eth_read(s->str, &h) && h.vlan >= 0 && sample_set_int(s, h.vlan);
}

/* --- IP (RFC 791, RFC 8200) */

struct ip {
	size_t len;   /* of the header, with options or extensions */
	size_t total; /* of the packet, as the header says */
	unsigned version, proto, tos, ttl;
	bool df, options;
	struct str src, dst;
};

static bool ip4_read(struct str packet, struct ip *h)
{
	if (packet.len < IP4_HEADER)
		return false;
	h->len = (byte_at(packet, 0) & 15) * 4u;
	if (h->len < IP4_HEADER || h->len > packet.len)
		return false;
	h->options = h->len > IP4_HEADER;
	h->tos = byte_at(packet, 1);
	h->total = word_at(packet, 2);
	h->df = byte_at(packet, 6) & 0x40;
	h->ttl = byte_at(packet, 8);
	h->proto = byte_at(packet, 9);
	h->src = str_sub(packet, 12, 4);
	h->dst = str_sub(packet, 16, 4);
	return true;
}

/* Length of an extension header at `at`; 0: it is none, 1: cut off. */
static size_t ip6_extension(struct str packet, size_t at, unsigned proto)
{
	switch (proto) {
	case 0:   /* hop by hop */
	case 43:  /* routing */
	case 60:  /* destination options */
	case 135: /* mobility */
	case 139:
	case 140:
		return packet.len < at + 8 ? 1 : (byte_at(packet, at + 1) + 1) * 8u;
	case 44: /* fragment */
		return packet.len < at + 8 ? 1 : 8;
	case 51: /* authentication */
		return packet.len < at + 8 ? 1 : (byte_at(packet, at + 1) + 2) * 4u;
	default:
		return 0;
	}
}

static bool ip6_read(struct str packet, struct ip *h)
{
	size_t n;

	if (packet.len < IP6_HEADER)
		return false;
	h->tos = word_at(packet, 0) >> 4 & 0xff;
	h->total = IP6_HEADER + word_at(packet, 4);
	h->proto = byte_at(packet, 6);
	h->ttl = byte_at(packet, 7);
	h->df = true;
	h->src = str_sub(packet, 8, 16);
	h->dst = str_sub(packet, 24, 16);
	h->len = IP6_HEADER;
	while ((n = ip6_extension(packet, h->len, h->proto))) {
		if (n == 1 || packet.len - h->len < n)
			return false;
		h->options = true;
		h->proto = byte_at(packet, h->len);
		h->len += n;
	}
	return true;
}

static bool ip_read(struct str packet, struct ip *h)
{
	memset(h, 0, sizeof(*h));
	h->version = packet.len ? byte_at(packet, 0) >> 4 : 0;
	return h->version == 4 ? ip4_read(packet, h) : h->version == 6 && ip6_read(packet, h);
}

static bool set_address(struct sample *s, struct str bytes)
{
	s->type = bytes.len == 4 ? SMP_IPV4 : SMP_IPV6;
	memset(s->ip, 0, sizeof(s->ip));
	memcpy(s->ip, bytes.ptr, bytes.len);
	return true;
}

bool conv_ip_data(struct eval *e, const struct arg *args, struct sample *s)
{
	struct ip h;

	return ip_read(s->str, &h) && set_bytes(s, str_tail(s->str, h.len));
}

bool conv_ip_hdr(struct eval *e, const struct arg *args, struct sample *s)
{
	struct ip h;

	return ip_read(s->str, &h) && set_bytes(s, str_sub(s->str, 0, h.len));
}

bool conv_ip_src(struct eval *e, const struct arg *args, struct sample *s)
{
	struct ip h;

	return ip_read(s->str, &h) && set_address(s, h.src);
}

bool conv_ip_dst(struct eval *e, const struct arg *args, struct sample *s)
{
	struct ip h;

	return ip_read(s->str, &h) && set_address(s, h.dst);
}

#define IP_NUMBER(field)                                                                                       \
	bool conv_ip_##field(struct eval *e, const struct arg *args, struct sample *s)                         \
	{                                                                                                      \
		struct ip h;                                                                                   \
                                                                                                               \
		return ip_read(s->str, &h) && sample_set_int(s, h.field);                                      \
	}
IP_NUMBER(df)
IP_NUMBER(proto)
IP_NUMBER(tos)
IP_NUMBER(ttl)

bool conv_ip_ver(struct eval *e, const struct arg *args, struct sample *s)
{
	struct ip h;

	return ip_read(s->str, &h) && sample_set_int(s, h.version);
}

/* --- TCP (RFC 9293; options: RFC 7323, RFC 2018) */

/* Where the options are; false when the header is not whole. */
static bool tcp_read(struct str segment, struct str *options)
{
	size_t len;

	if (segment.len < TCP_HEADER)
		return false;
	len = (byte_at(segment, 12) >> 4) * 4u;
	if (len < TCP_HEADER || len > segment.len)
		return false;
	*options = str_sub(segment, TCP_HEADER, len - TCP_HEADER);
	return true;
}

/* The next option: its kind, and all of its bytes. False at their end. */
static bool option_next(struct str *options, unsigned *kind, struct str *option)
{
	size_t len = 1;

	if (!options->len)
		return false;
	*kind = byte_at(*options, 0);
	if (*kind == TCP_OPT_END)
		return false;
	if (*kind != TCP_OPT_NOP) {
		if (options->len < 2)
			return false;
		len = byte_at(*options, 1);
		if (len < 2 || len > options->len)
			return false;
	}
	*option = str_sub(*options, 0, len);
	*options = str_tail(*options, len);
	return true;
}

/* The first option of a kind with at least that many bytes. */
static bool option_find(struct str options, unsigned wanted, size_t least, struct str *option)
{
	unsigned kind;

	while (option_next(&options, &kind, option))
		if (kind == wanted && option->len >= least)
			return true;
	return false;
}

static unsigned option_mss(struct str options)
{
	struct str option;

	return option_find(options, TCP_OPT_MSS, 4, &option) ? word_at(option, 2) : 0;
}

#define TCP_NUMBER(name, value)                                                                                \
	bool conv_tcp_##name(struct eval *e, const struct arg *args, struct sample *s)                         \
	{                                                                                                      \
		struct str options;                                                                            \
                                                                                                               \
		return tcp_read(s->str, &options) && sample_set_int(s, value);                                 \
	}
TCP_NUMBER(src, word_at(s->str, 0))
TCP_NUMBER(dst, word_at(s->str, 2))
TCP_NUMBER(seq, long_at(s->str, 4))
TCP_NUMBER(flags, byte_at(s->str, 13))
TCP_NUMBER(win, word_at(s->str, 14))
TCP_NUMBER(options_mss, option_mss(options))

static bool option_present(struct sample *s, unsigned kind, size_t least)
{
	struct str options, option;

	return tcp_read(s->str, &options) && sample_set_int(s, option_find(options, kind, least, &option));
}

bool conv_tcp_options_sack(struct eval *e, const struct arg *args, struct sample *s)
{
	return option_present(s, TCP_OPT_SACK, 2);
}

bool conv_tcp_options_tsopt(struct eval *e, const struct arg *args, struct sample *s)
{
	return option_present(s, TCP_OPT_TIME, 10);
}

bool conv_tcp_options_wsopt(struct eval *e, const struct arg *args, struct sample *s)
{
	return option_present(s, TCP_OPT_WSCALE, 3);
}

bool conv_tcp_options_tsval(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str options, option;

	return tcp_read(s->str, &options) && option_find(options, TCP_OPT_TIME, 10, &option) &&
	       sample_set_int(s, long_at(option, 2));
}

bool conv_tcp_options_wscale(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str options, option;

	return tcp_read(s->str, &options) &&
	       sample_set_int(s, option_find(options, TCP_OPT_WSCALE, 3, &option) ? byte_at(option, 2) : 0);
}

/* Kinds in order. out: as many bytes as there are options. */
static size_t options_list(struct str options, char *out)
{
	struct str option;
	unsigned kind;
	size_t n = 0;

	while (option_next(&options, &kind, &option))
		out[n++] = (char)kind;
	return n;
}

bool conv_tcp_options_list(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str options;
	char *out;

	if (!tcp_read(s->str, &options))
		return false;
	out = scratch_alloc(e->scratch, options.len + 1);
	return out && set_bytes(s, str_make(out, options_list(options, out)));
}

/* --- ip.fp([mode]): what stays the same for a host */

enum { FP_LEN = 8, FP_TTL = 1, FP_OPTIONS = 2, FP_SOURCE = 4, FP_MAX = FP_LEN + 1 + 40 + 16 };

/* A bit per option present: kinds 2 to 8, then all others. */
static unsigned fp_options(struct str options)
{
	struct str option;
	unsigned kind, bits = 0;

	while (option_next(&options, &kind, &option))
		if (kind >= 2)
			bits |= kind <= 8 ? 1u << (kind - 2) : 0x80;
	return bits;
}

static unsigned fp_flags(const struct ip *h, struct str tcp, size_t tcp_len)
{
	unsigned flags = byte_at(tcp, 13);

	return (h->version == 6 ? 0x80 : 0) | (h->df ? 0x40 : 0) |
	       (h->ttl <= 32    ? 0
		: h->ttl <= 64  ? 0x10
		: h->ttl <= 128 ? 0x20
				: 0x30) |
	       (h->options ? 8 : 0) | (h->total > h->len + tcp_len ? 4 : 0) | flags >> 6;
}

static void fp_fill(const struct ip *h, struct str tcp, struct str options, unsigned char *out)
{
	size_t len = TCP_HEADER + options.len;
	unsigned mss = option_mss(options), scale = 0;
	struct str option;

	if (option_find(options, TCP_OPT_WSCALE, 3, &option))
		scale = byte_at(option, 2) > 14 ? 15 : byte_at(option, 2) + 1;
	out[0] = (unsigned char)h->tos;
	out[1] = (unsigned char)fp_flags(h, tcp, len);
	out[2] = (unsigned char)(len / 4 << 4 | scale);
	memcpy(out + 3, tcp.ptr + 14, 2);
	out[5] = (unsigned char)(mss >> 8);
	out[6] = (unsigned char)mss;
	out[7] = (unsigned char)fp_options(options);
}

bool conv_ip_fp(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t mode = arg_is_set(&args[0]) ? args[0].sint : 0;
	char *out = scratch_alloc(e->scratch, FP_MAX);
	struct str tcp, options;
	size_t n = FP_LEN;
	struct ip h;

	if (!out || !ip_read(s->str, &h) || h.proto != PROTO_TCP)
		return false;
	tcp = str_tail(s->str, h.len);
	if (!tcp_read(tcp, &options))
		return false;
	fp_fill(&h, tcp, options, (unsigned char *)out);
	if (mode & FP_TTL)
		out[n++] = (char)h.ttl;
	if (mode & FP_OPTIONS)
		n += options_list(options, out + n);
	if (mode & FP_SOURCE) {
		memcpy(out + n, h.src.ptr, h.src.len);
		n += h.src.len;
	}
	return set_bytes(s, str_make(out, n));
}
