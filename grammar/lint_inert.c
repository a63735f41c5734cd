/* Lints: settings that do nothing because of another one, or because it is not there: ways of hashing without a
 * hash, a new server for retries that do not take place, connections shared that belong to one client, timeouts
 * of 0; and processes that stay what root started them as. One thread. */
#include "grammar/lint.h"

/* Hashing decides nothing when the algorithm does not hash. */
static void lint_hash(struct checker *k, const struct draft *d)
{
	const struct line *line = check_proxy_line(d, "hash-type", false),
			  *balance = check_proxy_line(d, "balance", true);
	struct diag *g;

	switch (d->px->balance.kind) {
	case BAL_ROUNDROBIN:
	case BAL_STATIC_RR:
	case BAL_LEASTCONN:
	case BAL_FIRST:
		break;
	default:
		return;
	}
	if (!line || !(d->px->role & ROLE_BACKEND))
		return;
	g = diag_add(k->d, D_INERT_SETTING, line->span, "`balance %s` hashes nothing",
		     balance_name(d->px->balance.kind));
	if (balance)
		diag_also(k->d, g, balance->span, "this one chooses servers");
	diag_help(k->d, g, "`hash-type` goes with `balance source`, `uri`, `hash` and their like");
}

/* The line `option NAME` of the section itself, or NULL. */
static const struct line *option_line(const struct draft *d, const char *name)
{
	vec_each (line, &d->section->lines)
		if ((*line)->nwords > 1 && str_is((*line)->words[0].text, "option") &&
		    str_is((*line)->words[1].text, name))
			return *line;
	return NULL;
}

static void lint_redispatch(struct checker *k, const struct draft *d)
{
	const struct line *retries = check_proxy_line(d, "retries", true), *line;
	struct diag *g;

	if (!retries || d->px->retries || !d->px->redispatch_interval || !(d->px->role & ROLE_BACKEND))
		return;
	line = option_line(d, "redispatch");
	if (!line)
		return;
	g = diag_add(k->d, D_INERT_SETTING, line->span,
		     "another server is chosen for a retry, and there is none");
	diag_also(k->d, g, retries->span, "no retries");
	diag_help(k->d, g, "`retries 1` makes a second attempt, on another server");
}

static void lint_reuse(struct checker *k, const struct draft *d)
{
	const struct line *line = check_proxy_line(d, "http-reuse", false);
	struct diag *g;

	if (!line || d->px->reuse == REUSE_NEVER)
		return;
	vec_each (s, &d->px->servers) {
		const struct source_conf *source = server_conf_source(*s);

		if (!source || (source->spoof != SPOOF_CLIENT && source->spoof != SPOOF_CLIENT_IP))
			continue;
		g = diag_add(k->d, D_NARROW_REUSE, line->span, "each client has connections of its own");
		diag_also(k->d, g, lint_span(k, (*s)->pos), "this server sees the addresses of clients");
		diag_note(k->d, g,
			  "a connection serves only the address from which it was made, and is closed or kept "
			  "for nothing");
		return;
	}
}

/* 0 is as good as no line: the timeout that stands in for it decides. `defaults` that are to be undone are
 * meant. */
static void lint_zero(struct checker *k, const struct draft *d, const char *name, enum timeout_kind kind,
		      const char *other_name, enum timeout_kind other)
{
	const struct line *line = check_proxy_line(d, name, false),
			  *instead = check_proxy_line(d, other_name, true);
	const uint32_t *timeout = d->px->timeout;
	struct diag *g;

	if (!line || timeout[kind] || !timeout[other] || !instead || (d->from && d->from->px->timeout[kind]))
		return;
	g = diag_add(k->d, D_ZERO_TIMEOUT, line->span, "0 is neither no time nor no limit here");
	diag_also(k->d, g, instead->span, "this one holds instead");
	diag_note(k->d, g, "the manual: without `%s`, `%s` applies", name, other_name);
}

static void lint_zeros(struct checker *k, const struct draft *d)
{
	if (d->px->role & ROLE_BACKEND)
		lint_zero(k, d, "timeout queue", TMO_QUEUE, "timeout connect", TMO_CONNECT);
	if (d->px->role & ROLE_FRONTEND && d->px->mode == MODE_HTTP) {
		enum timeout_kind other = d->px->timeout[TMO_HTTP_REQUEST] ? TMO_HTTP_REQUEST : TMO_CLIENT;

		lint_zero(k, d, "timeout http-keep-alive", TMO_HTTP_KEEP_ALIVE,
			  other == TMO_CLIENT ? "timeout client" : "timeout http-request", other);
	}
}

void lint_inert(struct checker *k, const struct draft *d)
{
	lint_hash(k, d);
	lint_redispatch(k, d);
	lint_reuse(k, d);
	lint_zeros(k, d);
}

/* Only of a global section that somebody wrote: a part of a configuration has none. */
void lint_root(struct checker *k)
{
	const struct line *first = k->global_seen.n ? k->global_seen.v[0].line : NULL;
	bool listens = false;
	struct diag *g;

	for (uint32_t i = 0; i < k->drafts.n && !listens; i++)
		listens = k->drafts.v[i]->px->binds.n > 0;
	if (!first || !listens || k->user_line)
		return;
	g = diag_add(k->d, D_RUNS_AS_ROOT, first->span, "started by root, the process stays root");
	diag_note(k->d, g, "whoever takes it over has the machine: no `user` line gives the rights away");
	diag_help(k->d, g, "`user haproxy`, `group haproxy`, and `chroot` to an empty folder");
}
