/* The end of the walk, proxy by proxy: inherited rules, names of backends and servers, formats that depend on
 * the mode, numbers that were not given; then the proxies enter the model. Works on the state of one walk; one
 * thread. */
#include "grammar/lint.h"
#include "grammar/check_finish.h"
#include "grammar/check_names.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"
#include "grammar/rows.h"
#include "grammar/suggest.h"

void check_want_section(struct checker *k, const struct word *name, enum keyword_place place,
			const char *haproxy)
{
	*vec_push(k->scratch, &k->wanted) = (struct wanted){name, place, haproxy, k->draft};
}

void check_want_table(struct checker *k, const struct word *name)
{
	*vec_push(k->scratch, &k->wanted) =
		(struct wanted){name, PLACE_COUNT, "unable to find stick-table", k->draft};
}

static void wanted_table(struct checker *k, const struct wanted *w)
{
	struct draft *fe = map_get(&k->frontends, w->name->text), *be = map_get(&k->backends, w->name->text);
	struct diag *g;
	struct suggest s;

	if ((fe && fe->table_line) || (be && be->table_line) ||
	    map_get(&k->others[PLACE_PEERS], str_sub(w->name->text, 0, str_chr(w->name->text, '/'))))
		return;
	g = diag_add(k->d, D_NO_SUCH_SECTION, w->name->span, "no proxy named `%.*s` has a stick table",
		     STR_ARG(w->name->text));
	suggest_start(&s, w->name->text);
	for (uint32_t i = 0; i < k->drafts.n; i++)
		if (k->drafts.v[i]->table_line)
			suggest_offer(&s, k->drafts.v[i]->px->name);
	check_did_you_mean(k, g, &s, w->name, false);
	diag_haproxy_unplaced(k->d, g, "%s '%.*s'.", w->haproxy, STR_ARG(w->name->text));
}

static void wanted_resolve(struct checker *k)
{
	vec_each (w, &k->wanted) {
		if (w->draft && w->draft->px->disabled)
			continue;
		if (w->place == PLACE_COUNT)
			wanted_table(k, w);
		else if (!map_get(&k->others[w->place], w->name->text))
			diag_haproxy_unplaced(k->d, check_no_section(k, w->name, w->place), "%s '%.*s'.",
					      w->haproxy, STR_ARG(w->name->text));
	}
}

/* Rules of the defaults section first, then the proxy's own. */
static struct rules rules_join(struct checker *k, const struct rule *first, uint32_t nfirst,
			       const struct rule *v, uint32_t n)
{
	struct rule *all;

	if (!nfirst && !n)
		return (struct rules){0};
	all = ARENA_ARRAY(k->a, struct rule, nfirst + n);
	if (nfirst)
		memcpy(all, first, sizeof(*all) * nfirst);
	if (n)
		memcpy(all + nfirst, v, sizeof(*all) * n);
	return (struct rules){.v = all, .n = nfirst + n};
}

static void report_listen_rules(struct checker *k, const struct draft *d)
{
	struct diag *g = diag_add(k->d, D_CONFLICT, d->section->header->span,
				  "a listen section cannot inherit from a defaults section with rules");

	diag_also(k->d, g, d->from->section->header->span, "this one");
	diag_haproxy(k->d, g,
		     ": a listen section cannot inherit from a defaults section defining TCP/HTTP rules.");
}

/* Every rule set that the proxy's side has. */
static void finish_rules(struct checker *k, struct draft *d)
{
	bool inherited = false;

	for (int set = 0; set < RS_COUNT; set++) {
		const struct draft *from = d->from;
		uint32_t n = from ? from->rules[set].n : 0;

		inherited |= n > 0;
		d->px->rules[set] =
			rules_join(k, n ? from->rules[set].v : NULL, n, d->rules[set].v, d->rules[set].n);
	}
	d->px->redirects = rules_join(k, NULL, 0, d->redirects.v, d->redirects.n);
	d->px->stats.http_req = rules_join(k, NULL, 0, d->stats_rules.v, d->stats_rules.n);
	if (inherited && d->place == PLACE_LISTEN)
		report_listen_rules(k, d);
}

/* Candidates in the order of their distance: what is declared later is as near as what is earlier. */
static struct draft *backend_near(struct checker *k, struct str name, struct suggest *s)
{
	suggest_start(s, name);
	for (uint32_t i = 0; i < k->drafts.n; i++)
		if (k->drafts.v[i]->px->role & ROLE_BACKEND && k->drafts.v[i]->name)
			suggest_offer(s, k->drafts.v[i]->px->name);
	return s->n ? map_get(&k->backends, s->names[0]) : NULL;
}

/* Whether leaving letters out of `more` gives `less`. */
static bool lost_letters(struct str less, struct str more)
{
	size_t i = 0;

	if (less.len >= more.len)
		return false;
	for (size_t j = 0; j < more.len && i < less.len; j++)
		i += less.ptr[i] == more.ptr[j];
	return i == less.len;
}

/* One of two names is misspelt. When nobody else uses the definition's, and it is the other with letters
 * missing, the definition is; else the reference. */
static void report_near(struct checker *k, struct diag *g, const struct word *w, const struct draft *near)
{
	const struct word *def = near->name;

	diag_also(k->d, g, def->span, "a %s with a similar name is defined here",
		  keyword_place_name(near->place));
	if (!near->referenced && lost_letters(def->text, w->text)) {
		diag_help(k->d, g, "rename one of them: nothing refers to `%.*s`", STR_ARG(def->text));
		diag_fix(k->d, g, FIX_LIKELY, def->span, w->text, "rename the %s to `%.*s`",
			 keyword_place_name(near->place), STR_ARG(w->text));
		return;
	}
	diag_help(k->d, g, "did you mean `%.*s`?", STR_ARG(def->text));
	diag_fix(k->d, g, FIX_LIKELY, w->span, def->text, "use the %s `%.*s`", keyword_place_name(near->place),
		 STR_ARG(def->text));
}

static void report_no_backend(struct checker *k, const struct draft *d, const struct word *w,
			      const char *keyword)
{
	struct diag *g =
		diag_add(k->d, D_NO_SUCH_BACKEND, w->span, "no backend is named `%.*s`", STR_ARG(w->text));
	struct draft *fe = map_get(&k->frontends, w->text), *near;
	struct suggest s;

	diag_label(k->d, g, "not defined anywhere");
	diag_haproxy_unplaced(k->d, g, "Proxy '%.*s': unable to find required %s: '%.*s'.",
			      STR_ARG(d->px->name), keyword, STR_ARG(w->text));
	if (fe) {
		diag_also(k->d, g, fe->section->header->span, "this is a frontend");
		return;
	}
	near = backend_near(k, w->text, &s);
	if (near)
		report_near(k, g, w, near);
}

static void report_mode(struct checker *k, const struct draft *d, const struct draft *be, const struct word *w,
			bool by_default)
{
	static const char *const modes[] = {"tcp", "http", "health", "log"};
	struct diag *g = diag_add(k->d, D_MODE_MISMATCH, w->span,
				  "the %s frontend `%.*s` cannot use the %s backend `%.*s`", modes[d->px->mode],
				  STR_ARG(d->px->name), modes[be->px->mode], STR_ARG(be->px->name));
	const struct line *line = check_proxy_line(be, "mode", true);

	diag_also(k->d, g, be->section->header->span, "its mode is %s", modes[be->px->mode]);
	if (line)
		diag_also(k->d, g, line->span, "because of this line");
	diag_help(k->d, g, "give both the same `mode`");
	diag_haproxy_unplaced(
		k->d, g,
		"%s %s '%.*s' (%.*s:%u) tries to use incompatible %s %s '%.*s' (%.*s:%u) %s (see 'mode').",
		modes[d->px->mode], check_proxy_kind(d), STR_ARG(d->px->name),
		STR_ARG(sources_get(k->c->sources, d->px->pos.source)->name), d->px->pos.line,
		modes[be->px->mode], check_proxy_kind(be), STR_ARG(be->px->name),
		STR_ARG(sources_get(k->c->sources, be->px->pos.source)->name), be->px->pos.line,
		by_default ? "as its default backend" : "in a 'use_backend' rule");
}

/* A listen section that hands over to itself. */
static void report_loop(struct checker *k, const struct draft *d, const struct word *w, const char *keyword)
{
	struct diag *g = diag_add(k->d, D_CONFLICT, w->span, "`%.*s` would hand over to itself for ever",
				  STR_ARG(d->px->name));

	diag_also(k->d, g, d->section->header->span, "this is the section that the line stands in");
	diag_haproxy_unplaced(k->d, g, "Proxy '%.*s': loop detected for %s: '%.*s'.", STR_ARG(d->px->name),
			      keyword, STR_ARG(w->text));
}

static const struct proxy_conf *backend_find(struct checker *k, const struct draft *d, const struct word *w,
					     const char *keyword)
{
	struct draft *be = map_get(&k->backends, w->text);

	if (!be) {
		report_no_backend(k, d, w, keyword);
		return NULL;
	}
	if (be == d)
		report_loop(k, d, w, keyword);
	/* A tcp frontend may hand over to an http backend: the stream is upgraded. */
	if (be->px->mode != d->px->mode && !(d->px->mode == MODE_TCP && be->px->mode == MODE_HTTP))
		report_mode(k, d, be, w, *keyword == 'd');
	return be->px;
}

/* Who refers to whom, before anything is reported. */
static void mark_references(struct checker *k)
{
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		struct draft *d = k->drafts.v[i], *be;

		be = d->default_backend ? map_get(&k->backends, d->default_backend->text) : NULL;
		if (be)
			be->referenced = true;
		vec_each (ref, &d->use_backend) {
			be = ref->name ? map_get(&k->backends, ref->name->text) : NULL;
			if (be)
				be->referenced = true;
		}
	}
}

static void finish_backends(struct checker *k, struct draft *d)
{
	if (!(d->px->role & ROLE_FRONTEND))
		return;
	if (d->default_backend)
		d->px->default_backend = backend_find(k, d, d->default_backend, "default_backend");
	vec_each (ref, &d->use_backend)
		if (ref->name)
			d->px->use_backend.v[ref->index].backend = backend_find(k, d, ref->name, "use_backend");
}

static const struct server_conf *server_find(const struct draft *d, struct str name)
{
	if (d->server_names.count)
		return d->px->servers.v[(uintptr_t)map_get(&d->server_names, name) - 1];
	for (uint32_t i = 0; i < d->px->servers.n; i++)
		if (str_eq(d->px->servers.v[i]->name, name))
			return d->px->servers.v[i];
	return NULL;
}

const struct server_conf *check_server_find(const struct draft *d, struct str name)
{
	return d->server_names.count && !map_get(&d->server_names, name) ? NULL : server_find(d, name);
}

static void finish_use_server(struct checker *k, struct draft *d)
{
	vec_each (ref, &d->use_server) {
		struct suggest s;
		struct diag *g;

		if (!ref->name)
			continue;
		d->px->use_server.v[ref->index].server = check_server_find(d, ref->name->text);
		if (d->px->use_server.v[ref->index].server)
			continue;
		g = diag_add(k->d, D_NO_SUCH_SERVER, ref->name->span, "this %s has no server named `%.*s`",
			     keyword_place_name(d->place), STR_ARG(ref->name->text));
		suggest_start(&s, ref->name->text);
		for (uint32_t i = 0; i < d->px->servers.n; i++)
			suggest_offer(&s, d->px->servers.v[i]->name);
		check_did_you_mean(k, g, &s, ref->name, false);
		diag_haproxy_unplaced(
			k->d, g, "%s '%.*s' : unable to find server '%.*s' referenced in a 'use-server' rule.",
			check_proxy_kind(d), STR_ARG(d->px->name), STR_ARG(ref->name->text));
	}
}

static void report_rule(struct checker *k, const struct draft *d, const struct rule *rule, const char *what,
			const char *haproxy)
{
	const struct line *line = d->section->header;
	const struct word *named = NULL;
	struct diag *g;

	/* The model keeps lines, not spans. */
	for (uint32_t i = 0; i < d->section->lines.n; i++)
		if (check_pos(k, d->section->lines.v[i]).line == rule->pos.line)
			line = d->section->lines.v[i];
	if (rule->name.len && line != d->section->header)
		named = check_line_word(line, 2, rule->name);
	g = diag_add(k->d, D_NO_SUCH_SECTION, named ? named->span : line->span, "%s", what);
	if (named)
		check_suggest_table(k, g, named);
	diag_haproxy_unplaced(k->d, g, "Proxy '%.*s': %s", STR_ARG(d->px->name), haproxy);
}

/* track-scN needs a table; a capture by number needs its slot. */
static void rule_verify(struct checker *k, struct draft *d, const struct rule *rule, bool response)
{
	struct str table = rule->name.len ? rule->name : d->px->name;
	struct draft *fe = map_get(&k->frontends, table), *be = map_get(&k->backends, table);
	const char *name = action_row(rule->action)->name;

	if (strncmp(name, "track-sc", 8) == 0 && !(fe && fe->table_line) && !(be && be->table_line) &&
	    !map_get(&k->others[PLACE_PEERS], str_sub(table, 0, str_chr(table, '/'))))
		report_rule(k, d, rule,
			    arena_printf(k->scratch, "`%s` needs a stick table, and `%.*s` has none", name,
					 STR_ARG(table))
				    .ptr,
			    arena_printf(k->scratch, "unable to find table '%.*s' referenced by %s.",
					 STR_ARG(table), name)
				    .ptr);
	if (rule->action == ACTION_CAPTURE && d->px->role & ROLE_FRONTEND &&
	    rule->num >= d->captures[response].n)
		report_rule(k, d, rule,
			    arena_printf(k->scratch, "there is no capture slot %lld", (long long)rule->num).ptr,
			    arena_printf(k->scratch,
					 "unable to find capture id '%lld' referenced by %s capture rule.",
					 (long long)rule->num, response ? "http-response" : "http-request")
				    .ptr);
}

/* Lists that are long enough for an index (runtime/eval/cond_index.h). */
static void number_lists(struct checker *k, struct proxy_conf *px)
{
	enum { LIST_LONG = 8 };

	for (int set = 0; set < RS_COUNT; set++)
		px->rules[set].list = px->rules[set].n >= LIST_LONG ? ++k->m->nlists : 0;
	px->use_backend_list = px->use_backend.n >= LIST_LONG ? ++k->m->nlists : 0;
}

static void finish_captures(struct checker *k, struct draft *d)
{
	struct proxy_conf *px = d->px;

	for (int set = 0; set < RS_COUNT; set++) {
		struct rule *rules = (struct rule *)px->rules[set].v;

		for (uint32_t i = 0; i < px->rules[set].n; i++) {
			check_capture_slot(k, d, &rules[i]);
			rule_verify(k, d, &rules[i], set == RS_HTTP_RES || set == RS_HTTP_AFTER_RES);
		}
	}
	number_lists(k, px);
	px->capture_request = d->captures[0].v;
	px->capture_request_len = d->capture_lens[0].v;
	px->capture_request_n = d->captures[0].n;
	px->capture_response = d->captures[1].v;
	px->capture_response_len = d->capture_lens[1].v;
	px->capture_response_n = d->captures[1].n;
}

/* Behind what prepares the first request: variables, comments, a `connect`. */
static uint32_t request_place(const struct step_list *steps)
{
	uint32_t i = 0;

	while (i < steps->list.n && (steps->list.v[i].kind == HC_COMMENT || steps->list.v[i].kind == HC_VAR))
		i++;
	return i < steps->list.n && steps->list.v[i].kind == HC_CONNECT ? i + 1 : 0;
}

/* The request of `option httpchk` completes the first one of the rules, or is the only one; *extra when it is.
 */
static void finish_request(struct checker *k, const struct hc_step *httpchk, struct step_list *steps)
{
	static const struct hc_step nothing;
	const struct hc_step *given = httpchk ? httpchk : &nothing;
	struct hc_step *send = NULL;
	uint32_t place = request_place(steps);

	for (uint32_t i = 0; i < steps->list.n && !send; i++)
		if (steps->list.v[i].kind == HC_SEND)
			send = &steps->list.v[i];
	if (!send) {
		vec_push(k->scratch, &steps->list);
		memmove(&steps->list.v[place + 1], &steps->list.v[place],
			sizeof(*send) * (steps->list.n - 1 - place));
		steps->list.v[place] = *given;
		steps->list.v[place].kind = HC_SEND;
		return;
	}
	send->method = send->method.len ? send->method : given->method;
	send->uri = send->uri.len || send->uri_fmt ? send->uri : given->uri;
	send->version = send->version.len ? send->version : given->version;
}

/* Manual, "http-check expect": without it, any status of 2xx or 3xx will do. */
static void finish_answer(struct checker *k, struct step_list *steps)
{
	struct hc_step *last = NULL, *expect;
	struct pattern *range;

	for (uint32_t i = 0; i < steps->list.n; i++)
		if (steps->list.v[i].kind == HC_SEND || steps->list.v[i].kind == HC_EXPECT)
			last = &steps->list.v[i];
	if (!last || last->kind == HC_EXPECT)
		return;
	expect = vec_push(k->scratch, &steps->list);
	range = ARENA_NEW(k->a, struct pattern);
	range->min = 200;
	range->max = 399;
	*expect = (struct hc_step){.kind = HC_EXPECT,
				   .number = steps->list.n,
				   .expect = HCE_STATUS,
				   .statuses = range,
				   .nstatuses = 1};
}

/* Steps inherited from defaults are shared: the proxy gets its own. */
void check_finish_steps(struct checker *k, struct draft *d)
{
	enum check_kind kind = d->px->check.kind;
	struct step_list *steps = &d->steps[kind == CHECK_HTTP];
	struct hc_step *own;
	uint32_t n = steps->list.n;

	if ((kind != CHECK_HTTP && kind != CHECK_TCP) || !(d->px->role & ROLE_BACKEND))
		return;
	own = ARENA_ARRAY(k->scratch, struct hc_step, n + 2);
	if (n)
		memcpy(own, steps->list.v, sizeof(*own) * n);
	steps->list.v = own;
	steps->list.cap = n + 2;
	if (kind == CHECK_HTTP) {
		finish_request(k, d->httpchk, steps);
		finish_answer(k, steps);
	}
	if (!steps->list.n)
		return;
	own = ARENA_ARRAY(k->a, struct hc_step, steps->list.n);
	memcpy(own, steps->list.v, sizeof(*own) * steps->list.n);
	d->px->check.steps = own;
	d->px->check.nsteps = steps->list.n;
}

/* HAProxy counts proxies as they come, those with an `id` included, and the one that is behind stats sockets
 * first. */
static void finish_ids(struct checker *k)
{
	uint32_t next = k->m->global.stats_sockets.n ? 2 : 1;
	bool taken;

	for (uint32_t i = 0; i < k->drafts.n; i++) {
		struct proxy_conf *px = k->drafts.v[i]->px;

		if (px->id) {
			next++;
			continue;
		}
		do {
			taken = false;
			for (uint32_t j = 0; k->ids_given && j < k->drafts.n; j++)
				taken |= k->drafts.v[j]->px->id == next;
		} while (taken && next++);
		px->id = next++;
	}
}

static bool id_is_given(const struct proxy_conf *px, uint32_t id)
{
	vec_each (b, &px->binds)
		if ((*b)->id == id)
			return true;
	return false;
}

/* Every port of a range is a listener. `given`: some line has an id, which is passed over. */
static void finish_ports(struct arena *a, const struct proxy_conf *px, struct bind_conf *b, uint32_t *next,
			 bool given)
{
	uint32_t ports = b->addr.port_end > b->addr.port ? b->addr.port_end - b->addr.port + 1U : 1;
	uint32_t *ids = ARENA_ARRAY(a, uint32_t, ports);

	for (uint32_t i = 0; i < ports; i++) {
		while (given && id_is_given(px, *next))
			++*next;
		ids[i] = (*next)++;
	}
	b->id = ids[0];
	b->port_ids = ports > 1 ? ids : NULL;
}

static void finish_bind_ids(struct arena *a, struct proxy_conf *px)
{
	uint32_t next = 1;
	bool given = false;

	vec_each (b, &px->binds)
		given |= (*b)->id != 0;
	for (uint32_t i = 0; i < px->binds.n; i++) {
		struct bind_conf *b = (struct bind_conf *)px->binds.v[i];

		b->place = i;
		if (b->id)
			next++;
		else
			finish_ports(a, px, b, &next, given);
	}
}

/* Servers and listeners count from 1 in each proxy, around the ids that lines give: a server without one gets
 * its place in the list, or the next number that is free. */
static void finish_member_ids(struct arena *a, struct draft *d)
{
	uint32_t next = 1;
	struct proxy_conf *px = d->px;

	for (uint32_t i = 0; i < px->servers.n; i++, next++) {
		struct server_conf *s = (struct server_conf *)px->servers.v[i];
		uint32_t id = next;

		for (uint32_t j = 0; d->ids_given && j < px->servers.n; j++)
			if (px->servers.v[j]->id == id) {
				id++;
				j = UINT32_MAX;
			}
		if (!s->id)
			s->id = next = id;
	}
	finish_bind_ids(a, px);
}

/* What HAProxy verifies of a proxy that is not disabled. */
static void verify_proxy(struct checker *k, struct draft *d)
{
	vec_each (dup, &d->duplicates)
		check_server_duplicate(k, d, dup);
	finish_backends(k, d);
	finish_use_server(k, d);
	finish_captures(k, d);
	check_finish_straight(k, d);
	check_finish_formats(k, d);
	check_errorfiles_resolve(k, d);
	check_names_verify(k, d);
	check_finish_warnings(k, d);
}

void check_finish_proxy(struct checker *k, struct draft *d)
{
	finish_rules(k, d);
	check_finish_steps(k, d);
	finish_member_ids(k->a, d);
	check_finish_mailers(k, d);
	check_finish_spoe(k, d);
	check_finish_email(k, d);
	check_finish_command(k, d);
	check_finish_certificates(k, d);
	if (!d->px->disabled)
		verify_proxy(k, d);
}

static void finish_proxy(struct checker *k, struct draft *d)
{
	struct model *m = k->m;

	check_finish_proxy(k, d);
	if (!d->name)
		return;
	*vec_push(k->a, &m->proxies) = d->px;
	if (d->px->role & ROLE_FRONTEND && !map_get(&m->frontends, d->px->name))
		map_put(k->a, &m->frontends, d->px->name, d->px);
	if (d->px->role & ROLE_BACKEND && !map_get(&m->backends, d->px->name))
		map_put(k->a, &m->backends, d->px->name, d->px);
}

static void finish_sources(struct checker *k)
{
	const struct sources *s = k->c->sources;
	struct str *names = ARENA_ARRAY(k->a, struct str, s->list.n);

	for (uint32_t i = 0; i < s->list.n; i++)
		names[i] = check_keep(k, s->list.v[i]->name);
	k->m->source_names = names;
	k->m->nsources = s->list.n;
}

void check_finish(struct checker *k)
{
	finish_sources(k);
	mark_references(k);
	finish_ids(k);
	for (uint32_t i = 0; i < k->drafts.n; i++)
		finish_proxy(k, k->drafts.v[i]);
	check_ring_targets(k);
	check_finish_servers(k);
	check_finish_attached(k);
	check_finish_stick(k);
	check_finish_filters(k);
	check_finish_profiles(k);
	wanted_resolve(k);
	lang_resolve(k->c);
	check_auth_groups(k);
	check_finish_listeners(k);
	finish_sources(k); /* those of SPOE engines came behind */
	if (!k->d->errors && k->c->options->templates)
		check_templates(k);
	if (!k->d->errors)
		lint_run(k);
}
