/* Parking workers. One lock and one condition: workers that are parked, or whose loops are over, are counted;
 * worker 0 waits until those are all others, and the parked ones wait for the end of its turn. Only worker 0
 * ever asks, so that nobody waits for each other; a worker never parks while it holds a lock, because messages
 * are run by the loop itself. Owned by the process. */
#include "runtime/core/isolation.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/core/process.h"

struct isolation {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint32_t parked, left; /* workers; left: their loops are over */
	bool active;
};

struct isolation *isolation_new(void)
{
	struct isolation *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	pthread_mutex_init(&i->lock, NULL);
	pthread_cond_init(&i->moved, NULL);
	return i;
}

void isolation_free(struct isolation **ip)
{
	struct isolation *i = *ip;

	*ip = NULL;
	if (!i)
		return;
	pthread_cond_destroy(&i->moved);
	pthread_mutex_destroy(&i->lock);
	free(i);
}

static void park(struct worker *w, void *arg)
{
	struct isolation *i = arg;

	(void)w;
	pthread_mutex_lock(&i->lock);
	i->parked++;
	pthread_cond_broadcast(&i->moved);
	while (i->active)
		pthread_cond_wait(&i->moved, &i->lock);
	i->parked--;
	pthread_cond_broadcast(&i->moved);
	pthread_mutex_unlock(&i->lock);
}

void isolation_leave(struct worker *w)
{
	struct isolation *i = w->process->isolation;

	pthread_mutex_lock(&i->lock);
	i->left++;
	pthread_cond_broadcast(&i->moved);
	while (i->active)
		pthread_cond_wait(&i->moved, &i->lock);
	pthread_mutex_unlock(&i->lock);
}

/* False: some worker is on its way out already. */
static bool begin(struct isolation *i)
{
	bool all;

	pthread_mutex_lock(&i->lock);
	all = i->left == 0;
	i->active = all;
	pthread_mutex_unlock(&i->lock);
	return all;
}

static void ask(struct process *p)
{
	for (uint32_t k = 1; k < p->nworkers; k++)
		while (!mailbox_post(p->workers[k], park, p->isolation))
			usleep(1000); /* memory comes back: those who are not parked yet run on */
}

/* Until nobody else runs. Those who leave meanwhile wait as well. */
static void await(struct isolation *i, uint32_t others)
{
	pthread_mutex_lock(&i->lock);
	while (i->parked + i->left < others)
		pthread_cond_wait(&i->moved, &i->lock);
	pthread_mutex_unlock(&i->lock);
}

/* Until the last one has gone on, so that the next isolation starts to count from nothing. */
static void release(struct isolation *i)
{
	pthread_mutex_lock(&i->lock);
	i->active = false;
	pthread_cond_broadcast(&i->moved);
	while (i->parked)
		pthread_cond_wait(&i->moved, &i->lock);
	pthread_mutex_unlock(&i->lock);
}

bool isolation_run(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg)
{
	struct process *p = w->process;

	if (!begin(p->isolation))
		return false;
	ask(p);
	await(p->isolation, p->nworkers - 1);
	fn(w, arg);
	release(p->isolation);
	return true;
}
