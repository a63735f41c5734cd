/* Mail alerts over SMTP (RFC 5321), one connection per mail and mail server, one at a time per mail server.
 * Alerts come from any worker into bounded queues; worker 0 delivers. A mail server that is away, slow or
 * unwilling costs the alert, as with HAProxy: nothing is tried twice. */
#include "runtime/log/mail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "runtime/core/process.h"
#include "runtime/net/address.h"
#include "runtime/net/conn.h"

enum { QUEUE_MAX = 100, MAIL_MAX = 65536, REPLY_MAX = 1024, PATIENCE_MS = 10000 };

/* A mail: the commands and what is to be answered to each. */
enum { STEP_GREETING, STEP_HELO, STEP_FROM, STEP_TO, STEP_DATA, STEP_BODY, STEP_QUIT, STEPS };
static const char answers[STEPS][4] = {"220", "250", "250", "250", "354", "250", "221"};

struct mail {
	struct list node;           /* mail_server->queue */
	struct str commands[STEPS]; /* behind the struct; of STEP_GREETING none */
};

struct mail_server {
	struct conn conn; /* first member */
	struct mails *mails;
	const struct mailers_conf *section;
	const struct mailer_conf *conf;
	struct list queue; /* under mails->lock */
	uint32_t queued;   /* under mails->lock */
	struct mail *current;
	struct deadline deadline;
	uint8_t step;
	size_t sent; /* of the current command */
	char reply[REPLY_MAX];
	uint32_t reply_len;
	bool connecting;
};

struct mails {
	pthread_mutex_t lock;
	struct worker *worker;
	ev_async wake;
	bool running; /* under lock: wake may be sent */
	struct mail_server *v;
	uint32_t n;
};

/* --- writing a mail */

static void put_mail(const struct email_conf *e, struct str text, struct out out[STEPS])
{
	char date[48];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %T %z (%Z)", &tm);
	out_printf(&out[STEP_HELO], "HELO %.*s\r\n", STR_ARG(e->hostname));
	out_printf(&out[STEP_FROM], "MAIL FROM:<%.*s>\r\n", STR_ARG(e->from));
	out_printf(&out[STEP_TO], "RCPT TO:<%.*s>\r\n", STR_ARG(e->to));
	out_puts(&out[STEP_DATA], "DATA\r\n");
	out_printf(&out[STEP_BODY],
		   "From: %.*s\r\nTo: %.*s\r\nDate: %s\r\nSubject: [HAProxy Alert] "
		   "%.*s\r\n\r\n%s%.*s\r\n\r\n.\r\n",
		   STR_ARG(e->from), STR_ARG(e->to), date, STR_ARG(text), str_starts(text, STR(".")) ? "." : "",
		   STR_ARG(text));
	out_puts(&out[STEP_QUIT], "QUIT\r\n");
}

/* One piece of memory. NULL: there is none. */
static struct mail *mail_new(const struct email_conf *e, struct str text)
{
	struct out out[STEPS];
	size_t size = sizeof(struct mail);
	struct mail *m;
	char *at;

	for (int i = 0; i < STEPS; i++)
		out[i] = out_growing(MAIL_MAX);
	put_mail(e, text, out);
	for (int i = 0; i < STEPS; i++)
		size += out[i].len;
	m = malloc(size);
	at = (char *)(m + 1);
	for (int i = 0; i < STEPS; i++) {
		if (m && out[i].len)
			memcpy(at, out[i].buf, out[i].len);
		if (m)
			m->commands[i] = str_make(at, out[i].len);
		at += out[i].len;
		out_free(&out[i]);
	}
	return m;
}

void mail_alert(struct process *p, const struct proxy_conf *px, int level, struct str text)
{
	const struct email_conf *e = px->email;
	struct mails *all = p->mails;

	if (!all || !e || !e->mailers || level > e->level)
		return;
	if (str_ends(text, STR(".")))
		text.len--;
	for (uint32_t i = 0; i < all->n; i++) {
		struct mail_server *s = &all->v[i];
		struct mail *m;

		if (s->section != e->mailers || !(m = mail_new(e, text)))
			continue;
		pthread_mutex_lock(&all->lock);
		if (all->running && s->queued < QUEUE_MAX) {
			list_append(&s->queue, &m->node);
			s->queued++;
			m = NULL;
			ev_async_send(all->worker->loop, &all->wake);
		}
		pthread_mutex_unlock(&all->lock);
		free(m);
	}
}

/* --- delivering */

static void server_next(struct mail_server *s);

static void server_done(struct mail_server *s, bool in_order)
{
	conn_close(&s->conn, !in_order);
	deadline_clear(&s->deadline);
	free(s->current);
	s->current = NULL;
	server_next(s);
}

/* Sends the command of this step and waits for the answer. */
static void step_send(struct mail_server *s)
{
	struct str command = s->current->commands[s->step];

	while (s->sent < command.len) {
		struct iovec iov = {(char *)(uintptr_t)command.ptr + s->sent, command.len - s->sent};
		ssize_t n = conn_sendv(&s->conn, &iov, 1, false);

		if (n < 0 && s->conn.flags & CONN_ERROR) {
			server_done(s, false);
			return;
		}
		if (n <= 0) {
			conn_want(&s->conn, EV_WRITE);
			return;
		}
		s->sent += (size_t)n;
	}
	conn_want(&s->conn, EV_READ);
}

/* A whole reply: its last line has a blank behind the code (RFC 5321, section 4.2.1). Bytes of it, or 0. */
static size_t reply_whole(const struct mail_server *s)
{
	struct str in = str_make(s->reply, s->reply_len);

	for (size_t at = 0; at < in.len;) {
		struct str line = str_tail(in, at);
		size_t end = str_chr(line, '\n');

		if (end == line.len)
			return 0;
		at += end + 1;
		if (end < 4 || line.ptr[3] != '-')
			return at;
	}
	return 0;
}

static void server_answered(struct mail_server *s)
{
	size_t n;

	while ((n = reply_whole(s))) {
		if (memcmp(s->reply, answers[s->step], 3) != 0 || n < 4) {
			server_done(s, false);
			return;
		}
		memmove(s->reply, s->reply + n, s->reply_len - n);
		s->reply_len -= (uint32_t)n;
		if (++s->step == STEPS) {
			server_done(s, true);
			return;
		}
		s->sent = 0;
		step_send(s);
		if (!s->current || s->conn.wants & EV_WRITE)
			return;
	}
	if (s->reply_len == REPLY_MAX)
		server_done(s, false);
}

static void server_receive(struct mail_server *s)
{
	ssize_t n = s->conn.transport->recv(&s->conn, s->reply + s->reply_len, REPLY_MAX - s->reply_len);

	if (n < 0 && !(s->conn.flags & CONN_ERROR))
		return;
	if (n <= 0) {
		server_done(s, false);
		return;
	}
	s->reply_len += (uint32_t)n;
	server_answered(s);
}

static void server_ready(struct conn *c, int revents)
{
	struct mail_server *s = (struct mail_server *)c;

	if (s->connecting) {
		int error = conn_connect_result(c, revents);

		if (error == EINPROGRESS)
			return;
		s->connecting = false;
		if (error)
			server_done(s, false);
		else
			conn_want(c, EV_READ);
	} else if (revents & EV_READ) {
		server_receive(s);
	} else {
		step_send(s);
	}
}

static void server_late(struct worker *w, struct deadline *d)
{
	(void)w;
	server_done(LIST_OF(d, struct mail_server, deadline), false);
}

static struct mail *queue_take(struct mail_server *s)
{
	struct mail *m = NULL;

	pthread_mutex_lock(&s->mails->lock);
	if (!list_empty(&s->queue)) {
		m = LIST_OF(s->queue.next, struct mail, node);
		list_remove(&m->node);
		s->queued--;
	}
	pthread_mutex_unlock(&s->mails->lock);
	return m;
}

/* The next mail, when the mail server is not busy with one. Those that cannot even be begun are given up. */
static void server_next(struct mail_server *s)
{
	struct worker *w = s->mails->worker;
	struct sockaddr_storage ss;
	socklen_t len;

	while (!s->current && (s->current = queue_take(s))) {
		uint32_t patience = s->section->timeout ? s->section->timeout : PATIENCE_MS;

		s->step = STEP_GREETING;
		s->sent = s->reply_len = 0;
		s->connecting = true;
		if (address_from_conf(&s->conf->addr, s->conf->addr.port, &ss, &len) &&
		    !conn_connect(&s->conn, w, (union addr *)&ss, len, NULL, server_ready)) {
			deadline_set(w, &s->deadline, w->now + patience);
			return;
		}
		conn_close(&s->conn, false);
		free(s->current);
		s->current = NULL;
	}
}

static void mails_woken(struct ev_loop *loop, ev_async *async, int revents)
{
	struct mails *all = async->data;

	(void)loop;
	(void)revents;
	for (uint32_t i = 0; i < all->n; i++)
		server_next(&all->v[i]);
}

/* --- life */

static void server_init(struct mails *all, const struct mailers_conf *section, const struct mailer_conf *conf)
{
	struct mail_server *s = &all->v[all->n++];

	s->mails = all;
	s->section = section;
	s->conf = conf;
	s->conn.io.fd = -1;
	list_init(&s->queue);
	deadline_init(&s->deadline, server_late);
}

bool mails_init(struct process *p)
{
	const struct model *m = p->generation->model;
	struct mails *all;
	uint32_t n = 0;

	vec_each (section, &m->mailers)
		n += (*section)->mailers.n;
	if (!n)
		return true;
	all = p->mails = calloc(1, sizeof(*all));
	if (!all || !(all->v = calloc(n, sizeof(*all->v))))
		return false;
	pthread_mutex_init(&all->lock, NULL);
	vec_each (section, &m->mailers)
		vec_each (conf, &(*section)->mailers)
			server_init(all, *section, conf);
	return true;
}

void mails_free(struct process *p)
{
	struct mails *all = p->mails;

	if (!all)
		return;
	if (all->v)
		pthread_mutex_destroy(&all->lock);
	for (uint32_t i = 0; all->v && i < all->n; i++)
		while (!list_empty(&all->v[i].queue)) {
			struct mail *m = LIST_OF(all->v[i].queue.next, struct mail, node);

			list_remove(&m->node);
			free(m);
		}
	free(all->v);
	free(all);
	p->mails = NULL;
}

void mails_start(struct worker *w)
{
	struct mails *all = w->process->mails;

	if (!all)
		return;
	ev_async_init(&all->wake, mails_woken);
	all->wake.data = all;
	ev_async_start(w->loop, &all->wake);
	pthread_mutex_lock(&all->lock);
	all->worker = w;
	all->running = true;
	pthread_mutex_unlock(&all->lock);
}

void mails_stop(struct worker *w)
{
	struct mails *all = w->process->mails;

	if (!all || all->worker != w)
		return;
	pthread_mutex_lock(&all->lock);
	all->running = false;
	pthread_mutex_unlock(&all->lock);
	ev_async_stop(w->loop, &all->wake);
	for (uint32_t i = 0; i < all->n; i++) {
		conn_close(&all->v[i].conn, false);
		deadline_clear(&all->v[i].deadline);
		free(all->v[i].current);
		all->v[i].current = NULL;
	}
}
