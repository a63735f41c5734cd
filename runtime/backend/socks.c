/* SOCKS4: one request of 16 bytes and an answer of 8. The relay's connection is raw at this time: TLS and PROXY
 * headers come behind it. */
#include "runtime/backend/socks.h"

#include <errno.h>
#include <string.h>

#include "runtime/net/address.h"

enum { VERSION = 4, CONNECT = 1, GRANTED = 90 };
static const char user[] = "HAProxy"; /* as HAProxy calls itself; the NUL is a part of it */

bool socks_request(char request[SOCKS_REQUEST], const union addr *to)
{
	uint16_t port = address_port(to);

	if (to->family != AF_INET)
		return false;
	request[0] = VERSION;
	request[1] = CONNECT;
	request[2] = (char)(port >> 8);
	request[3] = (char)(port & 0xff);
	memcpy(request + 4, &to->in.sin_addr, 4);
	memcpy(request + 8, user, sizeof(user));
	return true;
}

bool socks_ask(struct conn *c, const union addr *to)
{
	char request[SOCKS_REQUEST];
	struct iovec iov = {request, sizeof(request)};

	if (!socks_request(request, to) || conn_sendv(c, &iov, 1, false) != SOCKS_REQUEST)
		return false;
	conn_want(c, EV_READ);
	return true;
}

enum socks_verdict socks_answer(struct conn *c, struct socks *s)
{
	char bytes[SOCKS_ANSWER];
	ssize_t n = c->transport->recv(c, bytes, SOCKS_ANSWER - s->got);

	if (n < 0 && errno == EAGAIN)
		return SOCKS_WAIT;
	if (n <= 0)
		return SOCKS_BROKEN;
	if (s->got <= 1 && s->got + n > 1)
		s->code = (uint8_t)bytes[1 - s->got];
	s->got = (uint8_t)(s->got + n);
	if (s->got < SOCKS_ANSWER)
		return SOCKS_WAIT;
	return s->code == GRANTED ? SOCKS_GRANTED : SOCKS_DENIED;
}
