/* The aliases of log formats, one function per kind of value, with HAProxy 2.6's exact texts. Reads the log
 * record and the addresses of the subject. One thread. */
#include "runtime/eval/logfmt_alias.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "grammar/rows.h"

/* --- numbers and addresses */

static void put_number(struct out *out, struct logfmt_style style, uint64_t n)
{
	if (style.flags & LOGFMT_HEX)
		out_printf(out, "%04llX", (unsigned long long)n);
	else
		out_decimal(out, n);
}

static inline void put_count(struct out *out, int64_t n)
{
	if (n < 0)
		out_char(out, '-');
	out_decimal(out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

static inline void put_quote(struct out *out, struct logfmt_style style)
{
	if (style.flags & LOGFMT_QUOTE)
		out_char(out, '"');
}

static void put_quoted(struct out *out, struct logfmt_style style, struct str text)
{
	put_quote(out, style);
	out_str(out, text);
	put_quote(out, style);
}

/* Manual, flag X: addresses as hexadecimal digits, never quoted. */
static void put_hex_ip(struct out *out, const union addr *a)
{
	const unsigned char *p =
		a->family == AF_INET ? (const unsigned char *)&a->in.sin_addr : a->in6.sin6_addr.s6_addr;

	for (int i = 0; i < (a->family == AF_INET ? 4 : 16); i++)
		out_printf(out, "%02X", p[i]);
}

/* inet_ntop() is printf. */
static void put_ipv4(struct out *out, const uint8_t ip[4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			out_char(out, '.');
		out_decimal(out, ip[i]);
	}
}

static void put_ip(struct out *out, struct logfmt_style style, const union addr *a)
{
	char text[INET6_ADDRSTRLEN];

	if (!a || a->family == AF_UNSPEC) {
		logfmt_put_word(out, style, STR_NONE);
		return;
	}
	if (a->family != AF_UNIX && style.flags & LOGFMT_HEX) {
		put_hex_ip(out, a);
		return;
	}
	put_quote(out, style);
	if (a->family == AF_INET)
		put_ipv4(out, (const uint8_t *)&a->in.sin_addr);
	else if (a->family == AF_INET6 && inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text)))
		out_puts(out, text);
	else
		out_puts(out, "unix");
	put_quote(out, style);
}

/* A unix socket has no port: the id of its `bind` line stands for it. */
static void put_port(struct out *out, struct logfmt_style style, const union addr *a,
		     const struct bind_conf *bind)
{
	if (!a || a->family == AF_UNSPEC)
		logfmt_put_word(out, (struct logfmt_style){.http = style.http, .raw = style.raw}, STR_NONE);
	else if (a->family == AF_INET)
		put_number(out, style, ntohs(a->in.sin_port));
	else if (a->family == AF_INET6)
		put_number(out, style, ntohs(a->in6.sin6_port));
	else
		put_number(out, style, bind ? bind->id : 0);
}

/* --- dates */

static void date_format(struct eval_date *d, time_t second, bool gmt)
{
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm;

	if (gmt)
		gmtime_r(&second, &tm);
	else
		localtime_r(&second, &tm);
	snprintf(d->text, sizeof(d->text), "%02u/%s/%04u:%02u:%02u:%02u", (unsigned)tm.tm_mday % 100u,
		 months[tm.tm_mon], ((unsigned)tm.tm_year + 1900) % 10000u, (unsigned)tm.tm_hour % 100u,
		 (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u);
	snprintf(d->zone, sizeof(d->zone), "%c%02u%02u", tm.tm_gmtoff < 0 ? '-' : '+',
		 (unsigned)(labs(tm.tm_gmtoff) / 3600) % 100u, (unsigned)(labs(tm.tm_gmtoff) / 60) % 60u);
	d->second = second;
}

const struct eval_date *logfmt_date(struct eval *e, time_t second, bool gmt, struct eval_date *space)
{
	struct eval_date *d = !e->dates ? space : gmt ? &e->dates->gmt : &e->dates->local;

	if (d == space || d->second != second)
		date_format(d, second, gmt);
	return d;
}

static void put_date(struct eval *e, struct out *out, const struct timeval *when, bool gmt, bool zone)
{
	struct eval_date space;
	const struct eval_date *d = logfmt_date(e, when->tv_sec, gmt, &space);

	out_puts(out, d->text);
	if (zone)
		out_printf(out, " %s", d->zone);
	else
		out_bytes(out,
			  (const char[]){'.', (char)('0' + when->tv_usec / 100000 % 10),
					 (char)('0' + when->tv_usec / 10000 % 10),
					 (char)('0' + when->tv_usec / 1000 % 10)},
			  4);
}

/* --- the request */

static struct str request_version(const struct log_record *r)
{
	if (r->version_text.len)
		return r->version_text;
	switch (r->version) {
	case 9:
		return STR("HTTP/0.9");
	case 10:
		return STR("HTTP/1.0");
	case 20:
		return STR("HTTP/2.0");
	case 30:
		return STR("HTTP/3.0");
	default:
		return STR("HTTP/1.1");
	}
}

void log_record_cut(struct log_record *r, uint32_t limit)
{
	size_t uri = r->method.len + 1, version = uri + r->uri.len + 1;
	struct str text = request_version(r);

	if (version + text.len <= limit)
		return;
	r->cut = limit < uri ? LOG_CUT_METHOD : limit < version ? LOG_CUT_TARGET : LOG_CUT_VERSION;
	r->method = str_sub(r->method, 0, limit);
	r->uri = str_sub(r->uri, 0, limit > uri ? limit - uri : 0);
	r->version_text = str_sub(text, 0, limit > version ? limit - version : 0);
}

static struct str before_query(struct str uri)
{
	return str_sub(uri, 0, str_chr(uri, '?'));
}

static struct str from_query(struct str uri)
{
	return str_tail(uri, str_chr(uri, '?'));
}

/* "GET / HTTP/1.1" */
static void put_request_line(const struct log_record *r, struct logfmt_style style, struct out *out)
{
	put_quote(out, style);
	logfmt_put_text(out, style, r->method);
	if (r->cut != LOG_CUT_METHOD) {
		out_char(out, ' ');
		logfmt_put_text(out, style, r->uri);
	}
	if (r->cut != LOG_CUT_METHOD && r->cut != LOG_CUT_TARGET) {
		out_char(out, ' ');
		out_str(out, r->cut ? r->version_text : request_version(r));
	}
	put_quote(out, style);
}

static void put_request(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out)
{
	const struct log_record *r = e->log;
	struct str part;

	if (r->bad_request || (!r->method.len && !r->cut) ||
	    (r->cut == LOG_CUT_METHOD && alias != LOGFMT_R && alias != LOGFMT_HQ)) {
		put_quoted(out, style, STR("<BADREQ>"));
		return;
	}
	switch (alias) {
	case LOGFMT_R:
		put_request_line(r, style, out);
		return;
	case LOGFMT_HM:
		part = r->method;
		break;
	case LOGFMT_HP:
		part = before_query(r->uri);
		break;
	case LOGFMT_HPO:
		part = before_query(http_uri_pathq(r->uri));
		break;
	case LOGFMT_HQ:
		part = from_query(r->uri);
		break;
	case LOGFMT_HV:
		part = r->cut && !r->version_text.len ? STR("HTTP/0.9") : request_version(r);
		break;
	default:
		part = r->uri;
	}
	if (part.len || style.flags & LOGFMT_QUOTE)
		logfmt_put_word(out, style, part);
}

/* --- captures */

/* {a|b|c} */
static void put_captures(const struct str *slots, uint32_t n, struct logfmt_style style, struct out *out)
{
	const char *quote = style.flags & LOGFMT_QUOTE ? "\"" : "";

	if (!n || !slots)
		return;
	out_printf(out, "%s{", quote);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			out_char(out, '|');
		if (slots[i].ptr)
			logfmt_put_capture(out, style, slots[i]);
	}
	out_printf(out, "}%s", quote);
}

static void put_capture_word(struct out *out, struct logfmt_style style, struct str text)
{
	bool quoted = style.flags & LOGFMT_QUOTE;

	if (!text.ptr && !quoted)
		out_char(out, '-');
	put_quote(out, style);
	logfmt_put_capture(out, style, text);
	put_quote(out, style);
}

/* a b c, "-" for what is absent, nothing for what is empty */
static void put_capture_list(const struct str *slots, uint32_t n, struct logfmt_style style, struct out *out)
{
	for (uint32_t i = 0; i < n && slots; i++) {
		if (i)
			out_char(out, ' ');
		put_capture_word(out, style, slots[i]);
	}
}

/* --- everything else */

/* With `option logasap` sizes and total times are not final: a plus sign says so (manual, section 8.2.3). */
static void put_open_ended(struct eval *e, struct out *out, int64_t n)
{
	if (e->frontend && proxy_option_is_set(e->frontend, PO_LOGASAP))
		out_char(out, '+');
	put_count(out, n);
}

static int32_t request_ready(const struct log_record *r)
{
	return r->t_request < 0 ? -1 : r->t_handshake + (r->t_idle < 0 ? 0 : r->t_idle) + r->t_request;
}

static void put_host_name(struct out *out, struct logfmt_style style)
{
	char name[256] = "";

	gethostname(name, sizeof(name) - 1);
	logfmt_put_word(out, style, str_from(name));
}

/* What the record knows as it is written: durations, of which -1 is none, and counts. */
static void put_plain(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out)
{
#define PLACE(field) offsetof(struct log_record, field)
	static const uint16_t places[LOGFMT_COUNT] = {
		[LOGFMT_TR] = PLACE(t_request),     [LOGFMT_TC] = PLACE(t_connect),
		[LOGFMT_TD] = PLACE(t_data),        [LOGFMT_TH] = PLACE(t_handshake),
		[LOGFMT_TI] = PLACE(t_idle),        [LOGFMT_TRR] = PLACE(t_response),
		[LOGFMT_TW] = PLACE(t_queue),       [LOGFMT_AC] = PLACE(actconn),
		[LOGFMT_FC] = PLACE(feconn),        [LOGFMT_BC] = PLACE(beconn),
		[LOGFMT_SC] = PLACE(srvconn),       [LOGFMT_SQ] = PLACE(srv_queue),
		[LOGFMT_BQ] = PLACE(backend_queue),
	};
#undef PLACE
	int32_t n;

	(void)style;
	memcpy(&n, (const char *)e->log + places[alias], sizeof(n));
	put_count(out, n);
}

static void put_time(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out)
{
	const struct log_record *r = e->log;

	(void)style;
	switch (alias) {
	case LOGFMT_TA:
		put_open_ended(e, out, r->t_active);
		return;
	case LOGFMT_TQ:
		put_count(out, request_ready(r));
		return;
	case LOGFMT_TT:
		put_open_ended(e, out, r->t_total);
		return;
	case LOGFMT_TU:
		put_open_ended(e, out, r->t_user);
		return;
	}
}

static void put_moment(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out)
{
	const struct log_record *r = e->log;

	switch (alias) {
	case LOGFMT_ACCEPT:
		put_date(e, out, &r->accept_date, false, false);
		return;
	case LOGFMT_T:
		put_date(e, out, &r->accept_date, true, true);
		return;
	case LOGFMT_TL:
		put_date(e, out, &r->accept_date, false, true);
		return;
	case LOGFMT_REQUEST:
		put_date(e, out, &r->request_date, false, false);
		return;
	case LOGFMT_TRG:
		put_date(e, out, &r->request_date, true, true);
		return;
	case LOGFMT_TRL:
		put_date(e, out, &r->request_date, false, true);
		return;
	case LOGFMT_TS:
		put_number(out, style, (uint64_t)r->accept_date.tv_sec);
		return;
	case LOGFMT_MS:
		out_printf(out, style.flags & LOGFMT_HEX ? "%02X" : "%03u",
			   (unsigned)(r->accept_date.tv_usec / 1000));
		return;
	}
}

static void put_address(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out)
{
	switch (alias) {
	case LOGFMT_CI:
		put_ip(out, style, e->src);
		return;
	case LOGFMT_CP:
		put_port(out, style, e->src, e->bind);
		return;
	case LOGFMT_FI:
		put_ip(out, style, e->dst);
		return;
	case LOGFMT_FP:
		put_port(out, style, e->dst, e->bind);
		return;
	case LOGFMT_BI:
		put_ip(out, style, e->server_src);
		return;
	case LOGFMT_BP:
		put_port(out, style, e->server_src, NULL);
		return;
	case LOGFMT_SI:
		put_ip(out, style, e->server_dst);
		return;
	case LOGFMT_SP:
		put_port(out, style, e->server_dst, NULL);
		return;
	}
}

static void put_figure(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out)
{
	const struct log_record *r = e->log;

	switch (alias) {
	case LOGFMT_B:
		put_open_ended(e, out, (int64_t)r->bytes_out);
		return;
	case LOGFMT_U:
		put_count(out, (int64_t)r->bytes_in);
		return;
	case LOGFMT_ST:
		put_count(out, r->status || (!r->conn_error && e->frontend && e->frontend->mode == MODE_HTTP)
				       ? log_record_status(r)
				       : 0);
		return;
	case LOGFMT_RC:
		out_puts(out, r->redispatched ? "+" : "");
		out_decimal(out, r->retries);
		return;
	case LOGFMT_RT:
		put_number(out, style, r->request_counter);
		return;
	case LOGFMT_LC:
		put_number(out, style, r->log_counter);
		return;
	case LOGFMT_PID:
		put_number(out, style, (uint64_t)getpid());
		return;
	}
}

static void put_name(struct out *out, struct logfmt_style style, struct str name, const char *suffix)
{
	put_quote(out, style);
	logfmt_put_text(out, style, name);
	out_puts(out, suffix);
	put_quote(out, style);
}

/* Not escaped, seen with HAProxy 2.6. */
static void put_cookie(struct out *out, struct logfmt_style style, struct str text)
{
	if (text.len)
		put_quoted(out, style, text);
	else
		logfmt_put_word(out, style, text);
}

/* As a log-profile calls it. */
static struct str origin_name(unsigned origin)
{
	static const char *const names[LSTEP_COUNT] = {
		[LSTEP_ACCEPT] = "accept",
		[LSTEP_REQUEST] = "request",
		[LSTEP_CONNECT] = "connect",
		[LSTEP_RESPONSE] = "response",
		[LSTEP_CLOSE] = "close",
		[LSTEP_ERROR] = "error",
		[LSTEP_QUIC_INIT] = "quic-init",
		[LSTEP_TCP_REQ_CONN] = "tcp-req-conn",
		[LSTEP_TCP_REQ_SESS] = "tcp-req-sess",
		[LSTEP_TCP_REQ_CONT] = "tcp-req-cont",
		[LSTEP_TCP_RES_CONT] = "tcp-res-cont",
		[LSTEP_HTTP_REQ] = "http-req",
		[LSTEP_HTTP_RES] = "http-res",
		[LSTEP_HTTP_AFTER_RES] = "http-after-res",
	};

	return names[origin] ? str_from(names[origin]) : STR_NONE;
}

static void put_string(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out)
{
	const struct log_record *r = e->log;
	struct str frontend = r->frontend.len || !e->frontend ? r->frontend : e->frontend->name, name;

	switch (alias) { /* rules ask before the record knows */
	case LOGFMT_FRONTEND:
		put_name(out, style, frontend, "");
		return;
	case LOGFMT_FT:
		put_name(out, style, frontend, r->frontend_tls ? "~" : "");
		return;
	case LOGFMT_BACKEND:
		name = r->backend.len || !e->backend ? r->backend : e->backend->name;
		put_name(out, style, name.len ? name : frontend, "");
		return;
	case LOGFMT_SERVER:
		name = r->server.len || !e->server ? r->server : e->server->name;
		if (name.len)
			put_name(out, style, name, "");
		else
			put_quoted(out, style, STR("<NOSRV>"));
		return;
	case LOGFMT_CC:
		put_cookie(out, style, r->cookie_captured_cli);
		return;
	case LOGFMT_CS:
		put_cookie(out, style, r->cookie_captured_srv);
		return;
	case LOGFMT_ID:
		logfmt_put_word(out, style, r->unique_id);
		return;
	case LOGFMT_H:
		put_host_name(out, style);
		return;
	case LOGFMT_OG:
		logfmt_put_word(out, style, origin_name(r->origin));
		return;
	case LOGFMT_SSLC:
		logfmt_put_word(out, style, str_from(r->tls_cipher));
		return;
	case LOGFMT_SSLV:
		logfmt_put_word(out, style, str_from(r->tls_version));
		return;
	}
}

static void put_state(struct eval *e, unsigned alias, struct logfmt_style style, struct out *out)
{
	const struct log_record *r = e->log;

	switch (alias) {
	case LOGFMT_STATE:
	case LOGFMT_TSC:
		out_bytes(out, (const char[]){r->cause ? r->cause : '-', r->state ? r->state : '-'}, 2);
		if (alias == LOGFMT_TSC)
			out_bytes(out,
				  (const char[]){r->cookie_cli ? r->cookie_cli : '-',
						 r->cookie_srv ? r->cookie_srv : '-'},
				  2);
		return;
	case LOGFMT_HR:
		put_captures(r->cap_req, r->ncap_req, style, out);
		return;
	case LOGFMT_HS:
		put_captures(r->cap_res, r->ncap_res, style, out);
		return;
	case LOGFMT_HRL:
		put_capture_list(r->cap_req, r->ncap_req, style, out);
		return;
	case LOGFMT_HSL:
		put_capture_list(r->cap_res, r->ncap_res, style, out);
		return;
	case LOGFMT_O: /* its flags are in the nodes behind it */
		return;
	}
}

logfmt_alias_put *const logfmt_alias_puts[LOGFMT_COUNT] = {
	[LOGFMT_TR] = put_plain,       [LOGFMT_TA] = put_time,         [LOGFMT_TC] = put_plain,
	[LOGFMT_TD] = put_plain,       [LOGFMT_TH] = put_plain,        [LOGFMT_TI] = put_plain,
	[LOGFMT_TQ] = put_time,        [LOGFMT_TRR] = put_plain,       [LOGFMT_TT] = put_time,
	[LOGFMT_TU] = put_time,        [LOGFMT_TW] = put_plain,        [LOGFMT_ACCEPT] = put_moment,
	[LOGFMT_T] = put_moment,       [LOGFMT_TL] = put_moment,       [LOGFMT_REQUEST] = put_moment,
	[LOGFMT_TRG] = put_moment,     [LOGFMT_TRL] = put_moment,      [LOGFMT_TS] = put_moment,
	[LOGFMT_MS] = put_moment,      [LOGFMT_CI] = put_address,      [LOGFMT_CP] = put_address,
	[LOGFMT_FI] = put_address,     [LOGFMT_FP] = put_address,      [LOGFMT_BI] = put_address,
	[LOGFMT_BP] = put_address,     [LOGFMT_SI] = put_address,      [LOGFMT_SP] = put_address,
	[LOGFMT_AC] = put_plain,       [LOGFMT_FC] = put_plain,        [LOGFMT_BC] = put_plain,
	[LOGFMT_SC] = put_plain,       [LOGFMT_SQ] = put_plain,        [LOGFMT_BQ] = put_plain,
	[LOGFMT_B] = put_figure,       [LOGFMT_U] = put_figure,        [LOGFMT_ST] = put_figure,
	[LOGFMT_RC] = put_figure,      [LOGFMT_RT] = put_figure,       [LOGFMT_LC] = put_figure,
	[LOGFMT_PID] = put_figure,     [LOGFMT_FRONTEND] = put_string, [LOGFMT_FT] = put_string,
	[LOGFMT_BACKEND] = put_string, [LOGFMT_SERVER] = put_string,   [LOGFMT_CC] = put_string,
	[LOGFMT_CS] = put_string,      [LOGFMT_ID] = put_string,       [LOGFMT_OG] = put_string,
	[LOGFMT_H] = put_string,       [LOGFMT_SSLC] = put_string,     [LOGFMT_SSLV] = put_string,
	[LOGFMT_STATE] = put_state,    [LOGFMT_TSC] = put_state,       [LOGFMT_HR] = put_state,
	[LOGFMT_HS] = put_state,       [LOGFMT_HRL] = put_state,       [LOGFMT_HSL] = put_state,
	[LOGFMT_O] = put_state,        [LOGFMT_R] = put_request,       [LOGFMT_HM] = put_request,
	[LOGFMT_HP] = put_request,     [LOGFMT_HPO] = put_request,     [LOGFMT_HQ] = put_request,
	[LOGFMT_HU] = put_request,     [LOGFMT_HV] = put_request,
};
