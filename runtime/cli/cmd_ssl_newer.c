/* Commands about TLS that newer versions have (management manual of 3.x, section 9.3): `dump ssl cert`, `add
 * ssl ca-file`, `show ssl sni`. As in cmd_ssl.c, the world's `cli` lock is held meanwhile. */
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/cli/cmd_ssl.h"
#include "runtime/tls/tls_inside.h"

static void bio_take(BIO *bio, struct out *out)
{
	char *text;
	long len = BIO_get_mem_data(bio, &text);

	out_bytes(out, text, (size_t)len);
	(void)BIO_reset(bio);
}

/* --- dump ssl cert: key, certificate, chain, as PEM */

static void put_pem(struct out *out, const struct tls_pair *p)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (!bio)
		return;
	if (p->key)
		PEM_write_bio_PrivateKey(bio, p->key, NULL, NULL, 0, NULL, NULL);
	if (p->cert)
		PEM_write_bio_X509(bio, p->cert);
	for (int i = 0; p->chain && i < sk_X509_num(p->chain); i++)
		PEM_write_bio_X509(bio, sk_X509_value(p->chain, i));
	bio_take(bio, out);
	BIO_free(bio);
}

void cmd_dump_ssl_cert(struct cli_call *c)
{
	struct str name = c->words[3];
	bool pending = str_starts(name, STR("*"));
	const struct tls_pair *p = NULL;
	struct tls_cert *cert;
	struct tls_world *w;

	if (!name.len) {
		cli_say(c, CLI_ERR, "'dump ssl cert' expects a filename");
		return;
	}
	w = cli_tls_begin(c);
	if (pending) {
		if (w->pending_cert && str_is(str_tail(name, 1), w->pending_cert_name))
			p = w->pending_cert;
	} else {
		cert = tls_cert_find(w, str_starts(name, STR("\\")) ? str_tail(name, 1) : name);
		p = cert ? cert->pair : NULL;
	}
	if (p)
		put_pem(c->out, p);
	else
		cli_say(c, CLI_ERR, "Can't dump the certificate: Not found or the certificate is a bundle!");
	cli_tls_end(w);
}

/* --- add ssl ca-file: what the transaction has already, or else the file, and one more */

static void put_authorities(struct out *out, const struct tls_authority *a)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(a->store);
	BIO *bio = BIO_new(BIO_s_mem());

	for (int i = 0; bio && i < sk_X509_OBJECT_num(objects); i++) {
		X509 *x = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

		if (x && PEM_write_bio_X509(bio, x))
			bio_take(bio, out);
	}
	BIO_free(bio);
}

static void ca_add(struct cli_call *c, struct tls_world *w, const struct tls_authority *old)
{
	struct tls_authority *fresh = tls_authority_new(old->name);
	struct out pem = out_growing(CLI_ANSWER_MAX);
	bool created = !w->pending_ca;

	put_authorities(&pem, old);
	out_str(&pem, c->payload);
	out_char(&pem, '\n');
	if (!fresh || pem.truncated || !tls_authority_parse(fresh, out_get(&pem)) ||
	    fresh->ncerts <= old->ncerts) {
		cli_say(c, CLI_ERR, "Invalid payload\nCan't update %.*s!", STR_ARG(c->words[3]));
		tls_authority_free(&fresh);
	} else {
		tls_authority_free(&w->pending_ca);
		w->pending_ca = fresh;
		cli_say(c, CLI_NOTICE, "transaction %s for CA %s!", created ? "created" : "updated",
			fresh->name);
	}
	out_free(&pem);
}

void cmd_add_ssl_ca(struct cli_call *c)
{
	struct tls_authority *a;
	struct tls_world *w;

	if (!c->words[3].len || !c->payload.len) {
		cli_say(c, CLI_ERR, "'add ssl ca-file expects a filename and CAs as a payload");
		return;
	}
	w = cli_tls_begin(c);
	a = tls_authority_find(w, c->words[3]);
	if (w->pending_ca)
		a = str_is(c->words[3], w->pending_ca->name) ? w->pending_ca : NULL;
	if (w->pending_ca && !a)
		cli_say(c, CLI_ERR,
			"The ongoing transaction is about '%s' but you are trying to set '%.*s'\nCan't update "
			"%.*s!",
			w->pending_ca->name, STR_ARG(c->words[3]), STR_ARG(c->words[3]));
	else if (!a || a->crl)
		cli_say(c, CLI_ERR,
			"Can't replace a CA file which is not referenced by the configuration!\nCan't update "
			"%.*s!",
			STR_ARG(c->words[3]));
	else
		ca_add(c, w, a);
	cli_tls_end(w);
}

/* --- show ssl sni */

struct sni_filter {
	struct str frontend;
	bool expired;
	time_t at;
};

static const struct tls_pair *pair_of(const struct tls_use *u)
{
	return u->cert->pair;
}

static bool is_wanted(const struct sni_filter *f, const struct tls_use *u)
{
	const struct tls_pair *p = pair_of(u);
	time_t at = f->at;

	return p && p->cert && (!f->expired || X509_cmp_time(X509_get0_notAfter(p->cert), &at) < 0);
}

static void put_date(struct out *out, const ASN1_TIME *t)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio && ASN1_TIME_print(bio, t))
		bio_take(bio, out);
	BIO_free(bio);
}

/* name: NULL: of the default. */
static void put_sni(struct out *out, const struct tls_front *f, const struct tls_use *u,
		    const struct tls_name *name, const struct tls_name *const *negative, uint32_t n)
{
	static const char *const kinds[TLS_KEY_KINDS] = {"rsa", "ecdsa", "dsa"};
	X509 *x = pair_of(u)->cert;
	bool any = false;

	out_printf(out, "%.*s/%.*s:%u\t", STR_ARG(f->conf->proxy->name),
		   STR_ARG(tls_source(f->world, f->conf->pos)), f->conf->pos.line);
	out_printf(out, "%s%.*s\t", !name || name->wild ? "*" : "", name ? (int)name->len : 0,
		   name ? name->text : "");
	for (uint32_t i = 0; name && name->wild && i < n; i++)
		if (negative[i]->use == u) {
			out_printf(out, "%s!%.*s", any ? " " : "", (int)negative[i]->len, negative[i]->text);
			any = true;
		}
	out_printf(out, "%s\t%s\t%s\t", any ? "" : "-", kinds[u->kind], u->cert->name);
	put_date(out, X509_get0_notAfter(x));
	out_char(out, '\t');
	put_date(out, X509_get0_notBefore(x));
	out_char(out, '\n');
}

static int name_order(const void *a, const void *b)
{
	const struct tls_name *x = *(const struct tls_name *const *)a, *y = *(const struct tls_name *const *)b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = x->wild != y->wild ? x->wild - y->wild : memcmp(x->text, y->text, n);

	return order ? order : x->len != y->len ? x->len - y->len : x->use->kind - y->use->kind;
}

/* The common name of a certificate is one of its alternative names, mostly. */
static bool is_same(const struct tls_name *a, const struct tls_name *b)
{
	return a->use == b->use && !name_order(&a, &b);
}

/* Under the front's lock. */
static void put_front(struct out *out, const struct tls_front *f, const struct sni_filter *filter)
{
	const struct tls_name **names = calloc(f->nnames + 1, sizeof(*names)),
			      **negative = calloc(f->nnames + 1, sizeof(*names));
	uint32_t n = 0, nnegative = 0;

	for (uint32_t i = 0; names && negative && i < f->nbuckets; i++)
		for (const struct tls_name *name = f->names[i]; name && n + nnegative < f->nnames;
		     name = name->next)
			if (name->negative)
				negative[nnegative++] = name;
			else
				names[n++] = name;
	if (n)
		qsort(names, n, sizeof(*names), name_order);
	for (uint32_t i = 0; i < n; i++)
		if ((!i || !is_same(names[i - 1], names[i])) && is_wanted(filter, names[i]->use))
			put_sni(out, f, names[i]->use, names[i], negative, nnegative);
	for (int k = 0; k < TLS_KEY_KINDS; k++)
		if (f->presets[k] && is_wanted(filter, f->presets[k]))
			put_sni(out, f, f->presets[k], NULL, negative, 0);
	free(names);
	free(negative);
}

/* Seconds, or with a unit; it may be years. */
static bool offset_read(struct str text, time_t *seconds)
{
	static const struct {
		const char *unit;
		time_t seconds;
	} units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"", 1}};
	int64_t n;

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		struct str unit = str_from(units[i].unit);

		if (!str_ends(text, unit) || !str_to_i64(str_sub(text, 0, text.len - unit.len), &n))
			continue;
		if (n < 0 || n > 1000000000)
			return false;
		*seconds = (time_t)n * units[i].seconds;
		return true;
	}
	return false;
}

/* [-f <frontend>] [-A] [-t <offset>]. False: a message was given. */
static bool filter_read(struct cli_call *c, struct sni_filter *f)
{
	time_t offset;

	f->at = c->worker->wall.tv_sec;
	for (uint32_t i = 3; i < c->n; i++)
		if (str_is(c->words[i], "-A")) {
			f->expired = true;
		} else if (str_is(c->words[i], "-f")) {
			f->frontend = c->words[++i];
			if (!map_get(&c->generation->model->frontends, f->frontend)) {
				cli_say(c, CLI_ERR, "No such frontend.");
				return false;
			}
		} else if (str_is(c->words[i], "-t")) {
			if (!offset_read(c->words[++i], &offset)) {
				cli_say(c, CLI_ERR, "'-t' expects an offset in seconds.");
				return false;
			}
			f->at += offset;
		} else {
			cli_say(c, CLI_ERR,
				"Invalid parameters, 'show ssl sni' only supports '-f', '-A' or '-t' options!");
			return false;
		}
	return true;
}

void cmd_show_ssl_sni(struct cli_call *c)
{
	struct sni_filter filter = {.frontend = STR_NONE};
	struct tls_world *w;

	if (!filter_read(c, &filter))
		return;
	w = cli_tls_begin(c);
	out_puts(c->out, "# Frontend/Bind\tSNI\tNegative Filter\tType\tFilename\tNotAfter\tNotBefore\n");
	for (struct list *l = w->fronts.next; l != &w->fronts; l = l->next) {
		struct tls_front *f = LIST_OF(l, struct tls_front, node);

		if (!f->conf->proxy || (filter.frontend.len && !str_eq(f->conf->proxy->name, filter.frontend)))
			continue;
		pthread_rwlock_rdlock(&f->lock);
		put_front(c->out, f, &filter);
		pthread_rwlock_unlock(&f->lock);
	}
	cli_tls_end(w);
}
