/* What goes out: a queue of slices for writev(2). A head that nobody changed is one slice of the buffer it came
 * in; otherwise the lines that are as they came stay slices and the others are written anew into scratch
 * memory. The bytes that a queue points to must stay where they are until it is empty. Owned by the stream; one
 * thread. */
#ifndef LB_HTTP_H1_WRITE_H
#define LB_HTTP_H1_WRITE_H

#include <sys/uio.h>

#include "grammar/base/map.h"
#include "runtime/eval/message.h"

enum { H1_OUT_IOV = 24 };

struct h1_out {
	struct scratch *scratch;
	struct iovec iov[H1_OUT_IOV];
	uint16_t n, first;                 /* iov[first] to iov[n - 1] are to be sent */
	const struct map *adjust;          /* letter case of names (h1-case-adjust), or NULL */
	bool failed;                       /* no memory: what is queued is not all */
	size_t bytes;                      /* still queued */
	char *copy_room, *copy, *copy_end; /* for short pieces; used again whenever the queue is empty */
};

void h1_out_init(struct h1_out *o, struct scratch *scratch);
/* Queues bytes that stay where they are. */
void h1_out_slice(struct h1_out *o, const char *data, size_t len);
/* Queues a copy. */
void h1_out_copy(struct h1_out *o, struct str text);
/* The size line of a chunk, the line end behind one, the last chunk without its trailer section (RFC 9112
 * section 7.1). */
void h1_out_chunk_size(struct h1_out *o, uint64_t size);
/* n bytes have been sent. */
void h1_out_sent(struct h1_out *o, size_t n);
static inline bool h1_out_empty(const struct h1_out *o)
{
	return o->bytes == 0;
}

/* Queues the head of a message; `connection` is the value of a Connection field to be added at the end, or
 * empty. */
void h1_write_head(struct h1_out *o, struct http_msg *m, struct str connection);
/* Queues the fields of a trailer section and the empty line behind it. */
void h1_write_trailers(struct h1_out *o, struct http_msg *m);

#endif
