/* The statistics page: a header with the state of the process, then a table per proxy with every figure that
 * the CSV has a place for, readable on a phone, in the dark and by screen readers. Nothing is loaded from
 * elsewhere. Any worker. */
#include "config.h"

#include "runtime/stats/stats_page.h"

#include <stdio.h>

#include "runtime/core/process.h"
#include "runtime/stats/counters.h"

void stats_escape(struct out *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '&':
			out_puts(out, "&amp;");
			break;
		case '<':
			out_puts(out, "&lt;");
			break;
		case '>':
			out_puts(out, "&gt;");
			break;
		case '"':
			out_puts(out, "&quot;");
			break;
		case '\'':
			out_puts(out, "&#39;");
			break;
		default:
			out_char(out, text.ptr[i]);
		}
	}
}

/* --- cells */

static void put_value(struct out *out, const struct stats_value *v)
{
	switch (v->kind) {
	case STATS_EMPTY:
		break;
	case STATS_STR:
		stats_escape(out, v->text);
		break;
	case STATS_S32:
		out_printf(out, "%lld", (long long)v->signed_number);
		break;
	default:
		out_printf(out, "%llu", (unsigned long long)v->number);
	}
}

/* A long number with a short form for eyes; the exact one is in the title. */
static void put_short(struct out *out, uint64_t n)
{
	static const char units[] = " kMGTP";
	double value = (double)n;
	int unit = 0;

	while (value >= 10000 && unit < 5) {
		value /= 1000;
		unit++;
	}
	if (unit)
		out_printf(out, "%.1f %c", value, units[unit]);
	else
		out_printf(out, "%llu", (unsigned long long)n);
}

static void put_seconds(struct out *out, uint64_t s)
{
	if (s >= 86400)
		out_printf(out, "%llud%lluh", (unsigned long long)(s / 86400),
			   (unsigned long long)(s / 3600 % 24));
	else if (s >= 3600)
		out_printf(out, "%lluh%llum", (unsigned long long)(s / 3600),
			   (unsigned long long)(s / 60 % 60));
	else if (s >= 60)
		out_printf(out, "%llum%llus", (unsigned long long)(s / 60), (unsigned long long)(s % 60));
	else
		out_printf(out, "%llus", (unsigned long long)s);
}

enum cell { CELL_PLAIN, CELL_SHORT, CELL_AGE };

static void put_cell(struct out *out, const struct stats_value *v, enum cell how)
{
	if (v->kind == STATS_EMPTY || how == CELL_PLAIN) {
		out_puts(out, "<td>");
		put_value(out, v);
	} else if (how == CELL_AGE) {
		out_puts(out, "<td>");
		if (v->kind != STATS_S32)
			put_seconds(out, v->number);
		else if (v->signed_number >= 0)
			put_seconds(out, (uint64_t)v->signed_number);
	} else {
		out_printf(out, "<td title=\"%llu\">", (unsigned long long)v->number);
		put_short(out, v->number);
	}
	out_puts(out, "</td>");
}

/* --- tables */

static const struct {
	enum stats_column column;
	enum cell how;
	const char *title;
} cells[] = {
	{ST_qcur, CELL_PLAIN, "cur"},       {ST_qmax, CELL_PLAIN, "max"},
	{ST_qlimit, CELL_PLAIN, "limit"},   {ST_rate, CELL_PLAIN, "cur"},
	{ST_rate_max, CELL_PLAIN, "max"},   {ST_rate_lim, CELL_PLAIN, "limit"},
	{ST_scur, CELL_PLAIN, "cur"},       {ST_smax, CELL_PLAIN, "max"},
	{ST_slim, CELL_PLAIN, "limit"},     {ST_stot, CELL_SHORT, "total"},
	{ST_lbtot, CELL_SHORT, "lbtot"},    {ST_lastsess, CELL_AGE, "last"},
	{ST_bin, CELL_SHORT, "in"},         {ST_bout, CELL_SHORT, "out"},
	{ST_dreq, CELL_PLAIN, "req"},       {ST_dresp, CELL_PLAIN, "resp"},
	{ST_ereq, CELL_PLAIN, "req"},       {ST_econ, CELL_PLAIN, "conn"},
	{ST_eresp, CELL_PLAIN, "resp"},     {ST_wretr, CELL_PLAIN, "retr"},
	{ST_wredis, CELL_PLAIN, "redis"},   {ST_hrsp_2xx, CELL_SHORT, "2xx"},
	{ST_hrsp_3xx, CELL_SHORT, "3xx"},   {ST_hrsp_4xx, CELL_SHORT, "4xx"},
	{ST_hrsp_5xx, CELL_SHORT, "5xx"},   {ST_rtime, CELL_PLAIN, "resp ms"},
	{ST_ttime, CELL_PLAIN, "total ms"}, {ST_weight, CELL_PLAIN, "weight"},
	{ST_act, CELL_PLAIN, "act"},        {ST_bck, CELL_PLAIN, "bck"},
	{ST_chkfail, CELL_PLAIN, "chk"},    {ST_chkdown, CELL_PLAIN, "dwn"},
	{ST_downtime, CELL_AGE, "dwntme"},
};

static const struct {
	const char *title;
	unsigned columns;
} groups[] = {{"Queue", 3},  {"Session rate", 3}, {"Sessions", 6},  {"Bytes", 2}, {"Denied", 2},
	      {"Errors", 3}, {"Warnings", 2},     {"Responses", 4}, {"Times", 2}, {"Server", 6}};

/* What `stats show-modules` adds: the columns behind the gap, whose names begin with their module's. */
static const char *const modules[] = {"ssl_", "h2_", "h1_"};
enum { MODULES = sizeof(modules) / sizeof(*modules) };

static bool is_of_module(int column, size_t module)
{
	return str_starts(str_from(stats_column_row((enum stats_column)column)->name),
			  str_from(modules[module]));
}

/* Figures that a row has of one module, to be opened; an empty cell where it has none. */
static void put_module(struct out *out, const struct stats_row *r, size_t module)
{
	bool any = false;

	out_puts(out, "<td>");
	for (int i = ST_gap + 1; i < ST_COLUMNS; i++) {
		if (r->values[i].kind == STATS_EMPTY || !is_of_module(i, module))
			continue;
		if (!any)
			out_printf(out, "<details><summary>%.*s</summary><table class=det>",
				   (int)strlen(modules[module]) - 1, modules[module]);
		any = true;
		out_printf(out, "<tr><th scope=row>%s</th><td>", stats_column_row((enum stats_column)i)->text);
		put_value(out, &r->values[i]);
		out_puts(out, "</td></tr>");
	}
	out_puts(out, any ? "</table></details></td>" : "</td>");
}

static void put_table_head(struct out *out, bool admin, bool with_modules)
{
	out_puts(out, "<thead><tr>");
	if (admin)
		out_puts(
			out,
			"<th rowspan=2><input type=checkbox class=all aria-label=\"select all servers\"></th>");
	out_puts(out, "<th rowspan=2 scope=col>Name</th><th rowspan=2 scope=col>Trend</th><th rowspan=2 "
		      "scope=col>Status</th><th rowspan=2 "
		      "scope=col>Last check</th>");
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		out_printf(out, "<th colspan=%u scope=colgroup>%s</th>", groups[i].columns, groups[i].title);
	if (with_modules)
		out_printf(out, "<th colspan=%d scope=colgroup>Extra modules</th>", MODULES);
	out_puts(out, "</tr><tr>");
	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++)
		out_printf(out, "<th scope=col>%s</th>", cells[i].title);
	for (size_t i = 0; i < MODULES && with_modules; i++)
		out_printf(out, "<th scope=col>%.*s</th>", (int)strlen(modules[i]) - 1, modules[i]);
	out_puts(out, "</tr></thead>\n<tbody>\n");
}

/* Colour of a state: by its text, as people read it. */
static const char *status_class(const struct stats_row *r)
{
	struct str text = r->values[ST_status].text;

	if (str_starts(text, STR("UP ")) || (str_starts(text, STR("DOWN ")) && text.len > 5))
		return "warn";
	if (str_starts(text, STR("UP")) || str_is(text, "OPEN"))
		return "up";
	if (str_starts(text, STR("MAINT")))
		return "maint";
	if (str_starts(text, STR("DRAIN")) || str_starts(text, STR("NOLB")))
		return "drain";
	if (str_is(text, "no check"))
		return "none";
	return str_is(text, "FULL") || str_is(text, "WAITING") ? "warn" : "down";
}

struct page {
	struct worker *worker;
	const struct stats_view *view;
	struct out *out;
	const struct proxy *open; /* whose table is being written */
};

static void put_check(struct out *out, const struct stats_row *r)
{
	const struct stats_value *v = r->values;

	out_puts(out, "<td class=l title=\"");
	put_value(out, &v[ST_check_desc]);
	if (v[ST_last_chk].kind == STATS_STR && v[ST_last_chk].text.len) {
		out_puts(out, ": ");
		put_value(out, &v[ST_last_chk]);
	}
	out_puts(out, "\">");
	put_value(out, &v[ST_check_status]);
	if (v[ST_check_code].kind != STATS_EMPTY)
		out_printf(out, "/%llu", (unsigned long long)v[ST_check_code].number);
	if (v[ST_check_duration].kind != STATS_EMPTY)
		out_printf(out, " in %llu ms", (unsigned long long)v[ST_check_duration].number);
	out_puts(out, "</td>");
}

static void put_select(struct page *p, const struct stats_row *r)
{
	if (!p->view->admin || !r->proxy->nservers)
		return;
	if (!r->server) {
		out_puts(p->out, "<td></td>");
		return;
	}
	out_puts(p->out, "<td><input type=checkbox name=s aria-label=\"select ");
	stats_escape(p->out, r->server->conf->name);
	out_puts(p->out, "\" value=\"");
	stats_escape(p->out, r->server->conf->name);
	out_puts(p->out, "\"></td>");
}

static void put_row_name(struct page *p, const struct stats_row *r)
{
	const struct stats_conf *conf = &p->view->proxy->conf->stats;

	out_puts(p->out, "<th scope=row");
	if (conf->show_legends && r->values[ST_addr].kind == STATS_STR) {
		out_puts(p->out, " title=\"");
		stats_escape(p->out, r->values[ST_addr].text);
		out_puts(p->out, "\"");
	}
	out_char(p->out, '>');
	stats_escape(p->out, r->type == STATS_FRONTEND  ? STR("Frontend")
			     : r->type == STATS_BACKEND ? STR("Backend")
							: r->values[ST_svname].text);
	out_puts(p->out, "</th>");
}

/* The name by which the script remembers the row's figures, and the two that it draws; the cell is its own. */
static void put_trend(struct page *p, const struct stats_row *r)
{
	const struct stats_value *rate = &r->values[ST_req_rate], *time = &r->values[ST_rtime];

	if (rate->kind == STATS_EMPTY)
		rate = &r->values[ST_rate];
	out_printf(p->out, "<td class=t data-row=\"%u.%u.%d\" data-rate=\"", r->proxy->conf->id,
		   (unsigned)r->values[ST_sid].number, r->type);
	put_value(p->out, rate);
	out_puts(p->out, "\" data-time=\"");
	put_value(p->out, time);
	out_puts(p->out, "\"></td>");
}

static void put_row(struct page *p, const struct stats_row *r)
{
	out_printf(p->out, "<tr class=%s>",
		   r->type == STATS_FRONTEND  ? "f"
		   : r->type == STATS_BACKEND ? "b"
					      : "v");
	put_select(p, r);
	put_row_name(p, r);
	put_trend(p, r);
	out_printf(p->out, "<td class=\"s %s\">", status_class(r));
	if (r->values[ST_lastchg].kind != STATS_EMPTY) {
		out_puts(p->out, "<span class=dim>");
		put_seconds(p->out, r->values[ST_lastchg].number);
		out_puts(p->out, "</span> ");
	}
	put_value(p->out, &r->values[ST_status]);
	out_puts(p->out, "</td>");
	put_check(p->out, r);
	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++)
		put_cell(p->out, &r->values[cells[i].column], cells[i].how);
	for (size_t i = 0; i < MODULES && p->view->proxy->conf->stats.show_modules; i++)
		put_module(p->out, r, i);
	out_puts(p->out, "</tr>\n");
}

static void put_actions(struct page *p, const struct proxy *px)
{
	static const char *const actions[][2] = {
		{"ready", "Set state to READY"},     {"drain", "Set state to DRAIN"},
		{"maint", "Set state to MAINT"},     {"dhlth", "Health: disable checks"},
		{"ehlth", "Health: enable checks"},  {"hrunn", "Health: force UP"},
		{"hnolb", "Health: force NOLB"},     {"hdown", "Health: force DOWN"},
		{"dagent", "Agent: disable checks"}, {"eagent", "Agent: enable checks"},
		{"arunn", "Agent: force UP"},        {"adown", "Agent: force DOWN"},
		{"shutdown", "Kill Sessions"}};

	out_puts(p->out, "<div class=acts><label>Action on selected servers <select name=action><option "
			 "value=\"\"></option>");
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		out_printf(p->out, "<option value=%s>%s</option>", actions[i][0], actions[i][1]);
	out_printf(
		p->out,
		"</select></label><input type=hidden name=b value=\"#%u\"><button>Apply</button></div></form>",
		px->conf->id);
}

static void close_table(struct page *p)
{
	if (!p->open)
		return;
	out_puts(p->out, "</tbody></table></div>\n");
	if (p->view->admin && p->open->nservers)
		put_actions(p, p->open);
	out_puts(p->out, "</section>\n");
	p->open = NULL;
}

static void open_table(struct page *p, const struct proxy *px)
{
	const struct stats_conf *conf = &p->view->proxy->conf->stats;
	struct out *out = p->out;

	out_puts(out, "<section><div class=bar><h2 id=\"");
	stats_escape(out, px->conf->name);
	out_puts(out, "\">");
	stats_escape(out, px->conf->name);
	out_printf(out, "</h2><span class=dim>%s", px->conf->mode == MODE_HTTP ? "http" : "tcp");
	if (px->conf->role & ROLE_BACKEND && px->nservers)
		out_printf(out, ", balance %s", balance_name(px->conf->balance.kind));
	out_puts(out, "</span>");
	if (conf->show_desc && px->conf->description.len) {
		out_puts(out, "<span>");
		stats_escape(out, px->conf->description);
		out_puts(out, "</span>");
	}
	out_puts(out, "</div>\n");
	if (p->view->admin && px->nservers)
		out_puts(out, "<form method=post>");
	out_puts(out, "<div class=scroll><table>");
	put_table_head(out, p->view->admin && px->nservers, conf->show_modules);
	p->open = px;
}

static void page_row(void *ctx, const struct stats_row *r)
{
	struct page *p = ctx;

	if (p->open != r->proxy) {
		close_table(p);
		open_table(p, r->proxy);
	}
	put_row(p, r);
}

/* --- the page */

static void put_title(struct page *p)
{
	const struct stats_conf *conf = &p->view->proxy->conf->stats;
	struct out *out = p->out;

	out_puts(out, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>Statistics Report for "
		      "HAProxy");
	if (conf->show_node && conf->node.len) {
		out_puts(out, " on ");
		stats_escape(out, conf->node);
	}
	out_puts(out, "</title>\n<link rel=icon href=\"data:,\"><meta name=viewport "
		      "content=\"width=device-width,initial-scale=1\">"
		      "<meta name=robots content=noindex>\n<style>");
	out_puts(out, stats_page_style);
	out_puts(out, "</style></head>\n<body>");
}

/* An address of the page with some of what was asked for. */
static void put_link(struct page *p, const char *options, const char *text)
{
	out_puts(p->out, "<a href=\"");
	stats_escape(p->out, p->view->proxy->conf->stats.uri);
	out_puts(p->out, options);
	if (p->view->filter.named.len) {
		out_puts(p->out, "?scope=");
		stats_escape(p->out, p->view->filter.named);
	}
	out_printf(p->out, "\">%s</a>\n", text);
}

/* What the page shows, as the name of options behind the uri. */
static void put_links(struct page *p)
{
	const struct stats_view *v = p->view;
	bool refreshes = v->proxy->conf->stats.refresh != 0;
	char now[64], other[64];

	snprintf(now, sizeof(now), "%s%s", v->filter.up_only ? ";up" : "",
		 refreshes && !v->refresh ? ";norefresh" : "");
	snprintf(other, sizeof(other), "%s%s", v->filter.up_only ? "" : ";up",
		 refreshes && !v->refresh ? ";norefresh" : "");
	out_puts(p->out, "<nav class=bar aria-label=\"display\"><form method=get class=scope><label>Scope "
			 "<input name=scope "
			 "size=10 maxlength=20 value=\"");
	stats_escape(p->out, v->filter.named);
	out_puts(p->out, "\"></label><button>Show</button></form>\n");
	put_link(p, now, "refresh now");
	put_link(p, other, v->filter.up_only ? "show all servers" : "hide DOWN servers");
	if (refreshes)
		put_link(p, v->refresh ? ";norefresh" : "", v->refresh ? "disable refresh" : "enable refresh");
	put_link(p, ";csv;norefresh", "CSV");
	put_link(p, ";json;norefresh", "JSON");
	put_link(p, ";json-schema", "JSON schema");
	out_puts(p->out, "</nav>\n");
}

static const char *message_text(struct str code)
{
	static const char *const texts[][2] = {
		{"DONE", "Action processed successfully."},
		{"NONE", "Nothing has changed."},
		{"PART", "Action partially processed."},
		{"ERRP", "Action not processed: some of the names are not known."},
		{"EXCD", "Action not processed: the request is too large."},
		{"DENY", "Action denied."}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (str_is(code, texts[i][0]))
			return texts[i][1];
	return "Unexpected result.";
}

static void put_process(struct page *p)
{
	const struct process *process = p->worker->process;
	const struct stats_conf *conf = &p->view->proxy->conf->stats;
	struct out *out = p->out;

	out_puts(out, "<header><h1>");
	if (!conf->hide_version)
		out_puts(out, "lbd " PACKAGE_VERSION ": ");
	out_printf(out, "Statistics Report for pid %d</h1>\n<ul class=facts>", (int)process->pid);
	if (conf->show_desc && conf->desc.len) {
		out_puts(out, "<li>");
		stats_escape(out, conf->desc);
		out_puts(out, "</li>");
	}
	out_puts(out, "<li><b>uptime</b> ");
	put_seconds(out, (uint64_t)(p->worker->wall.tv_sec - process->started.tv_sec));
	out_printf(out,
		   "</li><li><b>threads</b> %u</li><li><b>connections</b> %u of %u</li><li><b>total "
		   "connections</b> %llu</li>",
		   process->nworkers, atomic_load(&process->connections), process->maxconn,
		   (unsigned long long)atomic_load(&process->cum_connections));
	out_printf(out, "<li><b>total requests</b> %llu</li></ul>\n",
		   (unsigned long long)atomic_load(&process->cum_requests));
	if (p->view->message.len)
		out_printf(out, "<p class=note role=status>%s</p>\n", message_text(p->view->message));
	put_links(p);
	out_puts(out, "</header>\n");
}

void stats_page(struct worker *w, const struct stats_view *view, struct out *out)
{
	struct page p = {.worker = w, .view = view, .out = out};

	put_title(&p);
	out_printf(out,
		   "<div class=live><button type=button id=live aria-pressed=false hidden>Live</button> <span "
		   "id=said "
		   "class=dim role=status></span></div>\n<main data-refresh=%u>\n",
		   view->refresh ? view->proxy->conf->stats.refresh : 0);
	put_process(&p);
	stats_each(w, &view->filter, page_row, &p);
	close_table(&p);
	out_puts(out, "</main>\n<script>");
	out_puts(out, stats_page_script);
	out_puts(out, "</script></body></html>\n");
}
