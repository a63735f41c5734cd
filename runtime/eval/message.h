/* The version-neutral HTTP message: start line and header fields as slices, framing of the body. The h1 parser (and later h2)
 * fills it; rules read and change it; the serializers write it. Slices point into the buffer in which the message was
 * received, which must not move while the head is alive, or into the stream's scratch memory. One thread. */
#ifndef LB_EVAL_MESSAGE_H
#define LB_EVAL_MESSAGE_H

#include "grammar/base/str.h"
#include "runtime/eval/scratch.h"

/* Field names that the proxy itself looks at; kept with each field so that no name is compared twice. */
enum http_name {
	HN_OTHER, HN_HOST, HN_CONNECTION, HN_CONTENT_LENGTH, HN_TRANSFER_ENCODING, HN_UPGRADE, HN_EXPECT, HN_COOKIE, HN_SET_COOKIE,
	HN_KEEP_ALIVE, HN_PROXY_CONNECTION, HN_TE, HN_TRAILER, HN_X_FORWARDED_FOR, HN_AUTHORIZATION, HN_CACHE_CONTROL, HN_DATE,
	HN_LOCATION, HN_COUNT
};
enum http_name http_name_of(struct str name);
/* The same for a name known to be in lower case. */
enum http_name http_name_of_lower(struct str name);

struct http_hdr {
	const char *name, *value; /* value: without white space at both ends */
	uint32_t value_len;
	uint16_t name_len;
	uint8_t id; /* enum http_name */
	uint8_t deleted;
};

enum http_method { HTTP_M_OTHER, HTTP_M_GET, HTTP_M_HEAD, HTTP_M_POST, HTTP_M_PUT, HTTP_M_DELETE, HTTP_M_CONNECT, HTTP_M_OPTIONS,
		   HTTP_M_TRACE, HTTP_M_PATCH };

/* How the body ends (RFC 9112, section 6.3). */
enum http_body { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_UNTIL_CLOSE, HTTP_BODY_TUNNEL };

struct http_msg {
	struct scratch *scratch; /* for what rules add */
	bool is_response, keep_alive, upgrade, expects; /* `expects`: has the Expect field */
	bool edited; /* some header was added, removed or changed: head cannot be sent as received */
	bool start_edited; /* the start line was */
	bool normalized; /* the target is absolute only because HTTP/2 tells scheme and authority: HTTP/1 servers get its path */
	bool as_is; /* no line of the head needs rewriting for the next hop, as long as neither `edited` nor `start_edited` */
	bool conn_close, conn_keep_alive, conn_upgrade; /* what Connection asked for; `close` and `keep-alive` are no longer in the field */
	bool ambiguous; /* both Content-Length and Transfer-Encoding: the connection ends with this message (RFC 9112 section 6.1) */
	bool websocket; /* an upgrade to it is asked for, with its key */
	uint16_t glitches; /* what was wrong with its head, and accepted nevertheless */
	uint8_t version; /* 9, 10, 11, 20, 30 */
	uint8_t method; /* enum http_method; of the request, in responses too */
	uint8_t body;	/* enum http_body */
	uint16_t status;
	uint8_t status_digits; /* as received, zeros in front included; 0: as many as it needs */
	struct str version_text; /* of a version that is none of ours (option accept-invalid-http-request); else empty */
	struct str method_name, uri; /* uri: as in the start line */
	struct str reason;
	uint64_t content_length; /* for HTTP_BODY_LENGTH */
	uint32_t grown; /* bytes that rules have added, at the least, not less what they removed */
	uint32_t counted; /* size of the head as HAProxy counts it for %B and %U: parts of the start line + 20, names, values, 1 */
	uint16_t nhdrs, cap;
	struct str head; /* bytes as received, start line to the empty line, when all in one piece; else empty */
	struct http_hdr *hdrs;
	struct str body_seen; /* bytes of the body at hand, decoded, for req.body and friends; may be incomplete */
	uint64_t chunk_left; /* of the chunk that body_seen ends in */
	bool body_complete;
};

/* Field access; names compare without case (RFC 9110, section 5.1). Deleted fields are skipped. */
struct http_hdr *http_find(struct http_msg *m, struct str name, struct http_hdr *after);
/* Where m->hdrs ends; it may have no memory while there are none. */
static inline struct http_hdr *http_hdrs_end(const struct http_msg *m)
{
	return m->nhdrs ? m->hdrs + m->nhdrs : m->hdrs;
}
struct http_hdr *http_find_id(struct http_msg *m, enum http_name id, struct http_hdr *after);
/* Appends a field; name and value must live as long as the message. Fields may move: pointers to them are stale afterwards. False
 * when there is no memory. */
bool http_add(struct http_msg *m, struct str name, struct str value);
void http_del(struct http_msg *m, struct http_hdr *h);
/* Removes every field of that name behind `after` (NULL: from the first) while the message is being read: the caller knows that it is
 * edited, and counts what it weighs. Returns the bytes of their names and values. */
uint32_t http_drop_id(struct http_msg *m, enum http_name id, struct http_hdr *after);
void http_set_value(struct http_msg *m, struct http_hdr *h, struct str value);
/* Removes every field of that name. */
void http_del_all(struct http_msg *m, struct str name);

/* Parts of the request target (RFC 9110 section 4.2, RFC 9112 section 3.2): scheme and authority of an absolute URI, path without query,
 * path with query, query without `?`. Empty when absent. */
struct str http_uri_scheme(struct str uri);
struct str http_uri_authority(struct str uri);
struct str http_uri_pathq(struct str uri);
struct str http_uri_path(struct str uri);
struct str http_uri_query(struct str uri);
/* The reason phrase that HAProxy writes for a status; never NULL. */
const char *http_reason(unsigned status);

#endif
