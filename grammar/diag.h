/* Diagnostics are data: a stable code, a severity, one primary span, labelled secondary spans, notes, and fixes
 * that a program can apply. Renderers (render.h) turn them into text with carets, JSON and so on. Everything lives
 * in the arena of the compilation. One thread.
 *
 * Wording (see CONTRIBUTING.md): messages in lower case without a full stop, names in `backticks`; the message says
 * what is wrong, a help says what to do. */
#ifndef LB_GRAMMAR_DIAG_H
#define LB_GRAMMAR_DIAG_H

#include "grammar/base/arena.h"
#include "grammar/base/vec.h"
#include "grammar/span.h"

enum severity { SEV_NOTE, SEV_WARNING, SEV_ERROR };

/* Rows of diag_codes.def: DIAG(name, number, severity, class, "readable-name", "one sentence"). A number is never used again
 * once it was released. Errors print as LBE0201, warnings as LBW0201. */
enum diag_code {
#define DIAG(name, number, severity, class, readable, summary) D_##name,
#include "grammar/diag_codes.def"
#undef DIAG
	D_COUNT
};

/* Classes for -W options; rows of diag_classes.def. */
enum diag_class {
#define DIAG_CLASS(name, readable, on_by_default, summary) DC_##name,
#include "grammar/diag_classes.def"
#undef DIAG_CLASS
	DC_COUNT
};

struct diag_code_info {
	const char *readable, *summary;
	uint16_t number;
	enum severity severity;
	enum diag_class class;
};
const struct diag_code_info *diag_code_info(enum diag_code code);

struct diag_class_info {
	const char *readable, *summary;
	bool on_by_default;
};
const struct diag_class_info *diag_class_info(enum diag_class class);

/* How sure a fix is: certain fixes keep the meaning or repair what could not load (--fix); likely ones need a
 * reader (--fix --unsafe). */
enum fix_certainty { FIX_CERTAIN, FIX_LIKELY };

struct diag_edit {
	struct span span; /* replaced; len 0 inserts */
	struct str text;
};

struct diag_label {
	struct span span;
	struct str text;
};

struct diag_fix {
	enum fix_certainty certainty;
	struct str title; /* "replace `balence` by `balance`" */
	VEC(struct diag_edit) edits; /* applied together or not at all */
};

struct diag {
	enum diag_code code;
	enum severity severity;
	struct span span;
	struct str message;
	struct str label;	/* beside the carets; may be empty */
	struct str haproxy;	/* HAProxy's own words for it, or empty: what it prints behind `parsing [file:line] : `
				 * (behind `parsing [file:line]` when they start with a colon) */
	bool haproxy_unplaced;	/* ... or behind `config : `, for words that name no line */
	VEC(struct diag_label) labels;
	VEC(struct str) notes; /* facts and assumptions */
	VEC(struct str) helps; /* what to do */
	VEC(struct diag_fix) fixes;
};

/* More than this many are counted, but not kept. */
enum { DIAGS_MAX = 10000 };

struct diags {
	struct arena *arena;
	VEC(struct diag *) list;
	uint32_t errors, warnings; /* dropped ones included */
	uint32_t dropped;
	struct diag *spare; /* takes what is dropped */
};

/* Appends a diagnostic with the code's own severity. The result can be decorated by the functions below; each
 * returns its argument so that calls can be chained. */
struct diag *diag_add(struct diags *d, enum diag_code code, struct span span, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
struct diag *diag_label(struct diags *d, struct diag *g, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
struct diag *diag_also(struct diags *d, struct diag *g, struct span span, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
struct diag *diag_note(struct diags *d, struct diag *g, const char *format, ...) __attribute__((format(printf, 3, 4)));
struct diag *diag_help(struct diags *d, struct diag *g, const char *format, ...) __attribute__((format(printf, 3, 4)));
struct diag *diag_haproxy(struct diags *d, struct diag *g, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* For words that HAProxy prints without file and line ("Proxy 'f': unable to find ..."). */
struct diag *diag_haproxy_unplaced(struct diags *d, struct diag *g, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A fix of one edit. More edits: push to the fix's edits. */
struct diag_fix *diag_fix(struct diags *d, struct diag *g, enum fix_certainty certainty, struct span span,
			  struct str text, const char *title, ...) __attribute__((format(printf, 6, 7)));
/* Sorted by source and offset of the primary span; stable. Before rendering. */
void diags_sort(struct diags *d);

#endif
