/* `show table`, `set table` and `clear table` (management manual, section 9.3), with HAProxy's words and its
 * order of keys. Runs on the session's worker: tables may be used by anybody. */
#include <stdlib.h>

#include "runtime/cli/cli_call.h"
#include "runtime/stick/key.h"
#include "runtime/stick/peers.h"
#include "runtime/stick/value.h"

enum { FILTERS_MAX = 4 };
enum table_action { TABLE_SHOW, TABLE_SET, TABLE_CLEAR };
enum filter_operator { OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT, OP_COUNT };

struct table_filter {
	enum stick_data data;
	enum filter_operator op;
	int64_t value;
};

/* A command on one table. */
struct table_job {
	struct cli_call *c;
	enum table_action action;
	struct stick_table *table;
	uint64_t now;
	struct table_filter filters[FILTERS_MAX];
	uint32_t nfilters;
	const void *pointer; /* only this entry */
	struct out lines;
	struct dump_line *index;
	size_t n, cap;
	bool no_memory;
};

/* Where one entry's line lies in job->lines, key and text: entries are shown in the order of their keys. */
struct dump_line {
	const char *key, *text; /* set when all lines stand */
	size_t at;
	uint32_t key_len, text_len;
};

static struct stick_table *find_table(struct cli_call *c, struct str name)
{
	struct stick_tables *all = c->generation->tables;

	for (uint32_t i = 0; i < all->n; i++)
		if (str_eq(all->v[i]->conf->name, name))
			return all->v[i];
	return NULL;
}

/* --- showing */

static void put_header(struct out *o, struct stick_table *t)
{
	out_printf(o, "# table: %.*s, type: %s, size:%u, used:%u\n", STR_ARG(t->conf->name),
		   stick_key_type_name(t->conf->key_type), t->conf->size, atomic_load(&t->used));
}

static void put_value(struct out *o, const struct stick_hold *h, enum stick_data data, uint32_t index,
		      uint64_t now)
{
	const struct stick_data_row *row = stick_data_row(data);
	int64_t value = 0;
	struct str text;

	stick_read(h, data, index, now, &value);
	switch (row->kind) {
	case STICK_U32S:
		out_printf(o, " %s%u=%lld", row->name, index, (long long)value);
		break;
	case STICK_RATES:
		out_printf(o, " gpc%u_rate(%u)=%lld", index, h->table->conf->period[data], (long long)value);
		break;
	case STICK_RATE:
		out_printf(o, " %s(%u)=%lld", row->name, h->table->conf->period[data], (long long)value);
		break;
	case STICK_STRING:
		text = stick_text_get(h->table->owner, (uint32_t)value);
		out_printf(o, " %s=%.*s", row->name, STR_ARG(text.len ? text : STR("-")));
		break;
	default:
		out_printf(o, " %s=%lld", row->name, (long long)value);
	}
}

static void put_entry(struct table_job *job, const struct stick_hold *h, struct out *o)
{
	const struct table_conf *conf = h->table->conf;

	out_printf(o, "%p: key=", (const void *)h->entry);
	stick_key_print(o, conf, stick_key(h->table, h->entry));
	out_printf(o, " use=%u exp=%u", h->entry->refs, stick_left(h, job->now));
	if (job->c->process->compat >= 207)
		out_printf(o, " shard=%u", peers_shard(h));
	for (int d = 0; d < STICK_DATA_COUNT; d++)
		for (uint32_t i = 0; table_stores(conf, d) && i < conf->length[d]; i++)
			put_value(o, h, (enum stick_data)d, i, job->now);
	out_char(o, '\n');
}

static bool filter_matches(const struct table_filter *f, const struct stick_hold *h, uint64_t now)
{
	int64_t v;

	if (!stick_read(h, f->data, 0, now, &v))
		return false;
	switch (f->op) {
	case OP_EQ:
		return v == f->value;
	case OP_NE:
		return v != f->value;
	case OP_LE:
		return v <= f->value;
	case OP_GE:
		return v >= f->value;
	case OP_LT:
		return v < f->value;
	default:
		return v > f->value;
	}
}

static bool job_wants(struct stick_hold *h, void *ctx)
{
	const struct table_job *job = ctx;

	for (uint32_t i = 0; i < job->nfilters; i++)
		if (!filter_matches(&job->filters[i], h, job->now))
			return false;
	return !job->pointer || job->pointer == h->entry;
}

static bool dump_entry(struct stick_hold *h, void *ctx)
{
	struct table_job *job = ctx;
	struct str key = stick_key(h->table, h->entry);
	struct dump_line *line;

	if (!job_wants(h, ctx))
		return true;
	if (job->n == job->cap) {
		size_t cap = job->cap ? 2 * job->cap : 64;
		struct dump_line *more = realloc(job->index, cap * sizeof(*more));

		job->no_memory = !more;
		if (!more)
			return false;
		job->index = more;
		job->cap = cap;
	}
	line = &job->index[job->n++];
	line->at = job->lines.len;
	line->key_len = (uint32_t)key.len;
	out_str(&job->lines, key);
	put_entry(job, h, &job->lines);
	line->text_len = (uint32_t)(job->lines.len - line->at - key.len);
	return !job->lines.truncated;
}

static int compare_lines(const void *a, const void *b)
{
	const struct dump_line *x = a, *y = b;

	return str_cmp(str_make(x->key, x->key_len), str_make(y->key, y->key_len));
}

static void dump_table(struct table_job *job)
{
	struct out *o = job->c->out;

	job->lines = out_growing(CLI_ANSWER_MAX);
	stick_each(job->table, job->now, dump_entry, job);
	put_header(o, job->table);
	for (size_t i = 0; i < job->n; i++) {
		job->index[i].key = job->lines.buf + job->index[i].at;
		job->index[i].text = job->index[i].key + job->index[i].key_len;
	}
	if (job->n)
		qsort(job->index, job->n, sizeof(*job->index), compare_lines);
	for (size_t i = 0; i < job->n; i++)
		out_bytes(o, job->index[i].text, job->index[i].text_len);
	if (job->no_memory || job->lines.truncated)
		cli_say(job->c, CLI_ERR, "Out of memory.");
	free(job->index);
	out_free(&job->lines);
}

/* --- words */

static bool filter_read(struct table_job *job, uint32_t i)
{
	static const char *const operators[OP_COUNT] = {"eq", "ne", "le", "ge", "lt", "gt"};
	struct table_filter *f = &job->filters[i];
	const struct str *words = &job->c->words[3 + 3 * i];
	int op = 0;

	f->data = stick_data_find(str_tail(words[0], 5));
	if (f->data == STICK_DATA_COUNT && words[0].len) {
		cli_say(job->c, CLI_ERR, "Filter entry #%u: Unknown data type", i + 1);
		return false;
	}
	if (f->data < STICK_DATA_COUNT && !job->table->offsets[f->data]) {
		cli_say(job->c, CLI_ERR, "Filter entry #%u: Data type not stored in this table", i + 1);
		return false;
	}
	while (op < OP_COUNT && !str_is(words[1], operators[op]))
		op++;
	if (op == OP_COUNT) {
		cli_say(job->c, CLI_ERR,
			"Filter entry #%u: Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", "
			"\"gt\"",
			i + 1);
		return false;
	}
	f->op = (enum filter_operator)op;
	if (!str_to_i64(words[2], &f->value)) {
		cli_say(job->c, CLI_ERR, "Filter entry #%u: Require a valid integer value to compare against",
			i + 1);
		return false;
	}
	return true;
}

static bool filters_read(struct table_job *job)
{
	const struct str *words = job->c->words;
	uint32_t last = 3 + 3 * FILTERS_MAX;

	while (job->nfilters < FILTERS_MAX && words[3 + 3 * job->nfilters].len) {
		if (!filter_read(job, job->nfilters))
			return false;
		job->nfilters++;
	}
	if (job->nfilters < FILTERS_MAX || !words[last].len)
		return true;
	cli_say(job->c, CLI_ERR, "Detected extra data in filter, %uth word of input, after '%.*s'", last + 1,
		STR_ARG(words[last - 1]));
	return false;
}

static void run_filtered(struct table_job *job)
{
	bool may = job->c->session->level >= CLI_OPERATOR;

	if (job->action == TABLE_SHOW && may) {
		dump_table(job);
	} else if (job->action == TABLE_SHOW) {
		put_header(job->c->out, job->table);
		out_puts(job->c->out, "# contents not dumped due to insufficient privileges\n");
	} else if (may) {
		stick_clear(job->table, job->now, job_wants, job);
	}
}

/* `set table T key K data.gpc0 1 ...`, with the entry held. */
static bool set_values(struct table_job *job, struct stick_hold *h)
{
	struct cli_call *c = job->c;

	for (uint32_t i = 5; c->words[i].len; i += 2) {
		enum stick_data data = stick_data_find(str_tail(c->words[i], 5));
		int64_t value;

		if (!str_starts(c->words[i], STR("data.")))
			cli_say(c, CLI_ERR, "\"data.<type>\" followed by a value expected");
		else if (data == STICK_DATA_COUNT)
			cli_say(c, CLI_ERR, "Unknown data type");
		else if (!job->table->offsets[data])
			cli_say(c, CLI_ERR, "Data type not stored in this table");
		else if (!str_to_i64(c->words[i + 1], &value) || stick_data_row(data)->kind == STICK_STRING)
			cli_say(c, CLI_ERR, "Require a valid integer value to store");
		else {
			stick_write(h, data, 0, job->now, value);
			continue;
		}
		return false;
	}
	return true;
}

static void run_set(struct table_job *job, struct str key)
{
	struct stick_hold h;

	if (!stick_open(&h, job->table, key, job->now)) {
		cli_say(job->c, CLI_ERR, "Unable to allocate a new entry");
		return;
	}
	set_values(job, &h);
	stick_touch(&h, job->now);
	stick_leave(&h);
}

static void run_show(struct table_job *job, struct str key)
{
	struct stick_hold h;

	stick_sweep(job->table, job->now, 0);
	if (!stick_find(&h, job->table, key, job->now))
		return;
	put_header(job->c->out, job->table);
	put_entry(job, &h, job->c->out);
	stick_leave(&h);
}

static void run_clear(struct table_job *job, struct str key)
{
	struct stick_hold h;

	if (stick_find(&h, job->table, key, job->now) && !stick_remove(&h))
		cli_say(job->c, CLI_ERR, "Entry currently in use, cannot remove");
}

static void run_key(struct table_job *job)
{
	static const char *const gerunds[] = {"Showing", "Inserting", "Removing"}, *const prepositions[] = {
											   "from", "into",
											   "from"};
	struct str word = job->c->words[4], key;
	struct stick_key_room room;

	if (!word.len) {
		cli_say(job->c, CLI_ERR, "Key value expected");
		return;
	}
	if (!cli_level_is(job->c, CLI_OPERATOR))
		return;
	if (job->table->conf->key_type == STICK_KEY_BINARY) {
		cli_say(job->c, CLI_ERR,
			"%s keys %s tables of type other than ip, ipv6, string and integer is not supported",
			gerunds[job->action], prepositions[job->action]);
		return;
	}
	if (!stick_key_parse(job->table->conf, word, &room, &key)) {
		cli_say(job->c, CLI_ERR, "Invalid key");
		return;
	}
	if (job->action == TABLE_SHOW)
		run_show(job, key);
	else if (job->action == TABLE_SET)
		run_set(job, key);
	else
		run_clear(job, key);
}

/* `ptr 0x...`, of HAProxy 3.0 and later. */
static void run_pointer(struct table_job *job)
{
	char text[32] = "";
	struct str word = job->c->words[4];

	memcpy(text, word.ptr ? word.ptr : "", word.len < sizeof(text) ? word.len : sizeof(text) - 1);
	job->pointer = (const void *)(uintptr_t)strtoull(text, NULL, 16);
	if (job->pointer)
		run_filtered(job);
	else
		cli_say(job->c, CLI_ERR, "Pointer expected (0xffff notation)");
}

static const char *const usages[] = {
	"Optional argument only supports \"data.<store_data_type>\" <operator> <value> and key <key>",
	"Required arguments: <table> key <key> [data.<store_data_type> <value>]*",
	"Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key>",
};

static void run_words(struct table_job *job)
{
	struct str word = job->c->words[3];

	if (str_is(word, "key")) {
		run_key(job);
	} else if (str_starts(word, STR("data.")) && job->action == TABLE_SET) {
		cli_say(job->c, CLI_ERR,
			"content-based lookup is only supported with the \"show\" and \"clear\" actions");
	} else if (str_starts(word, STR("data."))) {
		if (filters_read(job))
			run_filtered(job);
	} else if (str_is(word, "ptr") && job->action != TABLE_SET && job->c->process->compat >= 300) {
		run_pointer(job);
	} else if (!word.len) {
		if (job->action != TABLE_SET) /* HAProxy says nothing */
			run_filtered(job);
	} else {
		cli_say(job->c, CLI_ERR, "%s", usages[job->action]);
	}
}

static void run(struct cli_call *c, enum table_action action)
{
	struct table_job job = {.c = c, .action = action, .now = c->worker->now};

	job.table = find_table(c, c->words[2]);
	if (job.table)
		run_words(&job);
	else if (c->words[2].len)
		cli_say(c, CLI_ERR, "No such table");
	else
		cli_say(c, CLI_ERR, "%s", usages[action]);
}

/* Those that were declared last come first. */
static void show_all(struct cli_call *c)
{
	struct stick_tables *all = c->generation->tables;

	for (uint32_t i = all->n; i-- > 0;) {
		stick_sweep(all->v[i], c->worker->now, 0);
		put_header(c->out, all->v[i]);
	}
}

void cmd_show_table(struct cli_call *c)
{
	if (c->words[2].len)
		run(c, TABLE_SHOW);
	else
		show_all(c);
}

void cmd_set_table(struct cli_call *c)
{
	run(c, TABLE_SET);
}

void cmd_clear_table(struct cli_call *c)
{
	run(c, TABLE_CLEAR);
}
