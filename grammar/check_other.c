/* Sections besides global and proxies: userlists and http-errors go to the model, the others are checked in
 * shape (manual, sections 3.4 to 3.10 and 6, 10, 12). Works on the state of one walk; one thread. */
#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang_state.h"

static void userlist_begin(struct checker *k, struct named_section *named)
{
	named->users = ARENA_NEW(k->a, struct userlist_conf);
	named->users->name = check_keep(k, named->name ? named->name->text : STR_NONE);
	named->users->pos = check_pos(k, named->header);
	if (named->name && !map_get(&k->m->userlists, named->users->name))
		map_put(k->a, &k->m->userlists, named->users->name, named->users);
}

static void http_errors_begin(struct checker *k, struct named_section *named)
{
	named->errors = ARENA_NEW(k->scratch, struct error_table);
	k->errors = named->errors;
}

static void ring_begin(struct checker *k, struct named_section *named)
{
	if (named->name)
		map_put(k->scratch, &lang_state(k->c)->sinks, named->name->text, named);
	check_ring_begin(k, named);
}

static void report_idle(struct checker *k, const struct named_section *named)
{
	struct diag *g = diag_add(k->d, D_NOT_EFFECTIVE, named->header->words[0].span,
				  "`%s` sections are accepted, but have no effect yet",
				  keyword_place_name(named->place));

	diag_note(k->d, g,
		  "lbd reads and checks them without acting on them; `lbcheck features` lists all such words");
}

void check_other_begin(struct checker *k, struct named_section *named)
{
	static void (*const begin[PLACE_SECTIONS])(struct checker *, struct named_section *) = {
		[PLACE_USERLIST] = userlist_begin,
		[PLACE_HTTP_ERRORS] = http_errors_begin,
		[PLACE_PEERS] = check_peers_begin,
		[PLACE_MAILERS] = check_mailers_begin,
		[PLACE_RESOLVERS] = check_resolvers_begin,
		[PLACE_LOG_FORWARD] = check_forward_begin,
		[PLACE_RING] = ring_begin,
		[PLACE_CACHE] = check_cache_begin,
		[PLACE_LOG_PROFILE] = check_profile_begin,
		[PLACE_PROGRAM] = check_program_begin,
		[PLACE_HEALTHCHECK] = check_healthcheck_begin};

	k->named = named;
	check_keep_header(k, named->header);
	if (begin[named->place])
		begin[named->place](k, named);
	else if (named->place != PLACE_CRT_STORE)
		report_idle(k, named);
}

static bool report_twice(const struct keyword_use *use, const char *what)
{
	struct diag *g = diag_add(use->k->d, D_ALREADY_SET, use->words[0].span,
				  "another %s of this list is named `%.*s`: this one is ignored", what,
				  STR_ARG(use->words[0].text));

	diag_haproxy(use->k->d, g, ": ignoring duplicated %s '%.*s' in userlist '%.*s'.", what,
		     STR_ARG(use->words[0].text),
		     STR_ARG(use->k->named->name ? use->k->named->name->text : STR_NONE));
	return true;
}

/* HAProxy 2.6 takes what is missing at the end of a line for an empty text. */
static bool report_no_value(const struct keyword_use *use, const char *what)
{
	struct diag *g = check_missing(use, what);

	if (use->k->compat <= 206)
		check_severity(use->k, g, SEV_WARNING);
	return use->k->compat <= 206;
}

static void groups_add(struct checker *k, struct user_conf *user, struct str list)
{
	for (size_t off = 0, len; off < list.len; off += len + 1) {
		len = str_chr(str_tail(list, off), ',');
		if (len)
			*vec_push(k->a, &user->groups) = check_keep(k, str_sub(list, off, len));
	}
}

/* user NAME [password|insecure-password TEXT] [groups a,b] */
bool check_user(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct user_conf user = {0};
	uint32_t before = k->d->list.n;
	int64_t word;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	if (!use->words[0].text.len) {
		check_missing(use, "a name");
		return false;
	}
	vec_each (other, &k->named->users->users)
		if (str_eq(other->name, use->words[0].text))
			return report_twice(use, "user");
	user.name = check_keep(k, use->words[0].text);
	for (uint32_t i = 1; i < use->n; i += 2) {
		if (!check_choice(use, &use->words[i], "password|insecure-password|groups", &word)) {
			diag_haproxy(k->d, k->d->list.v[before],
				     ": 'user' only supports 'password', 'insecure-password' and 'groups' "
				     "options.");
			return false;
		}
		if (i + 1 == use->n) {
			if (!report_no_value(use, "a value behind the last word"))
				return false;
			break;
		}
		if (word == 2)
			groups_add(k, &user, use->words[i + 1].text);
		else
			user.password = check_keep(k, use->words[i + 1].text);
		user.insecure |= word == 1;
	}
	*vec_push(k->a, &k->named->users->users) = user;
	return true;
}

/* group NAME [users a,b]: users may stand below. */
bool check_group(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct group_ref *ref;
	uint32_t before = k->d->list.n;
	int64_t word;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	if (!use->words[0].text.len) {
		diag_haproxy(k->d, check_missing(use, "a name"), ": 'group' expects <name> as arguments.");
		return false;
	}
	if (!check_section_name(k, &use->words[0], "group"))
		return false;
	for (uint32_t i = 0; i < k->named->groups.n; i++)
		if (str_eq(k->named->groups.v[i].name->text, use->words[0].text))
			return report_twice(use, "group");
	if (use->n > 1 && !check_choice(use, &use->words[1], "users", &word)) {
		diag_haproxy(k->d, k->d->list.v[before], ": 'group' only supports 'users' option.");
		return false;
	}
	if (use->n == 2 && !report_no_value(use, "names behind `users`"))
		return false;
	ref = vec_push(k->scratch, &k->named->groups);
	ref->name = &use->words[0];
	ref->users = use->n > 2 ? &use->words[2] : NULL;
	return true;
}

static struct user_conf *user_find(struct userlist_conf *list, struct str name)
{
	vec_each (user, &list->users)
		if (str_eq(user->name, name))
			return user;
	return NULL;
}

static void group_resolve(struct checker *k, struct userlist_conf *list, const struct word *name,
			  const struct word *users)
{
	for (size_t off = 0, len; users && off < users->text.len; off += len + 1) {
		struct user_conf *user;
		struct diag *g;

		len = str_chr(str_tail(users->text, off), ',');
		user = user_find(list, str_sub(users->text, off, len));
		if (user) {
			*vec_push(k->a, &user->groups) = check_keep(k, name->text);
			continue;
		}
		g = diag_add(k->d, D_NO_SUCH_SECTION, word_span(users, off, len),
			     "no user of this list is named `%.*s`", (int)len, users->text.ptr + off);
		diag_haproxy_unplaced(k->d, g, "userlist '%.*s': no such user '%.*s' specified in group '%.*s'",
				      STR_ARG(list->name), (int)len, users->text.ptr + off,
				      STR_ARG(name->text));
	}
}

static bool user_in_groups(const struct named_section *s, struct str group)
{
	for (uint32_t i = 0; i < s->groups.n; i++)
		if (str_eq(s->groups.v[i].name->text, group))
			return true;
	return false;
}

/* At the end of a userlist: members of groups, and groups that users name. */
static void userlist_end(struct checker *k, struct named_section *s)
{
	struct userlist_conf *list = s->users;

	vec_each (user, &list->users) {
		vec_each (group, &user->groups) {
			struct diag *g;

			if (user_in_groups(s, *group))
				continue;
			g = diag_add(k->d, D_NO_SUCH_SECTION, s->header->span,
				     "the user `%.*s` belongs to a group `%.*s` that this list lacks",
				     STR_ARG(user->name), STR_ARG(*group));
			diag_haproxy_unplaced(k->d, g,
					      "userlist '%.*s': no such group '%.*s' specified in user '%.*s'",
					      STR_ARG(list->name), STR_ARG(*group), STR_ARG(user->name));
		}
	}
	for (uint32_t i = 0; i < s->groups.n; i++)
		group_resolve(k, list, s->groups.v[i].name, s->groups.v[i].users);
}

/* bind lines outside proxies. */
bool check_bind_elsewhere(const struct keyword_use *use)
{
	struct bind_conf b = {.mode = -1};
	struct addr_conf a;

	if (strcmp(use->row->name, "default-bind") == 0)
		return check_options(use, 0, PLACE_BIND, &b, NULL);
	return check_arity(use, 1, CHECK_ANY) &&
	       address_parse_word(use->k->c, use->words,
				  ADDRESS_PORT | ADDRESS_PORT_NEEDED | ADDRESS_RANGE | ADDRESS_FD |
					  ADDRESS_HOST | ADDRESS_STREAM,
				  "'bind'", &a) &&
	       check_options(use, 1, PLACE_BIND, &b, NULL);
}

bool check_default_server_elsewhere(const struct keyword_use *use)
{
	return check_options(use, 0, PLACE_DEFAULT_SERVER, ARENA_NEW(use->k->scratch, struct server_conf),
			     NULL);
}

static struct diag *report_lacking(struct checker *k, const struct named_section *s, const char *what,
				   const char *haproxy)
{
	struct diag *g = diag_add(k->d, D_SETTING_MISSING, s->header->span, "%s", what);
	struct str name = s->name ? s->name->text : STR_NONE;
	const char *at = strstr(haproxy, "%s");

	return diag_haproxy_unplaced(k->d, g, "%.*s%.*s%s", (int)(at - haproxy), haproxy, STR_ARG(name),
				     at + 2);
}

/* What a section must have had. */
void check_other_end(struct checker *k)
{
	struct named_section *s = k->named;

	if (s && s->users)
		userlist_end(k, s);
	if (s)
		check_fcgi_end(k, s), check_cache_end(k, s);
	if (s && s->forward)
		check_forward_end(k, s);
	if (s && s->ring)
		check_ring_end(k, s);
	if (s && s->health)
		check_healthcheck_end(k, s);
	if (!s || s->sized || k->skip)
		return;
	if (s->place == PLACE_CACHE)
		report_lacking(k, s, "a cache needs `total-max-size`", "Size not specified for cache '%s'");
	else if (s->place == PLACE_HEALTHCHECK)
		report_lacking(k, s, "a healthcheck section needs a `type`",
			       "healthcheck '%s': no type defined.");
	else if (s->place == PLACE_PROGRAM)
		report_lacking(k, s, "a program section needs a `command`",
			       "The program section '%s' lacks a command to launch.");
	else if (s->place == PLACE_FCGI_APP)
		report_lacking(k, s, "a FastCGI application needs a `docroot`",
			       "fcgi-app '%s': no docroot configured.");
}

/* trace SOURCE ARGS...: words of the control socket's command (manual, section `traces`); what they mean is the
 * process's. */
bool check_trace(const struct keyword_use *use)
{
	struct trace_conf *t;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	t = vec_push(use->k->a, &use->k->m->traces);
	*t = (struct trace_conf){.pos = check_pos(use->k, use->line), .n = use->n};
	t->words = ARENA_ARRAY(use->k->a, struct str, use->n);
	for (uint32_t i = 0; i < use->n; i++)
		t->words[i] = use->words[i].text;
	return true;
}
