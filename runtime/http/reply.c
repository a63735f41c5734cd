/* Responses of the proxy's own: built as messages in scratch memory from the built-in texts, from what the
 * configuration describes or from stored responses. See reply.h. */
#include "runtime/http/reply.h"

#include "runtime/http/h1_parse.h"

enum { STORED_HEADERS_MAX = 101, LOCATION_MAX = 16384 };

struct builtin {
	uint16_t status;
	bool close;
	struct str reason, text;
};

static const struct builtin builtins[] = {
#define BUILTIN(status, reason, text) {status, false, {reason, sizeof(reason) - 1}, {text, sizeof(text) - 1}},
#define BUILTIN_CLOSE(status, reason, text)                                                                    \
	{status, true, {reason, sizeof(reason) - 1}, {text, sizeof(text) - 1}},
#include "runtime/http/reply_builtin.def"
#undef BUILTIN
#undef BUILTIN_CLOSE
};

static const struct builtin *builtin_find(unsigned status)
{
	for (size_t i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
		if (builtins[i].status == status)
			return &builtins[i];
	return NULL;
}

/* --- messages */

static void reply_begin(struct reply *r, struct scratch *s, unsigned status, struct str reason)
{
	*r = (struct reply){0};
	r->msg.scratch = s;
	r->msg.is_response = true;
	r->msg.version = 11;
	r->msg.status = (uint16_t)status;
	r->msg.reason = reason;
	r->msg.edited = r->msg.start_edited = true;
}

/* What the head counts for in the byte counters, as h1_parse() counts those that it reads. */
void reply_count(struct http_msg *m)
{
	m->counted = (uint32_t)(8 + 3 + m->reason.len + 21);
	for (uint16_t i = 0; i < m->nhdrs; i++)
		if (!m->hdrs[i].deleted)
			m->counted += m->hdrs[i].name_len + m->hdrs[i].value_len;
}

static bool add_length(struct reply *r)
{
	struct str value = scratch_printf(r->msg.scratch, "%zu", r->body.len);

	r->msg.content_length = r->body.len;
	r->msg.body = r->body.len ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
	return value.ptr && http_add(&r->msg, STR("content-length"), value);
}

static struct str builtin_body(struct scratch *s, const struct builtin *b)
{
	return scratch_printf(s, "<html><body><h1>%u %.*s</h1>\n%.*s\n</body></html>\n", b->status,
			      STR_ARG(b->reason), STR_ARG(b->text));
}

static bool reply_builtin(struct reply *r, struct scratch *s, unsigned status)
{
	const struct builtin *b = builtin_find(status);

	if (!b)
		b = builtin_find(500);
	reply_begin(r, s, b->status, b->reason);
	r->close = b->close;
	r->body = builtin_body(s, b);
	if (!r->body.ptr || !add_length(r) || !http_add(&r->msg, STR("cache-control"), STR("no-cache")) ||
	    !http_add(&r->msg, STR("content-type"), STR("text/html")))
		return false;
	reply_count(&r->msg);
	return true;
}

bool reply_document(struct reply *r, struct scratch *s, unsigned status, struct str type, struct str body)
{
	reply_begin(r, s, status, str_from(http_reason(status)));
	r->body = body;
	if (!add_length(r) || !http_add(&r->msg, STR("cache-control"), STR("no-cache")) ||
	    !http_add(&r->msg, STR("content-type"), type))
		return false;
	reply_count(&r->msg);
	return true;
}

bool reply_moved(struct reply *r, struct scratch *s, struct str prefix, struct str path)
{
	char *location = scratch_alloc(s, prefix.len + path.len);

	if (!location)
		return false;
	memcpy(location, prefix.ptr, prefix.len);
	memcpy(location + prefix.len, path.ptr, path.len);
	reply_begin(r, s, 302, STR("Found"));
	r->close = true;
	if (!http_add(&r->msg, STR("cache-control"), STR("no-cache")) || !add_length(r) ||
	    !http_add(&r->msg, STR("location"), str_make(location, prefix.len + path.len)))
		return false;
	reply_count(&r->msg);
	return true;
}

/* --- stored ones */

/* A file may promise more than it has, or less: its own length decides. */
static void stored_body(struct reply *r, struct str rest)
{
	struct http_hdr *h = http_find_id(&r->msg, HN_CONTENT_LENGTH, NULL);

	r->body = rest;
	if (h && r->msg.content_length <= rest.len) {
		r->body = str_sub(rest, 0, r->msg.content_length);
		r->msg.body = r->body.len ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
		return;
	}
	if (h)
		http_del(&r->msg, h);
	http_del_all(&r->msg, STR("transfer-encoding"));
	r->msg.body = HTTP_BODY_UNTIL_CLOSE;
}

bool reply_raw(struct reply *r, struct scratch *s, struct str bytes)
{
	struct str copy = scratch_dup(s, bytes);
	struct h1_parser parser;

	if (!copy.ptr)
		return false;
	*r = (struct reply){.msg = {.scratch = s, .is_response = true, .method = HTTP_M_GET}};
	h1_parse_init(&parser, &r->msg, STORED_HEADERS_MAX, UINT32_MAX / 2);
	if (h1_parse(&parser, &r->msg, (char *)copy.ptr, (uint32_t)copy.len) != H1_DONE)
		return reply_builtin(r, s, 500);
	r->msg.edited = r->msg.start_edited = true;
	r->close = r->msg.conn_close;
	stored_body(r, str_tail(copy, parser.pos));
	return true;
}

/* --- what the configuration describes */

static const struct reply_conf *configured(const struct eval *e, unsigned status)
{
	const struct reply_conf *conf = e->backend ? proxy_error_get(e->backend, status) : NULL;

	if (!conf && e->frontend && e->frontend != e->backend)
		conf = proxy_error_get(e->frontend, status);
	return conf;
}

bool reply_status(struct reply *r, struct eval *e, unsigned status)
{
	const struct reply_conf *conf = configured(e, status);

	if (!conf || conf->default_errorfile)
		return reply_builtin(r, e->scratch, status);
	return reply_conf(r, e, conf, status);
}

static struct str lower_name(struct scratch *s, struct str name)
{
	char *p;

	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] < 'A' || name.ptr[i] > 'Z')
			continue;
		name = scratch_dup(s, name);
		p = (char *)name.ptr;
		for (; p && i < name.len; i++)
			if (p[i] >= 'A' && p[i] <= 'Z')
				p[i] |= 0x20;
	}
	return name;
}

/* A field whose format gives nothing is left out, as HAProxy does. */
static bool add_field(struct reply *r, struct eval *e, const struct reply_header *h)
{
	struct str name = lower_name(e->scratch, h->name), value = logfmt_text(e, h->value);

	if (!name.ptr || !value.ptr)
		return false;
	if (!value.len)
		return true;
	return http_add(&r->msg, name, str_trim(value));
}

bool reply_conf(struct reply *r, struct eval *e, const struct reply_conf *conf, unsigned status)
{
	if (conf->status)
		status = conf->status;
	if (conf->default_errorfile)
		return reply_status(r, e, status);
	if (conf->raw.len)
		return reply_raw(r, e->scratch, conf->raw);
	reply_begin(r, e->scratch, status, str_from(http_reason(status)));
	r->body = conf->body_fmt ? logfmt_text(e, conf->body_fmt) : conf->body;
	if (conf->body_fmt && !r->body.ptr)
		return false;
	for (uint32_t i = 0; i < conf->nheaders; i++)
		if (!add_field(r, e, &conf->headers[i]))
			return false;
	if (!add_length(r))
		return false;
	if (r->body.len && conf->content_type.len &&
	    !http_add(&r->msg, STR("content-type"), conf->content_type))
		return false;
	reply_count(&r->msg);
	return true;
}

/* --- what rules decide */

static bool is_temporary(unsigned status)
{
	return status == 302 || status == 303 || status == 307;
}

static struct str redirect_cookie(struct eval *e, const struct rule *rule)
{
	struct scratch *s = e->scratch;
	struct str made;

	if (rule->fmt2) {
		made = logfmt_text(e, rule->fmt2);
		return made.ptr ? scratch_printf(s, "%.*s; path=/;", STR_ARG(made)) : made;
	}
	if (rule->flags & REDIR_CLEAR_COOKIE)
		return scratch_printf(s, "%.*s; path=/; Max-Age=0;", STR_ARG(rule->str));
	return scratch_printf(s, "%.*s; path=/;", STR_ARG(rule->str));
}

static bool reply_redirect(struct reply *r, struct eval *e, const struct rule *rule)
{
	unsigned status = rule->num ? (unsigned)rule->num : 302;
	struct str location = redirect_location(e, rule), cookie;

	if (!location.ptr)
		return false;
	reply_begin(r, e->scratch, status, status == 302 ? STR("Found") : str_from(http_reason(status)));
	if (!add_length(r) || !http_add(&r->msg, STR("location"), location))
		return false;
	if (is_temporary(status) && !http_add(&r->msg, STR("cache-control"), STR("no-cache")))
		return false;
	if (rule->str.len || rule->fmt2) {
		cookie = redirect_cookie(e, rule);
		if (!cookie.ptr || !http_add(&r->msg, STR("set-cookie"), cookie))
			return false;
	}
	reply_count(&r->msg);
	return true;
}

/* RFC 9110 section 11.6 and 11.7: with `option http-use-proxy-header` the request came to a proxy, not to an
 * origin. */
static bool for_proxy(const struct eval *e)
{
	return e->frontend && proxy_option_is_set(e->frontend, PO_HTTP_USE_PROXY_HEADER) && e->req &&
	       e->req->uri.len && e->req->uri.ptr[0] != '/';
}

static bool reply_auth(struct reply *r, struct eval *e, const struct rule *rule)
{
	bool proxy = for_proxy(e);
	struct str realm = rule->name.len ? rule->name
			   : e->backend   ? e->backend->name
					  : e->frontend->name,
		   value;

	if (!reply_status(r, e, proxy ? 407 : 401))
		return false;
	value = scratch_printf(e->scratch, "Basic realm=\"%.*s\"", STR_ARG(realm));
	if (!value.ptr ||
	    !http_add(&r->msg, proxy ? STR("proxy-authenticate") : STR("www-authenticate"), value))
		return false;
	reply_count(&r->msg);
	return true;
}

bool reply_rule(struct reply *r, struct eval *e, const struct rule *rule, enum verdict verdict)
{
	static const struct reply_conf nothing = {.status = 200};

	switch (verdict) {
	case V_REDIRECT:
		return reply_redirect(r, e, rule);
	case V_AUTH:
		return reply_auth(r, e, rule);
	case V_RETURN:
		return reply_conf(r, e, rule->reply ? rule->reply : &nothing, 200);
	case V_DENY:
	case V_TARPIT:
		if (rule->reply)
			return reply_conf(r, e, rule->reply, verdict == V_DENY ? 403 : 500);
		return reply_status(r, e, rule->num ? (unsigned)rule->num : verdict == V_DENY ? 403 : 500);
	default:
		return reply_status(r, e, 500);
	}
}

/* --- before there is a message */

void reply_early(struct out *out, const struct proxy_conf *fe, unsigned status)
{
	const struct reply_conf *conf = fe ? proxy_error_get(fe, status) : NULL;
	const struct builtin *b = builtin_find(status);
	size_t length;

	/* as HAProxy 2.6 does it: of files only empty ones count, and mean silence */
	if (conf && conf->raw.ptr && !conf->raw.len)
		return;
	if (!b)
		b = builtin_find(500);
	length = sizeof("<html><body><h1>000 </h1>\n\n</body></html>\n") - 1 + b->reason.len + b->text.len;
	out_printf(out,
		   "HTTP/1.1 %u %.*s\r\nContent-length: %zu\r\nCache-Control: no-cache\r\n%sContent-Type: "
		   "text/html\r\n\r\n",
		   b->status, STR_ARG(b->reason), length, b->close ? "Connection: close\r\n" : "");
	out_printf(out, "<html><body><h1>%u %.*s</h1>\n%.*s\n</body></html>\n", b->status, STR_ARG(b->reason),
		   STR_ARG(b->text));
}
