/* HTTP checks over HTTP/2 (manual, "check-proto", "check-alpn"): what the check says as HTTP/1 goes out as a
 * stream of an nghttp2 session, and what comes back becomes a response of HTTP/1 in the check's buffer, so that
 * steps and expectations need not know. Each connection of a check carries one request after the other. Owned
 * by the check; its worker only. */
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/health/check_run.h"

enum { HEADERS_MAX = 101, HEAD_MAX = 16384 };

struct check_h2 {
	nghttp2_session *ng;
	int32_t stream;  /* of the request under way */
	struct out sent; /* that request as HTTP/1 */
	struct str body; /* what is left of its body, in `sent` */
	bool broken;     /* nothing more can be sent or kept */
};

/* --- what nghttp2 calls */

static ssize_t on_send(nghttp2_session *ng, const uint8_t *data, size_t len, int flags, void *user)
{
	struct check *k = user;

	(void)ng, (void)flags;
	out_bytes(&k->request, data, len);
	return k->request.truncated ? NGHTTP2_ERR_CALLBACK_FAILURE : (ssize_t)len;
}

/* As far as there is room: the rest is not looked at. */
static void keep(struct check *k, const char *data, size_t len)
{
	if (!buf_take(k->worker, &k->in)) {
		k->h2->broken = true;
		return;
	}
	if (len > buf_room(&k->in))
		len = buf_room(&k->in);
	memcpy(k->in.data + k->in.off + k->in.len, data, len);
	k->in.len += (uint32_t)len;
}

static void keep_text(struct check *k, const char *text)
{
	keep(k, text, strlen(text));
}

static bool is_wanted(const struct check *k, int32_t stream)
{
	return k->h2 && stream == k->h2->stream;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct check *k = user;

	(void)ng, (void)flags;
	if (!is_wanted(k, frame->hd.stream_id) || frame->headers.cat == NGHTTP2_HCAT_HEADERS)
		return 0; /* trailers */
	if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
		keep_text(k, "HTTP/2.0 ");
		keep(k, (const char *)value, value_len);
		keep_text(k, " ");
	} else {
		keep_text(k, "\r\n");
		keep(k, (const char *)name, name_len);
		keep_text(k, ": ");
		keep(k, (const char *)value, value_len);
	}
	return 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct check *k = user;

	(void)ng;
	if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code)
		k->no_more = true;
	if (!is_wanted(k, frame->hd.stream_id))
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat != NGHTTP2_HCAT_HEADERS)
		keep_text(k, "\r\n\r\n");
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		k->no_more = true;
	return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t stream, const uint8_t *data, size_t len,
		   void *user)
{
	struct check *k = user;

	(void)ng, (void)flags;
	if (is_wanted(k, stream))
		keep(k, (const char *)data, len);
	return 0;
}

static int on_close(nghttp2_session *ng, int32_t stream, uint32_t code, void *user)
{
	struct check *k = user;

	(void)ng, (void)code;
	if (is_wanted(k, stream))
		k->no_more = true;
	return 0;
}

static ssize_t read_body(nghttp2_session *ng, int32_t stream, uint8_t *buf, size_t len, uint32_t *flags,
			 nghttp2_data_source *source, void *user)
{
	struct check_h2 *h = source->ptr;

	(void)ng, (void)stream, (void)user;
	if (len >= h->body.len) {
		len = h->body.len;
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	}
	memcpy(buf, h->body.ptr, len);
	h->body = str_tail(h->body, len);
	return (ssize_t)len;
}

/* --- the request */

static void name_value(nghttp2_nv *nv, struct str name, struct str value)
{
	*nv = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name.ptr,
			   .value = (uint8_t *)(uintptr_t)value.ptr,
			   .namelen = name.len,
			   .valuelen = value.len};
}

struct str check_line_take(struct str *rest)
{
	struct str line = str_sub(*rest, 0, str_chr(*rest, '\n'));

	*rest = str_tail(*rest, line.len + 1);
	return line.len && line.ptr[line.len - 1] == '\r' ? str_sub(line, 0, line.len - 1) : line;
}

/* Fields of the connection do not exist in HTTP/2 (RFC 9113, section 8.2.2). */
static bool is_of_connection(struct str name)
{
	return str_ieq(name, STR("connection")) || str_ieq(name, STR("transfer-encoding")) ||
	       str_ieq(name, STR("upgrade")) || str_ieq(name, STR("keep-alive"));
}

/* The fields of our own request: those of the first line, then the others; what is left is the body. */
static size_t fields_of(struct str *rest, nghttp2_nv *nv)
{
	struct str line = check_line_take(rest), method = str_sub(line, 0, str_chr(line, ' '));
	struct str path = str_tail(line, method.len + 1);
	size_t n = 0;

	path = str_sub(path, 0, str_chr(path, ' '));
	name_value(&nv[n++], STR(":method"), method);
	name_value(&nv[n++], STR(":scheme"),
		   STR("https")); /* also in clear, and with the host as a field: as HAProxy */
	name_value(&nv[n++], STR(":path"), path);
	while ((line = check_line_take(rest)).len && n < HEADERS_MAX) {
		size_t colon = str_chr(line, ':');
		struct str name = str_sub(line, 0, colon), value = str_trim(str_tail(line, colon + 1));

		if (!is_of_connection(name))
			name_value(&nv[n++], name, value);
	}
	return n;
}

bool check_h2_request(struct check *k)
{
	struct check_h2 *h = k->h2;
	nghttp2_nv nv[HEADERS_MAX];
	nghttp2_data_provider body = {.source.ptr = h, .read_callback = read_body};
	struct str rest;
	size_t n;

	out_free(&h->sent);
	h->sent = k->request;
	k->request = out_growing(1 << 16);
	rest = out_get(&h->sent);
	n = fields_of(&rest, nv);
	h->body = rest;
	h->stream = nghttp2_submit_request(h->ng, NULL, nv, n, rest.len ? &body : NULL, NULL);
	k->no_more = false;
	return h->stream > 0 && !nghttp2_session_send(h->ng);
}

/* --- the connection */

static nghttp2_session *session_new(struct check *k)
{
	static const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
							  {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_MAX}};
	nghttp2_session_callbacks *cb;
	nghttp2_session *ng = NULL;

	if (nghttp2_session_callbacks_new(&cb))
		return NULL;
	nghttp2_session_callbacks_set_send_callback(cb, on_send);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	if (!nghttp2_session_client_new(&ng, cb, k) &&
	    nghttp2_submit_settings(ng, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(*settings))) {
		nghttp2_session_del(ng);
		ng = NULL;
	}
	nghttp2_session_callbacks_del(cb);
	return ng;
}

bool check_h2_begin(struct check *k)
{
	k->h2 = calloc(1, sizeof(*k->h2));
	if (!k->h2)
		return false;
	k->h2->ng = session_new(k);
	if (k->h2->ng)
		return true;
	check_h2_end(k);
	return false;
}

void check_h2_end(struct check *k)
{
	struct check_h2 *h = k->h2;

	k->h2 = NULL;
	if (!h)
		return;
	nghttp2_session_del(h->ng);
	out_free(&h->sent);
	free(h);
}

ssize_t check_h2_receive(struct check *k)
{
	struct check_h2 *h = k->h2;
	char data[4096];
	ssize_t n = k->conn->transport->recv(k->conn, data, sizeof(data));
	struct out request = k->request;

	if (n <= 0)
		return n;
	if (nghttp2_session_mem_recv(h->ng, (const uint8_t *)data, (size_t)n) < 0 || h->broken)
		return 0; /* as if it had closed: judged by what is there */
	/* Answers to settings and the like: little enough for any socket. */
	k->request = out_growing(1 << 16);
	if (!nghttp2_session_send(h->ng) && k->request.len) {
		struct iovec iov = {k->request.buf, k->request.len};

		conn_sendv(k->conn, &iov, 1, false);
	}
	out_free(&k->request);
	k->request = request;
	return n;
}
