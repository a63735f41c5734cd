# Answers of the proxy itself.
def get(name, fe, path="/", line="GET %s HTTP/1.1", fields="host: h\r\n", body="", be="", **more):
    return Probe(name, (line % path) + "\r\n" + fields + "\r\n" + body, fe=fe, be=be, **more)


NEXT = "GET /next HTTP/1.1\r\nhost: h\r\n\r\n"
RULES = {
    "deny": "http-request deny",
    "deny 429": "http-request deny deny_status 429",
    "deny with body": "http-request deny deny_status 403 content-type text/plain string no hdr x y",
    "return": "http-request return",
    "return 200": "http-request return status 200 content-type text/plain string hello hdr X-Foo bar hdr x-b %[path]",
    "return format": "http-request return status 200 content-type text/plain lf-string \"%[path] %[method] x\"",
    "return 201": "http-request return status 201 hdr a b",
    "return 204": "http-request return status 204",
    "return 304": "http-request return status 304",
    "return 404": "http-request return status 404",
    "return default-errorfiles": "http-request return status 404 default-errorfiles",
    "return own length": "http-request return content-type text/x string abc hdr content-length 9 hdr connection foo",
    "redirect": "http-request redirect location /new",
    "redirect 301": "http-request redirect location /new code 301",
    "redirect prefix": "http-request redirect prefix http://x code 303",
    "redirect scheme": "http-request redirect scheme https code 307",
    "redirect scheme 308": "http-request redirect scheme https code 308",
    "redirect cookie": "http-request redirect location /n set-cookie A=b",
    "redirect clear": "http-request redirect location /n clear-cookie A=",
    "redirect drop-query": "http-request redirect prefix /pre drop-query append-slash",
    "redirect old": "redirect location /old if { path -m beg / }",
    "redirect format": "http-request redirect location https://%[hdr(host)]/x%[path]",
    "auth": "http-request auth realm Foo",
    "auth default": "http-request auth",
    "tarpit": "timeout tarpit 60ms\nhttp-request tarpit",
    "tarpit 429": "timeout tarpit 60ms\nhttp-request tarpit deny_status 429",
    "reject": "http-request reject",
    "monitor": "monitor-uri /",
    "monitor fail": "monitor-uri /\nmonitor fail if { always_true }",
    "after-response": "http-after-response set-header x-after %[status]\nhttp-request deny",
    "after-response return": "http-after-response set-header x-after 1\nhttp-after-response del-header content-type\nhttp-request return content-type a/b string abc",
}
PROBES = []
for name, fe in RULES.items():
    PROBES += [
        get(name, fe, "/a?q=1", body=NEXT),
        get(name + ", root", fe),
        get(name + ", head", fe, line="HEAD %s HTTP/1.1"),
        get(name + ", close", fe, fields="host: h\r\nconnection: close\r\n"),
        get(name + ", 1.0", fe, line="GET %s HTTP/1.0"),
        get(name + ", 1.0 keep-alive", fe, line="GET %s HTTP/1.0", fields="connection: keep-alive\r\n"),
        get(name + ", post", fe, line="POST %s HTTP/1.1", fields="host: h\r\ncontent-length: 5\r\n", body="abcde" + NEXT),
        get(name + ", post cut", fe, line="POST %s HTTP/1.1", fields="host: h\r\ncontent-length: 5\r\n", body="ab"),
        get(name + ", chunks", fe, line="POST %s HTTP/1.1", fields="host: h\r\ntransfer-encoding: chunked\r\n", body="5\r\nabcde\r\n0\r\n\r\n" + NEXT),
    ]
for name, rule in (("deny", "http-response deny"), ("deny 403", "http-response deny deny_status 403"), ("return", "http-response return status 200 content-type a/b string x"),
                   ("redirect", "http-response redirect location /r"), ("set-header", "http-response set-header X-A b"), ("del-header", "http-response del-header x-s"),
                   ("add-header", "http-response add-header x-s 2"), ("set-status", "http-response set-status 299 reason Fine"),
                   ("replace-header", "http-response replace-header x-s (.*) <\\1>"), ("after", "http-after-response set-header x-y z")):
    for where in ("fe", "be"):
        PROBES.append(Probe("response %s in %s" % (name, where), ["GET / HTTP/1.1\r\nhost: h\r\n\r\n", NEXT],
                            "HTTP/1.1 200 OK\r\nX-S: 1\r\ncontent-length: 2\r\n\r\nok", **{where: rule}))
PROBES += [
    get("no server", "", be="server t 127.0.0.1:1 disabled\nuse-server t if FALSE", srv="disabled"),
    Probe("no backend", "GET / HTTP/1.1\r\nhost: h\r\n\r\n", fe="use_backend %[str(none)]\nhttp-request deny if FALSE"),
]
for status in (400, 408, 500, 502, 503, 504):
    PROBES.append(get("errorloc %d" % status, "errorloc %d /sorry" % status, line="GET %s HTTP/1.1" if status != 400 else "G(T %s HTTP/1.1",
                      server=None if status in (408, 504) else [], close=True, srv="disabled" if status == 503 else ""))
