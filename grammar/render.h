/* Renderers: diagnostics as text with carets, as JSON, and in HAProxy's own form. They only read, write to a
 * struct out, and never let a byte of a configuration reach the terminal as a control sequence. Any one thread.
 */
#ifndef LB_GRAMMAR_RENDER_H
#define LB_GRAMMAR_RENDER_H

#include "grammar/base/out.h"
#include "grammar/diag.h"
#include "grammar/text.h"

struct render_options {
	bool color;          /* ANSI colours */
	uint32_t width;      /* of the terminal in columns, for the window into very long lines; 0: 140 */
	uint32_t max;        /* diagnostics to print, 0: all; what is left out is counted in a last line */
	bool haproxy;        /* also HAProxy's own words, where they are known */
	const char *explain; /* command that explains a code ("lbcheck explain"), or NULL for no such line */
	long pid;            /* render_haproxy(): the number in parentheses */
	const char *version; /* render_sarif(): of the program; NULL: "0" */
};

/* Terminal form, as rustc and others made it common: message, excerpt with carets and labels, notes, helps,
 * fixes. The diagnostics should be sorted (diags_sort). */
void render_text(struct out *o, const struct diags *d, const struct sources *s,
		 const struct render_options *options);
/* One JSON object a line and diagnostic, with rustc's field names; offsets count bytes from 0, lines and
 * columns (in characters) from 1. `code` holds the code and its readable name, `haproxy` HAProxy's own words.
 */
void render_json(struct out *o, const struct diags *d, const struct sources *s,
		 const struct render_options *options);
/* What HAProxy would have printed: `[ALERT]    (pid) : config : parsing [file:line] : words`. Diagnostics
 * without words of HAProxy's use their own message. Notes (SEV_NOTE) print as [NOTICE]. */
void render_haproxy(struct out *o, const struct diags *d, const struct sources *s,
		    const struct render_options *options);

/* One SARIF 2.1.0 log of one run, always whole (`max` would make it lie). */
void render_sarif(struct out *o, const struct diags *d, const struct sources *s,
		  const struct render_options *options);
/* `file:line:column: error: message [LBE0201 no-such-thing]`, and a line of kind note for each label, note and
 * help. Columns count characters from 1. */
void render_gcc(struct out *o, const struct diags *d, const struct sources *s,
		const struct render_options *options);
/* Workflow commands that GitHub shows as annotations: `::error file=...,line=...,title=...::message`. */
void render_github(struct out *o, const struct diags *d, const struct sources *s,
		   const struct render_options *options);

/* "LBE0201" or "LBW0201". buf: at least 16 bytes; returns buf. */
char *render_code(char *buf, enum diag_code code, enum severity severity);
/* "error", "warning", "note". */
const char *render_severity(enum severity severity);

#endif
