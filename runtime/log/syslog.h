/* Syslog messages as log-forward receives them, and their headers in the formats of log targets (RFC 3164, RFC
 * 5424; manual, sections 3.10 and 4.2 "log"). What comes is anybody's: the parser only looks, bounds are the
 * message's own. No state, any thread. */
#ifndef LB_LOG_SYSLOG_H
#define LB_LOG_SYSLOG_H

#include "grammar/base/out.h"
#include "grammar/model.h"

enum syslog_form { SYSLOG_PLAIN, SYSLOG_RFC3164, SYSLOG_RFC5424 };

/* Texts point into the message; what is absent or "-" is empty. */
struct syslog_message {
	enum syslog_form form; /* of the header behind the priority */
	bool has_priority;
	uint32_t facility; /* may be anything */
	uint8_t level;     /* 0 to 7 */
	struct str stamp;  /* as it came: "Feb  5 17:32:18" or "2003-10-11T22:14:15.003Z" */
	struct str host, tag, pid, id, data, text;
};

/* Never fails: a message without any shape is all text. Line feeds and NULs at its end do not belong to it. */
void syslog_parse(struct str raw, struct syslog_message *m);
/* All of it is text, without looking at it (`option dont-parse-log`). */
void syslog_take(struct str raw, struct syslog_message *m);

/* The format that says of a message what it brought, when the target names none. */
enum log_proto syslog_own_proto(const struct syslog_message *m);

/* Cuts the next message out of a stream (RFC 6587): behind its length, or, when it begins with "<", in front of a line
 * feed; with `lines_only` always that. SYSLOG_WHOLE: *taken bytes of `in` are used up. SYSLOG_MORE: *taken is how many
 * have to be there, 0 when nobody knows. SYSLOG_BAD: neither framing. */
enum syslog_framing { SYSLOG_WHOLE, SYSLOG_MORE, SYSLOG_BAD };
enum syslog_framing syslog_frame(struct str in, bool lines_only, struct str *message, size_t *taken);

/* Dates of now, for messages without one. */
struct syslog_now {
	const char *date; /* "Nov 22 12:52:24" */
	struct str iso;   /* "2026-11-22T12:52:24.406972+00:00" */
	int year, month;  /* 2026, 0 to 11 */
};
/* The header in front of m->text. `facility`: of the target, when the message has none; `level`: what the
 * target makes of the message's. Ends with a blank where the format has one. */
void syslog_header(const struct syslog_message *m, enum log_proto proto, uint32_t facility, uint8_t level,
		   const struct syslog_now *now, struct out *out);

#endif
