/* Arguments of the actions whose subsystems come later: checked in shape, so that a mistake shows now. Their
 * values are kept as text (name, str, str2), expressions and numbers as such. One thread. */
#include "grammar/action.h"
#include "grammar/pattern.h"
#include "grammar/suggest.h"

static struct str keep(struct action_reader *r, struct str text)
{
	return arena_str(r->c->model->arena, text);
}

bool action_number(struct str text, int64_t *value)
{
	uint64_t v = 0;

	if (!str_starts(text, STR("0x")) && !str_starts(text, STR("0X")))
		return str_to_i64(text, value);
	text = str_tail(text, 2);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i] | 0x20;
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (digit < 0 || v >> 59)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*value = (int64_t)v;
	return text.len > 0;
}

/* A time with an optional unit, into milliseconds. */
static bool time_read(struct str text, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	size_t n = 0;

	while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9')
		n++;
	if (!str_to_i64(str_sub(text, 0, n), ms))
		return false;
	if (str_is(str_tail(text, n), "us")) {
		*ms = (*ms + 999) / 1000;
		return true;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!str_is(str_tail(text, n), units[i].unit))
			continue;
		*ms *= units[i].ms;
		return true;
	}
	return false;
}

/* A number of bytes, with k, m or g behind it. */
static bool size_read(struct str text, int64_t *bytes)
{
	static const char units[] = "kmg";
	const char *unit = text.len ? memchr(units, text.ptr[text.len - 1] | 0x20, 3) : NULL;
	int shift = unit ? (int)(unit - units + 1) * 10 : 0;

	if (!str_to_i64(unit ? str_sub(text, 0, text.len - 1) : text, bytes) || *bytes < 0 ||
	    *bytes > UINT32_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}

static bool take_text(struct action_reader *r, struct str *out, const char *haproxy, const char *what)
{
	const struct word *w = action_take(r);

	if (!w)
		return action_missing(r, haproxy, what);
	*out = keep(r, w->text);
	return true;
}

bool action_args_name(struct action_reader *r)
{
	bool cache = strncmp(r->row->name, "cache", 5) == 0;

	return take_text(r, &r->out->name,
			 cache ? "expects a cache name" : "'use-service' expects a service name.",
			 cache ? "the name of a cache" : "the name of a service");
}

/* Services of ours: runtime/proxy/http_service.c. Lua's have names of their own. */
bool action_args_service(struct action_reader *r)
{
	struct span at = action_here(r);

	if (!take_text(r, &r->out->name, "'use-service' expects a service name.", "the name of a service"))
		return false;
	if (str_starts(r->out->name, STR("lua.")))
		return true;
	if (!str_is(r->out->name, "prometheus-exporter"))
		return action_error(
			r, at,
			arena_printf(r->c->arena, "'%.*s' unknown service name.", STR_ARG(r->out->name)).ptr,
			"there is no such service: `prometheus-exporter` is one");
	return r->set == RS_HTTP_REQ ||
	       action_error(r, at, "Prometheus exporter service only available on 'http-request' rulesets",
			    "this service speaks HTTP: it belongs into `http-request` rules");
}

bool action_args_two_names(struct action_reader *r)
{
	const char *haproxy = "expects 2 arguments: <engine-id> <group-id>";

	return take_text(r, &r->out->str, haproxy, "an engine and a group") &&
	       take_text(r, &r->out->str2, haproxy, "a group behind the engine");
}

/* The file between the parentheses. */
static bool file_name(struct action_reader *r)
{
	enum pattern_origin origin;
	struct str text;
	size_t at;

	if (!action_parens(r, &text, &at))
		return false;
	r->out->str = keep(r, pattern_file_name(r->c, text, &origin));
	return text.len ||
	       action_error(r, r->words[0].span, "missing file name", "a file name stands in the parentheses");
}

bool action_args_file_key(struct action_reader *r)
{
	if (!file_name(r))
		return false;
	r->out->fmt = action_format(r, "expects exactly 1 arguments", "a key");
	return r->out->fmt != NULL;
}

bool action_args_file_key_value(struct action_reader *r)
{
	const char *haproxy = "expects exactly 2 arguments";
	const struct logfmt *value;

	if (!file_name(r))
		return false;
	r->out->fmt = action_format(r, haproxy, "a key and a value");
	value = r->out->fmt ? action_format(r, haproxy, "a value behind the key") : NULL;
	r->out->fmt2 = value;
	return value != NULL;
}

/* set-nice, set-mark, set-tos */
bool action_args_number(struct action_reader *r)
{
	const struct word *w = action_take(r);
	bool nice = strcmp(r->row->name, "set-nice") == 0;

	if (!w)
		return action_missing(r, "expects exactly 1 argument (integer value)", "a number");
	if (action_number(w->text, &r->out->num) || nice)
		return true;
	return action_error(r, w->span,
			    arena_printf(r->c->arena,
					 "invalid character starting at '%.*s' (integer/hex value expected)",
					 STR_ARG(w->text))
				    .ptr,
			    "a number, or 0x and hexadecimal digits, is needed here");
}

/* A number, or a sample that gives one. */
bool action_args_number_or_sample(struct action_reader *r)
{
	const struct word *w = action_peek(r);

	if (!w)
		return r->row->form == ACTION_PAREN ||
		       action_missing(r, "expects a value", "a number or a sample");
	if (action_number(w->text, &r->out->num)) {
		r->i++;
		return true;
	}
	r->out->sample = action_sample(r);
	return r->out->sample != NULL;
}

bool action_args_sample(struct action_reader *r)
{
	r->out->sample = action_sample(r);
	return r->out->sample != NULL;
}

bool action_args_layer4(struct action_reader *r)
{
	const struct word *w = action_take(r);

	if (w && str_is(w->text, "layer4"))
		return true;
	if (w)
		return action_error(r, w->span, "only supports 'layer4'", "only `layer4` may follow");
	return action_missing(r, "only supports 'layer4'", "`layer4`");
}

bool action_args_switch_mode(struct action_reader *r)
{
	const struct proxy_conf *px = r->scope.proxy;
	const struct word *w;
	struct diag *g;

	if (px && px->role == ROLE_BACKEND) {
		g = diag_add(r->c->diags, D_ACTION_ARGUMENT, r->words[0].span,
			     "a backend cannot switch the mode");
		diag_haproxy(r->c->diags, g,
			     "'tcp-request switch-mode' not allowed because backend '%.*s' has no frontend "
			     "capability",
			     STR_ARG(px->name));
		return false;
	}
	w = action_take(r);
	if (!w)
		return action_missing(r, "expects a mode as argument", "`http`");
	if (!str_is(w->text, "http"))
		return action_error(
			r, w->span,
			arena_printf(r->c->arena, "expects a valid mode (got '%.*s')", STR_ARG(w->text)).ptr,
			"a connection can only become `http`");
	return !action_take_word(r, "proto") ||
	       take_text(r, &r->out->name, "missing protocol", "a protocol behind `proto`");
}

/* wait-for-body time <time> [at-least <bytes>] [use-large-buffer]. The last word, since 3.x, asks for nothing:
 * what a body may take here is no matter of one buffer. */
bool action_args_wait_body(struct action_reader *r)
{
	const char *haproxy = "expects time <time> [ at-least <bytes> ]";
	const struct word *w;
	bool timed = false;

	while ((w = action_peek(r))) {
		int64_t value;
		bool time;

		if (r->c->model->compat > 206 && action_take_word(r, "use-large-buffer"))
			continue;
		time = action_take_word(r, "time");
		if (!time && !action_take_word(r, "at-least"))
			break;
		timed |= time;
		if (!(w = action_take(r)))
			return action_missing(
				r, time ? "missing argument for 'time'" : "missing argument for 'at-least'",
				time ? "a time" : "a number of bytes");
		if (time ? !time_read(w->text, &value) : !size_read(w->text, &value))
			return action_error(r, w->span, haproxy,
					    time ? "this is no time" : "this is no number of bytes");
		r->out->num = time ? value : r->out->num;
		r->out->flags = time ? r->out->flags : (uint32_t)value;
	}
	return timed || action_missing(r, haproxy, "`time` and how long to wait at most");
}

/* HAProxy 2.6: only what has servers has these timeouts. */
static bool timeout_place(struct action_reader *r, const struct word *w)
{
	const struct proxy_conf *px = r->scope.proxy;

	if (r->c->model->compat > 206 || !px || px->role == ROLE_DEFAULTS || (px->role & ROLE_BACKEND))
		return true;
	return action_error(
		r, w->span,
		arena_printf(r->c->arena, "proxy '%.*s' has no backend capability", STR_ARG(px->name)).ptr,
		"a frontend has no timeouts of servers");
}

/* set-timeout {client|server|tunnel ...} {<time>|<sample>} */
bool action_args_timeout(struct action_reader *r)
{
	static const char *const kinds[] = {"server", "tunnel", "client", "connect", "queue", "tarpit"};
	static const uint8_t ids[] = {TMO_SERVER, TMO_TUNNEL, TMO_CLIENT, TMO_CONNECT, TMO_QUEUE, TMO_TARPIT};
	size_t known = r->c->model->compat <= 206 ? 2 : sizeof(kinds) / sizeof(kinds[0]);
	const char *haproxy = "expects exactly 2 arguments";
	const struct word *w = action_take(r);
	struct suggest s;
	bool found = false;

	if (!w)
		return action_missing(r, haproxy, "which timeout and its value");
	suggest_start(&s, w->text);
	for (size_t i = 0; i < known; i++) {
		suggest_offer(&s, str_from(kinds[i]));
		if (!str_is(w->text, kinds[i]))
			continue;
		found = true;
		r->out->flags = ids[i];
	}
	if (!found) {
		action_error(r, w->span, "expects 'server' or 'tunnel' as timeout name",
			     "there is no such timeout here");
		lang_suggest(r->c, r->c->diags->list.v[r->c->diags->list.n - 1], &s, w->span);
		return false;
	}
	r->out->name = keep(r, w->text);
	if (!timeout_place(r, w))
		return false;
	w = action_peek(r);
	if (!w)
		return action_missing(r, haproxy, "a value behind the timeout's name");
	if (time_read(w->text, &r->out->num)) {
		r->i++;
		return true;
	}
	r->out->sample = action_sample(r);
	return r->out->sample != NULL;
}

bool action_args_time_or_sample(struct action_reader *r)
{
	const struct word *w = action_peek(r);

	if (!w)
		return action_missing(r, "expects a delay", "a time or a sample");
	if (time_read(w->text, &r->out->num)) {
		r->i++;
		return true;
	}
	r->out->sample = action_sample(r);
	return r->out->sample != NULL;
}

/* normalize-uri <normalizer> [full|strict] */
bool action_args_normalize(struct action_reader *r)
{
	static const struct {
		const char *name, *option;
	} known[] = {{"fragment-encode", NULL},          {"fragment-strip", NULL},
		     {"path-merge-slashes", NULL},       {"path-strip-dot", NULL},
		     {"path-strip-dotdot", "full"},      {"percent-decode-unreserved", "strict"},
		     {"percent-to-uppercase", "strict"}, {"query-sort-by-name", NULL}};
	const struct word *w = action_take(r);
	struct suggest s;

	if (!w)
		return action_missing(r, "missing argument <normalizer>", "the name of a normalizer");
	r->out->name = keep(r, w->text);
	suggest_start(&s, w->text);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		suggest_offer(&s, str_from(known[i].name));
		if (!str_is(w->text, known[i].name))
			continue;
		r->out->num = (int64_t)i;
		r->out->flags = known[i].option && action_take_word(r, known[i].option);
		return true;
	}
	action_error(r, w->span, arena_printf(r->c->arena, "unknown normalizer '%.*s'", STR_ARG(w->text)).ptr,
		     "there is no such normalizer");
	lang_suggest(r->c, r->c->diags->list.v[r->c->diags->list.n - 1], &s, w->span);
	return false;
}

/* do-resolve(<var>,<resolvers>[,ipv4|ipv6]) <sample> */
bool action_args_do_resolve(struct action_reader *r)
{
	struct str text, why;
	size_t at, comma;

	if (!action_parens(r, &text, &at))
		return false;
	comma = str_chr(text, ',');
	if (comma + 1 >= text.len)
		return action_error(
			r, r->words[0].span,
			arena_printf(
				r->c->arena,
				"Can't parse '%.*s'. Expects 'do-resolve(<varname>,<resolvers>[,<options>]) "
				"<expr>'. Available options are 'ipv4' and 'ipv6'",
				STR_ARG(r->words[0].text))
				.ptr,
			"a variable and the name of a `resolvers` section stand in the parentheses");
	r->out->var = var_find(r->c, str_sub(text, 0, comma), &why);
	if (!r->out->var)
		return action_error(r, word_span(&r->words[0], at, comma), why.ptr,
				    "this is not the name of a variable");
	text = str_tail(text, comma + 1);
	r->out->name = keep(r, str_sub(text, 0, str_chr(text, ',')));
	r->out->str = keep(r, str_tail(text, str_chr(text, ',') + 1));
	r->out->sample = action_sample(r);
	return r->out->sample != NULL;
}

/* <sample> [prefix <text>], or for del-headers-bin [-m <method>] */
bool action_args_headers_bin(struct action_reader *r)
{
	r->out->num = MATCH_STR;
	r->out->sample = action_sample(r);
	if (!r->out->sample)
		return false;
	if (str_starts(r->words[0].text, STR("del-")))
		return action_header_method(r, HEADER_METHODS - 1, &r->out->num);
	return !action_take_word(r, "prefix") || take_text(r, &r->out->str, "missing prefix", "a prefix");
}

/* lua.NAME with whatever its script takes. */
bool action_args_lua(struct action_reader *r)
{
	r->out->name = keep(r, str_tail(r->words[0].text, 4));
	while (action_take(r))
		;
	return true;
}

/* attach-srv <server> [name <sample>] */
bool action_args_attach_srv(struct action_reader *r)
{
	if (!take_text(r, &r->out->name, "expects a server", "a server"))
		return false;
	while (action_take_word(r, "name")) {
		r->out->sample = action_sample(r);
		if (!r->out->sample)
			return false;
	}
	return true;
}

/* do-log [profile <name>] */
bool action_args_do_log(struct action_reader *r)
{
	return !action_take_word(r, "profile") ||
	       take_text(r, &r->out->name, "missing profile", "the name of a log profile");
}

/* A number read from a word, or an expression: then *sample is set. False after an error. */
static bool take_amount(struct action_reader *r, bool (*read)(struct str, int64_t *), int64_t *value,
			const struct sample_expr **sample)
{
	const struct word *w = action_peek(r);

	if (!w)
		return action_missing(r, "missing value", "a value");
	if (read(w->text, value)) {
		r->i++;
		return true;
	}
	*sample = action_sample(r);
	return *sample != NULL;
}

/* set-bandwidth-limit <name> [limit <size or sample>] [period <time or sample>] */
bool action_args_bandwidth(struct action_reader *r)
{
	int64_t period = 0;

	if (!take_text(r, &r->out->name, "missing limit name", "the name of a limit"))
		return false;
	for (;;) {
		if (action_take_word(r, "limit")) {
			if (!take_amount(r, size_read, &r->out->num, &r->out->sample))
				return false;
		} else if (action_take_word(r, "period")) {
			if (!take_amount(r, time_read, &period, &r->out->sample2))
				return false;
			r->out->num2 = period > UINT32_MAX ? UINT32_MAX : (uint32_t)period;
		} else {
			return true;
		}
	}
}
