"""Actions of http-request and http-response rules."""
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-A: one\r\n\r\nok"
EXP = "expose-experimental-directives"
GET = b"GET /a/b?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
PROBES = []


def add(name, fe="", be="", client=GET, server=OK, **more):
    PROBES.append(Probe(name, client, server, fe=fe, be=be, **more))


# --- normalize-uri
NORMALIZERS = ["fragment-encode", "fragment-strip", "path-merge-slashes", "path-strip-dot", "path-strip-dotdot",
               "path-strip-dotdot full", "percent-decode-unreserved", "percent-decode-unreserved strict",
               "percent-to-uppercase", "percent-to-uppercase strict", "query-sort-by-name"]
TARGETS = ["/", "//", "///a//b///", "/.", "/./bar/", "/a/./a", "/.well-known/", "/./", "/a/.", "/a/..", "/foo/../", "/foo/../bar/",
           "/foo/bar/../", "/../bar/", "/bar/../../", "/foo//../", "/foo/%2E%2E/", "/..", "/../..", "/a/../../b/../c", "/a/.../b",
           "/%61dmin", "/foo%3Fbar=baz", "/%%36%36", "/%ZZ", "/%6f", "/%6", "/%", "/%7e%5F%2d%2E%41%7A%30", "/a%2fb?q=%2f%61",
           "/?b=1&a=2&c", "/?a=2&a=1&A=0&b", "/?", "/?&&a&", "/?c=3&b=2&a=1&aa=0&a%3d=4", "/x?b#a", "/a?%zz", "/a//b?x=//y/../z",
           "http://u.example//a/./b/../c?b&a", "*", "/a/b/?./..//", "/?a&b&a=0", "/?z=1;y=2&x"]
for n in NORMALIZERS:
    for i, t in enumerate(TARGETS):
        m = "OPTIONS" if t == "*" else "GET"
        add("normalize %s %d" % (n, i), "http-request normalize-uri " + n, client="%s %s HTTP/1.1\r\nHost: u.example\r\n\r\n" % (m, t))
for i, t in enumerate(["/#foo", "/a#b?c=1", "/a?b#c#d", "#", "/%23#x"]):
    for n in ("fragment-encode", "fragment-strip"):
        add("normalize %s fragment %d" % (n, i), "option accept-invalid-http-request\nhttp-request normalize-uri " + n,
            client="GET %s HTTP/1.1\r\nHost: u.example\r\n\r\n" % t)

# --- early-hint
add("early hint", "http-request early-hint Link </a>")
add("early hints", "http-request early-hint Link </a>\nhttp-request early-hint X-B %[path]\nhttp-request set-header a b")
add("early hints apart", "http-request early-hint Link </a>\nhttp-request set-header a b\nhttp-request early-hint X-B %[path]")
add("early hints, second not", "http-request early-hint Link </a>\nhttp-request early-hint X-B b if FALSE\nhttp-request set-header a b")
add("early hints, first not", "http-request early-hint Link </a> if FALSE\nhttp-request early-hint X-B b\nhttp-request set-header a b")
add("early hints, middle not", "http-request early-hint Link </a>\nhttp-request early-hint X-M m if FALSE\nhttp-request early-hint X-B b\nhttp-request set-header a b")
add("early hint, then deny", "http-request early-hint Link </a>\nhttp-request deny")
add("early hint in backend", be="http-request early-hint Link </a>")
add("early hint, both", "http-request early-hint Link </a>", be="http-request early-hint Link </b>")
add("early hint, 1.0", "http-request early-hint Link </a>", client=b"GET / HTTP/1.0\r\n\r\n")
add("early hint, nothing", "http-request early-hint Link %[hdr(nothere)]")

# --- wait-for-body
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"
LEN = "http-request set-header x-len %[req.body_len]:%[req.body]\n"
add("wait for body", "http-request wait-for-body time 300ms\n" + LEN, client=[POST, b"01234", b"56789"])
add("wait for body, at least 3", "http-request wait-for-body time 300ms at-least 3\n" + LEN, client=[POST, b"01234", b"56789"])
add("wait for body, at least 7", "http-request wait-for-body time 300ms at-least 7\n" + LEN, client=[POST, b"01234", b"56789"])
add("wait for body, late", "http-request wait-for-body time 100ms\n" + LEN, client=[POST, b"01234"])
add("wait for body, none", "http-request wait-for-body time 100ms\n" + LEN)
add("wait for body, chunked", "http-request wait-for-body time 300ms\n" + LEN,
    client=[b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"])
add("wait for body, chunked, at least", "http-request wait-for-body time 300ms at-least 3\n" + LEN,
    client=[b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"])
add("wait for body, expect", "http-request wait-for-body time 300ms\n" + LEN,
    client=[b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", b"01234"])
add("wait for body, cut", "http-request wait-for-body time 300ms\n" + LEN, client=[POST, b"01234"], shut=True)
add("wait for body in backend", be="http-request wait-for-body time 300ms\n" + LEN, client=[POST, b"01234", b"56789"])
RLEN = "http-response set-header x-len %[res.body_len]:%[res.body]\n"
RES = [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"01234", b"56789"]
add("wait for response body", "http-response wait-for-body time 300ms\n" + RLEN, server=RES)
add("wait for response body, at least 3", "http-response wait-for-body time 300ms at-least 3\n" + RLEN, server=RES)
add("wait for response body, late", "http-response wait-for-body time 60ms\n" + RLEN, server=[RES[0], b"01234"])
add("wait for response body, backend", be="http-response wait-for-body time 300ms\n" + RLEN, server=RES)
add("wait for response body, chunked", be="http-response wait-for-body time 300ms\n" + RLEN,
    server=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"])
add("wait for response body, to close", be="http-response wait-for-body time 300ms\n" + RLEN,
    server=[b"HTTP/1.1 200 OK\r\n\r\n", b"abc", b"de"], close=True)
add("wait for response body, then deny", be="http-response wait-for-body time 300ms\nhttp-response deny if { res.body -m sub 5 }\n", server=RES)

# --- addresses
SEE = "http-request set-header x-see %[src]:%[src_port]/%[dst]:%[dst_port]/%ci:%cp\n"
NOPORT = "http-request set-header x-see %[src]/%[dst]/%ci\n"
for a in ("1.2.3.4", "2001:db8::1", "nonsense", "", "::ffff:1.2.3.4"):
    add("set-src str(%s)" % a, "http-request set-src str(%s)\noption forwardfor\n" % a + NOPORT)
    add("set-dst str(%s)" % a, "http-request set-dst str(%s)\n" % a + NOPORT)
add("set-src src,ipmask", "http-request set-src src,ipmask(8)\n" + NOPORT)
add("set-src hdr", "http-request set-src hdr(x-f)\n" + NOPORT, client=b"GET / HTTP/1.1\r\nHost: h\r\nX-F: 192.0.2.9\r\n\r\n")
add("set-src-port", "http-request set-src-port int(4000)\nhttp-request set-dst-port int(81)\n" + SEE)
add("set-src-port of none", "http-request set-src-port hdr(no),add(0)\nhttp-request set-dst-port str(abc)\nhttp-request set-header x-see %[dst]")
add("set-src and port", "http-request set-src str(1.1.1.1)\nhttp-request set-src-port int(5)\nhttp-request set-dst str(2.2.2.2)\nhttp-request set-dst-port int(6)\n" + SEE)
add("set-src 6 and port", "http-request set-src str(fe80::1)\nhttp-request set-src-port int(70000)\n" + SEE.replace("%[dst]:%[dst_port]", ""))
add("set-src of one request", "http-request set-src str(1.1.1.1) if { path /1 }\n" + NOPORT,
    client=[b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"])
add("set-src of the connection", "tcp-request connection set-src str(1.1.1.1)\ntcp-request connection set-dst-port int(7)\nhttp-request set-header x-see %[src]/%[fc_src]/%[dst_port]/%[fc_dst_port]\n")
add("set-src of the session", "tcp-request session set-src str(1.1.1.1)\nhttp-request set-header x-see %[src]/%[fc_src]\n",
    client=[GET, GET])
add("set-src in tcp content", "tcp-request content set-src str(1.1.1.1)\nhttp-request set-header x-see %[src]/%[fc_src]\n")
add("set-src in backend", be="http-request set-src str(1.1.1.1)\nhttp-request set-header x-see %[src]\n")
add("set-src and PROXY", "http-request set-src str(1.1.1.1)\nhttp-request set-src-port int(5)\nhttp-request set-dst str(2.2.2.2)\nhttp-request set-dst-port int(6)", srv="send-proxy")

# --- what has no visible effect, or little
for a in ("set-nice 5", "set-nice -2000", "set-tos 32", "set-tos 0x20", "set-mark 5", "disable-l7-retry", "wait-for-handshake",
          "set-priority-class int(5)", "set-priority-offset int(-100)", "strict-mode on"):
    add("plain " + a, "http-request " + a, be="" if "wait-for" in a else "http-request " + a)
add("no retry", be="retry-on 503\nhttp-request disable-l7-retry if { path /a/b }", server=[b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"])
add("set-timeout server", be="http-request set-timeout server 100ms", server=None)
add("set-timeout server by sample", be="http-request set-timeout server int(100)", server=None)
add("set-timeout server 0", be="http-request set-timeout server int(0)", server=None)
add("set-timeout server, fetched", be="http-request set-timeout server 2s\nhttp-request set-timeout tunnel 7s\nhttp-request set-header x-t %[cur_server_timeout]/%[cur_tunnel_timeout]/%[be_server_timeout]")
add("early hints, second true", "http-request early-hint Link </a>\nhttp-request early-hint X-B b if TRUE\nhttp-request set-header a b")
add("early hints, both true", "http-request early-hint Link </a> if TRUE\nhttp-request early-hint X-B b if TRUE\nhttp-request set-header a b")
for n in ("path-strip-dotdot", "percent-decode-unreserved", "percent-to-uppercase"):
    add("normalize %s, condition" % n, "http-request normalize-uri %s if TRUE" % n, client=b"GET /../a/b/../%7e%2f HTTP/1.1\r\nHost: u\r\n\r\n")
