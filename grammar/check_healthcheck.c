/* `healthcheck` sections: checks by name, which servers of any proxy may use in place of their proxy's (manual
 * of 3.4, sections 12.9 and 5.2). Their lines are read as those of a backend that nobody else sees. Works on
 * the state of one walk; one thread. */
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"
#include "grammar/model_preset.h"
#include "grammar/rows.h"

void check_healthcheck_begin(struct checker *k, struct named_section *named)
{
	struct draft *d = ARENA_NEW(k->scratch, struct draft);

	d->px = ARENA_NEW(k->a, struct proxy_conf);
	model_preset_proxy(d->px);
	d->px->name = check_keep(k, named->name ? named->name->text : STR_NONE);
	d->px->pos = check_pos(k, named->header);
	d->px->role = ROLE_BACKEND;
	d->place = PLACE_HEALTHCHECK;
	d->section = k->section;
	d->name = named->name;
	k->draft = d;
	k->object = d->px;
	named->health = d;
	if (named->name && !map_get(&k->m->healthchecks, d->px->name))
		map_put(k->a, &k->m->healthchecks, d->px->name, &d->px->check);
}

bool check_healthcheck_type(const struct keyword_use *use)
{
	static const enum proxy_option kinds[] = {PO_TCP_CHECK,   PO_HTTPCHK,     PO_SSL_HELLO_CHK,
						  PO_SMTPCHK,     PO_PGSQL_CHECK, PO_REDIS_CHECK,
						  PO_MYSQL_CHECK, PO_LDAP_CHECK,  PO_SPOP_CHECK};
	struct keyword_use inner = *use;
	int64_t kind;

	use->k->named->sized = true;
	if (!check_arity(use, 1, CHECK_ANY) ||
	    !check_choice(use, use->words,
			  "tcp-check|httpchk|ssl-hello-chk|smtpchk|pgsql-check|redis-check|mysql-check|"
			  "ldap-check|spop-check",
			  &kind))
		return false;
	inner.words++;
	inner.n--;
	return check_option_kind(&inner, kinds[kind]);
}

/* Rules of the other kind do nothing. */
static void warn_rules(struct checker *k, const struct draft *d, bool http)
{
	const struct line *line = d->steps[http].line;

	if (line && d->px->check.kind != (http ? CHECK_HTTP : CHECK_TCP))
		diag_add(k->d, D_SETTING_USELESS, line->span, "`%s-check` rules do nothing without `type %s`",
			 http ? "http" : "tcp", http ? "httpchk" : "tcp-check");
}

void check_healthcheck_end(struct checker *k, struct named_section *named)
{
	struct draft *d = named->health;

	check_finish_steps(k, d);
	if (!named->sized)
		return;
	warn_rules(k, d, false);
	warn_rules(k, d, true);
}

bool check_server_healthcheck(const struct keyword_use *use)
{
	check_want_section(use->k, use->words, PLACE_HEALTHCHECK, "unable to find the healthcheck section");
	return true;
}

const struct check_conf *model_check(const struct model *m, const struct server_conf *s)
{
	struct str name = server_conf_rare(s)->healthcheck;
	const struct check_conf *own = name.len ? map_get(&m->healthchecks, name) : NULL;

	return own ? own : &s->proxy->check;
}
