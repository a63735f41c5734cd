/* `filter trace`: lines on stderr. They begin as HAProxy's do (time, name and proxy) and say what has happened
 * in our own words, since they tell of the inside of a program. filter_trace.h says the rest. */
#include "runtime/proxy/filter_trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "runtime/proxy/stream.h"

enum { LINE_LEN = 1024, DUMP_WIDTH = 16, DUMP_MOST = 65536 };

__attribute__((format(printf, 2, 3))) static void say(const struct bandwidth *b, const char *format, ...)
{
	const struct stream *s = b->stream;
	struct timeval now = s->session->conn.worker->wall;
	struct str name = b->conf->name.len ? b->conf->name : STR("TRACE");
	const struct proxy *px =
		b->order < s->session->frontend->conf->nfilters ? s->session->frontend : s->backend;
	char line[LINE_LEN], label[64];
	struct out o = out_fixed(line, sizeof(line) - 1);
	va_list ap;

	if (b->conf->quiet)
		return;
	snprintf(label, sizeof(label), "%.*s/%.*s", STR_ARG(name), STR_ARG(px->conf->name));
	out_printf(&o, "%lld.%06d [%-20s] [strm %llx] ", (long long)now.tv_sec, (int)now.tv_usec, label,
		   (unsigned long long)s->log.request_counter);
	va_start(ap, format);
	out_vprintf(&o, format, ap);
	va_end(ap);
	o.buf[o.len] = '\n';
	if (write(STDERR_FILENO, o.buf, o.len + 1) < 0)
		return;
}

static const char *direction(const struct bandwidth *b)
{
	return b->traces_up ? "REQUEST" : "RESPONSE";
}

static void attach(struct stream *s, struct bandwidth **list, const struct filter_conf *f, bool up)
{
	struct bandwidth *b = f->off[!up] ? NULL : bandwidth_place(s, list, f, !up);

	if (!b)
		return;
	b->traces_up = up;
	if (up)
		say(b, "attach    filter-type=%s",
		    b->order < s->session->frontend->conf->nfilters ? "frontend" : "backend");
}

void filter_trace_attach(struct stream *s, struct bandwidth **up, struct bandwidth **down,
			 const struct proxy_conf *px)
{
	for (uint32_t i = 0; i < px->nfilters; i++) {
		const struct filter_conf *f = px->filters[i];

		if (f->kind != FILTER_TRACE || (f->quiet && !f->random_forwarding))
			continue;
		attach(s, up, f, true);
		attach(s, down, f, false);
	}
}

static void say_head(const struct bandwidth *b, const struct http_msg *m)
{
	if (m->is_response)
		say(b, "head      channel=%s %u %.*s", direction(b), m->status, STR_ARG(m->reason));
	else
		say(b, "head      channel=%s %.*s %.*s", direction(b), STR_ARG(m->method_name),
		    STR_ARG(m->uri));
	for (uint32_t i = 0; i < m->nhdrs; i++)
		if (m->hdrs[i].name)
			say(b, "field     channel=%s %.*s: %.*s", direction(b), (int)m->hdrs[i].name_len,
			    m->hdrs[i].name, (int)m->hdrs[i].value_len, m->hdrs[i].value);
}

void filter_trace_head(const struct bandwidth *list, const struct http_msg *m)
{
	for (const struct bandwidth *b = list; b; b = b->next)
		if (b->conf->kind == FILTER_TRACE)
			say_head(b, m);
}

uint32_t filter_trace_allows(const struct bandwidth *b, uint32_t want)
{
	if (!b->conf->random_forwarding)
		return want;
	return 1 + (uint32_t)(worker_random(b->stream->session->conn.worker) % want);
}

/* "0000: 61 62 63 ... abc" */
static void dump_line(const struct bandwidth *b, struct str data, size_t at)
{
	char text[DUMP_WIDTH * 4 + 2];
	size_t n = data.len - at < DUMP_WIDTH ? data.len - at : DUMP_WIDTH;

	memset(text, ' ', sizeof(text));
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)data.ptr[at + i];

		text[i * 3] = "0123456789abcdef"[c >> 4];
		text[i * 3 + 1] = "0123456789abcdef"[c & 15];
		text[DUMP_WIDTH * 3 + i] = c >= ' ' && c < 127 ? (char)c : '.';
	}
	say(b, "%06zx: %.*s", at, (int)(DUMP_WIDTH * 3 + n), text);
}

void filter_trace_passed(const struct bandwidth *b, struct str data)
{
	say(b, "payload   channel=%s forward=%zu", direction(b), data.len);
	for (size_t at = 0; b->conf->hexdump && at < data.len && at < DUMP_MOST; at += DUMP_WIDTH)
		dump_line(b, data, at);
}

void filter_trace_detach(const struct bandwidth *list)
{
	for (const struct bandwidth *b = list; b; b = b->next)
		if (b->conf->kind == FILTER_TRACE && b->traces_up)
			say(b, "detach");
}
