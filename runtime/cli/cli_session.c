/* CLI sessions: lines in, answers out. One line may hold several commands; without `prompt` the session ends
 * when all that came at once is answered. A payload (`<<` at the end of a line) lasts until an empty line.
 * Input is bounded by the size of a buffer, and nothing is read while an answer is waiting to be sent. The
 * session belongs to its worker; it ends in callbacks of the loop only. */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cli/cli_call.h"
#include "runtime/cli/cli_master.h"
#include "runtime/reload/handover.h"

enum { LINE_MAX_BYTES = 16384 };

static struct cli_session *session_of_conn(struct conn *c)
{
	return (struct cli_session *)c;
}

static void session_end(struct cli_session *s)
{
	struct worker *w = s->conn.worker;

	if (s->visit)
		s->visit->session = NULL;
	if (s->stream)
		s->stream->free(s->stream);
	cli_relay_free(s);
	cli_wait_free(s);
	conn_close(&s->conn, false);
	deadline_clear(&s->deadline);
	list_remove(&s->node);
	buf_drop(w, &s->in);
	out_free(&s->out);
	out_free(&s->command);
	out_free(&s->payload);
	listener_release(w, s->listener);
	free(s);
	worker_job_end(w);
}

/* A master's sessions never expire. */
static void session_touch(struct cli_session *s)
{
	if (s->timeout)
		deadline_set(s->conn.worker, &s->deadline, s->conn.worker->now + s->timeout);
}

/* Another worker, another process or time has the word. */
static bool is_waiting(const struct cli_session *s)
{
	return s->visit || s->relay || s->stream || s->wait;
}

static void session_expired(struct worker *w, struct deadline *d)
{
	struct cli_session *s = LIST_OF(d, struct cli_session, deadline);

	if (s->visit || s->stream || s->wait)
		deadline_set(w, d, w->now + s->timeout);
	else
		session_end(s);
}

/* --- answers */

void cli_severity_put(struct cli_call *c, enum cli_severity severity)
{
	static const char *const names[] = {"emerg",   "alert",  "crit", "err",
					    "warning", "notice", "info", "debug"};

	if (c->session->severity_form == CLI_SEVERITY_NUMBER)
		out_printf(c->out, "[%d]: ", severity);
	else if (c->session->severity_form == CLI_SEVERITY_STRING)
		out_printf(c->out, "[%s]: ", names[severity]);
}

void cli_say(struct cli_call *c, enum cli_severity severity, const char *format, ...)
{
	va_list ap;

	cli_severity_put(c, severity);
	va_start(ap, format);
	out_vprintf(c->out, format, ap);
	va_end(ap);
	out_char(c->out, '\n');
}

void cli_say_open(struct cli_call *c, enum cli_severity severity, const char *message)
{
	cli_say(c, severity, "%s", message);
	c->out->len--;
}

static void answer_end(struct cli_session *s)
{
	if (s->silent)
		return;
	if (!s->unanswered)
		out_char(&s->out, '\n');
	if (s->prompt)
		cli_prompt(s);
	s->answered = !s->unanswered;
	s->unanswered = false;
}

/* --- commands */

/* Cuts off the first command: up to a `;` that no backslash precedes. */
static struct str command_next(struct str *rest)
{
	struct str command;
	size_t i = 0;

	while (i < rest->len && rest->ptr[i] != ';')
		i += 1 + (rest->ptr[i] == '\\');
	if (i > rest->len)
		i = rest->len;
	command = str_sub(*rest, 0, i);
	*rest = i < rest->len ? str_tail(*rest, i + 1) : STR_NONE;
	return command;
}

/* Splits at blanks and takes out backslashes, in place: the text is the session's own. */
static void words_split(struct cli_call *c, struct str command)
{
	char *text = (char *)(uintptr_t)command.ptr;
	size_t i = 0, to;

	while (c->n < CLI_WORDS) {
		while (i < command.len && char_is_blank(text[i]))
			i++;
		if (i == command.len)
			return;
		to = i;
		c->words[c->n].ptr = text + i;
		while (i < command.len && !char_is_blank(text[i])) {
			i += text[i] == '\\' && i + 1 < command.len;
			text[to++] = text[i++];
		}
		c->words[c->n].len = (size_t)(text + to - c->words[c->n].ptr);
		c->n++;
	}
}

bool cli_level_is(struct cli_call *c, enum cli_level level)
{
	if (c->session->level >= level)
		return true;
	cli_say(c, CLI_ERR, "Permission denied");
	return false;
}

/* `show info` tells that somebody has used what may have side effects. */
static void taint_note(struct process *p, uint8_t level)
{
	if (level & CLI_EXPERT)
		atomic_fetch_or(&p->tainted, TAINTED_EXPERT);
	if (level & CLI_EXPERIMENTAL)
		atomic_fetch_or(&p->tainted, TAINTED_EXPERIMENTAL);
}

static void command_run(struct cli_session *s, struct str command)
{
	struct worker *w = s->conn.worker;
	struct cli_call c = {
		.session = s, .worker = w, .process = w->process, .generation = w->process->generation};
	const struct cli_command *cmd;

	c.payload = out_get(&s->payload);
	c.has_payload = s->in_payload;
	c.out = &s->out;
	words_split(&c, command);
	cmd = cli_find(&c);
	if (!cmd)
		cli_unknown(&c);
	else if (cmd->level & CLI_EXPERT && !s->expert)
		cli_say(&c, CLI_ERR, "This command is restricted to expert mode only.");
	else if (cmd->level & CLI_EXPERIMENTAL && !s->experimental)
		cli_say(&c, CLI_ERR, "This command is restricted to experimental mode only.");
	else if (cli_level_is(&c, cmd->level & CLI_LEVELS)) {
		taint_note(w->process, cmd->level);
		cmd->run(&c);
	}
}

/* Runs what is left of the line. False: a command visits other workers; it goes on when that is back. */
static bool line_run(struct cli_session *s)
{
	while (s->rest.ptr && !s->quitting) {
		struct str command = command_next(&s->rest);

		if (!s->conn.worker->process->cli_master || cli_master_takes(s, &command))
			command_run(s, command);
		if (is_waiting(s))
			return false;
		answer_end(s);
	}
	s->rest = STR_NONE;
	s->command.len = s->payload.len = 0;
	s->in_payload = false;
	return true;
}

/* --- input */

/* Takes `<<` off the end of the line, in newer versions with a word that will end the payload. */
static bool payload_begins(struct cli_session *s)
{
	struct str line = str_trim(out_get(&s->command)), end;
	size_t at = line.len;

	while (at && !char_is_blank(line.ptr[at - 1]))
		at--;
	end = str_tail(line, at);
	if (!str_starts(end, STR("<<")) || end.len > 2 + CLI_PAYLOAD_END ||
	    (end.len > 2 && s->conn.worker->process->compat <= 206))
		return false;
	end = str_tail(end, 2);
	memcpy(s->payload_end, end.ptr, end.len);
	s->payload_end[end.len] = 0;
	s->command.len = (size_t)(line.ptr - s->command.buf) + at;
	return true;
}

static void command_start(struct cli_session *s)
{
	s->rest = out_get(&s->command);
	if (!s->rest.ptr)
		s->rest = STR("");
}

/* One line without its end. True: there is something to run. */
static bool line_take(struct cli_session *s, struct str line)
{
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (s->in_payload && !str_is(line, s->payload_end)) {
		if (s->payload.len)
			out_char(&s->payload, '\n');
		out_str(&s->payload, line);
	} else if (!s->in_payload) {
		out_str(&s->command, line);
		s->in_payload = payload_begins(s);
		if (!s->in_payload) {
			command_start(s);
			return true;
		}
	} else {
		command_start(s);
		return true;
	}
	if (s->prompt)
		out_puts(&s->out, "+ ");
	return false;
}

/* Handles the lines at hand, until an answer waits to be sent. False: the session cannot go on. */
static bool lines_handle(struct cli_session *s)
{
	while (!is_waiting(s) && !s->quitting) {
		struct str in = str_make(s->in.data ? s->in.data + s->in.off : NULL, s->in.len);
		size_t end = str_chr(in, '\n');
		bool runs;

		if (end == in.len) {
			if (in.len >= LINE_MAX_BYTES)
				return false;
			break;
		}
		runs = line_take(s, str_sub(in, 0, end));
		buf_eat(&s->in, (uint32_t)end + 1);
		if (s->command.truncated || s->payload.truncated)
			return false;
		if (runs && !line_run(s))
			break;
	}
	if (!s->in.len)
		buf_drop(s->conn.worker, &s->in);
	return true;
}

/* --- the loop's side */

/* False: the connection is broken. */
static bool out_flush(struct cli_session *s)
{
	while (s->sent < s->out.len) {
		struct iovec iov = {s->out.buf + s->sent, s->out.len - s->sent};
		ssize_t n = conn_sendv(&s->conn, &iov, 1, false);

		if (n < 0)
			return !(s->conn.flags & CONN_ERROR);
		s->sent += (size_t)n;
		s->conn.worker->cli_load.bytes_out += (uint64_t)n;
	}
	out_free(&s->out);
	s->out = out_growing(CLI_ANSWER_MAX);
	s->sent = 0;
	return true;
}

static bool out_pending(const struct cli_session *s)
{
	return s->sent < s->out.len;
}

/* Over when nothing is left to do: after `quit`, at the end of the input, and without prompt after the first
 * answers. */
static bool is_over(const struct cli_session *s)
{
	if (is_waiting(s) || out_pending(s))
		return false;
	if (s->conn.worker->process->cli_master)
		return s->quitting || s->eof;
	return s->quitting || s->eof || (s->answered && !s->interactive && !s->in_payload);
}

/* Something was entered, or nothing will be any more: the stream is over, what was entered is not looked at
 * unless it had to wait. False: the session cannot go on. */
static bool stream_end(struct cli_session *s)
{
	bool stays = s->stream->stays;

	s->stream->free(s->stream);
	s->stream = NULL;
	if (!stays)
		buf_drop(s->conn.worker, &s->in);
	answer_end(s);
	line_run(s);
	return !stays || lines_handle(s);
}

/* Sends what is to be sent, of a stream as fast as it is taken. False: the connection is broken. */
static bool session_send(struct cli_session *s)
{
	while (out_flush(s)) {
		bool goes_on;

		if (!s->stream || out_pending(s))
			return true;
		goes_on = s->stream->fill(s->stream, &s->out);
		if (goes_on && out_pending(s))
			continue;
		if (goes_on && (s->stream->stays || (!s->in.len && !s->eof)))
			return true;
		if (!stream_end(s))
			return false;
	}
	return false;
}

/* Runs what has arrived and sends what is to be sent. Ends the session when it is over. */
static void session_go_on(struct cli_session *s)
{
	if ((!out_pending(s) && !lines_handle(s)) || !session_send(s) || s->out.truncated || is_over(s)) {
		session_end(s);
		return;
	}
	session_touch(s);
	cli_relay_want(s, !out_pending(s));
	conn_want(&s->conn, out_pending(s) ? EV_WRITE
			    : s->visit || s->relay || s->wait || s->eof || (s->stream && s->stream->stays)
				    ? 0
				    : EV_READ);
}

static void session_ready(struct conn *conn, int revents)
{
	struct cli_session *s = session_of_conn(conn);
	ssize_t n;

	if (revents & EV_READ) {
		buf_pack(&s->in);
		n = conn_recv(conn, &s->in);
		if (n < 0 && (conn->flags & CONN_ERROR || errno != EAGAIN)) {
			session_end(s);
			return;
		}
		s->eof = s->eof || n == 0;
	}
	session_go_on(s);
}

void cli_stream_go_on(struct cli_session *s)
{
	session_go_on(s);
}

void cli_resume(struct cli_session *s)
{
	s->visit = NULL;
	answer_end(s);
	if (line_run(s))
		session_go_on(s);
}

/* The answer of a worker process ends with an empty line of its own. */
void cli_relay_progress(struct cli_session *s)
{
	if (!s->relay) {
		s->unanswered = true;
		answer_end(s);
		if (!line_run(s))
			s->answered = true;
	}
	session_go_on(s);
}

/* --- life */

void cli_accept(struct worker *w, struct listener *l, int fd, const union addr *from)
{
	struct cli_session *s = calloc(1, sizeof(*s));
	uint32_t timeout = w->process->generation->model->global.stats_timeout;

	(void)from;
	if (!s) {
		close(fd);
		listener_release(w, l);
		return;
	}
	if (!w->clis.next)
		list_init(&w->clis);
	list_append(&w->clis, &s->node);
	w->cli_load.accepted++;
	s->listener = l;
	s->level = l->conf->level;
	s->severity_form = l->conf->severity_form;
	s->timeout = w->process->cli_master ? 0 : timeout ? timeout : 10000;
	s->out = out_growing(CLI_ANSWER_MAX);
	s->command = out_growing(LINE_MAX_BYTES);
	s->payload = out_growing(w->process->generation ? w->process->generation->model->global.cli_max_payload
							: LINE_MAX_BYTES);
	deadline_init(&s->deadline, session_expired);
	conn_init(&s->conn, w, fd, session_ready);
	session_touch(s);
	worker_job_begin(w);
	conn_want(&s->conn, EV_READ);
}

void cli_close_all(struct worker *w)
{
	handover_stop(w);
	while (w->clis.next && !list_empty(&w->clis))
		session_end(LIST_OF(w->clis.next, struct cli_session, node));
}
