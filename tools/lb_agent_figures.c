/* The machine's figures: processors, memory, disks, room on a file system, network; from the files of the
 * kernel (proc(5)). What cannot be read is not counted. One thread. */
#include "tools/lb_agent.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { LINE = 512, PATH = 512 };

static FILE *open_below(const char *dir, const char *name)
{
	char path[PATH];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return NULL;
	return fopen(path, "re");
}

/* Calls take() with every line of a file. */
static void lines_each(const char *dir, const char *name, void (*take)(void *arg, const char *line), void *arg)
{
	FILE *f = open_below(dir, name);
	char line[LINE];

	while (f && fgets(line, sizeof(line), f))
		take(arg, line);
	if (f)
		fclose(f);
}

/* --- counters */

/* cpu user nice system idle iowait irq softirq steal: what is stolen is not ours to give. */
static void take_cpu(void *arg, const char *line)
{
	struct agent_counters *c = arg;
	uint64_t v[8] = {0};

	if (strncmp(line, "cpu ", 4) != 0)
		return; /* of one processor */
	if (sscanf(line,
		   "cpu  %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64,
		   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) < 4)
		return;
	c->cpu_busy = v[0] + v[1] + v[2] + v[5] + v[6] + v[7];
	c->cpu_all = c->cpu_busy + v[3] + v[4];
}

static void device_add(struct agent_device *devices, size_t *n, const char *name, size_t len, uint64_t a,
		       uint64_t b)
{
	if (*n == AGENT_DEVICES || len >= AGENT_NAME)
		return;
	devices[*n] = (struct agent_device){.a = a, .b = b};
	memcpy(devices[*n].name, name, len);
	(*n)++;
}

/* The tenth figure behind the name is the time that the device has worked. */
static void take_disk(void *arg, const char *line)
{
	struct agent_counters *c = arg;
	char name[AGENT_NAME];
	uint64_t ms = 0;

	if (sscanf(line, "%*u %*u %31s %*u %*u %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name, &ms) == 2 &&
	    strncmp(name, "loop", 4) != 0 && strncmp(name, "ram", 3) != 0)
		device_add(c->disks, &c->ndisks, name, strlen(name), ms, 0);
}

static void take_interface(void *arg, const char *line)
{
	struct agent_counters *c = arg;
	const char *colon = strchr(line, ':');
	uint64_t in, out;

	while (isspace((unsigned char)*line))
		line++;
	if (!colon || colon < line ||
	    sscanf(colon + 1, "%" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &in, &out) != 2)
		return;
	device_add(c->interfaces, &c->ninterfaces, line, (size_t)(colon - line), in, out);
}

void agent_counters_read(const struct agent_options *o, struct agent_counters *c)
{
	memset(c, 0, sizeof(*c));
	lines_each(o->proc, "stat", take_cpu, c);
	lines_each(o->proc, "diskstats", take_disk, c);
	lines_each(o->proc, "net/dev", take_interface, c);
}

/* --- figures */

static double within(double part)
{
	return part < 0 ? 0 : part > 1 ? 1 : part;
}

static uint64_t grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static const struct agent_device *device_find(const struct agent_device *devices, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(devices[i].name, name) == 0)
			return &devices[i];
	return NULL;
}

static double cpu_free(const struct agent_counters *before, const struct agent_counters *now)
{
	uint64_t all = grown(before->cpu_all, now->cpu_all);

	return all ? within(1 - (double)grown(before->cpu_busy, now->cpu_busy) / (double)all) : 1;
}

/* Of the busiest one. */
static double disk_free(const struct agent_counters *before, const struct agent_counters *now, double seconds)
{
	double least = 1;

	for (size_t i = 0; i < now->ndisks; i++) {
		const struct agent_device *d = &now->disks[i],
					  *was = device_find(before->disks, before->ndisks, d->name);
		double part = was ? within(1 - (double)grown(was->a, d->a) / (seconds * 1000)) : 1;

		least = part < least ? part : least;
	}
	return least;
}

/* Bits per second that it can carry; 0: unknown. */
static double speed_of(const struct agent_options *o, const char *interface)
{
	char name[AGENT_NAME + 32];
	double mbit = 0;
	FILE *f;

	if (o->network > 0)
		return o->network;
	snprintf(name, sizeof(name), "class/net/%s/speed", interface);
	f = open_below(o->sys, name);
	if (f && fscanf(f, "%lf", &mbit) != 1)
		mbit = 0;
	if (f)
		fclose(f);
	return mbit > 0 ? mbit * 1e6 : 0;
}

static bool counts(const struct agent_options *o, const char *interface)
{
	return o->interface ? strcmp(interface, o->interface) == 0 : strcmp(interface, "lo") != 0;
}

static double network_free(const struct agent_options *o, const struct agent_counters *before,
			   const struct agent_counters *now, double seconds)
{
	double least = 1;

	for (size_t i = 0; i < now->ninterfaces; i++) {
		const struct agent_device *d = &now->interfaces[i],
					  *was = device_find(before->interfaces, before->ninterfaces, d->name);
		double speed = was && counts(o, d->name) ? speed_of(o, d->name) : 0, in, out, part;

		if (speed <= 0)
			continue;
		in = (double)grown(was->a, d->a);
		out = (double)grown(was->b, d->b);
		part = within(1 - 8 * (in > out ? in : out) / seconds / speed);
		least = part < least ? part : least;
	}
	return least;
}

struct memory {
	double total, available; /* kB */
};

static void take_memory(void *arg, const char *line)
{
	struct memory *m = arg;

	if (sscanf(line, "MemTotal: %lf", &m->total) != 1 &&
	    sscanf(line, "MemAvailable: %lf", &m->available) != 1)
		return;
}

/* Below its mark it counts, and is nothing at nothing. */
static double above(double part, double mark)
{
	return mark > 0 ? within(part / mark) : 1;
}

static double memory_free(const struct agent_options *o)
{
	struct memory m = {0};

	lines_each(o->proc, "meminfo", take_memory, &m);
	return m.total > 0 ? above(m.available / m.total, o->memory_low) : 1;
}

static double space_free(const struct agent_options *o)
{
	struct statvfs fs;

	if (statvfs(o->path, &fs) != 0 || !fs.f_blocks)
		return 1;
	return above((double)fs.f_bavail / (double)fs.f_blocks, o->space_low);
}

struct agent_figures agent_figures_make(const struct agent_options *o, const struct agent_counters *before,
					const struct agent_counters *now, double seconds)
{
	return (struct agent_figures){
		.cpu = cpu_free(before, now),
		.memory = memory_free(o),
		.disk = disk_free(before, now, seconds),
		.space = space_free(o),
		.network = network_free(o, before, now, seconds),
	};
}

struct agent_figures agent_figures_smooth(struct agent_figures old, struct agent_figures now)
{
	now.cpu = (old.cpu + now.cpu) / 2;
	now.disk = (old.disk + now.disk) / 2;
	now.network = (old.network + now.network) / 2;
	return now;
}

/* --- the answer */

/* The words of the file that a balancer knows, and no others. */
static void state_words(const char *path, char *text, size_t size)
{
	static const char *const known[] = {"up", "down", "stopped", "fail", "drain", "maint", "ready"};
	FILE *f = path ? fopen(path, "re") : NULL;
	char word[16];
	size_t used = 0;

	text[0] = '\0';
	while (f && fscanf(f, "%15s", word) == 1) {
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (strcmp(word, known[i]) == 0 && used + strlen(word) + 2 < size)
				used += (size_t)snprintf(text + used, size - used, "%s ", word);
	}
	if (f)
		fclose(f);
}

void agent_line(const struct agent_options *o, const struct agent_figures *f, char line[AGENT_LINE])
{
	const double parts[] = {f->cpu, f->memory, f->disk, f->space, f->network};
	char words[64];
	double least = 1;
	unsigned percent;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		least = parts[i] < least ? parts[i] : least;
	percent = (unsigned)(least * 100 + 0.5);
	state_words(o->state, words, sizeof(words));
	snprintf(line, AGENT_LINE,
		 "%s%u%% # free: cpu %.0f, memory %.0f, disk %.0f, space %.0f, network %.0f\n", words,
		 percent < o->floor ? o->floor : percent, f->cpu * 100, f->memory * 100, f->disk * 100,
		 f->space * 100, f->network * 100);
}
