/* From rules to requests. A condition is an OR of ANDs of ACLs: for each AND a request is made that has the
 * first pattern of each ACL, and then one for each other pattern; what is negated is left out, and once put in.
 * Conditions of a backend are combined with the first condition that leads there. Whether a request really does
 * what it was made for, nobody has to know: it is played. See wishes.h. */
#include "tools/wishes.h"

#include <string.h>

#include "grammar/base/out.h"
#include "grammar/rows.h"

enum { TEXT_MAX = 1 << 16, ALTERNATIVES = 64, LINES_KEPT = 3, LINES_MAX = 2000, BRANCHES = 8, WAYS_MAX = 4096 };

struct making {
	struct wishes *w;
	const struct model *model, *other;
	struct map known; /* lines of pattern files that `other` has: "path\nkey\nvalue" */
};

/* --- one request */

static bool word_is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?%@+,=",
			    s.ptr[i]))
			return false;
	return s.len;
}

static void put_word(struct out *o, struct str s)
{
	if (word_is_plain(s)) {
		out_str(o, s);
		return;
	}
	out_char(o, '\'');
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\'')
			out_puts(o, "'\\''");
		else
			out_char(o, s.ptr[i]);
	out_char(o, '\'');
}

static struct str url_of(struct arena *a, const struct wish *w)
{
	struct str host = w->host.len ? w->host : STR("localhost"), path = w->path.len ? w->path : STR("/");

	return arena_printf(a, "%s://%.*s%.*s%s%.*s", w->bind->ssl ? "https" : "http", STR_ARG(host),
			    STR_ARG(path), w->query.len ? "?" : "", STR_ARG(w->query));
}

struct str wish_text(struct arena *a, const struct wish *w)
{
	struct out o = out_growing(TEXT_MAX);
	struct str text, url = url_of(a, w);

	put_word(&o, w->method.len ? arena_printf(a, "%.*s %.*s", STR_ARG(w->method), STR_ARG(url)) : url);
	for (uint32_t i = 0; i < w->nheaders; i++) {
		out_puts(&o, " -H ");
		put_word(&o, w->headers[i]);
	}
	if (w->src.len)
		out_printf(&o, " --src %.*s", STR_ARG(w->src));
	out_puts(&o, " --bind ");
	put_word(&o, w->bind->addr.text.len ? w->bind->addr.text : w->bind->proxy->name);
	text = arena_str(a, out_get(&o));
	out_free(&o);
	return text;
}

static void wish_add(struct making *m, const struct wish *w)
{
	struct str text;

	if (m->w->v.n >= WISHES_MAX) {
		m->w->cut = true;
		return;
	}
	text = wish_text(m->w->arena, w);
	if (!map_put(m->w->arena, &m->w->seen, text, m->w))
		*vec_push(m->w->arena, &m->w->v) = *w;
}

/* --- what a pattern asks for */

/* A text that the method finds the pattern in; of a path if `path`. */
static struct str text_for(struct arena *a, enum match_method method, const struct pattern *p, bool path)
{
	const char *lead = path ? "/" : "";
	struct str t = p->text;

	switch (method) {
	case MATCH_REG:
		t = wish_of_regex(a, p->regex ? p->regex->text : t, 0);
		return path && (!t.len || t.ptr[0] != '/') ? arena_printf(a, "/%.*s", STR_ARG(t)) : t;
	case MATCH_END:
		return arena_printf(a, "%sx%.*s", lead, STR_ARG(t));
	case MATCH_SUB:
		return arena_printf(a, "%sx%.*sx", lead, STR_ARG(t));
	case MATCH_DIR:
		return arena_printf(a, "/x/%.*s/x", STR_ARG(t));
	case MATCH_DOM:
		return path ? arena_printf(a, "/%.*s", STR_ARG(t)) : arena_printf(a, "www.%.*s", STR_ARG(t));
	case MATCH_LEN:
	case MATCH_INT: {
		char digits[512];
		int64_t n = p->min < 0 ? 0 : p->min;

		if (method == MATCH_INT)
			return arena_printf(a, "%lld", (long long)(p->min == INT64_MIN ? p->max : p->min));
		n = n > (int64_t)sizeof(digits) ? (int64_t)sizeof(digits) : n;
		memset(digits, 'x', sizeof(digits));
		return arena_printf(a, "%s%.*s", lead, (int)n - (path && n), digits);
	}
	default:
		return path && (!t.len || t.ptr[0] != '/') ? arena_printf(a, "/%.*s", STR_ARG(t)) : t;
	}
}

static void take_header(struct making *m, struct wish *w, struct str name, struct str value)
{
	if (str_chr(value, '\r') < value.len || str_chr(value, '\n') < value.len)
		return;
	if (str_ieq(name, STR("host")))
		w->host = value;
	else if (w->nheaders < WISH_HEADERS && name.len)
		w->headers[w->nheaders++] =
			arena_printf(m->w->arena, "%.*s: %.*s", STR_ARG(name), STR_ARG(value));
}

static void take_path(struct wish *w, struct str path)
{
	size_t mark = str_chr(path, '?');

	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.ptr[i] <= ' ')
			return; /* cannot be asked for */
	w->path = str_sub(path, 0, mark);
	if (mark < path.len)
		w->query = str_tail(path, mark + 1);
}

static void take_src(struct making *m, struct wish *w, const struct pattern *p)
{
	const uint8_t *ip = p->net.addr;

	if (p->net.family == 4) /* of a line of a file, none is known */
		w->src = arena_printf(m->w->arena, "%u.%u.%u.%u", ip[0], ip[1], ip[2],
				      p->net.bits < 31 && !ip[3] ? 1u : ip[3]);
	else
		w->src = str_sub(p->text, 0, str_chr(p->text, '/'));
}

/* "host" and "/path" of a base; a URL may begin with its scheme. */
static void take_base(struct wish *w, struct str base)
{
	size_t scheme = 0, slash;

	for (size_t i = 0; i + 3 <= base.len && !scheme; i++)
		if (!memcmp(base.ptr + i, "://", 3))
			scheme = i + 3;
	base = str_tail(base, scheme);
	slash = str_chr(base, '/');
	if (slash)
		w->host = str_sub(base, 0, slash);
	take_path(w, str_tail(base, slash));
}

static struct str argument(const struct sample_expr *x)
{
	return x->nargs && x->args[0].type == ARG_STR ? x->args[0].str : STR("");
}

static bool is_path(struct str fetch)
{
	return str_is(fetch, "path") || str_is(fetch, "pathq") || str_is(fetch, "capture.req.uri") ||
	       str_is(fetch, "txn.base");
}

/* Makes the request one in which the sample has a value that fits. */
static void wish_take(struct making *m, struct wish *w, const struct sample_expr *x, enum match_method method,
		      const struct pattern *p)
{
	struct arena *a = m->w->arena;
	struct str fetch = str_from(fetch_row(x->fetch)->name), arg = argument(x);
	bool path = is_path(fetch) || (str_is(fetch, "url") && str_starts(p->text, STR("/")));

	if (str_is(fetch, "method"))
		w->method = p->text;
	else if (str_is(fetch, "src"))
		take_src(m, w, p);
	else if (path)
		take_path(w, text_for(a, method, p, true));
	else if (str_is(fetch, "base") || str_is(fetch, "url"))
		take_base(w, text_for(a, method, p, false));
	else if (str_is(fetch, "query"))
		w->query = text_for(a, method, p, false);
	else if (str_is(fetch, "url_param") || str_is(fetch, "urlp"))
		w->query = arena_printf(a, "%.*s=%.*s", STR_ARG(arg), STR_ARG(text_for(a, method, p, false)));
	else if (str_is(fetch, "req.cook") || str_is(fetch, "cookie") || str_is(fetch, "cook"))
		take_header(m, w, STR("Cookie"),
			    arena_printf(a, "%.*s=%.*s", STR_ARG(arg), STR_ARG(text_for(a, method, p, false))));
	else if (str_is(fetch, "req.hdr") || str_is(fetch, "req.fhdr") || str_is(fetch, "hdr"))
		take_header(m, w, arg, method == MATCH_FOUND ? STR("x") : text_for(a, method, p, false));
	else if (str_starts(fetch, STR("ssl_fc_sni")) || str_is(fetch, "req.ssl_sni"))
		w->host = text_for(a, method, p, false);
}

/* --- patterns of a sample: on the line, in files, keys of maps */

static struct str line_key(struct arena *a, const struct pattern_file *f, const struct pattern_line *l)
{
	return arena_printf(a, "%.*s\n%.*s\n%.*s", STR_ARG(f->path), STR_ARG(l->key), STR_ARG(l->value));
}

static void known_fill(struct making *m)
{
	vec_each (f, &m->other->pattern_files)
		vec_each (l, &(*f)->lines)
			map_put(m->w->arena, &m->known, line_key(m->w->arena, *f, l), m);
}

typedef void (*pattern_fn)(struct making *m, const struct wish *base, const struct sample_expr *x,
			   enum match_method method, const struct pattern *p);

/* Without what only the checker knows how to make of it. */
static struct pattern line_pattern(enum match_method method, struct str key)
{
	struct pattern p = {.text = key};
	int64_t n = 1;

	if (method == MATCH_INT || method == MATCH_LEN) {
		str_to_i64(str_sub(key, 0, str_chr(key, ':')), &n);
		p.min = p.max = n;
	}
	return p;
}

/* Lines that the other configuration does not have, and a few of the others. */
static void each_line(struct making *m, const struct wish *base, const struct sample_expr *x,
		      enum match_method method, const struct pattern_file *f, pattern_fn fn)
{
	uint32_t kept = 0, n = 0;

	vec_each (l, &f->lines) {
		struct pattern p = line_pattern(method, l->key);

		if (map_get(&m->known, line_key(m->w->arena, f, l)) && ++kept > LINES_KEPT)
			continue;
		if (++n > LINES_MAX)
			return;
		fn(m, base, x, method, &p);
	}
}

static void each_map_key(struct making *m, const struct wish *base, const struct sample_expr *x, pattern_fn fn)
{
	for (uint32_t i = 0; i < x->nconvs; i++)
		for (uint32_t k = 0; k < x->convs[i].nargs; k++)
			if (x->convs[i].args[k].type == ARG_MAP)
				each_line(m, base, x, x->convs[i].args[k].map->method,
					  x->convs[i].args[k].map->file, fn);
}

static bool has_map(const struct sample_expr *x)
{
	for (uint32_t i = 0; i < x->nconvs; i++)
		for (uint32_t k = 0; k < x->convs[i].nargs; k++)
			if (x->convs[i].args[k].type == ARG_MAP)
				return true;
	return false;
}

/* Other branches of a regular expression, as patterns of their own. */
static void each_branch(struct making *m, const struct wish *base, const struct acl_expr *x,
			const struct pattern *p, pattern_fn fn)
{
	for (uint32_t i = 1; i < BRANCHES && x->method == MATCH_REG && p->regex; i++) {
		struct pattern text = {.text = wish_of_regex(m->w->arena, p->regex->text, i)};

		fn(m, base, x->sample, MATCH_STR, &text);
	}
}

static void each_pattern(struct making *m, const struct wish *base, const struct acl *acl, pattern_fn fn)
{
	static const struct pattern any = {.text = {"x", 1}};

	vec_each (e, &acl->exprs) {
		const struct acl_expr *x = *e;

		if (has_map(x->sample)) {
			each_map_key(m, base, x->sample, fn);
			continue;
		}
		for (uint32_t i = 0; i < x->npatterns && i < ALTERNATIVES; i++) {
			fn(m, base, x->sample, x->method, &x->patterns[i]);
			each_branch(m, base, x, &x->patterns[i], fn);
		}
		for (uint32_t i = 0; i < x->nfiles; i++)
			each_line(m, base, x->sample, x->method, x->files[i].file, fn);
		if (!x->npatterns && !x->nfiles)
			fn(m, base, x->sample, MATCH_FOUND, &any);
	}
}

static void pattern_wish(struct making *m, const struct wish *base, const struct sample_expr *x,
			 enum match_method method, const struct pattern *p)
{
	struct wish w = *base;

	wish_take(m, &w, x, method, p);
	wish_add(m, &w);
}

/* --- conditions */

static void take_first(struct making *m, struct wish *w, const struct acl *acl)
{
	const struct acl_expr *x = acl->exprs.n ? acl->exprs.v[0] : NULL;
	struct pattern p = {.text = STR("x")};

	if (!x)
		return;
	if (x->npatterns)
		p = x->patterns[0];
	else if (x->nfiles && x->files[0].file->lines.n)
		p = line_pattern(x->method, x->files[0].file->lines.v[0].key);
	wish_take(m, w, x->sample, x->npatterns || x->nfiles ? x->method : MATCH_FOUND, &p);
}

/* All that is not negated, but for one. */
static struct wish and_of(struct making *m, const struct wish *base, const struct cond_and *and, uint32_t but)
{
	struct wish w = *base;

	for (uint32_t i = 0; i < and->n; i++)
		if (i != but && !and->terms[i].negated)
			take_first(m, &w, and->terms[i].acl);
	return w;
}

static void and_wishes(struct making *m, const struct wish *base, const struct cond_and *and)
{
	struct wish all = and_of(m, base, and, UINT32_MAX);

	wish_add(m, &all);
	for (uint32_t i = 0; i < and->n; i++) {
		struct wish rest = and_of(m, base, and, i);

		each_pattern(m, &rest, and->terms[i].acl, pattern_wish);
	}
}

static void cond_wishes(struct making *m, const struct wish *base, const struct cond *cond)
{
	for (uint32_t i = 0; cond && i < cond->n; i++)
		and_wishes(m, base, &cond->ors[i]);
}

static void format_wishes(struct making *m, const struct wish *base, const struct logfmt *f)
{
	for (uint32_t i = 0; f && i < f->n; i++)
		if (f->nodes[i].sample)
			each_map_key(m, base, f->nodes[i].sample, pattern_wish);
}

static void rules_wishes(struct making *m, const struct wish *base, const struct rules *rules)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		struct wish w = *base;

		cond_wishes(m, base, rules->v[i].cond);
		if (rules->v[i].cond && rules->v[i].cond->n && !rules->v[i].cond->unless)
			w = and_of(m, base, &rules->v[i].cond->ors[0], UINT32_MAX);
		format_wishes(m, &w, rules->v[i].fmt);
		if (rules->v[i].sample)
			each_map_key(m, &w, rules->v[i].sample, pattern_wish);
	}
}

static void switches_wishes(struct making *m, const struct wish *base, const struct switch_rule *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		cond_wishes(m, base, v[i].cond);
		format_wishes(m, base, v[i].dynamic);
	}
}

/* --- proxies */

static void proxy_wishes(struct making *m, const struct wish *base, const struct proxy_conf *px)
{
	for (int set = 0; set < RS_COUNT; set++)
		rules_wishes(m, base, &px->rules[set]);
	rules_wishes(m, base, &px->redirects);
	switches_wishes(m, base, px->use_server.v, px->use_server.n);
	for (uint32_t i = 0; i < px->nstick_rules; i++)
		cond_wishes(m, base, px->stick_rules[i].cond);
}

static void backends_wishes(struct making *m, const struct wish *base, const struct proxy_conf *fe)
{
	struct map been = {0};

	if (fe->default_backend) {
		map_put(m->w->arena, &been, fe->default_backend->name, m);
		proxy_wishes(m, base, fe->default_backend);
	}
	for (uint32_t i = 0; i < fe->use_backend.n && i < WAYS_MAX; i++) {
		const struct switch_rule *s = &fe->use_backend.v[i];
		struct wish way = *base;

		if (!s->backend || map_put(m->w->arena, &been, s->backend->name, m))
			continue;
		if (s->cond && s->cond->n && !s->cond->unless)
			way = and_of(m, base, &s->cond->ors[0], UINT32_MAX);
		proxy_wishes(m, &way, s->backend);
	}
}

static void bind_wishes(struct making *m, const struct bind_conf *b, bool first)
{
	struct wish base = {.bind = b};

	wish_add(m, &base);
	if (!first)
		return;
	switches_wishes(m, &base, b->proxy->use_backend.v, b->proxy->use_backend.n);
	proxy_wishes(m, &base, b->proxy);
	if (b->proxy->monitor_uri.len) {
		take_path(&base, b->proxy->monitor_uri);
		wish_add(m, &base);
	}
	base = (struct wish){.bind = b};
	backends_wishes(m, &base, b->proxy);
}

void wishes_add(struct wishes *w, const struct model *model, const struct model *other)
{
	struct making m = {.w = w, .model = model, .other = other};

	known_fill(&m);
	vec_each (px, &model->proxies) {
		bool clear = false, secure = false;

		if ((*px)->disabled)
			continue;
		vec_each (b, &(*px)->binds) {
			bool *been = (*b)->ssl ? &secure : &clear;

			bind_wishes(&m, *b, !*been);
			*been = true;
		}
	}
}
