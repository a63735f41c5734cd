/* Whether a reload would execute the program that is running: packages replace it, or a library of it, while it
 * runs, and then a reload is to bring the new one. Main thread of the master. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/lbd_master.h"

static bool is_ours(const struct stat *ours, const char *folder, int len, const char *name, bool *found)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%.*s%s%s", len, folder, len ? "/" : "", name);

	*found = n > 0 && n < (int)sizeof(path) && !access(path, X_OK) && !stat(path, &st);
	return !*found || (st.st_dev == ours->st_dev && st.st_ino == ours->st_ino);
}

/* As execvp() looks for it. What cannot be found will not be executed either. */
static bool program_is_ours(const struct lbd *l, const struct stat *ours)
{
	const char *name = l->argv[0], *path = getenv("PATH");
	bool found = false, same = true;

	if (strchr(name, '/')) {
		bool relative = name[0] != '/' && l->start_dir;

		return is_ours(ours, relative ? l->start_dir : "", relative ? (int)strlen(l->start_dir) : 0,
			       name, &found);
	}
	while (path && *path && !found) {
		int n = (int)strcspn(path, ":");

		same = is_ours(ours, path, n, name, &found);
		path += n + (path[n] == ':');
	}
	return same;
}

/* The files of libraries that were replaced have no name any more. */
static bool libraries_are_ours(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128];
	bool ours = true;

	while (f && ours && fgets(line, sizeof(line), f))
		ours = !strstr(line, ".so") || !strstr(line, " (deleted)");
	if (f)
		fclose(f);
	return ours;
}

bool master_program_is_current(const struct lbd *l)
{
	struct stat ours;

	return stat("/proc/self/exe", &ours) || (program_is_ours(l, &ours) && libraries_are_ours());
}
