/* Words of server lines that are more than a value: addresses of their own, names of other servers, lists
 * (manual, section 5.2). Work on the state of one walk; one thread. */
#include <stdlib.h>

#include "grammar/address.h"
#include "grammar/check_finish.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"
#include "grammar/model_dns.h"

/* One argument that a custom word must have. */
static bool one_word(const struct keyword_use *use, const char *what)
{
	if (use->n == 0) {
		check_missing(use, what);
		return false;
	}
	*use->taken = 1;
	return true;
}

static bool address_word(const struct keyword_use *use, const struct word *w, uint32_t want,
			 struct addr_conf *out)
{
	return address_parse_word(use->k->c, w, want, "", out);
}

bool check_server_addr(const struct keyword_use *use)
{
	struct server_conf *s = use->object;
	struct addr_conf *a;

	if (!one_word(use, "an address"))
		return false;
	a = ARENA_NEW(use->k->a, struct addr_conf);
	if (!address_word(use, use->words, ADDRESS_PORT | ADDRESS_STREAM | ADDRESS_HOST, a))
		return false;
	s->check_addr = a;
	if (a->port_given)
		s->check_port = a->port;
	return true;
}

/* In a server line HAProxy's message names the server. */
static void word_resolve(const struct keyword_use *use, const struct word *w, const char *word,
			 struct addr_conf *a)
{
	const struct server_conf *s = use->object;
	const char *server = "";

	if (use->row->in & IN(SERVER))
		server = arena_printf(use->k->scratch, "'server %.*s/%.*s' : ", STR_ARG(use->draft->px->name),
				      STR_ARG(s->name))
				 .ptr;
	check_resolve(use->k, w->span, a,
		      arena_printf(use->k->scratch, "%s'%s %.*s'", server, word, STR_ARG(w->text)).ptr);
}

/* Without a port, which has a word of its own; looked up at once. */
bool check_server_agent_addr(const struct keyword_use *use)
{
	struct addr_conf *a = ARENA_NEW(use->k->a, struct addr_conf);

	if (!address_word(use, use->words, ADDRESS_STREAM | ADDRESS_HOST, a))
		return false;
	word_resolve(use, use->words, "agent-addr", a);
	check_server_rare(use->k, use->object)->agent_addr = a;
	return true;
}

bool check_server_port(const struct keyword_use *use)
{
	struct checker *k = use->k;
	int64_t port;
	struct diag *g;

	if (!str_to_i64(use->words[0].text, &port) || (port >= 0 && port <= 65535))
		return true;
	g = diag_add(k->d, D_BAD_PORT, use->words[0].span, "ports go up to 65535");
	diag_note(k->d, g, "HAProxy takes the lower sixteen bits in silence");
	check_severity(k, g, SEV_WARNING);
	return true;
}

bool check_server_proto(const struct keyword_use *use)
{
	struct server_conf *s = use->object;
	int64_t choice;

	if (!check_choice(use, use->words, "h1|h2|fcgi|none|spop|quic", &choice))
		return false;
	*(strcmp(use->row->name, "proto") == 0 ? &s->mux : &s->check_mux) = choice == 0   ? MUX_H1
									    : choice == 1 ? MUX_H2
											  : MUX_OTHER;
	return true;
}

/* Ids of servers are unique in their backend. */
bool check_server_id(const struct keyword_use *use)
{
	struct server_conf *s = use->object;
	struct draft *d = use->draft;
	struct diag *g;

	if (!d)
		return true;
	d->ids_given = true;
	for (uint32_t i = 0; i < d->px->servers.n; i++) {
		const struct server_conf *other = d->px->servers.v[i];

		if (other->id != s->id)
			continue;
		g = diag_add(use->k->d, D_DUPLICATE_ID, use->words[0].span, "the id %u is taken", s->id);
		diag_also(use->k->d, g, d->server_lines.v[i]->words[1].span, "by this server");
		diag_haproxy(
			use->k->d, g,
			"'server %.*s/%.*s' : 'id' : custom id %u already used at %.*s:%u ('server %.*s').",
			STR_ARG(d->px->name), STR_ARG(s->name), s->id,
			STR_ARG(sources_get(use->k->c->sources, use->line->span.source)->name), other->pos.line,
			STR_ARG(other->name));
		return false;
	}
	return true;
}

/* Comma separated words, each of a vocabulary, or an address where `ip` allows one. */
static bool list_word(const struct keyword_use *use, const char *choices, bool ip)
{
	const struct word *w = &use->words[0];
	struct ip_net net;
	int64_t choice;

	for (size_t off = 0, len; off < w->text.len; off += len + 1) {
		struct word part = *w;

		len = str_chr(str_tail(w->text, off), ',');
		part.text = str_sub(w->text, off, len);
		part.span = word_span(w, off, len);
		part.map = NULL;
		if (ip && address_ip(part.text, &net))
			continue;
		if (!check_choice(use, &part, choices, &choice))
			return false;
	}
	return true;
}

bool check_server_init_addr(const struct keyword_use *use)
{
	return list_word(use, "libc|last|none", true);
}

bool check_server_proxy_options(const struct keyword_use *use)
{
	static const char words[] = "ssl|cert-cn|ssl-cipher|cert-sig|cert-key|authority|crc32c|unique-id";
	struct server_conf *s = use->object;
	struct str rest = use->words[0].text, known, word;
	uint8_t bit;

	if (!list_word(use, words, false))
		return false;
	s->send_proxy = true; /* for HAProxy options alone ask for a header, too, of version 1 */
	while (rest.len) {
		word = str_sub(rest, 0, str_chr(rest, ','));
		rest = str_tail(rest, word.len + 1);
		known = str_from(words);
		for (bit = 1; known.len; bit = (uint8_t)(bit << 1)) {
			if (str_eq(word, str_sub(known, 0, str_chr(known, '|'))))
				s->pp_options |= bit;
			known = str_tail(known, str_chr(known, '|') + 1);
		}
	}
	return true;
}

/* send-proxy-v2-ssl and send-proxy-v2-ssl-cn, and what takes back just what these add. Details that are left
 * over ask for a header of version 1 (server_conf_greets). */
bool check_server_proxy_ssl(const struct keyword_use *use)
{
	struct server_conf *s = use->object;
	struct str name = str_from(use->row->name);
	uint8_t bits = str_ends(name, STR("-cn"))    ? PP_SSL | PP_CERT_CN
		       : str_ends(name, STR("-ssl")) ? PP_SSL
						     : 0;

	s->send_proxy_v2 = !(use->row->flags & KW_CLEARS);
	if (s->send_proxy_v2) {
		s->pp_options |= bits;
		return true;
	}
	s->pp_options &= (uint8_t)~bits;
	return true;
}

/* A number from 0 to 255, also in hexadecimal. */
static bool pp_type(struct str text, uint8_t *type)
{
	char copy[8], *end;
	unsigned long value;

	if (!text.len || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	value = strtoul(copy, &end, 0);
	*type = (uint8_t)value;
	return !*end && value <= 255;
}

/* set-proxy-v2-tlv-fmt(<id>) <format>: the id is part of the word before. */
bool check_server_tlv(const struct keyword_use *use)
{
	struct lang_scope scope = {.proxy = use->draft->px,
				   .places = AT(BE_SRV_CONN),
				   .where = "set-proxy-v2-tlv-fmt",
				   .format = FORMAT_HTTP};
	struct server_rare *s;
	struct str word = use->words[-1].text, id = str_tail(word, str_chr(word, '(') + 1);
	struct pp_field *fields;
	uint8_t type;

	if (!use->n) {
		check_missing(use, "a format behind the type");
		return false;
	}
	*use->taken = 1;
	if (!pp_type(str_sub(id, 0, str_chr(id, ')')), &type)) {
		diag_add(use->k->d, D_BAD_NUMBER, use->span, "the type of a field is a number from 0 to 255");
		return false;
	}
	s = check_server_rare(use->k, use->object);
	fields = arena_alloc(use->k->a, (s->npp_fields + 1) * sizeof(*fields));
	for (uint32_t i = 0; i < s->npp_fields; i++)
		fields[i] = s->pp_fields[i];
	fields[s->npp_fields].type = type;
	fields[s->npp_fields].fmt = logfmt_parse(use->k->c, &use->words[0], &scope);
	s->pp_fields = fields;
	return fields[s->npp_fields++].fmt != NULL;
}

bool check_server_resolve_opts(const struct keyword_use *use)
{
	struct server_rare *s = check_server_rare(use->k, use->object);
	struct str rest = use->words[0].text, word;

	if (!list_word(use, "allow-dup-ip|ignore-weight|prevent-dup-ip", false))
		return false;
	for (s->resolve_opts = 0; rest.len; rest = str_tail(rest, word.len + 1)) {
		word = str_sub(rest, 0, str_chr(rest, ','));
		s->resolve_opts |= str_is(word, "allow-dup-ip")    ? RESOLVE_ALLOW_DUP
				   : str_is(word, "ignore-weight") ? RESOLVE_IGNORE_WEIGHT
								   : RESOLVE_PREVENT_DUP;
	}
	return true;
}

bool check_server_no_check_ssl(const struct keyword_use *use)
{
	((struct server_conf *)use->object)->check_ssl = false;
	return true;
}

bool check_server_redir(const struct keyword_use *use)
{
	((struct server_conf *)use->object)->redirects = true;
	return true;
}

bool check_server_resolve_net(const struct keyword_use *use)
{
	const struct word *w = &use->words[0];
	struct server_rare *s = check_server_rare(use->k, use->object);
	struct ip_net *nets = ARENA_ARRAY(use->k->a, struct ip_net, w->text.len / 2 + 1);

	s->resolve_nets = nets;
	s->nresolve_nets = 0;
	for (size_t off = 0, len; off < w->text.len; off += len + 1) {
		struct diag *g;

		len = str_chr(str_tail(w->text, off), ',');
		if (len && address_network(str_sub(w->text, off, len), &nets[s->nresolve_nets])) {
			s->nresolve_nets++;
			continue;
		}
		g = diag_add(use->k->d, D_BAD_ADDRESS, word_span(w, off, len), "`%.*s` is no network", (int)len,
			     w->text.ptr + off);
		diag_haproxy(use->k->d, g, "'resolve-net' invalid network '%.*s'..", (int)len,
			     w->text.ptr + off);
		return false;
	}
	return true;
}

/* layer7 needs mode http, as it stands so far: HAProxy looks at this line, not at the end. */
bool check_server_observe(const struct keyword_use *use)
{
	struct server_conf *s = use->object;
	struct diag *g;

	if (s->observe != 2 || use->draft->px->mode == MODE_HTTP)
		return true;
	g = diag_add(use->k->d, D_CONFLICT, use->words[0].span, "`observe layer7` needs mode http");
	diag_haproxy(use->k->d, g, "'server %.*s/%.*s' : 'layer7' can only be used in http proxies..",
		     STR_ARG(use->draft->px->name), STR_ARG(s->name));
	return false;
}

bool check_server_two(const struct keyword_use *use)
{
	if (use->n < 2) {
		check_missing(use, use->row->args);
		return false;
	}
	*use->taken = 2;
	return true;
}

bool check_server_sni(const struct keyword_use *use)
{
	struct lang_scope scope = {
		.proxy = use->draft->px, .places = AT(BE_SRV_CONN), .where = "sni expression"};
	struct tls_server_conf *tls;
	uint32_t i = 0;

	if (use->n == 0) {
		check_missing(use, "an expression");
		return false;
	}
	*use->taken = 1;
	tls = check_server_tls(use->k, use->object);
	tls->sni = sample_parse_words(use->k->c, use->words, 1, &i, &scope);
	tls->sni_text = check_keep(use->k, use->words[0].text);
	return tls->sni != NULL;
}

bool check_server_pool_name(const struct keyword_use *use)
{
	struct lang_scope scope = {
		.proxy = use->draft->px, .places = AT(BE_SRV_CONN), .where = "pool-conn-name expression"};
	struct server_rare *s;
	uint32_t i = 0;

	if (!one_word(use, "an expression"))
		return false;
	s = check_server_rare(use->k, use->object);
	s->pool_name = sample_parse_words(use->k->c, use->words, 1, &i, &scope);
	return s->pool_name != NULL;
}

bool check_server_socks4(const struct keyword_use *use)
{
	struct addr_conf *a = ARENA_NEW(use->k->a, struct addr_conf);

	if (!address_word(use, use->words, ADDRESS_PORT | ADDRESS_PORT_NEEDED | ADDRESS_STREAM | ADDRESS_HOST,
			  a))
		return false;
	word_resolve(use, use->words, "socks4", a);
	check_server_rare(use->k, use->object)->socks4 = a;
	return true;
}

/* What stands behind `usesrc`. */
static bool source_spoof(const struct keyword_use *use, uint32_t i, struct source_conf *source)
{
	const struct word *w = &use->words[i];
	struct lang_scope scope = {
		.proxy = use->draft->px, .places = AT(BE_SRV_CONN), .where = "usesrc expression"};

	source->spoof = SPOOF_CLIENT;
	if (str_is(w->text, "client"))
		return true;
	source->spoof = SPOOF_CLIENT_IP;
	if (str_is(w->text, "clientip"))
		return true;
	source->spoof = SPOOF_EXPR;
	if (str_starts(w->text, STR("hdr_ip("))) {
		source->spoof_expr = sample_parse_words(use->k->c, w, 1, &(uint32_t){0}, &scope);
		return source->spoof_expr != NULL;
	}
	source->spoof = SPOOF_ADDR;
	if (!address_word(use, w, ADDRESS_PORT | ADDRESS_STREAM | ADDRESS_HOST, &source->spoof_addr))
		return false;
	word_resolve(use, w, "usesrc", &source->spoof_addr);
	return true;
}

/* Behind an address: "usesrc X" and "interface X". */
static bool source_options(const struct keyword_use *use, uint32_t *i, struct source_conf *source)
{
	while (*i < use->n) {
		bool usesrc = str_is(use->words[*i].text, "usesrc");

		if (!usesrc && !str_is(use->words[*i].text, "interface"))
			return true;
		if (*i + 1 == use->n) {
			check_missing(use, usesrc ? "an address, `client` or `clientip` behind `usesrc`"
						  : "a name behind `interface`");
			return false;
		}
		if (!usesrc)
			source->interface = check_keep(use->k, use->words[*i + 1].text);
		else if (!source_spoof(use, *i + 1, source))
			return false;
		*i += 2;
	}
	return true;
}

bool check_source_words(const struct keyword_use *use, uint32_t *i, const struct source_conf **out)
{
	struct source_conf *source = ARENA_NEW(use->k->a, struct source_conf);

	if (use->n == 0) {
		check_missing(use, "an address");
		return false;
	}
	*i = 1;
	if (!address_word(use, use->words, ADDRESS_PORT | ADDRESS_RANGE | ADDRESS_STREAM | ADDRESS_HOST,
			  &source->addr))
		return false;
	word_resolve(use, use->words, "source", &source->addr);
	*out = source;
	return source_options(use, i, source);
}

bool check_server_source(const struct keyword_use *use)
{
	struct server_conf *s = use->object;
	uint32_t i = 0;
	bool ok = check_source_words(use, &i, &s->source);

	*use->taken = i;
	return ok;
}

bool check_server_usesrc(const struct keyword_use *use)
{
	struct diag *g = diag_add(use->k->d, D_CONFLICT, use->span,
				  "`usesrc` is only allowed behind `source <address>`");

	*use->taken = use->n ? 1 : 0;
	diag_haproxy(use->k->d, g, "'usesrc' only allowed after a 'source' statement..");
	return false;
}
