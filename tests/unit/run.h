/*
 * How a program of unit tests ends: it runs its one suite, as CK_VERBOSITY says, and its exit status tells
 * whether all was well. Every test has a process of its own, so that a crash is one failure; what needs threads
 * or sockets that outlive a fork runs in this one.
 */
#ifndef TESTS_UNIT_RUN_H
#define TESTS_UNIT_RUN_H

#include <check.h>
#include <stdlib.h>

static inline int unit_run_with(Suite *suite, enum fork_status forks)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_fork_status(runner, forks);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Main's return value; the suite is freed. CK_FORK=no keeps to one process, for debuggers. */
static inline int unit_run(Suite *suite)
{
	return unit_run_with(suite, CK_FORK_GETENV);
}

/* The same, without processes of their own. */
static inline int unit_run_here(Suite *suite)
{
	return unit_run_with(suite, CK_NOFORK);
}

#endif
