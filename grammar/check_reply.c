/* What is sent in place of our error messages: errorfile, errorloc, http-error, errorfiles and http-errors
 * sections (manual, section 4.2 and 12.4). The table of a proxy is shared with its defaults until it changes.
 * Works on the state of one walk; one thread. */
#include "grammar/check_file.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"
#include "grammar/lint.h"

/* Statuses whose messages can be replaced (manual, keyword "errorfile"). */
static bool status_handled(int64_t status)
{
	static const uint16_t handled[] = {200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414,
					   421, 422, 425, 429, 431, 500, 501, 502, 503, 504};

	for (size_t i = 0; i < sizeof(handled) / sizeof(*handled); i++)
		if (handled[i] == status)
			return true;
	return false;
}

static bool reply_status(const struct keyword_use *use, const struct word *w, int64_t *status)
{
	const char *name = use->row->name;
	struct diag *g;

	if (str_to_i64(w->text, status) && status_handled(*status))
		return true;
	g = diag_add(use->k->d, D_BAD_CHOICE, w->span, "there is no message of ours for `%.*s`",
		     STR_ARG(w->text));
	diag_label(
		use->k->d, g,
		"200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500 to 504");
	diag_haproxy(use->k->d, g, "%s : status code '%.*s' not handled.", name, STR_ARG(w->text));
	return false;
}

static void reply_store(struct checker *k, const struct reply_conf ***table, bool *own, uint16_t status,
			const struct reply_conf *reply)
{
	const struct reply_conf **copy;

	if (!*own) {
		copy = ARENA_ARRAY(k->a, const struct reply_conf *, PROXY_ERRORS_N);
		if (*table)
			memcpy(copy, *table, sizeof(*copy) * PROXY_ERRORS_N);
		*table = copy;
		*own = true;
	}
	(*table)[status - PROXY_ERRORS_FIRST] = reply;
}

static void use_store(const struct keyword_use *use, uint16_t status, const struct reply_conf *reply)
{
	const struct reply_conf **table;

	if (use->draft) {
		table = (const struct reply_conf **)use->draft->px->errors;
		reply_store(use->k, &table, &use->draft->errors_own, status, reply);
		use->draft->px->errors = table;
	} else if (use->k->errors) {
		reply_store(use->k, &use->k->errors->table, &use->k->errors->own, status, reply);
	}
}

/* Status line and an empty line behind the header: the least that a raw response has (RFC 9112 section 2.1). */
static bool raw_valid(struct str raw)
{
	const char *end = memmem(raw.ptr, raw.len, "\r\n\r\n", 4);

	if (!end)
		end = memmem(raw.ptr, raw.len, "\n\n", 2);
	return end && str_starts(raw, STR("HTTP/")) && memchr(raw.ptr, ' ', raw.len);
}

static bool raw_read(const struct keyword_use *use, const struct word *file, struct reply_conf *reply)
{
	struct checker *k = use->k;
	size_t limit = k->m->global.tune_bufsize;
	struct str raw = STR_NONE;
	struct diag *g;

	if (!check_file_read(k, file, limit, &raw)) {
		if (!k->c->options->offline)
			diag_haproxy(k->d, k->d->list.v[k->d->list.n - 1], "%s : error opening file '%.*s'.",
				     use->row->name, STR_ARG(file->text));
		return true;
	}
	if (raw.len > limit) {
		g = diag_add(k->d, D_BAD_ARGUMENT, file->span, "`%.*s` is larger than a buffer",
			     STR_ARG(file->text));
		diag_label(k->d, g, "at most %zu bytes", limit);
		return false;
	}
	/* An empty file means: send nothing, just close. */
	if (raw.len && !raw_valid(raw)) {
		g = diag_add(k->d, D_BAD_ARGUMENT, file->span, "`%.*s` does not hold an HTTP response",
			     STR_ARG(file->text));
		diag_help(k->d, g,
			  "the file must begin with a status line such as `HTTP/1.0 503 Service Unavailable`, "
			  "header fields and "
			  "an empty line");
		return false;
	}
	reply->raw = check_keep(k, raw);
	return true;
}

/* `KEYWORD STATUS VALUE`: a reply with that status, its content to come; NULL after an error. missing: what the
 * two words are. */
static struct reply_conf *reply_begin(const struct keyword_use *use, const char *missing)
{
	struct reply_conf *reply;
	int64_t status;
	struct diag *g;

	if (use->n < 2) {
		check_missing(use, missing);
		return NULL;
	}
	if (use->n > 2) {
		g = check_severity(use->k, check_extra(use, 2), SEV_WARNING);
		g->haproxy = STR_NONE;
		diag_note(use->k->d, g, "HAProxy ignores it in silence");
	}
	if (!reply_status(use, &use->words[0], &status))
		return NULL;
	reply = ARENA_NEW(use->k->a, struct reply_conf);
	reply->status = (uint16_t)status;
	return reply;
}

bool check_errorfile(const struct keyword_use *use)
{
	struct reply_conf *reply = reply_begin(use, "a status and a file");

	if (!reply)
		return false;
	if (!raw_read(use, &use->words[1], reply))
		return false;
	use_store(use, reply->status, reply);
	return true;
}

/* A redirection with an empty body: 302, or 303 for errorloc303. */
bool check_errorloc(const struct keyword_use *use)
{
	bool see_other = strcmp(use->row->name, "errorloc303") == 0;
	struct reply_conf *reply = reply_begin(use, "a status and a location");

	if (!reply)
		return false;
	reply->raw = arena_printf(
		use->k->a,
		"HTTP/1.1 %s\r\nCache-Control: no-cache\r\nContent-length: 0\r\nLocation: %.*s\r\n\r\n",
		see_other ? "303 See Other" : "302 Found", STR_ARG(use->words[1].text));
	use_store(use, reply->status, reply);
	return true;
}

bool check_http_error(const struct keyword_use *use)
{
	struct lang_scope scope = {.proxy = use->draft->px, .where = "http-error"};
	const struct reply_conf *reply;

	reply = reply_parse(use->k->c, use->words, use->n, &scope);
	if (!reply)
		return false;
	use_store(use, reply->status, reply);
	return true;
}

/* The section may stand below: looked up at the end. */
bool check_errorfiles(const struct keyword_use *use)
{
	struct errorfiles_ref *ref;
	int64_t status;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	ref = vec_push(use->k->scratch, &use->draft->errorfiles);
	ref->name = &use->words[0];
	ref->statuses = use->words + 1;
	ref->nstatuses = use->n - 1;
	for (uint32_t i = 1; i < use->n; i++)
		if (!reply_status(use, &use->words[i], &status))
			return false;
	return true;
}

/* Copies what a section has, all of it or the named statuses. */
static void errorfiles_apply(struct checker *k, struct draft *d, const struct errorfiles_ref *ref,
			     const struct error_table *from)
{
	const struct reply_conf **table = (const struct reply_conf **)d->px->errors;
	int64_t status;

	for (uint16_t i = 0; from->table && i < PROXY_ERRORS_N; i++) {
		bool wanted = ref->nstatuses == 0;

		for (uint32_t j = 0; j < ref->nstatuses; j++)
			wanted |=
				str_to_i64(ref->statuses[j].text, &status) && status == i + PROXY_ERRORS_FIRST;
		if (wanted && from->table[i])
			reply_store(k, &table, &d->errors_own, i + PROXY_ERRORS_FIRST, from->table[i]);
	}
	d->px->errors = table;
}

/* The section's message for the status of a reply that wants one; a warning where it has none. */
static void reply_resolve(struct checker *k, const struct proxy_conf *px, struct reply_conf *reply,
			  struct conf_pos pos)
{
	const struct word at = {.text = reply->errorfiles, .span = lint_span(k, pos)}, *name = &at;
	const struct named_section *section = map_get(&k->others[PLACE_HTTP_ERRORS], name->text);
	const struct reply_conf *from;
	struct diag *g;

	if (!section) {
		diag_haproxy_unplaced(
			k->d, check_no_section(k, name, PLACE_HTTP_ERRORS),
			"Proxy '%.*s': unknown http-errors section '%.*s' referenced by an http reply .",
			STR_ARG(px->name), STR_ARG(name->text));
		return;
	}
	from = section->errors->table && reply->status >= PROXY_ERRORS_FIRST
		       ? section->errors->table[reply->status - PROXY_ERRORS_FIRST]
		       : NULL;
	if (from) {
		reply->raw = from->raw;
		return;
	}
	g = diag_add(k->d, D_REPLY_IGNORED, name->span, "`%.*s` has no message for status %u",
		     STR_ARG(name->text), reply->status);
	diag_haproxy_unplaced(k->d, g,
			      "Proxy '%.*s': status '%u' referenced by an http reply not declared in "
			      "http-errors section '%.*s'.",
			      STR_ARG(px->name), reply->status, STR_ARG(name->text));
}

/* `errorfiles` of rules that reply. */
static void replies_resolve(struct checker *k, const struct proxy_conf *px, const struct rules *rules)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		struct reply_conf *reply = (struct reply_conf *)rules->v[i].reply;

		if (reply && reply->errorfiles.len && !reply->raw.len)
			reply_resolve(k, px, reply, rules->v[i].pos);
	}
}

/* The same of `http-error` lines. */
static void errors_resolve(struct checker *k, const struct proxy_conf *px)
{
	for (uint32_t i = 0; px->errors && i < PROXY_ERRORS_N; i++) {
		struct reply_conf *reply = (struct reply_conf *)(uintptr_t)px->errors[i];

		if (reply && reply->errorfiles.len && !reply->raw.len)
			reply_resolve(k, px, reply, px->pos);
	}
}

void check_errorfiles_resolve(struct checker *k, struct draft *d)
{
	for (int set = 0; set < RS_COUNT; set++)
		replies_resolve(k, d->px, &d->px->rules[set]);
	errors_resolve(k, d->px);

	vec_each (ref, &d->errorfiles) {
		const struct named_section *section = map_get(&k->others[PLACE_HTTP_ERRORS], ref->name->text);

		if (section)
			errorfiles_apply(k, d, ref, section->errors);
		else
			diag_haproxy_unplaced(k->d, check_no_section(k, ref->name, PLACE_HTTP_ERRORS),
					      "unable to find the http-errors section '%.*s'.",
					      STR_ARG(ref->name->text));
	}
}
