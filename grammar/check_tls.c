/* Files of TLS on bind and server lines: certificates and authorities, looked for where crt-base and ca-base
 * say. Only that they are there is checked. Works on the state of one walk; one thread. */
#include "grammar/check_file.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"

#include <errno.h>
#include <unistd.h>

/* crt-base, ca-base: for relative names on lines below. */
bool check_tls_base(const struct keyword_use *use)
{
	struct checker *k = use->k;

	*(strcmp(use->row->name, "crt-base") == 0 ? &k->crt_base : &k->ca_base) = use->words[0].text;
	return true;
}

static struct str base_join(struct checker *k, struct str base, struct str name)
{
	if (!base.len || (name.len && name.ptr[0] == '/'))
		return name;
	return arena_printf(k->scratch, "%.*s/%.*s", STR_ARG(base), STR_ARG(name));
}

static bool is_readable(struct checker *k, struct str name)
{
	return access(check_file_path(k, name).ptr, R_OK) == 0;
}

/* A file or folder; or a bundle: the name with .rsa, .dsa or .ecdsa behind it. */
bool check_tls_certificate(const struct keyword_use *use)
{
	static const char *const bundle[] = {"", ".rsa", ".dsa", ".ecdsa"};
	struct checker *k = use->k;
	struct str name = base_join(k, k->crt_base, use->words[0].text);
	struct diag *g;

	if (use->row->in & IN(BIND))
		((struct bind_conf *)use->object)->certificate = true;
	if (k->c->options->offline || str_starts(name, STR("@")))
		return true;
	for (size_t i = 0; i < sizeof(bundle) / sizeof(*bundle); i++)
		if (is_readable(k, arena_printf(k->scratch, "%.*s%s", STR_ARG(name), bundle[i])))
			return true;
	g = check_file_report(k, use->words[0].span, name, ENOENT);
	diag_haproxy(k->d, g, "unable to stat SSL certificate from file '%.*s' : No such file or directory.",
		     STR_ARG(name));
	return true;
}

bool check_tls_authority(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct str name = base_join(k, k->ca_base, use->words[0].text);

	if (k->c->options->offline || str_starts(name, STR("@")) || is_readable(k, name))
		return true;
	diag_haproxy(k->d, check_file_report(k, use->words[0].span, name, errno), "'%s' : unable to load %.*s.",
		     use->row->name, STR_ARG(name));
	return true;
}

/* Whoever asks for an unknown host is refused, so there may be no certificate at all. */
bool check_tls_strict(const struct keyword_use *use)
{
	((struct bind_conf *)use->object)->certificate = true;
	return true;
}
