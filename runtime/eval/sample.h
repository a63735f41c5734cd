/* Samples: values that fetches produce, converters change and patterns match (manual, section 7.1). Texts are
 * slices of the message or of scratch memory and live as long as those. One thread. */
#ifndef LB_EVAL_SAMPLE_H
#define LB_EVAL_SAMPLE_H

#include "grammar/rows.h"
#include "runtime/eval/eval.h"

struct sample {
	uint8_t type; /* SMP_BOOL, SMP_SINT, SMP_IPV4, SMP_IPV6, SMP_STR, SMP_BIN or SMP_METH */
	uint8_t meth; /* SMP_METH: enum http_method; HTTP_M_OTHER: its name is str */
	union {
		int64_t sint;   /* also SMP_BOOL, 0 or 1 */
		uint8_t ip[16]; /* network byte order, IPv4 in the first four */
	};
	struct str str;
};

/* Where a fetch that has several values stands: an ACL asks for one after the other. Zeroed before the first.
 */
struct sample_iter {
	bool more; /* set by the fetch: another value may follow */
	struct http_hdr *hdr;
	uint32_t off;
};

/* The value of an expression; false when there is none (then e->want_more tells whether waiting may help). */
bool sample_eval(struct eval *e, const struct sample_expr *x, struct sample *out);
/* What the converters of an expression make of `text`, which stands in for what it fetches. */
bool sample_convert_text(struct eval *e, const struct sample_expr *x, struct str text, struct str *out);
/* The next value of an expression for an ACL; call it again while iter->more is set. */
bool sample_next(struct eval *e, const struct sample_expr *x, struct sample *out, struct sample_iter *iter);

/* Casts in place (manual, section 7.1). SMP_ADDR: to either kind of address. False when it cannot be: out of
 * memory, or a text that is no number or address. */
bool sample_cast(struct eval *e, struct sample *s, enum smp_type type);
/* Length of the IPv4 address that `text` begins with, as HAProxy reads them in traffic: four decimal numbers,
 * leading zeros count for nothing, anything but a point may follow. 0 for none. ip: network byte order. Any
 * thread. */
size_t sample_ipv4_text(struct str text, uint8_t ip[4]);

static inline bool sample_is_text(const struct sample *s)
{
	return s->type == SMP_STR || s->type == SMP_BIN;
}

static inline bool sample_set_str(struct sample *s, struct str text)
{
	s->type = SMP_STR;
	s->str = text;
	return text.ptr != NULL;
}

static inline bool sample_set_int(struct sample *s, int64_t value)
{
	s->type = SMP_SINT;
	s->sint = value;
	return true;
}

static inline bool sample_set_bool(struct sample *s, bool value)
{
	s->type = SMP_BOOL;
	s->sint = value;
	return true;
}

/* A method's number by its exact name (RFC 9110, section 9.1: methods are case-sensitive). */
enum http_method sample_method_of(struct str name);
/* From a socket address; false for unix sockets and none at all. */
bool sample_set_addr(struct sample *s, const union addr *addr);

/* Variables. vars.c */
bool var_get(struct eval *e, const struct var_ref *ref, struct sample *out);
/* An argument of a converter that is a text, or the name of a variable with one. False: the variable has none.
 */
bool arg_text(struct eval *e, const struct arg *arg, struct str *text);
/* Copies the value; false when memory is out or the scope has no place here. */
bool var_set(struct eval *e, const struct var_ref *ref, const struct sample *value);
void var_unset(struct eval *e, const struct var_ref *ref);
bool var_exists(struct eval *e, const struct var_ref *ref);

#endif
