/* The built-in values, in one place for the checker that starts from them and the dump that leaves them out. */
#include "grammar/model_preset.h"

void model_preset_global(struct global_conf *g)
{
	memset(g, 0, sizeof(*g));
	g->httpclient.retries = 3;
	g->httpclient.connect = 5000;
	g->uid = g->gid = -1;
	g->strict_limits = true;
	g->unix_bind.mode = g->unix_bind.uid = g->unix_bind.gid = -1;
	g->cli_max_payload = 128 << 10;
	g->cookie_capture_len = 63;
	g->comp_level = 1;
	g->mworker_max_reloads = UINT32_MAX;
	g->tune_bufsize = 16384;
	g->tune_idletimer = 1000;
	g->tune_maxrewrite = 1024;
	g->tune_http_maxhdr = 101;
	g->tune_http_logurilen = 1023;
	g->tune_maxaccept = 4;
	g->tune_pool_low = 20;
	g->tune_pool_high = 25;
	g->idle_shared = true;
	g->limits.comp_cpu = 100;
	status_set_put(&g->limits.errors, 400, 499, true);
	status_set_put(&g->limits.failures, 500, 599, true);
	status_set_put(&g->limits.failures, 501, 501, false);
	status_set_put(&g->limits.failures, 505, 505, false);
	g->h2.header_table_size = 4096;
	g->h2.initial_window = 65535;
	g->h2.max_streams = 100;
	g->h2.max_frame = 16384;
	g->stats_timeout = 10000;
	g->stats_maxconn = 10;
	g->shm_stats_objects = 2000;
	g->cpus.numa = true;
	g->tls.cache_size = 20000;
	g->tls.lifetime = 300;
	g->tls.extra_files = TLS_EXTRA_ALL;
	g->tls.security_level = -1;
}

void model_preset_proxy(struct proxy_conf *px)
{
	px->mode = MODE_TCP;
	px->retries = 3;
	px->retry_on = RETRY_ON_CONN_FAILURE;
	px->reuse = REUSE_SAFE;
	px->max_keep_alive_queue = -1;
	px->max_session_conns = 5;
}

void model_preset_server(struct server_conf *s)
{
	memset(s, 0, sizeof(*s));
	s->weight = 1;
	s->inter = 2000;
	s->rise = 2;
	s->fall = 3;
	s->error_limit = 10;
	s->pool_max_conn = -1;
	s->pool_purge_delay = 5000;
	s->max_reuse = UINT32_MAX;
}

void model_preset_bind(struct bind_conf *b)
{
	memset(b, 0, sizeof(*b));
	b->mode = b->uid = b->gid = -1;
}
