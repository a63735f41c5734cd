/* Passphrases of keys (manual, section 3.1, "ssl-passphrase-cmd"): a program is asked for them, once for each
 * key that none of those known so far opens. They are kept while a world is loaded and wiped then. The thread
 * that loads it; meanwhile that one waits for the program. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/tls/tls_inside.h"

enum { PHRASES = 64, PHRASE_MAX = PEM_BUFSIZE, ANSWER_SECONDS = 60, ARGUMENTS = 64 };

struct tls_phrases {
	uint32_t n;
	char text[PHRASES][PHRASE_MAX + 1];
};

extern char **environ;

void tls_phrases_free(struct tls_world *w)
{
	if (w->phrases)
		OPENSSL_cleanse(w->phrases, sizeof(*w->phrases));
	free(w->phrases);
	w->phrases = NULL;
}

/* The library's callback. phrase: the one to use, NULL: none; the flag behind it tells that one is wanted. */
struct attempt {
	const char *phrase;
	bool wanted;
};

static int answer(char *buf, int size, int writing, void *user)
{
	struct attempt *a = user;
	size_t len = a->phrase ? strlen(a->phrase) : 0;

	(void)writing;
	a->wanted = true;
	if (!len || len > (size_t)size)
		return -1;
	memcpy(buf, a->phrase, len);
	return (int)len;
}

static EVP_PKEY *try_with(struct str text, struct attempt *a)
{
	BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, answer, a) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

EVP_PKEY *tls_key_read(struct str text)
{
	return try_with(text, &(struct attempt){0});
}

/* What the program writes, up to the end of the line; an answer that does not come is none. */
static bool answer_read(int fd, char *phrase)
{
	size_t len = 0;
	time_t end = time(NULL) + ANSWER_SECONDS;

	while (len < PHRASE_MAX && time(NULL) < end) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, 1000) <= 0)
			continue;
		n = read(fd, phrase + len, PHRASE_MAX - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	phrase[len] = 0;
	phrase[strcspn(phrase, "\r\n")] = 0;
	return *phrase;
}

static bool spawn(char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	bool ok;

	if (posix_spawn_file_actions_init(&actions))
		return false;
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	ok = !posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return ok;
}

/* The program gets the key's path, then what the configuration adds. */
static bool ask(const struct tls_world *w, const char *path, char *phrase)
{
	const struct tls_global_conf *g = &w->model->global.tls;
	char *argv[ARGUMENTS + 3] = {0};
	uint32_t n = 0;
	int fds[2], status = 0;
	bool got = false;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return false;
	vec_each (word, &g->passphrase_cmd) {
		if (n <= ARGUMENTS)
			argv[n++] = (char *)(uintptr_t)word->ptr;
		if (n == 1)
			argv[n++] = (char *)(uintptr_t)path;
	}
	if (spawn(argv, fds[1], &pid)) {
		close(fds[1]);
		fds[1] = -1;
		got = answer_read(fds[0], phrase);
		close(fds[0]);
		fds[0] = -1;
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return got && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

EVP_PKEY *tls_key_open(struct tls_world *w, struct str text, const char *path)
{
	struct attempt a = {0};
	EVP_PKEY *key = try_with(text, &a);
	struct tls_phrases *known;

	if (key || !a.wanted || !w->model->global.tls.passphrase_cmd.n || !w->messages)
		return key;
	if (!w->phrases)
		w->phrases = calloc(1, sizeof(*w->phrases));
	known = w->phrases;
	for (uint32_t i = 0; known && i < known->n && !key; i++)
		key = try_with(text, &(struct attempt){.phrase = known->text[i]});
	if (key || !known || known->n == PHRASES || !ask(w, path, known->text[known->n]))
		return key;
	key = try_with(text, &(struct attempt){.phrase = known->text[known->n]});
	if (key)
		known->n++;
	return key;
}
