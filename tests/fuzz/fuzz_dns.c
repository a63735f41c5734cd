/* Answers of name servers. The first byte says which type was asked for; what follows is the answer to a question about
 * "a.example", whose beginning is put right so that most of it is looked at. */
#include <stdlib.h>
#include <string.h>

#include "runtime/dns/message.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = {DNS_A, DNS_AAAA, DNS_SRV};
	static struct dns_record records[DNS_RECORDS_MAX];
	uint8_t query[DNS_QUERY_MAX], *msg;
	uint16_t type = types[size ? data[0] % 3 : 0];
	uint32_t n = DNS_RECORDS_MAX;
	size_t nquery = dns_query(query, "a.example", type, 0x1234, 0);

	if (size < 2 || !nquery)
		return 0;
	size--;
	msg = malloc(size); /* of its own, so that reading behind it is seen */
	if (!msg)
		return 0;
	memcpy(msg, data + 1, size);
	if (size >= nquery && data[0] & 0x80) {
		memcpy(msg + 12, query + 12, nquery - 12);
		memcpy(msg, query, 2);
		msg[2] |= 0x80;
		msg[3] &= 0xf0;
		msg[4] = 0;
		msg[5] = 1;
	}
	if (dns_answer(msg, size, query, type, records, &n) == DNS_VALID && (!n || n > DNS_RECORDS_MAX))
		abort();
	free(msg);
	return 0;
}
