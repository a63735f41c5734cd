/* Files of TLS on bind and server lines: certificates and authorities, looked for where crt-base and ca-base
 * say. Only that they are there is checked. Works on the state of one walk; one thread. */
#include "grammar/check_file.h"
#include "grammar/check_finish.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/place.h"
#include "grammar/suggest.h"

#include <errno.h>
#include <unistd.h>

/* crt-base, ca-base: for relative names on lines below. */
bool check_tls_base(const struct keyword_use *use)
{
	struct checker *k = use->k;
	bool crt = strcmp(use->row->name, "crt-base") == 0;
	struct diag *g;

	if (k->place == PLACE_GLOBAL && (crt ? k->crt_base : k->ca_base).len) {
		g = diag_add(k->d, D_ALREADY_SET, use->line->span, "`%s` is set already", use->row->name);
		diag_haproxy(k->d, g, "'%s' already specified.", use->row->name);
		check_severity(k, g, SEV_ERROR);
		return false;
	}
	*(crt ? &k->crt_base : &k->ca_base) = use->words[0].text;
	if (k->place == PLACE_GLOBAL)
		*(crt ? &k->m->global.tls.crt_base : &k->m->global.tls.ca_base) =
			check_keep(k, use->words[0].text);
	return true;
}

/* tune.ssl.default-dh-param: HAProxy keeps the lower 32 bits of a number. */
bool check_dh_param(const struct keyword_use *use)
{
	int64_t bits;

	if (!check_number(use, &use->words[0], 1024, INT64_MAX, &bits))
		return false;
	if ((int32_t)bits < 1024)
		return check_number(use, &use->words[0], 1024, INT32_MAX, &bits);
	check_store_number(use, (int32_t)bits);
	return true;
}

static struct str base_join(struct checker *k, struct str base, struct str name)
{
	return file_place(k->c, base_place(k->scratch, base, name));
}

void check_tls_bases_place(struct checker *k)
{
	struct tls_global_conf *tls = &k->m->global.tls;
	struct str *bases[] = {&tls->crt_base, &tls->ca_base, &tls->key_base};

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]) && k->c->places.folder.len; i++)
		*bases[i] = check_keep(k, bases[i]->len ? file_place(k->c, *bases[i]) : k->c->places.folder);
}

static bool is_readable(struct checker *k, struct str name)
{
	return access(check_work_path(k, name).ptr, R_OK) == 0;
}

static void certificate_keep(const struct keyword_use *use, struct str name)
{
	struct bind_conf *b = use->object;
	struct tls_crt_conf *crt;

	if (!(use->row->in & IN(BIND))) {
		check_server_tls(use->k, use->object)->crt = check_keep(use->k, name);
		return;
	}
	b->certificate = true;
	crt = vec_push(use->k->a, &b->tls.crts);
	*crt = (struct tls_crt_conf){.path = check_keep(use->k, name)};
	crt->list = strcmp(use->row->name, "crt-list") == 0;
	crt->preset = strcmp(use->row->name, "default-crt") == 0;
}

/* Of a crt-store, which stands above. */
static bool store_check(const struct keyword_use *use, struct str name)
{
	struct checker *k = use->k;
	struct suggest s;
	struct diag *g;

	if (check_crt_store_find(k, name) || k->compat < 300)
		return true;
	g = diag_add(k->d, D_NO_SUCH_CERTIFICATE, use->words[0].span, "no crt-store above loads `%.*s`",
		     STR_ARG(name));
	suggest_start(&s, name);
	vec_each (l, &k->m->tls_loads)
		suggest_offer(&s, l->name);
	check_did_you_mean(k, g, &s, &use->words[0], false);
	diag_haproxy(k->d, g, "unable to stat SSL certificate from file '%.*s' : No such file or directory.",
		     STR_ARG(name));
	return false;
}

/* HAProxy reads a server's certificate only when the server is spoken to with TLS. */
static bool certificate_wanted(const struct keyword_use *use)
{
	const struct server_conf *s = use->object;

	if (use->row->in & IN(BIND) || s->ssl || s->check_ssl)
		return true;
	for (uint32_t i = 0; i < use->line->nwords; i++)
		if (str_is(use->line->words[i].text, "ssl") || str_is(use->line->words[i].text, "check-ssl"))
			return true;
	return false;
}

/* HAProxy's beginning of what is wrong with a word of a bind line. */
static struct str line_of(const struct keyword_use *use)
{
	if (!(use->row->in & IN(BIND)) || !use->line->nwords)
		return STR("");
	return arena_printf(use->k->scratch,
			    "'bind %.*s' in section '%s' : ", STR_ARG(use->line->words[1].text),
			    keyword_place_name(use->k->place));
}

/* A file or folder; or a bundle: the name with .rsa, .dsa or .ecdsa behind it. */
bool check_tls_certificate(const struct keyword_use *use)
{
	static const char *const bundle[] = {"", ".rsa", ".dsa", ".ecdsa"};
	struct checker *k = use->k;
	bool list = strcmp(use->row->name, "crt-list") == 0;
	struct str name = base_join(k, list ? STR_NONE : k->crt_base, use->words[0].text);
	struct diag *g;

	certificate_keep(use, name);
	if (str_starts(name, STR("@")))
		return store_check(use, name);
	if (k->c->options->offline || check_crt_store_find(k, name))
		return true;
	for (size_t i = 0; i < sizeof(bundle) / sizeof(*bundle); i++)
		if (is_readable(k, arena_printf(k->scratch, "%.*s%s", STR_ARG(name), bundle[i])))
			return true;
	g = check_file_report(k, use->words[0].span, name, ENOENT);
	diag_haproxy(k->d, g,
		     list ? "%.*s'crt-list' : cannot open file '%.*s' : No such file or directory"
			  : "%.*sunable to stat SSL certificate from file '%.*s' : No such file or directory.",
		     STR_ARG(line_of(use)), STR_ARG(name));
	if (!certificate_wanted(use))
		check_severity(k, g, SEV_WARNING);
	return true;
}

static struct tls_conf *conf_of(const struct keyword_use *use)
{
	return use->row->in & IN(BIND) ? &((struct bind_conf *)use->object)->tls.conf
				       : &check_server_tls(use->k, use->object)->conf;
}

static void authority_keep(const struct keyword_use *use, struct str name)
{
	struct tls_conf *conf = conf_of(use);
	struct str *to = strcmp(use->row->name, "ca-file") == 0    ? &conf->ca_file
			 : strcmp(use->row->name, "crl-file") == 0 ? &conf->crl_file
								   : &conf->ca_verify_file;

	*to = check_keep(use->k, name);
}

bool check_tls_authority(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct str name = base_join(k, k->ca_base, use->words[0].text);

	authority_keep(use, name);
	if (k->c->options->offline || str_starts(name, STR("@")) || is_readable(k, name))
		return true;
	diag_haproxy(k->d, check_file_report(k, use->words[0].span, name, errno), "'%s' : unable to load %.*s.",
		     use->row->name, STR_ARG(name));
	return true;
}

/* It sets both ends of the range; words behind it may set either one again. */
static void version_force(struct tls_conf *conf, uint32_t version)
{
	memset(conf->force_ver, 0, sizeof(conf->force_ver));
	conf->force_ver[version] = true;
	conf->min_ver = conf->max_ver = TLSV_NONE;
}

bool check_tls_force(const struct keyword_use *use)
{
	static const char *const names[TLSV_N] = {
		"", "force-sslv3", "force-tlsv10", "force-tlsv11", "force-tlsv12", "force-tlsv13"};

	for (uint32_t v = TLSV_SSL30; v < TLSV_N; v++)
		if (strcmp(use->row->name, names[v]) == 0)
			version_force(conf_of(use), v);
	return true;
}

/* ssl-default-bind-options, ssl-default-server-options: words of `check_global_ssl_options`, checked already.
 */
void check_tls_default_option(const struct keyword_use *use, uint32_t choice, uint32_t version)
{
	struct tls_global_conf *g = &use->k->m->global.tls;
	struct tls_conf *conf = strstr(use->row->name, "server") ? &g->server : &g->bind;

	if (choice < 5)
		conf->no_ver[TLSV_SSL30 + choice] = true;
	else if (choice < 10)
		version_force(conf, TLSV_SSL30 + choice - 5);
	else if (choice == 10)
		conf->no_tickets = true;
	else if (choice == 11)
		conf->prefer_client_ciphers = true;
	else if (choice == 12)
		conf->max_ver = (uint8_t)(TLSV_SSL30 + version);
	else if (choice == 13)
		conf->min_ver = (uint8_t)(TLSV_SSL30 + version);
	else if (choice == 14)
		conf->tickets = true;
	else if (choice == 15)
		conf->strict_sni = true;
	else if (choice == 16)
		conf->no_strict_sni = true;
}

/* Whoever asks for an unknown host is refused, so there may be no certificate at all. */
bool check_tls_strict(const struct keyword_use *use)
{
	((struct bind_conf *)use->object)->certificate = true;
	return true;
}
