/* What a configuration becomes: values at their places in the model, inheritance, numbering, references, and
 * that a dump reads back as the same model. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "grammar/load.h"
#include "grammar/model_dump.h"
#include "tests/unit/run.h"

static struct load_options options;

static struct loaded *load(const char *text)
{
	struct loaded *l = load_text(STR("test"), str_from(text), &options);

	for (uint32_t i = 0; i < l->diags.list.n; i++)
		if (l->diags.list.v[i]->severity == SEV_ERROR)
			ck_abort_msg("%.*s", STR_ARG(l->diags.list.v[i]->message));
	ck_assert_ptr_nonnull(l->model);
	return l;
}

static const struct proxy_conf *proxy(const struct loaded *l, uint32_t i)
{
	ck_assert_uint_lt(i, l->model->proxies.n);
	return l->model->proxies.v[i];
}

static void setup(void)
{
	options = (struct load_options){.compat = 206, .offline = true};
}

START_TEST(test_global)
{
	struct loaded *l = load(
		"global\n maxconn 100\n maxconn 200\n nbthread 2\n daemon\n tune.bufsize 32768\n user joe\n"
		" stats socket /tmp/x mode 660 level admin expose-fd listeners\n stats timeout 2m\n"
		" log /dev/log len 2048 format raw local3 notice\n no log\n log 127.0.0.1 local0\n"
		" hard-stop-after 1500us\n");
	const struct global_conf *g = &l->model->global;

	ck_assert_uint_eq(g->maxconn, 100);
	ck_assert_uint_eq(g->nbthread, 2);
	ck_assert(g->daemon);
	ck_assert_uint_eq(g->tune_bufsize, 32768);
	ck_assert(str_is(g->user, "joe"));
	ck_assert_uint_eq(g->stats_sockets.n, 1);
	ck_assert_int_eq(g->stats_sockets.v[0]->mode, 0660);
	ck_assert_uint_eq(g->stats_sockets.v[0]->level, 2);
	ck_assert(g->stats_sockets.v[0]->expose_fd);
	ck_assert_int_eq(g->stats_sockets.v[0]->addr.kind, ADDR_UNIX);
	ck_assert_uint_eq(g->stats_timeout, 120000);
	ck_assert_uint_eq(g->log_targets.n, 1);
	ck_assert_uint_eq(g->log_targets.v[0].addr.port, 514);
	ck_assert_uint_eq(g->log_targets.v[0].facility, 16);
	ck_assert_uint_eq(g->hard_stop_after, 2);
	loaded_free(&l);
}
END_TEST

START_TEST(test_inheritance)
{
	struct loaded *l = load(
		"global\n log 127.0.0.1 local0\ndefaults one\n mode http\n timeout client 30s\n log global\n"
		" option httpclose\n retries 5\n default-server inter 7s weight 3\n default_backend b\n"
		" errorloc 503 /sorry\ndefaults two from one\n option http-server-close\n no option httpclose\n"
		"frontend f from one\n bind :80\nbackend b from two\n server s 192.0.2.1:80 weight 9\n"
		"frontend g\n timeout client 5s\n no log\n bind :81\n errorloc 503 /other\n");
	const struct proxy_conf *f = proxy(l, 0), *b = proxy(l, 1), *g = proxy(l, 2);

	ck_assert_int_eq(f->mode, MODE_HTTP);
	ck_assert_uint_eq(f->timeout[TMO_CLIENT], 30000);
	ck_assert_uint_eq(f->log_targets.n, 1);
	ck_assert(proxy_option_is_set(f, PO_HTTPCLOSE));
	ck_assert_ptr_eq(f->default_backend, b);
	ck_assert(!proxy_option_is_set(b, PO_HTTPCLOSE));
	ck_assert(proxy_option_is_set(b, PO_HTTP_SERVER_CLOSE));
	ck_assert_uint_eq(b->retries, 5);
	ck_assert_uint_eq(b->servers.v[0]->inter, 7000);
	ck_assert_uint_eq(b->servers.v[0]->weight, 9);
	ck_assert_uint_eq(g->timeout[TMO_CLIENT], 5000);
	ck_assert_uint_eq(g->log_targets.n, 0);
	ck_assert_ptr_eq(proxy_error_get(f, 503), proxy_error_get(b, 503));
	ck_assert_ptr_ne(proxy_error_get(f, 503), proxy_error_get(g, 503));
	ck_assert_ptr_null(proxy_error_get(f, 502));
	ck_assert_ptr_null(proxy_error_get(f, 700));
	loaded_free(&l);
}
END_TEST

START_TEST(test_servers)
{
	struct loaded *l = load("backend b\n server a 192.0.2.1:80 check port 81 backup disabled id 2\n server "
				"b [2001:db8::1]:+5\n"
				" default-server rise 9\n server-template t 2-3 /run/x check track b/a "
				"no-check\n server c 192.0.2.9\n");
	const struct proxy_conf *b = proxy(l, 0);
	const struct server_conf *const *s = b->servers.v;

	ck_assert_uint_eq(b->servers.n, 5);
	ck_assert(s[0]->check && s[0]->backup && s[0]->disabled);
	ck_assert_uint_eq(s[0]->check_port, 81);
	ck_assert_uint_eq(s[0]->id, 2);
	ck_assert_uint_eq(s[1]->id, 3); /* its place in the list is taken */
	ck_assert_uint_eq(s[2]->id, 4);
	ck_assert_int_eq(s[1]->addr.kind, ADDR_INET6);
	ck_assert(s[1]->addr.port_relative);
	ck_assert_int_eq(s[1]->addr.port_offset, 5);
	ck_assert(str_is(s[3]->name, "t3"));
	ck_assert_int_eq(s[3]->addr.kind, ADDR_UNIX);
	ck_assert_ptr_eq(s[3]->track_server, s[0]);
	ck_assert_uint_eq(s[3]->rise, 9);
	ck_assert_uint_eq(s[0]->rise, 2);
	ck_assert(s[4]->addr.port_relative);
	loaded_free(&l);
}
END_TEST

START_TEST(test_binds)
{
	struct loaded *l = load("frontend f\n bind :80,127.0.0.1:81-83,[::1]:84 name x maxconn 5 "
				"accept-proxy\n bind fd@3 id 7\n"
				" bind unix@/run/x mode 600\n bind abns@y\n bind :::85 v4v6\n");
	const struct proxy_conf *f = proxy(l, 0);
	const struct bind_conf *const *b = f->binds.v;

	ck_assert_uint_eq(f->binds.n, 7);
	ck_assert_int_eq(b[0]->addr.kind, ADDR_INET);
	ck_assert_uint_eq(b[1]->addr.port, 81);
	ck_assert_uint_eq(b[1]->addr.port_end, 83);
	ck_assert_int_eq(b[2]->addr.kind, ADDR_INET6);
	ck_assert(str_is(b[2]->name, "x"));
	ck_assert(b[2]->accept_proxy);
	ck_assert_int_eq(b[3]->addr.fd, 3);
	ck_assert_uint_eq(b[3]->id, 7);
	ck_assert_int_eq(b[4]->mode, 0600);
	ck_assert_int_eq(b[5]->addr.kind, ADDR_ABSTRACT);
	ck_assert(b[6]->addr.v4v6);
	loaded_free(&l);
}
END_TEST

START_TEST(test_checks)
{
	struct loaded *l =
		load("defaults\n mode http\n option httpchk GET /a HTTP/1.1\n http-check expect status 200\n"
		     "backend a\n server s 192.0.2.1:80 check\nbackend b\n http-check send meth HEAD hdr X y\n"
		     " http-check expect ! string no\nbackend c\n option tcp-check\n");
	const struct check_conf *a = &proxy(l, 0)->check, *b = &proxy(l, 1)->check;

	ck_assert_uint_eq(a->nsteps, 2);
	ck_assert_int_eq(a->steps[0].kind, HC_SEND);
	ck_assert(str_is(a->steps[0].uri, "/a") && str_is(a->steps[0].version, "HTTP/1.1"));
	ck_assert_int_eq(a->steps[1].statuses[0].max, 200);
	ck_assert_uint_eq(b->nsteps, 2);
	ck_assert(str_is(b->steps[0].method, "HEAD") && str_is(b->steps[0].uri, "/a"));
	ck_assert_uint_eq(b->steps[0].nheaders, 1);
	ck_assert(b->steps[1].negated);
	ck_assert_int_eq(proxy(l, 2)->check.kind, CHECK_TCP);
	loaded_free(&l);
}
END_TEST

static char *dump(const struct loaded *l)
{
	struct out o = out_growing(1 << 20);

	model_dump(&o, l->model);
	out_char(&o, 0);
	ck_assert(!o.truncated);
	return o.buf;
}

/* Whether a text that loads gives a dump that gives itself. */
static void dump_is_stable(struct str text, const char *name)
{
	struct loaded *l = load_text(STR("first"), text, &options), *again;
	char *once, *twice;

	if (!l->model) {
		loaded_free(&l);
		return;
	}
	once = dump(l);
	again = load(once);
	twice = dump(again);
	ck_assert_msg(strcmp(once, twice) == 0, "%s: the dump of the dump differs", name);
	free(once);
	free(twice);
	loaded_free(&again);
	loaded_free(&l);
}

START_TEST(test_dump)
{
	dump_is_stable(
		STR("global\n maxconn 5\n set-var proc.x str(\"a b\")\ndefaults d\n mode http\n cookie X "
		    "insert\n"
		    " option httpchk GET \"/a b\" HTTP/1.1\\r\\nHost:\\ x\n log stdout format raw "
		    "daemon\nlisten l from d\n"
		    " bind :80 ssl crt '/a b' name n\n acl a path '/x \"y\"' \\$z\n http-request deny if a\n"
		    " server s 192.0.2.1:80 source 192.0.2.2 weight 2 check ssl verify none\n stats enable\n"
		    "userlist u\n user joe insecure-password 'a#b'\npeers p\n peer a 192.0.2.1:90\n"),
		"mixed");
}
END_TEST

START_TEST(test_dump_of_samples)
{
	const char *top = getenv("srcdir") ? getenv("srcdir") : ".";
	char path[4096];
	struct dirent *entry;
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "%s/samples", top);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		const char *paths[] = {path};
		struct loaded *l;

		if (!str_ends(str_from(entry->d_name), STR(".cfg")))
			continue;
		snprintf(path, sizeof(path), "%s/samples/%s", top, entry->d_name);
		l = load_files(paths, 1, &options);
		dump_is_stable(sources_get(&l->sources, 1)->text, entry->d_name);
		loaded_free(&l);
		n++;
	}
	closedir(dir);
	ck_assert_int_gt(n, 2);
}
END_TEST

START_TEST(test_balance_names)
{
	ck_assert_str_eq(balance_name(BAL_ROUNDROBIN), "roundrobin");
	ck_assert_str_eq(balance_name(BAL_HASH), "hash");
	for (int kind = BAL_ROUNDROBIN; kind <= BAL_STICKY; kind++)
		ck_assert_str_ne(balance_name((enum balance_kind)kind), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model");
	TCase *tc = tcase_create("model");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_global);
	tcase_add_test(tc, test_balance_names);
	tcase_add_test(tc, test_inheritance);
	tcase_add_test(tc, test_servers);
	tcase_add_test(tc, test_binds);
	tcase_add_test(tc, test_checks);
	tcase_add_test(tc, test_dump);
	tcase_add_test(tc, test_dump_of_samples);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
