/* Lint: addresses that overlap. With SO_REUSEPORT, which HAProxy sets, both lines listen. The same address on
 * both: the kernel deals the connections out among them, and every other request meets the other line's rules.
 * One address within the other (`127.0.0.1:80` and `:80`): who asks for the narrower one gets it, always. One
 * thread. */
#include <stdlib.h>
#include <string.h>

#include "grammar/lint.h"

typedef VEC(const struct bind_conf *) binds;

static int order_of(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

/* What decides whether two sockets can tell connections apart, but for the port. */
static int socket_compare(const struct bind_conf *a, const struct bind_conf *b)
{
	int order = (int)a->addr.kind - (int)b->addr.kind;

	if (!order)
		order = (int)a->addr.datagram - (int)b->addr.datagram;
	if (!order)
		order = str_cmp(a->interface, b->interface);
	if (!order)
		order = memcmp(a->addr.ip, b->addr.ip, a->addr.kind == ADDR_INET ? 4 : 16);
	return order;
}

static int place_compare(const struct bind_conf *a, const struct bind_conf *b)
{
	int order = order_of(a->pos.source, b->pos.source);

	return order ? order : order_of(a->pos.line, b->pos.line);
}

static int entry_compare(const void *a, const void *b)
{
	const struct bind_conf *x = *(const struct bind_conf *const *)a,
			       *y = *(const struct bind_conf *const *)b;
	int order = socket_compare(x, y);

	if (!order)
		order = order_of(x->addr.port, y->addr.port);
	return order ? order : place_compare(x, y);
}

static bool bind_listens(const struct bind_conf *b)
{
	return (b->addr.kind == ADDR_INET || b->addr.kind == ADDR_INET6) && b->addr.port;
}

/* Name spaces, transparent sockets and sets of threads share ports on purpose. */
static bool bind_plain(const struct bind_conf *b)
{
	return !b->namespace_.len && !b->transparent && !b->words.len;
}

static bool bind_is_wild(const struct bind_conf *b)
{
	static const uint8_t any[16];

	return !b->interface.len && memcmp(b->addr.ip, any, b->addr.kind == ADDR_INET ? 4 : 16) == 0;
}

static void show_other(struct checker *k, struct diag *g, const struct bind_conf *b,
		       const struct bind_conf *other, const char *how)
{
	if (other->pos.line == b->pos.line && other->pos.source == b->pos.source)
		return;
	if (other->proxy)
		diag_also(k->d, g, lint_span(k, other->pos), "%s, in `%.*s`", how, STR_ARG(other->proxy->name));
	else
		diag_also(k->d, g, lint_span(k, other->pos), "%s", how);
}

static void report_same(struct checker *k, const struct bind_conf *a, const struct bind_conf *b)
{
	const struct bind_conf *later = place_compare(a, b) > 0 ? a : b, *first = later == a ? b : a;
	bool same = a->addr.port == b->addr.port && a->addr.port_end == b->addr.port_end;
	struct diag *g;

	if (same)
		g = diag_add(k->d, D_SAME_BIND, lint_span(k, later->pos), "`%.*s` is listened on twice",
			     STR_ARG(later->addr.text));
	else
		g = diag_add(k->d, D_SAME_BIND, lint_span(k, later->pos),
			     "ports of `%.*s` are listened on twice", STR_ARG(later->addr.text));
	show_other(k, g, later, first, "also here");
	if (!same)
		diag_note(k->d, g, "port %u, for one, belongs to `%.*s` as well",
			  a->addr.port > b->addr.port ? a->addr.port : b->addr.port, STR_ARG(first->addr.text));
	diag_note(
		k->d, g,
		"both sockets get connections: the kernel deals them out, whatever the rules behind them say");
}

/* Lines of the same socket are neighbours, by port. */
static void find_same(struct checker *k, const binds *all)
{
	const struct bind_conf *widest = all->v[0];

	for (uint32_t i = 1; i < all->n; i++) {
		const struct bind_conf *b = all->v[i];
		bool other = socket_compare(widest, b) != 0;

		if (!other && b->addr.port <= widest->addr.port_end)
			report_same(k, widest, b);
		if (other || b->addr.port_end > widest->addr.port_end)
			widest = b;
	}
}

/* Lines that take any address of one family, in order of their ports. */
struct wild {
	binds lines;
	binds widest; /* of those up to this index: the one that ends last */
};

static void wild_add(struct arena *a, struct wild *wild, const struct bind_conf *b)
{
	const struct bind_conf *last = wild->widest.n ? wild->widest.v[wild->widest.n - 1] : b;

	*vec_push(a, &wild->lines) = b;
	*vec_push(a, &wild->widest) = b->addr.port_end > last->addr.port_end ? b : last;
}

/* One of them whose ports meet those of b, or NULL. */
static const struct bind_conf *wild_find(const struct wild *wild, const struct bind_conf *b)
{
	uint32_t from = 0, to = wild->lines.n;

	while (from < to) {
		uint32_t middle = (from + to) / 2;

		if (wild->lines.v[middle]->addr.port <= b->addr.port_end)
			from = middle + 1;
		else
			to = middle;
	}
	if (!from || wild->widest.v[from - 1]->addr.port_end < b->addr.port)
		return NULL;
	return wild->widest.v[from - 1];
}

static void report_inner(struct checker *k, const struct bind_conf *b, const struct bind_conf *wild)
{
	struct diag *g = diag_add(k->d, D_INNER_BIND, lint_span(k, b->pos), "`%.*s` is a part of `%.*s`",
				  STR_ARG(b->addr.text), STR_ARG(wild->addr.text));

	show_other(k, g, b, wild, "which is listened on, too");
	diag_note(k->d, g, "connections to `%.*s` come here only; the other line gets the rest",
		  STR_ARG(b->addr.text));
}

/* Which of the two lines of a pair is the narrower one does not depend on their order. */
static void find_inner(struct checker *k, const binds *all)
{
	struct wild four[2] = {0}, six[2] = {0}, both[2] = {0}; /* by addr.datagram */

	vec_each (entry, all) {
		const struct bind_conf *b = *entry;

		if (!bind_is_wild(b))
			continue;
		if (b->addr.kind == ADDR_INET)
			wild_add(k->scratch, &four[b->addr.datagram], b);
		else
			wild_add(k->scratch, &six[b->addr.datagram], b);
		if (b->addr.kind == ADDR_INET6 && (b->v4v6 || b->addr.v4v6) && !b->v6only && !b->addr.v6only)
			wild_add(k->scratch, &both[b->addr.datagram], b);
	}
	vec_each (entry, all) {
		const struct bind_conf *b = *entry, *wild = NULL;

		if (b->interface.len)
			continue;
		if (!bind_is_wild(b))
			wild = wild_find(b->addr.kind == ADDR_INET ? &four[b->addr.datagram]
								   : &six[b->addr.datagram],
					 b);
		if (!wild && b->addr.kind == ADDR_INET)
			wild = wild_find(&both[b->addr.datagram], b);
		if (wild)
			report_inner(k, b, wild);
	}
}

static void collect(struct arena *a, binds *all, const struct bind_conf *b)
{
	if (bind_listens(b) && bind_plain(b))
		*vec_push(a, all) = b;
}

void lint_binds(struct checker *k)
{
	binds all = {0};

	vec_each (b, &k->m->global.stats_sockets)
		collect(k->scratch, &all, *b);
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		const struct proxy_conf *px = k->drafts.v[i]->px;

		for (uint32_t j = 0; !px->disabled && j < px->binds.n; j++)
			collect(k->scratch, &all, px->binds.v[j]);
	}
	if (all.n < 2)
		return;
	qsort(all.v, all.n, sizeof(*all.v), entry_compare);
	find_same(k, &all);
	find_inner(k, &all);
}
