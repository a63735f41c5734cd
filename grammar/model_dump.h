/* The model as a configuration: canonical, everything resolved, nothing inherited. Reading the text again gives
 * the same text. Pure, any thread. */
#ifndef LB_GRAMMAR_MODEL_DUMP_H
#define LB_GRAMMAR_MODEL_DUMP_H

#include "grammar/base/out.h"
#include "grammar/model.h"

void model_dump(struct out *o, const struct model *m);
/* The same as JSON, with typed values and where things stand. */
void model_json(struct out *o, const struct model *m);

#endif
