/* One HTTP request of our own, for `httpclient` on the control socket: connect, perhaps with TLS, send, read
 * the answer. It blocks where it likes, on a thread of its own; the worker that asked is woken by an eventfd.
 */
#ifndef LB_CLI_HTTP_FETCH_H
#define LB_CLI_HTTP_FETCH_H

#include "grammar/base/out.h"
#include "grammar/model.h"

struct http_fetch;

/* NULL: the method is none that is known, the URL has no scheme or host, or memory is out. Everything is
 * copied. conf: global keywords `httpclient.*`. Any thread. */
struct http_fetch *http_fetch_start(const struct httpclient_conf *conf, struct str method, struct str url);
/* Readable when it is over. */
int http_fetch_event(const struct http_fetch *f);
bool http_fetch_is_over(const struct http_fetch *f);
/* What came, once it is over: the status line with a line feed, fields, body; a page of our own when nothing
 * did. Lives as long as f. */
struct str http_fetch_answer(const struct http_fetch *f);
/* The thread ends soon, over or not. */
void http_fetch_release(struct http_fetch **f);

#endif
