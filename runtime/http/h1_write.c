/* Writing heads: lines that lie in the receive buffer in the form in which they are to be sent are queued as
 * slices, neighbours as one. Everything else (changed, added, oddly written) is written into short pieces of
 * scratch memory. When a queue has no slice left, it is flattened into one piece. One thread. */
#include "runtime/http/h1_write.h"

enum { COPY_ROOM = 256, STATUS_DIGITS = 5 };

void h1_out_init(struct h1_out *o, struct scratch *scratch)
{
	o->scratch = scratch;
	o->n = o->first = 0;
	o->failed = false;
	o->adjust = NULL;
	o->bytes = 0;
	o->copy_room = o->copy = o->copy_end = NULL;
}

/* All that is queued becomes one piece. */
static bool out_flatten(struct h1_out *o)
{
	char *flat = scratch_alloc(o->scratch, o->bytes ? o->bytes : 1), *to = flat;

	if (!flat)
		return false;
	for (int i = o->first; i < o->n; i++) {
		memcpy(to, o->iov[i].iov_base, o->iov[i].iov_len);
		to += o->iov[i].iov_len;
	}
	o->iov[0] = (struct iovec){flat, o->bytes};
	o->first = 0;
	o->n = 1;
	return true;
}

void h1_out_slice(struct h1_out *o, const char *data, size_t len)
{
	struct iovec *last = o->n > o->first ? &o->iov[o->n - 1] : NULL;

	if (!len)
		return;
	if (last && (char *)last->iov_base + last->iov_len == data) {
		last->iov_len += len;
		o->bytes += len;
		return;
	}
	if (o->n == H1_OUT_IOV && !out_flatten(o)) {
		o->failed = true;
		return;
	}
	o->iov[o->n++] = (struct iovec){(void *)(uintptr_t)data, len};
	o->bytes += len;
}

/* Room for len bytes that follow the last copied ones where possible; NULL (and o->failed) without memory. */
static char *out_room(struct h1_out *o, size_t len)
{
	char *room = o->copy;

	if ((size_t)(o->copy_end - o->copy) < len || !room) {
		size_t size = len > COPY_ROOM / 2 ? len : COPY_ROOM;

		room = scratch_alloc(o->scratch, size);
		if (!room) {
			o->failed = true;
			return NULL;
		}
		o->copy_room = room;
		o->copy_end = room + size;
	}
	o->copy = room + len;
	return room;
}

void h1_out_copy(struct h1_out *o, struct str text)
{
	char *room = text.len ? out_room(o, text.len) : NULL;

	if (!room)
		return;
	memcpy(room, text.ptr, text.len);
	h1_out_slice(o, room, text.len);
}

void h1_out_chunk_size(struct h1_out *o, uint64_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	char text[18], *p = text + sizeof(text);

	*--p = '\n';
	*--p = '\r';
	do {
		*--p = hex[size & 15];
		size >>= 4;
	} while (size);
	h1_out_copy(o, str_make(p, (size_t)(text + sizeof(text) - p)));
}

void h1_out_sent(struct h1_out *o, size_t n)
{
	o->bytes -= n;
	while (n) {
		struct iovec *v = &o->iov[o->first];

		if (n < v->iov_len) {
			v->iov_base = (char *)v->iov_base + n;
			v->iov_len -= n;
			return;
		}
		n -= v->iov_len;
		o->first++;
	}
	if (!o->bytes) {
		o->n = o->first = 0;
		o->copy = o->copy_room;
	}
}

static void copy_lower(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] | 0x20 : from[i]);
}

/* Names are in lower case, unless the configuration wants another one (manual, "h1-case-adjust"). */
static void adjust_case(const struct map *adjust, char *name, size_t len)
{
	const struct str *as = map_get(adjust, str_make(name, len));

	if (as)
		memcpy(name, as->ptr, len);
}

/* "name: value\r\n" anew. */
static void write_line(struct h1_out *o, struct str name, struct str value)
{
	size_t len = name.len + value.len + 4;
	char *line = out_room(o, len);

	if (!line)
		return;
	copy_lower(line, name.ptr, name.len);
	if (o->adjust)
		adjust_case(o->adjust, line, name.len);
	line[name.len] = ':';
	line[name.len + 1] = ' ';
	if (value.len)
		memcpy(line + name.len + 2, value.ptr, value.len);
	memcpy(line + len - 2, "\r\n", 2);
	h1_out_slice(o, line, len);
}

/* Does the line lie in the received head in the form in which it is to be sent? */
static bool line_is_sound(const struct http_msg *m, const struct http_hdr *h)
{
	const char *value = h->name + h->name_len + 2;

	if ((uintptr_t)h->name - (uintptr_t)m->head.ptr >= m->head.len || h->value != value)
		return false;
	return value[-2] == ':' && value[-1] == ' ' && value[h->value_len] == '\r' &&
	       value[h->value_len + 1] == '\n';
}

static void write_fields(struct h1_out *o, struct http_msg *m)
{
	const char *run = NULL, *run_end = NULL; /* sound lines, one behind the other */

	for (struct http_hdr *h = m->hdrs; h < http_hdrs_end(m); h++) {
		bool sound;

		if (h->deleted)
			continue;
		sound = !o->adjust && line_is_sound(m, h);
		if (!sound || h->name != run_end) {
			h1_out_slice(o, run, (size_t)(run_end - run));
			run = run_end = sound ? h->name : NULL;
		}
		if (sound)
			run_end = h->value + h->value_len + 2;
		else
			write_line(o, str_make(h->name, h->name_len), str_make(h->value, h->value_len));
	}
	h1_out_slice(o, run, (size_t)(run_end - run));
}

/* The version that we speak: what is above 1.1 becomes it. */
static void version_text(const struct http_msg *m, char text[8])
{
	unsigned version = m->version > 11 ? 11 : m->version;

	memcpy(text, "HTTP/", 5);
	text[5] = (char)('0' + version / 10);
	text[6] = '.';
	text[7] = (char)('0' + version % 10);
}

/* Behind its end. */
static char *version_put(const struct http_msg *m, char *p)
{
	if (m->version_text.len && m->version < 11)
		return mempcpy(p, m->version_text.ptr, m->version_text.len);
	version_text(m, p);
	return p + 8;
}

static void write_request_line(struct h1_out *o, const struct http_msg *m)
{
	struct str path = m->normalized ? http_uri_pathq(m->uri) : m->uri,
		   uri = path.len || !m->normalized ? path : STR("/");
	size_t len = m->method_name.len + uri.len + m->version_text.len + 12;
	char *line = out_room(o, len), *p = line;

	if (!line)
		return;
	memcpy(p, m->method_name.ptr, m->method_name.len);
	p += m->method_name.len;
	*p++ = ' ';
	memcpy(p, uri.ptr, uri.len);
	p += uri.len;
	*p++ = ' ';
	p = version_put(m, p);
	p = mempcpy(p, "\r\n", 2);
	h1_out_slice(o, line, (size_t)(p - line));
}

/* With as many digits as it came with. Behind its end. */
static char *status_put(const struct http_msg *m, char *p)
{
	unsigned rest = m->status, digits = m->status_digits ? m->status_digits : 1;

	for (unsigned limit = 10, n = 1; n < STATUS_DIGITS && m->status >= limit; limit *= 10)
		digits = digits > ++n ? digits : n;
	for (unsigned i = digits; i-- > 0; rest /= 10)
		p[i] = (char)('0' + rest % 10);
	return p + digits;
}

static void write_status_line(struct h1_out *o, const struct http_msg *m)
{
	size_t len = 12 + STATUS_DIGITS + m->version_text.len + m->reason.len;
	char *line = out_room(o, len), *p = line;

	if (!line)
		return;
	p = version_put(m, p);
	*p++ = ' ';
	p = status_put(m, p);
	*p++ = ' ';
	if (m->reason.len)
		memcpy(p, m->reason.ptr, m->reason.len);
	p += m->reason.len;
	memcpy(p, "\r\n", 2);
	h1_out_slice(o, line, (size_t)(p + 2 - line));
}

static void write_start_line(struct h1_out *o, const struct http_msg *m)
{
	const char *eol;

	if (!m->start_edited && m->head.len && (eol = memchr(m->head.ptr, '\n', m->head.len)) &&
	    eol[-1] == '\r')
		h1_out_slice(o, m->head.ptr, (size_t)(eol + 1 - m->head.ptr));
	else if (m->is_response)
		write_status_line(o, m);
	else
		write_request_line(o, m);
}

void h1_write_head(struct h1_out *o, struct http_msg *m, struct str connection)
{
	static const struct str name = {"connection", 10};

	if (m->as_is && !m->edited && !m->start_edited && !o->adjust) {
		h1_out_slice(o, m->head.ptr, m->head.len - (connection.len ? 2 : 0));
		if (!connection.len)
			return;
	} else {
		write_start_line(o, m);
		write_fields(o, m);
	}
	if (connection.len)
		write_line(o, name, connection);
	h1_out_copy(o, STR("\r\n"));
}

void h1_write_trailers(struct h1_out *o, struct http_msg *m)
{
	write_fields(o, m);
	h1_out_copy(o, STR("\r\n"));
}
