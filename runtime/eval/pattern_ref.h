/* Patterns that may change while traffic runs: one object per file name, shared by every ACL and map that names
 * it and by all workers. Entries stand in the order in which they came; each belongs to a version: only those
 * of the current one match, others are being prepared. Every function may be called by any thread: a read-write
 * lock per object. Management manual, section 9.3, "show map" and its kin. */
#ifndef LB_EVAL_PATTERN_REF_H
#define LB_EVAL_PATTERN_REF_H

#include "runtime/eval/sample.h"

struct out;
struct pattern_ref;
struct pattern_index;
struct pattern_refs; /* all of one model: shared by its engines, which count references */

/* NULL when memory is out. m must outlive it. */
struct pattern_refs *pattern_refs_new(const struct model *m);
struct pattern_refs *pattern_refs_retain(struct pattern_refs *refs);
void pattern_refs_release(struct pattern_refs **refs);
/* Those that the engine matches with. */
struct pattern_refs *eval_engine_patterns(const struct eval_engine *en);

/* By "#ID" or the file's name; NULL when there is none. */
struct pattern_ref *pattern_ref_find(struct pattern_refs *refs, struct str name);
/* The object of a file of the model. */
struct pattern_ref *pattern_ref_of(struct pattern_refs *refs, const struct pattern_file *file);
/* What it is called and used for; constant. */
const struct pattern_file *pattern_ref_file(const struct pattern_ref *ref);

struct pattern_ref_state {
	uint32_t current, next; /* versions: the one that matches, the last one that was prepared */
	uint32_t count;         /* entries of all versions */
};
struct pattern_ref_state pattern_ref_state(struct pattern_ref *ref);

enum pattern_result {
	PATTERN_DONE,
	PATTERN_NOT_FOUND,
	PATTERN_BAD,    /* key or value do not suit every use: the message says it in HAProxy's words */
	PATTERN_VERSION /* not prepared, or over */
};
enum { PATTERN_CURRENT = UINT32_MAX, PATTERN_MESSAGE = 256 };

/* Appends an entry to a version (PATTERN_CURRENT: that one); equal keys may stand several times. message: room
 * for PATTERN_MESSAGE bytes, or NULL. BAD also when memory is out. */
enum pattern_result pattern_ref_add(struct pattern_ref *ref, uint32_t version, struct str key, struct str value,
				    char *message);
/* Gives every entry of that key in the current version this value. */
enum pattern_result pattern_ref_set(struct pattern_ref *ref, struct str key, struct str value, char *message);
/* Sets when there is such a key, else adds (action set-map). */
enum pattern_result pattern_ref_put(struct pattern_ref *ref, struct str key, struct str value, char *message);
/* Removes every entry of that key from the current version. */
enum pattern_result pattern_ref_delete(struct pattern_ref *ref, struct str key);
/* The same for one entry, by the id that a walk shows. */
enum pattern_result pattern_ref_set_id(struct pattern_ref *ref, uint64_t id, struct str value, char *message);
enum pattern_result pattern_ref_delete_id(struct pattern_ref *ref, uint64_t id);
/* Removes all entries of a version. */
void pattern_ref_clear(struct pattern_ref *ref, uint32_t version);
/* A new, empty version. */
uint32_t pattern_ref_prepare(struct pattern_ref *ref);
/* From now on that version matches; those before it go. */
enum pattern_result pattern_ref_commit(struct pattern_ref *ref, uint32_t version);

/* Entries of a version in order, under the lock: fn must not call back. False from fn ends the walk. */
void pattern_ref_walk(struct pattern_ref *ref, uint32_t version,
		      bool (*fn)(void *ctx, uint64_t id, struct str key, struct str value), void *ctx);

/* --- looking up, by the evaluator */

/* How one ACL or map compares with the entries: made once per object and method. NULL when memory is out. type:
 * of a map's values, SMP_STR when there are none. Before traffic runs. */
struct pattern_index *pattern_index_get(struct pattern_ref *ref, enum match_method method, bool icase,
					enum smp_type type);

struct pattern_hit {
	struct str key, value; /* in scratch memory */
	const size_t *groups;  /* of a regular expression, as in regex_exec() */
	uint32_t ngroups;
};
/* The entry that decides: the longest network or prefix, else the first. The sample must have the type that the
 * method wants. hit may be NULL. */
bool pattern_index_find(struct eval *e, struct pattern_index *index, const struct sample *s,
			struct pattern_hit *hit);
/* "type=str, case=sensitive, found=..." of every use, as `get map` and `get acl` show it; what is printed per
 * use. */
void pattern_ref_explain(struct eval *e, struct pattern_ref *ref, struct str text, bool map, struct out *out);

#endif
