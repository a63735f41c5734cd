/* HTTP/2 from hostile peers, clients and servers, against whole proxies: rules, bodies, logs, servers of HTTP/1
 * and of HTTP/2. The first byte says who speaks, the second one how bytes are cut. Behind them come frames,
 * each as type, flags, the number of its stream and the length of its payload in one byte each, or (raw) bytes
 * as they are. Demands: nothing is left of a connection that has ended, and what we send are whole frames, no
 * larger than may be, the first one SETTINGS. One thread. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/staged.h"

enum { RAW = 1, SERVER = 2, NO_SETTINGS = 4, WEBSOCKET = 8, UPLOAD = 16, HEAD = 32 };
enum { SPACE = 1 << 18, FRAME_HEAD = 9, LARGEST = 16384, TYPE_SETTINGS = 4 };

static const char config[] = "global\n"
			     " tune.h2.max-concurrent-streams 8\n"
			     " tune.h2.initial-window-size 4096\n"
			     " tune.h2.fe.glitches-threshold 100\n"
			     " tune.h2.fe.max-frames-at-once 3\n"
			     " tune.h2.fe.max-rst-at-once 1\n"
			     " tune.h2.fe.rxbuf 20000\n"
			     " tune.h2.be.max-frames-at-once 2\n"
			     " tune.h2.be.rxbuf 20000\n"
			     "defaults\n"
			     " mode http\n"
			     "frontend h2\n"
			     " bind 127.0.0.1:1 proto h2\n"
			     " http-request set-var(txn.a) req.hdrs,concat(x),lower\n"
			     " http-request capture req.cook(a) len 20\n"
			     " http-request deny if { path_beg /deny }\n"
			     " http-request return status 200 content-type text/plain lf-string \"%[url] "
			     "%[method] %[req.ver]\" if { "
			     "path_beg /own }\n"
			     " http-request wait-for-body time 1s if { path_beg /wait }\n"
			     " http-request set-path /long%[path] if { path_beg /p }\n"
			     " http-request set-header x-seen %[base]%[req.cook_cnt]%[req.body_len]\n"
			     " http-response set-header x-back %[res.hdrs_bin,hex]\n"
			     " use_backend two if { path_beg /2 }\n"
			     " default_backend one\n"
			     "frontend h1\n"
			     " bind 127.0.0.1:2\n"
			     " option http-buffer-request\n"
			     " http-response set-header x-back %[res.hdrs_bin,hex]\n"
			     " default_backend two\n"
			     "backend one\n"
			     " retries 0\n"
			     " server s 127.0.0.1:3 pool-purge-delay 0\n"
			     "backend two\n"
			     " retries 1\n"
			     " retry-on all-retryable-errors\n"
			     " compression algo gzip\n"
			     " server s 127.0.0.1:4 proto h2 pool-purge-delay 0\n";

static size_t frame_put(uint8_t *out, uint8_t type, uint8_t flags, uint8_t stream, const uint8_t *payload,
			size_t len)
{
	const uint8_t head[FRAME_HEAD] = {0, (uint8_t)(len >> 8), (uint8_t)len, type, flags, 0, 0, 0, stream};

	memcpy(out, head, FRAME_HEAD);
	if (len)
		memcpy(out + FRAME_HEAD, payload, len);
	return FRAME_HEAD + len;
}

/* What the peer says; its length. */
static size_t speech(uint8_t *out, uint8_t mode, const uint8_t *data, size_t size)
{
	static const char magic[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	size_t n = 0;

	if (!(mode & SERVER)) {
		memcpy(out, magic, sizeof(magic) - 1);
		n = sizeof(magic) - 1;
	}
	if (!(mode & NO_SETTINGS))
		n += frame_put(out + n, TYPE_SETTINGS, 0, 0, NULL, 0);
	if (mode & RAW) {
		if (size)
			memcpy(out + n, data, size);
		return n + size;
	}
	while (size >= 4) {
		size_t len = data[3] < size - 4 ? data[3] : size - 4;

		n += frame_put(out + n, data[0], data[1], data[2], data + 4, len);
		data += 4 + len;
		size -= 4 + len;
	}
	return n;
}

static void demand_frames(struct str s)
{
	bool first = true;

	while (s.len) {
		const uint8_t *p = (const uint8_t *)s.ptr;
		size_t len;

		FUZZ_DEMAND(s.len >= FRAME_HEAD);
		len = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
		FUZZ_DEMAND(len <= LARGEST && s.len >= FRAME_HEAD + len);
		FUZZ_DEMAND(!first || p[3] == TYPE_SETTINGS);
		FUZZ_DEMAND(p[3] <= 9);
		first = false;
		s = str_tail(s, FRAME_HEAD + len);
	}
}

static struct str request(uint8_t mode)
{
	if (mode & WEBSOCKET)
		return STR("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
			   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
			   "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nbytes");
	if (mode & UPLOAD)
		return STR(
			"POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
			"X-Trailer: t\r\n\r\n");
	if (mode & HEAD)
		return STR("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	return STR("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage *st;
	static uint8_t space[SPACE];
	struct out answer = out_growing(1 << 24);
	struct str bytes;

	if (size < 2 || size > 4096)
		return 0;
	if (!st)
		st = staged_new(config);
	bytes = str_make((const char *)space, speech(space, data[0], data + 2, size - 2));
	if (data[0] & SERVER) {
		staged_server_says(st, bytes);
		staged_client(st, 1, request(data[0]), SPACE, &answer);
		staged_server_says(st, STR_NONE);
	} else {
		staged_client(st, 0, bytes, data[1] ? data[1] * 4u : SPACE, &answer);
		demand_frames(out_get(&answer));
	}
	out_free(&answer);
	return 0;
}
