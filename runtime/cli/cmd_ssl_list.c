/* `add|del|show ssl crt-list` (management manual, section 9.3), with HAProxy's words. */
#include <stdlib.h>

#include "runtime/cli/cmd_ssl.h"
#include "runtime/tls/tls_inside.h"
#include "runtime/tls/update.h"

/* --- showing: options in HAProxy's order, whatever order they were written in */

static void put_text(struct out *o, bool *some, const char *name, struct str value)
{
	if (!value.len)
		return;
	out_printf(o, "%s%s %.*s", *some ? " " : "", name, STR_ARG(value));
	*some = true;
}

static void put_flag(struct out *o, bool *some, const char *name, bool set)
{
	if (!set)
		return;
	out_printf(o, "%s%s", *some ? " " : "", name);
	*some = true;
}

static void put_options(struct out *o, const struct tls_conf *conf)
{
	static const char *const verify[] = {"", "none", "optional", "required"};
	static const char *const versions[] = {"", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
	bool some = false;

	put_text(o, &some, "npn", conf->npn);
	put_text(o, &some, "alpn", conf->alpn);
	put_text(o, &some, "verify", str_from(verify[conf->verify]));
	put_flag(o, &some, "no-ca-names", conf->no_ca_names);
	put_flag(o, &some, "allow-0rtt", conf->allow_0rtt);
	put_text(o, &some, "ca-file", conf->ca_file);
	put_text(o, &some, "crl-file", conf->crl_file);
	put_text(o, &some, "ciphers", conf->ciphers);
	put_text(o, &some, "ciphersuites", conf->ciphersuites);
	put_text(o, &some, "curves", conf->curves);
	put_text(o, &some, "ecdhe", conf->ecdhe);
	put_text(o, &some, "ssl-min-ver", str_from(versions[conf->min_ver]));
	put_text(o, &some, "ssl-max-ver", str_from(versions[conf->max_ver]));
}

static void put_line(struct out *o, const struct tls_world *w, const struct crt_list *l,
		     const struct crt_line *line, bool numbers)
{
	char buf[4096];

	out_str(o, l->directory ? line->crt : tls_line_path(w, line->crt, buf, sizeof(buf)));
	if (numbers)
		out_printf(o, ":%u", line->number);
	if (line->bracketed) {
		out_puts(o, " [");
		put_options(o, &line->conf);
		out_char(o, ']');
	}
	for (uint32_t i = 0; i < line->nfilters; i++)
		out_printf(o, " %.*s", STR_ARG(line->filters[i]));
	out_char(o, '\n');
}

static void show_all(struct cli_call *c, struct tls_world *w)
{
	const char **names;
	uint32_t n = 0;

	for (struct list *node = w->lists.next; node != &w->lists; node = node->next)
		n++;
	names = calloc(n + 1, sizeof(*names));
	n = 0;
	for (struct list *node = w->lists.next; names && node != &w->lists; node = node->next)
		names[n++] = LIST_OF(node, struct crt_list, node)->path;
	if (names)
		cli_tls_list(c->out, names, n);
	free(names);
}

void cmd_show_ssl_crt_list(struct cli_call *c)
{
	bool numbers = str_is(c->words[3], "-n");
	struct str path = c->words[numbers ? 4 : 3];
	struct tls_world *w = cli_tls_begin(c);
	struct crt_list *l = path.len ? tls_list_find(w, path) : NULL;

	if (numbers && !path.len) {
		cli_say(c, CLI_ERR, "'show ssl crt-list -n' expects a filename or a directory");
	} else if (!path.len) {
		show_all(c, w);
	} else if (!l) {
		cli_say(c, CLI_ERR, "didn't find the specified filename");
	} else {
		out_printf(c->out, "# %s\n", l->path);
		for (struct list *n = l->lines.next; n != &l->lines; n = n->next)
			put_line(c->out, w, l, LIST_OF(n, struct crt_line, node), numbers);
	}
	cli_tls_end(w);
}

/* --- adding */

/* What a line names must be there before it is a line; false: it was said what is not. */
static bool line_files(struct cli_call *c, struct tls_world *w, const struct crt_line *line)
{
	const struct tls_conf *conf = &line->conf;
	struct out none = out_growing(4096);
	bool ca = !conf->ca_file.len || tls_authority_get(w, conf->ca_file, false, &none);
	bool crl = !ca || !conf->crl_file.len || tls_authority_get(w, conf->crl_file, true, &none);

	out_free(&none);
	if (!ca || !crl)
		cli_say(c, CLI_ERR, "Can't edit the crt-list: '%s' : unable to load %.*s",
			ca ? "crl-file" : "ca-file", STR_ARG(ca ? conf->crl_file : conf->ca_file));
	return ca && crl;
}

/* Folders have no options and no names, nor anything from elsewhere. */
static bool line_fits(struct cli_call *c, const struct crt_list *l, const struct crt_line *line)
{
	size_t len = strlen(l->path);

	if (!l->directory || l->path[0] == '@')
		return true;
	if (!str_starts(line->crt, str_from(l->path)) || line->crt.len <= len || line->crt.ptr[len] != '/') {
		cli_say(c, CLI_ERR,
			"Can't edit the crt-list: '%s' is a directory, certificate path '%.*s' must contain "
			"the "
			"directory path",
			l->path, STR_ARG(line->crt));
		return false;
	}
	if (line->bracketed || line->nfilters) {
		cli_say(c, CLI_ERR,
			"Can't edit the crt-list: this is a directory, SSL configuration and filters are not "
			"allowed");
		return false;
	}
	for (struct list *n = l->lines.next; n != &l->lines; n = n->next)
		if (str_eq(LIST_OF(n, struct crt_line, node)->crt, line->crt)) {
			cli_say(c, CLI_ERR, "Can't edit the crt-list: file already exists in this directory!");
			return false;
		}
	return true;
}

static void line_add(struct cli_call *c, struct tls_world *w, struct crt_list *l, struct crt_line *line)
{
	struct out report = out_growing(1 << 16);
	char buf[4096];
	struct str path = l->directory ? line->crt : tls_line_path(w, line->crt, buf, sizeof(buf));
	struct tls_cert *cert = tls_cert_find(w, path);

	if (!cert || !cert->pair) {
		cli_say(c, CLI_ERR, "Can't edit the crt-list: certificate '%.*s' %s!", STR_ARG(path),
			cert ? "is empty" : "does not exist");
		crt_line_free(&line);
	} else if (tls_line_add(w, l, cert, line, &report)) {
		l->last = line->number;
		cli_say(c, CLI_INFO, "Inserting certificate '%.*s' in crt-list '%s'%.*s\nSuccess!",
			STR_ARG(path), l->path, STR_ARG(out_get(&report)));
	} else {
		cli_say(c, CLI_ERR, "Inserting certificate '%.*s' in crt-list '%s'.%.*s\nFailed!",
			STR_ARG(path), l->path, STR_ARG(out_get(&report)));
		crt_line_free(&line);
	}
	out_free(&report);
}

static void list_add(struct cli_call *c, struct tls_world *w, struct crt_list *l)
{
	struct out error = out_growing(4096);
	struct str text = c->has_payload ? c->payload : c->words[4];
	struct crt_line *line = NULL;

	if (c->has_payload && (!text.len || str_chr(text, '\n') < text.len)) {
		cli_say(c, CLI_ERR, "Can't edit the crt-list: only one line of payload is supported!");
	} else if (!crt_line_parse(text, NULL, 1, &line, &error) || !line) {
		cli_say(c, CLI_ERR, "Can't edit the crt-list: %.*s", STR_ARG(out_get(&error)));
	} else if (!tls_line_bases(w, line) || !line_files(c, w, line) || !line_fits(c, l, line)) {
		crt_line_free(&line);
	} else {
		line->number = l->last + 1;
		line_add(c, w, l, line);
	}
	out_free(&error);
}

void cmd_add_ssl_crt_list(struct cli_call *c)
{
	struct tls_world *w;
	struct crt_list *l;

	if (!c->words[3].len || (!c->words[4].len && !c->has_payload)) {
		cli_say(c, CLI_ERR, "'add ssl crtlist' expects a filename and a certificate name");
		return;
	}
	w = cli_tls_begin(c);
	l = tls_list_find(w, c->words[3]);
	if (l)
		list_add(c, w, l);
	else
		cli_say(c, CLI_ERR, "Can't edit the crt-list: crt-list '%.*s' does not exist!",
			STR_ARG(c->words[3]));
	cli_tls_end(w);
}

/* --- taking away */

/* The line of a certificate; several need a number: says so and returns NULL. */
static struct crt_line *line_find(struct cli_call *c, struct tls_world *w, const struct crt_list *l,
				  struct str cert, uint64_t number)
{
	struct crt_line *found = NULL, *exact = NULL;
	char buf[4096], list[1024];
	struct out numbers = out_fixed(list, sizeof(list));
	uint32_t n = 0;

	for (struct list *at = l->lines.next; at != &l->lines; at = at->next) {
		struct crt_line *line = LIST_OF(at, struct crt_line, node);

		if (!str_eq(l->directory ? line->crt : tls_line_path(w, line->crt, buf, sizeof(buf)), cert))
			continue;
		out_printf(&numbers, "%s%u", n++ ? ", " : "", line->number);
		found = line;
		if (number && line->number == number)
			exact = line;
	}
	if (exact || (n == 1 && !number))
		return exact ? exact : found;
	if (!n)
		cli_say(c, CLI_ERR,
			"Can't delete the entry: certificate '%.*s' can't be found in crt-list '%s'!",
			STR_ARG(cert), l->path);
	else
		cli_say(c, CLI_ERR,
			"Can't delete the entry: found %s certificate '%.*s' %s, please specify a %sline "
			"number "
			"preceded by colons (%.*s)!",
			number ? "a" : "the", STR_ARG(cert),
			number ? "but the line number is incorrect" : "in several entries",
			number ? "correct " : "", STR_ARG(out_get(&numbers)));
	return NULL;
}

static void list_del(struct cli_call *c, struct tls_world *w, struct crt_list *l)
{
	struct out presets = out_growing(1 << 16);
	struct str cert = c->words[4];
	size_t colon = str_chr(cert, ':');
	struct crt_line *line;
	uint64_t number = 0;

	if (colon < cert.len && !str_to_u64(str_tail(cert, colon + 1), &number)) {
		cli_say(c, CLI_ERR, "Can't delete the entry: wrong line number after colons in '%.*s'!",
			STR_ARG(cert));
		out_free(&presets);
		return;
	}
	cert.len = colon;
	line = tls_cert_find(w, cert) ? line_find(c, w, l, cert, number) : NULL;
	if (!tls_cert_find(w, cert))
		cli_say(c, CLI_ERR, "Can't delete the entry: certificate '%.*s' does not exist!",
			STR_ARG(cert));
	else if (line && tls_line_remove(w, line, &presets))
		cli_say(c, CLI_NOTICE, "Entry '%.*s' deleted in crtlist '%s'!", STR_ARG(cert), l->path);
	else if (line)
		cli_say(c, CLI_ERR,
			"Can't delete the entry: certificate '%.*s' cannot be deleted, it is used as default "
			"certificate by "
			"the following frontends:\n%.*s",
			STR_ARG(cert), STR_ARG(out_get(&presets)));
	out_free(&presets);
}

void cmd_del_ssl_crt_list(struct cli_call *c)
{
	struct tls_world *w;
	struct crt_list *l;

	if (!c->words[3].len || !c->words[4].len) {
		cli_say(c, CLI_ERR, "'del ssl crtlist' expects a filename and a certificate name");
		return;
	}
	w = cli_tls_begin(c);
	l = tls_list_find(w, c->words[3]);
	if (l)
		list_del(c, w, l);
	else
		cli_say(c, CLI_ERR, "Can't delete the entry: crt-list '%.*s' does not exist!",
			STR_ARG(c->words[3]));
	cli_tls_end(w);
}
