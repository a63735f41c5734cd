/* What holds without any line: HAProxy's built-in values (manual, sections 3, 4.2, 5.1 and 5.2). Pure. */
#ifndef LB_GRAMMAR_MODEL_PRESET_H
#define LB_GRAMMAR_MODEL_PRESET_H

#include "grammar/model.h"

void model_preset_global(struct global_conf *g);
/* Of a proxy of all zeroes. */
void model_preset_proxy(struct proxy_conf *px);
void model_preset_server(struct server_conf *s);
void model_preset_bind(struct bind_conf *b);

#endif
