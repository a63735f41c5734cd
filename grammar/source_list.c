/* Directories of configuration files. What the C library allocates is copied into the arena and given back
 * here. */
#include "grammar/source_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static int is_configuration(const struct dirent *entry)
{
	struct str name = str_from(entry->d_name);

	return name.len && name.ptr[0] != '.' && str_ends(name, STR(".cfg"));
}

/* Bytes, whatever the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* "dir/name" in the arena; NULL and errno when there is no memory. */
static char *path_join(struct arena *a, struct str dir, const char *name)
{
	size_t len = strlen(name);
	char *path;

	while (dir.len > 1 && dir.ptr[dir.len - 1] == '/')
		dir.len--;
	path = arena_try_alloc(a, dir.len + len + 2);
	if (!path) {
		errno = ENOMEM;
		return NULL;
	}
	memcpy(path, dir.ptr, dir.len);
	path[dir.len] = '/';
	memcpy(path + dir.len + 1, name, len);
	return path;
}

/* Room is reserved before: nothing in here may jump. */
static bool list_entry(struct arena *a, struct str *paths, uint32_t *n, struct str dir, const char *name)
{
	char *path = path_join(a, dir, name);
	struct stat st;

	if (!path || stat(path, &st) != 0)
		return false;
	if (!S_ISDIR(st.st_mode))
		paths[(*n)++] = str_from(path);
	return true;
}

static bool list_directory(struct arena *a, struct source_list *list, struct str dir, uint32_t *found)
{
	struct dirent **entries = NULL;
	int n = scandir(dir.ptr, &entries, is_configuration, compare_names), error;
	struct str *paths = n < 0 ? NULL : arena_try_alloc(a, sizeof(*paths) * (size_t)(n + 1));
	bool ok = paths != NULL;

	if (n >= 0 && !ok)
		errno = ENOMEM;
	for (int i = 0; ok && i < n; i++)
		ok = list_entry(a, paths, found, dir, entries[i]->d_name);
	error = errno;
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	errno = error;
	for (uint32_t i = 0; ok && i < *found; i++)
		*vec_push(a, &list->paths) = paths[i];
	return ok;
}

bool source_list_add(struct arena *a, struct source_list *list, const char *path, uint32_t *found)
{
	struct stat st;

	*found = 0;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return list_directory(a, list, str_from(path), found);
	*vec_push(a, &list->paths) = arena_str(a, str_from(path));
	*found = 1;
	return true;
}
