/* Fetches of query and form parameters, and of HTTP authentication (manual, section 7.3.6). One thread. */
#include "runtime/eval/credentials.h"
#include "runtime/eval/field_value.h"
#include "runtime/eval/fetch.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* What parameters of the target begin with; it separates them, too. urlp(name,delim) has one of its own. */
static char param_delimiter(const struct fetch_call *call)
{
	return call->args[1].str.len ? call->args[1].str.ptr[0] : '?';
}

/* What follows the first delimiter, wherever in the target that is. */
static struct str param_text(struct eval *e, char delimiter)
{
	struct str uri = e->req->uri;

	return str_tail(uri, str_chr(uri, delimiter) + 1);
}

static bool param_wanted(const struct fetch_call *call, struct str name)
{
	struct str wanted = call->args[0].str;
	struct str flags = call->args[2].str;

	if (!wanted.len)
		return true;
	return flags.len && flags.ptr[0] == 'i' ? str_ieq(name, wanted) : str_eq(name, wanted);
}

/* The next parameter of that name; *off is where to go on. */
static bool param_find(const struct fetch_call *call, struct str text, char delimiter, size_t *off,
		       struct str *value)
{
	struct str name;

	while (param_next(text, delimiter, off, &name, value))
		if (param_wanted(call, name))
			return true;
	return false;
}

bool fetch_urlp(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	size_t off = iter ? iter->off : 0;
	char delimiter = param_delimiter(call);
	struct str value;

	if (!fetch_request(e) || !param_find(call, param_text(e, delimiter), delimiter, &off, &value))
		return false;
	if (iter) {
		iter->off = (uint32_t)off;
		iter->more = true;
	}
	return sample_set_str(out, value);
}

bool fetch_urlp_val(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	return fetch_urlp(e, call, out, iter) && sample_set_int(out, field_number(out->str));
}

bool fetch_req_body_param(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	struct fetch_call inner = *call;
	struct arg args[3] = {call->args[0], {0}, call->args[1]};
	size_t off = iter ? iter->off : 0;
	struct str value;

	inner.args = args;
	if (!fetch_request(e))
		return false;
	fetch_see_body(e, e->req);
	if (!param_find(&inner, e->req->body_seen, '&', &off, &value))
		return false;
	if (iter) {
		iter->off = (uint32_t)off;
		iter->more = true;
	}
	out->type = SMP_BIN;
	out->str = value;
	return true;
}

/* Sixteen bits of the number that the text begins with. */
static uint16_t leading_port(struct str text)
{
	unsigned port = 0;

	for (size_t i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
		port = port * 10 + (unsigned)(text.ptr[i] - '0');
	return (uint16_t)port;
}

/* Address and port of an absolute target whose host is an IPv4 address. */
static bool url_addr(struct eval *e, struct sample *addr, int64_t *port)
{
	struct str host;
	size_t colon;

	if (!fetch_request(e))
		return false;
	host = http_uri_authority(e->req->uri);
	colon = str_chr(host, ':');
	sample_set_str(addr, str_sub(host, 0, colon));
	if (!host.len || !sample_cast(e, addr, SMP_IPV4))
		return false;
	*port = str_ieq(http_uri_scheme(e->req->uri), STR("https")) ? 443 : 80;
	if (colon < host.len)
		*port = leading_port(str_tail(host, colon + 1));
	return true;
}

bool fetch_url_ip(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	int64_t port;

	return url_addr(e, out, &port);
}

bool fetch_url_port(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	int64_t port;

	return url_addr(e, out, &port) && sample_set_int(out, port);
}

/* The Authorization field, if there is a request that has one. */
static const struct http_hdr *authorization(struct eval *e)
{
	return fetch_request(e) ? http_find_id(e->req, HN_AUTHORIZATION, NULL) : NULL;
}

/* Name and password of basic authentication (RFC 7617). */
static bool basic_auth(struct eval *e, struct str *user, struct str *password)
{
	return credentials_basic(e->scratch, authorization(e), user, password);
}

bool fetch_http_auth(struct eval *e, const struct fetch_call *call, struct sample *out,
		     struct sample_iter *iter)
{
	struct str user, password;

	return basic_auth(e, &user, &password) &&
	       sample_set_bool(out, userlist_check(call->args[0].userlist, user, password, STR_NONE));
}

/* The groups of a user whose password is right, one after the other, for ACLs; else the user's name. */
bool fetch_http_auth_group(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	const struct userlist_conf *list = call->args[0].userlist;
	struct str user, password;
	uint32_t at = iter ? iter->off : 0;

	if (!basic_auth(e, &user, &password) || !list ||
	    (!at && !userlist_check(list, user, password, STR_NONE)))
		return false;
	for (uint32_t i = 0; i < list->users.n; i++) {
		const struct user_conf *u = &list->users.v[i];

		if (!str_eq(u->name, user) || (iter && at >= u->groups.n))
			continue;
		if (!iter)
			return sample_set_str(out, user);
		iter->off = at + 1;
		iter->more = at + 1 < u->groups.n;
		return sample_set_str(out, u->groups.v[at]);
	}
	return false;
}

bool fetch_http_auth_user(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	struct str user, password;

	return basic_auth(e, &user, &password) && sample_set_str(out, user);
}

bool fetch_http_auth_pass(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	struct str user, password;

	return basic_auth(e, &user, &password) && sample_set_str(out, password);
}

/* The token of a field with bearer authentication; `whole`: where its scheme must be written out. */
static bool bearer(const struct http_hdr *h, bool whole, struct str *token)
{
	struct str scheme;

	return credentials_split(h, &scheme, token) && (!whole || scheme.len == 6) &&
	       !credentials_are(scheme, STR("Basic")) && credentials_are(scheme, STR("Bearer"));
}

/* Of credentials that HAProxy understands. */
bool fetch_http_auth_type(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	struct str token, user, password;

	if (basic_auth(e, &user, &password))
		return sample_set_str(out, STR("Basic"));
	return bearer(authorization(e), false, &token) && sample_set_str(out, STR("Bearer"));
}

/* The token of bearer authentication. In another field the scheme must be written out. */
bool fetch_http_auth_bearer(struct eval *e, const struct fetch_call *call, struct sample *out,
			    struct sample_iter *iter)
{
	struct str name = call->args[0].str, token;
	const struct http_hdr *h = authorization(e);

	if (name.len)
		h = fetch_request(e) ? http_find(e->req, name, NULL) : NULL;
	return bearer(h, name.len, &token) && sample_set_str(out, token);
}
