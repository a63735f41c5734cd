#!/usr/bin/env python3
"""Files of SPOE engines are read and judged as HAProxy 2.6 judges them: the verdicts stand beside the cases, and are asked
again when haproxy is there."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import LBCHECK, expect, finish  # noqa: E402

CONFIG = """defaults
 mode http
 timeout connect 1s
 timeout client 1s
 timeout server 1s
backend b
 mode tcp
 server s 192.0.2.1:80
backend h
 server s 192.0.2.1:80
frontend f
 bind :1
 filter spoe engine e config engine.conf
"""
AGENT = "[e]\nspoe-agent a\n messages m\n option var-prefix p\n timeout hello 1s\n timeout idle 1m\n timeout processing 1s\n use-backend b\n"
MESSAGE = "spoe-message m\n args ip=src path\n event on-frontend-http-request\n"
# What stands in the file, whether HAProxy takes it, and the first error of ours with its line in that file ("-": in the other).
CASES = [
    (AGENT + MESSAGE, True, None),
    (AGENT + " groups g\n" + MESSAGE + "spoe-group g\n messages m\n", True, None),
    (AGENT + " no option async\n maxconnrate x\n register-var-names a b\n log global\n" + MESSAGE, True, None),
    (AGENT + MESSAGE + "[y]\n foo\n", True, None),
    (AGENT + "spoe-message m\n acl a src 192.0.2.0/24\n args src a=src,ipmask(24)\n event on-client-session if a\n", True, None),
    (AGENT, False, 3),
    (MESSAGE, False, "-"),
    ("", False, "-"),
    ("[x]\nspoe-agent a\n foo\n", False, "-"),
    ("[x]\nfoo\n" + AGENT + MESSAGE, False, 2),
    ("[e\nspoe-agent a\n", False, 1),
    (AGENT + " groups g\n" + MESSAGE, False, 9),
    (AGENT + " foo\n" + MESSAGE, False, 9),
    (AGENT + " option foo\n" + MESSAGE, False, 9),
    (AGENT + " option async x\n" + MESSAGE, False, 9),
    (AGENT + " option var-prefix a-b\n" + MESSAGE, False, 9),
    (AGENT + " no option force-set-var\n" + MESSAGE, False, 9),
    (AGENT + " timeout foo 1s\n" + MESSAGE, False, 9),
    (AGENT + " timeout hello x\n" + MESSAGE, False, 9),
    (AGENT + " use-backend nosuch\n" + MESSAGE, False, 9),
    (AGENT + " use-backend h\n" + MESSAGE, False, 9),
    (AGENT + " max-frame-size 10\n" + MESSAGE, False, 9),
    (AGENT + " max-waiting-frames 0\n" + MESSAGE, False, 9),
    (AGENT + " messages m\n" + MESSAGE, False, 9),
    (AGENT + MESSAGE + MESSAGE, False, 12),
    (AGENT + "spoe-agent z\n" + MESSAGE, False, 9),
    (AGENT + MESSAGE + "spoe-message\n", False, 12),
    (AGENT + MESSAGE + "spoe-message x y\n", False, 12),
    (AGENT + "spoe-message m\n args foo\n event on-client-session\n", False, 10),
    (AGENT + "spoe-message m\n args src,nosuch\n event on-client-session\n", False, 10),
    (AGENT + "spoe-message m\n args a=\n event on-client-session\n", False, 10),
    (AGENT + "spoe-message m\n args src\n event foo\n", False, 11),
    (AGENT + "spoe-message m\n args src\n event on-client-session if a\n", False, 11),
    (AGENT + "spoe-message m\n args src\n event on-client-session x\n", False, 11),
    ("[e]\nspoe-agent a\n messages m\n" + MESSAGE, False, 2),
]


def main():
    haproxy = shutil.which("haproxy") or shutil.which("/usr/sbin/haproxy")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "t.cfg"), "w") as f:
            f.write(CONFIG)
        for text, good, line in CASES:
            with open(os.path.join(folder, "engine.conf"), "w") as f:
                f.write(text)
            p = subprocess.run([LBCHECK, "--compat=2.6", "--format=gcc", "t.cfg"], cwd=folder, capture_output=True, text=True,
                               stdin=subprocess.DEVNULL, timeout=60)
            errors = [x for x in p.stderr.splitlines() + p.stdout.splitlines() if ": error: " in x]
            expect((p.returncode == 0) == good, f"{text}: exit {p.returncode} {errors}")
            if line:
                place = "t.cfg:13:" if line == "-" else f"engine.conf:{line}:"
                expect(errors and errors[0].startswith(place), f"{text}: expected {place}, found {errors}")
            if haproxy:
                h = subprocess.run([haproxy, "-c", "-f", "t.cfg"], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
                expect((h.returncode != 1) == good, f"{text}: HAProxy's status is {h.returncode}")
    finish()


main()
