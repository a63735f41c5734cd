/* Reading crt-lists. A pure function of the text: no files are opened, no context is made. What comes out
 * belongs to the list. Words are like those of configurations in their simple form: blanks part them, a
 * backslash takes the next character, double quotes keep blanks. */
#include "grammar/crt_list.h"

#include <stdlib.h>

enum { WORDS_MAX = 1024, ERROR_MAX = 4096 };

/* A word, and where the next one may begin. */
struct words {
	char *v[WORDS_MAX];
	uint32_t n;
};

struct crt_list *crt_list_new(const char *path)
{
	struct crt_list *l = calloc(1, sizeof(*l));

	if (!l || !(l->path = strdup(path))) {
		free(l);
		return NULL;
	}
	list_init(&l->node);
	list_init(&l->lines);
	return l;
}

void crt_line_free(struct crt_line **lp)
{
	struct crt_line *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	list_remove(&l->node);
	for (int i = 0; i < 3; i++)
		free(l->joined[i]);
	free(l->filters);
	free(l->text);
	free(l);
}

void crt_list_free(struct crt_list **lp)
{
	struct crt_list *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	list_remove(&l->node);
	while (!list_empty(&l->lines)) {
		struct crt_line *line = LIST_OF(l->lines.next, struct crt_line, node);

		crt_line_free(&line);
	}
	free(l->path);
	free(l);
}

static struct crt_line *line_new(struct str text)
{
	struct crt_line *l = calloc(1, sizeof(*l));

	/* Words first, in place; then the options as written. */
	if (!l || !(l->text = malloc(2 * text.len + 2))) {
		free(l);
		return NULL;
	}
	memcpy(l->text, text.ptr, text.len);
	l->text[text.len] = 0;
	list_init(&l->node);
	return l;
}

struct crt_line *crt_line_plain(struct str crt)
{
	struct crt_line *l = line_new(crt);

	if (l)
		l->crt = str_make(l->text, crt.len);
	return l;
}

/* Options, by name. */
enum option_kind { OPTION_TEXT, OPTION_FLAG, OPTION_VERIFY, OPTION_VERSION };
#define OPTION(word, kind_, member)                                                                            \
	{                                                                                                      \
		word, kind_, offsetof(struct tls_conf, member)                                                 \
	}
static const struct option {
	const char *word;
	enum option_kind kind;
	size_t offset;
} options[] = {
	OPTION("allow-0rtt", OPTION_FLAG, allow_0rtt),
	OPTION("alpn", OPTION_TEXT, alpn),
	OPTION("ca-file", OPTION_TEXT, ca_file),
	OPTION("ca-verify-file", OPTION_TEXT, ca_verify_file),
	OPTION("ciphers", OPTION_TEXT, ciphers),
	OPTION("ciphersuites", OPTION_TEXT, ciphersuites),
	OPTION("client-sigalgs", OPTION_TEXT, client_sigalgs),
	OPTION("crl-file", OPTION_TEXT, crl_file),
	OPTION("curves", OPTION_TEXT, curves),
	OPTION("ecdhe", OPTION_TEXT, ecdhe),
	OPTION("no-alpn", OPTION_FLAG, no_alpn),
	OPTION("no-ca-names", OPTION_FLAG, no_ca_names),
	OPTION("npn", OPTION_TEXT, npn),
	OPTION("ocsp-update", OPTION_TEXT, ocsp_update),
	OPTION("sigalgs", OPTION_TEXT, sigalgs),
	OPTION("ssl-max-ver", OPTION_VERSION, max_ver),
	OPTION("ssl-min-ver", OPTION_VERSION, min_ver),
	OPTION("verify", OPTION_VERIFY, verify),
};

static bool choice(const char *word, const char *const *choices, uint8_t *to)
{
	for (uint8_t i = 0; choices[i]; i++)
		if (!strcmp(word, choices[i])) {
			*to = i + 1;
			return true;
		}
	return false;
}

static bool value_set(struct tls_conf *conf, const struct option *o, char *value)
{
	static const char *const verify[] = {"none", "optional", "required", NULL};
	static const char *const versions[] = {"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL};
	char *field = (char *)conf + o->offset;

	switch (o->kind) {
	case OPTION_TEXT:
		*(struct str *)(void *)field = str_from(value);
		return *value != 0;
	case OPTION_FLAG:
		*(bool *)field = true;
		return true;
	case OPTION_VERIFY:
		return choice(value, verify, (uint8_t *)field);
	case OPTION_VERSION:
		return choice(value, versions, (uint8_t *)field);
	}
	return false;
}

static bool option_read(struct crt_line *l, struct words *w, uint32_t *i, struct out *error)
{
	const char *word = w->v[*i];

	for (size_t k = 0; k < sizeof(options) / sizeof(*options); k++) {
		const struct option *o = &options[k];
		char *value = NULL;

		if (strcmp(o->word, word) != 0)
			continue;
		if (o->kind != OPTION_FLAG) {
			if (*i + 1 >= w->n) {
				out_printf(error, "not enough args after '%s'", word);
				return false;
			}
			value = w->v[++*i];
		}
		if (value_set(&l->conf, o, value))
			return true;
		out_printf(error, "'%s' : unknown value '%s'", word, value ? value : "");
		return false;
	}
	out_printf(error, "unknown ssl keyword %s", word);
	return false;
}

/* In place: words lose quotes and backslashes and get an end. */
static bool words_split(char *text, struct words *w)
{
	char *from = text, *to = text;
	bool quoted = false, inside = false;

	w->n = 0;
	for (; *from; from++) {
		bool blank = !quoted && (*from == ' ' || *from == '\t' || *from == '\r');

		if (blank) {
			if (inside)
				*to++ = 0;
			inside = false;
			continue;
		}
		if (!inside && *from == '#')
			break;
		if (!inside) {
			if (w->n == WORDS_MAX)
				return false;
			w->v[w->n++] = to;
			inside = true;
		}
		if (*from == '"')
			quoted = !quoted;
		else if (*from == '\\' && from[1])
			*to++ = *++from;
		else
			*to++ = *from;
	}
	*to = 0;
	return true;
}

/* Behind the certificate: "[options] filters", the brackets touching their words or not. */
static bool rest_read(struct crt_line *l, struct words *w, struct out *error)
{
	struct words o = {.n = 0};
	bool inside = false;
	uint32_t i = 1;

	for (; i < w->n; i++) {
		char *word = w->v[i];
		size_t len;

		if (i == 1 && *word == '[') {
			inside = true;
			word++;
		}
		if (!inside)
			break;
		len = strlen(word);
		if (len && word[len - 1] == ']') {
			word[len - 1] = 0;
			inside = false;
		}
		if (*word)
			o.v[o.n++] = word;
		if (!inside) {
			i++;
			break;
		}
	}
	if (inside) {
		out_puts(error, "unclosed options, a ']' is missing");
		return false;
	}
	for (uint32_t k = 0; k < o.n; k++)
		if (!option_read(l, &o, &k, error))
			return false;
	l->filters = calloc(w->n - i + 1, sizeof(*l->filters));
	for (; l->filters && i < w->n; i++)
		l->filters[l->nfilters++] = str_from(w->v[i]);
	return l->filters != NULL;
}

/* The options as they were written, kept behind the words. */
static void options_keep(struct crt_line *l, struct str text)
{
	size_t open = str_chr(text, '['), close = str_chr(text, ']');
	char *copy = l->text + text.len + 1;

	if (open >= close || close == text.len)
		return;
	l->options = str_trim(str_sub(text, open + 1, close - open - 1));
	memcpy(copy, l->options.ptr, l->options.len);
	l->options.ptr = copy;
}

bool crt_line_parse(struct str text, const char *path, uint32_t number, struct crt_line **line,
		    struct out *error)
{
	struct words *w;
	struct crt_line *l;
	char why[ERROR_MAX];
	struct out reason = out_fixed(why, sizeof(why));
	bool ok;

	*line = NULL;
	if (memchr(text.ptr ? text.ptr : "", 0, text.len)) {
		out_printf(error, "parsing [%s:%u]: a NUL byte", path, number);
		return false;
	}
	l = line_new(text);
	w = malloc(sizeof(*w));
	if (!l || !w) {
		crt_line_free(&l);
		free(w);
		return false;
	}
	l->number = number;
	ok = words_split(l->text, w);
	if (!ok)
		out_printf(&reason, "too many words");
	if (ok && w->n) {
		l->crt = str_from(w->v[0]);
		options_keep(l, text);
		ok = rest_read(l, w, &reason);
	}
	if (!ok)
		out_printf(error, "parsing [%s:%u]: %.*s", path, number, STR_ARG(out_get(&reason)));
	if (ok && w->n)
		*line = l;
	else
		crt_line_free(&l);
	free(w);
	return ok;
}

bool crt_list_parse(struct crt_list *l, struct str text, struct out *error)
{
	uint32_t number = 0;

	while (text.len) {
		size_t end = str_chr(text, '\n');
		struct crt_line *line;

		number++;
		if (end == text.len) {
			out_printf(
				error,
				"parsing [%s:%u]: Missing LF on last line, file might have been truncated at "
				"position %zu.",
				l->path, number, end + 1);
			return false;
		}
		if (!crt_line_parse(str_sub(text, 0, end), l->path, number, &line, error))
			return false;
		if (line)
			list_append(&l->lines, &line->node);
		text = str_tail(text, end + 1);
	}
	return true;
}
