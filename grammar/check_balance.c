/* Choosing servers: `balance`, `hash-type`, and what belongs to modes and retries of a backend (manual,
 * section 4.2). Works on the state of one walk; one thread. */
#include "grammar/address.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"

struct algorithm {
	const char *name;
	enum balance_kind kind;
	uint16_t since;
};

/* hdr, rdp-cookie and random may carry (...). */
static const struct algorithm algorithms[] = {
	{"roundrobin", BAL_ROUNDROBIN, 0},
	{"static-rr", BAL_STATIC_RR, 0},
	{"leastconn", BAL_LEASTCONN, 0},
	{"first", BAL_FIRST, 0},
	{"source", BAL_SOURCE, 0},
	{"uri", BAL_URI, 0},
	{"url_param", BAL_URL_PARAM, 0},
	{"hdr", BAL_HDR, 0},
	{"random", BAL_RANDOM, 0},
	{"rdp-cookie", BAL_RDP_COOKIE, 0},
	{"hash", BAL_HASH, 0},
	{"log-hash", BAL_HASH, 300},
	{"sticky", BAL_STICKY, 300},
	{"response-time", BAL_RESPONSE_TIME, 0},
};

const char *balance_name(enum balance_kind kind)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (algorithms[i].kind == kind)
			return algorithms[i].name;
	return "";
}

static const char names[] =
	"roundrobin|static-rr|leastconn|first|source|uri|url_param|hdr|random|rdp-cookie|hash";

/* Behind "name(": up to ")". */
static bool parenthesis(const struct word *w, struct str *inside)
{
	size_t open = str_chr(w->text, '(');
	size_t close = str_chr(w->text, ')');

	*inside = str_sub(w->text, open + 1, close > open ? close - open - 1 : 0);
	return close < w->text.len;
}

static struct diag *balance_error(const struct keyword_use *use, uint32_t i, const char *message)
{
	return diag_add(use->k->d, D_BAD_ARGUMENT, i < use->n ? use->words[i].span : use->span, "%s", message);
}

static bool uri_number(const struct keyword_use *use, uint32_t i, const char *name, uint32_t *field)
{
	struct str text = i < use->n ? use->words[i].text : STR_NONE;
	int64_t value;
	struct diag *g;

	if (str_to_i64(text, &value) && value > 0 && value <= INT32_MAX) {
		*field = (uint32_t)value;
		return true;
	}
	g = balance_error(use, i, "a positive number is needed here");
	diag_haproxy(use->k->d, g, "balance uri : '%s' expects a positive integer (got '%.*s').", name,
		     STR_ARG(text));
	return false;
}

static bool balance_uri(const struct keyword_use *use, struct balance_conf *b)
{
	int64_t choice;
	uint32_t before = use->k->d->list.n;

	for (uint32_t i = 1; i < use->n; i++) {
		if (!check_choice(use, &use->words[i], "len|depth|whole|path-only", &choice)) {
			diag_haproxy(use->k->d, use->k->d->list.v[before],
				     "balance uri only accepts parameters 'len', 'depth', 'path-only', and "
				     "'whole' (got '%.*s').",
				     STR_ARG(use->words[i].text));
			return false;
		}
		if (choice < 2 &&
		    !uri_number(use, i + 1, choice ? "depth" : "len", choice ? &b->depth : &b->len))
			return false;
		i += choice < 2;
		b->whole |= choice == 2;
		b->path_only |= choice == 3;
	}
	return true;
}

static bool balance_param(const struct keyword_use *use, struct balance_conf *b)
{
	int64_t choice;
	uint32_t before = use->k->d->list.n;

	if (use->n < 2) {
		diag_haproxy(use->k->d, balance_error(use, 1, "`url_param` needs the name of a parameter"),
			     "balance url_param requires an URL parameter name.");
		return false;
	}
	b->name = check_keep(use->k, use->words[1].text);
	if (use->n < 3)
		return true;
	if (check_choice(use, &use->words[2], "check_post", &choice)) {
		b->check_post = true;
		return true;
	}
	diag_haproxy(use->k->d, use->k->d->list.v[before],
		     "balance url_param only accepts 'check_post' modifier (got '%.*s').",
		     STR_ARG(use->words[2].text));
	return false;
}

static bool balance_header(const struct keyword_use *use, struct balance_conf *b)
{
	int64_t choice;
	struct str name;
	uint32_t before = use->k->d->list.n;

	if (!parenthesis(&use->words[0], &name) || !name.len) {
		diag_haproxy(use->k->d,
			     balance_error(use, 0, "`hdr` needs the name of a header field in parentheses"),
			     "balance hdr requires an http header field name.");
		return false;
	}
	b->name = check_keep(use->k, name);
	if (use->n < 2)
		return true;
	if (!check_choice(use, &use->words[1], "use_domain_only", &choice)) {
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "balance hdr(%.*s) only accepts 'use_domain_only' modifier (got '%.*s').",
			     STR_ARG(name), STR_ARG(use->words[1].text));
		return false;
	}
	b->use_domain_only = true;
	return true;
}

static bool balance_random(const struct keyword_use *use, struct balance_conf *b)
{
	struct str inside;
	uint64_t draws = 2;
	struct diag *g;

	if (str_chr(use->words[0].text, '(') < use->words[0].text.len &&
	    (!parenthesis(&use->words[0], &inside) || !str_to_u64(inside, &draws) || draws < 1 ||
	     draws > INT32_MAX)) {
		g = balance_error(use, 0, "`random` takes a number of draws in parentheses");
		diag_haproxy(use->k->d, g, "balance random : unexpected character '%c' after argument.",
			     use->words[0].text.len > 7 ? use->words[0].text.ptr[7] : ' ');
		return false;
	}
	b->draws = (uint32_t)draws;
	return true;
}

static bool balance_cookie(const struct keyword_use *use, struct balance_conf *b)
{
	struct str name = STR_NONE;

	b->name = check_keep(use->k, STR("mstshash"));
	if (str_chr(use->words[0].text, '(') == use->words[0].text.len)
		return true;
	if (!parenthesis(&use->words[0], &name) || !name.len) {
		diag_haproxy(use->k->d,
			     balance_error(use, 0, "`rdp-cookie` takes the name of a cookie in parentheses"),
			     "balance rdp-cookie : missing cookie name.");
		return false;
	}
	b->name = check_keep(use->k, name);
	return true;
}

/* log-hash: converters that are applied to the line; a text stands for it until then. */
static bool balance_log_hash(const struct keyword_use *use, struct balance_conf *b)
{
	struct lang_scope scope = {.proxy = use->draft->px, .where = "balance log-hash"};
	struct word w = use->words[1];
	uint32_t i = 0;

	w.text = arena_printf(use->k->scratch, "str(line),%.*s", STR_ARG(use->words[1].text));
	b->hash = sample_parse_words(use->k->c, &w, 1, &i, &scope);
	return b->hash != NULL;
}

static bool balance_hash(const struct keyword_use *use, struct balance_conf *b)
{
	struct lang_scope scope = {
		.proxy = use->draft->px, .places = AT(BE_SET_SRV) | AT(BE_REQ_HDR), .where = "balance hash"};
	bool of_logs = str_is(use->words[0].text, "log-hash");
	uint32_t i = 1;

	if (of_logs)
		return use->n < 2 || balance_log_hash(use, b);
	if (use->n < 2) {
		balance_error(use, 1, "`hash` needs a sample expression");
		return false;
	}
	b->hash = sample_parse_words(use->k->c, use->words, use->n, &i, &scope);
	return b->hash != NULL;
}

static const struct algorithm *algorithm_find(const struct keyword_use *use)
{
	struct str word = use->words[0].text, name = str_sub(word, 0, str_chr(word, '('));
	bool paren = name.len < word.len;

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		const struct algorithm *a = &algorithms[i];

		if (str_is(name, a->name) && use->k->compat >= a->since &&
		    (!paren || a->kind == BAL_HDR || a->kind == BAL_RANDOM || a->kind == BAL_RDP_COOKIE))
			return a;
	}
	return NULL;
}

static bool balance_words(const struct keyword_use *use, struct balance_conf *b)
{
	struct diag *g;

	switch (b->kind) {
	case BAL_URI:
		return balance_uri(use, b);
	case BAL_URL_PARAM:
		return balance_param(use, b);
	case BAL_HDR:
		return balance_header(use, b);
	case BAL_RANDOM:
		return balance_random(use, b);
	case BAL_RDP_COOKIE:
		return balance_cookie(use, b);
	case BAL_HASH:
		return balance_hash(use, b);
	default:
		if (use->n < 2)
			return true;
		g = check_severity(use->k, check_extra(use, 1), SEV_WARNING);
		g->haproxy = STR_NONE;
		diag_note(use->k->d, g, "HAProxy ignores it in silence");
		return true;
	}
}

bool check_balance(const struct keyword_use *use)
{
	struct balance_conf b = {.draws = 2};
	const struct algorithm *a;
	uint32_t before = use->k->d->list.n;
	int64_t choice;

	if (use->n == 0) /* round robin, as for HAProxy */
		return true;
	a = algorithm_find(use);
	if (!a) {
		if (!check_choice(use, &use->words[0], names, &choice))
			diag_haproxy(use->k->d, use->k->d->list.v[before], "%s", use->row->expects);
		else
			balance_error(use, 0, "this version of HAProxy does not know this algorithm");
		return false;
	}
	b.kind = a->kind;
	if (!balance_words(use, &b))
		return false;
	use->draft->px->balance = b;
	if (b.kind == BAL_RESPONSE_TIME)
		diag_note(use->k->d,
			  diag_add(use->k->d, D_EXTENSION, use->words[0].span,
				   "`balance response-time` is an extension of lbd"),
			  "HAProxy does not know it and will not start with it");
	return true;
}

bool check_hash_type(const struct keyword_use *use)
{
	struct proxy_conf *px = use->draft->px;
	int64_t method, function = 0, modifier;
	uint32_t before = use->k->d->list.n;

	if (!check_arity(use, 1, 3) || !check_choice(use, &use->words[0], "map-based|consistent", &method))
		return false;
	if (use->n > 1 && !check_choice(use, &use->words[1], "sdbm|djb2|wt6|crc32|none", &function)) {
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.");
		return false;
	}
	if (use->n > 2 && !check_choice(use, &use->words[2], "avalanche", &modifier)) {
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'hash-type' only supports 'avalanche' as a modifier for hash functions.");
		return false;
	}
	px->hash_type = (uint8_t)method;
	px->hash_func = (uint8_t)function;
	px->hash_avalanche = use->n > 2 || (method == HASH_CONSISTENT && use->n == 1); /* the default of `consistent` */
	return true;
}

bool check_balance_factor(const struct keyword_use *use)
{
	int32_t factor = use->draft->px->hash_balance_factor;
	struct diag *g;

	if (factor == 0 || factor > 100)
		return true;
	g = diag_add(use->k->d, D_OUT_OF_RANGE, use->words[0].span, "`hash-balance-factor` is out of range");
	diag_label(use->k->d, g, "0, or more than 100");
	diag_haproxy(use->k->d, g, "'hash-balance-factor' must be 0 or greater than 100.");
	return false;
}

bool check_mode(const struct keyword_use *use)
{
	struct proxy_conf *px = use->draft->px;
	struct diag *g;

	if (px->mode == MODE_HEALTH) {
		g = diag_add(use->k->d, D_REMOVED, use->words[0].span,
			     "`mode health` is not supported any more");
		diag_help(use->k->d, g,
			  "answer with `http-request return status 200` in a `mode http` frontend");
		diag_haproxy(use->k->d, g,
			     "'mode health' doesn't exist anymore. Please use 'http-request return status 200' "
			     "instead.");
		return false;
	}
	if (px->mode == MODE_SYSLOG && use->k->compat < 300) {
		g = diag_add(use->k->d, D_TOO_NEW, use->words[0].span,
			     "`mode log` is not known to this version of HAProxy");
		diag_haproxy(use->k->d, g, "unknown proxy mode 'log'.");
		return false;
	}
	return true;
}

bool check_fullconn(const struct keyword_use *use)
{
	use->draft->px->fullconn_set = true;
	return true;
}

bool check_retry_on(const struct keyword_use *use)
{
	static const char old[] =
		"conn-failure|empty-response|junk-response|response-timeout|0rtt-rejected|401|403|404|408|425|"
		"429|500|501|502|503|504|none|all-retryable-errors";
	static const char now[] =
		"conn-failure|empty-response|junk-response|response-timeout|0rtt-rejected|401|403|404|408|425|"
		"429|500|501|502|503|504|none|all-retryable-errors|421";
	const char *words = use->k->c->model->compat > 206 ? now : old;
	uint32_t bits = 0, before = use->k->d->list.n;
	int64_t choice;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	for (uint32_t i = 0; i < use->n; i++) {
		if (!check_choice(use, &use->words[i], words, &choice)) {
			diag_haproxy(use->k->d, use->k->d->list.v[before], "'retry-on': unknown keyword '%.*s'",
				     STR_ARG(use->words[i].text));
			return false;
		}
		if (choice == 16 && use->n > 1) {
			diag_haproxy(use->k->d,
				     diag_add(use->k->d, D_CONFLICT, use->words[i].span,
					      "`none` stands alone or not at all"),
				     "'retry-on' 'none' keyworld only usable alone");
			return false;
		}
		bits |= choice < 16 ? 1u << choice
			: choice == 17
				? RETRY_ON_CONN_FAILURE | RETRY_ON_EMPTY_RESPONSE | RETRY_ON_JUNK_RESPONSE |
					  RETRY_ON_RESPONSE_TIMEOUT | RETRY_ON_0RTT_REJECTED | RETRY_ON_500 |
					  RETRY_ON_502 | RETRY_ON_503 | RETRY_ON_504
			: choice == 18 ? RETRY_ON_421
				       : 0;
	}
	use->draft->px->retry_on = bits;
	return true;
}

/* Ids of proxies are unique. */
bool check_proxy_id(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct diag *g;

	k->ids_given = true;
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		const struct draft *other = k->drafts.v[i];

		if (other == use->draft || other->px->id != use->draft->px->id)
			continue;
		g = diag_add(k->d, D_DUPLICATE_ID, use->words[0].span, "the id %u is taken by another proxy",
			     use->draft->px->id);
		diag_also(k->d, g, other->section->header->span, "by this one");
		diag_haproxy(k->d, g, ": custom id %u for %s '%.*s' already used at %.*s:%u.",
			     use->draft->px->id, check_proxy_kind(use->draft), STR_ARG(use->draft->px->name),
			     STR_ARG(sources_get(k->c->sources, other->px->pos.source)->name),
			     other->px->pos.line);
		return false;
	}
	return true;
}

bool check_source(const struct keyword_use *use)
{
	uint32_t i = 0;

	if (!check_source_words(use, &i, &use->draft->px->source))
		return false;
	if (i == use->n)
		return true;
	diag_haproxy(use->k->d, check_extra(use, i),
		     "'source' only supports optional keywords 'interface' and 'usesrc'.");
	return false;
}

bool check_send_name_header(const struct keyword_use *use)
{
	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	use->draft->px->send_name_header = check_keep(use->k, use->words[0].text);
	return true;
}
