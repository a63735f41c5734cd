/* The model as JSON: the same as model_dump() writes, with typed values. Times are milliseconds (those that
 * count seconds, seconds), sizes bytes. Pure, any thread. */
#include "grammar/model_dump.h"
#include "grammar/model_field.h"
#include "grammar/model_preset.h"

static void json_value(struct out *o, const struct keyword *row, const void *object)
{
	switch (row->kind) {
	case VAL_FLAG:
	case VAL_ON_OFF:
		out_puts(o, model_field_number(row, object) ? "true" : "false");
		break;
	case VAL_OPTION:
		out_puts(o, model_option_get(row, object) ? "true" : "false");
		break;
	case VAL_STRING:
	case VAL_FILE:
	case VAL_DIR:
		out_json(o, model_field_text(row, object));
		break;
	case VAL_CHOICE:
		out_json(o, model_choice(row, model_field_number(row, object)));
		break;
	default:
		out_printf(o, "%lld", (long long)model_field_number(row, object));
	}
}

/* "settings": those that differ from what holds without a line. */
static void json_settings(struct out *o, enum keyword_place place, const void *object, const void *preset)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);
	const char *comma = "";

	out_puts(o, "\"settings\":{");
	for (uint32_t i = 0; i < nareas; i++) {
		for (uint32_t j = 0; j < areas[i]->n; j++) {
			const struct keyword *row = &areas[i]->rows[j];

			if (!(row->in >> place & 1) || keyword_is_text(row) ||
			    row->flags & (KW_CLEARS | KW_REMOVED) || !model_field_differs(row, object, preset))
				continue;
			out_printf(o, "%s\"%s\":", comma, row->name);
			json_value(o, row, object);
			comma = ",";
		}
	}
	out_char(o, '}');
}

static void json_lines(struct out *o, const struct str *lines, uint32_t n)
{
	out_puts(o, ",\"lines\":[");
	for (uint32_t i = 0; i < n; i++) {
		out_puts(o, i ? "," : "");
		out_json(o, lines[i]);
	}
	out_char(o, ']');
}

static void json_pos(struct out *o, struct conf_pos pos, const struct model *m)
{
	if (!pos.source || pos.source > m->nsources)
		return;
	out_puts(o, ",\"file\":");
	out_json(o, m->source_names[pos.source - 1]);
	out_printf(o, ",\"line\":%u", pos.line);
}

/* What ends a bind or server line: its values, and the words that have no field. */
static void json_options(struct out *o, enum keyword_place place, const void *line, const void *preset, struct str words)
{
	out_char(o, ',');
	json_settings(o, place, line, preset);
	out_puts(o, ",\"words\":");
	out_json(o, str_trim(words.ptr ? words : STR("")));
	out_char(o, '}');
}

static void json_bind(struct out *o, const struct bind_conf *b, enum keyword_place place, const struct model *m)
{
	struct bind_conf preset;

	model_preset_bind(&preset);
	out_puts(o, "{\"address\":");
	out_json(o, b->addr.text);
	json_pos(o, b->pos, m);
	json_options(o, place, b, &preset, b->words);
}

static void json_server(struct out *o, const struct server_conf *s, const struct model *m)
{
	struct server_conf preset;

	model_preset_server(&preset);
	out_puts(o, "{\"name\":");
	out_json(o, s->name);
	out_puts(o, ",\"address\":");
	out_json(o, s->addr.text);
	json_pos(o, s->pos, m);
	json_options(o, PLACE_SERVER, s, &preset, s->words);
}

static void json_proxy(struct out *o, const struct proxy_conf *px, const struct model *m)
{
	static const enum keyword_place places[] = {
		[ROLE_FRONTEND] = PLACE_FRONTEND, [ROLE_BACKEND] = PLACE_BACKEND, [ROLE_LISTEN] = PLACE_LISTEN};
	struct proxy_conf preset;

	memset(&preset, 0, sizeof(preset));
	model_preset_proxy(&preset);
	out_printf(o, "{\"kind\":\"%s\",\"name\":", keyword_place_name(places[px->role]));
	out_json(o, px->name);
	json_pos(o, px->pos, m);
	out_char(o, ',');
	json_settings(o, places[px->role], px, &preset);
	if (px->role & ROLE_FRONTEND && px->default_backend) {
		out_puts(o, ",\"default_backend\":");
		out_json(o, px->default_backend->name);
	}
	out_puts(o, ",\"binds\":[");
	for (uint32_t i = 0; i < px->binds.n; i++) {
		out_puts(o, i ? "," : "");
		json_bind(o, px->binds.v[i], PLACE_BIND, m);
	}
	out_puts(o, "],\"servers\":[");
	for (uint32_t i = 0; i < px->servers.n; i++) {
		out_puts(o, i ? "," : "");
		json_server(o, px->servers.v[i], m);
	}
	out_char(o, ']');
	json_lines(o, px->lines.v, px->lines.n);
	out_char(o, '}');
}

void model_json(struct out *o, const struct model *m)
{
	struct global_conf preset;

	model_preset_global(&preset);
	out_puts(o, "{\"global\":{");
	json_settings(o, PLACE_GLOBAL, &m->global, &preset);
	out_puts(o, ",\"sockets\":[");
	for (uint32_t i = 0; i < m->global.stats_sockets.n; i++) {
		out_puts(o, i ? "," : "");
		json_bind(o, m->global.stats_sockets.v[i], PLACE_STATS_SOCKET, m);
	}
	out_char(o, ']');
	json_lines(o, m->global.lines.v, m->global.lines.n);
	out_puts(o, "},\"proxies\":[");
	for (uint32_t i = 0; i < m->proxies.n; i++) {
		out_puts(o, i ? ",\n" : "");
		json_proxy(o, m->proxies.v[i], m);
	}
	out_char(o, ']');
	json_lines(o, m->lines.v, m->lines.n);
	out_puts(o, "}\n");
}
