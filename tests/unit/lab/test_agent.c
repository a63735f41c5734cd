/* lb-agent's figures, from files of a kernel that we make. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/lb_agent.h"
#include "tests/unit/run.h"

static char dir[] = "/tmp/lb-agent-test.XXXXXX";
static struct agent_options options;

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void folder(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void begin(void)
{
	snprintf(dir, sizeof(dir), "/tmp/lb-agent-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	folder("net");
	folder("class");
	folder("class/net");
	folder("class/net/eth0");
	options = (struct agent_options){
		.proc = dir, .sys = dir, .path = "/nowhere", .memory_low = 0.2, .space_low = 0.05, .floor = 1};
}

static void end(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static struct agent_figures figures(const char *stat, const char *disks, const char *net)
{
	struct agent_counters before, now;

	agent_counters_read(&options, &before);
	put("stat", stat);
	put("diskstats", disks);
	put("net/dev", net);
	agent_counters_read(&options, &now);
	return agent_figures_make(&options, &before, &now, 2);
}

static void near(double value, double expected)
{
	ck_assert_msg(value > expected - 1e-9 && value < expected + 1e-9, "%g is not %g", value, expected);
}

#define DISK(ms, ms2)                                                                                          \
	"   8       0 sda 1 2 3 4 5 6 7 8 0 " ms " 11 12\n   7       0 loop0 1 2 3 4 5 6 7 8 0 " ms2 " 11 "    \
												     "12\n"
#define NET(in, out)                                                                                           \
	"Inter-|   Receive | Transmit\n face |bytes packets\n    lo: 900000000 0 0 0 0 0 0 0 900000000 0 0 0 " \
	"0 0 0 0\n"                                                                                            \
	"  eth0: " in " 0 0 0 0 0 0 0 " out " 0 0 0 0 0 0 0\n"

START_TEST(all_figures)
{
	struct agent_figures f;

	put("stat", "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3 4\n");
	put("diskstats", DISK("1000", "1000"));
	put("net/dev", NET("1000000", "1000000"));
	put("meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 50 kB\n");
	put("class/net/eth0/speed", "100\n");
	f = figures("cpu  150 0 125 900 15 5 5 0 0 0\n", DISK("1500", "3000"), NET("6000000", "11000000"));
	near(f.cpu, 1 - 85.0 / 200);
	near(f.disk, 0.75);   /* half a second of two; loop devices do not count */
	near(f.network, 0.6); /* 10 megabytes out in two seconds are 40 of 100 Mbit/s */
	near(f.memory, 0.25); /* 5 per cent where 20 are enough */
	near(f.space, 1);     /* no such folder */
	options.network = 80e6;
	put("class/net/eth0/speed", "-1\n");
	near(figures("cpu  150 0 125 900 15 5 5 0 0 0\n", DISK("1500", "3000"), NET("11000000", "11000000"))
		     .network,
	     0.75);
	options.interface = "eth1";
	near(figures("cpu  150 0 125 900 15 5 5 0 0 0\n", DISK("0", "0"), NET("99000000", "11000000")).network,
	     1);
}
END_TEST

/* Files that are missing, or hold something else, or counters that begin anew: nothing is scarce. */
START_TEST(nothing_known)
{
	struct agent_figures f = figures("", "", "");

	near(f.cpu, 1);
	near(f.memory, 1);
	f = figures("cpu  what\ncpu  1\n",
		    "8 0\n8 0 averyveryverylongnameofadevicethatnobodyhas 1 2 3 4 5 6 7 8 9 1\n",
		    ":\n:::\nx: y\n");
	near(f.cpu, 1);
	near(f.disk, 1);
	near(f.network, 1);
	put("stat", "cpu  100000 0 0 100000\n");
	f = figures("cpu  1 0 0 1\n", "", "");
	near(f.cpu, 1);
}
END_TEST

START_TEST(lines)
{
	struct agent_figures f = {0.374, 1, 0.9, 1, 0.8};
	char line[AGENT_LINE], path[256];

	agent_line(&options, &f, line);
	ck_assert_str_eq(line, "37% # free: cpu 37, memory 100, disk 90, space 100, network 80\n");
	f.memory = 0;
	agent_line(&options, &f, line);
	ck_assert_int_eq(strncmp(line, "1% #", 4), 0);
	options.floor = 0;
	agent_line(&options, &f, line);
	ck_assert_int_eq(strncmp(line, "0% #", 4), 0);
	put("state", "drain  nonsense\n ready 5% averyverylongwordthatisnotknown up\n");
	snprintf(path, sizeof(path), "%s/state", dir);
	options.state = path;
	agent_line(&options, &f, line);
	ck_assert_int_eq(strncmp(line, "drain ready up 0% #", 19), 0);
}
END_TEST

START_TEST(smooth)
{
	struct agent_figures old = {1, 1, 1, 1, 1}, now = {0, 0, 0.5, 0, 0.2};

	now = agent_figures_smooth(old, now);
	near(now.cpu, 0.5);
	near(now.disk, 0.75);
	near(now.network, 0.6);
	near(now.memory, 0); /* of these the present counts */
	near(now.space, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lb-agent");
	TCase *tc = tcase_create("lb-agent");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, all_figures);
	tcase_add_test(tc, nothing_known);
	tcase_add_test(tc, lines);
	tcase_add_test(tc, smooth);
	return unit_run(suite);
}
