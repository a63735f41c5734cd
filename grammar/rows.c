/* The tables of the small languages (keywords/) and their look-up by name: rows are sorted, binary search.
 * A unit test holds the order. Constant data, any thread. */
#include "grammar/rows.h"

/* A row is effective when it names a function: the comparison folds at compile time. */
#define EFFECTIVE(fn) (sizeof(#fn) != sizeof("none") || __builtin_strcmp(#fn, "none") != 0)

static const struct fetch_row fetch_rows[] = {
#define FETCH(id, name, args, type, places, since, fn)                                                         \
	{name, args, SMP_##type, EFFECTIVE(fn), since, PLACES_##places},
#include "grammar/keywords/fetches.def"
#undef FETCH
};

static const struct conv_row conv_rows[] = {
#define CONV(id, name, args, in, out, since, fn) {name, args, SMP_##in, SMP_##out, EFFECTIVE(fn), since},
#include "grammar/keywords/converters.def"
#undef CONV
};

static const struct acl_alias_row acl_alias_rows[] = {
#define ACL_ALIAS(name, fetch, method) {name, FETCH_##fetch, MATCH_##method},
#include "grammar/keywords/acl_aliases.def"
#undef ACL_ALIAS
};

#define FINAL ACTION_FINAL
static const struct action_row action_rows[] = {
#define ACTION(id, name, form, sets, flags, since, args, fn, summary)                                          \
	{name, summary, ACTION_##form, flags, EFFECTIVE(fn), since, (sets)&0xffff, (sets) >> 16},
#include "grammar/keywords/actions.def"
#undef ACTION
};
#undef FINAL

static const struct logfmt_row logfmt_rows[] = {
#define LOGFMT(id, name, http, since, summary) {name, summary, http, since},
#include "grammar/keywords/logfmt.def"
#undef LOGFMT
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

const struct fetch_row *fetch_row(enum fetch_id id)
{
	return &fetch_rows[id];
}

uint32_t fetch_places(enum fetch_id id, int compat)
{
	if (compat > 206)
		return fetch_rows[id].places;
	if (id == FETCH_REQ_VER || id == FETCH_REQ_VER_OLD)
		return PLACES_REQUEST;
	return id == FETCH_RES_VER || id == FETCH_RESP_VER ? PLACES_RESPONSE : fetch_rows[id].places;
}

const struct conv_row *conv_row(enum conv_id id)
{
	return &conv_rows[id];
}

const struct action_row *action_row(enum action_id id)
{
	return &action_rows[id];
}

const struct logfmt_row *logfmt_row(enum logfmt_alias id)
{
	return &logfmt_rows[id];
}

const struct acl_alias_row *acl_alias_row(size_t i)
{
	return i < COUNT(acl_alias_rows) ? &acl_alias_rows[i] : NULL;
}

/* Index of `name` among n rows of `size` bytes that begin with their name; n when absent. */
static size_t rows_find(const void *rows, size_t size, size_t n, struct str name)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *const *row_name = (const void *)((const char *)rows + mid * size);
		int cmp = str_cmp(name, str_from(*row_name));

		if (!cmp)
			return mid;
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return n;
}

#define ROWS_FIND(rows, name) rows_find((rows), sizeof((rows)[0]), COUNT(rows), (name))

/* Names that Lua scripts register: one row stands for all of them. */
static bool is_lua(struct str name)
{
	return name.len > 4 && str_starts(name, STR("lua."));
}

bool fetch_find(struct str name, enum fetch_id *id)
{
	if (is_lua(name)) {
		*id = FETCH_LUA;
		return true;
	}
	*id = (enum fetch_id)ROWS_FIND(fetch_rows, name);
	return *id < FETCH_COUNT;
}

bool conv_find(struct str name, enum conv_id *id)
{
	if (is_lua(name)) {
		*id = CONV_LUA;
		return true;
	}
	*id = (enum conv_id)ROWS_FIND(conv_rows, name);
	return *id < CONV_COUNT;
}

bool logfmt_find(struct str name, enum logfmt_alias *id)
{
	*id = (enum logfmt_alias)ROWS_FIND(logfmt_rows, name);
	return *id < LOGFMT_COUNT;
}

const struct acl_alias_row *acl_alias_find(struct str name)
{
	return acl_alias_row(ROWS_FIND(acl_alias_rows, name));
}

bool action_find(struct str word, enum ruleset set, enum action_id *id)
{
	size_t paren = str_chr(word, '(');
	uint64_t counter;

	if (is_lua(word)) {
		*id = ACTION_LUA;
		return true;
	}
	if (str_starts(word, STR("track-sc")) && str_to_u64(str_tail(word, 8), &counter) && counter < 100) {
		word = STR("track-sc0");
		paren = word.len;
	}
	*id = (enum action_id)ROWS_FIND(action_rows, str_sub(word, 0, paren));
	if (*id == ACTION_COUNT || !(action_rows[*id].sets >> set & 1))
		return false;
	return action_rows[*id].form == ACTION_PAREN || paren == word.len;
}

const char *smp_type_name(enum smp_type type)
{
	static const char *const names[SMP_TYPES] = {
		[SMP_ANY] = "any",   [SMP_SAME] = "same", [SMP_BOOL] = "bool", [SMP_SINT] = "sint",
		[SMP_ADDR] = "addr", [SMP_IPV4] = "ipv4", [SMP_IPV6] = "ipv6", [SMP_STR] = "str",
		[SMP_BIN] = "bin",   [SMP_METH] = "meth",
	};

	return names[type];
}

static const char *const match_names[] = {
	[MATCH_DEFAULT] = "", [MATCH_FOUND] = "found", [MATCH_BOOL] = "bool", [MATCH_INT] = "int",
	[MATCH_IP] = "ip",    [MATCH_BIN] = "bin",     [MATCH_LEN] = "len",   [MATCH_STR] = "str",
	[MATCH_SUB] = "sub",  [MATCH_REG] = "reg",     [MATCH_BEG] = "beg",   [MATCH_END] = "end",
	[MATCH_DIR] = "dir",  [MATCH_DOM] = "dom",     [MATCH_METH] = "",
};

const char *match_method_name(enum match_method method)
{
	return match_names[method];
}

bool match_method_find(struct str name, enum match_method *method)
{
	for (size_t i = MATCH_FOUND; i < COUNT(match_names); i++) {
		if (str_is(name, match_names[i])) {
			*method = (enum match_method)i;
			return true;
		}
	}
	return false;
}

const char *ruleset_name(enum ruleset set)
{
	static const char *const names[RS_COUNT] = {
		[RS_TCP_REQ_CONN] = "tcp-request connection", [RS_TCP_REQ_SESS] = "tcp-request session",
		[RS_TCP_REQ_CONT] = "tcp-request content",    [RS_HTTP_REQ] = "http-request",
		[RS_TCP_RES_CONT] = "tcp-response content",   [RS_HTTP_RES] = "http-response",
		[RS_HTTP_AFTER_RES] = "http-after-response",
	};

	return names[set];
}

bool smp_type_casts(enum smp_type from, enum smp_type to)
{
#define T(type) (1u << SMP_##type)
	static const uint16_t casts[SMP_TYPES] = {
		[SMP_ANY] = 0xffff,
		[SMP_SAME] = 0xffff,
		[SMP_BOOL] = T(BOOL) | T(SINT) | T(STR) | T(BIN),
		[SMP_SINT] = T(BOOL) | T(SINT) | T(ADDR) | T(IPV4) | T(IPV6) | T(STR) | T(BIN),
		[SMP_ADDR] = T(SINT) | T(ADDR) | T(IPV4) | T(IPV6) | T(STR) | T(BIN),
		[SMP_IPV4] = T(SINT) | T(ADDR) | T(IPV4) | T(IPV6) | T(STR) | T(BIN),
		[SMP_IPV6] = T(ADDR) | T(IPV4) | T(IPV6) | T(STR) | T(BIN),
		[SMP_STR] = T(BOOL) | T(SINT) | T(ADDR) | T(IPV4) | T(IPV6) | T(STR) | T(BIN),
		[SMP_BIN] = T(STR) | T(BIN),
		[SMP_METH] = T(STR) | T(BIN) | T(METH),
	};
#undef T

	return to == SMP_ANY || to == SMP_SAME || (casts[from] >> to & 1);
}
