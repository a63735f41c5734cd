/* Finding commands by their words, and telling what there is. The table is commands.def. No state. */
#include <string.h>

#include "runtime/cli/cli_call.h"

enum { LIKE_MAX = 5, WORD_MAX = 32 };

static const struct cli_command commands[] = {
#define CLI_COMMAND(words, level, usage, function) {words, usage, function, level},
#include "runtime/cli/commands.def"
#undef CLI_COMMAND
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static const struct cli_command master_commands[] = {
#define CLI_COMMAND(words, level, usage, function) {words, usage, function, level},
#include "runtime/cli/commands_master.def"
#undef CLI_COMMAND
};
enum { MASTER_COMMANDS = sizeof(master_commands) / sizeof(*master_commands), LAST = 3 };

/* The i-th command that this session may know; NULL: no more. A master knows its own; with mcli-debug-mode a
 * worker's as well, behind them. The last three of either list are shown with every help. */
static const struct cli_command *command_at(const struct cli_call *c, uint32_t i)
{
	if (!c->process->cli_master)
		return i < COMMANDS ? &commands[i] : NULL;
	if (!c->session->master_debug)
		return i < MASTER_COMMANDS ? &master_commands[i] : NULL;
	if (i < MASTER_COMMANDS - LAST)
		return &master_commands[i];
	i -= MASTER_COMMANDS - LAST;
	return i < COMMANDS ? &commands[i] : NULL;
}

/* A worker's row says the same. */
static bool is_shown_below(const struct cli_call *c, uint32_t i)
{
	if (!c->process->cli_master || !c->session->master_debug || i >= MASTER_COMMANDS - LAST)
		return false;
	for (uint32_t k = 0; k < COMMANDS; k++)
		if (!strcmp(commands[k].words, master_commands[i].words))
			return true;
	return false;
}

static bool is_last(const struct cli_call *c, uint32_t i)
{
	return !command_at(c, i + LAST);
}

static struct str next_word(struct str *text)
{
	size_t n = str_chr(*text, ' ');
	struct str word = str_sub(*text, 0, n);

	*text = str_tail(*text, n + 1);
	return word;
}

/* How many words of the call, from `first` on, are those of the command; *all when none of the command's is
 * missing. */
static uint32_t words_match(const struct cli_command *cmd, const struct cli_call *c, uint32_t first, bool *all)
{
	struct str words = str_from(cmd->words);
	uint32_t n = 0;

	while (words.len && first + n < c->n && str_eq(next_word(&words), c->words[first + n]))
		n++;
	words = str_from(cmd->words);
	for (uint32_t i = 0; i < n; i++)
		next_word(&words);
	*all = !words.len;
	return n;
}

const struct cli_command *cli_find(const struct cli_call *c)
{
	bool all;

	const struct cli_command *cmd;

	for (uint32_t i = 0; (cmd = command_at(c, i)); i++)
		if (words_match(cmd, c, 0, &all) && all)
			return cmd;
	return NULL;
}

/* --- help */

static bool is_visible(const struct cli_call *c, const struct cli_command *cmd)
{
	return cmd->usage && (c->session->expert || !(cmd->level & CLI_EXPERT)) &&
	       (c->session->experimental || !(cmd->level & CLI_EXPERIMENTAL));
}

static void put_usage(struct cli_call *c, const struct cli_command *cmd)
{
	out_puts(c->out, "  ");
	out_puts(c->out, cmd->usage);
	out_char(c->out, '\n');
}

void cli_help(struct cli_call *c, const char *title)
{
	const struct cli_command *cmd;

	out_puts(c->out, title);
	for (uint32_t i = 0; (cmd = command_at(c, i)); i++)
		if (is_visible(c, cmd) && !is_shown_below(c, i))
			put_usage(c, cmd);
}

/* Letters to insert, delete or replace to turn one word into the other. */
static uint32_t distance(struct str a, struct str b)
{
	uint32_t row[WORD_MAX + 1], corner, up;

	if (a.len > WORD_MAX || b.len > WORD_MAX)
		return UINT32_MAX;
	for (uint32_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (uint32_t i = 0; i < a.len; i++) {
		corner = row[0];
		row[0] = i + 1;
		for (uint32_t j = 0; j < b.len; j++) {
			uint32_t best = corner + (a.ptr[i] != b.ptr[j]);

			up = row[j + 1];
			if (up + 1 < best)
				best = up + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
			corner = up;
		}
	}
	return row[b.len];
}

/* The command's word at that place compared with the one that was written; a beginning counts as near. */
static uint32_t word_cost(const struct cli_command *cmd, uint32_t at, struct str written)
{
	struct str words = str_from(cmd->words), word = STR_NONE;

	for (uint32_t i = 0; i <= at; i++)
		word = next_word(&words);
	if (!word.len)
		return UINT32_MAX;
	if (str_starts(word, written))
		return 0;
	return distance(word, written);
}

struct like {
	uint32_t index[LIKE_MAX], cost[LIKE_MAX], n;
};

static void like_offer(struct like *l, uint32_t index, uint32_t cost)
{
	uint32_t at = l->n;

	while (at > 0 && cost < l->cost[at - 1])
		at--;
	if (at == LIKE_MAX)
		return;
	if (l->n < LIKE_MAX)
		l->n++;
	for (uint32_t i = l->n - 1; i > at; i--) {
		l->cost[i] = l->cost[i - 1];
		l->index[i] = l->index[i - 1];
	}
	l->cost[at] = cost;
	l->index[at] = index;
}

static bool like_holds(const struct like *l, uint32_t index)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->index[i] == index)
			return true;
	return false;
}

/* Those that agree in the most words; among them, when more words were written, the few whose next word is
 * nearest. Help, prompt and quit always. */
void cli_help_like(struct cli_call *c, uint32_t first, const char *title_some, const char *title_all)
{
	uint32_t best = 0, n;
	const struct cli_command *cmd;
	struct like like = {.n = 0};
	bool all, more;

	if (c->n <= first) {
		cli_help(c, title_all);
		return;
	}
	for (uint32_t i = 0; (cmd = command_at(c, i)); i++)
		if (is_visible(c, cmd) && (n = words_match(cmd, c, first, &all)) > best)
			best = n;
	more = c->n > first + best;
	out_puts(c->out, title_some);
	for (uint32_t i = 0; (cmd = command_at(c, i)); i++)
		if (is_visible(c, cmd) && words_match(cmd, c, first, &all) == best)
			like_offer(&like, i, more && !all ? word_cost(cmd, best, c->words[first + best]) : 0);
	while (more && like.n > 1 && !like.cost[0] && like.cost[like.n - 1])
		like.n--; /* the word is the beginning of some: the others are not meant */
	for (uint32_t i = 0; (cmd = command_at(c, i)); i++) {
		bool same = best && !more && words_match(cmd, c, first, &all) == best;

		if (is_visible(c, cmd) && !is_shown_below(c, i) &&
		    (same || like_holds(&like, i) || is_last(c, i)))
			put_usage(c, cmd);
	}
}

void cli_unknown(struct cli_call *c)
{
	cli_severity_put(c, CLI_INFO);
	cli_help_like(c, 0, "Unknown command, but maybe one of the following ones is a better match:\n",
		      "Unknown command. Please enter one of the following commands only:\n");
}

void cmd_help(struct cli_call *c)
{
	static const char title[] = "The following commands are valid at this level:\n";

	cli_help_like(c, 1, title, title);
}
