/* Normal forms of request targets (manual, "http-request normalize-uri"; RFC 3986, section 6.2.2): each
 * normalizer rewrites a part of the target into scratch memory. None makes it longer but fragment-encode, which
 * triples at most. One thread. */
#include "runtime/eval/rules.h"

/* Order of action_args_normalize(). */
enum normalizer {
	FRAGMENT_ENCODE,
	FRAGMENT_STRIP,
	MERGE_SLASHES,
	STRIP_DOT,
	STRIP_DOTDOT,
	DECODE_UNRESERVED,
	UPPERCASE,
	SORT_QUERY
};

/* A text being written: room for all of it is there. */
struct writer {
	char *start, *p;
};

static void put(struct writer *w, struct str text)
{
	if (text.len)
		w->p = mempcpy(w->p, text.ptr, text.len);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_unreserved(unsigned c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

/* %XX behind text.ptr[i]? */
static bool is_encoded(struct str text, size_t i)
{
	return i + 2 < text.len && hex_digit(text.ptr[i + 1]) >= 0 && hex_digit(text.ptr[i + 2]) >= 0;
}

/* False: `strict`, and it is malformed. */
static bool percent(struct writer *w, struct str text, bool decode, bool strict)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned c;

		if (text.ptr[i] != '%' || !is_encoded(text, i)) {
			if (text.ptr[i] == '%' && strict)
				return false;
			*w->p++ = text.ptr[i];
			continue;
		}
		c = (unsigned)(hex_digit(text.ptr[i + 1]) << 4 | hex_digit(text.ptr[i + 2]));
		if (decode && is_unreserved(c)) {
			*w->p++ = (char)c;
		} else {
			*w->p++ = '%';
			for (size_t k = 1; k < 3; k++) {
				char x = text.ptr[i + k];

				*w->p++ = (char)(!decode && x >= 'a' ? x - 0x20 : x);
			}
		}
		i += 2;
	}
	return true;
}

static void merge_slashes(struct writer *w, struct str path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] != '/' || !i || path.ptr[i - 1] != '/')
			*w->p++ = path.ptr[i];
}

/* Back over the last segment that was written; false when there is none to go back over. */
static bool step_back(struct writer *w)
{
	char *p = w->p - 1; /* the slash behind it */

	if (w->p - w->start < 2)
		return false;
	while (p > w->start && p[-1] != '/')
		p--;
	if (w->p - 1 - p == 2 && p[0] == '.' && p[1] == '.')
		return false;
	w->p = p;
	return true;
}

/* Segments of one dot go with the slash behind them; those of two take the one before along. full: also where
 * there is none. path begins with a slash. */
static void strip_dots(struct writer *w, struct str path, bool two, bool full)
{
	*w->p++ = '/';
	for (path = str_tail(path, 1); path.len;) {
		size_t slash = str_chr(path, '/');
		struct str segment = str_sub(path, 0, slash);
		bool goes_on = slash < path.len, dots = two && str_is(segment, "..");

		path = str_tail(path, goes_on ? slash + 1 : slash);
		if (dots ? step_back(w) || full : !two && str_is(segment, "."))
			continue;
		put(w, segment);
		if (goes_on || dots)
			*w->p++ = '/';
	}
}

static struct str param_name(struct str p)
{
	return str_sub(p, 0, str_chr(p, '='));
}

/* Queries are short; one of more parts than this stays as it is. */
enum { PARAMS_MAX = 256 };

/* By name, byte by byte; equal names stay in order. An empty part at the end is none. */
static bool sort_query(struct eval *e, struct writer *w, struct str query)
{
	struct str *parts = scratch_alloc(e->scratch, PARAMS_MAX * sizeof(*parts)), rest = query;
	uint32_t n = 0, at;

	if (!parts)
		return false;
	for (; rest.len && n < PARAMS_MAX; n++) {
		struct str part = str_sub(rest, 0, str_chr(rest, '&'));

		for (at = n; at && str_cmp(param_name(part), param_name(parts[at - 1])) < 0; at--)
			parts[at] = parts[at - 1];
		parts[at] = part;
		rest = str_tail(rest, part.len < rest.len ? part.len + 1 : part.len);
	}
	if (rest.len) {
		put(w, query);
		return true;
	}
	for (at = 0; at < n; at++) {
		put(w, at ? STR("&") : STR_NONE);
		put(w, parts[at]);
	}
	return true;
}

static void encode_fragment(struct writer *w, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		put(w, text.ptr[i] == '#' ? STR("%23") : str_sub(text, i, 1));
}

/* The part of the target that a normalizer works on; empty: nothing to do. */
static struct str part_of(struct str uri, enum normalizer n)
{
	struct str path = http_uri_path(uri), query = http_uri_query(uri);

	switch (n) {
	case FRAGMENT_ENCODE:
	case FRAGMENT_STRIP:
		path = http_uri_pathq(uri);
		return path.len ? str_tail(uri, (size_t)(path.ptr - uri.ptr)) : STR_NONE;
	case DECODE_UNRESERVED:
	case UPPERCASE:
		return http_uri_pathq(uri);
	case SORT_QUERY:
		return query;
	default:
		return path.len && path.ptr[0] == '/' ? path : STR_NONE;
	}
}

/* V_CONTINUE: written. */
static enum verdict normalize(struct eval *e, const struct rule *rule, struct str part, struct writer *w)
{
	switch ((enum normalizer)rule->num) {
	case FRAGMENT_ENCODE:
		encode_fragment(w, part);
		break;
	case FRAGMENT_STRIP:
		put(w, str_sub(part, 0, str_chr(part, '#')));
		break;
	case MERGE_SLASHES:
		merge_slashes(w, part);
		break;
	case STRIP_DOT:
	case STRIP_DOTDOT:
		strip_dots(w, part, rule->num == STRIP_DOTDOT, rule->flags != 0);
		break;
	case DECODE_UNRESERVED:
	case UPPERCASE:
		return percent(w, part, rule->num == DECODE_UNRESERVED, rule->flags != 0) ? V_CONTINUE
											  : V_INVALID;
	case SORT_QUERY:
		return sort_query(e, w, part) ? V_CONTINUE : V_ERROR;
	}
	return V_CONTINUE;
}

enum verdict rule_normalize_uri(struct eval *e, const struct rule *rule)
{
	struct http_msg *m = e->req;
	struct str part, uri;
	struct writer w;
	enum verdict v;
	char *whole;

	if (!m)
		return V_CONTINUE;
	uri = m->uri;
	part = part_of(uri, (enum normalizer)rule->num);
	if (!part.len)
		return V_CONTINUE;
	whole = scratch_alloc(e->scratch, 3 * uri.len + 2);
	if (!whole)
		return rule_failed(e);
	w.p = mempcpy(whole, uri.ptr, (size_t)(part.ptr - uri.ptr));
	w.start = w.p;
	v = normalize(e, rule, part, &w);
	if (v != V_CONTINUE)
		return v == V_ERROR ? rule_failed(e) : v;
	put(&w, str_tail(uri, (size_t)(part.ptr + part.len - uri.ptr)));
	m->uri = str_make(whole, (size_t)(w.p - whole));
	m->start_edited = true;
	return V_CONTINUE;
}
