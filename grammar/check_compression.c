/* `compression` lines (manual, section 4.2): algorithms, types, directions. Several lines add up. Works on the
 * state of one walk; values go to the proxy in the model. One thread. */
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"

enum compression_word { ALGO, TYPE, OFFLOAD, ALGO_REQ, ALGO_RES, TYPE_REQ, TYPE_RES, DIRECTION, MINSIZE_REQ, MINSIZE_RES };

static const char words_206[] = "algo|type|offload";
static const char words_208[] =
	"algo|type|offload|algo-req|algo-res|type-req|type-res|direction|minsize-req|minsize-res";

/* More algorithms behind those that are there; one that is there already stays where it is. */
static bool add_algos(const struct keyword_use *use, struct compression_side *side)
{
	int64_t choice;

	for (uint32_t i = 1; i < use->n; i++) {
		uint32_t before = use->k->d->list.n, at = 0;

		if (!check_choice(use, &use->words[i], "identity|gzip|deflate|raw-deflate", &choice)) {
			diag_haproxy(use->k->d, use->k->d->list.v[before],
				     "'compression' : '%.*s' is not a supported algorithm.",
				     STR_ARG(use->words[i].text));
			return false;
		}
		while (at < side->nalgos && side->algos[at] != choice)
			at++;
		if (at == side->nalgos)
			side->algos[side->nalgos++] = (uint8_t)choice;
	}
	return true;
}

/* Proxies share what they inherit: more types make a list of its own. */
static void add_types(const struct keyword_use *use, struct compression_side *side)
{
	uint32_t n = side->ntypes + use->n - 1;
	struct str *types = arena_alloc(use->k->a, n * sizeof(*types));

	for (uint32_t i = 0; i < n; i++)
		types[i] = i < side->ntypes ? side->types[i]
					    : check_keep(use->k, use->words[1 + i - side->ntypes].text);
	side->types = types;
	side->ntypes = n;
}

static bool direction(const struct keyword_use *use, struct compression_conf *c)
{
	int64_t choice;

	if (!check_choice(use, &use->words[1], "request|response|both", &choice))
		return false;
	c->request = choice != 0 ? choice == 2 : true;
	c->not_response = choice == 0;
	return true;
}

static bool apply(const struct keyword_use *use, enum compression_word word)
{
	struct compression_conf *c = &use->draft->px->compression;
	int64_t size;

	switch (word) {
	case ALGO:
	case ALGO_RES:
		return add_algos(use, &c->res);
	case ALGO_REQ:
		c->req.nalgos = 0;
		return check_arity(use, 2, 2) && add_algos(use, &c->req);
	case TYPE:
	case TYPE_RES:
		add_types(use, &c->res);
		return true;
	case TYPE_REQ:
		add_types(use, &c->req);
		return true;
	case DIRECTION:
		return direction(use, c);
	case MINSIZE_REQ:
	case MINSIZE_RES:
		if (!check_size(use, &use->words[1], &size))
			return false;
		*(word == MINSIZE_REQ ? &c->req.minsize : &c->res.minsize) = (uint64_t)size;
		return true;
	default:
		c->offload = use->draft->px->role != ROLE_DEFAULTS;
		return true;
	}
}

bool check_compression(const struct keyword_use *use)
{
	uint32_t before = use->k->d->list.n;
	int64_t word;

	use->draft->compression = use->line;
	if (use->n == 0 ||
	    !check_choice(use, &use->words[0], use->k->compat >= 208 ? words_208 : words_206, &word)) {
		if (use->n == 0)
			check_missing(use, "`algo`, `type` or `offload`");
		diag_haproxy(use->k->d, use->k->d->list.v[before],
			     "'compression' expects 'algo', 'type' or 'offload'");
		return false;
	}
	if (word == OFFLOAD)
		return check_arity(use, 1, 1) && apply(use, OFFLOAD);
	if (use->n == 1) {
		diag_haproxy(use->k->d, check_missing(use, word == ALGO ? "an algorithm" : "a type"),
			     "'compression' expects <%s>.", word == ALGO ? "algorithm" : "type");
		return false;
	}
	return apply(use, (enum compression_word)word);
}
