/* Lint: the same address twice. With SO_REUSEPORT, which HAProxy sets, both lines listen and the kernel deals
 * the connections out among them: every other request meets the other line's rules. One thread. */
#include <stdlib.h>
#include <string.h>

#include "grammar/lint.h"

/* What decides whether two sockets can tell connections apart. */
static int bind_compare(const struct bind_conf *a, const struct bind_conf *b)
{
	int order = (int)a->addr.kind - (int)b->addr.kind;

	if (!order)
		order = memcmp(a->addr.ip, b->addr.ip, a->addr.kind == ADDR_INET ? 4 : 16);
	if (!order)
		order = (int)a->addr.port - (int)b->addr.port;
	if (!order)
		order = (int)a->addr.port_end - (int)b->addr.port_end;
	if (!order)
		order = (int)a->addr.datagram - (int)b->addr.datagram;
	return order;
}

static int entry_compare(const void *a, const void *b)
{
	const struct bind_conf *x = *(const struct bind_conf *const *)a,
			       *y = *(const struct bind_conf *const *)b;
	int order = bind_compare(x, y);

	if (!order)
		order = x->pos.source < y->pos.source ? -1 : x->pos.source > y->pos.source;
	return order ? order : x->pos.line < y->pos.line ? -1 : x->pos.line > y->pos.line;
}

static bool bind_listens(const struct bind_conf *b)
{
	return (b->addr.kind == ADDR_INET || b->addr.kind == ADDR_INET6) && b->addr.port;
}

/* Interfaces, name spaces and transparent sockets share ports on purpose. */
static bool bind_plain(const struct bind_conf *b)
{
	return !b->interface.len && !b->namespace_.len && !b->transparent && !b->words.len;
}

static void report(struct checker *k, const struct bind_conf *first, const struct bind_conf *b)
{
	struct diag *g = diag_add(k->d, D_SAME_BIND, lint_span(k, b->pos), "`%.*s` is listened on twice",
				  STR_ARG(b->addr.text));

	if (first->pos.line != b->pos.line || first->pos.source != b->pos.source)
		diag_also(k->d, g, lint_span(k, first->pos), "also here, in `%.*s`",
			  STR_ARG(first->proxy->name));
	diag_note(
		k->d, g,
		"both sockets get connections: the kernel deals them out, whatever the rules behind them say");
}

void lint_binds(struct checker *k)
{
	VEC(const struct bind_conf *) all = {0};

	for (uint32_t i = 0; i < k->drafts.n; i++) {
		const struct proxy_conf *px = k->drafts.v[i]->px;

		for (uint32_t j = 0; !px->disabled && j < px->binds.n; j++)
			if (bind_listens(px->binds.v[j]) && bind_plain(px->binds.v[j]))
				*vec_push(k->scratch, &all) = px->binds.v[j];
	}
	if (all.n < 2)
		return;
	qsort(all.v, all.n, sizeof(*all.v), entry_compare);
	for (uint32_t i = 1, first = 0; i < all.n; i++) {
		if (bind_compare(all.v[first], all.v[i]))
			first = i;
		else
			report(k, all.v[first], all.v[i]);
	}
}
