/* Certificates, authorities and lines of crt-lists that change while traffic flows. New contexts are made for
 * everybody concerned first; only when all of them stand they take the place of the old ones, so that a failed
 * commit changes nothing. Under the world's `cli` lock; contexts in use live until their connections end. */
#include <stdlib.h>

#include "runtime/tls/tls_inside.h"
#include "runtime/tls/update.h"

/* What a use or a front gets, before it gets it. */
struct change {
	struct tls_use *use;     /* or NULL: */
	struct tls_front *front; /* its initial context */
	struct tls_back *back;
	SSL_CTX *ctx;
};
struct changes {
	struct change *v;
	uint32_t n, cap;
};

static bool change_add(struct changes *l, struct change c)
{
	struct change *v;

	if (!c.ctx)
		return false;
	if (l->n == l->cap) {
		v = realloc(l->v, (l->cap * 2 + 8) * sizeof(*v));
		if (!v) {
			SSL_CTX_free(c.ctx);
			return false;
		}
		l->v = v;
		l->cap = l->cap * 2 + 8;
	}
	l->v[l->n++] = c;
	return true;
}

static void changes_drop(struct changes *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		SSL_CTX_free(l->v[i].ctx);
	free(l->v);
}

static void back_set(struct tls_back *b, SSL_CTX *ctx)
{
	SSL_CTX *old;

	pthread_mutex_lock(&b->lock);
	old = b->ctx;
	b->ctx = ctx;
	for (int i = 0; i < TLS_BACK_SESSIONS; i++) {
		SSL_SESSION_free(b->sessions[i].session);
		b->sessions[i].session = NULL;
	}
	pthread_mutex_unlock(&b->lock);
	SSL_CTX_free(old);
}

static void change_apply(struct change *c)
{
	SSL_CTX *old;

	if (c->back) {
		back_set(c->back, c->ctx);
		return;
	}
	pthread_rwlock_wrlock(&c->front->lock);
	if (c->use) {
		old = c->use->ctx;
		c->use->ctx = c->ctx;
	} else {
		old = c->front->initial;
		c->front->initial = c->ctx;
		SSL_CTX_set_client_hello_cb(c->ctx, tls_select, c->front);
	}
	pthread_rwlock_unlock(&c->front->lock);
	SSL_CTX_free(old);
}

/* --- certificates */

/* The names of a certificate, and what kind of key it has, may be others now. */
static void names_renew(struct tls_use *u)
{
	struct tls_front *f = u->front;
	uint8_t kind = tls_key_kind(u->cert->pair);

	pthread_rwlock_wrlock(&f->lock);
	tls_names_remove(f, u);
	if (kind != u->kind && f->presets[u->kind] == u) {
		f->presets[u->kind] = NULL;
		if (!f->presets[kind])
			f->presets[kind] = u;
	}
	u->kind = kind;
	tls_names_add(f, u);
	pthread_rwlock_unlock(&f->lock);
}

static bool cert_contexts(struct tls_cert *c, const struct tls_pair *p, struct changes *l, struct out *error)
{
	for (struct list *n = c->users.next; n != &c->users; n = n->next) {
		struct tls_use *u = LIST_OF(n, struct tls_use, by_cert);
		struct change change = {.use = u, .front = u->front, .back = u->back};

		change.ctx = u->front ? tls_use_context(u->front, c, p, u->line, error)
				      : tls_back_context(u->back, p, error);
		if (!change_add(l, change))
			return false;
	}
	return true;
}

bool tls_cert_commit(struct tls_world *w, struct tls_cert *c, struct tls_pair **p, struct out *report)
{
	struct changes l = {0};
	struct tls_pair *old;

	if (!cert_contexts(c, *p, &l, report)) {
		changes_drop(&l);
		return false;
	}
	pthread_rwlock_wrlock(&w->lock);
	old = c->pair;
	c->pair = *p;
	pthread_rwlock_unlock(&w->lock);
	*p = NULL;
	for (uint32_t i = 0; i < l.n; i++) {
		change_apply(&l.v[i]);
		if (l.v[i].front)
			names_renew(l.v[i].use);
		out_char(report, '.');
	}
	free(l.v);
	tls_pair_free(&old);
	return true;
}

/* --- authorities and revocations */

static bool conf_names(const struct tls_conf *conf, struct str name)
{
	return conf && (str_eq(conf->ca_file, name) || str_eq(conf->ca_verify_file, name) ||
			str_eq(conf->crl_file, name));
}

static bool front_names(const struct tls_front *f, struct str name)
{
	return conf_names(&f->conf->tls.conf, name) || conf_names(&f->world->model->global.tls.bind, name);
}

static bool back_names(const struct tls_back *b, struct str name)
{
	return conf_names(&server_conf_tls(b->conf)->conf, name) ||
	       conf_names(&b->world->model->global.tls.server, name);
}

bool tls_authority_is_used(struct tls_world *w, struct str name)
{
	for (struct list *n = w->fronts.next; n != &w->fronts; n = n->next) {
		struct tls_front *f = LIST_OF(n, struct tls_front, node);

		if (front_names(f, name))
			return true;
		for (struct list *m = f->uses.next; m != &f->uses; m = m->next) {
			struct tls_use *u = LIST_OF(m, struct tls_use, node);

			if (u->line && conf_names(&u->line->conf, name))
				return true;
		}
	}
	for (struct list *n = w->backs.next; n != &w->backs; n = n->next)
		if (back_names(LIST_OF(n, struct tls_back, node), name))
			return true;
	return false;
}

static bool front_contexts(struct tls_front *f, struct str name, struct changes *l, struct out *error)
{
	for (struct list *m = f->uses.next; m != &f->uses; m = m->next) {
		struct tls_use *u = LIST_OF(m, struct tls_use, node);
		struct change change = {.use = u, .front = f};

		if (!front_names(f, name) && !(u->line && conf_names(&u->line->conf, name)))
			continue;
		change.ctx = tls_use_context(f, u->cert, u->cert->pair, u->line, error);
		if (!change_add(l, change))
			return false;
	}
	return !front_names(f, name) ||
	       change_add(l, (struct change){.front = f, .ctx = tls_front_context(f, NULL, error)});
}

static bool authority_contexts(struct tls_world *w, struct str name, struct changes *l, struct out *error)
{
	for (struct list *n = w->fronts.next; n != &w->fronts; n = n->next)
		if (!front_contexts(LIST_OF(n, struct tls_front, node), name, l, error))
			return false;
	for (struct list *n = w->backs.next; n != &w->backs; n = n->next) {
		struct tls_back *b = LIST_OF(n, struct tls_back, node);
		struct change change = {.back = b};

		if (!back_names(b, name))
			continue;
		change.ctx = tls_back_context(b, b->use ? b->use->cert->pair : NULL, error);
		if (!change_add(l, change))
			return false;
	}
	return true;
}

static void contents_swap(struct tls_authority *a, struct tls_authority *b)
{
	struct tls_authority keep = *a;

	a->store = b->store;
	a->names = b->names;
	a->ncerts = b->ncerts;
	a->ncrls = b->ncrls;
	b->store = keep.store;
	b->names = keep.names;
	b->ncerts = keep.ncerts;
	b->ncrls = keep.ncrls;
}

bool tls_authority_commit(struct tls_world *w, struct tls_authority *a, struct tls_authority *fresh,
			  struct out *report)
{
	struct changes l = {0};

	contents_swap(a, fresh);
	if (!authority_contexts(w, str_from(a->name), &l, report)) {
		contents_swap(a, fresh);
		changes_drop(&l);
		return false;
	}
	for (uint32_t i = 0; i < l.n; i++) {
		change_apply(&l.v[i]);
		if (l.v[i].use || l.v[i].back)
			out_char(report, '.');
	}
	free(l.v);
	return true;
}

/* --- crt-lists */

struct crt_list *tls_list_find(struct tls_world *w, struct str path)
{
	for (struct list *n = w->lists.next; n != &w->lists; n = n->next) {
		struct crt_list *l = LIST_OF(n, struct crt_list, node);

		if (str_is(path, l->path))
			return l;
	}
	return NULL;
}

static bool is_attached(const struct tls_front *f, const struct crt_list *l)
{
	for (uint32_t i = 0; i < f->nlists; i++)
		if (f->lists[i] == l)
			return true;
	return false;
}

/* Makes a use of the certificate for one front; names come under the lock. */
static bool line_use(struct tls_front *f, struct tls_cert *c, const struct crt_line *line, struct out *error)
{
	struct tls_use *u;
	bool ok;

	pthread_rwlock_wrlock(&f->lock);
	u = tls_use_new(f, c, line, error);
	ok = u && tls_names_add(f, u);
	pthread_rwlock_unlock(&f->lock);
	return ok;
}

static void line_unuse(struct tls_front *f, const struct crt_line *line)
{
	pthread_rwlock_wrlock(&f->lock);
	for (struct list *m = f->uses.next, *next; m != &f->uses; m = next) {
		struct tls_use *u = LIST_OF(m, struct tls_use, node);

		next = m->next;
		if (u->line != line)
			continue;
		tls_names_remove(f, u);
		for (int kind = 0; kind < TLS_KEY_KINDS; kind++)
			if (f->presets[kind] == u)
				f->presets[kind] = NULL;
		tls_use_free(&u);
	}
	pthread_rwlock_unlock(&f->lock);
}

bool tls_line_add(struct tls_world *w, struct crt_list *l, struct tls_cert *c, struct crt_line *line,
		  struct out *report)
{
	struct tls_front *failed = NULL;

	/* HAProxy begins with the last one. */
	for (struct list *n = w->fronts.prev; n != &w->fronts && !failed; n = n->prev) {
		struct tls_front *f = LIST_OF(n, struct tls_front, node);
		struct out error = out_growing(4096);

		if (is_attached(f, l) && !line_use(f, c, line, &error)) {
			failed = f;
			out_printf(report, "\nProxy '%.*s': %.*s for bind '%.*s' at [%.*s:%u].",
				   STR_ARG(f->conf->proxy->name), STR_ARG(out_get(&error)),
				   STR_ARG(f->conf->addr.text), STR_ARG(tls_source(w, f->conf->pos)),
				   f->conf->pos.line);
		} else if (is_attached(f, l)) {
			out_char(report, '.');
		}
		out_free(&error);
	}
	if (!failed) {
		list_append(&l->lines, &line->node);
		return true;
	}
	for (struct list *n = w->fronts.next; n != &w->fronts; n = n->next)
		line_unuse(LIST_OF(n, struct tls_front, node), line);
	return false;
}

bool tls_line_remove(struct tls_world *w, struct crt_line *line, struct out *presets)
{
	bool preset = false;

	for (struct list *n = w->fronts.next; n != &w->fronts; n = n->next) {
		struct tls_front *f = LIST_OF(n, struct tls_front, node);

		if (!f->preset || f->preset->line != line || f->strict)
			continue;
		preset = true;
		out_printf(presets, "\t- %.*s:%u\n", STR_ARG(tls_source(w, f->conf->pos)), f->conf->pos.line);
	}
	if (preset)
		return false;
	for (struct list *n = w->fronts.next; n != &w->fronts; n = n->next)
		line_unuse(LIST_OF(n, struct tls_front, node), line);
	crt_line_free(&line);
	return true;
}
