/* `peers` sections: who they are and where one listens (manual, section 3.5). Their tables are in
 * check_table.c. Works on the state of one walk; one thread. */
#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/model_preset.h"

void check_peers_begin(struct checker *k, struct named_section *named)
{
	struct peers_conf *p = ARENA_NEW(k->a, struct peers_conf);

	p->name = check_keep(k, named->name ? named->name->text : STR_NONE);
	p->pos = check_pos(k, named->header);
	named->peers = p;
	k->object = p;
	*vec_push(k->a, &k->m->peers) = p;
}

/* `peer` names addresses itself, `server` leaves them to `bind`: a section has `peer` or `bind` lines. */
static bool peers_mixed(const struct keyword_use *use)
{
	struct named_section *named = use->k->named;
	bool bind = use->row->name[0] == 'b';
	const struct line *other = bind ? named->peer_line : named->bind_line;
	struct diag *g;

	if (!bind && use->row->name[0] != 'p')
		return false;
	*(bind ? &named->bind_line : &named->peer_line) = use->line;
	if (!other)
		return false;
	g = diag_add(use->k->d, D_CONFLICT, use->span, "`peer` and `bind` lines exclude each other");
	diag_also(use->k->d, g, other->span, "the other one");
	diag_help(use->k->d, g, "write `server` instead of `peer` beside a `bind` line");
	diag_haproxy(use->k->d, g, "mixing \"peer\" and \"bind\" line is forbidden");
	return true;
}

/* peer NAME [ADDRESS [options]]: the local one needs no address. */
bool check_peers_peer(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct peer_conf peer = {.pos = check_pos(k, use->line)};
	struct server_conf *s = ARENA_NEW(k->scratch, struct server_conf);

	if (use->n < 1 && k->compat <= 206) /* HAProxy 2.6 says nothing */
		return check_severity(k, check_missing(use, "a name and an address"), SEV_WARNING) != NULL;
	if (use->n < 1) {
		check_missing(use, "a name and an address");
		return false;
	}
	if (peers_mixed(use) || (use->n > 1 && !check_section_name(k, &use->words[0], "server")))
		return false;
	peer.name = check_keep(k, use->words[0].text);
	if (use->n > 1) {
		struct str who =
			arena_printf(k->scratch, "'%s %.*s'", use->row->name, STR_ARG(use->words[0].text));

		if (!address_parse_word(k->c, &use->words[1], ADDRESS_PORT | ADDRESS_STREAM | ADDRESS_HOST,
					who.ptr, &peer.addr) ||
		    !check_options(use, 2, PLACE_SERVER, s, NULL))
			return false;
		check_resolve(k, use->words[1].span, &peer.addr, who.ptr);
		peer.shard = server_conf_rare(s)->shard;
	}
	if (k->named->peers)
		*vec_push(k->a, &k->named->peers->peers) = peer;
	return true;
}

bool check_peers_bind(const struct keyword_use *use)
{
	struct bind_conf b = {.mode = -1};
	struct addr_conf a;

	if (!use->n && use->k->compat <= 206) /* HAProxy 2.6 says nothing */
		return check_severity(use->k, check_missing(use, use->row->args), SEV_WARNING) != NULL;
	if (peers_mixed(use) || !check_arity(use, 1, CHECK_ANY) ||
	    !address_parse_word(use->k->c, use->words,
				ADDRESS_PORT | ADDRESS_PORT_NEEDED | ADDRESS_FD | ADDRESS_HOST | ADDRESS_STREAM,
				"'bind'", &a) ||
	    !check_options(use, 1, PLACE_BIND, &b, NULL))
		return false;
	if (use->k->named->peers)
		use->k->named->peers->bind = a;
	return true;
}

bool check_peers_disabled(const struct keyword_use *use)
{
	if (use->k->named->peers)
		use->k->named->peers->disabled = use->row->name[0] == 'd';
	return true;
}
