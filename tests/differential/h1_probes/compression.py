"""HTTP compression: when, and what it does to heads. Bodies are compared with `identity`, which changes nothing else."""
PROBES = []
AE = "GET /a HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\n\r\n"


def res(extra="", body=b"hello, hello, hello", start="HTTP/1.1 200 OK", ctype="text/plain"):
    return ("%s\r\nContent-Length: %d\r\n%s%s\r\n" % (start, len(body), "Content-Type: %s\r\n" % ctype if ctype else "", extra)).encode() + body


def add(name, fe="", be="", client=AE % "gzip", server=None, **more):
    PROBES.append(Probe(name, client, res() if server is None else server, fe=fe, be=be, **more))


C = "compression algo identity\n"
add("identity", C)
add("identity in backend", be=C)
add("identity, no accept", C, client="GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
for i, ae in enumerate(["gzip", "*", "gzip;q=0", "identity", "deflate", "gzip, deflate", "identity;q=0", "", "GZIP", "*;q=0", "br"]):
    add("identity accept %d" % i, C, client=AE % ae)
for s in (200, 201, 202, 203, 204, 206, 301, 304, 404, 500):
    add("status %d" % s, C, server=res(start="HTTP/1.1 %d X" % s))
add("1.0 request", C, client="GET /a HTTP/1.0\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n")
add("1.0 response", C, server=res(start="HTTP/1.0 200 OK"))
add("head", C, client="HEAD /a HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n", server=res(body=b"")[:-0 or None])
add("chunked", C, server=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
add("chunked with trailers", C, server=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")
add("to the end", C, server=b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nabc", close=True)
add("empty", C, server=res(body=b""))
add("no type", C, server=res(ctype=""))
add("type wanted", C + "compression type text/plain text/html")
add("type with parameter", C + "compression type text/plain", server=res(ctype="text/plain; charset=utf-8"))
add("type not wanted", C + "compression type text/html")
add("type missing", C + "compression type text/html", server=res(ctype=""))
add("type begins alike", C + "compression type text/p")
add("type by itself", "compression type text/plain")
add("multipart", C, server=res(ctype="multipart/mixed"))
for i, h in enumerate(["Content-Encoding: gzip", "Cache-Control: no-transform", "Cache-Control: public, no-transform", "ETag: \"abc\"", "ETag: W/\"abc\"",
                       "ETag: abc", "ETag: \"a\"\r\nETag: \"b\"", "ETag: \"\"", "ETag: W/\"", "Vary: Accept", "Vary: accept-encoding", "Vary: *", "Warning: x",
                       "Vary: A\r\nVary: B", "Content-Encoding: identity"]):
    add("with %d" % i, C, server=res(h + "\r\n"))
for i, ua in enumerate(["Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", "Mozilla/4.0 (compatible; MSIE 7.0)",
                        "Mozilla/4.08", "Mozilla/5.0", "Mozilla/4.0 (compatible; MSIE 10.0)"]):
    add("agent %d" % i, C, client="GET /a HTTP/1.1\r\nHost: h\r\nUser-Agent: %s\r\nAccept-Encoding: gzip\r\n\r\n" % ua)
add("offload", C + "compression offload")
add("offload in backend", be=C + "compression offload")
add("offload, no compression then", C + "compression offload\ncompression type x/y")
add("filter line", "filter compression\n" + C)
add("return", C + "http-request return status 200 content-type text/plain string abc")
add("rules see it", C + "http-response set-header x-see %[res.hdr(content-encoding)]%[res.hdr(content-length)]%[res.hdr(vary)]\nhttp-after-response set-header x-after %[res.hdr(transfer-encoding)]%[res.hdr(vary)]")
add("both proxies", C + "compression type text/html", be=C + "compression type text/plain")
add("large", C, server=res(body=b"0123456789" * 4000))
