/* The line of a dynamic server: its words are written into a configuration of one backend and one server, which
 * the compiling half reads like any other, so that values, bounds and messages are those of files. What depends
 * on the running configuration (whom it tracks, its id, expressions that engines evaluate) is looked up here.
 * Any worker; the result belongs to the caller. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "grammar/load.h"
#include "grammar/quote.h"
#include "runtime/backend/server_dynamic.h"
#include "runtime/tls/tls.h"

enum { TEXT_MAX_BYTES = 64 << 10 };

/* Words of server lines that may stand here, and how many words follow them (management manual, "add server").
 */
static const struct accepted {
	const char *word;
	uint8_t args;
} accepted[] = {
	{"addr", 1},
	{"agent-addr", 1},
	{"agent-check", 0},
	{"agent-inter", 1},
	{"agent-port", 1},
	{"agent-send", 1},
	{"allow-0rtt", 0},
	{"alpn", 1},
	{"backup", 0},
	{"ca-file", 1},
	{"check", 0},
	{"check-alpn", 1},
	{"check-proto", 1},
	{"check-send-proxy", 0},
	{"check-sni", 1},
	{"check-ssl", 0},
	{"check-via-socks4", 0},
	{"ciphers", 1},
	{"ciphersuites", 1},
	{"crl-file", 1},
	{"crt", 1},
	{"disabled", 0},
	{"downinter", 1},
	{"enabled", 0},
	{"error-limit", 1},
	{"fall", 1},
	{"fastinter", 1},
	{"force-sslv3", 0},
	{"force-tlsv10", 0},
	{"force-tlsv11", 0},
	{"force-tlsv12", 0},
	{"force-tlsv13", 0},
	{"guid", 1},
	{"id", 1},
	{"inter", 1},
	{"maxconn", 1},
	{"maxqueue", 1},
	{"minconn", 1},
	{"no-ssl-reuse", 0},
	{"no-sslv3", 0},
	{"no-tls-tickets", 0},
	{"no-tlsv10", 0},
	{"no-tlsv11", 0},
	{"no-tlsv12", 0},
	{"no-tlsv13", 0},
	{"npn", 1},
	{"observe", 1},
	{"on-error", 1},
	{"on-marked-down", 1},
	{"on-marked-up", 1},
	{"pool-low-conn", 1},
	{"pool-max-conn", 1},
	{"pool-purge-delay", 1},
	{"port", 1},
	{"proto", 1},
	{"proxy-v2-options", 1},
	{"rise", 1},
	{"send-proxy", 0},
	{"send-proxy-v2", 0},
	{"send-proxy-v2-ssl", 0},
	{"send-proxy-v2-ssl-cn", 0},
	{"slowstart", 1},
	{"sni", 1},
	{"source", 1},
	{"interface", 1},
	{"ssl", 0},
	{"ssl-max-ver", 1},
	{"ssl-min-ver", 1},
	{"tfo", 0},
	{"tls-tickets", 0},
	{"track", 1},
	{"usesrc", 1},
	{"verify", 1},
	{"verifyhost", 1},
	{"weight", 1},
	{"ws", 1},
};

/* Those that are known in files only. */
static const char *const refused[] = {
	"cookie",      "error-limit-max",  "init-addr",
	"namespace",   "no-agent-check",   "no-backup",
	"no-check",    "no-check-ssl",     "no-send-proxy",
	"no-ssl",      "no-send-proxy-v2", "no-verifyhost",
	"no-tfo",      "non-stick",        "redir",
	"resolve-net", "resolve-opts",     "resolve-prefer",
	"stick",       "resolvers",        "socks4",
	"log-proto",   "max-reuse",        "shard",
	"tcp-ut",      "hash-key",         "set-proxy-v2-tlv-fmt",
};

static const struct accepted *accepted_find(struct str word)
{
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++)
		if (str_is(word, accepted[i].word))
			return &accepted[i];
	return NULL;
}

static bool is_refused(struct str word)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (str_is(word, refused[i]))
			return true;
	return false;
}

/* What of the line is looked at here. */
struct server_line {
	const struct str *words; /* address first */
	uint32_t n;
	struct str track;
	bool id, enabled, checked;
};

/* False: a word that only files may have. */
static bool line_read(struct server_line *l, struct out *error)
{
	for (uint32_t i = 1; i < l->n; i++) {
		const struct accepted *word = accepted_find(l->words[i]);

		if (!word && is_refused(l->words[i])) {
			out_printf(error, "'%.*s' option is not accepted for dynamic server",
				   STR_ARG(l->words[i]));
			return false;
		}
		l->id |= str_is(l->words[i], "id");
		l->checked |= str_is(l->words[i], "check") || str_is(l->words[i], "agent-check");
		if (str_is(l->words[i], "enabled"))
			l->enabled = true;
		if (str_is(l->words[i], "disabled"))
			l->enabled = false;
		if (str_is(l->words[i], "track") && i + 1 < l->n)
			l->track = l->words[i + 1];
		i += word ? word->args : 0;
	}
	return true;
}

/* --- the configuration */

static bool checks_name_port(const struct check_conf *check)
{
	for (uint32_t i = 0; i < check->nsteps; i++)
		if (check->steps[i].kind == HC_CONNECT && (check->steps[i].port || check->steps[i].port_expr))
			return true;
	return false;
}

/* As far as a server line depends on what is around it. */
static void put_config(struct out *o, struct proxy *px, struct str name, const struct server_line *l)
{
	const struct proxy_conf *conf = px->conf;

	if (px->generation->model->global.ssl_server_verify == 1)
		out_puts(o, "global\n ssl-server-verify none\n");
	out_puts(o, "backend ");
	quote_single(o, conf->name);
	out_printf(o, "\n mode %s\n", conf->mode == MODE_HTTP ? "http" : "tcp");
	if (checks_name_port(&conf->check))
		out_puts(o, " option tcp-check\n tcp-check connect port 1\n");
	out_puts(o, " server ");
	quote_single(o, name);
	for (uint32_t i = 0; i < l->n; i++) {
		if (str_is(l->words[i], "track") && i)
			i++;
		else
			quote_single(o, l->words[i]);
	}
	out_char(o, '\n');
}

/* The first error in HAProxy's words, without what only a file has. */
static void put_error(const struct loaded *l, struct proxy *px, struct str name, struct out *error)
{
	char start[512];

	snprintf(start, sizeof(start), "'server %.*s/%.*s' : ", STR_ARG(px->conf->name), STR_ARG(name));
	for (uint32_t i = 0; i < l->diags.list.n; i++) {
		const struct diag *g = l->diags.list.v[i];
		struct str text = g->code == D_MODE_MISMATCH ? STR("MUX protocol is not usable for server.")
				  : g->haproxy.len           ? g->haproxy
							     : g->message;

		if (g->severity != SEV_ERROR)
			continue;
		if (str_starts(text, str_from(start)))
			text = str_tail(text, strlen(start));
		if (str_ends(text, STR("nor check port.")))
			out_printf(error, "%.*s nor tcp_check rule 'connect' with port information.",
				   (int)text.len - 1, text.ptr);
		else
			out_str(error, text);
		return;
	}
}

static struct model *config_compile(struct proxy *px, struct str name, const struct server_line *l,
				    struct out *error)
{
	const struct load_options options = {.compat = px->generation->model->compat, .offline = true};
	struct out text = out_growing(TEXT_MAX_BYTES);
	struct model *m = NULL;
	struct loaded *loaded;

	put_config(&text, px, name, l);
	loaded = text.truncated ? NULL : load_text(STR("add server"), out_get(&text), &options);
	if (loaded && !loaded->diags.errors && loaded->model)
		m = model_retain(loaded->model);
	else if (loaded)
		put_error(loaded, px, name, error);
	if (loaded)
		loaded_free(&loaded);
	out_free(&text);
	return m;
}

/* --- whom it tracks */

static const char *track_fault(const struct server *t, const struct server_line *l)
{
	const struct server_conf *end = t->conf;

	if (l->checked)
		return "unable to enable checks and tracking at the same time!";
	if (t->dynamic)
		return "as it is a dynamic server.";
	while (end->track_server)
		end = end->track_server;
	return !end->check && !end->agent_check ? "as it does not have any check nor agent enabled." : NULL;
}

static bool track_resolve(struct proxy *px, const struct server_line *l, struct server_conf *conf,
			  struct out *error)
{
	struct generation *g = px->generation;
	size_t slash = str_chr(l->track, '/');
	struct str name = slash < l->track.len ? str_tail(l->track, slash + 1) : l->track;
	struct server *t;
	const char *fault;

	if (!l->track.len)
		return true;
	if (slash < l->track.len)
		px = generation_proxy(g, map_get(&g->model->backends, str_sub(l->track, 0, slash)));
	t = proxy_server(px, name);
	if (!t) {
		out_printf(error, "unable to find required %s '%.*s' for tracking.", px ? "server" : "proxy",
			   STR_ARG(px ? name : str_sub(l->track, 0, slash)));
		return false;
	}
	fault = track_fault(t, l);
	conf->track_server = t->conf;
	if (fault && fault[0] == 'a')
		out_printf(error, "unable to use %.*s/%.*s for tracking %s", STR_ARG(t->proxy->conf->name),
			   STR_ARG(t->conf->name), fault);
	else if (fault)
		out_puts(error, fault);
	return !fault;
}

/* --- files */

static bool file_is_there(struct str name, const char *format, struct out *error)
{
	char path[4096];

	if (!name.len || name.len >= sizeof(path) || name.ptr[0] == '@')
		return true;
	snprintf(path, sizeof(path), "%.*s", STR_ARG(name));
	if (access(path, R_OK) == 0)
		return true;
	out_printf(error, format, path);
	return false;
}

/* In HAProxy's words; what else may be wrong with them the library finds. */
static bool files_are_there(const struct server_conf *s, struct out *error)
{
	const struct tls_server_conf *tls = server_conf_tls(s);

	return file_is_there(tls->crt, "unable to stat SSL certificate '%s'.", error) &&
	       file_is_there(tls->conf.ca_file, "'ca-file' : unable to load %s.", error) &&
	       file_is_there(tls->conf.crl_file, "'crl-file' : unable to load %s.", error);
}

/* --- together */

/* Lines that share the arena of their own model may be written to: nobody else reads them yet. */
static struct server_conf *conf_take(struct model *m, struct proxy *px, const struct server_line *l)
{
	struct server_conf *conf = (struct server_conf *)(uintptr_t)m->proxies.v[0]->servers.v[0];

	conf->proxy = px->conf;
	conf->pos = (struct conf_pos){0};
	conf->id = l->id ? conf->id : 0;
	return conf;
}

struct dynamic_server *server_dynamic_new(struct proxy *px, struct str name, const struct str *words,
					  uint32_t n, struct out *error)
{
	struct server_line line = {.words = words, .n = n};
	struct dynamic_server *d;
	struct server_conf *conf;
	struct model *m = line_read(&line, error) ? config_compile(px, name, &line, error) : NULL;

	d = m ? server_alloc(1, sizeof(*d)) : NULL;
	if (!d) {
		model_release(&m);
		if (!error->len)
			out_puts(error, "Out of memory.");
		return NULL;
	}
	conf = conf_take(m, px, &line);
	d->model = m;
	d->enabled = line.enabled;
	d->server.dynamic = d;
	d->server.conf = conf;
	d->server.proxy = px;
	if (px->conf->mode == MODE_TCP && conf->mux != MUX_AUTO)
		out_puts(error, "MUX protocol is not usable for server.");
	else if (track_resolve(px, &line, conf, error) && files_are_there(conf, error) &&
		 tls_back_add(px->generation->tls, conf, &d->tls, error))
		return d;
	server_dynamic_free(&d);
	return NULL;
}

void server_dynamic_free(struct dynamic_server **dp)
{
	struct dynamic_server *d = *dp;

	*dp = NULL;
	if (!d)
		return;
	generation_server_fini(&d->server);
	tls_back_remove(&d->tls);
	model_release(&d->model);
	free(d);
}
