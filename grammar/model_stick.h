/* The model, part 3: stick tables and the rules that keep clients on a server (manual, keywords "stick-table"
 * and "stick on"). Plain constant data in the model's arena. */
#ifndef LB_GRAMMAR_MODEL_STICK_H
#define LB_GRAMMAR_MODEL_STICK_H

#include "grammar/model_rule.h"

enum stick_data {
#define STICK_DATA(id, name, kind, since) STICK_##id,
#include "grammar/keywords/stick_data.def"
#undef STICK_DATA
	STICK_DATA_COUNT
};
enum stick_kind { STICK_U32, STICK_U64, STICK_RATE, STICK_STRING, STICK_U32S, STICK_RATES };
struct stick_data_row {
	const char *name;
	uint8_t kind; /* enum stick_kind */
	uint16_t since;
};

/* Types of keys, with the numbers of the peers protocol. */
enum stick_key_type {
	STICK_KEY_INTEGER = 2,
	STICK_KEY_IPV4 = 4,
	STICK_KEY_IPV6 = 5,
	STICK_KEY_STRING = 6,
	STICK_KEY_BINARY = 7
};

struct table_conf {
	struct str name;                /* the proxy's; "peers/table" in a peers section */
	const struct proxy_conf *proxy; /* NULL in a peers section */
	struct str peers;               /* section whose members get its entries, or empty */
	enum stick_key_type key_type;
	uint32_t key_len;      /* bytes of a key; of texts: at most */
	uint32_t size, expire; /* entries; ms, 0: they stay */
	bool nopurge, recv_only;
	bool server_addr;       /* srvkey addr: servers are known by address, not by name */
	bool routes;            /* some `stick` rule keeps servers in it */
	uint32_t brates_factor; /* bytes_in_rate and bytes_out_rate count in units of so many bytes */
	struct str write_to_name;
	const struct table_conf *write_to; /* where updates of peers also go, or NULL */
	uint32_t stores;                   /* bits of enum stick_data */
	uint32_t period[STICK_DATA_COUNT]; /* ms, of rates */
	uint32_t length[STICK_DATA_COUNT]; /* of arrays, else 1 */
	uint32_t id;                       /* dense, per model */
	struct conf_pos pos;
};

/* `stick match|on|store-request|store-response`. */
enum stick_use { STICK_MATCH = 1, STICK_STORE_REQUEST = 2, STICK_STORE_RESPONSE = 4 };
struct stick_rule {
	uint8_t use; /* enum stick_use, bits */
	const struct sample_expr *sample;
	const struct table_conf *table;
	const struct cond *cond;
	struct str table_name; /* empty: the proxy's own */
	struct conf_pos pos;
};

/* Constant. */
const struct stick_data_row *stick_data_row(enum stick_data data);
/* By exact name; STICK_DATA_COUNT: there is none. */
enum stick_data stick_data_find(struct str name);

static inline bool table_stores(const struct table_conf *t, enum stick_data data)
{
	return t->stores >> data & 1;
}

#endif
