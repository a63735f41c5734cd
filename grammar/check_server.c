/* `server`, `server-template` and `default-server` lines: name, address, then options on top of what
 * default-server lines gave (manual, section 5.2). Works on the state of one walk; servers go to the model.
 * Names of tracked servers are looked up at the end. One thread. */
#include "grammar/address.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/model_preset.h"
#include "grammar/name.h"

enum { FEW_SERVERS = 12, TEMPLATE_MAX = 100000 };

/* A copy, and neither holds the parts alone any more. */
static void server_copy(struct server_conf *to, struct server_conf *from)
{
	from->tls_own = from->rare_own = false;
	*to = *from;
}

/* A part of a server, from now on with nobody else who holds it. */
static void *part_own(struct checker *k, const void *part, size_t size, bool *own)
{
	if (!*own)
		part = memcpy(arena_alloc(k->a, size), part, size);
	*own = true;
	return (void *)(uintptr_t)part;
}

struct tls_server_conf *check_server_tls(struct checker *k, struct server_conf *s)
{
	struct tls_server_conf *tls = part_own(k, server_conf_tls(s), sizeof(*tls), &s->tls_own);

	s->tls = tls;
	return tls;
}

struct server_rare *check_server_rare(struct checker *k, struct server_conf *s)
{
	struct server_rare *rare = part_own(k, server_conf_rare(s), sizeof(*rare), &s->rare_own);

	s->rare = rare;
	return rare;
}

static struct server_conf *default_server_get(const struct keyword_use *use)
{
	struct draft *d = use->draft;
	struct server_conf *s;

	if (d->default_server_own)
		return d->default_server;
	s = ARENA_NEW(use->k->scratch, struct server_conf);
	if (d->default_server)
		server_copy(s, d->default_server);
	else
		model_preset_server(s);
	d->default_server = s;
	d->default_server_own = true;
	return s;
}

static bool name_taken(const struct draft *d, struct str name, uint32_t *first)
{
	uintptr_t index;

	if (d->px->servers.n > FEW_SERVERS) {
		index = (uintptr_t)map_get(&d->server_names, name);
		*first = (uint32_t)index - 1;
		return index != 0;
	}
	for (*first = 0; *first < d->px->servers.n; ++*first)
		if (str_eq(d->px->servers.v[*first]->name, name))
			return true;
	return false;
}

/* "server03" -> the next free number. */
static struct str name_next(struct checker *k, const struct draft *d, struct str name)
{
	size_t digits = 0;
	uint64_t number = 0;
	uint32_t first;
	struct str next;

	while (digits < name.len && digits < 9 && name.ptr[name.len - 1 - digits] >= '0' &&
	       name.ptr[name.len - 1 - digits] <= '9')
		digits++;
	str_to_u64(str_tail(name, name.len - digits), &number);
	do {
		number++;
		next = arena_printf(k->scratch, "%.*s%0*llu", (int)(name.len - digits), name.ptr, (int)digits,
				    (unsigned long long)number);
	} while (name_taken(d, next, &first));
	return next;
}

/* Reported at the end, unless the proxy is disabled by then. */
static void note_duplicate(const struct keyword_use *use, const struct word *name, uint32_t first)
{
	struct duplicate *dup = vec_push(use->k->scratch, &use->draft->duplicates);

	dup->name = name;
	dup->text = name->text;
	dup->first = first;
}

void check_server_duplicate(struct checker *k, struct draft *d, const struct duplicate *dup)
{
	const struct line *line = d->server_lines.v[dup->first];
	struct diag *g =
		diag_add(k->d, D_DUPLICATE_SERVER, dup->name->span, "another server of this %s is named `%.*s`",
			 keyword_place_name(d->place), STR_ARG(dup->text));
	struct str next = name_next(k, d, dup->text);

	diag_label(k->d, g, "taken");
	diag_also(k->d, g, line->words[1].span, "first defined here");
	diag_haproxy(k->d, g,
		     "%s '%.*s', another server named '%.*s' was already defined at line %u, please use "
		     "distinct names.",
		     check_proxy_kind(d), STR_ARG(d->px->name), STR_ARG(dup->text),
		     d->px->servers.v[dup->first]->pos.line);
	diag_fix(k->d, g, FIX_LIKELY, dup->name->span, next, "rename this server to `%.*s`", STR_ARG(next));
}

static void server_index(struct checker *k, struct draft *d)
{
	uint32_t n = d->px->servers.n;

	if (n <= FEW_SERVERS)
		return;
	for (uint32_t i = n == FEW_SERVERS + 1 ? 0 : n - 1; i < n; i++)
		map_put(k->scratch, &d->server_names, d->px->servers.v[i]->name, (void *)(uintptr_t)(i + 1));
}

static bool server_name_valid(const struct keyword_use *use, const struct word *name)
{
	size_t i = name_bad_byte(name->text);
	struct diag *g;

	if (i == name->text.len)
		return true;
	g = diag_add(use->k->d, D_BAD_NAME, word_span(name, i, 1),
		     "`%c` is not permitted in the name of a server", name->text.ptr[i]);
	diag_help(use->k->d, g, "names are made of letters, digits and `-`, `_`, `.` or `:`");
	diag_haproxy(use->k->d, g, "character '%c' is not permitted in server name '%.*s'.", name->text.ptr[i],
		     STR_ARG(name->text));
	return false;
}

static struct server_conf *server_new(const struct keyword_use *use, const struct word *name)
{
	struct checker *k = use->k;
	struct server_conf *s = ARENA_NEW(k->a, struct server_conf);

	if (use->draft->default_server)
		server_copy(s, use->draft->default_server);
	else
		model_preset_server(s);
	s->proxy = use->draft->px;
	s->name = name ? check_keep(k, name->text) : STR_NONE;
	s->pos = check_pos(k, use->line);
	return s;
}

static void server_add(const struct keyword_use *use, struct server_conf *s)
{
	struct checker *k = use->k;
	struct draft *d = use->draft;

	*vec_push(k->a, &d->px->servers) = s;
	*vec_push(k->scratch, &d->server_lines) = use->line;
	server_index(k, d);
}

static bool server_address(const struct keyword_use *use, const struct word *w, struct server_conf *s)
{
	struct checker *k = use->k;
	uint32_t before = k->d->list.n;
	struct diag *g;

	if (address_parse_word(k->c, w,
			       ADDRESS_PORT | ADDRESS_OFFSET | ADDRESS_STREAM | ADDRESS_HOST | ADDRESS_REVERSE |
				       (use->draft->px->mode == MODE_SYSLOG ? ADDRESS_DATAGRAM : 0),
			       "", &s->addr))
		return true;
	g = k->d->list.v[before];
	if (g->haproxy.len)
		g->haproxy = arena_printf(k->scratch, "'server %.*s/%.*s' : %.*s",
					  STR_ARG(use->draft->px->name), STR_ARG(s->name), STR_ARG(g->haproxy));
	return false;
}

/* A tracked server's name waits for the end of the walk. */
static void server_track_later(const struct keyword_use *use, struct server_conf *s)
{
	struct server_ref *ref;

	if (!s->track.len)
		return;
	ref = ARENA_NEW(use->k->scratch, struct server_ref);
	*ref = (struct server_ref){.draft = use->draft, .server = s, .line = use->line};
	*vec_push(use->k->scratch, &use->k->tracks) = ref;
}

static bool server_conflicts(const struct keyword_use *use, const struct server_conf *s)
{
	struct diag *g;

	if (!s->track.len || (!s->check && !s->agent_check))
		return true;
	g = diag_add(use->k->d, D_CONFLICT, use->line->span,
		     "a server that is checked cannot track another one");
	diag_haproxy(use->k->d, g,
		     "'server %.*s/%.*s' : unable to enable checks and tracking at the same time!",
		     STR_ARG(use->draft->px->name), STR_ARG(s->name));
	return false;
}

bool check_server(const struct keyword_use *use)
{
	const struct word *name = use->words;
	struct server_conf *s;
	uint32_t first;
	bool ok;

	if (use->n < 2) {
		check_missing(use, use->n ? "an address behind the name" : "a name and an address");
		return false;
	}
	ok = server_name_valid(use, name);
	if (name_taken(use->draft, name->text, &first)) {
		note_duplicate(use, name, first);
	}
	s = server_new(use, name);
	ok &= server_address(use, &use->words[1], s);
	ok &= check_options(use, 2, PLACE_SERVER, s, &s->words);
	server_add(use, s);
	server_track_later(use, s);
	return server_conflicts(use, s) && ok;
}

bool check_default_server(const struct keyword_use *use)
{
	struct server_conf *s = default_server_get(use);

	return check_options(use, 0, PLACE_DEFAULT_SERVER, s, &s->words);
}

/* "5" or "2-7". */
static bool template_range(const struct keyword_use *use, const struct word *w, uint64_t *low, uint64_t *high)
{
	size_t dash = str_chr(w->text, '-');
	struct diag *g;

	*low = 1;
	if (dash == w->text.len ? str_to_u64(w->text, high) && *high >= 1
				: str_to_u64(str_sub(w->text, 0, dash), low) &&
					  str_to_u64(str_tail(w->text, dash + 1), high) && *low <= *high)
		if (*high - *low < TEMPLATE_MAX)
			return true;
	g = diag_add(use->k->d, D_BAD_NUMBER, w->span, "`%.*s` is neither a number of servers nor a range",
		     STR_ARG(w->text));
	diag_help(use->k->d, g, "write a count as `3`, or a range as `1-3`");
	diag_haproxy(use->k->d, g, "Wrong server-template number or range arg '%.*s'.", STR_ARG(w->text));
	return false;
}

/* Each of a template's servers: the prefix with a number. */
static bool template_expand(const struct keyword_use *use, struct server_conf *model, uint64_t low,
			    uint64_t high)
{
	struct checker *k = use->k;
	const struct word *prefix = &use->words[0];

	for (uint64_t i = low; i <= high; i++) {
		struct server_conf *s = ARENA_NEW(k->a, struct server_conf);
		uint32_t first;

		server_copy(s, model);
		s->name = arena_printf(k->a, "%.*s%llu", STR_ARG(prefix->text), (unsigned long long)i);
		if (k->compat < 304 && name_taken(use->draft, s->name, &first)) {
			note_duplicate(use, prefix, first);
			use->draft->duplicates.v[use->draft->duplicates.n - 1].text = s->name;
			break;
		}
		server_add(use, s);
		server_track_later(use, s);
	}
	return true;
}

bool check_server_template(const struct keyword_use *use)
{
	struct server_conf *s;
	uint64_t low, high;
	bool ok;

	if (use->n < 3) {
		check_missing(use, "a prefix, a number and an address");
		return false;
	}
	ok = server_name_valid(use, &use->words[0]);
	if (!template_range(use, &use->words[1], &low, &high))
		return false;
	s = server_new(use, &use->words[0]);
	ok &= server_address(use, &use->words[2], s);
	ok &= check_options(use, 3, PLACE_SERVER, s, &s->words);
	return server_conflicts(use, s) && template_expand(use, s, low, high) && ok;
}
