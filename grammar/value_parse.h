/* Values in patterns and arguments: addresses and networks, integers with ranges, bytes in hexadecimal. No
 * diagnostics, no state; any thread. */
#ifndef LB_GRAMMAR_VALUE_PARSE_H
#define LB_GRAMMAR_VALUE_PARSE_H

#include "grammar/base/arena.h"
#include "grammar/model_rule.h"

/* Pairs of hexadecimal digits. False: *bad is the offset of the wrong digit, or text.len for an odd number of
 * them. */
bool value_parse_hex(struct arena *a, struct str text, struct str *bytes, size_t *bad);
/* An IPv4 or IPv6 address without mask. */
bool value_parse_address(struct str text, struct ip_net *net);
/* As a pattern (manual, section 7.1.6): 10.1, 10.0.0.0/8, 10.0.0.0/255.0.255.0, 2001:db8::/32. No host names.
 */
bool value_parse_network(struct str text, struct ip_net *net);
/* An integer or a range "a:b", "a:", ":b"; open ends are INT64_MIN and INT64_MAX (manual, section 7.1.2).
 * *range: the text has a colon. */
bool value_parse_range(struct str text, int64_t *min, int64_t *max, bool *range);
/* The same for versions like 3.1, as 65536 * major + minor. */
bool value_parse_version_range(struct str text, int64_t *min, int64_t *max, bool *range);

#endif
