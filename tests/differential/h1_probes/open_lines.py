# Request lines that are not complete, or of which no more comes: what is refused at once, and what only when a head has ended.
PROBES = []
for _c in (0x1f, 0x23, 0x24, 0x7e, 0x7f, 0x80, 0xa3, 0xa4, 0xff):
    for _n, _t in (("end", b"GET /%c"), ("blank", b"GET /%c "), ("later", b"GET /%caaaaaaaa"), ("version", b"GET /%c HTTP")):
        PROBES.append(Probe("%x-%s" % (_c, _n), _t % _c))
for _i, _t in enumerate((
        b"GET / h", b"GET / HTTP/", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\rx", b"GET / -", b"GET / \t", b"GET /  H", b"PRI ", b"PRI * HTTP/1.1\r\n",
        b"PRI * HTTP/1.1\r\n\r\n", b"PRI /x HTTP/1.1\r\na:b\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nabc", b"GET /\n", b"GET  \r\n", b"GET /\xff\r\n", b"\0", b"GET\0",
        b"GET /\0", b"GET / H\0", b"GET / XX\r\nx y:\r\n", b"GET / XX\r\nHost: a\r\nHost: b\r\n", b"GET / XX\r\nContent-Length: b\r\n", b"GET / HTP/1.1\r\n",
        b"GET / HTP/1.1\r\n\r\n", b"GET / HTP/1.1\r\nX: y\r\n\t\n", b"GET / HTTP/1.12\r\n", b"GET / http/1.1")):
    PROBES.append(Probe("line-%d" % _i, _t))
    PROBES.append(Probe("relaxed-%d" % _i, _t, fe="option accept-invalid-http-request"))
