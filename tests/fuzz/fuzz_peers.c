/* Messages of the peers protocol from somebody who may say anything: definitions and entries in a row, each
 * with its length before it. Demands: no harm, no more entries than the table may have. One thread. */
#include <string.h>

#include "runtime/stick/peers_codec.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t key_types[] = {STICK_KEY_INTEGER, STICK_KEY_IPV4, STICK_KEY_IPV6, STICK_KEY_STRING,
				    STICK_KEY_BINARY};
static const uint8_t key_lens[] = {4, 4, 16, 31, 32};

static void table_conf(struct table_conf *conf, uint8_t choice)
{
	*conf = (struct table_conf){.name = STR("p/t"), .peers = STR("p"), .size = 8, .expire = 1000};
	conf->key_type = key_types[choice % sizeof(key_types)];
	conf->key_len = key_lens[choice % sizeof(key_types)];
	conf->stores = (1u << STICK_DATA_COUNT) - 1;
	for (int d = 0; d < STICK_DATA_COUNT; d++) {
		conf->length[d] = d == STICK_GPC || d == STICK_GPT || d == STICK_GPC_RATE ? 3 : 1;
		conf->period[d] = 1000;
	}
}

static void run(struct stick_table *t, const struct table_conf *conf, const uint8_t *data, size_t size)
{
	struct peers_table remote = {.table = t, .key_type = (uint8_t)conf->key_type, .key_len = conf->key_len};
	uint64_t now = 1000;

	for (size_t at = 1; at + 2 < size; now += 7) {
		size_t len = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
		char *copy = malloc(len + 1);
		struct str in = str_make(copy, len), name;
		struct peers_table parsed = remote;
		uint32_t id, number;

		FUZZ_DEMAND(copy);
		memcpy(copy, data + at + 2, len);
		switch (data[at] % 3) {
		case 0:
			if (peers_get_definition(in, &parsed, &name) && parsed.key_type == remote.key_type &&
			    (parsed.key_type == STICK_KEY_STRING || parsed.key_len == remote.key_len))
				remote = parsed;
			break;
		case 1:
			peers_get_ack(in, &id, &number);
			break;
		default:
			peers_get_entry(in, (enum peers_update)(PEERS_ENTRY + data[at] % 8), &remote, now);
		}
		free(copy);
		FUZZ_DEMAND(atomic_load(&t->used) <= 8);
		at += 2 + len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct table_conf conf, *confs[] = {&conf};
	struct model m = {.tables = {.v = confs, .n = 1}};
	struct stick_tables *all;

	if (size < 4 || size > 8192)
		return 0;
	table_conf(&conf, data[0]);
	all = stick_tables_new(&m, 1);
	FUZZ_DEMAND(all);
	run(all->v[0], &conf, data, size);
	stick_tables_free(&all);
	return 0;
}
