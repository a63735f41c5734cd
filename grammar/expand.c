/* Lines and sections: from the raw lines of a source to the tree. */
#include "grammar/expand.h"

#include "grammar/expand_state.h"
#include "grammar/section.h"

struct expand *expand_new(struct compile *c)
{
	struct expand *x = ARENA_NEW(c->arena, struct expand);

	x->c = c;
	x->env.arena = c->arena;
	env_load(&x->env, c->options->defines);
	env_load(&x->env, c->options->environ);
	return x;
}

const struct env *expand_env(const struct expand *x)
{
	return &x->env;
}

void expand_source(struct expand *x, uint32_t source)
{
	struct compile *c = x->c;
	struct str text = sources_get(c->sources, source)->text;
	struct parse p = {
		.arena = c->arena, .diags = c->diags, .sources = c->sources, .expand = x, .source = source};

	p.text = text;
	p.work = arena_alloc(c->arena, text.len + 2);
	memcpy(p.work, text.ptr, text.len);
	x->p = &p;
	x->section = NULL;
	x->header_column = 0;
	if (parse_encoding(&p)) {
		parse_source(&p);
		block_end(x);
	}
	x->blocks.n = 0;
	x->p = NULL;
}

static struct section *section_open(struct expand *x, const struct line *header,
				    const struct section_kind *kind)
{
	struct section *s = ARENA_NEW(x->c->arena, struct section);

	s->header = header;
	s->kind = kind;
	*vec_push(x->c->arena, &x->c->tree->sections) = s;
	x->section = s;
	return s;
}

/* A remembered answer of section_guess(). */
struct guess {
	const struct section_kind *kind;
};

/* A kind that the chosen version of HAProxy does not have. It is opened all the same, so that its lines are no
 * riddles. */
static void section_check_version(struct expand *x, const struct line *line, const struct section_kind *kind)
{
	struct diags *d = x->c->diags;
	int compat = x->c->options->compat;
	const char *name = kind->name.ptr;
	struct diag *g;

	if (compat && kind->since && compat < kind->since) {
		g = diag_add(d, D_SECTION_VERSION, line->words[0].span,
			     "section `%s` is newer than HAProxy %d.%d", name, compat / 100, compat % 100);
		diag_note(d, g, "HAProxy %d.%d has it", kind->since / 100, kind->since % 100);
	} else if (compat && kind->until && compat >= kind->until) {
		diag_add(d, D_SECTION_VERSION, line->words[0].span, "section `%s` was removed in HAProxy %d.%d",
			 name, kind->until / 100, kind->until % 100);
	}
}

/* HAProxy's words for a first word that it does not know. */
static void section_haproxy(struct expand *x, struct diag *g, struct str word)
{
	if (x->section && x->section->kind)
		diag_haproxy(x->c->diags, g, "unknown keyword '%.*s' in '%s' section", STR_ARG(word),
			     x->section->kind->name.ptr);
	else
		diag_haproxy(x->c->diags, g, ": unknown keyword '%.*s' out of section.", STR_ARG(word));
}

/* The guess for a first word; remembered, for texts without indentation ask for every line. */
static const struct section_kind *section_guess_once(struct expand *x, struct str word)
{
	struct guess *guess = map_get(&x->guesses, word);

	if (!guess) {
		guess = ARENA_NEW(x->c->arena, struct guess);
		guess->kind = section_guess(word);
		map_put(x->c->arena, &x->guesses, word, guess);
	}
	return guess->kind;
}

/* A line that stands where section headers stand, and nearly is one. Assumes that it is, or all lines below it
 * would be wrong. */
static const struct section_kind *section_recover(struct expand *x, struct word *word, bool poisoned)
{
	uint32_t column = word->span.off - x->p->line.off;
	const struct section_kind *kind;
	struct diag *g;

	if (column != x->header_column)
		return NULL;
	kind = section_guess_once(x, word->text);
	if (!kind)
		return NULL;
	if (!poisoned) {
		g = diag_add(x->c->diags, D_SECTION_MISSPELT, word->span, "no section is called `%.*s`",
			     STR_ARG(word->text));
		diag_note(x->c->diags, g, "the lines below are checked as those of a section `%s`",
			  kind->name.ptr);
		diag_fix(x->c->diags, g, FIX_LIKELY, word->span, kind->name, "did you mean `%s`?",
			 kind->name.ptr);
		section_haproxy(x, g, word->text);
	}
	word->text = kind->name;
	word->map = NULL;
	return kind;
}

static void line_add(struct expand *x, struct line *line, struct word *words)
{
	const struct section_kind *kind = section_find(words->text);

	if (!kind)
		kind = section_recover(x, words, line->poisoned);
	if (kind) {
		if (!x->section || !x->section->kind)
			x->header_column = words->span.off - x->p->line.off;
		section_check_version(x, line, kind);
		section_open(x, line, kind);
		return;
	}
	if (!x->section)
		section_open(x, NULL, NULL);
	*vec_push(x->c->arena, &x->section->lines) = line;
	if (x->section->kind && x->section->kind->place == PLACE_GLOBAL && !line->poisoned)
		expand_environment(x, line);
}

/* The second reading of a word with a dollar sign, found again by the word's address. */
struct address {
	const struct word *of;
	struct word word;
};

/* Name behind a dollar sign at `at`: its length, and in *end the offset behind the variable. A brace that does
 * not close behind the name is just left out. */
static struct str address_name(struct str text, size_t at, size_t *end)
{
	bool brace = at + 1 < text.len && text.ptr[at + 1] == '{';
	size_t from = at + 1 + brace, to = from;

	while (to < text.len && (text.ptr[to] == '_' || (unsigned char)((text.ptr[to] | 0x20) - 'a') < 26 ||
				 (unsigned char)(text.ptr[to] - '0') < 10))
		to++;
	*end = to + (brace && to < text.len && text.ptr[to] == '}');
	return str_sub(text, from, to - from);
}

/* A text that is put together byte by byte, with the place that each came from. */
struct reading {
	VEC(char) text;
	VEC(uint32_t) map;
};

static void reading_add(struct arena *a, struct reading *r, struct str bytes, uint32_t off)
{
	for (size_t i = 0; i < bytes.len; i++) {
		*vec_push(a, &r->text) = bytes.ptr[i];
		*vec_push(a, &r->map) = off;
	}
}

static void word_read_as_address(struct expand *x, const struct word *w)
{
	struct address *address = ARENA_NEW(x->c->arena, struct address);
	struct arena *a = x->c->arena;
	struct reading r = {0};
	const struct str *value;

	address->of = w;
	address->word = *w;
	address->word.flags |= WORD_ENV;
	for (size_t i = 0, end; i < w->text.len; i = end) {
		struct span at = word_span(w, i, 1);

		end = i + 1;
		if (w->text.ptr[i] != '$') {
			reading_add(a, &r, str_sub(w->text, i, 1), at.off);
			continue;
		}
		value = env_get(&x->env, address_name(w->text, i, &end));
		if (!value)
			address->word.flags |= WORD_ENV_UNSET;
		else if (expand_afford(x, at, value->len))
			reading_add(a, &r, *value, at.off);
	}
	*vec_push(a, &r.map) = word_span(w, w->text.len, 0).off;
	address->word.text = arena_str(a, str_make(r.text.v, r.text.n));
	address->word.map = r.map.v;
	map_put(a, &x->c->tree->addresses, str_make((const char *)&address->of, sizeof(address->of)),
		&address->word);
}

/* HAProxy's limit on words; more of them are cut off. */
static uint32_t line_limit_words(struct expand *x, uint32_t n)
{
	struct span at;
	struct diag *g;

	if (n <= LINE_WORDS_MAX)
		return n;
	at = x->words.v[LINE_WORDS_MAX - 1].span;
	g = diag_add(x->c->diags, D_TOO_MANY_WORDS,
		     span_join(x->words.v[LINE_WORDS_MAX].span, x->words.v[n - 1].span), "line of %u words", n);
	diag_label(x->c->diags, g, "too many");
	diag_note(x->c->diags, g, "a line has at most %d words", LINE_WORDS_MAX);
	diag_help(x->c->diags, g, "spread a long list over several lines, or put patterns into a file (`-f`)");
	diag_haproxy(x->c->diags, g, ": too many words, truncating after word %d, position %u: <%.*s>.",
		     LINE_WORDS_MAX, at.off - x->words.v[0].span.off + 1,
		     STR_ARG(x->words.v[LINE_WORDS_MAX - 1].text));
	return LINE_WORDS_MAX;
}

uint32_t line_effective_words(const struct line *line)
{
	uint32_t n = 0;

	while (n < line->nwords && line->words[n].text.len)
		n++;
	return n;
}

/* Words behind an empty one: HAProxy does not see them. */
static void line_check_empty(struct expand *x, const struct line *line)
{
	uint32_t n = line_effective_words(line), next = n + 1;
	const struct word *empty = &line->words[n];
	struct diag *g;

	while (next < line->nwords && !line->words[next].text.len)
		next++;
	if (next >= line->nwords)
		return;
	g = diag_add(x->c->diags, x->c->options->compat >= 303 ? D_EMPTY_ARGUMENT : D_EMPTY_WORD, empty->span,
		     "empty word in the middle of a line");
	diag_label(x->c->diags, g, empty->flags & WORD_ENV ? "the variable is empty" : "empty");
	diag_also(x->c->diags, g, span_join(line->words[next].span, line->words[line->nwords - 1].span),
		  "HAProxy does not look at this");
	diag_note(x->c->diags, g,
		  "for HAProxy before 3.3 an empty word ends the line; later versions refuse it");
}

/* Copies the words at hand into a line of the tree. */
static struct line *line_make(struct expand *x, struct word **words)
{
	struct arena *a = x->c->arena;
	struct line *line = ARENA_NEW(a, struct line);
	bool poisoned = x->p->line.poisoned || x->words.n > LINE_WORDS_MAX;

	line->nwords = line_limit_words(x, x->words.n);
	*words = arena_dup(a, x->words.v, sizeof(**words) * line->nwords);
	line->words = *words;
	line->span = span_join((*words)[0].span, (*words)[line->nwords - 1].span);
	line->comment = x->p->line.comment;
	line->poisoned = poisoned;
	return line;
}

static void line_report_empty(struct expand *x, const struct line *line)
{
	struct diag *g = diag_add(x->c->diags, D_EMPTY_KEYWORD, line->words[0].span,
				  "the first word of the line is empty");

	diag_label(x->c->diags, g, "the whole line is ignored");
}

static void line_finish(struct expand *x)
{
	struct word *words;
	struct line *line = line_make(x, &words);
	uint32_t errors;

	if (!words->text.len) {
		if (line->nwords > 1 && !line->poisoned)
			line_report_empty(x, line);
		return;
	}
	for (uint32_t i = 0; i < line->nwords; i++)
		if (words[i].text.len && memchr(words[i].text.ptr, '$', words[i].text.len))
			word_read_as_address(x, &words[i]);
	errors = x->c->diags->errors;
	line_add(x, line, words);
	if (!line->poisoned) {
		letters_check(x, line);
		if (line_effective_words(line) < line->nwords && x->c->diags->errors == errors)
			line_check_empty(x, line);
	}
}

void expand_raw_line(struct expand *x, struct parse *p)
{
	const struct raw_word *raw = p->line.words.v;
	bool skipped = block_is_skipped(x), directive;
	struct word *words;

	x->words.n = 0;
	x->quiet = skipped || strchr(".\"'", p->text.ptr[raw->off]);
	expand_word(x, raw);
	directive = x->words.v[0].text.len && x->words.v[0].text.ptr[0] == '.';
	if (skipped && !directive)
		return;
	x->quiet = directive;
	for (uint32_t i = 1; i < p->line.words.n; i++)
		expand_word(x, raw + i);
	if (directive)
		block_directive(x, line_make(x, &words));
	else
		line_finish(x);
}
