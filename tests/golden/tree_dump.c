/* tree_dump FILE...: the expanded tree of configuration files as text, and what was reported on the way. For
 * the golden tests of the front end. The environment of the configuration is that of the process;
 * HAPROXY_COMPAT is the version (206). TREE_DUMP=haproxy prints the diagnostics alone as HAProxy would,
 * TREE_DUMP=size the memory taken. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
	const char *compat = getenv("HAPROXY_COMPAT"), *mode = getenv("TREE_DUMP");
	struct load_options options = {.compat = compat ? atoi(compat) : 206,
				       .environ = (const char *const *)environ};
	struct arena *arena = arena_new();
	struct sources sources = {.arena = arena};
	struct diags diags = {.arena = arena};
	struct tree tree = {0};
	struct compile c = {
		.arena = arena, .sources = &sources, .diags = &diags, .tree = &tree, .options = &options};
	struct expand *x = expand_new(&c);
	struct out o = out_growing(1u << 30);
	struct render_options render = {.haproxy = true};

	for (int i = 1; i < argc; i++) {
		uint32_t source = sources_add_file(&sources, argv[i]);
		if (!source)
			return 2;
		expand_source(x, source);
	}
	diags_sort(&diags);
	if (!mode) {
		dump_tree(&o, &tree, &sources);
		render_text(&o, &diags, &sources, &render);
	} else if (strcmp(mode, "haproxy") == 0) {
		render_haproxy(&o, &diags, &sources, &render);
	} else {
		out_printf(&o, "%zu bytes\n", arena_size(arena));
	}
	fwrite(o.buf, 1, o.len, stdout);
	out_free(&o);
	arena_free(&arena);
	return diags.errors ? 1 : 0;
}
