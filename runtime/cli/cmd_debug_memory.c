/* `debug dev hex`, `sym`, `fd`, `bug`, `check`, `warn`: looking at the process itself (management manual,
 * section 9.3). Expert mode only. Worker of the session. */
#include <ctype.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runtime/cli/cli_call.h"
#include "runtime/core/log.h"

enum { ROW = 16, HEX_DEFAULT = 128, HEX_MOST = 65536 };

/* Decimal, or with 0x. */
static uint64_t address_at(const struct cli_call *c, uint32_t i)
{
	char text[32] = "";
	struct str word = c->words[i];

	memcpy(text, word.ptr ? word.ptr : "", word.len < sizeof(text) ? word.len : sizeof(text) - 1);
	return strtoull(text, NULL, 0);
}

/* What can be read, byte by byte: pages that are not there are seen by the kernel, not by us. */
static void row_read(uint64_t at, unsigned char *bytes, bool *known)
{
	for (int i = 0; i < ROW; i++) {
		struct iovec to = {&bytes[i], 1}, from = {(void *)(uintptr_t)(at + (unsigned)i), 1};

		known[i] = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1;
	}
}

static void put_row(struct out *out, uint64_t at, uint64_t from, uint64_t end)
{
	unsigned char bytes[ROW];
	char shown[ROW + 1];
	bool known[ROW];
	char address[32];

	row_read(at, bytes, known);
	snprintf(address, sizeof(address), at ? "0x%llx" : "(nil)", (unsigned long long)at);
	out_printf(out, "%18s: ", address);
	for (int i = 0; i < ROW; i++) {
		bool inside = at + (unsigned)i >= from && at + (unsigned)i < end;

		shown[i] = !inside ? '\'' : !known[i] ? '*' : isprint(bytes[i]) ? (char)bytes[i] : '.';
		if (!inside)
			out_puts(out, "'' ");
		else if (!known[i])
			out_puts(out, "** ");
		else
			out_printf(out, "%02x ", bytes[i]);
		if (i == ROW / 2 - 1)
			out_puts(out, "- ");
	}
	shown[ROW] = 0;
	out_printf(out, "  %s\n", shown);
}

void cmd_debug_hex(struct cli_call *c)
{
	uint64_t from, len;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "Missing memory address to dump from.");
		return;
	}
	from = address_at(c, 3);
	if (!from) {
		cli_say(c, CLI_ERR, "Will not dump from NULL address.");
		return;
	}
	len = address_at(c, 4);
	len = !len ? HEX_DEFAULT - from % ROW : len > HEX_MOST ? HEX_MOST : len;
	for (uint64_t at = from - from % ROW; at < from + len; at += ROW)
		put_row(c->out, at, from, from + len);
}

void cmd_debug_sym(struct cli_call *c)
{
	Dl_info info;
	uint64_t at;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "Missing memory address to be resolved.");
		return;
	}
	atomic_fetch_add(&c->process->debug_commands, 1);
	at = address_at(c, 3);
	out_printf(c->out, "%#llx resolves to ", (unsigned long long)at);
	if (!dladdr((void *)(uintptr_t)at, &info))
		out_puts(c->out, "nothing\n");
	else if (info.dli_sname)
		out_printf(c->out, "%s+0x%llx\n", info.dli_sname,
			   (unsigned long long)(at - (uint64_t)(uintptr_t)info.dli_saddr));
	else
		out_printf(c->out, "%s+0x%llx\n", info.dli_fname,
			   (unsigned long long)(at - (uint64_t)(uintptr_t)info.dli_fbase));
}

/* --- debug dev fd: all descriptors of the process, whoever opened them */

static const char *file_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "dir.";
	case S_IFCHR:
		return "chr.";
	case S_IFBLK:
		return "blk.";
	case S_IFIFO:
		return "pipe";
	case S_IFLNK:
		return "link";
	case S_IFSOCK:
		return "sock";
	default:
		return "epol";
	}
}

static void put_descriptor(struct out *out, int fd)
{
	static const char *const access[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "?"};
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st))
		return;
	out_printf(out,
		   "%5d type=%s mod=%04o dev=%#llx siz=%#llx uid=%u gid=%u fs=%#llx ino=%#llx getfd=%+d "
		   "getfl=%s\n",
		   fd, file_kind(st.st_mode), (unsigned)st.st_mode & 07777, (unsigned long long)st.st_rdev,
		   (unsigned long long)st.st_size, (unsigned)st.st_uid, (unsigned)st.st_gid,
		   (unsigned long long)st.st_dev, (unsigned long long)st.st_ino, fcntl(fd, F_GETFD),
		   access[flags & O_ACCMODE]);
}

void cmd_debug_fd(struct cli_call *c)
{
	for (int fd = 0; fd < (int)c->process->maxsock; fd++)
		put_descriptor(c->out, fd);
}

/* --- faults on purpose */

void cmd_debug_bug(struct cli_call *c)
{
	(void)c;
	abort();
}

void cmd_debug_warn(struct cli_call *c)
{
	atomic_fetch_add(&c->process->debug_commands, 1);
	if (str_is(c->words[2], "check"))
		atomic_fetch_or(&c->process->tainted, TAINTED_CHECK);
	log_event(c->worker, NULL, LL_WARNING | LOG_TARGETS_ONLY, "debug dev %.*s: as asked for.",
		  STR_ARG(c->words[2]));
}
