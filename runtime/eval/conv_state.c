/* Converters that look elsewhere (manual, section 7.3.1): variables, captures, maps, regular expressions,
 * figures of backends and servers, languages. One thread. */
#include "grammar/base/out.h"
#include "grammar/value_parse.h"
#include "runtime/eval/cond_eval.h"
#include "runtime/eval/field_value.h"
#include "runtime/eval/match.h"
#include "runtime/eval/rules.h"

/* All converters have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

bool conv_set_var(struct eval *e, const struct arg *args, struct sample *s)
{
	if (var_condition(e, args[0].var, s, (uint32_t)args[1].sint))
		var_set(e, args[0].var, s);
	return true;
}

bool conv_unset_var(struct eval *e, const struct arg *args, struct sample *s)
{
	var_unset(e, args[0].var);
	return true;
}

/* What it writes to a ring has no reader yet; the value passes. */
bool conv_debug(struct eval *e, const struct arg *args, struct sample *s)
{
	return true;
}

bool conv_capture_req(struct eval *e, const struct arg *args, struct sample *s)
{
	return capture_set(e, false, args[0].sint, s->str);
}

bool conv_capture_res(struct eval *e, const struct arg *args, struct sample *s)
{
	return capture_set(e, true, args[0].sint, s->str);
}

/* when(condition[,acl]): the value passes while the condition holds; args[0].sint is enum when_condition, and
 * WHEN_NOT with a `!`. */
static bool when_holds(struct eval *e, const struct arg *args, int64_t condition)
{
	const struct log_record *log = e->log;
	bool forwarded = e->server && log && log->t_connect >= 0, applet = log && log->by_service,
	     holds = false;

	switch (condition) {
	case WHEN_ERROR:
		return log && log_record_failed(log);
	case WHEN_NORMAL:
		return !log || !log_record_failed(log);
	case WHEN_FORWARDED:
		return forwarded;
	case WHEN_PROCESSED:
		return forwarded || applet;
	case WHEN_TOAPPLET:
		return applet;
	case WHEN_STOPPING:
		return e->host && e->host->stat(e->host->ctx, ES_STOPPING, NULL, NULL);
	default:
		return acl_named(e, args[1].str, &holds) && holds;
	}
}

bool conv_when(struct eval *e, const struct arg *args, struct sample *s)
{
	return when_holds(e, args, args[0].sint & ~WHEN_NOT) != !!(args[0].sint & WHEN_NOT);
}

/* Looks up; the sample is what the map compares. */
static bool map_find(struct eval *e, const struct arg *args, struct sample *s, struct pattern_hit *hit)
{
	const struct map_conf *map = args[0].map;

	return sample_cast(e, s, match_wants(map->method)) &&
	       pattern_index_find(e, e->engine->maps[map->id], s, hit);
}

static bool set_net(struct sample *s, const struct ip_net *net)
{
	memcpy(s->ip, net->addr, 16);
	s->type = net->family == 4 ? SMP_IPV4 : SMP_IPV6;
	return true;
}

/* The default, args[1]. */
static bool map_default(const struct arg *args, struct sample *s)
{
	const struct map_conf *map = args[0].map;

	if (!arg_is_set(&args[1]))
		return false;
	if (map->type == SMP_SINT)
		return sample_set_int(s, args[1].sint);
	return map->type == SMP_STR ? sample_set_str(s, args[1].str) : set_net(s, &args[1].net);
}

bool conv_map(struct eval *e, const struct arg *args, struct sample *s)
{
	struct pattern_hit hit;

	return map_find(e, args, s, &hit) ? sample_set_str(s, hit.value) : map_default(args, s);
}

bool conv_map_to_int(struct eval *e, const struct arg *args, struct sample *s)
{
	struct pattern_hit hit;
	int64_t value;

	if (!map_find(e, args, s, &hit))
		return map_default(args, s);
	return str_to_i64(hit.value, &value) && sample_set_int(s, value);
}

bool conv_map_to_ip(struct eval *e, const struct arg *args, struct sample *s)
{
	struct pattern_hit hit;
	struct ip_net net;

	if (!map_find(e, args, s, &hit))
		return map_default(args, s);
	return value_parse_address(hit.value, &net) && set_net(s, &net);
}

/* The entry's key instead of its value. */
bool conv_map_key(struct eval *e, const struct arg *args, struct sample *s)
{
	struct pattern_hit hit;

	return map_find(e, args, s, &hit) && sample_set_str(s, hit.key);
}

/* The value with back-references to what the key's groups matched. */
bool conv_map_regm(struct eval *e, const struct arg *args, struct sample *s)
{
	struct pattern_hit hit;

	if (!map_find(e, args, s, &hit))
		return map_default(args, s);
	return sample_set_str(s, rule_expand(e, hit.value, s->str, hit.groups, hit.ngroups));
}

/* Longest result of a substitution. */
enum { REGSUB_MAX = 16 * 1024 };

/* One pass of regsub(regex,subst[,flags]); args[2].sint is the flag g. False when the result did not fit. */
static bool regsub_run(struct eval *e, const struct arg *args, struct str text, struct out *o)
{
	struct str rest = text;
	const size_t *groups;
	bool last = false;
	uint32_t n;

	while (!last && regex_exec(e->engine, args[0].regex, rest, rest.ptr != text.ptr, &groups, &n)) {
		size_t start = groups[0], end = groups[1];

		last = !args[2].sint || !rest.len;
		out_bytes(o, rest.ptr, start);
		if (!regex_expand(o, args[1].str, rest, groups, n))
			return false;
		if (end == start && end < rest.len)
			out_char(o, rest.ptr[end++]);
		rest = str_tail(rest, end);
	}
	out_str(o, rest);
	return !o->truncated;
}

bool conv_regsub(struct eval *e, const struct arg *args, struct sample *s)
{
	size_t cap = s->str.len + args[1].str.len + 128;
	struct out o;
	char *buf;

	for (; cap <= REGSUB_MAX * 2; cap *= 4) {
		buf = scratch_alloc(e->scratch, cap);
		if (!buf)
			return false;
		o = out_fixed(buf, cap);
		if (regsub_run(e, args, s->str, &o))
			return sample_set_str(s, out_get(&o));
	}
	return false;
}

/* A figure of the backend or server whose name the sample is. */
static bool figure(struct eval *e, struct sample *s, enum eval_stat what, const struct proxy_conf *px,
		   const struct server_conf *srv)
{
	return px && e->host && sample_set_int(s, e->host->stat(e->host->ctx, what, px, srv));
}

bool conv_nbsrv(struct eval *e, const struct arg *args, struct sample *s)
{
	return figure(e, s, ES_BE_NBSRV, map_get(&e->model->backends, s->str), NULL);
}

bool conv_fe_exists(struct eval *e, const struct arg *args, struct sample *s)
{
	return sample_set_bool(s, map_get(&e->model->frontends, s->str) != NULL);
}

/* "backend/server", or a server of the current backend. */
static const struct server_conf *server_named(struct eval *e, struct str name)
{
	size_t slash = str_chr(name, '/');
	const struct proxy_conf *px = e->backend;

	if (slash < name.len) {
		px = map_get(&e->model->backends, str_sub(name, 0, slash));
		name = str_tail(name, slash + 1);
	}
	if (px && e->host && e->host->server)
		return e->host->server(e->host->ctx, px, name);
	for (uint32_t i = 0; px && i < px->servers.n; i++)
		if (str_eq(px->servers.v[i]->name, name))
			return px->servers.v[i];
	return NULL;
}

bool conv_srv_queue(struct eval *e, const struct arg *args, struct sample *s)
{
	const struct server_conf *srv = server_named(e, s->str);

	return srv && figure(e, s, ES_SRV_QUEUE, srv->proxy, srv);
}

bool conv_srv_is_up(struct eval *e, const struct arg *args, struct sample *s)
{
	const struct server_conf *srv = server_named(e, s->str);

	return srv && figure(e, s, ES_SRV_IS_UP, srv->proxy, srv) && sample_set_bool(s, s->sint != 0);
}

/* Quality of one item of Accept-Language (RFC 9110, section 12.5.4), in thousandths; 1000 without one. */
static unsigned quality(struct str item)
{
	struct str q = str_tail(item, str_chr(item, ';') + 1);
	unsigned value = 0, digits = 0;

	q = str_trim(q);
	if (q.len < 3 || (q.ptr[0] | 0x20) != 'q' || q.ptr[1] != '=')
		return 1000;
	for (size_t i = 2; i < q.len && digits < 4; i++) {
		if (q.ptr[i] == '.')
			continue;
		if (q.ptr[i] < '0' || q.ptr[i] > '9')
			break;
		value = value * 10 + (unsigned)(q.ptr[i] - '0');
		digits++;
	}
	while (digits++ < 4)
		value *= 10;
	return value > 1000 ? 1000 : value;
}

/* The entry of "en;fr;de" that a language names, whole or without its variant; ptr NULL when none. */
static struct str language_known(struct str list, struct str language)
{
	while (list.len) {
		size_t end = str_chr(list, ';');

		if (str_eq(str_sub(list, 0, end), language))
			return str_sub(list, 0, end);
		list = str_tail(list, end + 1);
	}
	return STR_NONE;
}

/* language(list[,default]): the accepted language with the highest quality. */
bool conv_language(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str item, best = STR_NONE;
	unsigned highest = 0;
	uint32_t off = 0;

	while (field_value_next(s->str, &off, &item)) {
		struct str language = str_trim(str_sub(item, 0, str_chr(item, ';')));
		struct str found = language_known(args[0].str, language);

		if (!found.ptr)
			found = language_known(args[0].str, str_sub(language, 0, str_chr(language, '-')));
		if (found.ptr && quality(item) > highest) {
			highest = quality(item);
			best = found;
		}
	}
	if (best.ptr)
		return sample_set_str(s, best);
	return arg_is_set(&args[1]) && sample_set_str(s, args[1].str);
}
