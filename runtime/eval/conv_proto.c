/* Converters that read other protocols (manual, section 7.3.1): protocol buffers and gRPC, FIX. Results are
 * slices of the input. One thread. */
#include "runtime/eval/fetch.h"

/* All converters have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* --- protocol buffers: https://protobuf.dev/programming-guides/encoding/ */

enum wire_type { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

static bool read_varint(struct str *data, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < data->len && i < 10; i++) {
		*value |= (uint64_t)(data->ptr[i] & 0x7f) << (7 * i);
		if (data->ptr[i] & 0x80)
			continue;
		*data = str_tail(*data, i + 1);
		return true;
	}
	return false;
}

/* The value of one field, cut off `data`. */
static bool read_field(struct str *data, unsigned wire, struct str *value)
{
	struct str before = *data;
	uint64_t len;

	if (wire == WIRE_VARINT) {
		if (!read_varint(data, &len))
			return false;
		*value = str_sub(before, 0, before.len - data->len);
		return true;
	}
	if (wire == WIRE_BYTES) {
		if (!read_varint(data, &len))
			return false;
	} else if (wire == WIRE_64 || wire == WIRE_32) {
		len = wire == WIRE_64 ? 8 : 4;
	} else {
		return false;
	}
	if (len > data->len)
		return false;
	*value = str_sub(*data, 0, (size_t)len);
	*data = str_tail(*data, (size_t)len);
	return true;
}

/* The first field of that number; *wire: its type. */
static bool find_field(struct str data, uint64_t number, unsigned *wire, struct str *value)
{
	uint64_t key;

	while (data.len) {
		if (!read_varint(&data, &key) || !read_field(&data, key & 7, value))
			return false;
		*wire = key & 7;
		if (key >> 3 == number)
			return true;
	}
	return false;
}

static bool field_by_path(struct str data, struct str path, unsigned *wire, struct str *value)
{
	uint64_t number;

	*value = data;
	*wire = WIRE_BYTES;
	while (path.len) {
		size_t dot = str_chr(path, '.');

		if (*wire != WIRE_BYTES || !str_to_u64(str_sub(path, 0, dot), &number) ||
		    !find_field(*value, number, wire, value))
			return false;
		path = str_tail(path, dot + 1);
	}
	return true;
}

static const struct proto_type {
	const char *name;
	uint8_t wire;
	bool zigzag, is_signed, real;
} proto_types[] = {
	{"int32", WIRE_VARINT, false, true, false},   {"int64", WIRE_VARINT, false, true, false},
	{"uint32", WIRE_VARINT, false, false, false}, {"uint64", WIRE_VARINT, false, false, false},
	{"bool", WIRE_VARINT, false, false, false},   {"enum", WIRE_VARINT, false, true, false},
	{"sint32", WIRE_VARINT, true, true, false},   {"sint64", WIRE_VARINT, true, true, false},
	{"fixed64", WIRE_64, false, false, false},    {"sfixed64", WIRE_64, false, true, false},
	{"double", WIRE_64, false, true, true},       {"fixed32", WIRE_32, false, false, false},
	{"sfixed32", WIRE_32, false, true, false},    {"float", WIRE_32, false, true, true},
};

static uint64_t little(struct str bytes)
{
	uint64_t v = 0;

	for (size_t i = bytes.len; i-- > 0;)
		v = v << 8 | (unsigned char)bytes.ptr[i];
	return v;
}

static bool fixed_value(const struct proto_type *type, struct str bytes, struct sample *s)
{
	uint64_t bits = little(bytes);
	uint32_t low = (uint32_t)bits;
	double number;
	float small;

	if (type->real && type->wire == WIRE_64) {
		memcpy(&number, &bits, sizeof(number));
	} else if (type->real) {
		memcpy(&small, &low, sizeof(small));
		number = small;
	} else {
		return sample_set_int(s,
				      type->wire == WIRE_32 && type->is_signed ? (int32_t)low : (int64_t)bits);
	}
	if (!(number > -9.2e18 && number < 9.2e18))
		return false;
	return sample_set_int(s, (int64_t)number);
}

static bool protobuf(const struct arg *args, struct str data, struct sample *s)
{
	const struct proto_type *type = NULL;
	struct str value;
	uint64_t number;
	unsigned wire;

	if (!field_by_path(data, args[0].str, &wire, &value))
		return false;
	if (!arg_is_set(&args[1])) {
		s->type = SMP_BIN;
		s->str = value;
		return true;
	}
	for (size_t i = 0; i < sizeof(proto_types) / sizeof(proto_types[0]) && !type; i++)
		if (str_is(args[1].str, proto_types[i].name))
			type = &proto_types[i];
	if (!type) { /* string, bytes */
		s->type = SMP_BIN;
		s->str = value;
		return wire == WIRE_BYTES;
	}
	if (wire != type->wire)
		return false;
	if (wire != WIRE_VARINT)
		return fixed_value(type, value, s);
	if (!read_varint(&value, &number))
		return false;
	return sample_set_int(s, type->zigzag ? (int64_t)(number >> 1 ^ -(number & 1)) : (int64_t)number);
}

bool conv_protobuf(struct eval *e, const struct arg *args, struct sample *s)
{
	return protobuf(args, s->str, s);
}

/* A gRPC message: a byte that says whether it is compressed, a length, the message. */
bool conv_ungrpc(struct eval *e, const struct arg *args, struct sample *s)
{
	uint32_t len = 0;

	if (s->str.len <= 5)
		return false;
	for (int i = 1; i < 5; i++)
		len = len << 8 | (unsigned char)s->str.ptr[i];
	return len <= s->str.len - 5 && protobuf(args, str_sub(s->str, 5, len), s);
}

/* --- FIX: fields TAG=VALUE, each ended by a byte 1 */

enum { FIX_END = 1, FIX_CHECKSUM_LEN = 7 /* 10=nnn and its end */ };

/* The next field; false at the end and at a malformed one. */
static bool fix_field(struct str *rest, uint64_t *tag, struct str *value)
{
	size_t end = str_chr(*rest, FIX_END), equals = str_chr(*rest, '=');

	if (end >= rest->len || equals >= end || !equals || !str_to_u64(str_sub(*rest, 0, equals), tag))
		return false;
	*value = str_sub(*rest, equals + 1, end - equals - 1);
	*rest = str_tail(*rest, end + 1);
	return true;
}

static bool fix_version_known(struct str version)
{
	static const char *const known[] = {"FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIXT.1.1"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_is(version, known[i]))
			return true;
	return false;
}

/* Sum of all bytes in front of the field of the sum. */
static bool fix_sum_is(struct str data, struct str value)
{
	unsigned sum = 0;
	uint64_t said;

	for (size_t i = 0; i < data.len; i++)
		sum += (unsigned char)data.ptr[i];
	return str_to_u64(value, &said) && said == (sum & 255);
}

/* BeginString, BodyLength, MsgType, ..., CheckSum. *more: it has not wholly come. */
static bool fix_is_valid(struct str data, bool *more)
{
	struct str rest = data, value, body;
	uint64_t tag, length;

	if (!fix_field(&rest, &tag, &value) || tag != 8 || !fix_version_known(value))
		return false;
	if (!fix_field(&rest, &tag, &value) || tag != 9 || !str_to_u64(value, &length))
		return false;
	body = rest;
	*more = length > rest.len || !memchr(rest.ptr + length, FIX_END, rest.len - (size_t)length);
	if (*more || !fix_field(&rest, &tag, &value) || tag != 35)
		return false;
	while (fix_field(&rest, &tag, &value))
		if (tag == 10)
			return str_tail(body, (size_t)length).len - rest.len == FIX_CHECKSUM_LEN &&
			       fix_sum_is(str_sub(data, 0, data.len - rest.len - FIX_CHECKSUM_LEN), value);
	return false;
}

bool conv_fix_is_valid(struct eval *e, const struct arg *args, struct sample *s)
{
	bool more = false, valid = fix_is_valid(s->str, &more);

	return !more && sample_set_bool(s, valid);
}

static uint64_t fix_tag_of(struct str name)
{
	static const struct {
		const char *name;
		uint8_t tag;
	} names[] = {{"BeginString", 8}, {"BodyLength", 9},    {"CheckSum", 10},
		     {"MsgType", 35},    {"SenderCompID", 49}, {"TargetCompID", 56}};
	uint64_t tag = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_is(name, names[i].name))
			return names[i].tag;
	str_to_u64(name, &tag);
	return tag;
}

bool conv_fix_tag_value(struct eval *e, const struct arg *args, struct sample *s)
{
	uint64_t wanted = fix_tag_of(args[0].str), tag;
	struct str rest = s->str, value;

	while (fix_field(&rest, &tag, &value)) {
		if (tag != wanted)
			continue;
		s->str = value;
		return true;
	}
	return false;
}
