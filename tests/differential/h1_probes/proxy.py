"""The PROXY protocol: headers that are sent, and those that are taken (tcp-request connection expect-proxy layer4)."""
import struct
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
PROBES = []
SIG = b"\r\n\r\n\0\r\nQUIT\n"
FIX = "http-request set-src str(192.0.2.1)\nhttp-request set-src-port int(1000)\nhttp-request set-dst str(192.0.2.2)\nhttp-request set-dst-port int(80)\n"


def add(name, client=GET, fe="", be="", **more):
    PROBES.append(Probe(name, client, OK, fe=fe, be=be, **more))


for o in ("crc32c", "unique-id", "authority", "ssl", "cert-cn", "ssl-cipher", "cert-sig", "cert-key", "crc32c,unique-id", "unique-id,crc32c,authority",
          "ssl,crc32c", "ssl,cert-cn,unique-id,crc32c,authority,ssl-cipher,cert-sig,cert-key"):
    add("send v2 " + o, fe=FIX + "unique-id-format id-%[path]", srv="send-proxy-v2 proxy-v2-options " + o)
add("send v2, id in a header too", fe=FIX + "unique-id-format id-%[path]\nunique-id-header X-Id", srv="send-proxy-v2 proxy-v2-options unique-id")
add("send v2, no id", fe=FIX, srv="send-proxy-v2 proxy-v2-options unique-id")
add("send v2, long id", fe=FIX + "unique-id-format " + "x" * 200, srv="send-proxy-v2 proxy-v2-options unique-id")
add("send v2 with ssl", fe=FIX, srv="send-proxy-v2-ssl")
add("send v2 with ssl cn", fe=FIX, srv="send-proxy-v2-ssl-cn")
add("send v2 ipv6", fe=FIX.replace("192.0.2.", "2001:db8::"), srv="send-proxy-v2 proxy-v2-options crc32c")
add("send v1 ipv6", fe=FIX.replace("192.0.2.", "2001:db8::"), srv="send-proxy")
add("options without the header", fe=FIX + "unique-id-format id", srv="proxy-v2-options unique-id")


def crc32c(data):
    crc = 0xffffffff
    for b in data:
        crc ^= b
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def v2(tlvs=b"", cmd=0x21, fam=0x11, addr=b"\xc0\0\2\1\xc0\0\2\2" + struct.pack(">HH", 1000, 80), crc=None, length=None):
    body = addr + (tlv(3, b"\0" * 4) if crc is not None else b"") + tlvs
    h = SIG + struct.pack(">BBH", cmd, fam, len(body) if length is None else length) + body
    if crc is not None:
        at = 16 + len(addr) + 3
        h = h[:at] + struct.pack(">I", crc32c(h) ^ crc) + h[at + 4:]
    return h


ERR = "error-log-format \"failed %ft %fi\"\n"
TAKE = ERR + "tcp-request connection expect-proxy layer4\nhttp-request set-header x-see %[src]:%[src_port]/%[dst]:%[dst_port]/%[fc_rcvd_proxy]/%[fc_pp_authority]/%[fc_pp_unique_id]"
NOSEE = ERR + "tcp-request connection expect-proxy layer4\nhttp-request set-header x-see %[fc_rcvd_proxy]/%[fc_pp_authority]/%[fc_pp_unique_id]"
for name, head in [("v1", b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n"), ("v1 six", b"PROXY TCP6 2001:db8::1 2001:db8::2 1000 80\r\n"), ("v2", v2()), ("v2 crc", v2(crc=0)), ("v2 bad crc", v2(crc=1)),
                   ("authority", v2(tlv(2, b"www.example.com"))), ("authority long", v2(tlv(2, b"a" * 255))), ("authority too long", v2(tlv(2, b"a" * 256))),
                   ("unique id", v2(tlv(5, b"the-id"))), ("unique id long", v2(tlv(5, b"i" * 128))), ("unique id too long", v2(tlv(5, b"i" * 129))),
                   ("both", v2(tlv(2, b"host") + tlv(5, b"id") + tlv(4, b"") + tlv(0xe0, b"x"), crc=0)), ("twice", v2(tlv(2, b"one") + tlv(2, b"two"))),
                   ("tlv cut", v2(struct.pack(">BH", 2, 50) + b"abc")), ("tlv header cut", v2(b"\2\0")), ("tlv rest", v2(b"\2")), ("tlv empty", v2(tlv(2, b"") + tlv(5, b""))),
                   ("noop", v2(tlv(4, b"xyz"))), ("crc length", v2(tlv(3, b"abc"))), ("zero type", v2(tlv(0, b"q")))]:
    add("take " + name, head + GET, TAKE)
for name, head in [("v1 unknown", b"PROXY UNKNOWN\r\n"), ("v1 bad", b"PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n"), ("none", b""), ("v2 local", v2(cmd=0x20)), ("v2 local with tlvs", v2(tlv(2, b"host"), cmd=0x20)),
                   ("v2 version 3", v2(cmd=0x31)), ("v2 unspec", v2(fam=0, addr=b"")), ("v2 udp", v2(fam=0x12)), ("v2 short", v2(addr=b"\xc0\0\2\1", length=4)),
                   ("v2 unix", v2(fam=0x31, addr=b"\0" * 216)), ("v2 six", v2(fam=0x21, addr=b"\0" * 36)), ("v2 command 2", v2(cmd=0x22))]:
    add("take " + name, head + GET, NOSEE)
add("take in pieces", [b"PROXY TCP4 192.0.2.1 192.0", b".2.2 1000 80\r\n" + GET], TAKE)
add("take and split", [v2(tlv(2, b"h")), GET], TAKE)
for name, head in [("foreign", b"GET /"), ("short", b"PROXY TCP4 1.2"), ("bad", v2(crc=1)), ("short v2", v2()[:20]), ("bad command", v2(cmd=0x22))]:
    add("dontlognull, " + name, head, "option dontlognull\n" + TAKE)
add("closes at once", b"", TAKE, shut=True)
add("closes at once, dontlognull", b"", "option dontlognull\n" + TAKE, shut=True)
add("says nothing", b"", TAKE)
add("says nothing, dontlognull", b"", "option dontlognull\n" + TAKE)
