#!/usr/bin/env python3
"""Checks that speak a protocol, against the servers that people run: MariaDB, PostgreSQL, Redis, OpenSMTPD, OpenLDAP, OpenSSL.

usage: real_servers.py PROGRAM [ORACLE]         ORACLE is Debian's haproxy unless given

Both programs check the same servers: such as let them in, such as refuse them, and such as speak something else; then all servers
are ended, and one comes back. The health lines of the logs (without dates, pids and durations) and what `show stat` says are
compared. Prints TAP. Servers run in a temporary folder, without rights where they can, on a loopback address that nobody else uses.
"""
import atexit
import csv
import glob
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import Tap  # noqa: E402
from waiting import wait  # noqa: E402

PATIENCE = 60  # seconds that anything may take on a busy machine
NOT_MADE = "it could not be made"
ROOT = os.geteuid() == 0
NOBODY = dict(user="nobody", group="nogroup", extra_groups=[]) if ROOT else {}

CONFIG = """
global
    log 127.0.0.1:{log} local0
    stats socket {dir}/cli
    spread-checks 0
defaults
    mode tcp
    log global
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout check 2s
    option log-health-checks
    default-server inter 600 fastinter 300 downinter 600 rise 2 fall 2
listen none
    bind unix@{dir}/none
"""

# NAME, the server that it checks, the option. Servers that close when they understand nothing are left to their own protocol:
# whether their answer or a reset arrives is luck.
CHECKS = [
    ("my-plain", "maria", "mysql-check"), ("my-user", "maria", "mysql-check user open"), ("my-post41", "maria", "mysql-check user open post-41"),
    ("my-pre41", "maria", "mysql-check user open pre-41"), ("my-unknown", "maria", "mysql-check user nobody"),
    ("my-password", "maria", "mysql-check user locked post-41"), ("my-is-redis", "redis", "mysql-check user open"),
    ("pg-user", "postgres", "pgsql-check user open"), ("pg-password", "postgres", "pgsql-check user locked"), ("pg-unknown", "postgres", "pgsql-check user nobody"),
    ("pg-refused", "postgres", "pgsql-check user shut"), ("pg-is-redis", "redis", "pgsql-check user open"),
    ("redis", "redis", "redis-check"), ("redis-password", "redis-locked", "redis-check"),
    ("smtp", "smtp", "smtpchk"), ("smtp-ehlo", "smtp", "smtpchk EHLO client.test"),
    ("smtp-shut", "smtp-shut", "smtpchk"), ("smtp-shut-ehlo", "smtp-shut", "smtpchk EHLO client.test"),
    ("smtp-helo-refused", "smtp-picky", "smtpchk"), ("smtp-ehlo-refused", "smtp-picky", "smtpchk EHLO client.test"),
    ("smtp-is-maria", "maria", "smtpchk"), ("smtp-is-redis", "redis", "smtpchk"), ("ldap", "ldap", "ldap-check"), ("ldap-refused", "ldap-locked", "ldap-check"),
    ("ldap-is-redis", "redis", "ldap-check"), ("tls", "tls", "ssl-hello-chk"),
    ("tls-is-redis", "redis", "ssl-hello-chk"), ("tls-is-smtp", "smtp", "ssl-hello-chk"),
]
COMES_BACK = "redis"
COLUMNS = ("status", "check_status", "check_code", "last_chk", "check_desc", "check_health")
# Of the last check, while none is under way
FLEETING = ("check_code", "last_chk")


def until(true, what):
    if not wait(true, PATIENCE):
        raise SystemExit("Bail out! waited in vain until " + what)


def find(program, *places):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return path or next(iter(sorted(sum((glob.glob(p) for p in places), []))), None)


class Servers:
    """One folder, one address, a port for each. What cannot run here is in `missing`, with the reason."""

    def __init__(self):
        # Where `nobody` gets to; our own folder of temporary files may be closed to others.
        self.folder = tempfile.TemporaryDirectory(prefix="real-", dir="/tmp" if ROOT else None)
        self.dir = self.folder.name
        os.chmod(self.dir, 0o755)
        os.environ["TMPDIR"] = self.place("tmp")
        self.address = "127.%d.%d.%d" % tuple(random.randrange(2, 250) for _ in range(3))
        self.running, self.ports, self.missing, self.ready = {}, {}, {}, {}
        atexit.register(self.end)

    def place(self, name):
        path = os.path.join(self.dir, name)
        os.makedirs(path, exist_ok=True)
        if ROOT:
            shutil.chown(path, "nobody", "nogroup")
        return path

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def start(self, names, command, rights=NOBODY, **more):
        """names: of one server that listens on as many ports."""
        with open(os.path.join(self.dir, names[0] + ".out"), "ab") as out:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.dir, **rights, **more)
        for name in names:
            self.running[name] = child

    def answers(self, name):
        """PostgreSQL and its like listen before they serve."""
        ready = self.ready.get(name)
        if self.running[name].poll() is not None:
            out = glob.glob(os.path.join(self.dir, "*.out"))
            raise SystemExit("Bail out! %s has ended\n" % name + "".join("# " + line for p in out for line in open(p, errors="replace")))
        try:
            socket.create_connection((self.address, self.ports[name]), 5).close()
            return not ready or ready()
        except OSError:
            return False

    def end(self):
        children = set(self.running.values())
        for child in children:
            child.send_signal(signal.SIGINT if "postgres" in child.args[0] else signal.SIGTERM)
        for child in children:
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.running = {}

    # --- each of them: made, and started; several at a time

    def maria(self):
        program, sql = find("mariadbd"), "/usr/share/mysql/"
        if not program or not os.path.exists(sql + "mysql_system_tables.sql"):
            return "mariadb-server-core is not here"
        data = self.place("maria")
        common = [program, "--no-defaults", "--datadir=" + data, "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--innodb-flush-method=nosync"]
        text = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n"
        for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql"):
            text += open(sql + name).read() + "\n"
        subprocess.run(common + ["--bootstrap"], input=text, text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **NOBODY)
        users = self.write("users.sql", "CREATE USER open@'%';\nCREATE USER locked@'%' IDENTIFIED BY 'secret';\n")
        self.start(["maria"], common + ["--bind-address=" + self.address, "--port=3306", "--socket=%s/s" % data, "--init-file=" + users,
                                        "--skip-name-resolve", "--max-connect-errors=1000000"])

    def postgres(self):
        places = "/usr/lib/postgresql/*/bin/"
        program, install = find("postgres", places + "postgres"), find("initdb", places + "initdb")
        if not program or not install:
            return "postgresql is not here"
        data = self.place("postgres")
        subprocess.run([install, "-D", data, "-U", "admin", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **NOBODY)
        roles = "CREATE ROLE open LOGIN; CREATE ROLE shut LOGIN; CREATE ROLE locked LOGIN PASSWORD 'secret'; CREATE DATABASE open;\n".replace("; ", ";\n")
        subprocess.run([program, "--single", "-D", data, "postgres"], input=roles, text=True, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, **NOBODY)
        self.write("postgres/pg_hba.conf", "host all open all trust\nhost all nobody all trust\nhost all locked all scram-sha-256\n")
        self.ready["postgres"] = lambda: "ready" in open(data + "/postmaster.pid").read()
        self.start(["postgres"], [program, "-D", data, "-h", self.address, "-p", "5432", "-k", "", "-F"])

    def redis(self):
        program = find("redis-server")
        if not program:
            return "redis-server is not here"
        common = [program, "--bind", self.address, "--save", "", "--appendonly", "no", "--dir", self.place("redis")]
        self.start(["redis"], common + ["--port", "6379", "--protected-mode", "no"])
        self.start(["redis-locked"], common + ["--port", "6380", "--requirepass", "secret"])

    def smtp(self):
        """It has places of its own for mails that are on their way, and asks name servers for each client; so it gets a view of the
        disk where the former are empty and there are none of the latter."""
        program = find("smtpd")
        if not program or not find("unshare"):
            return "opensmtpd is not here"
        if not ROOT:
            return "opensmtpd needs root"
        if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode:
            return "opensmtpd is not to touch /var/spool, and mount namespaces cannot be had"
        path = self.write("smtpd.conf", """filter shut phase connect match src 127.0.0.0/8 disconnect "554 go away"
filter no_helo phase helo match src 127.0.0.0/8 reject "550 who are you"
filter no_ehlo phase ehlo match src 127.0.0.0/8 reject "550 who are you, again"
filter picky chain {{ no_helo, no_ehlo }}
listen on {a} port 2500 hostname mail.test
listen on {a} port 2501 hostname mail.test filter shut
listen on {a} port 2502 hostname mail.test filter picky
match from any for any reject
""".format(a=self.address))
        os.chmod(path, 0o600)
        script = ("mount --bind %s /etc/resolv.conf && mount -t tmpfs none /run && mount -t tmpfs none /var/spool && mkdir -m 711 /var/spool/smtpd && "
                  "exec %s -d -f %s" % (self.write("resolv.conf", "lookup file\n"), program, path))
        self.start(["smtp", "smtp-shut", "smtp-picky"], ["unshare", "-m", "--propagation", "private", "sh", "-c", script], {})

    def ldap(self):
        program = find("slapd")
        if not program:
            return "slapd is not here"
        for name, port, more in (("ldap", 3890, ""), ("ldap-locked", 3891, "disallow bind_anon\n")):
            path = self.write(name + ".conf", "pidfile %s/pid\n%sdatabase config\n" % (self.place(name), more))
            self.start([name], [program, "-f", path, "-h", "ldap://%s:%d" % (self.address, port), "-d", "0"])

    def tls(self):
        key = os.path.join(self.place("tls"), "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test", "-keyout", key,
                        "-out", key + ".crt"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **NOBODY)
        self.start(["tls"], ["openssl", "s_server", "-accept", self.address + ":4433", "-key", key, "-cert", key + ".crt", "-quiet", "-naccept", "100000"])

    def begin(self):
        makers = {self.maria: {"maria": 3306}, self.postgres: {"postgres": 5432}, self.redis: {"redis": 6379, "redis-locked": 6380},
                  self.smtp: {"smtp": 2500, "smtp-shut": 2501, "smtp-picky": 2502}, self.ldap: {"ldap": 3890, "ldap-locked": 3891}, self.tls: {"tls": 4433}}

        def make(maker, ports):
            self.ports.update(ports)
            why = NOT_MADE
            try:
                why = maker()
            finally:
                if why:
                    self.missing.update(dict.fromkeys(ports, why))

        threads = [threading.Thread(target=make, args=both) for both in makers.items()]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for name in self.running:
            until(lambda name=name: self.answers(name), name + " is up")


class Program:
    """One that checks. `lines`: by backend, each kind of line once, in order; while servers end, changes of state only."""

    def __init__(self, name, servers, checks):
        self.folder, self.dying = tempfile.TemporaryDirectory(prefix="checks-"), False
        self.dir, self.lines = self.folder.name, {c[0]: [] for c in checks}
        self.log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log.bind(("127.0.0.1", 0))
        threading.Thread(target=self.collect, daemon=True).start()
        path = os.path.join(self.dir, "cfg")
        with open(path, "w") as f:
            f.write(CONFIG.format(dir=self.dir, log=self.log.getsockname()[1]))
            for title, server, option in checks:
                f.write("backend %s\n    option %s\n    server s %s:%d check\n" % (title, option, servers.address, servers.ports[server]))
        self.process = subprocess.Popen([name, "-db", "-f", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.process.kill)

    def collect(self):
        while True:
            try:
                text = self.log.recv(8192).decode("utf-8", "replace").strip()
            except OSError:
                return
            text = re.sub(r"^<(\d+)>\w+ +\d+ [\d:]+ \w+\[\d+\]: ", r"<\1>", text)
            text = re.sub(r"check duration: \d+ms", "check duration: Nms", text)
            name = re.search(r"([\w-]+)/s\b|(?:backend|proxy) ([\w-]+)", text)
            mine = self.lines.setdefault(name[1] or name[2] if name else "", [])
            if text not in mine and not (self.dying and text.startswith("<133>Health")):
                mine.append(text)

    def rows(self):
        data = b""
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(PATIENCE)
                s.connect(os.path.join(self.dir, "cli"))
                s.sendall(b"show stat\n")
                while more := s.recv(65536):
                    data += more
        except OSError:
            return {}
        return {r["# pxname"]: r for r in csv.DictReader(data.decode("utf-8", "replace").splitlines()) if r["svname"] == "s"}

    def table(self):
        """The result of the last check of each; who is being checked at all times has nothing to say of the last one."""
        seen, end = {}, time.monotonic() + 2
        while len(seen) < len(self.lines) and time.monotonic() < end:
            for name, r in self.rows().items():
                if name not in seen and r["last_chk"] and not r["check_status"].startswith("*"):
                    seen[name] = {c: r[c] for c in COLUMNS}
            time.sleep(0.005)
        for name, r in self.rows().items():
            seen.setdefault(name, {c: r[c].lstrip("* ") for c in COLUMNS if c not in FLEETING})
        return seen

    def settled(self, status=None, names=None):
        """Every server is wholly up or wholly down."""
        rows = self.rows()
        return bool(rows) and all(r["check_health"] == "0" if status == "DOWN" else r["check_health"] == "3" if status == "UP" else r["check_health"] in "03"
                                  for name, r in rows.items() if not names or name in names)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()


def alike(a, b):
    """Rows where one lacks a column are alike without it."""
    if isinstance(a, dict) and isinstance(b, dict):
        return all(a[c] == b[c] for c in a if c in b)
    return a == b


def look(programs, servers):
    """What is compared, by moment and program."""
    seen = []

    def keep(what):
        seen.append((what, [p.table() for p in programs]))
    for p in programs:
        until(p.settled, "each server is up or down")
    keep("all there")
    for p in programs:
        p.dying = True
    servers.end()
    for p in programs:
        until(lambda p=p: p.settled("DOWN"), "all servers are down")
    keep("all gone")
    for p in programs:
        p.dying = False
    servers.redis()
    back = [c[0] for c in CHECKS if c[1] == COMES_BACK and c[0] == "redis"]
    for p in programs:
        until(lambda p=p: p.settled("UP", back), "one is back")
    seen.append(("back", [{n: r for n, r in p.table().items() if n in back} for p in programs]))
    for p in programs:
        p.stop()
    seen.append(("log", [p.lines for p in programs]))
    return seen


def main():
    program, oracle = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "/usr/sbin/haproxy"
    servers = Servers()
    servers.begin()
    checks = [c for c in CHECKS if c[1] not in servers.missing]
    failed = 0
    for title, server, _ in CHECKS:
        if servers.missing.get(server) == NOT_MADE:
            print("not ok - %s: its server could not be made" % title)
            failed += 1
        elif server in servers.missing:
            print("ok - %s # SKIP %s" % (title, servers.missing[server]))
    for what, (ours, theirs) in look([Program(p, servers, checks) for p in (program, oracle)], servers):
        for name in sorted(set(ours) | set(theirs)):
            same = alike(ours.get(name), theirs.get(name))
            failed += not same
            print("%s - %s: %s" % ("ok" if same else "not ok", name, what))
            if not same:
                print("# expected %s\n# got      %s" % (theirs.get(name), ours.get(name)))
            elif os.environ.get("SHOW"):
                print("# %s" % ours.get(name))
    servers.end()
    servers.folder.cleanup()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
