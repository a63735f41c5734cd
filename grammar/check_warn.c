/* What HAProxy says when it has seen a whole proxy: settings that need mode http, missing timeouts, frontends
 * that cannot receive anything. Works on the state of one walk; one thread. */
#include "grammar/check_finish.h"
#include "grammar/rows.h"

/* Something that only mode http has, and how HAProxy says that it is ignored. */
struct http_thing {
	const char *row;     /* its first line is pointed at */
	const char *what;    /* "rules", "statement" ... */
	const char *haproxy; /* format: kind, name */
};

static void report_needs_http(struct checker *k, const struct draft *d, const struct http_thing *thing)
{
	const struct line *line = check_proxy_line(d, thing->row, true);
	struct span span = line ? line->span : d->section->header->span;
	struct diag *g = diag_add(k->d, D_NEEDS_HTTP, span, "%s is ignored: %s `%.*s` is not in mode http",
				  thing->what, keyword_place_name(d->place), STR_ARG(d->px->name));
	const char *at = strstr(thing->haproxy, "%s");

	diag_also(k->d, g, d->section->header->span, "this section");
	diag_haproxy_unplaced(k->d, g, "%.*s%s '%.*s'%s", (int)(at - thing->haproxy), thing->haproxy,
			      check_proxy_kind(d), STR_ARG(d->px->name), at + 2);
}

static const struct http_thing rule_things[RS_COUNT] = {
	[RS_HTTP_REQ] = {"http-request", "`http-request`",
			 "'http-request' rules ignored for %s as they require HTTP mode."},
	[RS_HTTP_RES] = {"http-response", "`http-response`",
			 "'http-response' rules ignored for %s as they require HTTP mode."},
	[RS_HTTP_AFTER_RES] = {"http-after-response", "`http-after-response`",
			       "'http-after-response' rules ignored for %s as they require HTTP mode."},
};

static void warn_options(struct checker *k, const struct draft *d)
{
	static const struct {
		enum proxy_option option;
		const char *row;
		uint32_t side;
	} options[] = {
		{PO_FORWARDFOR, "option forwardfor", 3},
		{PO_ORIGINALTO, "option originalto", 3},
		{PO_HTTP_BUFFER_REQUEST, "option http-buffer-request", 3},
		{PO_HTTP_USE_PROXY_HEADER, "option http-use-proxy-header", ROLE_FRONTEND},
		{PO_CHECKCACHE, "option checkcache", ROLE_BACKEND},
		{PO_HTTP_IGNORE_PROBES, "option http-ignore-probes", ROLE_FRONTEND},
		{PO_HTTP_PRETEND_KEEPALIVE, "option http-pretend-keepalive", ROLE_BACKEND},
		{PO_HTTP_NO_DELAY, "option http-no-delay", 3},
		{PO_ACCEPT_INVALID_REQUEST, "option accept-invalid-http-request", ROLE_FRONTEND},
		{PO_ACCEPT_INVALID_RESPONSE, "option accept-invalid-http-response", ROLE_BACKEND},
		{PO_ACCEPT_UNSAFE_REQUEST, "option accept-unsafe-violations-in-http-request", ROLE_FRONTEND},
		{PO_ACCEPT_UNSAFE_RESPONSE, "option accept-unsafe-violations-in-http-response", ROLE_BACKEND},
		{PO_IDLE_CLOSE_ON_RESPONSE, "option idle-close-on-response", ROLE_FRONTEND},
		{PO_PREFER_LAST_SERVER, "option prefer-last-server", ROLE_BACKEND},
		{PO_DISABLE_H2_UPGRADE, "option disable-h2-upgrade", ROLE_FRONTEND},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		struct http_thing thing = {.row = options[i].row};

		if (!proxy_option_is_set(d->px, options[i].option) || !(d->px->role & options[i].side))
			continue;
		thing.what = arena_printf(k->scratch, "`%s`", options[i].row).ptr;
		thing.haproxy = arena_printf(k->scratch, "'%s' ignored for %%s as it requires HTTP mode.",
					     options[i].row)
					.ptr;
		report_needs_http(k, d, &thing);
	}
}

static bool balance_is_layer7(enum balance_kind kind)
{
	return kind == BAL_URI || kind == BAL_URL_PARAM || kind == BAL_HDR;
}

/* Its connections may become HTTP (tcp-request content switch-mode). */
static bool switches_mode(const struct proxy_conf *px)
{
	for (uint32_t i = 0; i < px->rules[RS_TCP_REQ_CONT].n; i++)
		if (px->rules[RS_TCP_REQ_CONT].v[i].action == ACTION_SWITCH_MODE)
			return true;
	return false;
}

static void warn_tcp(struct checker *k, const struct draft *d)
{
	const struct proxy_conf *px = d->px;

	if (px->monitor_uri.len && px->role & ROLE_FRONTEND)
		report_needs_http(
			k, d,
			&(struct http_thing){"monitor-uri", "`monitor-uri`",
					     "monitor-uri will be ignored for %s (needs 'mode http')."});
	if (px->cookie.name.len)
		report_needs_http(k, d,
				  &(struct http_thing){"cookie", "`cookie`",
						       "cookie will be ignored for %s (needs 'mode http')."});
	if (px->role & ROLE_BACKEND && balance_is_layer7(px->balance.kind))
		report_needs_http(
			k, d,
			&(struct http_thing){
				"balance", "this balance algorithm",
				"Layer 7 hash not possible for %s (needs 'mode http'). Falling back to "
				"round robin."});
	if (px->stats.enabled)
		report_needs_http(
			k, d,
			&(struct http_thing){"stats", "`stats`",
					     "'stats' statement ignored for %s as it requires HTTP mode."});
	if (px->role == ROLE_LISTEN && (px->capture_request_n || px->capture_response_n))
		report_needs_http(
			k, d,
			&(struct http_thing){"capture", "`capture`",
					     "'capture' statement ignored for %s as it requires HTTP mode."});
	for (int set = 0; set < RS_COUNT; set++)
		if (rule_things[set].row && px->rules[set].n)
			report_needs_http(k, d, &rule_things[set]);
	if (px->redirects.n)
		report_needs_http(
			k, d,
			&(struct http_thing){"redirect", "`redirect`",
					     "'redirect' rules ignored for %s as they require HTTP mode."});
	warn_options(k, d);
}

static void warn_timeouts(struct checker *k, const struct draft *d)
{
	const struct proxy_conf *px = d->px;
	bool fe = px->role & ROLE_FRONTEND && !px->timeout[TMO_CLIENT];
	bool be = px->role & ROLE_BACKEND && px->servers.n;
	bool connect = be && !px->timeout[TMO_CONNECT];
	bool server = be && !px->timeout[TMO_SERVER] && (px->mode == MODE_HTTP || !px->timeout[TMO_TUNNEL]);
	struct diag *g;

	if ((px->mode != MODE_HTTP && px->mode != MODE_TCP) || !(fe || connect || server))
		return;
	g = diag_add(k->d, D_MISSING_TIMEOUTS, d->section->header->span, "%s `%.*s` lacks %s%s%s%s%s",
		     keyword_place_name(d->place), STR_ARG(px->name), fe ? "`timeout client`" : "",
		     fe && (connect || server) ? connect && server ? ", " : " and " : "",
		     connect ? "`timeout connect`" : "", connect && server ? " and " : "",
		     server ? "`timeout server`" : "");
	diag_note(k->d, g, "without them, connections whose other end is gone stay forever");
	diag_help(k->d, g,
		  "set them for all proxies in a defaults section: `timeout connect 5s`, `timeout client 30s`, "
		  "`timeout server 30s`");
	diag_haproxy_unplaced(k->d, g,
			      "missing timeouts for %s '%.*s'.\n"
			      "   | While not properly invalid, you will certainly encounter various problems\n"
			      "   | with such a configuration. To fix this, please ensure that all following\n"
			      "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
			      check_proxy_kind(d), STR_ARG(px->name));
}

static void warn_binds(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (!(d->px->role & ROLE_FRONTEND) || d->px->binds.n)
		return;
	g = diag_add(k->d, D_NO_BIND, d->section->header->span,
		     "the %s `%.*s` has no `bind` line: nothing can reach it", keyword_place_name(d->place),
		     STR_ARG(d->px->name));
	diag_haproxy_unplaced(
		k->d, g,
		"%s '%.*s' has no 'bind' directive. Please declare it as a backend if this was intended.",
		check_proxy_kind(d), STR_ARG(d->px->name));
}

/* Rules of one kind of check while another one is chosen, or none. Only of the proxy's own lines. */
static void warn_checks(struct checker *k, const struct draft *d, bool http)
{
	const struct line *line = d->steps[http].line;
	const char *rules = http ? "http" : "tcp", *option = http ? "httpchk" : "tcp-check";
	enum check_kind kind = d->px->check.kind;
	struct diag *g;

	if (!(d->px->role & ROLE_BACKEND) || !line || kind == (http ? CHECK_HTTP : CHECK_TCP))
		return;
	if (kind != CHECK_L4 && d->rules_http != http)
		return;
	g = diag_add(k->d, D_SETTING_USELESS, line->span, "`%s-check` rules do nothing without `option %s`",
		     rules, option);
	diag_haproxy_unplaced(k->d, g,
			      "%s '%.*s' uses %s-check rules without 'option %s', so the rules are ignored.",
			      check_proxy_kind(d), STR_ARG(d->px->name), rules, option);
}

/* Settings that only matter beside an option. */
static void warn_unused(struct checker *k, const struct draft *d, const char *row, const char *haproxy,
			const char *option)
{
	const struct line *line = check_proxy_line(d, row, true);
	struct diag *g = diag_add(k->d, D_SETTING_USELESS, line ? line->span : d->section->header->span,
				  "`%s` does nothing without `%s`", row, option);

	diag_haproxy_unplaced(k->d, g, "'%s' will be ignored for %s '%.*s' (requires '%s').", haproxy,
			      check_proxy_kind(d), STR_ARG(d->px->name), option);
}

static void warn_check_words(struct checker *k, const struct draft *d)
{
	const struct check_conf *check = &d->px->check;

	if (!(d->px->role & ROLE_BACKEND))
		return;
	if (check->disable_on_404 && check->kind != CHECK_HTTP && check->kind != CHECK_L4)
		warn_unused(k, d, "http-check disable-on-404", "disable-on-404", "option httpchk");
	if (check->send_state && check->kind != CHECK_HTTP && check->kind != CHECK_L4)
		warn_unused(k, d, "http-check send-state", "send-state", "option httpchk");
	if (proxy_option_is_set(d->px, PO_EXTERNAL_CHECK))
		return;
	if (check_proxy_line(d, "external-check command", true))
		warn_unused(k, d, "external-check command", "external-check command", "option external-check");
	if (check_proxy_line(d, "external-check path", true))
		warn_unused(k, d, "external-check path", "external-check path", "option external-check");
}

static void warn_logs(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (!(d->px->role & ROLE_FRONTEND) || d->log_kind == LOG_DEFAULT || d->px->log_targets.n)
		return;
	g = diag_add(k->d, D_SETTING_USELESS, d->log_format_line->span,
		     "this log format is not used: `%.*s` has no `log` line", STR_ARG(d->px->name));
	diag_haproxy_unplaced(k->d, g, "log format ignored for %s '%.*s' since it has no log address.",
			      check_proxy_kind(d), STR_ARG(d->px->name));
}

static void warn_table(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (!d->wants_own_table || d->table_line)
		return;
	g = diag_add(k->d, D_SETTING_MISSING, d->wants_own_table->span,
		     "this rule names no table, and `%.*s` has no `stick-table`", STR_ARG(d->px->name));
	diag_haproxy_unplaced(k->d, g, "Proxy '%.*s': unable to find stick-table '%.*s'.", STR_ARG(d->px->name),
			      STR_ARG(d->px->name));
}

static void warn_external(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (!proxy_option_is_set(d->px, PO_EXTERNAL_CHECK) || k->external_check ||
	    !(d->px->role & ROLE_BACKEND))
		return;
	g = diag_add(k->d, D_SETTING_MISSING, d->section->header->span,
		     "`option external-check` needs `external-check` in the global section");
	diag_haproxy_unplaced(
		k->d, g,
		"Proxy '%.*s' : 'option external-check' unable to find required 'global.external-check'.",
		STR_ARG(d->px->name));
}

/* With any filter line, the order of filters is given by such lines alone. */
static void warn_compression(struct checker *k, const struct draft *d)
{
	struct diag *g;

	if (!d->compression || !d->filters || d->filter_compression || d->px->mode != MODE_HTTP)
		return;
	g = diag_add(k->d, D_SETTING_MISSING, d->compression->span,
		     "`compression` beside other filters needs a `filter compression` line");
	diag_haproxy_unplaced(
		k->d, g, "config: %s '%.*s': require an explicit filter declaration to use HTTP compression",
		check_proxy_kind(d), STR_ARG(d->px->name));
}

/* In mode tcp there are neither cookies nor redirections. */
static void warn_servers(struct checker *k, const struct draft *d)
{
	for (uint32_t i = 0; i < d->px->servers.n; i++) {
		const struct server_conf *s = d->px->servers.v[i];
		struct diag *g;

		if (s->redirects) {
			g = diag_add(k->d, D_CONFLICT, d->server_lines.v[i]->span, "`redir` needs mode http");
			diag_haproxy_unplaced(
				k->d, g,
				"%s '%.*s' : server cannot have cookie or redirect prefix in non-HTTP mode.",
				check_proxy_kind(d), STR_ARG(d->px->name));
		}
		if (!s->cookie.len)
			continue;
		g = diag_add(k->d, D_NEEDS_HTTP, d->server_lines.v[i]->span,
			     "the cookie of server `%.*s` is ignored: `%.*s` is not in "
			     "mode http",
			     STR_ARG(s->name), STR_ARG(d->px->name));
		diag_haproxy_unplaced(k->d, g,
				      "%s '%.*s' : ignoring cookie for server '%.*s' as HTTP mode is disabled.",
				      check_proxy_kind(d), STR_ARG(d->px->name), STR_ARG(s->name));
	}
}

/* What is missing may be what was misspelt. */
static bool is_broken(const struct draft *d)
{
	if (!d->name)
		return true;
	for (; d; d = d->from)
		if (d->broken)
			return true;
	return false;
}

void check_finish_warnings(struct checker *k, const struct draft *d)
{
	if (!is_broken(d)) {
		warn_binds(k, d);
		warn_logs(k, d);
		warn_timeouts(k, d);
		warn_table(k, d);
	}
	if (d->px->mode == MODE_TCP && !(d->from_explicit && !d->from)) {
		if (!switches_mode(d->px))
			warn_tcp(k, d);
		warn_servers(k, d);
	}
	warn_external(k, d);
	warn_compression(k, d);
	warn_checks(k, d, true);
	warn_checks(k, d, false);
	warn_check_words(k, d);
}

void check_finish_listeners(struct checker *k)
{
	bool listens = k->others[PLACE_PEERS].count || k->others[PLACE_LOG_FORWARD].count;

	for (uint32_t i = 0; i < k->drafts.n; i++)
		listens |= k->drafts.v[i]->px->binds.n && !k->drafts.v[i]->px->disabled;
	if (!listens && k->d->errors == 0 && k->c->tree->sections.n)
		diag_note(k->d,
			  diag_add(k->d, D_NO_LISTENER, SPAN_NONE,
				   "nothing listens: no frontend or listen section has a `bind` line"),
			  "the configuration is valid, but a process would have nothing to do and exit with "
			  "status 2");
}
