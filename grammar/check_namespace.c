/* Names that a configuration gives for others to use: network namespaces of binds and servers, which must exist
 * on this machine (manual, "namespace"), and GUIDs, which must be unique in all of the configuration
 * (manual 3.4, "guid"). Works on the state of one walk; one thread. */
#include "grammar/check_file.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/name.h"

#include <unistd.h>

enum { GUID_MAX = 127 };

static struct diag *namespace_missing(const struct keyword_use *use)
{
	struct checker *k = use->k;
	const struct word *w = &use->words[0];
	struct str path = arena_printf(k->scratch, "/var/run/netns/%.*s", STR_ARG(w->text));
	struct diag *g;

	if (k->c->options->offline || access(path.ptr, R_OK) == 0)
		return NULL;
	g = diag_add(k->d, D_NO_SUCH_FILE, w->span, "this machine has no network namespace `%.*s`",
		     STR_ARG(w->text));
	diag_note(k->d, g, "namespaces are files of /var/run/netns, as `ip netns add` makes them");
	return check_environment(k, g);
}

bool check_bind_namespace(const struct keyword_use *use)
{
	struct diag *g = namespace_missing(use);

	if (g)
		diag_haproxy_unplaced(use->k->d, g, "config : Cannot open namespace '%.*s'.",
				      STR_ARG(use->words[0].text));
	return !g;
}

/* `*`: the one that the client came in by. */
bool check_server_namespace(const struct keyword_use *use)
{
	struct diag *g = str_is(use->words[0].text, "*") ? NULL : namespace_missing(use);

	if (g)
		diag_haproxy(use->k->d, g, "Cannot open namespace '%.*s'.", STR_ARG(use->words[0].text));
	return !g;
}

static bool guid_valid(const struct keyword_use *use, const struct word *w)
{
	size_t i = name_bad_byte(w->text);

	if (i < w->text.len) {
		diag_help(use->k->d,
			  diag_add(use->k->d, D_BAD_NAME, word_span(w, i, 1), "`%c` is not permitted in a GUID",
				   w->text.ptr[i]),
			  "GUIDs are made of letters, digits and `-`, `_`, `.` or `:`");
		return false;
	}
	if (w->text.len <= GUID_MAX)
		return true;
	diag_add(use->k->d, D_BAD_ARGUMENT, w->span, "a GUID has at most %d characters", GUID_MAX);
	return false;
}

/* Of proxies and servers alike. */
bool check_guid(const struct keyword_use *use)
{
	const struct word *w = &use->words[0];
	const struct word *first = map_get(&use->k->guids, w->text);
	struct diag *g;

	if (!guid_valid(use, w))
		return false;
	if (!first) {
		map_put(use->k->scratch, &use->k->guids, w->text, (void *)(uintptr_t)w);
		return true;
	}
	g = diag_add(use->k->d, D_DUPLICATE_ID, w->span, "the GUID `%.*s` is taken", STR_ARG(w->text));
	diag_also(use->k->d, g, first->span, "first given here");
	return false;
}

/* Each socket of the line has the prefix and its number behind a dash. */
bool check_guid_prefix(const struct keyword_use *use)
{
	return guid_valid(use, &use->words[0]);
}
