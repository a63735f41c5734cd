/* The Location of a redirect rule (manual, keyword "redirect"). One thread. */
#include "runtime/eval/field_value.h"
#include "runtime/eval/rules.h"

/* The target's path with or without query, as the flags want it. Without drop-query the slash goes behind the
 * query, as HAProxy has it. */
static struct str redirect_path(struct eval *e, const struct rule *rule)
{
	struct str path =
		rule->flags & REDIR_DROP_QUERY ? http_uri_path(e->req->uri) : http_uri_pathq(e->req->uri);

	if (!path.len)
		return STR("/");
	if (!(rule->flags & REDIR_APPEND_SLASH))
		return path;
	if (path.len && path.ptr[path.len - 1] == '/')
		return path;
	return scratch_printf(e->scratch, "%.*s/", STR_ARG(path));
}

/* The first value of the Host field and nothing else, as HAProxy has it: a comma ends a host's name. */
static struct str redirect_host(struct eval *e)
{
	struct http_hdr *h = http_find_id(e->req, HN_HOST, NULL);
	struct str value = STR_NONE;
	uint32_t off = 0;

	if (!h)
		return value;
	field_value_next(str_make(h->value, h->value_len), &off, &value);
	return value;
}

static struct str scheme_location(struct eval *e, const struct rule *rule, struct str scheme)
{
	struct str host = redirect_host(e);
	struct str path = redirect_path(e, rule);

	return scratch_printf(e->scratch, "%.*s://%.*s%.*s", STR_ARG(scheme), STR_ARG(host), STR_ARG(path));
}

/* keep-query: the request's query goes on behind the location's own. */
static struct str with_query(struct eval *e, struct str location)
{
	struct str query = http_uri_query(e->req->uri);

	if (!query.len)
		return location;
	return scratch_printf(e->scratch, "%.*s%c%.*s", STR_ARG(location),
			      memchr(location.ptr, '?', location.len) ? '&' : '?', STR_ARG(query));
}

struct str redirect_location(struct eval *e, const struct rule *rule)
{
	struct str text = logfmt_text(e, rule->fmt), path;

	if (!text.ptr || !e->req)
		return text;
	if (rule->redirect == REDIR_LOCATION)
		return rule->flags & REDIR_KEEP_QUERY ? with_query(e, text) : text;
	if (rule->redirect == REDIR_SCHEME)
		return scheme_location(e, rule, text);
	path = redirect_path(e, rule);
	if (str_is(text, "/"))
		return path;
	return scratch_printf(e->scratch, "%.*s%.*s", STR_ARG(text), STR_ARG(path));
}
