/* Names that a line mentions: where the word stands, and which things of that kind resemble it. */
#include "grammar/check_names.h"

#include "grammar/check_proxy.h"

const struct word *check_line_word(const struct line *line, uint32_t from, struct str text)
{
	for (uint32_t i = from; i < line->nwords; i++)
		if (str_eq(line->words[i].text, text))
			return &line->words[i];
	return NULL;
}

void check_suggest_at(struct checker *k, struct diag *g, const struct suggest *s, struct span span)
{
	char buf[3 * SUGGEST_LONGEST + 32];

	if (!s->n)
		return;
	diag_help(k->d, g, "did you mean %s?", suggest_text(s, buf, sizeof(buf)));
	diag_fix(k->d, g, FIX_LIKELY, span, s->names[0], "use `%.*s`", STR_ARG(s->names[0]));
}

void check_suggest_table(struct checker *k, struct diag *g, const struct word *w)
{
	const struct draft *found = NULL;
	struct suggest s;

	suggest_start(&s, w->text);
	for (uint32_t i = 0; i < k->drafts.n; i++)
		if (k->drafts.v[i]->table_line)
			suggest_offer(&s, k->drafts.v[i]->px->name);
	for (uint32_t i = 0; i < k->drafts.n && s.n && !found; i++)
		if (k->drafts.v[i]->table_line && str_eq(k->drafts.v[i]->px->name, s.names[0]))
			found = k->drafts.v[i];
	if (found)
		diag_also(k->d, g, found->table_line->span, "the table of `%.*s` is here", STR_ARG(s.names[0]));
	check_suggest_at(k, g, &s, w->span);
}

static struct diag *want_named(struct checker *k, const struct word *w, struct str name, struct span span,
			       enum keyword_place place)
{
	struct word part = *w;

	if (map_get(&k->others[place], name))
		return NULL;
	part.text = name;
	part.span = span;
	return check_no_section(k, &part, place);
}

/* cache-use NAME, cache-store NAME */
static void want_cache(struct checker *k, const struct draft *d, const struct word *w)
{
	struct diag *g = want_named(k, w, w->text, w->span, PLACE_CACHE);

	if (g)
		diag_haproxy_unplaced(
			k->d, g,
			"config: %s '%.*s': unable to find the cache '%.*s' referenced by the filter 'cache'.",
			keyword_place_name(d->place), STR_ARG(d->px->name), STR_ARG(w->text));
}

/* do-resolve(VARIABLE,RESOLVERS[,ipv4|ipv6]) */
static void want_resolvers(struct checker *k, const struct draft *d, const struct word *w)
{
	size_t at = str_chr(w->text, ',') + 1;
	struct str name = str_tail(w->text, at);
	struct diag *g;

	name.len = str_chr(name, ')');
	name.len = str_chr(name, ',');
	if (!name.len || str_is(name, "default"))
		return;
	g = want_named(k, w, name, word_span(w, at, name.len), PLACE_RESOLVERS);
	if (g)
		diag_haproxy_unplaced(
			k->d, g, "Proxy '%.*s': Can't find resolvers section '%.*s' for do-resolve action.",
			STR_ARG(d->px->name), STR_ARG(name));
}

void check_names_verify(struct checker *k, const struct draft *d)
{
	vec_each (item, &d->section->lines) {
		const struct line *line = *item;
		const struct word *w = line->words;
		bool http = line->nwords > 1 && str_starts(w[0].text, STR("http-re"));
		uint32_t action = http ? 1 : 2;

		if (line->poisoned || line->nwords <= action || (!http && !str_is(w[0].text, "tcp-request")))
			continue;
		if (http && line->nwords > 2 &&
		    (str_is(w[1].text, "cache-use") || str_is(w[1].text, "cache-store")))
			want_cache(k, d, &w[2]);
		else if (str_starts(w[action].text, STR("do-resolve(")))
			want_resolvers(k, d, &w[action]);
	}
}
