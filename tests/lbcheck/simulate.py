#!/usr/bin/env python3
"""lbcheck simulate from the outside: options, a backend out of a configuration, forms of the results, mistakes."""
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import LBCHECK, SOURCE, expect, finish, run  # noqa: E402

LINES = ("--line=arrivals poisson 100/s", "--line=requests 6000", "--line=server * service 1ms")
CONFIG = ("defaults\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n mode http\nbackend other\n server x 127.0.0.1:1\n"
          "backend app\n balance roundrobin\n server a 127.0.0.1:1 weight 2\n server b 127.0.0.1:1 weight 1\n")


def shares(p):
    return [s["requests"] for s in json.loads(p.stdout)["results"][0]["servers"]]


p = run("simulate", "--json", "--config=site.cfg", "--backend=app", *LINES, site=CONFIG)
expect(p.returncode == 0 and shares(p) == [4000, 2000], f"a backend of a configuration: {p.stdout[:300]} {p.stderr}")

p = run("simulate", "--json", "--config=site.cfg", *LINES, site=CONFIG)
expect(p.returncode == 0 and shares(p) == [6000], "the first backend with servers")

p = run("simulate", "--json", "--config=site.cfg", "--backend=none", *LINES, site=CONFIG)
expect(p.returncode == 1 and "no such backend" in p.stderr, f"no such backend: {p.stderr}")

p = run("simulate", "--config=site.cfg", "--backend=app", "--algorithm=leastconn", "--algorithm=random(2)", *LINES, site=CONFIG)
expect("leastconn " in p.stdout and "random(2) " in p.stdout and "roundrobin" not in p.stdout, f"algorithms: {p.stdout}")

p = run("simulate", "lines.cfg", lines="arrivals poisson 5\nserver a wieght 5\n")
expect(p.returncode == 1 and "lines.cfg:1:18" in p.stderr and "^" in p.stderr, f"carets: {p.stderr}")

p = run("simulate")
expect(p.returncode == 2 and "needs a scenario" in p.stderr, "usage")

p = run("simulate", "/nowhere/at.all")
expect(p.returncode == 1 and "cannot read" in p.stderr, "no such file")

with tempfile.TemporaryDirectory() as folder:
    svg = os.path.join(folder, "x.svg")
    p = run("simulate", os.path.join(SOURCE, "samples/simulate/weights.scn"), "--svg=" + svg)
    expect(p.returncode == 0, f"a sample: {p.stderr}")
    root = xml.parse(svg).getroot()
    expect(root.tag.endswith("svg") and len(list(root)) > 20, "the picture is XML")
    expect("http" not in open(svg).read().replace("http://www.w3.org/2000/svg", ""), "the picture needs nothing else")
    p = run("simulate", os.path.join(SOURCE, "samples/simulate/weights.scn"), "--svg=/nowhere/x.svg")
    expect(p.returncode == 1 and "cannot write" in p.stderr, "a picture that cannot be written")



def memory(requests):
    """Kilobytes that a run with a thousand servers needs."""
    p = subprocess.Popen([LBCHECK, "simulate", "--line=arrivals poisson 100000/s", f"--line=requests {requests}",
                          "--line=servers s 1000 service exp(8ms)", "--json"], stdout=subprocess.DEVNULL)
    status, usage = os.wait4(p.pid, 0)[1:]
    p.returncode = status
    expect(status == 0, f"{requests} requests to a thousand servers")
    return usage.ru_maxrss


few, many = memory(20000), memory(200000)
expect(many < few * 1.5, f"ten times the requests need the same memory: {few} and {many} kB")

finish()
