/* The HTTP side of a check (`option httpchk`, `http-check send`, `http-check expect`): the request as HAProxy
 * sends it, and the verdict on a response as far as it has arrived. The reader here is strict and small: a
 * health check needs the status line, the framing and the body, nothing else. Pure functions over the check's
 * buffers; the check's worker only. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <arpa/inet.h>
#include <ctype.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "runtime/core/process.h"
#include "runtime/health/check_run.h"
#include "runtime/net/address.h"

/* --- the request --------------------------------------------------------------------------------------- */

static const struct hc_step *step_of(const struct check_conf *conf, enum hc_step_kind kind)
{
	for (uint32_t i = 0; i < conf->nsteps; i++)
		if (conf->steps[i].kind == kind)
			return &conf->steps[i];
	return NULL;
}

static void eval_begin(struct check *k, struct eval *e, struct scratch *scratch)
{
	struct generation *g = k->server->proxy->generation;

	scratch_init(scratch, &k->worker->scratch);
	*e = (struct eval){.engine = g->engines[k->worker->id],
			   .model = g->model,
			   .scratch = scratch,
			   .backend = k->server->proxy->conf,
			   .server = k->server->conf,
			   .place = AT(CHECK),
			   .now = k->worker->wall};
}

static void put_lower(struct out *o, struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		out_char(o, (char)tolower((unsigned char)name.ptr[i]));
}

/* Manual, "http-check send-state". */
static void put_state(struct check *k, struct out *o)
{
	struct server *s = k->server;
	struct proxy *px = s->proxy;
	const struct global_conf *global = &px->generation->model->global;
	unsigned total = 0, conns = 0;
	char state[64], host[ADDRESS_TEXT] = "unix", port[8] = "unix";

	server_state_text(s, state, sizeof(state));
	if (s->addr.family == AF_INET || s->addr.family == AF_INET6) {
		inet_ntop(s->addr.family,
			  s->addr.family == AF_INET ? (void *)&s->addr.in.sin_addr
						    : (void *)&s->addr.in6.sin6_addr,
			  host, sizeof(host));
		snprintf(port, sizeof(port), "%u", address_port(&s->addr));
	}
	for (uint32_t i = 0; i < px->nservers; i++) {
		conns += atomic_load(&px->servers[i].conns);
		if (server_is_usable(&px->servers[i]))
			total += atomic_load(&px->servers[i].weight);
	}
	out_printf(o,
		   "x-haproxy-server-state: %s; address=%s; port=%s; name=%.*s/%.*s; node=%.*s; weight=%u/%u; "
		   "scur=%u/%u; "
		   "qcur=%u\r\n",
		   state, host, port, STR_ARG(px->conf->name), STR_ARG(s->conf->name), STR_ARG(global->node),
		   atomic_load(&s->weight), total, atomic_load(&s->conns), conns, atomic_load(&s->queued));
}

static void put_headers(struct check *k, struct eval *e, const struct hc_step *send, struct out *o)
{
	for (uint32_t i = 0; i < send->nheaders; i++) {
		put_lower(o, send->headers[i].name);
		out_puts(o, ": ");
		logfmt_eval(e, send->headers[i].value, o);
		out_puts(o, "\r\n");
	}
	if (k->server->proxy->conf->check.send_state)
		put_state(k, o);
}

bool check_http_request(struct check *k)
{
	static const struct hc_step plain = {.kind = HC_SEND};
	const struct hc_step *send = step_of(&k->server->proxy->conf->check, HC_SEND);
	struct out *o = &k->request;
	struct scratch scratch;
	struct str body, version;
	struct eval e;

	if (!send)
		send = &plain;
	eval_begin(k, &e, &scratch);
	version = send->version.len ? send->version : STR("HTTP/1.0");
	out_str(o, send->method.len ? send->method : STR("OPTIONS"));
	out_char(o, ' ');
	if (send->uri_fmt)
		logfmt_eval(&e, send->uri_fmt, o);
	else
		out_str(o, send->uri.len ? send->uri : STR("/"));
	out_printf(o, " %.*s\r\n", STR_ARG(version));
	put_headers(k, &e, send, o);
	body = send->body_fmt ? logfmt_text(&e, send->body_fmt) : send->body;
	if (body.len)
		out_printf(o, "content-length: %zu\r\n", body.len);
	if (str_is(version, "HTTP/1.1"))
		out_puts(o, "connection: close\r\n");
	out_puts(o, "\r\n");
	out_str(o, body);
	scratch_reset(&scratch);
	return !o->truncated;
}

/* --- reading the response ----------------------------------------------------------------------------------
 */

struct answer {
	uint16_t status;
	struct str reason, headers, body; /* headers: lines with their ends, without the empty line */
	bool chunked, complete;
	int64_t length; /* -1: not given */
};

/* "HTTP/1.1 200 OK" (RFC 9112, section 4). */
static bool parse_status_line(struct str line, struct answer *a)
{
	if (line.len < 12 || memcmp(line.ptr, "HTTP/", 5) != 0 || !isdigit((unsigned char)line.ptr[5]) ||
	    line.ptr[6] != '.' || !isdigit((unsigned char)line.ptr[7]) || line.ptr[8] != ' ')
		return false;
	for (int i = 9; i < 12; i++)
		if (!isdigit((unsigned char)line.ptr[i]))
			return false;
	if (line.len > 12 && line.ptr[12] != ' ')
		return false;
	a->status = (uint16_t)((line.ptr[9] - '0') * 100 + (line.ptr[10] - '0') * 10 + line.ptr[11] - '0');
	a->reason = str_tail(line, 13);
	return true;
}

static void parse_framing(struct str line, struct answer *a)
{
	size_t colon = str_chr(line, ':');
	struct str name = str_sub(line, 0, colon), value = str_trim(str_tail(line, colon + 1));

	if (str_ieq(name, STR("content-length"))) {
		if (!str_to_i64(value, &a->length) || a->length < 0)
			a->length = -1;
	} else if (str_ieq(name, STR("transfer-encoding"))) {
		a->chunked = value.len >= 7 && str_ieq(str_tail(value, value.len - 7), STR("chunked"));
	}
}

/* One line without its end; false when it is not complete. */
static bool take_line(struct str *rest, struct str *line)
{
	size_t end = str_chr(*rest, '\n');

	if (end == rest->len)
		return false;
	*line = str_sub(*rest, 0, end);
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	*rest = str_tail(*rest, end + 1);
	return true;
}

enum read_result { READ_MORE, READ_INVALID, READ_HEAD };

/* The head of the final response: interim ones (1xx) are skipped. */
static enum read_result read_head(struct str in, struct answer *a)
{
	struct str line, rest = in;

	do {
		*a = (struct answer){.length = -1};
		if (!take_line(&rest, &line))
			return rest.len >= 5 && memcmp(rest.ptr, "HTTP/", 5) != 0 ? READ_INVALID : READ_MORE;
		if (!parse_status_line(line, a))
			return READ_INVALID;
		a->headers = rest;
		for (;;) {
			if (!take_line(&rest, &line))
				return READ_MORE;
			if (!line.len)
				break;
			parse_framing(line, a);
		}
		a->headers.len = (size_t)(line.ptr - a->headers.ptr);
	} while (a->status >= 100 && a->status < 200 && a->status != 101);
	a->body = rest;
	return READ_HEAD;
}

/* Decodes chunks (RFC 9112, section 7.1) into `plain`; true when the last one is there. */
static bool read_chunks(struct str rest, struct out *plain)
{
	struct str line;

	while (take_line(&rest, &line)) {
		uint64_t size = 0;
		size_t i = 0;

		for (; i < line.len && isxdigit((unsigned char)line.ptr[i]) && i < 8; i++)
			size = size * 16 + (uint64_t)(isdigit((unsigned char)line.ptr[i])
							      ? line.ptr[i] - '0'
							      : (line.ptr[i] | 32) - 'a' + 10);
		if (!i || !size)
			return true;
		out_str(plain, str_sub(rest, 0, size));
		if (rest.len < size + 2)
			return false;
		rest = str_tail(rest, size);
		take_line(&rest, &line);
	}
	return false;
}

static void read_body(struct check *k, struct answer *a, struct out *plain)
{
	if (a->chunked) {
		a->complete = read_chunks(a->body, plain);
		a->body = out_get(plain);
	} else if (a->length >= 0) {
		a->complete = a->body.len >= (uint64_t)a->length;
		a->body = str_sub(a->body, 0, (size_t)a->length);
	}
	a->complete |= k->no_more;
}

/* --- judging it ----------------------------------------------------------------------------------------------
 */

static bool text_contains(struct str text, struct str part)
{
	return !part.len || memmem(text.ptr ? text.ptr : "", text.len, part.ptr, part.len) != NULL;
}

static bool regex_matches(const struct regex *re, struct str text)
{
	pcre2_match_data *data = re ? pcre2_match_data_create_from_pattern(re->code, NULL) : NULL;
	int n;

	if (!data)
		return false;
	n = pcre2_match(re->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, 0, 0, data, NULL);
	pcre2_match_data_free(data);
	return n >= 0;
}

static bool status_listed(const struct hc_step *step, uint16_t status)
{
	for (uint32_t i = 0; i < step->nstatuses; i++)
		if (status >= step->statuses[i].min && status <= step->statuses[i].max)
			return true;
	return false;
}

static bool expectation_met(const struct hc_step *step, const struct answer *a)
{
	char digits[8];
	int n;

	switch (step->expect) {
	case HCE_STATUS:
		return status_listed(step, a->status);
	case HCE_RSTATUS:
		n = snprintf(digits, sizeof(digits), "%03u", a->status);
		return regex_matches(step->regex, str_make(digits, (size_t)n));
	case HCE_STRING:
	case HCE_BINARY:
		return text_contains(a->body, step->text);
	case HCE_RSTRING:
	case HCE_RBINARY:
		return regex_matches(step->regex, a->body);
	case HCE_HDR:
		return text_contains(a->headers, step->text);
	}
	return false;
}

static bool wants_body(const struct hc_step *step)
{
	return step->expect == HCE_STRING || step->expect == HCE_RSTRING || step->expect == HCE_BINARY ||
	       step->expect == HCE_RBINARY;
}

static enum check_verdict verdict(enum check_status *status, enum check_status is)
{
	*status = is;
	return CHECK_DONE;
}

static enum check_verdict wrong_status(const struct answer *a, enum check_status *status, uint16_t *code,
				       char info[128])
{
	*code = a->status;
	snprintf(info, 128, "%.*s", STR_ARG(a->reason));
	return verdict(status, CHECK_L7_STATUS);
}

static enum check_verdict wrong_content(const struct hc_step *step, enum check_status *status, char info[128])
{
	snprintf(info, 128, "%s",
		 step->negated ? "HTTP check matched unwanted content" : "HTTP content check did not match");
	return verdict(status, CHECK_L7_RESPONSE);
}

/* One expectation: CHECK_MORE with *met when it holds (or cannot be judged yet: *wait). */
static enum check_verdict judge_step(const struct hc_step *step, const struct answer *a, bool *wait,
				     enum check_status *status, uint16_t *code, char info[128])
{
	bool met = expectation_met(step, a);

	if (wants_body(step) && !a->complete && (!met || step->negated)) {
		*wait = true;
		return CHECK_MORE;
	}
	if (wants_body(step) && !a->body.len) {
		snprintf(info, 128, "HTTP content check could not find a response body");
		return verdict(status, CHECK_L7_RESPONSE);
	}
	if (met != step->negated)
		return CHECK_MORE;
	if (step->expect == HCE_STATUS || step->expect == HCE_RSTATUS)
		return wrong_status(a, status, code, info);
	return wrong_content(step, status, info);
}

static enum check_verdict judge(struct check *k, const struct answer *a, enum check_status *status,
				uint16_t *code, char info[128])
{
	const struct check_conf *conf = &k->server->proxy->conf->check;
	bool expected = false, wait = false;

	if (conf->disable_on_404 && a->status == 404 && k->report.health >= k->report.rise) {
		*code = a->status;
		return verdict(status, CHECK_L7_CONDITIONAL);
	}
	for (uint32_t i = 0; i < conf->nsteps; i++) {
		if (conf->steps[i].kind != HC_EXPECT)
			continue;
		expected = true;
		if (judge_step(&conf->steps[i], a, &wait, status, code, info) == CHECK_DONE)
			return CHECK_DONE;
		if (wait)
			return CHECK_MORE;
	}
	if (!expected && (a->status < 200 || a->status > 399))
		return wrong_status(a, status, code, info);
	*code = a->status;
	return verdict(status, CHECK_L7_OK);
}

enum check_verdict check_http_response(struct check *k, enum check_status *status, uint16_t *code,
				       char info[128])
{
	struct str in = str_make(k->in.data ? k->in.data + k->in.off : NULL, k->in.len);
	struct out plain = out_growing(1 << 20);
	struct answer a;
	enum check_verdict v;

	switch (read_head(in, &a)) {
	case READ_MORE:
		return k->no_more ? verdict(status, CHECK_L7_RESPONSE) : CHECK_MORE;
	case READ_INVALID:
		return verdict(status, CHECK_L7_RESPONSE);
	case READ_HEAD:
		break;
	}
	read_body(k, &a, &plain);
	v = judge(k, &a, status, code, info);
	out_free(&plain);
	return v;
}
