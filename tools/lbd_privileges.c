/* Giving up privileges for good: chroot, supplementary groups, group, user, in the only order that works.
 * Everything that needs them (ports, pid file, log descriptors) has been opened before. Main thread, before the
 * workers start. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

/* --- capabilities that stay with the new user (manual of 2.9, "setcap") */

static const struct {
	const char *name;
	int number;
} capabilities[] = {{"cap_net_admin", CAP_NET_ADMIN},
		    {"cap_net_bind_service", CAP_NET_BIND_SERVICE},
		    {"cap_net_raw", CAP_NET_RAW},
		    {"cap_sys_admin", CAP_SYS_ADMIN}};

/* False: a name is none of those. */
static bool caps_read(struct lbd *l, struct str names, uint32_t *set)
{
	*set = 0;
	while (names.len) {
		struct str name = str_trim(str_cut(&names, ','));
		size_t i = 0;

		while (i < sizeof(capabilities) / sizeof(*capabilities) && !str_is(name, capabilities[i].name))
			i++;
		if (i == sizeof(capabilities) / sizeof(*capabilities)) {
			report_say(&l->report, REPORT_ALERT,
				   "[haproxy.main()] unsupported capability '%.*s' in 'setcap'.",
				   STR_ARG(name));
			return false;
		}
		*set |= 1u << capabilities[i].number;
	}
	return true;
}

/* setuid() takes none away from the permitted ones. */
static bool caps_keep(struct lbd *l, const struct global_conf *g)
{
	uint32_t set;

	if (!caps_read(l, g->setcap, &set))
		return false;
	if (set && g->uid > 0)
		prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	return true;
}

static bool caps_set(struct lbd *l, const struct global_conf *g)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	if (!caps_read(l, g->setcap, &data[0].permitted) || !data[0].permitted || g->uid <= 0)
		return true;
	data[0].effective = data[0].permitted;
	if (!syscall(SYS_capset, &header, data))
		return true;
	report_say(&l->report, REPORT_ALERT, "[haproxy.main()] Cannot keep the capabilities of 'setcap': %s.",
		   strerror(errno));
	return false;
}

bool privileges_drop(struct lbd *l)
{
	const struct global_conf *g = &l->model->global;

	if (!jail(l, g->chroot) || !group_set(l, g->gid) || !caps_keep(l, g) || !user_set(l, g->uid) ||
	    !caps_set(l, g))
		return false;
	/* Programs that we start (checks) get no more rights than we have. */
	if (!g->insecure_setuid_wanted)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, g->set_dumpable);
	return true;
}
