/* Lints about TLS that need no files: plain text where TLS is expected, servers that nobody verifies, settings
 * that only old or broken peers want. One thread. */
#include "grammar/lint.h"

static bool is_inet(const struct addr_conf *a)
{
	return a->kind == ADDR_INET || a->kind == ADDR_INET6 || a->kind == ADDR_NAME;
}

/* Port 443 speaks TLS (RFC 9110 section 4.2.2). In mode tcp it may be that of somebody else. */
static void plain_bind(struct checker *k, const struct bind_conf *b)
{
	struct diag *g;

	if (b->ssl || b->accept_proxy || !is_inet(&b->addr) || b->addr.port != 443 || b->addr.datagram)
		return;
	g = diag_add(k->d, D_PLAIN_443, lint_span(k, b->pos), "`%.*s` speaks plain HTTP on the port of HTTPS",
		     STR_ARG(b->addr.text));
	diag_help(k->d, g, "add `ssl crt FILE`; `mode tcp` if the connection is passed on as it is");
}

static void plain_server(struct checker *k, const struct server_conf *s)
{
	struct diag *g;

	if (s->ssl || !is_inet(&s->addr) || s->addr.port != 443)
		return;
	g = diag_add(k->d, D_PLAIN_443, lint_span(k, s->pos), "`%.*s` sends plain HTTP to port 443",
		     STR_ARG(s->name));
	diag_note(k->d, g, "a server that speaks TLS there answers with an error, or closes the connection");
	diag_help(k->d, g, "add `ssl verify required ca-file @system-ca`");
}

static void unverified(struct checker *k, const struct server_conf *s)
{
	bool none = s->ssl_verify == 1 || (!s->ssl_verify && k->m->global.ssl_server_verify == 1);
	struct diag *g;

	if (!s->ssl || !none)
		return;
	g = diag_add(k->d, D_VERIFY_NONE, lint_span(k, s->pos), "nobody checks who `%.*s` is",
		     STR_ARG(s->name));
	diag_note(k->d, g, "with `verify none` whoever sits between may read and change everything");
	diag_help(k->d, g,
		  "write `verify required ca-file FILE`, and `sni` or `verifyhost` for the name in the "
		  "certificate");
}

/* The first member of a list of ciphers that has no business there. */
static struct str weak_cipher(struct str list)
{
	static const char *const weak[] = {
		"NULL",     "ENULL", "ANULL", "ADH", "AECDH", "EXP", "EXPORT", "EXPORT40",
		"EXPORT56", "LOW",   "RC4",   "RC2", "DES",   "MD5", "ALL",    "COMPLEMENTOFALL"};

	while (list.len) {
		size_t n = 0;
		struct str word, part;

		while (n < list.len && list.ptr[n] != ':' && list.ptr[n] != ',' && list.ptr[n] != ' ')
			n++;
		word = str_sub(list, 0, n);
		list = str_tail(list, n + 1);
		if (!word.len || word.ptr[0] == '!' || word.ptr[0] == '-' || word.ptr[0] == '+' ||
		    word.ptr[0] == '@')
			continue;
		/* RC4-SHA, EXP-DES-CBC-SHA; ALL only where it stands alone and nothing takes aNULL away */
		part = str_sub(word, 0, str_chr(word, '-'));
		for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]) - 2; i++)
			if (str_ieq(part, str_from(weak[i])))
				return word;
	}
	return STR_NONE;
}

static void ciphers_check(struct checker *k, const struct tls_conf *conf, struct span span)
{
	struct str word = weak_cipher(conf->ciphers);
	struct diag *g;

	if (!word.len)
		return;
	g = diag_add(k->d, D_TLS_WEAK, span, "`%.*s` asks for ciphers that protect nothing", STR_ARG(word));
	diag_note(k->d, g,
		  "RFC 9325 section 4.2.1 forbids ciphers without encryption or authentication, export ciphers "
		  "and RC4");
}

static void versions_check(struct checker *k, const struct tls_conf *conf, struct span span)
{
	static const char *const names[TLSV_N] = {"", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
	uint8_t version = conf->min_ver;
	struct diag *g;

	for (uint8_t v = TLSV_SSL30; v < TLSV_12; v++)
		if (conf->force_ver[v])
			version = v;
	if (!version || version >= TLSV_12)
		return;
	g = diag_add(k->d, D_TLS_OLD, span, "%s is allowed here", names[version]);
	diag_note(k->d, g, "RFC 8996 retired TLS 1.0 and 1.1; clients of the last ten years speak TLS 1.2");
}

/* Lines of the global section have no place in the model. */
static struct span global_line(const struct checker *k, const char *name)
{
	for (uint32_t i = k->global_seen.n; i--;)
		if (!strcmp(k->global_seen.v[i].row->name, name))
			return k->global_seen.v[i].line->span;
	return SPAN_NONE;
}

void lint_tls_global(struct checker *k)
{
	const struct tls_global_conf *g = &k->m->global.tls;
	struct diag *d;

	ciphers_check(k, &g->bind, global_line(k, "ssl-default-bind-ciphers"));
	ciphers_check(k, &g->server, global_line(k, "ssl-default-server-ciphers"));
	versions_check(k, &g->bind, global_line(k, "ssl-default-bind-options"));
	versions_check(k, &g->server, global_line(k, "ssl-default-server-options"));
	if (!g->dh_param || g->dh_param >= 2048)
		return;
	d = diag_add(k->d, D_TLS_WEAK, global_line(k, "tune.ssl.default-dh-param"),
		     "Diffie-Hellman with %u bits can be broken", g->dh_param);
	diag_note(k->d, d, "RFC 9325 section 4.4 asks for 2048 bits");
}

void lint_tls(struct checker *k, const struct draft *d)
{
	bool http = d->px->mode == MODE_HTTP;

	for (uint32_t i = 0; i < d->px->binds.n; i++) {
		const struct bind_conf *b = d->px->binds.v[i];

		if (http)
			plain_bind(k, b);
		if (!b->ssl || (i && b->pos.line == d->px->binds.v[i - 1]->pos.line))
			continue;
		ciphers_check(k, &b->tls.conf, lint_span(k, b->pos));
		versions_check(k, &b->tls.conf, lint_span(k, b->pos));
	}
	vec_each (s, &d->px->servers) {
		/* a server-template makes many */
		if (s != d->px->servers.v && (*s)->pos.line == s[-1]->pos.line &&
		    (*s)->pos.source == s[-1]->pos.source)
			continue;
		if (http)
			plain_server(k, *s);
		unverified(k, *s);
		if (!(*s)->ssl)
			continue;
		ciphers_check(k, &server_conf_tls(*s)->conf, lint_span(k, (*s)->pos));
		versions_check(k, &server_conf_tls(*s)->conf, lint_span(k, (*s)->pos));
	}
}
