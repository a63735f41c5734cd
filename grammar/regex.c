/* Regular expressions (PCRE2): compiled once per text and model. The code lives in the model's arena; engines
 * take copies of it and compile those further (JIT). No state, one thread per compilation. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "grammar/lang_state.h"

static void *regex_alloc(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

static void regex_free(void *p, void *arena)
{
	(void)p;
	(void)arena;
}

static void regex_error(struct compile *c, const struct lang_scope *scope, struct str text, struct span span,
			int error, size_t offset)
{
	PCRE2_UCHAR message[128];
	struct diag *g;

	if (pcre2_get_error_message(error, message, sizeof(message)) < 0)
		message[0] = 0;
	g = diag_add(c->diags, D_REGEX_INVALID, span, "invalid regular expression: %s", (const char *)message);
	diag_label(c->diags, g, "at offset %zu of `%.*s`", offset, STR_ARG(text));
	lang_haproxy(c, g, scope, "regex '%.*s' is invalid (error=%s, erroffset=%zu)", STR_ARG(text),
		     (const char *)message, offset);
}

const struct regex *regex_parse(struct compile *c, struct str text, bool icase, struct span span)
{
	return regex_compile(c, NULL, text, icase, span);
}

const struct regex *regex_compile(struct compile *c, const struct lang_scope *scope, struct str text,
				  bool icase, struct span span)
{
	struct arena *a = c->model->arena;
	struct str key = arena_printf(c->arena, "%c%.*s", icase ? 'i' : '-', STR_ARG(text));
	struct regex *regex = map_get(&c->regexes, key);
	pcre2_general_context *memory;
	PCRE2_SIZE offset = 0;
	int error = 0;
	void *code;

	if (regex)
		return regex;
	memory = pcre2_general_context_create(regex_alloc, regex_free, a);
	code = pcre2_compile((PCRE2_SPTR)text.ptr, text.len, icase ? PCRE2_CASELESS : 0, &error, &offset,
			     pcre2_compile_context_create(memory));
	if (!code) {
		regex_error(c, scope, text, span, error, offset);
		return NULL;
	}
	regex = ARENA_NEW(a, struct regex);
	*regex = (struct regex){
		.text = arena_str(a, text), .code = code, .icase = icase, .id = c->model->nregexes++};
	map_put(c->arena, &c->regexes, key, regex);
	return regex;
}

bool regex_is_valid(struct str text, bool icase)
{
	PCRE2_SIZE offset;
	int error;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text.ptr, text.len, icase ? PCRE2_CASELESS : 0, &error,
					 &offset, NULL);

	pcre2_code_free(code);
	return code != NULL;
}
