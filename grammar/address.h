/* Network addresses as configurations write them (manual, sections 11 and "bind", "server", "log"): families
 * before an
 * `@`, host or path, ports with ranges and offsets. Pure text: nothing is looked up here, host names stay
 * names. One thread. */
#ifndef LB_GRAMMAR_ADDRESS_H
#define LB_GRAMMAR_ADDRESS_H

#include "grammar/compile.h"

/* What is acceptable at a place. */
enum address_want {
	ADDRESS_PORT = 1,        /* a port may be given */
	ADDRESS_PORT_NEEDED = 2, /* IP addresses need one, not 0 */
	ADDRESS_RANGE = 4,       /* 80-90 */
	ADDRESS_OFFSET = 8,      /* +100, -100: relative to another port */
	ADDRESS_FD = 16,         /* fd@3 */
	ADDRESS_DATAGRAM = 32,   /* udp@, and what says no protocol means it */
	ADDRESS_STREAM = 64,
	ADDRESS_HOST = 128, /* host names */
	ADDRESS_REVERSE = 256, /* rhttp@, from 2.9 on */
};

/* Reads bytes [off, off + len) of a word. `who` begins HAProxy's words for mistakes: "'bind'", or "" . False
 * after an error. Texts are copied into the model. */
bool address_parse(struct compile *c, const struct word *w, size_t off, size_t len, uint32_t want,
		   const char *who, struct addr_conf *out);

/* A whole word of the tree, with variables outside quotes read as addresses read them. */
bool address_parse_word(struct compile *c, const struct word *w, uint32_t want, const char *who,
			struct addr_conf *out);

/* IPv4 or IPv6 in text; fills addr and family of out, with all bits of the prefix. False when it is neither. */
bool address_ip(struct str text, struct ip_net *out);
/* The same with a prefix length behind a slash: "10.0.0.0/8". */
bool address_network(struct str text, struct ip_net *out);

#endif
