/* The text of a suite into statements: words with quotes and comments, tests, what may stand where. See
 * suite.h. */
#include "tools/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "grammar/lbconf.h"
#include "grammar/suggest.h"

enum { SUITE_WORDS_MAX = 64, ANY = SUITE_WORDS_MAX };
enum where { BEFORE_TESTS, ANYWHERE, IN_TEST, BEHIND_REQUEST };

static const struct row {
	const char *name;
	enum suite_verb verb;
	enum where where;
	uint32_t min, max; /* words behind the first */
	const char *usage;
} rows[] = {
	{"config", SV_CONFIG, BEFORE_TESTS, 1, ANY, "config FILE..."},
	{"compat", SV_COMPAT, BEFORE_TESTS, 1, 1, "compat 2.6|2.8|3.0|3.2|3.4"},
	{"test", SV_TEST, ANYWHERE, 1, ANY, "test NAME"},
	{"server", SV_SERVER, IN_TEST, 2, 2,
	 "server BACKEND/SERVER UP|DOWN|MAINT|DRAIN|REFUSED|SILENT|CLOSED|weight=N"},
	{"at", SV_AT, IN_TEST, 1, 2, "at 2026-11-27T12:00:00Z"},
	{"wait", SV_WAIT, IN_TEST, 1, 1, "wait 10s"},
	{"request", SV_REQUEST, IN_TEST, 1, 3, "request [METHOD] URL [HTTP/1.0]"},
	{"header", SV_HEADER, IN_TEST, 1, ANY, "header NAME: VALUE"},
	{"from", SV_FROM, IN_TEST, 1, 1, "from ADDRESS[:PORT]"},
	{"to", SV_TO, IN_TEST, 1, 1, "to ADDRESS[:PORT]"},
	{"bind", SV_BIND, IN_TEST, 1, 1, "bind FRONTEND[:PORT|/NAME]"},
	{"body", SV_BODY, BEHIND_REQUEST, 1, ANY, "body TEXT|@FILE"},
	{"raw", SV_RAW, BEHIND_REQUEST, 1, ANY, "raw TEXT|@FILE"},
	{"var", SV_VAR, IN_TEST, 2, ANY, "var SCOPE.NAME VALUE"},
	{"times", SV_TIMES, BEHIND_REQUEST, 1, 1, "times NUMBER"},
	{"same-connection", SV_SAME, BEHIND_REQUEST, 0, 0, "same-connection"},
	{"reply", SV_REPLY, IN_TEST, 1, ANY, "reply STATUS [REASON]"},
	{"reply-header", SV_REPLY_HEADER, IN_TEST, 1, ANY, "reply-header NAME: VALUE"},
	{"reply-body", SV_REPLY_BODY, IN_TEST, 1, ANY, "reply-body TEXT|@FILE"},
	{"expect", SV_EXPECT, BEHIND_REQUEST, 1, ANY,
	 "expect [no] SUBJECT [is|contains|begins|ends|matches] VALUE"},
};
enum { NROWS = sizeof(rows) / sizeof(*rows) };

struct reader {
	struct suite *s;
	uint32_t source;
	struct str text;
	struct suite_word words[SUITE_WORDS_MAX];
	uint32_t n;
	bool requested; /* the test has a request */
};

const char *suite_usage(enum suite_verb verb)
{
	return rows[verb].usage;
}

struct diag *suite_mistake(struct suite *s, struct span span, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return diag_add(&s->diags, D_SUITE_VALUE, span, "%s", text);
}

struct str suite_rest(struct suite *s, const struct suite_line *line, uint32_t from)
{
	struct out o = out_growing(1 << 20);
	struct str text;

	for (uint32_t i = from; i < line->n; i++)
		out_printf(&o, "%s%.*s", i > from ? " " : "", STR_ARG(line->words[i].text));
	text = arena_str(s->arena, out_get(&o).ptr ? out_get(&o) : STR(""));
	out_free(&o);
	return text;
}

/* --- words */

static char escaped(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* A word from *i on, decoded; quotes as in a configuration, but that nothing is expanded. */
static void word_read(struct reader *r, struct str line, uint32_t off, size_t *i)
{
	struct suite_word *w = &r->words[r->n++];
	char *to = arena_alloc(r->s->arena, line.len - *i + 1), quote = 0;
	size_t begin = *i, opened = 0, n = 0;

	for (; *i < line.len; ++*i) {
		char c = line.ptr[*i];

		if (!quote && (c == ' ' || c == '\t' || c == '#'))
			break;
		if (!quote && (c == '\'' || c == '"')) {
			quote = c;
			opened = *i;
		} else if (c == quote) {
			quote = 0;
		} else if (c == '\\' && quote != '\'' && *i + 1 < line.len) {
			to[n++] = escaped(line.ptr[++*i]);
		} else {
			to[n++] = c;
		}
	}
	w->text = str_make(to, n);
	w->span = (struct span){r->source, off + (uint32_t)begin, (uint32_t)(*i - begin)};
	if (quote)
		suite_mistake(r->s, (struct span){r->source, off + (uint32_t)opened, 1},
			      "this quote is not closed on its line");
}

static void words_read(struct reader *r, struct str line, uint32_t off)
{
	size_t i = 0;

	r->n = 0;
	while (r->n < SUITE_WORDS_MAX) {
		while (i < line.len && strchr(" \t\r", line.ptr[i]))
			i++;
		if (i >= line.len || line.ptr[i] == '#')
			return;
		word_read(r, line, off, &i);
	}
	suite_mistake(r->s, r->words[r->n - 1].span, "a line has at most %d words", SUITE_WORDS_MAX);
}

/* --- lines */

static const struct row *row_find(struct reader *r)
{
	struct suggest suggest;
	char names[200];
	struct diag *g;

	suggest_start(&suggest, r->words[0].text);
	for (int i = 0; i < NROWS; i++) {
		if (str_is(r->words[0].text, rows[i].name))
			return &rows[i];
		suggest_offer(&suggest, str_from(rows[i].name));
	}
	g = diag_add(&r->s->diags, D_SUITE_WORD, r->words[0].span, "a suite has no line `%.*s`",
		     STR_ARG(r->words[0].text));
	if (suggest.n)
		diag_help(&r->s->diags, g, "did you mean %s?", suggest_text(&suggest, names, sizeof(names)));
	return NULL;
}

static bool place_is_right(struct reader *r, const struct row *row)
{
	struct diags *d = &r->s->diags;
	bool in_test = r->s->tests.n;
	struct span at = r->words[0].span;

	if (row->where == BEFORE_TESTS && in_test)
		diag_add(d, D_SUITE_PLACE, at, "`%s` stands before the first test", row->name);
	else if (row->where >= IN_TEST && !in_test)
		diag_help(d, diag_add(d, D_SUITE_PLACE, at, "`%s` belongs to a test", row->name),
			  "begin one above: `test NAME`");
	else if (row->where == BEHIND_REQUEST && !r->requested)
		diag_help(d, diag_add(d, D_SUITE_PLACE, at, "`%s` stands behind a request", row->name),
			  "`request [METHOD] URL` comes first");
	else
		return true;
	return false;
}

static bool count_is_right(struct reader *r, const struct row *row, struct span span)
{
	uint32_t n = r->n - 1;

	if (n >= row->min && n <= row->max)
		return true;
	diag_help(&r->s->diags,
		  suite_mistake(r->s, n > row->max ? r->words[row->max + 1].span : span,
				n > row->max ? "one word too many" : "something is missing here"),
		  "it is `%s`", row->usage);
	return false;
}

static void test_open(struct reader *r, struct span span)
{
	struct suite_line line = {.words = r->words + 1, .n = r->n - 1};
	struct suite_test *t = vec_push(r->s->arena, &r->s->tests);

	*t = (struct suite_test){.name = suite_rest(r->s, &line, 0), .span = span};
	r->requested = false;
}

static void line_add(struct reader *r, const struct row *row, struct span span)
{
	struct suite *s = r->s;
	struct suite_test *t = s->tests.n ? &s->tests.v[s->tests.n - 1] : NULL;
	struct suite_word *words = arena_dup(s->arena, r->words + 1, (r->n - 1) * sizeof(*words));

	if (row->verb == SV_TEST) {
		test_open(r, span);
	} else if (row->verb == SV_CONFIG) {
		for (uint32_t i = 0; i + 1 < r->n; i++)
			*vec_push(s->arena, &s->configs) = words[i];
	} else if (row->verb == SV_COMPAT) {
		s->compat = words[0];
	} else {
		r->requested |= row->verb == SV_REQUEST;
		*vec_push(s->arena, &t->lines) =
			(struct suite_line){.verb = row->verb, .span = span, .words = words, .n = r->n - 1};
	}
}

static void line_read(struct reader *r, struct str line, uint32_t off)
{
	const struct row *row;
	struct span span;

	words_read(r, line, off);
	if (!r->n)
		return;
	span = span_join(r->words[0].span, r->words[r->n - 1].span);
	row = row_find(r);
	if (row && place_is_right(r, row) && count_is_right(r, row, span))
		line_add(r, row, span);
}

static void suite_check(struct reader *r)
{
	struct suite *s = r->s;
	struct span start = {r->source, 0, r->text.len ? 1 : 0};

	if (!s->configs.n && !s->diags.errors)
		diag_help(&s->diags,
			  diag_add(&s->diags, D_SUITE_PLACE, start, "the suite names no configuration"),
			  "say which one first: `config FILE`");
	if (!s->tests.n && !s->diags.errors)
		diag_add(&s->diags, D_SUITE_PLACE, start, "the suite has no test");
}

static bool suite_begin(struct suite *s, const char *path)
{
	*s = (struct suite){.arena = arena_new(), .path = str_from(path)};
	s->sources.arena = s->diags.arena = s->arena;
	errno = ENOMEM;
	return s->arena;
}

/* The text of a source, line by line. */
static bool source_read(struct suite *s, uint32_t source)
{
	struct reader *r = source ? calloc(1, sizeof(*r)) : NULL;
	struct str left;

	if (!r)
		return false;
	r->s = s;
	r->source = source;
	left = r->text = sources_get(&s->sources, source)->text;
	while (left.len) {
		size_t end = str_chr(left, '\n');

		line_read(r, str_sub(left, 0, end), (uint32_t)(r->text.len - left.len));
		left = str_tail(left, end + 1);
	}
	suite_check(r);
	free(r);
	return true;
}

bool suite_read(struct suite *s, const char *path)
{
	return suite_begin(s, path) && source_read(s, sources_add_file(&s->sources, path));
}

bool suite_read_text(struct suite *s, const char *name, struct str text)
{
	return suite_begin(s, name) && source_read(s, sources_add(&s->sources, str_from(name), text, true));
}

void suite_free(struct suite *s)
{
	lbconf_free(s->conf);
	arena_free(&s->arena);
}
