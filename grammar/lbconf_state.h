/* Behind the public header: what its opaque types are. For the files of liblbconf, and for programs of this
 * house that go on from a loaded configuration to the evaluator. */
#ifndef LB_GRAMMAR_LBCONF_STATE_H
#define LB_GRAMMAR_LBCONF_STATE_H

#include "grammar/facts.h"
#include "grammar/lbconf.h"
#include "grammar/policy.h"

struct lbconf_options {
	struct load_options load;
	struct policy policy;
};

struct lbconf_diag {
	const struct lbconf *conf;
	const struct diag *diag;
	char code[16];
};

struct lbconf_setting {
	const struct lbconf *conf;
	const struct fact *fact;
};

struct lbconf_section {
	const struct lbconf *conf;
	const struct fact_object *object;
	struct lbconf_setting *settings;
	uint32_t n;
};

struct lbconf {
	struct loaded *loaded;
	struct facts *facts; /* NULL until somebody asks */
	int compat;
	struct lbconf_diag *diags;       /* one for each of loaded->diags */
	struct lbconf_section *sections; /* one for each of facts->objects */
};

/* For the evaluator: borrowed. */
static inline const struct loaded *lbconf_loaded(const struct lbconf *conf)
{
	return conf->loaded;
}

/* lbconf_diff() with more to say about each difference. */
struct lbconf_text lbconf_diff_noted(const struct lbconf *old, const struct lbconf *conf, bool json, bool *differs,
				     const struct fact_notes *notes);

/* What was written, with a NUL behind it, whose memory it takes; nothing when it did not fit into memory. */
struct lbconf_text lbconf_take(struct out *o);
/* Runs what may run out of memory: false then. */
bool lbconf_guard(const struct lbconf *conf, void (*run)(void *arg), void *arg);

#endif
