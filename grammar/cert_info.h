/* What a file with a certificate says, as plain data: for lints, which know nothing of the library behind it. */
#ifndef LB_GRAMMAR_CERT_INFO_H
#define LB_GRAMMAR_CERT_INFO_H

#include "grammar/base/arena.h"
#include "grammar/base/vec.h"

enum cert_key_kind { CERT_KEY_RSA, CERT_KEY_EC, CERT_KEY_OTHER };
enum cert_key_state { CERT_KEY_ABSENT, CERT_KEY_LOCKED /* wants a passphrase */, CERT_KEY_OTHERS, CERT_KEY_FITS };

/* The first certificate of a file. Texts are the arena's. */
struct cert_info {
	bool found;
	int64_t not_before, not_after; /* seconds since 1970 */
	enum cert_key_kind kind;
	uint32_t bits;
	struct str digest; /* of the signature, "SHA1"; empty: has none of its own */
	bool self_signed;
	enum cert_key_state key;
	VEC(struct str) names; /* alternative names, common name; lower case */
	uint32_t chain;	       /* further certificates */
	bool chain_broken;     /* one of them cannot be read */
};

/* pem: the file's content. key: where its key is if not in there (empty: nowhere). */
struct cert_info *cert_info_read(struct arena *a, struct str pem, struct str key);

#endif
