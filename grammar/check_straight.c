/* Where requests go that no balancing applies to: `dispatch` and `option transparent` (manual 2.6,
 * section 4.2). The place is a server without a name, which neither the statistics nor balancing know: model
 * and runtime treat it like any other on the way there. Works on the state of one walk; the server goes to the
 * model. One thread. */
#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/model_preset.h"

static struct server_conf *straight_new(struct checker *k, struct proxy_conf *px, struct conf_pos pos)
{
	struct server_conf *s = ARENA_NEW(k->a, struct server_conf);

	model_preset_server(s);
	s->proxy = px;
	s->non_stick = true;
	s->pos = pos;
	return s;
}

bool check_dispatch(const struct keyword_use *use)
{
	struct server_conf *s = straight_new(use->k, use->draft->px, use->draft->px->pos);

	if (!check_arity(use, 1, 1) ||
	    !address_parse_word(use->k->c, use->words,
				ADDRESS_PORT | ADDRESS_PORT_NEEDED | ADDRESS_STREAM | ADDRESS_HOST,
				"'dispatch'", &s->addr))
		return false;
	check_resolve(use->k, use->words[0].span, &s->addr, "'dispatch'");
	use->draft->px->straight = s;
	return true;
}

/* With `balance`, servers are chosen and nothing goes straight. */
void check_finish_straight(struct checker *k, struct draft *d)
{
	const struct line *dispatch = check_proxy_line(d, "dispatch", false);
	struct server_conf *s;
	struct diag *g;

	if (!(d->px->role & ROLE_BACKEND))
		return;
	if (check_proxy_line(d, "balance", true)) {
		d->px->straight = NULL;
		if (!dispatch)
			return;
		g = diag_add(k->d, D_SETTING_USELESS, dispatch->span, "`dispatch` is ignored beside `balance`");
		diag_haproxy_unplaced(k->d, g, "dispatch address of %s '%.*s' will be ignored in balance mode.",
				      check_proxy_kind(d), STR_ARG(d->px->name));
		return;
	}
	if (d->px->straight || !proxy_option_is_set(d->px, PO_TRANSPARENT))
		return;
	s = straight_new(k, d->px, d->px->pos);
	s->addr.kind = ADDR_INET; /* any address: the one that the client wanted */
	d->px->straight = s;
}
