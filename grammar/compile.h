/* The state of one compilation, handed through every step of the compiling half. One thread. */
#ifndef LB_GRAMMAR_COMPILE_H
#define LB_GRAMMAR_COMPILE_H

#include "grammar/diag.h"
#include "grammar/load.h"
#include "grammar/model.h"
#include "grammar/text.h"
#include "grammar/tree.h"

/* Where relative names of files start: place.h. */
enum { PLACES_CURRENT, PLACES_CONFIG, PLACES_PARENT, PLACES_ORIGIN };
struct file_places {
	uint8_t policy;
	uint32_t source;           /* of the lines that are read */
	struct str origin, folder; /* folder: goes in front of relative names; empty: nothing does */
};

struct compile {
	struct arena *arena;  /* goes after checking: tree, diagnostics, scratch */
	struct sources *sources;
	struct diags *diags;
	struct tree *tree;
	struct model *model;  /* being built, in model->arena */
	const struct load_options *options;
	struct map exprs;     /* canonical text -> struct sample_expr, see sample_intern() */
	struct map vars;      /* "scope.name" -> struct var_ref */
	struct map regexes;
	struct file_places places;
	struct lang_state *lang; /* of lang.c: predefined ACLs, references to resolve */
};

/* File and line of a span, for the model. */
struct conf_pos compile_pos(const struct compile *c, struct span span);

#endif
