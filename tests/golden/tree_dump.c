/* tree_dump FILE.cfg: the expanded tree of a configuration as text, and what was reported on the way. For the
 * golden tests of the front end. The environment that the configuration sees is in FILE.env, if there is one,
 * with one NAME=value a line; HAPROXY_COMPAT in it is the version whose rules apply (206). TREE_DUMP=haproxy in
 * the process's own environment prints the diagnostics alone, as HAProxy would; TREE_DUMP=size the memory
 * taken. */
#include <stdio.h>
#include <stdlib.h>

#include "grammar/expand.h"
#include "grammar/render.h"
#include "grammar/section.h"

static void dump_bytes(struct out *o, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c < ' ' || c == 0x7f || c == '|' || c == '\\')
			out_printf(o, "\\x%02x", c);
		else
			out_char(o, (char)c);
	}
}

/* text{flags}@column+length */
static void dump_word(struct out *o, const struct tree *tree, const struct sources *s, const struct word *w)
{
	const struct word *address = word_as_address(tree, w);

	dump_bytes(o, w->text);
	out_printf(o, "{%s%s%s%s}", w->flags & WORD_QUOTED ? "q" : "", w->flags & WORD_ENV ? "e" : "",
		   w->flags & WORD_ENV_UNSET ? "u" : "", w->flags & WORD_ESCAPED ? "x" : "");
	out_printf(o, "@%u+%u", sources_position(s, w->span.source, w->span.off).column, w->span.len);
	if (address != w) {
		out_puts(o, " address=");
		dump_bytes(o, address->text);
	}
}

static void dump_line(struct out *o, const struct tree *tree, const struct sources *s, const struct line *line)
{
	out_printf(o, "%u:%s", sources_position(s, line->span.source, line->span.off).line,
		   line->poisoned ? " POISONED" : "");
	for (uint32_t i = 0; i < line->nwords; i++) {
		out_puts(o, i ? " | " : " ");
		dump_word(o, tree, s, &line->words[i]);
	}
	out_char(o, '\n');
}

static void dump_tree(struct out *o, const struct tree *tree, const struct sources *s)
{
	vec_each (section, &tree->sections) {
		out_printf(o, "section %s\n", (*section)->kind ? (*section)->kind->name.ptr : "none");
		if ((*section)->header)
			dump_line(o, tree, s, (*section)->header);
		vec_each (line, &(*section)->lines) {
			out_char(o, '\t');
			dump_line(o, tree, s, *line);
		}
	}
}

/* The lines of FILE.env as a list ended by NULL. */
static const char *const *read_environment(struct arena *a, const char *path)
{
	VEC(const char *) list = {0};
	struct sources file = {.arena = a};
	struct str name = str_from(path), text;
	uint32_t source;

	name = arena_printf(a, "%.*s.env", (int)(str_ends(name, STR(".cfg")) ? name.len - 4 : name.len), path);
	source = sources_add_file(&file, name.ptr);
	text = source ? sources_get(&file, source)->text : STR("");
	for (size_t end; text.len; text = str_tail(text, end + 1)) {
		end = str_chr(text, '\n');
		*vec_push(a, &list) = arena_str(a, str_sub(text, 0, end)).ptr;
	}
	*vec_push(a, &list) = NULL;
	return list.v;
}

static int compat_of(const char *const *list)
{
	for (; *list; list++)
		if (strncmp(*list, "HAPROXY_COMPAT=", 15) == 0)
			return atoi(*list + 15);
	return 206;
}

static void print(const char *mode, const struct compile *c)
{
	struct render_options render = {.haproxy = true};
	struct out o = out_growing(1u << 30);

	diags_sort(c->diags);
	if (!mode) {
		dump_tree(&o, c->tree, c->sources);
		render_text(&o, c->diags, c->sources, &render);
	} else if (strcmp(mode, "haproxy") == 0) {
		render_haproxy(&o, c->diags, c->sources, &render);
	} else {
		out_printf(&o, "%zu bytes\n", arena_size(c->arena));
	}
	if (o.len)
		fwrite(o.buf, 1, o.len, stdout);
	out_free(&o);
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct sources sources = {.arena = arena};
	struct diags diags = {.arena = arena};
	struct tree tree = {0};
	struct load_options options = {0};
	struct compile c = {
		.arena = arena, .sources = &sources, .diags = &diags, .tree = &tree, .options = &options};
	uint32_t source = argc == 2 ? sources_add_file(&sources, argv[1]) : 0;
	uint32_t errors;

	if (!source) {
		fputs("usage: tree_dump FILE.cfg\n", stderr);
		return 2;
	}
	options.environ = read_environment(arena, argv[1]);
	options.compat = compat_of(options.environ);
	expand_source(expand_new(&c), source);
	print(getenv("TREE_DUMP"), &c);
	errors = diags.errors;
	arena_free(&arena);
	return errors ? 1 : 0;
}
