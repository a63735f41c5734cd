/* Messages of the peers protocol 2.1 (HAProxy's doc/peers.txt): written to growing output, read from what was
 * received. No connection, no state beyond what the arguments hold; the bytes come from the network and may be
 * anything. */
#ifndef LB_STICK_PEERS_CODEC_H
#define LB_STICK_PEERS_CODEC_H

#include "grammar/base/out.h"
#include "runtime/stick/table.h"

enum peers_class { PEERS_CONTROL = 0, PEERS_ERROR = 1, PEERS_UPDATES = 10 };
enum peers_control {
	PEERS_RESYNC_REQUEST,
	PEERS_RESYNC_FINISHED,
	PEERS_RESYNC_PARTIAL,
	PEERS_RESYNC_CONFIRM,
	PEERS_HEARTBEAT
};
enum peers_update {
	PEERS_ENTRY = 128,
	PEERS_ENTRY_NEXT = 129, /* number: the one behind the last */
	PEERS_DEFINITION = 130,
	PEERS_SWITCH = 131,
	PEERS_ACK = 132,
	PEERS_ENTRY_TIMED = 133,
	PEERS_ENTRY_NEXT_TIMED = 134
};
enum { PEERS_TEXTS = 128 };

/* A table as the other side has announced it. */
struct peers_table {
	struct stick_table *table; /* ours of that name, or NULL: what comes for it is skipped */
	uint32_t id;               /* the other side's number of it */
	uint8_t key_type;
	uint32_t key_len;
	uint64_t data; /* bits of enum stick_data */
	uint32_t length[STICK_DATA_COUNT];
	uint32_t texts[PEERS_TEXTS]; /* texts that it has sent: numbers of stick_text_put() */
	uint32_t last;               /* number of the last update */
};

/* Numbers of one to ten bytes. False: it does not end in `in`, or is longer. */
void peers_put_number(struct out *o, uint64_t value);
bool peers_get_number(struct str *in, uint64_t *value);

/* A message of two bytes. */
void peers_put_control(struct out *o, enum peers_control type);
/* The name that a table has among peers: that of a peers section's own begins with a slash. */
struct str peers_table_name(const struct table_conf *conf);
void peers_put_definition(struct out *o, const struct stick_table *t, uint32_t id);
/* With the entry held. timed: with the time that it has left. */
void peers_put_entry(struct out *o, const struct stick_hold *h, uint32_t number, bool timed, uint64_t now);
void peers_put_ack(struct out *o, uint32_t table_id, uint32_t number);

/* A definition's payload; name gets the table's. False: malformed. */
bool peers_get_definition(struct str in, struct peers_table *t, struct str *name);
/* An entry's payload, into our table. False: malformed. */
bool peers_get_entry(struct str in, enum peers_update type, struct peers_table *t, uint64_t now);
bool peers_get_ack(struct str in, uint32_t *table_id, uint32_t *number);

#endif
