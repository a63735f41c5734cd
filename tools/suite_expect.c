/* Expectations: one line against what one request came to. A subject gives a text, an operator compares it. A
 * failure says what there was instead, where that was decided, and how to see more. See suite.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tools/suite.h"

#include <pcre2.h>
#include <stdio.h>

#include "grammar/suggest.h"
#include "runtime/http/h1_chunk.h"

enum { SHOWN = 200 };

/* The value of a subject; ptr NULL: there is none. */
struct subject {
	const char *name;
	uint32_t words; /* behind the name: that of a field */
	struct str (*value)(struct suite_run *r, struct str name);
};

/* --- messages as text */

static size_t find(struct str s, const char *what)
{
	const char *at = s.len ? memmem(s.ptr, s.len, what, strlen(what)) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

/* The last message of what the client received: interim responses stand before it. */
static struct str response(const struct suite_run *r)
{
	struct str s = r->outcome.response;

	while (str_starts(s, STR("HTTP/1.1 1")) && find(s, "\r\n\r\n") + 4 < s.len)
		s = str_tail(s, find(s, "\r\n\r\n") + 4);
	return s;
}

static struct str head_of(struct str message)
{
	return str_sub(message, 0, find(message, "\r\n\r\n") + 2);
}

/* All values of a field, joined by ", ". */
static struct str field(struct suite_run *r, struct str head, struct str name)
{
	struct out o = out_growing(1 << 20);
	struct str text = STR_NONE;
	bool found = false;

	while (head.len) {
		struct str line = str_sub(head, 0, find(head, "\r\n"));
		size_t colon = str_chr(line, ':');
		struct str value = str_tail(line, colon + 1);

		head = str_tail(head, line.len + 2);
		if (colon >= line.len || !str_ieq(str_sub(line, 0, colon), name))
			continue;
		while (value.len && value.ptr[0] == ' ')
			value = str_tail(value, 1);
		out_printf(&o, "%s%.*s", found ? ", " : "", STR_ARG(value));
		found = true;
	}
	if (found)
		text = arena_str(r->suite->arena, out_get(&o).ptr ? out_get(&o) : STR(""));
	out_free(&o);
	return text;
}

/* The last try that was not refused. */
static const struct stage_try *sent(const struct suite_run *r)
{
	for (uint32_t i = r->outcome.ntries; i-- > 0;)
		if (!r->outcome.tries[i].refused)
			return &r->outcome.tries[i];
	return NULL;
}

static struct str sent_head(const struct suite_run *r)
{
	const struct stage_try *t = sent(r);

	return t ? t->got : STR_NONE;
}

static struct str request_word(const struct suite_run *r, int nth)
{
	struct str line = sent_head(r);

	line.len = find(line, "\r\n");
	for (; nth; nth--)
		line = str_tail(line, str_chr(line, ' ') + 1);
	return str_sub(line, 0, str_chr(line, ' '));
}

/* --- subjects */

static struct str number(struct suite_run *r, uint64_t n)
{
	return arena_printf(r->suite->arena, "%llu", (unsigned long long)n);
}

static struct str v_status(struct suite_run *r, struct str name)
{
	(void)name;
	return r->witness.status ? number(r, r->witness.status) : STR_NONE;
}

static struct str v_frontend(struct suite_run *r, struct str name)
{
	(void)name;
	return r->visit.bind->proxy->name;
}

static struct str v_backend(struct suite_run *r, struct str name)
{
	(void)name;
	return r->witness.backend ? r->witness.backend->name : STR_NONE;
}

static struct str v_server(struct suite_run *r, struct str name)
{
	(void)name;
	return r->witness.server ? r->witness.server->name : STR_NONE;
}

static struct str pos_text(struct suite_run *r, struct conf_pos pos)
{
	return arena_printf(r->suite->arena, "%.*s:%u", STR_ARG(r->suite->model->source_names[pos.source - 1]),
			    pos.line);
}

static struct str v_rule(struct suite_run *r, struct str name)
{
	const struct rule *rule = r->witness.last_rule;

	(void)name;
	return rule && rule->pos.source ? pos_text(r, rule->pos) : STR_NONE;
}

static struct str v_termination(struct suite_run *r, struct str name)
{
	(void)name;
	return r->witness.over ? str_make(r->witness.letters, 4) : STR_NONE;
}

static struct str v_method(struct suite_run *r, struct str name)
{
	(void)name;
	return sent(r) ? request_word(r, 0) : STR_NONE;
}

static struct str v_uri(struct suite_run *r, struct str name)
{
	(void)name;
	return sent(r) ? request_word(r, 1) : STR_NONE;
}

static struct str v_path(struct suite_run *r, struct str name)
{
	(void)name;
	return sent(r) ? http_uri_path(request_word(r, 1)) : STR_NONE;
}

static struct str v_query(struct suite_run *r, struct str name)
{
	struct str query = sent(r) ? http_uri_query(request_word(r, 1)) : STR_NONE;

	(void)name;
	return query.len ? query : STR_NONE;
}

static struct str v_header(struct suite_run *r, struct str name)
{
	return field(r, head_of(sent_head(r)), name);
}

static struct str v_body(struct suite_run *r, struct str name)
{
	(void)name;
	return sent(r) && sent(r)->body.len ? sent(r)->body : STR_NONE;
}

static struct str v_response_header(struct suite_run *r, struct str name)
{
	return field(r, head_of(response(r)), name);
}

static struct str v_reason(struct suite_run *r, struct str name)
{
	struct str line = response(r);

	(void)name;
	line.len = find(line, "\r\n");
	line = str_tail(line, str_chr(line, ' ') + 1);
	line = str_tail(line, str_chr(line, ' ') + 1);
	return line.len ? line : STR_NONE;
}

static struct str v_response_body(struct suite_run *r, struct str name)
{
	struct str whole = response(r), body = str_tail(whole, find(whole, "\r\n\r\n") + 4), plain;
	struct h1_chunks chunks;
	uint32_t used;

	(void)name;
	if (!body.len || !field(r, head_of(whole), STR("transfer-encoding")).ptr)
		return body.len ? body : STR_NONE;
	h1_chunks_init(&chunks);
	h1_chunks_decode(&chunks, arena_dup(r->suite->arena, body.ptr, body.len), (uint32_t)body.len, &plain,
			 &used);
	return plain;
}

static struct str v_log(struct suite_run *r, struct str name)
{
	struct str log = r->outcome.log;

	(void)name;
	return log.len ? str_sub(log, 0, log.len - 1) : STR_NONE;
}

static struct str v_time(struct suite_run *r, struct str name)
{
	(void)name;
	return number(r, r->outcome.ms);
}

static struct str v_connection(struct suite_run *r, struct str name)
{
	(void)name;
	return r->outcome.closed ? STR("closed") : STR("open");
}

/* A rule that was met and whose condition held: the value is the place that was asked for. */
static struct str v_matched(struct suite_run *r, struct str name);

static const struct subject subjects[] = {
	{"status", 0, v_status},
	{"reason", 0, v_reason},
	{"frontend", 0, v_frontend},
	{"backend", 0, v_backend},
	{"server", 0, v_server},
	{"rule", 0, v_rule},
	{"matched", 1, v_matched},
	{"termination", 0, v_termination},
	{"method", 0, v_method},
	{"uri", 0, v_uri},
	{"path", 0, v_path},
	{"query", 0, v_query},
	{"header", 1, v_header},
	{"body", 0, v_body},
	{"log", 0, v_log},
	{"time", 0, v_time},
	{"connection", 0, v_connection},
	{"response-header", 1, v_response_header},
	{"response-body", 0, v_response_body},
};
enum { NSUBJECTS = sizeof(subjects) / sizeof(*subjects) };

/* --- comparing */

/* "17", "shop.cfg:17", "/etc/haproxy/shop.cfg:17": is the place `pos` meant? */
static bool place_is(struct str pos, struct str said)
{
	size_t from;

	if (str_chr(said, ':') == said.len)
		return str_ends(pos, said) && pos.len > said.len && pos.ptr[pos.len - said.len - 1] == ':';
	if (!str_ends(pos, said))
		return false;
	from = pos.len - said.len;
	return !from || pos.ptr[from - 1] == '/';
}

static struct str v_matched(struct suite_run *r, struct str name)
{
	vec_each (s, &r->witness.steps)
		if (s->matched && s->pos.source && place_is(pos_text(r, s->pos), name))
			return name;
	return STR_NONE;
}

/* 2xx stands for 200 to 299. */
static bool status_is(struct str status, struct str said)
{
	if (said.len == 3 && str_ieq(str_tail(said, 1), STR("xx")))
		return status.len == 3 && status.ptr[0] == said.ptr[0];
	return str_eq(status, said);
}

static bool c_is(const struct subject *s, struct str value, struct str said)
{
	if (s->value == v_status)
		return status_is(value, said);
	if (s->value == v_rule)
		return place_is(value, said);
	return s->value == v_termination ? str_starts(value, said) : str_eq(value, said);
}

static bool c_contains(const struct subject *s, struct str value, struct str said)
{
	(void)s;
	return !said.len || find(value, said.ptr) < value.len;
}

static bool c_begins(const struct subject *s, struct str value, struct str said)
{
	(void)s;
	return str_starts(value, said);
}

static bool c_ends(const struct subject *s, struct str value, struct str said)
{
	(void)s;
	return str_ends(value, said);
}

static pcre2_code *pattern(struct str said)
{
	size_t offset;
	int error;

	return pcre2_compile((PCRE2_SPTR)said.ptr, said.len, 0, &error, &offset, NULL);
}

static bool c_matches(const struct subject *s, struct str value, struct str said)
{
	pcre2_code *code = pattern(said);
	pcre2_match_data *data = code ? pcre2_match_data_create_from_pattern(code, NULL) : NULL;
	int n = data ? pcre2_match(code, (PCRE2_SPTR)value.ptr, value.len, 0, 0, data, NULL) : -1;

	(void)s;
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return n >= 0;
}

static const struct operator
{
	const char *name;
	bool (*compare)(const struct subject *s, struct str value, struct str said);
}
operators[] = {
	{"is", c_is}, {"contains", c_contains}, {"begins", c_begins}, {"ends", c_ends}, {"matches", c_matches},
};
enum { NOPERATORS = sizeof(operators) / sizeof(*operators) };

/* --- one line */

struct expectation {
	bool no;
	const struct subject *subject;
	struct str name; /* of a field */
	const struct operator* op;
	struct str said; /* ptr NULL: that there is one */
	struct span span;
};

static struct diag *unknown_subject(struct suite_run *r, const struct suite_word *w)
{
	struct diags *d = &r->suite->diags;
	struct diag *g =
		diag_add(d, D_SUITE_WORD, w->span, "nothing called `%.*s` can be expected", STR_ARG(w->text));
	struct out names = out_growing(1 << 12);
	struct suggest suggest;
	char text[200];

	suggest_start(&suggest, w->text);
	for (int i = 0; i < NSUBJECTS; i++) {
		suggest_offer(&suggest, str_from(subjects[i].name));
		out_printf(&names, "%s%s", i ? " " : "", subjects[i].name);
	}
	if (suggest.n)
		diag_help(d, g, "did you mean %s?", suggest_text(&suggest, text, sizeof(text)));
	else
		diag_help(d, g, "there are %.*s", STR_ARG(out_get(&names)));
	out_free(&names);
	return g;
}

/* "header X-Name: value" is as good as "header X-Name value". */
static struct str field_name(struct str word)
{
	return word.len > 1 && word.ptr[word.len - 1] == ':' ? str_sub(word, 0, word.len - 1) : word;
}

static bool subject_take(struct suite_run *r, const struct suite_line *line, uint32_t *i, struct expectation *x)
{
	for (int k = 0; k < NSUBJECTS && *i < line->n; k++)
		if (str_is(line->words[*i].text, subjects[k].name))
			x->subject = &subjects[k];
	if (!x->subject) {
		if (*i < line->n)
			unknown_subject(r, &line->words[*i]);
		else
			suite_mistake(r->suite, line->span, "what is not expected?");
		return false;
	}
	++*i;
	if (!x->subject->words)
		return true;
	if (*i >= line->n) {
		suite_mistake(r->suite, line->span, "`%s` needs a name behind it", x->subject->name);
		return false;
	}
	x->name = field_name(line->words[(*i)++].text);
	return true;
}

static bool value_take(struct suite_run *r, const struct suite_line *line, uint32_t i, struct expectation *x)
{
	x->op = &operators[0];
	x->said = STR_NONE;
	x->span = line->span;
	for (int k = 0; k < NOPERATORS && i + 1 < line->n; k++) {
		if (!str_is(line->words[i].text, operators[k].name))
			continue;
		x->op = &operators[k];
		i++;
		break;
	}
	if (i >= line->n)
		return true;
	x->said = suite_rest(r->suite, line, i);
	x->span = span_join(line->words[i].span, line->words[line->n - 1].span);
	if (x->op->compare == c_matches) {
		pcre2_code *code = pattern(x->said);

		if (!code)
			suite_mistake(r->suite, x->span, "this is no regular expression");
		pcre2_code_free(code);
		return code;
	}
	return true;
}

/* `expect server none` is `expect no server`. */
static bool holds(const struct expectation *x, struct str value)
{
	bool result;

	if (x->said.ptr && str_is(x->said, "none") && x->op == &operators[0] && !x->name.ptr)
		result = !value.ptr;
	else if (!x->said.ptr)
		result = value.ptr;
	else
		result = value.ptr && x->op->compare(x->subject, value, x->said);
	return result != x->no;
}

/* Shortened, and without bytes that a terminal would act on: diagnostics see to the rest. */
static struct str shown(struct suite_run *r, struct str value)
{
	if (value.len <= SHOWN)
		return value;
	return arena_printf(r->suite->arena, "%.*s...", SHOWN, value.ptr);
}

static void note_decision(struct suite_run *r, struct diag *g)
{
	const struct witness *w = &r->witness;
	struct diags *d = &r->suite->diags;

	if (w->last_rule && w->last_rule->pos.source)
		diag_note(d, g, "decided at %.*s: %.*s", STR_ARG(pos_text(r, w->last_rule->pos)),
			  STR_ARG(w->last_rule->text));
	for (uint32_t i = w->steps.n; i-- > 0;) {
		const struct witness_step *s = &w->steps.v[i];

		if (s->list != WL_USE_BACKEND || !s->matched)
			continue;
		diag_note(d, g, "the backend was chosen at %.*s: %.*s", STR_ARG(pos_text(r, s->pos)),
			  STR_ARG(s->text));
		break;
	}
	if (w->backend && w->status)
		diag_note(d, g, "it ended with %u from %.*s%s%.*s", w->status, STR_ARG(w->backend->name),
			  w->server ? "/" : "", STR_ARG(w->server ? w->server->name : STR_NONE));
}

static void fail(struct suite_run *r, const struct expectation *x, struct str value)
{
	struct diags *d = &r->suite->diags;
	struct str what = arena_printf(r->suite->arena, "%s%s%.*s", x->subject->name, x->name.ptr ? " " : "",
				       STR_ARG(x->name));
	struct diag *g;

	if (!value.ptr)
		g = diag_add(d, D_SUITE_FAILED, x->span, "there is no %.*s", STR_ARG(what));
	else
		g = diag_add(d, D_SUITE_FAILED, x->span, "the %.*s is `%.*s`", STR_ARG(what),
			     STR_ARG(shown(r, value)));
	diag_label(d, g, x->no ? "expected otherwise" : "expected");
	diag_also(d, g, r->test->span, "in this test");
	note_decision(r, g);
	r->test->failed++;
}

void suite_expect(struct suite_run *r, const struct suite_line *line)
{
	struct expectation x = {.no = str_is(line->words[0].text, "no")};
	uint32_t i = x.no;
	struct str value;

	if (!r->played) {
		r->broken = true;
		return;
	}
	if (!subject_take(r, line, &i, &x) || !value_take(r, line, i, &x)) {
		r->broken = true;
		return;
	}
	r->test->expected++;
	value = x.subject->value(r, x.name);
	if (!holds(&x, value))
		fail(r, &x, value);
}
