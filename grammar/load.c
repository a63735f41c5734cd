/* The pipeline: files, raw lines, tree, model. All memory is two arenas, the tree's and the model's; when
 * either runs out, the compilation is given up at one place, here, and a diagnostic is all that is left of it.
 */
#include "grammar/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/check.h"
#include "grammar/expand.h"
#include "grammar/source_list.h"

/* One compilation on its way. */
struct load {
	struct loaded *result;
	struct compile c;
	const char *const *paths; /* n of them; or the text */
	size_t n;
	struct str name, text;
	jmp_buf no_memory;
};

static void report_unreadable(struct load *l, const char *path, int error)
{
	struct diag *g = diag_add(l->c.diags, D_FILE_UNREADABLE, SPAN_NONE, "cannot read `%s`: %s", path,
				  strerror(error));

	diag_haproxy_unplaced(l->c.diags, g, "Cannot open configuration file/directory %s : %s", path,
			      strerror(error));
}

static void load_path(struct load *l, struct source_list *list, const char *path)
{
	uint32_t found;

	if (!source_list_add(l->c.arena, list, l->c.options->work_dir, path, &found)) {
		report_unreadable(l, path, errno);
	} else if (!found) {
		struct diag *g =
			diag_add(l->c.diags, D_DIRECTORY_EMPTY, SPAN_NONE, "no configuration in `%s`", path);
		diag_note(l->c.diags, g,
			  "of a directory, the files are read whose names end in .cfg and do not start with a "
			  "dot");
	}
}

/* A text with a line of this length is no configuration, and what is built from lines has bounds. */
enum { LINE_MAX_LENGTH = 1 << 20 };

/* The offset of the first line that is longer; SIZE_MAX: there is none. */
static size_t long_line_find(struct str text)
{
	const char *p = text.ptr, *end = p + text.len;

	while (end - p > LINE_MAX_LENGTH) {
		const char *lf = memchr(p, '\n', LINE_MAX_LENGTH + 1);

		if (!lf)
			return (size_t)(p - text.ptr);
		p = lf + 1;
	}
	return SIZE_MAX;
}

static void source_expand(struct load *l, struct expand *x, uint32_t source)
{
	size_t off = long_line_find(sources_get(l->c.sources, source)->text);
	struct diag *g;

	if (off == SIZE_MAX) {
		expand_source(x, source);
		return;
	}
	g = diag_add(l->c.diags, D_LINE_LENGTH, (struct span){source, (uint32_t)off, 0},
		     "this line has more than a megabyte");
	diag_note(l->c.diags, g, "the rest of the file is not looked at");
}

static void load_sources(struct load *l, struct expand *x)
{
	struct source_list list = {0};
	uint32_t source;

	if (!l->paths) {
		source_expand(l, x, sources_add(l->c.sources, l->name, l->text, true));
		return;
	}
	for (size_t i = 0; i < l->n; i++)
		load_path(l, &list, l->paths[i]);
	vec_each (file, &list.files) {
		source = sources_add_file_as(l->c.sources, file->name, file->path);
		if (source)
			source_expand(l, x, source);
		else
			report_unreadable(l, file->name, errno);
	}
}

/* For env(): what the process was started with, as the lines have changed it. */
static void keep_environment(struct model *m, const struct env *env)
{
	for (uint32_t i = 0; i < env->vars.size; i++) {
		const struct map_slot *slot = &env->vars.slots[i];
		const struct str *value = slot->value ? env_get(env, slot->key) : NULL;
		struct str *copy;

		if (!value)
			continue;
		copy = ARENA_NEW(m->arena, struct str);
		*copy = arena_str(m->arena, *value);
		map_put(m->arena, &m->environment, arena_str(m->arena, slot->key), copy);
	}
}

static void load_run(struct load *l)
{
	struct expand *x = expand_new(&l->c);

	load_sources(l, x);
	if (check_tree(&l->c))
		keep_environment(l->c.model, expand_env(x));
	else
		model_release(&l->c.model);
	diags_sort(l->c.diags);
}

/* Nothing is known any more but that it was too much. A fresh arena holds the message. */
static void load_give_up(struct loaded *r)
{
	arena_free(&r->arena);
	r->arena = arena_new();
	r->sources = (struct sources){.arena = r->arena};
	r->diags = (struct diags){.arena = r->arena};
	r->tree = (struct tree){0};
	if (r->arena)
		diag_add(&r->diags, D_OUT_OF_MEMORY, SPAN_NONE, "out of memory");
	else
		r->diags.errors = 1;
}

static void load_guarded(struct load *l)
{
	struct loaded *r = l->result;

	if (!l->c.model || setjmp(l->no_memory)) {
		model_release(&l->c.model);
		load_give_up(r);
		return;
	}
	arena_catch(r->arena, &l->no_memory);
	arena_catch(l->c.model->arena, &l->no_memory);
	load_run(l);
	arena_catch(r->arena, NULL);
	if (l->c.model)
		arena_catch(l->c.model->arena, NULL);
	r->model = l->c.model;
}

static struct loaded *load_start(struct load *l, const struct load_options *options)
{
	struct loaded *r = calloc(1, sizeof(*r));

	if (!r || !(r->arena = arena_new())) {
		free(r);
		return NULL;
	}
	arena_limit(r->arena, options->memory);
	r->sources.arena = r->arena;
	r->diags.arena = r->arena;
	l->result = r;
	l->c = (struct compile){
		.arena = r->arena,
		.sources = &r->sources,
		.diags = &r->diags,
		.tree = &r->tree,
		.model = model_new(options->compat),
		.options = options,
	};
	if (l->c.model && options->unverified_ok)
		l->c.model->global.ssl_server_verify = 1;
	load_guarded(l);
	return r;
}

struct loaded *load_files(const char *const *paths, size_t n, const struct load_options *options)
{
	struct load l = {.paths = paths, .n = n};

	return load_start(&l, options);
}

struct loaded *load_text(struct str name, struct str text, const struct load_options *options)
{
	struct load l = {.name = name, .text = text};

	return load_start(&l, options);
}

void loaded_free(struct loaded **l)
{
	if (!l || !*l)
		return;
	model_release(&(*l)->model);
	arena_free(&(*l)->arena);
	free(*l);
	*l = NULL;
}
