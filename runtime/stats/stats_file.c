/* Stats-files (management manual 3.4, `dump stats-file`, section 9.5; manual, "stats-file"): counters as text,
 * close to the CSV of the statistics. A line "#kind guid,column,..." names the columns of the lines behind it,
 * so that a file of another version loads as far as both know the columns. Lines of objects that are gone are
 * passed over. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/base/out.h"
#include "runtime/core/file.h"
#include "runtime/core/process.h"
#include "runtime/stats/stats_kept.h"

enum { FILE_MAX = 64 << 20, NO_FIELD = UINT8_MAX, COLUMNS_MAX = 128 };

/* --- writing */

struct writing {
	struct process *p;
	struct out *out;
	int kind; /* whose header was written last; -1: none */
};

static void header_put(struct writing *w, enum kept_kind kind)
{
	const struct kept_table *t = stats_kept(kind);

	out_printf(w->out, "#%s guid", t->name);
	for (uint32_t i = 0; i < t->n; i++)
		out_printf(w->out, ",%s", t->fields[i].column);
	out_char(w->out, '\n');
}

static void object_put(void *ctx, const struct kept_object *o)
{
	struct writing *w = ctx;
	uint64_t values[KEPT_MAX];

	if (w->kind != (int)o->kind)
		header_put(w, o->kind);
	w->kind = (int)o->kind;
	stats_kept_read(w->p, o, values);
	out_str(w->out, o->guid);
	for (uint32_t i = 0; i < stats_kept(o->kind)->n; i++)
		out_printf(w->out, ",%llu", (unsigned long long)values[i]);
	out_char(w->out, '\n');
}

void stats_file_put(struct process *p, struct out *o)
{
	stats_kept_each(p->generation, object_put, &(struct writing){p, o, -1});
}

/* --- reading */

struct reading {
	struct process *p;
	struct out *notes;
	struct str path;
	uint32_t line;
	int kind;                    /* of the lines that follow; -1: none that is known */
	uint8_t fields[COLUMNS_MAX]; /* column -> field of the table, NO_FIELD: not known here */
	uint32_t ncolumns;
	struct kept_list objects; /* of this process */
};

static void complain(struct reading *r, const char *what)
{
	out_printf(r->notes, "WARNING config : stats-file '%.*s', line %u: %s\n", STR_ARG(r->path), r->line,
		   what);
}

/* What stands before the next comma, or all of it. */
static struct str next_piece(struct str *rest, char end)
{
	size_t n = str_chr(*rest, end);
	struct str piece = str_sub(*rest, 0, n);

	*rest = str_tail(*rest, n + 1);
	return piece;
}

static uint8_t field_of(const struct kept_table *t, struct str column)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (str_is(column, t->fields[i].column))
			return (uint8_t)i;
	return NO_FIELD;
}

static void header_take(struct reading *r, struct str line)
{
	struct str name = next_piece(&line, ' ');

	r->kind = -1;
	r->ncolumns = 0;
	for (int i = 0; i < KEPT_KINDS; i++)
		if (str_is(name, stats_kept((enum kept_kind)i)->name))
			r->kind = i;
	if (r->kind < 0)
		return; /* what a newer version keeps */
	if (!str_is(next_piece(&line, ','), "guid")) {
		complain(r, "a header without the column guid.");
		r->kind = -1;
	}
	while (r->kind >= 0 && line.len && r->ncolumns < COLUMNS_MAX)
		r->fields[r->ncolumns++] =
			field_of(stats_kept((enum kept_kind)r->kind), next_piece(&line, ','));
}

static bool counts_already(struct process *p, const struct kept_object *o)
{
	uint64_t values[KEPT_MAX];

	stats_kept_read(p, o, values);
	for (uint32_t i = 0; i < stats_kept(o->kind)->n; i++)
		if (values[i])
			return true;
	return false;
}

static void values_take(struct reading *r, struct str line)
{
	const struct kept_object *o =
		stats_kept_find(&r->objects, (enum kept_kind)r->kind, next_piece(&line, ','));
	uint64_t values[KEPT_MAX] = {0}, value;

	if (!o)
		return;
	for (uint32_t i = 0; i < r->ncolumns; i++) {
		struct str text = next_piece(&line, ',');

		if (r->fields[i] == NO_FIELD)
			continue;
		if (!str_to_u64(text, &value)) {
			complain(r, "a value is no number.");
			return;
		}
		values[r->fields[i]] = value;
	}
	if (!counts_already(r->p, o))
		stats_kept_add(r->p->workers[0], o, values);
}

static void text_take(struct reading *r, struct str text)
{
	while (text.len) {
		struct str line = next_piece(&text, '\n');

		r->line++;
		if (line.len && line.ptr[0] == '#')
			header_take(r, str_tail(line, 1));
		else if (line.len && r->kind >= 0)
			values_take(r, line);
	}
}

void stats_file_load(struct process *p, struct out *notes)
{
	struct reading r = {
		.p = p, .notes = notes, .path = p->generation->model->global.stats_file, .kind = -1};
	char path[4096], *text;
	size_t len = 0;

	if (!r.path.len || r.path.len >= sizeof(path))
		return;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(r.path));
	text = file_read(path, FILE_MAX, &len);
	if (!text) {
		out_printf(notes, "WARNING config : Can't open stats-file '%s': %s\n", path, strerror(errno));
		return;
	}
	r.objects = stats_kept_list(p->generation);
	text_take(&r, str_make(text, len));
	stats_kept_list_free(&r.objects);
	free(text);
}
