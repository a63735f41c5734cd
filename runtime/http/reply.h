/* Responses that the proxy makes itself: errors, `http-request return|deny|redirect|auth`, stored ones. They
 * are messages like those of servers, so that http-after-response rules and the serializer apply to them alike;
 * texts and order of fields are HAProxy 2.6's. Everything lies in the scratch memory or in the model. False: no
 * memory; nothing can be sent but reply_early(). One thread. */
#ifndef LB_HTTP_REPLY_H
#define LB_HTTP_REPLY_H

#include "grammar/base/out.h"
#include "runtime/eval/eval.h"

struct reply {
	struct http_msg
		msg; /* body: HTTP_BODY_LENGTH, NONE, or UNTIL_CLOSE for a stored one that gives no length */
	struct str body;
	bool close; /* the connection ends with it */
};

/* The reply for a status: what the backend (may be NULL) or the frontend configures by errorfile and
 * http-error, else the built-in text. e is only needed for http-error with format strings. */
bool reply_status(struct reply *r, struct eval *e, unsigned status);
/* What an `http-request return|deny|tarpit` rule or an http-error line describes; status: when it gives none.
 */
bool reply_conf(struct reply *r, struct eval *e, const struct reply_conf *conf, unsigned status);
/* The reply of a deciding rule: V_DENY, V_TARPIT (without the delay), V_RETURN, V_REDIRECT, V_AUTH. */
bool reply_rule(struct reply *r, struct eval *e, const struct rule *rule, enum verdict verdict);
/* A document of ours, with no-cache. The body stays where it is. */
bool reply_document(struct reply *r, struct scratch *s, unsigned status, struct str type, struct str body);
/* 302 to a prefix and a path; the connection ends with it. */
bool reply_moved(struct reply *r, struct scratch *s, struct str prefix, struct str path);
/* A complete stored response, head and body. */
bool reply_raw(struct reply *r, struct scratch *s, struct str bytes);

/* Errors found before there is a message (400, 408, 413, 422 ...): the bytes of the errorfile, or the built-in
 * reply as HAProxy writes it there, fields in mixed case. fe may be NULL. */
void reply_early(struct out *out, const struct proxy_conf *fe, unsigned status);

/* What the head counts for in the byte counters, after it was changed. */
void reply_count(struct http_msg *m);

#endif
