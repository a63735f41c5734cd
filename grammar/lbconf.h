/* liblbconf: reads configurations of HAProxy from C. Parses and checks them, gives the diagnostics as data or
 * rendered, walks the resolved configuration with the origin of each value, explains, lays out, repairs and
 * compares.
 *
 *     struct lbconf_options *options = lbconf_options_new();
 *     struct lbconf *conf = lbconf_load_files(options, paths, n);
 *     for (size_t i = 0; i < lbconf_diag_count(conf); i++)
 *             puts(lbconf_diag_message(lbconf_diag_get(conf, i)));
 *     lbconf_free(conf);
 *     lbconf_options_free(options);
 *
 * All types are opaque. Texts that functions return as `const char *` end in NUL and belong to the object they
 * were asked of, unless said otherwise; `struct lbconf_text` is the caller's to free. No sockets, no threads,
 * no globals: different objects may be used on different threads at a time, one object on one.
 *
 * NULL instead of an object or text means that memory ran out. Nothing else fails: what is wrong with a
 * configuration, an unreadable file included, is a diagnostic. Link with -llbconf (`pkg-config --cflags --libs
 * lbconf`). */
#ifndef LBCONF_H
#define LBCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LBCONF_API __attribute__((visibility("default")))

struct lbconf_options;
struct lbconf;
struct lbconf_diag;
struct lbconf_section;
struct lbconf_setting;
struct lbconf_fixes;

/* A text of its own: `len` bytes and a NUL. Free it with lbconf_text_free(). */
struct lbconf_text {
	char *text;
	size_t len;
};
LBCONF_API void lbconf_text_free(struct lbconf_text *text);

/* Where something stands. Lines and columns count from 1, columns in bytes; `offset` counts bytes of the file
 * from 0. `file` is the name under which it was loaded; NULL: nowhere (line and column are 0). */
struct lbconf_place {
	const char *file;
	uint32_t line, column, offset, length;
};

/* -- options -- */

/* Judges as HAProxy 3.4, with an empty environment, all classes of warnings as they are by default. */
LBCONF_API struct lbconf_options *lbconf_options_new(void);
LBCONF_API void lbconf_options_free(struct lbconf_options *options);
/* "2.6", "2.8", "3.0", "3.2" or "3.4"; false: none of them, and nothing changes. */
LBCONF_API bool lbconf_set_compat(struct lbconf_options *options, const char *version);
/* Missing files, users, groups and host names are errors, as for HAProxy, and not warnings. */
LBCONF_API void lbconf_set_strict_env(struct lbconf_options *options, bool on);
/* Do not look at files, users and host names of this machine at all. */
LBCONF_API void lbconf_set_offline(struct lbconf_options *options, bool on);
/* The variables that the configuration sees: "NAME=value" texts, ended by NULL, that stay the caller's and must
 * live as long as the options. */
LBCONF_API void lbconf_set_environ(struct lbconf_options *options, const char *const *variables);
/* A switch as behind -W: "CLASS", "no-CLASS", "error", "error=CLASS"; false: there is no such class. */
LBCONF_API bool lbconf_set_warning(struct lbconf_options *options, const char *value);
/* The i-th class of warnings, what it is about and whether it is on by default; NULL behind the last. The texts
 * are constant. */
LBCONF_API const char *lbconf_class(size_t i, const char **summary, bool *on);

/* -- loading -- */

/* Files and folders (of these the *.cfg, sorted by name), all together as one configuration. */
LBCONF_API struct lbconf *lbconf_load_files(const struct lbconf_options *options, const char *const *paths,
					    size_t n);
/* One text in memory, under a name for messages. */
LBCONF_API struct lbconf *lbconf_load_text(const struct lbconf_options *options, const char *name,
					   const char *text, size_t len);
LBCONF_API void lbconf_free(struct lbconf *conf);
/* The i-th file that was read; NULL behind the last. */
LBCONF_API const char *lbconf_file(const struct lbconf *conf, size_t i);

/* -- diagnostics, in the order of files and lines -- */

enum lbconf_severity { LBCONF_NOTE, LBCONF_WARNING, LBCONF_ERROR };

LBCONF_API size_t lbconf_errors(const struct lbconf *conf);
LBCONF_API size_t lbconf_warnings(const struct lbconf *conf);
LBCONF_API size_t lbconf_diag_count(const struct lbconf *conf);
LBCONF_API const struct lbconf_diag *lbconf_diag_get(const struct lbconf *conf, size_t i);
LBCONF_API enum lbconf_severity lbconf_diag_severity(const struct lbconf_diag *diag);
/* "LBE0211": stable, never used again for something else. */
LBCONF_API const char *lbconf_diag_code(const struct lbconf_diag *diag);
/* "no-such-backend", "language". */
LBCONF_API const char *lbconf_diag_name(const struct lbconf_diag *diag);
LBCONF_API const char *lbconf_diag_class(const struct lbconf_diag *diag);
LBCONF_API const char *lbconf_diag_message(const struct lbconf_diag *diag);
/* What HAProxy says, or "". */
LBCONF_API const char *lbconf_diag_haproxy(const struct lbconf_diag *diag);
LBCONF_API struct lbconf_place lbconf_diag_place(const struct lbconf_diag *diag);
/* The i-th note, help, or other place ("first defined here"); NULL behind the last. */
LBCONF_API const char *lbconf_diag_note(const struct lbconf_diag *diag, size_t i);
LBCONF_API const char *lbconf_diag_help(const struct lbconf_diag *diag, size_t i);
LBCONF_API const char *lbconf_diag_label(const struct lbconf_diag *diag, size_t i, struct lbconf_place *place);
/* The i-th repair: what it does; NULL behind the last. `certain`: it needs no reader. */
LBCONF_API const char *lbconf_diag_fix(const struct lbconf_diag *diag, size_t i, bool *certain);
/* The k-th edit of the i-th repair: what replaces the bytes at `place`; NULL behind the last. All of a repair's
 * edits are made, or none. */
LBCONF_API const char *lbconf_diag_edit(const struct lbconf_diag *diag, size_t i, size_t k,
					struct lbconf_place *place);

struct lbconf_render {
	bool color;          /* ANSI colours, in text */
	uint32_t width;      /* of the terminal in columns; 0: 140 */
	uint32_t max;        /* how many to show; 0: all */
	const char *explain; /* command that explains a code, or NULL for no such line */
	const char *version; /* of the program, in SARIF; or NULL */
	long pid;            /* in HAProxy's form */
};
/* All diagnostics as "text", "json", "sarif", "github", "gcc" or "haproxy". `render` may be NULL. */
LBCONF_API struct lbconf_text lbconf_render(const struct lbconf *conf, const char *format,
					    const struct lbconf_render *render);

/* -- the resolved configuration --
 * Sections that are not `defaults`, in order; of each, the settings that hold: those inherited from a `defaults`, its own, those built in. */

enum lbconf_origin { LBCONF_OWN, LBCONF_DEFAULTS, LBCONF_BUILT_IN };

/* The i-th section; NULL behind the last. */
LBCONF_API const struct lbconf_section *lbconf_section_get(const struct lbconf *conf, size_t i);
/* The section of a kind ("backend") with a name; NULL: there is none. */
LBCONF_API const struct lbconf_section *lbconf_section_find(const struct lbconf *conf, const char *kind,
							    const char *name);
LBCONF_API const char *lbconf_section_kind(const struct lbconf_section *section);
/* "" when it has none. */
LBCONF_API const char *lbconf_section_name(const struct lbconf_section *section);
LBCONF_API struct lbconf_place lbconf_section_place(const struct lbconf_section *section);
/* The i-th setting; NULL behind the last. */
LBCONF_API const struct lbconf_setting *lbconf_setting_get(const struct lbconf_section *section, size_t i);
/* The (last) setting of a key; NULL: there is none. */
LBCONF_API const struct lbconf_setting *lbconf_setting_find(const struct lbconf_section *section,
							    const char *key);
/* "timeout client"; "server", and with its first argument "server s1". */
LBCONF_API const char *lbconf_setting_keyword(const struct lbconf_setting *setting);
LBCONF_API const char *lbconf_setting_key(const struct lbconf_setting *setting);
/* The words behind the key, variables expanded, quoted where they need it; for built-in ones, prose. */
LBCONF_API const char *lbconf_setting_value(const struct lbconf_setting *setting);
/* `no` stands before it. */
LBCONF_API bool lbconf_setting_is_negated(const struct lbconf_setting *setting);
LBCONF_API enum lbconf_origin lbconf_setting_origin(const struct lbconf_setting *setting);
LBCONF_API struct lbconf_place lbconf_setting_place(const struct lbconf_setting *setting);

/* Whole views. "tree": sections, lines, words and where they stand. "model": what holds in the end, in
 * canonical form, without defaults sections (text that loads again; needs a configuration without errors).
 * "effective": every line that holds, with its origin. As text or JSON. "dot" and "mermaid": who sends what to whom, as a
 * graph; `json` is of no account then. */
LBCONF_API struct lbconf_text lbconf_dump(const struct lbconf *conf, const char *view, bool json);
/* What differs from `old` to `conf`, by names, with values before and after; empty text (JSON: an empty list)
 * when nothing does. */
LBCONF_API struct lbconf_text lbconf_diff(const struct lbconf *old, const struct lbconf *conf, bool json,
					  bool *differs);

/* -- explanations -- */

/* A code ("LBE0211", "211", "no-such-backend") or a keyword, action, fetch, converter ("timeout client").
 * Empty: it is none. */
LBCONF_API struct lbconf_text lbconf_explain(const char *name);
/* Names that resemble it, as "`a` or `b`"; empty: none. */
LBCONF_API struct lbconf_text lbconf_suggest(const char *name);
/* What a line does and where its values come from. Empty: there is no statement on it. */
LBCONF_API struct lbconf_text lbconf_explain_line(const struct lbconf *conf, const char *file, uint32_t line);
/* What is accepted and checked, but has no effect in lbd yet. */
LBCONF_API struct lbconf_text lbconf_features(void);
/* The i-th name of the language, for completion and highlighting; NULL behind the last. `kind`: "section", the
 * name of a section for its keywords, "bind line", "server line" ..., "action", "fetch", "converter", "code",
 * "class". One name occurs once for each kind. `summary` may be "". The texts are constant. */
LBCONF_API const char *lbconf_word(size_t i, const char **kind, const char **arguments, const char **summary);

/* -- changes of the text -- */

/* The repairs of the diagnostics; the certain ones, or those that are only likely as well. */
LBCONF_API struct lbconf_fixes *lbconf_repair(const struct lbconf *conf, bool likely);
/* The layout: indentation, blanks, empty lines. Comments, words and order stay. */
LBCONF_API struct lbconf_fixes *lbconf_format(const struct lbconf *conf);
LBCONF_API void lbconf_fixes_free(struct lbconf_fixes *fixes);
/* How many repairs, or places, change. */
LBCONF_API size_t lbconf_fixes_count(const struct lbconf_fixes *fixes);
/* Whether the i-th file changes, and its whole new text. */
LBCONF_API bool lbconf_fixes_touch(const struct lbconf_fixes *fixes, size_t i);
LBCONF_API struct lbconf_text lbconf_fixes_text(const struct lbconf_fixes *fixes, size_t i);
/* A unified diff of all files. */
LBCONF_API struct lbconf_text lbconf_fixes_diff(const struct lbconf_fixes *fixes);

#ifdef __cplusplus
}
#endif

#endif
