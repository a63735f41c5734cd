/* internal.htx.* and internal.htx_blk.* (manual, section 7.3.2, "for developers"): a message as HAProxy keeps
 * it in a buffer, as blocks one behind the other. We do not keep it so; what is asked is computed from the
 * message in the sizes that HAProxy gives: of the head one block each for the start line, each field and the
 * end, then one for the data at hand, then the end of trailers. Trailers themselves are not seen. One thread.
 */
#include "runtime/eval/fetch.h"

#include "runtime/eval/engine.h"
#include "runtime/eval/htx_size.h"

/* All fetches have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum block_type { BLOCK_REQ_SL, BLOCK_RES_SL, BLOCK_HDR, BLOCK_EOH, BLOCK_DATA, BLOCK_EOT, BLOCK_UNUSED };

struct block {
	enum block_type type;
	const struct http_hdr *hdr;
	uint32_t size;
};

/* The channel is that of the rules that ask. */
static const struct http_msg *message(struct eval *e)
{
	const uint32_t response = AT(BE_RES_CONTENT) | AT(BE_RES_HDR) | AT(BE_RES_BODY) | AT(BE_STORE) |
				  AT(FE_RES_CONTENT) | AT(FE_RES_HDR) | AT(FE_RES_BODY) | AT(FE_LOG);

	const struct http_msg *m = e->place & response ? e->res : e->req;

	if (m)
		fetch_see_body(e, m);
	return m;
}

static bool has_end_of_trailers(const struct http_msg *m)
{
	return m->body == HTTP_BODY_CHUNKED && m->version < 20 && m->body_complete;
}

/* The block at *index; sizes of all, and how many there are, when there is none. */
static struct block block_at(const struct http_msg *m, int64_t index, uint32_t *n, uint32_t *bytes)
{
	struct block b = {m->is_response ? BLOCK_RES_SL : BLOCK_REQ_SL, NULL, htx_line_size(m)},
		     found = {BLOCK_UNUSED, NULL, 0};

	*n = 0;
	*bytes = 0;
#define COUNT()                                                                                                \
	do {                                                                                                   \
		if ((*n)++ == index)                                                                           \
			found = b;                                                                             \
		*bytes += b.size;                                                                              \
	} while (0)
	COUNT();
	for (uint32_t i = 0; i < m->nhdrs; i++) {
		if (m->hdrs[i].deleted)
			continue;
		b = (struct block){BLOCK_HDR, &m->hdrs[i], m->hdrs[i].name_len + m->hdrs[i].value_len};
		COUNT();
	}
	b = (struct block){BLOCK_EOH, NULL, 1};
	COUNT();
	if (m->body_seen.len) {
		b = (struct block){BLOCK_DATA, NULL, (uint32_t)m->body_seen.len};
		COUNT();
	}
	if (has_end_of_trailers(m)) {
		b = (struct block){BLOCK_EOT, NULL, 1};
		COUNT();
	}
#undef COUNT
	return found;
}

/* --- the whole */

struct totals {
	uint32_t blocks, data, size;
};

static bool totals(struct eval *e, struct totals *t)
{
	const struct http_msg *m = message(e);

	if (!m)
		return false;
	block_at(m, -1, &t->blocks, &t->data);
	t->size = e->model->global.tune_bufsize - HTX_BUFFER_HEAD;
	return true;
}

static uint32_t used(const struct totals *t)
{
	return t->data + t->blocks * HTX_BLOCK_HEAD;
}

static uint32_t unused(const struct totals *t)
{
	return t->size > used(t) ? t->size - used(t) : 0;
}

bool fetch_htx_data(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	struct totals t;

	return totals(e, &t) && sample_set_int(out, t.data);
}

bool fetch_htx_nbblks(struct eval *e, const struct fetch_call *call, struct sample *out,
		      struct sample_iter *iter)
{
	struct totals t;

	return totals(e, &t) && sample_set_int(out, t.blocks);
}

bool fetch_htx_size(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	struct totals t;

	return totals(e, &t) && sample_set_int(out, t.size);
}

bool fetch_htx_used(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	struct totals t;

	return totals(e, &t) && sample_set_int(out, used(&t));
}

bool fetch_htx_free(struct eval *e, const struct fetch_call *call, struct sample *out, struct sample_iter *iter)
{
	struct totals t;

	return totals(e, &t) && sample_set_int(out, unused(&t));
}

bool fetch_htx_free_data(struct eval *e, const struct fetch_call *call, struct sample *out,
			 struct sample_iter *iter)
{
	struct totals t;

	return totals(e, &t) && sample_set_int(out, unused(&t) > HTX_BLOCK_HEAD ? unused(&t) - HTX_BLOCK_HEAD : 0);
}

bool fetch_htx_has_eom(struct eval *e, const struct fetch_call *call, struct sample *out,
		       struct sample_iter *iter)
{
	const struct http_msg *m = message(e);
	bool empty;

	if (!m)
		return false;
	empty = m->body == HTTP_BODY_NONE || (m->body == HTTP_BODY_LENGTH && !m->content_length);
	return sample_set_bool(out, empty || m->body_complete);
}

/* --- one block */

static bool block(struct eval *e, const struct fetch_call *call, const struct http_msg **m, struct block *b)
{
	struct str which = call->args[0].str;
	uint32_t n, bytes;
	int64_t index = 0;

	*m = message(e);
	if (!*m)
		return false;
	if (str_is(which, "tail")) {
		block_at(*m, -1, &n, &bytes);
		index = (int64_t)n - 1;
	} else if (!str_is(which, "head") && !str_is(which, "first") && !str_to_i64(which, &index)) {
		return false;
	}
	*b = block_at(*m, index, &n, &bytes);
	return true;
}

bool fetch_htx_blk_size(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	const struct http_msg *m;
	struct block b;

	return block(e, call, &m, &b) && sample_set_int(out, b.size);
}

bool fetch_htx_blk_type(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	static const char *const names[] = {"HTX_BLK_REQ_SL", "HTX_BLK_RES_SL", "HTX_BLK_HDR",   "HTX_BLK_EOH",
					    "HTX_BLK_DATA",   "HTX_BLK_EOT",    "HTX_BLK_UNUSED"};
	const struct http_msg *m;
	struct block b;

	return block(e, call, &m, &b) && sample_set_str(out, str_from(names[b.type]));
}

bool fetch_htx_blk_data(struct eval *e, const struct fetch_call *call, struct sample *out,
			struct sample_iter *iter)
{
	const struct http_msg *m;
	struct block b;

	if (!block(e, call, &m, &b))
		return false;
	out->type = SMP_BIN;
	out->str = b.type == BLOCK_DATA ? m->body_seen : STR("");
	return true;
}

/* HAProxy keeps names in small letters. */
bool fetch_htx_blk_hdrname(struct eval *e, const struct fetch_call *call, struct sample *out,
			   struct sample_iter *iter)
{
	const struct http_msg *m;
	struct block b;
	char *name;

	if (!block(e, call, &m, &b))
		return false;
	if (b.type != BLOCK_HDR)
		return sample_set_str(out, STR(""));
	name = scratch_alloc(e->scratch, b.hdr->name_len + 1u);
	if (!name)
		return false;
	for (uint32_t i = 0; i < b.hdr->name_len; i++)
		name[i] = b.hdr->name[i] >= 'A' && b.hdr->name[i] <= 'Z' ? (char)(b.hdr->name[i] | 0x20)
									 : b.hdr->name[i];
	return sample_set_str(out, str_make(name, b.hdr->name_len));
}

bool fetch_htx_blk_hdrval(struct eval *e, const struct fetch_call *call, struct sample *out,
			  struct sample_iter *iter)
{
	const struct http_msg *m;
	struct block b;

	if (!block(e, call, &m, &b))
		return false;
	return sample_set_str(out, b.type == BLOCK_HDR ? str_make(b.hdr->value, b.hdr->value_len) : STR(""));
}

bool fetch_htx_blk_start_line(struct eval *e, const struct fetch_call *call, struct sample *out,
			      struct sample_iter *iter)
{
	const struct http_msg *m;
	struct block b;
	struct str v;

	if (!block(e, call, &m, &b))
		return false;
	v = htx_version(m);
	if (b.type == BLOCK_REQ_SL)
		v = scratch_printf(e->scratch, "%.*s %.*s %.*s", STR_ARG(m->method_name), STR_ARG(m->uri),
				   STR_ARG(v));
	else if (b.type == BLOCK_RES_SL)
		v = scratch_printf(e->scratch, "%.*s %u %.*s", STR_ARG(v), m->status, STR_ARG(m->reason));
	else
		v = STR("");
	return v.ptr && sample_set_str(out, v);
}
