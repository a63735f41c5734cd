/* Diagnostics as one SARIF 2.1.0 log (OASIS standard "Static Analysis Results Interchange Format"): what code
 * hosts and viewers of analysis results read. One run, one rule for each code that occurs, columns in
 * characters from 1, offsets in bytes. One thread. */
#include "grammar/explain.h"
#include "grammar/render.h"
#include "grammar/render_glyph.h"

static const char sarif_schema[] = "https://json.schemastore.org/sarif-2.1.0.json";

static const char *sarif_level(enum severity severity)
{
	return severity == SEV_NOTE ? "note" : render_severity(severity);
}

/* Rules are named by the code's own severity: one name for a code, whatever -Werror makes of it. */
static const char *sarif_rule_id(char *buf, enum diag_code code)
{
	return render_code(buf, code, diag_code_info(code)->severity);
}

/* A path as a relative or absolute URI reference (RFC 3986 section 2.1). */
static void sarif_uri(struct out *o, struct str path)
{
	struct out uri = out_growing(3 * path.len + 16);

	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    (c && strchr("-_.~/", c)))
			out_char(&uri, c);
		else
			out_printf(&uri, "%%%02X", (unsigned char)c);
	}
	out_json(o, out_get(&uri));
	out_free(&uri);
}

static uint32_t sarif_column(const struct sources *s, uint32_t source, struct position at)
{
	return glyph_count(str_sub(sources_line(s, source, at.line), 0, at.column - 1)) + 1;
}

static void sarif_region(struct out *o, const struct sources *s, struct span span)
{
	struct position from = sources_position(s, span.source, span.off);
	struct position to = sources_position(s, span.source, span.off + span.len);

	out_printf(o, "{\"startLine\":%u,\"startColumn\":%u,\"endLine\":%u,\"endColumn\":%u,", from.line,
		   sarif_column(s, span.source, from), to.line, sarif_column(s, span.source, to));
	out_printf(o, "\"byteOffset\":%u,\"byteLength\":%u}", span.off, span.len);
}

static void sarif_location(struct out *o, const struct sources *s, struct span span, struct str message)
{
	out_puts(o, "{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
	sarif_uri(o, sources_get(s, span.source)->name);
	out_puts(o, "},\"region\":");
	sarif_region(o, s, span);
	out_char(o, '}');
	if (message.len) {
		out_puts(o, ",\"message\":{\"text\":");
		out_json(o, message);
		out_char(o, '}');
	}
	out_char(o, '}');
}

/* Edits of one fix, all those of one file together. */
static void sarif_changes(struct out *o, const struct diag_fix *fix, const struct sources *s)
{
	const char *between = "";

	for (uint32_t source = 1; source <= s->list.n; source++) {
		const char *comma = "";

		vec_each (edit, &fix->edits) {
			if (edit->span.source != source)
				continue;
			if (!*comma) {
				out_printf(o, "%s{\"artifactLocation\":{\"uri\":", between);
				sarif_uri(o, sources_get(s, source)->name);
				out_puts(o, "},\"replacements\":[");
				between = ",";
			}
			out_printf(o, "%s{\"deletedRegion\":", comma);
			sarif_region(o, s, edit->span);
			out_puts(o, ",\"insertedContent\":{\"text\":");
			out_json(o, edit->text.ptr ? edit->text : STR(""));
			out_puts(o, "}}");
			comma = ",";
		}
		if (*comma)
			out_puts(o, "]}");
	}
}

static void sarif_fixes(struct out *o, const struct diag *g, const struct sources *s)
{
	const char *comma = "";

	out_puts(o, ",\"fixes\":[");
	vec_each (fix, &g->fixes) {
		out_printf(o, "%s{\"description\":{\"text\":", comma);
		out_json(o, fix->title);
		out_puts(o, "},\"artifactChanges\":[");
		sarif_changes(o, fix, s);
		out_puts(o, "]}");
		comma = ",";
	}
	out_char(o, ']');
}

/* The message, and behind it what the terminal form says below the excerpt. */
static void sarif_message(struct out *o, const struct diag *g)
{
	struct out text = out_growing(1 << 20);

	out_str(&text, g->message);
	vec_each (note, &g->notes)
		out_printf(&text, "\nnote: %.*s", STR_ARG(*note));
	vec_each (help, &g->helps)
		out_printf(&text, "\nhelp: %.*s", STR_ARG(*help));
	out_puts(o, "\"message\":{\"text\":");
	out_json(o, out_get(&text));
	out_char(o, '}');
	out_free(&text);
}

static void sarif_related(struct out *o, const struct diag *g, const struct sources *s)
{
	const char *comma = "";

	out_puts(o, ",\"relatedLocations\":[");
	vec_each (label, &g->labels) {
		if (!sources_get(s, label->span.source))
			continue;
		out_puts(o, comma);
		sarif_location(o, s, label->span, label->text);
		comma = ",";
	}
	out_char(o, ']');
}

static void sarif_result(struct out *o, const struct diag *g, const struct sources *s, uint32_t rule)
{
	char id[16];

	out_printf(o, "{\"ruleId\":\"%s\",\"ruleIndex\":%u,\"level\":\"%s\",", sarif_rule_id(id, g->code), rule,
		   sarif_level(g->severity));
	sarif_message(o, g);
	out_puts(o, ",\"locations\":[");
	if (sources_get(s, g->span.source))
		sarif_location(o, s, g->span, g->label);
	out_char(o, ']');
	sarif_related(o, g, s);
	if (g->fixes.n)
		sarif_fixes(o, g, s);
	if (g->haproxy.len) {
		out_puts(o, ",\"properties\":{\"haproxy\":");
		out_json(o, g->haproxy);
		out_char(o, '}');
	}
	out_char(o, '}');
}

static void sarif_rule(struct out *o, enum diag_code code)
{
	const struct diag_code_info *info = diag_code_info(code);
	const struct explanation *e = explanation_get(code);
	char id[16];

	out_printf(o, "{\"id\":\"%s\",\"name\":\"%s\",\"shortDescription\":{\"text\":", sarif_rule_id(id, code),
		   info->readable);
	out_json(o, str_from(info->summary));
	out_puts(o, "},\"help\":{\"text\":");
	out_json(o, str_from(e ? e->text : info->summary));
	out_printf(o, "},\"defaultConfiguration\":{\"level\":\"%s\"},\"properties\":{\"tags\":[\"%s\"]}}",
		   sarif_level(info->severity), diag_class_info(info->class)->readable);
}

/* The rules that occur, in the order of codes; index[code] gets the place of each. */
static void sarif_rules(struct out *o, const struct diags *d, uint32_t *index)
{
	bool occurs[D_COUNT] = {false};
	uint32_t n = 0;

	vec_each (g, &d->list)
		occurs[(*g)->code] = true;
	for (enum diag_code code = 0; code < D_COUNT; code++) {
		if (!occurs[code])
			continue;
		if (n)
			out_char(o, ',');
		index[code] = n++;
		sarif_rule(o, code);
	}
}

void render_sarif(struct out *o, const struct diags *d, const struct sources *s,
		  const struct render_options *options)
{
	uint32_t index[D_COUNT] = {0};
	const char *comma = "";

	out_printf(o, "{\"$schema\":\"%s\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{",
		   sarif_schema);
	out_printf(o, "\"name\":\"lbcheck\",\"version\":\"%s\",\"rules\":[",
		   options->version ? options->version : "0");
	sarif_rules(o, d, index);
	out_puts(o, "]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[");
	vec_each (g, &d->list) {
		out_puts(o, comma);
		sarif_result(o, *g, s, index[(*g)->code]);
		comma = ",\n";
	}
	out_puts(o, "]}]}\n");
}
