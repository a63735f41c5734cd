"""Lists in Connection: empty elements, blanks, several fields; as received, as rules make them, in both directions. Names of protocols and
versions in start lines. Fields without a name, redirects without a Host field, targets above 0x7e."""
PROBES = []
OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"
SHOW = "http-%s capture %s.fhdr(connection) id 0\nhttp-%s set-header z [%%[%s.fhdr(connection)]]%%[%s.hdrs,length]"
REQ = "declare capture request len 50\n" + SHOW % ("request", "req", "request", "req", "req")
RES = "declare capture response len 50\n" + SHOW % ("response", "res", "response", "res", "res")
PLAIN = "capture request header connection len 40\ncapture response header connection len 40\n"
VALUES = ("upgrad,, keep-alive", "x ,, close", "a ,close", "close,,a", "close,,", ",close", ",,close", "a,", "a,,", "a, ,", "a , ,b", ",", "", ", ,", "a , keep-alive , b", "keep-alive, a ,, b ", "keep-alive,,a,,",
          "upgrade,,", "close,upgrade, keep-alive", "a,upgrade,,keep-alive, ,b", "a ,keep-alive, ", "keep-alive, ,", "close\tx", "a,\t,close")
for v in VALUES:
    for version in ("1.1", "1.0"):
        name = " %s %r" % (version, v)
        get = "GET / HTTP/%s\r\nHost: h\r\n" % version
        PROBES.append(Probe("request" + name, get + "Connection: %s\r\n\r\n" % v, OK + "\r\n", fe=REQ))
        PROBES.append(Probe("request, as it is" + name, get + "Connection: %s\r\n\r\n" % v, OK + "\r\n", fe=PLAIN))
        PROBES.append(Probe("response" + name, get + "\r\n", OK + "Connection: %s\r\n\r\n" % v, fe=RES))
        PROBES.append(Probe("response, as it is" + name, get + "\r\n", OK + "Connection: %s\r\n\r\n" % v, fe=PLAIN))
        if v:
            word = v.replace("\t", "\\t").replace(" ", "\\ ")
            PROBES.append(Probe("rule of requests" + name, get + "\r\n", OK + "\r\n", fe="http-request set-header connection " + word))
            PROBES.append(Probe("rule of responses" + name, get + "\r\n", OK + "\r\n", fe="http-response set-header connection " + word))
SOME = ("a,,", "close", "keep-alive", "upgrade", ",", "b,,keep-alive")
for a in SOME:
    for b in SOME:
        PROBES.append(Probe("two %r %r" % (a, b), "GET / HTTP/1.1\r\nHost: h\r\nConnection: %s\r\nX: y\r\nConnection: %s\r\n\r\n" % (a, b), OK + "\r\n", fe=REQ))
        PROBES.append(Probe("two in response %r %r" % (a, b), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", OK + "Connection: %s\r\nConnection: %s\r\n\r\n" % (a, b), fe=RES))

SEEN = "http-%s set-header z <%%[%s.ver]>\nhttp-%s set-header f 1 if { %s.ver -m found }"
VERSIONS = ("HTTP01.1", "HTTP/101", "HTTP02.0", "HTTP0011", "HTTP0101", "HTTPX1.1", "HTTP.1.1", "HTTP/X.1", "HTTP/1.X", "HTTP/1X1", "HTTP/01.1", "HTTP/1.", "HTTP/", "HTTP", "ICY/1.1", "RTSP/1.1", "XXXX/1.1", "XXXX/1.0",
            "1234/2.0", "ABCDE/1.1", "/TTP/1.1", "/1", "1", "xTTP/1.1", "A/1.1/2")
for v in VERSIONS:
    for how, option in (("", ""), (", accepted", "option accept-invalid-http-%s\n")):
        PROBES.append(Probe("version %s%s" % (v, how), "GET / %s\r\nHost: h\r\n\r\n" % v, fe=(option and option % "request") + SEEN % (("request", "req") * 2)))
        PROBES.append(Probe("version of response %s%s" % (v, how), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "%s 200 OK\r\ncontent-length: 0\r\n\r\n" % v,
                            be=(option and option % "response") + SEEN % (("response", "res") * 2)))

for f in ("hdr", "fhdr"):
    for a in ("", "()", "(,1)", "(,-1)"):
        for side, p in (("request", "req"), ("response", "res")):
            e = p + "." + f + a
            PROBES.append(Probe(e, "GET / HTTP/1.1\r\nHost: h\r\nX: a,b\r\nY: c, d \r\n\r\n", OK + "X-R: r1, r2\r\n\r\n",
                                fe="http-%s set-header z <%%[%s]>\nhttp-%s set-header m 1 if { %s -m found }" % (side, e, side, e)))
for v in ("a ", " a", "  ", "a ,b ", " , a ", "\"a "):
    word = v.replace("\"", "\\\"").replace(" ", "\\ ")
    PROBES.append(Probe("blanks %r" % v, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", fe="http-request set-header x %s\nhttp-request set-header y [%%[req.fhdr(x)]][%%[req.hdr(x)]]\n"
                        "http-request replace-header x ^(\\s*)(.*?)(\\s*)$ [\\1<\\2>\\3]" % word))

for t in ("http://abs/a?b", "http://abs", "http://abs?x", "/x?y", "*"):
    for rule in ("scheme https", "prefix http://p"):
        for host in ("", "Host: abs\r\n"):
            PROBES.append(Probe("redirect %s %s %s" % (rule, t, host.strip()), "%s %s HTTP/1.1\r\n%s\r\n" % ("OPTIONS" if t == "*" else "GET", t, host), fe="http-request redirect " + rule))
    PROBES.append(Probe("redir of server " + t, "%s %s HTTP/1.1\r\n\r\n" % ("OPTIONS" if t == "*" else "GET", t), srv="redir http://r"))
for i, t in enumerate((b"/\x7f", b"/a\x7fb", b"/#\x7f", b"/\x80", b"/\x80b\x7f", b"/#b\x80aa\x7f$", b"/#\x7f\xa3a\x7f", b"/\x80#\x7f$\x80$##", b"/aa\x7f\xff\x80#\xa3\x7fa\x80\x7f!")):
    for option in ("", "option accept-invalid-http-request"):
        PROBES.append(Probe("high bytes %d %s" % (i, option), b"GET " + t + b" HTTP/1.1\r\nHost: h\r\n\r\n", fe=option))
