/* Compression of messages on their way (manual, keyword "compression"): whether a client takes it, whether a
 * message may be, and what becomes of its head. Bodies are done by their flow. Worker thread only. */
#include "runtime/proxy/http_fields.h"

#include "runtime/stats/counters.h"

/* --- what the client takes */

/* q of a list element, in thousandths; 1000 without one. */
static unsigned quality(struct str params)
{
	size_t at = str_chr(params, 'q');
	unsigned q = 0, unit = 1000;
	struct str value;

	while (at < params.len &&
	       !(at + 1 < params.len && str_starts(str_trim(str_tail(params, at + 1)), STR("="))))
		at = at + 1 + str_chr(str_tail(params, at + 1), 'q');
	if (at >= params.len)
		return 1000;
	value = str_trim(str_tail(str_trim(str_tail(params, at + 1)), 1));
	for (size_t i = 0; i < value.len && unit; i++) {
		if (value.ptr[i] == '.' && i == 1)
			continue;
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			break;
		q += (unsigned)(value.ptr[i] - '0') * unit;
		unit /= 10;
	}
	return q > 1000 ? 1000 : q;
}

static bool is_called(enum compression_algo algo, struct str token)
{
	const char *name = compress_token(algo);

	return str_is(token, "*") || str_ieq(token, str_from(name ? name : "identity"));
}

struct offer {
	unsigned q;
	int algo; /* -1: none yet */
};

/* One element of Accept-Encoding. Of several that `*` would suit the last one of the configuration is taken, as
 * HAProxy does. */
static void consider(const struct compression_side *side, struct str element, struct offer *best)
{
	size_t end = str_chr(element, ';');
	struct str token = str_trim(str_sub(element, 0, end));
	unsigned q = quality(str_tail(element, end));

	for (int i = side->nalgos - 1; i >= 0 && q > best->q; i--) {
		if (!is_called((enum compression_algo)side->algos[i], token))
			continue;
		*best = (struct offer){q, side->algos[i]};
	}
}

static bool has_identity(const struct compression_side *side)
{
	for (int i = 0; i < side->nalgos; i++)
		if (side->algos[i] == COMP_IDENTITY)
			return true;
	return false;
}

/* Browsers that say they take it, and do not (manual: "Mozilla/4" unless it is MSIE 6 with XP SP2 or later). */
static bool agent_is_broken(struct http_msg *m)
{
	struct http_hdr *h = http_find(m, STR("user-agent"), NULL);
	struct str agent = h ? str_make(h->value, h->value_len) : STR_NONE;
	const char *msie;

	if (!str_starts(agent, STR("Mozilla/4")))
		return false;
	msie = memmem(agent.ptr, agent.len, "MSIE ", 5);
	if (!msie || msie + 5 == agent.ptr + agent.len || msie[5] < '6' || msie[5] > '9')
		return true;
	return msie[5] == '6' && !memmem(agent.ptr, agent.len, "SV1", 3);
}

/* The backend's settings if it has any, else the frontend's. */
static const struct compression_conf *conf_of(const struct http_stream *hs)
{
	const struct compression_conf *be = &http_proxy(hs)->compression, *fe = &http_frontend(hs)->compression;

	return be->res.nalgos || be->req.nalgos ? be : fe;
}

static bool offloads(const struct http_stream *hs)
{
	return http_proxy(hs)->compression.offload || http_frontend(hs)->compression.offload;
}

void http_compress_request(struct http_stream *hs)
{
	const struct compression_side *side = &conf_of(hs)->res;
	struct offer best = {0, -1};
	struct http_hdr *h = NULL;

	if (!side->nalgos || conf_of(hs)->not_response || agent_is_broken(&hs->req))
		return;
	while ((h = http_find(&hs->req, STR("accept-encoding"), h))) {
		struct str rest = str_make(h->value, h->value_len);

		while (rest.len) {
			consider(side, str_sub(rest, 0, str_chr(rest, ',')), &best);
			rest = str_tail(rest, str_chr(rest, ',') + 1);
		}
	}
	if (best.algo >= 0 && offloads(hs))
		http_del_all(&hs->req, STR("accept-encoding"));
	if (best.algo < 0 && has_identity(side))
		best.algo = COMP_IDENTITY;
	hs->compress = (int8_t)(best.algo + 1);
}

/* --- what may be compressed */

static struct str field(struct http_msg *m, const char *name)
{
	struct http_hdr *h = http_find(m, str_from(name), NULL);

	return h ? str_make(h->value, h->value_len) : STR_NONE;
}

static bool type_fits(const struct compression_side *a, const struct compression_side *b, struct http_msg *m)
{
	const struct compression_side *side = a->ntypes ? a : b;
	struct str type = field(m, "content-type");

	if (str_ieq(str_sub(type, 0, 9), STR("multipart")))
		return false;
	for (uint32_t i = 0; i < side->ntypes; i++)
		if (type.len >= side->types[i].len &&
		    str_ieq(str_sub(type, 0, side->types[i].len), side->types[i]))
			return true;
	return !side->ntypes;
}

static bool forbids_transform(struct http_msg *m)
{
	struct http_hdr *h = NULL;

	while ((h = http_find_id(m, HN_CACHE_CONTROL, h))) {
		struct str rest = str_make(h->value, h->value_len);

		while (rest.len) {
			if (str_ieq(str_trim(str_sub(rest, 0, str_chr(rest, ','))), STR("no-transform")))
				return true;
			rest = str_tail(rest, str_chr(rest, ',') + 1);
		}
	}
	return false;
}

/* One ETag at most, weak or strong (RFC 9110 section 8.8.3). */
static bool etag_fits(struct http_msg *m)
{
	struct http_hdr *h = http_find(m, STR("etag"), NULL);
	struct str tag = h ? str_make(h->value, h->value_len) : STR_NONE;

	if (!h)
		return true;
	if (http_find(m, STR("etag"), h))
		return false;
	return str_starts(tag, STR("W/\"")) ||
	       (tag.len >= 2 && tag.ptr[0] == '"' && tag.ptr[tag.len - 1] == '"');
}

static bool body_fits(const struct http_msg *m, uint64_t minsize)
{
	if (m->body == HTTP_BODY_LENGTH)
		return m->content_length && m->content_length >= minsize;
	return m->body == HTTP_BODY_CHUNKED;
}

static bool response_fits(struct http_stream *hs)
{
	struct http_msg *m = &hs->res;

	if (hs->req.version < 11 || m->version < 11 || m->status < 200 || m->status > 203)
		return false;
	return body_fits(m, conf_of(hs)->res.minsize) && hs->down.state == FLOW_BODY &&
	       !http_find(m, STR("content-encoding"), NULL) && !forbids_transform(m) && etag_fits(m) &&
	       type_fits(&http_proxy(hs)->compression.res, &http_frontend(hs)->compression.res, m);
}

/* --- heads */

/* What is changed is no longer what a strong tag stands for (RFC 9110 section 8.8.1). */
static bool etag_weaken(struct http_msg *m)
{
	struct http_hdr *h = http_find(m, STR("etag"), NULL);
	struct str weak;

	if (!h || h->value[0] == 'W')
		return true;
	weak = scratch_printf(m->scratch, "W/%.*s", (int)h->value_len, h->value);
	if (!weak.ptr)
		return false;
	http_set_value(m, h, weak);
	return true;
}

static bool head_edit(struct http_msg *m, enum compression_algo algo, bool vary)
{
	const char *token = compress_token(algo);

	if (!etag_weaken(m))
		return false;
	if (m->body == HTTP_BODY_LENGTH) {
		http_del_all(m, STR("content-length"));
		if (!http_add(m, STR("transfer-encoding"), STR("chunked")))
			return false;
	}
	if (vary && !http_add(m, STR("vary"), STR("Accept-Encoding")))
		return false;
	return !token || http_add(m, STR("content-encoding"), str_from(token));
}

static int level_of(const struct http_stream *hs)
{
	return hs->s.session->generation->model->global.comp_level;
}

/* maxcomprate, of which HAProxy holds what comes in against it when a message begins, and what goes out later on. */
static bool rate_is_reached(struct worker *w, const struct rate *rate)
{
	struct process *p = w->process;
	uint32_t limit = atomic_load_explicit(&p->rate_limits[RATE_COMPRESSION], memory_order_relaxed);
	bool reached;

	if (!limit)
		return false;
	pthread_mutex_lock(&p->rate_lock);
	reached = rate_read(rate, w->now) > limit;
	pthread_mutex_unlock(&p->rate_lock);
	return reached;
}

/* maxcompcpuusage */
static bool is_busy(struct http_stream *hs)
{
	uint32_t most = hs->s.session->generation->model->global.limits.comp_cpu;

	return most < 100 && process_cpu_usage(http_worker(hs)->process) > most;
}

/* Whoever comes while a limit is reached goes out as it is; maxzlibmem is one more. A compression that begins counts with
 * what it holds. */
static bool is_exhausted(struct http_stream *hs)
{
	const struct limits_conf *limits = &hs->s.session->generation->model->global.limits;
	struct worker *w = http_worker(hs);

	if (rate_is_reached(w, &w->process->compressed) || is_busy(hs))
		return true;
	return limits->zlib_mb && atomic_load_explicit(&w->process->compression_memory, memory_order_relaxed) >=
					  (size_t)limits->zlib_mb << 20;
}

void http_compress_drop(struct http_flow *f, struct worker *w)
{
	if (f->compress)
		atomic_fetch_sub_explicit(&w->process->compression_memory, compress_memory(f->compress),
					  memory_order_relaxed);
	compress_free(&f->compress);
}

static struct compress *begin(struct worker *w, enum compression_algo algo, int level, uint32_t most)
{
	struct compress *c = compress_new(algo, level, most);

	if (c)
		atomic_fetch_add_explicit(&w->process->compression_memory, compress_memory(c),
					  memory_order_relaxed);
	return c;
}

bool http_compress_pace(struct http_stream *hs)
{
	struct worker *w = http_worker(hs);
	bool reached = rate_is_reached(w, &w->process->emitted) || is_busy(hs);

	return compress_level(hs->down.compress, reached ? 0 : level_of(hs));
}

static void count_rates(struct worker *w, const struct compress_count *n)
{
	struct process *p = w->process;

	pthread_mutex_lock(&p->rate_lock);
	rate_add(&p->compressed, w->now, (uint32_t)n->in);
	rate_add(&p->emitted, w->now, (uint32_t)n->out);
	pthread_mutex_unlock(&p->rate_lock);
}

void http_compress_count(struct http_stream *hs)
{
	struct compress_count n = compress_counted(hs->down.compress);
	struct worker *w = http_worker(hs);
	struct fe_counters *fe = counters_fe(w, hs->s.session->frontend->index);
	struct be_counters *be;

	fe->comp_in += n.in;
	fe->comp_out += n.out;
	fe->comp_byp += n.bypassed;
	if (hs->s.backend && hs->s.backend->conf->role & ROLE_BACKEND) {
		be = counters_be(w, hs->s.backend->index);
		be->comp_in += n.in;
		be->comp_out += n.out;
		be->comp_byp += n.bypassed;
	}
	if (n.in)
		count_rates(w, &n);
}

/* most: bytes that are pushed at a time, at most. */
static bool compress_begin_response(struct http_stream *hs, uint32_t most)
{
	enum compression_algo algo = (enum compression_algo)(hs->compress - 1);
	struct worker *w = http_worker(hs);

	if (!response_fits(hs) || is_exhausted(hs))
		return true;
	hs->down.compress = begin(w, algo, level_of(hs), most);
	if (!hs->down.compress || !head_edit(&hs->res, algo, true))
		return false;
	hs->s.log.compressed = compress_token(algo) ? compress_token(algo) : "identity";
	counters_fe(w, hs->s.session->frontend->index)->comp_rsp++;
	if (hs->s.backend != hs->s.session->frontend)
		counters_be(w, hs->s.backend->index)->comp_rsp++;
	return true;
}

bool http_compress_response(struct http_stream *hs)
{
	return compress_begin_response(hs, hs->in.cap);
}

bool http_compress_cached(struct http_stream *hs, size_t len)
{
	return compress_begin_response(hs, (uint32_t)len);
}

/* `compression direction request`. A request that is sent again is compressed again. */
bool http_compress_body(struct http_stream *hs)
{
	const struct compression_conf *conf = conf_of(hs);
	enum compression_algo algo;

	if (hs->up.compress) {
		compress_again(hs->up.compress);
		return true;
	}
	if (!conf->request || !conf->req.nalgos || hs->req.version < 11 ||
	    !body_fits(&hs->req, conf->req.minsize) || http_find(&hs->req, STR("content-encoding"), NULL) ||
	    !type_fits(&http_proxy(hs)->compression.req, &http_frontend(hs)->compression.req, &hs->req))
		return true;
	algo = (enum compression_algo)conf->req.algos[0];
	hs->up.compress = begin(http_worker(hs), algo, level_of(hs), hs->s.session->in.cap);
	return hs->up.compress && head_edit(&hs->req, algo, false);
}
