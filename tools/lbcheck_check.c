/* `lbcheck check`: loads, leaves out what was switched off, and shows the rest. */
#include "config.h"

#include "grammar/render.h"
#include "tools/lbcheck.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { OUTPUT_MAX = 64 << 20 };

void lbcheck_filter(const struct lbcheck *l, struct loaded *loaded)
{
	policy_apply(&l->policy, loaded);
}

static uint32_t terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

typedef void render_function(struct out *o, const struct diags *d, const struct sources *s,
			     const struct render_options *options);

/* What programs read goes to standard output. */
static const struct {
	render_function *render;
	bool to_stdout;
} formats[] = {
	[FORMAT_TEXT] = {render_text, false},       [FORMAT_JSON] = {render_json, true},
	[FORMAT_HAPROXY] = {render_haproxy, false}, [FORMAT_SARIF] = {render_sarif, true},
	[FORMAT_GITHUB] = {render_github, true},    [FORMAT_GCC] = {render_gcc, false},
};

int lbcheck_report(const struct lbcheck *l, struct loaded *loaded)
{
	struct render_options options = {.color = lbcheck_color(l, STDERR_FILENO),
					 .width = terminal_width(),
					 .max = l->max_errors,
					 .haproxy = true,
					 .explain = "lbcheck explain",
					 .version = PACKAGE_VERSION,
					 .pid = (long)getpid()};
	struct out o = out_growing(OUTPUT_MAX);
	FILE *stream = formats[l->format].to_stdout ? stdout : stderr;

	formats[l->format].render(&o, &loaded->diags, &loaded->sources, &options);
	if (o.len)
		fwrite(o.buf, 1, o.len, stream);
	if (o.truncated)
		fputs("lbcheck: the list was too long and ends here\n", stderr);
	out_free(&o);
	return loaded->diags.errors ? LBCHECK_ERRORS : LBCHECK_CLEAN;
}

/* All of standard input, up to what a file may have. */
static bool read_stdin(struct out *o)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		out_bytes(o, buf, (size_t)n);
	return n == 0 && !o->truncated;
}

struct loaded *lbcheck_load(const struct lbcheck *l)
{
	struct out o = out_growing((size_t)1 << 30);
	struct loaded *loaded = NULL;

	if (l->nargs == 1 && strcmp(l->args[0], "-") == 0) {
		if (read_stdin(&o))
			loaded = load_text(STR("<stdin>"), out_get(&o), &l->load);
		else
			fputs("lbcheck: cannot read standard input\n", stderr);
	} else {
		loaded = load_files(l->args, l->nargs, &l->load);
	}
	if (!loaded)
		fputs("lbcheck: nothing was loaded\n", stderr);
	out_free(&o);
	return loaded;
}

int lbcheck_check(const struct lbcheck *l)
{
	struct loaded *loaded;
	int status;

	if (l->nargs == 0) {
		fputs("lbcheck: which file? Try `lbcheck --help`\n", stderr);
		return LBCHECK_USAGE;
	}
	if (l->fix)
		return lbcheck_fix(l);
	loaded = lbcheck_load(l);
	if (!loaded)
		return LBCHECK_ERRORS;
	lbcheck_filter(l, loaded);
	status = lbcheck_report(l, loaded);
	loaded_free(&loaded);
	return status;
}
