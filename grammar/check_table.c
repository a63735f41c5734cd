/* `stick-table` lines and tables of peers sections, into the model (manual, keyword "stick-table"). Works on
 * the state of one walk; names of peers sections and of other tables are looked up at the end. One thread. */
#include "grammar/check_proxy.h"
#include "grammar/check_names.h"
#include "grammar/check_rows.h"

enum { TEXT_LEN = 31, BINARY_LEN = 32, ARRAY_MAX = 100 };

static const struct stick_data_row data_rows[STICK_DATA_COUNT] = {
#define STICK_DATA(id, name, kind, since) {name, STICK_##kind, since},
#include "grammar/keywords/stick_data.def"
#undef STICK_DATA
};

const struct stick_data_row *stick_data_row(enum stick_data data)
{
	return &data_rows[data];
}

enum stick_data stick_data_find(struct str name)
{
	int i = 0;

	while (i < STICK_DATA_COUNT && !str_is(name, data_rows[i].name))
		i++;
	return (enum stick_data)i;
}

/* A table while its line is read. */
struct table_reader {
	const struct keyword_use *use;
	struct table_conf *t;
	bool typed;
};

static bool table_error(const struct keyword_use *use, struct span span, const char *message,
			struct str haproxy)
{
	struct diag *g = diag_add(use->k->d, D_BAD_ARGUMENT, span, "%s", message);

	if (haproxy.ptr)
		diag_haproxy(use->k->d, g, "stick-table: %.*s", STR_ARG(haproxy));
	return false;
}

/* One element of a `store` list: name, name(period), name(length), name(length,period). */
struct store_item {
	enum stick_data data;
	struct span span;
	struct str name;
	struct word length, period; /* as far as its kind has them */
};

static bool item_error(const struct table_reader *r, const struct store_item *item, const char *message,
		       const char *haproxy)
{
	return table_error(
		r->use, item->span, message,
		arena_printf(r->use->k->scratch, "%s store option '%.*s'.", haproxy, STR_ARG(item->name)));
}

static bool kind_is_rate(uint8_t kind)
{
	return kind == STICK_RATE || kind == STICK_RATES;
}

static bool kind_is_array(uint8_t kind)
{
	return kind == STICK_U32S || kind == STICK_RATES;
}

/* Cuts the text in parentheses into a length and a period, as the kind wants them. */
static bool item_arguments(const struct table_reader *r, struct store_item *item, struct str args)
{
	uint8_t kind = data_rows[item->data].kind;
	size_t comma = str_chr(args, ',');

	if (!kind_is_rate(kind) && !kind_is_array(kind))
		return !args.ptr || item_error(r, item, "this takes no argument", "unexpected argument to");
	if (!args.len || (kind == STICK_RATES && comma + 1 >= args.len))
		return item_error(r, item,
				  kind_is_rate(kind)
					  ? "a rate needs a period in parentheses, as in `http_req_rate(10s)`"
					  : "an array needs its length in parentheses, as in `gpc(3)`",
				  "missing argument to");
	item->length.text = str_sub(args, 0, comma);
	item->period.text = kind == STICK_RATES ? str_tail(args, comma + 1) : args;
	return true;
}

static bool item_values(const struct table_reader *r, const struct store_item *item)
{
	uint8_t kind = data_rows[item->data].kind;
	int64_t length = 1, period = 0;

	if (kind_is_array(kind) &&
	    (!str_to_i64(item->length.text, &length) || length < 1 || length > ARRAY_MAX))
		return item_error(r, item, "an array has 1 to 100 elements",
				  "array size is out of allowed range (1-100) for");
	if (kind_is_rate(kind)) {
		uint32_t before = r->use->k->d->list.n;

		if (!check_time(r->use, &item->period, UNIT_MS, &period)) {
			diag_haproxy(r->use->k->d, r->use->k->d->list.v[before],
				     "stick-table: error when processing store option '%.*s'.",
				     STR_ARG(item->name));
			return false;
		}
	}
	r->t->stores |= 1u << item->data;
	r->t->length[item->data] = (uint32_t)length;
	r->t->period[item->data] = period ? (uint32_t)period : 1;
	return true;
}

/* What tables store in this version, for a name that is none of it. */
static bool store_unknown(const struct table_reader *r, struct span span, struct str name)
{
	struct checker *k = r->use->k;
	struct suggest s;

	suggest_start(&s, name);
	for (unsigned i = 0; i < STICK_DATA_COUNT; i++)
		if (k->compat >= data_rows[i].since)
			suggest_offer(&s, str_from(data_rows[i].name));
	table_error(r->use, span, "tables do not store this",
		    arena_printf(k->scratch, "unknown store option '%.*s'.", STR_ARG(name)));
	check_suggest_at(k, k->d->list.v[k->d->list.n - 1], &s, span);
	return false;
}

static bool store_item(const struct table_reader *r, const struct word *w, size_t off, size_t len)
{
	struct str text = str_sub(w->text, off, len), args = STR_NONE;
	size_t open = str_chr(text, '(');
	struct store_item item = {.span = word_span(w, off, len), .name = str_sub(text, 0, open)};

	item.length = item.period = *w;
	item.length.span = item.period.span = item.span;
	item.length.map = item.period.map = NULL;
	item.data = stick_data_find(item.name);
	if (item.data == STICK_DATA_COUNT || r->use->k->compat < data_rows[item.data].since)
		return store_unknown(r, word_span(w, off, item.name.len), item.name);
	if (open < text.len)
		args = str_sub(text, open + 1, text.len - open - 1 - (text.ptr[text.len - 1] == ')'));
	if (!item_arguments(r, &item, args))
		return false;
	if (table_stores(r->t, item.data)) {
		diag_haproxy(r->use->k->d,
			     diag_add(r->use->k->d, D_ALREADY_SET, item.span, "this is stored already"),
			     ": stick-table: store option '%.*s' already enabled, ignored.",
			     STR_ARG(item.name));
		return true;
	}
	return item_values(r, &item);
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

/* An array stands for the single ones of its kind. */
static bool arrays_alone(const struct table_reader *r, const struct word *w)
{
	static const struct {
		uint8_t array, one, two;
		const char *text, *singles;
	} pairs[] = {{STICK_GPC, STICK_GPC0, STICK_GPC1, "gpc", "gpc[0/1]"},
		     {STICK_GPT, STICK_GPT0, STICK_GPT0, "gpt", "gpt0"},
		     {STICK_GPC_RATE, STICK_GPC0_RATE, STICK_GPC1_RATE, "gpc_rate", "gpc[0/1]_rate"}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (table_stores(r->t, pairs[i].array) &&
		    (table_stores(r->t, pairs[i].one) || table_stores(r->t, pairs[i].two)))
			return table_error(r->use, w->span,
					   "an array cannot be stored together with single ones of its kind",
					   arena_printf(r->use->k->scratch,
							"simultaneous usage of '%s' and '%s' in a same table "
							"is not permitted as "
							"'%s' overrides '%s'.",
							pairs[i].text, pairs[i].singles, pairs[i].text,
							pairs[i].singles));
	return true;
}

static bool table_store(const struct table_reader *r, const struct word *w)
{
	for (size_t off = 0, len; off < w->text.len; off += len + 1) {
		len = item_length(str_tail(w->text, off));
		if (!store_item(r, w, off, len))
			return false;
	}
	return arrays_alone(r, w);
}

enum table_word {
	TB_TYPE,
	TB_SIZE,
	TB_EXPIRE,
	TB_STORE,
	TB_PEERS,
	TB_SRVKEY,
	TB_NOPURGE,
	TB_WRITE_TO,
	TB_RECV_ONLY,
	TB_BRATES
};

static const struct key_type {
	const char *name;
	uint8_t type;
	uint8_t len;
} key_types[] = {{"ip", STICK_KEY_IPV4, 4},
		 {"ipv4", STICK_KEY_IPV4, 4},
		 {"ipv6", STICK_KEY_IPV6, 16},
		 {"integer", STICK_KEY_INTEGER, 4},
		 {"string", STICK_KEY_STRING, TEXT_LEN},
		 {"binary", STICK_KEY_BINARY, BINARY_LEN}};
enum { KEY_TYPES = sizeof(key_types) / sizeof(*key_types) };

static bool type_find(struct str word, struct table_conf *t)
{
	for (size_t i = 0; i < KEY_TYPES; i++) {
		if (!str_is(word, key_types[i].name))
			continue;
		t->key_type = key_types[i].type;
		t->key_len = key_types[i].len;
		return true;
	}
	return false;
}

/* The word at `i` is no type of keys, or there is none. */
static bool type_error(const struct keyword_use *use, uint32_t i)
{
	struct checker *k = use->k;
	struct str type = i < use->n ? use->words[i].text : STR_NONE;
	struct diag *g = diag_add(k->d, D_BAD_ARGUMENT, i < use->n ? use->words[i].span : use->span,
				  "keys are of type `ip`, `ipv6`, `integer`, `string` or `binary`");
	struct suggest s;

	diag_haproxy(k->d, g, "stick-table: unknown type '%.*s'.", STR_ARG(type));
	if (i == use->n)
		return false;
	suggest_start(&s, type);
	for (size_t j = 0; j < KEY_TYPES; j++)
		suggest_offer(&s, str_from(key_types[j].name));
	check_did_you_mean(k, g, &s, &use->words[i], true);
	return false;
}

static bool table_type(struct table_reader *r, uint32_t *i)
{
	const struct keyword_use *use = r->use;
	int64_t value;

	r->typed = *i < use->n && type_find(use->words[*i].text, r->t);
	if (!r->typed)
		return type_error(use, *i);
	++*i;
	if ((r->t->key_type != STICK_KEY_STRING && r->t->key_type != STICK_KEY_BINARY) || *i >= use->n ||
	    !str_is(use->words[*i].text, "len"))
		return true;
	*i += 2;
	if (*i > use->n) {
		check_missing(use, "a length behind `len`");
		return false;
	}
	if (!check_number(use, &use->words[*i - 1], 1, INT32_MAX, &value))
		return false;
	r->t->key_len = (uint32_t)value;
	return true;
}

static bool value_size(const struct table_reader *r, const struct word *w)
{
	int64_t value;

	if (!check_size(r->use, w, &value))
		return false;
	r->t->size = (uint32_t)(value < UINT32_MAX ? value : UINT32_MAX);
	return true;
}

static bool value_expire(const struct table_reader *r, const struct word *w)
{
	int64_t value;

	if (!check_time(r->use, w, UNIT_MS, &value))
		return false;
	r->t->expire = (uint32_t)value;
	return true;
}

static bool value_brates(const struct table_reader *r, const struct word *w)
{
	int64_t value;

	if (!check_number(r->use, w, 1, INT32_MAX, &value))
		return false;
	r->t->brates_factor = (uint32_t)value;
	return true;
}

static bool table_value(const struct table_reader *r, uint32_t *i, enum table_word word, const char *name)
{
	const struct keyword_use *use = r->use;
	const struct word *w;
	int64_t value;

	if (*i == use->n && word == TB_STORE && use->k->compat == 206)
		return true;
	if (*i == use->n)
		return table_error(use, use->span, "a value is missing behind the last word",
				   arena_printf(use->k->scratch, "missing argument after '%s'.", name));
	w = &use->words[(*i)++];
	switch (word) {
	case TB_SIZE:
		return value_size(r, w);
	case TB_EXPIRE:
		return value_expire(r, w);
	case TB_STORE:
		return table_store(r, w);
	case TB_BRATES:
		return value_brates(r, w);
	case TB_SRVKEY:
		if (!check_choice(use, w, "name|addr", &value))
			return false;
		r->t->server_addr = value == 1;
		return true;
	case TB_PEERS:
		r->t->peers = check_keep(use->k, w->text);
		check_want_section(use->k, w, PLACE_PEERS, "unable to find sync peers");
		return true;
	default:
		r->t->write_to_name = check_keep(use->k, w->text);
		check_want_table(use->k, w);
		return true;
	}
}

static bool table_words(struct table_reader *r)
{
	const struct keyword_use *use = r->use;
	const char *words = use->k->compat >= 208
				    ? "type|size|expire|store|peers|srvkey|nopurge|write-to|recv-only|"
				      "brates-factor"
				    : "type|size|expire|store|peers|srvkey|nopurge";
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
		if (word == TB_NOPURGE)
			r->t->nopurge = true;
		else if (word == TB_RECV_ONLY)
			r->t->recv_only = true;
		else if (word == TB_TYPE ? !table_type(r, &i)
					 : !table_value(r, &i, (enum table_word)word, w->text.ptr))
			return false;
	}
	return true;
}

/* The words of a table, into a new one in the model. NULL after an error. */
static struct table_conf *table_read(const struct keyword_use *use, struct str name)
{
	struct checker *k = use->k;
	struct table_conf *t = ARENA_NEW(k->a, struct table_conf);
	struct table_reader r = {.use = use, .t = t};

	t->name = check_keep(k, name);
	t->pos = check_pos(k, use->line);
	t->brates_factor = 1;
	if (!table_words(&r))
		return NULL;
	if (!t->size || !r.typed)
		table_error(use, use->span,
			    r.typed ? "a stick table needs a `size`" : "a stick table needs a `type`",
			    t->size ? STR("missing type.") : STR("missing size."));
	return t->size && r.typed ? t : NULL;
}

static void table_add(struct checker *k, struct table_conf *t)
{
	t->id = k->m->tables.n;
	*vec_push(k->a, &k->m->tables) = t;
}

bool check_stick_table(const struct keyword_use *use)
{
	struct draft *d = use->draft;
	struct table_conf *t;
	struct diag *g;

	t = table_read(use, d->px->name);
	if (!t)
		return false;
	if (d->table_line) {
		g = diag_add(use->k->d, D_CONFLICT, use->span, "this proxy has a stick table already");
		diag_also(use->k->d, g, d->table_line->span, "the first one");
		return false;
	}
	d->table_line = use->line;
	t->proxy = d->px;
	d->px->table = t;
	table_add(use->k, t);
	return true;
}

/* `table NAME type ...` of a peers section. */
bool check_peers_table(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct keyword_use rest = *use;
	struct str section = k->named->name ? k->named->name->text : STR_NONE;
	struct table_conf *t;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	rest.words++;
	rest.n--;
	t = table_read(&rest,
		       arena_printf(k->scratch, "%.*s/%.*s", STR_ARG(section), STR_ARG(use->words[0].text)));
	if (!t)
		return false;
	t->peers = check_keep(k, section);
	table_add(k, t);
	return true;
}
