/* The language server's answers about one document: diagnostics, hover, completion, definitions, repairs. One
 * thread. */
#include "tools/lbcheck_lsp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* UTF-16 units of a UTF-8 text: one for each character, two for those of four bytes. */
static size_t utf16_length(const char *text, size_t len)
{
	size_t units = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		units += (c & 0xc0) != 0x80;
		units += c >= 0xf0;
	}
	return units;
}

static size_t utf16_offset(const char *text, size_t len, size_t units)
{
	size_t i = 0;

	while (i < len && units) {
		size_t start = i++;

		while (i < len && ((unsigned char)text[i] & 0xc0) == 0x80)
			i++;
		units -= units > 1 && (unsigned char)text[start] >= 0xf0 ? 2 : 1;
	}
	return i;
}

static size_t line_length(const char *line, const char *end)
{
	const char *stop = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
	size_t len = (size_t)((stop ? stop : end) - line);

	return len && line[len - 1] == '\r' ? len - 1 : len;
}

static struct lsp_cursor cursor_at_line(const struct lsp_document *d, uint32_t number)
{
	struct lsp_cursor c = {.line = d->text};
	const char *end = d->text + d->len, *next;

	while (c.number < number && c.line < end && (next = memchr(c.line, '\n', (size_t)(end - c.line)))) {
		c.line = next + 1;
		c.number++;
	}
	c.len = line_length(c.line, end);
	return c;
}

struct lsp_cursor lsp_cursor(const struct lsp_document *d, const json_t *position)
{
	json_int_t line = json_integer_value(json_object_get(position, "line"));
	json_int_t character = json_integer_value(json_object_get(position, "character"));
	struct lsp_cursor c = cursor_at_line(d, line < 0 || line > UINT32_MAX ? 0 : (uint32_t)line);

	c.at = utf16_offset(c.line, c.len, character < 0 ? 0 : (size_t)character);
	return c;
}

static json_t *position_of(const struct lsp_document *d, size_t offset)
{
	const char *line = d->text, *at = d->text + (offset < d->len ? offset : d->len), *next;
	json_int_t number = 0;

	while (line < at && (next = memchr(line, '\n', (size_t)(at - line)))) {
		line = next + 1;
		number++;
	}
	return json_pack("{s:I, s:I}", "line", number, "character",
			 (json_int_t)utf16_length(line, (size_t)(at - line)));
}

json_t *lsp_range(const struct lsp_document *d, uint32_t offset, uint32_t length)
{
	return json_pack("{s:o, s:o}", "start", position_of(d, offset), "end",
			 position_of(d, (size_t)offset + length));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

size_t lsp_word(const struct lsp_cursor *c, const char **word)
{
	size_t start = c->at, end = c->at;

	while (start && !is_blank(c->line[start - 1]))
		start--;
	while (end < c->len && !is_blank(c->line[end]))
		end++;
	*word = c->line + start;
	return end - start;
}

const struct lbconf_section *lsp_section(const struct lsp_document *d, uint32_t line)
{
	const struct lbconf_section *section, *found = NULL;

	for (size_t i = 0; (section = lbconf_section_get(d->conf, i)); i++)
		if (lbconf_section_place(section).line <= line + 1 &&
		    (!found || lbconf_section_place(section).line > lbconf_section_place(found).line))
			found = section;
	return found;
}

static json_t *related(const struct lsp_document *d, const struct lbconf_diag *diag)
{
	json_t *list = json_array();
	struct lbconf_place at;
	const char *label;

	for (size_t i = 0; (label = lbconf_diag_label(diag, i, &at)); i++)
		json_array_append_new(list, json_pack("{s:{s:s, s:o}, s:s}", "location", "uri", d->uri, "range",
						      lsp_range(d, at.offset, at.length), "message", label));
	return list;
}

/* Messages may quote bytes that are no UTF-8 (from \xHH): these become question marks. */
static json_t *string_of(const char *text)
{
	json_t *string = json_string(text);
	char *copy = string ? NULL : strdup(text);

	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	if (copy)
		string = json_string(copy);
	free(copy);
	return string;
}

/* The message with notes and helps below. */
static json_t *message_of(const struct lbconf_diag *diag)
{
	json_t *text = string_of(lbconf_diag_message(diag)), *longer;
	const char *more;

	for (size_t i = 0; (more = lbconf_diag_note(diag, i)); i++) {
		longer = json_sprintf("%s\n%s", json_string_value(text), more);
		json_decref(text);
		text = longer;
	}
	for (size_t i = 0; (more = lbconf_diag_help(diag, i)); i++) {
		longer = json_sprintf("%s\nhelp: %s", json_string_value(text), more);
		json_decref(text);
		text = longer;
	}
	return text;
}

static json_t *diagnostic(const struct lsp_document *d, const struct lbconf_diag *diag)
{
	static const int severities[] = {[LBCONF_NOTE] = 3, [LBCONF_WARNING] = 2, [LBCONF_ERROR] = 1};
	struct lbconf_place at = lbconf_diag_place(diag);

	return json_pack("{s:o, s:i, s:s, s:s, s:o, s:o}", "range", lsp_range(d, at.offset, at.length),
			 "severity", severities[lbconf_diag_severity(diag)], "code", lbconf_diag_code(diag),
			 "source", "lbcheck", "message", message_of(diag), "relatedInformation",
			 related(d, diag));
}

json_t *lsp_diagnostics(const struct lsp_document *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lbconf_diag_count(d->conf); i++)
		json_array_append_new(list, diagnostic(d, lbconf_diag_get(d->conf, i)));
	return list;
}

/* On the first word of a line, what the line does; on another one, what that is. */
json_t *lsp_hover(const struct lsp_document *d, const json_t *position)
{
	struct lsp_cursor c = lsp_cursor(d, position);
	const char *word;
	size_t len = lsp_word(&c, &word), before = 0;
	char name[128] = "";
	struct lbconf_text text = {0};
	json_t *answer = NULL;

	while (before < c.len && is_blank(c.line[before]))
		before++;
	if (len && len < sizeof(name) && word > c.line + before) {
		memcpy(name, word, len);
		text = lbconf_explain(name);
	}
	if (!text.len) {
		lbconf_text_free(&text);
		text = lbconf_explain_line(d->conf, d->uri, c.number + 1);
	}
	if (text.len)
		answer = json_pack("{s:{s:s, s:s}}", "contents", "kind", "plaintext", "value", text.text);
	lbconf_text_free(&text);
	return answer;
}

static void offer(json_t *list, const char *label, size_t len, const char *detail)
{
	json_array_append_new(list, json_pack("{s:s#, s:s}", "label", label, (int)len, "detail", detail));
}

/* Words of a kind that go on from what stands before the cursor: the next word of each. */
static void offer_words(json_t *list, const char *kind, const char *before, size_t len)
{
	const char *name, *is, *arguments, *summary;
	char last[128] = "";

	for (size_t i = 0; (name = lbconf_word(i, &is, &arguments, &summary)); i++) {
		size_t rest;

		if (strcmp(is, kind) != 0 || strncmp(name, before, len) != 0 || !name[len])
			continue;
		rest = strcspn(name + len, " ");
		if (rest < sizeof(last) && strncmp(last, name + len, rest) == 0 && !last[rest])
			continue; /* "timeout", once */
		snprintf(last, sizeof(last), "%.*s", (int)rest, name + len);
		offer(list, name + len, rest, name[len + rest] ? "" : summary);
	}
}

static void offer_sections(json_t *list, const struct lsp_document *d)
{
	const struct lbconf_section *s;

	for (size_t i = 0; (s = lbconf_section_get(d->conf, i)); i++)
		if (strcmp(lbconf_section_kind(s), "backend") == 0 ||
		    strcmp(lbconf_section_kind(s), "listen") == 0)
			offer(list, lbconf_section_name(s), strlen(lbconf_section_name(s)),
			      lbconf_section_kind(s));
}

static void offer_acls(json_t *list, const struct lbconf_section *section)
{
	const struct lbconf_setting *setting;

	for (size_t i = 0; section && (setting = lbconf_setting_get(section, i)); i++)
		if (strcmp(lbconf_setting_keyword(setting), "acl") == 0)
			offer(list, lbconf_setting_key(setting) + 4, strlen(lbconf_setting_key(setting) + 4),
			      lbconf_setting_value(setting));
}

/* What stands on the line before the word at the cursor, with one blank between words and behind. */
static size_t words_before(const struct lsp_cursor *c, char *before, size_t size, size_t *words)
{
	const char *word;
	size_t len = 0, end;

	lsp_word(c, &word);
	end = (size_t)(word - c->line);
	*words = 0;
	for (size_t i = 0; i < end;) {
		size_t start;

		while (i < end && is_blank(c->line[i]))
			i++;
		start = i;
		while (i < end && !is_blank(c->line[i]))
			i++;
		if (i == start || len + (i - start) + 2 > size)
			continue;
		memcpy(before + len, c->line + start, i - start);
		len += i - start;
		before[len++] = ' ';
		++*words;
	}
	before[len] = '\0';
	return len;
}

static bool starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The kind of the section's header as it is written above: `defaults` is none that the library resolves. */
static const char *kind_above(const struct lsp_document *d, uint32_t line, char *kind, size_t size)
{
	const struct lbconf_section *section = lsp_section(d, line);

	for (uint32_t n = line; n-- > 0;) {
		struct lsp_cursor c = cursor_at_line(d, n);
		size_t len = strcspn(c.line, " \t\r\n");

		if (c.len && !is_blank(c.line[0]) && len == 8 && strncmp(c.line, "defaults", 8) == 0) {
			snprintf(kind, size, "defaults");
			return kind;
		}
		if (section && lbconf_section_place(section).line == n + 1)
			break;
	}
	return section ? lbconf_section_kind(section) : "";
}

json_t *lsp_completion(const struct lsp_document *d, const json_t *position)
{
	struct lsp_cursor c = lsp_cursor(d, position);
	char before[512], above[32];
	size_t words, len = words_before(&c, before, sizeof(before), &words);
	const char *kind = kind_above(d, c.number, above, sizeof(above));
	json_t *list = json_array();

	if (strstr(before, " if ") || strstr(before, " unless "))
		offer_acls(list, lsp_section(d, c.number));
	if (strcmp(before, "use_backend ") == 0 || strcmp(before, "default_backend ") == 0)
		offer_sections(list, d);
	if (words == 1 && starts(before, "http-"))
		offer_words(list, "action", "", 0);
	if (starts(before, "server ") && words >= 3)
		offer_words(list, "server line", "", 0);
	if (starts(before, "default-server "))
		offer_words(list, "default-server line", "", 0);
	if (starts(before, "bind ") && words >= 2)
		offer_words(list, "bind line", "", 0);
	offer_words(list, kind, before, len);
	if (words == 0)
		offer_words(list, "section", "", 0);
	return list;
}

static json_t *location(const struct lsp_document *d, struct lbconf_place at)
{
	return json_pack("{s:s, s:o}", "uri", d->uri, "range", lsp_range(d, at.offset, at.length));
}

/* An ACL of the section, else a section of that name. */
json_t *lsp_definition(const struct lsp_document *d, const json_t *position)
{
	struct lsp_cursor c = lsp_cursor(d, position);
	const struct lbconf_section *section = lsp_section(d, c.number);
	const struct lbconf_setting *setting;
	const char *word;
	size_t len = lsp_word(&c, &word);
	json_t *list = json_array();

	if (len && *word == '!') {
		word++;
		len--;
	}
	for (size_t i = 0; section && (setting = lbconf_setting_get(section, i)); i++) {
		const char *key = lbconf_setting_key(setting);

		if (starts(key, "acl ") && strlen(key + 4) == len && strncmp(key + 4, word, len) == 0)
			json_array_append_new(list, location(d, lbconf_setting_place(setting)));
	}
	for (size_t i = 0; !json_array_size(list) && (section = lbconf_section_get(d->conf, i)); i++)
		if (len && strlen(lbconf_section_name(section)) == len &&
		    strncmp(lbconf_section_name(section), word, len) == 0)
			json_array_append_new(list, location(d, lbconf_section_place(section)));
	return list;
}

static json_t *action(const struct lsp_document *d, const struct lbconf_diag *diag, size_t i)
{
	json_t *edits = json_array();
	struct lbconf_place at;
	const char *text;
	bool certain = false;
	const char *title = lbconf_diag_fix(diag, i, &certain);

	for (size_t k = 0; (text = lbconf_diag_edit(diag, i, k, &at)); k++)
		json_array_append_new(edits, json_pack("{s:o, s:s}", "range",
						       lsp_range(d, at.offset, at.length), "newText", text));
	return json_pack("{s:s, s:s, s:b, s:[o], s:{s:{s:o}}}", "title", title, "kind", "quickfix",
			 "isPreferred", certain, "diagnostics", diagnostic(d, diag), "edit", "changes", d->uri,
			 edits);
}

/* The repairs of what was found on the lines of a range. */
json_t *lsp_actions(const struct lsp_document *d, const json_t *range)
{
	json_int_t from = json_integer_value(json_object_get(json_object_get(range, "start"), "line"));
	json_int_t to = json_integer_value(json_object_get(json_object_get(range, "end"), "line"));
	json_t *list = json_array();
	bool certain;

	for (size_t i = 0; i < lbconf_diag_count(d->conf); i++) {
		const struct lbconf_diag *diag = lbconf_diag_get(d->conf, i);
		json_int_t line = (json_int_t)lbconf_diag_place(diag).line - 1;

		if (line < from || line > to)
			continue;
		for (size_t k = 0; lbconf_diag_fix(diag, k, &certain); k++)
			json_array_append_new(list, action(d, diag, k));
	}
	return list;
}

json_t *lsp_formatting(const struct lsp_document *d)
{
	struct lbconf_fixes *fixes = lbconf_format(d->conf);
	json_t *list = json_array();

	if (fixes && lbconf_fixes_touch(fixes, 0)) {
		struct lbconf_text text = lbconf_fixes_text(fixes, 0);

		if (text.text)
			json_array_append_new(list, json_pack("{s:o, s:s}", "range",
							      lsp_range(d, 0, (uint32_t)d->len), "newText",
							      text.text));
		lbconf_text_free(&text);
	}
	lbconf_fixes_free(fixes);
	return list;
}
