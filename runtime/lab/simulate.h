/* `lbcheck simulate`: one run of a scenario with one algorithm. Time is simulated, and so are the machines; the
 * servers are chosen, waited for and left by the code that lbd runs (backend/balance*.c, queue.c). One thread;
 * runs know nothing of each other. */
#ifndef LB_LAB_SIMULATE_H
#define LB_LAB_SIMULATE_H

#include "runtime/lab/scenario.h"
#include "runtime/lab/tally.h"

enum lab_end {
	END_DONE,
	END_NO_SERVER,
	END_QUEUE_FULL,
	END_QUEUE_TIMEOUT,
	END_REFUSED,
	END_RESET,
	END_SERVER_TIMEOUT,
	END_UNFINISHED,
	LAB_ENDS
};
/* "done", "no server" ... */
const char *lab_end_text(enum lab_end end);

/* What is known of one server afterwards. Times in seconds. */
struct lab_server_result {
	struct str name;
	uint64_t requests, failed; /* those that went there, those of them that failed there */
	double busy;               /* seconds that its workers have worked, all together */
	uint32_t workers;
	double time; /* sum of the times that requests spent there */
	uint32_t peak;
};

struct lab_class_result {
	struct str name;
	struct histogram *times;
};

struct lab_result {
	struct str name; /* of the algorithm */
	double duration; /* seconds until the last request was through */
	uint64_t ends[LAB_ENDS], arrived;
	uint64_t retries, redispatches;
	uint64_t repeats, moved;  /* requests whose key came before, those of them that went to another server
				     than before */
	struct histogram *times;  /* of answers: all that a client waits */
	struct histogram *queued; /* of all answers: the part in the balancer's queues */
	struct lab_class_result classes[LAB_CLASSES];
	uint32_t nclasses;
	struct lab_server_result *servers;
	uint32_t nservers;
	struct series load; /* requests at each server */
};

/* False: no memory. The caller frees the result either way. */
bool lab_simulate(const struct scenario *s, const struct lab_algorithm *a, struct lab_result *result);
void lab_result_free(struct lab_result *r);

#endif
