/* Updating OCSP responses (RFC 6960; manual of 2.8 and later, "ocsp-update"). Worker 0 looks at the
 * certificates once a second, asks the responder of the one that is due longest (one request at a time), checks
 * the signature and puts the response in its place. Certificates may go while a request is under way: it
 * remembers their name only. Lists and states are guarded by the world's `cli` lock, responses by its `lock`.
 */
#include "runtime/tls/ocsp_update.h"

#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "runtime/cli/cli_call.h"
#include "runtime/core/log.h"
#include "runtime/core/process.h"
#include "runtime/tls/http_get.h"
#include "runtime/tls/ocsp_text.h"
#include "runtime/tls/tls_inside.h"

enum { TICK_MS = 1000, FETCH_MS = 20000, GET_MAX = 255, MIN_DELAY = 300, MAX_DELAY = 3600 };

struct ocsp_updater {
	struct worker *worker;
	struct deadline tick;
	struct http_get *get;    /* under way */
	char *name;              /* of the certificate */
	struct cli_visit *visit; /* who waits for it, or NULL */
};

const char *ocsp_status_text(enum ocsp_status status)
{
	static const char *const texts[OCSP_UPDATES] = {
		[OCSP_UPDATE_UNKNOWN] = "Unknown",
		[OCSP_UPDATE_OK] = "Update successful",
		[OCSP_UPDATE_HTTP] = "HTTP error",
		[OCSP_UPDATE_TYPE] = "Missing \"ocsp-response\" header",
		[OCSP_UPDATE_CHECK] = "OCSP response check failure",
		[OCSP_UPDATE_INSERT] = "Error during insertion",
	};

	return texts[status < OCSP_UPDATES ? status : OCSP_UPDATE_UNKNOWN];
}

/* --- who wants updates, and when */

/* The first address of a responder that a certificate names (RFC 5280 section 4.2.2.1); the caller frees it. */
static char *responder_of(X509 *x)
{
	STACK_OF(OPENSSL_STRING) *list = X509_get1_ocsp(x);
	char *uri = list && sk_OPENSSL_STRING_num(list) > 0 ? strdup(sk_OPENSSL_STRING_value(list, 0)) : NULL;

	X509_email_free(list);
	return uri;
}

static bool can_update(const struct tls_cert *c)
{
	char *uri = c->pair && c->pair->issuer ? responder_of(c->pair->cert) : NULL;

	free(uri);
	return uri != NULL;
}

bool tls_ocsp_wanted(const struct tls_cert *c)
{
	const struct tls_global_conf *g = &c->world->model->global.tls;
	bool wanted = g->ocsp_mode, said = false;

	for (struct list *n = c->users.next; n != &c->users; n = n->next) {
		const struct crt_line *line = LIST_OF(n, struct tls_use, by_cert)->line;

		if (!line || !line->conf.ocsp_update.len)
			continue;
		wanted = (said && wanted) || str_is(line->conf.ocsp_update, "on");
		said = true;
	}
	vec_each (l, &c->world->model->tls_loads)
		if (!said && l->ocsp_update && str_is(l->name, c->name))
			wanted = l->ocsp_update == TLS_SWITCH_ON;
	return wanted && !g->ocsp_disable && can_update(c);
}

static int64_t delay_min(const struct tls_world *w)
{
	return w->model->global.tls.ocsp_min ? w->model->global.tls.ocsp_min : MIN_DELAY;
}

static int64_t delay_max(const struct tls_world *w)
{
	return w->model->global.tls.ocsp_max ? w->model->global.tls.ocsp_max : MAX_DELAY;
}

/* When a response should be replaced: before it ends, but not too soon and not too late. */
static int64_t due_after(const struct tls_cert *c, int64_t now)
{
	int64_t end = ocsp_next_update(&c->pair->ocsp), wait = delay_max(c->world);

	if (end && end - now < wait)
		wait = end - now;
	return now + (wait < delay_min(c->world) ? delay_min(c->world) : wait);
}

struct tls_ocsp_state *tls_ocsp_state_of(struct tls_cert *c)
{
	int64_t now = time(NULL), end;

	if (c->ocsp_state || !(c->ocsp_state = calloc(1, sizeof(*c->ocsp_state))))
		return c->ocsp_state;
	end = c->pair ? ocsp_next_update(&c->pair->ocsp) : 0;
	c->ocsp_state->next = now;
	if (end > now)
		c->ocsp_state->next = end - now < delay_max(c->world) ? end : now + delay_max(c->world);
	return c->ocsp_state;
}

/* --- a request */

static bool request_make(const struct tls_pair *p, struct tls_bytes *der)
{
	OCSP_REQUEST *req = OCSP_REQUEST_new();
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, p->cert, p->issuer);
	unsigned char *text = NULL;
	int len = 0;

	*der = (struct tls_bytes){0};
	if (req && id && OCSP_request_add0_id(req, id)) {
		id = NULL;
		len = i2d_OCSP_REQUEST(req, &text);
	}
	if (len > 0)
		tls_bytes_set(der, text, (size_t)len);
	OPENSSL_free(text);
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(req);
	return der->len > 0;
}

/* Base64 in a path (RFC 6960 appendix A.1). */
static void target_get(struct out *o, const char *path, const struct tls_bytes *der)
{
	unsigned char text[4 * (GET_MAX / 3 + 2)];
	int n = EVP_EncodeBlock(text, der->data, (int)der->len);

	out_printf(o, "%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/");
	for (int i = 0; i < n; i++)
		out_printf(o,
			   text[i] == '+'   ? "%%2B"
			   : text[i] == '/' ? "%%2F"
			   : text[i] == '=' ? "%%3D"
					    : "%c",
			   text[i]);
}

static void done(void *arg, int status, struct str body, const char *why);

/* Through a proxy the whole address is asked for (RFC 9112 section 3.2.2). */
static struct http_get *send_to(struct ocsp_updater *u, const char *uri, const struct tls_bytes *der)
{
	struct str proxy = u->worker->process->generation->model->global.tls.ocsp_proxy;
	struct http_get_request r = {.timeout = FETCH_MS, .accept = STR("application/ocsp-response")};
	char *host = NULL, *port = NULL, *path = NULL, via[256], authority[300], buf[4096];
	struct out target = out_fixed(buf, sizeof(buf) - 1);
	struct http_get *get = NULL;
	int tls = 0;

	if (OSSL_HTTP_parse_url(uri, &tls, NULL, &host, &port, NULL, &path, NULL, NULL) == 1 && !tls) {
		snprintf(authority, sizeof(authority), strcmp(port, "80") ? "%s:%s" : "%s", host, port);
		if (proxy.len)
			out_printf(&target, "http://%s", authority);
		if (der->len * 4 / 3 + strlen(path) < GET_MAX) {
			target_get(&target, path, der);
		} else {
			out_puts(&target, path);
			r.type = "application/ocsp-request";
			r.body = str_make((const char *)der->data, der->len);
		}
		buf[target.len] = 0;
		r.host = host;
		r.port = port;
		if (proxy.len) {
			snprintf(via, sizeof(via), "%.*s", STR_ARG(proxy));
			r.port = strrchr(via, ':') ? strrchr(via, ':') + 1 : "80";
			if (strrchr(via, ':'))
				*strrchr(via, ':') = 0;
			r.host = via;
		}
		r.authority = authority;
		r.target = buf;
		if (!target.truncated)
			get = http_get_start(u->worker, &r, done, u);
	}
	OPENSSL_free(host);
	OPENSSL_free(port);
	OPENSSL_free(path);
	ERR_clear_error();
	return get;
}

/* Under world->cli. False: it could not be asked for. */
static bool begin(struct ocsp_updater *u, const struct tls_cert *c)
{
	char *uri = c->pair && c->pair->issuer ? responder_of(c->pair->cert) : NULL;
	struct tls_bytes der;

	if (uri && request_make(c->pair, &der)) {
		free(u->name);
		u->name = strdup(c->name);
		u->get = u->name ? send_to(u, uri, &der) : NULL;
		free(der.data);
	}
	free(uri);
	return u->get != NULL;
}

/* --- an answer */

/* Signed by the issuer, or by somebody that the issuer lets do it (RFC 6960 section 4.2.2.2)? */
static bool signature_is_good(const struct tls_pair *p, const struct tls_bytes *der)
{
	const unsigned char *at = der->data;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &at, (long)der->len);
	OCSP_BASICRESP *basic = r ? OCSP_response_get1_basic(r) : NULL;
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	bool ok = basic && store && chain && X509_STORE_add_cert(store, p->issuer) &&
		  sk_X509_push(chain, p->issuer);

	if (ok) {
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
		ok = OCSP_basic_verify(basic, chain, store, OCSP_TRUSTOTHER) == 1;
	}
	sk_X509_free(chain);
	X509_STORE_free(store);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	return ok;
}

static enum ocsp_status take(struct tls_cert *c, int status, struct str body, const char *why)
{
	struct tls_bytes der = {(unsigned char *)(uintptr_t)body.ptr, body.len};
	struct out error = out_growing(1024);
	bool good;

	if (status != 200)
		return OCSP_UPDATE_HTTP;
	if (why)
		return OCSP_UPDATE_TYPE;
	good = body.len && tls_ocsp_check(c->pair, &der, &error) && signature_is_good(c->pair, &der);
	out_free(&error);
	if (!good)
		return OCSP_UPDATE_CHECK;
	pthread_rwlock_wrlock(&c->world->lock);
	tls_bytes_set(&c->pair->ocsp, der.data, der.len);
	c->pair->ocsp_known = true;
	good = c->pair->ocsp.len > 0;
	pthread_rwlock_unlock(&c->world->lock);
	return good ? OCSP_UPDATE_OK : OCSP_UPDATE_INSERT;
}

static void note(struct tls_cert *c, struct tls_ocsp_state *s, enum ocsp_status status)
{
	int64_t now = time(NULL), wait = delay_min(c->world);

	s->status = (uint8_t)status;
	if (status == OCSP_UPDATE_OK) {
		s->last = now;
		s->successes++;
		s->failures_in_a_row = 0;
		s->next = due_after(c, now);
		return;
	}
	s->failures++;
	for (uint32_t i = 0; i < s->failures_in_a_row && wait < delay_max(c->world); i++)
		wait *= 2;
	s->failures_in_a_row++;
	s->next = now + (wait < delay_max(c->world) ? wait : delay_max(c->world));
}

static void tell(struct ocsp_updater *u, const struct tls_cert *c, const struct tls_ocsp_state *s)
{
	char date[64];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%d/%b/%Y:%H:%M:%S.000", &tm);
	log_global(u->worker->process, LL_NOTICE | LOG_TARGETS_ONLY,
		   "-:- [%s] <OCSP-UPDATE> %s %u \"%s\" %u %u", date, c->name, s->status,
		   ocsp_status_text(s->status), s->failures, s->successes);
}

/* What the control socket hears. Takes the visit that waits; it is to go home when the lock is free again: what
 * comes next on its line may want that. */
static struct cli_visit *answer(struct ocsp_updater *u, const struct tls_cert *c, enum ocsp_status status)
{
	struct cli_visit *v = u->visit;

	u->visit = NULL;
	if (!v)
		return NULL;
	if (c && status == OCSP_UPDATE_OK)
		ocsp_put_response(&v->text, &c->pair->ocsp);
	else
		out_printf(&v->text, "%s\n", c ? ocsp_status_text(status) : "Certificate is gone.");
	out_char(&v->text, '\n');
	return v;
}

static void done(void *arg, int status, struct str body, const char *why)
{
	struct ocsp_updater *u = arg;
	struct tls_world *w = u->worker->process->generation->tls;
	struct tls_ocsp_state *s;
	struct cli_visit *v;
	struct tls_cert *c;

	u->get = NULL; /* it ends itself */
	pthread_mutex_lock(&w->cli);
	c = tls_cert_find(w, str_from(u->name));
	if (c && c->pair && c->pair->issuer && (s = tls_ocsp_state_of(c))) {
		note(c, s, take(c, status, body, why));
		tell(u, c, s);
		v = answer(u, c, s->status);
	} else {
		v = answer(u, NULL, OCSP_UPDATE_UNKNOWN);
	}
	pthread_mutex_unlock(&w->cli);
	if (v)
		cli_visit_return(v);
}

/* --- the clock */

static void look(struct ocsp_updater *u)
{
	struct tls_world *w = u->worker->process->generation->tls;
	struct tls_cert *due = NULL;
	int64_t now = time(NULL);

	pthread_mutex_lock(&w->cli);
	for (struct list *n = w->certs.next; n != &w->certs; n = n->next) {
		struct tls_cert *c = LIST_OF(n, struct tls_cert, node);
		struct tls_ocsp_state *s = tls_ocsp_wanted(c) ? tls_ocsp_state_of(c) : NULL;

		if (s && s->next <= now && (!due || s->next < due->ocsp_state->next))
			due = c;
	}
	if (due && !begin(u, due))
		note(due, due->ocsp_state, OCSP_UPDATE_HTTP);
	pthread_mutex_unlock(&w->cli);
}

static void tick(struct worker *w, struct deadline *d)
{
	struct ocsp_updater *u = LIST_OF(d, struct ocsp_updater, tick);

	if (!u->get)
		look(u);
	deadline_set(w, d, w->now + TICK_MS);
}

/* Without a certificate that could ask for it there is no clock either; the control socket may add some later.
 */
static bool any_certificates(const struct worker *w)
{
	const struct tls_world *world = w->process->generation->tls;

	return world && world->bio;
}

void tls_ocsp_start(struct worker *w)
{
	struct ocsp_updater *u = any_certificates(w) ? calloc(1, sizeof(*u)) : NULL;

	w->process->ocsp = u;
	if (!u)
		return;
	u->worker = w;
	deadline_init(&u->tick, tick);
	deadline_set(w, &u->tick, w->now + 1);
}

void tls_ocsp_stop(struct worker *w)
{
	struct ocsp_updater *u = w->process->ocsp;
	struct cli_visit *v;

	w->process->ocsp = NULL;
	if (!u)
		return;
	deadline_clear(&u->tick);
	http_get_cancel(&u->get);
	v = answer(u, NULL, OCSP_UPDATE_UNKNOWN);
	if (v)
		cli_visit_return(v);
	free(u->name);
	free(u);
}

void tls_ocsp_fetch_now(struct worker *w, struct cli_visit *v, const char *name)
{
	struct ocsp_updater *u = w->process->ocsp;
	struct tls_world *world = w->process->generation->tls;
	struct tls_cert *c;

	if (!u || u->visit) {
		out_puts(&v->text, u ? "An update is under way, try again later.\n\n" : "No certificate.\n\n");
		cli_visit_return(v);
		return;
	}
	pthread_mutex_lock(&world->cli);
	c = tls_cert_find(world, str_from(name));
	http_get_cancel(&u->get); /* the clock will begin that one again */
	u->visit = v;
	v = !c || !begin(u, c) ? answer(u, c, OCSP_UPDATE_HTTP) : NULL;
	pthread_mutex_unlock(&world->cli);
	if (v)
		cli_visit_return(v);
}
