"""The scenes of `phases`: what client and server do, and lines for their proxy."""
import h2_frames as h2

SCENES = []
GET = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n"
CHUNKS = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
SILENT = ("recv", "end")
ANSWER = ("recv", OK, "end")
HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nok"
BIG = b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n" + b"b" * 9000000
LEAVE = (("closes", "close"), ("resets", "reset"), ("ends", "shut"))  # "shut": it still listens


class Scene:
    """logs: how many lines are expected; refuses, hole: nobody listens, nobody accepts; reached: the server sees something of it; occupied:
    a request of somebody else has a place at the server first; bulk: how much passes is a matter of buffers."""

    def __init__(self, name, client, server=(), config=(), mode="http", h2=False, options="", refuses=False, hole=False,
                 has_server=True, reached=True, occupied=False, logs=1, bulk=False):
        self.name, self.client, self.server, self.mode, self.h2 = name, client, server, mode, h2
        self.config = [config] if isinstance(config, str) else list(config)
        self.options, self.refuses, self.hole, self.has_server = options, refuses, hole, has_server
        self.reached, self.occupied, self.logs, self.bulk = reached, occupied, logs, bulk


def scene(*args, **more):
    SCENES.append(Scene(*args, **more))


def alone(name, client, config=(), **more):
    """No server has a part in it."""
    scene(name, client, (), config, reached=False, **more)


def left(what):
    return (what, "end") if what == "shut" else (what,)


# R: the request is still to come
for name, beginning in (("nothing", ()), ("half a line", (b"GET /", )), ("half a head", (b"GET / HTTP/1.1\r\nho", ))):
    alone("R: %s, then silence" % name, beginning + ("end",))
    alone("R: %s, then silence, http-request" % name, beginning + ("end",), "timeout http-request 150ms")
    for verb, what in LEAVE:
        alone("R: %s, client %s" % (name, verb), beginning + (0.05,) + left(what))
    alone("R: %s, dontlognull" % name, beginning + (0.05, "shut", "end"), "option dontlognull", logs=0 if not beginning else 1)
    alone("R: %s, ignored probes" % name, beginning + (0.05, "shut", "end"), "option http-ignore-probes", logs=0 if not beginning else 1)
alone("R: late half of a head", (0.2, b"GET / HTTP/1.1\r\nho", "end"))
alone("R: late half of a head, client ends", (0.2, b"GET / HTTP/1.1\r\nho", 0.1, "shut", "end"))
alone("R: garbage", (b"\x80\r\n\r\n", "end"))
alone("R: too long", (b"GET / HTTP/1.1\r\nx: " + b"v" * 20000 + b"\r\n\r\n", "end"))
alone("R: unknown coding", (b"GET / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\n\r\n", "end"))
for name, wait in (("buffered", "option http-buffer-request"), ("waited for", "http-request wait-for-body time 200ms")):
    alone("R: body %s, silence" % name, (POST + b"abc", "end"), wait)
    for verb, what in LEAVE:
        alone("R: body %s, client %s" % (name, verb), (POST + b"abc", 0.05) + left(what), wait)
    scene("R: body %s, comes" % name, (POST + b"abc", 0.1, b"defghij", "end"), ANSWER, wait)
    scene("R: chunks %s, come" % name, (CHUNKS + b"3\r\nabc\r\n", 0.1, b"0\r\n\r\n", "end"), ANSWER, wait)
for name, rule in (("deny", "http-request deny"), ("deny 429", "http-request deny deny_status 429"), ("return", "http-request return status 201 content-type a/b string x"), ("redirect", "http-request redirect location /x"),
                   ("redirect of old", "redirect prefix http://x"), ("auth", "http-request auth realm x"), ("reject", "http-request reject"), ("content reject", "tcp-request content reject"),
                   ("session reject", "tcp-request session reject"), ("connection reject", "tcp-request connection reject"), ("monitor", "monitor-uri /"), ("statistics", "stats uri /s"),
                   ("monitor fails", "monitor-uri /\n    monitor fail if TRUE"), ("no backend", "use_backend %[str(none)]")):
    for kind, request in (("", GET), (" of a body", POST + b"abcdefghij"), (" of half a body", POST + b"abc")):
        if name != "no backend" and not (name.startswith("monitor") and "body" in kind):
            alone("R: %s%s" % (name, kind), (request, "end"), rule, logs=0 if name in ("connection reject", "session reject") or name.startswith("monitor") else 1)
    alone("R: %s, 1.0" % name, (b"GET / HTTP/1.0\r\n\r\n", "end"), rule, logs=0 if name in ("connection reject", "session reject") or name.startswith("monitor") else 1, has_server=name != "no backend")
alone("R: statistics, auth", (b"GET /s HTTP/1.0\r\n\r\n", "end"), "stats uri /s\n    stats auth a:b")
for verb, what in LEAVE:
    alone("T: client %s in tarpit" % verb, (GET, 0.1) + left(what), "http-request tarpit")
    alone("T: client %s in tarpit, abortonclose" % verb, (GET, 0.1) + left(what), ("option abortonclose", "http-request tarpit"))
alone("T: tarpit", (GET, "end"), "http-request tarpit")
alone("T: tarpit 429", (GET, "end"), "http-request tarpit deny_status 429")
alone("T: tarpit, no time-out", (GET, "end"), ("timeout tarpit 0", "http-request tarpit"))
scene("R: pause of a rule", (GET, "end"), ANSWER, ("tcp-request inspect-delay 200ms", "tcp-request content accept if WAIT_END"))
scene("R: inspection of half a body", (POST + b"abc", "end"), ("recv", OK, "end"), ("tcp-request inspect-delay 200ms", "tcp-request content accept if WAIT_END"))
alone("R: inspection of half a body, reject", (POST + b"abc", "end"), ("tcp-request inspect-delay 200ms", "tcp-request content reject if WAIT_END"))
scene("R: inspection of a body that comes", (POST + b"abc", 0.1, b"defghij", "end"), ANSWER, ("tcp-request inspect-delay 300ms", "tcp-request content accept if WAIT_END"))
for verb, what in LEAVE:
    alone("R: inspection, client %s" % verb, (POST + b"abc", 0.1) + left(what), ("tcp-request inspect-delay 300ms", "tcp-request content accept if WAIT_END"))
alone("R: inspection, half a head", (b"GET / HTTP/1.1\r\n", "end"), ("tcp-request inspect-delay 200ms", "tcp-request content reject if WAIT_END"))

# Q: somebody else has the only place
for name, config in (("", ()), (", abortonclose", "option abortonclose")):
    scene("Q: time-out%s" % name, (GET, "end"), SILENT, config, options="maxconn 1", occupied=True)
    for verb, what in LEAVE:
        scene("Q: client %s%s" % (verb, name), (GET, 0.1) + left(what), SILENT, config, options="maxconn 1", occupied=True)
        scene("Q: client %s in body%s" % (verb, name), (POST + b"abc", 0.1) + left(what), SILENT, config, options="maxconn 1", occupied=True)
scene("Q: full", (GET, "end"), SILENT, options="maxconn 1 maxqueue 1", occupied=True)
scene("Q: granted", (GET, "end"), ("recv", 0.25, OK, "recv", OK, "end"), options="maxconn 1", occupied=True)

# C: no connection comes about
for name, place in (("refused", {"refuses": True}), ("hole", {"hole": True})):
    for tries, config in (("", "retries 0"), (", retry", "retries 1"), (", redispatch", "option redispatch"), (", retry on all", ("retry-on all-retryable-errors", "retries 1"))):
        scene("C: %s%s" % (name, tries), (GET, "end"), (), config, **place)
    scene("C: %s, body" % name, (POST + b"abcdefghij", "end"), (), "retries 0", **place)
    scene("C: %s, half a body" % name, (POST + b"abc", "end"), (), "retries 0", **place)
    for verb, what in LEAVE:
        for opt, config in (("", ()), (", abortonclose", "option abortonclose")):
            scene("C: %s, client %s%s" % (name, verb, opt), (GET, 0.1) + left(what), (), config, **place)
            scene("C: %s, client %s in body%s" % (name, verb, opt), (POST + b"abc", 0.1) + left(what), (), config, **place)
alone("C: no server", (GET, "end"), has_server=False)
alone("C: disabled server", (GET, "end"), options="disabled")
alone("C: server in drain", (GET, "end"), options="weight 0")
scene("C: moved", (GET, "end"), (), options="redir http://elsewhere", reached=False)

# H: what the server does instead of answering
for kind, request in (("", GET), (", post", POST + b"abcdefghij"), (", half a body", POST + b"abc"), (", chunks", CHUNKS + b"3\r\nabc\r\n")):
    for name, server in (("silence", SILENT), ("closes", ("recv", 0.1, "close")), ("resets", ("recv", 0.1, "reset")), ("ends", ("recv", 0.1, "shut", "end")),
                         ("half a head", ("recv", b"HTTP/1.1 200 OK\r\nco", "end")), ("half a head, closes", ("recv", b"HTTP/1.1 200 OK\r\nco", 0.1, "close")), ("junk", ("recv", b"junk\r\n\r\n", "end")),
                         ("hint, silence", ("recv", b"HTTP/1.1 103 Hints\r\nlink: a\r\n\r\n", "end")), ("hint, closes", ("recv", b"HTTP/1.1 103 Hints\r\nlink: a\r\n\r\n", 0.1, "close")),
                         ("hint, answer", ("recv", b"HTTP/1.1 103 Hints\r\nlink: a\r\n\r\n", 0.1, OK, "end")), ("answer", ANSWER), ("late answer", ("recv", 0.2, OK, "end")),
                         ("closes at once", ("close",)), ("early answer, closes", (OK, "close")), ("deny", ("recv", OK, "recv", "end"))):
        config = ("http-response deny",) if name == "deny" else ()
        scene("H: %s%s" % (name, kind), (request, "end"), server, config)
    for verb, what in LEAVE:
        for opt, config in (("", ()), (", abortonclose", "option abortonclose")):
            scene("H: client %s%s%s" % (verb, kind, opt), (request, 0.1) + left(what), SILENT, config)
            scene("H: client %s%s, answered%s" % (verb, kind, opt), (request, 0.1) + left(what), ("recv", 0.25, OK, "end"), config)
for name, server in (("closes", ("recv", "close")), ("silence", SILENT), ("503", ("recv", b"HTTP/1.1 503 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", "close")), ("junk", ("recv", b"junk\r\n\r\n", "close"))):
    scene("H: %s, retried" % name, (GET, "end"), server, ("retry-on all-retryable-errors", "retries 1"))
    scene("H: %s, redispatched" % name, (GET, "end"), server, ("retry-on all-retryable-errors", "retries 1", "option redispatch"))
    scene("H: %s, two retries of a body" % name, (POST + b"abcdefghij", "end"), server, ("retry-on all-retryable-errors", "retries 2"))
for name, rule in (("deny", "http-response deny"), ("return", "http-response return status 201"), ("redirect", "http-response redirect location /x"), ("silent drop", "http-response silent-drop"),
                   ("after", "http-after-response set-status 202"), ("body", "http-response wait-for-body time 200ms")):
    scene("H: %s in a rule" % name, (GET, "end"), ANSWER, rule)
    scene("H: %s in a rule, half a body" % name, (GET, "end"), ("recv", HALF, "end"), rule)
    scene("H: %s in a rule, rest of a body" % name, (GET, "end"), ("recv", HALF, 0.1, b"ok", "end"), rule)

# D: bodies
for kind, begin in (("length", HALF), ("chunks", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"), ("until the end", b"HTTP/1.1 200 OK\r\n\r\nok")):
    for name, server in (("stops", ("end",)), ("closes", (0.1, "close")), ("resets", (0.1, "reset")), ("ends", (0.1, "shut", "end"))):
        scene("D: %s, server %s" % (kind, name), (GET, "end"), ("recv", begin) + server)
    for verb, what in LEAVE:
        for opt, config in (("", ()), (", abortonclose", "option abortonclose")):
            scene("D: %s, client %s%s" % (kind, verb, opt), (GET, 0.1) + left(what), ("recv", begin, "end"), config)
scene("D: bad chunk", (GET, "end"), ("recv", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n", 0.1, b"zz\r\n", "end"))
scene("D: client does not read", (GET, 1.0), ("recv", BIG, "end"), bulk=True)
scene("D: client does not read, then leaves", (GET, 0.2, "reset"), ("recv", BIG, "end"), bulk=True)
scene("D: client does not read, server leaves", (GET, 1.0), ("recv", BIG, "close"), bulk=True)
scene("D: request stops, answered", (POST + b"abc", "end"), ("recv", OK, "end"))
scene("D: request stops while the answer goes on", (POST + b"abc", "end"), ("recv", HALF, "end"))
scene("D: bad chunk of a request", (CHUNKS + b"3\r\nabc\r\n", 0.1, b"zz\r\n", "end"), SILENT)
scene("D: server closes in the request's body", (POST + b"abc", 0.2, b"defghij", "end"), ("recv", "close"))
scene("D: server answers and closes in the request's body", (POST + b"abc", 0.2, b"defghij", "end"), ("recv", OK, "close"))

# tunnels
UPGRADE = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
for kind, request, answer in (("upgrade", UPGRADE, SWITCH), ("connect", b"CONNECT h:1 HTTP/1.1\r\nhost: h:1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")):
    for name, server in (("is silent", ("end",)), ("closes", (0.1, "close")), ("resets", (0.1, "reset")), ("talks and closes", (b"abc", 0.1, "close"))):
        scene("tunnel: %s, server %s" % (kind, name), (request, "until:\r\n\r\n", b"x", "end"), ("recv", answer) + server)
        scene("tunnel: %s, server %s, time-out" % (kind, name), (request, "until:\r\n\r\n", b"x", "end"), ("recv", answer) + server, "timeout tunnel 200ms")
    for verb, what in LEAVE:
        scene("tunnel: %s, client %s" % (kind, verb), (request, "until:\r\n\r\n", b"x", 0.1) + left(what), ("recv", answer, "end"))
        scene("tunnel: %s, client %s, fin" % (kind, verb), (request, "until:\r\n\r\n", b"x", 0.1) + left(what), ("recv", answer, 3), ("timeout server-fin 150ms", "timeout client-fin 150ms"))
    scene("tunnel: %s refused" % kind, (request, "end"), ANSWER)
    scene("tunnel: %s, silence" % kind, (request, "end"), SILENT)

# connections that stay
TWO = {"logs": 2}
scene("keep-alive: two requests", (GET, "until:ok", 0.1, GET, "end"), ("recv", OK, "recv", OK, "end"), **TWO)
scene("keep-alive: time-out", (GET, "end"), ANSWER, "timeout http-keep-alive 100ms")
for kind, request in (("", GET), (" of a body", POST + b"abcdefghij")):
    scene("keep-alive: new connection closes at the second%s" % kind, (GET, "until:ok", 0.1, request, "end"), ("recv", OK, "close"), "option http-server-close\n    use-server t if { var(sess.n) -m found }\n    http-after-response set-var(sess.n) int(1)\n    server t 127.0.0.1:CLOSER weight 0", reached=False)
for kind, port in (("is not there", "1"), ("is a hole", "HOLE")):
    scene("keep-alive: server of the second %s" % kind, (GET, "until:ok", 0.1, GET, "end"), ("recv", OK, "end"), "use-server t if { var(sess.n) -m found }\n    http-after-response set-var(sess.n) int(1)\n    server t 127.0.0.1:%s weight 0" % port, logs=2)
scene("keep-alive: half a second request", (GET, "until:ok", b"GET", "end"), ANSWER, **TWO)
scene("keep-alive: half a second request, client closes", (GET, "until:ok", b"GET", 0.1, "close"), ANSWER, **TWO)
scene("keep-alive: bad second request", (GET, "until:ok", b"G(T / HTTP/1.1\r\n\r\n", "end"), ANSWER, **TWO)
scene("keep-alive: server closes between", (GET, "until:ok", 0.2, GET, "end"), ("recv", OK, 0.1, "close"), **TWO)
scene("keep-alive: server closes at the second", (GET, "until:ok", 0.1, GET, "end"), ("recv", OK, "recv", "close"))
scene("keep-alive: server closes at the second of a body", (GET, "until:ok", 0.1, POST + b"abcdefghij", "end"), ("recv", OK, "recv", "close"))
scene("keep-alive: server silent at the second", (GET, "until:ok", 0.1, GET, "end"), ("recv", OK, "recv", "end"), **TWO)
scene("keep-alive: refused second", (GET, "until:ok", 0.1, POST + b"abcdefghij", "end"), ("recv", OK, "recv", OK, "end"), "http-request deny if { method POST }", **TWO)
for name in ("httpclose", "http-server-close", "http-pretend-keepalive", "prefer-last-server"):
    scene("keep-alive: option %s" % name, (GET, "until:ok", 0.1, GET, "end"), ("recv", OK, "recv", OK, "end"), "option " + name, logs=1 if name == "httpclose" else 2)

# cookies: the letters behind the state
SET = OK.replace(b"\r\n\r\n", b"\r\nset-cookie: C=s; path=/\r\n\r\n", 1)
for name, cookie in (("none", b""), ("valid", b"cookie: C=s\r\n"), ("invalid", b"cookie: C=x\r\n"), ("empty", b"cookie: C=\r\n"), ("with a prefix", b"cookie: C=s~y\r\n"), ("old", b"cookie: C=s|AAAAA|AAAAA\r\n"),
                     ("of a down server", b"cookie: C=d\r\n"), ("undated", b"cookie: C=s|\r\n")):
    for kind, line in (("insert", "cookie C insert"), ("indirect", "cookie C insert indirect"), ("nocache", "cookie C insert indirect nocache postonly"), ("rewrite", "cookie C rewrite"), ("prefix", "cookie C prefix"),
                       ("preserve", "cookie C insert preserve indirect"), ("dates", "cookie C insert indirect maxidle 1h maxlife 2h")):
        for answer, server in (("", ANSWER), (", set by the server", ("recv", SET, "end"))):
            scene("cookie %s, %s%s" % (kind, name, answer), (GET[:-2] + cookie + b"\r\n", "end"), server, (line, "capture cookie C len 8", "server d 127.0.0.1:1 cookie d disabled"), options="cookie s")
scene("cookie of a down server, persist", (GET[:-2] + b"cookie: C=d\r\n\r\n", "end"), ANSWER, ("cookie C insert", "option persist", "server d 127.0.0.1:1 cookie d disabled"), options="cookie s", reached=False)
scene("cookie of a server that refuses, redispatch", (GET[:-2] + b"cookie: C=d\r\n\r\n", "end"), ANSWER, ("cookie C insert", "option redispatch", "server d 127.0.0.1:1 cookie d weight 0"), options="cookie s")

# tcp-response content in mode http: the first look is as soon as there is a connection
def content(name, rules, server=("recv", 0.15, OK, "end"), more=(), client=(GET, "end"), **kw):
    scene("content: " + name, client, server, ["tcp-response " + r for r in rules] + list(more), **kw)


for kind, server in (("", ("recv", 0.15, OK, "end")), (", silence", SILENT), (", junk", ("recv", 0.05, b"junk\r\n\r\n", "end")), (", closes", ("recv", 0.15, "close")),
                     (", slow body", ("recv", HALF, 0.15, b"ok", "end")), (", chunks", ("recv", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n", 0.15, b"0\r\n\r\n", "end"))):
    for delay in ("", "50ms", "400ms"):
        for rule in ("accept", "reject", "close", "reject if { status 200 }", "close if { status 200 }", "reject if WAIT_END", "silent-drop if WAIT_END", "reject if { res.len gt 40 }", "close if !{ status 200 }"):
            content("%s%s%s" % (rule, delay and " after " + delay, kind), ["content " + rule] + (["inspect-delay " + delay] if delay else []), server)
content("longer than the server's time-out", ["content reject if WAIT_END", "inspect-delay 1500ms"], SILENT)
for verb, what in LEAVE:
    for opt, config in (("", []), (", abortonclose", ["option abortonclose"])):
        content("client %s%s" % (verb, opt), ["content reject if WAIT_END", "inspect-delay 300ms"], SILENT, client=(GET, 0.1) + left(what), more=config)
content("payload is none in mode http", ["content reject unless { res.payload(0,4) -m str HTTP }", "inspect-delay 300ms"])
content("variables", ["inspect-delay 300ms", "content set-var(txn.a) status", "content set-var(txn.b) str(x)", "content set-var(txn.c) str(y) if { status 200 }", "content set-var(txn.d) status"],
        more=["http-response set-header x %[var(txn.a)]/%[var(txn.b)]/%[var(txn.c)]/%[var(txn.d)]"])
content("second request", ["inspect-delay 300ms", "content reject if { method POST } { status 200 }"], ("recv", OK, "recv", OK, "end"), client=(GET, "until:ok", POST + b"abcdefghij", "end"), logs=2)
content("out of the cache", ["content reject if { var(txn.x) -m str 1 }"], ("recv", OK.replace(b"\r\n\r\n", b"\r\ncache-control: max-age=60\r\n\r\n"), "end"), client=(GET, "until:ok", GET[:-2] + b"x: 1\r\n\r\n", "end"),
        more=["http-request set-var(txn.x) req.hdr(x)", "http-request cache-use kept", "http-response cache-store kept"], logs=2)
content("statistics", ["content reject"], client=(b"GET /s HTTP/1.0\r\n\r\n", "end"), more=["stats uri /s"], reached=False)
content("return", ["content reject"], more=["http-request return status 200"], reached=False)

# HTTP/2 clients
PREFACE = h2.PREFACE + h2.settings()
ACK = h2.frame(h2.SETTINGS, h2.ACK, 0)


def ask(end=True, method="GET", *fields):
    return PREFACE + h2.headers(1, h2.fields((":method", method), (":scheme", "http"), (":path", "/"), (":authority", "h"), *fields), end)


def two(name, client, server=(), config=(), **more):
    scene("h2: " + name, client, server, config, h2=True, **more)


RESET = h2.frame(h2.RST, 0, 1, b"\0\0\0\x08")
AWAY = h2.frame(h2.GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\0")
LEAVE2 = LEAVE + (("resets the stream", RESET), ("says goodbye", AWAY))
two("nothing but a preface", (PREFACE, "end"), reached=False, logs=0)
for name, config in (("deny", "http-request deny"), ("tarpit", "http-request tarpit"), ("return", "http-request return status 201"), ("redirect", "redirect location /x"), ("reject", "http-request reject"),
                     ("content reject", "tcp-request content reject"), ("monitor", "monitor-uri /")):
    two(name, (ask(), "end"), (), config, reached=False, logs=0 if name == "monitor" else 1)
    two(name + " of half a body", (ask(False, "POST") + h2.data(1, b"abc"), "end"), (), config, reached=False, logs=0 if name == "monitor" else 1)
for name, server in (("silence", SILENT), ("closes", ("recv", 0.1, "close")), ("resets", ("recv", 0.1, "reset")), ("half a head", ("recv", b"HTTP/1.1 200 OK\r\nco", "end")), ("junk", ("recv", b"junk\r\n\r\n", "end")),
                     ("answer", ANSWER), ("stops in the body", ("recv", HALF, "end")), ("closes in the body", ("recv", HALF, 0.1, "close")), ("resets in the body", ("recv", HALF, 0.1, "reset")),
                     ("closes in chunks", ("recv", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n", 0.1, "close"))):
    two(name, (ask(), "end"), server)
    two(name + ", post", (ask(False, "POST") + h2.data(1, b"abc", True), "end"), server)
    two(name + ", half a body", (ask(False, "POST", ("content-length", "9")) + h2.data(1, b"abc"), "end"), server)
two("client does not read", (ask(), 1.0), ("recv", BIG, "end"), bulk=True)
for verb, what in LEAVE2:
    end = left(what) if isinstance(what, str) else (what, "end")
    for opt, config in (("", ()), (", abortonclose", "option abortonclose")):
        two("client %s%s" % (verb, opt), (ask(), 0.1) + end, SILENT, config)
        two("client %s, late answer%s" % (verb, opt), (ask(), 0.1) + end, ("recv", 0.25, OK, "end"), config)
        two("client %s in its body%s" % (verb, opt), (ask(False, "POST") + h2.data(1, b"abc"), 0.1) + end, SILENT, config)
        two("client %s in the answer%s" % (verb, opt), (ask(), 0.1) + end, ("recv", HALF, "end"), config)
        two("client %s in tarpit%s" % (verb, opt), (ask(), 0.1) + end, (), tuple([config] if config else []) + ("http-request tarpit",), reached=False)
    two("client %s in the queue" % verb, (ask(), 0.1) + end, SILENT, options="maxconn 1", occupied=True)
    two("client %s while connecting" % verb, (ask(), 0.1) + end, (), hole=True)
    two("client %s while its body is waited for" % verb, (ask(False, "POST") + h2.data(1, b"abc"), 0.1) + end, (), "option http-buffer-request", reached=False)
two("body is waited for", (ask(False, "POST") + h2.data(1, b"abc"), "end"), (), "option http-buffer-request", reached=False)
two("queue", (ask(), "end"), SILENT, options="maxconn 1", occupied=True)
two("refused", (ask(), "end"), (), refuses=True)
two("hole", (ask(), "end"), (), hole=True)
two("no server", (ask(), "end"), has_server=False, reached=False)
two("closes, retried", (ask(), "end"), ("recv", "close"), ("retry-on all-retryable-errors", "retries 1"))

# mode tcp
for name, client, server, more in (
        ("plain", (b"a", "end"), ("recv", b"b", 0.1, "close"), {}), ("refused", (b"a", "end"), (), {"refuses": True}), ("hole", (b"a", "end"), (), {"hole": True}), ("no server", ("end",), (), {"has_server": False, "reached": False}),
       
        ("inspection", ("end",), (), {"config": ("tcp-request inspect-delay 200ms", "tcp-request content reject if WAIT_END"), "reached": False}),
        ("server resets", (b"a", "end"), ("recv", 0.1, "reset"), {}), ("client resets", (b"a", 0.1, "reset"), ("end",), {}), ("server reads nothing", (b"a" * 9000000, "end"), (1.5,), {"bulk": True})):
    scene("tcp: " + name, client, server, mode="tcp", **more)
