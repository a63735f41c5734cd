/* Sections of name servers: their sockets and counters. A datagram socket is connected, so that the kernel
 * drops what comes from others, and has a port of the kernel's choice; a stream carries several messages, each
 * with its length in front (RFC 7766), and is opened when something is to be sent. Worker 0. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/core/process.h"
#include "runtime/dns/dns_state.h"
#include "runtime/net/address.h"
#include "runtime/net/sockopt.h"

enum { PORT = 53, SYSTEM_MAX = 8, STREAM_ROOM = 2 + ANSWER_MAX };

static const char system_file[] = "/etc/resolv.conf";

/* --- sockets */

static void socket_close(struct nameserver *ns)
{
	if (ns->io.fd < 0)
		return;
	ev_io_stop(ns->section->dns->worker->loop, &ns->io);
	close(ns->io.fd);
	ns->io.fd = -1;
	ns->nin = 0;
}

static void datagram_ready(struct nameserver *ns)
{
	uint8_t msg[ANSWER_MAX];
	ssize_t n = recv(ns->io.fd, msg, sizeof(msg), 0);

	if (n >= 0)
		dns_question_heard(ns, msg, (size_t)n);
}

/* Complete messages at the front of what has come. */
static void stream_take(struct nameserver *ns)
{
	uint32_t at = 0;

	while (ns->nin - at >= 2) {
		uint32_t len = (uint32_t)ns->in[at] << 8 | ns->in[at + 1];

		if (ns->nin - at - 2 < len)
			break;
		dns_question_heard(ns, ns->in + at + 2, len);
		at += 2 + len;
	}
	memmove(ns->in, ns->in + at, ns->nin - at);
	ns->nin -= at;
}

static void stream_ready(struct nameserver *ns)
{
	ssize_t n = recv(ns->io.fd, ns->in + ns->nin, STREAM_ROOM - ns->nin, 0);

	if (n > 0) {
		ns->nin += (uint32_t)n;
		stream_take(ns);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		socket_close(ns);
	}
}

static void socket_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct nameserver *ns = LIST_OF(io, struct nameserver, io);

	(void)loop, (void)revents;
	if (ns->stream)
		stream_ready(ns);
	else
		datagram_ready(ns);
}

static bool socket_open(struct nameserver *ns)
{
	int fd = socket(ns->addr.ss_family,
			(ns->stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const struct generation *g = ns->section->dns->worker->process->generation;

	if (fd < 0)
		return false;
	if (!ns->stream && g)
		sockopt_buffers(fd, g->model->global.limits.rcvbuf_backend,
				g->model->global.limits.sndbuf_backend);
	if (connect(fd, (const struct sockaddr *)&ns->addr, ns->addr_len) && errno != EINPROGRESS) {
		close(fd);
		return false;
	}
	ev_io_init(&ns->io, socket_ready, fd, EV_READ);
	ev_io_start(ns->section->dns->worker->loop, &ns->io);
	return true;
}

/* A stream that is not connected yet, or full, takes nothing: the question is repeated anyway. */
static bool nameserver_send(struct nameserver *ns, const uint8_t *msg, size_t len)
{
	uint8_t length[2] = {(uint8_t)(len >> 8), (uint8_t)len};
	struct iovec iov[2] = {{length, 2}, {(void *)(uintptr_t)msg, len}};
	struct msghdr whole = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t n;

	if (ns->io.fd < 0 && !socket_open(ns))
		return false;
	if (!ns->stream)
		return send(ns->io.fd, msg, len, MSG_NOSIGNAL) == (ssize_t)len;
	n = sendmsg(ns->io.fd, &whole, MSG_NOSIGNAL);
	if (n == (ssize_t)len + 2)
		return true;
	if (n >= 0 || (errno != EAGAIN && errno != EINTR && errno != ENOTCONN))
		socket_close(ns); /* half a message: nothing can follow */
	return false;
}

uint32_t dns_section_send(struct dns_section *s, const uint8_t *msg, size_t len)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->nservers; i++) {
		bool sent = nameserver_send(&s->servers[i], msg, len);

		s->servers[i].counters.sent += sent;
		s->servers[i].counters.snd_error += !sent;
		n += sent;
	}
	return n;
}

/* --- life */

static bool nameserver_add(struct dns_section *s, struct str name, const struct sockaddr_storage *addr,
			   socklen_t len, bool stream)
{
	struct nameserver *ns = &s->servers[s->nservers];

	*ns = (struct nameserver){.section = s, .addr = *addr, .addr_len = len, .stream = stream};
	snprintf(ns->name, sizeof(ns->name), "%.*s", STR_ARG(name));
	ns->io.fd = -1;
	if (stream && !(ns->in = malloc(STREAM_ROOM)))
		return false;
	s->nservers++;
	return true;
}

/* "nameserver ADDRESS" of /etc/resolv.conf (resolv.conf(5)). */
static bool system_line(struct dns_section *s, const char *line)
{
	struct sockaddr_storage ss = {0};
	char host[64];

	if (sscanf(line, "nameserver %63s", host) != 1 || s->nservers >= s->conf->servers.n + SYSTEM_MAX)
		return true;
	host[strcspn(host, "%")] = 0;
	if (inet_pton(AF_INET, host, &((struct sockaddr_in *)&ss)->sin_addr) == 1) {
		ss.ss_family = AF_INET;
		((struct sockaddr_in *)&ss)->sin_port = htons(PORT);
		return nameserver_add(s, str_from(host), &ss, sizeof(struct sockaddr_in), false);
	}
	if (inet_pton(AF_INET6, host, &((struct sockaddr_in6 *)&ss)->sin6_addr) != 1)
		return true;
	ss.ss_family = AF_INET6;
	((struct sockaddr_in6 *)&ss)->sin6_port = htons(PORT);
	return nameserver_add(s, str_from(host), &ss, sizeof(struct sockaddr_in6), false);
}

static bool system_add(struct dns_section *s)
{
	FILE *f = fopen(system_file, "re");
	char line[512];
	bool ok = true;

	while (ok && f && fgets(line, sizeof(line), f))
		ok = system_line(s, line);
	if (f)
		fclose(f);
	return ok;
}

static bool section_init(struct dns_section *s, struct dns *d, const struct resolvers_conf *conf)
{
	struct sockaddr_storage ss;
	socklen_t len;

	s->dns = d;
	s->conf = conf;
	list_init(&s->questions);
	for (int i = 0; i < ID_BUCKETS; i++) {
		list_init(&s->by_id[i]);
		list_init(&s->by_name[i]);
	}
	s->servers = calloc(conf->servers.n + SYSTEM_MAX, sizeof(*s->servers));
	if (!s->servers)
		return false;
	vec_each (ns, &conf->servers)
		if (address_from_conf(&ns->addr, ns->addr.port, &ss, &len) &&
		    !nameserver_add(s, ns->name, &ss, len, ns->stream))
			return false;
	return !conf->system || system_add(s);
}

/* Manual, section 5.3.2: without a section of this name there is one with the name servers of the machine. */
static const struct resolvers_conf default_conf = {
	.name = {.ptr = "default", .len = 7},
	.hold = {30000, 30000, 30000, 30000, 10000, 0},
	.retries = 3,
	.timeout_resolve = 1000,
	.timeout_retry = 1000,
	.payload = 512,
	.system = true,
};

bool dns_sections_init(struct dns *d, const struct model *m)
{
	bool has_default = false;

	d->sections = calloc(m->resolvers.n + 1, sizeof(*d->sections));
	if (!d->sections)
		return false;
	vec_each (conf, &m->resolvers) {
		has_default |= str_eq((*conf)->name, default_conf.name);
		d->nsections++;
		if (!section_init(&d->sections[d->nsections - 1], d, *conf))
			return false;
	}
	if (has_default)
		return true;
	d->nsections++;
	return section_init(&d->sections[d->nsections - 1], d, &default_conf);
}

void dns_sections_close(struct dns *d)
{
	for (uint32_t i = 0; i < d->nsections; i++) {
		struct dns_section *s = &d->sections[i];

		while (!list_empty(&s->questions)) {
			struct dns_question *q = LIST_OF(s->questions.next, struct dns_question, node);

			dns_lookup_drop(q);
			dns_question_free(q);
		}
		for (uint32_t k = 0; k < s->nservers; k++)
			socket_close(&s->servers[k]);
	}
}

void dns_sections_free(struct dns *d)
{
	for (uint32_t i = 0; i < d->nsections; i++) {
		for (uint32_t k = 0; k < d->sections[i].nservers; k++)
			free(d->sections[i].servers[k].in);
		free(d->sections[i].servers);
	}
	free(d->sections);
}

/* --- for the control socket */

static void put_nameserver(const struct nameserver *ns, struct out *out)
{
	out_printf(out, " nameserver %s:\n", ns->name);
#define X(name) out_printf(out, "  %-13s%llu\n", #name ":", (unsigned long long)ns->counters.name);
	DNS_COUNTERS(X)
#undef X
}

bool dns_show(struct process *p, struct str section, struct out *out)
{
	struct dns *d = p->dns;
	bool found = !section.len;

	if (!d)
		return found;
	pthread_mutex_lock(&d->lock);
	for (uint32_t i = 0; i < d->nsections; i++) {
		const struct dns_section *s = &d->sections[i];

		if (section.len && !str_eq(s->conf->name, section))
			continue;
		found = true;
		out_printf(out, "Resolvers section %.*s\n", STR_ARG(s->conf->name));
		for (uint32_t k = 0; k < s->nservers; k++)
			put_nameserver(&s->servers[k], out);
	}
	pthread_mutex_unlock(&d->lock);
	return found;
}

/* With the names of the statistics. */
static void put_stat(const struct nameserver *ns, bool typed, struct out *out)
{
	const struct dns_counters *c = &ns->counters;
	unsigned n = 2;

	out_printf(out, typed ? "N.0.id:CGP:str:%s\nN.1.pid:CGP:str:%.*s\n" : "%s,%.*s,", ns->name,
		   STR_ARG(ns->section->conf->name));
#define X(name)                                                                                                \
	if (typed)                                                                                             \
		out_printf(out, "N.%u.%s:MGP:u64:%llu\n", n++,                                                 \
			   strcmp(#name, "snd_error") == 0 ? "send_error" : #name,                             \
			   (unsigned long long)c->name);                                                       \
	else                                                                                                   \
		out_printf(out, "%llu,", (unsigned long long)c->name);
	DNS_COUNTERS(X)
#undef X
	if (!typed)
		out_char(out, '\n');
}

void dns_stat(struct process *p, bool typed, struct out *out)
{
	struct dns *d = p->dns;

	if (!typed)
		out_puts(out,
			 "# id,pid,sent,send_error,valid,update,cname,cname_error,any_err,nx,timeout,refused,"
			 "other,invalid,too_big,truncated,outdated,\n");
	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	for (uint32_t i = 0; i < d->nsections; i++)
		for (uint32_t k = 0; k < d->sections[i].nservers; k++)
			put_stat(&d->sections[i].servers[k], typed, out);
	pthread_mutex_unlock(&d->lock);
}

void dns_clear(struct process *p)
{
	struct dns *d = p->dns;

	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	for (uint32_t i = 0; i < d->nsections; i++)
		for (uint32_t k = 0; k < d->sections[i].nservers; k++)
			d->sections[i].servers[k].counters = (struct dns_counters){0};
	pthread_mutex_unlock(&d->lock);
}
