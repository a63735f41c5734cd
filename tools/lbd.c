/* The program lbd: HAProxy's command line, life cycle and exit statuses around the library. main() owns the
 * state of the program; what each step does stands in the files beside this one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/tls/tls.h"
#include "tools/lbd.h"

extern char **environ;

enum { STATUS_OK = 0, STATUS_INVALID = 1, STATUS_NO_LISTENER = 2, MESSAGES_MAX = 1 << 20 };

/* -n, -N, -de, -dS, -dR and their like stand above the configuration. The model is ours alone until the process
 * is made of it. */
static void overrides_apply(struct lbd *l)
{
	struct global_conf *g = &l->model->global;
	const struct lbd_options *o = &l->options;

	g->noepoll |= o->no_epoll;
	g->nopoll |= o->no_poll;
	g->nosplice |= o->no_splice;
	g->noreuseport |= o->no_reuseport;
	g->nogetaddrinfo |= o->no_getaddrinfo;
	l->options.debug |= g->debug;
	l->options.master |= g->master_worker;
	l->options.daemon = (o->daemon || g->daemon) && !o->foreground && !o->debug;
	l->report.quiet = (l->report.quiet || g->quiet) && !o->verbose && !o->debug;
	if (!o->proxy_maxconn)
		return;
	vec_each (px, &l->model->proxies) {
		struct proxy_conf *conf = (struct proxy_conf *)(uintptr_t)*px;

		if (!conf->maxconn)
			conf->maxconn = o->proxy_maxconn;
	}
}

/* Every certificate, key and setting of TLS, before anything is promised. */
static bool certificates_load(struct lbd *l)
{
	struct out messages = out_growing(MESSAGES_MAX);
	bool ok;

	l->tls = tls_world_new_after(l->tls_before, l->model, &messages, &ok);
	report_lines(&l->report, out_get(&messages));
	out_free(&messages);
	if (l->tls && !ok)
		report_say(&l->report, REPORT_ALERT, "config : Fatal errors found in configuration.");
	return l->tls && ok;
}

static bool load(struct lbd *l)
{
	struct load_options options = {.compat = l->options.compat, .strict_env = true, .templates = true};

	if (!l->renews)
		environment_begin(&l->options);
	options.master_worker = l->options.master;
	options.unresolved_ok = l->options.no_resolve;
	options.unverified_ok = l->options.no_verify;
	options.environ = (const char *const *)environ;
	l->loaded = load_files(l->options.files, l->options.nfiles, &options);
	if (!l->loaded) {
		report_say(&l->report, REPORT_ALERT, "config : out of memory.");
		return false;
	}
	if (l->options.lines && !l->renews)
		lines_print(&l->loaded->tree, l->options.lines);
	diags_sort(&l->loaded->diags);
	report_filter(&l->loaded->diags, l->options.verbose || l->options.diagnose);
	if (!report_loaded(&l->report, l->loaded, l->options.zero_warning))
		return false;
	l->model = l->loaded->model;
	if (!l->renews)
		environment_loaded(l->model);
	return certificates_load(l);
}

bool configuration_load(struct lbd *l)
{
	if (!load(l))
		return false;
	overrides_apply(l);
	return true;
}

/* -c: what is printed and the exit status. */
static int check_end(struct lbd *l)
{
	bool quiet = l->report.quiet;

	if (!serve_listeners(l->model)) {
		if (!quiet)
			puts("Configuration file has no error but will not start (no listener) => exit(2).");
		return STATUS_NO_LISTENER;
	}
	if (l->loaded->diags.warnings && !quiet)
		puts("Warnings were found.");
	if (!quiet && (l->options.compat < 209 || l->options.verbose))
		puts("Configuration file is valid");
	return STATUS_OK;
}

/* What has to be known before there is a process: 0, or why not as an exit status. */
static int start_check(struct lbd *l)
{
	if (serve_listeners(l->model))
		return STATUS_OK;
	report_say(&l->report, REPORT_ALERT,
		   "[haproxy.main()] No enabled listener found (check for 'bind' directives) ! Exiting.");
	return STATUS_INVALID;
}

static int start(struct lbd *l, bool loaded)
{
	if (l->options.daemon && !master_is_reload() && !daemon_fork(l))
		return STATUS_INVALID;
	l->report.pid = getpid();
	if (loaded && (l->options.verbose || l->options.debug)) {
		version_print_parts(stderr);
		puts("Using epoll() as the polling mechanism.");
		fflush(stdout);
	}
	return l->options.master ? master_run(l, loaded) : serve(l);
}

static int run(struct lbd *l)
{
	bool loaded;

	l->start_dir = getcwd(NULL, 0);
	if (l->options.dir && chdir(l->options.dir)) {
		report_say(&l->report, REPORT_ALERT, "Could not change to directory %s : %s", l->options.dir,
			   strerror(errno));
		return STATUS_INVALID;
	}
	if (l->options.bad_pids) {
		report_say(&l->report, REPORT_ALERT, "-%s option: some bytes unconsumed in PID list {%s}",
			   l->options.old_signal == SIGTERM ? "st" : "sf", l->options.bad_pids);
		return STATUS_INVALID;
	}
	loaded = configuration_load(l);
	if (loaded && l->options.master_socket && !l->options.master)
		report_say(&l->report, REPORT_WARNING,
			   "config : a master CLI socket was defined, but master-worker mode (-W) is not "
			   "enabled.");
	if (loaded && l->options.dump_libraries)
		libraries_print();
	if (loaded && l->options.keywords)
		keywords_print(l->options.keywords, l->options.compat);
	if (loaded && l->options.check)
		return check_end(l);
	if (loaded && start_check(l))
		loaded = false;
	if (!loaded && !master_is_reload())
		return STATUS_INVALID;
	return start(l, loaded);
}

/* What asks for an answer and nothing else; -1: go on. */
static int answer(struct lbd *l, bool understood, const char *program)
{
	const struct lbd_options *o = &l->options;

	if (!understood || o->usage || (!o->nfiles && !o->version && !o->build && !o->condition)) {
		version_print(o->compat);
		fflush(stdout);
		usage_print(program);
		return STATUS_INVALID;
	}
	if (o->build)
		version_print_build(o->compat);
	else if (o->version)
		version_print(o->compat);
	else if (o->condition)
		return condition_answer(l);
	else
		return -1;
	return STATUS_OK;
}

/* The command line for a master's reload: its workers are known, their sockets come from them. */
static char **argv_for_reload(int argc, char **argv)
{
	char **copy = calloc((size_t)argc + 1, sizeof(*copy));
	int n = 0;

	for (int i = 0; copy && i < argc; i++) {
		if (!strcmp(argv[i], "-sf") || !strcmp(argv[i], "-st"))
			while (i + 1 < argc && argv[i + 1][0] != '-')
				i++;
		else if (!strcmp(argv[i], "-x"))
			i++;
		else
			copy[n++] = argv[i];
	}
	return copy;
}

int program_end(struct lbd *l, int status)
{
	tls_world_free(&l->tls);
	loaded_free(&l->loaded);
	options_free(&l->options);
	out_free(&l->report.log);
	free(l->report.said);
	free(l->argv);
	free(l->start_dir);
	fflush(NULL);
	if (l->ended_by)
		signal_die(l->ended_by);
	return status;
}

int main(int argc, char **argv)
{
	struct lbd l = {.ready_fd = -1, .null_fd = -1};
	bool understood = options_parse(&l.options, argc, argv);
	int status;

	l.argv = argv_for_reload(argc, argv);
	l.report = (struct report){.pid = getpid(), .compat = l.options.compat, .copy_fd = -1};
	l.report.quiet = l.options.quiet && !l.options.verbose;
	status = answer(&l, understood, argc ? argv[0] : "lbd");
	if (status < 0)
		status = run(&l);
	return program_end(&l, status);
}
