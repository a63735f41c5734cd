/* Pages about keywords and codes. */
#include "grammar/manual.h"

#include <stdlib.h>

#include "grammar/explain.h"
#include "grammar/render_glyph.h"
#include "grammar/rows.h"
#include "grammar/suggest.h"

enum { PAGE_WIDTH = 76 };

/* A paragraph, indented and broken between words. */
static void write_paragraph(struct out *o, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " \n");

		if (column && column + 1 + len > PAGE_WIDTH) {
			out_char(o, '\n');
			column = 0;
		}
		out_puts(o, column ? " " : "    ");
		out_bytes(o, text, len);
		column += len + 1;
		text += len + strspn(text + len, " \n");
	}
	out_char(o, '\n');
}

static void write_places(struct out *o, uint32_t in)
{
	const char *separator = "";

	for (enum keyword_place p = 0; p < PLACE_COUNT; p++) {
		if (!(in >> p & 1))
			continue;
		out_printf(o, "%s%s", separator, keyword_place_name(p));
		separator = ", ";
	}
}

static void write_version(struct out *o, const char *what, uint16_t version)
{
	if (version)
		out_printf(o, "    %-9s HAProxy %d.%d\n", what, version / 100, version % 100);
}

static void write_bounds(struct out *o, const struct keyword *row)
{
	if (!(row->min || row->max) || row->kind == VAL_CHOICE || row->kind == VAL_WORDS)
		return;
	if (row->max >= INT32_MAX)
		out_printf(o, "    values    at least %lld\n", (long long)row->min);
	else
		out_printf(o, "    values    %lld to %lld\n", (long long)row->min, (long long)row->max);
}

/* How a plain argument is written. */
static const char *kind_text(uint8_t kind)
{
	switch (kind) {
	case VAL_UINT:
		return "a number";
	case VAL_TIME_MS:
		return "a time: a number with us, ms, s, m, h or d; milliseconds without";
	case VAL_TIME_S:
		return "a time: a number with us, ms, s, m, h or d; seconds without";
	case VAL_SIZE:
		return "a size in bytes: a number, perhaps with k, m or g";
	case VAL_PERCENT:
		return "a percentage";
	case VAL_ON_OFF:
		return "`on` or `off`";
	case VAL_FILE:
		return "a file";
	case VAL_DIR:
		return "a folder";
	default:
		return NULL;
	}
}

static void write_flags(struct out *o, const struct keyword *row)
{
	if (row->flags & KW_NO)
		out_puts(o, "    prefix    `no` may stand before it\n");
	if (row->flags & KW_REPEAT)
		out_puts(o, "    several   lines add up\n");
	if (row->flags & KW_HTTP_ONLY)
		out_puts(o, "    mode      http only\n");
	if (row->flags & KW_EXPERIMENTAL)
		out_puts(o, "    trial     only with `expose-experimental-directives`\n");
	if (row->flags & KW_REMOVED)
		out_puts(o, "    removed   no version that is checked for accepts it\n");
	if (row->flags & KW_DEPRECATED)
		out_puts(o, "    outdated  accepted with a warning\n");
	if (row->replaced_by)
		out_printf(o, "    instead   %s\n", row->replaced_by);
	out_printf(o, "    in lbd    %s\n",
		   row->flags & KW_REMOVED         ? "refused"
		   : row->flags & KW_NOT_EFFECTIVE ? "accepted and checked, but without effect yet"
		   : row->flags & KW_MOOT          ? "accepted and checked; it tunes what lbd works without"
		   : row->flags & KW_RESTART       ? "works; a change takes a new process"
						   : "works");
}

void manual_row(struct out *o, const struct keyword *row)
{
	const char *kind = kind_text(row->kind);

	out_printf(o, "%s%s%s\n    %s.\n", row->name, row->args ? " " : "", row->args ? row->args : "",
		   row->summary);
	if (row->details) {
		out_char(o, '\n');
		write_paragraph(o, row->details);
		out_char(o, '\n');
	}
	out_puts(o, "    allowed   ");
	write_places(o, row->in);
	out_puts(o, row->flags & KW_NAMED_DEFAULTS ? " (defaults: only with a name)\n" : "\n");
	if (kind)
		out_printf(o, "    argument  %s\n", kind);
	if (row->kind == VAL_CHOICE && row->choices)
		out_printf(o, "    choices   %s\n", row->choices);
	write_bounds(o, row);
	if (row->preset)
		out_printf(o, "    otherwise %s\n", row->preset);
	write_version(o, "since", row->since);
	write_version(o, "until", row->until);
	write_flags(o, row);
	if (row->example)
		out_printf(o, "    example   %s\n", row->example);
}

static void between(struct out *o)
{
	if (o->len)
		out_char(o, '\n');
}

/* Whether the words name this row: whole, or without its first word ("httpchk" for "option httpchk"). */
static bool row_named(const struct keyword *row, struct str name)
{
	const char *rest = strchr(row->name, ' ');

	return str_is(name, row->name) || (rest && str_is(name, rest + 1));
}

static void write_since(struct out *o, uint16_t since, bool effective)
{
	if (since == 207)
		out_puts(o, "    since     later than HAProxy 2.6\n");
	out_printf(o, "    in lbd    %s\n",
		   effective ? "works" : "accepted and checked, but without effect yet");
}

/* Letters of fetches.def as words. */
static void write_args(struct out *o, const char *args)
{
	static const char *const names[] = {['s'] = "string",      ['i'] = "integer",
					    ['b'] = "backend",     ['f'] = "frontend",
					    ['v'] = "server",      ['u'] = "userlist",
					    ['t'] = "table",       ['4'] = "IPv4",
					    ['6'] = "IPv6",        ['m'] = "IPv4 mask",
					    ['M'] = "IPv6 prefix", ['r'] = "regex",
					    ['V'] = "variable",    ['I'] = "integer or variable",
					    ['p'] = "field number"};
	bool optional = false, first = true;

	if (!*args)
		return;
	out_char(o, '(');
	for (; *args; args++) {
		if (*args == '|') {
			optional = true;
			continue;
		}
		out_printf(o, "%s%s<%s>%s", optional ? "[" : "", first ? "" : ",",
			   (unsigned char)*args < sizeof(names) / sizeof(*names) && names[(unsigned char)*args]
				   ? names[(unsigned char)*args]
				   : "value",
			   optional ? "]" : "");
		first = false;
	}
	out_char(o, ')');
}

static void write_action_sets(struct out *o, uint16_t sets)
{
	const char *separator = "";

	for (enum ruleset set = 0; set < RS_COUNT; set++) {
		if (!(sets >> set & 1))
			continue;
		out_printf(o, "%s%s", separator, ruleset_name(set));
		separator = ", ";
	}
}

static bool manual_action(struct out *o, const char *name)
{
	for (enum action_id a = 0; a < ACTION_COUNT; a++) {
		const struct action_row *row = action_row(a);

		if (strcmp(row->name, name) != 0)
			continue;
		between(o);
		out_printf(o, "%s%s\n    An action: %s.\n    rules     ", row->name,
			   row->form == ACTION_PAREN ? "(...)" : "", row->summary);
		write_action_sets(o, row->sets);
		out_printf(o, "\n%s",
			   row->flags & ACTION_FINAL ? "    final     no later rule of its set runs after it\n"
						     : "");
		write_since(o, row->since, row->effective);
		return true;
	}
	return false;
}

static bool manual_fetch(struct out *o, const char *name)
{
	const struct acl_alias_row *alias = acl_alias_find(str_from(name));
	enum fetch_id id;
	bool found = false;

	if (alias) {
		between(o);
		out_printf(o, "%s\n    In conditions: `%s` compared with `-m %s`.\n", name,
			   fetch_row(alias->fetch)->name, match_method_name(alias->method));
		found = true;
	}
	if (!fetch_find(str_from(name), &id))
		return found;
	between(o);
	out_str(o, str_from(name));
	write_args(o, fetch_row(id)->args);
	out_printf(o, "\n    A sample fetch: gives %s.\n", smp_type_name(fetch_row(id)->type));
	write_since(o, fetch_row(id)->since, fetch_row(id)->effective);
	return true;
}

static bool manual_converter(struct out *o, const char *name)
{
	enum conv_id id;

	if (!conv_find(str_from(name), &id))
		return false;
	between(o);
	out_str(o, str_from(name));
	write_args(o, conv_row(id)->args);
	out_printf(o, "\n    A converter: takes %s, gives %s.\n", smp_type_name(conv_row(id)->in),
		   smp_type_name(conv_row(id)->out));
	write_since(o, conv_row(id)->since, conv_row(id)->effective);
	return true;
}

static bool manual_alias(struct out *o, const char *name)
{
	enum logfmt_alias id;

	if (*name != '%' || !logfmt_find(str_from(name + 1), &id))
		return false;
	between(o);
	out_printf(o, "%s\n    In log formats: %s.\n", name, logfmt_row(id)->summary);
	if (logfmt_row(id)->http)
		out_puts(o, "    mode      http only\n");
	return true;
}

enum { OWN_NAME, WHOLE_NAME, FAMILY };

static bool row_fits(const struct keyword *row, struct str name, int how)
{
	struct str own = str_from(row->name);

	if (how == OWN_NAME)
		return row_named(row, name);
	if (how == WHOLE_NAME)
		return str_eq(own, name);
	return own.len > name.len && str_starts(own, name) && own.ptr[name.len] == ' ';
}

/* The rows that the name fits. */
static bool manual_rows(struct out *o, struct str name, int how)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);
	bool found = false;

	for (uint32_t i = 0; i < nareas; i++) {
		for (uint32_t j = 0; j < areas[i]->n; j++) {
			if (!row_fits(&areas[i]->rows[j], name, how))
				continue;
			between(o);
			manual_row(o, &areas[i]->rows[j]);
			found = true;
		}
	}
	return found;
}

/* Words behind a keyword ("persist rdp-cookie") lead to it, the first word of several ("quic-initial") to all.
 */
static bool manual_near(struct out *o, struct str name)
{
	struct str shorter = name;

	while (shorter.len) {
		while (shorter.len && shorter.ptr[shorter.len - 1] != ' ')
			shorter.len--;
		while (shorter.len && shorter.ptr[shorter.len - 1] == ' ')
			shorter.len--;
		if (shorter.len && manual_rows(o, shorter, WHOLE_NAME))
			return true;
	}
	return manual_rows(o, name, FAMILY);
}

bool manual_keyword(struct out *o, const char *name)
{
	bool found = manual_rows(o, str_from(name), OWN_NAME);

	found |= manual_action(o, name);
	found |= manual_fetch(o, name);
	found |= manual_converter(o, name);
	found |= manual_alias(o, name);
	return found || manual_near(o, str_from(name));
}

/* Lines of a configuration; what is no printable character shows as a picture. */
static void write_example(struct out *o, const char *title, const char *lines)
{
	out_printf(o, "\n    %s\n\n", title);
	for (; *lines; lines += strcspn(lines, "\n") + (strchr(lines, '\n') != NULL)) {
		out_puts(o, "        ");
		glyph_print(o, str_make(lines, strcspn(lines, "\n")));
		out_char(o, '\n');
	}
}

static void write_explanation(struct out *o, enum diag_code code)
{
	const struct explanation *e = explanation_get(code);

	if (!e)
		return;
	out_char(o, '\n');
	write_paragraph(o, e->text);
	if (e->wrong) {
		write_example(o, "This gets it:", e->wrong);
		write_example(o, "This does not:", e->right);
	}
}

bool manual_code(struct out *o, const char *name)
{
	bool prefixed =
		strncmp(name, "LBE", 3) == 0 || strncmp(name, "LBW", 3) == 0 || strncmp(name, "LBN", 3) == 0;
	char *end;
	unsigned long number = strtoul(prefixed ? name + 3 : name, &end, 10);
	bool found = false;

	for (enum diag_code code = 0; code < D_COUNT; code++) {
		const struct diag_code_info *info = diag_code_info(code);

		if (strcmp(info->readable, name) != 0 && (*end || end == name || number != info->number))
			continue;
		out_printf(o, "%04u %s\n    %s.\n    class     %s\n", info->number, info->readable,
			   info->summary, diag_class_info(info->class)->readable);
		write_explanation(o, code);
		found = true;
	}
	return found;
}

void manual_suggest(struct out *o, const char *name)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);
	struct suggest s;
	char buf[256];

	suggest_start(&s, str_from(name));
	for (uint32_t i = 0; i < nareas; i++)
		for (uint32_t j = 0; j < areas[i]->n; j++)
			suggest_offer(&s, str_from(areas[i]->rows[j].name));
	for (enum diag_code code = 0; code < D_COUNT; code++)
		suggest_offer(&s, str_from(diag_code_info(code)->readable));
	for (enum action_id a = 0; a < ACTION_COUNT; a++)
		suggest_offer(&s, str_from(action_row(a)->name));
	for (enum fetch_id f = 0; f < FETCH_COUNT; f++)
		suggest_offer(&s, str_from(fetch_row(f)->name));
	for (enum conv_id c = 0; c < CONV_COUNT; c++)
		suggest_offer(&s, str_from(conv_row(c)->name));
	if (s.n)
		out_puts(o, suggest_text(&s, buf, sizeof(buf)));
}

static void feature(struct out *o, const char *kind, const char *name, const char *summary)
{
	out_printf(o, "%-10s %-40s %s\n", kind, name, summary);
}

static void features_keywords(struct out *o, unsigned flag)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t i = 0; i < nareas; i++)
		for (uint32_t j = 0; j < areas[i]->n; j++)
			if (areas[i]->rows[j].flags & flag)
				feature(o, areas[i]->name, areas[i]->rows[j].name, areas[i]->rows[j].summary);
}

/* Words of lines that have an effect otherwise. */
static void features_words(struct out *o)
{
	feature(o, "filter", "fcgi-app", "the filter of a FastCGI application");
	feature(o, "filter", "opentracing", "tells a tracing system of requests");
	feature(o, "filter", "spoe", "asks offload agents");
}

void manual_features(struct out *o)
{
	out_puts(o, "Accepted and checked, but without effect in lbd yet:\n\n");
	features_keywords(o, KW_NOT_EFFECTIVE);
	features_words(o);
	for (enum action_id a = 0; a < ACTION_COUNT; a++)
		if (!action_row(a)->effective)
			feature(o, "action", action_row(a)->name, action_row(a)->summary);
	for (enum fetch_id f = 0; f < FETCH_COUNT; f++)
		if (!fetch_row(f)->effective)
			feature(o, "fetch", fetch_row(f)->name, "");
	for (enum conv_id c = 0; c < CONV_COUNT; c++)
		if (!conv_row(c)->effective)
			feature(o, "converter", conv_row(c)->name, "");
	out_puts(o, "\nAccepted and checked, but they tune mechanisms of HAProxy that lbd works without:\n\n");
	features_keywords(o, KW_MOOT);
}
