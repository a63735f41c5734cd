/* -dC: the configuration as it was read (management manual, section 3): words after variables and quotes, one
 * line each, without comments, sections set apart. With a key, what is no keyword of the language and no number
 * is told as a keyed hash, the one of `set anon`, so that it can be shown to others; where a secret may follow,
 * the line ends. Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/keyword.h"
#include "grammar/rows.h"
#include "grammar/section.h"
#include "runtime/cli/cli_anon.h"
#include "tools/lbd.h"

/* Keywords behind which nothing is told to others. */
static bool is_secret(struct str word)
{
	static const char *const secrets[] = {"password",       "insecure-password", "setenv",      "presetenv",
					      "cluster-secret", "set-var",           "set-var-fmt", "auth",
					      "ca-sign-pass"};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (str_is(word, secrets[i]))
			return true;
	return false;
}

/* A word of some keyword's name, wherever that is legal. */
static bool is_keyword(struct str word)
{
	uint32_t n;
	const struct keyword_area *const *areas = keyword_areas(&n);
	enum action_id id;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < areas[i]->n; k++) {
			struct str rest = str_from(areas[i]->rows[k].name);

			while (rest.len)
				if (str_eq(str_cut(&rest, ' '), word))
					return true;
		}
	for (int set = 0; set < RS_COUNT; set++)
		if (action_find(word, (enum ruleset)set, &id) && str_is(word, action_row(id)->name))
			return true;
	return section_find(word) != NULL;
}

/* A number, with a unit perhaps. */
static bool is_amount(struct str word)
{
	size_t digits = 0;

	while (digits < word.len && word.ptr[digits] >= '0' && word.ptr[digits] <= '9')
		digits++;
	return digits && word.len - digits <= 2 && !memchr(word.ptr + digits, '.', word.len - digits);
}

/* A name or an address stands there whatever word it is: behind the words of a header but for `from`, and in
 * the first places of some lines. */
static bool is_named(const struct line *line, uint32_t i, bool header)
{
	static const struct {
		const char *word;
		uint32_t names;
	} named[] = {{"server", 2},      {"server-template", 3},
		     {"bind", 1},        {"peer", 2},
		     {"nameserver", 2},  {"acl", 1},
		     {"use_backend", 1}, {"default_backend", 1},
		     {"use-server", 1},  {"user", 1},
		     {"group", 1},       {"table", 1},
		     {"mailer", 2},      {"log", 1},
		     {"node", 1},        {"description", UINT32_MAX}};

	if (header)
		return i && !str_is(line->words[i].text, "from");
	for (size_t k = 0; k < sizeof(named) / sizeof(*named); k++)
		if (str_is(line->words[0].text, named[k].word))
			return i && i <= named[k].names;
	return false;
}

/* key: 0 for a word that may be told as it is. */
static void word_print(struct str word, bool first, uint32_t key)
{
	char text[CLI_ANON_TEXT];
	bool plain = word.len > 0;

	if (!first)
		putchar(' ');
	if (key) {
		fputs(cli_anon(key, word, text), stdout);
		return;
	}
	for (size_t i = 0; i < word.len; i++)
		plain &= !strchr(" \t#\"'\\$\n", word.ptr[i]);
	if (plain) {
		fwrite(word.ptr, 1, word.len, stdout);
		return;
	}
	putchar('"');
	for (size_t i = 0; i < word.len; i++) {
		if (strchr("\"\\$", word.ptr[i]))
			putchar('\\');
		putchar(word.ptr[i]);
	}
	putchar('"');
}

static void line_print(const struct line *line, bool header, uint32_t key)
{
	for (uint32_t i = 0; i < line->nwords; i++) {
		struct str word = line->words[i].text;
		bool told = !is_named(line, i, header) && (is_keyword(word) || is_amount(word));

		word_print(word, !i, told ? 0 : key);
		if (key && is_secret(word) && i + 1 < line->nwords) {
			fputs(" [...]", stdout);
			break;
		}
	}
	putchar('\n');
}

void lines_print(const struct tree *t, const char *key)
{
	uint32_t hash = (uint32_t)strtoul(key, NULL, 0);

	vec_each (section, &t->sections) {
		if ((*section)->header)
			line_print((*section)->header, true, hash);
		vec_each (line, &(*section)->lines) {
			if ((*section)->header)
				putchar('\t');
			line_print(*line, false, hash);
		}
		putchar('\n');
	}
}
