/* The tables of the three small languages: fetches, converters, ACL aliases, actions, log format aliases. Rows
 * live in keywords/; the compiling half takes names and types from them, the evaluator its functions, so
 * that a row without its function does not link. Constant, any thread. */
#ifndef LB_GRAMMAR_ROWS_H
#define LB_GRAMMAR_ROWS_H

#include "grammar/model_rule.h"

/* The sets of places that occur; bits of AT(). */
#define PLACES_ANY ((1u << AT_PLACES) - 1)
#define PLACES_LIVE (PLACES_ANY & ~AT(CONFIG))
#define PLACES_CLIENT (PLACES_LIVE & ~AT(CLI))
#define PLACES_FRONTEND (PLACES_CLIENT & ~AT(CHECK))
#define PLACES_SESSION (PLACES_FRONTEND & ~AT(FE_CONN))
#define PLACES_STREAM (PLACES_SESSION & ~AT(FE_SESS))
#define PLACES_REQUEST                                                                                         \
	(AT(FE_CONTENT) | AT(FE_REQ_HDR) | AT(FE_REQ_BODY) | AT(FE_USE_BACKEND) | AT(BE_CONTENT) |             \
	 AT(BE_REQ_HDR) | AT(BE_REQ_BODY) | AT(BE_SET_SRV) | AT(BE_SRV_CONN))
#define PLACES_RESPONSE                                                                                        \
	(AT(BE_RES_CONTENT) | AT(BE_RES_HDR) | AT(BE_RES_BODY) | AT(BE_STORE) | AT(FE_RES_CONTENT) |           \
	 AT(FE_RES_HDR) | AT(FE_RES_BODY) | AT(CHECK))
#define PLACES_SERVER (PLACES_RESPONSE | AT(FE_LOG))
#define PLACES_CONTENT (PLACES_REQUEST | PLACES_RESPONSE)
#define PLACES_BACKEND                                                                                         \
	(AT(BE_CONTENT) | AT(BE_REQ_HDR) | AT(BE_REQ_BODY) | AT(BE_SET_SRV) | AT(BE_SRV_CONN) | PLACES_SERVER)
#define PLACES_CHOSEN (AT(BE_SRV_CONN) | PLACES_SERVER)
#define PLACES_TRANSFER ((AT(BE_SET_SRV) | PLACES_CHOSEN) & ~AT(CHECK))

enum fetch_id {
#define FETCH(id, name, args, type, places, since, fn) FETCH_##id,
#include "grammar/keywords/fetches.def"
#undef FETCH
	FETCH_COUNT
};

enum conv_id {
#define CONV(id, name, args, in, out, since, fn) CONV_##id,
#include "grammar/keywords/converters.def"
#undef CONV
	CONV_COUNT
};

struct fetch_row {
	const char *name, *args; /* args: letters, see fetches.def */
	uint8_t type;            /* enum smp_type */
	bool effective;
	uint16_t since;
	uint32_t places;
};

struct conv_row {
	const char *name, *args;
	uint8_t in, out; /* enum smp_type */
	bool effective;
	uint16_t since;
};

struct acl_alias_row {
	const char *name;
	uint16_t fetch; /* enum fetch_id */
	uint8_t method; /* enum match_method */
};

/* Where an action's name ends: at the word's end, or with arguments in parentheses glued to it: set-var(txn.x).
 */
enum action_form { ACTION_EXACT, ACTION_PAREN };
/* Bits of action_row.flags. FINAL: no later rule of its set runs after it. */
enum action_flags { ACTION_FINAL = 1, ACTION_DEPRECATED = 2 };
#define RS(set) (1u << RS_##set)

enum action_id {
#define ACTION(id, name, form, sets, flags, since, args, fn, summary) ACTION_##id,
#include "grammar/keywords/actions.def"
#undef ACTION
	ACTION_COUNT
};

struct action_row {
	const char *name, *summary;
	uint8_t form, flags;
	bool effective;
	uint16_t since;
	uint16_t sets;  /* RS() bits */
	uint16_t newer; /* those that HAProxy 2.6 lacks */
};

enum logfmt_alias {
#define LOGFMT(id, name, http, since, summary) LOGFMT_##id,
#include "grammar/keywords/logfmt.def"
#undef LOGFMT
	LOGFMT_COUNT
};

struct logfmt_row {
	const char *name, *summary;
	bool http; /* only in mode http */
	uint16_t since;
};

const struct fetch_row *fetch_row(enum fetch_id id);
/* Where that version of HAProxy lets it stand (AT() bits): versions of messages only since 2.6 wherever there is a stream. */
uint32_t fetch_places(enum fetch_id id, int compat);
const struct conv_row *conv_row(enum conv_id id);
const struct action_row *action_row(enum action_id id);
const struct logfmt_row *logfmt_row(enum logfmt_alias id);
/* Exact names (case matters, as for HAProxy); false when there is none. */
bool fetch_find(struct str name, enum fetch_id *id);
bool conv_find(struct str name, enum conv_id *id);
bool logfmt_find(struct str name, enum logfmt_alias *id);
const struct acl_alias_row *acl_alias_find(struct str name);
/* The i-th alias, NULL behind the last. */
const struct acl_alias_row *acl_alias_row(size_t i);
/* An action of a rule set by its word, arguments in parentheses included. track-scN is the row of track-sc0. */
bool action_find(struct str word, enum ruleset set, enum action_id *id);

/* Names as in the manual and in HAProxy's messages: "integer", "sint" ... */
const char *smp_type_name(enum smp_type type);
const char *match_method_name(enum match_method method);
bool match_method_find(struct str name, enum match_method *method);
const char *ruleset_name(enum ruleset set); /* "http-request" ... */

/* Whether a sample of one type can be cast to another (manual, section 7.1: "conversion table"). */
bool smp_type_casts(enum smp_type from, enum smp_type to);

#endif
