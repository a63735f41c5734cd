/* Giving up privileges for good: chroot, supplementary groups, group, user, in the only order that works.
 * Everything that needs them (ports, pid file, log descriptors) has been opened before. Main thread, before the
 * workers start. */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tools/lbd.h"

static bool jail(struct lbd *l, struct str dir)
{
	char path[4096];

	if (!dir.len)
		return true;
	if (dir.len >= sizeof(path))
		return false;
	memcpy(path, dir.ptr, dir.len);
	path[dir.len] = 0;
	if (!chroot(path) && !chdir("/"))
		return true;
	report_say(&l->report, REPORT_ALERT, "[haproxy.main()] Cannot chroot(%s).", path);
	return false;
}

static bool group_set(struct lbd *l, int gid)
{
	if (gid < 0)
		return true;
	if (geteuid() == 0 && setgroups(0, NULL))
		report_say(&l->report, REPORT_WARNING,
			   "[haproxy.main()] Failed to drop supplementary groups. Using 'gid'/'group' "
			   "without 'uid'/'user' is generally useless.");
	if (!setgid((gid_t)gid))
		return true;
	report_say(&l->report, REPORT_ALERT, "[haproxy.main()] Cannot set gid %d.", gid);
	return false;
}

static bool user_set(struct lbd *l, int uid)
{
	if (uid < 0 || !setuid((uid_t)uid))
		return true;
	report_say(&l->report, REPORT_ALERT, "[haproxy.main()] Cannot set uid %d.", uid);
	return false;
}

bool privileges_drop(struct lbd *l)
{
	const struct global_conf *g = &l->model->global;

	if (!jail(l, g->chroot) || !group_set(l, g->gid) || !user_set(l, g->uid))
		return false;
	prctl(PR_SET_DUMPABLE, 0);
	return true;
}
