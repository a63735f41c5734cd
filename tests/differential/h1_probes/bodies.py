# Who sees a body, and how long it is said to be.
PROBES = []
for _i, _t in enumerate(("3\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n", "3\r\nab", "3\r\nabc\r\n20\r\nxx", "3\r\nabc\r\n2\r\nxx\r\n0\r\n\r\n", "")):
    for _n, _h in (("both", "Content-Length: 5\r\nTransfer-Encoding: chunked"), ("chunks", "Transfer-Encoding: chunked")):
        PROBES.append(Probe("size-%s-%d" % (_n, _i), "POST / HTTP/1.1\r\nHost: a\r\n" + _h + "\r\n\r\n" + _t,
                            fe='http-request return status 200 hdr x "%[req.body_size] %[req.body_len]"'))
_P = ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
for _n, _fe, _be in (("deny", 'http-request deny hdr x "%[req.body]"', ""), ("redirect", 'http-request redirect location /%[req.body]', ""),
                     ("server", "", "use-server s if { req.body -m str abc }\nhttp-request set-header x no\nserver t 127.0.0.1:1 weight 0"),
                     ("backend", "use_backend %[req.body,regsub(abc,none)]\nmonitor-uri /m", ""), ("monitor", "monitor-uri /\nmonitor fail if { req.body -m str abc }", ""),
                     ("buffered", "option http-buffer-request\nhttp-request set-header x %[req.body]", ""),
                     ("errors", 'http-error status 403 content-type a/b lf-string "%[req.body]"\nhttp-request deny', "")):
    for _i, _t in enumerate(_P):
        PROBES.append(Probe("%s-%d" % (_n, _i), _t, fe=_fe, be=_be))
for _i, _t in enumerate(("0\r\n\r", "0\r\na", "0\r\na: b\r\n", "0\r\n", "0", "3\r\nab")):
    PROBES.append(Probe("never-ends-%d" % _i, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + _t, None))
    PROBES.append(Probe("never-answered-%d" % _i, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + _t, None, fe="timeout client 5s"))
    PROBES.append(Probe("denied-%d" % _i, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + _t, fe="http-request deny"))
