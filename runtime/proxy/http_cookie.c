/* Persistence by cookie (manual, keywords "cookie" of backends and of servers): the server that a request's
 * cookie names, and what the response tells the client to send next time. Letters for the log: manual,
 * section 8.5. */
#include "runtime/proxy/http_cookie.h"

#include "runtime/backend/dynamic_cookie.h"
#include "runtime/eval/field_value.h"
#include "runtime/proxy/http_fields.h"

/* The value of a cookie in a field. */
struct found {
	struct http_hdr *hdr;
	size_t off, len; /* of the value, in the field's */
	struct str value;
};

static struct str field_value(const struct http_hdr *h)
{
	return str_make(h->value, h->value_len);
}

static bool is_untidy(struct str all)
{
	for (size_t i = 0; i < all.len; i++)
		if (all.ptr[i] == '=' && ((i && char_is_blank(all.ptr[i - 1])) ||
					  (i + 1 < all.len && char_is_blank(all.ptr[i + 1]))))
			return true;
	return false;
}

/* Where a cookie's value may hide separators in quotes: behind its equals sign. Steps over one character. */
static bool hides(char c, bool behind_equals, bool *quoted, bool *escaped)
{
	bool was = *quoted || *escaped;

	if (!behind_equals)
		*quoted = *escaped = false;
	else if (*escaped)
		*escaped = false;
	else if (*quoted && c == '\\')
		*escaped = true;
	else if (c == '"')
		*quoted = !*quoted;
	return behind_equals && was;
}

/* Copies cookies without blanks around the equals sign behind their names; `first`: of one cookie, what follows
 * are attributes; else what begins with $ is none. How much was written. */
static size_t copy_tidy(char *to, struct str all, bool first)
{
	bool seen = false, behind_equals = false, quoted = false, escaped = false;
	size_t n = 0, name = SIZE_MAX;

	for (size_t i = 0; i < all.len; i++) {
		char c = all.ptr[i];

		if (!hides(c, behind_equals, &quoted, &escaped)) {
			if (c == ';' || (c == ',' && !first)) {
				seen = first;
				behind_equals = false;
				name = SIZE_MAX;
			} else if (name == SIZE_MAX && !char_is_blank(c)) {
				name = n;
				seen = seen || (c == '$' && !first);
			}
		}
		while (c == '=' && !seen && n > name && char_is_blank(to[n - 1]))
			n--;
		to[n++] = c;
		while (c == '=' && !seen && i + 1 < all.len && char_is_blank(all.ptr[i + 1]))
			i++;
		seen = seen || c == '=';
		behind_equals = behind_equals || c == '=';
	}
	return n;
}

void http_cookie_tidy(struct http_stream *hs, struct http_msg *m)
{
	enum http_name id = m->is_response ? HN_SET_COOKIE : HN_COOKIE;
	struct http_hdr *h = NULL;
	char *to;

	while ((h = http_find_id(m, id, h))) {
		if (!is_untidy(field_value(h)) || !(to = scratch_alloc(&hs->s.scratch, h->value_len)))
			continue;
		http_set_value(m, h, str_make(to, copy_tidy(to, field_value(h), m->is_response)));
	}
}

/* Replaces part of a field's value; an empty rest takes the field away. */
static bool splice_value(struct http_stream *hs, struct http_msg *m, struct http_hdr *h, size_t off, size_t len,
			 struct str by)
{
	struct str old = field_value(h), rest;
	char *p = scratch_alloc(&hs->s.scratch, old.len + by.len + 1);

	if (!p)
		return false;
	memcpy(p, old.ptr, off);
	if (by.len)
		memcpy(p + off, by.ptr, by.len);
	memcpy(p + off + by.len, old.ptr + off + len, old.len - off - len);
	rest = str_trim(str_make(p, old.len - len + by.len));
	if (rest.len)
		http_set_value(m, h, rest);
	else
		http_del(m, h);
	return true;
}

/* Prefers the first server that the value names and that works, even if it drains; the letter says how that
 * went. */
static char choose(struct http_stream *hs, struct str value)
{
	const struct cookie_conf *conf = &http_proxy(hs)->cookie;
	bool forced = proxy_option_is_set(http_proxy(hs), PO_PERSIST) || hs->persist_forced;
	uint32_t at = 0;
	struct server *s = server_by_cookie(hs->s.backend, value, &at);
	char age = cookie_dates_judge(conf, &hs->cookie_dates, (uint64_t)http_worker(hs)->wall.tv_sec);

	if (conf->mode == COOKIE_INSERT && age != 'V')
		return age;
	if (hs->persist_ignored)
		return 'U';
	if (!s)
		return 'I';
	while (s && !forced && !server_is_reachable(s))
		s = server_by_cookie(hs->s.backend, value, &at);
	if (!s)
		return 'D';
	hs->s.cookie_server = hs->s.server.server = s;
	hs->s.server.forced = forced;
	return server_is_reachable(s) ? 'V' : 'D';
}

/* A Cookie field on its way through our hands, and what was found in it. */
struct field {
	char *text;
	size_t len;
	size_t from; /* where ours begins that are to be taken out, with the separator before; SIZE_MAX: nowhere
		      */
	bool others; /* there are cookies of somebody else */
	bool edited;
};

/* Takes out what stands between two separators; one stays, and a blank behind it, as HAProxy leaves it. How
 * many bytes less there are. */
static size_t field_cut(struct field *f, size_t next)
{
	size_t to = f->from, before = f->len;

	f->from = SIZE_MAX;
	f->edited = true;
	while (to && char_is_blank(f->text[to - 1]))
		to--;
	if (to) {
		f->text[to++] = f->text[next];
		f->text[to++] = ' ';
	}
	for (next++; next < f->len && char_is_blank(f->text[next]); next++)
		;
	memmove(f->text + to, f->text + next, f->len - next);
	f->len -= next - to;
	return before - f->len;
}

/* The last ones are ours: what is left before them, with its blanks, unless that says something of them only.
 */
static void field_end(struct field *f)
{
	if (f->from == SIZE_MAX)
		return;
	f->edited = true;
	f->len = f->others ? f->from : 0;
}

/* Our cookie: the server that it names, unless one has been found already. How many bytes were taken away. */
static size_t our_cookie(struct http_stream *hs, struct field *f, struct str value, bool *chosen)
{
	const struct cookie_conf *conf = &http_proxy(hs)->cookie;
	size_t cut = str_chr(value, conf->mode == COOKIE_PREFIX ? '~' : '|'),
	       at = (size_t)(value.ptr - f->text);
	char letter;

	if (!*chosen) {
		if (conf->mode == COOKIE_INSERT && cut < value.len)
			hs->cookie_dates = cookie_dates_parse(str_tail(value, cut + 1));
		letter = choose(hs, str_sub(value, 0, cut));
		if ((letter != 'I' && letter != 'U') || hs->s.log.cookie_cli == 'N')
			hs->s.log.cookie_cli = letter; /* what an earlier one says is more than that */
		*chosen = letter == 'V' || (letter == 'D' && hs->s.server.forced);
	}
	if (conf->mode != COOKIE_PREFIX || cut == value.len)
		return 0;
	f->edited = true;
	cut++;
	memmove(f->text + at, f->text + at + cut, f->len - at - cut);
	f->len -= cut;
	return cut;
}

/* Word by word. Those that begin with $ are attributes of the one before (RFC 2965). */
static void field_walk(struct http_stream *hs, struct field *f, bool *chosen)
{
	const struct cookie_conf *conf = &http_proxy(hs)->cookie;
	bool hide = conf->mode == COOKIE_INSERT && conf->indirect;

	for (size_t before = 0, at = 0;; at = before + 1) {
		struct str all = str_make(f->text, f->len), word;
		size_t end, equals;

		while (at < f->len && char_is_blank(f->text[at]))
			at++;
		end = cookie_end(all, at);
		word = str_sub(all, at, end - at);
		equals = str_chr(word, '=');
		if (equals < word.len && str_eq(str_trim(str_sub(word, 0, equals)), conf->name)) {
			if (hide && f->from == SIZE_MAX)
				f->from = before;
			end -= our_cookie(hs, f, str_trim(str_tail(word, equals + 1)), chosen);
		} else if (!word.len || word.ptr[0] != '$') {
			f->others = true;
			if (f->from != SIZE_MAX)
				end -= field_cut(f, before);
		}
		if (end >= f->len)
			return;
		before = end;
	}
}

void http_cookie_request(struct http_stream *hs)
{
	struct http_hdr *h = NULL;
	bool chosen = false;

	hs->s.log.cookie_cli = hs->s.log.cookie_srv = 'N';
	http_cookie_tidy(hs, &hs->req);
	while ((h = http_find_id(&hs->req, HN_COOKIE, h))) {
		struct field f = {.len = h->value_len, .from = SIZE_MAX};

		f.text = scratch_alloc(&hs->s.scratch, f.len + 1);
		if (!f.text)
			return;
		if (f.len)
			memcpy(f.text, h->value, f.len);
		field_walk(hs, &f, &chosen);
		field_end(&f);
		if (f.edited && f.len)
			http_set_value(&hs->req, h, str_make(f.text, f.len));
		else if (f.edited)
			http_del(&hs->req, h);
	}
}

/* Does the client already send what leads to this server? */
static bool client_knows(const struct http_stream *hs)
{
	return hs->s.cookie_server && hs->s.cookie_server == hs->s.server.server;
}

static bool sets_cookies(const struct http_hdr *h)
{
	return !h->deleted &&
	       (h->id == HN_SET_COOKIE ||
		(h->id == HN_OTHER && str_ieq(str_make(h->name, h->name_len), STR("set-cookie2"))));
}

/* The next field behind `after` (NULL: the first) with which the server sets a cookie of our name. */
static bool set_cookie_find(struct http_stream *hs, struct http_hdr *after, struct found *f)
{
	const struct cookie_conf *conf = &http_proxy(hs)->cookie;
	struct http_hdr *end = http_hdrs_end(&hs->res);

	for (struct http_hdr *h = after ? after + 1 : hs->res.hdrs; h < end; h++) {
		struct str all = field_value(h);
		size_t stop = cookie_end(all, 0), equals = str_chr(all, '=');

		if (!sets_cookies(h) || equals >= stop ||
		    !str_eq(str_trim(str_sub(all, 0, equals)), conf->name))
			continue;
		f->hdr = h;
		f->value = str_trim(str_sub(all, equals + 1, stop - equals - 1));
		f->off = (size_t)(f->value.ptr - all.ptr);
		f->len = f->value.len;
		return true;
	}
	return false;
}

static void put_dates(struct http_stream *hs, struct out *o)
{
	const struct cookie_conf *conf = &http_proxy(hs)->cookie;
	uint32_t now = cookie_date_now((uint64_t)http_worker(hs)->wall.tv_sec);
	char text[5];

	if (!conf->maxidle && !conf->maxlife)
		return;
	cookie_date_write(text, now);
	out_printf(o, "|%.5s", text);
	if (!conf->maxlife)
		return;
	cookie_date_write(text, client_knows(hs) && hs->cookie_dates.first ? hs->cookie_dates.first : now);
	out_printf(o, "|%.5s", text);
}

static struct str insert_text(struct http_stream *hs, struct str value)
{
	const struct cookie_conf *conf = &http_proxy(hs)->cookie;
	struct out o = out_growing(4096);
	struct str text;

	out_str(&o, conf->name);
	out_char(&o, '=');
	out_str(&o, value);
	if (value.len)
		put_dates(hs, &o);
	else
		out_puts(&o, "; Expires=Thu, 01-Jan-1970 00:00:01 GMT");
	out_puts(&o, "; path=/");
	if (conf->domain.len)
		out_printf(&o, "; domain=%.*s", STR_ARG(conf->domain));
	if (conf->httponly)
		out_puts(&o, "; HttpOnly");
	if (conf->secure)
		out_puts(&o, "; Secure");
	if (conf->attr.len)
		out_printf(&o, "; %.*s", STR_ARG(conf->attr));
	text = scratch_dup(&hs->s.scratch, out_get(&o));
	out_free(&o);
	return text;
}

/* Forbids storing (RFC 9111 sections 5.2.2 and 5.4)? */
static bool forbids_cache(struct str directive)
{
	static const char *const words[] = {"private", "no-cache", "no-store", "max-age=0", "s-maxage=0"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_ieq(directive, str_from(words[i])))
			return true;
	return false;
}

/* Judges the directives of Cache-Control and Pragma; *allows: one gives a time. False: one forbids. */
static bool directives_allow(struct http_msg *m, struct str name, bool *allows)
{
	struct http_hdr *h = NULL;

	while ((h = http_find(m, name, h))) {
		struct str rest = field_value(h);

		while (rest.len) {
			size_t comma = str_chr(rest, ',');
			struct str word = str_trim(str_sub(rest, 0, comma));

			if (forbids_cache(word) || str_starts(word, STR("no-cache=\"")))
				return false;
			if (str_starts(word, STR("max-age=")) || str_starts(word, STR("s-maxage=")))
				*allows = true;
			rest = str_tail(rest, comma + 1);
		}
	}
	return true;
}

/* Might a cache keep the response, with our cookie in it? */
bool http_cookie_is_cacheable(struct http_stream *hs)
{
	struct http_msg *m = &hs->res;
	bool allows = http_find(m, STR("expires"), NULL) || http_find(m, STR("last-modified"), NULL) ||
		      http_find(m, STR("etag"), NULL);

	if (hs->req.method != HTTP_M_GET && hs->req.method != HTTP_M_HEAD)
		return false;
	return directives_allow(m, STR("cache-control"), &allows) &&
	       directives_allow(m, STR("pragma"), &allows) && allows;
}

/* Our own cookie, unless the client has the right one. */
static bool insert(struct http_stream *hs, struct str value)
{
	const struct cookie_conf *conf = &http_proxy(hs)->cookie;
	uint64_t seconds = (uint64_t)http_worker(hs)->wall.tv_sec;
	struct str text;

	if (client_knows(hs) && !cookie_dates_stale(conf, &hs->cookie_dates, seconds))
		return true;
	if (conf->postonly && hs->req.method != HTTP_M_POST)
		return true;
	text = insert_text(hs, value);
	if (!text.ptr || !http_add(&hs->res, STR("set-cookie"), text))
		return false;
	hs->s.log.cookie_srv = client_knows(hs) ? 'U' : 'I';
	return !conf->nocache || !http_cookie_is_cacheable(hs) ||
	       http_add(&hs->res, STR("cache-control"), STR("private"));
}

/* The server's cookie carries our name: its value becomes or begins with the server's. */
static bool rewrite(struct http_stream *hs, const struct found *f, struct str value, bool prefix)
{
	struct str by = prefix ? scratch_printf(&hs->s.scratch, "%.*s~", STR_ARG(value)) : value;

	hs->s.log.cookie_srv = value.len ? 'R' : 'P';
	if (!value.len)
		return true;
	return by.ptr && splice_value(hs, &hs->res, f->hdr, f->off, prefix ? 0 : f->len, by);
}

/* Those that the server sets with our name go away. */
static void take_away(struct http_stream *hs)
{
	struct found f = {0};

	while (set_cookie_find(hs, f.hdr, &f)) {
		http_del(&hs->res, f.hdr);
		hs->s.log.cookie_srv = 'D';
	}
}

bool http_cookie_response(struct http_stream *hs)
{
	const struct cookie_conf *conf = &http_proxy(hs)->cookie;
	char text[SERVER_COOKIE_TEXT];
	struct str value = hs->s.server.server ? server_cookie(hs->s.server.server, text) : STR_NONE;
	struct found f = {0};
	bool ok = true;

	if (conf->mode == COOKIE_NONE)
		return true;
	hs->s.log.cookie_srv = 'N';
	if (hs->res.status < 200)
		return true; /* as in HAProxy: a status below 100 is no final one */
	http_cookie_tidy(hs, &hs->res);
	if (conf->mode == COOKIE_INSERT && conf->preserve && set_cookie_find(hs, NULL, &f)) {
		hs->s.log.cookie_srv = 'P';
		return true;
	}
	if (conf->mode == COOKIE_INSERT || (conf->mode == COOKIE_PREFIX && conf->indirect && client_knows(hs)))
		take_away(hs);
	if (conf->mode == COOKIE_INSERT)
		return hs->persist_ignored || insert(hs, value);
	while (ok && set_cookie_find(hs, f.hdr, &f))
		ok = rewrite(hs, &f, value, conf->mode == COOKIE_PREFIX);
	return ok;
}
