/* Replies that the configuration describes: deny, tarpit, return and http-error (manual, "http-request return",
 * "http-error"). One thread. */
#include "grammar/action.h"

/* Stands for the keyword http-error, which is no action. */
static const struct action_row http_error_row = {.name = "http-error"};

struct reply_reader {
	struct action_reader *r;
	struct reply_conf *reply;
	const char *payload; /* the word that gave a body, a file or an error file; NULL: none yet */
	bool content_type, status_given, deny_status;
	bool may_deny; /* `deny_status` may come next: the first word of deny and tarpit */
	struct span ctype_span, hdr_span;
	VEC(struct reply_header) headers;
};

bool reply_status_is_known(int64_t status)
{
	static const uint16_t known[] = {200, 400, 401, 403, 404, 405, 407, 408, 410, 413,
					 421, 422, 425, 429, 500, 501, 502, 503, 504};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == status)
			return true;
	return false;
}

static const struct word *reply_value(struct reply_reader *p, const char *word, const char *what)
{
	const struct word *w = action_take_value(p->r);

	if (!w)
		action_missing(p->r,
			       arena_printf(p->r->c->arena, "'%s' expects %s as argument", word, what).ptr,
			       arena_printf(p->r->c->arena, "a value behind `%s`", word).ptr);
	return w;
}

static bool reply_status(struct reply_reader *p, const char *word)
{
	const struct word *w = reply_value(p, word, "<status_code>");
	int64_t status = 0;

	if (!w)
		return false;
	p->status_given = true;
	p->deny_status = strcmp(word, "deny_status") == 0;
	if (str_to_i64(w->text, &status) && status >= 200 && status <= 599) {
		p->reply->status = (uint16_t)status;
		return true;
	}
	return action_error(
		p->r, w->span,
		arena_printf(p->r->c->arena, "Unexpected status code '%lld'", (long long)status).ptr,
		"a response has a status from 200 to 599");
}

/* A second payload is a mistake. */
static bool reply_payload_new(struct reply_reader *p, const char *word)
{
	struct arena *a = p->r->c->arena;

	if (!p->payload) {
		p->payload = word;
		return true;
	}
	return action_error(
		p->r, p->r->words[p->r->i - 1].span,
		arena_printf(a, "unexpected '%s' argument, '%s' already defined", word, p->payload).ptr,
		arena_printf(a, "`%s` stands already: a response has one body", p->payload).ptr);
}

static bool file_read(struct reply_reader *p, const struct word *w, struct str *text)
{
	struct compile *c = p->r->c;
	uint32_t errors = c->diags->errors, n = c->diags->list.n;

	if (!lang_read_file(c, w->text, w->span, &p->r->scope, text) && c->diags->list.n > n)
		lang_haproxy(c, c->diags->list.v[c->diags->list.n - 1], &p->r->scope,
			     "error opening file '%.*s'", STR_ARG(w->text));
	return c->diags->errors == errors;
}

/* file, lf-file, string, lf-string */
static bool reply_body(struct reply_reader *p, const char *word)
{
	bool file = strstr(word, "file") != NULL, format = word[0] == 'l';
	const struct word *w;
	struct word content;
	struct str text;

	if (!reply_payload_new(p, word))
		return false;
	w = reply_value(p, word, file ? "<file>" : format ? "<fmt>" : "<str>");
	if (!w)
		return false;
	text = w->text;
	if (file && !file_read(p, w, &text))
		return false;
	if (!format) {
		p->reply->body = arena_str(p->r->c->model->arena, text);
		return true;
	}
	content = *w;
	if (file)
		content = (struct word){.text = arena_str(p->r->c->arena, text)};
	p->reply->body_fmt = logfmt_parse(p->r->c, &content, &p->r->scope);
	return p->reply->body_fmt != NULL;
}

static bool errorfile_bad(struct compile *c, struct str path, struct span span, const struct lang_scope *scope,
			  const char *why)
{
	struct diag *g =
		diag_add(c->diags, D_ERRORFILE, span, "`%.*s` is no HTTP response: %s", STR_ARG(path), why);

	lang_haproxy(c, g, scope, "'%.*s': %s", STR_ARG(path), why);
	return false;
}

/* Content-Length of a head, -1 when absent, -2 when malformed. */
static int64_t head_length(struct str head)
{
	int64_t length = -1;

	while (head.len) {
		size_t end = str_chr(head, '\n'), colon;
		struct str line = str_sub(head, 0, end);

		colon = str_chr(line, ':');
		while (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (str_ieq(str_sub(line, 0, colon), STR("content-length")) &&
		    !str_to_i64(str_trim(str_tail(line, colon + 1)), &length))
			return -2;
		head = str_tail(head, end + 1);
	}
	return length;
}

bool errorfile_read(struct compile *c, struct str path, struct span span, const struct lang_scope *scope,
		    struct str *raw)
{
	uint32_t errors = c->diags->errors;
	struct str text;
	const char *body;
	int64_t length;

	*raw = STR_NONE;
	if (!lang_read_file(c, path, span, scope, &text))
		return c->diags->errors == errors;
	if (!str_starts(text, STR("HTTP/1.")) || str_chr(text, '\n') == text.len)
		return errorfile_bad(c, path, span, scope, "unable to parse headers");
	body = memmem(text.ptr, text.len, "\r\n\r\n", 4);
	body = body ? body + 4 : memmem(text.ptr, text.len, "\n\n", 2);
	if (!body)
		return errorfile_bad(c, path, span, scope, "unable to parse headers");
	if (body[0] == '\n' && body[1] == '\n')
		body += 2;
	length = head_length(str_sub(text, 0, (size_t)(body - text.ptr)));
	if (length == -2 || (length >= 0 && (size_t)length != text.len - (size_t)(body - text.ptr)))
		return errorfile_bad(c, path, span, scope,
				     "payload size does not match the announced content-length");
	*raw = arena_str(c->model->arena, text);
	return true;
}

static bool reply_errorfile(struct reply_reader *p)
{
	const struct word *w;

	if (!reply_payload_new(p, "errorfile"))
		return false;
	w = reply_value(p, "errorfile", "<file>");
	return w && errorfile_read(p->r->c, w->text, w->span, &p->r->scope, &p->reply->raw);
}

static bool reply_errorfiles(struct reply_reader *p)
{
	const struct word *w;

	if (!reply_payload_new(p, "errorfiles"))
		return false;
	w = reply_value(p, "errorfiles", "<http_errors_section>");
	if (w)
		p->reply->errorfiles = arena_str(p->r->c->model->arena, w->text);
	return w != NULL;
}

static bool reply_content_type(struct reply_reader *p)
{
	const struct word *w = reply_value(p, "content-type", "<ctype>");

	if (!w)
		return false;
	p->content_type = true;
	p->ctype_span = w->span;
	p->reply->content_type = arena_str(p->r->c->model->arena, w->text);
	return true;
}

static bool reply_header(struct reply_reader *p)
{
	const struct word *name = action_take(p->r), *value = name ? action_take(p->r) : NULL;
	struct reply_header h = {0};
	struct diag *g;

	if (!value)
		return action_missing(p->r, "'hdr' expects <name> and <value> as arguments",
				      "a name and a value behind `hdr`");
	h.name = arena_str(p->r->c->model->arena, name->text);
	p->hdr_span = name->span;
	if (str_ieq(h.name, STR("content-length")) || str_ieq(h.name, STR("transfer-encoding")) ||
	    str_ieq(h.name, STR("content-type"))) {
		g = diag_add(p->r->c->diags, D_REPLY_IGNORED, name->span,
			     "`%.*s` is set by the proxy: this one is ignored", STR_ARG(h.name));
		diag_haproxy(p->r->c->diags, g, "header '%.*s' always ignored by the http reply.",
			     STR_ARG(h.name));
		return true; /* its value is not looked at */
	}
	h.value = logfmt_parse(p->r->c, value, &p->r->scope);
	if (h.value)
		*vec_push(p->r->c->model->arena, &p->headers) = h;
	return h.value != NULL;
}

/* One argument; *more is false when the word is none. */
static bool reply_word(struct reply_reader *p, bool *more)
{
	struct action_reader *r = p->r;

	if (action_take_word(r, "status"))
		return reply_status(p, "status");
	if (p->may_deny && action_take_word(r, "deny_status"))
		return reply_status(p, "deny_status");
	if (action_take_word(r, "content-type"))
		return reply_content_type(p);
	if (action_take_word(r, "default-errorfiles")) {
		p->reply->default_errorfile = true;
		return reply_payload_new(p, "default-errorfiles");
	}
	if (action_take_word(r, "errorfile"))
		return reply_errorfile(p);
	if (action_take_word(r, "errorfiles"))
		return reply_errorfiles(p);
	if (action_take_word(r, "file"))
		return reply_body(p, "file");
	if (action_take_word(r, "lf-file"))
		return reply_body(p, "lf-file");
	if (action_take_word(r, "string"))
		return reply_body(p, "string");
	if (action_take_word(r, "lf-string"))
		return reply_body(p, "lf-string");
	if (action_take_word(r, "hdr"))
		return reply_header(p);
	*more = false;
	return true;
}

/* Does the payload bring a head of its own? */
static bool is_whole(const struct reply_reader *p)
{
	return p->reply->default_errorfile || p->reply->raw.len || p->reply->errorfiles.len;
}

/* Fields beside a whole response. */
static void reply_headers_check(struct reply_reader *p)
{
	struct diag *g;

	if (!p->headers.n || !is_whole(p))
		return;
	g = diag_add(p->r->c->diags, D_REPLY_IGNORED, p->hdr_span, "`hdr` is ignored beside `%s`", p->payload);
	diag_haproxy(p->r->c->diags, g,
		     "hdr parameters ignored by the http reply when used with an erorrfile.");
	p->headers.n = 0;
}

/* RFC 9110, sections 15.3.5 and 15.4.5. */
static bool reply_body_check(struct reply_reader *p)
{
	struct arena *a = p->r->c->arena;
	unsigned status = p->reply->status;

	if ((status != 204 && status != 304) || (!p->reply->body_fmt && !p->reply->body.len))
		return true;
	return action_error(p->r, p->r->words[0].span,
			    arena_printf(a, "No body expected for %u responses", status).ptr,
			    arena_printf(a, "a response with status %u has no body", status).ptr);
}

/* A content type without a body, and the other way round. */
static bool reply_type_check(struct reply_reader *p)
{
	struct compile *c = p->r->c;
	bool body = p->reply->body_fmt || p->reply->body.len;
	struct diag *g;

	if (body && !p->content_type) {
		action_error(p->r, p->r->words[0].span,
			     "a content type must be defined when non-empty payload is configured",
			     "a body needs `content-type`");
		return false;
	}
	if (!p->content_type || body)
		return true;
	g = diag_add(c->diags, D_REPLY_IGNORED, p->ctype_span, "a content type without a body is ignored");
	if (p->payload)
		diag_haproxy(c->diags, g, "content-type '%.*s' ignored by the http reply when used with an %s.",
			     STR_ARG(p->reply->content_type), is_whole(p) ? "erorrfile" : "empty payload");
	else
		diag_haproxy(c->diags, g,
			     "content-type '%.*s' ignored by the http reply because neither errorfile nor "
			     "payload defined.",
			     STR_ARG(p->reply->content_type));
	return true;
}

/* Messages of the proxy and of http-errors sections are of these statuses only. */
static bool reply_default_check(struct reply_reader *p)
{
	struct arena *a = p->r->c->arena;
	bool section = p->reply->errorfiles.len > 0;

	if ((!p->reply->default_errorfile && !section) || reply_status_is_known(p->reply->status))
		return true;
	return action_error(p->r, p->r->words[0].span,
			    arena_printf(a, "status code '%u' not handled by default with '%s' argument.",
					 p->reply->status, section ? "errorfiles" : "default-errorfiles")
				    .ptr,
			    arena_printf(a, "there is no such message for status %u", p->reply->status).ptr);
}

const struct reply_conf *action_reply(struct action_reader *r, uint16_t status)
{
	struct reply_reader p = {.r = r, .reply = ARENA_NEW(r->c->model->arena, struct reply_conf)};
	bool denies = r->row != &http_error_row && strcmp(r->row->name, "return") != 0, more = true;
	uint32_t given = 0;

	p.reply->status = status;
	p.may_deny = denies;
	while (more && action_peek(r)) {
		if (!reply_word(&p, &more))
			return NULL;
		p.may_deny = false;
		given += more;
	}
	/* `deny_status` alone, or nothing, stands for the proxy's message (manual, "http-request deny"); any
	 * other word without a payload for an empty one. */
	if (denies && given == p.deny_status)
		p.reply->default_errorfile = true;
	if (!reply_type_check(&p) || !reply_body_check(&p) || !reply_default_check(&p))
		return NULL;
	reply_headers_check(&p);
	p.reply->headers = p.headers.v;
	p.reply->nheaders = p.headers.n;
	return p.reply;
}

/* deny and tarpit */
bool action_args_deny(struct action_reader *r)
{
	bool tarpit = strcmp(r->row->name, "tarpit") == 0;

	r->out->reply = action_reply(r, tarpit ? 500 : r->set == RS_HTTP_RES ? 502 : 403);
	return r->out->reply != NULL;
}

bool action_args_return(struct action_reader *r)
{
	r->out->reply = action_reply(r, 200);
	return r->out->reply != NULL;
}

const struct reply_conf *reply_parse(struct compile *c, const struct word *words, uint32_t n,
				     const struct lang_scope *scope)
{
	struct lang_scope inner = *scope;
	struct action_reader r = {.c = c, .row = &http_error_row, .words = words, .n = n};
	const struct reply_conf *reply;
	struct diag *g;

	if (!n) {
		g = diag_add(c->diags, D_REPLY_ARGUMENT, SPAN_NONE, "`http-error` needs `status` and a number");
		diag_haproxy(c->diags, g, "http-error : expects at least a <status> as arguments.\n");
		return NULL;
	}
	inner.format = FORMAT_HTTP;
	inner.haproxy = "http-error : ";
	if (!inner.places)
		inner.places =
			lang_places(scope->proxy ? scope->proxy->role : ROLE_DEFAULTS, RS_HTTP_AFTER_RES) |
			lang_places(scope->proxy ? scope->proxy->role : ROLE_DEFAULTS, RS_HTTP_REQ);
	r.scope = inner;
	reply = action_reply(&r, 0);
	if (!reply)
		return NULL;
	if (r.i < n) {
		g = diag_add(c->diags, D_REPLY_ARGUMENT, words[r.i].span, "`http-error` knows no `%.*s`",
			     STR_ARG(words[r.i].text));
		lang_haproxy(c, g, &inner, "unknown keyword '%.*s'", STR_ARG(words[r.i].text));
		return NULL;
	}
	if (!reply->status) {
		action_error(&r, words[0].span, "expects at least a <status> as arguments",
			     "`http-error` needs `status`");
		return NULL;
	}
	if (reply_status_is_known(reply->status))
		return reply;
	g = diag_add(c->diags, D_REPLY_ARGUMENT, words[0].span, "the proxy never answers with status %u",
		     reply->status);
	diag_haproxy(c->diags, g, "http-error: status code '%u' not handled.", reply->status);
	return NULL;
}
