"""Options and keywords of proxies that change messages or where they go."""
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-A: one\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
PROBES = []


def add(name, fe="", be="", client=GET, server=OK, **more):
    PROBES.append(Probe(name, client, server, fe=fe, be=be, **more))


# --- names of header fields
ODD = b"GET /a HTTP/1.1\r\nHost: h\r\nX_Odd: 1\r\nX.Odd: 2\r\nx-even: 3\r\nX~: 4\r\n\r\n"
for how in ("preserve", "delete", "reject"):
    add("restrict names, frontend " + how, "option http-restrict-req-hdr-names " + how, client=ODD)
    add("restrict names, backend " + how, be="option http-restrict-req-hdr-names " + how, client=ODD)
    add("restrict names, nothing odd " + how, be="option http-restrict-req-hdr-names " + how)
add("restrict names behind rules", "option http-restrict-req-hdr-names delete\nhttp-request set-header X_Y z\nhttp-request del-header x-even", client=ODD)
add("restrict names, deny first", "option http-restrict-req-hdr-names reject\nhttp-request return status 201", client=ODD)

# --- who it came from, where it went
add("originalto", "option originalto\nhttp-request set-dst str(192.0.2.1)")
add("originalto, name", "option originalto header X-To\nhttp-request set-dst str(192.0.2.1)")
add("originalto, except", "option originalto except 127.0.0.0/8")
add("originalto, except another", "option originalto except 10.0.0.0/8\nhttp-request set-dst str(192.0.2.1)")
add("originalto, backend", be="option originalto\nhttp-request set-dst str(192.0.2.1)")
add("originalto, both", "option originalto header X-F\nhttp-request set-dst str(192.0.2.1)", be="option originalto header X-B")
add("originalto, there already", "option originalto\nhttp-request set-dst str(192.0.2.1)", client=b"GET / HTTP/1.1\r\nHost: h\r\nX-Original-To: 1.1.1.1\r\n\r\n")
add("originalto, ipv6", "option originalto\nhttp-request set-dst str(2001:db8::1)")
add("forwardfor and originalto", "option forwardfor\noption originalto\nhttp-request set-dst str(192.0.2.1)\nunique-id-format id\nunique-id-header X-Id")

# --- the server's name
add("send name", be="http-send-name-header X-Server")
add("send name, there already", be="http-send-name-header X-Server", client=b"GET / HTTP/1.1\r\nHost: h\r\nX-Server: q\r\nX-Server: r\r\n\r\n")
add("send name as host", be="http-send-name-header Host")

# --- cookies in the log
C = b"GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; SESSION=abcdefgh; SES=2\r\nCookie: SESSX=9\r\n\r\n"
S = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: SESSION=xyz; path=/\r\nSet-Cookie: SES=3\r\n\r\n"
for what in ("SES len 40", "SES= len 40", "SESSION len 10", "SESSION= len 3", "none len 5", "a len 3", "SESSX len 20"):
    add("capture cookie " + what, "capture cookie " + what, client=C, server=S)
add("capture cookie, odd spaces", "capture cookie A len 20", client=b"GET / HTTP/1.1\r\nHost: h\r\nCookie:   A = 1 ;B=2\r\n\r\n",
    server=b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: A = 7 ; path=/\r\n\r\n")

# --- persistence
for how in ("force-persist", "ignore-persist"):
    for cond in ("if TRUE", "if { path /a }", "unless { path /a }"):
        add("%s %s" % (how, cond), be="cookie S insert indirect\n%s %s" % (how, cond), srv="cookie s1",
            client=b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: S=s1\r\n\r\n")
        add("%s %s, down" % (how, cond), be="cookie S insert indirect\n%s %s" % (how, cond), srv="cookie s1 disabled",
            client=b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: S=s1\r\n\r\n")

# --- checkcache
for i, (status, cc, extra) in enumerate([
        ("200 OK", "", ""), ("200 OK", "Cache-Control: private\r\n", ""), ("200 OK", "Cache-Control: no-store\r\n", ""),
        ("200 OK", "Cache-Control: max-age=0\r\n", ""), ("200 OK", "Cache-Control: max-age=10\r\n", ""), ("200 OK", "Cache-Control: s-maxage=0\r\n", ""),
        ("200 OK", "Cache-Control: no-cache\r\n", ""), ("200 OK", "Cache-Control: no-cache=\"set-cookie\"\r\n", ""),
        ("200 OK", "Cache-Control: no-cache=\"set-cookie, x\"\r\n", ""), ("200 OK", "Cache-Control: no-cache=\"x\"\r\n", ""),
        ("200 OK", "Cache-Control: public\r\n", ""), ("302 Found", "", ""), ("302 Found", "Cache-Control: public\r\n", ""), ("200 OK", "Pragma: no-cache\r\n", ""),
        ("404 No", "", ""), ("301 Moved", "", ""), ("500 No", "", ""), ("200 OK", "Cache-Control: public, no-cache\r\n", ""), ("200 OK", "Cache-Control: private, public\r\n", ""),
        ("200 OK", "Cache-Control: public, max-age=0\r\n", "")]):
    res = ("HTTP/1.1 %s\r\ncontent-length: 0\r\n%sSet-Cookie: a=b\r\n\r\n" % (status, cc)).encode()
    add("checkcache %d" % i, be="option checkcache", server=res)
    add("checkcache %d, POST" % i, be="option checkcache", server=res, client=b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
add("checkcache, no cookie", be="option checkcache")
add("checkcache, own cookie", be="option checkcache\ncookie S insert", srv="cookie s1")
add("checkcache, own cookie nocache", be="option checkcache\ncookie S insert nocache", srv="cookie s1")

# --- letter case
CASE = "h1-case-adjust x-adjust X-AdJuSt\nh1-case-adjust content-length Content-LENGTH\nh1-case-adjust host HOST"
add("case adjust server", be="option h1-case-adjust-bogus-server", client=b"GET / HTTP/1.1\r\nHost: h\r\nx-adjust: 1\r\nX-Other: 2\r\n\r\n", glob=CASE)
add("case adjust client", "option h1-case-adjust-bogus-client", server=b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nx-adjust: 1\r\nX-Other: 2\r\n\r\na", glob=CASE)
add("case adjust neither", client=b"GET / HTTP/1.1\r\nHost: h\r\nx-adjust: 1\r\n\r\n", glob=CASE)
add("case adjust added", "http-request set-header x-adjust 5\noption h1-case-adjust-bogus-client\nhttp-request return status 200 hdr x-adjust 7 string abc content-type text/plain", glob=CASE)
add("case adjust both, added", "option h1-case-adjust-bogus-client\nhttp-request set-header x-adjust 5\nhttp-response set-header x-adjust 6", be="option h1-case-adjust-bogus-server", glob=CASE)

# --- malformed messages that may pass
for i, t in enumerate(['/a"b', "/a<b>", "/a\\b", "/a^b", "/a`b", "/a{b|c}", "/a\x7f", "/a\x01", "/a#b", "/a\xe9b", "/%zz", "/a\xffb"]):
    add("invalid target %d" % i, "option accept-invalid-http-request", client="GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % t)
    add("invalid target %d, refused" % i, client="GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % t)
for i, n in enumerate(["X(a): 1", "X a: 1", "X\x01a: 1", "X\xe9: 1", "X@: 1", "X/y: 1", "X\x7f: 1", ": 1", "X : 1", "X\t: 1", "Y", "X[]: 1", "\"X\": 1", "X\x00a: 1"]):
    add("invalid name %d" % i, "option accept-invalid-http-request", client="GET / HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n" % n)
    add("invalid name %d of response" % i, be="option accept-invalid-http-response", server="HTTP/1.1 200 OK\r\ncontent-length: 0\r\n%s\r\n\r\n" % n)
for i, v in enumerate(["HTTP/1.10", "HTTP/11.1", "RTSP/1.0", "XTTP/1.1", "HTTP/2.5", "http/1.1", "HTTP/1", "HTTP/1.x", "ABCD/1.1"]):
    add("invalid version %d" % i, "option accept-invalid-http-request", client="GET / %s\r\nHost: h\r\n\r\n" % v)
    add("invalid version %d of response" % i, be="option accept-invalid-http-response", server="%s 200 OK\r\ncontent-length: 0\r\n\r\n" % v)
add("http 0.9", "option accept-invalid-http-request", client=b"GET /\r\n\r\n")

# --- monitor-uri
add("monitor", "monitor-uri /up", client=b"GET /up HTTP/1.1\r\nHost: h\r\n\r\n")
add("monitor, query", "monitor-uri /up", client=b"GET /up?x HTTP/1.1\r\nHost: h\r\n\r\n")
add("monitor, absolute", "monitor-uri /up", client=b"GET http://h/up HTTP/1.1\r\nHost: h\r\n\r\n")

add("monitor, fails", "monitor-uri /up\nmonitor fail if TRUE", client=b"GET /up HTTP/1.1\r\nHost: h\r\n\r\n")

# --- Proxy-Connection
add("proxy header", "option http-use-proxy-header", client=b"GET http://h/ HTTP/1.1\r\nHost: h\r\nProxy-Connection: close\r\n\r\n")
add("proxy header, 1.0", "option http-use-proxy-header", client=b"GET http://h/ HTTP/1.0\r\nHost: h\r\nProxy-Connection: keep-alive\r\n\r\n")
add("proxy header, 401", "option http-use-proxy-header\nhttp-request auth", client=b"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n")
add("no proxy header", client=b"GET http://h/ HTTP/1.1\r\nHost: h\r\nProxy-Connection: close\r\n\r\n")
for o in ("nolinger", "independent-streams", "http-no-delay", "tcp-smart-accept", "socket-stats", "idle-close-on-response"):
    add("option " + o, "option " + o)
for o in ("tcp-smart-connect", "http-pretend-keepalive", "prefer-last-server"):
    add("option " + o, be="option " + o)
add("pretend keep-alive, close", be="option http-pretend-keepalive\noption httpclose")
add("pretend keep-alive, server close", be="option http-pretend-keepalive\noption http-server-close")
