/* Which differences a running process cannot follow: what it has done once and for all (threads, rights,
 * limits, the loop's kind), and what belongs to the process and not to its generations (peers, rings, mails,
 * log servers, programs). See renew.h. Pure. */
#include "runtime/reload/renew.h"

#include <string.h>

struct field {
	const char *name;
	size_t offset, size; /* size 0: a struct str */
};

#define PLAIN(field, name)                                                                                     \
	{                                                                                                      \
		name, offsetof(struct global_conf, field), sizeof(((struct global_conf *)0)->field)            \
	}
#define TEXT(field, name)                                                                                      \
	{                                                                                                      \
		name, offsetof(struct global_conf, field), 0                                                   \
	}

static const struct field fields[] = {
	PLAIN(nbthread, "nbthread"),
	PLAIN(thread_hard_limit, "thread-hard-limit"),
	PLAIN(fd_hard_limit, "fd-hard-limit"),
	PLAIN(strict_limits, "strict-limits"),
	PLAIN(insecure_setuid_wanted, "insecure-setuid-wanted"),
	PLAIN(set_dumpable, "set-dumpable"),
	TEXT(setcap, "setcap"),
	PLAIN(fail_alloc, "tune.fail-alloc"),
	PLAIN(renice_startup, "tune.renice.startup"),
	PLAIN(renice_runtime, "tune.renice.runtime"),
	PLAIN(low_latency, "tune.sched.low-latency"),
	PLAIN(maxconn, "maxconn"),
	PLAIN(ulimit_n, "ulimit-n"),
	PLAIN(uid, "user"),
	PLAIN(gid, "group"),
	TEXT(chroot, "chroot"),
	TEXT(pidfile, "pidfile"),
	PLAIN(daemon, "daemon"),
	PLAIN(master_worker, "master-worker"),
	PLAIN(no_exit_on_failure, "master-worker no-exit-on-failure"),
	PLAIN(mworker_max_reloads, "mworker-max-reloads"),
	PLAIN(noepoll, "noepoll"),
	PLAIN(nopoll, "nopoll"),
	PLAIN(noreuseport, "noreuseport"),
	PLAIN(busy_polling, "busy-polling"),
	PLAIN(prealloc_fd, "prealloc-fd"),
	PLAIN(tune_bufsize, "tune.bufsize"),
	TEXT(localpeer, "localpeer"),
};

static bool field_eq(const struct field *f, const struct global_conf *a, const struct global_conf *b)
{
	const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;

	return f->size ? !memcmp(x, y, f->size) : str_eq(*(const struct str *)x, *(const struct str *)y);
}

static bool cpu_map_eq(const struct global_conf *a, const struct global_conf *b)
{
	if (!a->cpu_map || !b->cpu_map)
		return a->cpu_map == b->cpu_map;
	return !memcmp(a->cpu_map, b->cpu_map, 64 * sizeof(*a->cpu_map));
}

static bool is_elsewhere(const struct bind_conf *b)
{
	return b->addr.kind == ADDR_FD || b->addr.kind == ADDR_SOCKPAIR;
}

/* Descriptors that the program was started with are named by numbers; a master's channel is known. */
static bool has_inherited(const struct model *m)
{
	vec_each (px, &m->proxies)
		vec_each (b, &(*px)->binds)
			if (is_elsewhere(*b))
				return true;
	vec_each (b, &m->global.stats_sockets)
		if ((*b)->addr.kind == ADDR_FD)
			return true;
	return false;
}

static bool has_log_backends(const struct model *m)
{
	vec_each (px, &m->proxies)
		if ((*px)->mode == MODE_SYSLOG)
			return true;
	return false;
}

static bool has_resolvers(const struct model *m)
{
	vec_each (px, &m->proxies)
		vec_each (s, &(*px)->servers)
			if ((*s)->resolvers.len)
				return true;
	return m->resolvers.n;
}

static bool has_state_files(const struct model *m)
{
	vec_each (px, &m->proxies)
		if ((*px)->role & ROLE_BACKEND &&
		    ((*px)->state_from == STATE_GLOBAL || (*px)->state_from == STATE_LOCAL))
			return true;
	return false;
}

/* Sections whose objects belong to the process. */
static void put_sections(const struct model *m, struct out *o)
{
	const struct {
		const char *name;
		bool is_there;
	} sections[] = {
		{"peers", m->peers.n},
		{"rings", m->rings.n},
		{"mailers", m->mailers.n},
		{"resolvers", has_resolvers(m)},
		{"log-forward sections", m->forwards.n},
		{"programs", m->programs.n},
		{"backends of mode log", has_log_backends(m)},
		{"states of servers in files", has_state_files(m)},
		{"sockets that were inherited (fd@)", has_inherited(m)},
		{"another root folder, user or group",
		 m->global.chroot.len || m->global.uid > 0 || m->global.gid > 0},
	};

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		if (sections[i].is_there)
			out_printf(o, "there are %s\n", sections[i].name);
}

bool renew_possible(const struct model *old, const struct model *new_, struct out *reasons)
{
	const struct global_conf *a = &old->global, *b = &new_->global;
	size_t before = reasons->len;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!field_eq(&fields[i], a, b))
			out_printf(reasons, "`%s` differs\n", fields[i].name);
	if (!cpu_map_eq(a, b))
		out_puts(reasons, "`cpu-map` differs\n");
	put_sections(old, reasons);
	if (reasons->len == before)
		put_sections(new_, reasons);
	return reasons->len == before;
}
