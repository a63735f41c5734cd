/* Lints: patterns that no sample of their kind equals, or that say less than they seem to: query strings in
 * paths, schemes in host names, methods in lower case, ports that nobody listens on, networks with host bits,
 * one pattern twice. One thread. */
#include <stdlib.h>
#include <string.h>

#include "grammar/lint.h"
#include "grammar/rows.h"
#include "grammar/value_parse.h"

static struct diag *never(struct checker *k, const struct acl_expr *x, const char *what, struct str text)
{
	return diag_add(k->d, D_NEVER_MATCHES, lint_span(k, x->pos), "%s `%.*s`", what, STR_ARG(text));
}

static bool is_host(const struct sample_expr *e)
{
	return (e->fetch == FETCH_HDR || e->fetch == FETCH_REQ_HDR || e->fetch == FETCH_REQ_FHDR) && e->nargs &&
	       e->args[0].type == ARG_STR && str_ieq(e->args[0].str, STR("host")) && !e->nconvs;
}

static bool has(struct str text, const char *what)
{
	return memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

static bool has_upper(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z')
			return true;
	return false;
}

static bool has_lower(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= 'a' && text.ptr[i] <= 'z')
			return true;
	return false;
}

/* All patterns are like that: with one that is not, the test may still match. */
static bool all_are(const struct acl_expr *x, bool (*like)(struct str))
{
	for (uint32_t i = 0; i < x->npatterns; i++)
		if (!like(x->patterns[i].text))
			return false;
	return x->npatterns > 0 && !x->nfiles;
}

static bool has_question(struct str text)
{
	return str_chr(text, '?') < text.len;
}

static bool has_scheme(struct str text)
{
	return has(text, "://");
}

static void lint_texts(struct checker *k, const struct acl_expr *x)
{
	bool plain = x->method == MATCH_STR || x->method == MATCH_BEG || x->method == MATCH_END ||
		     x->method == MATCH_SUB;

	if (x->sample->fetch == FETCH_PATH && !x->sample->nconvs && plain && all_are(x, has_question)) {
		struct diag *g = never(k, x, "no path holds the query string of", x->patterns[0].text);

		diag_help(k->d, g, "`pathq` is the path with its query string");
	}
	if (is_host(x->sample) && plain && all_are(x, has_scheme)) {
		struct diag *g = never(k, x, "no host name begins with the scheme of", x->patterns[0].text);

		diag_help(k->d, g, "the Host field holds a name, and perhaps a port");
	}
	if (x->sample->fetch == FETCH_METHOD && !x->icase && !x->sample->nconvs &&
	    (x->method == MATCH_METH || x->method == MATCH_STR) && all_are(x, has_lower)) {
		struct diag *g = never(k, x, "methods are written in capitals, unlike", x->patterns[0].text);

		diag_note(k->d, g, "case counts in methods (RFC 9110, section 9.1)");
	}
	if (is_host(x->sample) && plain && !x->icase && all_are(x, has_upper)) {
		struct diag *g = diag_add(k->d, D_HOST_CASE, lint_span(k, x->pos),
					  "browsers send host names in lower case");

		diag_help(k->d, g, "compare without case: `-i`");
	}
}

/* Ports of a frontend when its lines tell all of them; false when connections may come with any other. */
static bool ports_known(const struct proxy_conf *px)
{
	vec_each (b, &px->binds)
		if (((*b)->addr.kind != ADDR_INET && (*b)->addr.kind != ADDR_INET6) || (*b)->accept_proxy ||
		    (*b)->transparent || !(*b)->addr.port || (*b)->netscaler_cip)
			return false;
	return px->binds.n > 0;
}

static bool port_bound(const struct proxy_conf *px, const struct pattern *p)
{
	vec_each (b, &px->binds)
		if ((*b)->addr.port_end >= p->min && (*b)->addr.port <= p->max)
			return true;
	return false;
}

static void lint_ports(struct checker *k, const struct draft *d, const struct acl_expr *x)
{
	bool known;
	struct diag *g;

	if (x->sample->fetch != FETCH_DST_PORT || x->sample->nconvs || x->method != MATCH_INT || x->nfiles ||
	    !x->npatterns)
		return;
	known = ports_known(d->px) && (d->px->role & ROLE_FRONTEND) && !d->rules[RS_TCP_REQ_CONN].n;
	for (uint32_t i = 0; i < x->npatterns; i++)
		if (x->patterns[i].min <= 65535 && (!known || port_bound(d->px, &x->patterns[i])))
			return;
	if (x->patterns[0].min > 65535) {
		g = never(k, x, "ports end at 65535, below", x->patterns[0].text);
		diag_note(k->d, g, "what is compared is the port to which the client has connected");
		return;
	}
	g = diag_add(k->d, D_NEVER_MATCHES, lint_span(k, x->pos), "`%.*s` does not listen on port `%.*s`",
		     STR_ARG(d->px->name), STR_ARG(x->patterns[0].text));
	diag_also(k->d, g, lint_span(k, d->px->binds.v[0]->pos), "this is where it listens");
}

/* 10.1.2.3/8 means 10.0.0.0/8, which is hardly what somebody wrote who gave three more numbers. */
static bool net_has_host_bits(struct str text, const struct ip_net *net)
{
	struct ip_net whole;
	size_t slash = str_chr(text, '/');
	size_t bytes = net->family == 4 ? 4 : 16;

	if (slash == text.len || net->bits == 255 || !value_parse_network(str_sub(text, 0, slash), &whole) ||
	    whole.family != net->family)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		unsigned keep = net->bits >= i * 8 + 8 ? 0xff
				: net->bits <= i * 8   ? 0
						       : 0xffu << (i * 8 + 8 - net->bits);

		if (whole.addr[i] & ~keep & 0xff)
			return true;
	}
	return false;
}

static void lint_networks(struct checker *k, const struct acl_expr *x)
{
	if (x->method != MATCH_IP)
		return;
	for (uint32_t i = 0; i < x->npatterns; i++) {
		struct diag *g;

		if (!net_has_host_bits(x->patterns[i].text, &x->patterns[i].net))
			continue;
		g = diag_add(k->d, D_HOST_BITS, lint_span(k, x->pos),
			     "`%.*s` has more numbers than its mask keeps", STR_ARG(x->patterns[i].text));
		diag_note(k->d, g, "all addresses match that agree in the first %u bits",
			  x->patterns[i].net.bits);
		return;
	}
}

static int pattern_order(const void *a, const void *b)
{
	return str_cmp((*(const struct pattern *const *)a)->text, (*(const struct pattern *const *)b)->text);
}

static void lint_twice(struct checker *k, const struct acl_expr *x)
{
	const struct pattern **sorted;

	if (x->npatterns < 2)
		return;
	sorted = ARENA_ARRAY(k->scratch, const struct pattern *, x->npatterns);
	for (uint32_t i = 0; i < x->npatterns; i++)
		sorted[i] = &x->patterns[i];
	qsort(sorted, x->npatterns, sizeof(sorted[0]), pattern_order);
	for (uint32_t i = 1; i < x->npatterns; i++) {
		struct diag *g;

		if (!str_eq(sorted[i - 1]->text, sorted[i]->text) || !sorted[i]->text.len)
			continue;
		g = diag_add(k->d, D_DUPLICATE_PATTERN, lint_span(k, x->pos),
			     "the pattern `%.*s` stands here twice", STR_ARG(sorted[i]->text));
		diag_note(k->d, g, "the second one changes nothing");
		return;
	}
}

/* `-m sub My Agent`: a name in two words without quotes is two patterns. */
static void lint_words(struct checker *k, const struct acl_expr *x)
{
	const struct sample_expr *e = x->sample;
	bool agent = e->nargs && e->args[0].type == ARG_STR && str_ieq(e->args[0].str, STR("user-agent"));
	struct diag *g;

	if (!agent || x->npatterns < 2 ||
	    (x->method != MATCH_SUB && x->method != MATCH_STR && x->method != MATCH_BEG))
		return;
	for (uint32_t i = 0; i + 1 < x->npatterns; i++) {
		if (x->patterns[i].text.len > 3 && !has_upper(str_sub(x->patterns[i + 1].text, 0, 1)))
			continue;
		g = diag_add(k->d, D_WORDS_AS_PATTERNS, lint_span(k, x->pos),
			     "these are %u patterns, and one is enough to match", x->npatterns);
		diag_help(k->d, g, "a pattern with blanks in it needs quotes: \"%.*s %.*s\"",
			  STR_ARG(x->patterns[i].text), STR_ARG(x->patterns[i + 1].text));
		return;
	}
}

void lint_patterns(struct checker *k, const struct draft *d, const struct acl_expr *x)
{
	lint_texts(k, x);
	lint_ports(k, d, x);
	lint_networks(k, x);
	lint_twice(k, x);
	lint_words(k, x);
}

/* Paths that a rule refuses by their beginning: //admin, /./admin and /%61dmin pass it. */
void lint_plain_paths(struct checker *k, const struct draft *d)
{
	vec_each (r, &d->rules[RS_HTTP_REQ]) {
		const struct acl_expr *x;
		struct diag *g;

		if (r->action == ACTION_NORMALIZE_URI)
			return;
		if (r->action != ACTION_DENY || !r->cond || r->cond->unless || !r->cond->n ||
		    !r->cond->ors[0].n || r->cond->ors[0].terms[0].negated ||
		    !r->cond->ors[0].terms[0].acl->exprs.n)
			continue;
		x = r->cond->ors[0].terms[0].acl->exprs.v[0];
		if (x->sample->fetch != FETCH_PATH || (x->method != MATCH_BEG && x->method != MATCH_STR) ||
		    !x->npatterns)
			continue;
		g = diag_add(k->d, D_PLAIN_PATH, lint_span(k, r->pos),
			     "the same path can be written in other ways");
		diag_note(k->d, g, "`/%.*s` and `/.%.*s` pass this line", STR_ARG(x->patterns[0].text),
			  STR_ARG(x->patterns[0].text));
		diag_help(k->d, g,
			  "`http-request normalize-uri path-merge-slashes` and its like stand above it");
		return;
	}
}

/* Two lines of one name with unlike tests are alternatives: whoever demands the ACL gets either. */
void lint_mixed_acls(struct checker *k, const struct draft *d)
{
	for (uint32_t i = 0; i < d->px->acls.size; i++) {
		const struct acl *acl = d->px->acls.slots[i].value;
		struct diag *g;

		if (!acl || acl->exprs.n < 2 || !acl->exprs.v[1]->pos.source)
			continue;
		for (uint32_t j = 1; j < acl->exprs.n; j++) {
			bool address = acl->exprs.v[0]->sample->type == SMP_ADDR ||
				       acl->exprs.v[0]->sample->type == SMP_IPV4;

			if ((acl->exprs.v[j]->sample->type == SMP_ADDR) == address)
				continue;
			g = diag_add(k->d, D_MIXED_ACL, lint_span(k, acl->exprs.v[j]->pos),
				     "either this or the line above makes `%.*s` true", STR_ARG(acl->name));
			diag_also(k->d, g, lint_span(k, acl->exprs.v[0]->pos), "the other one");
			diag_help(k->d, g,
				  "to demand both, give them two names and write both in the condition");
			break;
		}
	}
}
