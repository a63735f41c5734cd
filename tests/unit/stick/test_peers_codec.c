/* Messages of the peers protocol: numbers, messages as HAProxy 2.6.12 sent them, what comes out of them, and
 * that nothing that is cut or wrong does harm. */
#include <check.h>
#include <stdlib.h>

#include "runtime/stick/peers_codec.h"
#include "tests/unit/run.h"

static struct model model;
static struct table_conf conf;
static struct proxy_conf proxy;
static struct table_conf *confs[1] = {&conf};
static struct stick_tables *all;
static struct stick_table *table;
static struct peers_table remote;

static void stores(enum stick_data data, uint32_t length, uint32_t period)
{
	conf.stores |= 1u << data;
	conf.length[data] = length;
	conf.period[data] = period;
}

static void open_table(const char *name, enum stick_key_type type, uint32_t key_len)
{
	conf.name = str_from(name);
	conf.proxy = &proxy;
	conf.peers = STR("p");
	conf.key_type = type;
	conf.key_len = key_len;
	conf.size = 100;
	conf.expire = 50000;
	model.tables.v = confs;
	model.tables.n = 1;
	all = stick_tables_new(&model, 1);
	ck_assert_ptr_nonnull(all);
	table = all->v[0];
	remote = (struct peers_table){0};
}

static void teardown(void)
{
	stick_tables_free(&all);
	conf = (struct table_conf){0};
}

static struct str from_hex(const char *hex, char room[256])
{
	size_t n = 0;

	for (char *end; *hex; hex = end)
		room[n++] = (char)strtoul(hex, &end, 16);
	return str_make(room, n);
}

START_TEST(test_numbers)
{
	static const uint64_t values[] = {0, 1, 0xef, 0xf0, 0xf1, 0x1234, 0x2454, 50000, 1u << 31, UINT64_MAX};
	char room[256], buffer[32];

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct out o = out_fixed(buffer, sizeof(buffer));
		struct str in;
		uint64_t value;

		peers_put_number(&o, values[i]);
		in = out_get(&o);
		ck_assert(peers_get_number(&in, &value));
		ck_assert_uint_eq(value, values[i]);
		ck_assert_uint_eq(in.len, 0);
		in = str_sub(out_get(&o), 0, o.len - 1);
		ck_assert(!peers_get_number(&in, &value));
	}
	{ /* the example of the protocol's description */
		struct out o = out_fixed(buffer, sizeof(buffer));

		peers_put_number(&o, 0x1234);
		ck_assert(str_eq(out_get(&o), from_hex("f4 94 01", room)));
	}
	{ /* no end in sight */
		struct str in = from_hex("ff ff ff ff ff ff ff ff ff ff ff ff ff ff", room);
		uint64_t value;

		ck_assert(!peers_get_number(&in, &value));
	}
}
END_TEST

/* stick-table type ip expire 50s store conn_cnt,conn_cur,http_req_rate(10s),gpc0,bytes_in_cnt */
static void open_ip(void)
{
	stores(STICK_GPC0, 1, 0);
	stores(STICK_CONN_CNT, 1, 0);
	stores(STICK_CONN_CUR, 1, 0);
	stores(STICK_HTTP_REQ_RATE, 1, 10000);
	stores(STICK_BYTES_IN_CNT, 1, 0);
	open_table("t", STICK_KEY_IPV4, 4);
}

START_TEST(test_definition)
{
	char room[256];
	struct out o = out_growing(4096);
	struct str name;

	open_ip();
	peers_put_definition(&o, table, 2);
	ck_assert(str_eq(out_get(&o), from_hex("0a 82 0f 02 01 74 04 04 f4 b6 03 f0 a6 17 0a f0 e2 03", room)));
	ck_assert(peers_get_definition(str_tail(out_get(&o), 3), &remote, &name));
	ck_assert(str_is(name, "t"));
	ck_assert_uint_eq(remote.id, 2);
	ck_assert_uint_eq(remote.key_type, STICK_KEY_IPV4);
	ck_assert_uint_eq(remote.data, 0x2454);
	out_free(&o);
}
END_TEST

static int64_t value_of(struct str key, enum stick_data data, uint32_t index, uint64_t now)
{
	struct stick_hold h;
	int64_t value = -1;

	if (!stick_find(&h, table, key, now))
		return -2;
	stick_read(&h, data, index, now, &value);
	stick_leave(&h);
	return value;
}

/* How many are connected is never learned. */
START_TEST(test_entry)
{
	char room[256], key_room[256];
	struct str key = from_hex("7f 00 00 01", key_room);
	struct str entry = from_hex("00 00 00 04 00 00 c3 26 7f 00 00 01 00 01 05 2b 01 00 27", room);
	struct stick_hold h;

	open_ip();
	remote.table = table;
	remote.key_type = STICK_KEY_IPV4;
	remote.key_len = 4;
	remote.data = 0x2454;
	for (int d = 0; d < STICK_DATA_COUNT; d++)
		remote.length[d] = 1;
	ck_assert(peers_get_entry(entry, PEERS_ENTRY_TIMED, &remote, 1000));
	ck_assert_uint_eq(remote.last, 4);
	ck_assert_int_eq(value_of(key, STICK_CONN_CNT, 0, 1000), 1);
	ck_assert_int_eq(value_of(key, STICK_CONN_CUR, 0, 1000), 0);
	ck_assert_int_eq(value_of(key, STICK_HTTP_REQ_RATE, 0, 1000), 1);
	ck_assert_int_eq(value_of(key, STICK_BYTES_IN_CNT, 0, 1000), 0x27);
	ck_assert(stick_find(&h, table, key, 1000));
	ck_assert_uint_eq(stick_left(&h, 1000), 0xc326);
	stick_leave(&h);
	ck_assert(peers_get_entry(str_tail(entry, 8), PEERS_ENTRY_NEXT, &remote, 1000));
	ck_assert_uint_eq(remote.last, 5);
	for (size_t n = 0; n < entry.len; n++)
		ck_assert(!peers_get_entry(str_sub(entry, 0, n), PEERS_ENTRY_TIMED, &remote, 1000));
}
END_TEST

/* type integer store gpc(2),gpc_rate(2,5s), with a server's number and key. */
START_TEST(test_arrays_and_texts)
{
	char room[256];
	struct out o = out_growing(4096);
	struct stick_hold h;
	struct str name;
	uint32_t key = 5;
	struct str bytes = str_make((const char *)&key, 4);

	stores(STICK_SERVER_ID, 1, 0);
	stores(STICK_SERVER_KEY, 1, 0);
	stores(STICK_GPC, 2, 0);
	stores(STICK_GPC_RATE, 2, 5000);
	open_table("s", STICK_KEY_INTEGER, 4);
	peers_put_definition(&o, table, 3);
	ck_assert(str_eq(out_get(&o),
			 from_hex("0a 82 13 03 01 73 02 04 f1 f1 fe 60 f0 a6 17 17 02 18 02 f8 a9 01", room)));
	ck_assert(peers_get_definition(str_tail(out_get(&o), 3), &remote, &name));
	ck_assert_uint_eq(remote.length[STICK_GPC], 2);
	remote.table = table;
	ck_assert(peers_get_entry(
		from_hex("00 00 00 01 00 00 c3 1c 00 00 00 05 01 04 01 02 73 31 00 09 f0 f7 b5 8a 0e 00 00 "
			 "f0 f7 b5 8a 0e 00 00",
			 room),
		PEERS_ENTRY_TIMED, &remote, 1000));
	ck_assert_int_eq(value_of(bytes, STICK_SERVER_ID, 0, 1000), 1);
	ck_assert_int_eq(value_of(bytes, STICK_GPC, 1, 1000), 9);
	ck_assert(str_is(stick_text_get(all, (uint32_t)value_of(bytes, STICK_SERVER_KEY, 0, 1000)), "s1"));
	/* the text's number alone, once it is known */
	key = 6;
	ck_assert(peers_get_entry(from_hex("00 00 00 02 00 00 00 06 01 01 01 00 00 00 00 00 00 00 00", room),
				  PEERS_ENTRY, &remote, 1000));
	ck_assert(str_is(stick_text_get(all, (uint32_t)value_of(bytes, STICK_SERVER_KEY, 0, 1000)), "s1"));
	out_free(&o);
	o = out_growing(4096);
	ck_assert(stick_find(&h, table, bytes, 1000));
	peers_put_entry(&o, &h, 7, false, 1000);
	stick_leave(&h);
	ck_assert(peers_get_entry(str_tail(out_get(&o), 3), PEERS_ENTRY, &remote, 1000));
	ck_assert_uint_eq(remote.last, 7);
	out_free(&o);
}
END_TEST

/* What one changed another hears, once, in order; what was learned only who asks for everything. */
static bool collect(struct stick_hold *h, uint64_t number, void *ctx)
{
	struct out *o = ctx;

	(void)number;
	out_str(o, stick_key(h->table, h->entry));
	out_char(o, ' ');
	return o->len < 60;
}

static void touch(const char *key, bool learned)
{
	struct stick_hold h;

	ck_assert(stick_open(&h, table, str_from(key), 1));
	if (learned)
		stick_touch_learned(&h, 1, 0);
	else
		stick_touch(&h, 1);
	stick_leave(&h);
}

START_TEST(test_changes)
{
	struct stick_cursor c = {0}, full = {0};
	struct out o = out_growing(4096);
	struct stick_walk w = {.until = UINT64_MAX, .fn = collect, .ctx = &o};

	stores(STICK_GPC0, 1, 0);
	open_table("t", STICK_KEY_STRING, 20);
	touch("a", false);
	touch("b", false);
	touch("c", true);
	touch("a", false);
	ck_assert(stick_sync_walk(table, &c, &w));
	ck_assert(str_is(out_get(&o), "b a "));
	o.len = 0;
	ck_assert(stick_sync_walk(table, &c, &w));
	ck_assert_uint_eq(o.len, 0);
	touch("d", false);
	touch("b", false);
	ck_assert(stick_sync_walk(table, &c, &w));
	ck_assert(str_is(out_get(&o), "d b "));
	o.len = 0;
	w.learned = true;
	w.until = 4;
	ck_assert(stick_sync_walk(table, &full, &w));
	ck_assert(str_is(out_get(&o), "c a "));
	out_free(&o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("peers codec");
	TCase *c = tcase_create("codec");

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, test_numbers);
	tcase_add_test(c, test_definition);
	tcase_add_test(c, test_entry);
	tcase_add_test(c, test_arrays_and_texts);
	tcase_add_test(c, test_changes);
	suite_add_tcase(s, c);
	return unit_run(s);
}
