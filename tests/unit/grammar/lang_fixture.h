/* A compilation of one text for tests of the small languages: words cut at blanks (quotes join), a proxy,
 * diagnostics. */
#ifndef LB_TESTS_LANG_FIXTURE_H
#define LB_TESTS_LANG_FIXTURE_H

#include "grammar/lang.h"

struct fixture {
	struct compile c;
	struct arena *arena, *model_arena;
	struct sources sources;
	struct diags diags;
	struct model model;
	struct load_options options;
	struct proxy_conf proxy, backend;
	struct server_conf server;
	struct userlist_conf userlist;
	struct lang_scope scope;
	struct word *words;
	uint32_t nwords;
};

void fixture_start(struct fixture *f);
void fixture_stop(struct fixture *f);
/* Cuts a line into f->words. */
void fixture_words(struct fixture *f, const char *line);
/* The n-th diagnostic's source text under its primary span. */
const char *fixture_span(struct fixture *f, uint32_t n);
/* The diagnostics since the last call, one per line: "CODE-READABLE-NAME: message [span] {haproxy}". */
const char *fixture_diags(struct fixture *f);

#endif
