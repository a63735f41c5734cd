/* The rings of a process and their receivers: making them from the model, starting and stopping. Main thread
 * and worker 0. */
#include "runtime/log/rings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/process.h"
#include "runtime/log/ring_sender.h"

enum { BUILTIN_SIZE = 16384, PATH_MAX_LEN = 4096 };

static bool ring_make(struct ring *r, const struct ring_conf *conf, struct out *errors)
{
	char path[PATH_MAX_LEN];

	if (!conf->file.len)
		return ring_init(r, conf->name, conf->description, conf->size, conf->max_len);
	snprintf(path, sizeof(path), "%.*s", STR_ARG(conf->file));
	if (ring_init_file(r, conf->name, conf->description, conf->size, conf->max_len, path))
		return true;
	out_printf(errors, "ALERT config : cannot open backing-file '%s' for ring '%.*s': %s.\n", path,
		   STR_ARG(conf->name), strerror(errno));
	return false;
}

static uint32_t senders_count(const struct model *m)
{
	uint32_t n = 0;

	vec_each (r, &m->rings)
		n += (*r)->servers.n;
	return n;
}

static bool rings_make(struct rings *all, const struct model *m, struct out *errors)
{
	if (!ring_init(&all->builtin, STR("buf0"), STR("in-memory ring buffer"), BUILTIN_SIZE, BUILTIN_SIZE))
		return false;
	all->v = calloc(m->rings.n + 1, sizeof(*all->v));
	all->senders = calloc(senders_count(m) + 1, sizeof(*all->senders));
	if (!all->v || !all->senders)
		return false;
	for (uint32_t i = 0; i < m->rings.n; i++) {
		const struct ring_conf *conf = m->rings.v[i];

		all->n++;
		if (!ring_make(&all->v[i], conf, errors))
			return false;
		vec_each (server, &conf->servers)
			ring_sender_init(&all->senders[all->nsenders++], &all->v[i], *server,
					 conf->timeout_connect, conf->timeout_server);
	}
	return true;
}

/* Targets that name no ring. The position: file and line of the `log` line. */
static bool targets_have_rings(const struct model *m, const struct proxy_conf *px, struct out *errors)
{
	const struct log_target *v = px ? px->log_targets.v : m->global.log_targets.v;
	uint32_t n = px ? px->log_targets.n : m->global.log_targets.n;
	bool ok = true;

	for (uint32_t i = 0; i < n; i++) {
		struct str file =
			v[i].pos.source - 1 < m->nsources ? m->source_names[v[i].pos.source - 1] : STR_NONE;

		if (v[i].ring_conf || !str_starts(v[i].addr.text, STR("ring@")))
			continue;
		ok = false;
		out_puts(errors, px ? "ALERT config : log server declared in proxy section '"
				    : "ALERT config : global log server declared");
		if (px)
			out_printf(errors, "%.*s'", STR_ARG(px->name));
		out_printf(errors, " in file '%.*s' at line %u uses unknown ring named '%.*s'.\n",
			   STR_ARG(file), v[i].pos.line, STR_ARG(v[i].ring));
	}
	return ok;
}

static bool rings_named(const struct model *m, struct out *errors)
{
	bool ok = targets_have_rings(m, NULL, errors);

	vec_each (px, &m->proxies)
		ok &= targets_have_rings(m, *px, errors);
	vec_each (f, &m->forwards)
		ok &= targets_have_rings(m, (*f)->px, errors);
	return ok;
}

bool rings_init(struct process *p, struct out *errors)
{
	p->rings = calloc(1, sizeof(*p->rings));
	return p->rings && rings_named(p->generation->model, errors) &&
	       rings_make(p->rings, p->generation->model, errors);
}

void rings_free(struct process *p)
{
	struct rings *all = p->rings;

	if (!all)
		return;
	for (uint32_t i = 0; i < all->nsenders; i++)
		ring_sender_free(&all->senders[i]);
	for (uint32_t i = 0; i < all->n; i++)
		ring_free(&all->v[i]);
	ring_free(&all->builtin);
	free(all->senders);
	free(all->v);
	free(all);
	p->rings = NULL;
}

void rings_start(struct worker *w)
{
	struct rings *all = w->process->rings;

	for (uint32_t i = 0; all && i < all->nsenders; i++)
		ring_sender_start(&all->senders[i], w);
}

void rings_stop(struct worker *w)
{
	struct rings *all = w->process->rings;

	for (uint32_t i = 0; all && i < all->nsenders; i++)
		ring_sender_stop(&all->senders[i]);
}

struct ring *rings_find(const struct rings *all, struct str name)
{
	if (str_eq(name, all->builtin.name))
		return (struct ring *)&all->builtin;
	for (uint32_t i = 0; i < all->n; i++)
		if (str_eq(name, all->v[i].name))
			return &all->v[i];
	return NULL;
}
