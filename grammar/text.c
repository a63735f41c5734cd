/* Sources of one compilation: reading files, and turning byte offsets into lines and columns. The table of line
 * starts is made when the first position is asked for, so a clean configuration never pays for it. One thread.
 */
#include "grammar/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_FIRST = 1 << 16, READ_MAX = 128 << 20 };

/* A file being read into the arena: buf has room for cap bytes, and a NUL behind them. */
struct reading {
	char *buf;
	size_t len, cap, limit;
};

uint32_t sources_add(struct sources *s, struct str name, struct str text, bool copy)
{
	struct source *src;

	if (text.len >= UINT32_MAX) {
		errno = EFBIG;
		return 0;
	}
	src = *vec_push(s->arena, &s->list) = ARENA_NEW(s->arena, struct source);
	src->name = arena_str(s->arena, name);
	src->text = copy ? arena_str(s->arena, text) : text;
	return s->list.n;
}

/* Room for more; false and errno when there is none. */
static bool reading_grow(struct arena *a, struct reading *r, size_t cap)
{
	char *p;

	if (r->len > r->limit) {
		errno = EFBIG;
		return false;
	}
	if (cap > r->limit)
		cap = r->limit;
	p = arena_try_alloc(a, cap + 1);
	if (!p) {
		errno = ENOMEM;
		return false;
	}
	if (r->len)
		memcpy(p, r->buf, r->len);
	r->buf = p;
	r->cap = cap;
	return true;
}

/* Reads fd to its end. A pipe or a file of /proc has no size, and a file may grow meanwhile: the size is a
 * hint. */
static bool reading_run(struct arena *a, struct reading *r, int fd, size_t hint)
{
	ssize_t n;

	if (!reading_grow(a, r, hint ? hint : READ_FIRST))
		return false;
	for (;;) {
		/* One byte more than the hint says tells the end without another block. */
		n = read(fd, r->buf + r->len, r->cap + 1 - r->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		r->len += (size_t)n;
		if (r->len > r->cap && !reading_grow(a, r, r->cap * 2))
			return false;
	}
}

uint32_t sources_add_file(struct sources *s, const char *path)
{
	return sources_add_file_as(s, path, path);
}

bool text_read(struct arena *a, int fd, size_t limit, struct str *text)
{
	struct reading r = {.limit = limit};
	struct stat st;

	if (fstat(fd, &st))
		return false;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return false;
	}
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > limit) {
		errno = EFBIG;
		return false;
	}
	if (!reading_run(a, &r, fd, S_ISREG(st.st_mode) ? (size_t)st.st_size : 0))
		return false;
	r.buf[r.len] = '\0';
	*text = str_make(r.buf, r.len);
	return true;
}

uint32_t sources_add_file_as(struct sources *s, const char *name, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;
	struct str text;
	bool ok;

	if (fd < 0)
		return 0;
	ok = text_read(s->arena, fd, READ_MAX, &text);
	error = errno;
	close(fd);
	errno = error;
	return ok ? sources_add(s, str_from(name), text, false) : 0;
}

const struct source *sources_get(const struct sources *s, uint32_t source)
{
	return source && source <= s->list.n ? s->list.v[source - 1] : NULL;
}

/* line_starts gets one entry more than there are lines: the end of the text. What follows the last line end
 * counts as a line of its own when it is not empty. */
static void source_index(struct arena *a, struct source *src)
{
	const char *p = src->text.ptr, *end = p + src->text.len;
	uint32_t n = 1, i = 0;

	for (const char *q = p; q < end && (q = memchr(q, '\n', (size_t)(end - q))); q++)
		n++;
	src->line_starts = ARENA_ARRAY(a, uint32_t, n + 1);
	src->line_starts[i++] = 0;
	for (const char *q = p; q < end && (q = memchr(q, '\n', (size_t)(end - q))); q++)
		src->line_starts[i++] = (uint32_t)(q + 1 - p);
	if (n > 1 && src->line_starts[n - 1] == src->text.len)
		n--;
	src->line_starts[n] = (uint32_t)src->text.len;
	src->nlines = n;
}

static const struct source *source_indexed(const struct sources *s, uint32_t source)
{
	struct source *src;

	if (!source || source > s->list.n)
		return NULL;
	src = s->list.v[source - 1];
	if (!src->line_starts)
		source_index(s->arena, src);
	return src;
}

struct position sources_position(const struct sources *s, uint32_t source, uint32_t off)
{
	const struct source *src = source_indexed(s, source);
	uint32_t low = 0, high;

	if (!src)
		return (struct position){0, 0};
	if (off > src->text.len)
		off = (uint32_t)src->text.len;
	high = src->nlines; /* line_starts[low] <= off < line_starts[high], or high is behind the last line */
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		if (src->line_starts[mid] <= off)
			low = mid;
		else
			high = mid;
	}
	return (struct position){low + 1, off - src->line_starts[low] + 1};
}

struct str sources_line(const struct sources *s, uint32_t source, uint32_t line)
{
	const struct source *src = source_indexed(s, source);
	struct str text;

	if (!src || !line || line > src->nlines)
		return STR_NONE;
	text = str_sub(src->text, src->line_starts[line - 1],
		       src->line_starts[line] - src->line_starts[line - 1]);
	if (text.len && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (text.len && text.ptr[text.len - 1] == '\r')
		text.len--;
	return text;
}

struct str sources_span(const struct sources *s, struct span span)
{
	const struct source *src = sources_get(s, span.source);

	return src ? str_sub(src->text, span.off, span.len) : STR_NONE;
}
