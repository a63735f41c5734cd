/* Notes to the differences of `lbcheck diff`. Which requests a difference concerns is told by what decided
 * about them: the line itself, a line that asks the ACL, the server or section by its name, the header field.
 * See diff_notes.h. */
#include "tools/diff_notes.h"

#include <string.h>

static const char *const verdicts[] = {"in place", "touched", "new process"};

/* --- which requests */

static bool decided_by(const struct renew_side *side, const struct fact *fact, struct conf_pos pos)
{
	struct span span = fact && fact->line ? fact->line->span : SPAN_NONE;

	return pos.line && span.source == pos.source &&
	       sources_position(&side->facts->l->sources, span.source, span.off).line == pos.line;
}

/* The fact of a line that decided, among those of one object. */
static const struct fact *fact_at(const struct renew_side *side, const struct fact_object *object,
				  struct conf_pos pos)
{
	vec_each (fact, &object->facts)
		if (decided_by(side, fact, pos))
			return fact;
	return NULL;
}

/* A word of the line is the name, or "!name". */
static bool line_asks(const struct fact *fact, struct str name)
{
	for (uint32_t i = 1; fact && i < fact->line->nwords; i++) {
		struct str word = fact->line->words[i].text;

		if (str_eq(str_tail(word, str_starts(word, STR("!"))), name))
			return true;
	}
	return false;
}

static const struct fact_object *object_like(const struct facts *f, const struct fact_object *object)
{
	vec_each (item, &f->objects)
		if ((*item)->place == object->place && str_eq((*item)->name, object->name))
			return *item;
	return NULL;
}

static bool side_asks(const struct renew_side *side, const struct fact_object *object, struct conf_pos pos,
		      struct str acl)
{
	const struct fact_object *here = object_like(side->facts, object);

	return here && line_asks(fact_at(side, here, pos), acl);
}

static struct str second_word(struct str key)
{
	return str_tail(key, str_chr(key, ' ') + 1);
}

/* "`x-name` to the server": the field is named by the line. */
static bool names_field(const struct fact *fact, struct str what)
{
	size_t at = str_chr(what, '`'), end;
	struct str name = at < what.len ? str_tail(what, at + 1) : STR_NONE;

	end = str_chr(name, '`');
	if (!name.len || end >= name.len)
		return false;
	name = str_sub(name, 0, end);
	for (uint32_t i = 1; fact->line && i < fact->line->nwords; i++)
		if (str_ieq(fact->line->words[i].text, name))
			return true;
	return false;
}

static bool passes(const struct fact_object *object, const struct fate *f)
{
	return str_eq(object->name, f->frontend) || str_eq(object->name, f->backend);
}

/* One that went or came is told by the fate of the side that has it. */
static bool concerns_server(const struct fact_change *c, const struct change *ch)
{
	struct str name = second_word((c->before ? c->before : c->after)->key);

	return (str_eq(ch->before.backend, c->object->name) && str_eq(ch->before.server, name)) ||
	       (str_eq(ch->after.backend, c->object->name) && str_eq(ch->after.server, name));
}

static bool concerns_bind(const struct fact_change *c, const struct change *ch)
{
	return ch->before.heard != ch->after.heard && passes(c->object, c->before ? &ch->before : &ch->after);
}

static bool concerns_acl(const struct diff_notes *n, const struct fact_change *c, const struct change *ch)
{
	struct str name = second_word((c->before ? c->before : c->after)->key);

	return (c->before && side_asks(&n->old, c->object, ch->before.decided, name)) ||
	       (c->after && side_asks(&n->new_, c->object, ch->after.decided, name));
}

static bool concerns(const struct diff_notes *n, const struct fact_change *c, const struct change *ch)
{
	const struct fact *any = c->before ? c->before : c->after;

	if (!any)
		return c->object->name.len && passes(c->object, c->section_gone ? &ch->before : &ch->after);
	if ((c->before && decided_by(&n->old, c->before, ch->before.decided)) ||
	    (c->after && decided_by(&n->new_, c->after, ch->after.decided)))
		return true;
	if (!strcmp(any->row->name, "server"))
		return concerns_server(c, ch);
	if (!strcmp(any->row->name, "bind"))
		return concerns_bind(c, ch);
	if (!strcmp(any->row->name, "acl"))
		return concerns_acl(n, c, ch);
	if (!passes(c->object, &ch->before) && !passes(c->object, &ch->after))
		return false;
	return names_field(any, ch->what) || !strcmp(any->row->name, "default_backend");
}

/* --- telling */

static void put_text(const struct diff_notes *n, struct out *o, struct renew_effect e, const struct change *ch,
		     uint32_t count)
{
	bool comes_along = n->new_process && e.verdict != RENEW_NOT;

	out_printf(o, "  = %s%s: %s\n", comes_along ? "new process; alone " : "", verdicts[e.verdict], e.why);
	if (ch)
		out_printf(o, "    %.*s%s\n", STR_ARG(ch->request), count > 1 ? " and others, see below" : "");
}

static void put_json(const struct diff_notes *n, struct out *o, struct renew_effect e, const struct change *ch)
{
	out_printf(o, ",\"reload\":{\"verdict\":\"%s\",\"alone\":\"%s\",\"why\":",
		   verdicts[n->new_process ? RENEW_NOT : e.verdict], verdicts[e.verdict]);
	out_json(o, str_from(e.why));
	out_puts(o, "},\"example\":");
	if (ch)
		out_json(o, ch->request);
	else
		out_puts(o, "null");
}

static void put(const struct fact_notes *base, struct out *o, const struct fact_change *c)
{
	struct diff_notes here = *(const struct diff_notes *)base, *n = &here;
	struct renew_effect e;
	const struct change *first = NULL;
	uint32_t count = 0;

	n->old.facts = n->confs[0]->facts; /* there since the differences were asked for */
	n->new_.facts = n->confs[1]->facts;
	e = renew_effect_of(&n->old, &n->new_, c);
	for (uint32_t i = 0; i < n->nchanges; i++) {
		if (!concerns(n, c, n->changes[i]))
			continue;
		first = first ? first : n->changes[i];
		count++;
	}
	if (c->json)
		put_json(n, o, e, first);
	else
		put_text(n, o, e, first, count);
}

struct diff_notes diff_notes_new(const struct lbconf *old, const struct lbconf *new_, bool new_process,
				 struct change *const *changes, uint32_t nchanges)
{
	return (struct diff_notes){
		.base = {put},
		.confs = {old, new_},
		.old.model = lbconf_loaded(old)->model,
		.new_.model = lbconf_loaded(new_)->model,
		.new_process = new_process,
		.changes = changes,
		.nchanges = nchanges,
	};
}
