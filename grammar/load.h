/* The one entry to the compiling half: texts in, checked model and diagnostics out. `lbcheck`, `lbd` and the
 * fuzzers all come through here. No sockets, no threads, no globals: may run on any thread, several at once. */
#ifndef LB_GRAMMAR_LOAD_H
#define LB_GRAMMAR_LOAD_H

#include "grammar/diag.h"
#include "grammar/model.h"
#include "grammar/text.h"
#include "grammar/tree.h"

/* Version of HAProxy whose verdicts apply: 206, 208, 300, 302, 304. */
struct load_options {
	int compat;
	bool strict_env;            /* missing files, users, names are errors, as for HAProxy */
	bool templates;             /* the model has backends that may come at run time (model.templates) */
	bool inspect;               /* lints look into the certificates that lines name */
	bool master_worker;         /* -W: there is a master process whatever the configuration says */
	bool offline;               /* do not look at users, files, names of this machine at all */
	bool unresolved_ok; /* -dr: a server whose name has no address starts without one */
	bool unverified_ok; /* -dV: as if `ssl-server-verify none` stood above the configuration */
	const char *const *environ; /* "NAME=value" list ended by NULL; NULL: empty */
	const char *work_dir;       /* -C; NULL: current */
	const char *const *defines; /* extra variables of the program: HAPROXY_MWORKER=1 ... */
	size_t memory;              /* bytes that the tree may take; 0: no limit. Beyond it is out of memory */
};

/* Everything of one compilation; model is NULL when there were errors that leave none. */
struct loaded {
	struct arena *arena;
	struct sources sources;
	struct tree tree;
	struct diags diags;
	struct model *model;
};

/* The program gives HAPROXY_LOCALPEER, HAPROXY_STARTUP_VERSION, HAPROXY_MWORKER and their like in `defines`. */

/* Compiles files and directories (in the given order, a directory's *.cfg sorted by name) as one configuration.
 * Never NULL but when not even the first block of memory can be had; the caller frees it with loaded_free(). */
struct loaded *load_files(const char *const *paths, size_t n, const struct load_options *options);
/* The same for one text in memory. */
struct loaded *load_text(struct str name, struct str text, const struct load_options *options);
/* Gives everything back, unless the model was retained (model_retain): then with the model's last reference. */
void loaded_free(struct loaded **l);

#endif
