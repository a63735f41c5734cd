/* Caches in mode http: `cache-use` looks for an answer, which then is the response as if a server had sent it;
 * `cache-store` notes the head as it is at that rule, and the flow of the body brings the rest. Worker thread
 * only. */
#include "runtime/proxy/http_cache.h"

#include "runtime/http/h1_parse.h"
#include "runtime/proxy/http_count.h"
#include "runtime/proxy/http_fields.h"
#include "runtime/stats/counters.h"

enum { OVERHEAD = 139 /* so that sizes are those that HAProxy counts */ };

static int64_t wall_seconds(const struct http_stream *hs)
{
	return (int64_t)http_worker(hs)->wall.tv_sec;
}

static struct caches *caches_of(const struct http_stream *hs)
{
	return hs->s.session->generation->caches;
}

/* --- cache-use */

static void count_lookup(struct http_stream *hs, bool hit)
{
	struct worker *w = http_worker(hs);

	if (hs->s.backend && hs->s.backend != hs->s.session->frontend) {
		counters_be(w, hs->s.backend->index)->cache_lookups++;
		counters_be(w, hs->s.backend->index)->cache_hits += hit;
	} else {
		counters_fe(w, hs->s.session->frontend->index)->cache_lookups++;
		counters_fe(w, hs->s.session->frontend->index)->cache_hits += hit;
	}
}

/* Made once for all caches that its rules name; NULL: no memory, or no key. */
static struct http_cache *cache_of_request(struct http_stream *hs)
{
	struct http_cache *c = hs->cache;

	if (!c) {
		c = scratch_alloc(&hs->s.scratch, sizeof(*c));
		if (!c)
			return NULL;
		memset(c, 0, sizeof(*c));
	}
	cache_request_judge(&hs->req, &c->request);
	if (!cache_key_of(caches_of(hs), &hs->req, &c->key))
		return NULL;
	hs->cache = c;
	return c;
}

bool http_cache_use(struct http_stream *hs, const struct rule *rule)
{
	struct cache *cache = cache_find(caches_of(hs), rule->name);
	struct http_cache *c = cache ? cache_of_request(hs) : NULL;
	bool varies = cache && cache_conf_of(cache)->process_vary;

	if (!c)
		return false;
	if (varies)
		cache_vary_request(&hs->req, &c->vary);
	if (!c->request.lookup)
		return false;
	c->entry = cache_lookup(cache, &c->key, varies ? &c->vary : NULL, wall_seconds(hs));
	c->cache = cache;
	count_lookup(hs, c->entry);
	return c->entry;
}

/* --- the answer */

static bool head_read(struct http_stream *hs, struct str stored)
{
	struct http_msg *m = &hs->res;
	struct str head = scratch_dup(&hs->s.scratch, stored);
	struct h1_parser p;

	memset(m, 0, sizeof(*m));
	m->scratch = &hs->s.scratch;
	m->is_response = true;
	m->method = HTTP_M_GET;
	h1_parse_init(&p, m, UINT16_MAX, UINT32_MAX);
	return head.ptr && h1_parse(&p, m, (char *)(uintptr_t)head.ptr, (uint32_t)head.len) == H1_DONE;
}

static void note_cache(struct http_stream *hs)
{
	hs->s.log.cache = cache_conf_of(hs->cache->cache);
	hs->s.log.server = STR("<CACHE>");
	http_note_service(hs);
}

static bool answer_make(struct http_stream *hs)
{
	struct http_cache *c = hs->cache;
	struct http_msg *m = &hs->res;
	struct str age;

	if (!head_read(hs, cache_entry_head(c->entry)))
		return false;
	if (cache_not_modified(&hs->req, m)) {
		m->counted += (uint32_t)(strlen(http_reason(304)) - m->reason.len);
		m->status = 304;
		m->reason = str_from(http_reason(304));
		m->start_edited = true;
	}
	m->method = hs->req.method;
	c->body = m->status == 304 || m->method == HTTP_M_HEAD ? STR("") : cache_entry_body(c->entry);
	m->body_seen = c->body;
	m->body_complete = true;
	age = scratch_printf(&hs->s.scratch, "%u", cache_entry_age(c->entry, wall_seconds(hs)));
	m->counted += (uint32_t)(strlen("age") + age.len);
	return age.ptr && http_add(m, STR("age"), age);
}

enum http_next http_cache_begin(struct http_stream *hs)
{
	stream_end(&hs->s, 'L', 'R');
	if (!answer_make(hs))
		return http_reply_failure(hs, 500, 'I', 'R');
	note_cache(hs);
	http_compress_request(hs);
	hs->content = http_proxy(hs)->rules[RS_TCP_RES_CONT].n;
	hs->list = 0;
	hs->rule = 0;
	hs->phase = HTTP_CACHED;
	return HTTP_AGAIN;
}

/* The body becomes what the flow reads, whole; what is compressed goes through it. */
static void body_feed(struct http_stream *hs)
{
	struct http_cache *c = hs->cache;

	c->buf = (struct buf){(char *)(uintptr_t)c->body.ptr, 0, (uint32_t)c->body.len, (uint32_t)c->body.len};
	hs->down.buf = &c->buf;
	hs->down.body = HTTP_BODY_LENGTH;
	hs->down.left = c->body.len;
	hs->down.state = c->body.len ? FLOW_BODY : FLOW_DONE;
	hs->down.taken = 0;
	hs->down.blocked = false;
}

/* Behind a head without a length: one chunk, and the last one. */
static void body_chunk(struct http_stream *hs, struct h1_out *out)
{
	struct str body = hs->cache->body;

	hs->s.log.bytes_out += body.len;
	if (body.len) {
		h1_out_chunk_size(out, body.len);
		h1_out_slice(out, body.ptr, body.len);
		h1_out_copy(out, STR("\r\n"));
	}
	h1_out_copy(out, STR("0\r\n\r\n"));
}

static enum http_next answer_send(struct http_stream *hs)
{
	bool bodyless = hs->res.status == 304 || hs->res.method == HTTP_M_HEAD, chunked;
	struct h1_out *out = http_flow_out(hs, &hs->down);

	body_feed(hs);
	http_rules_after_response(hs);
	if (hs->compress && !bodyless && !http_compress_cached(hs, hs->cache->body.len))
		return http_reply_failure(hs, 500, 'I', 'H');
	http_flow_drain(hs, &hs->up);
	hs->client_keep = hs->client_keep && hs->up.state == FLOW_DONE;
	if (!out)
		return HTTP_CLOSE;
	h1_out_init(out, &hs->s.scratch);
	http_head_strip(&hs->res);
	if (!http_flow_head(hs, &hs->down, &hs->res, http_connection_response(hs), hs->down.state == FLOW_DONE))
		return HTTP_CLOSE;
	chunked = hs->res.body == HTTP_BODY_CHUNKED && !hs->down.compress && !bodyless && !hs->down.to->mux;
	if (chunked) {
		body_chunk(hs, out);
		hs->down.state = FLOW_DONE;
	}
	hs->responding = true;
	hs->phase = HTTP_REPLY;
	http_count_response(hs, hs->res.status);
	return out->failed ? HTTP_CLOSE : HTTP_AGAIN;
}

/* tcp-response content does not ask where a response comes from: the first look is before there is one. */
static enum http_next inspect(struct http_stream *hs)
{
	enum http_next next = http_rules_content(hs, false);

	if (next != HTTP_WAIT)
		return next;
	hs->s.res = &hs->res;
	return http_rules_content(hs, true);
}

enum http_next http_cache_run(struct http_stream *hs)
{
	enum http_next next = hs->content ? inspect(hs) : HTTP_AGAIN;

	if (next == HTTP_AGAIN && hs->phase == HTTP_CACHED) {
		if (hs->list == 0) {
			hs->s.res = &hs->res;
			hs->s.log.status = hs->res.status;
			hs->s.log.bytes_out += hs->res.counted;
		}
		next = http_rules_response(hs);
	}
	if (next != HTTP_AGAIN || hs->phase != HTTP_CACHED)
		return next;
	return answer_send(hs);
}

/* --- cache-store */

/* Fields that say how it came (RFC 9111 section 3.1), and those that are made anew. */
static bool is_kept(const struct http_hdr *h)
{
	return !h->deleted && h->id != HN_CONNECTION && h->id != HN_KEEP_ALIVE &&
	       h->id != HN_PROXY_CONNECTION && h->id != HN_UPGRADE &&
	       !str_ieq(str_make(h->name, h->name_len), STR("age"));
}

static bool head_write(struct http_stream *hs, struct cache_begin *b)
{
	const struct http_msg *m = &hs->res;
	size_t len = 64 + m->reason.len;
	struct out o;
	char *buf;

	for (uint16_t i = 0; i < m->nhdrs; i++)
		len += m->hdrs[i].name_len + m->hdrs[i].value_len + 4u;
	buf = scratch_alloc(&hs->s.scratch, len);
	if (!buf)
		return false;
	o = out_fixed(buf, len);
	out_printf(&o, "HTTP/1.1 %u %.*s\r\n", m->status, STR_ARG(m->reason));
	b->overhead = OVERHEAD;
	for (uint16_t i = 0; i < m->nhdrs; i++) {
		const struct http_hdr *h = &m->hdrs[i];

		if (!is_kept(h))
			continue;
		out_printf(&o, "%.*s: %.*s\r\n", h->name_len, h->name, (int)h->value_len, h->value);
	}
	out_str(&o, STR("\r\n"));
	b->head = out_get(&o);
	return !o.truncated;
}

/* What it varies by, where the section cares; false: it cannot be kept. */
static bool vary_judge(struct http_stream *hs, const struct cache_conf *conf, struct cache_begin *b)
{
	if (!http_find(&hs->res, STR("vary"), NULL))
		return true;
	if (!conf->process_vary || !cache_vary_response(&hs->res, &b->vary_bits, &b->vary.encodings))
		return false;
	b->vary.referer = hs->cache->vary.referer;
	return true;
}

static bool body_is_known(const struct http_msg *m)
{
	return m->body == HTTP_BODY_LENGTH || m->body == HTTP_BODY_CHUNKED || m->body == HTTP_BODY_NONE;
}

static void store_begin(struct http_stream *hs, struct cache *cache)
{
	const struct cache_conf *conf = cache_conf_of(cache);
	const struct http_msg *m = &hs->res;
	struct cache_begin b = {.key = hs->cache->key, .now = wall_seconds(hs)};

	b.length = m->body == HTTP_BODY_CHUNKED ? UINT64_MAX
		   : m->body == HTTP_BODY_NONE  ? 0
						: m->content_length;
	if (!body_is_known(m) || hs->cache->store ||
	    !cache_response_judge(&hs->res, &hs->cache->request, b.now, conf->max_age, &b.life) ||
	    !vary_judge(hs, conf, &b) || !head_write(hs, &b))
		return;
	hs->cache->store = cache_store_begin(cache, &b);
	if (!hs->cache->store)
		return;
	http_del_all(&hs->res, STR("age")); /* as HAProxy does: from now on it is counted here */
	hs->down.tap = hs->cache;
}

void http_cache_store(struct http_stream *hs, const struct rule *rule)
{
	struct cache *cache = cache_find(caches_of(hs), rule->name);

	if (!cache || !hs->cache || hs->cache->entry || (rule->filter && rule->filter->off[1]))
		return;
	if (hs->cache->request.invalidates && hs->res.status < 400)
		cache_invalidate(cache, &hs->cache->key);
	else
		store_begin(hs, cache);
}

void http_cache_take(struct http_cache *c, struct str data)
{
	if (c->store && !cache_store_append(c->store, data))
		cache_store_abort(&c->store);
}

void http_cache_end(struct http_cache *c)
{
	if (c->store)
		cache_store_finish(&c->store);
}

void http_cache_drop(struct http_stream *hs)
{
	struct http_cache *c = hs->cache;

	if (!c)
		return;
	cache_store_abort(&c->store);
	cache_entry_release(&c->entry);
	hs->cache = NULL;
}
