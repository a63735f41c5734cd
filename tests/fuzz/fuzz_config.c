/* Configuration text through the whole compiling half, for versions 2.6 and 3.4 in turn (by the size of the
 * input). Demands: every span of every diagnostic and of the tree lies in its source, words end in NULs, every
 * renderer copes, the same text gives the same verdict twice, and the text with all fixes made can be read as
 * well. One thread. */
#include <string.h>

#include "grammar/fix.h"
#include "grammar/load.h"
#include "grammar/render.h"
#include "tests/fuzz/fuzz.h"

static const char *const environment[] = {"HOME=/nowhere", "EMPTY=", "LIST=a b  c", "PORT=8080", NULL};

static void demand_span(const struct sources *s, struct span span)
{
	if (!span.source)
		return;
	FUZZ_DEMAND(span.source <= s->list.n);
	FUZZ_DEMAND(span.off <= sources_get(s, span.source)->text.len);
	FUZZ_DEMAND(span.len <= sources_get(s, span.source)->text.len - span.off);
}

static void demand_spans(const struct loaded *l)
{
	vec_each (g, &l->diags.list) {
		demand_span(&l->sources, (*g)->span);
		vec_each (label, &(*g)->labels)
			demand_span(&l->sources, label->span);
		vec_each (fix, &(*g)->fixes)
			vec_each (edit, &fix->edits)
				demand_span(&l->sources, edit->span);
	}
}

static void demand_line(const struct sources *s, const struct line *line)
{
	demand_span(s, line->span);
	demand_span(s, line->comment);
	FUZZ_DEMAND(line->nwords > 0);
	for (const struct word *w = line->words; w < line->words + line->nwords; w++) {
		FUZZ_DEMAND(strlen(w->text.ptr) == w->text.len);
		demand_span(s, w->span);
		for (size_t i = 0; i <= w->text.len && i < 1000; i++)
			demand_span(s, word_span(w, i, w->text.len - i));
	}
}

static void demand_tree(const struct loaded *l)
{
	vec_each (section, &l->tree.sections) {
		FUZZ_DEMAND(!(*section)->header == !(*section)->kind);
		if ((*section)->header)
			demand_line(&l->sources, (*section)->header);
		vec_each (line, &(*section)->lines)
			demand_line(&l->sources, *line);
	}
}

/* All fixes of the first source. */
static void demand_fixes(const struct loaded *l, const struct load_options *options)
{
	struct arena *a = arena_new();
	struct out o = out_growing(1 << 24);
	struct fixes fixes;
	struct loaded *fixed;

	FUZZ_DEMAND(a && l->sources.list.n);
	fixes = fixes_choose(a, &l->diags, FIX_LIKELY);
	fixes_diff(&o, &fixes, &l->sources);
	FUZZ_DEMAND(fixes_touch(&fixes, 1) == (o.len > 0));
	o.len = 0;
	fixes_write(&o, &fixes, &l->sources, 1);
	fixed = load_text(STR("fixed.cfg"), out_get(&o), options);
	FUZZ_DEMAND(fixed);
	demand_spans(fixed);
	loaded_free(&fixed);
	out_free(&o);
	arena_free(&a);
}

static void render(const struct loaded *l)
{
	static const struct render_options plain = {.haproxy = true, .explain = "explain"},
					   coloured = {.color = true, .width = 40, .max = 3};
	struct out o = out_growing(1 << 24);

	render_text(&o, &l->diags, &l->sources, &plain);
	render_text(&o, &l->diags, &l->sources, &coloured);
	render_json(&o, &l->diags, &l->sources, &plain);
	render_haproxy(&o, &l->diags, &l->sources, &plain);
	FUZZ_DEMAND(!l->diags.list.n || o.len);
	out_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_options options = {.compat = size & 1 ? 304 : 206, .offline = true, .environ = environment};
	struct str text = str_make((const char *)data, size);
	struct loaded *l, *again;

	if (size > 65536)
		return 0;
	l = load_text(str_from("fuzz.cfg"), text, &options);
	again = load_text(str_from("fuzz.cfg"), text, &options);
	FUZZ_DEMAND(l && again);
	demand_spans(l);
	demand_tree(l);
	demand_fixes(l, &options);
	render(l);
	FUZZ_DEMAND(l->diags.errors == again->diags.errors && l->diags.warnings == again->diags.warnings);
	FUZZ_DEMAND(!l->model == !again->model);
	loaded_free(&l);
	loaded_free(&again);
	return 0;
}
