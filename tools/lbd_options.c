/* The command line of lbd, which is HAProxy's (management guide, section 3). Options are read by table where
 * they are plain flags or plain values. Main thread. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lbd.h"

/* The words still to be read. */
struct words {
	char **v;
	int n;
};

static const char *next_word(struct words *w)
{
	if (w->n < 1)
		return NULL;
	w->n--;
	return *w->v++;
}

/* Room for every word of the command line was made at the start. */
static bool take_file(struct lbd_options *o, const char *file)
{
	if (!file)
		return false;
	o->files[o->nfiles++] = file;
	return true;
}

static bool take_number(uint32_t *n, const char *word)
{
	long value = word ? strtol(word, NULL, 10) : 0;

	*n = value < 0 || value > INT32_MAX ? 0 : (uint32_t)value;
	return word != NULL;
}

/* -sf and -st: pids up to the next option. */
static void take_pids(struct lbd_options *o, struct words *w, int signal)
{
	o->old_signal = signal;
	while (w->n && w->v[0][0] != '-') {
		const char *word = next_word(w);
		char *end;
		pid_t pid = (pid_t)strtol(word, &end, 10);

		if (*end && *end != ' ' && !o->bad_pids)
			o->bad_pids = end;
		if (pid > 0)
			o->old.v[o->old.n++] = pid;
	}
}

/* -d...: debug switches. Those that change nothing here are accepted: they tune parts that HAProxy alone has
 * (-dM its memory pools, -dk a poller of other systems, -dF and -dZ ways of copying, and the like), or allow what is
 * allowed here (-dI). */
static void take_debug(struct lbd_options *o, const char *flags)
{
	switch (*flags) {
	case 0:
		o->debug = true;
		break;
	case 'b':
		o->foreground = true;
		break;
	case 'W':
		o->zero_warning = true;
		break;
	case 'D':
		o->diagnose = true;
		break;
	case 'L':
		o->dump_libraries = true;
		break;
	case 'K':
		o->keywords = flags + 1;
		break;
	case 'C':
		o->lines = flags + 1;
		break;
	case 't':
		o->traces = flags + 1;
		break;
	case 'V':
		o->no_verify = true;
		break;
	case 'p':
		o->no_poll = true;
		break;
	case 'e':
		o->no_epoll = true;
		break;
	case 'S':
		o->no_splice = true;
		break;
	case 'G':
		o->no_getaddrinfo = true;
		break;
	case 'R':
		o->no_reuseport = true;
		break;
	case 'r':
		o->no_resolve = true;
		break;
	default:
		break;
	}
}

static bool take_string(const char **where, struct words *w)
{
	*where = next_word(w);
	return *where != NULL;
}

/* Options with a value in the next word. */
static bool take_valued(struct lbd_options *o, char c, struct words *w)
{
	switch (c) {
	case 'f':
		return take_file(o, next_word(w));
	case 'C':
		return take_string(&o->dir, w);
	case 'p':
		return take_string(&o->pidfile, w);
	case 'L':
		return take_string(&o->peer, w);
	case 'x':
		return take_string(&o->socket, w);
	case 'S':
		return take_string(&o->master_socket, w);
	case 'n':
		return take_number(&o->maxconn, next_word(w));
	case 'N':
		return take_number(&o->proxy_maxconn, next_word(w));
	case 'm':
		return take_number(&o->memory_mb, next_word(w));
	default:
		return false;
	}
}

static bool take_flag(struct lbd_options *o, const char *word)
{
	const struct {
		const char *word;
		bool *flag, *also;
	} flags[] = {
		{"-c", &o->check, NULL},   {"-D", &o->daemon, NULL}, {"-q", &o->quiet, NULL},
		{"-V", &o->verbose, NULL}, {"-W", &o->master, NULL}, {"-Ws", &o->master, &o->notify},
		{"-v", &o->version, NULL}, {"-vv", &o->build, NULL}, {"-h", &o->usage, NULL},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (strcmp(word, flags[i].word))
			continue;
		*flags[i].flag = true;
		if (flags[i].also)
			*flags[i].also = true;
		return true;
	}
	return false;
}

/* "2.6" or "2.6.12" as 206; 0: no version that is known. */
static int compat_parse(const char *text)
{
	static const int known[] = {206, 208, 300, 302, 304};
	char *end;
	long major = strtol(text, &end, 10), minor = *end == '.' ? strtol(end + 1, NULL, 10) : -1;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i] == major * 100 + minor)
			return known[i];
	return 0;
}

static bool take_option(struct lbd_options *o, const char *word, struct words *w)
{
	if (!strcmp(word, "--")) {
		while (w->n)
			take_file(o, next_word(w));
		return true;
	}
	if (!strncmp(word, "--compat=", 9))
		return (o->compat = compat_parse(word + 9)) != 0;
	if (!strcmp(word, "-cc"))
		return take_string(&o->condition, w);
	if (!strcmp(word, "-sf") || !strcmp(word, "-st")) {
		take_pids(o, w, word[2] == 'f' ? SIGUSR1 : SIGTERM);
		return true;
	}
	if (word[0] == '-' && word[1] == 'd') {
		take_debug(o, word + 2);
		return true;
	}
	if (take_flag(o, word))
		return true;
	return word[0] == '-' && word[1] && !word[2] && take_valued(o, word[1], w);
}

bool options_parse(struct lbd_options *o, int argc, char **argv)
{
	struct words w = {argv + 1, argc - 1};
	const char *compat = getenv("LBD_COMPAT");

	*o = (struct lbd_options){.compat = compat ? compat_parse(compat) : 206};
	if (!o->compat)
		o->compat = 206;
	o->files = calloc((size_t)argc + 1, sizeof(*o->files));
	o->old.v = calloc((size_t)argc + 1, sizeof(*o->old.v));
	if (!o->files || !o->old.v)
		return false;
	while (w.n)
		if (!take_option(o, next_word(&w), &w))
			return false;
	return true;
}

void options_free(struct lbd_options *o)
{
	free(o->files);
	free(o->old.v);
}
