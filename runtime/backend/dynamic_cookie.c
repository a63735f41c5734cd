/* Dynamic cookies: XXH64 over the key, the address and the port in 32 bits of network byte order, as
 * HAProxy 2.6 makes them. Each server's stands in one atomic number, so that requests read it without a lock;
 * setting and key are guarded by the proxy's lb_lock. */
#include "runtime/backend/dynamic_cookie.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/eval/hash.h"
#include "runtime/net/address.h"

static uint64_t cookie_of(const struct server *s, struct str key)
{
	const union addr *addr = server_addr(s);
	uint32_t port = htonl(address_port(addr));
	size_t ip_len = addr->family == AF_INET ? 4 : 16;
	const void *ip =
		addr->family == AF_INET ? (const void *)&addr->in.sin_addr : (const void *)&addr->in6.sin6_addr;
	uint64_t hash;
	char *all;

	if (s->conf->cookie.len || (addr->family != AF_INET && addr->family != AF_INET6))
		return 0;
	all = malloc(key.len + ip_len + sizeof(port));
	if (!all)
		return 0;
	memcpy(all, key.ptr, key.len);
	memcpy(all + key.len, ip, ip_len);
	memcpy(all + key.len + ip_len, &port, sizeof(port));
	hash = hash_xxh64(str_make(all, key.len + ip_len + sizeof(port)), 0);
	free(all);
	return hash;
}

void dynamic_cookies_make(struct proxy *px)
{
	struct str key = px->dynamic_key ? str_from(px->dynamic_key) : px->conf->dynamic_cookie_key;

	for (uint32_t i = 0; i < px->nservers; i++)
		atomic_store(&px->servers[i]->dynamic_cookie,
			     px->dynamic_cookies && key.len ? cookie_of(px->servers[i], key) : 0);
}

bool dynamic_cookie_set_key(struct proxy *px, struct str key)
{
	char *copy = malloc(key.len + 1);

	if (!copy)
		return false;
	memcpy(copy, key.ptr, key.len);
	copy[key.len] = '\0';
	pthread_mutex_lock(&px->lb_lock);
	free(px->dynamic_key);
	px->dynamic_key = copy;
	dynamic_cookies_make(px);
	pthread_mutex_unlock(&px->lb_lock);
	return true;
}

void dynamic_cookies_enable(struct proxy *px, bool enabled)
{
	pthread_mutex_lock(&px->lb_lock);
	px->dynamic_cookies = enabled;
	dynamic_cookies_make(px);
	pthread_mutex_unlock(&px->lb_lock);
}

void dynamic_cookies_free(struct proxy *px)
{
	free(px->dynamic_key);
	px->dynamic_key = NULL;
}

struct str server_cookie(struct server *s, char text[SERVER_COOKIE_TEXT])
{
	uint64_t hash = atomic_load_explicit(&s->dynamic_cookie, memory_order_relaxed);

	if (s->conf->cookie.len || !hash)
		return s->conf->cookie;
	return str_make(text, (size_t)snprintf(text, SERVER_COOKIE_TEXT, "%016llx", (unsigned long long)hash));
}

/* Sixteen hexadecimal digits; 0 for anything else. */
static uint64_t hash_parse(struct str text)
{
	uint64_t hash = 0;

	if (text.len != SERVER_COOKIE_TEXT - 1)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (digit < 0)
			return 0;
		hash = hash << 4 | (unsigned)digit;
	}
	return hash;
}

struct server *server_by_cookie(struct proxy *px, struct str cookie, uint32_t *at)
{
	uint64_t hash = hash_parse(cookie);

	while (*at < px->nservers) {
		struct server *s = px->servers[(*at)++];

		if (s->conf->cookie.len
			    ? str_eq(s->conf->cookie, cookie)
			    : hash && atomic_load_explicit(&s->dynamic_cookie, memory_order_relaxed) == hash)
			return s;
	}
	return NULL;
}
