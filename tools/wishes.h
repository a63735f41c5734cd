/* Requests that a configuration has an opinion about, made of what its rules look for: paths, hosts, methods,
 * header fields, addresses. For `lbcheck diff`, which plays each of them in two configurations. Everything
 * lives in the caller's arena; names and texts of the models are borrowed. One thread. */
#ifndef LB_TOOLS_WISHES_H
#define LB_TOOLS_WISHES_H

#include "grammar/base/map.h"
#include "grammar/base/vec.h"
#include "grammar/model.h"

enum { WISHES_MAX = 20000, WISH_HEADERS = 6 };

struct wish {
	const struct bind_conf *bind;              /* that it was made for; of one of the two models */
	struct str method, host, path, query, src; /* empty: nobody asks for it */
	struct str headers[WISH_HEADERS];          /* "Name: value" */
	uint32_t nheaders;
};

struct wishes {
	struct arena *arena;
	VEC(struct wish) v;
	struct map seen; /* text -> anything */
	bool cut;        /* there would be more than WISHES_MAX */
};

/* Adds those of `m`, each once; other: the model that it is compared with (pattern files and maps may be long:
 * what differs between the two comes first). */
void wishes_add(struct wishes *w, const struct model *m, const struct model *other);
/* As words behind `lbcheck trace FILE --`. In the arena. */
struct str wish_text(struct arena *a, const struct wish *w);

/* A text that a regular expression of the simple kind matches, or something close to it. Of alternatives the
 * one of that number is taken, or the last. In the arena. */
struct str wish_of_regex(struct arena *a, struct str regex, uint32_t branch);

#endif
