/* Configuration text through the whole compiling half, for versions 2.6 and 3.4 in turn (by the size of the
 * input). Demands: every span of every diagnostic lies in its source, every renderer copes, and the same text
 * gives the same verdict twice. One thread. */
#include <string.h>

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
	render(l);
	FUZZ_DEMAND(l->diags.errors == again->diags.errors && l->diags.warnings == again->diags.warnings);
	FUZZ_DEMAND(!l->model == !again->model);
	loaded_free(&l);
	loaded_free(&again);
	return 0;
}
