/* Words as a configuration writes them: quoted where they need it, so that reading gives the same bytes back.
 * Pure. */
#ifndef LB_GRAMMAR_QUOTE_H
#define LB_GRAMMAR_QUOTE_H

#include "grammar/base/out.h"

/* Between single quotes in any case, with a blank behind: what was one word stays one. */
void quote_single(struct out *o, struct str word);
/* One word. Any byte but NUL may stand in it. */
void quote_word(struct out *o, struct str word);

#endif
