/* What the kernel tells of processors: /sys/devices/system/cpu and /sys/devices/system/node. Files that are not
 * there are nothing special. Any thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/cpus.h"

enum { TEXT_MAX = 8192, NODES_MAX = 64, CACHES_MAX = 10 };

/* The first line of a file; empty when there is none. */
static void file_read(char *text, const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f || !fgets(text, TEXT_MAX, f))
		text[0] = 0;
	if (f)
		fclose(f);
}

static long number_read(const char *root, unsigned cpu, const char *name, long otherwise)
{
	char path[512], text[TEXT_MAX], *end;
	long n;

	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u/%s", root, cpu, name);
	file_read(text, path);
	n = strtol(text, &end, 10);
	return end == text || n < 0 ? otherwise : n;
}

/* "0-3,8" */
static void list_read(const char *path, uint64_t *set)
{
	char text[TEXT_MAX], *at = text;

	memset(set, 0, CPUS_MAX / 8);
	file_read(text, path);
	while (*at >= '0' && *at <= '9') {
		unsigned long low = strtoul(at, &at, 10), high = low;

		if (*at == '-')
			high = strtoul(at + 1, &at, 10);
		for (unsigned long i = low; i <= high && i < CPUS_MAX; i++)
			set[i / 64] |= 1ULL << (i % 64);
		if (*at == ',')
			at++;
	}
}

static uint32_t first_of(const uint64_t *set, uint32_t otherwise)
{
	for (uint32_t i = 0; i < CPUS_MAX; i++)
		if (cpu_set_has(set, i))
			return i;
	return otherwise;
}

/* The lowest processor among those that share the last cache, or the package. */
static uint16_t ccx_leader(const char *root, uint32_t id)
{
	uint64_t set[CPUS_MAX / 64];
	long best = 0;
	char path[512], name[64];
	uint32_t leader = UINT16_MAX;

	for (int i = 0; i < CACHES_MAX; i++) {
		long level;

		snprintf(name, sizeof(name), "cache/index%d/level", i);
		level = number_read(root, id, name, 0);
		if (level < 3 || level < best) /* the second level is a core's own */
			continue;
		best = level;
		snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u/cache/index%d/shared_cpu_list", root,
			 id, i);
		list_read(path, set);
		leader = first_of(set, id);
	}
	if (leader != UINT16_MAX)
		return (uint16_t)leader;
	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u/topology/package_cpus_list", root, id);
	list_read(path, set);
	return (uint16_t)first_of(set, 0);
}

/* Of a core: its lowest processor, and how many of it are below this one. */
static void siblings_read(const char *root, struct cpu *c)
{
	uint64_t set[CPUS_MAX / 64];
	char path[512];

	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u/topology/thread_siblings_list", root, c->id);
	list_read(path, set);
	c->core = (uint16_t)first_of(set, c->id);
	for (uint32_t i = 0; i < c->id; i++)
		c->thread += cpu_set_has(set, i);
}

static void nodes_read(struct cpus *c, const char *root)
{
	uint64_t set[CPUS_MAX / 64];
	char path[512];

	for (uint32_t node = 0; node < NODES_MAX; node++) {
		snprintf(path, sizeof(path), "%s/devices/system/node/node%u/cpulist", root, node);
		list_read(path, set);
		for (uint32_t i = 0; i < c->n; i++)
			if (cpu_set_has(set, c->v[i].id))
				c->v[i].node = (uint16_t)node;
	}
}

/* Where the frequency is known it says more than the kernel's own estimate, which many machines give as the
 * same for all. */
static uint32_t capacity_read(const char *root, uint32_t id)
{
	long frequency = number_read(root, id, "cpufreq/cpuinfo_max_freq", 0);
	long capacity = number_read(root, id, "cpu_capacity", 0);

	return capacity && capacity != 1024 ? (uint32_t)capacity * 1024
	       : frequency                  ? (uint32_t)frequency
					    : 1024 * 1024;
}

/* Differ by more than five percent. */
static bool other_speed(uint32_t a, uint32_t b)
{
	return (uint64_t)a * 100 > (uint64_t)b * 105 || (uint64_t)b * 100 > (uint64_t)a * 105;
}

/* A cluster: of one complex, of one cluster of the kernel, of the same speed. By now `cluster` is the kernel's
 * number. */
static bool same_cluster(const struct cpu *a, const struct cpu *b)
{
	return a->ccx == b->ccx && a->package == b->package && a->cluster == b->cluster &&
	       !other_speed(a->capacity, b->capacity);
}

/* Numbers from 0 on, in the order of the processors. */
static void number_all(struct cpus *c)
{
	uint16_t clusters[CPUS_MAX], nclusters = 0, nccx = 0, ncores = 0, ccx[CPUS_MAX], cores[CPUS_MAX];

	for (uint32_t i = 0; i < c->n; i++) {
		uint32_t k = 0;

		while (k < i && !same_cluster(&c->v[k], &c->v[i]))
			k++;
		clusters[i] = k < i ? clusters[k] : nclusters++;
		for (k = 0; k < i && c->v[k].ccx != c->v[i].ccx; k++)
			;
		ccx[i] = k < i ? ccx[k] : nccx++;
		for (k = 0; k < i && c->v[k].core != c->v[i].core; k++)
			;
		cores[i] = k < i ? cores[k] : ncores++;
	}
	for (uint32_t i = 0; i < c->n; i++) {
		c->v[i].cluster = clusters[i];
		c->v[i].ccx = ccx[i];
		c->v[i].core = cores[i];
	}
}

void cpus_read(struct cpus *c, const char *root)
{
	uint64_t online[CPUS_MAX / 64];
	char path[512];

	c->n = 0;
	snprintf(path, sizeof(path), "%s/devices/system/cpu/online", root);
	list_read(path, online);
	for (uint32_t id = 0; id < CPUS_MAX; id++) {
		struct cpu *cpu = &c->v[c->n];
		long cluster;

		if (!cpu_set_has(online, id))
			continue;
		*cpu = (struct cpu){.id = (uint16_t)id};
		cluster = number_read(root, id, "topology/cluster_id", UINT16_MAX);
		cpu->cluster = (uint16_t)(cluster > UINT16_MAX ? UINT16_MAX : cluster);
		cpu->package = (uint16_t)number_read(root, id, "topology/physical_package_id", 0);
		cpu->capacity = capacity_read(root, id);
		cpu->ccx = ccx_leader(root, id);
		siblings_read(root, cpu);
		c->n++;
	}
	nodes_read(c, root);
	number_all(c);
}
