/* What the entries of a pattern object say to a text, use by use: `get map` and `get acl` of the CLI
 * (management manual, section 9.3). Any thread. */
#include "grammar/base/out.h"
#include "runtime/eval/pattern_state.h"

static const char *method_name(uint8_t method)
{
	static const char *const names[] = {
		[MATCH_FOUND] = "found", [MATCH_BOOL] = "bool", [MATCH_INT] = "int", [MATCH_IP] = "ip",
		[MATCH_BIN] = "bin",     [MATCH_LEN] = "len",   [MATCH_STR] = "str", [MATCH_SUB] = "sub",
		[MATCH_REG] = "reg",     [MATCH_BEG] = "beg",   [MATCH_END] = "end", [MATCH_DIR] = "dir",
		[MATCH_DOM] = "dom"};

	return method < sizeof(names) / sizeof(names[0]) && names[method] ? names[method] : "unknown";
}

/* Whether HAProxy keeps it in a tree. */
static bool is_tree(const struct pattern_index *index)
{
	return !index->icase &&
	       (index->method == MATCH_STR || index->method == MATCH_BEG || index->method == MATCH_IP);
}

static void explain_value(const struct pattern_index *index, struct str value, struct out *out)
{
	const char *type = index->type == SMP_SINT           ? "sint"
			   : index->type != SMP_ADDR         ? "str"
			   : str_chr(value, ':') < value.len ? "ipv6"
							     : "ipv4";

	out_printf(out, ", value=\"%.*s\", type=\"%s\"", STR_ARG(value), type);
}

static void explain_one(struct eval *e, struct pattern_index *index, struct str text, bool map, bool has_values,
			struct out *out)
{
	struct sample s = {.type = SMP_STR, .str = text};
	struct pattern_hit hit;
	bool found = sample_cast(e, &s, match_wants(index->method)) && pattern_index_find(e, index, &s, &hit);

	out_printf(out, "type=%s, case=%s, %s=%s", method_name(index->method),
		   index->icase ? "insensitive" : "sensitive", map ? "found" : "match", found ? "yes" : "no");
	if (found) {
		out_printf(out, ", idx=%s", is_tree(index) ? "tree" : "list");
		out_printf(out, ", %s=\"%.*s\"", map ? "key" : "pattern", STR_ARG(hit.key));
		if (map && !has_values)
			out_puts(out, ", value=none");
		else if (map)
			explain_value(index, hit.value, out);
	}
	out_char(out, '\n');
}

void pattern_ref_explain(struct eval *e, struct pattern_ref *ref, struct str text, bool map, struct out *out)
{
	for (struct pattern_index *i = ref->indexes->next; i; i = i->next)
		explain_one(e, i, text, map, pattern_ref_file(ref)->map, out);
}
