/* Actions on tracked counters: sc-inc-gpc, sc-add-gpc, sc-set-gpt and their short forms (manual, section 4.2,
 * "http-request sc-inc-gpc" and its like). Where nothing is tracked, or the table does not store it, nothing
 * happens. Worker thread. */
#include "runtime/eval/rules.h"
#include "runtime/eval/sample.h"
#include "runtime/stick/track.h"
#include "runtime/stick/value.h"

static bool hold_tracked(struct eval *e, const struct rule *rule, struct stick_hold *h)
{
	const struct stick_counter *c = stick_tracked(e, rule->num2);

	if (!c)
		return false;
	stick_enter(h, c->table, c->entry);
	return true;
}

static enum verdict add(struct eval *e, const struct rule *rule, enum stick_data data, enum stick_data rate,
			uint64_t n)
{
	struct stick_hold h;

	if (hold_tracked(e, rule, &h)) {
		stick_increment(&h, data, rate, rule->flags, e->now_ms, n);
		stick_leave(&h);
	}
	return V_CONTINUE;
}

enum verdict rule_sc_inc_gpc(struct eval *e, const struct rule *rule)
{
	return add(e, rule, STICK_GPC, STICK_GPC_RATE, 1);
}

enum verdict rule_sc_inc_gpc0(struct eval *e, const struct rule *rule)
{
	return add(e, rule, STICK_GPC0, STICK_GPC0_RATE, 1);
}

enum verdict rule_sc_inc_gpc1(struct eval *e, const struct rule *rule)
{
	return add(e, rule, STICK_GPC1, STICK_GPC1_RATE, 1);
}

enum verdict rule_sc_add_gpc(struct eval *e, const struct rule *rule)
{
	int64_t value;

	return rule_number(e, rule, &value) ? add(e, rule, STICK_GPC, STICK_GPC_RATE, (uint64_t)value)
					    : V_CONTINUE;
}

static enum verdict set(struct eval *e, const struct rule *rule, enum stick_data data)
{
	struct stick_hold h;
	int64_t value;

	if (rule_number(e, rule, &value) && hold_tracked(e, rule, &h)) {
		stick_set(&h, data, rule->flags, e->now_ms, value);
		stick_leave(&h);
	}
	return V_CONTINUE;
}

enum verdict rule_sc_set_gpt(struct eval *e, const struct rule *rule)
{
	return set(e, rule, STICK_GPT);
}

enum verdict rule_sc_set_gpt0(struct eval *e, const struct rule *rule)
{
	return set(e, rule, STICK_GPT0);
}
