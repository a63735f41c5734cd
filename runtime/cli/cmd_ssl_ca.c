/* `new|set|commit|abort|del|show ssl ca-file` and `... crl-file` (management manual, section 9.3), with
 * HAProxy's words. Both are authorities by name; one transaction at a time for each. */
#include <stdlib.h>

#include "runtime/cli/cmd_ssl.h"
#include "runtime/tls/cert_text.h"
#include "runtime/tls/tls_inside.h"
#include "runtime/tls/update.h"

/* What differs in words. */
struct kind {
	bool crl;
	const char *what, *file; /* "CA", "ca-file" */
};
static const struct kind ca_kind = {false, "CA", "ca-file"}, crl_kind = {true, "CRL", "crl-file"};

static struct tls_authority *find(struct tls_world *w, const struct kind *k, struct str name)
{
	struct tls_authority *a = tls_authority_find(w, name);

	return a && a->crl == k->crl ? a : NULL;
}

static struct tls_authority **pending_of(struct tls_world *w, const struct kind *k)
{
	return k->crl ? &w->pending_crl : &w->pending_ca;
}

/* --- showing */

static void put_crl(struct out *o, X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);
	const X509_ALGOR *algorithm;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (!bio)
		return;
	X509_CRL_get0_signature(crl, NULL, &algorithm);
	BIO_printf(bio, "Version %ld\nSignature Algorithm: ", X509_CRL_get_version(crl) + 1);
	i2a_ASN1_OBJECT(bio, algorithm->algorithm);
	BIO_puts(bio, "\nIssuer: ");
	len = BIO_get_mem_data(bio, &text);
	out_bytes(o, text, (size_t)len);
	cert_name_oneline(X509_CRL_get_issuer(crl), o);
	(void)BIO_reset(bio);
	BIO_puts(bio, "\nLast Update: ");
	ASN1_TIME_print(bio, X509_CRL_get0_lastUpdate(crl));
	BIO_puts(bio, "\nNext Update: ");
	if (X509_CRL_get0_nextUpdate(crl))
		ASN1_TIME_print(bio, X509_CRL_get0_nextUpdate(crl));
	BIO_puts(bio, sk_X509_REVOKED_num(revoked) > 0 ? "\nRevoked Certificates:\n"
						       : "\nNo Revoked Certificates.\n");
	for (int i = 0; i < sk_X509_REVOKED_num(revoked); i++) {
		X509_REVOKED *r = sk_X509_REVOKED_value(revoked, i);

		BIO_puts(bio, "    Serial Number: ");
		i2a_ASN1_INTEGER(bio, X509_REVOKED_get0_serialNumber(r));
		BIO_puts(bio, "\n        Revocation Date: ");
		ASN1_TIME_print(bio, X509_REVOKED_get0_revocationDate(r));
		BIO_puts(bio, "\n");
	}
	len = BIO_get_mem_data(bio, &text);
	out_bytes(o, text, (size_t)len);
	BIO_free(bio);
}

/* All of them, or the index-th from 1. */
static void put_contents(struct out *o, const struct kind *k, const struct tls_authority *a, uint32_t index)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(a->store);
	uint32_t n = 0;

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);
		X509 *x = X509_OBJECT_get0_X509(object);
		X509_CRL *crl = X509_OBJECT_get0_X509_CRL(object);

		if (k->crl ? !crl : !x)
			continue;
		if (index && index != ++n)
			continue;
		if (!index)
			n++;
		out_printf(o, " \nCertificate%s #%u:\n", k->crl ? " Revocation List" : "", n);
		if (k->crl)
			put_crl(o, crl);
		else
			cli_tls_put_cert(o, x);
	}
}

/* "name:index" */
static bool index_read(struct str *name, uint32_t *index)
{
	uint64_t n = 0;
	size_t colon = name->len;

	while (colon && name->ptr[colon - 1] != ':' && name->ptr[colon - 1] != '/')
		colon--;
	*index = 0;
	if (!colon || name->ptr[colon - 1] != ':')
		return true;
	if (!str_to_u64(str_tail(*name, colon), &n) || !n)
		return false;
	name->len = colon - 1;
	*index = n > INT32_MAX ? INT32_MAX : (uint32_t)n;
	return true;
}

static void show_one(struct cli_call *c, struct tls_world *w, const struct kind *k)
{
	struct str name = c->words[3], shown = name;
	bool pending = str_starts(name, STR("*"));
	struct tls_authority *a, *p = *pending_of(w, k);
	uint32_t index;

	if (!index_read(&shown, &index)) {
		cli_say_open(c, CLI_ERR, "");
		out_printf(c->out, "wrong %s index after colons in '%.*s'!", k->what, STR_ARG(name));
		return;
	}
	name = str_tail(shown, pending);
	a = pending ? (p && str_is(name, p->name) ? p : NULL) : find(w, k, name);
	if (!a) {
		cli_say(c, CLI_ERR, "Can't display the %s file : Not found!", k->what);
		return;
	}
	if (!pending && !a->ncerts && !a->ncrls) {
		if (k->crl)
			out_printf(c->out, "Filename: %.*s\nStatus: Empty\n", STR_ARG(shown));
		return;
	}
	if (!k->crl && index > a->ncerts)
		return;
	out_printf(c->out, "Filename: %.*s\nStatus: %s\n", STR_ARG(shown),
		   !pending && tls_authority_is_used(w, name) ? "Used" : "Unused");
	put_contents(c->out, k, a, index);
}

static void put_line(struct out *o, const struct kind *k, const char *star, const struct tls_authority *a)
{
	if (k->crl)
		out_printf(o, "%s%s\n", star, a->name);
	else
		out_printf(o, "%s%s - %u certificate(s)\n", star, a->name, a->ncerts + a->ncrls);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct tls_authority *const *)a)->name,
		      (*(const struct tls_authority *const *)b)->name);
}

static void show_all(struct cli_call *c, struct tls_world *w, const struct kind *k)
{
	struct out none = out_growing(1024);
	struct tls_authority **all;
	uint32_t n = 0;

	if (!k->crl)
		tls_authority_get(w, STR("@system-ca"), false, &none);
	out_free(&none);
	if (*pending_of(w, k)) {
		out_puts(c->out, "# transaction\n");
		put_line(c->out, k, "*", *pending_of(w, k));
	}
	out_puts(c->out, "# filename\n");
	for (struct list *l = w->authorities.next; l != &w->authorities; l = l->next)
		n++;
	all = calloc(n + 1, sizeof(*all));
	n = 0;
	for (struct list *l = w->authorities.next; all && l != &w->authorities; l = l->next)
		if (LIST_OF(l, struct tls_authority, node)->crl == k->crl)
			all[n++] = LIST_OF(l, struct tls_authority, node);
	if (all)
		qsort(all, n, sizeof(*all), by_name);
	for (uint32_t i = 0; all && i < n; i++)
		put_line(c->out, k, "", all[i]);
	free(all);
}

static void show(struct cli_call *c, const struct kind *k)
{
	struct tls_world *w = cli_tls_begin(c);

	if (c->words[3].len)
		show_one(c, w, k);
	else
		show_all(c, w, k);
	cli_tls_end(w);
}

/* --- changing */

static void make(struct cli_call *c, const struct kind *k)
{
	struct tls_authority *a;
	struct tls_world *w;
	char name[4096];

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "'new ssl %s' expects a filename", k->file);
		return;
	}
	w = cli_tls_begin(c);
	snprintf(name, sizeof(name), "%.*s", STR_ARG(c->words[3]));
	if (tls_authority_find(w, c->words[3])) {
		cli_say(c, CLI_ERR, "%s file '%s' already exists!", k->what, name);
	} else if ((a = tls_authority_new(name))) {
		a->crl = k->crl;
		list_append(&w->authorities, &a->node);
		cli_say(c, CLI_NOTICE, "New %s file created '%s'!", k->what, name);
	}
	cli_tls_end(w);
}

static void set_contents(struct cli_call *c, struct tls_world *w, const struct kind *k)
{
	struct tls_authority **pending = pending_of(w, k), *a = find(w, k, c->words[3]), *fresh;
	struct out pem = out_growing(c->payload.len + 2);
	bool created = !*pending;

	if (*pending && !str_is(c->words[3], (*pending)->name)) {
		cli_say(c, CLI_ERR,
			"The ongoing transaction is about '%s' but you are trying to set '%.*s'\nCan't update "
			"%.*s!",
			(*pending)->name, STR_ARG(c->words[3]), STR_ARG(c->words[3]));
		return;
	}
	if (!a) {
		cli_say(c, CLI_ERR,
			"Can't replace a %s file which is not referenced by the configuration!\nCan't update "
			"%.*s!",
			k->what, STR_ARG(c->words[3]));
		return;
	}
	fresh = tls_authority_new(a->name);
	out_str(&pem, c->payload);
	out_char(&pem, '\n');
	if (!fresh || !tls_authority_parse(fresh, out_get(&pem))) {
		cli_say(c, CLI_ERR, "Invalid payload\nCan't update %.*s!", STR_ARG(c->words[3]));
		tls_authority_free(&fresh);
	} else {
		fresh->crl = k->crl;
		tls_authority_free(pending);
		*pending = fresh;
		cli_say(c, CLI_NOTICE, "transaction %s for %s %s!", created ? "created" : "updated", k->what,
			a->name);
	}
	out_free(&pem);
}

static void set(struct cli_call *c, const struct kind *k)
{
	struct tls_world *w;

	if (!c->words[3].len || !c->has_payload) {
		cli_say(c, CLI_ERR, "'set ssl %s expects a filename and %ss as a payload", k->file, k->what);
		return;
	}
	w = cli_tls_begin(c);
	set_contents(c, w, k);
	cli_tls_end(w);
}

static void commit(struct cli_call *c, const struct kind *k)
{
	struct out report = out_growing(1 << 16);
	struct tls_authority **pending, *a;
	struct tls_world *w;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "'commit ssl ca-file expects a filename");
		return;
	}
	w = cli_tls_begin(c);
	pending = pending_of(w, k);
	if (cli_tls_transaction_is(c, *pending ? (*pending)->name : NULL, NULL)) {
		a = find(w, k, c->words[3]);
		if (a && tls_authority_commit(w, a, *pending, &report)) {
			cli_say(c, CLI_INFO, "Committing %.*s%.*s\nSuccess!", STR_ARG(c->words[3]),
				STR_ARG(out_get(&report)));
			tls_authority_free(pending);
		} else {
			cli_say(c, CLI_ERR, "Committing %.*s\n%.*s\nFailed!", STR_ARG(c->words[3]),
				STR_ARG(out_get(&report)));
		}
	}
	cli_tls_end(w);
	out_free(&report);
}

static void cancel(struct cli_call *c, const struct kind *k)
{
	struct tls_authority **pending;
	struct tls_world *w;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "'abort ssl %s' expects a filename", k->file);
		return;
	}
	w = cli_tls_begin(c);
	pending = pending_of(w, k);
	if (cli_tls_transaction_is(c, *pending ? (*pending)->name : NULL, "abort")) {
		tls_authority_free(pending);
		cli_say(c, CLI_NOTICE, "Transaction aborted for certificate '%.*s'!", STR_ARG(c->words[3]));
	}
	cli_tls_end(w);
}

static bool has_transaction(const struct tls_world *w, struct str name)
{
	return (w->pending_ca && str_is(name, w->pending_ca->name)) ||
	       (w->pending_crl && str_is(name, w->pending_crl->name));
}

static void delete (struct cli_call *c, const struct kind *k)
{
	struct tls_authority *a;
	struct tls_world *w;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "'del ssl %s' expects a %s file name", k->file, k->what);
		return;
	}
	w = cli_tls_begin(c);
	a = tls_authority_find(w, c->words[3]);
	if (a && k->crl && !a->crl) {
		cli_say(c, CLI_ERR,
			"Can't remove the CRL file: 'del ssl crl-file' does not work on CA files!\n");
	} else if (a && has_transaction(w, c->words[3])) {
		cli_say(c, CLI_ERR, "Can't remove the %s file: ongoing transaction for the %s file '%.*s'",
			k->what, k->what, STR_ARG(c->words[3]));
	} else if (!a) {
		cli_say(c, CLI_ERR, "Can't remove the %s file: %s file '%.*s' doesn't exist!\n", k->what,
			k->what, STR_ARG(c->words[3]));
	} else if (tls_authority_is_used(w, c->words[3])) {
		cli_say(c, CLI_ERR, "Can't remove the %s file: %s file '%.*s' in use, can't be deleted!\n",
			k->what, k->what, STR_ARG(c->words[3]));
	} else {
		tls_authority_free(&a);
		cli_say(c, CLI_NOTICE, "%s file '%.*s' deleted!", k->what, STR_ARG(c->words[3]));
	}
	cli_tls_end(w);
}

void cmd_new_ssl_ca(struct cli_call *c)
{
	make(c, &ca_kind);
}

void cmd_set_ssl_ca(struct cli_call *c)
{
	set(c, &ca_kind);
}

void cmd_commit_ssl_ca(struct cli_call *c)
{
	commit(c, &ca_kind);
}

void cmd_abort_ssl_ca(struct cli_call *c)
{
	cancel(c, &ca_kind);
}

void cmd_del_ssl_ca(struct cli_call *c)
{
	delete (c, &ca_kind);
}

void cmd_show_ssl_ca(struct cli_call *c)
{
	show(c, &ca_kind);
}

void cmd_new_ssl_crl(struct cli_call *c)
{
	make(c, &crl_kind);
}

void cmd_set_ssl_crl(struct cli_call *c)
{
	set(c, &crl_kind);
}

void cmd_commit_ssl_crl(struct cli_call *c)
{
	commit(c, &crl_kind);
}

void cmd_abort_ssl_crl(struct cli_call *c)
{
	cancel(c, &crl_kind);
}

void cmd_del_ssl_crl(struct cli_call *c)
{
	delete (c, &crl_kind);
}

void cmd_show_ssl_crl(struct cli_call *c)
{
	show(c, &crl_kind);
}
