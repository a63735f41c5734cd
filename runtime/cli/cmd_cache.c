/* `show cache` (management manual, section 9.3). Caches are shared by all workers and locked by themselves;
 * runs on the session's worker. */
#include "runtime/cache/cache.h"
#include "runtime/cli/cli_call.h"

void cmd_show_cache(struct cli_call *c)
{
	caches_show(c->generation->caches, (int64_t)c->worker->wall.tv_sec, c->out);
}
