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

static bool status_valid(const struct keyword_use *use, uint32_t i, enum option option)
{
	static const char *const sets[] = {[OPT_OK] = "L4OK|L6OK|L7OK|L7OKC",
					   [OPT_ERROR] = "L4CON|L6RSP|L7RSP|L7STS|L7OKC",
					   [OPT_TOUT] = "L4TOUT|L6TOUT|L7TOUT"};
	uint32_t before = use->k->d->list.n;
	int64_t choice;

	if (check_choice(use, &use->words[i], sets[option], &choice))
		return true;
	if (option == OPT_OK)
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'%s' : 'ok-status' only supports 'L4OK', 'L6OK', 'L7OK' or 'L7OKC' status (got "
			     "'%.*s')..",
			     use->row->name, STR_ARG(use->words[i].text));
	return false;
}

static bool option_read(const struct keyword_use *use, uint32_t i, enum option option, struct hc_step *step)
{
	struct lang_scope scope = {.proxy = use->draft->px, .places = AT(CHECK), .where = "check rule"};
	size_t end;
	int64_t bytes;

	switch (option) {
	case OPT_MIN_RECV:
		if (!check_number(use, &use->words[i], -1, INT32_MAX, &bytes))
			return false;
		step->min_recv = bytes > 0 ? (uint32_t)bytes : 0;
		return true;
	case OPT_OK:
	case OPT_ERROR:
	case OPT_TOUT:
		return status_valid(use, i, option);
	case OPT_ON_SUCCESS:
	case OPT_ON_ERROR:
		return logfmt_parse(use->k->c, &use->words[i], &scope) != NULL;
	case OPT_CODE:
		return sample_parse(use->k->c, &use->words[i], 0, 0, &end, &scope) != NULL;
	default:
		return true;
	}
}

/* "200-299,301": ranges of codes. */
static bool statuses_read(const struct keyword_use *use, uint32_t i, struct hc_step *step)
{
	struct str s = use->words[i].text;
	VEC(struct pattern) ranges = {0};

	for (size_t at = 0; at < s.len;) {
		size_t len = str_chr(str_tail(s, at), ',');
		struct str part = str_sub(s, at, len);
		size_t dash = str_chr(part, '-');
		uint64_t low, high;
		struct pattern *p;

		if (!str_to_u64(str_sub(part, 0, dash), &low) || low > INT32_MAX ||
		    (dash < part.len &&
		     (!str_to_u64(str_tail(part, dash + 1), &high) || high < low || high > INT32_MAX))) {
			check_health_error(use, i, "statuses are numbers and ranges, as in `200-299,301`",
					   arena_printf(use->k->scratch,
							"invalid character '%c' in the list of status codes.",
							part.len ? part.ptr[0] : ',')
						   .ptr);
			return false;
		}
		p = vec_push(use->k->a, &ranges);
		p->min = (int64_t)low;
		p->max = dash < part.len ? (int64_t)high : (int64_t)low;
		at += len + 1;
	}
	step->statuses = ranges.v;
	step->nstatuses = ranges.n;
	return true;
}

struct match {
	const char *word;
	enum hc_expect expect;
	bool http, tcp, effective;
};

static const struct match matches[] = {
	{"status", HCE_STATUS, 1, 0, 1},    {"rstatus", HCE_RSTATUS, 1, 0, 1},
	{"string", HCE_STRING, 1, 1, 1},    {"rstring", HCE_RSTRING, 1, 1, 1},
	{"hdr", HCE_HDR, 1, 0, 0},          {"fhdr", HCE_HDR, 1, 0, 0},
	{"string-lf", HCE_STRING, 1, 1, 0}, {"binary", HCE_BINARY, 0, 1, 1},
	{"rbinary", HCE_RBINARY, 0, 1, 1},  {"binary-lf", HCE_BINARY, 0, 1, 0},
};

static const struct match *match_find(struct str word, bool http)
{
	for (size_t i = 0; i < sizeof(matches) / sizeof(*matches); i++)
		if (str_is(word, matches[i].word) && (http ? matches[i].http : matches[i].tcp))
			return &matches[i];
	return NULL;
}

static bool hex_even(const struct keyword_use *use, uint32_t i)
{
	if (use->words[i].text.len % 2 == 0)
		return true;
	check_health_error(use, i, "an even number of hexadecimal digits is needed here",
			   "invalid binary string (an even number of hex digit is expected).");
	return false;
}

/* hdr name [-m <method>] <text> [value [-m <method>] <text>]: how many words, 0 after an error. */
static uint32_t header_words(const struct keyword_use *use, uint32_t i)
{
	uint32_t start = i;

	for (int part = 0; part < 2 && i < use->n && str_is(use->words[i].text, part ? "value" : "name");
	     part++) {
		i++;
		while (i + 1 < use->n && str_is(use->words[i].text, "-m"))
			i += 2;
		if (i++ >= use->n)
			break;
	}
	if (i > start + 1 && i <= use->n)
		return i - start;
	check_health_error(use, start, "`hdr` needs `name` and a pattern, perhaps `value` and a pattern",
			   "'hdr' expects at the name keyword as first argument followed by a pattern.");
	return 0;
}

static bool pattern_read(const struct keyword_use *use, uint32_t i, const struct match *m, struct hc_step *step)
{
	const struct word *w = &use->words[i];

	step->text = check_keep(use->k, w->text);
	if (m->expect == HCE_STATUS)
		return statuses_read(use, i, step);
	if (m->expect == HCE_BINARY && m->effective)
		return hex_even(use, i);
	if (m->expect == HCE_RSTATUS || m->expect == HCE_RSTRING || m->expect == HCE_RBINARY) {
		step->regex = regex_parse(use->k->c, w->text, false, w->span);
		return step->regex != NULL;
	}
	return true;
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
	uint32_t i = 0, at, words = 1;

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
	if (m->expect == HCE_HDR)
		words = header_words(use, i);
	if (!words || !pattern_read(use, i, m, &step))
		return false;
	i += words;
	if (!options_read(use, &i, &step))
		return false;
	if (i < use->n)
		return report_match(use, i, http);
	if (!m->effective)
		diag_add(use->k->d, D_NOT_EFFECTIVE, use->line->span,
			 "`expect %s` is accepted, but has no effect yet", m->word);
	step.pos = check_pos(use->k, use->line);
	added = check_health_step(use, HC_EXPECT, http);
	if (added)
		*added = step;
	return added != NULL;
}
