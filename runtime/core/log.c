/* Logging: which targets take a line, at which level, and what the line says. Formats once for all targets of a
 * proxy, and only when one of them takes the level. A worker owns its logger; log_global() borrows worker 0's,
 * or one of its own before there are workers. */
#include "runtime/core/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grammar/model_log.h"
#include "runtime/backend/server.h"
#include "runtime/core/log_sample.h"
#include "runtime/core/log_sink.h"
#include "runtime/core/process.h"
#include "runtime/core/worker.h"
#include "runtime/log/log_backend.h"
#include "runtime/log/mail.h"
#include "runtime/log/rings.h"
#include "runtime/log/syslog.h"
#include "runtime/net/address.h"

/* Where a line goes: a list of targets and what their headers say. */
struct log_route {
	struct process *process;
	struct logger *logger;
	const struct log_target *targets;
	uint32_t ntargets;
	struct log_origin from;
};

bool log_prepare(struct worker *w, const struct model *m)
{
	struct logger *l = w->log;

	vec_each (t, &m->global.log_targets)
		logger_prepare(l, t);
	vec_each (px, &m->proxies)
		vec_each (t, &(*px)->log_targets)
			logger_prepare(l, t);
	vec_each (px, &m->templates)
		vec_each (t, &(*px)->log_targets)
			logger_prepare(l, t);
	vec_each (f, &m->forwards)
		vec_each (t, &(*f)->px->log_targets)
			logger_prepare(l, t);
	return w->id != 0 || log_samples_init(w->process, m);
}

/* What HAProxy says, once, of a target that cannot be reached. A full one is no failure. */
static void failure_say(struct process *p, unsigned target, int error)
{
	if (error == EAGAIN || error == ENOBUFS || error == EHOSTDOWN || !p->say_events ||
	    atomic_exchange(&p->log_failure_said, true))
		return;
	fprintf(stderr, "[ALERT]    (%d) : sendmsg()/writev() failed in logger #%u: %s (errno=%d)\n",
		(int)(p->pid ? p->pid : getpid()), target + 1, strerror(error), error);
}

static void lines_count_lost(struct logger *l, unsigned lines)
{
	__atomic_store_n(&l->dropped, l->dropped + lines, __ATOMIC_RELAXED);
}

/* --- lines that wait */

static void lines_lost(void *ctx, unsigned target, struct log_loss loss)
{
	struct worker *w = ctx;

	lines_count_lost(w->log, loss.lines);
	failure_say(w->process, target, loss.error);
}

void log_flush(struct worker *w)
{
	if (!w->log)
		return;
	logger_flush(w->log);
	w->log_since_us = 0;
	deadline_clear(&w->log_due);
}

static void held_due(struct worker *w, struct deadline *d)
{
	(void)d;
	log_flush(w);
}

/* Turns that follow each other closely fill a batch; should no other follow after all, time is up soon. */
static void turn_end(struct worker *w, bool busy)
{
	if (!busy || w->now_us - w->log_since_us >= LOG_WAIT_US)
		log_flush(w);
	else if (!deadline_is_set(&w->log_due))
		deadline_set(w, &w->log_due, w->now + LOG_WAIT_US / 1000 + 1);
}

/* --- life */

bool log_init(struct worker *w)
{
	struct logger *l = malloc(sizeof(*l));

	if (!l)
		return false;
	logger_init(l, &w->process->log_torn);
	l->worker = w->id;
	if (w->loop) {
		l->lost = lines_lost;
		l->lost_ctx = w;
	}
	w->log_turn_end = turn_end;
	deadline_init(&w->log_due, held_due);
	w->log = l;
	return true;
}

void log_free(struct worker *w)
{
	struct logger *l = w->log;

	if (w->id == 0)
		log_samples_free(w->process);
	if (!l)
		return;
	log_flush(w);
	logger_close(l);
	free(l);
	w->log = NULL;
}

void log_capture(struct worker *w, void (*take)(void *ctx, int level, struct str line), void *ctx)
{
	struct logger *l = w->log;

	l->capture = take;
	l->capture_ctx = ctx;
}

uint64_t log_dropped(struct process *p)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < p->nworkers; i++)
		if (p->workers[i] && p->workers[i]->log)
			n += __atomic_load_n(&((struct logger *)p->workers[i]->log)->dropped, __ATOMIC_RELAXED);
	return n;
}

/* --- routes */

static void route_init(struct log_route *r, struct process *p, struct logger *l, const struct global_conf *g,
		       const struct proxy_conf *px)
{
	*r = (struct log_route){.process = p, .logger = l};
	r->targets = px ? px->log_targets.v : g->log_targets.v;
	r->ntargets = px ? px->log_targets.n : g->log_targets.n;
	r->from.tag = px && px->log_tag.len ? px->log_tag : g->log_tag.len ? g->log_tag : STR("haproxy");
	r->from.pid = p->pid ? p->pid : getpid();
	r->from.hostname = g->log_send_hostname;
	if (r->from.hostname.ptr && !r->from.hostname.len)
		r->from.hostname = str_from(l->hostname);
}

static bool target_takes(const struct log_target *t, int level)
{
	return level <= t->max_level;
}

static bool route_wants(const struct log_route *r, int level)
{
	for (uint32_t i = 0; i < r->ntargets; i++)
		if (target_takes(&r->targets[i], level))
			return true;
	return false;
}

/* --- lines */

/* A line on its way to its targets: one of ours, or one that was received. */
struct log_line {
	int level;
	struct str text;
	const struct syslog_message *relayed; /* NULL: ours */
	const struct syslog_now *now;         /* of relayed ones */
	enum log_proto own;                   /* the format in which it came */
};

/* The header for a target. `given`: its format was asked for, and is not only what holds without asking. */
static void line_head(struct log_route *r, const struct log_target *t, const struct log_line *line,
		      enum log_proto proto, bool given, struct out *head)
{
	int level = line->level < t->min_level ? t->min_level : line->level;
	struct log_target as = {.proto = proto, .proto_given = given, .facility = t->facility};

	if (line->relayed)
		syslog_header(line->relayed, given ? proto : line->own, t->facility, (uint8_t)level, line->now,
			      head);
	else
		log_header(r->logger, &as, &r->from, level, head);
}

/* The ring behind a target; NULL: ring@ of a ring that does not exist takes nothing. */
static struct ring *ring_of(const struct log_route *r, const struct log_target *t)
{
	const struct rings *all = r->process->rings;

	return all && t->ring_conf && t->ring_conf->index < all->n ? &all->v[t->ring_conf->index] : NULL;
}

static bool ring_send(struct log_route *r, const struct log_target *t, struct ring *ring,
		      const struct log_line *line)
{
	struct out *head = &r->logger->head;
	struct str text = str_sub(line->text, 0, t->max_len ? t->max_len : LOG_LEN_DEFAULT);
	struct iovec iov[2];

	head->len = 0;
	line_head(r, t, line, t->ring_conf->format, !t->ring_conf->implicit || t->proto_given, head);
	iov[0] = (struct iovec){head->buf, head->len};
	iov[1] = (struct iovec){(char *)(uintptr_t)text.ptr, text.len};
	return ring_write(ring, iov, 2);
}

/* What was dropped is told of before the next line (seen with HAProxy 2.6). */
static bool ring_tell(struct log_route *r, const struct log_target *t, struct ring *ring, unsigned dropped)
{
	struct log_line note = {.level = LL_NOTICE};
	char space[64];
	struct out text = out_fixed(space, sizeof(space));

	if (!r->from.when.tv_sec)
		gettimeofday(&r->from.when, NULL);
	out_printf(&text, "%u event%s dropped", dropped, dropped > 1 ? "s" : "");
	note.text = out_get(&text);
	if (!ring_send(r, t, ring, &note))
		return false;
	atomic_fetch_sub_explicit(&ring->dropped, dropped, memory_order_relaxed);
	return true;
}

static void route_ring(struct log_route *r, const struct log_target *t, const struct log_line *line)
{
	struct ring *ring = ring_of(r, t);
	unsigned dropped;

	if (!ring)
		return;
	dropped = atomic_load_explicit(&ring->dropped, memory_order_relaxed);
	if ((dropped && !ring_tell(r, t, ring, dropped)) || !ring_send(r, t, ring, line))
		ring_drop(ring);
}

static void route_line(struct log_route *r, const struct log_line *line)
{
	struct logger *l = r->logger;

	if (l->capture) {
		l->capture(l->capture_ctx, line->level, line->text);
		return;
	}
	for (uint32_t i = 0; i < r->ntargets; i++) {
		const struct log_target *t = &r->targets[i];
		int error;

		if (!target_takes(t, line->level) || (t->sample.len && !log_sample_takes(r->process, t)))
			continue;
		if (!t->backend && (t->ring.len || t->ring_conf)) {
			route_ring(r, t, line);
			continue;
		}
		l->head.len = 0;
		l->target = i;
		line_head(r, t, line, t->proto, t->proto_given, &l->head);
		error = t->backend ? log_backend_send(r->process, l, t, out_get(&l->head), line->text)
				   : logger_send(l, t, out_get(&l->head), line->text);
		if (!error)
			continue;
		lines_count_lost(l, 1);
		failure_say(r->process, i, error);
	}
}

/* Notes since when something waits. */
static void waiting_note(struct worker *w)
{
	struct logger *l = w->log;

	if (l->held && !w->log_since_us)
		w->log_since_us = w->now_us;
}

static void route_send(struct log_route *r, int level, struct str text)
{
	struct log_line line = {.level = level, .text = text};

	route_line(r, &line);
}

void log_relay(struct worker *w, const struct proxy_conf *proxy, const struct syslog_message *m,
	       enum log_proto own)
{
	struct log_line line = {.level = m->level, .text = m->text, .relayed = m, .own = own};
	struct logger *l = w->log;
	char space[64];
	struct out iso = out_fixed(space, sizeof(space));
	struct syslog_now now;
	struct log_route r;
	struct tm tm;

	if (!l)
		return;
	route_init(&r, w->process, l, &w->process->generation->model->global, proxy);
	r.from.when = w->wall;
	log_dates(l, w->wall.tv_sec);
	log_put_iso(l, (long)w->wall.tv_usec, &iso);
	localtime_r(&w->wall.tv_sec, &tm);
	now = (struct syslog_now){l->date, str_sub(out_get(&iso), 0, iso.len - 1), tm.tm_year + 1900,
				  tm.tm_mon};
	line.now = &now;
	route_line(&r, &line);
	waiting_note(w);
}

/* --- traffic */

bool log_is_failure(const struct log_record *r)
{
	return log_record_failed(r);
}

/* Manual, section 8.2.1. Empty in mode http as long as no request has come. */
static void put_default(struct out *out, const struct proxy_conf *px, const struct eval *e)
{
	bool named = e->src->family == AF_INET || e->src->family == AF_INET6;

	if (px->mode == MODE_HTTP && (e->log->bad_request || !e->log->method.len))
		return;
	out_puts(out, named ? "Connect from " : "Connect");
	if (named)
		address_put(out, e->src);
	out_puts(out, " to ");
	if (named)
		address_put(out, e->dst);
	else
		out_printf(out, "unix:%u", e->bind ? e->bind->id : 0);
	out_puts(out, " (");
	out_str(out, px->name);
	out_puts(out, px->mode == MODE_HTTP ? "/HTTP)" : "/TCP)");
}

/* Streams that failed have a step of their own, where it is given (manual 3.4, keyword "on"). */
static const struct log_profile_step *profile_step(const struct log_profile_conf *p, unsigned step,
						   const struct log_record *record)
{
	if (!p)
		return NULL;
	if (step == LSTEP_CLOSE && p->step[LSTEP_ERROR].set && log_is_failure(record))
		return &p->step[LSTEP_ERROR];
	return p->step[step].set ? &p->step[step] : p->step[LSTEP_ANY].set ? &p->step[LSTEP_ANY] : NULL;
}

/* False: there is nothing to say yet. */
static bool put_line(struct out *line, const struct proxy_conf *px, struct eval *e, const struct logfmt *fmt)
{
	if (!fmt)
		fmt = e->log->conn_error && px->error_log_format ? px->error_log_format : px->log_format;
	line->len = 0;
	if (fmt)
		logfmt_eval(e, fmt, line);
	else
		put_default(line, px, e);
	return fmt || line->len;
}

/* One target, which may want the line in a way of its own. */
static void target_line(struct log_route all, uint32_t target, const struct proxy_conf *px, struct eval *e,
			int level, const struct log_profile_conf *p, unsigned step)
{
	const struct log_profile_step *on = profile_step(p, step, e->log);
	const struct logfmt *sd = on && on->sd ? on->sd : px->log_format_sd;
	struct logger *l = all.logger;

	all.targets += target;
	all.ntargets = 1;
	if ((on && on->drop) || !target_takes(all.targets, level))
		return;
	if (!put_line(&l->line, px, e, on ? on->fmt : NULL))
		return;
	all.from.when = e->now;
	all.from.structured = sd ? logfmt_text(e, sd) : STR_NONE;
	if (p && p->tag.len)
		all.from.tag = p->tag;
	route_send(&all, level, out_get(&l->line));
}

static void count_line(struct proxy *frontend, struct eval *e, unsigned step)
{
	e->log->origin = (uint8_t)step;
	e->log->log_counter = atomic_fetch_add_explicit(&frontend->logged, 1, memory_order_relaxed);
}

void log_traffic_at(struct worker *w, struct proxy *frontend, struct eval *e, unsigned step,
		    const struct log_profile_conf *profile)
{
	const struct proxy_conf *px = frontend->conf;
	int level = e->log->log_level;
	struct log_route r;

	if (!w->log || level < 0)
		return;
	count_line(frontend, e, step);
	if (level == LL_INFO && proxy_option_is_set(px, PO_LOG_SEPARATE_ERRORS) && log_is_failure(e->log))
		level = LL_ERR;
	route_init(&r, w->process, w->log, &frontend->generation->model->global, px);
	for (uint32_t i = 0; i < px->log_targets.n; i++)
		target_line(r, i, px, e, level, profile ? profile : px->log_targets.v[i].profile, step);
	waiting_note(w);
}

static bool has_profiles(const struct proxy_conf *px)
{
	for (uint32_t i = 0; i < px->log_targets.n; i++)
		if (px->log_targets.v[i].profile)
			return true;
	return false;
}

void log_traffic(struct worker *w, struct proxy *frontend, struct eval *e)
{
	const struct proxy_conf *px = frontend->conf;
	struct logger *l = w->log;
	unsigned step = e->log->conn_error ? LSTEP_ERROR : LSTEP_CLOSE;
	struct log_route r;
	int level = e->log->log_level;

	if (!l || level < 0)
		return;
	if (has_profiles(px)) {
		log_traffic_at(w, frontend, e, step, NULL);
		return;
	}
	count_line(frontend, e, step);
	if (level == LL_INFO && proxy_option_is_set(px, PO_LOG_SEPARATE_ERRORS) && log_is_failure(e->log))
		level = LL_ERR;
	route_init(&r, w->process, l, &frontend->generation->model->global, px);
	if (!route_wants(&r, level))
		return;
	if (!put_line(&l->line, px, e, NULL))
		return;
	r.from.when = w->wall;
	r.from.structured = px->log_format_sd ? logfmt_text(e, px->log_format_sd) : STR_NONE;
	route_send(&r, level, out_get(&l->line));
	waiting_note(w);
}

/* --- events */

/* Texts of events hold what servers and operators wrote: control characters become #XX, as in the traffic log.
 */
static void put_clean(struct out *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == 0x7f)
			out_printf(out, "#%02X", c);
		else
			out_char(out, (char)c);
	}
}

/* On standard error HAProxy quotes the name in its most urgent message, in the log it does not. */
static bool say_none_available(const struct process *p, struct str text)
{
	struct str tail = STR(" has no server available!");
	struct str kind = str_sub(text, 0, str_chr(text, ' ')), name = str_tail(text, kind.len + 1);

	if ((!str_is(kind, "backend") && !str_is(kind, "proxy")) || !str_ends(name, tail) ||
	    name.len == tail.len)
		return false;
	name.len -= tail.len;
	fprintf(stderr, "[ALERT]    (%d) : %.*s '%.*s' has no server available!\n", (int)p->pid, STR_ARG(kind),
		STR_ARG(name));
	return true;
}

static void event_say(const struct process *p, int level, struct str text)
{
	if (!p->say_events || (level == LL_EMERG && say_none_available(p, text)))
		return;
	fprintf(stderr, "[%s (%d) : %.*s\n", level == LL_EMERG ? "ALERT]   " : "WARNING] ", (int)p->pid,
		STR_ARG(text));
}

static void event_send(struct log_route *r, int level, const char *format, va_list ap)
{
	struct out raw = out_growing(LOG_LINE_MAX);
	struct out *line = &r->logger->line;

	out_vprintf(&raw, format, ap);
	line->len = 0;
	put_clean(line, out_get(&raw));
	out_free(&raw);
	if (!(level & LOG_TARGETS_ONLY))
		event_say(r->process, level, out_get(line));
	route_send(r, level & LL_DEBUG, out_get(line));
}

void log_event(struct worker *w, const struct proxy_conf *proxy, int level, const char *format, ...)
{
	struct log_route r;
	va_list ap;

	if (!w->log || !w->process->generation)
		return;
	route_init(&r, w->process, w->log, &w->process->generation->model->global, proxy);
	r.from.when = w->wall;
	va_start(ap, format);
	event_send(&r, level, format, ap);
	va_end(ap);
	log_flush(w);
	if (level & (LOG_BY_MAIL | LOG_BY_MAIL_INFO))
		mail_alert(w->process, proxy, level & LOG_BY_MAIL_INFO ? LL_INFO : level & LL_DEBUG,
			   out_get(&r.logger->line));
}

void log_global(struct process *p, int level, const char *format, ...)
{
	struct logger *l = p->nworkers && p->workers[0] ? p->workers[0]->log : NULL, own;
	struct log_route r;
	va_list ap;

	if (!p->generation)
		return;
	if (!l)
		logger_init(&own, &p->log_torn);
	route_init(&r, p, l ? l : &own, &p->generation->model->global, NULL);
	gettimeofday(&r.from.when, NULL);
	va_start(ap, format);
	event_send(&r, level, format, ap);
	va_end(ap);
	logger_flush(r.logger);
	if (!l)
		logger_close(&own);
}
