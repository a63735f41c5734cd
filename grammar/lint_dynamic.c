/* Lints: names of backends that are made while running (`use_backend %[...]`): those that no backend can have,
 * whatever the request; values of maps that name none; and no `default_backend` for what is left. One thread.
 */
#include <stdio.h>
#include <string.h>

#include "grammar/lint.h"
#include "grammar/rows.h"

/* Looking through all backends for one that fits is done this often; a name that none fits ends it. */
enum { SEARCHES = 100, NAME_SIZE = 512 };

/* What is known of a name: how it begins and ends, and what its only sample is, if it has but one. */
struct shape {
	struct str head, tail;
	const struct sample_expr *sample;
};

static struct shape shape_of(const struct logfmt *fmt)
{
	struct shape shape = {0};
	uint32_t samples = 0;

	for (uint32_t i = 0; i < fmt->n; i++) {
		const struct logfmt_node *node = &fmt->nodes[i];

		if (node->kind != LOGFMT_TEXT) {
			shape.sample = samples++ || node->kind != LOGFMT_SAMPLE ? NULL : node->sample;
			shape.tail = STR_NONE;
		} else if (!samples) {
			shape.head = i ? STR_NONE : node->text;
		} else {
			shape.tail = i + 1 == fmt->n ? node->text : STR_NONE;
		}
	}
	return shape;
}

/* Whether a value holds a slash, whatever the request; `*` of OPTIONS is no name either. */
static bool holds_slash(const struct sample_expr *e)
{
	static const uint16_t paths[] = {FETCH_PATH, FETCH_PATHQ, FETCH_URL, FETCH_BASE};
	bool found = false;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		found |= e->fetch == paths[i];
	for (uint32_t i = 0; i < e->nconvs; i++)
		found &= e->convs[i].conv == CONV_LOWER || e->convs[i].conv == CONV_UPPER;
	return found;
}

/* A backend whose name begins and ends like that. */
static bool some_backend(const struct checker *k, const struct shape *shape)
{
	for (uint32_t i = 0; i < k->backends.size; i++) {
		struct str name = k->backends.slots[i].key;

		if (k->backends.slots[i].value && name.len >= shape->head.len + shape->tail.len &&
		    str_starts(name, shape->head) && str_ends(name, shape->tail))
			return true;
	}
	return false;
}

static bool lint_never(struct checker *k, const struct switch_rule *s, const struct shape *shape)
{
	struct diag *g;

	if (shape->sample && holds_slash(shape->sample)) {
		g = diag_add(k->d, D_DYNAMIC_NEVER, lint_span(k, s->pos), "no backend can have such a name");
		diag_note(k->d, g, "`%.*s` holds a slash, which names of backends cannot",
			  STR_ARG(shape->sample->text));
		diag_help(k->d, g,
			  "`path,field(2,/)` is the first part of a path; a map turns paths into names");
		return true;
	}
	if ((!shape->head.len && !shape->tail.len) || some_backend(k, shape))
		return false;
	g = diag_add(k->d, D_DYNAMIC_NEVER, lint_span(k, s->pos), "no backend has such a name");
	if (shape->head.len && shape->tail.len)
		diag_note(k->d, g, "none begins with `%.*s` and ends in `%.*s`", STR_ARG(shape->head),
			  STR_ARG(shape->tail));
	else if (shape->head.len)
		diag_note(k->d, g, "none begins with `%.*s`", STR_ARG(shape->head));
	else
		diag_note(k->d, g, "none ends in `%.*s`", STR_ARG(shape->tail));
	diag_help(k->d, g, "whatever the request, the line does nothing");
	return true;
}

/* The map that gives a value, when a look-up in one is the last thing that happens to it. */
static const struct conv_call *last_map(const struct sample_expr *e)
{
	const struct conv_call *call = e && e->nconvs ? &e->convs[e->nconvs - 1] : NULL;
	const char *name = call ? conv_row(call->conv)->name : "";

	if (strncmp(name, "map", 3) || strstr(name, "_key") || call->conv == CONV_MAP_REGM || !call->nargs ||
	    call->args[0].type != ARG_MAP || call->args[0].map->type != SMP_STR)
		return NULL;
	return call;
}

static bool backend_exists(const struct checker *k, const struct shape *shape, struct str value)
{
	char name[NAME_SIZE];
	int n = snprintf(name, sizeof(name), "%.*s%.*s%.*s", STR_ARG(shape->head), STR_ARG(value),
			 STR_ARG(shape->tail));

	return n >= NAME_SIZE || map_get(&k->backends, str_make(name, (size_t)n));
}

static void lint_map(struct checker *k, const struct switch_rule *s, const struct shape *shape)
{
	const struct conv_call *call = last_map(shape->sample);
	const struct pattern_file *file = call ? call->args[0].map->file : NULL;
	const struct pattern_line *first = NULL;
	uint32_t more = 0;
	struct diag *g;

	for (uint32_t i = 0; file && i < file->lines.n; i++) {
		if (backend_exists(k, shape, file->lines.v[i].value))
			continue;
		more += first != NULL;
		first = first ? first : &file->lines.v[i];
	}
	if (!first)
		return;
	g = diag_add(k->d, D_DYNAMIC_VALUE, lint_span(k, s->pos), "no backend is named `%.*s%.*s%.*s`",
		     STR_ARG(shape->head), STR_ARG(first->value), STR_ARG(shape->tail));
	diag_note(k->d, g, "%.*s, line %u, says so for `%.*s`", STR_ARG(file->path), first->line,
		  STR_ARG(first->key));
	if (more)
		diag_note(k->d, g, "%u other line%s %s no backend either", more, more == 1 ? "" : "s",
			  more == 1 ? "names" : "name");
	diag_help(k->d, g, "the search goes on behind this line, as if nothing had been found");
}

static void lint_only(struct checker *k, const struct draft *d)
{
	uint32_t n = d->px->use_backend.n;
	struct diag *g;

	if (!n || !d->px->use_backend.v[n - 1].dynamic || d->px->default_backend || d->px->servers.n)
		return;
	g = diag_add(k->d, D_DYNAMIC_ONLY, lint_span(k, d->px->use_backend.v[n - 1].pos),
		     "a name without a backend gets the response 503");
	diag_help(k->d, g, "`default_backend` takes what is left");
}

void lint_dynamic(struct checker *k, const struct draft *d)
{
	if (!(d->px->role & ROLE_FRONTEND))
		return;
	lint_only(k, d);
	vec_each (s, &d->px->use_backend) {
		struct shape shape;

		if (!s->dynamic || k->dynamic_searches >= SEARCHES)
			continue;
		shape = shape_of(s->dynamic);
		k->dynamic_searches++;
		if (!lint_never(k, s, &shape))
			lint_map(k, s, &shape);
	}
}
