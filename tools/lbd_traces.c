/* -dt: traces to standard error from the first moment on (management manual, section 3): all sources for
 * errors, or what a list says, SOURCE[:LEVEL[:VERBOSITY]],... Main thread, before workers run. */
#include <stdio.h>

#include "runtime/log/trace.h"
#include "tools/lbd.h"

static void name_put(const char *name, const char *text)
{
	fprintf(stderr, "  %-12s %s%s\n", name, text ? ": " : "", text ? text : "");
}

static void sources_list(const struct process *p)
{
	fputs("Supported trace sources:\n", stderr);
	for (int i = 0; i < TRACE_SOURCES; i++) {
		const struct trace_source_info *info = trace_source_info((enum trace_source)i);

		if (trace_source_find(p, str_from(info->name)) != TRACE_SOURCES)
			name_put(info->name, info->text);
	}
	name_put("all", "all of them");
}

static void levels_list(void)
{
	fputs("Supported trace levels:\n", stderr);
	for (uint32_t i = 0; i < TRACE_LEVELS; i++)
		name_put(trace_level_name(i)->name, trace_level_name(i)->text);
}

static void verbosities_list(const struct trace_source_info *info)
{
	fprintf(stderr, "Supported verbosities of %s:\n", info->name);
	for (uint32_t i = 0; i < sizeof(info->verbosities) / sizeof(*info->verbosities); i++)
		if (info->verbosities[i])
			name_put(trace_verbosity_name(i), info->verbosities[i]);
}

/* One setting of one source. */
static bool set(struct process *p, struct str source, const char *what, struct str value)
{
	struct str words[] = {source, str_from(what), value};

	return !trace_do(p, words, 3);
}

static bool source_start(struct lbd *l, const struct trace_source_info *info, struct str level,
			 struct str verbosity)
{
	struct process *p = l->process;
	struct str source = str_from(info->name);

	if (!set(p, source, "sink", STR("stderr")))
		return false;
	if (!set(p, source, "level", level.len ? level : STR("error"))) {
		report_say(&l->report, REPORT_ALERT, "-dt: no such trace level '%.*s'", STR_ARG(level));
		levels_list();
		return false;
	}
	if (verbosity.len && !set(p, source, "verbosity", verbosity)) {
		report_say(&l->report, REPORT_ALERT, "-dt: no such verbosity '%.*s'", STR_ARG(verbosity));
		verbosities_list(info);
		return false;
	}
	return set(p, source, "start", STR("now"));
}

static bool element_start(struct lbd *l, struct str element)
{
	struct str source = str_cut(&element, ':'), level = str_cut(&element, ':');
	bool all = !source.len || str_is(source, "all"), any = false;

	for (int i = 0; i < TRACE_SOURCES; i++) {
		const struct trace_source_info *info = trace_source_info((enum trace_source)i);

		if ((!all && !str_is(source, info->name)) ||
		    trace_source_find(l->process, str_from(info->name)) == TRACE_SOURCES)
			continue;
		any = true;
		if (!source_start(l, info, level, element))
			return false;
	}
	if (any)
		return true;
	report_say(&l->report, REPORT_ALERT, "-dt: no such trace source '%.*s'", STR_ARG(source));
	sources_list(l->process);
	return false;
}

bool traces_start(struct lbd *l)
{
	struct str rest;

	if (!l->options.traces)
		return true;
	rest = str_from(l->options.traces);
	do {
		if (!element_start(l, str_cut(&rest, ',')))
			return false;
	} while (rest.len);
	return true;
}
