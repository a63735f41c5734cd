/* The three small languages inside words: sample expressions, conditions, log formats. Each parse function
 * reports its mistakes as diagnostics with exact spans and returns NULL after an error; what it returns lives
 * in the model's arena. Bison grammars know the shape (sample_grammar.y, cond_grammar.y, logfmt_grammar.y),
 * tables know the words. */
#ifndef LB_GRAMMAR_LANG_H
#define LB_GRAMMAR_LANG_H

#include "grammar/compile.h"

/* What a format string is for. Log lines: blanks are merged, what is absent is logged as "-". HTTP: control
 * characters are encoded, what is absent is nothing. A unique id is HTTP with blanks merged. Plain: every byte stays. */
enum lang_format { FORMAT_LOG, FORMAT_HTTP, FORMAT_UNIQUE_ID, FORMAT_PLAIN };

/* Where an expression or condition stands: decides which ACLs are visible and which samples can be fetched. */
struct lang_scope {
	struct proxy_conf *proxy; /* whose ACLs are visible; NULL: none but the predefined ones */
	uint32_t places;          /* AT() bits: a sample must be available at one of them; 0: anywhere */
	const char *where;        /* in messages: "frontend http-request header rule", as HAProxy names it */
	/* How HAProxy begins a message here, "error detected while parsing switching rule : "; or NULL. */
	const char *haproxy;
	/* The word that HAProxy names when a sample in words of its own is not available here; NULL: it stands in a
	 * format string or a condition, and HAProxy says it in other words. */
	const struct word *named;
	bool places_warn; /* a sample that is not available here is no error, but has no value */
	uint8_t format; /* enum lang_format: of the format strings that stand here */
};

/* AT() bits of the places where a rule set of such a proxy runs. */
uint32_t lang_places(enum proxy_role role, enum ruleset set);

/* A sample expression that fills part of a word from byte `off` on: fetch(args),converter(args)... Stops at the
 * end of the word or at the byte `stop` (0: none) outside parentheses; *end gets the offset behind it. */
const struct sample_expr *sample_parse(struct compile *c, const struct word *w, size_t off, char stop,
				       size_t *end, const struct lang_scope *scope);
/* An expression whose converters may stand in words of their own ("path lower", manual 7.1): consumes words
 * [*i, n) as far as they belong to it. */
const struct sample_expr *sample_parse_words(struct compile *c, const struct word *words, uint32_t n,
					     uint32_t *i, const struct lang_scope *scope);

/* The words of `acl NAME criterion [flags] [operator] [patterns]` behind the name; pushes to the proxy's ACL
 * (making it when new). False after an error. */
bool acl_parse(struct compile *c, const struct word *name, const struct word *words, uint32_t n,
	       const struct lang_scope *scope);

/* words[0] is `if` or `unless`. NULL after an error. */
const struct cond *cond_parse(struct compile *c, const struct word *words, uint32_t n,
			      const struct lang_scope *scope);

/* A whole word as a log format or format string (scope->format). Aliases of HTTP are refused when the proxy's
 * mode is tcp: call it for log-format lines when the mode is settled, at the section's end. */
const struct logfmt *logfmt_parse(struct compile *c, const struct word *w, const struct lang_scope *scope);
/* A text of our own ("%ci:%cp ..."), for the built-in formats. */
const struct logfmt *logfmt_builtin(struct compile *c, const char *text);

/* Regular expression (PCRE2) for `span`; NULL after an error. */
const struct regex *regex_parse(struct compile *c, struct str text, bool icase, struct span span);
/* A variable name with its scope, "txn.name". */
const struct var_ref *var_parse(struct compile *c, struct str text, struct span span);

/* One rule. words[0] is the action ("deny", "set-var(txn.x)"), the condition included at the end. scope: NULL
 * places mean those of the rule set and the proxy's role. False after an error. `capture ... len N` leaves num -1 and the length in flags: the caller
 * declares a capture slot and puts its number into num. */
bool action_parse(struct compile *c, enum ruleset set, const struct word *words, uint32_t n,
		  const struct lang_scope *scope, struct rule *out);
/* `redirect ...` as a keyword of its own; words[0] is `redirect`. Fills out as the action of that name. */
bool redirect_parse(struct compile *c, const struct word *words, uint32_t n, const struct lang_scope *scope,
		    struct rule *out);
/* `http-error status N ...`; words begin behind `http-error`. NULL after an error. */
const struct reply_conf *reply_parse(struct compile *c, const struct word *words, uint32_t n,
				     const struct lang_scope *scope);

/* A file that holds a whole response (errorfile). False after an error; raw is empty when the file could not be read and that is only
 * a warning. */
bool errorfile_read(struct compile *c, struct str path, struct span span, const struct lang_scope *scope, struct str *raw);

/* HAProxy's formats, as `option httplog` and its like say them (manual, 8.2.1 to 8.2.5). */
#define LOGFMT_HTTP                                                                                            \
	"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs " \
	"%{+Q}r"
#define LOGFMT_HTTPS                                                                                           \
	"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs " \
	"%{+Q}r "                                                                                              \
	"%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] "                       \
	"%[ssl_fc_sni]/%sslv/%sslc"
#define LOGFMT_TCP "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq"
#define LOGFMT_CLF                                                                                             \
	"%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc "    \
	"%bc %sc "                                                                                             \
	"%rc %sq %bq %CC %CS %hrl %hsl"
/* Without any log format: "Connect from ..." (manual, 8.2.1). */
#define LOGFMT_DEFAULT "Connect from %ci:%cp to %fi:%fp (%f/%s)"

/* References made while parsing whose targets may come later (nbsrv(be), acl used before definition is an
 * error) are queued and resolved here, once all sections are read. */
void lang_resolve(struct compile *c);

#endif
