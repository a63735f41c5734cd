/* Opening the section of a proxy: its name, the defaults it starts from, and what is copied from there. Works
 * on the state of one walk; the proxy goes to the model's arena, its draft to the compilation's. One thread. */
#include "grammar/check_proxy.h"
#include "grammar/model_preset.h"
#include "grammar/name.h"
#include "grammar/suggest.h"

const char *check_proxy_kind(const struct draft *d)
{
	return d->place == PLACE_LISTEN ? "proxy" : keyword_place_name(d->place);
}

/* "stats" names all rows that begin with it. */
static bool row_named(const struct keyword *row, const char *name)
{
	size_t len = strlen(name);

	return strncmp(row->name, name, len) == 0 && (row->name[len] == 0 || row->name[len] == ' ');
}

const struct line *check_proxy_line(const struct draft *d, const char *row_name, bool inherited)
{
	for (; d; d = inherited ? d->from : NULL)
		for (uint32_t i = d->seen.n; i > 0; i--)
			if (row_named(d->seen.v[i - 1].row, row_name))
				return d->seen.v[i - 1].line;
	return NULL;
}

/* The name of a section, or of a `what` in one. */
bool check_section_name(struct checker *k, const struct word *name, const char *what)
{
	size_t bad = name_bad_byte(name->text);
	struct diag *g;

	if (bad == name->text.len)
		return true;
	g = diag_add(k->d, D_BAD_NAME, word_span(name, bad, 1), "`%c` is not permitted in the name of a %s",
		     name->text.ptr[bad], what);
	diag_help(k->d, g, "names are made of letters, digits and `-`, `_`, `.` or `:`");
	diag_haproxy(k->d, g, "character '%c' is not permitted in '%s' name '%.*s'.", name->text.ptr[bad], what,
		     STR_ARG(name->text));
	return false;
}

void check_name_is_taken(struct checker *k, const struct word *name, const char *kind, const struct word *first,
			 const char *other)
{
	struct position at = sources_position(k->c->sources, first->span.source, first->span.off);
	const struct source *source = sources_get(k->c->sources, first->span.source);
	struct diag *g =
		diag_add(k->d, D_DUPLICATE_PROXY, name->span, "the name `%.*s` is taken", STR_ARG(name->text));

	diag_label(k->d, g, "a second %s of this name", kind);
	diag_also(k->d, g, first->span, "first defined here");
	diag_haproxy(k->d, g, "%s '%.*s' has the same name as %s '%.*s' declared at %.*s:%u.", kind,
		     STR_ARG(name->text), other, STR_ARG(name->text), STR_ARG(source->name), at.line);
}

/* A frontend and a backend may share a name until 3.3; whoever holds a name of the same kind is in the way. */
static void name_register(struct checker *k, struct draft *d)
{
	struct draft *fe = map_get(&k->frontends, d->name->text), *be = map_get(&k->backends, d->name->text);
	struct draft *same = d->px->role & ROLE_FRONTEND && fe  ? fe
			     : d->px->role & ROLE_BACKEND && be ? be
								: NULL;
	struct draft *other = fe ? fe : be;
	struct named_section *forward = map_get(&k->others[PLACE_LOG_FORWARD], d->name->text);
	struct diag *g;

	if (same) {
		check_name_is_taken(k, d->name, check_proxy_kind(d), same->name, check_proxy_kind(same));
	} else if (other) {
		g = diag_add(k->d, D_SHARED_NAME, d->name->span,
			     "a frontend and a backend share the name `%.*s`", STR_ARG(d->name->text));
		diag_also(k->d, g, other->name->span, "the %s is here", keyword_place_name(other->place));
		if (k->compat < 303)
			diag_note(k->d, check_severity(k, g, SEV_WARNING), "HAProxy refuses this since 3.3");
		else
			diag_note(k->d, g,
				  "accepted until 3.2, where a frontend and a backend could share a name");
	}
	if (forward)
		check_name_is_taken(k, d->name, check_proxy_kind(d), forward->name, "log forward section");
	if (d->px->role & ROLE_FRONTEND && !fe)
		map_put(k->scratch, &k->frontends, d->name->text, d);
	if (d->px->role & ROLE_BACKEND && !be)
		map_put(k->scratch, &k->backends, d->name->text, d);
}

/* What is never inherited. */
static void proxy_reset(struct proxy_conf *px)
{
	px->name = STR_NONE;
	px->description = px->guid = STR_NONE;
	px->acls = (struct map){0};
	memset(px->rules, 0, sizeof(px->rules));
	px->redirects = (struct rules){0};
	px->default_backend = NULL;
	px->monitor_fail = NULL;
	px->stats.admin = NULL;
	px->id = 0;
	px->table = NULL;
	px->stick_rules = NULL;
	px->nstick_rules = 0;
	/* A shared array moves before it grows. */
	px->log_targets.cap = px->log_targets.n;
	px->stats.auths.cap = px->stats.auths.n;
	px->stats.scopes.cap = px->stats.scopes.n;
	px->lines.v = NULL;
	px->lines.n = px->lines.cap = 0;
}

static void draft_inherit(struct draft *d, struct draft *from)
{
	*d->px = *from->px;
	proxy_reset(d->px);
	d->px->defaults = from->px;
	d->from = from;
	d->default_backend = from->default_backend;
	d->default_backend_line = from->default_backend_line;
	d->default_server = from->default_server;
	d->log_kind = from->log_kind;
	d->log_format_word = from->log_format_word;
	d->log_format_line = from->log_format_line;
	d->error_log_format_word = from->error_log_format_word;
	d->log_format_sd_word = from->log_format_sd_word;
	d->error_log_format_line = from->error_log_format_line;
	for (int i = 0; i < 2; i++) {
		d->steps[i].list.v = from->steps[i].list.v;
		d->steps[i].list.n = d->steps[i].list.cap = from->steps[i].list.n;
	}
	d->httpchk = from->httpchk;
	d->httpchk_line = from->httpchk_line;
	d->unique_id = from->unique_id;
	d->compression = from->compression;
}

static void report_no_defaults(struct checker *k, const struct word *w, const struct draft *d)
{
	struct diag *g = diag_add(k->d, D_NO_SUCH_DEFAULTS, w->span,
				  "no defaults section named `%.*s` before this line", STR_ARG(w->text));
	struct suggest s;

	suggest_start(&s, w->text);
	for (uint32_t i = 0; i < k->defaults.size; i++)
		if (k->defaults.slots[i].value)
			suggest_offer(&s, k->defaults.slots[i].key);
	check_did_you_mean(k, g, &s, w, false);
	diag_haproxy(k->d, g, "defaults section '%.*s' not found for %s '%.*s'.", STR_ARG(w->text),
		     keyword_place_name(d->place), STR_ARG(d->name ? d->name->text : STR_NONE));
}

static void report_ambiguous(struct checker *k, const struct word *w, const struct draft *from)
{
	struct diag *g = diag_add(k->d, D_AMBIGUOUS_DEFAULTS, w->span,
				  "several defaults sections are named `%.*s`", STR_ARG(w->text));

	diag_also(k->d, g, from->name->span, "one is here");
	diag_also(k->d, g, from->ambiguous_with->span, "and another here");
}

/* The section named behind `from`, or the last one before. */
static struct draft *defaults_choose(struct checker *k, struct draft *d, const struct line *header)
{
	struct draft *from;
	const struct word *w;

	for (uint32_t i = 1; i + 1 < header->nwords; i++) {
		/* "defaults from x", "frontend f from x" */
		if (!str_is(header->words[i].text, "from") || (i == 1 && d->place != PLACE_DEFAULTS) || i > 2)
			continue;
		w = &header->words[i + 1];
		from = map_get(&k->defaults, w->text);
		d->from_explicit = true;
		if (!from) {
			report_no_defaults(k, w, d);
			d->broken = true; /* what it would have inherited is not missing */
		} else if (from->ambiguous) {
			report_ambiguous(k, w, from);
		}
		return from;
	}
	return d->place == PLACE_DEFAULTS ? NULL : k->last_defaults;
}

static void report_mixed_use(struct checker *k, const struct draft *d, const struct draft *from)
{
	struct diag *g = diag_add(k->d, D_MIXED_DEFAULTS, d->section->header->span,
				  "a defaults section with rules is used both with `from` and without");

	diag_also(k->d, g, from->section->header->span, "this section, named `%.*s`",
		  STR_ARG(from->name->text));
	diag_help(k->d, g, "write `from %.*s` here, or open another defaults section before it",
		  STR_ARG(from->name->text));
}

static void defaults_use(struct checker *k, struct draft *d, struct draft *from)
{
	const struct line *other = d->from_explicit ? from->used_implicitly : from->used_explicitly;
	bool rules = false;

	for (int set = 0; set < RS_COUNT; set++)
		rules |= from->rules[set].n > 0;
	if (rules && other)
		report_mixed_use(k, d, from);
	if (d->from_explicit && !from->used_explicitly)
		from->used_explicitly = d->section->header;
	if (!d->from_explicit && !from->used_implicitly)
		from->used_implicitly = d->section->header;
}

static void header_extra(struct checker *k, const struct draft *d, const struct line *header, uint32_t n)
{
	uint32_t allowed = d->name ? 2 : 1;
	struct diag *g;

	if (d->from_explicit)
		allowed += 2;
	if (n <= allowed)
		return;
	g = diag_add(k->d, D_EXTRA_WORDS, check_words_span(header->words, allowed, n),
		     "unexpected `%.*s` behind the name", STR_ARG(header->words[allowed].text));
	if (d->place == PLACE_BACKEND || d->place == PLACE_DEFAULTS) {
		check_severity(k, g, SEV_WARNING);
		diag_note(k->d, g, "HAProxy ignores it in silence");
		return;
	}
	diag_help(k->d, g, "addresses are given by `bind` lines in the section");
	diag_haproxy(k->d, g, "please use the 'bind' keyword for listening addresses.");
}

static struct draft *draft_new(struct checker *k, const struct section *section, enum keyword_place place)
{
	struct draft *d = ARENA_NEW(k->scratch, struct draft);

	d->px = ARENA_NEW(k->a, struct proxy_conf);
	d->place = place;
	d->section = section;
	model_preset_proxy(d->px);
	return d;
}

static void defaults_register(struct checker *k, struct draft *d)
{
	struct draft *other;

	k->last_defaults = d;
	if (!d->name)
		return;
	other = map_put(k->scratch, &k->defaults, d->name->text, d);
	if (other) {
		d->ambiguous = true;
		d->ambiguous_with = other->section->header;
	}
}

/* Whether a word behind the section word is the name. */
static const struct word *header_name(const struct line *header, uint32_t n, enum keyword_place place)
{
	if (n < 2 || (place == PLACE_DEFAULTS && str_is(header->words[1].text, "from") && n > 2))
		return NULL;
	return &header->words[1];
}

static void report_nameless(struct checker *k, const struct line *header, enum keyword_place place)
{
	struct diag *g = diag_add(k->d, D_SECTION_NAME, header->words[0].span, "a `%s` section needs a name",
				  keyword_place_name(place));

	diag_haproxy(k->d, g, "'%s' expects an <id> argument", keyword_place_name(place));
}

void check_proxy_inherit(struct checker *k, struct draft *d, struct draft *from)
{
	draft_inherit(d, from);
	check_keep_inherit(k, d);
}

void check_proxy_begin(struct checker *k, const struct section *section, const struct line *header,
		       enum keyword_place place)
{
	static const enum proxy_role roles[] = {[PLACE_DEFAULTS] = ROLE_DEFAULTS,
						[PLACE_FRONTEND] = ROLE_FRONTEND,
						[PLACE_LISTEN] = ROLE_LISTEN,
						[PLACE_BACKEND] = ROLE_BACKEND};
	struct draft *d = draft_new(k, section, place), *from;
	uint32_t n = check_foreign_comment(k, header);

	if (n < header->nwords && (place == PLACE_FRONTEND || place == PLACE_LISTEN))
		diag_haproxy(k->d, k->d->list.v[k->d->list.n - 1],
			     "please use the 'bind' keyword for listening addresses.");
	d->name = header_name(header, n, place);
	from = defaults_choose(k, d, header);
	if (from) {
		draft_inherit(d, from);
		if (place != PLACE_DEFAULTS)
			defaults_use(k, d, from);
	}
	d->px->role = roles[place];
	if (from)
		check_keep_inherit(k, d);
	d->px->pos = check_pos(k, header);
	if (d->name)
		d->px->name = check_keep(k, d->name->text);
	else if (place != PLACE_DEFAULTS)
		report_nameless(k, header, place);
	header_extra(k, d, header, n);
	k->draft = d;
	k->object = d->px;
	if (place == PLACE_DEFAULTS) {
		defaults_register(k, d);
		return;
	}
	if (d->name) {
		check_section_name(k, d->name, keyword_place_name(place));
		name_register(k, d);
	}
	*vec_push(k->scratch, &k->drafts) = d;
}
