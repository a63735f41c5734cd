/* What lbd says on standard error, in the form that HAProxy's users and scripts know. Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "grammar/predicate.h"
#include "grammar/render.h"
#include "tools/lbd.h"

static const char *const levels[] = {
	[REPORT_DIAG] = "[DIAG]     ",
	[REPORT_NOTICE] = "[NOTICE]   ",
	[REPORT_WARNING] = "[WARNING]  ",
	[REPORT_ALERT] = "[ALERT]    ",
};

/* Every message passes here. The log is bounded; nobody waits for the master. */
static void say_text(struct report *r, const char *format, va_list ap)
{
	struct out line = out_growing(1 << 20);

	out_vprintf(&line, format, ap);
	fwrite(line.buf, 1, line.len, stderr);
	if (!r->log.limit)
		r->log = out_growing(1 << 20);
	out_str(&r->log, out_get(&line));
	if (r->copy_fd >= 0 && write(r->copy_fd, line.buf, line.len) < 0)
		r->copy_fd = -1;
	out_free(&line);
}

static void say(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct report *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say_text(r, format, ap);
	va_end(ap);
}

/* "[ALERT]    (pid) : text". */
static void say_level(struct report *r, enum report_level level, const char *format, va_list ap)
{
	struct out text = out_growing(1 << 20);

	out_vprintf(&text, format, ap);
	say(r, "%s(%d) : %.*s\n", levels[level], (int)r->pid, (int)text.len, text.buf ? text.buf : "");
	out_free(&text);
}

const char *report_log(struct report *r)
{
	free(r->said);
	r->said = strndup(r->log.buf ? r->log.buf : "", r->log.len);
	return r->said;
}

static void say_who(struct report *r)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (r->plain)
		return;
	r->plain = true;
	path[n < 0 ? 0 : n] = 0;
	say(r, "[NOTICE]   (%d) : haproxy version is %s-lbd%s\n", (int)r->pid, predicate_version(r->compat),
	    PACKAGE_VERSION);
	if (n > 0)
		say(r, "[NOTICE]   (%d) : path to executable is %s\n", (int)r->pid, path);
}

void report_say(struct report *r, enum report_level level, const char *format, ...)
{
	va_list ap;

	if (r->quiet)
		return;
	say_who(r);
	va_start(ap, format);
	say_level(r, level, format, ap);
	va_end(ap);
}

void report_raw(struct report *r, enum report_level level, const char *format, ...)
{
	va_list ap;

	if (r->quiet)
		return;
	va_start(ap, format);
	say_level(r, level, format, ap);
	va_end(ap);
}

void report_note(struct report *r, const char *format, ...)
{
	va_list ap;

	if (r->quiet)
		return;
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* After the errors of each file HAProxy names the file. */
static void say_files(struct report *r, const struct loaded *l)
{
	for (uint32_t source = 1; source <= l->sources.list.n; source++) {
		bool bad = false;

		vec_each (d, &l->diags.list)
			bad = bad || ((*d)->severity == SEV_ERROR && (*d)->span.source == source &&
				      !(*d)->haproxy_unplaced);
		if (bad)
			report_say(r, REPORT_ALERT, "config : Error(s) found in configuration file : %.*s",
				   STR_ARG(l->sources.list.v[source - 1]->name));
	}
}

void report_diags(struct report *r, const struct diags *d, const struct sources *s)
{
	struct render_options options = {.haproxy = true, .pid = r->pid};
	struct out text = out_growing(64u << 20);

	if (!d->list.n || r->quiet)
		return;
	say_who(r);
	render_haproxy(&text, d, s, &options);
	say(r, "%.*s", (int)text.len, text.buf ? text.buf : "");
	out_free(&text);
}

/* HAProxy finds what is wrong with whole sections only when every line could be read. */
static bool has_line_errors(const struct diags *d)
{
	vec_each (g, &d->list)
		if ((*g)->severity == SEV_ERROR && !(*g)->haproxy_unplaced)
			return true;
	return false;
}

/* What HAProxy would say itself. The rest is lbcheck's business; but what lbd reads without acting on it is a
 * note for those who want to know (-V, -dD), never a warning, because warnings may be fatal. */
static bool is_said(struct diag *g, bool line_errors, bool effects)
{
	enum diag_class class = diag_code_info(g->code)->class;

	if (g->severity == SEV_ERROR)
		return true;
	if (g->code == D_NO_LISTENER)
		return false; /* lbd says so by itself, and by its exit status */
	if (class == DC_EFFECT && effects) {
		g->severity = SEV_NOTE;
		return true;
	}
	if (line_errors && g->haproxy_unplaced)
		return false;
	return (class == DC_LANGUAGE || class == DC_ENVIRONMENT) && g->haproxy.len;
}

void report_filter(struct diags *d, bool effects)
{
	bool line_errors = has_line_errors(d);
	uint32_t n = 0;

	d->warnings = 0;
	vec_each (g, &d->list) {
		if (!is_said(*g, line_errors, effects))
			continue;
		d->warnings += (*g)->severity == SEV_WARNING;
		d->list.v[n++] = *g;
	}
	d->list.n = n;
}

bool report_loaded(struct report *r, const struct loaded *l, bool zero_warning)
{
	report_diags(r, &l->diags, &l->sources);
	if (l->diags.errors || !l->model) {
		say_files(r, l);
		report_say(r, REPORT_ALERT, "config : Fatal errors found in configuration.");
		return false;
	}
	if (l->diags.warnings && (zero_warning || l->model->global.zero_warning)) {
		report_say(r, REPORT_ALERT,
			   "config : Some warnings were found and 'zero-warning' is set. Aborting.");
		return false;
	}
	return true;
}

/* Lines "ALERT text" and "WARNING text". */
void report_lines(struct report *r, struct str lines)
{
	while (lines.len) {
		size_t end = str_chr(lines, '\n'), blank = str_chr(lines, ' ');
		bool alert = str_starts(lines, STR("ALERT "));

		if (blank < end)
			report_say(r, alert ? REPORT_ALERT : REPORT_WARNING, "%.*s",
				   STR_ARG(str_sub(lines, blank + 1, end - blank - 1)));
		lines = str_tail(lines, end + 1);
	}
}
