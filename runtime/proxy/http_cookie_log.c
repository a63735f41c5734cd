/* Cookies as others see them: the one that `capture cookie` puts into the log (manual, sections 4.2 and 8.2.3),
 * and those that a cache must not keep (option checkcache). Worker thread only. */
#include "runtime/proxy/http_fields.h"

#include "runtime/eval/field_value.h"

#include "runtime/proxy/session_count.h"
#include "runtime/stats/counters.h"

/* --- capture cookie */

/* The first pair whose name begins like that. response: a Set-Cookie field has one pair, and attributes. */
static struct str pair_find(struct str all, struct str begin, bool response)
{
	for (size_t at = 0, end; at <= all.len; at = end + 1) {
		struct str pair;

		while (at < all.len && char_is_blank(all.ptr[at]))
			at++;
		end = cookie_end(all, at);
		pair = str_trim(str_sub(all, at, end - at));
		if (str_starts(pair, begin) && str_chr(pair, '=') < pair.len)
			return pair;
		if (response)
			break;
	}
	return STR_NONE;
}

void http_cookie_capture(struct http_stream *hs, bool response)
{
	const struct proxy_conf *fe = http_frontend(hs);
	struct http_msg *m = response ? &hs->res : &hs->req;
	struct str *slot = response ? &hs->s.log.cookie_captured_srv : &hs->s.log.cookie_captured_cli;
	struct http_hdr *h = NULL;
	uint32_t most = hs->s.session->generation->model->global.cookie_capture_len;
	uint32_t kept = fe->capture_cookie_len < most ? fe->capture_cookie_len : most;

	http_cookie_tidy(hs, m);
	while (!slot->len && (h = http_find_id(m, response ? HN_SET_COOKIE : HN_COOKIE, h))) {
		struct str pair = pair_find(str_make(h->value, h->value_len), fe->capture_cookie, response);

		if (pair.len)
			*slot = scratch_dup(&hs->s.scratch, str_sub(pair, 0, kept));
	}
}

/* --- option checkcache */

bool http_checkcache_refuses(struct http_stream *hs)
{
	return http_find_id(&hs->res, HN_SET_COOKIE, NULL) && http_cookie_is_cacheable(hs);
}

enum http_next http_checkcache_refuse(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);

	SESSION_COUNT(hs->s.session, denied_resp);
	counters_be(w, hs->s.backend->index)->denied_resp++;
	counters_srv(w, hs->s.server.server->index)->denied_resp++;
	return http_reply_failure(hs, 502, 'P', 'H');
}
