# Every byte in names and values of fields, in requests and responses.
GET = "GET / HTTP/1.1\r\n"
OK = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"
PLAIN = GET + "host: h\r\n\r\n"


def req(name, line):
    return Probe(name, GET + "host: h\r\n" + line + "\r\nend: z\r\n\r\n")


def res(name, line):
    return Probe(name, PLAIN, OK + line + "\r\nend: z\r\n\r\n")


PROBES = []
for c in range(256):
    PROBES += [
        req("name byte %02x" % c, "a" + chr(c) + "B: c"),
        req("name first byte %02x" % c, chr(c) + "B: c"),
        req("value byte %02x" % c, "A: b" + chr(c) + "d"),
        req("value first byte %02x" % c, "A:" + chr(c) + "d"),
        req("value last byte %02x" % c, "A: b" + chr(c)),
        req("value middle byte %02x" % c, "A: bbbbbbbbbbbbbb" + chr(c) + "dddddddddddddddddd"),
        res("response name byte %02x" % c, "a" + chr(c) + "B: c"),
        res("response value byte %02x" % c, "A: b" + chr(c) + "d"),
        res("response value middle byte %02x" % c, "A: bbbbbbbbbbbb" + chr(c) + "dddddddddddddddd"),
        Probe("reason byte %02x" % c, PLAIN, "HTTP/1.1 200 O" + chr(c) + "K\r\ncontent-length: 0\r\n\r\n"),
        Probe("status byte %02x" % c, PLAIN, "HTTP/1.1 2" + chr(c) + "0 OK\r\ncontent-length: 0\r\n\r\n"),
    ]
