/* What a fuzz target is: one function that takes bytes and survives, with whatever it finds out about them stated as
 * a FUZZ_DEMAND. libFuzzer's main drives it (configure --enable-fuzzing with clang), or replay.c does, which
 * `make check` runs over tests/fuzz/corpus/. */
#ifndef LB_TESTS_FUZZ_H
#define LB_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_DEMAND(what)                                                                                              \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                             \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

#endif
