/* `show|set tls-keys`, `show|set ssl ocsp-response`, `show ssl providers` (management manual, section 9.3),
 * with HAProxy's words. */
#include <openssl/ocsp.h>
#include <openssl/provider.h>
#include <stdlib.h>

#include "runtime/cli/cmd_ssl.h"
#include "runtime/tls/ocsp_text.h"
#include "runtime/tls/tls_inside.h"

/* --- session tickets */

/* By file, or by "#id". */
static struct tls_tickets *tickets_find(struct tls_world *w, struct str name)
{
	uint64_t id = UINT64_MAX;

	if (str_is(name, "#"))
		id = 0;
	else if (name.len && name.ptr[0] == '#')
		str_to_u64(str_tail(name, 1), &id);
	for (struct list *n = w->tickets.next; n != &w->tickets; n = n->next) {
		struct tls_tickets *t = LIST_OF(n, struct tls_tickets, node);

		if (str_is(name, t->file) || t->id == id)
			return t;
	}
	return NULL;
}

static void put_key(struct out *o, uint32_t id, uint32_t n, const struct tls_ticket_key *k)
{
	unsigned char raw[80], text[112];
	size_t len = 16;

	memcpy(raw, k->name, 16);
	memcpy(raw + len, k->size == 16 ? k->aes : k->hmac, k->size);
	len += k->size;
	memcpy(raw + len, k->size == 16 ? k->hmac : k->aes, k->size);
	len += k->size;
	EVP_EncodeBlock(text, raw, (int)len);
	out_printf(o, "%u.%u %s\n", id, n, (const char *)text);
	OPENSSL_cleanse(raw, sizeof(raw));
}

static void put_keys(struct out *o, struct tls_tickets *t)
{
	out_printf(o, "# %u (%s)\n", t->id, t->file);
	pthread_rwlock_rdlock(&t->lock);
	for (uint32_t i = 0; i < TLS_TICKET_KEYS; i++)
		put_key(o, t->id, i, &t->keys[(t->current + 2 + i) % TLS_TICKET_KEYS]);
	pthread_rwlock_unlock(&t->lock);
}

void cmd_show_tls_keys(struct cli_call *c)
{
	struct tls_world *w = cli_tls_begin(c);
	bool all = str_is(c->words[2], "*");
	struct tls_tickets *one = c->words[2].len && !all ? tickets_find(w, c->words[2]) : NULL;

	if (c->words[2].len && !all && !one) {
		cli_say(c, CLI_ERR, "'show tls-keys' unable to locate referenced filename");
		cli_tls_end(w);
		return;
	}
	out_puts(c->out, c->words[2].len ? "# id secret\n" : "# id (file)\n");
	for (struct list *n = w->tickets.next; n != &w->tickets; n = n->next) {
		struct tls_tickets *t = LIST_OF(n, struct tls_tickets, node);

		if (!c->words[2].len)
			out_printf(c->out, "%u (%s)\n", t->id, t->file);
		else if (all || t == one)
			put_keys(c->out, t);
	}
	cli_tls_end(w);
}

/* The new key comes behind the others, the next one encrypts from now on. */
static void key_push(struct tls_tickets *t, const struct tls_ticket_key *key)
{
	pthread_rwlock_wrlock(&t->lock);
	t->keys[(t->current + 2) % TLS_TICKET_KEYS] = *key;
	t->current = (t->current + 1) % TLS_TICKET_KEYS;
	pthread_rwlock_unlock(&t->lock);
}

void cmd_set_ssl_tls_key(struct cli_call *c)
{
	struct tls_ticket_key key;
	struct tls_tickets *t;
	struct tls_world *w;

	if (!c->words[3].len || !c->words[4].len) {
		cli_say(c, CLI_ERR,
			"'set ssl tls-key' expects a filename and the new TLS key in base64 encoding.");
		return;
	}
	w = cli_tls_begin(c);
	t = tickets_find(w, c->words[3]);
	if (!t) {
		cli_say(c, CLI_ERR, "'set ssl tls-key' unable to locate referenced filename");
	} else if (!tls_ticket_key_parse(c->words[4], &key)) {
		cli_say(c, CLI_ERR, "'set ssl tls-key' received invalid base64 encoded TLS key.");
	} else if (key.size != t->keys[0].size) {
		cli_say(c, CLI_ERR, "'set ssl tls-key' received a key of wrong size.");
	} else {
		key_push(t, &key);
		cli_say(c, CLI_INFO, "TLS ticket key updated!");
	}
	OPENSSL_cleanse(&key, sizeof(key));
	cli_tls_end(w);
}

/* --- OCSP responses */

static bool has_response(const struct tls_cert *c, char key[2 * TLS_OCSP_KEY_MAX + 1])
{
	return c->pair && c->pair->ocsp_known && tls_ocsp_key(c->pair, key);
}

static void put_id(struct out *o, const struct tls_pair *p, const char *key)
{
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, p->cert, p->issuer);
	ASN1_OCTET_STRING *name = NULL, *key_hash = NULL;
	ASN1_INTEGER *serial = NULL;
	struct str parts[3];
	static const char *const titles[] = {
		"   Issuer Name Hash: ", "   Issuer Key Hash: ", "   Serial Number: "};

	if (!id || !OCSP_id_get0_info(&name, NULL, &key_hash, &serial, id)) {
		OCSP_CERTID_free(id);
		return;
	}
	parts[0] = str_make((const char *)ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name));
	parts[1] =
		str_make((const char *)ASN1_STRING_get0_data(key_hash), (size_t)ASN1_STRING_length(key_hash));
	parts[2] = str_make((const char *)ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
	out_printf(o, "Certificate ID key : %s\n Certificate ID:\n", key);
	for (int i = 0; i < 3; i++) {
		out_puts(o, titles[i]);
		for (size_t k = 0; k < parts[i].len; k++)
			out_printf(o, "%02X", (unsigned char)parts[i].ptr[k]);
		out_char(o, '\n');
	}
	OCSP_CERTID_free(id);
}

static void show_response(struct cli_call *c, struct tls_world *w)
{
	char key[2 * TLS_OCSP_KEY_MAX + 1];

	for (struct list *n = w->certs.next; n != &w->certs; n = n->next) {
		struct tls_cert *cert = LIST_OF(n, struct tls_cert, node);

		if (!has_response(cert, key) || !str_is(c->words[3], key))
			continue;
		ocsp_put_response(c->out, &cert->pair->ocsp);
		return;
	}
	cli_say(c, CLI_ERR, "Certificate ID does not match any certificate.");
}

void cmd_show_ssl_ocsp(struct cli_call *c)
{
	struct tls_world *w = cli_tls_begin(c);
	char key[2 * TLS_OCSP_KEY_MAX + 1];
	bool first = true;

	if (c->words[3].len)
		show_response(c, w);
	for (struct list *n = w->certs.next; n != &w->certs && !c->words[3].len; n = n->next) {
		struct tls_cert *cert = LIST_OF(n, struct tls_cert, node);

		if (!has_response(cert, key))
			continue;
		if (first)
			out_puts(c->out, "# Certificate IDs\n");
		first = false;
		put_id(c->out, cert->pair, key);
	}
	cli_tls_end(w);
}

/* Which certificate it is about stands in the response. */
static void set_response(struct cli_call *c, struct tls_world *w, const struct tls_bytes *der)
{
	struct out error = out_growing(1024);
	bool taken = false;

	for (struct list *n = w->certs.next; n != &w->certs && !taken; n = n->next) {
		struct tls_cert *cert = LIST_OF(n, struct tls_cert, node);

		if (!cert->pair || !cert->pair->issuer)
			continue;
		error.len = 0;
		if (!tls_ocsp_check(cert->pair, der, &error))
			continue;
		pthread_rwlock_wrlock(&w->lock);
		tls_bytes_set(&cert->pair->ocsp, der->data, der->len);
		cert->pair->ocsp_known = true;
		pthread_rwlock_unlock(&w->lock);
		taken = true;
	}
	if (taken)
		cli_say(c, CLI_INFO, "OCSP Response updated!");
	else
		cli_say(c, CLI_ERR, "%.*s",
			STR_ARG(error.len ? out_get(&error)
					  : STR("OCSP single response: Certificate ID does not match any "
						"certificate or issuer.")));
	out_free(&error);
}

void cmd_set_ssl_ocsp(struct cli_call *c)
{
	struct str text = c->payload.len ? c->payload : c->words[3];
	struct tls_bytes der = {0};
	struct tls_world *w;

	if (!text.len && !c->has_payload) {
		cli_say(c, CLI_ERR, "'set ssl ocsp-response' expects response in base64 encoding.");
		return;
	}
	if (text.len && !tls_base64(text, &der)) {
		cli_say(c, CLI_ERR, "'set ssl ocsp-response' received invalid base64 encoded response.");
		return;
	}
	w = cli_tls_begin(c);
	set_response(c, w, &der);
	cli_tls_end(w);
	free(der.data);
}

/* --- providers */

static int put_provider(OSSL_PROVIDER *p, void *out)
{
	out_printf(out, "\t- %s\n", OSSL_PROVIDER_get0_name(p));
	return 1;
}

void cmd_show_ssl_providers(struct cli_call *c)
{
	out_puts(c->out, "Loaded providers : \n");
	OSSL_PROVIDER_do_all(NULL, put_provider, c->out);
}
