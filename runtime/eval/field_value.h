/* Lists inside header fields: comma-delimited values (RFC 9110, section 5.6.1), cookies (RFC 6265, section 4),
 * parameters of queries and forms. Slices of the input; no state, any thread. */
#ifndef LB_EVAL_FIELD_VALUE_H
#define LB_EVAL_FIELD_VALUE_H

#include "grammar/base/str.h"

/* The next value of a list, trimmed; commas inside quotes do not separate. *off starts at 0. False behind the
 * last; an empty field has one empty value. */
bool field_value_next(struct str field, uint32_t *off, struct str *value);
/* A number as HAProxy's *_val fetches read it: everything below `9` counts as a digit, also `.` and blanks, in
 * 32 bits. */
int64_t field_number(struct str text);
/* Offset of the `;` or `,` that ends the cookie at `from`, or of the field's end. Quotes count behind the
 * equals sign only. */
size_t cookie_end(struct str field, size_t from);
/* The next word of a Cookie field, or with set_cookie the first one of a Set-Cookie field. */
bool cookie_next(struct str field, bool set_cookie, uint32_t *off, struct str *name, struct str *value);
/* The next cookie of that name, any (of an empty name, too) without `wanted`; *off starts at 0. Words without
 * `=` are none, and as in HAProxy one whose value is empty is none either where its element of the list ends.
 * With a name in mind what follows the first other pair in an element of a Set-Cookie field are attributes.
 * Inside quotes `;` and `,` end no value. */
bool cookie_next_pair(struct str field, struct str wanted, bool set_cookie, uint32_t *off, struct str *value);
/* The next parameter name=value; they are separated by `&`, `;` and `delimiter`; words without `=` are none.
 * Not decoded. */
bool param_next(struct str text, char delimiter, size_t *off, struct str *name, struct str *value);

#endif
