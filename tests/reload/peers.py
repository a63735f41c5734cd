#!/usr/bin/env python3
"""A new process learns the stick tables of the one that it replaces (manual, section 3.5).

usage: peers.py PROGRAM

Not a behaviour script, because Debian's HAProxy 2.6.12 does not do what its manual says here. Prints TAP; stays on 127.0.0.1.
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import ask  # noqa: E402
from ports import free_port  # noqa: E402
from processes import alive  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait  # noqa: E402

CONFIG = """
global
    stats socket {dir}/sock level admin
    localpeer me
defaults
    mode http
    timeout connect 1s
    timeout client 2s
    timeout server 1s
peers p
    peer me 127.0.0.1:{peer}
frontend fe
    bind 127.0.0.1:{port}
    http-request track-sc0 path table t
    http-request return status 200
backend t
    stick-table type string size 10k expire 60s store http_req_cnt peers p
"""


class Subject:
    def __init__(self, program, folder):
        self.program, self.folder, self.port = program, folder, free_port()
        with open(f"{folder}/cfg", "w") as f:
            f.write(CONFIG.format(dir=folder, port=self.port, peer=free_port()))

    def start(self, *more):
        command = [self.program, "-D", "-p", f"{self.folder}/pid", "-f", f"{self.folder}/cfg", *more]
        if subprocess.run(command, timeout=10).returncode:
            raise SystemExit("not ok - does not start")
        with open(f"{self.folder}/pid") as f:
            return int(f.read())

    def command(self, text):
        return ask(f"{self.folder}/sock", text)

    def requests(self, n, keys):
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            for i in range(n):
                s.sendall(f"GET /{i % keys} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                s.recv(1000)


def main():
    tap = Tap("peers")
    with tempfile.TemporaryDirectory() as folder:
        subject = Subject(os.path.abspath(sys.argv[1]), folder)
        old = subject.start()
        try:
            subject.requests(600, 500)
            new = subject.start("-sf", str(old))
            tap.check("the old process ends", wait(lambda: not alive(old)))
            old = new
            tap.check("its table is there", wait(lambda: "used:500" in subject.command("show table t")))
            tap.check("with its values", "http_req_cnt=2" in subject.command("show table t key /5") and
                      "http_req_cnt=1" in subject.command("show table t key /105"))
            began = time.time()
            os.kill(old, signal.SIGUSR1)
            tap.check("without a next process it ends soon", wait(lambda: not alive(old)) and time.time() - began < 3)
        finally:
            if alive(old):
                os.kill(old, signal.SIGKILL)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
