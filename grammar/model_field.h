/* Reading a model's fields through the rows of the registry. Defined in model_dump.c. Pure, any thread. */
#ifndef LB_GRAMMAR_MODEL_FIELD_H
#define LB_GRAMMAR_MODEL_FIELD_H

#include "grammar/keyword.h"

/* The field of a row with a value of its own, as a number or a text; whether an option is on. */
int64_t model_field_number(const struct keyword *row, const void *object);
struct str model_field_text(const struct keyword *row, const void *object);
bool model_option_get(const struct keyword *row, const void *object);
/* Whether the value is another one than in `preset`. */
bool model_field_differs(const struct keyword *row, const void *object, const void *preset);
/* The word of VAL_CHOICE for a stored number. */
struct str model_choice(const struct keyword *row, int64_t number);

#endif
