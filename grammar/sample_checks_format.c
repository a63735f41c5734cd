/* Arguments of fetches and converters that read formats of others: JSON, secrets, certificates' names,
 * FIX, MQTT, protocol buffers, and the blocks of a message in HAProxy's own form (manual, sections 7.1
 * and 7.3). Names and ranges that neither types nor the choices of sample_checks.c tell. Constant tables; one
 * thread. */
#include "grammar/sample_checks.h"

static struct arena *scratch(const struct sample_call *call)
{
	return call->reader->c->arena;
}

static struct str text_of(const struct sample_call *call, uint32_t i)
{
	return i < call->nargs && call->args[i].type != ARG_NONE ? call->args[i].str : STR("");
}

static bool one_of(struct str text, const char *const *names)
{
	for (; *names; names++)
		if (str_is(text, *names))
			return true;
	return false;
}

bool sample_check_output_int(struct sample_call *call)
{
	uint32_t last = call->nargs - 1;

	if (call->id == CONV_JSON_QUERY && !text_of(call, 0).len) {
		sample_arg_error(call, 0, STR("json_path must not be empty"),
				 STR("`json_query` needs the path of a value"));
		return false;
	}
	if (!text_of(call, last).len || str_is(text_of(call, last), "int"))
		return true;
	sample_arg_error(call, last, STR("output_type only supports \"int\" as argument"),
			 STR("the only type that can be asked for is `int`"));
	return false;
}

static bool is_base64(struct str text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = text.len;

	if (n % 4)
		return false;
	for (int pad = 0; pad < 2 && n && text.ptr[n - 1] == '='; pad++)
		n--;
	for (size_t i = 0; i < n; i++)
		if (!memchr(letters, text.ptr[i], 64))
			return false;
	return true;
}

bool sample_check_secret(struct sample_call *call, uint32_t i, const char *what)
{
	struct str text = text_of(call, i), why;

	if (is_base64(text) || var_find(call->reader->c, text, &why))
		return true;
	sample_arg_error(
		call, i,
		arena_printf(scratch(call),
			     "failed to parse %s : argument needs to be base64 encoded, and can either be a "
			     "string or a variable",
			     what),
		STR("a base64 text or the name of a variable is needed here"));
	return false;
}

bool sample_check_dn(struct sample_call *call)
{
	if (!text_of(call, 2).len || str_is(text_of(call, 2), "rfc2253"))
		return true;
	sample_arg_error(call, 2,
			 STR("only rfc2253 or a blank value are currently supported as the format argument."),
			 STR("the only format of names besides HAProxy's own is `rfc2253`"));
	return false;
}

bool sample_check_htx_block(struct sample_call *call)
{
	static const char *const names[] = {"head", "tail", "first", NULL};
	struct str text = text_of(call, 0);
	uint64_t n;

	if (one_of(text, names) || str_to_u64(text, &n))
		return true;
	sample_arg_error(
		call, 0,
		text.len
			? STR("invalid block position")
			: STR("a block position is expected (> 0) or a special block name (head, tail, first)"),
		STR("a block is named by its number, or `head`, `tail` or `first`"));
	return false;
}

bool sample_check_fix(struct sample_call *call)
{
	static const char *const names[] = {"BeginString",  "BodyLength", "MsgType", "SenderCompID",
					    "TargetCompID", "CheckSum",   NULL};
	struct str text = text_of(call, 0);
	uint64_t tag;

	for (const char *const *name = names; *name; name++)
		if (str_ieq(text, str_from(*name)))
			return true;
	if (str_to_u64(text, &tag) && tag)
		return true;
	sample_arg_error(
		call, 0, arena_printf(scratch(call), "Unknown FIX tag name '%.*s'", STR_ARG(text)),
		STR("a tag is a positive number, or one of BeginString, BodyLength, MsgType, SenderCompID, "
		    "TargetCompID and CheckSum"));
	return false;
}

bool sample_check_protobuf(struct sample_call *call)
{
	static const char *const types[] = {"int32",  "int64",   "uint32",   "uint64",  "sint32",
					    "sint64", "bool",    "enum",     "fixed64", "sfixed64",
					    "double", "fixed32", "sfixed32", "float",   NULL};
	struct str path = text_of(call, 0), type = text_of(call, 1);

	for (size_t i = 0; i < path.len; i++) {
		if ((path.ptr[i] >= '0' && path.ptr[i] <= '9') || path.ptr[i] == '.')
			continue;
		sample_arg_error(
			call, 0,
			arena_printf(scratch(call),
				     "failed to parse '%.*s' as type 'Protocol buffers field number' at "
				     "position 1",
				     STR_ARG(path)),
			STR("fields are numbers joined by dots, as 1.3"));
		return false;
	}
	if (!type.len || one_of(type, types))
		return true;
	sample_arg_error(call, 1,
			 arena_printf(scratch(call), "Wrong protocol buffer type '%.*s'", STR_ARG(type)),
			 STR("this is no scalar type of protocol buffers, as int32 is"));
	return false;
}

/* Control packets of MQTT with the properties that they may carry (MQTT 5.0, sections 2.1.2 and 2.2.2.2) and
 * the names of their fields. */
#define P(id) (1ull << (id))
#define REASON (P(31) | P(38))
static const struct packet {
	const char *name;
	uint64_t properties;
	const char *const *fields;
} packets[] = {
	{"connect",
	 P(1) | P(2) | P(3) | P(8) | P(9) | P(17) | P(21) | P(22) | P(23) | P(24) | P(25) | P(33) | P(34) |
		 P(38) | P(39),
	 (const char *const[]){"flags", "protocol_name", "protocol_version", "client_identifier", "will_topic",
			       "will_payload", "username", "password", "keepalive", NULL}},
	{"connack",
	 REASON | P(17) | P(18) | P(19) | P(21) | P(22) | P(26) | P(28) | P(33) | P(34) | P(36) | P(37) |
		 P(39) | P(40) | P(41) | P(42),
	 (const char *const[]){"flags", "protocol_version", "reason_code", NULL}},
	{"publish", P(1) | P(2) | P(3) | P(8) | P(9) | P(11) | P(35) | P(38), NULL},
	{"puback", REASON, NULL},
	{"pubrec", REASON, NULL},
	{"pubrel", REASON, NULL},
	{"pubcomp", REASON, NULL},
	{"subscribe", P(11) | P(38), NULL},
	{"suback", REASON, NULL},
	{"unsubscribe", P(38), NULL},
	{"unsuback", REASON, NULL},
	{"pingreq", 0, NULL},
	{"pingresp", 0, NULL},
	{"disconnect", REASON | P(17) | P(28), NULL},
	{"auth", REASON | P(21) | P(22), NULL},
};

static const struct packet *packet_find(struct str text)
{
	uint64_t n;

	if (str_to_u64(text, &n))
		return n && n <= sizeof(packets) / sizeof(packets[0]) ? &packets[n - 1] : NULL;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
		if (str_ieq(text, str_from(packets[i].name)))
			return &packets[i];
	return NULL;
}

bool sample_check_mqtt(struct sample_call *call)
{
	struct str type = text_of(call, 0), field = text_of(call, 1);
	const struct packet *packet = packet_find(type);
	uint64_t id;

	if (!packet) {
		sample_arg_error(call, 0,
				 arena_printf(scratch(call), "Unknown MQTT type '%.*s'", STR_ARG(type)),
				 STR("this is no control packet of MQTT, as `connect` or 1 is"));
		return false;
	}
	if (str_to_u64(field, &id) && id < 64 && packet->properties >> id & 1)
		return true;
	for (const char *const *name = packet->fields; name && *name; name++)
		if (str_ieq(field, str_from(*name)))
			return true;
	sample_arg_error(
		call, 1,
		arena_printf(scratch(call), "Unknown MQTT field name '%.*s' for packet type '%.*s'",
			     STR_ARG(field), STR_ARG(type)),
		arena_printf(scratch(call), "a packet `%s` has no such field or property", packet->name));
	return false;
}

bool sample_check_sink(struct sample_call *call)
{
	static const char *const names[] = {"buf0", "stdout", "stderr", NULL};
	struct str text = text_of(call, 1);

	lang_not_effective(call->reader->c, &lang_state(call->reader->c)->conv_warned[call->id],
			   call->ast->span, "converter", "debug");
	if (!text.len || one_of(text, names) || map_get(&lang_state(call->reader->c)->sinks, text))
		return true;
	sample_arg_error(call, 1, arena_printf(scratch(call), "No such sink '%.*s'", STR_ARG(text)),
			 STR("the target is `buf0`, `stdout`, `stderr` or a `ring` section above"));
	return false;
}
