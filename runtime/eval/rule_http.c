/* Actions that change an HTTP message (manual, section 4.2): header fields, request line, status line. New
 * texts live in scratch memory. One thread. */
#include "grammar/base/out.h"
#include "runtime/eval/field_value.h"
#include "runtime/eval/htx_size.h"
#include "runtime/eval/rules.h"

enum verdict rule_failed(struct eval *e)
{
	e->failed_rewrites++;
	return e->relaxed ? V_CONTINUE : V_ERROR;
}

/* Mostly there is much room, and what is known of the head as it came is enough to say so. */
bool rule_fits(const struct eval *e, struct http_msg *m, size_t more)
{
	size_t size = e->model->global.tune_bufsize - HTX_BUFFER_HEAD;

	if (more > size)
		return false;
	if (m->counted && m->counted + m->grown + more + (m->nhdrs + 3u) * HTX_BLOCK_HEAD <= size) {
		m->grown += (uint32_t)more;
		return true;
	}
	return htx_head_used(m) + more <= size;
}

bool rule_header_put(const struct eval *e, struct http_msg *m, struct str name, struct str value)
{
	return rule_fits(e, m, name.len + value.len + HTX_BLOCK_HEAD) && http_add(m, name, value);
}

static size_t growth(size_t before, size_t after)
{
	return after > before ? after - before : 0;
}

struct http_msg *rule_message(struct eval *e, const struct rule *rule)
{
	(void)rule;
	return e->place & PLACES_RESPONSE ? e->res : e->req;
}

struct str rule_expand(struct eval *e, struct str format, struct str subject, const size_t *groups, uint32_t n)
{
	struct out o;
	char *buf;

	for (size_t len = format.len + subject.len + 1; len <= SCRATCH_CHUNK * 16; len *= 2) {
		buf = scratch_alloc(e->scratch, len);
		if (!buf)
			return STR_NONE;
		o = out_fixed(buf, len);
		if (!regex_expand(&o, format, subject, groups, n))
			return STR_NONE;
		if (!o.truncated)
			return out_get(&o);
	}
	return STR_NONE;
}

/* Host and port of an authority, without who asks. */
static struct str without_user(struct str authority)
{
	const char *at = authority.len ? memrchr(authority.ptr, '@', authority.len) : NULL;

	return at ? str_tail(authority, (size_t)(at + 1 - authority.ptr)) : authority;
}

/* The authority inside the target follows the Host field; who asks stays in it. */
static void sync_authority(struct eval *e, struct http_msg *m, struct str host)
{
	struct str authority = http_uri_authority(m->uri), uri;
	size_t before;

	if (m->is_response || !authority.len || !http_uri_scheme(m->uri).len)
		return;
	authority = without_user(authority);
	before = (size_t)(authority.ptr - m->uri.ptr);
	uri = scratch_printf(e->scratch, "%.*s%.*s%.*s", STR_ARG(str_sub(m->uri, 0, before)), STR_ARG(host),
			     STR_ARG(str_tail(m->uri, before + authority.len)));
	if (!uri.ptr)
		return;
	m->uri = uri;
	m->start_edited = true;
}

/* Host and a URI have to agree: of a URI without a host there is nothing that could. */
static bool field_is_fixed(const struct http_msg *m, struct str name)
{
	return !m->is_response && str_ieq(name, STR("host")) && http_uri_scheme(m->uri).len &&
	       !http_uri_authority(m->uri).len;
}

static enum verdict header_add(struct eval *e, const struct rule *rule, bool replace)
{
	struct http_msg *m = rule_message(e, rule);
	struct str value;

	if (!m)
		return V_CONTINUE;
	value = logfmt_text(e, rule->fmt);
	if (!value.ptr || field_is_fixed(m, rule->name))
		return rule_failed(e);
	if (replace)
		http_del_all(m, rule->name);
	if (!rule_header_put(e, m, rule->name, value))
		return rule_failed(e);
	if (replace && str_ieq(rule->name, STR("host")))
		sync_authority(e, m, value);
	return V_CONTINUE;
}

enum verdict rule_add_header(struct eval *e, const struct rule *rule)
{
	return header_add(e, rule, false);
}

enum verdict rule_set_header(struct eval *e, const struct rule *rule)
{
	return header_add(e, rule, true);
}

/* HAProxy keeps names in lower case, and that is what expressions see. */
static bool name_matches_regex(struct eval *e, const struct rule *rule, struct str name)
{
	char low[256];

	if (name.len > sizeof(low))
		return false;
	for (size_t i = 0; i < name.len; i++)
		low[i] = (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] | 0x20 : name.ptr[i]);
	return regex_exec(e->engine, rule->regex, str_make(low, name.len), false, NULL, NULL);
}

bool rule_header_is_named(struct eval *e, const struct rule *rule, struct str name)
{
	struct str pattern = rule->name;

	switch (rule->num) {
	case MATCH_BEG:
		return name.len >= pattern.len && str_ieq(str_sub(name, 0, pattern.len), pattern);
	case MATCH_END:
		return name.len >= pattern.len && str_ieq(str_tail(name, name.len - pattern.len), pattern);
	case MATCH_SUB:
		for (size_t i = 0; i + pattern.len <= name.len; i++)
			if (str_ieq(str_sub(name, i, pattern.len), pattern))
				return true;
		return false;
	case MATCH_REG:
		return name_matches_regex(e, rule, name);
	default:
		return str_ieq(name, pattern);
	}
}

enum verdict rule_del_header(struct eval *e, const struct rule *rule)
{
	struct http_msg *m = rule_message(e, rule);

	for (uint32_t i = 0; m && i < m->nhdrs; i++)
		if (!m->hdrs[i].deleted &&
		    rule_header_is_named(e, rule, str_make(m->hdrs[i].name, m->hdrs[i].name_len)))
			http_del(m, &m->hdrs[i]);
	return V_CONTINUE;
}

enum verdict rule_replace_header(struct eval *e, const struct rule *rule)
{
	struct http_msg *m = rule_message(e, rule);
	struct http_hdr *h = NULL;
	struct str format, value;
	const size_t *groups;
	uint32_t n;

	while (m && (h = http_find(m, rule->name, h))) {
		struct str old = str_trim(str_make(h->value, h->value_len));

		format = logfmt_text(e, rule->fmt);
		if (!format.ptr)
			return rule_failed(e);
		if (!regex_exec(e->engine, rule->regex, old, false, &groups, &n))
			continue;
		value = rule_expand(e, format, old, groups, n);
		if (!value.ptr || field_is_fixed(m, rule->name) || !rule_fits(e, m, growth(h->value_len, value.len)))
			return rule_failed(e);
		http_set_value(m, h, value);
	}
	return V_CONTINUE;
}

/* A field whose part [off, off + len) becomes another text. */
static bool value_splice(struct eval *e, struct http_msg *m, struct http_hdr *h, size_t off, size_t len,
			 struct str part)
{
	struct str old = str_make(h->value, h->value_len);
	char *buf = scratch_alloc(e->scratch, old.len - len + part.len + 1), *p = buf;

	if (!buf || field_is_fixed(m, str_make(h->name, h->name_len)) ||
	    !rule_fits(e, m, growth(len, part.len)))
		return false;
	p = mempcpy(p, old.ptr, off);
	p = mempcpy(p, part.ptr ? part.ptr : "", part.len);
	p = mempcpy(p, old.ptr + off + len, old.len - off - len);
	http_set_value(m, h, str_make(buf, (size_t)(p - buf)));
	return true;
}

/* Every value of one field; blanks around a value that changes go with it. */
static bool replace_values(struct eval *e, const struct rule *rule, struct http_msg *m, struct http_hdr *h,
			   struct str format)
{
	uint32_t off = 0, from;
	struct str value, now;
	const size_t *groups;
	uint32_t n;

	for (from = 0; field_value_next(str_make(h->value, h->value_len), &off, &value); from = off) {
		size_t end = off == UINT32_MAX ? h->value_len : off - 1;

		if (!regex_exec(e->engine, rule->regex, value, false, &groups, &n))
			continue;
		now = rule_expand(e, format, value, groups, n);
		if (!now.ptr || !value_splice(e, m, h, from, end - from, now))
			return false;
		if (off != UINT32_MAX)
			off = (uint32_t)(off + now.len - (end - from));
	}
	return true;
}

enum verdict rule_replace_value(struct eval *e, const struct rule *rule)
{
	struct http_msg *m = rule_message(e, rule);
	struct http_hdr *h = NULL;
	struct str format;

	while (m && (h = http_find(m, rule->name, h))) {
		format = logfmt_text(e, rule->fmt);
		if (!format.ptr || !replace_values(e, rule, m, h, format))
			return rule_failed(e);
	}
	return V_CONTINUE;
}

/* The target with its part [part.ptr, +len) replaced. */
static enum verdict uri_splice(struct eval *e, struct str part, struct str with)
{
	struct http_msg *m = e->req;
	size_t off = part.ptr ? (size_t)(part.ptr - m->uri.ptr) : m->uri.len;
	char *buf = scratch_alloc(e->scratch, m->uri.len - part.len + with.len + 1), *p = buf;

	if (!buf || !rule_fits(e, m, growth(part.len, with.len)))
		return rule_failed(e);
	p = mempcpy(p, m->uri.ptr, off);
	p = mempcpy(p, with.ptr ? with.ptr : "", with.len);
	p = mempcpy(p, m->uri.ptr + off + part.len, m->uri.len - off - part.len);
	m->uri = str_make(buf, (size_t)(p - buf));
	m->start_edited = true;
	return V_CONTINUE;
}

/* A new target may bring another authority: the Host field follows, without user information. One without a
 * host is refused. */
static enum verdict uri_set(struct eval *e, struct str uri)
{
	struct http_msg *m = e->req;
	struct http_hdr *host = NULL;
	struct str authority = without_user(http_uri_authority(uri));

	if (authority.len)
		host = http_find_id(m, HN_HOST, NULL);
	else if (uri.len && uri.ptr[0] != '/' && uri.ptr[0] != '*')
		return rule_failed(e);
	if (!rule_fits(e, m, growth(m->uri.len, uri.len)))
		return rule_failed(e);
	m->uri = uri;
	m->normalized = false;
	m->start_edited = true;
	if (host)
		http_set_value(m, host, authority);
	return V_CONTINUE;
}

static bool keeps_query(struct str uri)
{
	if (http_uri_scheme(uri).len || !uri.len)
		return false;
	return uri.ptr[0] == '*' || str_chr(uri, '/') < uri.len;
}

/* A target without a path (`*`, an authority) gives way as a whole; but for a query of `*` and of
 * what has a slash without a scheme. */
enum verdict rule_set_path(struct eval *e, const struct rule *rule)
{
	struct str path = logfmt_text(e, rule->fmt), uri, old;

	if (!path.ptr || !e->req)
		return rule_failed(e);
	uri = e->req->uri;
	old = http_uri_path(uri);
	if (!old.len)
		old = keeps_query(uri) ? str_sub(uri, 0, str_chr(uri, '?')) : uri;
	return uri_splice(e, old, path);
}

enum verdict rule_set_pathq(struct eval *e, const struct rule *rule)
{
	struct str pathq = logfmt_text(e, rule->fmt), old;

	if (!pathq.ptr || !e->req)
		return rule_failed(e);
	old = http_uri_pathq(e->req->uri);
	return uri_splice(e, old.len ? old : e->req->uri, pathq);
}

enum verdict rule_set_query(struct eval *e, const struct rule *rule)
{
	struct str query = logfmt_text(e, rule->fmt), uri;
	size_t mark;

	if (!query.ptr || !e->req)
		return rule_failed(e);
	uri = e->req->uri;
	mark = str_chr(uri, '?');
	if (mark == uri.len && !query.len)
		return V_CONTINUE;
	if (mark < uri.len)
		return uri_splice(e, str_tail(uri, mark + 1), query);
	query = scratch_printf(e->scratch, "?%.*s", STR_ARG(query));
	return query.ptr ? uri_splice(e, str_tail(uri, uri.len), query) : rule_failed(e);
}

enum verdict rule_set_uri(struct eval *e, const struct rule *rule)
{
	struct str uri = logfmt_text(e, rule->fmt);

	if (!uri.ptr || !e->req)
		return rule_failed(e);
	return uri_set(e, uri);
}

enum verdict rule_set_method(struct eval *e, const struct rule *rule)
{
	struct str method = logfmt_text(e, rule->fmt);

	if (!method.ptr || !e->req || !rule_fits(e, e->req, growth(e->req->method_name.len, method.len)))
		return rule_failed(e);
	e->req->method_name = method;
	e->req->method = (uint8_t)sample_method_of(method);
	e->req->start_edited = true;
	return V_CONTINUE;
}

/* Part of the target by an expression; *text gets the new text, ptr NULL when there is no such part or the
 * expression does not match. */
static bool part_replace(struct eval *e, const struct rule *rule, struct str part, struct str *text)
{
	struct str format = logfmt_text(e, rule->fmt);
	const size_t *groups;
	uint32_t n;

	*text = STR_NONE;
	if (!format.ptr)
		return false;
	if (!part.len || !regex_exec(e->engine, rule->regex, part, false, &groups, &n))
		return true;
	*text = rule_expand(e, format, part, groups, n);
	return text->ptr != NULL;
}

enum verdict rule_replace_path(struct eval *e, const struct rule *rule)
{
	struct str text;

	if (!e->req || !part_replace(e, rule, http_uri_path(e->req->uri), &text))
		return rule_failed(e);
	return text.ptr ? uri_splice(e, http_uri_path(e->req->uri), text) : V_CONTINUE;
}

enum verdict rule_replace_pathq(struct eval *e, const struct rule *rule)
{
	struct str text;

	if (!e->req || !part_replace(e, rule, http_uri_pathq(e->req->uri), &text))
		return rule_failed(e);
	return text.ptr ? uri_splice(e, http_uri_pathq(e->req->uri), text) : V_CONTINUE;
}

enum verdict rule_replace_uri(struct eval *e, const struct rule *rule)
{
	struct str text;

	if (!e->req || !part_replace(e, rule, e->req->uri, &text))
		return rule_failed(e);
	return text.ptr ? uri_set(e, text) : V_CONTINUE;
}

enum verdict rule_set_status(struct eval *e, const struct rule *rule)
{
	struct str reason = rule->name.ptr ? rule->name : str_from(http_reason((unsigned)rule->num));

	if (!e->res)
		return V_CONTINUE;
	if (!rule_fits(e, e->res, growth(e->res->reason.len, reason.len)))
		return rule_failed(e);
	e->res->status = (uint16_t)rule->num;
	e->res->status_digits = 0;
	e->res->reason = reason;
	e->res->start_edited = true;
	return V_CONTINUE;
}
