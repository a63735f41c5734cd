/* Messages of the peers protocol, both ways. What HAProxy 2.6.12 sends was recorded: tests/unit/stick has it.
 */
#include "runtime/stick/peers_codec.h"

enum { PAYLOAD_MAX = 8192, NUMBER_SHIFT_MAX = 60 };

void peers_put_number(struct out *o, uint64_t value)
{
	if (value < 0xf0) {
		out_char(o, (char)value);
		return;
	}
	out_char(o, (char)(value | 0xf0));
	value = (value - 0xf0) >> 4;
	while (value >= 0x80) {
		out_char(o, (char)(value | 0x80));
		value = (value - 0x80) >> 7;
	}
	out_char(o, (char)value);
}

bool peers_get_number(struct str *in, uint64_t *value)
{
	unsigned shift = 4;
	uint8_t byte;

	if (!in->len)
		return false;
	byte = (uint8_t)in->ptr[0];
	*value = byte;
	*in = str_tail(*in, 1);
	if (byte < 0xf0)
		return true;
	do {
		if (!in->len || shift > NUMBER_SHIFT_MAX)
			return false;
		byte = (uint8_t)in->ptr[0];
		*value += (uint64_t)byte << shift;
		*in = str_tail(*in, 1);
		shift += 7;
	} while (byte & 0x80);
	return true;
}

static void put_u32(struct out *o, uint32_t value)
{
	uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
			    (uint8_t)value};

	out_bytes(o, bytes, sizeof(bytes));
}

static bool get_u32(struct str *in, uint32_t *value)
{
	const uint8_t *p = (const uint8_t *)in->ptr;

	if (in->len < 4)
		return false;
	*value = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	*in = str_tail(*in, 4);
	return true;
}

static bool get_bytes(struct str *in, uint64_t len, struct str *bytes)
{
	if (len > in->len)
		return false;
	*bytes = str_sub(*in, 0, len);
	*in = str_tail(*in, len);
	return true;
}

/* --- writing */

void peers_put_control(struct out *o, enum peers_control type)
{
	out_char(o, PEERS_CONTROL);
	out_char(o, (char)type);
}

static void put_message(struct out *o, enum peers_update type, const struct out *payload)
{
	out_char(o, PEERS_UPDATES);
	out_char(o, (char)type);
	peers_put_number(o, payload->len);
	out_str(o, out_get(payload));
}

struct str peers_table_name(const struct table_conf *conf)
{
	return conf->proxy ? conf->name : str_tail(conf->name, str_chr(conf->name, '/'));
}

static bool kind_is_array(uint8_t kind)
{
	return kind == STICK_U32S || kind == STICK_RATES;
}

static bool kind_is_rate(uint8_t kind)
{
	return kind == STICK_RATE || kind == STICK_RATES;
}

void peers_put_definition(struct out *o, const struct stick_table *t, uint32_t id)
{
	const struct table_conf *conf = t->conf;
	struct str name = peers_table_name(conf);
	char room[PAYLOAD_MAX];
	struct out p = out_fixed(room, sizeof(room));

	peers_put_number(&p, id);
	peers_put_number(&p, name.len);
	out_str(&p, name);
	peers_put_number(&p, conf->key_type);
	peers_put_number(&p, conf->key_len + (conf->key_type == STICK_KEY_STRING)); /* with its NUL */
	peers_put_number(&p, conf->stores);
	peers_put_number(&p, conf->expire);
	for (int d = 0; d < STICK_DATA_COUNT; d++) {
		uint8_t kind = stick_data_row((enum stick_data)d)->kind;

		if (!table_stores(conf, (enum stick_data)d) || (!kind_is_array(kind) && !kind_is_rate(kind)))
			continue;
		peers_put_number(&p, (uint64_t)d);
		if (kind_is_array(kind))
			peers_put_number(&p, conf->length[d]);
		if (kind_is_rate(kind))
			peers_put_number(&p, conf->period[d]);
	}
	put_message(o, PEERS_DEFINITION, &p);
}

static void put_key(struct out *o, const struct stick_hold *h)
{
	struct str key = stick_key(h->table, h->entry);
	uint32_t number;

	switch (h->table->conf->key_type) {
	case STICK_KEY_STRING:
		peers_put_number(o, key.len);
		out_str(o, key);
		break;
	case STICK_KEY_INTEGER:
		memcpy(&number, key.ptr, sizeof(number));
		put_u32(o, number);
		break;
	default:
		out_str(o, key);
	}
}

/* Texts have numbers of 1 to 128, so that they need not be sent again; we do all the same. */
static void put_text(struct out *o, const struct stick_hold *h, uint32_t number)
{
	struct str text = stick_text_get(h->table->owner, number);
	char room[512];
	struct out p = out_fixed(room, sizeof(room));

	if (text.len && text.len < sizeof(room) - 16) {
		peers_put_number(&p, (number - 1) % PEERS_TEXTS + 1);
		peers_put_number(&p, text.len);
		out_str(&p, text);
	}
	peers_put_number(o, p.len);
	out_str(o, out_get(&p));
}

static void put_value(struct out *o, const struct stick_hold *h, enum stick_data data, uint32_t i, uint64_t now)
{
	const void *at = stick_at(h, data, i);
	const struct stick_rate *rate = at;

	switch (stick_data_row(data)->kind) {
	case STICK_U64:
		peers_put_number(o, *(const uint64_t *)at);
		break;
	case STICK_STRING:
		put_text(o, h, *(const uint32_t *)at);
		break;
	case STICK_RATE:
	case STICK_RATES:
		peers_put_number(o, stick_rate_age(rate, (uint32_t)now));
		peers_put_number(o, rate->current);
		peers_put_number(o, rate->previous);
		break;
	default:
		peers_put_number(o, *(const uint32_t *)at);
	}
}

void peers_put_entry(struct out *o, const struct stick_hold *h, uint32_t number, bool timed, uint64_t now)
{
	char room[PAYLOAD_MAX];
	struct out p = out_fixed(room, sizeof(room));

	put_u32(&p, number);
	if (timed)
		put_u32(&p, stick_left(h, now));
	put_key(&p, h);
	for (int d = 0; d < STICK_DATA_COUNT; d++)
		for (uint32_t i = 0; h->table->offsets[d] && i < h->table->conf->length[d]; i++)
			put_value(&p, h, (enum stick_data)d, i, now);
	if (!p.truncated)
		put_message(o, timed ? PEERS_ENTRY_TIMED : PEERS_ENTRY, &p);
}

void peers_put_ack(struct out *o, uint32_t table_id, uint32_t number)
{
	char room[16];
	struct out p = out_fixed(room, sizeof(room));

	peers_put_number(&p, table_id);
	put_u32(&p, number);
	put_message(o, PEERS_ACK, &p);
}

/* --- reading */

bool peers_get_definition(struct str in, struct peers_table *t, struct str *name)
{
	uint64_t id, len, type, key_len, expire, value;

	if (!peers_get_number(&in, &id) || !peers_get_number(&in, &len) || !get_bytes(&in, len, name) ||
	    !peers_get_number(&in, &type) || !peers_get_number(&in, &key_len) ||
	    !peers_get_number(&in, &t->data) || id > UINT32_MAX || type > UINT8_MAX || key_len > UINT32_MAX)
		return false;
	t->id = (uint32_t)id;
	t->key_type = (uint8_t)type;
	t->key_len = (uint32_t)key_len;
	for (int d = 0; d < STICK_DATA_COUNT; d++)
		t->length[d] = 1;
	if (!peers_get_number(&in, &expire))
		return true;
	while (in.len && peers_get_number(&in, &type) && type < STICK_DATA_COUNT) {
		uint8_t kind = stick_data_row((enum stick_data)type)->kind;

		if (kind_is_array(kind)) {
			if (!peers_get_number(&in, &value) || !value || value > 100)
				return false;
			t->length[type] = (uint32_t)value;
		}
		if (kind_is_rate(kind) && !peers_get_number(&in, &value))
			return false;
	}
	return true;
}

static bool get_key(struct str *in, const struct peers_table *t, uint32_t *number, struct str *key)
{
	uint64_t len = t->key_len;

	switch (t->key_type) {
	case STICK_KEY_STRING:
		if (!peers_get_number(in, &len) || !get_bytes(in, len, key))
			return false;
		key->len = key->len < t->table->conf->key_len ? key->len : t->table->conf->key_len;
		return true;
	case STICK_KEY_INTEGER:
		*key = str_make((const char *)number, sizeof(*number));
		return get_u32(in, number);
	default:
		return get_bytes(in, len, key);
	}
}

/* "length, number[, length, text]", or length 0 for none. *text: a number of ours. */
static bool get_text(struct str *in, struct peers_table *t, uint32_t *text)
{
	struct str all, bytes;
	uint64_t len, number;

	*text = 0;
	if (!peers_get_number(in, &len) || !get_bytes(in, len, &all))
		return false;
	if (!len)
		return true;
	if (!peers_get_number(&all, &number) || !number || number > PEERS_TEXTS)
		return false;
	if (all.len) {
		if (!peers_get_number(&all, &len) || !get_bytes(&all, len, &bytes))
			return false;
		t->texts[number - 1] = stick_text_put(t->table->owner, bytes);
	}
	*text = t->texts[number - 1];
	return true;
}

/* One value; what we do not store is read and forgotten, and so is how many are connected at the moment, except
 * by tables that only listen (recv-only). */
static bool get_value(struct str *in, struct peers_table *t, const struct stick_hold *h, enum stick_data data,
		      uint32_t i, uint64_t now)
{
	bool ours = data == STICK_CONN_CUR && !h->table->conf->recv_only;
	void *at = ours ? NULL : stick_at(h, data, i);
	uint64_t value, current, previous;
	uint32_t text;

	switch (stick_data_row(data)->kind) {
	case STICK_STRING:
		if (!get_text(in, t, &text))
			return false;
		if (at)
			*(uint32_t *)at = text;
		return true;
	case STICK_RATE:
	case STICK_RATES:
		if (!peers_get_number(in, &value) || !peers_get_number(in, &current) ||
		    !peers_get_number(in, &previous))
			return false;
		if (at)
			*(struct stick_rate *)at = (struct stick_rate){(uint32_t)now - (uint32_t)value,
								       (uint32_t)current, (uint32_t)previous};
		return true;
	default:
		if (!peers_get_number(in, &value))
			return false;
		if (at)
			stick_write(h, data, i, now, (int64_t)value);
		return true;
	}
}

static bool get_values(struct str in, struct peers_table *t, const struct stick_hold *h, uint64_t now)
{
	for (int d = 0; d < STICK_DATA_COUNT; d++)
		for (uint32_t i = 0; t->data >> d & 1 && i < t->length[d]; i++)
			if (!get_value(&in, t, h, (enum stick_data)d, i, now))
				return false;
	return true;
}

static size_t value_size(enum stick_data data)
{
	uint8_t kind = stick_data_row(data)->kind;

	return kind == STICK_U64    ? sizeof(uint64_t)
	       : kind_is_rate(kind) ? sizeof(struct stick_rate)
				    : sizeof(uint32_t);
}

/* What nobody reckons with (manual 3.4, section 11.1, "write-to"). */
static bool is_copied(enum stick_data data)
{
	return data == STICK_SERVER_ID || data == STICK_SERVER_KEY || data == STICK_GPT || data == STICK_GPT0;
}

static void copy_values(const struct stick_hold *from, const struct stick_hold *to)
{
	for (int d = 0; d < STICK_DATA_COUNT; d++)
		for (uint32_t i = 0; is_copied((enum stick_data)d) && i < from->table->conf->length[d]; i++) {
			const void *a = stick_at(from, (enum stick_data)d, i);
			void *b = stick_at(to, (enum stick_data)d, i);

			if (a && b)
				memcpy(b, a, value_size((enum stick_data)d));
		}
}

/* Also to the table that the configuration names (write-to). Leaves `h`, as only one entry may be held. */
static void write_on(struct stick_hold *h, struct str key, struct stick_table *to, uint64_t now)
{
	union {
		struct stick_entry entry;
		char room[PAYLOAD_MAX];
	} copy;
	bool fits =
		h->table->entry_size <= sizeof(copy) && to && to->conf->key_type == h->table->conf->key_type;
	struct stick_hold from = *h, other;

	if (fits)
		memcpy(&copy, h->entry, h->table->entry_size);
	stick_leave(h);
	from.entry = &copy.entry;
	if (!fits || !stick_open(&other, to, key, now))
		return;
	copy_values(&from, &other);
	stick_touch(&other, now);
	stick_leave(&other);
}

bool peers_get_entry(struct str in, enum peers_update type, struct peers_table *t, uint64_t now)
{
	bool timed = type == PEERS_ENTRY_TIMED || type == PEERS_ENTRY_NEXT_TIMED;
	bool next = type == PEERS_ENTRY_NEXT || type == PEERS_ENTRY_NEXT_TIMED;
	uint32_t left = 0, number;
	struct stick_hold h;
	struct str key;
	bool ok;

	if (next)
		t->last++;
	else if (!get_u32(&in, &t->last))
		return false;
	if (timed && !get_u32(&in, &left))
		return false;
	if (!t->table)
		return true;
	if (!get_key(&in, t, &number, &key))
		return false;
	if (!stick_open(&h, t->table, key, now))
		return true;
	ok = get_values(in, t, &h, now);
	stick_touch_learned(&h, now, left);
	if (ok && t->table->conf->write_to)
		write_on(&h, key, stick_table_of(t->table->owner, t->table->conf->write_to), now);
	else
		stick_leave(&h);
	return ok;
}

bool peers_get_ack(struct str in, uint32_t *table_id, uint32_t *number)
{
	uint64_t id;

	if (!peers_get_number(&in, &id) || id > UINT32_MAX)
		return false;
	*table_id = (uint32_t)id;
	return get_u32(&in, number);
}
