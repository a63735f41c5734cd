/* Rings: lines one behind the other in a circle of bytes, each with its length in front. A mutex per ring, held
 * for the time of one copy. Readers are woken by an ev_async of theirs, at most once until they have read
 * everything. The rings of a process are made before its workers run and freed after. */
#include "runtime/log/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 4 };

/* What a backing file begins with; the lines follow. */
struct ring_file {
	char magic[8];
	uint64_t size, first, end;
	char reserved[40];
};
_Static_assert(sizeof(struct ring_file) == 72, "the manual speaks of a header; HAProxy's has 72 bytes");

/* --- life */

static void ring_begin(struct ring *r, struct str name, struct str description, uint64_t size, uint64_t max_len)
{
	memset(r, 0, sizeof(*r));
	r->name = name;
	r->description = description;
	r->size = size;
	r->max_len = max_len < size - HEAD ? max_len : size - HEAD;
	list_init(&r->readers);
	pthread_mutex_init(&r->lock, NULL);
}

bool ring_init(struct ring *r, struct str name, struct str description, uint64_t size, uint64_t max_len)
{
	ring_begin(r, name, description, size, max_len);
	r->area = malloc(size);
	return r->area != NULL;
}

static void keep_old(const char *path)
{
	char bak[4096];
	struct stat st;

	if (stat(path, &st) || !st.st_size || snprintf(bak, sizeof(bak), "%s.bak", path) >= (int)sizeof(bak))
		return;
	unlink(bak);
	if (rename(path, bak))
		return; /* so be it: the manual has it that this is ignored */
}

bool ring_init_file(struct ring *r, struct str name, struct str description, uint64_t size, uint64_t max_len,
		    const char *path)
{
	struct ring_file *file = MAP_FAILED;
	int fd, error;

	ring_begin(r, name, description, size - sizeof(*file), max_len);
	keep_old(path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	error = ftruncate(fd, 0) ? errno : posix_fallocate(fd, 0, (off_t)size);
	if (!error) {
		file = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		error = errno;
	}
	close(fd);
	errno = error;
	if (file == MAP_FAILED)
		return false;
	r->map = file;
	r->map_size = size;
	memcpy(file->magic, "lbdring1", 8);
	file->size = r->size;
	r->area = (char *)(file + 1);
	return true;
}

void ring_free(struct ring *r)
{
	if (r->map)
		munmap(r->map, r->map_size);
	else
		free(r->area);
	r->area = NULL;
	r->map = NULL;
	pthread_mutex_destroy(&r->lock);
}

/* --- bytes in the circle */

static void put(struct ring *r, uint64_t at, const void *data, size_t n)
{
	uint64_t off = at % r->size;
	size_t part = n < r->size - off ? n : (size_t)(r->size - off);

	if (part)
		memcpy(r->area + off, data, part);
	if (n > part)
		memcpy(r->area, (const char *)data + part, n - part);
}

static void get(const struct ring *r, uint64_t at, void *data, size_t n)
{
	uint64_t off = at % r->size;
	size_t part = n < r->size - off ? n : (size_t)(r->size - off);

	if (part)
		memcpy(data, r->area + off, part);
	if (n > part)
		memcpy((char *)data + part, r->area, n - part);
}

static void append(struct ring *r, uint64_t at, size_t n, struct out *out)
{
	uint64_t off = at % r->size;
	size_t part = n < r->size - off ? n : (size_t)(r->size - off);

	out_bytes(out, r->area + off, part);
	if (n > part)
		out_bytes(out, r->area, n - part);
}

static uint32_t length_at(const struct ring *r, uint64_t at)
{
	uint32_t n;

	get(r, at, &n, sizeof(n));
	return n;
}

/* --- writing */

/* Where the last reader that holds is; UINT64_MAX: none. */
static uint64_t held_from(const struct ring *r)
{
	uint64_t at = UINT64_MAX;

	for (const struct list *node = r->readers.next; node != &r->readers; node = node->next) {
		const struct ring_reader *reader = LIST_OF(node, struct ring_reader, node);

		if (reader->holds && reader->at < at)
			at = reader->at;
	}
	return at;
}

static bool room_make(struct ring *r, uint64_t need)
{
	uint64_t held = held_from(r);

	while (r->size - (r->end - r->first) < need) {
		if (r->first >= held)
			return false;
		r->first += HEAD + length_at(r, r->first);
	}
	return true;
}

static void readers_wake(struct ring *r)
{
	for (struct list *node = r->readers.next; node != &r->readers; node = node->next) {
		struct ring_reader *reader = LIST_OF(node, struct ring_reader, node);

		if (reader->told)
			continue;
		reader->told = true;
		ev_async_send(reader->loop, &reader->wake);
	}
}

static void file_note(struct ring *r)
{
	struct ring_file *file = r->map;

	if (!file)
		return;
	file->first = r->first;
	file->end = r->end;
}

bool ring_write(struct ring *r, const struct iovec *iov, int n)
{
	uint64_t at, left;
	uint32_t size;
	size_t all = 0;
	bool ok;

	for (int i = 0; i < n; i++)
		all += iov[i].iov_len;
	size = (uint32_t)(all < r->max_len ? all : r->max_len);
	pthread_mutex_lock(&r->lock);
	ok = room_make(r, HEAD + (uint64_t)size);
	if (ok) {
		put(r, r->end, &size, HEAD);
		at = r->end + HEAD;
		left = size;
		for (int i = 0; i < n && left; i++) {
			size_t part = iov[i].iov_len < left ? iov[i].iov_len : (size_t)left;

			put(r, at, iov[i].iov_base, part);
			at += part;
			left -= part;
		}
		r->end = at;
		file_note(r);
		readers_wake(r);
	}
	pthread_mutex_unlock(&r->lock);
	return ok;
}

/* --- reading */

void ring_attach(struct ring *r, struct ring_reader *reader, struct ev_loop *loop, bool at_end, bool holds,
		 void (*woken)(struct ev_loop *, ev_async *, int), void *data)
{
	reader->ring = r;
	reader->loop = loop;
	reader->holds = holds;
	reader->told = false;
	ev_async_init(&reader->wake, woken);
	reader->wake.data = data;
	ev_async_start(loop, &reader->wake);
	pthread_mutex_lock(&r->lock);
	reader->at = at_end ? r->end : r->first;
	list_append(&r->readers, &reader->node);
	pthread_mutex_unlock(&r->lock);
}

void ring_detach(struct ring_reader *reader)
{
	if (!reader->ring)
		return;
	pthread_mutex_lock(&reader->ring->lock);
	list_remove(&reader->node);
	pthread_mutex_unlock(&reader->ring->lock);
	ev_async_stop(reader->loop, &reader->wake);
	reader->ring = NULL;
}

bool ring_next(struct ring_reader *reader, struct out *line)
{
	struct ring *r = reader->ring;
	bool any;

	pthread_mutex_lock(&r->lock);
	if (reader->at < r->first)
		reader->at = r->first; /* it did not hold, and was too slow */
	any = reader->at < r->end;
	if (any) {
		uint32_t n = length_at(r, reader->at);

		line->len = 0;
		append(r, reader->at + HEAD, n, line);
		reader->at += HEAD + (uint64_t)n;
	} else {
		reader->told = false;
	}
	pthread_mutex_unlock(&r->lock);
	return any;
}
