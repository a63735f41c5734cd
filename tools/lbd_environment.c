/* The variables that HAProxy leaves in its environment for configurations, `show env` and children (manual,
 * section 2.3). They belong to the process, so that a reload by execution keeps them. Main thread, before
 * others run. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "grammar/predicate.h"
#include "tools/lbd.h"

static void set_out(const char *name, struct out *o)
{
	out_char(o, 0);
	if (!o->truncated)
		setenv(name, o->buf, 1);
	out_free(o);
}

void environment_begin(const struct lbd_options *options)
{
	struct out files = out_growing(1 << 20), version = out_growing(256);
	char host[256] = "localhost";

	out_printf(&version, "%s-lbd%s", predicate_version(options->compat), PACKAGE_VERSION);
	if (getenv("HAPROXY_STARTUP_VERSION"))
		out_free(&version);
	else
		set_out("HAPROXY_STARTUP_VERSION", &version);
	gethostname(host, sizeof(host) - 1);
	setenv("HAPROXY_LOCALPEER", options->peer ? options->peer : host, 1);
	for (uint32_t i = 0; i < options->nfiles; i++)
		out_printf(&files, "%s%s", i ? ";" : "", options->files[i]);
	set_out("HAPROXY_CFGFILES", &files);
	if (options->master)
		setenv("HAPROXY_MWORKER", "1", 1);
}

static void put_socket(struct out *o, const struct addr_conf *a)
{
	char ip[INET6_ADDRSTRLEN] = "";

	if (a->kind == ADDR_INET || a->kind == ADDR_INET6)
		inet_ntop(a->kind == ADDR_INET ? AF_INET : AF_INET6, a->ip, ip, sizeof(ip));
	if (a->kind == ADDR_INET)
		out_printf(o, "ipv4@%s:%u", ip, a->port);
	else if (a->kind == ADDR_INET6)
		out_printf(o, "ipv6@[%s]:%u", ip, a->port);
	else if (a->kind == ADDR_UNIX)
		out_printf(o, "unix@%.*s", STR_ARG(a->path));
	else if (a->kind == ADDR_ABSTRACT)
		out_printf(o, "abns@%.*s", STR_ARG(a->path));
	else
		out_printf(o, "%.*s", STR_ARG(a->text));
}

static void set_sockets(const char *variable, const struct model *m)
{
	struct out o = out_growing(1 << 16);

	vec_each (bind, &m->global.stats_sockets) {
		if (o.len)
			out_char(&o, ';');
		put_socket(&o, &(*bind)->addr);
	}
	if (o.len)
		set_out(variable, &o);
	else
		out_free(&o);
}

void environment_loaded(const struct model *m)
{
	struct out peer = out_growing(1 << 10);

	out_str(&peer, m->global.localpeer);
	if (peer.len)
		set_out("HAPROXY_LOCALPEER", &peer);
	else
		out_free(&peer);
	set_sockets("HAPROXY_CLI", m);
}

void environment_master(const struct model *m)
{
	set_sockets("HAPROXY_MASTER_CLI", m);
}
