/* cpu-set, cpu-policy, cpu-affinity (manual 3.4, section 3.1). Works on the state of one walk; one thread. */
#include "grammar/base/out.h"
#include "grammar/check_rows.h"
#include "grammar/check_state.h"

static struct cpu_conf *conf_of(const struct keyword_use *use)
{
	return &use->k->m->global.cpus;
}

/* What the word may be, by its place in `names`; -1: a message was given. */
static int choice(const struct keyword_use *use, uint32_t i, const char *const *names, uint32_t n,
		  const char *what)
{
	const struct word *w = i < use->n ? &use->words[i] : &use->words[use->n - 1];
	struct out list = out_growing(1024);

	for (uint32_t k = 0; i < use->n && k < n; k++)
		if (str_is(w->text, names[k])) {
			out_free(&list);
			return (int)k;
		}
	for (uint32_t k = 0; k < n; k++)
		out_printf(&list, "%s`%s`", k == 0 ? "" : k + 1 == n ? " or " : ", ", names[k]);
	diag_add(use->k->d, D_BAD_ARGUMENT, w->span,
		 i < use->n ? "`%.*s` is no %s: %.*s is" : "`%.*s` is not all: a %s follows, %.*s",
		 STR_ARG(w->text), what, STR_ARG(out_get(&list)));
	out_free(&list);
	return -1;
}

static bool too_many(const struct keyword_use *use, uint32_t i)
{
	if (i >= use->n)
		return true;
	diag_add(use->k->d, D_BAD_ARGUMENT, use->words[i].span, "nothing may follow here");
	return false;
}

/* --- cpu-set */

/* Digits at the beginning of *rest, taken off. False: there are none, or the number is out of range. */
static bool number_take(struct str *rest, uint32_t *n)
{
	size_t i = 0;

	for (*n = 0; i < rest->len && rest->ptr[i] >= '0' && rest->ptr[i] <= '9' && *n < CPU_NUMBERS; i++)
		*n = *n * 10 + (uint32_t)(rest->ptr[i] - '0');
	*rest = str_tail(*rest, i);
	return i > 0 && *n < CPU_NUMBERS;
}

/* "0-3,8" */
static bool set_read(const struct keyword_use *use, const struct word *w, uint64_t *set)
{
	struct str rest = w->text;
	uint32_t low, high;

	for (;;) {
		if (!number_take(&rest, &low))
			break;
		high = low;
		if (rest.len && rest.ptr[0] == '-') {
			rest = str_tail(rest, 1);
			if (!rest.len || rest.ptr[0] == ',')
				high = CPU_NUMBERS - 1;
			else if (!number_take(&rest, &high))
				break;
		}
		for (uint32_t i = low < high ? low : high; i <= (low < high ? high : low); i++)
			set[i / 64] |= 1ULL << (i % 64);
		if (!rest.len)
			return true;
		if (rest.ptr[0] != ',')
			break;
		rest = str_tail(rest, 1);
	}
	diag_help(use->k->d,
		  diag_add(use->k->d, D_BAD_NUMBER, w->span, "`%.*s` is no set of numbers from 0 to %d",
			   STR_ARG(w->text), CPU_NUMBERS - 1),
		  "a number, a range such as `0-3`, or several with commas between them");
	return false;
}

bool check_cpu_set(const struct keyword_use *use)
{
	static const char *const names[] = {"reset",     "drop-cpu",     "only-cpu",     "drop-node",
					    "only-node", "drop-cluster", "only-cluster", "drop-core",
					    "only-core", "drop-thread",  "only-thread"};
	struct cpu_rule **end = &conf_of(use)->rules;

	while (*end)
		end = &(*end)->next;
	for (uint32_t i = 0; i < use->n; i++) {
		int which = choice(use, i, names, sizeof(names) / sizeof(*names), "directive of cpu-set");
		struct cpu_rule *rule;

		if (which < 0)
			return false;
		if (!which) {
			conf_of(use)->reset = true;
			continue;
		}
		if (++i == use->n) {
			diag_add(use->k->d, D_BAD_ARGUMENT, use->words[i - 1].span,
				 "`%s` expects a set of numbers behind it", names[which]);
			return false;
		}
		rule = ARENA_NEW(use->k->a, struct cpu_rule);
		rule->unit = (uint8_t)((which - 1) / 2);
		rule->only = which % 2 == 0;
		if (!set_read(use, &use->words[i], rule->set))
			return false;
		*end = rule;
		end = &rule->next;
	}
	return true;
}

/* --- cpu-policy, cpu-affinity */

bool check_cpu_policy(const struct keyword_use *use)
{
	static const char *const names[] = {"none",
					    "first-usable-node",
					    "group-by-ccx",
					    "group-by-2-ccx",
					    "group-by-3-ccx",
					    "group-by-4-ccx",
					    "group-by-cluster",
					    "group-by-2-clusters",
					    "group-by-3-clusters",
					    "group-by-4-clusters",
					    "performance",
					    "efficiency",
					    "resource"};
	static const char *const last[] = {"threads-per-core"}, *const counts[] = {"1", "auto"};
	static const struct {
		uint8_t policy, units;
	} meanings[] = {{CPU_POLICY_NONE, 1},    {CPU_POLICY_FIRST_NODE, 1},  {CPU_POLICY_CCX, 1},
			{CPU_POLICY_CCX, 2},     {CPU_POLICY_CCX, 3},         {CPU_POLICY_CCX, 4},
			{CPU_POLICY_CLUSTER, 1}, {CPU_POLICY_CLUSTER, 2},     {CPU_POLICY_CLUSTER, 3},
			{CPU_POLICY_CLUSTER, 4}, {CPU_POLICY_PERFORMANCE, 1}, {CPU_POLICY_EFFICIENCY, 1},
			{CPU_POLICY_RESOURCE, 1}};
	int which = choice(use, 0, names, sizeof(names) / sizeof(*names), "policy"), count = 1;

	if (which < 0)
		return false;
	if (use->n > 1 && (choice(use, 1, last, 1, "word here") < 0 ||
			   (count = choice(use, 2, counts, 2, "number of threads")) < 0))
		return false;
	if (!too_many(use, 3))
		return false;
	conf_of(use)->policy = meanings[which].policy;
	conf_of(use)->policy_units = meanings[which].units;
	conf_of(use)->one_per_core = count == 0;
	return true;
}

bool check_cpu_affinity(const struct keyword_use *use)
{
	static const char *const names[] = {"auto", "per-group", "per-core", "per-thread", "per-ccx"};
	static const char *const shares[] = {"auto", "loose"};
	int which = choice(use, 0, names, sizeof(names) / sizeof(*names), "affinity"), share = 0;

	if (which < 0 ||
	    (which == CPU_AFF_GROUP && use->n > 1 && (share = choice(use, 1, shares, 2, "share")) < 0) ||
	    !too_many(use, which == CPU_AFF_GROUP ? 2 : 1))
		return false;
	conf_of(use)->affinity = (uint8_t)which;
	conf_of(use)->loose = share == 1;
	return true;
}
