/* Headers that come before the first byte: PROXY protocol of both versions with its fields, and NetScaler's.
 * Demands of the readers: nothing outside the input is looked at (the copy is exactly as long), no beginning of
 * a good header is a header, what follows one changes nothing, the fields lie inside and can be walked. Then
 * the same bytes go to a proxy that expects one and shows what it said. One thread. */
#include <string.h>

#include "runtime/net/netscaler_cip.h"
#include "runtime/net/proxy_protocol.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/staged.h"

enum { MAGIC = 0x4e455453 };

static const char config[] = "defaults\n"
			     " mode http\n"
			     "frontend pp\n"
			     " bind 127.0.0.1:1 accept-proxy\n"
			     " bind 127.0.0.1:2 accept-netscaler-cip 1313166419\n"
			     " http-request return status 200 content-type text/plain lf-string "
			     "\"%[src]:%[src_port] %[dst]:%[dst_port] "
			     "%[fc_pp_authority] %[fc_pp_unique_id,hex] %[fc_pp_tlv(SSL),hex] "
			     "%[fc_pp_tlv(0x30)] %[fc_rcvd_proxy]\"\n";

typedef enum header_result reader(struct str data, size_t *len, struct str *fields);

static enum header_result read_proxy(struct str data, size_t *len, struct str *fields)
{
	union addr src = {0}, dst = {0};

	return proxy_protocol_read(data, &src, &dst, len, fields);
}

static enum header_result read_netscaler(struct str data, size_t *len, struct str *fields)
{
	union addr src = {0}, dst = {0};

	*fields = STR_NONE;
	return netscaler_cip_read(data, MAGIC, &src, &dst, len);
}

static void demand_fields(struct str fields, struct str header)
{
	FUZZ_DEMAND(!fields.len ||
		    (fields.ptr >= header.ptr && fields.ptr + fields.len == header.ptr + header.len));
	while (fields.len) {
		size_t len;

		FUZZ_DEMAND(fields.len >= 3);
		len = 3 + ((size_t)(uint8_t)fields.ptr[1] << 8 | (uint8_t)fields.ptr[2]);
		FUZZ_DEMAND(fields.len >= len);
		fields = str_tail(fields, len);
	}
}

/* In memory that ends where the input does. */
static enum header_result read_exactly(reader *read, const uint8_t *data, size_t size, size_t *used)
{
	char *copy = malloc(size ? size : 1);
	struct str in = str_make(copy, size), fields;
	enum header_result result;
	size_t len = 0;

	FUZZ_DEMAND(copy);
	if (size)
		memcpy(copy, data, size);
	result = read(in, &len, &fields);
	FUZZ_DEMAND(len <= size);
	if (result == HEADER_DONE) {
		FUZZ_DEMAND(len > 0);
		demand_fields(fields, str_sub(in, 0, len));
	}
	*used = len;
	free(copy);
	return result;
}

static void try(reader *read, const uint8_t *data, size_t size)
{
	size_t len, again;

	if (read_exactly(read, data, size, &len) != HEADER_DONE)
		return;
	FUZZ_DEMAND(read_exactly(read, data, len, &again) == HEADER_DONE && again == len);
	for (size_t n = len > 200 ? len - 200 : 0; n < len; n++)
		FUZZ_DEMAND(read_exactly(read, data, n, &again) == HEADER_SHORT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	static struct stage *st;
	static char bytes[PROXY_PROTOCOL_MAX + sizeof(get)];
	struct out answer = out_growing(1 << 20);

	if (size > PROXY_PROTOCOL_MAX)
		return 0;
	if (!st)
		st = staged_new(config);
	try(read_proxy, data, size);
	try(read_netscaler, data, size);
	if (size)
		memcpy(bytes, data, size);
	memcpy(bytes + size, get, sizeof(get) - 1);
	for (uint32_t bind = 0; bind < 2; bind++)
		staged_client(st, bind, str_make(bytes, size + sizeof(get) - 1), sizeof(bytes), &answer);
	out_free(&answer);
	return 0;
}
