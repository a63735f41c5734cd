/* The command line of lb-agent. One thread. */
#include "config.h"

#include "tools/lb_agent.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
	"usage: lb-agent [options]\n"
	"\n"
	"Tells load balancers what part of this machine is free: `agent-check` of HAProxy and lbd.\n"
	"\n"
	"  --listen=[ADDRESS:]PORT   where balancers ask (9707)\n"
	"  --interval=SECONDS        between measurements (1)\n"
	"  --floor=PERCENT           never says less (1)\n"
	"  --memory-low=PERCENT      available memory counts below this (20; 0: never)\n"
	"  --disk=PATH               the file system whose room counts (/)\n"
	"  --disk-low=PERCENT        its room counts below this (5; 0: never)\n"
	"  --interface=NAME          the network that counts (all but lo)\n"
	"  --network=MBIT            what an interface can carry (as its driver says)\n"
	"  --state=FILE              words in it are said as well: drain, maint, ready, down, up\n"
	"  --once                    print one answer and exit\n"
	"  --proc=DIR, --sys=DIR     where the kernel's figures are\n"
	"  --help, --version\n";

enum {
	OPT_LISTEN = 256,
	OPT_INTERVAL,
	OPT_FLOOR,
	OPT_MEMORY,
	OPT_DISK,
	OPT_SPACE,
	OPT_INTERFACE,
	OPT_NETWORK,
	OPT_STATE,
	OPT_ONCE,
	OPT_PROC,
	OPT_SYS,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"interval", required_argument, NULL, OPT_INTERVAL},
	{"floor", required_argument, NULL, OPT_FLOOR},
	{"memory-low", required_argument, NULL, OPT_MEMORY},
	{"disk", required_argument, NULL, OPT_DISK},
	{"disk-low", required_argument, NULL, OPT_SPACE},
	{"interface", required_argument, NULL, OPT_INTERFACE},
	{"network", required_argument, NULL, OPT_NETWORK},
	{"state", required_argument, NULL, OPT_STATE},
	{"once", no_argument, NULL, OPT_ONCE},
	{"proc", required_argument, NULL, OPT_PROC},
	{"sys", required_argument, NULL, OPT_SYS},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

static bool number(const char *text, double min, double max, double factor, double *value)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end || !(n >= min && n <= max))
		return false;
	*value = n * factor;
	return true;
}

static bool take_number(struct agent_options *o, int option, const char *text)
{
	double floor = 0;

	switch (option) {
	case OPT_INTERVAL:
		return number(text, 0.01, 3600, 1, &o->interval);
	case OPT_MEMORY:
		return number(text, 0, 100, 0.01, &o->memory_low);
	case OPT_SPACE:
		return number(text, 0, 100, 0.01, &o->space_low);
	case OPT_NETWORK:
		return number(text, 0.001, 1e9, 1e6, &o->network);
	default:
		if (!number(text, 0, 100, 1, &floor))
			return false;
		o->floor = (unsigned)floor;
		return true;
	}
}

static bool take(struct agent_options *o, int option, const char *text)
{
	switch (option) {
	case OPT_LISTEN:
		o->listen = text;
		return true;
	case OPT_DISK:
		o->path = text;
		return true;
	case OPT_INTERFACE:
		o->interface = text;
		return true;
	case OPT_STATE:
		o->state = text;
		return true;
	case OPT_PROC:
		o->proc = text;
		return true;
	case OPT_SYS:
		o->sys = text;
		return true;
	case OPT_ONCE:
		o->once = true;
		return true;
	default:
		return take_number(o, option, text);
	}
}

bool agent_options_read(struct agent_options *o, int argc, char **argv, int *status)
{
	int option;

	*o = (struct agent_options){.listen = "9707",
				    .proc = "/proc",
				    .sys = "/sys",
				    .path = "/",
				    .memory_low = 0.2,
				    .space_low = 0.05,
				    .interval = 1,
				    .floor = 1};
	*status = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPT_HELP || option == OPT_VERSION) {
			fputs(option == OPT_HELP ? help : "lb-agent " PACKAGE_VERSION "\n", stdout);
			return false;
		}
		if (option != '?' && take(o, option, optarg))
			continue;
		if (option != '?')
			fprintf(stderr, "lb-agent: `%s` is no value of this option\n", optarg);
		fputs("try `lb-agent --help`\n", stderr);
		*status = 2;
		return false;
	}
	if (optind == argc)
		return true;
	fprintf(stderr, "lb-agent: `%s` is one word too many; try `lb-agent --help`\n", argv[optind]);
	*status = 2;
	return false;
}
