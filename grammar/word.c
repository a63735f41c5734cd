/* Words of the tree: from decoded bytes back to the source, and the second reading that addresses get. */
#include "grammar/tree.h"

struct span word_span(const struct word *w, size_t off, size_t len)
{
	/* Side by side, a corrected word may be longer than what it corrects. */
	size_t end = w->map ? w->text.len : w->span.len;
	uint32_t from, to;

	if (off > end)
		off = end;
	if (len > end - off)
		len = end - off;
	if (!w->map) {
		from = w->span.off + (uint32_t)off;
		to = from + (uint32_t)len;
	} else {
		from = w->map[off];
		to = w->map[off + len];
		/* Bytes of one variable all stem from the same place: reach to its end. */
		for (size_t i = off + len; len && to <= from && i < w->text.len;)
			to = w->map[++i];
	}
	return (struct span){w->span.source, from, to > from ? to - from : 0};
}

const struct word *word_as_address(const struct tree *t, const struct word *w)
{
	const struct word *address = NULL;

	if (t->addresses.count)
		address = map_get(&t->addresses, str_make((const char *)&w, sizeof(w)));
	return address ? address : w;
}
