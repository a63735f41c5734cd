/* A subject for tests of the evaluator. */
#include "tests/unit/eval/eval_fixture.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "grammar/base/out.h"

static const char default_request[] = "GET http://www.example.com:8080/a/b.c?x=1&y=2;z=%20q HTTP/1.1\r\nX-N: "
				      "0\r\nHost: www.example.com:8080\r\n"
				      "X-L: a, b ,c\r\nCookie: k=v; s=\"q\"; k=w\r\n\r\n";

static int64_t fixture_stat(void *ctx, enum eval_stat what, const struct proxy_conf *proxy,
			    const struct server_conf *server)
{
	(void)ctx;
	(void)proxy;
	return 100 + (int64_t)what + (server ? 1000 : 0);
}

void eval_fixture_start(struct eval_fixture *t)
{
	memset(t, 0, sizeof(*t));
	fixture_start(&t->f);
	scratch_init(&t->scratch, &scratch_malloc);
	t->src.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(40000), .sin_addr = {htonl(0x7f000001)}};
	t->dst.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(21990), .sin_addr = {htonl(0x7f000001)}};
	t->users[0] = (struct user_conf){.name = STR("joe"), .password = STR("pass"), .insecure = true};
	t->users[1] = (struct user_conf){.name = STR("ann"), .password = STR("x"), .insecure = true};
	*vec_push(t->f.model_arena, &t->users[0].groups) = STR("g");
	t->f.userlist.users.v = t->users;
	t->f.userlist.users.n = 2;
	for (int i = 0; i < 4; i++)
		t->cap_len[i] = 20;
	t->f.proxy.capture_request_n = t->f.proxy.capture_response_n = 4;
	t->f.proxy.capture_request_len = t->f.proxy.capture_response_len = t->cap_len;
	t->f.proxy.id = 2;
	t->host.stat = fixture_stat;
	t->e = (struct eval){.model = &t->f.model,
			     .scratch = &t->scratch,
			     .host = &t->host,
			     .frontend = &t->f.proxy,
			     .bind = &t->bind,
			     .src = &t->src,
			     .dst = &t->dst,
			     .log = &t->log,
			     .last_rule = &t->last_rule,
			     .place = AT(FE_REQ_HDR),
			     .now = {1700000000, 123456},
			     .cap_req = t->cap_req,
			     .cap_res = t->cap_res};
	for (int i = 0; i < VAR_SCOPES; i++)
		t->e.vars[i] = &t->vars[i];
	eval_fixture_request(t, default_request);
	eval_fixture_engine(t);
}

void eval_fixture_stop(struct eval_fixture *t)
{
	for (int i = 0; i < VAR_SCOPES; i++)
		eval_vars_free(&t->vars[i], NULL);
	eval_engine_free(&t->e.engine);
	scratch_reset(&t->scratch);
	fixture_stop(&t->f);
}

void eval_fixture_engine(struct eval_fixture *t)
{
	eval_engine_free(&t->e.engine);
	t->e.engine = eval_engine_new(&t->f.model);
	if (!t->e.engine)
		abort();
}

static struct str cut(struct str *text, const char *end)
{
	char *found = memmem(text->ptr, text->len, end, strlen(end));
	struct str part = str_sub(*text, 0, found ? (size_t)(found - text->ptr) : text->len);

	*text = str_tail(*text, part.len + strlen(end));
	return part;
}

static void read_fields(struct eval_fixture *t, struct http_msg *m, struct str text)
{
	struct str line;

	m->scratch = &t->scratch;
	while ((line = cut(&text, "\r\n")).len) {
		size_t colon = str_chr(line, ':');

		http_add(m, str_sub(line, 0, colon), str_trim(str_tail(line, colon + 1)));
	}
	m->body_seen = text;
	m->body_complete = true;
	m->body = text.len ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
	m->content_length = text.len;
	m->edited = false;
}

void eval_fixture_request(struct eval_fixture *t, const char *text)
{
	struct str rest = arena_str(t->f.arena, str_from(text)), line = cut(&rest, "\r\n");

	memset(&t->req, 0, sizeof(t->req));
	t->req.method_name = cut(&line, " ");
	t->req.method = (uint8_t)sample_method_of(t->req.method_name);
	t->req.uri = cut(&line, " ");
	t->req.version = str_is(line, "HTTP/1.0") ? 10 : 11;
	read_fields(t, &t->req, rest);
	t->e.req = &t->req;
	t->log.method = t->req.method_name;
	t->log.uri = t->req.uri;
	t->log.version = t->req.version;
}

void eval_fixture_response(struct eval_fixture *t, const char *text)
{
	struct str rest = arena_str(t->f.arena, str_from(text)), line = cut(&rest, "\r\n");

	memset(&t->res, 0, sizeof(t->res));
	t->res.is_response = true;
	t->res.version = str_is(cut(&line, " "), "HTTP/1.0") ? 10 : 11;
	t->res.status = (uint16_t)atoi(cut(&line, " ").ptr);
	t->res.reason = line;
	read_fields(t, &t->res, rest);
	t->e.res = &t->res;
}

const char *eval_fixture_dump(struct eval_fixture *t, const struct http_msg *m)
{
	struct out o = out_growing(1 << 20);
	const char *text;

	if (m->is_response)
		out_printf(&o, "%u %.*s", m->status, STR_ARG(m->reason));
	else
		out_printf(&o, "%.*s %.*s", STR_ARG(m->method_name), STR_ARG(m->uri));
	for (uint32_t i = 0; i < m->nhdrs; i++)
		if (!m->hdrs[i].deleted)
			out_printf(&o, "|%.*s: %.*s", m->hdrs[i].name_len, m->hdrs[i].name,
				   (int)m->hdrs[i].value_len, m->hdrs[i].value);
	text = arena_str(t->f.arena, out_get(&o)).ptr;
	out_free(&o);
	return text;
}
