/* `log-forward` sections: where log lines come in, and to which targets they go on (manual, section 3.10).
 * Works on the state of one walk; one thread. */
#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"
#include "grammar/model_preset.h"

enum { MAXCONN = 10, HOST_FILL_SINCE = 302 };

/* It shares its names with frontends and backends. */
static void look_for_proxy(struct checker *k, const struct word *name)
{
	struct draft *px = map_get(&k->frontends, name->text);

	if (!px)
		px = map_get(&k->backends, name->text);
	if (px)
		check_name_is_taken(k, name, "log forward section", px->name, check_proxy_kind(px));
}

void check_forward_begin(struct checker *k, struct named_section *named)
{
	struct forward_conf *f = ARENA_NEW(k->a, struct forward_conf);
	struct draft *d = ARENA_NEW(k->scratch, struct draft);

	if (named->name)
		look_for_proxy(k, named->name);
	f->px = ARENA_NEW(k->a, struct proxy_conf);
	f->px->name = check_keep(k, named->name ? named->name->text : STR_NONE);
	f->px->pos = check_pos(k, named->header);
	f->px->role = ROLE_FRONTEND;
	f->px->mode = MODE_SYSLOG;
	f->maxconn = MAXCONN;
	f->host = k->compat >= HOST_FILL_SINCE ? FORWARD_HOST_FILL : FORWARD_HOST_KEEP;
	d->px = f->px;
	d->place = PLACE_LOG_FORWARD;
	d->section = k->section;
	d->name = named->name;
	named->forward = f;
	named->forward_draft = d;
	k->object = f;
	*vec_push(k->a, &k->m->forwards) = f;
}

void check_forward_end(struct checker *k, struct named_section *named)
{
	struct forward_conf *f = named->forward;

	(void)k;
	f->px->maxconn = f->maxconn;
	f->px->backlog = f->backlog;
	f->px->timeout[TMO_CLIENT] = f->timeout_client;
}

/* HAProxy 2.6 reports a missing port in a log-forward section, and then starts. */
static bool soften_port(const struct keyword_use *use, uint32_t before)
{
	struct diags *d = use->k->d;
	enum diag_code code = d->list.n == before + 1 ? d->list.v[before]->code : D_COUNT;
	bool soft = use->k->compat <= 206 &&
		    (code == D_MISSING_ARGUMENT || (code == D_MISSING_PORT && use->row->name[0] == 'b'));

	if (soft)
		check_severity(use->k, d->list.v[before], SEV_WARNING);
	return soft;
}

bool check_forward_bind(const struct keyword_use *use)
{
	struct keyword_use as_proxy = *use;
	uint32_t before = use->k->d->list.n;

	as_proxy.draft = use->k->named->forward_draft;
	return as_proxy.draft && (check_bind(&as_proxy) || soften_port(use, before));
}

bool check_forward_dgram(const struct keyword_use *use)
{
	struct forward_conf *f = use->k->named->forward;
	struct bind_conf *b = ARENA_NEW(use->k->a, struct bind_conf);
	uint32_t before = use->k->d->list.n;
	const char *who = "'bind'";

	if (use->n)
		who = arena_printf(use->k->scratch, "'dgram-bind %.*s'", STR_ARG(use->words[0].text)).ptr;
	model_preset_bind(b);
	b->pos = check_pos(use->k, use->line);
	b->proxy = f ? f->px : NULL;
	if (!check_arity(use, 1, CHECK_ANY) ||
	    !address_parse_word(use->k->c, use->words,
				ADDRESS_PORT | ADDRESS_PORT_NEEDED | ADDRESS_RANGE | ADDRESS_FD | ADDRESS_HOST |
					ADDRESS_DATAGRAM,
				who, &b->addr))
		return soften_port(use, before);
	check_resolve(use->k, use->line->span, &b->addr, who);
	if (!check_options(use, 1, PLACE_BIND, b, &b->words))
		return false;
	if (f)
		*vec_push(use->k->a, &f->dgrams) = b;
	return true;
}

/* option host replace|fill|keep|append */
bool check_forward_host(const struct keyword_use *use)
{
	struct forward_conf *f = use->k->named->forward;
	int64_t value;

	if (!check_arity(use, 1, 1) || !check_choice(use, &use->words[0], "keep|fill|replace|append", &value))
		return false;
	if (f)
		f->host = (uint8_t)value;
	return true;
}
