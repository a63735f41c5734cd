/* Looking into hellos: every length is checked before anything behind it is read. */
#include "runtime/tls/client_hello.h"

enum {
	RECORD_HEAD = 5,
	MESSAGE_HEAD = 4,
	HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	RECORD_MAX = 16384 + 256
};
enum { EXT_SNI = 0, EXT_GROUPS = 10, EXT_SIGALGS = 13, EXT_ALPN = 16, EXT_TICKET = 35, EXT_KEYSHARE = 51 };

static unsigned byte_at(struct str s, size_t i)
{
	return (unsigned char)s.ptr[i];
}

static size_t number(struct str s, size_t at, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n = n << 8 | byte_at(s, at + i);
	return n;
}

/* A vector behind its length of `size` bytes; *rest becomes what follows. False: it is not all there. */
static bool vector(struct str *rest, size_t size, struct str *out)
{
	size_t len;

	if (rest->len < size)
		return false;
	len = number(*rest, 0, size);
	if (rest->len - size < len)
		return false;
	*out = str_sub(*rest, size, len);
	*rest = str_tail(*rest, size + len);
	return true;
}

/* RFC 6066 section 3: the first name of kind host_name. */
static struct str sni_of(struct str data)
{
	struct str list, name;

	if (!vector(&data, 2, &list))
		return STR_NONE;
	while (list.len > 1) {
		unsigned kind = byte_at(list, 0);

		list = str_tail(list, 1);
		if (!vector(&list, 2, &name))
			return STR_NONE;
		if (kind == 0)
			return name;
	}
	return STR_NONE;
}

static struct str list_of(struct str data)
{
	struct str list;

	return vector(&data, 2, &list) ? list : STR_NONE;
}

static void extension(struct client_hello *h, unsigned type, struct str data)
{
	switch (type) {
	case EXT_SNI:
		h->sni = sni_of(data);
		break;
	case EXT_GROUPS:
		h->groups = list_of(data);
		h->has_groups = true;
		break;
	case EXT_SIGALGS:
		h->sigalgs = list_of(data);
		break;
	case EXT_ALPN:
		h->alpn = list_of(data);
		break;
	case EXT_TICKET:
		h->ticket = data;
		h->has_ticket = true;
		break;
	case EXT_KEYSHARE:
		h->keyshares = list_of(data);
		break;
	default:
		break;
	}
}

/* Behind version and random. */
static bool body_parse(struct client_hello *h, struct str rest)
{
	struct str skipped, extensions, data;

	if (!vector(&rest, 1, &skipped) || !vector(&rest, 2, &h->ciphers) || !vector(&rest, 1, &skipped))
		return false;
	if (!rest.len)
		return true;
	if (!vector(&rest, 2, &extensions))
		return false;
	while (extensions.len >= 4) {
		unsigned type = (unsigned)number(extensions, 0, 2);

		extensions = str_tail(extensions, 2);
		if (!vector(&extensions, 2, &data))
			return false;
		extension(h, type, data);
	}
	return extensions.len == 0;
}

/* SSLv2: a length with its top bit set, message 1, a version. Only the version is of interest. */
static enum hello_state v2_parse(struct str data, struct client_hello *h)
{
	size_t len;

	if (data.len < 5)
		return HELLO_MORE;
	len = number(data, 0, 2) & 0x7fff;
	if (len < 9 || byte_at(data, 2) != CLIENT_HELLO || byte_at(data, 3) > 3)
		return HELLO_NONE;
	if (data.len - 2 < len)
		return HELLO_MORE;
	h->version = byte_at(data, 3) << 16 | byte_at(data, 4);
	return HELLO_DONE;
}

enum hello_state client_hello_parse(struct str data, struct client_hello *h)
{
	size_t record, message;

	memset(h, 0, sizeof(*h));
	if (!data.len)
		return HELLO_MORE;
	if (byte_at(data, 0) & 0x80)
		return v2_parse(data, h);
	if (byte_at(data, 0) != HANDSHAKE)
		return HELLO_NONE;
	if (data.len < RECORD_HEAD + MESSAGE_HEAD + 2)
		return data.len < 2 || byte_at(data, 1) == 3 ? HELLO_MORE : HELLO_NONE;
	record = number(data, 3, 2);
	message = number(data, RECORD_HEAD + 1, 3);
	if (byte_at(data, 1) != 3 || byte_at(data, RECORD_HEAD) != CLIENT_HELLO || record > RECORD_MAX ||
	    record < MESSAGE_HEAD + 2 || message < 34)
		return HELLO_NONE;
	h->version = byte_at(data, 9) << 16 | byte_at(data, 10);
	if (message + MESSAGE_HEAD > record) /* goes on in the next record: of this one only the version */
		return data.len < RECORD_HEAD + record ? HELLO_MORE : HELLO_DONE;
	if (data.len < RECORD_HEAD + MESSAGE_HEAD + message)
		return HELLO_MORE;
	return body_parse(h, str_sub(data, RECORD_HEAD + MESSAGE_HEAD + 34, message - 34)) ? HELLO_DONE
											   : HELLO_NONE;
}

unsigned hello_type(struct str data, bool *more)
{
	struct client_hello h;

	*more = false;
	if (!data.len || (byte_at(data, 0) == HANDSHAKE && data.len < RECORD_HEAD + 1)) {
		*more = true;
		return 0;
	}
	if (byte_at(data, 0) == HANDSHAKE && byte_at(data, 1) == 3 &&
	    byte_at(data, RECORD_HEAD) == SERVER_HELLO)
		return SERVER_HELLO;
	switch (client_hello_parse(data, &h)) {
	case HELLO_DONE:
		return CLIENT_HELLO;
	case HELLO_MORE:
		*more = true;
		return 0;
	case HELLO_NONE:
		break;
	}
	return 0;
}
