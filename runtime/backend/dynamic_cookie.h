/* Dynamic cookies (manual, keywords "cookie": dynamic, and "dynamic-cookie-key"): the cookie of a server that
 * has none of its own is a hash of its address and of the backend's secret, the same on every machine with that
 * secret. */
#ifndef LB_BACKEND_DYNAMIC_COOKIE_H
#define LB_BACKEND_DYNAMIC_COOKIE_H

#include "runtime/backend/server.h"

enum { SERVER_COOKIE_TEXT = 17 };

/* Computes those of a backend anew: after its key, the setting, or an address changed. Any thread; changes come
 * under lb_lock. */
void dynamic_cookies_make(struct proxy *px);
/* Another key, a copy of which is kept. False: memory is out. Any worker. */
bool dynamic_cookie_set_key(struct proxy *px, struct str key);
void dynamic_cookies_enable(struct proxy *px, bool enabled);
void dynamic_cookies_free(struct proxy *px);

/* The server's cookie, its own or the dynamic one written to `text`; empty: it has none. Any worker. */
struct str server_cookie(struct server *s, char text[SERVER_COOKIE_TEXT]);
/* The next server of px from place *at on that this cookie names, which *at moves behind; *at is 0 for the first one. NULL: there
 * is none. Any worker. */
struct server *server_by_cookie(struct proxy *px, struct str cookie, uint32_t *at);

#endif
