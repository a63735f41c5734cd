/* Captured messages: made by workers, shown by the control socket, under one lock of the process, which is held
 * while a pointer or some kilobytes are copied. A capture belongs to its proxy. */
#include "runtime/proxy/error_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/net/address.h"
#include "runtime/backend/server.h"
#include "runtime/http/h1_fault.h"

enum { NAME_ROOM = 128, LINE_WIDTH = 70, BUFFER_TAIL = 48 /* HAProxy keeps them for itself */ };

struct error_capture {
	struct timeval when;
	uint64_t event;
	union addr src;
	char other[NAME_ROOM], server[NAME_ROOM]; /* names: their owners may be gone when they are shown */
	int64_t other_id, server_id;
	struct h1_fault fault;
	uint32_t room, len;
	char bytes[];
};

static void name_keep(char to[NAME_ROOM], int64_t *id, const struct str *name, int64_t number)
{
	snprintf(to, NAME_ROOM, "%.*s", name ? (int)name->len : 6, name ? name->ptr : "<NONE>");
	*id = name ? number : -1;
}

void error_capture(struct session *s, bool response, const struct proxy *backend, const struct server *server,
		   struct str bytes, uint32_t room)
{
	struct worker *w = s->conn.worker;
	struct process *p = w->process;
	const struct proxy *at = response && backend ? backend : s->frontend,
			   *other = response ? s->frontend : backend;
	struct error_capture *e = malloc(sizeof(*e) + bytes.len), *old;

	if (!e)
		return;
	*e = (struct error_capture){.when = w->wall, .src = s->src, .room = room, .len = (uint32_t)bytes.len};
	memcpy(e->bytes, bytes.ptr, bytes.len);
	e->fault = h1_fault_find(e->bytes, e->len, response);
	name_keep(e->other, &e->other_id, other ? &other->conf->name : NULL, other ? (int64_t)other->conf->id : -1);
	name_keep(e->server, &e->server_id, server ? &server->conf->name : NULL,
		  server ? (int64_t)server->conf->id : -1);
	e->event = atomic_fetch_add(&p->error_events, 1);
	pthread_mutex_lock(&p->errors_lock);
	old = at->errors[response];
	((struct proxy *)(uintptr_t)at)->errors[response] = e;
	pthread_mutex_unlock(&p->errors_lock);
	free(old);
}

void error_captures_free(struct proxy *px)
{
	free(px->errors[0]);
	free(px->errors[1]);
}

/* --- showing */

bool error_capture_concerns(struct process *p, const struct proxy *px, bool response, struct str name,
			    int64_t id)
{
	const struct error_capture *e;
	bool is;

	pthread_mutex_lock(&p->errors_lock);
	e = px->errors[response];
	is = e && (id != ERROR_BY_NAME ? e->other_id == id : e->other_id >= 0 && str_eq(str_from(e->other), name));
	pthread_mutex_unlock(&p->errors_lock);
	return is;
}

static struct error_capture *copy_of(struct process *p, const struct proxy *px, bool response)
{
	struct error_capture *copy = NULL;

	pthread_mutex_lock(&p->errors_lock);
	if (px->errors[response]) {
		size_t size = sizeof(*copy) + px->errors[response]->len;

		copy = malloc(size);
		if (copy)
			memcpy(copy, px->errors[response], size);
	}
	pthread_mutex_unlock(&p->errors_lock);
	return copy;
}

/* One byte as it is shown; how many characters that takes. */
static int byte_text(unsigned char c, char text[8])
{
	static const char specials[] = "\t\n\r\x1b\\", letters[] = "tnre\\";
	const char *special = c ? strchr(specials, c) : NULL;

	if (special)
		return snprintf(text, 8, "\\%c", letters[special - specials]);
	if (c >= 0x20 && c < 0x7f)
		return snprintf(text, 8, "%c", c);
	return snprintf(text, 8, "\\x%02X", c);
}

/* Lines of the message, long ones in pieces that a `+` continues. */
static void put_bytes(struct out *out, const struct error_capture *e)
{
	bool goes_on = false;
	uint32_t i = 0;

	while (i < e->len) {
		int width = 0;

		out_printf(out, "  %05u%c ", i, goes_on ? '+' : ' ');
		goes_on = true;
		while (i < e->len && goes_on) {
			char text[8];
			int n = byte_text((unsigned char)e->bytes[i], text);

			if (width + n > LINE_WIDTH)
				break;
			width += n;
			out_puts(out, text);
			goes_on = e->bytes[i++] != '\n';
		}
		out_char(out, '\n');
	}
}

static void put_capture(struct out *out, const struct proxy *px, bool response, const struct error_capture *e)
{
	char date[40];
	struct tm tm;
	unsigned flags = 0x1400u | (response ? 4 : 0) | (e->fault.version_11 && e->fault.line_done ? 0x10 : 0) |
			 (e->fault.has_length ? 1 : 0);

	localtime_r(&e->when.tv_sec, &tm);
	strftime(date, sizeof(date), "%d/%b/%Y:%H:%M:%S", &tm);
	out_printf(out, " \n[%s.%03d] %s %.*s (#%u): invalid %s\n", date, (int)(e->when.tv_usec / 1000),
		   response ? "backend" : "frontend", STR_ARG(px->conf->name), px->conf->id,
		   response ? "response" : "request");
	out_printf(out, "  %s %s (#%lld), server %s (#%lld), event #%llu, src ",
		   response ? "frontend" : "backend", e->other, (long long)e->other_id, e->server,
		   (long long)e->server_id, (unsigned long long)e->event);
	address_put(out, &e->src);
	out_printf(
		out,
		"\n  buffer starts at 0 (including 0 out), %u free,\n  len %u, wraps at %u, error at position "
		"%u\n"
		"  H1 connection flags 0x00000000, H1 stream flags 0x00000000\n"
		"  H1 msg state %s, H1 msg flags 0x%08x\n  H1 chunk len 0 bytes, H1 body len 0 bytes :\n  \n",
		e->room > e->len ? e->room - e->len : 0, e->len, e->room - BUFFER_TAIL, e->fault.pos,
		e->fault.state, flags);
	put_bytes(out, e);
}

void error_capture_put(struct process *p, struct proxy *px, bool response, struct out *out)
{
	struct error_capture *e = copy_of(p, px, response);

	if (e)
		put_capture(out, px, response, e);
	free(e);
}
