/* Decoding words (manual, sections 2.2 and 2.3). A plain word, as nearly all are, becomes a slice of the
 * scanner's copy of the text with a NUL behind it; only words with quotes, escapes or variables are built byte
 * by byte. */
#include "grammar/expand_state.h"

static void decoding_start(struct decoding *d, uint32_t off, uint32_t flags)
{
	d->text.n = 0;
	d->map.n = 0;
	d->flags = flags;
	d->end = off;
	d->mapped = false;
	d->outside = false;
}

static void decoding_byte(struct expand *x, char c, uint32_t off)
{
	*vec_push(x->c->arena, &x->decoding.text) = c;
	*vec_push(x->c->arena, &x->decoding.map) = off;
}

/* Source bytes as they are. */
static void decoding_run(struct expand *x, uint32_t off, uint32_t len)
{
	struct decoding *d = &x->decoding;

	d->mapped |= off != d->end;
	for (uint32_t i = 0; i < len; i++)
		decoding_byte(x, x->p->text.ptr[off + i], off + i);
	d->end = off + len;
}

static unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

static void decoding_escape(struct expand *x, const struct raw_piece *piece)
{
	const char *p = x->p->text.ptr + piece->off;
	char c = p[1];

	switch (c) {
	case 'n':
		c = '\n';
		break;
	case 'r':
		c = '\r';
		break;
	case 't':
		c = '\t';
		break;
	case 'x':
		c = (char)(hex_value(p[2]) << 4 | hex_value(p[3]));
		break;
	}
	decoding_byte(x, c, piece->off);
	x->decoding.mapped = true;
	x->decoding.end = piece->off + piece->len;
}

/* A word ends at a NUL, as for HAProxy, where words are C strings. */
static void word_cut_nul(struct expand *x, struct word *w)
{
	size_t at = str_chr(w->text, '\0');
	struct diag *g;

	if (at == w->text.len)
		return;
	g = diag_add(x->c->diags, D_NUL_ESCAPE, word_span(w, at, 1), "a NUL byte ends the word here");
	if (at + 1 < w->text.len)
		diag_also(x->c->diags, g, word_span(w, at + 1, w->text.len - at - 1), "this is lost");
	w->text.len = at;
}

/* What was decoded becomes a word, and decoding goes on with nothing. */
static void decoding_flush(struct expand *x, const struct raw_word *raw)
{
	struct decoding *d = &x->decoding;
	struct str text = str_make(d->text.v, d->text.n);
	struct word *w = vec_push(x->c->arena, &x->words);
	char *place = x->p->work + raw->off;

	if (d->outside) {
		w->text = arena_str(x->c->arena, text);
	} else {
		/* Decoding never makes a word longer, so there is room for it and the NUL. */
		if (text.len)
			memcpy(place, text.ptr, text.len);
		place[text.len] = '\0';
		w->text = str_make(place, text.len);
	}
	w->span = (struct span){x->p->source, raw->off, raw->len};
	w->flags = d->flags;
	w->map = NULL; /* the vector is used for every line: nothing in it is fresh */
	if (d->mapped) {
		*vec_push(x->c->arena, &d->map) = d->end;
		w->map = arena_dup(x->c->arena, d->map.v, sizeof(*d->map.v) * d->map.n);
	}
	if (d->flags & WORD_ESCAPED)
		word_cut_nul(x, w);
	d->text.n = 0;
	d->map.n = 0;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Values that refer to themselves can double with every line. */
bool expand_afford(struct expand *x, struct span at, size_t len)
{
	bool first = x->expanded <= EXPANSION_MAX;
	struct diag *g;

	x->expanded += len;
	if (x->expanded <= EXPANSION_MAX)
		return true;
	x->p->line.poisoned = true;
	if (first) {
		g = diag_add(x->c->diags, D_EXPANSION_SIZE, at,
			     "the values of variables take more than %d MiB in all", EXPANSION_MAX >> 20);
		diag_label(x->c->diags, g, "from here on they are left out");
	}
	return false;
}

/* The value of a variable; with [*], each run of blanks in it starts another word. */
static void decoding_value(struct expand *x, const struct raw_word *raw, const struct raw_piece *piece,
			   struct str value)
{
	struct decoding *d = &x->decoding;

	d->outside = true;
	d->mapped = true;
	if (!expand_afford(x, (struct span){x->p->source, piece->off, piece->len}, value.len))
		value.len = 0;
	for (size_t i = 0; i < value.len; i++) {
		d->end = piece->off + piece->len;
		if (!piece->split || !is_space(value.ptr[i]))
			decoding_byte(x, value.ptr[i], piece->off);
		else if (i == 0 || !is_space(value.ptr[i - 1]))
			decoding_flush(x, raw);
	}
	d->end = piece->off + piece->len;
}

static struct str pseudo_value(struct expand *x, struct str name)
{
	const struct line *header = x->section ? x->section->header : NULL;

	if (str_is(name, ".FILE"))
		return sources_get(x->c->sources, x->p->source)->name;
	if (str_is(name, ".LINE"))
		return arena_printf(x->c->arena, "%u",
				    sources_position(x->c->sources, x->p->source, x->p->line.off).line);
	if (!header || !str_is(name, ".SECTION"))
		return STR("");
	return header->words[header->nwords > 1 ? 1 : 0].text;
}

/* `bind "${ADDRESS}":8080`: the variable is all that stands before a port. */
static bool is_bind_address(struct str text, const struct raw_piece *piece)
{
	size_t from = piece->off, after = piece->off + piece->len;

	while (from && text.ptr[from - 1] != '\n')
		from--;
	while (from < piece->off && (text.ptr[from] == ' ' || text.ptr[from] == '\t'))
		from++;
	if (after < text.len && text.ptr[after] == '"')
		after++;
	return str_starts(str_tail(text, from), STR("bind ")) && after < text.len && text.ptr[after] == ':';
}

static void report_unset(struct expand *x, const struct raw_piece *piece, struct str name)
{
	struct span at = {x->p->source, piece->off, piece->len};
	struct diags *d = x->c->diags;
	struct diag *g = map_get(&x->unset, name);

	if (x->quiet)
		return;
	if (g) {
		if (g->labels.n < 3)
			diag_also(d, g, at, "and here");
		return;
	}
	g = diag_add(d, D_ENV_UNSET, at, "variable `%.*s` is not set", STR_ARG(name));
	diag_label(d, g, "empty here");
	if (is_bind_address(x->p->text, piece))
		diag_note(d, g, "with nothing in front of the port the line listens on all addresses");
	diag_help(d, g, "`${%.*s-value}` gives a value for the case that it is not set", STR_ARG(name));
	map_put(x->c->arena, &x->unset, name, g);
}

static void decoding_variable(struct expand *x, const struct raw_word *raw, const struct raw_piece *piece)
{
	struct str name = str_sub(x->p->text, piece->name_off, piece->name_len);
	const struct str *set;

	if (name.ptr[0] == '.') {
		decoding_value(x, raw, piece, pseudo_value(x, name));
		return;
	}
	set = env_get(&x->env, name);
	if (!set && !piece->has_default) {
		x->decoding.flags |= WORD_ENV_UNSET;
		report_unset(x, piece, name);
	}
	decoding_value(x, raw, piece, set ? *set : str_sub(x->p->text, piece->default_off, piece->default_len));
}

void expand_word(struct expand *x, const struct raw_word *raw)
{
	const struct raw_piece *piece;

	if (raw->n == 1 && !raw->flags) {
		struct word *w = vec_push(x->c->arena, &x->words);

		x->p->work[raw->off + raw->len] = '\0';
		*w = (struct word){.text = str_make(x->p->work + raw->off, raw->len),
				   .span = {x->p->source, raw->off, raw->len}};
		return;
	}
	decoding_start(&x->decoding, raw->off, raw->flags);
	for (uint32_t i = 0; i < raw->n; i++) {
		piece = &x->p->line.pieces.v[raw->first + i];
		if (piece->kind == PIECE_VARIABLE)
			decoding_variable(x, raw, piece);
		else if (piece->kind == PIECE_ESCAPE)
			decoding_escape(x, piece);
		else
			decoding_run(x, piece->off, piece->len);
	}
	decoding_flush(x, raw);
}
