#!/usr/bin/env python3
"""lb-agent and a balancer that asks it: the weight follows the machine's figures, words of the state file the server's state.

usage: agent.py PROGRAM AGENT        PROGRAM: lbd or haproxy

The machine is a folder of files in the kernel's form. Prints TAP; stays on 127.0.0.1 and in a temporary folder; ends what it has started.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import ask  # noqa: E402

PROGRAM, AGENT = [os.path.abspath(a) if "/" in a else a for a in sys.argv[1:3]]
WAIT = 30.0
folder = tempfile.mkdtemp(prefix="lb-agent.")
ticks = [0, 0]
busy = [0.0]
done = threading.Event()


def put(name, text):
    path = os.path.join(folder, name)
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def machine():
    """The kernel's clock: so much of each tick is busy."""
    while True:
        ticks[0] += busy[0] * 1000
        ticks[1] += (1 - busy[0]) * 1000
        put("stat", f"cpu  {int(ticks[0])} 0 0 {int(ticks[1])} 0 0 0 0 0 0\n")
        if done.wait(0.01):
            return


def server():
    """Status and weight of the server, out of `show stat`."""
    lines = ask(os.path.join(folder, "cli"), "show stat", WAIT).splitlines()
    names = lines[0].lstrip("# ").split(",")
    for line in lines[1:]:
        row = dict(zip(names, line.split(",")))
        if (row.get("pxname"), row.get("svname")) == ("be", "a"):
            return row["status"], int(row["weight"])
    return "", -1


def until(fn, what):
    end = time.time() + WAIT
    seen = None
    while time.time() < end:
        try:
            seen = server()
            if fn(*seen):
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise SystemExit(f"not ok - {what}: last seen {seen}")


CONFIG = """global
    stats socket {folder}/cli level admin
defaults
    mode http
    timeout connect 2s
    timeout client 2s
    timeout server 2s
frontend fe
    bind {folder}/fe
    default_backend be
backend be
    server a 127.0.0.1:1 weight 200 agent-check agent-addr 127.0.0.1 agent-port {port} agent-inter 50ms agent-send "hello\\n"
    server b 127.0.0.1:1
"""


def run(children):
    put("meminfo", "MemTotal: 1000 kB\nMemAvailable: 900 kB\n")
    os.mkdir(os.path.join(folder, "net"))
    threading.Thread(target=machine).start()
    agent = subprocess.Popen([AGENT, "--listen=127.0.0.1:0", "--interval=0.05", "--proc=" + folder, "--sys=" + folder, "--disk=/nowhere",
                              "--state=" + os.path.join(folder, "state")], stdout=subprocess.PIPE, text=True)
    children.append(agent)
    port = agent.stdout.readline().split()[-1]
    put("cfg", CONFIG.format(folder=folder, port=port))
    children.append(subprocess.Popen([PROGRAM, "-f", os.path.join(folder, "cfg"), "-db", "-q"]))
    until(lambda status, weight: weight >= 190, "an idle machine has nearly all of its weight")
    busy[0] = 0.7
    until(lambda status, weight: 40 <= weight <= 80, "a busy machine has less")
    busy[0] = 1.0
    until(lambda status, weight: weight == 2, "an exhausted machine has the floor")
    put("meminfo", "MemTotal: 1000 kB\nMemAvailable: 100 kB\n")
    busy[0] = 0.0
    until(lambda status, weight: weight == 100, "half of the memory that is enough")
    put("state", "drain\n")
    until(lambda status, weight: status.startswith("DRAIN"), "drain")
    put("state", "maint\n")
    until(lambda status, weight: status.startswith("MAINT"), "maint")
    put("state", "ready\n")
    until(lambda status, weight: status.startswith(("UP", "no check")) and weight == 100, "ready")
    put("state", "down\n")
    until(lambda status, weight: status.startswith("DOWN"), "down")
    put("state", "up\n")
    until(lambda status, weight: status.startswith(("UP", "no check")), "up")


def main():
    children = []
    try:
        run(children)
        print(f"ok - lb-agent and {os.path.basename(PROGRAM)}")
    finally:
        done.set()
        for child in reversed(children):
            child.terminate()
            child.wait()
        shutil.rmtree(folder, ignore_errors=True)
    print("1..1")


main()
