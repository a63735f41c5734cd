/* What a check thinks of an answer: `tcp-check expect` and `http-check expect` (manual, section 4.2), and the
 * words that HAProxy finds for it. Pure functions over the check's input; the check's worker only. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "runtime/health/check_run.h"

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

/* --- outcomes */

enum check_verdict check_over(struct check *k, enum check_status status, const char *info)
{
	k->outcome.status = status;
	if (info)
		snprintf(k->outcome.info, sizeof(k->outcome.info), "%s", info);
	return CHECK_OVER;
}

static void outcome_text(struct check *k, struct str text)
{
	struct out o = out_fixed(k->outcome.info, sizeof(k->outcome.info) - 1);

	out_str(&o, str_sub(text, 0, o.cap));
	k->outcome.info[o.len] = 0;
}

static void outcome_code(struct check *k, const struct hc_step *step, struct eval *e)
{
	struct str text;
	int64_t code;

	if (step->outcome.status_code && sample_text(e, step->outcome.status_code, &text) &&
	    str_to_i64(text, &code))
		k->outcome.code = (uint16_t)code;
}

enum check_verdict check_met(struct check *k, const struct hc_step *step, struct eval *e, struct str info)
{
	k->outcome.status = step->outcome.ok ? (enum check_status)step->outcome.ok : CHECK_L7_OK;
	outcome_text(k, step->outcome.on_success ? logfmt_text(e, step->outcome.on_success) : info);
	outcome_code(k, step, e);
	return CHECK_NEXT;
}

enum check_verdict check_unmet(struct check *k, const struct hc_step *step, struct eval *e,
			       enum check_status status, const char *info)
{
	struct str comment = check_steps_comment(k);
	struct str own = step->outcome.on_error ? logfmt_text(e, step->outcome.on_error) : STR_NONE;
	char text[CHECK_INFO];

	k->outcome.status = step->outcome.error ? (enum check_status)step->outcome.error : status;
	snprintf(text, sizeof(text), "%.*s%s%.*s", STR_ARG(own.len ? own : str_from(info)),
		 comment.len ? " comment: " : "", STR_ARG(comment));
	outcome_code(k, step, e);
	memcpy(k->outcome.info, text, sizeof(text));
	return CHECK_OVER;
}

/* --- bytes */

/* Upper-case digits of the input, for regular expressions over bytes. */
static struct str input_hex(struct check *k, struct str in)
{
	static const char digits[] = "0123456789ABCDEF";
	char *hex = scratch_alloc(&k->scratch, in.len * 2 + 1);

	for (size_t i = 0; hex && i < in.len; i++) {
		hex[2 * i] = digits[(unsigned char)in.ptr[i] >> 4];
		hex[2 * i + 1] = digits[(unsigned char)in.ptr[i] & 15];
	}
	return hex ? str_make(hex, in.len * 2) : STR_NONE;
}

/* Bytes that hexadecimal digits stand for; ptr NULL when they are none. */
static struct str hex_bytes(struct check *k, struct str hex)
{
	char *bytes = hex.len % 2 ? NULL : scratch_alloc(&k->scratch, hex.len / 2 + 1);

	for (size_t i = 0; bytes && i < hex.len; i++) {
		int c = tolower((unsigned char)hex.ptr[i]);

		if (!isxdigit(c))
			return STR_NONE;
		c = isdigit(c) ? c - '0' : c - 'a' + 10;
		bytes[i / 2] = (char)(i % 2 ? (unsigned char)bytes[i / 2] | c : c << 4);
	}
	return bytes ? str_make(bytes, hex.len / 2) : STR_NONE;
}

/* " 'text'" or " (regex)": what was looked for. */
static void put_wanted(const struct hc_step *step, struct out *o)
{
	static const char *const names[] = {[HCE_RSTRING] = " (regex)",
					    [HCE_STRING_LF] = " (log-format string)",
					    [HCE_BINARY] = " (binary)",
					    [HCE_RBINARY] = " (binary regex)",
					    [HCE_BINARY_LF] = " (log-format binary)",
					    [HCE_OWN] = NULL};

	if (step->expect == HCE_STRING)
		out_printf(o, " '%.*s'", STR_ARG(step->text));
	else if (names[step->expect])
		out_puts(o, names[step->expect]);
}

static enum check_verdict unmet_bytes(struct check *k, const struct hc_step *step, struct eval *e, bool empty)
{
	char text[CHECK_INFO];
	struct out o = out_fixed(text, sizeof(text) - 1);
	struct hc_step plain = *step;

	if (empty) {
		plain.outcome.on_error = NULL;
		out_puts(&o, "TCPCHK got an empty response");
	} else {
		out_puts(&o,
			 step->negated ? "TCPCHK matched unwanted content" : "TCPCHK did not match content");
		put_wanted(step, &o);
	}
	out_printf(&o, " at step %u", step->number);
	text[o.len] = 0;
	return check_unmet(k, &plain, e, CHECK_L7_RESPONSE, text);
}

/* Does the input match, apart from `!`? false with *broken: there is nothing to compare it with. */
static bool bytes_match(struct check *k, const struct hc_step *step, struct eval *e, struct str in,
			bool *broken)
{
	struct str wanted = step->text;

	switch (step->expect) {
	case HCE_RSTRING:
		return regex_matches(step->regex, in);
	case HCE_RBINARY:
		return regex_matches(step->regex, input_hex(k, in));
	case HCE_BINARY_LF:
		wanted = hex_bytes(k, logfmt_text(e, step->text_fmt));
		*broken = !wanted.ptr;
		break;
	case HCE_STRING_LF:
		wanted = logfmt_text(e, step->text_fmt);
		break;
	default:
		break;
	}
	return !*broken && text_contains(in, wanted);
}

enum check_verdict check_expect(struct check *k, const struct hc_step *step)
{
	struct str in = check_input(k);
	bool broken = false, match;
	struct eval e;

	check_eval_begin(k, &e);
	if (!in.len)
		return unmet_bytes(k, step, &e, true);
	if (step->min_recv > 0 && in.len < (size_t)step->min_recv && !k->no_more)
		return CHECK_WAIT;
	match = bytes_match(k, step, &e, in, &broken);
	if (broken)
		return check_over(k, CHECK_L7_RESPONSE,
				  "Failed to parse hexastring resulting of eval of a log-format string");
	if (match != step->negated)
		return check_met(k, step, &e, check_counts_steps(k) ? STR("(tcp-check)") : STR_NONE);
	/* More may come that matches; what must not come is judged when it is there. */
	if (!match && !k->no_more && step->min_recv == 0)
		return CHECK_WAIT;
	return unmet_bytes(k, step, &e, false);
}

/* --- HTTP */

static bool status_listed(const struct hc_step *step, uint16_t status)
{
	for (uint32_t i = 0; i < step->nstatuses; i++)
		if (status >= step->statuses[i].min && status <= step->statuses[i].max)
			return true;
	return false;
}

static bool pattern_matches(const struct hc_pattern *p, struct eval *e, struct str text)
{
	struct str wanted = p->fmt ? logfmt_text(e, p->fmt) : p->text;

	switch (p->method) {
	case MATCH_BEG:
		return str_starts(text, wanted);
	case MATCH_END:
		return text.len >= wanted.len && str_eq(str_tail(text, text.len - wanted.len), wanted);
	case MATCH_SUB:
		return text_contains(text, wanted);
	case MATCH_REG:
		return regex_matches(p->regex, text);
	default:
		return str_eq(text, wanted);
	}
}

/* Names are compared in lower case, as HAProxy has them. */
static bool name_matches(const struct hc_pattern *p, struct eval *e, struct str name)
{
	char low[256];
	size_t n = name.len < sizeof(low) ? name.len : sizeof(low);

	for (size_t i = 0; i < n; i++)
		low[i] = (char)tolower((unsigned char)name.ptr[i]);
	if (p->method == MATCH_STR && !p->fmt)
		return str_ieq(name, p->text);
	return pattern_matches(p, e, str_make(low, n));
}

/* One of the values of a field (fhdr: the whole of it) matches. */
static bool value_matches(const struct hc_step *step, struct eval *e, struct str value)
{
	size_t at = 0;

	if (step->hdr_value.method == MATCH_DEFAULT)
		return true;
	if (step->expect == HCE_FHDR)
		return pattern_matches(&step->hdr_value, e, value);
	while (at <= value.len) {
		size_t len = str_chr(str_tail(value, at), ',');

		if (pattern_matches(&step->hdr_value, e, str_trim(str_sub(value, at, len))))
			return true;
		at += len + 1;
	}
	return false;
}

static bool header_matches(const struct hc_step *step, struct eval *e, const struct http_msg *m)
{
	for (uint16_t i = 0; i < m->nhdrs; i++) {
		const struct http_hdr *h = &m->hdrs[i];

		if (name_matches(&step->hdr_name, e, str_make(h->name, h->name_len)) &&
		    value_matches(step, e, str_make(h->value, h->value_len)))
			return true;
	}
	return false;
}

static bool http_matches(const struct hc_step *step, struct eval *e, const struct check_answer *a)
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
	case HCE_STRING_LF:
		return text_contains(a->body, logfmt_text(e, step->text_fmt));
	case HCE_RSTRING:
	case HCE_RBINARY:
		return regex_matches(step->regex, a->body);
	case HCE_HDR:
	case HCE_FHDR:
		return header_matches(step, e, e->res);
	default:
		return false;
	}
}

static bool wants_body(const struct hc_step *step)
{
	return step->expect == HCE_STRING || step->expect == HCE_RSTRING || step->expect == HCE_STRING_LF ||
	       step->expect == HCE_BINARY || step->expect == HCE_RBINARY;
}

static enum check_verdict unmet_http(struct check *k, const struct hc_step *step, struct eval *e,
				     const struct check_answer *a)
{
	char text[CHECK_INFO];

	if (wants_body(step))
		return check_unmet(k, step, e, CHECK_L7_RESPONSE,
				   step->negated ? "HTTP check matched unwanted content"
						 : "HTTP content check did not match");
	k->outcome.code = a->status;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(a->reason));
	return check_unmet(k, step, e, CHECK_L7_STATUS, text);
}

static enum check_verdict judge_http(struct check *k, const struct hc_step *step, struct eval *e,
				     const struct check_answer *a)
{
	bool met = http_matches(step, e, a);
	struct hc_step plain = *step;

	if (wants_body(step) && !a->complete && (!met || step->negated))
		return CHECK_WAIT;
	if (wants_body(step) && !a->complete && step->min_recv > 0 && a->body.len < (size_t)step->min_recv)
		return CHECK_WAIT;
	if (wants_body(step) && !a->body.len) {
		plain.outcome.on_error = NULL;
		return check_unmet(k, &plain, e, CHECK_L7_RESPONSE,
				   "HTTP content check could not find a response body");
	}
	if (met == step->negated)
		return unmet_http(k, step, e, a);
	k->outcome.code = a->status;
	return check_met(k, step, e, STR_NONE);
}

enum check_verdict check_expect_http(struct check *k, const struct hc_step *step)
{
	struct out plain = out_growing(1 << 20);
	enum check_verdict v = CHECK_WAIT;
	struct check_answer a;
	struct http_msg message;
	struct eval e;

	check_eval_begin(k, &e);
	switch (check_http_read(k, &a, &plain)) {
	case CHECK_READ_MORE:
		if (!k->no_more)
			break;
		/* fall through */
	case CHECK_READ_INVALID:
		v = check_unmet(k, step, &e, CHECK_L7_RESPONSE, "");
		break;
	case CHECK_READ_HEAD:
		if (!check_http_message(k, &a, &message)) {
			v = check_over(k, CHECK_SOCKET, "Out of memory");
			break;
		}
		e.res = &message;
		if (check_conf(k)->disable_on_404 && a.status == 404 && check_is_up(k)) {
			k->outcome.code = a.status;
			v = check_over(k, CHECK_L7_CONDITIONAL, "");
			break;
		}
		v = judge_http(k, step, &e, &a);
		break;
	}
	out_free(&plain);
	return v;
}
