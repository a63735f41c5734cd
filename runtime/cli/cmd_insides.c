/* Commands that look into the process (management manual, section 9.3): its threads and libraries.
 * Texts are HAProxy 2.6's as far as there is the same to tell. */
#include <gnu/libc-version.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "grammar/predicate.h"
#include "runtime/cli/cli_call.h"

#include <link.h> /* behind ev.h: both name EV_NONE */

/* --- show libs */

static int put_library(struct dl_phdr_info *info, size_t size, void *out)
{
	uintptr_t begin = UINTPTR_MAX, end = 0;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + h->p_vaddr;

		if (h->p_type != PT_LOAD)
			continue;
		begin = from < begin ? from : begin;
		end = from + h->p_memsz > end ? from + h->p_memsz : end;
	}
	if (begin < end && (info->dlpi_name[0] == '/' || !info->dlpi_name[0]))
		out_printf(out, "0x%012llx-0x%012llx (0x%07llx) %s\n", (unsigned long long)begin,
			   (unsigned long long)end - 1, (unsigned long long)(end - begin),
			   info->dlpi_name[0] ? info->dlpi_name : "lbd");
	return 0;
}

void cmd_show_libs(struct cli_call *c)
{
	dl_iterate_phdr(put_library, c->out);
}

/* --- show threads */

static void put_thread(struct worker *w, struct cli_visit *v)
{
	struct timespec cpu = {0};
	unsigned long long ns;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
	ns = (unsigned long long)cpu.tv_sec * 1000000000 + (unsigned long long)cpu.tv_nsec;
	out_printf(&v->text,
		   "%s Thread %-2u: id=0x%llx act=%d glob=0 wq=%u rq=0 tl=0 tlsz=0 rqsz=0\n"
		   "      1/%-2u   stuck=0 prof=%d harmless=0 wantrdv=0\n"
		   "             cpu_ns: poll=%llu now=%llu diff=0\n"
		   "             curr_task=0\n"
		   "             jobs=%u loops=%llu accepted=%llu\n\n",
		   w == v->home ? "*" : " ", w->id + 1, (unsigned long long)pthread_self(), w == v->home,
		   w->jobs != 0, w->id + 1, w->profiling, ns, ns, w->jobs, (unsigned long long)w->loops,
		   (unsigned long long)w->accepted);
}

void cmd_show_threads(struct cli_call *c)
{
	cli_visit(c, &(struct cli_visit){.fn = put_thread});
}

/* --- show dev: what somebody needs to know who is to find out what went wrong */

static void put_file(struct out *out, const char *title, const char *path)
{
	char text[4096];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

	if (f)
		fclose(f);
	for (size_t i = 0; i < n; i++)
		if (!text[i] || text[i] == '\n')
			text[i] = ' ';
	if (n)
		out_printf(out, "  %s: %.*s\n", title, STR_ARG(str_trim(str_make(text, n))));
}

static void put_limit(struct out *out, const char *title, int resource)
{
	struct rlimit limit;

	if (!getrlimit(resource, &limit))
		out_printf(out, "  %s: soft %lld, hard %lld\n", title, (long long)limit.rlim_cur,
			   (long long)limit.rlim_max);
}

void cmd_show_dev(struct cli_call *c)
{
	struct out *out = c->out;
	struct utsname u;

	out_printf(out, "Version\n  %s-lbd%s\nFeatures\n  ", predicate_version(c->process->compat),
		   PACKAGE_VERSION);
	predicate_features(out);
	out_puts(out, "\nPlatform info\n");
	if (!uname(&u))
		out_printf(out,
			   "  OS name: %s\n  OS release: %s\n  OS version: %s\n  OS architecture: %s\n  node "
			   "name: %s\n",
			   u.sysname, u.release, u.version, u.machine, u.nodename);
	put_file(out, "machine vendor", "/sys/class/dmi/id/sys_vendor");
	put_file(out, "machine family", "/sys/class/dmi/id/product_family");
	out_printf(out, "Process info\n  pid: %d\n", (int)c->process->pid);
	put_file(out, "cmdline", "/proc/self/cmdline");
	out_printf(out, "  uid: %d\n  gid: %d\n  threads: %u\n", (int)geteuid(), (int)getegid(),
		   c->process->nworkers);
	put_limit(out, "fd limit", RLIMIT_NOFILE);
	put_limit(out, "memory limit", RLIMIT_AS);
	out_printf(out, "  allocator: %s\n", gnu_get_libc_version());
}
