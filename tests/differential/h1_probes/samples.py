# What fetches make of odd messages: versions, quoted cookies, lists in Host, addresses, parameters.
PROBES = []


def ask(name, requests, *expressions, rules=(), answer=None):
    """Each request gets what the expressions tell of it. With an answer they are asked of that."""
    text = " ".join("<%%[%s]>" % e for e in expressions)
    back = 'http-response set-header x "%s"' % text if answer else ""
    front = "\n".join(rules) if answer else "\n".join(list(rules) + ['http-request return status 200 hdr x "%s"' % text])
    for i, request in enumerate(requests):
        if answer:
            PROBES.append(Probe("%s-%d" % (name, i), "GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer % request, fe=front, be=back))
        else:
            PROBES.append(Probe("%s-%d" % (name, i), request, fe=front))


def field(name, values):
    return ["GET /p HTTP/1.1\r\nHost: a\r\n%s: %s\r\n\r\n" % (name, v) for v in values]


ask("version", ["GET / HTTP/%s\r\nHost: a\r\n\r\n" % v for v in ("0.0", "0.1", "0.9", "1.0", "1.2", "2.0", "2.1", "3.1", "9.9")], "req.ver", "capture.req.ver")

COOKIES = ('SRV="; q"', 'SRV="; q"x; b=c', 'SRV=x"; q"; b=c', 'SRV="; q; b=c', 'SRV="\\"; q"; b=c', 'SRV=", q", b=c', 'SRV= "; q"; b=c', 'SR"; V=2; SRV=3; b=c',
           'a"; SRV="x; b=c', 'x; "SRV=1; b=c"; b=2', 'SRV=a\\"b;b=c\\"', 'SRV=1";b=c;SRV=2"', 'b=1;SRV=a,b="c,d";', 'SRV";=2";b=c', '=";SRV=2";b=c', "SRV=';b=c'", "SRV", "SRV; b=c",
           "SRV;=2;b=c", "b=1,b", "SRV,b=1;b=3", "SRV=", "SRV=;", "xxxx=1;SRV=", "SRV=,b=", "d; SRV=", "x=1;  SRV=", "x=1, SRV=", "x,; SRV=", "=", "=x; SRV=1", 'xxxx="1,SRV=2;b=2"')
ask("cookie", field("Cookie", COOKIES), "req.cook(SRV)", "req.cook_cnt(SRV)", "req.cook_val(SRV)", "req.cook(b)", "req.cook()", "req.cook_cnt()", "req.hdr(f)",
    rules=("http-request set-header f found if { req.cook(SRV) -m found }",))
ask("set-cookie", COOKIES + ("SRV=1, b=c", "SRV=1,SRV=2;b=3", "a=1;SRV=2, SRV=3", "a=1;x,SRV=2", "a;SRV=2", "SRV=1;SRV=2;b=3;SRV=4", "SRV=1;b=3;SRV=4,b=5;b=6", 'a="x,y",SRV=2', "SRV=1; expires=Wed, 21 Oct 2015 07:28:00 GMT; path=/"),
    "res.cook(SRV)", "res.cook_cnt(SRV)", "res.cook_val(SRV)", "res.cook(b)", "res.cook()", "res.cook_cnt()",
    answer="HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: %s\r\n\r\n")

HOSTS = (",api.example.com", "api.example.com,", "api,example.com", " , api.example.com", '"a,b".api.example.com', 'a"b,c', ",", "", "a b,c d")
ask("host", ["GET /p?q HTTP/1.1\r\nHost: %s\r\n\r\n" % v for v in HOSTS] + ["GET * HTTP/1.1\r\nHost: ,a\r\n\r\n"], "base", "baseq", "base32", "base32+src,hex", "url32", "req.hdr(f)",
    rules=("http-request set-header f dom if { base_dom example.com }",))
for i, v in enumerate(HOSTS):
    PROBES.append(Probe("host-redirect-%d" % i, "GET /p?q HTTP/1.1\r\nHost: %s\r\n\r\n" % v, fe="redirect scheme https"))

ADDRESSES = ("192.0.02.7", "192.0.2.07", "0192.0.2.7", "192.0.2.010", "192.0.2.08", "192.0.2.7x", "192.0.2.7/", "192.0.2.7.", "192.0.2.7.1", "192.0.2", "192.0.2.", "192..2.7", ".0.2.7",
             "192.0.2.256", "192.0.2.0000007", "4294967296.1.1.1", "0xc0.0.2.7", "192.0.2.7:80", "192.0.2.7:80:1", "192.0.2.7:", "192.0.2.7:x", "192.0.2.7:80x", "192.0.2.7:99999", "192.0.2.7:65535", "192.0.2.7:65536", "192.0.2.7:000080", "192.0.2.7:0", "192.0.2.7:-1", "192.0.2.7:+8", "192.0.2.7::", "192.0.2.7:123456789012", "192.0.2.7x:80", "192.0.2.7/24:80", "192.0.2.7 x", "1.2.3.x", "::1", "::01", "::ffff:192.0.2.7", "::ffff:192.0.02.7",
             "1::2", "x", "")
ask("address", field("X-Ip", ADDRESSES), "req.hdr_ip(x-ip)", "req.fhdr(x-ip),ipmask(32)", "req.fhdr(x-ip),ipmask(24,64)", "req.hdr(f)",
    rules=("http-request set-header f ip if { req.hdr(x-ip) -m ip 192.0.2.7 }", "http-request add-header f hdr if { req.hdr_ip(x-ip) 192.0.2.0/24 ::/0 }",
           "http-request add-header f found if { req.hdr_ip(x-ip) -m found }"))
ask("url address", ["GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (v, v) for v in ADDRESSES if v and " " not in v], "url_ip", "url_port")

TARGETS = ("/x?y?a=1", "/x?a=1?b=2", "/x?y=1;z?a=3&b=4", "/x??a=1", "/x?a=1?a=2", "/x?=1?a=2", "/x?a", "/x?a&b=1", "/x?a&a=1", "/x?&&a=1", "/x?a=", "/x?y?b?a=1", "/x?=?a=1", "*?a=1",
           "/x!a=1!b=2", "/x!y!a=1", "/x!a=1;b=2?c=3", "*!a=1", "/x;a=1?b=2")
ask("parameter", ["GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % v for v in TARGETS], "urlp(a)", "urlp_val(a)", "urlp()", "urlp(b)", "urlp(a,!)", "urlp(b,!)", "urlp(a,;)", "query", "req.hdr(f)",
    rules=("http-request set-header f found if { urlp(a) -m found }", "http-request add-header f two if { urlp(a) 2 }"))
ask("parameter of odd targets", ["GET %s HTTP/1.0\r\n\r\n" % v for v in ("http://a!a=1/?a=2", "http://a?a=1", "http://a?a=1/?a=3", "a?a=1", "*?a=1?b=2", "http://q?a=1@a/?a=4")],
    "urlp(a)", "urlp(a,!)", "query", "path", "pathq")
BODIES = ("a=1", "a", "a&b=1", "a=1?b=2", "a?b=2", "a&a=1", "a=1;b=2", "b=1&a", "?a=1", "&&a=1", "=1&a=2")
ask("parameter of body", ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(v), v) for v in BODIES], "req.body_param(a)", "req.body_param(b)", "req.body_param()",
    rules=("option http-buffer-request",))

for i, v in enumerate(("GET /", "HEAD /x", "GET /a/b", "GET http://h/")):
    PROBES.append(Probe("empty path-%d" % i, v + " HTTP/1.1\r\nHost: h\r\n\r\n", fe="http-request replace-path (.*)/([^/]*) \\2\\1"))
for ends, answer in (("nothing", ""), ("bytes", "abc"), ("a length", "abcdef")):
    head = "HTTP/1.1 200 OK\r\n%s\r\n" % ("Content-Length: 3\r\n" if ends == "a length" else "")
    for what, rule in (("lengths", "set-header n %[res.len],%[res.body_len],%[res.body]"), ("deny", "deny status 403")):
        PROBES.append(Probe("tunnel/%s behind it: %s" % (ends, what), "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", head + answer, fe="http-response " + rule, close=True))
for rule in ("http-request deny status 403", "http-response deny status 403", "http-response return status 200 content-type text/plain string hello", "http-request return status 200 content-type text/plain string hello", "http-response redirect location /x", "http-request deny status 403 if TRUE"):
    for v in ("CONNECT a:443", "HEAD /x", "GET /x"):
        PROBES.append(Probe("tunnel/%s by %s" % (v, rule), v + " HTTP/1.1\r\nHost: a%s\r\n\r\n" % (":443" if "CON" in v else ""), "HTTP/1.1 200 OK\r\n\r\n", fe=rule, close=True))
