/* Chains that certificates come without (manual, global "issuers-chain-path"): a folder of files, each a chain
 * that begins with the issuer of whatever it completes. Read once, on the main thread, before any certificate;
 * afterwards nobody changes them. Owned by the world. */
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/tls/tls_inside.h"

enum { FILE_LIMIT = 1 << 20, FILE_NAME_MAX = 4096 };

struct tls_issuers {
	struct list node; /* world->issuers */
	STACK_OF(X509) * chain;
	char *file;
};

static void issuers_free(struct tls_issuers *i)
{
	list_remove(&i->node);
	sk_X509_pop_free(i->chain, X509_free);
	free(i->file);
	free(i);
}

static STACK_OF(X509) * chain_read(const struct tls_bytes *content)
{
	BIO *bio = BIO_new_mem_buf(content->data, (int)content->len);
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *x;

	while (bio && chain && (x = PEM_read_bio_X509(bio, NULL, tls_no_passphrase, NULL)))
		if (!sk_X509_push(chain, x))
			X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	if (chain && sk_X509_num(chain))
		return chain;
	sk_X509_free(chain);
	return NULL;
}

static void file_read(struct tls_world *w, const char *path)
{
	struct tls_issuers *i = calloc(1, sizeof(*i));
	struct tls_bytes content;

	if (!i || !tls_file_read(path, FILE_LIMIT, &content)) {
		free(i);
		return;
	}
	i->chain = chain_read(&content);
	i->file = strdup(path);
	free(content.data);
	list_init(&i->node);
	if (!i->chain)
		tls_say(w, "WARNING", "config : unable to load issuers-chain %s : pem certificate not found.",
			path);
	if (i->chain && i->file)
		list_append(&w->issuers, &i->node);
	else
		issuers_free(i);
}

static int is_no_dot_file(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

void tls_issuers_load(struct tls_world *w)
{
	struct str folder = w->model->global.tls.issuers_chain_path;
	char path[FILE_NAME_MAX];
	struct dirent **entries;
	struct stat st;
	int n;

	if (!folder.len)
		return;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(folder));
	n = scandir(path, &entries, is_no_dot_file, alphasort);
	if (n < 0) {
		if (stat(path, &st))
			tls_alert(
				w,
				"config : global statement 'issuers-chain-path' expects a directory path as an "
				"argument.");
		else
			tls_alert(w, "config : global statement 'issuers-chain-path': %s is not a directory.",
				  path);
		return;
	}
	for (int i = 0; i < n; i++) {
		char file[FILE_NAME_MAX];
		int len = snprintf(file, sizeof(file), "%.*s/%s", STR_ARG(folder), entries[i]->d_name);

		if (len < (int)sizeof(file))
			file_read(w, file);
		free(entries[i]);
	}
	free(entries);
}

void tls_issuers_free(struct tls_world *w)
{
	while (!list_empty(&w->issuers))
		issuers_free(LIST_OF(w->issuers.next, struct tls_issuers, node));
}

void tls_issuers_complete(const struct tls_world *w, struct tls_pair *p)
{
	p->chain_file = NULL;
	if (!p->cert || (p->chain && sk_X509_num(p->chain)))
		return;
	for (const struct list *n = w->issuers.next; n != &w->issuers; n = n->next) {
		const struct tls_issuers *i = LIST_OF(n, struct tls_issuers, node);

		if (X509_check_issued(sk_X509_value(i->chain, 0), p->cert) != X509_V_OK)
			continue;
		sk_X509_free(p->chain);
		p->chain = X509_chain_up_ref(i->chain);
		p->chain_file = p->chain ? i->file : NULL;
		return;
	}
}
