/* liblbconf: options, loading, diagnostics, rendering, changes of texts. What may run out of memory behind
 * loading is guarded: the arena jumps back here. */
#include "grammar/lbconf.h"

#include <stdlib.h>

#include "grammar/format.h"
#include "grammar/lbconf_state.h"
#include "grammar/render.h"

enum { TEXT_MAX = 1 << 30 };

void lbconf_text_free(struct lbconf_text *text)
{
	free(text->text);
	*text = (struct lbconf_text){0};
}

struct lbconf_options *lbconf_options_new(void)
{
	struct lbconf_options *options = calloc(1, sizeof(*options));

	if (options) {
		options->load.compat = 304;
		options->load.inspect = true;
	}
	return options;
}

void lbconf_options_free(struct lbconf_options *options)
{
	free(options);
}

bool lbconf_set_compat(struct lbconf_options *options, const char *version)
{
	static const struct {
		const char *name;
		int number;
	} versions[] = {{"2.6", 206}, {"2.8", 208}, {"3.0", 300}, {"3.2", 302}, {"3.4", 304}};

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (strcmp(version, versions[i].name) != 0)
			continue;
		options->load.compat = versions[i].number;
		return true;
	}
	return false;
}

void lbconf_set_strict_env(struct lbconf_options *options, bool on)
{
	options->load.strict_env = on;
}

void lbconf_set_offline(struct lbconf_options *options, bool on)
{
	options->load.offline = on;
}

void lbconf_set_environ(struct lbconf_options *options, const char *const *variables)
{
	options->load.environ = variables;
}

bool lbconf_set_warning(struct lbconf_options *options, const char *value)
{
	return policy_option(&options->policy, value);
}

const char *lbconf_class(size_t i, const char **summary, bool *on)
{
	if (i >= DC_COUNT)
		return NULL;
	*summary = diag_class_info((enum diag_class)i)->summary;
	*on = diag_class_info((enum diag_class)i)->on_by_default;
	return diag_class_info((enum diag_class)i)->readable;
}

bool lbconf_guard(const struct lbconf *conf, void (*run)(void *arg), void *arg)
{
	jmp_buf no_memory;

	if (setjmp(no_memory)) {
		arena_catch(conf->loaded->arena, NULL);
		return false;
	}
	arena_catch(conf->loaded->arena, &no_memory);
	run(arg);
	arena_catch(conf->loaded->arena, NULL);
	return true;
}

/* What one guarded step works on. */
struct job {
	struct lbconf *conf;
	const struct lbconf_options *options;
	struct lbconf_fixes *fixes;
	bool likely;
	struct out *o;
	void (*render)(struct out *o, const struct diags *d, const struct sources *s,
		       const struct render_options *options);
	const struct render_options *render_options;
};

/* Diagnostics as the public functions hand them out. */
static void conf_fill(void *arg)
{
	const struct job *job = arg;
	struct lbconf *conf = job->conf;
	struct loaded *l = conf->loaded;

	policy_apply(&job->options->policy, l);
	conf->diags = ARENA_ARRAY(l->arena, struct lbconf_diag, l->diags.list.n);
	for (uint32_t i = 0; i < l->diags.list.n; i++) {
		conf->diags[i].conf = conf;
		conf->diags[i].diag = l->diags.list.v[i];
		render_code(conf->diags[i].code, l->diags.list.v[i]->code, l->diags.list.v[i]->severity);
	}
}

static struct lbconf *conf_make(struct loaded *loaded, const struct lbconf_options *options)
{
	struct lbconf *conf = calloc(1, sizeof(*conf));
	struct job job = {.conf = conf, .options = options};

	if (conf && loaded && loaded->arena) {
		conf->loaded = loaded;
		conf->compat = options->load.compat;
		if (lbconf_guard(conf, conf_fill, &job))
			return conf;
	}
	loaded_free(&loaded);
	free(conf);
	return NULL;
}

struct lbconf *lbconf_load_files(const struct lbconf_options *options, const char *const *paths, size_t n)
{
	return conf_make(load_files(paths, n, &options->load), options);
}

struct lbconf *lbconf_load_text(const struct lbconf_options *options, const char *name, const char *text,
				size_t len)
{
	return conf_make(load_text(str_from(name), str_make(text, len), &options->load), options);
}

void lbconf_free(struct lbconf *conf)
{
	if (!conf)
		return;
	loaded_free(&conf->loaded);
	free(conf);
}

const char *lbconf_file(const struct lbconf *conf, size_t i)
{
	return i < conf->loaded->sources.list.n ? conf->loaded->sources.list.v[i]->name.ptr : NULL;
}

size_t lbconf_errors(const struct lbconf *conf)
{
	return conf->loaded->diags.errors;
}

size_t lbconf_warnings(const struct lbconf *conf)
{
	return conf->loaded->diags.warnings;
}

size_t lbconf_diag_count(const struct lbconf *conf)
{
	return conf->loaded->diags.list.n;
}

const struct lbconf_diag *lbconf_diag_get(const struct lbconf *conf, size_t i)
{
	return i < conf->loaded->diags.list.n ? &conf->diags[i] : NULL;
}

enum lbconf_severity lbconf_diag_severity(const struct lbconf_diag *diag)
{
	return diag->diag->severity == SEV_ERROR     ? LBCONF_ERROR
	       : diag->diag->severity == SEV_WARNING ? LBCONF_WARNING
						     : LBCONF_NOTE;
}

const char *lbconf_diag_code(const struct lbconf_diag *diag)
{
	return diag->code;
}

const char *lbconf_diag_name(const struct lbconf_diag *diag)
{
	return diag_code_info(diag->diag->code)->readable;
}

const char *lbconf_diag_class(const struct lbconf_diag *diag)
{
	return diag_class_info(diag_code_info(diag->diag->code)->class)->readable;
}

/* Texts of diagnostics were made by arena_vprintf(), which ends them in NUL. */
static const char *text_of(struct str s)
{
	return s.ptr ? s.ptr : "";
}

const char *lbconf_diag_message(const struct lbconf_diag *diag)
{
	return text_of(diag->diag->message);
}

const char *lbconf_diag_haproxy(const struct lbconf_diag *diag)
{
	return text_of(diag->diag->haproxy);
}

static struct lbconf_place place_of(const struct lbconf *conf, struct span span)
{
	const struct sources *s = &conf->loaded->sources;
	struct position at;

	if (!sources_get(s, span.source))
		return (struct lbconf_place){0};
	at = sources_position(s, span.source, span.off);
	return (struct lbconf_place){sources_get(s, span.source)->name.ptr, at.line, at.column, span.off,
				     span.len};
}

struct lbconf_place lbconf_diag_place(const struct lbconf_diag *diag)
{
	return place_of(diag->conf, diag->diag->span);
}

const char *lbconf_diag_note(const struct lbconf_diag *diag, size_t i)
{
	return i < diag->diag->notes.n ? text_of(diag->diag->notes.v[i]) : NULL;
}

const char *lbconf_diag_help(const struct lbconf_diag *diag, size_t i)
{
	return i < diag->diag->helps.n ? text_of(diag->diag->helps.v[i]) : NULL;
}

const char *lbconf_diag_label(const struct lbconf_diag *diag, size_t i, struct lbconf_place *place)
{
	if (i >= diag->diag->labels.n)
		return NULL;
	*place = place_of(diag->conf, diag->diag->labels.v[i].span);
	return text_of(diag->diag->labels.v[i].text);
}

const char *lbconf_diag_fix(const struct lbconf_diag *diag, size_t i, bool *certain)
{
	if (i >= diag->diag->fixes.n)
		return NULL;
	*certain = diag->diag->fixes.v[i].certainty == FIX_CERTAIN;
	return text_of(diag->diag->fixes.v[i].title);
}

const char *lbconf_diag_edit(const struct lbconf_diag *diag, size_t i, size_t k, struct lbconf_place *place)
{
	if (i >= diag->diag->fixes.n || k >= diag->diag->fixes.v[i].edits.n)
		return NULL;
	*place = place_of(diag->conf, diag->diag->fixes.v[i].edits.v[k].span);
	return text_of(diag->diag->fixes.v[i].edits.v[k].text);
}

struct lbconf_text lbconf_take(struct out *o)
{
	out_char(o, '\0');
	if (o->truncated || !o->buf) {
		out_free(o);
		return (struct lbconf_text){0};
	}
	return (struct lbconf_text){o->buf, o->len - 1};
}

static void run_render(void *arg)
{
	const struct job *job = arg;

	job->render(job->o, &job->conf->loaded->diags, &job->conf->loaded->sources, job->render_options);
}

struct lbconf_text lbconf_render(const struct lbconf *conf, const char *format,
				 const struct lbconf_render *render)
{
	static const struct {
		const char *name;
		void (*render)(struct out *o, const struct diags *d, const struct sources *s,
			       const struct render_options *options);
	} forms[] = {{"text", render_text},     {"json", render_json}, {"sarif", render_sarif},
		     {"github", render_github}, {"gcc", render_gcc},   {"haproxy", render_haproxy}};
	struct render_options options = {.haproxy = true};
	struct out o = out_growing(TEXT_MAX);
	struct job job = {.conf = (struct lbconf *)conf, .o = &o, .render_options = &options};

	if (render)
		options = (struct render_options){render->color,   render->width, render->max,    true,
						  render->explain, render->pid,   render->version};
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		job.render = forms[i].render;
		if (strcmp(format, forms[i].name) == 0 && !lbconf_guard(conf, run_render, &job))
			o.truncated = true;
	}
	return lbconf_take(&o);
}

struct lbconf_fixes {
	const struct lbconf *conf;
	struct fixes fixes;
};

static void run_repair(void *arg)
{
	const struct job *job = arg;
	struct loaded *l = job->conf->loaded;

	job->fixes->fixes = fixes_choose(l->arena, &l->diags, job->likely ? FIX_LIKELY : FIX_CERTAIN);
}

static void run_format(void *arg)
{
	const struct job *job = arg;

	job->fixes->fixes = format_sources(job->conf->loaded);
}

static struct lbconf_fixes *fixes_make(const struct lbconf *conf, bool likely, void (*run)(void *arg))
{
	struct lbconf_fixes *f = calloc(1, sizeof(*f));
	struct job job = {.conf = (struct lbconf *)conf, .fixes = f, .likely = likely};

	if (!f)
		return NULL;
	f->conf = conf;
	if (lbconf_guard(conf, run, &job))
		return f;
	free(f);
	return NULL;
}

struct lbconf_fixes *lbconf_repair(const struct lbconf *conf, bool likely)
{
	return fixes_make(conf, likely, run_repair);
}

struct lbconf_fixes *lbconf_format(const struct lbconf *conf)
{
	return fixes_make(conf, false, run_format);
}

void lbconf_fixes_free(struct lbconf_fixes *fixes)
{
	free(fixes);
}

size_t lbconf_fixes_count(const struct lbconf_fixes *fixes)
{
	return fixes->fixes.applied;
}

bool lbconf_fixes_touch(const struct lbconf_fixes *fixes, size_t i)
{
	return fixes_touch(&fixes->fixes, (uint32_t)i + 1);
}

struct lbconf_text lbconf_fixes_text(const struct lbconf_fixes *fixes, size_t i)
{
	struct out o = out_growing(TEXT_MAX);

	fixes_write(&o, &fixes->fixes, &fixes->conf->loaded->sources, (uint32_t)i + 1);
	return lbconf_take(&o);
}

static void run_diff(void *arg)
{
	const struct job *job = arg;

	fixes_diff(job->o, &job->fixes->fixes, &job->fixes->conf->loaded->sources);
}

struct lbconf_text lbconf_fixes_diff(const struct lbconf_fixes *fixes)
{
	struct out o = out_growing(TEXT_MAX);
	struct job job = {.fixes = (struct lbconf_fixes *)fixes, .o = &o};

	if (!lbconf_guard(fixes->conf, run_diff, &job))
		o.truncated = true;
	return lbconf_take(&o);
}
