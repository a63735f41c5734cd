/* Reading crt-lists. A pure function of the text: no files are opened, no context is made. What comes out
 * belongs to the list. Words and messages are HAProxy's, found by trial. */
#include "grammar/crt_list.h"

#include <stdlib.h>

enum { WORDS_MAX = 2048, ERROR_MAX = 4096, LINE_LIMIT = 65535 };

struct words {
	uint32_t n;
	uint32_t opened, closed; /* the first word behind each bracket; 0: there is none */
	bool by_option;          /* it is the value of an option that is wrong */
	char *v[WORDS_MAX];
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

	if (!l || !(l->text = malloc(text.len + 1))) {
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
		return true;
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

static void value_refused(struct out *error, const struct option *o, const char *value)
{
	if (o->kind == OPTION_VERIFY)
		out_printf(error,
			   "'verify' : unknown verify method '%s', only 'none', 'optional', and 'required' are "
			   "supported",
			   value);
	else
		out_printf(error, "'%s' : unknown ssl/tls version", value);
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
			if (*i + 1 >= w->closed) {
				out_printf(error, "ssl args out of '[]' for %s", word);
				return false;
			}
			value = w->v[++*i];
		}
		if (value_set(&l->conf, o, value))
			return true;
		value_refused(error, o, value);
		w->by_option = true;
		return false;
	}
	out_printf(error, "unknown ssl keyword %s", word);
	return false;
}

static const char *bracket_open(struct words *w)
{
	if (w->opened)
		return "too many '['";
	w->opened = w->n;
	return w->n ? NULL : "file must start with a cert";
}

static const char *bracket_close(struct words *w)
{
	if (!w->opened)
		return "missing '['";
	if (w->closed)
		return "too many ']'";
	w->closed = w->n;
	return NULL;
}

/* In place: each word gets an end, and the places of the brackets are told. Blanks and brackets part words;
 * there are no quotes and no escapes, as in HAProxy. */
static bool words_split(char *text, struct words *w, struct out *error)
{
	bool inside = false;

	*w = (struct words){.n = 0};
	for (char *c = text; *c; c++) {
		const char *why = NULL;
		bool bracket = *c == '[' || *c == ']';

		if (!bracket && *c != ' ' && *c != '\t' && *c != '\r') {
			if (!inside && w->n == WORDS_MAX)
				why = "too many args ";
			else if (!inside)
				w->v[w->n++] = c;
			inside = true;
		} else if (bracket) {
			why = *c == '[' ? bracket_open(w) : bracket_close(w);
		}
		if (why) {
			out_puts(error, why);
			return false;
		}
		if (bracket || *c == ' ' || *c == '\t' || *c == '\r') {
			*c = 0;
			inside = false;
		}
	}
	return true;
}

/* Options between brackets, filters behind them; what stands between the certificate and a bracket is dropped.
 */
static bool rest_read(struct crt_line *l, struct words *w, struct out *error)
{
	uint32_t i = w->closed ? w->closed : w->opened ? w->opened : 1;

	l->bracketed = w->opened;
	l->misplaced = w->opened > 1;
	for (uint32_t k = w->opened; k < w->closed; k++)
		if (!option_read(l, w, &k, error))
			return false;
	l->filters = calloc(w->n - i + 1, sizeof(*l->filters));
	for (; l->filters && i < w->n; i++)
		l->filters[l->nfilters++] = str_from(w->v[i]);
	return l->filters != NULL;
}

/* Words and what they mean. False: why not. */
static bool line_read(struct crt_line *l, struct str text, struct words *w, struct out *error)
{
	if (text.len > LINE_LIMIT) {
		out_printf(error, "line too long, limit is %d characters", LINE_LIMIT);
		return false;
	}
	if (!words_split(l->text, w, error) || (w->n && !rest_read(l, w, error)))
		return false;
	if (w->n)
		l->crt = str_from(w->v[0]);
	return true;
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
		out_printf(error, "parsing [%s:%u]: a NUL byte", path ? path : "CLI", number);
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
	ok = (path && str_starts(text, STR("#"))) || line_read(l, text, w, &reason);
	if (!ok && (path || !w->by_option))
		out_printf(error, "parsing [%s:%u]: ", path ? path : "CLI", number);
	if (!ok)
		out_str(error, out_get(&reason));
	if (!ok && !path && str_starts(out_get(&reason), STR("'verify'")))
		out_char(error, '\n');
	if (ok && l->crt.len)
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

		l->last = ++number;
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
