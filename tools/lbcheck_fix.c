/* `lbcheck --fix` and `lbcheck fmt`: changes in the files themselves, or shown as a diff. A file is replaced as
 * a whole or not at all. */
#include "tools/lbcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A repair may uncover the next mistake; more rounds than this would mean that two repairs undo each other. */
enum { ROUNDS_MAX = 8 };

static bool write_whole(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* Through a new file beside the old one, with its permissions. */
static bool replace_file(const char *path, const struct lbconf_text *text)
{
	char *temporary = NULL;
	struct stat st;
	bool done = false;
	int fd = -1;

	if (text->text && stat(path, &st) == 0 && asprintf(&temporary, "%s.XXXXXX", path) > 0)
		fd = mkstemp(temporary);
	if (fd >= 0) {
		done = write_whole(fd, text->text, text->len) && fchmod(fd, st.st_mode & 07777) == 0;
		done = close(fd) == 0 && done && rename(temporary, path) == 0;
		if (!done)
			unlink(temporary);
	}
	if (!done)
		fprintf(stderr, "lbcheck: cannot write `%s`: %s\n", path,
			strerror(text->text ? errno : ENOMEM));
	free(temporary);
	return done;
}

bool lbcheck_write(const struct lbconf *conf, const struct lbconf_fixes *fixes)
{
	bool done = true;

	for (size_t i = 0; lbconf_file(conf, i); i++) {
		struct lbconf_text text;

		if (!lbconf_fixes_touch(fixes, i))
			continue;
		text = lbconf_fixes_text(fixes, i);
		done &= replace_file(lbconf_file(conf, i), &text);
		lbconf_text_free(&text);
	}
	return done;
}

static bool show_diff(const struct lbconf_fixes *fixes)
{
	struct lbconf_text text = lbconf_fixes_diff(fixes);

	return lbcheck_print(&text);
}

/* One round: what was repaired, or -1. */
static int fix_round(const struct lbcheck *l, const struct lbconf *conf)
{
	struct lbconf_fixes *fixes = lbconf_repair(conf, l->unsafe);
	int fixed = -1;

	if (fixes && l->diff)
		fixed = show_diff(fixes) ? 0 : -1;
	else if (fixes && (!lbconf_fixes_count(fixes) || lbcheck_write(conf, fixes)))
		fixed = (int)lbconf_fixes_count(fixes);
	lbconf_fixes_free(fixes);
	return fixed;
}

static bool is_stdin(const struct lbcheck *l)
{
	return l->nargs == 1 && strcmp(l->args[0], "-") == 0;
}

int lbcheck_fix(const struct lbcheck *l)
{
	int fixed, total = 0, status = LBCHECK_ERRORS;

	if (!l->diff && is_stdin(l)) {
		fputs("lbcheck: --fix needs a file to write to; with --diff standard input will do\n", stderr);
		return LBCHECK_USAGE;
	}
	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct lbconf *conf = lbcheck_load(l);

		if (!conf)
			return LBCHECK_ERRORS;
		fixed = fix_round(l, conf);
		if (fixed <= 0 && !l->diff && total)
			fprintf(stderr, "lbcheck: %d place%s repaired\n", total, total > 1 ? "s" : "");
		if (fixed <= 0)
			status = fixed < 0 ? LBCHECK_ERRORS : l->diff ? LBCHECK_CLEAN : lbcheck_report(l, conf);
		lbconf_free(conf);
		if (fixed <= 0)
			break;
		total += fixed;
	}
	return status;
}

/* Says what would change, changes it, or writes standard input's new text. */
static int fmt_apply(const struct lbcheck *l, const struct lbconf *conf, const struct lbconf_fixes *fixes)
{
	struct lbconf_text text;

	if (l->diff)
		return show_diff(fixes) && !lbconf_fixes_count(fixes) ? LBCHECK_CLEAN : LBCHECK_ERRORS;
	if (l->check) {
		for (size_t i = 0; lbconf_file(conf, i); i++)
			if (lbconf_fixes_touch(fixes, i))
				printf("%s\n", lbconf_file(conf, i));
		return lbconf_fixes_count(fixes) ? LBCHECK_ERRORS : LBCHECK_CLEAN;
	}
	if (is_stdin(l)) {
		text = lbconf_fixes_text(fixes, 0);
		return lbcheck_print(&text) ? LBCHECK_CLEAN : LBCHECK_ERRORS;
	}
	return lbcheck_write(conf, fixes) ? LBCHECK_CLEAN : LBCHECK_ERRORS;
}

/* A file that could not be read is an error here too; what else is wrong with it is another command's business.
 */
static bool all_read(const struct lbcheck *l, const struct lbconf *conf)
{
	for (size_t i = 0; i < lbconf_diag_count(conf); i++) {
		const struct lbconf_diag *diag = lbconf_diag_get(conf, i);

		if (strcmp(lbconf_diag_name(diag), "unreadable-file") == 0 ||
		    strcmp(lbconf_diag_name(diag), "out-of-memory") == 0) {
			fprintf(stderr, "lbcheck: %s\n", lbconf_diag_message(diag));
			return false;
		}
	}
	return l->nargs > 0;
}

int lbcheck_fmt(const struct lbcheck *l)
{
	struct lbconf_fixes *fixes;
	struct lbconf *conf;
	int status = LBCHECK_ERRORS;

	if (lbcheck_lacks_file(l))
		return LBCHECK_USAGE;
	lbconf_set_offline(l->options, true);
	conf = lbcheck_load(l);
	if (!conf)
		return LBCHECK_ERRORS;
	fixes = all_read(l, conf) ? lbconf_format(conf) : NULL;
	if (fixes)
		status = fmt_apply(l, conf, fixes);
	lbconf_fixes_free(fixes);
	lbconf_free(conf);
	return status;
}
