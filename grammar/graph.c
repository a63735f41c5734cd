/* The picture of a configuration, from its facts. Both languages get the same nodes and edges; nodes are named
 * by the numbers of their sections and settings. Pure, any thread. */
#include "grammar/graph.h"

#include "grammar/render_glyph.h"

enum node_kind { NODE_BIND, NODE_PROXY, NODE_SERVER, NODE_COMPUTED };

struct graph {
	struct out *o;
	const struct facts *f;
	bool mermaid;
	bool computed;        /* some rule computes the name of a backend */
	struct map receivers; /* name -> struct receiver */
};

/* A section that rules can send to. */
struct receiver {
	uint32_t index;
	bool reached;
};

/* Text within double quotes, printable. */
static void write_text(const struct graph *g, struct str text)
{
	struct out shown = out_growing(text.len * 12 + 64);

	glyph_print(&shown, text);
	for (size_t i = 0; i < shown.len; i++) {
		char c = shown.buf[i];

		if (g->mermaid && strchr("\"#<>[]{}|()", c))
			out_printf(g->o, "#%u;", (unsigned char)c);
		else if (!g->mermaid && (c == '"' || c == '\\'))
			out_printf(g->o, "\\%c", c);
		else
			out_char(g->o, c);
	}
	out_free(&shown);
}

/* Section number, and of what stands in it the setting's number + 1. */
static void write_name(const struct graph *g, uint32_t section, uint32_t setting)
{
	out_printf(g->o, setting ? "n%u_%u" : "n%u", section, setting);
}

static void node(const struct graph *g, uint32_t section, uint32_t setting, enum node_kind kind,
		 struct str text, bool dead)
{
	static const char *const dot[] = {"shape=cds", "shape=box,style=bold", "shape=ellipse",
					  "shape=diamond"};
	static const char *const open[] = {">\"", "[\"", "([\"", "{{\""}, *const close[] = {"\"]", "\"]",
											    "\"])", "\"}}"};

	out_puts(g->o, "    ");
	write_name(g, section, setting);
	out_puts(g->o, g->mermaid ? open[kind] : " [label=\"");
	write_text(g, text);
	if (g->mermaid)
		out_printf(g->o, "%s%s\n", close[kind], dead ? ":::dead" : "");
	else
		out_printf(g->o, "\",%s%s];\n", dot[kind], dead ? ",color=grey,fontcolor=grey" : "");
}

static void edge(const struct graph *g, uint32_t from, uint32_t from_setting, uint32_t to, uint32_t to_setting,
		 struct str text)
{
	out_puts(g->o, "    ");
	write_name(g, from, from_setting);
	if (g->mermaid && text.len) {
		out_puts(g->o, " -->|\"");
		write_text(g, text);
		out_puts(g->o, "\"| ");
	} else {
		out_puts(g->o, g->mermaid ? " --> " : " -> ");
	}
	write_name(g, to, to_setting);
	if (!g->mermaid && text.len) {
		out_puts(g->o, " [label=\"");
		write_text(g, text);
		out_puts(g->o, "\"]");
	}
	out_puts(g->o, g->mermaid ? "\n" : ";\n");
}

static bool row_is(const struct fact *fact, const char *name)
{
	return strcmp(fact->row->name, name) == 0;
}

static bool is_switch(const struct fact *fact)
{
	return row_is(fact, "use_backend") || row_is(fact, "default_backend");
}

/* The name that a rule sends to: its first word. */
static struct str target(const struct fact *fact)
{
	for (uint32_t i = 0; i + 1 < fact->line->nwords; i++)
		if (str_starts(fact->line->words[i].text, STR("use_backend")) ||
		    str_starts(fact->line->words[i].text, STR("default_backend")))
			return fact->line->words[i + 1].text;
	return STR_NONE;
}

static bool is_receiver(const struct fact_object *object)
{
	return object->place == PLACE_BACKEND || object->place == PLACE_LISTEN;
}

static bool is_reached(const struct graph *g, const struct fact_object *backend)
{
	const struct receiver *receiver = map_get(&g->receivers, backend->name);

	return g->computed || backend->place != PLACE_BACKEND || !receiver || receiver->reached;
}

/* Who can be sent to, and who is. */
static void receivers_find(struct graph *g)
{
	struct receiver *receiver;

	for (uint32_t i = 0; i < g->f->objects.n; i++) {
		const struct fact_object *object = g->f->objects.v[i];

		if (!is_receiver(object) || map_get(&g->receivers, object->name))
			continue;
		receiver = ARENA_NEW(g->f->arena, struct receiver);
		receiver->index = i;
		map_put(g->f->arena, &g->receivers, object->name, receiver);
	}
	vec_each (object, &g->f->objects) {
		vec_each (fact, &(*object)->facts) {
			if (!is_switch(fact))
				continue;
			receiver = map_get(&g->receivers, target(fact));
			if (receiver)
				receiver->reached = true;
			g->computed |= memmem(target(fact).ptr ? target(fact).ptr : "", target(fact).len, "%[",
					      2) != NULL;
		}
	}
}

/* `use_backend NAME if a b`: what stands behind the name. */
static struct str condition(const struct fact *fact)
{
	size_t blank = str_chr(fact->value, ' ');

	if (row_is(fact, "default_backend"))
		return STR("otherwise");
	return blank < fact->value.len ? str_tail(fact->value, blank + 1) : STR_NONE;
}

static void switch_edge(const struct graph *g, uint32_t section, uint32_t setting, const struct fact *fact)
{
	struct str name = target(fact);
	const struct receiver *receiver = map_get(&g->receivers, name);

	if (receiver) {
		edge(g, section, 0, receiver->index, 0, condition(fact));
		return;
	}
	node(g, section, setting, NODE_COMPUTED, name, false);
	edge(g, section, 0, section, setting, condition(fact));
}

static void draw_object(const struct graph *g, uint32_t section)
{
	const struct fact_object *object = g->f->objects.v[section];
	struct out title = out_growing(1 << 16);

	if (!(1u << object->place & (IN(FRONTEND) | IN(LISTEN) | IN(BACKEND))))
		return;
	out_printf(&title, "%s %.*s", keyword_place_name(object->place), STR_ARG(object->name));
	node(g, section, 0, NODE_PROXY, out_get(&title), !is_reached(g, object));
	out_free(&title);
	for (uint32_t i = 0; i < object->facts.n; i++) {
		const struct fact *fact = &object->facts.v[i];

		if (row_is(fact, "bind")) {
			node(g, section, i + 1, NODE_BIND, str_tail(fact->key, 5), false);
			edge(g, section, i + 1, section, 0, STR_NONE);
		} else if (row_is(fact, "server") || row_is(fact, "server-template")) {
			node(g, section, i + 1, NODE_SERVER, str_tail(fact->key, strlen(fact->row->name) + 1),
			     false);
			edge(g, section, 0, section, i + 1, STR_NONE);
		} else if (is_switch(fact)) {
			switch_edge(g, section, i + 1, fact);
		}
	}
}

static void draw(struct graph *g)
{
	receivers_find(g);
	for (uint32_t i = 0; i < g->f->objects.n; i++)
		draw_object(g, i);
}

void graph_dot(struct out *o, const struct facts *f)
{
	struct graph g = {.o = o, .f = f};

	out_puts(o, "digraph configuration {\n    rankdir=LR;\n");
	draw(&g);
	out_puts(o, "}\n");
}

void graph_mermaid(struct out *o, const struct facts *f)
{
	struct graph g = {.o = o, .f = f, .mermaid = true};

	out_puts(o, "flowchart LR\n    classDef dead stroke:#aaa,color:#aaa\n");
	draw(&g);
}
