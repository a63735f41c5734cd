/* Connections over a channel that two processes share (configuration manual, keyword "bind", `sockpair@`). */
#ifndef LB_NET_SOCKPAIR_H
#define LB_NET_SOCKPAIR_H

/* Sends one end of a connected pair over the channel and gives the other, non-blocking; -1: it cannot be sent
 * now. */
int sockpair_connect(int channel);
/* The connection that was sent, non-blocking; -1 and errno (EAGAIN: none now); -2: the other end of the channel
 * is gone. */
int sockpair_accept(int channel);

#endif
