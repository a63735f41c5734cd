/* `lbcheck diff OLD NEW`: what a reload would change. First the settings that differ, by name; then requests
 * that would be treated differently. Those are made of what the rules of both configurations look for
 * (tools/wishes.h), played in both (tools/fate.h), and what differs is played once more on stages of its own,
 * so that neither what went before nor whose turn it was is told. One example stands for all that differ in the
 * same way at the same lines. */
#include "tools/lbcheck.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "grammar/lbconf_state.h"
#include "runtime/reload/renew.h"
#include "runtime/stage/stage.h"
#include "tools/diff_notes.h"
#include "tools/lbcheck_trace.h"

/* RENEWED: requests until the stages begin anew; their idle connections to many servers would make them slow.
 */
enum { TEXT_MAX = 64 << 20, CONFIRMED_MAX = 400, RENEWED = 256 };

struct comparing {
	struct arena *arena;
	struct fate_side old, new_;
	struct wishes wishes;
	VEC(struct change *) changes;
	struct map by_kind; /* text -> struct change */
	uint32_t confirmed;
	bool ok;
};

/* --- playing */

static bool both(struct comparing *c, struct arena *a, const struct wish *w, struct fate *before,
		 struct fate *after)
{
	return fate_find(&c->old, a, w, before) && fate_find(&c->new_, a, w, after);
}

static struct str kind_of(struct arena *a, const struct change *ch)
{
	const struct fate *x = &ch->before, *y = &ch->after;

	return arena_printf(a, "%.*s|%.*s:%.*s:%.*s:%u:%u|%.*s:%.*s:%.*s:%u:%u", STR_ARG(ch->what),
			    STR_ARG(x->frontend), STR_ARG(x->backend), STR_ARG(x->server), x->status,
			    x->decided.line, STR_ARG(y->frontend), STR_ARG(y->backend), STR_ARG(y->server),
			    y->status, y->decided.line);
}

static void change_keep(struct comparing *c, const struct wish *w, const struct change *found)
{
	struct str kind = kind_of(c->arena, found);
	struct change *known = map_get(&c->by_kind, kind);

	if (known) {
		known->more++;
		return;
	}
	known = ARENA_NEW(c->arena, struct change);
	*known = *found;
	known->request = wish_text(c->arena, w);
	map_put(c->arena, &c->by_kind, kind, known);
	*vec_push(c->arena, &c->changes) = known;
}

/* With nothing before it. Without that, what was seen is believed. */
static bool confirm(struct comparing *c, const struct wish *w, struct change *ch)
{
	if (++c->confirmed > CONFIRMED_MAX)
		return true;
	if (!fate_again(&c->old) || !fate_again(&c->new_) || !both(c, c->arena, w, &ch->before, &ch->after))
		return c->ok = false;
	ch->what = fate_difference(c->arena, &ch->before, &ch->after);
	return ch->what.len;
}

static void compare_one(struct comparing *c, const struct wish *w)
{
	struct arena *a = arena_new();
	struct change ch = {0};

	if (!a || !both(c, a, w, &ch.before, &ch.after))
		c->ok = false;
	else
		ch.what = fate_difference(a, &ch.before, &ch.after);
	if (ch.what.len && confirm(c, w, &ch))
		change_keep(c, w, &ch);
	arena_free(&a);
}

static void compare(struct comparing *c, const struct model *old, const struct model *new_)
{
	uint64_t now = (uint64_t)time(NULL) * 1000;

	c->wishes.arena = c->arena;
	c->ok = fate_begin(&c->old, old, now) && fate_begin(&c->new_, new_, now);
	if (!c->ok)
		return;
	wishes_add(&c->wishes, old, new_);
	wishes_add(&c->wishes, new_, old);
	for (uint32_t i = 0; i < c->wishes.v.n && c->ok; i++) {
		if (i % RENEWED == RENEWED - 1)
			c->ok = fate_again(&c->old) && fate_again(&c->new_);
		if (c->ok)
			compare_one(c, &c->wishes.v.v[i]);
	}
}

/* --- telling */

static void put_side(struct out *o, char sign, const struct model *m, const struct fate *f)
{
	out_printf(o, "  %c ", sign);
	fate_put(o, f);
	if (f->decided.line) {
		out_puts(o, "    # ");
		trace_put_pos(o, m, f->decided);
	}
	out_char(o, '\n');
}

struct fields {
	struct out *o;
	const char *where;
	bool begun;
};

static void put_field(void *ctx, char sign, struct str line)
{
	struct fields *f = ctx;

	if (!f->begun)
		out_printf(f->o, "  %s\n", f->where);
	f->begun = true;
	out_printf(f->o, "    %c ", sign);
	for (size_t i = 0; i < line.len; i++)
		out_char(f->o, (unsigned char)line.ptr[i] < ' ' || line.ptr[i] == 0x7f ? '?' : line.ptr[i]);
	out_char(f->o, '\n');
}

static void put_change(struct out *o, const struct comparing *c, const struct change *ch)
{
	const struct fate *x = &ch->before, *y = &ch->after;
	struct fields server = {.o = o, .where = "the server gets"},
		      client = {.o = o, .where = "the client gets"};

	out_printf(o, "\n%.*s: %.*s\n", STR_ARG(ch->request), STR_ARG(ch->what));
	put_side(o, '-', c->old.model, x);
	put_side(o, '+', c->new_.model, y);
	if (x->got.len && y->got.len)
		fate_fields_each(x->got, y->got, put_field, &server);
	if (x->status == y->status)
		fate_fields_each(x->response, y->response, put_field, &client);
	if (ch->more)
		out_printf(o, "  and %u more of the requests that were tried\n", ch->more);
}

static void text_changes(struct out *o, const struct comparing *c)
{
	if (!c->ok)
		out_puts(o, "\nrequests were not compared: memory or a file is missing\n");
	else
		out_printf(o, "\nrequests: %u tried%s, %s\n", c->wishes.v.n,
			   c->wishes.cut ? " (there would be more)" : "",
			   c->changes.n ? "treated differently:" : "none is treated differently");
	for (uint32_t i = 0; i < c->changes.n; i++)
		put_change(o, c, c->changes.v[i]);
}

static void json_word(struct out *o, const char *name, struct str value)
{
	out_printf(o, ",\"%s\":", name);
	if (value.len)
		out_json(o, value);
	else
		out_puts(o, "null");
}

static void json_side(struct out *o, const char *name, const struct model *m, const struct fate *f)
{
	out_printf(o, ",\"%s\":{\"heard\":%s", name, f->heard ? "true" : "false");
	json_word(o, "frontend", f->frontend);
	json_word(o, "backend", f->backend);
	json_word(o, "server", f->server);
	out_printf(o, ",\"status\":%u", f->status);
	json_word(o, "received", f->got);
	json_word(o, "response", f->response);
	if (f->decided.line) {
		struct out place = out_growing(1 << 16);

		trace_put_pos(&place, m, f->decided);
		json_word(o, "decided", out_get(&place));
		out_free(&place);
	}
	out_char(o, '}');
}

static void json_changes(struct out *o, const struct comparing *c)
{
	out_printf(o, ",\"tried\":%u,\"requests\":[", c->ok ? c->wishes.v.n : 0);
	for (uint32_t i = 0; i < c->changes.n; i++) {
		const struct change *ch = c->changes.v[i];

		out_printf(o, "%s{\"request\":", i ? ",\n" : "");
		out_json(o, ch->request);
		json_word(o, "differs", ch->what);
		json_side(o, "before", c->old.model, &ch->before);
		json_side(o, "after", c->new_.model, &ch->after);
		out_printf(o, ",\"more\":%u}", ch->more);
	}
	out_puts(o, "]");
}

/* --- the command */

/* Errors of a side are reported: differences of what could not be read would mislead. */
static struct lbconf *load_side(const struct lbcheck *l, size_t i)
{
	struct lbconf *conf = lbcheck_load_args(l, &l->args[i], 1);

	if (conf && lbconf_errors(conf)) {
		lbcheck_report(l, conf);
		lbconf_free(conf);
		return NULL;
	}
	return conf;
}

/* The settings come as one JSON object: what else there is goes before its last brace. */
static void settings_put(struct out *o, struct lbconf_text *text, bool json)
{
	size_t len = text->text ? text->len : 0;

	while (json && len && text->text[len - 1] != '}')
		len--;
	if (len)
		out_bytes(o, text->text, json ? len - 1 : len);
	lbconf_text_free(text);
}

/* Can a process that runs follow, or does it take a new one? */
static void reload_put(struct out *o, bool json, bool possible, struct str reasons)
{
	out_puts(o, json       ? ",\"new_process\":["
		    : possible ? "\na running process can take it over\n"
			       : "\na reload needs a new process:\n");
	for (bool first = true; reasons.len; first = false) {
		struct str line = str_sub(reasons, 0, str_chr(reasons, '\n'));

		reasons = str_tail(reasons, line.len + 1);
		if (!json)
			out_printf(o, "  %.*s\n", STR_ARG(line));
		if (json && !first)
			out_char(o, ',');
		if (json)
			out_json(o, line);
	}
	if (json)
		out_char(o, ']');
}

/* Where no setting differs, files that they name still may. */
static bool differences_put(struct out *o, const struct lbcheck *l, const struct comparing *c,
			    struct lbconf *old, struct lbconf *new_)
{
	struct out reasons = out_growing(1 << 16);
	bool possible = renew_possible(c->old.model, c->new_.model, &reasons), differs = true;
	struct diff_notes notes = diff_notes_new(old, new_, !possible, c->changes.v, c->changes.n);
	struct lbconf_text text = lbconf_diff_noted(old, new_, l->json, &differs, &notes.base);

	settings_put(o, &text, l->json);
	if (l->json || differs || c->changes.n) {
		reload_put(o, l->json, possible, out_get(&reasons));
		(l->json ? json_changes : text_changes)(o, c);
	}
	out_puts(o, l->json ? "}\n" : "");
	out_free(&reasons);
	return differs || c->changes.n;
}

static bool differences_print(const struct lbcheck *l, struct lbconf *old, struct lbconf *new_)
{
	struct comparing c = {.arena = arena_new(),
			      .old.model = lbconf_loaded(old)->model,
			      .new_.model = lbconf_loaded(new_)->model};
	struct out o = out_growing(TEXT_MAX);
	bool differs = true;

	if (c.arena) {
		compare(&c, c.old.model, c.new_.model);
		differs = differences_put(&o, l, &c, old, new_);
		fate_leave(&c.old);
		fate_leave(&c.new_);
		arena_free(&c.arena);
	}
	if (o.len)
		fwrite(o.buf, 1, o.len, stdout);
	out_free(&o);
	return differs;
}

int lbcheck_diff(const struct lbcheck *l)
{
	struct lbconf *old, *new_ = NULL;
	bool differs = true;

	if (l->nargs != 2) {
		fputs("lbcheck: diff needs two configurations, the old one and the new one\n", stderr);
		return LBCHECK_USAGE;
	}
	old = load_side(l, 0);
	if (old)
		new_ = load_side(l, 1);
	if (new_)
		differs = differences_print(l, old, new_);
	lbconf_free(new_);
	lbconf_free(old);
	return !new_ ? LBCHECK_USAGE : differs ? LBCHECK_ERRORS : LBCHECK_CLEAN;
}
