/* The forms of the statistics that programs read: CSV, typed lines, JSON. Each is one walk over the rows;
 * columns and their tags come from stats_fields.def. Pure but for reading running counters. */
#include "runtime/stats/stats_rows.h"

#include "runtime/core/process.h"
#include "runtime/stats/stats_kept.h"

static const struct stats_column_row columns[] = {
#define STATS_FIELD(name, tags, type, text) {#name, tags, text},
#define STATS_GAP() {"-", "", ""},
#include "runtime/stats/stats_fields.def"
#undef STATS_FIELD
#undef STATS_GAP
};

const struct stats_column_row *stats_column_row(enum stats_column column)
{
	return &columns[column];
}

/* Columns of HAProxy 3.4 stand before the gap. */
enum { FIRST_NEWER = ST_srid, NNEWER = ST_gap - ST_srid };

static bool is_modern(const struct worker *w)
{
	return w->process->compat > 206;
}

static bool is_shown(bool modern, int column)
{
	return modern || column < FIRST_NEWER || column >= ST_gap;
}

/* Its number in the typed and JSON forms. */
static int position_of(bool modern, int column)
{
	return column < ST_gap ? column : column - 1 - (modern ? 0 : NNEWER);
}

/* RFC 4180: quotes only where a comma, a quote or a line end needs them. */
static void put_csv_text(struct out *out, struct str text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len && !quoted; i++)
		quoted = text.ptr[i] == ',' || text.ptr[i] == '"' || text.ptr[i] == '\n' || text.ptr[i] == '\r';
	if (!quoted) {
		out_str(out, text);
		return;
	}
	out_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"')
			out_char(out, '"');
		out_char(out, text.ptr[i]);
	}
	out_char(out, '"');
}

static void put_number(struct out *out, const struct stats_value *v)
{
	if (v->kind == STATS_S32)
		out_printf(out, "%lld", (long long)v->signed_number);
	else
		out_printf(out, "%llu", (unsigned long long)v->number);
}

/* Forms made of rows. */
struct form {
	struct worker *worker;
	struct out *out;
	bool modern, described;
	bool any; /* JSON: a row has been written */
};

static void csv_row(void *ctx, const struct stats_row *r)
{
	const struct form *form = ctx;
	struct out *out = form->out;

	for (int i = 0; i < ST_COLUMNS; i++) {
		if (!is_shown(form->modern, i))
			continue;
		if (i == ST_gap)
			out_char(out, '-');
		else if (r->values[i].kind == STATS_STR)
			put_csv_text(out, r->values[i].text);
		else if (r->values[i].kind != STATS_EMPTY)
			put_number(out, &r->values[i]);
		out_char(out, ',');
	}
	out_char(out, '\n');
}

void stats_csv(struct worker *w, const struct stats_filter *f, struct out *out)
{
	struct form form = {w, out, is_modern(w), false, false};

	out_puts(out, "# ");
	for (int i = 0; i < ST_COLUMNS; i++) {
		if (!is_shown(form.modern, i))
			continue;
		out_puts(out, columns[i].name);
		out_char(out, ',');
	}
	out_char(out, '\n');
	stats_each(w, f, csv_row, &form);
}

static const char *kind_name(enum stats_kind kind)
{
	static const char *const names[] = {"", "u32", "s32", "u64", "str"};

	return names[kind];
}

static char type_letter(enum stats_type type)
{
	return type == STATS_FRONTEND ? 'F' : type == STATS_BACKEND ? 'B' : type == STATS_SERVER ? 'S' : 'L';
}

/* HAProxy tags a few columns by the kind of their row. */
static const char *tags_of(const struct stats_row *r, int column)
{
	if (r->type != STATS_BACKEND && column == ST_rate)
		return "MRP";
	if (r->type != STATS_BACKEND && column == ST_rate_max)
		return "MMP";
	if (r->type == STATS_SERVER && (column == ST_act || column == ST_bck))
		return "SGP";
	return columns[column].tags;
}

static unsigned row_number(const struct stats_row *r, enum stats_column column)
{
	return (unsigned)r->values[column].number;
}

/* The fourth tag, of 3.4: does the value outlive this process? */
static const char *persistence(const struct form *f, const struct stats_row *r, int column)
{
	if (!f->modern)
		return "";
	return stats_kept_is_shared(f->worker->process, r, columns[column].name) ? "P" : "V";
}

/* The typed form. */
static void typed_row(void *ctx, const struct stats_row *r)
{
	const struct form *t = ctx;
	struct out *out = t->out;

	for (int i = 0; i < ST_COLUMNS; i++) {
		const struct stats_value *v = &r->values[i];

		if (i == ST_gap || v->kind == STATS_EMPTY || !is_shown(t->modern, i))
			continue;
		out_printf(out, "%c.%u.%u.%d.%s.1:%s%s:%s:", type_letter(r->type), row_number(r, ST_iid),
			   row_number(r, ST_sid), position_of(t->modern, i), columns[i].name, tags_of(r, i),
			   persistence(t, r, i), kind_name(v->kind));
		if (v->kind == STATS_STR)
			out_str(out, v->text);
		else
			put_number(out, v);
		if (t->described)
			out_printf(out, ":\"%s\"", columns[i].text);
		out_char(out, '\n');
	}
}

void stats_typed(struct worker *w, const struct stats_filter *f, struct out *out)
{
	stats_each(w, f, typed_row, &(struct form){w, out, is_modern(w), f->described, false});
}

/* --- JSON */

static const char *tag_origin(char tag)
{
	switch (tag) {
	case 'M':
		return "Metric";
	case 'S':
		return "Status";
	case 'K':
		return "Key";
	case 'C':
		return "Config";
	default:
		return "Product";
	}
}

static const char *tag_nature(char tag)
{
	static const struct {
		char tag;
		const char *name;
	} natures[] = {{'A', "Age"},   {'a', "Avg"},    {'C', "Counter"}, {'D', "Duration"},
		       {'G', "Gauge"}, {'L', "Limit"},  {'M', "Max"},     {'m', "Min"},
		       {'N', "Name"},  {'O', "Output"}, {'R', "Rate"},    {'T', "Time"}};

	for (size_t i = 0; i < sizeof(natures) / sizeof(*natures); i++)
		if (natures[i].tag == tag)
			return natures[i].name;
	return "Unknown";
}

static const char *tag_scope(char tag)
{
	return tag == 'C' ? "Cluster" : tag == 'S' ? "Service" : "Process";
}

static const char *type_name(enum stats_type type)
{
	return type == STATS_FRONTEND  ? "Frontend"
	       : type == STATS_BACKEND ? "Backend"
	       : type == STATS_SERVER  ? "Server"
				       : "Listener";
}

static void json_value(struct out *out, const struct stats_value *v)
{
	out_printf(out, "\"value\":{\"type\":\"%s\",\"value\":", kind_name(v->kind));
	if (v->kind == STATS_STR)
		out_json(out, v->text);
	else
		put_number(out, v);
	out_puts(out, "}}");
}

static void json_row(void *ctx, const struct stats_row *r)
{
	struct form *s = ctx;
	bool first = true;

	out_puts(s->out, s->any ? ",[" : "[");
	s->any = true;
	for (int i = 0; i < ST_COLUMNS; i++) {
		const char *tags = tags_of(r, i);

		if (i == ST_gap || r->values[i].kind == STATS_EMPTY || !is_shown(s->modern, i))
			continue;
		out_printf(s->out,
			   "%s{\"objType\":\"%s\",\"proxyId\":%u,\"id\":%u,\"field\":{\"pos\":%d,\"name\":\"%"
			   "s\"},\"processNum\":1,"
			   "\"tags\":{\"origin\":\"%s\",\"nature\":\"%s\",\"scope\":\"%s\"},",
			   first ? "" : ",", type_name(r->type), row_number(r, ST_iid), row_number(r, ST_sid),
			   position_of(s->modern, i), columns[i].name, tag_origin(tags[0]), tag_nature(tags[1]),
			   tag_scope(tags[2]));
		json_value(s->out, &r->values[i]);
		first = false;
	}
	out_char(s->out, ']');
}

void stats_json(struct worker *w, const struct stats_filter *f, struct out *out)
{
	struct form s = {w, out, is_modern(w), false, false};

	out_char(out, '[');
	stats_each(w, f, json_row, &s);
	out_puts(out, "]\n");
}
