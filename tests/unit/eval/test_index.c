/* Conditions that are passed over by index against all of them evaluated one by one: random rule lists, random
 * requests, the same outcome. LBD_INDEX_ROUNDS=N runs N lists (200 otherwise), each with 50 requests;
 * LBD_INDEX_SEED=N has others made. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "grammar/base/out.h"
#include "grammar/load.h"
#include "runtime/eval/cond_index.h"
#include "runtime/eval/engine.h"
#include "tests/unit/eval/eval_fixture.h"
#include "tests/unit/run.h"

static uint64_t state = 1;

static unsigned dice(unsigned sides)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state >> 33) % sides;
}

static const char *one_of(const char *const *words)
{
	unsigned n = 0;

	while (words[n])
		n++;
	return words[dice(n)];
}

static const char *const hosts[] = {"a.example",    "b.example", "www.a.example", "A.Example", "x",
				    "a.example:80", NULL};
static const char *const paths[] = {"/",          "/a",         "/a/b", "/api", "/api/v1",
				    "/img/x.png", "/img/y.jpg", "/A",   "",     NULL};
static const char *const nets[] = {"127.0.0.1",         "127.0.0.0/8",
				   "10.0.0.0/8",        "10.1.2.3",
				   "192.168.0.0/16",    "::1",
				   "0.0.0.0/0",         "2001:db8::/32",
				   "2001:db8:0:1::/64", "::ffff:10.0.0.0/104",
				   "2002:a01::/24",     "::/0",
				   "2001:db8::5",       NULL};

static const char *const sources6[] = {
	"::1", "2001:db8::5", "2001:db8:0:1::9", "2002:a01:203::1", "::ffff:127.0.0.1", "fe80::1", NULL};

static void put_criterion(struct out *o)
{
	switch (dice(13)) {
	case 0:
	case 1:
	case 2:
		out_printf(o, "{ hdr(host) %s%s %s }", dice(2) ? "-i " : "", one_of(hosts), one_of(hosts));
		break;
	case 3:
		out_printf(o, "{ path_beg /%s %s }", dice(2) ? "" : "a", dice(2) ? "/api" : "/img");
		break;
	case 4:
		out_printf(o, "{ path_end -i %s .png }", dice(2) ? ".JPG" : "1");
		break;
	case 5:
		out_printf(o, "{ path %s %s }", dice(2) ? "/a" : "/api", dice(2) ? "/a/b" : "/");
		break;
	case 6:
		out_printf(o, "{ src %s }", one_of(nets));
		break;
	case 7:
		out_printf(o, "{ dst_port %u }", dice(2) ? 80 : 8080);
		break;
	case 8:
		out_printf(o, "{ method %s }", dice(2) ? "GET" : "POST");
		break;
	case 9:
		out_printf(o, "{ req.hdr(x-l) -m str %c }", 'a' + (int)dice(4));
		break;
	case 10:
		out_printf(o, "%s", dice(2) ? "named" : "other");
		break;
	case 11:
		out_printf(o, "{ var(txn.v) -m str v%u }", dice(4));
		break;
	default:
		out_printf(o, "{ req.hdr_cnt(x-l) %u }", dice(4));
	}
}

static void put_condition(struct out *o)
{
	if (!dice(12))
		return;
	out_puts(o, dice(10) ? " if" : " unless");
	for (unsigned ors = dice(4) ? 1 : 2; ors; ors--) {
		for (unsigned ands = 1 + dice(3); ands; ands--) {
			out_puts(o, dice(6) ? " " : " !");
			put_criterion(o);
		}
		if (ors > 1)
			out_puts(o, " ||");
	}
}

static void put_action(struct out *o, unsigned number)
{
	switch (dice(8)) {
	case 0:
		out_printf(o, "set-path %s", dice(2) ? "/api/v2" : "/a");
		break;
	case 1:
		out_printf(o, "set-header host %s", one_of(hosts));
		break;
	case 2:
		out_printf(o, "set-var(txn.v) str(v%u)", dice(4));
		break;
	case 3:
		out_puts(o, "del-header x-l");
		break;
	case 4:
		out_puts(o, dice(3) ? "add-header x-l d" : "deny");
		break;
	default:
		out_printf(o, "add-header x-r r%u", number);
	}
}

static struct loaded *random_config(void)
{
	static const struct load_options options = {.compat = 304, .offline = true};
	struct out o = out_growing(1 << 20);
	struct loaded *l;

	out_puts(&o, "frontend f\n mode http\n bind :80\n timeout client 1s\n");
	out_printf(&o, " acl named hdr(host) %s\n acl named path_beg /img\n", one_of(hosts));
	out_printf(&o, " acl other src 10.0.0.0/8\n acl other hdr(host) -i %s\n", one_of(hosts));
	for (unsigned i = 0, n = 8 + dice(60); i < n; i++) {
		out_puts(&o, " http-request ");
		put_action(&o, i);
		put_condition(&o);
		out_char(&o, '\n');
	}
	for (unsigned i = 0, n = 8 + dice(60); i < n; i++) {
		out_printf(&o, " use_backend b%u", dice(5));
		put_condition(&o);
		out_char(&o, '\n');
	}
	for (unsigned i = 0; i < 5; i++)
		out_printf(&o, "backend b%u\n mode http\n timeout connect 1s\n timeout server 1s\n", i);
	l = load_text(STR("random"), out_get(&o), &options);
	if (!l->model)
		fprintf(stderr, "%.*s\n", (int)o.len, o.buf);
	ck_assert_ptr_nonnull(l->model);
	out_free(&o);
	return l;
}

static void random_request(struct out *o)
{
	out_printf(o, "%s http://ignored%s HTTP/1.1\r\n", dice(2) ? "GET" : "POST", one_of(paths));
	if (dice(10))
		out_printf(o, "Host: %s\r\n", one_of(hosts));
	if (!dice(8))
		out_printf(o, "Host: %s\r\n", one_of(hosts));
	for (unsigned i = dice(3); i; i--)
		out_printf(o, "X-L: %c%s\r\n", 'a' + (int)dice(4), dice(2) ? "" : ",b");
	out_puts(o, "\r\n");
	out_char(o, 0);
}

/* What came of a request: verdict, deciding rule, backend, the message. */
static void outcome(const struct loaded *l, struct eval_engine *en, const char *request, const union addr *src,
		    struct out *o)
{
	const struct proxy_conf *f = map_get(&l->model->frontends, STR("f"));
	const struct switch_rule *decider = NULL;
	const struct proxy_conf *be;
	const struct rule *rule = NULL;
	struct eval_fixture t;
	struct eval_engine *own;
	uint32_t index = 0;

	eval_fixture_start(&t);
	eval_fixture_request(&t, request);
	own = t.e.engine;
	t.e.engine = en;
	t.e.model = l->model;
	t.e.frontend = f;
	t.src = *src;
	t.dst.in.sin_port = htons(dice(1) ? 80 : 8080);
	out_printf(o, "%d ", rules_run(&t.e, &f->rules[RS_HTTP_REQ], &index, &rule));
	be = eval_backend(&t.e, f, &decider);
	out_printf(o, "%u %ld %.*s\n%s", index, decider ? (long)(decider - f->use_backend.v) : -1L,
		   be ? (int)be->name.len : 0, be ? be->name.ptr : "", eval_fixture_dump(&t, &t.req));
	t.e.engine = own;
	eval_fixture_stop(&t);
}

static unsigned indexed;

static void compare(const struct loaded *l, struct eval_engine *fast, struct eval_engine *slow)
{
	struct out request = out_growing(4096), a = out_growing(1 << 16), b = out_growing(1 << 16);
	union addr src = {.in = {.sin_family = AF_INET}};

	random_request(&request);
	if (dice(2))
		src.in.sin_addr.s_addr = htonl(dice(2) ? 0x7f000001 : dice(2) ? 0x0a010203 : 0xc0a80001);
	else
		ck_assert_int_eq(
			inet_pton(src.in6.sin6_family = AF_INET6, one_of(sources6), &src.in6.sin6_addr), 1);
	outcome(l, fast, request.buf, &src, &a);
	outcome(l, slow, request.buf, &src, &b);
	if (!str_eq(out_get(&a), out_get(&b)))
		fprintf(stderr, "%s--- with index\n%.*s\n--- without\n%.*s\n", request.buf, (int)a.len, a.buf,
			(int)b.len, b.buf);
	ck_assert(str_eq(out_get(&a), out_get(&b)));
	out_free(&request);
	out_free(&a);
	out_free(&b);
}

static unsigned wished(const char *name, unsigned preset)
{
	const char *value = getenv(name);

	return value ? (unsigned)strtoul(value, NULL, 10) : preset;
}

START_TEST(same_outcome)
{
	unsigned rounds = wished("LBD_INDEX_ROUNDS", 200);

	state = wished("LBD_INDEX_SEED", 1);
	for (unsigned i = 0; i < rounds; i++) {
		struct loaded *l = random_config();
		struct eval_engine *fast = eval_engine_new(l->model), *slow = eval_engine_new(l->model);

		for (uint32_t k = 0; k <= l->model->nlists; k++) {
			indexed += slow->lists[k] != NULL;
			slow->lists[k] = NULL;
		}
		for (int k = 0; k < 50; k++)
			compare(l, fast, slow);
		eval_engine_free(&fast);
		eval_engine_free(&slow);
		loaded_free(&l);
	}
	ck_assert_uint_gt(indexed, rounds / 4); /* or nothing was tested */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("index");
	TCase *t = tcase_create("random");

	tcase_set_timeout(t, 0);
	tcase_add_test(t, same_outcome);
	suite_add_tcase(s, t);
	return unit_run_here(s);
}
