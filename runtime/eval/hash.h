/* Hash functions of converters and balancing (manual, keyword "hash-type" and section 7.3.1). No state, any
 * thread. */
#ifndef LB_EVAL_HASH_H
#define LB_EVAL_HASH_H

#include "grammar/model_proxy.h"

/* The hashes of `hash-type` and of the converters of these names (manual, "hash-type"), before `avalanche`. Pure. */
uint32_t hash_sdbm(struct str data);
/* Continues a hash over more data. */
uint32_t hash_sdbm_more(uint32_t hash, struct str data);
uint32_t hash_djb2(struct str data);
uint32_t hash_wt6(struct str data);
/* CRC-32 of Ethernet and gzip; CRC-32C (RFC 4960, appendix B). */
uint32_t hash_crc32(struct str data);
uint32_t hash_crc32c(struct str data);
uint32_t hash_xxh32(struct str data, uint32_t seed);
uint64_t hash_xxh64(struct str data, uint64_t seed);
/* XXH3 of 64 bits. */
uint64_t hash_xxh3(struct str data, uint64_t seed);
/* The hash of a key, as `hash-type` names the function. HASH_NONE takes the key for a number in decimal digits. */
uint32_t hash_of(enum hash_func function, struct str key);
/* Spreads the bits of a weak hash over all of them. */
uint32_t hash_avalanche(uint32_t hash);

#endif
