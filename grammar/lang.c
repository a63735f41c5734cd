/* What the three small languages share: their state of one compilation, the wording of mistakes, references to
 * sections that come later, files that a configuration names. Everything lives in the compilation's arena. */
#include "grammar/lang_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "grammar/place.h"
#include "grammar/suggest.h"

enum { LANG_FILE_MAX = 1 << 30 };

struct lang_state *lang_state(struct compile *c)
{
	if (!c->lang)
		c->lang = ARENA_NEW(c->arena, struct lang_state);
	return c->lang;
}

struct diag *lang_haproxy(struct compile *c, struct diag *g, const struct lang_scope *scope, const char *format,
			  ...)
{
	va_list ap;
	struct str text;

	va_start(ap, format);
	text = arena_vprintf(c->arena, format, ap);
	va_end(ap);
	return diag_haproxy(c->diags, g, "%s%.*s.", scope && scope->haproxy ? scope->haproxy : "",
			    STR_ARG(text));
}

void lang_not_effective(struct compile *c, bool *warned, struct span span, const char *what, const char *name)
{
	struct diag *g;

	if (*warned)
		return;
	*warned = true;
	g = diag_add(c->diags, D_NOT_EFFECTIVE, span, "%s `%s` is not effective yet", what, name);
	diag_note(c->diags, g, "its arguments are checked; when it runs, it does nothing");
}

void lang_suggest(struct compile *c, struct diag *g, const struct suggest *s, struct span span)
{
	char names[256];

	if (!s->n)
		return;
	diag_help(c->diags, g, "did you mean %s?", suggest_text(s, names, sizeof(names)));
	diag_fix(c->diags, g, FIX_LIKELY, span, s->names[0], "replace by `%.*s`", STR_ARG(s->names[0]));
}

uint32_t lang_places(enum proxy_role role, enum ruleset set)
{
	static const uint32_t fe[RS_COUNT] = {
		[RS_TCP_REQ_CONN] = AT(FE_CONN),        [RS_TCP_REQ_SESS] = AT(FE_SESS),
		[RS_TCP_REQ_CONT] = AT(FE_CONTENT),     [RS_HTTP_REQ] = AT(FE_REQ_HDR),
		[RS_TCP_RES_CONT] = AT(FE_RES_CONTENT), [RS_HTTP_RES] = AT(FE_RES_HDR),
		[RS_HTTP_AFTER_RES] = AT(FE_RES_HDR),
	};
	static const uint32_t be[RS_COUNT] = {
		[RS_TCP_REQ_CONT] = AT(BE_CONTENT),     [RS_HTTP_REQ] = AT(BE_REQ_HDR),
		[RS_TCP_RES_CONT] = AT(BE_RES_CONTENT), [RS_HTTP_RES] = AT(BE_RES_HDR),
		[RS_HTTP_AFTER_RES] = AT(BE_RES_HDR),
	};
	uint32_t places = 0;

	if (role & ROLE_FRONTEND || role == ROLE_DEFAULTS)
		places |= fe[set];
	if (role & ROLE_BACKEND || role == ROLE_DEFAULTS)
		places |= be[set];
	return places;
}

bool lang_file_is_missing(struct compile *c, struct str path)
{
	return c->options && !c->options->offline &&
	       access(arena_str(c->arena, file_place(c, path)).ptr, F_OK) != 0 && errno == ENOENT;
}

bool lang_read_file(struct compile *c, struct str path, struct span span, const struct lang_scope *scope,
		    struct str *text)
{
	struct diag *g;
	int fd, error;
	bool done;

	*text = STR_NONE;
	if (c->options && c->options->offline)
		return false;
	fd = open(arena_str(c->arena, file_place(c, path)).ptr, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	done = fd >= 0 && text_read(c->arena, fd, LANG_FILE_MAX, text);
	error = errno;
	if (fd >= 0)
		close(fd);
	if (done)
		return true;
	g = diag_add(c->diags, D_PATTERN_FILE, span, "cannot read `%.*s`: %s", STR_ARG(path), strerror(error));
	if (c->options && !c->options->strict_env) {
		g->severity = SEV_WARNING;
		c->diags->errors--;
		c->diags->warnings++;
		diag_note(c->diags, g, "taken as an empty file; HAProxy refuses to start");
	}
	lang_haproxy(c, g, scope, "failed to open pattern file <%.*s>", STR_ARG(path));
	return false;
}

/* Searches the servers of a backend by name. */
static const struct server_conf *server_find(const struct proxy_conf *px, struct str name)
{
	for (uint32_t i = 0; i < px->servers.n; i++)
		if (str_eq(px->servers.v[i]->name, name))
			return px->servers.v[i];
	return NULL;
}

static struct diag *ref_error(struct compile *c, const struct lang_ref *ref, const char *what, struct str name)
{
	return diag_add(c->diags, D_SAMPLE_REFERENCE, ref->span, "no %s named `%.*s`", what, STR_ARG(name));
}

static void ref_suggest(struct compile *c, struct diag *g, const struct map *names, const struct lang_ref *ref,
			struct str name)
{
	struct suggest s;

	suggest_start(&s, name);
	for (uint32_t i = 0; i < names->size; i++)
		if (names->slots[i].value)
			suggest_offer(&s, names->slots[i].key);
	lang_suggest(c, g, &s, ref->span);
}

static void ref_resolve_proxy(struct compile *c, const struct lang_ref *ref, bool backend)
{
	const struct map *names = backend ? &c->model->backends : &c->model->frontends;
	const char *what = backend ? "backend" : "frontend";
	struct str name = ref->arg->str;
	struct diag *g;

	if (!name.len && ref->proxy) {
		ref->arg->proxy = ref->proxy;
		if (ref->proxy->role == ROLE_DEFAULTS ||
		    ref->proxy->role & (backend ? ROLE_BACKEND : ROLE_FRONTEND))
			return;
		g = diag_add(c->diags, D_SAMPLE_REFERENCE, ref->span, "a %s must be named here", what);
		diag_note(c->diags, g, "without a name it means `%.*s`, which is no %s",
			  STR_ARG(ref->proxy->name), what);
		diag_haproxy(c->diags, g,
			     "proxy '%.*s', referenced in %.*s in proxy '%.*s', has not %s capability.",
			     STR_ARG(ref->proxy->name), STR_ARG(ref->subject), STR_ARG(ref->proxy->name), what);
		return;
	}
	ref->arg->proxy = map_get(names, name);
	if (ref->arg->proxy)
		return;
	g = ref_error(c, ref, what, name);
	ref_suggest(c, g, names, ref, name);
	diag_haproxy(c->diags, g, "unable to find %s '%.*s' referenced in %.*s in proxy '%.*s'.", what,
		     STR_ARG(name), STR_ARG(ref->subject), STR_ARG(ref->proxy ? ref->proxy->name : STR_NONE));
}

static void ref_resolve_server(struct compile *c, const struct lang_ref *ref)
{
	struct str name = ref->arg->str;
	size_t slash = str_chr(name, '/');
	const struct proxy_conf *px = ref->proxy;
	struct diag *g;

	if (slash < name.len) {
		px = map_get(&c->model->backends, str_sub(name, 0, slash));
		if (!px) {
			g = ref_error(c, ref, "backend", str_sub(name, 0, slash));
			ref_suggest(c, g, &c->model->backends, ref, str_sub(name, 0, slash));
			diag_haproxy(c->diags, g,
				     "unable to find proxy '%.*s' referenced in %.*s in proxy '%.*s'.",
				     STR_ARG(str_sub(name, 0, slash)), STR_ARG(ref->subject),
				     STR_ARG(ref->proxy ? ref->proxy->name : STR_NONE));
			return;
		}
		name = str_tail(name, slash + 1);
	}
	ref->arg->server = px ? server_find(px, name) : NULL;
	if (ref->arg->server || (px && px->role == ROLE_DEFAULTS))
		return;
	g = ref_error(c, ref, "server", name);
	if (px)
		diag_note(c->diags, g, "looked for in `%.*s`", STR_ARG(px->name));
	diag_haproxy(c->diags, g,
		     "unable to find server '%.*s' in proxy '%.*s', referenced in %.*s in proxy '%.*s'.",
		     STR_ARG(name), STR_ARG(px ? px->name : STR_NONE), STR_ARG(ref->subject),
		     STR_ARG(ref->proxy ? ref->proxy->name : STR_NONE));
}

static void ref_resolve_userlist(struct compile *c, const struct lang_ref *ref)
{
	struct diag *g;

	ref->arg->userlist = map_get(&c->model->userlists, ref->arg->str);
	if (ref->arg->userlist)
		return;
	g = ref_error(c, ref, "userlist", ref->arg->str);
	ref_suggest(c, g, &c->model->userlists, ref, ref->arg->str);
	diag_haproxy(c->diags, g, "unable to find userlist '%.*s' referenced in %.*s in proxy '%.*s'.",
		     STR_ARG(ref->arg->str), STR_ARG(ref->subject),
		     STR_ARG(ref->proxy ? ref->proxy->name : STR_NONE));
}

/* A proxy's stick table, or one of a `peers` section, peers/name. */
static void ref_resolve_table(struct compile *c, const struct lang_ref *ref)
{
	struct str name = ref->arg->str.len || !ref->proxy ? ref->arg->str : ref->proxy->name;
	const struct proxy_conf *px = map_get(&c->model->backends, name);
	struct diag *g;

	ref->arg->table = model_table(c->model, name);
	if (ref->arg->table || (!ref->arg->str.len && ref->proxy && ref->proxy->role == ROLE_DEFAULTS))
		return;
	if (!px)
		px = map_get(&c->model->frontends, name);
	g = diag_add(c->diags, D_SAMPLE_REFERENCE, ref->span,
		     px ? "`%.*s` has no stick table" : "no proxy named `%.*s`", STR_ARG(name));
	if (!ref->arg->str.len)
		diag_note(c->diags, g, "without a name it is the table of the proxy itself");
	diag_haproxy(c->diags, g, "unable to find table '%.*s' referenced in %.*s in proxy '%.*s'.",
		     STR_ARG(name), STR_ARG(ref->subject), STR_ARG(ref->proxy ? ref->proxy->name : STR_NONE));
}

void lang_resolve(struct compile *c)
{
	struct lang_state *state = lang_state(c);

	vec_each (ref, &state->refs) {
		if (ref->letter == 'v')
			ref_resolve_server(c, ref);
		else if (ref->letter == 'u')
			ref_resolve_userlist(c, ref);
		else if (ref->letter == 't')
			ref_resolve_table(c, ref);
		else
			ref_resolve_proxy(c, ref, ref->letter == 'b');
	}
	state->refs.n = 0;
}
