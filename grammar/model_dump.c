/* Writing a model down. Plain settings are read back through the registry's rows, at their offsets, and shown
 * when they differ from what holds without a line; listeners, servers and log targets have their own writers;
 * what is a language of its own comes from the words that the model keeps. Pure, any thread. */
#include "grammar/model_dump.h"
#include "grammar/model_field.h"

#include "grammar/keyword.h"
#include "grammar/model_preset.h"
#include "grammar/quote.h"

static const void *field_of(const struct keyword *row, const void *object)
{
	const void *at = row->part == PART_TLS	  ? (const void *)server_conf_tls(object)
			 : row->part == PART_RARE ? (const void *)server_conf_rare(object)
						  : object;

	return (const char *)at + row->offset;
}

int64_t model_field_number(const struct keyword *row, const void *object)
{
	const char *field = field_of(row, object);

	switch (row->size) {
	case 1:
		return *(const uint8_t *)field;
	case 2:
		return *(const uint16_t *)field;
	case 4:
		if (row->min < 0)
			return *(const int32_t *)(const void *)field;
		return *(const uint32_t *)(const void *)field;
	default:
		return *(const int64_t *)(const void *)field;
	}
}

bool model_option_get(const struct keyword *row, const void *object)
{
	return proxy_option_is_set(object, (enum proxy_option)row->offset);
}

struct str model_field_text(const struct keyword *row, const void *object)
{
	return *(const struct str *)field_of(row, object);
}

bool model_field_differs(const struct keyword *row, const void *object, const void *preset)
{
	if (row->kind == VAL_OPTION)
		return model_option_get(row, object);
	if (row->kind == VAL_STRING || row->kind == VAL_FILE || row->kind == VAL_DIR)
		return model_field_text(row, object).ptr &&
		       !str_eq(model_field_text(row, object), model_field_text(row, preset));
	return model_field_number(row, object) != model_field_number(row, preset);
}

/* The largest unit that divides. */
static void write_time(struct out *o, int64_t value, bool seconds)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
	int64_t ms = seconds ? value * 1000 : value;
	size_t i = 0;

	while (ms % units[i].ms != 0)
		i++;
	out_printf(o, "%lld%s", (long long)(ms / units[i].ms), ms ? units[i].unit : "");
}

struct str model_choice(const struct keyword *row, int64_t number)
{
	struct str rest = str_from(row->choices);

	for (int64_t i = row->min; i < number; i++)
		rest = str_tail(rest, str_chr(rest, '|') + 1);
	return str_sub(rest, 0, str_chr(rest, '|'));
}

static void write_value(struct out *o, const struct keyword *row, const void *object)
{
	if (row->kind == VAL_FLAG || row->kind == VAL_OPTION)
		return;
	out_char(o, ' ');
	switch (row->kind) {
	case VAL_STRING:
	case VAL_FILE:
	case VAL_DIR:
		quote_word(o, model_field_text(row, object));
		break;
	case VAL_TIME_MS:
	case VAL_TIME_S:
		write_time(o, model_field_number(row, object), row->kind == VAL_TIME_S);
		break;
	case VAL_CHOICE:
		out_str(o, model_choice(row, model_field_number(row, object)));
		break;
	case VAL_ON_OFF:
		out_puts(o, model_field_number(row, object) ? "on" : "off");
		break;
	default:
		out_printf(o, "%lld", (long long)model_field_number(row, object));
	}
}

/* Rows of one place that say something about the object: whole lines, or words with a blank before each. */
static void write_rows(struct out *o, enum keyword_place place, const void *object, const void *preset,
		       bool lines)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t i = 0; i < nareas; i++) {
		for (uint32_t j = 0; j < areas[i]->n; j++) {
			const struct keyword *row = &areas[i]->rows[j];

			if (!(row->in >> place & 1) || keyword_is_text(row) ||
			    row->flags & (KW_CLEARS | KW_REMOVED))
				continue;
			if (!model_field_differs(row, object, preset))
				continue;
			out_puts(o, lines ? "    " : " ");
			if (row->kind == VAL_FLAG && !model_field_number(row, object))
				out_puts(o, "no ");
			out_puts(o, row->name);
			write_value(o, row, object);
			if (lines)
				out_char(o, '\n');
		}
	}
}

static void write_bind(struct out *o, const struct bind_conf *b, const char *keyword, enum keyword_place place)
{
	struct bind_conf preset;

	model_preset_bind(&preset);
	out_printf(o, "    %s ", keyword);
	quote_word(o, b->addr.text);
	write_rows(o, place, b, &preset, false);
	out_str(o, b->words);
	out_char(o, '\n');
}

static void write_server(struct out *o, const struct server_conf *s)
{
	struct server_conf preset;

	model_preset_server(&preset);
	out_puts(o, "    server ");
	quote_word(o, s->name);
	out_char(o, ' ');
	quote_word(o, s->addr.text);
	write_rows(o, PLACE_SERVER, s, &preset, false);
	out_str(o, s->words);
	out_char(o, '\n');
}

static void write_log(struct out *o, const struct log_target *t)
{
	static const char *const formats[] = {"local", "rfc3164", "rfc5424", "priority",
					      "short", "timed",   "iso",     "raw"};
	static const char *const levels[] = {"emerg",   "alert",  "crit", "err",
					     "warning", "notice", "info", "debug"};
	static const char *const facilities[] = {"kern",   "user",   "mail",   "daemon", "auth",   "syslog",
						 "lpr",    "news",   "uucp",   "cron",   "auth2",  "ftp",
						 "ntp",    "audit",  "alert",  "cron2",  "local0", "local1",
						 "local2", "local3", "local4", "local5", "local6", "local7"};

	out_puts(o, "    log ");
	quote_word(o, t->addr.text);
	if (t->max_len != 1024)
		out_printf(o, " len %u", t->max_len);
	if (t->proto_given)
		out_printf(o, " format %s", formats[t->proto]);
	if (t->sample.len)
		out_printf(o, " sample %.*s", STR_ARG(t->sample));
	out_printf(o, " %s", facilities[t->facility]);
	if (t->max_level != 7 || t->min_level)
		out_printf(o, " %s", levels[t->max_level]);
	if (t->min_level)
		out_printf(o, " %s", levels[t->min_level]);
	out_char(o, '\n');
}

static void write_lines(struct out *o, const struct str *lines, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		out_printf(o, "    %.*s\n", STR_ARG(lines[i]));
}

static void write_global(struct out *o, const struct model *m)
{
	const struct global_conf *g = &m->global;
	struct global_conf preset;

	model_preset_global(&preset);
	out_puts(o, "global\n");
	write_rows(o, PLACE_GLOBAL, g, &preset, true);
	write_lines(o, g->lines.v, g->lines.n);
	for (uint32_t i = 0; i < g->stats_sockets.n; i++)
		write_bind(o, g->stats_sockets.v[i], "stats socket", PLACE_STATS_SOCKET);
	for (uint32_t i = 0; i < g->log_targets.n; i++)
		write_log(o, &g->log_targets.v[i]);
}

static void write_proxy(struct out *o, const struct proxy_conf *px)
{
	static const enum keyword_place places[] = {
		[ROLE_FRONTEND] = PLACE_FRONTEND, [ROLE_BACKEND] = PLACE_BACKEND, [ROLE_LISTEN] = PLACE_LISTEN};
	struct proxy_conf preset;

	memset(&preset, 0, sizeof(preset));
	model_preset_proxy(&preset);
	out_printf(o, "\n%s %.*s\n", keyword_place_name(places[px->role]), STR_ARG(px->name));
	write_rows(o, places[px->role], px, &preset, true);
	for (uint32_t i = 0; i < px->log_targets.n; i++)
		write_log(o, &px->log_targets.v[i]);
	for (uint32_t i = 0; i < px->binds.n; i++)
		write_bind(o, px->binds.v[i], "bind", PLACE_BIND);
	write_lines(o, px->lines.v, px->lines.n);
	if (px->role & ROLE_FRONTEND && px->default_backend)
		out_printf(o, "    default_backend %.*s\n", STR_ARG(px->default_backend->name));
	for (uint32_t i = 0; i < px->servers.n; i++)
		write_server(o, px->servers.v[i]);
}

void model_dump(struct out *o, const struct model *m)
{
	write_global(o, m);
	for (uint32_t i = 0; i < m->lines.n; i++)
		out_printf(o, "%.*s\n", STR_ARG(m->lines.v[i]));
	for (uint32_t i = 0; i < m->proxies.n; i++)
		write_proxy(o, m->proxies.v[i]);
}
