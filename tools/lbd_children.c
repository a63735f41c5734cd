/* The children of the master: the list, its way through an execution of the program by itself (two environment
 * variables), and `show proc`. Main thread of the master. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "grammar/predicate.h"
#include "runtime/core/process.h"
#include "runtime/net/listener.h"
#include "tools/lbd_master.h"

#define CHILDREN_VARIABLE                                                                                      \
	"LBD_MASTER_WORKERS" /* "kind:pid:channel:reloads:renewed:started:leaving:version:name" by '|' */
#define STATE_VARIABLE "LBD_MASTER_STATE" /* "reloads:failed:started:flags:status:reply:socket:socket:..." */

enum { REMEMBERED_MAX = 120000 };           /* bytes; the kernel takes 128 KiB per string */
enum { STATE_NO_EXIT = 1, STATE_HARD = 2 }; /* flags in STATE_VARIABLE */

long children_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static bool children_grow(struct children *c)
{
	uint32_t cap = c->cap ? c->cap * 2 : 8;
	struct child *v = c->n < c->cap ? c->v : realloc(c->v, cap * sizeof(*v));

	if (!v)
		return false;
	if (c->n == c->cap)
		c->cap = cap;
	c->v = v;
	return true;
}

struct child *children_add(struct children *c, uint32_t at, enum child_kind kind, pid_t pid, int channel,
			   const char *name, const char *version)
{
	struct child child = {.kind = (char)kind, .pid = pid, .channel = channel, .started = children_now()};

	child.name = strdup(name);
	child.version = strdup(version);
	if (!child.name || !child.version || !children_grow(c)) {
		free(child.name);
		free(child.version);
		return NULL;
	}
	if (c->n > at)
		memmove(c->v + at + 1, c->v + at, (c->n - at) * sizeof(*c->v));
	c->v[at] = child;
	c->n++;
	return &c->v[at];
}

void children_remove(struct children *c, uint32_t i)
{
	if (c->v[i].channel >= 0)
		close(c->v[i].channel);
	free(c->v[i].name);
	free(c->v[i].version);
	c->n--;
	memmove(c->v + i, c->v + i + 1, (c->n - i) * sizeof(*c->v));
}

void children_free(struct children *c)
{
	while (c->n)
		children_remove(c, c->n - 1);
	free(c->v);
	*c = (struct children){0};
}

struct child *children_current(struct children *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->v[i].kind == CHILD_WORKER && !c->v[i].leaving)
			return &c->v[i];
	return NULL;
}

/* --- across a reload */

bool master_is_reload(void)
{
	return getenv(STATE_VARIABLE) != NULL;
}

static void fd_survives(int fd, bool survives)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, survives ? 0 : FD_CLOEXEC);
}

static bool remember(const char *variable, struct out *o)
{
	bool ok;

	out_char(o, 0);
	ok = !o->truncated && !setenv(variable, o->buf, 1);
	out_free(o);
	return ok;
}

bool master_remember(struct master *m)
{
	struct out children = out_growing(REMEMBERED_MAX), state = out_growing(REMEMBERED_MAX);
	struct list *listeners = &m->process->listeners;

	for (uint32_t i = m->children.n; i-- > 0;) {
		const struct child *c = &m->children.v[i];

		fd_survives(c->channel, true);
		out_printf(&children, "%s%c:%d:%d:%u:%u:%ld:%d:%s:%s", children.len ? "|" : "", c->kind,
			   (int)c->pid, c->channel, c->reloads, c->renewed, c->started, c->leaving, c->version,
			   c->name);
	}
	fd_survives(m->reply, true);
	out_printf(&state, "%u:%u:%ld:%d:%d:%d", m->reloads, m->failed, m->started,
		   (m->no_exit ? STATE_NO_EXIT : 0) | (m->hard ? STATE_HARD : 0), m->status, m->reply);
	for (struct list *node = listeners->next; node != listeners; node = node->next) {
		const struct listener *l = LIST_OF(node, struct listener, node);

		fd_survives(l->fd, true);
		out_printf(&state, ":%d", l->fd);
	}
	return remember(CHILDREN_VARIABLE, &children) && remember(STATE_VARIABLE, &state);
}

static void child_recall(struct master *m, char *text)
{
	char kind, *version, *name;
	int pid, channel, leaving, at = 0;
	unsigned reloads, renewed;
	long started;
	struct child *c;

	if (sscanf(text, "%c:%d:%d:%u:%u:%ld:%d:%n", &kind, &pid, &channel, &reloads, &renewed, &started,
		   &leaving, &at) != 7 ||
	    !at)
		return;
	version = text + at;
	name = strchr(version, ':');
	if (!name)
		return;
	*name++ = 0;
	c = children_add(&m->children, 0, kind, pid, channel, name, version);
	if (!c)
		return;
	c->reloads = reloads + 1;
	c->renewed = renewed;
	c->started = started;
	c->leaving = leaving;
	fd_survives(channel, false);
}

static void state_recall(struct master *m, char *text)
{
	int flags, at = 0, more;

	if (sscanf(text, "%u:%u:%ld:%d:%d:%d%n", &m->reloads, &m->failed, &m->started, &flags, &m->status,
		   &m->reply, &at) != 6)
		return;
	m->no_exit = flags & STATE_NO_EXIT;
	m->hard = flags & STATE_HARD;
	m->reloads++;
	m->sockets = calloc(strlen(text), sizeof(*m->sockets));
	for (; m->sockets && sscanf(text + at, ":%d%n", &m->sockets[m->nsockets], &more) == 1; at += more)
		fd_survives(m->sockets[m->nsockets++], false);
	fd_survives(m->reply, false);
}

void master_recall(struct master *m)
{
	char *children = getenv(CHILDREN_VARIABLE), *state = getenv(STATE_VARIABLE), *save = NULL;

	m->started = children_now();
	m->reply = -1;
	if (!state)
		return;
	m->is_reload = true;
	state_recall(m, state);
	for (char *one = children ? strtok_r(children, "|", &save) : NULL; one;
	     one = strtok_r(NULL, "|", &save))
		child_recall(m, one);
	unsetenv(CHILDREN_VARIABLE);
	unsetenv(STATE_VARIABLE);
}

void master_forget(struct master *m)
{
	process_free(&m->process);
	loaded_free(&m->own);
	children_free(&m->children);
	if (m->reply >= 0)
		close(m->reply);
	free(m->sockets);
	m->sockets = NULL;
}

/* --- show proc */

static void put_row(struct out *o, int pid, const char *type, const char *reloads, long started,
		    const char *version)
{
	long up = children_now() - started;
	char uptime[64];

	snprintf(uptime, sizeof(uptime), "%ldd%02ldh%02ldm%02lds", up / 86400, up / 3600 % 24, up / 60 % 60,
		 up % 60);
	out_printf(o, "%-15d %-15s %-15s %-15s %-15s\n", pid, type, reloads, uptime, version);
}

static void put_group(struct master *m, struct out *o, char kind, bool leaving, const char *title, bool always)
{
	bool titled = false;

	if (always) {
		out_printf(o, "%s\n", title);
		titled = true;
	}
	for (uint32_t i = 0; i < m->children.n; i++) {
		const struct child *c = &m->children.v[i];
		char reloads[16];

		if (c->kind != kind || c->leaving != leaving)
			continue;
		if (!titled)
			out_printf(o, "%s\n", title);
		titled = true;
		snprintf(reloads, sizeof(reloads), "%u", c->reloads);
		put_row(o, (int)c->pid, kind == CHILD_PROGRAM ? c->name : "worker", reloads, c->started,
			c->version);
	}
}

void master_show_proc(struct master *m, struct out *o)
{
	char reloads[48], version[64];

	snprintf(reloads, sizeof(reloads), "%u [failed: %u]", m->reloads, m->failed);
	snprintf(version, sizeof(version), "%s-lbd%s", predicate_version(m->lbd->options.compat),
		 PACKAGE_VERSION);
	out_printf(o, "%-15s %-15s %-15s %-15s %-15s\n", "#<PID>", "<type>", "<reloads>", "<uptime>",
		   "<version>");
	put_row(o, (int)getpid(), "master", reloads, m->started, version);
	put_group(m, o, CHILD_WORKER, false, "# workers", true);
	put_group(m, o, CHILD_WORKER, true, "# old workers", false);
	put_group(m, o, CHILD_PROGRAM, false, "# programs", true);
	put_group(m, o, CHILD_PROGRAM, true, "# old programs", false);
}
