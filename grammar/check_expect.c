/* `http-check expect` and `tcp-check expect`: what an answer must be (manual, section 4.2). Works on the state
 * of one walk; one thread. */
#include "grammar/check_health.h"
#include "grammar/lang.h"

enum option {
	OPT_MIN_RECV,
	OPT_COMMENT,
	OPT_OK,
	OPT_ERROR,
	OPT_TOUT,
	OPT_ON_SUCCESS,
	OPT_ON_ERROR,
	OPT_CODE,
	OPT_NONE
};

static enum option option_find(struct str word)
{
	static const char *const words[] = {"min-recv",    "comment",    "ok-status", "error-status",
					    "tout-status", "on-success", "on-error",  "status-code"};
	enum option o = 0;

	while (o < OPT_NONE && !str_is(word, words[o]))
		o++;
	return o;
}

/* Numbers of the words that a set names, of grammar/check_status.def. */
static uint8_t status_number(struct str word)
{
#define CHECK_STATUS(name, number, short_name, text)                                                           \
	if (str_is(word, short_name))                                                                          \
		return number;
#include "grammar/check_status.def"
#undef CHECK_STATUS
	return 0;
}

static bool status_read(const struct keyword_use *use, uint32_t i, enum option option, uint8_t *status)
{
	static const char *const sets[] = {[OPT_OK] = "L4OK|L6OK|L7OK|L7OKC",
					   [OPT_ERROR] = "L4CON|L6RSP|L7RSP|L7STS|L7OKC",
					   [OPT_TOUT] = "L4TOUT|L6TOUT|L7TOUT"};
	uint32_t before = use->k->d->list.n;
	int64_t choice;

	*status = status_number(use->words[i].text);
	if (check_choice(use, &use->words[i], sets[option], &choice))
		return true;
	if (option == OPT_OK)
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'%s' : 'ok-status' only supports 'L4OK', 'L6OK', 'L7OK' or 'L7OKC' status (got "
			     "'%.*s')..",
			     use->row->name, STR_ARG(use->words[i].text));
	return false;
}

static struct lang_scope expect_scope(const struct keyword_use *use)
{
	return (struct lang_scope){
		.proxy = use->draft->px, .places = AT(CHECK), .where = "check rule", .format = FORMAT_PLAIN};
}

static const struct logfmt *format_read(const struct keyword_use *use, const struct word *w)
{
	struct lang_scope scope = expect_scope(use);

	return logfmt_parse(use->k->c, w, &scope);
}

static bool option_read(const struct keyword_use *use, uint32_t i, enum option option, struct hc_step *step)
{
	struct lang_scope scope = expect_scope(use);
	const struct word *w = &use->words[i];
	size_t end;
	int64_t bytes;

	switch (option) {
	case OPT_MIN_RECV:
		if (!check_number(use, w, -1, INT32_MAX, &bytes))
			return false;
		step->min_recv = (int32_t)bytes;
		return true;
	case OPT_COMMENT:
		step->comment = check_keep(use->k, w->text);
		return true;
	case OPT_OK:
		return status_read(use, i, option, &step->outcome.ok);
	case OPT_ERROR:
		return status_read(use, i, option, &step->outcome.error);
	case OPT_TOUT:
		return status_read(use, i, option, &step->outcome.timeout);
	case OPT_ON_SUCCESS:
		step->outcome.on_success = format_read(use, w);
		return step->outcome.on_success != NULL;
	case OPT_ON_ERROR:
		step->outcome.on_error = format_read(use, w);
		return step->outcome.on_error != NULL;
	case OPT_CODE:
		step->outcome.status_code = sample_parse(use->k->c, w, 0, 0, &end, &scope);
		return step->outcome.status_code != NULL;
	case OPT_NONE:
		break;
	}
	return true;
}

static bool statuses_error(const struct keyword_use *use, uint32_t i, struct str haproxy)
{
	check_health_error(use, i, "statuses are numbers and ranges, as in `200-299,301`", haproxy.ptr);
	return false;
}

/* Digits at the beginning of what is left; none are 0, as for HAProxy. */
static int64_t status_digits(struct str *s)
{
	int64_t v = 0;

	for (; s->len && s->ptr[0] >= '0' && s->ptr[0] <= '9'; *s = str_tail(*s, 1))
		v = v > INT32_MAX ? v : v * 10 + (s->ptr[0] - '0');
	return v;
}

/* "200-299,301": ranges of codes. */
static bool statuses_read(const struct keyword_use *use, uint32_t i, struct hc_step *step)
{
	struct str rest = use->words[i].text;
	VEC(struct pattern) ranges = {0};

	while (rest.len) {
		struct str part = str_sub(rest, 0, str_chr(rest, ',')), left = part;
		struct pattern *p = vec_push(use->k->a, &ranges);

		p->min = p->max = status_digits(&left);
		if (left.len && left.ptr[0] == '-') {
			left = str_tail(left, 1);
			p->max = status_digits(&left);
		}
		if (p->max < p->min || p->max > INT32_MAX)
			return statuses_error(use, i,
					      arena_printf(use->k->scratch,
							   "invalid range of status codes '%.*s'.",
							   STR_ARG(part)));
		if (left.len)
			return statuses_error(
				use, i,
				arena_printf(use->k->scratch,
					     "invalid character '%c' in the list of status codes.",
					     left.ptr[0]));
		rest = str_tail(rest, part.len + 1);
	}
	step->statuses = ranges.v;
	step->nstatuses = ranges.n;
	return true;
}

struct match {
	const char *word;
	enum hc_expect expect;
	bool http, tcp;
};

static const struct match matches[] = {
	{"status", HCE_STATUS, 1, 0},       {"rstatus", HCE_RSTATUS, 1, 0}, {"string", HCE_STRING, 1, 1},
	{"rstring", HCE_RSTRING, 1, 1},     {"hdr", HCE_HDR, 1, 0},         {"fhdr", HCE_FHDR, 1, 0},
	{"string-lf", HCE_STRING_LF, 1, 1}, {"binary", HCE_BINARY, 0, 1},   {"rbinary", HCE_RBINARY, 0, 1},
	{"binary-lf", HCE_BINARY_LF, 0, 1},
};

static const struct match *match_find(struct str word, bool http)
{
	for (size_t i = 0; i < sizeof(matches) / sizeof(*matches); i++)
		if (str_is(word, matches[i].word) && (http ? matches[i].http : matches[i].tcp))
			return &matches[i];
	return NULL;
}

static bool header_error(const struct keyword_use *use, uint32_t i)
{
	check_health_error(use, i, "`hdr` needs `name` and a pattern, perhaps `value` and a pattern",
			   "'hdr' expects at the name keyword as first argument followed by a pattern.");
	return false;
}

/* The method behind `-m`. */
static bool header_method(const struct keyword_use *use, uint32_t i, enum match_method *method)
{
	static const enum match_method methods[] = {MATCH_STR, MATCH_BEG, MATCH_END, MATCH_SUB, MATCH_REG};
	int64_t choice;

	if (!check_choice(use, &use->words[i], "str|beg|end|sub|reg", &choice))
		return false;
	*method = methods[choice];
	return true;
}

/* [-m <method>] <text> from word *i on, of `name`, `name-lf`, `value` or `value-lf`. */
static bool header_pattern(const struct keyword_use *use, uint32_t *i, bool lf, struct hc_pattern *p)
{
	const struct word *w;

	p->method = MATCH_STR;
	while (*i + 1 < use->n && str_is(use->words[*i].text, "-m")) {
		if (!header_method(use, *i + 1, &p->method))
			return false;
		*i += 2;
	}
	if (*i >= use->n)
		return header_error(use, *i);
	w = &use->words[(*i)++];
	p->text = check_keep(use->k, w->text);
	if (lf) {
		p->fmt = format_read(use, w);
		return p->fmt != NULL;
	}
	if (p->method != MATCH_REG)
		return true;
	p->regex = regex_parse(use->k->c, w->text, false, w->span);
	return p->regex != NULL;
}

/* hdr name[-lf] [-m <method>] <text> [value[-lf] [-m <method>] <text>]: from word *i on. */
static bool header_read(const struct keyword_use *use, uint32_t *i, struct hc_step *step)
{
	struct str word = *i < use->n ? use->words[*i].text : STR_NONE;

	if (!str_is(word, "name") && !str_is(word, "name-lf"))
		return header_error(use, *i);
	++*i;
	if (!header_pattern(use, i, word.len > 4, &step->hdr_name))
		return false;
	word = *i < use->n ? use->words[*i].text : STR_NONE;
	if (!str_is(word, "value") && !str_is(word, "value-lf"))
		return true;
	++*i;
	return header_pattern(use, i, word.len > 5, &step->hdr_value);
}

/* What stands behind the matching method, from word *i on. */
static bool pattern_read(const struct keyword_use *use, uint32_t *i, const struct match *m,
			 struct hc_step *step)
{
	const struct word *w = &use->words[*i];

	switch (m->expect) {
	case HCE_HDR:
	case HCE_FHDR:
		return header_read(use, i, step);
	case HCE_STATUS:
		return statuses_read(use, (*i)++, step);
	case HCE_BINARY:
		return check_health_hex(use, (*i)++, &step->text);
	case HCE_STRING_LF:
	case HCE_BINARY_LF:
		++*i;
		step->text_fmt = format_read(use, w);
		return step->text_fmt != NULL;
	case HCE_RSTATUS:
	case HCE_RSTRING:
	case HCE_RBINARY:
		++*i;
		step->text = check_keep(use->k, w->text);
		step->regex = regex_parse(use->k->c, w->text, false, w->span);
		return step->regex != NULL;
	default:
		++*i;
		step->text = check_keep(use->k, w->text);
		return true;
	}
}

static const struct match *match_read(const struct keyword_use *use, uint32_t *i, bool http,
				      struct hc_step *step)
{
	const struct match *m;

	if (*i < use->n && str_starts(use->words[*i].text, STR("!"))) {
		struct word rest = use->words[*i];

		step->negated = true;
		rest.text = str_tail(rest.text, 1);
		if (rest.text.len) {
			m = match_find(rest.text, http);
			++*i;
			return m;
		}
		++*i;
	}
	m = *i < use->n ? match_find(use->words[*i].text, http) : NULL;
	++*i;
	return m;
}

static bool report_match(const struct keyword_use *use, uint32_t i, bool http)
{
	uint32_t before = use->k->d->list.n;
	int64_t choice;

	if (i >= use->n) {
		check_health_error(use, use->n, "`expect` needs to say what to look at, and a pattern",
				   "expects at least a matching pattern as arguments.");
		return false;
	}
	check_choice(use, &use->words[i],
		     http ? "min-recv|comment|ok-status|error-status|tout-status|on-success|on-error|status-"
			    "code|!|status|rstatus|string|"
			    "rstring|string-lf|hdr|fhdr"
			  : "min-recv|comment|ok-status|error-status|tout-status|on-success|on-error|status-"
			    "code|!|string|rstring|"
			    "string-lf|binary|rbinary|binary-lf",
		     &choice);
	if (http && use->k->d->list.n > before)
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'http-check expect' : 'only supports min-recv, [!]string', '[!]rstring', "
			     "'[!]string-lf', '[!]status', "
			     "'[!]rstatus', [!]hdr, [!]fhdr or comment but got '%.*s' as argument..",
			     STR_ARG(use->words[i].text));
	return false;
}

static bool options_read(const struct keyword_use *use, uint32_t *i, struct hc_step *step)
{
	enum option option;

	while (*i < use->n && (option = option_find(use->words[*i].text)) != OPT_NONE) {
		if (*i + 1 == use->n) {
			check_missing(use, "a value behind the last word");
			return false;
		}
		if (!option_read(use, *i + 1, option, step))
			return false;
		*i += 2;
	}
	return true;
}

bool check_health_expect(const struct keyword_use *use, bool http)
{
	struct hc_step step = {.kind = HC_EXPECT}, *added;
	const struct match *m;
	uint32_t i = 0, at;

	if (!options_read(use, &i, &step))
		return false;
	at = i;
	m = match_read(use, &i, http, &step);
	if (!m)
		return report_match(use, at, http);
	step.expect = m->expect;
	if (i >= use->n) {
		check_health_error(
			use, use->n, "a pattern is missing at the end",
			arena_printf(use->k->scratch, "'%s' expects a <pattern> as argument.", m->word).ptr);
		return false;
	}
	if (!pattern_read(use, &i, m, &step))
		return false;
	if (!options_read(use, &i, &step))
		return false;
	if (i < use->n)
		return report_match(use, i, http);
	added = check_health_step(use, HC_EXPECT, http);
	if (!added)
		return false;
	step.number = added->number;
	step.pos = added->pos;
	*added = step;
	return true;
}
