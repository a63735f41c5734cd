/* The TLS of one model: every certificate, authority and context that its lines name, loaded before anything is
 * promised to anybody (privileges and the root folder are still the old ones). Owned by the generation. Main
 * thread. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "runtime/tls/conn_tls.h"

enum { DH_LIMIT = 1 << 20 };

struct str tls_source(const struct tls_world *w, struct conf_pos pos)
{
	return pos.source && pos.source <= w->model->nsources ? w->model->source_names[pos.source - 1]
							      : STR_NONE;
}

static void line_of(struct tls_world *w, const char *level, const char *format, va_list ap)
{
	if (!w->messages)
		return;
	out_printf(w->messages, "%s ", level);
	out_vprintf(w->messages, format, ap);
	out_char(w->messages, '\n');
}

void tls_alert(struct tls_world *w, const char *format, ...)
{
	va_list ap;

	w->failed = true;
	va_start(ap, format);
	line_of(w, "ALERT", format, ap);
	va_end(ap);
}

void tls_say(struct tls_world *w, const char *level, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	line_of(w, level, format, ap);
	va_end(ap);
}

static void say_bind(const struct tls_front *f, const char *level, const char *format, va_list ap)
{
	const struct bind_conf *b = f->conf;
	struct out text = out_growing(8192);

	out_vprintf(&text, format, ap);
	tls_say(f->world, level, "config : parsing [%.*s:%u] : 'bind %.*s' in section '%s' : %.*s",
		STR_ARG(tls_source(f->world, b->pos)), b->pos.line, STR_ARG(b->addr.text),
		b->proxy->role == ROLE_LISTEN ? "listen" : "frontend", STR_ARG(out_get(&text)));
	out_free(&text);
}

void tls_alert_bind(const struct tls_front *f, const char *format, ...)
{
	va_list ap;

	f->world->failed = true;
	va_start(ap, format);
	say_bind(f, "ALERT", format, ap);
	va_end(ap);
}

void tls_warn_bind(const struct tls_front *f, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_bind(f, "WARNING", format, ap);
	va_end(ap);
}

static bool same_line(const struct bind_conf *a, const struct bind_conf *b)
{
	return a->proxy == b->proxy && a->pos.source == b->pos.source && a->pos.line == b->pos.line;
}

struct tls_front *tls_front_of(struct tls_world *w, const struct bind_conf *b)
{
	if (!w || !b->ssl)
		return NULL;
	for (struct list *n = w->fronts.next; n != &w->fronts; n = n->next) {
		struct tls_front *f = LIST_OF(n, struct tls_front, node);

		if (same_line(f->conf, b))
			return f;
	}
	return NULL;
}

struct tls_back *tls_back_of(struct tls_world *w, const struct server_conf *s)
{
	if (!w)
		return NULL;
	for (struct list *n = w->backs.next; n != &w->backs; n = n->next)
		if (LIST_OF(n, struct tls_back, node)->conf == s)
			return LIST_OF(n, struct tls_back, node);
	return NULL;
}

static bool front_new(struct tls_world *w, const struct bind_conf *b)
{
	struct tls_front *f;

	if (!b->ssl || tls_front_of(w, b))
		return true;
	f = calloc(1, sizeof(*f));
	if (!f)
		return false;
	f->world = w;
	f->conf = b;
	list_init(&f->uses);
	pthread_rwlock_init(&f->lock, NULL);
	list_append(&w->fronts, &f->node);
	if (!tls_front_build(f))
		w->failed = true;
	return true;
}

/* Traffic, checks or a step of checks speak TLS with it. */
static bool server_wants_tls(const struct server_conf *s)
{
	const struct check_conf *check = &s->proxy->check;

	for (uint32_t i = 0; i < check->nsteps; i++)
		if (check->steps[i].ssl)
			return true;
	return s->ssl || s->check_ssl;
}

static bool back_new(struct tls_world *w, const struct server_conf *s)
{
	struct tls_back *b;

	if (!server_wants_tls(s))
		return true;
	b = calloc(1, sizeof(*b));
	if (!b)
		return false;
	b->world = w;
	b->conf = s;
	pthread_mutex_init(&b->lock, NULL);
	list_append(&w->backs, &b->node);
	if (!tls_back_build(b))
		w->failed = true;
	return true;
}

/* Numbers of the library, for those who have none yet. */
static void numbers_get(struct tls_world *w)
{
	bool known = w->bio_type != 0;

	w->bio = tls_bio_new(&w->bio_type);
	if (known)
		return;
	w->ctx_alpn = tls_context_alpn_index();
	w->ctx_npn = tls_context_npn_index();
}

static bool back_begin(struct tls_world *w)
{
	if (!w->bio)
		numbers_get(w);
	return w->bio != NULL;
}

bool tls_back_add(struct tls_world *w, const struct server_conf *s, struct tls_back **back, struct out *error)
{
	struct out messages = out_growing(8192);
	bool ok;

	*back = NULL;
	if (!server_wants_tls(s))
		return true;
	pthread_mutex_lock(&w->cli);
	w->messages = &messages;
	ok = back_begin(w) && back_new(w, s);
	*back = tls_back_of(w, s);
	if (*back && !(*back)->ctx) {
		tls_back_free(back);
		ok = false;
	}
	w->messages = NULL;
	pthread_mutex_unlock(&w->cli);
	if (!ok)
		out_str(error, out_get(&messages));
	out_free(&messages);
	return ok;
}

void tls_back_remove(struct tls_back **back)
{
	struct tls_world *w = *back ? (*back)->world : NULL;

	if (!w)
		return;
	pthread_mutex_lock(&w->cli);
	tls_back_free(back);
	pthread_mutex_unlock(&w->cli);
}

static bool lines_build(struct tls_world *w)
{
	vec_each (px, &w->model->proxies) {
		if ((*px)->disabled)
			continue;
		vec_each (b, &(*px)->binds)
			if (!front_new(w, *b))
				return false;
		vec_each (s, &(*px)->servers)
			if (!back_new(w, *s))
				return false;
	}
	vec_each (f, &w->model->forwards)
		vec_each (b, &(*f)->px->binds)
			if (!front_new(w, *b))
				return false;
	vec_each (r, &w->model->rings)
		vec_each (s, &(*r)->servers)
			if (!back_new(w, *s))
				return false;
	vec_each (b, &w->model->global.stats_sockets)
		(void)b;
	return true;
}

static void dh_load(struct tls_world *w)
{
	struct str file = w->model->global.tls.dh_param_file;
	struct tls_bytes content;
	char path[4096];

	if (!file.len)
		return;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(file));
	if (tls_file_read(path, DH_LIMIT, &content)) {
		w->dh = tls_dh_read(str_make((char *)content.data, content.len));
		free(content.data);
	}
	if (!w->dh)
		tls_alert(w, "config : 'ssl-dh-param-file': unable to load DH parameters from file <%s>.",
			  path);
}

/* Most models have no TLS and pay nothing. */
static bool wants_tls(const struct model *m)
{
	if (m->tls_loads.n)
		return true;
	vec_each (px, &m->proxies) {
		vec_each (b, &(*px)->binds)
			if ((*b)->ssl)
				return true;
		vec_each (s, &(*px)->servers)
			if (server_wants_tls(*s))
				return true;
	}
	vec_each (f, &m->forwards)
		vec_each (b, &(*f)->px->binds)
			if ((*b)->ssl)
				return true;
	vec_each (r, &m->rings)
		vec_each (s, &(*r)->servers)
			if (server_wants_tls(*s))
				return true;
	return false;
}

static void numbers_inherit(struct tls_world *w, const struct tls_world *before)
{
	if (!before)
		return;
	w->bio_type = before->bio_type;
	w->ctx_alpn = before->ctx_alpn;
	w->ctx_npn = before->ctx_npn;
}

struct tls_world *tls_world_new(const struct model *m, struct out *messages, bool *ok)
{
	return tls_world_new_after(NULL, m, messages, ok);
}

struct tls_world *tls_world_new_after(const struct tls_world *before, const struct model *m,
				      struct out *messages, bool *ok)
{
	struct tls_world *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->model = model_retain((struct model *)(uintptr_t)m);
	w->references = 1;
	numbers_inherit(w, before);
	w->messages = messages;
	list_init(&w->certs);
	list_init(&w->authorities);
	list_init(&w->fronts);
	list_init(&w->backs);
	list_init(&w->tickets);
	list_init(&w->lists);
	list_init(&w->grave);
	list_init(&w->issuers);
	pthread_mutex_init(&w->cli, NULL);
	pthread_rwlock_init(&w->lock, NULL);
	*ok = true;
	tls_providers_load(w);
	if (!wants_tls(m)) {
		*ok = !w->failed;
		return w;
	}
	numbers_get(w);
	dh_load(w);
	tls_issuers_load(w);
	if (!w->bio || !tls_cert_load_stores(w) || !lines_build(w)) {
		tls_world_free(&w);
		return NULL;
	}
	tls_phrases_free(w);
	w->messages = NULL;
	*ok = !w->failed;
	return w;
}

void tls_world_free(struct tls_world **wp)
{
	struct tls_world *w = *wp;

	*wp = NULL;
	if (!w || atomic_fetch_sub(&w->references, 1) > 1)
		return;
	tls_issuers_free(w);
	tls_phrases_free(w);
	while (!list_empty(&w->fronts)) {
		struct tls_front *f = LIST_OF(w->fronts.next, struct tls_front, node);

		tls_front_free(&f);
	}
	while (!list_empty(&w->backs)) {
		struct tls_back *b = LIST_OF(w->backs.next, struct tls_back, node);

		tls_back_free(&b);
	}
	while (!list_empty(&w->lists)) {
		struct crt_list *l = LIST_OF(w->lists.next, struct crt_list, node);

		crt_list_free(&l);
	}
	while (!list_empty(&w->tickets)) {
		struct tls_tickets *t = LIST_OF(w->tickets.next, struct tls_tickets, node);

		tls_tickets_free(&t);
	}
	while (!list_empty(&w->certs)) {
		struct tls_cert *c = LIST_OF(w->certs.next, struct tls_cert, node);

		tls_cert_free(&c);
	}
	while (!list_empty(&w->grave)) {
		struct tls_cert *c = LIST_OF(w->grave.next, struct tls_cert, node);

		tls_cert_free(&c);
	}
	tls_pair_free(&w->pending_cert);
	free(w->pending_cert_name);
	tls_authority_free(&w->pending_ca);
	tls_authority_free(&w->pending_crl);
	while (!list_empty(&w->authorities)) {
		struct tls_authority *a = LIST_OF(w->authorities.next, struct tls_authority, node);

		tls_authority_free(&a);
	}
	EVP_PKEY_free(w->dh);
	if (w->bio)
		BIO_meth_free(w->bio);
	pthread_mutex_destroy(&w->cli);
	pthread_rwlock_destroy(&w->lock);
	model_release(&w->model);
	free(w);
}

struct tls_world *tls_world_retain(struct tls_world *w)
{
	atomic_fetch_add_explicit(&w->references, 1, memory_order_relaxed);
	return w;
}
