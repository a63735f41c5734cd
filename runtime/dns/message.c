/* Messages: c-ares builds questions and takes records out of answers, names in them decompressed within bounds.
 * Here stands what it leaves to us: whether an answer belongs to a question, and what its code means. */
#define CARES_NO_DEPRECATED
#include "runtime/dns/message.h"

#include <arpa/nameser.h>
#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_SIZE = 12, FLAG_ANSWER = 0x80, FLAG_TRUNCATED = 0x02, CODE_MASK = 0x0f };

size_t dns_query(uint8_t out[DNS_QUERY_MAX], const char *name, uint16_t type, uint16_t id, uint32_t edns)
{
	unsigned char *buf = NULL;
	int len = 0;
	size_t n = 0;

	if (ares_create_query(name, ns_c_in, type, id, 1, &buf, &len, (int)edns) == ARES_SUCCESS && len > 0 &&
	    len <= DNS_QUERY_MAX) {
		memcpy(out, buf, (size_t)len);
		n = (size_t)len;
	}
	if (buf)
		ares_free_string(buf);
	return n;
}

/* Where the question ends in one of our own messages, whose name is not compressed. */
static size_t question_end(const uint8_t *query)
{
	size_t at = HEAD_SIZE;

	while (query[at])
		at += query[at] + 1u;
	return at + 5; /* the end of the name, type and class */
}

/* Same id, same question. Letters of either case: some servers change them. */
static bool belongs(const uint8_t *msg, size_t len, const uint8_t *query)
{
	size_t end = question_end(query);

	return len >= end && memcmp(msg, query, 2) == 0 && msg[2] & FLAG_ANSWER && msg[4] == 0 && msg[5] == 1 &&
	       str_ieq(str_make((const char *)msg + HEAD_SIZE, end - HEAD_SIZE),
		       str_make((const char *)query + HEAD_SIZE, end - HEAD_SIZE));
}

static enum dns_status status_of(int error)
{
	return error == ARES_ENODATA ? DNS_EMPTY : DNS_OTHER;
}

static bool has_answers(const uint8_t *msg)
{
	return msg[6] || msg[7];
}

static enum dns_status addresses(const uint8_t *msg, size_t len, struct dns_record *v, uint32_t *n)
{
	struct ares_addrttl found[DNS_RECORDS_MAX];
	int count = *n < DNS_RECORDS_MAX ? (int)*n : DNS_RECORDS_MAX,
	    error = ares_parse_a_reply(msg, (int)len, NULL, found, &count);

	if (error != ARES_SUCCESS)
		return status_of(error);
	for (int i = 0; i < count; i++) {
		v[i] = (struct dns_record){.addr.family = AF_INET};
		v[i].addr.in.sin_addr = found[i].ipaddr;
	}
	*n = (uint32_t)count;
	return count ? DNS_VALID : DNS_EMPTY;
}

static enum dns_status addresses6(const uint8_t *msg, size_t len, struct dns_record *v, uint32_t *n)
{
	struct ares_addr6ttl found[DNS_RECORDS_MAX];
	int count = *n < DNS_RECORDS_MAX ? (int)*n : DNS_RECORDS_MAX,
	    error = ares_parse_aaaa_reply(msg, (int)len, NULL, found, &count);

	if (error != ARES_SUCCESS)
		return status_of(error);
	for (int i = 0; i < count; i++) {
		v[i] = (struct dns_record){.addr.family = AF_INET6};
		memcpy(&v[i].addr.in6.sin6_addr, &found[i].ip6addr, sizeof(found[i].ip6addr));
	}
	*n = (uint32_t)count;
	return count ? DNS_VALID : DNS_EMPTY;
}

static enum dns_status services(const uint8_t *msg, size_t len, struct dns_record *v, uint32_t *n)
{
	struct ares_srv_reply *list = NULL;
	int error = ares_parse_srv_reply(msg, (int)len, &list);
	uint32_t count = 0;

	if (error != ARES_SUCCESS)
		return status_of(error);
	for (struct ares_srv_reply *r = list; r && count < *n; r = r->next) {
		if (strlen(r->host) > DNS_NAME_MAX)
			continue;
		v[count] = (struct dns_record){.port = r->port, .weight = r->weight, .priority = r->priority};
		snprintf(v[count++].target, sizeof(v->target), "%s", r->host);
	}
	ares_free_data(list);
	*n = count;
	return count ? DNS_VALID : DNS_EMPTY;
}

enum dns_status dns_answer(const uint8_t *msg, size_t len, const uint8_t *query, uint16_t type,
			   struct dns_record *v, uint32_t *n)
{
	enum dns_status status;

	if (!belongs(msg, len, query))
		return DNS_FOREIGN;
	if ((msg[3] & CODE_MASK) == ns_r_noerror && !has_answers(msg))
		return DNS_EMPTY;
	if (msg[2] & FLAG_TRUNCATED)
		return DNS_TRUNCATED;
	switch (msg[3] & CODE_MASK) {
	case ns_r_noerror:
		break;
	case ns_r_nxdomain:
		return DNS_NX;
	case ns_r_refused:
		return DNS_REFUSED;
	default:
		return DNS_OTHER;
	}
	status = type == DNS_SRV ? services(msg, len, v, n)
		 : type == DNS_A ? addresses(msg, len, v, n)
				 : addresses6(msg, len, v, n);
	return status == DNS_EMPTY && has_answers(msg) ? DNS_CNAME : status;
}
