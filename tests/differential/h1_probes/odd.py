# Odd and hostile forms of what the manual names: error files, monitors, statuses, sizes, upgrades, framing, bodies that are waited for.
PROBES = []
GET = "GET /p?q HTTP/1.1\r\nHost: h\r\n\r\n"
OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def odd(name, client=GET, server=OK, **more):
    PROBES.append(Probe(name, client, server, **more))


# monitor-uri
for i, (uri, line) in enumerate((("/p", "GET /p HTTP/1.1"), ("/p", "GET /p?q HTTP/1.1"), ("/p", "GET /p/ HTTP/1.1"), ("/p", "POST /p HTTP/1.1"), ("/p", "GET http://h/p HTTP/1.1"), ("/p", "GET /P HTTP/1.1"), ("*", "OPTIONS * HTTP/1.1"),
                                 ("/p?q", "GET /p?q HTTP/1.1"), ("/p", "GET //p HTTP/1.1"), ("/p", "GET /p HTTP/1.0"), ("/p", "GET /%70 HTTP/1.1"), ("http://h/p", "GET http://h/p HTTP/1.1"))):
    for rule in ("", "monitor fail if TRUE", "http-request deny", "http-request set-path /p", "tcp-request content reject", "http-request return status 204"):
        odd("monitor-%d %s" % (i, rule), line + "\r\nHost: h\r\n\r\n", fe="monitor-uri %s\n%s" % (uri, rule))
# http-error and its contents
for i, e in enumerate(("status 503 default-errorfiles", "status 503 content-type a/b string x", "status 503 content-type a/b lf-string %[path]", "status 503 hdr x y content-type a/b string x", "status 503 content-type a/b lf-string \"%[path] %ci %[var(txn.none)]\"")):
    for m in ("GET", "HEAD", "POST"):
        odd("http-error-%d %s" % (i, m), m + " /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", fe="http-error " + e, srv="disabled")
        odd("http-error in backend-%d %s" % (i, m), m + " /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", be="http-error " + e, srv="disabled")
        odd("http-error 400-%d %s" % (i, m), m + " /p HTTP/1.1\r\nHost h\r\n\r\n", fe="http-error " + e.replace("503", "400"))
for s in (200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504):
    odd("deny status %d" % s, fe="http-request deny deny_status %d" % s)
    odd("return status %d" % s, fe="http-request return status %d" % s)
    odd("response deny status %d" % s, be="http-response deny deny_status %d" % s)
    odd("response return status %d" % s, be="http-response return status %d content-type a/b string \"x y\"" % s)
for s in (100, 101, 102, 103, 199, 204, 205, 206, 299, 304, 306, 402, 409, 421, 451, 511, 599):
    odd("server status %d" % s, server="HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\nok" % s, close=True)
    odd("server status %d, chunks" % s, server="HTTP/1.1 %d X\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" % s, close=True)
    odd("server status %d, to HEAD" % s, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", server="HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\n" % s, close=True)
    odd("server status %d, to CONNECT" % s, "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\nabc", server="HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\nok" % s, close=True)
# sizes: heads around what fits into a buffer less the reserve, on both sides
for n in (15300, 15340, 15350, 15355, 15360, 15365, 15400, 16300, 16370, 16384):
    odd("request of about %d" % n, "GET / HTTP/1.1\r\nHost: h\r\nX: " + "v" * (n - 36) + "\r\n\r\n")
    odd("request of about %d, grown" % n, "GET / HTTP/1.1\r\nHost: h\r\nX: " + "v" * (n - 36) + "\r\n\r\n", fe="http-request set-header Y %[str(abcdefghijklmnopqrstuvwxyz),concat(,req.none)]")
    odd("response of about %d" % n, server="HTTP/1.1 200 OK\r\ncontent-length: 0\r\nX: " + "v" * (n - 45) + "\r\n\r\n")
    odd("response of about %d, grown" % n, server="HTTP/1.1 200 OK\r\ncontent-length: 0\r\nX: " + "v" * (n - 45) + "\r\n\r\n", be="http-response set-header Y abcdefghijklmnopqrstuvwxyz")
for n in (98, 99, 100, 101, 102, 103):
    odd("%d fields" % n, "GET / HTTP/1.1\r\n" + "".join("X%d: y\r\n" % i for i in range(n - 1)) + "Host: h\r\n\r\n")
    odd("%d fields of a response" % n, server="HTTP/1.1 200 OK\r\n" + "".join("X%d: y\r\n" % i for i in range(n - 1)) + "content-length: 0\r\n\r\n")
    odd("%d trailers" % n, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + "".join("X%d: y\r\n" % i for i in range(n)) + "\r\n")
# upgrades
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
ACCEPT = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
for i, head in enumerate(("Connection: Upgrade\r\nUpgrade: websocket\r\n" + KEY, "Connection: upgrade, keep-alive\r\nUpgrade: WebSocket\r\n" + KEY, "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Upgrade: websocket\r\n" + KEY, "Connection: Upgrade\r\n" + KEY,
                          "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n", "Connection: Upgrade\r\nUpgrade: websocket, foo\r\n" + KEY, "Connection: close, Upgrade\r\nUpgrade: websocket\r\n" + KEY, "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n" + KEY,
                          "Connection: Upgrade\r\nUpgrade: websocket\r\n" + KEY + KEY, "Connection: Upgrade\r\nUpgrade: foo\r\nUpgrade: websocket\r\n" + KEY)):
    for j, answer in enumerate((ACCEPT, ACCEPT.replace("s3pP", "s3pQ"), ACCEPT.replace("Connection: Upgrade\r\n", ""), ACCEPT.replace("Upgrade: websocket\r\n", ""), OK, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\ncontent-length: 0\r\n\r\n")):
        odd("upgrade-%d-%d" % (i, j), ["GET / HTTP/1.1\r\nHost: h\r\n" + head + "\r\n", "abc"], server=answer)
# smuggling
for i, head in enumerate(("Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3, 3\r\n", "Content-Length: 3,4\r\n", "Content-Length: +3\r\n", "Content-Length: 3 \r\n", "Content-Length: 0x3\r\n", "Content-Length: 03\r\n", "Content-Length:\r\n", "Content-Length: ,3\r\n",
                          "Content-Length: -0\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Transfer-Encoding: identity\r\nContent-Length: 3\r\n", "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: identity, chunked\r\n",
                          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: \x0bchunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding:chunked\r\n", "Transfer-Encoding: CHUNKED\r\n", "transfer-encoding: chunked;q=1\r\n",
                          "Transfer-Encoding: gzip, chunked\r\n", " Transfer-Encoding: chunked\r\n", "X: y\r\n Transfer-Encoding: chunked\r\n", "Transfer-Encoding:\r\n chunked\r\n", "Transfer_Encoding: chunked\r\n", "Content_Length: 3\r\n", "Content-Length: 3\r\nConnection: content-length\r\n",
                          "Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n", "Content-Length: 3\n", "\rContent-Length: 3\r\n", "Content-Length: 3\r\r\n", "Content-Length: 3\x00\r\n", "Expect: 100-continue\r\nContent-Length: 3\r\n", "Expect: 200-ok\r\nContent-Length: 3\r\n")):
    for version in ("1.1", "1.0"):
        for opt in ("", "option accept-invalid-http-request"):
            odd("framing-%d %s %s" % (i, version, opt and "accepted"), "POST / HTTP/%s\r\nHost: h\r\n%s\r\n" % (version, head) + "3\r\nabc\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n", fe=opt)
            odd("framing of a response-%d %s %s" % (i, version, opt and "accepted"), server="HTTP/%s 200 OK\r\n%s\r\n" % (version, head) + "3\r\nabc\r\n0\r\n\r\n", close=True, be=opt and "option accept-invalid-http-response")
# http-buffer-request and wait-for-body
for i, (line, body) in enumerate((("Content-Length: 5\r\n", "abcde"), ("Transfer-Encoding: chunked\r\n", "5\r\nabcde\r\n0\r\n\r\n"), ("Transfer-Encoding: chunked\r\n", "5\r\nabcde\r\n0\r\nT: r\r\n\r\n"), ("Content-Length: 0\r\n", ""), ("Content-Length: 20000\r\n", "b" * 20000),
                                  ("Transfer-Encoding: chunked\r\n", "4e20\r\n" + "b" * 20000 + "\r\n0\r\n\r\n"), ("Expect: 100-continue\r\nContent-Length: 5\r\n", "abcde"), ("Transfer-Encoding: chunked\r\n", "5;a=b\r\nabcde\r\nzz\r\n"))):
    for j, rule in enumerate(("option http-buffer-request", "http-request wait-for-body time 100ms", "http-request wait-for-body time 100ms at-least 3", "http-request wait-for-body time 100ms at-least 100k")):
        odd("buffered-%d-%d" % (i, j), ["POST / HTTP/1.1\r\nHost: h\r\n" + line + "\r\n" + body[:3], body[3:]], fe=rule + "\nhttp-request set-header b \"%[req.body_len] %[req.body_size] %[req.body,length] %[req.body_param(a)]\"")
