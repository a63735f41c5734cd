/* What nghttp2 calls for every h2_conn: h2_conn.c. */
#ifndef LB_HTTP_H2_CALLBACKS_H
#define LB_HTTP_H2_CALLBACKS_H

#include <nghttp2/nghttp2.h>

/* One table for all connections of a worker; NULL: no memory. */
nghttp2_session_callbacks *h2_callbacks_new(void);

#endif
