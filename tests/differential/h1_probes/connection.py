# Connection and what belongs to it: keep-alive and close on both sides, by option; upgrades and tunnels.
OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"
GET = "GET / HTTP/1.1\r\nhost: h\r\n"
NEXT = "GET /next HTTP/1.1\r\nhost: h\r\n\r\n"

PROBES = []
MODES = {"default": ("", ""), "httpclose fe": ("option httpclose", ""), "httpclose be": ("", "option httpclose"),
         "server-close fe": ("option http-server-close", ""), "server-close be": ("", "option http-server-close"),
         "pretend": ("", "option http-server-close\noption http-pretend-keepalive"),
         "reuse never": ("", "http-reuse never"),
         "httpclose and pretend": ("", "option httpclose\noption http-pretend-keepalive")}
CLIENTS = {"1.1": ("HTTP/1.1", ""), "1.1 close": ("HTTP/1.1", "connection: close\r\n"), "1.1 keep": ("HTTP/1.1", "Connection: Keep-Alive\r\n"),
           "1.0": ("HTTP/1.0", ""), "1.0 keep": ("HTTP/1.0", "connection: keep-alive\r\n")}
SERVERS = {"1.1": OK + "\r\nok", "1.1 close": OK + "connection: close\r\n\r\nok", "1.1 keep": OK + "connection: keep-alive\r\n\r\nok",
           "1.0": "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
           "1.0 keep": "HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok"}
for mode, (fe, be) in MODES.items():
    for cname, (version, field) in CLIENTS.items():
        for sname, answer in SERVERS.items():
            if mode == "default" or (cname in ("1.1", "1.0", "1.0 keep") and sname in ("1.1", "1.0 keep", "1.1 close")):
                PROBES.append(Probe("%s: client %s, server %s" % (mode, cname, sname),
                                    ["GET / %s\r\nhost: h\r\n%s\r\n" % (version, field), NEXT], answer, fe=fe, be=be))


def client(name, fields, **more):
    PROBES.append(Probe("request: " + name, [GET + fields + "\r\n", NEXT], OK + "\r\nok", **more))


def server(name, fields, **more):
    PROBES.append(Probe("response: " + name, [GET + "\r\n", NEXT], OK + fields + "\r\nok", **more))


for name, value in (("close", "close"), ("Close", "Close"), ("keep-alive", "keep-alive"), ("both", "keep-alive, close"), ("both 2", "close, keep-alive"),
                    ("other", "x-a"), ("other and close", "x-a, close"), ("other and keep-alive", "x-a, keep-alive"), ("te", "te"),
                    ("te and close", "TE, close"), ("list with blanks", " close ,  x-b "), ("empty", ""), ("comma", ","), ("quoted", "\"close\""),
                    ("closed", "closed"), ("semicolon", "close;a"), ("host", "host"), ("upgrade", "upgrade"), ("transfer-encoding", "transfer-encoding"),
                    ("content-length", "content-length"), ("connection", "connection, close"), ("keep-alive twice", "keep-alive, keep-alive"),
                    ("cookie", "cookie, x-a")):
    client("connection " + name, "x-a: 1\r\nconnection: %s\r\ncookie: c=d\r\n" % value)
    server("connection " + name, "x-a: 1\r\nconnection: %s\r\n" % value)
for make in (client, server):
    make("two connections", "connection: x-a\r\nconnection: close\r\nx-a: 1\r\n")
    make("two connections, keep-alive", "connection: x-a\r\nx-a: 1\r\nconnection: keep-alive\r\n")
    make("keep-alive field", "keep-alive: timeout=5\r\nconnection: keep-alive\r\n")
    make("keep-alive field only", "keep-alive: timeout=5, max=100\r\n")
    make("proxy-connection close", "proxy-connection: close\r\n")
    make("proxy-connection keep-alive", "proxy-connection: keep-alive\r\n")
    make("proxy-connection and connection", "proxy-connection: keep-alive\r\nconnection: close\r\n")
    make("upgrade without connection", "upgrade: x\r\n")
    make("upgrade", "upgrade: x\r\nconnection: upgrade\r\n")
    make("upgrade h2c", "upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n")
    make("upgrade and close", "upgrade: x\r\nconnection: upgrade, close\r\n")
    make("upgrade and keep-alive", "upgrade: x\r\nconnection: keep-alive, Upgrade\r\n")
client("use-proxy-header", "proxy-connection: close\r\n", fe="option http-use-proxy-header")
client("use-proxy-header, keep-alive", "proxy-connection: keep-alive\r\n", fe="option http-use-proxy-header")
client("use-proxy-header, connection", "connection: close\r\n", fe="option http-use-proxy-header")
client("proxy-authorization", "proxy-authorization: Basic xxx\r\n")
client("trailer field", "trailer: x\r\n")

SWITCH = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
WS = GET + "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
ACC = SWITCH[:-2] + "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
PROBES += [
    Probe("websocket", [WS, "hello", "again"], [ACC + "welcome"]),
    Probe("websocket, shut", [WS, "hello", "again"], [ACC + "welcome"], shut=True),
    Probe("websocket, closed by server", [WS], [ACC + "welcome"], close=True),
    Probe("websocket, early bytes", [WS + "early"], [ACC + "welcome"]),
    Probe("websocket refused", [WS, NEXT], [OK + "\r\nok"]),
    Probe("websocket refused, 403", [WS, NEXT], ["HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n"]),
    Probe("websocket, no accept", [WS, "hello"], [SWITCH + "welcome"]),
    Probe("websocket, tunnel timeout", [WS, "hello", "again"], [ACC + "welcome"], be="timeout tunnel 150ms"),
    Probe("other upgrade", [GET + "connection: upgrade\r\nupgrade: other\r\n\r\n", "hello"],
          ["HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\nhi"]),
    Probe("other upgrade with body", ["POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\nconnection: upgrade\r\nupgrade: other\r\n\r\nabc", "hello"],
          ["HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\nhi"]),
    Probe("upgrade in 1.0", ["GET / HTTP/1.0\r\nhost: h\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n", "hello"],
          ["HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\nhi"]),
    Probe("upgrade, 101 without fields", [GET + "connection: upgrade\r\nupgrade: other\r\n\r\n", "hello"],
          ["HTTP/1.1 101 Switching Protocols\r\n\r\nhi"]),
    Probe("connect, 200", ["CONNECT h:80 HTTP/1.1\r\nhost: h\r\n\r\n", "hello", "again"], ["HTTP/1.1 200 OK\r\n\r\nwelcome"]),
    Probe("connect, 200 with length", ["CONNECT h:80 HTTP/1.1\r\nhost: h\r\n\r\n", "hello"], ["HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nwelcome"]),
    Probe("connect, 403", ["CONNECT h:80 HTTP/1.1\r\nhost: h\r\n\r\n", NEXT], ["HTTP/1.1 403 No\r\ncontent-length: 3\r\n\r\nabc"]),
    Probe("connect, shut", ["CONNECT h:80 HTTP/1.1\r\nhost: h\r\n\r\n", "hello"], ["HTTP/1.1 200 OK\r\n\r\nwelcome"], shut=True),
    Probe("connect, closed by server", ["CONNECT h:80 HTTP/1.1\r\nhost: h\r\n\r\n", "hello"], ["HTTP/1.1 200 OK\r\n\r\nwelcome"], close=True),
    Probe("pipelined", GET + "\r\n" + NEXT + GET + "\r\n" + NEXT, OK + "\r\nok"),
    Probe("pipelined with bodies", ("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc" + NEXT) * 2, OK + "\r\nok"),
    Probe("pipelined, close in the middle", GET + "\r\n" + GET + "connection: close\r\n\r\n" + NEXT, OK + "\r\nok"),
    Probe("pipelined, error in the middle", GET + "\r\nGET bad HTTP/1.1\r\n\r\n" + NEXT, OK + "\r\nok"),
    Probe("pipelined, shut", GET + "\r\n" + NEXT, OK + "\r\nok", shut=True),
    Probe("second one cut, shut", [GET + "\r\n", "GET /x HT"], OK + "\r\nok", shut=True, linger=0.15),
    Probe("second one cut", [GET + "\r\n", "GET /x HT"], OK + "\r\nok"),
    Probe("keep-alive, shut", [GET + "\r\n"], OK + "\r\nok", shut=True, linger=0.15),
    Probe("empty lines between", [GET + "\r\n", "\r\n\r\n" + NEXT], OK + "\r\nok"),
]
PROBES += [Probe("websocket, %s" % _n, [WS, "hello"], ["HTTP/1.1 101 X\r\n%s\r\nabc" % _f])
           for _n, _f in (("answered by another", "connection: upgrade\r\nupgrade: x\r\n"), ("answered by none", "connection: upgrade\r\n"), ("answered without connection", "upgrade: websocket\r\n"))]
