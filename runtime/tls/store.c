/* Certificates by name: loaded once, whoever uses them. The world's lock guards the list and what is in it
 * against the control socket. */
#include <stdlib.h>

#include "runtime/tls/tls_inside.h"

struct tls_cert *tls_cert_find(struct tls_world *w, struct str name)
{
	for (struct list *n = w->certs.next; n != &w->certs; n = n->next) {
		struct tls_cert *c = LIST_OF(n, struct tls_cert, node);

		if (str_is(name, c->name))
			return c;
	}
	return NULL;
}

struct tls_cert *tls_cert_add(struct tls_world *w, const char *name)
{
	struct tls_cert *c = calloc(1, sizeof(*c));

	if (!c || !(c->name = strdup(name))) {
		free(c);
		return NULL;
	}
	c->world = w;
	list_init(&c->users);
	list_append(&w->certs, &c->node);
	return c;
}

void tls_cert_free(struct tls_cert **cp)
{
	struct tls_cert *c = *cp;

	*cp = NULL;
	if (!c)
		return;
	list_remove(&c->node);
	tls_pair_free(&c->pair);
	free(c->ocsp_state);
	free(c->name);
	free(c);
}

/* What a crt-store, or ssl-f-use, says of a certificate. */
static const struct tls_load_conf *load_find(const struct tls_world *w, struct str name)
{
	vec_each (l, &w->model->tls_loads)
		if (str_eq(l->name, name))
			return l;
	return NULL;
}

struct tls_cert *tls_cert_get(struct tls_world *w, struct str name, struct out *error)
{
	struct tls_cert *c = tls_cert_find(w, name);
	const struct tls_load_conf *load;
	struct tls_pair *p;
	char path[4096], key[4096];

	if (c)
		return c;
	load = load_find(w, name);
	snprintf(key, sizeof(key), "%.*s", STR_ARG(name));
	snprintf(path, sizeof(path), "%.*s", STR_ARG(load ? load->crt : name));
	p = tls_pair_load(w, load, path, error);
	if (!p)
		return NULL;
	c = tls_cert_add(w, key);
	if (c)
		c->pair = p;
	else
		tls_pair_free(&p);
	return c;
}

bool tls_cert_load_stores(struct tls_world *w)
{
	vec_each (l, &w->model->tls_loads) {
		struct out error = out_growing(4096);
		bool ok = tls_cert_get(w, l->name, &error) != NULL;

		if (!ok)
			tls_alert(w, "config : parsing [%.*s:%u] : %.*s", STR_ARG(tls_source(w, l->pos)),
				  l->pos.line, STR_ARG(out_get(&error)));
		out_free(&error);
	}
	return true;
}

void tls_cert_bury(struct tls_world *w, struct tls_cert *c)
{
	struct tls_pair *p;

	list_remove(&c->node);
	list_append(&w->grave, &c->node);
	pthread_rwlock_wrlock(&w->lock);
	p = c->pair;
	c->pair = NULL;
	pthread_rwlock_unlock(&w->lock);
	tls_pair_free(&p);
}
