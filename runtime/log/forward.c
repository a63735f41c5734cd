/* log-forward sections: their frontends and datagram sockets, and what is done with one message. The process
 * owns them; each socket is read by one worker. */
#include "runtime/log/forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/core/log.h"
#include "runtime/core/process.h"
#include "runtime/log/forward_state.h"
#include "runtime/net/address.h"
#include "runtime/net/sockopt.h"

enum { DATAGRAM_MAX = 65536, DATAGRAMS_AT_ONCE = 64 };

/* --- one message */

static bool ip_text(const union addr *from, char text[INET6_ADDRSTRLEN])
{
	text[0] = 0;
	if (from->family == AF_INET)
		inet_ntop(AF_INET, &from->in.sin_addr, text, INET6_ADDRSTRLEN);
	else if (from->family == AF_INET6)
		inet_ntop(AF_INET6, &from->in6.sin6_addr, text, INET6_ADDRSTRLEN);
	return text[0];
}

/* `option host`: whose name the line bears. The host that was received may be as long as the message. */
static void host_settle(struct forward *f, struct syslog_message *m, const union addr *from, struct out *space)
{
	char text[INET6_ADDRSTRLEN];

	if (f->conf->host == FORWARD_HOST_KEEP || !ip_text(from, text) ||
	    (f->conf->host == FORWARD_HOST_FILL && m->host.len))
		return;
	if (f->conf->host == FORWARD_HOST_APPEND && m->host.len) {
		out_str(space, m->host);
		out_char(space, ',');
	}
	out_puts(space, text);
	if (!space->truncated)
		m->host = out_get(space);
}

void forward_message(struct worker *w, struct forward *f, struct str raw, const union addr *from)
{
	struct out host = out_growing(DATAGRAM_MAX);
	struct syslog_message m;
	enum log_proto own;

	atomic_fetch_add_explicit(&w->process->forwards->received, 1, memory_order_relaxed);
	if (f->conf->dont_parse)
		syslog_take(raw, &m);
	else
		syslog_parse(raw, &m);
	own = syslog_own_proto(&m);
	host_settle(f, &m, from, &host);
	log_relay(w, f->conf->px, &m, own);
	out_free(&host);
}

/* --- datagrams */

static void dgram_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct forward_dgram *d = io->data;
	char data[DATAGRAM_MAX];

	(void)loop;
	(void)revents;
	for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		struct sockaddr_storage ss = {0};
		socklen_t len = sizeof(ss);
		ssize_t n = recvfrom(d->fd, data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&ss, &len);
		union addr from;

		if (n < 0)
			return;
		address_pack(&from, &ss);
		forward_message(d->worker, d->forward, str_make(data, (size_t)n), &from);
	}
}

static int dgram_bind(const struct bind_conf *b, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, one = 1;

	if (b->addr.kind == ADDR_FD) {
		fd = fcntl(b->addr.fd, F_DUPFD_CLOEXEC, 0);
		if (fd >= 0)
			fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		return fd;
	}
	if (!address_from_conf(&b->addr, port, &ss, &len))
		return -1;
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (b->interface.len)
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, b->interface.ptr, (socklen_t)b->interface.len);
	if (ss.ss_family == AF_UNIX)
		unlink(((struct sockaddr_un *)&ss)->sun_path);
	if (!bind(fd, (struct sockaddr *)&ss, len))
		return fd;
	close(fd);
	return -1;
}

static bool dgram_open(struct forwards *all, struct forward *f, const struct bind_conf *b,
		       const struct limits_conf *limits, struct out *errors)
{
	uint32_t last = b->addr.port_end > b->addr.port ? b->addr.port_end : b->addr.port;

	for (uint32_t port = b->addr.port; port <= last; port++) {
		struct forward_dgram *d = &all->dgrams[all->ndgrams];

		d->forward = f;
		d->fd = dgram_bind(b, (uint16_t)port);
		if (d->fd < 0) {
			out_printf(errors, "ALERT Binding for proxy %.*s: cannot bind socket (%s) [%.*s]\n",
				   STR_ARG(f->conf->px->name), strerror(errno), STR_ARG(b->addr.text));
			return false;
		}
		sockopt_buffers(d->fd, limits->rcvbuf_frontend, limits->sndbuf_frontend);
		all->ndgrams++;
	}
	return true;
}

static void dgrams_close(struct forwards *all)
{
	while (all->ndgrams)
		close(all->dgrams[--all->ndgrams].fd);
}

bool forwards_open(struct process *p, struct out *errors)
{
	struct forwards *all = p->forwards;
	bool ok = true;

	for (uint32_t i = 0; all && i < all->n; i++)
		vec_each (b, &all->v[i].conf->dgrams)
			ok = ok &&
			     dgram_open(all, &all->v[i], *b, &p->generation->model->global.limits, errors);
	if (!ok)
		dgrams_close(all);
	return ok;
}

/* --- life */

static uint32_t dgrams_count(const struct model *m)
{
	uint32_t n = 0;

	vec_each (f, &m->forwards)
		vec_each (b, &(*f)->dgrams)
			n += (*b)->addr.port_end > (*b)->addr.port
				     ? (uint32_t)((*b)->addr.port_end - (*b)->addr.port) + 1
				     : 1;
	return n;
}

static void frontend_init(struct forward *f, const struct forward_conf *conf, struct generation *g)
{
	f->conf = conf;
	f->px.conf = conf->px;
	f->px.generation = g;
	atomic_store(&f->px.maxconn, conf->maxconn);
	list_init(&f->px.queue);
	pthread_mutex_init(&f->px.lb_lock, NULL);
}

bool forwards_init(struct process *p)
{
	const struct model *m = p->generation->model;
	struct forwards *all;

	if (!m->forwards.n)
		return true;
	all = p->forwards = calloc(1, sizeof(*all));
	if (!all)
		return false;
	all->v = calloc(m->forwards.n, sizeof(*all->v));
	all->dgrams = calloc(dgrams_count(m) + 1, sizeof(*all->dgrams));
	all->conns = calloc(p->nworkers, sizeof(*all->conns));
	if (!all->v || !all->dgrams || !all->conns)
		return false;
	for (uint32_t i = 0; i < p->nworkers; i++)
		list_init(&all->conns[i]);
	for (; all->n < m->forwards.n; all->n++)
		frontend_init(&all->v[all->n], m->forwards.v[all->n], p->generation);
	return true;
}

void forwards_free(struct process *p)
{
	struct forwards *all = p->forwards;

	if (!all)
		return;
	dgrams_close(all);
	for (uint32_t i = 0; i < all->n; i++)
		pthread_mutex_destroy(&all->v[i].px.lb_lock);
	free(all->conns);
	free(all->dgrams);
	free(all->v);
	free(all);
	p->forwards = NULL;
}

uint32_t forwards_count(const struct process *p)
{
	return p->forwards ? p->forwards->n : 0;
}

struct proxy *forwards_frontend(struct process *p, uint32_t i)
{
	return &p->forwards->v[i].px;
}

uint64_t forwards_received(const struct process *p)
{
	return p->forwards ? atomic_load_explicit(&p->forwards->received, memory_order_relaxed) : 0;
}

void forwards_start(struct worker *w)
{
	struct forwards *all = w->process->forwards;

	for (uint32_t i = w->id; all && i < all->ndgrams; i += w->process->nworkers) {
		struct forward_dgram *d = &all->dgrams[i];

		d->worker = w;
		ev_io_init(&d->io, dgram_ready, d->fd, EV_READ);
		d->io.data = d;
		ev_io_start(w->loop, &d->io);
	}
}

void forwards_unwatch(struct worker *w)
{
	struct forwards *all = w->process->forwards;

	for (uint32_t i = w->id; all && i < all->ndgrams; i += w->process->nworkers)
		if (all->dgrams[i].worker == w) {
			ev_io_stop(w->loop, &all->dgrams[i].io);
			all->dgrams[i].worker = NULL;
		}
}
