/* Heads in the sizes that HAProxy gives them: it keeps a message in a buffer as blocks one behind the other, one for the
 * start line, one for each field, one for the end of the head. We do not, but how much fits is for it to say. Bytes of the body that
 * came along take room there as well; here they do not, for how many come along is a matter of chance. Pure; any thread. */
#ifndef LB_EVAL_HTX_SIZE_H
#define LB_EVAL_HTX_SIZE_H

#include "runtime/eval/message.h"

enum {
	HTX_BUFFER_HEAD = 48, /* bytes of the buffer before the blocks */
	HTX_BLOCK_HEAD = 8    /* of each block, at the other end */
};

/* Bytes of the start line's block. */
uint32_t htx_line_size(const struct http_msg *m);
/* Bytes that the head takes of a buffer's tune.bufsize - HTX_BUFFER_HEAD. Of fields that are gone the empty block stays. */
uint32_t htx_head_used(const struct http_msg *m);
/* The version as the start line has it. */
struct str htx_version(const struct http_msg *m);

#endif
