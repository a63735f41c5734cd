/* liblbconf: the resolved configuration, views of it, and explanations. */
#include <stdlib.h>

#include "grammar/graph.h"
#include "grammar/lbconf_state.h"
#include "grammar/manual.h"
#include "grammar/model_dump.h"
#include "grammar/rows.h"
#include "grammar/section.h"
#include "grammar/tree_print.h"

enum { TEXT_MAX = 1 << 30 };

/* What one guarded step works on. */
struct job {
	struct lbconf *conf;
	const struct lbconf *old;
	struct out *o;
	const char *view;
	bool json, differs;
	const struct fact_notes *notes; /* of a diff, or NULL */
	uint32_t source, line;
};

static void run_facts(void *arg)
{
	struct job *job = arg;

	job->conf->facts = facts_collect(job->conf->loaded, job->conf->compat);
}

/* Facts are made when first asked for: an object is used by one thread at a time. False: no memory. */
static bool facts_are_there(const struct lbconf *conf)
{
	struct job job = {.conf = (struct lbconf *)conf};

	return conf->facts || lbconf_guard(conf, run_facts, &job);
}

static struct lbconf_place line_place(const struct lbconf *conf, const struct line *line)
{
	const struct sources *s = &conf->loaded->sources;
	struct position at;

	if (!line || !sources_get(s, line->span.source))
		return (struct lbconf_place){0};
	at = sources_position(s, line->span.source, line->span.off);
	return (struct lbconf_place){sources_get(s, line->span.source)->name.ptr, at.line, at.column,
				     line->span.off, line->span.len};
}

/* Texts of facts end in NUL. */
static const char *text_of(struct str s)
{
	return s.ptr ? s.ptr : "";
}

static void run_sections(void *arg)
{
	struct lbconf *conf = ((struct job *)arg)->conf;
	const struct facts *f = conf->facts;
	struct arena *a = conf->loaded->arena;
	struct lbconf_section *sections = ARENA_ARRAY(a, struct lbconf_section, f->objects.n);

	for (uint32_t i = 0; i < f->objects.n; i++) {
		const struct fact_object *object = f->objects.v[i];
		struct lbconf_section *s = &sections[i];

		s->conf = conf;
		s->object = object;
		s->settings = ARENA_ARRAY(a, struct lbconf_setting, object->facts.n + object->built_in.n);
		vec_each (fact, &object->facts)
			s->settings[s->n++] = (struct lbconf_setting){conf, fact};
		vec_each (fact, &object->built_in)
			s->settings[s->n++] = (struct lbconf_setting){conf, fact};
	}
	conf->sections = sections;
}

const struct lbconf_section *lbconf_section_get(const struct lbconf *conf, size_t i)
{
	struct job job = {.conf = (struct lbconf *)conf};

	if (!conf->sections && (!facts_are_there(conf) || !lbconf_guard(conf, run_sections, &job)))
		return NULL;
	return i < conf->facts->objects.n ? &conf->sections[i] : NULL;
}

const struct lbconf_section *lbconf_section_find(const struct lbconf *conf, const char *kind, const char *name)
{
	const struct lbconf_section *s;

	for (size_t i = 0; (s = lbconf_section_get(conf, i)); i++)
		if (strcmp(lbconf_section_kind(s), kind) == 0 && strcmp(lbconf_section_name(s), name) == 0)
			return s;
	return NULL;
}

const char *lbconf_section_kind(const struct lbconf_section *section)
{
	return keyword_place_name(section->object->place);
}

const char *lbconf_section_name(const struct lbconf_section *section)
{
	return text_of(section->object->name);
}

struct lbconf_place lbconf_section_place(const struct lbconf_section *section)
{
	return line_place(section->conf, section->object->section->header);
}

const struct lbconf_setting *lbconf_setting_get(const struct lbconf_section *section, size_t i)
{
	return i < section->n ? &section->settings[i] : NULL;
}

const struct lbconf_setting *lbconf_setting_find(const struct lbconf_section *section, const char *key)
{
	for (uint32_t i = section->n; i-- > 0;)
		if (str_is(section->settings[i].fact->key, key))
			return &section->settings[i];
	return NULL;
}

const char *lbconf_setting_keyword(const struct lbconf_setting *setting)
{
	return setting->fact->row->name;
}

const char *lbconf_setting_key(const struct lbconf_setting *setting)
{
	return text_of(setting->fact->key);
}

const char *lbconf_setting_value(const struct lbconf_setting *setting)
{
	return text_of(setting->fact->value);
}

bool lbconf_setting_is_negated(const struct lbconf_setting *setting)
{
	return setting->fact->no;
}

enum lbconf_origin lbconf_setting_origin(const struct lbconf_setting *setting)
{
	return (enum lbconf_origin)setting->fact->origin;
}

struct lbconf_place lbconf_setting_place(const struct lbconf_setting *setting)
{
	return line_place(setting->conf, setting->fact->line);
}

static void run_dump(void *arg)
{
	const struct job *job = arg;
	const struct model *m = job->conf->loaded->model;

	if (strcmp(job->view, "tree") == 0)
		(job->json ? tree_json : tree_print)(job->o, job->conf->loaded);
	else if (strcmp(job->view, "effective") == 0)
		(job->json ? facts_json : facts_print)(job->o, job->conf->facts);
	else if (strcmp(job->view, "dot") == 0)
		graph_dot(job->o, job->conf->facts);
	else if (strcmp(job->view, "mermaid") == 0)
		graph_mermaid(job->o, job->conf->facts);
	else if (m)
		(job->json ? model_json : model_dump)(job->o, m);
}

struct lbconf_text lbconf_dump(const struct lbconf *conf, const char *view, bool json)
{
	struct out o = out_growing(TEXT_MAX);
	struct job job = {.conf = (struct lbconf *)conf, .o = &o, .view = view, .json = json};

	if (!facts_are_there(conf) || !lbconf_guard(conf, run_dump, &job))
		o.truncated = true;
	return lbconf_take(&o);
}

/* Takes memory of both arenas: one is guarded within the other. */
static void run_diff(void *arg)
{
	struct job *job = arg;

	job->differs = facts_diff(job->o, job->old->facts, job->conf->facts, job->json, job->notes);
}

static void run_diff_of_old(void *arg)
{
	struct job *job = arg;

	if (!lbconf_guard(job->conf, run_diff, job))
		job->o->truncated = true;
}

struct lbconf_text lbconf_diff(const struct lbconf *old, const struct lbconf *conf, bool json, bool *differs)
{
	return lbconf_diff_noted(old, conf, json, differs, NULL);
}

struct lbconf_text lbconf_diff_noted(const struct lbconf *old, const struct lbconf *conf, bool json,
				     bool *differs, const struct fact_notes *notes)
{
	struct out o = out_growing(TEXT_MAX);
	struct job job = {.conf = (struct lbconf *)conf, .old = old, .o = &o, .json = json, .notes = notes};

	if (!facts_are_there(old) || !facts_are_there(conf) || !lbconf_guard(old, run_diff_of_old, &job))
		o.truncated = true;
	*differs = job.differs;
	return lbconf_take(&o);
}

struct lbconf_text lbconf_explain(const char *name)
{
	struct out o = out_growing(TEXT_MAX);

	if (!manual_code(&o, name))
		manual_keyword(&o, name);
	return lbconf_take(&o);
}

struct lbconf_text lbconf_suggest(const char *name)
{
	struct out o = out_growing(TEXT_MAX);

	manual_suggest(&o, name);
	return lbconf_take(&o);
}

static uint32_t source_named(const struct sources *s, const char *file)
{
	for (uint32_t i = 1; i <= s->list.n; i++)
		if (str_is(sources_get(s, i)->name, file))
			return i;
	return 0;
}

static void run_line(void *arg)
{
	const struct job *job = arg;

	manual_line(job->o, job->conf->facts, job->source, job->line);
}

struct lbconf_text lbconf_explain_line(const struct lbconf *conf, const char *file, uint32_t line)
{
	struct out o = out_growing(TEXT_MAX);
	struct job job = {.conf = (struct lbconf *)conf, .o = &o, .line = line};

	job.source = source_named(&conf->loaded->sources, file);
	if (job.source && (!facts_are_there(conf) || !lbconf_guard(conf, run_line, &job)))
		o.truncated = true;
	return lbconf_take(&o);
}

struct lbconf_text lbconf_features(void)
{
	struct out o = out_growing(TEXT_MAX);

	manual_features(&o);
	return lbconf_take(&o);
}

/* One row for each place that it stands in: the i-th of these pairs. */
static const char *row_word(size_t *i, const char **kind, const char **arguments, const char **summary)
{
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t a = 0; a < nareas; a++) {
		for (uint32_t r = 0; r < areas[a]->n; r++) {
			const struct keyword *row = &areas[a]->rows[r];

			for (enum keyword_place p = 0; p < PLACE_COUNT; p++) {
				if (!(row->in >> p & 1) || row->flags & KW_REMOVED || (*i)-- > 0)
					continue;
				*kind = keyword_place_name(p);
				*arguments = row->args ? row->args : "";
				*summary = row->summary ? row->summary : "";
				return row->name;
			}
		}
	}
	return NULL;
}

const char *lbconf_word(size_t i, const char **kind, const char **arguments, const char **summary)
{
	*arguments = *summary = "";
	if (i < PLACE_SECTIONS) {
		*kind = "section";
		*summary = section_get((enum keyword_place)i)->summary;
		return section_get((enum keyword_place)i)->name.ptr;
	}
	if ((i -= PLACE_SECTIONS) < ACTION_COUNT) {
		*kind = "action";
		*summary = action_row((enum action_id)i)->summary;
		return action_row((enum action_id)i)->name;
	}
	if ((i -= ACTION_COUNT) < FETCH_COUNT) {
		*kind = "fetch";
		return fetch_row((enum fetch_id)i)->name;
	}
	if ((i -= FETCH_COUNT) < CONV_COUNT) {
		*kind = "converter";
		return conv_row((enum conv_id)i)->name;
	}
	if ((i -= CONV_COUNT) < D_COUNT) {
		*kind = "code";
		*summary = diag_code_info((enum diag_code)i)->summary;
		return diag_code_info((enum diag_code)i)->readable;
	}
	if ((i -= D_COUNT) < DC_COUNT) {
		*kind = "class";
		*summary = diag_class_info((enum diag_class)i)->summary;
		return diag_class_info((enum diag_class)i)->readable;
	}
	i -= DC_COUNT;
	return row_word(&i, kind, arguments, summary);
}
