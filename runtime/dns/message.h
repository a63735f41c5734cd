/* Messages of the domain name system (RFC 1035, RFC 2782, RFC 6891): our questions, and what is believed of an
 * answer. The answers come from the network: nothing in them is trusted. Pure, any thread. */
#ifndef LB_DNS_MESSAGE_H
#define LB_DNS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/eval/eval.h"

enum { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33 };
enum { DNS_NAME_MAX = 255, DNS_RECORDS_MAX = 256, DNS_QUERY_MAX = 512 };

enum dns_status {
	DNS_VALID,
	DNS_NX,
	DNS_TIMEOUT,
	DNS_REFUSED,
	DNS_OTHER,     /* another code, or a message that makes no sense */
	DNS_EMPTY,     /* the name is there, but has nothing of this type */
	DNS_CNAME,     /* other names, and nothing of this type behind them */
	DNS_TRUNCATED, /* ask again by another way, or another type */
	DNS_FOREIGN,   /* no answer to this question */
};

struct dns_record {
	union addr addr;                 /* A and AAAA: without a port */
	uint16_t port, weight, priority; /* SRV */
	char target[DNS_NAME_MAX + 1];
};

/* A question for the records of one type of a name; edns: bytes of an answer that are accepted, 0: not said.
 * Its length; 0: no such name, or no memory. */
size_t dns_query(uint8_t out[DNS_QUERY_MAX], const char *name, uint16_t type, uint16_t id, uint32_t edns);
/* What an answer says to that question. *n: in, how many records there is room for; out, how many there are
 * (with DNS_VALID, at least one). */
enum dns_status dns_answer(const uint8_t *msg, size_t len, const uint8_t *query, uint16_t type,
			   struct dns_record *v, uint32_t *n);

#endif
