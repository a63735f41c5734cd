/* User lists: names and passwords of HTTP basic authentication (manual, section 12.1 "userlist"). Passwords in
 * crypt(3) form cost what their method costs; there is no cache. Any thread. */
#include <crypt.h>

#include "runtime/eval/eval.h"

/* Compares in time that does not depend on where the difference is. */
static bool equal_constant_time(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned char difference = alen != blen;

	for (size_t i = 0; i < alen && i < blen; i++)
		difference |= (unsigned char)(a[i] ^ b[i]);
	return !difference;
}

static bool password_check(const struct user_conf *u, struct str password)
{
	struct crypt_data data;
	char clear[256], stored[384];
	const char *hash;
	bool same;

	if (u->insecure)
		return equal_constant_time(u->password.ptr, u->password.len, password.ptr, password.len);
	if (password.len >= sizeof(clear) || u->password.len >= sizeof(stored) ||
	    memchr(password.ptr, 0, password.len))
		return false;
	memcpy(clear, password.ptr, password.len);
	clear[password.len] = 0;
	memcpy(stored, u->password.ptr, u->password.len);
	stored[u->password.len] = 0;
	memset(&data, 0, sizeof(data));
	hash = crypt_r(clear, stored, &data);
	same = hash && equal_constant_time(hash, strlen(hash), stored, u->password.len);
	explicit_bzero(clear, sizeof(clear));
	explicit_bzero(&data, sizeof(data));
	return same;
}

static bool user_has_group(const struct user_conf *u, struct str group)
{
	for (uint32_t i = 0; i < u->groups.n; i++)
		if (str_eq(u->groups.v[i], group))
			return true;
	return false;
}

bool userlist_check(const struct userlist_conf *list, struct str user, struct str password, struct str group)
{
	for (uint32_t i = 0; list && i < list->users.n; i++) {
		const struct user_conf *u = &list->users.v[i];

		if (!str_eq(u->name, user))
			continue;
		return (!group.len || user_has_group(u, group)) && password_check(u, password);
	}
	return false;
}
