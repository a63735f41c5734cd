/* Suites and descriptions of requests: any text is read as a suite, and each of its lines as the words of a
 * request. Demands: every mistake has its place inside the text, and everything is given back. One thread. */
#include <string.h>

#include "grammar/render.h"
#include "tests/fuzz/fuzz.h"
#include "tools/split_words.h"
#include "tools/suite.h"

/* Whatever a word is, each reader of words says yes or why not. */
static void word_try(struct arena *a, const struct model *m, struct str w)
{
	struct play_state state;
	union addr addr;
	struct play p;
	uint64_t ms;

	play_init(&p, a, m);
	FUZZ_DEMAND(play_request_line(&p, w) || p.error.len);
	p.error = STR_NONE;
	FUZZ_DEMAND(play_log_line(&p, w) || p.error.len);
	FUZZ_DEMAND(play_header(&p, w) || p.error.len);
	FUZZ_DEMAND(play_address(&p, w, &addr) || p.error.len);
	FUZZ_DEMAND(play_time(&p, w, &ms) || p.error.len);
	FUZZ_DEMAND(play_state_parse(&p, w, &state) || p.error.len);
}

static void lines_try(const struct model *m, struct str text)
{
	struct arena *a = arena_new();

	FUZZ_DEMAND(a);
	while (text.len) {
		struct str line = str_sub(text, 0, str_chr(text, '\n')), *words;
		uint32_t n;

		text = str_tail(text, line.len + 1);
		word_try(a, m, line);
		split_words(a, line, &words, &n);
		FUZZ_DEMAND(n <= line.len);
		for (uint32_t i = 0; i < n; i++)
			word_try(a, m, words[i]);
	}
	arena_free(&a);
}

static void suite_try(struct str text)
{
	struct render_options options = {0};
	struct out o = out_growing(1 << 22);
	struct suite s;

	FUZZ_DEMAND(suite_read_text(&s, "fuzz", text));
	vec_each (g, &s.diags.list)
		FUZZ_DEMAND((*g)->span.source == 1 && (*g)->span.off + (*g)->span.len <= text.len);
	FUZZ_DEMAND(s.diags.errors || (s.tests.n && s.configs.n));
	render_text(&o, &s.diags, &s.sources, &options);
	out_free(&o);
	suite_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make((const char *)data, size);
	struct model *m;

	if (size > 16384)
		return 0;
	m = model_new(304);
	FUZZ_DEMAND(m);
	suite_try(text);
	lines_try(m, text);
	model_release(&m);
	return 0;
}
