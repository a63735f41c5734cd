/* What requests and responses say about keeping them (manual, section 6.1; RFC 9111 sections 3 to 5), as
 * HAProxy takes it. No state; any thread. */
#include "runtime/cache/cache_policy.h"

#include <stdio.h>
#include <time.h>

/* The next element of a list of directives; values may be quoted. */
static bool directive_next(struct str *rest, struct str *name, struct str *value)
{
	size_t n = 0, equals;
	bool quoted = false;
	struct str item;

	if (!rest->len)
		return false;
	for (; n < rest->len && (quoted || rest->ptr[n] != ','); n++)
		if (rest->ptr[n] == '"')
			quoted = !quoted;
	item = str_trim(str_sub(*rest, 0, n));
	*rest = str_tail(*rest, n + 1);
	equals = str_chr(item, '=');
	*name = str_trim(str_sub(item, 0, equals));
	*value = equals < item.len ? str_trim(str_tail(item, equals + 1)) : STR_NONE;
	if (value->len > 1 && value->ptr[0] == '"')
		*value = str_sub(*value, 1, value->len - 2);
	return true;
}

/* Digits at the beginning; 0 without any, the largest number for too many. */
static uint32_t seconds_of(struct str text)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
		value = value * 10 + (uint64_t)(text.ptr[i] - '0');
		if (value > INT32_MAX)
			return INT32_MAX;
	}
	return (uint32_t)value;
}

static struct str value_of(const struct http_hdr *h)
{
	return h ? str_make(h->value, h->value_len) : STR_NONE;
}

static bool pragma_forbids(struct http_msg *m)
{
	struct http_hdr *h = http_find(m, STR("pragma"), NULL);

	return h && str_ieq(str_trim(value_of(h)), STR("no-cache"));
}

/* --- requests */

static void request_directive(struct cache_request *r, struct str name)
{
	if (str_ieq(name, STR("no-cache")) || str_ieq(name, STR("max-age")) ||
	    str_ieq(name, STR("max-stale")) || str_ieq(name, STR("min-fresh")))
		r->lookup = false;
	else if (str_ieq(name, STR("no-store")))
		r->store = false;
}

void cache_request_judge(struct http_msg *m, struct cache_request *r)
{
	struct str rest, name, value;
	struct http_hdr *h = NULL;

	*r = (struct cache_request){0};
	if (m->version < 11 || !http_find_id(m, HN_HOST, NULL))
		return;
	r->lookup = m->method == HTTP_M_GET || m->method == HTTP_M_HEAD;
	r->store = m->method == HTTP_M_GET;
	r->invalidates = !r->lookup && m->method != HTTP_M_OPTIONS && m->method != HTTP_M_TRACE;
	if (http_find_id(m, HN_AUTHORIZATION, NULL)) {
		r->authorized = true;
		r->lookup = false;
	}
	while ((h = http_find_id(m, HN_CACHE_CONTROL, h)))
		for (rest = value_of(h); directive_next(&rest, &name, &value);)
			request_directive(r, name);
	if (pragma_forbids(m))
		r->lookup = false;
}

/* --- responses */

struct directives {
	bool forbidden, public, has_shared, has_age;
	uint32_t shared, age;
};

static void response_directive(struct directives *d, struct str name, struct str value)
{
	bool bare = !value.ptr;

	if (bare &&
	    (str_ieq(name, STR("no-cache")) || str_ieq(name, STR("no-store")) || str_ieq(name, STR("private"))))
		d->forbidden = true;
	else if (str_ieq(name, STR("public")))
		d->public = true;
	else if (str_ieq(name, STR("s-maxage"))) {
		d->has_shared = true;
		d->shared = bare ? INT32_MAX : seconds_of(value);
	} else if (str_ieq(name, STR("max-age"))) {
		d->has_age = true;
		d->age = bare ? INT32_MAX : seconds_of(value);
	}
}

static void read_directives(struct http_msg *m, struct directives *d)
{
	struct str rest, name, value;
	struct http_hdr *h = NULL;

	*d = (struct directives){0};
	while ((h = http_find_id(m, HN_CACHE_CONTROL, h)))
		for (rest = value_of(h); directive_next(&rest, &name, &value);)
			response_directive(d, name, value);
	d->forbidden |= (d->has_shared && !d->shared) || (d->has_age && !d->age);
}

static bool has_validator(struct http_msg *m)
{
	return http_find(m, STR("etag"), NULL) || http_find(m, STR("last-modified"), NULL);
}

/* For how long it is fresh, all in all. False: nobody says, or it is stale already. */
static bool freshness(struct http_msg *m, const struct directives *d, int64_t now, uint32_t *seconds)
{
	struct http_hdr *h;
	int64_t expires;

	*seconds = d->has_shared ? d->shared : d->age;
	if (d->has_shared || d->has_age)
		return true;
	h = http_find(m, STR("expires"), NULL);
	if (h) {
		if (!cache_date(value_of(h), &expires) || expires <= now)
			return false;
		*seconds = expires - now > INT32_MAX ? INT32_MAX : (uint32_t)(expires - now);
		return true;
	}
	*seconds = INT32_MAX;
	return has_validator(m);
}

/* Of the Age field (RFC 9111 section 5.1). False: it is malformed. */
static bool read_age(struct http_msg *m, uint32_t *age)
{
	struct http_hdr *h = http_find(m, STR("age"), NULL);
	uint64_t value;

	*age = 0;
	if (!h)
		return true;
	if (!str_to_u64(str_trim(value_of(h)), &value))
		return false;
	*age = value > INT32_MAX ? INT32_MAX : (uint32_t)value;
	return true;
}

bool cache_response_judge(struct http_msg *m, const struct cache_request *r, int64_t now, uint32_t max_age,
			  struct cache_lifetime *life)
{
	struct directives d;

	if (!r->store || m->status != 200 || pragma_forbids(m))
		return false;
	read_directives(m, &d);
	if (d.forbidden || (r->authorized && !d.public))
		return false;
	if (!read_age(m, &life->age) || !freshness(m, &d, now, &life->seconds) || life->age > life->seconds)
		return false;
	if (life->seconds > max_age)
		life->seconds = max_age;
	return life->seconds > 0;
}

/* --- conditions */

static bool days_of(const char *names, struct str text, size_t at, int *index)
{
	for (int i = 0; names[i * 3]; i++) {
		if (text.len < at + 3 || memcmp(text.ptr + at, names + (size_t)i * 3, 3))
			continue;
		*index = i;
		return true;
	}
	return false;
}

bool cache_date(struct str text, int64_t *seconds)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = {0};
	char buf[40], month[4], zone[4];
	size_t comma = str_chr(text, ',');

	text = str_trim(text);
	if (text.len >= sizeof(buf) || comma + 2 >= text.len)
		return false;
	memcpy(buf, text.ptr, text.len);
	buf[text.len] = '\0';
	if (sscanf(buf + comma + 1, " %2d%*1[ -]%3s%*1[ -]%d %2d:%2d:%2d %3s", &tm.tm_mday, month, &tm.tm_year,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone) != 7 ||
	    strcmp(zone, "GMT") || !days_of(months, str_from(month), 0, &tm.tm_mon))
		return false;
	if (tm.tm_year < 100)
		tm.tm_year += tm.tm_year < 70 ? 2000 : 1900;
	tm.tm_year -= 1900;
	*seconds = (int64_t)timegm(&tm);
	return true;
}

static struct str weak_off(struct str tag)
{
	return str_starts(tag, STR("W/")) ? str_tail(tag, 2) : tag;
}

/* Is the tag in a list of them? They are compared weakly (RFC 9110 section 13.1.2). */
static bool tag_listed(struct http_msg *request, struct str tag)
{
	struct http_hdr *h = NULL;

	while ((h = http_find(request, STR("if-none-match"), h))) {
		struct str rest = value_of(h), name, value;

		if (str_is(str_trim(rest), "*"))
			return true;
		while (directive_next(&rest, &name, &value))
			if (tag.len && !value.ptr && str_eq(weak_off(name), weak_off(tag)))
				return true;
	}
	return false;
}

bool cache_not_modified(struct http_msg *request, struct http_msg *stored)
{
	struct http_hdr *since, *modified;
	int64_t a, b;

	if (http_find(request, STR("if-none-match"), NULL))
		return tag_listed(request, str_trim(value_of(http_find(stored, STR("etag"), NULL))));
	since = http_find(request, STR("if-modified-since"), NULL);
	modified = since ? http_find(stored, STR("last-modified"), NULL) : NULL;
	if (since && !modified)
		modified = http_find(stored, STR("date"), NULL);
	return since && modified && cache_date(value_of(since), &a) && cache_date(value_of(modified), &b) &&
	       b <= a;
}
