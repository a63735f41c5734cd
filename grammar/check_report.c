/* What the checker says in several places: unknown keywords with the ones that were meant, too many or too few
 * words, comments of other languages. Works on the state of one walk; diagnostics go to the arena of the
 * compilation. */
#include "grammar/base/out.h"
#include "grammar/check_proxy.h"
#include "grammar/suggest.h"

struct diag *check_severity(struct checker *k, struct diag *g, enum severity severity)
{
	if (g->severity == SEV_ERROR)
		k->d->errors--;
	else if (g->severity == SEV_WARNING)
		k->d->warnings--;
	g->severity = severity;
	if (severity == SEV_ERROR)
		k->d->errors++;
	else if (severity == SEV_WARNING)
		k->d->warnings++;
	return g;
}

struct diag *check_environment(struct checker *k, struct diag *g)
{
	if (k->c->options->strict_env)
		return check_severity(k, g, SEV_ERROR);
	return diag_note(
		k->d, g,
		"assumed to be there where the configuration is used; --strict-env makes this an error");
}

struct span check_words_span(const struct word *words, uint32_t from, uint32_t n)
{
	return span_join(words[from].span, words[n - 1].span);
}

struct diag *check_extra(const struct keyword_use *use, uint32_t from)
{
	struct checker *k = use->k;
	const struct word *w = &use->words[from];
	struct diag *g = diag_add(k->d, D_EXTRA_WORDS, check_words_span(use->words, from, use->n),
				  "`%s` takes no argument `%.*s`", use->row->name, STR_ARG(w->text));

	if (from)
		g->message = arena_printf(k->scratch, "unexpected `%.*s` behind the argument%s of `%s`",
					  STR_ARG(w->text), from > 1 ? "s" : "", use->row->name);
	diag_label(k->d, g, "the line should end before this");
	if (!w->text.len && k->compat <= 206) { /* the line ends there for HAProxy 2.6 */
		diag_help(k->d, g, "newer versions refuse the line");
		return check_severity(k, g, SEV_WARNING);
	}
	if (str_is(w->text, "\\"))
		diag_help(k->d, g, "there is no line continuation: write the whole statement on one line");
	return diag_haproxy(k->d, g, "'%s' cannot handle unexpected argument '%.*s'.", use->row->name,
			    STR_ARG(w->text));
}

struct diag *check_missing(const struct keyword_use *use, const char *what)
{
	struct checker *k = use->k;
	struct span span = use->n ? use->words[use->n - 1].span : use->span;
	struct diag *g = diag_add(k->d, D_MISSING_ARGUMENT, span, "`%s` needs %s", use->row->name, what);

	if (use->row->args)
		diag_help(k->d, g, "usage: %s %s", use->row->name, use->row->args);
	if (use->row->expects)
		diag_haproxy(k->d, g, "%s", use->row->expects);
	return g;
}

bool check_arity(const struct keyword_use *use, uint32_t min, uint32_t max)
{
	if (use->n < min) {
		check_missing(use, use->row->args ? use->row->args : "an argument");
		return false;
	}
	if (use->n > max) {
		return check_extra(use, max)->severity != SEV_ERROR;
	}
	return true;
}

void check_did_you_mean(struct checker *k, struct diag *g, const struct suggest *s, const struct word *w,
			bool vocabulary)
{
	char buf[3 * SUGGEST_LONGEST + 32];
	bool certain = vocabulary && s->n && w->text.len >= 3 && (s->n == 1 || s->costs[0] < s->costs[1]);

	if (!s->n)
		return;
	diag_help(k->d, g, "did you mean %s?", suggest_text(s, buf, sizeof(buf)));
	diag_fix(k->d, g, certain ? FIX_CERTAIN : FIX_LIKELY, w->span, s->names[0], "replace `%.*s` by `%.*s`",
		 STR_ARG(w->text), STR_ARG(s->names[0]));
}

/* The first word of a row's name, and what follows. */
static struct str name_first(const struct keyword *row)
{
	return str_sub(str_from(row->name), 0, str_chr(str_from(row->name), ' '));
}

/* Calls for each row that is legal at one of the places in this version. */
static void rows_offer(const struct checker *k, uint32_t places, struct suggest *s, const struct str *family)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t i = 0; i < nareas; i++) {
		for (uint32_t j = 0; j < areas[i]->n; j++) {
			const struct keyword *row = &areas[i]->rows[j];
			struct str first = name_first(row);

			if (!(row->in & places) || row->flags & KW_REMOVED || !keyword_is_known(row, k->compat))
				continue;
			if (!family)
				suggest_offer(s, first);
			else if (str_eq(*family, first) && strlen(row->name) > first.len)
				suggest_offer(s, str_tail(str_from(row->name), first.len + 1));
		}
	}
}

static bool family_exists(struct str first, uint32_t places)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t i = 0; i < nareas; i++)
		for (uint32_t j = 0; j < areas[i]->n; j++)
			if (areas[i]->rows[j].in & places && str_eq(name_first(&areas[i]->rows[j]), first))
				return true;
	return false;
}

/* "backend and listen", of the sections in a mask. */
static struct str places_text(struct checker *k, uint32_t places)
{
	struct out o = out_growing(400);
	struct str s;
	uint32_t left = (uint32_t)__builtin_popcount(places);

	for (enum keyword_place p = 0; p < PLACE_COUNT; p++) {
		if (!(places >> p & 1))
			continue;
		out_printf(&o, "`%s`%s", keyword_place_name(p), left == 2 ? " and " : left > 2 ? ", " : "");
		left--;
	}
	s = arena_str(k->scratch, out_get(&o));
	out_free(&o);
	return s;
}

/* The row by these words in any section: "it belongs to ...". */
static bool report_misplaced(struct checker *k, const struct line *line, uint32_t prefix)
{
	uint32_t used, all = (1u << PLACE_SECTIONS) - 1;
	const struct word *words = line->words + prefix;
	const struct keyword *row = keyword_find(k->index, words, line->nwords - prefix, all, k->compat, &used);
	struct diag *g;

	if (!row || row->flags & KW_REMOVED)
		return false;
	g = diag_add(k->d, D_MISPLACED_KEYWORD, check_words_span(words, 0, used),
		     "`%s` cannot stand in a `%s` section", row->name, keyword_place_name(k->place));
	diag_label(k->d, g, "belongs to %.*s", STR_ARG(places_text(k, row->in & all)));
	diag_also(k->d, g, k->section->header->span, "in this section");
	diag_haproxy(k->d, g, "unknown keyword '%.*s' in '%s' section", STR_ARG(words[0].text),
		     keyword_place_name(k->place));
	return true;
}

/* `timeout`, `option`, `stats` ... with a second word that no row has, or none. */
static void report_family(struct checker *k, const struct line *line, uint32_t prefix, uint32_t places)
{
	const struct word *words = line->words + prefix, *second = &words[1];
	struct suggest s;
	struct diag *g;

	if (line->nwords - prefix < 2) {
		g = diag_add(k->d, D_MISSING_ARGUMENT, words[0].span,
			     "`%.*s` alone says nothing: a word is missing behind it", STR_ARG(words[0].text));
		if (str_is(words[0].text, "option"))
			diag_haproxy(k->d, g, ": 'option' expects an option name.");
		return;
	}
	g = diag_add(k->d, D_UNKNOWN_KEYWORD, second->span, "unknown keyword `%.*s %.*s` in a `%s` section",
		     STR_ARG(words[0].text), STR_ARG(second->text), keyword_place_name(k->place));
	suggest_start(&s, second->text);
	rows_offer(k, places, &s, &words[0].text);
	check_did_you_mean(k, g, &s, second, true);
	if (str_is(words[0].text, "option"))
		diag_haproxy(k->d, g, "unknown option '%.*s'.", STR_ARG(second->text));
	else if (str_is(words[0].text, "stats") && k->place != PLACE_GLOBAL)
		diag_haproxy(k->d, g,
			     ": unknown stats parameter '%.*s', expects 'admin', 'uri', 'realm', 'auth', "
			     "'scope', 'enable', "
			     "'hide-version', 'show-node', 'show-desc' or 'show-legends'.",
			     STR_ARG(second->text));
	else if (str_is(words[0].text, "stats"))
		diag_haproxy(
			k->d, g,
			"'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got '%.*s')",
			STR_ARG(second->text));
	else if (str_is(words[0].text, "timeout") && k->draft)
		diag_haproxy(k->d, g,
			     "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', "
			     "'http-keep-alive', "
			     "'http-request', 'tunnel', 'tarpit', 'client-fin' and 'server-fin' (got '%.*s')",
			     STR_ARG(second->text));
}

void check_unknown_line(struct checker *k, const struct line *line, uint32_t prefix)
{
	const struct word *w = &line->words[prefix];
	uint32_t places = 1u << k->place;
	struct suggest s;
	struct diag *g;

	if (family_exists(w->text, places)) {
		report_family(k, line, prefix, places);
		/* rings of HAProxy 2.6 take any timeout */
		if (k->place == PLACE_RING && k->compat <= 206 && str_is(w->text, "timeout"))
			check_severity(k, k->d->list.v[k->d->list.n - 1], SEV_WARNING);
		return;
	}
	if (report_misplaced(k, line, prefix))
		return;
	g = diag_add(k->d, D_UNKNOWN_KEYWORD, w->span, "unknown keyword `%.*s` in a `%s` section",
		     STR_ARG(w->text), keyword_place_name(k->place));
	suggest_start(&s, w->text);
	rows_offer(k, places, &s, NULL);
	check_did_you_mean(k, g, &s, w, true);
	diag_haproxy(k->d, g, "unknown keyword '%.*s' in '%s' section%s%.*s%s", STR_ARG(w->text),
		     keyword_place_name(k->place), s.n ? "; did you mean '" : "",
		     STR_ARG(s.n ? s.names[0] : STR_NONE), s.n ? "' maybe ?" : "");
}

/* How HAProxy begins what it says of a word of this line. */
static struct str word_haproxy_start(const struct keyword_use *use, uint32_t places)
{
	struct checker *k = use->k;

	if (places & IN(STATS_SOCKET))
		return STR("'stats socket' : ");
	if (places & IN(BIND))
		return arena_printf(k->scratch, "'bind %.*s' in section '%s': ", STR_ARG(use->words[0].text),
				    keyword_place_name(k->place));
	if (places & IN(SERVER) && use->draft)
		return arena_printf(k->scratch, "'server %.*s/%.*s' : ", STR_ARG(use->draft->px->name),
				    STR_ARG(use->words[0].text));
	return STR_NONE;
}

struct str check_unknown_word(const struct keyword_use *use, const struct word *w, uint32_t places,
			      const char *what)
{
	struct checker *k = use->k;
	struct str start = word_haproxy_start(use, places);
	struct suggest s;
	struct diag *g = diag_add(k->d, D_UNKNOWN_WORD, w->span, "unknown word `%.*s` in this %s",
				  STR_ARG(w->text), what);

	suggest_start(&s, w->text);
	rows_offer(k, places, &s, NULL);
	check_did_you_mean(k, g, &s, w, true);
	diag_haproxy(k->d, g, "%.*sunknown keyword '%.*s'%s%.*s%s", STR_ARG(start), STR_ARG(w->text),
		     s.n ? "; did you mean '" : ".", STR_ARG(s.n ? s.names[0] : STR_NONE),
		     s.n ? "' maybe ?" : "");
	return s.n ? s.names[0] : STR_NONE;
}

/* Words that start a comment elsewhere. */
static bool is_foreign_comment(const struct word *w, bool first)
{
	if (w->flags & (WORD_QUOTED | WORD_ESCAPED | WORD_ENV))
		return false;
	if (str_is(w->text, "//") || str_is(w->text, "/*"))
		return true;
	return first &&
	       (str_starts(w->text, STR("//")) || str_starts(w->text, STR(";")) || str_is(w->text, "--"));
}

static void report_comment(struct checker *k, struct span span, struct span mark, const char *text)
{
	struct diag *g =
		diag_add(k->d, D_FOREIGN_COMMENT, span, "`%.*s` does not start a comment", (int)mark.len, text);

	diag_label(k->d, g, "read as part of the line");
	if (!k->foreign_comments++)
		diag_help(k->d, g, "comments start with `#` and go to the end of the line");
	diag_fix(k->d, g, FIX_CERTAIN, mark, STR("#"), "write `#` instead of `%.*s`", (int)mark.len, text);
}

uint32_t check_foreign_comment(struct checker *k, const struct line *line)
{
	uint32_t i = 0, mark;
	const struct word *w;

	while (i < line->nwords && !is_foreign_comment(&line->words[i], i == 0))
		i++;
	if (i == line->nwords)
		return i;
	w = &line->words[i];
	mark = w->text.ptr[0] == ';' ? 1 : 2;
	report_comment(k, check_words_span(line->words, i, line->nwords), span_sub(w->span, 0, mark),
		       w->text.ptr);
	return i;
}

void check_comment_inside(struct checker *k, const struct word *w, size_t at, struct span end)
{
	report_comment(k, span_join(word_span(w, at, w->text.len - at), end), word_span(w, at, 2), "//");
}

struct diag *check_no_section(struct checker *k, const struct word *name, enum keyword_place place)
{
	const struct map *m = &k->others[place];
	struct diag *g = diag_add(k->d, D_NO_SUCH_SECTION, name->span, "no `%s` section is named `%.*s`",
				  keyword_place_name(place), STR_ARG(name->text));
	struct suggest s;

	suggest_start(&s, name->text);
	for (uint32_t i = 0; i < m->size; i++)
		if (m->slots[i].value)
			suggest_offer(&s, m->slots[i].key);
	if (s.n)
		diag_also(k->d, g, ((struct named_section *)map_get(m, s.names[0]))->name->span,
			  "a similar name is defined here");
	check_did_you_mean(k, g, &s, name, false);
	return g;
}
