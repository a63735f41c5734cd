/* Tables and JSON of simulations. Any one thread. */
#include "runtime/lab/report.h"

#include <stdio.h>

enum { TIME_TEXT = 16, NAME_WIDTH = 28, TABLE_SERVERS = 12 };

uint64_t lab_result_failed(const struct lab_result *r)
{
	uint64_t n = 0;

	for (int i = 0; i < LAB_ENDS; i++)
		n += i == END_DONE ? 0 : r->ends[i];
	return n;
}

double lab_utilisation(const struct lab_result *r, uint32_t server)
{
	const struct lab_server_result *s = &r->servers[server];

	return r->duration > 0 ? s->busy / r->duration / (s->workers ? s->workers : 1) : 0;
}

char *lab_time_text(char *buf, double seconds)
{
	if (seconds <= 0)
		snprintf(buf, TIME_TEXT, "0");
	else if (seconds < 999.5e-6)
		snprintf(buf, TIME_TEXT, "%.0fus", seconds * 1e6);
	else if (seconds < 0.9995)
		snprintf(buf, TIME_TEXT, "%.*fms",
			 seconds < 0.00995  ? 2
			 : seconds < 0.0995 ? 1
					    : 0,
			 seconds * 1e3);
	else
		snprintf(buf, TIME_TEXT, "%.*fs", seconds < 9.995 ? 2 : seconds < 99.95 ? 1 : 0, seconds);
	return buf;
}

static double quantile(const struct histogram *h, double part)
{
	return (double)histogram_quantile(h, part) * 1e-9;
}

/* --- the table */

static void cell(struct out *o, double seconds)
{
	char text[TIME_TEXT];

	out_printf(o, " %8s", lab_time_text(text, seconds));
}

static void times_cells(struct out *o, const struct histogram *h)
{
	cell(o, histogram_mean(h) * 1e-9);
	cell(o, quantile(h, 0.5));
	cell(o, quantile(h, 0.9));
	cell(o, quantile(h, 0.99));
	cell(o, quantile(h, 0.999));
	cell(o, (double)h->max * 1e-9);
}

static void spread_cell(struct out *o, const struct lab_result *r)
{
	double least = 1e300, most = 0;

	for (uint32_t i = 0; i < r->nservers; i++) {
		double u = lab_utilisation(r, i);

		least = u < least ? u : least;
		most = u > most ? u : most;
	}
	out_printf(o, "  %3.0f%%..%3.0f%%", 100 * (least < 1e300 ? least : 0), 100 * most);
}

static void name_cell(struct out *o, struct str name, const char *before)
{
	size_t width = (size_t)NAME_WIDTH - strlen(before);

	out_printf(o, "%s%-*.*s", before, (int)width, (int)(name.len < width ? name.len : width),
		   name.ptr ? name.ptr : "");
}

static void algorithm_rows(struct out *o, const struct lab_result *r)
{
	name_cell(o, r->name, "");
	out_printf(o, " %9llu %8llu", (unsigned long long)r->ends[END_DONE],
		   (unsigned long long)lab_result_failed(r));
	times_cells(o, r->times);
	cell(o, histogram_mean(r->queued) * 1e-9);
	spread_cell(o, r);
	out_printf(o, " %6.1f%%\n", r->repeats ? 100.0 * (double)r->moved / (double)r->repeats : 0);
	for (uint32_t i = 0; r->nclasses > 1 && i < r->nclasses; i++) {
		name_cell(o, r->classes[i].name, "  class ");
		out_printf(o, " %9llu %8s", (unsigned long long)r->classes[i].times->n, "");
		times_cells(o, r->classes[i].times);
		out_char(o, '\n');
	}
}

static void failures_row(struct out *o, const struct lab_result *r)
{
	const char *comma = "";

	if (!lab_result_failed(r) && !r->retries)
		return;
	name_cell(o, r->name, "");
	for (int i = 0; i < LAB_ENDS; i++) {
		if (i == END_DONE || !r->ends[i])
			continue;
		out_printf(o, "%s %llu %s", comma, (unsigned long long)r->ends[i],
			   lab_end_text((enum lab_end)i));
		comma = ",";
	}
	out_printf(o, "%s %llu retries, %llu redispatched\n", comma, (unsigned long long)r->retries,
		   (unsigned long long)r->redispatches);
}

/* Shares of the requests, for as many servers as fit on a line. */
static void shares_rows(struct out *o, const struct lab_result *results, uint32_t n)
{
	if (!n || results[0].nservers > TABLE_SERVERS)
		return;
	out_printf(o, "\n%-*s", NAME_WIDTH, "share of the requests");
	for (uint32_t k = 0; k < results[0].nservers; k++)
		out_printf(o, " %8.*s",
			   results[0].servers[k].name.len < 8 ? (int)results[0].servers[k].name.len : 8,
			   results[0].servers[k].name.ptr);
	out_char(o, '\n');
	for (uint32_t i = 0; i < n; i++) {
		uint64_t sum = 0;

		for (uint32_t k = 0; k < results[i].nservers; k++)
			sum += results[i].servers[k].requests;
		name_cell(o, results[i].name, "");
		for (uint32_t k = 0; k < results[i].nservers; k++)
			out_printf(o, " %7.2f%%",
				   sum ? 100.0 * (double)results[i].servers[k].requests / (double)sum : 0);
		out_char(o, '\n');
	}
}

void lab_report_table(struct out *o, const struct scenario *s, const struct lab_result *results, uint32_t n)
{
	if (s->title.len)
		out_printf(o, "%.*s\n", STR_ARG(s->title));
	out_printf(o, "%u servers, seed %llu\n\n%-*s %9s %8s %8s %8s %8s %8s %8s %8s %8s  %10s %7s\n",
		   s->backend->servers.n, (unsigned long long)s->seed, NAME_WIDTH, "algorithm", "done",
		   "failed", "mean", "p50", "p90", "p99", "p99.9", "max", "queued", "busy", "moved");
	for (uint32_t i = 0; i < n; i++)
		algorithm_rows(o, &results[i]);
	shares_rows(o, results, n);
	for (uint32_t i = 0; i < n; i++)
		failures_row(o, &results[i]);
}

/* --- JSON */

static void json_times(struct out *o, const char *name, const struct histogram *h)
{
	out_printf(o,
		   "\"%s\": {\"n\": %llu, \"mean\": %.9g, \"p50\": %.9g, \"p90\": %.9g, \"p95\": %.9g, "
		   "\"p99\": %.9g, "
		   "\"p99.9\": %.9g, \"max\": %.9g}",
		   name, (unsigned long long)h->n, histogram_mean(h) * 1e-9, quantile(h, 0.5), quantile(h, 0.9),
		   quantile(h, 0.95), quantile(h, 0.99), quantile(h, 0.999), (double)h->max * 1e-9);
}

static void json_server(struct out *o, const struct lab_result *r, uint32_t i)
{
	const struct lab_server_result *s = &r->servers[i];

	out_puts(o, i ? ",\n     {\"name\": " : "\n     {\"name\": ");
	out_json(o, s->name);
	out_printf(o,
		   ", \"requests\": %llu, \"failed\": %llu, \"utilisation\": %.6g, \"mean_time\": %.9g, "
		   "\"peak\": %u, \"load\": [",
		   (unsigned long long)s->requests, (unsigned long long)s->failed, lab_utilisation(r, i),
		   s->requests ? s->time / (double)s->requests : 0, s->peak);
	for (uint32_t c = 0; c < series_cells(&r->load); c++)
		out_printf(o, "%s%.4g", c ? "," : "", series_at(&r->load, i, c));
	out_puts(o, "]}");
}

static void json_result(struct out *o, const struct lab_result *r)
{
	out_puts(o, "{\"algorithm\": ");
	out_json(o, r->name);
	out_printf(o,
		   ", \"arrived\": %llu, \"duration\": %.9g, \"retries\": %llu, \"redispatched\": %llu, "
		   "\"moved\": %.6g,\n    ",
		   (unsigned long long)r->arrived, r->duration, (unsigned long long)r->retries,
		   (unsigned long long)r->redispatches, r->repeats ? (double)r->moved / (double)r->repeats : 0);
	out_puts(o, "\"ends\": {");
	for (int i = 0; i < LAB_ENDS; i++)
		out_printf(o, "%s\"%s\": %llu", i ? ", " : "", lab_end_text((enum lab_end)i),
			   (unsigned long long)r->ends[i]);
	out_puts(o, "},\n    ");
	json_times(o, "response", r->times);
	out_puts(o, ",\n    ");
	json_times(o, "queued", r->queued);
	out_puts(o, ",\n    \"classes\": {");
	for (uint32_t i = 0; i < r->nclasses; i++) {
		out_puts(o, i ? ", " : "");
		out_json(o, r->classes[i].name);
		out_puts(o, ": {");
		json_times(o, "response", r->classes[i].times);
		out_puts(o, "}");
	}
	out_printf(o, "},\n    \"load_interval\": %.9g, \"servers\": [", (double)r->load.width * 1e-9);
	for (uint32_t i = 0; i < r->nservers; i++)
		json_server(o, r, i);
	out_puts(o, "]}");
}

void lab_report_json(struct out *o, const struct scenario *s, const struct lab_result *results, uint32_t n)
{
	out_puts(o, "{\"title\": ");
	out_json(o, s->title);
	out_printf(o, ", \"seed\": %llu, \"results\": [", (unsigned long long)s->seed);
	for (uint32_t i = 0; i < n; i++) {
		out_puts(o, i ? ",\n   " : "\n   ");
		json_result(o, &results[i]);
	}
	out_puts(o, "]}\n");
}
