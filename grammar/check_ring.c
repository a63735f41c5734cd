/* `ring` sections: buffers of log lines (manual, section 3.9), the rings that stand behind log targets with
 * stream addresses, and which ring each target means. Works on the state of one walk; one thread. */
#include <stdlib.h>

#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"
#include "grammar/place.h"

enum { IMPLICIT_CONNECT = 1000, IMPLICIT_SERVER = 5000 }; /* ms */

static struct ring_conf *ring_new(struct checker *k, struct str name, const struct line *line)
{
	struct ring_conf *r = ARENA_NEW(k->a, struct ring_conf);
	struct proxy_conf *owner = ARENA_NEW(k->a, struct proxy_conf);

	owner->name = name;
	owner->pos = check_pos(k, line);
	r->owner = owner;
	r->name = r->description = name;
	r->format = LOGP_RAW;
	r->index = k->m->rings.n;
	r->size = r->max_len = RING_SIZE_DEFAULT;
	r->pos = check_pos(k, line);
	*vec_push(k->a, &k->m->rings) = r;
	return r;
}

void check_ring_begin(struct checker *k, struct named_section *named)
{
	struct str name = named->name ? named->name->text : STR_NONE;
	struct diag *g;

	if (named->name)
		check_section_name(k, named->name, "ring");
	if (str_is(name, "stdout") || str_is(name, "stderr") || str_is(name, "buf0")) {
		g = diag_add(k->d, D_DUPLICATE_SECTION, named->name->span, "`%.*s` is a built-in sink",
			     STR_ARG(name));
		diag_haproxy(k->d, g, "sink named '%.*s' already exists.", STR_ARG(name));
	}
	named->ring = ring_new(k, check_keep(k, name), named->header);
}

bool check_ring_description(const struct keyword_use *use)
{
	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	if (!use->words[0].text.len) {
		check_missing(use, use->row->args);
		return false;
	}
	if (use->k->named->ring)
		use->k->named->ring->description = check_keep(use->k, use->words[0].text);
	return true;
}

bool check_ring_format(const struct keyword_use *use)
{
	static const char choices[] = "local|rfc3164|rfc5424|priority|short|timed|iso|raw";
	uint32_t before = use->k->d->list.n;
	int64_t value;

	if (!use->n)
		diag_haproxy(use->k->d, check_missing(use, "a format"), "unknown format ''.");
	else if (!check_choice(use, &use->words[0], choices, &value))
		diag_haproxy(use->k->d, use->k->d->list.v[before], "unknown format '%.*s'.",
			     STR_ARG(use->words[0].text));
	else if (use->k->named->ring)
		use->k->named->ring->format = (enum log_proto)value;
	return use->k->d->list.n == before;
}

/* HAProxy 2.6 takes the digits, whatever stands behind them. */
static bool ring_number(const struct keyword_use *use, int64_t *size)
{
	struct str text = use->n ? use->words[0].text : STR_NONE;
	struct diag *g;

	*size = 0;
	if (text.len && (use->k->compat <= 206 || str_is(text, "0")))
		*size = strtoll(text.ptr, NULL, 10);
	else if (text.len && !check_size(use, &use->words[0], size))
		return false;
	if (*size > 0)
		return true;
	g = use->n ? diag_add(use->k->d, D_BAD_SIZE, use->words[0].span, "`%.*s` is no size", STR_ARG(text))
		   : check_missing(use, "a size");
	diag_haproxy(use->k->d, g, "invalid size '%.*s' for new sink buffer.", STR_ARG(text));
	return false;
}

bool check_ring_maxlen(const struct keyword_use *use)
{
	int64_t size;

	if (!ring_number(use, &size))
		return false;
	if (use->k->named->ring)
		use->k->named->ring->max_len = (uint64_t)size;
	return true;
}

/* size <size>: a ring can only grow. */
bool check_ring_size(const struct keyword_use *use)
{
	struct ring_conf *r = use->k->named->ring;
	struct diag *g;
	int64_t size;

	if (!ring_number(use, &size))
		return false;
	if (!r || (uint64_t)size >= r->size) {
		if (r)
			r->size = (uint64_t)size;
		return true;
	}
	g = diag_add(use->k->d, D_OUT_OF_RANGE, use->words[0].span,
		     "a ring cannot shrink: it has %llu bytes already", (unsigned long long)r->size);
	diag_haproxy(use->k->d, g,
		     "ignoring new size '%lld' that is smaller than current size '%llu' for ring '%.*s'.",
		     (long long)size, (unsigned long long)r->size, STR_ARG(r->name));
	return false;
}

bool check_ring_file(const struct keyword_use *use)
{
	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	if (use->k->named->ring)
		use->k->named->ring->file = check_keep(use->k, file_place(use->k->c, use->words[0].text));
	return true;
}

bool check_ring_timeout(const struct keyword_use *use)
{
	struct ring_conf *r = use->k->named->ring;
	int64_t value;

	if (!check_arity(use, 1, CHECK_ANY) || !check_time(use, &use->words[0], UNIT_MS, &value))
		return false;
	if (r && str_is(str_from(use->row->name), "timeout connect"))
		r->timeout_connect = (uint32_t)value;
	else if (r)
		r->timeout_server = (uint32_t)value;
	return true;
}

/* server NAME ADDRESS [options]: receives what the ring gets. */
bool check_ring_server(const struct keyword_use *use)
{
	struct ring_conf *r = use->k->named->ring;
	struct server_conf *s;
	struct str who;

	if (use->n < 2) {
		check_missing(use, use->n ? "an address behind the name" : "a name and an address");
		return false;
	}
	if (!check_section_name(use->k, &use->words[0], "server"))
		return false;
	s = ARENA_NEW(use->k->a, struct server_conf);
	s->name = check_keep(use->k, use->words[0].text);
	s->pos = check_pos(use->k, use->line);
	s->proxy = r ? r->owner : NULL;
	who = arena_printf(use->k->scratch, "'server %.*s/%.*s'", STR_ARG(r ? r->name : STR_NONE),
			   STR_ARG(s->name));
	if (!address_parse_word(use->k->c, &use->words[1], ADDRESS_PORT | ADDRESS_STREAM | ADDRESS_HOST,
				who.ptr, &s->addr) ||
	    !check_options(use, 2, PLACE_SERVER, s, &s->words))
		return false;
	check_resolve(use->k, use->words[1].span, &s->addr, who.ptr);
	if (r)
		*vec_push(use->k->a, &r->servers) = s;
	return true;
}

static void warn_length(struct checker *k, const struct named_section *s, uint64_t room)
{
	struct ring_conf *r = s->ring;
	struct diag *g = diag_add(k->d, D_OUT_OF_RANGE, s->header->span,
				  "lines of up to %llu bytes do not fit into a ring of %llu",
				  (unsigned long long)r->max_len, (unsigned long long)room);

	check_severity(k, g, SEV_WARNING);
	diag_help(k->d, g, "set `maxlen` to the longest line that you expect");
	diag_haproxy_unplaced(k->d, g,
			      "ring '%.*s' event max length '%llu' exceeds size, forced to size '%llu'.",
			      STR_ARG(r->name), (unsigned long long)r->max_len, (unsigned long long)room);
	r->max_len = room;
}

static void warn_timeouts(struct checker *k, const struct named_section *s)
{
	struct diag *g =
		diag_add(k->d, D_MISSING_TIMEOUTS, s->header->span,
			 "ring `%.*s` lacks `timeout connect` or `timeout server`", STR_ARG(s->ring->name));

	diag_note(k->d, g, "without them, a receiver that stalls may keep lines from being stored");
	diag_haproxy_unplaced(k->d, g,
			      "missing timeouts for backend '%.*s'.\n"
			      "   | While not properly invalid, you will certainly encounter various problems\n"
			      "   | with such a configuration. To fix this, please ensure that all following\n"
			      "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
			      STR_ARG(s->ring->name));
}

void check_ring_end(struct checker *k, struct named_section *s)
{
	struct ring_conf *r = s->ring;
	uint64_t room = r->file.len ? r->size - RING_FILE_HEADER : r->size;

	if (r->max_len > room)
		warn_length(k, s, room);
	if (!k->d->errors && r->servers.n && (!r->timeout_connect || !r->timeout_server))
		warn_timeouts(k, s);
}

/* tcp@, uxst@ ...: a ring of its own, with one receiver. */
void check_ring_implicit(struct checker *k, struct log_target *t, const struct line *line)
{
	struct server_conf *s = ARENA_NEW(k->a, struct server_conf);
	struct ring_conf *r;
	uint32_t n = 1;

	vec_each (other, &k->m->rings)
		n += (*other)->implicit;
	r = ring_new(k, arena_printf(k->a, "ring#%u", n), line);
	r->implicit = true;
	r->format = t->proto;
	r->timeout_connect = IMPLICIT_CONNECT;
	r->timeout_server = IMPLICIT_SERVER;
	r->description =
		arena_printf(k->a, "created from logserver declared into '%.*s' at line %u",
			     STR_ARG(sources_get(k->c->sources, line->span.source)->name), t->pos.line);
	s->name = r->name;
	s->addr = t->addr;
	s->pos = t->pos;
	s->proxy = r->owner;
	*vec_push(k->a, &r->servers) = s;
	t->ring_conf = r;
}

/* backend@NAME: a backend of mode log. */
static void backend_resolve(struct checker *k, struct log_target *t)
{
	struct draft *d = map_get(&k->backends, t->ring);

	if (d && d->px->mode == MODE_SYSLOG)
		t->backend = d->px;
	else
		diag_add(k->d, D_NO_SUCH_BACKEND, (struct span){.source = t->pos.source},
			 "`log` in line %u names no backend of mode log: `%.*s`", t->pos.line,
			 STR_ARG(t->ring));
}

static void targets_resolve(struct checker *k, struct log_target *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (str_starts(v[i].addr.text, STR("backend@")))
			backend_resolve(k, &v[i]);
	for (uint32_t i = 0; i < n; i++)
		vec_each (r, &k->m->rings)
			if (!(*r)->implicit && v[i].ring.len && str_eq((*r)->name, v[i].ring) &&
			    str_starts(v[i].addr.text, STR("ring@")))
				v[i].ring_conf = *r;
}

void check_ring_targets(struct checker *k)
{
	targets_resolve(k, k->m->global.log_targets.v, k->m->global.log_targets.n);
	vec_each (f, &k->m->forwards)
		targets_resolve(k, (*f)->px->log_targets.v, (*f)->px->log_targets.n);
	vec_each (d, &k->drafts)
		targets_resolve(k, (*d)->px->log_targets.v, (*d)->px->log_targets.n);
}
