/* Streams and datagrams of syslog messages: the first byte of the input says whether lines are counted.
 * Demands: frames lie inside the stream and go forward, texts of a message lie inside it, and a message that
 * goes on in the format of its own header is read again as the same message. One thread. */
#include <string.h>

#include "runtime/log/syslog.h"
#include "tests/fuzz/fuzz.h"

static bool inside(struct str part, struct str all)
{
	return !part.len || (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len);
}

static struct str header(const struct syslog_message *m, enum log_proto proto, struct out *out)
{
	struct syslog_now now = {"Nov 22 12:52:24", STR("2026-11-22T12:52:24.406972+00:00"), 2026, 10};

	out->len = 0;
	syslog_header(m, proto, 16, m->level, &now, out);
	out_str(out, m->text);
	return out_get(out);
}

static void again(const struct syslog_message *m)
{
	struct out out = out_growing(1 << 20);
	struct syslog_message b;

	syslog_parse(header(m, m->form == SYSLOG_RFC5424 ? LOGP_RFC5424 : LOGP_RFC3164, &out), &b);
	FUZZ_DEMAND(b.form == m->form && b.level == m->level && str_eq(b.host, m->host) &&
		    str_eq(b.stamp, m->stamp) && str_eq(b.data, m->data) && str_eq(b.id, m->id));
	if (m->form == SYSLOG_RFC5424)
		FUZZ_DEMAND(str_eq(b.tag, m->tag) && str_eq(b.pid, m->pid) && str_eq(b.text, m->text));
	out_free(&out);
}

static void message(struct str raw)
{
	struct out out = out_growing(1 << 20);
	struct syslog_message m;

	syslog_parse(raw, &m);
	FUZZ_DEMAND(inside(m.stamp, raw) && inside(m.host, raw) && inside(m.tag, raw) && inside(m.pid, raw) &&
		    inside(m.id, raw) && inside(m.data, raw) && inside(m.text, raw) && m.level < 8);
	for (int proto = LOGP_LOCAL; proto <= LOGP_RAW; proto++)
		header(&m, (enum log_proto)proto, &out);
	header(&m, syslog_own_proto(&m), &out);
	FUZZ_DEMAND(!out.truncated);
	out_free(&out);
	if (m.form != SYSLOG_PLAIN && m.facility < 125)
		again(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in, found;
	size_t taken;

	if (!size)
		return 0;
	in = str_make((const char *)data + 1, size - 1);
	message(in);
	while (syslog_frame(in, data[0] & 1, &found, &taken) == SYSLOG_WHOLE) {
		FUZZ_DEMAND(taken && taken <= in.len && inside(found, in));
		message(found);
		in = str_tail(in, taken);
	}
	return 0;
}
