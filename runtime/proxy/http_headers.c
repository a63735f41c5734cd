/* What the proxy itself puts into a request (unique-id-header, and by http_forward.c), and what it notes of
 * messages for the log (capture request and response header; manual, section 8.8). */
#include "runtime/proxy/http_fields.h"

static bool unique_id(struct http_stream *hs)
{
	const struct proxy_conf *fe = http_frontend(hs);

	if (!fe->unique_id_format)
		return true;
	stream_unique_id(&hs->s);
	if (!fe->unique_id_header.len)
		return true;
	return hs->s.log.unique_id.ptr && http_add(&hs->req, fe->unique_id_header, hs->s.log.unique_id);
}

bool http_headers_request(struct http_stream *hs)
{
	return unique_id(hs) && http_forward_add(hs);
}

/* One slot: the last field of that name, no longer than asked for. */
static struct str captured(struct http_stream *hs, struct http_msg *m, struct str name, uint32_t len)
{
	struct http_hdr *h = NULL, *last = NULL;

	while ((h = http_find(m, name, h)))
		last = h;
	if (!last)
		return STR_NONE;
	return scratch_dup(&hs->s.scratch,
			   str_make(last->value, last->value_len < len ? last->value_len : len));
}

/* Slots of responses are there, empty, as soon as there is a request. */
void http_capture_prepare(struct http_stream *hs, uint32_t n)
{
	struct str *slots = scratch_alloc(&hs->s.scratch, n * sizeof(*slots));

	if (!slots)
		return;
	memset(slots, 0, n * sizeof(*slots));
	hs->s.cap_res = slots;
	hs->s.log.cap_res = slots;
	hs->s.log.ncap_res = n;
}

void http_capture(struct http_stream *hs, bool response)
{
	const struct proxy_conf *fe = http_frontend(hs);
	uint32_t n = response ? fe->capture_response_n : fe->capture_request_n;
	const struct reply_header *names = response ? fe->capture_response : fe->capture_request;
	const uint32_t *lens = response ? fe->capture_response_len : fe->capture_request_len;
	struct http_msg *m = response ? &hs->res : &hs->req;
	struct str *slots = scratch_alloc(&hs->s.scratch, n * sizeof(*slots));

	if (!slots)
		return;
	for (uint32_t i = 0; i < n; i++)
		slots[i] = names[i].name.len ? captured(hs, m, names[i].name, lens[i]) : STR_NONE;
	if (response) {
		hs->s.cap_res = slots;
		hs->s.log.cap_res = slots;
		hs->s.log.ncap_res = n;
	} else {
		hs->s.cap_req = slots;
		hs->s.log.cap_req = slots;
		hs->s.log.ncap_req = n;
	}
}
