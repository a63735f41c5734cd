/* The statistics over HTTP: who may see them, which form is wanted, and what an admin's POST does. Answers are
 * complete messages; the HTTP stream sends them. Any worker. */
#include "runtime/stats/stats_http.h"

#include <ctype.h>

#include "runtime/eval/credentials.h"
#include "runtime/stats/stats_admin.h"
#include "runtime/stats/stats_page.h"

enum { PAGE_LIMIT = 256 << 20, SCOPE_MAX = 20 };

#define REALM_DEFAULT "HAProxy Statistics"

static struct str stats_uri(const struct proxy *px)
{
	return px->conf->stats.uri.len ? px->conf->stats.uri : STR("/haproxy?stats");
}

bool stats_wanted(const struct proxy *px, const struct http_msg *req)
{
	return px->conf->stats.enabled &&
	       (req->method == HTTP_M_GET || req->method == HTTP_M_HEAD || req->method == HTTP_M_POST) &&
	       str_starts(http_uri_pathq(req->uri), stats_uri(px));
}

/* --- who may see them */

/* Without an early end: how long it takes tells nothing about the password. */
static bool same_secret(struct str a, struct str b)
{
	unsigned char differs = a.len != b.len;

	for (size_t i = 0; i < a.len && i < b.len; i++)
		differs |= (unsigned char)(a.ptr[i] ^ b.ptr[i]);
	return !differs;
}

static bool is_known(struct eval *e, const struct stats_conf *conf)
{
	struct str user, password;

	if (!credentials_basic(e->scratch, http_find_id(e->req, HN_AUTHORIZATION, NULL), &user, &password))
		return false;
	for (uint32_t i = 0; i < conf->auths.n; i++)
		if (str_eq(conf->auths.v[i].user, user) && same_secret(conf->auths.v[i].password, password))
			return true;
	return false;
}

/* `stats http-request` rules first, then the accounts of `stats auth`. */
static enum verdict access_verdict(struct eval *e, const struct stats_conf *conf)
{
	const struct rule *decider = NULL;
	uint32_t index = 0;
	enum verdict v = rules_run(e, &conf->http_req, &index, &decider);

	if (v != V_CONTINUE)
		return v;
	return !conf->auths.n || is_known(e, conf) ? V_ALLOW : V_AUTH;
}

/* --- answers */

static void put_error(struct out *out, unsigned status, const char *reason, const char *text, size_t *head_len)
{
	char body[256];
	struct out b = out_fixed(body, sizeof(body));

	out_printf(&b, "<html><body><h1>%u %s</h1>\n%s\n</body></html>\n", status, reason, text);
	out_printf(out,
		   "HTTP/1.1 %u %s\r\ncontent-length: %zu\r\ncache-control: no-cache\r\ncontent-type: "
		   "text/html\r\n",
		   status, reason, b.len);
	*head_len = out->len;
	out_str(out, out_get(&b));
}

static void reply_unauthorized(const struct stats_conf *conf, struct out *out, size_t *head_len)
{
	static const char body[] =
		"<html><body><h1>401 Unauthorized</h1>\n"
		"You need a valid user and password to access this content.\n</body></html>\n";

	out_printf(out,
		   "HTTP/1.1 401 Unauthorized\r\ncontent-length: %zu\r\ncache-control: "
		   "no-cache\r\ncontent-type: text/html\r\n",
		   sizeof(body) - 1);
	out_puts(out, "www-authenticate: Basic realm=\"");
	out_str(out, conf->realm.len ? conf->realm : STR(REALM_DEFAULT));
	out_puts(out, "\"\r\n\r\n");
	*head_len = out->len;
	out_puts(out, body);
}

/* The document goes behind the head, whose length field is written once it is known. */
static void reply_document(struct out *out, const char *type, uint32_t refresh, struct out *body,
			   size_t *head_len)
{
	out_printf(out, "HTTP/1.1 200 OK\r\ncache-control: no-cache\r\ncontent-type: %s\r\n", type);
	if (refresh)
		out_printf(out, "refresh: %u\r\n", refresh);
	out_printf(out, "content-length: %zu\r\n\r\n", body->len);
	*head_len = out->len;
	out_str(out, out_get(body));
}

/* ";csv" and friends may stand in any order behind the uri (management manual, section 9.1). */
static bool asks_for(struct str rest, struct str what)
{
	while (rest.len) {
		size_t at = str_chr(rest, ';');

		rest = str_tail(rest, at + 1);
		if (str_starts(rest, what) && (rest.len == what.len || rest.ptr[what.len] == ';' ||
					       rest.ptr[what.len] == '=' || rest.ptr[what.len] == '?'))
			return true;
	}
	return false;
}

static struct str status_code(struct str rest)
{
	for (size_t i = 0; i + 4 <= rest.len; i++)
		if (str_eq(str_sub(rest, i, 4), STR(";st=")))
			return str_sub(rest, i + 4, 4);
	return STR_NONE;
}

/* "scope=TEXT" anywhere behind the uri: part of the names of the proxies that are wanted, at most as long as
 * HAProxy takes. */
static struct str scope_of(struct str rest)
{
	struct str word = STR("scope=");

	for (size_t i = 1; i + word.len <= rest.len; i++)
		if (str_eq(str_sub(rest, i, word.len), word)) {
			struct str text = str_tail(rest, i + word.len);
			size_t n = 0;

			while (n < text.len && n < SCOPE_MAX && text.ptr[n] != ';' && text.ptr[n] != '&')
				n++;
			return str_sub(text, 0, n);
		}
	return STR_NONE;
}

static void reply_get(struct worker *w, struct proxy *px, bool admin, struct str rest, struct out *out,
		      size_t *head_len)
{
	struct stats_view view = {.proxy = px, .filter = STATS_FILTER_ALL, .admin = admin};
	uint32_t refresh = px->conf->stats.refresh;
	struct out body = out_growing(PAGE_LIMIT);

	view.filter.scope_of = px;
	view.filter.legends = px->conf->stats.show_legends;
	view.filter.up_only = asks_for(rest, STR("up"));
	view.filter.no_maint = asks_for(rest, STR("no-maint"));
	view.message = status_code(rest);
	view.filter.named = scope_of(rest);
	view.refresh = refresh && !asks_for(rest, STR("norefresh"));
	refresh = view.refresh ? refresh : 0;
	if (asks_for(rest, STR("json-schema"))) {
		stats_schema(&body);
		reply_document(out, "application/json", refresh, &body, head_len);
	} else if (asks_for(rest, STR("csv"))) {
		stats_csv(w, &view.filter, &body);
		reply_document(out, "text/plain", refresh, &body, head_len);
	} else if (asks_for(rest, STR("json"))) {
		stats_json(w, &view.filter, &body);
		reply_document(out, "application/json", refresh, &body, head_len);
	} else if (asks_for(rest, STR("typed"))) {
		stats_typed(w, &view.filter, &body);
		reply_document(out, "text/plain", refresh, &body, head_len);
	} else {
		stats_page(w, &view, &body);
		reply_document(out, "text/html", refresh, &body, head_len);
	}
	out_free(&body);
}

/* May it go back to the client in a header field? Names of proxies hold nothing else. */
static bool is_plain(struct str scope)
{
	for (size_t i = 0; i < scope.len; i++) {
		unsigned char c = (unsigned char)scope.ptr[i];

		if (!isalnum(c) && !strchr("_.:-", c))
			return false;
	}
	return scope.len > 0;
}

/* What was asked for of the page stays so. A form that has not come as a whole is not carried out. */
static void reply_post(struct worker *w, struct proxy *px, bool admin, struct str rest, const struct str *form,
		       struct out *out, size_t *head_len)
{
	const char *result = !admin ? "DENY" : form ? stats_admin(w, *form) : "EXCD";
	bool refreshes = px->conf->stats.refresh > 0;

	out_puts(out, "HTTP/1.1 303 See Other\r\ncache-control: no-cache\r\ncontent-type: "
		      "text/plain\r\ncontent-length: 0\r\nlocation: ");
	out_str(out, stats_uri(px));
	out_printf(out, ";st=%s%s%s", result, asks_for(rest, STR("up")) ? ";up" : "",
		   refreshes && asks_for(rest, STR("norefresh")) ? ";norefresh" : "");
	if (is_plain(scope_of(rest)))
		out_printf(out, "?scope=%.*s", STR_ARG(scope_of(rest)));
	out_puts(out, "\r\n\r\n");
	*head_len = out->len;
}

void stats_reply(struct worker *w, struct proxy *px, struct eval *e, const struct str *form, struct out *out,
		 size_t *head_len, unsigned *status)
{
	const struct stats_conf *conf = &px->conf->stats;
	enum verdict access = access_verdict(e, conf);
	struct str rest = str_tail(http_uri_pathq(e->req->uri), stats_uri(px).len);
	bool admin = conf->admin && cond_eval(e, conf->admin);

	if (access == V_AUTH) {
		*status = 401;
		reply_unauthorized(conf, out, head_len);
	} else if (access != V_ALLOW) {
		*status = 403;
		put_error(out, 403, "Forbidden", "Request forbidden by administrative rules.", head_len);
	} else if (e->req->method == HTTP_M_POST) {
		*status = 303;
		reply_post(w, px, admin, rest, form, out, head_len);
	} else {
		*status = 200;
		reply_get(w, px, admin, rest, out, head_len);
	}
}
