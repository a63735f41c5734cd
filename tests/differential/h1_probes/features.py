# What the proxy adds to messages: forwardfor, cookies, captures, rules that rewrite; what the log has of them.
GET = "GET / HTTP/1.1\r\nhost: h\r\n"
OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"
NEXT = "GET /next HTTP/1.1\r\nhost: h\r\n\r\n"


def get(name, fields="", answer="", fe="", be="", **more):
    return Probe(name, [GET + fields + "\r\n", NEXT], OK + answer + "\r\nok", fe=fe, be=be, **more)


PROBES = [
    get("forwardfor", fe="option forwardfor"),
    get("forwardfor in backend", be="option forwardfor"),
    get("forwardfor, one there", "X-Forwarded-For: 1.2.3.4\r\n", fe="option forwardfor"),
    get("forwardfor if-none", "X-Forwarded-For: 1.2.3.4\r\n", fe="option forwardfor if-none"),
    get("forwardfor if-none, none", fe="option forwardfor if-none"),
    get("forwardfor header", fe="option forwardfor header X-Client"),
    get("forwardfor header twice", fe="option forwardfor header X-Client", be="option forwardfor header X-Other"),
    get("forwardfor header in frontend only", fe="option forwardfor header X-Client", be="option forwardfor"),
    get("forwardfor except", fe="option forwardfor except 127.0.0.0/8"),
    get("forwardfor except other", fe="option forwardfor except 10.0.0.0/8"),
    get("forwardfor except in backend", fe="option forwardfor", be="option forwardfor except 127.0.0.1"),
    get("forwardfor if-none and always", "X-Forwarded-For: 1.2.3.4\r\n", fe="option forwardfor if-none", be="option forwardfor"),
    get("originalto", fe="option originalto"),
    get("set-header", "X-A: 1\r\nb: 2\r\nx-a: 3\r\n", fe="http-request set-header X-A new"),
    get("add-header", "X-A: 1\r\nb: 2\r\n", fe="http-request add-header X-A new"),
    get("del-header", "X-A: 1\r\nb: 2\r\nx-a: 3\r\n", fe="http-request del-header x-a"),
    get("replace-header", "X-A: one\r\n", fe="http-request replace-header x-a (.)(.*) \\2\\1"),
    get("replace-value", "X-A: one,two\r\n", fe="http-request replace-value x-a (.)(.*) \\2\\1"),
    get("set-path", fe="http-request set-path /p%[path]x"),
    get("set-query", fe="http-request set-query a=b"),
    get("set-uri", fe="http-request set-uri /u?v"),
    get("set-method", fe="http-request set-method PUT"),
    get("replace-path", fe="http-request replace-path (.*) /r\\1"),
    get("set-header host", fe="http-request set-header Host other"),
    get("set-header connection", fe="http-request set-header connection close"),
    get("set-header upper", fe="http-request set-header X-UPPER-Case V"),
    get("rules in both", fe="http-request add-header x-f 1", be="http-request add-header x-b 2"),
    get("rules and forwardfor", fe="option forwardfor\nhttp-request add-header x-f 1", be="http-request add-header x-b 2"),
    get("unique-id", fe="unique-id-format x-%ci\nunique-id-header X-Unique-ID"),
    get("capture request", "User-Agent: curl\r\nReferer: http://x/\r\n", fe="capture request header User-Agent len 3\ncapture request header referer len 40"),
    get("capture request, absent", fe="capture request header User-Agent len 3\ncapture request header host len 40"),
    get("capture request, several", "X-A: 1\r\nx-a: 2\r\n", fe="capture request header x-a len 10"),
    get("capture response", answer="Server: x\r\nX-B: {a|b}\r\n", fe="capture response header server len 10\ncapture response header x-b len 10"),
    get("capture both", "X-A: 1\r\n", "X-B: 2\r\n", fe="capture request header x-a len 10\ncapture response header x-b len 10"),
    get("http-request capture", "X-A: 123456\r\n", fe="http-request capture req.hdr(x-a) len 4"),
    get("http-response capture", answer="X-B: 2\r\n", fe="declare capture response len 10\nhttp-response capture res.hdr(x-b) id 0"),
]
COOKIES = {
    "insert": "cookie SRV insert", "insert indirect": "cookie SRV insert indirect", "insert nocache": "cookie SRV insert indirect nocache",
    "insert httponly secure": "cookie SRV insert httponly secure", "insert domain": "cookie SRV insert domain .x.com",
    "insert preserve": "cookie SRV insert preserve", "insert indirect preserve": "cookie SRV insert indirect preserve",
    "insert postonly": "cookie SRV insert postonly", "insert attr": "cookie SRV insert attr SameSite=Lax", "rewrite": "cookie SRV rewrite",
    "prefix": "cookie SRV prefix", "insert dynamic-less": "cookie SRV insert indirect nocache httponly domain a.b domain c.d",
    "insert all": "cookie SRV insert indirect nocache httponly secure domain .x attr A=b attr C",
}
FIELDS = {
    "none": "", "good": "Cookie: SRV=c1\r\n", "bad": "Cookie: SRV=zz\r\n", "among others": "Cookie: a=b; SRV=c1; d=e\r\n", "first": "Cookie: SRV=c1; d=e\r\n",
    "last": "Cookie: a=b; SRV=c1\r\n", "twice": "Cookie: SRV=c1; SRV=zz\r\n", "two fields": "Cookie: a=b\r\nCookie: SRV=c1\r\n", "prefixed": "Cookie: SRV=c1~abc; x=y\r\n",
    "prefixed bad": "Cookie: SRV=zz~abc; x=y\r\n", "quoted": "Cookie: SRV=\"c1\"\r\n", "blanks": "Cookie:  SRV = c1 ;  d=e \r\n", "empty": "Cookie: SRV=\r\n", "no value": "Cookie: SRV; a=b\r\n",
    "case": "Cookie: srv=c1\r\n", "commas": "Cookie: a=b, SRV=c1, d=e\r\n", "date": "Cookie: SRV=c1|Zzzzz|Zzzzz\r\n",
}
ANSWERS = {"": "", ", set by server": "Set-Cookie: SRV=abc; path=/x\r\n", ", other set": "Set-Cookie: other=abc\r\n"}
for mode, line in COOKIES.items():
    for fname, fields in FIELDS.items():
        for aname, answer in ANSWERS.items():
            if aname and fname not in ("none", "good", "bad", "prefixed"):
                continue
            PROBES.append(get("cookie %s: %s%s" % (mode, fname, aname), fields, answer, be=line, srv="cookie c1"))
for mode in ("insert", "insert indirect", "rewrite", "prefix"):
    PROBES.append(get("cookie %s: server without" % mode, "Cookie: SRV=c1\r\n", be=COOKIES[mode]))
    PROBES.append(Probe("cookie %s: post" % mode, "POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n", OK + "\r\nok", be=COOKIES[mode] + " postonly" if mode == "insert" else COOKIES[mode], srv="cookie c1"))
for name, answer in (("public", "Cache-Control: public\r\n"), ("max-age", "Cache-Control: max-age=10\r\n"), ("expires", "Expires: x\r\n"), ("etag", "ETag: x\r\n"),
                     ("private", "ETag: x\r\nCache-Control: private\r\n"), ("pragma", "ETag: x\r\nPragma: no-cache\r\n"), ("list", "Cache-Control: a, s-maxage=5\r\n"),
                     ("no-store", "Last-Modified: x\r\nCache-Control: max-age=4, no-store\r\n"), ("max-age 0", "ETag: x\r\nCache-Control: max-age=0\r\n")):
    PROBES.append(get("cookie nocache: " + name, "", answer, be="cookie SRV insert nocache", srv="cookie c1"))
for when, text in (("long ago", "AAAAB"), ("far ahead", "/////"), ("bad", "x")):
    PROBES.append(get("cookie maxidle: " + when, "Cookie: SRV=zz|%s\r\n" % text, be="cookie SRV insert indirect maxidle 100", srv="disabled cookie zz"))
