# Shapes of header lines, Host, and limits of the head.
GET = "GET / HTTP/1.1\r\n"


def head(name, lines, line="GET / HTTP/1.1", **more):
    return Probe(name, line + "\r\n" + lines + "\r\n", **more)


PROBES = [
    head("no fields", ""),
    head("fold with blank", "host: h\r\na: b\r\n c\r\n"),
    head("fold with tab", "host: h\r\na: b\r\n\tc\r\n"),
    head("fold with blanks", "host: h\r\na: b  \r\n   c  \r\n\t d\r\nz: y\r\n"),
    head("fold of nothing", "host: h\r\na:\r\n c\r\n"),
    head("fold to nothing", "host: h\r\na: b\r\n \r\n"),
    head("fold to nothing 2", "host: h\r\na: b\r\n \t \r\nc: d\r\n"),
    head("fold at first line", " host: h\r\n"),
    head("fold of host", "host: h\r\n i\r\n"),
    head("fold with line feeds", "host: h\na: b\n c\n"),
    head("fold in content-length", "host: h\r\ncontent-length:\r\n 0\r\n"),
    head("fold in content-length 2", "host: h\r\ncontent-length: 1\r\n 0\r\n"),
    head("fold in transfer-encoding", "host: h\r\ntransfer-encoding:\r\n chunked\r\n"),
    head("fold in connection", "host: h\r\nconnection:\r\n close\r\n"),
    head("blank before colon", "host: h\r\na : b\r\n"),
    head("tab before colon", "host: h\r\na\t: b\r\n"),
    head("blank in name", "host: h\r\na b: c\r\n"),
    head("no colon", "host: h\r\nab\r\n"),
    head("no colon, last", "host: h\r\nab: c\r\nde\r\n"),
    head("empty name", "host: h\r\n: c\r\n"),
    head("colon only", "host: h\r\n:\r\n"),
    head("empty value", "host: h\r\na:\r\nb: \r\nc:   \r\nd:\t\r\n"),
    head("no blank after colon", "host:h\r\na:b\r\n"),
    head("several blanks after colon", "host:   h\r\na:  \t b\r\n"),
    head("blanks at the end", "host: h  \r\na: b\t \r\nc: d \t \r\n"),
    head("blanks inside", "host: h\r\na: b  c\td\r\n"),
    head("carriage return in value", "host: h\r\na: b\rc\r\n"),
    head("two carriage returns", "host: h\r\na: b\r\r\n"),
    head("carriage return at the end", "host: h\r\na: b\r\n\r"),
    head("upper-case name", "HOST: h\r\nX-LONG-NAME: Value\r\nx_under_score: 1\r\n"),
    head("duplicate fields", "host: h\r\na: 1\r\nA: 2\r\na: 3\r\n"),
    head("digits and marks in name", "host: h\r\n1!#$%&'*+-.^_`|~: v\r\n"),
    head("quotes in value", "host: h\r\na: \"b, c\"; d=e\r\n"),
    head("utf-8 in value", "host: h\r\na: \xc3\xa9\r\n"),
    head("nul in value", "host: h\r\na: b\0c\r\n"),
    head("no host", "a: b\r\n"),
    head("no host in 1.0", "a: b\r\n", "GET / HTTP/1.0"),
    head("empty host", "host:\r\n"),
    head("two hosts", "host: h\r\nhost: i\r\n"),
    head("two equal hosts", "host: h\r\nhost: h\r\n"),
    head("three equal hosts", "host: h\r\nhost: h\r\na: b\r\nhost: h\r\n"),
    head("two equal hosts but for case", "host: h\r\nhost: H\r\n"),
    head("two empty hosts", "host:\r\nhost:\r\n"),
    head("host list", "host: h, i\r\n"),
    head("host with port", "host: h:8080\r\n"),
    head("host with port 80", "host: h:80\r\n"),
    head("host with bad port", "host: h:8x\r\n"),
    head("host with blank", "host: h i\r\n"),
    head("host with slash", "host: h/i\r\n"),
    head("host with at", "host: u@h\r\n"),
    head("host with bytes", "host: h\x01\xff\r\n"),
    head("absolute", "host: h\r\n", "GET http://h/x HTTP/1.1"),
    head("absolute, no host", "a: b\r\n", "GET http://h/x HTTP/1.1"),
    head("absolute, other host", "host: i\r\n", "GET http://h/x HTTP/1.1"),
    head("absolute, other case", "host: H\r\n", "GET http://h/x HTTP/1.1"),
    head("absolute, empty host", "host:\r\n", "GET http://h/x HTTP/1.1"),
    head("absolute, port 80 in target", "host: h\r\n", "GET http://h:80/x HTTP/1.1"),
    head("absolute, port 80 in host", "host: h:80\r\n", "GET http://h/x HTTP/1.1"),
    head("absolute, port 80 in both", "host: h:80\r\n", "GET http://h:80/x HTTP/1.1"),
    head("absolute, other port", "host: h:81\r\n", "GET http://h:80/x HTTP/1.1"),
    head("absolute, port 81 in both", "host: h:81\r\n", "GET http://h:81/x HTTP/1.1"),
    head("absolute, port 81 in target", "host: h\r\n", "GET http://h:81/x HTTP/1.1"),
    head("absolute, port 443", "host: h\r\n", "GET https://h:443/x HTTP/1.1"),
    head("absolute, port 443 in host", "host: h:443\r\n", "GET https://h/x HTTP/1.1"),
    head("absolute, https port 80", "host: h\r\n", "GET https://h:80/x HTTP/1.1"),
    head("absolute, https port 80 in both", "host: h:80\r\n", "GET https://h:80/x HTTP/1.1"),
    head("absolute, http port 443", "host: h\r\n", "GET http://h:443/x HTTP/1.1"),
    head("absolute, empty port", "host: h\r\n", "GET http://h:/x HTTP/1.1"),
    head("absolute, empty port in both", "host: h:\r\n", "GET http://h:/x HTTP/1.1"),
    head("absolute, empty port in host", "host: h:\r\n", "GET http://h/x HTTP/1.1"),
    head("absolute, user", "host: h\r\n", "GET http://u@h/x HTTP/1.1"),
    head("absolute, user and password", "host: h\r\n", "GET http://u:p@h:80/x HTTP/1.1"),
    head("absolute, user in both", "host: u@h\r\n", "GET http://u@h/x HTTP/1.1"),
    head("absolute, no path", "host: h\r\n", "GET http://h HTTP/1.1"),
    head("absolute, query only", "host: h\r\n", "GET http://h?x HTTP/1.1"),
    head("absolute, query in host too", "host: h?x\r\n", "GET http://h?x HTTP/1.1"),
    head("absolute, no authority", "host: h\r\n", "GET http:///x HTTP/1.1"),
    head("absolute, no authority, no host", "a: b\r\n", "GET http:///x HTTP/1.1"),
    head("absolute, other scheme", "host: h\r\n", "GET ftp://h/x HTTP/1.1"),
    head("absolute, other scheme, port 80", "host: h\r\n", "GET ws://h:80/x HTTP/1.1"),
    head("absolute, other scheme, port 443", "host: h\r\n", "GET wss://h:443/x HTTP/1.1"),
    head("absolute, upper-case scheme", "host: h\r\n", "GET HTTP://h:80/x HTTP/1.1"),
    head("absolute, ipv6", "host: [::1]\r\n", "GET http://[::1]/x HTTP/1.1"),
    head("absolute, ipv6 port", "host: [::1]\r\n", "GET http://[::1]:80/x HTTP/1.1"),
    head("absolute, ipv6, no host", "", "GET http://[::1]:80/x HTTP/1.1"),
    head("absolute, two hosts", "host: h\r\nhost: h\r\n", "GET http://h/x HTTP/1.1"),
    head("absolute, options", "host: h\r\n", "OPTIONS http://h HTTP/1.1"),
    head("absolute in 1.0", "host: h\r\n", "GET http://h/x HTTP/1.0"),
    head("absolute in 1.0, no host", "", "GET http://h:80/x HTTP/1.0"),
    head("absolute, long", "host: h\r\n", "GET http://h/" + "x" * 5000 + " HTTP/1.1"),
]


def fields(n):
    return "host: h\r\n" + "".join("h%d: v\r\n" % i for i in range(n))


def size(n, what="a: "):
    return "host: h\r\n" + what + "x" * (n - len(GET) - 9 - len(what) - 4) + "\r\n"


PROBES += [head("fields %d" % n, fields(n)) for n in (50, 99, 100, 101, 102, 120, 300)]
PROBES += [head("head of %d" % n, size(n))
           for n in (4096, 8192, 15000, 15300, 15320, 15330, 15340, 15350, 15358, 15359, 15360, 15361, 15362, 15370, 15400, 15500,
                     16000, 16383, 16384, 16385, 17000, 20000, 40000)]
PROBES += [Probe("head of %d in pieces" % n, [GET, size(n)[:3000], size(n)[3000:9000], size(n)[9000:], "\r\n"])
           for n in (15000, 15358, 15359, 15360, 15400, 16384, 17000)]
PROBES += [Probe("body after head of %d" % n, "POST / HTTP/1.1\r\ncontent-length: 5000\r\n" + size(n)[:-2] + "\r\n\r\n" + "b" * 5000)
           for n in (8000, 12000, 15000, 15300)]
PROBES += [head("target of %d" % n, "host: h\r\n", "GET /" + "x" * (n - 1) + " HTTP/1.1")
           for n in (1000, 8000, 15000, 15300, 15320, 15330, 15340, 15350, 15360, 16000, 16384, 20000)]
PROBES += [head("endless line of %d" % n, "host: h\r\na: " + "x" * n) for n in (15000, 16000, 16384, 20000)]
PROBES += [Probe("method of %d" % n, "M" * n + " / HTTP/1.1\r\nhost: h\r\n\r\n") for n in (10, 100, 1000)]
PROBES += [Probe("name of %d" % n, GET + "host: h\r\n" + "n" * n + ": v\r\n\r\n") for n in (100, 255, 256, 257, 1000, 5000, 15000)]
PROBES += [Probe("empty lines of %d before" % n, "\r\n" * (n // 2) + GET + "host: h\r\n\r\n") for n in (1000, 10000, 15000, 16384, 20000)]
