/* What the types of arguments do not tell: choices, ranges, variables, expressions, map files. One small
 * function per kind of argument, attached to rows below. One thread. */
#include "grammar/sample_checks.h"
#include "grammar/suggest.h"
#include "grammar/value_parse.h"

typedef bool (*check_fn)(struct sample_call *call);

static struct arena *scratch(const struct sample_call *call)
{
	return call->reader->c->arena;
}

static bool arg_given(const struct sample_call *call, uint32_t i)
{
	return i < call->nargs && call->args[i].type != ARG_NONE;
}

static struct str arg_text(const struct sample_call *call, uint32_t i)
{
	return arg_given(call, i) ? call->args[i].str : STR("");
}

/* Fails unless argument i is absent, empty or one of the choices ("a", "b", NULL). */
static bool check_choice(struct sample_call *call, uint32_t i, const char *const *choices, struct str haproxy)
{
	struct suggest s;
	struct str text = arg_text(call, i);
	struct diag *g;

	if (!text.len)
		return true;
	suggest_start(&s, text);
	for (; *choices; choices++) {
		if (str_is(text, *choices))
			return true;
		suggest_offer(&s, str_from(*choices));
	}
	g = sample_arg_error(call, i, haproxy,
			     arena_printf(scratch(call), "`%.*s` is no choice here", STR_ARG(text)));
	diag_note(call->reader->c->diags, g, "HAProxy says: %.*s", STR_ARG(haproxy));
	lang_suggest(call->reader->c, g, &s, sample_arg_span(call, i));
	return false;
}

static bool check_occurrence(struct sample_call *call)
{
	if (!arg_given(call, 1) || call->args[1].sint >= -10)
		return true;
	sample_arg_error(call, 1, STR("header occurrence must be >= -10"),
			 STR("an occurrence counted from the end is at most -10"));
	return false;
}

static bool check_bool(struct sample_call *call)
{
	struct str text = arg_text(call, 0);
	bool yes = str_ieq(text, STR("true")) || str_is(text, "1");

	if (yes || str_ieq(text, STR("false")) || str_is(text, "0")) {
		call->args[0].type = ARG_SINT;
		call->args[0].sint = yes;
		return true;
	}
	sample_arg_error(call, 0, STR("Expects 'true', 'false', '0' or '1'"),
			 STR("`bool` takes `true`, `false`, `0` or `1`"));
	return false;
}

static bool check_bin(struct sample_call *call)
{
	struct str text = arg_text(call, 0), bytes;
	size_t bad;

	if (!text.len) {
		sample_arg_error(call, 0, STR("(null)"), STR("`bin` needs bytes in hexadecimal"));
		return false;
	}
	if (value_parse_hex(call->reader->c->model->arena, text, &bytes, &bad)) {
		call->args[0].str = bytes;
		return true;
	}
	if (bad < text.len)
		sample_arg_error(
			call, 0,
			arena_printf(scratch(call), "an hex digit is expected (found '%c')", text.ptr[bad]),
			arena_printf(scratch(call), "`%c` is no hexadecimal digit", text.ptr[bad]));
	else
		sample_arg_error(call, 0, STR("an even number of hex digit is expected"),
				 STR("an even number of hexadecimal digits is needed"));
	return false;
}

static bool check_unit(struct sample_call *call)
{
	static const char *const units[] = {"s", "ms", "us", NULL};
	struct str text = arg_text(call, 1);

	return check_choice(
		call, 1, units,
		arena_printf(scratch(call), "expects 's', 'ms' or 'us', got '%.*s'", STR_ARG(text)));
}

static bool check_uuid(struct sample_call *call)
{
	if (!arg_given(call, 0) || call->args[0].sint == 4 ||
	    (call->args[0].sint == 7 && call->reader->c->model->compat > 206))
		return true;
	sample_arg_error(
		call, 0,
		arena_printf(scratch(call), "Unsupported UUID version: '%lld'", (long long)call->args[0].sint),
		STR("there are UUIDs of version 4 and, since HAProxy 3.0, 7"));
	return false;
}

static bool check_payload_lv(struct sample_call *call)
{
	struct str text = arg_text(call, 2);
	int64_t offset;

	if (call->args[0].sint < 0) {
		sample_arg_error(call, 0, STR("payload offset1 must be positive"),
				 STR("the offset is negative"));
		return false;
	}
	if (call->args[1].sint <= 0) {
		sample_arg_error(call, 1, STR("payload length must be > 0"),
				 STR("the size of the length is not positive"));
		return false;
	}
	if (text.len && !str_to_i64(text, &offset)) {
		sample_arg_error(call, 2, STR("payload offset2 is not a number"),
				 arena_printf(scratch(call), "`%.*s` is not an integer", STR_ARG(text)));
		return false;
	}
	if (text.len)
		call->args[2].sint = offset;
	return true;
}

/* Turns argument i into a variable. */
static bool check_variable(struct sample_call *call, uint32_t i, struct str haproxy)
{
	struct str why;
	const struct var_ref *var = var_find(call->reader->c, arg_text(call, i), &why);

	if (!var) {
		struct diag *g =
			sample_arg_error(call, i, haproxy.len ? haproxy : why,
					 arena_printf(scratch(call), "`%.*s` is not the name of a variable",
						      STR_ARG(arg_text(call, i))));

		g->code = D_VAR_NAME;
		var_explain(call->reader->c, g);
		return false;
	}
	if (!call->is_fetch && (call->id == CONV_SET_VAR || call->id == CONV_UNSET_VAR) &&
	    var_is_parents(var)) {
		sample_arg_error(call, i, STR("variables of the parent stream cannot be set"),
				 STR("variables of the parent stream can only be read"));
		return false;
	}
	call->args[i].type = ARG_VAR;
	call->args[i].var = var;
	return true;
}

static bool check_first_variable(struct sample_call *call)
{
	return check_variable(call, 0, STR_NONE);
}

static bool check_compared_variable(struct sample_call *call)
{
	return check_variable(call, 0,
			      arena_printf(scratch(call), "failed to register variable name '%.*s'",
					   STR_ARG(arg_text(call, 0))));
}

static bool check_joined_variable(struct sample_call *call)
{
	if (!arg_text(call, 1).len)
		return true;
	return check_variable(call, 1,
			      arena_printf(scratch(call), "failed to register variable name '%.*s'",
					   STR_ARG(arg_text(call, 1))));
}

static bool check_add_item(struct sample_call *call)
{
	if (!arg_text(call, 1).len && !arg_text(call, 2).len) {
		sample_arg_error(call, 1, STR("one of the optional arguments has to be nonempty"),
				 STR("a variable or a suffix is needed"));
		return false;
	}
	return check_joined_variable(call);
}

/* Argument i: an integer or a variable. */
static bool check_operand(struct sample_call *call, uint32_t i)
{
	struct str text = arg_text(call, i);

	call->args[i].type = ARG_SINT;
	if (!text.len || str_to_i64(text, &call->args[i].sint))
		return true;
	return check_variable(call, i, STR("expects an integer or a variable name"));
}

static bool check_first_operand(struct sample_call *call)
{
	return check_operand(call, 0);
}

static bool check_bytes(struct sample_call *call)
{
	return check_operand(call, 0) && (!arg_given(call, 1) || check_operand(call, 1));
}

static bool check_index(struct sample_call *call)
{
	if (call->args[0].sint)
		return true;
	sample_arg_error(call, 0, STR("Unexpected value 0 for index"),
			 STR("fields are counted from 1, or from -1 at the end"));
	return false;
}

static bool check_regsub(struct sample_call *call)
{
	struct str flags = arg_text(call, 2);
	const struct regex *regex;
	bool icase = false;

	for (size_t i = 0; i < flags.len; i++) {
		if (flags.ptr[i] != 'i' && flags.ptr[i] != 'g') {
			sample_arg_error(call, 2,
					 arena_printf(scratch(call),
						      "invalid regex flag '%c', only 'i' and 'g' are supported",
						      flags.ptr[i]),
					 arena_printf(scratch(call), "`%c` is no flag; there are `i` and `g`",
						      flags.ptr[i]));
			return false;
		}
		icase |= flags.ptr[i] == 'i';
	}
	regex = regex_parse(call->reader->c, arg_text(call, 0), icase, sample_arg_span(call, 0));
	if (!regex)
		return false;
	call->args[0].type = ARG_REGEX;
	call->args[0].regex = regex;
	call->args[2].sint = str_chr(flags, 'g') < flags.len;
	return true;
}

static bool check_json(struct sample_call *call)
{
	static const char *const codes[] = {"ascii", "utf8", "utf8s", "utf8p", "utf8ps", NULL};

	return check_choice(call, 0, codes,
			    STR("Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', "
				"'utf8p' and 'utf8ps'"));
}

static bool check_url_enc(struct sample_call *call)
{
	static const char *const types[] = {"query", NULL};

	return check_choice(call, 0, types, STR("Unexpected encode type. Allowed value is 'query'"));
}

static bool check_set_var(struct sample_call *call)
{
	static const char *const conditions[] = {"ifexists", "ifnotexists", "ifempty", "ifnotempty", "ifset",
						 "ifnotset", "ifgt",        "iflt",    NULL};

	if (!check_variable(call, 0, STR_NONE))
		return false;
	for (uint32_t i = 1; i < call->nargs; i++) {
		if (!check_choice(call, i, conditions,
				  arena_printf(scratch(call), "unknown condition \"%.*s\"",
					       STR_ARG(arg_text(call, i)))))
			return false;
		call->args[1].sint |= var_condition_find(arg_text(call, i));
	}
	return true;
}

static bool check_chunk(struct sample_call *call)
{
	bool dec = call->id != CONV_BE2HEX;
	int64_t size = arg_given(call, 1) ? call->args[1].sint : 0;
	int64_t truncate = arg_given(call, 2) ? call->args[2].sint : 0;

	if (!dec && !arg_given(call, 0))
		return true;
	if (dec && (size < 1 || size > 8)) {
		sample_arg_error(
			call, 1,
			arena_printf(scratch(call), "chunk_size out of [1..8] range (%lld)", (long long)size),
			STR("a chunk has 1 to 8 bytes"));
		return false;
	}
	if (!dec && size < 1 && arg_text(call, 0).len) {
		sample_arg_error(
			call, 1,
			arena_printf(scratch(call), "chunk_size needs to be positive (%lld)", (long long)size),
			STR("the size of a chunk must be positive"));
		return false;
	}
	if (truncate == 0 || truncate == 1)
		return true;
	sample_arg_error(call, 2,
			 arena_printf(scratch(call), "Unsupported truncate value (%lld)", (long long)truncate),
			 STR("the third argument is 0 or 1"));
	return false;
}

static bool check_sha2(struct sample_call *call)
{
	int64_t bits = arg_given(call, 0) ? call->args[0].sint : 256;

	if (bits == 224 || bits == 256 || bits == 384 || bits == 512)
		return true;
	sample_arg_error(call, 0,
			 arena_printf(scratch(call), "Unsupported number of bits: '%lld'", (long long)bits),
			 STR("SHA-2 has 224, 256, 384 or 512 bits"));
	return false;
}

/* digest(name), hmac(name,...): as OpenSSL calls them, whatever the case of letters. */
static bool check_digest(struct sample_call *call)
{
	static const char *const names[] = {
		"md4",      "md5",        "md5-sha1",   "sha1",       "sha224",    "sha256",   "sha384",
		"sha512",   "sha512-224", "sha512-256", "sha3-224",   "sha3-256",  "sha3-384", "sha3-512",
		"shake128", "shake256",   "blake2b512", "blake2s256", "ripemd160", "rmd160",   "ripemd",
		"sm3",      "whirlpool",  "mdc2",       "ssl3-md5",   "ssl3-sha1", "sha-1",    "sha-256",
	};
	struct str text = arg_text(call, 0);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_ieq(text, str_from(names[i])))
			return true;
	sample_arg_error(call, 0, STR("algorithm must be a valid OpenSSL message digest name."),
			 STR("this is no name of a digest, as sha256 is"));
	return false;
}

/* distcc_param(name,...), distcc_body(name,...) */
static bool check_distcc(struct sample_call *call)
{
	if (arg_text(call, 0).len == 4)
		return true;
	sample_arg_error(call, 0, STR("token name must be exactly 4 characters"),
			 STR("tokens of distcc have four characters"));
	return false;
}

/* map_<method>_<result>(file[,default]): the method is in the name. */
static bool check_map(struct sample_call *call)
{
	static const struct {
		const char *word;
		enum match_method method;
	} methods[] = {{"_beg", MATCH_BEG},  {"_dir", MATCH_DIR}, {"_dom", MATCH_DOM},
		       {"_end", MATCH_END},  {"_ip", MATCH_IP},   {"_int", MATCH_INT},
		       {"_regm", MATCH_REG}, {"_reg", MATCH_REG}, {"_sub", MATCH_SUB}};
	struct str kind = str_tail(str_from(call->name), 3), fallback = arg_text(call, 1);
	enum match_method method = MATCH_STR;
	const struct map_conf *map;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]) && method == MATCH_STR; i++)
		if (str_starts(kind, str_from(methods[i].word)))
			method = methods[i].method;
	if (fallback.len && conv_row(call->id)->out == SMP_ADDR &&
	    !value_parse_address(fallback, &call->args[1].net)) {
		sample_arg_error(call, 1,
				 arena_printf(scratch(call), "map: cannot parse default value '%.*s'",
					      STR_ARG(fallback)),
				 arena_printf(scratch(call), "`%.*s` is no address", STR_ARG(fallback)));
		return false;
	}
	if (arg_given(call, 1))
		call->args[1].type = conv_row(call->id)->out == SMP_ADDR ? ARG_NET : call->args[1].type;
	map = map_load(call, method, arg_text(call, 0), sample_arg_span(call, 0));
	call->args[0].type = ARG_MAP;
	call->args[0].map = map;
	return map != NULL;
}

/* hmac(algorithm,key): a key that is the name of a variable is one. */
static bool check_hmac(struct sample_call *call)
{
	struct str why;
	const struct var_ref *var = var_find(call->reader->c, arg_text(call, 1), &why);

	if (var) {
		call->args[1].type = ARG_VAR;
		call->args[1].var = var;
	}
	return check_digest(call) && sample_check_secret(call, 1, "key");
}

/* bytes(offset,length): HAProxy 2.6 takes numbers only. */
static bool check_bytes_206(struct sample_call *call)
{
	for (uint32_t i = 0; i < call->nargs; i++) {
		struct str text = arg_text(call, i);
		int64_t n;

		if ((i && !text.len) || str_to_i64(text, &n) || call->reader->c->model->compat > 206)
			continue;
		sample_arg_error(
			call, i,
			text.len ? arena_printf(scratch(call),
						"failed to parse '%.*s' as type 'integer' at position %u",
						STR_ARG(text), i + 1)
				 : STR("expected type 'integer' at position 1, but got nothing"),
			STR("HAProxy 2.6 takes a number here"));
		return false;
	}
	return check_bytes(call);
}

static bool check_rtt_unit(struct sample_call *call)
{
	struct str text = arg_text(call, 0);

	if (!arg_given(call, 0) || str_is(text, "us") || str_is(text, "ms"))
		return true;
	sample_arg_error(call, 0,
			 arena_printf(scratch(call), "expects 'us' or 'ms', got '%.*s'", STR_ARG(text)),
			 STR("the unit is `us` or `ms`"));
	return false;
}

static const check_fn fetch_checks[FETCH_COUNT] = {
	[FETCH_BOOL] = check_bool,
	[FETCH_FC_RTT] = check_rtt_unit,
	[FETCH_FC_RTTVAR] = check_rtt_unit,
	[FETCH_BC_RTT] = check_rtt_unit,
	[FETCH_BC_RTTVAR] = check_rtt_unit,
	[FETCH_SSL_C_I_DN] = sample_check_dn,
	[FETCH_SSL_C_R_DN] = sample_check_dn,
	[FETCH_SSL_C_S_DN] = sample_check_dn,
	[FETCH_SSL_F_I_DN] = sample_check_dn,
	[FETCH_SSL_F_S_DN] = sample_check_dn,
	[FETCH_SSL_S_I_DN] = sample_check_dn,
	[FETCH_SSL_S_S_DN] = sample_check_dn,
	[FETCH_INTERNAL_HTX_BLK_DATA] = sample_check_htx_block,
	[FETCH_INTERNAL_HTX_BLK_HDRNAME] = sample_check_htx_block,
	[FETCH_INTERNAL_HTX_BLK_HDRVAL] = sample_check_htx_block,
	[FETCH_INTERNAL_HTX_BLK_SIZE] = sample_check_htx_block,
	[FETCH_INTERNAL_HTX_BLK_START_LINE] = sample_check_htx_block,
	[FETCH_INTERNAL_HTX_BLK_TYPE] = sample_check_htx_block,
	[FETCH_BIN] = check_bin,
	[FETCH_DISTCC_BODY] = check_distcc,
	[FETCH_DISTCC_PARAM] = check_distcc,
	[FETCH_DATE] = check_unit,
	[FETCH_UUID] = check_uuid,
	[FETCH_VAR] = check_first_variable,
	[FETCH_PAYLOAD_LV] = check_payload_lv,
	[FETCH_REQ_PAYLOAD_LV] = check_payload_lv,
	[FETCH_RES_PAYLOAD_LV] = check_payload_lv,
	[FETCH_HDR] = check_occurrence,
	[FETCH_HDR_IP] = check_occurrence,
	[FETCH_HDR_VAL] = check_occurrence,
	[FETCH_SHDR] = check_occurrence,
	[FETCH_SHDR_IP] = check_occurrence,
	[FETCH_SHDR_VAL] = check_occurrence,
	[FETCH_REQ_HDR] = check_occurrence,
	[FETCH_REQ_FHDR] = check_occurrence,
	[FETCH_REQ_HDR_IP] = check_occurrence,
	[FETCH_REQ_HDR_VAL] = check_occurrence,
	[FETCH_RES_HDR] = check_occurrence,
	[FETCH_RES_FHDR] = check_occurrence,
	[FETCH_RES_HDR_IP] = check_occurrence,
	[FETCH_RES_HDR_VAL] = check_occurrence,
};

static const check_fn conv_checks[CONV_COUNT] = {
	[CONV_JSON_QUERY] = sample_check_output_int,
	[CONV_JWT_HEADER_QUERY] = sample_check_output_int,
	[CONV_JWT_PAYLOAD_QUERY] = sample_check_output_int,
	[CONV_FIX_TAG_VALUE] = sample_check_fix,
	[CONV_MQTT_FIELD_VALUE] = sample_check_mqtt,
	[CONV_PROTOBUF] = sample_check_protobuf,
	[CONV_UNGRPC] = sample_check_protobuf,
	[CONV_ADD] = check_first_operand,
	[CONV_SUB] = check_first_operand,
	[CONV_MUL] = check_first_operand,
	[CONV_DIV] = check_first_operand,
	[CONV_MOD] = check_first_operand,
	[CONV_AND] = check_first_operand,
	[CONV_OR] = check_first_operand,
	[CONV_XOR] = check_first_operand,
	[CONV_BYTES] = check_bytes_206,
	[CONV_FIELD] = check_index,
	[CONV_WORD] = check_index,
	[CONV_REGSUB] = check_regsub,
	[CONV_JSON] = check_json,
	[CONV_URL_ENC] = check_url_enc,
	[CONV_HTTP_DATE] = check_unit,
	[CONV_CONCAT] = check_joined_variable,
	[CONV_ADD_ITEM] = check_add_item,
	[CONV_STRCMP] = check_compared_variable,
	[CONV_SECURE_MEMCMP] = check_compared_variable,
	[CONV_SET_VAR] = check_set_var,
	[CONV_UNSET_VAR] = check_first_variable,
	[CONV_BE2DEC] = check_chunk,
	[CONV_LE2DEC] = check_chunk,
	[CONV_BE2HEX] = check_chunk,
	[CONV_SHA2] = check_sha2,
	[CONV_DEBUG] = sample_check_sink,
	[CONV_DIGEST] = check_digest,
	[CONV_HMAC] = check_hmac,
	[CONV_AES_GCM_DEC] = sample_check_cipher,
	[CONV_AES_GCM_ENC] = sample_check_cipher,
	[CONV_AES_CBC_DEC] = sample_check_cipher,
	[CONV_AES_CBC_ENC] = sample_check_cipher,
	[CONV_WHEN] = sample_check_when,
	[CONV_JWT_DECRYPT_CERT] = sample_check_jwt_decrypt,
	[CONV_JWT_DECRYPT_JWK] = sample_check_jwt_decrypt,
	[CONV_JWT_DECRYPT_SECRET] = sample_check_jwt_decrypt,
	[CONV_JWT_VERIFY] = sample_check_jwt_verify,
	[CONV_JWT_VERIFY_CERT] = sample_check_jwt_verify,
};

bool sample_args_check(struct sample_call *call)
{
	check_fn check = call->is_fetch ? fetch_checks[call->id] : conv_checks[call->id];

	if (!check && !call->is_fetch && str_starts(str_from(call->name), STR("map")))
		check = check_map;
	return !check || check(call);
}
