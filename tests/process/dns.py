#!/usr/bin/env python3
"""Servers whose addresses come from name servers (manual, section 5.3), with a name server of the test's own. Everything here holds
for HAProxy 2.6 as well: run it with `haproxy` as PROGRAM to see.

usage: dns.py PROGRAM [PATTERN]        runs the tests whose names contain PATTERN

Prints TAP; stays on 127.0.0.1 and in a temporary folder; ends what it has started.
"""
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

from contract import Failed, PROGRAM, WAIT, need, until

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


def test_changes(directory):
    """First without an address, then with one, then with another one, then gone, then back."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        p.logged(r"be/s1 changed its IP from \(none\) to 127\.0\.0\.2 by r/ns1\.")
        p.logged(r"Server be/s1 \('web\.test'\) is UP/READY \(resolves again\)\.")
        p.logged(r"Server be/s1 administratively READY thanks to valid DNS answer\.")
        need(p.server("s1")["admin"] & 32 == 0, "it is out of maintenance")
        need(p.server("s1")["fqdn"] == "web.test", "its name is shown")
        ns.zone[("web.test", A)] = ["127.0.0.3"]
        p.logged(r"be/s1 changed its IP from 127\.0\.0\.2 to 127\.0\.0\.3 by r/ns1\.")
        ns.zone[("web.test", A)] = ["127.0.0.4", "127.0.0.3"]
        before = len(ns.asked)
        until(lambda: len(ns.asked) > before + 3, "it asks on")
        need(p.server("s1")["addr"] == "127.0.0.3", "an address that is still there stays")
        ns.zone[("web.test", A)] = NXDOMAIN
        p.logged(r"Server be/s1 is going DOWN for maintenance \(DNS NX status\)\. 0 active and 0 backup servers left\.")
        p.logged(r"backend be has no server available!")
        until(lambda: p.server("s1")["addr"] == "-" and p.server("s1")["port"] == "8000", "it has no address")
        p.lines = []
        ns.zone[("web.test", A)] = ["127.0.0.3"]
        p.logged(r"be/s1 changed its IP from \(none\) to 127\.0\.0\.3 by r/ns1\.")
        p.logged(r"Server be/s1 administratively READY thanks to valid DNS answer\.")
        need(counter(p, "nx") > 0 and counter(p, "valid") > 3, "answers are counted")
    ns.close()


def test_other_errors(directory):
    """Refusals, silence and empty answers, each in its words."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        for what, words in ((REFUSED, r"DNS refused status"), (SERVFAIL, "unspecified DNS error"), (None, "DNS timeout status"), ([], "unspecified DNS error")):
            ns.zone[("web.test", A)] = ["127.0.0.2"]
            ready(p, "s1", "127.0.0.2")
            p.lines = []
            ns.silent = what is None
            ns.zone[("web.test", A)] = [] if what is None else what
            p.logged(r"Server be/s1 is going DOWN for maintenance \(%s\)" % words)
            ns.silent = False
    ns.close()


def test_hold(directory):
    """A bad answer does not count for a while after a good one."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, (RESOLVERS % ns.port).replace("hold nx 0", "hold nx 60s") + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        ready(p, "s1", "127.0.0.2")
        ns.zone[("web.test", A)] = NXDOMAIN
        before = counter(p, "nx")
        until(lambda: counter(p, "nx") > before + 3, "it hears that the name is gone")
        need(p.server("s1")["addr"] == "127.0.0.2" and p.server("s1")["admin"] & 32 == 0, "the server stays")
    ns.close()


def test_families(directory):
    """The preferred family first; the other one when the name has nothing of it."""
    ns = NameServer()
    ns.zone[("both.test", A)] = ["127.0.0.2"]
    ns.zone[("both.test", AAAA)] = ["::1"]
    ns.zone[("four.test", A)] = ["127.0.0.4"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s4 both.test:8000" + FOLLOWS +
               " server s6 both.test:8000 resolvers r init-addr none\n server f four.test:8000 resolvers r init-addr none\n") as p:
        ready(p, "s4", "127.0.0.2")
        ready(p, "s6", "::1")
        ready(p, "f", "127.0.0.4")
    ns.close()


def test_networks(directory):
    """Addresses of preferred networks are taken first."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2", "127.1.0.9", "127.0.0.3"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000 resolve-net 127.1.0.0/16" + FOLLOWS) as p:
        ready(p, "s1", "127.1.0.9")
    ns.close()


def test_template(directory):
    """Servers of one name get different addresses, and one is left over; allow-dup-ip gives it one, too."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2", "127.0.0.3"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server-template t 3 web.test:8000" + FOLLOWS +
               "backend dup\n server-template d 3 web.test:8000 resolve-opts allow-dup-ip" + FOLLOWS) as p:
        ready(p, "t1", "127.0.0.2")
        ready(p, "t2", "127.0.0.3")
        need(p.server("t3")["addr"] == "-" and p.server("t3")["admin"] == 32, "the third one has none")
        for d in ("d1", "d2", "d3"):
            until(lambda: p.server(d)["addr"] in ("127.0.0.2", "127.0.0.3"), "it has one, too")
        ns.zone[("web.test", A)] = ["127.0.0.3", "127.0.0.4"]
        p.logged(r"be/t1 changed its IP from 127\.0\.0\.2 to 127\.0\.0\.4 by (r/ns1|DNS cache)\.")
        need(p.server("t2")["addr"] == "127.0.0.3", "the other one stays")
    ns.close()


def test_services(directory):
    """SRV records give servers their names, ports and addresses; who is not in them any more is out."""
    ns = NameServer()
    ns.zone[("_http._tcp.test", SRV)] = [(8001, 10, 1, "a.test"), (8002, 20, 1, "b.test")]
    ns.zone[("a.test", A)] = ["127.0.0.5"]
    ns.zone[("b.test", A)] = ["127.0.0.6"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server-template t 3 _http._tcp.test" + FOLLOWS) as p:
        p.logged(r"be/t1 changed its FQDN from \(null\) to a\.test by 'SRV record'")
        ready(p, "t1", "127.0.0.5")
        ready(p, "t2", "127.0.0.6")
        one, two, three = (p.server(n) for n in ("t1", "t2", "t3"))
        need((one["port"], one["fqdn"], one["srv"], one["admin"]) == ("8001", "a.test", "_http._tcp.test", 64), "one")
        need((two["port"], two["fqdn"], two["srv"], two["admin"]) == ("8002", "b.test", "_http._tcp.test", 64), "two")
        need((three["addr"], three["port"], three["fqdn"], three["srv"], three["admin"]) == ("-", "0", "-", "_http._tcp.test", 32), "three")
        ns.zone[("_http._tcp.test", SRV)] = [(8001, 10, 1, "a.test")]
        p.logged(r"Server be/t2 is going DOWN for maintenance \(entry removed from SRV record\)\. 1 active and 0 backup servers left\.")
        until(lambda: p.server("t2")["addr"] == "-" and p.server("t2")["fqdn"] == "-", "it is free again")
    ns.close()


def test_fqdn(directory):
    """`set server ... fqdn`"""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    ns.zone[("other.test", A)] = ["127.0.0.7"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000" + FOLLOWS + " server s2 127.0.0.1:1\n") as p:
        ready(p, "s1", "127.0.0.2")
        need("be/s1 changed its FQDN from web.test to other.test by 'stats socket command'\n" in p.cli("set server be/s1 fqdn other.test"), "the answer")
        ready(p, "s1", "127.0.0.7")
        until(lambda: p.server("s1")["fqdn"] == "other.test", "its name is the new one")
        need("no need to change the FDQN by 'stats socket command'" in p.cli("set server be/s1 fqdn other.test"), "the same again")
        need("could not update be/s1 FQDN by 'stats socket command'" in p.cli("set server be/s1 fqdn bad..name"), "no name")
        need("requires a FQDN" in p.cli("set server be/s1 fqdn"), "no argument")
        need("no resolution is configured" in p.cli("set server be/s2 fqdn a.test"), "an address is no name")
    ns.close()


def test_stream(directory):
    """A name server over TCP."""
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, (RESOLVERS % ns.port).replace("ns1 127", "ns1 tcp@127") + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        ready(p, "s1", "127.0.0.2")
        need(all(how == "tcp" for _, _, how in ns.asked), "it was asked over TCP only")
    ns.close()


def test_forged(directory):
    """Answers with another id, to another question, and cut short are not believed (HAProxy does not look at all of that)."""
    if "haproxy" in os.path.basename(PROGRAM):
        return
    ns = NameServer()
    ns.zone[("web.test", A)] = ["127.0.0.2"]
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 web.test:8000" + FOLLOWS) as p:
        ready(p, "s1", "127.0.0.2")
        ns.zone[("web.test", A)] = ["127.6.6.6"]
        for forge in (lambda m: bytes([m[0] ^ 1]) + m[1:],
                      lambda m: m[:13] + b"x" + m[14:],
                      lambda m: m[:len(m) - 3],
                      lambda m: m[:2],
                      lambda m: m[:2] + bytes([m[2] & 0x7f]) + m[3:],
                      lambda m: m[:12] + b"\xc0\x0c" * 20):
            ns.forge = forge
            before = len(ns.asked)
            until(lambda: len(ns.asked) > before + 2, "it asks again")
            need(p.server("s1")["addr"] in ("127.0.0.2", "-"), "not believed")
        ns.forge = None
        ready(p, "s1", "127.6.6.6")
    ns.close()


def test_statistics(directory):
    """`show resolvers`, `show stat domain resolvers`"""
    ns = NameServer()
    with Proxy(directory, RESOLVERS % ns.port + "backend be\n server s1 127.0.0.1:1\n") as p:
        text = p.cli("show resolvers r")
        names = re.findall(r"^  (\w+): +0$", text, re.M)
        need(names == "sent snd_error valid update cname cname_error any_err nx timeout refused other invalid too_big truncated outdated".split(), text)
        need("Can't find that resolvers section" in p.cli("show resolvers x"), "no such section")
        need(p.cli("show stat domain resolvers").startswith("# id,pid,sent,send_error,valid,update,cname,cname_error,any_err,nx,timeout,refused,"
             "other,invalid,too_big,truncated,outdated,\nns1,r,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,\n"), "statistics")
        need("N.3.send_error:MGP:u64:0\n" in p.cli("show stat domain resolvers typed"), "typed")
        need("Invalid statistics domain." in p.cli("show stat domain dns"), "no such domain")
    ns.close()


def main():
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    tests = [(n, f) for n, f in sorted(globals().items()) if n.startswith("test_") and pattern in n]
    print("1..%d" % len(tests))
    failed = 0
    for i, (name, fn) in enumerate(tests, 1):
        directory = tempfile.mkdtemp()
        what = name[5:].replace("_", " ")
        try:
            fn(directory)
            print("ok %d - dns: %s" % (i, what))
        except (Failed, OSError) as e:
            failed += 1
            print("not ok %d - dns: %s\n#   %s" % (i, what, e))
        finally:
            shutil.rmtree(directory)
        sys.stdout.flush()
    return failed != 0


sys.exit(main())
