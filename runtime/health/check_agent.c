/* Agents (manual, section 5.2, "agent-check"): a program on the server says in one line of text how the server
 * feels, and what shall become of its weight, its limit and its administrative state. Words and messages are
 * HAProxy 2.6's, found by having agents say all kinds of things. The check's worker only. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "runtime/backend/server_change.h"
#include "runtime/health/check_protocol.h"
#include "runtime/backend/connect.h"
#include "runtime/health/check_run.h"

const struct hc_step check_agent_steps[] = {
	{.kind = HC_SEND, .number = 1, .send = HCS_OWN, .own = OWN_AGENT_REQUEST},
	{.kind = HC_EXPECT, .number = 2, .expect = HCE_OWN, .own = OWN_AGENT_ANSWER},
};
const uint32_t check_agent_nsteps = sizeof(check_agent_steps) / sizeof(*check_agent_steps);

bool check_agent_request(struct check *k)
{
	pthread_mutex_lock(&k->lock);
	if (k->agent_send)
		out_puts(&k->request, k->agent_send);
	pthread_mutex_unlock(&k->lock);
	return !k->request.truncated;
}

/* One line, word by word. */
struct agent_line {
	struct str health, admin, weight, maxconn; /* the last word of each kind */
	struct str unknown;                        /* the first word that is none of these */
	struct str reason;                         /* behind `#` */
	const char *warning;
};

static bool word_in(struct str word, const char *const *list)
{
	for (; *list; list++)
		if (str_ieq(word, str_from(*list)))
			return true;
	return false;
}

static bool looks_like_weight(struct str word)
{
	return word.len && isdigit((unsigned char)word.ptr[0]) && str_chr(word, '%') < word.len;
}

static void take_word(struct agent_line *l, struct str word)
{
	static const char *const healths[] = {"up", "down", "stopped", "fail", NULL};
	static const char *const admins[] = {"drain", "maint", "ready", NULL};

	if (looks_like_weight(word))
		l->weight = word;
	else if (word.len >= 8 && str_ieq(str_sub(word, 0, 8), STR("maxconn:")))
		l->maxconn = str_tail(word, 8);
	else if (word_in(word, healths))
		l->health = word;
	else if (word_in(word, admins))
		l->admin = word;
	else if (!l->unknown.len)
		l->unknown = word;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

static void read_line(struct agent_line *l, struct str line)
{
	size_t at = 0, end;

	*l = (struct agent_line){.warning = NULL};
	for (; at < line.len; at = end) {
		while (at < line.len && is_blank(line.ptr[at]))
			at++;
		if (at < line.len && line.ptr[at] == '#') {
			for (at++; at < line.len && isspace((unsigned char)line.ptr[at]);)
				at++;
			l->reason = str_tail(line, at);
			return;
		}
		for (end = at; end < line.len && !is_blank(line.ptr[end]);)
			end++;
		if (end > at)
			take_word(l, str_sub(line, at, end - at));
	}
}

/* "75%": of the weight in the configuration. */
static void apply_weight(struct check *k, struct agent_line *l)
{
	size_t percent = str_chr(l->weight, '%');
	uint64_t n;

	if (!l->weight.len)
		return;
	if (!str_to_u64(str_sub(l->weight, 0, percent), &n) || percent + 1 != l->weight.len) {
		l->warning = "Trailing garbage in weight string";
		return;
	}
	n = n > 25600 ? 25600 : n;
	n = n * k->server->conf->weight / 100;
	n = n > 256 ? 256 : n;
	l->warning = server_weight_refusal(k->server, (unsigned)n);
	if (!l->warning)
		server_set_weight(k->worker, k->server, (unsigned)n);
}

static void apply_maxconn(struct check *k, struct agent_line *l)
{
	const char *wrong;
	uint32_t n;

	if (!l->maxconn.ptr)
		return;
	wrong = server_read_maxconn(l->maxconn, &n);
	if (!wrong)
		server_set_maxconn(k->worker, k->server, n);
	else if (!l->warning)
		l->warning = wrong;
}

static void apply_admin(struct check *k, const struct agent_line *l)
{
	if (str_ieq(l->admin, STR("drain")))
		server_set_admin(k->worker, k->server, SRV_ADM_DRAIN, SRV_ADM_MAINT);
	else if (str_ieq(l->admin, STR("maint")))
		server_set_admin(k->worker, k->server, SRV_ADM_MAINT, 0);
	else if (str_ieq(l->admin, STR("ready")))
		server_set_admin(k->worker, k->server, 0, SRV_ADM_MAINT | SRV_ADM_DRAIN);
}

/* " (why)", of the agent or of ours. */
static enum check_verdict conclude_health(struct check *k, const struct agent_line *l)
{
	struct str why = l->reason.len    ? l->reason
			 : l->unknown.len ? l->unknown
					  : str_from(l->warning ? l->warning : "");
	bool up = str_ieq(l->health, STR("up"));
	char text[CHECK_INFO];

	if (why.len)
		snprintf(text, sizeof(text), "via agent : %.*s (%.*s)", STR_ARG(l->health), STR_ARG(why));
	else
		snprintf(text, sizeof(text), "via agent : %.*s", STR_ARG(l->health));
	return check_over(k, up ? CHECK_L7_OK : CHECK_L7_STATUS, text);
}

static enum check_verdict conclude(struct check *k, const struct agent_line *l)
{
	char text[CHECK_INFO] = "";

	if (l->health.len)
		return conclude_health(k, l);
	if (l->unknown.len)
		snprintf(text, sizeof(text), "agent reports an error : %.*s", STR_ARG(l->unknown));
	else if (l->warning)
		snprintf(text, sizeof(text), "agent warns : %s", l->warning);
	return check_over(k, CHECK_CHECKED, text);
}

enum check_verdict check_agent_answer(struct check *k)
{
	struct str in = check_input(k);
	size_t end = 0;
	struct agent_line l;

	while (end < in.len && in.ptr[end] != '\n' && in.ptr[end] != '\r')
		end++;
	if (end == in.len)
		return CHECK_WAIT; /* an unfinished line says nothing, not even at the end */
	read_line(&l, str_sub(in, 0, end));
	apply_admin(k, &l);
	apply_weight(k, &l);
	apply_maxconn(k, &l);
	return conclude(k, &l);
}
