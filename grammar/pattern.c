/* Patterns of ACLs and maps. Words and lines become struct pattern according to the matching method; files are
 * read line by line. Results live in the model's arena. One thread. */
#include "grammar/pattern.h"

#include <netdb.h>
#include <netinet/in.h>

#include "grammar/value_parse.h"

/* A pattern that its method cannot use: HAProxy's words, and ours. */
static bool pattern_error(const struct pattern_reader *r, struct span span, struct str haproxy,
			  struct str message)
{
	struct diag *g = diag_add(r->c->diags, D_PATTERN_VALUE, span, "%.*s", STR_ARG(message));

	lang_haproxy(r->c, g, r->scope, "%.*s%.*s", STR_ARG(haproxy), STR_ARG(r->haproxy_tail));
	return false;
}

/* The first address of a host name; false when it has none, or none may be asked for. */
static bool resolve_host(const struct pattern_reader *r, struct str text, struct ip_net *net)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
	struct str host = arena_str(r->c->arena, str_sub(text, 0, str_chr(text, '/')));
	struct str rest = str_tail(text, host.len);
	const struct sockaddr_in *in;
	uint8_t ip[4];

	if (r->no_dns || !host.len || (r->c->options && r->c->options->offline) ||
	    getaddrinfo(host.ptr, NULL, &hints, &found))
		return false;
	in = (const void *)found->ai_addr;
	memcpy(ip, &in->sin_addr, sizeof(ip));
	freeaddrinfo(found);
	return value_parse_network(
		arena_printf(r->c->arena, "%u.%u.%u.%u%.*s", ip[0], ip[1], ip[2], ip[3], STR_ARG(rest)), net);
}

static bool looks_like_host(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.ptr[i] >= 'a' && text.ptr[i] <= 'z') || (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z'))
			return str_chr(text, ':') == text.len;
	return false;
}

static bool read_network(const struct pattern_reader *r, struct str text, struct span span, struct pattern *out)
{
	struct arena *a = r->c->arena;
	struct diag *g;

	if (value_parse_network(text, &out->net) || resolve_host(r, text, &out->net))
		return true;
	if (looks_like_host(text) && r->c->options && (r->c->options->offline || !r->c->options->strict_env) &&
	    !r->no_dns) {
		g = diag_add(r->c->diags, D_PATTERN_HOST, span, "`%.*s` was not resolved", STR_ARG(text));
		diag_note(r->c->diags, g, "taken as an address that never matches");
		out->net = (struct ip_net){.family = 4, .bits = 32, .mask4 = {255, 255, 255, 255}};
		return true;
	}
	return pattern_error(r, span,
			     arena_printf(a, "'%.*s' is not a valid IPv4 or IPv6 address", STR_ARG(text)),
			     arena_printf(a, "`%.*s` is no address or network", STR_ARG(text)));
}

static bool read_hex(const struct pattern_reader *r, struct str text, struct span span, struct pattern *out)
{
	struct arena *a = r->c->arena;
	size_t bad;

	if (value_parse_hex(r->c->model->arena, text, &out->text, &bad))
		return true;
	if (bad < text.len)
		return pattern_error(r, span,
				     arena_printf(a, "an hex digit is expected (found '%c')", text.ptr[bad]),
				     arena_printf(a, "`%c` is no hexadecimal digit", text.ptr[bad]));
	return pattern_error(r, span, STR("an even number of hex digit is expected"),
			     STR("an even number of hexadecimal digits is needed"));
}

bool pattern_read(const struct pattern_reader *r, struct str text, struct span span, struct pattern *out)
{
	*out = (struct pattern){.icase = r->icase};
	switch (r->method) {
	case MATCH_IP:
		out->text = arena_str(r->c->model->arena, text);
		return read_network(r, text, span, out);
	case MATCH_BIN:
		return read_hex(r, text, span, out);
	case MATCH_REG:
		out->text = arena_str(r->c->model->arena, text);
		out->regex = regex_compile(r->c, r->scope, out->text, r->icase, span);
		return out->regex != NULL;
	default:
		out->text = arena_str(r->c->model->arena, text);
		return true;
	}
}

/* Narrows a single number by the operator before it; ranges are taken as they are. */
static void number_apply(struct str op, struct pattern *p)
{
	int64_t value = p->min;

	if (str_is(op, "gt") || str_is(op, "ge")) {
		p->max = INT64_MAX;
		p->min = str_is(op, "gt") && value < INT64_MAX ? value + 1 : value;
	} else if (str_is(op, "lt") || str_is(op, "le")) {
		p->min = INT64_MIN;
		p->max = str_is(op, "lt") && value > INT64_MIN ? value - 1 : value;
	}
}

bool pattern_read_number(const struct pattern_reader *r, struct str text, struct span span, struct str *op,
			 pattern_vec *out)
{
	static const char *const operators[] = {"eq", "ge", "gt", "le", "lt"};
	struct pattern p = {.icase = r->icase};
	struct arena *a = r->c->arena;
	bool range = false, done;

	if (op && str_is(text, "--"))
		return true;
	for (size_t i = 0; op && i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (str_is(text, operators[i])) {
			*op = str_from(operators[i]);
			return true;
		}
	}
	done = r->version ? value_parse_version_range(text, &p.min, &p.max, &range)
			  : value_parse_range(text, &p.min, &p.max, &range);
	if (!done && range)
		return pattern_error(r, span,
				     arena_printf(a, "'%.*s' is not a valid number range", STR_ARG(text)),
				     arena_printf(a, "`%.*s` is no range of numbers", STR_ARG(text)));
	if (!done)
		return pattern_error(r, span,
				     arena_printf(a, "'%.*s' is not a %s", STR_ARG(text),
						  r->version ? "dotted number" : "number"),
				     arena_printf(a, "`%.*s` is no number", STR_ARG(text)));
	if (!range && op)
		number_apply(*op, &p);
	p.text = arena_str(r->c->model->arena, text);
	*vec_push(r->c->model->arena, out) = p;
	return true;
}

bool pattern_next_line(struct pattern_lines *lines, struct str *line)
{
	while (lines->rest.len) {
		size_t end = str_chr(lines->rest, '\n');
		struct str text = str_sub(lines->rest, 0, end);

		lines->rest = str_tail(lines->rest, end + 1);
		lines->line++;
		if (!text.len || text.ptr[0] == '#')
			continue;
		while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
			text = str_tail(text, 1);
		while (text.len && text.ptr[text.len - 1] == '\r')
			text.len--;
		*line = text;
		if (text.len)
			return true;
	}
	return false;
}

struct str pattern_map_key(struct str line, struct str *value)
{
	size_t end = 0;

	while (end < line.len && line.ptr[end] != ' ' && line.ptr[end] != '\t')
		end++;
	*value = str_trim(str_tail(line, end));
	return str_sub(line, 0, end);
}

static void pattern_file_lines(struct compile *c, struct pattern_file *file, struct str text)
{
	struct pattern_lines lines = {.rest = text};
	uint32_t n = 0;
	struct str line;

	while (pattern_next_line(&lines, &line))
		n++;
	file->lines.v = ARENA_ARRAY(c->model->arena, struct pattern_line, n);
	file->lines.cap = n;
	lines = (struct pattern_lines){.rest = text};
	while (pattern_next_line(&lines, &line)) {
		struct pattern_line *l = vec_push(c->model->arena, &file->lines);

		l->line = lines.line;
		l->key = file->map ? pattern_map_key(line, &l->value) : line;
	}
}

struct str pattern_file_name(const struct compile *c, struct str word, enum pattern_origin *origin)
{
	*origin = PATTERN_FILE;
	if (c->model->compat <= 208)
		return word;
	if (str_starts(word, STR("file@")))
		return str_tail(word, 5);
	if (str_starts(word, STR("virt@")))
		*origin = PATTERN_VIRTUAL;
	if (!str_starts(word, STR("opt@")))
		return word;
	*origin = PATTERN_OPTIONAL;
	return str_tail(word, 4);
}

/* False: there has to be an error. */
static bool origin_read(struct compile *c, struct str path, enum pattern_origin origin, struct span span,
			const struct lang_scope *scope, struct str *text)
{
	uint32_t errors = c->diags->errors;

	if (origin == PATTERN_VIRTUAL || (origin == PATTERN_OPTIONAL && lang_file_is_missing(c, path)))
		return true;
	return lang_read_file(c, path, span, scope, text) || c->diags->errors == errors;
}

struct pattern_file *pattern_file_use(struct compile *c, struct str word, struct span span,
				      const struct lang_scope *scope, bool map)
{
	enum pattern_origin origin;
	struct str path = pattern_file_name(c, word, &origin);
	struct pattern_file *file = map_get(&lang_state(c)->pattern_files, path);
	struct arena *a = c->model->arena;
	struct str text = STR_NONE;

	if (!file) {
		if (!origin_read(c, path, origin, span, scope, &text))
			return NULL;
		file = ARENA_NEW(a, struct pattern_file);
		file->path = arena_str(a, path);
		file->map = map;
		file->index = c->model->pattern_files.n;
		file->show_id = c->model->npattern_shows++;
		pattern_file_lines(c, file, arena_str(a, text));
		*vec_push(a, &c->model->pattern_files) = file;
		map_put(c->arena, &lang_state(c)->pattern_files, file->path, file);
	}
	file->map |= map;
	file->acl |= !map;
	*vec_push(a, &file->uses) = (struct pattern_use){map, compile_pos(c, span)};
	return file;
}

/* Whether the method can use the text. */
static bool key_is_good(struct pattern_reader *r, struct str key)
{
	struct ip_net net;
	int64_t min, max;
	bool range;

	switch (r->method) {
	case MATCH_INT:
	case MATCH_LEN:
		return value_parse_range(key, &min, &max, &range);
	case MATCH_IP:
		return value_parse_network(key, &net);
	case MATCH_BIN:
		return false;
	case MATCH_REG: /* the model needs none of a file: the objects at run time have their own */
		return regex_is_valid(key, r->icase);
	default:
		return true;
	}
}

bool pattern_file_check(struct pattern_reader *r, const struct pattern_file *file, struct span span)
{
	bool done = true;
	struct pattern one;
	pattern_vec numbers = {0};

	for (uint32_t i = 0; i < file->lines.n && done; i++) {
		const struct pattern_line *line = &file->lines.v[i];

		if (key_is_good(r, line->key))
			continue;
		r->haproxy_tail = arena_printf(r->c->arena, " at line %u of file '%.*s'", line->line,
					       STR_ARG(file->path));
		done = r->method == MATCH_INT || r->method == MATCH_LEN
			       ? pattern_read_number(r, line->key, span, NULL, &numbers)
			       : pattern_read(r, line->key, span, &one);
	}
	r->haproxy_tail = STR_NONE;
	return done;
}
