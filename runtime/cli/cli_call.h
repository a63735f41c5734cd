/* Inside of the CLI: one session, one call of a command, and the table of commands. A command appends its whole
 * answer to `out` and returns; one that needs other workers goes there with cli_visit() and its answer follows.
 * Worker of the session only, but for the functions of a visit. */
#ifndef LB_CLI_CLI_CALL_H
#define LB_CLI_CLI_CALL_H

#include "grammar/base/out.h"
#include "runtime/backend/server.h"
#include "runtime/core/process.h"
#include "runtime/net/conn.h"
#include "runtime/net/listener.h"

enum { CLI_PAYLOAD_END = 64, CLI_WORDS = 64, CLI_ANSWER_MAX = 256 << 20 };
enum cli_level { CLI_USER, CLI_OPERATOR, CLI_ADMIN };
/* With a level in commands.def: only in that mode of the session. */
enum cli_modes { CLI_LEVELS = 3, CLI_EXPERT = 4, CLI_EXPERIMENTAL = 8 };
/* RFC 5424 severities of short messages, shown after `set severity-output`. */
enum cli_severity { CLI_ERR = 3, CLI_WARNING = 4, CLI_NOTICE = 5, CLI_INFO = 6 };
enum cli_severity_form { CLI_SEVERITY_NONE, CLI_SEVERITY_NUMBER, CLI_SEVERITY_STRING };

struct cli_visit;
struct cli_relay;
struct cli_wait;

/* An answer in pieces, which may go on until something is entered (show events), or until it is there (httpclient). The session owns it. */
struct cli_stream {
	/* Appends some of what there is; nothing: it waits, and calls cli_stream_go_on() when there is more.
	 * False: that was the end. */
	bool (*fill)(struct cli_stream *stream, struct out *out);
	void (*free)(struct cli_stream *stream);
	bool stays; /* what is entered has to wait, instead of ending it */
};

struct cli_session {
	struct conn conn; /* first member */
	struct list node; /* worker->clis */
	struct listener *listener;
	struct deadline deadline;
	struct buf in;
	struct out out; /* answers not sent yet, from `sent` on */
	size_t sent;
	struct out command, payload; /* a line and its payload while that arrives */
	struct cli_visit *visit;     /* under way */
	struct cli_stream *stream;   /* under way */
	struct cli_wait *wait;       /* cmd_wait.c: under way */
	struct cli_relay *relay;     /* cli_master.h: a worker process is answering */
	pid_t target;      /* of a master's session: which worker gets its commands; 0: the master itself */
	struct str rest;   /* commands of the line behind the one that is visiting: in `command` */
	uint32_t timeout;  /* ms */
	uint32_t anon_key; /* cli_anon.h; 0: names are told */
	uint8_t level, severity_form;
	bool prompt, interactive, timed; /* prompt: with one, and interactive; timed: it tells how long the process is up */
	bool expert, experimental, master_debug;
	char payload_end[CLI_PAYLOAD_END + 1]; /* the line that ends the payload: empty, or what stood behind `<<` */
	bool unanswered;                      /* this command gives no answer, not even an empty line */
	bool in_payload, answered, eof, over; /* over: closes once everything is sent */
	bool quitting, silent;                /* by the command; silent: nothing more may be sent */
};

struct cli_call {
	struct cli_session *session;
	struct worker *worker;
	struct process *process;
	struct generation *generation;
	struct str words[CLI_WORDS]; /* from n on empty */
	uint32_t n;
	struct str payload;
	bool has_payload; /* perhaps an empty one */
	struct out *out;
};

/* One row of commands.def. */
struct cli_command {
	const char *words; /* that it begins with, joined by a blank */
	const char *usage; /* line of the help; NULL: not shown */
	void (*run)(struct cli_call *c);
	uint8_t level; /* and modes */
};

/* cli_table.c */
const struct cli_command *cli_find(const struct cli_call *c);
/* Lists every command, whatever the session's level is, as HAProxy does. */
void cli_help(struct cli_call *c, const char *title);
/* Lists those that resemble the words from `first` on; all when nothing was asked for. */
void cli_help_like(struct cli_call *c, uint32_t first, const char *title_some, const char *title_all);
void cli_unknown(struct cli_call *c);
/* cmd_resolvers.c: `show stat domain ...` of another domain than proxies. */
void cli_stat_resolvers(struct cli_call *c);

/* cli_session.c */
/* A short message, with its severity where the session wants that. The message brings no line feed. */
void cli_say(struct cli_call *c, enum cli_severity severity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What stands before such a message. */
void cli_severity_put(struct cli_call *c, enum cli_severity severity);
/* The same without a line feed, as some of HAProxy's messages are. */
void cli_say_open(struct cli_call *c, enum cli_severity severity, const char *message);
/* There is more of the session's stream. */
void cli_stream_go_on(struct cli_session *s);
/* A visit came home: its answer is in session->out. */
void cli_resume(struct cli_session *s);
/* A relay has something for the session's client, in session->out, or has come to its end (relay NULL): goes
 * on. The session may be gone afterwards. */
void cli_relay_progress(struct cli_session *s);

/* cmd_wait.c. Ends a wait; harmless without one. */
void cli_wait_free(struct cli_session *s);
/* cmd_session.c. `prompt` with the words that follow (none: empty ones), of this version; false: its usage is asked for. */
bool cli_prompt_set(struct cli_session *s, const struct str *words, uint32_t n, int compat);
/* A time as the configuration writes it (manual, section 2.5), in ms; unit_us: of a number
 * without one. */
bool cli_time(struct str text, uint64_t unit_us, uint64_t *ms);

/* cli_visit.c: runs fn on every worker, one after the other, each with that worker; then the session goes on.
 * `text` collects the answer. */
struct cli_visit {
	struct cli_session *session; /* NULL: gone meanwhile; only the home worker looks */
	struct worker *home;
	uint32_t anon_key; /* of the session */
	struct generation *generation; /* pinned until it is home */
	uint32_t next;
	void (*fn)(struct worker *w, struct cli_visit *v);
	void (*home_fn)(struct cli_visit *v); /* at home, before the answer goes out; may be NULL */
	bool waits; /* only worker 0 is visited, and fn, or what it begins there, calls cli_visit_return() */
	struct out text;
	/* what for: */
	const void *pointer;
	void *filter; /* home_fn frees it */
	struct server *server;
	bool all;
	unsigned kinds;
	uint64_t found;
};
/* False when memory is out: nothing was begun, a message was given. v_init: copied. */
bool cli_visit(struct cli_call *c, const struct cli_visit *init);
/* Sends a visit that waits home by mailbox; v is its home's from then on. Any worker. */
void cli_visit_return(struct cli_visit *v);

/* Shared by commands: the object that word i names, or NULL and a message. */
struct server *cli_server(struct cli_call *c, uint32_t i);
struct proxy *cli_backend(struct cli_call *c, uint32_t i);
struct proxy *cli_frontend(struct cli_call *c, uint32_t i);
bool cli_level_is(struct cli_call *c, enum cli_level level); /* else says "Permission denied" */

#define CLI_COMMAND(words, level, usage, function) void function(struct cli_call *c);
#include "runtime/cli/commands.def"
#include "runtime/cli/commands_master.def"
#undef CLI_COMMAND

#endif
