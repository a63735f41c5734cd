/* Converters that read MQTT 3.1, 3.1.1 and 5.0: CONNECT and CONNACK (manual, section 7.3.1; OASIS mqtt-v3.1.1
 * and mqtt-v5.0). Results are slices of the input or in scratch memory. One thread. */
#include <stdio.h>

#include "runtime/eval/fetch.h"

/* All converters have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum { MQTT_CONNECT = 1, MQTT_CONNACK = 2, MQTT_TYPES = 15 };
enum connect_flags { FLAG_RESERVED = 1, FLAG_WILL = 4, FLAG_PASSWORD = 64, FLAG_USERNAME = 128 };

/* What one packet holds; texts are empty when absent (ptr NULL). Properties by number, as texts. */
struct mqtt {
	unsigned type;
	uint8_t flags, version, reason, ack_flags;
	uint16_t keepalive;
	struct str protocol, client_id, will_topic, will_payload, username, password;
	struct str properties, will_properties;
};

static bool read_byte(struct str *in, uint8_t *v)
{
	if (!in->len)
		return false;
	*v = (uint8_t)in->ptr[0];
	*in = str_tail(*in, 1);
	return true;
}

static bool read_u16(struct str *in, uint16_t *v)
{
	uint8_t high, low;

	if (in->len < 2)
		return false;
	read_byte(in, &high);
	read_byte(in, &low);
	*v = (uint16_t)(high << 8 | low);
	return true;
}

static bool read_bytes(struct str *in, size_t len, struct str *v)
{
	if (len > in->len)
		return false;
	*v = str_sub(*in, 0, len);
	*in = str_tail(*in, len);
	return true;
}

/* A text or bytes behind their length in two bytes. */
static bool read_text(struct str *in, struct str *v)
{
	uint16_t len;

	return read_u16(in, &len) && read_bytes(in, len, v);
}

static bool read_varint(struct str *in, uint32_t *v)
{
	uint8_t byte;

	*v = 0;
	for (int shift = 0; shift < 28; shift += 7) {
		if (!read_byte(in, &byte))
			return false;
		*v |= (uint32_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* How each property of version 5 is written; 0: there is none of that number here. */
static char property_form(unsigned id, unsigned type)
{
	switch (id) {
	case 17: /* session expiry interval */
	case 39: /* maximum packet size */
		return '4';
	case 33: /* receive maximum */
	case 34: /* topic alias maximum */
		return '2';
	case 21: /* authentication method */
	case 22: /* authentication data */
		return 's';
	case 38: /* user property */
		return 'p';
	case 23: /* request problem information */
	case 25: /* request response information */
		return type == MQTT_CONNECT ? '1' : 0;
	case 18: /* assigned client identifier */
	case 26: /* response information */
	case 28: /* server reference */
	case 31: /* reason string */
		return type == MQTT_CONNACK ? 's' : 0;
	case 19: /* server keep alive */
		return type == MQTT_CONNACK ? '2' : 0;
	case 36: /* maximum QoS */
	case 37: /* retain available */
	case 40: /* wildcard subscriptions */
	case 41: /* subscription identifiers */
	case 42: /* shared subscriptions */
		return type == MQTT_CONNACK ? '1' : 0;
	default:
		return 0;
	}
}

/* Those of the will (version 5, section 3.1.3.2). */
static char will_property_form(unsigned id, unsigned type)
{
	(void)type;
	return id == 1                         ? '1'
	       : id == 2 || id == 24           ? '4'
	       : id == 3 || id == 8 || id == 9 ? 's'
	       : id == 38                      ? 'p'
					       : 0;
}

typedef char form_fn(unsigned id, unsigned type);

/* The next property; value: its bytes (of a pair: the second text). */
static bool next_property(struct str *in, form_fn *form_of, unsigned type, uint32_t *id, char *form,
			  struct str *value)
{
	struct str name;

	if (!read_varint(in, id))
		return false;
	*form = form_of(*id, type);
	switch (*form) {
	case '1':
	case '2':
	case '4':
		return read_bytes(in, (size_t)(*form - '0'), value);
	case 's':
		return read_text(in, value);
	case 'p':
		return read_text(in, &name) && read_text(in, value);
	default:
		return false;
	}
}

static bool read_properties(struct str *in, form_fn *form_of, unsigned type, struct str *block)
{
	struct str rest, value;
	uint32_t len, id;
	char form;

	if (!read_varint(in, &len) || !read_bytes(in, len, block))
		return false;
	for (rest = *block; rest.len;)
		if (!next_property(&rest, form_of, type, &id, &form, &value))
			return false;
	return true;
}

static bool read_connect(struct str in, struct mqtt *m)
{
	if (!read_text(&in, &m->protocol) || !read_byte(&in, &m->version) || !read_byte(&in, &m->flags) ||
	    !read_u16(&in, &m->keepalive))
		return false;
	if (!(m->version == 3 && str_is(m->protocol, "MQIsdp")) &&
	    !((m->version == 4 || m->version == 5) && str_is(m->protocol, "MQTT")))
		return false;
	if (m->flags & FLAG_RESERVED || (m->flags >> 3 & 3) == 3 ||
	    (!(m->flags & FLAG_WILL) && m->flags & 0x38) ||
	    (m->version < 5 && m->flags & FLAG_PASSWORD && !(m->flags & FLAG_USERNAME)))
		return false;
	if (m->version == 5 && !read_properties(&in, property_form, MQTT_CONNECT, &m->properties))
		return false;
	if (!read_text(&in, &m->client_id))
		return false;
	if (m->flags & FLAG_WILL) {
		if (m->version == 5 && !read_properties(&in, will_property_form, 0, &m->will_properties))
			return false;
		if (!read_text(&in, &m->will_topic) || !read_text(&in, &m->will_payload))
			return false;
	}
	return (!(m->flags & FLAG_USERNAME) || read_text(&in, &m->username)) &&
	       (!(m->flags & FLAG_PASSWORD) || read_text(&in, &m->password)) && !in.len;
}

static bool read_connack(struct str in, struct mqtt *m)
{
	if (!read_byte(&in, &m->ack_flags) || !read_byte(&in, &m->reason) || m->ack_flags & 0xfe)
		return false;
	m->version = in.len ? 5 : 4;
	if (in.len)
		return read_properties(&in, property_form, MQTT_CONNACK, &m->properties) && !in.len;
	return true;
}

static bool read_packet(struct str in, struct mqtt *m)
{
	uint8_t head;
	uint32_t len;
	struct str body;

	*m = (struct mqtt){0};
	if (!read_byte(&in, &head) || head & 15 || !read_varint(&in, &len) || !read_bytes(&in, len, &body))
		return false;
	m->type = head >> 4;
	return m->type == MQTT_CONNECT   ? read_connect(body, m)
	       : m->type == MQTT_CONNACK ? read_connack(body, m)
					 : false;
}

/* Whether the head says that more is to come. */
static bool is_incomplete(struct str in)
{
	uint8_t head;
	uint32_t len;

	return read_byte(&in, &head) && in.len && read_varint(&in, &len) && len > in.len;
}

/* No answer about a packet that has not wholly come. */
bool conv_mqtt_is_valid(struct eval *e, const struct arg *args, struct sample *s)
{
	struct mqtt m;

	return !is_incomplete(s->str) && sample_set_bool(s, read_packet(s->str, &m));
}

static bool put_number(struct eval *e, struct sample *s, uint32_t v)
{
	return sample_set_str(s, scratch_printf(e->scratch, "%u", v));
}

static bool put_text(struct sample *s, struct str text)
{
	return text.ptr && sample_set_str(s, text);
}

static bool connect_field(struct eval *e, const struct mqtt *m, struct str name, struct sample *s)
{
	if (str_ieq(name, STR("flags")))
		return put_number(e, s, m->flags);
	if (str_ieq(name, STR("protocol_name")))
		return put_text(s, m->protocol);
	if (str_ieq(name, STR("protocol_version")))
		return put_number(e, s, m->version);
	if (str_ieq(name, STR("keepalive")))
		return put_number(e, s, m->keepalive);
	if (str_ieq(name, STR("client_identifier")))
		return put_text(s, m->client_id);
	if (str_ieq(name, STR("will_topic")))
		return put_text(s, m->will_topic);
	if (str_ieq(name, STR("will_payload")))
		return put_text(s, m->will_payload);
	if (str_ieq(name, STR("username")))
		return put_text(s, m->username);
	return str_ieq(name, STR("password")) && put_text(s, m->password);
}

static bool property_field(struct eval *e, const struct mqtt *m, uint64_t wanted, struct sample *s)
{
	struct str rest = m->properties, value;
	uint32_t id, number = 0;
	char form;

	while (rest.len && next_property(&rest, property_form, m->type, &id, &form, &value)) {
		if (id != wanted)
			continue;
		if (form == 's' || form == 'p')
			return sample_set_str(s, value);
		for (size_t i = 0; i < value.len; i++)
			number = number << 8 | (unsigned char)value.ptr[i];
		return put_number(e, s, number);
	}
	return false;
}

/* mqtt_field_value(type,field or property) */
bool conv_mqtt_field_value(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str type = args[0].str, name = args[1].str;
	unsigned wanted = str_ieq(type, STR("connect")) || str_is(type, "1")   ? MQTT_CONNECT
			  : str_ieq(type, STR("connack")) || str_is(type, "2") ? MQTT_CONNACK
									       : MQTT_TYPES;
	uint64_t property;
	struct mqtt m;

	if (!read_packet(s->str, &m) || m.type != wanted)
		return false;
	if (str_to_u64(name, &property))
		return property_field(e, &m, property, s);
	if (m.type == MQTT_CONNECT)
		return connect_field(e, &m, name, s);
	if (str_ieq(name, STR("flags")))
		return put_number(e, s, m.ack_flags);
	if (str_ieq(name, STR("protocol_version")))
		return put_number(e, s, m.version);
	return str_ieq(name, STR("reason_code")) && put_number(e, s, m.reason);
}
