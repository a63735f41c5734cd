/* The model, part 4: peers, processes that share stick tables (manual, section 3.5). Which peer is this process
 * shows at run time, by its name. Plain constant data in the model's arena. */
#ifndef LB_GRAMMAR_MODEL_PEERS_H
#define LB_GRAMMAR_MODEL_PEERS_H

#include "grammar/model_proxy.h"

struct peer_conf {
	struct str name;
	struct addr_conf addr; /* ADDR_NONE: the local one, which a `bind` line speaks of */
	uint32_t shard;        /* whose entries it gets, 1 to peers_conf.shards; 0 or more than those: all */
	struct conf_pos pos;
};

struct peers_conf {
	struct str name;
	VEC(struct peer_conf) peers;
	struct addr_conf bind; /* ADDR_NONE: the local peer's own address */
	bool disabled;
	uint32_t shards; /* among how many the entries of tables are shared; 0: each peer gets all */
	struct conf_pos pos;
};

#endif
