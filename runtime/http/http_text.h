/* A response of HTTP/1 to a request of our own, in a text that grows: whether it is whole, what it says, and
 * how `httpclient` shows it. For small clients, not for traffic. No allocation; any thread. */
#ifndef LB_HTTP_HTTP_TEXT_H
#define LB_HTTP_HTTP_TEXT_H

#include "grammar/base/out.h"

enum http_text_state { HTTP_TEXT_MORE, HTTP_TEXT_WHOLE, HTTP_TEXT_BAD };

struct http_text {
	bool head_only; /* set by the caller: it answers HEAD; by us: its status has no body */
	bool chunked, has_length;
	unsigned status;
	uint64_t length;
	size_t start, body; /* offsets; body: 0 as long as the head is not there. Interim responses stand before
			       start */
	size_t at;          /* of the chunk that is looked at */
};

/* The same text as before, perhaps with more behind it. */
enum http_text_state http_text_look(struct http_text *t, struct str text);
/* Whether the end of the connection is the end of the response. */
bool http_text_may_end(const struct http_text *t);
/* The value of the first field of this name, trimmed; empty: there is none. The head has to be there (t->body).
 */
struct str http_text_field(const struct http_text *t, struct str text, const char *name);
/* The body without its chunks, as far as it is there: so of a whole one, or of one that may end. */
void http_text_body(const struct http_text *t, struct str text, struct out *out);
/* The status line with a line feed, fields with names in lower case, the body without its chunks. Of a whole
 * one. */
void http_text_show(const struct http_text *t, struct str text, struct out *out);

#endif
