/* What a bind line with `ssl` serves: its certificates by name, its settings, the context that every connection
 * starts with. Built by the main thread; afterwards only the control socket changes it, under its lock. */
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/tls/tls_inside.h"

static bool use_add(struct tls_front *f, struct str name, const struct crt_line *line, bool preset,
		    struct out *error)
{
	struct tls_cert *c = tls_cert_get(f->world, name, error);
	struct tls_use *u = c ? tls_use_new(f, c, line, error) : NULL;

	if (!u || !tls_names_add(f, u))
		return false;
	if (!f->preset || preset) {
		if (!f->preset || !f->preset->preset)
			f->preset = u;
		u->preset = preset;
		if (!f->presets[u->kind] || !f->presets[u->kind]->preset)
			f->presets[u->kind] = u;
	}
	return true;
}

static bool exists(struct str name, struct stat *st)
{
	char path[4096];

	return (size_t)snprintf(path, sizeof(path), "%.*s", STR_ARG(name)) < sizeof(path) && !stat(path, st);
}

/* A file, or the bundle of its name (manual, "ssl-load-extra-files"). */
static bool file_add(struct tls_front *f, struct str name, const struct crt_line *line, bool preset,
		     struct out *error)
{
	static const char *const endings[] = {".rsa", ".dsa", ".ecdsa"};
	bool any = false, first = !f->nuses;
	struct stat st;

	if (tls_cert_find(f->world, name) || exists(name, &st))
		return use_add(f, name, line, preset, error);
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%.*s%s", STR_ARG(name), endings[i]);
		if (!(f->world->model->global.tls.extra_files & TLS_EXTRA_BUNDLE) ||
		    !exists(str_from(path), &st))
			continue;
		if (!use_add(f, str_from(path), line, preset || (any && first), error))
			return false;
		any = true;
	}
	if (!any)
		out_printf(error,
			   "unable to stat SSL certificate from file '%.*s' : No such file or directory.",
			   STR_ARG(name));
	return any;
}

/* Of a folder all but hidden files and companions of others (manual, bind option "crt"). */
static int is_certificate(const struct dirent *d)
{
	static const char *const others[] = {".issuer", ".ocsp", ".sctl", ".key"};
	struct str name = str_from(d->d_name);

	if (name.ptr[0] == '.')
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (str_ends(name, str_from(others[i])))
			return 0;
	return 1;
}

static struct crt_list *list_find(struct tls_world *w, struct str path)
{
	for (struct list *n = w->lists.next; n != &w->lists; n = n->next) {
		struct crt_list *l = LIST_OF(n, struct crt_list, node);

		if (str_is(path, l->path))
			return l;
	}
	return NULL;
}

static struct crt_list *folder_read(const char *path)
{
	struct crt_list *l = crt_list_new(path);
	struct dirent **entries;
	int n = scandir(path, &entries, is_certificate, alphasort);
	struct out none = out_growing(1024);

	for (int i = 0; i < n; i++) {
		char file[8192];
		struct crt_line *line = NULL;
		struct stat st;
		int len = snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);

		free(entries[i]);
		if (!l || len >= (int)sizeof(file) || stat(file, &st) || !S_ISREG(st.st_mode))
			continue;
		line = crt_line_plain(str_from(file));
		if (line)
			list_append(&l->lines, &line->node);
	}
	if (n >= 0)
		free(entries);
	if (l)
		l->directory = true;
	out_free(&none);
	return l;
}

static struct crt_list *list_read(const char *path, struct out *error)
{
	struct tls_bytes content;
	struct crt_list *l;

	if (!tls_file_read(path, CRT_LIST_LIMIT, &content)) {
		out_printf(error, "cannot open file '%s' : %s", path, strerror(errno));
		return NULL;
	}
	l = crt_list_new(path);
	if (l && !crt_list_parse(l, str_make((char *)content.data, content.len), error))
		crt_list_free(&l);
	free(content.data);
	return l;
}

/* A crt-list or a folder, which is shown as one; read once. */
static struct crt_list *list_get(struct tls_world *w, struct str path, bool folder, struct out *error)
{
	struct crt_list *l = list_find(w, path);
	char name[4096];

	if (l)
		return l;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
	l = folder ? folder_read(name) : list_read(name, error);
	if (!l)
		return NULL;
	list_append(&w->lists, &l->node);
	for (struct list *n = l->lines.next; n != &l->lines; n = n->next)
		if (!tls_line_bases(w, LIST_OF(n, struct crt_line, node)))
			return NULL;
	return l;
}

/* Relative names in lists start at crt-base. */
struct str tls_line_path(const struct tls_world *w, struct str crt, char *buf, size_t size)
{
	struct str base = w->model->global.tls.crt_base;

	if (!base.len || (crt.len && (crt.ptr[0] == '/' || crt.ptr[0] == '@')))
		return crt;
	snprintf(buf, size, "%.*s/%.*s", STR_ARG(base), STR_ARG(crt));
	return str_from(buf);
}

static bool base_add(struct str base, struct str *name)
{
	char *joined;

	if (!base.len || !name->len || name->ptr[0] == '/' || name->ptr[0] == '@')
		return true;
	joined = malloc(base.len + name->len + 2);
	if (!joined)
		return false;
	name->len = (size_t)sprintf(joined, "%.*s/%.*s", STR_ARG(base), STR_ARG(*name));
	name->ptr = joined;
	return true;
}

bool tls_line_bases(struct tls_world *w, struct crt_line *line)
{
	struct str base = w->model->global.tls.ca_base;
	struct str *names[] = {&line->conf.ca_file, &line->conf.ca_verify_file, &line->conf.crl_file};

	for (int i = 0; i < 3; i++) {
		const char *before = names[i]->ptr;

		if (!base_add(base, names[i]))
			return false;
		if (names[i]->ptr != before)
			line->joined[i] = (char *)(uintptr_t)names[i]->ptr;
	}
	return true;
}

static bool list_add(struct tls_front *f, struct crt_list *l, struct out *error)
{
	for (struct list *n = l->lines.next; n != &l->lines; n = n->next) {
		const struct crt_line *line = LIST_OF(n, struct crt_line, node);
		char buf[4096];
		struct str path =
			l->directory ? line->crt : tls_line_path(f->world, line->crt, buf, sizeof(buf));

		if (!file_add(f, path, line, false, error))
			return false;
	}
	return tls_front_attach(f, l);
}

/* The certificates of a whole frontend, as a list that is called like it. */
static struct crt_list *frontend_list(struct tls_front *f, struct out *error)
{
	const struct proxy_conf *px = f->conf->proxy;
	struct out text = out_growing(1 << 20);
	char name[512];
	struct crt_list *l;

	snprintf(name, sizeof(name), "@%.*s", STR_ARG(px->name));
	l = list_find(f->world, str_from(name));
	if (l)
		return l;
	vec_each (line, &px->tls->lines)
		out_printf(&text, "%.*s\n", STR_ARG(*line));
	l = crt_list_new(name);
	if (l && !crt_list_parse(l, out_get(&text), error))
		crt_list_free(&l);
	out_free(&text);
	if (!l)
		return NULL;
	l->directory = true; /* names are whole already */
	list_append(&f->world->lists, &l->node);
	for (struct list *n = l->lines.next; n != &l->lines; n = n->next)
		if (!tls_line_bases(f->world, LIST_OF(n, struct crt_line, node)))
			return NULL;
	return l;
}

static bool frontend_add(struct tls_front *f)
{
	struct out error = out_growing(8192);
	struct crt_list *l = frontend_list(f, &error);
	bool ok = l && list_add(f, l, &error);

	if (!ok)
		tls_alert_bind(f, "'ssl-f-use' : %.*s", STR_ARG(out_get(&error)));
	out_free(&error);
	return ok;
}

static void list_warn(const struct tls_front *f, const struct crt_list *l)
{
	for (struct list *n = l->lines.next; n != &l->lines; n = n->next) {
		const struct crt_line *line = LIST_OF(n, struct crt_line, node);

		if (line->misplaced)
			tls_warn_bind(
				f,
				"'crt-list' : parsing [%s:%u]: malformated line, filters can't be between "
				"filename and options!",
				l->path, line->number);
	}
}

static bool crt_add(struct tls_front *f, const struct tls_crt_conf *crt)
{
	struct out error = out_growing(8192);
	struct crt_list *l;
	struct stat st;
	bool folder = !crt->list && exists(crt->path, &st) && S_ISDIR(st.st_mode), ok;

	if (crt->list || folder) {
		l = list_get(f->world, crt->path, folder, &error);
		ok = l && list_add(f, l, &error);
		if (l)
			list_warn(f, l);
	} else {
		ok = file_add(f, crt->path, NULL, crt->preset, &error);
	}
	if (!ok)
		tls_alert_bind(f, "%s%.*s", crt->list ? "'crt-list' : " : "", STR_ARG(out_get(&error)));
	out_free(&error);
	return ok;
}

/* "all" or numbers and names of verification errors. */
static void ignore_parse(struct str s, uint64_t bits[4])
{
	static const struct {
		const char *name;
		int code;
	} names[] = {
#define ERROR_NAME(name) {#name, name},
#include "runtime/tls/verify_errors.def"
#undef ERROR_NAME
	};
	uint64_t id;

	if (str_is(s, "all"))
		memset(bits, 0xff, 4 * sizeof(*bits));
	while (s.len) {
		struct str part = str_cut(&s, ',');

		if (str_to_u64(part, &id) && id < 256)
			bits[id >> 6] |= 1ULL << (id & 63);
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (str_is(part, names[i].name))
				bits[names[i].code >> 6] |= 1ULL << (names[i].code & 63);
	}
}

static bool tickets_load(struct tls_front *f)
{
	struct out error = out_growing(1024);

	if (!f->conf->tls.ticket_keys.len)
		return true;
	f->tickets = tls_tickets_get(f->world, f->conf->tls.ticket_keys, &error);
	if (!f->tickets)
		tls_alert_bind(f, "%.*s", STR_ARG(out_get(&error)));
	out_free(&error);
	return f->tickets != NULL;
}

static void versions_warn(const struct tls_front *f)
{
	struct tls_settings settings = {NULL, &f->conf->tls.conf, &f->world->model->global.tls.bind};
	struct tls_range r = tls_context_versions(&settings, true);
	const struct bind_conf *b = f->conf;
	struct str file = tls_source(f->world, b->pos);

	if (r.ignores)
		tls_say(f->world, "WARNING",
			"config : Proxy '%.*s': no-sslv3/no-tlsv1x are ignored for bind '%.*s' at [%.*s:%u]. "
			"Use only "
			"'ssl-min-ver' and 'ssl-max-ver' to fix.",
			STR_ARG(b->proxy->name), STR_ARG(b->addr.text), STR_ARG(file), b->pos.line);
	if (r.lowered)
		tls_say(f->world, "WARNING",
			"config : Proxy '%.*s': Ambiguous configuration for bind '%.*s' at [%.*s:%u]: the "
			"ssl-min-ver value "
			"is not configured and the ssl-max-ver value is lower than the default ssl-min-ver "
			"value (%s). "
			"Setting the ssl-min-ver to %s. Use 'ssl-min-ver' to fix this.",
			STR_ARG(b->proxy->name), STR_ARG(b->addr.text), STR_ARG(file), b->pos.line,
			tls_version_names[TLSV_12], tls_version_names[r.min]);
}

/* Complaints about settings have another form than those about files. */
static bool initial_make(struct tls_front *f)
{
	struct out error = out_growing(1024);
	const struct bind_conf *b = f->conf;

	versions_warn(f);
	f->initial = tls_front_context(f, NULL, &error);
	if (f->initial)
		SSL_CTX_set_client_hello_cb(f->initial, tls_select, f);
	else
		tls_alert(f->world, "config : Proxy '%.*s': %.*s for bind '%.*s' at [%.*s:%u].",
			  STR_ARG(b->proxy->name), STR_ARG(out_get(&error)), STR_ARG(b->addr.text),
			  STR_ARG(tls_source(f->world, b->pos)), b->pos.line);
	out_free(&error);
	return f->initial != NULL;
}

/* Folders and lists may be empty. */
static bool some_exist(const struct tls_front *f)
{
	const struct bind_conf *b = f->conf;

	if (!list_empty(&f->uses) || !b->tls.crts.n)
		return true;
	tls_say(f->world, f->strict ? "WARNING" : "ALERT",
		"config : Proxy '%.*s': no SSL certificate specified for bind '%.*s' at [%.*s:%u]%s (use "
		"'crt').",
		STR_ARG(b->proxy->name), STR_ARG(b->addr.text), STR_ARG(tls_source(f->world, b->pos)),
		b->pos.line, f->strict ? ", ssl connections will fail" : "");
	return f->strict;
}

bool tls_front_build(struct tls_front *f)
{
	const struct tls_conf *conf = &f->conf->tls.conf;
	bool ok;

	f->strict = (conf->strict_sni || f->world->model->global.tls.bind.strict_sni) && !conf->no_strict_sni;
	ignore_parse(conf->ca_ignore, f->ca_ignore);
	ignore_parse(conf->crt_ignore, f->crt_ignore);
	ok = tickets_load(f) && initial_make(f);
	vec_each (crt, &f->conf->tls.crts)
		ok = ok && crt_add(f, crt);
	if (ok && !f->conf->tls.crts.n && f->conf->proxy && f->conf->proxy->tls)
		ok = frontend_add(f);
	ok = ok && tls_generate_setup(f);
	return ok && some_exist(f);
}

void tls_front_free(struct tls_front **fp)
{
	struct tls_front *f = *fp;

	*fp = NULL;
	if (!f)
		return;
	list_remove(&f->node);
	tls_names_remove(f, NULL);
	while (!list_empty(&f->uses)) {
		struct tls_use *u = LIST_OF(f->uses.next, struct tls_use, node);

		tls_use_free(&u);
	}
	SSL_CTX_free(f->initial);
	tls_generate_free(f);
	free(f->lists);
	pthread_rwlock_destroy(&f->lock);
	free(f);
}

bool tls_front_attach(struct tls_front *f, struct crt_list *l)
{
	struct crt_list **lists;

	for (uint32_t i = 0; i < f->nlists; i++)
		if (f->lists[i] == l)
			return true;
	lists = realloc(f->lists, (f->nlists + 1) * sizeof(*lists));
	if (!lists)
		return false;
	f->lists = lists;
	lists[f->nlists++] = l;
	return true;
}
