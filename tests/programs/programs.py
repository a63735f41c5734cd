#!/usr/bin/env python3
"""Programs that people run beside HAProxy, beside lbd: hatop, halog, prometheus, prometheus-haproxy-exporter,
systemd-socket-activate.

usage: programs.py LBD
Each is the real program of Debian's package (tools/deps test). Prints TAP; everything stays on 127.0.0.1 and in a temporary folder.
"""
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import urllib.request
import fcntl

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import ask  # noqa: E402
from ports import free_port, listening  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait  # noqa: E402

WAIT = 60  # seconds that anything may take on a busy machine
CONFIG = """
global
    stats socket {dir}/cli level admin
    log {dir}/log local0 info
    nbthread 2
defaults
    mode http
    log global
    option httplog
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend shop
    bind fd@{fd_shop}
    use_backend away if {{ path_beg /away }}
    default_backend web
frontend metrics
    bind fd@{fd_metrics}
    no log
    http-request use-service prometheus-exporter if {{ path /metrics }}
backend web
    server web1 127.0.0.1:{origin} check inter 1s
    server web2 127.0.0.1:{origin} check inter 1s
backend away
    server gone 127.0.0.1:1
"""


def answer(conn):
    with conn:
        try:
            conn.settimeout(5)
            if conn.recv(4096):
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        except OSError:
            pass


def origin_run(s):
    while True:
        threading.Thread(target=answer, args=(s.accept()[0],), daemon=True).start()


class Lbd:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="programs-")
        self.dir = self.folder.name
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log.bind(os.path.join(self.dir, "log"))
        self.log.settimeout(WAIT)
        origin, shop, metrics = listening(), listening(), listening()
        threading.Thread(target=origin_run, args=(origin,), daemon=True).start()
        self.cfg = os.path.join(self.dir, "cfg")
        with open(self.cfg, "w") as f:
            f.write(CONFIG.format(dir=self.dir, fd_shop=shop.fileno(), fd_metrics=metrics.fileno(), origin=origin.getsockname()[1]))
        self.shop, self.metrics = shop.getsockname()[1], metrics.getsockname()[1]
        self.process = subprocess.Popen([program, "-db", "-f", self.cfg], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, pass_fds=(shop.fileno(), metrics.fileno()))
        if not wait(lambda: self.ask("show stat web 4 -1").count("L4OK") == 2):
            raise SystemExit("Bail out! lbd does not come up")

    def ask(self, command):
        return ask(os.path.join(self.dir, "cli"), command, WAIT)

    def request(self, path):
        with socket.create_connection(("127.0.0.1", self.shop), WAIT) as s:
            s.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path.encode())
            return b"".join(iter(lambda: s.recv(4096), b""))

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


# --- halog: reads the log as rsyslog writes it

def log_lines(lbd, n):
    lines = []
    while len(lines) < n:
        line = lbd.log.recv(65536).decode()
        if "HTTP/1.1" in line:  # what syslog's daemon makes of it: the priority gone, a host name in front of the tag
            lines.append(re.sub(r"^<\d+>(\w+ +\d+ [\d:]+) ", r"\1 host ", line.rstrip("\n")) + "\n")
    return "".join(lines)


def halog(log, *options):
    return subprocess.run(["halog", *options], input=log, text=True, capture_output=True, timeout=WAIT)


def test_halog(lbd):
    for n in range(10):
        lbd.request("/page%d" % n)
    lbd.request("/away")
    log = log_lines(lbd, 11)
    r = halog(log, "-st")
    assert re.search(r"11 lines in, \d+ lines out, 0 parsing errors", r.stderr + r.stdout), r.stderr + r.stdout + log
    codes = halog(log, "-q", "-st").stdout.split()
    assert sorted(codes[-4:]) == sorted(["200", "10", "503", "1"]) or ("200" in codes and "503" in codes), codes
    servers = halog(log, "-q", "-srv").stdout
    assert "web/web1" in servers and "web/web2" in servers and "away/gone" in servers, servers
    urls = halog(log, "-q", "-u").stdout
    assert urls.count("/page") == 10, urls
    assert halog(log, "-q", "-e", "-c").stdout.strip() == "1", "one line is an error"


# --- hatop: a terminal over the control socket

class Terminal:
    def __init__(self, *command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm", LINES="40", COLUMNS="132", LC_ALL="C.UTF-8")
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
        self.seen = ""

    def read(self):
        if select.select([self.fd], [], [], 0.05)[0]:
            try:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:  # it has ended
                pass
        return self.seen

    def shows(self, text):
        return wait(lambda: text in self.read())

    def press(self, keys):
        self.seen = ""
        os.write(self.fd, keys.encode())

    def end(self):
        status = wait(lambda: (self.read(), os.waitpid(self.pid, os.WNOHANG))[1][0] and "gone", 20)
        if not status:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
        return status


def weight_set(t, lbd):
    """hatop takes keys as it finds time: the line is entered anew until it was taken."""
    for keys in "set weight web/web1 7", "\r":
        t.press(keys)
        for _ in range(10):
            t.read()
    return lbd.ask("get weight web/web1").startswith("7 (")


def test_hatop(lbd):
    t = Terminal("hatop", "-s", os.path.join(lbd.dir, "cli"))
    try:
        assert t.shows("web1") and t.shows("web2") and t.shows("gone"), "no servers: " + t.seen[-400:]
        t.press("5")  # the view with a command line
        assert t.shows("interactive HAProxy shell"), "no command line: " + t.seen[-400:]
        assert wait(lambda: weight_set(t, lbd)), "the command has not arrived"
    finally:
        os.write(t.fd, b"\x1b\x1bq")
        t.end()


# --- prometheus, and Debian's exporter for HAProxy

def fetch(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=WAIT) as f:
        return f.read().decode()


def query(port, text):
    try:
        return json.loads(fetch("http://127.0.0.1:%d/api/v1/query?query=%s" % (port, urllib.request.quote(text))))["data"]["result"]
    except (OSError, ValueError):
        return []


def dashboard(port):
    """The dashboard among the samples asks for nothing that is not there, in words that Prometheus understands."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "samples", "grafana-dashboard.json")) as f:
        board = json.load(f)
    asked = [t["expr"] for panel in board["panels"] for t in panel["targets"]]
    assert len(asked) > 20, "a dashboard without questions"
    for expr in asked:
        expr = expr.replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$proxy", ".*")
        answer = json.loads(fetch("http://127.0.0.1:%d/api/v1/query?query=%s" % (port, urllib.request.quote(expr))))
        assert answer["status"] == "success", expr
        for name in re.findall(r"haproxy_\w+", expr):
            assert wait(lambda: query(port, name)), "the dashboard asks for %s" % name


def test_prometheus(lbd):
    port, path = free_port(), os.path.join(lbd.dir, "prometheus.yml")
    with open(path, "w") as f:
        f.write("global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs:\n- job_name: lbd\n  static_configs:\n"
                "  - targets: ['127.0.0.1:%d']\n" % lbd.metrics)
    p = subprocess.Popen(["prometheus", "--config.file=" + path, "--storage.tsdb.path=" + os.path.join(lbd.dir, "tsdb"),
                          "--web.listen-address=127.0.0.1:%d" % port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert wait(lambda: any(r["value"][1] == "1" for r in query(port, "up"))), "not scraped: %s" % query(port, "up")
        assert wait(lambda: query(port, 'haproxy_backend_http_responses_total{proxy="away",code="5xx"} > 0')), "no figures"
        assert wait(lambda: len(query(port, 'haproxy_server_status{proxy="web",state="UP"} == 1')) == 2), "no states"
        dashboard(port)
    finally:
        p.terminate()
        p.wait()


def test_exporter(lbd):
    port = free_port()
    p = subprocess.Popen(["prometheus-haproxy-exporter", "--haproxy.scrape-uri=unix:" + os.path.join(lbd.dir, "cli"),
                          "--web.listen-address=127.0.0.1:%d" % port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        text = wait(lambda: fetch("http://127.0.0.1:%d/metrics" % port))
        assert "\nhaproxy_up 1\n" in text, "not up"
        assert re.search(r"^haproxy_exporter_csv_parse_failures(_total)? 0$", text, re.M), "lines that it cannot read"
        assert re.search(r'^haproxy_server_up\{backend="web",server="web1"\} 1$', text, re.M), "no states"
        assert re.search(r'^haproxy_backend_http_responses_total\{backend="away",code="5xx"\} [1-9]', text, re.M), "no figures"
    finally:
        p.terminate()
        p.wait()


# --- systemd's own way to hand over sockets, without systemd

def test_activate(lbd):
    port, path = free_port(), os.path.join(lbd.dir, "activated")
    with open(path, "w") as f:
        f.write("frontend f\n mode http\n timeout client 5s\n bind fd@3\n http-request return status 200 content-type text/plain string hello\n")
    p = subprocess.Popen(["systemd-socket-activate", "-l", "127.0.0.1:%d" % port, lbd.process.args[0], "-db", "-f", path],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert wait(lambda: fetch("http://127.0.0.1:%d/" % port), 30) == "hello", "no answer"
    finally:
        p.terminate()
        p.wait()


def main():
    tap = Tap("programs")
    lbd = Lbd(sys.argv[1])
    try:
        for program, test in (("halog", test_halog), ("hatop", test_hatop), ("prometheus", test_prometheus),
                              ("prometheus-haproxy-exporter", test_exporter), ("systemd-socket-activate", test_activate)):
            try:
                assert shutil.which(program), "it is not here (tools/deps test)"
                test(lbd)
                tap.check("with " + program, True)
            except (AssertionError, OSError) as e:
                tap.check("with " + program, False, e)
    finally:
        lbd.close()
    return tap.plan()


sys.exit(main())
