"""A name server and a proxy for tests of resolvers (tests/process/dns*.py)."""
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from contract import Failed, PROGRAM, WAIT, until

A, AAAA, SRV, CNAME, OPT = 1, 28, 33, 5, 41
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def wire_name(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".") if p) + b"\0"


def read_name(data, at):
    parts = []
    while data[at]:
        parts.append(data[at + 1:at + 1 + data[at]].decode())
        at += data[at] + 1
    return ".".join(parts), at + 1


class NameServer:
    """Answers from `zone`: (name, type) -> addresses, (port, weight, priority, target) or a code. Others get NXDOMAIN."""

    def __init__(self):
        self.zone = {}
        self.silent = False
        self.asked = []
        self.forge = None  # changes an answer before it is sent
        while not self.listen():
            pass
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def listen(self):
        """The same port for datagrams and streams."""
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.port = self.udp.getsockname()[1]
        self.tcp = socket.socket()
        try:
            self.tcp.bind(("127.0.0.1", self.port))
            self.tcp.listen(8)
            return True
        except OSError:
            self.close()
            return False

    def close(self):
        self.udp.close()
        self.tcp.close()

    def serve_udp(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(4096)
                reply = self.answer(query, "udp")
                if reply:
                    self.udp.sendto(reply, peer)
            except OSError:
                return

    def serve_tcp(self):
        while True:
            try:
                c, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_stream, args=(c,), daemon=True).start()

    def serve_stream(self, c):
        data = b""
        try:
            while True:
                piece = c.recv(4096)
                if not piece:
                    return
                data += piece
                while len(data) >= 2 and len(data) >= 2 + struct.unpack(">H", data[:2])[0]:
                    n = struct.unpack(">H", data[:2])[0]
                    reply = self.answer(data[2:2 + n], "tcp")
                    data = data[2 + n:]
                    if reply:
                        c.sendall(struct.pack(">H", len(reply)) + reply)
        except OSError:
            return

    def answer(self, query, how):
        name, at = read_name(query, 12)
        kind = struct.unpack(">H", query[at:at + 2])[0]
        self.asked.append((name, kind, how))
        if self.silent:
            return None
        codes = [c for (n, _), c in self.zone.items() if n == name.lower() and isinstance(c, int)]
        found = codes[0] if codes else self.zone.get((name.lower(), kind), [] if any(n == name.lower() for n, _ in self.zone) else NXDOMAIN)
        code, records = (found, []) if isinstance(found, int) else (NOERROR, found)
        out = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0) + query[12:at + 4]
        for r in records:
            if kind == SRV:
                port, weight, priority, target = r
                rdata = struct.pack(">HHH", priority, weight, port) + wire_name(target)
            else:
                rdata = socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, r)
            out += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(rdata)) + rdata
        return self.forge(out) if self.forge else out


class Proxy:
    def __init__(self, directory, conf):
        self.dir = directory
        self.cli_path = os.path.join(directory, "cli")
        path = os.path.join(directory, "cfg")
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log.bind(os.path.join(directory, "log"))
        self.log.settimeout(0.02)
        self.lines = []
        with open(path, "w") as f:
            f.write("global\n stats socket %s level admin\n log %s local0\n" % (self.cli_path, os.path.join(directory, "log")) +
                    "defaults\n mode http\n log global\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n" + conf)
        self.err = open(os.path.join(directory, "err"), "w+b")
        self.p = subprocess.Popen([PROGRAM, "-db", "-f", path], stderr=self.err, stdout=self.err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()
        self.log.close()
        self.err.close()

    def cli(self, command):
        end = time.time() + WAIT
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.cli_path)
                break
            except OSError:
                s.close()
                if self.p.poll() is not None or time.time() > end:
                    self.err.seek(0)
                    raise Failed("it does not run: " + self.err.read().decode())
                time.sleep(0.02)
        with s:
            s.sendall(command.encode() + b"\n")
            data = b""
            while True:
                piece = s.recv(65536)
                if not piece:
                    return data.decode()
                data += piece

    def logged(self, pattern, what=None):
        end = time.time() + WAIT
        while time.time() < end:
            for line in self.lines:
                if re.search(pattern, line):
                    return line
            try:
                self.lines.append(self.log.recv(8192).decode().rstrip())
            except socket.timeout:
                pass
        raise Failed("never logged: %s; but:\n#   %s" % (pattern, "\n#   ".join(self.lines)))

    def server(self, name):
        """Columns of `show servers state`: address, operational, administrative, fqdn, port, record."""
        for line in self.cli("show servers state").splitlines():
            w = line.split()
            if len(w) > 20 and w[3] == name:
                return {"addr": w[4], "oper": w[5], "admin": int(w[6]), "fqdn": w[17], "port": w[18], "srv": w[19], "weight": w[7]}
        return None


RESOLVERS = "resolvers r\n nameserver ns1 127.0.0.1:%d\n resolve_retries 1\n timeout resolve 100ms\n timeout retry 100ms\n" \
            " hold nx 0\n hold timeout 0\n hold refused 0\n hold other 0\n hold obsolete 0\n"


FOLLOWS = " resolvers r resolve-prefer ipv4 init-addr none\n"


def counter(p, name):
    return int(re.search(r"%s: +(\d+)" % name, p.cli("show resolvers r")).group(1))


def ready(p, server, address):
    return until(lambda: (p.server(server) or {}).get("addr") == address and p.server(server)["admin"] & 32 == 0,
                 "%s is at %s" % (server, address))


def run_all(functions, area):
    """Runs the functions test_*, each with a folder of its own, and ends the program."""
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    tests = [(n, f) for n, f in sorted(functions.items()) if n.startswith("test_") and pattern in n]
    print("1..%d" % len(tests))
    failed = 0
    for i, (name, fn) in enumerate(tests, 1):
        directory = tempfile.mkdtemp()
        what = name[5:].replace("_", " ")
        try:
            fn(directory)
            print("ok %d - %s: %s" % (i, area, what))
        except (Failed, OSError) as e:
            failed += 1
            print("not ok %d - %s: %s\n#   %s" % (i, area, what, e))
        finally:
            shutil.rmtree(directory)
        sys.stdout.flush()
    sys.exit(failed != 0)
