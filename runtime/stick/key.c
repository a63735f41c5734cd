/* Keys of stick tables: from samples and words, to text. Addresses are kept in network byte order, integers in
 * 32 bits of this machine's, texts and blocks as they are. No state. */
#include "runtime/stick/key.h"

#include <arpa/inet.h>

#include "grammar/base/out.h"

static const uint8_t sample_types[] = {[STICK_KEY_INTEGER] = SMP_SINT,
				       [STICK_KEY_IPV4] = SMP_IPV4,
				       [STICK_KEY_IPV6] = SMP_IPV6,
				       [STICK_KEY_STRING] = SMP_STR,
				       [STICK_KEY_BINARY] = SMP_BIN};

static struct str room_key(struct stick_key_room *room, const void *bytes, size_t len)
{
	memcpy(room->bytes, bytes, len);
	return str_make((const char *)room->bytes, len);
}

/* Blocks have one length: what is missing is zero. */
static struct str block_pad(struct eval *e, struct str block, uint32_t len)
{
	char *copy;

	if (block.len >= len)
		return str_sub(block, 0, len);
	copy = scratch_alloc(e->scratch, len);
	if (!copy)
		return STR_NONE;
	memset(copy, 0, len);
	if (block.len)
		memcpy(copy, block.ptr, block.len);
	return str_make(copy, len);
}

/* Texts are read as an address of the table's family; the other one is not mapped. */
static bool key_cast(struct eval *e, const struct table_conf *t, struct sample *s)
{
	uint8_t wanted = sample_types[t->key_type];
	char text[INET6_ADDRSTRLEN + 1];

	if (s->type == wanted)
		return true;
	if (s->type != SMP_STR || (wanted != SMP_IPV4 && wanted != SMP_IPV6))
		return sample_cast(e, s, wanted);
	if (!s->str.len || s->str.len >= sizeof(text))
		return false;
	memcpy(text, s->str.ptr, s->str.len);
	text[s->str.len] = '\0';
	s->type = wanted;
	return inet_pton(wanted == SMP_IPV4 ? AF_INET : AF_INET6, text, s->ip) == 1;
}

bool stick_key_make(struct eval *e, const struct table_conf *t, struct sample *s, struct stick_key_room *room,
		    struct str *key)
{
	uint32_t number;

	if (!key_cast(e, t, s))
		return false;
	switch (t->key_type) {
	case STICK_KEY_INTEGER:
		number = (uint32_t)s->sint;
		*key = room_key(room, &number, sizeof(number));
		return true;
	case STICK_KEY_STRING:
		*key = str_sub(s->str.ptr ? s->str : STR(""), 0, t->key_len);
		key->len = strnlen(key->ptr, key->len);
		return true;
	case STICK_KEY_BINARY:
		*key = block_pad(e, s->str, t->key_len);
		return key->ptr != NULL;
	default:
		*key = room_key(room, s->ip, t->key_len);
		return true;
	}
}

/* "1.2.3" is 1.2.3.0, "x" is 0.0.0.0. */
static void parse_ipv4(struct str word, uint8_t ip[4])
{
	uint32_t value[4] = {0}, n = 0;

	memset(ip, 0, 4);
	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];

		if (c == '.' && n < 3)
			n++;
		else if (c >= '0' && c <= '9' && value[n] * 10 + (uint32_t)(c - '0') < 256)
			value[n] = value[n] * 10 + (uint32_t)(c - '0');
		else
			return;
	}
	for (n = 0; n < 4; n++)
		ip[n] = (uint8_t)value[n];
}

static bool parse_number(struct str word, uint32_t *number)
{
	uint64_t value = 0;
	size_t i = 0;

	for (; i < word.len && word.ptr[i] >= '0' && word.ptr[i] <= '9'; i++) {
		value = value * 10 + (uint64_t)(word.ptr[i] - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*number = (uint32_t)value;
	return i > 0;
}

bool stick_key_parse(const struct table_conf *t, struct str word, struct stick_key_room *room, struct str *key)
{
	char text[INET6_ADDRSTRLEN] = "";
	uint8_t ip[16];
	uint32_t number;

	switch (t->key_type) {
	case STICK_KEY_IPV4:
		parse_ipv4(word, ip);
		*key = room_key(room, ip, 4);
		return true;
	case STICK_KEY_IPV6:
		if (word.len >= sizeof(text))
			return false;
		memcpy(text, word.ptr, word.len);
		if (inet_pton(AF_INET6, text, ip) != 1)
			return false;
		*key = room_key(room, ip, 16);
		return true;
	case STICK_KEY_INTEGER:
		if (!parse_number(word, &number))
			return false;
		*key = room_key(room, &number, sizeof(number));
		return true;
	default:
		*key = str_sub(word, 0, t->key_len);
		return t->key_type == STICK_KEY_STRING;
	}
}

/* As HAProxy writes texts that others may have chosen. */
static void print_text(struct out *o, struct str text)
{
	static const char escapes[] = "n\nr\rt\te\033";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		const char *named = NULL;

		for (const char *p = escapes; *p; p += 2)
			if ((unsigned char)p[1] == c)
				named = p;
		if (named)
			out_printf(o, "\\%c", *named);
		else if (c < ' ' || c > '~')
			out_printf(o, "\\x%02X", c);
		else if (c == ' ' || c == '\\' || c == '=')
			out_printf(o, "\\%c", c);
		else
			out_char(o, (char)c);
	}
}

void stick_key_print(struct out *o, const struct table_conf *t, struct str key)
{
	char text[INET6_ADDRSTRLEN] = "";
	uint32_t number;

	switch (t->key_type) {
	case STICK_KEY_IPV4:
	case STICK_KEY_IPV6:
		inet_ntop(t->key_type == STICK_KEY_IPV4 ? AF_INET : AF_INET6, key.ptr, text, sizeof(text));
		out_puts(o, text);
		break;
	case STICK_KEY_INTEGER:
		memcpy(&number, key.ptr, sizeof(number));
		out_printf(o, "%u", number);
		break;
	case STICK_KEY_STRING:
		print_text(o, key);
		break;
	case STICK_KEY_BINARY:
		for (size_t i = 0; i < key.len; i++)
			out_printf(o, "%02X", (unsigned char)key.ptr[i]);
		break;
	}
}

void stick_key_sample(const struct table_conf *t, struct str key, struct sample *s)
{
	uint32_t number;

	s->type = sample_types[t->key_type];
	switch (t->key_type) {
	case STICK_KEY_IPV4:
	case STICK_KEY_IPV6:
		memcpy(s->ip, key.ptr, key.len);
		break;
	case STICK_KEY_INTEGER:
		memcpy(&number, key.ptr, sizeof(number));
		s->sint = number;
		break;
	default:
		s->str = key;
	}
}

const char *stick_key_type_name(enum stick_key_type type)
{
	static const char *const names[] = {[STICK_KEY_INTEGER] = "integer",
					    [STICK_KEY_IPV4] = "ip",
					    [STICK_KEY_IPV6] = "ipv6",
					    [STICK_KEY_STRING] = "string",
					    [STICK_KEY_BINARY] = "binary"};

	return names[type];
}
