/* The steps of a run (manual, section 4.2, "http-check" and "tcp-check"): one after the other, each of which
 * may have to wait for the connection. Where no `connect` step opens one, it opens by itself when it is needed.
 * What stands here is the order and what messages say about places; the check's worker only. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/core/process.h"
#include "runtime/eval/rules.h"
#include "runtime/health/check_run.h"

void check_eval_begin(struct check *k, struct eval *e)
{
	struct generation *g = k->server->proxy->generation;

	*e = (struct eval){.engine = g->engines[k->worker->id],
			   .model = g->model,
			   .host = &k->worker->host,
			   .scratch = &k->scratch,
			   .backend = k->server->proxy->conf,
			   .server = k->server->conf,
			   .place = AT(CHECK),
			   .now = k->worker->wall,
			   .raw_res = check_input(k),
			   .raw_res_final = true,
			   .proc_lock = &k->worker->process->proc_lock,
			   .vars = {[VAR_PROC] = &k->server->proxy->generation->proc_vars, [VAR_CHECK] = &k->vars}};
}

/* --- where something happened */

/* A step's own comment, or the last one before it that only expectations separate from it. */
struct str check_steps_comment(const struct check *k)
{
	const struct hc_step *step = &k->steps[k->at];

	if (k->at >= k->nsteps)
		return STR_NONE;
	if (step->comment.len)
		return step->comment;
	while (step > k->steps) {
		step--;
		if (step->kind == HC_COMMENT)
			return step->comment;
		if (step->kind != HC_EXPECT)
			break;
	}
	return STR_NONE;
}

/* Bytes as HAProxy shows them: printable ones as they are, others as <0A>. */
static void put_shown(struct out *o, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c >= 0x20 && c < 0x7f)
			out_char(o, (char)c);
		else
			out_printf(o, "<%02X>", c);
	}
}

static void put_expect(const struct hc_step *step, struct out *o)
{
	switch (step->expect) {
	case HCE_STRING:
		out_printf(o, " (expect string '%.*s')", STR_ARG(step->text));
		break;
	case HCE_BINARY:
		out_puts(o, " (expect binary '");
		put_shown(o, step->text);
		out_puts(o, "')");
		break;
	case HCE_RSTRING:
		out_puts(o, " (expect regex)");
		break;
	case HCE_RBINARY:
		out_puts(o, " (expect binary regex)");
		break;
	case HCE_STRING_LF:
		out_puts(o, " (expect log-format string)");
		break;
	case HCE_BINARY_LF:
		out_puts(o, " (expect log-format binary)");
		break;
	default:
		break;
	}
}

void check_steps_where(const struct check *k, struct out *o)
{
	const struct hc_step *step = &k->steps[k->at];
	struct str comment;

	if (!check_counts_steps(k) || !k->nsteps)
		return;
	if (k->phase == PHASE_CONNECTING && !k->connect) {
		out_puts(o, " at initial connection step of tcp-check");
		return;
	}
	if (k->at >= k->nsteps)
		return;
	out_printf(o, " at step %u of tcp-check", step->number);
	if (step->kind == HC_CONNECT && step->port)
		out_printf(o, " (connect port %u)", step->port);
	else if (step->kind == HC_CONNECT)
		out_puts(o, " (connect)");
	else if (step->kind == HC_SEND)
		out_puts(o, " (send)");
	else
		put_expect(step, o);
	comment = check_steps_comment(k);
	if (comment.len)
		out_printf(o, " comment: '%.*s'", STR_ARG(comment));
}

enum check_status check_steps_timeout(const struct check *k)
{
	const struct hc_step *step = k->at < k->nsteps ? &k->steps[k->at] : NULL;

	if (k->phase == PHASE_CONNECTING)
		return CHECK_L4_TIMEOUT;
	if (k->phase == PHASE_SECURING)
		return CHECK_L6_TIMEOUT;
	if (step && step->kind == HC_EXPECT && step->outcome.timeout)
		return (enum check_status)step->outcome.timeout;
	return CHECK_L7_TIMEOUT;
}

/* --- going on */

static bool put_format(struct check *k, const struct hc_step *step)
{
	struct eval e;

	check_eval_begin(k, &e);
	logfmt_eval(&e, step->text_fmt, &k->request);
	return !k->request.truncated;
}

/* Hexadecimal digits that a format gave, as bytes, in place. */
static bool undo_hex(struct out *o)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	size_t n = 0;

	if (o->len % 2)
		return false;
	for (size_t i = 0; i < o->len; i += 2) {
		const char *high = memchr(digits, o->buf[i], sizeof(digits) - 1);
		const char *low = memchr(digits, o->buf[i + 1], sizeof(digits) - 1);

		if (!high || !low)
			return false;
		o->buf[n++] = (char)((high - digits) % 16 * 16 + (low - digits) % 16);
	}
	o->len = n;
	return true;
}

static bool step_request(struct check *k, const struct hc_step *step)
{
	switch (step->send) {
	case HCS_HTTP:
		return check_http_request(k, step) && (!k->h2 || check_h2_request(k));
	case HCS_TEXT:
		out_str(&k->request, step->text);
		return !k->request.truncated;
	case HCS_TEXT_LF:
		return put_format(k, step);
	case HCS_BINARY_LF:
		return put_format(k, step) && undo_hex(&k->request);
	case HCS_OWN:
		return check_protocol_send(k, step);
	}
	return false;
}

/* What came before belongs to the exchange that is over. */
static void step_send(struct check *k, const struct hc_step *step)
{
	char info[CHECK_INFO];

	out_free(&k->request);
	k->request = out_growing(1 << 16);
	k->sent = 0;
	if (step_request(k, step)) {
		buf_drop(k->worker, &k->in);
		check_run_send(k);
		return;
	}
	snprintf(info, sizeof(info), "tcp-check send : failed to build log-format string at step %u",
		 step->number);
	check_run_end(k, CHECK_L7_RESPONSE, check_counts_steps(k) ? info : "");
}

static void step_var(struct check *k, const struct hc_step *step)
{
	struct rules one = {.v = step->rule, .n = 1};
	const struct rule *decider = NULL;
	struct http_msg message;
	struct check_answer answer;
	struct out plain = out_growing(1 << 16);
	uint32_t index = 0;
	struct eval e;

	check_eval_begin(k, &e);
	if (check_conf(k)->kind == CHECK_HTTP && check_http_read(k, &answer, &plain) == CHECK_READ_HEAD &&
	    check_http_message(k, &answer, &message))
		e.res = &message;
	rules_run(&e, &one, &index, &decider);
	out_free(&plain);
}

/* True when the next step can follow at once. */
static bool step_expect(struct check *k, const struct hc_step *step)
{
	enum check_verdict v;

	if (!k->in.len && !k->no_more) {
		check_run_receive(k);
		return false;
	}
	v = step->expect == HCE_OWN                          ? check_protocol_expect(k, step)
	    : !k->agent && check_conf(k)->kind == CHECK_HTTP ? check_expect_http(k, step)
							     : check_expect(k, step);
	if (v == CHECK_WAIT)
		check_run_receive(k);
	else if (v == CHECK_OVER)
		check_run_end(k, k->outcome.status, NULL);
	return v == CHECK_NEXT;
}

static bool step_run(struct check *k, const struct hc_step *step)
{
	switch (step->kind) {
	case HC_COMMENT:
		break;
	case HC_VAR:
		step_var(k, step);
		break;
	case HC_CONNECT:
		check_run_connect(k, step);
		return false;
	case HC_SEND:
		step_send(k, step);
		return false;
	case HC_EXPECT:
		if (!step_expect(k, step))
			return false;
		break;
	}
	k->at++;
	return true;
}

/* The connection stands, and nothing more was asked. */
static enum check_status passed(const struct check *k)
{
	return k->conn->transport_state ? CHECK_L6_OK : CHECK_L4_OK;
}

/* All steps were fine. */
static void steps_done(struct check *k)
{
	if (k->outcome.status == CHECK_UNKNOWN && check_counts_steps(k) && k->nsteps) {
		bool layer7 = false;

		for (uint32_t i = 0; i < k->nsteps; i++)
			layer7 |= k->steps[i].kind == HC_SEND || k->steps[i].kind == HC_EXPECT;
		check_run_end(k, layer7 ? CHECK_L7_OK : passed(k), "(tcp-check)");
		return;
	}
	check_run_end(k, k->outcome.status == CHECK_UNKNOWN ? passed(k) : k->outcome.status, NULL);
}

static bool needs_connection(const struct check *k)
{
	if (k->connected)
		return false;
	return k->at == k->nsteps || k->steps[k->at].kind == HC_SEND || k->steps[k->at].kind == HC_EXPECT;
}

void check_steps_run(struct check *k)
{
	for (;;) {
		if (needs_connection(k)) {
			check_run_connect(k, NULL);
			return;
		}
		if (k->at == k->nsteps) {
			steps_done(k);
			return;
		}
		if (!step_run(k, &k->steps[k->at]))
			return;
	}
}
