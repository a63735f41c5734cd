/* Messages in a stream: RFC 6587's octet counting and non-transparent framing. Pure functions. */
#include "runtime/log/syslog.h"

/* "36 <13>..." */
static enum syslog_framing frame_counted(struct str in, struct str *message, size_t *taken)
{
	size_t n = 0, i = 0;

	for (; i < in.len && in.ptr[i] >= '0' && in.ptr[i] <= '9'; i++) {
		n = n * 10 + (size_t)(in.ptr[i] - '0');
		if (n > UINT32_MAX)
			return SYSLOG_BAD;
	}
	if (i == in.len)
		return SYSLOG_MORE;
	if (in.ptr[i] != ' ' || !n)
		return SYSLOG_BAD;
	*taken = i + 1 + n;
	*message = str_sub(in, i + 1, n);
	return in.len < *taken ? SYSLOG_MORE : SYSLOG_WHOLE;
}

/* Up to a line feed; a carriage return in front of it goes, too. */
static enum syslog_framing frame_line(struct str in, struct str *message, size_t *taken)
{
	size_t n = str_chr(in, '\n');

	if (n == in.len)
		return SYSLOG_MORE;
	*taken = n + 1;
	*message = str_sub(in, 0, n);
	if (n && in.ptr[n - 1] == '\r')
		message->len--;
	return SYSLOG_WHOLE;
}

enum syslog_framing syslog_frame(struct str in, bool lines_only, struct str *message, size_t *taken)
{
	*taken = 0;
	if (!in.len)
		return SYSLOG_MORE;
	if (lines_only || in.ptr[0] == '<')
		return frame_line(in, message, taken);
	if (in.ptr[0] >= '1' && in.ptr[0] <= '9')
		return frame_counted(in, message, taken);
	return SYSLOG_BAD;
}
