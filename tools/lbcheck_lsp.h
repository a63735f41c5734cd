/* Between the parts of the language server: a document, places in it, and what is asked about them. One thread.
 */
#ifndef LB_TOOLS_LBCHECK_LSP_H
#define LB_TOOLS_LBCHECK_LSP_H

#include <jansson.h>

#include "tools/lbcheck.h"

struct lsp_document {
	char *uri, *text;
	size_t len;
	struct lbconf *conf; /* of the text as it is now */
	struct lsp_document *next;
};

/* A line of a document, without its end, and a byte in it. */
struct lsp_cursor {
	const char *line;
	size_t len, at;
	uint32_t number; /* from 0 */
};

/* Where a position ({"line", "character"}, characters in UTF-16 units) points; what lies beyond the text is its
 * end. */
struct lsp_cursor lsp_cursor(const struct lsp_document *d, const json_t *position);
/* A range of the protocol for bytes [offset, offset + length) of the text. New reference. */
json_t *lsp_range(const struct lsp_document *d, uint32_t offset, uint32_t length);
/* The word around the cursor: its length, and *word. */
size_t lsp_word(const struct lsp_cursor *c, const char **word);
/* The section that holds a line, or NULL. */
const struct lbconf_section *lsp_section(const struct lsp_document *d, uint32_t line);

/* Answers; new references. */
json_t *lsp_diagnostics(const struct lsp_document *d);
json_t *lsp_hover(const struct lsp_document *d, const json_t *position);
json_t *lsp_completion(const struct lsp_document *d, const json_t *position);
json_t *lsp_definition(const struct lsp_document *d, const json_t *position);
json_t *lsp_actions(const struct lsp_document *d, const json_t *range);
json_t *lsp_formatting(const struct lsp_document *d);

#endif
