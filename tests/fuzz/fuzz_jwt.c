/* Tokens and keys of JSON Web Tokens: "algorithm LF key LF token". Demands: a signature by nobody is never
 * good, what is decrypted is not longer than the token, and a key that was read can be given back. One thread.
 */
#include <string.h>

#include "runtime/eval/jwe.h"
#include "runtime/eval/jwt.h"
#include "tests/fuzz/fuzz.h"

static struct str line_take(struct str *rest)
{
	size_t n = str_chr(*rest, '\n');
	struct str line = str_sub(*rest, 0, n);

	*rest = str_tail(*rest, n + 1);
	return line;
}

static void verify(struct str alg, struct str key, struct str token)
{
	enum jwt_verdict v = jwt_verify(token, alg, key, NULL, true);

	FUZZ_DEMAND(v >= JWT_KEY_UNKNOWN && v <= JWT_GOOD);
	FUZZ_DEMAND(v != JWT_GOOD || alg.ptr[0] == 'H' || str_is(alg, "none"));
}

static void decrypt(struct str key, struct str token)
{
	static const struct jwe_allowed all = {{NULL, 0}, {NULL, 0}};
	char *room = malloc(token.len + 1), *keyroom = malloc(key.len + 1);
	struct jwe_key k = {key, NULL}, read;
	size_t len = 0;

	FUZZ_DEMAND(room && keyroom);
	if (jwe_decrypt(token, &k, &all, room, &len))
		FUZZ_DEMAND(len <= token.len);
	if (jwe_key_read(key, keyroom, &read)) {
		FUZZ_DEMAND(read.secret.len <= key.len);
		if (jwe_decrypt(token, &read, &all, room, &len))
			FUZZ_DEMAND(len <= token.len);
	}
	EVP_PKEY_free(read.pkey);
	free(keyroom);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct str rest = str_make(copy, size), alg, key;

	FUZZ_DEMAND(copy);
	if (size)
		memcpy(copy, data, size);
	alg = line_take(&rest);
	key = line_take(&rest);
	verify(alg, key, rest);
	decrypt(key, rest);
	free(copy);
	return 0;
}
