/* Headers of log lines in the eight formats of the keyword `log` (manual, section 4.2): HAProxy's own bytes.
 * Date strings are made once a second, in the C locale, which the programs never leave. Called on the logger's
 * thread. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/core/log_sink.h"

void log_dates(struct logger *l, time_t second)
{
	struct tm tm;
	long offset;

	if (l->second == second && l->date[0])
		return;
	localtime_r(&second, &tm);
	l->second = second;
	strftime(l->date, sizeof(l->date), "%b %e %H:%M:%S", &tm);
	strftime(l->date_iso, sizeof(l->date_iso), "%Y-%m-%dT%H:%M:%S", &tm);
	offset = tm.tm_gmtoff < 0 ? -tm.tm_gmtoff : tm.tm_gmtoff;
	snprintf(l->zone, sizeof(l->zone), "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+', offset / 3600 % 100,
		 offset / 60 % 60);
}

static void put_priority(struct out *out, unsigned n)
{
	out_char(out, '<');
	out_decimal(out, n);
	out_char(out, '>');
}

void log_put_iso(struct logger *l, long usec, struct out *out)
{
	char micro[8] = ".";

	for (int i = 6; i > 0; i--, usec /= 10)
		micro[i] = (char)('0' + usec % 10);
	out_puts(out, l->date_iso);
	out_bytes(out, micro, 7);
	out_puts(out, l->zone);
	out_char(out, ' ');
}

/* RFC 3164, section 4.1; the local variant leaves the host name out unless it was asked for. */
static void put_rfc3164(struct logger *l, const struct log_origin *from, struct str host, struct out *out)
{
	out_puts(out, l->date);
	out_char(out, ' ');
	if (host.len) {
		out_str(out, host);
		out_char(out, ' ');
	}
	out_str(out, from->tag);
	out_char(out, '[');
	out_decimal(out, (unsigned long)from->pid);
	out_puts(out, "]: ");
}

/* RFC 5424, section 6: version 1, no message id. */
static void put_rfc5424(struct logger *l, const struct log_origin *from, struct out *out)
{
	out_puts(out, "1 ");
	log_put_iso(l, (long)from->when.tv_usec, out);
	out_str(out, from->hostname.len ? from->hostname : STR("-"));
	out_char(out, ' ');
	out_str(out, from->tag);
	out_char(out, ' ');
	out_decimal(out, (unsigned long)from->pid);
	out_puts(out, " - ");
	out_str(out, from->structured.len ? from->structured : STR("-"));
	out_char(out, ' ');
}

void log_header(struct logger *l, const struct log_target *target, const struct log_origin *from, int level,
		struct out *out)
{
	unsigned priority = target->facility * 8u + (unsigned)level;

	log_dates(l, from->when.tv_sec);
	switch (target->proto) {
	case LOGP_LOCAL:
		put_priority(out, priority);
		/* Who asks for this format by its name gets it without host names. */
		put_rfc3164(l, from, target->proto_given ? STR_NONE : from->hostname, out);
		break;
	case LOGP_RFC3164:
		put_priority(out, priority);
		put_rfc3164(l, from, from->hostname.len ? from->hostname : STR("localhost"), out);
		break;
	case LOGP_RFC5424:
		put_priority(out, priority);
		put_rfc5424(l, from, out);
		break;
	case LOGP_PRIORITY:
		put_priority(out, priority);
		break;
	case LOGP_SHORT:
		put_priority(out, (unsigned)level);
		break;
	case LOGP_TIMED:
		put_priority(out, (unsigned)level);
		log_put_iso(l, (long)from->when.tv_usec, out);
		break;
	case LOGP_ISO:
		log_put_iso(l, (long)from->when.tv_usec, out);
		break;
	case LOGP_RAW:
		break;
	}
}
