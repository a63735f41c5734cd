#!/usr/bin/env python3
"""Handshakes that end at every byte: clients of TLS 1.2 and 1.3, with and without a certificate, send only so many bytes of what they
have to say, then close or reset the connection; some send a changed byte first.

usage: tls.py PROGRAM [--rounds N] [--memory]

Afterwards the process has to be the same one, to serve a request, to hold no more descriptors than before, and to stop softly with
status 0. --memory: the second half of the rounds may not make it larger (not for sanitizers, which keep what was freed). Prints TAP; stays
in a temporary folder and on a unix socket.
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
import time

CONFIG = """
global
    tune.ssl.capture-buffer-size 256
    tune.ssl.keylog on
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend f
    bind {dir}/sock ssl crt {dir}/server.pem alpn h2,http/1.1 ca-file {dir}/crt verify optional
    error-log-format "%[ssl_c_s_dn] %[ssl_fc_err_str]"
    log {dir}/log.sock local0
    http-request return status 200 content-type text/plain string hello
"""
REQUEST = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
GROWTH = 1 << 20
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


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid):
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def settle(check, limit=20):
    end = time.monotonic() + limit
    while not check() and time.monotonic() < end:
        time.sleep(0.02)
    return check()


def start(program, folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    f"{folder}/key", "-out", f"{folder}/crt", "-days", "2", "-subj", "/CN=a.example"], check=True,
                   stderr=subprocess.DEVNULL)
    with open(f"{folder}/server.pem", "w") as out:
        for part in ("crt", "key"):
            with open(f"{folder}/{part}") as f:
                out.write(f.read())
    with open(f"{folder}/cfg", "w") as f:
        f.write(CONFIG.format(dir=folder))
    proc = subprocess.Popen([program, "-db", "-f", f"{folder}/cfg"], stderr=open(f"{folder}/log", "w"))
    if not settle(lambda: os.path.exists(f"{folder}/sock") or proc.poll() is not None, 60) or proc.poll() is not None:
        raise SystemExit("not ok - hostile handshakes: the program does not start")
    return proc


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=1500)
    parser.add_argument("--memory", action="store_true")
    args = parser.parse_args()
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        proc = start(args.program, folder)
        path = folder + "/sock"
        try:
            totals = {}
            for kind in [(v, c) for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3) for c in (None, f"{folder}/server.pem")]:
                client = Client(path, kind)
                if b"hello" not in client.run():
                    problems.append(f"{kind}: no answer to begin with")
                totals[kind] = client.sent
                client.close(False)
            before = descriptors(proc.pid)
            kinds, half = list(totals), 0
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
            elif not settle(lambda: descriptors(proc.pid) <= before):
                problems.append(f"{descriptors(proc.pid) - before} descriptors are left over")
            elif args.memory and resident(proc.pid) - half > GROWTH:
                problems.append(f"it grew by {resident(proc.pid) - half} bytes")
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
        if "Sanitizer" in log or "runtime error" in log:
            problems.append(log[-3000:].replace("\n", "\n# "))
    for problem in problems:
        print("#", problem)
    print(f"{'not ok' if problems else 'ok'} - {args.rounds} handshakes cut at every byte")
    sys.exit(bool(problems))


main()
