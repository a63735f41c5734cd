/* Memory for nghttp2: a worker's free lists of pieces by size, so that steady traffic allocates nothing. */
#ifndef LB_HTTP_H2_MEM_H
#define LB_HTTP_H2_MEM_H

#include <nghttp2/nghttp2.h>

struct h2_mem;

/* NULL: no memory. */
struct h2_mem *h2_mem_new(void);
/* Only when nothing of it is in use. */
void h2_mem_free(struct h2_mem *m);
/* For nghttp2_session_server_new3() and the like; lives as long as `m`. */
nghttp2_mem *h2_mem_nghttp2(struct h2_mem *m);

#endif
