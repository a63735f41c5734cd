/* The run over all lints (lint.h), and where their findings point. One thread. */
#include "grammar/lint.h"

struct span lint_span(const struct checker *k, struct conf_pos pos)
{
	struct str line = sources_line(k->c->sources, pos.source, pos.line);
	const char *text = sources_get(k->c->sources, pos.source)->text.ptr;
	size_t from = 0, to = str_chr(line, '#');

	while (from < to && (line.ptr[from] == ' ' || line.ptr[from] == '\t'))
		from++;
	while (to > from && (line.ptr[to - 1] == ' ' || line.ptr[to - 1] == '\t' || line.ptr[to - 1] == '\r'))
		to--;
	return (struct span){pos.source, (uint32_t)(line.ptr + from - text), (uint32_t)(to - from)};
}

void lint_run(struct checker *k)
{
	lint_binds(k);
	lint_counters(k);
	lint_expiry(k);
	lint_names(k);
	lint_tls_global(k);
	lint_root(k);
	lint_certificates(k);
	for (uint32_t i = 0; i < k->drafts.n; i++) {
		const struct draft *d = k->drafts.v[i];

		if (!d->name || d->px->disabled || d->place == PLACE_DEFAULTS)
			continue;
		lint_switches(k, d);
		lint_conditions(k, d);
		lint_acls(k, d);
		lint_servers(k, d);
		lint_flow(k, d);
		lint_rewrites(k, d);
		lint_early(k, d);
		lint_predefined(k, d);
		lint_places(k, d);
		lint_plain_paths(k, d);
		lint_mixed_acls(k, d);
		lint_tracking(k, d);
		lint_backends(k, d);
		lint_dynamic(k, d);
		lint_inert(k, d);
		lint_lines(k, d);
		lint_tls(k, d);
	}
}
