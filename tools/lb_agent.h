/* Between the parts of lb-agent: the machine's figures, and what is said of them. One thread. */
#ifndef LB_TOOLS_LB_AGENT_H
#define LB_TOOLS_LB_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AGENT_DEVICES = 64, AGENT_NAME = 32, AGENT_LINE = 256 };

struct agent_options {
	const char *listen;           /* [ADDRESS:]PORT */
	const char *proc, *sys;       /* where the kernel's figures are: /proc and /sys */
	const char *path;             /* a folder of the file system whose room counts */
	const char *interface;        /* NULL: all but the loopback */
	const char *state;            /* a file with words to say as well, or NULL */
	double network;               /* bits per second that an interface can carry; 0: as its driver says */
	double memory_low, space_low; /* part of the whole below which these begin to count */
	double interval;              /* seconds between measurements */
	unsigned floor;               /* never says less, per cent */
	bool once;
};

struct agent_device {
	char name[AGENT_NAME];
	uint64_t a, b; /* disks: milliseconds of work; interfaces: bytes received and sent */
};

/* Counters of the kernel at one moment; those that could not be read are zero. */
struct agent_counters {
	uint64_t cpu_busy, cpu_all;
	struct agent_device disks[AGENT_DEVICES], interfaces[AGENT_DEVICES];
	size_t ndisks, ninterfaces;
};

/* What is free, 0 (nothing) to 1 (all of it, or enough). */
struct agent_figures {
	double cpu, memory, disk, space, network;
};

/* lb_agent_figures.c */
void agent_counters_read(const struct agent_options *o, struct agent_counters *c);
/* From two readings that are so many seconds apart; memory and room are looked at now. */
struct agent_figures agent_figures_make(const struct agent_options *o, const struct agent_counters *before,
					const struct agent_counters *now, double seconds);
/* Half of the old ones, so that one busy moment is not taken for the truth. */
struct agent_figures agent_figures_smooth(struct agent_figures old, struct agent_figures now);
/* The answer to a balancer (HAProxy's manual, "agent-check"): "37% # cpu 37 memory 100 ...\n". */
void agent_line(const struct agent_options *o, const struct agent_figures *f, char line[AGENT_LINE]);

/* lb_agent_options.c. False: *status is what to exit with. */
bool agent_options_read(struct agent_options *o, int argc, char **argv, int *status);

#endif
