/* `lbcheck check`: loads and shows what was found. Also what several commands share: loading and printing. */
#include "config.h"

#include "tools/lbcheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { STDIN_FIRST = 65536 };

static uint32_t terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool lbcheck_print(struct lbconf_text *text)
{
	bool done = text->text != NULL;

	if (done)
		fwrite(text->text, 1, text->len, stdout);
	else
		fputs("lbcheck: out of memory\n", stderr);
	lbconf_text_free(text);
	return done;
}

/* What programs read goes to standard output. */
static bool format_is_for_programs(const char *format)
{
	return strcmp(format, "json") == 0 || strcmp(format, "sarif") == 0 || strcmp(format, "github") == 0;
}

int lbcheck_report(const struct lbcheck *l, const struct lbconf *conf)
{
	struct lbconf_render render = {.color = lbcheck_color(l, STDERR_FILENO),
				       .width = terminal_width(),
				       .max = l->max_errors,
				       .explain = "lbcheck explain",
				       .version = PACKAGE_VERSION,
				       .pid = (long)getpid()};
	struct lbconf_text text = lbconf_render(conf, l->format, &render);

	if (text.text)
		fwrite(text.text, 1, text.len, format_is_for_programs(l->format) ? stdout : stderr);
	else
		fputs("lbcheck: the list is too long to be shown\n", stderr);
	lbconf_text_free(&text);
	return lbconf_errors(conf) ? LBCHECK_ERRORS : LBCHECK_CLEAN;
}

/* All of standard input, up to what a file may have (128 MiB). */
static struct lbconf *load_stdin(const struct lbcheck *l)
{
	size_t len = 0, cap = STDIN_FIRST;
	char *buf = malloc(cap);
	struct lbconf *conf = NULL;
	ssize_t n = -1;

	while (buf && (n = read(STDIN_FILENO, buf + len, cap - len)) > 0) {
		len += (size_t)n;
		if (len == cap && cap < (size_t)128 << 20) {
			char *more = realloc(buf, cap *= 2);

			if (!more)
				break;
			buf = more;
		}
	}
	if (buf && n == 0)
		conf = lbconf_load_text(l->options, "<stdin>", buf, len);
	else
		fputs("lbcheck: cannot read standard input\n", stderr);
	free(buf);
	return conf;
}

struct lbconf *lbcheck_load_args(const struct lbcheck *l, const char *const *args, size_t n)
{
	struct lbconf *conf =
		n == 1 && strcmp(args[0], "-") == 0 ? load_stdin(l) : lbconf_load_files(l->options, args, n);

	if (!conf)
		fputs("lbcheck: nothing was loaded\n", stderr);
	return conf;
}

struct lbconf *lbcheck_load(const struct lbcheck *l)
{
	return lbcheck_load_args(l, l->args, l->nargs);
}

bool lbcheck_lacks_file(const struct lbcheck *l)
{
	if (l->nargs)
		return false;
	fputs("lbcheck: which file? Try `lbcheck --help`\n", stderr);
	return true;
}

int lbcheck_check(const struct lbcheck *l)
{
	struct lbconf *conf;
	int status;

	if (lbcheck_lacks_file(l))
		return LBCHECK_USAGE;
	if (l->fix)
		return lbcheck_fix(l);
	conf = lbcheck_load(l);
	if (!conf)
		return LBCHECK_ERRORS;
	status = lbcheck_report(l, conf);
	lbconf_free(conf);
	return status;
}
