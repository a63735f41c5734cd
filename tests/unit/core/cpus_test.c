/* Plans of processors on machines that are made up: trees like /sys in a temporary folder. */
#include <check.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grammar/load.h"
#include "runtime/core/cpus.h"
#include "tests/unit/run.h"

#define REST                                                                                                   \
	"\nlisten l\n bind 127.0.0.1:8080\n mode tcp\n timeout connect 1s\n timeout client 1s\n timeout "      \
	"server 1s\n server s 127.0.0.1:1\n"

static char root[64];
static struct cpus cpus;
static struct cpu_plan plan;
static cpu_set_t allowed;

static void put(const char *value, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(const char *value, const char *format, ...)
{
	char path[512];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/devices/system/", root);
	va_list ap;
	FILE *f;

	va_start(ap, format);
	vsnprintf(path + n, sizeof(path) - n, format, ap);
	va_end(ap);
	for (char *at = path + 1; (at = strchr(at, '/')); at++) {
		*at = 0;
		mkdir(path, 0700);
		*at = '/';
	}
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%s\n", value);
	fclose(f);
}

static void setup(void)
{
	snprintf(root, sizeof(root), "/tmp/cpus-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	CPU_ZERO(&allowed);
	for (int i = 0; i < CPUS_MAX; i++)
		CPU_SET(i, &allowed);
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void teardown(void)
{
	nftw(root, unlink_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Two nodes of two complexes each, of two cores with two threads: processor n and n + 8 are one core. */
static void server_make(void)
{
	put("0-15", "cpu/online");
	put("0-3,8-11", "node/node0/cpulist");
	put("4-7,12-15", "node/node1/cpulist");
	for (int i = 0; i < 16; i++) {
		int core = i % 8, ccx = core / 2 * 2;
		char text[64];

		snprintf(text, sizeof(text), "%d,%d", core, core + 8);
		put(text, "cpu/cpu%d/topology/thread_siblings_list", i);
		put(core < 4 ? "0" : "1", "cpu/cpu%d/topology/physical_package_id", i);
		put("65535", "cpu/cpu%d/topology/cluster_id", i);
		put("2", "cpu/cpu%d/cache/index2/level", i);
		put("3", "cpu/cpu%d/cache/index3/level", i);
		snprintf(text, sizeof(text), "%d-%d,%d-%d", ccx, ccx + 1, ccx + 8, ccx + 9);
		put(text, "cpu/cpu%d/cache/index3/shared_cpu_list", i);
	}
	cpus_read(&cpus, root);
	ck_assert_uint_eq(cpus.n, 16);
}

/* Two fast cores with two threads, four slow ones: one complex. */
static void laptop_make(void)
{
	put("0-7", "cpu/online");
	put("0-7", "node/node0/cpulist");
	for (int i = 0; i < 8; i++) {
		char text[64];

		snprintf(text, sizeof(text), i < 4 ? "%d-%d" : "%d", i < 4 ? i / 2 * 2 : i, i / 2 * 2 + 1);
		put(text, "cpu/cpu%d/topology/thread_siblings_list", i);
		put("0", "cpu/cpu%d/topology/physical_package_id", i);
		put("3", "cpu/cpu%d/cache/index3/level", i);
		put("0-7", "cpu/cpu%d/cache/index3/shared_cpu_list", i);
		put(i < 4 ? "4800000" : "3200000", "cpu/cpu%d/cpufreq/cpuinfo_max_freq", i);
	}
	cpus_read(&cpus, root);
	ck_assert_uint_eq(cpus.n, 8);
}

static void make(int compat, const char *global)
{
	const struct load_options options = {.compat = compat, .offline = true};
	char text[1024];
	struct loaded *l;

	snprintf(text, sizeof(text), "global\n %s" REST, global);
	l = load_text(STR("x.cfg"), str_from(text), &options);
	ck_assert_ptr_nonnull(l);
	ck_assert_msg(!l->diags.errors, "%s", global);
	cpus_plan(&plan, &cpus, l->model, &allowed);
	loaded_free(&l);
}

/* The processors of a thread, as "0-1,8". */
static const char *thread(uint32_t t)
{
	static char text[256];
	size_t n = 0;

	text[0] = 0;
	for (int i = 0; i < CPUS_MAX; i++) {
		int end = i;

		if (!CPU_ISSET(i, &plan.sets[t]))
			continue;
		while (end + 1 < CPUS_MAX && CPU_ISSET(end + 1, &plan.sets[t]))
			end++;
		n += (size_t)snprintf(text + n, sizeof(text) - n, end > i ? "%s%d-%d" : "%s%d", n ? "," : "", i,
				      end);
		i = end;
	}
	return text;
}

START_TEST(numbers)
{
	server_make();
	ck_assert_uint_eq(cpus.v[13].node, 1);
	ck_assert_uint_eq(cpus.v[13].ccx, 2);
	ck_assert_uint_eq(cpus.v[13].cluster, 2);
	ck_assert_uint_eq(cpus.v[13].core, 5);
	ck_assert_uint_eq(cpus.v[13].thread, 1);
	ck_assert_uint_eq(cpus.v[5].thread, 0);
}
END_TEST

START_TEST(defaults)
{
	server_make();
	make(206, "maxconn 10");
	ck_assert_uint_eq(plan.nthreads, 8);
	ck_assert_str_eq(thread(7), "0-3,8-11");
	ck_assert(plan.bound);
	make(206, "no numa-cpu-mapping");
	ck_assert_uint_eq(plan.nthreads, 16);
	ck_assert(!plan.bound);
	make(206, "nbthread 3");
	ck_assert_uint_eq(plan.nthreads, 3);
	ck_assert(!plan.bound);
	make(304, "maxconn 10"); /* one group for each complex */
	ck_assert_uint_eq(plan.nthreads, 16);
	ck_assert_str_eq(thread(0), "0-1,8-9");
	ck_assert_str_eq(thread(15), "6-7,14-15");
	ck_assert(plan.bound);
}
END_TEST

START_TEST(restricted)
{
	server_make();
	CPU_CLR(0, &allowed); /* as taskset does */
	make(206, "maxconn 10");
	ck_assert_uint_eq(plan.nthreads, 15);
	ck_assert(!plan.bound);
	make(304, "cpu-set reset\n cpu-policy none");
	ck_assert_uint_eq(plan.nthreads, 16);
	ck_assert(plan.bound);
	ck_assert_str_eq(thread(3), "0-15");
}
END_TEST

START_TEST(sets)
{
	server_make();
	make(304, "cpu-policy none\n cpu-set only-node 1 drop-thread 1");
	ck_assert_uint_eq(plan.nthreads, 4);
	ck_assert_str_eq(thread(0), "4-7");
	make(304, "cpu-policy none\n cpu-set drop-cpu 0-9,15\n cpu-set only-core 0-5");
	ck_assert_uint_eq(plan.nthreads, 4);
	ck_assert_str_eq(thread(0), "10-13");
	make(304, "cpu-policy none\n cpu-set only-cluster 3");
	ck_assert_str_eq(thread(0), "6-7,14-15");
	make(304, "cpu-policy none\n cpu-set drop-cpu 4-");
	ck_assert_str_eq(thread(0), "0-3");
}
END_TEST

START_TEST(groups)
{
	server_make();
	make(304, "cpu-policy group-by-2-ccx");
	ck_assert_uint_eq(plan.nthreads, 16);
	ck_assert_str_eq(thread(7), "0-3,8-11");
	ck_assert_str_eq(thread(8), "4-7,12-15");
	make(304, "cpu-policy group-by-ccx threads-per-core 1"); /* per-core by itself */
	ck_assert_uint_eq(plan.nthreads, 8);
	ck_assert_str_eq(thread(5), "5,13");
	make(304, "cpu-policy group-by-ccx threads-per-core 1\n cpu-affinity per-thread");
	ck_assert_str_eq(thread(5), "5");
	make(304, "cpu-policy group-by-2-ccx\n cpu-affinity per-ccx");
	ck_assert_str_eq(thread(0), "0-1,8-9");
	make(304, "cpu-policy group-by-cluster\n cpu-affinity per-core");
	ck_assert_str_eq(thread(1), "1,9");
	make(304, "cpu-policy first-usable-node");
	ck_assert_uint_eq(plan.nthreads, 8);
	ck_assert_str_eq(thread(0), "0-3,8-11");
	make(304, "cpu-policy none\n cpu-affinity per-group\n max-threads-per-group 4");
	ck_assert_str_eq(thread(0), "0-3");
	ck_assert_str_eq(thread(15), "12-15");
	make(304, "cpu-policy none\n cpu-affinity per-group loose\n max-threads-per-group 4");
	ck_assert_str_eq(thread(0), "0-15");
	make(304, "cpu-policy group-by-ccx\n nbthread 3");
	ck_assert_uint_eq(plan.nthreads, 3);
	make(304, "cpu-policy group-by-ccx\n thread-hard-limit 5");
	ck_assert_uint_eq(plan.nthreads, 5);
	ck_assert_str_eq(thread(4), "2-3,10-11");
	make(304, "cpu-policy group-by-ccx\n cpu-map auto:1/1-16 0-15");
	ck_assert_uint_eq(plan.nthreads, 16);
	ck_assert_str_eq(thread(9), "9");
}
END_TEST

START_TEST(speeds)
{
	laptop_make();
	make(304, "maxconn 10");
	ck_assert_uint_eq(plan.nthreads, 4);
	ck_assert_str_eq(thread(0), "0-3");
	make(304, "cpu-policy efficiency");
	ck_assert_uint_eq(plan.nthreads, 4);
	ck_assert_str_eq(thread(0), "4-7");
	make(304, "cpu-policy resource");
	ck_assert_str_eq(thread(0), "4-7");
	make(304, "cpu-policy group-by-cluster");
	ck_assert_uint_eq(plan.nthreads, 8);
	ck_assert_str_eq(thread(0), "0-3");
	ck_assert_str_eq(thread(7), "4-7");
	make(304, "cpu-policy group-by-ccx");
	ck_assert(!plan.bound);
}
END_TEST

START_TEST(nothing_to_read)
{
	cpus_read(&cpus, root);
	ck_assert_uint_eq(cpus.n, 0);
	make(304, "maxconn 10");
	ck_assert_uint_eq(plan.nthreads, 1);
	ck_assert(!plan.bound);
	put("0-2000,x", "cpu/online"); /* more than there is room for, and nonsense */
	put("5-", "cpu/cpu7/topology/thread_siblings_list");
	put("-1", "cpu/cpu7/topology/physical_package_id");
	cpus_read(&cpus, root);
	ck_assert_uint_eq(cpus.n, CPUS_MAX);
	make(304, "maxconn 10");
	ck_assert_uint_eq(plan.nthreads, CPU_THREADS_MAX);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cpus");
	TCase *tc = tcase_create("cpus");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, restricted);
	tcase_add_test(tc, sets);
	tcase_add_test(tc, groups);
	tcase_add_test(tc, speeds);
	tcase_add_test(tc, nothing_to_read);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
