/* The smaller words of lbcheck_play.h: addresses, times, states of servers, files. */
#include "tools/lbcheck_play.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "runtime/backend/server_change.h"

enum { BODY_MAX = 16 << 20, TEXT_SIZE = 128, CLIENT_PORT = 50000 };

bool play_fail(struct play *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	p->error = arena_vprintf(p->arena, format, ap);
	va_end(ap);
	return false;
}

/* A number of decimal digits up to `max`. */
static bool number(struct str s, uint64_t max, uint64_t *n)
{
	*n = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9' || *n > max)
			return false;
		*n = *n * 10 + (uint64_t)(s.ptr[i] - '0');
	}
	return s.len && *n <= max;
}

static bool ip_parse(struct str text, union addr *a)
{
	char copy[TEXT_SIZE];

	if (text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.len ? text.ptr : "", text.len);
	copy[text.len] = 0;
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, copy, &a->in.sin_addr) == 1) {
		a->family = AF_INET;
		return true;
	}
	a->family = AF_INET6;
	return inet_pton(AF_INET6, copy, &a->in6.sin6_addr) == 1;
}

/* Where the port begins, behind its colon; the length: there is none. */
static size_t port_at(struct str text)
{
	size_t colon = str_chr(text, ':'), close = str_chr(text, ']');

	if (text.len && text.ptr[0] == '[')
		return close + 1 < text.len && text.ptr[close + 1] == ':' ? close + 2 : text.len;
	if (colon < text.len && str_chr(str_tail(text, colon + 1), ':') == text.len - colon - 1)
		return colon + 1;
	return text.len;
}

bool play_address(struct play *p, struct str text, union addr *a)
{
	size_t at = port_at(text);
	struct str host = str_sub(text, 0, at < text.len ? at - 1 : text.len);
	uint64_t port = CLIENT_PORT;

	if (at < text.len && !number(str_tail(text, at), 65535, &port))
		return play_fail(p, "`%.*s` has no port of 0 to 65535 behind its colon", STR_ARG(text));
	if (host.len > 1 && host.ptr[0] == '[')
		host = str_sub(host, 1, host.len - 2);
	if (!ip_parse(host, a))
		return play_fail(p, "`%.*s` is no IPv4 or IPv6 address, with or without a port", STR_ARG(text));
	if (a->family == AF_INET)
		a->in.sin_port = htons((uint16_t)port);
	else
		a->in6.sin6_port = htons((uint16_t)port);
	return true;
}

static bool file_read(struct play *p, struct str path, struct str *text)
{
	FILE *f = fopen(path.ptr, "rb");
	struct out o = out_growing(BODY_MAX);
	char space[8192];
	size_t n;

	if (!f)
		return play_fail(p, "cannot read `%.*s`: %s", STR_ARG(path), strerror(errno));
	while ((n = fread(space, 1, sizeof(space), f)))
		out_bytes(&o, space, n);
	fclose(f);
	*text = arena_str(p->arena, out_get(&o).ptr ? out_get(&o) : STR(""));
	out_free(&o);
	return o.truncated ? play_fail(p, "`%.*s` is larger than 16 MiB", STR_ARG(path)) : true;
}

bool play_body(struct play *p, struct str text, struct str *body)
{
	if (text.len && text.ptr[0] == '@')
		return file_read(p, arena_str(p->arena, str_tail(text, 1)), body);
	*body = text;
	return true;
}

bool play_time(struct play *p, struct str text, uint64_t *ms)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					      "%Y-%m-%dT%H:%MZ",    "%Y-%m-%d %H:%M",    "%Y-%m-%d"};
	struct str copy = arena_str(p->arena, text);
	uint64_t seconds;

	if (number(text, UINT32_MAX, &seconds)) {
		*ms = seconds * 1000;
		return true;
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct tm tm = {0};
		const char *end = strptime(copy.ptr, formats[i], &tm);

		if (!end || *end)
			continue;
		*ms = (uint64_t)timegm(&tm) * 1000;
		return true;
	}
	return play_fail(p, "`%.*s` is no time such as 2026-11-27T12:00:00Z (UTC), nor seconds since 1970",
			 STR_ARG(text));
}

/* --- states of servers */

static const struct {
	const char *word;
	enum srv_oper oper;
	unsigned admin;
	enum stage_fault fault;
} states[] = {
	{"UP", SRV_RUNNING, 0, STAGE_ANSWERS},
	{"DOWN", SRV_STOPPED, 0, STAGE_ANSWERS},
	{"MAINT", SRV_RUNNING, SRV_ADM_MAINT, STAGE_ANSWERS},
	{"DRAIN", SRV_RUNNING, SRV_ADM_DRAIN, STAGE_ANSWERS},
	{"REFUSED", SRV_RUNNING, 0, STAGE_REFUSES},
	{"SILENT", SRV_RUNNING, 0, STAGE_IS_SILENT},
	{"CLOSED", SRV_RUNNING, 0, STAGE_CLOSES},
};
enum { NSTATES = sizeof(states) / sizeof(*states), WEIGHT_MAX = 256 };

static bool weight_of(struct str words, uint64_t *weight)
{
	return str_starts(words, STR("weight=")) && number(str_tail(words, 7), WEIGHT_MAX, weight);
}

static int state_of(struct str words)
{
	for (int i = 0; i < NSTATES; i++)
		if (str_ieq(words, str_from(states[i].word)))
			return i;
	return -1;
}

bool play_state_parse(struct play *p, struct str text, struct play_state *s)
{
	size_t slash = str_chr(text, '/'), equals = slash + str_chr(str_tail(text, slash), '=');
	uint64_t weight;

	s->server = str_sub(text, 0, equals);
	s->words = str_tail(text, equals + 1);
	if (slash >= text.len || equals >= text.len)
		return play_fail(p, "`%.*s` is no state of a server: `backend/server=DOWN`", STR_ARG(text));
	if (state_of(s->words) >= 0 || weight_of(s->words, &weight))
		return true;
	return play_fail(
		p,
		"`%.*s` is no state of a server; there are UP, DOWN, MAINT, DRAIN, REFUSED (the connection), "
		"SILENT, CLOSED (without an answer) and weight=0 to weight=256",
		STR_ARG(s->words));
}

static void state_set(struct stage *st, struct server *s, struct str words)
{
	struct worker *w = stage_worker(st);
	uint64_t weight;
	int i = state_of(words);

	if (weight_of(words, &weight)) {
		server_set_weight(w, s, (unsigned)weight);
		return;
	}
	stage_fault(st, s, states[i].fault);
	server_set_admin(w, s, states[i].admin, (SRV_ADM_MAINT | SRV_ADM_DRAIN) & ~states[i].admin);
	server_set_oper(w, s, states[i].oper, NULL);
}

bool play_state_apply(struct play *p, struct stage *st, const struct play_state *state)
{
	size_t slash = str_chr(state->server, '/');
	struct str backend = str_sub(state->server, 0, slash), name = str_tail(state->server, slash + 1);
	const struct proxy_conf *px = map_get(&p->model->backends, backend);
	bool any = false;

	if (!px)
		return play_fail(p, "no backend is named `%.*s`", STR_ARG(backend));
	vec_each (conf, &px->servers) {
		if (!str_is(name, "*") && !str_eq((*conf)->name, name))
			continue;
		state_set(st,
			  stage_server(st, arena_printf(p->arena, "%.*s/%.*s", STR_ARG(backend),
							STR_ARG((*conf)->name))),
			  state->words);
		any = true;
	}
	return any ? true
		   : play_fail(p, "backend `%.*s` has no server `%.*s`", STR_ARG(backend), STR_ARG(name));
}
