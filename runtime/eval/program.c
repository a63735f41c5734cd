/* The text of `lbcheck dump --program`. See program.h. */
#include "runtime/eval/program.h"

#include "runtime/eval/cond_index.h"
#include "runtime/eval/engine.h"

enum { SHOWN_RULES = 20 }; /* of a list that is walked */

static void describe_rule(struct out *o, const struct model *m, struct conf_pos pos, struct str text)
{
	struct str file = pos.source ? m->source_names[pos.source - 1] : STR("built in");

	out_printf(o, "    %.*s:%u  %.*s\n", STR_ARG(file), pos.line, STR_ARG(text));
}

/* True: it is looked up, and that has been said; else its rules are to follow. */
static bool describe_list(struct out *o, const struct eval_engine *en, const char *title, uint32_t n,
			  uint32_t list)
{
	const struct cond_index *index = en->lists[list];

	out_printf(o, "  %s: %u rule%s, %s\n", title, n, n == 1 ? "" : "s",
		   index ? "looked up" : "walked one after the other");
	if (index)
		cond_index_describe(index, o);
	return index != NULL;
}

static void describe_more(struct out *o, uint32_t n)
{
	if (n > SHOWN_RULES)
		out_printf(o, "    and %u more\n", n - SHOWN_RULES);
}

static void describe_rules(struct out *o, const struct eval_engine *en, const char *title,
			   const struct rules *rules)
{
	if (!rules->n || describe_list(o, en, title, rules->n, rules->list))
		return;
	for (uint32_t i = 0; i < rules->n && i < SHOWN_RULES; i++)
		describe_rule(o, en->model, rules->v[i].pos, rules->v[i].text);
	describe_more(o, rules->n);
}

static void describe_switches(struct out *o, const struct eval_engine *en, const char *title,
			      const struct switch_rule *v, uint32_t n, uint32_t list)
{
	if (!n || describe_list(o, en, title, n, list))
		return;
	for (uint32_t i = 0; i < n && i < SHOWN_RULES; i++)
		describe_rule(o, en->model, v[i].pos, v[i].text);
	describe_more(o, n);
}

static void describe_proxy(struct out *o, const struct eval_engine *en, const struct proxy_conf *px)
{
	out_printf(o, "proxy %.*s\n", STR_ARG(px->name));
	describe_rules(o, en, "tcp-request connection", &px->rules[RS_TCP_REQ_CONN]);
	describe_rules(o, en, "tcp-request session", &px->rules[RS_TCP_REQ_SESS]);
	describe_rules(o, en, "tcp-request content", &px->rules[RS_TCP_REQ_CONT]);
	describe_rules(o, en, "http-request", &px->rules[RS_HTTP_REQ]);
	describe_rules(o, en, "redirect", &px->redirects);
	describe_switches(o, en, "use_backend", px->use_backend.v, px->use_backend.n, px->use_backend_list);
	if (px->default_backend)
		out_printf(o, "  default_backend: %.*s\n", STR_ARG(px->default_backend->name));
	describe_switches(o, en, "use-server", px->use_server.v, px->use_server.n, 0);
	describe_rules(o, en, "tcp-response content", &px->rules[RS_TCP_RES_CONT]);
	describe_rules(o, en, "http-response", &px->rules[RS_HTTP_RES]);
	describe_rules(o, en, "http-after-response", &px->rules[RS_HTTP_AFTER_RES]);
}

void program_describe(struct out *o, const struct eval_engine *en)
{
	vec_each (px, &en->model->proxies)
		describe_proxy(o, en, *px);
}
