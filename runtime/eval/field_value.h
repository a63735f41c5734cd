/* Lists inside header fields: comma-delimited values (RFC 9110, section 5.6.1), cookies (RFC 6265, section 4),
 * parameters of queries and forms. Slices of the input; no state, any thread. */
#ifndef LB_EVAL_FIELD_VALUE_H
#define LB_EVAL_FIELD_VALUE_H

#include "grammar/base/str.h"

/* The next value of a list, trimmed; commas inside quotes do not separate. *off starts at 0. False behind the
 * last; an empty field has one empty value. */
bool field_value_next(struct str field, uint32_t *off, struct str *value);
/* The next cookie of a Cookie field, or with set_cookie the one of a Set-Cookie field. */
/* A number as HAProxy's *_val fetches read it: everything below `9` counts as a digit, also `.` and blanks, in
 * 32 bits. */
int64_t field_number(struct str text);
/* The same without a name in mind: `=value` counts, words without `=` do not, attributes of Set-Cookie do. */
bool cookie_next_any(struct str field, bool set_cookie, uint32_t *off, struct str *name, struct str *value);
bool cookie_next(struct str field, bool set_cookie, uint32_t *off, struct str *name, struct str *value);
/* The next parameter name=value; they are separated by `&` and `;`. Not decoded. */
bool param_next(struct str text, size_t *off, struct str *name, struct str *value);

#endif
