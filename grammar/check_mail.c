/* `mailers` sections and `email-alert` lines (manual, sections 3.6 and 4.2). Works on the state of one walk;
 * one thread. */
#include <unistd.h>

#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"

enum { LEVEL_DEFAULT = 1 /* alert */, TIMEOUT_DEFAULT = 10000 };

void check_mailers_begin(struct checker *k, struct named_section *named)
{
	struct mailers_conf *m = ARENA_NEW(k->a, struct mailers_conf);

	m->name = check_keep(k, named->name ? named->name->text : STR_NONE);
	m->pos = check_pos(k, named->header);
	m->timeout = TIMEOUT_DEFAULT;
	named->mailers = m;
	k->object = m;
	*vec_push(k->a, &k->m->mailers) = m;
}

/* mailer NAME ADDRESS */
bool check_mailer(const struct keyword_use *use)
{
	struct mailer_conf mailer = {.pos = check_pos(use->k, use->line)};
	struct str who;

	if (use->n < 2) {
		check_missing(use, "a name and an address");
		return false;
	}
	mailer.name = check_keep(use->k, use->words[0].text);
	who = arena_printf(use->k->scratch, "'mailer %.*s'", STR_ARG(mailer.name));
	if (!address_parse_word(use->k->c, &use->words[1],
				ADDRESS_PORT | ADDRESS_PORT_NEEDED | ADDRESS_STREAM | ADDRESS_HOST, who.ptr,
				&mailer.addr))
		return false;
	check_resolve(use->k, use->words[1].span, &mailer.addr, who.ptr);
	if (use->k->named->mailers)
		*vec_push(use->k->a, &use->k->named->mailers->mailers) = mailer;
	return true;
}

/* A proxy shares the alerts of its defaults until it changes them. */
static struct email_conf *email_get(const struct keyword_use *use)
{
	struct proxy_conf *px = use->draft->px;
	const struct email_conf *inherited = use->draft->from ? use->draft->from->px->email : NULL;
	struct email_conf *e = (struct email_conf *)(uintptr_t)px->email;

	if (e && e != inherited)
		return e;
	e = ARENA_NEW(use->k->a, struct email_conf);
	e->level = LEVEL_DEFAULT;
	if (inherited)
		*e = *inherited;
	px->email = e;
	return e;
}

/* email-alert from|to|mailers|myhostname TEXT */
bool check_email(const struct keyword_use *use)
{
	struct str text, what = str_tail(str_from(use->row->name), sizeof("email-alert ") - 1);
	struct email_conf *e;

	if (!use->n) { /* as an empty text: no alerts */
		check_severity(use->k, check_missing(use, use->row->args), SEV_WARNING);
		use->k->d->list.v[use->k->d->list.n - 1]->haproxy = STR_NONE;
	}
	text = use->n ? check_keep(use->k, use->words[0].text) : STR_NONE;
	e = email_get(use);
	if (str_is(what, "from"))
		e->from = text;
	else if (str_is(what, "to"))
		e->to = text;
	else if (str_is(what, "mailers"))
		e->section = text;
	else
		e->hostname = text;
	return true;
}

bool check_email_level(const struct keyword_use *use)
{
	uint32_t before = use->k->d->list.n;
	int64_t value;

	if (check_arity(use, 1, CHECK_ANY) &&
	    check_choice(use, &use->words[0], "emerg|alert|crit|err|warning|notice|info|debug", &value)) {
		email_get(use)->level = (uint8_t)value;
		return true;
	}
	diag_haproxy(use->k->d, use->k->d->list.v[before], "unknown log level 'level' after '%.*s'",
		     STR_ARG(use->n ? use->words[0].text : STR_NONE));
	return false;
}

/* HAProxy ignores alerts that lack something. */
static void warn_incomplete(struct checker *k, const struct draft *d)
{
	const struct line *line = check_proxy_line(d, "email-alert", true);
	struct diag *g =
		diag_add(k->d, D_SETTING_MISSING, line ? line->span : d->section->header->span,
			 "mail alerts need `email-alert from`, `email-alert to` and `email-alert mailers`");

	check_severity(k, g, SEV_WARNING);
	diag_haproxy_unplaced(
		k->d, g,
		"'email-alert' will be ignored for %s '%.*s' (the presence any of 'email-alert from', "
		"'email-alert level' 'email-alert mailers', 'email-alert myhostname', or 'email-alert to' "
		"requires each of 'email-alert from', 'email-alert mailers' and 'email-alert to' to be "
		"present).",
		check_proxy_kind(d), STR_ARG(d->px->name));
}

void check_finish_email(struct checker *k, struct draft *d)
{
	struct email_conf *e = (struct email_conf *)(uintptr_t)d->px->email;
	char host[256] = "localhost";

	if (!e || d->px->role == ROLE_DEFAULTS)
		return;
	if (!e->from.len || !e->to.len || !e->section.len) {
		warn_incomplete(k, d);
		d->px->email = NULL;
		return;
	}
	vec_each (m, &k->m->mailers)
		if (!e->mailers && str_eq((*m)->name, e->section))
			e->mailers = *m;
	if (!e->hostname.len && !gethostname(host, sizeof(host) - 1))
		e->hostname = check_keep(k, str_from(host));
}
