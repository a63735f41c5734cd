/* The converters jwt_verify, jwt_verify_cert and jwt_decrypt_* (manual, section 7.3.1). One thread. */
#include "runtime/eval/base64.h"
#include "runtime/eval/engine.h"
#include "runtime/eval/jwe.h"
#include "runtime/eval/jwt.h"

/* PS* algorithms came with HAProxy 2.7. */
bool conv_jwt_verify(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str alg, key;

	return arg_text(e, &args[0], &alg) && arg_text(e, &args[1], &key) &&
	       sample_set_int(
		       s, jwt_verify(s->str, alg, key, e->engine->jwt_keys, e->engine->model->compat >= 207));
}

bool conv_jwt_verify_cert(struct eval *e, const struct arg *args, struct sample *s)
{
	return conv_jwt_verify(e, args, s);
}

static bool decrypt(struct eval *e, const struct jwe_key *key, struct sample *s)
{
	const struct tls_global_conf *g = &e->engine->model->global.tls;
	const struct jwe_allowed allowed = {g->jwe_algs, g->jwe_encs};
	char *room = scratch_alloc(e->scratch, s->str.len + 1);
	size_t len = 0;

	if (!room || !jwe_decrypt(s->str, key, &allowed, room, &len))
		return false;
	s->type = SMP_BIN;
	s->str = str_make(room, len);
	return true;
}

/* The secret in base64, of either alphabet. */
bool conv_jwt_decrypt_secret(struct eval *e, const struct arg *args, struct sample *s)
{
	struct jwe_key key = {.pkey = NULL};
	struct str text;
	char *room;

	if (!arg_text(e, &args[0], &text) || !(room = scratch_alloc(e->scratch, text.len + 1)))
		return false;
	if (!base64url_decode(text, room, text.len, &key.secret.len) &&
	    !base64_decode(text, room, text.len, &key.secret.len))
		return false;
	key.secret.ptr = room;
	return decrypt(e, &key, s);
}

bool conv_jwt_decrypt_cert(struct eval *e, const struct arg *args, struct sample *s)
{
	struct jwe_key key = {.pkey = NULL};
	struct str file;

	if (!arg_text(e, &args[0], &file))
		return false;
	key.pkey = jwt_keys_find(e->engine->jwt_keys, file);
	return key.pkey && decrypt(e, &key, s);
}

bool conv_jwt_decrypt_jwk(struct eval *e, const struct arg *args, struct sample *s)
{
	struct jwe_key key;
	struct str text;
	char *room;
	bool done;

	if (!arg_text(e, &args[0], &text) || !(room = scratch_alloc(e->scratch, text.len + 1)))
		return false;
	done = jwe_key_read(text, room, &key) && decrypt(e, &key, s);
	EVP_PKEY_free(key.pkey);
	return done;
}
