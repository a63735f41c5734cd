/* See file.h. Not by stdio, whose buffers would keep pieces of private keys. */
#include "runtime/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct content {
	char *text;
	size_t len, cap; /* cap: more than len by the NUL */
};

/* Files of /proc do not say how long they are: those grow. */
static bool grow(struct content *c, size_t limit)
{
	size_t cap = c->cap < limit / 2 ? c->cap * 2 + 4096 : limit + 2;
	char *text = realloc(c->text, cap);

	if (!text)
		return false;
	c->text = text;
	c->cap = cap;
	return true;
}

/* 0 or what went wrong. One byte more than is expected tells that there is no more. */
static int content_read(int fd, size_t expected, size_t limit, struct content *c)
{
	ssize_t n;

	c->cap = expected + 2;
	c->text = malloc(c->cap);
	if (!c->text)
		return ENOMEM;
	do {
		if (c->len + 1 == c->cap && !grow(c, limit))
			return ENOMEM;
		n = read(fd, c->text + c->len, c->cap - 1 - c->len);
		c->len += n > 0 ? (size_t)n : 0;
		if (c->len > limit)
			return EFBIG;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return 0;
}

char *file_read(const char *path, size_t limit, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	struct content c = {0};
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		st.st_size = 0;
	error = (uint64_t)st.st_size > limit ? EFBIG : content_read(fd, (size_t)st.st_size, limit, &c);
	close(fd);
	if (error) {
		free(c.text);
		errno = error;
		return NULL;
	}
	c.text[c.len] = 0;
	*len = c.len;
	return c.text;
}
