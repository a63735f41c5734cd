/* Regular expressions at run time (PCRE2): compiled with JIT on first use, one set per engine. Limits bound the
 * work of one match, so that a pattern with an appetite ends in "no match" and a line in the log and not in a
 * stall. One thread. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>

#include "grammar/base/out.h"
#include "runtime/eval/engine.h"
#include "runtime/eval/regex_limit.h"

/* Groups that can be referred to, \0 to \9; work per match; most memory of one JIT stack. */
enum {
	REGEX_GROUPS = 10,
	REGEX_MATCH_LIMIT = 1000000,
	REGEX_DEPTH_LIMIT = 10000,
	REGEX_STACK_MIN = 32 * 1024,
	REGEX_STACK_MAX = 512 * 1024
};

struct engine_regex {
	pcre2_code *code;
	bool failed;
};

bool regex_engine_start(struct eval_engine *en)
{
	pcre2_match_context *context = pcre2_match_context_create(NULL);

	en->match_context = context;
	en->match_data = pcre2_match_data_create(REGEX_GROUPS, NULL);
	en->jit_stack = pcre2_jit_stack_create(REGEX_STACK_MIN, REGEX_STACK_MAX, NULL);
	en->nregexes = en->model->nregexes;
	en->regex = calloc(en->nregexes + 1, sizeof(*en->regex));
	if (!context || !en->match_data || !en->regex)
		return false;
	pcre2_set_match_limit(context, REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(context, REGEX_DEPTH_LIMIT);
	if (en->jit_stack)
		pcre2_jit_stack_assign(context, NULL, en->jit_stack);
	return true;
}

void regex_engine_stop(struct eval_engine *en)
{
	for (uint32_t i = 0; en->regex && i < en->nregexes; i++)
		pcre2_code_free(en->regex[i].code);
	free(en->regex);
	pcre2_match_data_free(en->match_data);
	pcre2_match_context_free(en->match_context);
	pcre2_jit_stack_free(en->jit_stack);
}

static const pcre2_code *regex_code(struct eval_engine *en, const struct regex *re)
{
	struct engine_regex *slot = &en->regex[re->id];
	PCRE2_SIZE offset;
	int error;

	if (slot->code || slot->failed)
		return slot->code;
	slot->code = pcre2_compile((PCRE2_SPTR)re->text.ptr, re->text.len, re->icase ? PCRE2_CASELESS : 0,
				   &error, &offset, NULL);
	if (slot->code)
		pcre2_jit_compile(slot->code, PCRE2_JIT_COMPLETE);
	slot->failed = !slot->code;
	return slot->code;
}

bool regex_exec(struct eval_engine *en, const struct regex *re, struct str subject, bool not_begin,
		const size_t **groups, uint32_t *n)
{
	return regex_exec_code(en, regex_code(en, re), re->text, subject, not_begin, groups, n);
}

static void regex_gave_up(struct eval_engine *en, struct str text)
{
	en->gave_up++;
	if (en->gave_up & (en->gave_up - 1))
		return;
	en->given_up = (struct str){
		en->given_up_text, text.len < sizeof(en->given_up_text) ? text.len : sizeof(en->given_up_text)};
	if (text.len)
		memcpy(en->given_up_text, text.ptr, en->given_up.len);
}

uint64_t eval_regex_gave_up(struct eval_engine *en, struct str *text)
{
	if (!en->given_up.ptr)
		return 0;
	*text = en->given_up;
	en->given_up = STR_NONE;
	return en->gave_up;
}

bool regex_exec_code(struct eval_engine *en, const void *code, struct str text, struct str subject,
		     bool not_begin, const size_t **groups, uint32_t *n)
{
	int found;

	if (!code)
		return false;
	found = pcre2_match(code, (PCRE2_SPTR)(subject.ptr ? subject.ptr : ""), subject.len, 0,
			    not_begin ? PCRE2_NOTBOL : 0, en->match_data, en->match_context);
	if (found < 0) {
		if (found != PCRE2_ERROR_NOMATCH)
			regex_gave_up(en, text);
		return false;
	}
	if (groups) {
		*groups = pcre2_get_ovector_pointer(en->match_data);
		*n = found ? (uint32_t)found : REGEX_GROUPS;
	}
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands behind a backslash at format[*i]; *i is left at its last character. */
static bool expand_escape(struct out *o, struct str format, size_t *i, struct str subject, const size_t *groups,
			  uint32_t n)
{
	char c = format.ptr[*i];
	uint32_t group = (uint32_t)(c - '0');
	int high, low;

	if (c == 'x') {
		high = *i + 2 < format.len ? hex_value(format.ptr[*i + 1]) : -1;
		low = high < 0 ? -1 : hex_value(format.ptr[*i + 2]);
		*i += 2;
		if (low >= 0)
			out_char(o, (char)(high << 4 | low));
		return low >= 0;
	}
	if (c < '0' || c > '9')
		out_char(o, c);
	else if (group < n && groups[group * 2] != PCRE2_UNSET && groups[group * 2 + 1] >= groups[group * 2])
		out_str(o, str_sub(subject, groups[group * 2], groups[group * 2 + 1] - groups[group * 2]));
	return true;
}

bool regex_expand(struct out *o, struct str format, struct str subject, const size_t *groups, uint32_t n)
{
	for (size_t i = 0; i < format.len; i++) {
		if (format.ptr[i] != '\\')
			out_char(o, format.ptr[i]);
		else if (++i == format.len || !expand_escape(o, format, &i, subject, groups, n))
			return false;
	}
	return true;
}
