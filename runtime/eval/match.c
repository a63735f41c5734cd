/* Patterns against samples (manual, section 7.1.1 to 7.1.6). Many exact texts are hashed, everything else is
 * compared one by one in the order of the configuration. One thread. */
#include "runtime/eval/match.h"

enum { HASH_MIN = 8 };

static char low(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

uint32_t match_hash_text(struct str text, bool icase)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)(icase ? low(text.ptr[i]) : text.ptr[i])) * 16777619u;
	return h ^ h >> 15;
}

static bool text_eq(struct str a, struct str b, bool icase)
{
	return icase ? str_ieq(a, b) : str_eq(a, b);
}

static void hash_init(struct match_hash *h, struct arena *arena, const struct pattern *patterns, uint32_t n,
		      bool icase)
{
	uint32_t size = 16, count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += patterns[i].icase == icase;
	*h = (struct match_hash){.icase = icase};
	if (!count)
		return;
	while (size < count * 2)
		size *= 2;
	h->slots = ARENA_ARRAY(arena, uint32_t, size);
	h->mask = size - 1;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = match_hash_text(patterns[i].text, icase) & h->mask;

		if (patterns[i].icase != icase)
			continue;
		while (h->slots[at] && !text_eq(patterns[h->slots[at] - 1].text, patterns[i].text, icase))
			at = (at + 1) & h->mask;
		if (!h->slots[at])
			h->slots[at] = i + 1;
	}
}

void matcher_init(struct matcher *m, struct arena *arena, enum match_method method,
		  const struct pattern *patterns, uint32_t n)
{
	*m = (struct matcher){.patterns = patterns, .n = n, .method = (uint8_t)method};
	m->single = method == MATCH_STR && n == 1;
	if (m->single)
		m->hash = match_hash_text(patterns[0].text, true);
	if ((method != MATCH_STR && method != MATCH_BIN) || n < HASH_MIN)
		return;
	hash_init(&m->exact, arena, patterns, n, false);
	hash_init(&m->exact_icase, arena, patterns, n, true);
}

bool matcher_single(const struct matcher *m, struct str text, uint32_t hash)
{
	return hash == m->hash && text_eq(text, m->patterns[0].text, m->patterns[0].icase);
}

static int64_t hash_find(const struct match_hash *h, const struct pattern *patterns, struct str text)
{
	uint32_t at;

	if (!h->slots)
		return -1;
	at = match_hash_text(text, h->icase) & h->mask;
	for (; h->slots[at]; at = (at + 1) & h->mask)
		if (text_eq(patterns[h->slots[at] - 1].text, text, h->icase))
			return h->slots[at] - 1;
	return -1;
}

/* Whether `pattern` stands in `text` at an offset that both ends agree with. */
static bool match_sub(struct str text, const struct pattern *p)
{
	if (p->text.len > text.len)
		return false;
	if (!p->icase)
		return memmem(text.ptr, text.len, p->text.ptr, p->text.len) != NULL;
	for (size_t i = 0; i + p->text.len <= text.len; i++)
		if (str_ieq(str_sub(text, i, p->text.len), p->text))
			return true;
	return false;
}

/* Between delimiters or at the ends (manual, section 7.1.3: dir and dom); delimiters around the pattern do not
 * count. */
static bool match_between(struct str text, const struct pattern *p, const char *delimiters)
{
	struct str word = p->text;
	bool begins = true;

	while (word.len && strchr(delimiters, word.ptr[0]))
		word = str_tail(word, 1);
	while (word.len && strchr(delimiters, word.ptr[word.len - 1]))
		word.len--;
	for (size_t i = 0; i + word.len <= text.len && i < text.len; i++) {
		char c = text.ptr[i];

		if (c && strchr(delimiters, c)) {
			begins = true;
			continue;
		}
		if (begins && text_eq(str_sub(text, i, word.len), word, p->icase)) {
			char next = i + word.len < text.len ? text.ptr[i + word.len] : delimiters[0];

			if (next && strchr(delimiters, next))
				return true;
		}
		begins = false;
	}
	return false;
}

bool match_text(struct eval *e, uint8_t method, struct str text, const struct pattern *p, const size_t **groups,
		uint32_t *n)
{
	switch (method) {
	case MATCH_STR:
	case MATCH_BIN:
		return text_eq(text, p->text, p->icase);
	case MATCH_BEG:
		return text.len >= p->text.len && text_eq(str_sub(text, 0, p->text.len), p->text, p->icase);
	case MATCH_END:
		return text.len >= p->text.len &&
		       text_eq(str_tail(text, text.len - p->text.len), p->text, p->icase);
	case MATCH_SUB:
		return match_sub(text, p);
	case MATCH_DIR:
		return match_between(text, p, "/?");
	case MATCH_DOM:
		return match_between(text, p, "/?.:");
	case MATCH_REG:
		return regex_exec(e->engine, p->regex, text, false, groups, n);
	default:
		return false;
	}
}

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	return !memcmp(a, b, bytes) && (!rest || !((a[bytes] ^ b[bytes]) & (0xff00 >> rest & 0xff)));
}

static bool match_ipv4(const uint8_t *ip, const struct ip_net *net)
{
	for (int i = 0; i < 4; i++)
		if ((ip[i] & net->mask4[i]) != net->addr[i])
			return false;
	return true;
}

/* The IPv4 address in an IPv6 one: 2002:IPV4::, ::IPV4 or ::ffff:IPV4; NULL when there is none. */
const uint8_t *match_embedded_ipv4(const uint8_t *ip)
{
	static const uint8_t zero[16], mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (ip[0] == 0x20 && ip[1] == 0x02)
		return ip + 2;
	if (!memcmp(ip, zero, 12) || !memcmp(ip, mapped, 12))
		return ip + 12;
	return NULL;
}

bool match_addr(const struct sample *s, const struct ip_net *net)
{
	uint8_t v6[16] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *v4;

	if (s->type == SMP_IPV4 && net->family == 4)
		return match_ipv4(s->ip, net);
	if (s->type == SMP_IPV6 && net->family == 6)
		return bits_equal(s->ip, net->addr, net->bits);
	if (s->type == SMP_IPV6) {
		v4 = match_embedded_ipv4(s->ip);
		return v4 && match_ipv4(v4, net);
	}
	memcpy(v6 + 12, s->ip, 4);
	return bits_equal(v6, net->addr, net->bits);
}

/* A method by number, or by name when it is none of the known ones. */
bool match_meth(const struct sample *s, const struct pattern *p)
{
	struct sample known = {.type = SMP_METH, .meth = s->meth};

	if (s->type != SMP_METH)
		return false;
	if (s->meth == HTTP_M_OTHER)
		return text_eq(s->str, p->text, p->icase);
	return sample_cast(NULL, &known, SMP_STR) && str_eq(known.str, p->text);
}

/* What the method wants to see. */
enum smp_type match_wants(uint8_t method)
{
	switch (method) {
	case MATCH_BOOL:
	case MATCH_INT:
		return SMP_SINT;
	case MATCH_IP:
		return SMP_ADDR;
	case MATCH_BIN:
		return SMP_BIN;
	case MATCH_FOUND:
	case MATCH_METH:
		return SMP_ANY;
	default:
		return SMP_STR;
	}
}

static int64_t find_each(struct eval *e, const struct matcher *m, struct sample *s, const size_t **groups,
			 uint32_t *n)
{
	int64_t number = m->method == MATCH_LEN ? (int64_t)s->str.len : s->sint;
	bool found = false;

	for (uint32_t i = 0; i < m->n && !found; i++) {
		const struct pattern *p = &m->patterns[i];

		if (m->method == MATCH_INT || m->method == MATCH_LEN)
			found = number >= p->min && number <= p->max;
		else if (m->method == MATCH_IP)
			found = match_addr(s, &p->net);
		else if (m->method == MATCH_METH)
			found = match_meth(s, p);
		else
			found = match_text(e, m->method, s->str, p, groups, n);
		if (found)
			return i;
	}
	return -1;
}

static int64_t find_inline(struct eval *e, const struct matcher *m, struct sample *s, const size_t **groups,
			   uint32_t *ngroups)
{
	int64_t a, b;

	if (!m->exact.slots && !m->exact_icase.slots)
		return find_each(e, m, s, groups, ngroups);
	a = hash_find(&m->exact, m->patterns, s->str);
	b = hash_find(&m->exact_icase, m->patterns, s->str);
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

int64_t matcher_find(struct eval *e, const struct matcher *m, struct sample *s, const size_t **groups,
		     uint32_t *ngroups)
{
	int64_t found;

	if (m->method == MATCH_FOUND)
		return 0;
	if (!sample_cast(e, s, match_wants(m->method)))
		return -1;
	if (m->method == MATCH_BOOL)
		return s->sint ? 0 : -1;
	found = find_inline(e, m, s, groups, ngroups);
	for (uint32_t i = 0; found < 0 && i < m->nfiles; i++)
		if (pattern_index_find(e, m->files[i], s, NULL))
			found = m->n;
	return found;
}
