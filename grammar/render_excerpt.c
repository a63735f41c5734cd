/* One source line with its marks. Labels go where they can be read: the rightmost mark's behind it, the others
 * below, each under a bar that leads up to its mark. A very long line shows a window around the marks. */
#include "grammar/render_excerpt.h"

#include "grammar/render_glyph.h"

enum { WIDTH_DEFAULT = 140, WIDTH_MIN = 40, WIDTH_MAX = 400 };

static const char *const style_codes[] = {
	[STYLE_PLAIN] = "\033[0m",    [STYLE_STRONG] = "\033[1m",     [STYLE_FRAME] = "\033[1;34m",
	[STYLE_ERROR] = "\033[1;31m", [STYLE_WARNING] = "\033[1;33m", [STYLE_NOTE] = "\033[1;32m",
	[STYLE_HELP] = "\033[1;36m",  [STYLE_ADDED] = "\033[32m",     [STYLE_REMOVED] = "\033[31m",
};

/* The part of a line that is shown: columns [from, to). */
struct window {
	uint32_t from, to;
	bool cut_left, cut_right;
};

/* A mark in columns of the window. */
struct placed {
	uint32_t from, to;
	const struct mark *mark;
};

/* One row beneath a line. */
struct canvas {
	char sign[WIDTH_MAX];
	unsigned char style[WIDTH_MAX];
	uint32_t used;
};

struct excerpt excerpt_make(struct out *o, const struct render_options *options, unsigned gutter)
{
	unsigned width = options->width ? options->width : WIDTH_DEFAULT;

	/* "NN | " stands left of it, and three dots may stand on either side. */
	width = width > gutter + 9 ? width - gutter - 9 : 0;
	width = width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
	return (struct excerpt){o, options->color, width, gutter};
}

void excerpt_style(const struct excerpt *x, enum render_style style)
{
	if (x->color)
		out_puts(x->o, style_codes[style]);
}

static void excerpt_gutter(const struct excerpt *x, uint32_t number, char sign)
{
	excerpt_style(x, sign == '+' ? STYLE_ADDED : sign == '-' ? STYLE_REMOVED : STYLE_FRAME);
	if (number)
		out_printf(x->o, "%*u %c", (int)x->gutter, number, sign);
	else
		out_printf(x->o, "%*s %c", (int)x->gutter, "", sign);
	if (sign == '|')
		excerpt_style(x, STYLE_PLAIN);
}

void excerpt_bar(const struct excerpt *x)
{
	excerpt_gutter(x, 0, '|');
	out_char(x->o, '\n');
}

/* Chooses the window so that the most important mark (the first with '^', or the first) is well inside. */
static struct window window_choose(const struct excerpt *x, struct str text, const struct mark *marks,
				   unsigned n)
{
	uint32_t columns = glyph_columns(text), from = 0;

	if (columns <= x->width)
		return (struct window){0, columns, false, false};
	for (unsigned i = 0; i < n; i++) {
		if (i && marks[i].sign != '^')
			continue;
		from = glyph_columns(str_sub(text, 0, marks[i].from));
		if (marks[i].sign == '^')
			break;
	}
	from = from > x->width / 2 ? from - x->width / 3 : 0;
	if (from > columns - x->width)
		from = columns - x->width;
	return (struct window){from, from + x->width, from > 0, from + x->width < columns};
}

static void window_print(const struct excerpt *x, struct str text, const struct window *w)
{
	uint32_t column = 0;

	if (w->cut_left)
		out_puts(x->o, "...");
	for (size_t i = 0; i < text.len && column < w->to;) {
		struct glyph g = glyph_next(str_tail(text, i));
		if (column >= w->from && column + g.width <= w->to)
			out_puts(x->o, g.picture);
		else if (column + g.width > w->from && column < w->from)
			out_printf(x->o, "%*s", (int)(column + g.width - w->from), "");
		column += g.width;
		i += g.bytes;
	}
	if (w->cut_right)
		out_puts(x->o, "...");
	out_char(x->o, '\n');
}

static uint32_t window_column(const struct window *w, struct str text, uint32_t off)
{
	uint32_t column = glyph_columns(str_sub(text, 0, off));

	column = column < w->from ? w->from : column > w->to ? w->to : column;
	return column - w->from + (w->cut_left ? 3 : 0);
}

static struct placed mark_place(const struct mark *m, const struct window *w, struct str text)
{
	struct placed p = {window_column(w, text, m->from), window_column(w, text, m->to), m};

	if (p.to <= p.from)
		p.to = p.from + 1;
	return p;
}

static void canvas_fill(struct canvas *c, uint32_t from, uint32_t to, char sign, enum render_style style)
{
	for (uint32_t i = from; i < to && i < WIDTH_MAX; i++) {
		c->sign[i] = sign;
		c->style[i] = (unsigned char)style;
	}
	if (to > c->used)
		c->used = to < WIDTH_MAX ? to : WIDTH_MAX;
}

static struct canvas canvas_blank(void)
{
	struct canvas c;

	memset(c.sign, ' ', sizeof(c.sign));
	memset(c.style, STYLE_PLAIN, sizeof(c.style));
	c.used = 0;
	return c;
}

/* Gutter and row, without the end of the line. Colours change only where the style does. */
static void canvas_print(const struct excerpt *x, const struct canvas *c)
{
	unsigned style = STYLE_PLAIN;

	excerpt_gutter(x, 0, '|');
	out_char(x->o, ' ');
	for (uint32_t i = 0; i < c->used; i++) {
		if (c->sign[i] != ' ' && c->style[i] != style) {
			style = c->style[i];
			excerpt_style(x, style);
		}
		out_char(x->o, c->sign[i]);
	}
	if (style != STYLE_PLAIN)
		excerpt_style(x, STYLE_PLAIN);
}

static void label_print(const struct excerpt *x, const struct mark *m)
{
	excerpt_style(x, m->style);
	glyph_print(x->o, m->label);
	excerpt_style(x, STYLE_PLAIN);
	out_char(x->o, '\n');
}

/* Rows of labels for placed[0..n), which are sorted from right to left. */
static void labels_print(const struct excerpt *x, const struct placed *placed, unsigned n)
{
	for (unsigned row = 0; row <= n; row++) {
		struct canvas c = canvas_blank();

		for (unsigned i = row; i < n; i++)
			canvas_fill(&c, placed[i].from, placed[i].from + 1, '|', placed[i].mark->style);
		if (row) {
			const struct placed *p = &placed[row - 1];
			c.used = p->from; /* bars are left of it */
			canvas_print(x, &c);
			label_print(x, p->mark);
		} else {
			canvas_print(x, &c);
			out_char(x->o, '\n');
		}
	}
}

/* Marks from right to left; the order of equal ones stays. */
static void placed_sort(struct placed *v, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned j = i; j && v[j - 1].from < v[j].from; j--) {
			struct placed swap = v[j];
			v[j] = v[j - 1];
			v[j - 1] = swap;
		}
}

static void marks_print(const struct excerpt *x, struct placed *v, unsigned n)
{
	struct canvas c = canvas_blank();
	unsigned below = 0;

	placed_sort(v, n);
	for (unsigned pass = 0; pass < 2; pass++) /* primary marks over secondary ones */
		for (unsigned i = 0; i < n; i++)
			if ((v[i].mark->sign == '^') == (pass == 1))
				canvas_fill(&c, v[i].from, v[i].to, v[i].mark->sign, v[i].mark->style);
	canvas_print(x, &c);
	if (v[0].mark->label.len && v[0].to >= c.used) {
		out_char(x->o, ' ');
		label_print(x, v[0].mark);
		v++, n--;
	} else {
		out_char(x->o, '\n');
	}
	for (unsigned i = 0; i < n; i++)
		if (v[i].mark->label.len)
			v[below++] = v[i];
	if (below)
		labels_print(x, v, below);
}

void excerpt_line(const struct excerpt *x, uint32_t number, struct str text, const struct mark *marks,
		  unsigned n)
{
	struct window w = window_choose(x, text, marks, n);
	struct placed placed[MARKS_MAX];

	excerpt_gutter(x, number, '|');
	if (text.len)
		out_char(x->o, ' ');
	window_print(x, text, &w);
	for (unsigned i = 0; i < n; i++)
		placed[i] = mark_place(&marks[i], &w, text);
	if (n)
		marks_print(x, placed, n);
}

void excerpt_change(const struct excerpt *x, uint32_t number, struct str text, char sign)
{
	struct window w = window_choose(x, text, NULL, 0);

	excerpt_gutter(x, number, sign);
	if (text.len)
		out_char(x->o, ' ');
	window_print(x, text, &w);
	excerpt_style(x, STYLE_PLAIN);
}
