/* Opening listeners: from the binds of a model to bound sockets, with the options, order and words of HAProxy.
 * Runs on the main thread before the workers; what it makes belongs to the process. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "runtime/backend/server.h"
#include "runtime/cli/cli.h"
#include "runtime/log/forward.h"
#include "runtime/net/address.h"
#include "runtime/net/netns.h"
#include "runtime/net/sockopt.h"
#include "runtime/proxy/session.h"
#include "runtime/reload/kept.h"
#include "runtime/stats/socket_counters.h"
#include "runtime/tls/tls.h"

enum { MAXACCEPT = 4, BACKLOG = 1024 };

struct opening {
	struct process *process;
	struct generation *generation;
	struct fd_set_kept *kept;
	struct out *messages;
	bool failed;
};

static void say(struct opening *o, const struct listener *l, bool fatal, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* "Binding [x.cfg:5] for frontend fe: ...". */
static void say(struct opening *o, const struct listener *l, bool fatal, const char *format, ...)
{
	const struct model *m = o->generation->model;
	const struct conf_pos *pos = &l->conf->pos;
	struct str source =
		pos->source && pos->source <= m->nsources ? m->source_names[pos->source - 1] : STR_NONE;
	bool master = o->process->cli_master != NULL;
	struct str name = l->proxy ? l->proxy->conf->name : master ? STR("MASTER") : STR("GLOBAL");
	bool listen = master || (l->proxy && l->proxy->conf->role == ROLE_LISTEN);
	va_list ap;

	o->failed |= fatal;
	out_printf(o->messages, "%s Binding [%.*s:%u] for %s %.*s: ", fatal ? "ALERT" : "WARNING",
		   STR_ARG(source), pos->line, listen ? "proxy" : "frontend", STR_ARG(name));
	va_start(ap, format);
	out_vprintf(o->messages, format, ap);
	va_end(ap);
	out_char(o->messages, '\n');
}

static const char *where(const struct listener *l, char text[ADDRESS_TEXT])
{
	return address_text(&l->addr, l->addr_len, text);
}

/* What has to be set before bind(2). SO_REUSEPORT lets the next process bind the address while we still listen.
 */
static void options_before_bind(struct opening *o, const struct listener *l, int fd)
{
	const struct bind_conf *b = l->conf;
	char text[ADDRESS_TEXT];

	sockopt_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!o->generation->model->global.noreuseport)
		sockopt_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (b->transparent && !sockopt_transparent(fd, l->addr.ss_family) &&
	    !sockopt_int(fd, SOL_IP, IP_FREEBIND, 1))
		say(o, l, false, "cannot make receiving socket transparent (%s) for [%s]", strerror(errno),
		    where(l, text));
	if (b->interface.len && !sockopt_device(fd, b->interface))
		say(o, l, false, "cannot bind receiver to device '%.*s' (%s) for [%s]", STR_ARG(b->interface),
		    strerror(errno), where(l, text));
	if (l->addr.ss_family == AF_INET6)
		sockopt_int(fd, SOL_IPV6, IPV6_V6ONLY, b->v6only && !b->v4v6);
}

/* Options of a listening TCP socket. Linux hands TCP_NODELAY, SO_KEEPALIVE and buffer sizes on to what is
 * accepted from it, which saves system calls per connection. */
static void options_before_listen(struct opening *o, const struct listener *l, int fd)
{
	static const struct linger calm = {0};
	const struct global_conf *global = &o->generation->model->global;
	const struct proxy_conf *px = l->proxy ? l->proxy->conf : NULL;
	const struct bind_conf *b = l->conf;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &calm, sizeof(calm));
	sockopt_int(fd, SOL_TCP, TCP_NODELAY, 1);
	if (b->mss && !sockopt_int(fd, SOL_TCP, TCP_MAXSEG, (int)b->mss))
		say(o, l, false, "cannot set MSS to %u", b->mss);
	if (!sockopt_int(fd, SOL_TCP, TCP_USER_TIMEOUT, (int)b->tcp_ut) && b->tcp_ut)
		say(o, l, false, "cannot set TCP User Timeout");
	if (b->tcp_ss)
		sockopt_int(fd, SOL_TCP, TCP_SAVE_SYN, (int)b->tcp_ss);
	if (!sockopt_int(fd, SOL_TCP, TCP_DEFER_ACCEPT, b->defer_accept) && b->defer_accept)
		say(o, l, false, "cannot enable DEFER_ACCEPT");
	if (b->tfo && !sockopt_int(fd, SOL_TCP, TCP_FASTOPEN, (int)l->backlog))
		say(o, l, false, "cannot enable TCP_FASTOPEN");
	if (b->cc.len && setsockopt(fd, SOL_TCP, TCP_CONGESTION, b->cc.ptr, (socklen_t)b->cc.len))
		say(o, l, false, "cannot set the congestion control algorithm %.*s", STR_ARG(b->cc));
	if (b->tcp_md5sig.len && !sockopt_md5sig_any(fd, l->addr.ss_family, b->tcp_md5sig))
		say(o, l, true, "cannot set the TCP MD5 password (%s)", strerror(errno));
	if (px && proxy_option_is_set(px, PO_TCP_SMART_ACCEPT) && px->mode == MODE_HTTP)
		sockopt_int(fd, SOL_TCP, TCP_QUICKACK, 0);
	if (px && (proxy_option_is_set(px, PO_TCPKA) || proxy_option_is_set(px, PO_CLITCPKA)))
		conn_keepalive(fd, &px->cli_keepalive);
	if (global->tune_notsent_lowat_client)
		sockopt_int(fd, SOL_TCP, TCP_NOTSENT_LOWAT, (int)global->tune_notsent_lowat_client);
	if (global->tune_rcvbuf_client)
		sockopt_int(fd, SOL_SOCKET, SO_RCVBUF, (int)global->tune_rcvbuf_client);
	if (global->tune_sndbuf_client)
		sockopt_int(fd, SOL_SOCKET, SO_SNDBUF, (int)global->tune_sndbuf_client);
}

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) && listening;
}

static int socket_fail(int fd)
{
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static int inet_open(struct opening *o, const struct listener *l)
{
	int fd = netns_socket(o->generation->netns, l->conf->namespace_, l->addr.ss_family,
			      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	char text[ADDRESS_TEXT];

	if (fd < 0) {
		say(o, l, true, "cannot create receiving socket (%s) for [%s]", strerror(errno),
		    where(l, text));
		return -1;
	}
	options_before_bind(o, l, fd);
	if (bind(fd, (const struct sockaddr *)&l->addr, l->addr_len)) {
		say(o, l, true, "cannot bind socket (%s) for [%s]", strerror(errno), where(l, text));
		return socket_fail(fd);
	}
	options_before_listen(o, l, fd);
	if (listen(fd, (int)l->backlog)) {
		say(o, l, true, "cannot listen to socket (%s) for [%s]", strerror(errno), where(l, text));
		return socket_fail(fd);
	}
	return fd;
}

/* The path while the socket is being made: it takes the place of an older one only when it listens. */
static bool temporary_path(const struct listener *l, struct sockaddr_un *un)
{
	const struct sockaddr_un *final = (const struct sockaddr_un *)&l->addr;
	int n;

	*un = (struct sockaddr_un){.sun_family = AF_UNIX};
	n = snprintf(un->sun_path, sizeof(un->sun_path), "%s.%d.tmp", final->sun_path, (int)getpid());
	return n > 0 && (size_t)n < sizeof(un->sun_path);
}

static int either(int own, int otherwise)
{
	return own >= 0 ? own : otherwise;
}

/* As the line says, or `unix-bind`. */
static bool unix_owner(const struct bind_conf *b, const char *path)
{
	const struct unix_bind_conf none = {.mode = -1, .uid = -1, .gid = -1},
				    *u = b->unix_bind ? b->unix_bind : &none;
	int uid = either(b->uid, u->uid), gid = either(b->gid, u->gid), mode = either(b->mode, u->mode);

	if ((uid >= 0 || gid >= 0) && chown(path, (uid_t)uid, (gid_t)gid))
		return false;
	return mode < 0 || !chmod(path, (mode_t)mode);
}

/* A path that is something else than a socket stays what it is. */
static bool path_is_free(const char *path)
{
	struct stat st;

	if (lstat(path, &st) || S_ISSOCK(st.st_mode))
		return true;
	errno = EEXIST;
	return false;
}

static int unix_open_path(struct opening *o, const struct listener *l)
{
	const char *path = ((const struct sockaddr_un *)&l->addr)->sun_path;
	struct sockaddr_un un;
	int fd;

	if (!temporary_path(l, &un)) {
		say(o, l, true, "name too long for UNIX socket (limit usually 97) [%s]", path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(un.sun_path);
	if (fd < 0) {
		say(o, l, true, "cannot create receiving socket (%s) [%s]", strerror(errno), path);
		return -1;
	}
	if (!path_is_free(path) || bind(fd, (const struct sockaddr *)&un, sizeof(un))) {
		say(o, l, true, "cannot bind UNIX socket (%s) [%s]", strerror(errno), path);
		return socket_fail(fd);
	}
	if (!unix_owner(l->conf, un.sun_path))
		say(o, l, true, "cannot change UNIX socket ownership (%s) [%s]", strerror(errno), path);
	else if (listen(fd, (int)l->backlog) || rename(un.sun_path, path))
		say(o, l, true, "cannot switch final and temporary UNIX sockets (%s) [%s]", strerror(errno),
		    path);
	else
		return fd;
	unlink(un.sun_path);
	return socket_fail(fd);
}

static int unix_open_abstract(struct opening *o, const struct listener *l)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[ADDRESS_TEXT];

	if (fd >= 0 && !bind(fd, (const struct sockaddr *)&l->addr, l->addr_len) &&
	    !listen(fd, (int)l->backlog))
		return fd;
	say(o, l, true, "cannot bind UNIX socket (%s) [%s]",
	    errno == EADDRINUSE ? "already in use" : strerror(errno), where(l, text));
	return socket_fail(fd);
}

/* fd@N: bound already, perhaps listening, with connections waiting. */
static int inherited_open(struct opening *o, const struct listener *l)
{
	int fd = l->conf->addr.fd;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (l->addr.ss_family == AF_INET || l->addr.ss_family == AF_INET6)
		options_before_listen(o, l, fd);
	if (is_listening(fd) || !listen(fd, (int)l->backlog))
		return fd;
	say(o, l, true, "cannot listen to inherited socket (%s) for [fd@%d]", strerror(errno), fd);
	return -1;
}

static int kept_open(struct opening *o, const struct listener *l)
{
	const struct bind_conf *b = l->conf;
	int fd = o->kept && !b->namespace_.len
			 ? kept_take(o->kept, &l->addr, SOCK_STREAM, b->interface, b->v6only && !b->v4v6)
			 : -1;

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (l->addr.ss_family != AF_UNIX)
		options_before_listen(o, l, fd);
	listen(fd, (int)l->backlog); /* the length of the queue may be new */
	return fd;
}

static int listener_socket(struct opening *o, struct listener *l)
{
	int fd;

	if (l->conf->addr.kind == ADDR_FD)
		return inherited_open(o, l);
	if (l->channel) {
		fcntl(l->conf->addr.fd, F_SETFD, FD_CLOEXEC);
		return l->conf->addr.fd;
	}
	fd = kept_open(o, l);
	if (fd >= 0) {
		l->inherited = true;
		return fd;
	}
	if (l->addr.ss_family != AF_UNIX)
		return inet_open(o, l);
	return ((struct sockaddr_un *)&l->addr)->sun_path[0] ? unix_open_path(o, l) : unix_open_abstract(o, l);
}

static uint32_t backlog_of(const struct process *p, const struct bind_conf *b, const struct proxy *px)
{
	if (b->backlog)
		return b->backlog;
	if (px && px->conf->backlog)
		return px->conf->backlog;
	if (px && px->conf->maxconn)
		return px->conf->maxconn;
	return p->maxconn ? p->maxconn : BACKLOG;
}

/* False: no memory. */
static bool counters_begin(struct listener *l)
{
	if (!l->proxy || l->accept != session_accept || !proxy_option_is_set(l->proxy->conf, PO_SOCKET_STATS))
		return true;
	l->counters = socket_counters_new(l->process->nworkers);
	return l->counters != NULL;
}

static struct listener *listener_new(struct opening *o, const struct bind_conf *b, struct proxy *px)
{
	struct listener *l = calloc(1, sizeof(*l));
	uint32_t maxaccept = o->generation->model->global.tune_maxaccept;

	if (!l)
		return NULL;
	*l = (struct listener){.conf = b, .proxy = px, .process = o->process, .fd = -1};
	l->tls = px ? tls_front_of(px->generation->tls, b) : NULL;
	list_init(&l->node);
	l->backlog = backlog_of(o->process, b, px);
	l->maxaccept = b->maxaccept ? b->maxaccept : maxaccept ? maxaccept : MAXACCEPT;
	l->accept = !px ? cli_accept : px->conf->mode == MODE_SYSLOG ? forward_accept : session_accept;
	l->watches = calloc(o->process->nworkers, sizeof(*l->watches));
	l->mine = b->threads;
	if (o->process->nworkers < 64 && !(l->mine & ((1ULL << o->process->nworkers) - 1)))
		l->mine = 0; /* those that it names do not exist */
	l->high_ports_only = px && o->generation->model->global.reject_low_ports;
	if (l->watches && counters_begin(l))
		return l;
	listener_free(l);
	return NULL;
}

/* `unix-bind prefix`. False: the path is too long. */
static bool prefix_path(const struct listener *l, struct addr_conf *addr, char *path, size_t room)
{
	struct str prefix = l->conf->unix_bind ? l->conf->unix_bind->prefix : STR_NONE;
	int n;

	*addr = l->conf->addr;
	if (addr->kind != ADDR_UNIX || !prefix.len)
		return true;
	n = snprintf(path, room, "%.*s%.*s", STR_ARG(prefix), STR_ARG(addr->path));
	addr->path = str_make(path, n > 0 ? (size_t)n : 0);
	return n > 0 && (size_t)n < room;
}

/* Where it is, or will be, bound. */
static bool listener_locate(struct listener *l, uint16_t port)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct addr_conf addr;
	union addr packed;

	l->addr_len = sizeof(l->addr);
	l->channel = l->conf->addr.kind == ADDR_SOCKPAIR;
	if (l->channel) {
		l->addr.ss_family = AF_UNIX;
		l->addr_len = sizeof(sa_family_t);
		l->inherited = true;
		return true;
	}
	if (!prefix_path(l, &addr, path, sizeof(path)) ||
	    (addr.kind != ADDR_FD && !address_from_conf(&addr, port, &l->addr, &l->addr_len)))
		return false;
	if (l->conf->addr.kind == ADDR_FD &&
	    getsockname(l->conf->addr.fd, (struct sockaddr *)&l->addr, &l->addr_len))
		return false;
	address_pack(&packed, &l->addr);
	l->port = address_port(&packed);
	l->inherited = l->conf->addr.kind == ADDR_FD;
	return true;
}

static void listener_drop(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	listener_free(l);
}

/* Port 0: which one it has become. */
static void listener_ask_port(struct listener *l)
{
	union addr packed;

	if (l->port || l->addr.ss_family == AF_UNIX)
		return;
	l->addr_len = sizeof(l->addr);
	getsockname(l->fd, (struct sockaddr *)&l->addr, &l->addr_len);
	address_pack(&packed, &l->addr);
	l->port = address_port(&packed);
}

/* Sockets are opened by family, and shown in the order of their lines. */
static bool stands_before(const struct listener *a, const struct listener *b)
{
	return a->conf->place < b->conf->place || (a->conf == b->conf && a->port <= b->port);
}

static void proxy_adopt(struct proxy *px, struct listener *l)
{
	struct listener **place = &px->sockets;

	if (px->last_socket && stands_before(px->last_socket, l))
		place = &px->last_socket->next_socket;
	while (*place && stands_before(*place, l))
		place = &(*place)->next_socket;
	l->next_socket = *place;
	*place = l;
	if (!l->next_socket)
		px->last_socket = l;
}

static void listener_open(struct opening *o, const struct bind_conf *b, struct proxy *px, uint16_t port,
			  int family)
{
	struct listener *l = listener_new(o, b, px);

	if (!l) {
		o->failed = true;
		out_puts(o->messages, "ALERT out of memory\n");
		return;
	}
	if (!listener_locate(l, port)) {
		if (family == AF_INET6) /* said once, in the first round */
			say(o, l, true, "cannot use address '%.*s' (%s)", STR_ARG(b->addr.text),
			    strerror(errno));
		listener_drop(l);
		return;
	}
	l->fd = l->addr.ss_family == family ? listener_socket(o, l) : -1;
	if (l->fd < 0) {
		listener_drop(l);
		return;
	}
	l->id = b->port_ids ? b->port_ids[port - b->addr.port] : b->id;
	listener_ask_port(l);
	l->index = o->process->nlisteners++;
	atomic_store(&l->state, LI_LISTENING);
	list_append(&o->process->listeners, &l->node);
	if (l->counters)
		proxy_adopt(px, l);
}

static void bind_open(struct opening *o, const struct bind_conf *b, struct proxy *px, int family)
{
	uint32_t last = b->addr.port_end > b->addr.port ? b->addr.port_end : b->addr.port;

	for (uint32_t port = b->addr.port; port <= last; port++)
		listener_open(o, b, px, (uint16_t)port, family);
}

bool listeners_open(struct process *p, struct generation *g, struct fd_set_kept *inherited, struct out *errors)
{
	static const int families[] = {AF_INET6, AF_INET, AF_UNIX};
	struct opening o = {p, g, inherited, errors, false};
	const struct global_conf *global = &g->model->global;

	for (size_t f = 0; f < sizeof(families) / sizeof(*families); f++) {
		for (uint32_t i = 0; i < global->stats_sockets.n; i++)
			bind_open(&o, global->stats_sockets.v[i], NULL, families[f]);
		for (uint32_t i = 0; i < g->nproxies; i++) {
			const struct proxy_conf *conf = g->proxies[i].conf;

			for (uint32_t b = 0; !conf->disabled && b < conf->binds.n; b++)
				bind_open(&o, conf->binds.v[b], &g->proxies[i], families[f]);
		}
		for (uint32_t i = 0; i < forwards_count(p); i++) {
			struct proxy *px = forwards_frontend(p, i);

			for (uint32_t b = 0; b < px->conf->binds.n; b++)
				bind_open(&o, px->conf->binds.v[b], px, families[f]);
		}
	}
	if (o.failed)
		listeners_free(p);
	return !o.failed;
}
