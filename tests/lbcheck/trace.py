#!/usr/bin/env python3
"""lbcheck trace: what it says of requests, as text and as JSON, and what it says of words that make no sense."""
import json
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import LBCHECK, expect, finish, run  # noqa: E402

SITE = """\
global
    log 127.0.0.1:514 local0
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout tarpit 10s
frontend web
    bind 127.0.0.1:8080
    option forwardfor
    acl is_api path_beg /api /v2
    acl inside src 10.0.0.0/8
    http-request deny deny_status 403 if { path_beg /admin } !inside
    http-request set-var(txn.name) path,lower
    http-request set-header X-Name %[var(txn.name)]
    http-request del-header X-Secret
    http-request tarpit if { hdr(user-agent) -m sub -i evil }
    http-request return status 200 if { var(txn.given) -m str yes }
    redirect scheme https code 301 if { hdr(host) -m beg secure. }
    use_backend api if is_api
    use_backend static if { path_beg /static } !inside { hdr(cookie) -m found }
    use_backend %[hdr(x-to)] if { hdr(x-to) -m found }
    default_backend app
backend api
    http-request set-path %[path,regsub(^/api,)]
    http-response set-header X-Served-By api
    server a1 127.0.0.1:9001
    server a2 127.0.0.1:9002
backend static
    server t1 127.0.0.1:9003
backend app
    cookie SRV insert indirect
    use-server s2 if { path_end .two }
    server s1 127.0.0.1:9004 cookie s1
    server s2 127.0.0.1:9005 cookie s2
frontend raw
    mode tcp
    option tcplog
    bind 127.0.0.1:8081
    tcp-request inspect-delay 5s
    tcp-request content reject if { req.payload(0,3) -m str bad }
    tcp-request content accept if { req.len gt 3 }
    default_backend pipe
backend pipe
    mode tcp
    server p1 127.0.0.1:9006
"""


def trace(*words, stdin=None, config=SITE):
    if stdin is None:
        return run("trace", "--compat=2.6", "x.cfg", "--", *words, x=config)
    import os
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.cfg")
        with open(path, "w") as f:
            f.write(config)
        env = {k: v for k, v in os.environ.items() if k != "LBD_COMPAT"}
        return subprocess.run([LBCHECK, "trace", "--compat=2.6", path, "--", *words], input=stdin, env=env,
                              capture_output=True, text=True, timeout=60)


def told(*words, **more):
    p = trace("--json", *words, **more)
    expect(p.returncode == 0, f"{words}: exit {p.returncode}: {p.stderr}")
    return json.loads(p.stdout or "{}")


def test_text():
    p = trace("GET http://www.example.com/api/x?y=1", "-H", "X-Secret: 1", "--why-not", "static", "--src", "203.0.113.9")
    for part in ("from 203.0.113.9:50000 to 127.0.0.1:8080, frontend web (x.cfg:12)\n",
                 "     x.cfg:16  http-request deny deny_status 403 if { path_beg /admin } !inside\n"
                 "         no  { path_beg /admin }\n             path is \"/api/x\"\n",
                 "  => x.cfg:17  http-request set-var(txn.name) path,lower\n         var name = /api/x\n",
                 "         + X-Name: /api/x\n", "         - x-secret: 1\n",
                 "         yes is_api\n             path_beg /api /v2: path is \"/api/x\", matches /api\n",
                 "backend api: use_backend at x.cfg:23\n", "         - GET /api/x?y=1\n         + GET /x?y=1\n",
                 "server api/a1 (x.cfg:30): balance roundrobin, 2 of 2 servers can take requests\n",
                 "         + X-Served-By: api\n", "result: 200 ----\n", "  x-forwarded-for: 203.0.113.9\n",
                 "    would have needed:\n      { path_beg /static }\n      { hdr(cookie) -m found }\n",
                 "\nnot evaluated\n  x.cfg:24  use_backend static"):
        expect(part in p.stdout, f"text lacks {part!r}:\n{p.stdout}")


def test_ends():
    for words, want in (
            (("http://x/admin",), {"status": 403, "letters": "PR--", "backend": None, "server": None}),
            (("http://x/admin", "--src", "10.1.2.3"), {"status": 200, "backend": "app", "server": "s1"}),
            (("http://x/", "-H", "User-Agent: Evil"), {"status": 500, "letters": "PT--", "ms": 10000}),
            (("http://secure.x/",), {"status": 301, "letters": "LR--"}),
            (("http://x/", "--var", "txn.given=yes"), {"status": 200, "letters": "LR--", "backend": None}),
            (("http://x/", "-H", "Cookie: SRV=s2"), {"server": "s2", "letters": "--VN"}),
            (("http://x/a.two",), {"server": "s2", "server_why": "use-server at x.cfg:36"}),
            (("http://x/", "-H", "X-To: static"), {"backend": "static", "server": "t1"}),
            (("http://x/", "--state", "app/s1=DOWN"), {"server": "s2"}),
            (("http://x/", "--state", "app/*=MAINT"), {"status": 503, "letters": "SCNN", "server": None}),
            (("http://x/", "--state", "app/s1=REFUSED"), {"status": 503, "letters": "SCNN", "server": "s1", "ms": 3004}),
            (("http://x/", "--state", "app/*=SILENT"), {"status": 504, "letters": "sHNN", "ms": 30000}),
            (("http://x/", "--state", "app/*=CLOSED"), {"status": 502, "letters": "SHNN"}),
            (("http://x/", "--state", "app/s1=weight=0"), {"server": "s2"}),
            (("POST http://x/", "--body", "abc", "--reply", "404"), {"status": 404})):
        got = told(*words)
        for key, value in want.items():
            expect(got.get(key) == value, f"{words}: {key} is {got.get(key)!r} and not {value!r}")
    got = told("POST http://x/", "--body", "abc")
    expect(got["tries"][0]["body"] == "abc", "the server's body")
    got = told("http://x/admin")
    expect(got["rule"]["line"] == 16 and got["steps"][0]["verdict"] == "denied", "the deciding rule")
    got = told("http://x/", "--at", "2001-02-03T04:05:06Z")
    expect("[03/Feb/2001:" in got["log"], f"--at: {got['log']}")
    got = told("--log-line", 'a b haproxy[1]: 10.9.8.7:4000 [27/Nov/2026:12:00:00.000] web app/s1 0/0 "GET /admin HTTP/1.0"')
    expect(got["backend"] == "app" and got["request"] == "GET /admin HTTP/1.0", "--log-line")


def test_why_not():
    got = told("http://x/static", "--why-not", "static", "--src", "10.1.1.1", "-H", "Cookie: a=b")["why_not"]
    expect([w["needed"] for w in got] == [["!inside"]], f"why not: {got}")
    got = told("http://x/api", "--why-not", "app")["why_not"]
    expect([(w["text"], w["hidden"]) for w in got] == [("default_backend", True)], f"why not the default: {got}")


def test_raw():
    got = told(stdin="GET /v2 HTTP/1.0\r\nX-A: b\r\n\r\n")
    expect(got["backend"] == "api" and got["request"] == "GET /v2 HTTP/1.0", "raw")
    got = told("--bind", "raw", stdin="good day")
    expect(got["backend"] == "pipe" and got["tries"][0]["received"] == "good day", f"tcp: {got}")
    got = told("--bind", ":8081", stdin="bad day")
    expect(got["backend"] is None and got["rule"]["line"] == 44, f"tcp, refused: {got}")
    got = told("--bind", "raw", stdin="no")
    expect(got["backend"] == "pipe", f"tcp, too short: {got}")


def test_refused():
    config = SITE.replace("    bind 127.0.0.1:8080\n", "    bind 127.0.0.1:8080\n    tcp-request connection reject if { src 192.0.2.66 }\n")
    p = trace("http://x/", "--src", "192.0.2.66", config=config)
    expect(p.returncode == 0 and "result: the connection was closed before there was a request" in p.stdout and
           "  => x.cfg:13  tcp-request connection reject" in p.stdout, f"refused: {p.stdout}{p.stderr}")


def test_tls():
    config = SITE.replace("bind 127.0.0.1:8080", "bind 127.0.0.1:8443 ssl crt /nowhere/x.pem").replace(
        "http-request set-header X-Name %[var(txn.name)]", "http-request set-header X-Name %[ssl_fc_sni] if { ssl_fc }")
    got = told("https://www.example.com/", config=config)
    expect("x-name: www.example.com\r\n" in got["tries"][0]["received"], f"TLS: {got['tries']}")
    expect("certificates cannot be read here: others stand in for them" in got["assumed"], f"a stand-in: {got['assumed']}")


def test_batch():
    lines = "http://x/api\nhttp://x/\nhttp://x/\n'POST http://x/admin' -H \"A: b c\"\nhttp://x/ -H 'Cookie: SRV=s1'\n"
    p = trace("--batch", stdin=lines)
    got = [json.loads(line) for line in p.stdout.splitlines()]
    expect([(g["server"], g["status"]) for g in got] ==
           [("a1", 200), ("s1", 200), ("s2", 200), (None, 403), ("s1", 200)], f"batch: {p.stdout} {p.stderr}")
    p = trace("--batch", stdin="http://x/\nGET 'open\n")
    expect(p.returncode == 1 and len(p.stdout.splitlines()) == 1, "batch: a quote that is not closed")


def test_mistakes():
    for words, what in ((("ftp://x/",), "neither http nor https"), (("http://x/", "-H", "nonsense"), "Name: value"),
                        (("http://x/", "--src", "1.2.3"), "no IPv4 or IPv6"), (("http://x/", "--src"), "needs a value"),
                        (("http://x/", "--sorce", "1"), "is none of"), (("http://x/", "http://y/"), "second request"),
                        (("http://x/", "--state", "app/s1"), "backend/server=DOWN"),
                        (("http://x/", "--state", "app/s1=ILL"), "there are UP"),
                        (("http://x/", "--at", "noon"), "no time"), (("http://x/", "--var", "x=1"), "scope"),
                        (("http://x/", "--why-not", "nobody"), "no backend is named"),
                        (("http://x/", "--body", "@missing"), "cannot read"), (("--log-line", "x"), "httplog")):
        p = trace(*words)
        expect(p.returncode == 2 and what in p.stderr, f"{words}: {p.returncode} {p.stderr}")
    for words, what in ((("http://x/", "--state", "app/s9=DOWN"), "has no server"),
                        (("http://x/", "--state", "no/s9=DOWN"), "no backend is named"),
                        (("http://x/", "--bind", "nobody"), "no bind is")):
        p = trace(*words)
        expect(p.returncode == 1 and what in p.stderr, f"{words}: {p.returncode} {p.stderr}")
    expect(run("trace").returncode == 2, "no file")
    bare, marked = (run("trace", "x.cfg", *mark, "GET http://x/api", "--src", "10.0.0.9", "--at", "2001-02-03T04:05:06Z", x=SITE)
                    for mark in ((), ("--",)))
    expect(bare.returncode == 0 and bare.stdout == marked.stdout and "10.0.0.9" in bare.stdout, f"without --: {bare.stderr}")
    for words in (["--src", "10.0.0.9", "x.cfg", "--why-not=static", "GET http://x/"], ["x.cfg", "--src=10.0.0.9", "GET http://x/", "--why-not", "static"],
                  ["x.cfg", "--src=10.0.0.9", "--why-not", "static", "--", "GET http://x/"]):
        p = run("trace", "--compat=2.6", *words, x=SITE)
        expect(p.returncode == 0 and "from 10.0.0.9" in p.stdout and "\nwhy not static" in p.stdout, f"{words}: {p.stdout}{p.stderr}")
    expect(run("trace", "x.cfg", "GET http://x/", "--src", x=SITE).returncode == 2, "an option without its value")
    expect(run("trace", "x.cfg", "--", "http://x/", x="nonsense\n").returncode == 1, "a configuration with errors")


for test in (test_text, test_ends, test_why_not, test_raw, test_refused, test_tls, test_batch, test_mistakes):
    test()
finish()
