# Blanks around the equals signs of cookies, and who has which credentials.
PROBES = []
for _i, _v in enumerate(("Digest x", "basic am9lOnNlY3JldA==", "BASIC am9lOnNlY3JldA==", "Basic", "Basic ", "Bearer", "bearer x", "Bearer x y", "Bearer  x", "Basic !!",
                         "Basic  am9lOnNlY3JldA==", "NTLM", "Basic\tam9lOnNlY3JldA==", "Basic am9l", "Negotiate abc", "B am9lOnNlY3JldA==", "Be x", "Basic am9lOnNlY3JldA==, x", "Bearer a, b", ",Bearer a")):
    PROBES.append(Probe("credentials-%d" % _i, "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: " + _v + "\r\n\r\n",
                        fe='http-request return status 200 hdr x "<%[http_auth_type]> <%[http_auth_user]> <%[http_auth_pass]> <%[http_auth_bearer]>"'))
_C = ("a =b", "a= b", "a = b", "a = b; c =d ;e= f", "SRV =s1", "SRV= s1; x =y", "x =y; SRV = s1 ; z = u", "a =", "= a", "x; = a", "a\t=\tb", "a b =c", "a = b, c = d", "$Version =1; a =b",
      "a", " a ; b", "a = b = c; d = e")
for _m in ("rewrite", "insert", "insert indirect", "insert indirect preserve", "prefix"):
    for _i, _v in enumerate(_C):
        PROBES.append(Probe("%s-%d" % (_m.replace(" ", "_"), _i), "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + _v + "\r\n\r\n", be="cookie SRV " + _m, srv="cookie s1"))
        PROBES.append(Probe("set-%s-%d" % (_m.replace(" ", "_"), _i), "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: " + _v + "\r\n\r\n", be="cookie SRV " + _m, srv="cookie s1"))
for _i, _v in enumerate(_C):
    PROBES.append(Probe("capture-%d" % _i, "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + _v + "\r\n\r\n",
                        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nSet-Cookie: " + _v + "\r\n\r\n", fe="capture cookie SRV len 9"))
