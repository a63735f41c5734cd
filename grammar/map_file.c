/* Map files of converters (manual, "map_<match>_<output>"): their lines are read once per name, and checked
 * once per matching method and type of the values. Lives in the model's arena. One thread. */
#include "grammar/pattern.h"
#include "grammar/sample.h"
#include "grammar/value_parse.h"

static bool value_is_good(enum smp_type type, struct str text)
{
	struct ip_net net;
	int64_t number;

	if (type == SMP_SINT)
		return str_to_i64(text, &number);
	return type != SMP_ADDR || value_parse_address(text, &net);
}

static bool values_check(const struct sample_call *call, const struct map_conf *map, struct span span)
{
	struct compile *c = call->reader->c;
	const struct pattern_file *file = map->file;
	struct diag *g;

	for (uint32_t i = 0; i < file->lines.n; i++) {
		struct str text = file->lines.v[i].value;

		if (value_is_good(map->type, text))
			continue;
		g = diag_add(c->diags, D_PATTERN_VALUE, span, "`%.*s` is no value of this map", STR_ARG(text));
		diag_note(c->diags, g, "`%s` gives values of type %s", call->name, smp_type_name(map->type));
		lang_haproxy(c, g, call->reader->scope,
			     "%.*sinvalid args in converter '%s' : unable to parse '%.*s' at line %u of file "
			     "'%.*s'%.*s",
			     STR_ARG(call->reader->haproxy_head), call->name, STR_ARG(text),
			     file->lines.v[i].line, STR_ARG(file->path), STR_ARG(call->reader->haproxy_tail));
		return false;
	}
	return true;
}

const struct map_conf *map_load(const struct sample_call *call, enum match_method method, struct str path,
				struct span span)
{
	struct compile *c = call->reader->c;
	struct pattern_reader r = {.c = c, .scope = call->reader->scope, .method = method};
	enum smp_type type = conv_row(call->id)->out;
	struct str key = arena_printf(c->arena, "%d %d %.*s", (int)method, (int)type, STR_ARG(path));
	struct map_conf *map = map_get(&lang_state(c)->maps, key);
	struct pattern_file *file = pattern_file_use(c, path, span, r.scope, true);

	if (map || !file)
		return map;
	map = ARENA_NEW(c->model->arena, struct map_conf);
	*map = (struct map_conf){.file = file, .method = method, .type = type, .id = c->model->maps.n};
	if (!values_check(call, map, span) || !pattern_file_check(&r, file, span))
		return NULL;
	*vec_push(c->model->arena, &c->model->maps) = map;
	map_put(c->arena, &lang_state(c)->maps, key, map);
	return map;
}
