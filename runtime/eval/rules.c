/* Rule lists: condition by condition, action by action, until one decides (manual, section 4.2, "http-request"
 * and its like). The verdicts go to the caller, who knows the connection. One thread. */
#include "runtime/eval/rules.h"

#include "runtime/eval/cond_eval.h"
#include "runtime/eval/cond_index.h"

static rule_fn *const rule_functions[ACTION_COUNT] = {
#define ACTION(id, name, form, sets, flags, since, args, fn, summary) rule_##fn,
#include "grammar/keywords/actions.def"
#undef ACTION
};

/* What is not effective yet does nothing. */
enum verdict rule_none(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_CONTINUE;
}

/* Who observes wants to see every condition. */
static const struct cond_index *index_of(const struct eval *e, uint32_t list)
{
	return list && (!e->observer || !e->observer->walks) ? e->engine->lists[list] : NULL;
}

enum verdict rules_run(struct eval *e, const struct rules *rules, uint32_t *index, const struct rule **decider)
{
	struct cond_walk walk;

	cond_walk_begin(&walk, index_of(e, rules->list));
	e->engine->generation++;
	if (e->resumed)
		++*index;
	e->resumed = false;
	for (; *index < rules->n; ++*index) {
		const struct rule *rule;
		enum tri matched;
		enum verdict verdict;

		if (walk.index && (*index = cond_walk_next(&walk, e, *index)) == rules->n)
			break;
		rule = &rules->v[*index];
		matched = cond_tri(e, rule->cond);
		*decider = rule;
		if (matched == TRI_UNKNOWN) { /* as in HAProxy all of them are asked again when there is more */
			e->wait.kind = EW_DATA;
			*index = 0;
			return V_WAIT;
		}
		if (e->observer && e->observer->rule)
			e->observer->rule(e->observer->ctx, e, rule, matched == TRI_TRUE);
		if (matched == TRI_FALSE)
			continue;
		e->next_rule = *index + 1 < rules->n ? rule + 1 : NULL;
		verdict = rule_functions[rule->action](e, rule);
		e->engine->generation++;
		if (e->observer && e->observer->acted)
			e->observer->acted(e->observer->ctx, e, rule, verdict);
		if (verdict == V_CONTINUE)
			continue;
		if (e->last_rule)
			*e->last_rule = rule;
		return verdict;
	}
	*decider = NULL;
	return V_CONTINUE;
}

enum verdict rule_allow(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_ALLOW;
}

enum verdict rule_deny(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_DENY;
}

enum verdict rule_tarpit(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_TARPIT;
}

enum verdict rule_return(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_RETURN;
}

enum verdict rule_reject(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_REJECT;
}

/* "close" of tcp-response: the connection ends as with reject. */
enum verdict rule_close(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_REJECT;
}

enum verdict rule_silent_drop(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_SILENT_DROP;
}

enum verdict rule_auth(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_AUTH;
}

/* What is HTTP already stays so. */
enum verdict rule_switch_mode(struct eval *e, const struct rule *rule)
{
	(void)rule;
	return e->req && !e->sniffed ? V_CONTINUE : V_SWITCH;
}

enum verdict rule_use_service(struct eval *e, const struct rule *rule)
{
	(void)e;
	(void)rule;
	return V_SERVICE;
}

enum verdict rule_strict_mode(struct eval *e, const struct rule *rule)
{
	e->relaxed = !rule->num;
	return V_CONTINUE;
}

enum verdict rule_set_log_level(struct eval *e, const struct rule *rule)
{
	if (e->log)
		e->log->log_level = (int)rule->num;
	return V_CONTINUE;
}

static void capture_store(struct eval *e, struct str *slots, uint32_t max, struct str text)
{
	struct str copy = scratch_dup(e->scratch, str_sub(text, 0, max));

	if (!copy.ptr)
		return;
	e->engine->kept++;
	e->engine->generation++;
	*slots = copy;
}

bool capture_set(struct eval *e, bool response, int64_t slot, struct str text)
{
	const struct proxy_conf *fe = e->frontend;
	struct str *slots = response ? e->cap_res : e->cap_req;
	int64_t n = !fe ? 0 : response ? fe->capture_response_n : fe->capture_request_n;

	if (!slots || slot < 0 || slot >= n)
		return false;
	capture_store(e, &slots[slot], (response ? fe->capture_response_len : fe->capture_request_len)[slot],
		      text);
	return true;
}

enum verdict rule_capture(struct eval *e, const struct rule *rule)
{
	struct str text;

	if (sample_text(e, rule->sample, &text))
		capture_set(e, (e->place & PLACES_RESPONSE) != 0, rule->num, text);
	return V_CONTINUE;
}

enum verdict rule_set_var(struct eval *e, const struct rule *rule)
{
	struct sample s;

	if (sample_eval(e, rule->sample, &s) && var_condition(e, rule->var, &s, rule->flags))
		var_set(e, rule->var, &s);
	return V_CONTINUE;
}

enum verdict rule_set_var_fmt(struct eval *e, const struct rule *rule)
{
	struct sample s;

	if (sample_set_str(&s, logfmt_text(e, rule->fmt)) && var_condition(e, rule->var, &s, rule->flags))
		var_set(e, rule->var, &s);
	return V_CONTINUE;
}

enum verdict rule_unset_var(struct eval *e, const struct rule *rule)
{
	var_unset(e, rule->var);
	return V_CONTINUE;
}

/* An empty location with `ignore-empty` is no redirection. */
enum verdict rule_redirect(struct eval *e, const struct rule *rule)
{
	struct scratch_mark mark = scratch_mark(e->scratch);
	bool empty = false;

	if (rule->flags & REDIR_IGNORE_EMPTY)
		empty = logfmt_text(e, rule->fmt).len == 0;
	scratch_release(e->scratch, mark);
	return empty ? V_CONTINUE : V_REDIRECT;
}

/* The first rule from there on whose condition holds. Nothing changes meanwhile, so that what conditions look
 * up can stay in scratch memory until the end. */
static const struct switch_rule *switch_rule_find(struct eval *e, const struct proxy_conf *frontend,
						  uint32_t from)
{
	struct scratch_mark mark = scratch_mark(e->scratch);
	const struct switch_rule *found = NULL;
	uint64_t kept = e->engine->kept;
	struct cond_walk walk;

	cond_walk_begin(&walk, index_of(e, frontend->use_backend_list));
	e->engine->generation++;
	e->engine->memo_scratch = true;
	for (uint32_t i = from; i < frontend->use_backend.n && !found; i++) {
		if (walk.index && (i = cond_walk_next(&walk, e, i)) == frontend->use_backend.n)
			break;
		if (cond_tri(e, frontend->use_backend.v[i].cond) == TRI_TRUE)
			found = &frontend->use_backend.v[i];
		eval_switched(e, &frontend->use_backend.v[i], found != NULL);
	}
	e->engine->memo_scratch = false;
	if (kept == e->engine->kept)
		scratch_release(e->scratch, mark);
	e->engine->generation++;
	return found;
}

/* NULL: its name is no backend's. */
static const struct proxy_conf *backend_of(struct eval *e, const struct switch_rule *rule)
{
	struct str name;

	if (!rule->dynamic)
		return rule->backend;
	name = logfmt_text(e, rule->dynamic);
	return name.ptr ? map_get(&e->model->backends, name) : NULL;
}

/* Out of content switching, and no force-be-switch rule (manual of 3.3) says that this request may go there. */
static bool is_hidden(struct eval *e, const struct proxy_conf *frontend, const struct proxy_conf *be)
{
	if (!e->host || !e->host->hidden || !e->host->hidden(e->host->ctx, be))
		return false;
	for (uint32_t i = 0; i < frontend->force_switch.n; i++)
		if (cond_tri(e, frontend->force_switch.v[i]) == TRI_TRUE)
			return false;
	return true;
}

const struct proxy_conf *eval_backend(struct eval *e, const struct proxy_conf *frontend,
				      const struct switch_rule **decider)
{
	const struct proxy_conf *be;
	uint32_t from = 0;

	if (e->observer && e->observer->choosing)
		e->observer->choosing(e->observer->ctx, e, frontend);
	do {
		*decider = switch_rule_find(e, frontend, from);
		be = *decider ? backend_of(e, *decider) : NULL;
		from = *decider ? (uint32_t)(*decider - frontend->use_backend.v) + 1 : 0;
	} while (be && is_hidden(e, frontend, be));
	if (be)
		return be;
	be = frontend->default_backend;
	return be && be != frontend && is_hidden(e, frontend, be) ? NULL : be;
}

bool rule_number(struct eval *e, const struct rule *rule, int64_t *value)
{
	struct sample s;

	*value = rule->num;
	if (!rule->sample)
		return true;
	if (!sample_eval(e, rule->sample, &s) || !sample_cast(e, &s, SMP_SINT))
		return false;
	*value = s.sint;
	return true;
}
