/* How versions compare (manual, section 2.4: "the version syntax is the same as shown by haproxy -v and missing
 * components are assumed as being zero"). The odd cases are as HAProxy 2.6.12 has them. */
#include "grammar/predicate_state.h"

enum { RANK_DEVELOPMENT, RANK_CANDIDATE, RANK_RELEASE };

static bool digit_at(struct str s, size_t i)
{
	return i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
}

/* Decimal number at *i, saturating; 0 when there is none. */
static uint32_t number_take(struct str s, size_t *i)
{
	uint64_t n = 0;

	for (; digit_at(s, *i); ++*i)
		n = n > UINT32_MAX / 10 ? UINT32_MAX : n * 10 + (uint64_t)(s.ptr[*i] - '0');
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

/* Behind the dash: a stage with its number, or the number of commits since. */
static void suffix_parse(struct str s, struct version *v)
{
	static const struct {
		struct str name;
		uint32_t rank;
	} stages[] = {
		{STR("dev"), RANK_DEVELOPMENT}, {STR("pre"), RANK_CANDIDATE}, {STR("rc"), RANK_CANDIDATE}};
	size_t i = 0;

	for (unsigned k = 0; k < sizeof(stages) / sizeof(stages[0]); k++)
		if (str_starts(s, stages[k].name)) {
			i = stages[k].name.len;
			v->rank = stages[k].rank;
			v->commits = number_take(s, &i);
			return;
		}
	v->commits = number_take(s, &i);
	/* "2.6.12-1+deb12u4" is what a distribution makes of 2.6.12. */
	if (i < s.len && s.ptr[i] == '+')
		v->commits = 0;
}

bool version_parse(struct str text, struct version *v)
{
	size_t i = 0;

	*v = (struct version){.rank = RANK_RELEASE};
	while (i < text.len && (text.ptr[i] == ' ' || text.ptr[i] == '\t'))
		i++;
	if (!digit_at(text, i))
		return false;
	for (unsigned part = 0; part < 4; part++) {
		v->parts[part] = number_take(text, &i);
		if (i >= text.len || text.ptr[i] != '.')
			break;
		i++;
	}
	if (i == text.len)
		return true;
	if (text.ptr[i] != '-') {
		*v = (struct version){0};
		return false;
	}
	suffix_parse(str_tail(text, i + 1), v);
	return true;
}

static int compare(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

int version_compare(const struct version *a, const struct version *b)
{
	for (unsigned i = 0; i < 4; i++)
		if (a->parts[i] != b->parts[i])
			return compare(a->parts[i], b->parts[i]);
	if (a->rank != b->rank)
		return compare(a->rank, b->rank);
	return compare(a->commits, b->commits);
}

bool version_parse_openssl(struct str text)
{
	size_t i = 0;

	for (unsigned part = 0; part < 3; part++) {
		if (part && (i >= text.len || text.ptr[i++] != '.'))
			return false;
		if (part < 2 && !digit_at(text, i))
			return false;
		number_take(text, &i);
	}
	return true;
}
