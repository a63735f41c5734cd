/* Lints: certificates of bind and server lines and of the crt-lists that they name: expired, soon to expire,
 * not of their key, weak; names that another one already answers for. Looks into files, so only where that is
 * asked for (load_options.inspect). Findings in a crt-list point into that list. One thread. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "grammar/cert_info.h"
#include "grammar/check_file.h"
#include "grammar/crt_list.h"
#include "grammar/lint.h"
#include "grammar/place.h"

enum { FILE_LIMIT = 16 << 20 /* of lbd as well */, CERTS_MAX = 20000, SOON = 30 /* days */, DAY = 86400 };

/* A certificate in its place: a bind line, or a line of a crt-list. */
struct place {
	struct str path, key; /* key: the file of that, if it is named */
	struct span span;
	const struct cert_info *info;
	const struct crt_line *line; /* NULL: no filters */
};

struct opened_list {
	struct crt_list *list;
	uint32_t source;
};

/* Who answers for a name, by kind of key. */
struct owner {
	const struct place *place;
	bool filter; /* a filter says so, not the certificate */
};

struct certs {
	struct checker *k;
	VEC(struct opened_list *) opened;
	struct map files; /* path -> struct cert_info */
	struct map lists; /* path -> struct opened_list */
	int64_t now;
	uint32_t n;
};

static bool file_read(struct certs *c, struct str path, size_t limit, struct str *text)
{
	struct str name = check_file_path(c->k, path);
	int fd = open(name.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	bool ok;

	*text = STR_NONE;
	if (fd < 0)
		return false;
	ok = !fstat(fd, &st) && S_ISREG(st.st_mode) && text_read(c->k->scratch, fd, limit, text);
	close(fd);
	return ok;
}

/* --- one certificate */

static struct str date_of(struct certs *c, int64_t when)
{
	time_t t = (time_t)when;
	char buf[64];
	struct tm tm;

	gmtime_r(&t, &tm);
	return str_make(buf, strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M UTC", &tm)).len
		       ? arena_printf(c->k->scratch, "%s", buf)
		       : STR("?");
}

static void dates_check(struct certs *c, const struct place *p)
{
	const struct cert_info *i = p->info;
	struct diags *d = c->k->d;
	struct diag *g;

	if (i->not_after <= c->now) {
		g = diag_add(d, D_CERT_EXPIRED, p->span, "the certificate in `%.*s` has expired",
			     STR_ARG(p->path));
		diag_label(d, g, "on %.*s", STR_ARG(date_of(c, i->not_after)));
	} else if (i->not_before > c->now) {
		g = diag_add(d, D_CERT_EXPIRED, p->span, "the certificate in `%.*s` is not valid yet",
			     STR_ARG(p->path));
		diag_label(d, g, "from %.*s on", STR_ARG(date_of(c, i->not_before)));
	} else if (i->not_after - c->now < (int64_t)SOON * DAY &&
		   i->not_after - i->not_before > (int64_t)SOON * DAY * 2) {
		g = diag_add(d, D_CERT_EXPIRES, p->span, "the certificate in `%.*s` expires in %lld days",
			     STR_ARG(p->path), (long long)((i->not_after - c->now) / DAY));
		diag_label(d, g, "on %.*s", STR_ARG(date_of(c, i->not_after)));
	}
}

static void key_check(struct certs *c, const struct place *p)
{
	struct diags *d = c->k->d;
	struct diag *g;

	switch (p->info->key) {
	case CERT_KEY_OTHERS:
		g = diag_add(d, D_CERT_KEY, p->span,
			     "the key beside the certificate in `%.*s` belongs to another one",
			     STR_ARG(p->path));
		diag_haproxy(d, g, "inconsistencies between private key and certificate loaded '%.*s'.",
			     STR_ARG(p->path));
		check_environment(c->k, g);
		break;
	case CERT_KEY_ABSENT:
		g = diag_add(d, D_CERT_KEY, p->span, "no private key for the certificate in `%.*s`",
			     STR_ARG(p->path));
		diag_help(d, g, "append it to that file, or put it into `%.*s.key`", STR_ARG(p->path));
		diag_haproxy(d, g, "No Private Key found in '%.*s'.", STR_ARG(p->path));
		check_environment(c->k, g);
		break;
	case CERT_KEY_LOCKED:
		if (c->k->m->global.tls.passphrase_cmd.n)
			break;
		g = diag_add(d, D_CERT_KEY, p->span, "the key of the certificate in `%.*s` wants a passphrase",
			     STR_ARG(p->path));
		diag_note(d, g, "nobody is there to type it when the program starts");
		diag_help(d, g,
			  "write the key without one, or name a program that tells it: `ssl-passphrase-cmd` "
			  "(3.3)");
		diag_haproxy(d, g, "No Private Key found in '%.*s'.", STR_ARG(p->path));
		check_environment(c->k, g);
		break;
	case CERT_KEY_FITS:
		break;
	}
}

static void strength_check(struct certs *c, const struct place *p)
{
	const struct cert_info *i = p->info;
	struct diags *d = c->k->d;
	bool old = str_is(i->digest, "SHA1") || str_is(i->digest, "MD5") || str_is(i->digest, "MD4");
	struct diag *g;

	if ((i->kind == CERT_KEY_RSA && i->bits < 2048) || (i->kind == CERT_KEY_EC && i->bits < 224)) {
		g = diag_add(d, D_CERT_WEAK, p->span, "the key of the certificate in `%.*s` is weak",
			     STR_ARG(p->path));
		diag_label(d, g, "%s of %u bits", i->kind == CERT_KEY_RSA ? "RSA" : "an elliptic curve",
			   i->bits);
		diag_note(d, g,
			  "clients refuse RSA below 2048 bits, and OpenSSL itself does at its usual level of "
			  "security");
	} else if (old && !i->self_signed) {
		g = diag_add(d, D_CERT_WEAK, p->span, "the certificate in `%.*s` is signed with %.*s",
			     STR_ARG(p->path), STR_ARG(i->digest));
		diag_note(d, g, "signatures of this kind can be forged, and clients refuse them");
	}
}

/* A file that is not read for its size alone. */
static void size_check(struct certs *c, const struct place *p)
{
	struct str name = check_file_path(c->k, p->path);
	struct stat st;
	struct diag *g;

	if (stat(name.ptr, &st) || !S_ISREG(st.st_mode) || st.st_size <= FILE_LIMIT)
		return;
	g = diag_add(c->k->d, D_CERT_UNREADABLE, p->span, "`%.*s` is too large for a certificate",
		     STR_ARG(p->path));
	diag_label(c->k->d, g, "%lld MB", (long long)(st.st_size >> 20));
	diag_haproxy(c->k->d, g, "unable to load certificate from file '%.*s'.", STR_ARG(p->path));
	check_environment(c->k, g);
}

static void chain_report(struct certs *c, const struct place *p)
{
	struct diag *g = diag_add(c->k->d, D_CERT_UNREADABLE, p->span,
				  "a certificate of the chain in `%.*s` is broken", STR_ARG(p->path));

	diag_haproxy(c->k->d, g, "unable to load certificate chain from file '%.*s'.", STR_ARG(p->path));
	check_environment(c->k, g);
}

/* What a list names has to be a file, or a bundle; bind lines are looked at elsewhere (check_tls.c). */
static void absence_report(struct certs *c, const struct place *p)
{
	struct stat st;
	bool folder = !stat(check_file_path(c->k, p->path).ptr, &st) && S_ISDIR(st.st_mode);
	struct diag *g = diag_add(c->k->d, D_CERT_UNREADABLE, p->span,
				  folder ? "`%.*s` is a folder" : "there is no `%.*s`", STR_ARG(p->path));

	if (folder)
		diag_help(c->k->d, g, "name the files in it, or the folder on the bind line: `crt <folder>`");
	diag_haproxy(
		c->k->d, g,
		"'crt-list' : unable to stat SSL certificate from file '%.*s' : No such file or directory.",
		STR_ARG(p->path));
	check_environment(c->k, g);
}

/* A folder or a list that holds none leaves a listener without any. */
static void none_report(struct certs *c, const struct bind_conf *b, const struct place *p)
{
	struct diag *g;

	if (b->tls.crts.n > 1 || b->tls.conf.strict_sni || c->k->m->global.tls.bind.strict_sni)
		return;
	g = diag_add(c->k->d, D_CERT_UNREADABLE, p->span, "no certificate in `%.*s`", STR_ARG(p->path));
	check_environment(c->k, g);
}

static const struct cert_info *info_of(struct certs *c, const struct place *p)
{
	const struct cert_info *known = map_get(&c->files, p->path);
	struct str text, key = STR_NONE;
	struct place first = *p;
	struct diag *g;

	if (known || c->n >= CERTS_MAX)
		return known;
	c->n++;
	if (!file_read(c, p->path, FILE_LIMIT, &text)) {
		size_check(c, p);
		return NULL;
	}
	file_read(c, p->key.len ? p->key : arena_printf(c->k->scratch, "%.*s.key", STR_ARG(p->path)),
		  FILE_LIMIT, &key);
	if (!key.len && str_ends(p->path, STR(".crt")))
		file_read(c, arena_printf(c->k->scratch, "%.*s.key", (int)p->path.len - 4, p->path.ptr),
			  FILE_LIMIT, &key);
	first.info = cert_info_read(c->k->scratch, text, key);
	map_put(c->k->scratch, &c->files, p->path, (void *)(uintptr_t)first.info);
	if (first.info->found && first.info->chain_broken)
		chain_report(c, p);
	if (first.info->found) {
		dates_check(c, &first);
		key_check(c, &first);
		strength_check(c, &first);
		return first.info;
	}
	g = diag_add(c->k->d, D_CERT_UNREADABLE, p->span, "no certificate in `%.*s`", STR_ARG(p->path));
	diag_note(
		c->k->d, g,
		"it should have a part between `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`");
	diag_haproxy(c->k->d, g, "unable to load certificate from file '%.*s'.", STR_ARG(p->path));
	check_environment(c->k, g);
	return first.info;
}

/* --- names of one bind line */

static bool covers(struct str pattern, struct str name)
{
	return str_ieq(pattern, name) ||
	       (pattern.len > 1 && pattern.ptr[0] == '*' && str_chr(name, '.') < name.len &&
		str_ieq(str_tail(pattern, 1), str_tail(name, str_chr(name, '.'))));
}

/* `!name` where nothing else of the line has that name. */
static void exclusion_check(struct certs *c, const struct place *p, struct str name)
{
	bool positive = false;

	for (uint32_t i = 0; i < p->line->nfilters; i++) {
		struct str other = p->line->filters[i];

		if (other.len && other.ptr[0] == '!')
			continue;
		positive = true;
		if (covers(other, name))
			return;
	}
	if (!positive)
		vec_each (own, &p->info->names)
			if (covers(*own, name))
				return;
	diag_note(
		c->k->d,
		diag_add(c->k->d, D_SNI_UNUSED, p->span, "`!%.*s` takes away what is not there", STR_ARG(name)),
		"no name of this line covers `%.*s`", STR_ARG(name));
}

static void name_claim(struct certs *c, struct map *owners, const struct place *p, struct str name, bool filter)
{
	struct str key = arena_printf(c->k->scratch, "%d %.*s", (int)p->info->kind, STR_ARG(name));
	struct owner *before, *mine;
	struct diag *g;

	for (size_t i = 0; i < key.len; i++)
		if (key.ptr[i] >= 'A' && key.ptr[i] <= 'Z')
			((char *)(uintptr_t)key.ptr)[i] |= 32;
	before = map_get(owners, key);
	if (!before) {
		mine = ARENA_NEW(c->k->scratch, struct owner);
		*mine = (struct owner){p, filter};
		map_put(c->k->scratch, owners, key, mine);
		return;
	}
	if (filter)
		g = diag_add(c->k->d, D_SNI_UNUSED, p->span, "the filter `%.*s` is never selected",
			     STR_ARG(name));
	else if (before->place->path.len && !str_eq(before->place->path, p->path))
		g = diag_add(c->k->d, D_CERT_DUPLICATE, p->span,
			     "a second certificate for `%.*s` is never selected", STR_ARG(name));
	else
		return;
	diag_also(c->k->d, g, before->place->span, "clients that ask for `%.*s` get this one, `%.*s`",
		  STR_ARG(name), STR_ARG(before->place->path));
}

static void names_claim(struct certs *c, struct map *owners, const struct place *p)
{
	bool positive = false;

	for (uint32_t i = 0; p->line && i < p->line->nfilters; i++) {
		struct str filter = p->line->filters[i];

		if (filter.len && filter.ptr[0] == '!') {
			exclusion_check(c, p, str_tail(filter, 1));
			continue;
		}
		positive = true;
		name_claim(c, owners, p, filter, true);
	}
	if (!positive)
		vec_each (name, &p->info->names)
			name_claim(c, owners, p, *name, false);
}

/* --- what lines name */

static void place_look(struct certs *c, struct map *owners, struct place place)
{
	struct place *p;

	place.info = info_of(c, &place);
	if (!place.info || !place.info->found || !owners)
		return;
	p = ARENA_NEW(c->k->scratch, struct place);
	*p = place;
	names_claim(c, owners, p);
}

/* A file, or the bundle of its name. */
static void path_look(struct certs *c, struct map *owners, struct place place)
{
	static const char *const endings[] = {".rsa", ".dsa", ".ecdsa"};
	struct str base = place.path;
	struct stat st;
	bool any = false;

	if (!stat(check_file_path(c->k, base).ptr, &st)) {
		if (S_ISDIR(st.st_mode) && place.line)
			absence_report(c, &place);
		else
			place_look(c, owners, place);
		return;
	}
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		place.path = arena_printf(c->k->scratch, "%.*s%s", STR_ARG(base), endings[i]);
		if (access(check_file_path(c->k, place.path).ptr, F_OK))
			continue;
		any = true;
		place_look(c, owners, place);
	}
	place.path = base;
	if (!any && place.line && base.len && base.ptr[0] != '@')
		absence_report(c, &place);
}

static int is_certificate(const struct dirent *d)
{
	static const char *const others[] = {".issuer", ".ocsp", ".sctl", ".key"};

	if (d->d_name[0] == '.')
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_ends(str_from(d->d_name), str_from(others[i])))
			return 0;
	return 1;
}

static uint32_t folder_look(struct certs *c, struct map *owners, struct place place)
{
	struct str folder = place.path;
	struct dirent **entries;
	int n = scandir(check_file_path(c->k, folder).ptr, &entries, is_certificate, alphasort);

	for (int i = 0; i < n; i++) {
		place.path = arena_printf(c->k->scratch, "%.*s/%s", STR_ARG(folder), entries[i]->d_name);
		free(entries[i]);
		place_look(c, owners, place);
	}
	if (n >= 0)
		free(entries);
	return n > 0 ? (uint32_t)n : 0;
}

static struct opened_list *list_open(struct certs *c, const struct place *place)
{
	struct opened_list *l = map_get(&c->lists, place->path);
	struct out error = out_growing(4096);
	struct str text;

	if (l || !file_read(c, place->path, CRT_LIST_LIMIT, &text))
		return l;
	l = ARENA_NEW(c->k->scratch, struct opened_list);
	map_put(c->k->scratch, &c->lists, place->path, l);
	*vec_push(c->k->scratch, &c->opened) = l;
	l->source = sources_add(c->k->c->sources, arena_str(c->k->scratch, place->path), text, false);
	l->list = crt_list_new(place->path.ptr);
	if (l->list && !crt_list_parse(l->list, text, &error)) {
		struct diag *g =
			diag_add(c->k->d, D_CRT_LIST, place->span, "the list `%.*s` cannot be read: %.*s",
				 STR_ARG(place->path), STR_ARG(out_get(&error)));

		diag_haproxy(c->k->d, g, "'crt-list' : %.*s", STR_ARG(out_get(&error)));
		check_environment(c->k, g);
		crt_list_free(&l->list);
	}
	out_free(&error);
	return l;
}

/* How many lines it has; one that cannot be read was reported. */
static uint32_t list_look(struct certs *c, struct map *owners, const struct place *place)
{
	struct str base = c->k->m->global.tls.crt_base;
	struct opened_list *l = list_open(c, place);
	uint32_t found = 0;

	for (struct list *n = l && l->list ? l->list->lines.next : NULL; n && n != &l->list->lines;
	     n = n->next) {
		struct crt_line *line = LIST_OF(n, struct crt_line, node);
		struct place p = {.line = line, .path = base_place(c->k->scratch, base, line->crt)};

		p.span = lint_span(c->k, (struct conf_pos){l->source, line->number});
		path_look(c, owners, p);
		found++;
	}
	return l && l->list ? found : 1;
}

/* Where a line says it: the word, if it stands there as it is known. */
static struct span word_in(struct certs *c, struct conf_pos pos, struct str path)
{
	struct span span = lint_span(c->k, pos);
	struct str base = c->k->m->global.tls.crt_base, line = sources_span(c->k->c->sources, span),
		   word = path;
	const char *at;

	if (base.len && str_starts(path, base) && path.len > base.len + 1)
		word = str_tail(path, base.len + 1);
	at = word.len ? memmem(line.ptr, line.len, word.ptr, word.len) : NULL;
	return at ? (struct span){span.source, span.off + (uint32_t)(at - line.ptr), (uint32_t)word.len} : span;
}

static void bind_look(struct certs *c, const struct bind_conf *b)
{
	struct map owners = {0};
	struct stat st;

	vec_each (crt, &b->tls.crts) {
		struct place p = {.path = arena_str(c->k->scratch, crt->path),
				  .span = word_in(c, b->pos, crt->path)};

		if (str_starts(p.path, STR("@")))
			continue;
		if (crt->list) {
			if (!list_look(c, &owners, &p))
				none_report(c, b, &p);
		} else if (!stat(check_file_path(c->k, p.path).ptr, &st) && S_ISDIR(st.st_mode)) {
			if (!folder_look(c, &owners, p))
				none_report(c, b, &p);
		} else {
			path_look(c, &owners, p);
		}
	}
}

static void server_look(struct certs *c, const struct server_conf *s)
{
	struct str crt = server_conf_tls(s)->crt;

	if (crt.len && crt.ptr[0] != '@')
		path_look(
			c, NULL,
			(struct place){.path = arena_str(c->k->scratch, crt), .span = word_in(c, s->pos, crt)});
}

static bool same_line(const struct bind_conf *a, const struct bind_conf *b)
{
	return a && a->pos.source == b->pos.source && a->pos.line == b->pos.line;
}

void lint_certificates(struct checker *k)
{
	struct certs c = {.k = k, .now = (int64_t)time(NULL)};

	if (!k->c->options->inspect || k->c->options->offline)
		return;
	vec_each (l, &k->m->tls_loads)
		place_look(&c, NULL,
			   (struct place){.path = l->crt, .key = l->key, .span = lint_span(k, l->pos)});
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		const struct proxy_conf *px = k->drafts.v[i]->px;
		const struct bind_conf *last = NULL;

		if (px->disabled || k->drafts.v[i]->place == PLACE_DEFAULTS)
			continue;
		vec_each (b, &px->binds) {
			if ((*b)->ssl && !same_line(last, *b))
				bind_look(&c, *b);
			last = *b;
		}
		vec_each (s, &px->servers)
			server_look(&c, *s);
	}
	vec_each (l, &c.opened)
		crt_list_free(&(*l)->list);
}
