/* Files of `filter spoe ... config FILE` (SPOE.txt, section 2): agents, messages and groups of one engine. Such
 * a file has words and quotes like a configuration, but sections of its own, and scopes: what does not belong
 * to the engine is skipped. Read when the configuration around it is complete, because the agent names a
 * backend. One thread. */
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/expand.h"
#include "grammar/lang_state.h"
#include "grammar/suggest.h"
#include "grammar/text.h"

enum spoe_section { SPOE_NONE, SPOE_AGENT, SPOE_MESSAGE, SPOE_GROUP, SPOE_OTHER /* of another engine */ };

/* A message or a group. */
struct spoe_item {
	const struct word *name;
	struct proxy_conf *acls; /* of a message */
};

struct spoe {
	struct checker *k;
	const struct draft *d;
	struct str engine; /* empty: a file without scopes */
	bool inside;       /* the line belongs to the engine */
	enum spoe_section section;
	struct spoe_item *item;
	const struct word *agent, *backend;
	struct map messages, groups; /* name -> struct spoe_item */
	struct map given[2];         /* of the agent: messages, groups */
	VEC(const struct word *) wanted_messages, wanted_groups;
};

static struct diag *wrong(struct spoe *s, enum diag_code code, const struct word *w, const char *what)
{
	return diag_add(s->k->d, code, w->span, "%s", what);
}

static struct diag *lacks(struct spoe *s, const struct line *line, const char *what)
{
	return diag_add(s->k->d, D_MISSING_ARGUMENT, line->words[0].span, "`%.*s` needs %s",
			STR_ARG(line->words[0].text), what);
}

static bool name_is_plain(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!((name.ptr[i] | 32) >= 'a' && (name.ptr[i] | 32) <= 'z') &&
		    !(name.ptr[i] >= '0' && name.ptr[i] <= '9') && name.ptr[i] != '_' && name.ptr[i] != '.')
			return false;
	return name.len > 0;
}

static void variable_name(struct spoe *s, const struct word *w)
{
	struct diag *g;

	if (name_is_plain(w->text))
		return;
	g = wrong(s, D_BAD_NAME, w, "names of variables are made of letters, digits, `_` and `.`");
	diag_haproxy(s->k->d, g, ": only supports [a-zA-Z0-9_.] chars.");
}

static void agent_option(struct spoe *s, const struct line *line, uint32_t at, bool no)
{
	static const char *const flags[] = {
		"async",        "dontlog-normal", "pipelining", "send-frag-payload", "continue-on-error",
		"force-set-var"};
	static const char *const named[] = {"set-on-error", "set-process-time", "set-total-time", "var-prefix"};
	const struct word *w = &line->words[at + 1];
	struct suggest found;
	uint32_t takes = 2;
	struct diag *g;

	if (line->nwords < at + 2) {
		lacks(s, line, "the name of an option");
		return;
	}
	suggest_start(&found, w->text);
	for (size_t i = 0; i < 6; i++) {
		suggest_offer(&found, str_from(flags[i]));
		takes = str_is(w->text, flags[i]) ? 0 : takes;
		if (no && i > 3 && str_is(w->text, flags[i]))
			wrong(s, D_NO_PREFIX, w, "this option cannot be negated");
	}
	for (size_t i = 0; i < 4; i++) {
		suggest_offer(&found, str_from(named[i]));
		takes = str_is(w->text, named[i]) ? 1 : takes;
	}
	if (takes == 2) {
		g = wrong(s, D_UNKNOWN_KEYWORD, w, "agents have no such option");
		check_did_you_mean(s->k, g, &found, w, true);
		diag_haproxy(s->k->d, g, ": option '%.*s' is not supported.", STR_ARG(w->text));
	} else if (line->nwords > at + 2 + takes) {
		wrong(s, D_EXTRA_WORDS, &line->words[at + 2 + takes], "nothing may follow here");
	} else if (takes && line->nwords < at + 3) {
		lacks(s, line, "a name behind this option");
	} else if (takes) {
		variable_name(s, w + 1);
	}
}

static void agent_number(struct spoe *s, const struct line *line, uint64_t min, uint64_t max)
{
	uint64_t n;

	if (line->nwords < 2)
		lacks(s, line, "a number");
	else if (min && (!str_to_u64(line->words[1].text, &n) || n < min || n > max))
		diag_add(s->k->d, D_OUT_OF_RANGE, line->words[1].span, "`%.*s` is a number from %llu to %llu",
			 STR_ARG(line->words[0].text), (unsigned long long)min, (unsigned long long)max);
}

static void agent_timeout(struct spoe *s, const struct line *line)
{
	const struct keyword row = {.name = "timeout"};
	struct keyword_use use = {.k = s->k, .row = &row, .line = line, .span = line->words[0].span};
	int64_t value;

	if (line->nwords < 3)
		lacks(s, line, "`hello`, `idle` or `processing`, and a time");
	else if (check_choice(&use, &line->words[1], "hello|idle|processing", &value))
		check_time(&use, &line->words[2], UNIT_MS, &value);
}

/* messages and groups of an agent, messages of a group. */
static void names_want(struct spoe *s, const struct line *line, bool groups)
{
	for (uint32_t i = 1; i < line->nwords; i++) {
		const struct word *w = &line->words[i];

		if (s->section == SPOE_AGENT && map_put(s->k->scratch, &s->given[groups], w->text, s))
			wrong(s, D_DUPLICATE_SECTION, w, "this name was given already");
		if (groups)
			*vec_push(s->k->scratch, &s->wanted_groups) = w;
		else
			*vec_push(s->k->scratch, &s->wanted_messages) = w;
	}
}

static void agent_line(struct spoe *s, const struct line *line)
{
	bool no = str_is(line->words[0].text, "no") && line->nwords > 1;
	struct str word = line->words[no].text;
	struct diag *g;

	if (str_is(word, "option"))
		agent_option(s, line, no, no);
	else if (str_is(word, "messages") || str_is(word, "groups"))
		names_want(s, line, str_is(word, "groups"));
	else if (str_is(word, "timeout"))
		agent_timeout(s, line);
	else if (str_is(word, "max-frame-size"))
		agent_number(s, line, 256, s->k->m->global.tune_bufsize - 4);
	else if (str_is(word, "max-waiting-frames"))
		agent_number(s, line, 1, INT32_MAX);
	else if (str_is(word, "maxconnrate") || str_is(word, "maxerrrate"))
		agent_number(s, line, 0, 0);
	else if (str_is(word, "use-backend") && line->nwords < 2)
		lacks(s, line, "the name of a backend");
	else if (str_is(word, "use-backend"))
		s->backend = &line->words[1];
	else if (str_is(word, "register-var-names"))
		for (uint32_t i = 1; i < line->nwords; i++)
			variable_name(s, &line->words[i]);
	else if (str_is(word, "log") && !no && line->nwords < 3 &&
		 (line->nwords < 2 || !str_is(line->words[1].text, "global")))
		lacks(s, line, "`global`, or an address and a facility");
	else if (!str_is(word, "log")) {
		g = wrong(s, D_UNKNOWN_KEYWORD, &line->words[no], "agents have no such line");
		diag_haproxy(s->k->d, g, "unknown keyword '%.*s' in spoe-agent section.", STR_ARG(word));
	}
}

/* args [name=]sample ... */
static void message_args(struct spoe *s, const struct line *line)
{
	struct lang_scope scope = {.proxy = s->item->acls, .where = "SPOE message", .haproxy = "'args': "};

	for (uint32_t i = 1; i < line->nwords; i++) {
		const struct word *w = &line->words[i];
		size_t at = str_chr(w->text, '='), end;

		if (at > str_chr(w->text, '('))
			at = w->text.len;
		if (!sample_parse(s->k->c, w, at < w->text.len ? at + 1 : 0, 0, &end, &scope))
			return;
	}
}

static void message_event(struct spoe *s, const struct line *line)
{
	struct lang_scope scope = {.proxy = s->item->acls, .where = "SPOE event"};
	const struct keyword row = {.name = "event"};
	struct keyword_use use = {.k = s->k, .row = &row, .line = line, .span = line->words[0].span};
	int64_t event;

	if (line->nwords < 2) {
		lacks(s, line, "the name of an event");
		return;
	}
	if (!check_choice(&use, &line->words[1],
			  "on-client-session|on-server-session|on-frontend-tcp-request|on-backend-tcp-request|"
			  "on-tcp-response|on-frontend-http-request|on-backend-http-request|on-http-response",
			  &event) ||
	    line->nwords == 2)
		return;
	if (str_is(line->words[2].text, "if") || str_is(line->words[2].text, "unless"))
		cond_parse(s->k->c, line->words + 2, line->nwords - 2, &scope);
	else
		wrong(s, D_EXTRA_WORDS, &line->words[2], "only `if` and `unless` may follow here");
}

static void message_line(struct spoe *s, const struct line *line)
{
	struct lang_scope scope = {.proxy = s->item->acls, .where = "acl"};
	struct str word = line->words[0].text;

	if (str_is(word, "args"))
		message_args(s, line);
	else if (str_is(word, "event"))
		message_event(s, line);
	else if (str_is(word, "acl") && line->nwords < 3)
		lacks(s, line, "a name and a criterion");
	else if (str_is(word, "acl"))
		acl_parse(s->k->c, &line->words[1], line->words + 2, line->nwords - 2, &scope);
	else /* HAProxy 2.6 says it and goes on */
		check_severity(s->k, wrong(s, D_UNKNOWN_KEYWORD, &line->words[0], "messages have no such line"),
			       s->k->compat <= 206 ? SEV_WARNING : SEV_ERROR);
}

static void item_open(struct spoe *s, const struct line *line, struct map *items)
{
	const struct word *name = &line->words[1];
	const struct spoe_item *other = map_get(items, name->text);

	s->item = ARENA_NEW(s->k->scratch, struct spoe_item);
	s->item->name = name;
	s->item->acls = ARENA_NEW(s->k->a, struct proxy_conf);
	if (other)
		diag_also(s->k->d, wrong(s, D_DUPLICATE_SECTION, name, "another section has this name"),
			  other->name->span, "this one");
	else
		map_put(s->k->scratch, items, name->text, s->item);
}

static bool section_open(struct spoe *s, const struct line *line)
{
	static const char *const words[] = {"", "spoe-agent", "spoe-message", "spoe-group"};
	enum spoe_section section = SPOE_NONE;

	for (int i = SPOE_AGENT; i <= SPOE_GROUP; i++)
		if (str_is(line->words[0].text, words[i]))
			section = (enum spoe_section)i;
	if (!section)
		return false;
	s->section = section;
	if (line->nwords < 2) {
		lacks(s, line, "a name");
		s->section = SPOE_NONE;
	} else if (line->nwords > 2) {
		wrong(s, D_EXTRA_WORDS, &line->words[2], "nothing may follow the name");
	}
	if (line->nwords < 2)
		return true;
	if (section != SPOE_AGENT)
		item_open(s, line, section == SPOE_MESSAGE ? &s->messages : &s->groups);
	else if (s->agent)
		diag_also(s->k->d, wrong(s, D_DUPLICATE_SECTION, &line->words[0], "an engine has one agent"),
			  s->agent->span, "this one");
	else
		s->agent = &line->words[1];
	return true;
}

static void spoe_line(struct spoe *s, const struct line *line)
{
	struct str first = line->words[0].text;
	struct diag *g;

	if (line->poisoned)
		return;
	if (first.ptr[0] == '[') {
		s->inside = s->engine.len && str_ends(first, STR("]")) &&
			    str_eq(str_sub(first, 1, first.len - 2), s->engine);
		if (!str_ends(first, STR("]")) || first.len < 3)
			wrong(s, D_BAD_NAME, &line->words[0], "a scope is a name between brackets");
		return;
	}
	if (!s->inside) { /* of another engine; words before any section are refused all the same */
		if (s->section == SPOE_NONE && !str_starts(first, STR("spoe-"))) {
			g = wrong(s, D_NO_SECTION, &line->words[0],
				  "this line stands before the first section");
			diag_haproxy(s->k->d, g, ": unknown keyword '%.*s' out of section.", STR_ARG(first));
		}
		if (str_starts(first, STR("spoe-")))
			s->section = SPOE_OTHER;
		return;
	}
	if (section_open(s, line))
		return;
	if (s->section == SPOE_AGENT)
		agent_line(s, line);
	else if (s->section == SPOE_MESSAGE)
		message_line(s, line);
	else if (s->section == SPOE_GROUP && str_is(first, "messages"))
		names_want(s, line, false);
	else
		wrong(s, s->section == SPOE_GROUP ? D_UNKNOWN_KEYWORD : D_NO_SECTION, &line->words[0],
		      s->section == SPOE_GROUP ? "groups have no such line"
					       : "this line stands before the first section");
}

static void names_find(struct spoe *s, const struct map *items, const struct word *const *v, uint32_t n,
		       const char *what)
{
	for (uint32_t i = 0; i < n; i++) {
		if (map_get(items, v[i]->text))
			continue;
		diag_add(s->k->d, D_NO_SUCH_SECTION, v[i]->span, "this engine has no %s named `%.*s`", what,
			 STR_ARG(v[i]->text));
	}
}

/* What the whole file must have. */
static void spoe_end(struct spoe *s, const struct word *file)
{
	const struct draft *be = s->backend ? map_get(&s->k->backends, s->backend->text) : NULL;
	struct diag *g;

	if (!s->agent) {
		g = wrong(s, D_SETTING_MISSING, file, "this file has no agent of the engine");
		diag_haproxy(s->k->d, g, "'filter' : 'No SPOE agent found in file %.*s'", STR_ARG(file->text));
		return;
	}
	names_find(s, &s->messages, s->wanted_messages.v, s->wanted_messages.n, "message");
	names_find(s, &s->groups, s->wanted_groups.v, s->wanted_groups.n, "group");
	if (!s->backend)
		wrong(s, D_SETTING_MISSING, s->agent, "an agent needs `use-backend`");
	else if (!be)
		wrong(s, D_NO_SUCH_BACKEND, s->backend, "no backend has this name");
	else if (be->px->mode != MODE_TCP && s->k->compat <= 206)
		wrong(s, D_MODE_MISMATCH, s->backend, "the backend of an agent is in mode tcp");
}

void check_spoe_file(struct checker *k, const struct draft *d, struct str engine, const struct word *file)
{
	struct lang_scope scope = {.proxy = d->px, .where = "filter"};
	struct spoe s = {.k = k, .d = d, .engine = engine, .inside = !engine.len};
	struct tree tree = {0};
	struct compile c = *k->c;
	uint32_t source, errors = k->d->errors;
	struct str text;

	if (!lang_read_file(k->c, file->text, file->span, &scope, &text))
		return;
	source = sources_add(k->c->sources, file->text, text, true);
	if (!source)
		return;
	c.tree = &tree;
	expand_source(expand_new(&c), source);
	vec_each (section, &tree.sections) {
		if ((*section)->header)
			spoe_line(&s, (*section)->header);
		vec_each (line, &(*section)->lines)
			spoe_line(&s, *line);
	}
	if (k->d->errors == errors)
		spoe_end(&s, file);
}
