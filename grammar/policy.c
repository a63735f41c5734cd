/* Switches and allowances. Comments are found in the texts, not in the tree: those on lines of their own are
 * not in it. Everything lives in the arena of the compilation. One thread. */
#include "grammar/policy.h"

#include "grammar/suggest.h"

/* One code in one comment. */
struct allowance {
	enum diag_code code; /* D_COUNT: there is none of that name */
	struct span span;    /* where it is named */
	uint32_t line;       /* whose findings it allows */
	bool used;
};

struct allowances {
	struct loaded *l;
	VEC(struct allowance) list; /* by source and line */
};

bool policy_option(struct policy *p, const char *value)
{
	enum policy_switch to = SWITCH_ON;

	if (strcmp(value, "error") == 0) {
		p->werror = true;
		return true;
	}
	if (strncmp(value, "error=", 6) == 0) {
		to = SWITCH_ERROR;
		value += 6;
	} else if (strncmp(value, "no-", 3) == 0) {
		to = SWITCH_OFF;
		value += 3;
	}
	for (enum diag_class c = 0; c < DC_COUNT; c++) {
		if (strcmp(value, diag_class_info(c)->readable) == 0) {
			p->classes[c] = (uint8_t)to;
			return true;
		}
	}
	return false;
}

static bool class_shown(const struct policy *p, enum diag_class class)
{
	enum policy_switch sw = p->classes[class];

	return sw == SWITCH_DEFAULT ? diag_class_info(class)->on_by_default : sw != SWITCH_OFF;
}

/* LBW0311, LBE0311, 311, small-time */
static enum diag_code code_find(struct str name)
{
	struct str digits = name;
	uint64_t number = 0;
	bool numbered;

	if (name.len == 7 &&
	    (str_starts(name, STR("LBW")) || str_starts(name, STR("LBE")) || str_starts(name, STR("LBN"))))
		digits = str_tail(name, 3);
	numbered = str_to_u64(digits, &number);
	for (enum diag_code code = 0; code < D_COUNT; code++) {
		const struct diag_code_info *info = diag_code_info(code);

		if (str_is(name, info->readable) || (numbered && number == info->number))
			return code;
	}
	return D_COUNT;
}

/* Whether a # at `at` starts the comment of its line: it stands outside of quotes, is not escaped, and no other
 * comment has begun. */
static bool comment_starts(struct str line, size_t at)
{
	char quote = 0;

	for (size_t i = 0; i < at; i++) {
		char c = line.ptr[i];

		if (c == '\\' && quote != '\'') {
			if (++i == at)
				return false;
		} else if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '#') {
			return false;
		}
	}
	return !quote;
}

static bool line_is_statement(struct str line)
{
	line = str_trim(line);
	return line.len && line.ptr[0] != '#';
}

/* The line that a comment on `line` speaks of. */
static uint32_t allowed_line(const struct sources *s, uint32_t source, uint32_t line)
{
	uint32_t last = sources_get(s, source)->nlines;

	while (line < last && !line_is_statement(sources_line(s, source, line)))
		line++;
	return line;
}

/* The codes between the parentheses; `list` starts behind the opening one. */
static void allow_codes(struct allowances *a, uint32_t source, uint32_t off, uint32_t line, struct str list)
{
	for (size_t i = 0, end; i < list.len; i = end + 1) {
		struct str name;

		end = i + str_chr(str_tail(list, i), ',');
		name = str_trim(str_sub(list, i, end - i));
		if (!name.len)
			continue;
		*vec_push(a->l->arena, &a->list) = (struct allowance){
			.code = code_find(name),
			.span = {source, off + (uint32_t)(name.ptr - list.ptr), (uint32_t)name.len},
			.line = allowed_line(&a->l->sources, source, line),
		};
	}
}

/* One occurrence of "lbcheck:" at `off`. */
static void allow_comment(struct allowances *a, uint32_t source, uint32_t off)
{
	const struct sources *s = &a->l->sources;
	struct position at = sources_position(s, source, off);
	struct str line = sources_line(s, source, at.line), rest;
	size_t hash = at.column - 1;

	while (hash && (line.ptr[hash - 1] == ' ' || line.ptr[hash - 1] == '\t'))
		hash--;
	if (!hash || line.ptr[hash - 1] != '#' || !comment_starts(line, hash - 1))
		return;
	rest = str_trim_left(str_tail(line, at.column - 1 + 8));
	if (!str_starts(rest, STR("allow(")))
		return;
	rest = str_tail(rest, 6);
	off += (uint32_t)(rest.ptr - line.ptr) - (at.column - 1);
	allow_codes(a, source, off, at.line, str_sub(rest, 0, str_chr(rest, ')')));
}

static void allowances_find(struct allowances *a)
{
	static const char mark[] = "lbcheck:";

	for (uint32_t source = 1; source <= a->l->sources.list.n; source++) {
		struct str text = sources_get(&a->l->sources, source)->text;
		const char *p = text.ptr;

		while (text.len && (p = memmem(p, text.len - (size_t)(p - text.ptr), mark, sizeof(mark) - 1))) {
			allow_comment(a, source, (uint32_t)(p - text.ptr));
			p += sizeof(mark) - 1;
		}
	}
}

/* The first allowance not before a place. */
static uint32_t allowance_from(const struct allowances *a, uint32_t source, uint32_t line)
{
	uint32_t low = 0, high = a->list.n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct allowance *m = &a->list.v[mid];

		if (m->span.source < source || (m->span.source == source && m->line < line))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_allowed(struct allowances *a, const struct diag *g)
{
	bool allowed = false;
	uint32_t line;

	if (!a->list.n || g->severity == SEV_ERROR || !g->span.source)
		return false;
	line = sources_position(&a->l->sources, g->span.source, g->span.off).line;
	for (uint32_t i = allowance_from(a, g->span.source, line); i < a->list.n; i++) {
		struct allowance *w = &a->list.v[i];

		if (w->line != line || w->span.source != g->span.source)
			break;
		if (w->code == g->code)
			allowed = w->used = true;
	}
	return allowed;
}

static void report_unknown(struct allowances *a, const struct allowance *w)
{
	struct str name = sources_span(&a->l->sources, w->span);
	struct diags *d = &a->l->diags;
	struct diag *g = diag_add(d, D_ALLOWANCE_UNKNOWN, w->span, "there is no code or name `%.*s` to allow",
				  STR_ARG(name));
	struct suggest s;

	suggest_start(&s, name);
	for (enum diag_code code = 0; code < D_COUNT; code++)
		suggest_offer(&s, str_from(diag_code_info(code)->readable));
	if (s.n)
		diag_fix(d, g, FIX_LIKELY, w->span, s.names[0], "allow `%.*s`", STR_ARG(s.names[0]));
}

static void report_unused(struct allowances *a, const struct allowance *w)
{
	struct str name = sources_span(&a->l->sources, w->span);
	struct diags *d = &a->l->diags;
	struct diag *g = diag_add(d, D_ALLOWANCE_UNUSED, w->span, "`%.*s` is allowed, but not found on line %u",
				  STR_ARG(name), w->line);

	if (diag_code_info(w->code)->severity == SEV_ERROR)
		diag_note(d, g, "it is an error: only warnings can be allowed");
	else
		diag_help(d, g, "leave the comment out");
}

/* Lines that the tree knows: what stands in a branch that was not taken allows nothing and is not unused. */
static bool line_is_live(const struct loaded *l, uint32_t source, uint32_t line)
{
	vec_each (section, &l->tree.sections) {
		const struct line *header = (*section)->header;

		if (header && header->span.source == source &&
		    sources_position(&l->sources, source, header->span.off).line == line)
			return true;
		vec_each (item, &(*section)->lines)
			if ((*item)->span.source == source &&
			    sources_position(&l->sources, source, (*item)->span.off).line == line)
				return true;
	}
	return false;
}

/* More unused ones than this are not looked for. */
enum { UNUSED_MAX = 100 };

static void allowances_report(const struct policy *p, struct allowances *a)
{
	uint32_t looked = 0;

	for (uint32_t i = 0; i < a->list.n && looked < UNUSED_MAX; i++) {
		const struct allowance *w = &a->list.v[i];

		if (w->used)
			continue;
		looked++;
		if (w->code == D_COUNT)
			report_unknown(a, w);
		else if (class_shown(p, diag_code_info(w->code)->class) &&
			 line_is_live(a->l, w->span.source, w->line))
			report_unused(a, w);
	}
}

/* Errors are shown always, and so are warnings whose code is an error elsewhere. */
static bool is_shown(const struct policy *p, const struct diag *g)
{
	return g->severity == SEV_ERROR || class_shown(p, diag_code_info(g->code)->class);
}

/* One mistake, one message: a backslash at the end of a line that is an error where it stands needs no warning
 * as well. */
static bool is_said_already(const struct diags *d, uint32_t i)
{
	const struct diag *g = d->list.v[i];

	for (uint32_t j = i + 1; g->code == D_LINE_CONTINUATION && j < d->list.n; j++) {
		const struct diag *next = d->list.v[j];

		if (memcmp(&next->span, &g->span, sizeof(g->span)) != 0)
			return false;
		if (next->severity == SEV_ERROR)
			return true;
	}
	return false;
}

/* Errors that were counted but not kept (DIAGS_MAX). */
static uint32_t errors_dropped(const struct diags *d)
{
	uint32_t kept = 0;

	vec_each (g, &d->list)
		kept += (*g)->severity == SEV_ERROR;
	return d->errors - kept;
}

static void policy_filter(const struct policy *p, struct allowances *a)
{
	struct diags *d = &a->l->diags;
	uint32_t n = 0;

	d->errors = errors_dropped(d);
	d->warnings = 0;
	for (uint32_t i = 0; i < d->list.n; i++) {
		struct diag *g = d->list.v[i];

		if (is_allowed(a, g) || !is_shown(p, g) || is_said_already(d, i))
			continue;
		if (g->severity == SEV_WARNING &&
		    (p->werror || p->classes[diag_code_info(g->code)->class] == SWITCH_ERROR))
			g->severity = SEV_ERROR;
		d->errors += g->severity == SEV_ERROR;
		d->warnings += g->severity == SEV_WARNING;
		d->list.v[n++] = g;
	}
	d->list.n = n;
}

void policy_apply(const struct policy *p, struct loaded *l)
{
	struct allowances a = {.l = l};

	if (!l->arena)
		return;
	allowances_find(&a);
	policy_filter(p, &a);
	if (!a.list.n)
		return;
	allowances_report(p, &a);
	diags_sort(&l->diags);
	a.list.n = 0;
	policy_filter(p, &a);
}
