#!/usr/bin/env python3
"""What needs a network of its own: namespaces of binds and servers, destinations that a packet filter has rewritten, TCP options
of binds. HAProxy 2.6 passes all but the last one: run it with `haproxy` as PROGRAM to see.

usage: network.py PROGRAM

Prints TAP. Makes a network namespace with a name of its own, and removes it; skipped where that is not allowed.
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from contract import Failed, IS_HAPROXY, PROGRAM, WAIT, free_port, need

NS = "lbd%d" % os.getpid()


def quiet(*argv):
    return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class Namespace:
    """A thread's view of the other network: sockets made inside `with` stay there."""

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open("/var/run/netns/" + NS, os.O_RDONLY)
        setns(there)
        os.close(there)

    def __exit__(self, *_):
        setns(self.home)
        os.close(self.home)


def setns(fd):
    import ctypes

    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")


def serve(answer, here=True):
    """A server that answers each connection with some bytes; its port."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(16)

    def loop():
        while True:
            try:
                c, _ = s.accept()
            except OSError:
                return
            c.sendall(answer)
            c.close()

    threading.Thread(target=loop, daemon=True).start()
    return s


def read_all(s):
    data = b""
    s.settimeout(WAIT)
    try:
        while True:
            piece = s.recv(4096)
            if not piece:
                return data
            data += piece
    except ConnectionResetError:
        return data


def ask(port, tries=1):
    with socket.create_connection(("127.0.0.1", port), WAIT) as s:
        s.sendall(b"x")
        return read_all(s)


class Proxy:
    def __init__(self, directory, conf, in_namespace=False, compat="2.6"):
        path = os.path.join(directory, "cfg")
        with open(path, "w") as f:
            f.write("defaults\n mode tcp\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n" + conf)
        argv = [PROGRAM, "-db", "-f", path]
        if in_namespace:
            argv = ["ip", "netns", "exec", NS] + argv
        self.p = subprocess.Popen(argv, stderr=subprocess.PIPE, env=dict(os.environ, LBD_COMPAT=compat))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()
        self.p.stderr.close()


def connected(fn):
    """Until the proxy listens."""
    end = time.time() + WAIT
    while True:
        try:
            return fn()
        except ConnectionRefusedError:
            need(time.time() < end, "it listens")
            time.sleep(0.02)


def test_server_in_namespace(directory):
    with Namespace():
        there = serve(b"there")
    port = free_port()
    with Proxy(directory, "listen l\n bind 127.0.0.1:%d\n server s 127.0.0.1:%d namespace %s\n"
               % (port, there.getsockname()[1], NS)):
        need(connected(lambda: ask(port)) == b"there", "the server of the namespace answers")
    there.close()


def test_bind_in_namespace(directory):
    here = serve(b"here")
    port = free_port()

    def ask_there():
        with Namespace():
            return ask(port)

    with Proxy(directory, "listen l\n bind 127.0.0.1:%d namespace %s\n server s 127.0.0.1:%d\n"
               % (port, NS, here.getsockname()[1])):
        need(connected(ask_there) == b"here", "the bind of the namespace leads here")
        try:
            ask(port)
            need(False, "nobody listens here")
        except ConnectionRefusedError:
            pass
    here.close()


def test_namespace_of_client(directory):
    with Namespace():
        there = serve(b"there")
    port = free_port()

    def ask_there():
        with Namespace():
            return ask(port)

    with Proxy(directory, "listen l\n bind 127.0.0.1:%d namespace %s\n server s 127.0.0.1:%d namespace *\n"
               % (port, NS, there.getsockname()[1])):
        need(connected(ask_there) == b"there", "the connection goes on in the namespace that it came from")
    there.close()


def test_redirected(directory):
    """Packets to 127.0.0.3 are redirected to the proxy, which connects to where they wanted to go."""
    with Namespace():
        one = socket.socket()
        one.bind(("127.0.0.3", 0))
        port = one.getsockname()[1]
        one.listen(4)
        rules = "add table ip t; add chain ip t o { type nat hook output priority -100; }; " \
                "add rule ip t o ip saddr != 127.0.0.9 ip daddr 127.0.0.3 tcp dport %d redirect to :%d" % (port, port + 1 if port < 65535 else 1024)
        target = port + 1 if port < 65535 else 1024
    if not quiet("ip", "netns", "exec", NS, "nft", rules):
        one.close()
        return "no packet filter with address translation here"

    def loop():
        c, _ = one.accept()
        c.sendall(b"wanted")
        c.close()

    threading.Thread(target=loop, daemon=True).start()

    def ask_there():
        with Namespace():
            s = socket.socket()
            s.bind(("127.0.0.8", 0))
        with s:
            s.connect(("127.0.0.3", port))
            s.sendall(b"x")
            return read_all(s)

    # Its own connections come from an address that is not redirected.
    with Proxy(directory, "listen l\n bind 0.0.0.0:%d\n option transparent\n source 127.0.0.9\n" % target, True):
        need(connected(ask_there) == b"wanted", "the original destination answers")
    one.close()


def test_signed(directory):
    """tcp-md5sig on both sides, and cc on a bind: connections without the password do not get through."""
    if IS_HAPROXY:
        return "not in HAProxy 2.6"
    here = serve(b"signed")
    ports = [free_port(), free_port()]
    with Proxy(directory, "listen a\n bind 127.0.0.1:%d\n server s 127.0.0.1:%d tcp-md5sig secret\n"
               "listen b\n bind 127.0.0.1:%d tcp-md5sig secret cc reno\n server s 127.0.0.1:%d\n"
               % (ports[0], ports[1], ports[1], here.getsockname()[1]), compat="3.4"):
        need(connected(lambda: ask(ports[0])) == b"signed", "signed connections get through")
        with socket.socket() as s:
            s.settimeout(0.3)
            try:
                s.connect(("127.0.0.1", ports[1]))
                need(False, "unsigned connections get no answer")
            except socket.timeout:
                pass
    here.close()


def main():
    tests = [(n, f) for n, f in sorted(globals().items()) if n.startswith("test_")]
    print("1..%d" % len(tests))
    allowed = os.geteuid() == 0 and shutil.which("ip") and quiet("ip", "netns", "add", NS)
    failed = 0
    if allowed:
        quiet("ip", "-n", NS, "link", "set", "lo", "up")
    for i, (name, fn) in enumerate(tests, 1):
        directory = tempfile.mkdtemp()
        what = name[5:].replace("_", " ")
        try:
            skip = fn(directory) if allowed else "no network namespaces here"
            print("ok %d - network: %s%s" % (i, what, " # SKIP " + skip if skip else ""))
        except (Failed, OSError) as e:
            failed += 1
            print("not ok %d - network: %s\n#   %s" % (i, what, e))
        finally:
            shutil.rmtree(directory)
        sys.stdout.flush()
    if allowed:
        quiet("ip", "netns", "del", NS)
    return failed != 0


sys.exit(main())
