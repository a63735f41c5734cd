/* Certificates apart from bind lines: crt-store sections, and certificates of a whole frontend (`ssl-f-use`,
 * `crt`; manual of 3.x, sections 3.11 and 4.2). Works on the state of one walk; one thread. */
#include "grammar/base/out.h"
#include "grammar/check_file.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/place.h"
#include "grammar/suggest.h"

#include <errno.h>
#include <unistd.h>

static struct str join(struct checker *k, struct str base, struct str name)
{
	return name.len ? check_keep(k, file_place(k->c, base_place(k->scratch, base, name))) : name;
}

/* crt-base, key-base: for the lines below in this section; without them the global section's hold. */
bool check_crt_store_base(const struct keyword_use *use)
{
	struct named_section *s = use->k->named;

	*(use->row->name[0] == 'c' ? &s->crt_base : &s->key_base) = use->words[0].text;
	return true;
}

/* Parameters of `load` and, among others, of `ssl-f-use`. */
static struct str *load_field(struct tls_load_conf *l, struct str word)
{
	const struct {
		const char *name;
		struct str *field;
	} fields[] = {{"crt", &l->crt},       {"key", &l->key},   {"ocsp", &l->ocsp},
		      {"issuer", &l->issuer}, {"sctl", &l->sctl}, {"alias", &l->alias}};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_is(word, fields[i].name))
			return fields[i].field;
	return NULL;
}

static bool switch_read(const struct keyword_use *use, const struct word *w, uint8_t *to)
{
	struct diag *g;

	*to = str_is(w->text, "on") ? TLS_SWITCH_ON : TLS_SWITCH_OFF;
	if (*to == TLS_SWITCH_ON || str_is(w->text, "off"))
		return true;
	g = diag_add(use->k->d, D_BAD_CHOICE, w->span, "`%.*s` is neither `on` nor `off`", STR_ARG(w->text));
	diag_haproxy(use->k->d, g, "'%s': only support 'on' or 'off' as argument.", w[-1].text.ptr);
	return false;
}

static bool value_missing(const struct keyword_use *use, const struct word *w)
{
	struct diag *g =
		diag_add(use->k->d, D_MISSING_ARGUMENT, w->span, "`%.*s` needs a value", STR_ARG(w->text));

	diag_haproxy(use->k->d, g, "'%.*s' expects an argument", STR_ARG(w->text));
	return false;
}

bool check_ssl_provider(const struct keyword_use *use)
{
	struct tls_global_conf *g = &use->k->m->global.tls;

	*vec_push(use->k->a, &g->providers) = (struct tls_provider_conf){
		.name = check_keep(use->k, use->words[0].text),
		.path = g->provider_path,
	};
	return true;
}

bool check_ssl_passphrase_cmd(const struct keyword_use *use)
{
	struct tls_global_conf *g = &use->k->m->global.tls;

	g->passphrase_cmd.n = 0;
	for (uint32_t i = 0; i < use->n; i++)
		*vec_push(use->k->a, &g->passphrase_cmd) = check_keep(use->k, use->words[i].text);
	return true;
}

/* One parameter at word i. *took: how many words; 0: it is none of these. */
static bool load_word(const struct keyword_use *use, uint32_t i, struct tls_load_conf *l, uint32_t *took)
{
	const struct word *w = &use->words[i];
	struct str *field = load_field(l, w->text);
	bool update = str_is(w->text, "ocsp-update"), jwt = str_is(w->text, "jwt");

	*took = field || update || jwt ? 2 : 0;
	if (!*took)
		return true;
	if (i + 1 >= use->n)
		return value_missing(use, w);
	if (field)
		*field = use->words[i + 1].text;
	return field || switch_read(use, w + 1, update ? &l->ocsp_update : &l->jwt);
}

static void load_places(struct checker *k, struct tls_load_conf *l, struct str crt_base, struct str key_base)
{
	l->crt = join(k, crt_base, l->crt);
	l->key = join(k, key_base, l->key);
	l->ocsp = join(k, crt_base, l->ocsp);
	l->issuer = join(k, crt_base, l->issuer);
	l->sctl = join(k, crt_base, l->sctl);
	l->alias = check_keep(k, l->alias);
}

const struct tls_load_conf *check_crt_store_find(const struct checker *k, struct str name)
{
	vec_each (l, &k->m->tls_loads)
		if (str_eq(l->name, name))
			return l;
	return NULL;
}

static void file_check(struct checker *k, struct str name, struct span span)
{
	struct diag *g;

	if (!name.len || k->c->options->offline || access(check_work_path(k, name).ptr, R_OK) == 0)
		return;
	g = check_file_report(k, span, name, errno);
	diag_haproxy(k->d, g, "unable to load certificate from file '%.*s'.", STR_ARG(name));
}

static bool report_twice(const struct keyword_use *use, const struct tls_load_conf *l)
{
	struct diag *g =
		diag_add(use->k->d, D_ALREADY_SET, use->span, "`%.*s` is loaded already", STR_ARG(l->name));

	g->severity = SEV_WARNING;
	diag_haproxy(use->k->d, g, "crt-store: '%.*s' is already defined.", STR_ARG(l->name));
	return true;
}

/* load [crt FILE] [alias NAME] [key FILE] [ocsp FILE] [issuer FILE] [sctl FILE] [ocsp-update on|off] [jwt
 * on|off] */
bool check_crt_store_load(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct named_section *s = k->named;
	struct tls_load_conf l = {.pos = check_pos(k, use->line)};
	struct str store = s->name ? s->name->text : STR_NONE, written;

	for (uint32_t i = 0, took; i < use->n; i += took) {
		if (!load_word(use, i, &l, &took))
			return false;
		if (!took) {
			struct diag *g =
				diag_add(k->d, D_UNKNOWN_WORD, use->words[i].span,
					 "`%.*s` is no parameter of `load`", STR_ARG(use->words[i].text));

			diag_haproxy(k->d, g, "unknown keyword '%.*s' in 'load' line.",
				     STR_ARG(use->words[i].text));
			return false;
		}
	}
	if (!l.crt.len) {
		diag_haproxy(
			k->d,
			diag_add(k->d, D_MISSING_ARGUMENT, use->span, "`load` needs a certificate: `crt FILE`"),
			"'load' expects a 'crt' argument.");
		return false;
	}
	written = l.crt;
	load_places(k, &l, s->crt_base.len ? s->crt_base : k->crt_base,
		    s->key_base.len ? s->key_base : k->m->global.tls.key_base);
	l.name = l.alias.len || store.len
			 ? check_keep(k, arena_printf(k->scratch, "@%.*s/%.*s", STR_ARG(store),
						      STR_ARG(l.alias.len ? l.alias : written)))
			 : l.crt;
	if (check_crt_store_find(k, l.name))
		return report_twice(use, &l);
	*vec_push(k->a, &k->m->tls_loads) = l;
	file_check(k, l.crt, use->span);
	file_check(k, l.key, use->span);
	return true;
}

/* --- certificates of a frontend */

static struct tls_frontend_conf *frontend_conf(const struct keyword_use *use)
{
	struct proxy_conf *px = use->draft->px;

	if (!px->tls)
		px->tls = ARENA_NEW(use->k->a, struct tls_frontend_conf);
	return (struct tls_frontend_conf *)(uintptr_t)px->tls;
}

static void word_put(struct out *o, struct str word)
{
	bool quote = !word.len || strpbrk(word.ptr, " \t#[]") != NULL;

	out_printf(o, quote ? "\"%.*s\"" : "%.*s", STR_ARG(word));
}

/* A line as a crt-list has it: `crt [options]`. */
static struct str list_line(struct checker *k, struct str crt, const struct keyword_use *use,
			    const bool *option)
{
	struct out o = out_growing(65536);
	bool any = false;
	struct str line;

	word_put(&o, crt);
	for (uint32_t i = 0; i < use->n; i++) {
		if (!option[i])
			continue;
		out_puts(&o, any ? " " : " [");
		word_put(&o, use->words[i].text);
		any = true;
	}
	if (any)
		out_char(&o, ']');
	line = check_keep(k, out_get(&o));
	out_free(&o);
	return line;
}

/* ssl-f-use [crt FILE | parameters of `load` | options of a crt-list]...; crt FILE ... */
bool check_ssl_f_use(const struct keyword_use *use)
{
	struct checker *k = use->k;
	bool plain = str_is(str_from(use->row->name), "crt"), *option = ARENA_ARRAY(k->scratch, bool, use->n);
	struct tls_load_conf l = {.pos = check_pos(k, use->line)};

	if (plain)
		l.crt = use->words[0].text;
	for (uint32_t i = plain, took; i < use->n; i += took) {
		if (!load_word(use, i, &l, &took))
			return false;
		if (!took) {
			option[i] = true;
			took = 1;
		}
	}
	if (!l.crt.len)
		return value_missing(use, &use->words[use->n - 1]);
	if (l.crt.ptr[0] != '@') {
		load_places(k, &l, k->crt_base, k->m->global.tls.key_base);
		file_check(k, l.crt, use->span);
	}
	l.name = l.crt;
	if ((l.key.len || l.ocsp.len || l.issuer.len || l.sctl.len || l.ocsp_update) &&
	    !check_crt_store_find(k, l.name))
		*vec_push(k->a, &k->m->tls_loads) = l;
	*vec_push(k->a, &frontend_conf(use)->lines) = list_line(k, l.crt, use, option);
	return true;
}

/* Bind lines without a certificate, where the frontend might have had one on a later line. */
void check_finish_certificates(struct checker *k, const struct draft *d)
{
	if (d->px->tls || d->px->disabled || k->compat < 302)
		return;
	vec_each (b, &d->px->binds)
		if ((*b)->ssl && !(*b)->certificate)
			check_no_certificate(k, *b);
}
