"""Messages by chance: requests and responses, most of them valid and odd, some hostile. The same seed gives the same bytes."""
import random

METHODS = "GET GET GET HEAD POST POST PUT DELETE OPTIONS TRACE PATCH CONNECT PROPFIND get X-Y! G\tT GE,T".split(" ")
HOSTS = ("a", "www.Example.com", "www.example.com:80", "example.com:8080", "EXAMPLE.com.", "[::1]", "[2001:db8::1]:8443", "10.0.0.1", "10.0.0.1:080", "a:", "a:x", "a:65536",
         "", "joe@h", "joe:pw@h:80", "a b", "a,b", "a/b", "%61", "_x", "-", "a..b", "x\xe9")
PATHS = ("/", "/path/to/File.html", "//a//b", "/a/./b/../c", "/..", "/%2e%2E/%41%zz%", "/a;b=c;d", "/a\"b'<>", "/\\", "/a|b^`{}", "/~joe/", "/a:80@b", "/\xc3\xa9", "/a#frag", "/*",
         "/api/", "/a/b/?", "/.", "/p?")
QUERIES = ("", "", "?", "?a=1&b=two", "?b=2&a=1&a=3", "?a", "?=x&&=&a", "?a=%41%00", "?x=1?y=2", "?a=1#f", "?a=http://x/", "?a=b;c=d", "?q=\"x y\"".replace(" ", "+"), "?\xff")
NAMES = ("X-A", "x-a", "X-N", "X-B", "X-Ip", "User-Agent", "Accept", "Accept-Language", "Referer", "X-Forwarded-For", "Forwarded", "Origin", "Date", "Via", "Te", "Trailer",
         "Keep-Alive", "Proxy-Connection", "Range", "If-Match", "If-None-Match", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Content-Type", "Content-Encoding", "x!#$%&'*+.^_`|~y",
         "Max-Forwards", "Early-Data", "HTTP2-Settings", "X_Under", "Upgrade-Insecure-Requests", "Cache-Control", "Pragma")
VALUES = ("", "one", "one, two", "one,,two,", ",", " , ,", "a;q=0.5, b", "\"a,b\", c", "\"open", "a\\,b", "17", "-5x", "+3", "0x10", "99999999999999999999", "192.0.2.7", "::1", "2001:db8::9",
          "192.0.2.7, 10.0.0.1", "a\tb", "a  b", "caf\xe9", "\xc3\xa9\xff\x80", "v" * 300, "trailers", "x=1; y=\"2;3\"", "text/html", "application/x-www-form-urlencoded", "for=192.0.2.60;proto=http",
          "Mon, 01 Jan 2024 00:00:00 GMT", "no-cache", "timeout=5, max=100", "%[path]", "'", "$1", "{}", "[a]", "<b>&amp;")
COOKIES = ("SRV=s1", "SRV=s1; a=b", "a=b; SRV=s1 ;c=d", "SRV = s1", "SRV=\"s1\"", "srv=s1", "SRV", "SRV=", "=x", ";", "; ;SRV=s9", "a=b, SRV=s1", "a=\"x;SRV=s1\"; b=c", "SRV=s1;SRV=s2", "x=3;b=c;",
           "b=\xe9", "a=b=c", "$Version=1; SRV=s1", "SRV=s1|MTIz", "SRV=s1~x", "\tSRV=s1\t;\tb=c", "SRV=s1, x=y", "x=1" * 40, "JSESSIONID=s1~abc; b")
CONNECTION = ("close", "keep-alive", "Close", "KEEP-ALIVE", "close, keep-alive", "keep-alive,close", "x-a", "keep-alive, x-a", "x-a,close, x-b", "", ",", "close,", "upgrade", "Upgrade, close", "upgrade, keep-alive",
              "te", "TE, close", "closed", "clo se", "\"close\"", "host", "cookie, x-n", "content-length", "close;x")
UPGRADE = ("websocket", "WebSocket", "h2c", "TLS/1.0", "websocket, h2c", "", "foo/2", "h2c, x", "HTTP/2.0")
EXPECT = ("100-continue", "100-Continue", "100-continue, x", "200-ok", "", "100-continue;a=b", "\"100-continue\"")
CODINGS = ("chunked", "chunked", "chunked", "Chunked", " chunked ", "chunked,", ",chunked", "gzip, chunked", "chunked, gzip", "identity", "chunked, chunked", "identity, chunked", "", "x", "\"chunked\"", "chunked;x=y",
           "\tchunked", "chunked\t")
LENGTHS = ("{}", "{}", "{}", "{}, {}", " {} ", "0{}", "+{}", "{}x", "-1", "", "{},", ",{}", "{}\t", "0x{}", "99999999999999999999", "{}.0", "{} {}", "{},{}")
EXTENSIONS = ("", "", "", "", ";x", ";x=y", " ;x=y", ";x=\"a;b\"", ";", "\t", " ", ";\xe9", ";x=" + "y" * 200, "; a=b; c=d", " x", ",x")
TRAILERS = ("X-T: 1", "X-T:", "x-t: a, b", "Content-Length: 5", "Transfer-Encoding: chunked", "Host: x", "Cookie: SRV=s1", "no colon", "X-T : 1", " folded", "X-T: \xe9", "Connection: close", "Set-Cookie: a=b")
STATUS = ("200 OK", "200 OK", "200 OK", "200", "200 ", "201 Created", "204 No Content", "206 Partial Content", "301 Moved", "304 Not Modified", "404 Not Found", "500 Oops", "503 Busy", "401 Who", "407 Who", "299 X\xe9",
          "600 More", "999 Most", "2000 OK", "2x0 OK", "+200 OK", "200  two", "200\tOK", "200 a\tb")
SET_COOKIES = ("SRV=s1; path=/", "SRV=s1", "a=b; HttpOnly", "SRV = s1 ;path=/", "SRV=\"s1\"; Secure", "a=b, SRV=s1; path=/", "SRV", "SRV=", "=x", ";", "srv=s1", "a=b; SRV=s1", "SRV=s1;", "SRV=s1, c=d", "a=\"b;c\"; SRV=x",
               "JSESSIONID=s1~abc; path=/", "SRV=s9; Expires=Thu, 01 Jan 1970 00:00:01 GMT")


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def one(self, items):
        return self.r.choice(items)

    def chance(self, share):
        return self.r.random() < share

    def line_end(self):
        return "\n" if self.chance(self.bare) else "\r\n"

    def field(self, name, value):
        blank = self.one((" ", " ", " ", "", "  ", "\t", " \t "))
        behind = self.one(("", "", "", "", " ", "\t", "  \t"))
        colon = self.one((" :", "\t:", "::", ";", "")) if self.chance(0.004) else ":"
        if value and self.chance(0.02):
            at = self.r.randint(0, len(value))
            value = value[:at] + self.line_end() + self.one((" ", "\t", " \t")) + value[at:]
        if self.chance(0.1):
            name = self.one((name.upper(), name.lower(), name.title()))
        return name + colon + blank + value + behind + self.line_end()

    def chunked(self, data):
        out, at = "", 0
        while at < len(data):
            size = self.r.randint(1, len(data) - at)
            text = self.one(("%x", "%x", "%X", "00%x", "%08x")) % size
            out += text + self.extension() + self.line_end() + data[at:at + size] + self.line_end()
            at += size
        out += self.one(("0", "0", "0", "000")) + self.extension() + self.line_end()
        for _ in range(self.one((0, 0, 0, 1, 1, 2))):
            out += (self.one(TRAILERS) if self.chance(0.3) else "X-T%d: v" % self.r.randint(1, 3)) + self.line_end()
        return out + self.line_end()

    def extension(self):
        return self.one(EXTENSIONS) if self.chance(0.3) else ""

    def body(self, fields):
        """Puts the fields that say how long it is; the bytes."""
        data = self.one(("k=v&a=9&name=joe", "hello", "x" * 700, "{\"a\": 1}", "\0\1\xff", "5\r\nhello\r\n0\r\n\r\n", "a" * 5000))
        kind = self.r.random()
        if kind < 0.45:
            fields.append(("Content-Length", str(len(data)) if self.chance(0.8) else self.one(LENGTHS).replace("{}", str(len(data)))))
            return data
        if kind < 0.85:
            fields.append(("Transfer-Encoding", "chunked" if self.chance(0.75) else self.one(CODINGS)))
            return self.chunked(data)
        if kind < 0.93:
            fields += [("Content-Length", str(len(data))), ("Content-Length", self.one((str(len(data)), "1", str(len(data)) + " ")))]
            return data
        pair = [("Content-Length", str(self.r.randint(0, 20))), ("Transfer-Encoding", self.one(CODINGS))]
        self.r.shuffle(pair)
        fields += pair
        return self.chunked(data)

    def target(self, method, host):
        path = self.one(PATHS) + self.one(QUERIES)
        kind = self.r.random()
        if self.chance(0.02):
            path = "/" + self.one(("p", "%41", "/", "\xe9")) * self.r.randint(500, 5000) + self.one(QUERIES)
        if method == "CONNECT" and self.chance(0.8):
            return self.one((host, host or "a", "example.com:443", "[::1]:443", "a:", ":443", "a:443/", "http://a:443"))
        if kind < 0.72:
            return path
        if kind < 0.92:
            return self.one(("http://", "http://", "https://", "HTTP://", "ftp://", "h-t.p+1://", "http:/", "http:", "1http://")) + self.one((host, host, self.one(HOSTS))) + self.one((path, path, "", "?a=1", "#f"))
        return self.one(("*", "*", "a", "a/b", "?a=1", "#", "**", "/ x", "\\", "host:80", ""))

    def request(self):
        self.bare = self.one((0, 0, 0, 0, 0, 0, 0.3, 1))
        method, host = self.one(METHODS), self.one(HOSTS) if self.chance(0.5) else "www.example.com"
        version = "HTTP/1.1" if self.chance(0.8) else self.one(("HTTP/1.0", "HTTP/1.0", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "http/1.1", "HTTP/1.1 ", "HTTP/11", "HTTP/1.", "", "ICY/1.1", "HTTP/1.10"))
        target, fields = self.target(method, host), []
        if self.chance(0.93):
            fields.append(("Host", host))
        if self.chance(0.03):
            fields.append(("Host", self.one((host, self.one(HOSTS)))))
        for _ in range(self.one((0, 1, 1, 2, 3, 5))):
            fields.append((self.one(NAMES), self.one(VALUES)))
        for share, name, values in ((0.3, "Cookie", COOKIES), (0.1, "Cookie", COOKIES), (0.3, "Connection", CONNECTION), (0.1, "Connection", CONNECTION), (0.12, "Upgrade", UPGRADE), (0.08, "Expect", EXPECT)):
            if self.chance(share):
                fields.append((name, self.one(values)))
        body = self.body(fields) if self.chance(0.6 if method in ("POST", "PUT", "PATCH") else 0.1) else ""
        self.r.shuffle(fields)
        blank = " " if self.chance(0.98) else self.one(("  ", "\t", " \t"))
        head = self.one(("\r\n", "\n", "\r\n\r\n", "\n\n", " ")) if self.chance(0.03) else ""
        head += method + blank + target + (blank + version if version else "") + self.line_end()
        message = head + "".join(self.field(*f) for f in fields) + self.line_end() + body
        return self.damaged(message).encode("latin1")

    def damaged(self, message):
        if self.chance(0.06):
            at = self.r.randrange(len(message))
            message = message[:at] + self.one(("\0", "\r", "\n", "\x7f", ":", " ", "\t", "\x80", "")) + message[at + self.r.randint(0, 1):]
        return message

    def response(self, head, echo):
        """To a HEAD request, perhaps; echo: what the server would like to say."""
        self.bare = self.one((0, 0, 0, 0, 0, 0, 0.3, 1))
        status, fields = self.one(STATUS), []
        version = "HTTP/1.1" if self.chance(0.85) else self.one(("HTTP/1.0", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.", "HTTP", "ICY", "HTTP/1.1 "))
        for _ in range(self.one((0, 1, 1, 2, 3))):
            fields.append((self.one(("X-R", "x-r", "X-Rn", "X-Rip") + NAMES), self.one(VALUES)))
        for share, name, values in ((0.3, "Set-Cookie", SET_COOKIES), (0.1, "Set-Cookie", SET_COOKIES), (0.3, "Connection", CONNECTION), (0.05, "Upgrade", UPGRADE)):
            if self.chance(share):
                fields.append((name, self.one(values)))
        body, close = "", True
        if self.chance(0.85):
            body = self.body(fields) if self.chance(0.5) else echo
            if body is echo:
                fields.append(("Content-Length", str(len(echo))))
                close = self.chance(0.3)
        self.r.shuffle(fields)
        if head or status[:3] in ("204", "304"):
            body = "" if self.chance(0.9) else body
        interim = "HTTP/1.1 " + self.one(("100 Continue", "103 Early", "102 X", "100")) + "\r\n" + self.one(("", "Link: </a>\r\n", "Content-Length: 5\r\n")) + "\r\n" if self.chance(0.08) else ""
        top = version + " " + status + self.line_end() + "".join(self.field(*f) for f in fields) + self.line_end()
        return self.damaged(interim + top + body).encode("latin1"), close
