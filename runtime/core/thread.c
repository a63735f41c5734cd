/* See thread.h. */
#include "runtime/core/thread.h"

#include <pthread.h>

bool thread_detached(void *(*fn)(void *arg), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	bool ok;

	if (pthread_attr_init(&attr))
		return false;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ok = !pthread_create(&thread, &attr, fn, arg);
	pthread_attr_destroy(&attr);
	return ok;
}
