/* The master's control socket (option -S; management guide, sections 3 and 9.4): the master is a process of one
 * worker whose configuration consists of that socket. It listens across reloads: connections that wait in it
 * are served by the next execution. Main thread of the master. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grammar/load.h"
#include "runtime/backend/server.h"
#include "runtime/core/process.h"
#include "runtime/net/listener.h"
#include "runtime/net/sockpair.h"
#include "runtime/reload/kept.h"
#include "tools/lbd_master.h"

enum { TEXT_MAX = 8192, LEVEL_ADMIN = 2 };

/* "ADDRESS,option,value" as the line of a configuration. */
static bool socket_text(struct out *o, const char *given)
{
	out_puts(o, "global\n");
	if (!given || !*given)
		return true;
	out_printf(o, "    stats socket %s\n", given);
	for (size_t i = 0; i < o->len; i++)
		if (o->buf[i] == ',')
			o->buf[i] = ' ';
	return !o->truncated && !memchr(given, '\n', strlen(given));
}

/* What is wrong with the option, in HAProxy's form as far as it can be told. */
static bool socket_refused(struct master *m, const char *given)
{
	static const struct str keyword = STR("'stats socket' : ");
	struct report *r = &m->lbd->report;

	vec_each (d, &m->own->diags.list) {
		struct str what = (*d)->haproxy.len ? (*d)->haproxy : (*d)->message;

		if (str_starts(what, keyword))
			what = str_tail(what, keyword.len);
		if ((*d)->severity == SEV_ERROR)
			report_say(r, REPORT_ALERT, "config : '%s' : %.*s", given, STR_ARG(what));
	}
	report_say(r, REPORT_ALERT, "config : Can't create the master's CLI.");
	return false;
}

static bool socket_parse(struct master *m)
{
	const char *given = m->lbd->options.master_socket;
	struct load_options options = {.compat = m->lbd->options.compat, .strict_env = true};
	struct out text = out_growing(TEXT_MAX);
	bool ok = socket_text(&text, given);

	m->own = ok ? load_text(STR("master-socket"), out_get(&text), &options) : NULL;
	out_free(&text);
	if (!m->own)
		return false;
	if (m->own->diags.errors || !m->own->model)
		return socket_refused(m, given);
	vec_each (bind, &m->own->model->global.stats_sockets) {
		struct bind_conf *b = (struct bind_conf *)(uintptr_t)*bind;

		b->pos.line = 0;
		if (!strstr(given, ",level,"))
			b->level = LEVEL_ADMIN;
	}
	environment_master(m->own->model);
	return true;
}

/* --- the process */

static struct fd_set_kept *sockets_kept(struct master *m)
{
	struct fd_set_kept *k = kept_new();

	for (uint32_t i = 0; i < m->nsockets; i++)
		if (!k || !kept_add(k, m->sockets[i], STR_NONE))
			close(m->sockets[i]);
	m->nsockets = 0;
	return k;
}

/* A socket that was inherited (fd@) is found by its number again. */
static bool is_inherited(const struct master *m)
{
	vec_each (b, &m->own->model->global.stats_sockets)
		if ((*b)->addr.kind == ADDR_FD)
			return true;
	return false;
}

static bool socket_listen(struct master *m)
{
	struct out errors = out_growing(1 << 16);
	struct fd_set_kept *k;
	bool ok;

	if (is_inherited(m))
		m->nsockets = 0;
	k = sockets_kept(m);
	ok = k && listeners_open(m->process, m->process->generation, k, &errors);
	kept_free(&k);
	report_lines(&m->lbd->report, out_get(&errors));
	out_free(&errors);
	if (!ok)
		report_say(&m->lbd->report, REPORT_ALERT,
			   "[haproxy.main()] Some protocols failed to start their listeners! Exiting.");
	return ok;
}

static bool process_make(struct master *m)
{
	struct process *p = m->process = process_new(1);
	struct generation *g;

	if (!p)
		return false;
	p->compat = m->lbd->options.compat;
	p->cli_master = &m->cli;
	g = generation_new(p, m->own->model);
	if (!g)
		return false;
	if (process_use(p, g))
		return true;
	generation_free(&g);
	return false;
}

/* --- what its sessions ask for */

static pid_t find(void *owner, struct str prefix)
{
	struct master *m = owner;
	struct child *current = children_current(&m->children);
	int64_t number;

	if (str_starts(prefix, STR("!")) && str_to_i64(str_tail(prefix, 1), &number)) {
		for (uint32_t i = 0; i < m->children.n; i++)
			if (m->children.v[i].kind == CHILD_WORKER && m->children.v[i].pid == number)
				return m->children.v[i].pid;
		return 0;
	}
	return str_is(prefix, "1") && current ? current->pid : 0;
}

static int channel_connect(void *owner, pid_t worker)
{
	struct master *m = owner;

	for (uint32_t i = 0; i < m->children.n; i++)
		if (m->children.v[i].pid == worker && m->children.v[i].channel >= 0)
			return sockpair_connect(m->children.v[i].channel);
	return -1;
}

static void show_proc(void *owner, struct out *o)
{
	master_show_proc(owner, o);
}

static void reload_soon(void *owner, int reply, bool hard)
{
	struct master *m = owner;

	if (m->reply >= 0)
		close(m->reply);
	m->reply = reply;
	m->hard = hard;
	ev_timer_start(m->process->workers[0]->loop, &m->reload_timer);
}

bool master_socket_open(struct master *m)
{
	m->cli = (struct cli_master){m, false, find, channel_connect, show_proc, reload_soon};
	if (socket_parse(m) && process_make(m) && socket_listen(m))
		return true;
	return false;
}
