/* Entries of a pattern object by matching method (manual, section 7.1): exact texts, prefixes, networks and
 * single numbers are hashed (prefixes and networks once per length, the longest wins), the rest is tried one by
 * one in order. Any thread, under the object's lock. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>
#include <stdlib.h>

#include "grammar/base/out.h"
#include "grammar/value_parse.h"
#include "runtime/eval/pattern_state.h"

enum { FNV_START = 0x811c9dc5u, FNV_PRIME = 16777619u, TABLE_FIRST = 16, NET_LENGTHS = 33 + 129, NET6 = 33 };

static uint32_t fnv(uint32_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	return h;
}

static uint32_t spread(uint32_t h)
{
	return h ^ h >> 15;
}

/* --- the table: chains in no particular order, the smallest id of an entry decides among equals */

static bool table_resize(struct pattern_table *t, uint32_t size)
{
	struct pattern_node **buckets = calloc(size, sizeof(*buckets)), *next;

	if (!buckets)
		return t->buckets != NULL;
	for (uint32_t i = 0; t->buckets && i <= t->mask; i++) {
		for (struct pattern_node *node = t->buckets[i]; node; node = next) {
			struct pattern_node **at = &buckets[node->hash & (size - 1)];

			next = node->next;
			node->next = *at;
			node->before = at;
			if (*at)
				(*at)->before = &node->next;
			*at = node;
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->mask = size - 1;
	return true;
}

static bool table_grow(struct pattern_table *t)
{
	return table_resize(t, t->buckets ? (t->mask + 1) * 2 : TABLE_FIRST);
}

bool pattern_table_reserve(struct pattern_table *t, uint32_t n)
{
	uint32_t size = TABLE_FIRST;

	while (size < n && size < UINT32_MAX / 2)
		size *= 2;
	return (t->buckets && size <= t->mask + 1) || table_resize(t, size);
}

bool pattern_table_add(struct pattern_table *t, struct pattern_node *node)
{
	struct pattern_node **at;

	if ((!t->buckets || t->n > t->mask) && !table_grow(t))
		return false;
	at = &t->buckets[node->hash & t->mask];
	node->next = *at;
	node->before = at;
	node->hashed = true;
	if (*at)
		(*at)->before = &node->next;
	*at = node;
	t->n++;
	return true;
}

void pattern_table_remove(struct pattern_table *t, struct pattern_node *node)
{
	if (!node->before)
		return;
	*node->before = node->next;
	if (node->next)
		node->next->before = node->before;
	node->before = NULL;
	t->n--;
}

static const struct pattern_item *item_of(const struct pattern_node *node)
{
	return (const struct pattern_item *)node;
}

static bool is_visible(const struct pattern_item *item)
{
	const struct pattern_entry *entry = item->entry;

	return entry->version == item->index->ref->current;
}

/* What texts are compared with. */
static struct str item_text(const struct pattern_item *item)
{
	return item->index->method == MATCH_BIN ? str_make(item->bytes, item->entry->key.len / 2)
						: item->entry->key;
}

static const struct pattern_item *earlier(const struct pattern_item *a, const struct pattern_item *b)
{
	return !a || (b && b->entry->id < a->entry->id) ? b : a;
}

/* --- entering */

static bool message_set(char *message, const char *format, struct str text)
{
	if (message)
		snprintf(message, PATTERN_MESSAGE, format, STR_ARG(text));
	return false;
}

bool pattern_value_check(enum smp_type type, struct str value, char *message)
{
	struct ip_net net;
	int64_t number;

	if ((type == SMP_SINT && !str_to_i64(value, &number)) ||
	    (type == SMP_ADDR && !value_parse_address(value, &net)))
		return message_set(message, "unable to parse '%.*s'", value);
	return true;
}

static bool list_add(struct pattern_index *index, struct pattern_item *item)
{
	item->node.before = index->tail;
	item->node.next = NULL;
	*index->tail = &item->node;
	index->tail = &item->node.next;
	index->loose++;
	return true;
}

static uint32_t net_hash(uint8_t family, unsigned bits, const uint8_t *addr)
{
	uint8_t masked[16] = {0};
	unsigned whole = bits / 8;

	memcpy(masked, addr, whole);
	if (bits % 8)
		masked[whole] = addr[whole] & (uint8_t)(0xff00 >> bits % 8);
	return spread(fnv(FNV_START ^ family << 8 ^ bits, masked, family == 4 ? 4 : 16));
}

static bool insert_net(struct pattern_index *index, struct pattern_item *item, char *message)
{
	struct ip_net *net = &item->net;

	if (!value_parse_network(item->entry->key, net))
		return message_set(message, "'%.*s' is not a valid IPv4 or IPv6 address", item->entry->key);
	if (net->bits == 255 || (net->family == 4 && net->bits > 32))
		return list_add(index, item);
	item->node.hash = net_hash(net->family, net->bits, net->addr);
	if (!pattern_table_add(&index->table, &item->node))
		return false;
	index->lengths[net->bits + (net->family == 4 ? 0 : NET6)]++;
	return true;
}

static bool insert_number(struct pattern_index *index, struct pattern_item *item, char *message)
{
	struct str text = item->entry->key;
	bool range = false;

	if (!value_parse_range(text, &item->min, &item->max, &range))
		return message_set(
			message, range ? "'%.*s' is not a valid number range" : "'%.*s' is not a number", text);
	if (item->min != item->max)
		return list_add(index, item);
	item->node.hash = spread(fnv(FNV_START, &item->min, sizeof(item->min)));
	return pattern_table_add(&index->table, &item->node);
}

static bool insert_regex(struct pattern_index *index, struct pattern_item *item, char *message)
{
	struct str text = item->entry->key;
	PCRE2_SIZE offset = 0;
	PCRE2_UCHAR why[128] = "";
	int error = 0;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text.ptr, text.len, index->icase ? PCRE2_CASELESS : 0,
					 &error, &offset, NULL);

	if (!code) {
		pcre2_get_error_message(error, why, sizeof(why));
		if (message)
			snprintf(message, PATTERN_MESSAGE, "regex '%.*s' is invalid (error=%s, erroffset=%zu)",
				 STR_ARG(text), (const char *)why, offset);
		return false;
	}
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	item->code = code;
	return list_add(index, item);
}

static bool insert_prefix(struct pattern_index *index, struct pattern_item *item)
{
	struct str text = item->entry->key;
	size_t len = text.len;
	uint32_t *grown;

	if (len >= index->nlengths) {
		grown = realloc(index->lengths, (len + 16) * sizeof(*grown));
		if (!grown)
			return false;
		memset(grown + index->nlengths, 0, (len + 16 - index->nlengths) * sizeof(*grown));
		index->lengths = grown;
		index->nlengths = (uint32_t)len + 16;
	}
	item->node.hash = spread(fnv(FNV_START, text.ptr, len));
	if (!pattern_table_add(&index->table, &item->node))
		return false;
	index->lengths[len]++;
	return true;
}

/* The bytes that hexadecimal digits stand for, owned by the item. */
static bool insert_bytes(struct pattern_index *index, struct pattern_item *item, char *message)
{
	struct str hex = item->entry->key;
	char *bytes = malloc(hex.len / 2 + 1);
	unsigned value;

	if (!bytes)
		return false;
	item->bytes = bytes;
	for (size_t i = 0; i + 1 < hex.len; i += 2) {
		char digits[3] = {hex.ptr[i], hex.ptr[i + 1], 0};

		if (strspn(digits, "0123456789abcdefABCDEF") != 2 || sscanf(digits, "%x", &value) != 1)
			return message_set(message, "an hex digit is expected (found '%.*s')",
					   str_from(digits));
		bytes[i / 2] = (char)value;
	}
	if (hex.len % 2)
		return message_set(message, "an even number of hex digit is expected", STR_NONE);
	item->node.hash = match_hash_text(item_text(item), false);
	return pattern_table_add(&index->table, &item->node);
}

static bool item_enter(struct pattern_index *index, struct pattern_item *item, char *message)
{
	switch (index->method) {
	case MATCH_IP:
		return insert_net(index, item, message);
	case MATCH_INT:
	case MATCH_LEN:
		return insert_number(index, item, message);
	case MATCH_REG:
		return insert_regex(index, item, message);
	case MATCH_BIN:
		return insert_bytes(index, item, message);
	case MATCH_STR:
		item->node.hash = match_hash_text(item->entry->key, true);
		return pattern_table_add(&index->table, &item->node);
	case MATCH_BEG:
		return index->icase ? list_add(index, item) : insert_prefix(index, item);
	default:
		return list_add(index, item);
	}
}

static bool insert_item(struct pattern_index *index, struct pattern_entry *entry, struct pattern_item *item,
			char *message)
{
	item->index = index;
	item->entry = entry;
	if (!item_enter(index, item, message)) {
		pattern_item_free(item);
		return false;
	}
	item->sibling = entry->items;
	entry->items = item;
	return true;
}

static size_t item_size(const struct pattern_index *index)
{
	const size_t plain = offsetof(struct pattern_item, net);

	switch (index->method) {
	case MATCH_IP:
		return (plain + sizeof(struct ip_net) + 7) & ~(size_t)7;
	case MATCH_INT:
	case MATCH_LEN:
		return plain + 2 * sizeof(int64_t);
	case MATCH_REG:
	case MATCH_BIN:
		return plain + sizeof(void *);
	default:
		return plain;
	}
}

bool pattern_index_insert(struct pattern_index *index, struct pattern_entry *entry, char *message)
{
	struct pattern_item *item;

	if (!pattern_value_check((enum smp_type)index->type, entry->value, message))
		return false;
	if (index->by_key)
		return true;
	item = calloc(1, item_size(index));
	return item ? insert_item(index, entry, item, message)
		    : message_set(message, "out of memory", STR_NONE);
}

/* Whether entries of this method go into the table, mostly. */
static bool is_hashed(const struct pattern_index *index)
{
	return index->method == MATCH_IP || index->method == MATCH_INT || index->method == MATCH_LEN ||
	       index->method == MATCH_BIN || index->method == MATCH_STR ||
	       (index->method == MATCH_BEG && !index->icase);
}

bool pattern_index_fill(struct pattern_index *index)
{
	const struct pattern_ref *ref = index->ref;
	const size_t size = item_size(index);
	char *at;

	if (index->by_key)
		return true;
	index->bulk = calloc((size_t)ref->count + 1, size);
	if (!index->bulk || (is_hashed(index) && !pattern_table_reserve(&index->table, ref->count)))
		return false;
	at = index->bulk;
	for (struct pattern_entry *entry = ref->first; entry; entry = entry->next) {
		if (!pattern_value_check((enum smp_type)index->type, entry->value, NULL))
			continue;
		((struct pattern_node *)at)->bulk = true;
		insert_item(index, entry, (struct pattern_item *)at, NULL);
		at += size;
	}
	return true;
}

/* --- leaving */

static void item_uncount(struct pattern_index *index, const struct pattern_item *item)
{
	if (index->method == MATCH_IP)
		index->lengths[item->net.bits + (item->net.family == 4 ? 0 : NET6)]--;
	else if (index->method == MATCH_BEG)
		index->lengths[item->entry->key.len]--;
}

void pattern_item_free(struct pattern_item *item)
{
	struct pattern_index *index = item->index;

	if (item->node.hashed) {
		pattern_table_remove(&index->table, &item->node);
		item_uncount(index, item);
	} else if (item->node.before) {
		*item->node.before = item->node.next;
		if (item->node.next)
			item->node.next->before = item->node.before;
		else
			index->tail = item->node.before;
		index->loose--;
	}
	if (index->method == MATCH_REG)
		pcre2_code_free(item->code);
	else if (index->method == MATCH_BIN)
		free(item->bytes);
	if (!item->node.bulk)
		free(item);
}

void pattern_index_free(struct pattern_index *index)
{
	free(index->table.buckets);
	free(index->lengths);
	free(index->bulk);
	free(index);
}

/* --- looking up */

static const struct pattern_item *find_text(const struct pattern_table *t, struct str text, uint32_t hash,
					    bool icase)
{
	const struct pattern_item *best = NULL, *i;

	for (const struct pattern_node *n = t->buckets ? t->buckets[hash & t->mask] : NULL; n; n = n->next)
		if (n->hash == hash && is_visible(i = item_of(n)) &&
		    (icase ? str_ieq(item_text(i), text) : str_eq(item_text(i), text)))
			best = earlier(best, i);
	return best;
}

static const struct pattern_item *find_prefix(const struct pattern_index *index, struct str text)
{
	const struct pattern_item *best = NULL, *found;
	uint32_t h = FNV_START;

	for (size_t len = 0; len < index->nlengths; len++) {
		if (index->lengths[len]) {
			found = find_text(&index->table, str_sub(text, 0, len), spread(h), false);
			best = found ? found : best;
		}
		if (len == text.len)
			break;
		h = fnv(h, text.ptr + len, 1);
	}
	return best;
}

static const struct pattern_item *find_family(const struct pattern_index *index, uint8_t family,
					      const uint8_t *addr)
{
	const struct sample s = {.type = family == 4 ? SMP_IPV4 : SMP_IPV6};
	const struct pattern_item *best = NULL, *i;
	struct sample subject = s;

	memcpy(subject.ip, addr, family == 4 ? 4 : 16);
	for (int bits = family == 4 ? 32 : 128; bits >= 0 && !best; bits--) {
		uint32_t hash;

		if (!index->lengths[bits + (family == 4 ? 0 : NET6)])
			continue;
		hash = net_hash(family, (unsigned)bits, addr);
		for (const struct pattern_node *n = index->table.buckets[hash & index->table.mask]; n;
		     n = n->next)
			if (n->hash == hash && is_visible(i = item_of(n)) && i->net.family == family &&
			    i->net.bits == bits && match_addr(&subject, &i->net))
				best = earlier(best, i);
	}
	return best;
}

static const struct pattern_item *find_net(const struct pattern_index *index, const struct sample *s)
{
	const struct pattern_item *found = find_family(index, s->type == SMP_IPV4 ? 4 : 6, s->ip);
	uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *v4;

	if (found)
		return found;
	if (s->type == SMP_IPV4) {
		memcpy(mapped + 12, s->ip, 4);
		found = find_family(index, 6, mapped);
	} else if ((v4 = match_embedded_ipv4(s->ip))) {
		found = find_family(index, 4, v4);
	}
	for (const struct pattern_node *n = found ? NULL : index->list; n; n = n->next)
		if (is_visible(item_of(n)) && match_addr(s, &item_of(n)->net))
			return item_of(n);
	return found;
}

static const struct pattern_item *find_number(const struct pattern_index *index, int64_t number)
{
	uint32_t hash = spread(fnv(FNV_START, &number, sizeof(number)));
	const struct pattern_table *t = &index->table;
	const struct pattern_item *best = NULL, *i;

	for (const struct pattern_node *n = t->buckets ? t->buckets[hash & t->mask] : NULL; n; n = n->next)
		if (is_visible(i = item_of(n)) && i->min == number)
			best = earlier(best, i);
	for (const struct pattern_node *n = index->list; n; n = n->next)
		if (is_visible(i = item_of(n)) && number >= i->min && number <= i->max)
			return earlier(best, i);
	return best;
}

static const struct pattern_item *find_listed(struct eval *e, const struct pattern_index *index,
					      const struct sample *s, struct pattern_hit *hit)
{
	struct pattern p = {.icase = index->icase};

	for (const struct pattern_node *n = index->list; n; n = n->next) {
		const struct pattern_item *i = item_of(n);
		bool found;

		p.text = i->entry->key;
		found = index->method == MATCH_REG ? regex_exec_code(e->engine, i->code, p.text, s->str, false,
								     &hit->groups, &hit->ngroups)
			: index->method == MATCH_METH ? match_meth(s, &p)
						      : match_text(e, index->method, s->str, &p, NULL, NULL);
		if (found && is_visible(i))
			return i;
	}
	return NULL;
}

/* The first visible entry of a key. */
static const struct pattern_entry *find_key(const struct pattern_ref *ref, struct str key)
{
	const struct pattern_entry *best = NULL, *entry;
	const struct pattern_table *t = &ref->by_key;
	uint32_t hash = match_hash_text(key, false);

	for (const struct pattern_node *n = t->buckets ? t->buckets[hash & t->mask] : NULL; n; n = n->next) {
		entry = (const struct pattern_entry *)n;
		if (n->hash == hash && entry->version == ref->current && str_eq(entry->key, key) &&
		    (!best || entry->id < best->id))
			best = entry;
	}
	return best;
}

static const struct pattern_item *find_item(struct eval *e, const struct pattern_index *index,
					    const struct sample *s, struct pattern_hit *hit)
{
	switch (index->method) {
	case MATCH_STR:
		return find_text(&index->table, s->str, match_hash_text(s->str, true), true);
	case MATCH_BIN:
		return find_text(&index->table, s->str, match_hash_text(s->str, false), false);
	case MATCH_BEG:
		return index->icase ? find_listed(e, index, s, hit) : find_prefix(index, s->str);
	case MATCH_IP:
		return find_net(index, s);
	case MATCH_INT:
		return find_number(index, s->sint);
	case MATCH_LEN:
		return find_number(index, (int64_t)s->str.len);
	default:
		return find_listed(e, index, s, hit);
	}
}

static const struct pattern_entry *find_entry(struct eval *e, const struct pattern_index *index,
					      const struct sample *s, struct pattern_hit *hit)
{
	const struct pattern_item *item;

	if (index->by_key)
		return find_key(index->ref, s->str);
	item = find_item(e, index, s, hit);
	return item ? item->entry : NULL;
}

bool pattern_index_find(struct eval *e, struct pattern_index *index, const struct sample *s,
			struct pattern_hit *hit)
{
	struct pattern_hit unused;
	const struct pattern_entry *entry;

	hit = hit ? hit : &unused;
	hit->ngroups = 0;
	pattern_lock_read(&index->ref->lock);
	entry = find_entry(e, index, s, hit);
	if (entry && hit != &unused) {
		hit->key = scratch_dup(e->scratch, entry->key);
		hit->value = scratch_dup(e->scratch, entry->value);
	}
	pattern_unlock_read(&index->ref->lock);
	return entry && (hit == &unused || (hit->key.ptr && hit->value.ptr));
}
