/* `new|set|commit|abort|del|show ssl cert` (management manual, section 9.3), with HAProxy's words. One
 * transaction at a time: `set` prepares, `commit` makes it so. The world's `cli` lock is held meanwhile, as
 * sessions live on any worker. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "runtime/cli/cmd_ssl.h"
#include "runtime/tls/cert_text.h"
#include "runtime/tls/tls_inside.h"
#include "runtime/tls/update.h"

struct tls_world *cli_tls_begin(struct cli_call *c)
{
	struct tls_world *w = c->generation->tls;

	pthread_mutex_lock(&w->cli);
	return w;
}

void cli_tls_end(struct tls_world *w)
{
	pthread_mutex_unlock(&w->cli);
}

/* --- showing */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void cli_tls_list(struct out *o, const char **names, uint32_t n)
{
	qsort(names, n, sizeof(*names), by_name);
	for (uint32_t i = 0; i < n; i++)
		out_printf(o, "%s\n", names[i]);
}

static void put_hex(struct out *o, const unsigned char *data, size_t len, const char *format)
{
	for (size_t i = 0; i < len; i++)
		out_printf(o, format, data[i]);
}

static void put_time(struct out *o, const char *what, const ASN1_TIME *t)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (bio && t && ASN1_TIME_print(bio, t)) {
		len = BIO_get_mem_data(bio, &text);
		out_printf(o, "%s: %.*s\n", what, (int)len, text);
	}
	BIO_free(bio);
}

static void put_name(struct out *o, const char *what, const X509_NAME *name)
{
	out_printf(o, "%s: ", what);
	cert_name_oneline(name, o);
	out_char(o, '\n');
}

static void put_algorithm(struct out *o, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	const char *kind = !key                        ? ""
			   : EVP_PKEY_is_a(key, "RSA") ? "RSA"
			   : EVP_PKEY_is_a(key, "EC")  ? "EC"
			   : EVP_PKEY_is_a(key, "DSA") ? "DSA"
						       : EVP_PKEY_get0_type_name(key);

	if (key)
		out_printf(o, "Algorithm: %s%d\n", kind, EVP_PKEY_get_bits(key));
}

/* Names of hosts; of the others only the commas, as HAProxy has it. */
static void put_alternatives(struct out *o, X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		if (i)
			out_puts(o, ", ");
		if (n->type != GEN_DNS)
			continue;
		out_puts(o, "DNS:");
		out_bytes(o, ASN1_STRING_get0_data(n->d.dNSName), (size_t)ASN1_STRING_length(n->d.dNSName));
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
}

void cli_tls_put_cert(struct out *o, X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	out_puts(o, "Serial: ");
	put_hex(o, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), "%02X");
	out_char(o, '\n');
	put_time(o, "notBefore", X509_get0_notBefore(x));
	put_time(o, "notAfter", X509_get0_notAfter(x));
	out_puts(o, "Subject Alternative Name: ");
	put_alternatives(o, x);
	out_char(o, '\n');
	put_algorithm(o, x);
	X509_digest(x, EVP_sha1(), digest, &len);
	out_puts(o, "SHA1 FingerPrint: ");
	put_hex(o, digest, len, "%02X");
	out_char(o, '\n');
	put_name(o, "Subject", X509_get_subject_name(x));
	put_name(o, "Issuer", X509_get_issuer_name(x));
}

static void put_pair(struct out *o, const struct tls_pair *p)
{
	char key[2 * TLS_OCSP_KEY_MAX + 1];

	if (p && p->cert)
		cli_tls_put_cert(o, p->cert);
	for (int i = 0; p && p->chain && i < sk_X509_num(p->chain); i++) {
		put_name(o, "Chain Subject", X509_get_subject_name(sk_X509_value(p->chain, i)));
		put_name(o, "Chain Issuer", X509_get_issuer_name(sk_X509_value(p->chain, i)));
	}
	out_printf(o, "OCSP Response Key: %s\n", p && p->ocsp_known && tls_ocsp_key(p, key) ? key : "");
}

static void show_one(struct cli_call *c, struct tls_world *w, struct str name)
{
	bool pending = str_starts(name, STR("*"));
	struct tls_cert *cert = tls_cert_find(w, pending ? str_tail(name, 1) : name);
	const struct tls_pair *p = cert ? cert->pair : NULL;

	if (pending && (!w->pending_cert || !str_is(str_tail(name, 1), w->pending_cert_name)))
		cert = NULL;
	if (!cert) {
		cli_say(c, CLI_ERR, "Can't display the certificate: Not found or the certificate is a bundle!");
		return;
	}
	if (pending)
		p = w->pending_cert;
	out_printf(c->out, "Filename: %.*s\nStatus: %s\n", STR_ARG(name),
		   !p || !p->cert                        ? "Empty"
		   : pending || list_empty(&cert->users) ? "Unused"
							 : "Used");
	if (p && p->chain_file)
		out_printf(c->out, "Chain Filename: %s\n", p->chain_file);
	put_pair(c->out, p);
}

static void show_all(struct cli_call *c, struct tls_world *w)
{
	uint32_t n = 0;
	const char **names;

	if (w->pending_cert)
		out_printf(c->out, "# transaction\n*%s\n", w->pending_cert_name);
	if (!list_empty(&w->certs))
		out_puts(c->out, "# filename\n");
	for (struct list *l = w->certs.next; l != &w->certs; l = l->next)
		n++;
	names = calloc(n + 1, sizeof(*names));
	n = 0;
	for (struct list *l = w->certs.next; names && l != &w->certs; l = l->next)
		names[n++] = LIST_OF(l, struct tls_cert, node)->name;
	if (names)
		cli_tls_list(c->out, names, n);
	free(names);
}

void cmd_show_ssl_cert(struct cli_call *c)
{
	struct tls_world *w = cli_tls_begin(c);

	if (c->words[3].len)
		show_one(c, w, c->words[3]);
	else
		show_all(c, w);
	cli_tls_end(w);
}

/* --- changing */

void cmd_new_ssl_cert(struct cli_call *c)
{
	struct tls_world *w;
	char name[4096];

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "'new ssl cert' expects a filename");
		return;
	}
	w = cli_tls_begin(c);
	snprintf(name, sizeof(name), "%.*s", STR_ARG(c->words[3]));
	if (tls_cert_find(w, c->words[3]))
		cli_say(c, CLI_ERR, "Certificate '%s' already exists!", name);
	else if (tls_cert_add(w, name))
		cli_say(c, CLI_NOTICE, "New empty certificate store '%s'!", name);
	cli_tls_end(w);
}

enum part { PART_PEM, PART_KEY, PART_OCSP, PART_ISSUER, PART_SCTL };

/* "name.key" and its kin name a part of `name`, unless there is a certificate of just that name. */
static struct tls_cert *find_part(struct tls_world *w, struct str name, enum part *part)
{
	static const char *const endings[] = {"", ".key", ".ocsp", ".issuer", ".sctl"};
	struct tls_cert *c = tls_cert_find(w, name);

	*part = PART_PEM;
	for (int i = PART_KEY; i <= PART_SCTL && !c; i++) {
		struct str end = str_from(endings[i]);

		if (!str_ends(name, end))
			continue;
		*part = (enum part)i;
		c = tls_cert_find(w, str_sub(name, 0, name.len - end.len));
	}
	return c;
}

/* A response that says nothing good takes the old one away. */
static bool set_ocsp(struct tls_pair *p, struct str text, struct out *error)
{
	struct out why = out_growing(1024);
	struct tls_bytes der;

	if (!tls_base64(text, &der)) {
		out_puts(error, "Error reading OCSP response in base64 format");
		out_free(&why);
		return false;
	}
	p->ocsp_known = true;
	if (tls_ocsp_check(p, &der, &why)) {
		tls_bytes_set(&p->ocsp, der.data, der.len);
	} else {
		free(p->ocsp.data);
		p->ocsp = (struct tls_bytes){0};
	}
	out_free(&why);
	free(der.data);
	return true;
}

static bool set_issuer(struct tls_pair *p, struct str text)
{
	BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
	X509 *x = bio ? PEM_read_bio_X509_AUX(bio, NULL, tls_no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (!x)
		return false;
	X509_free(p->issuer);
	p->issuer = x;
	return true;
}

static bool set_key(struct tls_pair *p, struct str text)
{
	EVP_PKEY *key = tls_key_read(text);

	if (!key)
		return false;
	EVP_PKEY_free(p->key);
	p->key = key;
	return true;
}

/* A response to another certificate says nothing about this one. */
static void response_keep(struct tls_pair *p, const char *before)
{
	char now[2 * TLS_OCSP_KEY_MAX + 1];

	if (p->ocsp_known && (!tls_ocsp_key(p, now) || strcmp(now, before) != 0)) {
		free(p->ocsp.data);
		p->ocsp = (struct tls_bytes){0};
		p->ocsp_known = false;
	}
}

/* A certificate replaces certificate, chain and, when it brings one, key. */
static bool set_pem(const struct tls_world *w, struct tls_pair *p, struct str text, const char *name,
		    struct out *error)
{
	struct tls_pair *fresh = tls_pair_parse(NULL, text, name, NULL, error);
	char before[2 * TLS_OCSP_KEY_MAX + 1] = "";

	if (!fresh)
		return false;
	tls_ocsp_key(p, before);
	X509_free(p->cert);
	sk_X509_pop_free(p->chain, X509_free);
	p->cert = fresh->cert;
	p->chain = fresh->chain;
	fresh->cert = NULL;
	fresh->chain = NULL;
	tls_issuers_complete(w, p);
	response_keep(p, before);
	if (fresh->key) {
		EVP_PKEY_free(p->key);
		p->key = fresh->key;
		fresh->key = NULL;
	}
	if (fresh->dh) {
		EVP_PKEY_free(p->dh);
		p->dh = fresh->dh;
		fresh->dh = NULL;
	}
	tls_pair_free(&fresh);
	return true;
}

static bool set_part(const struct tls_world *w, struct tls_pair *p, enum part part, struct str text,
		     const char *name, struct out *error)
{
	switch (part) {
	case PART_PEM:
		if (set_pem(w, p, text, name, error))
			return true;
		out_char(error, '\n');
		return false;
	case PART_KEY:
		if (set_key(p, text))
			return true;
		out_printf(error, "unable to load private key from file '%s'.\n", name);
		return false;
	case PART_OCSP:
		return set_ocsp(p, text, error);
	case PART_ISSUER:
		if (set_issuer(p, text))
			return true;
		out_printf(error, "'%s' cannot be read or parsed'.\n", name);
		return false;
	case PART_SCTL:
		if (!tls_sctl_check(text.ptr, text.len))
			return false;
		tls_bytes_set(&p->sctl, text.ptr, text.len);
		return p->sctl.len > 0;
	}
	return false;
}

/* While a transaction is under way, its certificate is the one that is meant. */
static void set_cert(struct cli_call *c, struct tls_world *w)
{
	struct out error = out_growing(4096), pem = out_growing(c->payload.len + 2);
	enum part part;
	struct tls_cert *cert = find_part(w, c->words[3], &part);
	struct tls_pair *p;
	bool fresh = !w->pending_cert;

	if (!fresh)
		cert = tls_cert_find(w, str_from(w->pending_cert_name));
	out_str(&pem, c->payload);
	out_char(&pem, '\n');
	if (!cert) {
		cli_say(c, CLI_ERR,
			"Can't replace a certificate which is not referenced by the configuration!\nCan't "
			"update %.*s!",
			STR_ARG(c->words[3]));
	} else {
		p = fresh ? cert->pair ? tls_pair_copy(cert->pair) : tls_pair_new()
			  : tls_pair_copy(w->pending_cert);
		if (!p || !set_part(w, p, part, out_get(&pem), cert->name, &error)) {
			cli_say(c, CLI_ERR, "%.*sCan't load the payload\nCan't update %.*s!",
				STR_ARG(out_get(&error)), STR_ARG(c->words[3]));
			tls_pair_free(&p);
		} else {
			tls_pair_free(&w->pending_cert);
			w->pending_cert = p;
			if (fresh)
				w->pending_cert_name = strdup(cert->name);
			cli_say(c, CLI_NOTICE, "Transaction %s for certificate %s!",
				fresh ? "created" : "updated", w->pending_cert_name);
		}
	}
	OPENSSL_cleanse(pem.buf, pem.len);
	out_free(&pem);
	out_free(&error);
}

void cmd_set_ssl_cert(struct cli_call *c)
{
	struct tls_world *w;

	if (!c->words[3].len || !c->has_payload) {
		cli_say(c, CLI_ERR, "'set ssl cert expects a filename and a certificate as a payload");
		return;
	}
	w = cli_tls_begin(c);
	set_cert(c, w);
	cli_tls_end(w);
}

static void cert_forget(struct tls_world *w)
{
	tls_pair_free(&w->pending_cert);
	free(w->pending_cert_name);
	w->pending_cert_name = NULL;
}

bool cli_tls_transaction_is(struct cli_call *c, const char *pending, const char *verb)
{
	if (pending && str_is(c->words[3], pending))
		return true;
	if (pending)
		cli_say(c, CLI_ERR,
			"The ongoing transaction is about '%s' but you are trying to %s '%.*s'%s%.*s%s",
			pending, verb ? "abort a transaction for" : "set", STR_ARG(c->words[3]),
			verb ? "" : "\nCan't commit ", STR_ARG(verb ? STR_NONE : c->words[3]), verb ? "" : "!");
	else if (verb)
		cli_say(c, CLI_ERR, "No ongoing transaction!");
	else
		cli_say(c, CLI_ERR, "No ongoing transaction! !\nCan't commit %.*s!", STR_ARG(c->words[3]));
	return false;
}

static void commit_cert(struct cli_call *c, struct tls_world *w)
{
	struct tls_cert *cert = tls_cert_find(w, c->words[3]);
	struct out report = out_growing(1 << 16);
	bool complete = cert && w->pending_cert->cert && w->pending_cert->key;

	if (!complete)
		out_puts(&report, "The transaction must contain at least a certificate and a private key!");
	if (!complete || !tls_pair_complete(w->pending_cert, cert->name, &report)) {
		cli_say(c, CLI_ERR, "%.*s\nCan't commit %.*s!", STR_ARG(out_get(&report)),
			STR_ARG(c->words[3]));
	} else if (tls_cert_commit(w, cert, &w->pending_cert, &report)) {
		cli_say(c, CLI_INFO, "Committing %.*s%.*s\nSuccess!", STR_ARG(c->words[3]),
			STR_ARG(out_get(&report)));
		cert_forget(w);
	} else {
		cli_say(c, CLI_ERR, "Committing %.*s\n%.*s\nFailed!", STR_ARG(c->words[3]),
			STR_ARG(out_get(&report)));
	}
	out_free(&report);
}

void cmd_commit_ssl_cert(struct cli_call *c)
{
	struct tls_world *w;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "'commit ssl cert expects a filename");
		return;
	}
	w = cli_tls_begin(c);
	if (cli_tls_transaction_is(c, w->pending_cert_name, NULL))
		commit_cert(c, w);
	cli_tls_end(w);
}

void cmd_abort_ssl_cert(struct cli_call *c)
{
	struct tls_world *w;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "'abort ssl cert' expects a filename");
		return;
	}
	w = cli_tls_begin(c);
	if (cli_tls_transaction_is(c, w->pending_cert_name, "abort")) {
		cert_forget(w);
		cli_say(c, CLI_NOTICE, "Transaction aborted for certificate '%.*s'!", STR_ARG(c->words[3]));
	}
	cli_tls_end(w);
}

void cmd_del_ssl_cert(struct cli_call *c)
{
	struct tls_cert *cert;
	struct tls_world *w;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "'del ssl cert' expects a certificate name");
		return;
	}
	w = cli_tls_begin(c);
	cert = tls_cert_find(w, c->words[3]);
	if (!cert) {
		cli_say(c, CLI_ERR, "Can't remove the certificate: certificate '%.*s' doesn't exist!\n",
			STR_ARG(c->words[3]));
	} else if (w->pending_cert && str_is(c->words[3], w->pending_cert_name)) {
		cli_say(c, CLI_ERR,
			"Can't remove the certificate: ongoing transaction for the certificate '%.*s'",
			STR_ARG(c->words[3]));
	} else if (!list_empty(&cert->users)) {
		cli_say(c, CLI_ERR,
			"Can't remove the certificate: certificate '%.*s' in use, can't be deleted!\n",
			STR_ARG(c->words[3]));
	} else {
		tls_cert_bury(w, cert);
		cli_say(c, CLI_NOTICE, "Certificate '%.*s' deleted!", STR_ARG(c->words[3]));
	}
	cli_tls_end(w);
}
