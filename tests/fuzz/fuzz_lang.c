/* The three small languages and the evaluator. Each line of the input is a letter and a text: `s` a sample
 * expression, `c` a condition, `a` an ACL, `l` a log format, `h` a format string, or the name of a rule set and
 * a rule; a line that begins with `>` is (with \ for line ends) the request on which it all runs, one with `<`
 * the response. Demands: spans lie in their source, a canonical text is read again as the same, what is
 * evaluated twice without side effects gives the same. One thread. */
#include <string.h>

#include "grammar/base/out.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/eval/eval_fixture.h"

static struct eval_fixture t;

static void demand_spans(void)
{
	for (uint32_t i = 0; i < t.f.diags.list.n; i++) {
		const struct diag *g = t.f.diags.list.v[i];

		FUZZ_DEMAND(!g->span.source ||
			    g->span.off + g->span.len <= sources_get(&t.f.sources, g->span.source)->text.len);
		for (uint32_t k = 0; k < g->fixes.n; k++)
			for (uint32_t e = 0; e < g->fixes.v[k].edits.n; e++)
				FUZZ_DEMAND(g->fixes.v[k].edits.v[e].span.source == g->span.source);
	}
	t.f.diags.list.n = 0;
}

static const struct sample_expr *parse_sample(const char *text)
{
	const struct sample_expr *x;
	uint32_t i = 0;

	fixture_words(&t.f, text);
	x = sample_parse_words(&t.f.c, t.f.words, t.f.nwords, &i, &t.f.scope);
	FUZZ_DEMAND(x || t.f.diags.list.n);
	return x;
}

static void fuzz_sample(const char *text)
{
	const struct sample_expr *x = parse_sample(text), *again;
	struct word w;
	struct str value;
	size_t end;

	if (!x)
		return;
	w = (struct word){.text = x->text};
	again = sample_parse(&t.f.c, &w, 0, 0, &end, &t.f.scope);
	if (!again || !str_eq(again->text, x->text))
		fprintf(stderr, "read: %s\ncanonical: %s\nagain: %s\n", text, x->text.ptr, again ? again->text.ptr : "-");
	FUZZ_DEMAND(again && str_eq(again->text, x->text));
	lang_resolve(&t.f.c);
	eval_fixture_engine(&t);
	sample_text(&t.e, x, &value);
}

static void fuzz_cond(const char *text)
{
	const struct cond *cond;
	bool first;

	fixture_words(&t.f, text);
	if (!t.f.nwords)
		return;
	cond = cond_parse(&t.f.c, t.f.words, t.f.nwords, &t.f.scope);
	FUZZ_DEMAND(cond || t.f.diags.list.n);
	lang_resolve(&t.f.c);
	if (!cond)
		return;
	eval_fixture_engine(&t);
	first = cond_eval(&t.e, cond);
	FUZZ_DEMAND(strstr(text, "rand") || strstr(text, "uuid") || strstr(text, "var") ||
		    first == cond_eval(&t.e, cond));
	t.e.may_wait = !t.e.may_wait;
	cond_eval(&t.e, cond);
}

static void fuzz_format(const char *text, enum lang_format format)
{
	struct out o = out_growing(1 << 20);
	const struct logfmt *fmt;

	fixture_words(&t.f, text);
	t.f.scope.format = (uint8_t)format;
	fmt = t.f.nwords ? logfmt_parse(&t.f.c, &t.f.words[0], &t.f.scope) : NULL;
	FUZZ_DEMAND(fmt || t.f.diags.list.n || !t.f.nwords);
	if (fmt) {
		eval_fixture_engine(&t);
		logfmt_eval(&t.e, fmt, &o);
		for (size_t i = 0; i < o.len && format == FORMAT_HTTP && t.f.words[0].flags == 0; i++)
			FUZZ_DEMAND(o.buf[i] != '\n' ||
				    memchr(t.f.words[0].text.ptr, '\n', t.f.words[0].text.len));
	}
	out_free(&o);
}

static void fuzz_rule(enum ruleset set, const char *text)
{
	struct rule rule;
	struct rules rules = {.v = &rule, .n = 1};
	const struct rule *decider;
	uint32_t i = 0;
	bool done;

	fixture_words(&t.f, text);
	t.f.scope = (struct lang_scope){.proxy = &t.f.proxy};
	done = action_parse(&t.f.c, set, t.f.words, t.f.nwords, &t.f.scope, &rule);
	FUZZ_DEMAND(done || t.f.diags.list.n);
	lang_resolve(&t.f.c);
	if (!done)
		return;
	eval_fixture_engine(&t);
	t.e.place = set == RS_HTTP_RES || set == RS_HTTP_AFTER_RES ? AT(FE_RES_HDR) : AT(FE_REQ_HDR);
	if (rules_run(&t.e, &rules, &i, &decider) == V_REDIRECT)
		redirect_location(&t.e, decider);
	t.e.place = AT(FE_REQ_HDR);
}

static bool fuzz_rule_line(const char *line)
{
	static const char *const names[RS_COUNT] = {
		[RS_TCP_REQ_CONN] = "tcp-request connection ", [RS_TCP_REQ_SESS] = "tcp-request session ",
		[RS_TCP_REQ_CONT] = "tcp-request content ",    [RS_HTTP_REQ] = "http-request ",
		[RS_TCP_RES_CONT] = "tcp-response content ",   [RS_HTTP_RES] = "http-response ",
		[RS_HTTP_AFTER_RES] = "http-after-response ",
	};

	for (int set = 0; set < RS_COUNT; set++) {
		if (strncmp(line, names[set], strlen(names[set])))
			continue;
		fuzz_rule((enum ruleset)set, line + strlen(names[set]));
		return true;
	}
	return false;
}

/* What the lines run on; replaced by lines of the input. */
struct messages {
	char *request, *response;
};

/* A message on one line: \ stands for CR LF. */
static void message_read(char **message, const char *line)
{
	struct out o = out_growing(1 << 20);

	for (const char *p = line + 1; *p; p++) {
		if (*p == '\\')
			out_puts(&o, "\r\n");
		else
			out_char(&o, *p);
	}
	out_puts(&o, "\r\n\r\n");
	out_char(&o, 0);
	free(*message);
	*message = o.buf;
}

/* Everything that a request leaves behind goes. */
static void request_begin(const struct messages *m)
{
	for (int i = 0; i < VAR_SCOPES; i++)
		eval_vars_free(&t.vars[i], NULL);
	scratch_reset(&t.scratch);
	memset(t.cap_req, 0, sizeof(t.cap_req));
	memset(t.cap_res, 0, sizeof(t.cap_res));
	t.log.unique_id = STR_NONE;
	eval_fixture_request(&t, m->request ? m->request
					    : "GET /a?b=c HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\n\r\nbody");
	eval_fixture_response(&t, m->response ? m->response : "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\nbody");
	t.e.raw_req = t.req.body_seen;
}

static void fuzz_line(const char *line)
{
	t.f.scope = (struct lang_scope){.proxy = &t.f.proxy};
	if (line[0] == 's')
		fuzz_sample(line + 1);
	else if (line[0] == 'c')
		fuzz_cond(line + 1);
	else if (line[0] == 'l')
		fuzz_format(line + 1, FORMAT_LOG);
	else if (fuzz_rule_line(line))
		return;
	else if (line[0] == 'h')
		fuzz_format(line + 1, FORMAT_HTTP);
	else if (line[0] == 'a') {
		fixture_words(&t.f, line + 1);
		if (t.f.nwords)
			acl_parse(&t.f.c, &t.f.words[0], t.f.words + 1, t.f.nwords - 1, &t.f.scope);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct messages m = {0};
	char *text, *line, *next;

	if (size > 16384 || !(text = malloc(size + 1)))
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	eval_fixture_start(&t);
	t.f.options.offline = true;
	for (line = text; line && line < text + size; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (line[0] == '>' || line[0] == '<') {
			message_read(line[0] == '>' ? &m.request : &m.response, line);
			continue;
		}
		request_begin(&m);
		fuzz_line(line);
		demand_spans();
	}
	eval_fixture_stop(&t);
	free(m.request);
	free(m.response);
	free(text);
	return 0;
}
