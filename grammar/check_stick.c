/* Stick tables and sticking rules, compression and filters: read and checked in shape, not effective yet
 * (manual, sections 4.2, 9 and 11). Works on the state of one walk; references to tables are looked up at the
 * end. One thread. */
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"

/* What a table can store; those with a period count per time. */
static const struct {
	const char *name;
	bool period;
	uint16_t since;
} stores[] = {
	{"server_id", 0, 0},      {"server_key", 0, 300},  {"gpt", 0, 0},
	{"gpt0", 0, 0},           {"gpc", 0, 0},           {"gpc_rate", 1, 0},
	{"gpc0", 0, 0},           {"gpc0_rate", 1, 0},     {"gpc1", 0, 0},
	{"gpc1_rate", 1, 0},      {"conn_cnt", 0, 0},      {"conn_cur", 0, 0},
	{"conn_rate", 1, 0},      {"sess_cnt", 0, 0},      {"sess_rate", 1, 0},
	{"http_req_cnt", 0, 0},   {"http_req_rate", 1, 0}, {"http_err_cnt", 0, 0},
	{"http_err_rate", 1, 0},  {"http_fail_cnt", 0, 0}, {"http_fail_rate", 1, 0},
	{"bytes_in_cnt", 0, 0},   {"bytes_in_rate", 1, 0}, {"bytes_out_cnt", 0, 0},
	{"bytes_out_rate", 1, 0}, {"glitch_cnt", 0, 300},  {"glitch_rate", 1, 300},
};

static struct diag *table_error(const struct keyword_use *use, struct span span, const char *message,
				const char *haproxy)
{
	struct diag *g = diag_add(use->k->d, D_BAD_ARGUMENT, span, "%s", message);

	if (haproxy)
		diag_haproxy(use->k->d, g, "stick-table: %s", haproxy);
	return g;
}

/* One element of a `store` list: name, name(period), gpc(3). */
static bool store_valid(const struct keyword_use *use, const struct word *w, size_t off, size_t len)
{
	struct str item = str_sub(w->text, off, len);
	size_t open = str_chr(item, '('), i = 0;
	struct str name = str_sub(item, 0, open);
	struct word period = *w;
	int64_t value;

	while (i < sizeof(stores) / sizeof(*stores) &&
	       (!str_is(name, stores[i].name) || use->k->compat < stores[i].since))
		i++;
	if (i == sizeof(stores) / sizeof(*stores)) {
		table_error(use, word_span(w, off, len), "tables do not store this",
			    arena_printf(use->k->scratch, "unknown store option '%.*s'.", STR_ARG(name)).ptr);
		return false;
	}
	if (!stores[i].period)
		return true;
	if (open + 1 >= item.len || item.ptr[item.len - 1] != ')') {
		table_error(use, word_span(w, off, len),
			    "a rate needs a period in parentheses, as in `http_req_rate(10s)`", NULL);
		return false;
	}
	period.text = str_sub(item, open + 1, item.len - open - 2);
	/* gpc_rate(number,period) */
	if (str_chr(period.text, ',') < period.text.len)
		period.text = str_tail(period.text, str_chr(period.text, ',') + 1);
	period.span = word_span(w, off, len);
	period.map = NULL;
	return check_time(use, &period, UNIT_MS, &value);
}

/* Commas inside parentheses do not separate. */
static size_t item_length(struct str s)
{
	size_t depth = 0, i = 0;

	while (i < s.len && (depth || s.ptr[i] != ',')) {
		depth += s.ptr[i] == '(';
		depth -= s.ptr[i] == ')' && depth;
		i++;
	}
	return i;
}

static bool table_store(const struct keyword_use *use, const struct word *w)
{
	for (size_t off = 0, len; off < w->text.len; off += len + 1) {
		len = item_length(str_tail(w->text, off));
		if (!store_valid(use, w, off, len))
			return false;
	}
	return true;
}

enum table_word {
	TB_TYPE,
	TB_SIZE,
	TB_EXPIRE,
	TB_STORE,
	TB_PEERS,
	TB_SRVKEY,
	TB_WRITE_TO,
	TB_NOPURGE,
	TB_RECV_ONLY,
	TB_LEN,
	TB_BRATES
};

static bool table_type(const struct keyword_use *use, uint32_t *i)
{
	struct str type = *i < use->n ? use->words[*i].text : STR_NONE;
	bool sized = str_is(type, "string") || str_is(type, "binary");
	int64_t value;

	if (!sized && !str_is(type, "ip") && !str_is(type, "ipv4") && !str_is(type, "ipv6") &&
	    !str_is(type, "integer")) {
		table_error(use, *i < use->n ? use->words[*i].span : use->span,
			    "keys are of type `ip`, `ipv6`, `integer`, `string` or `binary`",
			    arena_printf(use->k->scratch, "unknown type '%.*s'.", STR_ARG(type)).ptr);
		return false;
	}
	++*i;
	if (!sized || *i >= use->n || !str_is(use->words[*i].text, "len"))
		return true;
	*i += 2;
	if (*i > use->n) {
		check_missing(use, "a length behind `len`");
		return false;
	}
	return check_number(use, &use->words[*i - 1], 1, INT32_MAX, &value);
}

static bool table_value(const struct keyword_use *use, uint32_t *i, enum table_word word, const char *name)
{
	int64_t value;
	const struct word *w;

	if (*i == use->n) {
		table_error(use, use->span, "a value is missing behind the last word",
			    arena_printf(use->k->scratch, "missing argument after '%s'.", name).ptr);
		return false;
	}
	w = &use->words[(*i)++];
	switch (word) {
	case TB_SIZE:
		return check_size(use, w, &value);
	case TB_EXPIRE:
		return check_time(use, w, UNIT_MS, &value);
	case TB_STORE:
		return table_store(use, w);
	case TB_SRVKEY:
		return check_choice(use, w, "name|addr", &value);
	case TB_PEERS:
		check_want_section(use->k, w, PLACE_PEERS, "unable to find sync peers");
		return true;
	case TB_WRITE_TO:
		check_want_table(use->k, w);
		return true;
	default:
		return true;
	}
}

static bool table_words(const struct keyword_use *use, uint32_t seen[TB_BRATES + 1])
{
	static const char words[] =
		"type|size|expire|store|peers|srvkey|write-to|nopurge|recv-only|len|brates-factor";
	uint32_t before;
	int64_t word;

	for (uint32_t i = 0; i < use->n;) {
		const struct word *w = &use->words[i];

		before = use->k->d->list.n;
		if (!check_choice(use, w, words, &word)) {
			diag_haproxy(use->k->d, use->k->d->list.v[before],
				     "stick-table: unknown argument '%.*s'.", STR_ARG(w->text));
			return false;
		}
		i++;
		seen[word]++;
		if (word == TB_TYPE ? !table_type(use, &i)
				    : word != TB_NOPURGE && word != TB_RECV_ONLY &&
					      !table_value(use, &i, (enum table_word)word, w->text.ptr))
			return false;
	}
	return true;
}

bool check_stick_table(const struct keyword_use *use)
{
	uint32_t seen[TB_BRATES + 1] = {0};
	struct draft *d = use->draft;
	struct diag *g;

	if (!table_words(use, seen))
		return false;
	if (!seen[TB_TYPE] || !seen[TB_SIZE]) {
		table_error(use, use->span,
			    seen[TB_TYPE] ? "a stick table needs a `size`" : "a stick table needs a `type`",
			    seen[TB_SIZE] ? "missing type." : "missing size.");
		return false;
	}
	if (d->table_line) {
		g = diag_add(use->k->d, D_CONFLICT, use->span, "this proxy has a stick table already");
		diag_also(use->k->d, g, d->table_line->span, "the first one");
		return false;
	}
	d->table_line = use->line;
	d->px->stick_table = true;
	return true;
}

/* `table NAME type ...` of a peers section. */
bool check_peers_table(const struct keyword_use *use)
{
	uint32_t seen[TB_BRATES + 1] = {0};
	struct keyword_use rest = *use;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	rest.words++;
	rest.n--;
	if (!table_words(&rest, seen))
		return false;
	if (!seen[TB_SIZE])
		table_error(use, use->span, "a stick table needs a `size`", "missing size.");
	return seen[TB_SIZE];
}

bool check_stick(const struct keyword_use *use)
{
	bool response = strcmp(use->row->name, "stick store-response") == 0;
	struct lang_scope scope = {.proxy = use->draft->px,
				   .places = response ? AT(BE_STORE) : AT(BE_SET_SRV),
				   .where = response ? "storage rule" : "sticking rule"};
	uint32_t i = 0;
	struct diag *g;

	if (use->n == 0) {
		diag_haproxy(use->k->d, check_missing(use, "a sample expression"),
			     "'stick' expects a fetch method.");
		return false;
	}
	if (!sample_parse_words(use->k->c, use->words, use->n, &i, &scope))
		return false;
	if (i < use->n && str_is(use->words[i].text, "table")) {
		if (i + 1 == use->n) {
			check_missing(use, "a name behind `table`");
			return false;
		}
		check_want_table(use->k, &use->words[i + 1]);
		i += 2;
	} else {
		use->draft->wants_own_table = use->line;
	}
	if (i == use->n)
		return true;
	if (str_is(use->words[i].text, "if") || str_is(use->words[i].text, "unless"))
		return check_condition(use, i, &scope, NULL);
	g = check_extra(use, i);
	diag_haproxy(use->k->d, g, "'stick': unknown keyword '%.*s'.", STR_ARG(use->words[i].text));
	return false;
}

bool check_compression(const struct keyword_use *use)
{
	uint32_t before = use->k->d->list.n;
	int64_t word, choice;

	use->draft->compression = use->line;
	if (use->n == 0 ||
	    !check_choice(use, &use->words[0],
			  use->k->compat >= 208
				  ? "algo|type|offload|algo-req|algo-res|type-req|type-res|direction|"
				    "minsize-req|minsize-res"
				  : "algo|type|offload",
			  &word)) {
		if (use->n == 0)
			check_missing(use, "`algo`, `type` or `offload`");
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'compression' expects 'algo', 'type' or 'offload'");
		return false;
	}
	if (word == 2)
		return check_arity(use, 1, 1);
	if (use->n == 1) {
		diag_haproxy(use->k->d, check_missing(use, word == 0 ? "an algorithm" : "a type"),
			     "'compression' expects <%s>.", word == 0 ? "algorithm" : "type");
		return false;
	}
	for (uint32_t i = 1; i < use->n && (word == 0 || word == 3 || word == 4); i++) {
		before = use->k->d->list.n;
		if (check_choice(use, &use->words[i], "identity|gzip|deflate|raw-deflate", &choice))
			continue;
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'compression' : '%.*s' is not a supported algorithm.",
			     STR_ARG(use->words[i].text));
		return false;
	}
	return true;
}

bool check_filter(const struct keyword_use *use)
{
	uint32_t before = use->k->d->list.n;
	bool config = false;
	int64_t word;

	if (use->n == 0) {
		check_missing(use, "the name of a filter");
		return false;
	}
	if (!check_choice(use, &use->words[0],
			  use->k->compat >= 208 ? "trace|compression|cache|spoe|fcgi-app|opentracing|bwlim-in|"
						  "bwlim-out|comp-req|comp-res"
						: "trace|compression|cache|spoe|fcgi-app|opentracing",
			  &word)) {
		diag_haproxy(use->k->d, use->k->d->list.v[before], "'filter' : unknown keyword '%.*s'.",
			     STR_ARG(use->words[0].text));
		return false;
	}
	use->draft->filters = true;
	use->draft->filter_compression |= word == 1 || word > 7;
	if (word == 2 && use->n < 2) {
		check_missing(use, "the name of a cache section");
		return false;
	}
	if (word == 2)
		check_want_section(use->k, &use->words[1], PLACE_CACHE, "unable to find the cache");
	for (uint32_t i = 1; word == 3 && i < use->n; i++)
		config |= str_is(use->words[i].text, "config") && i + 1 < use->n;
	if (word == 3 && !config) {
		diag_haproxy(use->k->d, check_missing(use, "`config` and a file"),
			     "'filter' : ''spoe' : missing config file'");
		return false;
	}
	return true;
}

bool check_use_fcgi(const struct keyword_use *use)
{
	check_want_section(use->k, &use->words[0], PLACE_FCGI_APP, "unable to find the fcgi application");
	return true;
}

bool check_email_mailers(const struct keyword_use *use)
{
	check_want_section(use->k, &use->words[0], PLACE_MAILERS, "unable to find mailers");
	return true;
}
