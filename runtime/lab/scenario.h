/* What is simulated: servers as machines, the requests that come, what happens when, and the algorithms that
 * are to be compared. Read from a small language of lines (lbcheck(1), "SCENARIOS"); what HAProxy has words for
 * is said in its words and judged by the checker. Plain data in an arena of the scenario's. One thread. */
#ifndef LB_LAB_SCENARIO_H
#define LB_LAB_SCENARIO_H

#include "grammar/load.h"
#include "runtime/lab/random.h"

/* Bounds on what a file can ask for. */
enum { LAB_SERVERS = 10000, LAB_KEYS = 10000000, LAB_ALGORITHMS = 32, LAB_CLASSES = 32 };

enum arrivals { ARRIVE_POISSON, ARRIVE_CONSTANT, ARRIVE_BURSTS, ARRIVE_CLOSED };
enum shape { SHAPE_FLAT, SHAPE_RAMP, SHAPE_WAVE };

struct lab_arrivals {
	enum arrivals kind;
	enum shape shape;
	double rate, rate2; /* per second; ramp: from and to, wave: around and how far */
	double period;      /* seconds, of a wave; a ramp takes the whole duration */
	uint32_t burst;     /* requests that come together */
	uint32_t users;     /* closed: how many, each waits for its answer and thinks */
	struct dist think;
};

struct lab_class {
	struct str name;
	double share; /* of all shares */
	struct dist cost;
};

/* What a machine is like. Fields that are not said hold on `server *` lines too: `said` tells. */
enum { SAID_SERVICE = 1, SAID_WORKERS = 2, SAID_SPEED = 4, SAID_LATENCY = 8 };
struct lab_machine_conf {
	struct str name; /* "*": of all servers that say nothing themselves */
	struct span span;
	unsigned said;
	struct dist service; /* seconds for a request of cost 1 at speed 1 */
	struct dist latency; /* seconds on the wire, there and back */
	uint32_t workers;    /* requests at a time, the others wait inside the machine; 0: any number */
	double speed;
};

enum lab_act { ACT_FAIL, ACT_HANG, ACT_RECOVER, ACT_SLOW, ACT_DISABLE, ACT_ENABLE, ACT_WEIGHT, ACT_RATE };
struct lab_event {
	uint64_t at; /* ns */
	enum lab_act act;
	struct str server;
	struct span span;
	double value;
};

struct lab_algorithm {
	struct str name; /* as shown */
	struct loaded *loaded;
	const struct proxy_conf *conf; /* whose balancing counts; NULL: the backend's own */
	bool agents;
};

struct scenario {
	struct arena *arena;
	struct sources sources;
	struct diags diags;
	struct str title;
	uint64_t requests;       /* 0: as long as it takes */
	double duration, warmup; /* seconds; 0: until all requests are through */
	uint64_t seed;
	struct lab_arrivals arrivals;
	uint32_t keys;
	double zipf;
	VEC(struct lab_class) classes;
	VEC(struct lab_machine_conf) machines;
	VEC(struct lab_event) events;
	VEC(struct lab_algorithm) algorithms;
	struct loaded *loaded; /* of the backend */
	const struct proxy_conf *backend;
};

/* Reads a scenario. name: of the file, for messages and for what it names relative to itself; lines: more of
 * them, from the command line. Errors are in diags. NULL: no memory. The caller frees it. */
struct scenario *scenario_load(const char *name, struct str text, struct str lines,
			       const struct load_options *options);
void scenario_free(struct scenario **s);
/* What holds for a server, `server *` and defaults included. */
struct lab_machine_conf scenario_machine(const struct scenario *s, struct str server);

#endif
