/* JSON Web Tokens (RFC 7515 signed, RFC 7516 encrypted; compact form only) and the keys of one model that verify and decrypt them.
 * Keys are read from their files when the first engine is made, never later; engines of a model share them. */
#ifndef LB_EVAL_JWT_H
#define LB_EVAL_JWT_H

#include <openssl/evp.h>

#include "grammar/base/str.h"

struct model;
struct jwt_keys;

/* What jwt_verify says (manual, section 7.3.1). */
enum jwt_verdict {
	JWT_FAILED = 0,
	JWT_GOOD = 1,
	JWT_ALG_UNKNOWN = -1,
	JWT_ALG_UNMANAGED = -2,
	JWT_TOKEN_INVALID = -3,
	JWT_NO_MEMORY = -4,
	JWT_KEY_UNKNOWN = -5,
};

/* Keys of every file that the model's jwt_* converters name. *keys NULL: there is none. False: no memory. Main thread. */
bool jwt_keys_new(const struct model *m, struct jwt_keys **keys);
struct jwt_keys *jwt_keys_retain(struct jwt_keys *keys);
void jwt_keys_release(struct jwt_keys **keys);
/* Of the file of that name, borrowed; NULL: none. Any thread. */
EVP_PKEY *jwt_keys_find(const struct jwt_keys *keys, struct str file);

/* key: the secret of HS* algorithms, else a file's name. pss: PS* algorithms are understood. Any thread. */
enum jwt_verdict jwt_verify(struct str token, struct str alg, struct str key, const struct jwt_keys *keys, bool pss);

#endif
