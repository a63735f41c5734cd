/* See http_fetch.h. What both threads share is counted; the thread owns all but `over`, `cancelled` and `fd`
 * until it is over. Each wait has an end: HAProxy's times, or those of `httpclient.*`. */
#include "runtime/cli/http_fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/core/thread.h"
#include "runtime/http/http_text.h"

enum {
	ANSWER_LIMIT = 64 << 20,
	PIECE = 16384,
	RETRY_MS = 1000,
	SERVER_MS = 10000,
	LOOK_MS = 100,
	HOST_MAX = 256
};

struct http_fetch {
	atomic_uint users;
	atomic_bool over, cancelled;
	int event; /* readable when it is over */
	struct httpclient_conf conf;
	char *ca_file;
	char host[HOST_MAX], port[8];
	bool tls, head;
	struct out request, answer; /* answer: as it comes, then as it is shown */
	struct out shown;
	int fd;
	SSL_CTX *context;
	SSL *ssl;
};

/* --- the connection: nothing here waits longer than LOOK_MS without a look at `cancelled` */

static bool wait_for(const struct http_fetch *f, short events, uint32_t ms)
{
	struct pollfd p = {.fd = f->fd, .events = events};

	for (uint32_t waited = 0; waited < ms; waited += LOOK_MS) {
		if (atomic_load(&f->cancelled))
			return false;
		if (poll(&p, 1, ms - waited < LOOK_MS ? (int)(ms - waited) : LOOK_MS) > 0)
			return true;
	}
	return false;
}

static void hang_up(struct http_fetch *f)
{
	SSL_free(f->ssl);
	f->ssl = NULL;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static bool dial(struct http_fetch *f, const struct addrinfo *to)
{
	int error = 0;
	socklen_t len = sizeof(error);

	f->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (f->fd < 0)
		return false;
	if (!connect(f->fd, to->ai_addr, to->ai_addrlen))
		return true;
	return errno == EINPROGRESS && wait_for(f, POLLOUT, f->conf.connect) &&
	       !getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &len) && !error;
}

/* 1: go on, 0: again, after a wait; -1: over. */
static int tls_goes_on(struct http_fetch *f, int result, uint32_t ms)
{
	int error = SSL_get_error(f->ssl, result);

	if (result > 0)
		return 1;
	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		return -1;
	return wait_for(f, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, ms) ? 0 : -1;
}

static bool context_make(struct http_fetch *f)
{
	bool ok = true;

	if (f->context)
		return true;
	f->context = SSL_CTX_new(TLS_client_method());
	if (!f->context || f->conf.verify == 1)
		return f->context != NULL;
	SSL_CTX_set_verify(f->context, SSL_VERIFY_PEER, NULL);
	if (f->ca_file && strcmp(f->ca_file, "@system-ca") != 0)
		ok = SSL_CTX_load_verify_locations(f->context, f->ca_file, NULL) == 1;
	else
		ok = SSL_CTX_set_default_verify_paths(f->context) == 1;
	return ok;
}

static bool secure(struct http_fetch *f)
{
	unsigned char ip[16];
	bool is_ip = inet_pton(AF_INET, f->host, ip) == 1 || inet_pton(AF_INET6, f->host, ip) == 1;
	int state;

	if (!f->tls)
		return true;
	if (!context_make(f) || !(f->ssl = SSL_new(f->context)) || SSL_set_fd(f->ssl, f->fd) != 1)
		return false;
	if (is_ip)
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(f->ssl), f->host);
	else if (SSL_set1_host(f->ssl, f->host) != 1 || SSL_set_tlsext_host_name(f->ssl, f->host) != 1)
		return false;
	do
		state = tls_goes_on(f, SSL_connect(f->ssl), f->conf.connect);
	while (!state);
	return state > 0;
}

static bool send_all(struct http_fetch *f)
{
	size_t sent = 0;
	int state;
	ssize_t n;

	while (sent < f->request.len) {
		if (f->ssl) {
			n = SSL_write(f->ssl, f->request.buf + sent, (int)(f->request.len - sent));
			state = tls_goes_on(f, (int)n, SERVER_MS);
		} else {
			n = send(f->fd, f->request.buf + sent, f->request.len - sent, MSG_NOSIGNAL);
			state = n > 0 ? 1 : errno == EAGAIN && wait_for(f, POLLOUT, SERVER_MS) ? 0 : -1;
		}
		if (state < 0)
			return false;
		sent += state ? (size_t)n : 0;
	}
	return true;
}

/* Bytes; 0: that was the end; -1: time is up. */
static ssize_t read_some(struct http_fetch *f, char *buf, size_t size)
{
	int state;
	ssize_t n;

	for (;;) {
		if (f->ssl) {
			n = SSL_read(f->ssl, buf, (int)size);
			state = tls_goes_on(f, (int)n, SERVER_MS);
			if (state < 0 && SSL_get_error(f->ssl, (int)n) == SSL_ERROR_ZERO_RETURN)
				return 0;
		} else {
			n = recv(f->fd, buf, size, 0);
			state = n >= 0 ? 1 : errno == EAGAIN && wait_for(f, POLLIN, SERVER_MS) ? 0 : -1;
		}
		if (state)
			return state > 0 ? n : -1;
	}
}

/* --- the answer */

static bool read_answer(struct http_fetch *f, struct http_text *t)
{
	char buf[PIECE];
	ssize_t n;

	for (;;) {
		switch (http_text_look(t, out_get(&f->answer))) {
		case HTTP_TEXT_WHOLE:
			return true;
		case HTTP_TEXT_BAD:
			return false;
		case HTTP_TEXT_MORE:
			break;
		}
		n = read_some(f, buf, sizeof(buf));
		if (n <= 0)
			return n == 0 && http_text_may_end(t);
		out_bytes(&f->answer, buf, (size_t)n);
		if (f->answer.truncated)
			return false;
	}
}

static void show_page(struct http_fetch *f, unsigned status, const char *reason, const char *text)
{
	char body[256];
	int len = snprintf(body, sizeof(body), "<html><body><h1>%u %s</h1>\n%s\n</body></html>\n", status,
			   reason, text);

	out_printf(&f->shown,
		   "HTTP/1.1 %u %s\ncontent-length: %d\r\ncache-control: no-cache\r\ncontent-type: "
		   "text/html\r\n\r\n%s",
		   status, reason, len, f->head ? "" : body);
}

static bool reach(struct http_fetch *f, const struct addrinfo *list)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};

	for (uint32_t attempt = 0; attempt <= f->conf.retries && !atomic_load(&f->cancelled); attempt++) {
		for (uint32_t waited = 0; attempt && waited < RETRY_MS && !atomic_load(&f->cancelled);
		     waited += LOOK_MS)
			nanosleep(&pause, NULL);
		if (dial(f, list) && secure(f))
			return true;
		hang_up(f);
	}
	return false;
}

/* The first address of the family that is preferred, else of the other one. */
static struct addrinfo *find_host(const struct http_fetch *f)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = f->conf.no_names ? AI_NUMERICHOST : 0},
			*list = NULL;

	hints.ai_family = f->conf.prefer == 1 ? AF_INET : AF_INET6;
	if (!getaddrinfo(f->host, f->port, &hints, &list))
		return list;
	hints.ai_family = AF_UNSPEC;
	return getaddrinfo(f->host, f->port, &hints, &list) ? NULL : list;
}

static void exchange(struct http_fetch *f)
{
	struct addrinfo *list = find_host(f);
	struct http_text text = {.head_only = f->head};

	if (!list) {
		out_puts(&f->shown, "HTTP/1.1 503 Service Unavailable\ncontent-length: 0\r\n\r\n");
		return;
	}
	if (!reach(f, list))
		show_page(f, 503, "Service Unavailable", "No server is available to handle this request.");
	else if (send_all(f) && read_answer(f, &text))
		http_text_show(&text, out_get(&f->answer), &f->shown);
	else if (f->answer.len)
		show_page(f, 502, "Bad Gateway", "The server returned an invalid or incomplete response.");
	else
		show_page(f, 504, "Gateway Time-out", "The server didn't respond in time.");
	hang_up(f);
	freeaddrinfo(list);
}

/* --- both threads */

static void release(struct http_fetch *f)
{
	if (atomic_fetch_sub(&f->users, 1) > 1)
		return;
	SSL_CTX_free(f->context);
	out_free(&f->request);
	out_free(&f->answer);
	out_free(&f->shown);
	free(f->ca_file);
	if (f->event >= 0)
		close(f->event);
	free(f);
}

static void *run(void *arg)
{
	struct http_fetch *f = arg;
	uint64_t one = 1;

	exchange(f);
	atomic_store(&f->over, true);
	if (write(f->event, &one, sizeof(one)) < 0)
		errno = 0;
	release(f);
	return NULL;
}

static bool run_start(struct http_fetch *f)
{
	atomic_fetch_add(&f->users, 1);
	if (thread_detached(run, f))
		return true;
	release(f);
	return false;
}

static bool method_is_known(struct str method)
{
	static const char *const known[] = {"OPTIONS", "GET",    "HEAD",  "POST",
					    "PUT",     "DELETE", "TRACE", "CONNECT"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_is(method, known[i]))
			return true;
	return false;
}

/* scheme://host[:port][/...] */
static bool url_read(struct http_fetch *f, struct str method, struct str url)
{
	size_t scheme = str_chr(url, ':'), end = 0, close;
	struct str rest = str_tail(url, scheme + 3), authority, host, port;

	if (scheme >= url.len || !str_starts(str_tail(url, scheme), STR("://")) || !method_is_known(method))
		return false;
	while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
		end++;
	authority = str_sub(rest, 0, end);
	host = authority;
	close = authority.len && authority.ptr[0] == '[' ? str_chr(authority, ']') : 0;
	end = close + str_chr(str_tail(authority, close), ':');
	f->tls = str_is(str_sub(url, 0, scheme), "https");
	port = end < authority.len ? str_tail(authority, end + 1) : f->tls ? STR("443") : STR("80");
	host = close ? str_sub(authority, 1, close - 1) : str_sub(authority, 0, end);
	if (!host.len || host.len >= sizeof(f->host) || !port.len || port.len >= sizeof(f->port))
		return false;
	snprintf(f->host, sizeof(f->host), "%.*s", STR_ARG(host));
	snprintf(f->port, sizeof(f->port), "%.*s", STR_ARG(port));
	rest = str_tail(rest, authority.len);
	f->head = str_is(method, "HEAD");
	out_printf(
		&f->request, "%.*s %s%.*s HTTP/1.1\r\nhost: %.*s\r\naccept: */*\r\nuser-agent: HAProxy\r\n\r\n",
		STR_ARG(method), rest.len && rest.ptr[0] == '/' ? "" : "/", STR_ARG(rest), STR_ARG(authority));
	return !f->request.truncated;
}

struct http_fetch *http_fetch_start(const struct httpclient_conf *conf, struct str method, struct str url)
{
	struct http_fetch *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	atomic_init(&f->users, 1);
	f->fd = -1;
	f->conf = *conf;
	f->request = out_growing(PIECE);
	f->answer = out_growing(ANSWER_LIMIT);
	f->shown = out_growing(ANSWER_LIMIT + PIECE);
	f->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->ca_file = conf->ca_file.len ? strndup(conf->ca_file.ptr, conf->ca_file.len) : NULL;
	if (f->event >= 0 && (f->ca_file || !conf->ca_file.len) && url_read(f, method, url) && run_start(f))
		return f;
	release(f);
	return NULL;
}

int http_fetch_event(const struct http_fetch *f)
{
	return f->event;
}

bool http_fetch_is_over(const struct http_fetch *f)
{
	return atomic_load(&f->over);
}

struct str http_fetch_answer(const struct http_fetch *f)
{
	return out_get(&f->shown);
}

void http_fetch_release(struct http_fetch **fp)
{
	struct http_fetch *f = *fp;

	*fp = NULL;
	if (!f)
		return;
	atomic_store(&f->cancelled, true);
	release(f);
}
