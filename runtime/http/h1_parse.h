/* The HTTP/1 parser of message heads (RFC 9112), for requests and responses: incremental over the linear buffer
 * in which the bytes arrive, every byte looked at once, slices in place. It accepts and refuses what
 * HAProxy 2.6 does, and leaves the fields as HAProxy's rules see them: names in lower case, folded lines
 * joined, `close` and `keep-alive` taken out of Connection, repeated Content-Length and Host removed. Owned by
 * the stream; one thread. */
#ifndef LB_HTTP_H1_PARSE_H
#define LB_HTTP_H1_PARSE_H

#include "runtime/eval/message.h"

enum h1_result {
	H1_MORE, /* the head is not complete */
	H1_DONE,
	H1_BAD,         /* 400, or 502 for a response */
	H1_UNSUPPORTED, /* 422: a transfer coding that we cannot remove */
	H1_MEMORY,      /* 500 */
};

enum { H1_NAME_MAX = 255 /* longest field name */ };

struct h1_parser {
	uint32_t pos;      /* bytes of the head that are done */
	uint32_t mark;     /* start of the current line, or of the current field's value */
	uint32_t eol;      /* where the value ended that the next line may continue */
	uint32_t name;     /* start of the current field */
	uint32_t first;    /* start of the start line, behind empty lines */
	uint32_t max_size; /* of the head as counted plus 8 for each part; H1_BAD above */
	uint16_t max_hdrs;
	uint16_t name_len;
	uint8_t state;
	bool relaxed;  /* takes what RFC 9112 does not allow in names, targets and versions (option accept-invalid-http-request) */
	bool trailers; /* not a head */
	bool keeps_ambiguous; /* h1-do-not-close-on-insecure-transfer-encoding */
	bool bad_version; /* the head is wrong, once it has ended */
	bool have_length, chunked, other_coding, te_seen, upgrade_seen, ws_key;
};

/* Before a message. m->is_response, m->scratch and, for a response, m->method (of its request) are set; the
 * rest is cleared. max_hdrs: tune.http.maxhdr; size: tune.bufsize - tune.maxrewrite. */
void h1_parse_init(struct h1_parser *p, struct http_msg *m, uint16_t max_hdrs, uint32_t size);
/* The same for a parser and a message that are all zero but for what is set before. */
void h1_parse_limit(struct h1_parser *p, uint16_t max_hdrs, uint32_t size);
/* Goes on with the bytes of the head at hand, which begin at `data` and are `len` (at least as many as the time
 * before). After H1_DONE p->pos is where the body begins. */
enum h1_result h1_parse(struct h1_parser *p, struct http_msg *m, char *data, uint32_t len);
/* Before the trailer section behind a last chunk (RFC 9112 section 7.1.2): then h1_parse() as for a head.
 * m->scratch is set. */
void h1_parse_trailers_init(struct h1_parser *p, struct http_msg *m, uint16_t max_hdrs);
/* The bytes have moved from `from` to `to` while the head was incomplete. */
void h1_parse_moved(struct http_msg *m, const char *from, const char *to);

/* Steps of the above; h1_fields.c and h1_target.c. Each returns H1_DONE or why not. */
/* A complete field; *keep is false when it is not to be part of the message. */
enum h1_result h1_field(struct h1_parser *p, struct http_msg *m, struct http_hdr *h, bool *keep);
enum { H1_CLOSE = 1, H1_KEEP_ALIVE = 2, H1_UPGRADE = 4 };
/* Takes `close` and `keep-alive` out of a value of Connection, in place; what stands before the first one stays as it was, and an
 * empty element at the end goes. *options gets what was named. Returns the new length. */
uint32_t h1_connection_options(char *value, uint32_t len, unsigned *options);
/* All fields are there: framing (RFC 9112 section 6), Host and target, upgrades. */
enum h1_result h1_fields_end(struct h1_parser *p, struct http_msg *m);
/* The same for trailers, of which only framing fields are looked at, as HAProxy does. */
enum h1_result h1_trailers_end(struct h1_parser *p, struct http_msg *m);
/* Is this a request target that HAProxy accepts (RFC 9112 section 3.2)? Characters only; relaxed: with `#` and those above 0x7f. */
bool h1_target_chars(const char *uri, size_t len, bool relaxed);
/* Form of the target, and its agreement with Host (relaxed: none is wanted); takes a default port out of both. */
enum h1_result h1_target_check(struct http_msg *m, bool relaxed);
/* An authority without the port that its scheme stands for anyway (RFC 9110 section 4.2.3). */
struct str http_authority_bare(struct str scheme, struct str authority);

#endif
