/* Arguments of the actions on stick tables: track-scN and those on general purpose counters and tags (manual,
 * section 4.2, "http-request track-sc0", "http-request sc-inc-gpc" and their like). One thread. */
#include "grammar/action.h"

/* HAProxy 2.6 has three tracked counters; later ones are told how many. */
static uint64_t counters_of(const struct action_reader *r)
{
	uint32_t n = r->c->model->global.tune_stick_counters;

	return r->c->model->compat >= 208 && n ? n : 3;
}

static bool paren_error(struct action_reader *r, struct span span, const char *what, struct str haproxy)
{
	return action_error(r, span, haproxy.ptr, what);
}

/* The number of a tracked counter. */
static bool track_id(struct action_reader *r, struct str text, struct span span)
{
	uint64_t id, n = counters_of(r);

	if (!str_to_u64(text, &id))
		return paren_error(r, span, "the number of a tracked counter is needed in the parentheses",
				   arena_printf(r->c->arena,
						"invalid stick table track ID. Expects %.*s(<Track ID>)",
						STR_ARG(r->words[0].text)));
	if (id >= n)
		return paren_error(r, span, "there is no such tracked counter",
				   arena_printf(r->c->arena,
						"invalid stick table track ID. The max allowed ID is %u",
						(unsigned)(n - 1)));
	r->out->num2 = (uint32_t)id;
	return true;
}

/* (index,counter) of arrays, (counter) of single ones. */
static bool parens_read(struct action_reader *r)
{
	size_t len = strlen(r->row->name), at, comma;
	bool array = r->row->name[len - 1] != '0' && r->row->name[len - 1] != '1';
	const char *kind = r->row->name[len - 1] == 't' ? "gpt" : "gpc",
		   *loud = *(kind + 2) == 't' ? "GPT" : "GPC";
	struct str text;
	uint64_t index;

	if (!action_parens(r, &text, &at))
		return false;
	comma = str_chr(text, ',');
	if (!array)
		return !text.len || track_id(r, text, word_span(&r->words[0], at, text.len));
	if (comma == text.len)
		return paren_error(r, word_span(&r->words[0], at, text.len),
				   "an index and the number of a tracked counter are needed, as in `(0,1)`",
				   arena_printf(r->c->arena,
						"Missing %s ID '%.*s'. Expects %s(<%s ID>,<Track ID>)", kind,
						STR_ARG(r->words[0].text), r->row->name, loud));
	if (!str_to_u64(str_sub(text, 0, comma), &index) || index > UINT32_MAX)
		return paren_error(r, word_span(&r->words[0], at, comma), "the index is no number",
				   arena_printf(r->c->arena,
						"invalid %s ID '%.*s'. Expects %s(<%s ID>,<Track ID>)", kind,
						STR_ARG(r->words[0].text), r->row->name, loud));
	r->out->flags = (uint32_t)index;
	return track_id(r, str_tail(text, comma + 1),
			word_span(&r->words[0], at + comma + 1, text.len - comma - 1));
}

bool action_args_counter(struct action_reader *r)
{
	return parens_read(r);
}

/* A number or a sample behind the parentheses. */
bool action_args_counter_value(struct action_reader *r)
{
	const struct word *w = action_peek(r);

	if (!parens_read(r))
		return false;
	if (!w)
		return true;
	if (action_number(w->text, &r->out->num)) {
		r->i++;
		return true;
	}
	r->out->sample = action_sample(r);
	return r->out->sample != NULL;
}

/* track-scN <key> [table <name>] */
bool action_args_track(struct action_reader *r)
{
	const struct word *w;
	uint64_t n = counters_of(r);

	str_to_i64(str_tail(r->words[0].text, 8), &r->out->num);
	if (r->out->num < 0 || (uint64_t)r->out->num >= n)
		return action_error(r, r->words[0].span,
				    arena_printf(r->c->arena,
						 "%lld track-sc number exceeding %u (MAX_SESS_STKCTR-1) value",
						 (long long)r->out->num, (unsigned)(n - 1))
					    .ptr,
				    "there are not so many tracked counters");
	r->out->sample = action_sample(r);
	if (!r->out->sample)
		return false;
	if (!action_take_word(r, "table"))
		return true;
	w = action_take(r);
	if (!w)
		return action_missing(r, "missing table name", "the name of a table behind `table`");
	r->out->name = arena_str(r->c->model->arena, w->text);
	return true;
}
