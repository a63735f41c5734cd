/* Lints: rules that no request reaches because earlier ones took all that they could meet. What ends a request
 * in `http-request` rules does not come to `redirect` and `use_backend` either. Linear in the length of the
 * rules; one thread. */
#include "grammar/lint.h"
#include "grammar/lint_cover.h"
#include "grammar/rows.h"

/* Rules behind which this message is not looked at any further in its set; those that also answer it. */
static bool rule_ends(const struct rule *r)
{
	return r->action != ACTION_AUTH && action_row((enum action_id)r->action)->flags & ACTION_FINAL;
}

static bool rule_answers(const struct rule *r)
{
	switch (r->action) {
	case ACTION_DENY:
	case ACTION_REJECT:
	case ACTION_RETURN:
	case ACTION_REDIRECT:
	case ACTION_TARPIT:
	case ACTION_SILENT_DROP:
		return true;
	default:
		return false;
	}
}

/* Rules that leave alone what conditions look at. */
static bool rule_is_quiet(const struct rule *r)
{
	switch (r->action) {
	case ACTION_CAPTURE:
	case ACTION_SET_LOG_LEVEL:
	case ACTION_SET_NICE:
	case ACTION_SET_TOS:
	case ACTION_SET_MARK:
	case ACTION_TRACK_SC0:
	case ACTION_SET_VAR:
	case ACTION_SET_VAR_FMT:
	case ACTION_STRICT_MODE:
	case ACTION_WAIT_FOR_BODY:
		return true;
	default:
		return false;
	}
}

static void report(struct checker *k, struct conf_pos pos, struct conf_pos by, bool answered)
{
	struct diag *g =
		diag_add(k->d, D_SHADOWED_RULE, lint_span(k, pos), "no request gets as far as this line");

	diag_also(k->d, g, lint_span(k, by),
		  answered ? "this one has answered it" : "this one takes whatever could meet it");
	diag_help(k->d, g, "the more special condition stands first");
}

/* One condition against what is taken; it takes its own share when it ends. */
static void pass(struct checker *k, struct cover *cover, const struct cond *cond, struct conf_pos pos,
		 bool ends, const struct cover *answered)
{
	const struct cover_by *by;

	if (!cond)
		return;
	by = cover_find(cover, cond);
	if (by)
		report(k, pos, by->pos, false);
	by = by || !answered ? NULL : cover_find(answered, cond);
	if (by)
		report(k, pos, by->pos, true);
	if (ends)
		cover_add(cover, cond, pos);
}

/* A rule that ends the set for every message, and one behind it. Without any condition HAProxy says it itself.
 */
static bool dead_end(struct checker *k, const struct rule *r, const struct rule *next)
{
	struct diag *g;

	if (!r->cond || !rule_ends(r) || !cond_is_always(r->cond))
		return false;
	if (next) {
		g = diag_add(k->d, D_DEAD_RULE, lint_span(k, next->pos), "no request gets as far as this line");
		diag_also(k->d, g, lint_span(k, r->pos), "this one takes every request");
	}
	return true;
}

/* One set; answered gets what its rules answered and nothing after them changed. */
static void flow_set(struct checker *k, const struct rule *v, uint32_t n, struct cover *answered)
{
	struct cover cover = {.arena = k->scratch};

	for (uint32_t i = 0; i < n; i++) {
		bool ends = rule_ends(&v[i]);

		if (dead_end(k, &v[i], i + 1 < n ? &v[i + 1] : NULL))
			return;
		pass(k, &cover, v[i].cond, v[i].pos, ends, NULL);
		if (ends && rule_answers(&v[i]) && v[i].cond)
			cover_add(answered, v[i].cond, v[i].pos);
		if (ends || rule_is_quiet(&v[i]))
			continue;
		cover_clear(&cover);
		cover_clear(answered);
	}
}

void lint_flow(struct checker *k, const struct draft *d)
{
	static const uint8_t sets[] = {RS_TCP_REQ_CONN, RS_TCP_REQ_SESS, RS_HTTP_RES, RS_HTTP_AFTER_RES,
				       RS_HTTP_REQ};
	struct cover answered = {.arena = k->scratch}, redirects = {.arena = k->scratch},
		     switches = {.arena = k->scratch};

	for (size_t i = 0; i < sizeof(sets); i++) {
		cover_clear(&answered);
		flow_set(k, d->rules[sets[i]].v, d->rules[sets[i]].n, &answered);
	}
	vec_each (r, &d->redirects) {
		pass(k, &redirects, r->cond, r->pos, true, &answered);
		if (r->cond)
			cover_add(&answered, r->cond, r->pos);
	}
	vec_each (s, &d->px->use_backend)
		pass(k, &switches, s->cond, s->pos, !s->dynamic, &answered);
}
