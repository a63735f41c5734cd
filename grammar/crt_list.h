/* Files of crt-list: a certificate a line, perhaps with options in brackets and names for which it is (manual, bind option
 * "crt-list"). Reading one is a pure function of the text. */
#ifndef LB_GRAMMAR_CRT_LIST_H
#define LB_GRAMMAR_CRT_LIST_H

#include "grammar/base/list.h"
#include "grammar/base/out.h"
#include "grammar/model_tls.h"

/* One line. Texts are its own. */
struct crt_line {
	struct list node; /* list->lines */
	char *text;	  /* memory of all the words */
	struct str crt;
	bool misplaced;	  /* words between certificate and options, which count for nothing */
	bool bracketed;	  /* there were brackets, perhaps with nothing between them */
	struct tls_conf conf;
	struct str *filters;
	uint32_t nfilters, number;
	char *joined[3]; /* memory of names of authorities behind ca-base */
};

struct crt_list {
	struct list node; /* world->lists */
	char *path;
	bool directory;
	struct list lines;
	uint32_t last; /* number of the last line that there ever was */
};

enum { CRT_LIST_LIMIT = 64 << 20 };

/* An empty list of that name, which is copied. NULL: no memory. */
struct crt_list *crt_list_new(const char *path);
void crt_list_free(struct crt_list **l);
/* Reads a whole text. False: `error` says "parsing [path:line]: what". */
bool crt_list_parse(struct crt_list *l, struct str text, struct out *error);
/* Reads one line without its end; *line NULL for an empty one or a comment. path NULL: of the control socket, which knows no
 * comments. */
bool crt_line_parse(struct str text, const char *path, uint32_t number, struct crt_line **line, struct out *error);
/* A line that names a certificate and says nothing else. */
struct crt_line *crt_line_plain(struct str crt);
void crt_line_free(struct crt_line **line);

#endif
