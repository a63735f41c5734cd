/* The walk over the tree: sections in order, each line to its row in the registry. Owns the checker's state, in
 * the compilation's arena. What a row means is in the files of keywords and of check_; what only the whole
 * configuration can tell in check_finish.c. One thread. */
#include "grammar/check_finish.h"
#include "grammar/check_proxy.h"
#include "grammar/place.h"
#include "grammar/section.h"

static struct checker *checker_new(struct compile *c)
{
	struct checker *k = ARENA_NEW(c->arena, struct checker);

	k->c = c;
	k->d = c->diags;
	k->m = c->model;
	k->a = c->model->arena;
	k->scratch = c->arena;
	k->compat = c->options->compat;
	k->index = keyword_index_new(c->arena);
	k->place = PLACE_TOP;
	return k;
}

static void report_version(const struct keyword_use *use)
{
	const struct keyword *row = use->row;
	struct checker *k = use->k;
	struct diag *g;

	if (k->compat < row->since) {
		g = diag_add(k->d, D_TOO_NEW, use->span, "HAProxy %d.%d does not know `%s`", k->compat / 100,
			     k->compat % 100, row->name);
		diag_note(k->d, g, "it exists since %d.%d", row->since / 100, row->since % 100);
	} else {
		g = diag_add(k->d, D_REMOVED, use->span, "`%s` is not supported any more", row->name);
		if (row->until)
			diag_note(k->d, g, "HAProxy dropped it before %d.%d", row->until / 100,
				  row->until % 100);
	}
	if (row->replaced_by)
		diag_help(k->d, g, "use %s instead", row->replaced_by);
	if (row->expects)
		diag_haproxy(k->d, g, "%s", row->expects);
	else
		diag_haproxy(k->d, g, "unknown keyword '%s' in '%s' section", row->name,
			     keyword_place_name(k->place));
}

static bool row_allowed(const struct keyword_use *use)
{
	const struct keyword *row = use->row;
	struct checker *k = use->k;
	struct diag *g;

	if (row->flags & KW_REMOVED || !keyword_is_known(row, k->compat)) {
		report_version(use);
		return false;
	}
	if (row->flags & KW_EXPERIMENTAL && !k->experimental) {
		g = diag_add(k->d, D_EXPERIMENTAL, use->span, "`%s` is experimental and must be allowed first",
			     row->name);
		diag_help(k->d, g, "write `expose-experimental-directives` above it, in the global section");
		diag_haproxy(k->d, g,
			     "'%s' directive is experimental, must be allowed via a global "
			     "'expose-experimental-directives'",
			     row->name);
		return false;
	}
	if (row->flags & KW_DEPRECATED || (row->deprecated && k->compat >= row->deprecated)) {
		g = diag_add(k->d, D_DEPRECATED, use->span, "`%s` is deprecated", row->name);
		if (row->replaced_by)
			diag_help(k->d, g, "use %s instead", row->replaced_by);
		if (row->expects && row->flags & KW_DEPRECATED)
			diag_haproxy(k->d, g, "%s", row->expects);
	}
	return true;
}

static bool prefix_allowed(const struct keyword_use *use)
{
	const struct keyword *row = use->row;
	struct checker *k = use->k;
	const struct word *prefix = use->line->words;
	struct diag *g;

	if (use->preset && row->kind == VAL_OPTION && row->flags & KW_DEFAULT && k->compat <= 206) {
		g = diag_add(k->d, D_NO_PREFIX, prefix->span, "HAProxy 2.6 does not take `default` before `%s`",
			     row->name);
		diag_help(k->d, g, "leave the line out, or write what is to hold: `%s` or `no %s`", row->name,
			  row->name);
		diag_haproxy(k->d, g, "'%s' cannot handle unexpected argument '%s'.", row->name, row->name + 7);
		return false;
	}
	if ((!use->no || row->flags & KW_NO) && (!use->preset || row->flags & KW_DEFAULT))
		return true;
	g = diag_add(k->d, D_NO_PREFIX, prefix->span, "`%.*s` cannot stand before `%s`", STR_ARG(prefix->text),
		     row->name);
	if (strncmp(row->name, "option ", 7) == 0)
		diag_haproxy(k->d, g, ": negation/default is not supported for option '%s'.", row->name + 7);
	else
		diag_haproxy(k->d, g,
			     ": negation/default currently supported only for options, log, busy-polling, "
			     "set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.");
	return false;
}

/* Further words that HAProxy ignores: a warning, and they are gone. */
static void drop_extra(struct keyword_use *use)
{
	uint32_t max = use->row->kind == VAL_FLAG || use->row->kind == VAL_OPTION ? 0 : 1;
	struct diag *g;

	if (!(use->row->flags & KW_LOOSE) || use->taken || use->row->kind >= VAL_WORDS || use->n <= max)
		return;
	g = check_severity(use->k, check_extra(use, max), SEV_WARNING);
	g->haproxy = STR_NONE;
	diag_note(use->k->d, g, "HAProxy ignores it in silence");
	use->n = max;
}

/* `server s 192.0.2.1:80 maxconn`: HAProxy takes the missing number for 0. */
static bool value_missing(const struct keyword_use *use)
{
	const struct keyword *row = use->row;
	struct diag *g;

	if (use->n || !(row->flags & KW_OPTIONAL || (use->taken && row->kind == VAL_UINT && !row->min &&
						     row->in & IN(SERVER) && !row->parse)))
		return false;
	g = check_severity(use->k, check_missing(use, "a number"), SEV_WARNING);
	g->haproxy = STR_NONE;
	diag_note(use->k->d, g, "HAProxy takes it for 0");
	return true;
}

static bool words_fit(struct keyword_use *use)
{
	const struct keyword *row = use->row;

	drop_extra(use);
	switch (row->kind) {
	case VAL_CUSTOM:
		return true;
	case VAL_WORDS:
		return check_arity(use, (uint32_t)row->min, row->max ? (uint32_t)row->max : CHECK_ANY);
	case VAL_FLAG:
	case VAL_OPTION:
		return use->taken || check_arity(use, 0, 0);
	default:
		return value_missing(use) || check_arity(use, 1, use->taken ? CHECK_ANY : 1);
	}
}

static void row_remember(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct seen_row *seen;
	const uint32_t flags = use->row->flags;

	if (use->taken || (flags & KW_REPEAT && !(flags & KW_HTTP_ONLY)))
		return;
	/* Of a run of rules the first is enough. */
	if (flags & KW_REPEAT && k->draft && k->draft->seen.n &&
	    k->draft->seen.v[k->draft->seen.n - 1].row == use->row)
		return;
	seen = k->draft                   ? vec_push(k->scratch, &k->draft->seen)
	       : k->place == PLACE_GLOBAL ? vec_push(k->scratch, &k->global_seen)
					  : NULL;
	if (seen)
		*seen = (struct seen_row){use->row, use->line};
}

static uint32_t timeout_get(const struct proxy_conf *px, const struct keyword *row)
{
	return *(const uint32_t *)(const void *)((const char *)px + row->offset);
}

/* A timeout given twice: the second holds, and HAProxy says so where the first differed from what the defaults
 * gave. */
static void report_overwritten(const struct keyword_use *use)
{
	struct draft *d = use->draft;
	struct diag *g;

	if (!d || use->taken || d->place == PLACE_DEFAULTS || !use->row->size ||
	    strncmp(use->row->name, "timeout ", 8) != 0)
		return;
	if (timeout_get(d->px, use->row) == (d->from ? timeout_get(d->from->px, use->row) : 0))
		return;
	for (uint32_t i = 0; i < d->seen.n; i++) {
		if (d->seen.v[i].row != use->row)
			continue;
		g = diag_add(use->k->d, D_OVERWRITTEN, use->line->span, "`%s` is given twice: this value holds",
			     use->row->name);
		diag_also(use->k->d, g, d->seen.v[i].line->span, "this one is replaced");
		diag_haproxy(use->k->d, g, "overwriting '%s' which was already specified", use->row->name);
		return;
	}
}

/* HAProxy keeps the first of some global settings and says so. */
static bool row_is_first(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct diag *g;

	if (!(use->row->flags & KW_FIRST_WINS))
		return true;
	for (uint32_t i = 0; i < k->global_seen.n; i++) {
		if (k->global_seen.v[i].row != use->row)
			continue;
		g = diag_add(k->d, D_ALREADY_SET, use->span, "`%s` is already set: this line is ignored",
			     use->row->name);
		diag_also(k->d, g, k->global_seen.v[i].line->span, "the first value holds");
		diag_haproxy(k->d, g, "'%s' already specified. Continuing.", use->row->name);
		return false;
	}
	return true;
}

static void report_not_effective(const struct keyword_use *use)
{
	struct diag *g;

	if (!(use->row->flags & (KW_NOT_EFFECTIVE | KW_MOOT)) || use->no)
		return;
	if (use->row->flags & KW_MOOT) {
		g = diag_add(use->k->d, D_NOT_EFFECTIVE, use->span, "`%s` has nothing to act on in lbd",
			     use->row->name);
		diag_note(use->k->d, g,
			  "it tunes a mechanism of HAProxy that lbd works without; `lbcheck features` lists "
			  "such words");
		return;
	}
	g = diag_add(use->k->d, D_NOT_EFFECTIVE, use->span, "`%s` is accepted, but has no effect yet",
		     use->row->name);
	diag_note(use->k->d, g,
		  "lbd reads and checks it without acting on it; `lbcheck features` lists all such words");
}

static bool row_store(const struct keyword_use *use)
{
	if (use->n == 0 && use->row->flags & KW_OPTIONAL)
		return true;
	if (use->n == 0 && use->taken && use->row->kind == VAL_UINT) {
		check_store_number(use, 0);
		return true;
	}
	return check_store(use);
}

bool check_row(struct keyword_use *use)
{
	if (!row_allowed(use) || !prefix_allowed(use) || !words_fit(use))
		return false;
	if (use->taken)
		*use->taken = use->row->kind == VAL_FLAG || use->row->kind == VAL_CUSTOM || !use->n ? 0 : 1;
	report_overwritten(use);
	if (!row_is_first(use) || !row_store(use))
		return false;
	row_remember(use);
	report_not_effective(use);
	if (use->row->parse && !use->row->parse(use))
		return false;
	check_keep_words(use);
	return true;
}

static bool row_is_one_of(const struct keyword *row, const char *const *names)
{
	for (; *names; names++)
		if (strncmp(row->name, *names, strlen(*names)) == 0)
			return true;
	return false;
}

/* HAProxy's words for a line of the other side, which it drops; each parser of it has its own. */
static void side_haproxy(struct checker *k, struct diag *g, const struct keyword *row)
{
	static const char *const logs[] = {"log-format",    "error-log-format", "option httplog",
					   "option tcplog", "option httpslog",  NULL};
	static const char *const bare[] = {"rate-limit", "clitcpka-", "srvtcpka-", "max-keep-alive-queue",
					   NULL};
	static const char *const silent[] = {"persist",
					     "hash-balance-factor",
					     "external-check",
					     "unique-id-header",
					     "transparent",
					     "email-alert",
					     NULL};
	const char *kind = keyword_place_name(k->place), *name = row->name;
	const char *lacks = k->place == PLACE_BACKEND ? "frontend" : "backend";
	struct str proxy = k->draft->px->name, first = str_from(name);

	if (row_is_one_of(row, silent))
		return;
	if (row_is_one_of(row, logs)) {
		diag_haproxy(k->d, g, "%s '%.*s' : '%s' directive is ignored in backends.", kind,
			     STR_ARG(proxy), name);
		return;
	}
	if (strncmp(name, "timeout ", 8) == 0 || row_is_one_of(row, bare)) {
		const char *quote = *name == 't' ? "'" : "";

		diag_haproxy(k->d, g, "%s%s%s will be ignored because %s '%.*s' has no %s capability", quote,
			     name, quote, kind, STR_ARG(proxy), lacks);
		return;
	}
	first = strncmp(name, "option ", 7) == 0 ? str_from(name + 7) : str_sub(first, 0, str_chr(first, ' '));
	diag_haproxy(k->d, g, "'%.*s' ignored because %s '%.*s' has no %s capability.%s", STR_ARG(first), kind,
		     STR_ARG(proxy), lacks,
		     str_is(first, "maxconn")    ? " Maybe you want 'fullconn' instead ?"
		     : str_is(first, "fullconn") ? " Maybe you want 'maxconn' instead ?"
						 : "");
}

/* The same for those that it refuses. */
static void strict_haproxy(struct checker *k, struct diag *g, const struct keyword *row)
{
	const char *kind = keyword_place_name(k->place), *name = row->name;
	struct str proxy = k->draft->px->name;

	if (k->place == PLACE_DEFAULTS)
		diag_haproxy(k->d, g, "'%s' not allowed in 'defaults' section.", name);
	else if (strncmp(name, "tcp-request", 11) == 0)
		diag_haproxy(k->d, g, "%s is not allowed because %s %.*s is not a frontend", name, kind,
			     STR_ARG(proxy));
	else if (strncmp(name, "tcp-response", 12) == 0)
		diag_haproxy(k->d, g,
			     "%s is only allowed in 'backend' sections or 'defaults' section with a name",
			     name);
	else if (strncmp(name, "declare", 7) == 0)
		diag_haproxy(k->d, g, "'declare' only available in frontend or listen section");
	else if (strcmp(name, "retry-on") == 0 || strcmp(name, "use-fcgi-app") == 0)
		diag_haproxy(k->d, g, "'%s' only available in backend or listen section", name);
	else
		diag_haproxy(k->d, g, "'%s' not allowed because %s '%.*s' has no backend capability.", name,
			     kind, STR_ARG(proxy));
}

/* A row for the other side of a proxy: a warning, for some an error. */
static void report_side(struct checker *k, const struct keyword_use *use)
{
	const char *name = use->row->name, *kind = keyword_place_name(k->place);
	struct diag *g;

	if (k->place == PLACE_DEFAULTS || use->row->flags & KW_STRICT) {
		g = diag_add(k->d, D_MISPLACED_KEYWORD, use->span, "`%s` cannot stand in a `%s` section", name,
			     kind);
		strict_haproxy(k, g, use->row);
	} else {
		g = diag_add(k->d, D_IGNORED_KEYWORD, use->span, "`%s` does nothing in a %s", name, kind);
		side_haproxy(k, g, use->row);
	}
	diag_label(k->d, g, "for a %s",
		   use->row->in & IN(BACKEND) ? "backend or listen" : "frontend or listen");
	diag_also(k->d, g, k->section->header->span, "in this section");
}

static bool row_fits_side(struct checker *k, const struct keyword_use *use)
{
	struct diag *g;

	if (!(use->row->in >> k->place & 1)) {
		report_side(k, use);
		return false;
	}
	if (k->place == PLACE_DEFAULTS && use->row->flags & KW_NAMED_DEFAULTS && !k->draft->name) {
		g = diag_add(k->d, D_MISPLACED_KEYWORD, use->span,
			     "`%s` cannot stand in a defaults section without name", use->row->name);
		diag_help(k->d, g,
			  "name the section and refer to it with `from`, or move the line into the proxies");
		diag_haproxy(k->d, g, "'%.*s' not allowed in anonymous 'defaults' section.",
			     (int)str_chr(str_from(use->row->name), ' '), use->row->name);
		return false;
	}
	return true;
}

static void check_unplaced(struct checker *k, const struct line *line)
{
	const struct word *w = &line->words[0];
	struct diag *g;

	if (check_foreign_comment(k, line) == 0)
		return;
	g = diag_add(k->d, D_NO_SECTION, w->span, "`%.*s` stands outside any section", STR_ARG(w->text));
	diag_help(k->d, g, "open a section first, such as `global`, `defaults`, `frontend` or `backend`");
	diag_note(k->d, g, "the lines up to the next section are not checked");
	diag_haproxy(k->d, g, ": unknown keyword '%.*s' out of section.", STR_ARG(w->text));
	k->skip = true;
}

/* `timeout client 10s//why`: numbers and fixed words hold no slashes. */
static bool comment_inside(const struct keyword_use *use)
{
	const struct word *w = use->words;
	const char *at;

	if (use->n == 0 || use->row->kind == VAL_STRING || use->row->kind >= VAL_FILE)
		return false;
	at = w->flags & WORD_QUOTED || w->text.len < 3 ? NULL : memmem(w->text.ptr, w->text.len, "//", 2);
	if (!at || at == w->text.ptr)
		return false;
	check_comment_inside(use->k, w, (size_t)(at - w->text.ptr), use->words[use->n - 1].span);
	return true;
}

/* What HAProxy says of the comment that was just reported, where it is simple. */
static void comment_haproxy(struct checker *k, const struct keyword *row, const struct line *line,
			    const struct word *mark)
{
	struct diag *g = k->d->list.v[k->d->list.n - 1];

	if (row->kind < VAL_WORDS)
		diag_haproxy(k->d, g, "'%s' cannot handle unexpected argument '%.*s'.", row->name,
			     STR_ARG(mark->text));
	else if (row->in & IN(BACKEND) && strcmp(row->name, "server") == 0 && k->draft)
		diag_haproxy(k->d, g, "'server %.*s/%.*s' : unknown keyword '%.*s'.",
			     STR_ARG(k->draft->px->name), STR_ARG(line->words[1].text), STR_ARG(mark->text));
}

/* For HAProxy before 3.3 a line ends at an empty word. What may be empty itself is a first argument, and the
 * words of rules, which are read one by one. */
static uint32_t words_before_empty(const struct keyword_use *use)
{
	uint32_t i = use->row->kind == VAL_FLAG || use->row->kind == VAL_OPTION ? 0 : 1;

	if (use->k->compat >= 303 || use->row->flags & KW_FREE_WORDS)
		return use->n;
	while (i < use->n && use->words[i].text.len)
		i++;
	return i < use->n ? i : use->n;
}

static void check_found(struct checker *k, const struct line *line, uint32_t prefix, const struct keyword *row,
			uint32_t used)
{
	uint32_t n = row->flags & KW_FREE_WORDS ? line->nwords : check_foreign_comment(k, line);
	struct keyword_use use = {.k = k, .row = row, .line = line, .draft = k->draft, .object = k->object};

	if (n < prefix + used)
		return;
	if (n < line->nwords)
		comment_haproxy(k, row, line, &line->words[n]);
	use.span = check_words_span(line->words, prefix, prefix + used);
	use.words = line->words + prefix + used;
	use.n = n - prefix - used;
	use.n = words_before_empty(&use);
	use.no = prefix && str_is(line->words[0].text, "no");
	use.preset = prefix && !use.no;
	if (row_fits_side(k, &use) && !comment_inside(&use))
		check_row(&use);
}

static void line_judge(struct checker *k, const struct line *line)
{
	uint32_t prefix = 0, used = 0, places = 1u << k->place;
	const struct keyword *row;

	if (line->nwords > 1 && (str_is(line->words[0].text, "no") || str_is(line->words[0].text, "default")))
		prefix = 1;
	row = keyword_find(k->index, line->words + prefix, line->nwords - prefix, places, k->compat, &used);
	if (!row && places & IN_PROXY)
		row = keyword_find(k->index, line->words + prefix, line->nwords - prefix, IN_PROXY, k->compat,
				   &used);
	if (row)
		check_found(k, line, prefix, row, used);
	else if (check_foreign_comment(k, line) > prefix)
		check_unknown_line(k, line, prefix);
}

/* A variable without value took part: what is wrong may be right where the configuration is used. */
static const struct word *line_lacks_environment(const struct checker *k, const struct line *line)
{
	if (k->c->options->strict_env)
		return NULL;
	for (uint32_t i = 0; i < line->nwords; i++)
		if (word_as_address(k->c->tree, &line->words[i])->flags & WORD_ENV_UNSET)
			return &line->words[i];
	return NULL;
}

static void forget_errors(struct checker *k, uint32_t from)
{
	uint32_t n = from;

	for (uint32_t i = from; i < k->d->list.n; i++) {
		if (k->d->list.v[i]->severity == SEV_ERROR)
			k->d->errors--;
		else
			k->d->list.v[n++] = k->d->list.v[i];
	}
	k->d->list.n = n;
}

void check_line(struct checker *k, const struct line *line)
{
	uint32_t before = k->d->list.n, errors = k->d->errors;
	const struct word *unset;

	if (k->draft)
		k->draft->broken |= line->poisoned;
	if (line->poisoned || k->skip)
		return;
	file_places_follow(k->c, line->span.source);
	if (k->place == PLACE_TOP)
		check_unplaced(k, line);
	else
		line_judge(k, line);
	if (k->draft)
		k->draft->broken |= k->d->errors > errors;
	if (k->d->list.n == before || !(unset = line_lacks_environment(k, line)))
		return;
	forget_errors(k, before);
	/* The expander reports the others. */
	if (!(unset->flags & WORD_ENV_UNSET))
		diag_label(k->d,
			   diag_add(k->d, D_ENV_UNSET, unset->span, "a variable of this address is not set"),
			   "not judged without it");
}

/* Sections other than proxies and global are known by name only. */
static void named_enter(struct checker *k, const struct line *header, const struct section_kind *row)
{
	enum keyword_place place = row->place;
	uint32_t n = check_foreign_comment(k, header);
	struct named_section *named, *first;
	struct diag *g;

	if (n < 2 && row->naming == NAMING_REQUIRED) {
		g = diag_add(k->d, D_SECTION_NAME, header->words[0].span, "a `%s` section needs a name",
			     row->name.ptr);
		diag_haproxy(k->d, g, "missing name for %s section.", row->name.ptr);
	}
	if (n > 2 || (n > 1 && row->naming == NAMING_NONE)) {
		uint32_t from = row->naming == NAMING_NONE ? 1 : 2;

		g = diag_add(k->d, D_EXTRA_WORDS, check_words_span(header->words, from, n),
			     "unexpected `%.*s` behind `%s`", STR_ARG(header->words[from].text), row->name.ptr);
		diag_haproxy(k->d, g, "'%s' cannot handle unexpected argument '%.*s'.", row->name.ptr,
			     STR_ARG(header->words[from].text));
	}
	if (row->naming == NAMING_NONE)
		return;
	named = ARENA_NEW(k->scratch, struct named_section);
	*named = (struct named_section){
		.header = header, .name = n > 1 ? &header->words[1] : NULL, .place = place};
	check_other_begin(k, named);
	if (n < 2)
		return;
	first = map_get(&k->others[place], named->name->text);
	if (!first) {
		map_put(k->scratch, &k->others[place], named->name->text, named);
		return;
	}
	g = diag_add(k->d, D_DUPLICATE_SECTION, named->name->span, "another %s section is named `%.*s`",
		     row->name.ptr, STR_ARG(named->name->text));
	diag_also(k->d, g, first->name->span, "first defined here");
	if (place == PLACE_USERLIST) {
		check_severity(k, g, SEV_WARNING);
		diag_haproxy(k->d, g, ": ignoring duplicated userlist '%.*s'.", STR_ARG(named->name->text));
	}
}

/* The expander has reported a section that this version lacks; its lines are not judged. */
static bool section_known(const struct checker *k, const struct section_kind *kind)
{
	return k->compat >= kind->since && (!kind->until || k->compat < kind->until);
}

static void section_enter(struct checker *k, const struct section *section)
{
	const struct line *header = section->header;
	enum keyword_place place = section->kind->place;

	check_other_end(k);
	k->section = section;
	k->place = place;
	k->draft = NULL;
	k->object = NULL;
	k->named = NULL;
	k->errors = NULL;
	k->skip = !section_known(k, section->kind);
	if (k->skip)
		return;
	if (1u << place & IN_PROXY) {
		check_proxy_begin(k, section, header, place);
		return;
	}
	if (place == PLACE_GLOBAL)
		k->object = &k->m->global;
	named_enter(k, header, section->kind);
}

static void check_section(struct checker *k, const struct section *section)
{
	k->skip = false;
	k->named = NULL;
	if (section->header)
		section_enter(k, section);
	else
		k->place = PLACE_TOP;
	vec_each (line, &section->lines)
		check_line(k, *line);
	check_other_end(k);
}

bool check_tree(struct compile *c)
{
	struct checker *k = checker_new(c);

	vec_each (section, &c->tree->sections)
		check_section(k, *section);
	check_tls_bases_place(k);
	file_places_end(c);
	check_finish(k);
	return c->diags->errors == 0;
}
