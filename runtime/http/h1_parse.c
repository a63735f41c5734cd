/* The HTTP/1 parser: one state for each place where the bytes may end. Names are lower-cased and line folds
 * blanked out where they lie; fields become slices of the buffer. What a field means is h1_fields.c's business.
 * Owned by the stream; one thread. */
#include "runtime/http/h1_parse.h"

#include "runtime/http/h1_scan.h"

enum state { ST_BEGIN, ST_LINE, ST_FIELD, ST_NAME, ST_VALUE, ST_FOLD, ST_DONE };

enum { PART_COST = 8, HEAD_COST = 48, LINE_COST = 20, HDRS_FIRST = 32 };

/* clang-format off */
#define L(c) [c] = c, [c - 'a' + 'A'] = c
const unsigned char h1_token[256] = {
	L('a'), L('b'), L('c'), L('d'), L('e'), L('f'), L('g'), L('h'), L('i'), L('j'), L('k'), L('l'), L('m'), L('n'), L('o'), L('p'),
	L('q'), L('r'), L('s'), L('t'), L('u'), L('v'), L('w'), L('x'), L('y'), L('z'),
	['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9',
	['!'] = '!', ['#'] = '#', ['$'] = '$', ['%'] = '%', ['&'] = '&', ['\''] = '\'', ['*'] = '*', ['+'] = '+', ['-'] = '-', ['.'] = '.',
	['^'] = '^', ['_'] = '_', ['`'] = '`', ['|'] = '|', ['~'] = '~',
};
#undef L
/* clang-format on */

void h1_parse_init(struct h1_parser *p, struct http_msg *m, uint16_t max_hdrs, uint32_t size)
{
	struct scratch *scratch = m->scratch;
	uint8_t method = m->is_response ? m->method : 0;
	bool is_response = m->is_response;

	memset(m, 0, sizeof(*m));
	m->scratch = scratch;
	m->is_response = is_response;
	m->method = method;
	memset(p, 0, sizeof(*p));
	h1_parse_limit(p, max_hdrs, size);
}

void h1_parse_limit(struct h1_parser *p, uint16_t max_hdrs, uint32_t size)
{
	p->max_hdrs = max_hdrs;
	p->max_size = size > HEAD_COST ? size - HEAD_COST : 0;
}

void h1_parse_trailers_init(struct h1_parser *p, struct http_msg *m, uint16_t max_hdrs)
{
	*m = (struct http_msg){.scratch = m->scratch};
	*p = (struct h1_parser){.max_hdrs = max_hdrs, .trailers = true, .state = ST_FIELD};
}

void h1_parse_moved(struct http_msg *m, const char *from, const char *to)
{
	ptrdiff_t by = to - from;

	for (uint32_t i = 0; i < m->nhdrs; i++) {
		m->hdrs[i].name += by;
		m->hdrs[i].value += by;
	}
	if (m->method_name.ptr)
		m->method_name.ptr += by;
	if (m->uri.ptr)
		m->uri.ptr += by;
	if (m->reason.ptr)
		m->reason.ptr += by;
}

static bool is_method(struct str name, const char *text)
{
	return memcmp(name.ptr, text, name.len) == 0;
}

static enum http_method method_of(struct str name)
{
	switch (name.len) {
	case 3:
		return is_method(name, "GET") ? HTTP_M_GET : is_method(name, "PUT") ? HTTP_M_PUT : HTTP_M_OTHER;
	case 4:
		return is_method(name, "POST")   ? HTTP_M_POST
		       : is_method(name, "HEAD") ? HTTP_M_HEAD
						 : HTTP_M_OTHER;
	case 5:
		return is_method(name, "PATCH")   ? HTTP_M_PATCH
		       : is_method(name, "TRACE") ? HTTP_M_TRACE
						  : HTTP_M_OTHER;
	case 6:
		return is_method(name, "DELETE") ? HTTP_M_DELETE : HTTP_M_OTHER;
	case 7:
		return is_method(name, "OPTIONS")   ? HTTP_M_OPTIONS
		       : is_method(name, "CONNECT") ? HTTP_M_CONNECT
						    : HTTP_M_OTHER;
	default:
		return HTTP_M_OTHER;
	}
}

static bool version_chars(const char *p, const char *end)
{
	for (; p < end; p++)
		if (!(*p >= 'A' && *p <= 'Z') && !(*p >= '.' && *p <= '9'))
			return false;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1": eight bytes; in responses the protocol may be any other of four characters, as HAProxy has it. */
static bool version_is_formed(const struct http_msg *m, const char *v, size_t len)
{
	if (len != 8 || v[4] != '/' || !is_digit(v[5]) || v[6] != '.' || !is_digit(v[7]))
		return false;
	return memcmp(v, "HTTP", 4) == 0 || (m->is_response && version_chars(v, v + 4));
}

static bool version_parse(struct http_msg *m, const char *v, size_t len)
{
	if (!version_is_formed(m, v, len))
		return false;
	m->version = (uint8_t)((v[5] - '0') * 10 + v[7] - '0');
	if ((m->version != 11 && m->version != 10) || memcmp(v, "HTTP", 4) != 0)
		m->version_text = str_make(v, len);
	if (m->version >= 11 && m->version_text.len)
		m->start_edited = true;
	return true;
}

/* Letters in upper case, digits, slash and point, as HAProxy reads them: of eight the sixth and the last one
 * say whether it is 1.1 or newer; anything else counts as version 1.0, and stays as it is. Without any it is
 * HTTP/0.9. */
static bool version_relaxed(struct http_msg *m, const char *v, size_t len)
{
	if (version_parse(m, v, len))
		return true;
	m->glitches++;
	if (!version_chars(v, v + len))
		return false;
	m->version = 10;
	if (!len && (m->is_response || m->method != HTTP_M_GET))
		return false; /* HTTP/0.9 knows GET only */
	m->start_edited = true;
	if (!len) {
		m->version = 9;
		return true;
	}
	m->version_text = str_make(v, len);
	if (len == 8 && (v[5] > '1' || (v[5] == '1' && v[7] >= '1')))
		m->version = 11;
	return true;
}

/* A request's version: of a wrong form is an error when the head has ended, of wrong bytes at once. */
static bool version_request(struct h1_parser *h, struct http_msg *m, const char *v, size_t len)
{
	if (h->relaxed)
		return version_relaxed(m, v, len);
	h->bad_version = !version_parse(m, v, len);
	return len && version_chars(v, v + len);
}

/* Method, target and version between blanks (RFC 9112 section 3). */
static bool request_line(struct h1_parser *h, struct http_msg *m, const char *line, const char *end)
{
	const char *p = line, *uri, *uri_end;

	while (p < end && h1_token[(unsigned char)*p])
		p++;
	m->method_name = str_make(line, (size_t)(p - line));
	if (p == line || p == end || !char_is_blank(*p))
		return false;
	for (uri = p; uri < end && char_is_blank(*uri); uri++)
		;
	uri_end = h1_find_target_end(uri, end);
	if (uri_end < end && !char_is_blank(*uri_end)) {
		while (uri_end < end && !char_is_blank(*uri_end))
			uri_end++;
		if (!h1_target_chars(uri, (size_t)(uri_end - uri), h->relaxed))
			return false;
		m->glitches += h->relaxed && !h1_target_chars(uri, (size_t)(uri_end - uri), false);
	}
	m->uri = str_make(uri, (size_t)(uri_end - uri));
	for (p = uri_end; p < end && char_is_blank(*p); p++)
		;
	if (p - uri_end != 1 || *uri_end != ' ' || uri - line != (ptrdiff_t)m->method_name.len + 1 ||
	    uri[-1] != ' ')
		m->start_edited = true;
	m->method = method_of(m->method_name);
	return uri_end > uri && version_request(h, m, p, (size_t)(end - p));
}

static size_t version_len(const struct http_msg *m)
{
	return m->version_text.len ? m->version_text.len : sizeof("HTTP/1.1") - 1;
}

/* Version, status and reason (RFC 9112 section 4); HAProxy wants neither three digits nor a reason. */
static bool status_line(struct h1_parser *h, struct http_msg *m, const char *line, const char *end)
{
	const char *p = line, *code;
	unsigned status = 0;
	size_t digits;

	while (p < end && !char_is_blank(*p))
		p++;
	if (*line == '/' || !(h->relaxed ? version_relaxed : version_parse)(m, line, (size_t)(p - line)))
		return false;
	for (code = p; code < end && char_is_blank(*code); code++)
		;
	for (p = code; p < end && *p >= '0' && *p <= '9' && p - code < 5; p++)
		status = status * 10 + (unsigned)(*p - '0');
	digits = (size_t)(p - code);
	if (!digits || status > INT16_MAX || (p < end && !char_is_blank(*p)))
		return false;
	m->status = (uint16_t)status;
	m->status_digits = (uint8_t)digits;
	if (code - line != 9 || code[-1] != ' ' || p == end || *p != ' ')
		m->start_edited = true;
	if (p + 1 < end && char_is_blank(p[1]))
		m->start_edited = true;
	while (p < end && char_is_blank(*p))
		p++;
	m->reason = str_make(p, (size_t)(end - p));
	m->counted = (uint32_t)(version_len(m) + digits + m->reason.len);
	return true;
}

/* A start line that cannot become a good one is refused before it is complete. */
static bool line_hopeless(const struct h1_parser *h, const struct http_msg *m, const char *line,
			  const char *end)
{
	const char *p = line, *uri;

	if (m->is_response) {
		while (p < end && !char_is_blank(*p))
			p++;
		return (line < end && *line == '/') || !version_chars(line, p) ||
		       (p < end && !h->relaxed && !version_is_formed(m, line, (size_t)(p - line)));
	}
	while (p < end && h1_token[(unsigned char)*p])
		p++;
	if (p < end && (p == line || !char_is_blank(*p)))
		return true;
	while (p < end && char_is_blank(*p))
		p++;
	for (uri = p; p < end && !char_is_blank(*p); p++)
		;
	if (!h1_target_chars(uri, (size_t)(p - uri), h->relaxed))
		return true;
	while (p < end && char_is_blank(*p))
		p++;
	return !version_chars(p, end);
}

/* Room for one field more; the first array is small. */
static bool hdrs_grow(struct http_msg *m)
{
	uint32_t cap = m->cap ? m->cap * 2u : HDRS_FIRST;
	struct http_hdr *hdrs = cap <= UINT16_MAX ? scratch_alloc(m->scratch, cap * sizeof(*hdrs)) : NULL;

	if (!hdrs)
		return false;
	if (m->nhdrs)
		memcpy(hdrs, m->hdrs, m->nhdrs * sizeof(*hdrs));
	m->hdrs = hdrs;
	m->cap = (uint16_t)cap;
	return true;
}

/* HTTP/0.9 has no fields, and goes on as HTTP/1.0. */
static void line_is_all(struct h1_parser *p, struct http_msg *m, char *data)
{
	m->version = 10;
	p->state = ST_DONE;
	m->head = str_make(data + p->first, p->pos - p->first);
}

/* The start line, behind empty lines (RFC 9112 section 2.2). */
static enum h1_result step_line(struct h1_parser *p, struct http_msg *m, char *data, char *end)
{
	char *line, *eol;

	while (p->state == ST_BEGIN && data + p->pos < end) {
		char *c = data + p->pos;

		if (*c == '\r' && c + 1 == end)
			return H1_MORE;
		if (*c != '\n' && !(*c == '\r' && c[1] == '\n')) {
			p->first = p->pos;
			p->state = ST_LINE;
		} else {
			p->pos += *c == '\n' ? 1 : 2;
		}
	}
	if (p->state == ST_BEGIN)
		return H1_MORE;
	line = data + p->first;
	eol = h1_find_eol(data + p->pos, end);
	p->pos = (uint32_t)(eol - data);
	if (eol == end || (*eol == '\r' && eol + 1 == end))
		return line_hopeless(p, m, line, eol) ? H1_BAD : H1_MORE;
	if (*eol == '\r' && eol[1] != '\n')
		return H1_BAD;
	m->as_is = *eol == '\r';
	if (!m->cap && !hdrs_grow(m))
		return H1_MEMORY;
	p->pos += *eol == '\r' ? 2 : 1;
	p->state = ST_FIELD;
	if (!(m->is_response ? status_line : request_line)(p, m, line, eol))
		return H1_BAD;
	if (m->version == 9 && !m->version_text.len)
		line_is_all(p, m, data);
	return H1_DONE;
}

/* A field is complete: the next line does not continue it. */
static enum h1_result field_end(struct h1_parser *p, struct http_msg *m, char *data)
{
	const char *value = data + p->mark, *end = data + p->eol;
	enum h1_result result = H1_DONE;
	struct http_hdr *h;
	bool keep = true;

	while (value < end && char_is_blank(*value))
		value++;
	while (end > value && char_is_blank(end[-1]))
		end--;
	if (m->nhdrs == m->cap && !hdrs_grow(m))
		return H1_MEMORY;
	h = &m->hdrs[m->nhdrs];
	*h = (struct http_hdr){.name = data + p->name,
			       .name_len = p->name_len,
			       .value = value,
			       .value_len = (uint32_t)(end - value)};
	h->id = (uint8_t)http_name_of_lower(str_make(h->name, h->name_len));
	if (value != data + p->mark + 1 || end != data + p->eol || value[-1] != ' ' || *end != '\r')
		m->as_is = false;
	if (m->nhdrs + 1 >= p->max_hdrs)
		return H1_BAD;
	if (!p->trailers || h->id == HN_CONTENT_LENGTH || h->id == HN_TRANSFER_ENCODING)
		result = h1_field(p, m, h, &keep);
	if (keep) {
		m->counted += h->name_len + h->value_len;
		m->nhdrs++;
	} else {
		m->as_is = false;
	}
	return result;
}

/* Behind a line's end. True when this line continues the last one (RFC 9112 section 5.2). */
static bool line_folds(struct h1_parser *p, char *data)
{
	if (!char_is_blank(data[p->pos]))
		return false;
	memset(data + p->eol, ' ', p->pos - p->eol);
	p->state = ST_VALUE;
	return true;
}

/* The empty line at the end of the head. */
static enum h1_result step_end(struct h1_parser *p, struct http_msg *m, char *data, char *end)
{
	char *c = data + p->pos;

	if (*c == '\r' && c + 1 == end)
		return H1_MORE;
	if (*c == '\r' && c[1] != '\n')
		return H1_BAD;
	if (*c == '\n')
		m->as_is = false;
	p->pos += *c == '\r' ? 2 : 1;
	p->state = ST_DONE;
	m->head = str_make(data + p->first, p->pos - p->first);
	return H1_DONE;
}

static enum h1_result step_field(struct h1_parser *p, struct http_msg *m, char *data, char *end)
{
	char *c = data + p->pos;

	if (c == end)
		return H1_MORE;
	if (*c == '\r' || *c == '\n')
		return step_end(p, m, data, end);
	p->name = p->pos;
	p->state = ST_NAME;
	return H1_DONE;
}

static enum h1_result step_name(struct h1_parser *p, struct http_msg *m, char *data, char *end)
{
	char *c = h1_lower_name(data + p->pos, end);

	for (; p->relaxed && c < end && *c != ':' && *c != '\n'; m->glitches++)
		c = h1_lower_name(c + 1, end);
	p->pos = (uint32_t)(c - data);
	if (c == end)
		return H1_MORE;
	if (*c != ':' || p->pos == p->name || p->pos - p->name > H1_NAME_MAX)
		return H1_BAD;
	p->name_len = (uint16_t)(p->pos - p->name);
	p->mark = ++p->pos;
	p->state = ST_VALUE;
	return H1_DONE;
}

static enum h1_result step_value(struct h1_parser *p, char *data, char *end)
{
	char *c = h1_find_eol(data + p->pos, end);

	p->pos = (uint32_t)(c - data);
	if (c == end || (*c == '\r' && c + 1 == end))
		return H1_MORE;
	if (*c == '\r' && c[1] != '\n')
		return H1_BAD;
	p->eol = p->pos;
	p->pos += *c == '\r' ? 2 : 1;
	p->state = ST_FOLD;
	return H1_DONE;
}

static enum h1_result step_fold(struct h1_parser *p, struct http_msg *m, char *data, char *end)
{
	if (data + p->pos == end)
		return H1_MORE;
	if (line_folds(p, data))
		return H1_DONE;
	p->state = ST_FIELD;
	return field_end(p, m, data);
}

static inline bool is_pair(const char *p, const char pair[2])
{
	uint16_t a, b;

	memcpy(&a, p, 2);
	memcpy(&b, pair, 2);
	return a == b;
}

/* `name: value` CRLF in the usual form, as it is to be sent, and not continued: the end of the line, or NULL
 * for the states to look at it. */
static inline char *field_usual(struct http_hdr *h, char *name, char *end)
{
	char *colon = h1_lower_name(name, end), *value = colon + 2, *eol;

	if (end - colon < 6 || !is_pair(colon, ": ") || (unsigned char)*value <= ' ' ||
	    (size_t)(colon - name) - 1 >= H1_NAME_MAX)
		return NULL;
	eol = h1_find_eol(value, end);
	if (end - eol < 3 || !is_pair(eol, "\r\n") || (unsigned char)eol[-1] <= ' ' || char_is_blank(eol[2]))
		return NULL;
	*h = (struct http_hdr){.name = name,
			       .name_len = (uint16_t)(colon - name),
			       .value = value,
			       .value_len = (uint32_t)(eol - value)};
	return eol + 2;
}

/* Means nothing to the protocol. */
static inline bool is_plain(const struct http_hdr *h)
{
	return h->id == HN_OTHER && (h->name_len < sizeof("sec-websocket-key") - 1 || h->name[0] != 's');
}

/* Lines in the usual form, without the states between them; the rest is for these. */
static enum h1_result fields_usual(struct h1_parser *p, struct http_msg *m, char *data, char *end)
{
	char *line = data + p->pos, *next;
	enum h1_result result = H1_DONE;

	while (m->nhdrs < m->cap && m->nhdrs + 1 < p->max_hdrs) {
		struct http_hdr *h = &m->hdrs[m->nhdrs];
		bool keep = true;

		next = field_usual(h, line, end);
		if (!next)
			break;
		h->id = (uint8_t)http_name_of_lower(str_make(h->name, h->name_len));
		if (!is_plain(h) && (result = h1_field(p, m, h, &keep)) != H1_DONE)
			break;
		line = next;
		m->as_is &= keep;
		m->counted += keep ? h->name_len + h->value_len : 0;
		m->nhdrs += keep;
	}
	p->pos = (uint32_t)(line - data);
	return result;
}

/* The whole head is there: what it means, and whether it fits as HAProxy counts. */
static enum h1_result head_end(struct h1_parser *p, struct http_msg *m)
{
	enum h1_result result;

	if (p->trailers)
		return h1_trailers_end(p, m);
	result = h1_fields_end(p, m);
	if (p->bad_version)
		return H1_BAD;
	if (!m->is_response)
		m->counted += (uint32_t)(m->method_name.len + m->uri.len + version_len(m));
	m->counted += LINE_COST + 1;
	if (result == H1_DONE && m->counted + PART_COST * (m->nhdrs + 2u) > p->max_size)
		result = H1_BAD;
	return result;
}

enum h1_result h1_parse(struct h1_parser *p, struct http_msg *m, char *data, uint32_t len)
{
	enum h1_result result = H1_DONE;
	char *end = data + len;

	while (result == H1_DONE && p->state != ST_DONE) {
		switch ((enum state)p->state) {
		case ST_FIELD:
			result = p->trailers ? H1_DONE : fields_usual(p, m, data, end);
			if (result == H1_DONE)
				result = step_field(p, m, data, end);
			break;
		case ST_NAME:
			result = step_name(p, m, data, end);
			break;
		case ST_VALUE:
			result = step_value(p, data, end);
			break;
		case ST_FOLD:
			result = step_fold(p, m, data, end);
			break;
		default:
			result = step_line(p, m, data, end);
		}
	}
	return result == H1_DONE ? head_end(p, m) : result;
}
