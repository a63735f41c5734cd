/* Pattern objects: the entries of one file in order, found by key, and their updates; every index follows.
 * Files' lines become one block of entries whose texts are the model's; entries that come later own theirs. Any
 * thread, under the object's lock; all objects of a model are made before traffic runs. */
#include "runtime/eval/pattern_ref.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/eval/pattern_state.h"

struct pattern_refs {
	atomic_uint references;
	uint32_t n;
	struct pattern_ref *v; /* index: pattern_file.index */
};

/* --- entries */

static void entry_link(struct pattern_ref *ref, struct pattern_entry *entry)
{
	entry->prev = ref->last;
	entry->next = NULL;
	if (ref->last)
		ref->last->next = entry;
	else
		ref->first = entry;
	ref->last = entry;
	ref->count++;
}

static void entry_free_items(struct pattern_entry *entry)
{
	struct pattern_item *next;

	for (struct pattern_item *i = entry->items; i; i = next) {
		next = i->sibling;
		pattern_item_free(i);
	}
	entry->items = NULL;
}

static void entry_free(struct pattern_ref *ref, struct pattern_entry *entry)
{
	entry_free_items(entry);
	pattern_table_remove(&ref->by_key, &entry->node);
	if (entry->value_owned)
		free((char *)entry->value.ptr);
	if (!entry->bulk)
		free(entry);
}

static void entry_remove(struct pattern_ref *ref, struct pattern_entry *entry)
{
	if (entry->prev)
		entry->prev->next = entry->next;
	else
		ref->first = entry->next;
	if (entry->next)
		entry->next->prev = entry->prev;
	else
		ref->last = entry->prev;
	ref->count--;
	entry_free(ref, entry);
}

/* Into the look-up by key and every index; false with a message, then nothing has changed. */
static bool entry_enter(struct pattern_ref *ref, struct pattern_entry *entry, char *message)
{
	entry->node.hash = match_hash_text(entry->key, false);
	entry->id = ++ref->last_id;
	if (!pattern_table_add(&ref->by_key, &entry->node))
		return false;
	for (struct pattern_index *i = ref->indexes; i; i = i->next) {
		if (pattern_index_insert(i, entry, message))
			continue;
		entry_free_items(entry);
		pattern_table_remove(&ref->by_key, &entry->node);
		return false;
	}
	entry_link(ref, entry);
	return true;
}

/* --- all objects of a model */

static struct pattern_index *index_new(struct pattern_ref *ref, enum match_method method, bool icase,
				       enum smp_type type)
{
	struct pattern_index *index = calloc(1, sizeof(*index));

	if (!index)
		return NULL;
	index->ref = ref;
	index->method = (uint8_t)method;
	index->type = (uint8_t)type;
	index->icase = icase;
	index->by_key = method == MATCH_STR && !icase;
	index->tail = &index->list;
	index->nlengths = method == MATCH_IP ? 33 + 129 : 0;
	index->lengths = calloc(index->nlengths + 1, sizeof(*index->lengths));
	if (!index->lengths) {
		free(index);
		return NULL;
	}
	return index;
}

static bool ref_init(struct pattern_ref *ref, const struct pattern_file *file)
{
	ref->file = file;
	ref->indexes = index_new(ref, MATCH_STR, false, SMP_STR);
	ref->bulk = calloc((size_t)file->lines.n + 1, sizeof(*ref->bulk));
	if (!ref->indexes || !ref->bulk || !pattern_table_reserve(&ref->by_key, file->lines.n))
		return false;
	for (uint32_t i = 0; i < file->lines.n; i++) {
		struct pattern_entry *entry = &ref->bulk[i];

		entry->bulk = true;
		entry->key = file->lines.v[i].key;
		entry->value = file->lines.v[i].value;
		if (!entry_enter(ref, entry, NULL))
			return false;
	}
	return true;
}

static void ref_clean(struct pattern_ref *ref)
{
	struct pattern_index *next;

	while (ref->first)
		entry_remove(ref, ref->first);
	for (struct pattern_index *i = ref->indexes; i; i = next) {
		next = i->next;
		pattern_index_free(i);
	}
	free(ref->by_key.buckets);
	free(ref->bulk);
}

struct pattern_refs *pattern_refs_new(const struct model *m)
{
	struct pattern_refs *refs = calloc(1, sizeof(*refs));

	if (!refs)
		return NULL;
	atomic_init(&refs->references, 1);
	refs->v = calloc((size_t)m->pattern_files.n + 1, sizeof(*refs->v));
	for (uint32_t i = 0; refs && refs->v && i < m->pattern_files.n; i++) {
		refs->n++;
		if (!ref_init(&refs->v[i], m->pattern_files.v[i]))
			pattern_refs_release(&refs);
	}
	if (refs && !refs->v)
		pattern_refs_release(&refs);
	return refs;
}

struct pattern_refs *pattern_refs_retain(struct pattern_refs *refs)
{
	atomic_fetch_add_explicit(&refs->references, 1, memory_order_relaxed);
	return refs;
}

void pattern_refs_release(struct pattern_refs **refsp)
{
	struct pattern_refs *refs = *refsp;

	*refsp = NULL;
	if (!refs || atomic_fetch_sub_explicit(&refs->references, 1, memory_order_acq_rel) != 1)
		return;
	for (uint32_t i = 0; i < refs->n; i++)
		ref_clean(&refs->v[i]);
	free(refs->v);
	free(refs);
}

struct pattern_ref *pattern_ref_find(struct pattern_refs *refs, struct str name)
{
	uint64_t id;
	bool by_id = name.len > 1 && name.ptr[0] == '#' && str_to_u64(str_tail(name, 1), &id);

	for (uint32_t i = 0; i < refs->n; i++)
		if (by_id ? refs->v[i].file->show_id == id : str_eq(refs->v[i].file->path, name))
			return &refs->v[i];
	return NULL;
}

struct pattern_ref *pattern_ref_of(struct pattern_refs *refs, const struct pattern_file *file)
{
	return &refs->v[file->index];
}

const struct pattern_file *pattern_ref_file(const struct pattern_ref *ref)
{
	return ref->file;
}

struct pattern_index *pattern_index_get(struct pattern_ref *ref, enum match_method method, bool icase,
					enum smp_type type)
{
	struct pattern_index *index;

	for (struct pattern_index *i = ref->indexes->next; i; i = i->next)
		if (i->method == method && i->icase == icase && i->type == type)
			return i;
	index = index_new(ref, method, icase, type);
	if (index && !pattern_index_fill(index)) {
		pattern_index_free(index);
		index = NULL;
	}
	if (!index)
		return NULL;
	for (struct pattern_index **at = &ref->indexes->next;; at = &(*at)->next) {
		if (*at)
			continue;
		*at = index;
		return index;
	}
}

/* --- reading */

struct pattern_ref_state pattern_ref_state(struct pattern_ref *ref)
{
	struct pattern_ref_state state;

	pattern_lock_read(&ref->lock);
	state = (struct pattern_ref_state){ref->current, ref->next, ref->count};
	pattern_unlock_read(&ref->lock);
	return state;
}

static uint32_t version_of(const struct pattern_ref *ref, uint32_t version)
{
	return version == PATTERN_CURRENT ? ref->current : version;
}

void pattern_ref_walk(struct pattern_ref *ref, uint32_t version,
		      bool (*fn)(void *ctx, uint64_t id, struct str key, struct str value), void *ctx)
{
	bool more = true;

	pattern_lock_read(&ref->lock);
	version = version_of(ref, version);
	for (struct pattern_entry *e = ref->first; e && more; e = e->next)
		if (e->version == version)
			more = fn(ctx, e->id, e->key, e->value);
	pattern_unlock_read(&ref->lock);
}

/* --- changing */

/* An entry that owns its texts; NULL when memory is out. */
static struct pattern_entry *entry_new(struct str key, struct str value)
{
	struct pattern_entry *entry = calloc(1, sizeof(*entry) + key.len + value.len + 2);
	char *text = (char *)(entry + 1);

	if (!entry)
		return NULL;
	if (key.len)
		memcpy(text, key.ptr, key.len);
	entry->key = str_make(text, key.len);
	text += key.len + 1;
	if (value.len)
		memcpy(text, value.ptr, value.len);
	entry->value = str_make(text, value.len);
	return entry;
}

static enum pattern_result add_locked(struct pattern_ref *ref, uint32_t version, struct str key,
				      struct str value, char *message)
{
	struct pattern_entry *entry;

	version = version_of(ref, version);
	if (version - ref->current > ref->next - ref->current)
		return PATTERN_VERSION;
	entry = entry_new(key, value);
	if (!entry)
		return PATTERN_BAD;
	entry->version = version;
	if (entry_enter(ref, entry, message))
		return PATTERN_DONE;
	free(entry);
	return PATTERN_BAD;
}

enum pattern_result pattern_ref_add(struct pattern_ref *ref, uint32_t version, struct str key, struct str value,
				    char *message)
{
	enum pattern_result result;

	if (message)
		*message = 0;
	pattern_lock_write(&ref->lock);
	result = add_locked(ref, version, key, value, message);
	pattern_unlock_write(&ref->lock);
	return result;
}

static bool value_suits(const struct pattern_ref *ref, struct str value, char *message)
{
	for (const struct pattern_index *i = ref->indexes; i; i = i->next)
		if (!pattern_value_check((enum smp_type)i->type, value, message))
			return false;
	return true;
}

static bool entry_set_value(struct pattern_entry *entry, struct str value)
{
	char *copy = malloc(value.len + 1);

	if (!copy)
		return false;
	if (value.len)
		memcpy(copy, value.ptr, value.len);
	copy[value.len] = 0;
	if (entry->value_owned)
		free((char *)entry->value.ptr);
	entry->value = str_make(copy, value.len);
	entry->value_owned = true;
	return true;
}

/* The next entry of that key in the current version, from `node` on. */
static struct pattern_entry *next_of_key(struct pattern_ref *ref, struct pattern_node *node, struct str key,
					 uint32_t hash)
{
	for (; node; node = node->next) {
		struct pattern_entry *entry = (struct pattern_entry *)node;

		if (node->hash == hash && entry->version == ref->current && str_eq(entry->key, key))
			return entry;
	}
	return NULL;
}

static struct pattern_entry *first_of_key(struct pattern_ref *ref, struct str key, uint32_t hash)
{
	struct pattern_table *t = &ref->by_key;

	return next_of_key(ref, t->buckets ? t->buckets[hash & t->mask] : NULL, key, hash);
}

static enum pattern_result set_locked(struct pattern_ref *ref, struct str key, struct str value, char *message)
{
	uint32_t hash = match_hash_text(key, false);
	struct pattern_entry *entry = first_of_key(ref, key, hash);

	if (!entry)
		return PATTERN_NOT_FOUND;
	if (!value_suits(ref, value, message))
		return PATTERN_BAD;
	for (; entry; entry = next_of_key(ref, entry->node.next, key, hash))
		if (!entry_set_value(entry, value))
			return PATTERN_BAD;
	return PATTERN_DONE;
}

enum pattern_result pattern_ref_set(struct pattern_ref *ref, struct str key, struct str value, char *message)
{
	enum pattern_result result;

	if (message)
		*message = 0;
	pattern_lock_write(&ref->lock);
	result = set_locked(ref, key, value, message);
	pattern_unlock_write(&ref->lock);
	return result;
}

enum pattern_result pattern_ref_put(struct pattern_ref *ref, struct str key, struct str value, char *message)
{
	enum pattern_result result;

	if (message)
		*message = 0;
	pattern_lock_write(&ref->lock);
	result = set_locked(ref, key, value, message);
	if (result == PATTERN_NOT_FOUND)
		result = add_locked(ref, PATTERN_CURRENT, key, value, message);
	pattern_unlock_write(&ref->lock);
	return result;
}

enum pattern_result pattern_ref_delete(struct pattern_ref *ref, struct str key)
{
	uint32_t hash = match_hash_text(key, false);
	struct pattern_entry *entry, *next;
	enum pattern_result result = PATTERN_NOT_FOUND;

	pattern_lock_write(&ref->lock);
	for (entry = first_of_key(ref, key, hash); entry; entry = next) {
		next = next_of_key(ref, entry->node.next, key, hash);
		entry_remove(ref, entry);
		result = PATTERN_DONE;
	}
	pattern_unlock_write(&ref->lock);
	return result;
}

static struct pattern_entry *entry_of_id(struct pattern_ref *ref, uint64_t id)
{
	for (struct pattern_entry *e = ref->first; e; e = e->next)
		if (e->id == id)
			return e;
	return NULL;
}

enum pattern_result pattern_ref_set_id(struct pattern_ref *ref, uint64_t id, struct str value, char *message)
{
	enum pattern_result result = PATTERN_NOT_FOUND;
	struct pattern_entry *entry;

	if (message)
		*message = 0;
	pattern_lock_write(&ref->lock);
	entry = entry_of_id(ref, id);
	if (entry)
		result = value_suits(ref, value, message) && entry_set_value(entry, value) ? PATTERN_DONE
											   : PATTERN_BAD;
	pattern_unlock_write(&ref->lock);
	return result;
}

enum pattern_result pattern_ref_delete_id(struct pattern_ref *ref, uint64_t id)
{
	struct pattern_entry *entry;

	pattern_lock_write(&ref->lock);
	entry = entry_of_id(ref, id);
	if (entry)
		entry_remove(ref, entry);
	pattern_unlock_write(&ref->lock);
	return entry ? PATTERN_DONE : PATTERN_NOT_FOUND;
}

/* Removes versions from .. to. */
static void purge_locked(struct pattern_ref *ref, uint32_t from, uint32_t to)
{
	struct pattern_entry *next;

	for (struct pattern_entry *e = ref->first; e; e = next) {
		next = e->next;
		if (e->version - from <= to - from)
			entry_remove(ref, e);
	}
}

void pattern_ref_clear(struct pattern_ref *ref, uint32_t version)
{
	pattern_lock_write(&ref->lock);
	version = version_of(ref, version);
	purge_locked(ref, version, version);
	pattern_unlock_write(&ref->lock);
}

uint32_t pattern_ref_prepare(struct pattern_ref *ref)
{
	uint32_t version;

	pattern_lock_write(&ref->lock);
	version = ++ref->next;
	pattern_unlock_write(&ref->lock);
	return version;
}

enum pattern_result pattern_ref_commit(struct pattern_ref *ref, uint32_t version)
{
	enum pattern_result result = PATTERN_VERSION;
	uint32_t old;

	pattern_lock_write(&ref->lock);
	if (version - (ref->current + 1) < ref->next - ref->current) {
		old = ref->current;
		ref->current = version;
		purge_locked(ref, old, version - 1);
		result = PATTERN_DONE;
	}
	pattern_unlock_write(&ref->lock);
	return result;
}
