/* See staged.h. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tests/fuzz/staged.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grammar/load.h"
#include "grammar/render.h"
#include "runtime/stage/stage_state.h"
#include "tests/fuzz/fuzz.h"

enum { PIECES_MAX = 48, SERVERS_MAX = 8, YEAR = 365 * 86400 };

static struct {
	struct str bytes;
	int fds[SERVERS_MAX]; /* their ends */
	int n;
} servers;

/* --- making it */

static const struct bind_conf *bind_of(const struct model *m, uint32_t n)
{
	vec_each (px, &m->proxies) {
		if (n < (*px)->binds.n)
			return (*px)->binds.v[n];
		n -= (*px)->binds.n;
	}
	return NULL;
}

static void demand_good(const struct loaded *l)
{
	struct render_options plain = {0};
	struct out o = out_growing(1 << 20);

	render_text(&o, &l->diags, &l->sources, &plain);
	if (l->diags.errors)
		fprintf(stderr, "%.*s", STR_ARG(out_get(&o)));
	out_free(&o);
	FUZZ_DEMAND(l->model && !l->diags.errors);
}

struct stage *staged_new(const char *config)
{
	struct load_options options = {.compat = 304, .offline = true};
	struct stage_options how = {.wall_ms = 1800000000000ULL};
	struct loaded *l = load_text(STR("staged.cfg"), str_from(config), &options);
	struct stage *st;
	struct worker *w;

	FUZZ_DEMAND(l);
	demand_good(l);
	model_retain(l->model);
	st = stage_new(l->model, &how);
	loaded_free(&l);
	FUZZ_DEMAND(st);
	w = stage_worker(st);
	w->buffers.max_cached = w->sessions.max_cached = w->streams.max_cached = 0;
	w->tcp_streams.max_cached = w->srv_conns.max_cached = w->chunks.max_cached = 0;
	return st;
}

static X509 *self_signed(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = x ? X509_get_subject_name(x) : NULL;

	FUZZ_DEMAND(name && X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 1));
	FUZZ_DEMAND(X509_gmtime_adj(X509_getm_notBefore(x), 0) && X509_gmtime_adj(X509_getm_notAfter(x), YEAR));
	FUZZ_DEMAND(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"*.example", -1,
					       -1, 0));
	FUZZ_DEMAND(X509_set_issuer_name(x, name) && X509_set_pubkey(x, key) &&
		    X509_sign(x, key, EVP_sha256()));
	return x;
}

const char *staged_certificate(void)
{
	static char path[64];
	int fd = memfd_create("certificate", MFD_CLOEXEC);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");
	X509 *x;

	FUZZ_DEMAND(key && f);
	x = self_signed(key);
	FUZZ_DEMAND(PEM_write_X509(f, x) && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

/* --- servers that say what they want */

static int dial(struct worker *w, struct server *server)
{
	int fds[2];

	(void)w, (void)server;
	if (servers.n == SERVERS_MAX)
		return -ECONNREFUSED;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		return -ENOMEM;
	if (servers.bytes.len)
		FUZZ_DEMAND(send(fds[0], servers.bytes.ptr, servers.bytes.len, MSG_NOSIGNAL) > 0);
	shutdown(fds[0], SHUT_WR);
	servers.fds[servers.n++] = fds[0];
	return fds[1];
}

void staged_server_says(struct stage *st, struct str bytes)
{
	servers.bytes = bytes;
	stage_worker(st)->dial = bytes.ptr ? dial : stage_dial;
}

static void servers_leave(void)
{
	while (servers.n)
		close(servers.fds[--servers.n]);
}

/* --- clients */

static void demand_nothing_left(struct stage *st)
{
	const struct worker *w = stage_worker(st);

	FUZZ_DEMAND(!w->sessions.used);
	FUZZ_DEMAND(!w->streams.used);
	FUZZ_DEMAND(!w->tcp_streams.used);
	FUZZ_DEMAND(!w->srv_conns.used);
	FUZZ_DEMAND(!w->buffers.used);
	FUZZ_DEMAND(!w->chunks.used);
	FUZZ_DEMAND(!atomic_load(&st->process->connections));
}

static void leave(struct stage *st)
{
	if (st->client >= 0)
		close(st->client);
	st->client = -1;
	servers_leave();
	stage_pass(st, 0);
	servers_leave();
	stage_pass(st, 0);
}

void staged_client(struct stage *st, uint32_t bind, struct str bytes, size_t step, struct out *answer)
{
	struct stage_visit v = {.bind = bind_of(st->generation->model, bind)};
	struct stage_outcome o;

	v.src.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = 1, .sin_addr.s_addr = 0x0100007f};
	v.dst = v.src;
	if (step < bytes.len / PIECES_MAX + 1)
		step = bytes.len / PIECES_MAX + 1;
	do {
		v.bytes = str_sub(bytes, 0, step);
		bytes = str_tail(bytes, step);
		FUZZ_DEMAND(stage_visit(st, &v, &o));
		out_str(answer, o.response);
		v.same_connection = true;
	} while (bytes.len && !o.closed);
	leave(st);
	demand_nothing_left(st);
}
