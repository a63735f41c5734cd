/* Keys of session tickets (manual, bind option "tls-ticket-keys"; RFC 5077): a file with at least three keys in
 * base64, 48 bytes (AES-128) or 80 (AES-256) each. The last but one encrypts, all of them decrypt. The control
 * socket adds one, which moves the others on. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "runtime/tls/tls_inside.h"

enum { TICKET_FILE_LIMIT = 1 << 20, OLD_KEY = 48, NEW_KEY = 80 };

bool tls_ticket_key_parse(struct str base64, struct tls_ticket_key *key)
{
	unsigned char raw[96];
	int len;

	if (base64.len > 112 || base64.len < 4)
		return false;
	len = EVP_DecodeBlock(raw, (const unsigned char *)base64.ptr, (int)base64.len);
	ERR_clear_error();
	for (size_t i = base64.len; len > 0 && i > 0 && base64.ptr[i - 1] == '='; i--)
		len--;
	if (len != OLD_KEY && len != NEW_KEY)
		return false;
	memset(key, 0, sizeof(*key));
	key->size = len == OLD_KEY ? 16 : 32;
	memcpy(key->name, raw, 16);
	if (len == OLD_KEY) {
		memcpy(key->aes, raw + 16, 16);
		memcpy(key->hmac, raw + 32, 16);
	} else {
		memcpy(key->hmac, raw + 16, 32);
		memcpy(key->aes, raw + 48, 32);
	}
	return true;
}

static bool keys_parse(struct tls_tickets *t, struct str text, struct out *error)
{
	uint32_t n = 0, line = 0;
	uint8_t size = 0;

	while (text.len) {
		size_t end = str_chr(text, '\n');
		struct str word = str_trim(str_sub(text, 0, end));

		text = str_tail(text, end + 1);
		line++;
		if (word.len && word.ptr[word.len - 1] == '\r')
			word.len--;
		if (!tls_ticket_key_parse(word, &t->keys[n % TLS_TICKET_KEYS])) {
			out_printf(error, "'%s' : unable to decode base64 key on line %u", t->file, line);
			return false;
		}
		if (size && size != t->keys[n % TLS_TICKET_KEYS].size) {
			out_printf(error, "'%s' : wrong sized key on line %u", t->file, line);
			return false;
		}
		size = t->keys[n % TLS_TICKET_KEYS].size;
		n++;
	}
	if (n < TLS_TICKET_KEYS) {
		out_printf(error, "'%s' : please supply at least %d keys in the tls-tickets-file", t->file,
			   TLS_TICKET_KEYS);
		return false;
	}
	t->current = (n - 2) % TLS_TICKET_KEYS;
	return true;
}

void tls_tickets_free(struct tls_tickets **tp)
{
	struct tls_tickets *t = *tp;

	*tp = NULL;
	if (!t)
		return;
	list_remove(&t->node);
	pthread_rwlock_destroy(&t->lock);
	OPENSSL_cleanse(t->keys, sizeof(t->keys));
	free(t->file);
	free(t);
}

/* HAProxy numbers the last one first. */
static void tickets_add(struct tls_world *w, struct tls_tickets *t)
{
	for (struct list *n = w->tickets.next; n != &w->tickets; n = n->next)
		LIST_OF(n, struct tls_tickets, node)->id++;
	list_append(w->tickets.next, &t->node);
}

struct tls_tickets *tls_tickets_get(struct tls_world *w, struct str file, struct out *error)
{
	struct tls_bytes content;
	struct tls_tickets *t;
	bool ok;

	for (struct list *n = w->tickets.next; n != &w->tickets; n = n->next) {
		t = LIST_OF(n, struct tls_tickets, node);
		if (str_is(file, t->file))
			return t;
	}
	t = calloc(1, sizeof(*t));
	if (!t || !(t->file = strndup(file.ptr, file.len))) {
		free(t);
		return NULL;
	}
	pthread_rwlock_init(&t->lock, NULL);
	list_init(&t->node);
	ok = tls_file_read(t->file, TICKET_FILE_LIMIT, &content);
	if (!ok)
		out_printf(error, "'tls-ticket-keys' : unable to load ssl tickets keys file");
	ok = ok && keys_parse(t, str_make((char *)content.data, content.len), error);
	free(content.data);
	if (ok)
		tickets_add(w, t);
	else
		tls_tickets_free(&t);
	return t;
}

static int key_use(const struct tls_ticket_key *k, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
		   bool encrypt)
{
	const EVP_CIPHER *aes = k->size == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc();
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)k->hmac, k->size),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_CipherInit_ex(cipher, aes, NULL, k->aes, iv, encrypt) == 1 &&
	       EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* 1: fine, 2: fine, and the client gets a new ticket, 0: no key for this one, -1: broken. */
static int ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
		  int encrypt)
{
	struct tls_conn *tc = tls_conn_of(SSL_get_app_data(ssl));
	struct tls_tickets *t = tc->front ? tc->front->tickets : NULL;
	int result = encrypt ? -1 : 0;

	if (!t)
		return result;
	pthread_rwlock_rdlock(&t->lock);
	if (encrypt) {
		const struct tls_ticket_key *k = &t->keys[t->current];

		memcpy(name, k->name, sizeof(k->name));
		if (RAND_bytes(iv, 16) == 1 && key_use(k, iv, cipher, mac, true))
			result = 1;
	}
	for (uint32_t i = 0; !encrypt && i < TLS_TICKET_KEYS; i++) {
		if (CRYPTO_memcmp(name, t->keys[i].name, sizeof(t->keys[i].name)) != 0)
			continue;
		if (key_use(&t->keys[i], iv, cipher, mac, false))
			result = i == t->current ? 1 : 2;
		break;
	}
	pthread_rwlock_unlock(&t->lock);
	return result;
}

void tls_tickets_use(SSL_CTX *ctx, struct tls_tickets *t)
{
	if (t)
		SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket);
}
