/* Keys of stick tables: out of samples, out of words of the CLI, and as text (manual, keyword "stick-table":
 * type). */
#ifndef LB_STICK_KEY_H
#define LB_STICK_KEY_H

#include "runtime/eval/sample.h"
#include "runtime/stick/table.h"

struct out;

/* Memory for keys of fixed size. */
struct stick_key_room {
	uint8_t bytes[16];
};
/* A sample as key of that table: cast to its type, cut or padded to its length; the key is in `room`, in the
 * sample's text or in scratch memory. False when it cannot be a key. Any thread. */
bool stick_key_make(struct eval *e, const struct table_conf *t, struct sample *s, struct stick_key_room *room,
		    struct str *key);
/* As HAProxy's CLI reads keys: what follows a number is ignored, a bad IPv4 address is 0.0.0.0. False: invalid.
 */
bool stick_key_parse(const struct table_conf *t, struct str word, struct stick_key_room *room, struct str *key);
/* As `show table` writes it. */
void stick_key_print(struct out *o, const struct table_conf *t, struct str key);
/* Back to a sample; texts borrow. */
void stick_key_sample(const struct table_conf *t, struct str key, struct sample *s);
const char *stick_key_type_name(enum stick_key_type type);

#endif
