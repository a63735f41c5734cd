/* Inside of pattern_ref.h: entries and what each index keeps of them. Private to pattern_*.c. Everything is
 * guarded by the lock of the object. */
#ifndef LB_EVAL_PATTERN_STATE_H
#define LB_EVAL_PATTERN_STATE_H

#include "runtime/eval/pattern_lock.h"

#include "runtime/eval/match.h"
#include "runtime/eval/pattern_ref.h"

struct pattern_entry;

/* Its place in a table or list. */
struct pattern_node {
	struct pattern_node *next, **before;
	uint32_t hash;
	bool hashed;
	bool bulk; /* an item that is part of index->bulk */
};

/* One entry as one index sees it. Files may have a million: behind `index` an item has no more than its method
 * needs: item_size() in pattern_index.c. */
struct pattern_item {
	struct pattern_node node;     /* first: nodes of an index are items */
	struct pattern_item *sibling; /* of the same entry, in the next index */
	struct pattern_entry *entry;
	struct pattern_index *index;
	union {
		struct ip_net net;
		struct {
			int64_t min, max;
		};
		void *code;  /* of a regular expression */
		char *bytes; /* that hexadecimal digits stand for */
	};
};

struct pattern_entry {
	struct pattern_node node;          /* in ref->by_key; first */
	struct pattern_entry *prev, *next; /* in the order in which they came */
	struct pattern_item *items;        /* in the indexes */
	struct str key, value;
	uint64_t id;
	uint32_t version;
	bool bulk;        /* part of ref->bulk, its texts are the model's */
	bool value_owned; /* allocated by itself */
};

struct pattern_table {
	struct pattern_node **buckets;
	uint32_t mask, n;
};

struct pattern_index {
	struct pattern_index *next;
	struct pattern_ref *ref;
	uint8_t method, type; /* type: of the values */
	bool icase;
	bool by_key;                       /* nothing of its own: ref->by_key serves */
	struct pattern_table table;        /* exact texts, prefixes, networks, single numbers */
	struct pattern_node *list, **tail; /* what must be tried one by one, in order */
	uint32_t *lengths, nlengths; /* how many prefixes have which length; networks: by family and bits */
	uint32_t loose;              /* items of the list */
	char *bulk;                  /* items of a file's entries, one behind the other; or NULL */
};

struct pattern_ref {
	const struct pattern_file *file;
	pattern_lock lock;
	struct pattern_entry *first, *last;
	struct pattern_table by_key;
	struct pattern_index *indexes;
	struct pattern_entry *bulk; /* those of the file */
	uint32_t current, next, count;
	uint64_t last_id;
};

/* pattern_index.c */
/* Puts an entry into an index; false with a message when it does not suit, or memory is out. */
bool pattern_index_insert(struct pattern_index *index, struct pattern_entry *entry, char *message);
/* The entries of the file, in one piece of memory; those that do not suit (host names without an address) are
 * passed over. False when memory is out, and then none was put in. */
bool pattern_index_fill(struct pattern_index *index);
/* Takes an item out of its index and frees it. */
void pattern_item_free(struct pattern_item *item);
void pattern_index_free(struct pattern_index *index);
bool pattern_table_add(struct pattern_table *t, struct pattern_node *node);
/* Room for n nodes: what follows need not grow. */
bool pattern_table_reserve(struct pattern_table *t, uint32_t n);
void pattern_table_remove(struct pattern_table *t, struct pattern_node *node);
/* Whether a value suits the type; else a message. */
bool pattern_value_check(enum smp_type type, struct str value, char *message);

#endif
