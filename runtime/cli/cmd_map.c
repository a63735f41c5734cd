/* `show|get|add|del|set|clear|prepare|commit map` and `acl` (management manual, section 9.3), with HAProxy's
 * words. The objects are shared by all workers and locked by themselves; runs on the session's worker. */
#include <stdlib.h>

#include "runtime/cli/cli_call.h"
#include "runtime/eval/engine.h"
#include "runtime/eval/pattern_ref.h"

/* A command: words behind it begin at `at`. */
struct map_job {
	struct cli_call *c;
	bool map; /* else acl */
	uint32_t at, version;
	struct pattern_ref *ref;
};

static struct pattern_refs *refs_of(struct cli_call *c)
{
	return eval_engine_patterns(c->generation->engines[c->worker->id]);
}

static void say_unknown(const struct map_job *j, bool map)
{
	cli_say(j->c, CLI_ERR, "Unknown %s identifier. Please use #<id> or <file>.", map ? "map" : "ACL");
}

/* An optional @VERSION. */
static bool take_version(struct map_job *j)
{
	struct str word = j->c->words[j->at];
	uint64_t version = 0;

	j->version = PATTERN_CURRENT;
	if (!word.len || word.ptr[0] != '@')
		return false;
	str_to_u64(str_tail(word, 1), &version);
	j->version = (uint32_t)version;
	j->at++;
	return true;
}

/* The object that words[at] names, when it is of the command's kind. */
static bool find_ref(struct map_job *j)
{
	const struct pattern_file *file;

	j->ref = pattern_ref_find(refs_of(j->c), j->c->words[j->at]);
	file = j->ref ? pattern_ref_file(j->ref) : NULL;
	return file && (j->map ? file->map : file->acl);
}

static struct map_job job_begin(struct cli_call *c)
{
	return (struct map_job){.c = c, .map = str_is(c->words[1], "map"), .at = 2};
}

static void say_bad(const struct map_job *j, const char *message)
{
	cli_say(j->c, CLI_ERR, "%s.", *message ? message : "out of memory");
}

/* --- show */

static void put_position(struct cli_call *c, struct conf_pos pos)
{
	struct str name = pos.source ? c->generation->model->source_names[pos.source - 1] : STR_NONE;

	out_printf(c->out, " at file '%.*s' line %u", STR_ARG(name), pos.line);
}

static void list_file(struct cli_call *c, const struct pattern_file *file)
{
	struct pattern_ref_state state = pattern_ref_state(pattern_ref_of(refs_of(c), file));

	out_printf(c->out, "%u (%.*s) pattern loaded from file '%.*s' used", file->show_id, STR_ARG(file->path),
		   STR_ARG(file->path));
	for (uint32_t i = 0; i < file->uses.n; i++) {
		out_printf(c->out, "%s by %s", i ? "," : "", file->uses.v[i].map ? "map" : "acl");
		put_position(c, file->uses.v[i].pos);
	}
	out_printf(c->out, ". curr_ver=%u next_ver=%u entry_cnt=%u\n", state.current, state.next, state.count);
}

static void list_acl(struct cli_call *c, const struct acl_expr *x)
{
	struct str name = x->pos.source ? c->generation->model->source_names[x->pos.source - 1] : STR_NONE;

	out_printf(c->out, "%u () acl '%.*s' file '%.*s' line %u. curr_ver=0 next_ver=0 entry_cnt=%u\n",
		   x->show_id, STR_ARG(x->keyword), STR_ARG(name), x->pos.line, x->npatterns);
}

/* Files and, for ACLs, what their lines hold themselves, in the order of their numbers. */
static void list_all(const struct map_job *j)
{
	const struct model *m = j->c->generation->model;
	uint32_t file = 0, acl = 0;

	out_str(j->c->out, STR("# id (file) description\n"));
	while (file < m->pattern_files.n || (j->map ? 0 : acl < m->acl_exprs.n)) {
		if (!j->map && acl < m->acl_exprs.n &&
		    (file == m->pattern_files.n ||
		     m->acl_exprs.v[acl]->show_id < m->pattern_files.v[file]->show_id)) {
			list_acl(j->c, m->acl_exprs.v[acl++]);
			continue;
		}
		if (j->map ? m->pattern_files.v[file]->map : m->pattern_files.v[file]->acl)
			list_file(j->c, m->pattern_files.v[file]);
		file++;
	}
}

static bool show_entry(void *ctx, uint64_t id, struct str key, struct str value)
{
	const struct map_job *j = ctx;

	out_printf(j->c->out, "0x%llx %.*s", (unsigned long long)id, STR_ARG(key));
	if (pattern_ref_file(j->ref)->map)
		out_printf(j->c->out, " %.*s", STR_ARG(value));
	out_char(j->c->out, '\n');
	return true;
}

/* The patterns of an ACL line by its number; false when there is none. */
static bool show_inline(const struct map_job *j)
{
	const struct model *m = j->c->generation->model;
	struct str word = j->c->words[j->at];
	uint64_t id;

	if (j->map || word.len < 2 || word.ptr[0] != '#' || !str_to_u64(str_tail(word, 1), &id))
		return false;
	for (uint32_t i = 0; i < m->acl_exprs.n; i++) {
		const struct acl_expr *x = m->acl_exprs.v[i];

		if (x->show_id != id)
			continue;
		for (uint32_t k = 0; k < x->npatterns; k++)
			out_printf(j->c->out, "0x%x %.*s\n", k + 1, STR_ARG(x->patterns[k].text));
		return true;
	}
	return false;
}

void cmd_show_map(struct cli_call *c)
{
	struct map_job j = job_begin(c);

	if (!take_version(&j) && !c->words[j.at].len)
		list_all(&j);
	else if (find_ref(&j))
		pattern_ref_walk(j.ref, j.version, show_entry, &j);
	else if (!show_inline(&j))
		say_unknown(&j, j.map);
}

/* --- get */

void cmd_get_map(struct cli_call *c)
{
	struct map_job j = job_begin(c);
	struct eval e = {.engine = c->generation->engines[c->worker->id], .model = c->generation->model};
	struct scratch scratch;

	if (!c->words[2].len || !c->words[3].len) {
		cli_say(c, CLI_ERR, "Missing %s identifier and/or key.", j.map ? "map" : "ACL");
		return;
	}
	j.ref = pattern_ref_find(refs_of(c), c->words[2]); /* of either kind */
	if (!j.ref) {
		say_unknown(&j, j.map);
		return;
	}
	scratch_init(&scratch, &c->worker->scratch);
	e.scratch = &scratch;
	pattern_ref_explain(&e, j.ref, c->words[3], j.map, c->out);
	scratch_reset(&scratch);
}

/* --- add */

static void say_version(const struct map_job *j)
{
	cli_say(j->c, CLI_ERR, "Version number in the future, please use 'prepare %s' before.",
		j->map ? "map" : "acl");
}

static bool add_one(const struct map_job *j, struct str key, struct str value)
{
	char message[PATTERN_MESSAGE];
	enum pattern_result result = pattern_ref_add(j->ref, j->version, key, value, message);

	if (result == PATTERN_VERSION)
		say_version(j);
	else if (result != PATTERN_DONE)
		say_bad(j, message);
	return result == PATTERN_DONE;
}

/* Lines `key value`, or whole patterns for ACLs. */
static void add_payload(const struct map_job *j)
{
	struct str rest = j->c->payload, line, value;
	size_t end;

	while (rest.len) {
		line = str_sub(rest, 0, str_chr(rest, '\n'));
		rest = str_tail(rest, line.len + 1);
		line = str_trim_left(line);
		if (!line.len)
			continue;
		for (end = 0; j->map && end < line.len && line.ptr[end] != ' ' && line.ptr[end] != '\t'; end++)
			;
		value = j->map ? str_trim_left(str_tail(line, end)) : STR_NONE;
		if (j->map && !value.len) {
			cli_say(j->c, CLI_ERR, "Missing value for key '%.*s'.", (int)end, line.ptr);
			return;
		}
		if (!add_one(j, j->map ? str_sub(line, 0, end) : line, value))
			return;
	}
}

/* Whether there are enough words; else says so. */
static bool add_words(const struct map_job *j)
{
	const struct cli_call *c = j->c;
	bool payload = j->map && c->payload.len != 0;

	if (c->words[j->at].len &&
	    (payload || (c->words[j->at + 1].len && (!j->map || c->words[j->at + 2].len))))
		return true;
	if (j->map)
		cli_say(j->c, CLI_ERR,
			"'add map' expects three parameters (map identifier, key and value) or one parameter "
			"(map "
			"identifier) and a payload");
	else
		cli_say(j->c, CLI_ERR, "'add acl' expects two parameters: ACL identifier and pattern.");
	return false;
}

void cmd_add_map(struct cli_call *c)
{
	struct map_job j = job_begin(c);

	take_version(&j);
	if (!add_words(&j))
		return;
	j.ref = pattern_ref_find(refs_of(c), c->words[j.at]);
	if (!j.ref) {
		say_unknown(&j, j.map);
		return;
	}
	if (!j.map && pattern_ref_file(j.ref)->map) {
		cli_say(c, CLI_ERR,
			"This ACL is shared with a map containing samples. You must use the command 'add map' "
			"to "
			"add values.");
		return;
	}
	if (j.map && c->payload.len)
		add_payload(&j);
	else
		add_one(&j, c->words[j.at + 1], j.map ? c->words[j.at + 2] : STR_NONE);
}

/* --- set, del */

/* #0xID: one entry. */
static bool entry_id(struct str word, uint64_t *id)
{
	char text[32];
	size_t len = word.len ? word.len - 1 : 0;

	if (!len || word.ptr[0] != '#' || len >= sizeof(text))
		return false;
	memcpy(text, word.ptr + 1, len);
	text[len] = 0;
	*id = strtoull(text, NULL, 0);
	return true;
}

void cmd_set_map(struct cli_call *c)
{
	struct map_job j = job_begin(c);
	char message[PATTERN_MESSAGE];
	enum pattern_result result;
	uint64_t id = 0;

	if (!c->words[2].len || !c->words[3].len || !c->words[4].len) {
		cli_say(c, CLI_ERR, "'set map' expects three parameters: map identifier, key and value.");
		return;
	}
	/* An ACL's entries may be set, too: nobody sees it. */
	j.ref = pattern_ref_find(refs_of(c), c->words[2]);
	if (!j.ref) {
		say_unknown(&j, true);
		return;
	}
	if (entry_id(c->words[3], &id))
		result = pattern_ref_set_id(j.ref, id, c->words[4], message);
	else
		result = pattern_ref_set(j.ref, c->words[3], c->words[4], message);
	if (result == PATTERN_NOT_FOUND)
		cli_say(c, CLI_ERR,
			c->words[3].ptr[0] == '#' && id ? "key or pattern not found." : "entry not found.");
	else if (result != PATTERN_DONE)
		say_bad(&j, message);
}

void cmd_del_map(struct cli_call *c)
{
	struct map_job j = job_begin(c);
	enum pattern_result result;
	uint64_t id;

	if (!c->words[2].len || !c->words[3].len) {
		cli_say(c, CLI_ERR, "This command expects two parameters: %s identifier and key.",
			j.map ? "map" : "ACL");
		return;
	}
	if (!find_ref(&j)) {
		say_unknown(&j, true);
		return;
	}
	if (entry_id(c->words[3], &id))
		result = pattern_ref_delete_id(j.ref, id);
	else
		result = pattern_ref_delete(j.ref, c->words[3]);
	if (result != PATTERN_DONE)
		cli_say(c, CLI_ERR, "Key not found.");
}

/* --- versions */

void cmd_clear_map(struct cli_call *c)
{
	struct map_job j = job_begin(c);

	take_version(&j);
	if (!c->words[j.at].len)
		cli_say(c, CLI_ERR, "Missing %s identifier.", j.map ? "map" : "ACL");
	else if (!find_ref(&j))
		say_unknown(&j, j.map);
	else
		pattern_ref_clear(j.ref, j.version);
}

void cmd_prepare_map(struct cli_call *c)
{
	struct map_job j = job_begin(c);

	if (!find_ref(&j))
		say_unknown(&j, j.map);
	else
		cli_say(c, CLI_INFO, "New version created: %u", pattern_ref_prepare(j.ref));
}

void cmd_commit_map(struct cli_call *c)
{
	struct map_job j = job_begin(c);

	if (!take_version(&j))
		cli_say(c, CLI_ERR, "Missing version number.");
	else if (!c->words[j.at].len)
		cli_say(c, CLI_ERR, "Missing %s identifier.", j.map ? "map" : "ACL");
	else if (!find_ref(&j))
		say_unknown(&j, j.map);
	else if (pattern_ref_commit(j.ref, j.version) != PATTERN_DONE)
		cli_say(c, CLI_ERR, "Version number out of range.");
}
