#!/usr/bin/env python3
"""Handshakes that end at every byte: clients of TLS 1.2 and 1.3, with and without a certificate, send only so many bytes of what they
have to say, then close or reset the connection; some send a changed byte first. Others send records of one byte, empty ones, or want
to renegotiate.

usage: tls.py PROGRAM [--rounds N] [--memory] [--valgrind]

Afterwards the process has to be the same one, to serve a request, to hold no more descriptors than before, and to stop softly with
status 0. --memory: the second half of the rounds may not make it larger (not for sanitizers, which keep what was freed). Prints TAP; stays
in a temporary folder and on a unix socket. --valgrind: sees what the TLS library does to memory, which sanitizers do not.
"""
import argparse
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from processes import descriptors, resident  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait, wait_for_file  # noqa: E402

CONFIG = """
global
    tune.ssl.capture-buffer-size 256
    tune.ssl.keylog on
    nbthread {threads}
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend f
    bind {dir}/sock ssl crt {dir}/server.pem alpn h2,http/1.1 ca-file {dir}/crt verify optional
    error-log-format "%[ssl_c_s_dn] %[ssl_fc_err_str]"
    log {dir}/log.sock local0
    http-request wait-for-body time 20s if METH_POST
    http-request return status 200 content-type text/plain string hello
"""
REQUEST = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
GROWTH = 1 << 20
THREADS = 2
STRIDE = 7  # between cuts, when there are fewer rounds than bytes


class Client:
    """A connection that sends at most `limit` bytes; all of them when it is None. flip: number of the byte that is changed."""

    def __init__(self, path, kind, limit=None, flip=None):
        version, certificate = kind
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        if certificate:
            context.load_cert_chain(certificate)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="a.example")
        self.sent, self.limit, self.flip = 0, limit, flip

    def flush(self):
        """False: the limit is reached."""
        data = bytearray(self.outgoing.read())
        if self.flip is not None and self.sent <= self.flip < self.sent + len(data):
            data[self.flip - self.sent] ^= 0x41
        if self.limit is not None:
            data = data[:self.limit - self.sent]
        if data:
            self.sock.sendall(data)
        self.sent += len(data)
        return self.limit is None or self.sent < self.limit

    def step(self, what):
        """Runs `what` until it is done; None when the limit or the end was reached."""
        while True:
            try:
                result = what()
                return result if self.flush() else None
            except ssl.SSLWantReadError:
                if not self.flush():
                    return None
                data = self.sock.recv(65536)
                if not data:
                    return None
                self.incoming.write(data)

    def run(self):
        answer = b""
        try:
            if self.step(lambda: self.tls.do_handshake() or True) and self.step(lambda: self.tls.write(REQUEST)):
                while b"hello" not in answer:
                    part = self.step(lambda: self.tls.read(4096))
                    if not part:
                        break
                    answer += part
        except (ssl.SSLError, OSError):
            pass
        return answer

    def close(self, reset):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def start(program, folder):
    """program: the command."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    f"{folder}/key", "-out", f"{folder}/crt", "-days", "2", "-subj", "/CN=a.example"], check=True,
                   stderr=subprocess.DEVNULL)
    with open(f"{folder}/server.pem", "w") as out:
        for part in ("crt", "key"):
            with open(f"{folder}/{part}") as f:
                out.write(f.read())
    with open(f"{folder}/cfg", "w") as f:
        f.write(CONFIG.format(dir=folder, threads=THREADS))
    proc = subprocess.Popen([*program, "-db", "-f", f"{folder}/cfg"], stderr=open(f"{folder}/log", "w"))
    if not wait_for_file(f"{folder}/sock", proc):
        raise SystemExit("not ok - hostile handshakes: the program does not start")
    return proc


def tiny_records(path, kind, body=15000):
    """A body in records of one byte each is taken, whole."""
    client = Client(path, kind)
    try:
        client.step(lambda: client.tls.do_handshake() or True)
        client.step(lambda: client.tls.write(b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % body))
        for i in range(body):
            client.tls.write(b"x")
            if i % 100 == 99:
                client.flush()
        return b"hello" in (client.step(lambda: client.tls.read(4096)) or b"")
    except (ssl.SSLError, OSError):
        return False
    finally:
        client.close(False)


def empty_records(path):
    """Records of nothing end the connection, soon."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(path)
        try:
            for _ in range(1000):
                s.sendall(b"\x16\x03\x01\0\0" * 100)
            while s.recv(65536):
                pass
            return True
        except TimeoutError:
            return False
        except OSError:
            return True


def renegotiates(path):
    """Does it let a client of TLS 1.2 have another handshake? (RFC 5246 section 7.4.1.1: it need not.)"""
    with subprocess.Popen(["openssl", "s_client", "-tls1_2", "-unix", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as client:
        while client.stdout.readline() not in (b"---\n", b""):
            pass
        client.stdin.write(b"R\n")
        client.stdin.flush()
        answer = b""
        for line in client.stdout:
            answer += line
            if b"renegotiation" in line or b"verify" in answer.partition(b"RENEGOTIATING")[2]:
                break
        client.kill()
    return b"no renegotiation" not in answer


def odd_clients(path, kinds):
    """What is wrong with them."""
    problems = []
    for kind in kinds[0], kinds[-1]:
        if not tiny_records(path, kind):
            problems.append(f"{kind}: a body in tiny records is not taken")
    if not empty_records(path):
        problems.append("empty records are taken for ever")
    if renegotiates(path):
        problems.append("it renegotiates")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=1500)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--valgrind", action="store_true")
    args = parser.parse_args()
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        log_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)  # what comes then is dropped when nobody reads it
        log_socket.settimeout(60)
        log_socket.bind(folder + "/log.sock")
        proc = start((["valgrind", "-q", "--error-exitcode=9"] if args.valgrind else []) + [args.program], folder)
        path = folder + "/sock"
        try:
            totals = {}
            for kind in [(v, c) for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3) for c in (None, f"{folder}/server.pem")]:
                client = Client(path, kind)
                if b"hello" not in client.run():
                    problems.append(f"{kind}: no answer to begin with")
                totals[kind] = client.sent
                client.close(False)
            kinds = list(totals)
            Client(path, kinds[0]).close(False)
            log_socket.recv(65536)
            # Each thread opens its socket to the log with its first line: one has done so, the others may.
            most, half = descriptors(proc.pid) + THREADS - 1, 0
            step = 1 if args.rounds > len(kinds) * max(totals.values()) else STRIDE
            for i in range(args.rounds):
                if i == args.rounds // 2:
                    half = resident(proc.pid)
                kind = kinds[i % len(kinds)]
                cut = i // len(kinds) * step % (totals[kind] + 1)
                client = Client(path, kind, limit=cut, flip=cut // 2 if i % 5 == 4 else None)
                client.run()
                client.close(i % 3 == 0)
            if proc.poll() is not None:
                problems.append(f"it ended with {proc.returncode}")
            elif not wait(lambda: descriptors(proc.pid) <= most):
                problems.append(f"{descriptors(proc.pid) - most} descriptors are left over")
            elif args.memory and resident(proc.pid) - half > GROWTH:
                problems.append(f"it grew by {resident(proc.pid) - half} bytes")
            problems += odd_clients(path, kinds)
            for kind in kinds:
                client = Client(path, kind)
                if b"hello" not in client.run():
                    problems.append(f"{kind}: no answer afterwards")
                client.close(False)
        finally:
            proc.send_signal(signal.SIGUSR1)
            try:
                if proc.wait(60):
                    problems.append(f"it stopped with {proc.returncode}")
            except subprocess.TimeoutExpired:
                problems.append("it does not stop")
                proc.kill()
        with open(folder + "/log") as f:
            log = f.read()
        if "Sanitizer" in log or "runtime error" in log or "Invalid" in log:
            problems.append(log[-3000:])
    tap = Tap("tls")
    tap.check(f"{args.rounds} handshakes cut at every byte", not problems, "\n".join(problems), 60)
    sys.exit(tap.plan())


main()
