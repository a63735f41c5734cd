/* What lbd says of itself: version, build, usage. The first words are HAProxy's, because scripts read them: the
 * version given is the one whose behaviour is kept (--compat, LBD_COMPAT); our own stands behind it. A feature
 * that is not built is `-NAME`. */
#include <ev.h>
#include <link.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <pcre2.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "config.h"
#include "grammar/predicate.h"
#include "tools/lbd.h"

const struct filter_name lbd_filters[] = {{"bwlim-in", "BWLIM"},   {"bwlim-out", "BWLIM"}, {"cache", "CACHE"},
					  {"compression", "COMP"}, {"trace", "TRACE"},     {NULL, NULL}};

void version_print(int compat)
{
	struct utsname u;

	printf("HAProxy version %s-lbd%s 2026/11/22 - compatible: this is lbd %s, not HAProxy\n",
	       predicate_version(compat), PACKAGE_VERSION, PACKAGE_VERSION);
	printf("Status: development branch.\n");
	if (!uname(&u))
		printf("Running on: %s %s %s %s\n", u.sysname, u.release, u.version, u.machine);
}

static void libraries_told(void)
{
	char pcre[64] = "";

	printf("Built with multi-threading support (MAX_THREADS=64, default=%ld).\n",
	       sysconf(_SC_NPROCESSORS_ONLN));
	printf("Built with OpenSSL version : %s\nRunning on OpenSSL version : %s\n", OPENSSL_VERSION_TEXT,
	       OpenSSL_version(OPENSSL_VERSION));
	printf("OpenSSL library supports TLS extensions : yes\nOpenSSL library supports SNI : yes\n"
	       "OpenSSL library supports : TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3\n");
	printf("Built with the Prometheus exporter as a service\nBuilt with network namespace support.\n");
	printf("Built with zlib version : %s\nRunning on zlib version : %s\n", ZLIB_VERSION, zlibVersion());
	printf("Compression algorithms supported : identity(\"identity\"), deflate(\"deflate\"), "
	       "raw-deflate(\"deflate\"), gzip(\"gzip\")\n"
	       "Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT IP_FREEBIND\n");
	pcre2_config(PCRE2_CONFIG_VERSION, pcre);
	printf("Built with PCRE2 version : %s\nPCRE2 library supports JIT : yes\n", pcre);
	printf("Built with libev version : %d.%d\n", ev_version_major(), ev_version_minor());
	printf("Encrypted password support via crypt(3): yes\n\n");
}

static void polling_print(FILE *to)
{
	fputs("Available polling systems :\n"
	      "      epoll : pref=300,  test result OK\n"
	      "       poll : pref=200,  test result OK\n"
	      "Total: 2 (2 usable), will use epoll.\n\n",
	      to);
}

static void filters_print(FILE *to)
{
	fputs("Available filters :\n", to);
	for (const struct filter_name *f = lbd_filters; f->name; f++)
		fprintf(to, "\t[%s] %s\n", f->class_name, f->name);
}

void version_print_parts(FILE *to)
{
	polling_print(to);
	filters_print(to);
}

void version_print_build(int compat)
{
	struct out features = out_growing(1 << 14);

	predicate_features(&features);
	version_print(compat);
	printf("Build options :\n  TARGET  = linux-glibc\n  CC      = %s\n\n", __VERSION__);
	printf("Feature list :%.*s\n\n", STR_ARG(out_get(&features)));
	out_free(&features);
	printf("Default settings :\n  bufsize = 16384, maxrewrite = 1024, maxpollevents = 200\n\n");
	libraries_told();
	polling_print(stdout);
	printf("Available multiplexer protocols :\n"
	       "(protocols marked as <default> cannot be specified using 'proto' keyword)\n"
	       "         h2 : mode=HTTP  side=FE|BE  mux=H2    flags=HTX|HOL_RISK|NO_UPG\n"
	       "  <default> : mode=HTTP  side=FE|BE  mux=H1    flags=HTX\n"
	       "         h1 : mode=HTTP  side=FE|BE  mux=H1    flags=HTX|NO_UPG\n"
	       "  <default> : mode=TCP   side=FE|BE  mux=PASS  flags=\n"
	       "       none : mode=TCP   side=FE|BE  mux=PASS  flags=NO_UPG\n\n");
	printf("Available services : prometheus-exporter\n");
	filters_print(stdout);
}

static int library_print(struct dl_phdr_info *info, size_t size, void *nothing)
{
	(void)size, (void)nothing;
	if (info->dlpi_name[0] && info->dlpi_name[0] != 'l')
		puts(info->dlpi_name);
	return 0;
}

void libraries_print(void)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	puts("List of loaded object files:");
	if (n > 0)
		printf("%.*s\n", (int)n, path);
	dl_iterate_phdr(library_print, NULL);
}

void usage_print(const char *program)
{
	fprintf(stderr,
		"Usage : %s [-f <cfgfile|cfgdir>]* [ -vdVD ] [ -n <maxconn> ] [ -N <maxpconn> ]\n"
		"        [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]\n"
		"        -v displays version ; -vv shows known build options.\n"
		"        -d enters debug mode ; -db only disables background mode.\n"
		"        -V enters verbose mode (disables quiet mode)\n"
		"        -D goes daemon ; -C changes to <dir> before loading files.\n"
		"        -W master-worker mode.\n"
		"        -Ws master-worker mode with systemd notify support.\n"
		"        -q quiet mode : don't display messages\n"
		"        -c check mode : only check config files and exit\n"
		"        -cc check condition : evaluate a condition and exit\n"
		"        -n sets the maximum total # of connections (uses ulimit -n)\n"
		"        -m limits the usable amount of memory (in MB)\n"
		"        -N sets the default, per-proxy maximum # of connections (0)\n"
		"        -L set local peer name (default to hostname)\n"
		"        -p writes pids of all children to this file\n"
		"        -de disables epoll() usage even when available\n"
		"        -dS disables splice usage (broken on old kernels)\n"
		"        -dG disables getaddrinfo() usage\n"
		"        -dR disables SO_REUSEPORT usage\n"
		"        -dL dumps loaded object files after config checks\n"
		"        -dr ignores server address resolution failures\n"
		"        -dW fails if any warning is emitted\n"
		"        -dD diagnostic mode : warn about suspicious configuration statements\n"
		"        -sf/-st [pid ]* finishes/terminates old pids.\n"
		"        -x <unix_socket> get listening sockets from a unix socket\n"
		"        -S <bind>[,<bind options>...] new master CLI\n"
		"        --compat=<version> behave as that version of HAProxy (2.6 2.8 3.0 3.2 3.4)\n\n",
		program);
}
