/* Runs a fuzz target over files and folders instead of libFuzzer: those of the command line, or the target's
 * corpus (tests/fuzz/corpus/NAME below $srcdir). Each input also goes in with some bytes changed, by a
 * generator that always gives the same: -m N tells how often (default 40). Main thread only. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 1 << 20 };

struct replay {
	unsigned mutations, inputs;
	uint64_t dice;
};

static uint32_t dice_roll(struct replay *r, uint32_t sides)
{
	r->dice = r->dice * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(r->dice >> 33) % sides;
}

/* The target gets memory of just the input's size, so that a read behind it is seen. */
static void run_input(struct replay *r, const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	if (size)
		memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	r->inputs++;
}

static size_t mutate(struct replay *r, uint8_t *data, size_t size)
{
	static const uint8_t favourites[] = "\0\r\n\t :;,\"\\/#%{}()0x\x7f\x80\xff";

	for (uint32_t n = 1 + dice_roll(r, 3); n && size; n--) {
		size_t at = dice_roll(r, (uint32_t)size);

		switch (dice_roll(r, 4)) {
		case 0:
			data[at] ^= (uint8_t)(1u << dice_roll(r, 8));
			break;
		case 1:
			data[at] = favourites[dice_roll(r, sizeof(favourites))];
			break;
		case 2:
			memmove(data + at, data + at + 1, size - at - 1);
			size--;
			break;
		default:
			size = at;
		}
	}
	return size;
}

static void run_file(struct replay *r, const char *path)
{
	uint8_t *data = malloc(INPUT_MAX), *copy = malloc(INPUT_MAX);
	FILE *f = fopen(path, "rb");
	size_t size;

	if (!data || !copy || !f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	size = fread(data, 1, INPUT_MAX, f);
	fclose(f);
	run_input(r, data, size);
	for (unsigned i = 0; i < r->mutations; i++) {
		memcpy(copy, data, size);
		run_input(r, copy, mutate(r, copy, size));
	}
	free(data);
	free(copy);
}

static void run_path(struct replay *r, const char *path)
{
	struct dirent **entries;
	struct stat st;
	int n;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		run_file(r, path);
		return;
	}
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	for (int i = 0; i < n; i++) {
		char inside[PATH_MAX];

		if (entries[i]->d_name[0] != '.') {
			snprintf(inside, sizeof(inside), "%s/%s", path, entries[i]->d_name);
			run_path(r, inside);
		}
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	struct replay r = {.mutations = 40, .dice = 1};
	const char *name = strrchr(argv[0], '/'), *srcdir = getenv("srcdir");
	char corpus[PATH_MAX];
	int first = 1;

	if (argc > 2 && !strcmp(argv[1], "-m")) {
		r.mutations = (unsigned)strtoul(argv[2], NULL, 10);
		first = 3;
	}
	snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
		 name ? name + 1 : argv[0]);
	if (first >= argc)
		run_path(&r, corpus);
	for (int i = first; i < argc; i++)
		run_path(&r, argv[i]);
	printf("100%%: Checks: %u, Failures: 0, Errors: 0\n", r.inputs ? 1 : 0);
	printf("%u inputs\n", r.inputs);
	return r.inputs ? 0 : 1;
}
