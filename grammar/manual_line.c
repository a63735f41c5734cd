/* Pages about lines: what a line does where it stands. */
#include "grammar/manual.h"
#include "grammar/section.h"

struct page {
	struct out *o;
	const struct facts *f;
	const struct section *section;
	const struct line *line;
	const struct keyword *row;
	uint32_t skip; /* words before the arguments */
};

static struct str line_text(const struct page *p, const struct line *line)
{
	return sources_span(&p->f->l->sources, line->span);
}

/* "    label     haproxy.cfg:4  timeout client 30s". */
static void write_line(const struct page *p, const char *label, const struct line *line)
{
	struct str text = line_text(p, line);

	out_printf(p->o, "    %-9s ", label);
	facts_place(p->o, p->f->l, line);
	out_printf(p->o, "  %.*s\n", STR_ARG(text));
}

static void write_section(const struct page *p, const char *label, const struct section *section)
{
	write_line(p, label, section->header);
}

static uint32_t line_number(const struct page *p, const struct line *line)
{
	return sources_position(&p->f->l->sources, line->span.source, line->span.off).line;
}

/* The line of the tree at a place, and its section. */
static bool page_find(struct page *p, uint32_t source, uint32_t number)
{
	vec_each (item, &p->f->l->tree.sections) {
		p->section = *item;
		if (p->section->header && p->section->header->span.source == source &&
		    line_number(p, p->section->header) == number) {
			p->line = p->section->header;
			return true;
		}
		vec_each (line, &p->section->lines) {
			p->line = *line;
			if (p->line->span.source == source && line_number(p, p->line) == number)
				return true;
		}
	}
	return false;
}

/* A line of `defaults`: which proxies it reaches, and which have one of their own. */
static void page_defaults_line(const struct page *p)
{
	uint32_t gets = 0, others = 0;

	vec_each (item, &p->f->objects) {
		vec_each (fact, &(*item)->facts) {
			if (fact->line != p->line)
				continue;
			write_section(p, gets++ ? "" : "holds for", (*item)->section);
		}
	}
	vec_each (item, &p->f->objects) {
		const struct fact *own = NULL;

		if ((*item)->defaults != p->section || p->row->flags & KW_REPEAT)
			continue;
		vec_each (fact, &(*item)->facts)
			if (strcmp(fact->row->name, p->row->name) == 0 && fact->line != p->line)
				own = fact;
		if (own)
			write_line(p, others++ ? "" : "not for", own->line);
	}
	if (!gets && !others)
		out_puts(p->o, "    holds for no proxy\n");
}

/* Why a line of this section is none of the facts: a later one replaced it. */
static void page_replaced(const struct page *p)
{
	vec_each (item, &p->f->objects) {
		if ((*item)->section != p->section &&
		    !((*item)->place == PLACE_GLOBAL && p->section->kind->place == PLACE_GLOBAL))
			continue;
		vec_each (fact, &(*item)->facts) {
			if (fact->row != p->row)
				continue;
			write_line(p, "replaced", fact->line);
			return;
		}
	}
}

/* What would hold without the line: a value of the defaults, or a built-in one. */
static void page_instead(const struct page *p, const struct fact_object *object)
{
	const struct section *s = object->defaults;

	for (uint32_t i = s ? s->lines.n : 0; i-- > 0;) {
		uint32_t skip;
		struct section as = {.kind = section_get(object->place)};

		if (facts_row(p->f, &as, s->lines.v[i], &skip) != p->row)
			continue;
		write_line(p, p->row->flags & KW_REPEAT ? "adds to" : "replaces", s->lines.v[i]);
		return;
	}
}

static bool row_is_rule(const struct keyword *row)
{
	return row->flags & KW_REPEAT &&
	       (strncmp(row->name, "http-", 5) == 0 || strncmp(row->name, "tcp-", 4) == 0 ||
		strcmp(row->name, "use_backend") == 0 || strcmp(row->name, "use-server") == 0 ||
		strcmp(row->name, "redirect") == 0);
}

/* The number of a rule in its list, and its neighbours. */
static void page_rule(const struct page *p, const struct fact_object *object)
{
	const struct fact *before = NULL, *after = NULL;
	uint32_t n = 0, at = 0;

	vec_each (fact, &object->facts) {
		if (fact->row != p->row)
			continue;
		n++;
		if (fact->line == p->line)
			at = n;
		else if (!at)
			before = fact;
		else if (!after)
			after = fact;
	}
	out_printf(p->o, "    order     rule %u of %u in `%s`\n", at, n, p->row->name);
	if (before)
		write_line(p, "after", before->line);
	if (after)
		write_line(p, "before", after->line);
}

/* The ACLs that a condition names, and where they are defined. */
static void page_condition(const struct page *p, const struct fact_object *object)
{
	bool condition = false;

	for (uint32_t i = p->skip; i < p->line->nwords; i++) {
		struct str word = p->line->words[i].text;

		if (!condition) {
			condition = str_is(word, "if") || str_is(word, "unless");
			continue;
		}
		if (word.len > 1 && word.ptr[0] == '!')
			word = str_tail(word, 1);
		vec_each (fact, &object->facts)
			if (strcmp(fact->row->name, "acl") == 0 && fact->line->nwords > 1 &&
			    str_eq(fact->line->words[1].text, word))
				write_line(p, "uses", fact->line);
	}
}

/* Rules that name the ACL of this line. */
static void page_acl(const struct page *p, const struct fact_object *object)
{
	struct str name = p->line->nwords > 1 ? p->line->words[1].text : STR_NONE;
	bool used = false;

	vec_each (fact, &object->facts) {
		for (uint32_t i = 1; i < fact->line->nwords && fact->line != p->line; i++) {
			struct str word = fact->line->words[i].text;

			if (word.len > 1 && word.ptr[0] == '!')
				word = str_tail(word, 1);
			if (!str_eq(word, name) || strcmp(fact->row->name, "acl") == 0)
				continue;
			write_line(p, used ? "" : "used by", fact->line);
			used = true;
			break;
		}
	}
	if (!used)
		out_puts(p->o, "    used by   no rule\n");
}

/* The section of servers that a rule names. */
static void page_backend(const struct page *p)
{
	if (p->skip >= p->line->nwords ||
	    (strcmp(p->row->name, "use_backend") != 0 && strcmp(p->row->name, "default_backend") != 0))
		return;
	vec_each (item, &p->f->objects)
		if (((*item)->place == PLACE_BACKEND || (*item)->place == PLACE_LISTEN) &&
		    str_eq((*item)->name, p->line->words[p->skip].text))
			write_section(p, "goes to", (*item)->section);
}

struct option_origin {
	const struct keyword *row;
	const struct line *line;
	struct str text;
};

typedef VEC(struct option_origin) option_list;

static void option_put(const struct page *p, option_list *list, struct option_origin option)
{
	vec_each (known, list) {
		if (known->row != option.row)
			continue;
		*known = option;
		return;
	}
	*vec_push(p->f->arena, list) = option;
}

/* How many words an option takes behind its name: up to the next word that is one. */
static uint32_t option_words(const struct page *p, const struct line *line, uint32_t i,
			     const struct keyword **row)
{
	uint32_t used = 0, n, more;

	*row = keyword_find(p->f->index, line->words + i, line->nwords - i, IN_SRV, p->f->compat, &used);
	if (!*row)
		return 1;
	n = used;
	if ((*row)->kind == VAL_FLAG)
		return n;
	for (n = used + (i + used < line->nwords); i + n < line->nwords && (*row)->kind >= VAL_WORDS; n++)
		if (keyword_find(p->f->index, line->words + i + n, line->nwords - i - n, IN_SRV, p->f->compat,
				 &more))
			break;
	return n;
}

/* The options of a line from word `i` on: each replaces what an earlier line said of it. */
static void options_take(const struct page *p, option_list *list, const struct line *line, uint32_t i)
{
	while (i < line->nwords) {
		const struct keyword *row;
		uint32_t n = option_words(p, line, i, &row);
		struct span span = span_join(line->words[i].span, line->words[i + n - 1].span);

		if (row)
			option_put(p, list,
				   (struct option_origin){row, line, sources_span(&p->f->l->sources, span)});
		i += n;
	}
}

static void options_of_section(const struct page *p, option_list *list, const struct section *section)
{
	vec_each (line, &section->lines) {
		if (*line == p->line)
			break;
		if (str_is((*line)->words[0].text, "default-server"))
			options_take(p, list, *line, 1);
	}
}

/* A server: each of its options with the line that gives it, then what holds without a line. */
static void page_server(const struct page *p, const struct fact_object *object)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);
	option_list list = {0};

	if (object->defaults)
		options_of_section(p, &list, object->defaults);
	options_of_section(p, &list, p->section);
	options_take(p, &list, p->line, p->skip + 2);
	out_puts(p->o, "\n    Options in effect:\n");
	vec_each (option, &list) {
		out_printf(p->o, "        %-28.*s ", STR_ARG(option->text));
		facts_place(p->o, p->f->l, option->line);
		out_puts(p->o, option->line == p->line ? "\n" : "  default-server\n");
	}
	for (uint32_t i = 0; i < nareas; i++) {
		for (uint32_t j = 0; j < areas[i]->n; j++) {
			const struct keyword *row = &areas[i]->rows[j];
			bool given = false;

			vec_each (option, &list)
				given |= option->row == row;
			if (!given && row->in & IN(SERVER) && row->preset &&
			    keyword_is_known(row, p->f->compat))
				out_printf(p->o, "        %-28s built in: %s\n", row->name, row->preset);
		}
	}
}

static void page_own_line(const struct page *p)
{
	const struct fact_object *object;
	const struct fact *fact = facts_of_line(p->f, p->line, &object);

	if (!fact) {
		page_replaced(p);
		return;
	}
	page_instead(p, object);
	if (row_is_rule(p->row))
		page_rule(p, object);
	page_condition(p, object);
	page_backend(p);
	if (strcmp(p->row->name, "acl") == 0)
		page_acl(p, object);
	if (strcmp(p->row->name, "server") == 0 && p->section->kind->place != PLACE_PEERS)
		page_server(p, object);
}

static void page_header(const struct page *p)
{
	const struct section *defaults = p->section->kind ? facts_defaults_of(p->f, p->section) : NULL;

	out_printf(p->o, "    A section: %s.\n", p->section->kind->summary);
	vec_each (item, &p->f->objects) {
		if ((*item)->section != p->section)
			continue;
		if ((*item)->defaults && defaults)
			write_section(p, "inherits", defaults);
		out_printf(p->o, "    has       %u lines in effect; `lbcheck dump --effective` shows them\n",
			   (*item)->facts.n);
	}
	if (p->section->kind->place != PLACE_DEFAULTS)
		return;
	vec_each (item, &p->f->objects)
		if ((*item)->defaults == p->section)
			write_section(p, "gives to", (*item)->section);
}

static void page_diagnostics(const struct page *p)
{
	uint32_t number = line_number(p, p->line);

	vec_each (item, &p->f->l->diags.list) {
		const struct diag *g = *item;

		if (g->span.source == p->line->span.source &&
		    sources_position(&p->f->l->sources, g->span.source, g->span.off).line == number)
			out_printf(p->o, "    finding   %.*s (%s)\n", STR_ARG(g->message),
				   diag_code_info(g->code)->readable);
	}
}

bool manual_line(struct out *o, const struct facts *f, uint32_t source, uint32_t line)
{
	struct page p = {.o = o, .f = f};

	if (!page_find(&p, source, line))
		return false;
	facts_place(o, f->l, p.line);
	out_printf(o, "  %.*s\n", STR_ARG(line_text(&p, p.line)));
	if (p.section->header && p.line != p.section->header)
		write_section(&p, "in", p.section);
	if (p.section->kind && p.line == p.section->header) {
		page_header(&p);
	} else {
		p.row = facts_row(f, p.section, p.line, &p.skip);
		if (!p.row)
			out_puts(o, "    No keyword of this section.\n");
		else if (p.section->kind->place == PLACE_DEFAULTS)
			page_defaults_line(&p);
		else
			page_own_line(&p);
	}
	page_diagnostics(&p);
	if (p.row && p.line != p.section->header) {
		out_char(o, '\n');
		manual_row(o, p.row);
	}
	return true;
}
