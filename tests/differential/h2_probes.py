"""What h2_probe plays: CLIENT, frames of a client (the settings and a last PING are the probe's), SERVER, frames that answer the first
request of a connection to a server."""
import struct

from h2_frames import *  # noqa: F403

CLIENT, SERVER = {}, {}
BASE = (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a.example")
POST = (":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a.example")
START = PREFACE + settings((1, 0))  # without a dynamic table statuses are easy to read


def client(name, *frames, start=START):
    CLIENT[name] = start + b"".join(frames)


def server(name, *frames):
    SERVER[name] = b"".join(frames)


def get(stream=1, *more, end=True, base=BASE):
    return headers(stream, fields(*base, *more), end)


def post(stream=1, *more, end=False):
    return get(stream, *more, end=end, base=POST)


def only(*pairs, end=True, stream=1):
    return headers(stream, fields(*pairs), end)


def without(name, base=BASE):
    return tuple(p for p in base if p[0] != name)


def put(name, value, base=BASE):
    return tuple((n, value if n == name else v) for n, v in base)


# --- what a request may look like
client("plain", get())
client("plain_post", post(), data(1, b"hello", True))
client("post_empty_data", post(), data(1, b"", True))
client("post_length", post(1, ("content-length", "5")), data(1, b"hello", True))
client("two_streams", get(1), get(3))
client("host_only", only(*without(":authority"), ("host", "h.example")))
client("host_and_authority", get(1, ("host", "h.example")))
client("host_same", get(1, ("host", "a.example")))
client("host_twice", only(*without(":authority"), ("host", "h.example"), ("host", "i.example")))
client("host_none", only(*without(":authority")))
client("authority_empty", only(*put(":authority", "")))
client("authority_userinfo", only(*put(":authority", "u@a.example")))
client("authority_port", only(*put(":authority", "a.example:8080")))
client("authority_default_port", only(*put(":authority", "a.example:80")))
for label, scheme, port in (("http_443", "http", ":443"), ("https_443", "https", ":443"), ("https_80", "https", ":80"), ("empty_port", "http", ":"),
                            ("http_080", "http", ":080"), ("upper_https", "HTTPS", ":443"), ("own_scheme", "x", ":80")):
    client("port_" + label, only((":method", "GET"), (":scheme", scheme), (":path", "/"), (":authority", "a.example" + port)))
client("port_ipv6", only(*put(":authority", "[::1]:80")))
client("port_host", only(*without(":authority"), ("host", "a.example:80")))
client("port_host_too", get(1, ("host", "a.example:80"), base=put(":authority", "a.example:80")))
client("port_websocket", only(*put(":authority", "a.example:80", ((":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/"),
                                                                  (":authority", "a.example"))), end=False))
client("authority_blank", only(*put(":authority", "a b")))
client("authority_twice", only(*BASE, (":authority", "b.example")))
client("authority_slash", only(*put(":authority", "a.example/x")))
client("authority_upper", only(*put(":authority", "A.EXAMPLE")))
client("cookies", get(1, ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")))
client("cookie_empty", get(1, ("cookie", "")))
client("te_trailers", get(1, ("te", "trailers")))
client("te_gzip", get(1, ("te", "gzip")))
client("te_both", get(1, ("te", "trailers, gzip")))
for field, value in (("connection", "close"), ("connection", "x"), ("proxy-connection", "close"), ("keep-alive", "timeout=5"),
                     ("upgrade", "websocket"), ("transfer-encoding", "chunked"), ("transfer-encoding", "identity"), ("http2-settings", "x"),
                     ("expect", "100-continue"), ("x-forwarded-for", "1.2.3.4"), ("accept-encoding", "gzip"), ("trailer", "x")):
    client("field_%s_%s" % (field, value.split("=")[0]), get(1, (field, value)))
client("post_expect", post(1, ("expect", "100-continue"), ("content-length", "2")), data(1, b"ok", True))

# --- names and values
for label, name in (("upper", "X-Upper"), ("blank", "a b"), ("colon", "a:b"), ("empty", ""), ("tab", "a\tb"), ("nul", "a\0b"), ("cr", "a\rb"),
                    ("lf", "a\nb"), ("high", "a\xffb"), ("del", "a\x7fb"), ("paren", "a(b"), ("slash", "a/b"), ("under", "a_b"), ("quote", 'a"b'),
                    ("equal", "a=b"), ("at", "a@b"), ("star", "a*b"), ("leading_blank", " a"), ("trailing_blank", "a ")):
    client("name_" + label, get(1, (name, "v")))
for label, value in (("empty", ""), ("cr", "a\rb"), ("lf", "a\nb"), ("crlf", "a\r\nx: y"), ("nul", "a\0b"), ("tab", "a\tb"), ("high", "a\xffb"),
                     ("del", "a\x7fb"), ("ctl", "a\1b"), ("leading", " a"), ("trailing", "a "), ("leading_tab", "\ta"), ("blanks", "  ")):
    client("value_" + label, get(1, ("x", value)))
client("name_long", get(1, ("n" * 5000, "v")))
client("value_long", get(1, ("x", "v" * 10000)))

# --- pseudo-headers
for name in (":method", ":scheme", ":path"):
    client("missing" + name.replace(":", "_"), only(*without(name)))
    client("twice" + name.replace(":", "_"), only(*BASE, dict((k, (k, v)) for k, v in BASE)[name]))
    client("empty" + name.replace(":", "_"), only(*put(name, "")))
    client("late" + name.replace(":", "_"), only(*without(name), ("x", "y"), dict((k, (k, v)) for k, v in BASE)[name]))
client("unknown_pseudo", get(1, (":x", "y")))
client("unknown_pseudo_first", only((":x", "y"), *BASE))
client("status_in_request", only((":status", "200"), *BASE))
client("pseudo_upper", only(*without(":path"), (":Path", "/")))
client("pseudo_order", only(*reversed(BASE)))
client("no_fields", headers(1, b""))
for label, method in (("lower", "get"), ("blank", "G ET"), ("own", "FROBNICATE"), ("nul", "G\0T"), ("colon", "GE:T"), ("long", "M" * 300), ("head", "HEAD"),
                      ("options", "OPTIONS"), ("trace", "TRACE"), ("put", "PUT"), ("delete", "DELETE"), ("high", "G\xff")):
    client("method_" + label, only(*put(":method", method)))
for label, scheme in (("https", "https"), ("own", "x-y"), ("upper", "HTTP"), ("blank", "ht tp"), ("digit", "1http"), ("colon", "http:"), ("slash", "http://")):
    client("scheme_" + label, only(*put(":scheme", scheme)))
for label, path in (("relative", "x"), ("star", "*"), ("absolute", "http://b.example/x"), ("blank", "/a b"), ("crlf", "/\r\nx: y"), ("lf", "/a\nb"),
                    ("nul", "/a\0b"), ("fragment", "/a#b"), ("high", "/\xff"), ("tab", "/a\tb"), ("query", "?a=b"), ("double", "//b.example/x"),
                    ("dots", "/../x"), ("percent", "/%zz"), ("backslash", "/a\\b"), ("long", "/" + "p" * 9000), ("http_version", "/ HTTP/1.1"), ("del", "/\x7f")):
    client("path_" + label, only(*put(":path", path)))
client("options_star", only(*put(":path", "*", put(":method", "OPTIONS"))))
client("path_too_long", only(*put(":path", "/" + "p" * 15000)))

# --- CONNECT
CONNECT = (":method", "CONNECT"), (":authority", "a.example:443")
client("connect", only(*CONNECT, end=False))
client("connect_end", only(*CONNECT))
client("connect_path", only(*CONNECT, (":path", "/"), end=False))
client("connect_scheme", only(*CONNECT, (":scheme", "http"), end=False))
client("connect_no_authority", only((":method", "CONNECT"), end=False))
client("connect_no_port", only((":method", "CONNECT"), (":authority", "a.example"), end=False))
client("connect_data", only(*CONNECT, end=False), data(1, b"raw bytes"))
client("connect_length", only(*CONNECT, ("content-length", "3"), end=False), data(1, b"raw", True))
WS = (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/"), (":authority", "a.example")
client("protocol_websocket", only(*WS, ("sec-websocket-version", "13"), end=False))
client("protocol_other", only(*put(":protocol", "x", WS), end=False))
client("protocol_empty", only(*put(":protocol", "", WS), end=False))
client("protocol_without_connect", only(*put(":method", "GET", WS)))
client("protocol_no_scheme", only(*without(":scheme", WS), end=False))
client("protocol_no_path", only(*without(":path", WS), end=False))
client("protocol_upgrade_field", only(*WS, ("upgrade", "websocket"), end=False))

# --- content-length
for label, length, body in (("short", "3", b"hello"), ("long", "9", b"hello"), ("zero", "0", b"hello"), ("zero_none", "0", b""), ("negative", "-5", b"hello"),
                            ("plus", "+5", b"hello"), ("hex", "0x5", b"hello"), ("empty", "", b"hello"), ("list", "5,5", b"hello"), ("list_odd", "5,6", b"hello"),
                            ("huge", "99999999999999999999", b"hello"), ("leading_zero", "05", b"hello"), ("blank", "5 ", b"hello"), ("word", "x", b"hello")):
    client("length_" + label, post(1, ("content-length", length)), data(1, body, True))
client("length_twice", post(1, ("content-length", "5"), ("content-length", "5")), data(1, b"hello", True))
client("length_twice_odd", post(1, ("content-length", "5"), ("content-length", "6")), data(1, b"hello", True))
client("length_get_end", get(1, ("content-length", "5")))
client("length_get_zero", get(1, ("content-length", "0")))
client("length_pieces", post(1, ("content-length", "5")), data(1, b"he"), data(1, b"llo"), data(1, b"", True))
client("length_pieces_over", post(1, ("content-length", "5")), data(1, b"he"), data(1, b"llo!"), data(1, b"", True))

# --- trailers
client("trailers", post(), data(1, b"x"), only(("t", "v")))
client("trailers_no_data", post(), only(("t", "v")))
client("trailers_not_end", post(), data(1, b"x"), only(("t", "v"), end=False))
client("trailers_pseudo", post(), data(1, b"x"), only((":path", "/x")))
client("trailers_status", post(), data(1, b"x"), only((":status", "200")))
client("trailers_upper", post(), data(1, b"x"), only(("T", "v")))
client("trailers_connection", post(), data(1, b"x"), only(("connection", "close")))
client("trailers_length", post(), data(1, b"x"), only(("content-length", "1")))
client("trailers_host", post(), data(1, b"x"), only(("host", "b")))
client("trailers_te", post(), data(1, b"x"), only(("transfer-encoding", "chunked")))
for field in "te", "expect", "authorization", "cookie", "set-cookie", "content-type", "trailer", "range", "upgrade", "proxy-connection", "x-forwarded-for":
    client("trailers_" + field.replace("-", "_"), post(), data(1, b"x"), only((field, "trailers")))
client("trailers_crlf", post(), data(1, b"x"), only(("t", "a\r\nb: c")))
client("trailers_twice", post(), data(1, b"x"), only(("t", "v"), end=False), only(("t", "v")))
client("trailers_length_short", post(1, ("content-length", "5")), data(1, b"x"), only(("t", "v")))
client("trailers_empty", post(), data(1, b"x"), headers(1, b""))

# --- streams and their states
client("stream_zero", get(0))
client("stream_even", get(2))
client("stream_lower", get(3), get(1))
client("stream_skip", get(7), get(9))
client("stream_again", get(1), get(1))
client("stream_largest", get(0x7fffffff))
client("stream_reserved_bit", get(0x80000001))
client("data_idle", data(1, b"x", True))
client("data_zero", data(0, b"x"))
client("data_after_end", get(1), data(1, b"x", True))
client("data_after_post_end", post(), data(1, b"x", True), data(1, b"y", True))
client("data_even", data(2, b"x", True))
client("rst_idle", frame(RST, 0, 1, struct.pack(">I", 8)))
client("rst_zero", frame(RST, 0, 0, struct.pack(">I", 8)))
client("rst_short", post(), frame(RST, 0, 1, b"\0\0"))
client("rst_long", post(), frame(RST, 0, 1, b"\0" * 8))
client("rst_cancel", post(), frame(RST, 0, 1, struct.pack(">I", 8)))
client("rst_then_data", post(), frame(RST, 0, 1, struct.pack(">I", 8)), data(1, b"x", True))
client("rst_then_headers", post(), frame(RST, 0, 1, struct.pack(">I", 8)), only(("t", "v")))
client("rst_then_window", post(), frame(RST, 0, 1, struct.pack(">I", 8)), frame(WINDOW, 0, 1, struct.pack(">I", 5)))
client("rst_twice", post(), frame(RST, 0, 1, struct.pack(">I", 8)) * 2)
client("rst_unknown_code", post(), frame(RST, 0, 1, struct.pack(">I", 999)))
client("window_idle", frame(WINDOW, 0, 1, struct.pack(">I", 5)))
client("window_zero_increment", post(), frame(WINDOW, 0, 1, struct.pack(">I", 0)))
client("window_zero_connection", frame(WINDOW, 0, 0, struct.pack(">I", 0)))
client("window_short", frame(WINDOW, 0, 0, b"\0\0"))
client("window_long", frame(WINDOW, 0, 0, b"\0" * 5))
client("window_overflow_connection", frame(WINDOW, 0, 0, struct.pack(">I", 0x7fffffff)))
client("window_overflow_stream", post(), frame(WINDOW, 0, 1, struct.pack(">I", 0x7fffffff)))
client("window_full", frame(WINDOW, 0, 0, struct.pack(">I", 0x7fffffff - 65535)), get(1))
client("window_reserved_bit", post(), frame(WINDOW, 0, 1, struct.pack(">I", 0x80000005)), data(1, b"x", True))

# --- HEADERS, CONTINUATION, padding, priority
BLOCK = fields(*BASE)
client("continuation", headers(1, BLOCK[:10], flags=0), frame(CONTINUATION, 4, 1, BLOCK[10:]))
client("continuation_many", headers(1, BLOCK[:1], flags=0), *[frame(CONTINUATION, 0, 1, BLOCK[i:i + 1]) for i in range(1, len(BLOCK) - 1)],
       frame(CONTINUATION, 4, 1, BLOCK[-1:]))
client("continuation_empty", headers(1, b"", flags=0), frame(CONTINUATION, 4, 1, BLOCK))
client("continuation_empties", headers(1, BLOCK, flags=0), *[frame(CONTINUATION, 0, 1)] * 3, frame(CONTINUATION, 4, 1))
client("continuation_alone", frame(CONTINUATION, 4, 1, BLOCK))
client("continuation_zero", headers(1, BLOCK[:10], flags=0), frame(CONTINUATION, 4, 0, BLOCK[10:]))
client("continuation_other", headers(1, BLOCK[:10], flags=0), frame(CONTINUATION, 4, 3, BLOCK[10:]))
client("continuation_after_end", get(1), frame(CONTINUATION, 4, 1, b""))
client("continuation_missing_ping", headers(1, BLOCK[:10], flags=0), frame(PING, 0, 0, b"12345678"))
client("continuation_missing_data", headers(1, BLOCK, end=False, flags=0), data(1, b"x", True))
client("continuation_missing_headers", headers(1, BLOCK, flags=0), get(3))
client("continuation_unknown_frame", headers(1, BLOCK[:10], flags=0), frame(77, 0, 1, b"x"), frame(CONTINUATION, 4, 1, BLOCK[10:]))
client("padded", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\5" + BLOCK + b"\0" * 5))
client("padded_zero", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\0" + BLOCK))
client("padded_not_zeroes", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\5" + BLOCK + b"abcde"))
client("padded_all", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, bytes([len(BLOCK)]) + BLOCK))
client("padded_too_much", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\xff" + BLOCK))
client("padded_empty", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b""))
client("data_padded", post(), frame(DATA, END_STREAM | PADDED, 1, b"\3hello\0\0\0"))
client("data_padded_all", post(), frame(DATA, END_STREAM | PADDED, 1, b"\5\0\0\0\0\0"))
client("data_padded_too_much", post(), frame(DATA, END_STREAM | PADDED, 1, b"\6\0\0\0\0\0"))
client("data_padded_empty", post(), frame(DATA, END_STREAM | PADDED, 1, b""))
client("prio_flag", frame(HEADERS, END_HEADERS | END_STREAM | PRIO, 1, b"\0\0\0\0\x0f" + BLOCK))
client("prio_self", frame(HEADERS, END_HEADERS | END_STREAM | PRIO, 1, b"\0\0\0\1\x0f" + BLOCK))
client("prio_exclusive", frame(HEADERS, END_HEADERS | END_STREAM | PRIO, 3, b"\x80\0\0\1\x0f" + BLOCK))
client("prio_short", frame(HEADERS, END_HEADERS | END_STREAM | PRIO, 1, b"\0\0\0"))
client("prio_padded", frame(HEADERS, END_HEADERS | END_STREAM | PRIO | PADDED, 1, b"\2\0\0\0\0\x0f" + BLOCK + b"\0\0"))
client("priority", frame(PRIORITY, 0, 1, b"\0\0\0\0\x0f"), get(1))
client("priority_self", frame(PRIORITY, 0, 1, b"\0\0\0\1\x0f"), get(1))
client("priority_zero", frame(PRIORITY, 0, 0, b"\0\0\0\1\x0f"), get(1))
client("priority_short", frame(PRIORITY, 0, 1, b"\0\0\0\0"), get(1))
client("priority_long", frame(PRIORITY, 0, 1, b"\0\0\0\0\x0f\0"), get(1))
client("priority_closed", get(1), frame(PRIORITY, 0, 1, b"\0\0\0\0\x0f"))
client("headers_unknown_flags", headers(1, BLOCK, flags=END_HEADERS | 0xd2))

# --- HPACK
client("hpack_index_zero", headers(1, b"\x80"))
client("hpack_index_beyond", headers(1, BLOCK + b"\xff\x7f"))
client("hpack_cut", headers(1, BLOCK[:-3]))
client("hpack_number_endless", headers(1, b"\xff" + b"\xff" * 20))
client("hpack_static", headers(1, b"\x82\x86\x84" + literal(":authority", "a.example")))
client("hpack_size_update", headers(1, b"\x20" + BLOCK))
client("hpack_size_update_large", headers(1, b"\x3f\xe1\xff\x03" + BLOCK))
client("hpack_size_update_late", headers(1, BLOCK + b"\x20"))
client("hpack_never_indexed", headers(1, BLOCK + b"\x10" + text("x") + text("y")))
client("hpack_indexed_again", headers(1, BLOCK + b"\x40" + text("x") + text("y")), headers(3, BLOCK + b"\xbe"))
client("hpack_huffman_bad", headers(1, BLOCK + b"\0" + text("x") + b"\x82\xff\xff"))
client("hpack_huffman_eos", headers(1, BLOCK + b"\0" + text("x") + b"\x84\xff\xff\xff\xff"))
client("fields_many", get(1, *[("x%d" % i, "v") for i in range(90)]))
client("fields_too_many", get(1, *[("x%d" % i, "v") for i in range(150)]))
client("fields_too_large", headers(1, BLOCK + fields(*[("x", "v" * 1500)] * 8), flags=0), *[frame(CONTINUATION, 0, 1, fields(*[("x", "v" * 1500)] * 8))] * 2,
       frame(CONTINUATION, 4, 1, b""))

# --- SETTINGS, PING, GOAWAY, PUSH_PROMISE, frames that nobody knows
client("settings_ack", frame(SETTINGS, ACK, 0), get(1))
client("settings_ack_payload", frame(SETTINGS, ACK, 0, b"\0" * 6), get(1))
client("settings_stream", frame(SETTINGS, 0, 1, b""), get(1))
client("settings_cut", frame(SETTINGS, 0, 0, b"\0" * 5), get(1))
client("settings_unknown", settings((0x99, 7)), get(1))
client("settings_push_2", settings((2, 2)), get(1))
client("settings_push_1", settings((2, 1)), get(1))
client("settings_window_too_large", settings((4, 0x80000000)), get(1))
client("settings_window_largest", settings((4, 0x7fffffff)), get(1))
client("settings_window_zero", settings((4, 0)), get(1), settings((4, 100)))
client("settings_window_overflow", post(), frame(WINDOW, 0, 1, struct.pack(">I", 0x7fff0000)), settings((4, 0x7fffffff)))
client("settings_frame_small", settings((5, 16383)), get(1))
client("settings_frame_large", settings((5, 16777216)), get(1))
client("settings_frame_largest", settings((5, 16777215)), get(1))
client("settings_concurrent_zero", settings((3, 0)), get(1))
client("settings_connect_protocol_2", settings((8, 2)), get(1))
client("settings_many", settings(*[(3, i) for i in range(60)]), get(1))
client("ping", frame(PING, 0, 0, b"12345678"), get(1))
client("ping_ack", frame(PING, ACK, 0, b"12345678"), get(1))
client("ping_short", frame(PING, 0, 0, b"1234"), get(1))
client("ping_long", frame(PING, 0, 0, b"123456789"), get(1))
client("ping_stream", frame(PING, 0, 1, b"12345678"), get(1))
client("ping_flood", frame(PING, 0, 0, b"12345678") * 200, get(1))
client("settings_flood", settings() * 200, get(1))
client("goaway", frame(GOAWAY, 0, 0, b"\0" * 8), get(1))
client("goaway_after", get(1), frame(GOAWAY, 0, 0, b"\0" * 8))
client("goaway_error", get(1), frame(GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\1debug"))
client("goaway_stream", frame(GOAWAY, 0, 1, b"\0" * 8), get(1))
client("goaway_short", frame(GOAWAY, 0, 0, b"\0" * 4), get(1))
client("push_promise", frame(PUSH, END_HEADERS, 1, b"\0\0\0\2" + BLOCK))
client("push_promise_open", post(), frame(PUSH, END_HEADERS, 1, b"\0\0\0\2" + BLOCK))
client("unknown_frame", frame(0x42, 0xff, 0, b"x" * 10), get(1))
client("unknown_frame_stream", post(), frame(0x42, 0xff, 1, b"x" * 10), data(1, b"y", True))
client("unknown_frame_idle", frame(0x42, 0xff, 5, b"x"), get(1))
client("frame_too_large", frame(PING, 0, 0, b"x" * 20000), get(1))
client("data_too_large", post(), data(1, b"x" * 16385, True))
client("headers_too_large", frame(HEADERS, END_HEADERS | END_STREAM, 1, BLOCK + fields(("x", "v" * 17000))))
client("priority_update", frame(0x10, 0, 0, b"\0\0\0\1u=1"), get(1))

# --- the beginning
client("preface_wrong", start=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX" + settings())
client("preface_http1", start=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
client("preface_no_settings", get(1), start=PREFACE)
client("preface_ping_first", frame(PING, 0, 0, b"12345678"), start=PREFACE)
client("preface_settings_ack", frame(SETTINGS, ACK, 0), get(1), start=PREFACE)

# --- flow control and how many streams there may be
client("streams_101", *[post(1 + 2 * i) for i in range(101)])
client("body_over_window", post(), *[data(1, b"x" * 16384)] * 5)
client("body_window_exact", post(1, ("content-length", "65535")), *[data(1, b"x" * 13107)] * 4, data(1, b"x" * 13107, True))
client("post_head_end", headers(1, fields(*POST)))
client("data_empty_many", post(), *[data(1, b"")] * 20, data(1, b"x", True))

# --- answers of servers
OK = headers(1, fields((":status", "200"), ("content-length", "2")), end=False)
CL = ("content-length", "2")


def answer(*pairs, end=True):
    return headers(1, fields(*pairs), end)


server("plain", OK, data(1, b"ok", True))
server("no_body", answer((":status", "200")))
server("no_length", answer((":status", "200"), end=False), data(1, b"ok", True))
server("status_204", answer((":status", "204")))
server("status_304", answer((":status", "304")))
server("status_404_length", answer((":status", "404"), CL, end=False), data(1, b"no", True))
for label, value in (("missing", None), ("empty", ""), ("word", "abc"), ("short", "20"), ("long", "2000"), ("099", "099"), ("000", "000"), ("600", "600"),
                     ("999", "999"), ("101", "101"), ("blank", "200 "), ("plus", "+20"), ("reason", "200 OK")):
    server("status_" + label, answer(*([(":status", value)] if value is not None else []), ("x", "y")))
server("status_twice", answer((":status", "200"), (":status", "200")))
server("status_late", answer(("x", "y"), (":status", "200")))
server("path_in_response", answer((":status", "200"), (":path", "/")))
server("unknown_pseudo", answer((":status", "200"), (":x", "/")))
for field, value in (("connection", "close"), ("transfer-encoding", "chunked"), ("keep-alive", "timeout=5"), ("upgrade", "x"), ("proxy-connection", "close"),
                     ("te", "trailers"), ("set-cookie", "a=b"), ("X-Upper", "v"), ("a b", "v"), ("", "v"), ("a\nb", "v"), ("a:b", "v")):
    server("field_%s" % field.encode().hex(), answer((":status", "200"), (field, value)))
for label, value in (("cr", "a\rb"), ("lf", "a\nb"), ("crlf", "a\r\nx: y"), ("nul", "a\0b"), ("high", "a\xffb"), ("ctl", "a\1b"), ("blank", " a "), ("empty", "")):
    server("value_" + label, answer((":status", "200"), ("x", value)))
for label, length, body in (("short", "1", b"ok"), ("long", "5", b"ok"), ("zero", "0", b"ok"), ("word", "x", b"ok"), ("negative", "-2", b"ok"), ("list", "2,2", b"ok"),
                            ("list_odd", "2,3", b"ok"), ("empty", "", b"ok")):
    server("length_" + label, answer((":status", "200"), ("content-length", length), end=False), data(1, body, True))
server("length_twice", answer((":status", "200"), CL, CL, end=False), data(1, b"ok", True))
server("length_twice_odd", answer((":status", "200"), CL, ("content-length", "3"), end=False), data(1, b"ok", True))
server("length_no_body", answer((":status", "200"), CL))
server("status_204_length", answer((":status", "204"), ("content-length", "2")))
server("status_204_body", answer((":status", "204"), end=False), data(1, b"ok", True))
server("interim_100", answer((":status", "100"), end=False), OK, data(1, b"ok", True))
server("interim_103", answer((":status", "103"), ("link", "x"), end=False), OK, data(1, b"ok", True))
# HAProxy 2.6.12 dies of 101 and of interim responses that end the stream: they are not asked of it.
server("trailers", answer((":status", "200"), end=False), data(1, b"ok"), answer(("t", "v")))
server("trailers_length", OK, data(1, b"ok"), answer(("t", "v")))
server("trailers_pseudo", answer((":status", "200"), end=False), data(1, b"ok"), answer((":status", "200")))
server("trailers_not_end", answer((":status", "200"), end=False), data(1, b"ok"), answer(("t", "v"), end=False))
server("trailers_upper", answer((":status", "200"), end=False), data(1, b"ok"), answer(("T", "v")))
server("trailers_length_field", answer((":status", "200"), end=False), data(1, b"ok"), answer(("content-length", "2")))
server("trailers_connection", answer((":status", "200"), end=False), data(1, b"ok"), answer(("connection", "close")))
server("no_fields", headers(1, b""))
server("rst", frame(RST, 0, 1, struct.pack(">I", 8)))
for n, label in enumerate(CODES):
    server("rst_" + label.lower(), frame(RST, 0, 1, struct.pack(">I", n)))
server("rst_after_head", OK, frame(RST, 0, 1, struct.pack(">I", 8)))
server("rst_no_error_after_end", OK, data(1, b"ok", True), frame(RST, 0, 1, struct.pack(">I", 0)))
server("rst_after_some_data", OK, data(1, b"o"), frame(RST, 0, 1, struct.pack(">I", 8)))
server("goaway_zero", frame(GOAWAY, 0, 0, b"\0" * 8))
server("goaway_one", frame(GOAWAY, 0, 0, b"\0\0\0\1\0\0\0\0"), OK, data(1, b"ok", True))
server("goaway_error", frame(GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\2"))
server("goaway_after_head", OK, frame(GOAWAY, 0, 0, b"\0\0\0\1\0\0\0\0"), data(1, b"ok", True))
server("data_first", data(1, b"ok", True))
server("data_after_end", OK, data(1, b"ok", True), data(1, b"more", True))
server("headers_after_end", answer((":status", "200")), answer((":status", "200")))
server("headers_even", headers(2, fields((":status", "200"))), OK, data(1, b"ok", True))
server("headers_other", headers(3, fields((":status", "200"))), OK, data(1, b"ok", True))
server("headers_zero", headers(0, fields((":status", "200"))))
server("push_promise", frame(PUSH, END_HEADERS, 1, b"\0\0\0\2" + BLOCK), OK, data(1, b"ok", True))
server("window_zero", frame(WINDOW, 0, 0, b"\0" * 4), OK, data(1, b"ok", True))
server("window_overflow", frame(WINDOW, 0, 0, struct.pack(">I", 0x7fffffff)), OK, data(1, b"ok", True))
server("ping_short", frame(PING, 0, 0, b"1"), OK, data(1, b"ok", True))
server("settings_bad", settings((4, 0x80000000)), OK, data(1, b"ok", True))
server("settings_push", settings((2, 1)), OK, data(1, b"ok", True))
server("settings_concurrent", settings((3, 0)), OK, data(1, b"ok", True))
server("continuation", headers(1, fields((":status", "200"))[:5], flags=0), frame(CONTINUATION, 4, 1, fields((":status", "200"))[5:]))
server("continuation_missing", headers(1, fields((":status", "200"))[:5], flags=0), data(1, b"x"))
server("hpack_bad", headers(1, b"\xff\x7f"))
server("padded", OK, frame(DATA, END_STREAM | PADDED, 1, b"\3ok\0\0\0"))
server("padded_too_much", OK, frame(DATA, END_STREAM | PADDED, 1, b"\xffok"))
server("unknown_frame", frame(0x42, 0, 1, b"x"), OK, data(1, b"ok", True))
server("frame_too_large", OK, frame(DATA, 1, 1, b"x" * 17000))
server("not_http2", b"HTTP/1.1 400 Bad Request\r\n\r\n")
SERVER = {"server_" + name: frames for name, frames in SERVER.items()}
