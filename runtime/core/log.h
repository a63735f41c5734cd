/* Logging: formats only when a target wants it, sends datagrams or writes without blocking, counts what was
 * dropped. Each worker has its own sockets and line buffer; the functions are called on the worker that they
 * are given. */
#ifndef LB_CORE_LOG_H
#define LB_CORE_LOG_H

#include "runtime/eval/eval.h"

struct worker;
struct proxy;
struct process;

/* RFC 5424, section 6.2.1, under the names that the manual gives them. */
enum log_level { LL_EMERG, LL_ALERT, LL_CRIT, LL_ERR, LL_WARNING, LL_NOTICE, LL_INFO, LL_DEBUG };
/* Or'ed to a level of log_event(): to the log targets, not to standard error. */
enum {
	LOG_TARGETS_ONLY = 0x100,
	LOG_BY_MAIL = 0x200 /* as a mail alert, too */,
	LOG_BY_MAIL_INFO = 0x400 /* of level info */
};

bool log_init(struct worker *w);
void log_free(struct worker *w);
/* Opens what can only be opened before chroot and while privileges are there; worker 0 also makes the counts of
 * `sample`. Before workers run. False when memory is out. */
bool log_prepare(struct worker *w, const struct model *m);
/* Datagrams wait so that many go at once: until the end of the turn of the loop, and while turns are busy for
 * this long. Events do not wait, and nothing overtakes. */
enum { LOG_WAIT_US = 1000 };
/* Sends all that waits. On the worker. */
void log_flush(struct worker *w);
/* The traffic log of a finished stream: the frontend's targets and format; without a format HAProxy's default
 * one ("Connect from
 * ..."). Level: e->log->log_level, -1 is silent; `option log-separate-errors` raises LL_INFO to LL_ERR for
 * failed streams. Whether to log at all (dontlognull, dontlog-normal) is the caller's decision. */
void log_traffic(struct worker *w, struct proxy *frontend, struct eval *e);
/* The same at another step of it (enum log_step): targets with a profile write what that says of the step.
 * profile: takes the place of theirs; or NULL. */
struct log_profile_conf;
void log_traffic_at(struct worker *w, struct proxy *frontend, struct eval *e, unsigned step,
		    const struct log_profile_conf *profile);
/* A stream that did not go as it should: error, timeout, retry, redispatch or a status of 5xx (manual, `option
 * log-separate-errors`, `option dontlog-normal`). */
bool log_is_failure(const struct log_record *r);
/* From now on lines go to `take` instead of the targets that want them, without header and line feed. On the
 * worker. */
void log_capture(struct worker *w, void (*take)(void *ctx, int level, struct str line), void *ctx);
/* An event of a proxy ("Server b/s is DOWN ...") to its targets, with the header of each format, and to
 * standard error when the process says its events there. level: RFC 5424. */
void log_event(struct worker *w, const struct proxy_conf *proxy, int level, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Before workers run and from the main thread: to the global targets. */
void log_global(struct process *p, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A line that somebody else wrote (log-forward), to the targets of a proxy, each in its format or in `own`, the
 * line's. On that worker. */
struct syslog_message;
void log_relay(struct worker *w, const struct proxy_conf *proxy, const struct syslog_message *m,
	       enum log_proto own);
/* Lines that no target took because it was full or away. Any thread. */
uint64_t log_dropped(struct process *p);

#endif
