/* Heads of HTTP/1 messages: the first byte of the input says request or response and how it is cut. Demands:
 * the same verdict however the bytes arrive; what is accepted and written again is accepted again, with the
 * same framing, and writes the same bytes: a next hop with our own parser sees the message that we saw. One
 * thread. */
#include <string.h>

#include "runtime/http/h1_parse.h"
#include "runtime/http/h1_write.h"
#include "tests/fuzz/fuzz.h"

struct head {
	struct scratch scratch;
	struct http_msg msg;
	struct h1_parser parser;
	enum h1_result result;
	char *data;
};

/* Parses in pieces of `step` bytes, in memory that grows, and moves, with them. */
static void head_parse(struct head *h, bool response, const char *in, size_t len, size_t step)
{
	h->data = NULL;
	scratch_init(&h->scratch, &scratch_malloc);
	h->msg = (struct http_msg){.scratch = &h->scratch, .is_response = response, .method = HTTP_M_GET};
	h1_parse_init(&h->parser, &h->msg, 101, 15360);
	h->result = H1_MORE;
	for (size_t have = 0; have < len && h->result == H1_MORE;) {
		size_t n = have + step < len ? step : len - have;
		char *moved = malloc(have + n);

		FUZZ_DEMAND(moved);
		if (have)
			memcpy(moved, h->data, have);
		memcpy(moved + have, in + have, n);
		if (have)
			h1_parse_moved(&h->msg, h->data, moved);
		free(h->data);
		h->data = moved;
		have += n;
		h->result = h1_parse(&h->parser, &h->msg, h->data, (uint32_t)have);
	}
}

static void head_free(struct head *h)
{
	scratch_reset(&h->scratch);
	free(h->data);
}

/* The head as it would be sent; the caller frees it. */
static char *head_write(struct head *h, size_t *len)
{
	struct h1_out out;
	char *text, *at;

	h1_out_init(&out, &h->scratch);
	h1_write_head(&out, &h->msg, STR_NONE);
	*len = out.failed ? 0 : out.bytes;
	text = at = malloc(*len + 1);
	FUZZ_DEMAND(text);
	for (int i = out.first; i < out.n && !out.failed; i++) {
		memcpy(at, out.iov[i].iov_base, out.iov[i].iov_len);
		at += out.iov[i].iov_len;
	}
	return text;
}

static void demand_same_framing(const struct head *a, const struct head *b)
{
	FUZZ_DEMAND(a->msg.body == b->msg.body);
	FUZZ_DEMAND(a->msg.method == b->msg.method);
	FUZZ_DEMAND(a->msg.status == b->msg.status);
	FUZZ_DEMAND(a->msg.body != HTTP_BODY_LENGTH || a->msg.content_length == b->msg.content_length);
	FUZZ_DEMAND(str_eq(http_uri_pathq(a->msg.uri), http_uri_pathq(b->msg.uri)));
}

/* Bytes above 0x7e pass in some groups of four (h1_target_chars()): a port that is taken out shifts the groups.
 */
static bool may_be_refused(const struct http_msg *m)
{
	for (size_t i = 0; i < m->uri.len && m->uri.ptr[0] != '/'; i++)
		if ((unsigned char)m->uri.ptr[i] > 0x7e)
			return true;
	return false;
}

/* As in HAProxy an empty element at the end of Connection goes, one each time; so do blanks there. */
static bool connection_shrinks(struct http_msg *m)
{
	struct http_hdr *h = NULL;

	while ((h = http_find_id(m, HN_CONNECTION, h)))
		if (h->value_len && strchr(", \t", h->value[h->value_len - 1]))
			return true;
	return false;
}

/* What we send on must mean the same to the next one. */
static void demand_stable(struct head *h, bool response)
{
	size_t len, len2;
	char *text = head_write(h, &len), *text2;
	struct head again;

	if (len) {
		head_parse(&again, response, text, len, len);
		if (again.result == H1_BAD && may_be_refused(&h->msg)) {
			head_free(&again);
			free(text);
			return;
		}
		FUZZ_DEMAND(again.result == H1_DONE);
		FUZZ_DEMAND(again.parser.pos == len);
		demand_same_framing(h, &again);
		text2 = head_write(&again, &len2);
		/* "http://a::/" loses one colon each time: an empty port is a default port. */
		if ((!h->msg.uri.len || h->msg.uri.ptr[0] == '/') && !connection_shrinks(&h->msg))
			FUZZ_DEMAND(len == len2 && !memcmp(text, text2, len));
		free(text2);
		head_free(&again);
	}
	free(text);
}

/* The same groups of a target that has come in part: such a byte at its end is refused, and might have passed.
 */
static bool depends_on_pieces(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] >= 0x7f && data[i] <= 0xa3)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head whole, cut;
	bool response;
	size_t step;

	if (size < 2 || size > 32768)
		return 0;
	response = data[0] & 1;
	step = 1 + (data[0] >> 4);
	head_parse(&whole, response, (const char *)data + 1, size - 1, size - 1);
	head_parse(&cut, response, (const char *)data + 1, size - 1, step);
	FUZZ_DEMAND(whole.result == cut.result ||
		    (cut.result == H1_BAD && depends_on_pieces(data + 1, size - 1)));
	if (whole.result == H1_DONE && cut.result == H1_DONE) {
		FUZZ_DEMAND(whole.parser.pos == cut.parser.pos);
		FUZZ_DEMAND(whole.parser.pos <= size - 1);
		demand_same_framing(&whole, &cut);
		demand_stable(&whole, response);
	}
	head_free(&whole);
	head_free(&cut);
	return 0;
}
