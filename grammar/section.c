/* The table of sections, and which words are mistaken for their names. */
#include "grammar/section.h"

#include "grammar/suggest.h"

static const struct section_kind kinds[] = {
	{STR("global"), 0, 0, SEC_GLOBAL},
	{STR("defaults"), 0, 0, SEC_DEFAULTS},
	{STR("frontend"), 0, 0, SEC_FRONTEND},
	{STR("backend"), 0, 0, SEC_BACKEND},
	{STR("listen"), 0, 0, SEC_LISTEN},
	{STR("userlist"), 0, 0, SEC_USERLIST},
	{STR("peers"), 0, 0, SEC_PEERS},
	{STR("mailers"), 0, 0, SEC_MAILERS},
	{STR("resolvers"), 0, 0, SEC_RESOLVERS},
	{STR("cache"), 0, 0, SEC_CACHE},
	{STR("http-errors"), 0, 0, SEC_HTTP_ERRORS},
	{STR("ring"), 0, 0, SEC_RING},
	{STR("log-forward"), 0, 0, SEC_LOG_FORWARD},
	{STR("program"), 0, 303, SEC_PROGRAM},
	{STR("fcgi-app"), 0, 0, SEC_FCGI_APP},
	{STR("crt-store"), 300, 0, SEC_OTHER},
	{STR("log-profile"), 302, 0, SEC_OTHER},
	{STR("traces"), 302, 0, SEC_OTHER},
	{STR("acme"), 302, 0, SEC_OTHER},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Keywords within sections that resemble names of sections: never taken for a misspelt one, nor what resembles
 * them more. */
static const struct str lookalikes[] = {
	STR("http-err-codes"), STR("http-error"), STR("log-format"),   STR("log-format-sd"), STR("mailer"),
	STR("peer"),           STR("trace"),      STR("use-fcgi-app"), STR("use_backend"),
};

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
