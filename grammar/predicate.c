/* The words of conditions: what each predicate is true of. */
#include "grammar/predicate.h"

#include <openssl/opensslv.h>


#include "grammar/predicate_state.h"
#include "grammar/suggest.h"

/* Compatibility levels and the version of HAProxy that each stands for. */
static const struct {
	int compat;
	const char *version;
} versions[] = {
	{206, "2.6.12"}, {208, "2.8.10"}, {300, "3.0.8"}, {302, "3.2.4"}, {304, "3.4.0"},
};

static const struct {
	struct str name;
	bool present;
} features[] = {
#define FEATURE(name, present) {STR(#name), present},
#include "grammar/keywords/features.def"
#undef FEATURE
};
enum { FEATURES = sizeof(features) / sizeof(features[0]) };

const char *predicate_version(int compat)
{
	const char *version = versions[0].version;

	for (unsigned i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].compat <= compat)
			version = versions[i].version;
	return version;
}

bool predicate_feature(struct str name)
{
	for (unsigned i = 0; i < FEATURES; i++)
		if (str_eq(features[i].name, name))
			return features[i].present;
	return false;
}

void predicate_features(struct out *o)
{
	for (unsigned i = 0; i < FEATURES; i++)
		out_printf(o, " %c%s", features[i].present ? '+' : '-', features[i].name.ptr);
}

/* What can be switched off at run time, and lbd has. */
static bool is_enabled(struct predicate_state *s, const struct predicate_item *args)
{
	static const struct str names[] = {STR("EPOLL"), STR("SPLICE"), STR("GETADDRINFO"), STR("REUSEPORT")};

	(void)s;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(args[0].text, names[i]))
			return true;
	return false;
}

static bool is_defined(struct predicate_state *s, const struct predicate_item *args)
{
	return env_get(s->context->env, args[0].text) != NULL;
}

/* An empty name is in every list, for HAProxy. */
static bool is_feature(struct predicate_state *s, const struct predicate_item *args)
{
	(void)s;
	return !args[0].text.len || predicate_feature(args[0].text);
}

static bool is_equal(struct predicate_state *s, const struct predicate_item *args)
{
	(void)s;
	return str_eq(args[0].text, args[1].text);
}

static bool is_different(struct predicate_state *s, const struct predicate_item *args)
{
	(void)s;
	return !str_eq(args[0].text, args[1].text);
}

static bool is_within(struct predicate_state *s, const struct predicate_item *args)
{
	(void)s;
	return memmem(args[0].text.ptr, args[0].text.len, args[1].text.ptr, args[1].text.len) != NULL;
}

/* This version against the argument: -1, 0 or 1. */
static int version_against(struct predicate_state *s, const struct predicate_item *arg)
{
	struct version now, other;
	struct diag *g;

	version_parse(str_from(predicate_version(s->context->compat)), &now);
	if (!version_parse(arg->text, &other) && arg->text.len) {
		g = predicate_report(s, D_PREDICATE_SUSPICIOUS, arg->off, arg->len, "`%.*s` is no version",
				     STR_ARG(arg->text));
		diag_note(s->context->diags, g, "HAProxy takes it for 0, so every version is at least that");
		diag_help(s->context->diags, g, "versions look like 2.6, 2.6.12 or 2.7-dev3");
	}
	return version_compare(&now, &other);
}

static bool is_at_least(struct predicate_state *s, const struct predicate_item *args)
{
	return version_against(s, &args[0]) >= 0;
}

static bool is_before(struct predicate_state *s, const struct predicate_item *args)
{
	return version_against(s, &args[0]) < 0;
}

/* "3.0.1" or "1.1.1k" against the library that lbd is built with: as memcmp(3) says. A version that makes no
 * sense fails the condition. */
static int openssl_against(struct predicate_state *s, const struct predicate_item *arg)
{
	static const uint64_t own[4] = {OPENSSL_VERSION_MAJOR, OPENSSL_VERSION_MINOR, OPENSSL_VERSION_PATCH, 0};
	struct str rest = arg->text;
	struct diag *g;

	if (!version_parse_openssl(rest)) {
		g = predicate_report(s, D_PREDICATE_VALUE, arg->off, arg->len,
				     "`%.*s` is no version of OpenSSL", STR_ARG(rest));
		diag_help(s->context->diags, g, "write all three numbers, as in 1.1.1 or 3.0.0");
		s->failed = true;
		return -1;
	}
	for (int i = 0; i < 3; i++) {
		uint64_t n = 0;
		size_t k = 0;

		while (k < rest.len && rest.ptr[k] >= '0' && rest.ptr[k] <= '9' && n < UINT32_MAX)
			n = n * 10 + (uint64_t)(rest.ptr[k++] - '0');
		if (own[i] != n)
			return own[i] < n ? -1 : 1;
		rest = str_tail(rest, k + (i < 2));
	}
	return rest.len && rest.ptr[0] >= 'a' && rest.ptr[0] <= 'z' ? -1 : 0;
}

static bool is_openssl_at_least(struct predicate_state *s, const struct predicate_item *args)
{
	return openssl_against(s, &args[0]) >= 0 && !s->failed;
}

static bool is_openssl_before(struct predicate_state *s, const struct predicate_item *args)
{
	return openssl_against(s, &args[0]) < 0 && !s->failed;
}

static bool is_ssllib(struct predicate_state *s, const struct predicate_item *args)
{
	(void)s;
	return str_starts(STR(OPENSSL_VERSION_TEXT), args[0].text);
}

static bool is_never(struct predicate_state *s, const struct predicate_item *args)
{
	(void)s;
	(void)args;
	return false;
}

struct predicate {
	struct str name;
	uint8_t args;
	uint16_t since; /* as 206 ... 304; 0: always */
	bool (*eval)(struct predicate_state *s, const struct predicate_item *args);
};

static const struct predicate predicates[] = {
	{STR("awslc_api_atleast"), 1, 302, is_never},
	{STR("awslc_api_before"), 1, 302, is_never},
	{STR("defined"), 1, 0, is_defined},
	{STR("enabled"), 1, 208, is_enabled},
	{STR("feature"), 1, 0, is_feature},
	{STR("openssl_version_atleast"), 1, 0, is_openssl_at_least},
	{STR("openssl_version_before"), 1, 0, is_openssl_before},
	{STR("ssllib_name_startswith"), 1, 0, is_ssllib},
	{STR("streq"), 2, 0, is_equal},
	{STR("strneq"), 2, 0, is_different},
	{STR("strstr"), 2, 208, is_within},
	{STR("version_atleast"), 1, 0, is_at_least},
	{STR("version_before"), 1, 0, is_before},
};
enum { PREDICATES = sizeof(predicates) / sizeof(predicates[0]) };

void predicate_argument(struct predicate_state *s, const struct predicate_item *item)
{
	if (s->args.n < PREDICATE_ARGS_MAX)
		s->args.items[s->args.n] = *item;
	s->args.n++;
}

static void report_unknown(struct predicate_state *s, const struct predicate_item *name)
{
	struct diag *g = predicate_report(s, D_PREDICATE_UNKNOWN, name->off, name->len, "no predicate `%.*s`",
					  STR_ARG(name->text));
	struct suggest suggest;

	suggest_start(&suggest, name->text);
	for (unsigned i = 0; i < PREDICATES; i++)
		suggest_offer(&suggest, predicates[i].name);
	if (suggest.n)
		diag_fix(s->context->diags, g, FIX_LIKELY, word_span(s->condition, name->off, name->len),
			 suggest.names[0], "did you mean `%.*s`?", STR_ARG(suggest.names[0]));
	else
		diag_help(s->context->diags, g,
			  "a condition is a number or a predicate such as `defined(NAME)`, `feature(NAME)` or "
			  "`streq(\"$NAME\",value)`");
	predicate_haproxy(s, g, name->off, "unparsable conditional expression '%.*s'",
			  STR_ARG(str_tail(s->condition->text, name->off)));
}

static void report_version(struct predicate_state *s, const struct predicate_item *name,
			   const struct predicate *p)
{
	struct diag *g = predicate_report(s, D_PREDICATE_VERSION, name->off, name->len,
					  "HAProxy %d.%d has no predicate `%.*s`", s->context->compat / 100,
					  s->context->compat % 100, STR_ARG(name->text));

	diag_note(s->context->diags, g, "HAProxy %d.%d has it", p->since / 100, p->since % 100);
	predicate_haproxy(s, g, name->off, "unparsable conditional expression '%.*s'",
			  STR_ARG(str_tail(s->condition->text, name->off)));
}

/* An argument that is missing is empty, as for HAProxy, when it is the only one. */
static bool arguments_check(struct predicate_state *s, const struct predicate_item *name,
			    const struct predicate *p, struct predicate_args *args)
{
	const struct predicate_item *extra = &args->items[p->args];
	struct diag *g;

	if (args->n == p->args && (args->items[0].text.len || p->args > 1))
		return true;
	if (args->n > p->args) {
		g = predicate_report(s, D_PREDICATE_ARGUMENTS, extra->off, extra->len,
				     "`%.*s` takes %u argument%s", STR_ARG(name->text), p->args,
				     p->args == 1 ? "" : "s");
		diag_help(s->context->diags, g,
			  "a comma within an argument needs quotes that survive: '\"a,b\"'");
		predicate_haproxy(s, g, extra->off - 1,
				  "expected ')' before '%.*s' in argument 1 of predicate '%.*s' used in "
				  "conditional expression",
				  STR_ARG(str_tail(s->condition->text, extra->off - 1)), STR_ARG(name->text));
		return false;
	}
	if (p->args == 1) {
		g = predicate_report(s, D_PREDICATE_SUSPICIOUS, name->off, name->len,
				     "`%.*s` without an argument", STR_ARG(name->text));
		diag_note(s->context->diags, g, "it is taken as empty");
		args->items[0] = (struct predicate_item){name->off + name->len, 0, STR("")};
		return true;
	}
	g = predicate_report(s, D_PREDICATE_ARGUMENTS, name->off, name->len, "`%.*s` takes %u arguments",
			     STR_ARG(name->text), p->args);
	diag_help(s->context->diags, g, "write `%.*s(a,b)`; blanks within the parentheses count",
		  STR_ARG(name->text));
	predicate_haproxy(s, g, args->n ? s->at - 1 : name->off + name->len,
			  "missing arguments (got 1/2), type 'string' expected in argument 1 of "
			  "predicate '%.*s' used in conditional expression",
			  STR_ARG(name->text));
	return false;
}

/* HAProxy takes all up to the next blank or parenthesis for the name: `(defined)` is not what it seems. */
static void report_glued(struct predicate_state *s, const struct predicate_item *name)
{
	struct diag *g = predicate_report(s, D_PREDICATE_ARGUMENTS, name->off, name->len,
					  "`%.*s` without an argument", STR_ARG(name->text));

	diag_help(s->context->diags, g, "write `%.*s(...)`; without parentheses a blank has to follow",
		  STR_ARG(name->text));
	predicate_haproxy(s, g, name->off, "unparsable conditional expression '%.*s'",
			  STR_ARG(str_tail(s->condition->text, name->off)));
}

bool predicate_call(struct predicate_state *s, const struct predicate_item *name,
		    const struct predicate_args *args)
{
	struct predicate_args given = {.n = 0};
	const struct predicate *p = NULL;

	for (unsigned i = 0; i < PREDICATES; i++)
		if (str_eq(name->text, predicates[i].name))
			p = &predicates[i];
	if (args)
		given = *args;
	if (!p)
		report_unknown(s, name);
	else if (p->since > s->context->compat)
		report_version(s, name, p);
	else if (!args && s->glued)
		report_glued(s, name);
	else if (arguments_check(s, name, p, &given))
		return p->eval(s, given.items);
	s->failed = true;
	return false;
}

enum predicate_result predicate_eval(const struct predicate_context *context, const struct word *condition)
{
	struct predicate_state s = {.context = context, .condition = condition};

	if (!condition->text.len)
		return PREDICATE_FALSE;
	if (!predicate_run(&s) || s.failed)
		return PREDICATE_ERROR;
	return s.value ? PREDICATE_TRUE : PREDICATE_FALSE;
}

enum predicate_result predicate_eval_text(const struct predicate_context *context, struct sources *sources,
					  struct str text)
{
	uint32_t source = sources_add(sources, STR("<condition>"), text, true);
	struct word condition = {
		.text = sources_get(sources, source)->text,
		.span = {source, 0, (uint32_t)text.len},
	};

	return predicate_eval(context, &condition);
}
