# Persistence in odd lists: where the cookie is found, what is left of the field when it is taken out, which Set-Cookie is ours.
PROBES = []
_SENT = (";SRV=s1; b=c; x=3", "; SRV=s1; b=c", ";;SRV=s1", ";SRV=s1", " ;SRV=s1; ", "SRV=s1;", "SRV=s1;;b=c", "SRV=s1 ; b=c", "SRV=s1;b=c", "a=1;SRV=s1;b=c", "a=1; SRV=s1; b=c", "a=1;  SRV=s1;  b=c", "a=1,SRV=s1,b=c",
         "a=1, SRV=s1, b=c", ",SRV=s1", "a=1;SRV=s1", "a=1; SRV=s1", "a=1; SRV=s1;", "a=1; SRV=s1; ", "a=1 ;SRV=s1 ;b=c", "SRV=s1; SRV=s1", "SRV=s2; SRV=s1", "SRV=s1; SRV=s2", "a; SRV=s1", "SRV; SRV=s1", "SRV; b=c",
         "SRV=; b=c", "SRV=", 'SRV="s1"; b=c', 'SRV="s1;b=c"', 'SRV="s1; b=c', 'a="SRV=s1"; b=c', 'a=";SRV=s1;"; b=c', 'a="; SRV=s1', 'a="\\";SRV=s1;"; b=c', 'a"; SRV=s1; "b=c', "srv=s1; b=c", "SRV=s1~x; b=c", "SRV=~x; b=c",
         "SRV=s1~; b=c", "SRV=x~s1; b=c", "SRV=s1|; b=c", "SRV=s1|AAAAA; b=c", "SRV=|AAAAA; b=c", "$Version=1; SRV=s1; $Path=/; b=c", "$Version=1;SRV=s1", "$Version=1; $Path=/", "$Version=1,SRV=s1;$Domain=x,b=c", "$a=1; SRV=s1",
         "$ =1; SRV=s1", "a=b=c; SRV=s1=x; b", "=SRV=s1", "==; SRV=s1", "SRV==s1", "SRV=s1 x; b=c", "SRV= s1 ;b=c", "XSRV=s1; b=c", "SRVX=s1; b=c", "SR V=s1; b=c", "\tSRV=s1;\tb=c", ";", ",", " ", "SRV=S1; b=c", "SRV=s1\x80; b=c", "a=1;;;SRV=s1;;;b=c",
         "a=1;SRV=s1,b=c;d=e", "a=1,SRV=s1;b=c", "SRV=s1,SRV=s1;SRV=s1")
_MODES = ("insert", "insert indirect", "rewrite", "prefix", "insert preserve", "insert indirect nocache")
for _m in _MODES:
    for _i, _v in enumerate(_SENT):
        PROBES.append(Probe("sent-%s-%d" % (_m.replace(" ", "_"), _i), "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + _v + "\r\n\r\n", be="cookie SRV " + _m, srv="cookie s1"))
for _m in ("insert indirect", "prefix"):
    for _i, (_a, _b) in enumerate((("SRV=s1", "b=c"), ("b=c", "SRV=s1"), ("SRV=s1", "SRV=s1"), ("b=c; SRV=s2", "SRV=s1; d=e"), ("", "SRV=s1"))):
        PROBES.append(Probe("two-%s-%d" % (_m.replace(" ", "_"), _i), "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + _a + "\r\nCookie: " + _b + "\r\n\r\n", be="cookie SRV " + _m, srv="cookie s1"))
_SET = _SENT + ("SRV=x; path=/; HttpOnly", "SRV=x;path=/,b=c", "a=1; SRV=x", "SRV=x; SRV=y", 'SRV="x;y"; path=/', "SRV=x; expires=Wed, 21 Oct 2015 07:28:00 GMT; path=/", "SRV; path=/", "SRV=; path=/", " SRV =x; path=/", "SRV=x ; path=/", "SRV= x; path=/")
for _m in _MODES:
    for _i, _v in enumerate(_SET):
        PROBES.append(Probe("set-%s-%d" % (_m.replace(" ", "_"), _i), "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: " + _v + "\r\n\r\n", be="cookie SRV " + _m, srv="cookie s1"))
    PROBES.append(Probe("set two-%s" % _m.replace(" ", "_"), "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: SRV=a\r\nSet-Cookie: SRV=b\r\nset-cookie2: SRV=c\r\n\r\n", be="cookie SRV " + _m, srv="cookie s1"))
for _i, _v in enumerate(_SENT):
    PROBES.append(Probe("capture-%d" % _i, "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + _v + "\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: " + _v + "\r\n\r\n", fe="capture cookie SRV len 9"))
    PROBES.append(Probe("capture any-%d" % _i, "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + _v + "\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: " + _v + "\r\n\r\n", fe="capture cookie SR len 9"))
for _i, _v in enumerate(('a="x;SRV=\r\n s1"; b = c', 'a="x;SRV =s1"; b=c', 'b="q;JS = 1"; SRV = s1 ; c = d', 'a="x,SRV= s1"', 'a"x;SRV= s1"', 'a="x\\";SRV= s1"; b = c', 'a="b","c;d = e";f = g', '$V="1;SRV= 2"; b = c', ' a="b;c = d')):
    for _b in ("", "cookie SRV prefix", "cookie SRV insert indirect"):
        PROBES.append(Probe("blanks in quotes-%d %s" % (_i, _b), "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + _v + "\r\n\r\n", fe="capture cookie SRV len 20", be=_b, srv="cookie s1"))
for _s in ("2", "0", "99", "0200"):
    for _b in ("insert", "prefix", "rewrite"):
        for _v in ("", "Set-Cookie: SRV=x\r\n"):
            PROBES.append(Probe("status %s %s %s" % (_s, _b, _v[:3]), "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 %s X\r\n%sContent-Length: 0\r\n\r\n" % (_s, _v), be="cookie SRV " + _b, srv="cookie s1", close=True))
