/* Byte spans into the sources of one compilation. Lines and columns are computed when printing (text.h). */
#ifndef LB_GRAMMAR_SPAN_H
#define LB_GRAMMAR_SPAN_H

#include <stdint.h>

/* source: 1 + index into struct sources; 0: nowhere (built in, command line). off and len in bytes. */
struct span {
	uint32_t source, off, len;
};

#define SPAN_NONE ((struct span){ 0, 0, 0 })

/* From the first byte of a to the last of b (same source; a when it is not). */
static inline struct span span_join(struct span a, struct span b)
{
	uint32_t end = b.off + b.len;

	if (a.source != b.source || end < a.off)
		return a;
	return (struct span){ a.source, a.off, end - a.off };
}

static inline struct span span_sub(struct span s, uint32_t off, uint32_t len)
{
	return (struct span){ s.source, s.off + off, len };
}

#endif
