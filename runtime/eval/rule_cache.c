/* Caches as rules and samples see them (manual, sections 4.2 and 7.3.6): the host of the stream does the work.
 * One thread. */
#include "grammar/model_cache.h"
#include "runtime/eval/fetch.h"
#include "runtime/eval/rules.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum verdict rule_cache_use(struct eval *e, const struct rule *rule)
{
	return e->live && e->live->cache_use && e->live->cache_use(e->live_ctx, rule) ? V_SERVICE : V_CONTINUE;
}

enum verdict rule_cache_store(struct eval *e, const struct rule *rule)
{
	if (e->live && e->live->cache_store)
		e->live->cache_store(e->live_ctx, rule);
	return V_CONTINUE;
}

bool fetch_res_cache_hit(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	return sample_set_bool(out, e->log && e->log->cache);
}

bool fetch_res_cache_name(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	return sample_set_str(out, e->log && e->log->cache ? e->log->cache->name : STR(""));
}
