/* `option` lines: three of them exclude each other, and some have words of their own (manual, section 4.2).
 * Works on the state of one walk; values go to the proxy in the model. One thread. */
#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"

static void option_set(struct proxy_conf *px, enum proxy_option option, bool on)
{
	uint64_t bit = 1ULL << (option & 63);

	px->options[option >> 6] = on ? px->options[option >> 6] | bit : px->options[option >> 6] & ~bit;
}

/* Keep-alive, server close and close: the last one holds. */
bool check_option(const struct keyword_use *use)
{
	static const enum proxy_option modes[] = {PO_HTTP_KEEP_ALIVE, PO_HTTP_SERVER_CLOSE, PO_HTTPCLOSE};
	bool is_mode = false;

	for (int i = 0; i < 3; i++)
		is_mode |= use->row->offset == modes[i];
	if (!is_mode || use->no || use->preset || !use->draft)
		return true;
	for (int i = 0; i < 3; i++)
		option_set(use->draft->px, modes[i], use->row->offset == modes[i]);
	return true;
}

static bool option_network(const struct keyword_use *use, uint32_t i, const struct ip_net **except)
{
	struct ip_net *net = ARENA_NEW(use->k->a, struct ip_net);
	struct diag *g;

	if (i < use->n && address_network(use->words[i].text, net)) {
		*except = net;
		return true;
	}
	g = diag_add(use->k->d, D_BAD_ADDRESS, i < use->n ? use->words[i].span : use->span,
		     "`except` needs an address or network");
	diag_haproxy(use->k->d, g, "'%s except' expects <address>[/mask] as argument.", use->row->name);
	return false;
}

static bool option_unexpected(const struct keyword_use *use, uint32_t i, const char *choices,
			      const char *haproxy)
{
	uint32_t before = use->k->d->list.n;
	int64_t choice;

	if (check_choice(use, &use->words[i], choices, &choice))
		return true;
	diag_haproxy(use->k->d, use->k->d->list.v[before], "'%s' only supports optional values: %s.",
		     use->row->name, haproxy);
	return false;
}

/* forwardfor and originalto share their words. */
static bool option_forward(const struct keyword_use *use, bool forwardfor)
{
	struct proxy_conf *px = use->draft->px;
	const char *choices = forwardfor ? "except|header|if-none" : "except|header";
	const char *haproxy = forwardfor ? "'except', 'header' and 'if-none'" : "'except' and 'header'";

	if (forwardfor) {
		px->fwdfor_except = NULL;
		px->fwdfor_header = STR_NONE;
		option_set(px, PO_FORWARDFOR_IF_NONE, false);
	} else {
		px->origto_except = NULL;
		px->origto_header = STR_NONE;
	}
	for (uint32_t i = 0; i < use->n; i++) {
		if (!option_unexpected(use, i, choices, haproxy))
			return false;
		if (str_is(use->words[i].text, "if-none")) {
			option_set(px, PO_FORWARDFOR_IF_NONE, true);
		} else if (str_is(use->words[i].text, "except")) {
			if (!option_network(use, ++i, forwardfor ? &px->fwdfor_except : &px->origto_except))
				return false;
		} else if (++i == use->n) {
			diag_haproxy(use->k->d, check_missing(use, "a name behind `header`"),
				     "'%s header' expects <header_name> as argument.", use->row->name);
			return false;
		} else {
			*(forwardfor ? &px->fwdfor_header : &px->origto_header) =
				check_keep(use->k, use->words[i].text);
		}
	}
	return true;
}

/* A word of `option forwarded` with an optional expression: "by", "by-expr <expression>". */
static bool forwarded_part(const struct keyword_use *use, uint32_t *i, struct forwarded_part *part, bool expr)
{
	struct lang_scope scope = {
		.proxy = use->draft->px, .places = AT(BE_REQ_HDR), .where = "option forwarded"};

	part->set = true;
	part->expr = NULL;
	if (!expr)
		return true;
	if (*i == use->n) {
		check_missing(use, "an expression");
		return false;
	}
	part->expr = sample_parse_words(use->k->c, use->words, use->n, i, &scope);
	return part->expr != NULL;
}

/* Without words: `proto for`. */
static bool option_forwarded(const struct keyword_use *use)
{
	static const char words[] =
		"proto|host|host-expr|by|by-expr|by_port|by_port-expr|for|for-expr|for_port|for_port-expr";
	struct forwarded_conf *f = ARENA_NEW(use->k->a, struct forwarded_conf);
	struct forwarded_part *const parts[] = {&f->host, &f->by, &f->by_port, &f->for_, &f->for_port};
	int64_t word;

	if (use->no) {
		option_set(use->draft->px, PO_FORWARDED, false);
		return true;
	}
	*f = (struct forwarded_conf){.proto = !use->n, .for_ = {.set = !use->n}};
	for (uint32_t i = 0; i < use->n;) {
		if (!check_choice(use, &use->words[i++], words, &word))
			return false;
		if (word == 0)
			f->proto = true;
		else if (!forwarded_part(use, &i, parts[(word - 1) / 2], word % 2 == 0))
			return false;
	}
	use->draft->px->forwarded = f;
	return true;
}

static bool option_log(const struct keyword_use *use, enum log_kind kind)
{
	struct draft *d = use->draft;
	uint32_t before = use->k->d->list.n;
	int64_t choice;

	if (use->n && kind == LOG_HTTP) {
		if (!check_choice(use, use->words, "clf", &choice)) {
			diag_haproxy(use->k->d, use->k->d->list.v[before],
				     "keyword 'httplog' only supports option 'clf'.");
			return false;
		}
		kind = LOG_CLF;
	}
	/* HAProxy 2.6 does not look behind httpslog. */
	if (!(kind == LOG_HTTPS && use->k->compat == 206) &&
	    !check_arity(use, 0, kind == LOG_CLF || (kind == LOG_TCP && use->k->compat >= 302) ? 1 : 0))
		return false;
	d->log_kind = (uint8_t)kind;
	d->log_format_line = use->line;
	return true;
}

static bool option_redispatch(const struct keyword_use *use)
{
	struct proxy_conf *px = use->draft->px;
	int64_t every = -1;

	if (use->no || use->preset) {
		px->redispatch_interval = 0;
		option_set(px, PO_REDISPATCH, false);
		return true;
	}
	if ((use->n && !check_number(use, use->words, 0, 0, &every)))
		return false;
	/* -1: at the last retry; HAProxy takes 0 for 1 retry back from the end, too. */
	px->redispatch_interval = (uint32_t)(int32_t)(every ? every : -1);
	return true;
}

static bool option_restrict(const struct keyword_use *use)
{
	int64_t choice;
	uint32_t before = use->k->d->list.n;

	if (use->n == 0) {
		diag_haproxy(use->k->d, check_missing(use, "one of `preserve`, `delete` or `reject`"),
			     "missing parameter. option 'http-restrict-req-hdr-names' expects 'preserve', "
			     "'reject' or 'delete' option.");
		return false;
	}
	if (check_choice(use, use->words, "preserve|delete|reject", &choice)) {
		use->draft->px->restrict_names = (uint8_t)(RESTRICT_PRESERVE + choice);
		return check_arity(use, 1, 1);
	}
	diag_haproxy(use->k->d, use->k->d->list.v[before],
		     "invalid parameter '%.*s'. option 'http-restrict-req-hdr-names' expects 'preserve', "
		     "'reject' or 'delete' option.",
		     STR_ARG(use->words[0].text));
	return false;
}

/* One kind of check at a time: what was chosen before is forgotten. */
static void kind_set(const struct keyword_use *use, enum check_kind kind)
{
	static const enum proxy_option kinds[] = {
		PO_HTTPCHK,     PO_TCP_CHECK,  PO_SSL_HELLO_CHK, PO_SMTPCHK,    PO_PGSQL_CHECK,
		PO_MYSQL_CHECK, PO_LDAP_CHECK, PO_REDIS_CHECK,   PO_SPOP_CHECK, PO_EXTERNAL_CHECK};
	struct proxy_conf *px = use->draft->px;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		option_set(px, kinds[i], false);
	px->check.kind = kind;
	px->check.user = STR_NONE;
	px->check.mysql_pre41 = false;
}

static bool option_user(const struct keyword_use *use, bool needed, uint32_t max)
{
	uint32_t before = use->k->d->list.n;
	int64_t choice;

	if (use->n == 0 && !needed)
		return true;
	if (use->n == 0) {
		diag_haproxy(use->k->d, check_missing(use, "`user` and a name"),
			     "'%s' expects 'user <username>' as argument.", use->row->name);
		return false;
	}
	if (!check_choice(use, use->words, "user", &choice)) {
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'%s' only supports optional values: 'user'.", use->row->name);
		return false;
	}
	if (use->n == 1) {
		diag_haproxy(use->k->d, check_missing(use, "a name behind `user`"),
			     "'%s user' expects <username> as argument.", use->row->name);
		return false;
	}
	if (!check_arity(use, 2, max))
		return false;
	use->draft->px->check.user = check_keep(use->k, use->words[1].text);
	return true;
}

/* mysql-check [user <name> [pre-41|post-41]] */
static bool option_mysql(const struct keyword_use *use)
{
	int64_t version = 1;

	if (!option_user(use, false, 3))
		return false;
	if (use->n == 3 && !check_choice(use, &use->words[2], "pre-41|post-41", &version))
		return false;
	use->draft->px->check.mysql_pre41 = version == 0;
	return true;
}

/* smtpchk [<hello> <domain>]: anything but HELO and EHLO is HELO localhost. */
static bool option_smtp(const struct keyword_use *use)
{
	struct check_conf *check = &use->draft->px->check;

	if (!check_arity(use, 0, 2))
		return false;
	check->smtp_greeting = STR("HELO localhost");
	if (use->n == 2 && (str_is(use->words[0].text, "EHLO") || str_is(use->words[0].text, "HELO")))
		check->smtp_greeting = arena_printf(use->k->a, "%.*s %.*s", STR_ARG(use->words[0].text),
						    STR_ARG(use->words[1].text));
	return true;
}

bool check_option_kind(const struct keyword_use *use, enum proxy_option kind)
{
	switch (kind) {
	case PO_HTTPCHK:
		kind_set(use, CHECK_HTTP);
		return check_httpchk(use);
	case PO_TCP_CHECK:
		kind_set(use, CHECK_TCP);
		return check_arity(use, 0, 0);
	case PO_SMTPCHK:
		kind_set(use, CHECK_SMTP);
		return option_smtp(use);
	case PO_MYSQL_CHECK:
		kind_set(use, CHECK_MYSQL);
		return option_mysql(use);
	case PO_PGSQL_CHECK:
		kind_set(use, CHECK_PGSQL);
		return option_user(use, true, 2);
	case PO_LDAP_CHECK:
		kind_set(use, CHECK_LDAP);
		return check_arity(use, 0, 0);
	case PO_REDIS_CHECK:
		kind_set(use, CHECK_REDIS);
		return check_arity(use, 0, 0);
	case PO_SPOP_CHECK:
		kind_set(use, CHECK_SPOP);
		return check_arity(use, 0, 0);
	case PO_SSL_HELLO_CHK:
		kind_set(use, CHECK_SSL_HELLO);
		return check_arity(use, 0, 0);
	default:
		kind_set(use, CHECK_EXTERNAL);
		return check_arity(use, 0, 0);
	}
}

static bool option_words(const struct keyword_use *use)
{
	switch (use->row->offset) {
	case PO_FORWARDFOR:
		return option_forward(use, true);
	case PO_ORIGINALTO:
		return option_forward(use, false);
	case PO_HTTPLOG:
		return option_log(use, LOG_HTTP);
	case PO_HTTPSLOG:
		return option_log(use, LOG_HTTPS);
	case PO_TCPLOG:
		return option_log(use, LOG_TCP);
	case PO_REDISPATCH:
		return option_redispatch(use);
	case PO_RESTRICT_REQ_HDR_NAMES:
		return option_restrict(use);
	case PO_TCPKA:
		return check_arity(use, 0, 0);
	case PO_FORWARDED:
		return option_forwarded(use);
	default:
		return check_option_kind(use, (enum proxy_option)use->row->offset);
	}
}

bool check_option_args(const struct keyword_use *use)
{
	if (!option_words(use))
		return false;
	if (!use->no && !use->preset)
		option_set(use->draft->px, (enum proxy_option)use->row->offset, true);
	return true;
}
