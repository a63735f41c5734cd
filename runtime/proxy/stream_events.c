/* Lines of debug mode, in HAProxy's form: "00000001:web.clireq[000a:ffffffff]: GET / HTTP/1.1". The number is
 * the request's (%rt); in brackets are the descriptors of client and server. A line is never longer than a
 * buffer of messages was. */
#include "runtime/proxy/stream_events.h"

#include <ctype.h>
#include <unistd.h>

#include "runtime/http/mux.h"
#include "runtime/net/address.h"
#include "runtime/net/listener.h"

enum { EVENT_BYTES = 1 << 20, NO_FD = -1 };

static int client_fd(const struct stream *s)
{
	return conn_carrier(&s->session->conn)->io.fd;
}

static int server_fd(const struct stream *s)
{
	return s->server.conn ? conn_carrier(&s->server.conn->conn)->io.fd : NO_FD;
}

static struct str proxy_name(const struct stream *s)
{
	return (s->backend ? s->backend : s->session->frontend)->conf->name;
}

static void put_place(struct out *o, const struct stream *s, const char *what)
{
	out_printf(o, "%08x:%.*s.%s", s->log.request_counter, STR_ARG(proxy_name(s)), what);
}

static void put_accept(struct out *o, const struct stream *s)
{
	const struct session *root = session_root(s->session);
	struct str alpn = conn_alpn(&root->conn);

	out_printf(o, "%08x:%.*s.accept(%04x)=%04x from [", s->log.request_counter,
		   STR_ARG(root->frontend->conf->name), (unsigned)root->listener->fd, (unsigned)client_fd(s));
	address_put(o, &root->src);
	out_printf(o, "] ALPN=%.*s\n", STR_ARG(alpn.len ? alpn : STR("<none>")));
}

/* Names of fields are told in lower case, as they are kept in HTTP/2 (RFC 9113, section 8.2). */
static void put_field(struct out *o, const struct http_hdr *h)
{
	for (uint16_t i = 0; i < h->name_len; i++)
		out_char(o, (char)tolower((unsigned char)h->name[i]));
	out_printf(o, ": %.*s\n", (int)h->value_len, h->value);
}

static void put_version(struct out *o, const struct http_msg *m)
{
	if (m->version_text.len)
		out_str(o, m->version_text);
	else
		out_printf(o, "HTTP/%u.%u", m->version / 10u, m->version % 10u);
}

static void put_start(struct out *o, const struct http_msg *m)
{
	if (m->is_response) {
		put_version(o, m);
		out_printf(o, " %u %.*s\n", m->status, STR_ARG(m->reason));
		return;
	}
	out_printf(o, "%.*s %.*s ", STR_ARG(m->method_name), STR_ARG(m->uri));
	put_version(o, m);
	out_char(o, '\n');
}

/* A request is told before there can be a server. */
static void put_head(struct out *o, const struct stream *s, bool back, const struct http_msg *m)
{
	unsigned client = (unsigned)client_fd(s), server = (unsigned)(back ? server_fd(s) : NO_FD);

	put_place(o, s, back ? "srvrep" : "clireq");
	out_printf(o, "[%04x:%04x]: ", client, server);
	put_start(o, m);
	for (const struct http_hdr *h = m->hdrs; h < http_hdrs_end(m); h++) {
		if (h->deleted)
			continue;
		put_place(o, s, back ? "srvhdr" : "clihdr");
		out_printf(o, "[%04x:%04x]: ", client, server);
		put_field(o, h);
	}
}

static void put_end(struct out *o, const struct stream *s, const char *what)
{
	put_place(o, s, what);
	out_printf(o, "[%04x:%04x]\n", (uint16_t)client_fd(s), (uint16_t)server_fd(s));
}

static void put_moment(struct out *o, const struct stream *s, enum stream_moment moment, bool back,
		       const struct http_msg *m)
{
	bool http = s->session->is_http;

	if (moment == STREAM_BEGINS && !http)
		put_accept(o, s);
	if (moment == HEAD_RECEIVED) {
		if (!back)
			put_accept(o, s);
		put_head(o, s, back, m);
	}
	if (moment != STREAM_ENDS || (http && !s->counted_request))
		return;
	put_end(o, s, "clicls");
	if (s->log.t_connect >= 0)
		put_end(o, s, "srvcls");
	put_end(o, s, "closed");
}

void stream_event_show(const struct stream *s, enum stream_moment moment, bool back,
		       const struct http_msg *message)
{
	struct out text = out_growing(EVENT_BYTES);
	struct str lines;

	put_moment(&text, s, moment, back, message);
	lines = out_get(&text);
	while (lines.len) {
		ssize_t n = write(STDOUT_FILENO, lines.ptr, lines.len);

		if (n <= 0)
			break; /* nobody reads: what is shown is lost, traffic goes on */
		lines = str_tail(lines, (size_t)n);
	}
	out_free(&text);
}
