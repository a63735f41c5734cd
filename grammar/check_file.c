/* Files and folders that a configuration names: whether they are there is a question of the environment, not of
 * the language. Nothing is looked at in offline mode. Works on the state of one walk; one thread. */
#include "grammar/base/out.h"
#include "grammar/check_file.h"
#include "grammar/check_rows.h"
#include "grammar/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct str check_file_path(struct checker *k, struct str name)
{
	return check_work_path(k, file_place(k->c, name));
}

struct str check_work_path(struct checker *k, struct str name)
{
	const char *dir = k->c->options->work_dir;

	if (!dir || (name.len && name.ptr[0] == '/'))
		return arena_str(k->scratch, name);
	return arena_printf(k->scratch, "%s/%.*s", dir, STR_ARG(name));
}

struct diag *check_file_report(struct checker *k, struct span span, struct str name, int error)
{
	struct diag *g = diag_add(k->d, D_NO_SUCH_FILE, span, "cannot read `%.*s`", STR_ARG(name));

	diag_label(k->d, g, "%s", strerror(error));
	return check_environment(k, g);
}

bool check_file(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct str path = check_file_path(k, use->words[0].text);

	if (!k->c->options->offline && access(path.ptr, R_OK) != 0)
		check_file_report(k, use->words[0].span, use->words[0].text, errno);
	return true;
}

/* HAProxy itself only looks at folders when it starts: never an error. */
bool check_dir(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct str path = check_file_path(k, use->words[0].text);
	struct stat st;
	int error;

	if (k->c->options->offline)
		return true;
	error = stat(path.ptr, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	if (error)
		diag_label(k->d,
			   diag_add(k->d, D_NO_SUCH_FILE, use->words[0].span, "no folder `%.*s` here",
				    STR_ARG(use->words[0].text)),
			   "%s", strerror(error));
	return true;
}

/* All of an open file up to `limit` bytes; len > limit tells that there is more. */
static bool read_all(struct arena *a, int fd, size_t limit, struct str *content)
{
	char *buf = arena_alloc(a, limit + 2);
	size_t len = 0;
	ssize_t n;

	while (len <= limit && (n = read(fd, buf + len, limit + 1 - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		len += (size_t)n;
	}
	buf[len] = 0;
	*content = str_make(buf, len);
	return true;
}

bool check_file_read(struct checker *k, const struct word *name, size_t limit, struct str *content)
{
	struct str path = check_file_path(k, name->text);
	int fd, error = 0;

	if (k->c->options->offline)
		return false;
	fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || !read_all(k->scratch, fd, limit, content))
		error = errno;
	if (fd >= 0)
		close(fd);
	if (error)
		check_file_report(k, name->span, name->text, error);
	return !error;
}

/* A text of several words, as `description` takes it. */
bool check_words_text(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct out o = out_growing(65536);

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	for (uint32_t i = 0; i < use->n; i++) {
		if (i)
			out_char(&o, ' ');
		out_str(&o, use->words[i].text);
	}
	if (use->object && use->row->size == sizeof(struct str))
		*(struct str *)(check_field(use)) = check_keep(k, out_get(&o));
	out_free(&o);
	return true;
}
