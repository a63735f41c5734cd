/* Authorization fields: scheme, token, name and password. Fetches and the statistics page ask the same
 * question, so that who is known to one is known to the other. No state, any thread. */
#include "runtime/eval/credentials.h"

#include "runtime/eval/base64.h"
#include "runtime/eval/field_value.h"

bool credentials_split(const struct http_hdr *field, struct str *scheme, struct str *rest)
{
	struct str value;
	uint32_t off = 0;
	size_t blank, token;

	if (!field || !field_value_next(str_make(field->value, field->value_len), &off, &value))
		return false;
	blank = token = str_chr(value, ' ');
	while (token < value.len && value.ptr[token] == ' ')
		token++;
	*scheme = str_sub(value, 0, blank);
	*rest = str_tail(value, token);
	return scheme->len && rest->len;
}

bool credentials_are(struct str scheme, struct str name)
{
	return scheme.len <= name.len && str_ieq(scheme, str_sub(name, 0, scheme.len));
}

bool credentials_basic(struct scratch *s, const struct http_hdr *field, struct str *user, struct str *password)
{
	struct str scheme, rest, plain;
	size_t len, colon;
	char *space;

	if (!credentials_split(field, &scheme, &rest) || !credentials_are(scheme, STR("Basic")))
		return false;
	space = scratch_alloc(s, rest.len);
	if (!space || !base64_decode(rest, space, rest.len, &len))
		return false;
	plain = str_make(space, len);
	plain = str_sub(plain, 0, str_chr(plain, '\0'));
	colon = str_chr(plain, ':');
	*user = str_sub(plain, 0, colon);
	*password = str_tail(plain, colon + 1);
	return colon < plain.len;
}
