/* TLS for connections (manual, sections 5.1 and 5.2): what the rest of the house needs to know. A world holds the certificates and
 * contexts of one model; a front is a bind line's share of it, a back a server's. The transport hides in struct conn. */
#ifndef LB_TLS_TLS_H
#define LB_TLS_TLS_H

#include "grammar/base/out.h"
#include "grammar/model.h"
#include "runtime/net/conn.h"

struct ssl_st;
struct x509_st;
struct tls_world;
struct tls_front;
struct tls_back;
struct tls_conn;

/* Loads everything that the model's bind and server lines name. Findings go to `messages`, one a line: "ALERT text", "WARNING text"
 * or "NOTICE text", in HAProxy's words. NULL when memory is out; *ok false when something is wrong. Needs no TLS in the model: the
 * world is then empty. Main thread. */
struct tls_world *tls_world_new(const struct model *m, struct out *messages, bool *ok);
/* The same for a configuration that follows another one in this process (NULL: it is the first): some numbers of the library can be
 * had a few times only. Any thread, while nothing is loaded elsewhere. */
struct tls_world *tls_world_new_after(const struct tls_world *before, const struct model *m, struct out *messages, bool *ok);
/* Worlds are counted: by their generation, and by each connection that they have secured. Any thread. */
struct tls_world *tls_world_retain(struct tls_world *world);
void tls_world_free(struct tls_world **world);

/* NULL: the line does not speak TLS. Any thread. */
struct tls_front *tls_front_of(struct tls_world *world, const struct bind_conf *bind);
struct tls_back *tls_back_of(struct tls_world *world, const struct server_conf *server);

/* For a server that is added at run time; *back NULL where it does not speak TLS. False: no memory, or what its
 * line names cannot be used, with the reason in `error`. Any worker. */
bool tls_back_add(struct tls_world *world, const struct server_conf *server, struct tls_back **back,
		  struct out *error);
/* Nothing uses it any more. Any worker. */
void tls_back_remove(struct tls_back **back);

enum tls_progress { TLS_DONE, TLS_AGAIN, TLS_FAILED };

/* A connection that was just accepted gets the TLS transport; nothing is sent or received yet. False: no memory. The connection's
 * worker, like all of the following. */
bool tls_conn_accept(struct conn *c, struct tls_front *front);
/* The same for a connection to a server. sni: host name or empty; alpn: wire format, or empty for the server's own. resume: the
 * session of an earlier connection may be used. */
bool tls_conn_connect(struct conn *c, struct tls_back *back, struct str sni, struct str alpn);
/* One step of the handshake, to be called whenever the connection is ready. It decides what is watched (conn_want) until it is
 * done; afterwards nothing is watched. TLS_FAILED: conn.error, tls_conn_error() tell more; close the connection. */
enum tls_progress tls_handshake(struct conn *c);
/* For a connection to a server, in place of tls_handshake(): it may be used at once, what is sent first goes with the hello as
 * early data. False: the server does not take any (no session, or none that allows it). Only for what may arrive twice. */
bool tls_conn_early(struct conn *c);
bool tls_conn_is_early(const struct conn *c);
/* HAProxy's words for why the handshake failed: "SSL handshake failure". */
const char *tls_conn_error(const struct conn *c);
/* The same for one that was secured; NULL: nothing is wrong with it. */
const char *tls_conn_fault(const struct conn *c);
/* Takes the TLS off a connection that is to be closed, after telling the peer: for samples only, nothing is sent or received with it any
 * more. NULL: there was none. */
struct tls_conn *tls_conn_keep(struct conn *c);
void tls_conn_drop(struct tls_conn **kept);
/* The peer's certificate, counted; NULL: none. */
struct x509_st *tls_conn_peer(const struct conn *c);
void tls_peer_drop(struct x509_st **cert);
/* The library's object, for samples; NULL: no TLS on this connection. */
struct ssl_st *tls_conn_ssl(const struct conn *c);

/* It went on with the session of an earlier connection. */
bool tls_conn_resumed(const struct conn *c);
/* What was negotiated; NULL: no TLS. */
const char *tls_conn_version(const struct conn *c);
const char *tls_conn_cipher(const struct conn *c);

#endif
