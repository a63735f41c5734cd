/* Fetches of what a PROXY header said besides addresses (manual, section 7.3.3: fc_pp_authority,
 * fc_pp_unique_id, fc_pp_tlv, fc_rcvd_proxy). One thread. */
#include <stdlib.h>

#include "runtime/eval/fetch.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum { AUTHORITY = 2, UNIQUE_ID = 5 };

struct str proxy_fields_find(const struct proxy_fields *fields, unsigned type)
{
	struct str rest = fields ? fields->all : STR_NONE, found = STR_NONE;

	while (rest.len) {
		const unsigned char *f = (const unsigned char *)rest.ptr;
		size_t len = (size_t)f[1] << 8 | f[2];

		if (f[0] == type)
			found = str_sub(rest, 3, len);
		rest = str_tail(rest, 3 + len);
	}
	return found;
}

bool fetch_fc_pp_authority(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return sample_set_str(out, proxy_fields_find(e->proxy_fields, AUTHORITY));
}

bool fetch_fc_pp_unique_id(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	return sample_set_str(out, proxy_fields_find(e->proxy_fields, UNIQUE_ID));
}

/* By number, in any base that C knows, or by the specification's name. */
bool fetch_fc_pp_tlv(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	static const struct {
		const char *name;
		unsigned type;
	} names[] = {{"ALPN", 1},      {"AUTHORITY", 2}, {"CRC32C", 3},  {"NOOP", 4},
		     {"UNIQUE_ID", 5}, {"SSL", 0x20},    {"NETNS", 0x30}};
	struct str text = call->args[0].str;
	char copy[8];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_ieq(text, str_from(names[i].name)))
			return sample_set_str(out, proxy_fields_find(e->proxy_fields, names[i].type));
	if (text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	return sample_set_str(out, proxy_fields_find(e->proxy_fields, (unsigned)strtoul(copy, NULL, 0)));
}

bool fetch_fc_rcvd_proxy(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	return sample_set_bool(out, e->proxy_fields != NULL);
}
