/* Lines of the global section that say which status codes count as what (manual, section 3.1, http-err-codes
 * and http-fail-codes). Works on the state of one walk; one thread. */
#include <ctype.h>

#include "grammar/check_state.h"
#include "grammar/check_rows.h"

static bool complain(const struct keyword_use *use, const struct word *w, struct str part)
{
	struct diag *g =
		diag_add(use->k->d, D_BAD_NUMBER, w->span, "`%.*s` is no range of status codes", STR_ARG(part));

	diag_help(use->k->d, g, "ranges are numbers from %d to %d, like `404` or `400-499`", STATUS_CODE_MIN,
		  STATUS_CODE_MAX);
	return false;
}

/* Three digits at the beginning of *rest, which loses them; 0: it begins with something else. */
static unsigned code_take(struct str *rest)
{
	unsigned code = 0;

	for (size_t i = 0; i < 3; i++) {
		if (i >= rest->len || !isdigit((unsigned char)rest->ptr[i]))
			return 0;
		code = code * 10 + (unsigned)(rest->ptr[i] - '0');
	}
	*rest = str_tail(*rest, 3);
	return code <= STATUS_CODE_MAX ? code : 0;
}

/* low[-high] */
static bool range_apply(struct status_set *set, struct str part, bool in)
{
	unsigned low = code_take(&part), high = low;

	if (part.len && part.ptr[0] == '-') {
		part = str_tail(part, 1);
		high = code_take(&part);
	}
	if (low < STATUS_CODE_MIN || high < low || part.len)
		return false;
	status_set_put(set, low, high, in);
	return true;
}

/* [+-]range[,...] */
static bool word_apply(const struct keyword_use *use, const struct word *w, struct status_set *set)
{
	struct str rest = w->text;
	char sign = rest.len ? rest.ptr[0] : 0;

	if (sign == '+' || sign == '-')
		rest = str_tail(rest, 1);
	else
		*set = (struct status_set){0};
	for (;;) {
		size_t n = str_chr(rest, ',');

		if (!range_apply(set, str_sub(rest, 0, n), sign != '-'))
			return complain(use, w, str_sub(rest, 0, n));
		if (n >= rest.len)
			return true;
		rest = str_tail(rest, n + 1);
	}
}

bool check_status_codes(const struct keyword_use *use)
{
	struct limits_conf *limits = &use->k->m->global.limits;
	struct status_set *set =
		str_is(str_from(use->row->name), "http-err-codes") ? &limits->errors : &limits->failures;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	for (uint32_t i = 0; i < use->n; i++)
		if (!word_apply(use, &use->words[i], set))
			return false;
	return true;
}
