/* Converters whose arguments need more than sample_checks.c's helpers: ciphers (aes_*), conditions (when). One
 * thread. */
#include "grammar/sample.h"
#include "grammar/suggest.h"

static bool given(const struct sample_call *call, uint32_t i)
{
	return i < call->nargs && call->args[i].type != ARG_NONE;
}

static bool is_base64(struct str text)
{
	size_t pad = 0;

	while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < text.len - pad; i++) {
		char c = text.ptr[i];

		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '+' ||
		      c == '/'))
			return false;
	}
	return text.len % 4 == 0;
}

/* Argument i: base64, or the name of a variable; then it becomes one. */
static bool check_bytes_arg(struct sample_call *call, uint32_t i, const char *what, bool must_be_variable)
{
	struct compile *c = call->reader->c;
	struct str text = given(call, i) ? call->args[i].str : STR(""), why;
	const struct var_ref *var = text.len ? var_find(c, text, &why) : NULL;

	if (var) {
		call->args[i].type = ARG_VAR;
		call->args[i].var = var;
		return true;
	}
	if (!must_be_variable && is_base64(text))
		return true;
	sample_arg_error(call, i,
			 arena_printf(c->arena,
				      must_be_variable ? "failed to parse %s : argument needs to be a variable"
						       : "failed to parse %s : argument needs to be base64 "
							 "encoded, and can either be a string or a variable",
				      what),
			 arena_printf(c->arena,
				      must_be_variable ? "the %s goes to a variable, such as txn.tag"
						       : "the %s is base64, or a variable that holds that",
				      what));
	return false;
}

bool sample_check_cipher(struct sample_call *call)
{
	bool gcm = call->id == CONV_AES_GCM_DEC || call->id == CONV_AES_GCM_ENC;
	int64_t bits = call->args[0].sint;

	if (bits != 128 && bits != 192 && bits != 256) {
		sample_arg_error(call, 0, STR("key size must be 128, 192 or 256 (bits)."),
				 STR("a key of AES has 128, 192 or 256 bits"));
		return false;
	}
	return check_bytes_arg(call, 1, "nonce", false) && check_bytes_arg(call, 2, "key", false) &&
	       (!gcm || check_bytes_arg(call, 3, "aead_tag", call->id == CONV_AES_GCM_ENC)) &&
	       check_bytes_arg(call, gcm ? 4 : 3, "aad", false);
}

static const char *const conditions[] = {"error",    "forwarded", "normal", "processed",
					 "stopping", "toapplet",  "acl"};

bool sample_check_when(struct sample_call *call)
{
	struct compile *c = call->reader->c;
	struct str text = call->args[0].str;
	bool negated = text.len && text.ptr[0] == '!';
	struct suggest s;
	struct diag *g;

	text = str_tail(text, negated);
	suggest_start(&s, text);
	for (int i = 0; i <= WHEN_ACL; i++) {
		suggest_offer(&s, str_from(conditions[i]));
		if (!str_is(text, conditions[i]))
			continue;
		call->args[0].sint = i | (negated ? WHEN_NOT : 0);
		if (i != WHEN_ACL || (given(call, 1) && call->args[1].str.len))
			return true;
		sample_arg_error(call, 1, STR("'acl' condition requires an ACL name."),
				 STR("`when(acl,NAME)` needs the name of an ACL"));
		return false;
	}
	g = sample_arg_error(call, 0, arena_printf(c->arena, "unknown condition '%.*s'", STR_ARG(text)),
			     arena_printf(c->arena, "`%.*s` is no condition of `when`", STR_ARG(text)));
	lang_suggest(c, g, &s, sample_arg_span(call, 0));
	return false;
}
