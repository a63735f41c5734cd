/* One HTTP/1.1 exchange of our own, as an OCSP request needs it (RFC 6960 appendix A): connect, send, read an answer of bounded
 * size, close. On one worker; names of hosts are resolved by a thread of their own. */
#ifndef LB_TLS_HTTP_GET_H
#define LB_TLS_HTTP_GET_H

#include "grammar/base/out.h"
#include "runtime/core/worker.h"

struct http_get;

struct http_get_request {
	const char *host, *port; /* whom to connect to */
	const char *authority;	 /* for the Host field */
	const char *target;	 /* of the request line */
	const char *type;	 /* of the content; NULL: a GET without any */
	struct str body;
	struct str accept; /* the type that the answer is to have; a constant */
	uint32_t timeout; /* ms for all of it */
};

enum { HTTP_GET_LIMIT = 64 << 10 };

/* `done` is called once from the loop: status 0 when nothing came back; `why` says that, or that the
 * answer has another type, else NULL; body as long as the call
 * lasts. NULL: no memory, done is not called. Everything is copied. */
struct http_get *http_get_start(struct worker *w, const struct http_get_request *r,
				void (*done)(void *arg, int status, struct str body, const char *why), void *arg);
/* Ends it without calling done. Harmless for NULL. */
void http_get_cancel(struct http_get **g);

#endif
