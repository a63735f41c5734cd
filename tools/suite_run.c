/* Plays the lines of a test, one after the other: what describes a request is collected, and the request played
 * as soon as something else comes. See suite.h. */
#include "tools/coverage.h"
#include "tools/suite.h"

#include <stdlib.h>

enum { TIMES_MAX = 1000000 };

static struct span rest_span(const struct suite_line *line)
{
	return line->n ? span_join(line->words[0].span, line->words[line->n - 1].span) : line->span;
}

/* The last function of lbcheck_play.h said why. */
static bool refused(struct suite_run *r, const struct suite_line *line)
{
	diag_help(&r->suite->diags, suite_mistake(r->suite, rest_span(line), "%.*s", STR_ARG(r->play.error)),
		  "it is `%s`", suite_usage(line->verb));
	r->broken = true;
	return false;
}

/* --- the stage */

static bool stage_open(struct suite_run *r, uint64_t wall_ms)
{
	struct stage_options o = {.wall_ms = wall_ms, .proxy_header = true};

	if (r->stage)
		return true;
	r->stage = stage_new((struct model *)r->suite->model, &o);
	if (!r->stage) {
		suite_mistake(r->suite, r->test->span,
			      "the configuration cannot be played: memory or a file is missing");
		r->broken = true;
		return false;
	}
	stage_observe(r->stage, &r->witness.observer, witness_over, &r->witness);
	return true;
}

static bool play_once(struct suite_run *r, const struct witness_orders *orders)
{
	if (!witness_begin(&r->witness, orders) || !stage_visit(r->stage, &r->visit, &r->outcome)) {
		suite_mistake(r->suite, r->request->span, "memory ran out while this was played");
		r->broken = true;
		return false;
	}
	r->played = true;
	coverage_add(r->coverage, &r->witness);
	if (r->on_played)
		r->on_played(r->ctx, r);
	return true;
}

/* The request that was described, if there is one. */
static void flush(struct suite_run *r)
{
	const struct suite_line *line = r->request;
	struct witness_orders orders = {.vars = r->vars.v, .nvars = r->vars.n};

	if (!line || r->broken || !stage_open(r, 0))
		return;
	if (!play_build(&r->play, &r->visit, &r->reply)) {
		refused(r, line);
		return;
	}
	stage_reply(r->stage, r->reply);
	for (uint32_t i = 0; i < r->times && play_once(r, &orders); i++)
		;
	r->request = NULL;
}

/* --- lines between requests */

static bool duration(struct str text, uint64_t *ms)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {"", 1}};
	uint64_t n = 0;
	size_t i = 0;

	while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' && n < UINT32_MAX)
		n = n * 10 + (uint64_t)(text.ptr[i++] - '0');
	for (size_t k = 0; i && k < sizeof(units) / sizeof(*units); k++) {
		*ms = n * units[k].ms;
		if (str_is(str_tail(text, i), units[k].name))
			return *ms <= UINT32_MAX;
	}
	return false;
}

static void pass(struct suite_run *r, uint64_t ms)
{
	if (!stage_open(r, 0))
		return;
	stage_pass(r->stage, ms);
	if (r->on_wait)
		r->on_wait(r->ctx, r, ms);
}

static void do_wait(struct suite_run *r, const struct suite_line *line)
{
	uint64_t ms;

	if (duration(line->words[0].text, &ms)) {
		pass(r, ms);
		return;
	}
	play_fail(&r->play, "`%.*s` is no time such as 500ms, 10s, 5m, 2h or 1d", STR_ARG(line->words[0].text));
	refused(r, line);
}

static void do_at(struct suite_run *r, const struct suite_line *line)
{
	uint64_t ms, now;

	if (!play_time(&r->play, suite_rest(r->suite, line, 0), &ms)) {
		refused(r, line);
		return;
	}
	if (!r->stage) {
		stage_open(r, ms);
		return;
	}
	now = stage_wall(r->stage);
	if (ms >= now) {
		pass(r, ms - now);
		return;
	}
	play_fail(&r->play, "it is later than that already: time only goes forward");
	refused(r, line);
}

static void do_server(struct suite_run *r, const struct suite_line *line)
{
	struct play_state state;
	struct str text = arena_printf(r->suite->arena, "%.*s=%.*s", STR_ARG(line->words[0].text),
				       STR_ARG(line->words[1].text));

	if (!stage_open(r, 0))
		return;
	if (!play_state_parse(&r->play, text, &state) || !play_state_apply(&r->play, r->stage, &state))
		refused(r, line);
	else if (r->on_server)
		r->on_server(r->ctx, r, &state);
}

/* --- lines about a request: about all of the test, when they stand before its first */

static struct str file_word(struct suite_run *r, struct str text)
{
	const char *slash = strrchr(r->suite->path.ptr, '/');

	if (!slash || text.len < 2 || text.ptr[0] != '@' || text.ptr[1] == '/')
		return text;
	return arena_printf(r->suite->arena, "@%.*s/%.*s", (int)(slash - r->suite->path.ptr),
			    r->suite->path.ptr, STR_ARG(str_tail(text, 1)));
}

static bool take_request(struct suite_run *r, const struct suite_line *line)
{
	struct play *p = &r->play;
	uint32_t n = line->n, url = n > 1 && !str_starts(line->words[1].text, STR("HTTP/"));

	r->request = line;
	r->times = 1;
	if (n > 1 + url) {
		if (!str_starts(line->words[1 + url].text, STR("HTTP/")))
			return play_fail(p, "`%.*s` is no version of HTTP", STR_ARG(line->words[1 + url].text));
		p->version = str_tail(line->words[1 + url].text, 5);
	}
	return play_url(p, url ? line->words[0].text : STR("GET"), line->words[url].text);
}

static bool take_times(struct suite_run *r, struct str text)
{
	unsigned long n = strtoul(text.ptr, NULL, 10);

	r->times = (uint32_t)n;
	return n && n <= TIMES_MAX
		       ? true
		       : play_fail(&r->play, "`%.*s` is no number from 1 to %d", STR_ARG(text), TIMES_MAX);
}

static bool take_reply_header(struct suite_run *r, struct str field)
{
	if (!str_chr(field, ':') || str_chr(field, ':') >= field.len)
		return play_fail(&r->play, "`%.*s` is no header field: `Name: value`", STR_ARG(field));
	*vec_push(r->suite->arena, &r->play.reply_headers) = field;
	return true;
}

static bool take_property(struct suite_run *r, const struct suite_line *line)
{
	struct play *p = &r->play;
	struct str all = suite_rest(r->suite, line, 0);

	switch (line->verb) {
	case SV_REQUEST:
		return take_request(r, line);
	case SV_HEADER:
		return play_header(p, all);
	case SV_FROM:
		return play_address(p, all, &p->src);
	case SV_TO:
		return play_address(p, all, &p->dst);
	case SV_BIND:
		p->bind = all;
		return true;
	case SV_BODY:
		return play_body(p, file_word(r, all), &p->body);
	case SV_RAW:
		return play_body(p, file_word(r, all), &p->raw);
	case SV_VAR:
		*vec_push(r->suite->arena, &r->vars) = (struct witness_var){
			.name = line->words[0].text, .value = suite_rest(r->suite, line, 1)};
		return true;
	case SV_TIMES:
		return take_times(r, all);
	case SV_SAME:
		p->same_connection = true;
		return true;
	case SV_REPLY:
		p->reply_status = all;
		return true;
	case SV_REPLY_HEADER:
		return take_reply_header(r, all);
	default:
		return play_body(p, file_word(r, all), &p->reply_body);
	}
}

/* Vectors of the test are copied, so that what one request adds is not the next one's. */
static void play_begin(struct suite_run *r)
{
	struct arena *a = r->suite->arena;
	struct play *p = &r->play;

	flush(r);
	*p = r->defaults;
	p->headers.v = arena_dup(a, p->headers.v, p->headers.n * sizeof(*p->headers.v));
	p->headers.cap = p->headers.n;
	p->reply_headers.v = arena_dup(a, p->reply_headers.v, p->reply_headers.n * sizeof(*p->reply_headers.v));
	p->reply_headers.cap = p->reply_headers.n;
}

static void line_play(struct suite_run *r, const struct suite_line *line, bool *begun)
{
	if (line->verb == SV_REQUEST) {
		if (!*begun)
			r->defaults = r->play;
		*begun = true;
		play_begin(r);
	} else if (line->verb < SV_REQUEST || line->verb == SV_EXPECT) {
		flush(r);
	}
	if (r->broken)
		return;
	if (line->verb == SV_EXPECT)
		suite_expect(r, line);
	else if (line->verb == SV_WAIT)
		do_wait(r, line);
	else if (line->verb == SV_AT)
		do_at(r, line);
	else if (line->verb == SV_SERVER)
		do_server(r, line);
	else if (!take_property(r, line))
		refused(r, line);
}

void suite_run_test(struct suite_run *r, struct suite_test *t)
{
	bool begun = false;

	r->test = t;
	r->stage = NULL;
	r->request = NULL;
	r->played = r->broken = false;
	r->vars.n = 0;
	t->first_diag = r->suite->diags.list.n;
	play_init(&r->play, r->suite->arena, r->suite->model);
	for (uint32_t i = 0; i < t->lines.n && !r->broken; i++)
		line_play(r, &t->lines.v[i], &begun);
	flush(r);
	stage_free(&r->stage);
	t->failed += r->broken;
	t->expected += r->broken;
	t->ndiags = r->suite->diags.list.n - t->first_diag;
}
