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
static char *path_join(struct arena *a, const char *dir, const char *name)
{
	size_t dir_len = strlen(dir), len = strlen(name);
	char *path;

	while (dir_len > 1 && dir[dir_len - 1] == '/')
		dir_len--;
	path = arena_try_alloc(a, dir_len + len + 2);
	if (!path) {
		errno = ENOMEM;
		return NULL;
	}
	memcpy(path, dir, dir_len);
	path[dir_len] = '/';
	memcpy(path + dir_len + 1, name, len);
	return path;
}

/* One entry of a directory that is called `name` and lies at `path`; nothing in here may jump. */
static bool list_entry(struct arena *a, struct source_file *files, uint32_t *n, const struct source_file *dir,
		       const char *name)
{
	struct source_file file = {path_join(a, dir->name, name), path_join(a, dir->path, name)};
	struct stat st;

	if (!file.name || !file.path || stat(file.path, &st) != 0)
		return false;
	if (!S_ISDIR(st.st_mode))
		files[(*n)++] = file;
	return true;
}

static bool list_directory(struct arena *a, struct source_list *list, const struct source_file *dir,
			   uint32_t *found)
{
	struct dirent **entries = NULL;
	int n = scandir(dir->path, &entries, is_configuration, compare_names), error;
	struct source_file *files = n < 0 ? NULL : arena_try_alloc(a, sizeof(*files) * (size_t)(n + 1));
	bool ok = files != NULL;

	if (n >= 0 && !ok)
		errno = ENOMEM;
	for (int i = 0; ok && i < n; i++)
		ok = list_entry(a, files, found, dir, entries[i]->d_name);
	error = errno;
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	errno = error;
	for (uint32_t i = 0; ok && i < *found; i++)
		*vec_push(a, &list->files) = files[i];
	return ok;
}

bool source_list_add(struct arena *a, struct source_list *list, const char *work_dir, const char *path,
		     uint32_t *found)
{
	struct source_file file = {arena_str(a, str_from(path)).ptr, NULL};
	struct stat st;

	*found = 0;
	file.path = work_dir && path[0] != '/' ? path_join(a, work_dir, path) : file.name;
	if (!file.path)
		return false;
	if (stat(file.path, &st) == 0 && S_ISDIR(st.st_mode))
		return list_directory(a, list, &file, found);
	*vec_push(a, &list->files) = file;
	*found = 1;
	return true;
}
