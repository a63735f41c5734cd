/* Map files of converters (manual, "map_<match>_<output>"): keys with values of one type, read once per file
 * and matching method. Lives in the model's arena. One thread. */
#include "grammar/pattern.h"
#include "grammar/sample.h"
#include "grammar/value_parse.h"

static bool value_read(enum smp_type type, struct str text, struct map_value *value)
{
	if (type == SMP_SINT)
		return str_to_i64(text, &value->sint);
	if (type == SMP_ADDR)
		return value_parse_address(text, &value->net);
	return true;
}

/* One line of the file. */
static bool map_line(struct pattern_reader *r, const struct sample_call *call, struct span span,
		     struct str line, pattern_vec *keys, struct map_value *value, enum smp_type type)
{
	struct str text, key = pattern_map_key(line, &text);
	struct diag *g;

	*value = (struct map_value){.text = arena_str(r->c->model->arena, text)};
	if (!value_read(type, text, value)) {
		g = diag_add(r->c->diags, D_PATTERN_VALUE, span, "`%.*s` is no value of this map",
			     STR_ARG(text));
		diag_note(r->c->diags, g, "`%s` gives values of type %s", call->name, smp_type_name(type));
		lang_haproxy(r->c, g, r->scope,
			     "%.*sinvalid args in converter '%s' : unable to parse '%.*s'%.*s%.*s",
			     STR_ARG(call->reader->haproxy_head), call->name, STR_ARG(text),
			     STR_ARG(r->haproxy_tail), STR_ARG(call->reader->haproxy_tail));
		return false;
	}
	if (r->method == MATCH_INT)
		return pattern_read_number(r, key, span, NULL, keys);
	return pattern_read(r, key, span, vec_push(r->c->model->arena, keys));
}

static bool map_read(const struct sample_call *call, struct map_conf *map, struct span span)
{
	struct compile *c = call->reader->c;
	struct pattern_reader r = {.c = c, .scope = call->reader->scope, .method = map->method};
	struct pattern_lines lines = {0};
	pattern_vec keys = {0};
	VEC(struct map_value) values = {0};
	uint32_t errors = c->diags->errors;
	struct str line;

	if (!lang_read_file(c, map->path, span, r.scope, &lines.rest))
		return c->diags->errors == errors;
	while (pattern_next_line(&lines, &line)) {
		r.haproxy_tail =
			arena_printf(c->arena, " at line %u of file '%.*s'", lines.line, STR_ARG(map->path));
		if (!map_line(&r, call, span, line, &keys, vec_push(c->model->arena, &values), map->type))
			return false;
	}
	map->patterns = keys.v;
	map->values = values.v;
	map->n = keys.n;
	return true;
}

const struct map_conf *map_load(const struct sample_call *call, enum match_method method, struct str path,
				struct span span)
{
	struct compile *c = call->reader->c;
	enum smp_type type = conv_row(call->id)->out;
	struct str key = arena_printf(c->arena, "%d %d %.*s", (int)method, (int)type, STR_ARG(path));
	struct map_conf *map = map_get(&lang_state(c)->maps, key);

	if (map)
		return map;
	map = ARENA_NEW(c->model->arena, struct map_conf);
	map->path = arena_str(c->model->arena, path);
	map->method = method;
	map->type = type;
	map->id = c->model->maps.n;
	if (!map_read(call, map, span))
		return NULL;
	*vec_push(c->model->arena, &c->model->maps) = map;
	map_put(c->arena, &lang_state(c)->maps, key, map);
	return map;
}
