/* `bind` lines and `stats socket`: one or several addresses, then options that hold for all of them (manual,
 * section 5.1). Works on the state of one walk; listeners go to the model. One thread. */
#include "grammar/address.h"
#include "grammar/check_file.h"
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"
#include "grammar/lint.h"
#include "grammar/model_preset.h"

/* The row of words[i]: what stands in parentheses is an argument that the row's function takes out of the word.
 */
static const struct keyword *option_find(const struct keyword_use *line, uint32_t i, enum keyword_place place,
					 uint32_t *used)
{
	struct checker *k = line->k;
	struct str text = line->words[i].text;
	struct word name = line->words[i];

	if (!str_starts(text, STR("set-proxy-v2-tlv-fmt(")))
		return keyword_find(k->index, line->words + i, line->n - i, 1u << place, k->compat, used);
	name.text = str_sub(text, 0, str_chr(text, '('));
	return keyword_find(k->index, &name, 1, 1u << place, k->compat, used);
}

/* How many words the next known word stands behind an unknown one at `i`, which is taken for the name that
 * resembles it; 0: not known. */
static uint32_t unknown_length(const struct keyword_use *line, uint32_t i, enum keyword_place place,
			       struct str resembled)
{
	struct word w = line->words[i];
	const struct keyword *row;
	uint32_t used;

	if (!resembled.len)
		return 0;
	w.text = resembled;
	row = keyword_find(line->k->index, &w, 1, 1u << place, line->k->compat, &used);
	if (!row || row->kind >= VAL_WORDS)
		return 0;
	return row->kind == VAL_FLAG || row->kind == VAL_OPTION ? 1 : 2;
}

/* Words inside a line are looked up at one place; one that is unknown takes its arguments with it: as many as
 * the name has that it resembles, or up to the next known word. */
bool check_options(const struct keyword_use *line, uint32_t i, enum keyword_place place, void *object,
		   struct str *words)
{
	struct checker *k = line->k;
	bool ok = true, skipping = false;

	while (i < line->n) {
		struct keyword_use use = {
			.k = k, .line = line->line, .draft = line->draft, .object = object, .kept = words};
		uint32_t used, taken = 0;

		use.row = option_find(line, i, place, &used);
		if (!use.row) {
			used = 0;
			if (!skipping)
				used = unknown_length(line, i, place,
						      check_unknown_word(line, &line->words[i], 1u << place,
									 keyword_place_name(place)));
			ok = false;
			skipping = !used;
			i += used ? used : 1;
			continue;
		}
		skipping = false;
		use.span = check_words_span(line->words, i, i + used);
		use.words = line->words + i + used;
		use.n = line->n - i - used;
		use.taken = &taken;
		ok &= check_row(&use);
		i += used + taken;
	}
	return ok;
}

static void bind_preset(struct bind_conf *b, const struct keyword_use *use)
{
	model_preset_bind(b);
	b->proxy = use->draft ? use->draft->px : NULL;
	if (use->draft && use->k->unix_bind_seen)
		b->unix_bind =
			arena_dup(use->k->a, &use->k->m->global.unix_bind, sizeof(struct unix_bind_conf));
	b->pos = check_pos(use->k, use->line);
}

/* One listener per address of a list "a,b,c". */
static bool bind_addresses(const struct keyword_use *use, struct bind_conf *options)
{
	const struct word *w = word_as_address(use->k->c->tree, &use->words[0]);
	size_t off = 0, len;
	bool ok = true;
	struct bind_conf *b;

	do {
		len = str_chr(str_tail(w->text, off), ',');
		b = ARENA_NEW(use->k->a, struct bind_conf);
		*b = *options;
		ok &= address_parse(use->k->c, w, off, len,
				    ADDRESS_PORT | ADDRESS_PORT_NEEDED | ADDRESS_RANGE | ADDRESS_FD |
					    ADDRESS_STREAM | ADDRESS_HOST,
				    "'bind'", &b->addr);
		check_resolve(use->k, use->line->span, &b->addr, "'bind'");
		b->addr.v4v6 = options->v4v6;
		b->addr.v6only = options->v6only;
		*vec_push(use->k->a, &use->draft->px->binds) = b;
		off += len + 1;
	} while (off < w->text.len);
	return ok;
}

static bool report_no_certificate(struct checker *k, struct span span, struct str proxy, struct str addr)
{
	struct position at = sources_position(k->c->sources, span.source, span.off);
	struct diag *g = diag_add(k->d, D_SETTING_MISSING, span, "a listener with `ssl` needs a certificate");

	diag_help(k->d, g, "add `crt <file>` with the certificate and its key");
	diag_haproxy_unplaced(
		k->d, g, "Proxy '%.*s': no SSL certificate specified for bind '%.*s' at [%.*s:%u] (use 'crt').",
		STR_ARG(proxy), STR_ARG(addr), STR_ARG(sources_get(k->c->sources, span.source)->name), at.line);
	return false;
}

void check_no_certificate(struct checker *k, const struct bind_conf *b)
{
	report_no_certificate(k, lint_span(k, b->pos), b->proxy->name, b->addr.text);
}

/* `id` names one socket. */
static bool bind_id_fits(const struct keyword_use *use, uint32_t id)
{
	struct str text = use->words[0].text;
	const struct draft *d = use->draft;
	const struct addr_conf *last = d->px->binds.n ? &d->px->binds.v[d->px->binds.n - 1]->addr : NULL;
	struct diag *g;

	if (!id || !last || (str_chr(text, ',') == text.len && last->port == last->port_end))
		return true;
	g = diag_add(use->k->d, D_CONFLICT, use->words[0].span, "`id` goes with a single address and port");
	diag_haproxy(use->k->d, g, "'bind %.*s' in section '%s' : 'id' can only be used with a single socket",
		     STR_ARG(text), keyword_place_name(use->k->place));
	return false;
}

bool check_bind(const struct keyword_use *use)
{
	struct bind_conf options = {0};
	bool ok;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	bind_preset(&options, use);
	ok = check_options(use, 1, PLACE_BIND, &options, &options.words);
	if (ok && options.ssl && !options.certificate)
		/* from 3.2 on `ssl-f-use` may follow: check_finish_certificates() */
		ok = use->k->compat >= 302 ||
		     report_no_certificate(use->k, use->line->span, use->draft->px->name, use->words[0].text);
	ok &= bind_addresses(use, &options);
	return ok && bind_id_fits(use, options.id);
}

bool check_global_stats_socket(const struct keyword_use *use)
{
	struct bind_conf *b = ARENA_NEW(use->k->a, struct bind_conf);
	bool ok;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	bind_preset(b, use);
	b->level = 1; /* operator, as for HAProxy (manual, section 9.3 of the management guide) */
	ok = check_options(use, 1, PLACE_STATS_SOCKET, b, &b->words);
	ok &= address_parse_word(use->k->c, &use->words[0],
				 ADDRESS_PORT | ADDRESS_PORT_NEEDED | ADDRESS_RANGE | ADDRESS_FD |
					 ADDRESS_STREAM | ADDRESS_HOST,
				 "'stats socket'", &b->addr);
	*vec_push(use->k->a, &use->k->m->global.stats_sockets) = b;
	return ok;
}

static struct diag *option_haproxy(const struct keyword_use *use, struct diag *g, struct str words)
{
	const struct line *line = use->line;
	uint32_t at = str_is(line->words[0].text, "stats") ? 2 : 1;

	if (at == 2)
		return diag_haproxy(use->k->d, g, "'stats socket' : '%.*s'", STR_ARG(words));
	return diag_haproxy(use->k->d, g, "'bind %.*s' in section '%s' : %.*s",
			    STR_ARG(line->words[at < line->nwords ? at : 0].text),
			    keyword_place_name(use->k->place), STR_ARG(words));
}

bool check_bind_mode(const struct keyword_use *use)
{
	struct bind_conf *b = use->object;
	struct str text = use->n ? use->words[0].text : STR_NONE;
	struct diag *g;
	int mode = 0;

	for (size_t i = 0; i < text.len && mode >= 0; i++)
		mode = text.ptr[i] >= '0' && text.ptr[i] <= '7' && mode < 07777 ? mode * 8 + (text.ptr[i] - '0')
										: -1;
	*use->taken = use->n ? 1 : 0;
	if (text.len && mode >= 0) {
		b->mode = mode;
		return true;
	}
	g = diag_add(use->k->d, D_BAD_NUMBER, use->n ? use->words[0].span : use->span,
		     "`mode` needs permissions as an octal number");
	diag_help(use->k->d, g, "write them as chmod takes them: `mode 660`");
	option_haproxy(use, g,
		       arena_printf(use->k->scratch,
				    "'mode' : missing or invalid mode '%.*s' (octal integer expected)",
				    STR_ARG(text)));
	return false;
}

bool check_bind_owner(const struct keyword_use *use)
{
	struct bind_conf *b = use->object;

	if (strcmp(use->row->name, "user") == 0)
		return check_owner_user(use->k, &use->words[0], &b->uid);
	return check_owner_group(use->k, &use->words[0], &b->gid);
}

bool check_bind_level(const struct keyword_use *use)
{
	struct bind_conf *b = use->object;
	uint32_t before = use->k->d->list.n;
	int64_t level;

	if (check_choice(use, &use->words[0], "user|operator|admin", &level)) {
		b->level = (uint8_t)level;
		return true;
	}
	option_haproxy(use, use->k->d->list.v[before],
		       arena_printf(use->k->scratch,
				    "'level' only supports 'user', 'operator', and 'admin' (got '%.*s')",
				    STR_ARG(use->words[0].text)));
	return false;
}

/* Ids of the listeners of a proxy are its own. */
bool check_bind_id(const struct keyword_use *use)
{
	struct bind_conf *b = use->object;
	struct diag *g;

	if (!use->draft)
		return true;
	vec_each (other, &use->draft->px->binds) {
		if ((*other)->id != b->id)
			continue;
		g = diag_add(use->k->d, D_DUPLICATE_ID, use->words[0].span,
			     "the id %u is taken by another listener of this proxy", b->id);
		option_haproxy(
			use, g,
			arena_printf(use->k->scratch,
				     "'id' : custom id %u already used at %.*s:%u ('bind %.*s')", b->id,
				     STR_ARG(sources_get(use->k->c->sources, (*other)->pos.source)->name),
				     (*other)->pos.line, STR_ARG((*other)->addr.text)));
		return false;
	}
	return true;
}

bool check_bind_proto(const struct keyword_use *use)
{
	static const char *const protocols[] = {"h1", "h2", "fcgi", "none", "quic", "spop"};
	struct str name = use->words[0].text;
	struct bind_conf *b = use->object;
	struct diag *g;

	b->mux = str_is(name, "h1") ? MUX_H1 : str_is(name, "h2") ? MUX_H2 : MUX_OTHER;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (str_is(name, protocols[i]))
			return true;
	g = diag_add(use->k->d, D_BAD_CHOICE, use->words[0].span, "there is no protocol `%.*s`", STR_ARG(name));
	diag_label(use->k->d, g, "expected `h1` or `h2`");
	option_haproxy(use, g,
		       arena_printf(use->k->scratch, "'proto' :  unknown MUX protocol '%.*s'", STR_ARG(name)));
	return false;
}
