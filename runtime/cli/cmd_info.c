/* `show info`: what the process is and how it does (stats/info.h), as lines, typed lines or JSON. */
#include "runtime/cli/cli_call.h"
#include "runtime/stats/info.h"

enum info_kind { U32, U64, STR };
static const struct {
	const char *name, *tags, *description;
	int position;
	enum info_kind kind;
} rows[] = {
#define INFO(position, name, id, tags, kind, description) {name, tags, description, position, kind},
#include "runtime/stats/info.def"
#undef INFO
};

/* --- forms */

static void put_value(struct out *out, const struct info *v, int id)
{
	if (rows[id].kind == STR)
		out_str(out, v->text[id]);
	else if (v->exact && id == INFO_UPTIME_SEC)
		out_printf(out, "%f", v->uptime);
	else if (v->exact && id == INFO_START_TIME_SEC)
		out_printf(out, "%f", v->start);
	else
		out_printf(out, "%llu", (unsigned long long)v->number[id]);
}

/* Figures that `float` shows as such. */
static bool is_exact(int id)
{
	switch (id) {
	case INFO_UPTIME_SEC:
	case INFO_START_TIME_SEC:
	case INFO_CONNRATE:
	case INFO_SESSRATE:
	case INFO_SSLRATE:
	case INFO_SSLFRONTENDKEYRATE:
	case INFO_SSLFRONTENDSESSIONREUSE_PCT:
	case INFO_SSLBACKENDKEYRATE:
	case INFO_COMPRESSBPSIN:
	case INFO_COMPRESSBPSOUT:
		return true;
	default:
		return false;
	}
}

static const char *kind_name(const struct info *v, int id)
{
	if (v->exact && is_exact(id))
		return "flt";
	return rows[id].kind == STR ? "str" : rows[id].kind == U64 ? "u64" : "u32";
}

/* Two more are rates then. */
static const char *tags_of(const struct info *v, int id)
{
	bool rate = v->exact && (id == INFO_SSLFRONTENDKEYRATE || id == INFO_SSLFRONTENDSESSIONREUSE_PCT);

	return rate ? "MRP" : rows[id].tags;
}

static void put_description(struct out *out, int id, bool wanted)
{
	if (wanted)
		out_printf(out, ":\"%s\"", rows[id].description);
	out_char(out, '\n');
}

/* A description is left out when nobody set one. */
static bool is_shown(const struct info *v, int id)
{
	return id != INFO_DESCRIPTION || v->text[id].len;
}

/* persistence: the fourth tag that 3.4 has, or nothing. */
static void put_lines(struct out *out, const struct info *v, bool typed, const char *persistence, bool described)
{
	for (int id = 0; id < INFO_COUNT; id++) {
		if (!is_shown(v, id))
			continue;
		if (typed)
			out_printf(out, "%d.%s.1:%s%s:%s:", rows[id].position, rows[id].name, tags_of(v, id),
				   persistence, kind_name(v, id));
		else
			out_printf(out, "%s: ", rows[id].name);
		put_value(out, v, id);
		put_description(out, id, described);
	}
}

static const char *tag_word(char tag)
{
	static const struct {
		char tag;
		const char *word;
	} words[] = {{'M', "Metric"}, {'S', "Status"}, {'K', "Key"}, {'C', "Config"}, {'P', "Product"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].tag == tag)
			return words[i].word;
	return "";
}

static const char *nature_word(char tag)
{
	static const struct {
		char tag;
		const char *word;
	} words[] = {{'a', "Avg"},   {'C', "Counter"}, {'D', "Duration"}, {'G', "Gauge"},
		     {'L', "Limit"}, {'M', "Max"},     {'O', "Output"},   {'R', "Rate"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].tag == tag)
			return words[i].word;
	return "";
}

static void put_json(struct out *out, const struct info *v)
{
	const char *separator = "";

	out_char(out, '[');
	for (int id = 0; id < INFO_COUNT; id++) {
		const char *tags = tags_of(v, id);

		if (!is_shown(v, id))
			continue;
		out_printf(out,
			   "%s{\"field\":{\"pos\":%d,\"name\":\"%s\"},\"processNum\":1,\"tags\":{\"origin\":\"%"
			   "s\","
			   "\"nature\":\"%s\",\"scope\":\"%s\"},\"value\":{\"type\":\"%s\",\"value\":",
			   separator, rows[id].position, rows[id].name, tag_word(tags[0]), nature_word(tags[1]),
			   tags[2] == 'S' ? "Service" : "Process", kind_name(v, id));
		if (rows[id].kind == STR)
			out_json(out, v->text[id]);
		else
			put_value(out, v, id);
		out_puts(out, "}}");
		separator = ",";
	}
	out_puts(out, "]\n");
}

void cmd_show_info(struct cli_call *c)
{
	bool typed = false, json = false, described = false;
	struct info v = {.uptime = 0};

	for (uint32_t i = 2; i < c->n; i++) {
		typed = typed || str_is(c->words[i], "typed");
		json = json || str_is(c->words[i], "json");
		described = described || str_is(c->words[i], "desc");
		v.exact = v.exact || str_is(c->words[i], "float");
	}
	info_fill(&v, c->worker, c->generation);
	if (json)
		put_json(c->out, &v);
	else
		put_lines(c->out, &v, typed, c->process->compat > 206 ? "V" : "", described);
}
