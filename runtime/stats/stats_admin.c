/* Admin actions of the statistics page: reads the form, finds backend and servers, and changes states through
 * the same functions as the runtime API. Any worker. */
#include "runtime/stats/stats_admin.h"

#include "runtime/backend/request.h"
#include "runtime/backend/server_change.h"
#include "runtime/health/check.h"

enum { WORD_MAX = 256 };

/* --- the form (application/x-www-form-urlencoded) */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes into `space`; false when it is too long. */
static bool url_decode(struct str in, char space[WORD_MAX], struct str *word)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		int high = -1, low = -1;

		if (n == WORD_MAX)
			return false;
		if (in.ptr[i] == '%' && i + 2 < in.len) {
			high = hex_value(in.ptr[i + 1]);
			low = hex_value(in.ptr[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			space[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			space[n++] = in.ptr[i] == '+' ? ' ' : in.ptr[i];
		}
	}
	*word = str_make(space, n);
	return true;
}

/* The next "name=value", value still encoded; false at the end. */
static bool form_next(struct str *form, struct str *name, struct str *value)
{
	struct str pair;
	size_t end, equals;

	if (!form->len)
		return false;
	end = str_chr(*form, '&');
	pair = str_sub(*form, 0, end);
	*form = str_tail(*form, end + 1);
	equals = str_chr(pair, '=');
	*name = str_sub(pair, 0, equals);
	*value = str_tail(pair, equals + 1);
	return true;
}

static bool form_get(struct str form, struct str wanted, char space[WORD_MAX], struct str *value)
{
	struct str name, encoded;

	while (form_next(&form, &name, &encoded))
		if (str_eq(name, wanted))
			return url_decode(encoded, space, value);
	return false;
}

/* --- what it names */

static struct proxy *find_backend(struct generation *g, struct str name)
{
	uint64_t id = 0;
	bool by_id = name.len > 1 && name.ptr[0] == '#' && str_to_u64(str_tail(name, 1), &id);

	for (uint32_t i = 0; i < g->nproxies; i++) {
		const struct proxy_conf *conf = g->proxies[i].conf;

		if (conf->role & ROLE_BACKEND && (by_id ? conf->id == id : str_eq(conf->name, name)))
			return &g->proxies[i];
	}
	return NULL;
}

/* --- what it does */

enum done { DONE_NOT, DONE_SAME, DONE_CHANGED };

static enum done change_admin(struct worker *w, struct server *s, unsigned set, unsigned clear)
{
	unsigned before = atomic_load(&s->admin);

	if ((before & set) == set && !(before & clear))
		return DONE_SAME;
	server_set_admin(w, s, set, clear);
	return DONE_CHANGED;
}

static enum done change_health(struct worker *w, struct server *s, enum srv_oper oper)
{
	if (!s->check || s->conf->track_server)
		return DONE_SAME;
	return check_force(w, s, oper) ? DONE_CHANGED : DONE_SAME;
}

/* The newer words are done whether they change something or not. */
static enum done set_admin(struct worker *w, struct server *s, unsigned set, unsigned clear)
{
	change_admin(w, s, set, clear);
	return DONE_CHANGED;
}

static enum done act_on_checks(struct server *s, struct str action)
{
	if (str_is(action, "ehlth") || str_is(action, "dhlth"))
		return check_enable(s, action.ptr[0] == 'e') ? DONE_CHANGED : DONE_SAME;
	if (str_is(action, "eagent") || str_is(action, "dagent"))
		return check_agent_enable(s, action.ptr[0] == 'e') ? DONE_CHANGED : DONE_SAME;
	return DONE_NOT;
}

static enum done act(struct worker *w, struct server *s, struct str action)
{
	if (str_is(action, "ready"))
		return set_admin(w, s, 0, SRV_ADM_MAINT | SRV_ADM_DRAIN);
	if (str_is(action, "maint"))
		return set_admin(w, s, SRV_ADM_MAINT, SRV_ADM_DRAIN);
	if (str_is(action, "drain"))
		return set_admin(w, s, SRV_ADM_DRAIN, SRV_ADM_MAINT);
	if (str_is(action, "enable"))
		return change_admin(w, s, 0, SRV_ADM_MAINT | SRV_ADM_DRAIN);
	if (str_is(action, "disable"))
		return change_admin(w, s, SRV_ADM_MAINT, SRV_ADM_DRAIN);
	if (str_is(action, "stop"))
		return change_admin(w, s, SRV_ADM_DRAIN, SRV_ADM_MAINT);
	if (str_is(action, "arunn") || str_is(action, "adown"))
		return check_agent_force(w, s, action.ptr[1] == 'r') ? DONE_CHANGED : DONE_SAME;
	if (str_is(action, "shutdown")) {
		requests_kill(w, s, 'K');
		return DONE_CHANGED;
	}
	if (str_is(action, "start"))
		return change_admin(w, s, 0, SRV_ADM_DRAIN);
	if (str_is(action, "hrunn"))
		return change_health(w, s, SRV_RUNNING);
	if (str_is(action, "hnolb"))
		return change_health(w, s, SRV_STOPPING);
	if (str_is(action, "hdown"))
		return change_health(w, s, SRV_STOPPED);
	return act_on_checks(s, action);
}

const char *stats_admin(struct worker *w, struct str form)
{
	char backend_space[WORD_MAX], action_space[WORD_MAX], server_space[WORD_MAX];
	struct str backend, action, name, encoded, server;
	unsigned changed = 0, unknown = 0;
	struct proxy *px;

	if (!form_get(form, STR("b"), backend_space, &backend) ||
	    !form_get(form, STR("action"), action_space, &action))
		return "NONE";
	px = find_backend(w->process->generation, backend);
	if (!px)
		return "ERRP";
	while (form_next(&form, &name, &encoded)) {
		struct server *s;
		enum done done;

		if (!str_is(name, "s"))
			continue;
		s = url_decode(encoded, server_space, &server) ? proxy_server(px, server) : NULL;
		done = s ? act(w, s, action) : DONE_NOT;
		changed += done == DONE_CHANGED;
		unknown += done == DONE_NOT;
	}
	if (unknown)
		return changed ? "PART" : "ERRP";
	return changed ? "DONE" : "NONE";
}
