/* Helpers of every step of a compilation. */
#include "grammar/compile.h"

struct conf_pos compile_pos(const struct compile *c, struct span span)
{
	if (!span.source || !c->sources)
		return (struct conf_pos){0, 0};
	return (struct conf_pos){span.source, sources_position(c->sources, span.source, span.off).line};
}
