/* Scenarios: the lines, one function each, and what must be there in the end. One thread. */
#include "runtime/lab/scenario_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "grammar/suggest.h"

struct reader {
	struct scenario *s;
	const struct load_options *options;
	struct lab_line line;
	struct lab_made made; /* the backend, in HAProxy's words */
	struct str dir;       /* of the file, with its slash */
	struct str config, backend;
	struct span config_span;
	uint32_t nservers;
};

/* --- lines */

static void read_title(struct reader *r)
{
	const struct lab_word *first = lab_line_word(&r->line, "a title"),
			      *last = &r->line.words[r->line.n - 1];

	if (!first)
		return;
	r->s->title =
		first == last ? first->text : sources_span(&r->s->sources, span_join(first->span, last->span));
	r->line.at = r->line.n;
}

static void read_requests(struct reader *r)
{
	lab_line_count(&r->line, "a number of requests", 1, 1000000000, &r->s->requests);
}

static void read_duration(struct reader *r)
{
	lab_line_time(&r->line, &r->s->duration);
}

static void read_warmup(struct reader *r)
{
	lab_line_time(&r->line, &r->s->warmup);
}

static void read_seed(struct reader *r)
{
	lab_line_count(&r->line, "a seed", 0, UINT64_MAX, &r->s->seed);
}

static void read_shape(struct reader *r)
{
	struct lab_arrivals *a = &r->s->arrivals;

	if (lab_line_has(&r->line, "to")) {
		a->shape = SHAPE_RAMP;
		lab_line_rate(&r->line, &a->rate2);
	} else if (lab_line_has(&r->line, "wave")) {
		a->shape = SHAPE_WAVE;
		if (lab_line_rate(&r->line, &a->rate2) && lab_line_has(&r->line, "period"))
			lab_line_time(&r->line, &a->period);
		a->period = a->period > 0 ? a->period : 10;
	}
}

static void read_closed(struct reader *r)
{
	struct lab_arrivals *a = &r->s->arrivals;
	uint64_t n = 1;

	a->kind = ARRIVE_CLOSED;
	if (!lab_line_count(&r->line, "a number of users", 1, 1000000, &n))
		return;
	a->users = (uint32_t)n;
	if (lab_line_has(&r->line, "think"))
		lab_line_dist(&r->line, true, &a->think);
}

/* arrivals poisson|constant RATE [to RATE | wave RATE [period TIME]], bursts RATE size N, closed N [think DIST]
 */
static void read_arrivals(struct reader *r)
{
	struct lab_line *l = &r->line;
	struct lab_arrivals *a = &r->s->arrivals;
	uint64_t n = 10;

	*a = (struct lab_arrivals){.burst = 1};
	if (lab_line_has(l, "closed")) {
		read_closed(r);
		return;
	}
	if (lab_line_has(l, "constant"))
		a->kind = ARRIVE_CONSTANT;
	else if (lab_line_has(l, "bursts"))
		a->kind = ARRIVE_BURSTS;
	else if (!lab_line_has(l, "poisson")) {
		lab_line_wrong(
			l, l->at < l->n ? &l->words[l->at] : NULL,
			"requests arrive `poisson`, `constant`, in `bursts` or from a `closed` group of users");
		l->at = l->n;
		return;
	}
	if (!lab_line_rate(l, &a->rate))
		return;
	if (a->kind == ARRIVE_BURSTS && lab_line_has(l, "size") &&
	    lab_line_count(l, "a number of requests", 1, 100000, &n))
		a->burst = (uint32_t)n;
	read_shape(r);
}

static void read_keys(struct reader *r)
{
	uint64_t n = 0;

	if (!lab_line_count(&r->line, "a number of keys", 1, LAB_KEYS, &n))
		return;
	r->s->keys = (uint32_t)n;
	if (lab_line_has(&r->line, "zipf"))
		lab_line_number(&r->line, "an exponent", 0, 10, &r->s->zipf);
}

static void read_class(struct reader *r)
{
	struct scenario *s = r->s;
	struct lab_line *l = &r->line;
	const struct lab_word *name = lab_line_word(l, "the name of a class");
	struct lab_class *c;

	if (!name)
		return;
	if (s->classes.n == LAB_CLASSES) {
		lab_line_wrong(l, name, "there are at most %d classes", LAB_CLASSES);
		return;
	}
	c = vec_push(s->arena, &s->classes);
	*c = (struct lab_class){name->text, 1, {DIST_CONST, 1, 0}};
	if (lab_line_has(l, "share"))
		lab_line_number(l, "a share", 0.000001, 1e9, &c->share);
	if (lab_line_has(l, "cost"))
		lab_line_dist(l, false, &c->cost);
}

/* The words of a server line that are ours; the others stay for HAProxy. False: this is none of ours. */
static bool read_machine_word(struct lab_line *l, struct lab_machine_conf *m)
{
	uint64_t n = 0;

	if (lab_line_has(l, "service")) {
		m->said |= SAID_SERVICE;
		lab_line_dist(l, true, &m->service);
	} else if (lab_line_has(l, "latency")) {
		m->said |= SAID_LATENCY;
		lab_line_dist(l, true, &m->latency);
	} else if (lab_line_has(l, "workers")) {
		m->said |= SAID_WORKERS;
		lab_line_count(l, "a number of workers", 0, 100000, &n);
		m->workers = (uint32_t)n;
	} else if (lab_line_has(l, "speed")) {
		m->said |= SAID_SPEED;
		lab_line_number(l, "a speed", 0.0001, 10000, &m->speed);
	} else {
		return false;
	}
	return true;
}

static void server_make(struct reader *r, const struct lab_word *name, struct lab_machine_conf m,
			const struct lab_word *rest, uint32_t nrest)
{
	struct lab_word word = {m.name, name->span};

	*vec_push(r->s->arena, &r->s->machines) = m;
	if (str_is(m.name, "*"))
		return;
	out_puts(&r->made.text, "\tserver");
	lab_made_word(r->s, &r->made, &word);
	out_puts(&r->made.text, " 127.0.0.1:1");
	for (uint32_t i = 0; i < nrest; i++)
		lab_made_word(r->s, &r->made, &rest[i]);
	out_char(&r->made.text, '\n');
	r->nservers++;
}

static void read_machines(struct reader *r, const struct lab_word *name, uint64_t count, bool many)
{
	struct lab_machine_conf m = {.name = name->text, .span = name->span};
	struct lab_word rest[LAB_WORDS];
	uint32_t nrest = 0;

	if (count > LAB_SERVERS - r->nservers) {
		lab_line_wrong(&r->line, name, "there are at most %d servers", LAB_SERVERS);
		return;
	}
	while (r->line.at < r->line.n)
		if (!read_machine_word(&r->line, &m))
			rest[nrest++] = r->line.words[r->line.at++];
	for (uint64_t i = 1; i <= count; i++) {
		if (many)
			m.name = arena_printf(r->s->arena, "%.*s%llu", STR_ARG(name->text),
					      (unsigned long long)i);
		server_make(r, name, m, rest, nrest);
	}
}

static void read_server(struct reader *r)
{
	const struct lab_word *name = lab_line_word(&r->line, "the name of a server");

	if (name)
		read_machines(r, name, 1, false);
}

static void read_servers(struct reader *r)
{
	const struct lab_word *name = lab_line_word(&r->line, "how the names of the servers begin");
	uint64_t n = 0;

	if (name && lab_line_count(&r->line, "a number of servers", 1, LAB_SERVERS, &n))
		read_machines(r, name, n, true);
}

static void read_backend(struct reader *r)
{
	out_char(&r->made.text, '\t');
	while (r->line.at < r->line.n)
		lab_made_word(r->s, &r->made, &r->line.words[r->line.at++]);
	out_char(&r->made.text, '\n');
}

static void read_algorithm(struct reader *r)
{
	if (r->s->algorithms.n == LAB_ALGORITHMS)
		lab_line_wrong(&r->line, &r->line.words[0], "there are at most %d algorithms", LAB_ALGORITHMS);
	else
		lab_algorithm_read(&r->line, r->options);
}

static void read_config(struct reader *r)
{
	const struct lab_word *file = lab_line_word(&r->line, "a configuration of HAProxy"), *backend = NULL;

	if (!file)
		return;
	if (lab_line_has(&r->line, "backend"))
		backend = lab_line_word(&r->line, "the name of a backend");
	r->config = file->text.len && file->text.ptr[0] == '/'
			    ? file->text
			    : arena_printf(r->s->arena, "%.*s%.*s", STR_ARG(r->dir), STR_ARG(file->text));
	r->config = arena_str(r->s->arena, r->config);
	r->config_span = backend ? backend->span : file->span;
	r->backend = backend ? backend->text : STR_NONE;
}

/* at TIME fail|hang|recover|disable|enable SERVER, slow SERVER FACTOR, weight SERVER N, rate RATE */
static void read_at(struct reader *r)
{
	static const char *const acts[] = {"fail",    "hang",   "recover", "slow",
					   "disable", "enable", "weight",  "rate"};
	struct lab_line *l = &r->line;
	struct lab_event e = {.act = ACT_FAIL};
	const struct lab_word *w;
	double seconds = 0;

	if (!lab_line_time(l, &seconds))
		return;
	e.at = (uint64_t)(seconds * 1e9);
	while (e.act <= ACT_RATE && !lab_line_has(l, acts[e.act]))
		e.act++;
	if (e.act > ACT_RATE) {
		lab_line_wrong(l, l->at < l->n ? &l->words[l->at] : NULL,
			       "what happens then is `fail`, `hang`, `recover`, `slow`, `disable`, `enable`, "
			       "`weight` or `rate`");
		l->at = l->n;
		return;
	}
	if (e.act == ACT_RATE && !lab_line_rate(l, &e.value))
		return;
	if (e.act != ACT_RATE) {
		w = lab_line_word(l, "the name of a server");
		if (!w)
			return;
		e.server = w->text;
		e.span = w->span;
	}
	if (e.act == ACT_SLOW && !lab_line_number(l, "a factor", 0.0001, 1e6, &e.value))
		return;
	if (e.act == ACT_WEIGHT && !lab_line_number(l, "a weight", 0, 256, &e.value))
		return;
	*vec_push(r->s->arena, &r->s->events) = e;
}

struct line_row {
	const char *word;
	void (*read)(struct reader *r);
};

static const struct line_row line_rows[] = {
	{"title", read_title},         {"requests", read_requests},
	{"duration", read_duration},   {"warmup", read_warmup},
	{"seed", read_seed},           {"arrivals", read_arrivals},
	{"keys", read_keys},           {"class", read_class},
	{"server", read_server},       {"servers", read_servers},
	{"backend", read_backend},     {"config", read_config},
	{"algorithm", read_algorithm}, {"at", read_at},
};

static void read_line(struct reader *r)
{
	const struct lab_word *w = &r->line.words[r->line.at++];
	struct suggest suggest;
	struct diag *g;
	char text[128];

	suggest_start(&suggest, w->text);
	for (size_t i = 0; i < sizeof(line_rows) / sizeof(*line_rows); i++) {
		uint32_t errors = r->s->diags.errors;

		if (str_is(w->text, line_rows[i].word)) {
			line_rows[i].read(r);
			if (errors == r->s->diags.errors)
				lab_line_end(&r->line);
			return;
		}
		suggest_offer(&suggest, str_from(line_rows[i].word));
	}
	g = diag_add(&r->s->diags, D_SCENARIO_WORD, w->span, "a scenario has no line `%.*s`", STR_ARG(w->text));
	if (suggest.n)
		diag_help(&r->s->diags, g, "did you mean %s?", suggest_text(&suggest, text, sizeof(text)));
}

static void read_source(struct reader *r, uint32_t source)
{
	const struct source *src = sources_get(&r->s->sources, source);
	struct str text = src->text;
	uint32_t off = 0;

	while (off < text.len) {
		struct str rest = str_tail(text, off);
		size_t n = str_chr(rest, '\n');

		if (lab_line_cut(&r->line, source, off, str_sub(rest, 0, n)))
			read_line(r);
		off += (uint32_t)n + 1;
	}
}

/* --- all of it */

/* Only of a scenario that is right otherwise: what is missing may be what is wrong. */
static void lacks(struct reader *r, struct span at, const char *what, const char *help)
{
	struct diag *g;

	if (r->s->diags.errors)
		return;
	g = diag_add(&r->s->diags, D_SCENARIO_LACKS, at, "%s", what);

	diag_help(&r->s->diags, g, "%s", help);
}

static void config_load(struct reader *r)
{
	struct scenario *s = r->s;
	const char *path = r->config.ptr;

	s->loaded = load_files(&path, 1, r->options);
	if (!s->loaded || s->loaded->diags.errors || !s->loaded->model) {
		lacks(r, r->config_span, "this configuration has errors", "see what `lbcheck` says to it");
		return;
	}
	s->backend = lab_backend(s->loaded, r->backend);
	if (!s->backend)
		lacks(r, r->config_span, "this configuration has no such backend with servers",
		      "name one of its backends");
}

static void backend_load(struct reader *r)
{
	struct scenario *s = r->s;

	if (r->config.len) {
		config_load(r);
		return;
	}
	if (!r->nservers) {
		lacks(r, SPAN_NONE, "there are no servers",
		      "`servers web 4 service exp(10ms)` makes four of them");
		return;
	}
	s->loaded = lab_made_load(s, &r->made, r->options);
	s->backend = s->loaded ? lab_backend(s->loaded, STR_NONE) : NULL;
}

static const struct server_conf *server_named(const struct scenario *s, struct str name)
{
	for (uint32_t i = 0; s->backend && i < s->backend->servers.n; i++)
		if (str_eq(s->backend->servers.v[i]->name, name))
			return s->backend->servers.v[i];
	return NULL;
}

static void names_check(struct reader *r)
{
	struct scenario *s = r->s;

	vec_each (e, &s->events)
		if (e->act != ACT_RATE && !server_named(s, e->server))
			diag_add(&s->diags, D_SCENARIO_SERVER, e->span, "no server is called `%.*s`",
				 STR_ARG(e->server));
	for (uint32_t i = 0; r->config.len && i < s->machines.n; i++) {
		const struct lab_machine_conf *m = &s->machines.v[i];

		if (!str_is(m->name, "*") && !server_named(s, m->name))
			diag_add(&s->diags, D_SCENARIO_SERVER, m->span, "no server is called `%.*s`",
				 STR_ARG(m->name));
	}
}

static void complete(struct reader *r)
{
	struct scenario *s = r->s;

	if (!s->requests && s->duration <= 0)
		s->requests = 100000;
	if (s->arrivals.kind != ARRIVE_CLOSED && s->arrivals.rate <= 0)
		lacks(r, SPAN_NONE, "no requests arrive", "`arrivals poisson 100/s` has them come");
	if (s->arrivals.shape == SHAPE_RAMP && s->duration <= 0)
		lacks(r, SPAN_NONE, "a ramp needs to know how long it is", "add a line such as `duration 60s`");
	if (!s->classes.n)
		*vec_push(s->arena, &s->classes) = (struct lab_class){STR("all"), 1, {DIST_CONST, 1, 0}};
	if (!s->algorithms.n)
		*vec_push(s->arena, &s->algorithms) = (struct lab_algorithm){.name = STR("as configured")};
	if (!s->diags.errors)
		backend_load(r);
	if (!s->diags.errors)
		names_check(r);
	diags_sort(&s->diags);
}

static struct str dir_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? str_make(name, (size_t)(slash + 1 - name)) : STR_NONE;
}

static void read_all(struct reader *r, const char *name, struct str text, struct str lines)
{
	r->dir = dir_of(name);
	out_puts(&r->made.text, "backend lab\n\tmode http\n");
	read_source(r, sources_add(&r->s->sources, str_from(name), text, true));
	r->dir = STR_NONE;
	if (lines.len)
		read_source(r, sources_add(&r->s->sources, STR("<command line>"), lines, true));
	complete(r);
}

struct scenario *scenario_load(const char *name, struct str text, struct str lines,
			       const struct load_options *options)
{
	struct arena *arena = arena_new();
	struct reader *r = calloc(1, sizeof(*r));
	struct scenario *s = NULL;
	jmp_buf env;

	if (arena && r && !setjmp(env)) {
		arena_catch(arena, &env);
		r->s = r->line.s = ARENA_NEW(arena, struct scenario);
		*r->s = (struct scenario){
			.arena = arena, .sources.arena = arena, .diags.arena = arena, .seed = 1};
		r->made.text = out_growing(1 << 28);
		r->options = options;
		read_all(r, name, text, lines);
		s = r->s;
	} else if (r && r->s) {
		scenario_free(&r->s);
	} else {
		arena_free(&arena);
	}
	if (r)
		out_free(&r->made.text);
	free(r);
	if (s)
		arena_catch(s->arena, NULL);
	return s;
}

void scenario_free(struct scenario **sp)
{
	struct scenario *s = *sp;
	struct arena *arena;

	*sp = NULL;
	if (!s)
		return;
	for (uint32_t i = 0; i < s->algorithms.n; i++)
		loaded_free(&s->algorithms.v[i].loaded);
	loaded_free(&s->loaded);
	arena = s->arena;
	arena_free(&arena);
}

struct lab_machine_conf scenario_machine(const struct scenario *s, struct str server)
{
	struct lab_machine_conf m = {.service = {DIST_EXP, 0.01, 0}, .workers = 1, .speed = 1};

	for (int own = 0; own < 2; own++) {
		vec_each (c, &s->machines) {
			if (!str_eq(c->name, own ? server : STR("*")))
				continue;
			if (c->said & SAID_SERVICE)
				m.service = c->service;
			if (c->said & SAID_LATENCY)
				m.latency = c->latency;
			if (c->said & SAID_WORKERS)
				m.workers = c->workers;
			if (c->said & SAID_SPEED)
				m.speed = c->speed;
		}
	}
	m.name = server;
	return m;
}
