/* The table of sections, and which words are mistaken for their names. */
#include "grammar/section.h"

#include "grammar/suggest.h"

static const struct section_kind kinds[PLACE_SECTIONS] = {
#define SECTION(id, word, how, from, to, text)                                                                 \
	{.name = STR(word), .summary = text, .place = PLACE_##id, .naming = NAMING_##how, .since = from, .until = to},
#include "grammar/keywords/sections.def"
#undef SECTION
};
enum { KINDS = PLACE_SECTIONS };

/* Keywords within sections that resemble names of sections: never taken for a misspelt one, nor what resembles
 * them more. */
static const struct str lookalikes[] = {
	STR("http-err-codes"), STR("http-error"), STR("log-format"),   STR("log-format-sd"), STR("mailer"),
	STR("peer"),           STR("trace"),      STR("use-fcgi-app"), STR("use_backend"),
};

const struct section_kind *section_get(enum keyword_place place)
{
	return &kinds[place];
}

const struct section_kind *section_find(struct str word)
{
	for (unsigned i = 0; i < KINDS; i++)
		if (str_eq(word, kinds[i].name))
			return &kinds[i];
	return NULL;
}

const struct section_kind *section_guess(struct str word)
{
	struct suggest s;

	suggest_start(&s, word);
	for (unsigned i = 0; i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++) {
		if (str_eq(word, lookalikes[i]))
			return NULL;
		suggest_offer(&s, lookalikes[i]);
	}
	for (unsigned i = 0; i < KINDS; i++)
		suggest_offer(&s, kinds[i].name);
	return s.n ? section_find(s.names[0]) : NULL;
}
