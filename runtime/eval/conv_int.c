/* Converters of integers and booleans (manual, section 7.3.1): arithmetic stays inside 64 bits instead of
 * wrapping. One thread. */
#include "runtime/eval/fetch.h"

/* All converters have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* An operand: a number, or a variable cast to one. */
static bool operand(struct eval *e, const struct arg *arg, int64_t *value)
{
	struct sample s;

	if (arg->type != ARG_VAR) {
		*value = arg->sint;
		return true;
	}
	if (!var_get(e, arg->var, &s) || !sample_cast(e, &s, SMP_SINT))
		return false;
	*value = s.sint;
	return true;
}

/* HAProxy 2.6 takes every sum of two negative numbers for an overflow. */
static bool both_negative(const struct eval *e, int64_t a, int64_t b)
{
	return e->model && e->model->compat < 207 && a < 0 && b < 0;
}

bool conv_add(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t v;

	if (!operand(e, args, &v))
		return false;
	if (both_negative(e, s->sint, v))
		s->sint = INT64_MAX;
	else if (__builtin_add_overflow(s->sint, v, &s->sint))
		s->sint = v < 0 ? INT64_MIN : INT64_MAX;
	return true;
}

bool conv_sub(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t v;

	if (!operand(e, args, &v))
		return false;
	if (both_negative(e, s->sint, v == INT64_MIN ? INT64_MAX : -v))
		s->sint = INT64_MAX;
	else if (__builtin_sub_overflow(s->sint, v, &s->sint))
		s->sint = v > 0 ? INT64_MIN : INT64_MAX;
	return true;
}

bool conv_mul(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t v;
	bool negative;

	if (!operand(e, args, &v))
		return false;
	negative = (s->sint < 0) != (v < 0);
	if (__builtin_mul_overflow(s->sint, v, &s->sint))
		s->sint = negative ? INT64_MIN : INT64_MAX;
	return true;
}

bool conv_div(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t v;

	if (!operand(e, args, &v))
		return false;
	s->sint = !v || (v == -1 && s->sint == INT64_MIN) ? INT64_MAX : s->sint / v;
	return true;
}

bool conv_mod(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t v;

	if (!operand(e, args, &v))
		return false;
	s->sint = !v || v == -1 ? 0 : s->sint % v;
	return true;
}

bool conv_and(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t v;

	return operand(e, args, &v) && sample_set_int(s, s->sint & v);
}

bool conv_or(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t v;

	return operand(e, args, &v) && sample_set_int(s, s->sint | v);
}

bool conv_xor(struct eval *e, const struct arg *args, struct sample *s)
{
	int64_t v;

	return operand(e, args, &v) && sample_set_int(s, s->sint ^ v);
}

bool conv_cpl(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_int(s, ~s->sint);
}

bool conv_neg(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_int(s, s->sint == INT64_MIN ? INT64_MAX : -s->sint);
}

bool conv_bool(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_bool(s, s->sint != 0);
}

bool conv_not(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_bool(s, s->sint == 0);
}

bool conv_even(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_bool(s, !(s->sint & 1));
}

bool conv_odd(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_bool(s, s->sint & 1);
}

bool conv_iif(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_str(s, args[s->sint ? 0 : 1].str);
}

/* The low 32 bits in network byte order. */
bool conv_htonl(struct eval *e, const struct arg *args, struct sample *s)
{
	uint32_t v = __builtin_bswap32((uint32_t)s->sint);
	struct str bytes = scratch_dup(e->scratch, str_make((const char *)&v, sizeof(v)));

	s->type = SMP_BIN;
	s->str = bytes;
	return bytes.ptr != NULL;
}

bool conv_ipmask(struct eval *e, const struct arg *args, struct sample *s)
{
	struct sample v4 = *s;
	const struct arg *mask;

	if (sample_cast(e, &v4, SMP_IPV4))
		*s = v4;
	mask = s->type == SMP_IPV4 ? &args[0] : &args[1];
	if (!arg_is_set(mask))
		return false;
	for (int i = 0; i < (s->type == SMP_IPV4 ? 4 : 16); i++)
		s->ip[i] &= mask->net.addr[i];
	return true;
}
