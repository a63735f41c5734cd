/* `lbcheck --fix`: repairs in the files themselves, or shown as a diff. A file is replaced as a whole or not at
 * all. */
#include "grammar/fix.h"
#include "tools/lbcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A repair may uncover the next mistake; more rounds than this would mean that two repairs undo each other. */
enum { ROUNDS_MAX = 8, TEXT_MAX = 1 << 30 };

static bool write_whole(int fd, struct str text)
{
	while (text.len) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			text = str_tail(text, (size_t)n);
	}
	return true;
}

/* Through a new file beside the old one, with its permissions. */
static bool replace_file(const char *path, struct str text)
{
	char *temporary = NULL;
	struct stat st;
	bool done = false;
	int fd = -1;

	if (stat(path, &st) == 0 && asprintf(&temporary, "%s.XXXXXX", path) > 0)
		fd = mkstemp(temporary);
	if (fd >= 0) {
		done = write_whole(fd, text) && fchmod(fd, st.st_mode & 07777) == 0;
		done = close(fd) == 0 && done && rename(temporary, path) == 0;
		if (!done)
			unlink(temporary);
	}
	if (!done)
		fprintf(stderr, "lbcheck: cannot write `%s`: %s\n", path, strerror(errno));
	free(temporary);
	return done;
}

static bool write_sources(const struct fixes *f, const struct sources *s)
{
	bool done = true;

	for (uint32_t i = 1; i <= s->list.n; i++) {
		struct out o;

		if (!fixes_touch(f, i))
			continue;
		o = out_growing(TEXT_MAX);
		fixes_write(&o, f, s, i);
		done &= !o.truncated && replace_file(sources_get(s, i)->name.ptr, out_get(&o));
		out_free(&o);
	}
	return done;
}

static void show_diff(const struct fixes *f, const struct sources *s)
{
	struct out o = out_growing(TEXT_MAX);

	fixes_diff(&o, f, s);
	if (o.len)
		fwrite(o.buf, 1, o.len, stdout);
	out_free(&o);
}

/* One round: what was repaired, or -1. */
static int fix_round(const struct lbcheck *l, struct loaded *loaded)
{
	struct fixes f;

	lbcheck_filter(l, loaded);
	f = fixes_choose(loaded->arena, &loaded->diags, l->unsafe ? FIX_LIKELY : FIX_CERTAIN);
	if (l->diff) {
		show_diff(&f, &loaded->sources);
		return 0;
	}
	if (f.applied && !write_sources(&f, &loaded->sources))
		return -1;
	return (int)f.applied;
}

int lbcheck_fix(const struct lbcheck *l)
{
	int fixed, total = 0, status = LBCHECK_ERRORS;

	if (!l->diff && l->nargs == 1 && strcmp(l->args[0], "-") == 0) {
		fputs("lbcheck: --fix needs a file to write to; with --diff standard input will do\n", stderr);
		return LBCHECK_USAGE;
	}
	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct loaded *loaded = lbcheck_load(l);

		if (!loaded)
			return LBCHECK_ERRORS;
		fixed = fix_round(l, loaded);
		if (fixed <= 0 && !l->diff && total)
			fprintf(stderr, "lbcheck: %d place%s repaired\n", total, total > 1 ? "s" : "");
		if (fixed <= 0)
			status = fixed < 0 ? LBCHECK_ERRORS
				 : l->diff ? LBCHECK_CLEAN
					   : lbcheck_report(l, loaded);
		loaded_free(&loaded);
		if (fixed <= 0)
			break;
		total += fixed;
	}
	return status;
}
