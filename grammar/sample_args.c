/* Arguments of fetches and converters by type: from texts to struct arg. Names of sections are only noted here
 * and looked up when all sections are known (lang_resolve). One thread. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "grammar/sample.h"

struct span sample_arg_span(const struct sample_call *call, uint32_t i)
{
	if (i < call->ast->args.n && call->ast->args.v[i].span.len)
		return call->ast->args.v[i].span;
	return call->ast->span;
}

/* HAProxy's words for a mistake in this call, in the form of the place where the expression stands. */
static void arg_haproxy(const struct sample_call *call, struct diag *g, struct str inner)
{
	const struct sample_reader *r = call->reader;
	const char *dot = call->is_fetch || !r->alias.len ? "" : ".";

	if (r->alias.len)
		lang_haproxy(r->c, g, r->scope, "ACL keyword '%.*s' : %.*s%s", STR_ARG(r->alias),
			     STR_ARG(inner), dot);
	else
		lang_haproxy(r->c, g, r->scope, "%.*s%.*s%.*s", STR_ARG(r->haproxy_head), STR_ARG(inner),
			     STR_ARG(r->haproxy_tail));
}

/* A mistake that shows while an argument's type is being read. */
static struct diag *arg_error(const struct sample_call *call, enum diag_code code, uint32_t i,
			      struct str haproxy, struct str message)
{
	struct compile *c = call->reader->c;
	struct diag *g = diag_add(c->diags, code, sample_arg_span(call, i), "%.*s", STR_ARG(message));

	if (call->is_fetch && call->reader->alias.len)
		arg_haproxy(call, g, haproxy);
	else if (call->is_fetch)
		arg_haproxy(call, g,
			    arena_printf(c->arena, "fetch method '%s' : %.*s", call->name, STR_ARG(haproxy)));
	else
		arg_haproxy(call, g,
			    arena_printf(c->arena, "invalid arg %u in converter '%s' : %.*s", i + 1, call->name,
					 STR_ARG(haproxy)));
	return g;
}

struct diag *sample_arg_error(const struct sample_call *call, uint32_t i, struct str haproxy,
			      struct str message)
{
	struct compile *c = call->reader->c;
	struct diag *g =
		diag_add(c->diags, D_SAMPLE_ARGUMENT, sample_arg_span(call, i), "%.*s", STR_ARG(message));

	if (call->is_fetch && call->reader->alias.len)
		lang_haproxy(c, g, call->reader->scope, "in argument to '%.*s', %.*s",
			     STR_ARG(call->reader->alias), STR_ARG(haproxy));
	else
		arg_haproxy(call, g,
			    arena_printf(c->arena, "invalid args in %s '%s' : %.*s",
					 call->is_fetch ? "fetch method" : "converter", call->name,
					 STR_ARG(haproxy)));
	return g;
}

/* What a letter of fetches.def is called: by HAProxy, and by us. */
struct letter {
	char letter;
	const char *haproxy, *name;
};

static const struct letter *letter_info(char letter)
{
	static const struct letter letters[] = {
		{'s', "string", "a text"},
		{'i', "integer", "an integer"},
		{'b', "backend", "the name of a backend"},
		{'f', "frontend", "the name of a frontend"},
		{'v', "server", "a server, backend/server"},
		{'u', "user list", "the name of a userlist"},
		{'t', "table", "the name of a stick table"},
		{'4', "IPv4 address", "an IPv4 address"},
		{'6', "IPv6 address", "an IPv6 address"},
		{'m', "IPv4 mask", "an IPv4 mask"},
		{'M', "IPv6 mask", "an IPv6 mask"},
		{'r', "regex", "a regular expression"},
		{'V', "string", "the name of a variable"},
		{'I', "string", "an integer or the name of a variable"},
		{'p', "Protocol buffers field number", "a field number"},
	};
	size_t i = 0;

	while (letters[i].letter != letter && i + 1 < sizeof(letters) / sizeof(letters[0]))
		i++;
	return &letters[i];
}

/* A signed decimal number; what is too large becomes the largest, as for HAProxy. */
static bool arg_integer(struct str text, int64_t *value)
{
	size_t i = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+');

	if (str_to_i64(text, value))
		return true;
	for (; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	if (text.len < 2)
		return false;
	*value = text.ptr[0] == '-' ? INT64_MIN : INT64_MAX;
	return true;
}

static bool arg_mask4(struct str text, struct arg *arg)
{
	uint64_t bits;
	uint32_t mask;

	if (str_to_u64(text, &bits) && bits <= 32)
		mask = bits ? htonl(~0u << (32 - bits)) : 0;
	else if (inet_pton(AF_INET, text.ptr, &mask) != 1)
		return false;
	arg->type = ARG_MASK4;
	memcpy(arg->net.addr, &mask, sizeof(mask));
	arg->net.family = 4;
	return true;
}

static bool arg_mask6(struct str text, struct arg *arg)
{
	uint64_t bits;

	arg->type = ARG_MASK6;
	arg->net.family = 6;
	if (!str_to_u64(text, &bits) || bits > 128)
		return inet_pton(AF_INET6, text.ptr, arg->net.addr) == 1;
	for (uint64_t i = 0; i < bits; i++)
		arg->net.addr[i / 8] |= (uint8_t)(0x80 >> (i % 8));
	return true;
}

static bool arg_address(struct str text, int family, struct arg *arg)
{
	arg->type = family == AF_INET ? ARG_IPV4 : ARG_IPV6;
	arg->net.family = family == AF_INET ? 4 : 6;
	arg->net.bits = family == AF_INET ? 32 : 128;
	return inet_pton(family, text.ptr, arg->net.addr) == 1;
}

/* Notes a name that is looked up when all sections are known. */
static void arg_reference(const struct sample_call *call, uint32_t i, char letter, struct arg *arg)
{
	static const enum arg_type types[128] = {['b'] = ARG_PROXY,
						 ['f'] = ARG_PROXY,
						 ['v'] = ARG_SERVER,
						 ['u'] = ARG_USERLIST,
						 ['t'] = ARG_TABLE};
	const struct sample_reader *r = call->reader;
	struct lang_ref *ref;
	const char *kind = !call->is_fetch                       ? "conversion"
			   : r->haproxy_tail.len || r->alias.len ? "ACL"
								 : "sample fetch";

	arg->type = types[(unsigned char)letter];
	ref = vec_push(r->c->arena, &lang_state(r->c)->refs);
	ref->arg = arg;
	ref->letter = letter;
	ref->span = sample_arg_span(call, i);
	ref->proxy = r->scope ? r->scope->proxy : NULL;
	ref->subject = arena_printf(r->c->arena, "arg %u of %s keyword '%s'", i + 1, kind, call->name);
}

/* One given argument. False when it is not of its type. */
static bool arg_parse(const struct sample_call *call, uint32_t i, char letter, struct str text, struct arg *arg)
{
	struct compile *c = call->reader->c;

	arg->str = arena_str(c->model->arena, text);
	switch (letter) {
	case 'i':
		arg->type = ARG_SINT;
		return arg_integer(text, &arg->sint);
	case '4':
		return arg_address(text, AF_INET, arg);
	case '6':
		return arg_address(text, AF_INET6, arg);
	case 'm':
		return arg_mask4(text, arg);
	case 'M':
		return arg_mask6(text, arg);
	case 'b':
	case 'f':
	case 'v':
	case 'u':
	case 't':
		arg_reference(call, i, letter, arg);
		return true;
	default: /* texts; variables and expressions are made by sample_args_check() */
		arg->type = ARG_STR;
		return true;
	}
}

static bool arg_is_text(char letter)
{
	return strchr("srVIbfvut", letter) != NULL;
}

/* One argument, given or not. required: HAProxy counts it among the mandatory ones. */
static bool arg_read(const struct sample_call *call, uint32_t i, char letter, bool required)
{
	static const struct arg_ast nothing;
	const struct arg_ast *ast = i < call->ast->args.n ? &call->ast->args.v[i] : &nothing;
	const struct letter *info = letter_info(letter);
	struct arena *a = call->reader->c->arena;
	struct str haproxy, text = ast->text.ptr ? ast->text : STR("");

	if (i >= call->ast->args.n && !(required && i == 0))
		return true;
	if (!text.len && !arg_is_text(letter)) {
		if (!required)
			return true;
		haproxy = arena_printf(a, "expected type '%s' at position %u, but got nothing", info->haproxy,
				       i + 1);
		arg_error(call, D_SAMPLE_ARGUMENTS, i, haproxy,
			  arena_printf(a, "`%s` needs %s as its %s argument", call->name, info->name,
				       i ? "next" : "first"));
		return false;
	}
	if (arg_parse(call, i, letter, text, &call->args[i]))
		return true;
	haproxy = arena_printf(a, "failed to parse '%.*s' as type '%s' at position %u", STR_ARG(text),
			       info->haproxy, i + 1);
	arg_error(call, D_SAMPLE_ARGUMENT, i, haproxy,
		  arena_printf(a, "`%.*s` is not %s", STR_ARG(text), info->name));
	return false;
}

/* The wrong number of arguments: says which ones there are. */
static bool args_count_check(const struct sample_call *call, uint32_t mandatory)
{
	uint32_t given = call->ast->args.n;
	struct arena *a = call->reader->c->arena;
	const struct letter *info;

	if (given > call->nargs && (given > 1 || call->ast->args.v[0].text.len)) {
		struct arg_ast *extra = &call->ast->args.v[call->nargs];

		arg_error(call, D_SAMPLE_ARGUMENTS, call->nargs,
			  arena_printf(a, "expected ')' before '%s%.*s)'", call->nargs ? "," : "",
				       STR_ARG(extra->text)),
			  call->nargs ? arena_printf(a, "`%s` takes at most %u argument%s", call->name,
						     call->nargs, call->nargs > 1 ? "s" : "")
				      : arena_printf(a, "`%s` takes no arguments", call->name));
		return false;
	}
	/* HAProxy takes nothing between parentheses for one empty text. */
	if (!given && mandatory > 1 && !call->is_fetch && arg_is_text(call->letters[0]))
		given = 1;
	if (given && given < mandatory) {
		info = letter_info(call->letters[given]);
		arg_error(call, D_SAMPLE_ARGUMENTS, given,
			  arena_printf(a, "missing arguments (got %u/%u), type '%s' expected", given, mandatory,
				       info->haproxy),
			  arena_printf(a, "`%s` needs %u arguments, got %u: %s is missing", call->name,
				       mandatory, given, info->name));
		return false;
	}
	return true;
}

/* Rows that take fewer arguments in HAProxy 2.6 than now; how many. */
static uint32_t args_of_206(const char *name, uint32_t nargs)
{
	static const struct {
		const char *name;
		uint32_t n;
	} rows[] = {{"aes_gcm_dec", 4}, {"query", 0}, {"req.body_param", 1},
		    {"url_param", 2},   {"urlp", 2},  {"urlp_val", 2}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(name, rows[i].name) == 0)
			return rows[i].n;
	return nargs;
}

bool sample_args_parse(struct sample_call *call)
{
	const char *bar = strchr(call->letters, '|');
	uint32_t mandatory = (uint32_t)(bar ? (size_t)(bar - call->letters) : strlen(call->letters));

	call->nargs = (uint32_t)strlen(call->letters) - (bar ? 1 : 0);
	call->args = ARENA_ARRAY(call->reader->c->model->arena, struct arg, call->nargs + 1);
	if (call->reader->c->model->compat <= 206)
		call->nargs = args_of_206(call->name, call->nargs);
	if (!args_count_check(call, mandatory))
		return false;
	for (uint32_t i = 0; i < call->nargs; i++)
		if (!arg_read(call, i, call->letters[bar && i >= mandatory ? i + 1 : i], i < mandatory))
			return false;
	return true;
}
