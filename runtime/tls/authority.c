/* Authorities and revocations (bind and server options ca-file, ca-verify-file, crl-file): a file or a folder
 * in, a store of the library out, loaded once and shared by all that name it. Main thread while loading; the
 * world's lock guards them against the control socket afterwards. */
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/tls/tls_inside.h"

enum { CA_LIMIT = 64 << 20, CA_FILES = 10000 };

struct tls_authority *tls_authority_new(const char *name)
{
	struct tls_authority *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	list_init(&a->node);
	a->name = strdup(name);
	a->store = X509_STORE_new();
	a->names = sk_X509_NAME_new_null();
	if (!a->name || !a->store || !a->names)
		tls_authority_free(&a);
	return a;
}

void tls_authority_free(struct tls_authority **ap)
{
	struct tls_authority *a = *ap;

	*ap = NULL;
	if (!a)
		return;
	list_remove(&a->node);
	X509_STORE_free(a->store);
	sk_X509_NAME_pop_free(a->names, X509_NAME_free);
	free(a->name);
	free(a);
}

static void cert_add(struct tls_authority *a, X509 *x)
{
	X509_NAME *name;

	if (!X509_STORE_add_cert(a->store, x)) {
		ERR_clear_error();
		return;
	}
	a->ncerts++;
	name = X509_NAME_dup(X509_get_subject_name(x));
	if (name && sk_X509_NAME_find(a->names, name) < 0 && sk_X509_NAME_push(a->names, name))
		return;
	X509_NAME_free(name);
}

bool tls_authority_parse(struct tls_authority *a, struct str pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	STACK_OF(X509_INFO) *found = bio ? PEM_X509_INFO_read_bio(bio, NULL, tls_no_passphrase, NULL) : NULL;
	bool any = found && sk_X509_INFO_num(found) > 0;

	for (int i = 0; found && i < sk_X509_INFO_num(found); i++) {
		X509_INFO *info = sk_X509_INFO_value(found, i);

		if (info->x509)
			cert_add(a, info->x509);
		if (info->crl && X509_STORE_add_crl(a->store, info->crl))
			a->ncrls++;
	}
	sk_X509_INFO_pop_free(found, X509_INFO_free);
	BIO_free(bio);
	ERR_clear_error();
	return any;
}

static bool file_load(struct tls_authority *a, const char *path)
{
	uint32_t before = a->ncerts + a->ncrls;
	struct tls_bytes content;
	bool ok;

	if (!tls_file_read(path, CA_LIMIT, &content))
		return false;
	ok = tls_authority_parse(a, str_make((char *)content.data, content.len)) &&
	     a->ncerts + a->ncrls > before;
	free(content.data);
	return ok;
}

static int is_pem(const struct dirent *d)
{
	struct str name = str_from(d->d_name);

	return str_ends(name, STR(".pem")) || str_ends(name, STR(".crt")) || str_ends(name, STR(".cer")) ||
	       str_ends(name, STR(".crl")) || (name.len > 2 && name.ptr[name.len - 2] == '.');
}

static bool folder_load(struct tls_authority *a, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_pem, alphasort);
	bool ok = false;

	for (int i = 0; i < n; i++) {
		char file[4096];

		if (i < CA_FILES &&
		    (size_t)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name) < sizeof(file))
			ok |= file_load(a, file);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return ok;
}

struct tls_authority *tls_authority_find(struct tls_world *w, struct str name)
{
	for (struct list *n = w->authorities.next; n != &w->authorities; n = n->next) {
		struct tls_authority *a = LIST_OF(n, struct tls_authority, node);

		if (str_is(name, a->name))
			return a;
	}
	return NULL;
}

static bool load(struct tls_authority *a)
{
	struct stat st;

	if (!strcmp(a->name, "@system-ca"))
		return file_load(a, X509_get_default_cert_file()) ||
		       folder_load(a, X509_get_default_cert_dir());
	return !stat(a->name, &st) && S_ISDIR(st.st_mode) ? folder_load(a, a->name) : file_load(a, a->name);
}

struct tls_authority *tls_authority_get(struct tls_world *w, struct str name, bool crl, struct out *error)
{
	struct tls_authority *a = tls_authority_find(w, name);
	char path[4096];

	if (a)
		return a;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(name));
	a = tls_authority_new(path);
	if (!a || !load(a)) {
		out_printf(error, "Couldn't open the ca-file '%s' (%s).", path,
			   path[0] != '@' && access(path, R_OK) ? strerror(errno)
								: "no certificate or crl found");
		tls_authority_free(&a);
		return NULL;
	}
	a->crl = crl;
	list_append(&w->authorities, &a->node);
	return a;
}
