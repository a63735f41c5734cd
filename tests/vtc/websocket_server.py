#!/usr/bin/env python3
"""A websocket server that answers the key it is given (RFC 6455 section 4.2.2), says hello and then what it hears.
websocket_server.py SOCKET: listens on a unix socket for the behaviour scripts."""
import base64
import hashlib
import socket
import sys
import threading


def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(4096)
        if not data:
            return
        head += data
    key = [line.split(b": ", 1)[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:")][0]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                   b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\nhello")
    while True:
        data = client.recv(4096)
        if not data:
            break
        client.sendall(data)
    client.close()


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(8)
print("listening", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
