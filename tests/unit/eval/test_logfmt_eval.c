/* Log formats against the lines that Debian's HAProxy 2.6 wrote for the same request, alias by alias and flag
 * by flag. */
#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "tests/unit/eval/eval_fixture.h"
#include "tests/unit/run.h"

static struct eval_fixture t;
static union addr server_src, server_dst;

static void setup(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	eval_fixture_start(&t);
	eval_fixture_request(&t, "GET /p/a?q=\"1 HTTP/1.1\r\nHost: a\r\n\r\n");
	server_src.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(35608), .sin_addr = {htonl(0x7f000001)}};
	server_dst.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(19001), .sin_addr = {htonl(0x7f000001)}};
	t.e.server_src = &server_src;
	t.e.server_dst = &server_dst;
	t.cap_req[0] = STR("h\xc3\xa9\"]\\x|}");
	t.cap_req[1] = STR("b");
	t.log.cap_req = t.cap_req;
	t.log.cap_res = t.cap_res;
	t.log.ncap_req = 2;
	t.log.ncap_res = 1;
	t.log.accept_date = t.log.request_date = (struct timeval){1795354114, 871000};
	t.log.frontend = STR("fe0");
	t.log.backend = STR("be");
	t.log.server = STR("sv");
	t.log.cookie_captured_cli = STR("ck=abc");
	t.log.unique_id = STR("7F000001:CAF6");
	t.log.status = 200;
	t.log.bytes_out = 51;
	t.log.bytes_in = 123;
	t.log.t_response = t.log.t_active = t.log.t_total = t.log.t_user = 1;
	t.log.actconn = t.log.feconn = 1;
}

static void teardown(void)
{
	eval_fixture_stop(&t);
}

static const char *line_of(const char *format)
{
	static char text[4096];
	const struct logfmt *fmt = logfmt_builtin(&t.f.c, format);
	struct out out = out_fixed(text, sizeof(text) - 1);

	ck_assert_ptr_nonnull(fmt);
	eval_fixture_engine(&t);
	logfmt_eval(&t.e, fmt, &out);
	ck_assert(!out.truncated);
	text[out.len] = 0;
	return text;
}

#define LINE(format, expected) ck_assert_str_eq(line_of(format), expected)

START_TEST(plain)
{
	LINE("B=%B CC=%CC CS=%CS HM=%HM HP=%HP HPO=%HPO HQ=%HQ HU=%HU HV=%HV ID=%ID ST=%ST",
	     "B=51 CC=ck=abc CS=- HM=GET HP=/p/a HPO=/p/a HQ=?q=#221 HU=/p/a?q=#221 HV=HTTP/1.1 "
	     "ID=7F000001:CAF6 ST=200");
	LINE("T=%T TR=%TR Ta=%Ta Tc=%Tc Td=%Td Th=%Th Ti=%Ti Tl=%Tl Tq=%Tq Tr=%Tr Ts=%Ts Tt=%Tt Tu=%Tu Tw=%Tw "
	     "U=%U",
	     "T=22/Nov/2026:13:28:34 +0000 TR=0 Ta=1 Tc=0 Td=0 Th=0 Ti=0 Tl=22/Nov/2026:13:28:34 +0000 Tq=0 "
	     "Tr=1 "
	     "Ts=1795354114 Tt=1 Tu=1 Tw=0 U=123");
	LINE("ac=%ac b=%b bc=%bc bi=%bi bp=%bp bq=%bq ci=%ci cp=%cp f=%f fc=%fc fi=%fi fp=%fp ft=%ft",
	     "ac=1 b=be bc=0 bi=127.0.0.1 bp=35608 bq=0 ci=127.0.0.1 cp=40000 f=fe0 fc=1 fi=127.0.0.1 fp=21990 "
	     "ft=fe0");
	LINE("hr=%hr hrl=%hrl hs=%hs hsl=%hsl lc=%lc ms=%ms r=%r rc=%rc rt=%rt s=%s sc=%sc si=%si sp=%sp "
	     "sq=%sq",
	     "hr={h#C3#A9#22]\\x#7C#7D|b} hrl=h#C3#A9#22]\\x#7C#7D b hs={} hsl=- lc=0 ms=871 r=GET /p/a?q=#221 "
	     "HTTP/1.1 rc=0 "
	     "rt=0 s=sv sc=0 si=127.0.0.1 sp=19001 sq=0");
	LINE("sslc=%sslc sslv=%sslv t=%t tr=%tr trg=%trg trl=%trl ts=%ts tsc=%tsc",
	     "sslc=- sslv=- t=22/Nov/2026:13:28:34.871 tr=22/Nov/2026:13:28:34.871 trg=22/Nov/2026:13:28:34 "
	     "+0000 "
	     "trl=22/Nov/2026:13:28:34 +0000 ts=-- tsc=----");
}
END_TEST

START_TEST(quoted)
{
	LINE("%{+Q}o B=%B CC=%CC CS=%CS HM=%HM HQ=%HQ ID=%ID hr=%hr hrl=%hrl hsl=%hsl r=%r s=%s ci=%ci t=%t "
	     "ts=%ts",
	     "B=51 CC=\"ck=abc\" CS=\"\" HM=\"GET\" HQ=\"?q=#221\" ID=\"7F000001:CAF6\" "
	     "hr=\"{h#C3#A9#22]\\x#7C#7D|b}\" "
	     "hrl=\"h#C3#A9#22]\\x#7C#7D\" \"b\" hsl=\"\" r=\"GET /p/a?q=#221 HTTP/1.1\" s=\"sv\" "
	     "ci=\"127.0.0.1\" "
	     "t=22/Nov/2026:13:28:34.871 ts=--");
}
END_TEST

START_TEST(hexadecimal)
{
	t.log.request_counter = 2;
	LINE("%{+X}o Ts=%Ts bi=%bi bp=%bp lc=%lc ms=%ms rt=%rt sp=%sp",
	     "Ts=6B02EE02 bi=7F000001 bp=8B18 lc=0000 ms=367 rt=0002 sp=4A39");
}
END_TEST

START_TEST(blanks_merge)
{
	t.log.ncap_req = t.log.ncap_res = 0;
	LINE("%sq/%bq  %hr %hs %{+Q}r", "0/0 \"GET /p/a?q=#221 HTTP/1.1\"");
	t.log.ncap_req = 1;
	t.cap_req[0] = STR(" ");
	LINE("%hr %hs |", "{ } |");
}
END_TEST

START_TEST(escaped)
{
	LINE("%{+E}o hr=%hr", "hr={h#C3#A9#22\\]\\\\x#7C#7D|b}");
}
END_TEST

START_TEST(bad_request)
{
	t.log.bad_request = true;
	t.log.server = STR("");
	t.log.ncap_req = 0;
	t.log.t_request = t.log.t_connect = t.log.t_response = -1;
	t.log.cause = 'P';
	t.log.state = 'R';
	t.log.status = 0;
	t.e.server_src = NULL;
	t.f.proxy.mode = MODE_HTTP;
	LINE("r=%r HM=%HM HU=%HU s=%s bi=%bi bp=%bp Tq=%Tq TR=%TR Tc=%Tc Tr=%Tr hr=%hr ts=%ts tsc=%tsc ST=%ST",
	     "r=<BADREQ> HM=<BADREQ> HU=<BADREQ> s=<NOSRV> bi=- bp=- Tq=-1 TR=-1 Tc=-1 Tr=-1 hr= ts=PR "
	     "tsc=PR-- ST=-1");
}
END_TEST

/* Where HAProxy 2.6 writes the bytes of a sample as they are, a request could forge a line. */
START_TEST(no_forged_lines)
{
	eval_fixture_request(&t, "GET /?q=a%0ab%00c HTTP/1.1\r\nHost: a\r\n\r\n");
	LINE("%[urlp(q),url_dec] Q=%{+Q}[urlp(q),url_dec] none=%[urlp(z)] none=%{+Q}[urlp(z)]",
	     "a#0Ab Q=\"a#0Ab\" none=- none=\"\"");
}
END_TEST

START_TEST(long_texts_fit_or_fail)
{
	char format[700] = "";
	struct str text;

	for (int i = 0; i < 60; i++)
		strcat(format, "%HU%HU%HU ");
	text = logfmt_text(&t.e, logfmt_builtin(&t.f.c, format));
	ck_assert_ptr_nonnull(text.ptr);
	ck_assert_uint_eq(text.len, 60 * (3 * strlen("/p/a?q=#221") + 1));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log formats at work");
	TCase *c = tcase_create("oracle");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, plain);
	tcase_add_test(c, quoted);
	tcase_add_test(c, hexadecimal);
	tcase_add_test(c, blanks_merge);
	tcase_add_test(c, escaped);
	tcase_add_test(c, bad_request);
	tcase_add_test(c, no_forged_lines);
	tcase_add_test(c, long_texts_fit_or_fail);
	suite_add_tcase(s, c);
	return unit_run(s);
}
