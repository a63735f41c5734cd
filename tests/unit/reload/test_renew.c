/* What a running process can follow, and what goes on from one generation to the next: indexes, counters, stick
 * tables, states of servers. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "grammar/keyword.h"
#include "grammar/load.h"
#include "runtime/backend/server.h"
#include "runtime/health/check.h"
#include "runtime/reload/renew_state.h"
#include "runtime/stats/counters.h"
#include "runtime/stick/table.h"
#include "tests/unit/run.h"

#define DEFAULTS "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n"
#define FRONT DEFAULTS "frontend f\n bind 127.0.0.1:8080\n default_backend a\n"
#define BACKEND_A "backend a\n server s1 127.0.0.1:1 check\n server s2 127.0.0.1:2 weight 7\n"
#define BACKEND_B "backend b\n server s1 127.0.0.1:3\n"
#define TABLE "backend t\n stick-table type ip size 1k expire 1m store gpc0\n"

static struct loaded *before, *after;
static struct process *p;
static struct generation *old, *next;

static struct loaded *load(const char *text)
{
	const struct load_options options = {.compat = 304, .offline = true};
	struct loaded *l = load_text(STR("x.cfg"), str_from(text), &options);

	ck_assert_ptr_nonnull(l);
	ck_assert_uint_eq(l->diags.errors, 0);
	return l;
}

static void setup(void)
{
	p = process_new(2);
	ck_assert_ptr_nonnull(p);
}

static void teardown(void)
{
	generation_free(&next);
	process_free(&p);
	loaded_free(&before);
	loaded_free(&after);
}

/* The indexes and states of `now` as successor of `was`; it is not made the current one. */
static void go(const char *was, const char *now)
{
	before = load(was);
	after = load(now);
	old = generation_new(p, before->model);
	ck_assert(old && process_use(p, old));
	next = generation_new(p, after->model);
	ck_assert_ptr_nonnull(next);
}

static struct proxy *proxy_named(struct generation *g, const char *name)
{
	const struct map *names =
		map_get(&g->model->backends, str_from(name)) ? &g->model->backends : &g->model->frontends;

	return generation_proxy(g, map_get(names, str_from(name)));
}

static struct server *server_named(struct generation *g, const char *proxy, uint32_t i)
{
	return proxy_named(g, proxy)->servers[i];
}

static bool possible(const char *was, const char *now, const char *reason)
{
	char text[512];
	struct out o = out_fixed(text, sizeof(text) - 1);
	bool ok;

	before = load(was);
	after = load(now);
	ok = renew_possible(before->model, after->model, &o);
	text[o.len] = 0;
	ck_assert_str_eq(text, reason);
	loaded_free(&before);
	loaded_free(&after);
	return ok;
}

/* Whether a process can go on when a line is added. False: it cannot be compiled here. */
static bool line_tried(const char *line, bool *is_able)
{
	const struct load_options options = {.compat = 304, .offline = true};
	struct out text = out_growing(1 << 16), reasons = out_growing(1 << 16);
	struct loaded *was = load(FRONT BACKEND_A), *l;
	bool ok;

	out_printf(&text, "global\n%s\n" FRONT BACKEND_A, line);
	l = load_text(STR("x.cfg"), out_get(&text), &options);
	ok = l && l->model && !l->diags.errors;
	if (ok)
		*is_able &= renew_possible(was->model, l->model, &reasons);
	loaded_free(&l);
	loaded_free(&was);
	out_free(&text);
	out_free(&reasons);
	return ok;
}

/* Values of which one at least is not what holds anyhow. */
static const char *const *values_of(const struct keyword *row)
{
	static const char *const none[] = {"", NULL}, *const numbers[] = {"3", "7", NULL},
				 *const switches[] = {"on", "off", NULL}, *const texts[] = {"x", NULL},
				 *const times[] = {"3s", "7s", NULL}, *const sizes[] = {"40000", "65536", NULL},
				 *const nothing[] = {NULL};

	switch (row->kind) {
	case VAL_FLAG:
		return none;
	case VAL_UINT:
	case VAL_PERCENT:
		return numbers;
	case VAL_ON_OFF:
		return switches;
	case VAL_STRING:
		return texts;
	case VAL_TIME_MS:
	case VAL_TIME_S:
		return times;
	case VAL_SIZE:
		return sizes;
	default:
		return nothing;
	}
}

static bool row_tried(const struct keyword *row, bool *is_able)
{
	static const char *const prefixes[] = {"", "no ", NULL};
	bool tried = row->example && line_tried(row->example, is_able);
	char line[256];

	for (const char *const *v = values_of(row); *v; v++)
		for (const char *const *b = prefixes; *b; b++) {
			if (**b && !(row->flags & KW_NO))
				continue;
			snprintf(line, sizeof(line), "%s%s %s", *b, row->name, *v);
			tried |= line_tried(line, is_able);
		}
	return tried;
}

START_TEST(test_possible)
{
	ck_assert(possible(FRONT BACKEND_A, FRONT BACKEND_A BACKEND_B, ""));
	ck_assert(possible(FRONT BACKEND_A, "global\n stats timeout 3s\n" FRONT BACKEND_A, ""));
	ck_assert(!possible(FRONT BACKEND_A, "global\n nbthread 3\n" FRONT BACKEND_A, "`nbthread` differs\n"));
	ck_assert(!possible("global\n maxconn 10\n pidfile /a\n" FRONT BACKEND_A,
			    "global\n maxconn 20\n pidfile /b\n" FRONT BACKEND_A,
			    "`maxconn` differs\n`pidfile` differs\n"));
	ck_assert(!possible(FRONT BACKEND_A, FRONT BACKEND_A "peers x\n peer y 127.0.0.1:1\n",
			    "there are peers\n"));
	ck_assert(!possible(FRONT BACKEND_A "ring r\n format raw\n", FRONT BACKEND_A, "there are rings\n"));
	ck_assert(!possible(FRONT BACKEND_A, FRONT " bind fd@7\n" BACKEND_A,
			    "there are sockets that were inherited (fd@)\n"));
}
END_TEST

/* Rows of the global section that say so cannot be followed, all others can. */
START_TEST(test_restart_rows)
{
	uint32_t n, seen = 0;
	const struct keyword_area *const *areas = keyword_areas(&n);

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < areas[i]->n; k++) {
			const struct keyword *row = &areas[i]->rows[k];
			bool is_able = true;

			if (!(row->in & IN(GLOBAL)) || !row_tried(row, &is_able))
				continue;
			seen++;
			ck_assert_msg(is_able == !(row->flags & KW_RESTART), "%s", row->name);
		}
	ck_assert_uint_gt(seen, 100);
}
END_TEST

START_TEST(test_indexes)
{
	go(FRONT BACKEND_A BACKEND_B, FRONT TABLE BACKEND_A);
	counters_srv(p->workers[1], server_named(old, "a", 1)->index)->cum_sess = 5;
	counters_be(p->workers[0], proxy_named(old, "b")->index)->cum_sess = 9;
	ck_assert(renew_indexes(p, next));
	ck_assert_uint_eq(proxy_named(next, "f")->index, proxy_named(old, "f")->index);
	ck_assert_uint_eq(proxy_named(next, "a")->index, proxy_named(old, "a")->index);
	ck_assert_uint_eq(server_named(next, "a", 1)->index, server_named(old, "a", 1)->index);
	ck_assert_uint_eq(counters_srv(p->workers[1], server_named(next, "a", 1)->index)->cum_sess, 5);
	/* who is new does not count where somebody of an older generation does */
	ck_assert_uint_ne(proxy_named(next, "t")->index, proxy_named(old, "b")->index);
	ck_assert_uint_eq(counters_be(p->workers[0], proxy_named(next, "t")->index)->cum_sess, 0);
	ck_assert_ptr_eq(generation_server(next, server_named(next, "a", 0)->conf), server_named(next, "a", 0));
}
END_TEST

START_TEST(test_servers_by_name)
{
	go(FRONT BACKEND_A, FRONT "backend a\n server s2 127.0.0.1:2 weight 7\n server s3 127.0.0.1:1\n server "
				  "s1 127.0.0.1:9 check\n");
	atomic_store(&server_named(old, "a", 0)->admin, SRV_ADM_MAINT);
	atomic_store(&server_named(old, "a", 1)->admin, SRV_ADM_DRAIN);
	atomic_store(&server_named(old, "a", 1)->weight, 3);
	ck_assert(renew_indexes(p, next));
	renew_servers(p, old, next);
	ck_assert_uint_eq(server_named(next, "a", 0)->index, server_named(old, "a", 1)->index);
	ck_assert_uint_eq(atomic_load(&server_named(next, "a", 0)->admin), SRV_ADM_DRAIN);
	ck_assert_uint_eq(atomic_load(&server_named(next, "a", 0)->weight), 3);
	ck_assert_ptr_eq(server_named(old, "a", 1)->newer, server_named(next, "a", 0));
	/* another address is another server */
	ck_assert_uint_eq(atomic_load(&server_named(next, "a", 2)->admin), 0);
	ck_assert_ptr_null(server_named(old, "a", 0)->newer);
}
END_TEST

START_TEST(test_health)
{
	struct check_report report;
	struct server *s;

	go(FRONT BACKEND_A,
	   FRONT "backend a\n server s1 127.0.0.1:1 check rise 4\n server s2 127.0.0.1:2 weight 8\n");
	s = server_named(old, "a", 0);
	check_restore(s, CHECK_L4_TIMEOUT, 2, 0);
	atomic_store(&s->oper, SRV_STOPPED);
	atomic_store(&server_named(old, "a", 1)->weight, 3);
	ck_assert(renew_indexes(p, next));
	renew_servers(p, old, next);
	s = server_named(next, "a", 0);
	ck_assert(check_report(s, &report));
	ck_assert_int_eq(report.status, CHECK_L4_TIMEOUT);
	ck_assert_int_eq(report.rise, 4);
	ck_assert_int_eq(atomic_load(&s->oper), SRV_STOPPED);
	ck_assert_uint_eq(atomic_load(&proxy_named(next, "a")->usable), 1);
	ck_assert_uint_eq(atomic_load(&server_named(next, "a", 1)->weight), 8); /* the configuration's word */
}
END_TEST

START_TEST(test_tables)
{
	struct stick_table *t;

	go(FRONT TABLE BACKEND_A, FRONT BACKEND_A TABLE "backend u\n stick-table type ip size 1k store gpc0\n");
	t = stick_table_of(old->tables, proxy_named(old, "t")->conf->table);
	stick_tables_adopt(next->tables, old->tables);
	ck_assert_ptr_eq(stick_table_of(next->tables, proxy_named(next, "t")->conf->table), t);
	ck_assert_ptr_ne(stick_table_of(next->tables, proxy_named(next, "u")->conf->table), t);
	stick_tables_free(&old->tables); /* they live as long as the last who has them */
	loaded_free(&before);
	ck_assert(str_is(t->conf->name, "t"));
}
END_TEST

START_TEST(test_table_differs)
{
	go(FRONT TABLE BACKEND_A,
	   FRONT BACKEND_A "backend t\n stick-table type ip size 1k expire 2m store gpc0\n");
	stick_tables_adopt(next->tables, old->tables);
	ck_assert_ptr_ne(next->tables->v[0], old->tables->v[0]);
}
END_TEST

START_TEST(test_counters_grow)
{
	struct fe_counters sum, *mine;

	go(FRONT BACKEND_A, FRONT BACKEND_A);
	mine = counters_fe(p->workers[0], 0);
	mine->cum_conn = 4;
	ck_assert(counters_room(p->workers[0], 100, 200));
	ck_assert_uint_eq(counters_fe(p->workers[0], 0)->cum_conn, 4);
	mine->cum_conn++; /* whoever still points there does no harm */
	counters_fe(p->workers[0], 99)->cum_conn = 7;
	counters_fe_sum(p, 99, &sum);
	ck_assert_uint_eq(sum.cum_conn, 7);
	counters_forget(p->workers[0], 99);
	ck_assert_uint_eq(counters_fe(p->workers[0], 99)->cum_conn, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("renew");
	TCase *tc = tcase_create("renew");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_possible);
	tcase_add_test(tc, test_restart_rows);
	tcase_add_test(tc, test_indexes);
	tcase_add_test(tc, test_servers_by_name);
	tcase_add_test(tc, test_health);
	tcase_add_test(tc, test_tables);
	tcase_add_test(tc, test_table_differs);
	tcase_add_test(tc, test_counters_grow);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
