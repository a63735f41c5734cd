/* Arguments of jwt_* converters: algorithms that there are, keys in files that are no keys. One thread. */
#include "grammar/lang_state.h"
#include "grammar/place.h"
#include "grammar/sample.h"
#include "grammar/suggest.h"

#include <unistd.h>

static const char *const algorithms[] = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256",
					 "ES384", "ES512", "PS256", "PS384", "PS512", "none"};

/* Turns an argument that is the name of a variable into one. */
static bool variable_take(struct sample_call *call, uint32_t i)
{
	struct str why;
	const struct var_ref *var = var_find(call->reader->c, call->args[i].str, &why);

	if (!var)
		return false;
	call->args[i].type = ARG_VAR;
	call->args[i].var = var;
	return true;
}

static bool algorithm_check(struct sample_call *call)
{
	struct arena *scratch = call->reader->c->arena;
	struct str name = call->args[0].str;
	struct suggest s;

	suggest_start(&s, name);
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		bool pss = algorithms[i][0] == 'P', managed = !pss || call->reader->c->model->compat >= 207;

		if (managed)
			suggest_offer(&s, str_from(algorithms[i]));
		if (!str_is(name, algorithms[i]))
			continue;
		if (managed)
			return true;
		sample_arg_error(call, 0, STR("RSASSA-PSS JWS signing not managed yet"),
				 arena_printf(scratch, "HAProxy 2.6 does not know `%.*s`", STR_ARG(name)));
		return false;
	}
	lang_suggest(call->reader->c,
		     sample_arg_error(call, 0,
				      arena_printf(scratch, "unknown JWT algorithm: %.*s", STR_ARG(name)),
				      arena_printf(scratch, "`%.*s` is no algorithm of JSON Web Signatures",
						   STR_ARG(name))),
		     &s, sample_arg_span(call, 0));
	return false;
}

static bool has(struct str text, const char *what)
{
	return memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

/* A file that is there and holds no key: HAProxy warns and goes on without it. */
static void key_check(struct sample_call *call, uint32_t i, const char *begin, const char *what)
{
	struct compile *c = call->reader->c;
	struct str path = call->args[i].str, text;
	struct diag *g;

	call->args[i].str = arena_str(c->model->arena, file_place(c, path)); /* opened when all is read */
	if (!path.len || (c->options && c->options->offline) ||
	    access(call->args[i].str.ptr, R_OK) != 0 ||
	    !lang_read_file(c, path, sample_arg_span(call, i), call->reader->scope, &text) || has(text, begin))
		return;
	g = diag_add(c->diags, D_KEY_FILE, sample_arg_span(call, i), "`%.*s` holds no %s", STR_ARG(path), what);
	diag_note(c->diags, g, "every token would get the verdict -5, \"unknown certificate\"");
	diag_haproxy(c->diags, g, "file not found (%.*s)\n", STR_ARG(path));
}

bool sample_check_jwt_verify(struct sample_call *call)
{
	bool cert = call->id == CONV_JWT_VERIFY_CERT;

	if (!variable_take(call, 0) && !algorithm_check(call))
		return false;
	if (variable_take(call, 1) ||
	    (call->args[0].type == ARG_STR && !cert && call->args[0].str.ptr[0] == 'H'))
		return true;
	key_check(call, 1, cert ? "-----BEGIN CERTIFICATE-----" : "-----BEGIN PUBLIC KEY-----",
		  cert ? "certificate" : "public key");
	return true;
}

bool sample_check_jwt_decrypt(struct sample_call *call)
{
	if (!variable_take(call, 0) && call->id == CONV_JWT_DECRYPT_CERT)
		key_check(call, 0, "PRIVATE KEY-----", "private key");
	return true;
}
