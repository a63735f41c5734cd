"""The programs that tools/bench compares: how each is configured, started, and what it costs.

A proxy is named "KIND" or "NAME=KIND:PATH"; KIND tells the configuration language. Each gets one thread,
one core, and the same job: pass everything on to one origin. Every process is ended by its pid.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from ports import free_port  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SINK = []
TOP = os.path.dirname(os.path.dirname(HERE))

HAPROXY_CONFIG = """
global
    nbthread 1
    maxconn 9000
    stats socket {dir}/cli level admin

defaults
    mode {mode}
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    {reuse}

frontend in
    bind 127.0.0.1:{port} {tls}
    {rules}
    default_backend out

backend out
    {servers}
"""

# Mode "balance-ALGORITHM": a hundred servers, which all are the origin.
ALGORITHMS = {"leastconn": "balance leastconn", "source": "balance source", "consistent": "balance uri\n    hash-type consistent"}


def servers_of(mode, origin):
    if not mode.startswith("balance-"):
        return f"server origin 127.0.0.1:{origin}"
    return "\n    ".join([ALGORITHMS[mode[8:]]] + [f"server s{n} 127.0.0.1:{origin}" for n in range(100)])


# Mode "track": every request counts in one of a million keys.
TRACK_RULES = "http-request track-sc0 rand(1000000) table keys"
TRACK_TABLE = """
backend keys
    stick-table type integer size 1m expire 1h store http_req_cnt,http_req_rate(10s),conn_cur
"""


# Mode "log": datagrams to a socket that nobody reads; what it has no room for is gone.
LOG_RULES = "log 127.0.0.1:{sink} local0\n    option httplog"

# Mode "log-ring": the same lines, kept in memory for receivers and `show events`.
RING_RULES = "log ring@lines local0\n    option httplog"
RING = """
ring lines
    format rfc3164
    maxlen 1200
    size 1048576
"""

# Mode "kinds-N": conditions of these kinds in turn, with N in them, of which none holds.
CONDITIONS = ("hdr(host) -i site{n}.example.com", "path_beg /app{n}/", "path_end .ext{n}", "path /page{n}", "hdr_sub(user-agent) bot{n}x",
              "src 10.{n256}.0.0/24", "url_param(id) {n}", "hdr_reg(cookie) ^id={n}[a-f]+$", "req.cook(lang) l{n}", "dst_port {port}")

# Mode "acls": a hundred named ACLs, fields of both messages written and removed, each depending on one.
ACLS = "\n    ".join([f"acl a{n} " + CONDITIONS[n % len(CONDITIONS)].format(n=n, n256=n % 256, port=60000 + n) for n in range(100)] +
                     [f"http-request set-header x-app-{n} %[path] if !a{n}" for n in range(0, 100, 20)] +
                     [f"http-request del-header x-gone-{n} if a{n}" for n in range(10, 100, 20)] +
                     [f"http-request set-header x-rare-{n} yes if a{n} || a{n + 1}" for n in range(5, 100, 20)] +
                     ["http-response set-header x-served-by %[src]", "http-response del-header server",
                      "http-response replace-header content-type (.*) \\\\1"])


# Mode "mixed-N": hosts, path prefixes, methods, source networks, and named ACLs with negation and OR; none holds.
MIX = ("{{ hdr(host) -i site{n}.example.com }}", "{{ path_beg /app{n}/ }}", "METH_POST {{ path_beg /post{n}/ }}",
       "{{ src 10.{a}.{b}.0/24 }}", "host{n} !METH_POST || path{n} METH_POST")


def mixed(count):
    lines = []
    for n in range(count):
        if n % len(MIX) == 4:
            lines += [f"acl host{n} hdr(host) -i site{n}.example.com", f"acl path{n} path_beg /named{n}/"]
        lines.append("use_backend out if " + MIX[n % len(MIX)].format(n=n, a=n >> 8, b=n & 255))
    return "\n    ".join(lines)


def rules_of(mode, sink):
    """Lines of the frontend. Mode "rules-N": N use_backend lines by host, of which none holds."""
    if mode == "track":
        return TRACK_RULES
    if mode == "log":
        return LOG_RULES.format(sink=sink)
    if mode == "log-ring":
        return RING_RULES
    if mode == "acls":
        return ACLS
    if mode.startswith("mixed-"):
        return mixed(int(mode[6:]))
    if mode.startswith("kinds-"):
        return "\n    ".join("use_backend out if { " + CONDITIONS[n % len(CONDITIONS)].format(n=n, n256=n % 256, port=50000 + n) + " }"
                             for n in range(int(mode[6:])))
    if mode.startswith("rules-"):
        return "\n    ".join(f"use_backend out if {{ hdr(host) -i site{i}.example.com }}" for i in range(int(mode[6:])))
    return ""


NGINX_PROXY = """
daemon off;
worker_processes 1;
pid {dir}/pid;
error_log {dir}/error.log;
events {{ worker_connections 18000; }}
http {{
    access_log {log};
    keepalive_requests 100000000;
    keepalive_timeout 60s;
    client_body_temp_path {dir}/b;
    proxy_temp_path {dir}/p;
    fastcgi_temp_path {dir}/f;
    uwsgi_temp_path {dir}/u;
    scgi_temp_path {dir}/s;
    upstream out {{
        server 127.0.0.1:{origin};
        keepalive 256;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port} {tls} backlog=4096;
        {certificate}
        location / {{
            proxy_pass http://out;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_max_temp_file_size 0;
        }}
    }}
}}
"""

NGINX_ORIGIN = """
daemon off;
worker_processes 1;
pid {dir}/pid;
error_log {dir}/error.log;
events {{ worker_connections 18000; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 100000000;
    keepalive_timeout 120s;
    client_body_temp_path {dir}/b;
    proxy_temp_path {dir}/p;
    fastcgi_temp_path {dir}/f;
    uwsgi_temp_path {dir}/u;
    scgi_temp_path {dir}/s;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {dir};
        location = / {{ default_type text/plain; return 200 "hello, world\\n"; }}
    }}
}}
"""


def make_certificate(workdir, mode):
    """server.pem with certificate and key, server.crt and server.key with one of each: P-256, or RSA for mode "tls-rsa"."""
    crt, key, pem = (os.path.join(workdir, "server." + end) for end in ("crt", "key", "pem"))
    kind = ["rsa:2048"] if mode == "tls-rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", key, "-out", crt, "-days", "2",
                    "-subj", "/CN=localhost"], check=True, stderr=subprocess.DEVNULL)
    with open(pem, "w") as out:
        for part in (crt, key):
            with open(part) as f:
                out.write(f.read())
    return crt, key, pem


def log_sink():
    """The port of a socket for log lines that nobody reads."""
    if not SINK:
        SINK.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        SINK[0].bind(("127.0.0.1", 0))
    return SINK[0].getsockname()[1]


def wait_for_port(port, proc, name, limit=20.0):
    end = time.time() + limit
    while time.time() < end:
        if proc.poll() is not None:
            raise SystemExit(f"bench: {name} ended at once; its output is above")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"bench: {name} does not listen")


def process_tree(pid):
    """The pid and all its descendants."""
    pids = [pid]
    for p in pids:
        try:
            for task in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{task}/children") as f:
                    pids += [int(c) for c in f.read().split()]
        except FileNotFoundError:
            pass
    return pids


def cpu_us(pid):
    """Microseconds of CPU, user and system, of a process and its children."""
    total = 0
    for p in process_tree(pid):
        try:
            with open(f"/proc/{p}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) * 1000000 // os.sysconf("SC_CLK_TCK")
        except FileNotFoundError:
            pass
    return total


def rss_bytes(pid):
    total = 0
    for p in process_tree(pid):
        with open(f"/proc/{p}/statm") as f:
            total += int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


class Program:
    """A started process on its own cores, and the folder it lives in."""

    def __init__(self, name, argv, port, workdir, cores, wrapper=()):
        self.name, self.port, self.dir = name, port, workdir
        pin = ["taskset", "-c", cores] if cores else []
        self.proc = subprocess.Popen([*pin, *wrapper, *argv], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, cwd=workdir)
        try:
            wait_for_port(port, self.proc, name)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self):
        return self.proc.pid

    def stop(self):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()


class Proxy:
    """One of the compared programs, not yet started."""

    def __init__(self, spec):
        name, _, rest = spec.partition("=")
        kind, _, path = (rest or name).partition(":")
        self.name, self.kind = name, kind
        self.path = path or self.default_path(kind)

    @staticmethod
    def default_path(kind):
        if kind == "lbd":
            return os.path.join(TOP, "build", "lbd")
        return shutil.which(kind, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    def present(self):
        return bool(self.path) and os.access(self.path, os.X_OK)

    def can(self, mode):
        if mode in ("track", "acls", "log-ring") or mode.startswith(("rules-", "mixed-", "kinds-", "balance-")):
            return self.kind in ("lbd", "haproxy")
        if mode == "log":
            return self.kind != "nghttpx"
        return mode == "http" or mode.startswith("tls") or self.kind in ("lbd", "haproxy", "nghttpx-tcp")

    def start(self, mode, origin, workdir, cores, wrapper=()):
        os.makedirs(workdir, exist_ok=True)
        port = free_port()
        argv = getattr(self, "argv_" + self.kind.replace("-", "_"))(mode, port, origin, workdir)
        return Program(self.name, argv, port, workdir, cores, wrapper)

    def argv_haproxy(self, mode, port, origin, workdir):
        config = os.path.join(workdir, "cfg")
        tls = f"ssl crt {make_certificate(workdir, mode)[2]} alpn h2,http/1.1" if mode.startswith("tls") else ""
        with open(config, "w") as f:
            f.write(HAPROXY_CONFIG.format(tls=tls, mode="tcp" if mode == "tcp" else "http", port=port, dir=workdir, servers=servers_of(mode, origin),
                                          rules=rules_of(mode, log_sink()),
                                          reuse="http-reuse always" if mode != "tcp" else ""))
            f.write(TRACK_TABLE if mode == "track" else RING if mode == "log-ring" else "")
        return [self.path, "-db", "-f", config]

    argv_lbd = argv_haproxy

    def argv_nginx(self, mode, port, origin, workdir):
        tls = certificate = ""
        if mode.startswith("tls"):
            crt, key, _ = make_certificate(workdir, mode)
            tls = "ssl http2"
            certificate = (f"ssl_certificate {crt}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3; "
                           "ssl_session_cache shared:s:10m;")
        return nginx_argv(self.path, NGINX_PROXY, port, origin, workdir, tls=tls, certificate=certificate,
                          log=f"syslog:server=127.0.0.1:{log_sink()} combined" if mode == "log" else "off")

    def argv_nghttpx(self, mode, port, origin, workdir):
        tls = make_certificate(workdir, mode)[1::-1] if mode.startswith("tls") else ()
        front = f"-f127.0.0.1,{port}" + ("" if tls else ";no-tls")
        # It would prefer AES with 128 bits, the others take OpenSSL's order.
        return [self.path, front, f"-b127.0.0.1,{origin}", "--workers=1",
                "--tls13-ciphers=TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
                "--accesslog-file=/dev/null", f"--errorlog-file={workdir}/error.log", "--conf=/dev/null", *tls]


def nginx_argv(path, template, port, origin, workdir, **more):
    config = os.path.join(workdir, "nginx.conf")
    with open(config, "w") as f:
        f.write(template.format(dir=workdir, port=port, origin=origin, **more))
    return [path, "-e", os.path.join(workdir, "error.log"), "-p", workdir, "-c", config]


def start_origin(workdir, cores, big_bytes):
    os.makedirs(workdir, exist_ok=True)
    os.chmod(workdir, 0o755)
    with open(os.path.join(workdir, "big"), "wb") as f:
        f.write(b"0123456789abcdef" * (big_bytes // 16))
    port = free_port()
    path = Proxy.default_path("nginx")
    if not path:
        raise SystemExit("bench: nginx is missing (tools/deps bench installs it)")
    return Program("origin", nginx_argv(path, NGINX_ORIGIN, port, 0, workdir), port, workdir, cores)
