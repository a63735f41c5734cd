/* Converters that hash (manual, section 7.3.1). One thread. */
#include "runtime/eval/fetch.h"
#include "runtime/eval/hash.h"

/* All converters have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static bool set_hash(struct sample *s, const struct arg *args, uint32_t hash)
{
	return sample_set_int(s, args[0].sint == 1 ? hash_avalanche(hash) : hash);
}

bool conv_sdbm(struct eval *e, const struct arg *args, struct sample *s)
{
	return set_hash(s, args, hash_sdbm(s->str));
}

bool conv_djb2(struct eval *e, const struct arg *args, struct sample *s)
{
	return set_hash(s, args, hash_djb2(s->str));
}

bool conv_wt6(struct eval *e, const struct arg *args, struct sample *s)
{
	return set_hash(s, args, hash_wt6(s->str));
}

bool conv_crc32(struct eval *e, const struct arg *args, struct sample *s)
{
	return set_hash(s, args, hash_crc32(s->str));
}

bool conv_crc32c(struct eval *e, const struct arg *args, struct sample *s)
{
	return set_hash(s, args, hash_crc32c(s->str));
}

bool conv_xxh32(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_int(s, hash_xxh32(s->str, (uint32_t)args[0].sint));
}

bool conv_xxh64(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_int(s, (int64_t)hash_xxh64(s->str, (uint64_t)args[0].sint));
}

bool conv_xxh3(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_int(s, (int64_t)hash_xxh3(s->str, (uint64_t)args[0].sint));
}
