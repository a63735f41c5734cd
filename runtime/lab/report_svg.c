/* Pictures of simulations: how long answers take, by percentile, all algorithms in one diagram; below it, for
 * each algorithm, how many requests each server had over time, as lines for a few servers and as a heat map for
 * many. The scales of the small diagrams are the same. Plain SVG 1.1 with its colours inside, light and dark.
 * Any one thread. */
#include "runtime/lab/report.h"

#include <math.h>
#include <stdio.h>

enum {
	WIDTH = 880,
	LEFT = 64,
	RIGHT = 34,
	TIMES_HEIGHT = 240,
	LOAD_HEIGHT = 150,
	GAP = 46,
	LINES = 8,
	ROWS = 48,
	LEVELS = 9,
	COLORS = 8,
	LEGEND = 18
};

static const char style[] =
	"<style>text{font:12px "
	"sans-serif;fill:#222}.t{font-size:15px;font-weight:bold}.s{font-size:11px;fill:#555}"
	".g{stroke:#ddd;fill:none}.f{fill:#fff}.b{fill:none;stroke:#999}path{fill:none;stroke-width:1.6}"
	".c0{stroke:#0072b2}.c1{stroke:#d55e00}.c2{stroke:#009e73}.c3{stroke:#cc79a7}.c4{stroke:#e69f00}.c5{"
	"stroke:#56b4e9}"
	".c6{stroke:#8a5fbf}.c7{stroke:#777}.h{stroke:none;fill:#c0392b}"
	"@media(prefers-color-scheme:dark){text{fill:#ddd}.s{fill:#aaa}.g{stroke:#444}.f{fill:#181818}}</"
	"style>\n";

/* Where a diagram lies, and what its sides mean. */
struct plot {
	double x, y, w, h;
	double top; /* value at the upper side */
};

static void out_xml(struct out *o, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '<')
			out_puts(o, "&lt;");
		else if (c == '&')
			out_puts(o, "&amp;");
		else if ((unsigned char)c >= 0x20)
			out_char(o, c);
	}
}

static void text_at(struct out *o, double x, double y, const char *attributes, struct str text)
{
	out_printf(o, "<text x=\"%.1f\" y=\"%.1f\"%s>", x, y, attributes);
	out_xml(o, text);
	out_puts(o, "</text>\n");
}

static void frame(struct out *o, const struct plot *p)
{
	out_printf(o, "<rect class=\"b\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", p->x, p->y,
		   p->w, p->h);
}

static void rule_across(struct out *o, const struct plot *p, double y, const char *label)
{
	out_printf(o, "<path class=\"g\" d=\"M%.1f %.1fh%.1f\"/>\n", p->x, y, p->w);
	text_at(o, p->x - 6, y + 4, " class=\"s\" text-anchor=\"end\"", str_from(label));
}

/* --- times by percentile: to the right, one nine more for each step; up, ten times as long */

enum { NINES = 4 }; /* 99.99 % at the right side */

static double nines(double part)
{
	return -log10(1 - part);
}

static void times_axes(struct out *o, const struct plot *p, double bottom)
{
	static const double parts[] = {0, 0.5, 0.9, 0.99, 0.999, 0.9999};
	char text[16];

	for (double t = bottom; t <= p->top * 1.0001; t *= 10)
		rule_across(o, p, p->y + p->h - p->h * log10(t / bottom) / log10(p->top / bottom),
			    lab_time_text(text, t));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		double x = p->x + p->w * nines(parts[i]) / NINES;

		out_printf(o, "<path class=\"g\" d=\"M%.1f %.1fv%.1f\"/>\n", x, p->y, p->h);
		snprintf(text, sizeof(text), "%g%%", parts[i] * 100);
		text_at(o, x, p->y + p->h + 15, " class=\"s\" text-anchor=\"middle\"", str_from(text));
	}
}

static void times_line(struct out *o, const struct plot *p, const struct lab_result *r, double bottom,
		       uint32_t color)
{
	out_printf(o, "<path class=\"c%u\" d=\"", color % COLORS);
	for (int i = 0; i <= 100; i++) {
		double n = (double)i * NINES / 100,
		       t = (double)histogram_quantile(r->times, 1 - pow(10, -n)) * 1e-9;
		double up = log10((t > bottom ? t : bottom) / bottom) / log10(p->top / bottom);

		out_printf(o, "%s%.1f %.1f", i ? "L" : "M", p->x + p->w * i / 100, p->y + p->h - p->h * up);
	}
	out_puts(o, "\"/>\n");
}

static void legend(struct out *o, double x, double y, struct str name, uint32_t color)
{
	out_printf(o, "<path class=\"c%u\" d=\"M%.1f %.1fh16\" stroke-width=\"3\"/>\n", color % COLORS, x,
		   y - 4);
	text_at(o, x + 22, y, "", name);
}

/* How high it became, with its legend. */
static double times_plot(struct out *o, double y, const struct lab_result *results, uint32_t n)
{
	struct plot p = {LEFT, y, WIDTH - LEFT - RIGHT, TIMES_HEIGHT, 1e-6};
	double least = 1e9, bottom;

	for (uint32_t i = 0; i < n; i++) {
		double most = (double)histogram_quantile(results[i].times, 0.9999) * 1e-9,
		       low = (double)histogram_quantile(results[i].times, 0.05) * 1e-9;

		least = low > 0 && low < least ? low : least;
		p.top = most > p.top ? most : p.top;
	}
	bottom = pow(10, floor(log10(least < p.top ? least : p.top / 10)));
	p.top = pow(10, ceil(log10(p.top)));
	p.top = p.top > bottom ? p.top : bottom * 10;
	times_axes(o, &p, bottom);
	for (uint32_t i = 0; i < n; i++) {
		times_line(o, &p, &results[i], bottom, i);
		legend(o, LEFT + (i % 3) * 270, p.y + p.h + 38 + (double)(i / 3) * LEGEND, results[i].name, i);
	}
	frame(o, &p);
	return p.h + 38 + (double)((n + 2) / 3) * LEGEND;
}

/* --- load over time */

static double load_highest(const struct lab_result *results, uint32_t n)
{
	double most = 1;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < results[i].nservers; k++)
			for (uint32_t c = 0; c < series_cells(&results[i].load); c++) {
				double load = series_at(&results[i].load, k, c);

				most = load > most ? load : most;
			}
	return most;
}

/* Loads differ by orders of magnitude: up goes the logarithm of 1 + load. */
static double load_up(const struct plot *p, double load)
{
	return p->y + p->h - p->h * log1p(load) / log1p(p->top);
}

static void load_rules(struct out *o, const struct plot *p)
{
	char text[32];

	rule_across(o, p, p->y + p->h, "0");
	for (double load = 1; load <= p->top; load *= 10) {
		snprintf(text, sizeof(text), "%.0f", load);
		rule_across(o, p, load_up(p, load), text);
	}
}

static void load_lines(struct out *o, const struct plot *p, const struct lab_result *r)
{
	uint32_t cells = series_cells(&r->load);

	load_rules(o, p);
	for (uint32_t k = 0; k < r->nservers; k++) {
		out_printf(o, "<path class=\"c%u\" d=\"", k % COLORS);
		for (uint32_t c = 0; c < cells; c++)
			out_printf(o, "%s%.1f %.1f", c ? "L" : "M", p->x + p->w * (c + 0.5) / cells,
				   load_up(p, series_at(&r->load, k, c)));
		out_puts(o, "\"/>\n");
		legend(o, p->x + k * 95.0, p->y + p->h + 30, r->servers[k].name, k);
	}
}

/* Average load of the servers of a row. */
static double row_load(const struct lab_result *r, uint32_t row, uint32_t rows, uint32_t cell)
{
	uint32_t from = row * r->nservers / rows, to = (row + 1) * r->nservers / rows;
	double sum = 0;

	for (uint32_t k = from; k < to; k++)
		sum += series_at(&r->load, k, cell);
	return to > from ? sum / (to - from) : 0;
}

/* The shade of a cell: the root, so that small loads are seen, too. */
static int cell_level(const struct plot *p, const struct lab_result *r, uint32_t row, uint32_t rows,
		      uint32_t cell)
{
	return (int)ceil(sqrt(row_load(r, row, rows, cell) / p->top) * LEVELS - 0.5);
}

/* The cells of a row that have this shade; neighbours are one rectangle. */
static void heat_row(struct out *o, const struct plot *p, const struct lab_result *r, uint32_t row,
		     uint32_t rows, int level)
{
	uint32_t cells = series_cells(&r->load), from = 0, to;
	double w = p->w / cells, h = p->h / rows;

	for (; from < cells; from = to + 1) {
		for (to = from; to < cells && cell_level(p, r, row, rows, to) == level;)
			to++;
		if (to > from)
			out_printf(o, "M%.1f %.1fh%.1fv%.2fh-%.1fz", p->x + w * from, p->y + h * row,
				   w * (to - from), h, w * (to - from));
	}
}

/* One path for all cells of a shade. */
static void load_heat(struct out *o, const struct plot *p, const struct lab_result *r)
{
	uint32_t rows = r->nservers < ROWS ? r->nservers : ROWS;

	for (int level = 1; level <= LEVELS; level++) {
		out_printf(o, "<path class=\"h\" fill-opacity=\"%.2f\" d=\"", (double)level / LEVELS);
		for (uint32_t row = 0; row < rows; row++)
			heat_row(o, p, r, row, rows, level);
		out_puts(o, "\"/>\n");
	}
	text_at(o, p->x, p->y + p->h + 30, " class=\"s\"",
		STR("one row per server, or group of servers; the darker, the more requests at a time"));
}

static double load_plot(struct out *o, double y, const struct lab_result *r, double top)
{
	struct plot p = {LEFT, y + 16, WIDTH - LEFT - RIGHT, LOAD_HEIGHT, top};
	char text[32];

	text_at(o, LEFT, y + 8, "", r->name);
	for (int i = 0; i <= 4; i++) {
		snprintf(text, sizeof(text), "%.3g s", r->duration * i / 4);
		text_at(o, p.x + p.w * i / 4, p.y + p.h + 15, " class=\"s\" text-anchor=\"middle\"",
			str_from(text));
	}
	if (r->nservers <= LINES)
		load_lines(o, &p, r);
	else
		load_heat(o, &p, r);
	frame(o, &p);
	return 16 + p.h + GAP;
}

void lab_report_svg(struct out *o, const struct scenario *s, const struct lab_result *results, uint32_t n)
{
	double height = 76 + TIMES_HEIGHT + 48 + (double)((n + 2) / 3) * LEGEND + 30 +
			(double)n * (LOAD_HEIGHT + 16 + GAP);
	double top = load_highest(results, n), y = 76;

	out_printf(o,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d "
		   "%.0f\">\n%s"
		   "<rect class=\"f\" width=\"%d\" height=\"%.0f\"/>\n",
		   WIDTH, height, WIDTH, height, style, WIDTH, height);
	text_at(o, LEFT, 26, " class=\"t\"", s->title.len ? s->title : STR("simulation"));
	text_at(o, LEFT, 60, "", STR("time to the answer: this part of the requests took at most ..."));
	y += times_plot(o, y, results, n) + 14;
	text_at(o, LEFT, y, "", STR("requests at each server over time:"));
	y += 22;
	for (uint32_t i = 0; i < n; i++)
		y += load_plot(o, y, &results[i], top);
	out_puts(o, "</svg>\n");
}
