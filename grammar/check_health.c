/* Checks of servers: `option httpchk`, `http-check` and `tcp-check` lines become the steps of a check (manual,
 * section 4.2). Works on the state of one walk; steps gather in the draft of their proxy. One thread. */
#include "grammar/check_health.h"
#include "grammar/address.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"
#include "grammar/rows.h"

/* A connect step comes first or not at all; of an HTTP check, each further exchange needs its own (manual,
 * keywords "http-check connect" and "tcp-check connect"). */
static bool order_valid(const struct keyword_use *use, enum hc_step_kind kind, bool http)
{
	const struct step_list *steps = &use->draft->steps[http];
	const char *what = NULL, *haproxy = NULL;
	bool strict = http && use->draft->px->check.kind == CHECK_HTTP; /* `option httpchk` came before */

	if (!steps->own || steps->first == HC_COMMENT)
		return true;
	if (kind == HC_CONNECT && steps->first != HC_CONNECT) {
		what = "a `connect` step must come first when there is any";
		haproxy = "first step MUST also be a 'connect', optionally preceded by a 'set-var', an "
			  "'unset-var' or a "
			  "'comment', when there is a 'connect' step in the tcp-check ruleset.";
	} else if (strict && kind == HC_CONNECT && steps->last != HC_EXPECT) {
		what = "the exchange before this `connect` lacks its `expect`";
		haproxy = "unable to add http-check connect rule (missing expect rule)..";
	} else if (strict && kind == HC_SEND && steps->sent) {
		what = "a second request needs a `connect` before it";
		haproxy = "unable to add http-check send rule (missing connect rule)..";
	}
	if (what)
		diag_haproxy(use->k->d, diag_add(use->k->d, D_CONFLICT, use->line->span, "%s", what),
			     "'%s' : %s", use->row->name, haproxy);
	return !what;
}

/* A line of this proxy: what was inherited from defaults is replaced as a whole. NULL after an error. */
struct hc_step *check_health_step(const struct keyword_use *use, enum hc_step_kind kind, bool http)
{
	struct step_list *steps = &use->draft->steps[http];
	struct hc_step *step;

	if (!order_valid(use, kind, http))
		return NULL;
	if (!steps->own) {
		*steps = (struct step_list){.own = true, .first = HC_COMMENT, .line = steps->line};
		check_keep_forget_steps(use->draft, http);
	}
	if (steps->first == HC_COMMENT && kind != HC_VAR)
		steps->first = kind;
	if (kind != HC_COMMENT && kind != HC_VAR)
		steps->last = kind;
	steps->sent = kind == HC_SEND || (steps->sent && kind != HC_CONNECT);
	step = vec_push(use->k->scratch, &steps->list);
	step->kind = kind;
	step->number = steps->list.n;
	step->pos = check_pos(use->k, use->line);
	return step;
}

struct diag *check_health_error(const struct keyword_use *use, uint32_t i, const char *message,
				const char *haproxy)
{
	struct diag *g = diag_add(use->k->d, i < use->n ? D_BAD_ARGUMENT : D_MISSING_ARGUMENT,
				  i < use->n ? use->words[i].span : use->span, "%s", message);

	if (haproxy)
		diag_haproxy(use->k->d, g, "'%s' : %s", use->row->name, haproxy);
	return g;
}

/* Until 3.2 header fields could hide behind the version: "HTTP/1.1\r\nHost:\ x". */
static bool httpchk_version(const struct keyword_use *use, struct hc_step *send)
{
	const struct word *w = &use->words[2];
	size_t end = str_chr(w->text, '\r') < str_chr(w->text, '\n') ? str_chr(w->text, '\r')
								     : str_chr(w->text, '\n');
	struct diag *g;

	send->version = check_keep(use->k, str_sub(w->text, 0, end));
	if (end == w->text.len)
		return true;
	g = diag_add(use->k->d, D_DEPRECATED, word_span(w, end, w->text.len - end),
		     "header fields behind the version are deprecated");
	diag_help(use->k->d, g, "write them as `http-check send hdr <name> <value>`");
	if (use->k->compat >= 303) {
		check_severity(use->k, g, SEV_ERROR);
		diag_note(use->k->d, g, "HAProxy refuses this since 3.3");
		return false;
	}
	diag_haproxy(
		use->k->d, g,
		": 'option httpchk' : hiding headers or body at the end of the version string is deprecated. "
		"Please, consider to use 'http-check send' directive instead.");
	send->raw_tail = check_keep(use->k, str_tail(w->text, end));
	return true;
}

bool check_httpchk(const struct keyword_use *use)
{
	struct hc_step *send = ARENA_NEW(use->k->scratch, struct hc_step);

	use->draft->httpchk = send;
	send->kind = HC_SEND;
	send->pos = check_pos(use->k, use->line);
	use->draft->httpchk_line = use->line;
	if (!check_arity(use, 0, 3))
		return false;
	if (use->n == 1)
		send->uri = check_keep(use->k, use->words[0].text);
	if (use->n >= 2) {
		send->method = check_keep(use->k, use->words[0].text);
		send->uri = check_keep(use->k, use->words[1].text);
	}
	return use->n < 3 || httpchk_version(use, send);
}

static bool send_format(const struct keyword_use *use, const struct word *w, const struct logfmt **out)
{
	struct lang_scope scope = {.proxy = use->draft->px, .places = AT(CHECK), .where = "http-check send"};

	*out = logfmt_parse(use->k->c, w, &scope);
	return *out != NULL;
}

struct send_words {
	struct hc_step *step;
	VEC(struct reply_header) headers;
};

static bool send_header(const struct keyword_use *use, uint32_t i, struct send_words *s)
{
	struct reply_header *h;
	struct str name;

	if (i + 2 >= use->n || !use->words[i + 1].text.len || !use->words[i + 2].text.len) {
		check_health_error(use, use->n, "`hdr` needs a name and a value",
				   "'hdr' expects <name> and <value> as arguments.");
		return false;
	}
	name = use->words[i + 1].text;
	if (str_ieq(name, STR("connection")) || str_ieq(name, STR("content-length")) ||
	    str_ieq(name, STR("transfer-encoding"))) {
		struct diag *g = diag_add(use->k->d, D_LINE_IGNORED, use->words[i + 1].span,
					  "`%.*s` is ours to set: ignored", STR_ARG(name));

		check_severity(use->k, g, SEV_WARNING);
		return true;
	}
	h = vec_push(use->k->a, &s->headers);
	h->name = check_keep(use->k, name);
	return send_format(use, &use->words[i + 2], &h->value);
}

enum send_word { SEND_METH, SEND_URI, SEND_VER, SEND_BODY, SEND_URI_LF, SEND_BODY_LF, SEND_COMMENT, SEND_HDR };

static bool send_word(const struct keyword_use *use, uint32_t *i, struct send_words *s)
{
	struct str *const texts[] = {&s->step->method, &s->step->uri, &s->step->version, &s->step->body};
	uint32_t before = use->k->d->list.n, at = *i;
	int64_t word;

	if (!check_choice(use, &use->words[at], "meth|uri|ver|body|uri-lf|body-lf|comment|hdr", &word)) {
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'http-check send' : expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', "
			     "'body' or 'body-lf' but "
			     "got '%.*s' as argument..",
			     STR_ARG(use->words[at].text));
		return false;
	}
	*i += word == SEND_HDR ? 3 : 2;
	if (word == SEND_HDR)
		return send_header(use, at, s);
	if (at + 1 == use->n || !use->words[at + 1].text.len) {
		check_health_error(use, use->n, "a text is missing behind the last word",
				   arena_printf(use->k->scratch, "'%.*s' expects a string as argument..",
						STR_ARG(use->words[at].text))
					   .ptr);
		return false;
	}
	if (word <= SEND_BODY)
		*texts[word] = check_keep(use->k, use->words[at + 1].text);
	else if (word == SEND_COMMENT)
		s->step->comment = check_keep(use->k, use->words[at + 1].text);
	else
		return send_format(use, &use->words[at + 1],
				   word == SEND_URI_LF ? &s->step->uri_fmt : &s->step->body_fmt);
	return true;
}

static bool http_send(const struct keyword_use *use)
{
	struct send_words s = {.step = ARENA_NEW(use->k->scratch, struct hc_step)};
	struct hc_step *step;

	for (uint32_t i = 0; i < use->n && use->words[i].text.len;) /* an empty word ends the line */
		if (!send_word(use, &i, &s))
			return false;
	step = check_health_step(use, HC_SEND, true);
	if (!step)
		return false;
	s.step->kind = HC_SEND;
	s.step->number = step->number;
	s.step->pos = step->pos;
	*step = *s.step;
	step->headers = s.headers.v;
	step->nheaders = s.headers.n;
	return true;
}

#define CONNECT_WORDS                                                                                          \
	"default|port|addr|send-proxy|check-send-proxy|ssl|sni|alpn|via-socks4|linger|proto|comment"
enum connect_word {
	CONN_DEFAULT,
	CONN_PORT,
	CONN_ADDR,
	CONN_SEND_PROXY,
	CONN_CHECK_SEND_PROXY,
	CONN_SSL,
	CONN_SNI,
	CONN_ALPN,
	CONN_SOCKS4,
	CONN_LINGER,
	CONN_PROTO,
	CONN_COMMENT
};

/* A port that is no number is a sample expression. */
static bool connect_port(const struct keyword_use *use, const struct word *w, struct hc_step *step)
{
	struct lang_scope scope = {.proxy = use->draft->px, .places = AT(CHECK), .where = "check rule"};
	uint64_t number;
	size_t end;

	if (str_to_u64(w->text, &number) && number <= 65535) {
		step->port = (uint16_t)number;
		return true;
	}
	step->port_expr = sample_parse(use->k->c, w, 0, 0, &end, &scope);
	return step->port_expr != NULL;
}

static bool connect_addr(const struct keyword_use *use, const struct word *w, struct hc_step *step)
{
	struct addr_conf *a = ARENA_NEW(use->k->a, struct addr_conf);

	step->addr = a;
	return address_parse_word(use->k->c, w, ADDRESS_PORT | ADDRESS_STREAM | ADDRESS_HOST, "", a);
}

/* One word of `connect`; w: its argument, for those that take one. */
static bool connect_word(const struct keyword_use *use, enum connect_word word, const struct word *w,
			 struct hc_step *step)
{
	switch (word) {
	case CONN_DEFAULT:
		step->as_server = true;
		return true;
	case CONN_PORT:
		return connect_port(use, w, step);
	case CONN_ADDR:
		return connect_addr(use, w, step);
	case CONN_SEND_PROXY:
	case CONN_CHECK_SEND_PROXY:
		step->send_proxy = true;
		return true;
	case CONN_SSL:
		step->ssl = true;
		return true;
	case CONN_SNI:
		step->sni = check_keep(use->k, w->text);
		return true;
	case CONN_ALPN:
		step->alpn = check_keep(use->k, w->text);
		return true;
	case CONN_SOCKS4:
		step->via_socks4 = true;
		return true;
	case CONN_LINGER:
		step->linger = true;
		return true;
	case CONN_PROTO:
		step->proto = check_keep(use->k, w->text);
		return true;
	case CONN_COMMENT:
		step->comment = check_keep(use->k, w->text);
		return true;
	}
	return false;
}

/* Words of `http-check connect` and `tcp-check connect`. */
bool check_health_connect(const struct keyword_use *use, bool http)
{
	static const bool takes_one[] = {0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 1};
	uint32_t before = use->k->d->list.n;
	struct hc_step step = {.kind = HC_CONNECT}, *added;
	int64_t word;

	for (uint32_t i = 0; i < use->n; i++) {
		if (!check_choice(use, &use->words[i], CONNECT_WORDS, &word)) {
			diag_haproxy(use->k->d, use->k->d->list.v[before],
				     "'%s' : expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', "
				     "'alpn' or 'via-socks4', "
				     "'linger', 'default' but got '%.*s' as argument..",
				     use->row->name, STR_ARG(use->words[i].text));
			return false;
		}
		if (takes_one[word] && ++i == use->n) {
			check_missing(use, "a value behind the last word");
			return false;
		}
		if (!connect_word(use, (enum connect_word)word, &use->words[i], &step))
			return false;
	}
	added = check_health_step(use, HC_CONNECT, http);
	if (!added)
		return false;
	step.number = added->number;
	step.pos = added->pos;
	*added = step;
	return true;
}

static bool health_comment(const struct keyword_use *use, const struct word *w, bool http)
{
	struct hc_step *step = check_health_step(use, HC_COMMENT, http);

	if (step)
		step->comment = check_keep(use->k, w->text);
	return step != NULL;
}

static void note_rule(const struct keyword_use *use, bool http)
{
	use->draft->steps[http].line = use->line;
	use->draft->rules_http = http;
}

bool check_http_check(const struct keyword_use *use)
{
	const char *word = use->row->name + strlen("http-check ");
	struct check_conf *conf = &use->draft->px->check;

	if (strcmp(word, "disable-on-404") != 0 && strcmp(word, "send-state") != 0)
		note_rule(use, true);
	if (strcmp(word, "disable-on-404") == 0)
		conf->disable_on_404 = true;
	else if (strcmp(word, "send-state") == 0)
		conf->send_state = true;
	else if (strcmp(word, "comment") == 0)
		return check_arity(use, 1, CHECK_ANY) && health_comment(use, &use->words[0], true);
	else if (strcmp(word, "connect") == 0)
		return check_health_connect(use, true);
	else if (strcmp(word, "send") == 0)
		return http_send(use);
	else
		return check_health_expect(use, true);
	return true;
}

/* The value of set-var(...) or set-var-fmt(...) behind word `at`. */
static bool var_value(const struct keyword_use *use, uint32_t at, struct rule *rule)
{
	struct lang_scope scope = {.proxy = use->draft->px, .places = AT(CHECK), .where = "check rule"};
	uint32_t i = at + 1;

	if (i == use->n) {
		check_missing(use, "a value behind the variable");
		return false;
	}
	if (rule->action == ACTION_SET_VAR_FMT) {
		scope.format = FORMAT_PLAIN;
		rule->fmt = logfmt_parse(use->k->c, &use->words[i], &scope);
		return rule->fmt != NULL;
	}
	rule->sample = sample_parse_words(use->k->c, use->words, use->n, &i, &scope);
	return rule->sample != NULL;
}

/* set-var(...), set-var-fmt(...), unset-var(...) of either kind of check. */
bool check_health_var(const struct keyword_use *use, uint32_t at, bool http)
{
	const struct word *w = &use->words[at];
	size_t open = str_chr(w->text, '(');
	struct str name = str_sub(w->text, open + 1, w->text.len - open - (open < w->text.len ? 2 : 0));
	struct rule *rule = ARENA_NEW(use->k->a, struct rule);
	struct hc_step *step;

	if (open == w->text.len || w->text.ptr[w->text.len - 1] != ')') {
		check_health_error(use, at, "the name of a variable in parentheses is missing", NULL);
		return false;
	}
	rule->pos = check_pos(use->k, use->line);
	rule->var = var_parse(use->k->c, name, word_span(w, open + 1, name.len));
	if (!rule->var)
		return false;
	rule->action = str_starts(w->text, STR("unset-var"))     ? ACTION_UNSET_VAR
		       : str_starts(w->text, STR("set-var-fmt")) ? ACTION_SET_VAR_FMT
								 : ACTION_SET_VAR;
	if (rule->action == ACTION_UNSET_VAR && at + 1 < use->n) {
		check_extra(use, at + 1);
		return false;
	}
	if (rule->action != ACTION_UNSET_VAR && !var_value(use, at, rule))
		return false;
	step = check_health_step(use, HC_VAR, http);
	if (step)
		step->rule = rule;
	return step != NULL;
}

static bool is_var_word(struct str s)
{
	return str_starts(s, STR("set-var")) || str_starts(s, STR("unset-var"));
}

bool check_http_check_var(const struct keyword_use *use)
{
	uint32_t before = use->k->d->list.n;
	int64_t word;

	note_rule(use, true);
	if (use->n && is_var_word(use->words[0].text))
		return check_health_var(use, 0, true);
	if (use->n == 0)
		check_missing(use, "one of its words");
	else
		check_choice(use, &use->words[0], "disable-on-404|send-state|comment|connect|send|expect",
			     &word);
	diag_haproxy(use->k->d, use->k->d->list.v[before],
		     "'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', "
		     "'expect', "
		     "'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '%.*s'",
		     STR_ARG(use->n ? use->words[0].text : STR_NONE));
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool check_health_hex(const struct keyword_use *use, uint32_t i, struct str *bytes)
{
	struct str s = i < use->n ? use->words[i].text : STR_NONE;
	char *out = arena_alloc(use->k->a, s.len / 2 + 1);
	bool ok = s.len > 0 && s.len % 2 == 0;

	for (size_t at = 0; ok && at < s.len; at += 2) {
		int high = hex_digit(s.ptr[at]), low = hex_digit(s.ptr[at + 1]);

		ok = high >= 0 && low >= 0;
		out[at / 2] = (char)(high * 16 + low);
	}
	if (!ok)
		check_health_error(
			use, i, "an even number of hexadecimal digits is needed here",
			s.len % 2 ? "invalid binary string (an even number of hex digit is expected)." : NULL);
	else
		*bytes = str_make(out, s.len / 2);
	return ok;
}

static bool tcp_send_value(const struct keyword_use *use, enum hc_send send, bool hex, struct hc_step *step)
{
	struct lang_scope scope = {
		.proxy = use->draft->px, .places = AT(CHECK), .where = "check rule", .format = FORMAT_PLAIN};

	step->send = send;
	if (hex)
		return check_health_hex(use, 0, &step->text);
	if (send == HCS_TEXT) {
		step->text = check_keep(use->k, use->words[0].text);
		return true;
	}
	step->text_fmt = logfmt_parse(use->k->c, &use->words[0], &scope);
	return step->text_fmt != NULL;
}

/* "send <text> [comment <text>]" and its kin. */
static bool tcp_send(const struct keyword_use *use, enum hc_send send, bool hex)
{
	struct hc_step step = {.kind = HC_SEND}, *added;
	int64_t word;

	if (use->n < 1 || !use->words[0].text.len) {
		check_missing(use, "something to send");
		return false;
	}
	if (!tcp_send_value(use, send, hex, &step))
		return false;
	if (use->n > 1 && !check_choice(use, &use->words[1], "comment", &word))
		return false;
	if (!check_arity(use, 1, 3))
		return false;
	if (use->n > 2)
		step.comment = check_keep(use->k, use->words[2].text);
	added = check_health_step(use, HC_SEND, false);
	if (!added)
		return false;
	step.number = added->number;
	step.pos = added->pos;
	*added = step;
	return true;
}

bool check_tcp_check(const struct keyword_use *use)
{
	static const struct {
		const char *word;
		enum hc_send send;
		bool hex;
	} sends[] = {{"send", HCS_TEXT, false},
		     {"send-lf", HCS_TEXT_LF, false},
		     {"send-binary", HCS_TEXT, true},
		     {"send-binary-lf", HCS_BINARY_LF, false}};
	const char *word = use->row->name + strlen("tcp-check ");

	note_rule(use, false);
	if (strcmp(word, "comment") == 0)
		return check_arity(use, 1, 1) && health_comment(use, &use->words[0], false);
	if (strcmp(word, "connect") == 0)
		return check_health_connect(use, false);
	for (size_t i = 0; i < sizeof(sends) / sizeof(*sends); i++)
		if (strcmp(word, sends[i].word) == 0)
			return tcp_send(use, sends[i].send, sends[i].hex);
	return check_health_expect(use, false);
}

bool check_tcp_check_var(const struct keyword_use *use)
{
	uint32_t before = use->k->d->list.n;
	int64_t word;

	note_rule(use, false);
	if (use->n && is_var_word(use->words[0].text))
		return check_health_var(use, 0, false);
	if (use->n == 0)
		check_missing(use, "one of its words");
	else
		check_choice(use, &use->words[0],
			     "comment|connect|send|send-lf|send-binary|send-binary-lf|expect", &word);
	diag_haproxy(use->k->d, use->k->d->list.v[before],
		     "'tcp-check' only supports 'comment', 'connect', 'send', 'send-binary', 'expect', "
		     "'set-var-fmt(*)', "
		     "'set-var(*)', 'unset-var(*)'. but got '%.*s'",
		     STR_ARG(use->n ? use->words[0].text : STR_NONE));
	return false;
}
