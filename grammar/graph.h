/* Who sends what to whom: addresses, frontends, conditions, backends and servers as a picture. */
#ifndef LB_GRAMMAR_GRAPH_H
#define LB_GRAMMAR_GRAPH_H

#include "grammar/facts.h"

/* A graph for Graphviz. Backends that no rule reaches are grey; where a rule computes the name, the edge leads
 * to the expression. */
void graph_dot(struct out *o, const struct facts *f);
/* The same as a Mermaid flowchart, which code hosts draw in Markdown. */
void graph_mermaid(struct out *o, const struct facts *f);

#endif
